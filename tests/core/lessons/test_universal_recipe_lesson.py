"""Mirrors `core/lessons/universal_recipe.py` and its parts: what the page shows and says.

The bugs these tests catch: a picture of another world than the one that is derived, numbers that
do not add up, a bad world that is no sentence, a hand whose nonsense is heard.
"""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lessons import universal_recipe as lesson
from core.lessons.universal_recipe import CASES, OWN, UNTOUCHED, VIEWS, Choices, show, written
from core.recipe.scenarios import SCENARIOS


def numbers_of(shown):
    return {number["label"]: number["text"] for number in shown.data["numbers"]}


def panel(shown, i):
    return shown.data["panels"][i]


def as_number(text):
    return float(text.replace("−", "-").replace(",", "").split()[0])


class TestCases:
    REFUSED = ("circle", "twice", "missing", "needed")

    @pytest.mark.parametrize("name", CASES)
    def test_show_a_picture_or_a_sentence(self, name):
        """
        Of JSON, with numbers, and with something to read.
        """
        shown = show(CASES[name].choices)
        if name in self.REFUSED:
            assert shown.data["lines"] == []
            assert "no objective" in shown.data["alt"]
            assert any(node["isAtFault"] for i in range(3) for node in panel(shown, i)["nodes"])
            assert "world` must" in shown.problems[0]
            assert written(CASES[name].choices) is None
            return
        assert shown.problems == ()
        assert shown.verdict
        assert shown.table
        assert "nan" not in json.dumps(shown.data, allow_nan=False).lower()

    def test_every_scenario_is_a_link(self):
        """
        All eleven, and they open as the literature has them.
        """
        listed = lesson.cases(VIEWS[0], "VAE")

        assert [case.choices.scenario for case in listed.values()] == list(SCENARIOS)
        for name, case in zip(SCENARIOS, listed.values(), strict=True):
            for kind, value in SCENARIOS[name].multipliers.items():
                assert case.choices.multipliers[kind] == value

    def test_edits_are_offered_for_worlds_of_ones_own(self):
        """
        And the other views have three to six cases each.
        """
        assert len(lesson.cases(VIEWS[0], OWN)) >= 6
        assert all(3 <= len(lesson.cases(view, "VAE")) <= 6 for view in VIEWS[1:])


class TestSteps:
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_graphs_are_of_the_worlds(self, name):
        """
        A node for each variable, an arrow for each that another is given.
        """
        shown = show(replace(UNTOUCHED, scenario=name, chains="As written"))
        recipe = SCENARIOS[name].recipe
        for i, world in ((1, recipe.p), (2, recipe.q)):
            factors = world.factors
            names = {node["id"] for node in panel(shown, i)["nodes"]}
            assert names == set(world.variables)
            if name not in ("Information bottleneck", "Bayesian neural network") or i == 2:
                arrows = {(arrow["from"], arrow["to"]) for arrow in panel(shown, i)["arrows"]}
                assert arrows == {(t, h) for f in factors for h in f.of for t in f.given}

    def test_what_is_shared_is_struck_out_in_both(self):
        """
        And a constant is marked where it stands.
        """
        shown = show(replace(UNTOUCHED, scenario="Information bottleneck"))
        state = [{f["text"]: f["state"] for f in panel(shown, i)["factors"]} for i in (1, 2)]

        assert state[0] == {"p(x)": "cancels", "p(y|x)": "constant", "p(z|x)": ""}
        assert state[1] == {"p(x)": "cancels", "q(z)": "", "q(y|z)": ""}

    def test_terms_name_the_factors_that_they_light(self):
        """
        Each key of a line is that of a factor in a graph.
        """
        for name in SCENARIOS:
            shown = show(replace(UNTOUCHED, scenario=name))
            known = {f["key"] for i in (1, 2) for f in panel(shown, i)["factors"]}
            assert {key for line in shown.data["lines"] for key in line["keys"]} <= known

    def test_the_picture_is_told_in_words(self):
        """
        Graphs, objective and what is dropped.
        """
        alt = show(UNTOUCHED).data["alt"]

        assert "Minimise D + R" in alt
        assert "entropy, a constant ⟨log p(x)⟩ (dropped)" in alt
        assert "p(z|x) learned" in alt

    def test_what_can_be_read_stays_in_the_picture(self):
        """
        A factor that is half typed takes nothing else away; the sentence says which one it is.
        """
        shown = show(replace(UNTOUCHED, scenario=OWN, dream="q(z) q(x|"))

        assert [f["text"] for f in panel(shown, 2)["factors"]] == ["q(z)"]
        assert len(panel(shown, 1)["factors"]) == 2
        assert "must be factors such as" in shown.problems[0]
        assert "got 'q(x|'" in shown.problems[0]

    def test_what_cancels_altogether_is_said(self):
        """
        A dream that takes everything over leaves no objective.
        """
        shown = show(replace(UNTOUCHED, scenario=OWN, dream="p(x) p(z|x)"))

        assert shown.data["lines"] == []
        assert shown.data["note"] == "All factors cancel."
        assert "no term is left. KL[P; Q], summed over all 4 outcomes, is 0" in (shown.verdict)

    def test_what_only_one_world_needs_is_at_fault(self):
        """
        Each is a distribution, and they cannot be compared.
        """
        shown = show(CASES["needed"].choices)

        assert [node["id"] for node in panel(shown, 2)["nodes"] if node["isAtFault"]] == ["w"]

    def test_a_constant_that_is_kept_is_marked(self):
        """
        As what is dropped is.
        """
        lines = show(replace(UNTOUCHED, scenario="Diffusion")).data["lines"]
        marked = {line["symbol"]: (line["isConstant"], line["isDropped"]) for line in lines}

        assert marked["−H"] == (True, True)
        assert marked["R"] == (True, False)
        assert marked["D"] == (False, False)

    @pytest.mark.parametrize(
        ("steps", "drawn"), [(1, "chances"), (10, "chances"), (60, "Gaussians")]
    )
    def test_diffusion_is_checked_at_any_length(self, steps, drawn):
        """
        Both sums by themselves, and the regrouped product; on Gaussians where outcomes are many.
        """
        shown = show(replace(UNTOUCHED, scenario="Diffusion", steps=steps))

        assert "**Checked**" in shown.verdict
        assert f"{drawn} drawn at random" in shown.verdict
        assert "the regrouped product is P itself, to " in shown.verdict
        formulas = written(replace(UNTOUCHED, scenario="Diffusion", steps=steps))
        assert len(formulas.steps) == min(steps, 12)
        assert all(step.startswith(("By Bayes' rule, $", "… ")) for step in formulas.steps)
        assert len(shown.table.rows) <= 4 + 10

    def test_a_price_is_said(self):
        """
        It is on its term, and the objective is no divergence then.
        """
        shown = show(replace(UNTOUCHED, by_rate=4.0))

        assert numbers_of(shown) == {"minimise": "D + β R"}
        assert "no divergence any more" in shown.verdict
        assert any("β = 4" in row[-1] for row in shown.table.rows)

    def test_prices_are_those_of_the_terms(self):
        """
        By the letters of the literature; worlds that are none have none.
        """
        labels = [price.label for price in lesson.prices(CASES["recipe10"].choices)]

        assert [label[0] for label in labels] == ["δ", "γ", "β", "σ"]
        assert lesson.prices(CASES["circle"].choices) == ()

    @given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
    def test_nothing_typed_breaks_it(self, real, added, dream):
        """
        Any three texts are worlds, or a sentence.
        """
        for view in VIEWS[:3]:
            choices = Choices(view=view, scenario=OWN, real=real, added=added, dream=dream)
            shown = show(choices)
            assert shown.data is not None or shown.problems

    def test_editing_begins_with_the_scenario(self):
        """
        What is edited is what was shown.
        """
        for name in SCENARIOS:
            choices = replace(UNTOUCHED, scenario=name)
            own = replace(choices, **lesson.edited(choices))
            assert own.scenario == OWN
            assert show(own).data["panels"] == show(choices).data["panels"]


class TestDescent:
    @pytest.mark.parametrize("view", VIEWS[1:3])
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_joint_bounds_marginal_and_terms_add_up(self, view, name):
        """
        At every turn that a hand may go to, as the numbers are written.
        """
        shown = show(replace(UNTOUCHED, view=view, scenario=name, size=2))
        joint, marginal = shown.data["curves"][:2]
        for turn in range(len(joint["values"])):
            assert marginal["values"][turn] <= joint["values"][turn] + 1e-9
            total = sum(as_number(bar["texts"][turn]) for bar in shown.data["bars"])
            room = 5e-4 * (1 + len(shown.data["bars"]))  # each is written to three decimals
            assert total == pytest.approx(joint["values"][turn], abs=room)

    def test_the_table_adds_up(self):
        """
        The sum of the terms is the divergence that was computed by itself.
        """
        rows = show(CASES["tables_vae"].choices).table.rows

        assert rows[-2][0] == "sum of the terms"
        assert as_number(rows[-2][-1]) == pytest.approx(as_number(rows[-1][-1]), abs=1e-4)

    def test_turns_are_taken_and_go_back(self):
        """
        No further than there are.
        """
        choices = CASES["tables_diffusion"].choices
        assert lesson.turned(choices, 1) == {"turn": 1}
        assert lesson.turned(choices, 99)["turn"] == 4
        assert lesson.turned(replace(choices, turn=3), -99) == {"turn": 0}
        assert lesson.turned(replace(CASES["circle"].choices, view="Tables"), 1) == {}

    def test_says_when_the_marginal_rises(self):
        """
        What is pushed down is the bound, which falls meanwhile.
        """
        verdict = show(CASES["rises"].choices).verdict

        assert "KL of everything falls by 2.0324 nats" in verdict
        assert "that of x alone rises by 0.7460 nats" in verdict
        assert "**The marginal has risen:** what is pushed down is the bound." in verdict

    def test_says_what_the_last_turn_leaves(self):
        """
        Nothing, or what learned Gaussians that are round cannot follow, or what needs more turns.
        """
        last = replace(UNTOUCHED, turn=lesson.MOST_TURNS)
        density = replace(last, scenario="Density estimation", view="Gaussians")
        slow = replace(last, scenario="TherML", view="Tables")

        assert "Nothing is left" in show(replace(last, view="Tables")).verdict
        assert "one variance in all directions" in show(density).verdict
        assert "one variance" not in show(replace(density, size=1)).verdict
        assert "more turns" in show(slow).verdict

    def test_says_when_a_price_has_emptied_the_code(self):
        """
        The rate is zero, and the marginal is all that is left of it.
        """
        dear = replace(CASES["tables_priced"].choices, turn=lesson.MOST_TURNS)

        assert "**The rate is 0:**" in show(dear).verdict
        assert "rate is 0" not in show(replace(dear, by_rate=1.0)).verdict

    def test_a_bottleneck_keeps_nothing_at_full_price(self):
        """
        C + R is at least H(y), whatever the code says; at a lower price it says something.
        """
        cheap = replace(CASES["tables_bottleneck"].choices, turn=lesson.MOST_TURNS)

        assert "**The rate is 0:**" in show(replace(cheap, by_rate=1.0)).verdict
        assert "rate is 0" not in show(cheap).verdict

    def test_says_which_worlds_are_too_wide(self):
        """
        Every turn is computed, so that there are as many dimensions as can be.
        """
        shown = show(replace(UNTOUCHED, scenario="Diffusion", view="Gaussians", steps=100))

        assert "`Dimensions` must be at most" in shown.problems[0]
        assert shown.data is None

    def test_says_what_cannot_be_summed(self):
        """
        Too many outcomes are a sentence.
        """
        shown = show(replace(UNTOUCHED, view="Tables", scenario="Diffusion", steps=10, size=4))

        assert "`Outcomes` must make at most 16,384 joint outcomes" in shown.problems[0]
        assert "a smaller T" in shown.problems[0]

    def test_fixed_worlds_have_no_turn(self):
        """
        And say so.
        """
        shown = show(
            Choices(view="Tables", scenario=OWN, added="p(z|x)", dream="q(z) q(x|z)", turn=5)
        )

        assert shown.data["turn"] == 0
        assert "stands where it is" in shown.verdict


class TestCoin:
    def test_comes_to_bayes_posterior(self):
        """
        At beta one, and the bound is tight.
        """
        choices = replace(CASES["coin"].choices, turn=12)
        shown = show(choices)

        assert "At β = 1 that is Bayes' posterior" in shown.verdict
        assert as_number(numbers_of(shown)["+ KL to posterior"]) == 0
        assert ("Bayes' posterior", "Beta(8, 4)", "") in shown.table.rows

    @pytest.mark.parametrize(("name", "word"), [("coin_low", "wider"), ("coin_high", "narrower")])
    def test_other_prices_weigh_the_data(self, name, word):
        """
        For less than they are, or more.
        """
        assert word in show(CASES[name].choices).verdict

    def test_numbers_add_up_at_every_turn(self):
        """
        The joint is the data's surprise and what is left to the posterior.
        """
        for row in show(CASES["coin"].choices).data["numbersAt"]:
            whole, surprise, rest = (as_number(number["text"]) for number in row)
            assert whole == pytest.approx(surprise + rest, abs=1e-9)


class TestHands:
    def test_a_turn_is_heard(self):
        """
        Of those that there may be.
        """
        assert lesson.heard({"turn": 3}) == {"turn": 3}

    @pytest.mark.parametrize(
        "nonsense",
        [None, {}, {"turn": -1}, {"turn": 99}, {"turn": 1.5}, {"turn": True}, {"x": 1}, 3],
    )
    def test_nonsense_moves_nothing(self, nonsense):
        """
        What no hand can have done is not heard.
        """
        assert lesson.heard(nonsense) == {}
