"""Tells any number of viewers how a run goes, while looking at the store once for all of them.

What a viewer gets are server-sent events, as bytes that are made once: the run's state, then its
batches from the one after those it knows, then each change as it comes, and an end.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from core.runs.records import Pulse, Run, StoreUnavailable, explained
from core.runs.store import Store

__all__ = ["Tails", "state_of"]

LOOK_S = 0.05
"""Time between two looks at a run that somebody watches."""

HEARTBEAT_S = 15.0
"""Silence after which viewers are sent a sign of life, so that nothing between us hangs up."""

MOST_WAITING = 256
"""Messages that may wait for a viewer. One that falls behind further is hung up on."""

PAGE = 100
"""Batches that are read at once."""

RETRY_MS = 1000
"""How soon a browser asks again after it has lost the connection."""

_HEARTBEAT = b": still here\n\n"
_END = b"event: end\ndata: {}\n\n"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Message:
    """An event as viewers get it.

    Attributes:
        kind: What it tells.
        sequence: Number of the batch, or 0.
        data: The event as it goes over the wire.
    """

    kind: Literal["state", "batch", "end", "heartbeat"]
    sequence: int
    data: bytes


class _Viewer:
    """What waits for one viewer. None among it means that there will be no more."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[_Message | None] = asyncio.Queue(MOST_WAITING)

    def offer(self, message: _Message | None) -> bool:
        """Add a message; whether there was room. Where there is none, all is dropped."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._waiting.put_nowait(None)
            return False
        return True

    async def take(self) -> list[_Message | None]:
        """All that waits, at least one message."""
        messages = [await self._waiting.get()]
        while not self._waiting.empty():
            messages.append(self._waiting.get_nowait())
        return messages


@dataclass(slots=True)
class _Tail:
    """One watched run."""

    viewers: set[_Viewer] = field(default_factory=set)
    pulse: Pulse | None = None
    queue: int | None = None
    trouble: str | None = None
    sequence: int | None = None
    task: asyncio.Task[None] | None = None
    has_looked: asyncio.Event = field(default_factory=asyncio.Event)


class Tails:
    """The watched runs of one web process. Belongs to the event loop that first uses it.

    Args:
        store: Where the runs are.
        is_closing: Whether the server wants its connections closed.
        trouble: Why nothing can be written into the store, as a sentence, or None if it can.
    """

    def __init__(
        self,
        store: Store,
        *,
        is_closing: Callable[[], bool] = lambda: False,
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._store, self._is_closing, self._trouble = store, is_closing, trouble
        self._tails: dict[str, _Tail] = {}
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="tail")

    @property
    def watched(self) -> int:
        """How many runs are being followed."""
        return len(self._tails)

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, run_id: str) -> Run | None:
        """The run of that id, or None, without holding up the loop."""
        return await self._aside(self._store.run, run_id)

    async def watch(self, run_id: str, after: int) -> AsyncIterator[bytes]:
        """The events of a run, from the batch that follows number `after` on.

        It ends with the run, or when the viewer has fallen too far behind; asked again, it goes
        on from there. Of a run that is not there, deleted a moment ago perhaps, it tells the end:
        a browser that hears an error instead asks again for ever.

        Raises:
            StoreUnavailable: If the store cannot be read.
        """
        viewer = _Viewer()
        tail = self._join(run_id, viewer)
        try:
            # What comes after the first look reaches the viewer; what came before it reads here.
            await tail.has_looked.wait()
            run = await self.run(run_id)
            if run is None:
                yield _END
                return
            state = await self._aside(self._state, run)
            yield b"retry: %d\n" % RETRY_MS + state.data
            while page := await self._aside(self._store.batches, run_id, after, PAGE):
                after = page[-1][0]
                yield b"".join(_batch(*row).data for row in page)
            is_over = run.is_final
            if is_over:
                yield _END
            while not is_over:
                data: list[bytes] = []
                for message in await viewer.take():
                    is_over = is_over or message is None or message.kind == "end"
                    if message is None or message == state or 0 < message.sequence <= after:
                        continue
                    state = message if message.kind == "state" else state
                    after = max(after, message.sequence)
                    data.append(message.data)
                if data:
                    yield b"".join(data)
        finally:
            tail.viewers.discard(viewer)

    def _join(self, run_id: str, viewer: _Viewer) -> _Tail:
        tail = self._tails.get(run_id)
        if tail is None:
            tail = self._tails[run_id] = _Tail()
            tail.task = asyncio.get_running_loop().create_task(self._follow(run_id, tail))
        tail.viewers.add(viewer)
        return tail

    async def _follow(self, run_id: str, tail: _Tail) -> None:
        """Look at a run, and tell its viewers, for as long as there are any."""
        told = time.monotonic()
        try:
            while tail.viewers and not self._is_closing():
                messages = await self._aside(self._news, run_id, tail)
                tail.has_looked.set()
                if not messages and time.monotonic() - told >= HEARTBEAT_S:
                    messages = [_Message("heartbeat", 0, _HEARTBEAT)]
                for message in messages:
                    _tell(tail, message)
                if messages:
                    told = time.monotonic()
                    if messages[-1].kind == "end":
                        break
                await asyncio.sleep(LOOK_S)
        except StoreUnavailable:
            pass  # the viewers ask again, and are told why
        finally:
            if self._tails.get(run_id) is tail:
                del self._tails[run_id]
            tail.has_looked.set()
            _tell(tail, None)

    # -- In a thread --------------------------------------------------------------------------

    async def _aside(self, function: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, function, *arguments)

    def _news(self, run_id: str, tail: _Tail) -> list[_Message]:
        """What has changed since the last look."""
        pulse = self._store.pulse(run_id)
        if pulse is None:
            return [_Message("end", 0, _END)]
        before, tail.pulse = tail.pulse, pulse
        queue = self._store.queue_position(run_id) if pulse.state == "queued" else None
        beside, tail.queue, tail.trouble = (tail.queue, tail.trouble), queue, self._trouble()
        is_same_beside = beside == (tail.queue, tail.trouble)
        if pulse == before and is_same_beside:
            return []
        if tail.sequence is None:  # the history before this look, viewers read themselves
            tail.sequence = pulse.sequence
        if before is not None and pulse.revision == before.revision and is_same_beside:
            return self._batches(run_id, tail)
        run = self._store.run(run_id)
        if run is None:
            return [_Message("end", 0, _END)]
        batches = self._batches(run_id, tail)
        if run.is_final:  # they were read after the run, so these are all
            return [*batches, self._state(run), _Message("end", 0, _END)]
        return [self._state(run), *batches]

    def _batches(self, run_id: str, tail: _Tail) -> list[_Message]:
        messages: list[_Message] = []
        while page := self._store.batches(run_id, tail.sequence or 0, PAGE):
            messages += [_batch(*row) for row in page]
            tail.sequence = page[-1][0]
        return messages

    def _state(self, run: Run) -> _Message:
        queue = self._store.queue_position(run.id) if run.state == "queued" else None
        told = state_of(explained(run, self._trouble()), queue)
        text = json.dumps(told, separators=(",", ":"))
        return _Message("state", 0, f"event: state\ndata: {text}\n\n".encode())


def state_of(run: Run, queue: int | None) -> dict[str, Any]:
    """What viewers are told of a run at each change of its state.

    Args:
        run: The run.
        queue: Its place in the queue, or None if it does not wait.
    """
    return {
        "id": run.id,
        "state": run.state,
        "attempt": run.attempt,
        "step": run.step,
        "message": run.message,
        "config": run.config,
        "machine": run.machine,
        "evaluation": run.evaluation,
        "queue": queue,
        "created": run.created,
        "started": run.started,
        "finished": run.finished,
    }


def _batch(sequence: int, body: str) -> _Message:
    data = f"event: batch\nid: {sequence}\ndata: {body}\n\n".encode()
    return _Message("batch", sequence, data)


def _tell(tail: _Tail, message: _Message | None) -> None:
    tail.viewers = {viewer for viewer in tail.viewers if viewer.offer(message)}
