"""A page with nothing on it, where modules of the components are tried out."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ui.registry import ROOT

__all__ = ["call", "served"]


def _blank(_: Request) -> Response:
    return HTMLResponse("<!doctype html><meta charset=utf-8><title>A page</title>")


def _module(request: Request) -> Response:
    path = ROOT / "assets" / "components" / request.path_params["path"]
    return Response(path.read_bytes(), media_type="text/javascript")


@contextmanager
def served(*routes: Route) -> Iterator[str]:
    """The address of such a page, its modules, and what else is to be there."""
    own = [
        Route("/", _blank),
        Route("/favicon.ico", lambda _: Response(status_code=204)),
        Route("/api/components/{path:path}", _module),
    ]
    app = Starlette(routes=[*own, *routes])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join(5)
    listener.close()


def call(page, module: str, script: str, argument=None):
    """What a function of the browser, given the module `m` and an argument `a`, gives."""
    return page.evaluate(
        f"async (a) => {{ const m = await import('/api/components/{module}'); {script} }}",
        argument,
    )
