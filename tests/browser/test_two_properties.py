"""The page on the two properties of KL, moved with pointer, finger and keys."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.divergence import bernoulli_kl, gaussian_kl, poisson_kl, table_kl
from core.lessons.two_properties import VIEWS
from tests.browser.component import call
from tests.browser.reader import Reader

pytestmark = pytest.mark.browser

SLUG = "/two_properties"
PATIENCE_MS = 15_000
KINDS = dict(zip(VIEWS, ("proof", "surface", "tail", *["split"] * 4, "paths"), strict=True))


@pytest.fixture(scope="module")
def reader(projected):
    """
    One window for the tests of this file.
    """
    return projected


def opened(reader, address):
    reader.open(f"{SLUG}{address}")
    reader.page.wait_for_selector(".properties .numbers .value")
    return reader.page, reader.page.locator(".properties .value").first


def frame(page):
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(done))")


def test_a_bar_follows_the_hand_and_the_others_make_room(reader):
    """
    KL is estimated on the way; at rest it is exact, and both tables are in the address.
    """
    page, value = opened(reader, "?q=0.4, 0.3, 0.2, 0.1")
    assert value.inner_text() == "0 nats"
    box = page.locator(".sceneCanvas").bounding_box()
    x, y = box["x"] + 0.42 * box["width"] * 0.1, box["y"] + 0.3 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    seen = []
    for i in range(6):
        page.mouse.move(x, y + 12 * i)
        frame(page)
        seen.append(value.inner_text())
    page.mouse.up()
    page.wait_for_url(re.compile(r"p=0\.\d"), timeout=PATIENCE_MS)
    expect(value).to_have_text(re.compile(r"^[0-9.]+ nats$"), timeout=PATIENCE_MS)

    assert len(set(seen)) >= 5
    assert all(text.startswith("≈ ") for text in seen)
    typed = page.locator(".st-key-p input").input_value()
    table = np.array([float(chance) for chance in typed.split(",")])
    assert table.sum() == pytest.approx(1, abs=1e-12)
    assert value.inner_text() == f"{table_kl(table, np.array([0.4, 0.3, 0.2, 0.1])):.4f} nats"


def test_keys_move_bars_and_mark(reader):
    """
    Left and right choose a bar, up and down change it; on a surface all four move the mark.
    """
    page, value = opened(reader, "")
    canvas = page.locator(".sceneCanvas")
    canvas.focus()
    before = value.inner_text()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator(".st-key-p input")).to_have_value(
        re.compile(r"^0\.42, "), timeout=PATIENCE_MS
    )
    assert value.inner_text() != before

    page, value = opened(reader, "?view=Surface&coin_p=0.5&coin_q=0.5")
    assert value.inner_text() == "0 nats"
    page.locator(".sceneCanvas").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_url(re.compile("coin_p=0.6"), timeout=PATIENCE_MS)
    expect(value).to_have_text(f"{bernoulli_kl(0.6, 0.5):.4f} nats", timeout=PATIENCE_MS)


def test_every_view_fits_a_projector_and_has_words(reader):
    """
    Claim, control, picture and number are seen together, and every picture says what it shows.
    """
    page, _ = opened(reader, "")
    for view in VIEWS:
        page.get_by_role("radio", name=view, exact=True).click()
        page.wait_for_selector(f".properties[data-kind={KINDS[view]}]", timeout=PATIENCE_MS)
        reader.settle()
        canvas = page.locator(".sceneCanvas")
        box = canvas.bounding_box()
        assert box["y"] + box["height"] < 720, view
        page.wait_for_function(
            "() => (document.querySelector('.sceneCanvas')?.getAttribute('aria-label') ??"
            " [...document.querySelectorAll('*')].flatMap((e) => e.shadowRoot ? [...e.shadowRoot"
            ".querySelectorAll('.sceneCanvas')] : [])[0]?.getAttribute('aria-label') ?? '')"
            ".length > 40"
        )


def test_a_finger_moves_the_mark_on_a_phone(browser, site):
    """
    Nothing runs over the side at 390 px, and a tap puts the mark where it is.
    """
    one = Reader(browser, site, viewport={"width": 390, "height": 844}, has_touch=True)
    page, value = opened(one, "?view=Surface")
    before = value.inner_text()
    box = page.locator(".sceneCanvas").bounding_box()
    page.touchscreen.tap(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    page.wait_for_url(re.compile("coin_q="), timeout=PATIENCE_MS)
    wide, room = page.eval_on_selector(
        '[data-testid="stMain"]', "main => [main.scrollWidth, main.clientWidth]"
    )

    assert value.inner_text() != before
    assert wide <= room
    assert one.complaints == []
    one.context.close()


def test_the_browser_reckons_as_core_does(reader):
    """
    Gaps and surfaces, to twelve digits.
    """
    page, _ = opened(reader, "")
    p, q = [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]
    near = [0.4 + 1e-7, 0.3 - 1e-7, 0.2, 0.1]
    for other in (q, near):
        found = call(page, "properties/proof.js", "return m.divergence(...a)", [p, other])
        assert found == pytest.approx(table_kl(np.array(p), np.array(other)), rel=1e-8)
    kls = bernoulli_kl(0.3, 0.8), gaussian_kl(0.3, 0.8, 0.0, 1.0), poisson_kl(0.3, 0.8)
    for family, kl in enumerate(kls):
        script = f"return m.FAMILIES[{family}](...a)"
        found = call(page, "properties/surface.js", script, [0.3, 0.8])
        assert found == pytest.approx(kl, rel=1e-12)
