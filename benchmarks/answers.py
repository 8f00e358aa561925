"""What one answer of a page costs, without a browser."""

import time
from dataclasses import dataclass
from typing import Any

import psutil

from tests.browser.site import Site

__all__ = ["Answer", "answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page showed after a move of one of its controls.

    Attributes:
        wall: Seconds from the request to the whole answer.
        processor: Seconds of the web process meanwhile, on all its threads.
        shown: The page as it stands now.
    """

    wall: float
    processor: float
    shown: dict[str, Any]


def answer(site: Site, session: str, **move: Any) -> Answer:  # noqa: ANN401 - as JSON takes it
    """Move a control, and time the answer.

    Args:
        site: The real site, with the agent API.
        session: The visit whose control is moved.
        move: The move as the agent API takes it: `widget_state` or `trigger`.

    Raises:
        RuntimeError: If the page did not answer.
    """
    web = psutil.Process(site.process.pid)
    before, began = web.cpu_times(), time.perf_counter()
    shown = site.visit(session_id=session, **move)
    wall, after = time.perf_counter() - began, web.cpu_times()
    if shown["status"] != "ready":
        raise RuntimeError(f"The page did not answer to {move}: {shown}")
    return Answer(wall, after.user + after.system - before.user - before.system, shown)
