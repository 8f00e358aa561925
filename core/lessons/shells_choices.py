"""What the page on Gaussian shells lets a reader choose.

Lecture: "Warmup: density estimation" [0:25-0:30].
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core import notation
from core.shells import MOST_DIMENSIONS

__all__ = [
    "AXES",
    "CASES",
    "DATA",
    "EDGES",
    "LAST_DRAW",
    "NEIGHBOURS",
    "PASSING",
    "PLACES",
    "REGIONS",
    "SCALES",
    "SOURCES",
    "UNTOUCHED",
    "VIEWS",
    "WITH_DIMENSIONS",
    "Case",
    "Choices",
    "cases",
    "heard",
    "length",
    "share",
    "typed_length",
]

VIEWS = (
    "Shell",
    "Samples",
    "Pairs",
    "Within",
    "Between",
    "Haystack",
    "Pixel models",
    "Dimension",
)
"""The views of the page: five on the Gaussian, three on images."""

WITH_DIMENSIONS = VIEWS[:5]
"""Views with a slider for the dimensions."""

SCALES = ("Linear", "Logarithmic")
REGIONS = ("Radius r", "Shell ± ε")
SOURCES = ("Gaussian draws", "A trained decoder")
DATA = {"Digits": "digits", "Sprites": "sprites"}
PLACES = tuple(i / 20 for i in range(21))
PASSING = (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 99.0)
NEIGHBOURS = (3, 5, 10, 20)
AXES = {"Grows with √d": None, "Fixed, 0 to 120": 120.0}
"""How far the axis of the radius goes; None as far as the shell needs."""

EDGES = ("Blurred by a pixel", "Sharp")
LAST_DRAW = 999
_LONGEST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        view: What is shown, one of `VIEWS`.
        d: Dimensions of the Gaussian.
        scale: Whether densities are drawn as they are or by their logarithms.
        axis: Whether the axis of the radius goes as far as the shell, or always to the same.
        draw: Which random draws: the same number draws the same samples.
        region: Whether mass is counted around the middle or around the shell.
        radius: Radius around the middle, as typed or dragged.
        eps: Half the thickness of the shell, as typed or dragged.
        source: What is gone between: Gaussian draws, or codes of a trained decoder.
        place: How far on the way, from 0 to 1.
        data: Which images.
        passing: Per cent of held-out images that a distance has to let pass.
        neighbours: How many nearest images an estimate of the dimension looks at.
        edges: Whether sprites are blurred before distances between them are taken.
    """

    view: str = "Shell"
    d: int = 100
    scale: str = "Linear"
    axis: str = "Grows with √d"
    draw: int = 0
    region: str = "Radius r"
    radius: str = "9"
    eps: str = "1"
    source: str = "Gaussian draws"
    place: float = 0.5
    data: str = "Sprites"
    passing: float = 50.0
    neighbours: int = 5
    edges: str = "Blurred by a pixel"

    def values(self) -> dict[str, Any]:
        """Each value by the key of its control."""
        return dataclasses.asdict(self)

    @property
    def dataset(self) -> str:
        """The chosen images, as `core.vae.datasets` calls them."""
        return DATA[self.data]


UNTOUCHED = Choices()


@dataclass(frozen=True, slots=True)
class Case:
    """A ready case.

    Attributes:
        label: What its link says.
        choices: Where the controls stand.
    """

    label: str
    choices: Choices


_SAMPLES = Choices(view="Samples")
_PAIRS = Choices(view="Pairs")
_WITHIN = Choices(view="Within")
_THIN = Choices(view="Within", region=REGIONS[1], d=784)
_BETWEEN = Choices(view="Between", d=784)
_HAYSTACK = Choices(view="Haystack")
_MODELS = Choices(view="Pixel models")
_DIMENSION = Choices(view="Dimension")

CASES: dict[str, Case] = {
    "line": Case("A line", Choices(d=1)),
    "plane": Case("A plane", Choices(d=2)),
    "digit": Case("A digit, 784 pixels", Choices(d=784)),
    "most": Case("Ten thousand", Choices(d=10_000)),
    "nats": Case("In nats", Choices(d=784, scale="Logarithmic")),
    "walk": Case("A fixed axis", Choices(d=1000, axis="Fixed, 0 to 120")),
    "blob": Case("d = 2", replace(_SAMPLES, d=2)),
    "small": Case("d = 10", replace(_SAMPLES, d=10)),
    "image": Case("d = 784", replace(_SAMPLES, d=784)),
    "pairs_plane": Case("d = 2", replace(_PAIRS, d=2)),
    "pairs_space": Case("d = 3", replace(_PAIRS, d=3)),
    "pairs_image": Case("d = 784", replace(_PAIRS, d=784)),
    "core": Case("Within r = 1", replace(_WITHIN, d=784, radius="1")),
    "deep": Case("Down to r = 0.001", replace(_WITHIN, d=100, radius="0.001")),
    "far": Case("All but 1e-300", replace(_WITHIN, d=784, radius="57.2423462399")),
    "thin": Case("Shell ± 1", _THIN),
    "hair": Case("Shell ± 1e-300", replace(_THIN, eps="1e-300")),
    "ways_plane": Case("d = 2", replace(_BETWEEN, d=2)),
    "ways_image": Case("d = 784", _BETWEEN),
    "decoded": Case("With decoded images", Choices(view="Between", source=SOURCES[1])),
    "needle": Case("Half of the real ones pass", _HAYSTACK),
    "strict": Case("One in ten passes", replace(_HAYSTACK, passing=10.0)),
    "digits_needle": Case("Digits, 64 pixels", replace(_HAYSTACK, data="Digits")),
    "sprites_models": Case("Sprites", _MODELS),
    "digits_models": Case("Digits", replace(_MODELS, data="Digits")),
    "sprites_again": Case("Sprites, drawn again", replace(_MODELS, draw=1)),
    "near": Case("Few neighbours", replace(_DIMENSION, neighbours=3)),
    "usual": Case("Five", _DIMENSION),
    "wide": Case("Many", replace(_DIMENSION, neighbours=20)),
    "sharp": Case("Sharp edges", replace(_DIMENSION, edges=EDGES[1])),
}
"""Ready cases, by the name in their links."""


def cases(view: str) -> dict[str, Case]:
    """The ready cases of one view."""
    return {name: case for name, case in CASES.items() if case.choices.view == view}


# -- What is typed, and what hands do ---------------------------------------------------------


def length(text: str, name: str) -> float:
    """A length as typed.

    Raises:
        ValueError: If it is none, or is too short or too long to be shown.

    Example:
        >>> length("1e-300", "Radius"), length(" 27,9 ", "Radius")
        (1e-300, 27.9)
    """
    try:
        found = float(text.strip().replace(",", ".").replace("−", "-"))
    except ValueError:
        found = math.nan
    if not 1e-300 <= found <= _LONGEST:
        raise ValueError(
            f"`{name}` must be a length from 1e-300 to {_LONGEST:,.0f}, got {text[:40]!r}."
        )
    return found


def typed_length(value: float) -> str:
    """A length with as many digits as it takes to say its mass, as it would be typed."""
    return f"{value:.12g}"


def share(text: str, name: str) -> float:
    """Log-odds of a share of the mass as typed.

    Raises:
        ValueError: If it is no chance, or all, or nothing.
    """
    nats = notation.read(text, name)
    if not math.isfinite(nats):
        raise ValueError(f"`{name}` must be above 0 and below 1, got {text[:40]!r}.")
    return nats


def heard(what: object) -> dict[str, Any]:
    """What to set so that the page stands as a hand has left the picture; nothing for nonsense.

    Args:
        what: Numbers by the keys `d`, `radius`, `eps` and `place`, some or all of them.
    """
    if not isinstance(what, Mapping) or not what or not set(what) <= set(_HEARD):
        return {}
    found = {}
    for key, value in what.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return {}
        low, high = _HEARD[key]
        if not low <= value <= high:
            return {}
        found[key] = _set(key, float(value))
    return found


def _set(key: str, value: float) -> Any:  # noqa: ANN401 - as the control of the key holds it
    if key == "d":
        return round(value)
    if key == "place":
        return min(PLACES, key=lambda mark: abs(mark - value))
    return typed_length(value)


_HEARD = {
    "d": (1, MOST_DIMENSIONS),
    "radius": (1e-300, _LONGEST),
    "eps": (1e-300, _LONGEST),
    "place": (0, 1),
}
