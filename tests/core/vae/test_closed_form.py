"""The closed form of the rate: torch, sampling, and what divergences obey."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.vae.closed_form import (
    exact_rate,
    log_ratio,
    rate_by_dimension,
    running,
    textbook_rate_by_dimension,
)
from core.vae.objective import rate

codes = arrays(np.float64, (4, 3), elements=st.floats(-5, 5))


class TestRateByDimension:
    @given(mean=codes, log_var=codes)
    def test_agrees_with_torch(self, mean, log_var):
        """
        Dimension by dimension with another pen, and in sum with what trains.
        """
        prior = torch.distributions.Normal(torch.zeros(()).double(), 1.0)
        code = torch.distributions.Normal(
            torch.tensor(mean), torch.exp(torch.tensor(log_var) / 2), validate_args=False
        )
        nats = rate_by_dimension(mean, log_var)

        expected = torch.distributions.kl_divergence(code, prior)
        np.testing.assert_allclose(nats, expected, rtol=1e-9, atol=1e-12)
        trained = rate(torch.tensor(mean)[None], torch.tensor(log_var)[None])[0]
        np.testing.assert_allclose(nats.sum(-1), trained, rtol=1e-12, atol=1e-15)

    @pytest.mark.parametrize("log_var", [-3.0, -0.1, -1e-3, -1e-5, 1e-7, 1e-4, 0.01, 1.0])
    def test_agrees_with_fifty_digits(self, log_var):
        """
        In double precision it keeps half of its digits where the textbook's form has lost all.
        """
        found = float(rate_by_dimension(np.zeros(1), np.array([log_var]))[0])

        assert found == pytest.approx(exact_rate(0.0, log_var), rel=4e-16 / abs(log_var) + 1e-14)

    def test_single_precision_is_what_trains(self):
        """
        In single precision it loses and keeps the digits that the trainer's rate does, up to
        the last one of what both subtract.
        """
        log_var = np.array([0.3, 1e-2, 1e-4, -1e-5, 1e-7, -1e-8], dtype=np.float32)[:, None]
        mean = np.zeros_like(log_var)

        expected = rate(torch.tensor(mean)[None], torch.tensor(log_var)[None])[0]
        found = rate_by_dimension(mean, log_var)
        assert found.dtype == np.float32
        off = np.abs(found.sum(-1) - expected.numpy())
        assert (off <= 1e-6 * expected.numpy() + np.spacing(np.abs(log_var[:, 0]))).all()

    @given(
        log_var=arrays(
            np.float32, (40,), elements=st.floats(-0.0009765625, 0.0009765625, width=32)
        )
    )
    def test_is_never_negative(self, log_var):
        """
        Rounding does not push it below zero, a hair away from the prior.
        """
        assert (rate_by_dimension(np.zeros_like(log_var), log_var) >= 0).all()

    def test_the_textbooks_form_falls_below_zero(self):
        """
        Which is why it is not the one that trains.
        """
        log_var = np.linspace(-1e-3, 1e-3, 2001, dtype=np.float32)

        assert (textbook_rate_by_dimension(np.zeros_like(log_var), log_var) < 0).any()
        far = np.array([2.0, -3.0])
        np.testing.assert_allclose(
            textbook_rate_by_dimension(far, far), rate_by_dimension(far, far), rtol=1e-14
        )


class TestLogRatio:
    def test_is_the_ratio_of_two_densities(self, rng):
        """
        Draw by draw it is log p(z|x) - log q(z) of torch's Gaussians.
        """
        mean, log_var = np.array([0.7, -1.0]), np.array([-2.0, 0.5])
        noise = rng.standard_normal((50, 2))
        z = torch.tensor(mean + np.exp(log_var / 2) * noise)
        encoder = torch.distributions.Normal(torch.tensor(mean), torch.tensor(log_var / 2).exp())
        prior = torch.distributions.Normal(torch.zeros(2).double(), 1.0)

        expected = (encoder.log_prob(z) - prior.log_prob(z)).sum(-1)
        np.testing.assert_allclose(log_ratio(mean, log_var, noise), expected, atol=1e-12)

    def test_its_mean_is_the_rate(self, rng):
        """
        Within six standard errors.
        """
        mean, log_var = np.array([1.0, -0.5]), np.array([0.3, -1.2])
        found = running(log_ratio(mean, log_var, rng.standard_normal((100_000, 2))))

        off = found.estimate[-1] - rate_by_dimension(mean, log_var).sum()
        assert abs(off) < 6 * found.standard_error[-1]


class TestRunning:
    @given(values=arrays(np.float64, st.integers(2, 70), elements=st.floats(-1e3, 1e3)))
    def test_is_the_mean_so_far(self, values):
        """
        Each point is the mean of the values up to there, with its standard error.
        """
        found = running(values)

        assert found.samples[-1] == len(values)
        for k, mean, error in zip(
            found.samples, found.estimate, found.standard_error, strict=True
        ):
            assert mean == pytest.approx(values[:k].mean(), abs=1e-9)
            assert error == pytest.approx(values[:k].std(ddof=1) / math.sqrt(k), abs=1e-4)

    def test_needs_two(self):
        """
        One value has no spread.
        """
        with pytest.raises(ValueError, match="`values` must be at least two, got 1"):
            running(np.zeros(1))
