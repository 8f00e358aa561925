"""One run's whole life in the real site: held, steered, lost, rewound, compared, taken home."""

import re
import subprocess
import sys

import psutil
import pytest
from safetensors.numpy import load

from core.runs.store import Store
from core.vae.config import TrainConfig
from tests.browser.reader import Reader
from tests.browser.site import ROOT, running_site
from tests.browser.test_training_journey import (
    PATIENCE_MS,
    VIEW,
    last_step,
    press,
    run_in,
    wait_for_button,
    wait_for_state,
)
from tests.core.runs.run_site import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def site(tmp_path):
    """
    The site on an empty store, where nothing but the loss of a worker is written into the log.
    """
    with running_site(tmp_path) as site:
        yield site
        assert all("Restarting worker" in line for line in site.log().splitlines()), site.log()


def test_a_run_that_was_left_goes_on_before_anybody_comes(tmp_path):
    """
    A server that is started again needs no visit to train what the last one left.
    """
    (tmp_path / "data").mkdir()
    store = Store(f"sqlite:///{tmp_path / 'data' / 'runs.sqlite'}")
    config = TrainConfig(steps=50).resolved(device="cpu", precision="fp32")
    run = store.submit(
        kind="vae",
        config=config.to_json(),
        fingerprint=config.fingerprint,
        shared=True,
        owner="me",
    )
    with running_site(tmp_path):
        eventually(lambda: store.run(run.id).state == "done", 60)
    store.close()


def shown(reader, name):
    return reader.page.locator(VIEW).get_attribute(f"data-{name}")


def wait_for_more_than(reader, step):
    """
    The picture goes on beyond a step.
    """
    reader.page.wait_for_function(
        "(step) => Number([...document.querySelectorAll('*')].flatMap((e) => e.shadowRoot ?"
        " [...e.shadowRoot.querySelectorAll('.run')] : [])[0].dataset.lastStep) > step",
        arg=step,
        timeout=PATIENCE_MS,
    )


def kill_the_worker(site):
    family = psutil.Process(site.process.pid).children(recursive=True)
    next(p for p in family if "multiprocessing.spawn" in " ".join(p.cmdline())).kill()


def saved(reader, label, path):
    reader.taken_home(label).save_as(path)
    return path


def test_a_run_is_steered_survives_and_is_repeated_bit_for_bit(browser, site, tmp_path):
    """
    Pause stands still and Go on takes it up; beta acts on it and is marked; its worker is killed
    and it says so, goes on and clears the line; it is rewound in the picture and the address,
    laid over another run, and its script repeats its weights without the site.
    """
    reader = Reader(browser, site)
    page = reader.page
    reader.open("/train?steps=60&seed=4")
    press(reader, "Train")
    wait_for_state(reader, "done")
    other = run_in(page.url)

    reader.open("/train?length=Until+stopped&schedule=Constant&peak=0.002&seed=3&hidden=32")
    press(reader, "Train")
    wait_for_state(reader, "running")
    wait_for_button(reader, "Stop")
    page.locator(".st-key-press_pause button").click()
    wait_for_state(reader, "paused")
    wait_for_button(reader, "Go on")
    page.wait_for_timeout(1500)  # a step that was under way may still be told
    held = last_step(reader)
    page.wait_for_timeout(700)
    assert last_step(reader) == held > 0
    press(reader, "Go on")
    wait_for_more_than(reader, held)
    wait_for_button(reader, "Stop")

    slider = page.locator(".st-key-beta input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_url(re.compile("beta=1.2"))
    page.get_by_label(re.compile(r"β was set to 1\.2 from step [0-9]+")).first.wait_for()
    assert page.get_by_text("describe another training").count() == 0

    before = last_step(reader)
    kill_the_worker(site)
    page.get_by_text("was lost at step").first.wait_for(timeout=PATIENCE_MS)
    wait_for_more_than(reader, before)
    page.get_by_text("was lost at step").first.wait_for(state="detached", timeout=PATIENCE_MS)

    press(reader, "Stop")
    wait_for_state(reader, "stopped")
    wait_for_button(reader, "Go on")
    page.get_by_text("active code dimensions").wait_for()  # so the model is there as it was left
    mine, last = run_in(page.url), last_step(reader)

    time_slider = page.get_by_role("slider", name="Step of the training")
    time_slider.press("Home")
    page.wait_for_url(re.compile("at=0"))
    page.wait_for_selector('.run[data-step="0"][data-pictures="0"]')
    time_slider.press("PageDown")
    assert int(shown(reader, "step")) == 0
    time_slider.press("PageUp")
    page.wait_for_selector('.run:not([data-pictures="0"])')
    assert 0 < int(shown(reader, "step")) < last

    reader.open(f"/train?run={mine}&compare={other}")
    page.wait_for_selector('.run[data-state="stopped"][data-beside="B60"]', timeout=PATIENCE_MS)
    page.get_by_label(re.compile(r"β was set to 1\.2")).first.wait_for()
    reader.settle()
    page.get_by_text("Take this run home").click()
    weights = saved(reader, "Weights", tmp_path / "kept.safetensors")
    script = saved(reader, "Script", tmp_path / "script.py")
    assert reader.complaints == []
    reader.context.close()

    (tmp_path / "core").symlink_to(ROOT / "core", target_is_directory=True)
    command = [sys.executable, "-W", "error", str(script), "--save"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    kept, again = load(weights.read_bytes()), load((tmp_path / "weights.safetensors").read_bytes())
    assert kept.keys() == again.keys()
    assert all((kept[name] == again[name]).all() for name in kept)
