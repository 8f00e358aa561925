r"""How many dimensions a cloud of points has, from distances to its nearest points.

In $m$ dimensions the number of points within a distance $t$ grows as $t^m$. So the logarithms of
the distances to the $k$ nearest points, relative to the last of them, say what $m$ is.

References:
    Levina & Bickel, Maximum Likelihood Estimation of Intrinsic Dimension (NIPS 2004).
    MacKay & Ghahramani, Comments on that paper (2005): average the inverses.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["Estimate", "intrinsic_dimension", "nearest"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated dimension.

    Attributes:
        dimension: The maximum-likelihood estimate.
        error: Its standard error over the points that were asked, were they independent.
        points: How many they were; those with copies of themselves have been left out.
    """

    dimension: float
    error: float
    points: int


def nearest(
    points: Float[np.ndarray, "point data"], queries: Float[np.ndarray, "query data"], k: int
) -> Float[np.ndarray, "query k"]:
    """Distances from some points to their k nearest among others, the nearest first.

    Args:
        points: The others.
        queries: Those that are asked.
        k: How many neighbours, at most as many as there are points.

    Raises:
        ValueError: If there are fewer points.
    """
    if not 1 <= k <= len(points):
        raise ValueError(f"`k` must be from 1 to {len(points)} neighbours, got {k}.")
    squares = np.einsum("ij,ij->i", points, points)
    found = []
    for start in range(0, len(queries), 256):
        some = queries[start : start + 256]
        far = squares - 2 * some @ points.T
        near = np.argpartition(far, k - 1, axis=1)[:, :k]
        # From differences: a square minus a square loses the digits of what is near.
        exact = np.linalg.norm(points[near] - some[:, None], axis=2)
        found.append(np.sort(exact, axis=1))
    return np.concatenate(found)


def intrinsic_dimension(distances: Float[np.ndarray, "query k"]) -> Estimate:
    r"""The dimension in which distances to nearest points grow as they do here.

    Of each point the mean of $\log T_k/T_j$ over $j < k$ estimates $1/m$; those are averaged
    over points, and corrected by $(k-2)/(k-1)$ as the maximum-likelihood estimate of $m$ is.

    Args:
        distances: From each point to its k nearest others, the nearest first; k is 3 or more.

    Raises:
        ValueError: If there are fewer than 3 neighbours, or two points with distances above 0.
    """
    k = distances.shape[1]
    if k < 3:
        raise ValueError(f"`distances` must be to 3 neighbours or more, got {k}.")
    kept = distances[distances[:, 0] > 0]
    if len(kept) < 2:
        raise ValueError(f"`distances` must be of two points or more, got {len(kept)}.")
    inverses = np.log(kept[:, -1:] / kept[:, :-1]).mean(axis=1)
    average = float(inverses.mean())
    # The mean of n inverses is a Gamma variable of shape n (k - 1): unbiased is one less.
    shape = len(kept) * (k - 1)
    dimension = (shape - 1) / (shape * average)
    spread = float(inverses.std(ddof=1)) / math.sqrt(len(kept))
    return Estimate(dimension, dimension * spread / average, len(kept))
