"""Recipes drawn at random, and their divergence by going through every outcome."""

import itertools
import math

import numpy as np
from hypothesis import strategies as st


def _partitioned(draw, names):
    """
    Names in groups of one or two, each drawn by one factor.
    """
    groups, rest = [], list(names)
    while rest:
        size = draw(st.integers(1, min(2, len(rest))))
        groups.append(tuple(rest[:size]))
        rest = rest[size:]
    return groups


def _factors(draw, letter, names, before=()):
    known, found = list(before), []
    for group in _partitioned(draw, names):
        given = [name for name in known if draw(st.booleans())]
        bar = f"|{','.join(given)}" if given else ""
        star = "*" if draw(st.booleans()) else ""
        found.append(f"{letter}({','.join(group)}{bar}){star}")
        known += group
    return found


@st.composite
def texts(draw, least=1, most=5, most_real=5):
    """
    Any two worlds over the same variables, as typed: what is real, what is added, the dream.

    The dream may take over a factor of the real world. They are texts, for the checks of types
    draw random numbers of their own, which Hypothesis does not want while it draws.
    """
    count = draw(st.integers(least, most))
    names = [f"z{i}" for i in range(count)]
    cut = draw(st.integers(1, min(count, most_real)))
    real = _factors(draw, "p", names[:cut])
    added = _factors(draw, "p", names[cut:], names[:cut])
    taken = real[:1] if draw(st.booleans()) else []
    start = [name for name in names if taken and name in taken[0]]
    rest = draw(st.permutations([name for name in names if name not in start]))
    dream = [*taken, *_factors(draw, "q", rest, start)]
    return " ".join(real), " ".join(added), " ".join(dream)


def outcomes(names, sizes):
    """
    Every joint outcome, as values by names.
    """
    for values in itertools.product(*(range(sizes[name]) for name in names)):
        yield dict(zip(names, values, strict=True))


def chance(tables, outcome):
    """
    The product of factors at an outcome.
    """
    return math.prod(
        table[tuple(outcome[name] for name in factor.variables)]
        for factor, table in tables.items()
    )


def summed(chances, every, names):
    """
    For each outcome, the chance of all that are like it in some variables.
    """
    keys = [tuple(each[name] for name in names) for each in every]
    return np.array(
        [sum(c for c, other in zip(chances, keys, strict=True) if other == key) for key in keys]
    )


def brute_force(worlds):
    """
    KL[P; Q] by going through every outcome; what Q has taken over is P's own conditional.
    """
    names = worlds.p.variables
    every = list(outcomes(names, worlds.sizes))
    p = np.array([chance(worlds.p_tables, each) for each in every], float)
    q = np.array([chance(worlds.q_tables, each) for each in every], float)
    for factor in worlds.q.factors:
        if factor.letter == "p":
            both, whole = (summed(p, every, names) for names in (factor.variables, factor.given))
            q *= both / whole
    return float(np.sum(p * np.log(p / q)))
