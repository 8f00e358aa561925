"""Mirrors `core/density/gaussians.py`: against SciPy, by sampling, and by differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from core.density.gaussians import Gaussians, log_sum_exp


def any_mixture(seed: int, parts: int, dims: int) -> Gaussians:
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(parts, dims, dims)))
    factors[:, range(dims), range(dims)] = rng.uniform(0.2, 1.5, (parts, dims))
    return Gaussians(rng.dirichlet(np.ones(parts)), rng.normal(size=(parts, dims)), factors)


mixtures = st.builds(any_mixture, st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 2))


class TestLogDensity:
    @settings(deadline=None, max_examples=40)
    @given(mixtures, st.integers(0, 10**6))
    def test_is_that_of_scipy(self, law, seed):
        """
        To twelve digits, for any mixture on a line or in a plane.
        """
        x = law.means[:1] + np.random.default_rng(seed).normal(size=(7, law.dims))
        parts = zip(law.shares, law.means, law.covariances, strict=True)
        terms = [
            np.log(share) + stats.multivariate_normal(mean, cov).logpdf(x)
            for share, mean, cov in parts
        ]

        expected = special.logsumexp(terms, axis=0)
        np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-9, atol=1e-9)

    def test_stays_a_number_where_the_density_does_not(self):
        """
        A thousand deviations away the density is no number any more, its logarithm is.
        """
        law = Gaussians.round(np.zeros((2, 1)), 1.0)

        assert law.log_density(np.array([[1000.0]]))[0] == pytest.approx(-500000.9189385332)
        assert log_sum_exp(np.full((1, 2), -np.inf))[0] == -np.inf

    @settings(deadline=None, max_examples=40)
    @given(mixtures, st.integers(0, 10**6))
    def test_has_its_score(self, law, seed):
        """
        The gradient, by central differences.
        """
        x = np.random.default_rng(seed).normal(size=(5, law.dims))
        log_density, score = law.log_density_and_score(x)
        np.testing.assert_allclose(log_density, law.log_density(x), rtol=1e-12)
        for d in range(law.dims):
            step = 1e-6 * np.eye(law.dims)[d]
            slope = (law.log_density(x + step) - law.log_density(x - step)) / 2e-6
            np.testing.assert_allclose(score[:, d], slope, rtol=1e-5, atol=1e-5)


class TestSample:
    def test_has_the_mean_and_covariance_of_the_mixture(self):
        """
        Within six standard errors.
        """
        law = any_mixture(3, 4, 2)
        x = law.sample(np.random.default_rng(0), 200_000)
        mean = law.shares @ law.means
        second = np.einsum("k,kd,ke->de", law.shares, law.means, law.means)
        second = second + np.einsum("k,kde->de", law.shares, law.covariances)
        for found, expected in ((x, mean), (x[:, :1] * x, second[0])):
            error = found.std(0) / len(x) ** 0.5
            assert (np.abs(found.mean(0) - expected) < 6 * error).all()

    def test_fewer_are_the_first_of_more(self):
        """
        A button that is pushed again adds to what has fallen.
        """
        law = any_mixture(1, 3, 2)
        few, many = (law.sample(np.random.default_rng(5), count) for count in (10, 100))

        np.testing.assert_array_equal(few, many[:10])

    def test_smallest_scale(self):
        """
        The least deviation in any direction.
        """
        factors = np.array([[[2.0, 0.0], [0.0, 0.3]], [[1.0, 0.0], [1.0, 1.0]]])
        law = Gaussians(np.array([0.5, 0.5]), np.zeros((2, 2)), factors)

        assert law.smallest_scale == pytest.approx(0.3)
