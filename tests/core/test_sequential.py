"""Catches a race that is timed wrongly, a fan in the wrong place, a bound that does not hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core import sequential
from core.densities import Normal, Student, kl_divergence
from core.divergence import multivariate_gaussian_kl, poisson_kl, table_kl
from core.evidence import misleading_bound

THRESHOLD = 1.3 * math.log(10)  # 13 dB
P, Q = Normal(0.4, 1.0), Normal(0.0, 1.0)
KL = 0.08


@pytest.fixture(scope="module")
def totals():
    """
    Runs from P that are long enough for almost all to pass 13 dB.
    """
    rng = np.random.default_rng(0)
    weights = sequential.density_weights(P, P, Q)
    return sequential.running_totals(weights, rng, runs=4000, samples=300)


class TestRunningTotals:
    def test_have_a_mean_slope_of_kl(self, totals):
        """
        The mean after n samples is n KL, to six standard errors, while some runs mislead.
        """
        fan = sequential.fan(totals)

        assert (np.abs(fan.mean - fan.samples * KL) < 6 * fan.standard_error).all()
        assert fan.misleading[0] == pytest.approx(stats.norm.cdf(-0.2), abs=0.05)
        assert fan.misleading[-1] < 0.01

    def test_have_the_other_slope_from_q(self, rng):
        """
        Samples from Q bring it down by KL[q; p] each.
        """
        p, q = Normal(0.0, 1.0), Student(0.5, 1.0, 5.0)
        weights = sequential.density_weights(q, p, q)
        fan = sequential.fan(sequential.running_totals(weights, rng, runs=2000, samples=50))

        slope = -kl_divergence(q, p).value
        assert abs(fan.mean[-1] - 50 * slope) < 6 * fan.standard_error[-1]

    def test_of_a_coin(self, rng):
        """
        Tails end the race against a double-headed coin, and nothing brings it back.
        """
        fair, double = np.array([0.5, 0.5]), np.array([1.0, 0.0])
        weights = sequential.table_weights(fair, fair, double)
        totals = sequential.running_totals(weights, rng, runs=1000, samples=12)

        steps = set(np.round(totals[np.isfinite(totals)] / math.log(2)).astype(int))
        assert steps <= set(range(-12, 0))
        assert (np.diff(np.isinf(totals).astype(int), axis=1) >= 0).all()
        assert np.isinf(totals[:, 0]).mean() == pytest.approx(0.5, abs=6 * 0.5 / math.sqrt(1000))
        fan = sequential.fan(totals)
        assert not np.isnan(fan.quantiles).any()
        assert table_kl(fair, double) == fan.mean[-1] == math.inf

    def test_refuse_no_runs(self, rng):
        """
        There is at least one run of one sample.
        """
        with pytest.raises(ValueError, match="`runs` and `samples` must be at least 1"):
            sequential.running_totals(sequential.density_weights(P, P, Q), rng, runs=0, samples=5)


GAUSSIANS = (
    np.array([0.5, -1.0]),
    np.array([[1.0, 0.6], [0.6, 2.0]]),
    np.zeros(2),
    np.array([[1.5, -0.3], [-0.3, 1.0]]),
)


class TestGaussianWeights:
    def test_are_scipy_s(self):
        """
        The log-ratio of the two densities at the very points that were drawn.
        """
        drawn = sequential.gaussian_weights(True, *GAUSSIANS)(np.random.default_rng(3), 50)
        noise = np.random.default_rng(3).standard_normal((2, 50))
        x = (GAUSSIANS[0][:, None] + np.linalg.cholesky(GAUSSIANS[1]) @ noise).T
        p, q = (
            stats.multivariate_normal(mean, covariance).logpdf(x)
            for mean, covariance in (GAUSSIANS[:2], GAUSSIANS[2:])
        )

        np.testing.assert_allclose(drawn, p - q, rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("is_p_true", [True, False])
    def test_have_a_mean_of_kl(self, is_p_true, rng):
        """
        From P it is KL[p; q], from Q it is -KL[q; p], to six standard errors.
        """
        drawn = sequential.gaussian_weights(is_p_true, *GAUSSIANS)(rng, 40_000)
        p, q = GAUSSIANS[:2], GAUSSIANS[2:]
        kl = multivariate_gaussian_kl(*p, *q) if is_p_true else -multivariate_gaussian_kl(*q, *p)

        assert abs(drawn.mean() - kl) < 6 * drawn.std() / math.sqrt(len(drawn))

    def test_weigh_nothing_between_equals(self, rng):
        """
        Every sample is as likely under both.
        """
        p = GAUSSIANS[:2]

        assert np.abs(sequential.gaussian_weights(True, *p, *p)(rng, 100)).max() < 1e-12


class TestPoissonWeights:
    @given(st.floats(0.1, 30), st.floats(0.1, 30))
    def test_are_scipy_s(self, p, q):
        """
        The log-ratio of the chances of the counts that were drawn.
        """
        drawn = sequential.poisson_weights(p, p, q)(np.random.default_rng(5), 30)
        counts = np.random.default_rng(5).poisson(p, 30)

        true = stats.poisson(p).logpmf(counts) - stats.poisson(q).logpmf(counts)
        np.testing.assert_allclose(drawn, true, rtol=1e-9, atol=1e-9)

    def test_have_a_mean_of_kl(self, rng):
        """
        To six standard errors.
        """
        drawn = sequential.poisson_weights(3.0, 3.0, 5.0)(rng, 40_000)

        assert abs(drawn.mean() - poisson_kl(3.0, 5.0)) < 6 * drawn.std() / 200

    def test_refute_a_mean_of_zero(self, rng):
        """
        A count above zero refutes it; zero itself is likelier under it, by the other mean.
        """
        drawn = sequential.poisson_weights(1.0, 1.0, 0.0)(rng, 200)

        assert set(drawn) == {-1.0, math.inf}
        assert set(sequential.poisson_weights(0.0, 1.0, 0.0)(rng, 20)) == {-1.0}
        assert set(sequential.poisson_weights(0.0, 0.0, 0.0)(rng, 20)) == {0.0}


class TestFan:
    @settings(max_examples=30)
    @given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 99))
    def test_agrees_with_numpy(self, runs, samples, seed):
        """
        Its quantiles are NumPy's, at evenly spread numbers of samples.
        """
        totals = np.random.default_rng(seed).normal(size=(runs, samples))

        fan = sequential.fan(totals, points=10)

        assert (fan.samples[0], fan.samples[-1]) == (1, samples)
        expected = np.quantile(totals[:, fan.samples - 1], fan.levels, axis=0)
        np.testing.assert_allclose(fan.quantiles, expected, atol=1e-12)


class TestRace:
    def test_stops_where_it_should(self):
        """
        At the first total that reaches the threshold, on the right side, or never.
        """
        totals = np.array([[1.0, 2.0, 3.0], [-1.0, -2.5, 3.0], [0.0, 0.0, 0.0]])
        one, two = (sequential.race(totals, 2.0, is_two_sided=sided) for sided in (False, True))

        np.testing.assert_array_equal(one.times, [2, 3, 0])
        np.testing.assert_array_equal(two.times, [2, 2, 0])
        np.testing.assert_array_equal(two.is_right, [True, False, False])
        assert (one.finished, two.wrong, one.mean) == pytest.approx((2 / 3, 1 / 3, 2.5))

    def test_takes_about_as_long_as_wald_says(self, totals):
        """
        Threshold over KL is short of the mean by the overshoot, which is below one step's size.
        """
        race = sequential.race(totals, THRESHOLD)
        wald = sequential.wald(THRESHOLD, KL, 2 * KL)
        reached = totals[np.arange(len(totals)), race.times - 1][race.times > 0]

        assert wald.mean == pytest.approx(THRESHOLD / KL)
        assert race.finished > 0.99
        assert wald.mean < race.mean * 1.03
        # Wald's identity: the mean total at the stop is KL times the mean time
        identity = reached.mean() / KL
        assert race.mean == pytest.approx(identity, rel=0.06)
        # His law of the time, from one side
        for time in (20.0, 40.0, 80.0):
            share = ((race.times > 0) & (race.times <= time)).mean()
            assert share == pytest.approx(wald.reached(time), abs=0.1)

    def test_on_two_sides_is_lost_seldom(self, totals):
        """
        About once in 1 + e^t, and never more than e^-t.
        """
        race = sequential.race(totals, THRESHOLD, is_two_sided=True)
        wrong, time = sequential.wald_two_sided(THRESHOLD, KL)

        error = math.sqrt(wrong / len(totals))
        assert race.wrong <= wrong + 6 * error
        assert time == pytest.approx(race.mean, rel=0.15)

    @pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
    def test_wants_a_threshold(self, bad):
        """
        Positive and finite.
        """
        with pytest.raises(ValueError, match="`threshold` must be positive and finite"):
            sequential.race(np.zeros((1, 1)), bad)


class TestWald:
    @settings(max_examples=60)
    @given(st.floats(0.5, 20), st.floats(0.01, 3), st.floats(0.01, 5), st.floats(0.1, 3))
    def test_is_scipy_s_inverse_gaussian(self, threshold, kl, variance, share):
        """
        Another implementation of the same law.
        """
        wald = sequential.wald(threshold, kl, variance)
        law = stats.invgauss(wald.mean / wald.shape, scale=wald.shape)
        time = share * wald.mean

        assert float(wald.density(np.array(time))) == pytest.approx(law.pdf(time), rel=1e-9)
        assert wald.reached(time) == pytest.approx(law.cdf(time), abs=1e-9)
        assert wald.standard_deviation == pytest.approx(law.std(), rel=1e-9)

    def test_starts_at_nothing_and_ends_at_all(self):
        """
        No run has stopped before it began.
        """
        wald = sequential.wald(3.0, 1e-4, 2e-4)

        assert (wald.reached(0.0), wald.reached(1e12)) == (0, pytest.approx(1))
        assert float(wald.density(np.array(0.0))) == 0

    @pytest.mark.parametrize("field", ["threshold", "kl", "variance"])
    def test_wants_positive_numbers(self, field):
        """
        The message names the field.
        """
        with pytest.raises(ValueError, match=f"`{field}` must be positive and finite, got 0"):
            sequential.wald(**{"threshold": 1.0, "kl": 1.0, "variance": 1.0, field: 0.0})


class TestMisled:
    @pytest.mark.parametrize(
        ("p", "q"),
        [(P, Q), (Student(0.0, 1.0, 3.0), Normal()), (Normal(0.0, 2.0), Normal()), (Q, P)],
        ids=["shift", "tails", "width", "back"],
    )
    def test_stays_under_the_bound(self, p, q, rng):
        """
        Pr(total <= -t) <= exp(-t), at the end and ever, within six binomial errors.
        """
        weights = sequential.density_weights(p, p, q)
        totals = sequential.running_totals(weights, rng, runs=4000, samples=40)
        thresholds = np.array([0.1, 0.5, 1.0, 2.0, 3.0])

        for t, share in zip(thresholds, sequential.misled(totals, thresholds), strict=True):
            bound = misleading_bound(float(t))
            assert share.at_the_end <= share.ever <= bound + 6 * share.standard_error(bound)

    def test_counts(self):
        """
        What is exactly so low counts.
        """
        totals = np.array([[-1.0, 0.0], [0.0, -2.0], [1.0, 1.0]])

        (at_one,) = sequential.misled(totals, np.array([1.0]))

        assert (at_one.at_the_end, at_one.ever) == pytest.approx((1 / 3, 2 / 3))
