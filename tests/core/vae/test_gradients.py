"""Catches a wrong line in the gradients derived by hand."""

import itertools

import pytest
import torch

from core.vae import model
from core.vae.config import Likelihood, TrainConfig
from core.vae.gradients import BatchGradient
from core.vae.objective import distortion_and_rate, objective

BATCH = 6
STACKS = {"one": (1.0,), "autoencoder": (0.0,), "three": (0.0, 0.5, 4.0)}
CASES = list(itertools.product(Likelihood.__args__, [(), (9,), (9, 5)], STACKS))


def config_of(likelihood, hidden, stack, precision="fp32"):
    config = TrainConfig(
        likelihood=likelihood, hidden=hidden, betas=STACKS[stack], latent_dim=3, batch_size=BATCH
    )
    return config.resolved(device="cpu", precision=precision)


def filled(config, dtype=torch.float64, seed=0):
    """
    The hand-derived gradient of random weights, which differ by member, at random images.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    flat = (draw(model.flat_size(config)) / 4).to(dtype)
    gradient = BatchGradient(config, flat)
    refill(gradient, config, draw)
    return flat, gradient


def refill(gradient, config, draw):
    x = draw(*gradient.x.shape).sigmoid()
    is_grey = config.likelihood == "bernoulli_grey" or config.likelihood.startswith("gaussian")
    gradient.x.copy_(x if is_grey else x.round())
    gradient.noise.copy_(draw(*gradient.noise.shape))
    gradient.beta.copy_(torch.tensor(config.betas))


def terms_of(config, gradient, flat):
    """
    Distortion and rate of each image by the readable model, for the same images and noise.
    """
    parameters = model.named(config, flat)
    log_scale = parameters.get("log_scale", gradient.log_scale)
    noise = gradient.noise.mT.to(flat.dtype)
    return distortion_and_rate(
        parameters, config.likelihood, gradient.x.to(flat.dtype), noise, log_scale
    )


def by_autograd(config, gradient, flat):
    """
    The gradient of the batch's sum of D + beta R, by automatic differentiation.
    """
    leaf = flat.detach().clone().requires_grad_()
    terms = terms_of(config, gradient, leaf)
    total = BATCH * objective(*terms, gradient.beta.to(flat.dtype)).sum()
    return torch.autograd.grad(total, leaf)[0]


def relative_error(found, expected):
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize(("likelihood", "hidden", "stack"), CASES)
class TestBatchGradient:
    def test_agrees_with_automatic_differentiation(self, likelihood, hidden, stack):
        """
        In float64, weight by weight, it is the derivative of the readable objective.
        """
        config = config_of(likelihood, hidden, stack)
        flat, gradient = filled(config)

        gradient()

        expected = model.named(config, by_autograd(config, gradient, flat))
        for name, found in model.named(config, gradient.gradient).items():
            torch.testing.assert_close(
                found, expected[name], rtol=1e-11, atol=1e-11, msg=lambda m, n=name: f"{n}: {m}"
            )

    def test_measures_the_terms(self, likelihood, hidden, stack):
        """
        Its losses are the readable model's, averaged over the images.
        """
        config = config_of(likelihood, hidden, stack)
        flat, gradient = filled(config)

        gradient()

        losses = gradient.losses()
        distortion, rate = terms_of(config, gradient, flat)
        torch.testing.assert_close(losses.distortion, distortion.mean(-1))
        torch.testing.assert_close(losses.rate, rate.mean(-1))

    def test_is_close_in_bf16(self, likelihood, hidden, stack):
        """
        With eight bits of mantissa the gradient is off by a few parts in a hundred at most.
        """
        config = config_of(likelihood, hidden, stack, precision="bf16")
        flat, gradient = filled(config, torch.float32)

        gradient()

        assert gradient.gradient.dtype == torch.float32
        assert relative_error(gradient.gradient, by_autograd(config, gradient, flat)) < 0.03
        distortion, rate = terms_of(config, gradient, flat)
        losses = gradient.losses()
        torch.testing.assert_close(losses.distortion, distortion.mean(-1), rtol=0.03, atol=0.3)
        torch.testing.assert_close(losses.rate, rate.mean(-1), rtol=0.03, atol=0.1)


def test_is_the_slope_of_the_objective():
    """
    A small step along the gradient changes the objective by the squared length of the step.
    """
    config = config_of("gaussian_learned", (9,), "three")
    flat, gradient = filled(config)
    gradient()
    direction = gradient.gradient / gradient.gradient.norm()
    size = 1e-5

    def total(weights):
        return BATCH * objective(*terms_of(config, gradient, weights), gradient.beta).sum()

    slope = (total(flat + size * direction) - total(flat - size * direction)) / (2 * size)

    assert float(slope) == pytest.approx(float(gradient.gradient.norm()), rel=1e-6)


def test_remembers_nothing():
    """
    A second call, with other images, weights and betas, is not touched by the first.
    """
    config = config_of("bernoulli_grey", (9, 5), "three")
    flat, gradient = filled(config)
    gradient()
    generator = torch.Generator().manual_seed(1)
    refill(gradient, config, lambda *s: torch.randn(s, generator=generator, dtype=torch.float64))
    flat.mul_(1.1)
    gradient.beta.mul_(0.5)

    gradient()

    assert relative_error(gradient.gradient, by_autograd(config, gradient, flat)) < 1e-12


def test_counts_the_losses_before_the_update():
    """
    Once the weights have moved on, the losses are still those that the gradient was taken of.
    """
    config = config_of("gaussian_learned", (9,), "three")
    flat, gradient = filled(config)
    gradient()
    before = gradient.losses()

    flat.add_(0.1)
    after = gradient.losses()

    torch.testing.assert_close(after.distortion, before.distortion)
    torch.testing.assert_close(after.rate, before.rate)


def test_reads_only_its_own_random_numbers():
    """
    All noise comes from the caller, so two calls give the same gradient.
    """
    config = config_of("bernoulli_dynamic", (9,), "one")
    _, gradient = filled(config)
    gradient()
    first = gradient.gradient.clone()
    torch.manual_seed(5)

    gradient()

    assert torch.equal(gradient.gradient, first)
