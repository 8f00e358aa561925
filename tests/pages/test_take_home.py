"""Mirrors `ui/take_home.py` where a run is shown: what is offered, and what a file may change."""

import json

import pytest

from core.lessons.take_home import MOST_BYTES
from core.lessons.train import UNTOUCHED, Choices, config_of
from core.vae.config import TrainConfig
from tests.pages.opened import open_page


def default_run():
    return TrainConfig().resolved(device="cpu", precision="fp32")


def links(app):
    """
    Where the links to files lead, in order.
    """
    found = [part.value for part in app.get("html") if 'class="take-home"' in part.value]
    return [piece.partition('"')[0] for part in found for piece in part.split('href="')[1:]]


def choose(app, body, name="config.json"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return app.file_uploader(key="config_file").set_value((name, body, "application/json")).run()


def stands(app):
    """
    Where the controls stand.
    """
    untouched = UNTOUCHED.values()
    return {
        key: app.session_state[key] if key in app.session_state else untouched[key]
        for key in untouched
    }


class TestTakeHome:
    def test_offers_every_file_of_the_run(self, service):
        """
        The links are relative, to the run that is shown.
        """
        run = service.put(default_run(), state="done")
        app = open_page("train", run=run.id)

        assert links(app) == [
            f"api/runs/{run.id}/export/{name}"
            for name in (
                "everything.zip",
                "reports.csv",
                "config.json",
                "weights.safetensors",
                "pictures.png",
                "script.py",
            )
        ]
        assert any(part.label == "Take this run home" for part in app.expander)

    def test_offers_what_a_waiting_run_has(self, service):
        """
        Nothing is offered that would not be there.
        """
        run = service.put(default_run(), state="queued", step=None)
        app = open_page("train", run=run.id)

        assert [link.rpartition("/")[2] for link in links(app)] == ["config.json", "script.py"]

    def test_offers_nothing_without_a_run(self):
        """
        A page without a run has nothing to take home, but can open a config.
        """
        app = open_page("train")

        assert links(app) == []
        assert [e.label for e in app.expander if "home" in e.label or "config" in e.label] == [
            "Open a config"
        ]


class TestOpenAConfig:
    def test_sets_every_control(self, service):
        """
        A config brings the controls to where they stood, and undoes what was moved before.
        """
        asked = Choices(beta=2.0, data="Sprites", hidden="64, 32", length="Epochs", epochs=2)
        app = open_page("train", seed="9", warmup="50")
        choose(app, config_of(asked).to_json())

        assert not app.exception
        assert not app.error
        assert stands(app) == asked.values()
        assert any("have been set as the file says" in caption.value for caption in app.caption)

        app.button(key="press").click().run()

        (run,) = service.known.values()
        assert TrainConfig.from_json(run.config) == config_of(asked).resolved(
            device="cpu", precision="fp32"
        )

    def test_puts_them_into_the_address(self):
        """
        A view that came from a file is a link like any other.
        """
        app = open_page("train")
        choose(app, {"betas": [2.0], "likelihood": "gaussian_fixed", "scale": 0.5})

        for key, value in {"beta": "2", "scale": "0.5"}.items():
            assert app.query_params[key] in (value, [value])

    def test_of_the_run_itself_changes_nothing(self, service):
        """
        The config of a run describes the run: the page says of no difference.
        """
        run = service.put(default_run(), state="done")
        app = open_page("train", run=run.id)
        choose(app, run.config)

        assert app.query_params["run"] in (run.id, [run.id])
        assert not any("describe another training" in c.value for c in app.caption)

    def test_leaves_the_run_on_the_page(self, service):
        """
        A config of another training replaces the controls and loses nothing else.
        """
        run = service.put(default_run(), state="done")
        app = open_page("train", run=run.id)
        choose(app, {"betas": [2.0]})

        assert app.query_params["run"] in (run.id, [run.id])
        assert any("describe another training: β" in c.value for c in app.caption)
        assert app.button(key="press").label == "Train"

    def test_does_it_once(self):
        """
        Controls that are moved afterwards stay where they are put.
        """
        app = open_page("train")
        choose(app, {"betas": [2.0]})
        app.select_slider(key="beta").set_value(3.0).run()

        assert app.session_state["beta"] == 3.0

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            (b"", r"A config must be JSON\, got something else in line 1\, column 1\."),
            ({"betas": [-1.0]}, r"`betas` must be a number from 0 to 10000\, got \-1\.0\."),
            (b" " * (MOST_BYTES + 1), r"A config must have at most 65\,536 bytes"),
            ({"![x](http://x.example/y.png)": 1}, "\\!\\[x\\]\\(http\\:\u2060\\/\\/x\\.example"),
            ({"<img src=x>": 1, "www.x.example": 2}, r"\<img src\=x\>\` is not a setting"),
        ],
    )
    def test_that_is_none_changes_nothing(self, body, sentence):
        """
        The controls stay, and the page says why in words that nothing in the file can dress up.
        """
        app = open_page("train", beta="4", seed="9")
        choose(app, body)

        assert not app.exception
        assert stands(app) == Choices(beta=4.0, seed=9).values()
        assert sentence in app.error[0].value
        assert not any("have been set" in caption.value for caption in app.caption)

    def test_that_the_controls_cannot_show_can_be_trained_as_it_is(self, service):
        """
        A steered training comes back from its file, while the controls stay.
        """
        app = open_page("train", beta="4")
        choose(app, {"beta_changes": [[100, 2.5]], "steps": 200})
        assert any("β was changed while it trained" in part.value for part in app.caption)
        app.button(key="train_opened").click().run()

        run = service.run(app.query_params["run"])
        assert run.config["beta_changes"] == [[100, 2.5]]
        assert app.session_state["beta"] == 4.0

    def test_that_is_taken_away_changes_nothing(self):
        """
        Emptying the control leaves the others as they are.
        """
        app = open_page("train")
        choose(app, {"betas": [2.0]})
        app.file_uploader(key="config_file").set_value(None).run()

        assert not app.exception
        assert app.session_state["beta"] == 2.0
