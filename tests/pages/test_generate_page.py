"""The page on generating, without a browser: each control, the address, and what is in the way."""

import numpy as np
import pytest
from safetensors.numpy import save

from core.lessons import generate as lesson
from core.vae.config import TrainConfig
from tests.core.vae.untrained import weights_of
from tests.pages import opened
from tests.pages.opened import open_page
from ui import models


@pytest.fixture(autouse=True)
def forget():
    """
    Ids of the stand-in's runs come again with other models.
    """
    models._studied.cache_clear()


def trained(service, rng, **settings):
    """A finished run with the weights of two steps."""
    config = TrainConfig(**settings).resolved(device="cpu", precision="fp32")
    run = service.put(config, state="done", step=800)
    for step in (0, 800):
        service.kept[run.id, step] = save(weights_of(config, rng))
    return run


def told(app):
    """What the component is told."""
    (data,) = opened.told(app)
    return data


class TestFirstVisit:
    def test_trains_the_usual_model_and_says_so(self, service):
        """
        Whoever comes first finds a sentence and how far the training is; the address names it.
        """
        app = open_page("generate")

        (run,) = service.known.values()
        assert TrainConfig.from_json(run.config) == lesson.plain().resolved(
            device="cpu", precision="fp32"
        )
        assert app.query_params["run"] == run.id
        assert any("one is trained first" in text.value for text in app.markdown)
        assert not app.exception

    def test_of_a_wrong_address_shows_the_usual_run_and_says_why(self, service):
        """
        A link that was cut loses nothing.
        """
        app = open_page("generate", run="abc")

        assert "The usual training is shown instead." in app.error[0].value
        assert len(service.known) == 1

    def test_says_when_the_store_is_away(self, service):
        """
        A sentence, not a trace.
        """
        service.is_down = True

        app = open_page("generate")

        assert "locked" in app.error[0].value
        assert not app.exception


class TestControls:
    def test_views_samples_and_their_noise(self, service, rng):
        """
        Each control goes to the component and into the address.
        """
        app = open_page("generate", run=trained(service, rng).id)
        assert told(app)["view"] == "Explore"

        app.session_state["view"] = "Samples"
        app.run()
        app.select_slider(key="temperature").set_value(0.5).run()
        app.selectbox(key="shown").set_value("A draw from the decoder").run()
        app.button(key="press").click().run()

        data = told(app)
        assert (data["view"], data["temperature"]) == ("Samples", 0.5)
        assert (data["look"], data["seed"]) == ("draw", 1)
        assert not app.exception
        assert not app.error

    def test_a_snapshot_is_another_model(self, service, rng):
        """
        The step of the weights goes to the browser.
        """
        app = open_page("generate", run=trained(service, rng).id)
        assert told(app)["model"]["step"] == 800

        app.select_slider(key="snapshot").set_value(0).run()

        assert told(app)["model"]["step"] == 0

    def test_two_of_many_dimensions_are_chosen(self, service, rng):
        """
        The widest at first, then those of the reader; one twice is a sentence.
        """
        run = trained(service, rng, latent_dim=5)
        app = open_page("generate", run=run.id)
        widest = lesson.widest(models.studied(run.id, 800))
        assert told(app)["dims"] == [dim - 1 for dim in widest]

        app.number_input(key="across").set_value(4).run()
        app.number_input(key="up").set_value(4).run()

        assert told(app)["dims"] == [3, 4]
        assert "A plane has two dimensions" in app.error[0].value

    def test_the_holes_are_measured_beside_the_twin(self, service, rng):
        """
        The shown model's rate is taken apart, and beside it that of the run at the other end.
        """
        run = trained(service, rng)
        twin = trained(service, rng, betas=(0.0,))

        app = open_page("generate", run=run.id, view="Holes")

        data = told(app)
        assert data["beside"]["run"] == twin.id
        assert len(data["gaps"]) == 2
        table = next(text.value for text in app.markdown if "KL[codes; prior]" in text.value)
        kl = models.studied(run.id, 800).surgery
        assert f"{round(kl.rate, 2) - round(kl.information, 2):.2f} ±" in table

    def test_a_run_of_the_readers_choice_stands_beside(self, service, rng):
        """
        One from the past runs, with codes of another size in the plane where they vary most.
        """
        run, other = trained(service, rng), trained(service, rng, latent_dim=4)

        app = open_page("generate", run=run.id, view="Holes", compare=other.id)

        data = told(app)
        assert data["beside"]["run"] == other.id
        widest = lesson.widest(models.studied(other.id, 800))
        assert data["dims"] == [0, 1]
        assert data["dims_beside"] == [dim - 1 for dim in widest]

    def test_a_long_twin_is_trained_when_it_is_asked_for(self, service, rng):
        """
        A press begins it, and it stays asked for; what became of it is said.
        """
        run = trained(service, rng, steps=200_000)
        app = open_page("generate", run=run.id, view="Holes")
        assert len(service.known) == 1

        app.button(key="want_twin").click().run()
        app.run()
        twin = [other for other in service.known.values() if other.id != run.id]
        assert [other.config["betas"] for other in twin] == [[0.0]]
        service.become(twin[0].id, state="failed", message="It ran out of memory.")
        app.run()

        assert "It ran out of memory." in app.error[0].value

    def test_unlikely_images_are_named(self, service, rng):
        """
        Those with the largest neg_elbo, and those with the smallest.
        """
        run = trained(service, rng)

        app = open_page("generate", run=run.id, view="Unlikely")

        largest, smallest = told(app)["extremes"]
        found = models.studied(run.id, 800)
        assert largest["images"][0] == int(np.argmax(found.neg_elbo))
        assert smallest["images"][0] == int(np.argmin(found.neg_elbo))


class TestAddress:
    def test_leads_to_a_code_and_a_pair(self, service, rng):
        """
        A link opens the plane where it was left.
        """
        app = open_page("generate", run=trained(service, rng).id, z="0.5,-1.25", pair="3-12")

        assert (told(app)["z"], told(app)["pair"]) == ([0.5, -1.25], [3, 12])

    def test_takes_what_the_hand_has_left(self, service, rng):
        """
        A code and a pair that the browser sends are written down; forged ones are not.
        """
        app = open_page("generate", run=trained(service, rng).id)

        app.session_state["explorer"] = {"z": [0.25, -2.0], "pair": [1, 2]}
        app.run()
        assert (app.query_params["z"], app.query_params["pair"]) == ("0.25,-2", "1-2")
        assert (told(app)["z"], told(app)["pair"]) == ([0.25, -2], [1, 2])

        app.session_state["explorer"] = {"z": ["<b>"], "pair": [10**9]}
        app.run()
        assert (app.query_params["z"], app.query_params["pair"]) == ("0.25,-2", "1-2")

    def test_of_nonsense_is_a_sentence(self, service, rng):
        """
        A wrong code, a wrong pair and a wrong view lose nothing.
        """
        app = open_page(
            "generate", run=trained(service, rng).id, z="1,2,3", pair="900-1", snapshot="7"
        )

        said = " ".join(error.value for error in app.error)
        assert "a code of 3 dimensions" in said
        assert "no two of the 300 held-out images" in said
        assert "asks for Snapshot 7, which must be a mark from" in said
        assert told(app)["z"] == [0, 0]

    def test_a_link_to_a_large_model_says_why_it_cannot_be_dragged(self, service, rng):
        """
        The browser gets a sentence in the place of four megabytes.
        """
        run = trained(service, rng, dataset="sprites", hidden=(1500,))

        app = open_page("generate", run=run.id)

        assert "a browser is sent at most 4 MB" in told(app)["model"]["problem"]


@pytest.mark.parametrize(("state", "is_offered"), [("done", True), ("running", False)])
def test_the_page_that_trains_leads_here_with_its_run(service, rng, state, is_offered):
    """
    Once a training is over its model can be looked into.
    """
    run = trained(service, rng)
    service.become(run.id, state=state)

    app = open_page("train", run=run.id)

    links = [link.proto for link in app.page_link if link.label == "Generate with this model"]
    assert bool(links) is is_offered
    assert all(run.id in link.query_string for link in links)


def test_a_model_that_went_astray_is_a_sentence(service, rng):
    """
    Weights that are no numbers break neither page nor canvas.
    """
    run = trained(service, rng)
    config = TrainConfig.from_json(run.config)
    broken = {name: np.full_like(w, np.nan) for name, w in weights_of(config, rng).items()}
    service.kept[run.id, 800] = save(broken)

    app = open_page("generate", run=run.id, view="Holes")

    assert "must hold finite numbers" in app.error[0].value
    assert not app.exception
