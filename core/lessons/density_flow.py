"""What the page on density estimation says of a flow that is trained, and what it offers next.

Lecture: "Warmup: density estimation" [0:25-0:30].
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from core.density.config import DensityConfig
from core.density.worlds import DRAWN, entropy, samples, world
from core.lessons.density_choices import (
    FLOW,
    FLOW_LAYERS,
    FLOW_SAMPLES,
    FLOW_STEPS,
    UNTOUCHED,
    WORLDS,
    Choices,
)
from core.lessons.density_estimation import EMPTY, cell, is_empty, nats, stage
from core.lessons.panels import Table, adding_up
from core.runs.records import Listed, Run

__all__ = ["KIND", "PACE_S", "Action", "Live", "Past", "config_of", "followed", "live", "past"]

KIND = "density"
"""The kind of run that the page shows."""

PACE_S = 8
"""Seconds in which a whole training is played."""

_MOST_DOTS = 1000
_MOST_PAST = 8


@dataclass(frozen=True, slots=True)
class Action:
    """What the button does.

    Attributes:
        name: `start`, `again` or `stop`.
        label: What it says.
        is_ready: Whether it can be pressed.
    """

    name: str
    label: str
    is_ready: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the view of the flow shows.

    Attributes:
        data: The picture, as JSON values for the component; None if the drawing is none.
        action: What can be done now.
        verdict: What to read from it, in Markdown.
        table: What was measured in the end, or None.
        problems: What is wrong, as sentences.
    """

    data: dict[str, Any] | None = None
    action: Action = Action("start", "Train the flow")
    verdict: str = ""
    table: Table | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """A flow that a reader has trained, or looked at, before.

    Attributes:
        run: The training.
        label: What was trained, in words.
        is_shown: Whether it is the one on the page.
    """

    run: Run
    label: str
    is_shown: bool


def past(listed: Iterable[Listed], shown: Run | None) -> tuple[Past, ...]:
    """The newest flows of a reader's list, the newest first."""
    found = ((entry.run, _config(entry.run)) for entry in listed)
    flows = [
        Past(run, _label(run, config), shown is not None and run.id == shown.id)
        for run, config in found
        if config is not None
    ]
    return tuple(flows[:_MOST_PAST])


def _label(run: Run, config: DensityConfig) -> str:
    name = config.world.partition(": ")[2].capitalize()
    maps = f"{config.layers} map{'' if config.layers == 1 else 's'}"
    words = [name, f"{config.samples:,} samples", maps, f"{config.steps:,} steps"]
    if config.draw:
        words.append(f"draw {config.draw}")
    if config.seed:
        words.append(f"start {config.seed}")
    if run.state != "done":
        words.append(run.state)
    return ", ".join(words)


def config_of(choices: Choices) -> DensityConfig:
    """The training that the controls describe.

    Raises:
        ValueError: If the drawing is none.
    """
    return DensityConfig(
        world=choices.world,
        drawn=choices.drawn if choices.world == DRAWN else "",
        samples=choices.flow_samples,
        draw=choices.draw,
        layers=choices.flow_layers,
        steps=choices.flow_steps,
        seed=choices.flow_seed,
    )


def followed(run: Run) -> Choices | None:
    """Where the controls stand for the training of a run; None if they cannot stand there."""
    config = _config(run)
    if config is None:
        return None
    choices = replace(
        UNTOUCHED,
        view=FLOW,
        world=config.world,
        drawn=config.drawn or UNTOUCHED.drawn,
        draw=config.draw,
        flow_samples=config.samples,
        flow_layers=config.layers,
        flow_steps=config.steps,
        flow_seed=config.seed,
    )
    marks = ((config.samples, FLOW_SAMPLES), (config.layers, FLOW_LAYERS))
    marks = (*marks, (config.steps, FLOW_STEPS), (config.world, WORLDS))
    can_stand = all(value in listed for value, listed in marks)
    return choices if can_stand and config_of(choices) == config else None


def live(
    choices: Choices,
    run: Run | None,
    *,
    is_own: bool = False,
    batches: Iterable[str] = (),
    problem: str | None = None,
) -> Live:
    """What the view of the flow shows.

    Args:
        choices: Where the controls stand.
        run: The training that the page shows, or None.
        is_own: Whether this reader started it.
        batches: The reports of a finished one, as the store keeps them.
        problem: Why the training that was asked for is not shown, or None.
    """
    problems = () if problem is None else (problem,)
    if is_empty(choices):
        return Live(action=Action("start", "Train the flow", False), verdict=EMPTY)
    try:
        asked = config_of(choices)
    except ValueError as error:
        return Live(action=Action("start", "Train the flow", False), problems=(str(error),))
    trained = None if run is None else _config(run)
    config = asked if trained is None else trained
    box = world(config.world, config.drawn)
    seen = samples(box, (config.draw, 0), min(config.samples, _MOST_DOTS))
    data = {
        "kind": "flow",
        **stage(box, seen),
        "run": run and run.id,
        "attempt": run and run.attempt,
        "state": run and run.state,
        "pace": PACE_S,
        "name": "step",
        "numbers": [],
        "alt": f"The density of a flow over {config.samples:,} samples "
        f"{'on a line' if box.dims == 1 else 'in a plane'}.",
    }
    last = _last(batches)
    return Live(
        data=data,
        action=_action(run, is_own, is_asked=trained == asked),
        verdict=_verdict(run, config, last, is_asked=trained == asked),
        table=_table(last, entropy(box)),
        problems=problems if run is None or not run.message else (*problems, run.message),
    )


def _config(run: Run) -> DensityConfig | None:
    """The settings of a run; None for one of another version of the site."""
    try:
        return DensityConfig.from_json(run.config)
    except (TypeError, ValueError):
        return None


def _action(run: Run | None, is_own: bool, *, is_asked: bool) -> Action:
    if run is not None and run.state in ("queued", "running"):
        return Action("stop", "Stop") if is_own else Action("start", "Training", is_asked is False)
    if run is None or not is_asked:
        return Action("start", "Train the flow")
    if run.state == "done":
        return Action("again", "Train again, from another start")
    return Action("start", "Train on")


def _last(batches: Iterable[str]) -> dict[str, float] | None:
    """What was measured last in a training; None before it was."""
    found = None
    for body in batches:
        table = json.loads(body)["held_out"]
        if table["step"]:
            found = {name: column[-1][0] for name, column in table.items() if name != "step"}
    return found


def _verdict(
    run: Run | None, config: DensityConfig, last: dict[str, float] | None, *, is_asked: bool
) -> str:
    if run is None:
        return (
            "A flow bends the plane until samples look like noise. Train it, and watch :violet[q] "
            "find the samples."
        )
    if not is_asked:
        return (
            "The picture shows a training with *other settings* than the controls; train the flow "
            "to see theirs."
        )
    if last is None:
        return (
            "Every step goes down the slope of the cross-entropy of a few samples; nothing else "
            "is asked of it."
        )
    gap = last["fresh_cross_entropy"] - last["seen_cross_entropy"]
    if config.samples <= 200 and gap > 0.1:
        return (
            f"It has learnt its {config.samples} samples *by heart*: fresh ones are "
            f"{nats(gap)} more surprising."
        )
    return (
        f"What is left of :violet[KL[p; q]] is {nats(last['divergence'])}: so much evidence a "
        f"sample of :blue[p] still gives against the flow."
    )


def _table(last: dict[str, float] | None, known: float) -> Table | None:
    """What was measured at the end of a training."""
    if last is None:
        return None
    seen, fresh = last["seen_cross_entropy"], last["fresh_cross_entropy"]
    (least, above), total = adding_up((known, last["divergence"]), 3)
    rows = (
        ("training cross-entropy, on its samples", cell(seen)),
        ("held-out cross-entropy, on fresh ones", cell(fresh)),
        ("gap, held-out less training", cell(fresh - seen)),
        ("entropy H[p]", least),
        ("**KL[p; q]**, what the flow adds", above),
        ("cross-entropy, exact: their sum", total),
    )
    return Table(("measured after the last step", "nats per sample"), rows)
