"""What must hold inside the web process while the site is served.

The bug these tests catch is silent: pages that answer in half a second instead of a few
milliseconds once sixty readers are there.
"""

import json

import pytest

from tests.browser.site import running_site
from ui.registry import PAGES

pytestmark = pytest.mark.slow

HOOK = """
import gc, json, os, sys

def note(phase, info):
    if phase == "stop":
        caller = sys._getframe(1).f_code.co_filename
        line = [info["generation"], caller, gc.get_freeze_count(), "torch" in sys.modules]
        with open(os.path.join({folder!r}, f"{{os.getpid()}}.jsonl"), "a") as file:
            file.write(json.dumps(line) + "\\n")

gc.callbacks.append(note)
"""


def collections(folder, *flags):
    """Every garbage collection of a web process in which each page was opened twice."""
    (folder / "sitecustomize.py").write_text(HOOK.format(folder=str(folder)))
    flags = ("--server.enableAgentApi", "true", *flags)
    with running_site(folder, *flags, PYTHONPATH=str(folder)) as site:
        for _ in range(2):
            for slug in PAGES:
                address = {} if slug == "home" else {"page": slug}
                assert site.visit(**address)["status"] == "ready"
        assert site.log() == ""
        lines = (folder / f"{site.process.pid}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def after_a_script(seen):
    """
    Full collections that Streamlit asked for; young objects are collected anywhere and at once.
    """
    return [
        caller
        for generation, caller, _, _ in seen
        if generation == 2 and "script_runner" in caller
    ]


def test_no_collection_follows_a_script_run_and_imports_are_frozen(tmp_path):
    """
    The collector does not search the imports after each visit, and torch is not among them.
    """
    seen = collections(tmp_path)
    _, _, frozen, has_torch = seen[-1]

    assert not after_a_script(seen)
    assert frozen > 50_000
    assert not has_torch


def test_the_check_above_would_see_a_collection(tmp_path):
    """
    With Streamlit's own setting a full collection follows each run.
    """
    assert after_a_script(collections(tmp_path, "--runner.postScriptGC", "true"))


def test_a_wrong_setting_stops_the_start_with_a_sentence(tmp_path):
    """
    Whoever mistypes a variable is told its name, the rule and the value, without a trace.
    """
    with pytest.raises(RuntimeError) as stopped, running_site(tmp_path, COMPANION_WORKERS="many"):
        pass

    assert "`COMPANION_WORKERS` must be a whole number" in str(stopped.value)
    assert "Traceback" not in str(stopped.value)


def test_nothing_is_printed_while_pages_are_opened_and_a_model_is_trained(tmp_path):
    """
    A warning that nobody mends hides the next one.
    """
    with running_site(tmp_path, "--server.enableAgentApi", "true") as site:
        session = site.visit(page="train")["session_id"]
        site.visit(session_id=session, widget_state={"steps": 20})
        answer = site.visit(session_id=session, trigger={"key": "press"})

        assert answer["status"] == "ready"
        assert site.log() == ""
