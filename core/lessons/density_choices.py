"""What a reader may choose on the page on density estimation, and ready cases.

Lecture: "Warmup: density estimation" [0:25-0:30].
"""

import dataclasses
from dataclasses import dataclass, replace
from typing import Any

from core.density.descent import GAUSSIAN, HISTOGRAM, KERNELS, MIXTURE, MODELS
from core.density.models import FLOOR
from core.density.worlds import DRAWN, WORLDS

__all__ = [
    "BINS",
    "BOX",
    "BOXES",
    "CASES",
    "DESCENT",
    "DRAWN",
    "FEW",
    "FLOW",
    "FLOW_LAYERS",
    "FLOW_SAMPLES",
    "FLOW_STEPS",
    "IMAGINED",
    "LAST_DRAW",
    "LAST_SEED",
    "MODELS",
    "PARTS",
    "PLACES",
    "PROSE",
    "SAMPLES",
    "SIZED",
    "UNTOUCHED",
    "VIEWS",
    "WAYS",
    "WAY_PARTS",
    "WIDTHS",
    "WORLDS",
    "Case",
    "Choices",
    "cases",
]

VIEWS: tuple[str, ...] = (
    "Black box",
    "Descent",
    "Few samples",
    "Cover or seek",
    "A flow, live",
)
"""The views of the page."""

BOX, DESCENT, FEW, WAYS, FLOW = VIEWS

PROSE: dict[str, str] = dict(
    zip(VIEWS, ("black_box", "descent", "few_samples", "cover_or_seek", "flow"), strict=True)
)
"""What the texts of the views are called."""

BOXES = ("Open", "Closed")
SAMPLES = (5, 10, 20, 50, 100, 200, 500)
PARTS = (1, 2, 3, 4, 6, 8, 12, 16)
BINS = (5, 8, 10, 15, 20, 30, 40)
WIDTHS = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.09, FLOOR)
SIZED = (MIXTURE, HISTOGRAM, KERNELS)
"""Models with a size of their own."""

IMAGINED = (0.0, 0.1, 1.0, 5.0, 20.0)
PLACES = tuple(i / 10 for i in range(-30, 31))
WAY_PARTS = (1, 2, 3, 4)
FLOW_SAMPLES = (20, 50, 100, 200, 500, 1000, 5000)
FLOW_STEPS = (100, 300, 600, 1200, 2400)
FLOW_LAYERS = (1, 2, 4, 6, 8)
LAST_DRAW, LAST_SEED = 999, 999

_HEART = (
    "50,24 42,32 34,40 27,48 22,57 22,66 27,73 35,75 43,71 50,63 "
    "57,71 65,75 73,73 78,66 78,57 73,48 66,40 58,32"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        view: What is shown, one of `VIEWS`.
        world: What is in the black box.
        drawn: Where the reader has drawn, as points of a square.
        curtain: Whether the box is opened where there is nothing but its samples.
        box: Whether it is opened beside a model, so that p is seen and its entropy known.
        samples: How often the button has been pushed.
        draw: Which samples fall out: the same number draws the same ones.
        model: What is fitted.
        parts: Parts of the mixture.
        bins: Cells of the histogram along each axis.
        imagined: Samples that the broad Gaussian behind the histogram counts for.
        sized: The model whose size is varied where samples are few.
        width: Width of the kernels there.
        way_parts: Gaussians that cover or seek.
        start_x: Where those begin, across.
        start_y: Where they begin, up, in a plane.
        flow_samples: Samples that the flow is trained on.
        flow_steps: Its optimiser steps.
        flow_layers: Maps in a chain.
        flow_seed: Seeds its weights and the order of samples.
    """

    view: str = BOX
    world: str = "Plane: moons"
    drawn: str = _HEART
    curtain: str = "Closed"
    box: str = "Open"
    samples: int = 100
    draw: int = 0
    model: str = MIXTURE
    parts: int = 6
    bins: int = 20
    imagined: float = 1.0
    sized: str = MIXTURE
    width: float = 0.25
    way_parts: int = 1
    start_x: float = 1.0
    start_y: float = 1.0
    flow_samples: int = 1000
    flow_steps: int = 600
    flow_layers: int = 6
    flow_seed: int = 0

    def values(self) -> dict[str, Any]:
        """Each value by the key of its control."""
        return dataclasses.asdict(self)

    @property
    def size(self) -> float | int:
        """The size of the model whose size is varied."""
        return {MIXTURE: self.parts, HISTOGRAM: self.bins, KERNELS: self.width}[self.sized]


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


_DESCENT = Choices(view=DESCENT)
_FEW = Choices(view=FEW, samples=20)
_WAYS = Choices(view=WAYS)
_FLOW = Choices(view=FLOW)

CASES: dict[str, Case] = {
    "closed": Case("A closed box", Choices(samples=20)),
    "opened": Case("Opened", Choices(curtain="Open")),
    "rings": Case("Rings", Choices(world="Plane: rings", samples=500, curtain="Open")),
    "own": Case("Draw your own", Choices(world=DRAWN, samples=200, curtain="Open")),
    "line": Case("On a line", Choices(world="Line: two bumps")),
    "gaussian": Case("One Gaussian", replace(_DESCENT, model=GAUSSIAN)),
    "parts": Case("A mixture", replace(_DESCENT, samples=500, parts=12)),
    "kernels": Case("Kernels", replace(_DESCENT, model=KERNELS)),
    "forbidden": Case("Ruled out", replace(_DESCENT, model=HISTOGRAM, imagined=0.0)),
    "itself": Case("The right model", replace(_DESCENT, world="Line: two bumps", parts=2)),
    "twenty": Case("Twenty samples", replace(_FEW, parts=8)),
    "more": Case("Five hundred", replace(_FEW, samples=500, parts=8)),
    "needles": Case("Needles", replace(_FEW, sized=KERNELS, width=FLOOR)),
    "cells": Case("Too many cells", replace(_FEW, samples=50, sized=HISTOGRAM, bins=40)),
    "bumps": Case("Two bumps", replace(_WAYS, world="Line: two bumps")),
    "other": Case("The other bump", replace(_WAYS, world="Line: two bumps", start_x=-1.0)),
    "ring": Case("Rings", replace(_WAYS, world="Plane: rings", start_x=2.4, start_y=0.0)),
    "four": Case("Four Gaussians", replace(_WAYS, way_parts=4, start_x=0.0, start_y=0.0)),
    "live": Case("Moons", _FLOW),
    "spiral": Case("A spiral", replace(_FLOW, world="Plane: spiral", flow_samples=5000)),
    "starved": Case("Twenty samples", replace(_FLOW, flow_samples=20)),
    "bell": Case("On a line", replace(_FLOW, world="Line: two bumps")),
}
"""Ready cases, by the name in their links."""


def cases(view: str) -> dict[str, Case]:
    """The ready cases of one view."""
    return {name: case for name, case in CASES.items() if case.choices.view == view}
