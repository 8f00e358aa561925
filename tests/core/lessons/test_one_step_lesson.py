"""Mirrors `core/lessons/one_step.py`: every number of the page, against torch and by the text."""

import math
import re

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.lessons import one_step as lesson
from core.lessons.one_step import BATCH, CONFIG, LOOKS, MODELS, STEPS, Choices
from core.lessons.panels import adding_up, number, significant
from core.vae import datasets, likelihoods, model, objective, training
from core.vae.gradients import BatchGradient

RUN = "aaaabbbbcccc"
RESOLVED = CONFIG.resolved(device="cpu", precision="fp32")


def weights(seed):
    """
    Weights as a run keeps them: untrained ones, stretched so that codes differ.
    """
    bias = torch.zeros(CONFIG.data_dim)
    flat = 2.5 * model.initial_parameters(lesson.dataclasses.replace(CONFIG, seed=seed), bias)
    return model.named(CONFIG, flat)


class Kept:
    """A store with the three models of one run."""

    def __init__(self):
        self.asked = []
        steps = [lesson.snapshot_step(share) for share in MODELS.values()]
        self.at = {step: weights(seed) for seed, step in enumerate(steps)}

    def weights(self, run_id, step=None):
        self.asked.append(step)
        if run_id != RUN:
            return None
        tensors = {name: values.numpy() for name, values in self.at[step].items()}
        return step, safetensors.numpy.save(tensors)


@pytest.fixture(scope="module")
def kept():
    return Kept()


@pytest.fixture(scope="module")
def trained(kept):
    return lesson.model(kept, RUN, "Trained")


def numbers(text):
    """
    The numbers in a text, as a reader would read them.
    """
    plain = text.replace("−", "-").replace(",", "")
    return [float(found) for found in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", plain)]


def cells(view):
    return {row[0].strip("*"): [numbers(cell) for cell in row[1:]] for row in view.table.rows}


def by_torch(choices, kept):
    """
    The same batch and noise through the models that train, in their own precision.
    """
    parameters = kept.at[lesson.snapshot_step(MODELS[choices.model])]
    data = datasets.load(CONFIG.dataset)
    first = (choices.minibatch - 1) * BATCH
    seen = training.seen_by(CONFIG, data, "train")[first : first + BATCH][None]
    seed = [choices.noise, choices.minibatch, 2]
    noise = torch.tensor(np.random.default_rng(seed).standard_normal((BATCH, 2))).float()[None]
    return parameters, seen, noise


class TestModel:
    def test_is_read_once(self):
        """
        Whoever moves a control does not ask the store again.
        """
        kept = Kept()
        first = lesson.model(kept, RUN, "Half-trained")

        assert lesson.model(kept, RUN, "Half-trained") is first
        assert len(kept.asked) == 1

    def test_says_what_is_missing(self, kept):
        """
        A run without the weights, or a name that is none, is a sentence.
        """
        with pytest.raises(ValueError, match="Run zzzz has kept no weights at step 800"):
            lesson.model(kept, "zzzz", "Trained")
        with pytest.raises(ValueError, match="`name` must be one of Untrained, "):
            lesson.model(kept, RUN, "Overtrained")

    def test_the_steps_are_those_that_a_training_keeps(self):
        """
        Start, middle and end of the default training, each with weights.
        """
        total = CONFIG.total_steps
        steps = [lesson.snapshot_step(share) for share in MODELS.values()]

        assert steps[0] == 0
        assert steps[2] == total
        assert abs(steps[1] - total / 16) <= total / 30


class TestBatch:
    def test_is_what_the_trainer_sees(self):
        """
        The same pixels, batch by batch.
        """
        seen = training.seen_by(CONFIG, datasets.load(CONFIG.dataset), "train").numpy()

        for k in (1, 2, lesson.LAST_BATCH):
            np.testing.assert_array_equal(lesson.batch(k), seen[(k - 1) * BATCH : k * BATCH])
        with pytest.raises(ValueError, match="`number` must be from 1 to 162, got 163"):
            lesson.batch(lesson.LAST_BATCH + 1)


@pytest.mark.parametrize(
    "choices",
    [
        Choices(),
        Choices(model="Untrained", minibatch=7, image=3, noise=5, beta=4.0),
        Choices(model="Half-trained", minibatch=162, image=8, noise=9_999, beta=0.0),
    ],
)
class TestNumbersOnScreen:
    """What the reader reads is what the models that train compute for that batch."""

    def shown(self, kept, choices, step, **changes):
        choices = lesson.dataclasses.replace(choices, step=step, **changes)
        return lesson.view(lesson.model(kept, RUN, choices.model), choices), choices

    def test_encode(self, kept, choices):
        """
        Mean, standard deviation, log-variance and nats of each code dimension.
        """
        view, _ = self.shown(kept, choices, "Encode")
        parameters, x, _ = by_torch(choices, kept)
        mean, log_var = (t[0, choices.image - 1] for t in model.encode(parameters, x))
        nats = torch.distributions.kl_divergence(
            torch.distributions.Normal(mean, (log_var / 2).exp()),
            torch.distributions.Normal(0.0, 1.0),
        )

        for j, (name, row) in enumerate(cells(view).items()):
            assert name == f"z{'₁₂'[j]}"
            expected = [mean[j], (log_var[j] / 2).exp(), log_var[j], nats[j]]
            for found, right in zip(row, expected, strict=True):
                assert found[0] == pytest.approx(float(right), abs=1.6e-3)
        assert numbers(view.equation)[-1] == pytest.approx(float(nats.sum()), abs=6e-4)

    def test_sample(self, kept, choices):
        """
        The draw is mean + std x noise, term by term, and the terms add up as they are written.
        """
        view, _ = self.shown(kept, choices, "Sample")
        parameters, x, noise = by_torch(choices, kept)
        mean, log_var = model.encode(parameters, x)
        z = model.sample(mean, log_var, noise)[0, choices.image - 1]

        for j, (_, row) in enumerate(cells(view).items()):
            assert row[4][0] == pytest.approx(float(z[j]), abs=6e-4)
            assert row[0][0] + row[3][0] == pytest.approx(row[4][0], abs=1e-9)
            assert row[1][0] * row[2][0] == pytest.approx(row[3][0], abs=6e-3)

    def test_decode(self, kept, choices):
        """
        D of the image as Bernoulli and as Gaussian, each by the likelihoods that train.
        """
        view, choices = self.shown(kept, choices, "Decode", sigma=0.1)
        parameters, x, noise = by_torch(choices, kept)
        output = model.decode(parameters, model.sample(*model.encode(parameters, x), noise))
        image = likelihoods.mean_image("bernoulli_grey", output)
        scale = torch.tensor([[0.1]]).log()
        i = choices.image - 1
        bernoulli = likelihoods.distortion("bernoulli_grey", x, output, scale)[0, i]
        gaussian = likelihoods.distortion("gaussian_fixed", x, image, scale)[0, i]

        row = cells(view)["D, nats"]
        assert row[0][0] == pytest.approx(float(bernoulli), abs=6e-3)
        assert row[1][0] == pytest.approx(float(gaussian), abs=6e-3)
        assert any("**β = 50.0**" in sentence for sentence in view.sentences)
        pixels = np.array(view.panels[0]["tiles"][2]["values"])
        assert pixels.sum() == pytest.approx(float(bernoulli), abs=1e-3)

    def test_loss(self, kept, choices):
        """
        The bars add up to the trainer's number, and the texts add up as they are written.
        """
        view, _ = self.shown(kept, choices, "Loss")
        parameters, x, noise = by_torch(choices, kept)
        scale = torch.zeros(1, 1)
        d, r = objective.distortion_and_rate(parameters, "bernoulli_grey", x, noise, scale)
        total = objective.objective(d, r, torch.tensor([choices.beta]))

        bars = view.panels[0]["rows"]
        for k, bar in enumerate(bars[:-1]):
            distortion, rate = (part["value"] for part in bar["parts"])
            assert distortion == pytest.approx(float(d[0, k]), rel=2e-5)
            assert rate == pytest.approx(choices.beta * float(r[0, k]), rel=2e-5, abs=1e-6)
        found = sum(part["value"] for part in bars[-1]["parts"])
        assert found == pytest.approx(float(total), rel=2e-5)
        for row in cells(view).values():
            distortion, _, weighed, both = (cell[0] for cell in row)
            assert distortion + weighed == pytest.approx(both, abs=1e-9)
        assert numbers(view.equation)[-1] == pytest.approx(float(total), abs=6e-3)

    def test_the_bars_are_what_the_page_computes(self, kept, choices):
        """
        Without a rounding between them: the last bar is the objective, to the bit.
        """
        view, choices = self.shown(kept, choices, "Loss")
        step = lesson.step_of(lesson.model(kept, RUN, choices.model), choices)

        assert sum(part["value"] for part in view.panels[0]["rows"][-1]["parts"]) == step.objective

    def test_update(self, kept, choices):
        """
        Gradient norms by the hand-derived gradients that train; the loss after an Adam step.
        """
        view, choices = self.shown(kept, choices, "Update")
        parameters, x, noise = by_torch(choices, kept)
        config = lesson.dataclasses.replace(RESOLVED, batch_size=BATCH)
        flat = torch.cat([values.reshape(-1) for values in parameters.values()])
        trainer = BatchGradient(config, flat)
        trainer.x.copy_(x)
        trainer.noise.copy_(noise.mT)
        trainer.beta.fill_(choices.beta)
        trainer()
        slopes = {name: v / BATCH for name, v in model.named(config, trainer.gradient).items()}

        norms = {row["label"]: row["parts"][0]["value"] for row in view.panels[0]["rows"]}
        layers = ("encoder.0", "heads", "decoder.0", "decoder.1")
        for found, layer in zip(norms.values(), layers, strict=True):
            both = (slopes[f"{layer}.weight"], slopes[f"{layer}.bias"])
            expected = math.sqrt(sum(float(v.square().sum()) for v in both))
            assert found == pytest.approx(expected, rel=1e-4)
        leaf = flat.clone().requires_grad_()
        optimiser = torch.optim.SGD([leaf], lr=1.0)  # what Adam's first step comes to
        leaf.grad = torch.cat([v.reshape(-1) for v in slopes.values()])
        leaf.grad = choices.size * leaf.grad / (leaf.grad.abs() + 1e-8)
        optimiser.step()
        scale = torch.zeros(1, 1)
        d, r = objective.distortion_and_rate(
            model.named(config, leaf.detach()), "bernoulli_grey", x, noise, scale
        )
        total = objective.objective(d, r, torch.tensor([choices.beta]))
        # A weight whose slope is nearly nothing may go either way in single precision.
        assert cells(view)["after"][3][0] == pytest.approx(float(total), rel=1e-3)

    def test_everything_is_a_number(self, kept, choices):
        """
        No picture and no text holds what is not a number, and every picture has its words.
        """
        for step in STEPS:
            for look in LOOKS if step == "Sample" else (choices.look,):
                view, _ = self.shown(kept, choices, step, look=look, samples=32)
                text = lesson_json(view.panels) + view.equation + repr(view.table)
                assert "nan" not in text.lower()
                assert all(panel["alt"] for panel in view.panels)


def lesson_json(panels):
    import json

    return json.dumps(panels, allow_nan=False)


class TestSampling:
    def test_the_two_gradients_agree(self, trained):
        """
        The means on screen lie within a few of their standard errors of each other.
        """
        view = lesson.view(trained, Choices(step="Sample", look="Two gradients", samples=128))

        path, score, less = (row[1:5] for row in view.table.rows)
        for one, two, three in zip(path, score, less, strict=True):
            (mean, error), (score_mean, score_error), (less_mean, less_error) = map(
                numbers, (one, two, three)
            )
            assert abs(mean - score_mean) < 5 * math.hypot(error, score_error)
            assert abs(mean - less_mean) < 5 * math.hypot(error, less_error)

    def test_more_draws_bring_the_spread_down(self, trained):
        """
        And the row for other images stands beside them.
        """
        view = lesson.view(trained, Choices(step="Sample", look="How many draws"))

        rows = [numbers(row[1])[0] for row in view.table.rows]
        assert rows[0] > 2.5 * rows[-2]
        assert view.table.rows[-1][0] == "other images instead"


class TestCalculator:
    def test_closed_form_and_sampling(self):
        """
        One nat and a half: N(1, 1) costs 0.5, N(0, 0.5²) 0.3181.
        """
        choices = Choices(
            step="KL by hand", mean_1=1.0, log_var_1=0.0, mean_2=0.0, log_var_2=-1.0, draws=100_000
        )
        view = lesson.view(None, choices)

        first, second, total, estimate, error, draws, _ = numbers(view.equation)
        assert first == 0.5
        assert second == pytest.approx(0.5 * (math.exp(-1) + 1 - 1), abs=1e-4)
        assert total == pytest.approx(first + second, abs=1e-9)
        assert abs(estimate - total) < 6 * error
        assert draws == 100_000

    def test_nothing_to_send(self):
        """
        At the prior itself the rate is zero, every sample says so, and nothing is divided by it.
        """
        choices = Choices(step="KL by hand", mean_1=0.0, log_var_1=0.0, draws=10)
        view = lesson.view(None, choices)

        assert "**0.0000 nats**" in view.equation
        assert "of them off" not in view.equation
        assert lesson_json(view.panels)

    def test_the_cancellation_is_on_screen(self):
        """
        Near the prior the textbook's form has lost what ours and fifty digits agree on.
        """
        choices = Choices(step="KL by hand", mean_1=0.0, log_var_1=0.001)
        exact, ours, textbook = (row[0][0] for row in cells(lesson.view(None, choices)).values())

        assert ours == pytest.approx(exact, rel=1e-3)
        assert abs(textbook - exact) > 0.04 * exact


class TestStatus:
    @pytest.mark.parametrize("name", lesson.PRESETS)
    def test_presets_stand_on_marks(self, name):
        """
        A link can only set what its control offers.
        """
        choices = lesson.PRESETS[name].choices

        assert choices.step in STEPS
        assert choices.look in LOOKS
        assert choices.model in MODELS
        assert choices.sigma in lesson.SIGMAS
        assert {choices.mean_1, choices.mean_2} <= set(lesson.MEANS)
        assert {choices.log_var_1, choices.log_var_2} <= set(lesson.LOG_VARS)

    def test_the_walk_has_two_ends(self):
        """
        Next and Back go through all six and stay where there is no further.
        """
        place, seen = STEPS[0], []
        for _ in range(len(STEPS)):
            seen.append(place)
            place = lesson.neighbour(place, 1)
        assert tuple(seen) == STEPS
        assert place == STEPS[-1]
        assert lesson.neighbour(STEPS[0], -1) == STEPS[0]


class TestTexts:
    @given(
        parts=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6),
        digits=st.integers(0, 4),
    )
    def test_every_number_is_the_nearest_there_is(self, parts, digits):
        """
        Parts and sum are rounded and never moved, with as many decimals as they need to add up.
        """
        texts, total = adding_up(parts, digits)
        decimals = len(total.partition(".")[2])
        unit = 10.0**-decimals

        shown = [numbers(text)[0] for text in texts]
        assert digits <= decimals <= digits + 3
        assert numbers(total)[0] == pytest.approx(sum(parts), abs=0.51 * unit)
        assert shown == pytest.approx(parts, abs=0.51 * unit)
        assert sum(shown) == pytest.approx(numbers(total)[0], abs=(len(parts) + 1.1) / 2 * unit)

    def test_two_parts_add_up(self):
        """
        Two parts of a sum, drawn ten thousand times, miss it for good in no more than 60 cases.
        """
        drawn = np.random.default_rng(0).uniform(0, 40, (10_000, 2))
        misses = 0
        for parts in drawn.tolist():
            texts, total = adding_up(parts, 2)
            shown = sum(numbers(text)[0] for text in texts)
            misses += abs(shown - numbers(total)[0]) > 1e-9

        assert misses <= 60

    @given(value=st.floats(-1e6, 1e6))
    def test_no_number_is_minus_zero(self, value):
        """
        What rounds to nothing has no sign.
        """
        for text in (number(value), number(value, 4)):
            assert text.strip("−0.,") or not text.startswith("−")
        assert significant(value)
