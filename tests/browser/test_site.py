"""The real site in a real browser, with the network cut: what a reader on a train would see."""

import re

import pytest

from tests.browser.reader import Reader
from tests.browser.site import running_site
from ui.registry import PAGES, PARTS

pytestmark = pytest.mark.browser

STYLED = "[...document.querySelectorAll('style')].some(s => s.textContent.includes('frame-wide'))"
"""Whether the site's own style sheet has come, which a browser applies after the first paint."""

SIZES = {"laptop": (1280, 720), "phone": (390, 844), "zoomed": (640, 512), "old": (1024, 768)}


@pytest.fixture
def reader(browser, site):
    """Opens windows, and closes them after the test."""
    readers = []

    def open_window(**options):
        readers.append(Reader(browser, site, **options))
        return readers[-1]

    yield open_window
    for each in readers:
        each.context.close()


def address_of(slug):
    return "/" if slug == "home" else f"/{slug}"


def test_the_first_link_opened_on_a_fresh_server_shows_its_page(browser, tmp_path):
    """
    A shared link works even for the first visitor, and says nothing of missing pages.
    """
    with running_site(tmp_path) as fresh:
        first = Reader(browser, fresh)
        first.open("/train?beta=4")

        assert first.page.title().startswith(PAGES["train"].title)
        assert first.page.locator('[data-testid="stDialog"]').count() == 0
        first.page.locator(".st-key-beta").get_by_text("4", exact=True).wait_for()
        assert first.complaints == []
        first.context.close()


@pytest.mark.parametrize("slug", PAGES)
def test_every_page_opens_with_the_network_cut_and_fits(reader, slug):
    """
    Nothing is fetched from elsewhere, the console stays clean in either theme, and on a phone,
    an old projector or at 200 % nothing has to be scrolled sideways.
    """
    one = reader()
    one.open(address_of(slug))
    one.page.wait_for_function(STYLED)
    one.page.wait_for_timeout(400)

    assert one.page.locator("h1").inner_text() == PAGES[slug].title
    assert one.page.locator('[data-testid="stException"], [data-testid="stAlert"]').count() == 0
    too_wide = []
    for name, (width, height) in SIZES.items():
        one.page.set_viewport_size({"width": width, "height": height})
        one.page.wait_for_timeout(250)
        wide, room = one.page.eval_on_selector(
            '[data-testid="stMain"]', "main => [main.scrollWidth, main.clientWidth]"
        )
        if wide > room:
            too_wide.append((name, wide, room))
    assert too_wide == []
    before = one.css('[data-testid="stApp"]', "backgroundColor")
    one.page.emulate_media(color_scheme="dark")
    one.page.wait_for_function(
        "before => getComputedStyle(document.querySelector('[data-testid=stApp]'))"
        ".backgroundColor !== before",
        arg=before,
    )
    assert one.complaints == []


def unfold(reader):
    """Open the sidebar, unless it is open."""
    reader.page.wait_for_timeout(500)
    button = reader.page.get_by_test_id("stExpandSidebarButton")
    if button.count():
        button.click()


def test_the_projector_enlarges_every_page_and_stays(reader):
    """
    `?projector=1` sets the type of a lecture hall, and a walk through the site keeps it.
    """
    one = reader()
    one.open("/?projector=1")
    one.type_is("20px")

    unfold(one)  # it leaves its room to the page
    one.page.get_by_test_id("stSidebar").get_by_role("link", name=PAGES["train"].title).click()
    one.page.wait_for_url(re.compile("/train.*projector=true"))
    one.settle()
    one.type_is("20px")

    one.page.reload()
    one.settle()
    one.type_is("20px")

    unfold(one)
    one.page.locator(".st-key-projector label").click()
    one.type_is("17px")
    one.page.wait_for_url(re.compile(r"/train$"))


def test_the_navigation_names_the_parts_with_their_times(reader):
    """
    The sidebar is the lecture's clock, with the pages that exist and no others.
    """
    one = reader()
    one.open("/")
    text = one.page.get_by_test_id("stSidebar").inner_text()

    for part in PARTS:
        assert (part.section in text) == bool(part.pages)


def test_a_preset_sets_the_controls_at_once_and_once(reader):
    """
    A link of the page itself moves every control, and one step back undoes it.
    """
    one = reader()
    one.open("/train?latent=9&seed=3")
    one.page.get_by_role("link", name="A collapse").click()
    one.page.wait_for_url(re.compile(r"/train\?beta=4&warmup=600$"))
    one.settle()

    assert "4" in one.page.locator(".st-key-beta").inner_text().split("\n")

    one.page.go_back()
    one.page.wait_for_url(re.compile("latent=9"))


def test_every_page_opens_with_controls_of_its_own(reader):
    """
    Controls of several pages have the same names in their addresses, and none has the values of
    another page.
    """
    one = reader()
    one.open("/kl_divergence")
    one.page.get_by_role("radio", name="Samples", exact=True).click()
    one.page.wait_for_url(re.compile("view=Samples"))
    unfold(one)
    links = one.page.get_by_test_id("stSidebar")
    links.get_by_role("link", name=PAGES["two_properties"].title).click()
    one.page.wait_for_url(re.compile("/two_properties$"))
    one.settle()

    assert one.page.get_by_test_id("stAlert").count() == 0
    assert one.page.locator(".st-key-p input").input_value().startswith("0.4")


def test_a_value_that_a_control_does_not_know_leaves_the_address(reader):
    """
    A mistyped link opens, the address then says what is shown, and the page what it is not.
    """
    one = reader()
    one.open("/train?beta=1e99&data=Cats&latent=-4&preset=nothing")
    one.page.wait_for_url(re.compile(r"/train$"))

    for said in ("for β 1e99", "for Images Cats", "for Code dimensions -4"):
        one.page.get_by_test_id("stAlert").get_by_text(said).wait_for()


def test_the_owner_is_known_from_the_first_visit_on(reader):
    """
    The browser has its token before the first script run, out of reach of scripts.
    """
    one = reader()
    one.open("/train")
    (cookie,) = (c for c in one.context.cookies() if c["name"] == "companion_owner")

    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert "companion_owner" not in one.page.evaluate("document.cookie")
