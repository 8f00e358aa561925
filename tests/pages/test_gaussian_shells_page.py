"""Mirrors `pages/density/gaussian_shells.py`: controls move every view, the facts are read."""

import numpy as np
import pytest
from safetensors.numpy import save

from core.lessons.gaussian_shells import CASES, DATA, NEIGHBOURS, REGIONS, SCALES, SOURCES, VIEWS
from core.vae.config import TrainConfig
from tests.core.vae.untrained import weights_of
from tests.pages.opened import open_page
from ui import watch

SLUG = "gaussian_shells"


def written(app):
    text = "\n".join(markdown.value for markdown in app.markdown)
    return text.replace(" |", "|").replace("| ", "|")


def is_well(app):
    return not app.exception and not app.error


class TestViews:
    @pytest.mark.parametrize("view", VIEWS)
    def test_each_opens_by_its_link(self, view):
        """
        With its own controls, what it says, and what to notice.
        """
        app = open_page(SLUG, view=view)

        assert is_well(app)
        assert app.session_state["view"] == view

    def test_each_is_a_press_away(self):
        """
        From one to the next, on one page, and back.
        """
        app = open_page(SLUG)
        for view in (*VIEWS[1:], VIEWS[0]):
            app.button_group(key="view").set_value([view]).run()
            assert is_well(app)

    @pytest.mark.parametrize("name", [name for name in CASES if name != "decoded"])
    def test_ready_cases_are_links(self, name):
        """
        Each sets every control of its view.
        """
        app = open_page(SLUG, preset=name)

        assert is_well(app)
        for key, value in CASES[name].choices.values().items():
            if key in app.session_state:
                assert app.session_state[key] == value, key


class TestControls:
    def test_dimensions_move_the_shell(self):
        """
        In figures.
        """
        app = open_page(SLUG)
        assert "|mean of the radius|9.9750|" in written(app)
        app.number_input(key="d").set_value(784).run()

        assert "|mean of the radius|27.9911|" in written(app)

    def test_dimensions_go_from_view_to_view(self):
        """
        What is chosen in one is chosen in the next.
        """
        app = open_page(SLUG, d="784")
        app.button_group(key="view").set_value(["Samples"]).run()

        assert app.number_input(key="d").value == 784
        assert "|27.9911|" in written(app)

    def test_heights_may_be_logarithms(self):
        """
        Of the same law.
        """
        app = open_page(SLUG)
        app.selectbox(key="scale").set_value(SCALES[1]).run()

        assert is_well(app)
        assert app.session_state["scale"] == SCALES[1]

    @pytest.mark.parametrize("view", ["Samples", "Pairs", "Haystack", "Pixel models", "Between"])
    def test_new_draws_are_another_draw(self, view):
        """
        And the draw is in the address.
        """
        app = open_page(SLUG, view=view)
        before = written(app)
        app.button(key="again").click().run()

        assert app.query_params["draw"] == "1"
        assert is_well(app)
        assert view in ("Haystack", "Pixel models") or written(app) != before

    def test_a_radius_has_a_mass_and_a_mass_a_radius(self):
        """
        Each is typed, and the other follows.
        """
        app = open_page(SLUG, view="Within", d="784")
        app.text_input(key="radius").set_value("1").run()
        assert app.text_input(key="mass").value == "5.74·10⁻⁹⁶⁷"
        app.text_input(key="mass").set_value("1e-300").run()

        assert is_well(app)
        assert float(app.text_input(key="radius").value) == pytest.approx(7.3166, abs=1e-4)
        assert app.text_input(key="mass").value == "1.00·10⁻³⁰⁰"

    def test_so_have_a_shell_and_its_thickness(self):
        """
        The lecture's number, and its inverse.
        """
        app = open_page(SLUG, view="Within", d="10000")
        app.selectbox(key="region").set_value(REGIONS[1]).run()
        assert app.text_input(key="mass").value == "0.843"
        app.text_input(key="mass").set_value("1 - 1e-20").run()

        assert is_well(app)
        assert float(app.text_input(key="eps").value) == pytest.approx(6.6, abs=0.2)

    @pytest.mark.parametrize(
        ("key", "text", "sentence"),
        [
            ("radius", "far", "must be a length from 1e-300"),
            ("mass", "1", "must be above 0 and below 1"),
        ],
    )
    def test_what_is_wrong_is_a_sentence_and_can_be_mended(self, key, text, sentence):
        """
        For the length, and for the mass.
        """
        app = open_page(SLUG, view="Within")
        app.text_input(key=key).set_value(text).run()

        assert sentence in app.error[0].value.replace("\\", "")
        app.text_input(key="radius").set_value("9").run()
        assert is_well(app)

    def test_a_place_is_on_both_ways(self):
        """
        At the ends there is nothing between them.
        """
        app = open_page(SLUG, view="Between", d="784")
        before = written(app)
        app.select_slider(key="place").set_value(0.0).run()

        assert is_well(app)
        assert "|t = 0|" in written(app)
        assert written(app) != before

    def test_images_and_a_distance_are_picked(self):
        """
        In the haystack.
        """
        app = open_page(SLUG, view="Haystack")
        before = written(app)
        app.select_slider(key="passing").set_value(10.0).run()
        assert written(app) != before
        app.selectbox(key="data").set_value(list(DATA)[1]).run()

        assert is_well(app)
        assert "784 pixels are the haystack" in written(app)

    def test_models_are_of_either_images(self):
        """
        784 pixels have 783 pairs in a tree.
        """
        app = open_page(SLUG, view="Pixel models")
        app.selectbox(key="data").set_value(list(DATA)[1]).run()

        assert "783 pairs" in written(app)

    def test_sharp_edges_change_the_estimate(self):
        """
        And the page says why.
        """
        app = open_page(SLUG, view="Dimension")
        assert "Blurring can be undone" in written(app)
        app.selectbox(key="edges").set_value("Sharp").run()

        assert is_well(app)
        assert "seems to have more dimensions" in written(app)

    def test_neighbours_change_the_estimate(self):
        """
        The more of them, the further away they are.
        """
        app = open_page(SLUG, view="Dimension")
        before = written(app)
        app.select_slider(key="neighbours").set_value(NEIGHBOURS[-1]).run()

        assert is_well(app)
        assert written(app) != before


class TestDecoded:
    def test_without_a_training_the_page_says_so(self):
        """
        And leads to where one is made.
        """
        app = open_page(SLUG, preset="decoded")

        assert "There is no finished training on your list" in written(app)
        assert not app.exception
        app.selectbox(key="source").set_value(SOURCES[0]).run()
        assert is_well(app)

    def test_a_finished_training_is_decoded(self, service):
        """
        The one in the address, in as many dimensions as its code has.
        """
        config = TrainConfig(dataset="digits", hidden=(8,), latent_dim=7).resolved(
            device="cpu", precision="fp32"
        )
        run = service.put(config, state="done")
        weights = weights_of(config, np.random.default_rng(0))
        service.kept[run.id, 10] = save(weights)
        app = open_page(SLUG, preset="decoded", run=run.id)

        assert is_well(app)
        assert "radii of the two draws" in written(app)
        told = " ".join(caption.value.replace("\\", "") for caption in app.caption)
        assert "The decoder is that of a training" in told
        assert "Digits, β 1, code dimensions 7" in told

    def test_one_that_is_on_the_list_is_found(self, service, monkeypatch):
        """
        Without its name in the address; one that goes on is passed over.
        """
        monkeypatch.setattr(watch, "owner", lambda: "me")
        config = TrainConfig(dataset="digits", hidden=(8,), latent_dim=4).resolved(
            device="cpu", precision="fp32"
        )
        run = service.put(config, state="done")
        service.kept[run.id, 10] = save(weights_of(config, np.random.default_rng(1)))
        service.list(run, "me")
        service.list(service.put(config, state="running"), "me")
        app = open_page(SLUG, view="Between")
        app.selectbox(key="source").set_value(SOURCES[1]).run()

        assert is_well(app)
        assert "radii of the two draws" in written(app)

    @pytest.mark.parametrize("name", ["nonsense", "q" * 12])
    def test_a_run_that_is_not_there_is_a_sentence(self, name):
        """
        Whatever the address says.
        """
        app = open_page(SLUG, preset="decoded", run=name)

        assert app.error
        assert not app.exception
