"""Mirrors `pages/practice/train.py`: each control moves the page, and every failure is a sentence.

The runs are a stand-in here, so that a test decides what state they are in; the real ones are
tested with a browser.
"""

import dataclasses
import time

import pytest

from core.lessons.train import PRESETS, UNTOUCHED
from core.vae.config import TrainConfig
from tests.pages.opened import open_page
from tests.pages.stand_in import DOWN


def default_run():
    return TrainConfig().resolved(device="cpu", precision="fp32")


def label(app):
    return app.button(key="press").label


def captions(app):
    return [caption.value for caption in app.caption]


class TestControls:
    @pytest.mark.parametrize(
        ("address", "changes"),
        [
            ({"data": "Sprites"}, {"dataset": "sprites"}),
            ({"beta": "2.5"}, {"betas": (2.5,)}),
            ({"latent": "7"}, {"latent_dim": 7}),
            ({"hidden": "64, 32"}, {"hidden": (64, 32)}),
            ({"steps": "12"}, {"steps": 12}),
            ({"length": "Epochs", "epochs": "2"}, {"epochs": 2, "steps": None}),
            ({"batch": "64"}, {"batch_size": 64}),
            ({"peak": "0.001"}, {"learning_rate": 0.001}),
            ({"schedule": "Constant"}, {"schedule": "constant"}),
            ({"warmup": "100"}, {"beta_warmup": 100}),
            ({"seed": "41"}, {"seed": 41}),
            ({"device": "GPU"}, {"device": "cuda"}),
            ({"precision": "16 bit (bf16)"}, {"precision": "bf16"}),
            ({"likelihood": "Bernoulli, redrawn"}, {"likelihood": "bernoulli_dynamic"}),
            (
                {"likelihood": "Gaussian, fixed scale", "scale": "0.5"},
                {"likelihood": "gaussian_fixed", "scale": 0.5},
            ),
        ],
    )
    def test_a_link_sets_them_and_train_trains_them(self, service, address, changes):
        """
        What the address says is what is trained.
        """
        app = open_page("train", **address)
        app.button(key="press").click().run()

        assert not app.exception
        (run,) = service.known.values()
        asked = dataclasses.replace(TrainConfig(), **changes)
        assert run.config == asked.resolved(device="cpu", precision="fp32").to_json()

    def test_moving_them_changes_what_is_trained(self, service):
        """
        Every control of the page reaches the config.
        """
        app = open_page("train")
        app.selectbox(key="data").set_value("Sprites").run()
        app.select_slider(key="beta").set_value(3.0).run()
        app.number_input(key="seed").set_value(5).run()
        app.selectbox(key="length").set_value("Epochs").run()
        app.number_input(key="epochs").set_value(4).run()
        app.button(key="press").click().run()

        (run,) = service.known.values()
        config = TrainConfig.from_json(run.config)
        assert (config.dataset, config.betas, config.seed) == ("sprites", (3.0,), 5)
        assert config.total_steps == 4 * (12_000 // 128)

    @pytest.mark.parametrize(
        "address",
        [
            {"beta": "1e99"},
            {"beta": "-1"},
            {"data": "Cats"},
            {"latent": "0"},
            {"latent": "2.5"},
            {"seed": "-3"},
            {"likelihood": "<script>"},
            {"peak": "nan"},
            {"preset": "nothing"},
        ],
    )
    def test_nonsense_in_the_address_falls_back(self, service, address):
        """
        A link that was mistyped opens the page as it stands untouched.
        """
        app = open_page("train", **address)
        app.button(key="press").click().run()

        assert not app.exception
        (run,) = service.known.values()
        assert run.config == default_run().to_json()

    @pytest.mark.parametrize(
        ("address", "sentence"),
        [
            (
                {"beta": "1.3"},
                "The address asks for β 1.3, which must be a mark from 0 to 784; 1 is used.",
            ),
            (
                {"seed": "99999999999"},
                "The address asks for Seed 99999999999, which must be a whole number from 0 to ",
            ),
            (
                {"data": "Cats"},
                "The address asks for Images Cats, which must be one of Digits, ",
            ),
        ],
    )
    def test_nonsense_in_the_address_is_said(self, service, address, sentence):
        """
        What a link asks for and does not get is named, until the control is moved.
        """
        app = open_page("train", **address)
        assert any(error.value.startswith(sentence) for error in app.error)

        app.select_slider(key="beta").set_value(2.0).run()
        app.number_input(key="seed").set_value(5).run()
        app.selectbox(key="data").set_value("Sprites").run()

        assert not any(error.value.startswith("The address") for error in app.error)

    def test_a_mark_may_be_written_in_another_way(self, service):
        """
        A link that was made by a program says 4.0 where the page says 4.
        """
        app = open_page("train", beta="4.0")

        assert app.select_slider(key="beta").value == 4.0
        assert not app.error

    def test_what_is_endless_keeps_its_rate(self, service):
        """
        A training until somebody stops it has no end that a schedule could lead to.
        """
        app = open_page("train", length="Until stopped")
        assert "schedule" not in [box.key for box in app.selectbox]
        app.button(key="press").click().run()

        (run,) = service.known.values()
        assert TrainConfig.from_json(run.config).schedule == "constant"

    @pytest.mark.parametrize("name", [name for name in PRESETS if name != "mnist"])
    def test_a_preset_sets_every_control(self, service, name):
        """
        A preset undoes what was moved before, and shows no run of other settings.
        """
        app = open_page("train", seed="9", warmup="50")
        app.button(key="press").click().run()
        app.query_params["preset"] = name
        app.run()

        assert not app.exception
        assert label(app) == "Train"
        expected = PRESETS[name].choices.values()
        assert {key: app.session_state[key] for key in expected} == expected
        assert "preset" not in app.query_params
        assert "run" not in app.query_params

    @pytest.mark.parametrize(
        ("address", "sentence"),
        [
            (
                {"hidden": "wide"},
                "*Widths of hidden layers* must be widths such as 128 or 400",
            ),
            ({"batch": "4000"}, "*Batch, images* must be a whole number from 1 to 1,297"),
            ({"data": "Fashion-MNIST"}, "Fashion-MNIST"),
        ],
    )
    def test_what_cannot_be_trained_is_a_sentence(self, service, address, sentence):
        """
        A setting or a data set that is of no use is named, and Train waits until it is mended.
        """
        app = open_page("train", **address)

        assert not app.exception
        assert sentence in app.error[0].value
        assert app.button(key="press").disabled
        assert not service.known

    def test_grey_pixels_are_called_no_density(self, service):
        """
        A bound is claimed where there is one, and nowhere else.
        """
        grey = open_page("train")
        drawn = open_page("train", likelihood="Bernoulli, redrawn")

        assert any("not a density" in caption for caption in captions(grey))
        assert not any("not a density" in caption for caption in captions(drawn))


class TestRun:
    def test_train_puts_the_run_into_the_address(self, service):
        """
        A reload or another browser finds the run by the address alone.
        """
        app = open_page("train")
        assert label(app) == "Train"

        app.button(key="press").click().run()

        (run,) = service.known.values()
        assert app.query_params["run"] == run.id
        assert label(app) == "Stop"

    def test_a_reader_who_comes_later_watches(self, service):
        """
        Two who ask for one training get one run, and only who started it can stop it.
        """
        run = service.put(default_run())
        app = open_page("train")
        app.button(key="press").click().run()

        assert list(service.known) == [run.id]
        assert label(app) == "Stop watching"
        assert any("Somebody else" in caption for caption in captions(app))

        app.button(key="press").click().run()

        assert service.known[run.id].state == "running"
        assert label(app) == "Train"
        assert "run" not in app.query_params

    def test_stop_stops_ones_own(self, service):
        """
        Stopping keeps the run on the page and offers to go on.
        """
        app = open_page("train")
        app.button(key="press").click().run()
        app.button(key="press").click().run()

        (run,) = service.known.values()
        assert run.state == "stopped"
        assert label(app) == "Go on"
        assert app.query_params["run"] == run.id

    def test_pause_holds_a_run_and_go_on_takes_it_up(self, service):
        """
        The owner holds a run, and it waits for them to go on or to stop it for good.
        """
        app = open_page("train")
        app.button(key="press").click().run()
        app.button(key="press_pause").click().run()
        assert service.known["a" * 12].state == "paused"
        assert (label(app), app.button(key="press_stop").label) == ("Go on", "Stop")

        app.button(key="press").click().run()

        assert service.known["a" * 12].state == "running"
        assert label(app) == "Stop"

    def test_a_shared_run_is_continued_as_ones_own_and_steered(self, service):
        """
        Beta acts on a run of one's own only; the shared one goes on as it was.
        """
        shared = service.put(default_run())
        app = open_page("train", run=shared.id)
        app.select_slider(key="beta").set_value(2.0).run()
        assert any("differ" in caption for caption in captions(app))
        app.select_slider(key="beta").set_value(1.0).run()
        app.button(key="press_own").click().run()
        own = service.known["b" * 12]
        assert (own.parent, own.shared, app.query_params["run"]) == (shared.id, False, own.id)

        app.select_slider(key="beta").set_value(2.0).run()

        assert service.known[own.id].steer == 2.0
        assert service.known[shared.id] == shared
        assert not any("differ" in caption for caption in captions(app))
        assert any("acts on it while it trains" in caption for caption in captions(app))

    def test_a_link_of_a_run_alone_sets_the_controls(self, service):
        """
        Whoever follows it sees how the run was trained, and may move on from there; a link that
        names a setting is left as it is.
        """
        found = service.put(dataclasses.replace(default_run(), betas=(4.0,), latent_dim=3))
        app = open_page("train", run=found.id)
        assert (app.select_slider(key="beta").value, app.number_input(key="latent").value) == (
            4,
            3,
        )
        assert not any("differ" in caption for caption in captions(app))
        app.select_slider(key="beta").set_value(2.0).run()
        assert app.select_slider(key="beta").value == 2.0

        assert open_page("train", run=found.id, latent="5").select_slider(key="beta").value == 1.0

    def test_a_link_of_a_steered_run_stands_where_it_was_steered_to(self, service):
        """
        The controls show the beta in force, and what was stopped can go on.
        """
        endless = dataclasses.replace(default_run(), steps=None, schedule="constant")
        app = open_page("train", length="Until stopped", schedule="Constant")
        app.button(key="press").click().run()
        (own,) = service.known.values()
        steered = endless.steered(5, 4.0).to_json()
        service.become(own.id, state="stopped", config=steered, shared=False)
        bare = open_page("train", run=own.id)

        assert bare.select_slider(key="beta").value == 4.0
        assert not any("differ" in caption for caption in captions(bare))

        app.select_slider(key="beta").set_value(4.0).run()
        assert label(app) == "Go on"
        app.number_input(key="seed").set_value(7).run()
        assert (label(app), app.button(key="press_resume").label) == ("Train", "Go on")
        app.button(key="press_resume").click().run()
        assert service.known[own.id].state == "running"

    def test_what_another_tab_has_steered_to_is_left_alone(self, service):
        """
        The slider is moved by this reader's hand only: a value that came from elsewhere would
        be sent back by the browser as if somebody had chosen it.
        """
        app = open_page("train", length="Until stopped", schedule="Constant")
        app.button(key="press").click().run()
        (own,) = service.known.values()
        service.become(own.id, steer=4.0, shared=False, state="paused")
        app.run()
        app.button(key="press").click().run()

        assert service.known[own.id].steer == 4.0
        assert app.select_slider(key="beta").value == 1.0

    def test_what_no_control_can_show_is_steered_all_the_same(self, service):
        """
        A run that was trained from a file has its beta moved by the slider.
        """
        app = open_page("train", length="Until stopped", schedule="Constant")
        app.button(key="press").click().run()
        (own,) = service.known.values()
        config = dataclasses.replace(TrainConfig.from_json(own.config), threads=2)
        service.become(own.id, config=config.to_json(), shared=False)
        app.select_slider(key="beta").set_value(2.0).run()

        assert service.known[own.id].steer == 2.0

    def test_a_stopped_run_is_measured_while_one_waits(self, service):
        """
        What its model is worth appears as it becomes known.
        """
        left = service.put(default_run(), state="stopped", step=60, finished=time.time())
        app = open_page("train", run=left.id)
        assert not any("Measured" in text.value for text in app.markdown)
        value = {"value": [21.5], "standard_error": [0.25]}
        service.become(left.id, evaluation={"images": 300, "distortion": value}, revision=2)
        app.run()

        assert any("Measured on test images" in text.value for text in app.markdown)
        assert not app.exception

    def test_what_takes_long_says_so_before_it_is_trained_on(self, service):
        """
        More steps are sized as any training is.
        """
        done = service.put(default_run(), state="done", step=800)
        app = open_page("train", run=done.id)
        assert not any("On a processor" in caption for caption in captions(app))
        app.number_input(key="more").set_value(1_000_000).run()

        assert any("On a processor" in caption for caption in captions(app))

    def test_a_finished_run_is_trained_on(self, service):
        """
        More steps make a new run of one's own; the finished one stays as it is.
        """
        done = service.put(default_run(), state="done", step=800)
        app = open_page("train", run=done.id)
        app.number_input(key="more").set_value(50).run()
        app.button(key="train_on").click().run()

        longer = TrainConfig.from_json(service.known["b" * 12].config)
        assert (longer.total_steps, longer.segments) == (850, ((50, 0.005),))
        assert service.known[done.id] == done

    def test_a_new_run_starts_from_the_weights_of_another(self, service):
        """
        The controls say what to train; where the shapes differ a sentence says so.
        """
        done = service.put(default_run(), state="done", step=800)
        app = open_page("train", run=done.id)
        app.select_slider(key="beta").set_value(4.0).run()
        app.button(key="from_weights").click().run()
        config = TrainConfig.from_json(service.known["b" * 12].config)
        assert (config.betas, config.start, config.start_step) == ((4.0,), default_run(), 800)

        app = open_page("train", run=done.id, latent="3")
        app.button(key="from_weights").click().run()

        assert "got another latent_dim" in app.error[0].value
        assert len(service.known) == 2

    def test_train_again_takes_the_next_seed(self, service):
        """
        A finished run is not trained a second time; its sister is.
        """
        app = open_page("train")
        app.button(key="press").click().run()
        service.become("a" * 12, state="done")
        app.run()
        assert label(app) == "Train again, next seed"

        app.button(key="press").click().run()

        assert [run.config["seed"] for run in service.known.values()] == [0, 1]
        assert app.number_input(key="seed").value == 1
        assert app.query_params["run"] == "b" * 12

    def test_moved_controls_are_said_to_differ(self, service):
        """
        The numbers of one run are never taken for those of the settings beside it.
        """
        service.put(default_run(), state="done")
        app = open_page("train", run="a" * 12)
        assert not any("differ" in caption for caption in captions(app))

        app.select_slider(key="beta").set_value(2.0).run()
        app.number_input(key="latent").set_value(3).run()

        assert any("code dimensions and β differ" in caption for caption in captions(app))
        assert label(app) == "Train"

    def test_the_queue_is_told(self, service):
        """
        Whoever waits knows how long the line is.
        """
        service.put(default_run(), state="queued")
        app = open_page("train", run="a" * 12)

        assert any("number 3 in the queue" in caption for caption in captions(app))

    def test_a_failed_run_says_why(self, service):
        """
        What the worker said is on the page, with a way to try again.
        """
        sentence = "The training did not fit into memory: choose narrower hidden layers."
        service.put(default_run(), state="failed", message=sentence)
        app = open_page("train", run="a" * 12)

        assert app.error[0].value == sentence
        assert label(app) == "Try again"

    def test_an_unknown_run_can_be_trained_from_the_address(self, service):
        """
        A link from another machine carries the settings with it.
        """
        app = open_page("train", run="z" * 12, beta="4")

        assert "not known on this machine" in app.error[0].value
        assert label(app) == "Train"

        app.button(key="press").click().run()

        (run,) = service.known.values()
        assert run.config["betas"] == [4.0]
        assert app.query_params["run"] == run.id
        assert not app.error

    @pytest.mark.parametrize("run_id", ["..", "A" * 12, "a" * 11, "a' or 1=1", "<b>", "é" * 12])
    def test_a_damaged_run_id_is_a_sentence(self, service, run_id):
        """
        The page says so, and shows the text nowhere.
        """
        app = open_page("train", run=run_id)

        assert not app.exception
        assert "does not name a run" in app.error[0].value
        assert run_id not in app.error[0].value

    def test_a_store_that_is_down_is_a_sentence(self, service):
        """
        Neither opening a link nor pressing Train ends in a trace.
        """
        service.put(default_run())
        service.is_down = True
        app = open_page("train", run="a" * 12)
        assert DOWN in app.error[0].value

        app.button(key="press").click().run()

        assert not app.exception
        assert DOWN in app.error[0].value

    def test_a_walk_to_another_page_loses_nothing(self, service):
        """
        The run is still there when the reader comes back.
        """
        app = open_page("train")
        app.button(key="press").click().run()
        app.switch_page("pages/opening/home.py").run()
        app.query_params.clear()
        app.switch_page("pages/practice/train.py").run()

        assert label(app) == "Stop"
        assert app.query_params["run"] == "a" * 12


class TestDevice:
    @pytest.mark.parametrize("is_failing", [False, True])
    def test_a_run_on_the_processor_says_why(self, service, is_failing):
        """
        The control of the device says why it came to the processor; a card that fails is told
        of at once.
        """
        why = "PyTorch finds no graphics card here."
        machine = {"device": "cpu", "why_cpu": why, "has_failing_card": is_failing}
        service.put(default_run(), state="done", machine=machine)
        app = open_page("train", run="a" * 12)

        assert not app.exception
        assert f"Automatic is the processor here. {why}" in captions(app)
        assert (f"Trained on the processor. {why}" in captions(app)) == is_failing

    def test_a_run_on_a_card_says_nothing(self, service):
        """
        There is nothing to explain where the fastest device is used, or none is known yet.
        """
        service.put(default_run(), state="done", machine={"device": "cuda", "why_cpu": None})
        app = open_page("train", run="a" * 12)
        assert not any("processor" in caption for caption in captions(app))

        assert not any("processor" in caption for caption in captions(open_page("train")))


class TestDoubts:
    RISING = (
        '{"sequence":1,"training":{"step":[9],"beta":[[1]]},"held_out":{"step":[0,9],'
        '"distortion":[[27],[22]],"rate":[[0.5],[3.25]]}}'
    )

    def test_a_finished_run_tells_how_its_rate_rose(self, service):
        """
        What the store holds of the run is computed into a sentence under the picture.
        """
        service.put(default_run(), state="done")
        service.reports["a" * 12] = [self.RISING]
        app = open_page("train", run="a" * 12)

        assert not app.exception
        (sentence,) = (m.value for m in app.markdown if "In this run" in m.value)
        assert "from step 0 to step 9" in sentence
        assert "rose by 2.75 nats" in sentence
        assert "fell by 2.25 nats" in sentence

    def test_a_run_that_goes_on_is_left_to_the_browser(self, service):
        """
        Moving a control while a training goes on reads none of its reports.
        """
        service.put(default_run())
        service.reports["a" * 12] = ["not to be read"]
        app = open_page("train", run="a" * 12)

        assert not app.exception
        assert not any("In this run" in m.value for m in app.markdown)

    def test_the_answers_are_folded_with_their_presets(self, service):
        """
        Both questions can be unfolded, and each has a link that sets the controls.
        """
        app = open_page("train", data="Sprites", latent="20")
        (folded,) = (e for e in app.expander if e.label == "Is it broken?")
        text = " ".join(m.value for m in folded.markdown)

        assert "The KL goes up" in text
        assert "hidden β of **784**" in text
        assert "784/20 = **39.2**" in text

    def test_the_beta_of_a_mean_is_recognised(self, service):
        """
        At the β that an average over the pixels hides, the page says so beside the control.
        """
        app = open_page("train")
        assert not any("what a loss hides" in caption for caption in captions(app))

        app.select_slider(key="beta").set_value(64.0).run()

        assert any("β 64 is what a loss hides" in caption for caption in captions(app))

    def test_other_images_have_another_one(self, service):
        """
        784 pixels hide a β of 784, and 64 is an ordinary price there.
        """
        app = open_page("train", data="Sprites", beta="784")
        assert any("β 784 is what a loss hides" in caption for caption in captions(app))

        app.select_slider(key="beta").set_value(64.0).run()

        assert not any("what a loss hides" in caption for caption in captions(app))


def test_untouched_controls_stay_out_of_the_address(service):
    """
    A link says what was moved and nothing else.
    """
    app = open_page("train")

    assert not dict(app.query_params)
    assert PRESETS["plane"].choices == UNTOUCHED
