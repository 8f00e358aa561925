"""How well pictures follow a hand: `python -m benchmarks.drags [--json]`.

Each of them is dragged on the real site in a real browser, so fast that every frame may say
something new, though places are rounded to marks. A frame counts if what the picture says is not
what it said the frame before. `benchmarks.explorer` drags decoders and `benchmarks.live` the
slider through time. Take the figures on a machine that does nothing else.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

from benchmarks.figures import Figure, show
from tests.browser.chromium import launched
from tests.browser.site import Site, running_site

TRIES, DRAG_S, SPEED_PX, LEAST_FPS = 3, 2.0, 700, 50

COUNT = """(element) => {
  const picture = element.closest(".run");
  const seen = { frames: 0, last: "" };
  window.__seen = seen;
  const tick = () => {
    const said = picture.textContent + JSON.stringify(picture.dataset);
    if (said !== seen.last) seen.frames += 1;
    seen.last = said;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
"""Counts the frames in which a picture said something new."""


@dataclass(frozen=True, slots=True)
class Drag:
    """Something on a page that a hand drags.

    Attributes:
        key: Name of its figure.
        address: The page that it is on.
        target: What is pressed, as a selector.
        start: Where on it, in shares of its width and height; a height of None is looked for,
            where the picture says that there is something to take hold of.
        reach: How far the hand goes to both sides, in pixels, across or else up and down.
        is_across: Whether it goes across.
    """

    key: str
    address: str
    target: str
    start: tuple[float, float | None]
    reach: float
    is_across: bool = True


DRAGS = (
    Drag("needle_fps", "weight_of_evidence", ".belief [role=slider]", (0.5, 0.5), 80),
    Drag("densities_fps", "weight_of_evidence", ".densitiesCanvas", (0.5, 0.4), 150),
    Drag(
        "integrand_fps",
        "kl_divergence?p=Two+normals&q=Student,+1+degree",
        ".sceneCanvas",
        (0.5 + 1 / 16, None),
        150,
    ),
    Drag("tables_fps", "two_properties", ".sceneCanvas", (0.04, 0.3), 60, is_across=False),
    # Where dimensions are many, for among few a hand may move and the number stay.
    Drag("shell_fps", "gaussian_shells", ".shells .slider input", (0.62, 0.5), 110),
    Drag("within_fps", "gaussian_shells?view=Within&d=784", ".sceneCanvas", (0.5, 0.5), 150),
    Drag("surface_fps", "two_properties?view=Surface", ".sceneCanvas", (0.4, 0.5), 80),
)


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    with (
        tempfile.TemporaryDirectory() as folder,
        launched() as browser,
        running_site(Path(folder)) as site,
    ):
        figures = [measured(browser, site, drag) for drag in DRAGS]
    show(figures, as_json=as_json)


def measured(browser: Browser, site: Site, drag: Drag) -> Figure:
    """How often a second a picture says something new while it is dragged."""
    rates = []
    for _ in range(TRIES):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{site.url}/{drag.address}")
        target = page.locator(drag.target).first
        target.wait_for(timeout=60_000)
        page.wait_for_timeout(1500)
        target.scroll_into_view_if_needed()
        target.evaluate(COUNT)
        rates.append(_frames(page, target, drag) / DRAG_S)
        page.close()
    note = f"{drag.address}, frames a second with something new, median of {TRIES}"
    return Figure(drag.key, statistics.median(rates), least=LEAST_FPS, note=note)


def _frames(page: Page, target: Locator, drag: Drag) -> int:
    x, y = _start(page, target, drag)
    page.mouse.move(x, y)
    page.mouse.down()
    before, began = page.evaluate("window.__seen.frames"), time.monotonic()
    while (spent := time.monotonic() - began) < DRAG_S:
        way = (SPEED_PX * spent / drag.reach + 1) % 4  # there and back at an even speed
        away = drag.reach * (way - 1 if way < 2 else 3 - way)
        page.mouse.move(*((x + away, y) if drag.is_across else (x, y + away)))
    frames = page.evaluate("window.__seen.frames") - before
    page.mouse.up()
    return frames


def _start(page: Page, target: Locator, drag: Drag) -> tuple[float, float]:
    box = target.bounding_box()
    assert box is not None
    across, up = drag.start
    x = box["x"] + across * box["width"]
    if up is not None:
        return x, box["y"] + up * box["height"]
    for y in range(int(box["y"]), int(box["y"] + box["height"]), 4):
        page.mouse.move(x, y)
        if target.evaluate("(element) => element.classList.contains('grip')"):
            return x, y + 4.0
    raise RuntimeError(f"Nothing can be taken hold of: {drag.key}.")


if __name__ == "__main__":
    main()
