"""Submits runs, sees that they are worked on, and stops them: what pages talk to.

A page's call only reads or writes the store and returns. One thread of the service does all that
takes time: it starts the engine, sends it the runs that wait, and sends them again when their
worker is lost, when the engine comes back, or when the site is started again.
"""

import hashlib
import json
import logging
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from core.runs import worker
from core.runs.engine import Engine, EngineUnavailable, LocalEngine, engine_for
from core.runs.records import LEASE_S, Listed, Run, StoreUnavailable, explained, is_run_id
from core.runs.store import Store
from core.settings import Settings

__all__ = ["Config", "Service"]

BUSY_TICK_S, IDLE_TICK_S = 0.5, 2.0
"""Time between two looks at the store, with unfinished runs and without."""

UNCLAIMED_S = 5.0
"""Time that a worker is given to take up a run; then it is sent anew, if it still waits."""

STUCK_S = 5.0
"""Time after its lease that a worker which does not come back is waited for."""

HELD_UP_S = 1.0
"""Time that a write takes where something else holds the database."""

MOST_LOSSES = 3
"""Workers that a run may lose without a new report before it is given up."""

MOST_REFUSALS = 3
"""Times that sending a run, or starting the engine, may fail before it is given up."""

LONGEST_PAUSE_S = 60.0
"""Longest time between two tries to start the engine."""

MACHINE_S, CALIBRATE_S = 60.0, 15.0
"""How long a submission waits to be told of the machine, and of the faster precision."""

MOST_BETA = 10_000
"""The largest beta there is, in any config."""

_NOT_OF_SPEED = frozenset({"why_cpu", "has_failing_card"})
"""What a description of the machine says besides how fast it is."""

TIDY_S = 3600.0
"""Time between two removals of what was deleted for longer than a day."""

_LOG = logging.getLogger(__name__)


@runtime_checkable
class Config(Protocol):
    """What the service needs of a config of any kind, besides these two methods.

    `kind`, `device`, `precision` and `members` are settings; `is_resolved` says whether nothing
    is left open, and then `fingerprint` stands for the result; `is_shareable` says whether two
    readers may watch the same run of it.
    """

    def resolved(self, *, device: Any, precision: Any) -> Any:  # noqa: ANN401
        """The same config with nothing left open."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Every field, as plain JSON values."""
        ...


@dataclass(slots=True)
class _Sent:
    """A run that the engine has been given.

    Attributes:
        attempt: The attempt it is to make.
        call: The call that makes it.
        at: Monotonic time at which it was sent.
    """

    attempt: int
    call: Future[Any]
    at: float


@dataclass(slots=True)
class _Refusal:
    """How often a run was sent without a worker taking it up, and when to send it next."""

    count: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class _Question:
    """A function that somebody waits for the result of."""

    key: str
    function: Callable[..., Any]
    arguments: tuple[object, ...]
    answer: Future[Any]


class Service:
    """Runs, for all readers of one site. Safe to use from several threads at once.

    Args:
        settings: Where the runs are kept and where they are executed.

    Raises:
        StoreUnavailable: If the store cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.store_url)
        self._settings = settings
        self._engine: Engine | None = None
        self._machine: dict[str, Any] | None = None
        self._machine_key = f"machine of {settings.engine_address or platform.node()}"
        self._is_wanted = False
        self._is_closing = False
        self._sent: dict[str, _Sent] = {}
        self._mine: set[str] = set()
        self._refusals: dict[str, _Refusal] = {}
        self._engine_refusals, self._engine_not_before = 0, 0.0
        self._questions: list[_Question] = []
        self._tidy_not_before = 0.0
        self._trouble: str | None = None
        self._lost_not_before = 0.0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="runs", daemon=True)
        self._thread.start()

    # -- What pages call ----------------------------------------------------------------------

    def submit(self, config: Config, owner: str, shared: bool | None = None) -> Run:
        """Have a config trained, or find the run that has trained it.

        It returns as soon as the run stands in the store. Only the very first submission on a
        machine waits for the engine to say what it computes with.

        Args:
            config: What to train.
            owner: Whoever asks; they may stop what they started.
            shared: Whether whoever asks for the same watches the same run; by default unless
                it is open-ended.

        Raises:
            ValueError: If the machine cannot do what the config asks.
            EngineUnavailable: If nothing is known of the machine, and it cannot be asked.
            StoreUnavailable: If the store cannot be used.
        """
        resolved = self._resolved(config)
        run = self.store.submit(
            kind=resolved.kind,
            config=resolved.to_json(),
            fingerprint=resolved.fingerprint,
            shared=resolved.is_shareable if shared is None else shared,
            owner=owner,
        )
        if not run.is_final:
            self._look_after(run.id)
        return run

    def run(self, run_id: str) -> Run | None:
        """The run of that id, or None.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        _require_id(run_id)
        run = self.store.run(run_id)
        return None if run is None else explained(run, self.trouble)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written into the store, as a sentence, or None if it can."""
        return self._trouble

    def was_deleted(self, run_id: str) -> bool:
        """Whether a run is not found because it was deleted.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        _require_id(run_id)
        return self.store.was_deleted(run_id)

    def stop(self, run_id: str, owner: str) -> bool:
        """Stop a run, if it belongs to whoever asks; whether there was something to stop.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        return self._owns(run_id, owner) and self.store.request_stop(run_id)

    def pause(self, run_id: str, owner: str) -> bool:
        """Have a run of one's own wait where it is; whether there was something to pause.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        return self._owns(run_id, owner) and self.store.request_pause(run_id)

    def resume(self, run_id: str, owner: str) -> bool:
        """Have a paused or stopped run of one's own go on; whether it was one.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        is_resumed = self._owns(run_id, owner) and self.store.resume(run_id)
        if is_resumed:
            self._look_after(run_id)
        return is_resumed

    def steer(self, run_id: str, owner: str, beta: float) -> bool:
        """Have a run of one's own, which nobody shares, go on with another beta.

        Raises:
            ValueError: If the id has not the shape of one, or beta is out of range.
        """
        if not 0 <= beta <= MOST_BETA:
            raise ValueError(f"`beta` must be a number from 0 to {MOST_BETA:,}, got {beta}.")
        return self._owns(run_id, owner) and self.store.request_beta(run_id, beta)

    def fork(
        self, run_id: str, owner: str, config: Config, *, weights_of: int | None = None
    ) -> Run | None:
        """A new run of somebody's own that goes on from where another one stands.

        Args:
            run_id: The other run. It goes on undisturbed.
            owner: Whose the new one is.
            config: What the new one trains.
            weights_of: A step of the other run: start anew with the weights it had there,
                rather than go on from its last checkpoint.

        Returns:
            The new run; None if there is nothing yet that it could go on from.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        _require_id(run_id)
        resolved = self._resolved(config)
        weights = None if weights_of is None else self.store.weights(run_id, weights_of)
        if weights is None and weights_of is not None:
            return None
        run = self.store.fork(
            run_id,
            config=resolved.to_json(),
            fingerprint=resolved.fingerprint,
            owner=owner,
            weights=weights,
        )
        if run is not None:
            self._look_after(run.id)
        return run

    def last_weights(self, run_id: str) -> int | None:
        """The last step whose weights are kept, or None if there is none."""
        steps = self.store.steps_with_weights(run_id)
        return steps[-1] if steps else None

    def _owns(self, run_id: str, owner: str) -> bool:
        run = self.run(run_id)
        return run is not None and run.owner == owner

    def _look_after(self, run_id: str) -> None:
        with self._lock:
            self._mine.add(run_id)
        self._wake.set()

    def queue_position(self, run_id: str) -> int | None:
        """Place of a run in the queue, where 1 starts next, or None if it does not wait."""
        _require_id(run_id)
        return self.store.queue_position(run_id)

    # A reader's list of past runs: what they started, and what they looked at of others.

    def runs(
        self, owner: str, *, limit: int = 200, deleted: bool = False, kind: str | None = None
    ) -> list[Listed]:
        """The runs on a reader's list, newest first, or those of it that can be brought back."""
        return self.store.runs(owner, limit=limit, deleted=deleted, kind=kind)

    def names(self, owner: str, run_ids: Sequence[str]) -> dict[str, str]:
        """What a reader calls some runs, by their ids. Those without a name are left out."""
        return self.store.names(owner, run_ids)

    def look(self, run_id: str, owner: str) -> None:
        """Put a run on a reader's list, unless it has been there before.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        _require_id(run_id)
        self.store.look(run_id, owner)

    def rename(self, run_id: str, owner: str, name: str) -> bool:
        """Name a run on a reader's list; whether it is there.

        Raises:
            ValueError: If the id has not the shape of one, or the name is none.
        """
        _require_id(run_id)
        return self.store.rename(run_id, owner, name)

    def delete(self, run_id: str, owner: str) -> bool:
        """Take a run off a reader's list; whether it was there. A day later it is gone for good.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        _require_id(run_id)
        return self.store.delete(run_id, owner)

    def restore(self, run_id: str, owner: str) -> bool:
        """Undo a deletion; whether there was one to undo.

        Raises:
            ValueError: If the id has not the shape of one.
        """
        _require_id(run_id)
        return self.store.restore(run_id, owner)

    @property
    def machine(self) -> dict[str, Any] | None:
        """What the workers compute with, or None as long as it is not known."""
        return self._machine

    def warm(self) -> None:
        """Start the engine in the background, so that the first run need not wait for it."""
        self._is_wanted = True
        self._wake.set()

    def close(self) -> None:
        """Let go of engine and store. Runs that go on are resumed when the site is back."""
        self._is_closing = True
        self._wake.set()
        self._thread.join(timeout=10)
        self.store.close()

    # -- Resolving a config -------------------------------------------------------------------

    def _resolved(self, config: Any) -> Any:  # noqa: ANN401 - a config, of the same kind back
        if config.is_resolved and config.device == "cpu":
            return config
        described = self._described()
        device = described["device"] if config.device == "auto" else config.device
        if device == "cuda" != described["device"]:
            raise ValueError(
                "`device` must be cpu or auto here, where trainings have no graphics card, got "
                f"'cuda'. {described.get('why_cpu') or ''}".rstrip()
            )
        if config.is_resolved:
            return config
        precision = config.precision
        if precision == "auto":
            precision = worker.settled_precision(config, described)
            if precision is None:
                precision = self._faster_precision(config, described, device)
        return config.resolved(device=device, precision=precision)

    def _described(self) -> Mapping[str, Any]:
        """What the workers compute with: from memory, from an earlier day, or by asking."""
        described = self._machine or self.store.note(self._machine_key)
        # A card of an earlier day may be gone or fail; a processor is always there.
        is_old = self._machine is None and described is not None
        if described is None or (is_old and described["device"] == "cuda"):
            try:
                described = self._ask("machine", worker.machine).result(MACHINE_S)
            except TimeoutError as error:
                raise EngineUnavailable(
                    "The processes that train did not answer within a minute: they may still be "
                    "starting, or busy; try again."
                ) from error
        self._machine = described
        return described

    def _faster_precision(self, config: Any, described: Mapping[str, Any], device: str) -> str:  # noqa: ANN401
        """The precision that was timed to be faster here, once and for all."""
        computing = {k: v for k, v in described.items() if k not in _NOT_OF_SPEED}
        kind = json.dumps({**computing, "device": device}, sort_keys=True)[:250]
        fields = config.to_json() | {"device": device}
        shape = hashlib.sha256(worker.shape(config.kind, fields).encode()).hexdigest()
        found = self.store.calibration(kind, shape)
        if found is not None:
            return found
        engine = self._engine
        at_work = [sent for sent in list(self._sent.values()) if not sent.call.done()]
        if engine is not None and len(at_work) >= engine.slots:
            return "fp32"  # rather than wait for a run to end
        call = self._ask(f"calibrate {shape}", worker.calibrate, config.kind, fields)
        try:
            timed = call.result(CALIBRATE_S)
        except (EngineUnavailable, TimeoutError) as error:
            _LOG.info("The precision could not be timed: %s", error)
            return "fp32"
        return "fp32" if timed is None else self.store.calibrate(kind, shape, timed)

    def _ask(self, key: str, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        question = _Question(key, function, arguments, Future())
        with self._lock:
            self._questions.append(question)
        self._wake.set()
        return question.answer

    # -- The thread ---------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_closing:
            self._wake.clear()
            try:
                is_busy = self._look()
            except StoreUnavailable as error:
                self._hold_back(str(error))  # said in the log already
                is_busy = True
            except Exception:
                _LOG.exception("Looking after the runs failed.")
                is_busy = False
            self._wake.wait(BUSY_TICK_S if is_busy else IDLE_TICK_S)
        self._drop_engine()
        self._answer_none(EngineUnavailable("The site is being closed."))

    def _look(self) -> bool:
        """See what is to be done, and do it; whether there is more to come soon."""
        if self._engine is not None and not self._engine.is_alive:
            _LOG.warning("The engine was lost; it is started again when it is needed.")
            self._say_engine_lost()
            self._drop_engine()
        due = [run for run in self._unfinished() if not self._is_over(run)]
        for run in due:
            if run.state == "running":
                self._say_lost(run)
        if due or self._questions or (self._is_wanted and self._engine is None):
            self._start_engine(due)
        if self._engine is not None:
            self._send_questions(self._engine)
            self._send_runs(self._engine, due)
        if time.monotonic() >= self._tidy_not_before:
            self._tidy_not_before = time.monotonic() + TIDY_S
            self.store.remove_deleted()
        return bool(due or self._sent or self._questions)

    def _unfinished(self) -> list[Run]:
        """The runs that no worker holds although they should go on.

        A lease that has run out says nothing of its worker where nobody could renew one: then
        all are given the time to.
        """
        found = self.store.unfinished()
        if any(run.state == "running" for run in found) or self._trouble is not None:
            began = time.monotonic()
            self.store.touch()
            self._trouble = None
            if time.monotonic() - began >= HELD_UP_S:
                self._hold_back(None)
        if time.monotonic() < self._lost_not_before:
            return [run for run in found if run.state != "running"]
        return found

    def _hold_back(self, trouble: str | None) -> None:
        """Note that the store was held up, and what is to be said of that for as long as it is."""
        self._trouble = trouble
        self._lost_not_before = time.monotonic() + LEASE_S

    def _is_over(self, run: Run) -> bool:
        """Whether an unfinished run is to end without another attempt, and has been ended."""
        if run.state != "running":
            return False
        if run.stop_requested or run.pause_requested:
            state = "stopped" if run.stop_requested else "paused"
            return self.store.give_up(run, state, None)
        if run.deaths + 1 < MOST_LOSSES:
            return False
        where = "before its first report" if run.step is None else f"at step {run.step:,}"
        return self.store.give_up(
            run,
            "failed",
            f"The process that trained this run was lost {MOST_LOSSES} times in a row {where}. "
            "It may have run out of memory: choose narrower hidden layers, a smaller batch or "
            "fewer values of β, and train again.",
        )

    def _start_engine(self, due: list[Run]) -> None:
        if self._engine is not None or time.monotonic() < self._engine_not_before:
            return
        engine = engine_for(self._settings)
        try:
            engine.start()
        except EngineUnavailable as error:
            _LOG.exception("The engine could not be started.")
            self._engine_refusals += 1
            pause_s = min(2.0**self._engine_refusals, LONGEST_PAUSE_S)
            self._engine_not_before = time.monotonic() + pause_s
            self._answer_none(error)
            if self._engine_refusals >= MOST_REFUSALS:
                self._is_wanted = False
                for run in due:
                    if run.id in self._mine:
                        self.store.give_up(run, "failed", str(error))
            return
        self._engine, self._engine_refusals = engine, 0
        described = engine.submit(worker.machine, key=f"machine-{time.time_ns()}")
        described.add_done_callback(self._remember_machine)

    def _remember_machine(self, described: Future[Any]) -> None:
        if described.exception() is None:
            try:
                if self.store.note(self._machine_key) != described.result():
                    self.store.remember(self._machine_key, described.result())
            except StoreUnavailable:
                pass  # then the next site asks again
            self._machine = described.result()

    def _drop_engine(self) -> None:
        engine, self._engine = self._engine, None
        self._sent.clear()
        if engine is not None:
            engine.close()

    def _send_questions(self, engine: Engine) -> None:
        with self._lock:
            questions, self._questions = self._questions, []
        for question in questions:
            call = engine.submit(question.function, *question.arguments, key=question.key)
            call.add_done_callback(lambda done, to=question.answer: _pass_on(done, to))

    def _answer_none(self, error: Exception) -> None:
        with self._lock:
            questions, self._questions = self._questions, []
        for question in questions:
            question.answer.set_exception(error)

    def _send_runs(self, engine: Engine, due: list[Run]) -> None:
        """Send runs to the workers that are free, those first that wait longest."""
        for run_id, sent in list(self._sent.items()):
            if sent.call.done():
                del self._sent[run_id]
                self._note_refusal(run_id, sent)
            elif time.monotonic() - sent.at > UNCLAIMED_S and not self._is_claimed(run_id, sent):
                # It may wait behind a worker that is busy for hours, while another one is free.
                del self._sent[run_id]
                sent.call.cancel()
        slots = engine.slots if due else 0
        for run in due:
            sent = self._sent.get(run.id)
            if sent is not None and not self._is_stuck(run, sent):
                continue
            if sent is None and len(self._sent) >= slots:
                continue
            refusal = self._refusals.get(run.id)
            if refusal is not None and time.monotonic() < refusal.not_before:
                continue
            self._send(engine, run)

    def _say_engine_lost(self) -> None:
        """Tell those who watch, although the leases of the workers that are gone still last."""
        if not isinstance(self._engine, LocalEngine):
            return  # elsewhere they may go on without us
        for run in map(self.store.run, list(self._sent)):
            if run is not None and run.state == "running":
                self._say_lost(run)

    def _say_lost(self, run: Run) -> None:
        where = "before its first report" if run.step is None else f"at step {run.step:,}"
        said = (
            f"The process that trained this run was lost {where}; another one goes on from its "
            "last checkpoint."
        )
        if run.message != said:
            self.store.say(run, said)

    def _send(self, engine: Engine, run: Run) -> None:
        attempt, settings = run.attempt + 1, self._settings
        call = engine.submit(
            worker.execute,
            run.id,
            attempt,
            settings.store_url,
            settings.run_limit_s,
            key=f"run-{run.id}-{attempt}-{time.time_ns()}",
        )
        self._sent[run.id] = _Sent(attempt, call, time.monotonic())
        call.add_done_callback(lambda _: self._wake.set())

    def _is_claimed(self, run_id: str, sent: _Sent) -> bool:
        """Whether a worker has taken up a run that it was sent."""
        run = self.store.run(run_id)
        return run is not None and run.attempt >= sent.attempt

    @staticmethod
    def _is_stuck(run: Run, sent: _Sent) -> bool:
        """Whether a worker was given up that has not come back from its call."""
        was_claimed = run.state == "running" and run.attempt == sent.attempt
        return was_claimed and time.time() - (run.lease or 0.0) > STUCK_S

    def _note_refusal(self, run_id: str, sent: _Sent) -> None:
        """Remember a call that came back without having claimed its run, and end it at last."""
        run = self.store.run(run_id)
        if run is None or run.state != "queued" or run.attempt >= sent.attempt:
            self._refusals.pop(run_id, None)
            return
        error = sent.call.exception()
        _LOG.warning("A worker did not take up run %s.", run_id, exc_info=error)
        refusal = self._refusals.setdefault(run_id, _Refusal())
        refusal.count += 1
        refusal.not_before = time.monotonic() + 0.5 * 2.0**refusal.count
        if refusal.count >= MOST_REFUSALS:
            del self._refusals[run_id]
            self.store.give_up(
                run,
                "failed",
                "No worker could take this run up: make sure that all workers reach the database "
                "and run the same version of the site, then train again.",
            )


def _pass_on(done: Future[Any], to: Future[Any]) -> None:
    error = done.exception()
    if error is None:
        to.set_result(done.result())
    else:
        to.set_exception(error)


def _require_id(run_id: str) -> None:
    if not is_run_id(run_id):
        shown = repr(run_id)[:40]
        raise ValueError(f"`run` must be twelve characters of a-z and 2-7, got {shown}.")
