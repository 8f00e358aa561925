"""Trainings of densities as runs: the same store, worker and stream, and lists of their own kind.

The bugs these tests catch: a training that is trained twice or ends otherwise when it was lost,
and one that stands where only VAEs belong.
"""

import json
import time

import pytest
from run_site import request_for
from safetensors.numpy import load

from core.density import flow
from core.density.config import DensityConfig
from core.runs import export, worker
from core.runs.store import Store
from core.vae.config import TrainConfig

CONFIG = DensityConfig(steps=20, samples=100, layers=2, width=8)


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite'}")
    yield store
    worker._store(store.url).close()
    worker._store.cache_clear()
    store.close()


def trained(store, config=CONFIG):
    run = store.submit(**request_for(config))
    worker.execute(run.id, 1, store.url, 60.0)
    return store.run(run.id)


def costs(store, run):
    """The cross-entropy of each step, as viewers are told it."""
    bodies = [json.loads(body)["training"] for _, body in store.batches(run.id, 0, 1000)]
    pairs = (zip(each["step"], each.get("cross_entropy", []), strict=True) for each in bodies)
    return [pair for each in pairs for pair in each]


def test_is_trained_to_its_end(store):
    """
    With a report for every step, and the density at each look.
    """
    run = trained(store)

    assert (run.state, run.step, run.message, run.kind) == ("done", 20, None, "density")
    assert run.machine["device"] == "cpu"
    looks = [step for step in range(21) if flow.is_look(step, 20)]
    assert store.snapshots(run.id) == looks
    assert load(store.pictures(run.id, 20))["density"].shape == (flow.GRID[2] ** 2,)
    assert store.steps_with_weights(run.id) == [20]
    bodies = [json.loads(body) for _, body in store.batches(run.id, 0, 100)]
    assert [step for body in bodies for step in body["held_out"]["step"]] == looks


def test_a_lost_one_ends_like_an_undisturbed_one(store, monkeypatch):
    """
    Its successor goes on from the checkpoint, bit for bit.
    """
    undisturbed = trained(store)
    other = Store(store.url + ".second")
    monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
    run = other.submit(**request_for(CONFIG))
    real = flow.train

    def dying(*arguments, **more):
        for report in real(*arguments, **more):
            if report.step == 11:
                time.sleep(0.3)  # what was handed over is written
                raise SystemExit
            yield report

    monkeypatch.setattr(flow, "train", dying)
    with pytest.raises(SystemExit):
        worker.execute(run.id, 1, other.url, 60.0)
    monkeypatch.setattr(flow, "train", real)
    with other._writer.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET lease = 0")  # time has passed
    assert 0 < other.checkpoint(run.id).step < 12
    worker.execute(run.id, 2, other.url, 60.0)

    assert other.run(run.id).state == "done"
    assert costs(other, run) == costs(store, undisturbed)
    assert other.weights(run.id) == store.weights(undisturbed.id)
    worker._store(other.url).close()
    other.close()


def test_a_broken_one_says_what_to_change(store, monkeypatch):
    """
    In a sentence, and no trace.
    """

    def broken(*arguments, **more):
        raise ArithmeticError("The cross-entropy stopped being a finite number at step 3.")
        yield

    monkeypatch.setattr(flow, "train", broken)
    run = trained(store)

    assert run.state == "failed"
    assert run.message.startswith("The cross-entropy stopped")


def test_lists_tell_kinds_apart(store):
    """
    A list of VAEs has no densities on it, wherever both were started.
    """
    density = trained(store)
    vae = store.submit(**request_for(TrainConfig().resolved(device="cpu", precision="fp32")))
    owner = density.owner
    listed = {kind: {each.run.id for each in store.runs(owner, kind=kind)} for kind in _KINDS}

    assert listed == {None: {density.id, vae.id}, "vae": {vae.id}, "density": {density.id}}
    store.delete(density.id, owner)
    assert store.runs(owner, deleted=True, kind="vae") == []
    assert len(store.runs(owner, deleted=True, kind="density")) == 1


_KINDS = (None, "vae", "density")


class TestExport:
    def test_numbers_can_be_taken_home(self, store):
        """
        With their unit.
        """
        run = trained(store)
        head = export.take(store, run, "reports.csv").body.decode().splitlines()[0]

        assert "held_out_cross_entropy_nats" in head
        assert "held_out_divergence_nats" in head
        assert json.loads(export.take(store, run, "config.json").body)["world"] == "Plane: moons"

    @pytest.mark.parametrize("what", ["pictures.png", "script.py"])
    def test_what_is_of_images_is_not_there(self, store, what):
        """
        And a sentence says so.
        """
        run = trained(store)
        with pytest.raises(export.NotThere, match=r"images|VAE"):
            export.take(store, run, what)

    def test_everything_leaves_them_out(self, store):
        """
        The rest is in it.
        """
        run = trained(store)
        taken = export.take(store, run, "everything.zip")

        assert taken.name.startswith("density-")
        assert b"reports.csv" in taken.body
        assert b".png" not in taken.body.replace(b"pictures.png", b"")
