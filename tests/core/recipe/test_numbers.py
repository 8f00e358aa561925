"""Mirrors `core/recipe/numbers.py`, `tables.py` and `gaussians.py`: the recipe in numbers.

The bugs these tests catch: a turn that raises the objective, a minimum that is none, a Gaussian
term that is not the average of its logarithm, a posterior that is not Bayes'.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from core import linear_vae
from core.recipe import gaussians, numbers, tables
from core.recipe.gaussians import GaussianWorlds, Law
from core.recipe.objective import derive
from core.recipe.scenarios import SCENARIOS, bayesian, diffusion
from core.recipe.worlds import Recipe
from tests.core.recipe.drawing import texts

KINDS = {"tables": tables.drawn, "gaussians": gaussians.drawn}
seeds = st.integers(0, 2**31)
VAE = SCENARIOS["VAE"].recipe


def drawn(kind, objective, seed, most=3):
    rng = np.random.default_rng(seed)
    sizes = {name: int(rng.integers(1, most + 1)) for name in objective.p.variables}
    return KINDS[kind](objective, sizes, rng)


def factor(world, text):
    return next(f for f in world.factors if f.bare == text)


class TestGaussians:
    @given(texts(), seeds, st.booleans())
    @settings(max_examples=60)
    def test_terms_sum_up_to_the_divergence(self, typed, seed, regroup):
        """
        Of the two covariances of everything.
        """
        objective = derive(Recipe.read(*typed), regroup=regroup)
        worlds = drawn("gaussians", objective, seed)
        terms = [worlds.term(term) for term in objective.terms]

        assert sum(terms) == pytest.approx(worlds.joint_kl(), rel=1e-9, abs=1e-9)

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_terms_are_averages_over_samples(self, name):
        """
        Of SciPy's log-densities under P, within six standard errors.
        """
        objective = derive(SCENARIOS[name].recipe)
        worlds = drawn("gaussians", objective, 5, most=2)
        rng = np.random.default_rng(6)
        samples = rng.multivariate_normal(np.zeros(len(worlds.real)), worlds.real, 5_000)

        def log_density(one, law):
            of, known = worlds._places(one.of), worlds._places(one.given)
            rest = samples[:, of] - samples[:, known] @ law.slope.T
            return multivariate_normal(np.zeros(len(of)), law.noise).logpdf(rest)

        for term in objective.terms:
            log_ratio = sum(log_density(f, worlds.conditional(f)) for f in term.above)
            log_ratio = log_ratio - sum(log_density(f, worlds.q_laws[f]) for f in term.below)
            error = np.mean(log_ratio) - worlds.term(term)
            assert abs(error) <= 6 * np.std(log_ratio) / math.sqrt(len(samples)) + 1e-12

    @given(texts(), seeds)
    @settings(max_examples=40)
    def test_regrouping_is_the_same_gaussian(self, typed, seed):
        """
        The covariance of the new product is that of the old one.
        """
        objective = derive(Recipe.read(*typed))
        worlds = drawn("gaussians", objective, seed)
        laws = {f: worlds.conditional(f) for f in objective.regrouped.factors}

        np.testing.assert_allclose(
            worlds._covariance(objective.regrouped, laws), worlds.real, rtol=1e-7, atol=1e-9
        )

    def test_agrees_with_the_linear_vae(self, rng):
        """
        Rate, distortion and both divergences, of any encoder and decoder.
        """
        root = rng.standard_normal((3, 3))
        covariance, slope = root @ root.T, rng.standard_normal((3, 2))
        encoder, variance = rng.standard_normal((2, 3)), np.array([0.3, 0.7])
        other = linear_vae.LinearVAE(
            encoder=encoder, code_variance=variance, decoder=slope, scale=0.6
        )
        objective = derive(VAE)
        worlds = GaussianWorlds(
            p=objective.p,
            q=objective.q,
            sizes={"x": 3, "z": 2},
            p_laws={
                factor(objective.p, "p(x)"): Law(np.zeros((3, 0)), covariance),
                factor(objective.p, "p(z|x)"): Law(encoder, np.diag(variance)),
            },
            q_laws={
                factor(objective.q, "q(z)"): Law(np.zeros((2, 0)), np.eye(2)),
                factor(objective.q, "q(x|z)"): Law(slope, 0.36 * np.eye(3)),
            },
        )
        found = {term.kind: worlds.term(term) for term in objective.terms}

        assert found["rate"] == pytest.approx(other.rate(covariance), rel=1e-10)
        assert found["distortion"] == pytest.approx(other.distortion(covariance), rel=1e-10)
        assert found["constant"] == pytest.approx(-linear_vae.entropy(covariance), rel=1e-10)
        assert worlds.joint_kl() == pytest.approx(other.joint_kl(covariance), rel=1e-10)
        assert worlds.marginal_kl(["x"]) == pytest.approx(other.marginal_kl(covariance), rel=1e-9)


class TestMinimise:
    @given(texts(), seeds, st.sampled_from(sorted(KINDS)), st.sampled_from([0.25, 1.0, 4.0]))
    @settings(max_examples=60)
    def test_no_turn_raises_the_objective(self, typed, seed, kind, price):
        """
        Whatever the worlds, with multipliers too; and the joint bounds the marginal all the way.
        """
        recipe = Recipe.read(*typed)
        multipliers = {"rate": price, "step": 1 / price, "distortion": 2.0}
        objective = derive(recipe, multipliers)
        path = numbers.minimise(drawn(kind, objective, seed), objective, 8)
        found = [numbers.values(turn.worlds, objective, recipe.observed) for turn in path]
        goal = np.array([each.objective for each in found])

        assert (np.diff(goal) <= 1e-8 * (1 + np.abs(goal[1:]))).all()
        for each in found:
            assert each.marginal_kl <= each.joint_kl + 1e-9
            assert sum(each.terms) == pytest.approx(each.joint_kl, rel=1e-8, abs=1e-8)

    @pytest.mark.parametrize("kind", KINDS)
    def test_bayes_rule_comes_out(self, kind):
        """
        One turn makes p(θ|D) the dream's own posterior, and the bound tight.
        """
        recipe = bayesian(2).recipe
        objective = derive(recipe)
        path = numbers.minimise(drawn(kind, objective, 1), objective, 5)
        end = path[1].worlds

        assert end.joint_kl() == pytest.approx(end.marginal_kl(["x1", "x2"]), abs=1e-10)
        assert [turn.factor.bare for turn in path[1:]] == ["p(θ|x1,x2)"]

    @pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
    def test_a_linear_vae_comes_to_its_optimum(self, beta):
        """
        D + beta R of reverse water-filling, at the best scale of the decoder's noise.
        """
        spectrum = np.array([4.0, 1.0, 0.5])
        objective = derive(VAE, {"rate": beta})
        rng = np.random.default_rng(2)
        start = gaussians.drawn(objective, {"x": 3, "z": 1}, rng)
        laws = start.p_laws | {
            factor(objective.p, "p(x)"): Law(np.zeros((3, 0)), np.diag(spectrum))
        }
        start = GaussianWorlds(
            p=start.p, q=start.q, sizes=start.sizes, p_laws=laws, q_laws=start.q_laws
        )
        end = numbers.minimise(start, objective, 400)[-1].worlds
        scale = linear_vae.best_scale(spectrum, beta=beta, latent_dim=1)
        chosen = {"beta": beta, "scale": scale, "latent_dim": 1}
        best = linear_vae.distortion(spectrum, **chosen) + beta * linear_vae.rate(
            spectrum, **chosen
        )

        assert numbers.total(end, objective.kept) == pytest.approx(best, abs=1e-5)

    def test_tables_come_to_the_best_encoder(self):
        """
        SciPy, set free on all logits of the encoder, finds nothing lower.
        """
        objective = derive(Recipe.read("p(x)", "p(z|x)*", "q(z) q(x|z)"), {"rate": 0.7})
        start = tables.drawn(objective, {"x": 3, "z": 2}, np.random.default_rng(4))
        found = numbers.total(numbers.minimise(start, objective, 9)[-1].worlds, objective.kept)
        encoder = factor(objective.p, "p(z|x)")

        def goal(logits):
            table = np.exp(logits.reshape(2, 3) - np.logaddexp.reduce(logits.reshape(2, 3)))
            laws = dict(start.p_tables) | {encoder: table}
            worlds = tables.TableWorlds(
                p=start.p, q=start.q, sizes=start.sizes, p_tables=laws, q_tables=start.q_tables
            )
            return numbers.total(worlds, objective.kept)

        assert found == pytest.approx(minimize(goal, np.zeros(6)).fun, abs=1e-8)

    def test_the_dream_of_a_diffusion_comes_to_the_reverse_steps(self):
        """
        Each learned step is P's own reverse, whose x is not known: some divergence stays.
        """
        objective = derive(diffusion(4).recipe)
        start = gaussians.drawn(
            objective, dict.fromkeys(objective.p.variables, 1), np.random.default_rng(0)
        )
        path = numbers.minimise(start, objective, 12)
        end = path[-1].worlds
        for own in objective.q.factors:
            if own.is_learned:
                assert end.q_laws[own].slope == pytest.approx(end.conditional(own).slope)
        assert len(path) == 6
        assert end.joint_kl() < start.joint_kl()

    def test_refuses_too_many_outcomes(self):
        """
        With the number there would be.
        """
        objective = derive(diffusion(8).recipe)
        with pytest.raises(ValueError, match="at most 16,384 joint outcomes, got 59,049 of 10"):
            tables.drawn(
                objective, dict.fromkeys(objective.p.variables, 3), np.random.default_rng()
            )

    @given(texts(), seeds)
    @settings(max_examples=30)
    def test_nothing_learned_nothing_moved(self, typed, seed):
        """
        Without a star there is no turn to take.
        """
        assume("z0" in typed[0])
        objective = derive(Recipe.read(*(text.replace("*", "") for text in typed)))

        assert len(numbers.minimise(drawn("tables", objective, seed), objective, 5)) == 1
