"""Mirrors `core/recipe/coin.py`: the recipe for a coin comes to Bayes' rule at beta one."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import betaln
from scipy.stats import beta as beta_law

from core.recipe.coin import Coin, density

shapes = st.tuples(st.floats(0.3, 30), st.floats(0.3, 30))
coins = st.builds(
    dict,
    heads=st.integers(0, 30),
    tails=st.integers(0, 30),
    prior=shapes,
    beta=st.floats(0.1, 10),
)


class TestCoin:
    @given(coins, shapes)
    def test_agrees_with_scipy(self, made, at):
        """
        Both terms, by the means of logarithms that SciPy integrates, and the data's own surprise.
        """
        coin = Coin(**made)
        toss = coin.at(at)
        a, b = coin.prior
        expected = betaln(a, b) - betaln(a + coin.heads, b + coin.tails)

        assert coin.surprise == pytest.approx(expected, rel=1e-9, abs=1e-10)
        assert toss.joint_kl == pytest.approx(
            coin.surprise + toss.from_posterior, rel=1e-9, abs=1e-9
        )
        assert toss.joint_kl >= coin.surprise - 1e-9

    def test_terms_are_integrals(self):
        """
        Of the log-likelihood and of the log-ratio, over all chances of heads.
        """
        coin = Coin(heads=7, tails=3, prior=(2.0, 1.5), beta=1.0)
        toss, law, prior = coin.at((3.0, 2.5)), beta_law(3.0, 2.5), beta_law(2.0, 1.5)
        likelihood = quad(lambda t: -law.pdf(t) * (7 * math.log(t) + 3 * math.log1p(-t)), 0, 1)[0]
        ratio = quad(lambda t: law.pdf(t) * (law.logpdf(t) - prior.logpdf(t)), 0, 1)[0]

        assert toss.likelihood == pytest.approx(likelihood, rel=1e-8)
        assert toss.parameters == pytest.approx(ratio, rel=1e-7)

    def test_terms_are_averages_over_samples(self, rng):
        """
        Within six standard errors.
        """
        coin = Coin(heads=7, tails=3, prior=(2.0, 1.5), beta=1.0)
        heads = rng.beta(3.0, 2.5, 100_000)
        likelihood = -(7 * np.log(heads) + 3 * np.log1p(-heads))
        error = likelihood.mean() - coin.at((3.0, 2.5)).likelihood

        assert abs(error) < 6 * likelihood.std() / math.sqrt(len(heads))

    @pytest.mark.parametrize("beta", [0.25, 1.0, 3.0])
    def test_nothing_is_lower_than_the_best(self, beta):
        """
        SciPy, set free on both shapes, comes to the same.
        """
        coin = Coin(heads=7, tails=3, prior=(2.0, 1.5), beta=beta)
        found = minimize(
            lambda at: coin.at((math.exp(at[0]), math.exp(at[1]))).objective, [0.5, 0.5], tol=1e-12
        )

        np.testing.assert_allclose(np.exp(found.x), coin.best, rtol=1e-3)
        assert coin.at(coin.best).objective <= found.fun + 1e-9

    @given(coins)
    def test_is_bayes_posterior_at_beta_one(self, made):
        """
        Exactly; and then the bound is tight.
        """
        coin = Coin(**(made | {"beta": 1.0}))

        assert coin.best == coin.posterior
        assert coin.at(coin.best).from_posterior == 0
        assert coin.at(coin.best).joint_kl == pytest.approx(coin.surprise, rel=1e-9, abs=1e-9)

    @given(coins)
    def test_every_step_lowers_the_objective(self, made):
        """
        And leads to the best.
        """
        coin = Coin(**made)
        goal = [toss.objective for toss in coin.path(coin.prior, 10)]

        assert all(b <= a + 1e-9 * (1 + abs(a)) for a, b in pairwise(goal))
        assert coin.path(coin.prior, 3)[-1].shapes == coin.best
        assert coin.path(coin.prior, 1, 1.0)[-1].objective == pytest.approx(
            coin.at(coin.best).objective, rel=1e-9, abs=1e-9
        )

    @pytest.mark.parametrize(
        ("wrong", "name"),
        [({"prior": (0.0, 1.0)}, "prior"), ({"beta": -1.0}, "beta"), ({"heads": -1}, "beta")],
    )
    def test_refuses_what_is_none(self, wrong, name):
        """
        Shapes above zero, prices and counts from zero on.
        """
        with pytest.raises(ValueError, match=f"`{name}`"):
            Coin(**({"heads": 1, "tails": 1, "prior": (1.0, 1.0), "beta": 1.0} | wrong))

    @given(shapes)
    def test_density_is_scipys(self, at):
        """
        At every chance of heads.
        """
        heads = np.linspace(0.01, 0.99, 33)

        np.testing.assert_allclose(density(at, heads), beta_law(*at).pdf(heads), rtol=1e-9)
