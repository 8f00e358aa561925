"""What the page on KL divergence shows: views that each compute one picture, cases, what drags do.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.lessons.kl_choices import (
    ENDS,
    HORIZONS,
    LAST_DRAW,
    MEANS,
    MEASURES,
    MOST_FLIPS,
    PAIRS,
    SCALES,
    UNTOUCHED,
    VIEWS,
    WORLDS,
    Choices,
    Shown,
)
from core.lessons.kl_densities import fits, integrand, units
from core.lessons.kl_samples import LARGE, SMALL, Size, bench, fan, race
from core.lessons.kl_tables import KINDS, codes, families
from core.lessons.weight_of_evidence import APARTS, FAMILIES, MIXTURE, SHARES, UNITS, WAYS

__all__ = [
    "APARTS",
    "CASES",
    "ENDS",
    "FAMILIES",
    "HEIGHTS",
    "HORIZONS",
    "KINDS",
    "LARGE",
    "LAST_DRAW",
    "MEANS",
    "MEASURES",
    "MIXTURE",
    "MOST_FLIPS",
    "PAIRS",
    "PARTS",
    "POISSON_MEANS",
    "RATES",
    "SAMPLED",
    "SCALES",
    "SHAPES",
    "SHARES",
    "SMALL",
    "SPREADS",
    "UNITS",
    "UNTOUCHED",
    "VIEWS",
    "WAYS",
    "WORLDS",
    "Case",
    "Choices",
    "Shown",
    "Size",
    "cases",
    "flipped",
    "heard",
    "show",
]

SAMPLED = ("Samples", "Race")
"""Views of many runs, which a press makes longer."""

PARTS = tuple(i / 10 for i in range(2, 21))
POISSON_MEANS = tuple(i / 2 for i in range(41))
RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
SHAPES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 12.0, 20.0, 40.0)
HEIGHTS = tuple(float(i) for i in range(150, 201))
SPREADS = tuple(i / 2 for i in range(4, 31))


@dataclass(frozen=True, slots=True)
class Case:
    """A ready case.

    Attributes:
        label: What its link says.
        choices: Where the controls stand.
    """

    label: str
    choices: Choices


def _gaussians(mean: float, scale: float) -> Choices:
    return Choices(p_mean=mean, p_scale=scale, q_mean=0.0, q_scale=1.0)


_CLOSE = Choices(p_mean=0.25, q_mean=0.0, q_scale=1.0, horizon=200)
_RACE = Choices(view="Race", p_mean=0.5, q_scale=1.0)
_LAPLACE = Choices(heads_p="51 %", heads_q="50 %", unit="Decibans", of="Coins")
_CODES = Choices(view="Codes", unit="Bits")

CASES: dict[str, Case] = {
    "moved": Case("One step apart", _gaussians(1.0, 1.0)),
    "narrow": Case("Half as wide", _gaussians(0.0, 0.5)),
    "wide": Case("Twice as wide", _gaussians(0.0, 2.0)),
    "needle": Case("A needle off centre", _gaussians(2.0, 0.1)),
    "support": Case("Q ends, P goes on", Choices(p_mean=0.0, q="Uniform", q_scale=2.0)),
    "tails": Case("Tails too heavy", Choices(p="Student, 1 degree", p_mean=0.0)),
    "bumps": Case("Two bumps", Choices(p=MIXTURE, p_mean=0.0, p_scale=0.7, q_scale=2.0)),
    "close": Case("Close together", replace(_CLOSE, view="Samples")),
    "dream": Case("From Q", replace(_CLOSE, view="Samples", source="Q")),
    "apart": Case("Far apart", Choices(view="Samples", p_mean=2.0, q_scale=1.0, horizon=20)),
    "outliers": Case(
        "Infinite mean", Choices(view="Samples", p="Student, 1 degree", p_mean=0.0, q_scale=2.0)
    ),
    "ruled_out": Case(
        "Ruled out by a toss", Choices(view="Samples", of="Coins", horizon=10, unit="Bits")
    ),
    "race": Case("To 20:1", replace(_RACE, threshold="20:1")),
    "either": Case("Either one wins", replace(_RACE, ends=ENDS[1])),
    "sprint": Case("A sprint", Choices(view="Race", p_mean=2.0, q_scale=1.0)),
    "slow": Case("Laplace's births", replace(_LAPLACE, view="Race")),
    "heads": Case(
        "Five heads", Choices(view="Coins", source="Q", flips=5, unit="Decibans", draw=0)
    ),
    "first_tails": Case(
        "Before the first tails", Choices(view="Coins", flips=3, draw=22, unit="Bits")
    ),
    "births": Case("Laplace's births", replace(_LAPLACE, view="Coins", flips=200)),
    "bent": Case("60 or 40", Choices(view="Coins", heads_p="60 %", heads_q="40 %", flips=30)),
    "cover": Case("Two far bumps", Choices(view="Two fits", apart=6.0, own_mean=3.0)),
    "merge": Case("Bumps that touch", Choices(view="Two fits", apart=2.0)),
    "uneven": Case("One is larger", Choices(view="Two fits", share=0.2)),
    "table": Case("Four outcomes", Choices(view="Families", unit="Bits")),
    "counts": Case("Counts", Choices(view="Families", family="Poisson")),
    "waiting": Case("Waiting times", Choices(view="Families", family="Exponential")),
    "tosses": Case("A coin's chance", Choices(view="Families", family="Beta")),
    "correlated": Case("Correlated", Choices(view="Families", family="Gaussian, any dimension")),
    "three": Case(
        "Three dimensions",
        Choices(
            view="Families",
            family="Gaussian, any dimension",
            mean_p="1, 0, 0.5",
            cov_p="1, 0.5, 0.2; 0.5, 1, 0; 0.2, 0, 2",
            mean_q="0, 0, 0",
            cov_q="1, 0, 0; 0, 1, 0; 0, 0, 1",
        ),
    ),
    "feet": Case("In feet", Choices(view="Units", measure="Feet")),
    "metres": Case("In metres", Choices(view="Units", measure="Metres")),
    "codes": Case("Four outcomes", _CODES),
    "wrong": Case("The worst order", replace(_CODES, table_q="1/8, 1/8, 1/4, 1/2")),
    "no_word": Case("No word for one", replace(_CODES, table_q="1/2, 1/4, 1/4, 0")),
}
"""Ready cases, by the name in their links."""


def cases(view: str) -> dict[str, Case]:
    """The ready cases of one view."""
    return {name: case for name, case in CASES.items() if case.choices.view == view}


def show(choices: Choices, size: Size = SMALL) -> Shown:
    """What the chosen view shows.

    Args:
        choices: Where the controls stand.
        size: How many runs a view of many runs draws.
    """
    if choices.view == "Samples":
        return fan(choices, size)
    if choices.view == "Race":
        return race(choices, size)
    return _VIEWS[choices.view](choices)


_VIEWS: dict[str, Callable[[Choices], Shown]] = {
    "Integrand": integrand,
    "Coins": bench,
    "Two fits": fits,
    "Families": families,
    "Units": units,
    "Codes": codes,
}


def flipped(choices: Choices, times: int) -> dict[str, Any]:
    """What to set so that the coin is flipped so many times more; at most `MOST_FLIPS` in all."""
    return {"flips": min(MOST_FLIPS, choices.flips + times)}


_DRAGGED = {
    "p_mean": MEANS,
    "q_mean": MEANS,
    "own_mean": MEANS,
    "p_scale": SCALES,
    "q_scale": SCALES,
    "own_scale": SCALES,
}


def heard(what: object) -> dict[str, Any]:
    """What to set so that the page stands as a hand has left the picture; nothing for nonsense.

    Args:
        what: One entry, the key of a control and a number: the nearest mark is taken.
    """
    if not isinstance(what, Mapping) or len(what) != 1:
        return {}
    ((name, value),) = what.items()
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name not in _DRAGGED or not is_number or not math.isfinite(value):
        return {}
    return {name: min(_DRAGGED[name], key=lambda mark: abs(mark - value))}
