"""Holds what the benchmark of all pages moves to what stands on a page."""

import pytest

from benchmarks.moves import Walk, controls, retyped
from benchmarks.pages import address_of
from tests.browser.site import running_site
from tests.pages.opened import open_page
from tests.pages.stand_in import StandIn
from ui import runs

FAMILIES = {"Coin": ["heads"], "Table": ["table"]}


class Toy:
    """A page of two views: a slider, and a list of words that brings other controls along."""

    def __init__(self):
        self.state = {
            "view": "Line",
            "x": "1",
            "family": "Coin",
            "heads": "60 %",
            "table": "0.25, 0.75",
            "count": 9,
        }
        self.pressed = []

    def page(self, **move):
        self.state |= move.get("widget_state", {})
        if "trigger" in move:
            self.pressed.append(move["trigger"]["key"])
        children = [self.pick("view", "segmented_control", ["Line", "Laws"])]
        if self.state["view"] == "Line":
            children += [self.pick("x", "select_slider", ["0", "1", "2", "3", "4"])]
            children += [self.make("count", "number_input", step=1, max_value=10)]
            children += [{"type": "button", "key": "again", "props": {"label": "New draws"}}]
            children += [{"type": "button", "key": "many", "props": {"label": "10,000 runs"}}]
            children += [{"type": "button", "key": "train", "props": {"label": "Train it"}}]
            children += [self.make("off", "text_input", disabled=True)]
        else:
            children += [self.pick("family", "selectbox", list(FAMILIES))]
            children += [self.make(key, "text_input") for key in FAMILIES[self.state["family"]]]
        if self.state["heads"] not in ("60 %", "61 %"):
            children.append({"type": "error", "props": {"body": "No such chance."}})
        return {
            "tree": {"type": "root", "children": [{"type": "container", "children": children}]},
            "actions": [{"key": child["key"]} for child in children if "key" in child],
        }

    def make(self, key, kind, **props):
        props = {"label": key} | props
        return {"type": kind, "key": key, "props": props, "value": self.state.get(key)}

    def pick(self, key, kind, options):
        return self.make(key, kind, options=options)


@pytest.fixture
def walked():
    """
    A toy page after a walk, and the walk.
    """
    toy = Toy()
    walk = Walk(toy.page(), toy.page)
    walk.all()
    return toy, walk


def test_every_control_of_every_view_is_moved(walked):
    """
    Also one that comes into sight by another; buttons that announce a long computation are not.
    """
    toy, walk = walked

    assert set(walk.moved) == {
        ("Line", "view"),
        ("Line", "x"),
        ("Line", "count"),
        ("Line", "again"),
        ("Laws", "view"),
        ("Laws", "family"),
        ("Laws", "heads"),
        ("Laws", "table"),
    }
    assert toy.pressed == ["again", "again"]


def test_what_a_page_refuses_is_put_back(walked):
    """
    The second chance that was typed is none to the toy, and the one before stands again.
    """
    toy, walk = walked

    assert walk.refused == ["heads"]
    assert toy.state["heads"] == "61 %"


def test_a_number_stays_within_its_bounds_and_a_slider_sees_its_far_end(walked):
    """
    Nine, ten, and down again; one, two, and the other end.
    """
    toy, _ = walked

    assert toy.state["count"] == 9
    assert toy.state["x"] == "4"


@pytest.mark.parametrize(
    ("text", "turn", "other"),
    [
        ("7 %", 0, "8 %"),
        ("1e-300", 1, "1e-301"),
        ("1 in 14", 0, "1 in 15"),
        ("7:93", 0, "93:7"),
        ("1/2, 1/4, 1/8, 1/8", 0, "1/8, 1/8, 1/4, 1/2"),
        ("2, 0.5; 0.5, 1", 0, "1, 0.5; 0.5, 2"),
        ("1, 0.5; 0.5, 1", 0, "0.9, 0.5; 0.5, 1"),
        ("+13.289 dB", 0, "+13.288 dB"),
        ("positive", 0, "positivea"),
        ("", 0, "a"),
        ("a", 1, ""),
    ],
)
def test_a_text_typed_anew_is_of_the_same_kind(text, turn, other):
    """
    Chances stay chances, tables still sum to one, covariances stay covariances.
    """
    assert retyped(text, turn) == other


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """
    The real site, with the agent API.
    """
    folder = tmp_path_factory.mktemp("site")
    with running_site(folder, "--server.enableAgentApi", "true") as site:
        yield site


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["kl_divergence"])
def test_what_is_found_is_what_stands_on_the_page(site, slug, monkeypatch):
    """
    Each control of Streamlit's own account of a page, apart from what announces a training.
    """
    service = StandIn()
    monkeypatch.setattr(runs, "service", lambda: service)
    app = open_page(slug)
    kinds = ("selectbox", "select_slider", "number_input", "text_input", "text_area", "toggle")
    there = {each.key for kind in kinds for each in app.get(kind)}
    there |= {each.key for each in app.button_group}
    there |= {each.key for each in app.button if each.key != "press" and not each.disabled}

    found = controls(site.visit(page=address_of(slug)))

    assert there
    assert {each.key for each in found if each.type != "expander"} == there
