"""Integrals by adaptive quadrature, with an estimate of their error.

Intervals are cut in halves where the error is, all of a round at once, so that a few calls of the
integrand with long arrays do all the work.

References:
    Kronrod, Nodes and Weights of Quadrature Formulas (1965); Piessens et al., QUADPACK (1983).
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Integral", "integrate"]

# The 15 nodes of Kronrod on [-1, 1], of which the odd ones are the 7 of Gauss.
_HALF_NODES = (
    *(0.991455371120812639206854697526, 0.949107912342758524526189684048),
    *(0.864864423359769072789712788641, 0.741531185599394439863864773281),
    *(0.586087235467691130294144691694, 0.405845151377397166906606412077),
    0.207784955007898467600689403773,
)
_HALF_WEIGHTS = (
    *(0.022935322010529224963732008059, 0.063092092629978553290700663189),
    *(0.104790010322250183839876322542, 0.140653259715525918745189590510),
    *(0.169004726639267902826583426599, 0.190350578064785409913256402421),
    0.204432940075298892414161999235,
)
_HALF_GAUSS = (0.129484966168869693270611432679, 0.279705391489276667901467771424)
_HALF_GAUSS += (0.381830050505118944950369775489,)
_NODES = np.array([*(-x for x in _HALF_NODES), 0.0, *_HALF_NODES[::-1]])
_WEIGHTS = np.array([*_HALF_WEIGHTS, 0.209482141084727828012999174892, *_HALF_WEIGHTS[::-1]])
_GAUSS = np.zeros(15)
_GAUSS[1::2] = (*_HALF_GAUSS, 0.417959183673469387755102040816, *_HALF_GAUSS[::-1])

_MOST_ROUNDS = 60
_MOST_INTERVALS = 4000


@dataclass(frozen=True, slots=True)
class Integral:
    """An integral and how far off it may be.

    Attributes:
        value: The integral.
        error: An estimate of its error, on the safe side for integrands that are smooth in parts.
    """

    value: float
    error: float


def integrate(
    function: Callable[[np.ndarray], np.ndarray],
    breaks: Sequence[float],
    *,
    relative: float = 1e-10,
    absolute: float = 1e-15,
) -> Integral:
    """The integral of a function from the first of `breaks` to the last.

    Args:
        function: From an array of places to values of the same shape; never called at a break.
        breaks: Where to cut at first, rising: the ends, kinks and jumps, and where it is narrow.
            The first and the last may be infinite, if there is a finite one between.
        relative: Error to come to, as a share of the integral.
        absolute: Error to come to, where the share is less.

    Returns:
        The integral with the error that was come to. Cutting ends when both are small, or when
        rounding leaves nothing to gain.

    Raises:
        ValueError: If the breaks do not rise, or none of them is finite.

    Example:
        >>> found = integrate(lambda x: np.exp(-x * x), [-math.inf, 0.0, math.inf])
        >>> abs(found.value - math.sqrt(math.pi)) <= found.error < 1e-9
        True
    """
    places = _charted(breaks)
    low = np.array([start for start, _, _ in places])
    high = np.array([end for _, end, _ in places])
    charts = np.array([chart for _, _, chart in places])
    value, error = _rule(function, low, high, charts)
    settled, settled_error = [], []
    for _ in range(_MOST_ROUNDS):
        total = math.fsum([*settled, *value])
        goal = max(absolute, relative * abs(total))
        if not math.isfinite(total) or math.fsum([*settled_error, *error]) <= goal:
            break
        width = high - low
        is_narrow = width <= 1e-13 * (np.abs(low) + np.abs(high)) + 1e-300
        # An interval that has its share of the error to spare is left alone from here on.
        cut = (error > 0.1 * goal / max(8, len(error))) & ~is_narrow
        if not cut.any() or cut.sum() > _MOST_INTERVALS:
            break
        settled += list(value[~cut])
        settled_error += list(error[~cut])
        middle = (low[cut] + high[cut]) / 2
        low, high = np.concatenate([low[cut], middle]), np.concatenate([middle, high[cut]])
        charts = np.concatenate([charts[cut]] * 2)
        value, error = _rule(function, low, high, charts)
    return Integral(math.fsum([*settled, *value]), math.fsum([*settled_error, *error]))


def _charted(breaks: Sequence[float]) -> list[tuple[float, float, tuple[float, float]]]:
    """Intervals, each with how it is charted: (anchor, scale), where scale 0 is no chart at all.

    An infinite one is charted by u in (0, 1), with x = anchor + scale u / (1 - u).
    """
    finite = [place for place in breaks if math.isfinite(place)]
    if not finite or list(breaks) != sorted(set(breaks)):
        raise ValueError(f"`breaks` must rise, with a finite one among them, got {breaks}.")
    reach = max(finite[-1] - finite[0], abs(finite[0]) * 1e-6, 1e-300)
    if len(finite) == 1:
        reach = 1.0
    places = [(low, high, (0.0, 0.0)) for low, high in itertools.pairwise(finite)]
    if breaks[0] == -math.inf:
        places.insert(0, (0.0, 1.0, (finite[0], -reach)))
    if breaks[-1] == math.inf:
        places.append((0.0, 1.0, (finite[-1], reach)))
    return places


def _rule(
    function: Callable[[np.ndarray], np.ndarray],
    low: np.ndarray,
    high: np.ndarray,
    charts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Kronrod's sum on each interval, and how far Gauss's differs from it."""
    half = (high - low) / 2
    u = (low + half)[:, None] + half[:, None] * _NODES
    anchor, scale = charts.T[:, :, None]
    is_charted = scale != 0
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        x = np.where(is_charted, anchor + scale * u / (1 - u), u)
        stretch = np.where(is_charted, np.abs(scale) / (1 - u) ** 2, 1.0)
        values = function(x)
        values = np.where(values == 0, 0.0, values * stretch)  # where x is too far for a number
    kronrod = half * (values @ _WEIGHTS)
    gauss = half * (values @ _GAUSS)
    rounding = 2e-16 * np.abs(half) * (np.abs(values) @ _WEIGHTS)
    return kronrod, np.abs(kronrod - gauss) + rounding
