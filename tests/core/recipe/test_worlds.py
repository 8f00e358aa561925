"""Mirrors `core/recipe/worlds.py`: what is a world, and what is refused in a sentence."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recipe.worlds import MOST_FACTORS, Factor, Recipe, World, listed, parse, sketched
from tests.core.recipe.drawing import texts


class TestParse:
    @given(texts())
    def test_reads_what_it_writes(self, typed):
        """
        Factors that are written and read again are the same.
        """
        recipe = Recipe.read(*typed)
        text = " ".join(map(str, recipe.dream))

        assert parse(text, "Dream world") == recipe.dream

    @pytest.mark.parametrize("text", ["p(x,y)p(z|x)*", " p( x , y ) p(z|x) *", "p(x,y)\tp(z∣x)★"])
    def test_does_not_mind_spaces_and_look_alikes(self, text):
        """
        Whatever way people write them.
        """
        assert [str(factor) for factor in parse(text, "P")] == ["p(x,y)", "p(z|x)*"]

    @pytest.mark.parametrize(
        "text",
        ["p(x", "r(x)", "p()", "p(x|)", "p(xy)", "p(x) + p(z)", "p(x|y|z)", "P(x)", "x", "(x)"],
    )
    def test_refuses_what_is_no_factor(self, text):
        """
        In a sentence with the field, the rule and the place.
        """
        with pytest.raises(ValueError, match="`Real world` must be factors such as") as error:
            parse(text, "Real world")
        assert "got '" in str(error.value)

    def test_refuses_too_many(self):
        """
        A text without end is not read to its end.
        """
        with pytest.raises(ValueError, match=f"at most {MOST_FACTORS} factors"):
            parse("p(x)" * (MOST_FACTORS + 1), "P")

    @given(st.text(max_size=60))
    def test_never_breaks(self, text):
        """
        Any text is factors, or is refused.
        """
        with suppress(ValueError):
            World("P", parse(text, "P"))


class TestWorld:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "must have at least one factor"),
            ("p(x|z)", "must have a factor for z, which p(x|z) needs"),
            ("p(x|z) p(z|x)", "no arrows that run in a circle"),
            ("p(x|x)", "must not condition x on itself"),
            ("p(x,x)", "must name x once in a factor, got p(x,x)."),
            ("p(z) p(x|z,z)", "must name z once in a factor, got p(x|z,z)."),
            ("p(x) p(x)", "must have one factor for x, got p(x) and p(x)."),
            ("p(x,y) p(y|x)", "must have one factor for y, got p(x,y) and p(y|x)."),
            ("p(u) p(a|u,c) p(b|a) p(c|b)", "in a circle, got p(a|u,c) p(b|a) p(c|b)"),
        ],
    )
    def test_refuses_what_is_no_distribution(self, text, sentence):
        """
        Naming the variable and the factors.
        """
        with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is what is tested
            World("Real world", parse(text, "Real world"))

        assert str(error.value).startswith("`Real world` must")
        assert sentence in str(error.value)

    @given(texts())
    def test_puts_parents_before_children(self, typed):
        """
        In its layers, its order and its list of variables.
        """
        recipe = Recipe.read(*typed)
        for world in (recipe.p, recipe.q):
            seen = set()
            for factor in world.in_order:
                assert seen >= set(factor.given)
                seen |= set(factor.of)
            place = {name: i for i, layer in enumerate(world.layers) for name in layer}
            for factor in world.factors:
                assert all(
                    place[tail] < place[head] for tail in factor.given for head in factor.of
                )

    def test_knows_what_is_upstream(self):
        """
        A variable depends on its parents and theirs, and on what is drawn with it.
        """
        world = World("P", parse("p(x) p(z|x) p(u,v|z) p(w)", "P"))

        assert [str(f) for f in world.upstream(["u"])] == ["p(x)", "p(z|x)", "p(u,v|z)"]
        assert world.is_downstream("u", ["x"])
        assert world.is_downstream("u", ["v"])
        assert not world.is_downstream("z", ["u", "w"])


class TestRecipe:
    def test_refuses_the_dreams_letter_in_the_real_world(self):
        """
        The letter q is the dream's.
        """
        with pytest.raises(ValueError, match="`Added` must have factors with the letter p"):
            Recipe.read("p(x)", "q(z|x)*", "q(z) q(x|z)*")

    def test_refuses_a_real_world_that_needs_what_is_added(self):
        """
        The real world was there before.
        """
        with pytest.raises(ValueError, match="`Real world` must have a factor for z"):
            Recipe.read("p(x|z)", "p(z)", "q(x) q(z)")

    def test_words_are_listed(self):
        """
        Three, two, one, none.
        """
        assert [listed(list("xyz"[:n])) for n in (3, 2, 1, 0)] == [
            "x, y and z",
            "x and y",
            "x",
            "",
        ]


class TestSketched:
    @pytest.mark.parametrize(
        ("text", "faults"),
        [
            ("q(z) q(x|z)", ""),
            ("q(x|z)", "z"),
            ("q(z) q(z|x) q(x)", "z"),
            ("q(a) q(z|x,a) q(x|z) q(y|x)", "xz"),
            ("q(z|z)", "z"),
            ("q(x|y) q(y|z) q(z|x) q(w|z)", "xyz"),
        ],
    )
    def test_finds_what_is_at_fault(self, text, faults):
        """
        A variable without a factor, with two, or on a circle, and no other.
        """
        assert sketched(parse(text, "Q")).faults == set(faults)

    @given(st.lists(st.tuples(st.sampled_from("uvwxyz"), st.sets(st.sampled_from("uvwxyz")))))
    def test_places_every_variable_once(self, drawn):
        """
        Whatever was typed; and a distribution as its world has it, with nothing at fault.
        """
        factors = [Factor("q", (name,), tuple(sorted(given))) for name, given in drawn]
        found = sketched(factors)
        placed = [name for layer in found.layers for name in layer]

        assert sorted(placed) == sorted({name for factor in factors for name in factor.variables})
        try:
            world = World("Q", tuple(factors))
        except ValueError:
            assert found.faults or not factors
        else:
            assert found.faults == set()
            assert [set(layer) for layer in found.layers] == [set(each) for each in world.layers]
