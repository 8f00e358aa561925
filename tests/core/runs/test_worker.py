"""One attempt at a run, made in this process.

The bugs these tests catch: a run that goes on for ever, and an attempt that is made twice.
"""

import dataclasses
import os

import fake_kind
import pytest
import torch
from fake_kind import FakeConfig
from run_site import eventually, numbers, request_for
from safetensors.numpy import load

from core.runs import worker
from core.runs.store import Store
from core.vae.config import TrainConfig


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite'}")
    yield store
    worker._store(store.url).close()
    worker._store.cache_clear()
    store.close()


def asked(store, config, **more):
    assert "fake" in worker.KINDS, fake_kind
    return store.submit(**request_for(config) | more)


class TestExecute:
    @pytest.mark.parametrize("shared", [True, False])
    def test_stops_a_run_that_takes_too_long(self, store, shared):
        """
        The setting bounds a run, the page is told so, and how to go on.
        """
        run = asked(store, FakeConfig(steps=None), shared=shared)
        worker.execute(run.id, 1, store.url, 0.5)
        stopped = store.run(run.id)

        assert stopped.state == "stopped"
        assert stopped.message.startswith("Stopped after 0.5 s, the longest that a run may train")
        assert stopped.message.endswith("Go on takes it up again from this step.")
        assert 0.5 <= stopped.spent < 2
        assert store.checkpoint(run.id).step == stopped.step > 10

    def test_gives_way_to_a_run_that_waits(self, store, monkeypatch):
        """
        A long run goes to the end of the queue with all it has, and on from there. Its time
        still counts.
        """
        monkeypatch.setattr(worker, "SLICE_S", 0.1)
        monkeypatch.setattr(worker, "WAITING_S", 0.0)
        monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
        run = asked(store, FakeConfig(steps=60, step_s=0.01))
        other = asked(store, FakeConfig(steps=3, step_s=0, seed=1))
        worker.execute(run.id, 1, store.url, 60.0)
        left = store.run(run.id)
        assert left.state == "queued"
        assert left.message.startswith("Others were waiting")
        assert 0 < store.checkpoint(run.id).step == left.step < 60
        assert [each.id for each in store.unfinished()] == [other.id, run.id]

        worker.execute(other.id, 1, store.url, 60.0)
        worker.execute(run.id, 2, store.url, 60.0)
        done = store.run(run.id)
        assert (done.state, done.step, done.message) == ("done", 60, None)
        assert done.spent > left.spent > 0.1
        assert [step for step, _ in numbers(store, run)] == list(range(1, 61))

    @pytest.mark.parametrize("is_watched", [False, True])
    def test_gives_way_to_its_own_continuation(self, store, monkeypatch, is_watched):
        """
        Whoever continues a run as their own gets its worker at once, unless others watch it.
        """
        monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
        config = FakeConfig(steps=60, step_s=0.01)
        run = asked(store, config)
        worker.execute(run.id, 1, store.url, 0.1)
        own = store.fork(run.id, config=config.to_json(), fingerprint="own", owner="me")
        store.resume(run.id)
        if is_watched:
            store.look(run.id, "you")
        worker.execute(run.id, 2, store.url, 60.0)

        assert own.state == "queued"
        assert store.run(run.id).state == ("done" if is_watched else "queued")

    def test_keeps_its_worker_where_nobody_waits(self, store, monkeypatch):
        """
        There is nothing to give way to.
        """
        monkeypatch.setattr(worker, "SLICE_S", 0.0)
        monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
        run = asked(store, FakeConfig(steps=5, step_s=0.01))
        asked(store, FakeConfig(steps=3, step_s=0, seed=1))  # for less than ten seconds
        worker.execute(run.id, 1, store.url, 60.0)

        assert store.run(run.id).state == "done"

    def test_measures_what_a_stopped_run_has_left(self, store):
        """
        The model as it stands at the stop is measured; going on from there forgets that.
        """
        run = asked(store, FakeConfig(steps=None, step_s=0.01))
        worker.execute(run.id, 1, store.url, 0.05)
        left = store.run(run.id)
        step, weights = store.weights(run.id)

        assert (left.state, left.attempt, left.step) == ("stopped", 1, step)
        assert left.evaluation["known"] == 2
        assert left.evaluation["w"] == load(weights)["w"][0]
        assert store.resume(run.id)
        assert store.run(run.id).evaluation is None

    def test_measures_nothing_while_others_wait(self, store):
        """
        Whoever waits for a worker does not wait for the numbers of a run that was stopped.
        """
        run = asked(store, FakeConfig(steps=None, step_s=0.01))
        asked(store, FakeConfig(steps=3, step_s=0, seed=1))
        worker.execute(run.id, 1, store.url, 0.05)

        assert store.run(run.id).state == "stopped"
        assert store.run(run.id).evaluation is None

    def test_does_nothing_twice(self, store):
        """
        A task that is run again, or too late, leaves the run as it is.
        """
        run = asked(store, FakeConfig(steps=3, step_s=0))
        worker.execute(run.id, 1, store.url, 60.0)
        done = store.run(run.id)
        for attempt in (1, 2):
            worker.execute(run.id, attempt, store.url, 60.0)
        worker.execute("a" * 12, 1, store.url, 60.0)

        assert done.state == "done"
        assert store.run(run.id) == done

    def test_goes_on_in_an_evaluation_that_was_lost(self, store, monkeypatch):
        """
        A worker that dies when all is trained leaves only the evaluation to its successor.
        """
        run = asked(store, FakeConfig(steps=5, step_s=0))
        kind = worker.KINDS["fake"]()

        def lost(*_: object):
            eventually(lambda: store.run(run.id).step == 5)
            raise SystemExit
            yield

        dying = worker.Kind(read=kind.read, load=kind.load, train=kind.train, evaluate=lost)
        monkeypatch.setitem(worker.KINDS, "fake", lambda: dying)
        with pytest.raises(SystemExit):
            worker.execute(run.id, 1, store.url, 60.0)
        monkeypatch.undo()
        kept = numbers(store, run)
        with store._writer.begin() as connection:
            connection.exec_driver_sql("UPDATE runs SET lease = 0")  # time has passed
        worker.execute(run.id, 2, store.url, 60.0)
        done = store.run(run.id)

        assert (done.state, done.attempt, done.step) == ("done", 2, 5)
        assert done.evaluation["known"] == 2
        assert numbers(store, run) == kept != []


class TestACard:
    @pytest.fixture(autouse=True)
    def fresh(self):
        """
        What the machine is is looked up anew, now and by whoever comes next.
        """
        worker._machine.cache_clear()
        yield
        worker._machine.cache_clear()

    @pytest.fixture
    def listed(self, monkeypatch):
        """
        A card that PyTorch lists, though nothing can be computed on it.
        """
        if torch.cuda.is_available():
            pytest.skip("A card that fails cannot be played here: there is one that works.")
        monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def test_that_is_not_there_is_told_of(self, monkeypatch):
        """
        Either PyTorch knows no cards, or it finds none; both are said in a sentence.
        """
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        sentences = {}
        for is_built in (False, True):
            monkeypatch.setattr(torch.backends.cuda, "is_built", lambda found=is_built: found)
            worker._machine.cache_clear()
            found = worker.machine()
            assert (found["device"], found["has_failing_card"]) == ("cpu", False)
            sentences[is_built] = found["why_cpu"]

        assert sentences == {
            False: "This PyTorch was built without support for graphics cards.",
            True: "PyTorch finds no graphics card here.",
        }

    def test_that_fails_is_not_used(self, listed):
        """
        A short trial decides, not the list of devices; trainings then run on the processor.
        """
        found = worker.machine()

        assert (found["device"], found["has_failing_card"]) == ("cpu", True)
        assert found["why_cpu"].startswith("The graphics card here failed a short trial (")
        assert found["name"] == found["processor"]
        kept = worker._machine_for({"device": "cpu"})
        assert kept["why_cpu"] == found["why_cpu"]
        assert kept["has_failing_card"]

    def test_is_not_replaced_by_the_processor_behind_a_config(self, store, listed):
        """
        A run that was to be on a card is not trained on another device; it says what to do.
        """
        config = TrainConfig(steps=3).resolved(device="cuda", precision="fp32")
        run = store.submit(**request_for(config))
        worker.execute(run.id, 1, store.url, 60.0)
        failed = store.run(run.id)

        assert failed.state == "failed"
        assert failed.message.startswith("This run was meant for a graphics card, but its worker")
        assert "failed a short trial" in failed.message
        assert failed.message.endswith("train again.")

    @pytest.mark.parametrize(
        "text",
        [
            "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has",
            "CUDA error: out of memory",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        ],
    )
    def test_that_is_full_is_a_sentence(self, text):
        """
        Whoever fills it reads what to make smaller, not the allocator's report.
        """
        sentence, is_expected = worker._sentence(RuntimeError(text))

        assert is_expected
        assert "did not fit into the memory of the graphics card" in sentence
        assert "CUDA" not in sentence

    def test_is_let_go_after_a_run(self, store, monkeypatch):
        """
        Memory that a run has used is given back to whoever shares the card.
        """
        told = []
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
        for name in ("synchronize", "empty_cache"):
            monkeypatch.setattr(torch.cuda, name, lambda name=name: told.append(name))
        run = asked(store, FakeConfig(steps=3, step_s=0))
        worker.execute(run.id, 1, store.url, 60.0)

        assert told == ["synchronize", "empty_cache"]

    def test_that_is_lost_ends_the_worker_once_all_is_written(self, store, monkeypatch):
        """
        A process whose card fails for good makes room for a fresh one.
        """

        def lost():
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

        ended = []
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.cuda, "synchronize", lost)
        monkeypatch.setattr(os, "_exit", ended.append)
        run = asked(store, dataclasses.replace(FakeConfig(steps=3, step_s=0), seed=8))
        worker.execute(run.id, 1, store.url, 60.0)

        assert ended == [1]
        assert store.run(run.id).state == "done"
