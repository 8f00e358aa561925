"""A worker that was thought dead, and writes again.

The bugs these tests catch: two workers that write to one run, and a report that is kept twice.
"""

import signal
import sqlite3
import threading
import time
from contextlib import suppress

import pytest

from core.runs import worker
from core.runs.records import LEASE_S
from tests.core.runs.run_site import eventually, request_for
from tests.faults.programs import lone_worker
from tests.faults.undisturbed import EVERY, assert_is_undisturbed, config_of

pytestmark = pytest.mark.slow


def stop_outside_a_write(process, path):
    """
    Freeze a process at a moment when it does not hold the lock of the database.
    """
    while True:
        process.send_signal(signal.SIGSTOP)
        with suppress(sqlite3.OperationalError), sqlite3.connect(path, timeout=0.2) as other:
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)


@pytest.mark.parametrize("is_over", [False, True], ids=["while-it-goes-on", "when-it-is-over"])
def test_is_refused(store, moments, is_over):
    """
    A worker that was frozen beyond its lease wakes while its successor trains, or later: its
    writes are refused, nothing is doubled, and the numbers are those of an undisturbed training.
    """
    run = store.submit(**request_for(config_of(seed=21 + is_over, steps=100)))
    with lone_worker(run.id, 1, store.url) as late:
        step = moments.randrange(1, 50)
        eventually(lambda: (store.run(run.id).step or 0) >= step, 60)
        stop_outside_a_write(late, store.url.removeprefix("sqlite:///"))
        known = store.batches(run.id, 0, EVERY)
        eventually(lambda: time.time() > store.run(run.id).lease, 2 * LEASE_S)
        successor = threading.Thread(target=worker.execute, args=(run.id, 2, store.url, 3600.0))
        successor.start()
        eventually(lambda: store.run(run.id).sequence > len(known), 60)
        if is_over:
            successor.join()
        late.send_signal(signal.SIGCONT)
        said, _ = late.communicate(timeout=60)
        successor.join()

    assert f"Refused: Run {run.id} is no longer in the hands of attempt 1." in said
    assert late.returncode == 0
    assert store.batches(run.id, 0, EVERY)[: len(known)] == known
    assert store.run(run.id).attempt == 2
    states = [change.after for change in store.transitions(run.id)]
    assert states == ["queued", "running", "running", "done"]
    assert_is_undisturbed(store, run)
