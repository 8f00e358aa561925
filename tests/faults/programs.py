"""Programs that can be killed: a web server with its engine and workers, and a lone worker.

`python -m tests.faults.programs site` and `... worker RUN ATTEMPT STORE_URL`.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from core.runs import worker
from core.runs.records import Fenced, Orders
from core.runs.service import Service
from core.runs.store import Store
from core.settings import Settings
from core.vae.config import TrainConfig
from tests.core.runs.run_site import ROOT, are_gone, settings_in

__all__ = ["Site", "lone_worker", "site"]


class Site:
    """A web server of our own, which can be killed and started again.

    Args:
        settings: Where its files are, and how many workers it has.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = dict(_clean_environment()) | self._settings.to_environment()
        self._process = _started("site", env=environment, stdin=subprocess.PIPE)
        assert self._answer() == "ready"

    def submit(self, config: TrainConfig) -> str:
        """Ask for a training as a page does; the id of its run."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(config.to_json()) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def kill(self) -> None:
        """Kill the server alone. What it has started is to notice by itself."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _answer(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextlib.contextmanager
def site(folder: Path, workers: int) -> Iterator[Site]:
    """A site that was started; of its processes none is left afterwards."""
    running = Site(settings_in(folder, COMPANION_WORKERS=str(workers)))
    running.start()
    try:
        yield running
    finally:
        started = psutil.Process().children(recursive=True)
        running.kill()
        assert are_gone(started, 30), started


@contextlib.contextmanager
def lone_worker(run_id: str, attempt: int, url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that makes one attempt at a run; what it logs can be read from its output."""
    process = _started("worker", run_id, str(attempt), url)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _clean_environment() -> Iterator[tuple[str, str]]:
    return ((k, v) for k, v in os.environ.items() if not k.startswith("DASK_"))


def _started(*arguments: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.programs", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, **options)


def _serve() -> None:
    service = Service(Settings.from_environment())
    service.warm()
    print("ready", flush=True)
    for line in sys.stdin:
        run = service.submit(TrainConfig.from_json(json.loads(line)), "me")
        print(run.id, flush=True)
    service.close()


class _TellingStore(Store):
    """A store that says aloud which writes it refuses."""

    def write(self, *arguments: Any, **parts: Any) -> Orders:
        try:
            return super().write(*arguments, **parts)
        except Fenced as error:
            print(f"Refused: {error}", flush=True)
            raise


def _work(run_id: str, attempt: str, url: str) -> None:
    store = _TellingStore(url)
    worker._store = lambda _: store
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    worker.execute(run_id, int(attempt), url, 3600.0)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    _serve() if what == "site" else _work(*rest)
