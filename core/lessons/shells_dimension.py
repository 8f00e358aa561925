"""What the page on Gaussian shells shows of the dimension of images, beside what is known.

Lecture: "Why this is hard in practice" [0:25-0:30].
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core import neighbours
from core.lessons.kl_choices import Shown, headline
from core.lessons.panels import Table, number
from core.lessons.shells_choices import NEIGHBOURS, Choices
from core.vae import datasets, sprites

__all__ = ["dimension"]

QUERIES = 400
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


@lru_cache(maxsize=1)
def _clouds() -> tuple[_Cloud, ...]:
    """Digits, and sprites by their shapes: nested parts of each, from few images to all."""
    data = datasets.load("sprites")
    found = [_cloud("digits", datasets.load("digits").train.pixels / np.float32(16), None)]
    for place, shape in enumerate(sprites.SHAPES):
        rows = data.train.pixels[data.train.labels == place][: SIZES[-1]]
        found.append(_cloud(f"{shape}s", rows / np.float32(255), _KNOWN[shape]))
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
    for cloud in _clouds():
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
        verdict="Sprites have 784 pixels and were drawn from four numbers, discs from three: the "
        "estimate comes down towards that as images are added. For the digits nobody knows; "
        f"**it says about {texts['digits']} of 64.**",
        table=Table(("", "pixels", "known", "estimated ± se"), tuple(rows)),
    )
