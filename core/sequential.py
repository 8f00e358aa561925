r"""Evidence as it arrives: running totals over many samples, races to a threshold, wrong turns.

The total after n samples from P has the mean n KL[p; q], but a single run may mislead for a
while. How long a race to a threshold takes is known approximately from Wald's work: neglecting by
how much the last sample overshoots, and taking the walk for a Brownian motion with its mean and
variance.

All totals are in nats for P over Q.

References:
    Lecture, "KL = expected weight of evidence" and "Two properties we need" [0:05-0:20].
    Wald, Sequential Analysis (1947). Folks & Chhikara, The Inverse Gaussian Distribution (1978).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from core.densities import Density

__all__ = [
    "LEVELS",
    "Fan",
    "Misled",
    "Race",
    "Wald",
    "density_weights",
    "fan",
    "gaussian_weights",
    "misled",
    "poisson_weights",
    "race",
    "running_totals",
    "table_weights",
    "wald",
    "wald_two_sided",
]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles that a fan of runs shows."""

_BLOCK = 32_768

Weights = Callable[[np.random.Generator, int], Float[np.ndarray, " sample"]]
"""Draws the weight of evidence of so many samples."""


def density_weights(source: Density, p: Density, q: Density) -> Weights:
    """Weights of evidence for P over Q of samples from a density: of P, of Q, or another."""

    def draw(rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        x = source.sample(rng, count)
        return p.log_density(x) - q.log_density(x)

    return draw


def table_weights(
    source: Float[np.ndarray, " outcome"],
    p: Float[np.ndarray, " outcome"],
    q: Float[np.ndarray, " outcome"],
) -> Weights:
    """The same for outcomes of a table, such as the sides of a coin."""
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.log(p) - np.log(q)

    def draw(rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        return weights[rng.choice(len(source), size=count, p=source)]

    return draw


def poisson_weights(source: float, p: float, q: float) -> Weights:
    """The same for counts of a Poisson law, by means; a count that a mean of 0 forbids refutes it.

    Args:
        source: Mean of what is drawn: that of P, or of Q.
        p: Mean of P.
        q: Mean of Q.
    """
    if p and q:
        slope = math.log(p) - math.log(q)
    else:
        slope = 0.0 if p == q else math.copysign(math.inf, p - q)

    def draw(rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        drawn = rng.poisson(source, count)
        with np.errstate(invalid="ignore"):
            return np.where(drawn > 0, drawn * slope, 0.0) - (p - q)

    return draw


def gaussian_weights(
    is_p_true: bool,
    p_mean: Float[np.ndarray, " data"],
    p_covariance: Float[np.ndarray, "data data"],
    q_mean: Float[np.ndarray, " data"],
    q_covariance: Float[np.ndarray, "data data"],
) -> Weights:
    """The same for Gaussians in any dimension, whose covariances are positive definite.

    Args:
        is_p_true: Whether P is what is drawn from; else it is Q.
        p_mean: Mean of P.
        p_covariance: Covariance of P.
        q_mean: Mean of Q.
        q_covariance: Covariance of Q.
    """
    p_root, q_root = np.linalg.cholesky(p_covariance), np.linalg.cholesky(q_covariance)
    mean, root = (p_mean, p_root) if is_p_true else (q_mean, q_root)
    volume = float(np.log(q_root.diagonal()).sum() - np.log(p_root.diagonal()).sum())

    def draw(rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        x = mean[:, None] + root @ rng.standard_normal((len(mean), count))
        from_p = np.linalg.solve(p_root, x - p_mean[:, None])
        from_q = np.linalg.solve(q_root, x - q_mean[:, None])
        return volume + 0.5 * ((from_q * from_q).sum(0) - (from_p * from_p).sum(0))

    return draw


def running_totals(
    weights: Weights, rng: np.random.Generator, *, runs: int, samples: int
) -> Float[np.ndarray, "run sample"]:
    """The total evidence after each sample, in many independent runs.

    A total that has once become infinite stays so: nothing undoes a refutation.

    Args:
        weights: Draws weights of evidence.
        rng: Source of the draws.
        runs: How many runs.
        samples: How many samples in each.
    """
    if runs < 1 or samples < 1:
        raise ValueError(f"`runs` and `samples` must be at least 1, got {runs} and {samples}.")
    totals = np.empty((runs, samples))
    # A few runs at a time, so that what is computed for them stays near the processor.
    block = max(1, _BLOCK // samples)
    for first in range(0, runs, block):
        rows = totals[first : first + block]
        drawn = weights(rng, rows.size).reshape(rows.shape)
        with np.errstate(invalid="ignore"):
            np.cumsum(drawn, axis=1, out=rows)
    return totals


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """What many runs have come to at some numbers of samples.

    Attributes:
        samples: After how many.
        levels: Which quantiles.
        quantiles: Totals in nats, for each level and number of samples.
        mean: The mean total.
        standard_error: Of that mean.
        misleading: Share of runs in which the total is below zero.
    """

    samples: Int[np.ndarray, " step"]
    levels: tuple[float, ...]
    quantiles: Float[np.ndarray, "level step"]
    mean: Float[np.ndarray, " step"]
    standard_error: Float[np.ndarray, " step"]
    misleading: Float[np.ndarray, " step"]


def fan(
    totals: Float[np.ndarray, "run sample"],
    *,
    levels: Sequence[float] = LEVELS,
    points: int = 50,
) -> Fan:
    """Sum up many runs by quantiles, at numbers of samples that are evenly spread.

    Args:
        totals: Total evidence after each sample of each run.
        levels: Which quantiles, rising.
        points: At how many numbers of samples, at most.
    """
    runs, count = totals.shape
    chosen = np.unique(np.linspace(0, count - 1, min(points, count)).round().astype(int))
    columns = np.ascontiguousarray(totals[:, chosen].T)
    columns.sort(axis=1)
    ranks = np.array(levels) * (runs - 1)
    low = np.floor(ranks).astype(int)
    high = np.ceil(ranks).astype(int)
    with np.errstate(invalid="ignore"):
        between = columns[:, low] + (ranks - low) * (columns[:, high] - columns[:, low])
        quantiles = np.where(columns[:, low] == columns[:, high], columns[:, low], between)
        mean = columns.mean(1)
        error = columns.std(1, ddof=1 if runs > 1 else 0) / math.sqrt(runs)
    quantiles = np.where(np.isnan(quantiles), columns[:, low], quantiles)
    return Fan(
        chosen + 1,
        tuple(levels),
        quantiles.T,
        mean,
        np.where(np.isfinite(error), error, 0.0),
        (columns < 0).mean(1),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """When each run first reached a threshold.

    Attributes:
        threshold: In nats.
        limit: Samples after which a run was given up.
        times: Number of samples at which each run stopped; 0 for one that was given up.
        is_right: Whether it stopped in favour of P.
    """

    threshold: float
    limit: int
    times: Int[np.ndarray, " run"]
    is_right: Bool[np.ndarray, " run"]

    @property
    def finished(self) -> float:
        """Share of runs that have stopped."""
        return float((self.times > 0).mean())

    @property
    def wrong(self) -> float:
        """Share of runs that stopped in favour of Q."""
        return float(((self.times > 0) & ~self.is_right).mean())

    @property
    def mean(self) -> float:
        """Mean number of samples of those that have stopped; NaN if none has."""
        stopped = self.times[self.times > 0]
        return float(stopped.mean()) if len(stopped) else math.nan


def race(
    totals: Float[np.ndarray, "run sample"], threshold: float, *, is_two_sided: bool = False
) -> Race:
    """When the evidence of each run first came to the threshold, as 20:1 or 13 dB.

    Args:
        totals: Total evidence after each sample of each run.
        threshold: In nats; positive.
        is_two_sided: Whether as much evidence for Q stops a run as well.
    """
    if not 0 < threshold < math.inf:
        raise ValueError(f"`threshold` must be positive and finite, got {threshold}.")
    reached = totals >= threshold
    over = reached | (totals <= -threshold) if is_two_sided else reached
    first = over.argmax(1)
    rows = np.arange(len(totals))
    has_stopped = over[rows, first]
    times = np.where(has_stopped, first + 1, 0)
    return Race(threshold, totals.shape[1], times, has_stopped & reached[rows, first])


@dataclass(frozen=True, slots=True)
class Wald:
    """Wald's approximation to the time of a race, a law that is called inverse Gaussian.

    Attributes:
        mean: Samples that a run takes on average: threshold over KL.
        shape: Threshold squared over the variance of one weight; the larger, the narrower.
    """

    mean: float
    shape: float

    @property
    def standard_deviation(self) -> float:
        """Of the number of samples."""
        return math.sqrt(self.mean**3 / self.shape)

    def density(self, time: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Density of the stopping time, per sample."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            exponent = -self.shape * (time - self.mean) ** 2 / (2 * self.mean**2 * time)
            density = np.sqrt(self.shape / (2 * math.pi * time**3)) * np.exp(exponent)
        return np.where(time > 0, density, 0.0)

    def reached(self, time: float) -> float:
        """Chance that a run has stopped by then."""
        if time <= 0:
            return 0.0
        root, share = math.sqrt(self.shape / time), time / self.mean
        # Both factors may be far from one, their product is not.
        late = 2 * self.shape / self.mean + _log_normal_tail(root * (share + 1))
        return min(1.0, _normal(root * (share - 1)) + math.exp(min(0.0, late)))


def wald(threshold: float, kl: float, variance: float) -> Wald:
    """Wald's approximation to the race of P against one threshold.

    Args:
        threshold: In nats; positive.
        kl: Mean weight of a sample from P, KL[p; q]; positive.
        variance: Variance of that weight; positive.

    Example:
        >>> wald(3.0, 0.5, 1.0).mean
        6.0
    """
    for name, value in (("threshold", threshold), ("kl", kl), ("variance", variance)):
        if not 0 < value < math.inf:
            raise ValueError(f"`{name}` must be positive and finite, got {value}.")
    return Wald(threshold / kl, threshold**2 / variance)


def wald_two_sided(threshold: float, kl: float) -> tuple[float, float]:
    r"""Wald's approximations where evidence for Q stops a run as well, at the same threshold.

    Returns:
        Chance that a run from P stops in favour of Q, $1/(1 + e^t)$, and mean number of samples,
        $t \tanh(t/2) / \mathrm{KL}$.
    """
    if not 0 < threshold < math.inf or not 0 < kl < math.inf:
        raise ValueError(
            f"`threshold` and `kl` must be positive and finite, got {threshold} and {kl}."
        )
    return 1 / (1 + math.exp(min(threshold, 700.0))), threshold * math.tanh(threshold / 2) / kl


@dataclass(frozen=True, slots=True)
class Misled:
    """How often runs from P spoke for Q by some amount.

    Attributes:
        at_the_end: Share of runs whose last total is so low.
        ever: Share of runs in which some total was so low.
        runs: How many runs there were.
    """

    at_the_end: float
    ever: float
    runs: int

    def standard_error(self, chance: float) -> float:
        """Binomial standard error of a share of these runs, if its chance is this one."""
        return math.sqrt(chance * (1 - chance) / self.runs)


def misled(
    totals: Float[np.ndarray, "run sample"], thresholds: Float[np.ndarray, " threshold"]
) -> tuple[Misled, ...]:
    """How often the total fell to minus each threshold: the bound is exp(-threshold)."""
    last, lowest = np.sort(totals[:, -1]), np.sort(totals.min(1))
    runs = len(totals)
    return tuple(
        Misled(
            float(np.searchsorted(last, -t, side="right")) / runs,
            float(np.searchsorted(lowest, -t, side="right")) / runs,
            runs,
        )
        for t in thresholds
    )


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _log_normal_tail(z: float) -> float:
    """Logarithm of the chance that a standard Gaussian lies above z, for z of any size."""
    if z < 25:
        return math.log(0.5 * math.erfc(z / math.sqrt(2)))
    square = 1 / (z * z)
    series = 1 - square * (1 - 3 * square * (1 - 5 * square))
    return -0.5 * z * z - math.log(z) - 0.5 * math.log(2 * math.pi) + math.log(series)
