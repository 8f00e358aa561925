"""Writes down what a training says while it goes on, and tells it when to stop.

The training hands over its reports and goes on; a thread beside it writes them to the store
about ten times a second, renews the lease while a step or a file takes long, and sees when the
run is to stop. So a slow disk does not slow the training, nor a slow step the page.
"""

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, TypeVar

from safetensors.numpy import save

from core.reports import Report, Snapshot, Tensors
from core.runs.records import (
    Batch,
    Checkpoint,
    Claim,
    End,
    Fenced,
    Frames,
    Orders,
    Steering,
    StoreUnavailable,
)
from core.runs.store import Store

__all__ = ["Keeper", "encode", "finite"]

FLUSH_S = 0.1
"""Time between two batches."""

LOOK_S = 0.05
"""Time between two looks whether to stop."""

RENEW_S = 0.5
"""Time after which a lease is renewed although there is nothing to write."""

READ_S = 5.0
"""Time that readers have, once a run goes on, to read why it did not."""

GRACE_S = 0.1
"""Time that a training is given to come to its next report when it is to stop."""

OVERSTAY_S = 3.0
"""Time after that in which it may still finish a long step, before somebody ends it."""

RETRY_S, PATIENCE_S = 0.5, 3600.0
"""How often, and for how long, something is tried again that the store refused."""

MOST_WAITING = 5_000
"""Reports that may wait to be written before the training has to wait as well."""

MOST_PICTURES = 16
"""Snapshots that may wait likewise."""

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Parcel:
    """What waits to be written."""

    reports: list[tuple[float, Report]] = field(default_factory=list)
    pictures: int = 0
    checkpoint: tuple[int, Tensors] | None = None
    evaluation: Mapping[str, Any] | None = None
    steering: Steering | None = None
    end: End | None = None

    @property
    def is_empty(self) -> bool:
        rest = (self.checkpoint, self.evaluation, self.steering, self.end)
        return not self.reports and all(part is None for part in rest)


class Keeper:
    """Keeps one claimed run for as long as its worker is at it. Used by `with`.

    Args:
        store: Where the run is.
        claim: What the worker has claimed.
        overstayed: Called where the run has been ended and the training does not notice, so that
            whoever waits for this worker need not wait for the end of a step.
    """

    def __init__(
        self, store: Store, claim: Claim, overstayed: Callable[[], None] | None = None
    ) -> None:
        self._store, self._run = store, claim.run
        self._sequence = claim.run.sequence
        self._changed = threading.Condition()
        self._waiting = _Parcel()
        self._written = -math.inf  # monotonic time of the last write
        self._began = self._spent_until = time.monotonic()
        self._orders = Orders()
        self._asked: float | None = None  # when it was first asked to leave the run
        self._error: Exception | None = None
        self._overstayed, self._is_left = overstayed, False
        self._thread = threading.Thread(target=self._work, name=f"keeper {self._run.id}")

    def __enter__(self) -> "Keeper":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        """Wait until all is written. A run that was left without an end stays as it is."""
        with self._changed:
            self._is_left = True
            if self._waiting.end is None and self._error is None:
                self._error = Fenced("The worker left its run.")
            self._changed.notify_all()
        self._thread.join()

    # -- For the training ---------------------------------------------------------------------

    @property
    def leaves_as(self) -> str | None:
        """The state in which the training is to leave its run now, or None to go on.

        Raises:
            Fenced: If the run belongs to somebody else by now.
            StoreUnavailable: If the store did not take what was written, for long.
        """
        if self._error is not None:
            raise self._error
        if self._asked is None:
            return None
        return "stopped" if self._orders.stop else "paused"

    def take_beta(self) -> float | None:
        """The beta to go on with, if another one was asked for since the last call."""
        with self._changed:
            beta = self._orders.beta
            self._orders = replace(self._orders, beta=None)
            return beta

    def report(self, report: Report, steering: Steering | None = None) -> None:
        """Hand over a report, with the change of beta that is in force after it, if there is one.

        Waits only if the store is far behind.
        """
        with self._changed:
            self._changed.wait_for(self._has_room)
            self._waiting.reports.append((time.time(), report))
            self._waiting.pictures += report.snapshot is not None
            self._waiting.steering = steering or self._waiting.steering
            if steering is not None or time.monotonic() - self._written >= FLUSH_S:
                self._changed.notify_all()

    def checkpoint(self, step: int, tensors: Tensors) -> None:
        """Hand over what training can go on from, once the report of that step is in."""
        with self._changed:
            self._waiting.checkpoint = (step, tensors)

    def evaluation(self, values: Mapping[str, Any]) -> None:
        """Hand over what is known of the finished model by now."""
        with self._changed:
            self._waiting.evaluation = values
            self._changed.notify_all()

    def finish(self, end: End) -> None:
        """Leave the run in its last state, after everything that was handed over."""
        with self._changed:
            self._waiting.end = end
            self._changed.notify_all()

    # -- The thread ---------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while self._error is None:
                with self._changed:
                    is_due = self._changed.wait_for(self._is_due, LOOK_S)
                    parcel = self._take() if is_due else _Parcel()
                if self._error is None and self._attend(parcel):
                    self._see_out()
                    return
        except Exception as error:
            if not isinstance(error, Fenced | StoreUnavailable):
                _LOG.exception("Run %s cannot be written down.", self._run.id)
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _see_out(self) -> None:
        """Wait a little for a training whose run has been ended, for the model as it leaves it.

        One that does not come to its next report is ended as well.
        """
        if not self._is_too_slow():
            return
        with self._changed:
            self._changed.wait_for(lambda: self._is_left, OVERSTAY_S)
            last, self._waiting = self._waiting, _Parcel()
        if last.reports:
            with suppress(StoreUnavailable):  # then what was written before has to do
                self._store.append(self._run.id, self._run.attempt, **self._packed(last))
        if not self._is_left and self._overstayed is not None:
            self._overstayed()

    def _attend(self, parcel: _Parcel) -> bool:
        """Write what there is, or see what is asked; whether that was the end."""
        now = time.monotonic()
        if not parcel.is_empty or now - self._written >= RENEW_S:
            orders = self._write(parcel)
        else:
            orders = self._insist(lambda: self._store.orders(self._run.id, self._run.attempt))
        with self._changed:
            if self._waiting.steering is not None:  # carried out, and not yet written down
                orders = replace(orders, beta=None)
            self._orders = orders
            if (orders.stop or orders.pause) and self._asked is None:
                self._asked = now
        return parcel.end is not None

    def _has_room(self) -> bool:
        waiting = self._waiting
        is_little = len(waiting.reports) < MOST_WAITING and waiting.pictures < MOST_PICTURES
        return is_little or self._error is not None

    def _is_due(self) -> bool:
        waiting = self._waiting
        is_urgent = waiting.end is not None or self._error is not None or self._is_too_slow()
        is_time = time.monotonic() - self._written >= FLUSH_S
        return is_urgent or (is_time and not waiting.is_empty)

    def _is_too_slow(self) -> bool:
        """Whether the training has had its time to stop by itself."""
        asked = self._asked
        return asked is not None and time.monotonic() - asked >= GRACE_S

    def _take(self) -> _Parcel:
        """What waits, for writing; with the end, if the training is too slow to say it."""
        parcel, self._waiting = self._waiting, _Parcel()
        if parcel.end is None and self._is_too_slow():
            parcel.end = End(state="stopped" if self._orders.stop else "paused")
        self._changed.notify_all()
        return parcel

    def _write(self, parcel: _Parcel) -> Orders:
        packed = self._packed(parcel)
        now = time.monotonic()
        orders = self._insist(
            lambda: self._store.write(
                self._run.id,
                self._run.attempt,
                **packed,
                evaluation=None if parcel.evaluation is None else finite(parcel.evaluation),
                spent=now - self._spent_until,
                steering=parcel.steering,
                end=parcel.end,
                clears=now - self._began >= READ_S,
            )
        )
        self._written = time.monotonic()
        # While the store takes nothing the training waits, and spends none of its time.
        has_waited = self._written - now >= RETRY_S
        self._spent_until = self._written if has_waited else now
        self._sequence += packed["batch"] is not None
        return orders

    def _packed(self, parcel: _Parcel) -> dict[str, Any]:
        """Reports, snapshots and checkpoint of a parcel, as the store takes them."""
        snapshots = [(r.step, r.snapshot) for _, r in parcel.reports if r.snapshot is not None]
        checkpoint = None
        if parcel.checkpoint is not None:
            step, tensors = parcel.checkpoint
            checkpoint = Checkpoint(step=step, body=save(tensors))
        return {
            "batch": encode(self._sequence + 1, parcel.reports) if parcel.reports else None,
            "frames": [_frames(step, snapshot) for step, snapshot in snapshots],
            "checkpoint": checkpoint,
        }

    def _insist(self, call: Callable[[], T]) -> T:
        """What the store answers, asked again for as long as it refuses.

        Meanwhile the training waits at its next reports: a disk may be full for hours, and what
        was trained until then is not to be lost.
        """
        began = time.monotonic()
        while True:
            try:
                return call()
            except StoreUnavailable as error:
                is_late = time.monotonic() - began >= PATIENCE_S
                if is_late or self._error is not None or not self._hold(error):
                    raise
                time.sleep(RETRY_S)

    def _hold(self, error: StoreUnavailable) -> bool:
        """Keep the run while the store refuses more; whether it is still wanted.

        A lease and a sentence fit where a batch does not. A run that is to stop is let go
        instead: its end might not fit, and the site can write that as soon as the lease is over.
        """
        with suppress(StoreUnavailable):
            orders = self._store.write(self._run.id, self._run.attempt)
            self._store.say(self._run, str(error))
            return not (orders.stop or orders.pause)
        return True


def encode(sequence: int, reports: Sequence[tuple[float, Report]]) -> Batch:
    """The batch that viewers get for some reports, each with the time it was made.

    Numbers keep nine significant digits, from which a float32 can be told exactly; what is not
    a finite number becomes null.
    """
    training = [(time, report.step, report.training) for time, report in reports]
    held_out = [(report.step, report.held_out) for _, report in reports if report.held_out]
    trained = [entry for entry in training if entry[2]]
    tables = {
        "training": {
            "step": [str(step) for _, step, _ in trained],
            "time": [f"{time:.3f}" for time, _, _ in trained],
            **_columns([values for _, _, values in trained]),
        },
        "held_out": {
            "step": [str(step) for step, _ in held_out],
            **_columns([values for _, values in held_out]),
        },
    }
    first, last = reports[0][1].step, reports[-1][1].step
    parts = [f'"sequence":{sequence},"first":{first},"last":{last}']
    for name, columns in tables.items():
        entries = (f"{json.dumps(key)}:[{','.join(cells)}]" for key, cells in columns.items())
        parts.append(f'"{name}":{{{",".join(entries)}}}')
    pictured = [str(report.step) for _, report in reports if report.snapshot is not None]
    parts.append(f'"snapshots":[{",".join(pictured)}]')
    return Batch(sequence=sequence, first=first, last=last, body=f"{{{','.join(parts)}}}")


def _columns(rows: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, list[str]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [_cell(row.get(name)) for row in rows] for name in names}


def _cell(values: Sequence[float] | None) -> str:
    if values is None:
        return "null"
    return f"[{','.join(f'{v:.9g}' if math.isfinite(v) else 'null' for v in values)}]"


def _frames(step: int, snapshot: Snapshot) -> Frames:
    weights = None if snapshot.weights is None else save(snapshot.weights)
    return Frames(step=step, pictures=save(snapshot.pictures), weights=weights)


def finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say
    """A JSON value with null for every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return value
