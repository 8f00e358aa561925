"""The page on Gaussian shells, moved with pointer, finger and keys."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core import shells
from core.lessons.gaussian_shells import VIEWS
from tests.browser.component import call
from tests.browser.reader import Reader

pytestmark = pytest.mark.browser

SLUG = "/gaussian_shells"
PATIENCE_MS = 15_000
KINDS = dict(
    zip(
        VIEWS,
        ("shell", "samples", "pairs", "within", "between", "haystack", "gallery", "dimension"),
        strict=True,
    )
)
SLIDER = ".shells .slider input"


@pytest.fixture(scope="module")
def reader(projected):
    """
    One window for the tests of this file.
    """
    return projected


def opened(reader, address):
    reader.open(f"{SLUG}{address}")
    reader.page.wait_for_selector(".shells .numbers .value")
    return reader.page, reader.page.locator(".shells .value").first


def frame(page):
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(done))")


def test_dimensions_follow_the_hand_and_the_server_hears_of_the_end(reader):
    """
    Figures and curves at every frame, from the law itself; the address only on release.
    """
    page, value = opened(reader, "?d=10")
    slider = page.locator(SLIDER).first
    box = slider.bounding_box()
    x, y = box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    seen = []
    for i in range(6):
        page.mouse.move(x + 0.08 * box["width"] * i, y)
        frame(page)
        seen.append(value.inner_text())
    d = int(slider.get_attribute("aria-valuetext").replace(",", ""))

    assert len(set(seen)) == 6
    assert seen[-1] == f"{shells.mean(d):.3f} ± {shells.std(d):.3f}"
    assert re.search(r"d=10\b", page.url)
    page.mouse.up()
    page.wait_for_url(re.compile(rf"d={d}\b"), timeout=PATIENCE_MS)
    expect(page.locator(".st-key-d input")).to_have_value(str(d), timeout=PATIENCE_MS)
    expect(value).to_have_text(seen[-1])


def test_keys_move_slider_boundary_and_place(reader):
    """
    One dimension more where they are few; a boundary and a place by arrows.
    """
    page, _ = opened(reader, "?d=3")
    page.locator(SLIDER).first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"d=4\b"), timeout=PATIENCE_MS)

    page, value = opened(reader, "?view=Within&radius=9")
    page.locator(".sceneCanvas").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"radius=9\.18"), timeout=PATIENCE_MS)
    expect(value).to_have_text("9.18", timeout=PATIENCE_MS)

    page, _ = opened(reader, "?view=Between&place=0.5")
    page.locator(".sceneCanvas").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile(r"place=0\.45"), timeout=PATIENCE_MS)


def test_a_mass_is_dragged_down_to_nothing(reader):
    """
    To the left end of its slider: 1e-300, and the radius follows.
    """
    page, value = opened(reader, "?view=Within&d=784&radius=27")
    box = page.locator(SLIDER).nth(1).bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 5, box["y"] + box["height"] / 2)
    page.mouse.up()
    expect(page.locator(".st-key-mass input")).to_have_value("1.00·10⁻³⁰⁰", timeout=PATIENCE_MS)

    assert float(value.inner_text()) == pytest.approx(7.31659, abs=1e-5)


def test_every_view_fits_a_projector_and_has_words(reader):
    """
    Claim, control, picture and number are seen together, and every picture says what it shows.
    """
    page, _ = opened(reader, "")
    for view in VIEWS:
        page.get_by_role("radio", name=view, exact=True).click()
        page.wait_for_selector(f".shells[data-kind={KINDS[view]}]", timeout=PATIENCE_MS)
        reader.settle()
        canvas = page.locator(".sceneCanvas")
        box = canvas.bounding_box()
        assert box["y"] + box["height"] < 720, view
        expect(canvas).to_have_attribute("aria-label", re.compile(".{60}"), timeout=PATIENCE_MS)


def test_a_finger_moves_the_boundary_on_a_phone(browser, site):
    """
    Nothing runs over the side at 390 px, and a tap puts the boundary where it is.
    """
    one = Reader(browser, site, viewport={"width": 390, "height": 844}, has_touch=True)
    page, value = opened(one, "?view=Within")
    before = value.inner_text()
    box = page.locator(".sceneCanvas").bounding_box()
    page.touchscreen.tap(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    page.wait_for_url(re.compile("radius="), timeout=PATIENCE_MS)
    wide, room = page.eval_on_selector(
        '[data-testid="stMain"]', "main => [main.scrollWidth, main.clientWidth]"
    )

    assert value.inner_text() != before
    assert wide <= room
    assert one.complaints == []
    one.context.close()


def test_the_browser_reckons_as_core_does(reader):
    """
    The law and its masses from both sides, to nine digits and more; and the mass slider goes from
    1e-300 by a half to all but 1e-300, and stands where it was put.
    """
    page, _ = opened(reader, "")
    for d in (1, 2, 7, 39, 40, 784, 10_000):
        middle = d**0.5
        radii = [1e-300, 0.1 * middle, 0.98 * middle, middle, middle + 3]
        script = (
            "return { mean: m.mean(a.d), std: m.std(a.d), interval: m.interval(a.d),"
            " balls: a.radii.map((r) => m.withinRadius(r, a.d)),"
            " shells: [1e-300, 0.4, 1, 2].map((e) => m.withinShell(e, a.d)),"
            " density: a.radii.slice(1).map((r) => m.logDensity(r, a.d)) }"
        )
        found = call(page, "shells/law.js", script, {"d": d, "radii": radii})
        assert found["mean"] == pytest.approx(shells.mean(d), rel=1e-12)
        assert found["std"] == pytest.approx(shells.std(d), rel=1e-11)
        assert found["interval"] == pytest.approx(shells.central_interval(d), rel=1e-10)
        expected = [shells.within_radius(r, d) for r in radii]
        expected += [shells.within_shell(e, d) for e in (1e-300, 0.4, 1.0, 2.0)]
        for sides, mass in zip(found["balls"] + found["shells"], expected, strict=True):
            assert sides[0] == pytest.approx(mass.log_inside, rel=1e-9)
            assert sides[1] == pytest.approx(mass.log_outside, rel=1e-9)
        density = shells.log_density(np.array(radii[1:]), d)
        assert found["density"] == pytest.approx(density.tolist(), rel=1e-9, abs=1e-9)
    script = "return a.map((share) => [m.ODDS.value(share), m.ODDS.at(m.ODDS.value(share))])"
    shares = [0, 0.1, 0.4, 0.4999, 0.5, 0.5001, 0.8, 1]
    places = np.array(call(page, "shells/sliders.js", script, shares))
    np.testing.assert_allclose(places[:, 1], shares, atol=1e-9)
    assert places[0, 0] == pytest.approx(-300 * np.log(10), rel=1e-12)
    assert (np.diff(places[:, 0]) > 0).all()
