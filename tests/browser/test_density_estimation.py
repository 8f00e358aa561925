"""The page on density estimation, moved with pointer, finger and keys, and a flow trained live."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.density import descent
from core.density.worlds import world
from core.lessons import density_estimation as lesson
from core.lessons.density_choices import VIEWS
from tests.browser.component import call
from tests.browser.reader import Reader

pytestmark = pytest.mark.browser

SLUG = "/density_estimation"
PATIENCE_MS = 15_000
KINDS = dict(zip(VIEWS, ("box", "descent", "sizes", "ways", "flow"), strict=True))


@pytest.fixture(scope="module")
def reader(projected):
    """
    One window for the tests of this file.
    """
    return projected


def opened(reader, address):
    reader.open(f"{SLUG}{address}")
    reader.page.wait_for_selector(".density[data-kind]")
    return reader.page


def value(page, label):
    """The number over the picture with a label."""
    item = page.locator(".density .numbers > span").filter(has_text=label)
    return item.locator(".value")


def test_every_view_fits_a_projector_and_has_words(reader):
    """
    Claim, control, picture, number and player are seen together, and every picture says what it
    shows.
    """
    page = opened(reader, "")
    for view in (*VIEWS[1:], VIEWS[0]):
        page.get_by_role("radio", name=view, exact=True).click()
        page.wait_for_selector(f".density[data-kind={KINDS[view]}]", timeout=PATIENCE_MS)
        reader.settle()
        parts = [page.locator(".sceneCanvas"), page.locator(".density .transport")]
        boxes = [part.bounding_box() for part in parts if part.is_visible()]
        assert all(box["y"] + box["height"] <= 720 for box in boxes), view
        expect(page.locator(".sceneCanvas")).to_have_attribute("aria-label", re.compile(".{40}"))


def test_a_descent_is_played_and_walked(reader):
    """
    Numbers belong to the frame: those of the start, by keys, and those of the end, by Replay.
    """
    page = opened(reader, "?view=Descent&model=Gaussian")
    way = descent.path(world("Plane: moons"), "Gaussian", 1, 0, 100, 1.0)
    expect(value(page, "KL[p; q]")).to_have_text(f"{way[-1].kl:.2f} nats")
    page.locator(".density .transport input").focus()
    page.keyboard.press("Home")
    expect(value(page, "KL[p; q]")).to_have_text(f"{way[0].kl:.2f} nats")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".density")).to_have_attribute("data-frame", "1")
    page.keyboard.press("End")
    page.get_by_role("button", name="Replay").click()
    expect(page.locator(".density")).to_have_attribute("data-frame", re.compile(r"^([3-9]|1\d)$"))
    page.get_by_role("button", name="Pause").click()
    # Where it stops is drawn with the next frame, together with what the button says then.
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    reader.settle()
    frame = int(page.locator(".density").get_attribute("data-frame"))
    expect(value(page, "KL[p; q]")).to_have_text(f"{way[frame].kl:.2f} nats")


def test_a_hand_on_the_curves_picks_a_size(reader):
    """
    The gap follows at once, and the control when the hand rests.
    """
    page = opened(reader, "?view=Few samples&samples=20&parts=1")
    before = value(page, "gap").inner_text()
    box = page.locator(".sceneCanvas").bounding_box()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.98 * box["width"], box["y"] + 0.25 * box["height"], steps=3)
    expect(page.locator(".density")).to_have_attribute("data-frame", "7")
    page.mouse.up()
    page.wait_for_url(re.compile("parts=16"), timeout=PATIENCE_MS)

    assert value(page, "gap").inner_text() != before


def test_the_start_of_both_fits_is_moved_by_keys(reader):
    """
    The one that seeks ends on the other bump.
    """
    page = opened(reader, "?view=Cover or seek&world=Line: two bumps&start_x=0.5")
    before = value(page, "seeks").inner_text()
    page.locator(".sceneCanvas").focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_url(re.compile("start_x=-1.5"), timeout=PATIENCE_MS)

    expect(value(page, "seeks")).not_to_have_text(before, timeout=PATIENCE_MS)


def test_a_world_is_drawn_and_pushed(reader):
    """
    A stroke becomes the density that samples fall out of; keys draw as well.
    """
    page = opened(reader, "?world=Plane: drawn by you&drawn=50,50&samples=5&curtain=Open")
    entropy_before = value(page, "entropy").inner_text()
    box = page.locator(".sceneCanvas").bounding_box()
    x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.3 * box["height"]
    page.mouse.move(x - 60, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=8)
    page.mouse.up()
    expect(value(page, "entropy")).not_to_have_text(entropy_before, timeout=PATIENCE_MS)
    points = page.locator(".st-key-drawn textarea").input_value().split()
    assert len(points) > 4
    page.locator(".sceneCanvas").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-drawn textarea")).to_have_value(
        re.compile(r" 50,54$"), timeout=PATIENCE_MS
    )
    page.get_by_role("button", name="Push the button").click()
    expect(value(page, "samples")).to_have_text("10", timeout=PATIENCE_MS)


def test_a_flow_learns_in_front_of_the_reader(reader):
    """
    The first frame comes before the end, the last is measured, and a reload finds it again.
    """
    page = opened(reader, "?view=A flow, live&world=Line: two bumps&flow_steps=100")
    page.get_by_role("button", name="Train the flow").click()
    expect(value(page, "KL[p; q]")).to_have_text(re.compile("nats$"), timeout=60_000)
    first = float(value(page, "KL[p; q]").inner_text().split()[0])
    page.wait_for_selector(".density[data-state=done]", timeout=60_000)
    page.get_by_role("button", name="Train again").wait_for(timeout=PATIENCE_MS)
    page.locator(".density .transport input").focus()
    page.keyboard.press("End")
    slider = page.locator(".density .transport input")
    expect(slider).to_have_attribute("aria-valuetext", "step 100 of 100", timeout=PATIENCE_MS)
    for _ in range(2):  # the numbers are written with the frame after that
        page.wait_for_function("() => new Promise((done) => requestAnimationFrame(done))")
    last = value(page, "KL[p; q]").inner_text()
    assert float(last.split()[0]) < first / 2
    reader.open(page.url.removeprefix(reader.site.url))

    expect(value(page, "KL[p; q]")).to_have_text(last, timeout=PATIENCE_MS)


def test_a_phone_shows_it_all(browser, site):
    """
    Nothing runs over the side at 390 px, and a tap moves the start.
    """
    one = Reader(browser, site, viewport={"width": 390, "height": 844}, has_touch=True)
    page = opened(one, "?view=Cover or seek")
    box = page.locator(".sceneCanvas").bounding_box()
    page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.wait_for_url(re.compile("start_x=-"), timeout=PATIENCE_MS)
    wide, room = page.eval_on_selector(
        '[data-testid="stMain"]', "main => [main.scrollWidth, main.clientWidth]"
    )

    assert wide <= room
    table = opened(one, "?view=Few samples").locator(".st-key-frame-forms table")
    table.wait_for()
    assert table.evaluate("table => table.getBoundingClientRect().right") <= 390
    assert one.complaints == []
    one.context.close()


@pytest.mark.parametrize("name", ["Plane: mixture", "Line: skewed"])
@pytest.mark.parametrize("model", descent.MODELS)
def test_the_browser_draws_the_densities_of_core(reader, name, model):
    """
    On its grid, to a thousandth of the peak.
    """
    frame = descent.path(world(name), model, 6, 1, 50, 1.0)[-2]
    seen = descent.drawn(world(name), 1, 50).seen
    dims = seen.shape[1]
    argument = [lesson._model(frame), seen.tolist(), dims]
    found = call(reader.page, "density/laws.js", "return Array.from(m.onGrid(...a))", argument)
    axis = np.array(call(reader.page, "density/laws.js", f"return Array.from(m.places({dims}))"))
    grid = np.stack(np.meshgrid(*[axis] * dims, indexing="ij"), -1).reshape(-1, dims)
    expected = np.exp(frame.model.log_density(grid))

    np.testing.assert_allclose(found, expected, atol=2e-3 * expected.max())


def test_contours_lie_on_their_level(reader):
    """
    Of a Gaussian: a circle.
    """
    law = {"kind": "gaussians", "shares": [1], "means": [[0, 0]], "factors": [[1, 0, 1]]}
    script = "return m.contour(m.onGrid(a, [], 2), Math.exp(-0.5) / (2 * Math.PI))"
    pieces = np.array(call(reader.page, "density/laws.js", script, law))

    np.testing.assert_allclose(np.hypot(pieces[:, 0], pieces[:, 1]), 1, atol=5e-3)
    assert len(pieces) > 60
