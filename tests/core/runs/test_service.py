"""Runs as pages use them, with real processes.

The bugs these tests catch: a training that runs twice or not at all, a stop that does not stop,
a failure that says nothing, a process that is left behind.
"""

import functools
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from fake_kind import FakeConfig, train
from run_site import (
    ROOT,
    ended,
    engine_processes,
    eventually,
    numbers,
    request_for,
    serving,
    settings_in,
    worker_processes,
)
from safetensors.numpy import load

from core.runs import service as service_module
from core.runs.records import KEPT_S
from core.runs.store import Store
from core.vae.config import TrainConfig

pytestmark = pytest.mark.slow

SOON_S = 5.0
"""What takes less surely does not wait for anything. `benchmarks.live` holds the real limits."""


def undisturbed(config):
    """
    What a training says when nothing comes between.
    """
    _, *rest = train(config, None)
    return [(report.step, report.training["distortion"][0]) for report in rest]


def started(service, run):
    """
    Waits for the first report.
    """
    return eventually(lambda: service.store.pulse(run.id).sequence)


class TestARun:
    def test_keeps_all_that_its_training_says(self, service):
        """
        Every report is stored once and in order, with pictures, weights, checkpoint, evaluation.
        """
        config = FakeConfig(seed=1)
        run = service.submit(config, "me")
        done = ended(service.store, run)

        assert (done.state, done.attempt, done.step, done.message) == ("done", 1, 20, None)
        assert numbers(service.store, run) == undisturbed(config)
        assert done.evaluation == {
            "known": 2,
            "w": pytest.approx(done.evaluation["w"]),
            "unknown": None,
        }
        assert done.machine["device"] == "cpu"
        assert load(service.store.pictures(run.id, 10))["samples"].shape == (1, 4)
        assert service.store.weights(run.id)[0] == 20
        assert service.store.checkpoint(run.id).step == 20
        states = [change.after for change in service.store.transitions(run.id)]
        assert states == ["queued", "running", "done"]

    def test_of_a_vae_learns(self, service):
        """
        The real trainer runs through the same path, and starts quickly on a warm worker.
        """
        config = TrainConfig(steps=60, seed=3)
        run = service.submit(config, "me")
        took = started(service, run)
        done = ended(service.store, run)

        assert took < SOON_S
        assert done.state == "done"
        assert done.config["precision"] == "fp32"
        first, *_, last = numbers(service.store, run)
        assert last[1] < first[1] - 2
        assert {"neg_elbo", "bounds"} <= set(done.evaluation)

    def test_is_shared_by_all_who_ask_for_the_same(self, service):
        """
        A second reader attaches, while it runs and when it is done.
        """
        run = service.submit(FakeConfig(seed=2), "me")
        again = service.submit(FakeConfig(seed=2), "you")
        ended(service.store, run)
        later = service.submit(FakeConfig(seed=2), "they")

        assert run.id == again.id == later.id
        assert later.owner == "me"
        assert later.attempt == 1

    def test_without_an_end_is_ones_own(self, service):
        """
        Open-ended runs are never shared; each press starts one.
        """
        config = FakeConfig(steps=None)
        first, second = service.submit(config, "me"), service.submit(config, "you")
        for run, owner in ((first, "me"), (second, "you")):
            service.stop(run.id, owner)
            ended(service.store, run)

        assert first.id != second.id

    def test_waits_in_line(self, service):
        """
        With one worker the second run waits, in first place, and starts when the first is over.
        """
        first = service.submit(FakeConfig(steps=None, seed=5), "me")
        started(service, first)
        second = service.submit(FakeConfig(seed=5, steps=3), "me")
        third = service.submit(FakeConfig(seed=6, steps=3), "me")
        places = [service.queue_position(run.id) for run in (first, second, third)]
        service.stop(third.id, "me")
        service.stop(first.id, "me")

        assert places == [None, 1, 2]
        assert ended(service.store, second).state == "done"
        assert ended(service.store, third).attempt == 0

    @pytest.mark.parametrize("run_id", ["", "a", "../../etc/passwd", "A" * 12, "a" * 13, "a1" * 6])
    def test_has_an_id_that_is_checked_first(self, service, run_id):
        """
        What is not a run's name never reaches the database.
        """
        calls = [service.run, service.queue_position, service.was_deleted]
        for name in ("stop", "look", "delete", "restore"):
            calls.append(functools.partial(getattr(service, name), owner="me"))
        for call in calls:
            with pytest.raises(ValueError, match="`run` must be twelve characters"):
                call(run_id)


class TestPrecision:
    def test_is_timed_once_for_each_shape(self, service):
        """
        What is faster on a kind of machine is found out at the first run of a shape, and kept.
        """
        service._machine = service.machine | {"bf16": True}  # else there is nothing to time
        # A run of before is over when the store says so, and its worker is free a moment later.
        eventually(lambda: all(sent.call.done() for sent in list(service._sent.values())))
        runs = [
            service.submit(TrainConfig(dataset="sprites", hidden=(16,), steps=2, seed=seed), "me")
            for seed in (0, 1)
        ]
        for run in runs:
            service.stop(run.id, "me")
            ended(service.store, run)
        with service.store._engine.connect() as connection:
            kept = connection.exec_driver_sql("SELECT precision FROM calibrations").scalars().all()

        assert len(kept) == 1
        assert {run.config["precision"] for run in runs} == set(kept) <= {"fp32", "bf16"}

    def test_does_not_keep_a_reader_waiting(self, service):
        """
        While all workers train, what is certain to work is taken, and nothing is kept.
        """
        long = service.submit(FakeConfig(steps=None, seed=50), "me")
        started(service, long)
        began = time.monotonic()
        config = TrainConfig(dataset="sprites", hidden=(17,), steps=2)
        run = service.submit(config, "me")
        took = time.monotonic() - began
        for each in (run, long):
            service.stop(each.id, "me")
            ended(service.store, each)

        assert run.config["precision"] == "fp32"
        assert took < SOON_S


class TestSingleFlight:
    def test_trains_once_whoever_asks(self, service, tmp_path):
        """
        Six threads here and two other processes submit one config at once; one training starts.
        """
        config = FakeConfig(seed=7, steps=100, journal=str(tmp_path / "journal"))
        code = (
            "import sys\n"
            "from fake_kind import FakeConfig\n"
            "from run_site import settings_in\n"
            "from core.runs.service import Service\n"
            "service = Service(settings_in(__import__('pathlib').Path(sys.argv[1])))\n"
            "print('ready', flush=True), sys.stdin.readline()\n"
            f"print(service.submit({config!r}, 'other').id, flush=True)\n"
            "sys.stdin.readline()\n"
            "service.close()\n"
        )
        folder = str(Path(service.store.url.removeprefix("sqlite:///")).parent)
        pipe = subprocess.PIPE
        others = [
            subprocess.Popen(
                [sys.executable, "-c", code, folder], stdin=pipe, stdout=pipe, text=True, cwd=ROOT
            )
            for _ in range(2)
        ]
        for other in others:
            assert other.stdout.readline() == "ready\n"
        ids = []
        threads = [
            threading.Thread(target=lambda: ids.append(service.submit(config, "me").id))
            for _ in range(6)
        ]
        for other in others:
            other.stdin.write("\n")
            other.stdin.flush()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ids += [other.stdout.readline().strip() for other in others]
        run = service.run(ids[0])
        done = ended(service.store, run)
        for other in others:
            other.communicate("\n", timeout=20)

        assert set(ids) == {run.id}
        assert done.state == "done"
        # On a busy machine the lease of a worker may run out: then there is another attempt.
        trainings = (tmp_path / "journal").read_text().splitlines()
        assert (trainings[0], len(trainings)) == ("0", done.attempt)
        assert numbers(service.store, run) == undisturbed(replace(config, journal=""))


class TestStop:
    def test_acts_soon(self, service):
        """
        A run stops soon after its owner asks, and keeps a checkpoint of its last step.
        """
        run = service.submit(FakeConfig(steps=None, seed=10), "me")
        started(service, run)
        assert service.stop(run.id, "me")
        took = eventually(lambda: service.store.pulse(run.id).state == "stopped")

        assert took < SOON_S
        stopped = service.run(run.id)
        assert service.store.checkpoint(run.id).step == stopped.step
        assert not service.stop(run.id, "me")

    def test_does_not_wait_for_a_slow_step(self, service):
        """
        Even a training that is in the middle of a long step is stopped in time.
        """
        run = service.submit(FakeConfig(steps=None, seed=11, fault="hang", at=20), "me")
        eventually(lambda: (service.run(run.id).step or 0) >= 19)
        time.sleep(0.3)
        assert service.stop(run.id, "me")

        assert eventually(lambda: service.store.pulse(run.id).state == "stopped") < SOON_S

    def test_is_obeyed_by_an_evaluation(self, service):
        """
        What is known by then is kept, and asking again finishes it.
        """
        config = FakeConfig(steps=3, seed=12, results=20, result_s=0.05)
        run = service.submit(config, "me")
        eventually(lambda: service.run(run.id).evaluation)
        assert service.stop(run.id, "me")
        stopped = ended(service.store, run)
        service.submit(config, "me")

        assert stopped.state == "stopped"
        assert 0 < stopped.evaluation["known"] < 20
        assert ended(service.store, run).evaluation["known"] == 20

    def test_is_for_the_owner(self, service):
        """
        Whoever only watches cannot stop a run; nobody can stop one that is not there.
        """
        run = service.submit(FakeConfig(steps=None, seed=13), "me")
        assert not service.stop(run.id, "you")
        assert not service.stop("a" * 12, "me")
        assert service.stop(run.id, "me")
        ended(service.store, run)

    def test_is_undone_by_asking_again(self, service):
        """
        A stopped shared run goes on where it stopped, and belongs to whoever woke it.
        """
        config = FakeConfig(steps=60, seed=14)
        run = service.submit(config, "me")
        started(service, run)
        service.stop(run.id, "me")
        stopped = ended(service.store, run)
        again = service.submit(config, "you")
        done = ended(service.store, run)

        assert stopped.state == "stopped"
        assert stopped.step < 60
        assert (again.id, again.owner) == (run.id, "you")
        assert (done.state, done.attempt) == ("done", 2)
        assert numbers(service.store, run) == undisturbed(config)


class TestAFailure:
    @pytest.mark.parametrize(
        ("fault", "sentence"),
        [
            ("data", "The file `fake.gz` is missing: put it there."),
            ("diverge", "The rate stopped being a finite number: lower it."),
            ("memory", "The training did not fit into memory: choose narrower hidden layers"),
            ("allocator", "The training did not fit into memory: choose narrower hidden layers"),
            ("bug", "The training failed. KeyError: 'what\\nis this'."),
            ("path", "The training failed. FileNotFoundError: No such file."),
        ],
    )
    def test_is_one_sentence(self, service, fault, sentence):
        """
        What went wrong is told without traces or paths, after all reports that came before.
        """
        run = service.submit(FakeConfig(fault=fault, seed=20), "me")
        failed = ended(service.store, run)

        assert failed.state == "failed"
        assert failed.message.startswith(sentence)
        assert "\n" not in failed.message
        assert failed.step == (None if fault == "data" else 4)

    def test_is_tried_again_on_request(self, service):
        """
        Asking for a failed run makes a new attempt from where it failed.
        """
        config = FakeConfig(fault="diverge", seed=21)
        run = service.submit(config, "me")
        ended(service.store, run)
        again = service.submit(config, "you")
        failed = ended(service.store, run)

        assert again.id == run.id
        assert (failed.state, failed.attempt, failed.step) == ("failed", 2, 4)

    def test_of_a_kind_nobody_knows(self, service):
        """
        Workers of another version of the site say so.
        """
        run = service.store.submit(**request_for(FakeConfig()) | {"kind": "other"})
        service.warm()

        assert "does not know trainings of the kind 'other'" in ended(service.store, run).message

    def test_names_what_the_machine_cannot_do(self, service):
        """
        A graphics card that is not there is refused before anything is stored.
        """
        with pytest.raises(ValueError, match="`device` must be cpu or auto here"):
            service.submit(FakeConfig(device="cuda", precision="auto"), "me")
        with pytest.raises(ValueError, match="`device` must be cpu or auto here"):
            service.submit(FakeConfig(device="cuda", precision="fp32"), "me")

    def test_trusts_no_card_of_an_earlier_day(self, service):
        """
        Where a card was once and is no more, the automatic device is the processor.
        """
        if service.machine["device"] == "cuda":
            pytest.skip("A card that is no more cannot be played here: there is one that works.")
        service.store.remember(service._machine_key, service.machine | {"device": "cuda"})
        service._machine = None
        run = service.submit(TrainConfig(steps=2), "me")

        assert run.config["device"] == "cpu"
        assert service.machine["device"] == "cpu"


class TestALostWorker:
    def test_is_replaced_and_nothing_is_lost(self, service, tmp_path):
        """
        A run whose worker is killed goes on by itself from its checkpoint, and ends with the
        numbers of an undisturbed one.
        """
        journal = tmp_path / "journal"
        config = FakeConfig(steps=120, seed=30, journal=str(journal))
        run = service.submit(config, "me")
        eventually(lambda: (service.run(run.id).step or 0) >= 80)
        for process in worker_processes():
            process.kill()
        known = service.run(run.id)
        eventually(lambda: service.store.pulse(run.id).sequence > known.sequence)
        done = ended(service.store, run)

        first, second = map(int, journal.read_text().split())
        assert first == 0 < second <= known.step
        assert (done.state, done.attempt, done.step) == ("done", 2, 120)
        assert numbers(service.store, run) == undisturbed(replace(config, journal=""))
        states = [change.after for change in service.store.transitions(run.id)]
        assert states == ["queued", "running", "running", "done"]


class TestALostEngine:
    def test_is_started_again(self, service):
        """
        Runs that were queued or running when the engine died are done by the next one.
        """
        config = FakeConfig(steps=200, seed=40)
        running = service.submit(config, "me")
        started(service, running)
        waiting = service.submit(FakeConfig(seed=41), "me")
        for process in engine_processes():
            process.kill()
        eventually(lambda: service.run(running.id).message)
        said = service.run(running.id)

        assert said.attempt == 1  # long before anybody could take it up
        assert said.message.startswith("The process that trained this run was lost")
        assert ended(service.store, running).attempt == 2
        assert ended(service.store, waiting).attempt == 1
        assert numbers(service.store, running) == undisturbed(config)


class TestACallThatNoWorkerTakesUp:
    def test_gives_its_place_to_others(self, service, monkeypatch):
        """
        A run that was stopped while it waited behind a busy worker holds nobody up for long.
        """
        monkeypatch.setattr(service_module, "UNCLAIMED_S", 0.2)
        call = Future()
        service._sent["a" * 12] = service_module._Sent(1, call, time.monotonic())
        run = service.submit(FakeConfig(seed=42), "me")

        assert ended(service.store, run).state == "done"
        eventually(call.cancelled)


def left_behind(folder, *, attempts, stop=False):
    """
    A run as it stands an hour after its last worker was lost.
    """
    now = [time.time() - 3600]
    store = Store(settings_in(folder).store_url, clock=lambda: now[0])
    run = store.submit(**request_for(FakeConfig()))
    for attempt in range(1, attempts + 1):
        now[0] += 60
        store.claim(run.id, attempt, {})
    if stop:
        store.request_stop(run.id)
    store.close()
    return run


class TestARunFromYesterday:
    def test_goes_on_when_the_site_starts(self, tmp_path):
        """
        What was running when the site was closed is taken up without anybody asking.
        """
        run = left_behind(tmp_path, attempts=1)
        with serving(tmp_path) as service:
            done = ended(service.store, run)

        assert (done.state, done.attempt, done.step) == ("done", 2, 20)

    def test_is_given_up_if_it_keeps_dying(self, tmp_path):
        """
        After three lost workers without a report, the run fails, and says what may help.
        """
        run = left_behind(tmp_path, attempts=3)
        with serving(tmp_path) as service:
            failed = ended(service.store, run)

        assert failed.state == "failed"
        assert "lost 3 times in a row before its first report" in failed.message

    def test_stays_stopped_if_it_was_to_stop(self, tmp_path):
        """
        A run that was asked to stop and then lost its worker is stopped.
        """
        run = left_behind(tmp_path, attempts=1, stop=True)
        with serving(tmp_path) as service:
            stopped = ended(service.store, run)

        assert (stopped.state, stopped.attempt) == ("stopped", 1)

    def test_is_removed_if_it_was_deleted_the_day_before(self, tmp_path):
        """
        The site clears up after its readers by itself.
        """
        now = [time.time() - KEPT_S - 60]
        store = Store(settings_in(tmp_path).store_url, clock=lambda: now[0])
        run = store.submit(**request_for(FakeConfig()))
        store.delete(run.id, "me")
        with serving(tmp_path):
            eventually(lambda: not store.was_deleted(run.id))
        store.close()


class TestAList:
    def test_holds_what_a_reader_did_with_runs(self, service):
        """
        What is asked for and looked at can be named, deleted and brought back.
        """
        run = service.submit(FakeConfig(seed=77, steps=3), "lister")
        service.look(run.id, "another")
        assert service.rename(run.id, "lister", "mine")
        assert service.names("lister", [run.id]) == {run.id: "mine"}
        assert service.delete(run.id, "lister")

        assert service.runs("lister") == []
        assert [entry.run.id for entry in service.runs("another")] == [run.id]
        assert [entry.name for entry in service.runs("lister", deleted=True)] == ["mine"]
        assert service.restore(run.id, "lister")
        assert not service.was_deleted(run.id)
