"""Every page opens: the bugs these tests catch are an exception, a missing frame, a wrong map."""

import pytest

from tests.pages.opened import open_page
from ui.page import CODE_KEY
from ui.registry import PAGES, PARTS, neighbours, part_of
from ui.source import source


@pytest.mark.parametrize("slug", PAGES)
def test_opens_cleanly(slug):
    """
    The page runs without an exception and says what it claims, and where in the lecture.
    """
    app = open_page(slug)

    assert not app.exception
    assert not app.error
    assert app.title[0].value == PAGES[slug].title
    assert app.markdown[0].value == PAGES[slug].claim
    assert part_of(slug).time in app.caption[0].value


def test_the_code_unfolds():
    """
    What is shown is the source of core, with where it stands.
    """
    app = open_page("train")
    assert not app.code

    app.session_state[CODE_KEY] = True
    app.run()

    assert app.code[0].value == source("core.vae.objective.rate").text
    assert any("core/vae/objective.py" in caption.value for caption in app.caption)


@pytest.mark.parametrize("slug", PAGES)
def test_ends_with_the_way_on(slug):
    """
    The pages before and after are linked, with their claims.
    """
    app = open_page(slug)
    texts = [markdown.value for markdown in app.markdown]

    for page in neighbours(slug):
        if page is not None:
            assert page.claim in texts


def test_the_map_shows_the_whole_lecture():
    """
    Every part has its time, its name in the lecture and its claim; only pages that are there
    are links.
    """
    app = open_page("home")
    texts = [markdown.value for markdown in app.markdown]
    linked = {link.proto.page_script_hash: link.label for link in app.page_link}

    for number, part in enumerate(PARTS[1:], start=1):
        assert {part.time, f"**{number}. {part.heading}**", part.claim} <= set(texts)
    assert set(linked.values()) == {page.title for page in PAGES.values() if page.slug != "home"}


@pytest.mark.parametrize(("value", "is_on"), [("1", True), ("true", True), ("2", False)])
def test_the_address_switches_the_projector(value, is_on):
    """
    `?projector=1` opens any page in large type, and nonsense does not.
    """
    app = open_page("home", projector=value)

    assert app.toggle(key="projector").value is is_on
    assert not app.exception


def test_the_projector_is_kept_from_page_to_page():
    """
    A lecturer switches it on once.
    """
    app = open_page("home")
    app.toggle(key="projector").set_value(True).run()
    app.switch_page(part_of("train").script("train")).run()

    assert app.toggle(key="projector").value is True
