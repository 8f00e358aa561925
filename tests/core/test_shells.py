"""Catches a tail that is rounded away, a law that is off by a power, and an inverse that is none.

The other pens are SciPy's chi law, and mpmath at a precision that outlasts the tail.
"""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from core import shells

DIMENSIONS = (1, 2, 3, 10, 39, 40, 41, 100, 784, 10_000)
SHARES = (1e-300, 1e-10, 0.1, 0.5, 0.9, 0.98, 1.0, 1.001, 1.02, 1.1, 1.5, 3.0)
dimensions = st.integers(1, 10_000)
few = settings(max_examples=40, deadline=None)


def exact(r, d):
    """
    Natural logarithms of the chances inside and outside, to 40 digits of either.
    """
    with mpmath.workdps(max(60, mpmath.mp.dps)):
        a, x = mpmath.mpf(d) / 2, mpmath.mpf(r) ** 2 / 2
        if x < a + 1:
            term = total = mpmath.mpf(1)
            n = a
            while term > total * mpmath.mpf(10) ** -mpmath.mp.dps:
                n += 1
                term *= x / n
                total += term
            log = a * mpmath.log(x) - x - mpmath.loggamma(a + 1) + mpmath.log(total)
            return log, mpmath.log1p(-mpmath.exp(log))
        outside = mpmath.gammainc(a, x, mpmath.inf, regularized=True)
        return mpmath.log1p(-outside), mpmath.log(outside)


def close(found, true, relative=1e-10):
    return abs(found - true) <= relative * abs(true) + mpmath.mpf("1e-305")


class TestMass:
    @pytest.mark.parametrize("d", DIMENSIONS)
    def test_both_sides_agree_with_mpmath(self, d):
        """
        To ten digits of the logarithm, from 1e-300 of the shell's radius to three times it.
        """
        for share in SHARES:
            r = share * math.sqrt(d)
            mass, (inside, outside) = shells.within_radius(r, d), exact(r, d)

            assert close(mass.log_inside, inside), (d, r)
            assert close(mass.log_outside, outside), (d, r)

    @given(dimensions, st.floats(-8, 8))
    @few
    def test_agrees_with_scipy_where_scipy_has_digits(self, d, off):
        """
        SciPy's incomplete gamma functions, around the shell.
        """
        r = math.sqrt(d) + off
        if r <= 0.01:
            return
        mass = shells.within_radius(r, d)
        sides = special.gammainc(d / 2, r * r / 2), special.gammaincc(d / 2, r * r / 2)
        for log, side in zip((mass.log_inside, mass.log_outside), sides, strict=True):
            if 1e-30 < side < 0.99:
                assert math.exp(log) == pytest.approx(side, rel=1e-9)

    @given(dimensions, st.floats(1e-9, 1e3), st.floats(1.0001, 2))
    @few
    def test_grows_and_both_sides_make_one(self, d, r, more):
        """
        A larger ball holds no less, and what is outside is the rest.
        """
        mass, larger = shells.within_radius(r, d), shells.within_radius(r * more, d)

        assert larger.log_odds >= mass.log_odds
        assert math.exp(mass.log_inside) + math.exp(mass.log_outside) == pytest.approx(1)
        assert mass.log_inside <= 0
        assert mass.log_outside <= 0

    def test_agrees_with_draws(self):
        """
        Within six standard errors, in a few dimensions and in many.
        """
        rng = np.random.default_rng(0)
        for d in (1, 3, 50, 784):
            radii = np.linalg.norm(rng.standard_normal((4000, d)), axis=1)
            r = math.sqrt(d)
            share = math.exp(shells.within_radius(r, d).log_inside)
            error = math.sqrt(share * (1 - share) / len(radii))

            assert abs((radii <= r).mean() - share) < 6 * error

    @pytest.mark.parametrize("r", [0.0, -1.0, math.inf, math.nan])
    def test_refuses_what_is_no_radius(self, r):
        """
        In a sentence with the name and the value.
        """
        with pytest.raises(ValueError, match="`r` must be a finite number above 0, got"):
            shells.within_radius(r, 3)

    @pytest.mark.parametrize("d", [0, -1, 10_001])
    def test_refuses_too_few_and_too_many_dimensions(self, d):
        """
        From 1 to 10,000.
        """
        with pytest.raises(ValueError, match="`d` must be from 1 to 10,000 dimensions, got"):
            shells.within_radius(1.0, d)


class TestShell:
    @pytest.mark.parametrize("d", [1, 2, 5, 100, 784, 10_000])
    @pytest.mark.parametrize("eps", [1e-300, 1e-8, 0.3, 0.4999, 0.5001, 1.0, 3.0, 12.0])
    def test_is_the_difference_of_two_balls(self, d, eps):
        """
        At 60 digits, or the density times the thickness where those are too few.
        """
        mass, middle = shells.within_shell(eps, d), math.sqrt(d)
        if eps < 1e-6:
            true = stats.chi.logpdf(middle, d) + math.log(2 * eps)
            assert mass.log_inside == pytest.approx(true, rel=1e-9)
            return
        with mpmath.workdps(200):
            inside, outside = exact(middle + eps, d)
            below = mpmath.exp(exact(middle - eps, d)[0]) if eps < middle else 0
            logs = mpmath.log(mpmath.exp(inside) - below), mpmath.log(mpmath.exp(outside) + below)

        assert close(mass.log_inside, logs[0], 1e-9)
        assert close(mass.log_outside, logs[1], 1e-9)

    def test_closes_on_the_lectures_number(self):
        """
        Within 1 of sqrt(d): erf(1) = 0.8427, where d is large.
        """
        for d, tolerance in ((784, 1e-3), (10_000, 1e-4)):
            share = math.exp(shells.within_shell(1.0, d).log_inside)
            assert share == pytest.approx(math.erf(1), abs=tolerance)

    def test_refuses_what_is_no_thickness(self):
        """
        In a sentence with the name and the value.
        """
        with pytest.raises(ValueError, match="`eps` must be a finite number above 0, got 0"):
            shells.within_shell(0.0, 3)


class TestInverse:
    @given(dimensions, st.floats(-2_000, 2_000).filter(lambda odds: abs(odds) > 1e-6))
    @few
    def test_a_radius_has_the_mass_it_was_asked_for(self, d, log_odds):
        """
        There and back, far into both tails, unless no double is as short.
        """
        if log_odds < -600 * d:
            return
        r = shells.radius_of_mass(log_odds, d)
        slope = 1e-14 * d + 1e-9  # of the last digit of the radius

        assert shells.within_radius(r, d).log_odds == pytest.approx(log_odds, rel=1e-10, abs=slope)

    @given(dimensions, st.floats(-650, 650).filter(lambda odds: abs(odds) > 1e-6))
    @few
    def test_so_has_a_thickness(self, d, log_odds):
        """
        Down to 1e-280, and up to all but as much.
        """
        eps = shells.width_of_mass(log_odds, d)

        assert shells.within_shell(eps, d).log_odds == pytest.approx(log_odds, rel=1e-8, abs=1e-8)

    def test_agrees_with_scipys_quantiles(self):
        """
        The central interval of the chi law.
        """
        for d in (1, 2, 10, 784, 10_000):
            low, high = shells.central_interval(d)
            assert (low, high) == pytest.approx(stats.chi.ppf([0.025, 0.975], d), rel=1e-9)

    @pytest.mark.parametrize("log_odds", [math.inf, -math.inf, math.nan])
    def test_refuses_all_and_nothing(self, log_odds):
        """
        Neither lies within any radius.
        """
        with pytest.raises(ValueError, match="`log_odds` must be finite, got"):
            shells.radius_of_mass(log_odds, 3)

    def test_says_when_no_double_is_as_short(self):
        """
        On a line a mass of 1e-400 lies within 1e-400.
        """
        with pytest.raises(ValueError, match="must be those of a length"):
            shells.radius_of_mass(-400 * math.log(10), 1)


class TestDensity:
    @pytest.mark.parametrize("d", DIMENSIONS)
    def test_is_scipy_s_from_the_very_middle_on(self, d):
        """
        Also at zero, where it is none but on a line, and next to it.
        """
        r = np.array([0.0, 1e-161, 0.3, 1.0, 1.02, 1.5, 3.0])
        r[2:] *= math.sqrt(d)
        with np.errstate(divide="ignore"):
            true = stats.chi.logpdf(r, d)

        found = shells.log_density(r, d)
        assert found[0] == (-math.inf if d > 1 else pytest.approx(true[0], rel=1e-12))
        np.testing.assert_allclose(found[1:], true[1:], rtol=1e-9, atol=1e-9)

    @given(dimensions, st.floats(0.01, 200))
    @few
    def test_is_density_times_room(self, d, r):
        """
        The log-density of the radius is that of the point plus that of the sphere.
        """
        at = np.array([r])
        whole = shells.log_density(at, d)
        parts = shells.log_gaussian(at, d) + shells.log_volume(at, d)

        np.testing.assert_allclose(whole, parts, rtol=1e-10, atol=1e-9)

    @pytest.mark.parametrize("d", DIMENSIONS)
    def test_agrees_with_scipy_and_is_highest_at_its_mode(self, d):
        """
        SciPy's chi law; and no step to either side goes up.
        """
        r = np.linspace(0.2, 2, 50) * math.sqrt(d)
        found = shells.log_density(r, d)
        top = shells.log_density(shells.mode(d) + np.array([0, 1e-3, 1e-2]), d)

        np.testing.assert_allclose(found, stats.chi.logpdf(r, d), rtol=1e-9, atol=1e-8)
        assert (np.diff(top) <= 0).all()

    @pytest.mark.parametrize("d", [1, 2, 40, 784])
    def test_integrates_to_the_mass(self, d):
        """
        By Simpson's rule, up to the mean.
        """
        r = np.linspace(1e-12, shells.mean(d), 20_001)
        y = np.exp(shells.log_density(r, d))
        area = (y[0] + y[-1] + 4 * y[1::2].sum() + 2 * y[2:-1:2].sum()) * (r[1] - r[0]) / 3
        mass = math.exp(shells.within_radius(shells.mean(d), d).log_inside)

        assert area == pytest.approx(mass, rel=1e-8)

    @given(dimensions)
    @few
    def test_the_middle_is_denser_by_half_the_dimensions(self, d):
        """
        In nats, against a point at the root of d.
        """
        middle, shell = shells.log_gaussian(np.array([0.0, math.sqrt(d)]), d)

        assert middle - shell == pytest.approx(shells.advantage(d), rel=1e-9)


class TestMoments:
    @pytest.mark.parametrize("d", DIMENSIONS)
    def test_agree_with_mpmath(self, d):
        """
        Mean and standard deviation to twelve digits.
        """
        with mpmath.workdps(60):
            a = mpmath.mpf(d) / 2
            mean = mpmath.sqrt(2) * mpmath.gamma(a + 0.5) / mpmath.gamma(a)
            std = mpmath.sqrt(d - mean**2)

        assert close(shells.mean(d), mean, 1e-12)
        assert close(shells.std(d), std, 1e-12)

    @given(dimensions)
    @few
    def test_the_square_of_the_radius_has_mean_d(self, d):
        """
        And the mean lies between the mode and the root of d.
        """
        mean, std = shells.mean(d), shells.std(d)

        assert mean**2 + std**2 == pytest.approx(d, rel=1e-12)
        assert shells.mode(d) < mean < math.sqrt(d)

    @pytest.mark.parametrize(("d", "mean"), [(2, 1.2533), (10, 3.0843), (100, 9.9750)])
    def test_the_lectures_numbers(self, d, mean):
        """
        And those of 784 dimensions.
        """
        assert round(shells.mean(d), 4) == mean
        assert round(shells.mean(784), 4) == 27.9911
        assert round(shells.std(784), 4) == 0.7070
