"""Files of a run as a browser saves them, and a config on its way back, with real workers."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.browser.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def reader(browser, site):
    """
    A reader who has trained for a moment and looks at what can be taken home.
    """
    reader = Reader(browser, site)
    reader.open("/train?steps=60&beta=2")
    if "run=" not in reader.page.url:
        reader.page.locator(".st-key-press button").click()
    reader.page.wait_for_selector('.run[data-state="done"]', timeout=60_000)
    reader.settle()
    reader.page.get_by_text("Take this run home").click()
    yield reader
    assert reader.complaints == []
    reader.context.close()


def saved(reader, label):
    """
    Name and bytes of the file that a link leads to, which the page outlives.
    """
    before = reader.page.url
    file = reader.taken_home(label)
    assert reader.page.url == before
    assert len(reader.context.pages) == 1
    return file.suggested_filename, Path(file.path()).read_bytes()


def test_files_are_saved_beside_the_page(reader):
    """
    Every link saves a file under a name that says which run it is of.
    """
    run = re.search(r"run=([a-z2-7]{12})", reader.page.url)[1]
    files = {
        label: saved(reader, label)
        for label in ("Reports", "Config", "Weights", "Pictures", "Script", "Everything")
    }
    names = [name for name, _ in files.values()]
    with zipfile.ZipFile(io.BytesIO(files["Everything"][1])) as packed:
        inside = {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}

    assert names == [
        f"vae-{run}-{name}"
        for name in (
            "reports.csv",
            "config.json",
            "weights.safetensors",
            "pictures-step-60.png",
            "script.py",
            "everything.zip",
        )
    ]
    assert inside["reports.csv"] == files["Reports"][1]
    assert inside["weights.safetensors"] == files["Weights"][1]
    assert inside["pictures/step-60.png"] == files["Pictures"][1]
    rows = list(csv.DictReader(io.StringIO(files["Reports"][1].decode())))
    assert rows[-1]["step"] == "60"
    assert rows[-1]["training_beta"] == "2"


def test_a_config_finds_the_way_back(reader):
    """
    The saved config, opened on an untouched page, describes the same run; a wrong one nothing.
    """
    name, body = saved(reader, "Config")
    page = reader.page
    reader.open("/train")
    page.get_by_text("Open a config").click()
    chosen = page.locator(".st-key-config_file input[type=file]")
    wrong = json.dumps(json.loads(body) | {"![picture](http://example.com/x.png)": 1}).encode()
    chosen.set_input_files([{"name": "a.json", "mimeType": "application/json", "buffer": wrong}])
    page.get_by_test_id("stAlert").get_by_text("is not a setting").wait_for()
    assert page.url.endswith("/train")
    assert page.get_by_test_id("stAlert").locator("img, a").count() == 0

    chosen.set_input_files([{"name": "b.json", "mimeType": "application/json", "buffer": body}])
    page.wait_for_url(re.compile("steps=60"))
    reader.settle()
    assert page.get_by_test_id("stAlert").count() == 0
    page.locator(".st-key-press button").click()
    page.wait_for_selector('.run[data-state="done"]', timeout=60_000)
    run = re.search(r"run=([a-z2-7]{12})", page.url)[1]

    assert name == f"vae-{run}-config.json"
