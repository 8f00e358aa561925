"""The page on weight of evidence, moved with pointer and keys; its modules against `core`."""

import math
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core import notation
from core.lessons.weight_of_evidence import FAMILIES
from tests.browser.reader import Reader, window

pytestmark = pytest.mark.browser

SLUG = "/weight_of_evidence"
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def reader(browser, site):
    """
    One window for all tests of this file, which complains of nothing.
    """
    with window(browser, site, viewport={"width": 1440, "height": 900}) as one:
        one.open(SLUG)
        yield one


def opened(reader, address=""):
    reader.open(f"{SLUG}{address}")
    reader.page.wait_for_selector(".belief .bars li")
    return reader.page


def said(page):
    """
    What the picture of the belief says: probability, and the terms of the equation.
    """
    terms = page.locator(".belief .equation .value").all_inner_texts()
    return page.locator(".belief .chance").inner_text(), terms


def wait_for(page, posterior):
    expect(page.locator(".belief .posterior .value")).to_have_text(posterior, timeout=PATIENCE_MS)


def type_into(reader, key, text):
    box = reader.page.locator(f".st-key-{key} input")
    box.fill(text)
    box.press("Enter")
    reader.settle()


def needle(page):
    return page.locator(".belief .needle").evaluate(
        "hand => Number(hand.style.transform.match(/-?[0-9.]+/)[0])"
    )


def drag(page, target, by, steps=8):
    """
    Drag an element by so many pixels, and return what the needle showed on the way.
    """
    box = target.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    seen = []
    for i in range(1, steps + 1):
        page.mouse.move(x + by * i / steps, y)
        seen.append(needle(page))
    page.mouse.up()
    return seen


class TestCalculator:
    def test_the_antibody_test_is_typed_and_read(self, reader):
        """
        0.616, +13.288 dB, -11.234 dB and +2.054 dB, in the picture.
        """
        page = opened(reader, "?prior=1:1&given_p=1/2&given_q=1/2")
        type_into(reader, "prior", "0.07")
        type_into(reader, "given_p", "0.938")
        type_into(reader, "given_q", "0.044")
        wait_for(page, "+2.054 dB")

        assert said(page) == ("0.616", ["−11.234 dB", "+13.288 dB", "+2.054 dB"])
        label = page.locator(".belief .gauge").get_attribute("aria-label")
        assert "P has the probability 0.616, which is +2.054 dB; before it was 0.070" in label
        assert re.search("given_p=0.938", page.url)

    def test_the_needle_swings_with_every_observation(self, reader):
        """
        Equal evidence turns it by an equal angle, and one tails lays it on Q.
        """
        page = opened(reader, "?preset=coins")
        wait_for(page, "+15.051 dB")
        turns = [needle(page)]
        for shown in ("+18.062 dB", "+21.072 dB"):
            page.locator(".st-key-again button").click()
            wait_for(page, shown)
            turns.append(needle(page))

        assert np.diff(turns) == pytest.approx(2 * [math.log10(2) * 10 * 76 / 30], abs=1e-3)
        type_into(reader, "given_p", "0")
        wait_for(page, "−∞ dB")
        assert said(page)[0] == "0, impossible"
        assert needle(page) == -90


class TestHands:
    def test_the_prior_is_dragged_and_moved_by_keys(self, reader):
        """
        The needle follows in the browser; at rest the control has the new prior. An arrow is a
        tenth of a deciban, and with Shift a whole one.
        """
        page = opened(reader)
        seen = drag(page, page.get_by_role("slider", name="Prior log-odds of P"), 60)
        page.wait_for_function(
            "!document.querySelector('.st-key-prior input').value.includes('%')"
        )
        reader.settle()

        assert len(set(seen)) > 4
        assert seen == sorted(seen)
        prior = page.locator(".st-key-prior input").input_value()
        assert prior.endswith(" dB")
        written = notation.signed(notation.read(prior, "prior"), "dB")
        assert said(page)[1][0] == written

        type_into(reader, "prior", "0 dB")
        handle = page.get_by_role("slider", name="Prior log-odds of P")
        handle.focus()
        handle.press("ArrowRight")
        handle.press("Shift+ArrowRight")
        page.wait_for_function("document.querySelector('.st-key-prior input').value === '1.1 dB'")
        assert handle.get_attribute("aria-valuetext") == "+1.100 dB"

    def test_the_weight_is_dragged(self, reader):
        """
        Pr(X|Q) follows, so that the weight is what the hand has left.
        """
        page = opened(reader)
        seen = drag(page, page.get_by_role("slider", name="Weight of X: positive"), -80)
        page.wait_for_function("document.querySelector('.st-key-given_q input').value !== '4.4 %'")
        reader.settle()

        assert seen == sorted(seen, reverse=True)
        given_q = float(page.locator(".st-key-given_q input").input_value())
        evidence = notation.signed(math.log(0.938 / given_q), "dB")
        assert said(page)[1][1] == evidence

    def test_the_sum_is_replayed_and_changed(self, reader):
        """
        The needle goes through every total. The order changes nothing, taking a line out does.
        """
        page = opened(reader, "?preset=quiz")
        wait_for(page, "−5.766 dB")
        before = needle(page)
        page.get_by_role("button", name="Replay").click()
        assert needle(page) == 0
        expect(page.locator(".bars .current")).to_have_count(0, timeout=PATIENCE_MS)
        assert needle(page) == before

        page.get_by_role("button", name="Move one place up").click()
        order = ["Prior", "wrong × 2", "X: right × 8", "Posterior"]
        labels = page.locator(".belief .bars .label")
        expect(labels).to_have_text(order, timeout=PATIENCE_MS)
        assert said(page)[1][-1] == "−5.766 dB"
        expect(page.get_by_role("button", name="Take it out").first).to_be_focused()

        page.get_by_role("button", name="Take it out").first.click()
        wait_for(page, "+8.213 dB")


class TestDensities:
    def test_the_point_follows_the_hand(self, reader):
        """
        Its weight is that of core wherever it rests, and the control says where.
        """
        page = opened(reader)
        root, canvas = page.locator(".densities"), page.locator(".densitiesCanvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        for share in (0.3, 0.62):
            before = root.get_attribute("data-x")
            page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"])
            expect(root).not_to_have_attribute("data-x", before)
            x = float(root.get_attribute("data-x"))
            assert x == pytest.approx(-8 + 16 * share, abs=0.3)
            page.wait_for_url(re.compile(rf"[?&]x={x:g}(&|$)"))
            place = np.array([x])
            p, q = (FAMILIES["Normal"](*law) for law in ((1.0, 1.0), (-1.0, 1.5)))
            weight = float(p.log_density(place)[0] - q.log_density(place)[0])
            assert float(root.get_attribute("data-weight")) == pytest.approx(weight, abs=1e-9)
            assert notation.signed(weight, "dB") in root.locator(".value").inner_text()

    def test_a_density_and_the_point_are_moved(self, reader):
        """
        A density by its mark, and the point by keys: at rest the controls have them.
        """
        page = opened(reader)
        canvas = page.locator(".densitiesCanvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        rem = float(reader.css("html", "fontSize").removesuffix("px"))
        y = box["y"] + box["height"] - 3.1 * rem
        at = [box["x"] + 0.4 * rem + (box["width"] - 0.8 * rem) * (x + 8) / 16 for x in (1, -3)]
        page.mouse.move(at[0], y)
        page.mouse.down()
        page.mouse.move(at[1], y, steps=5)
        page.mouse.up()
        page.wait_for_url(re.compile(r"p_mean=-(2\.9|3|3\.1)(&|$)"))

        canvas.press("ArrowLeft")
        canvas.press("Shift+ArrowLeft")
        page.wait_for_url(re.compile(r"x=-0\.1(&|$)"))

    def test_the_modules_agree_with_core(self, reader):
        """
        Every family, at places near and far, to rounding.
        """
        places = [-7.5, -1.0, 0.3, 0.99, 2.0, 1e3]
        shapes = ((0.3, 0.7, 4.0, 0.5), (-2.0, 3.0, 1.5, 0.05))
        cases = [(name, *shape) for name in FAMILIES for shape in shapes]
        found = reader.page.evaluate(
            """async ([cases, places]) => {
              const m = await import('/api/components/densities/laws.js');
              return cases.map(([family, mean, scale, apart, share]) => places.map((x) =>
                Math.max(-1e300, m.logDensity({ family, mean, scale, apart, share }, x))));
            }""",
            [cases, places],
        )
        for (name, *shape), row in zip(cases, found, strict=True):
            true = FAMILIES[name](*shape).log_density(np.array(places))
            np.testing.assert_allclose(row, np.maximum(true, -1e300), rtol=1e-12, atol=1e-12)

    def test_the_notation_agrees_with_core(self, reader):
        """
        Log-odds are written in the browser as on the page.
        """
        values = [0.0, 0.47, -2.587, 1e-9, 12.3, -690.8, 690.8, 92.95, 23_000.5, 1e8, -4.3]
        found = reader.page.evaluate(
            """async (values) => {
              const m = await import('/api/components/belief/notation.js');
              return values.map((x) => [m.signed(x, 'dB'), m.signed(x, 'bits'), m.probability(x)]);
            }""",
            values,
        )
        for nats, texts in zip(values, found, strict=True):
            expected = notation.readings(nats)
            assert texts == [expected.decibans, expected.bits, expected.probability]


def test_the_projector_shows_it_at_once(browser, site):
    """
    At 1280 x 720 the claim, the controls, the gauge and the sum are in view without scrolling.
    """
    one = Reader(browser, site)
    one.open(f"{SLUG}?projector=1")
    one.type_is("20px")
    one.page.wait_for_selector(".belief .bars li")
    one.page.wait_for_timeout(300)
    for selector in ("h1", ".st-key-prior", ".belief .gauge", ".belief .bars", ".st-key-again"):
        box = one.page.locator(selector).bounding_box()
        assert box["y"] + box["height"] <= 720, selector
    one.context.close()


def test_a_finger_moves_it_on_a_phone(browser, site):
    """
    The picture comes first, nothing is cut, and a touch on the plot moves the point.
    """
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    one = Reader(browser, site, **phone)
    one.open(SLUG)
    one.page.wait_for_selector(".belief .bars li")
    gauge, prior = (
        one.page.locator(selector).bounding_box()
        for selector in (".belief .gauge", ".st-key-prior")
    )
    assert gauge["y"] < prior["y"]
    canvas = one.page.locator(".densitiesCanvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    one.page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    one.page.wait_for_url(re.compile(r"[?&]x=-"))
    assert one.complaints == []
    one.context.close()
