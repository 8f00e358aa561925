"""A disk that fills while a run is trained, and has room again.

The bugs these tests catch: half a report, a run that fails or is taken for lost because nobody
made room, a training that cannot go on afterwards.
"""

import contextlib
import os
import resource
import threading

import pytest
import sqlalchemy as sa

from core.runs import worker
from core.runs.records import LEASE_S, Batch, Checkpoint, StoreUnavailable
from core.runs.store import Store
from tests.core.runs.run_site import eventually, request_for
from tests.faults.programs import lone_worker
from tests.faults.undisturbed import EVERY, assert_is_undisturbed, config_of

pytestmark = pytest.mark.slow

STEPS = 80
NO_LIMIT = 2**30
FULL = "The file `runs.sqlite` cannot grow because the disk is full: make room, then try again."
FAULTY = (
    "The file `runs.sqlite` cannot be read or written because the disk reports an error: make "
    "sure that the disk is there, sound and not full."
)


class Disk:
    """As many pages as a database may have.

    Args:
        store: The only store that this disk is for; others have another.
    """

    def __init__(self, store):
        self.pages = NO_LIMIT
        sa.event.listen(store._engine.pool, "checkout", self._limit)

    def fill(self, store, more=2):
        """
        Leave room for hardly more than there is.
        """
        with store._engine.connect() as connection:
            self.pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + more

    def _limit(self, connection, *_):
        connection.execute(f"PRAGMA max_page_count = {self.pages}")


def test_takes_all_of_a_write_or_nothing(store):
    """
    A refused write names the file and the way out and leaves no part of itself, whichever part
    had no room; the same write is taken when there is.
    """
    run = store.submit(**request_for(config_of(seed=31, steps=STEPS)))
    store.claim(run.id, 1, {})
    disk = Disk(store)
    before = store.run(run.id)
    parts = {
        "batch": Batch(sequence=1, first=0, last=1, body="b" * 30_000),
        "checkpoint": Checkpoint(step=1, body=b"c" * 30_000),
    }
    for more in range(0, 14, 3):
        disk.fill(store, more)
        with pytest.raises(StoreUnavailable) as raised:
            store.write(run.id, 1, **parts)
        assert str(raised.value) == FULL
        assert store.run(run.id) == before
        assert store.batches(run.id, 0, EVERY) == []
        assert store.checkpoint(run.id) is None
    disk.pages = NO_LIMIT
    store.write(run.id, 1, **parts)

    assert store.batches(run.id, 0, EVERY) == [(1, parts["batch"].body)]
    assert store.checkpoint(run.id) == parts["checkpoint"]


def test_has_a_training_wait_for_room(store, moments):
    """
    The run stays in its worker's hands and says why it waits. With room it goes on from the
    report at which it stood, and ends like an undisturbed one.
    """
    run = store.submit(**request_for(config_of(seed=32, steps=STEPS)))
    disk = Disk(worker._store(store.url))
    training = threading.Thread(target=worker.execute, args=(run.id, 1, store.url, 3600.0))
    training.start()
    try:
        step = moments.randrange(1, STEPS // 2)
        eventually(lambda: (store.run(run.id).step or 0) >= step, 60)
        disk.fill(store)
        eventually(lambda: store.run(run.id).message == FULL, 60)
        known, waiting = store.batches(run.id, 0, EVERY), store.run(run.id)
        eventually(lambda: store.run(run.id).lease > waiting.lease + LEASE_S, 60)
        assert store.batches(run.id, 0, EVERY) == known
    finally:
        disk.pages = NO_LIMIT
        training.join()
    done = store.run(run.id)

    assert (waiting.state, waiting.attempt) == ("running", 1)
    assert (done.attempt, done.message) == (1, None)
    assert store.batches(run.id, 0, EVERY)[: len(known)] == known
    assert_is_undisturbed(store, run)


@contextlib.contextmanager
def no_file_longer_than(size, process_id=0):
    """
    For a process, writing further into any file fails, as on a disk that is full.
    """
    _, most = resource.prlimit(process_id, resource.RLIMIT_FSIZE)
    resource.prlimit(process_id, resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.prlimit(process_id, resource.RLIMIT_FSIZE, (most, most))


def test_is_waited_for_whichever_write_it_refuses(store, moments):
    """
    The files of a worker may not grow, wherever it is in its writing: what is committed stays,
    a reader can still read, and with room the same worker brings the run to its end.
    """
    run = store.submit(**request_for(config_of(seed=33, steps=STEPS)))
    path = store.url.removeprefix("sqlite:///")
    with lone_worker(run.id, 1, store.url) as process:
        step = moments.randrange(1, STEPS // 2)
        eventually(lambda: (store.run(run.id).step or 0) >= step, 60)
        longest = max(os.path.getsize(f"{path}{end}") for end in ("", "-wal"))
        with no_file_longer_than(moments.randrange(longest), process.pid):
            lines = iter(process.stdout.readline, "")
            assert any("The store failed: disk I/O error" in line for line in lines)
            known = store.batches(run.id, 0, EVERY)
            assert store.run(run.id).state == "running"
        process.communicate(timeout=60)

    assert store.batches(run.id, 0, EVERY)[: len(known)] == known
    assert store.run(run.id).attempt == 1
    assert_is_undisturbed(store, run)


def test_leaves_a_site_that_can_be_read(store):
    """
    A write that the system refuses is one sentence, after which all that was there can be read,
    and the next write is taken when there is room.
    """
    run = store.submit(**request_for(config_of(seed=34, steps=STEPS)))
    store.claim(run.id, 1, {})
    before = store.run(run.id)
    big = Checkpoint(step=1, body=b"c" * 1_000_000)
    with no_file_longer_than(500_000), pytest.raises(StoreUnavailable) as raised:
        store.write(run.id, 1, checkpoint=big)
    again = Store(store.url)
    read = again.run(run.id), again.checkpoint(run.id)
    again.close()
    store.write(run.id, 1, checkpoint=big)

    assert str(raised.value) == FAULTY
    assert read == (before, None)
    assert store.checkpoint(run.id) == big
