"""What is kept of a run, and which states it may pass through. Plain records, no database."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = [
    "BEFORE",
    "FINAL",
    "KEPT_S",
    "LEASE_S",
    "LONGEST_NAME",
    "RESTING",
    "STATES",
    "TRANSITIONS",
    "UNFINISHED",
    "Batch",
    "Checkpoint",
    "Claim",
    "End",
    "Fenced",
    "Frames",
    "Listed",
    "Orders",
    "Pulse",
    "Run",
    "SchemaMismatch",
    "Steering",
    "StoreUnavailable",
    "Transition",
    "checked_name",
    "explained",
    "is_run_id",
]

LEASE_S = 3.0
"""Seconds after which a worker that has not renewed its lease is given up."""

KEPT_S = 24 * 3600.0
"""Seconds for which a deleted run can be brought back."""

LONGEST_NAME = 60
"""Characters that the name of a run may have."""

TRANSITIONS: dict[str, frozenset[str]] = {
    "queued": frozenset({"running", "stopped", "failed"}),
    "running": frozenset({"running", "queued", "paused", "stopped", "done", "failed"}),
    "paused": frozenset({"queued", "stopped"}),
    "stopped": frozenset({"queued"}),
    "failed": frozenset({"queued"}),
    "done": frozenset(),
}
"""Which states may follow which.

From running to running is the next attempt of a lost run, from running to queued a run that gives
way to those that wait.
"""

STATES = tuple(TRANSITIONS)

FINAL = frozenset({"stopped", "done", "failed"})
"""States in which nothing more happens by itself."""

BEFORE = -1
"""Step of a checkpoint that holds nothing but the weights to start from."""

RESTING = frozenset({"paused", "stopped", "failed"})
"""States from which a run goes on only where somebody asks for it."""

UNFINISHED = tuple(state for state in STATES if state not in FINAL)
"""States of runs that go on, or will."""

_ID = re.compile(r"[a-z2-7]{12}")


class StoreUnavailable(Exception):
    """The database cannot be used; the text is a sentence that says why, and what to do."""


class SchemaMismatch(StoreUnavailable):
    """The database was written by another version of this site."""


class Fenced(Exception):
    """A worker wrote to a run that is no longer its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it stood when it was read.

    Attributes:
        id: Twelve characters, random; the run's name in addresses.
        kind: Which trainer it needs.
        config: Its resolved config.
        fingerprint: What stands for the result of that config.
        shared: Whether whoever asks for an equal config watches this run.
        owner: Who started it, and may stop it.
        state: One of `STATES`.
        attempt: How many times a worker has claimed it.
        step: Last step with a report, or None before the first.
        message: A sentence for the page, or None.
        machine: What it ran on last, or None before it ran.
        evaluation: What is known of the finished model so far, or None.
        created: When it was asked for first, in Unix seconds like all times here.
        started: When a worker first claimed it.
        finished: When it came to its final state.
        sequence: Number of its last batch, or 0.
        queued: When it was last put in the queue.
        lease: Until when its worker holds it, or None.
        stop_requested: Whether its worker has been asked to stop.
        pause_requested: Whether its worker has been asked to pause.
        steer: The beta that its owner has asked for and that is not in force yet, or None.
        parent: The run that this one goes on from, or None.
        parent_step: The step of that run at which the two part, or None.
        deaths: Attempts in a row that were lost without a new report.
        spent: Seconds that workers have spent on it since it was last put in the queue.
        revision: Goes up with every change that viewers are told of.
    """

    id: str
    kind: str
    config: dict[str, Any]
    fingerprint: str
    shared: bool
    owner: str
    state: str
    attempt: int
    step: int | None
    message: str | None
    machine: dict[str, Any] | None
    evaluation: dict[str, Any] | None
    created: float
    started: float | None
    finished: float | None
    sequence: int
    queued: float
    lease: float | None
    stop_requested: bool
    deaths: int
    spent: float
    revision: int
    pause_requested: bool = False
    steer: float | None = None
    parent: str | None = None
    parent_step: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A run on a reader's list of past runs.

    Attributes:
        run: The run.
        name: What this reader calls it, or None.
        is_own: Whether this reader started it; otherwise it is somebody else's, looked at.
        added: When it came on the list.
        deleted: When it was taken off the list, or None if it is on it.
    """

    run: Run
    name: str | None
    is_own: bool
    added: float
    deleted: float | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """The little of a run that tells a watcher whether to look closer."""

    state: str
    attempt: int
    revision: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of state, as it is kept."""

    time: float
    before: str | None
    after: str
    attempt: int
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The reports of about a tenth of a second, as the text that viewers get.

    Attributes:
        sequence: One more than the batch before it.
        first: Step of its first report.
        last: Step of its last report.
        body: The batch as JSON, without line breaks.
    """

    sequence: int
    first: int
    last: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """How the models looked at one step: safetensors files as bytes."""

    step: int
    pictures: bytes
    weights: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What training goes on from: a safetensors file as bytes."""

    step: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a worker is asked to do with its run.

    Attributes:
        stop: Come to an end.
        pause: Leave it where it is, to go on later.
        beta: Train on with this beta, or None to leave it as it is.
    """

    stop: bool = False
    pause: bool = False
    beta: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """A change of beta that a worker has carried out.

    Attributes:
        config: The run's config, which names the change from now on.
        beta: The order that is done with.
    """

    config: dict[str, Any]
    beta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a worker leaves a run."""

    state: str
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a worker that has claimed a run starts from.

    Attributes:
        run: The run, now its own.
        checkpoint: The last checkpoint, or None to start from the beginning.
    """

    run: Run
    checkpoint: Checkpoint | None = field(repr=False)


def explained(run: Run, trouble: str | None) -> Run:
    """A run with what stands in its way, where the store cannot be told.

    Args:
        run: The run.
        trouble: Why nothing can be written into the store, as a sentence, or None if it can.
    """
    is_held_up = trouble is not None and run.state in ("queued", "running")
    return replace(run, message=trouble) if is_held_up else run


def is_run_id(text: object) -> bool:
    """Whether a text has the shape of a run's id: twelve of a-z and 2-7."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def checked_name(text: str) -> str | None:
    """The name of a run as it is kept, or None where there is nothing but space.

    Raises:
        ValueError: If it is no name. The text is a sentence for the page.

    Example:
        >>> checked_name("  two  codes ")
        'two codes'
    """
    name = re.sub(r" +", " ", text.strip())
    if len(name) > LONGEST_NAME:
        raise ValueError(f"`name` must have at most {LONGEST_NAME} characters, got {len(name):,}.")
    odd = next((letter for letter in name if not (letter.isprintable() or letter in _JOINERS)), "")
    if odd:
        raise ValueError(
            f"`name` must be one line of letters that can be seen, got U+{ord(odd):04X} in it."
        )
    return name or None


_JOINERS = "\u200c\u200d"
"""Unseen, but without them some scripts cannot be written."""
