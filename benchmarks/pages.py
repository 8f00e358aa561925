"""How fast every page answers, loads and complains: `python -m benchmarks.pages [--json]`.

The real site. Every registered page is opened, and each control that stands on it is moved, in
every view: lists of words to each of their words, sliders a step and to their far end, numbers by
a step, texts typed anew, switches to and fro, buttons pressed twice. Buttons that announce a
longer computation are left alone, and so is what a hand does in a picture. A page that shows a
training gets one first, by its own means. For each page, by its slug:

- `p95_ms`: of the times from the request of a moved control to the whole answer, the 95th
  percentile. The answer comes as JSON, made by the server, not as a browser gets it.
- `cpu_ms_per_run`: processor time of the web process for such an answer, the mean. An answer is
  one run of the script, or two where the page asks for another by itself.
- `first_paint_s`: from the navigation of a browser that knows nothing of the site to the last
  change before the page rests, the median of three.
- `console_errors`: errors and warnings in the browser's console, over those three and over a walk
  through the views that moves each slider.

Take the figures on a machine that does nothing else.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks import moves
from benchmarks.answers import Answer, answer
from benchmarks.figures import Figure, machine, show
from tests.browser.chromium import launched
from tests.browser.reader import Reader
from tests.browser.site import Site, running_site
from ui.registry import existing

MOST_MS = 100
LEAST_ANSWERS = 60
UNITS = {"p95_ms": "ms", "cpu_ms_per_run": "ms", "first_paint_s": "s", "console_errors": ""}
QUIET_S, LONGEST_S = 5.0, 90.0
REST_MS = 500

NOTE_CHANGES = """() => {
  window.__changed = 0;
  const seen = new MutationObserver(() => { window.__changed = performance.now(); });
  const watch = (root) =>
    seen.observe(root, { subtree: true, childList: true, characterData: true });
  watch(document);
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    watch(root);
    return root;
  };
}"""
"""Notes when the page last changed, in milliseconds from the navigation."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Four figures of one page.

    Attributes:
        p95_ms: 95th percentile of the time of an answer to a moved control, milliseconds.
        cpu_ms_per_run: Mean processor time of the web process for one, milliseconds.
        first_paint_s: From a browser's navigation to the page at rest, seconds.
        console_errors: How often the browser's console complained.
    """

    p95_ms: float
    cpu_ms_per_run: float
    first_paint_s: float
    console_errors: int


@dataclass(frozen=True, slots=True)
class Timed:
    """Every answer of one page: what was moved, in which view, and what it cost."""

    answers: list[Answer]
    moved: list[tuple[str | None, str]]
    refused: list[str]

    @property
    def slowest(self) -> str:
        """The control whose median answer took longest, in words."""
        times: dict[str, list[float]] = {}
        for (view, key), one in zip(self.moved, self.answers, strict=True):
            times.setdefault(key if view is None else f"{key} in {view}", []).append(one.wall)
        medians = {name: statistics.median(each) for name, each in times.items()}
        name = max(medians, key=lambda each: medians[each])
        return f"{name} {1e3 * medians[name]:.0f} ms"


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    slugs = [page.slug for page in existing()]
    parser.add_argument("slugs", nargs="*", metavar="page", help="only these, by their slugs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    if unknown := set(chosen.slugs).difference(slugs):
        parser.error(f"page must be among {', '.join(slugs)}, got {', '.join(unknown)}")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder), "--server.enableAgentApi", "true") as site,
        launched() as browser,
    ):
        opened = ready(site, chosen.slugs or slugs)
        timed = {slug: timed_moves(site, each) for slug, each in opened.items()}
        pages = {slug: measured(browser, site, slug, each) for slug, each in timed.items()}
    if chosen.json:
        told = {slug: asdict(page) for slug, page in pages.items()}
        print(json.dumps({"pages": told, "machine": machine()}, indent=1))
        return
    show([f for slug in pages for f in figures(slug, pages[slug], timed[slug])], as_json=False)


def address_of(slug: str) -> str:
    """Where a page stands on the site, without the slash; the site's first page stands nowhere."""
    return "" if slug == existing()[0].slug else slug


def ready(site: Site, slugs: Container[str]) -> dict[str, moves.Page]:
    """Pages by their slugs, once each has the training it shows.

    Raises:
        RuntimeError: If a page still waits after a minute and a half.
    """
    pages: dict[str, moves.Page] = {}
    for page in existing():
        if page.slug not in slugs:
            continue
        shown = site.visit(page=address_of(page.slug))
        if trains := _button_that_trains(shown):
            shown = site.visit(session_id=shown["session_id"], trigger={"key": trains})
        pages[page.slug] = shown
    began = rested = time.monotonic()
    while time.monotonic() - rested < QUIET_S:
        time.sleep(0.25)
        later = {s: site.visit(session_id=page["session_id"]) for s, page in pages.items()}
        waiting = [s for s, page in later.items() if moves.waits(page)]
        if waiting or any(_shape(later[slug]) != _shape(pages[slug]) for slug in pages):
            rested = time.monotonic()
        if rested - began > LONGEST_S:
            raise RuntimeError(f"Pages that do not come to rest: {waiting or list(pages)}")
        pages = later
    return pages


def _button_that_trains(page: moves.Page) -> str | None:
    """The key of a button that begins what the page shows."""
    for element in moves.elements(page["tree"]):
        props = element.get("props", {})
        is_main = element["type"] == "button" and props.get("type") == "primary"
        if is_main and props["label"].startswith("Train"):
            return element["key"]
    return None


def _shape(page: moves.Page) -> list[tuple[str, Any]]:
    tree = moves.elements(page["tree"])
    return [(each["type"], each.get("props", {}).get("label")) for each in tree]


def timed_moves(site: Site, page: moves.Page) -> Timed:
    """Move every control of a page, again until there are answers enough for a percentile."""
    answers: list[Answer] = []

    def move(**request: Any) -> moves.Page:  # noqa: ANN401 - as JSON takes it
        answers.append(answer(site, page["session_id"], **request))
        return answers[-1].shown

    moved, refused, shown = [], [], page
    while len(answers) < LEAST_ANSWERS:
        walk = moves.Walk(shown, move)
        shown = walk.all()
        moved += walk.moved
        refused += walk.refused
    return Timed(answers, moved, refused)


def measured(browser: Browser, site: Site, slug: str, timed: Timed) -> Measured:
    """The four figures of a page, whose controls have been moved."""
    paints, complaints = [], 0
    for turn in range(3):
        reader = Reader(browser, site)
        reader.page.add_init_script(f"({NOTE_CHANGES})()")
        reader.open(f"/{address_of(slug)}")
        paints.append(_last_change_s(reader))
        if turn == 0:
            walk_through(reader)
        complaints += len(reader.complaints)
        reader.context.close()
    return Measured(
        p95_ms=1e3 * statistics.quantiles([a.wall for a in timed.answers], n=20)[-1],
        cpu_ms_per_run=1e3 * statistics.mean(a.processor for a in timed.answers),
        first_paint_s=statistics.median(paints),
        console_errors=complaints,
    )


def _last_change_s(reader: Reader) -> float:
    """When a page last changed before it rested, in seconds from its navigation."""
    reader.page.wait_for_function(
        f"performance.now() - window.__changed > {REST_MS}", polling=50, timeout=30_000
    )
    return reader.page.evaluate("window.__changed") / 1e3


def walk_through(reader: Reader) -> None:
    """Visit every view in the browser, and move each slider of it."""
    views = reader.page.locator("[data-testid=stButtonGroup]").first.locator("button")
    for place in range(max(1, views.count())):
        if views.count():
            views.nth(place).click()
            reader.settle()
        # An answer may take a slider away or make it anew, so each is looked up in its turn.
        sliders = reader.page.locator("[data-testid=stSlider] input[type=range]:enabled")
        turn = 0
        while turn < sliders.count():
            if sliders.nth(turn).is_visible():
                sliders.nth(turn).press("ArrowRight")
                reader.page.wait_for_timeout(200)
                reader.settle()
            turn += 1


def figures(slug: str, page: Measured, timed: Timed) -> list[Figure]:
    """The lines of the table about one page."""
    refused = ", ".join(sorted(set(timed.refused)))
    notes: Mapping[str, str] = {
        "p95_ms": f"{len(timed.answers)} answers, slowest: {timed.slowest}",
        "cpu_ms_per_run": f"page refused a value of: {refused}" if refused else "",
        "first_paint_s": "median of three",
        "console_errors": "",
    }
    limits = {"p95_ms": MOST_MS, "console_errors": 0}
    return [
        Figure(f"{slug}.{name}", value, UNITS[name], most=limits.get(name), note=notes[name])
        for name, value in asdict(page).items()
    ]


if __name__ == "__main__":
    main()
