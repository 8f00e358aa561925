"""The store of runs: what was asked for, what happened, and what came of it, in one database.

It knows nothing of models. A run is a config (as JSON) of some kind, in one state; what it
yields are batches of reports, snapshots and checkpoints. All of it lives in the database, SQLite
by default, so that what belongs together is written together or not at all.

Three things keep two processes from spoiling each other's work. Every change of a run is one
statement that names the state it expects, and does nothing where it is another. A worker holds a
lease, which it renews; when it ends, the run may be claimed again. And each claim raises the
run's attempt number, which every write of a worker names: a worker that was thought dead finds
its writes refused. Leases are compared by the clock, so machines that share a store must agree
on the time to within a second.
"""

import base64
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from core.runs import lists
from core.runs.migrations import migrate
from core.runs.records import (
    BEFORE,
    FINAL,
    LEASE_S,
    RESTING,
    TRANSITIONS,
    UNFINISHED,
    Batch,
    Checkpoint,
    Claim,
    End,
    Fenced,
    Frames,
    Listed,
    Orders,
    Pulse,
    Run,
    SchemaMismatch,
    Steering,
    StoreUnavailable,
    Transition,
    checked_name,
)
from core.runs.tables import (
    BATCHES,
    CALIBRATIONS,
    CHECKPOINTS,
    LISTS,
    META,
    METADATA,
    RUNS,
    SCHEMA,
    SNAPSHOTS,
    TRANSITION_LOG,
    called,
    opened,
    sentence,
)

__all__ = ["Store", "cut"]

_LOG = logging.getLogger(__name__)


class Store:
    """One database of runs. Safe to use from several threads and processes at once.

    Args:
        url: An SQLite file or a PostgreSQL database. A file that is not there is made.
        patience_s: How long to wait for another process that is writing to the file.
        clock: What time it is, in Unix seconds.

    Raises:
        StoreUnavailable: If it cannot be opened.
        SchemaMismatch: If another version of this site wrote it.
    """

    def __init__(
        self, url: str, *, patience_s: float = 5.0, clock: Callable[[], float] = time.time
    ) -> None:
        self.url = url
        self._clock = clock
        self._called = called(url)
        with self._explained():
            self._engine = opened(url, patience_s)
            self._writer = self._engine.execution_options(writes=True)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    # -- What readers ask ---------------------------------------------------------------------

    def run(self, run_id: str) -> Run | None:
        """The run of that id, or None if there is none, or none any more."""
        with self._reading() as connection:
            return _run(connection, sa.and_(RUNS.c.id == run_id, lists.is_there))

    def pulse(self, run_id: str) -> Pulse | None:
        """State, attempt, revision and last batch of a run, or None. Cheap."""
        with self._reading() as connection:
            row = connection.execute(_PULSE, {"run": run_id}).one_or_none()
        return None if row is None else Pulse(*row)

    def batches(self, run_id: str, after: int, limit: int) -> list[tuple[int, str]]:
        """Number and body of the batches that follow number `after`, in order."""
        with self._reading() as connection:
            rows = connection.execute(_LATER, {"run": run_id, "after": after, "limit": limit})
            return [(row.sequence, row.body) for row in rows]

    def pictures(self, run_id: str, step: int) -> bytes | None:
        """The pictures of the snapshot at one step, or None."""
        query = sa.select(SNAPSHOTS.c.pictures).where(
            SNAPSHOTS.c.run == run_id, SNAPSHOTS.c.step == step
        )
        with self._reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def snapshots(self, run_id: str) -> list[int]:
        """The steps that have pictures, in order."""
        query = sa.select(SNAPSHOTS.c.step).where(SNAPSHOTS.c.run == run_id)
        with self._reading() as connection:
            return list(connection.execute(query.order_by(SNAPSHOTS.c.step)).scalars())

    def steps_with_weights(self, run_id: str) -> list[int]:
        """The steps that have weights, in order."""
        query = sa.select(SNAPSHOTS.c.step).where(
            SNAPSHOTS.c.run == run_id, SNAPSHOTS.c.weights.is_not(None)
        )
        with self._reading() as connection:
            return list(connection.execute(query.order_by(SNAPSHOTS.c.step)).scalars())

    def weights(self, run_id: str, step: int | None = None) -> tuple[int, bytes] | None:
        """The weights kept at one step, or the last that were kept, with their step."""
        at = SNAPSHOTS.c.step == step if step is not None else sa.true()
        query = (
            sa.select(SNAPSHOTS.c.step, SNAPSHOTS.c.weights)
            .where(SNAPSHOTS.c.run == run_id, SNAPSHOTS.c.weights.is_not(None), at)
            .order_by(SNAPSHOTS.c.step.desc())
            .limit(1)
        )
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.step, row.weights)

    def checkpoint(self, run_id: str) -> Checkpoint | None:
        """The last checkpoint of a run, or None."""
        with self._reading() as connection:
            return _checkpoint(connection, run_id)

    def transitions(self, run_id: str) -> list[Transition]:
        """Every change of a run's state so far, in order."""
        columns = [c for c in TRANSITION_LOG.c if c.name not in ("number", "run")]
        query = sa.select(*columns).where(TRANSITION_LOG.c.run == run_id)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(TRANSITION_LOG.c.number)).mappings()
            return [Transition(**row) for row in rows]

    def queue_position(self, run_id: str) -> int | None:
        """Place of a run in the queue, where 1 starts next, or None if it does not wait."""
        mine = sa.select(RUNS.c.queued).where(RUNS.c.id == run_id, RUNS.c.state == "queued")
        query = sa.select(sa.func.count()).where(
            RUNS.c.state == "queued", RUNS.c.queued <= mine.scalar_subquery()
        )
        with self._reading() as connection:
            return connection.execute(query).scalar_one() or None

    def is_anyone_waiting(self, seconds: float) -> bool:
        """Whether a run has been in the queue for longer than that."""
        query = sa.select(
            sa.exists().where(RUNS.c.state == "queued", RUNS.c.queued <= self._clock() - seconds)
        )
        with self._reading() as connection:
            return bool(connection.execute(query).scalar_one())

    def is_left_behind(self, run_id: str) -> bool:
        """Whether the only reader of a run waits for a continuation of their own."""
        child, entry = RUNS.alias(), LISTS.alias()
        others = sa.exists().where(
            entry.c.run == run_id, entry.c.owner != child.c.owner, entry.c.deleted.is_(None)
        )
        waits = sa.exists().where(
            child.c.parent == run_id, child.c.state == "queued", sa.not_(others)
        )
        with self._reading() as connection:
            return bool(connection.execute(sa.select(waits)).scalar_one())

    def unfinished(self) -> list[Run]:
        """The runs that no worker holds although they should go on, longest waiting first."""
        lost = sa.and_(RUNS.c.state == "running", RUNS.c.lease < self._clock())
        query = sa.select(RUNS).where(sa.or_(RUNS.c.state == "queued", lost))
        with self._reading() as connection:
            rows = connection.execute(query.order_by(RUNS.c.queued)).mappings()
            return [_from_row(row) for row in rows]

    # -- Lists of past runs -------------------------------------------------------------------

    def runs(
        self, owner: str, *, limit: int = 200, deleted: bool = False, kind: str | None = None
    ) -> list[Listed]:
        """The runs on a reader's list, the newest first: own ones, and others looked at.

        Args:
            owner: Whose list it is.
            limit: How many there may be.
            deleted: Whether to list those instead that can be brought back.
            kind: The kind that is wanted, or None for all.
        """
        query = lists.entries(owner, limit, deleted=deleted, kind=kind)
        with self._reading() as connection:
            return [_listed(row, owner) for row in connection.execute(query).mappings()]

    def names(self, owner: str, run_ids: Sequence[str]) -> dict[str, str]:
        """What a reader calls some runs, by their ids. Those without a name are left out."""
        with self._reading() as connection:
            rows = connection.execute(lists.names(owner, tuple(run_ids)))
            return {row.run: row.name for row in rows}

    def was_deleted(self, run_id: str) -> bool:
        """Whether a run is not found because it was deleted."""
        query = sa.select(RUNS.c.id).where(RUNS.c.id == run_id, lists.is_gone)
        with self._reading() as connection:
            return connection.execute(query).one_or_none() is not None

    def look(self, run_id: str, owner: str) -> None:
        """Remember that a reader has looked at a run, unless it has been on their list before."""
        mine = sa.exists().where(LISTS.c.owner == owner, LISTS.c.run == RUNS.c.id)
        query = sa.select(RUNS.c.id).where(RUNS.c.id == run_id, lists.is_there, sa.not_(mine))
        with self._reading() as connection:
            if connection.execute(query).one_or_none() is None:
                return
        try:
            with self._writing() as connection:
                if connection.execute(query).one_or_none() is not None:
                    lists.put(connection, run_id, owner, self._clock())
        except exc.IntegrityError:
            _LOG.info("Run %s came on a list, or went, in the same moment.", run_id)

    def rename(self, run_id: str, owner: str, name: str) -> bool:
        """Give a run on a reader's list a name, which only they see. An empty one takes it off.

        Returns:
            Whether the run is on the list.

        Raises:
            ValueError: If it is no name.
        """
        name_or_none = checked_name(name)
        mine = [LISTS.c.owner == owner, LISTS.c.run == run_id, LISTS.c.deleted.is_(None)]
        with self._writing() as connection:
            update = sa.update(LISTS).where(*mine).values(name=name_or_none)
            return connection.execute(update).rowcount == 1

    def delete(self, run_id: str, owner: str) -> bool:
        """Take a run off a reader's list. It stays for others who have it on theirs.

        If it goes on and nobody else has it, or nobody else can stop it, it is stopped.

        Returns:
            Whether it was on the list.
        """
        with self._writing() as connection:
            if not lists.strike(connection, run_id, owner, at=self._clock()):
                return False
            run = _existing(connection, run_id)
            is_gone = _run(connection, sa.and_(RUNS.c.id == run_id, lists.is_gone)) is not None
        if is_gone or (run.owner == owner and not run.shared):
            self.request_stop(run_id)
        return True

    def restore(self, run_id: str, owner: str) -> bool:
        """Undo a deletion; whether there was one to undo. A run that was stopped stays so."""
        with self._writing() as connection:
            return lists.strike(connection, run_id, owner, at=None)

    def remove_deleted(self) -> int:
        """Remove the runs for good that nobody can bring back any more, with all they have.

        Returns:
            How many they were.
        """
        with self._reading() as connection:
            found = connection.execute(lists.due(self._clock())).scalars().all()
        removed = 0
        for run_id in found:  # one by one, so that whoever wants to write has a turn in between
            with self._writing() as connection:
                this = sa.select(RUNS.c.id).where(RUNS.c.id == run_id).with_for_update()
                connection.execute(this).one_or_none()
                still = lists.due(self._clock()).where(RUNS.c.id == run_id)
                if connection.execute(still).one_or_none() is not None:
                    connection.execute(sa.delete(RUNS).where(RUNS.c.id == run_id))
                    removed += 1
        with self._writing() as connection:
            lists.sweep(connection, self._clock())
        return removed

    # -- What the service asks ----------------------------------------------------------------

    def submit(
        self,
        *,
        kind: str,
        config: Mapping[str, Any],
        fingerprint: str,
        shared: bool,
        owner: str,
    ) -> Run:
        """The run that answers a config: a new one, or the one there is.

        Equal shared configs have one run. It is watched if it is queued, running or done, and
        goes back into the queue if it was paused or stopped or had failed; then it belongs to
        whoever asked. One that was deleted comes back: trained anew it would be the same.
        """
        values = {"kind": kind, "config": json.dumps(config), "fingerprint": fingerprint}
        with self._explained():
            while True:
                try:
                    with self._writer.begin() as connection:
                        run = self._submit(connection, values, shared, owner)
                        lists.put(connection, run.id, owner, self._clock())
                        return run
                except exc.IntegrityError:
                    if not shared:  # two equal random ids; the loop draws another
                        _LOG.info("Drawing another id for a run.")

    def _submit(
        self, connection: sa.Connection, values: dict[str, Any], shared: bool, owner: str
    ) -> Run:
        same = sa.and_(RUNS.c.shared.is_(True), RUNS.c.fingerprint == values["fingerprint"])
        found = _run(connection, same) if shared else None
        if found is None:
            return self._insert(connection, values | {"shared": shared, "owner": owner})
        if found.state in RESTING:
            self._requeue(connection, found, owner=owner)
            return _existing(connection, found.id)
        return found

    def _requeue(self, connection: sa.Connection, run: Run, **values: Any) -> bool:  # noqa: ANN401
        fresh = {"queued": self._clock(), "finished": None, "evaluation": None}
        fresh |= {"deaths": 0, "spent": 0.0}
        return self._move(connection, run, "queued", **fresh, **values)

    def _insert(self, connection: sa.Connection, values: dict[str, Any]) -> Run:
        now = self._clock()
        run_id = _new_id()
        connection.execute(
            sa.insert(RUNS).values(
                id=run_id,
                state="queued",
                attempt=0,
                created=now,
                queued=now,
                sequence=0,
                stop_requested=False,
                deaths=0,
                spent=0.0,
                revision=0,
                **values,
            )
        )
        self._record(connection, run_id, None, "queued", 0, None)
        return _existing(connection, run_id)

    def request_stop(self, run_id: str) -> bool:
        """Stop a run: at once if nobody works on it, else by asking its worker to.

        Returns:
            Whether there was anything to stop.
        """
        return self._request(run_id, "stopped", {"stop_requested": True})

    def request_pause(self, run_id: str) -> bool:
        """Have the worker of a run leave it where it is, to go on later.

        Returns:
            Whether there was anything to pause.
        """
        return self._request(run_id, "paused", {"pause_requested": True})

    def _request(self, run_id: str, state: str, order: dict[str, Any]) -> bool:
        with self._explained():
            while True:
                with self._writer.begin() as connection:
                    run = _run(connection, RUNS.c.id == run_id)
                    if run is None or state not in TRANSITIONS[run.state]:
                        return False
                    is_held = run.state == "running" and (run.lease or 0.0) >= self._clock()
                    if is_held:
                        still = [RUNS.c.state == "running", RUNS.c.attempt == run.attempt]
                        ask = sa.update(RUNS).where(RUNS.c.id == run_id, *still)
                        if connection.execute(ask.values(**order)).rowcount:
                            return True
                    elif self._move(connection, run, state):
                        return True

    def resume(self, run_id: str) -> bool:
        """Put a paused or stopped run back into the queue; whether it was one."""
        with self._writing() as connection:
            run = _run(connection, RUNS.c.id == run_id)
            if run is None or run.state not in ("paused", "stopped"):
                return False
            return self._requeue(connection, run)

    def request_beta(self, run_id: str, beta: float) -> bool:
        """Have a run go on with another beta, now or when it is resumed.

        Returns:
            Whether the run is one that still goes on and that nobody shares.
        """
        mine = [RUNS.c.id == run_id, RUNS.c.shared.is_(False), RUNS.c.state.in_(UNFINISHED)]
        with self._writing() as connection:
            order = sa.update(RUNS).where(*mine).values(steer=beta)
            return connection.execute(order).rowcount == 1

    def fork(
        self,
        run_id: str,
        *,
        config: Mapping[str, Any],
        fingerprint: str,
        owner: str,
        weights: tuple[int, bytes] | None = None,
    ) -> Run | None:
        """A new run of somebody's own that goes on where another one stands.

        It has the history of the other up to its last checkpoint, and waits in the queue. The
        other goes on undisturbed.

        Args:
            run_id: The other run.
            config: The config of the new one.
            fingerprint: What stands for that config's result.
            owner: Whose it is.
            weights: What to start from instead, without the history: a step of the other run,
                and its weights there.

        Returns:
            The new run, or None if the other is not there or has no checkpoint.
        """
        with self._writing() as connection:
            parent = _run(connection, RUNS.c.id == run_id)
            checkpoint = _checkpoint(connection, run_id)
            if weights is not None:
                checkpoint = Checkpoint(step=BEFORE, body=weights[1])
            if parent is None or checkpoint is None:
                return None
            at = checkpoint.step if weights is None else weights[0]
            values = {"kind": parent.kind, "config": json.dumps(config), "shared": False}
            values |= {"fingerprint": fingerprint, "owner": owner}
            values |= {"parent": parent.id, "parent_step": at}
            run = self._insert(connection, values)
            lists.put(connection, run.id, owner, self._clock())
            if weights is None:
                _copy_history(connection, parent.id, run.id, checkpoint.step)
            _replace_checkpoint(connection, run.id, checkpoint)
            return _existing(connection, run.id)

    def give_up(self, run: Run, state: str, message: str | None) -> bool:
        """End a run that no worker holds. False if it has moved on since it was read."""
        with self._writing() as connection:
            not_held = sa.or_(RUNS.c.lease.is_(None), RUNS.c.lease < self._clock())
            guard = not_held if run.state == "running" else sa.true()
            return self._move(connection, run, state, guard, message=message)

    def say(self, run: Run, message: str) -> bool:
        """Have the page say something of a run until its next report; whether it is new."""
        same = [RUNS.c.id == run.id, RUNS.c.state == run.state, RUNS.c.attempt == run.attempt]
        fresh = sa.or_(RUNS.c.message.is_(None), RUNS.c.message != message)
        values = {"message": message, "revision": RUNS.c.revision + 1}
        with self._writing() as connection:
            return (
                connection.execute(sa.update(RUNS).where(*same, fresh).values(**values)).rowcount
                == 1
            )

    def touch(self) -> None:
        """Write nothing, but only when whoever writes now is through: whether one can write.

        Raises:
            StoreUnavailable: If one cannot.
        """
        nobody = sa.update(RUNS).where(sa.false()).values(step=RUNS.c.step)
        with self._writing() as connection:
            connection.execute(nobody)

    # -- What workers write -------------------------------------------------------------------

    def claim(self, run_id: str, attempt: int, machine: Mapping[str, Any]) -> Claim:
        """Take a run that is queued, or whose worker was lost, as its attempt number `attempt`.

        Raises:
            Fenced: If it is not there to be taken, or that attempt has been made.
        """
        with self._writing() as connection:
            run = _run(connection, RUNS.c.id == run_id)
            if run is None or run.state not in ("queued", "running") or run.attempt != attempt - 1:
                raise Fenced(f"Run {run_id} is not waiting for attempt {attempt}.")
            now = self._clock()
            was_lost = run.state == "running"
            taken = self._move(
                connection,
                run,
                "running",
                RUNS.c.lease < now if was_lost else sa.true(),
                attempt=attempt,
                lease=now + LEASE_S,
                machine=json.dumps(machine),
                started=now if run.started is None else run.started,
                deaths=run.deaths + was_lost,
                message=run.message,
            )
            if not taken:
                raise Fenced(f"Run {run_id} is held by another worker.")
            return Claim(
                run=_existing(connection, run_id), checkpoint=_checkpoint(connection, run_id)
            )

    def write(
        self,
        run_id: str,
        attempt: int,
        *,
        batch: Batch | None = None,
        frames: Sequence[Frames] = (),
        checkpoint: Checkpoint | None = None,
        evaluation: Mapping[str, Any] | None = None,
        spent: float = 0.0,
        steering: Steering | None = None,
        end: End | None = None,
        clears: bool = True,
    ) -> Orders:
        """Write what a worker has, all of it or nothing, and renew its lease.

        Args:
            run_id: The worker's run.
            attempt: The worker's attempt at it.
            batch: New reports.
            frames: New snapshots.
            checkpoint: What to go on from from now on.
            evaluation: What is known of the finished model so far.
            spent: Seconds since the last write.
            steering: A change of beta, which the reports in `batch` may follow already.
            end: The state to leave the run in, when the worker is through with it.
            clears: Whether new reports clear what the page says of the run.

        Returns:
            What the worker is asked to do.

        Raises:
            Fenced: If the run is no longer the worker's; nothing is written.
        """
        values: dict[str, Any] = {"lease": self._clock() + LEASE_S}
        if spent:
            values["spent"] = RUNS.c.spent + spent
        if batch is not None:
            values |= {"sequence": batch.sequence, "step": batch.last, "deaths": 0}
        if batch is not None and clears:
            # What went wrong before is over: there is a new report.
            changed = sa.case(
                (RUNS.c.message.is_(None), RUNS.c.revision), else_=RUNS.c.revision + 1
            )
            values |= {"message": None, "revision": changed}
        if evaluation is not None:
            values |= {"evaluation": json.dumps(evaluation), "revision": RUNS.c.revision + 1}
        if steering is not None:
            values |= {"config": json.dumps(steering.config), "revision": RUNS.c.revision + 1}
            values["steer"] = sa.case((RUNS.c.steer == steering.beta, None), else_=RUNS.c.steer)
        mine = [RUNS.c.state == "running", RUNS.c.attempt == attempt]
        with self._writing() as connection:
            update = sa.update(RUNS).where(RUNS.c.id == run_id, *mine)
            if connection.execute(update.values(**values)).rowcount != 1:
                raise Fenced(f"Run {run_id} is no longer in the hands of attempt {attempt}.")
            _add(connection, run_id, batch, frames, checkpoint)
            run = _existing(connection, run_id)
            if end is not None:
                last = {"queued": self._clock()} if end.state == "queued" else {}
                self._move(connection, run, end.state, message=end.message, **last)
            return Orders(stop=run.stop_requested, pause=run.pause_requested, beta=run.steer)

    def append(
        self,
        run_id: str,
        attempt: int,
        *,
        batch: Batch,
        frames: Sequence[Frames] = (),
        checkpoint: Checkpoint | None = None,
    ) -> bool:
        """Add what a worker comes to after its run was stopped or paused: how it leaves the model.

        Returns:
            Whether the run still is as that worker left it; else nothing is written.
        """
        left = [RUNS.c.state.in_(("stopped", "paused")), RUNS.c.attempt == attempt]
        values = {"sequence": batch.sequence, "step": batch.last, "revision": RUNS.c.revision + 1}
        with self._writing() as connection:
            update = sa.update(RUNS).where(RUNS.c.id == run_id, *left)
            if connection.execute(update.values(**values)).rowcount != 1:
                return False
            _add(connection, run_id, batch, frames, checkpoint)
            return True

    def measured(self, run: Run, evaluation: Mapping[str, Any]) -> bool:
        """Add what is known of the model that a run has left; whether it still is left so."""
        same = [RUNS.c.id == run.id, RUNS.c.state == run.state, RUNS.c.attempt == run.attempt]
        values = {"evaluation": json.dumps(evaluation), "revision": RUNS.c.revision + 1}
        with self._writing() as connection:
            update = sa.update(RUNS).where(*same).values(**values)
            return connection.execute(update).rowcount == 1

    def orders(self, run_id: str, attempt: int) -> Orders:
        """What the worker of this attempt is asked; to stop, if it has lost its run. Cheap."""
        with self._reading() as connection:
            row = connection.execute(_ORDERS, {"run": run_id}).one_or_none()
        if row is None or (row.state, row.attempt) != ("running", attempt):
            return Orders(stop=True)
        return Orders(stop=row.stop_requested, pause=row.pause_requested, beta=row.steer)

    # -- What is known beside the runs --------------------------------------------------------

    def note(self, key: str) -> Any | None:  # noqa: ANN401 - whatever JSON can say
        """What `remember` was last given under this key, or None."""
        with self._reading() as connection:
            query = sa.select(META.c.value).where(META.c.key == key)
            value = connection.execute(query).scalar_one_or_none()
        return None if value is None else json.loads(value)

    def remember(self, key: str, value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
        """Keep a JSON value under a key."""
        with self._writing() as connection:
            connection.execute(sa.delete(META).where(META.c.key == key))
            connection.execute(sa.insert(META).values(key=key, value=json.dumps(value)))

    def calibration(self, machine: str, shape: str) -> str | None:
        """The precision that was found faster for a shape on a kind of machine, or None."""
        mine = [CALIBRATIONS.c.machine == machine, CALIBRATIONS.c.shape == shape]
        with self._reading() as connection:
            query = sa.select(CALIBRATIONS.c.precision).where(*mine)
            return connection.execute(query).scalar_one_or_none()

    def calibrate(self, machine: str, shape: str, precision: str) -> str:
        """Keep a precision for good, unless one is there already; the one that counts."""
        found = self.calibration(machine, shape)
        if found is not None:
            return found
        with self._explained():
            try:
                with self._writer.begin() as connection:
                    connection.execute(
                        sa.insert(CALIBRATIONS).values(
                            machine=machine, shape=shape, precision=precision
                        )
                    )
            except exc.IntegrityError:  # somebody else was faster
                return self.calibration(machine, shape) or precision
        return precision

    # -- How it is done -----------------------------------------------------------------------

    def _move(
        self,
        connection: sa.Connection,
        run: Run,
        state: str,
        *guards: sa.ColumnElement[bool],
        **values: Any,  # noqa: ANN401 - columns of many types
    ) -> bool:
        """Change a run's state if it still is where it was read; whether it did."""
        if state not in TRANSITIONS[run.state]:
            raise ValueError(
                f"`state` must be one of {', '.join(sorted(TRANSITIONS[run.state])) or 'none'} "
                f"after {run.state}, got {state!r}."
            )
        values = {"message": None, **values}
        if state in FINAL:
            values["finished"] = self._clock()
        if state != "running":
            values |= {"lease": None, "stop_requested": False, "pause_requested": False}
        update = sa.update(RUNS).where(
            RUNS.c.id == run.id,
            RUNS.c.state == run.state,
            RUNS.c.attempt == run.attempt,
            *guards,
        )
        values |= {"state": state, "revision": RUNS.c.revision + 1}
        if connection.execute(update.values(**values)).rowcount != 1:
            return False
        attempt = values.get("attempt", run.attempt)
        self._record(connection, run.id, run.state, state, attempt, values["message"])
        return True

    def _record(
        self,
        connection: sa.Connection,
        run_id: str,
        before: str | None,
        after: str,
        attempt: int,
        message: str | None,
    ) -> None:
        row = {"before": before, "after": after, "attempt": attempt, "message": message}
        connection.execute(sa.insert(TRANSITION_LOG).values(run=run_id, time=self._clock(), **row))

    def _prepare(self) -> None:
        """Make the tables in a new database, bring older ones up to date, refuse newer ones."""
        for attempt in range(5):
            try:
                with self._writing() as connection:
                    found = _schema(connection)
                    if found is None:
                        METADATA.create_all(connection)
                        row = {"key": "schema", "value": str(SCHEMA)}
                        connection.execute(sa.insert(META).values(**row))
                    elif found != SCHEMA and not migrate(connection, found, SCHEMA):
                        raise SchemaMismatch(self._mismatch(found))
                    return
            except (exc.IntegrityError, exc.ProgrammingError):
                # Another process is making or changing them in this moment.
                if attempt == 4:
                    raise
                time.sleep(0.1 * (attempt + 1))

    def _mismatch(self, found: int) -> str:
        if found > SCHEMA:
            way_out = "update the site, or let COMPANION_STORE_URL name another database"
            return (
                f"{self._called} was written by a newer version of this site (schema {found}, "
                f"where this one knows {SCHEMA}): {way_out}."
            )
        return (
            f"{self._called} was written by an older version of this site (schema {found}, "
            f"where this one needs {SCHEMA}): let COMPANION_STORE_URL name another database."
        )

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._explained(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what can go wrong with a database into a sentence."""
        try:
            yield
        except (exc.IntegrityError, exc.ProgrammingError):
            raise
        except ModuleNotFoundError as error:
            raise StoreUnavailable(
                f"{self._called} needs the Python package `{error.name}`, which is not there: "
                f"run `pip install {error.name}`."
            ) from error
        except (exc.DBAPIError, exc.TimeoutError, OSError) as error:
            _LOG.warning("The store failed: %s", getattr(error, "orig", error))
            raise StoreUnavailable(sentence(self._called, error)) from error


_PULSE = sa.select(RUNS.c.state, RUNS.c.attempt, RUNS.c.revision, RUNS.c.sequence).where(
    RUNS.c.id == sa.bindparam("run")
)
_ORDERS = sa.select(
    RUNS.c.state, RUNS.c.attempt, RUNS.c.stop_requested, RUNS.c.pause_requested, RUNS.c.steer
).where(RUNS.c.id == sa.bindparam("run"))
_LATER = (
    sa.select(BATCHES.c.sequence, BATCHES.c.body)
    .where(BATCHES.c.run == sa.bindparam("run"), BATCHES.c.sequence > sa.bindparam("after"))
    .order_by(BATCHES.c.sequence)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def _schema(connection: sa.Connection) -> int | None:
    if not sa.inspect(connection).has_table("meta"):
        return None
    query = sa.select(META.c.value).where(META.c.key == "schema")
    return int(connection.execute(query).scalar_one())


def _run(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Run | None:
    row = connection.execute(sa.select(RUNS).where(where)).mappings().one_or_none()
    return None if row is None else _from_row(row)


def _existing(connection: sa.Connection, run_id: str) -> Run:
    query = sa.select(RUNS).where(RUNS.c.id == run_id)
    return _from_row(connection.execute(query).mappings().one())


def _from_row(row: Mapping[Any, Any]) -> Run:
    values = dict(row)
    for name in ("config", "machine", "evaluation"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return Run(**values)


def _listed(row: Mapping[Any, Any], owner: str) -> Listed:
    values = dict(row)
    name, added, deleted = (values.pop(key) for key in ("own_name", "added", "deleted"))
    run = _from_row(values)
    return Listed(run=run, name=name, is_own=run.owner == owner, added=added, deleted=deleted)


def _checkpoint(connection: sa.Connection, run_id: str) -> Checkpoint | None:
    query = sa.select(CHECKPOINTS.c.step, CHECKPOINTS.c.body)
    row = connection.execute(query.where(CHECKPOINTS.c.run == run_id)).one_or_none()
    return None if row is None else Checkpoint(step=row.step, body=row.body)


def _add(
    connection: sa.Connection,
    run_id: str,
    batch: Batch | None,
    frames: Sequence[Frames],
    checkpoint: Checkpoint | None,
) -> None:
    """Add reports and snapshots to a run, and replace its checkpoint."""
    if batch is not None:
        row = {name: getattr(batch, name) for name in Batch.__dataclass_fields__}
        connection.execute(sa.insert(BATCHES), row | {"run": run_id})
    for frame in frames:
        row = {name: getattr(frame, name) for name in Frames.__dataclass_fields__}
        connection.execute(sa.insert(SNAPSHOTS), row | {"run": run_id})
    if checkpoint is not None:
        _replace_checkpoint(connection, run_id, checkpoint)


def _replace_checkpoint(connection: sa.Connection, run_id: str, checkpoint: Checkpoint) -> None:
    connection.execute(sa.delete(CHECKPOINTS).where(CHECKPOINTS.c.run == run_id))
    values = {"run": run_id, "step": checkpoint.step, "body": checkpoint.body}
    connection.execute(sa.insert(CHECKPOINTS).values(**values))


def _copy_history(connection: sa.Connection, parent: str, child: str, step: int) -> None:
    """Give a new run what another one reported up to a step, cut there to the report."""
    for table, first in ((BATCHES, BATCHES.c.first), (SNAPSHOTS, SNAPSHOTS.c.step)):
        kept = [sa.literal(child) if c.name == "run" else c for c in table.c]
        rows = sa.select(*kept).where(table.c.run == parent, first <= step)
        connection.execute(sa.insert(table).from_select([c.name for c in table.c], rows))
    last = sa.select(BATCHES).where(BATCHES.c.run == child)
    row = connection.execute(last.order_by(BATCHES.c.sequence.desc()).limit(1)).one_or_none()
    if row is None:
        return
    body = json.dumps(cut(json.loads(row.body), step), separators=(",", ":"))
    same = [BATCHES.c.run == child, BATCHES.c.sequence == row.sequence]
    connection.execute(sa.update(BATCHES).where(*same).values(body=body, last=min(row.last, step)))
    values = {"sequence": row.sequence, "step": min(row.last, step)}
    connection.execute(sa.update(RUNS).where(RUNS.c.id == child).values(**values))


def cut(batch: dict[str, Any], step: int) -> dict[str, Any]:
    """A batch without what it tells of steps after one.

    Example:
        >>> cut({"last": 3, "training": {"step": [2, 3], "rate": [[1], [2]]}, "snapshots": [3]}, 2)
        {'last': 2, 'training': {'step': [2], 'rate': [[1]]}, 'snapshots': []}
    """
    short = dict(batch)
    if "last" in batch:
        short["last"] = min(batch["last"], step)
    for name in ("training", "held_out"):
        if name in batch:
            count = sum(at <= step for at in batch[name]["step"])
            short[name] = {key: column[:count] for key, column in batch[name].items()}
    if "snapshots" in batch:
        short["snapshots"] = [at for at in batch["snapshots"] if at <= step]
    return short


def _new_id() -> str:
    return base64.b32encode(secrets.token_bytes(8)).decode("ascii").lower()[:12]
