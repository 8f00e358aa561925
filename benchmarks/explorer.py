"""How the latent explorer feels: `python -m benchmarks.explorer [--json]`.

The real site in a real browser, with a decoder of 28x28 pixels and a hidden layer of 400 that is
dragged with the mouse. A frame counts if it painted another image than the frame before. Take the
figures on a machine that does nothing else.
"""

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.figures import Figure, show
from tests.browser.chromium import launched
from tests.browser.site import Site, running_site

TRAINED = "/train?data=Sprites&hidden=400&steps=150"
DRAGS, DRAG_S = 5, 2.0

COUNT = """() => {
  const seen = { frames: new Set(), last: null, ticks: 0 };
  window.__painted = seen;
  const put = CanvasRenderingContext2D.prototype.putImageData;
  let frame = 0;
  const tick = () => { frame += 1; seen.ticks = frame; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  CanvasRenderingContext2D.prototype.putImageData = function (data, ...rest) {
    put.call(this, data, ...rest);
    if (!this.canvas.classList.contains("decoded-image")) return;
    const words = new Uint32Array(data.data.buffer);
    let image = 0;
    for (const word of words) image = (Math.imul(image, 31) + word) | 0;
    if (image !== seen.last) seen.frames.add(frame);
    seen.last = image;
  };
}"""
"""Notes every frame in which the decoded image became another one, by its pixels."""

DECODE = """async () => {
  const { Decoder } = await import(new URL("/api/components/explorer/network.js", location));
  const model = { latent: 2, hidden: [400], data: 784, likelihood: "bernoulli_grey", scale: 1 };
  const random = (...shape) => ({
    shape,
    values: Float32Array.from(
      { length: shape.reduce((a, b) => a * b) }, () => (Math.random() - 0.5) / 4),
  });
  const decoder = new Decoder(model, {
    "decoder.0.weight": random(2, 400), "decoder.0.bias": random(400),
    "decoder.1.weight": random(400, 784), "decoder.1.bias": random(784),
  });
  const times = [];
  for (let i = 0; i < 600; i += 1) {
    const started = performance.now();
    for (let k = 0; k < 10; k += 1) decoder.mean([Math.sin(i + k), Math.cos(i - k)]);
    times.push((performance.now() - started) / 10);
  }
  return times.sort((a, b) => a - b)[300];
}"""
"""The median time of one decode of 784 pixels, means of ten."""


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
        figures = measured(browser, site)
    show(figures, as_json=as_json)


def measured(browser: Browser, site: Site) -> list[Figure]:
    """Everything, on one site with one model."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    sent: list[Any] = []

    def note(message: Any) -> None:  # noqa: ANN401 - text or bytes
        sent.append(message)

    page.on("websocket", lambda socket: socket.on("framesent", note))
    page.goto(f"{site.url}/generate?run={trained(page, site)}")
    page.wait_for_selector('.explorer[data-ready="true"]', timeout=60_000)
    page.wait_for_timeout(1_000)
    page.evaluate(COUNT)
    rates, asked = [], []
    for turn in range(DRAGS):
        before = len(sent)
        rates.append(drag(page, turn))
        page.wait_for_timeout(1_500)  # the page has answered
        asked.append(len(sent) - before)
    decode_ms = page.evaluate(DECODE)
    page.close()
    return [
        Figure(
            "drag_fps",
            statistics.median(rates),
            least=55,
            note=f"frames with another image a second, median of {DRAGS} drags",
        ),
        Figure("decode_ms_784", decode_ms, "ms", most=1, note="one image, 2-400-784, median"),
        Figure(
            "server_runs_per_drag",
            statistics.mean(asked),
            most=1,
            note="messages of the browser to the server for each drag and its release",
        ),
    ]


def trained(page: Page, site: Site) -> str:
    """The id of a run with the decoder that is dragged."""
    page.goto(site.url + TRAINED)
    page.locator(".st-key-press button:not([disabled])").click(timeout=60_000)
    page.wait_for_selector('.run[data-state="done"]', timeout=120_000)
    return page.url.split("run=")[1][:12]


def drag(page: Page, turn: int) -> float:
    """Drag along a curve; how many frames a second painted another image."""
    box = page.locator(".explorer .over").bounding_box()
    assert box is not None
    size = min(box["width"], box["height"])
    middle = box["x"] + box["width"] / 2, box["y"] + size / 2
    count = "window.__painted.frames.size"

    def to(seconds: float) -> None:
        angle = 2.1 * seconds + turn
        reach = 0.4 * size * math.sin(1.3 * seconds + 0.5)
        page.mouse.move(middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle))

    to(0)
    page.mouse.down()
    before, began = page.evaluate(count), time.monotonic()
    while (spent := time.monotonic() - began) < DRAG_S:
        to(spent)
    painted, spent = page.evaluate(count) - before, time.monotonic() - began
    page.mouse.up()
    return painted / spent


if __name__ == "__main__":
    main()
