"""Catches a divergence below zero, one that loses its digits near equality, and a broken theorem.

The other pens are SciPy, torch, and mpmath at 50 digits where double precision is in doubt.
"""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from torch import distributions

from core import divergence
from core.divergence import (
    bernoulli_kl,
    beta_kl,
    exponential_kl,
    gaussian_kl,
    multivariate_gaussian_kl,
    poisson_kl,
    surplus,
    table_kl,
)

chances = st.floats(1e-250, 1, exclude_max=True)
positive = st.floats(1e-6, 1e6)
nudges = st.sampled_from([1e-9, -1e-9, 1e-6, 1e-3])
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=40)


def big(*values):
    return [mpmath.mpf(float(value)) for value in values]


def judged(found, true, relative=1e-12):
    """
    Right to the stated relative error, and never negative.
    """
    assert found >= 0
    assert abs(found - true) <= relative * abs(true) + mpmath.mpf("1e-305"), (found, true)


def exact_table(p, q):
    """
    KL of two tables at 50 digits, as what they are when they sum to one exactly.
    """
    p, q = big(*p), big(*q)
    p, q = ([value / sum(table) for value in table] for table in (p, q))
    return sum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True) if a)


def exact_gaussian(m, s, n, t):
    m, s, n, t = big(m, s, n, t)
    r = (s / t) ** 2
    return (r - 1 - mpmath.log(r) + ((m - n) / t) ** 2) / 2


def exact_poisson(a, b):
    a, b = big(a, b)
    return a * mpmath.log(a / b) - a + b


def exact_exponential(a, b):
    a, b = big(a, b)
    return b / a - 1 - mpmath.log(b / a)


def exact_bernoulli(p, q):
    p, q = big(p, q)
    return p * mpmath.log(p / q) + (1 - p) * mpmath.log((1 - p) / (1 - q))


@pytest.fixture(autouse=True)
def many_digits():
    """
    What mpmath computes here has 350 digits: 300 may cancel, and 50 are left.
    """
    with mpmath.workdps(350):
        yield


class TestSurplus:
    @given(st.floats(-1, 1e300, exclude_min=True).filter(lambda e: e == 0 or abs(e) > 1e-150))
    def test_agrees_with_many_digits(self, e):
        """
        To 1e-14, however small it is, except where 1 + e itself has no digits left.
        """
        true = mpmath.mpf(e) - mpmath.log1p(mpmath.mpf(e))

        judged(float(surplus(np.array(e))), true, 1e-14)

    def test_at_its_ends(self):
        """
        Infinite where x is zero or infinite, zero at one.
        """
        found = surplus(np.array([-1.0, 0.0, np.inf]))

        np.testing.assert_array_equal(found, [np.inf, 0.0, np.inf])


def table(seed, size, spread=3.0):
    weights = np.exp(spread * np.random.default_rng(seed).normal(size=size))
    return weights / weights.sum()


def near(p, seed, size):
    """
    A table that differs from another by so much here and there.
    """
    moved = p + size * p.min() * np.random.default_rng(seed).uniform(-1, 1, len(p))
    return moved / moved.sum()


class TestTables:
    @given(seeds, seeds, st.integers(2, 12))
    def test_agree_with_fifty_digits(self, one, other, size):
        """
        To 1e-12, whatever the tables.
        """
        p, q = table(one, size), table(other, size)

        judged(table_kl(p, q), exact_table(p, q))

    @given(seeds, seeds, st.integers(2, 12), st.sampled_from([1e-2, 1e-6, 1e-9]))
    def test_agree_near_equality(self, one, other, size, step):
        """
        To 1e-12 of a divergence of 1e-18.
        """
        p = table(one, size, 0.3)
        q = near(p, other, step)

        judged(table_kl(p, q), exact_table(p, q))

    @few
    @given(seeds, seeds)
    def test_agree_with_scipy(self, one, other):
        """
        Another implementation, of tables of two dimensions too.
        """
        p, q = table(one, 12), table(other, 12)
        shape = (3, 4)

        assert table_kl(p, q) == pytest.approx(stats.entropy(p, q), rel=1e-9)
        assert table_kl(p.reshape(shape), q.reshape(shape)) == table_kl(p, q)
        assert divergence.entropy(p) == pytest.approx(stats.entropy(p), rel=1e-12)

    def test_agree_with_sampling(self, rng):
        """
        The mean weight of evidence of drawn outcomes, to six standard errors.
        """
        p, q = table(1, 6, 1.0), table(2, 6, 1.0)
        drawn = np.log(p / q)[rng.choice(6, size=200_000, p=p)]

        error = drawn.mean() - table_kl(p, q)
        assert abs(error) < 6 * drawn.std() / math.sqrt(len(drawn))

    @few
    @given(seeds)
    def test_vary_as_draws_do(self, seed):
        """
        The variance of the weight of one outcome is its second moment about the divergence.
        """
        p, q = table(seed, 6), table(seed + 1, 6)
        second = (p * np.log(p / q) ** 2).sum()

        found = divergence.table_weight_variance(p, q)

        assert found == pytest.approx(second - table_kl(p, q) ** 2, rel=1e-9)
        assert divergence.table_weight_variance(p, np.eye(6)[0]) == math.inf

    @few
    @given(seeds)
    def test_vanish_for_equal_worlds_only(self, seed):
        """
        Zero if and only if p = q.
        """
        p = table(seed, 7)

        assert table_kl(p, p) == 0
        assert table_kl(p, p[::-1].copy()) > 0

    def test_know_the_double_headed_coin(self):
        """
        Infinite one way, log 2 the other.
        """
        fair, double = np.array([0.5, 0.5]), np.array([1.0, 0.0])

        assert table_kl(fair, double) == math.inf
        assert table_kl(double, fair) == pytest.approx(math.log(2), rel=1e-15)

    def test_survive_very_small_numbers(self):
        """
        Ratios that no float holds are no obstacle.
        """
        p, q = np.array([0.5, 0.5]), np.array([1.0, 1e-320])

        judged(table_kl(p, q), exact_table(p, q), 1e-10)

    @pytest.mark.parametrize(
        ("p", "reason"),
        [
            ([0.5, 0.6], "`p` must sum to one, got 1.1"),
            ([1.5, -0.5], "`p` must be non-negative, got -0.5"),
            ([np.nan, 0.5], "`p` must be non-negative, got nan"),
        ],
    )
    def test_are_probabilities(self, p, reason):
        """
        What is no table is refused by name.
        """
        with pytest.raises(ValueError, match=reason):
            table_kl(np.array(p, dtype=float), np.array([0.5, 0.5]))


class TestFamilies:
    @pytest.mark.parametrize(
        ("found", "exact", "values"),
        [
            (bernoulli_kl, exact_bernoulli, chances),
            (poisson_kl, exact_poisson, positive),
            (exponential_kl, exact_exponential, positive),
        ],
        ids=["bernoulli", "poisson", "exponential"],
    )
    @settings(max_examples=80)
    @given(data=st.data())
    def test_agree_with_fifty_digits(self, found, exact, values, data):
        """
        To 1e-12, also where the two differ by a billionth.
        """
        p, q = data.draw(values), data.draw(values)
        step = data.draw(nudges)
        judged(found(p, q), exact(p, q))
        judged(found(p, p), mpmath.mpf(0))
        for close in (p + step, p * (1 + step)):
            if 0 < close < (1 if values is chances else math.inf):
                judged(found(p, close), exact(p, close))

    @settings(max_examples=80)
    @given(st.floats(-1e3, 1e3), positive, st.floats(-1e3, 1e3), positive, nudges, nudges)
    def test_of_gaussians_agree_with_fifty_digits(self, m, s, n, t, move, stretch):
        """
        To 1e-12, also near equality in mean, in scale, and in both.
        """
        judged(gaussian_kl(m, s, n, t), exact_gaussian(m, s, n, t))
        for near_m, near_s in ((m + move, s), (m, s * (1 + stretch)), (m + move, s + 1e-9)):
            judged(gaussian_kl(m, s, near_m, near_s), exact_gaussian(m, s, near_m, near_s))

    def test_of_many_coins_are_those_of_each(self):
        """
        A surface touches zero where p = q, and nowhere else.
        """
        p, q = np.meshgrid(np.linspace(0, 1, 11), np.linspace(0, 1, 11))
        found = divergence.bernoulli_kls(p, q)

        for i, j in np.ndindex(found.shape):
            assert found[i, j] == bernoulli_kl(float(p[i, j]), float(q[i, j]))
        np.testing.assert_array_equal(found == 0, p == q)

    @pytest.mark.parametrize(
        ("mean", "scale", "nats"),
        [(1.0, 1.0, 0.5), (0.0, 0.5, 0.3181), (0.0, 2.0, 0.8069), (2.0, 0.1, 3.8076)],
    )
    def test_of_gaussians_give_known_numbers(self, mean, scale, nats):
        """
        To the standard Gaussian, as the lecture's examples have it.
        """
        assert gaussian_kl(mean, scale, 0.0, 1.0) == pytest.approx(nats, abs=5e-5)

    def test_have_their_limits(self):
        """
        Certainty, and means of zero.
        """
        assert bernoulli_kl(0.5, 1.0) == bernoulli_kl(0.5, 0.0) == math.inf
        assert bernoulli_kl(0.0, 0.0) == bernoulli_kl(1.0, 1.0) == 0
        assert bernoulli_kl(0.0, 0.5) == pytest.approx(math.log(2))
        assert poisson_kl(0.0, 0.0) == 0
        assert poisson_kl(1.0, 0.0) == math.inf

    @few
    @given(positive, positive)
    def test_agree_with_torch(self, a, b):
        """
        Another implementation, family by family.
        """
        one, other = (torch.tensor(v, dtype=torch.float64) for v in (a, b))
        for kl, law in (
            (poisson_kl, distributions.Poisson),
            (exponential_kl, distributions.Exponential),
        ):
            true = distributions.kl_divergence(law(one), law(other)).item()
            assert kl(a, b) == pytest.approx(true, rel=1e-6, abs=1e-9 * max(a, 1))

    @settings(max_examples=15)
    @given(*[st.floats(0.05, 200)] * 4)
    def test_of_beta_agree_with_two_pens(self, a, b, c, d):
        """
        At 50 digits, to 1e-12 of the largest term, and torch.
        """
        first, second, third, fourth = big(a, b, c, d)
        terms = [
            mpmath.log(mpmath.beta(third, fourth)),
            -mpmath.log(mpmath.beta(first, second)),
            (first - third) * mpmath.digamma(first),
            (second - fourth) * mpmath.digamma(second),
            (third - first + fourth - second) * mpmath.digamma(first + second),
        ]
        largest = max(
            abs(mpmath.loggamma(x)) for x in (first, second, third, fourth, first + second)
        )
        largest = max(largest, abs(mpmath.loggamma(third + fourth)), *(abs(t) for t in terms))

        found = beta_kl((a, b), (c, d))

        assert found >= 0
        assert abs(found - sum(terms)) <= 1e-12 * largest
        laws = (
            distributions.Beta(*(torch.tensor(v, dtype=torch.float64) for v in shapes))
            for shapes in ((a, b), (c, d))
        )
        true = distributions.kl_divergence(*laws).item()
        assert found == pytest.approx(true, abs=1e-9 * float(largest))

    @given(st.floats(1e-4, 1e6))
    def test_digamma_agrees_with_scipy(self, x):
        """
        Its only part that is ours.
        """
        assert divergence.digamma(x) == pytest.approx(special.digamma(x), rel=1e-13, abs=1e-14)

    @pytest.mark.parametrize(
        ("call", "reason"),
        [
            (lambda: bernoulli_kl(1.5, 0.5), "`p` must be from 0 to 1, got 1.5"),
            (lambda: poisson_kl(1.0, -1.0), "`q` must be a finite mean"),
            (lambda: exponential_kl(0.0, 1.0), "`p` must be positive and finite, got 0.0"),
            (lambda: gaussian_kl(0.0, 1.0, 0.0, -1.0), "`q_scale` must be positive"),
            (lambda: gaussian_kl(math.nan, 1.0, 0.0, 1.0), "`p_mean` must be finite, got nan"),
            (lambda: beta_kl((1.0, 0.0), (1.0, 1.0)), "`p` must be positive and finite, got 0.0"),
        ],
    )
    def test_refuse_what_is_no_parameter(self, call, reason):
        """
        The message names field, rule and value.
        """
        with pytest.raises(ValueError, match=reason):
            call()


def covariance(seed, size, low=0.1, high=5.0):
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(size, size)))
    full = (turn * rng.uniform(low, high, size)) @ turn.T
    return (full + full.T) / 2


class TestManyDimensions:
    @few
    @given(seeds, st.integers(1, 6))
    def test_agree_with_fifty_digits_and_torch(self, seed, size):
        """
        Full covariances, to 1e-12 of the largest term times the condition number.
        """
        rng = np.random.default_rng(seed)
        m, n = rng.normal(size=(2, size))
        p, q = covariance(seed, size), covariance(seed + 1, size)
        big_p, big_q = (mpmath.matrix(a.tolist()) for a in (p, q))
        shift = mpmath.matrix((m - n).tolist())
        inverse = big_q**-1
        solved = inverse * big_p
        trace = sum(solved[i, i] for i in range(size))
        squared = (shift.T * inverse * shift)[0]
        ratio = mpmath.log(mpmath.det(big_q) / mpmath.det(big_p))
        true = (trace + squared - size + ratio) / 2
        largest = max(abs(trace), abs(squared), abs(ratio), size)

        found = multivariate_gaussian_kl(m, p, n, q)

        assert found >= 0
        assert abs(found - true) <= 1e-12 * largest * np.linalg.cond(q)
        laws = (
            distributions.MultivariateNormal(torch.tensor(mean), torch.tensor(cov))
            for mean, cov in ((m, p), (n, q))
        )
        assert found == pytest.approx(distributions.kl_divergence(*laws).item(), rel=1e-9)

    @few
    @given(seeds, st.integers(1, 5))
    def test_are_never_negative(self, seed, size):
        """
        A hair from equality, and at it.
        """
        p = covariance(seed, size)
        rng = np.random.default_rng(seed)
        nudge = 1e-9 * rng.normal(size=(size, size))
        mean = np.zeros(size)

        assert multivariate_gaussian_kl(mean, p, mean, p) == 0
        assert multivariate_gaussian_kl(mean, p + nudge + nudge.T, mean, p) > 0

    def test_agree_with_one_dimension(self):
        """
        A line is a space of one dimension.
        """
        one = multivariate_gaussian_kl(np.ones(1), np.full((1, 1), 0.25), np.zeros(1), np.eye(1))

        assert one == pytest.approx(gaussian_kl(1.0, 0.5, 0.0, 1.0), rel=1e-14)

    def test_refuse_what_is_no_covariance(self):
        """
        Flat in P is infinite, flat in Q is refused.
        """
        mean, flat = np.zeros(2), np.diag([1.0, 0.0])

        assert multivariate_gaussian_kl(mean, flat, mean, np.eye(2)) == math.inf
        with pytest.raises(ValueError, match="`q_covariance` must be positive definite"):
            multivariate_gaussian_kl(mean, np.eye(2), mean, flat)
        with pytest.raises(ValueError, match="`p_covariance` must be finite and symmetric"):
            multivariate_gaussian_kl(mean, np.triu(np.ones((2, 2))), mean, np.eye(2))


class TestMonotonicity:
    @few
    @given(seeds)
    def test_of_tables(self, seed):
        """
        Joint = marginal + expected conditional, exactly, and so no less than the marginal.
        """
        p, q = table(seed, 12, 2.0).reshape(3, 4), table(seed + 1, 12, 2.0).reshape(3, 4)

        parts = divergence.table_decomposition(p, q)

        assert parts.joint == pytest.approx(parts.marginal + parts.conditional, rel=1e-12)
        assert parts.joint >= parts.marginal
        expected = sum(a.sum() * stats.entropy(a, b) for a, b in zip(p, q, strict=True))
        assert parts.conditional == pytest.approx(expected, rel=1e-9)

    def test_of_a_joint_that_falls_while_the_marginal_rises(self):
        """
        Pushing the joint down pushes a bound down: the tabled counterexample.
        """
        p = np.array([[0.45, 0.05], [0.05, 0.45]])
        before = divergence.table_decomposition(p, np.array([[0.05, 0.45], [0.45, 0.05]]))
        after = divergence.table_decomposition(p, np.array([[0.525, 0.05], [0.05, 0.375]]))

        assert (before.joint, before.marginal) == pytest.approx((1.7578, 0), abs=5e-5)
        assert (after.joint, after.marginal) == pytest.approx((0.0127, 0.0114), abs=5e-5)

    def test_of_rows_that_never_occur(self):
        """
        A row without probability adds nothing; one that Q forbids is refuted at sight.
        """
        p, q = np.array([[0.5, 0.5], [0.0, 0.0]]), np.array([[0.25, 0.25], [0.25, 0.25]])

        assert divergence.table_decomposition(p, q).conditional == 0
        swapped = divergence.table_decomposition(q, p)
        assert (swapped.joint, swapped.marginal) == (math.inf, math.inf)

    @few
    @given(seeds, st.integers(2, 5), st.data())
    def test_of_gaussians(self, seed, size, data):
        """
        The same for Gaussians with any covariances.
        """
        seen = data.draw(st.integers(1, size - 1))
        rng = np.random.default_rng(seed)
        m, n = rng.normal(size=(2, size))

        parts = divergence.gaussian_decomposition(
            m, covariance(seed, size), n, covariance(seed + 1, size), seen=seen
        )

        assert parts.joint == pytest.approx(parts.marginal + parts.conditional, rel=1e-10)
        assert min(parts.marginal, parts.conditional) >= 0

    def test_of_gaussians_agrees_with_sampling(self, rng):
        """
        The conditional part is the mean divergence of conditionals, to six standard errors.
        """
        p, q = covariance(1, 2), covariance(2, 2)
        m, n = np.array([0.3, -0.2]), np.array([-0.5, 0.4])
        x = m[0] + math.sqrt(p[0, 0]) * rng.standard_normal(100_000)
        laws = []
        for mean, cov in ((m, p), (n, q)):
            slope = cov[0, 1] / cov[0, 0]
            laws.append((mean[1] + slope * (x - mean[0]), cov[1, 1] - slope * cov[0, 1]))
        (a, v), (b, w) = laws
        drawn = 0.5 * (v / w - 1 - math.log(v / w) + (a - b) ** 2 / w)

        found = divergence.gaussian_decomposition(m, p, n, q).conditional

        assert abs(drawn.mean() - found) < 6 * drawn.std() / math.sqrt(len(x))

    @few
    @given(seeds, st.lists(st.integers(0, 2), min_size=6, max_size=6))
    def test_of_coarse_graining(self, seed, groups):
        """
        Who sees less can tell less; all of it only where what is merged had equal weights.
        """
        p, q = table(seed, 6), table(seed + 1, 6)
        groups = np.unique(groups, return_inverse=True)[1]
        merged = [divergence.coarse_grained(table, groups) for table in (p, q)]

        assert table_kl(*merged) <= table_kl(p, q) * (1 + 1e-12)
        # within groups of one ratio, merging loses nothing
        ratios = np.array([0.5, 1.0, 2.0])[groups]
        other = p * ratios / (p * ratios).sum()
        assert divergence.loses_nothing(p, other, groups)
        kept = table_kl(
            divergence.coarse_grained(p, groups), divergence.coarse_grained(other, groups)
        )
        assert kept == pytest.approx(table_kl(p, other), rel=1e-9, abs=1e-15)

    def test_of_merging_what_differs(self):
        """
        Outcomes of unequal weight are worth telling apart.
        """
        p, q, groups = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]), np.array([0, 0, 1])

        assert not divergence.loses_nothing(p, q, groups)

    @few
    @given(seeds)
    def test_of_a_noisy_channel(self, seed):
        """
        What comes out tells the two apart no better than what went in.
        """
        p, q = table(seed, 4), table(seed + 1, 4)
        channel = np.stack([table(seed + 2 + i, 3) for i in range(4)])

        received = [divergence.through_channel(one, channel) for one in (p, q)]

        assert table_kl(*received) <= table_kl(p, q) * (1 + 1e-12)
        np.testing.assert_allclose(divergence.through_channel(p, np.eye(4)), p)

    def test_refuses_a_channel_that_leaks(self):
        """
        Every outcome is received as something.
        """
        with pytest.raises(ValueError, match="`channel` must sum to one"):
            divergence.through_channel(np.array([0.5, 0.5]), np.full((2, 2), 0.4))


class TestCoding:
    def test_of_the_lecture_s_four_outcomes(self):
        """
        Entropy 1.75 bits, cross-entropy 2, excess 0.25; and the reverse is 0.25 too.
        """
        p, q = np.array([0.5, 0.25, 0.125, 0.125]), np.full(4, 0.25)
        code, back = divergence.code_lengths(p, q), divergence.code_lengths(q, p)

        np.testing.assert_array_equal(code.lengths, [2, 2, 2, 2])
        np.testing.assert_array_equal(code.best_lengths, [1, 2, 3, 3])
        assert (code.needed, code.spent) == pytest.approx((1.75, 2))
        assert (code.excess, back.excess) == pytest.approx((0.25, 0.25))

    @few
    @given(seeds)
    def test_spends_what_is_needed_and_the_divergence(self, seed):
        """
        Cross-entropy = entropy + KL.
        """
        code = divergence.code_lengths(table(seed, 5), table(seed + 1, 5))

        assert code.spent == pytest.approx(code.needed + code.excess, rel=1e-12)

    def test_has_no_word_for_what_is_forbidden(self):
        """
        An outcome that Q forbids cannot be told at all.
        """
        code = divergence.code_lengths(np.array([0.5, 0.5]), np.array([1.0, 0.0]))

        assert (code.spent, code.excess) == (math.inf, math.inf)
        np.testing.assert_array_equal(code.lengths, [0, math.inf])
