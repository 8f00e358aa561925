"""What colours, dashes and marks mean, on every page and in both themes.

The same thing looks the same in pictures, formulas and numbers, and never by colour alone: each
meaning also has a dash and a mark. The hues are Okabe and Ito's, lightened for the dark theme;
where one would be too faint to read as text on light paper, its text colour is darker.

References:
    Okabe & Ito, Color Universal Design (2008).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "LABEL_COLOURS",
    "LABEL_MARKS",
    "MEANINGS",
    "Mark",
    "Meaning",
    "Theme",
    "for_browser",
]

Mark = Literal[
    "circle", "square", "triangle", "diamond", "plus", "cross", "star", "down", "ring", "box"
]
"""Shapes that a point may take; `down` is a triangle on its tip, `ring` and `box` are hollow."""

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """How one thing of the lecture looks.

    Attributes:
        name: What it is, in the vocabulary of the code.
        light: Its colour on the light theme, for lines and areas.
        dark: Its colour on the dark theme.
        light_text: Its colour as text on the light theme, where 4.5:1 of contrast is needed.
        dark_text: Its colour as text on the dark theme.
        dash: Lengths of strokes and gaps along its lines, in pixels; empty for a solid line.
        mark: The shape of its points.
    """

    name: str
    light: str
    dark: str
    light_text: str
    dark_text: str
    dash: tuple[int, ...] = ()
    mark: Mark = "circle"

    def on(self, theme: Theme) -> dict[str, Any]:
        """How it looks on one theme, as plain JSON values."""
        is_light = theme == "light"
        return {
            "colour": self.light if is_light else self.dark,
            "text": self.light_text if is_light else self.dark_text,
            "dash": list(self.dash),
            "mark": self.mark,
        }


MEANINGS: Mapping[str, Meaning] = {
    meaning.name: meaning
    for meaning in (
        # P: the real world, data, the encoder.
        Meaning(
            name="real",
            light="#0072B2",
            dark="#56B4E9",
            light_text="#0072B2",
            dark_text="#56B4E9",
        ),
        # Q: the dream world, the prior, the decoder.
        Meaning(
            name="dream",
            light="#CC79A7",
            dark="#E6A5C8",
            light_text="#A64D79",
            dark_text="#E6A5C8",
            dash=(10, 5),
            mark="square",
        ),
        Meaning(
            name="distortion",
            light="#D55E00",
            dark="#F0894A",
            light_text="#B34700",
            dark_text="#F0894A",
            mark="triangle",
        ),
        Meaning(
            name="rate",
            light="#009E73",
            dark="#35C79A",
            light_text="#007A5A",
            dark_text="#35C79A",
            dash=(6, 4),
            mark="diamond",
        ),
        # The weighted sum of the two, in the colour of text.
        Meaning(
            name="objective",
            light="#1B1B1B",
            dark="#ECEAE4",
            light_text="#1B1B1B",
            dark_text="#ECEAE4",
            mark="ring",
        ),
        # Bounds, constants, what drops out; and the scales of charts.
        Meaning(
            name="bound",
            light="#6B6B6B",
            dark="#A8A8A8",
            light_text="#6B6B6B",
            dark_text="#A8A8A8",
            dash=(2, 4),
            mark="plus",
        ),
    )
}
"""Everything that has a colour of its own, by name."""

LABEL_COLOURS: Mapping[Theme, tuple[str, ...]] = {
    "light": (
        "#0448AB",
        "#532303",
        "#09A57B",
        "#8E027E",
        "#7D9301",
        "#A55258",
        "#1A7E8F",
        "#8358D1",
        "#745207",
        "#4A4741",
    ),
    "dark": (
        "#67BDFA",
        "#FD9B4D",
        "#1C846A",
        "#9C47B1",
        "#7D8E1B",
        "#FCBAB6",
        "#C3F6FE",
        "#8186FF",
        "#FDEA98",
        "#A6A29C",
    ),
}
"""Colours of class labels, far apart for every kind of colour vision, and 3:1 from the paper."""

LABEL_MARKS: tuple[Mark, ...] = (
    "circle",
    "square",
    "triangle",
    "diamond",
    "plus",
    "cross",
    "star",
    "down",
    "ring",
    "box",
)
"""Shapes of class labels, in the order of `LABEL_COLOURS`."""


def for_browser() -> dict[str, dict[str, Any]]:
    """Everything above as JSON values, by theme, for components that draw by themselves.

    Example:
        >>> for_browser()["dark"]["rate"]
        {'colour': '#35C79A', 'text': '#35C79A', 'dash': [6, 4], 'mark': 'diamond'}
        >>> for_browser()["light"]["labels"][1]
        {'colour': '#532303', 'mark': 'square'}
    """
    themes: tuple[Theme, Theme] = ("light", "dark")
    return {
        theme: {name: meaning.on(theme) for name, meaning in MEANINGS.items()}
        | {
            "labels": [
                {"colour": colour, "mark": mark}
                for colour, mark in zip(LABEL_COLOURS[theme], LABEL_MARKS, strict=True)
            ]
        }
        for theme in themes
    }
