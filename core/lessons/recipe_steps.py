"""The recipe written: four panels, the objective as a formula, and a check by brute force.

Lecture: "The universal recipe" [0:20-0:25].
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from core.lessons.kl_choices import headline
from core.lessons.panels import Table, adding_up, number
from core.lessons.recipe_choices import Choices, derived, scenario_of
from core.recipe import gaussians, numbers, tables
from core.recipe.objective import Objective
from core.recipe.terms import KINDS, Term
from core.recipe.worlds import Factor, World, listed, readable, sketched
from core.recipe.writing import MOST_ALONE, pretty, price_letter, symbol, symbols, term_text

__all__ = ["Line", "check", "grouped", "lines", "picture", "refused", "table"]

_MOST_LISTED = 8
_REAL, _AUGMENTED, _DREAM = "1  Real world P", "2  Augmented", "3  Dream world Q"

Line = dict[str, Any]
"""One line of the objective, for the component that draws it."""


def picture(choices: Choices) -> dict[str, Any]:
    """The four panels as JSON values: three graphs, drawn from the worlds, and the objective."""
    objective, recipe = derived(choices)
    observed, letters = recipe.observed, scenario_of(choices).letters
    real = World("Real world", recipe.real)
    worlds = (real, objective.regrouped, objective.q)
    state = _states(objective, (factor for world in worlds for factor in world.factors))
    is_regrouped = objective.regrouped != objective.p
    augmented = f"{_AUGMENTED}, regrouped" if is_regrouped else _AUGMENTED
    panels = [
        _graph(_REAL, "real", real.in_order, observed, state),
        _graph(augmented, "real", objective.regrouped.in_order, observed, state),
        _graph(_DREAM, "dream", objective.q.in_order, observed, state),
    ]
    text = symbols(objective, letters)
    terms = _terms_in_words(objective, text)
    return {
        "kind": "steps",
        "panels": panels,
        "title": "4  Minimise KL[P; Q]" if objective.terms else "4  Nothing to minimise",
        "lines": lines(objective, letters),
        "note": "" if objective.terms else "All factors cancel.",
        "numbers": [headline("minimise", text)],
        "alt": f"Three graphs and an objective. {_in_words(panels)} {terms}",
    }


def refused(choices: Choices, why: str) -> dict[str, Any] | None:
    """The three graphs of worlds without an objective, as far as they can be read, or None.

    Args:
        choices: Where the controls stand.
        why: The sentence that refuses the worlds, of which the rule stands beside the graphs.
    """
    scenario = scenario_of(choices)
    texts = (scenario.real, scenario.added, scenario.dream)
    real, added, dream = (readable(text)[0] for text in texts)
    if not (real or added or dream):
        return None
    observed = [name for factor in real for name in factor.of]
    panels = [
        _graph(_REAL, "real", real, observed, {}),
        _graph(_AUGMENTED, "real", (*real, *added), observed, {}, _needed((*real, *added), dream)),
        _graph(_DREAM, "dream", dream, observed, {}, _needed(dream, (*real, *added))),
    ]
    return {
        "kind": "steps",
        "panels": panels,
        "title": "4  No objective",
        "lines": [],
        "note": why.partition(", got ")[0].replace("`", ""),
        "numbers": [headline("minimise", "nothing yet")],
        "alt": f"Three graphs and no objective. {_in_words(panels)}",
    }


# -- Graphs -----------------------------------------------------------------------------------


def _states(objective: Objective, factors: Iterable[Factor]) -> dict[Factor, str]:
    """What becomes of factors that are in no kept term: they cancel, or are constants."""
    gone = {(f.letter, *f.variables) for t in objective.dropped for f in t.above}
    found = {}
    for factor in factors:
        if factor.letter == "p" and any(factor.is_same(other) for other in objective.shared):
            found[factor] = "cancels"
        elif (factor.letter, *factor.variables) in gone:
            found[factor] = "constant"
    return found


def _graph(
    title: str,
    role: str,
    factors: Sequence[Factor],
    observed: Sequence[str],
    state: Mapping[Factor, str],
    needed: Container[str] = (),
) -> dict[str, Any]:
    """A world as a graph: nodes by layers, arrows, what is drawn together, and its factors."""
    sketch = sketched(factors)
    nodes = [
        {
            "id": name,
            "label": pretty(name),
            "layer": i,
            "isAdded": name not in observed,
            "isAtFault": name in sketch.faults or name in needed,
        }
        for i, layer in enumerate(sketch.layers)
        for name in layer
    ]
    arrows = [
        {
            "from": tail,
            "to": head,
            "isLearned": f.is_learned,
            "state": state.get(f, ""),
            "key": _key(f),
        }
        for f in factors
        for head in f.of
        for tail in f.given
    ]
    joined = [list(factor.of) for factor in factors if len(factor.of) > 1]
    written = [
        {
            "text": pretty(factor.bare),
            "isLearned": factor.is_learned,
            "state": state.get(factor, ""),
            "key": _key(factor),
        }
        for factor in factors
    ]
    return {
        "title": title,
        "role": role,
        "nodes": nodes,
        "arrows": arrows,
        "joined": joined,
        "factors": written,
    }


def _needed(factors: Sequence[Factor], others: Sequence[Factor]) -> set[str]:
    """Variables that some factors cannot do without, and that the other world does not have."""
    there = {name for factor in others for name in factor.variables}
    return {name for factor in factors for name in factor.given if name not in there}


def _key(factor: Factor) -> str:
    """What tells a factor from the others of both worlds."""
    return f"{factor.letter}:{','.join(sorted(factor.of))}|{','.join(sorted(factor.given))}"


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
    head, body, name = symbol(first, objective.terms), term_text(first), first.name
    if len(terms) > 1:
        head, name = f"Σ {kind.symbol}", f"{len(terms)} {first.name}s"
        body = f"{body} + …"
    return {
        "symbol": head,
        "price": f"{letter} " if letter else "",
        "text": body,
        "name": name,
        "role": kind.role,
        "isDropped": first.is_dropped,
        "isConstant": all(term.is_constant for term in terms),
        "keys": [_key(factor) for term in terms for factor in term.above + term.below],
    }


def _in_words(panels: Sequence[Mapping[str, Any]]) -> str:
    graphs = "; ".join(
        f"{panel['title'].strip('0123456789 ')}: "
        + " ".join(_factor_in_words(factor) for factor in panel["factors"])
        for panel in panels
    )
    return f"{graphs}."


def _terms_in_words(objective: Objective, text: str) -> str:
    terms = ", ".join(
        f"{t.name} {term_text(t)}{' (dropped)' if t.is_dropped else ''}" for t in objective.terms
    )
    return f"Minimise {text}: {terms}." if terms else "All factors cancel."


def _factor_in_words(factor: Mapping[str, Any]) -> str:
    learned = " learned" if factor["isLearned"] else ""
    return f"{factor['text']}{learned}{' ' + factor['state'] if factor['state'] else ''},"


def table(objective: Objective, letters: Mapping[str, str]) -> Table:
    """Each term with what it measures, and whether it is kept."""
    rows = []
    for term in _told(objective):
        if term is None:
            rows.append(("…",) * 5)
            continue
        letter = price_letter(term, letters)
        price = f"{letter} = {term.multiplier:g}" if letter else ""
        fate = "dropped" if term.is_dropped else price or "kept"
        if term.is_constant and not term.is_dropped:
            fate += ", nothing in it learned"
        rows.append(
            (
                symbol(term, objective.terms),
                term_text(term).replace("|", "\\|"),
                term.name,
                pretty(term.words),
                fate,
            )
        )
    return Table(("", "term", "name", "what it measures", ""), tuple(rows))


def _told(objective: Objective) -> list[Term | None]:
    """The terms, of many of one kind the first ones and the last, with None between them."""
    found: list[Term | None] = []
    for group in grouped(objective):
        terms: list[Term | None] = [objective.terms[place] for place in group]
        found += terms if len(terms) <= _MOST_LISTED else [*terms[:3], None, terms[-1]]
    return found


@lru_cache(maxsize=128)
def check(choices: Choices) -> str:
    """The derivation tried on worlds drawn at random: both sums, by themselves, in a sentence.

    Tables where all outcomes can be summed over, and linear Gaussians where they are too many.
    """
    objective, recipe = derived(choices)
    names, rng = objective.p.variables, np.random.default_rng(choices.draw)
    states = 2 ** len(names)
    if states <= tables.MOST_STATES:
        worlds = tables.drawn(objective, dict.fromkeys(names, 2), rng)
        drawn, summed = "chances", f"summed over all {states:,} outcomes"
    else:
        worlds = gaussians.drawn(objective, dict.fromkeys(names, 1), rng)
        drawn, summed = "linear Gaussians", f"from the covariances of all {len(names)} variables"
    found = numbers.values(worlds, objective, recipe.observed)
    texts, whole = adding_up(found.terms, 4)
    each = f"{listed(texts)}, "
    if len(texts) > _MOST_LISTED:
        each, whole = "", number(math.fsum(found.terms), 4)
    said = f"the terms, with multipliers of 1, are {each}in all {whole} nats"
    if len(texts) == 1:
        said = f"the only term, with a multiplier of 1, is {whole} nats"
    if not texts:
        said = "all factors cancel, so that no term is left"
    digits = len(whole.partition(".")[2])
    sentence = (
        f"**Checked** on {drawn} drawn at random: {said}. "
        f"KL[P; Q], {summed}, is {number(found.joint_kl, digits)} nats"
    )
    if objective.rewritings:
        apart = np.abs(worlds.real - worlds.rewritten(objective.regrouped)).max()
        sentence += f"; the regrouped product is P itself, to {max(apart, 1e-17):.0e}"
    return f"{sentence}."
