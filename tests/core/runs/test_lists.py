"""Lists of past runs: who sees which run, what they call it, and what deleting does to others.

The bugs these tests catch: a run that others watch and that vanishes, one that goes on training
for nobody, a name that somebody else reads, blobs that stay for ever.
"""

import pytest
import sqlalchemy as sa
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

from core.runs.records import (
    KEPT_S,
    LONGEST_NAME,
    Batch,
    Checkpoint,
    End,
    Fenced,
    Frames,
    checked_name,
)
from core.runs.store import Store
from core.runs.tables import METADATA

REQUEST = {
    "kind": "fake",
    "config": {"steps": 3},
    "fingerprint": "f" * 16,
    "shared": True,
    "owner": "me",
}
OPEN_ENDED = REQUEST | {"shared": False}


def ids(entries):
    return [entry.run.id for entry in entries]


def rows_left(store):
    """How many rows there are in the tables that belong to runs."""
    with store._engine.connect() as connection:
        return {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for table in METADATA.sorted_tables
            if table.name not in ("meta", "calibrations")
        }


class TestRuns:
    def test_are_ones_own_newest_first(self, store, clock):
        """
        Whoever asks for a training finds it on their list, and nobody else does.
        """
        made = []
        for number in range(3):
            made.append(store.submit(**REQUEST | {"fingerprint": str(number)}).id)
            clock.now += 1

        assert ids(store.runs("me")) == made[::-1]
        assert ids(store.runs("me", limit=2)) == made[:0:-1]
        assert all(entry.is_own and entry.name is None for entry in store.runs("me"))
        assert store.runs("you") == []

    def test_are_marked_where_somebody_else_started_them(self, store):
        """
        Asking for what somebody trains, or looking at it, puts it on the list, as theirs.
        """
        asked = store.submit(**REQUEST).id
        looked_at = store.submit(**OPEN_ENDED).id
        store.submit(**REQUEST | {"owner": "you"})
        store.look(looked_at, "you")
        store.look(looked_at, "you")

        entries = store.runs("you")
        assert sorted(ids(entries)) == sorted([asked, looked_at])
        assert not any(entry.is_own for entry in entries)

    def test_are_listed_once_however_often_they_are_asked_for(self, store, clock):
        """
        A run keeps its place.
        """
        first = store.submit(**REQUEST)
        clock.now += 1
        second = store.submit(**OPEN_ENDED)
        clock.now += 1
        store.submit(**REQUEST)
        store.look(first.id, "me")

        assert ids(store.runs("me")) == [second.id, first.id]

    def test_that_are_not_there_are_not_looked_at(self, store):
        """
        An address from elsewhere puts nothing on a list.
        """
        store.look("a" * 12, "me")

        assert store.runs("me") == []


class TestRename:
    def test_is_seen_by_oneself(self, store):
        """
        Two readers of one run may call it differently.
        """
        run = store.submit(**REQUEST)
        store.look(run.id, "you")

        assert store.rename(run.id, "me", " the  baseline ")
        assert store.rename(run.id, "you", "theirs")
        assert store.runs("me")[0].name == "the baseline"
        assert store.names("you", [run.id, "a" * 12]) == {run.id: "theirs"}
        assert store.rename(run.id, "me", "  ")
        assert store.names("me", [run.id]) == {}

    def test_needs_the_run_on_the_list(self, store):
        """
        Nobody can write on the list of another, nor name what they have deleted.
        """
        run = store.submit(**REQUEST)

        assert not store.rename(run.id, "you", "mine now")
        store.look(run.id, "you")
        store.delete(run.id, "me")
        assert not store.rename(run.id, "me", "late")
        assert not store.rename("a" * 12, "me", "nothing")
        assert store.names("me", []) == {}

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("x" * (LONGEST_NAME + 1), "`name` must have at most 60 characters, got 61"),
            ("one\ntwo", r"`name` must be one line of letters that can be seen, got U\+000A"),
            ("bell\x07", r"got U\+0007"),
            ("turned \u202e round", r"got U\+202E"),
            ("half \ud800", r"got U\+D800"),
        ],
    )
    def test_refuses_what_is_no_name(self, store, name, sentence):
        """
        A sentence says why, and the name stays as it was.
        """
        run = store.submit(**REQUEST)
        store.rename(run.id, "me", "before")
        with pytest.raises(ValueError, match=sentence):
            store.rename(run.id, "me", name)

        assert store.names("me", [run.id]) == {run.id: "before"}

    @pytest.mark.parametrize(
        "name", ["β = 4, wärmer", "<b>no markup</b>", "نیم\u200cفاصله", "'; --"]
    )
    def test_takes_what_people_write(self, store, name):
        """
        Names are text and nothing but text.
        """
        run = store.submit(**REQUEST)
        store.rename(run.id, "me", name)

        assert store.names("me", [run.id]) == {run.id: name} == {run.id: checked_name(name)}


class TestDelete:
    def test_takes_a_run_away(self, store, clock):
        """
        A run that nobody else has is not found any more, and its time is kept.
        """
        run = store.submit(**REQUEST)
        clock.now += 5

        assert store.delete(run.id, "me")
        assert not store.delete(run.id, "me")
        assert store.run(run.id) is None
        assert store.was_deleted(run.id)
        assert store.runs("me") == []
        (entry,) = store.runs("me", deleted=True)
        assert (entry.run.id, entry.deleted) == (run.id, clock.now)

    def test_is_for_ones_own_list(self, store):
        """
        Nobody can take a run off the list of another.
        """
        run = store.submit(**REQUEST)

        assert not store.delete(run.id, "you")
        assert not store.delete("a" * 12, "me")
        assert store.run(run.id) == run
        assert not store.was_deleted("a" * 12)

    def test_leaves_it_to_those_who_watch(self, store):
        """
        A run that others have looked at goes on for them until the last has deleted it.
        """
        run = store.submit(**REQUEST)
        store.look(run.id, "you")
        store.claim(run.id, 1, {})

        store.delete(run.id, "me")
        assert store.runs("me") == []
        assert ids(store.runs("you")) == [run.id]
        assert store.run(run.id).state == "running"
        assert not store.orders(run.id, 1).stop
        assert not store.was_deleted(run.id)

        store.delete(run.id, "you")
        assert store.was_deleted(run.id)
        assert store.orders(run.id, 1).stop

    def test_is_not_undone_by_a_page_that_still_shows_it(self, store):
        """
        A second window that looks again does not put the run back.
        """
        run = store.submit(**REQUEST)
        store.look(run.id, "you")
        store.delete(run.id, "me")
        store.look(run.id, "me")

        assert store.runs("me") == []

    def test_of_a_waiting_run_takes_it_out_of_the_queue(self, store):
        """
        Nobody trains what nobody will see.
        """
        run = store.submit(**REQUEST)
        store.delete(run.id, "me")

        assert store.unfinished() == []
        with pytest.raises(Fenced):
            store.claim(run.id, 1, {})

    def test_stops_what_nobody_else_can_stop(self, store):
        """
        An open-ended run ends with its owner's interest, although others have looked at it.
        """
        run = store.submit(**OPEN_ENDED)
        store.look(run.id, "you")
        store.claim(run.id, 1, {})
        store.delete(run.id, "me")

        assert store.orders(run.id, 1).stop
        assert store.run(run.id) is not None

    def test_is_undone_by_asking_for_the_same(self, store):
        """
        Trained anew a shared run would give the same numbers, so it comes back with them.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        store.write(run.id, 1, end=End(state="done"))
        store.delete(run.id, "me")

        again = store.submit(**REQUEST | {"owner": "you"})
        assert (again.id, again.state) == (run.id, "done")
        assert store.runs("me") == []
        assert ids(store.runs("you")) == [run.id]
        assert store.submit(**REQUEST).id == run.id
        assert ids(store.runs("me")) == [run.id]

    def test_of_a_stopped_run_lets_the_next_who_asks_go_on(self, store):
        """
        It was stopped by the deletion; whoever asks for it has it queued again.
        """
        run = store.submit(**REQUEST)
        store.delete(run.id, "me")

        again = store.submit(**REQUEST | {"owner": "you"})
        assert (again.id, again.state, again.owner) == (run.id, "queued", "you")


class TestRestore:
    def test_brings_back_the_run_with_its_name_and_place(self, store, clock):
        """
        Undo means as it was.
        """
        run = store.submit(**REQUEST)
        store.rename(run.id, "me", "the baseline")
        clock.now += 1
        store.submit(**OPEN_ENDED)
        before = ids(store.runs("me"))
        store.delete(run.id, "me")
        clock.now += 60

        assert store.restore(run.id, "me")
        assert not store.restore(run.id, "me")
        assert ids(store.runs("me")) == before
        assert store.runs("me")[1].name == "the baseline"
        assert store.runs("me", deleted=True) == []
        assert store.run(run.id).id == run.id

    def test_is_for_who_deleted(self, store):
        """
        Only the list it was on can have it back.
        """
        run = store.submit(**REQUEST)
        store.delete(run.id, "me")

        assert not store.restore(run.id, "you")
        assert not store.restore("a" * 12, "me")
        assert store.run(run.id) is None


class TestRemoveDeleted:
    def fill(self, store, run):
        store.claim(run.id, 1, {})
        store.write(
            run.id,
            1,
            batch=Batch(sequence=1, first=0, last=1, body="{}"),
            frames=[Frames(step=1, pictures=b"p", weights=b"w")],
            checkpoint=Checkpoint(step=1, body=b"c"),
            end=End(state="done"),
        )

    def test_takes_everything_of_theirs_after_a_day(self, store, clock):
        """
        Reports, pictures, weights and checkpoint go with the run; other runs keep theirs.
        """
        gone, kept = store.submit(**REQUEST), store.submit(**OPEN_ENDED)
        for run in (gone, kept):
            self.fill(store, run)
        store.delete(gone.id, "me")
        clock.now += KEPT_S - 1
        assert store.remove_deleted() == 0
        assert store.restore(gone.id, "me")
        store.delete(gone.id, "me")
        clock.now += KEPT_S + 1

        assert store.remove_deleted() == 1
        assert not store.restore(gone.id, "me")
        assert not store.was_deleted(gone.id)
        assert ids(store.runs("me")) == [kept.id]
        left = {"runs": 1, "lists": 1, "batches": 1, "snapshots": 1, "checkpoints": 1}
        assert {name: n for name, n in rows_left(store).items() if name in left} == left

    def test_counts_from_the_last_who_deleted(self, store, clock):
        """
        As long as one of them could change their mind, the run is there.
        """
        run = store.submit(**REQUEST)
        store.look(run.id, "you")
        store.delete(run.id, "me")
        clock.now += KEPT_S - 1
        store.delete(run.id, "you")
        clock.now += 2

        assert store.remove_deleted() == 0
        assert store.restore(run.id, "you")

    def test_leaves_what_others_have(self, store, clock):
        """
        A run that is on a list stays for good; to who deleted it, it is then like new.
        """
        run = store.submit(**REQUEST)
        store.look(run.id, "you")
        store.delete(run.id, "me")
        clock.now += KEPT_S + 1

        assert store.remove_deleted() == 0
        assert ids(store.runs("you")) == [run.id]
        assert store.runs("me", deleted=True) == []
        store.look(run.id, "me")
        assert ids(store.runs("me")) == [run.id]

    def test_waits_for_a_worker_that_holds_the_run(self, store, clock):
        """
        A run is not taken from under the hands of who is stopping it.
        """
        run = store.submit(**REQUEST)
        store.claim(run.id, 1, {})
        store.delete(run.id, "me")
        clock.now += KEPT_S + 1
        store.write(run.id, 1)
        assert store.remove_deleted() == 0
        store.write(run.id, 1, end=End(state="stopped"))

        assert store.remove_deleted() == 1

    def test_lets_the_same_be_trained_anew(self, store, clock):
        """
        After a day there is nothing left to bring back.
        """
        run = store.submit(**REQUEST)
        store.delete(run.id, "me")
        clock.now += KEPT_S + 1
        store.remove_deleted()

        assert store.submit(**REQUEST).id != run.id


class ListsLife(RuleBasedStateMachine):
    """Readers who ask, look, delete and bring back, against a few runs, and time."""

    readers = st.sampled_from(["me", "you", "her"])
    requests = st.sampled_from([REQUEST, OPEN_ENDED, REQUEST | {"fingerprint": "other"}])

    @initialize()
    def begin(self):
        self.clock = Clock()
        self.store = Store(self.url, clock=self.clock)
        with self.store._writing() as connection:
            for table in reversed(METADATA.sorted_tables):
                if table.name != "meta":
                    connection.execute(sa.delete(table))
        # In the order in which they came: ids are random, and a life must be one that repeats.
        self.seen: dict[str, None] = {}
        self.on: dict[tuple[str, str], bool] = {}  # (owner, run) -> whether it is on the list
        self.at: dict[tuple[str, str], float] = {}

    @rule(reader=readers, request=requests)
    def asks(self, reader, request):
        run = self.store.submit(**request | {"owner": reader})
        self.seen[run.id] = None
        self.on[reader, run.id] = True

    @rule(reader=readers, data=st.data())
    def looks(self, reader, data):
        if self.seen:
            run_id = data.draw(st.sampled_from(list(self.seen)))
            self.store.look(run_id, reader)
            if self.is_there(run_id):
                self.on.setdefault((reader, run_id), True)

    @rule(reader=readers, data=st.data())
    def deletes(self, reader, data):
        if self.seen:
            run_id = data.draw(st.sampled_from(list(self.seen)))
            was_on = self.on.get((reader, run_id), False)
            assert self.store.delete(run_id, reader) == was_on
            if was_on:
                self.on[reader, run_id] = False
                self.at[reader, run_id] = self.clock.now

    @rule(reader=readers, data=st.data())
    def restores(self, reader, data):
        if self.seen:
            run_id = data.draw(st.sampled_from(list(self.seen)))
            was_off = self.on.get((reader, run_id)) is False
            assert self.store.restore(run_id, reader) == was_off
            if was_off:
                self.on[reader, run_id] = True

    @rule(days=st.sampled_from([0.4, 1.1]))
    def time_passes(self, days):
        self.clock.now += days * 24 * 3600
        for run_id in sorted(self.seen):
            mine = {key: is_on for key, is_on in self.on.items() if key[1] == run_id}
            old = {key for key, is_on in mine.items() if not is_on and self.is_old(key)}
            if any(mine.values()):
                for key in old:
                    del self.on[key]
            elif len(old) == len(mine):
                del self.seen[run_id]
                self.on = {key: is_on for key, is_on in self.on.items() if key[1] != run_id}
        self.store.remove_deleted()

    def is_old(self, key):
        return self.clock.now - self.at[key] > KEPT_S

    def is_there(self, run_id):
        return any(is_on for (_, listed), is_on in self.on.items() if listed == run_id)

    @invariant()
    def everybody_sees_their_own_list(self):
        for reader in ("me", "you", "her"):
            for is_on in (True, False):
                expected = {
                    run for (who, run), on in self.on.items() if who == reader and on is is_on
                }
                assert set(ids(self.store.runs(reader, deleted=not is_on))) == expected

    @invariant()
    def a_run_is_found_as_long_as_somebody_has_it(self):
        for run_id in self.seen:
            assert (self.store.run(run_id) is not None) == self.is_there(run_id)
            if not self.is_there(run_id):
                assert self.store.was_deleted(run_id)
                assert run_id not in [run.id for run in self.store.unfinished()]
        assert rows_left(self.store)["runs"] == len(self.seen)

    def teardown(self):
        self.store.close()


def test_lists_live_a_life_of_their_own(tmp_path):
    """
    Whatever readers do in whatever order, nobody's list is changed by another.
    """
    ListsLife.url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    few = settings(max_examples=30, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(ListsLife, settings=few)
