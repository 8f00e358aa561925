"""Mirrors `ui/source.py`: the code a page shows is the code that ran."""

import ast
import inspect

import pytest

from core.lessons import train
from ui.registry import PAGES, ROOT, part_of
from ui.source import source


def shown_names(slug):
    """The dotted names a page passes as the code behind it."""
    script = ROOT / part_of(slug).script(slug)
    for node in ast.walk(ast.parse(script.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "code":
            yield from ast.literal_eval(node.value)


def test_is_what_python_itself_finds():
    """
    Reading the file gives the same text and line as importing it.
    """
    found = source("core.lessons.train.config_of")
    lines, first = inspect.getsourcelines(train.config_of)

    assert found.text == "".join(lines).rstrip("\n")
    assert (found.path, found.line) == ("core/lessons/train.py", first)


def test_keeps_decorators_and_finds_methods():
    """
    A class starts at its decorator, and a method is found inside its class.
    """
    assert source("core.lessons.train.Choices").text.startswith("@dataclass(")
    assert source("core.lessons.train.Choices.values").text.lstrip().startswith("def values")


@pytest.mark.parametrize("slug", PAGES)
def test_every_name_a_page_shows_resolves(slug):
    """
    Renaming a function of core without its page fails here.
    """
    for name in shown_names(slug):
        assert source(name).text


@pytest.mark.parametrize(
    "name", ["core.lessons.train.nothing", "core.nothing", "app.main", "core", "core...x"]
)
def test_says_which_name_is_wrong(name):
    """
    The message gives the name that names nothing.
    """
    with pytest.raises(ValueError, match="`name` must name something in a module of core"):
        source(name)
