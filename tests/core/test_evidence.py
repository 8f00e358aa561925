"""Catches odds that lose digits, a sum that cares for its order, certainty that turns NaN."""

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import evidence
from core.evidence import Observation, decibans, from_unit, in_unit, ledger

chances = st.floats(0, 1)
odds = st.floats(-2000, 2000) | st.sampled_from([math.inf, -math.inf])
finite_odds = st.floats(-700, 700)


def exact(value):
    """
    A number at 50 digits.
    """
    return mpmath.mpf(value)


class TestUnits:
    @pytest.mark.parametrize(
        ("db", "chance"), [(0, 0.5), (3, 0.666), (5, 0.760), (10, 0.909), (13, 0.952)]
    )
    def test_give_known_chances(self, db, chance):
        """
        The tabled decibans are the tabled probabilities.
        """
        nats = from_unit(float(db), "dB")

        assert evidence.probability(nats) == pytest.approx(chance, abs=5e-4)

    def test_give_known_sizes(self):
        """
        A nat is 4.3429 dB, a bit 3.0103 dB, and twenty to one is 13 dB.
        """
        assert decibans(1.0) == pytest.approx(4.3429, abs=5e-5)
        assert decibans(math.log(2)) == pytest.approx(3.0103, abs=5e-5)
        assert decibans(math.log(20)) == pytest.approx(13.0103, abs=5e-5)

    @given(finite_odds, st.sampled_from(sorted(evidence.UNITS)))
    def test_lead_there_and_back(self, nats, unit):
        """
        A unit changes how evidence is written, not how much there is.
        """
        assert from_unit(in_unit(nats, unit), unit) == pytest.approx(nats, rel=1e-15)


class TestLogOdds:
    @given(chances)
    def test_agree_with_fifty_digits(self, chance):
        """
        Log-odds of any probability are right to 1e-15 of what they are.
        """
        found = evidence.log_odds(chance)
        if chance in (0, 1):
            assert found == (math.inf if chance else -math.inf)
            return
        with mpmath.workdps(50):
            true = mpmath.log(exact(chance) / (1 - exact(chance)))
            assert abs(found - true) <= 4e-16 * abs(true) + 1e-320

    @given(odds)
    def test_lead_back_to_the_probability(self, log_odds):
        """
        The two chances add up to one, and their logarithms are right where they underflow.
        """
        one, other = evidence.probability(log_odds), evidence.probability(-log_odds)

        assert one + other == pytest.approx(1, abs=1e-15)
        log_one = evidence.log_chance(log_odds)
        if math.isinf(log_odds):
            assert (log_one, evidence.log_chance(-log_odds)) in ((0, -math.inf), (-math.inf, 0))
            return
        with mpmath.workdps(50):
            true = -mpmath.log1p(mpmath.exp(-exact(log_odds)))
            assert abs(log_one - true) <= 4e-16 * abs(true) + 1e-320
            assert abs(one - mpmath.exp(true)) <= 1e-15

    @pytest.mark.parametrize("bad", [-1e-9, 1.1, math.nan])
    def test_are_of_probabilities_only(self, bad):
        """
        The message names the value.
        """
        with pytest.raises(ValueError, match=r"`chance` must be from 0 to 1, got"):
            evidence.log_odds(bad)


class TestPosterior:
    def test_of_the_antibody_test(self):
        """
        A positive lifts seven in a hundred to 61.6 %, a negative lowers it to 0.49 %.
        """
        prior = evidence.log_odds(0.07)
        positive = evidence.weight_of_evidence(math.log(0.938), math.log(0.044))
        negative = evidence.weight_of_evidence(math.log(0.062), math.log(0.956))

        after = evidence.posterior_log_odds(prior, positive)
        assert decibans(prior) == pytest.approx(-11.234, abs=5e-4)
        assert decibans(positive) == pytest.approx(13.288, abs=5e-4)
        assert decibans(after) == pytest.approx(2.054, abs=5e-4)
        assert evidence.probability(after) == pytest.approx(0.616, abs=5e-4)
        assert decibans(negative) == pytest.approx(-11.88, abs=5e-3)
        after = evidence.probability(evidence.posterior_log_odds(prior, negative))
        assert after == pytest.approx(0.0049, abs=5e-5)

    @given(chances, chances, chances)
    def test_agrees_with_bayes(self, prior, if_p, if_q):
        """
        The sum of log-odds is the quotient of probabilities, where that can be formed.
        """
        above, below = prior * if_p, (1 - prior) * if_q
        if min(above, below) < 1e-290:
            return
        weight = evidence.weight_of_evidence(math.log(if_p), math.log(if_q))

        found = evidence.posterior_log_odds(evidence.log_odds(prior), weight)

        assert evidence.probability(found) == pytest.approx(above / (above + below), rel=1e-12)

    @given(finite_odds, st.lists(finite_odds, max_size=6), st.randoms())
    def test_does_not_care_for_the_order(self, prior, weights, random):
        """
        Independent observations add up to the same, to the last digit.
        """
        shuffled = random.sample(weights, len(weights))

        one, other = (evidence.posterior_log_odds(prior, *w) for w in (weights, shuffled))
        assert one == other

    def test_keeps_what_is_certain(self):
        """
        Nothing moves certainty, and certainty against certainty is refused.
        """
        assert evidence.posterior_log_odds(math.inf, -1e300) == math.inf
        assert evidence.posterior_log_odds(5.0, -math.inf) == -math.inf
        with pytest.raises(ValueError, match="must not rule out"):
            evidence.posterior_log_odds(math.inf, -math.inf)

    def test_is_never_moved_by_what_both_rule_out(self):
        """
        An impossible observation is no evidence, it is a mistake.
        """
        with pytest.raises(ValueError, match="both rule out"):
            evidence.weight_of_evidence(-math.inf, -math.inf)
        with pytest.raises(ValueError, match="both rule out"):
            Observation(name="x", if_p=-math.inf, if_q=-math.inf)


@st.composite
def observations(draw):
    """
    Some observations of three names, with what the hypotheses say of each.
    """
    known = {name: (draw(st.floats(-5, 5)), draw(st.floats(-5, 5))) for name in "abc"}
    names = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    return [
        Observation(
            name=name, if_p=known[name][0], if_q=known[name][1], times=draw(st.integers(1, 4))
        )
        for name in names
    ]


class TestLedger:
    def test_of_coins(self):
        """
        A head adds 3.01 dB to the double-headed coin, five pass 20:1, and one tails ends it.
        """
        heads = Observation(name="heads", if_p=math.inf, if_q=0.0, times=5)
        tails = Observation(name="tails", if_p=-math.inf, if_q=0.0)

        five, ended = ledger(0.0, [heads, tails])

        assert decibans(heads.weight()) == pytest.approx(3.0103, abs=5e-5)
        assert decibans(five.total) == pytest.approx(15.05, abs=5e-3)
        assert ended.total == -math.inf

    def test_of_laplace(self):
        """
        His births add up to 403.7 dB for 51 % against even.
        """
        births = [
            Observation(name=n, if_p=evidence.log_odds(p), if_q=0.0, times=k)
            for n, p, k in (("boys", 0.51, 251_527), ("girls", 0.49, 241_945))
        ]

        assert decibans(ledger(0.0, births)[-1].total) == pytest.approx(403.7, abs=0.05)

    @settings(max_examples=30)
    @given(finite_odds, observations())
    def test_comes_to_the_same_in_any_order(self, prior, seen):
        """
        The last line is the same for every order of independent observations.
        """
        totals = [ledger(prior, order)[-1].total for order in itertools.permutations(seen)]

        assert max(totals) - min(totals) <= 1e-12 * (abs(prior) + 100)

    @given(observations(), st.floats(0, 0.99))
    def test_agrees_with_the_chain(self, seen, copies):
        """
        With copies the total is the log-ratio of the whole sequence under the chain of each.
        """
        names = [one.name for one in seen for _ in range(one.times)]

        def log_likelihood(chance_of):
            total, before = 0.0, None
            for name in names:
                fresh = chance_of[name]
                again = copies * (name == before) + (1 - copies) * fresh
                # that it is no copy, both hypotheses say alike
                total += math.log(fresh if before is None else again)
                before = name
            return total

        if_p = {one.name: evidence.probability(one.if_p) for one in seen}
        if_q = {one.name: evidence.probability(one.if_q) for one in seen}
        true = log_likelihood(if_p) - log_likelihood(if_q)

        assert ledger(0.0, seen, copies=copies)[-1].total == pytest.approx(true, abs=1e-11)

    def test_gives_copies_less_weight(self):
        """
        The more likely a repetition is a copy, the less it adds: from all down to nothing.
        """
        positive = Observation(
            name="positive", if_p=evidence.log_odds(0.938), if_q=evidence.log_odds(0.044), times=2
        )
        totals = [ledger(0.0, [positive], copies=c)[-1].total for c in (0.0, 0.3, 0.9, 1 - 1e-12)]

        assert totals == sorted(totals, reverse=True)
        assert totals[0] == pytest.approx(2 * positive.weight())
        assert totals[-1] == pytest.approx(positive.weight())

    def test_says_where_certainty_meets_certainty(self):
        """
        From there on there is no total.
        """
        rules_out = [
            Observation(name="x", if_p=0.0, if_q=-math.inf),
            Observation(name="y", if_p=-math.inf, if_q=0.0),
        ]

        assert [entry.total for entry in ledger(0.0, rules_out)] == [math.inf, None]

    @pytest.mark.parametrize("copies", [1.0, -0.1, math.nan])
    def test_wants_a_chance_below_one(self, copies):
        """
        Sure copies have no order to come in.
        """
        with pytest.raises(ValueError, match="`copies` must be from 0 to below 1"):
            ledger(0.0, [], copies=copies)


class TestWeights:
    def test_are_log_ratios(self):
        """
        Point by point, and NaN where neither falls.
        """
        log_p, log_q = np.log([0.5, 0.25]), np.log([0.25, 0.5])

        np.testing.assert_allclose(evidence.weights(log_p, log_q), np.log([2, 0.5]))
        nowhere = np.array([-np.inf])
        assert np.isnan(evidence.weights(nowhere, nowhere)).all()
