"""Mirrors `core/lessons/kl_*.py`: every view computes what it shows, and says what it cannot."""

import json
import math
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from core import divergence
from core.densities import Normal, kl_divergence
from core.lessons import kl_choices
from core.lessons import kl_divergence as lesson
from core.lessons.kl_divergence import CASES, Choices, show
from core.lessons.weight_of_evidence import ENDLESS


def cells(shown):
    return {row[0]: row[1:] for row in shown.table.rows}


def headlines(shown):
    return {number["label"]: number["text"] for number in shown.data["numbers"]}


class TestEveryView:
    @pytest.mark.parametrize("name", CASES)
    def test_has_ready_cases(self, name):
        """
        Each is drawn without a problem, in numbers that JSON can hold, and with words.
        """
        shown = show(CASES[name].choices)

        assert shown.problems == ()
        assert "nan" not in json.dumps(shown.data, allow_nan=False).lower()
        assert shown.verdict
        assert shown.data.get("alt") or shown.data["kind"] == "densities"

    def test_has_a_link_of_its_own(self):
        """
        No two cases of a view are the same, and every view has some.
        """
        for view in lesson.VIEWS:
            found = [case.choices for case in lesson.cases(view).values()]
            assert len(found) == len(set(found)) >= 2

    @pytest.mark.parametrize("view", lesson.VIEWS)
    @pytest.mark.parametrize("unit", lesson.UNITS)
    def test_answers_in_every_unit(self, view, unit):
        """
        The unit of the page, but for code lengths, which are in bits.
        """
        shown = show(Choices(view=view, unit=unit, flips=3))
        written = "bits" if view == "Codes" else lesson.UNITS[unit]

        said = " ".join(headlines(shown).values()) + shown.verdict
        assert view == "Race" or written in said


class TestIntegrand:
    @pytest.mark.parametrize(
        ("name", "nats"),
        [("moved", "0.5000"), ("narrow", "0.3181"), ("wide", "0.8069"), ("needle", "3.8076")],
    )
    def test_of_gaussians_against_the_standard_one(self, name, nats):
        """
        The four numbers that the lecture's sources give.
        """
        shown = show(CASES[name].choices)

        assert headlines(shown)["KL[P; Q]"] == f"{nats} nats"
        assert cells(shown)["KL[P; Q]"][:2] == (f"**{nats} nats**", "closed form")

    @pytest.mark.parametrize("name", ["moved", "wide", "bumps"])
    def test_agrees_with_its_draws(self, name):
        """
        The mean over draws is within six of the standard errors that stand beside it.
        """
        shown = show(CASES[name].choices)
        for row, exact in zip(shown.table.rows, shown.data["exact"], strict=True):
            value, error = (float(text) for text in row[3].removesuffix(" nats").split(" ± "))
            assert abs(value - exact) < 6 * error

    def test_names_the_place_that_makes_it_infinite(self):
        """
        Both sides of it, in words; or the tails.
        """
        shown = show(CASES["support"].choices)
        assert headlines(shown)["KL[P; Q]"] == "infinite"
        assert (
            "KL[P; Q] is **infinite**: P may fall below x = −2 and above x = 2, where Q never does"
            in shown.verdict
        )
        assert shown.data["exact"][0] == ENDLESS
        assert "a draw that is impossible" in cells(shown)["KL[P; Q]"]

        tails = show(CASES["tails"].choices)
        assert "the tails of P are too heavy for those of Q" in tails.verdict
        assert "finite, and misleading" in cells(tails)["KL[P; Q]"]

    def test_says_where_one_uniform_leaves_another(self):
        """
        A place between two numbers.
        """
        law = Choices(p="Uniform", p_mean=0.0, p_scale=2.0, q="Uniform", q_mean=0.5, q_scale=2.0)

        assert "P may fall between x = −2 and −1.5" in show(law).verdict

    def test_knows_no_error_where_there_is_none(self):
        """
        A weight without a variance has draws, and no standard error to trust.
        """
        shown = show(Choices(p="Student, 3 degrees", p_mean=0.0))

        assert cells(shown)["KL[P; Q]"][2].endswith("no known error")

    def test_of_equals_is_zero(self):
        """
        In words as well.
        """
        shown = show(Choices(p_mean=0.0, q_mean=0.0, q_scale=1.0))

        assert headlines(shown) == {"KL[P; Q]": "0 nats", "KL[Q; P]": "0 nats"}
        assert "no sample is evidence" in shown.verdict

    @settings(max_examples=25, deadline=None)
    @given(
        st.sampled_from(list(lesson.FAMILIES)),
        st.sampled_from(list(lesson.FAMILIES)),
        st.sampled_from(lesson.MEANS),
        st.sampled_from(lesson.SCALES),
    )
    def test_is_never_negative(self, p, q, mean, scale):
        """
        Nor is either direction ever not a number, whatever the two densities are.
        """
        shown = show(Choices(p=p, q=q, p_mean=mean, p_scale=scale))

        assert min(shown.data["exact"]) >= 0


class TestSamples:
    def test_climb_by_kl(self):
        """
        The mean total is at the line of slope KL, to a few standard errors; some runs mislead.
        """
        shown = show(CASES["close"].choices)
        data = shown.data

        assert data["mean"] == pytest.approx(0.03125)
        assert np.median(data["bands"][2]) == pytest.approx(100 * 0.03125, abs=0.3)
        low, high = (data["bands"][k][-1] for k in (0, 4))
        spread = 0.25 * math.sqrt(200) * stats.norm.ppf(0.95)
        assert (low, high) == pytest.approx((6.25 - spread, 6.25 + spread), abs=0.5)
        assert "Single runs may mislead" in shown.verdict

    def test_fall_where_q_is_true(self):
        """
        The mean slope is -KL[q; p], and the bands still rise from the lowest to the highest.
        """
        data = show(CASES["dream"].choices).data

        assert data["mean"] == pytest.approx(-0.03125)
        assert (np.diff(np.array(data["bands"]), axis=0) >= 0).all()
        assert data["role"] == "dream"

    def test_repeat_with_the_draw(self):
        """
        The same number gives the same samples, another one others.
        """
        choices = CASES["close"].choices

        assert show(choices) == show(choices)
        assert show(replace(choices, draw=1)).data["runs"] != show(choices).data["runs"]

    def test_say_what_is_infinite(self):
        """
        A share of the runs is ruled out, or none shows that the mean is infinite.
        """
        assert "nothing undoes that" in show(CASES["ruled_out"].choices).verdict
        assert show(CASES["ruled_out"].choices).data["mean"] is None
        assert "no slope to settle to" in show(CASES["outliers"].choices).verdict

    def test_are_as_many_as_asked(self):
        """
        A press draws 10,000 runs of 1,000, whose mean is nearer to the line.
        """
        shown = show(CASES["close"].choices, lesson.LARGE)

        assert shown.data["samples"][-1] == 1000
        assert "10,000 runs of 1,000 samples" in shown.verdict
        mean = 1000 * 0.03125
        assert shown.data["bands"][2][-1] == pytest.approx(mean, abs=6 * 0.25 * 0.4)

    def test_answer_at_once(self):
        """
        2,000 runs of 200 take less than a tenth of a second of the processor, and the larger draw,
        of 25 times as many samples, no more than a hundred times as long, whatever else runs.
        """
        choices = Choices(view="Samples", p=lesson.MIXTURE, q=lesson.MIXTURE)
        seconds = []
        for _ in range(5):
            start = time.process_time()
            show(choices)
            seconds.append(time.process_time() - start)
        assert min(seconds) < 0.1

        start = time.process_time()
        show(choices, lesson.LARGE)
        assert time.process_time() - start < 100 * min(seconds)


class TestRace:
    def test_takes_longer_than_threshold_over_kl(self):
        """
        By the overshoot, and by no more than a mean overshoot could be.
        """
        shown = show(CASES["race"].choices)
        mean, ideal = shown.data["mean"], shown.data["ideal"]

        assert ideal == pytest.approx(math.log(20) / 0.125)
        assert ideal < mean < ideal + 5
        assert sum(shown.data["counts"]) == pytest.approx(2000, rel=0.01)

    def test_is_near_wald_s_law(self):
        """
        Its counts are those of the inverse Gaussian, but for the overshoot.
        """
        shown = show(CASES["race"].choices)
        edges, expected = shown.data["edges"], shown.data["expected"]
        goal, kl, variance = math.log(20), 0.125, 0.25
        law = stats.invgauss(mu=goal / kl / (goal**2 / variance), scale=goal**2 / variance)

        np.testing.assert_allclose(expected, 2000 * np.diff(law.cdf(edges)), atol=1e-6)
        assert np.abs(np.array(shown.data["counts"]) - expected)[8:].max() < 6 * math.sqrt(150)

    def test_with_two_thresholds_may_be_lost(self):
        """
        Seldom, and less often than without overshoot.
        """
        rows = cells(show(CASES["either"].choices))

        wrong = float(rows["Ended for the wrong one"][0].removesuffix("%")) / 100
        bound = float(rows["The same by Wald, without overshoot"][0].removesuffix("%")) / 100
        assert 0 < wrong < bound == pytest.approx(1 / (1 + math.exp(1.3 * math.log(10))), abs=1e-4)

    def test_of_laplace_s_births_is_not_over(self):
        """
        14,966 births are expected for 13 dB, and no run of 200 comes so far.
        """
        shown = show(CASES["slow"].choices)

        assert headlines(shown)["threshold / KL[P; Q]"] == "14,966 samples"
        assert "none of the runs" in shown.verdict
        assert shown.data["mean"] is None

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"p_mean": 0.0, "q_mean": 0.0, "q_scale": 1.0}, "no run ever comes"),
            ({"of": "Coins"}, "is **infinite**: one sample that Q forbids ends a race at once"),
            ({"p": "Student, 1 degree"}, "is **infinite**: no sample rules Q out"),
            ({"of": "Coins", "source": "Q"}, "Every sample weighs the same, so all runs end"),
        ],
    )
    def test_says_extremes_in_words(self, changes, words):
        """
        No divergence, or an infinite one.
        """
        shown = show(Choices(view="Race", **changes))

        assert words in shown.verdict
        json.dumps(shown.data, allow_nan=False)

    @pytest.mark.parametrize("text", ["0 dB", "-3 dB", "inf dB", "soon", "1"])
    def test_wants_a_threshold(self, text):
        """
        A sentence with field, rule and value.
        """
        (problem,) = show(Choices(view="Race", threshold=text)).problems

        assert problem.startswith("`Threshold` must be")
        assert repr(text) in problem


class TestCoins:
    def test_of_two_heads_more_are_a_bit_each(self):
        """
        3.0103 dB a head against a fair coin; five heads are 15.05 dB and pass 20:1.
        """
        shown = show(CASES["heads"].choices)

        assert headlines(shown)["heads"] == "−3.0103 dB"
        assert headlines(shown)["evidence for P"] == "−15.051 dB"
        assert cells(shown)["KL[Q; P]"] == ("**3.0103 dB**", "5")
        assert cells(shown)["KL[P; Q]"] == ("**infinite**", "until the first tails")

    def test_the_first_tails_ends_it(self):
        """
        Three heads speak for the wrong coin, and the fourth toss rules it out for good.
        """
        before = CASES["first_tails"].choices
        shown = show(before)
        assert headlines(shown)["evidence for P"] == "−3.000 bits"

        after = replace(before, **lesson.flipped(before, 1))
        assert "**Q is ruled out**, for good" in show(after).verdict
        later = replace(before, **lesson.flipped(before, 500))
        assert later.flips == lesson.MOST_FLIPS
        assert show(later).data["totals"][-1] == ENDLESS

    def test_of_laplace_s_births(self):
        """
        The expected weight, 8.69e-4 dB a birth, and how many births come to 13 dB.
        """
        rows = cells(show(CASES["births"].choices))

        assert rows["KL[P; Q]"] == ("**8.69·10⁻⁴ dB**", "14,966")

    def test_show_the_same_side_again(self):
        """
        One more flip adds one and changes none of those before.
        """
        ten, eleven = (show(Choices(view="Coins", flips=n)).data["heads"] for n in (10, 11))

        assert eleven[:10] == ten

    @pytest.mark.parametrize(
        ("heads_p", "heads_q"), [("0", "0"), ("1", "1"), ("0", "1"), ("1", "0"), ("1e-300", "1")]
    )
    def test_may_be_extreme(self, heads_p, heads_q):
        """
        Nothing is not a number.
        """
        shown = show(Choices(view="Coins", heads_p=heads_p, heads_q=heads_q, flips=5))

        assert "nan" not in json.dumps(shown.data, allow_nan=False).lower()
        assert "nan" not in str(shown.table).lower()

    @pytest.mark.parametrize(
        ("heads_q", "nats"),
        [
            ("1e-300", (300 * math.log(10) - 2 * math.log(2)) / 2),
            ("1 - 1e-20", (20 * math.log(10) - 2 * math.log(2)) / 2),
        ],
    )
    def test_tell_a_small_chance_from_none(self, heads_q, nats):
        """
        What was typed as possible is never called impossible.
        """
        shown = show(Choices(view="Coins", heads_q=heads_q))

        assert cells(shown)["KL[P; Q]"][0] == f"**{nats:.4f} nats**"
        assert "infinite" not in shown.verdict

    def test_say_for_whom_each_side_speaks(self):
        """
        A fair coin against a double-headed one: heads are a bit for the cheat, tails end it.
        """
        shown = show(Choices(view="Coins"))

        assert "Heads: 1.0000 bits (3.0103 dB) for Q." in shown.verdict
        assert "Tails:" not in shown.verdict

    def test_want_chances(self):
        """
        A sentence with the world that it is about.
        """
        (problem,) = show(Choices(view="Coins", heads_q="two")).problems

        assert problem.startswith("`Heads for Q` must be a chance")


class TestFits:
    @pytest.mark.parametrize("name", lesson.cases("Two fits"))
    def test_none_of_your_own_is_better(self, name):
        """
        The fit that covers has the lowest KL[P; Q], the one that seeks the lowest KL[Q; P].
        """
        choices = CASES[name].choices
        best = show(choices)
        covering, seeking = (float(best.table.rows[k][3 + k].split()[0]) for k in (0, 1))
        for mean in (-3.0, -1.0, 0.0, 1.5, 3.0):
            for scale in (0.5, 1.0, 2.0, 3.0):
                forward, reverse = show(replace(choices, own_mean=mean, own_scale=scale)).data[
                    "exact"
                ]
                assert forward >= covering - 1e-4
                assert reverse >= seeking - 1e-4

    def test_says_when_it_is_one(self):
        """
        A mixture of equal parts is a Gaussian, and bumps that touch are covered by both fits.
        """
        assert "is one Gaussian" in show(Choices(view="Two fits", apart=0.0)).verdict
        assert "both fits lie over both" in show(CASES["merge"].choices).verdict
        assert "another valley" in show(CASES["cover"].choices).verdict


class TestFamilies:
    @pytest.mark.parametrize("family", lesson.KINDS)
    def test_agree_with_their_draws(self, family):
        """
        Formula and sampling are within six standard errors, in both directions.
        """
        choices = Choices(view="Families", family=family, heads_q="1/4")
        for _, formula, drawn in show(choices).table.rows:
            value, error = (float(text) for text in drawn.removesuffix(" nats").split(" ± "))
            assert abs(value - float(formula.strip("* nats"))) < 6 * error + 1e-4

    @pytest.mark.parametrize("family", ["Table", "Poisson", "Coin"])
    def test_terms_add_up(self, family):
        """
        The bars of a strip come to its divergence.
        """
        shown = show(Choices(view="Families", family=family, heads_q="1/4"))
        sums = [math.fsum(terms) for terms in shown.data["terms"]]
        texts = headlines(shown)

        for total, name in zip(sums, ("KL[P; Q]", "KL[Q; P]"), strict=True):
            assert total == pytest.approx(float(texts[name].split()[0]), abs=2e-3)

    def test_are_scipy_s(self):
        """
        Tables by relative entropy, Beta by its closed form.
        """
        choices = Choices(view="Families", table_p="0.7, 0.2, 0.1", table_q="0.1, 0.3, 0.6")
        true = special.rel_entr([0.7, 0.2, 0.1], [0.1, 0.3, 0.6]).sum()
        assert headlines(show(choices))["KL[P; Q]"] == f"{true:.4f} nats"

        beta = show(CASES["tosses"].choices)
        (a, b), (c, d) = (2, 5), (4, 3)
        true = (
            special.betaln(c, d)
            - special.betaln(a, b)
            + (a - c) * special.digamma(a)
            + (b - d) * special.digamma(b)
            + (c - a + d - b) * special.digamma(a + b)
        )
        assert headlines(beta)["KL[P; Q]"] == f"{true:.4f} nats"

    def test_say_which_outcome_makes_it_infinite(self):
        """
        The outcome, the side, or the count.
        """
        table = Choices(view="Families", table_p="1/2, 1/4, 1/4", table_q="1/2, 1/2, 0")
        assert "outcome 3 can happen under P and never under Q" in show(table).verdict
        coin = Choices(view="Families", family="Coin")
        assert "P can show tails, Q never does" in show(coin).verdict
        count = Choices(view="Families", family="Poisson", poisson_q=0.0)
        assert "a count above 0 can happen under P" in show(count).verdict

    @pytest.mark.parametrize("size", [1, 2, 8])
    def test_have_gaussians_of_any_dimension(self, size):
        """
        Up to eight, with a full covariance.
        """
        rng = np.random.default_rng(size)
        root = rng.standard_normal((size, size)).round(1) + 2 * np.eye(size)
        covariance = (root @ root.T).round(3)
        typed = "; ".join(", ".join(str(x) for x in row) for row in covariance.tolist())
        plain = "; ".join(", ".join(str(x) for x in row) for row in np.eye(size).tolist())
        zeros = ", ".join(["0"] * size)
        shown = show(
            Choices(
                view="Families",
                family="Gaussian, any dimension",
                mean_p=zeros,
                mean_q=zeros,
                cov_p=typed,
                cov_q=plain,
            )
        )
        sign, log_det = np.linalg.slogdet(covariance)
        true = 0.5 * (np.trace(covariance) - size - log_det)

        assert sign > 0
        assert float(headlines(shown)["KL[P; Q]"].split()[0].replace(",", "")) == pytest.approx(
            true, abs=1e-4
        )

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"mean_q": "0"}, "`Mean of Q` must have as many numbers as that of P, 2, got 1"),
            ({"mean_p": "a, b"}, "`Mean of P` must be numbers of at most a million, got 'a'"),
            ({"mean_p": "1e9, 0"}, "`Mean of P` must be numbers of at most a million"),
            ({"mean_p": ",".join("0" * 9)}, "`Mean of P` must be 1 to 8 numbers"),
            ({"cov_p": "1, 0"}, "`Covariance of P` must have 2 rows of 2 numbers"),
            ({"cov_q": "1, 0.5; 0, 1"}, "`Covariance of Q` must be symmetric, got 0.5 in row 1"),
            ({"cov_q": "1, 2; 2, 1"}, "`Covariance of Q` must be positive definite"),
            ({"cov_q": "1, nan; nan, 1"}, "`Covariance of Q` must be numbers"),
        ],
    )
    def test_say_what_is_no_gaussian(self, changes, sentence):
        """
        Field, rule and value.
        """
        choices = Choices(view="Families", family="Gaussian, any dimension", **changes)
        (problem,) = show(choices).problems

        assert problem.startswith(sentence)


class TestUnits:
    def test_move_the_entropy_alone(self):
        """
        By the logarithm of the factor, while KL is the same in every unit to the last digit.
        """
        rows = cells(show(Choices(view="Units")))
        entropies = [float(rows[name][0].strip("*").replace("−", "-").split()[0]) for name in rows]

        assert entropies[0] - entropies[1] == pytest.approx(math.log(30.48), abs=1e-4)
        assert entropies[0] - entropies[2] == pytest.approx(math.log(100), abs=1e-4)
        assert len({row[2].strip("*") for row in rows.values()}) == 1
        exact = kl_divergence(Normal(178.0, 7.0), Normal(165.0, 6.5)).value
        assert rows["Metres"][2] == f"{exact:.4f} nats"

    def test_says_that_an_entropy_may_be_negative(self):
        """
        As it is in metres.
        """
        assert "below zero" in show(CASES["metres"].choices).verdict


class TestCodes:
    def test_of_the_lecture_s_example(self):
        """
        1.75 bits needed, 2 spent, 0.25 too many; and the reverse is 0.25 too.
        """
        shown = show(CASES["codes"].choices)

        assert list(headlines(shown).values()) == ["1.75 bits", "0.25 bits", "2 bits"]
        assert "it is 0.25 bits" in shown.verdict

    def test_without_a_word_are_infinite(self):
        """
        In words, with the outcome.
        """
        shown = show(CASES["no_word"].choices)

        assert "gives outcome 4 no code word at all" in shown.verdict
        assert headlines(shown)["+ KL[P; Q]"] == "infinite"

    @settings(max_examples=40)
    @given(st.lists(st.integers(1, 50), min_size=2, max_size=6), st.data())
    def test_add_up(self, weights, data):
        """
        Entropy and excess are the cross-entropy, and no code is better than P's own.
        """
        others = data.draw(
            st.lists(st.integers(1, 50), min_size=len(weights), max_size=len(weights))
        )
        p, q = (np.array(row) / sum(row) for row in (weights, others))
        code = divergence.code_lengths(p, q)

        assert code.needed + code.excess == pytest.approx(code.spent, abs=1e-12)
        typed = [", ".join(f"{w}/{sum(row)}" for w in row) for row in (weights, others)]
        shown = show(Choices(view="Codes", table_p=typed[0], table_q=typed[1]))
        assert shown.problems == ()

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"table_p": "1/2, 1/4"}, "`Table of P` must sum to 1, got 0.75"),
            ({"table_p": "1"}, "`Table of P` must be 2 to 12 chances with commas"),
            ({"table_p": ", ".join(["1/13"] * 13)}, "`Table of P` must be 2 to 12 chances"),
            ({"table_q": "1/2, 1/2"}, "`Table of Q` must have as many outcomes as that of P, 4"),
            ({"table_q": "1/2, x, 1/4, 1/4"}, "`Table of Q` must be a chance such as"),
        ],
    )
    def test_say_what_is_no_table(self, changes, sentence):
        """
        Field, rule and value.
        """
        (problem,) = show(Choices(view="Codes", **changes)).problems

        assert problem.startswith(sentence)


class TestHeard:
    def test_takes_the_nearest_mark(self):
        """
        What a hand leaves is a value that the control knows.
        """
        assert lesson.heard({"p_mean": 1.234}) == {"p_mean": 1.25}
        assert lesson.heard({"own_scale": 99}) == {"own_scale": 4.0}

    @pytest.mark.parametrize(
        "what", [None, {}, {"p": 1.0}, {"p_mean": math.nan}, {"p_mean": True}, {"p_mean": "1"}]
    )
    def test_does_not_listen_to_nonsense(self, what):
        """
        Nothing is set.
        """
        assert lesson.heard(what) == {}


def test_typed_numbers_may_have_a_true_minus():
    """
    As the page itself writes them.
    """
    assert kl_choices.vector("−1, 2", "Mean of P").tolist() == [-1.0, 2.0]
