"""The recipe in numbers: worlds of tables, of Gaussians, and a coin, minimised turn by turn.

Lecture: "The universal recipe" [0:20-0:25].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from core.lessons.kl_choices import Shown, headline
from core.lessons.panels import Table, adding_up, number
from core.lessons.recipe_choices import MOST_TURNS, Choices, derived
from core.lessons.recipe_steps import grouped, lines
from core.recipe import coin, gaussians, numbers, tables
from core.recipe.objective import Objective
from core.recipe.worlds import Factor
from core.recipe.writing import pretty, symbol, term_text

__all__ = ["coin_view", "turns", "worlds_view"]

_DRAWN = {"Tables": tables.drawn, "Gaussians": gaussians.drawn}
_MOST_DIMENSIONS = 48
"""The most dimensions of a world of Gaussians, of which every turn is computed."""

_TOSSES = 12
"""Turns of the coin."""

_POINTS = (np.arange(160) + 0.5) / 160
_SHARE = 0.5
_NOTHING = 1e-6
_SEEN = 5e-5
"""Nats from which on a change shows in four decimals."""


@dataclass(frozen=True, slots=True)
class _Path:
    """A minimisation: the values at every turn, whose turn it was, and what kind of worlds."""

    objective: Objective
    values: tuple[numbers.Values, ...]
    whose: tuple[str, ...]
    is_augmented: bool
    is_round: bool


@lru_cache(maxsize=128)
def _path(choices: Choices) -> _Path:
    """The minimisation for some choices, whose turn and view of it make no difference."""
    objective, recipe = derived(choices)
    names = objective.p.variables
    sizes = {
        name: choices.size if name in recipe.observed else choices.size_added for name in names
    }
    whole = sum(sizes.values())
    if choices.view == "Gaussians" and whole > _MOST_DIMENSIONS:
        raise ValueError(
            f"`Dimensions` must be at most {_MOST_DIMENSIONS} in all, got {whole} of {len(names)} "
            "variables. Take fewer dimensions, or fewer variables: a smaller T, fewer data."
        )
    start = _DRAWN[choices.view](objective, sizes, np.random.default_rng(choices.draw))
    path = numbers.minimise(start, objective, MOST_TURNS)
    seen = [name for name in recipe.observed if name in names]
    return _Path(
        objective,
        tuple(numbers.values(turn.worlds, objective, seen) for turn in path),
        tuple("" if turn.factor is None else pretty(turn.factor.bare) for turn in path),
        len(seen) < len(names),
        choices.view == "Gaussians" and any(_is_round(f, sizes) for f in objective.q.factors),
    )


def _is_round(factor: Factor, sizes: Mapping[str, int]) -> bool:
    """Whether a factor is learned with one variance where directions might have several."""
    return factor.is_learned and sum(sizes[name] for name in factor.of) > 1


def _found(choices: Choices) -> _Path:
    """The minimisation, which is the same whichever of its turns is shown."""
    return _path(replace(choices, turn=0))


def turns(choices: Choices) -> int:
    """How many turns there are to take.

    Raises:
        ValueError: If the worlds are none.
    """
    if choices.view == "Beta coin":
        return _TOSSES
    return len(_found(choices).values) - 1


# -- Tables and Gaussians ---------------------------------------------------------------------


def worlds_view(choices: Choices) -> Shown:
    """The joint divergence turn by turn, the marginal that it bounds, and every term.

    Raises:
        ValueError: If the worlds are none.
    """
    path = _found(choices)
    turn = min(choices.turn, len(path.values) - 1)
    here, objective = path.values[turn], path.objective
    rows = _bars(objective, path.values)
    curves = [
        _curve("KL[P; Q], all", "objective", [v.joint_kl for v in path.values]),
        _curve("KL of what is seen", "real", [v.marginal_kl for v in path.values]),
    ]
    if objective.is_weighted:
        weighed = [v.objective for v in path.values]
        curves.append(_curve("objective, above its least", "bound", weighed, min(weighed)))
    seen = ", ".join(map(pretty, _seen(choices, objective)))
    heads = [
        ("KL[P; Q]", "objective"),
        (f"≥ KL of {seen or 'nothing'}", "real"),
        *([("objective", "bound")] if objective.is_weighted else []),
    ]
    return Shown(
        data={
            "kind": "descent",
            "turn": turn,
            "whose": list(path.whose),
            "curves": curves,
            "heads": [{"label": label, "role": role} for label, role in heads],
            "bars": rows,
            "numbers": [
                headline(label, f"{curve['texts'][turn]} nats", role)
                for (label, role), curve in zip(heads, curves, strict=True)
            ],
            "alt": _descent_in_words(path, turn),
        },
        verdict=_verdict(path, turn, seen),
        table=_table(objective, here),
    )


def _seen(choices: Choices, objective: Objective) -> list[str]:
    observed = derived(choices)[1].observed
    return [name for name in objective.p.variables if name in observed]


def _curve(name: str, role: str, values: Sequence[float], less: float = 0.0) -> dict[str, Any]:
    """A line of the chart, drawn as so much above a number, and its texts in full."""
    return {
        "name": name,
        "role": role,
        "values": [_tidy(value - less) for value in values],
        "texts": [number(_tidy(value), 4) for value in values],
    }


def _tidy(value: float) -> float:
    """A number with its rounding dust at zero taken off."""
    return 0.0 if abs(value) < 1e-13 else float(value)


def _bars(objective: Objective, values: Sequence[numbers.Values]) -> list[dict[str, Any]]:
    """The terms as bars, those of one line together, with values and texts at every turn."""
    groups = grouped(objective)
    sums = [[_tidy(sum(v.terms[i] for i in group)) for group in groups] for v in values]
    texts = [adding_up(row, 3)[0] for row in sums]
    return [
        {
            **{name: line[name] for name in ("symbol", "name", "role", "isDropped")},
            "values": [row[place] for row in sums],
            "texts": [row[place] for row in texts],
        }
        for place, line in enumerate(lines(objective, {}))
    ]


def _descent_in_words(path: _Path, turn: int) -> str:
    here, first, last = path.values[turn], path.values[0], path.values[-1]
    return (
        f"Two curves over {len(path.values) - 1} turns: KL of everything falls from "
        f"{number(first.joint_kl, 4)} to {number(last.joint_kl, 4)} nats, and KL of what is seen "
        f"goes from {number(first.marginal_kl, 4)} to {number(last.marginal_kl, 4)}. At turn "
        f"{turn}: {number(here.joint_kl, 4)} and {number(here.marginal_kl, 4)} nats."
    )


def _verdict(path: _Path, turn: int, seen: str) -> str:
    here, count = path.values[turn], len(path.values) - 1
    if count == 0:
        return "No learned factor can lower it further: **the objective stands where it is.**"
    if turn == 0:
        return (
            f"Nothing has had its turn yet. Press *Turn*: one learned factor becomes the best it "
            f"can be while the others rest. There {'is 1 turn' if count == 1 else f'are {count}'} "
            "to take."
        )
    before = path.values[turn - 1]
    text = f"Turn {turn} of {count} was {path.whose[turn]}'s: KL of everything "
    text += _change(here.joint_kl - before.joint_kl)
    rise = here.marginal_kl - before.marginal_kl
    text += f", that of {seen} alone {_change(rise)}."
    if rise > _SEEN:
        text += " **The marginal has risen:** what is pushed down is the bound."
    if path.objective.is_weighted:
        text += (
            " With a multiplier that is not 1 what falls is the *weighted* objective, and KL of "
            "everything may rise."
        )
    elif here.joint_kl - here.marginal_kl < _NOTHING and path.is_augmented:
        text += " **The bound is tight:** what was added is drawn as the dream would infer it."
    return f"{text} {_end(path)}" if turn == count else text


def _end(path: _Path) -> str:
    """What the last turn leaves, in a sentence."""
    is_true = path.values[-1].joint_kl < _NOTHING
    terms = zip(path.objective.terms, path.values[-1].terms, strict=True)
    is_silent = any(term.kind == "rate" and value < _NOTHING for term, value in terms)
    if is_silent and (path.objective.is_weighted or not is_true):
        return "**The rate is 0:** at this price the code says nothing, and the dream ignores it."
    if is_true:
        return "Nothing is left: the dream has come true."
    if len(path.values) > MOST_TURNS:
        return "With more turns it would fall further, ever more slowly."
    if not path.is_round:
        return (
            "**No turn lowers it further.** What is left is held by what is fixed or by arrows "
            "that the dream lacks, or it would take several factors at once."
        )
    return (
        "**No turn lowers it further.** What is left is out of reach: a learned factor of this "
        "dream has one variance in all directions, and what is fixed stays."
    )


def _change(by: float) -> str:
    if abs(by) <= _SEEN:
        return "stays"
    return f"{'falls' if by < 0 else 'rises'} by {number(abs(by), 4)} nats"


def _table(objective: Objective, here: numbers.Values) -> Table:
    texts, whole = adding_up([_tidy(value) for value in here.terms], 4)
    rows = [
        (
            f"{symbol(term, objective.terms)} {term_text(term)}".replace("|", "\\|"),
            "–" if term.is_dropped else f"{term.multiplier:g}",
            text,
        )
        for term, text in zip(objective.terms, texts, strict=True)
    ]
    rows += [
        ("sum of the terms", "", whole),
        ("KL[P; Q], by itself", "", number(_tidy(here.joint_kl), len(whole.partition(".")[2]))),
    ]
    return Table(("term", "multiplier", "nats"), tuple(rows))


# -- A coin -----------------------------------------------------------------------------------


def coin_view(choices: Choices) -> Shown:
    """A Beta law on its way to Bayes' posterior, which it reaches where beta is one."""
    beta = choices.by_likelihood
    tossed = coin.Coin(
        heads=choices.heads,
        tails=choices.tails,
        prior=(choices.prior_heads, choices.prior_tails),
        beta=beta,
    )
    path = tossed.path(tossed.prior, turns(choices), _SHARE)
    turn = min(choices.turn, len(path) - 1)
    here = path[turn]
    return Shown(
        data={
            "kind": "coin",
            "turn": turn,
            "points": _POINTS.round(5).tolist(),
            "path": [_drawn(toss.shapes) for toss in path],
            "prior": _drawn(tossed.prior),
            "posterior": _drawn(tossed.posterior),
            "numbersAt": [_coin_numbers(toss, tossed) for toss in path],
            "numbers": _coin_numbers(here, tossed),
            "alt": (
                "Densities of the chance of heads: the prior, Bayes' posterior "
                f"{_beta(tossed.posterior)}, and the learned law {_beta(here.shapes)} at turn "
                f"{turn}."
            ),
        },
        verdict=_coin_verdict(tossed, here),
        table=Table(
            ("", "shapes", "nats"),
            (
                ("likelihood L = ⟨−log q(D\\|θ)⟩", "", number(here.likelihood, 4)),
                ("parameters S = ⟨log p(θ\\|D)/q(θ)⟩", "", number(here.parameters, 4)),
                ("KL[P; Q] = L + S", "", number(here.joint_kl, 4)),
                ("β L + S, the objective", "", number(here.objective, 4)),
                ("−log q(D), the marginal", "", number(tossed.surprise, 4)),
                ("now", _beta(here.shapes), ""),
                ("least at", _beta(tossed.best), ""),
                ("Bayes' posterior", _beta(tossed.posterior), ""),
            ),
        ),
    )


def _drawn(shapes: tuple[float, float]) -> list[float]:
    return np.minimum(coin.density(shapes, _POINTS), 1e6).round(4).tolist()


def _beta(shapes: tuple[float, float]) -> str:
    return f"Beta({shapes[0]:.4g}, {shapes[1]:.4g})"


def _coin_numbers(toss: coin.Toss, tossed: coin.Coin) -> list[dict[str, str]]:
    texts, whole = adding_up([tossed.surprise, toss.from_posterior], 3)
    minimised = f"{number(toss.objective, 3)} nats"
    return [
        *([] if tossed.beta == 1 else [headline("β L + S", minimised, "objective")]),
        headline("KL[P; Q]", f"{whole} nats", "objective"),
        headline("= −log q(D)", texts[0], "real"),
        headline("+ KL to posterior", texts[1], "bound"),
    ]


def _coin_verdict(tossed: coin.Coin, here: coin.Toss) -> str:
    if tossed.heads + tossed.tails == 0:
        return "Nothing was seen: **the posterior is the prior**, at any β."
    if tossed.beta == 1:
        end = "**At β = 1 that is Bayes' posterior**, and there the bound is tight."
    elif tossed.beta < 1:
        end = "With β below 1 the data count for less than they are: wider than Bayes' posterior."
    else:
        end = "With β above 1 the data count more than once: narrower than Bayes' posterior."
    if here.shapes == tossed.best:
        return f"Now {_beta(here.shapes)}, where the objective is least. {end}"
    return (
        f"Now {_beta(here.shapes)}; the objective is least at {_beta(tossed.best)}. {end} A turn "
        "goes half of the way that is left, the last one all of it."
    )
