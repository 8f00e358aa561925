"""Batches as viewers get them, and a training that is kept while it goes on.

The bugs these tests catch: a number that changes on its way to the chart, JSON that a browser
cannot read, a training that a slow or lost database takes down with it.
"""

import json
import math
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from fake_kind import FakeConfig
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from run_site import eventually, request_for

from core.reports import Report, Snapshot
from core.runs import keeper as keeping
from core.runs.keeper import Keeper, encode
from core.runs.records import End, Fenced, StoreUnavailable
from core.runs.store import Store


def report(step, *, training=None, held_out=None, snapshot=None):
    return Report(
        step=step,
        training=training or {},
        held_out=held_out or {},
        snapshot=snapshot,
        checkpoint=dict,
    )


class TestEncode:
    def test_says_what_the_reports_say(self):
        """
        Steps without a value are left out of their table; snapshots are named by their step.
        """
        picture = Snapshot(pictures={}, weights=None)
        batch = encode(
            7,
            [
                (1.0, report(0, held_out={"rate": (0.5,)}, snapshot=picture)),
                (1.25, report(1, training={"rate": (1.5,), "beta": (1.0,)})),
                (1.5, report(3, training={"rate": (2.5,)}, held_out={"rate": (3.5,)})),
            ],
        )

        assert (batch.sequence, batch.first, batch.last) == (7, 0, 3)
        assert json.loads(batch.body) == {
            "sequence": 7,
            "first": 0,
            "last": 3,
            "training": {
                "step": [1, 3],
                "time": [1.25, 1.5],
                "rate": [[1.5], [2.5]],
                "beta": [[1.0], None],
            },
            "held_out": {"step": [0, 3], "rate": [[0.5], [3.5]]},
            "snapshots": [0],
        }

    @settings(deadline=None)
    @given(values=arrays(np.float32, st.integers(1, 5), elements=st.floats(width=32)))
    def test_keeps_every_bit_of_a_float32(self, values):
        """
        Numbers come back as they were; what is no number is null, which every browser reads.
        """
        body = encode(1, [(0.0, report(1, training={"rate": tuple(values.tolist())}))]).body
        back = json.loads(body, parse_constant=pytest.fail)["training"]["rate"][0]

        assert "\n" not in body
        for value, got in zip(values.tolist(), back, strict=True):
            assert got is None if not math.isfinite(value) else np.float32(got) == value


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite'}", patience_s=0.05)
    yield store
    store.close()


def claimed(store):
    return store.claim(store.submit(**request_for(FakeConfig())).id, 1, {})


class Full:
    """A disk that has no room for reports."""

    sentence = "The file `runs.sqlite` cannot grow because the disk is full."

    def __init__(self, write):
        self.is_full, self.refusals, self._write = True, 0, write

    def __call__(self, *arguments, **parts):
        if self.is_full and parts.get("batch") is not None:
            self.refusals += 1
            raise StoreUnavailable(self.sentence)
        return self._write(*arguments, **parts)


@pytest.fixture
def full(store, monkeypatch):
    """
    The store refuses reports, which are offered to it again without a pause.
    """
    monkeypatch.setattr(keeping, "RETRY_S", 0.001)
    monkeypatch.setattr(store, "write", full := Full(store.write))
    return full


class TestKeeper:
    def test_shows_the_first_report_at_once(self, store):
        """
        The first report does not wait for the others of its batch.
        """
        claim = claimed(store)
        with Keeper(store, claim) as keeper:
            keeper.report(report(0))
            time.sleep(0.06)
            early = store.pulse(claim.run.id).sequence
            keeper.finish(End(state="done"))

        assert early == 1

    def test_keeps_the_lease_through_a_slow_step(self, store):
        """
        A training that says nothing for a while is not taken for dead.
        """
        claim = claimed(store)
        with Keeper(store, claim) as keeper:
            time.sleep(1.2)
            renewed = store.run(claim.run.id).lease
            keeper.finish(End(state="done"))

        assert renewed >= claim.run.lease + 0.5

    def test_writes_about_ten_times_a_second(self, store):
        """
        A fast training does not turn into as many transactions as it has reports.
        """
        claim = claimed(store)
        with Keeper(store, claim) as keeper:
            for step in range(500):
                keeper.report(report(step))
                time.sleep(0.001)
            keeper.finish(End(state="done"))
        steps = [json.loads(body) for _, body in store.batches(claim.run.id, 0, 100)]

        assert 4 <= len(steps) <= 12
        assert (steps[0]["first"], steps[-1]["last"]) == (0, 499)
        assert all(a["last"] + 1 == b["first"] for a, b in pairwise(steps))

    def test_waits_for_a_database_that_is_locked(self, store):
        """
        A lock that goes away costs a moment, not the run.
        """
        claim = claimed(store)
        with Keeper(store, claim) as keeper:
            lock = store._writer.connect()
            lock.exec_driver_sql("SELECT 1")  # begins, and so holds the lock
            keeper.report(report(0))
            time.sleep(0.3)
            assert store.pulse(claim.run.id).sequence == 0
            lock.close()
            keeper.finish(End(state="done"))

        assert store.run(claim.run.id).state == "done"
        assert store.run(claim.run.id).step == 0

    def test_waits_for_room(self, store, full):
        """
        While the disk is full the page says so and the lease is kept; then all is written.
        """
        claim = claimed(store)
        with Keeper(store, claim) as keeper:
            keeper.report(report(0))
            eventually(lambda: store.run(claim.run.id).message == full.sentence)
            eventually(lambda: full.refusals > 50)
            waiting = store.run(claim.run.id)
            keeper.report(report(1))
            assert keeper.leaves_as is None
            full.is_full = False
            keeper.finish(End(state="done"))
        done = store.run(claim.run.id)

        assert (waiting.state, waiting.sequence) == ("running", 0)
        assert waiting.lease > claim.run.lease
        assert (done.state, done.step, done.message) == ("done", 1, None)

    @pytest.mark.parametrize("ask", ["request_stop", "request_pause"])
    def test_lets_go_of_a_run_that_is_to_stop_while_there_is_no_room(self, store, full, ask):
        """
        What cannot be written down is left to the next, so that a stop does not wait for room.
        """
        claim = claimed(store)
        with Keeper(store, claim) as keeper:
            keeper.report(report(0))
            eventually(lambda: full.refusals)
            getattr(store, ask)(claim.run.id)
            with pytest.raises(StoreUnavailable, match="the disk is full"):
                eventually(lambda: keeper.leaves_as, 5)

        assert store.run(claim.run.id).sequence == 0

    def test_gives_up_in_the_end(self, store, full, monkeypatch):
        """
        A database that is gone for good does not keep a worker for ever.
        """
        monkeypatch.setattr(keeping, "PATIENCE_S", 0.1)
        with Keeper(store, claimed(store)) as keeper:
            keeper.report(report(0))
            with pytest.raises(StoreUnavailable):
                eventually(lambda: keeper.leaves_as, 5)

    def test_ends_a_training_whose_run_was_taken(self, store):
        """
        A worker that was thought dead finds out at its next report, and writes nothing.
        """
        claim = claimed(store)
        later = Store(store.url, clock=lambda: time.time() + 60)
        with Keeper(store, claim) as keeper:
            later.claim(claim.run.id, 2, {})
            later.close()
            keeper.report(report(5))
            with pytest.raises(Fenced):
                eventually(lambda: keeper.leaves_as, 5)

        assert store.run(claim.run.id).attempt == 2
        assert store.batches(claim.run.id, 0, 10) == []

    def test_has_a_training_ended_that_overstays(self, store, monkeypatch):
        """
        Where a step goes on long after a stop, whoever runs the worker is told; else nobody is.
        """
        monkeypatch.setattr("core.runs.keeper.OVERSTAY_S", 0.2)
        told = []

        def stopped(seed, step_s):
            run = store.submit(**request_for(FakeConfig(seed=seed)))
            with Keeper(store, store.claim(run.id, 1, {}), lambda: told.append(seed)) as keeper:
                store.request_stop(run.id)
                eventually(lambda: keeper.leaves_as)
                time.sleep(step_s)
                keeper.finish(End(state="stopped"))
            return store.run(run.id).state

        assert stopped(1, step_s=0.0) == stopped(2, step_s=2.0) == "stopped"
        assert told == [2]

    @pytest.mark.parametrize("asked", ["stop", "pause"])
    @pytest.mark.parametrize("is_resumed", [False, True])
    def test_adds_how_a_slow_training_leaves_its_model(self, store, asked, is_resumed):
        """
        A run is stopped while a long step goes on; the model after it is kept all the same, but
        not where the run has been taken up again meanwhile.
        """
        run = store.submit(**request_for(FakeConfig()))
        picture = Snapshot(pictures={}, weights={"w": np.zeros(1, np.float32)})
        state = {"stop": "stopped", "pause": "paused"}[asked]
        with Keeper(store, store.claim(run.id, 1, {})) as keeper:
            keeper.report(report(1))
            {"stop": store.request_stop, "pause": store.request_pause}[asked](run.id)
            eventually(lambda: store.run(run.id).state == state)
            if is_resumed:
                store.resume(run.id)
            keeper.report(report(4, snapshot=picture))
            keeper.checkpoint(4, {"w": np.ones(1, np.float32)})
            keeper.finish(End(state=state))
        left = store.run(run.id)

        if is_resumed:
            assert (left.state, left.step, store.weights(run.id)) == ("queued", 1, None)
            assert len(store.batches(run.id, 0, 10)) == 1
        else:
            assert (left.state, left.step, left.sequence) == (state, 4, 2)
            assert store.weights(run.id)[0] == store.checkpoint(run.id).step == 4

    def test_leaves_no_thread(self, store):
        """
        A worker that breaks off leaves its run to the next, and nothing running.
        """
        claim = claimed(store)
        with pytest.raises(StoreUnavailable), Keeper(store, claim):
            raise StoreUnavailable("The disk is gone.")

        assert store.run(claim.run.id).state == "running"
        assert not [thread for thread in threading.enumerate() if "keeper" in thread.name]
