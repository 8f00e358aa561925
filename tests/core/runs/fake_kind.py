"""A training with nothing in it: what the tests of runs train, here and in worker processes.

A worker knows it because dask imports this module there (see `conftest.py`).
"""

import dataclasses
import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from core.reports import Report, Snapshot
from core.runs import worker
from core.vae.datasets import DatasetUnavailable


@dataclass(frozen=True, kw_only=True)
class FakeConfig:
    """What a fake training does.

    Attributes:
        steps: How many steps it takes; None goes on until it is stopped.
        step_s: How long each takes.
        fault: What goes wrong at step `at`, if anything.
        at: Where it goes wrong.
        journal: A file that gets a line for each training, with the step it starts from.
        seed: Sets its numbers apart.
        results: How many results its evaluation has.
        result_s: How long each takes.
    """

    steps: int | None = 20
    step_s: float = 0.01
    fault: str = ""
    at: int = 5
    journal: str = ""
    seed: int = 0
    results: int = 2
    result_s: float = 0.0
    device: str = "cpu"
    precision: str = "fp32"

    kind = "fake"
    members = 1

    @property
    def total_steps(self) -> int | None:
        return self.steps

    @property
    def is_resolved(self) -> bool:
        return "auto" not in (self.device, self.precision)

    @property
    def is_shareable(self) -> bool:
        return self.steps is not None

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def resolved(self, *, device: Any, precision: Any) -> Self:
        return dataclasses.replace(self, device=device, precision=precision)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def load(config: FakeConfig) -> None:
    if config.fault == "data":
        raise DatasetUnavailable("The file `fake.gz` is missing: put it there.")


def train(config: FakeConfig, data: None, *, resume: Any = None) -> Iterator[Report]:
    """Each number follows from the one before it, so that a lost one would show."""
    step, value = (0, config.seed) if resume is None else map(int, resume["state"])
    if config.journal:
        with Path(config.journal).open("a") as journal:
            journal.write(f"{step}\n")
    if resume is None:
        yield report(config, step, value)
    while step != config.steps:
        time.sleep(config.step_s)
        step, value = step + 1, (value * 69069 + 1) % 2**32
        if step == config.at:
            break_down(config)
        yield report(config, step, value)


def report(config: FakeConfig, step: int, value: int) -> Report:
    numbers = {"distortion": (float(np.float32(value / 7)),), "rate": (float(step),)}
    shown = np.full((1, 4), value % 256, np.uint8)
    look = Snapshot(pictures={"samples": shown}, weights={"w": np.array([value], np.float32)})
    return Report(
        step=step,
        training=numbers if step else {},
        held_out=numbers if step % 5 == 0 else {},
        snapshot=look if step % 5 == 0 else None,
        checkpoint=lambda: {"state": np.array([step, value], np.int64)},
        look=lambda: look,
    )


def break_down(config: FakeConfig) -> None:
    match config.fault:
        case "diverge":
            raise ArithmeticError("The rate stopped being a finite number: lower it.")
        case "memory":
            raise MemoryError
        case "allocator":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 4 TB.")
        case "bug":
            raise KeyError("what\nis this")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(3)
        case "path":
            raise OSError(2, "No such file", "/a/secret/path")


def evaluate(config: FakeConfig, weights: Any, data: None) -> Iterator[dict[str, Any]]:
    for number in range(config.results):
        time.sleep(config.result_s)
        yield {"known": number + 1, "w": float(weights["w"][0]), "unknown": float("nan")}


worker.KINDS["fake"] = lambda: worker.Kind(
    read=lambda fields: FakeConfig(**fields), load=load, train=train, evaluate=evaluate
)
