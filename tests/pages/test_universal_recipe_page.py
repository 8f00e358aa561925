"""Mirrors `pages/recipe/universal_recipe.py`: controls move every view."""

import pytest

from core.lessons.universal_recipe import CASES, VIEWS
from tests.pages.opened import open_page

SLUG = "universal_recipe"
REFUSED = ("circle", "twice", "missing", "needed")


def written(app):
    return "\n".join(markdown.value for markdown in app.markdown)


def formula(app):
    return app.latex[0].value


class TestViews:
    def test_each_is_a_press_away(self):
        """
        From one to the next, on one page, and back.
        """
        app = open_page(SLUG)
        for view in (*VIEWS[1:], VIEWS[0]):
            app.button_group(key="view").set_value(view).run()
            assert not app.exception
            assert not app.error
            assert app.session_state["view"] == view

    def test_ready_cases_are_links(self):
        """
        Each sets every control of its view, one after another on one page.
        """
        app = open_page(SLUG)
        for name, case in CASES.items():
            app.query_params["preset"] = name
            app.run()
            assert not app.exception, name
            assert bool(app.error) == (name in REFUSED), name
            for key, value in case.choices.values().items():
                if key in app.session_state:
                    assert app.session_state[key] == value, (name, key)


class TestWritten:
    def test_a_scenario_brings_its_multipliers(self):
        """
        And takes them away again.
        """
        app = open_page(SLUG)
        assert r"\beta" not in formula(app)
        app.selectbox(key="scenario").set_value("β-VAE").run()
        assert r"\beta" in formula(app)
        assert app.select_slider(key="by_rate").value == 4
        assert "β = 4" in written(app)
        assert app.query_params["by_rate"] == "4"
        app.select_slider(key="by_rate").set_value(1.0).run()
        assert "β = 1" in written(app)
        app.selectbox(key="scenario").set_value("VAE").run()
        assert app.select_slider(key="by_rate").value == 1

    def test_a_scenario_opened_by_its_link_has_them_too(self):
        """
        Its letter, and one as long as the address names no other number.
        """
        assert r"\beta" in formula(open_page(SLUG, scenario="β-VAE"))
        assert "β = 4" in written(open_page(SLUG, scenario="β-VAE", by_rate="4"))

    def test_steps_and_data_are_terms(self):
        """
        One more of them, one more term.
        """
        app = open_page(SLUG, scenario="Diffusion")
        before = formula(app)
        app.number_input(key="steps").set_value(4).run()
        assert "z_{4}" in formula(app)
        assert formula(app) != before
        app.selectbox(key="scenario").set_value("Bayesian inference").run()
        app.number_input(key="data").set_value(5).run()
        assert "x_{5}" in formula(app)

    def test_chains_may_stay_as_they_are_written(self):
        """
        Then their steps are no divergences, and the page says so.
        """
        app = open_page(SLUG, scenario="Diffusion")
        assert "By Bayes' rule" in written(app)
        app.selectbox(key="chains").set_value("As written").run()

        assert "By Bayes' rule" not in written(app)
        assert "are no divergences" in written(app)

    def test_factors_are_edited_and_the_objective_follows(self):
        """
        From a scenario to one's own; a fault is a sentence that loses nothing.
        """
        app = open_page(SLUG)
        app.button(key="edit").click().run()
        assert app.selectbox(key="scenario").value == "Your own"
        app.text_input(key="added").set_value("p(z|x)").run()
        assert "Nothing learned enters the rate" in written(app)
        app.text_input(key="dream").set_value("q(z|x) q(x|z)").run()
        assert "circle" in app.error[0].value
        assert app.text_input(key="dream").value == "q(z|x) q(x|z)"
        app.text_input(key="dream").set_value("q(z) q(x|z)*").run()
        assert not app.error

    def test_worlds_to_be_edited_stand_in_the_address(self):
        """
        All three texts, so that a link or a reload means the same worlds.
        """
        app = open_page(SLUG, scenario="TherML")
        app.button(key="edit").click().run()

        for name in ("real", "added", "dream"):
            assert app.query_params[name] in (
                app.text_input(key=name).value,
                [app.text_input(key=name).value],
            )


class TestNumbers:
    @pytest.mark.parametrize("view", VIEWS[1:])
    def test_turns_go_on_and_back(self, view):
        """
        By buttons, and the turn is in the address.
        """
        app = open_page(SLUG, view=view)
        start = written(app)
        app.button(key="one").click().run()
        assert app.query_params["turn"] == "1"
        assert written(app) != start
        app.button(key="all").click().run()
        assert app.number_input(key="turn").value > 1
        app.button(key="again").click().run()
        assert app.number_input(key="turn").value == 0
        assert written(app) == start

    @pytest.mark.parametrize("view", VIEWS[1:3])
    def test_sizes_draw_and_prices_move_the_numbers(self, view):
        """
        Each gives other worlds, or another way down.
        """
        app = open_page(SLUG, view=view, turn="2")
        seen = [written(app)]
        for move in (
            lambda: app.number_input(key="size").set_value(2),
            lambda: app.number_input(key="size_added").set_value(2),
            lambda: app.button(key="other").click(),
            lambda: app.select_slider(key="by_rate").set_value(2.0),
            lambda: app.selectbox(key="scenario").set_value("TherML"),
        ):
            move().run()
            assert not app.exception
            assert not app.error
            seen.append(written(app))
        assert len(set(seen)) == len(seen)

    def test_sizes_are_kept_from_view_to_view(self):
        """
        The least of one view is one that the other has too.
        """
        app = open_page(SLUG, view="Gaussians", size="1", size_added="1", scenario="Diffusion")
        app.button_group(key="view").set_value("Tables").run()

        assert not app.exception
        assert not app.error
        assert app.number_input(key="size").value == 1

    def test_the_coin_follows_its_controls(self):
        """
        Tosses, prior and price.
        """
        app = open_page(SLUG, view="Beta coin")
        assert "least at Beta(8, 4)" in written(app)
        app.number_input(key="heads").set_value(9).run()
        app.number_input(key="tails").set_value(1).run()
        app.select_slider(key="prior_heads").set_value(2.0).run()
        app.select_slider(key="prior_tails").set_value(3.0).run()
        assert "least at Beta(11, 4)" in written(app)
        app.select_slider(key="by_likelihood").set_value(0.5).run()
        assert "least at Beta(6.5, 3.5)" in written(app)
