"""What browsers ask for beside the pages: events, pictures, models and files of runs; modules."""

import asyncio
import functools
import hashlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from core.lessons import generate
from core.runs import export
from core.runs.records import StoreUnavailable, is_run_id
from core.runs.tail import Tails
from ui import models, runs

__all__ = ["ROUTES", "routes"]

_COMPONENTS = Path(__file__).parents[1] / "assets" / "components"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_FOREVER = "public, max-age=31536000, immutable"
_MOST_STEPS = 10**12

# Files are made one after another: drawing and packing takes the processor from the pages.
_making = ThreadPoolExecutor(1, "files")


class _Refused(Exception):
    """A request that cannot be answered, with its status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.response = JSONResponse(
            {"error": sentence}, status, headers={"Cache-Control": "no-store"}
        )


def _answering(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Say in a sentence what went wrong, and no more."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except _Refused as refused:
            return refused.response
        except StoreUnavailable as error:
            return _Refused(503, str(error)).response

    return answer


@_answering
async def _events(request: Request) -> Response:
    run_id, tails = _run_id(request), await _tails()
    after = max(
        _number(request.query_params.get("after", "0"), "after"),
        _number(request.headers.get("last-event-id", "0"), "Last-Event-ID"),
    )
    await tails.run(run_id)  # a store that cannot be read is told before the stream begins
    if request.method == "HEAD":
        return Response(media_type=_EventStream.media_type, headers=_EventStream.own_headers)
    return _EventStream(tails.watch(run_id, after))


@_answering
async def _pictures(request: Request) -> Response:
    run_id = _run_id(request)
    step = _number(request.path_params["step"], "step")
    service = await asyncio.to_thread(runs.service)
    pictures = await asyncio.to_thread(service.store.pictures, run_id, step)
    if pictures is None:
        raise _Refused(404, f"There are no pictures of run {run_id} at step {step}.")
    # Already as small as it is worth: compressing it anew for each viewer would cost more.
    headers = {"Cache-Control": _FOREVER, "Content-Encoding": "identity"}
    return Response(pictures, media_type="application/octet-stream", headers=headers)


@_answering
async def _weights(request: Request) -> Response:
    part = request.path_params["part"]
    if part not in generate.PARTS:
        raise _Refused(404, f"The parts of a model are {' and '.join(generate.PARTS)}.")
    return await _of_model(request, functools.partial(models.packed, part=part))


@_answering
async def _codes(request: Request) -> Response:
    return await _of_model(request, models.packed_study)


async def _of_model(request: Request, packed: Callable[..., bytes]) -> Response:
    """A file made of the weights of one step, which never change."""
    run_id = _run_id(request)
    step = _number(request.path_params["step"], "step")
    member = _number(request.query_params.get("member", "0"), "member")
    try:
        body = await asyncio.to_thread(packed, run_id, step, member)
    except LookupError as reason:
        raise _Refused(404, str(reason.args[0])) from reason
    except ValueError as reason:
        raise _Refused(422, str(reason)) from reason
    headers = {"Cache-Control": _FOREVER, "Content-Encoding": "identity"}
    return Response(body, media_type="application/octet-stream", headers=headers)


@_answering
async def _file(request: Request) -> Response:
    run_id, what = _run_id(request), request.path_params["what"]
    asked = request.query_params.get("step")
    step = None if asked is None else _number(asked, "step")
    loop = asyncio.get_running_loop()
    taken = await loop.run_in_executor(_making, _taken, run_id, what, step)
    headers = {
        "Cache-Control": "no-store",  # the next one may hold more
        "Content-Disposition": f'attachment; filename="{taken.name}"',
        "X-Content-Type-Options": "nosniff",
    }
    if not taken.media_type.startswith("text/"):
        headers["Content-Encoding"] = "identity"
    return Response(taken.body, media_type=taken.media_type, headers=headers)


def _taken(run_id: str, what: str, step: int | None) -> export.Taken:
    store = runs.service().store
    run = store.run(run_id)
    if run is None:
        raise _Refused(404, _unknown(run_id))
    try:
        return export.take(store, run, what, step)
    except export.NotThere as reason:
        raise _Refused(404, str(reason)) from reason


@_answering
async def _component(request: Request) -> Response:
    path = _COMPONENTS / request.path_params["path"]
    try:
        path = path.resolve()
        is_ours = path.is_relative_to(_COMPONENTS.resolve()) and path.suffix in _TYPES
        body = await asyncio.to_thread(path.read_bytes) if is_ours else None
    except (OSError, ValueError):
        body = None
    if body is None:
        raise _Refused(404, "There is no such module.")
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    known = request.headers.get("if-none-match", "")
    if tag in (entry.strip().removeprefix("W/") for entry in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=_TYPES[path.suffix])


ROUTES: tuple[Route, ...] = (
    Route("/api/runs/{run}/events", _events),
    Route("/api/runs/{run}/snapshots/{step}", _pictures),
    Route("/api/runs/{run}/export/{what}", _file),
    Route("/api/runs/{run}/weights/{step}/{part}", _weights),
    Route("/api/runs/{run}/codes/{step}", _codes),
    Route("/api/components/{path:path}", _component),
)
"""The routes at the root of a host."""


def routes(base: str) -> list[BaseRoute]:
    """The routes that `app.py` adds to Streamlit's own.

    Streamlit serves its pages under a base path and leaves routes of others at the root; links
    of a page to files beside it lead under that path.

    Args:
        base: The base path of the site, "" at the root of a host.
    """
    base = base.strip("/")
    under = [Route(f"/{base}{route.path}", route.endpoint) for route in ROUTES if base]
    return [*ROUTES, *under]


class _EventStream(Response):
    """Sends events until there are no more or the browser is gone."""

    media_type = "text/event-stream"
    # Nothing between us and the browser is to keep events back.
    own_headers: ClassVar = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        self._events = events
        self.status_code = 200
        self.background = None
        self.init_headers(self.own_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        try:
            async for event in self._events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        except StoreUnavailable:
            pass  # the browser asks again, and is told why
        finally:
            await self._events.aclose()  # type: ignore[attr-defined]
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    """Return when the browser has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


_tails_of_loops: dict[Any, Tails] = {}


async def _tails() -> Tails:
    loop = asyncio.get_running_loop()
    if loop not in _tails_of_loops:
        service = await asyncio.to_thread(runs.service)
        _tails_of_loops.setdefault(
            loop,
            Tails(service.store, is_closing=_is_server_closing, trouble=lambda: service.trouble),
        )
    return _tails_of_loops[loop]


def _is_server_closing() -> bool:
    """Whether the web server has been told to end, and waits for its connections to close."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return getattr(server, "should_exit", False) is True


def _run_id(request: Request) -> str:
    run_id = request.path_params["run"]
    if not is_run_id(run_id):
        raise _Refused(400, "A run is named by twelve characters of a-z and 2-7.")
    return run_id


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:20]) > _MOST_STEPS:
        raise _Refused(400, f"`{name}` must be a whole number from 0 on.")
    return int(text)


def _unknown(run_id: str) -> str:
    return f"There is no run {run_id} here. It may have been trained on another machine."
