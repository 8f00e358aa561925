r"""How rare it is that random pixels land near any image of a data set: the needle's share.

"Near" is within a distance $t$ of one of $n$ images. The chance of that is at most the sum of the
chances of the $n$ balls (union bound), and those are exact: a ball's volume for uniform pixels,
the noncentral chi-square law for Gaussian ones. All as natural logarithms.

References:
    Lecture, "Why this is hard in practice" [0:25-0:30].
    Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 2, chapter 29.
"""

import math

import numpy as np
from jaxtyping import Float

from core import shells

__all__ = ["gaussian_near", "log_ball", "uniform_near"]

_BINS = 48


def log_ball(t: float, d: int) -> float:
    """Log of the volume of a ball of radius t in d dimensions."""
    return d / 2 * math.log(math.pi) + d * math.log(t) - math.lgamma(d / 2 + 1)


def uniform_near(t: Float[np.ndarray, " distance"], d: int, count: int) -> np.ndarray:
    """Upper bound of the log-chance that pixels uniform from 0 to 1 are near one of the images.

    Args:
        t: Distances that count as near, above 0.
        d: Pixels.
        count: Images.

    Returns:
        A bound for each distance: parts of balls outside the cube are counted as if inside.
    """
    logs = [log_ball(float(each), d) + math.log(count) for each in t]
    return np.minimum(0.0, np.array(logs))


def gaussian_near(
    t: Float[np.ndarray, " distance"],
    images: Float[np.ndarray, "image data"],
    mean: Float[np.ndarray, " data"],
    scale: float,
) -> np.ndarray:
    r"""Upper bound of the log-chance that Gaussian pixels are near one of the images.

    Args:
        t: Distances that count as near, above 0.
        images: The images.
        mean: Mean of each pixel.
        scale: Standard deviation of all pixels.

    Returns:
        A bound for each distance.

    Notes:
        The squared distance from an image, over the variance, is noncentral chi-square: central
        ones with $d + 2j$ degrees of freedom, mixed by a Poisson law of $j$ whose mean grows with
        the image's own distance from `mean`. Images are put into bins by that distance, and each
        counts as the nearest of its bin, which makes it likelier.
    """
    d = images.shape[1]
    means = np.square((images - mean) / scale).sum(axis=1) / 2
    edges = np.linspace(means.min(), means.max(), _BINS + 1)[:-1]
    counts = np.bincount(np.searchsorted(edges, means, side="right") - 1, minlength=_BINS)
    rates, weights = edges[counts > 0], np.log(counts[counts > 0])
    most = int(means.max() + 12 * math.sqrt(means.max() + 1) + 20)
    mixed = _log_poisson(rates, most)
    found = []
    for each in t:
        inside = _log_chi_squares(float(each) / scale, d, most)
        per_bin = np.logaddexp.reduce(mixed + inside, axis=1)
        found.append(float(np.logaddexp.reduce(per_bin + weights)))
    return np.minimum(0.0, np.array(found))


def _log_poisson(means: np.ndarray, most: int) -> np.ndarray:
    """Log-chances of 0 to `most` under Poisson laws, one a row."""
    j = np.arange(most + 1)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(j[1:]))])
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.where(j == 0, 0.0, j * np.log(means[:, None]))
    return powers - means[:, None] - factorials


def _log_chi_squares(r: float, d: int, most: int) -> np.ndarray:
    """Log-chances of radii below r in d, d + 2, ..., d + 2 `most` dimensions.

    From the last on downwards each is the next one and a positive term more.
    """
    log_x = math.log(r * r / 2)
    a = d / 2 + np.arange(most)
    logs = np.concatenate([[math.lgamma(d / 2 + 1)], np.log(a[1:])]) if most else np.zeros(0)
    terms = a * log_x - r * r / 2 - np.cumsum(logs)
    last = shells.within_radius(r, d + 2 * most).log_inside
    return np.logaddexp.accumulate(np.concatenate([[last], terms[::-1]]))[::-1]
