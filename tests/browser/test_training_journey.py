"""The whole way through the site, with real workers: train, watch, reload, train again, stop."""

import re
import time

import pytest

from tests.browser.reader import Reader
from tests.browser.site import running_site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEW = ".run[data-state]"
PATIENCE_MS = 60_000


def press(reader, label):
    reader.page.locator(".st-key-press button").get_by_text(label, exact=True).click()


def wait_for_state(reader, state):
    reader.page.wait_for_selector(f'.run[data-state="{state}"]', timeout=PATIENCE_MS)


def wait_for_button(reader, label):
    button = reader.page.locator(".st-key-press button")
    button.get_by_text(label, exact=True).wait_for(timeout=PATIENCE_MS)


def run_in(address):
    return re.search(r"run=([a-z2-7]{12})", address)[1]


def last_step(reader):
    return int(reader.page.locator(VIEW).get_attribute("data-last-step"))


def test_trains_is_found_again_and_trains_again(reader, browser, site):
    """
    One press trains; the address finds the run after a reload and in another browser; the next
    press takes the next seed.
    """
    reader.open("/train?steps=200")
    press(reader, "Train")
    wait_for_state(reader, "done")
    wait_for_button(reader, "Train again, next seed")
    first = run_in(reader.page.url)
    assert last_step(reader) == 200

    reader.page.reload()
    reader.settle()
    wait_for_state(reader, "done")
    assert run_in(reader.page.url) == first
    assert last_step(reader) == 200
    reader.page.get_by_text("Measured on test images", exact=True).wait_for()

    other = Reader(browser, site)
    other.open(reader.page.url.removeprefix(site.url))
    wait_for_state(other, "done")
    assert last_step(other) == 200
    assert other.complaints == []
    other.context.close()

    press(reader, "Train again, next seed")
    reader.page.wait_for_url(re.compile("seed=1"))
    reader.page.wait_for_url(lambda address: run_in(address) != first)
    wait_for_state(reader, "done")


def test_a_press_is_not_lost_to_a_move(browser, tmp_path):
    """
    Whoever moves a control while a cold site starts their training still sees it begin.
    """
    with running_site(tmp_path) as site:
        reader = Reader(browser, site)
        reader.open("/train?steps=100")
        press(reader, "Train")
        slider = reader.page.locator(".st-key-beta input[type=range]")
        slider.focus()
        for key in ["ArrowRight", "ArrowLeft"] * 2:
            slider.press(key)
            reader.page.wait_for_timeout(150)
        wait_for_state(reader, "done")
        assert run_in(reader.page.url)
        assert reader.complaints == []
        reader.context.close()


def test_only_the_owner_stops_a_training(reader, browser, site):
    """
    A second reader watches an open-ended run and looks away; the first stops it, at once.
    """
    reader.open("/train")
    reader.page.get_by_role("link", name="Until you stop it").click()
    reader.page.wait_for_url(re.compile("length=Until"))
    reader.settle()
    press(reader, "Train")
    wait_for_state(reader, "running")
    wait_for_button(reader, "Stop")

    other = Reader(browser, site)
    other.open(reader.page.url.removeprefix(site.url))
    wait_for_state(other, "running")
    press(other, "Stop watching")
    wait_for_button(other, "Train")
    assert "run=" not in other.page.url
    other.context.close()

    pressed = time.monotonic()
    press(reader, "Stop")
    wait_for_state(reader, "stopped")
    assert time.monotonic() - pressed < 5
    wait_for_button(reader, "Go on")

    # The step that the stop met on its way may still be told; after it there is none.
    reader.page.get_by_text("active code dimensions").wait_for()
    seen = last_step(reader)
    reader.page.wait_for_timeout(1000)
    assert last_step(reader) == seen > 0


def test_a_run_from_elsewhere_can_be_trained_here(reader):
    """
    A link from another machine carries the settings, and the page offers to train them.
    """
    reader.open("/train?run=aaaaaaaaaaaa&steps=60&beta=2")
    assert "not known on this machine" in reader.page.get_by_test_id("stAlert").inner_text()

    press(reader, "Train")
    wait_for_state(reader, "done")
    assert last_step(reader) == 60
    assert reader.page.get_by_test_id("stAlert").count() == 0
