"""The recipe written: four panels, the objective as a formula, and a check by brute force.

Lecture: "The universal recipe" [0:20-0:25].
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from core.lessons.kl_choices import headline
from core.lessons.panels import Table, adding_up, number
from core.lessons.recipe_choices import Choices, derived, scenario_of
from core.recipe import numbers, tables
from core.recipe.objective import Objective
from core.recipe.terms import KINDS, Term
from core.recipe.worlds import Factor, World, listed
from core.recipe.writing import MOST_ALONE, pretty, price_letter, symbol, symbols, term_text

__all__ = ["Line", "check", "grouped", "lines", "picture", "table"]

_MOST_LISTED = 8

Line = dict[str, Any]
"""One line of the objective, for the component that draws it."""


def picture(choices: Choices) -> dict[str, Any]:
    """The four panels as JSON values: three graphs, drawn from the worlds, and the objective."""
    objective, recipe = derived(choices)
    observed, letters = recipe.observed, scenario_of(choices).letters
    real = World("Real world", recipe.real)
    state = _states(objective)
    is_regrouped = objective.regrouped != objective.p
    augmented = "2  Augmented, regrouped" if is_regrouped else "2  Augmented"
    panels = [
        _graph("1  Real world P", "real", real, objective, state, observed),
        _graph(augmented, "real", objective.regrouped, objective, state, observed),
        _graph("3  Dream world Q", "dream", objective.q, objective, state, observed),
    ]
    text = symbols(objective, letters)
    return {
        "kind": "steps",
        "panels": panels,
        "title": "4  Minimise KL[P; Q]",
        "lines": lines(objective, letters),
        "numbers": [headline("minimise", text)],
        "alt": _in_words(objective, panels, text),
    }


# -- Graphs -----------------------------------------------------------------------------------


def _states(objective: Objective) -> dict[tuple[str, ...], str]:
    """What becomes of factors that are in no kept term: they cancel, or are constants."""
    shared = {(f.letter, *f.variables): "cancels" for f in objective.shared}
    gone = {(f.letter, *f.variables): "constant" for t in objective.dropped for f in t.above}
    return shared | gone


def _graph(
    title: str,
    role: str,
    world: World,
    objective: Objective,
    state: Mapping[tuple[str, ...], str],
    observed: Sequence[str],
) -> dict[str, Any]:
    """A world as a graph: nodes by layers, arrows, what is drawn together, and its factors."""
    nodes = [
        {"id": name, "label": pretty(name), "layer": i, "isAdded": name not in observed}
        for i, layer in enumerate(world.layers)
        for name in layer
    ]
    arrows = [
        {
            "from": tail,
            "to": head,
            "isLearned": f.is_learned,
            "state": _state(f, objective, state),
            "key": _key(f),
        }
        for f in world.factors
        for head in f.of
        for tail in f.given
    ]
    joined = [list(factor.of) for factor in world.factors if len(factor.of) > 1]
    factors = [
        {
            "text": pretty(factor.bare),
            "isLearned": factor.is_learned,
            "state": _state(factor, objective, state),
            "key": _key(factor),
        }
        for factor in world.in_order
    ]
    return {
        "title": title,
        "role": role,
        "nodes": nodes,
        "arrows": arrows,
        "joined": joined,
        "factors": factors,
    }


def _key(factor: Factor) -> str:
    """What tells a factor from the others of both worlds."""
    return f"{factor.letter}:{','.join(sorted(factor.of))}|{','.join(sorted(factor.given))}"


def _state(factor: Factor, objective: Objective, state: Mapping[tuple[str, ...], str]) -> str:
    if factor.letter == "p" and any(factor.is_same(other) for other in objective.shared):
        return "cancels"
    return state.get((factor.letter, *factor.variables), "")


# -- The objective ----------------------------------------------------------------------------


def grouped(objective: Objective) -> list[list[int]]:
    """Places of the terms, line by line: more than a few of one kind are one line."""
    found: list[list[int]] = []
    for kind in dict.fromkeys(term.kind for term in objective.terms):
        places = [i for i, term in enumerate(objective.terms) if term.kind == kind]
        is_sum = len(places) > MOST_ALONE and kind not in ("constant", "entropy")
        found += [places] if is_sum else [[place] for place in places]
    return found


def lines(objective: Objective, letters: Mapping[str, str]) -> list[Line]:
    """The terms as lines of the picture, what is dropped first."""
    return [
        _line(objective, [objective.terms[place] for place in places], letters)
        for places in grouped(objective)
    ]


def _line(objective: Objective, terms: Sequence[Term], letters: Mapping[str, str]) -> Line:
    first = terms[0]
    kind, letter = KINDS[first.kind], price_letter(first, letters)
    head, body, name = symbol(first, objective.terms), term_text(first), kind.name
    if len(terms) > 1:
        head, name = f"Σ {kind.symbol}", f"{len(terms)} {kind.name}s"
        body = f"{body} + …"
    return {
        "symbol": head,
        "price": f"{letter} " if letter else "",
        "text": body,
        "name": name,
        "role": kind.role,
        "isDropped": first.is_dropped,
        "keys": [_key(factor) for term in terms for factor in term.above + term.below],
    }


def _in_words(objective: Objective, panels: Sequence[Mapping[str, Any]], text: str) -> str:
    graphs = "; ".join(
        f"{panel['title'].strip('0123456789 ')}: "
        + " ".join(_factor_in_words(factor) for factor in panel["factors"])
        for panel in panels
    )
    terms = ", ".join(
        f"{KINDS[t.kind].name} {term_text(t)}{' (dropped)' if t.is_dropped else ''}"
        for t in objective.terms
    )
    return f"Three graphs and an objective. {graphs}. Minimise {text}: {terms}."


def _factor_in_words(factor: Mapping[str, Any]) -> str:
    learned = " learned" if factor["isLearned"] else ""
    return f"{factor['text']}{learned}{' ' + factor['state'] if factor['state'] else ''},"


def table(objective: Objective, letters: Mapping[str, str]) -> Table:
    """Each term with what it measures, and whether it is kept."""
    rows = []
    for term in objective.terms:
        letter = price_letter(term, letters)
        price = f"{letter} = {term.multiplier:g}" if letter else ""
        fate = "dropped" if term.is_dropped else price or "kept"
        if term.is_constant and not term.is_dropped:
            fate += ", nothing in it learned"
        rows.append(
            (
                symbol(term, objective.terms),
                term_text(term).replace("|", "\\|"),
                KINDS[term.kind].name,
                pretty(term.words),
                fate,
            )
        )
    return Table(("", "term", "name", "what it measures", ""), tuple(rows))


@lru_cache(maxsize=128)
def check(choices: Choices) -> str:
    """The derivation tried on tables drawn at random: both sums, by brute force, in a sentence."""
    objective, recipe = derived(choices)
    sizes = dict.fromkeys(objective.p.variables, 2)
    try:
        worlds = tables.drawn(objective, sizes, np.random.default_rng(choices.draw))
    except ValueError:
        return ""
    found = numbers.values(worlds, objective, recipe.observed)
    states = 2 ** len(sizes)
    texts, whole = adding_up(found.terms, 4)
    each = f"{listed(texts)}, " if len(texts) <= _MOST_LISTED else ""
    sentence = (
        f"**Checked** on chances drawn at random: the terms, with multipliers of 1, are {each}"
        f"in all {whole} nats. KL[P; Q], summed over all {states:,} outcomes, is "
        f"{number(found.joint_kl, 4)} nats"
    )
    if objective.rewritings:
        apart = np.abs(worlds.real - worlds.rewritten(objective.regrouped)).max()
        sentence += f"; the regrouped product is P itself, to {max(apart, 1e-17):.0e}"
    return f"{sentence}."
