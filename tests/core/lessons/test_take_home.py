"""Mirrors `core/lessons/take_home.py`: a config comes back as it was, or not at all."""

import dataclasses
import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lessons import take_home
from core.lessons.take_home import MOST_BYTES, offers, opened
from core.lessons.train import LAST_EPOCHS, Choices, config_of
from core.runs.export import FILES
from core.vae import config as config_module
from core.vae.config import TrainConfig
from tests.core.lessons.test_train_lesson import on_screen
from tests.core.vae.test_config import as_deployed, configs
from tests.pages.stand_in import StandIn


@pytest.fixture(scope="class")
def deployed():
    """
    Values of a wrong type meet the config's own checks, not the suite's.
    """
    theirs = as_deployed(config_module).TrainConfig

    class Checked:
        @staticmethod
        def from_json(fields):
            return TrainConfig.from_json(theirs.from_json(fields).to_json())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(take_home, "TrainConfig", Checked)
        yield


def saved(config):
    return json.dumps(config.to_json()).encode()


def problem_of(text):
    body = text if isinstance(text, bytes) else text.encode()
    found = opened(body)
    assert found.config is None
    assert found.choices is None
    return found.problem


class TestOpened:
    @given(configs())
    def test_is_the_config_that_was_saved(self, config):
        """
        Any training there can be survives the way to a file and back, value for value.
        """
        found = opened(saved(config)).config

        assert found is not None
        assert found.to_json() == config.to_json()

    @given(on_screen)
    def test_stands_where_the_controls_stood(self, choices):
        """
        What the controls describe can be saved and brings the same training back to them.
        """
        found = opened(saved(config_of(choices)))

        assert found.problem is None
        assert config_of(found.choices) == config_of(choices)

    @given(on_screen)
    def test_needs_no_place_for_what_the_worker_has_settled(self, choices):
        """
        A run's own config, whose device and precision are named, has its place on the controls.
        """
        run = config_of(choices).resolved(device="cpu", precision="fp32")

        assert config_of(opened(saved(run)).choices) == run

    def test_takes_what_an_editor_has_saved(self):
        """
        A mark at the beginning, spaces and missing settings are no reason to refuse a file.
        """
        found = opened(b'\xef\xbb\xbf\r\n  {"betas": [5.0], "dataset": "sprites"}\r\n')

        assert found.choices == Choices(beta=5.0, data="Sprites")

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"betas": (0.5, 1.0)}, "it trains 2 values of β side by side"),
            ({"betas": (0.123,)}, "its β, 0.123, lies between two marks"),
            ({"scale": 0.26}, "its scale of a pixel, 0.26, lies between two marks"),
            ({"learning_rate": 0.019}, "its peak learning rate, 0.019, lies between two marks"),
            ({"steps": None, "epochs": LAST_EPOCHS + 1}, "its 10,001 epochs are more than 10,000"),
            ({"beta_changes": ((5, 2.0),)}, "its β was changed while it trained"),
            ({"segments": ((5, 0.001),)}, "it was trained on after its end"),
            (
                {"start": TrainConfig(device="cpu", precision="fp32"), "start_step": 5},
                "it starts with the weights of another training",
            ),
            ({"threads": 2}, "it uses 2 processor threads"),
        ],
    )
    def test_says_what_the_controls_cannot_show(self, changes, why):
        """
        A training is not bent to fit the controls: they stay, and the reader is told why.
        """
        found = opened(saved(TrainConfig(**changes)))

        assert found.config == TrainConfig(**changes)
        assert found.choices is None
        assert found.problem == (
            "This config describes a training, but not one that the controls can show: "
            f"{why}. They stay as they are; it can be trained as it is."
        )

    def test_is_sized_before_it_can_be_trained(self, monkeypatch):
        """
        What does not fit is refused with its size, what takes hours says so.
        """
        wide = saved(TrainConfig(hidden=(4096, 4096), threads=2, steps=1_000_000))
        assert opened(wide).refusal is None
        assert opened(wide).note.startswith("On a processor this training takes roughly")
        memory = type("Memory", (), {"total": 200_000_000})
        monkeypatch.setattr("core.lessons.train.psutil.virtual_memory", memory)
        found = opened(wide)

        assert "of memory, and this machine has" in found.refusal
        assert found.problem.endswith("They stay as they are.")


@pytest.mark.usefixtures("deployed")
class TestRefused:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "A config must be JSON, got something else in line 1, column 1."),
            ('{"steps": 5', "A config must be JSON, got something else in line 1, column 12."),
            ('{"steps": 5}\n{}', "A config must be JSON, got something else in line 2, column 1."),
            ("{'steps': 5}", "A config must be JSON, got something else in line 1, column 2."),
            (b"\xff\xfe{\0", "A config must be text in UTF-8, got another byte at place 0."),
            ("[1]", "A config must be a JSON object, got a list."),
            ('"steps"', "A config must be a JSON object, got a word."),
            ("true", "A config must be a JSON object, got true or false."),
            ("null", "A config must be a JSON object, got null."),
            ("NaN", "A config must be a JSON object, got a number."),
            ('{"seed": 1, "seed": 1}', "`seed` must be there once, got it 2 times."),
            ('{"betas": [{"a": 1, "a": 2}]}', "`a` must be there once, got it 2 times."),
            ('{"steps": 0}', "`steps` must be a whole number from 1 to 10,000,000, got 0."),
            ('{"steps": 5.5}', "`steps` must be a whole number from 1 to 10,000,000, got 5.5."),
            ('{"steps": "5"}', "`steps` must be a whole number from 1 to 10,000,000, got '5'."),
            ('{"scale": NaN}', "`scale` must be a number from 0.001 to 10, got nan."),
            ('{"betas": [NaN]}', "`betas` must be a number from 0 to 10000, got nan."),
            ('{"betas": [-Infinity]}', "`betas` must be a number from 0 to 10000, got -inf."),
            ('{"betas": [1e999]}', "`betas` must be a number from 0 to 10000, got inf."),
            ('{"betas": []}', "`betas` must be a list of 1 to 64 numbers, got ()."),
            ('{"betas": {"0": 1}}', "`betas` must be a list of 1 to 64 numbers, got {'0': 1}."),
            ('{"hidden": [[8]]}', "`hidden` must be a whole number from 1 to 4,096, got "),
            ('{"dataset": "cats"}', "`dataset` must be one of digits, sprites, mnist, "),
            ('{"dataset": ["digits"]}', "`dataset` must be one of digits, sprites, mnist, "),
            ('{"dataset": null}', "`dataset` must be one of digits, sprites, mnist, "),
            ('{"stepz": 5}', "`stepz` is not a setting; choose from batch_size, beta_"),
            ('{"__class__": 5}', "`__class__` is not a setting; choose from batch_size, "),
            ('{"steps": 5, "epochs": 5}', "`steps` and `epochs` must not both be set, got "),
            ('{"steps": null}', "`schedule` must be constant for a training without `steps`"),
            (
                '{"seed": %s}' % ("9" * 5000),
                "`seed` must be a whole number from 0 to 4,294,967,295, got inf.",
            ),
            (
                '{"seed": -%s}' % ("9" * 3000),
                "`seed` must be a whole number from 0 to 4,294,967,295, got -9999",
            ),
        ],
    )
    def test_says_what_rule_and_what_came(self, text, sentence):
        """
        Whatever is wrong with a file, the sentence says where, what is asked for and what came.
        """
        assert problem_of(text).startswith(sentence)

    @pytest.mark.parametrize("before", ["", '{"betas": ', '{"hidden": [8, ', '{"a":'])
    @pytest.mark.parametrize("depth", [300, 900, 30_000])
    def test_does_not_follow_it_into_the_deep(self, before, depth):
        """
        A file of nothing but brackets ends in a sentence.
        """
        after = "}" * before.count("{")
        after = "]" * before.count("[") + after
        problem = problem_of(before + "[" * depth + "]" * depth + after)

        assert problem.startswith(
            ("A config must", "`betas` must be", "`hidden` must be", "`a` is not a setting")
        )
        assert len(problem) <= 404

    @pytest.mark.parametrize("depth", [40, 400, 6000])
    def test_does_not_follow_a_chain_of_trainings(self, depth):
        """
        A file that names training after training to start from ends in a sentence.
        """
        problem = problem_of('{"start": ' * depth + "{}" + "}" * depth)

        assert problem.startswith(("`start` must", "A config must"))

    def test_does_not_read_a_large_file(self, monkeypatch):
        """
        The size is looked at before anything else is.
        """
        largest = b"{}" + b" " * (MOST_BYTES - 2)
        assert opened(largest).problem is None

        monkeypatch.setattr(take_home.json, "loads", lambda *_, **__: pytest.fail("was read"))

        assert problem_of(largest + b" ") == (
            "A config must have at most 65,536 bytes, got a larger file."
        )

    def test_repeats_little_of_it(self):
        """
        A page does not fill with what somebody has put into a file.
        """
        name = "x" * 60_000

        assert len(problem_of(json.dumps({name: 1}))) < 420
        assert len(problem_of(json.dumps({"dataset": name}))) < 420
        assert len(problem_of(f'{{"{name}": 1, "{name}": 2}}')) < 420

    @given(st.binary(max_size=400))
    def test_is_all_that_noise_can_be(self, body):
        """
        Bytes at random end in a sentence, if not in the untouched config.
        """
        found = opened(body)

        assert (found.problem is None) == (found.choices is not None)

    @given(
        st.dictionaries(
            st.sampled_from(sorted(TrainConfig().to_json())) | st.text(max_size=8),
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers()
                | st.floats()
                | st.text(max_size=8)
                | st.sampled_from(["digits", "cpu", "fp32", "constant", math.inf]),
                lambda inner: (
                    st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner)
                ),
                max_leaves=6,
            ),
            max_size=5,
        )
    )
    def test_is_all_that_any_json_can_be(self, fields):
        """
        Any object of any values is a config or a sentence, never an error.
        """
        found = opened(json.dumps(fields).encode())

        assert (found.config is None) <= (found.problem is not None)
        assert (found.problem is None) == (found.choices is not None)


class TestOffers:
    def run(self, **fields):
        return StandIn().put(TrainConfig().resolved(device="cpu", precision="fp32"), **fields)

    @pytest.mark.parametrize(
        "fields",
        [
            {"state": "running", "step": None},
            {"state": "stopped", "step": 5},
            {"state": "queued", "step": 5},
            {"state": "done", "step": 800},
        ],
    )
    def test_are_all_files_once_there_are_reports(self, fields):
        """
        A run at work, or one that has been, has everything to take home.
        """
        assert offers(self.run(**fields)) == tuple(FILES.values())

    @pytest.mark.parametrize("state", ["queued", "stopped", "failed"])
    def test_are_what_describes_the_run_before_that(self, state):
        """
        Without a report there is the config, and a script where it has a step to go to.
        """
        run = self.run(state=state, step=None, created=time.time())
        endless = dataclasses.replace(run, config=run.config | {"steps": None})

        assert [file.name for file in offers(run)] == ["config.json", "script.py"]
        assert [file.name for file in offers(endless)] == ["config.json"]
