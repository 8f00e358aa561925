"""The page on generating on the real site: drag, reload, go between, sample, draw."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.vae import datasets
from tests.browser.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEW = ".explorer"
PATIENCE_MS = 60_000

PIXELS = """(canvas) => {
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return Array.from({ length: width * height }, (_, i) => data[4 * i]);
}"""


@pytest.fixture
def phone(browser, site):
    """A reader with a telephone."""
    reader = Reader(
        browser, site, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    yield reader
    assert reader.complaints == []
    reader.context.close()


def opened(reader, address=""):
    reader.open(f"/generate{address}")
    reader.page.wait_for_selector('.explorer[data-ready="true"]', timeout=PATIENCE_MS)
    reader.settle()
    return reader.page


def pixels(page, selector=".decoded-image"):
    return page.locator(f"{VIEW} {selector}").evaluate(PIXELS)


def code(page):
    page.wait_for_timeout(250)  # numbers are written a few times a second
    return [float(value) for value in page.locator(VIEW).get_attribute("data-z").split(",")]


def drag(page, *places):
    """Draw the code from place to place, in shares of the plane."""
    stroke(page, ".over", places, 12)
    page.wait_for_url(re.compile("[?&]z="))


def stroke(page, selector, places, steps):
    """Move the pressed mouse from place to place, in shares of an element's width."""
    box = page.locator(selector).bounding_box()
    at = [(box["x"] + box["width"] * x, box["y"] + box["width"] * y) for x, y in places]
    page.mouse.move(*at[0])
    page.mouse.down()
    for place in at[1:]:
        page.mouse.move(*place, steps=steps)
    page.mouse.up()


def test_a_drag_is_decoded_kept_in_the_address_and_found_again(reader):
    """
    The image follows the hand, the release is one message to the server, the weights travel
    once, and a reload lands on the same code and the same image.
    """
    sent, fetched = [], []
    reader.page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(1)))
    reader.page.on("request", lambda request: fetched.append(request.url))
    page = opened(reader)
    before = pixels(page)
    asked = len(sent)

    drag(page, (0.35, 0.3), (0.6, 0.45), (0.7, 0.6))
    page.wait_for_timeout(500)

    assert len(sent) == asked + 1
    assert pixels(page) != before
    address, image, z = page.url, pixels(page), code(page)
    assert np.abs(z).max() > 0.5
    for part in ("/weights/", "/codes/"):
        assert len([asked for asked in fetched if part in asked]) == 1
    page.reload()
    page.wait_for_selector('.explorer[data-ready="true"]', timeout=PATIENCE_MS)
    assert page.url == address
    np.testing.assert_allclose(code(page), z, atol=2e-3)
    np.testing.assert_allclose(pixels(page), image, atol=2)


def test_keys_move_the_code_and_choose_two_images_to_go_between(reader):
    """
    Arrows move by a tenth, Shift by a half, Home is zero; Enter takes the nearest image. Two of
    them are joined by two ways, and the pair is in the address.
    """
    page = opened(reader, "?z=0,0")
    page.locator(".over").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.wait_for_url(re.compile("z=0.1%2C0.5"))
    page.keyboard.press("Home")
    page.wait_for_url(re.compile("z=0%2C0"))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "z=0%2C0" not in address)
    assert 0 < np.hypot(*code(page)) < 1

    page.get_by_text("A to B", exact=True).click()
    page.get_by_text("Tap: the nearest image is A.").wait_for()
    page.locator(".over").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Now tap for B.").wait_for()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"pair=\d+-\d+"))

    assert page.locator(".strip figure:visible").count() == 18
    lengths = page.locator(".strip figcaption:visible").all_inner_texts()
    assert lengths[0] == lengths[9]
    assert lengths[8] == lengths[17]
    assert "The prior's draws lie at |z| = 1.25 ± 0.66" in page.locator(VIEW).inner_text()


def test_draws_from_the_prior_saves_the_picture_and_shows_the_holes(reader):
    """
    A new draw is another picture that can be taken home; and the run without a price on rate is
    trained beside this one, and its KL is the larger one.
    """
    page = opened(reader, "?view=Samples")
    first = pixels(page, ".grid-picture")
    page.get_by_text("New draw", exact=True).click()
    page.wait_for_url(re.compile("draw=1"))
    reader.settle()
    page.wait_for_timeout(200)

    assert pixels(page, ".grid-picture") != first
    with page.expect_download() as download:
        page.get_by_text("Save the picture").click()
    assert download.value.suggested_filename.endswith("draw-1-temperature-1.png")

    page.locator(".st-key-view").get_by_text("Holes").click()
    page.get_by_text("Codes at β 0").wait_for(timeout=PATIENCE_MS)
    cuts = page.locator(".heat-panel .words").all_inner_texts()
    kl = [float(re.search(r"KL (\d+\.\d+)", cut)[1]) for cut in cuts if cut]
    assert kl[0] < 1 < 5 < kl[1]
    expect(page.locator(".holes .strip figure:visible")).to_have_count(20)


def test_what_is_drawn_is_encoded_and_decoded(reader):
    """
    A drawing with the mouse becomes an image like those of the data, with a code, D and R; what
    no digit looks like is called far from the data.
    """
    page = opened(reader, "?view=Draw")
    line(page, (0.35, 0.2), (0.6, 0.2), (0.62, 0.4), (0.4, 0.5), (0.64, 0.6), (0.35, 0.8))

    seen = np.array(pixels(page, ".seen .tile")) / 255
    ink = datasets.load("digits").train.pixels.mean() * 4
    assert seen.sum() == pytest.approx(ink, rel=0.02)
    words = page.locator(".terms").inner_text()
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d+", words.partition("nats")[0])]
    assert numbers[0] + numbers[1] == pytest.approx(numbers[2])
    image = pixels(page)

    page.get_by_text("Clear", exact=True).click()
    line(page, (0.1, 0.5), (0.9, 0.5))

    assert "Far from the data" in page.locator(".terms").inner_text()
    assert pixels(page) != image

    page.get_by_text("Clear", exact=True).click()
    rows = [((0.05, y), (0.95, y + 0.03)) for y in np.arange(0.05, 0.95, 0.06)]
    line(page, *(place for row in rows for place in row))

    assert "Far from the data: its lines had to be made" in page.locator(".terms").inner_text()
    page.wait_for_url(re.compile("[?&]z="))


def line(page, *places):
    """Draw a line, and wait for what comes of it."""
    stroke(page, ".pad", places, 3)
    page.locator(".terms:not([hidden])").wait_for()
    page.wait_for_timeout(250)


def test_a_finger_drags_on_a_narrow_screen(phone):
    """
    At 390 pixels nothing hangs over the side, plane and image are in view together, and a
    finger moves the code.
    """
    page = opened(phone)
    width = page.evaluate("document.documentElement.scrollWidth")
    before = code(page)
    box, image = (page.locator(s).bounding_box() for s in (".over", ".decoded-image"))

    touch = phone.context.new_cdp_session(page)
    for kind, x in (("touchStart", 0.3), ("touchMove", 0.5), ("touchMove", 0.7)):
        point = {"x": box["x"] + box["width"] * x, "y": box["y"] + box["width"] * 0.6}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_url(re.compile("[?&]z="))

    assert width <= 390
    assert min(image["y"], box["y"]) >= 0
    assert max(image["y"] + image["height"], box["y"] + box["height"]) <= 900
    assert code(page)[0] > before[0] + 0.3
