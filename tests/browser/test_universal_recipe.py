"""The page on the universal recipe, moved with pointer, finger and keys."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from core.lessons.recipe_descent import turns
from core.lessons.universal_recipe import UNTOUCHED, VIEWS
from tests.browser.reader import Reader

pytestmark = pytest.mark.browser

SLUG = "/universal_recipe"
PATIENCE_MS = 15_000
KINDS = dict(zip(VIEWS, ("steps", "descent", "descent", "coin"), strict=True))
SHOWN = """[document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot)]
    .map((root) => root?.querySelector(".sceneCanvas")).find(Boolean)"""


@pytest.fixture(scope="module")
def reader(projected):
    """
    One window for the tests of this file.
    """
    return projected


def opened(reader, address):
    reader.open(f"{SLUG}{address}")
    reader.page.wait_for_selector(".recipe .numbers .value")
    return reader.page, reader.page.locator(".recipe .value")


def wait_for_words(page, text):
    """The text alternative of the picture comes to say this."""
    page.wait_for_function(
        f"(text) => ({SHOWN}?.getAttribute('aria-label') ?? '').includes(text)",
        arg=text,
        timeout=PATIENCE_MS,
    )


def test_every_view_fits_a_projector_and_has_words(reader):
    """
    Claim, control, picture and number are seen together, and every picture says what it shows.
    """
    page, _ = opened(reader, "")
    for view in VIEWS:
        page.get_by_role("radio", name=view, exact=True).click()
        page.wait_for_selector(f".recipe[data-kind={KINDS[view]}]", timeout=PATIENCE_MS)
        reader.settle()
        box = page.locator(".sceneCanvas").bounding_box()
        assert box["y"] + box["height"] < 720, view
        page.wait_for_function(f"() => {SHOWN}?.getAttribute('aria-label')?.length > 40")


def test_the_objective_follows_an_edit(reader):
    """
    A factor is typed, a fault is a sentence, and the picture comes back with another objective.
    """
    page, value = opened(reader, "?scenario=Your own")
    expect(value.first).to_have_text("D + R")
    dream = page.locator(".st-key-dream input")
    dream.fill("q(x|z)*")
    dream.press("Enter")
    alert = page.locator('[data-testid="stAlert"]')
    expect(alert).to_contain_text("must have a factor for z", timeout=PATIENCE_MS)
    wait_for_words(page, "no objective")
    dream.fill("q(z) q(x)*")
    dream.press("Enter")
    expect(page.locator(".recipe .value").first).to_have_text("CE + R", timeout=PATIENCE_MS)


def test_an_edited_scenario_keeps_its_multiplier(reader):
    """
    The address has it, and so it outlives a reload.
    """
    page, value = opened(reader, "?scenario=β-VAE&by_rate=4")
    page.get_by_role("button", name="Edit these factors").click()
    page.wait_for_url(re.compile(r"scenario=Your.own.*by_rate=4|by_rate=4.*scenario=Your.own"))
    page.reload()
    expect(value.first).to_have_text("D + β R", timeout=PATIENCE_MS)


def test_pointing_at_a_term_lights_its_factors(reader):
    """
    With keys as well, and the page need not run for it.
    """
    page, _ = opened(reader, "?projector=1&scenario=Information bottleneck")
    canvas = page.locator(".sceneCanvas")
    before = canvas.screenshot()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.83 * box["height"])
    wait_for_words(page, "is lit")
    assert canvas.screenshot() != before
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] - 40)
    canvas.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    wait_for_words(page, "classification loss ⟨−log q(y|z)⟩ is lit")


def test_a_hand_goes_through_the_turns(reader):
    """
    The numbers follow at once and exactly; at rest the turn is in the address.
    """
    page, value = opened(reader, "?projector=1&view=Gaussians&scenario=Diffusion&steps=4")
    box = page.locator(".sceneCanvas").bounding_box()
    y = box["y"] + 0.5 * box["height"]
    page.mouse.move(box["x"] + 0.1 * box["width"], y)
    page.mouse.down()
    seen = []
    for i in range(1, 5):
        page.mouse.move(box["x"] + (0.1 + 0.1 * i) * box["width"], y)
        page.wait_for_function("() => new Promise((done) => requestAnimationFrame(done))")
        seen.append(float(value.first.inner_text().split()[0]))
    page.mouse.up()
    page.wait_for_url(re.compile(r"turn=[45]"), timeout=PATIENCE_MS)
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) >= 3
    reader.settle()
    assert float(value.first.inner_text().split()[0]) == seen[-1]
    page.locator(".sceneCanvas").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile(r"turn=[34]"), timeout=PATIENCE_MS)


def test_all_turns_are_seen_one_after_the_other(reader):
    """
    A press on All walks through them, and the numbers with it; a hand ends the walk.
    """
    page, value = opened(reader, "?view=Tables")
    page.evaluate(
        f"""() => {{
          const canvas = {SHOWN};
          window.__turns = [];
          const note = () => {{
            const turn = Number(/Shown: turn (\\d+)/.exec(canvas.getAttribute("aria-label"))?.[1]);
            if (window.__turns.at(-1) !== turn) window.__turns.push(turn);
          }};
          new MutationObserver(note).observe(canvas, {{ attributeFilter: ["aria-label"] }});
        }}"""
    )
    every = page.get_by_role("button", name="All", exact=True)
    every.click()
    last = turns(replace(UNTOUCHED, view="Tables"))
    wait_for_words(page, f"Shown: turn {last}, KL[P; Q]: 0.0000 nats")
    expect(value.first).to_have_text("0.0000 nats")
    seen = page.evaluate("window.__turns")
    assert seen == sorted(seen)
    assert len(seen) >= 3

    page.get_by_role("button", name="Back to start").click()
    wait_for_words(page, "Shown: turn 0,")
    every.click()
    page.wait_for_function("window.__turns.at(-1) > 2", timeout=PATIENCE_MS)
    page.locator(".sceneCanvas").focus()
    page.keyboard.press("ArrowLeft")
    reader.settle()
    page.wait_for_url(lambda url: f"turn={last}" not in url, timeout=PATIENCE_MS)


def test_the_coin_comes_to_bayes(reader):
    """
    All its turns, and nothing is left between the joint and the marginal.
    """
    page, value = opened(reader, "?view=Beta coin")
    page.get_by_role("button", name="All", exact=True).click()
    expect(value.nth(2)).to_have_text("0.000", timeout=PATIENCE_MS)


def test_a_phone_shows_it_all(browser, site):
    """
    Nothing runs over the side at 390 px, in any view, and a finger goes through the turns.
    """
    one = Reader(browser, site, viewport={"width": 390, "height": 844}, has_touch=True)
    for view in ("Beta coin", "Four steps", "Tables"):
        page, _ = opened(one, f"?view={view}&scenario=Diffusion")
        wide, room = page.eval_on_selector(
            '[data-testid="stMain"]', "main => [main.scrollWidth, main.clientWidth]"
        )
        assert wide <= room, view
    box = page.locator(".sceneCanvas").bounding_box()
    page.touchscreen.tap(box["x"] + 0.6 * box["width"], box["y"] + 0.2 * box["height"])
    page.wait_for_url(re.compile("turn="), timeout=PATIENCE_MS)

    assert one.complaints == []
    one.context.close()
