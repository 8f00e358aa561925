"""How the page on KL divergence feels: `python -m benchmarks.kl_divergence [--json]`.

Two densities are dragged on the real site in a real browser, where a frame counts if it wrote
other numbers than the frame before; and many runs are drawn in this process. `benchmarks.pages`
moves the controls of the page. Take the figures on a machine that does nothing else.
"""

import argparse
import itertools
import math
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.figures import Figure, show
from core.lessons import kl_divergence as lesson
from tests.browser.chromium import launched
from tests.browser.site import Site, running_site

DRAGS, DRAG_S, TRIES = 3, 2.0, 5

COUNT = """() => {
  const seen = { frames: 0, last: "" };
  window.__seen = seen;
  const find = (root) => {
    const here = root.querySelector(".divergence");
    if (here) return here;
    for (const element of root.querySelectorAll("*")) {
      const inner = element.shadowRoot && find(element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const numbers = find(document).querySelector(".numbers");
  const tick = () => {
    if (numbers.textContent !== seen.last) seen.frames += 1;
    seen.last = numbers.textContent;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
"""Counts the frames in which the numbers became others."""


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
        figures = [*drawn(), *dragged(browser, site)]
    show(figures, as_json=as_json)


def drawn() -> list[Figure]:
    """What many runs of every two families cost, the slowest two of them."""
    worst = {}
    for size, most in ((lesson.SMALL, 100), (lesson.LARGE, 1500)):
        times = {}
        for pair in itertools.product(lesson.FAMILIES, repeat=2):
            choices = lesson.Choices(view="Samples", p=pair[0], q=pair[1], p_scale=0.8)
            times[pair] = min(_seconds(choices, size) for _ in range(TRIES))
        slowest = max(times, key=lambda pair: times[pair])
        worst[size] = Figure(
            f"runs_{size.runs}_by_{size.samples}_ms",
            1e3 * times[slowest],
            "ms",
            most=most,
            note=f"best of {TRIES}, of the slowest two families: {' and '.join(slowest)}",
        )
    return list(worst.values())


def _seconds(choices: lesson.Choices, size: lesson.Size) -> float:
    began = time.perf_counter()
    lesson.show(choices, size)
    return time.perf_counter() - began


def dragged(browser: Browser, site: Site) -> list[Figure]:
    """How often a second the numbers follow a density that is dragged."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{site.url}/kl_divergence?p=Two+normals&q=Student,+1+degree")
    page.wait_for_selector(".divergence .numbers .value", timeout=60_000)
    page.wait_for_timeout(1000)
    page.evaluate(COUNT)
    rates = []
    for _ in range(DRAGS):
        box = page.locator(".sceneCanvas").bounding_box()
        assert box is not None
        rem = 17.0
        left, width = box["x"] + 0.4 * rem, box["width"] - 0.8 * rem
        floor = box["y"] + 1.2 * rem + int(0.42 * (box["height"] - 2.9 * rem))
        centre = float(page.url.partition("p_mean=")[2].partition("&")[0] or 1)
        page.mouse.move(left + width * (centre + 8) / 16, floor)
        page.mouse.down()
        before, began = page.evaluate("window.__seen.frames"), time.monotonic()
        while (spent := time.monotonic() - began) < DRAG_S:
            page.mouse.move(left + width * (8 + 4.5 * math.sin(2.4 * spent)) / 16, floor)
        rates.append((page.evaluate("window.__seen.frames") - before) / DRAG_S)
        page.mouse.up()
        page.wait_for_timeout(1500)
    page.close()
    note = f"frames with other numbers a second, median of {DRAGS} drags"
    return [Figure("drag_fps", statistics.median(rates), least=50, note=note)]


if __name__ == "__main__":
    main()
