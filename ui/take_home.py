"""What a reader takes home of a run, and the way back: a config that is opened from a file."""

import html
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.lessons import take_home as lesson
from core.runs.records import Run
from core.vae.config import TrainConfig
from ui import controls, page

__all__ = ["show"]

_FILE = "config_file"
"""Key of the control that takes a file."""


def show(
    run: Run | None, untouched: Mapping[str, Any], train: Callable[[TrainConfig], None]
) -> None:
    """Offer the files of a run, if there is one, and to open a config from a file.

    Args:
        run: The run that the page shows, or None.
        untouched: The value of each control of the page that nobody has moved, by key.
        train: What a press does that asks for a training which the controls cannot describe.
    """
    if run is not None:
        with st.expander("Take this run home", key="take-home"):
            st.html(_links(run))
    with st.expander("Open a config", key="open-config"):
        file = st.file_uploader(
            "A `config.json` that was taken home; the controls will stand as it says",
            type="json",
            key=_FILE,
            max_upload_size=1,
            on_change=_open,
            args=(untouched,),
        )
        if file is not None:
            opened = lesson.opened(_body(file))
            if opened.problem is None:
                st.caption("The controls have been set as the file says.")
            elif opened.config is None:
                st.error(page.plain(opened.problem))
            else:
                st.caption(page.plain(opened.problem))
                if opened.refusal is not None:
                    st.error(page.plain(opened.refusal))
                elif opened.note is not None:
                    st.caption(page.plain(opened.note))
                st.button(
                    "Train it as it is",
                    key="train_opened",
                    width="stretch",
                    disabled=opened.refusal is not None,
                    on_click=train,
                    args=(opened.config,),
                )


def _open(untouched: Mapping[str, Any]) -> None:
    """Set the controls as the file says that has been chosen, if they can be."""
    file = st.session_state[_FILE]
    opened = None if file is None else lesson.opened(_body(file))
    if opened is not None and opened.choices is not None:
        controls.set_all(opened.choices.values(), untouched)


def _body(file: Any) -> bytes:  # noqa: ANN401 - an upload of Streamlit's, which is a file
    """As much of a file as is needed to see that it is too large."""
    file.seek(0)
    return file.read(lesson.MOST_BYTES + 1)


def _links(run: Run) -> str:
    """Links that a browser follows to a file of its own, without leaving the page.

    Relative, so that they hold under a base path. A download button of Streamlit's would keep
    what it made in the memory of this process, and drop it after two more script runs of
    anybody's, before a busy browser had fetched it.
    """
    rows = (
        f'<dt><a href="api/runs/{run.id}/export/{file.name}" download>{html.escape(file.label)}'
        f"</a> {html.escape(file.name.rpartition('.')[2])}</dt>"
        f"<dd>{html.escape(file.content)}</dd>"
        for file in lesson.offers(run)
    )
    return f'<dl class="take-home">{"".join(rows)}</dl>'
