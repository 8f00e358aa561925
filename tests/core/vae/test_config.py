"""Catches a setting that is let through or refused wrongly, and fingerprints that mix up runs."""

import dataclasses
import importlib.util
import json
import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core.vae.config
from core.vae.datasets import DATASETS


def as_deployed(module):
    """
    A module as the site runs it: values of a wrong type meet its own checks, not the suite's.
    """
    spec = importlib.util.spec_from_file_location(f"deployed.{module.__name__}", module.__file__)
    deployed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(deployed)
    return deployed


deployed = as_deployed(core.vae.config)
TrainConfig = deployed.TrainConfig
LIKELIHOODS = get_args(deployed.Likelihood)
MOST_STEPS = deployed.MOST_STEPS

FIELDS = [field.name for field in dataclasses.fields(TrainConfig)]

WORDS = [None, "", "nothing", "Digits", 0, True, 1.5, ["digits"], ("cpu",), {}]
NUMBERS = [None, "0.25", True, False, math.nan, math.inf, -math.inf, -1.0, (0.5,), 1j]
WHOLES = [None, "2", True, False, 2.0, 2.5, math.nan, math.inf, -1, (2,), 2**70]

BAD: dict[str, list[object]] = {
    "dataset": WORDS,
    "likelihood": [*WORDS, "bernoulli"],
    "schedule": [*WORDS, "linear"],
    "device": [*WORDS, "gpu", "cuda:0"],
    "precision": [*WORDS, "fp16"],
    "scale": [*NUMBERS, 0, 0.00099, 10.1],
    "learning_rate": [*NUMBERS, 0, 9e-8, 1.01],
    "hidden": [None, "128", 128, [128], (128,) * (deployed.MOST_LAYERS + 1), {128}],
    "latent_dim": [*WHOLES, 0, 257],
    "betas": [None, "1", 1.0, [1.0], (), (1.0,) * (deployed.MOST_MEMBERS + 1)],
    "beta_warmup": [*WHOLES, MOST_STEPS + 1],
    "batch_size": [*WHOLES, 0, 1298],
    "steps": [*WHOLES[1:], 0, MOST_STEPS + 1],
    "seed": [*WHOLES, 2**32],
    "threads": [*WHOLES, 0, 65],
    "beta_changes": [None, "1", 1.0, [(1, 1.0)], ((1, 1.0),) * (deployed.MOST_CHANGES + 1)],
    "segments": [None, "1", 1.0, [(1, 1.0)], ((1, 1.0),) * (deployed.MOST_SEGMENTS + 1)],
    "start": ["digits", 0, (), {}],
    "start_step": [0, 1.5, "1"],
}
BAD_ENTRIES: dict[str, list[object]] = {
    "hidden": [*WHOLES, 0, 4097],
    "betas": [*NUMBERS, 10_000.1],
    "beta_changes": [None, 1, (1,), (1, 1.0, 1.0), "ab"],
    "segments": [None, 1, (1,), (1, 1.0, 1.0), "ab"],
}


def cases(table):
    return [
        pytest.param(name, bad, id=f"{name}={bad}"[:30]) for name in table for bad in table[name]
    ]


def refusal(**fields):
    with pytest.raises(ValueError, match="must") as error:
        TrainConfig(**fields)
    return str(error.value)


def resolved(config=None):
    return (config or TrainConfig()).resolved(device="cpu", precision="fp32")


@st.composite
def configs(draw):
    """
    Any training there can be.
    """
    changes = draw(st.dictionaries(st.integers(0, MOST_STEPS), st.floats(0, 1e4), max_size=3))
    members = 1 if changes else 5
    segments = draw(st.lists(st.tuples(st.integers(1, 9), st.floats(1e-7, 1)), max_size=3))
    dataset = draw(st.sampled_from(list(DATASETS)))
    length = draw(st.sampled_from(["steps", "epochs", None]))
    schedules = ["one_cycle", "constant"] if length else ["constant"]
    return TrainConfig(
        dataset=dataset,
        likelihood=draw(st.sampled_from(LIKELIHOODS)),
        scale=draw(st.floats(1e-3, 10)),
        hidden=draw(st.lists(st.integers(1, 4096), max_size=deployed.MOST_LAYERS).map(tuple)),
        latent_dim=draw(st.integers(1, 256)),
        betas=draw(st.lists(st.floats(0, 1e4), min_size=1, max_size=members).map(tuple)),
        beta_changes=tuple(sorted(changes.items())),
        segments=tuple(segments) if length else (),
        beta_warmup=draw(st.integers(0, 1000)),
        learning_rate=draw(st.floats(1e-7, 1.0)),
        schedule=draw(st.sampled_from(schedules)),
        batch_size=draw(st.integers(1, 1297)),
        steps=draw(st.integers(1, MOST_STEPS - 100)) if length == "steps" else None,
        epochs=draw(st.integers(1, 100)) if length == "epochs" else None,
        seed=draw(st.integers(0, 2**32 - 1)),
        device=draw(st.sampled_from(["auto", "cpu", "cuda"])),
        precision=draw(st.sampled_from(["auto", "fp32", "bf16"])),
        threads=draw(st.integers(1, 64)),
    )


class TestValidation:
    @pytest.mark.parametrize(("name", "bad"), cases(BAD))
    def test_names_field_rule_and_value(self, name, bad):
        """
        Whatever is wrong with a field, the message says which, what is asked for and what came.
        """
        message = refusal(**{name: bad})

        assert message.startswith((f"`{name}` must be ", "`start` and `start_step` must be set "))
        assert f"got {bad!r}"[:50] in message or name.startswith("start")

    @pytest.mark.parametrize(("name", "bad"), cases(BAD_ENTRIES))
    def test_looks_into_lists(self, name, bad):
        """
        One bad entry among good ones is found and quoted.
        """
        good = getattr(TrainConfig(), name)

        message = refusal(**{name: (*good, bad)})

        assert message.startswith(f"`{name}` must be ")
        assert message.endswith(f"got {bad!r}.")

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            (
                {"beta_changes": ((5, 1.0), (5, 2.0))},
                "`beta_changes` must be a whole number from 6",
            ),
            ({"beta_changes": ((5, -1.0),)}, "`beta_changes` must be a number from 0"),
            ({"beta_changes": ((5, math.nan),)}, "`beta_changes` must be a number from 0"),
            ({"beta_changes": ((5, 1.0),), "betas": (1.0, 2.0)}, "`beta_changes` must be empty"),
            ({"segments": ((0, 0.1),)}, "`segments` must be a whole number from 1"),
            ({"segments": ((10, 0.0),)}, "`segments` must be a number from 1e-07"),
            (
                {"segments": ((10, 0.1),), "steps": None, "schedule": "constant"},
                "`segments` must be empty",
            ),
            ({"segments": ((MOST_STEPS, 0.1),)}, "`steps` must be a whole number"),
            ({"start": TrainConfig(), "start_step": 3}, "`start` must be a resolved config"),
            ({"start": resolved(), "start_step": 801}, "`start_step` must be a whole number"),
            (
                {"start": resolved(), "start_step": 3, "latent_dim": 3, "hidden": (5,)},
                "`start` must have the architecture of the training that goes on from it, got "
                "another hidden and latent_dim.",
            ),
        ],
    )
    def test_checks_what_was_done_by_hand(self, fields, text):
        """
        Steering, going on and starting from weights are held to rules of their own.
        """
        assert refusal(**fields).startswith(text)

    def test_bounds_how_deep_trainings_lie(self):
        """
        A config may name the training before it, and that one another, but not without end.
        """
        deep = resolved()
        for _ in range(deployed.MOST_STARTS):
            deep = resolved(TrainConfig(start=deep, start_step=1))

        assert TrainConfig.from_json(json.loads(json.dumps(deep.to_json()))) == deep
        assert refusal(start=deep, start_step=1).startswith("`start` must not lie more than")
        with pytest.raises(ValueError, match="must not lie more than"):
            TrainConfig.from_json({"start": deep.to_json(), "start_step": 1})

    @pytest.mark.parametrize("bad", [*WHOLES[1:], 0, MOST_STEPS])
    def test_checks_epochs(self, bad):
        """
        Epochs are held to the rule for steps: no training is longer than the longest.
        """
        message = refusal(steps=None, epochs=bad)

        assert message.startswith("`epochs` must be a whole number from 1 to 1,000,000")
        assert message.endswith(f"got {bad!r}.")

    def test_leaves_no_field_unchecked(self):
        """
        Every field there is has bad values in the tables above.
        """
        assert {*BAD, "epochs"} == set(FIELDS)

    def test_takes_one_length(self):
        """
        Steps and epochs exclude each other, and the message quotes both.
        """
        message = refusal(steps=10, epochs=2)

        assert message == ("`steps` and `epochs` must not both be set, got steps=10 and epochs=2.")

    def test_holds_open_ended_trainings_to_a_constant_rate(self):
        """
        A training without an end has no last step for its rate to fall to.
        """
        assert "`schedule` must be constant" in refusal(steps=None, schedule="one_cycle")
        assert TrainConfig(steps=None, schedule="constant").total_steps is None

    def test_measures_the_batch_by_the_dataset(self):
        """
        A batch holds no more images than there are to learn from, nor more than 4,096.
        """
        assert TrainConfig(batch_size=1297).steps_per_epoch == 1
        assert "from 1 to 1,297, got 1298." in refusal(batch_size=1298)
        assert "from 1 to 4,096, got 4097." in refusal(batch_size=4097, dataset="mnist")

    def test_keeps_messages_short(self):
        """
        A value as long as a book is quoted by its beginning.
        """
        assert len(refusal(dataset="x" * 10_000)) < 200
        assert len(refusal(steps=10**5_000)) < 200

    @pytest.mark.parametrize("name", FIELDS)
    def test_cannot_be_changed(self, name):
        """
        A config is frozen: its fingerprint stands for its result.
        """
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(TrainConfig(), name, 1)


class TestSize:
    def test_reads_a_file_that_counts_in_epochs(self):
        """
        It need not say that it does not count in steps; one that counts in both is refused.
        """
        read = TrainConfig.from_json({"epochs": 3})
        assert (read.epochs, read.steps) == (3, None)
        with pytest.raises(ValueError, match="must not both be set"):
            TrainConfig.from_json({"epochs": 3, "steps": 10})

    def test_turns_epochs_into_steps(self):
        """
        An epoch is as many full batches as there are.
        """
        config = TrainConfig(steps=None, epochs=3, batch_size=100)

        assert (config.steps_per_epoch, config.total_steps) == (12, 36)
        assert resolved(config).steps == 36
        assert resolved(config).epochs is None

    def test_counts_members_by_their_betas(self):
        """
        A config has as many members as it has betas, even equal ones.
        """
        assert TrainConfig(betas=(1.0, 1.0, 4.0)).members == 3

    def test_counts_parameters(self):
        """
        The standard network, counted by hand: 784-400 and two heads of 20, then back.
        """
        config = TrainConfig(dataset="mnist", hidden=(400,), latent_dim=20)
        encoder = 785 * 400 + 401 * 40
        decoder = 21 * 400 + 401 * 784

        assert config.parameter_count == encoder + decoder
        learned = dataclasses.replace(config, likelihood="gaussian_learned")
        assert learned.parameter_count == encoder + decoder + 1

    def test_shares_what_ends(self):
        """
        Only a training with a last step has one result to share.
        """
        assert TrainConfig().is_shareable
        assert TrainConfig(steps=None, epochs=1).is_shareable
        assert not TrainConfig(steps=None, schedule="constant").is_shareable


class TestJson:
    @settings(deadline=None)
    @given(configs())
    def test_comes_back_equal(self, config):
        """
        A config survives JSON text, digit for digit.
        """
        text = json.dumps(config.to_json(), allow_nan=False)

        assert TrainConfig.from_json(json.loads(text)) == config

    @settings(deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from([*FIELDS, "stepz", ""]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=3), inner, max_size=2)
                ),
                max_leaves=4,
            ),
            max_size=4,
        )
    )
    def test_is_read_or_refused(self, fields):
        """
        Any JSON object makes a config or a sentence, never another kind of error.
        """
        try:
            config = TrainConfig.from_json(fields)
        except ValueError as error:
            assert str(error).startswith("`")  # noqa: PT017 - either outcome is right
        else:
            assert {name: config.to_json()[name] for name in fields} == fields

    def test_names_what_it_does_not_know(self):
        """
        A misspelt setting is refused, with the settings there are.
        """
        with pytest.raises(ValueError, match=r"`step` is not a setting; choose from .*steps"):
            TrainConfig.from_json({"step": 5})

    @pytest.mark.parametrize("wrong", [None, [], "config", 3])
    def test_wants_an_object(self, wrong):
        """
        JSON that is no object is no config.
        """
        with pytest.raises(ValueError, match="must be a JSON object, got "):
            TrainConfig.from_json(wrong)

    def test_fills_in_what_is_not_said(self):
        """
        Fields left out take their defaults.
        """
        assert TrainConfig.from_json({}) == TrainConfig()
        assert TrainConfig.from_json({"hidden": []}).hidden == ()


class TestFingerprint:
    def test_stays_what_it_was(self):
        """
        The default run has the fingerprint under which it has been stored so far.

        Should this fail, finished runs will not be found again. Where results have changed as
        well that is right: then the version of the trainer or of the data was raised.
        """
        assert resolved().fingerprint == GOLDEN

    @settings(deadline=None)
    @given(configs(), configs(), st.sampled_from(FIELDS))
    def test_tells_trainings_apart(self, config, other, name):
        """
        Two resolved configs have one fingerprint if and only if they are equal.
        """
        first = resolved(config)
        try:
            second = resolved(dataclasses.replace(config, **{name: getattr(other, name)}))
        except ValueError:  # the two do not go together
            second = resolved(other)

        assert (first.fingerprint == second.fingerprint) == (first == second)

    @pytest.mark.parametrize("name", sorted({*FIELDS} - {"scale", "epochs"}))
    def test_depends_on_every_field(self, name):
        """
        A change of any one setting that matters makes another training.
        """
        others = {
            "dataset": "sprites",
            "likelihood": "gaussian_fixed",
            "hidden": (127,),
            "betas": (1.0, 1.0),
            "schedule": "constant",
            "device": "cuda",
            "precision": "bf16",
            "learning_rate": 0.01,
            "beta_changes": ((10, 2.0),),
            "segments": ((10, 0.01),),
            "start": resolved(TrainConfig(seed=1)),
            "start_step": 5,
        }
        changed = others.get(name) or getattr(TrainConfig(), name) + 1
        first = resolved()
        if name.startswith("start"):
            first = dataclasses.replace(first, start=first, start_step=4)

        other = dataclasses.replace(first, **{name: changed})

        assert other.fingerprint != first.fingerprint

    def test_ignores_how_a_number_is_written(self):
        """
        Minus zero is zero, and a whole number is the float of the same value.
        """
        for one, other in [
            (TrainConfig(betas=(0.0,)), TrainConfig(betas=(-0.0,))),
            (TrainConfig(betas=(2.0,)), TrainConfig(betas=(2,))),
            (TrainConfig(learning_rate=1.0), TrainConfig(learning_rate=1)),
            (
                TrainConfig(likelihood="gaussian_fixed", scale=1.0),
                TrainConfig(likelihood="gaussian_fixed", scale=1),
            ),
        ]:
            assert resolved(one).fingerprint == resolved(other).fingerprint

    def test_ignores_a_scale_nobody_uses(self):
        """
        The fixed scale tells trainings apart only where the decoder has one.
        """

        def fingerprint(likelihood, scale):
            return resolved(TrainConfig(likelihood=likelihood, scale=scale)).fingerprint

        for likelihood in LIKELIHOODS:
            is_used = likelihood == "gaussian_fixed"
            assert (fingerprint(likelihood, 0.1) != fingerprint(likelihood, 0.2)) == is_used

    @pytest.mark.parametrize(
        "fields",
        [
            {"device": "cpu"},
            {"precision": "fp32"},
            {"device": "cpu", "precision": "fp32", "steps": None, "epochs": 2},
        ],
    )
    def test_waits_until_all_is_decided(self, fields):
        """
        While device, precision or length are open there is no fingerprint to take.
        """
        config = TrainConfig(**fields)

        assert not config.is_resolved
        with pytest.raises(ValueError, match="must be resolved before a fingerprint, got "):
            _ = config.fingerprint

    @settings(deadline=None)
    @given(configs())
    def test_is_settled_by_resolving_once(self, config):
        """
        Resolving decides what is open, keeps what was named, and leaves nothing to do.
        """
        once = resolved(config)

        assert once.is_resolved
        assert once.total_steps == config.total_steps
        assert config.device in ("auto", once.device)
        assert config.precision in ("auto", once.precision)
        assert once.resolved(device="cuda", precision="bf16") == once


GOLDEN = "f0f5c33ca824d89d"
