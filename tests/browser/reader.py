"""A reader of the site: a browser window with the network cut, which notes every complaint."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Download, Locator, Route

from tests.browser.site import Site

__all__ = ["Reader", "window"]

OURS = re.compile(r"^https?://(localhost|127\.0\.0\.1)[:/]")
"""Everything else is cut off."""

HARMLESS = (
    # A link to a page, opened cold: Streamlit looks for its server beside the page first.
    re.compile(r"status of 404 .*/_stcore/(health|host-config)$"),
)


class Reader:
    """One reader with a window of their own, whose browser notes every complaint."""

    def __init__(self, browser: Browser, site: Site, **options):
        self.site = site
        self.complaints: list[str] = []
        options = {"viewport": {"width": 1280, "height": 720}} | options
        self.context = browser.new_context(**options)
        self.context.route(
            lambda address: not OURS.match(address), lambda route: self.refuse(route)
        )
        self.page = self.context.new_page()
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error {error}"))

    def refuse(self, route: Route):
        self.complaints.append(f"asked for {route.request.url}")
        route.abort()

    def note(self, message: ConsoleMessage):
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type in ("error", "warning") and not any(p.search(text) for p in HARMLESS):
            self.complaints.append(f"{message.type} {text}")

    def open(self, address="/"):
        self.page.goto(f"{self.site.url}{address}")
        self.settle()

    def settle(self):
        """Wait until the script has run and everything that it sent is there."""
        self.page.wait_for_selector(
            '[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000
        )
        self.page.wait_for_selector("h1", timeout=60_000)
        self.page.wait_for_function("document.querySelectorAll('[data-stale=true]').length === 0")

    def rest(self, element: Locator):
        """Wait until an element has stood still for half a second.

        What is drawn above it grows as its pictures come: a press in between would miss it.
        """
        still, before = 0, None
        while still < 5:
            self.page.wait_for_timeout(100)
            box = element.bounding_box()
            still, before = (still + 1 if box == before else 0), box

    def taken_home(self, label: str) -> Download:
        """Follow a link to a file of the run that the page shows."""
        link = self.page.locator(".take-home").get_by_role("link", name=label)
        link.wait_for()
        self.rest(link)
        with self.page.expect_download() as coming:
            link.click()
        return coming.value

    def type_is(self, size):
        """Wait until the root, which everything follows, has type of this size."""
        self.page.wait_for_function(
            "size => getComputedStyle(document.documentElement).fontSize === size", arg=size
        )

    def css(self, selector, name):
        return self.page.eval_on_selector(
            selector, "(element, name) => getComputedStyle(element)[name]", name
        )


@contextmanager
def window(browser: Browser, site: Site, **options: Any) -> Iterator[Reader]:
    """A reader with a window of these options, which has had nothing to complain of at its end."""
    reader = Reader(browser, site, **options)
    yield reader
    assert reader.complaints == []
    reader.context.close()
