"""Runs that are paused, steered and continued, with real workers and the real trainer.

The bugs these tests catch: a pause that loses a report, a change of beta that the config does
not tell, a continued run that disturbs the one it came from.
"""

import json

import numpy as np
import pytest
from run_site import ended, eventually, numbers
from safetensors.numpy import load

from core.vae import datasets
from core.vae.config import TrainConfig
from core.vae.training import train

pytestmark = pytest.mark.slow

SLOW = TrainConfig(hidden=(512, 512), batch_size=512, steps=None, schedule="constant")
"""Open-ended, and slow enough that orders come in between."""


def in_state(service, run, state):
    """The run, once it is in a state in which its training has left it, with its last weights."""
    eventually(lambda: service.run(run.id).state == state)
    eventually(lambda: service.last_weights(run.id) == service.run(run.id).step)
    return service.run(run.id)


def passed(service, run, step):
    eventually(lambda: (service.run(run.id).step or 0) >= step)


def repeated(run):
    """Training rows, held-out looks and weights of a run, trained again from its config."""
    config = TrainConfig.from_json(json.loads(json.dumps(run.config)))
    rows, looks, weights = [], [], {}
    for report in train(config, datasets.load(config.dataset)):
        if report.step > run.step:
            break
        if report.training:
            rows.append((report.step, report.training["distortion"][0]))
        if report.held_out:
            looks.append((report.step, report.held_out["distortion"][0]))
        weights[report.step] = report.look().weights
    return rows, looks, weights


def assert_is_what_its_config_says(service, run):
    run = service.run(run.id)
    rows, looks, weights = repeated(run)
    assert numbers(service.store, run) == rows
    assert numbers(service.store, run, "held_out") == looks
    step, body = service.store.weights(run.id)
    for name, values in load(body).items():
        assert np.array_equal(values, weights[step][name])


class TestPausing:
    def test_changes_nothing_but_the_time(self, service):
        """
        A run that was paused and resumed, twice, has the numbers of an undisturbed one.
        """
        run = service.submit(SLOW, "me")
        for step in (20, 60):
            passed(service, run, step)
            assert service.pause(run.id, "me")
            held = in_state(service, run, "paused").step
            assert service.run(run.id).step == held
            assert service.resume(run.id, "me")
        passed(service, run, 100)
        service.stop(run.id, "me")
        in_state(service, run, "stopped")

        assert_is_what_its_config_says(service, run)

    def test_is_for_the_owner(self, service):
        """
        Somebody else can neither pause, resume nor steer a run.
        """
        run = service.submit(SLOW, "me")
        passed(service, run, 5)

        assert not service.pause(run.id, "you")
        assert not service.steer(run.id, "you", 2.0)
        assert service.pause(run.id, "me")
        in_state(service, run, "paused")
        assert not service.resume(run.id, "you")
        assert service.stop(run.id, "me")

    def test_of_a_stopped_run_is_undone_too(self, service):
        """
        An open-ended run that was stopped goes on where it stood.
        """
        run = service.submit(SLOW, "me")
        passed(service, run, 5)
        service.stop(run.id, "me")
        stopped = in_state(service, run, "stopped")
        assert service.resume(run.id, "me")
        passed(service, run, stopped.step + 5)
        service.stop(run.id, "me")
        in_state(service, run, "stopped")

        assert_is_what_its_config_says(service, run)


class TestSteering:
    def test_is_written_into_the_config(self, service):
        """
        A run steered while it goes on is what its config says, bit for bit.
        """
        run = service.submit(SLOW, "me")
        wanted = [4.0, 0.0, 0.5]
        for number, beta in enumerate(wanted):
            passed(service, run, 20 * (number + 1))
            assert service.steer(run.id, "me", beta)
            eventually(lambda: service.run(run.id).steer is None)
        passed(service, run, service.run(run.id).step + 20)
        service.stop(run.id, "me")
        stopped = in_state(service, run, "stopped")

        assert [beta for _, beta in stopped.config["beta_changes"]] == wanted
        looked_at = {step for step, _ in numbers(service.store, run, "held_out")}
        assert {step for step, _ in stopped.config["beta_changes"]} <= looked_at
        assert_is_what_its_config_says(service, run)

    @pytest.mark.parametrize("beta", [-1.0, float("nan"), 10_001.0])
    def test_is_checked(self, service, beta):
        """
        A beta that no config may have is refused in a sentence.
        """
        with pytest.raises(ValueError, match="`beta` must be a number from 0 to 10,000"):
            service.steer("a" * 12, "me", beta)


class TestGoingOn:
    def test_leaves_the_shared_run_alone(self, service):
        """
        A shared run is continued as somebody's own, is steered there, and itself ends as ever.
        """
        shared = service.submit(TrainConfig(seed=71, hidden=(512, 512), steps=150), "me")
        passed(service, shared, 40)
        eventually(lambda: service.store.checkpoint(shared.id))
        config = TrainConfig.from_json(service.run(shared.id).config)
        own = service.fork(shared.id, "you", config)
        assert service.steer(own.id, "you", 3.0)
        done, forked = ended(service.store, shared), ended(service.store, own)

        assert (done.state, forked.state) == ("done", "done")
        assert done.config["beta_changes"] == []
        assert [beta for _, beta in forked.config["beta_changes"]] == [3.0]
        assert forked.config["beta_changes"][0][0] >= forked.parent_step
        assert_is_what_its_config_says(service, shared)
        assert_is_what_its_config_says(service, own)

    def test_trains_a_finished_run_for_more_steps(self, service):
        """
        The new segment has a schedule of its own, and the numbers are those of the longer config.
        """
        first = ended(service.store, service.submit(TrainConfig(seed=72, steps=200), "me"))
        config = TrainConfig.from_json(first.config).continued(100, 0.01)
        longer = ended(service.store, service.fork(first.id, "me", config))

        assert (longer.state, longer.step, longer.parent_step) == ("done", 300, 200)
        rows, *_ = repeated(longer)
        mine, theirs = dict(numbers(service.store, longer)), dict(rows)
        assert set(theirs) - set(mine) == set()
        assert all(mine[step] == value for step, value in theirs.items())

    def test_starts_a_new_one_from_its_weights(self, service):
        """
        The new run begins where the other's weights were, and its config alone repeats it.
        """
        first = ended(service.store, service.submit(TrainConfig(seed=73, steps=100), "me"))
        start = TrainConfig.from_json(first.config)
        config = TrainConfig(steps=50, seed=5, betas=(0.5,), start=start, start_step=100)
        new = ended(service.store, service.fork(first.id, "me", config, weights_of=100))

        assert (new.state, new.step) == ("done", 50)
        assert_is_what_its_config_says(service, new)
