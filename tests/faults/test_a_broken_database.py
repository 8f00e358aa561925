"""A database that is locked, torn, or may not be written to.

The bugs these tests catch: a training that a lock ends, a run that is half read, an error that
says neither which file it is nor what to do.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from core.runs import worker
from core.runs.records import StoreUnavailable
from core.runs.store import Store
from tests.core.runs.run_site import eventually, request_for, serving
from tests.faults.undisturbed import EVERY, assert_is_undisturbed, config_of

pytestmark = pytest.mark.slow

PAGE, NOBODY = 4096, 65_534

LOCKED = "The file `runs.sqlite` is locked by another program: close whatever else has it open."
READ_ONLY = (
    "The file `runs.sqlite` cannot be written to: let the user who runs the site write to it and "
    "to the folder that it is in."
)
REFUSALS = ("is damaged: move it away", "is not a database: move it away", "cannot be used (")

LOCKER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
print("ready", flush=True)
sys.stdin.readline()
other.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def locker(url):
    """
    Another process, which locks the database when it is told to, until it is killed.
    """
    command = [sys.executable, "-c", LOCKER, url.removeprefix("sqlite:///")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        try:
            assert other.stdout.readline() == "ready\n"
            yield other
        finally:
            other.kill()


def lock(other):
    """
    Have it lock the database, and wait until it has.
    """
    other.stdin.write("\n")
    other.stdin.flush()
    assert other.stdout.readline() == "locked\n"


class TestALock:
    def test_is_a_sentence_for_whoever_writes(self, url):
        """
        A lock beyond all patience is told with the way out, keeps nobody from reading, and is
        over with the process that held it.
        """
        store = Store(url, patience_s=0.1)
        run = store.submit(**request_for(config_of(seed=41, steps=60)))
        with locker(url) as other:
            lock(other)
            with pytest.raises(StoreUnavailable) as raised:
                store.claim(run.id, 1, {})
            assert store.run(run.id) == run
        claim = store.claim(run.id, 1, {})
        store.close()

        assert str(raised.value) == LOCKED
        assert claim.run.attempt == 1

    def test_has_a_training_wait(self, url, moments, monkeypatch):
        """
        While the database is locked nothing is written; afterwards the same worker goes on.
        """
        store = Store(url, patience_s=0.1)
        monkeypatch.setattr(worker, "_store", lambda _: store)
        run = store.submit(**request_for(config_of(seed=42, steps=60)))
        training = threading.Thread(target=worker.execute, args=(run.id, 1, url, 3600.0))
        step = moments.randrange(1, 30)
        with locker(url) as other:
            training.start()
            eventually(lambda: (store.run(run.id).step or 0) >= step, 60)
            lock(other)
            known = store.run(run.id)
            eventually(lambda: store._clock() > known.lease, 60)
            assert store.run(run.id) == known
            assert training.is_alive()
        training.join()

        assert store.run(run.id).attempt == 1
        assert_is_undisturbed(store, run)
        store.close()

    def test_is_told_while_it_lasts(self, tmp_path):
        """
        Whoever watches reads what holds the run up, and nobody takes its worker for lost.
        """
        config = config_of(seed=44, steps=1_000_000)
        with serving(tmp_path) as service, locker(service.store.url) as other:
            run = service.submit(config, "me")
            eventually(lambda: (service.run(run.id).step or 0) > 0, 60)
            lock(other)
            eventually(lambda: service.run(run.id).message == LOCKED, 60)
            held = service.run(run.id)
            other.kill()
            eventually(lambda: service.trouble is None, 60)
            eventually(lambda: service.run(run.id).step > held.step, 60)
            goes_on = service.run(run.id)
            messages = [each.message for each in service.store.transitions(run.id)]
            service.stop(run.id, "me")

        assert held.state == goes_on.state == "running"
        assert held.attempt == goes_on.attempt == 1
        assert messages == [None, None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """
    A database with a run that is done, all in one file.
    """
    path = tmp_path_factory.mktemp("whole") / "runs.sqlite"
    store = Store(f"sqlite:///{path}")
    run = store.submit(**request_for(config_of(seed=43, steps=60)))
    worker.execute(run.id, 1, store.url, 3600.0)
    worker._store(store.url).close()
    worker._store.cache_clear()
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path, run


def all_of(path, run):
    """
    What readers and workers ask of a run, but for what is only bytes.
    """
    store = Store(f"sqlite:///{path}", patience_s=0.1)
    try:
        pulse, steps = store.pulse(run.id), store.snapshots(run.id)
        batches = store.batches(run.id, 0, EVERY)
        return store.run(run.id), pulse, steps, batches, store.transitions(run.id)
    finally:
        store.close()


def read_or_refused(path, run):
    """
    What is read of a run, or the sentence that says why nothing can be.
    """
    try:
        return all_of(path, run)
    except StoreUnavailable as error:
        return str(error)


class TestATornFile:
    def test_is_never_half_read(self, whole, tmp_path, moments):
        """
        With garbage over some of its pages, or its end cut off, a file is refused in a sentence
        that names it, or it is read as it was.
        """
        path, run = whole
        expected, body, refused = all_of(path, run), path.read_bytes(), 0
        pages = len(body) // PAGE
        # Most pages hold weights; those of the tables themselves come first.
        chosen = [*range(min(pages, 40)), *(moments.randrange(pages) for _ in range(40))]
        for number, page in enumerate(chosen):
            torn = bytearray(body)
            torn[page * PAGE : (page + 1) * PAGE] = moments.randbytes(PAGE)
            if number % 4 == 3:
                del torn[max(1, page) * PAGE + moments.randrange(PAGE) :]
            copy = tmp_path / "runs.sqlite"
            copy.write_bytes(torn)
            found = read_or_refused(copy, run)
            if isinstance(found, str):
                assert found.startswith("The file `runs.sqlite` ")
                assert any(text in found for text in REFUSALS), found
                refused += 1
            else:
                assert found == expected
            for left in tmp_path.glob("runs.sqlite*"):
                left.unlink()

        assert refused >= 10


@contextlib.contextmanager
def without_power():
    """
    The user of these tests is one whom the system refuses what files do not allow.
    """
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_can_only_be_read_is_read_and_left_as_it_is(whole):
    """
    Every run in it is still shown; a write is refused, and the sentence says who is to be let.
    """
    path, run = whole
    expected = all_of(path, run)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(path, folder))
        Path(folder).chmod(0o777)
        copy.chmod(0o444)
        before = copy.read_bytes()
        with without_power():
            found = all_of(copy, run)
            store = Store(f"sqlite:///{copy}")
            with pytest.raises(StoreUnavailable) as raised:
                store.submit(**request_for(config_of(seed=44, steps=60)))
            store.close()

        assert copy.read_bytes() == before
    assert found == expected
    assert str(raised.value) == READ_ONLY
