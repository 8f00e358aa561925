"""Catches a fit that another Gaussian beats."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from core.densities import Mixture, Normal, Student, kl_divergence
from core.fits import covering_fit, fit_both, seeking_fits

means, scales = st.floats(-4, 4), st.floats(0.3, 2)
mixtures = st.tuples(means, scales, means, scales, st.floats(0.1, 0.9))


def mixed(mixture):
    """
    A mixture of two Gaussians; made outside of strategies, as checks of types draw random numbers.
    """
    m, s, n, t, share = mixture
    return Mixture((Normal(m, s), Normal(n, t)), (share, 1 - share))


APART = Mixture((Normal(-3.0, 0.6), Normal(3.0, 1.0)), (0.4, 0.6))


class TestCovering:
    @settings(max_examples=10)
    @given(mixtures, st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
    def test_is_beaten_by_no_other(self, mixture, move, stretch):
        """
        Every other Gaussian has a higher KL[mixture; Gaussian].
        """
        mixture = mixed(mixture)
        fit = covering_fit(mixture)
        other = Normal(fit.mean + move * fit.scale, fit.scale * math.exp(stretch))
        best, worse = (kl_divergence(mixture, one).value for one in (fit, other))

        assert best <= worse + 1e-9


class TestSeeking:
    @settings(max_examples=4)
    @given(mixtures)
    def test_is_found_by_brute_force(self, mixture):
        """
        A numerical search from the fit, and from afar, finds nothing lower.
        """
        mixture = mixed(mixture)
        fit = seeking_fits(mixture)[0]

        def reverse(x):
            return kl_divergence(Normal(float(x[0]), math.exp(x[1])), mixture).value

        here = reverse([fit.mean, math.log(fit.scale)])
        for part in mixture.parts:
            found = minimize(
                reverse, [part.mean, math.log(part.scale)], method="BFGS", options={"maxiter": 12}
            )
            assert here <= found.fun + 1e-6

    def test_prefers_one_of_two_that_are_apart(self):
        """
        It sits on the larger part, and knows of the other; the covering fit spans both.
        """
        fits = fit_both(APART)

        assert fits.seeking.mean == pytest.approx(3, abs=0.01)
        assert fits.seeking.scale == pytest.approx(1, abs=0.01)
        assert fits.covering.scale > 2.5
        assert fits.reverse[1] == pytest.approx(-math.log(0.6), abs=1e-3)
        assert any(abs(fit.mean + 3) < 0.01 for fit in fits.local)
        assert fits.forward[0] < fits.forward[1]
        assert fits.reverse[1] < fits.reverse[0]

    def test_of_a_single_gaussian_is_itself(self):
        """
        Both fits are the thing itself, and both divergences vanish.
        """
        alone = Mixture((Normal(1.0, 0.5),), (1.0,))

        fits = fit_both(alone)

        assert fits.seeking.mean == pytest.approx(1)
        assert fits.seeking.scale == pytest.approx(0.5)
        np.testing.assert_allclose([*fits.forward, *fits.reverse], 0, atol=1e-12)

    def test_wants_gaussians(self):
        """
        The search knows their slopes only.
        """
        with pytest.raises(ValueError, match="`mixture` must be of Gaussians only"):
            fit_both(Mixture((Student(),), (1.0,)))
