"""A model on its way down the cross-entropy of samples, measured at every step of the way.

Each step is measured three times: on the samples that it descends by, on fresh ones, and exactly,
by the average over the world. The first is the cross-entropy of the *empirical* distribution.

References:
    Lecture, "Warmup: density estimation" [0:25-0:30].
"""

import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

from core.density import models
from core.density.gaussians import Gaussians
from core.density.models import Histogram, Kernels
from core.density.reverse import reverse_descent, reverse_kl, started_at
from core.density.worlds import World, divergence, entropy, nodes, samples

__all__ = [
    "FRESH",
    "GAUSSIAN",
    "HISTOGRAM",
    "KERNELS",
    "MIXTURE",
    "MODELS",
    "Data",
    "Frame",
    "TwoWays",
    "drawn",
    "fitted",
    "path",
    "two_ways",
]

GAUSSIAN, MIXTURE, HISTOGRAM, KERNELS = "Gaussian", "Mixture", "Histogram", "Kernels"
MODELS = (GAUSSIAN, MIXTURE, HISTOGRAM, KERNELS)
"""The models that are fitted here and now."""

FRESH = 1000
"""Samples that no model is fitted to."""

_STEPS = (*range(13), *range(14, 25, 2), 28, 32, 40)
_NARROWINGS = 14
_WAY_STEPS = (0, 1, 2, 3, 5, 8, 12, 16, 22, 30, 38, 48)


class Model(Protocol):
    """Whatever has a density."""

    def log_density(self, x: Float[np.ndarray, "point data"]) -> Float[np.ndarray, " point"]:
        """Logarithm of the density."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What has fallen out of a black box.

    Attributes:
        world: What is in the box.
        seen: The samples that models are fitted to.
        fresh: As many others as `FRESH`, to measure with.
    """

    world: World
    seen: Float[np.ndarray, "sample data"]
    fresh: Float[np.ndarray, "fresh data"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A model at one step, with its cross-entropies in nats.

    Attributes:
        step: Steps taken so far.
        model: The model.
        seen: On the samples it descends by: what is minimised.
        fresh: On fresh samples.
        fresh_error: The standard error of that.
        exact: Averaged over the world.
        kl: KL[p; q], by which that is above the world's entropy.
    """

    step: int
    model: Gaussians | Histogram | Kernels
    seen: float
    fresh: float
    fresh_error: float
    exact: float
    kl: float

    @property
    def gap(self) -> float:
        """How much more surprising fresh samples are than those it was fitted to, in nats."""
        return self.fresh - self.seen


def drawn(world: World, draw: int, count: int) -> Data:
    """What falls out of a box: so many samples to fit, and fresh ones to measure."""
    return Data(world, samples(world, (draw, 0), count), samples(world, (draw, 1), FRESH))


@functools.lru_cache(maxsize=128)
def path(
    world: World, model: str, size: float | int, draw: int, count: int, imagined: float
) -> tuple[Frame, ...]:
    """The way of a model down the cross-entropy, from its start to where it hardly moves.

    Args:
        world: What is in the box.
        model: One of `MODELS`.
        size: Parts of a mixture, or cells of a histogram along an axis; of no use to the others.
        draw: Which samples fell out.
        count: How many of them the model sees.
        imagined: Samples that the broad Gaussian behind a histogram counts for.

    Raises:
        ValueError: If there is no such model.
    """
    data = drawn(world, draw, count)
    if model == KERNELS:
        steps = zip(range(_NARROWINGS), models.kernel_descent(data.seen, _NARROWINGS), strict=True)
        return tuple(_measured(data, step, kernels) for step, kernels in steps)
    return tuple(
        _measured(data, step, each)
        for step, each in _some(_way(data, model, size, draw, imagined))
    )


@functools.lru_cache(maxsize=512)
def fitted(
    world: World, model: str, size: float | int, draw: int, count: int, imagined: float
) -> Frame:
    """A model of some size, fitted as far as `path` goes, or kernels of a width.

    Args:
        world: What is in the box.
        model: One of `MODELS`.
        size: Parts, or cells along an axis, or the width of a kernel.
        draw: Which samples fell out.
        count: How many of them the model sees.
        imagined: Samples that the broad Gaussian behind a histogram counts for.

    Raises:
        ValueError: If there is no such model.
    """
    data = drawn(world, draw, count)
    if model == KERNELS:
        return _measured(data, 0, Kernels(data.seen, size))
    way = _way(data, model, size, draw, imagined)
    return _measured(data, _STEPS[-1], next(itertools.islice(way, _STEPS[-1], None)))


def _way(
    data: Data, model: str, size: float | int, draw: int, imagined: float
) -> Iterator[Gaussians] | Iterator[Histogram]:
    """The steps of a model, without end."""
    if model == HISTOGRAM:
        return models.histogram_descent(data.seen, int(size), imagined)
    if model not in (GAUSSIAN, MIXTURE):
        raise ValueError(f"`Model` must be one of {', '.join(MODELS)}, got {model!r}.")
    parts = 1 if model == GAUSSIAN else int(size)
    equal = np.full(len(data.seen), 1 / len(data.seen))
    start = models.first_guess(data.seen, parts, np.random.default_rng((draw, 2)))
    return models.em_descent(data.seen, equal, start)


def _some(way: Iterable) -> Iterator[tuple[int, Gaussians | Histogram]]:
    """The steps of a way that are shown."""
    shown = itertools.islice(enumerate(way), _STEPS[-1] + 1)
    return ((step, each) for step, each in shown if step in _STEPS)


def _measured(data: Data, step: int, model: Gaussians | Histogram | Kernels) -> Frame:
    at = nodes(data.world, _cells(model))
    log_q = (
        model.log_density_at(at) if isinstance(model, Kernels) else model.log_density(at.points)
    )
    kl = divergence(at, log_q)
    surprise = -model.log_density(data.fresh)
    is_finite = bool(np.isfinite(surprise).all())
    return Frame(
        step=step,
        model=model,
        seen=-float(model.log_density(data.seen).mean()),
        fresh=float(surprise.mean()),
        fresh_error=float(surprise.std() / FRESH**0.5) if is_finite else 0.0,
        exact=entropy(data.world) + kl,
        kl=kl,
    )


def _cells(model: Gaussians | Histogram | Kernels) -> int:
    """Cells for averages, of which none reaches over a jump of the model."""
    return model.bins if isinstance(model, Histogram) else 20


# -- Covering and seeking ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class TwoWays:
    """One family of models, fitted to a world by either divergence.

    Attributes:
        steps: Steps taken, for each of the models below.
        covering: On the way down KL[p; q].
        seeking: On the way down KL[q; p].
        forward: KL[p; q] in nats of the covering models, then of the seeking ones.
        reverse: KL[q; p] likewise.
    """

    steps: tuple[int, ...]
    covering: tuple[Gaussians, ...]
    seeking: tuple[Gaussians, ...]
    forward: tuple[tuple[float, ...], tuple[float, ...]]
    reverse: tuple[tuple[float, ...], tuple[float, ...]]


@functools.lru_cache(maxsize=128)
def two_ways(world: World, parts: int, place: tuple[float, ...]) -> TwoWays:
    """Gaussians that begin at a place and descend either divergence from a world that is known.

    Args:
        world: The world.
        parts: How many Gaussians the model mixes.
        place: Where they begin.
    """
    start, shown = started_at(np.array(place), parts), _WAY_STEPS
    at = nodes(world)
    masses = at.masses / at.masses.sum()
    ways = (
        models.em_descent(at.points, masses, start),
        reverse_descent(world.law, start, shown[-1]),
    )
    taken = [
        tuple(
            law for step, law in enumerate(itertools.islice(way, shown[-1] + 1)) if step in shown
        )
        for way in ways
    ]
    forward, reverse = (
        tuple(tuple(measure(law) for law in laws) for laws in taken)
        for measure in (
            lambda law: divergence(at, law.log_density(at.points)),
            lambda law: reverse_kl(law, world.law),
        )
    )
    return TwoWays(shown, taken[0], taken[1], (forward[0], forward[1]), (reverse[0], reverse[1]))
