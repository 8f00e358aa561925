"""Mirrors `core/lessons/train.py`."""

import dataclasses
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lessons.train import (
    BETAS,
    DATASET_NAMES,
    DEVICES,
    LENGTHS,
    LIKELIHOODS,
    PEAKS,
    PRECISIONS,
    PRESETS,
    SCALES,
    SCHEDULES,
    Choices,
    actions,
    choices_of,
    config_of,
    differences,
    measured,
    plan,
)
from core.vae.config import TrainConfig

on_screen = st.builds(
    Choices,
    data=st.sampled_from(list(DATASET_NAMES)),
    beta=st.sampled_from(BETAS),
    likelihood=st.sampled_from(list(LIKELIHOODS)),
    scale=st.sampled_from(SCALES),
    hidden=st.sampled_from(["", "16", "400, 200"]),
    latent=st.integers(1, 64),
    peak=st.sampled_from(PEAKS),
    schedule=st.sampled_from(list(SCHEDULES)),
    batch=st.integers(1, 512),
    length=st.sampled_from(LENGTHS),
    steps=st.integers(1, 5000),
    epochs=st.integers(1, 50),
    warmup=st.integers(0, 1000),
    seed=st.integers(0, 2**32 - 1),
    device=st.sampled_from(list(DEVICES)),
    precision=st.sampled_from(list(PRECISIONS)),
).filter(lambda choices: choices.length != "Until stopped" or choices.schedule == "Constant")


class TestConfigOf:
    def test_untouched_controls_ask_for_the_default_training(self):
        """
        A reader who presses Train at once gets what the trainer calls its default.
        """
        assert config_of(Choices()) == TrainConfig()

    @given(on_screen)
    def test_the_controls_can_be_set_back_from_a_config(self, choices):
        """
        Every view of the controls survives the way to a config and back.
        """
        config = config_of(choices)

        assert config_of(choices_of(config)) == config

    @pytest.mark.parametrize("name", PRESETS)
    def test_every_preset_can_be_trained(self, name):
        """
        A preset that describes no training would be a dead link.
        """
        assert choices_of(config_of(PRESETS[name].choices)) is not None

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"hidden": "wide"}, "`hidden` must be widths such as 128 or 400, 200, got 'wide'"),
            ({"hidden": "0"}, "`hidden` must be a whole number from 1"),
            ({"hidden": "9, 9, 9, 9, 9"}, "`hidden` must be a list of 0 to 4"),
            ({"batch": 1500}, "`batch_size` must be a whole number from 1 to 1,297"),
            ({"data": "Cats"}, "`data` must be one of Digits"),
            ({"likelihood": "Laplace"}, "`likelihood` must be one of Bernoulli, grey"),
        ],
    )
    def test_names_the_setting_that_is_wrong(self, changes, message):
        """
        What an address can hold but no control offers ends in a sentence.
        """
        with pytest.raises(ValueError, match=message):
            config_of(Choices(**changes))

    def test_many_models_have_no_place_on_these_controls(self):
        """
        A curve of twelve betas is a run, but not one these controls can express.
        """
        assert choices_of(TrainConfig(betas=(0.5, 1.0))) is None
        assert choices_of(TrainConfig(betas=(0.123,))) is None


class TestDifferences:
    def test_a_run_differs_in_nothing_from_what_it_was_asked_for(self):
        """
        What "automatic" became, and epochs counted out in steps, are no differences.
        """
        asked = config_of(Choices(length="Epochs", epochs=3))
        run = asked.resolved(device="cuda", precision="bf16")

        assert differences(asked, run) == ()

    def test_names_what_has_been_changed(self):
        """
        The words are those of the controls.
        """
        run = config_of(Choices()).resolved(device="cpu", precision="fp32")
        asked = config_of(Choices(beta=2.0, latent=3, seed=1))

        assert differences(asked, run) == ("code dimensions", "β", "seed")

    def test_a_setting_without_influence_makes_no_difference(self):
        """
        The scale of a Gaussian means nothing to a Bernoulli decoder.
        """
        run = config_of(Choices()).resolved(device="cpu", precision="fp32")

        assert differences(config_of(Choices(scale=0.5)), run) == ()


def names(state, *, is_own=True, is_chosen=True, is_shared=True):
    offered = actions(state, is_own=is_own, is_chosen=is_chosen, is_shared=is_shared)
    return [action.name for action in offered]


class TestActions:
    @pytest.mark.parametrize("state", ["queued", "running"])
    def test_only_the_owner_stops_a_run(self, state):
        """
        Whoever watches somebody else's run can look away, or go on with it alone.
        """
        assert names(state)[0] == "stop"
        assert names(state, is_own=False)[0] == "leave"

    def test_a_training_can_be_held_by_its_owner(self):
        """
        Pause is there while it trains; then it goes on, or is stopped for good.
        """
        assert names("running", is_shared=False) == ["stop", "pause"]
        assert names("paused", is_shared=False) == ["resume", "stop"]

    def test_what_is_shared_can_be_continued_as_ones_own(self):
        """
        Whoever watches a shared run may go on with it without disturbing anybody.
        """
        assert names("running") == ["stop", "pause", "own"]
        assert names("running", is_own=False) == ["leave", "own"]
        assert names("running", is_own=False, is_shared=False) == ["leave"]

    @pytest.mark.parametrize(
        ("state", "label"),
        [
            (None, "Train"),
            ("done", "Train again, next seed"),
            ("stopped", "Go on"),
            ("paused", "Go on"),
            ("failed", "Try again"),
        ],
    )
    def test_the_large_button_says_what_it_will_do(self, state, label):
        """
        One control shows the state by offering what comes next.
        """
        assert actions(state, is_own=True, is_chosen=True)[0].label == label

    def test_a_stopped_run_goes_on_or_is_begun_anew(self):
        """
        The owner takes up their own run again; a shared one goes on for whoever asks.
        """
        assert names("stopped", is_shared=False) == ["resume", "again"]
        assert names("stopped", is_own=False) == ["start", "again"]
        assert names("stopped", is_own=False, is_shared=False) == ["again"]

    @pytest.mark.parametrize("state", ["done", "stopped", "failed"])
    def test_other_settings_mean_another_training(self, state):
        """
        Once a control has been moved, the button trains what the controls say; one's own run
        can go on for all that.
        """
        others = ["resume"] if state == "stopped" else []

        assert names(state, is_chosen=False) == ["start", *others]
        assert names(state, is_chosen=False, is_own=False) == ["start"]


class TestDifferencesOfASteeredRun:
    RUN = config_of(Choices(length="Until stopped", schedule="Constant")).resolved(
        device="cpu", precision="fp32"
    )

    def test_count_from_the_beta_in_force(self):
        """
        The slider describes the run where it shows the beta that was steered to last, or asked.
        """
        choices = Choices(length="Until stopped", schedule="Constant", beta=2.0)
        steered = self.RUN.steered(100, 2.0)

        assert differences(config_of(choices), steered) == ()
        assert differences(config_of(choices), self.RUN) == ("β",)
        assert differences(config_of(choices), self.RUN, steer=2.0) == ()

    def test_controls_cannot_say_what_was_done_by_hand(self):
        """
        A steered, continued or begun config is not one that the controls could give.
        """
        plain = config_of(Choices()).resolved(device="cpu", precision="fp32")

        assert choices_of(plain) is not None
        for config in (
            plain.steered(10, 2.0),
            plain.continued(10, 0.01),
            dataclasses.replace(plain, start=plain, start_step=3),
        ):
            assert choices_of(config) is None


class TestPlan:
    def test_refuses_what_does_not_fit(self, monkeypatch):
        """
        A training beyond the memory of the machine is refused, with its size and a way out.
        """
        choices = Choices(hidden="4096, 4096, 4096", batch=1200)
        assert plan(choices).problem is None
        memory = type("Memory", (), {"total": 200_000_000})
        monkeypatch.setattr("core.lessons.train.psutil.virtual_memory", memory)

        problem = plan(choices).problem

        assert problem is not None
        assert "needs about 2 GB of memory, and this machine has 0 GB" in problem
        assert plan(Choices()).problem is None

    def test_says_how_long_it_takes_before_the_press(self):
        """
        What takes hours says so, and that it is stopped where the site has a limit.
        """
        assert plan(Choices()).note is None
        hours = plan(Choices(hidden="1024, 1024", steps=100_000)).note

        assert hours is not None
        assert hours.startswith("On a processor this training takes roughly")
        assert "It is stopped after 60 minutes" in hours


def test_choices_are_keyed_as_the_controls_are():
    """
    A preset sets each control by its name in the address.
    """
    fields = {field.name for field in dataclasses.fields(Choices)}

    assert set(Choices().values()) == fields


class TestMeasured:
    FINISHED: typing.ClassVar = {
        "split": "test",
        "images": 300,
        "is_density": False,
        "distortion": {"value": [21.504], "standard_error": [0.31]},
        "rate": {"value": [2.6], "standard_error": [0.04]},
        "neg_elbo": {"value": [24.104], "standard_error": [0.3]},
        "active_units": {"value": [2], "standard_error": [0.0]},
        "bounds": {
            "images": 300,
            "of": 300,
            "draws": [1, 1000],
            "estimates": [
                {"value": [24.1], "standard_error": [0.3]},
                {"value": [None], "standard_error": [None]},
            ],
        },
    }

    def test_every_number_has_its_error_and_its_unit(self):
        """
        The table reads as it would in a paper.
        """
        lines = {line.label: line.value for line in measured(self.FINISHED)}

        assert lines == {
            ":orange[D], distortion": "21.50 ± 0.31 nats",
            ":green[R], rate": "2.60 ± 0.04 nats",
            "**D + R**, negative ELBO": "24.10 ± 0.30 nats",
            "importance-weighted bound, k = 1": "24.10 ± 0.30 nats",
            "importance-weighted bound, k = 1,000": "beyond all numbers",
            "active code dimensions": "2",
        }

    def test_what_is_not_measured_yet_is_not_there(self):
        """
        A number that is unknown is neither zero nor anything else.
        """
        assert measured({}) == ()
        assert measured({"split": "test", "images": 0, "is_density": True}) == ()
