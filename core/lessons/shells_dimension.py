"""What the page on Gaussian shells shows of the dimension of images, beside what is known.

Lecture: "Why this is hard in practice" [0:25-0:30].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core import neighbours
from core.blur import blurred
from core.lessons.kl_choices import Shown, headline
from core.lessons.panels import Table, number
from core.lessons.shells_choices import EDGES, NEIGHBOURS, Choices
from core.vae import datasets, sprites

__all__ = ["dimension"]

QUERIES = 400
BLUR = 1.0
"""Standard deviation of the blur in pixels."""

SHARP = EDGES[1]
SIZES = (250, 500, 1000, 2000, 4000)

_KNOWN = {"square": 4, "disc": 3, "triangle": 4}
"""Dimensions of the sprites of one shape: place, size, and the turn where one can be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class _Cloud:
    """Images of one kind, and the distances in it.

    Attributes:
        label: What they are.
        pixels: How many pixels each has.
        known: Their dimension, or None.
        sizes: How many of them were looked at.
        distances: For each of those, distances from some to their nearest.
    """

    label: str
    pixels: int
    known: int | None
    sizes: tuple[int, ...]
    distances: tuple[np.ndarray, ...]


def _clouds(edges: str) -> tuple[_Cloud, ...]:
    """Digits, and sprites by their shapes: nested parts of each, from few images to all."""
    return (_digits(), *_sprites(edges))


@lru_cache(maxsize=1)
def _digits() -> _Cloud:
    return _cloud("digits", datasets.load("digits").train.pixels / np.float32(16), None)


@lru_cache(maxsize=len(EDGES))
def _sprites(edges: str) -> tuple[_Cloud, ...]:
    data = datasets.load("sprites")
    found = []
    for place, shape in enumerate(sprites.SHAPES):
        rows = data.train.pixels[data.train.labels == place][: SIZES[-1]] / np.float32(255)
        rows = rows if edges == SHARP else blurred(rows, BLUR)
        found.append(_cloud(f"{shape}s", rows, _KNOWN[shape]))
    return tuple(found)


def _cloud(label: str, images: np.ndarray, known: int | None) -> _Cloud:
    images = images.astype(np.float32)
    sizes = (*(size for size in SIZES if size < 0.95 * len(images)), len(images))
    most = max(NEIGHBOURS)
    # An image is its own nearest one, at no distance.
    found = [
        neighbours.nearest(images[:size], images[: min(QUERIES, size)], most + 1)[:, 1:]
        for size in sizes
    ]
    return _Cloud(label, images.shape[1], known, sizes, tuple(found))


_LOOKS = {
    "digits": ("real", "circle"),
    "squares": ("distortion", "square"),
    "discs": ("rate", "diamond"),
    "triangles": ("dream", "triangle"),
}


def dimension(choices: Choices) -> Shown:
    """Estimates of the dimension of both data sets, from more and more images."""
    lines: list[dict[str, Any]] = []
    rows = []
    for cloud in _clouds(choices.edges):
        estimates = [
            neighbours.intrinsic_dimension(each[:, : choices.neighbours])
            for each in cloud.distances
        ]
        role, mark = _LOOKS[cloud.label]
        lines.append(
            {
                "label": cloud.label,
                "role": role,
                "mark": mark,
                "known": cloud.known,
                "x": list(cloud.sizes),
                "y": [round(each.dimension, 4) for each in estimates],
                "errors": [round(each.error, 4) for each in estimates],
            }
        )
        last = estimates[-1]
        rows.append(
            (
                f"{cloud.label}, {cloud.sizes[-1]:,} images",
                f"{cloud.pixels}",
                "not known" if cloud.known is None else str(cloud.known),
                f"{number(last.dimension, 2)} ± {number(last.error, 2)}",
            )
        )
    texts = {line["label"]: number(line["y"][-1], 1) for line in lines}
    told = ", ".join(f"{label} {text}" for label, text in texts.items())
    return Shown(
        data={
            "kind": "dimension",
            "lines": lines,
            "numbers": [
                headline(line["label"], texts[line["label"]], line["role"]) for line in lines
            ],
            "alt": "Estimated dimension against the number of images, with lines at the known 3 "
            f"of discs and 4 of squares and triangles. From all images: {told}.",
        },
        verdict=f"Sprites have 784 pixels and were drawn from four numbers, discs from three: "
        f"{_said_of_edges(choices.edges, texts)} For the digits nobody knows; **it says about "
        f"{texts['digits']} of 64.**",
        table=Table(("", "pixels", "known", "estimated ± se"), tuple(rows)),
    )


def _said_of_edges(edges: str, texts: Mapping[str, str]) -> str:
    found = f"{texts['squares']}, {texts['triangles']} and {texts['discs']}"
    if edges == SHARP:
        return (
            f"the estimates come down towards that, to {found}, as images are added. A *sharp* "
            "edge that moves by a pixel changes all the pixels that it crosses: seen this closely "
            "the cloud is rough, and seems to have more dimensions."
        )
    return (
        f"from all images the estimates for squares, triangles and discs are {found}. Blurring "
        "can be undone, so it takes no dimension away; it smooths what is rough among neighbours."
    )
