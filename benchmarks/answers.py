"""How fast a page answers to each move of its controls, without a browser."""

import statistics
import time
from collections.abc import Iterable, Mapping
from typing import Any

import psutil

from benchmarks.figures import Figure
from tests.browser.site import Site
from ui.controls import short

__all__ = ["answers"]


def answers(site: Site, slug: str, ready: str, moves: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Three figures of a page, from the request to the whole answer.

    Args:
        site: The real site, with the agent API.
        slug: The page.
        ready: Words that stand on the page once it has its model.
        moves: Each move as controls and their new values, by key.
    """
    session = _opened(site, slug, ready)
    wall, processor = zip(*(_moved(site, session, move) for move in moves), strict=True)
    return [
        Figure(
            f"{slug}_control_p95_ms",
            1e3 * statistics.quantiles(wall, n=20)[-1],
            "ms",
            most=100,
            note=f"request to answer, {len(wall)} moves of every control",
        ),
        Figure(f"{slug}_control_p50_ms", 1e3 * statistics.median(wall), "ms", note="the median"),
        Figure(
            f"{slug}_control_p95_cpu_ms",
            1e3 * statistics.quantiles(processor, n=20)[-1],
            "ms",
            note="processor time of the web process for the same",
        ),
    ]


def _opened(site: Site, slug: str, ready: str) -> str:
    session = site.visit(page=slug)["session_id"]
    for _ in range(240):
        if ready in str(site.visit(session_id=session)):
            return session
        time.sleep(0.25)
    raise RuntimeError("The model was not trained within a minute.")


def _moved(site: Site, session: str, move: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds on the clock and of the web process."""
    web = psutil.Process(site.process.pid)
    state = {k: short(v) if isinstance(v, float) else v for k, v in move.items()}
    before, began = web.cpu_times(), time.perf_counter()
    answer = site.visit(session_id=session, widget_state=state)
    wall, after = time.perf_counter() - began, web.cpu_times()
    if answer["status"] != "ready":
        raise RuntimeError(f"The page did not answer to {move}: {answer}")
    return wall, after.user + after.system - before.user - before.system
