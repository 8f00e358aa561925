"""Past runs in the real site: runs side by side, the step in a link, and the list of them all."""

import re

import pytest

from tests.browser.reader import Reader
from tests.browser.test_training_journey import PATIENCE_MS, press, run_in, wait_for_state

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def trained(browser, site):
    """A reader who has trained twice, and the two runs, the later one first."""
    reader = Reader(browser, site)
    ids = []
    for beta in ("1", "4"):
        reader.open(f"/train?steps=60&beta={beta}")
        press(reader, "Train")
        wait_for_state(reader, "done")
        reader.page.wait_for_url(re.compile("run="))
        ids.insert(0, run_in(reader.page.url))
    yield reader, ids
    assert reader.complaints == []
    reader.context.close()


def unfold(reader):
    reader.page.locator(".st-key-past-runs summary").click()
    search = reader.page.get_by_placeholder("beta 4, mnist")
    search.wait_for()
    reader.settle()
    reader.rest(search)


def view(reader, **attributes):
    """Wait until the run view says so."""
    said = "".join(f'[data-{name}="{value}"]' for name, value in attributes.items())
    reader.page.wait_for_selector(f".run{said}", timeout=PATIENCE_MS)


def test_the_step_is_in_the_link(trained, browser, site):
    """
    A reader rests at a step, sends the link, and it opens there, after a reload as well.
    """
    reader, (later, _) = trained
    reader.open(f"/train?run={later}&steps=60&beta=4")
    view(reader, state="done", step="60")
    slider = reader.page.get_by_role("slider", name="Step of the training")
    slider.press("ArrowLeft")
    reader.page.wait_for_url(re.compile(r"at=\d+"))
    step = re.search(r"at=(\d+)", reader.page.url)[1]
    assert int(step) < 60

    reader.page.reload()
    reader.settle()
    view(reader, step=step, mode="pause")
    other = Reader(browser, site)
    other.open(reader.page.url.removeprefix(site.url))
    view(other, step=step, mode="pause")
    assert other.complaints == []
    other.context.close()

    # A run of the script in between, and one that writes the address, leave the step there.
    reader.page.get_by_text("Advanced settings").click()
    reader.page.locator(".st-key-seed input").fill("7")
    reader.page.locator(".st-key-seed input").press("Enter")
    reader.page.wait_for_url(re.compile("seed=7"))
    assert f"at={step}" in reader.page.url

    reader.page.get_by_role("button", name=re.compile("Play|Replay")).click()
    reader.page.wait_for_url(lambda address: "at=" not in address)
    assert run_in(reader.page.url) == later


def test_runs_stand_side_by_side(trained):
    """
    One press puts a past run beside the shown one; the link shows both, and a table names them.
    """
    reader, (later, earlier) = trained
    reader.open(f"/train?run={later}")
    view(reader, state="done")
    unfold(reader)
    reader.page.locator(f".st-key-past_compare_{earlier} button").click()
    reader.page.wait_for_url(re.compile(f"compare={earlier}"))
    view(reader, beside="B60")
    assert reader.page.locator(".company li").all_inner_texts()[0].startswith("A β 4:")

    reader.page.reload()
    reader.settle()
    view(reader, beside="B60")
    cells = reader.page.locator(".st-key-frame-wide tbody tr").all_inner_texts()
    assert [re.split(r"\s+", cell)[:2] for cell in cells] == [["A", "4"], ["B", "1"]]

    unfold(reader)
    reader.page.locator(f".st-key-past_hide_{earlier} button").click()
    reader.page.wait_for_url(lambda address: "compare=" not in address)
    view(reader, beside="")


def test_a_run_is_renamed_deleted_and_brought_back(trained):
    """
    What a reader does with a run outlives a reload, and deleting it can be undone.
    """
    reader, (_, run) = trained
    reader.open(f"/train?run={run}")
    view(reader, state="done")
    unfold(reader)
    reader.page.locator(f".st-key-past_rename_{run} button").click()
    reader.page.locator(".st-key-past_name input").fill("the <b>baseline</b> *")
    reader.page.locator(".st-key-past_name input").press("Enter")
    reader.page.locator(".st-key-past-runs").get_by_text("the <b>baseline</b> *").wait_for()

    reader.page.reload()
    reader.settle()
    unfold(reader)
    reader.page.get_by_placeholder("beta 4, mnist").fill("baseline")
    reader.page.get_by_placeholder("beta 4, mnist").press("Enter")
    reader.page.wait_for_function(
        "document.querySelectorAll('[class*=st-key-past_delete_]').length === 1"
    )
    reader.page.locator(f".st-key-past_delete_{run} button").click()
    reader.page.wait_for_url(lambda address: "run=" not in address)
    view(reader, state="none")

    reader.page.locator(".st-key-past_undo button").click()
    reader.page.wait_for_url(re.compile(f"run={run}"))
    view(reader, state="done")

    reader.page.locator(f".st-key-past_delete_{run} button").click()
    reader.page.wait_for_url(lambda address: "run=" not in address)
    reader.settle()
    reader.open(f"/train?run={run}")
    assert "has been deleted" in reader.page.get_by_test_id("stAlert").inner_text()
    unfold(reader)
    reader.page.locator(f".st-key-past_bring_{run} button").click()
    view(reader, state="done")


def test_nothing_overflows_sideways(trained, browser, site):
    """
    Runs side by side and their table fit a phone, an old projector, and 200 %.
    """
    reader, (later, earlier) = trained
    one = Reader(browser, site)
    one.context.add_cookies(reader.context.cookies())
    one.open(f"/train?run={later}&compare={earlier}&projector=1")
    view(one, beside="B60")
    unfold(one)
    too_wide = []
    for width, height in [(1280, 720), (390, 844), (640, 512), (1024, 768)]:
        one.page.set_viewport_size({"width": width, "height": height})
        one.page.wait_for_timeout(400)
        main = one.page.locator('[data-testid="stMain"]')
        wide, room = main.evaluate("main => [main.scrollWidth, main.clientWidth]")
        if wide > room:
            too_wide.append((width, wide, room))
    complaints = one.complaints
    one.context.close()

    assert too_wide == []
    assert complaints == []
