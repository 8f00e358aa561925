"""How the site feels: `python -m benchmarks.live [--json]`.

The real site, started as a reader starts it on an empty store, in a real browser. Times run from
the press of a button to what stands on the screen. Processor shares are of one core. Take the
figures on a machine that does nothing else.
"""

import argparse
import asyncio
import dataclasses
import json
import re
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, Page

from benchmarks.figures import Figure, show
from tests.browser.chromium import launched
from tests.browser.site import Site, running_site

DEFAULT, ENDLESS = "/train", "/train?preset=endless"
FLOW = "/density_estimation?preset=live"
VIEWERS = 60

WATCH = """() => {
  const seen = { presses: [], changes: [], keys: [], answers: [] };
  window.__seen = seen;
  const now = () => performance.timeOrigin + performance.now();
  document.addEventListener("click", () => seen.presses.push(now()), true);
  document.addEventListener("keydown", () => seen.keys.push(now()), true);
  let root = null;
  const find = (node) => {
    for (const element of node.querySelectorAll("*")) {
      if (element.matches(".run[data-state]")) return element;
      const inner = element.shadowRoot && find(element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  new MutationObserver(() => {
    const { testScriptState } = document.querySelector("[data-testid=stApp]").dataset;
    if (testScriptState === "notRunning") seen.answers.push(now());
  }).observe(document, { attributeFilter: ["data-test-script-state"], subtree: true });
  let last = "";
  const look = () => {
    root = root?.isConnected ? root : find(document);
    if (root) {
      const { state, lastStep } = root.dataset;
      const key = `${state} ${lastStep}`;
      if (key !== last) seen.changes.push([now(), state, Number(lastStep ?? -1)]);
      last = key;
    }
    requestAnimationFrame(look);
  };
  look();
}"""
"""Keeps when a button was pressed, and when the picture of the run changed, frame by frame."""


SCRUB = """() => new Promise((done) => {
  const find = (node) => {
    for (const element of node.querySelectorAll("*")) {
      if (element.matches(".run[data-state]")) return element;
      const inner = element.shadowRoot && find(element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const root = find(document), slider = root.querySelector(".transport input[type=range]");
  slider.dispatchEvent(new PointerEvent("pointerdown"));
  const began = performance.now();
  let painted = 0, last = null;
  const move = (now) => {
    if (root.dataset.step !== last) painted += 1;
    last = root.dataset.step;
    const seconds = (now - began) / 1000;
    if (seconds > 3) {
      slider.dispatchEvent(new PointerEvent("pointerup"));
      return done(painted / seconds);
    }
    slider.value = String(Math.round(Number(slider.max) * (0.5 + 0.5 * Math.sin(2 * seconds))));
    slider.dispatchEvent(new Event("input"));
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
})"""
"""Draws the slider through time back and forth, and counts the steps that were painted."""


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        cold = [first_report(browser, Path(folder) / f"cold{i}") for i in range(3)]
        figures = [
            Figure(
                "cold_first_report_s",
                statistics.median(cold),
                "s",
                most=5,
                note="fresh server; press as soon as the page is there",
            )
        ]
        (Path(folder) / "warm").mkdir()
        try:
            with running_site(Path(folder) / "warm") as site:
                figures += measured(browser, site)
        finally:  # what was measured is told, even where something came in between
            show(figures, as_json=as_json)


def first_report(browser: Browser, folder: Path) -> float:
    """Seconds from the first press on a site just started to the first point."""
    folder.mkdir()
    with running_site(folder) as site:
        seen = Seen.opened(browser, site, DEFAULT)
        return seen.seconds_to_first_point()


def measured(browser: Browser, site: Site) -> Iterator[Figure]:
    """Everything that is measured on one site that has been running for a while."""
    seen = Seen.opened(browser, site, DEFAULT)
    seen.seconds_to_first_point()
    seen.wait_for("done")
    warm = []
    for _ in range(7):
        warm.append(seen.seconds_to_first_point())  # "Train again": the next seed
        seen.wait_for("done")
    yield Figure(
        "warm_first_report_s",
        statistics.median(warm),
        "s",
        most=0.5,
        note="press to the first point on the chart, median of seven",
    )

    reloads = [seen.seconds_to_reload() for _ in range(5)]
    yield Figure(
        "reload_s",
        statistics.median(reloads),
        "s",
        most=2,
        note="reload to the whole history of a finished run drawn",
    )

    flow = Seen.opened(browser, site, FLOW)
    flow.seconds_to_first_frame()
    flow.wait_for("done")
    frames = []
    for _ in range(5):
        frames.append(flow.seconds_to_first_frame())
        flow.wait_for("done")
    flow.close()
    yield Figure(
        "flow_first_frame_s",
        statistics.median(frames),
        "s",
        most=0.5,
        note="press to the first density of a flow, median of five",
    )

    time.sleep(8)
    yield Figure(
        "idle_memory_mb",
        sum(process.memory_full_info().pss for process in family(site)) / 2**20,
        "MB",
        most=800,
        note="web process, engine and worker together (PSS), a page open",
    )
    beside = [seen.run_id]
    for _ in range(2):
        seen.seconds_to_first_point()
        seen.wait_for("done")
        beside.append(seen.run_id)
    seen.close()
    yield from endless(browser, site, ENDLESS)
    for figure in endless(browser, site, f"{ENDLESS}&compare={','.join(beside)}"):
        yield dataclasses.replace(
            figure, key=f"{figure.key}_four", note=f"beside three more: {figure.note}"
        )


def endless(browser: Browser, site: Site, path: str) -> Iterator[Figure]:
    """The open-ended training: watched, steered, lost and recovered, stopped, looked through."""
    seen = Seen.opened(browser, site, path)
    seen.seconds_to_first_point()
    moving, still = [], []
    for _ in range(4):  # in turns, so that a noisy spell hits both alike
        moving += seen.seconds_of_control()
        seen.seconds_to_stop()
        still += seen.seconds_of_control()
        seen.seconds_to_first_point()
    yield Figure(
        "latency_ratio_while_training",
        statistics.median(moving) / statistics.median(still),
        most=1.4,
        note=f"a control of the page: {statistics.median(still) * 1e3:.0f} ms without a training",
    )

    time.sleep(1)
    web = psutil.Process(site.process.pid)
    began = time.time()
    share = cpu_percent(web, 15)
    yield Figure(
        "watch_cpu_percent", share, "%", most=6, note="web process, one viewer of a running run"
    )

    lags = report_lags(site, seen, began, time.time())
    yield Figure(
        "report_lag_p95_s",
        statistics.quantiles(lags, n=20)[-1],
        "s",
        most=0.5,
        note=f"from a report's time in the worker to the screen, {len(lags)} drawings",
    )

    with Viewers(site, seen.run_id) as crowd:
        time.sleep(2)
        before = crowd.messages
        share = cpu_percent(web, 10)
        rate = (crowd.messages - before) / 10 / VIEWERS
    yield Figure(
        "viewers60_cpu_percent",
        share,
        "%",
        most=40,
        note=f"sixty more viewers of it, {rate:.0f} events a second each, pictures fetched",
    )

    steers = [seen.seconds_to_steer(site, key) for key in ["ArrowRight", "ArrowLeft"] * 3]
    yield Figure(
        "steer_s",
        statistics.median(steers),
        "s",
        most=0.3,
        note="move of beta to the first report that trains with it",
    )

    yield Figure(
        "recovery_s",
        statistics.median(seen.seconds_to_recover(site) for _ in range(3)),
        "s",
        most=6,
        note="SIGKILL of the worker to the next new report on the screen",
    )

    stops = []
    for _ in range(5):
        stops.append(seen.seconds_to_stop())
        seen.seconds_to_first_point()  # goes on, or begins anew
    yield Figure("stop_s", statistics.median(stops), "s", most=0.3, note="press to `stopped`")
    seen.seconds_to_stop()
    yield Figure(
        "scrub_fps",
        seen.frames_per_second_of_scrubbing(),
        least=50,
        note="steps painted in a second while the slider through time is drawn across",
    )
    seen.close()


# -- A page that is watched ---------------------------------------------------------------


@dataclass
class Seen:
    """A page with a note of every press and of every change on it."""

    page: Page

    @classmethod
    def opened(cls, browser: Browser, site: Site, path: str) -> "Seen":
        """Open a page, and return once its button can be pressed."""
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(site.url + path)
        seen = cls(page)
        seen._settle()
        return seen

    @property
    def run_id(self) -> str:
        """The run in the address."""
        found = re.search(r"[?&]run=([a-z2-7]{12})", self.page.url)
        if found is None:
            raise RuntimeError(f"No run in the address: {self.page.url}")
        return found.group(1)

    def close(self) -> None:
        """Close the page."""
        self.page.close()

    def press(self) -> float:
        """Press the button; when, in Unix seconds."""
        count = len(self.notes()["presses"])
        self.page.locator(".st-key-press button").click()
        return self.notes()["presses"][count] / 1e3

    def notes(self) -> dict[str, Any]:
        """What has been noted so far."""
        return self.page.evaluate("window.__seen")

    def changes(self, since: float) -> list[tuple[float, str, int]]:
        """Changes after a moment: when, state of the run, last step drawn."""
        return [
            (at / 1e3, state, step)
            for at, state, step in self.notes()["changes"]
            if at / 1e3 > since
        ]

    def until(self, since: float, is_it: Callable[[str, int], bool], limit: float = 60) -> float:
        """Seconds from a moment to the first change after it that is the right one."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            for at, state, step in self.changes(since):
                if is_it(state, step):
                    return at - since
            time.sleep(0.05)
        raise TimeoutError(f"Waited {limit} s; saw {self.changes(since)[-5:]}")

    def seconds_to_first_point(self) -> float:
        """Press, and wait for a point of another drawing than the one before."""
        old = [step for _, _, step in self.changes(0)][-1:]
        pressed = self.press()
        # A quick training may be over by then, at the same step as the one before.
        left = pressed + self.until(pressed, lambda _, step: [step] != old) - 1e-4
        seconds = left - pressed + self.until(left, lambda _, step: step >= 0)
        self._settle()
        return seconds

    def seconds_to_first_frame(self) -> float:
        """Press, and wait for the density that a flow begins with."""
        pressed = self.press()
        seconds = self.until(pressed, lambda _, step: step == 0)
        self._settle()
        return seconds

    def seconds_to_stop(self) -> float:
        """Press, and wait for the page to say that the run has stopped."""
        self._settle()
        seconds = self.until(self.press(), lambda state, _: state == "stopped")
        self._settle()
        return seconds

    def wait_for(self, state: str) -> None:
        """Wait for a state of the run, and for the page to have taken note."""
        self.until(0, lambda now, _: now == state)
        while self.changes(0)[-1][1] != state:
            time.sleep(0.05)
        self._settle()

    def seconds_to_reload(self) -> float:
        """Reload, and wait for the whole history."""
        whole = max(step for _, _, step in self.changes(0)[-1:])
        began = time.time()
        self.page.reload(wait_until="commit")
        self.page.wait_for_selector("[data-testid=stApp]")
        self.page.evaluate(WATCH)
        seconds = self.until(began, lambda _, step: step == whole)
        self._settle()
        return seconds

    def seconds_of_control(self) -> list[float]:
        """Times from a move of the learning rate's slider to the end of the run of the script.

        Beta's slider would steer the training, which is more than a move without one does.
        A run that is over within a frame leaves no trace in the browser, with a training and
        without; the others are timed.
        """
        slider = self.page.locator(".st-key-peak input[type=range]")
        if not slider.is_visible():
            self.page.get_by_text("Advanced settings").click()
        slider.focus()
        times = []
        for key in ["ArrowRight", "ArrowLeft"] * 5:
            slider.press(key)
            asked = self.notes()["keys"][-1]
            self.page.wait_for_timeout(1_000)
            times += [at - asked for at in self.notes()["answers"] if at > asked][:1]
        if len(times) < 4:
            raise RuntimeError(f"Only {len(times)} of 10 moves of the slider were timed.")
        return [time / 1e3 for time in times]

    def seconds_to_steer(self, site: Site, key: str) -> float:
        """Move beta, and wait for the first report of a step that was trained with it."""
        slider = self.page.locator(".st-key-beta input[type=range]")
        slider.focus()
        before = len(self.notes()["keys"])
        slider.press(key)
        asked = self.notes()["keys"][before] / 1e3
        self.page.wait_for_timeout(2_000)
        batches = history(site, self.run_id, time.time() - 0.5)
        rows = [
            (at, beta[0])
            for batch in batches
            if batch["training"]["step"]
            for at, beta in zip(batch["training"]["time"], batch["training"]["beta"], strict=True)
        ]
        last = [beta for at, beta in rows if at <= asked][-1]
        return next(at for at, beta in rows if at > asked and beta != last) - asked

    def seconds_to_recover(self, site: Site) -> float:
        """Kill the worker, and wait for a report that is new."""
        worker = next(p for p in family(site) if "multiprocessing.spawn" in " ".join(p.cmdline()))
        worker.kill()
        killed = time.time()
        time.sleep(0.5)  # what it had written by then arrives
        known = self.changes(0)[-1][2]
        seconds = self.until(killed, lambda _, step: step > known)
        time.sleep(2)
        return seconds

    def frames_per_second_of_scrubbing(self) -> float:
        """How many steps are painted in a second while a hand moves through them."""
        return self.page.evaluate(SCRUB)

    def _wait_for_script(self) -> None:
        self.page.wait_for_function(
            "document.querySelector('[data-testid=stApp]').dataset.testScriptState"
            " === 'notRunning'",
            polling=5,
        )

    def _settle(self) -> None:
        self.page.wait_for_selector(".st-key-press button:not([disabled])", timeout=60_000)
        self._wait_for_script()
        if not self.page.evaluate("Boolean(window.__seen)"):
            self.page.evaluate(WATCH)
        self.page.wait_for_timeout(300)
        self._wait_for_script()


# -- Beside the browser -------------------------------------------------------------------


def family(site: Site) -> list[psutil.Process]:
    """The web process and every process below it."""
    web = psutil.Process(site.process.pid)
    return [web, *web.children(recursive=True)]


def cpu_percent(process: psutil.Process, seconds: float) -> float:
    """Share of one core that a process uses."""
    process.cpu_percent()
    time.sleep(seconds)
    return process.cpu_percent()


def report_lags(site: Site, seen: Seen, began: float, ended: float) -> list[float]:
    """Seconds from each drawn report's time in the worker to the frame that drew it."""
    made: dict[int, float] = {}
    for batch in history(site, seen.run_id, ended):
        made |= dict(zip(batch["training"]["step"], batch["training"]["time"], strict=True))
    drawn = [(at, step) for at, _, step in seen.changes(began) if at < ended]
    return [at - made[step] for at, step in drawn if step in made]


def history(site: Site, run_id: str, until: float) -> list[dict[str, Any]]:
    """The batches of a run up to a moment, read from its event stream."""
    batches, is_batch = [], False
    with urllib.request.urlopen(f"{site.url}/api/runs/{run_id}/events") as events:
        for line in events:
            if line.startswith(b"event:"):
                is_batch = line.split(b":", 1)[1].strip() == b"batch"
            elif line.startswith(b"data:") and is_batch:
                batch = json.loads(line.split(b":", 1)[1])
                batches.append(batch)
                if batch["training"]["time"] and batch["training"]["time"][-1] > until:
                    break
    return batches


class Viewers:
    """Sixty viewers of a run besides the browser: event streams, and the pictures they name."""

    def __init__(self, site: Site, run_id: str) -> None:
        address = urlsplit(site.url)
        self._host, self._port = address.hostname or "localhost", address.port or 80
        self._run_id, self.messages = run_id, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Viewers":
        self._thread.start()
        self._watching = [
            asyncio.run_coroutine_threadsafe(self._watch(), self._loop) for _ in range(VIEWERS)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for watching in self._watching:
            watching.cancel()
        time.sleep(0.5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _ask(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=2**24)
        request = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        return reader, writer

    async def _watch(self) -> None:
        reader, writer = await self._ask(f"/api/runs/{self._run_id}/events")
        try:
            fetched_at = 0.0
            while line := await reader.readline():
                if not line.startswith(b"data:"):
                    continue
                self.messages += 1
                steps = json.loads(line[5:]).get("snapshots") or []
                if steps and time.monotonic() - fetched_at > 0.25:
                    fetched_at = time.monotonic()
                    pictures, other = await self._ask(
                        f"/api/runs/{self._run_id}/snapshots/{steps[-1]}"
                    )
                    await pictures.read()
                    other.close()
        finally:
            writer.close()


if __name__ == "__main__":
    main()
