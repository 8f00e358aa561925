"""Mirrors `core/recipe/objective.py` and `regrouping.py`: what two worlds lead to.

The bugs these tests catch: terms that do not sum up to the divergence, a constant that is none, a
divergence that may be negative, a rewriting that is another distribution, a scenario whose
objective is not the literature's.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.recipe import tables
from core.recipe.objective import derive
from core.recipe.regrouping import borrowed, fewer, turned
from core.recipe.scenarios import SCENARIOS, bayesian, diffusion
from core.recipe.worlds import Recipe, World, parse
from core.recipe.writing import symbols, term_text
from tests.core.recipe.drawing import brute_force, texts

seeds = st.integers(0, 2**31)


def worlds_of(objective, seed, most=3):
    rng = np.random.default_rng(seed)
    sizes = {name: int(rng.integers(1, most + 1)) for name in objective.p.variables}
    return tables.drawn(objective, sizes, rng)


def kept(objective):
    return {term_text(term) for term in objective.kept}


def dropped(objective):
    return {term_text(term) for term in objective.dropped}


# For each scenario: the objective as it is written, the terms that are kept, the constants.
EXPECTED = {
    "Density estimation": ("CE", {"⟨−log q(x)⟩"}, {"⟨log p(x)⟩"}),
    "Supervised learning": ("CE", {"⟨−log q(y|x)⟩"}, {"⟨log p(y|x)⟩"}),
    "VAE": ("D + R", {"⟨−log q(x|z)⟩", "⟨log p(z|x)/q(z)⟩"}, {"⟨log p(x)⟩"}),
    "β-VAE": ("D + β R", {"⟨−log q(x|z)⟩", "⟨log p(z|x)/q(z)⟩"}, {"⟨log p(x)⟩"}),
    "Information bottleneck": (
        "C + R",
        {"⟨−log q(y|z)⟩", "⟨log p(z|x)/q(z)⟩"},
        {"⟨log p(y|x)⟩"},
    ),
    "Semi-supervised VAE": (
        "β D + γ C + R",
        {"⟨−log q(x|z)⟩", "⟨−log q(y|z)⟩", "⟨log p(z|x)/q(z)⟩"},
        {"⟨log p(x,y)⟩"},
    ),
    "Diffusion": (
        "D + R + K(z₂) + K(z₁) + K(z₀)",
        {
            "⟨−log q(x|z₀)⟩",
            "⟨log p(z₃|x)/q(z₃)⟩",
            "⟨log p(z₂|z₃,x)/q(z₂|z₃)⟩",
            "⟨log p(z₁|z₂,x)/q(z₁|z₂)⟩",
            "⟨log p(z₀|z₁,x)/q(z₀|z₁)⟩",
        },
        {"⟨log p(x)⟩"},
    ),
    "Bayesian inference": (
        "β L(x₁) + β L(x₂) + β L(x₃) + S",
        {*(f"⟨−log q(x{i}|θ)⟩" for i in "₁₂₃"), "⟨log p(θ|x₁,x₂,x₃)/q(θ)⟩"},
        {"⟨log p(x₁,x₂,x₃)⟩"},
    ),
    "Bayesian neural network": (
        "β C + S",
        {"⟨−log q(Y|X,θ)⟩", "⟨log p(θ|X,Y)/q(θ)⟩"},
        {"⟨log p(Y|X)⟩"},
    ),
    "TherML": (
        "δ D + γ C + R + σ S",
        {"⟨−log q(X|Z)⟩", "⟨−log q(Y|Z)⟩", "⟨log p(Z|X,θ)/q(Z)⟩", "⟨log p(θ|X,Y)/q(θ)⟩"},
        {"⟨log p(X,Y)⟩"},
    ),
    "Variational prediction": (
        "L + S + V",
        {"⟨−log q(D|θ)⟩", "⟨log p(θ|x,D)/q(θ)⟩", "⟨log p(x|D)/q(x|θ)⟩"},
        {"⟨log p(D)⟩"},
    ),
}


class TestAnyWorlds:
    @given(texts(), seeds, st.booleans())
    @settings(max_examples=150)
    def test_terms_sum_up_to_the_divergence(self, typed, seed, regroup):
        """
        Of the joint, as going through every outcome has it, to 1e-10.
        """
        recipe = Recipe.read(*typed)
        objective = derive(recipe, regroup=regroup)
        worlds = worlds_of(objective, seed)
        terms = sum(worlds.term(term) for term in objective.terms)

        assert terms == pytest.approx(brute_force(worlds), abs=1e-10)
        assert worlds.joint_kl() == pytest.approx(terms, abs=1e-10)

    @given(texts(), seeds)
    def test_every_factor_has_its_place(self, typed, seed):
        """
        In one term, or among those that cancel.
        """
        recipe = Recipe.read(*typed)
        objective = derive(recipe)
        above = [f for term in objective.terms for f in term.above] + list(objective.shared)
        below = [f for term in objective.terms for f in term.below]
        taken = [f for f in objective.q.factors if f.letter == "p"]

        assert sorted(map(str, above)) == sorted(map(str, objective.regrouped.factors))
        assert sorted(map(str, below + taken)) == sorted(map(str, objective.q.factors))

    @given(texts(), seeds)
    @settings(max_examples=100)
    def test_constants_are_what_no_learning_moves(self, typed, seed):
        """
        All learned factors are drawn anew, and they stay.
        """
        recipe = Recipe.read(*typed)
        objective = derive(recipe)
        worlds = worlds_of(objective, seed)
        other = tables.drawn(objective, worlds.sizes, np.random.default_rng(seed + 1))
        kept_p = {f: (other if f.is_learned else worlds).p_tables[f] for f in objective.p.factors}
        kept_q = {
            f: (other if f.is_learned else worlds).q_tables[f]
            for f in objective.q.factors
            if f.letter == "q"
        }
        learned = tables.TableWorlds(
            p=worlds.p, q=worlds.q, sizes=worlds.sizes, p_tables=kept_p, q_tables=kept_q
        )
        for term in objective.terms:
            if term.is_constant:
                assert worlds.term(term) == pytest.approx(learned.term(term), abs=1e-12)
            assert term.is_constant or not term.is_dropped

    @given(texts(least=3, most=4, most_real=1), seeds, st.booleans())
    @settings(max_examples=100)
    def test_a_divergence_is_never_negative(self, typed, seed, regroup):
        """
        Where a term says that it is an average of divergences, even where Q makes it least.
        """
        recipe = Recipe.read(*typed)
        objective = derive(recipe, regroup=regroup)
        worlds = worlds_of(objective, seed)
        for factor in objective.q.factors:
            if factor.letter == "q":
                worlds = worlds.with_best_dream(factor)
        for term in objective.terms:
            if term.is_kl:
                assert worlds.term(term) >= -1e-12

    @given(texts(), seeds)
    @settings(max_examples=100)
    def test_regrouping_changes_no_chance(self, typed, seed):
        """
        The new product is the old one at every outcome.
        """
        recipe = Recipe.read(*typed)
        objective = derive(recipe)
        worlds = worlds_of(objective, seed)

        np.testing.assert_allclose(
            worlds.rewritten(objective.regrouped), worlds.real, rtol=1e-10, atol=1e-15
        )

    @given(texts(), seeds)
    @settings(max_examples=50)
    def test_seeing_less_gathers_no_more(self, typed, seed):
        """
        The joint bounds the marginal.
        """
        recipe = Recipe.read(*typed)
        objective = derive(recipe)
        worlds = worlds_of(objective, seed)

        assert worlds.marginal_kl(recipe.observed) <= worlds.joint_kl() + 1e-12


class TestByDefinition:
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_terms_are_averages_over_samples(self, name):
        """
        Of log above − log below under P, within six standard errors.
        """
        objective = derive(SCENARIOS[name].recipe)
        rng = np.random.default_rng(3)
        worlds = tables.drawn(objective, dict.fromkeys(objective.p.variables, 2), rng)
        chosen = rng.choice(worlds.real.size, size=20_000, p=worlds.real.ravel())
        for term in objective.terms:
            log_ratio = np.broadcast_to(worlds._log_ratio(term), worlds.real.shape).ravel()[chosen]
            error = log_ratio.mean() - worlds.term(term)
            assert abs(error) <= 6 * log_ratio.std() / np.sqrt(len(chosen)) + 1e-12


class TestScenarios:
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_leads_to_the_objective_of_the_literature(self, name):
        """
        What is kept, what is dropped, and how it is written.
        """
        scenario = SCENARIOS[name]
        objective = derive(scenario.recipe, scenario.multipliers, regroup=scenario.is_regrouped)
        written, terms, constants = EXPECTED[name]

        assert symbols(objective, scenario.letters) == written
        assert kept(objective) == terms
        assert dropped(objective) == constants

    @pytest.mark.parametrize("name", SCENARIOS)
    @pytest.mark.parametrize("regroup", [True, False])
    def test_terms_sum_up_to_the_divergence(self, name, regroup):
        """
        What the dream takes over from P included.
        """
        objective = derive(SCENARIOS[name].recipe, regroup=regroup)
        worlds = tables.drawn(
            objective, dict.fromkeys(objective.p.variables, 2), np.random.default_rng(7)
        )

        assert sum(map(worlds.term, objective.terms)) == pytest.approx(
            brute_force(worlds), abs=1e-10
        )

    def test_multipliers_are_on_the_terms_that_have_them(self):
        """
        All four of TherML, and no others.
        """
        multipliers = {"classification": 2.0, "distortion": 3.0, "parameters": 4.0, "rate": 5.0}
        objective = derive(SCENARIOS["TherML"].recipe, multipliers)

        assert {term.kind: term.multiplier for term in objective.kept} == multipliers
        assert objective.is_weighted
        assert all(term.multiplier == 1 for term in objective.dropped)

    @pytest.mark.parametrize("steps", [1, 2, 5, 20])
    def test_diffusion_of_any_length_has_a_divergence_for_each_step(self, steps):
        """
        After T turned arrows, one by one, every step is conditioned on x and what came after it.
        """
        objective = derive(diffusion(steps).recipe)
        expected = {"⟨log p(x)⟩"}
        assert dropped(objective) == expected
        assert len(objective.rewritings) == steps
        assert all(step.rule == "Bayes' rule" for step in objective.rewritings)
        top_down = [
            "p(x)",
            f"p(z{steps}|x)",
            *(f"p(z{i - 1}|z{i},x)" for i in range(steps, 0, -1)),
        ]
        assert sorted(f.bare for f in objective.regrouped.factors) == sorted(top_down)
        assert all(term.is_kl for term in objective.kept if term.above)
        assert len([term for term in objective.kept if term.kind == "step"]) == steps

    def test_without_regrouping_the_steps_are_no_divergences(self):
        """
        And the page is told so.
        """
        objective = derive(diffusion(2).recipe, regroup=False)

        assert not all(term.is_kl for term in objective.kept if term.kind == "step")
        for term in objective.kept:
            assert (
                ("negative" in term.words)
                == (term.name == "log ratio")
                == (term.is_ratio and not term.is_kl)
            )
        assert any("no divergence" in remark for remark in objective.remarks)

    def test_factors_with_something_between_them_are_no_divergence(self):
        """
        Q draws two together whose factors in P have a third between them.
        """
        objective = derive(
            Recipe.read("p(x)", "p(z0|x)* p(z1|z0) p(z2|z1)", "q(z0,z2) q(z1|z0,z2) q(x|z0)*"),
            regroup=False,
        )
        both = next(term for term in objective.kept if set(term.of) == {"z0", "z2"})

        assert len(both.above) == 2
        assert not both.is_kl

    @pytest.mark.parametrize("count", [1, 4])
    def test_any_number_of_data(self, count):
        """
        Each is explained, and what the parameters have taken from all of them is one term.
        """
        kinds = [term.kind for term in derive(bayesian(count).recipe).kept]

        assert kinds == ["likelihood"] * count + ["parameters"]

    @pytest.mark.parametrize("make", [diffusion, bayesian])
    def test_refuses_none(self, make):
        """
        At least one step, at least one datum.
        """
        with pytest.raises(ValueError, match="must be at least 1, got 0"):
            make(0)


class TestConstants:
    def test_a_fixed_factor_behind_a_learned_one_is_none(self):
        """
        Its average moves with what it is given.
        """
        objective = derive(Recipe.read("p(x)", "p(z|x)* p(w|z)", "q(z) q(w,x|z)*"))

        assert dropped(objective) == {"⟨log p(x)⟩"}
        assert "⟨log p(w|z)⟩" in kept(objective)
        assert any("p(w|z) is fixed and no constant" in remark for remark in objective.remarks)

    def test_a_learned_real_world_is_none_either(self):
        """
        What is learned is kept, wherever it stands.
        """
        objective = derive(Recipe.read("p(x)*", "", "q(x)"))

        assert not objective.dropped
        assert kept(objective) == {"⟨log p(x)⟩", "⟨−log q(x)⟩"}

    def test_says_when_nothing_is_learned(self):
        """
        Or nothing is left.
        """
        still = derive(Recipe.read("p(x)", "p(z|x)", "q(z) q(x|z)"))
        empty = derive(Recipe.read("p(x)", "", "p(x)"))

        assert any("Nothing is learned" in remark for remark in still.remarks)
        assert any("Nothing is left to minimise" in remark for remark in empty.remarks)


class TestOtherVariables:
    def test_what_nothing_depends_on_goes(self):
        """
        On either side, with a remark.
        """
        for more_p, more_q, name in (("p(w|x)", "", "w"), ("", "q(u|x)*", "u")):
            objective = derive(Recipe.read("p(x)", f"p(z|x)* {more_p}", f"q(z) q(x|z)* {more_q}"))
            assert kept(objective) == {"⟨−log q(x|z)⟩", "⟨log p(z|x)/q(z)⟩"}
            assert any(remark.startswith(f"{name} is not in") for remark in objective.remarks)

    def test_part_of_a_factor_may_go(self):
        """
        p(x,y) is p(x) for whoever does not see y.
        """
        world, stuck = fewer(World("P", parse("p(x,y) p(z|x)", "P")), ["x", "z"])

        assert [str(factor) for factor in world.factors] == ["p(x)", "p(z|x)"]
        assert stuck == ()

    @pytest.mark.parametrize(
        ("added", "dream", "sentence"),
        [
            ("p(z|x)*", "q(z) q(w) q(x|z,w)*", "must not need w, which P does not have"),
            ("p(z) p(w|z)", "q(w) q(x|w)", "must have a factor for z, on which P's p(w|z)"),
            ("p(z|x)*", "p(z) q(x|z)", "must take over only what P has"),
        ],
    )
    def test_refuses_what_cannot_be_compared(self, added, dream, sentence):
        """
        Saying what is missing.
        """
        with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is what is tested
            derive(Recipe.read("p(x)", added, dream))

        assert str(error.value).startswith("`Dream world` must")
        assert sentence in str(error.value)


class TestRewriting:
    def test_an_arrow_is_turned_by_bayes_rule(self):
        """
        Both ends then know what either knew.
        """
        world = World("P", parse("p(a) p(b) p(u|a)* p(v|u,b)", "P"))
        new, step = turned(world, "u", "v")

        assert [str(f) for f in step.after] == ["p(v|b,a)*", "p(u|v,b,a)*"]
        assert new.is_downstream("u", ["v"])

    @pytest.mark.parametrize(("tail", "head"), [("v", "u"), ("a", "v")])
    def test_refuses_arrows_that_are_not_there(self, tail, head):
        """
        Or that run the other way.
        """
        world = World("P", parse("p(a) p(u|a) p(v|u)", "P"))
        with pytest.raises(ValueError, match="`tail` must have an arrow of its own"):
            turned(world, tail, head)

    def test_refuses_to_close_a_circle(self):
        """
        Where another path leads the same way.
        """
        world = World("P", parse("p(u) p(w|u) p(v|u,w)", "P"))
        with pytest.raises(ValueError, match="by way of w as well"):
            turned(world, "u", "v")

    def test_what_is_taken_over_is_split_off(self):
        """
        By the product rule.
        """
        world, steps = borrowed(
            World("P", parse("p(x,y)", "P")), World("Q", parse("p(x) q(y|x)*", "Q"))
        )

        assert [str(f) for f in world.factors] == ["p(x)", "p(y|x)"]
        assert [step.rule for step in steps] == ["the product rule"]
