"""What pages with pictures in panels have in common: numbers in words, and the panels' data.

A panel is JSON for the component that draws it: a `kind`, a `title`, a text alternative `alt`,
and the numbers that are drawn. Colours are named by their meaning, as `core.figures.colours` does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from core.notation import scientific

__all__ = [
    "Panel",
    "Table",
    "View",
    "adding_up",
    "code_name",
    "density",
    "number",
    "pictures",
    "signed",
    "significant",
    "stacked_bars",
    "tile",
    "two_terms",
]

Panel = dict[str, Any]
"""One picture of a page."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page: the first column are words, the others numbers.

    Attributes:
        headings: One for each column.
        rows: The cells, as they are written.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the page shows of one step.

    Attributes:
        panels: The pictures, as JSON values for the component, each with a text alternative.
        equation: The numbers under them, in Markdown.
        sentences: What to read from them, in Markdown.
        table: The same numbers in full, or None.
    """

    panels: tuple[dict[str, Any], ...]
    equation: str
    sentences: tuple[str, ...]
    table: Table | None = None


# -- Numbers as they are written --------------------------------------------------------------


def adding_up(parts: Sequence[float], digits: int) -> tuple[list[str], str]:
    """Texts of some numbers and of their sum, with so many decimals that what is shown adds up.

    Each is rounded to the nearest. Where the parts, so rounded, miss the sum by a last digit, all
    get another decimal, up to three more; after those the miss is left to be seen.

    Example:
        >>> adding_up([1.25, 2.5], 2)
        (['1.25', '2.50'], '3.75')
        >>> adding_up([1.004, 2.004, 3.004], 2)
        (['1.004', '2.004', '3.004'], '6.012')
    """
    for more in range(digits, digits + 4):
        rounded = [round(value, more) for value in (*parts, sum(parts))]
        if abs(sum(rounded[:-1]) - rounded[-1]) < 0.5 * 10.0**-more:
            digits = more
            break
    return [number(part, digits) for part in parts], number(math.fsum(parts), digits)


def number(value: float, digits: int = 2) -> str:
    """A number with so many decimals and a true minus sign.

    Example:
        >>> number(-1.005), number(-0.0001)
        ('−1.00', '0.00')
    """
    text = f"{value:,.{digits}f}"
    is_zero = not text.strip("-0.,")
    return text.removeprefix("-") if is_zero else text.replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """A number with so many significant digits.

    Example:
        >>> significant(1234.5), significant(0.00012345), significant(-2.5e-17)
        ('1,230', '0.000123', '−2.50·10⁻¹⁷')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "beyond all numbers"
    power = math.floor(math.log10(abs(value)))
    if power < -5:
        return scientific(value, digits - 1)
    rounded = round(value, digits - 1 - power)
    return number(rounded, max(0, digits - 1 - power))


def signed(value: float) -> str:
    """A change, with its sign whichever it is.

    Example:
        >>> signed(0.25), signed(-0.25)
        ('+0.250', '−0.250')
    """
    text = significant(value)
    return text if text.startswith("−") or value == 0 else f"+{text}"


_BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def code_name(j: int) -> str:
    """What a code dimension is called, counted from 1 where `j` counts from 0.

    Example:
        >>> code_name(0)
        'z₁'
    """
    return f"z{str(j + 1).translate(_BELOW)}"


# -- Panels -----------------------------------------------------------------------------------


def tile(
    values: Float[np.ndarray, " data"],
    caption: str,
    **more: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """One image of a row of them: pixels from 0 to 1, or nats where `nats` says what is most."""
    return {"values": np.round(values, 5).tolist(), "caption": caption, **more}


def pictures(
    title: str,
    tiles: Sequence[dict[str, Any]],
    alt: str,
    **more: Any,  # noqa: ANN401
) -> Panel:
    """Rows of images, with `columns` of them in each."""
    side = math.isqrt(len(tiles[0]["values"]))
    shown = {"kind": "images", "title": title, "side": side, "tiles": list(tiles), "alt": alt}
    return {**shown, **more}


def density(
    title: str,
    mean: float,
    std: float,
    reach: float,
    alt: str,
    **more: Any,  # noqa: ANN401
) -> Panel:
    """The Gaussian of one code dimension beside the prior, from -reach to reach."""
    shown = {"kind": "densities", "title": title, "role": "real", "low": -reach, "high": reach}
    return {**shown, "curve": [mean, std], "others": [], "alt": alt, "half": True, **more}


def stacked_bars(
    title: str,
    rows: Sequence[dict[str, Any]],
    alt: str,
    **more: Any,  # noqa: ANN401
) -> Panel:
    """Bars of several parts, one below the other."""
    return {"kind": "bars", "title": title, "rows": list(rows), "legend": [], "alt": alt, **more}


def two_terms(
    label: str, distortion: float, weighed_rate: float, total: str, *, strong: bool = False
) -> dict[str, Any]:
    """A bar of D with beta R on top."""
    parts = [
        {"role": "distortion", "value": float(distortion)},
        {"role": "rate", "value": float(weighed_rate)},
    ]
    return {"label": label, "parts": parts, "text": total, "strong": strong}
