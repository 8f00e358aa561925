"""The page on KL divergence, moved with pointer, finger and keys; its modules against `core`."""

import re

import pytest
from playwright.sync_api import expect

from core.densities import kl_divergence, unsupported
from core.lessons.kl_divergence import VIEWS
from core.lessons.weight_of_evidence import FAMILIES
from tests.browser.component import call
from tests.browser.reader import Reader, window

pytestmark = pytest.mark.browser

SLUG = "/kl_divergence"
PATIENCE_MS = 15_000
RANGE = (-8, 8)
KINDS = {
    "Samples": "fan",
    "Race": "race",
    "Coins": "flips",
    "Families": "bars",
    "Units": "curves",
    "Codes": "codes",
}
"""Pictures of the views that show no two densities."""


@pytest.fixture(scope="module")
def reader(browser, site):
    """
    One window for most tests of this file, which complains of nothing.
    """
    with window(
        browser, site, viewport={"width": 1440, "height": 900}, color_scheme="dark"
    ) as one:
        one.open(SLUG)
        yield one


def opened(reader, address=""):
    reader.open(f"{SLUG}{address}")
    reader.page.wait_for_selector(".divergence .numbers .value")
    return reader.page


def numbers(page):
    return page.locator(".divergence .numbers .value").all_inner_texts()


def show(page, view):
    """
    Press the view, and wait for its picture.
    """
    page.get_by_role("radio", name=view, exact=True).click()
    kind = KINDS.get(view, "densities")
    page.wait_for_selector(f".divergence[data-kind={kind}]", timeout=PATIENCE_MS)


def place_of(reader, x):
    """
    Where a place on the axis is, in pixels of the window.
    """
    box = reader.page.locator(".sceneCanvas").bounding_box()
    rem = float(reader.css("html", "fontSize").removesuffix("px"))
    left, right = box["x"] + 0.4 * rem, box["x"] + box["width"] - 0.4 * rem
    return left + (right - left) * (x - RANGE[0]) / (RANGE[1] - RANGE[0])


def floor_of(reader):
    """
    Where the axis of the upper plot is, which the marks of the centres stand on.
    """
    box = reader.page.locator(".sceneCanvas").bounding_box()
    rem = float(reader.css("html", "fontSize").removesuffix("px"))
    top, bottom = 1.2 * rem, box["height"] - 1.7 * rem
    return box["y"] + top + int(0.42 * (bottom - top))


class TestDensities:
    def test_follow_the_hand(self, reader):
        """
        Both divergences are estimated on the way; at rest they are exact, and in the address.
        """
        page = opened(reader, "?q_mean=0&q_scale=1&p_mean=0")
        root = page.locator(".divergence")
        assert numbers(page) == ["0 nats", "0 nats"]
        y = floor_of(reader)
        page.mouse.move(place_of(reader, 0), y)
        page.mouse.down()
        seen = []
        for i in range(1, 7):
            page.mouse.move(place_of(reader, -i / 6), y)
            page.wait_for_function("() => new Promise((done) => requestAnimationFrame(done))")
            seen.append(numbers(page)[0])
        page.mouse.up()
        expect(root.locator(".value").first).to_have_text("0.5000 nats", timeout=PATIENCE_MS)

        assert len(set(seen)) >= 5
        assert all(text.startswith("≈ ") for text in seen)
        assert seen[-1] == "≈ 0.500 nats"
        page.wait_for_url(re.compile("p_mean=-1(&|$)"))
        expect(page.locator(".sceneCanvas")).to_have_attribute(
            "aria-label", re.compile("P, Normal around −1 with scale 1.*is 0.5000 nats")
        )

    def test_are_moved_by_keys(self, reader):
        """
        Arrows move and widen P, with Shift Q; where Q forbids what P allows, infinity is a word.
        """
        page = opened(reader, "?q=Uniform&q_mean=0&q_scale=3.9&p=Uniform&p_mean=2.85&p_scale=1")
        canvas = page.locator(".sceneCanvas")
        canvas.focus()
        for _ in range(3):
            canvas.press("ArrowRight")
        assert numbers(page)[0] == "infinite"
        page.wait_for_url(re.compile("p_mean=3(&|$)"))
        reader.settle()
        expect(page.get_by_text("P may fall between x = 3.9 and 4")).to_be_visible()

        canvas.press("Shift+ArrowUp")
        canvas.press("Shift+ArrowUp")
        page.wait_for_url(re.compile("q_scale=4(&|$)"))
        canvas.press("ArrowDown")
        page.wait_for_url(re.compile(r"p_scale=0\.95(&|$)"))
        expect(page.locator(".divergence .value").first).to_have_text(
            "1.4376 nats", timeout=PATIENCE_MS
        )

    def test_your_own_beside_the_fits(self, reader):
        """
        The Gaussian of the reader is dragged by its mark, the mixture is not.
        """
        page = reader.page
        show(page, "Two fits")
        page.get_by_role("link", name="Bumps that touch").click()
        page.wait_for_url(re.compile(r"apart=2(&|$)"))
        reader.settle()
        box = page.locator(".sceneCanvas").bounding_box()
        rem = float(reader.css("html", "fontSize").removesuffix("px"))
        y = box["y"] + box["height"] - 1.7 * rem
        page.mouse.move(place_of(reader, 1), y)
        page.mouse.down()
        page.mouse.move(place_of(reader, 2), y, steps=4)
        page.mouse.up()
        page.wait_for_url(re.compile(r"own_mean=(1\.95|2|2\.05)(&|$)"))
        assert page.locator(".divergence").get_attribute("data-theme") == "dark"

    def test_estimates_agree_with_core(self, reader):
        """
        For every two families: infinite where it is, and else to a part in three hundred.
        """
        shapes = ((0.5, 0.7, 4.0, 0.3), (-1.0, 1.5, 3.0, 0.6))
        pairs = [(p, q) for p in FAMILIES for q in FAMILIES]
        laws = [
            [
                dict(
                    zip(("family", "mean", "scale", "apart", "share"), (name, *shape), strict=True)
                )
                for name, shape in zip(pair, shapes, strict=True)
            ]
            for pair in pairs
        ]
        found = call(
            reader.page,
            "divergence/kl.js",
            "return a.map(([p, q]) => [Math.min(1e300, m.divergence(p, q)), m.forbidden(p, q)"
            ".map((ends) => ends.map((x) => Math.max(-1e300, Math.min(1e300, x))))]);",
            laws,
        )
        for (one, other), (value, gaps) in zip(pairs, found, strict=True):
            p, q = FAMILIES[one](*shapes[0]), FAMILIES[other](*shapes[1])
            true = min(1e300, kl_divergence(p, q).value)
            assert value == pytest.approx(true, rel=1 / 300), (one, other)
            if other == "Uniform":
                ends = [[max(-1e300, min(1e300, x)) for x in gap] for gap in unsupported(p, q)]
                assert gaps == [pytest.approx(gap) for gap in ends]


def test_coins_and_many_runs_answer_to_a_press(reader):
    """
    The next toss rules the double-headed coin out; a press draws 10,000 runs of 1,000.
    """
    page = reader.page
    show(page, "Coins")
    page.get_by_role("link", name="Before the first tails").click()
    expect(page.locator(".divergence .value").first).to_have_text(
        "−3.000 bits", timeout=PATIENCE_MS
    )
    page.locator(".st-key-flip button").click()
    expect(page.locator(".divergence .value").first).to_have_text("+∞ bits", timeout=PATIENCE_MS)
    page.wait_for_url(re.compile("flips=4"))

    show(page, "Samples")
    page.locator(".st-key-many button").click()
    expect(page.get_by_text("10,000 runs of 1,000 samples from P")).to_be_visible(
        timeout=PATIENCE_MS
    )


def test_the_projector_shows_every_view_at_once(browser, site):
    """
    At 1280 x 720 claim, views, numbers and picture are in view, and so is the first control.
    """
    one = Reader(browser, site)
    one.open(f"{SLUG}?projector=1")
    one.type_is("20px")
    page = one.page
    page.wait_for_selector(".divergence .numbers .value")
    for view in VIEWS:
        show(page, view)
        one.settle()
        for selector in ("h1", ".divergence .numbers", ".sceneCanvas"):
            box = page.locator(selector).bounding_box()
            assert box["y"] + box["height"] <= 720, (view, selector)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    words = re.compile("Outcomes of P as columns.*KL from P to Q")
    expect(page.locator(".sceneCanvas")).to_have_attribute("aria-label", words)
    assert one.complaints == []
    one.context.close()


def test_a_finger_moves_it_on_a_phone(browser, site):
    """
    The picture comes first, nothing overflows sideways in any view, and a touch drags a density.
    """
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    one = Reader(browser, site, **phone)
    one.open(f"{SLUG}?p_mean=0&q_mean=3")
    page = one.page
    page.wait_for_selector(".divergence .numbers .value")
    canvas = page.locator(".sceneCanvas")
    assert canvas.bounding_box()["y"] < page.locator(".st-key-p").bounding_box()["y"]

    touch = page.context.new_cdp_session(page)
    y = floor_of(one)
    finger = [{"x": place_of(one, 0), "y": y}]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    for x in (-0.5, -1.0, -1.5, -2.0):
        finger = [{"x": place_of(one, x), "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": finger})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_url(re.compile(r"p_mean=-(1\.9|1\.95|2|2\.05)"))

    for view in VIEWS[1:]:
        show(page, view)
        one.settle()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
    assert one.complaints == []
    one.context.close()
