r"""Where the mass of a Gaussian is: the law of the radius of $N(0, I_d)$, the chi law, exactly.

$$p(r) = \frac{r^{d-1} e^{-r^2/2}}{2^{d/2-1}\,\Gamma(d/2)}, \qquad
  \Pr(R \le r) = P\Bigl(\frac d2, \frac{r^2}2\Bigr)$$

with the regularised incomplete gamma function. Probabilities are kept as natural logarithms, from
one side and from the other, so that neither tail is lost: what a radius of a thousandth has in ten
thousand dimensions is far below the smallest double.

References:
    Lecture, "Why this is hard in practice" [0:25-0:30].
    Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1, chapter 18.
    Press et al., Numerical Recipes, section 6.2: the series and the continued fraction.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.divergence import surplus

__all__ = [
    "MOST_DIMENSIONS",
    "Mass",
    "advantage",
    "central_interval",
    "log_density",
    "log_gaussian",
    "log_volume",
    "mean",
    "mode",
    "radius_of_mass",
    "std",
    "width_of_mass",
    "within_radius",
    "within_shell",
]

MOST_DIMENSIONS = 10_000
"""The most dimensions that are tested, and shown."""

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_NARROW = 0.5
"""Half-width of a shell up to which its mass is integrated: beyond it is what the rest leaves."""
_SHORTEST = -700.0
"""Logarithm of the shortest length that is looked at."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


@dataclass(frozen=True, slots=True)
class Mass:
    """A probability by its logarithm, and by that of the rest, so that neither is rounded away.

    Attributes:
        log_inside: Natural logarithm of the probability.
        log_outside: The same of what is missing from one.
    """

    log_inside: float
    log_outside: float

    @property
    def log_odds(self) -> float:
        """Log-odds of the probability in nats: one number with the digits of both sides."""
        return self.log_inside - self.log_outside


# -- Density, volume, and their product -------------------------------------------------------


def log_gaussian(r: Float[np.ndarray, "*point"], d: int) -> Float[np.ndarray, "*point"]:
    """Log-density of N(0, I) at a point of this radius, in nats: highest in the middle.

    Args:
        r: Radii.
        d: Dimensions.
    """
    _checked(d)
    return -0.5 * r * r - d * _HALF_LOG_2_PI


def log_volume(r: Float[np.ndarray, "*point"], d: int) -> Float[np.ndarray, "*point"]:
    """Log of the surface of the sphere of this radius: how much room a thin shell has.

    It grows as r^(d-1): a power of the radius, and exponential only in the dimensions.

    Args:
        r: Radii above 0, or 0.
        d: Dimensions.
    """
    _checked(d)
    unit = math.log(2) + d / 2 * math.log(math.pi) - math.lgamma(d / 2)
    return unit + _power(r, d)


def log_density(r: Float[np.ndarray, "*point"], d: int) -> Float[np.ndarray, "*point"]:
    """Log-density of the radius, in nats: density of the points times room for them.

    Args:
        r: Radii, 0 or above.
        d: Dimensions.

    Example:
        >>> log_density(np.array([1.0]), 2).round(4).tolist()
        [-0.5]
    """
    _checked(d)
    constant = (d / 2 - 1) * math.log(2) + math.lgamma(d / 2)
    if d < 40:
        return _power(r, d) - 0.5 * r * r - constant
    # Around the shell thousands would be subtracted from thousands; the surplus has their digits.
    share = r * r / d
    with np.errstate(divide="ignore", invalid="ignore"):  # each where the other is taken
        logs = np.log(r) - 0.5 * math.log(d)
        near = -0.5 * d * surplus(share - 1) - logs
        far = -0.5 * d * (share - 1) + (d - 1) * logs
    found = np.where(np.abs(share - 1) < 0.5, near, far)
    return found - _HALF_LOG_2_PI + 0.5 * math.log(2) - _stirling(d / 2)


def _power(r: Float[np.ndarray, "*point"], d: int) -> Float[np.ndarray, "*point"]:
    """(d - 1) log r, which is 0 for one dimension even in the middle."""
    with np.errstate(divide="ignore"):
        return (d - 1) * np.log(r) if d > 1 else np.zeros_like(r)


def mode(d: int) -> float:
    """The radius with the most mass around it, sqrt(d - 1)."""
    return math.sqrt(_checked(d) - 1)


def advantage(d: int) -> float:
    """Nats by which the density in the middle beats that at radius sqrt(d): d/2."""
    return _checked(d) / 2


# -- Mean, spread -----------------------------------------------------------------------------


def std(d: int) -> float:
    r"""Standard deviation of the radius: 0.7 in any but the first few dimensions.

    Args:
        d: Dimensions.

    Notes:
        The mean square is d, and d minus the squared mean loses its digits. Brouncker's continued
        fraction is the difference itself: with $x = 2d - 1$,

        $$2\,\mathrm{mean}^2 = x + \cfrac{1^2}{2x + \cfrac{3^2}{2x + \cfrac{5^2}{2x + \dots}}}.$$

    References:
        Perron, Die Lehre von den Kettenbrüchen, paragraph 7: Brouncker's fraction.

    Example:
        >>> round(std(784), 4)
        0.707
    """
    if _checked(d) < 40:
        return math.sqrt(d - mean(d) ** 2)
    return math.sqrt((1 - _brouncker(2.0 * d - 1)) / 2)


def mean(d: int) -> float:
    """Mean of the radius, just below sqrt(d).

    Args:
        d: Dimensions.

    Example:
        >>> [round(mean(d), 4) for d in (2, 10, 100, 784)]
        [1.2533, 3.0843, 9.975, 27.9911]
    """
    if _checked(d) < 40:
        return math.sqrt(2) * math.exp(math.lgamma((d + 1) / 2) - math.lgamma(d / 2))
    return math.sqrt(d - 0.5 + _brouncker(2.0 * d - 1) / 2)


def _brouncker(x: float) -> float:
    """The fraction that follows x, for x of 40 and more, where twenty levels are plenty."""
    tail = 2 * x
    for odd in range(39, 1, -2):
        tail = 2 * x + odd * odd / tail
    return 1 / tail


# -- Mass within ------------------------------------------------------------------------------


def within_radius(r: float, d: int) -> Mass:
    """How much of N(0, I) lies within a radius of the middle.

    Args:
        r: The radius, above 0, down to the smallest double.
        d: Dimensions.

    Raises:
        ValueError: If the radius is no positive number.

    Example:
        >>> round(within_radius(1.0, 784).log_inside / math.log(10), 2)
        -966.24
    """
    if not 0 < r < math.inf:
        raise ValueError(f"`r` must be a finite number above 0, got {r:g}.")
    a, log_x = _checked(d) / 2, 2 * math.log(r) - math.log(2)
    if log_x > 300:
        return Mass(0.0, -math.inf)
    x = math.exp(log_x) if r < 1e-100 else r * r / 2
    if x < a + 1:
        inside = min(0.0, _log_term(a, x, log_x) + math.log(_series(a, x)))
        return Mass(inside, _rest(inside))
    outside = _log_term(a, x, log_x) + math.log(a) + math.log(_fraction(a, x))
    return Mass(_rest(min(0.0, outside)), min(0.0, outside))


def _log_term(a: float, x: float, log_x: float) -> float:
    """Log of x^a exp(-x) / Gamma(a + 1), with all its digits near x = a."""
    if a < 20:
        return a * log_x - x - math.lgamma(a + 1)
    e = (x - a) / a
    off = float(surplus(np.array(e))) if abs(e) < 0.5 else e - log_x + math.log(a)
    return -a * off - _HALF_LOG_2_PI - 0.5 * math.log(a) - _stirling(a)


def _stirling(a: float) -> float:
    """What log Gamma(a) is above (a - 1/2) log a - a + log(2 pi)/2, for a of 20 and more."""
    u = 1 / (a * a)
    return (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u / 1188)))) / a


def _series(a: float, x: float) -> float:
    """Sum of 1 + x/(a+1) + x^2/((a+1)(a+2)) + ..., all of it positive, for x below a + 1."""
    total = term = 1.0
    n = a
    while term > 1e-17 * total:
        n += 1
        term *= x / n
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    """The continued fraction of Gamma(a, x) over x^a exp(-x), for x above a, after Lentz."""
    b = x + 1 - a
    c, d = math.inf, 1 / b
    value = d
    for i in range(1, 100_000):
        an, b = -i * (i - a), b + 2
        d = 1 / (an * d + b)
        c = b + an / c
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


def _rest(log_share: float) -> float:
    """Log of 1 - exp(log_share), for a share from 0 to 1."""
    if log_share >= 0:
        return -math.inf
    if log_share > -0.7:
        return math.log(-math.expm1(log_share))
    return math.log1p(-math.exp(log_share))


def within_shell(eps: float, d: int) -> Mass:
    """How much lies within eps of the shell of radius sqrt(d): erf(eps) where d is large.

    Args:
        eps: Half the thickness, above 0.
        d: Dimensions.

    Raises:
        ValueError: If it is no positive number.

    Notes:
        A thin shell is integrated relative to the density in its middle, so that its mass keeps
        its digits however small it is.

    Example:
        >>> round(math.exp(within_shell(1.0, 10_000).log_inside), 4), round(math.erf(1), 4)
        (0.8427, 0.8427)
    """
    if not 0 < eps < math.inf:
        raise ValueError(f"`eps` must be a finite number above 0, got {eps:g}.")
    middle = math.sqrt(_checked(d))
    if eps <= _NARROW:
        at = float(log_density(np.array([middle]), d)[0])
        ratios = np.exp(log_density(middle + eps * _NODES, d) - at)
        inside = at + math.log(eps) + math.log(float(_WEIGHTS @ ratios))
        return Mass(inside, _rest(inside))
    outside = within_radius(middle + eps, d).log_outside
    if eps < middle:
        outside = float(np.logaddexp(outside, within_radius(middle - eps, d).log_inside))
    return Mass(_rest(outside), outside)


# -- And the other way round ------------------------------------------------------------------


def radius_of_mass(log_odds: float, d: int) -> float:
    """The radius within which a given share of the mass lies.

    Args:
        log_odds: Log-odds of the share in nats, finite: so that neither side is rounded away.
        d: Dimensions.

    Raises:
        ValueError: If they are not finite, or the radius would be below the smallest double.

    Example:
        >>> round(radius_of_mass(math.log(0.975 / 0.025), 784), 2)
        29.39
    """
    return _where(lambda r: within_radius(r, d), log_odds, math.sqrt(_checked(d)))


def width_of_mass(log_odds: float, d: int) -> float:
    """Half the thickness of the shell around sqrt(d) in which a given share of the mass lies.

    Args:
        log_odds: Log-odds of the share in nats, finite.
        d: Dimensions.

    Raises:
        ValueError: As `radius_of_mass` does.
    """
    return _where(lambda eps: within_shell(eps, d), log_odds, 1.0)


def central_interval(d: int, share: float = 0.95) -> tuple[float, float]:
    """The radii between which so much of the mass lies, with as much below as above.

    Args:
        d: Dimensions.
        share: From 0 to 1, both excluded.

    Example:
        >>> [round(radius, 2) for radius in central_interval(784)]
        [26.61, 29.39]
    """
    log_odds = math.log((1 + share) / (1 - share))
    return radius_of_mass(-log_odds, d), radius_of_mass(log_odds, d)


def _where(mass: Callable[[float], Mass], log_odds: float, start: float) -> float:
    """Where a mass that grows reaches a value: by halving on a logarithmic scale."""
    if not math.isfinite(log_odds):
        raise ValueError(f"`log_odds` must be finite, got {log_odds:g}.")

    def falls_short(at: float) -> bool:
        return mass(math.exp(at)).log_odds < log_odds

    low = high = math.log(start)
    step = 0.5
    while not falls_short(low):
        if low == _SHORTEST:
            raise ValueError("`log_odds` must be those of a length of 1e-304 or more, got fewer.")
        low = max(_SHORTEST, low - step)
        step *= 2
    step = 0.5
    while falls_short(high):
        high += step
        step *= 2
    while high - low > 4e-16 * max(1.0, abs(low)):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if falls_short(middle) else (low, middle)
    return math.exp((low + high) / 2)


def _checked(d: int) -> int:
    if not 1 <= d <= MOST_DIMENSIONS:
        raise ValueError(f"`d` must be from 1 to {MOST_DIMENSIONS:,} dimensions, got {d}.")
    return d
