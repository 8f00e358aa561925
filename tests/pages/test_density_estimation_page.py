"""Mirrors `pages/density/density_estimation.py`: controls move every view, a flow is trained."""

import json

import pytest

from core.density.config import DensityConfig
from core.density.worlds import DRAWN
from core.lessons.density_choices import CASES, FLOW, SAMPLES, UNTOUCHED, VIEWS
from core.vae.config import TrainConfig
from tests.pages.opened import open_page

SLUG = "density_estimation"
MEASURED = {
    "cross_entropy": 2.0,
    "divergence": 0.05,
    "seen_cross_entropy": 1.9,
    "fresh_cross_entropy": 2.04,
}


def written(app):
    return "\n".join(markdown.value for markdown in app.markdown)


def captions(app):
    return "\n".join(caption.value for caption in app.caption)


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
    @pytest.mark.parametrize(
        ("view", "kind", "key", "value"),
        [
            ("Black box", "selectbox", "world", "Plane: rings"),
            ("Black box", "selectbox", "curtain", "Open"),
            ("Descent", "selectbox", "model", "Kernels"),
            ("Descent", "select_slider", "parts", 12),
            ("Descent", "select_slider", "samples", 20),
            ("Descent", "number_input", "draw", 3),
            ("Descent", "selectbox", "box", "Closed"),
            ("Few samples", "selectbox", "sized", "Histogram"),
            ("Few samples", "select_slider", "parts", 16),
            ("Few samples", "select_slider", "samples", 5),
            ("Cover or seek", "select_slider", "way_parts", 3),
            ("Cover or seek", "select_slider", "start_x", -1.0),
            ("Cover or seek", "select_slider", "start_y", -1.0),
            ("Cover or seek", "selectbox", "world", "Line: comb"),
        ],
    )
    def test_each_moves_what_is_said(self, view, kind, key, value):
        """
        By its words, or by the numbers under the picture.
        """
        curtain = {} if key == "curtain" else {"curtain": "Open"}
        app = open_page(SLUG, view=view, **curtain)
        before = written(app)
        getattr(app, kind)(key=key).set_value(value).run()

        assert not app.exception
        assert not app.error
        assert app.session_state[key] == value
        assert written(app) != before

    def test_the_histogram_has_cells_and_something_behind_it(self):
        """
        With nothing behind it, fresh samples are ruled out.
        """
        app = open_page(SLUG, view="Descent", model="Histogram")
        app.select_slider(key="imagined").set_value(0.0).run()
        assert "*no chance*" in written(app)
        app.select_slider(key="bins").set_value(5).run()

        assert not app.exception

    def test_kernels_have_a_width(self):
        """
        Where samples are few.
        """
        app = open_page(SLUG, view="Few samples", sized="Kernels")
        before = written(app)
        app.select_slider(key="width").set_value(0.06).run()

        assert written(app) != before
        assert "*below H[p]*" in written(app)

    def test_the_button_lets_samples_fall(self):
        """
        One push after the other, and others by another draw.
        """
        app = open_page(SLUG, samples="5")
        app.button(key="push").click().run()
        assert app.session_state["samples"] == SAMPLES[1]
        app.button(key="again").click().run()

        assert app.session_state["draw"] == 1
        assert app.query_params["draw"] == "1"

    def test_a_drawing_is_typed_wiped_and_refused(self):
        """
        What is wrong is a sentence, and what was typed stays.
        """
        app = open_page(SLUG, world=DRAWN, curtain="Open")
        before = written(app)
        app.text_area(key="drawn").set_value("20,20 80,80").run()
        assert written(app) != before
        app.text_area(key="drawn").set_value("20,200").run()
        assert "got '20,200'" in app.error[0].value.replace("\\", "")
        assert app.text_area(key="drawn").value == "20,200"
        app.button(key="wipe").click().run()

        assert not app.error
        assert "Nothing is in the box yet" in written(app)

    def test_nonsense_in_the_address_falls_back_and_is_told(self):
        """
        As everywhere on the site.
        """
        app = open_page(SLUG, world="Atlantis", samples="7")

        assert not app.exception
        assert app.session_state["world"] == UNTOUCHED.world
        assert len(app.error) == 2


class TestAFlow:
    def trained(self, service, config=None, **fields):
        """A training, finished unless the test says otherwise."""
        run = service.put(config or DensityConfig(), **({"state": "done"} | fields))
        held_out = {"step": [600], **{name: [[value]] for name, value in MEASURED.items()}}
        service.reports[run.id] = [json.dumps({"held_out": held_out})]
        return run

    def test_is_trained_by_a_press(self, service):
        """
        As the controls describe it, and the address names the run from then on.
        """
        app = open_page(SLUG, view=FLOW, world="Plane: spiral")
        app.select_slider(key="flow_samples").set_value(5000).run()
        app.select_slider(key="flow_steps").set_value(100).run()
        app.select_slider(key="flow_layers").set_value(2).run()
        app.number_input(key="flow_seed").set_value(4).run()
        app.button(key="press").click().run()
        (run,) = service.known.values()

        assert run.kind == "density"
        config = DensityConfig.from_json(run.config)
        assert config == DensityConfig(
            world="Plane: spiral", samples=5000, steps=100, layers=2, seed=4
        )
        assert app.query_params["run"] == run.id
        assert app.button(key="press").label == "Stop"

    def test_is_stopped_by_whoever_started_it(self, service):
        """
        And goes on by another press.
        """
        app = open_page(SLUG, view=FLOW)
        app.button(key="press").click().run()
        app.button(key="press").click().run()
        (run,) = service.known.values()
        assert run.state == "stopped"

        assert app.button(key="press").label == "Train on"

    def test_is_trained_again_from_another_start(self, service):
        """
        When it is done, and what was measured is a table.
        """
        run = self.trained(service)
        app = open_page(SLUG, view=FLOW, run=run.id)
        assert "what is left of" in written(app).lower()
        assert "0.140" in written(app)
        app.button(key="press").click().run()

        assert app.session_state["flow_seed"] == 1
        assert len(service.known) == 2

    def test_flows_of_before_are_found_again(self, service):
        """
        Unfolded, and shown by a press, with the controls as they stood.
        """
        config = DensityConfig(world="Line: comb", samples=50, steps=300, layers=4, seed=2)
        run, later = self.trained(service, config), self.trained(service)
        app = open_page(SLUG, view=FLOW)
        app.session_state["density-past"] = True
        app.run()
        assert any("is kept here" in caption.value for caption in app.caption)
        for each in (run, later):
            app.query_params["run"] = each.id
            app.run()
        assert app.session_state["world"] == DensityConfig().world
        app.button(key=f"density_past_{run.id}").click().run()

        assert not app.exception
        assert app.query_params["run"] == run.id
        assert app.session_state["world"] == "Line: comb"
        assert app.session_state["flow_layers"] == 4
        assert app.button(key=f"density_past_{run.id}").disabled

    def test_a_link_that_names_a_run_sets_the_controls(self, service):
        """
        As it was trained.
        """
        config = DensityConfig(world="Line: comb", samples=50, steps=300, layers=4, seed=2)
        run = self.trained(service, config)
        app = open_page(SLUG, run=run.id)

        assert app.session_state["view"] == FLOW
        assert app.session_state["world"] == "Line: comb"
        assert app.session_state["flow_layers"] == 4
        app.button_group(key="view").set_value(["Descent"]).run()
        assert not app.exception

    def test_other_settings_than_those_shown_are_said(self, service):
        """
        The run stays until another one is begun.
        """
        run = self.trained(service)
        app = open_page(SLUG, view=FLOW, run=run.id)
        app.selectbox(key="world").set_value("Plane: rings").run()
        assert "*other settings*" in written(app)
        app.number_input(key="draw").set_value(2).run()

        assert app.button(key="press").label == "Train the flow"

    def test_a_training_of_another_kind_is_refused(self, service):
        """
        Here that of a VAE, there that of a density.
        """
        vae = service.put(TrainConfig().resolved(device="cpu", precision="fp32"))
        density = self.trained(service)
        app = open_page(SLUG, view=FLOW, run=vae.id)
        assert "training of another kind" in app.error[0].value
        for slug in ("train", "generate"):
            app = open_page(slug, run=density.id)
            assert not app.exception
            said = "\n".join(each.value for each in (*app.error, *app.caption, *app.markdown))
            assert "training of another kind" in said

    def test_is_on_no_list_of_past_runs_and_beside_no_vae(self, service):
        """
        Those lists are of VAEs.
        """
        density = self.trained(service)
        vae = service.put(TrainConfig().resolved(device="cpu", precision="fp32"), state="done")
        app = open_page("train", run=vae.id, compare=density.id)

        assert not app.exception
        assert "it is left out" in captions(app)

    def test_a_store_that_is_down_is_a_sentence(self, service):
        """
        And nothing else breaks.
        """
        app = open_page(SLUG, view=FLOW)
        service.is_down = True
        app.button(key="press").click().run()

        assert not app.exception
        assert "The store is locked" in app.error[0].value
