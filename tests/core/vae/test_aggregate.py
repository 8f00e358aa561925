"""Catches a KL of the codes that is no KL, and holes that are none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from core.vae import aggregate
from core.vae.closed_form import rate_by_dimension


def codes(rng, images=12, latent=2, spread=1.5, low=-3.0):
    return rng.normal(0, spread, (images, latent)), rng.uniform(low, 0, (images, latent))


class TestLogDensity:
    def test_agrees_with_scipy(self, rng):
        """
        Another pen: the mixture by scipy's normal density.
        """
        mean, log_var = codes(rng, latent=3)
        z = rng.normal(size=(20, 3))
        each = [
            multivariate_normal(m, np.diag(np.exp(s))).logpdf(z)
            for m, s in zip(mean, log_var, strict=True)
        ]

        found = aggregate.log_density(mean, log_var, z)

        np.testing.assert_allclose(found, logsumexp(each, axis=0) - math.log(12))

    def test_stays_exact_where_codes_are_needles(self):
        """
        An autoencoder's codes are narrow and far away, and differences are what counts.
        """
        mean, log_var = np.array([[1e4], [-1e4]]), np.array([[-20.0], [-20.0]])
        z = mean + 3 * np.exp(log_var / 2)

        found = aggregate.log_density(mean, log_var, z)

        np.testing.assert_allclose(found, norm.logpdf(3) + 10 - math.log(2), rtol=1e-6)

    def test_integrates_to_one(self, rng):
        """
        It is a density.
        """
        mean, log_var = codes(rng, latent=1)

        total, _ = integrate.quad(
            lambda z: np.exp(aggregate.log_density(mean, log_var, np.array([[z]])))[0],
            *(-12, 12),
            limit=200,
        )

        assert total == pytest.approx(1, abs=1e-6)


class TestSurgery:
    def test_agrees_with_quadrature(self, rng):
        """
        Another pen: in one dimension the KL is an integral.
        """
        mean, log_var = codes(rng, latent=1)

        def integrand(z):
            log_p = aggregate.log_density(mean, log_var, np.array([[z]]))[0]
            return np.exp(log_p) * (log_p - norm.logpdf(z))

        expected, _ = integrate.quad(integrand, -12, 12, limit=300)

        found = aggregate.surgery(mean, log_var, aggregate.draw(mean, log_var, 2000, 0))

        assert abs(found.kl - expected) < 5 * found.standard_error
        assert found.standard_error < 0.02

    def test_agrees_with_sampling_the_definition(self, rng):
        """
        The mean of log p(z) - log q(z) over codes, without the closed form of the rate.
        """
        mean, log_var = codes(rng, images=40, latent=4)
        z = aggregate.draw(mean, log_var, 500, 1)
        flat = z.reshape(-1, 4)
        terms = aggregate.log_density(mean, log_var, flat) - aggregate.log_prior(flat)

        found = aggregate.surgery(mean, log_var, aggregate.draw(mean, log_var, 500, 2))

        error = math.hypot(terms.std() / math.sqrt(len(terms)), found.standard_error)
        assert abs(found.kl - terms.mean()) < 5 * error

    def test_its_standard_error_is_that_of_repeated_draws(self, rng):
        """
        Measured again and again, the KL scatters as widely as it says.
        """
        mean, log_var = codes(rng)
        found = [
            aggregate.surgery(mean, log_var, aggregate.draw(mean, log_var, 8, seed))
            for seed in range(300)
        ]

        spread = np.std([each.kl for each in found])

        assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.15)

    @given(
        arrays(np.float64, (6, 2), elements=st.floats(-30, 30)),
        arrays(np.float64, (6, 2), elements=st.floats(-12, 2)),
    )
    def test_its_parts_add_up_and_information_is_bounded(self, mean, log_var):
        """
        R = I + KL, and no code tells more than which of the N images it is of.
        """
        found = aggregate.surgery(mean, log_var, aggregate.draw(mean, log_var, 3, 0))

        assert found.rate == pytest.approx(rate_by_dimension(mean, log_var).sum(-1).mean())
        assert found.information + found.kl == pytest.approx(found.rate)
        assert found.information <= found.ceiling + 1e-9
        assert found.ceiling == math.log(6)

    def test_equal_codes_tell_nothing(self):
        """
        Where every image has the code of the prior, there is neither information nor mismatch.
        """
        mean, log_var = np.zeros((9, 3)), np.zeros((9, 3))

        found = aggregate.surgery(mean, log_var, aggregate.draw(mean, log_var, 4, 0))

        assert found.rate == 0
        assert abs(found.information) < 1e-9
        assert abs(found.kl) < 1e-9

    def test_codes_that_never_meet_tell_everything(self):
        """
        Information reaches ln N where codes are needles, and its draw does not matter.
        """
        mean, log_var = 10.0 * np.arange(8)[:, None], np.full((8, 1), -8.0)

        found = aggregate.surgery(mean, log_var, aggregate.draw(mean, log_var, 4, 0))

        assert found.information == pytest.approx(math.log(8))
        assert found.standard_error < 1e-9

    def test_wants_two_draws(self):
        """
        One draw has no standard error.
        """
        with pytest.raises(ValueError, match="at least two draws"):
            aggregate.surgery(np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((1, 2, 1)))


class TestGaps:
    def test_lie_where_the_prior_is_denser(self):
        """
        With all codes on the right, the emptiest draws of the prior are on the left.
        """
        mean, log_var = np.full((5, 1), 1.0), np.full((5, 1), -2.0)

        z, missing = aggregate.gaps(mean, log_var, draws=400, keep=6, apart=0.1, seed=0)

        assert (z < 0).all()
        assert (np.abs(z - z.T)[~np.eye(6, dtype=bool)] >= 0.1).all()
        assert (np.diff(missing) <= 0).all()
        np.testing.assert_allclose(
            missing, aggregate.log_prior(z) - aggregate.log_density(mean, log_var, z)
        )

    def test_are_none_where_codes_are_the_prior(self):
        """
        The two densities are one.
        """
        same = np.zeros((5, 2))

        _, missing = aggregate.gaps(same, same, draws=50, keep=5, apart=0.0, seed=0)

        np.testing.assert_allclose(missing, 0, atol=1e-12)
