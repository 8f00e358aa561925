"""Mirrors `core/recipe/writing.py`: formulas that say what the terms are."""

import pytest
from hypothesis import given

from core.recipe.objective import derive
from core.recipe.scenarios import SCENARIOS, diffusion
from core.recipe.worlds import Recipe
from core.recipe.writing import derivation, objective_latex, rewriting_latex, symbols
from tests.core.recipe.drawing import texts


def balanced(latex):
    return latex.count("{") == latex.count("}") and latex.count(r"\langle") == latex.count(
        r"\rangle"
    )


class TestLatex:
    @given(texts())
    def test_is_whole(self, typed):
        """
        For any worlds: braces and brackets close.
        """
        objective = derive(Recipe.read(*typed), {"rate": 2.0, "step": 3.0})

        assert balanced(derivation(objective, {}))
        assert balanced(objective_latex(objective, {}))
        assert all(balanced(rewriting_latex(step)) for step in objective.rewritings)

    def test_strikes_out_what_is_shared(self):
        """
        Above and below.
        """
        written = derivation(derive(SCENARIOS["Supervised learning"].recipe), {})

        assert written.count(r"\cancel{p(x)}") == 2

    def test_writes_multipliers(self):
        """
        Where the literature has them, by its letters, and wherever one is not one.
        """
        scenario = SCENARIOS["Semi-supervised VAE"]
        objective = derive(scenario.recipe)

        assert r"\beta\,\underbrace" in objective_latex(objective, scenario.letters)
        assert r"\gamma\,\underbrace" in objective_latex(objective, scenario.letters)
        assert r"\gamma" not in objective_latex(objective, {})
        assert r"\beta\,\underbrace" in objective_latex(derive(scenario.recipe, {"rate": 2.0}), {})

    def test_many_of_one_kind_are_a_sum(self):
        """
        Two ends and dots.
        """
        objective = derive(diffusion(9).recipe, {"step": 2.0})

        assert r"\dots" in objective_latex(objective, {})
        assert "9 step KLs" in objective_latex(objective, {})
        assert symbols(objective, {}) == "D + R + κ Σ K"

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_words_name_the_variables(self, name):
        """
        Each term has some, in which no brace is left.
        """
        for term in derive(SCENARIOS[name].recipe).terms:
            assert "{" not in term.words
            assert all(variable in term.words for variable in term.of)
