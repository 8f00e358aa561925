"""What the browser tests share: a browser, a page of its own, and what that page complains of."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import NoChromium, launched
from tests.browser.reader import Reader, window
from tests.browser.site import Site, running_site


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """
    Chromium, started once, and gone before other tests want an event loop of their own.

    Where there is none the test is skipped, or fails if one is required.
    """
    try:
        with launched() as running:
            yield running
    except NoChromium as error:
        if os.environ.get("COMPANION_REQUIRE_BROWSER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """
    The site on an empty store, for all tests of a file, in whose log nothing is written.
    """
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site
        assert site.log() == ""


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Reader]:
    """
    A reader of the test's own site, who closes the window after the test, without a complaint.
    """
    with window(browser, site) as reader:
        yield reader


@pytest.fixture(scope="module")
def projected(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """
    One window on a file's own page, `SLUG`, dark and with the type of a lecture hall.
    """
    with window(browser, site, color_scheme="dark") as one:
        one.open(f"{request.module.SLUG}?projector=1")
        one.type_is("20px")
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """
    A page in a context of its own.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    yield context.new_page()
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """
    What the page writes to the console as an error or a warning, and what it throws.
    """
    heard: list[str] = []
    page.on(
        "console",
        lambda said: heard.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
