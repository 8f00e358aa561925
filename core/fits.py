r"""One Gaussian fitted to a mixture of Gaussians, by either divergence.

KL[p; q], under the mixture, asks the Gaussian to be wherever the mixture is: it *covers*.
KL[q; p], under the Gaussian, asks it to be nowhere that the mixture is not: it *seeks* one part.

References:
    Lecture, "KL = expected weight of evidence" [0:05-0:20].
    Bishop, Pattern Recognition and Machine Learning (2006), section 10.1.2.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.densities import Mixture, Normal, kl_divergence

__all__ = ["Fits", "covering_fit", "fit_both", "seeking_fits"]

# The standard Gaussian as a fine table: the trapezoid rule is exact to rounding for it.
_Z = np.linspace(-9, 9, 721)
_MASS = np.exp(-0.5 * _Z**2)
_MASS /= _MASS.sum()
_MOST_STEPS = 100
_STILL = 1e-11


@dataclass(frozen=True, slots=True)
class Fits:
    """The two fits, each with both divergences in nats.

    Attributes:
        covering: Lowest KL[mixture; Gaussian].
        seeking: Lowest KL[Gaussian; mixture].
        local: Other Gaussians from which every small step is worse, by KL[Gaussian; mixture].
        forward: KL[mixture; Gaussian] of the covering fit, then of the seeking one.
        reverse: KL[Gaussian; mixture] of the covering fit, then of the seeking one.
    """

    covering: Normal
    seeking: Normal
    local: tuple[Normal, ...]
    forward: tuple[float, float]
    reverse: tuple[float, float]


def covering_fit(mixture: Mixture) -> Normal:
    """The Gaussian with the lowest KL[mixture; Gaussian]: the one with its mean and variance.

    Example:
        >>> parts = (Normal(-2.0, 1.0), Normal(2.0, 1.0))
        >>> fit = covering_fit(Mixture(parts, (0.5, 0.5)))
        >>> fit.mean, round(fit.scale**2, 12)
        (0.0, 5.0)
    """
    parts = _gaussians(mixture)
    shares = np.array(mixture.shares)
    means, scales = (np.array([getattr(part, name) for part in parts]) for name in _FIELDS)
    mean = float(shares @ means)
    variance = float(shares @ (scales**2 + (means - mean) ** 2))
    return Normal(mean, math.sqrt(variance))


def seeking_fits(mixture: Mixture) -> tuple[Normal, ...]:
    """Every Gaussian found from which small steps raise KL[Gaussian; mixture], the best first.

    The search starts at each part and at the covering fit.
    """
    starts = (*_gaussians(mixture), covering_fit(mixture))
    found: list[tuple[float, Normal]] = []
    for start in starts:
        fit = _descended(mixture, start)
        is_new = all(
            abs(fit.mean - other.mean) > 1e-5 * fit.scale
            or abs(math.log(fit.scale / other.scale)) > 1e-5
            for _, other in found
        )
        if is_new:
            found.append((_reverse(mixture, fit), fit))
    return tuple(fit for _, fit in sorted(found, key=lambda pair: pair[0]))


def fit_both(mixture: Mixture) -> Fits:
    """Fit one Gaussian to a mixture of Gaussians by either divergence."""
    covering = covering_fit(mixture)
    seeking, *others = seeking_fits(mixture)
    both = (covering, seeking)
    forward = [kl_divergence(mixture, fit).value for fit in both]
    reverse = [kl_divergence(fit, mixture).value for fit in both]
    return Fits(
        covering, seeking, tuple(others), (forward[0], forward[1]), (reverse[0], reverse[1])
    )


_FIELDS = ("mean", "scale")


def _gaussians(mixture: Mixture) -> tuple[Normal, ...]:
    parts = tuple(part for part in mixture.parts if isinstance(part, Normal))
    if len(parts) != len(mixture.parts):
        raise ValueError("`mixture` must be of Gaussians only.")
    return parts


def _reverse(mixture: Mixture, fit: Normal) -> float:
    """KL[Gaussian; mixture], up to the constant of the Gaussian's shape."""
    log_q = mixture.log_density(fit.mean + fit.scale * _Z)
    return -math.log(fit.scale) - float(_MASS @ log_q)


def _descended(mixture: Mixture, start: Normal) -> Normal:
    """Newton's method in mean and log scale; a plain step down where the surface is no bowl."""
    fit, value = start, _reverse(mixture, start)
    for _ in range(_MOST_STEPS):
        gradient, curvature = _slopes(mixture, fit)
        lowest, directions = np.linalg.eigh(curvature)
        step = -directions @ ((directions.T @ gradient) / np.maximum(np.abs(lowest), 1e-3))
        if float(np.abs(step).max()) < _STILL:
            break
        length = 1.0 / max(1.0, float(np.abs(step).max()))
        rounding = 1e-14 * max(1.0, abs(value))
        while length > 1e-12:
            move = length * step
            there = Normal(fit.mean + fit.scale * float(move[0]), fit.scale * math.exp(move[1]))
            lower = _reverse(mixture, there)
            if lower <= value + rounding:
                break
            length /= 2
        else:
            break
        is_done = value - lower <= rounding and length == 1.0
        fit, value = there, lower
        if is_done:
            break
    return fit


def _slopes(mixture: Mixture, fit: Normal) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and second derivatives by mean, counted in scales, and by log scale."""
    x = fit.mean + fit.scale * _Z
    parts = _gaussians(mixture)
    means, scales = (np.array([getattr(part, name) for part in parts]) for name in _FIELDS)
    logs = np.stack([part.log_density(x) for part in parts]) + np.log(mixture.shares)[:, None]
    share = np.exp(logs - np.logaddexp.reduce(logs, axis=0))
    pull = (means[:, None] - x) / scales[:, None] ** 2
    score = (share * pull).sum(0)
    bend = (share * (pull**2 - 1 / scales[:, None] ** 2)).sum(0) - score**2
    score, bend = fit.scale * score, fit.scale**2 * bend
    gradient = -np.array([_MASS @ score, 1 + _MASS @ (score * _Z)])
    cross = _MASS @ (bend * _Z)
    second = _MASS @ (bend * _Z**2 + score * _Z)
    return gradient, -np.array([[_MASS @ bend, cross], [cross, second]])
