"""What the page on density estimation shows: a box, models of it, and how far off they are.

Lecture: "Warmup: density estimation" [0:25-0:30].
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.density import descent
from core.density.descent import HISTOGRAM, KERNELS, MIXTURE, Frame
from core.density.gaussians import Gaussians
from core.density.models import Kernels
from core.density.worlds import DRAWN, MOST_POINTS, World, drawn_points, entropy, world
from core.lessons.density_choices import (
    BINS,
    BOX,
    DESCENT,
    FEW,
    PARTS,
    PLACES,
    SAMPLES,
    WAYS,
    WIDTHS,
    Choices,
)
from core.lessons.kl_choices import Shown, headline
from core.lessons.panels import Table, adding_up, number

__all__ = [
    "EMPTY",
    "after_a_push",
    "cell",
    "dims_of",
    "heard",
    "is_empty",
    "nats",
    "show",
    "stage",
]

_DIGITS = 3
_AS_WIDE = 2.0
"""Times the KL[p; q] of the fit that covers, below which another fit covers as well."""

_SEEN = 0.0005
"""Nats that show in a number of three decimals."""

_NO_MATTER = 0.05
"""Nats below which two fits are said to be close to what they are fitted to."""


def show(choices: Choices) -> Shown:
    """What the chosen view shows; what is wrong with the choices comes as sentences."""
    if is_empty(choices):
        return Shown(data=_blank(choices), verdict=EMPTY)
    try:
        return _VIEWS[choices.view](choices, world(choices.world, choices.drawn))
    except ValueError as error:
        return Shown(data=_blank(choices), problems=(str(error),))


EMPTY = f"Nothing is in the box yet: **draw something.** In *{BOX}* there is a square for it."
"""What is said where the reader is to draw and has not."""


def is_empty(choices: Choices) -> bool:
    """Whether the box is the reader's own, with nothing in it yet."""
    return choices.world == DRAWN and not choices.drawn.strip()


def dims_of(name: str) -> int:
    """One for a world on a line, two for one in a plane."""
    return 1 if name.startswith("Line") else 2


def after_a_push(samples: int) -> int:
    """How many samples there are after one push more; the most there can be stay as many.

    Example:
        >>> after_a_push(5), after_a_push(500)
        (10, 500)
    """
    return next((more for more in SAMPLES if more > samples), SAMPLES[-1])


def heard(what: object) -> dict[str, Any]:
    """What to set so that the page stands as a hand has left the picture; nothing for nonsense.

    Args:
        what: `drawn` as points; `start`, a place; or a model's size by the key of its control.
    """
    if not isinstance(what, Mapping) or len(what) != 1:
        return {}
    ((key, value),) = what.items()
    if key == "drawn" and isinstance(value, str):
        return {"drawn": value} if _is_drawing(value) else {}
    marks: dict[str, Sequence[float]] = {"parts": PARTS, "bins": BINS, "width": WIDTHS}
    if key in marks and value in marks[key]:
        return {key: value}
    if key == "start" and isinstance(value, list) and 1 <= len(value) <= 2:
        names = ("start_x", "start_y")[: len(value)]
        return {
            n: _nearest(PLACES, float(v))
            for n, v in zip(names, value, strict=True)
            if _is_number(v)
        }
    return {}


def _is_drawing(text: str) -> bool:
    try:
        drawn_points(text)
    except ValueError:
        return text == ""
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _nearest(marks: Sequence[float], value: float) -> float:
    return min(marks, key=lambda mark: abs(mark - value))


# -- What browsers are told of laws -----------------------------------------------------------


def _law(law: Gaussians) -> dict[str, Any]:
    """A mixture as JSON values, with the lower triangles of its factors."""
    low = np.tril_indices(law.dims)
    return {
        "kind": "gaussians",
        "shares": _rounded(law.shares),
        "means": _rounded(law.means),
        "factors": _rounded(law.factors[:, low[0], low[1]]),
    }


def _model(frame: Frame) -> dict[str, Any]:
    """A model of a frame as JSON values."""
    model = frame.model
    if isinstance(model, Gaussians):
        return _law(model)
    if isinstance(model, Kernels):
        return {"kind": "kernels", "width": model.width}
    return {
        "kind": "histogram",
        "bins": model.bins,
        "behind": model.behind,
        "equal": model.equal,
    }


def _rounded(values: np.ndarray, digits: int = 4) -> list[Any]:
    return np.round(values, digits).tolist()


def stage(box: World, seen: np.ndarray, *, is_open: bool = True) -> dict[str, Any]:
    """What every picture of a box needs: its samples, and p with its entropy if it is open."""
    return {
        "dims": box.dims,
        "samples": _rounded(seen, 3),
        "real": _law(box.law) if is_open else None,
        "entropy": entropy(box) if is_open else None,
    }


def _blank(choices: Choices) -> dict[str, Any] | None:
    """An empty plane to draw in, where nothing has been drawn."""
    if choices.world != DRAWN or choices.view != BOX:
        return None
    return {
        "kind": "box",
        **{"dims": 2, "samples": [], "real": None, "entropy": None, "draw": 0},
        "strokes": choices.drawn if _is_drawing(choices.drawn) else "",
        "most": MOST_POINTS,
        "numbers": [],
        "alt": "An empty plane to draw in.",
    }


def _place(dims: int) -> str:
    return "on a line" if dims == 1 else "in a plane"


# -- The black box ----------------------------------------------------------------------------


def _box(choices: Choices, box: World) -> Shown:
    is_open = choices.curtain == "Open"
    data = descent.drawn(box, choices.draw, choices.samples)
    count = f"{choices.samples:,}"
    numbers = [headline("samples", count, "real")]
    if is_open:
        numbers.append(headline("entropy H[p]", f"{number(entropy(box), _DIGITS)} nats", "bound"))
    shown = {
        "kind": "box",
        **stage(box, data.seen, is_open=is_open),
        "draw": choices.draw,
        "strokes": choices.drawn if choices.world == DRAWN else None,
        "most": MOST_POINTS,
        "numbers": numbers,
        "alt": f"{count} samples {_place(box.dims)}"
        + (", with the density that they were drawn from." if is_open else ", and nothing else."),
    }
    return Shown(data=shown, verdict=_said_of_box(choices, box))


def _said_of_box(choices: Choices, box: World) -> str:
    if choices.curtain == "Closed":
        return (
            "The button can be pushed, and that is all: neither :blue[p] nor its entropy can be "
            "read off."
        )
    return (
        "The curtain is drawn back: :blue[p] is known here, and with it "
        f"H[p] = {number(entropy(box), _DIGITS)} nats, the *least* mean surprise that any model "
        "can come to."
    )


# -- Descent ----------------------------------------------------------------------------------


def _descent(choices: Choices, box: World) -> Shown:
    size = {MIXTURE: choices.parts, HISTOGRAM: choices.bins}.get(choices.model, 1)
    frames = descent.path(
        box, choices.model, size, choices.draw, choices.samples, choices.imagined
    )
    seen = descent.drawn(box, choices.draw, choices.samples).seen
    is_open = choices.box == "Open"
    shown = {
        "kind": "descent",
        **stage(box, seen, is_open=is_open),
        **_frames(frames, is_open=is_open),
        "name": "kernel width" if choices.model == KERNELS else "step",
        "labels": [_step_name(frame) for frame in frames],
        "steps": [frame.step for frame in frames],
        "picked": len(frames) - 1,
        "alt": f"A {choices.model.lower()} descends the cross-entropy of {choices.samples} "
        f"samples {_place(box.dims)}.",
    }
    return Shown(
        data=shown,
        verdict=_verdict(choices, frames[-1], frames),
        table=_table(frames[-1], is_open, f"measured at {_named(frames[-1])}"),
    )


def _step_name(frame: Frame) -> str:
    if isinstance(frame.model, Kernels):
        return f"{frame.model.width:.2f}"
    return str(frame.step)


def _frames(frames: Sequence[Frame], *, is_open: bool) -> dict[str, Any]:
    """Models with their cross-entropies, as JSON values; null where one is infinite."""
    return {
        "models": [_model(frame) for frame in frames],
        "seen": [_finite(frame.seen) for frame in frames],
        "fresh": [_finite(frame.fresh) for frame in frames],
        "exact": [_finite(frame.exact) for frame in frames] if is_open else None,
        "numbers": [],
    }


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _table(frame: Frame, is_open: bool, heading: str = "measured") -> Table:
    """All that was measured of a model."""
    error = f" ± {number(frame.fresh_error, _DIGITS)}" if frame.fresh_error else ""
    rows = [
        ("training cross-entropy, on the samples", cell(frame.seen)),
        (f"held-out cross-entropy, on {descent.FRESH:,} fresh ones", cell(frame.fresh, error)),
        ("gap, held-out less training", cell(frame.gap)),
    ]
    if is_open:
        known = frame.exact - frame.kl if math.isfinite(frame.kl) else None
        if known is not None:
            (least, above), total = adding_up((known, frame.kl), _DIGITS)
            rows += [
                ("entropy H[p]", least),
                ("**KL[p; q]**, what the model adds", above),
                ("cross-entropy, exact: their sum", total),
            ]
        else:
            rows.append(("**KL[p; q]**", "infinite"))
    return Table((heading, "nats per sample"), tuple(rows))


def cell(value: float, error: str = "") -> str:
    """A number of nats in a table, whose head has the unit.

    Example:
        >>> cell(-0.25), cell(1.5, " ± 0.1"), cell(math.inf)
        ('−0.250', '1.500 ± 0.1', 'infinite')
    """
    return f"{number(value, _DIGITS)}{error}" if math.isfinite(value) else "infinite"


def nats(value: float) -> str:
    """A number of nats in a sentence.

    Example:
        >>> nats(-0.25), nats(math.inf)
        ('−0.250 nats', 'infinite')
    """
    return f"{cell(value)} nats" if math.isfinite(value) else "infinite"


def _verdict(choices: Choices, last: Frame, frames: Sequence[Frame]) -> str:
    least = min(frames, key=lambda frame: frame.kl)
    if choices.box == "Open" and math.isfinite(last.kl) and last.kl - least.kl > _SEEN:
        return (
            f"H[p] stays where it is. :violet[KL[p; q]] is least, {number(least.kl, _DIGITS)} "
            f"nats, at {_named(least)}, and from there it *rises*, to "
            f"{number(last.kl, _DIGITS)}: what goes on falling is the training cross-entropy."
        )
    if not math.isfinite(last.fresh):
        return (
            "Fresh samples fall where no sample has been: the histogram gives them *no chance*, "
            "and one of them makes the cross-entropy infinite."
        )
    best = min(frames, key=lambda frame: frame.fresh)
    if choices.box == "Closed" and best.step < last.step and last.fresh - best.fresh > 0.02:
        return (
            f"The training cross-entropy falls to the end; on fresh samples the least is "
            f"{number(best.fresh, _DIGITS)} nats at {_named(best)}, and from there it *rises*."
        )
    if choices.box == "Closed":
        return (
            "Nobody knows the entropy that these numbers would have to be held against: two "
            "models can be compared, on fresh samples, but how far the better one is from p "
            "stays open."
        )
    return (
        f"H[p] stays where it is; all that descends is :violet[KL[p; q]], to "
        f"{number(last.kl, _DIGITS)} nats."
    )


def _named(frame: Frame) -> str:
    if isinstance(frame.model, Kernels):
        return f"a width of {frame.model.width:.2f}"
    return f"step {frame.step}"


# -- Few samples ------------------------------------------------------------------------------


def _few(choices: Choices, box: World) -> Shown:
    key, sizes = {
        MIXTURE: ("parts", PARTS),
        HISTOGRAM: ("bins", BINS),
        KERNELS: ("width", WIDTHS),
    }[choices.sized]
    frames = [
        descent.fitted(box, choices.sized, size, choices.draw, choices.samples, choices.imagined)
        for size in sizes
    ]
    seen = descent.drawn(box, choices.draw, choices.samples).seen
    is_open = choices.box == "Open"
    picked = sizes.index(choices.size)
    shown = {
        "kind": "sizes",
        **stage(box, seen, is_open=is_open),
        **_frames(frames, is_open=is_open),
        "name": {"parts": "parts", "bins": "cells an axis", "width": "kernel width"}[key],
        "key": key,
        "labels": [f"{size:g}" for size in sizes],
        "sizes": list(sizes),
        "steps": list(range(len(sizes))),
        "picked": picked,
        "alt": f"Cross-entropies of a {choices.sized.lower()} by its size, on "
        f"{choices.samples} samples {_place(box.dims)}.",
    }
    return Shown(
        data=shown,
        verdict=_said_of_gap(frames[picked], box, is_open),
        table=_table(frames[picked], is_open),
    )


def _said_of_gap(frame: Frame, box: World, is_open: bool) -> str:
    gap = f"The gap is **{nats(frame.gap)}**: "
    if not math.isfinite(frame.gap):
        return "The gap is **infinite**: a fresh sample fell where the model gives it no chance."
    if is_open and frame.seen < entropy(box) and frame.kl < _NO_MATTER:
        return gap + (
            f"the training cross-entropy lies below H[p] by the luck of these samples; from "
            f":blue[p] itself the model is only {nats(frame.kl)} away."
        )
    if is_open and frame.seen < entropy(box):
        return gap + (
            "the training cross-entropy has fallen *below H[p]*, where no model is on average "
            "over :blue[p]. What is matched are the samples, not the world."
        )
    return gap + "so much more surprising are fresh samples than those the model has seen."


# -- Covering and seeking ---------------------------------------------------------------------


def _ways(choices: Choices, box: World) -> Shown:
    place = (choices.start_x, choices.start_y)[: box.dims]
    found = descent.two_ways(box, choices.way_parts, place)
    shown = {
        "kind": "ways",
        **stage(box, np.empty((0, box.dims))),
        "covering": [_law(law) for law in found.covering],
        "seeking": [_law(law) for law in found.seeking],
        "forward": [[_finite(each) for each in row] for row in found.forward],
        "reverse": [[_finite(each) for each in row] for row in found.reverse],
        "start": list(place),
        "steps": list(found.steps),
        "labels": [str(step) for step in found.steps],
        "picked": len(found.steps) - 1,
        "name": "step",
        "numbers": [],
        "alt": "Two fits of one model to a known density, by either divergence.",
    }
    rows = tuple(
        (name, cell(found.forward[i][-1]), cell(found.reverse[i][-1]))
        for i, name in enumerate(("covers, by KL[p; q]", "seeks, by KL[q; p]"))
    )
    return Shown(
        data=shown,
        verdict=_said_of_ways(found, choices.way_parts),
        table=Table(("the fit that", "KL[p; q], nats", "KL[q; p], nats"), rows),
    )


def _said_of_ways(found: descent.TwoWays, parts: int) -> str:
    left = max(ways[i][-1] for ways in (found.forward, found.reverse) for i in (0, 1))
    if left < _NO_MATTER:
        return (
            "The model is rich enough for :blue[p]: both fits end close to it, whichever "
            "divergence they descend."
        )
    if found.forward[1][-1] < _AS_WIDE * found.forward[0][-1]:
        return (
            "Down KL[p; q] the model has to be wherever :blue[p] is, and *covers* it. From this "
            "start the way down KL[q; p] ends across :blue[p] as well, in one of its several "
            "valleys: **move the start, and it seeks a part.**"
        )
    sought = "a part of it: which one" if parts == 1 else "what it can fill of it: which parts"
    return (
        "Down KL[p; q] the model has to be wherever :blue[p] is, and *covers* it. Down KL[q; p] "
        f"it has to be nowhere that :blue[p] is not, and *seeks* {sought}, its start decides."
    )


_VIEWS = {BOX: _box, DESCENT: _descent, FEW: _few, WAYS: _ways}
