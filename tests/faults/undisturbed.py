"""What a run has to hold in the end, whatever happened to it on the way."""

import functools
import json
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from core.runs.records import Run
from core.runs.store import Store
from core.vae import datasets
from core.vae.config import TrainConfig
from core.vae.training import train

__all__ = ["assert_is_undisturbed", "config_of", "told"]

EVERY = 1_000_000
"""More batches than any of these runs has."""


def config_of(seed: int, steps: int) -> TrainConfig:
    """A training slow enough that something can happen in between."""
    return TrainConfig(
        hidden=(512, 512), batch_size=512, steps=steps, seed=seed, device="cpu", precision="fp32"
    )


def told(store: Store, run: Run) -> list[tuple[str, int, dict[str, tuple[float, ...]]]]:
    """Every number that is stored of a run: table, step and values, in the order of the steps."""
    rows = []
    for _, body in store.batches(run.id, 0, EVERY):
        batch: dict[str, Any] = json.loads(body)
        for table in ("training", "held_out"):
            columns = {k: v for k, v in batch[table].items() if k not in ("step", "time")}
            for at, step in enumerate(batch[table]["step"]):
                values = {k: v[at] for k, v in columns.items() if v[at] is not None}
                rows.append((table, step, _exact(values)))
    return rows


def assert_is_undisturbed(store: Store, run: Run) -> None:
    """A run is done, each report is there once, and all is what its config alone leads to."""
    kept = store.run(run.id)
    assert kept is not None
    assert kept.state == "done", kept.message
    numbers = [number for number, _ in store.batches(run.id, 0, EVERY)]
    assert numbers == list(range(1, kept.sequence + 1))
    rows, pictures, weights = _trained(TrainConfig.from_json(kept.config))
    mine = told(store, run)
    for table in ("training", "held_out"):
        assert [row for row in mine if row[0] == table] == [r for r in rows if r[0] == table]
    assert store.snapshots(run.id) == list(pictures)
    assert {step: store.pictures(run.id, step) for step in pictures} == pictures
    found = store.weights(run.id)
    assert found is not None
    last = load(found[1])
    assert last.keys() == weights.keys()
    assert all(np.array_equal(last[name], weights[name]) for name in weights)


@functools.lru_cache(maxsize=32)
def _trained(config: TrainConfig) -> tuple[list[Any], dict[int, bytes], dict[str, np.ndarray]]:
    rows, pictures, weights = [], {}, {}
    for report in train(config, datasets.load(config.dataset)):
        for table in ("training", "held_out"):
            if values := getattr(report, table):
                rows.append((table, report.step, _exact(values)))
        if report.snapshot is not None:
            pictures[report.step] = save(dict(report.snapshot.pictures))
            weights = report.snapshot.weights or weights
    return rows, pictures, dict(weights)


def _exact(values: Any) -> dict[str, tuple[float, ...]]:
    return {name: tuple(float(np.float32(v)) for v in row) for name, row in values.items()}
