"""Every number of a step by hand against the models that train: torch, in float64."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.vae import adam, likelihoods, model, objective, training
from core.vae.config import Likelihood, TrainConfig
from core.vae.gradients import BatchGradient
from core.vae.one_step import (
    ADAM_EPSILON,
    gradient,
    layers,
    mean_image,
    member,
    one_step,
    updated,
)

BATCH, BETA = 5, 0.7
CASES = list(itertools.product(Likelihood.__args__, [(), (9,), (9, 5)]))


def config_of(likelihood="bernoulli_grey", hidden=(9,)):
    config = TrainConfig(
        likelihood=likelihood,
        hidden=hidden,
        latent_dim=3,
        betas=(BETA,),
        batch_size=BATCH,
        scale=0.3,
    )
    return config.resolved(device="cpu", precision="fp32")


def drawn(config, seed=0):
    """
    Random weights, images and noise, once for the hand and once for torch.
    """
    rng = np.random.default_rng(seed)
    flat = torch.tensor(rng.standard_normal(model.flat_size(config)) / 4)
    parameters = model.named(config, flat)
    hand = member(config, {name: values.numpy() for name, values in parameters.items()})
    x, noise = rng.random((BATCH, config.data_dim)), rng.standard_normal((BATCH, 3))
    return flat, parameters, hand, x, noise


def log_scale_of(config, parameters):
    return parameters.get(
        "log_scale", torch.tensor([[math.log(config.scale)]], dtype=torch.float64)
    )


def close(found, expected, **tolerances):
    np.testing.assert_allclose(found, expected, **({"rtol": 1e-11, "atol": 1e-12} | tolerances))


@pytest.mark.parametrize(("likelihood", "hidden"), CASES)
class TestOneStep:
    def test_every_step_is_the_trainers(self, likelihood, hidden):
        """
        The codes, the draw, the decoder's output, D and R of each image, and their weighted mean.
        """
        config = config_of(likelihood, hidden)
        _, parameters, hand, x, noise = drawn(config)
        step = one_step(hand, x, noise, BETA)

        x, noise = torch.tensor(x)[None], torch.tensor(noise)[None]
        mean, log_var = model.encode(parameters, x)
        z = model.sample(mean, log_var, noise)
        output = model.decode(parameters, z)
        log_scale = log_scale_of(config, parameters)
        terms = objective.distortion_and_rate(parameters, likelihood, x, noise, log_scale)
        close(step.code.mean, mean[0])
        close(step.code.log_var, log_var[0])
        close(step.z, z[0])
        close(step.picture.output, output[0])
        image = likelihoods.mean_image(likelihood, output)
        close(mean_image(likelihood, step.picture.output), image[0])
        close(step.distortion, terms[0][0])
        close(step.rate, terms[1][0])
        close(
            step.objective,
            objective.objective(*terms, torch.tensor([BETA], dtype=torch.float64))[0],
        )

    def test_the_gradient_is_the_trainers(self, likelihood, hidden):
        """
        Weight by weight, and the mean over the batch where the trainer has the sum.
        """
        config = config_of(likelihood, hidden)
        flat, _, hand, x, noise = drawn(config)
        trainer = BatchGradient(config, flat)
        trainer.x.copy_(torch.tensor(x)[None])
        trainer.noise.copy_(torch.tensor(noise).mT[None])
        trainer.beta.fill_(BETA)
        trainer()

        found = gradient(hand, one_step(hand, x, noise, BETA))

        expected = model.named(config, trainer.gradient)
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            close(found[name], values[0] / BATCH, err_msg=name)

    def test_the_update_is_the_trainers_first(self, likelihood, hidden):
        """
        Adam, fresh, with the trainer's settings, moves every weight to the same place.
        """
        config = config_of(likelihood, hidden)
        flat, _, hand, x, noise = drawn(config)
        slopes = gradient(hand, one_step(hand, x, noise, BETA))
        sums = torch.zeros_like(flat)
        for name, values in model.named(config, sums).items():
            values[0] = torch.tensor(slopes[name]) * BATCH
        optimiser = adam.Adam(
            flat, sums, betas=training.ADAM_BETAS, epsilon=training.ADAM_EPSILON * BATCH
        )
        optimiser.learning_rate.fill_(0.01)
        optimiser()

        after = updated(hand, slopes, 0.01)

        for name, values in model.named(config, flat).items():
            # The trainer keeps its learning rate and its count of steps in single precision.
            close(after.weights[name], values[0], rtol=1e-6, atol=1e-7, err_msg=name)

    def test_the_gradient_is_a_slope(self, likelihood, hidden):
        """
        A small move along any direction changes the objective as the gradient says.
        """
        _, _, hand, x, noise = drawn(config_of(likelihood, hidden))
        rng = np.random.default_rng(1)
        slopes = gradient(hand, one_step(hand, x, noise, BETA))
        away = {name: rng.standard_normal(v.shape) for name, v in hand.weights.items()}

        def objective_at(distance):
            weights = {name: v + distance * away[name] for name, v in hand.weights.items()}
            scale = float(weights["log_scale"][0]) if "log_scale" in weights else hand.log_scale
            moved = type(hand)(weights=weights, likelihood=likelihood, log_scale=scale)
            return one_step(moved, x, noise, BETA).objective

        found = (objective_at(1e-6) - objective_at(-1e-6)) / 2e-6
        expected = sum(float((slopes[name] * away[name]).sum()) for name in slopes)
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)


class TestMember:
    def test_reads_what_a_training_keeps(self):
        """
        In single precision, with the members along the first axis, in any order.
        """
        config = config_of()
        _, parameters, hand, _, _ = drawn(config)
        both = {
            name: torch.cat([values + 1, values]).float().numpy()
            for name, values in sorted(parameters.items())
        }

        second = member(config, both, 1)

        assert layers(second.weights) == ["encoder.0", "heads", "decoder.0", "decoder.1"]
        for name, values in hand.weights.items():
            close(second.weights[name], values, rtol=1e-6, atol=1e-6)

    @pytest.mark.parametrize("name", ["heads.weight", "decoder.1.bias"])
    def test_refuses_what_does_not_fit(self, name):
        """
        The sentence names the array, what it must be, and what it is.
        """
        config = config_of()
        _, parameters, _, _, _ = drawn(config)
        tensors = {key: values.numpy() for key, values in parameters.items()}

        with pytest.raises(ValueError, match=rf"`{name}` of shape .*, got \(2, 2\)"):
            member(config, tensors | {name: np.zeros((1, 2, 2))})
        with pytest.raises(ValueError, match=f"`{name}` .*got None"):
            member(config, {key: v for key, v in tensors.items() if key != name})
        with pytest.raises(ValueError, match=f"finite numbers, got others in `{name}`"):
            member(config, tensors | {name: np.full(tensors[name].shape, np.nan)})


class TestUpdated:
    def test_has_the_trainers_epsilon(self):
        """
        The constant stands twice because the other module needs torch.
        """
        assert ADAM_EPSILON == training.ADAM_EPSILON

    @settings(max_examples=10)
    @given(seed=st.integers(0, 1000), size=st.floats(1e-6, 0.1))
    def test_no_weight_moves_further_than_the_learning_rate(self, seed, size):
        """
        And a small step lowers the objective, whatever the weights.
        """
        _, _, hand, x, noise = drawn(config_of(), seed)
        before = one_step(hand, x, noise, BETA)
        slopes = gradient(hand, before)

        after = updated(hand, slopes, size)
        small = updated(hand, slopes, 1e-6)

        for name, values in after.weights.items():
            assert np.abs(values - hand.weights[name]).max() <= size * (1 + 1e-9)
        assert one_step(small, x, noise, BETA).objective < before.objective
