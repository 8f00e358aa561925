"""Mirrors `pages/ruler/two_properties.py`: controls move every view, the facts are read."""

import pytest

from core.lessons.two_properties import CASES, VIEWS
from tests.pages.opened import open_page

SLUG = "two_properties"


def written(app):
    return "\n".join(markdown.value for markdown in app.markdown)


class TestViews:
    @pytest.mark.parametrize("view", VIEWS)
    def test_each_opens_by_its_link(self, view):
        """
        With its own controls, what it says, and what to notice.
        """
        app = open_page(SLUG, view=view)

        assert not app.exception
        assert not app.error
        assert app.session_state["view"] == view

    def test_each_is_a_press_away(self):
        """
        From one to the next, on one page, and back.
        """
        app = open_page(SLUG)
        for view in (*VIEWS[1:], VIEWS[0]):
            app.button_group(key="view").set_value(view).run()
            assert not app.exception
            assert not app.error

    @pytest.mark.parametrize("name", CASES)
    def test_ready_cases_are_links(self, name):
        """
        Each sets every control of its view.
        """
        app = open_page(SLUG, preset=name)

        assert not app.exception
        assert not app.error
        for key, value in CASES[name].choices.values().items():
            if key in app.session_state:
                assert app.session_state[key] == value, key


class TestControls:
    def test_tables_are_typed_and_read(self):
        """
        The lecture's tables: the joint sees what the marginal does not.
        """
        app = open_page(SLUG, view="Joint table")
        assert "|KL of both|1.7578 nats|" in written(app).replace(" |", "|").replace("| ", "|")
        app.text_input(key="q_joint").set_value(".525, .05; .05, .375").run()

        text = written(app).replace(" |", "|").replace("| ", "|")
        assert "|KL of both|0.0127 nats|" in text
        assert "|KL of x|0.0114 nats|" in text

    def test_the_bound_falls_while_the_marginal_rises(self):
        """
        Along the slider, in words.
        """
        app = open_page(SLUG, view="The bound")
        app.select_slider(key="mix").set_value(1.0).run()

        assert "the joint has fallen, and the marginal has risen" in written(app)

    def test_a_wrong_table_is_a_sentence_and_loses_nothing(self):
        """
        What was typed stays, to be mended.
        """
        app = open_page(SLUG)
        app.text_input(key="p").set_value("0.5, 0.4").run()

        assert "sum to 1, got 0.9" in app.error[0].value.replace("\\", "")
        assert app.text_input(key="p").value == "0.5, 0.4"
        app.text_input(key="p").set_value("0.4, 0.3, 0.2, 0.1").run()
        assert not app.error

    def test_new_draws_are_another_draw(self):
        """
        And the draw is in the address.
        """
        app = open_page(SLUG, view="Misled runs")
        before = written(app)
        app.button(key="again").click().run()

        assert app.query_params["draw"] == "1"
        assert written(app) != before
