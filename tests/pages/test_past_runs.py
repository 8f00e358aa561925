"""Past runs on the train page: runs side by side, and the list that they are picked from.

The bugs these tests catch: a run that vanishes with no way back, a name that is read as markup, a
link that is ignored, a number that nobody has measured.
"""

import dataclasses

import pytest

from core.vae.config import TrainConfig
from tests.pages.opened import open_page
from tests.pages.stand_in import DOWN
from ui.past_runs import KEY

A, B, C, D, E = ("a" * 12, "b" * 12, "c" * 12, "d" * 12, "e" * 12)
MEASURED = {
    "images": 300,
    "distortion": {"value": [21.5], "standard_error": [0.25]},
    "rate": {"value": [2.5], "standard_error": [0.05]},
    "neg_elbo": {"value": [24.0], "standard_error": [0.3]},
}


def config(**changes):
    return dataclasses.replace(TrainConfig(), **changes).resolved(device="cpu", precision="fp32")


@pytest.fixture
def four(service):
    """
    Runs of somebody, each with another price, of which the first is measured.
    """
    for i, beta in enumerate((1.0, 2.0, 3.0, 4.0, 5.0)):
        service.put(config(betas=(beta,)), state="done", evaluation=None if i else MEASURED)
    return service


def table(app):
    (text,) = (m.value for m in app.markdown if m.value.startswith("|"))
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in text.splitlines()]


def unfolded(slug="train", **address):
    app = open_page(slug, **address)
    app.session_state[KEY] = True
    app.run()
    assert not app.exception
    return app


def titles(app):
    """The runs of the list, each with its detail."""
    return [m.value for m in app.markdown if "small[" in m.value]


def mine(service, app):
    """Let the runs belong to the reader of a page."""
    owner = next(reader for _, reader in service.lists)
    for run_id in list(service.known):
        service.become(run_id, owner=owner)
        service.list(service.known[run_id], owner)
    app.run()
    return owner


class TestSideBySide:
    def test_the_address_names_runs_to_compare(self, four):
        """
        Up to three stand beside the shown one, told apart by what differs, never by a made-up 0.
        """
        app = open_page("train", run=A, compare=f"{B},{C},{D}")

        measured = [f"{m}\\.50\u00a0±\u00a00\\.{e}" for m, e in ((21, 25), (2, "05"))]
        measured.append("24\\.00\u00a0±\u00a00\\.30")
        assert not app.exception
        assert table(app) == [
            ["", "β", ":orange[D]", ":green[R]", "D \\+ R"],
            [":--"] * 5,
            ["**A**", "1", *measured],
            ["**B**", "2", "", "", ""],
            ["**C**", "3", "", "", ""],
            ["**D**", "4", "", "", ""],
        ]
        assert app.query_params["compare"] == f"{B},{C},{D}"

    @pytest.mark.parametrize(
        ("text", "rows", "sentence"),
        [
            (f"{B},{B},{A}", "AB", None),
            (f"{B},xyz", "AB", "part is missing"),
            (f"{B},{'z' * 12}", "AB", "not known on this machine, or was deleted"),
            (f"{B},{C},{D},{E}", "ABCD", "Up to 4 runs fit"),
            ("<b>,../..", "", "part is missing"),
        ],
    )
    def test_what_cannot_be_compared_is_a_sentence(self, four, text, rows, sentence):
        """
        A damaged link shows what is left of it.
        """
        app = open_page("train", run=A, compare=text)

        assert not app.exception
        assert not app.error
        letters = "".join(row[0].strip("*") for row in table(app)[2:]) if rows else ""
        assert letters == rows
        captions = [caption.value for caption in app.caption]
        assert sentence is None or any(sentence in caption for caption in captions)

    def test_without_a_shown_run_there_is_nothing_to_compare(self, four):
        """
        The first press of Train then shows the runs together.
        """
        app = open_page("train", compare=f"{B},{C}")
        assert not any(m.value.startswith("|") for m in app.markdown)

        app.button(key="press").click().run()
        assert [row[0] for row in table(app)[2:]] == ["**A**", "**B**", "**C**"]

    def test_a_walk_to_another_page_keeps_them(self, four):
        """
        The comparison is still there when the reader comes back.
        """
        app = open_page("train", run=A, compare=B)
        app.switch_page("pages/opening/home.py").run()
        app.query_params.clear()
        app.switch_page("pages/practice/train.py").run()

        assert app.query_params["compare"] == B
        assert len(table(app)) == 4

    def test_the_step_leaves_the_address_with_the_run(self, four):
        """
        Where the reader rested means nothing in another run.
        """
        app = unfolded(run=A, at="50")
        assert app.query_params["at"] == "50"
        mine(four, app)
        app.button(key=f"past_show_{B}").click().run()

        assert app.query_params["run"] == B
        assert "at" not in app.query_params


class TestTheList:
    def test_is_only_asked_for_when_it_is_unfolded(self, service, monkeypatch):
        """
        A folded list costs nothing.
        """
        monkeypatch.setattr(service, "runs", lambda *_, **__: pytest.fail("asked"))
        app = open_page("train")

        assert not app.exception
        assert not any(w.key == "past_search" for w in app.text_input)

    def test_says_what_it_is_for_where_it_is_empty(self, service):
        """
        A new reader has no past.
        """
        app = unfolded()

        assert any("is kept here" in caption.value for caption in app.caption)

    def test_tells_ones_own_from_others(self, four):
        """
        What was looked at is listed, and said to be somebody else's.
        """
        app = unfolded(run=A)

        assert titles(app)[0].startswith("Digits, β 1")
        assert "done, 10 steps, D \\+ R 24\\.00 ± 0\\.30 nats" in titles(app)[0]
        assert any("Started by somebody else" in caption.value for caption in app.caption)

    def test_finds_by_setting_and_by_name(self, four):
        """
        The search is for what a reader remembers.
        """
        app = unfolded(run=A)
        owner = mine(four, app)
        four.list(four.known[C], owner, name="The best one")
        assert len(titles(app)) == 5

        app.text_input(key="past_search").set_value("beta 4").run()
        assert [title.split("  ")[0] for title in titles(app)] == ["Digits, β 4"]
        app.text_input(key="past_search").set_value("BEST").run()
        assert [title.split("  ")[0] for title in titles(app)] == ["The best one"]
        app.text_input(key="past_search").set_value("beta 4 best").run()
        assert titles(app) == []
        assert any("No run on the list" in caption.value for caption in app.caption)

    def test_shows_and_compares(self, four):
        """
        One press shows a run, another puts it beside the shown one, a third takes it away.
        """
        app = unfolded(run=A)
        mine(four, app)
        assert app.button(key=f"past_shown_{A}").disabled

        app.button(key=f"past_compare_{B}").click().run()
        app.button(key=f"past_compare_{C}").click().run()
        assert app.query_params["compare"] == f"{B},{C}"
        assert len(table(app)) == 5

        app.button(key=f"past_show_{B}").click().run()
        assert (app.query_params["run"], app.query_params["compare"]) == (B, C)

        app.button(key=f"past_hide_{C}").click().run()
        assert "compare" not in app.query_params
        assert not any(m.value.startswith("|") for m in app.markdown)

    def test_has_no_room_for_a_fifth(self, four):
        """
        What cannot be pressed says so.
        """
        app = unfolded(run=A, compare=f"{B},{C},{D}")
        mine(four, app)

        assert app.button(key=f"past_compare_{E}").disabled

    def test_renames(self, four):
        """
        A name is shown as it was written, in the list and in the table, and can be taken off.
        """
        app = unfolded(run=A, compare=B)
        owner = mine(four, app)
        app.button(key=f"past_rename_{B}").click().run()
        app.text_input(key="past_name").set_value("a *star* | <b>")
        app.button(key=f"past_save_{B}").click().run()

        assert four.names(owner, [B]) == {B: "a *star* | <b>"}
        assert any(title.startswith(r"a \*star\* \| \<b\>") for title in titles(app))
        assert not any(w.key == "past_name" for w in app.text_input)

        app.button(key=f"past_rename_{B}").click().run()
        assert app.text_input(key="past_name").value == "a *star* | <b>"
        app.text_input(key="past_name").set_value("")
        app.button(key=f"past_save_{B}").click().run()
        assert four.names(owner, [B]) == {}

    def test_says_why_a_name_is_none(self, four):
        """
        The field stays open with what was typed.
        """
        app = unfolded(run=A)
        mine(four, app)
        app.button(key=f"past_rename_{B}").click().run()
        app.text_input(key="past_name").set_value("bell\x07")
        app.button(key=f"past_save_{B}").click().run()

        assert "`name` must be one line of letters" in app.error[0].value
        assert app.text_input(key="past_name").value == "bell\x07"
        app.button(key=f"past_cancel_{B}").click().run()
        assert not app.error
        assert not any(w.key == "past_name" for w in app.text_input)

    def test_deletes_and_undoes(self, four):
        """
        A deleted run leaves the charts and the list; one press and all is as it was.
        """
        app = unfolded(run=A, compare=f"{B},{C}")
        mine(four, app)
        before = titles(app)
        app.button(key=f"past_delete_{B}").click().run()

        assert app.query_params["compare"] == C
        assert any("Deleted: Digits, β 2" in m.value for m in app.markdown)
        app.button(key="past_undo").click().run()

        assert titles(app) == before
        assert app.query_params["compare"] == f"{B},{C}"
        assert not any(m.value.startswith("Deleted:") for m in app.markdown)

    def test_deletes_the_shown_run(self, four):
        """
        The page is then as without a run, and undoing brings it back.
        """
        app = unfolded(run=A)
        mine(four, app)
        app.button(key=f"past_delete_{A}").click().run()

        assert "run" not in app.query_params
        assert not app.error
        app.button(key="past_undo").click().run()
        assert app.query_params["run"] == A

    def test_brings_back_after_a_reload(self, four):
        """
        What was deleted is offered for a day, whichever window it was deleted in.
        """
        app = unfolded(run=A)
        owner = mine(four, app)
        four.delete(B, owner)
        app.run()
        app.button(key=f"past_bring_{B}").click().run()

        assert four.run(B) is not None
        assert len(titles(app)) == 5

    def test_a_deleted_run_is_said_to_be_deleted(self, four):
        """
        A link to it opens the page with a sentence.
        """
        app = unfolded(run=A)
        owner = mine(four, app)
        four.lists = {key: entry for key, entry in four.lists.items() if key[1] == owner}
        four.delete(B, owner)
        other = open_page("train", run=B)

        assert "has been deleted" in other.error[0].value

    def test_a_store_that_is_down_is_a_sentence(self, service):
        """
        The list says so too.
        """
        app = unfolded()
        service.is_down = True
        app.run()

        assert not app.exception
        assert any(DOWN in error.value for error in app.error)

    def test_a_long_list_comes_in_pieces(self, service):
        """
        Eight at a time, and more on request.
        """
        for seed in range(11):
            service.put(config(seed=seed), state="done")
        app = unfolded(run=A)
        mine(service, app)
        assert len(titles(app)) == 8

        app.button(key="past_more").click().run()
        assert len(titles(app)) == 11
