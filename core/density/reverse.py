r"""A mixture of Gaussians that descends the reverse divergence from a world that is known.

$\mathrm{KL}[q; p] = \langle \log q(x) - \log p(x) \rangle_q$. With $x = \mu_k + L_k \epsilon$ in
each part the average over $\epsilon$ is a sum over the nodes of a grid, and the gradient is that
of the samples: $\partial\mu_k = \pi_k \langle \nabla_x \log q/p \rangle$, and the same times
$\epsilon^\top$ for $L_k$, since the score of a density averages to nothing under itself.

References:
    Lecture, "Warmup: density estimation" [0:25-0:30].
    Roeder et al., Sticking the Landing (2017); Bishop, PRML (2006), section 10.1.2.
"""

import functools
import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from core.density.gaussians import Gaussians, log_sum_exp
from core.density.models import FLOOR

__all__ = ["reverse_descent", "reverse_kl", "started_at"]

_NODES = 33
"""Nodes along an axis of the standard Gaussian on the way, where there is one part; fewer of each
where there are more, so that a step costs the same."""

_WIDE = 4.2
_REACH = 5.5
"""Standard deviations of a part beyond which nothing of it is counted."""

_EDGE, _SPACING = 8.0, {1: 0.02, 2: 0.12}
_DECAY = (0.8, 0.95)


def started_at(place: Float[np.ndarray, " data"], parts: int, scale: float = 0.5) -> Gaussians:
    """Where a descent begins: parts of one size, around a place that a reader has chosen."""
    angle = 2 * math.pi * np.arange(parts) / parts
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, : len(place)]
    return Gaussians.round(place + (scale if parts > 1 else 0.0) * around, scale)


def reverse_kl(law: Gaussians, world: Gaussians) -> float:
    """KL[q; p] in nats, of a model q and a world p: the trapezoid rule on a fine grid.

    Each part is averaged over where it is. It is good to about a thousandth, as long as q lies
    within a square of half side 8.
    """
    axis, log_p = _everywhere(world)
    reach = _REACH * np.sqrt(np.einsum("kdd->kd", law.covariances))
    total = 0.0
    for k, mean in enumerate(law.means):
        window = tuple(
            slice(*np.searchsorted(axis, (place - far, place + far)))
            for place, far in zip(mean, reach[k], strict=True)
        )
        grid = np.meshgrid(*[axis[each] for each in window], indexing="ij")
        terms = law.log_terms(np.stack([values.ravel() for values in grid], axis=1))
        total += float(np.exp(terms[:, k]) @ (log_sum_exp(terms) - log_p[window].ravel()))
    return max(0.0, total * _SPACING[world.dims] ** world.dims)


@functools.lru_cache(maxsize=32)
def _everywhere(world: Gaussians) -> tuple[np.ndarray, np.ndarray]:
    """An axis of a grid over all that a model may reach, and the world's log-density on it."""
    step = _SPACING[world.dims]
    axis = np.arange(-_EDGE, _EDGE + step / 2, step)
    grid = np.meshgrid(*[axis] * world.dims, indexing="ij")
    points = np.stack([values.ravel() for values in grid], axis=1)
    return axis, world.log_density(points).reshape([len(axis)] * world.dims)


def reverse_descent(
    world: Gaussians, start: Gaussians, steps: int, rate: float = 0.12
) -> Iterator[Gaussians]:
    """A mixture on its way down KL[q; p]: the start, then one for each step.

    Adam, on means, factors and the logarithms of shares, with a step size that falls to nothing.
    """
    law, moments = start, (np.zeros(_flat(start).size), np.zeros(_flat(start).size))
    noise, masses = _standard(start.dims, round(_NODES / len(start.shares) ** 0.5))
    yield law
    for step in range(1, steps + 1):
        slope = _slope(law, world, noise, masses)
        pairs = zip(moments, (slope, slope**2), _DECAY, strict=True)
        moments = tuple(keep * m + (1 - keep) * new for m, new, keep in pairs)
        first, second = (m / (1 - keep**step) for m, keep in zip(moments, _DECAY, strict=True))
        size = rate * (0.5 + 0.5 * math.cos(math.pi * step / (steps + 1)))
        law = _law(_flat(law) - size * first / (np.sqrt(second) + 1e-8), start)
        yield law


@functools.cache
def _standard(dims: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """A grid under a standard Gaussian: the trapezoid rule, all but exact for it."""
    axis = np.linspace(-_WIDE, _WIDE, nodes)
    grid = np.meshgrid(*[axis] * dims, indexing="ij")
    noise = np.stack([values.ravel() for values in grid], axis=1)
    masses = np.exp(-0.5 * (noise**2).sum(1))
    matters = masses > 1e-4
    return noise[matters], masses[matters] / masses[matters].sum()


def _drawn(law: Gaussians, noise: np.ndarray) -> list[np.ndarray]:
    return [m + noise @ f.T for m, f in zip(law.means, law.factors, strict=True)]


def _slope(law: Gaussians, world: Gaussians, noise: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """The gradient of KL[q; p], laid out as `_flat` does."""
    x = np.concatenate(_drawn(law, noise))
    log_q, q_score = law.log_density_and_score(x)
    log_p, p_score = world.log_density_and_score(x)
    parts = len(law.shares)
    gap = (log_q - log_p).reshape(parts, -1) @ masses
    pull = (q_score - p_score).reshape(parts, len(noise), -1) * masses[:, None]
    means = law.shares[:, None] * pull.sum(1)
    factors = law.shares[:, None, None] * np.einsum("knd,ne->kde", pull, noise)
    diagonal = np.einsum("kdd->kd", law.factors)
    logs = np.einsum("kdd->kd", factors) * diagonal  # by the logarithm of what is on the diagonal
    shares = law.shares * (gap - law.shares @ gap)
    return np.concatenate([shares, means.ravel(), logs.ravel(), _below(factors)])


def _flat(law: Gaussians) -> Float[np.ndarray, " parameter"]:
    diagonal = np.log(np.einsum("kdd->kd", law.factors))
    return np.concatenate(
        [np.log(law.shares), law.means.ravel(), diagonal.ravel(), _below(law.factors)]
    )


def _below(factors: np.ndarray) -> np.ndarray:
    return factors[:, 1, 0] if factors.shape[1] == 2 else np.empty(0)


def _law(flat: np.ndarray, like: Gaussians) -> Gaussians:
    parts, dims = like.means.shape
    shares, means, logs, below = np.split(flat, np.cumsum([parts, parts * dims, parts * dims]))
    shares = np.exp(shares - shares.max())
    factors = np.zeros((parts, dims, dims))
    each = np.arange(dims)
    factors[:, each, each] = np.maximum(np.exp(logs.reshape(parts, dims)), FLOOR)
    if dims == 2:
        factors[:, 1, 0] = below
    return Gaussians(shares / shares.sum(), means.reshape(parts, dims), factors)
