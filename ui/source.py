"""The code behind a page, by name, read from the files: looking at it imports nothing."""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

from ui.registry import ROOT

__all__ = ["Source", "source"]


@dataclass(frozen=True, slots=True)
class Source:
    """One function or class as it stands in its file.

    Attributes:
        name: Dotted name, as in `core.vae.objective.rate`.
        path: Its file, from the root of the project.
        line: Where it starts.
        text: Its source, decorators and docstring included.
    """

    name: str
    path: str
    line: int
    text: str


@functools.lru_cache(maxsize=256)
def source(name: str) -> Source:
    """The source of a function, class or method of `core`.

    Raises:
        ValueError: If no module, or nothing in it, has that name.
    """
    path, names = _module(name)
    node, lines = _parsed(path)
    for part in names:
        node = _child(node, part, name)
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    shown = path.relative_to(ROOT).as_posix()
    text = "\n".join(lines[first - 1 : node.end_lineno])
    return Source(name=name, path=shown, line=first, text=text)


@functools.lru_cache(maxsize=4)  # a page names several things of a module, one after another
def _parsed(path: Path) -> tuple[ast.AST, list[str]]:
    text = path.read_text("utf-8")
    return ast.parse(text), text.splitlines()


def _module(name: str) -> tuple[Path, list[str]]:
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        path = ROOT.joinpath(*parts[:count]).with_suffix(".py")
        if parts[0] == "core" and all(part.isidentifier() for part in parts) and path.is_file():
            return path, parts[count:]
    raise ValueError(f"`name` must name something in a module of core, got {name!r}.")


def _child(node: ast.AST, part: str, name: str) -> ast.AST:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name == part:
            return child
    raise ValueError(f"`name` must name something in a module of core, got {name!r}.")
