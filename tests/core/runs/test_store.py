"""The store of runs, in one process: states, leases, fences, and databases that fail.

The bugs these tests catch: two workers that write into one run, a state out of nowhere, a
half-written batch, a schema read by the wrong version, an error that names no way out.
"""

import sqlite3
import threading
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from run_site import Clock

from core.runs import tables
from core.runs.records import (
    BEFORE,
    FINAL,
    LEASE_S,
    STATES,
    TRANSITIONS,
    Batch,
    Checkpoint,
    End,
    Fenced,
    Frames,
    Orders,
    SchemaMismatch,
    Steering,
    StoreUnavailable,
    is_run_id,
)
from core.runs.store import Store, cut

REQUEST = {
    "kind": "fake",
    "config": {"steps": 3},
    "fingerprint": "f" * 16,
    "shared": True,
    "owner": "me",
}


def batch(sequence, first=None, last=None):
    step = first if first is not None else sequence
    return Batch(sequence=sequence, first=step, last=last or step, body=f'{{"n":{sequence}}}')


class TestSubmit:
    def test_makes_a_run(self, store, clock):
        """
        A new run is queued, belongs to whoever asked, and has a random id of the right shape.
        """
        run = store.submit(**REQUEST)

        assert run == store.run(run.id)
        assert (run.state, run.attempt, run.owner, run.step) == ("queued", 0, "me", None)
        assert run.config == {"steps": 3}
        assert run.created == run.queued == clock.now
        assert is_run_id(run.id)
        assert store.queue_position(run.id) == 1

    def test_finds_a_shared_run_of_the_same_fingerprint(self, store):
        """
        Asking again attaches, whoever asks.
        """
        run = store.submit(**REQUEST)

        assert store.submit(**REQUEST | {"owner": "you"}) == run
        assert store.submit(**REQUEST | {"fingerprint": "e" * 16}).id != run.id

    @pytest.mark.parametrize("ends", ["running", "done"])
    def test_what_is_at_work_or_done_is_watched(self, store, ends):
        """
        Whoever asks for it changes nothing: neither its owner, nor its attempt.
        """
        run = store.submit(**REQUEST)
        claim = store.claim(run.id, 1, {})
        if ends == "done":
            store.write(run.id, claim.run.attempt, end=End(state="done"))
        before = store.run(run.id)

        assert store.submit(**REQUEST | {"owner": "you"}) == before
        assert (before.state, before.owner, before.attempt) == (ends, "me", 1)

    def test_never_shares_what_is_ones_own(self, store):
        """
        A run of one's own stands apart from shared and from other own ones.
        """
        own = REQUEST | {"shared": False}
        ids = {store.submit(**request).id for request in (own, REQUEST, own)}

        assert len(ids) == 3

    def test_is_atomic_among_threads(self, store):
        """
        Of many who ask at once, one makes the run and the rest find it.
        """
        ids = []
        threads = [
            threading.Thread(target=lambda: ids.append(store.submit(**REQUEST).id))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(ids) == 8
        assert len(set(ids)) == 1

    @pytest.mark.parametrize("state", ["stopped", "failed"])
    def test_wakes_a_run_that_has_ended_early(self, store, clock, state):
        """
        It is queued anew for whoever asks, with what it has and without what went wrong.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {"device": "cpu"})
        store.write(run.id, 1, batch=batch(1), spent=5.0, end=End(state=state, message="Why."))
        clock.now += 100
        again = store.submit(**REQUEST | {"owner": "you"})

        assert (again.id, again.owner, again.state) == (run.id, "you", "queued")
        assert (again.step, again.sequence, again.attempt) == (1, 1, 1)
        assert (again.message, again.finished, again.spent) == (None, None, 0)
        assert again.queued == clock.now != again.created

    def test_leaves_a_finished_run_alone(self, store):
        """
        What is done is done.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        store.write(run.id, 1, end=End(state="done"))

        assert store.submit(**REQUEST | {"owner": "you"}) == store.run(run.id)


class TestTheQueue:
    def test_is_first_come_first_served(self, store, clock):
        """
        Places count from one; a run that is taken up moves the others forward.
        """
        runs = []
        for number in range(3):
            runs.append(store.submit(**REQUEST | {"fingerprint": str(number)}))
            clock.now += 1

        assert [store.queue_position(run.id) for run in runs] == [1, 2, 3]
        assert [run.id for run in store.unfinished()] == [run.id for run in runs]
        store.claim(runs[0].id, 1, {})
        assert [store.queue_position(run.id) for run in runs] == [None, 1, 2]
        assert store.queue_position("a" * 12) is None


class TestClaim:
    def test_is_for_one_worker(self, store):
        """
        Of two workers that were sent the same run, one gets it.
        """
        run = store.submit(**REQUEST)
        claim = store.claim(run.id, 1, {"device": "cpu"})

        assert (claim.run.state, claim.run.attempt) == ("running", 1)
        assert claim.run.machine == {"device": "cpu"}
        assert claim.checkpoint is None
        for attempt in (1, 2, 3):
            with pytest.raises(Fenced):
                store.claim(run.id, attempt, {})

    def test_is_possible_again_when_the_lease_has_ended(self, store, clock):
        """
        A worker that was silent for three seconds is succeeded, from its last checkpoint.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        store.write(run.id, 1, batch=batch(1, 0, 9), checkpoint=Checkpoint(step=7, body=b"c7"))
        clock.now += LEASE_S - 0.1
        assert store.unfinished() == []
        clock.now += 0.2
        assert [lost.id for lost in store.unfinished()] == [run.id]
        claim = store.claim(run.id, 2, {})

        assert claim.checkpoint == Checkpoint(step=7, body=b"c7")
        assert (claim.run.attempt, claim.run.step, claim.run.deaths) == (2, 9, 1)
        assert store.unfinished() == []

    def test_counts_losses_since_the_last_report(self, store, clock):
        """
        A report shows that an attempt got further, so it starts the count anew.
        """
        run = store.submit(**REQUEST)
        deaths = []
        for attempt in (1, 2, 3, 4):
            deaths.append(store.claim(run.id, attempt, {}).run.deaths)
            if attempt == 3:
                store.write(run.id, attempt, batch=batch(1))
            clock.now += LEASE_S + 1

        assert deaths == [0, 1, 2, 1]


class TestWrite:
    def test_keeps_everything_at_once(self, store):
        """
        Reports, pictures, weights, checkpoint and evaluation come back as they were given.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        frames = [
            Frames(step=0, pictures=b"p0", weights=b"w0"),
            Frames(step=1, pictures=b"p1", weights=None),
        ]
        asked = store.write(
            run.id,
            1,
            batch=batch(1, 0, 2),
            frames=frames,
            checkpoint=Checkpoint(step=2, body=b"c"),
            evaluation={"known": 1},
            spent=0.5,
        )
        now = store.run(run.id)

        assert asked == Orders()
        assert (now.sequence, now.step, now.spent, now.evaluation) == (1, 2, 0.5, {"known": 1})
        assert store.batches(run.id, 0, 10) == [(1, '{"n":1}')]
        assert store.batches(run.id, 1, 10) == []
        assert store.pictures(run.id, 1) == b"p1"
        assert store.pictures(run.id, 2) is None
        assert store.snapshots(run.id) == [0, 1]
        assert store.weights(run.id) == (0, b"w0")
        assert store.weights(run.id, 1) is None
        assert store.checkpoint(run.id) == Checkpoint(step=2, body=b"c")

    def test_replaces_the_checkpoint(self, store):
        """
        Only the last checkpoint takes room.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        for step in (1, 2):
            store.write(run.id, 1, checkpoint=Checkpoint(step=step, body=b"c" * step))

        assert store.checkpoint(run.id) == Checkpoint(step=2, body=b"cc")

    def test_is_refused_to_a_worker_thought_dead(self, store, clock):
        """
        A worker that slept past its lease and wakes cannot write over its successor.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        clock.now += LEASE_S + 1
        store.claim(run.id, 2, {})
        store.write(run.id, 2, batch=batch(1))
        with pytest.raises(Fenced):
            store.write(run.id, 1, batch=batch(2), checkpoint=Checkpoint(step=9, body=b"old"))

        assert store.run(run.id).sequence == 1
        assert store.checkpoint(run.id) is None
        assert store.orders(run.id, 1).stop
        assert not store.orders(run.id, 2).stop

    def test_is_allowed_to_a_late_worker_without_successor(self, store, clock):
        """
        A lease that has ended but was not taken over is simply renewed.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        clock.now += LEASE_S + 1
        store.write(run.id, 1)

        with pytest.raises(Fenced):
            store.claim(run.id, 2, {})

    def test_writes_nothing_if_any_of_it_fails(self, store):
        """
        A batch whose pictures are refused is not there either.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        same = Frames(step=1, pictures=b"", weights=None)
        with pytest.raises(Exception, match=r"(?i)unique"):
            store.write(run.id, 1, batch=batch(1), frames=[same, same])

        assert store.run(run.id).sequence == 0
        assert store.batches(run.id, 0, 10) == []

    def test_of_an_end_comes_with_the_last_batch(self, store, clock):
        """
        Whoever sees the final state can read all batches.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        before = store.pulse(run.id)
        clock.now += 1
        store.write(run.id, 1, batch=batch(1), end=End(state="done", message=None))
        done = store.run(run.id)

        assert (done.state, done.sequence, done.finished) == ("done", 1, clock.now)
        assert done.lease is None
        assert store.pulse(run.id).revision > before.revision


class TestStop:
    def test_asks_the_worker(self, store):
        """
        A worker is told at its next write, and also when it has nothing to write.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})

        assert store.request_stop(run.id)
        assert store.orders(run.id, 1).stop
        assert store.write(run.id, 1).stop
        assert store.run(run.id).state == "running"

    def test_is_done_at_once_where_nobody_works(self, store, clock):
        """
        A run in the queue, or one whose worker was lost, just stops.
        """
        queued = store.submit(**REQUEST)
        lost = store.submit(**REQUEST | {"fingerprint": "other"})
        store.claim(lost.id, 1, {})
        clock.now += LEASE_S + 1
        for run in (queued, lost):
            assert store.request_stop(run.id)
            assert store.run(run.id).state == "stopped"
            assert not store.request_stop(run.id)
        with pytest.raises(Fenced):
            store.write(lost.id, 1)

    def test_of_nothing_is_nothing(self, store):
        """
        A run that is not there cannot be stopped.
        """
        assert not store.request_stop("a" * 12)


class TestPause:
    def test_is_left_to_the_worker(self, store):
        """
        A worker is told, and leaves the run; resumed, it waits in the queue and is not told again.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        assert store.request_pause(run.id)
        assert store.orders(run.id, 1) == store.write(run.id, 1) == Orders(pause=True)
        store.write(run.id, 1, batch=batch(1), end=End(state="paused"))
        paused = store.run(run.id)

        assert (paused.state, paused.lease, paused.pause_requested) == ("paused", None, False)
        assert store.unfinished() == []
        assert store.resume(run.id)
        assert not store.resume(run.id)
        assert store.claim(run.id, 2, {}).run.state == "running"
        assert store.orders(run.id, 2) == Orders()

    def test_of_a_lost_run_needs_no_worker(self, store, clock):
        """
        Where the worker is gone, the run is paused at once.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        clock.now += LEASE_S + 1

        assert store.request_pause(run.id)
        assert store.run(run.id).state == "paused"

    @pytest.mark.parametrize("state", sorted(set(STATES) - {"running"}))
    def test_is_for_runs_that_are_trained(self, store, clock, state):
        """
        Nothing else can be paused, and a run that is not there cannot either.
        """
        run = in_state(store, clock, state)

        assert not store.request_pause(run.id)
        assert not store.request_pause("a" * 12)
        assert store.run(run.id) == run


class TestSteering:
    def test_is_an_order_until_it_is_carried_out(self, store):
        """
        The worker sees the order; its write changes the config and takes the order back.
        """
        run = store.submit(**REQUEST | {"shared": False})
        store.claim(run.id, 1, {})
        assert store.request_beta(run.id, 2.5)
        assert store.orders(run.id, 1) == Orders(beta=2.5)
        done = Steering(config={"steps": 3, "changed": True}, beta=2.5)
        before = store.run(run.id)
        assert store.write(run.id, 1, steering=done) == Orders()
        now = store.run(run.id)

        assert now.config == done.config
        assert now.steer is None
        assert now.revision > before.revision

    def test_does_not_lose_an_order_that_came_meanwhile(self, store):
        """
        Only the order that was carried out is taken back.
        """
        run = store.submit(**REQUEST | {"shared": False})
        store.claim(run.id, 1, {})
        store.request_beta(run.id, 2.0)
        store.request_beta(run.id, 3.0)

        assert store.write(run.id, 1, steering=Steering(config={}, beta=2.0)).beta == 3.0

    def test_is_refused_on_what_others_watch_and_on_what_is_over(self, store, clock):
        """
        A shared run stands for its config, and a finished one does not change.
        """
        shared = store.submit(**REQUEST)
        own = store.submit(**REQUEST | {"shared": False})
        store.request_stop(own.id)

        assert not store.request_beta(shared.id, 2.0)
        assert not store.request_beta(own.id, 2.0)
        assert not store.request_beta("a" * 12, 2.0)

    def test_of_a_paused_run_waits_for_it(self, store):
        """
        The order holds while nobody works on the run.
        """
        run = store.submit(**REQUEST | {"shared": False})
        store.claim(run.id, 1, {})
        store.write(run.id, 1, end=End(state="paused"))
        assert store.request_beta(run.id, 2.0)
        store.resume(run.id)
        store.claim(run.id, 2, {})

        assert store.orders(run.id, 2).beta == 2.0


class TestFork:
    def test_goes_on_from_the_checkpoint(self, store):
        """
        The new run has the history up to the checkpoint, cut to the report; the other stays.
        """
        parent = store.submit(**REQUEST)
        store.claim(parent.id, 1, {})
        frames = [Frames(step=step, pictures=b"p", weights=b"w") for step in (3, 7)]
        store.write(parent.id, 1, batch=batch(1, 0, 4))
        checkpoint = Checkpoint(step=6, body=b"six")
        store.write(parent.id, 1, batch=batch(2, 5, 8), frames=frames, checkpoint=checkpoint)
        before = store.run(parent.id)
        child = store.fork(parent.id, config={"steps": 9}, fingerprint="x" * 16, owner="you")

        assert store.run(parent.id) == before
        assert (child.state, child.owner, child.shared) == ("queued", "you", False)
        assert (child.parent, child.parent_step, child.step, child.sequence) == (
            parent.id,
            6,
            6,
            2,
        )
        assert child.config == {"steps": 9}
        assert store.checkpoint(child.id) == checkpoint
        assert [number for number, _ in store.batches(child.id, 0, 9)] == [1, 2]
        assert store.pictures(child.id, 3) == b"p"
        assert store.pictures(child.id, 7) is None
        claim = store.claim(child.id, 1, {})
        store.write(child.id, 1, batch=batch(3, 7, 9))
        assert claim.checkpoint == checkpoint

    def test_begins_with_weights_alone(self, store):
        """
        Without the history there is nothing but what to start from.
        """
        parent = store.submit(**REQUEST)
        child = store.fork(
            parent.id, config={}, fingerprint="x", owner="you", weights=(4, b"weights")
        )

        assert (child.parent_step, child.step, child.sequence) == (4, None, 0)
        assert store.checkpoint(child.id) == Checkpoint(step=BEFORE, body=b"weights")

    def test_needs_something_to_go_on_from(self, store):
        """
        A run that has not begun, or is not there, cannot be continued.
        """
        run = store.submit(**REQUEST)

        assert store.fork(run.id, config={}, fingerprint="x", owner="you") is None
        assert store.fork("a" * 12, config={}, fingerprint="x", owner="you") is None

    @pytest.mark.parametrize("step", range(8))
    def test_cuts_a_batch_to_its_reports(self, step):
        """
        No column keeps a value of a later step, and none loses one of an earlier.
        """
        whole = {
            "sequence": 1,
            "first": 2,
            "last": 6,
            "training": {"step": [2, 4, 6], "rate": [[2], [4], [6]]},
            "held_out": {"step": [4], "rate": [[4]]},
            "snapshots": [4, 6],
        }
        short = cut(whole, step)

        assert short["training"]["step"] == [at for at in (2, 4, 6) if at <= step]
        assert short["training"]["rate"] == [[at] for at in (2, 4, 6) if at <= step]
        assert short["held_out"]["step"] == [4] * (step >= 4)
        assert short["snapshots"] == [at for at in (4, 6) if at <= step]
        assert short["last"] == min(6, step)
        assert whole["last"] == 6


class TestAMessage:
    def test_is_cleared_by_the_next_report(self, store, clock):
        """
        What the page said of a lost worker is over once there is a new report.
        """
        run = store.submit(**REQUEST)
        claimed = store.claim(run.id, 1, {}).run
        assert store.say(claimed, "It was lost.")
        assert not store.say(claimed, "It was lost.")
        clock.now += LEASE_S + 1
        assert store.claim(run.id, 2, {}).run.message == "It was lost."
        store.write(run.id, 2, batch=batch(1), clears=False)
        before = store.run(run.id)
        assert before.message == "It was lost."
        store.write(run.id, 2, batch=batch(2))

        assert store.run(run.id).message is None
        assert store.run(run.id).revision > before.revision


class TestGiveUp:
    def test_needs_a_run_that_nobody_holds(self, store, clock):
        """
        A run that was taken up since it was read stays with its worker.
        """
        run = store.submit(**REQUEST)
        claimed = store.claim(run.id, 1, {}).run
        assert not store.give_up(run, "failed", "Too late.")
        assert not store.give_up(claimed, "failed", "It lives.")
        clock.now += LEASE_S + 1
        assert store.give_up(claimed, "failed", "It is gone.")

        assert store.run(run.id).message == "It is gone."


class TestTransitions:
    def test_are_all_kept_with_their_times(self, store, clock):
        """
        What happened to a run can be told afterwards.
        """
        run = store.submit(**REQUEST)
        clock.now += 1
        store.claim(run.id, 1, {})
        clock.now += 1
        store.write(run.id, 1, end=End(state="failed", message="Why."))
        kept = store.transitions(run.id)

        assert [(t.before, t.after, t.attempt, t.message) for t in kept] == [
            (None, "queued", 0, None),
            ("queued", "running", 1, None),
            ("running", "failed", 1, "Why."),
        ]
        assert [later.time - earlier.time for earlier, later in pairwise(kept)] == [1, 1]

    @pytest.mark.parametrize("state", STATES)
    def test_out_of_order_are_refused(self, store, clock, state):
        """
        From each state exactly the legal ones can be reached by giving up.
        """
        run = in_state(store, clock, state)
        for target in sorted(set(STATES) - TRANSITIONS[state]):
            with pytest.raises(ValueError, match="`state` must be one of"):
                store.give_up(run, target, None)

        assert store.run(run.id) == run

    def test_table_has_no_dead_ends_but_done(self):
        """
        Every state but done can be left, and every one can be reached.
        """
        reached = set().union(*TRANSITIONS.values())

        assert reached == set(STATES)
        assert [state for state in STATES if not TRANSITIONS[state]] == ["done"]
        assert set(STATES) > FINAL


def in_state(store, clock, state):
    """
    A run that has come into a state by legal steps, and that no worker holds.
    """
    run = store.submit(**REQUEST)
    if state != "queued":
        store.claim(run.id, 1, {})
        clock.now += LEASE_S + 1
    if state not in ("queued", "running"):
        store.give_up(store.run(run.id), state, None)
    return store.run(run.id)


class TestNotes:
    def test_are_kept(self, store):
        """
        What was remembered last under a key comes back.
        """
        assert store.note("machine") is None
        store.remember("machine", {"device": "cpu"})
        store.remember("machine", {"device": "cuda"})

        assert store.note("machine") == {"device": "cuda"}

    def test_of_a_calibration_stay(self, store):
        """
        The first precision found for a shape is kept for good.
        """
        assert store.calibration("cpu", "small") is None
        assert store.calibrate("cpu", "small", "bf16") == "bf16"
        assert store.calibrate("cpu", "small", "fp32") == "bf16"
        assert store.calibration("cpu", "small") == "bf16"


class RunsLife(RuleBasedStateMachine):
    """Readers, workers and time, in any order, against one run."""

    @initialize()
    def begin(self):
        self.clock = Clock()
        self.store = Store(self.url, clock=self.clock)
        self.run_id = self.store.submit(**REQUEST | {"shared": False}).id
        self.attempts: list[int] = []
        self.sequence = 0

    @property
    def run(self):
        return self.store.run(self.run_id)

    @rule(seconds=st.floats(0.1, 5.0))
    def time_passes(self, seconds):
        self.clock.now += seconds

    @rule()
    def a_worker_claims(self):
        before = self.run
        is_free = before.state == "queued" or (
            before.state == "running" and before.lease < self.clock.now
        )
        try:
            self.store.claim(self.run_id, before.attempt + 1, {})
        except Fenced:
            assert not is_free
        else:
            assert is_free
            self.attempts.append(before.attempt + 1)

    @rule(data=st.data(), state=st.sampled_from([None, "done", "failed", "stopped", "paused"]))
    def some_worker_writes(self, data, state):
        if not self.attempts:
            return
        attempt = data.draw(st.sampled_from(self.attempts))
        before = self.run
        is_its_own = before.state == "running" and before.attempt == attempt
        end = None if state is None else End(state=state)
        try:
            self.store.write(self.run_id, attempt, batch=batch(before.sequence + 1), end=end)
        except Fenced:
            assert not is_its_own
        else:
            assert is_its_own
            self.sequence += 1

    @rule()
    def the_reader_stops_it(self):
        before = self.run
        assert self.store.request_stop(self.run_id) == (before.state not in FINAL)

    @invariant()
    def the_story_is_whole(self):
        run, kept = self.run, self.store.transitions(self.run_id)
        assert kept[-1].after == run.state
        assert all(later.before == earlier.after for earlier, later in pairwise(kept))
        assert all(change.after in TRANSITIONS[change.before] for change in kept[1:])
        assert run.attempt == len(self.attempts)
        assert run.sequence == self.sequence == len(self.store.batches(self.run_id, 0, 1000))
        assert (run.lease is not None) == (run.state == "running")
        assert (run.finished is not None) == (run.state in FINAL)

    def teardown(self):
        self.store.close()


def test_a_run_lives_a_legal_life(tmp_path):
    """
    Whatever order things happen in, states follow the table and only one worker writes.
    """
    RunsLife.url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    few = settings(max_examples=25, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(RunsLife, settings=few)


class TestADatabaseThatFails:
    """Only files fail in ways of their own; a server has others who look after it."""

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "runs.sqlite"

    @pytest.fixture
    def store(self, path):
        store = Store(f"sqlite:///{path}", patience_s=0.1)
        yield store
        store.close()

    def test_because_it_is_damaged(self, path):
        """
        A file that is no database is named, with what to do, and without where it is.
        """
        path.write_bytes(b"this is not a database, is it" * 100)
        with pytest.raises(
            StoreUnavailable, match=r"`runs\.sqlite` is not a database: "
        ) as raised:
            Store(f"sqlite:///{path}")

        assert str(path.parent) not in str(raised.value)

    def test_because_pages_of_it_are_torn(self, path, store):
        """
        Damage inside the file is noticed when it is met.
        """
        run = store.submit(**REQUEST)
        store.close()
        body = bytearray(path.read_bytes())
        body[4096:] = b"\xff" * (len(body) - 4096)
        path.write_bytes(bytes(body))

        with pytest.raises(StoreUnavailable, match=r"`runs\.sqlite` is damaged: "):
            store.run(run.id)

    def test_because_the_disk_is_full(self, path, store):
        """
        What fits is kept, what does not is refused as a whole, and there is a way on.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        big = Checkpoint(step=1, body=b"x" * 100_000)
        with pytest.raises(StoreUnavailable, match="because the disk is full: make room"):
            store.write(run.id, 1, batch=batch(1), checkpoint=big)

        assert store.run(run.id).sequence == 0
        with store._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 100000")
        store.write(run.id, 1, batch=batch(1), checkpoint=big)
        assert store.run(run.id).sequence == 1

    def test_because_it_may_not_be_written(self, store):
        """
        A file that can only be read is still read.
        """
        run = store.submit(**REQUEST)
        with store._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")

        with pytest.raises(StoreUnavailable, match="cannot be written to: let the user"):
            store.request_stop(run.id)
        assert store.run(run.id) == run

    def test_because_somebody_else_has_locked_it(self, path, store):
        """
        Whoever keeps the file locked is waited for, then complained of.
        """
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="is locked by another program"):
            store.submit(**REQUEST)
        other.execute("ROLLBACK")
        other.close()

        assert store.submit(**REQUEST).state == "queued"

    def test_because_its_folder_is_a_file(self, tmp_path):
        """
        A path that cannot be is told apart from a database that cannot be read.
        """
        (tmp_path / "file").touch()
        with pytest.raises(StoreUnavailable, match=r"`runs\.sqlite` cannot be reached"):
            Store(f"sqlite:///{tmp_path / 'file' / 'runs.sqlite'}")

    @pytest.mark.parametrize(("version", "which"), [(99, "newer"), (0, "older")])
    def test_because_another_version_wrote_it(self, path, store, version, which):
        """
        A schema that is not ours is refused by name and left as it is.
        """
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(version),))
        connection.close()
        before = path.read_bytes()
        sentence = (
            f"`runs.sqlite` was written by an? {which} version of this site .schema {version}"
        )
        with pytest.raises(SchemaMismatch, match=sentence):
            Store(f"sqlite:///{path}")

        assert path.read_bytes() == before

    def test_because_the_server_is_not_there(self):
        """
        A server that cannot be reached, or spoken to, is a sentence that shows no password.
        """
        with pytest.raises(StoreUnavailable, match=r"STORE_URL (does not|needs)") as raised:
            Store("postgresql+psycopg://me:secret@127.0.0.1:1/runs?connect_timeout=1")

        assert "secret" not in str(raised.value)


def test_two_processes_make_one_database(tmp_path):
    """
    Stores that open the same new file at once agree on its tables.
    """
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    stores, threads = [], []
    for _ in range(6):
        threads.append(threading.Thread(target=lambda: stores.append(Store(url))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stores) == 6
    run = stores[0].submit(**REQUEST)
    assert all(store.run(run.id) == run for store in stores)
    for store in stores:
        store.close()


class Turned(sqlite3.Connection):
    """A connection that SQLite turns away at first, as it does one of several on a new file."""

    left = 2

    def execute(self, *arguments):
        """
        What SQLite answers, once it has refused as often as it is to.
        """
        if self.left:
            self.left -= 1
            busy = sqlite3.OperationalError("database is locked")
            busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise busy
        return super().execute(*arguments)


def test_a_new_file_is_asked_again_for_as_long_as_there_is_patience(tmp_path):
    """
    Switching a file to its log is refused at once, with no wait of SQLite's own.
    """
    connection = sqlite3.connect(tmp_path / "runs.sqlite", factory=Turned)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        tables._log_ahead(connection, 0.0)
    tables._log_ahead(connection, 5.0)

    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("abcdefghij27", True), ("abcdefghij2", False), ("abcdefghij18", False), (None, False)],
)
def test_run_ids_have_a_shape(text, is_one):
    """
    Twelve characters of lower-case base 32, and nothing else.
    """
    assert is_run_id(text) == is_one
