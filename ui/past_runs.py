"""The list of a reader's past runs, and runs side by side: widgets for what the lesson decides."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.lessons import past_runs as lesson
from core.runs.records import LONGEST_NAME, Run, StoreUnavailable
from ui import runs, watch
from ui.owner import owner

__all__ = ["KEY", "panel", "side_by_side", "table"]

KEY = "past-runs"
"""Key under which the session keeps whether the list is unfolded."""

_SEARCH, _LIMIT = "past_search", "past_limit"
_RENAMING, _NEW_NAME = "past_renaming", "past_name"
_DELETED, _FAILURE = "past_deleted", "past_failure"


@dataclass(frozen=True, slots=True)
class _Deleted:
    """The run that has been deleted last.

    Attributes:
        run: Its id.
        title: What it was called.
        choice: What was on the charts then.
        place: How many runs stood before it on the list.
    """

    run: str
    title: str
    choice: lesson.Choice
    place: int


def side_by_side(run: Run | None, beside: watch.Beside) -> dict[str, Any]:
    """What the run view is told of the runs beside the shown one."""
    if run is None or not beside.runs:
        return {"label": None, "others": []}
    label, *labels = lesson.comparison((run, *beside.runs), beside.names).labels
    others = [
        {"run": other.id, "attempt": other.attempt, "state": other.state, "label": words}
        for other, words in zip(beside.runs, labels, strict=True)
    ]
    return {"label": label, "others": others}


def table(run: Run, beside: watch.Beside) -> None:
    """Write what runs side by side were asked for, and what has come of it."""
    compared = lesson.comparison((run, *beside.runs), beside.names)
    st.markdown(
        "**Side by side**: nats per image on test images, mean ± standard error, once a training "
        "is over"
    )
    lines = [
        "|".join(map(_heading, compared.headings)),
        "|".join(":--" for _ in compared.headings),
        *("|".join((f"**{row[0]}**", *map(_cell, row[1:]))) for row in compared.rows),
    ]
    with st.container(key="frame-wide"):
        st.markdown("\n".join(f"|{line}|" for line in lines))
    if compared.note:
        st.caption(compared.note)


def panel(page: str, beside: watch.Beside) -> None:
    """Offer the reader's past runs, folded: to show, compare, rename, delete and bring back.

    Args:
        page: Slug of the page that shows runs.
        beside: What is on its charts.
    """
    if beside.problem:
        st.caption(beside.problem)
    # Filled when it is opened: it asks the store, and has many buttons.
    with st.expander("Past runs", key=KEY, on_change="rerun") as folded:
        if folded.open:
            _fill(page, beside.choice)


def _fill(page: str, choice: lesson.Choice) -> None:
    if failure := st.session_state.pop(_FAILURE, None):
        st.error(failure)
    search = st.text_input(
        "Search past runs",
        key=_SEARCH,
        placeholder="beta 4, mnist, latent 10, or a name",
        label_visibility="collapsed",
        type="search",
    )
    limit = st.session_state.setdefault(_LIMIT, lesson.PAGE)
    try:
        listed, deleted = (
            runs.service().runs(owner(), deleted=gone, kind=watch.VAE) for gone in (False, True)
        )
    except StoreUnavailable as error:
        st.error(str(error))
        return
    found = lesson.past_runs(
        listed,
        deleted,
        search=search or "",
        choice=choice,
        limit=limit,
        now=time.time(),
        zone=_zone(),
    )
    if found.sentence:
        st.caption(found.sentence)
    place = st.session_state[_DELETED].place if _DELETED in st.session_state else None
    for count, row in enumerate((*found.own, *found.watched)):
        if count == place:
            _offer_undo(page)
        if count == len(found.own):
            st.caption("Started by somebody else, looked at by you")
        _row(row, page, choice, count)
    if place is not None and place >= len(found.own) + len(found.watched):
        _offer_undo(page)
    if found.more:
        more = f"Show {min(found.more, lesson.PAGE)} more"
        st.button(more, key="past_more", type="tertiary", on_click=_show_more)
    if found.deleted:
        st.caption("Deleted, and removed for good after a day")
    for row in found.deleted:
        _deleted_row(row, page)


def _offer_undo(page: str) -> None:
    """Where the run was that has been deleted last."""
    deleted: _Deleted = st.session_state[_DELETED]
    with st.container(horizontal=True, vertical_alignment="center", key="past-undo"):
        st.markdown(f"Deleted: {_plain(deleted.title)}", width="content")
        back = deleted.run, deleted.choice, page
        st.button("Undo", key="past_undo", on_click=_restore, args=back)


def _row(row: lesson.Row, page: str, choice: lesson.Choice, place: int) -> None:
    if st.session_state.get(_RENAMING) == row.run:
        _rename_row(row)
        return
    with _line():
        _words(row)
        show = lesson.Choice(row.run, tuple(other for other in choice.beside if other != row.run))
        joined = lesson.toggled(choice, row.run)
        word = "Shown" if row.is_shown else "Show"
        with st.container(horizontal=True, width="content", gap="small"):
            _button(word, row, row.is_shown, watch.choose, show, page)
            word = "Hide" if row.is_beside else "Compare"
            _button(word, row, not (row.is_beside or row.can_join), watch.choose, joined, page)
            _button("Rename", row, False, _begin_renaming, row)
            deleted = _Deleted(row.run, row.title, choice, place)
            _button("Delete", row, False, _delete, deleted, page)


def _rename_row(row: lesson.Row) -> None:
    with st.form("past-rename", border=False):  # in a form, Enter saves
        st.text_input(
            "Name of this run",
            row.name,
            10 * LONGEST_NAME,  # a longer one is refused with a sentence, not cut
            key=_NEW_NAME,
            placeholder=row.title,
        )
        with st.container(horizontal=True, gap="small"):
            for label, act, arguments in (
                ("Save", _rename, (row.run,)),
                ("Cancel", _end_renaming, ()),
            ):
                key = f"past_{label.lower()}_{row.run}"
                st.form_submit_button(
                    label, key=key, type="tertiary", on_click=act, args=arguments
                )


def _deleted_row(row: lesson.Row, page: str) -> None:
    with _line():
        _words(row)
        _button("Bring back", row, False, _restore, row.run, None, page)


def _line() -> DeltaGenerator:
    """A run and what can be done with it: beside each other, or below where there is no room."""
    return st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        gap="xxsmall",
    )


def _words(row: lesson.Row) -> None:
    words = f"{_plain(row.title)}  \n:small[:gray[{_plain(row.detail)}]]"
    st.markdown(words, width="content")


def _button(
    label: str, row: lesson.Row, is_idle: bool, act: Callable[..., None], *arguments: object
) -> None:
    key = f"past_{label.split()[0].lower()}_{row.run}"
    st.button(label, key=key, type="tertiary", disabled=is_idle, on_click=act, args=arguments)


# -- What the buttons do, before the script runs again ----------------------------------------


def _show_more() -> None:
    st.session_state[_LIMIT] += lesson.PAGE


def _begin_renaming(row: lesson.Row) -> None:
    st.session_state[_RENAMING] = row.run
    st.session_state[_NEW_NAME] = row.name


def _end_renaming() -> None:
    st.session_state.pop(_RENAMING, None)


def _rename(run: str) -> None:
    name = st.session_state.get(_NEW_NAME) or ""
    if _tried(lambda: runs.service().rename(run, owner(), name)):
        _end_renaming()


def _delete(deleted: _Deleted, page: str) -> None:
    run, choice = deleted.run, deleted.choice
    if not _tried(lambda: runs.service().delete(run, owner())):
        return
    st.session_state[_DELETED] = deleted
    if run == choice.shown:
        watch.leave(page)
    elif run in choice.beside:
        watch.choose(lesson.toggled(choice, run), page)


def _restore(run: str, choice: lesson.Choice | None, page: str) -> None:
    """Bring a run back, on the charts as well where it was on them when it was deleted."""
    st.session_state.pop(_DELETED, None)
    is_back = _tried(lambda: runs.service().restore(run, owner()))
    if is_back and choice is not None and run in (choice.shown, *choice.beside):
        watch.choose(choice, page)


def _tried(act: Callable[[], bool]) -> bool:
    """Whether something was done; if not, the list says why."""
    try:
        is_done = act()
    except (StoreUnavailable, ValueError) as error:
        st.session_state[_FAILURE] = str(error)
        return False
    if not is_done:
        st.session_state[_FAILURE] = "That run is on the list no longer."
    return is_done


# -- How it is written ------------------------------------------------------------------------


def _zone() -> tzinfo:
    """The time zone of the reader's browser."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError, OSError):
        return UTC


_SHORT = 16
"""Characters of a cell that stand on one line."""

_COLOURED = {
    "": " ",
    "D": ":orange[D]",
    "R": ":green[R]",
}


def _heading(text: str) -> str:
    return _COLOURED.get(text, _plain(text))


def _cell(text: str) -> str:
    """A cell of a table: a number stays on one line with its error, only a name may take more."""
    return _plain(text if len(text) > _SHORT else text.replace(" ", "\u00a0"))


def _plain(text: str) -> str:
    """A reader's own words as Markdown that shows them as they are."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])", r"\\\1", text)
