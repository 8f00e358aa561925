"""Where runs are executed: worker processes, here or on a cluster, behind one small interface.

An engine takes functions and runs them in its workers. It knows nothing of runs or models. The
local one is a program of its own, because a page server is a bad parent: processes that it
spawned itself would import the page again. Code travels to workers pickled, inside connections
that both ends have proved themselves to; nothing that is stored does.
"""

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from core.settings import Settings

__all__ = ["Engine", "EngineUnavailable", "LocalEngine", "RemoteEngine", "engine_for"]

START_S = 60.0
"""Time that an engine is given to come up."""

ANSWER_S = 2.0
"""Time that a scheduler is given to answer."""

CLOSE_S = 5.0
"""Time that a local engine is given to end by itself."""

T = TypeVar("T")

_ROOT = Path(__file__).parents[2]
_LOG = logging.getLogger(__name__)


class EngineUnavailable(Exception):
    """Nothing can be executed; the text is a sentence that says why, and what to do."""


@runtime_checkable
class Engine(Protocol):
    """Worker processes that functions can be sent to."""

    @property
    def slots(self) -> int:
        """How many functions run at once."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it takes functions, as far as is known."""
        ...

    def start(self) -> None:
        """Come up, and return when functions can be sent.

        Raises:
            EngineUnavailable: If it does not.
        """
        ...

    def submit(self, function: Callable[..., Any], *arguments: object, key: str) -> Future[Any]:
        """Have a worker call a function.

        Two submissions of one key, by whomever, are one call for as long as it goes on.

        Returns:
            What the call returns or raises; `EngineUnavailable` if the engine is lost first.
        """
        ...

    def close(self) -> None:
        """Let go of the workers. Calls that go on are lost with a local engine."""
        ...


def engine_for(settings: Settings) -> Engine:
    """The engine that the settings name, not yet started."""
    return LocalEngine(settings) if settings.engine_address is None else RemoteEngine(settings)


class LocalEngine:
    """Worker processes on this machine, hosted by a program that ends when we do.

    Args:
        settings: What the workers are to work by.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._folder: str | None = None
        self._calls: _Calls | None = None

    @property
    def slots(self) -> int:
        """How many functions run at once."""
        return self._settings.workers

    @property
    def is_alive(self) -> bool:
        """Whether the program runs and we are connected to it."""
        is_running = self._process is not None and self._process.poll() is None
        return is_running and self._calls is not None and self._calls.is_connected

    @property
    def process_id(self) -> int | None:
        """The program's process, or None if it was not started."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the program and connect to it.

        Raises:
            EngineUnavailable: If it does not come up.
        """
        try:
            self._process = self._started()
            greeting = self._greeting(self._process)
            self._folder = greeting.pop("folder")
            address = greeting.pop("address")
            self._calls = _Calls(address, greeting | {"require_encryption": True})
        except (OSError, ValueError) as error:
            self.close()
            raise EngineUnavailable(
                "The processes that train could not be started on this machine: look into the "
                "log of the site for the reason, then start it again."
            ) from error

    def submit(self, function: Callable[..., Any], *arguments: object, key: str) -> Future[Any]:
        """Have a worker call a function."""
        if self._calls is None:
            raise EngineUnavailable("The processes that train are not running.")
        return self._calls.submit(function, *arguments, key=key)

    def close(self) -> None:
        """End the program and its workers, and remove what they left."""
        if self._calls is not None:
            self._calls.close()
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._folder is not None:  # still there only if the program was killed
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _started(self) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | self._settings.to_environment() | {"PYTHONPATH": path}
        command = [sys.executable, "-P", "-m", "core.runs.local_engine"]
        # A group of its own: an interrupt typed for the site must not end the engine under it.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        return subprocess.Popen(
            [*command, "--workers", str(self._settings.workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            **apart,
        )

    @staticmethod
    def _greeting(process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        late = threading.Timer(START_S, process.kill)
        late.start()
        try:
            with process.stdout as output:
                return json.loads(output.readline())  # an empty line if it ended instead
        finally:
            late.cancel()


class RemoteEngine:
    """The workers of a dask scheduler that somebody else started.

    Args:
        settings: Where the scheduler is, and our certificate for it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._calls: _Calls | None = None

    @property
    def slots(self) -> int:
        """How many functions run at once: threads of all workers there are."""
        return 1 if self._calls is None else max(1, self._calls.threads())

    @property
    def is_alive(self) -> bool:
        """Whether we are connected."""
        return self._calls is not None and self._calls.is_connected

    def start(self) -> None:
        """Connect to the scheduler.

        Raises:
            EngineUnavailable: If it does not answer.
        """
        settings = self._settings
        tls = {
            "tls_ca_file": settings.engine_tls_ca,
            "tls_client_cert": settings.engine_tls_cert,
            "tls_client_key": settings.engine_tls_key,
        }
        security: dict[str, Any] = {k: str(path) for k, path in tls.items() if path is not None}
        if security:
            security["require_encryption"] = True
        try:
            self._calls = _Calls(settings.engine_address or "", security)
        except (OSError, ValueError) as error:
            raise EngineUnavailable(
                "The scheduler of COMPANION_ENGINE_ADDRESS does not answer: make sure that it "
                "runs, that this machine can reach it, and that the certificates belong to it."
            ) from error

    def submit(self, function: Callable[..., Any], *arguments: object, key: str) -> Future[Any]:
        """Have a worker call a function."""
        if self._calls is None:
            raise EngineUnavailable("There is no connection to the scheduler.")
        return self._calls.submit(function, *arguments, key=key)

    def close(self) -> None:
        """Disconnect. Calls that go on go on."""
        if self._calls is not None:
            self._calls.close()


class _Calls:
    """Our calls to the workers of one scheduler, made from a thread with a loop of its own."""

    def __init__(self, address: str, security: dict[str, Any]) -> None:
        self._client: Any = None
        self._is_closing = False
        self._open: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="calls", daemon=True)
        self._thread.start()
        try:
            self._await(self._connect(address, security), START_S + ANSWER_S)
        except BaseException:
            self._end_loop()
            raise

    @property
    def is_connected(self) -> bool:
        return self._client.status == "running"

    def threads(self) -> int:
        try:
            return sum(self._await(self._threads(), ANSWER_S).values())
        except (OSError, ValueError):
            return 0

    def submit(self, function: Callable[..., Any], *arguments: object, key: str) -> Future[Any]:
        call = self._call(function, arguments, key)
        return asyncio.run_coroutine_threadsafe(call, self._loop)

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self._await(self._disconnect(), ANSWER_S)
        self._end_loop()

    def _await(self, what: Coroutine[Any, Any, T], timeout_s: float) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout_s)

    def _end_loop(self) -> None:
        with suppress(OSError):
            self._await(_cancel_the_rest(), ANSWER_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_S)
        if not self._thread.is_alive():
            self._loop.close()

    # -- In the loop --------------------------------------------------------------------------

    async def _connect(self, address: str, security: dict[str, Any]) -> None:
        # Imported here, beside everything else that happens in the thread that starts engines:
        # it takes half a second that a page can do without.
        from distributed import Client
        from distributed.security import Security

        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self._client = await Client(
            address,
            security=Security(**security) if security else None,
            timeout=START_S,
            set_as_default=False,
            asynchronous=True,
        )

    async def _threads(self) -> dict[str, int]:
        return await self._client.nthreads()

    async def _call(
        self, function: Callable[..., Any], arguments: tuple[object, ...], key: str
    ) -> Any:  # noqa: ANN401 - whatever the function returns
        from distributed.client import FutureCancelledError

        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            return await self._client.submit(function, *arguments, key=key, pure=False)
        except FutureCancelledError as error:
            raise EngineUnavailable("The processes that train have ended.") from error
        except asyncio.CancelledError as error:
            if not self._is_closing:  # whoever made the call has taken it back
                raise
            raise EngineUnavailable("The processes that train have ended.") from error
        finally:
            self._open.discard(task)

    async def _disconnect(self) -> None:
        self._is_closing = True
        lost = list(self._open)
        for task in lost:
            task.cancel()
        await asyncio.gather(*lost, return_exceptions=True)
        await self._client.close(timeout=ANSWER_S)


async def _cancel_the_rest() -> None:
    """End whatever else goes on in this loop."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _end(process: subprocess.Popen[str]) -> None:
    """Have a process end by closing its input, or else by force."""
    assert process.stdin is not None
    with suppress(OSError):  # it may have ended already
        process.stdin.close()
    try:
        process.wait(CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
