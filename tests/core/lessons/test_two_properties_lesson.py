"""Mirrors `core/lessons/two_properties.py`: no gap below zero, and no evidence won by seeing less.

The bugs these tests catch: a sum of gaps that is not the divergence, parts that do not add up, a
merging or a channel that wins, a simulation that breaks its bound, a hand whose nonsense is heard.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from core.lessons import two_properties as lesson
from core.lessons.two_properties import CASES, MIXES, VIEWS, Choices, heard, joint_of, show


def texts(shown):
    return [number["text"] for number in shown.data["numbers"]]


def typed(table):
    return ", ".join(repr(float(chance)) for chance in table)


@st.composite
def tables(draw):
    """
    Two tables of one length, some of whose chances may be zero.
    """
    count = draw(st.integers(2, 12))
    rows = []
    for _ in range(2):
        row = np.array(draw(st.lists(st.integers(0, 20), min_size=count, max_size=count)), float)
        row[draw(st.integers(0, count - 1))] += 1
        rows.append(row / row.sum())
    return rows


class TestCases:
    def test_each_view_has_some(self):
        """
        Three to six, as every page offers.
        """
        counts = [len(lesson.cases(view)) for view in VIEWS]

        assert sum(counts) == len(CASES)
        assert min(counts) >= 3
        assert max(counts) <= 6

    @pytest.mark.parametrize("name", CASES)
    @pytest.mark.parametrize("unit", lesson.UNITS)
    def test_show_without_a_complaint(self, name, unit):
        """
        Each has a picture that JSON can hold, numbers with their unit, and something to say.
        """
        choices = Choices(**(CASES[name].choices.values() | {"unit": unit}))
        shown = show(choices)

        assert shown.problems == ()
        assert shown.verdict
        assert "nan" not in repr(shown.data)
        assert "inf," not in repr(shown.data)
        for text in texts(shown):
            assert text == "infinite" or text.endswith((lesson.UNITS[unit], "%"))


class TestNeverNegative:
    @given(tables())
    def test_the_gaps_sum_up_to_the_divergence(self, pair):
        """
        None of them is below zero, and SciPy's sum is theirs.
        """
        p, q = pair
        gaps = lesson._gaps(p, q)

        assert (gaps >= 0).all()
        np.testing.assert_allclose(gaps.sum(), rel_entr(p, q).sum(), rtol=1e-10, atol=1e-15)

    def test_says_where_it_is_infinite(self):
        """
        The outcome that Q rules out is named.
        """
        shown = show(CASES["never"].choices)

        assert texts(shown) == ["infinite"]
        assert "outcome 4 can happen under P and never under Q" in shown.verdict

    @pytest.mark.parametrize(
        ("choices", "sentence"),
        [
            (Choices(p="0.5, 0.4"), "`P` must sum to 1, got 0.9."),
            (Choices(p="0.5, 0.5"), "`P` and `Q` must have the same outcomes, got 2 and 4"),
            (Choices(q="none"), "`Q` must be 2 to 12 chances"),
        ],
    )
    def test_refuses_what_is_no_table(self, choices, sentence):
        """
        In a sentence that names the field, the rule and the value.
        """
        shown = show(choices)

        assert shown.data is None
        assert sentence in shown.problems[0]


class TestSurface:
    @pytest.mark.parametrize(
        ("name", "nats"),
        [("unit", "0.5000"), ("narrow", "0.3181"), ("same", "0"), ("fair", "0.5108")],
    )
    def test_reads_the_known_divergences(self, name, nats):
        """
        Of Gaussians to N(0, 1), as the lecture has them; a coin against itself has none.
        """
        assert texts(show(CASES[name].choices)) == [f"{nats} nats"]

    @pytest.mark.parametrize("surface", lesson.SURFACES)
    def test_rises_from_where_both_are_the_same(self, surface):
        """
        It is zero there and nowhere else.
        """
        plane = lesson._PLANES[surface]
        x, y = (marks[:: max(1, len(marks) // 25)] for marks in plane.marks)
        for a in x:
            for b in y:
                is_same = (a, b) == (0.0, 1.0) if surface == lesson.SURFACES[1] else a == b
                assert (plane.kl(a, b) == 0) == is_same


class TestMisled:
    @pytest.mark.parametrize("world", lesson.WORLDS)
    @pytest.mark.parametrize("samples", lesson.SAMPLES)
    @pytest.mark.parametrize("shift", [0.1, 0.5, 2.0])
    def test_stays_under_the_bound(self, world, samples, shift):
        """
        At the end and at any time before, within four binomial standard errors.
        """
        choices = Choices(view="Misled runs", world=world, samples=samples, shift=shift)
        data = show(choices).data
        bound = np.array(data["bound"])
        room = 4 * np.sqrt(bound * (1 - bound) / lesson.RUNS)

        assert (np.array(data["last"]) <= np.array(data["ever"])).all()
        assert (np.array(data["ever"]) <= bound + room).all()
        np.testing.assert_allclose(bound, np.exp(-np.array(data["levels"])))

    @pytest.mark.parametrize(
        "equal", [{"shift": 0.0}, {"world": "Coins", "heads_p": "60 %", "heads_q": "60 %"}]
    )
    def test_equal_worlds_are_not_told_apart(self, equal):
        """
        No run speaks for either, and the words do not claim it.
        """
        shown = show(Choices(view="Misled runs", **equal))

        assert "P is Q: no sample tells them apart" in shown.verdict
        assert max(shown.data["ever"][1:]) == 0

    def test_repeats_and_draws_anew(self):
        """
        The same draw gives the same runs, the next one others.
        """
        first, again, other = (
            show(Choices(view="Misled runs", draw=draw)).data["ever"] for draw in (0, 0, 1)
        )

        assert first == again != other


class TestSplit:
    def test_reads_the_lectures_tables(self):
        """
        The marginal may see nothing of what the joint sees, and the joint may be small.
        """
        hidden, close = (show(CASES[name].choices) for name in ("hidden", "close"))

        assert texts(hidden) == ["1.7578 nats", "0 nats", "1.7578 nats"]
        assert texts(close)[:2] == ["0.0127 nats", "0.0114 nats"]

    @given(tables(), st.integers(0, 2**30), st.floats(0, 1))
    def test_adds_up_and_wins_nothing(self, pair, seed, noise):
        """
        Whatever is merged, and however noisy the channel.
        """
        p, q = pair
        groups = np.random.default_rng(seed).integers(0, len(p), len(p))
        choices = Choices(
            view="Merged", p=typed(p), q=typed(q), groups=", ".join(map(str, groups)), noise=noise
        )
        for view in ("Merged", "Noise"):
            shown = show(Choices(**(choices.values() | {"view": view})))
            assert shown.problems == ()
            before, after, lost = shown.data["values"]
            assert after <= before * (1 + 1e-12) + 1e-15
            assert lost >= 0
            if before < 1e299:
                assert after + lost == pytest.approx(before, rel=1e-9, abs=1e-12)

    @pytest.mark.parametrize("seen", lesson.SEEN)
    def test_tables_add_up_either_way(self, seen, rng):
        """
        Whichever of the two is seen first, the sum is the joint's divergence.
        """
        for _ in range(20):
            p, q = (table / table.sum() for table in rng.random((2, 3, 4)))
            rows = ["; ".join(typed(row) for row in table) for table in (p, q)]
            data = show(
                Choices(view="Joint table", p_joint=rows[0], q_joint=rows[1], seen=seen)
            ).data
            joint, marginal, conditional = data["values"]
            assert joint == pytest.approx(rel_entr(p, q).sum(), rel=1e-9)
            assert joint == pytest.approx(marginal + conditional, rel=1e-12)
            axis = 1 if seen == lesson.SEEN[0] else 0
            expected = rel_entr(p.sum(axis), q.sum(axis)).sum()
            assert marginal == pytest.approx(expected, rel=1e-9, abs=1e-13)

    def test_says_when_nothing_is_lost(self):
        """
        Where all merged outcomes tell the same, or x sees it all, the words say so.
        """
        assert "merging loses nothing" in show(CASES["alike"].choices).verdict
        assert "x alone sees it all" in show(CASES["kept"].choices).verdict
        assert "all is lost" in show(CASES["deaf"].choices).verdict

    @pytest.mark.parametrize(
        ("choices", "said", "unsaid"),
        [
            (
                Choices(view="Joint table", q_joint=".5, 0; 0, .5"),
                ("cells (1, 2) and (2, 1) can happen under P", "x alone **never finds out**"),
                "sees it all",
            ),
            (
                Choices(view="Joint table", q_joint=".5, .5; 0, 0"),
                ("cells (2, 1) and (2, 2)", "x alone may find out as well"),
                "sees it all",
            ),
            (
                Choices(view="Merged", q="0.4, 0.3, 0.3, 0"),
                ("KL is infinite: outcome 4 can happen",),
                "loses nothing",
            ),
            (
                Choices(view="Noise", q="0.4, 0.3, 0.3, 0"),
                ("KL is infinite: outcome 4 can happen",),
                "nothing is lost",
            ),
            (
                Choices(view="The bound", r_joint=".5, 0; 0, .5"),
                ("At the end that of both is infinite: cells (1, 2) and (2, 1)",),
                "has fallen",
            ),
        ],
    )
    def test_says_where_it_is_infinite(self, choices, said, unsaid):
        """
        Every view names the place, and claims nothing of an infinite sum that is not so.
        """
        verdict = show(choices).verdict

        for words in said:
            assert words in verdict
        assert unsaid not in verdict

    def test_equal_chances_leave_no_dust(self):
        """
        0.2 + 0.1 is 0.3 + 0 on the page, and a ratio of one has no gap.
        """
        merged = show(Choices(view="Merged", q="0.4, 0.3, 0.3, 0"))
        proof = show(Choices(q="0.4, 0.3, 0.299, 0.001"))

        assert texts(merged)[1] == "0 nats"
        assert [row[-1] for row in proof.table.rows[:2]] == ["0 nats", "0 nats"]

    def test_a_clear_channel_loses_nothing_of_an_infinite_divergence(self):
        """
        What is received is infinite as well, and the third number agrees with the words.
        """
        shown = show(Choices(view="Noise", q="0.4, 0.3, 0.3, 0", noise=0.0))

        assert texts(shown) == ["infinite", "infinite", "0 nats"]
        assert "nothing is lost" in shown.verdict

    @pytest.mark.parametrize(
        ("choices", "words"),
        [
            (Choices(view="Joint table", q_joint=Choices().p_joint), "P is Q"),
            (Choices(view="Noise", q=Choices().p), "P is Q"),
            (Choices(view="Merged", groups="1, 2, 3, 4"), "nothing is merged"),
        ],
    )
    def test_says_when_there_is_nothing_to_lose(self, choices, words):
        """
        Equal worlds, or groups of one, are no example of a loss or of its absence.
        """
        assert words in show(choices).verdict

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (".5, .5", "got rows of 2."),
            (".5, .1; .4", "got rows of 2 and 1."),
            (".5, .1; .1, .1", "`P` must sum to 1, got 0.8."),
            ("", "got rows of nothing."),
            ("a, b; c, d", "`P`"),
        ],
    )
    def test_refuses_what_is_no_joint_table(self, text, sentence):
        """
        In a sentence that says what it should be.
        """
        with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is what is tested
            joint_of(text, "P")

        assert sentence in str(error.value)

    @pytest.mark.parametrize("groups", ["1, 1, 2", "1, 1, 2, x", "", "-1, 1, 2, 2"])
    def test_refuses_groups_that_are_none(self, groups):
        """
        One whole number for each outcome.
        """
        (sentence,) = show(Choices(view="Merged", groups=groups)).problems

        assert sentence.startswith("`Groups` must be 4 whole numbers")


class TestBound:
    def test_may_fall_while_the_marginal_rises(self):
        """
        The lecture's example, at both ends; and the joint is above the marginal all the way.
        """
        start, end = (show(CASES[name].choices) for name in ("start", "end"))
        joint, marginal = (np.array(start.data[name]) for name in ("joint", "marginal"))

        assert texts(start) == ["1.7578 nats", "0 nats"]
        assert texts(end) == ["0.0127 nats", "0.0114 nats"]
        assert (joint >= marginal).all()
        assert (np.diff(joint) < 0).all()
        assert marginal[-1] > marginal[0]
        assert "the joint has fallen, and the marginal has risen" in start.verdict
        assert len(joint) == len(MIXES)


class TestHands:
    def test_tables_are_kept_in_thousandths(self):
        """
        They sum to one exactly, whatever the hand has left.
        """
        moved = heard({"p": [1 / 3, 1 / 3, 1 / 3], "q": [0.0, 0.2501, 0.7499]})

        assert moved == {"p": "0.334, 0.333, 0.333", "q": "0, 0.25, 0.75"}
        assert show(Choices(**moved)).problems == ()

    def test_a_mark_goes_to_the_nearest(self):
        """
        Of the two sliders that it belongs to.
        """
        assert heard({"coin_p": 0.333, "coin_q": -5}) == {"coin_p": 0.33, "coin_q": 0.01}

    @pytest.mark.parametrize(
        "nonsense",
        [
            None,
            {},
            {"p": [1, 2]},
            {"p": [0.5, 0.5], "q": [0.5, math.nan]},
            {"p": [-0.5, 1.5], "q": [0.5, 0.5]},
            {"p": "0.5", "q": "0.5"},
            {"coin_p": 0.5},
            {"coin_p": True, "coin_q": 0.5},
            {"mean": math.inf, "scale": 1},
        ],
    )
    def test_nonsense_moves_nothing(self, nonsense):
        """
        What no hand can have done is not heard.
        """
        assert heard(nonsense) == {}
