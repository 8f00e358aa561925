"""The local engine, a program of its own: `python -m core.runs.local_engine`.

It hosts worker processes and says in one line of JSON on its output where they can be reached,
and with which credentials. They are made anew each time and never leave memory, so no other user
of the machine can have the workers do something. The program ends when its input ends, which is
when whoever started it is gone, however that came about.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TextIO

from dask import config
from distributed import Nanny, Scheduler, Worker
from distributed.security import Security

__all__ = ["main"]

CLOSE_S = 3.0
"""Time that dask is given to put its things away."""

PAUSE_S = 1.0
"""Time between two tries to start a worker."""

_LOG = logging.getLogger(__name__)

QUIET: dict[str, Any] = {
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.log-length": 10,
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "1h",  # a worker that trains is slow to answer, and may be
    "distributed.diagnostics.nvml": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.monitor-interval": "1h",
    "distributed.worker.profile.enabled": False,
    # Dask would have memory handed back to the system after every step, at a price.
    "distributed.nanny.pre-spawn-environ": {
        "OMP_NUM_THREADS": 1,
        "MKL_NUM_THREADS": 1,
        "OPENBLAS_NUM_THREADS": 1,
        # On a card equal products have equal results only with a workspace of fixed size.
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    },
}
"""Settings of dask without which idle processes would keep looking at themselves."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m core.runs.local_engine", description=__doc__)
    parser.add_argument("--workers", type=int, required=True, help="how many processes")
    chosen = parser.parse_args(arguments)
    # Whatever else is printed, here or in a worker, goes to the log, or it would fill the pipe.
    answer = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(
        prefix="companion-engine-", ignore_cleanup_errors=True
    ) as folder:
        asyncio.run(_serve(chosen.workers, folder, answer))
    # Threads of dask's may still wait for something; nothing is left to wait for.
    sys.stderr.flush()
    os._exit(0)


class _Scheduler(Scheduler):
    """A scheduler that serves no pages of its own, not even empty ones."""

    def start_http_server(self, *arguments: object, **options: object) -> None:
        """Listen nowhere."""


class _Worker(Worker):
    """A worker that serves no pages of its own, not even empty ones."""

    def start_http_server(self, *arguments: object, **options: object) -> None:
        """Listen nowhere."""


async def _serve(workers: int, folder: str, answer: TextIO) -> None:
    logging.getLogger("distributed").setLevel(logging.WARNING)
    preload = config.get("distributed.worker.preload")
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_wait_for_end, args=(loop, over), daemon=True).start()
    security = Security.temporary()
    common = {"host": "127.0.0.1", "protocol": "tls", "security": security, "dashboard": False}
    worker = {
        "nthreads": 1,
        "memory_limit": 0,
        "local_directory": folder,
        "preload": [*preload, "core.runs.worker"],
        "worker_class": _Worker,
        "silence_logs": logging.WARNING,
    }
    with config.set(QUIET | {"temporary-directory": folder}):
        scheduler = await _Scheduler(**common)
        parents: dict[int, Nanny] = {}
        keeping = [
            asyncio.create_task(_keep_worker(scheduler.address, i, parents, common | worker))
            for i in range(workers)
        ]
        credentials = {
            "tls_ca_file": security.tls_ca_file,
            "tls_client_cert": security.tls_client_cert,
            "tls_client_key": security.tls_client_key,
        }
        greeting = {"address": scheduler.address, "folder": folder}
        with suppress(OSError), answer:  # whoever started us may be gone: then we end as well
            print(json.dumps(greeting | credentials), file=answer)
        await over.wait()
        # A worker in the middle of a training would take its time to go; what it has done is
        # in the store, so it need not.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        for task in keeping:
            task.cancel()
        for nanny in parents.values():
            nanny.close_gracefully()  # it starts no worker again
            if nanny.process is not None and nanny.process.process is not None:
                await nanny.process.process.kill()
        closing = [server.close() for server in (*parents.values(), scheduler)]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), CLOSE_S)


async def _keep_worker(
    address: str, number: int, parents: dict[int, Nanny], options: dict[str, Any]
) -> None:
    """See that there is a worker of this number.

    Its parent starts it again where it is lost. A parent that has given up is replaced: dask's
    own clusters would be without that worker from then on.
    """
    while True:
        parents[number] = nanny = Nanny(address, name=number, **options)
        try:
            await nanny
            await nanny.finished()
        except Exception:
            _LOG.exception("A worker could not be started.")
        await asyncio.sleep(PAUSE_S)


def _wait_for_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(over.set)


if __name__ == "__main__":
    main()
