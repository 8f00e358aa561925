r"""Black boxes that can only be sampled, with everything about them known behind the curtain.

A world is a mixture of Gaussians: along a curve, at a few places, or where a reader has drawn. So
its density is exact, and averages over it, its entropy first of all, are sums over the nodes of a
Gauss rule in cells so small that nothing of it is missed.

References:
    Lecture, "Warmup: density estimation" [0:25-0:30].
"""

import functools
import math
import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from core.density.gaussians import Gaussians

__all__ = [
    "DRAWN",
    "MOST_POINTS",
    "REACH",
    "WORLDS",
    "Nodes",
    "World",
    "divergence",
    "drawn_points",
    "entropy",
    "nodes",
    "samples",
    "world",
]

REACH = 5.0
"""Worlds live between minus this and this, along each axis: less than 1e-6 of any is outside."""

MOST_POINTS = 80
"""Points that a reader may draw."""

DRAWN = "Plane: drawn by you"
_DRAWN_SCALE = 0.16
_EDGE = 3.0
"""Half the side of the square that is drawn in."""

_CELLS = 20
_STEP = 0.7
"""Distance of the nodes of averages, in standard deviations of the narrowest part."""

_LEAST_MASS = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A black box with its curtain drawn back.

    Attributes:
        name: What it is called.
        law: Its density.
    """

    name: str
    law: Gaussians

    @property
    def dims(self) -> int:
        """One on a line, two in a plane."""
        return self.law.dims


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Where an average over a world is taken.

    Attributes:
        axis: The nodes along one axis.
        places: Numbers, in the grid of all nodes, of those that matter.
        points: The nodes that matter.
        masses: The world's mass at each of them.
        log_p: Logarithm of its density there.
    """

    axis: Float[np.ndarray, " node"]
    places: Int[np.ndarray, " point"]
    points: Float[np.ndarray, "point data"]
    masses: Float[np.ndarray, " point"]
    log_p: Float[np.ndarray, " point"]


def _line(*parts: tuple[float, float, float]) -> Gaussians:
    """A mixture on a line, of (share, mean, scale)."""
    shares, means, scales = np.array(parts).T
    return Gaussians(shares / shares.sum(), means[:, None], scales[:, None, None])


def _arc(radius: float, count: int, start: float = 0.0, end: float = 2.0) -> np.ndarray:
    """Places along an arc; angles in units of pi, the end left out."""
    angle = math.pi * (start + (end - start) * np.arange(count) / count)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _rings() -> Gaussians:
    return Gaussians.round(np.concatenate([_arc(1.0, 22), _arc(2.4, 53)]), 0.17)


def _moons() -> Gaussians:
    upper = _arc(1.5, 19, 0.0, 1.0) + np.array([-0.75, -0.35])
    return Gaussians.round(np.concatenate([upper, -upper]), 0.17)


def _blobs() -> Gaussians:
    means = np.array([[-2.0, 1.4], [1.8, 1.8], [0.1, -0.2], [-1.5, -1.9], [2.0, -1.3]])
    angles = np.array([0.3, -0.8, 0.0, 1.2, 0.6])
    sizes = np.array([[0.6, 0.25], [0.5, 0.3], [0.35, 0.35], [0.7, 0.22], [0.45, 0.3]])
    turn = np.array([[[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]] for a in angles])
    covariance = turn @ (sizes[:, :, None] ** 2 * np.eye(2)) @ turn.transpose(0, 2, 1)
    shares = np.array([0.25, 0.2, 0.15, 0.2, 0.2])
    return Gaussians(shares, means, np.linalg.cholesky(covariance))


def _spiral() -> Gaussians:
    along = np.linspace(0.03, 1.0, 80) ** 0.5  # places at even distances along the curve
    angle = 4.2 * math.pi * along
    places = 2.7 * along * np.stack([np.cos(angle), np.sin(angle)])
    return Gaussians.round(places.T, 0.14)


_LAWS = {
    "Plane: rings": _rings,
    "Plane: moons": _moons,
    "Plane: mixture": _blobs,
    "Plane: spiral": _spiral,
    DRAWN: lambda: Gaussians.round(np.zeros((1, 2)), _DRAWN_SCALE),
    "Line: bell": lambda: _line((1.0, 0.4, 0.9)),
    "Line: two bumps": lambda: _line((0.6, -1.4, 0.45), (0.4, 1.5, 0.6)),
    "Line: skewed": lambda: _line((0.5, -1.5, 0.3), (0.3, -0.6, 0.6), (0.2, 0.8, 0.8)),
    "Line: comb": lambda: _line(*((1.0, float(m), 0.16) for m in np.linspace(-2.4, 2.4, 5))),
}

WORLDS = tuple(_LAWS)
"""What a reader may choose from."""


def drawn_points(text: str) -> Float[np.ndarray, "point 2"]:
    """The places that a reader has drawn.

    Args:
        text: Points as "x,y" with spaces between them, whole numbers from 0 to 100 from the lower
            left of the square.

    Raises:
        ValueError: If there are none, too many, or one is no point of the square.

    Example:
        >>> drawn_points("50,50 100,0").tolist()
        [[0.0, 0.0], [3.0, -3.0]]
    """
    pieces = text.split()
    if not 1 <= len(pieces) <= MOST_POINTS:
        raise ValueError(
            f"`Drawn` must be 1 to {MOST_POINTS} points, drawn in the picture or typed, got "
            f"{len(pieces)}."
        )
    points = []
    for piece in pieces:
        found = re.fullmatch(r"(\d{1,3}),(\d{1,3})", piece, re.ASCII)
        point = [int(each) for each in found.groups()] if found else [101]
        if max(point) > 100:
            raise ValueError(
                f"`Drawn` must be points as 20,50 with whole numbers from 0 to 100, got "
                f"{piece[:20]!r}."
            )
        points.append(point)
    return np.array(points) * (2 * _EDGE / 100) - _EDGE


def world(name: str, drawn: str = "") -> World:
    """The world of a name.

    Args:
        name: One of `WORLDS`.
        drawn: Where a reader has drawn, for the world that is drawn.

    Raises:
        ValueError: If there is no such world, or the drawing is none.
    """
    if name not in _LAWS:
        raise ValueError(f"`World` must be one of {', '.join(WORLDS)}, got {name[:40]!r}.")
    return _world(name, drawn if name == DRAWN else "")


@functools.lru_cache(maxsize=64)
def _world(name: str, drawn: str) -> World:
    if name != DRAWN:
        return World(name, _LAWS[name]())
    return World(name, Gaussians.round(drawn_points(drawn), _DRAWN_SCALE))


def samples(world: World, seed: tuple[int, ...], count: int) -> Float[np.ndarray, "point data"]:
    """What falls out of the black box; a larger count begins with the same samples."""
    return world.law.sample(np.random.default_rng(seed), count)


@functools.lru_cache(maxsize=64)
def nodes(world: World, cells: int = _CELLS) -> Nodes:
    """Where averages over a world are taken: a Gauss rule in each of so many cells along an axis.

    Args:
        world: The world.
        cells: Cells from minus `REACH` to `REACH`. What is averaged must be smooth within them.
    """
    width = 2 * REACH / cells
    each = max(3, math.ceil(width / (_STEP * world.law.smallest_scale)))
    places, weights = np.polynomial.legendre.leggauss(each)
    left = -REACH + width * np.arange(cells)
    axis = (left[:, None] + width * (places + 1) / 2).ravel()
    weight = np.tile(weights * width / 2, cells)
    grid = np.meshgrid(*[axis] * world.dims, indexing="ij")
    volume = functools.reduce(np.multiply.outer, [weight] * world.dims).ravel()
    points = np.stack([values.ravel() for values in grid], axis=1)
    log_p = world.law.log_density(points)
    masses = volume * np.exp(log_p)
    matters = np.flatnonzero(masses > _LEAST_MASS)
    return Nodes(axis, matters, points[matters], masses[matters], log_p[matters])


@functools.lru_cache(maxsize=64)
def entropy(world: World) -> float:
    """Differential entropy in nats: how surprising samples stay to somebody who knows the world.

    It may be negative, and is measured against the page's unit of length.
    """
    at = nodes(world, 2 * _CELLS)
    return -float(at.masses @ at.log_p)


def divergence(at: Nodes, log_q: Float[np.ndarray, " point"]) -> float:
    """KL[p; q] in nats, never negative; infinite where q rules out what may happen.

    Args:
        at: Where the average over p is taken.
        log_q: Logarithm of the model's density there.
    """
    if np.isneginf(log_q).any():
        return math.inf
    return max(0.0, float(at.masses @ (at.log_p - log_q)))
