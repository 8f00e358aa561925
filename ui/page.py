"""The frame every page shares: how it opens, how it explains itself, how it ends."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import registry
from ui.registry import ROOT
from ui.source import source

__all__ = [
    "apologise",
    "begin",
    "bench",
    "end",
    "link",
    "link_with",
    "notice",
    "plain",
    "prose",
    "shown_by",
    "style",
    "table",
    "try_these",
]

_READING_WIDTH = 720
"""Pixels: 60 to 75 characters a line."""


_STYLE = ROOT / "assets" / "style"

CODE_KEY = "frame-code"
"""Key under which the session keeps whether the code is unfolded."""


def style(*, projector: bool) -> None:
    """Send the few rules the theme cannot say, and the larger type of a lecture hall."""
    st.html(_STYLE / "site.css")
    if projector:
        st.html(_STYLE / "projector.css")


def begin(file: str) -> None:
    """Write part and time, title and claim of the page whose script is `file`."""
    slug = Path(file).stem
    page, part = registry.page(slug), registry.part_of(slug)
    number = registry.PARTS.index(part)
    place = f"Part {number} · {part.name}" if number else "Map of the lecture"
    with st.container(gap=None, key="frame-opening"):
        st.caption(f"{place} · {part.time}")
        st.title(page.title, anchor=False)
        st.markdown(page.claim)


def bench(name: str = "first") -> tuple[DeltaGenerator, DeltaGenerator]:
    """The place for the controls, a third of the width, and the one for what they move.

    On a phone what moves comes first, with the controls under it.

    Args:
        name: What tells it from another one on the page.
    """
    with st.container(key=f"frame-bench-{name}"):
        left, right = st.columns([1, 2], gap="medium")
    return left, right


def apologise(error: Exception) -> bool:
    """Say that a page has met an error of its own; the trace is in the log.

    Returns:
        True, which keeps the trace off the page.
    """
    st.error(
        "This page has met an error of its own, and the log of the site has the details. Reload "
        "it; if the error comes back, open the page from the navigation, with its controls "
        "untouched.",
        title=type(error).__name__,
    )
    return True


def prose(name: str) -> None:
    """Write one text from `assets/prose`, named as "part/slug" or "part/slug.aspect"."""
    with st.container(width=_READING_WIDTH):
        st.markdown(_text(name))


def plain(sentence: str) -> str:
    """A sentence that may repeat what a reader wrote, as Markdown in which nothing is followed.

    Names of settings stay code; everything else is letters, never a picture or a link, not even
    one that is told from its letters alone: a word joiner, which nobody sees, parts those.
    """
    parts = re.split(r"(`[\w|(): ]+`)", sentence)
    parts[::2] = [
        re.sub(r"(?<=[:@])|(?<=www)", "\u2060", re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", part))
        for part in parts[::2]
    ]
    return "".join(parts)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 1) -> None:
    """Write a table whose cells are our own words.

    Args:
        headings: One for each column.
        rows: The cells.
        numbers: How many columns after the first are aligned to the right.
    """
    words = [":--"] * (len(headings) - 1 - numbers)
    lines = [headings, [":--", *["--:"] * numbers, *words], *rows]
    st.markdown("\n".join(f"|{'|'.join(cells)}|" for cells in lines))


def try_these(file: str, addresses: Mapping[str, Mapping[str, str]]) -> None:
    """Offer presets of a page as links.

    Args:
        file: The page's script.
        addresses: What the address of each says, by the label of its link.
    """
    slug = Path(file).stem
    script = registry.part_of(slug).script(slug)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="frame-try"):
        st.markdown("**Try**", width="content")
        for label, address in addresses.items():
            st.page_link(script, label=label, query_params=dict(address))


def shown_by(file: str, label: str, address: Mapping[str, str]) -> None:
    """Offer one preset of a page, beside what it shows.

    Args:
        file: The page's script.
        label: What the link says.
        address: What it says to the page.
    """
    slug = Path(file).stem
    script = registry.part_of(slug).script(slug)
    icon = ":material/visibility:"
    st.page_link(script, label=label, icon=icon, query_params=dict(address))


def notice(file: str) -> None:
    """Write what to notice on a page: one or two sentences."""
    prose(_prose_name(file))


def end(file: str, *, code: Sequence[str]) -> None:
    """Close a page: the fine print, the mathematics, the code, and the way on.

    Args:
        file: The page's script.
        code: Dotted names of the functions of `core` that made what is shown.
    """
    slug = Path(file).stem
    name = _prose_name(file)
    with st.container(gap="small", key="frame-closing"):
        for aspect, label in (("precise", "To be precise"), ("mathematics", "The mathematics")):
            if _path(f"{name}.{aspect}").is_file():
                with st.expander(label):
                    prose(f"{name}.{aspect}")
        if code:
            # Filled when it is opened: the code is most of what a page would send each time.
            with st.expander(
                "The code behind this page", key=CODE_KEY, on_change="rerun"
            ) as folded:
                for function in code if folded.open else ():
                    found = source(function)
                    st.caption(f"`{found.path}`, line {found.line}")
                    st.code(found.text, language="python")
    _way_on(slug)


def link(slug: str, *, is_back: bool = False) -> None:
    """Link to another page by its slug."""
    page, part = registry.page(slug), registry.part_of(slug)
    icon = f":material/arrow_{'back' if is_back else 'forward'}:"
    st.page_link(part.script(slug), label=page.title, icon=icon)


def link_with(slug: str, label: str, address: Mapping[str, str]) -> None:
    """Link to another page, opened as an address says.

    Args:
        slug: The other page.
        label: What the link says.
        address: What it says to the page.
    """
    script, icon = registry.part_of(slug).script(slug), ":material/arrow_forward:"
    st.page_link(script, label=label, icon=icon, query_params=dict(address))


def _way_on(slug: str) -> None:
    before, after = registry.neighbours(slug)
    left, right = st.columns(2)
    for column, page, word in ((left, before, "Before"), (right, after, "Next")):
        if page is not None:
            with column.container(border=True, height="stretch", gap=None):
                st.caption(word)
                link(page.slug, is_back=page is before)
                st.markdown(page.claim)


def _prose_name(file: str) -> str:
    slug = Path(file).stem
    return f"{registry.part_of(slug).folder}/{slug}"


def _path(name: str) -> Path:
    return ROOT / "assets" / "prose" / f"{name}.md"


def _text(name: str) -> str:
    return _path(name).read_text("utf-8")
