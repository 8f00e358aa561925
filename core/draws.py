r"""Draws from $N(0, I_d)$ as they are: how long, how far apart, at which angle, and ways between.

Nothing here knows the chi law: every coordinate is drawn, and lengths are measured.

References:
    Lecture, "Why this is hard in practice" [0:25-0:30].
    White, Sampling Generative Networks (2016), for ways along the sphere.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = [
    "Draws",
    "cosine_law",
    "drawn",
    "pair_of_draws",
    "spherical_radii",
    "straight_radii",
    "way",
]

_AT_ONCE = 1_000_000
"""Numbers that are held in memory at a time."""

_OPPOSITE = math.pi - 1e-6
"""Angle beyond which two directions are opposite, and none is between them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """What is measured of some draws.

    Attributes:
        radii: Distance of each draw from the middle.
        plane: The first two coordinates of each; the second is zero where there is only one.
        angles: Angle at the middle between draws 1 and 2, 3 and 4, and so on, in degrees.
        distances: Distance between the same two.
    """

    radii: Float[np.ndarray, " draw"]
    plane: Float[np.ndarray, "draw 2"]
    angles: Float[np.ndarray, " pair"]
    distances: Float[np.ndarray, " pair"]


def drawn(d: int, count: int, rng: np.random.Generator) -> Draws:
    """Draw points of N(0, I), every coordinate of every one, and measure them.

    Args:
        d: Dimensions.
        count: How many draws; an even number.
        rng: Where chance comes from.

    Raises:
        ValueError: If the number is odd or below 2.
    """
    if count < 2 or count % 2:
        raise ValueError(f"`count` must be an even number of draws, got {count}.")
    rows = max(2, _AT_ONCE // d // 2 * 2)
    parts = [_measured(d, min(rows, count - start), rng) for start in range(0, count, rows)]
    radii, plane, angles, distances = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Draws(radii=radii, plane=plane, angles=angles, distances=distances)


def _measured(d: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    x = rng.standard_normal((count, d), dtype=np.float32)
    squares = np.einsum("ij,ij->i", x, x, dtype=np.float64)
    first, second = x[::2], x[1::2]
    products = np.einsum("ij,ij->i", first, second, dtype=np.float64)
    radii = np.sqrt(squares)
    cosines = np.clip(products / (radii[::2] * radii[1::2]), -1, 1)
    distances = np.sqrt(np.maximum(0, squares[::2] + squares[1::2] - 2 * products))
    plane = np.zeros((count, 2))
    plane[:, : min(d, 2)] = x[:, :2]
    return radii, plane, np.degrees(np.arccos(cosines)), distances


def cosine_law(angles: Float[np.ndarray, " angle"], d: int) -> Float[np.ndarray, " angle"]:
    r"""Density, per degree, of the angle between two draws: $\propto \sin^{d-2}$.

    Args:
        angles: Angles in degrees, between 0 and 180 and neither of them.
        d: Dimensions, 2 or more; of one there are two angles only.
    """
    log_total = 0.5 * math.log(math.pi) + math.lgamma((d - 1) / 2) - math.lgamma(d / 2)
    sines = np.sin(np.radians(angles))
    return np.exp((d - 2) * np.log(sines) - log_total) * math.pi / 180


# -- From one draw to another -----------------------------------------------------------------


def pair_of_draws(d: int, rng: np.random.Generator) -> Float[np.ndarray, "2 d"]:
    """Two draws of N(0, I), one a row."""
    return rng.standard_normal((2, d))


def way(
    ends: Float[np.ndarray, "2 d"], shares: Float[np.ndarray, " place"], *, is_straight: bool
) -> Float[np.ndarray, "place d"]:
    r"""Points on the way from one draw to another, straight or along the sphere.

    Args:
        ends: The two draws.
        shares: How far on the way each point is, from 0 to 1.
        is_straight: Whether the way is $(1-t)x + ty$. Otherwise the direction turns evenly and
            the radius goes evenly from the one to the other.

    Raises:
        ValueError: If the draws point exactly opposite ways, where no direction is between them.
    """
    t = shares[:, None]
    if is_straight:
        return (1 - t) * ends[0] + t * ends[1]
    radii = np.linalg.norm(ends, axis=1)
    x, y = ends / radii[:, None]
    angle = _angle(x, y)
    if angle > _OPPOSITE:
        raise ValueError("`ends` must not point opposite ways, got two that do.")
    if angle < 1e-9:
        return ((1 - t) * radii[0] + t * radii[1]) * x
    turned = (np.sin((1 - t) * angle) * x + np.sin(t * angle) * y) / math.sin(angle)
    return ((1 - t) * radii[0] + t * radii[1]) * turned


def has_sphere_between(ends: Float[np.ndarray, "2 d"]) -> bool:
    """Whether a way leads along the sphere: on a line none leads from one side to the other."""
    x, y = ends / np.linalg.norm(ends, axis=1)[:, None]
    return _angle(x, y) <= _OPPOSITE


def nearest_on_straight(ends: Float[np.ndarray, "2 d"]) -> float:
    """The least radius on the straight way between two points, exactly."""
    step = ends[1] - ends[0]
    square = float(step @ step)
    place = min(1.0, max(0.0, -float(ends[0] @ step) / square)) if square else 0.0
    return float(np.linalg.norm(ends[0] + place * step))


def straight_radii(
    ends: Float[np.ndarray, "2 d"], shares: Float[np.ndarray, " place"]
) -> Float[np.ndarray, " place"]:
    """Radius along the straight way: half way it has lost about three tenths of itself."""
    a, b, c = ends[0] @ ends[0], ends[1] @ ends[1], ends[0] @ ends[1]
    t = shares
    return np.sqrt(np.maximum(0, (1 - t) ** 2 * a + t**2 * b + 2 * t * (1 - t) * c))


def spherical_radii(
    ends: Float[np.ndarray, "2 d"], shares: Float[np.ndarray, " place"]
) -> Float[np.ndarray, " place"]:
    """Radius along the sphere: evenly from that of the one draw to that of the other."""
    first, last = np.linalg.norm(ends, axis=1)
    return (1 - shares) * first + shares * last


def _angle(x: Float[np.ndarray, " d"], y: Float[np.ndarray, " d"]) -> float:
    """Angle between two directions, with its digits at both ends."""
    return 2 * math.atan2(float(np.linalg.norm(x - y)), float(np.linalg.norm(x + y)))
