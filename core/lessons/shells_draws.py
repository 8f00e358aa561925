"""What the page on Gaussian shells shows of draws: their radii, pairs, and ways between two.

Lecture: "Why this is hard in practice" [0:25-0:30].
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from core import draws, shells
from core.lessons.kl_choices import Shown, headline
from core.lessons.panels import Table, number, significant
from core.lessons.shells_choices import PLACES, Choices
from core.lessons.shells_images import packed
from core.lessons.shells_law import mass_text
from core.vae.config import TrainConfig
from core.vae.one_step import Model, decode, mean_image

__all__ = ["COUNT", "Decoder", "between", "pairs", "samples"]

COUNT = 1000
"""Draws of a view."""

_FAR = 2.0
"""Standard deviations under the mean from which on hardly a draw lies as far in."""


@lru_cache(maxsize=64)
def _drawn(d: int, draw: int) -> draws.Draws:
    """Draws of a number, the same for all readers."""
    rng = np.random.Generator(np.random.SFC64([draw, d]))
    return draws.drawn(d, COUNT, rng)


def _spread(values: Float[np.ndarray, " value"]) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1))


def _listed(values: np.ndarray) -> list[Any]:
    return np.round(values, 4).tolist()


# -- One draw ---------------------------------------------------------------------------------


def samples(choices: Choices) -> Shown:
    """Radii of draws beside their first two coordinates."""
    d, found = choices.d, _drawn(choices.d, choices.draw)
    mean, std = _spread(found.radii)
    middle = float(np.linalg.norm(found.plane, axis=1).mean())
    low, high = found.radii.min(), found.radii.max()
    looks = (
        f"In two of its coordinates a draw lies {number(middle, 2)} from the middle on average, "
        "in a blob that is densest there. "
        if d > 1
        else "There is one coordinate only, so the second is drawn as 0. "
    )
    return Shown(
        data={
            "kind": "samples",
            "d": d,
            "of": d,
            "radii": _listed(found.radii),
            "plane": _listed(found.plane),
            "numbers": [
                headline(f"{COUNT:,} radii", _plus_minus(mean, std), "dream"),
                headline("the law", _plus_minus(shells.mean(d), shells.std(d))),
            ],
        },
        verdict=looks + f"{'In all of them the' if d > 1 else 'The'} nearest of {COUNT:,} draws "
        f"is {number(low, 2)} away and the furthest {number(high, 2)}.",
        table=Table(
            ("radius", f"{COUNT:,} draws", "the law"),
            (
                ("mean", number(mean, 4), number(shells.mean(d), 4)),
                ("standard deviation", number(std, 4), number(shells.std(d), 4)),
                ("share within the law's 95 %", f"{_share_within(found.radii, d)} %", "95 %"),
            ),
        ),
    )


def _share_within(radii: Float[np.ndarray, " draw"], d: int) -> str:
    low, high = shells.central_interval(d)
    return number(100 * float(((low <= radii) & (radii <= high)).mean()), 1)


def _plus_minus(mean: float, std: float) -> str:
    return f"{number(mean, 3)} ± {number(std, 3)}"


# -- Two draws --------------------------------------------------------------------------------


def pairs(choices: Choices) -> Shown:
    """Angles and distances between draws."""
    d, found = choices.d, _drawn(choices.d, choices.draw)
    (angle, angle_std), (far, far_std) = _spread(found.angles), _spread(found.distances)
    exact = math.sqrt(2) * shells.mean(d), math.sqrt(2) * shells.std(d)
    count = len(found.angles)
    return Shown(
        data={
            "kind": "pairs",
            "d": d,
            "of": d,
            "angles": _listed(found.angles),
            "distances": _listed(found.distances),
            "numbers": [
                headline("angles", f"{_plus_minus(angle, angle_std)}°", "dream"),
                headline("distances", _plus_minus(far, far_std), "dream"),
                headline("√(2d)", number(math.sqrt(2 * d), 3)),
            ],
        },
        verdict=_pair_words(d, angle_std, far),
        table=Table(
            ("", f"{count} pairs", "the law"),
            (
                ("mean angle, degrees", number(angle, 3), "90"),
                ("standard deviation, degrees", number(angle_std, 3), number(_angle_std(d), 3)),
                ("mean distance", number(far, 4), number(exact[0], 4)),
                ("standard deviation", number(far_std, 4), number(exact[1], 4)),
                ("distance over √(2d)", number(far / math.sqrt(2 * d), 4), _over_limit(d)),
            ),
        ),
    )


def _pair_words(d: int, angle_std: float, far: float) -> str:
    if d == 1:
        return "On a line two draws point the same way or opposite ways, nothing between."
    spread = (
        f"Angles are 90° on average in any dimension; their spread, {number(angle_std, 2)}° here, "
        "falls as 57.3°/√d once d is large."
    )
    if d < 30:
        return f"{spread} **In so few dimensions any angle may come.**"
    return (
        f"{spread} **Whatever is drawn next is nearly at a right angle to what there is**, and as "
        f"far from it as everything else: {number(far, 2)} on average, where "
        f"√(2d) = {number(math.sqrt(2 * d), 2)}."
    )


def _over_limit(d: int) -> str:
    return number(shells.mean(d) / math.sqrt(d), 4)


def _angle_std(d: int) -> float:
    """Standard deviation of the angle, in degrees: by its density, on a grid."""
    if d == 1:
        return 90.0
    if d == 2:
        return 180 / math.sqrt(12)
    reach = min(90.0, 57.3 * 12 / math.sqrt(d))
    off = np.linspace(-reach, reach, 4002)[1:-1]
    density = draws.cosine_law(90 + off, d)
    return float(np.sqrt((density * off * off).sum() / density.sum()))


# -- From one to the other --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Decoder:
    """A trained decoder.

    Attributes:
        config: What was trained.
        model: Its weights.
    """

    config: TrainConfig
    model: Model

    def images(self, z: Float[np.ndarray, "code latent"]) -> list[str]:
        """The image that each code stands for, as the browser takes it."""
        output = decode(self.model.weights, z).output
        return packed(mean_image(self.model.likelihood, output))


def between(choices: Choices, decoder: Decoder | None = None) -> Shown:
    """The straight way between two draws, and the way along the sphere.

    Args:
        choices: Where the controls stand.
        decoder: What decodes the codes on both ways, or None for Gaussian draws.
    """
    d = choices.d if decoder is None else decoder.config.latent_dim
    ends = draws.pair_of_draws(d, np.random.default_rng([choices.draw, d]))
    marks = np.array(PLACES)
    straight, along = draws.straight_radii(ends, marks), draws.spherical_radii(ends, marks)
    here = PLACES.index(choices.place)
    mean, std = shells.mean(d), shells.std(d)
    ways = {}
    if decoder is not None:
        places = marks[::2]
        ways = {
            "tiles": [
                decoder.images(draws.way(ends, places, is_straight=True)),
                decoder.images(_around(ends, places)),
            ]
        }
    has_sphere = draws.has_sphere_between(ends)
    low, high = shells.central_interval(d)
    inside = mass_text(shells.within_radius(max(1e-300, float(straight[here])), d))
    texts = [number(float(values[here]), 3) for values in (straight, along)]
    return Shown(
        data={
            "kind": "between",
            "d": d,
            "of": d,
            "isFixed": decoder is not None,
            "place": choices.place,
            "step": PLACES[1],
            "straight": _listed(straight),
            "spherical": _listed(along),
            "hasSphere": has_sphere,
            "band": [low, high],
            "mean": mean,
            "std": std,
            **ways,
            "numbers": [
                headline("straight", texts[0], "distortion"),
                headline("along the sphere", texts[1] if has_sphere else "none", "dream"),
                headline("off the mean", _sds(float(straight[here]), mean, std), "bound"),
            ],
        },
        verdict=_way_words(ends, straight, along, inside, choices.place),
        table=_way_table(ends, straight, along, here, inside),
    )


def _around(ends: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The way along the sphere; on a line, where there may be none, the straight one."""
    return draws.way(ends, places, is_straight=not draws.has_sphere_between(ends))


def _sds(radius: float, mean: float, std: float) -> str:
    return f"{number((radius - mean) / std, 1)} sd"


def _way_words(
    ends: np.ndarray, straight: np.ndarray, along: np.ndarray, inside: str, place: float
) -> str:
    d = ends.shape[1]
    if not draws.has_sphere_between(ends):
        return (
            "On a line the sphere is two points, one on either side of the middle: **there is no "
            "way along it**, and the straight one leads through the middle."
        )
    middle = float(straight[len(straight) // 2])
    off = (shells.mean(d) - middle) / shells.std(d)
    if off < _FAR:
        return (
            f"Half way the straight line has a radius of {number(middle, 2)}, {_under(off)} the "
            "mean: in so few dimensions **draws lie there too.**"
        )
    return (
        f"Half way the straight line has a radius of {number(middle, 2)}, "
        f"{number(100 * _lost(straight, along), 0)} % less than the way along the sphere, **and "
        f"{_under(off)} the mean**. At t = {place:g} a share of {inside} of all draws "
        "lies as far in. Along the sphere the radius stays between those of the two draws."
    )


def _under(off: float) -> str:
    where = "under" if off >= 0 else "over"
    return f"{number(abs(off), 1)} standard deviations {where}"


def _way_table(
    ends: np.ndarray, straight: np.ndarray, along: np.ndarray, here: int, inside: str
) -> Table:
    first, last = np.linalg.norm(ends, axis=1)
    rows = (
        ("radii of the two draws", f"{number(first, 3)} and {number(last, 3)}"),
        ("lowest radius, straight", number(draws.nearest_on_straight(ends), 3)),
        ("lowest radius, along the sphere", _lowest_along(ends, along)),
        ("share of draws within the straight radius here", inside),
    )
    if draws.has_sphere_between(ends):
        lost = f"{significant(100 * _lost(straight, along))} %"
        rows = (*rows, ("radius lost at the middle", lost))
    return Table((f"t = {PLACES[here]:g}", "value"), rows)


def _lowest_along(ends: np.ndarray, along: np.ndarray) -> str:
    return number(float(along.min()), 3) if draws.has_sphere_between(ends) else "there is no way"


def _lost(straight: np.ndarray, along: np.ndarray) -> float:
    middle = len(straight) // 2
    return 1 - float(straight[middle] / along[middle])
