"""Controls whose values live in the address, so that every view is a link.

The key of a control is its name in the address. A value that the control does not know falls
back to its default. Options stand in the address as they stand on the screen.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

__all__ = [
    "add_one",
    "apply_preset",
    "choice",
    "forget",
    "is_projected",
    "marks",
    "number",
    "pick",
    "preset_address",
    "projector",
    "refused",
    "result",
    "set_all",
    "short",
    "text",
    "turn_to",
    "values",
    "words",
]

T = TypeVar("T")

_PAGE, _KEYS = "controls_page", "controls_keys"
_PRESET = "preset"
_REFUSED = "controls_refused"
_PROJECTOR = "projector"


def choice(
    label: str,
    options: Iterable[str],
    default: str,
    *,
    key: str,
    help: str | None = None,
    on_change: Callable[[], None] | None = None,
) -> str:
    """One of a few words."""
    listed = list(options)
    index = listed.index(default)
    asked = _asked(key)
    chosen = st.selectbox(
        label, listed, index, key=key, help=help, on_change=on_change, bind="query-params"
    )
    return _noted(label, key, asked, chosen, _one_of(listed))


def pick(label: str, options: Iterable[str], default: str, *, key: str) -> str:
    """One of a few words, all of them in view; the label is for those who cannot see them."""
    asked, listed = _asked(key), list(options)
    chosen = st.segmented_control(
        label,
        listed,
        default=default,
        required=True,
        key=key,
        label_visibility="collapsed",
        wrap=True,
        bind="query-params",
    )
    return _noted(label, key, asked, chosen or default, _one_of(listed))


def marks(
    label: str,
    values: Sequence[float],
    default: float,
    *,
    key: str,
    help: str | None = None,
    on_change: Callable[[], None] | None = None,
) -> float:
    """A slider over marked values, as evenly spaced as they are listed.

    An address may write a mark in another way, as 4.0 for 4.
    """
    asked = _asked(key)
    mark = None if asked is None else _mark(asked, values)
    if mark is not None and asked != short(mark):
        st.query_params[key] = short(mark)  # as the slider itself will write it
        st.rerun()
    chosen = st.select_slider(
        label,
        values,
        default,
        format_func=short,
        key=key,
        help=help,
        on_change=on_change,
        bind="query-params",
    )
    rule = f"a mark from {short(values[0])} to {short(values[-1])}"
    return _noted(label, key, asked, chosen, rule)


def _mark(text: str, values: Sequence[float]) -> float | None:
    """The mark that a text means, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value in values else None


def number(
    label: str, low: int, high: int, default: int, *, key: str, help: str | None = None
) -> int:
    """A whole number within bounds."""
    asked = _asked(key)
    chosen = st.number_input(label, low, high, default, 1, key=key, help=help, bind="query-params")
    return _noted(label, key, asked, chosen, f"a whole number from {low:,} to {high:,}")


def words(label: str, default: str, *, key: str, help: str | None = None, most: int = 60) -> str:
    """A text in one line, such as a list of widths; whoever uses it checks it."""
    return st.text_input(label, default, most, key=key, help=help, bind="query-params") or ""


def text(label: str, default: str, most: int, *, key: str, help: str | None = None) -> str:
    """A longer text of at most so many characters; whoever uses it checks it."""
    return st.text_area(label, default, max_chars=most, key=key, help=help, bind="query-params")


def result(label: str, value: str, *, key: str, on_change: Callable[[], None]) -> None:
    """A number that follows from other controls, and may be typed to have them follow it.

    It is in no address, for what it follows from is.
    """
    st.session_state[key] = value
    st.text_input(label, key=key, max_chars=60, on_change=on_change)


def turn_to(page: str) -> None:
    """Leave the controls of the page before behind, for those of another have the same names.

    Call it at every visit before the page runs. What the address says of the new page stays.

    Args:
        page: Any name of the page that is about to run.
    """
    if st.session_state.get(_PAGE) == page:
        return
    for key in (*st.session_state.get(_KEYS, ()), _REFUSED):
        st.session_state.pop(key, None)
    st.session_state.update({_PAGE: page, _KEYS: set()})


def refused() -> list[str]:
    """What the address asked of controls that they cannot be, as sentences, until they move."""
    notes = st.session_state.get(_REFUSED, {})
    return [text for key, (value, text) in notes.items() if st.session_state.get(key) == value]


def _asked(key: str) -> str | None:
    """What the address asks of a control that is made for the first time."""
    st.session_state.setdefault(_KEYS, set()).add(key)
    return None if key in st.session_state else st.query_params.get(key)


def _one_of(options: Sequence[str]) -> str:
    return f"one of {', '.join(options)}"


def _noted(label: str, key: str, asked: str | None, chosen: T, rule: str) -> T:
    """Remember that a control could not be what the address asked for, and what it can be."""
    if asked is not None and asked != short(chosen):
        text = "".join(c for c in asked[:40] if c.isalnum() or c in " .,+-")
        name = re.sub(r":\w+\[([^]]*)]", r"\1", label).replace("*", "").partition(",")[0]
        sentence = (
            f"The address asks for {name} {text}, which must be {rule}; {short(chosen)} is used."
        )
        st.session_state.setdefault(_REFUSED, {})[key] = (chosen, sentence)
    return chosen


def forget(key: str, options: Container[object]) -> None:
    """Let a control stand at its default whose value is not among the options of now.

    Call it before the control is made.
    """
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def values(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each control by its key; the default for one that is not on the page."""
    return {key: st.session_state.get(key, default) for key, default in defaults.items()}


def add_one(key: str, most: int) -> None:
    """Raise a number by one, from `most` to zero: in a callback, before its control is made."""
    st.session_state[key] = (st.session_state[key] + 1) % (most + 1)


def is_projected() -> bool:
    """Whether the address asks for the larger type of a lecture hall."""
    return st.query_params.get(_PROJECTOR) in ("1", "true")


def projector() -> bool:
    """The switch for a lecture hall, kept from page to page. `?projector=1` opens it too."""
    if _PROJECTOR not in st.session_state and st.query_params.get(_PROJECTOR) == "1":
        st.query_params[_PROJECTOR] = "true"  # as the switch itself will write it
        st.rerun()
    return st.toggle(
        "Projector", key=_PROJECTOR, bind="query-params", help="Larger type, for a lecture hall."
    )


def preset_address(
    name: str, values: Mapping[str, object], defaults: Mapping[str, object]
) -> dict[str, str]:
    """What a link on a page says to have its controls set as a preset asks.

    A link to the page that is open replaces the whole address and leaves every control that it
    does not mention as it is. So the name of the preset goes with it, for `apply_preset`.

    Args:
        name: Name of the preset.
        values: The value it gives to each control, by key.
        defaults: The value of each control that nobody has moved, by key.
    """
    kept = {_PROJECTOR: "true"} if st.session_state.get(_PROJECTOR) else {}
    return {_PRESET: name, **_moved(values, defaults), **kept}


def apply_preset(
    presets: Mapping[str, Mapping[str, object]], defaults: Mapping[str, object]
) -> bool:
    """Set the controls as the preset asks that a link has named, if one has.

    Call it before the controls are made. The name leaves the address, the values stay; a name
    that is not known leaves it without effect.

    Args:
        presets: For each name, the value of every control, by key.
        defaults: The value of each control that nobody has moved, by key.

    Returns:
        Whether a preset was applied.
    """
    name = st.query_params.get(_PRESET)
    if name is None:
        return False
    del st.query_params[_PRESET]
    if name not in presets:
        return False
    set_all(presets[name], defaults)
    return True


def set_all(values: Mapping[str, object], defaults: Mapping[str, object]) -> None:
    """Set every control: before they are made, or in a callback.

    Args:
        values: The value of each control, by key.
        defaults: The value of each control that nobody has moved, by key.
    """
    st.session_state.setdefault(_KEYS, set()).update(values)
    for key, value in _moved(values, defaults).items():
        if key not in st.session_state:  # the address of a control on the page is its own to write
            st.query_params[key] = value
    st.session_state.update(values)


def _moved(values: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, str]:
    return {key: short(value) for key, value in values.items() if value != defaults[key]}


def short(value: object) -> str:
    """A value as it stands on the screen and in the address."""
    return f"{value:g}" if isinstance(value, float) else str(value)
