"""The rules of the tree: arrows point one way, and pages sit where links open them."""

import ast
from pathlib import Path

import pytest

from ui.registry import PAGES, PARTS, ROOT, part_of

CORE = sorted(path for path in (ROOT / "core").rglob("*.py") if path.name != "conftest.py")


def imported(path: Path) -> set[str]:
    """Dotted names of everything a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def reaches(path: Path, *packages: str) -> list[str]:
    """What a file imports of some packages."""
    return sorted(
        name
        for name in imported(path)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    )


def under(*places: str) -> list[Path]:
    return [path for path in CORE if path.relative_to(ROOT).as_posix().startswith(places)]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CORE, ids=named)
def test_core_never_imports_the_interface(path):
    """
    Anything a page can do, a notebook can do without it.
    """
    assert not reaches(path, "streamlit", "ui", "pages", "app", "navigation")


@pytest.mark.parametrize("path", under("core/vae/", "core/density/"), ids=named)
def test_the_models_know_nothing_of_runs(path):
    """
    A model can be trained where there is no store and no worker.
    """
    assert not reaches(path, "core.runs", "core.lessons", "core.figures")


@pytest.mark.parametrize("path", under("core/runs/"), ids=named)
def test_runs_know_nothing_of_pages(path):
    """
    Lessons and figures stand above the runs, never below.
    """
    assert not reaches(path, "core.lessons", "core.figures")


BLIND = ("store", "engine", "tail", "export", "script", "contact_sheet")


@pytest.mark.parametrize("path", under(*(f"core/runs/{name}.py" for name in BLIND)), ids=named)
def test_store_and_engine_know_nothing_of_models(path):
    """
    Another kind of training uses the same runs; only the worker knows both sides.
    """
    assert not reaches(path, "core.vae", "core.density", "torch")


@pytest.mark.parametrize("path", sorted((ROOT / "ui").rglob("*.py")), ids=named)
def test_what_pages_share_knows_no_page(path):
    """
    The frame serves every page, so it can name none.
    """
    assert not reaches(path, "pages", "navigation", "app", "torch")


def test_every_script_is_registered_and_one_folder_down():
    """
    No page is reachable only by accident, and none sits where a link would open it bare.
    """
    found = {named(path) for path in (ROOT / "pages").rglob("*.py")}

    assert found == {part_of(slug).script(slug) for slug in PAGES}
    assert all(len(Path(script).parts) == 3 for script in found)


def test_every_page_has_its_place_in_the_lecture():
    """
    A page belongs to one part, and no subject is listed twice.
    """
    slugs = [slug for part in PARTS for slug in part.slugs]

    assert set(PAGES) <= set(slugs)
    assert len(slugs) == len(set(slugs))
