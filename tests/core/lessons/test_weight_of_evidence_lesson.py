"""Mirrors `core/lessons/weight_of_evidence.py`: what is typed is read, added up, and said."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from core import notation
from core.evidence import decibans
from core.lessons import weight_of_evidence as lesson
from core.lessons.weight_of_evidence import CASES, FAMILIES, Choices, account, at_point


def changed(choices, values):
    return dataclasses.replace(choices, **values)


class TestAccount:
    def test_of_the_antibody_test(self):
        """
        The numbers of the lecture's example, in every form.
        """
        rows = account(Choices()).rows

        assert rows["Prior"].decibans == "−11.234 dB"
        assert rows["Weight of X"].decibans == "+13.288 dB"
        assert rows["Posterior"].decibans == "+2.054 dB"
        assert rows["Posterior"].probability == "0.616"
        negative = account(Choices(given_p="6.2 %", given_q="95.6 %")).rows
        assert negative["Weight of X"].decibans == "−11.881 dB"
        assert float(negative["Posterior"].probability) == pytest.approx(0.0049, abs=5e-5)

    def test_of_every_case_is_known(self):
        """
        Every ready case is read without a problem, and known again by its story.
        """
        for case in CASES.values():
            found = account(case.choices)
            assert found.problems == ()
            assert found.case == case
            assert found.posterior is not None

    def test_of_laplace_s_births(self):
        """
        Observed and expected rates, each labelled.
        """
        figures = {figure.label: figure.value for figure in CASES["births"].figures}

        assert list(figures.values()) == [
            "403.7 dB",
            r"$8.18 \cdot 10^{-4}$ dB",
            "15,892",
            r"$8.69 \cdot 10^{-4}$ dB",
            "14,966",
            "$10^{-41.94}$",
        ]
        assert "observed" in list(figures)[1]
        assert "exactly 51 %" in list(figures)[3]
        found = account(CASES["births"].choices)
        assert decibans(found.posterior) == pytest.approx(403.7, abs=0.05)

    def test_of_coins_and_the_quiz(self):
        """
        Five heads are 15.05 dB, twenty one in a million; the cautious model wins the quiz.
        """
        assert decibans(account(CASES["coins"].choices).posterior) == pytest.approx(
            15.05, abs=5e-3
        )
        assert [figure.value for figure in CASES["coins"].figures] == [
            "5",
            r"$9.54 \cdot 10^{-7}$",
        ]
        quiz = 8 * math.log(0.95 / 0.75) + 2 * math.log(0.05 / 0.25)
        assert account(CASES["quiz"].choices).posterior == pytest.approx(quiz)
        assert [figure.value for figure in CASES["quiz"].figures][2] == "0.0003 nats an image"

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"given_q": "0"}, "rules Q out"),
            ({"given_p": "0"}, "rules P out"),
            ({"prior": "1"}, "The prior was certain of P"),
            ({"prior": "0"}, "The prior was certain of Q"),
            ({"prior": "1", "given_p": "0"}, "Certainty has met certainty"),
            ({"given_p": "4.4 %"}, "tells P from Q not at all"),
            ({"prior": "1e-300", "given_p": "1e-300", "given_q": "1e-310"}, "1.00·10¹⁰ times"),
            ({"prior": "1e-300", "given_q": "0"}, "rules Q out"),
        ],
    )
    def test_says_what_has_happened(self, changes, words):
        """
        Extremes are said in words, and no NaN is.
        """
        found = account(Choices(**changes))

        assert words in found.verdict
        assert "nan" not in str(found).lower()

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"prior": "perhaps"}, "`Prior for P` must be a chance such as"),
            ({"given_p": "-3"}, "`Pr(X|P)` must be a chance such as"),
            ({"given_p": "0", "given_q": "0"}, "`Pr(X|P)` or `Pr(X|Q)` must be above 0"),
            ({"earlier": "a, 1"}, "`Line 1 of the ledger` must be a name, Pr(X|P)"),
            (
                {"earlier": "a, 1, 1/2; b, 1, x"},
                "`Line 2 of the ledger: Pr(X|Q)` must be a chance",
            ),
            ({"earlier": "a, 1, 1/2, 0"}, "`Line 1 of the ledger: times` must be a whole number"),
            ({"earlier": "a, 1, 1;" * 21}, "`Ledger` must have at most 20 lines, got 21"),
        ],
    )
    def test_says_what_cannot_be_read(self, changes, sentence):
        """
        One sentence for each problem, with field, rule and value; and nothing is added up.
        """
        found = account(Choices(**changes))

        assert any(problem.startswith(sentence) for problem in found.problems)
        assert found.posterior is None

    def test_says_when_the_order_counts(self):
        """
        Independent observations add in any order; copies do not.
        """
        alone = Choices(earlier="a, 1/2, 1/4; b, 1/4, 1/2", name="a", given_p="1/2", given_q="1/4")
        assert "same in any order" in account(alone).order
        copied = dataclasses.replace(alone, copies=0.5)
        swapped = changed(copied, lesson.raised(copied, 2))

        assert "the order counts" in account(copied).order
        assert account(swapped).posterior != pytest.approx(account(copied).posterior)
        assert account(Choices()).order is None

    @settings(max_examples=40)
    @given(*[st.floats(0.001, 0.999)] * 3)
    def test_lines_up(self, prior, if_p, if_q):
        """
        The last line ends at the posterior, and what the browser gets has no infinities.
        """
        choices = Choices(
            prior=repr(prior), given_p=repr(if_p), given_q=repr(if_q), earlier="b, 1/3, 1/2, 2"
        )
        found = account(choices)

        assert found.lines[-1].total == found.posterior
        assert found.posterior == pytest.approx(found.prior + found.evidence, abs=1e-12)
        assert len(found.for_browser(choices)["lines"]) == 2

    def test_sends_no_infinity(self):
        """
        JSON has none.
        """
        choices = Choices(given_q="0")
        sent = account(choices).for_browser(choices)

        assert sent["posterior"] == sent["lines"][0]["weight"] == lesson.ENDLESS


class TestChanges:
    def test_once_more_enters_the_observation(self):
        """
        The same again adds its weight again, as one line.
        """
        choices = Choices(prior="1:1", name="heads", given_p="1", given_q="1/2")
        for count in (2, 3, 4):
            choices = changed(choices, lesson.once_more(choices))
            assert account(choices).posterior == pytest.approx(count * math.log(2))
        assert choices.earlier == "heads, 1, 1/2, 3"
        assert lesson.once_more(Choices(prior="1:1", given_p="?")) == {}

    def test_once_more_takes_any_name(self):
        """
        A name may hold what parts the lines of the ledger, or nothing at all.
        """
        for name in ("a, b; c", "", "  "):
            choices = Choices(name=name)
            after = changed(choices, lesson.once_more(lesson.Choices(name=name)))
            assert account(after).problems == ()
            assert account(after).evidence == pytest.approx(2 * account(choices).evidence)
            assert lesson.once_more(after)["earlier"].endswith(", 2")

    def test_once_more_knows_its_limits(self):
        """
        A full ledger, and more repetitions than there are, change nothing.
        """
        full = "; ".join(f"a{i}, 1, 1/2" for i in range(lesson.MOST_LINES))
        assert lesson.once_more(Choices(earlier=full)) == {}
        many = Choices(
            name="a", given_p="1", given_q="1/2", earlier=f"a, 1, 1/2, {lesson.MOST_TIMES}"
        )
        assert lesson.once_more(many) == {}

    def test_lines_are_moved_and_removed(self):
        """
        Moving a line changes nothing of the sum; removing it takes its weight away.
        """
        choices = Choices(earlier="a, 1/2, 1/4; b, 1/4, 1/2, 3", name="c", given_p="1/5")
        before = account(choices)
        for number in (1, 2):
            after = changed(choices, lesson.raised(choices, number))
            assert account(after).posterior == pytest.approx(before.posterior)
            assert [x.label for x in account(after).lines] != [x.label for x in before.lines]
        for number in (0, 1, 2):
            after = account(changed(choices, lesson.removed(choices, number)))
            left = before.posterior - before.lines[number].weight
            assert after.posterior == pytest.approx(left)
        assert lesson.removed(Choices(), 0) == lesson.raised(Choices(), 0) == {}
        assert lesson.removed(choices, 7) == lesson.raised(choices, -1) == {}

    @settings(max_examples=60)
    @given(st.floats(-700, 700), st.sampled_from(["93.8 %", "0", "1", "1e-300", "?"]))
    def test_a_typed_weight_is_the_weight(self, nats, given_p):
        """
        The likelihoods follow, whatever they were.
        """
        choices = Choices(given_p=given_p)
        after = changed(choices, lesson.typed(choices, "weight", notation.written(nats, "nats")))

        assert account(after).weight == pytest.approx(nats, rel=1e-6, abs=1e-6)

    @pytest.mark.parametrize("text", ["inf dB", "-inf dB"])
    @pytest.mark.parametrize("given", ["0", "1"])
    def test_a_typed_weight_may_be_certain(self, text, given):
        """
        Then one of the two rules the observation out.
        """
        choices = Choices(given_p=given, given_q="1")
        after = changed(choices, lesson.typed(choices, "weight", text))

        assert account(after).weight == notation.read(text, "x")

    @settings(max_examples=60)
    @given(st.floats(-700, 700))
    def test_a_typed_posterior_moves_the_prior(self, nats):
        """
        The evidence stays as it is.
        """
        choices = Choices(earlier="b, 1/3, 1/2, 2")
        text = notation.written(nats, "nats")
        after = changed(choices, lesson.typed(choices, "posterior", text))

        assert account(after).posterior == pytest.approx(nats, rel=1e-6, abs=1e-6)
        assert account(after).evidence == account(choices).evidence

    def test_what_cannot_be_is_refused(self):
        """
        Words that are no number, and a posterior that certain evidence has settled.
        """
        with pytest.raises(ValueError, match="`Weight of X` must be a chance such as"):
            lesson.typed(Choices(), "weight", "much")
        with pytest.raises(ValueError, match="`Posterior` must be within reach of the evidence"):
            lesson.typed(Choices(given_q="0"), "posterior", "1/2")

    @pytest.mark.parametrize(
        ("what", "values"),
        [
            ({"prior": 1.0}, {"prior": "4.34294482 dB"}),
            ({"x": 2.04}, {"x": 2.0}),
            ({"p_mean": -99.0}, {"p_mean": -5.0}),
            ({"q_mean": 0.31}, {"q_mean": 0.3}),
            ({"remove": 0}, {}),
            ({"raise": 5}, {}),
            ({"prior": math.inf}, {}),
            ({"prior": math.nan}, {}),
            ({"prior": "7 %"}, {}),
            ({"prior": True}, {}),
            ({"x": 1, "prior": 1}, {}),
            ({"key": 1}, {}),
            (None, {}),
            ([1], {}),
        ],
    )
    def test_a_hand_is_heard(self, what, values):
        """
        What a picture tells sets a control; what is nonsense sets none.
        """
        assert lesson.heard(Choices(), what) == values

    def test_a_hand_moves_the_weight(self):
        """
        As if it had been typed.
        """
        after = changed(Choices(), lesson.heard(Choices(), {"weight": -1.5}))

        assert account(after).weight == pytest.approx(-1.5, rel=1e-6)


class TestAtPoint:
    @pytest.mark.parametrize("p", FAMILIES)
    @pytest.mark.parametrize("q", FAMILIES)
    def test_weighs_the_point(self, p, q):
        """
        Log p/q of the chosen densities at the chosen point.
        """
        choices = Choices(p=p, q=q, x=-0.4)
        found = at_point(choices)
        x = np.array([-0.4])
        log_p = FAMILIES[p](1.0, 1.0).log_density(x)[0]
        log_q = FAMILIES[q](-1.0, 1.5).log_density(x)[0]

        assert found.weight == pytest.approx(float(log_p - log_q))
        assert (found.laws["real"]["family"], found.laws["dream"]["family"]) == (p, q)

    @pytest.mark.parametrize(
        ("changes", "words", "shown"),
        [
            ({"p": "Uniform", "p_scale": 0.5, "x": 5.0}, "Only Q falls here", "−∞ dB"),
            ({"q": "Uniform", "x": 5.0}, "Only P falls here", "+∞ dB"),
            ({"p": "Uniform", "q": "Uniform", "x": 8.0}, "Neither P nor Q", "–"),
            ({"p_mean": -1.0, "p_scale": 1.5}, "equally dense", "0.000 dB"),
            ({}, "P is 3.649 times as dense", "+5.621 dB"),
        ],
    )
    def test_says_what_it_would_mean(self, changes, words, shown):
        """
        Where only one of the two falls, the other is ruled out.
        """
        found = at_point(Choices(**changes))

        assert words in found.verdict
        assert found.shown == shown


class TestProbabilityOfHalf:
    @pytest.mark.parametrize(("heads", "tails"), [(3, 1), (60, 40), (5000, 4500), (1, 0)])
    def test_agrees_with_scipy(self, heads, tails):
        """
        The incomplete beta function, where it does not underflow.
        """
        true = math.log(special.betainc(heads + 1, tails + 1, 0.5))

        assert lesson.probability_of_half(heads, tails) == pytest.approx(true, rel=1e-9)

    def test_wants_more_heads(self):
        """
        Below that the integral does not fall away.
        """
        with pytest.raises(ValueError, match="`heads` must be above `tails`, got 1 and 1"):
            lesson.probability_of_half(1, 1)
