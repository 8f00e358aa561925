r"""Densities on a line that a reader may choose, and their divergence by quadrature or sampling.

The divergence of any two is the integral of $p \log p/q - p + q$, which is nowhere negative. It is
infinite where P may fall and Q may not, or where the tails of P are too heavy for Q; both are told
from the densities themselves, not from an integral that does not end.

References:
    Lecture, "KL = expected weight of evidence" [0:05-0:20].
"""

import functools
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from core import divergence
from core.quadrature import Integral, integrate

__all__ = [
    "Beta",
    "Density",
    "Divergence",
    "Exponential",
    "Mixture",
    "Normal",
    "Sampled",
    "Student",
    "Uniform",
    "cross_entropy",
    "entropy",
    "integrand",
    "kl_by_quadrature",
    "kl_by_sampling",
    "kl_divergence",
    "mean_weight",
    "unsupported",
    "weight_variance",
]

Interval = tuple[float, float]
_LOG_TWO_PI = math.log(2 * math.pi)


class Density(ABC):
    """A density on a line."""

    @property
    @abstractmethod
    def support(self) -> tuple[Interval, ...]:
        """Where it is positive: intervals that rise and do not touch."""

    @property
    @abstractmethod
    def landmarks(self) -> tuple[float, ...]:
        """Finite places between which it is smooth and, up to the outermost, no surprise."""

    @property
    def tails(self) -> tuple[float, float]:
        """The powers of |x| by which its logarithm falls to the left and to the right.

        Zero for a power law, which falls slower than any; infinity where the support is bounded,
        as here, unless a family says otherwise.
        """
        return math.inf, math.inf

    def has_moment(self, order: float) -> bool:
        """Whether |x| to this power has a finite mean, as it has unless a tail is heavy."""
        return True

    @abstractmethod
    def log_density(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Logarithm of the density, minus infinity outside of the support."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        """Independent draws."""

    @abstractmethod
    def rescaled(self, factor: float) -> "Density":
        """The density of the same thing measured in another unit, `factor` of which make one."""


@dataclass(frozen=True, slots=True)
class Normal(Density):
    """A Gaussian.

    Attributes:
        mean: Its mean.
        scale: Its standard deviation.
    """

    mean: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        _require(mean=self.mean)
        _require(is_positive=True, scale=self.scale)

    @property
    def support(self) -> tuple[Interval, ...]:
        """The whole line."""
        return ((-math.inf, math.inf),)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The mean, and six steps either way."""
        return _around(self.mean, self.scale, (1.0, 3.0, 6.0, 12.0, 40.0))

    @property
    def tails(self) -> tuple[float, float]:
        """It falls with the square."""
        return 2.0, 2.0

    def log_density(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """A parabola."""
        z = (x - self.mean) / self.scale
        return -0.5 * z * z - (math.log(self.scale) + 0.5 * _LOG_TWO_PI)

    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        """Independent draws."""
        return self.mean + self.scale * rng.standard_normal(count)

    def rescaled(self, factor: float) -> "Normal":
        """Mean and scale in the other unit."""
        return Normal(self.mean * factor, self.scale * factor)


@dataclass(frozen=True, slots=True)
class Student(Density):
    """A Student law, whose tails are powers of the distance.

    Attributes:
        mean: Its centre.
        scale: Its scale; the standard deviation is larger, if there is one.
        freedom: Degrees of freedom: 1 is Cauchy's law, many are nearly a Gaussian.
    """

    mean: float = 0.0
    scale: float = 1.0
    freedom: float = 3.0

    def __post_init__(self) -> None:
        _require(mean=self.mean)
        _require(is_positive=True, scale=self.scale, freedom=self.freedom)

    @property
    def support(self) -> tuple[Interval, ...]:
        """The whole line."""
        return ((-math.inf, math.inf),)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The centre, and steps of growing length either way."""
        return _around(self.mean, self.scale, (1.0, 3.0, 10.0, 40.0))

    @property
    def tails(self) -> tuple[float, float]:
        """A power law: its logarithm falls slower than any power."""
        return 0.0, 0.0

    def has_moment(self, order: float) -> bool:
        """Those below its degrees of freedom."""
        return order < self.freedom

    def log_density(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Logarithm of the density."""
        n = self.freedom
        constant = (
            math.lgamma((n + 1) / 2)
            - math.lgamma(n / 2)
            - 0.5 * math.log(n * math.pi)
            - math.log(self.scale)
        )
        z = (x - self.mean) / self.scale
        with np.errstate(over="ignore"):
            fall = np.log(1 + z * z / n)
        if np.isinf(fall).any():  # so far out that the square is no number, but its logarithm is
            far = 2 * np.log(np.maximum(np.abs(z), 1.0)) - math.log(n)
            fall = np.where(np.isinf(fall), far, fall)
        return constant - (n + 1) / 2 * fall

    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        """Independent draws."""
        drawn = (
            rng.standard_cauchy(count)
            if self.freedom == 1
            else rng.standard_t(self.freedom, count)
        )
        return self.mean + self.scale * drawn

    def rescaled(self, factor: float) -> "Student":
        """Centre and scale in the other unit."""
        return Student(self.mean * factor, self.scale * factor, self.freedom)


@dataclass(frozen=True, slots=True)
class Uniform(Density):
    """Equally dense between two ends.

    Attributes:
        low: The lower end.
        high: The upper end.
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        _require(low=self.low, high=self.high)
        if not self.low < self.high:
            raise ValueError(f"`high` must be above `low`, got {self.high} and {self.low}.")

    @property
    def support(self) -> tuple[Interval, ...]:
        """Between the ends."""
        return ((self.low, self.high),)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The ends."""
        return (self.low, self.high)

    def log_density(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """A constant between the ends."""
        is_inside = (x >= self.low) & (x <= self.high)
        return np.where(is_inside, -math.log(self.high - self.low), -math.inf)

    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        """Independent draws."""
        return rng.uniform(self.low, self.high, count)

    def rescaled(self, factor: float) -> "Uniform":
        """The ends in the other unit."""
        return Uniform(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Exponential(Density):
    """Waiting times without memory.

    Attributes:
        rate: One over the mean.
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        _require(is_positive=True, rate=self.rate)

    @property
    def support(self) -> tuple[Interval, ...]:
        """From zero on."""
        return ((0.0, math.inf),)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """Zero, and some multiples of the mean."""
        return (0.0, *(step / self.rate for step in (1.0, 5.0, 20.0, 60.0)))

    @property
    def tails(self) -> tuple[float, float]:
        """It falls with the distance, to the right."""
        return math.inf, 1.0

    def log_density(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """A falling line."""
        return np.where(x >= 0, math.log(self.rate) - self.rate * x, -math.inf)

    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        """Independent draws."""
        return rng.exponential(1 / self.rate, count)

    def rescaled(self, factor: float) -> "Exponential":
        """The rate in the other unit."""
        return Exponential(self.rate / factor)


@dataclass(frozen=True, slots=True)
class Beta(Density):
    """A Beta law: what is known of a coin after tosses, from a uniform start.

    Attributes:
        alpha: First shape: heads seen, plus one.
        beta: Second shape: tails seen, plus one.
        width: Length of the interval it lives on, one in its own unit.
    """

    alpha: float = 1.0
    beta: float = 1.0
    width: float = 1.0

    def __post_init__(self) -> None:
        _require(is_positive=True, alpha=self.alpha, beta=self.beta, width=self.width)

    @property
    def support(self) -> tuple[Interval, ...]:
        """From zero to its width."""
        return ((0.0, self.width),)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The ends, and steps around the mean."""
        total = self.alpha + self.beta
        mean = self.alpha / total
        scale = math.sqrt(mean * (1 - mean) / (total + 1))
        inner = (place for place in _around(mean, scale, (1.0, 4.0, 10.0)) if 0 < place < 1)
        return tuple(place * self.width for place in (0.0, *inner, 1.0))

    def log_density(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Logarithm of the density."""
        a, b = self.alpha, self.beta
        constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - math.log(self.width)
        y = x / self.width
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = constant + _times_log(a - 1, y) + _times_log(b - 1, 1 - y)
        return np.where((y >= 0) & (y <= 1), inside, -math.inf)

    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        """Independent draws."""
        return self.width * rng.beta(self.alpha, self.beta, count)

    def rescaled(self, factor: float) -> "Beta":
        """The same law on a longer interval."""
        return Beta(self.alpha, self.beta, self.width * factor)


@dataclass(frozen=True, slots=True)
class Mixture(Density):
    """One of several densities, drawn by weight.

    Attributes:
        parts: The densities.
        shares: The weight of each, positive, together one.
    """

    parts: tuple[Density, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.parts or len(self.parts) != len(self.shares):
            raise ValueError(
                f"`shares` must be one for each part, got {len(self.shares)} for "
                f"{len(self.parts)} parts."
            )
        _require(is_positive=True, **{f"shares[{i}]": s for i, s in enumerate(self.shares)})
        if abs(math.fsum(self.shares) - 1) > 1e-9:
            raise ValueError(f"`shares` must sum to one, got {math.fsum(self.shares):.12g}.")

    @property
    def support(self) -> tuple[Interval, ...]:
        """Wherever a part may fall."""
        return _union([interval for part in self.parts for interval in part.support])

    @property
    def landmarks(self) -> tuple[float, ...]:
        """Those of all parts."""
        return tuple(sorted({place for part in self.parts for place in part.landmarks}))

    @property
    def tails(self) -> tuple[float, float]:
        """On either side that of the part that falls slowest."""
        left, right = zip(*(part.tails for part in self.parts), strict=True)
        return min(left), min(right)

    def has_moment(self, order: float) -> bool:
        """Those that all parts have."""
        return all(part.has_moment(order) for part in self.parts)

    def log_density(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Logarithm of the weighted sum."""
        terms = [
            math.log(share) + part.log_density(x)
            for part, share in zip(self.parts, self.shares, strict=True)
        ]
        # The largest term apart: several times as fast as adding logarithms pair by pair.
        highest = functools.reduce(np.maximum, terms)
        above = np.where(highest > -math.inf, highest, 0.0)
        with np.errstate(divide="ignore"):
            return above + np.log(sum(np.exp(term - above) for term in terms))

    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, " sample"]:
        """Independent draws."""
        draws = rng.random(count)
        which = np.zeros(count, np.int64)
        for edge in itertools.accumulate(self.shares[:-1]):
            which += draws >= edge
        drawn = np.empty(count)
        for number, part in enumerate(self.parts):
            chosen = np.flatnonzero(which == number)
            drawn[chosen] = part.sample(rng, len(chosen))
        return drawn

    def rescaled(self, factor: float) -> "Mixture":
        """Every part in the other unit."""
        return Mixture(tuple(part.rescaled(factor) for part in self.parts), self.shares)


# -- Divergences ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Divergence:
    """A divergence of two densities, in nats, and how it was found.

    Attributes:
        value: KL[p; q].
        error: How far off it may be: zero to rounding for a closed form.
        method: How it was found; "infinite" where it is.
        place: The interval where P may fall and Q may not, if that is why it is infinite. If it
            is infinite without one, the tails of P are too heavy for those of Q.
    """

    value: float
    error: float
    method: Literal["closed form", "quadrature", "infinite"]
    place: Interval | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """A mean over draws.

    Attributes:
        value: The mean.
        standard_error: Of the mean; infinite for a single draw.
    """

    value: float
    standard_error: float


def kl_divergence(p: Density, q: Density) -> Divergence:
    """Expected weight of evidence for P over Q when P is true, by closed form where there is one.

    Example:
        >>> round(kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0)).value, 12)
        0.5
        >>> kl_divergence(Uniform(0.0, 2.0), Uniform(0.0, 1.0)).place
        (1.0, 2.0)
    """
    match p, q:
        case Normal(), Normal():
            value = divergence.gaussian_kl(p.mean, p.scale, q.mean, q.scale)
        case Exponential(), Exponential():
            value = divergence.exponential_kl(p.rate, q.rate)
        case Beta(width=one), Beta(width=other) if one == other:
            value = divergence.beta_kl((p.alpha, p.beta), (q.alpha, q.beta))
        case _:
            return kl_by_quadrature(p, q)
    return Divergence(value, 0.0, "closed form")


def kl_by_quadrature(p: Density, q: Density) -> Divergence:
    """The same by integration, for any two densities, with an estimate of the error."""
    forbidden = unsupported(p, q)
    if forbidden:
        return Divergence(math.inf, 0.0, "infinite", forbidden[0])
    if _is_too_heavy(p, q):
        return Divergence(math.inf, 0.0, "infinite")
    found = _integral(lambda x: _excess(p, q, x), p, q)
    return Divergence(max(0.0, found.value), found.error, "quadrature")


def kl_by_sampling(p: Density, q: Density, rng: np.random.Generator, count: int) -> Sampled:
    """The same as a mean over draws from P: what a reader who only has samples can do.

    Raises:
        ValueError: If there is no draw.
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}.")
    x = p.sample(rng, count)
    return mean_weight(p.log_density(x) - q.log_density(x))


def mean_weight(drawn: Float[np.ndarray, " sample"]) -> Sampled:
    """The mean of some weights of evidence that were drawn: it estimates a divergence.

    Infinite once a draw was impossible for Q.

    Example:
        >>> mean_weight(np.array([1.0, 3.0]))
        Sampled(value=2.0, standard_error=1.0)
    """
    if not np.isfinite(drawn).all():
        return Sampled(math.inf, 0.0)
    count = len(drawn)
    spread = float(drawn.std(ddof=1)) if count > 1 else math.inf
    return Sampled(float(drawn.mean()), spread / math.sqrt(count))


def entropy(p: Density) -> Integral:
    """Differential entropy in nats. It depends on the unit of length, and may be negative.

    Example:
        >>> round(entropy(Uniform(0.0, 0.5)).value, 9) == round(-math.log(2), 9)
        True
    """
    return cross_entropy(p, p)


def cross_entropy(p: Density, q: Density) -> Integral:
    r"""$\langle-\log q(x)\rangle$ under P, in nats: entropy of P plus KL[p; q]."""
    if unsupported(p, q) or _is_too_heavy(p, q):
        return Integral(math.inf, 0.0)

    def surprise(x: np.ndarray) -> np.ndarray:
        density = np.exp(p.log_density(x))
        return np.where(density > 0, -density * np.where(density > 0, q.log_density(x), 0.0), 0.0)

    return _integral(surprise, p, q)


def weight_variance(p: Density, q: Density) -> Integral:
    """Variance of the weight of evidence of one draw from P, in nats squared.

    How far single runs stray from the mean slope of their evidence. Infinite where the divergence
    is, or where the tails of P are too heavy for the square.

    Example:
        >>> round(weight_variance(Normal(1.0, 1.0), Normal(0.0, 1.0)).value, 9)
        1.0
    """
    mean = kl_divergence(p, q).value
    if math.isinf(mean) or _is_too_heavy(p, q, power=2):
        return Integral(math.inf, 0.0)

    def square(x: np.ndarray) -> np.ndarray:
        log_p = p.log_density(x)
        density = np.exp(log_p)
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(density > 0, density * (log_p - q.log_density(x) - mean) ** 2, 0.0)

    return _integral(square, p, q)


def integrand(
    p: Density, q: Density, x: Float[np.ndarray, " place"]
) -> Float[np.ndarray, " place"]:
    """What is integrated, p log p/q at each place: it may be negative, though its integral is not.

    Zero where P does not fall, infinite where P falls and Q does not.
    """
    log_p, log_q = p.log_density(x), q.log_density(x)
    is_possible = log_p > -math.inf
    with np.errstate(invalid="ignore"):
        return np.where(is_possible, np.exp(log_p) * (log_p - log_q), 0.0)


def unsupported(p: Density, q: Density) -> tuple[Interval, ...]:
    """Where P may fall and Q may not, as intervals: what makes KL[p; q] infinite.

    Example:
        >>> unsupported(Normal(), Uniform(-1.0, 1.0))
        ((-inf, -1.0), (1.0, inf))
    """
    left = list(p.support)
    for low, high in q.support:
        pieces = []
        for start, end in left:
            pieces += [(start, min(end, low)), (max(start, high), end)]
        left = [(start, end) for start, end in pieces if start < end]
    return tuple(left)


def _excess(p: Density, q: Density, x: np.ndarray) -> np.ndarray:
    """The terms p log p/q - p + q of the integral: none of them is negative."""
    log_p, log_q = p.log_density(x), q.log_density(x)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        weight = np.where(log_p > -math.inf, log_p - log_q, 0.0)
        here, there = np.exp(log_p), np.exp(log_q)
        small = np.clip(weight, -1.0, 1.0)
        near = here * divergence.surplus(np.expm1(-small))
        far = np.where(here > 0, here * (weight - 1), 0.0) + there
    return np.where(np.abs(weight) < 1, np.where(log_p > -math.inf, near, there), far)


def _integral(function: Callable[[np.ndarray], np.ndarray], p: Density, q: Density) -> Integral:
    """The integral over wherever P or Q may fall."""
    supports = (*p.support, *q.support)
    inner = {*p.landmarks, *q.landmarks, *itertools.chain(*supports)}
    found = [
        integrate(function, sorted({low, high, *(x for x in inner if low < x < high)}))
        for low, high in _union(supports)
    ]
    return Integral(
        math.fsum(part.value for part in found), math.fsum(part.error for part in found)
    )


def _is_too_heavy(p: Density, q: Density, power: int = 1) -> bool:
    """Whether P falls so far out, so often, that what Q thinks of it, to a power, has no mean."""
    sides = zip(p.tails, q.tails, strict=True)
    return any(own < math.inf and not p.has_moment(power * other) for own, other in sides)


def _union(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    joined: list[Interval] = []
    for low, high in sorted(intervals):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def _around(centre: float, scale: float, steps: Sequence[float]) -> tuple[float, ...]:
    below = [centre - step * scale for step in reversed(steps)]
    return (*below, centre, *(centre + step * scale for step in steps))


def _times_log(factor: float, x: np.ndarray) -> np.ndarray:
    """A multiple of a logarithm, where nothing times minus infinity is nothing."""
    return factor * np.log(x) if factor else np.zeros_like(x)


def _require(*, is_positive: bool = False, **values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value) or (is_positive and value <= 0):
            kind = "positive and finite" if is_positive else "finite"
            raise ValueError(f"`{name}` must be {kind}, got {value}.")
