"""What the tests of runs share: a service with real processes, and ways to wait for them."""

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from core.runs.records import Run
from core.runs.service import Service
from core.runs.store import Store
from core.settings import Settings

__all__ = [
    "ROOT",
    "Clock",
    "are_gone",
    "ended",
    "engine_processes",
    "eventually",
    "numbers",
    "request_for",
    "serving",
    "settings_in",
    "worker_processes",
]

ROOT = Path(__file__).parents[3]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def settings_in(folder: Path, **environment: str) -> Settings:
    """Settings of a site whose files are all in `folder`, with one worker."""
    own = {"COMPANION_DATA_DIR": str(folder), "COMPANION_WORKERS": "1"}
    return Settings.from_environment(own | environment)


@contextlib.contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Service]:
    """A service; whatever processes it starts have ended afterwards."""
    before = set(psutil.Process().children(recursive=True))
    service = Service(settings_in(folder, **environment))
    try:
        yield service
    finally:
        started = set(psutil.Process().children(recursive=True)) - before
        service.close()
        assert are_gone(started), started


def are_gone(processes: Iterable[psutil.Process], within_s: float = 30.0) -> bool:
    """Whether processes end in time. One that waits to be buried has ended."""

    def is_alive(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return False

    deadline = time.monotonic() + within_s
    while any(map(is_alive, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def eventually(is_so: Callable[[], object], within_s: float = 60.0) -> float:
    """Wait until something is so, and say how long that took."""
    began = time.monotonic()
    while not is_so():
        took = time.monotonic() - began
        assert took < within_s, f"still not so after {took:.1f} s"
        time.sleep(0.005)
    return time.monotonic() - began


def ended(store: Store, run: Run, within_s: float = 60.0) -> Run:
    """A run, once it has come to its end."""
    found: list[Run] = []

    def is_over() -> bool:
        now = store.run(run.id)
        assert now is not None
        found[:] = [now]
        return now.is_final

    eventually(is_over, within_s)
    return found[0]


def numbers(store: Store, run: Run, part: str = "training") -> list[tuple[int, float]]:
    """Step and distortion, which is a float32, of every report that is stored, in order."""
    bodies = [json.loads(body)[part] for _, body in store.batches(run.id, 0, 10_000)]
    return [
        (step, float(np.float32(value[0])))
        for body in bodies
        for step, value in zip(body["step"], body.get("distortion", []), strict=True)
    ]


def request_for(config: Any) -> dict[str, Any]:
    """What the store is asked when a reader wants a config trained."""
    return {
        "kind": config.kind,
        "config": config.to_json(),
        "fingerprint": config.fingerprint,
        "shared": True,
        "owner": "me",
    }


def worker_processes() -> list[psutil.Process]:
    """The worker processes that this process has started by way of an engine."""
    return _below("multiprocessing.spawn")


def engine_processes() -> list[psutil.Process]:
    """The engines that this process has started."""
    return _below("core.runs.local_engine")


def _below(name: str) -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if name in " ".join(process.cmdline()):
                found.append(process)
    return found
