"""Catches a density that is none, and a divergence that misses an infinity or a digit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core import densities
from core.densities import (
    Beta,
    Exponential,
    Mixture,
    Normal,
    Student,
    Uniform,
    entropy,
    integrand,
    kl_by_quadrature,
    kl_by_sampling,
    kl_divergence,
    unsupported,
)
from core.quadrature import integrate

BOTH = Mixture((Normal(-2.0, 0.5), Normal(1.5, 1.0)), (0.4, 0.6))
ISLANDS = Mixture((Uniform(0.0, 1.0), Uniform(2.0, 3.0)), (0.25, 0.75))
EACH = {
    "normal": (Normal(0.5, 2.0), stats.norm(0.5, 2.0)),
    "student": (Student(-1.0, 0.7, 2.5), stats.t(2.5, -1.0, 0.7)),
    "cauchy": (Student(0.0, 1.0, 1.0), stats.cauchy()),
    "uniform": (Uniform(-1.0, 3.0), stats.uniform(-1.0, 4.0)),
    "exponential": (Exponential(0.4), stats.expon(scale=2.5)),
    "beta": (Beta(2.5, 4.0), stats.beta(2.5, 4.0)),
    "flat beta": (Beta(1.0, 1.0, 2.0), stats.uniform(0, 2)),
    "mixture": (BOTH, None),
    "islands": (ISLANDS, None),
}
means, scales = st.floats(-5, 5), st.floats(0.1, 5)
few = settings(max_examples=25)


def mass_between(density, low, high):
    """
    Probability of an interval.
    """
    inner = sorted(x for x in density.landmarks if low < x < high)
    return integrate(lambda x: np.exp(density.log_density(x)), [low, *inner, high]).value


class TestEach:
    @pytest.mark.parametrize("name", EACH)
    def test_agrees_with_scipy(self, name):
        """
        Its logarithm is another implementation's.
        """
        density, law = EACH[name]
        x = np.linspace(-4, 6, 101)
        if law is None:
            weighted = zip(density.shares, density.parts, strict=True)
            total = sum(share * np.exp(part.log_density(x)) for share, part in weighted)
            expected = np.log(total + 1e-320)
        else:
            expected = law.logpdf(x)

        found = density.log_density(x)
        is_inside = found > -700
        np.testing.assert_allclose(found[is_inside], expected[is_inside], atol=1e-12)
        assert (expected[~is_inside] < -700).all()

    @pytest.mark.parametrize("name", EACH)
    def test_has_a_mass_of_one(self, name):
        """
        It integrates to one over its support, in any unit.
        """
        for density in (EACH[name][0], EACH[name][0].rescaled(0.01)):
            mass = 0.0
            for low, high in density.support:
                mass += mass_between(density, low, high)
            assert mass == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize("name", EACH)
    def test_is_what_is_drawn(self, name, rng):
        """
        Draws fall below each tenth of the way as often as they should, to six standard errors.
        """
        density = EACH[name][0]
        drawn = density.sample(rng, 40_000)
        start = density.support[0][0]
        for place in np.quantile(drawn, [0.1, 0.5, 0.9]):
            mass = mass_between(density, start, float(place))
            error = (drawn < place).mean() - mass
            assert abs(error) < 6 * math.sqrt(mass * (1 - mass) / len(drawn)) + 1e-9

    @pytest.mark.parametrize(
        ("make", "reason"),
        [
            (lambda: Normal(0.0, 0.0), "`scale` must be positive and finite, got 0.0"),
            (lambda: Normal(math.inf, 1.0), "`mean` must be finite, got inf"),
            (lambda: Student(0.0, 1.0, -2.0), "`freedom` must be positive"),
            (lambda: Uniform(1.0, 1.0), "`high` must be above `low`"),
            (lambda: Exponential(math.nan), "`rate` must be positive and finite, got nan"),
            (lambda: Mixture((Normal(),), (0.5,)), "`shares` must sum to one, got 0.5"),
            (lambda: Mixture((Normal(),), (0.5, 0.5)), "`shares` must be one for each part"),
        ],
    )
    def test_refuses_what_is_no_parameter(self, make, reason):
        """
        The message names field, rule and value.
        """
        with pytest.raises(ValueError, match=reason):
            make()


class TestKL:
    @few
    @given(means, scales, means, scales)
    def test_by_quadrature_is_the_closed_form(self, m, s, n, t):
        """
        To 1e-8, and no further off than it says.
        """
        exact = kl_divergence(Normal(m, s), Normal(n, t)).value
        found = kl_by_quadrature(Normal(m, s), Normal(n, t))

        assert found.error <= 1e-8 * max(exact, 1e-6)
        assert abs(found.value - exact) <= found.error + 1e-13 * max(1, exact)

    @pytest.mark.parametrize("step", [1e-3, 1e-6, 1e-9])
    def test_by_quadrature_keeps_its_digits(self, step):
        """
        Near equality it is as small as it should be, and not negative.
        """
        exact = kl_divergence(Normal(0.0, 1.0), Normal(step, 1.0)).value

        found = kl_by_quadrature(Normal(0.0, 1.0), Normal(step, 1.0)).value

        assert found == pytest.approx(exact, rel=1e-6)

    @pytest.mark.parametrize("name", ["student", "uniform", "exponential", "mixture", "beta"])
    @pytest.mark.parametrize("other", ["cauchy", "mixture"])
    def test_agrees_with_sampling(self, name, other, rng):
        """
        The mean weight of evidence of draws, to six standard errors.
        """
        p, q = EACH[name][0], EACH[other][0]
        if name == other:
            return
        if (name, other) == ("student", "mixture"):
            p = Student(-1.0, 0.7, 6.0)
        found, drawn = kl_divergence(p, q), kl_by_sampling(p, q, rng, 100_000)

        assert found.method == "quadrature"
        assert found.error <= 1e-8 * max(found.value, 1)
        assert abs(found.value - drawn.value) < 6 * drawn.standard_error

    def test_has_closed_forms(self):
        """
        They agree with quadrature.
        """
        for p, q in (
            (Exponential(0.5), Exponential(2.0)),
            (Beta(2.0, 5.0), Beta(3.0, 1.5)),
            (Normal(), Normal(1.0, 3.0)),
        ):
            closed, integrated = kl_divergence(p, q), kl_by_quadrature(p, q)
            assert closed.method == "closed form"
            assert closed.value == pytest.approx(integrated.value, rel=1e-8)

    @pytest.mark.parametrize(
        ("p", "q", "place"),
        [
            (Normal(), Uniform(-1.0, 1.0), (-math.inf, -1.0)),
            (Uniform(0.0, 2.0), Uniform(0.0, 1.0), (1.0, 2.0)),
            (Uniform(0.0, 3.0), ISLANDS, (1.0, 2.0)),
            (Uniform(-1.0, 1.0), Exponential(1.0), (-1.0, 0.0)),
            (Student(0.0, 1.0, 2.0), Normal(), None),
            (Student(0.0, 1.0, 1.0), BOTH, None),
        ],
    )
    def test_says_why_it_is_infinite(self, p, q, place):
        """
        The exact place that causes it, or tails that are too heavy.
        """
        found = kl_divergence(p, q)

        assert (found.value, found.method, found.place) == (math.inf, "infinite", place)

    def test_tells_one_tail_from_the_other(self):
        """
        A slow fall on the right helps nothing against a heavy tail on the left.
        """
        q = Mixture((Normal(), Exponential(1.0)), (0.5, 0.5))

        assert kl_divergence(Student(0.0, 1.0, 1.5), q).value == math.inf
        assert kl_divergence(Exponential(0.1), q).value < math.inf

    @few
    @given(means, scales, scales, st.floats(0.05, 0.95))
    def test_is_never_negative_and_zero_for_equals(self, m, s, t, share):
        """
        Of mixtures as well.
        """
        p = Mixture((Normal(m, s), Normal(-m, t)), (share, 1 - share))
        q = Mixture((Normal(m, s), Normal(-m, t)), (1 - share, share))

        assert kl_divergence(p, p).value == 0
        assert kl_divergence(p, q).value >= 0

    def test_draws_tell_of_forbidden_places(self, rng):
        """
        A single draw is no estimate, and an impossible one ends it.
        """
        assert kl_by_sampling(Normal(), Uniform(-1.0, 1.0), rng, 1000).value == math.inf
        assert kl_by_sampling(Normal(), Normal(1.0, 1.0), rng, 1).standard_error == math.inf
        with pytest.raises(ValueError, match="`count` must be at least 1, got 0"):
            kl_by_sampling(Normal(), Normal(), rng, 0)


class TestWeightVariance:
    @few
    @given(means, means, scales)
    def test_is_twice_the_divergence_of_shifted_gaussians(self, m, n, s):
        """
        Their weight is a line in x.
        """
        p, q = Normal(m, s), Normal(n, s)

        found = densities.weight_variance(p, q).value

        assert found == pytest.approx(2 * kl_divergence(p, q).value, rel=1e-8, abs=1e-12)

    def test_agrees_with_sampling(self, rng):
        """
        The variance of drawn weights, to six standard errors.
        """
        p, q = BOTH, Normal(0.0, 2.0)
        x = p.sample(rng, 100_000)
        squares = (p.log_density(x) - q.log_density(x) - kl_divergence(p, q).value) ** 2

        error = squares.mean() - densities.weight_variance(p, q).value
        assert abs(error) < 6 * squares.std() / math.sqrt(len(x))

    def test_may_be_infinite(self):
        """
        Where the divergence is, and where only the square has no mean.
        """
        assert densities.weight_variance(Normal(), Uniform()).value == math.inf
        assert kl_divergence(Student(), Normal()).value < math.inf
        assert densities.weight_variance(Student(), Normal()).value == math.inf


class TestUnits:
    @pytest.mark.parametrize("name", EACH)
    def test_move_the_entropy(self, name):
        """
        By the logarithm of the factor: feet are fewer than centimetres.
        """
        density = EACH[name][0]
        before, after = entropy(density).value, entropy(density.rescaled(1 / 30.48)).value

        assert after - before == pytest.approx(-math.log(30.48), abs=1e-7)
        if EACH[name][1] is not None:
            assert before == pytest.approx(float(EACH[name][1].entropy()), abs=1e-7)

    def test_do_not_move_the_divergence(self):
        """
        Heights are as far apart in feet as in centimetres.
        """
        for p, q in ((Normal(178.0, 7.0), Normal(165.0, 6.5)), (BOTH, Student(0.0, 2.0, 4.0))):
            here = kl_divergence(p, q).value
            there = kl_divergence(p.rescaled(1 / 30.48), q.rescaled(1 / 30.48)).value
            assert there == pytest.approx(here, rel=1e-8)

    def test_split_the_cross_entropy(self):
        """
        It is the entropy plus the divergence.
        """
        p, q = BOTH, Student(0.0, 2.0, 4.0)
        crossed = densities.cross_entropy(p, q).value

        assert crossed == pytest.approx(entropy(p).value + kl_divergence(p, q).value, rel=1e-8)
        assert densities.cross_entropy(Normal(), Uniform()).value == math.inf


class TestIntegrand:
    def test_has_both_signs_but_no_negative_sum(self):
        """
        It is p log p/q, zero where P does not fall, infinite where Q does not.
        """
        x = np.linspace(-6, 8, 20_001)
        found = integrand(Normal(), Normal(1.0, 1.0), x)

        assert found.min() < 0 < found.max()
        assert np.trapezoid(found, x) == pytest.approx(0.5, abs=1e-6)
        edges = integrand(Uniform(0.0, 2.0), Uniform(0.0, 1.0), np.array([-1.0, 0.5, 1.5]))
        np.testing.assert_allclose(edges, [0, 0.5 * math.log(0.5), math.inf])

    def test_is_unsupported_by_intervals(self):
        """
        What is left of one support without another.
        """
        assert unsupported(Normal(), ISLANDS) == ((-math.inf, 0.0), (1.0, 2.0), (3.0, math.inf))
        assert unsupported(ISLANDS, Normal()) == ()


class TestMixture:
    def test_is_the_sum_of_its_parts(self):
        """
        Its logarithm holds far outside, where the densities themselves are zero, and in gaps.
        """
        mixture = Mixture((Normal(-3.0, 0.5), Uniform(1.0, 2.0)), (0.3, 0.7))
        x = np.array([-200.0, -3.0, 0.5, 1.5, 300.0])
        apart = [
            np.logaddexp(math.log(0.3) + low, math.log(0.7) + high)
            for low, high in zip(
                mixture.parts[0].log_density(x), mixture.parts[1].log_density(x), strict=True
            )
        ]

        np.testing.assert_allclose(mixture.log_density(x), apart, rtol=1e-13)
        beyond = Mixture((Uniform(0.0, 1.0), Uniform(2.0, 3.0)), (0.5, 0.5))
        assert beyond.log_density(np.array([1.5]))[0] == -math.inf

    def test_draws_each_part_by_its_share(self, rng):
        """
        To six standard errors.
        """
        parts = (Uniform(0.0, 1.0), Uniform(2.0, 3.0), Uniform(4.0, 5.0))
        drawn = Mixture(parts, (0.2, 0.5, 0.3)).sample(rng, 30_000)

        for part, share in zip(parts, (0.2, 0.5, 0.3), strict=True):
            found = ((drawn >= part.low) & (drawn <= part.high)).mean()
            assert abs(found - share) < 6 * math.sqrt(share * (1 - share) / 30_000)
