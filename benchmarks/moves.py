"""Every control of a page, found on the page itself, and the moves a hand would make with it.

A page is what the agent API shows of it: a tree of elements with their values, and a list of what
can be acted on now. A new page, or a new control, is moved without a word about it here.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["ASIDE", "Control", "Page", "Walk", "controls", "elements", "retyped", "waits"]

Page = dict[str, Any]
"""One page as the agent API shows it."""

ASIDE = re.compile(r"\btrain|\bweights\b|\bdelete\b|\d,\d{3}", re.IGNORECASE)
"""Labels of buttons that announce a longer computation, or that take something away."""

PICKS = ("segmented_control", "selectbox", "radio")
SWITCHES = ("toggle", "checkbox", "expander")
TIMES = 2
"""How often a control is moved that is not a list of words."""

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+|/\d+|\s+in\s+\d+)?")
"""A number as readers write it: also 1e-300, 1/4 and 1 in 14."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control that can be moved now.

    Attributes:
        key: Its key.
        type: What it is, as the agent API calls it.
        label: Its label.
        value: Where it stands, or None for a button.
        props: What it was made with: options, bounds, step.
    """

    key: str
    type: str
    label: str
    value: Any
    props: dict[str, Any]

    @property
    def is_pick(self) -> bool:
        """Whether it is one of a few words, each of which is visited."""
        return self.type in PICKS

    @property
    def options(self) -> list[str]:
        """The words or marks it can stand at."""
        return list(self.props.get("options", []))

    def moved(self, turn: int) -> Any:  # noqa: ANN401 - whatever the control holds
        """Where a hand puts it next: a step further, and at every other turn to the far end.

        Raises:
            ValueError: If nobody has said how a control of this type is moved.
        """
        if self.type in SWITCHES:
            return not self.value
        if self.type in ("text_input", "text_area"):
            return retyped(self.value or "", turn)
        if self.is_pick:
            return self.options[(turn + 1) % len(self.options)]
        if self.type == "select_slider":
            options = self.options
            place = options.index(self.value)
            if turn % 2 == 0:
                return options[(place + 1) % len(options)]
            return options[-1 if 2 * place < len(options) else 0]
        if self.type in ("number_input", "slider"):
            step, most = self.props.get("step") or 1, self.props.get("max_value")
            is_room = most is None or self.value + step <= most
            return self.value + step if is_room else self.value - step
        raise ValueError(f"`type` must be one that can be moved, got {self.type!r} ({self.key}).")


def elements(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An element of a page and all below it, as they stand on the page."""
    yield node
    for child in node.get("children", []):
        yield from elements(child)


def controls(page: Page) -> list[Control]:
    """What can be moved on a page now, from top to bottom.

    Buttons that announce a longer computation, or take something away, are left out (`ASIDE`).
    """
    can = {action["key"] for action in page["actions"]}
    found = []
    for element in elements(page["tree"]):
        key, props = element.get("key"), element.get("props", {})
        if key not in can or props.get("disabled"):
            continue
        label = props.get("label", "")
        if element["type"] == "button" and ASIDE.search(label):
            continue
        found.append(Control(str(key), element["type"], label, element.get("value"), props))
    return found


def waits(page: Page) -> bool:
    """Whether a page waits for a training."""
    return any(str(element.get("key")).startswith("awaited") for element in elements(page["tree"]))


def complaints(page: Page) -> int:
    """How many sentences on a page say that something cannot be."""
    return Counter(element["type"] for element in elements(page["tree"]))["error"]


def retyped(text: str, turn: int) -> str:
    """Another text of the same kind.

    At even turns its numbers come the other way round, after which a table of chances still sums
    to one and a covariance matrix is still one. At odd turns, and where that changes nothing, the
    first of them is a little off. A text without numbers gets a letter more, or one fewer.
    """
    numbers = _NUMBER.findall(text)
    if not numbers:
        return text[:-1] if text.endswith("a") else text + "a"
    others = numbers[::-1]
    if turn % 2 == 1 or others == numbers:
        others = [_a_little_off(numbers[0]), *numbers[1:]]
    rest = iter(others)
    return _NUMBER.sub(lambda _: next(rest), text)


def _a_little_off(number: str) -> str:
    """The number with another last digit, and nine tenths for one: it may be a chance."""
    if number == "1":
        return "0.9"
    last = int(number[-1])
    return number[:-1] + str(last + 1 if last < 9 else last - 1)


class Walk:
    """Moves every control of a page, in every view.

    The first segmented control of a page chooses its view, and each is visited. In a view, each
    list of words is taken through all its words, everything else is moved twice, and so is
    whatever comes into sight meanwhile. A text that the page refuses is put back, so that the
    next answer is a whole one.

    Args:
        page: The page as it stands.
        move: Makes a move, as the agent API takes it, and says how the page stands then.
    """

    def __init__(self, page: Page, move: Callable[..., Page]) -> None:
        self._page, self._move = page, move
        self.moved: list[tuple[str | None, str]] = []
        """Each move so far: the view, and the key of the control."""
        self.refused: list[str] = []
        """Keys of controls that could not be what they were moved to."""

    def all(self) -> Page:
        """Make every move; how the page stands in the end."""
        view = next((c for c in controls(self._page) if c.type == "segmented_control"), None)
        if view is None:
            self._view(None, None)
            return self._page
        for option in [*view.options[1:], view.options[0]]:
            self._view(view.key, option)
        return self._page

    def _view(self, key: str | None, option: str | None) -> None:
        turns: Counter[str] = Counter()
        while True:
            here = {control.key: control for control in controls(self._page)}
            if key is not None and here[key].value != option:
                self._make(key, option, widget_state={key: option})
                continue
            others = [control for name, control in here.items() if name != key]
            # What a list of words has brought into sight is moved before its next word.
            others.sort(key=lambda control: control.is_pick)
            left = (c for c in others if turns[c.key] < (len(c.options) if c.is_pick else TIMES))
            control = next(left, None)
            if control is None:
                return
            turn = turns[control.key]
            turns[control.key] += 1
            if control.type == "button":
                self._make(control.key, option, trigger={"key": control.key})
                continue
            before = complaints(self._page)
            self._make(control.key, option, widget_state={control.key: control.moved(turn)})
            if complaints(self._page) > before:
                self.refused.append(control.key)
                self._make(control.key, option, widget_state={control.key: control.value})

    def _make(self, key: str, view: str | None, **move: Any) -> None:  # noqa: ANN401
        self.moved.append((view, key))
        self._page = self._move(**move)
