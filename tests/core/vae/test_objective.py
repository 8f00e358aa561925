"""Catches a rate that goes negative, and terms that are not what the lecture says they are."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from core.vae import model
from core.vae.config import TrainConfig
from core.vae.objective import distortion_and_rate, objective, rate

codes = arrays(np.float64, (2, 3, 4), elements=st.floats(-8, 8))
near_prior = arrays(np.float32, (2, 3, 4), elements=st.floats(-(2**-10), 2**-10, width=32))
on_a_busy_machine = settings(deadline=None, max_examples=30)


class TestRate:
    @on_a_busy_machine
    @given(codes, codes)
    def test_agrees_with_torch(self, mean, log_var):
        """
        An independent implementation gives the same divergence from the prior.
        """
        mean, log_var = torch.tensor(mean), torch.tensor(log_var)
        encoder = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
        prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)

        torch.testing.assert_close(
            rate(mean, log_var), kl_divergence(encoder, prior), rtol=1e-10, atol=1e-10
        )

    def test_agrees_with_sampling(self, rng):
        """
        It is the mean log-ratio of encoder to prior, to within six standard errors.
        """
        mean, log_var = np.array([1.0, -0.5]), np.array([0.3, -1.2])
        z = mean + np.exp(log_var / 2) * rng.standard_normal((200_000, 2))
        log_ratio = 0.5 * (z**2 - (z - mean) ** 2 / np.exp(log_var) - log_var).sum(-1)
        standard_error = log_ratio.std() / np.sqrt(len(log_ratio))

        found = rate(torch.tensor(mean)[None, None], torch.tensor(log_var)[None, None]).item()

        assert abs(log_ratio.mean() - found) < 6 * standard_error

    @on_a_busy_machine
    @given(near_prior, near_prior)
    def test_is_never_negative(self, mean, log_var):
        """
        Non-negativity survives rounding to float32, even a hair away from the prior.
        """
        assert (rate(torch.tensor(mean) * 1e-3, torch.tensor(log_var)) >= 0).all()

    @on_a_busy_machine
    @given(arrays(np.float32, (1, 1, 3), elements=st.floats(-(2**-7), 2**-7, width=32)))
    def test_keeps_its_digits_near_the_prior(self, log_var):
        """
        In float32 it stays within rounding of the exact value, where the textbook form fails.
        """
        exact = 0.5 * (np.expm1(log_var.astype(np.float64)) - log_var).sum()

        found = rate(torch.zeros(1, 1, 3), torch.tensor(log_var)).item()

        # expm1 is rounded relative to its own size, which is that of the log-variance
        assert found == pytest.approx(exact, abs=2e-7 * float(np.abs(log_var).sum()) + 1e-20)

    @on_a_busy_machine
    @given(codes, codes)
    def test_is_zero_only_at_the_prior(self, mean, log_var):
        """
        Zero says that the code ignores its image, and such a code costs exactly zero.
        """
        mean, log_var = torch.tensor(mean).round(), torch.tensor(log_var).round()
        is_prior = ((mean == 0) & (log_var == 0)).all(-1)

        assert torch.equal(rate(mean, log_var) == 0, is_prior)
        assert (rate(torch.zeros(1, 2, 3), torch.zeros(1, 2, 3)) == 0).all()

    @on_a_busy_machine
    @given(codes, codes)
    def test_grows_with_every_dimension(self, mean, log_var):
        """
        The rate of a whole code is at least that of a part of it.
        """
        mean, log_var = torch.tensor(mean), torch.tensor(log_var)

        assert (rate(mean[..., :2], log_var[..., :2]) <= rate(mean, log_var) + 1e-12).all()


class TestDistortionAndRate:
    @pytest.mark.parametrize("likelihood", ["bernoulli_static", "gaussian_fixed"])
    def test_are_the_lecture_s_two_terms(self, likelihood):
        """
        Written with torch's distributions, D is -log q(x|z) for the drawn code and R the KL.
        """
        config = TrainConfig(likelihood=likelihood, betas=(1.0, 1.0), hidden=(8,))
        generator = torch.Generator().manual_seed(0)

        def draw(*shape):
            return torch.randn(shape, generator=generator, dtype=torch.float64)

        parameters = model.named(config, draw(model.flat_size(config)) / 4)
        x = draw(1, 5, 64).sigmoid().round()
        noise, log_scale = draw(2, 5, 2), torch.full((1, 1), -1.2, dtype=torch.float64)

        distortion, spent = distortion_and_rate(parameters, likelihood, x, noise, log_scale)

        mean, log_var = model.encode(parameters, x)
        encoder = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
        output = model.decode(parameters, mean + torch.exp(log_var / 2) * noise)
        pixels = (
            Normal(output, log_scale.exp()[..., None])
            if likelihood == "gaussian_fixed"
            else Bernoulli(logits=output)
        )
        prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
        torch.testing.assert_close(distortion, -pixels.log_prob(x.expand(2, -1, -1)).sum(-1))
        torch.testing.assert_close(spent, kl_divergence(encoder, prior))


class TestObjective:
    def test_weighs_the_rate(self):
        """
        Each member pays its own beta for the average rate, on top of the average distortion.
        """
        distortion = torch.tensor([[1.0, 3.0], [10.0, 20.0]])
        spent = torch.tensor([[4.0, 0.0], [1.0, 2.0]])

        found = objective(distortion, spent, torch.tensor([0.0, 4.0]))

        assert found.tolist() == [2.0, 21.0]
