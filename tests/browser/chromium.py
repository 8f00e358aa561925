"""A real browser for the tests that need one, found where people usually have it."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

__all__ = ["NoChromium", "find_chromium", "launched"]

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
MISSING = (
    "There is no Chromium to test with: install one, "
    "or name it in the environment variable CHROMIUM."
)


def find_chromium(playwright: Playwright) -> str | None:
    """The program of a Chromium, or None: the one named, playwright's own, or the system's."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    places = [playwright.chromium.executable_path]
    places += [found for command in COMMANDS if (found := shutil.which(command))]
    places += PLACES
    return next((place for place in places if Path(place).is_file()), None)


class NoChromium(RuntimeError):
    """There is no browser on this machine; the text says what to do."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium for the time of the block.

    Raises:
        NoChromium: If there is none.
    """
    with sync_playwright() as playwright:
        chromium = find_chromium(playwright)
        if chromium is None:
            raise NoChromium(MISSING)
        is_root = sys.platform == "linux" and os.geteuid() == 0
        arguments = ["--no-sandbox"] if is_root else []
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()
