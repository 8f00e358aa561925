"""What the page on KL divergence lets a reader choose, and the form in which every view answers.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from core import notation
from core.densities import Density
from core.evidence import Unit, log_chance
from core.lessons.panels import Table
from core.lessons.weight_of_evidence import ENDLESS, FAMILIES, UNITS

__all__ = [
    "DRAWS",
    "ENDS",
    "HORIZONS",
    "LAST_DRAW",
    "MEANS",
    "MEASURES",
    "MOST_DIMENSIONS",
    "MOST_FLIPS",
    "MOST_OUTCOMES",
    "PAIRS",
    "SCALES",
    "UNTOUCHED",
    "VIEWS",
    "WORLDS",
    "Choices",
    "Shown",
    "both_chances",
    "chance",
    "density",
    "finite",
    "headline",
    "law",
    "matrix",
    "table_of",
    "threshold",
    "vector",
]

VIEWS = ("Integrand", "Samples", "Race", "Coins", "Two fits", "Families", "Units", "Codes")
"""The views of the page, one picture each."""

MEANS = tuple(i / 20 for i in range(-100, 101))
SCALES = tuple(i / 20 for i in range(2, 81))
"""Marks that a density is dragged to, in units of x."""

WORLDS = ("P", "Q")
PAIRS = ("Densities", "Coins")
HORIZONS = (10, 20, 50, 100, 200)
ENDS = ("One", "Two")
MEASURES = {"Centimetres": ("cm", 1.0), "Feet": ("ft", 1 / 30.48), "Metres": ("m", 0.01)}
"""Units of length by their names: how they are written, and how many make a centimetre."""

LAST_DRAW, MOST_FLIPS, MOST_OUTCOMES, MOST_DIMENSIONS = 999, 200, 12, 8
DRAWS = 20_000
"""Samples by which a divergence is estimated beside its exact value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        view: What is shown, one of `VIEWS`.
        unit: Unit of evidence, in the page's words.
        draw: Which random draws: the same number draws the same samples.
        p: Family of the density of P.
        p_mean: Its centre.
        p_scale: Its scale.
        p_apart: Distance of its two parts, if it is a mixture.
        p_share: Share of the left one.
        q: Family of the density of Q.
        q_mean: Its centre.
        q_scale: Its scale.
        q_apart: Distance of its two parts, if it is a mixture.
        q_share: Share of the left one.
        source: The world that samples come from, P or Q.
        of: Whether the densities or the coins are sampled.
        horizon: Samples along the axis of the fan.
        threshold: Evidence that ends a race, as typed.
        ends: How many thresholds there are: with two, evidence for the wrong one ends a race too.
        heads_p: Chance of heads of P's coin, as typed.
        heads_q: The same of Q's.
        flips: How often the coin has been flipped.
        apart: Distance of the two parts of the mixture that is fitted.
        share: Share of the left one.
        part: Scale of both.
        own_mean: Mean of the reader's own Gaussian beside the fits.
        own_scale: Its standard deviation.
        family: Family of the laws that are compared by formula.
        table_p: Chances of the outcomes under P, as typed.
        table_q: The same under Q.
        poisson_p: Mean of P's Poisson law.
        poisson_q: Mean of Q's.
        rate_p: Rate of P's exponential law.
        rate_q: Rate of Q's.
        alpha_p: First shape of P's Beta law.
        beta_p: Its second shape.
        alpha_q: First shape of Q's Beta law.
        beta_q: Its second shape.
        mean_p: Mean of P's Gaussian in any dimension, as typed.
        cov_p: Its covariance, as typed, row after row.
        mean_q: Mean of Q's.
        cov_q: Its covariance.
        measure: Unit of length.
        height_p: Mean height under P, in centimetres.
        spread_p: Its standard deviation.
        height_q: Mean height under Q, in centimetres.
        spread_q: Its standard deviation.
    """

    view: str = "Integrand"
    unit: str = "Nats"
    draw: int = 0
    p: str = "Normal"
    p_mean: float = 1.0
    p_scale: float = 1.0
    p_apart: float = 4.0
    p_share: float = 0.5
    q: str = "Normal"
    q_mean: float = 0.0
    q_scale: float = 1.5
    q_apart: float = 4.0
    q_share: float = 0.5
    source: str = "P"
    of: str = "Densities"
    horizon: int = 50
    threshold: str = "13 dB"
    ends: str = "One"
    heads_p: str = "1/2"
    heads_q: str = "1"
    flips: int = 0
    apart: float = 4.0
    share: float = 0.5
    part: float = 0.7
    own_mean: float = 1.0
    own_scale: float = 1.5
    family: str = "Table"
    table_p: str = "1/2, 1/4, 1/8, 1/8"
    table_q: str = "1/4, 1/4, 1/4, 1/4"
    poisson_p: float = 3.0
    poisson_q: float = 5.0
    rate_p: float = 1.0
    rate_q: float = 2.0
    alpha_p: float = 2.0
    beta_p: float = 5.0
    alpha_q: float = 4.0
    beta_q: float = 3.0
    mean_p: str = "0, 0"
    cov_p: str = "1, 0.8; 0.8, 1"
    mean_q: str = "0, 0"
    cov_q: str = "1, 0; 0, 1"
    measure: str = "Centimetres"
    height_p: float = 178.0
    spread_p: float = 7.0
    height_q: float = 165.0
    spread_q: float = 6.5

    def values(self) -> dict[str, Any]:
        """Each value by the key of its control."""
        return dataclasses.asdict(self)

    @property
    def evidence_unit(self) -> Unit:
        """The unit of evidence as core names it."""
        return UNITS[self.unit]


UNTOUCHED = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a view shows.

    Attributes:
        data: The picture, as JSON values for the component; None if there is nothing to draw.
        verdict: What to read from it, in Markdown.
        table: The numbers in full, or None.
        problems: What is wrong with the choices, as sentences.
    """

    data: dict[str, Any] | None = None
    verdict: str = ""
    table: Table | None = None
    problems: tuple[str, ...] = ()


def headline(label: str, text: str, role: str = "objective") -> dict[str, str]:
    """A number over the picture, in the colour of what it belongs to."""
    return {"label": label, "text": text, "role": role}


# -- Densities on a line ----------------------------------------------------------------------


def density(choices: Choices, which: Literal["p", "q"]) -> Density:
    """The density of P or of Q, as the controls have it."""
    shape = [getattr(choices, f"{which}_{name}") for name in ("mean", "scale", "apart", "share")]
    return FAMILIES[getattr(choices, which)](*shape)


def law(choices: Choices, which: Literal["p", "q"]) -> dict[str, Any]:
    """The same for the browser, as JSON values."""
    names = ("mean", "scale", "apart", "share")
    shape = {name: getattr(choices, f"{which}_{name}") for name in names}
    return {"family": getattr(choices, which), **shape}


def finite(value: float) -> float:
    """A number that may be infinite, as JSON can hold it."""
    return max(-ENDLESS, min(ENDLESS, value))


# -- What is typed ----------------------------------------------------------------------------


def chance(text: str, name: str) -> float:
    """A chance as typed, to twelve digits or more, however small.

    Raises:
        ValueError: If it is none.

    Example:
        >>> chance("51 %", "Heads"), chance("1e-300", "Heads"), chance("1", "Heads")
        (0.51, 1e-300, 1.0)
    """
    return both_chances(text, name)[0]


def both_chances(text: str, name: str) -> tuple[float, float]:
    """A chance as typed, and that of the opposite, each to twelve digits or more.

    Raises:
        ValueError: If it is none.

    Example:
        >>> both_chances("1 - 1e-20", "Heads")
        (1.0, 1e-20)
    """
    odds = notation.read(text, name)
    return _as_typed(odds), _as_typed(-odds)


def _as_typed(log_odds: float) -> float:
    """A chance with the digits that its logarithm has kept."""
    found = math.exp(log_chance(log_odds))
    return float(f"{found:.{15 if found > 1e-3 else 12}g}")


def threshold(text: str) -> float:
    """Evidence that ends a race, in nats.

    Raises:
        ValueError: If it cannot be read, or would end a race before it begins, or never.

    Example:
        >>> round(threshold("13 dB"), 4), round(threshold("20:1"), 4)
        (2.9934, 2.9957)
    """
    nats = notation.read(text, "Threshold")
    if not 0 < nats < math.inf:
        raise ValueError(
            f"`Threshold` must be finite evidence above 0, as 13 dB or 20:1, got {text!r}."
        )
    return nats


def table_of(text: str, name: str) -> Float[np.ndarray, " outcome"]:
    """A table of chances as typed, with commas between them.

    Raises:
        ValueError: If it is none: one cannot be read, there are too many, or they do not sum to 1.

    Example:
        >>> table_of("1/2, 25 %, 0.25", "P").tolist()
        [0.5, 0.25, 0.25]
    """
    pieces = [piece for piece in text.replace(";", ",").split(",") if piece.strip()]
    if not 2 <= len(pieces) <= MOST_OUTCOMES:
        raise ValueError(
            f"`{name}` must be 2 to {MOST_OUTCOMES} chances with commas between them, "
            f"got {len(pieces)}."
        )
    found = np.array([chance(piece.strip(), name) for piece in pieces])
    if abs(found.sum() - 1) > 1e-6:
        raise ValueError(f"`{name}` must sum to 1, got {found.sum():.6g}.")
    return found / found.sum()


def vector(text: str, name: str) -> Float[np.ndarray, " data"]:
    """A mean as typed, with commas between its numbers.

    Raises:
        ValueError: If it is none.

    Example:
        >>> vector("0, -1.5", "Mean of P").tolist()
        [0.0, -1.5]
    """
    pieces = [piece for piece in text.split(",") if piece.strip()]
    if not 1 <= len(pieces) <= MOST_DIMENSIONS:
        raise ValueError(
            f"`{name}` must be 1 to {MOST_DIMENSIONS} numbers with commas between them, "
            f"got {len(pieces)}."
        )
    return np.array([_number(piece, name) for piece in pieces])


def matrix(text: str, name: str, size: int) -> Float[np.ndarray, "data data"]:
    """A covariance as typed: commas between numbers, semicolons between rows.

    Raises:
        ValueError: If it is not symmetric and positive definite, of this size.

    Example:
        >>> matrix("1, 0.5; 0.5, 2", "Covariance of P", 2).tolist()
        [[1.0, 0.5], [0.5, 2.0]]
    """
    rows = [row.split(",") for row in text.split(";") if row.strip()]
    if [len(row) for row in rows] != [size] * size:
        shape = " and ".join(str(len(row)) for row in rows[:MOST_DIMENSIONS])
        raise ValueError(
            f"`{name}` must have {size} rows of {size} numbers, as the mean has, with semicolons "
            f"between rows, got rows of {shape or 'nothing'}."
        )
    found = np.array([[_number(piece, name) for piece in row] for row in rows])
    if not np.array_equal(found, found.T):
        i, j = np.argwhere(found != found.T)[0]
        raise ValueError(
            f"`{name}` must be symmetric, got {found[i, j]:g} in row {i + 1} and {found[j, i]:g} "
            f"in row {j + 1}."
        )
    lowest = float(np.linalg.eigvalsh(found)[0])
    if lowest <= 1e-9 * float(np.abs(found).max()):
        raise ValueError(
            f"`{name}` must be positive definite, got a direction with variance {lowest:.3g}."
        )
    return found


def _number(text: str, name: str) -> float:
    shown = text.strip()[:20]
    plain = shown.replace("−", "-")
    is_plain = plain.isascii() and all(c in "0123456789.eE+-" for c in plain)
    try:
        value = float(plain) if is_plain else math.nan
    except ValueError:
        value = math.nan
    if not abs(value) <= 1e6 or len(text.strip()) > len(shown):
        raise ValueError(f"`{name}` must be numbers of at most a million, got {shown!r}.")
    return value
