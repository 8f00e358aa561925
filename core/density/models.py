r"""Models of a density that are fitted to samples, and the way each descends the cross-entropy.

A Gaussian, a mixture and a histogram have mean parameters: the averages that the model expects of
its own samples. A step moves them a part of the way to the averages over the data. For a Gaussian
and a histogram that is natural gradient descent, for a mixture it is a damped step of EM; none of
them ever raises the cross-entropy of the data, unless a part is held at the narrowest or a broad
Gaussian stands behind the histogram. Kernels have one parameter, their width, and the
cross-entropy of their own samples falls all the way down as they are narrowed.

References:
    Lecture, "Warmup: density estimation" [0:25-0:30].
    Amari, Natural Gradient Works Efficiently in Learning (1998); Cappé & Moulines, On-line EM
    Algorithm for Latent Data Models (2009); Parzen, On Estimation of a Probability Density (1962).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.density.gaussians import Gaussians, log_sum_exp
from core.density.worlds import REACH, Nodes

__all__ = [
    "FLOOR",
    "PART",
    "Histogram",
    "Kernels",
    "em_descent",
    "first_guess",
    "histogram_descent",
    "kernel_descent",
]

PART = 0.35
"""Part of the way to the data's averages that one step goes."""

FLOOR = 0.06
"""Least standard deviation of a part or a kernel, which on one sample would shrink to nothing."""

_LOST = 1e-250
"""A sum of kernels below which some of them may be too small for a number to hold."""

_CACHED = 32_768
"""Numbers that a processor keeps at hand: a table of more costs several times as much for each."""

_BROAD = 1.6
_DUST = 1e-6
"""Share of equal cells that is swept away: a cell without samples then has no chance at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Equal cells over a line or a plane, with a broad Gaussian behind them.

    Attributes:
        bins: Cells along each axis, from minus `REACH` to `REACH`.
        seen: Share of the samples in each cell.
        equal: Share of equal cells in the histogram, the rest being what was seen.
        behind: Share of the broad Gaussian, which rules nothing out; zero if there is none.
    """

    bins: int
    seen: Float[np.ndarray, " cell"]
    equal: float
    behind: float

    @property
    def chances(self) -> Float[np.ndarray, " cell"]:
        """Chance of each cell under the histogram alone."""
        return self.equal / len(self.seen) + (1 - self.equal) * self.seen

    def log_density(self, x: Float[np.ndarray, "point data"]) -> Float[np.ndarray, " point"]:
        """Logarithm of the density; minus infinity where nothing has been seen or put behind."""
        dims = x.shape[1]
        height = math.log(self.bins / (2 * REACH)) * dims
        with np.errstate(divide="ignore"):
            high = np.log((1 - self.behind) * self.chances[cell_of(x, self.bins)]) + height
            high[(np.abs(x) >= REACH).any(axis=1)] = -math.inf
            low = math.log(self.behind) if self.behind else -math.inf
            return np.logaddexp(high, low + _broad(dims).log_density(x))


@dataclass(frozen=True, slots=True, eq=False)
class Kernels:
    """A round Gaussian on every sample.

    Attributes:
        samples: Where they stand.
        width: The standard deviation of each.
    """

    samples: Float[np.ndarray, "sample data"]
    width: float

    @property
    def law(self) -> Gaussians:
        """The same as a mixture."""
        return Gaussians.round(self.samples, self.width)

    def log_density(self, x: Float[np.ndarray, "point data"]) -> Float[np.ndarray, " point"]:
        """Logarithm of the density.

        Where all kernels vanish from the numbers a computer has, their logarithms are summed.
        """
        some = max(1, _CACHED // len(self.samples))
        starts = range(0, max(1, len(x)), some)
        found = [self._summed(x[start : start + some]) for start in starts]
        return np.concatenate(found) + self._constant(x.shape[1])

    def _summed(self, x: Float[np.ndarray, "point data"]) -> Float[np.ndarray, " point"]:
        exponents = squared_distances(x, self.samples)
        exponents *= -0.5 / self.width**2
        found = np.exp(exponents).sum(1)
        is_lost = found < _LOST
        with np.errstate(divide="ignore"):
            log_q = np.log(found)
        if is_lost.any():
            log_q[is_lost] = log_sum_exp(exponents[is_lost])
        return log_q

    def log_density_at(self, at: Nodes) -> Float[np.ndarray, " point"]:
        """The same at the nodes of a world, by one product of matrices.

        A kernel is the product of one along each axis. Where all of them vanish from the numbers a
        computer has, the nearest stands for the sum: the others are beyond its rounding.
        """
        dims = self.samples.shape[1]
        along = [
            np.exp(-((at.axis[:, None] - self.samples[:, d]) ** 2) / (2 * self.width**2))
            for d in range(dims)
        ]
        total = along[0].sum(1) if dims == 1 else (along[0] @ along[1].T).ravel()
        found = total[at.places]
        is_lost = found < _LOST
        with np.errstate(divide="ignore"):
            log_q = np.log(found) + self._constant(dims)
        if is_lost.any():
            log_q[is_lost] = self.log_density(at.points[is_lost])
        return log_q

    def _constant(self, dims: int) -> float:
        volume = dims * (math.log(self.width) + 0.5 * math.log(2 * math.pi))
        return -math.log(len(self.samples)) - volume


def em_descent(
    points: Float[np.ndarray, "point data"],
    masses: Float[np.ndarray, " point"],
    start: Gaussians,
    part: float = PART,
) -> Iterator[Gaussians]:
    """A mixture of Gaussians on its way down the cross-entropy of weighted points, without end.

    Args:
        points: The data.
        masses: The weight of each; they sum to one.
        start: Where it begins, which comes first.
        part: Part of the way that a step goes; 1 is EM.
    """
    law = start
    outer = np.einsum("nd,ne->nde", points, points).reshape(len(points), -1)
    while True:
        yield law
        terms = law.log_terms(points)
        belongs = masses[:, None] * np.exp(terms - log_sum_exp(terms)[:, None])
        share = (1 - part) * law.shares + part * belongs.sum(0)
        first = (1 - part) * law.shares[:, None] * law.means + part * (belongs.T @ points)
        second = law.covariances + np.einsum("kd,ke->kde", law.means, law.means)
        second = (1 - part) * law.shares[:, None, None] * second
        second = second + part * (belongs.T @ outer).reshape(second.shape)
        means = first / share[:, None]
        spread = second / share[:, None, None] - np.einsum("kd,ke->kde", means, means)
        law = Gaussians(share / share.sum(), means, np.linalg.cholesky(_floored(spread)))


def first_guess(
    points: Float[np.ndarray, "point data"], parts: int, rng: np.random.Generator
) -> Gaussians:
    """Where a mixture begins: one broad Gaussian, or parts on samples far from each other."""
    dims = points.shape[1]
    if parts == 1:
        return Gaussians.round(np.zeros((1, dims)), _BROAD)
    chosen = [int(rng.integers(len(points)))]
    squares = squared_distances(points, points[chosen])[:, 0]
    for _ in range(parts - 1):
        chances = squares / squares.sum() if squares.sum() > 0 else None
        chosen.append(int(rng.choice(len(points), p=chances)))
        squares = np.minimum(squares, squared_distances(points, points[chosen[-1:]])[:, 0])
    return Gaussians.round(points[chosen], 0.6)


def histogram_descent(
    points: Float[np.ndarray, "sample data"], bins: int, imagined: float, part: float = PART
) -> Iterator[Histogram]:
    """A histogram on its way from equal cells to the frequencies, without end.

    Args:
        points: The samples.
        bins: Cells along each axis.
        imagined: Samples that the broad Gaussian behind it counts for.
        part: Part of the way that a step goes.
    """
    count, dims = points.shape
    cells = bins**dims
    seen = np.bincount(cell_of(points, bins), minlength=cells) / count
    equal = 1.0
    while True:
        yield Histogram(bins, seen, equal, imagined / (count + imagined))
        equal = equal * (1 - part) if equal > _DUST else 0.0


def kernel_descent(
    points: Float[np.ndarray, "sample data"], steps: int, widest: float = 1.6
) -> Iterator[Kernels]:
    """Kernels that are narrowed by the same factor at each step, down to `FLOOR`."""
    for width in np.geomspace(widest, FLOOR, steps):
        yield Kernels(points, float(width))


def cell_of(x: Float[np.ndarray, "point data"], bins: int) -> np.ndarray:
    """The number of the cell that each point is in, the outermost for what is outside."""
    each = np.clip(((x + REACH) * (bins / (2 * REACH))).astype(int), 0, bins - 1)
    return each[:, 0] if x.shape[1] == 1 else each[:, 0] * bins + each[:, 1]


def squared_distances(
    a: Float[np.ndarray, "left data"], b: Float[np.ndarray, "right data"]
) -> Float[np.ndarray, "left right"]:
    """Squared distances between all pairs of points."""
    squares = np.zeros((len(a), len(b)))
    for left, right in zip(a.T, b.T, strict=True):
        apart = left[:, None] - right
        apart *= apart
        squares += apart
    return squares


def _broad(dims: int) -> Gaussians:
    return Gaussians.round(np.zeros((1, dims)), _BROAD)


def _floored(covariances: Float[np.ndarray, "part data data"]) -> np.ndarray:
    """Covariances with no direction narrower than `FLOOR`."""
    values, directions = np.linalg.eigh(covariances)
    values = np.maximum(values, FLOOR**2)
    return (directions * values[:, None, :]) @ directions.transpose(0, 2, 1)
