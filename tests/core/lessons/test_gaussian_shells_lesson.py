"""Mirrors `core/lessons/gaussian_shells.py`: the facts are said, and nonsense is refused.

The bugs these tests catch: a share that is not that of the picture, figures that differ from the
law, a length that does not go back to its mass, a bound that grows less than it should.
"""

import base64
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import shells
from core.lessons import gaussian_shells as lesson
from core.lessons import shells_draws, shells_images
from core.lessons.gaussian_shells import CASES, REGIONS, VIEWS, Choices, heard, show
from core.lessons.shells_choices import length
from core.notation import read
from core.vae.config import TrainConfig
from core.vae.one_step import member
from tests.core.vae.untrained import weights_of


def texts(shown):
    return {number["label"]: number["text"] for number in shown.data["numbers"]}


def cells(shown):
    return {row[0]: row[1:] for row in shown.table.rows}


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
    def test_show_without_a_complaint(self, name):
        """
        Each has a picture that JSON can hold, numbers, and something to say.
        """
        shown = show(CASES[name].choices)

        assert shown.problems == ()
        assert shown.verdict
        assert shown.table
        assert "NaN" not in json.dumps(shown.data)
        assert "Infinity" not in json.dumps(shown.data)
        assert "nan" not in shown.verdict

    def test_of_a_name_differ_in_their_label_within_a_view(self):
        """
        A link says where it leads.
        """
        for view in VIEWS:
            labels = [case.label for case in lesson.cases(view).values()]
            assert len(set(labels)) == len(labels)


class TestShell:
    def test_says_the_lectures_numbers(self):
        """
        Of 784 dimensions.
        """
        found = texts(show(Choices(d=784)))

        assert found["radius"] == "27.991 ± 0.707"
        assert found["95 % in"] == "26.61 to 29.39"
        assert found["middle"] == "+392 nats"

    @pytest.mark.parametrize("d", [1, 2, 3, 10_000])
    def test_says_where_the_mass_is(self, d):
        """
        At the root of d - 1; on a line density and mass are one.
        """
        verdict = show(Choices(d=d)).verdict

        if d == 1:
            assert "density and mass are one" in verdict
        else:
            assert f"√(d − 1) = {math.sqrt(d - 1):.2f}" in verdict


class TestWithin:
    @given(st.integers(1, 10_000), st.integers(-290, 290), st.sampled_from(REGIONS))
    @settings(max_examples=25, deadline=None)
    def test_what_is_typed_goes_there_and_back(self, d, tens, region):
        """
        A mass becomes a length, and the length has that mass.
        """
        text = f"1e{tens}" if tens < 0 else f"1 - 1e{-tens}" if tens else "50 %"
        choices = Choices(view="Within", d=d, region=region)
        moved = lesson.length_of_mass(choices, text)
        key, value = next(iter(moved.items()))
        reach = length(value, "it")
        mass = (shells.within_radius if key == "radius" else shells.within_shell)(reach, d)

        assert mass.log_odds == pytest.approx(read(text, "it"), rel=1e-6, abs=1e-6 + 1e-9 * d)

    def test_reaches_far_into_both_tails(self):
        """
        Below the smallest double, and as near to one.
        """
        deep, far = (texts(show(CASES[name].choices)) for name in ("deep", "far"))

        assert deep["mass inside"] == "2.92·10⁻³⁸⁰"
        assert far["mass inside"] == f"1 − {far['outside']}"
        assert far["outside"] == "1.00·10⁻³⁰⁰"

    def test_says_the_lectures_number(self):
        """
        Within 1 of the shell: 0.843, which is erf(1).
        """
        assert texts(show(CASES["thin"].choices))["mass inside"] == "0.843"

    @pytest.mark.parametrize("text", ["", "no", "0", "-1", "nan", "inf", "1e-301", "1e7"])
    def test_refuses_what_is_no_length(self, text):
        """
        In a sentence that names the field, the rule and the value, over the picture of the length
        that the page begins with; what was typed has no mass.
        """
        for choices in (
            Choices(view="Within", radius=text),
            Choices(view="Within", region=REGIONS[1], eps=text),
        ):
            shown = show(choices)
            at_first = show(replace(choices, radius="9", eps="1"))
            assert (shown.data, shown.verdict) == (at_first.data, at_first.verdict)
            assert "must be a length from 1e-300 to 1,000,000, got" in shown.problems[0]
            assert lesson.mass_inside(choices) == ""

    @pytest.mark.parametrize("text", ["0", "1", "2", "half"])
    def test_refuses_what_is_no_share(self, text):
        """
        Neither all nor nothing lies within any length.
        """
        with pytest.raises(ValueError, match=r"`Mass inside` must be"):
            lesson.length_of_mass(Choices(view="Within"), text)

    def test_the_logarithm_of_nearly_all_is_not_rounded_to_nothing(self):
        """
        It is minus what lies outside, in nats as in powers of ten.
        """
        choices = Choices(view="Within", d=784)
        far = replace(choices, **lesson.length_of_mass(choices, "1 - 1e-5000"))
        rows = dict(lesson.show(far).table.rows)

        assert rows["log of the mass, nats"] == "−1.00·10⁻⁵⁰⁰⁰"
        assert rows["log₁₀ of the mass"] == "−4.34·10⁻⁵⁰⁰¹"

    @pytest.mark.parametrize(("radius", "is_little"), [("1", True), ("27.988", False)])
    def test_a_ball_that_holds_much_is_not_called_empty(self, radius, is_little):
        """
        Only a hundredth of the mass or less is next to nothing.
        """
        said = lesson.show(Choices(view="Within", d=784, radius=radius)).verdict

        assert ("next to nothing" in said) == is_little


class TestDraws:
    @pytest.mark.parametrize("d", [1, 2, 10, 784])
    def test_are_near_the_law(self, d):
        """
        The mean of a thousand radii, within six standard errors; the same number, the same draws.
        """
        shown = show(Choices(view="Samples", d=d))
        radii = np.array(shown.data["radii"])
        error = shells.std(d) / math.sqrt(len(radii))

        assert len(radii) == 1000
        assert abs(radii.mean() - shells.mean(d)) < 6 * error
        assert shown.data == show(Choices(view="Samples", d=d)).data
        assert shown.data != show(Choices(view="Samples", d=d, draw=1)).data

    def test_close_on_right_angles_and_the_root_of_two_d(self):
        """
        The more dimensions, the closer.
        """
        spreads = []
        for d in (2, 20, 200, 2000):
            data = show(Choices(view="Pairs", d=d)).data
            spreads.append(np.std(data["angles"]))
            if d == 2000:
                shares = np.array(data["distances"]) / math.sqrt(2 * d)
                assert abs(shares - 1).max() < 0.1
        assert sorted(spreads, reverse=True) == spreads

    @pytest.mark.parametrize(
        ("d", "spread"),
        [(1, 90), (2, 180 / math.sqrt(12)), (3, math.degrees(math.sqrt(math.pi**2 / 4 - 2)))],
    )
    def test_the_law_of_angles_has_the_known_spread(self, d, spread):
        """
        Two angles on a line, any angle in the plane, and a closed form in space.
        """
        row = cells(show(Choices(view="Pairs", d=d)))["standard deviation, degrees"]

        assert float(row[1]) == pytest.approx(spread, abs=0.01)

    def test_the_spread_of_angles_falls_as_one_over_the_root(self):
        """
        57.3 degrees over the root of d.
        """
        assert shells_draws._angle_std(10_000) == pytest.approx(0.573, abs=1e-3)


class TestBetween:
    def test_straight_leaves_the_band_and_the_sphere_does_not(self):
        """
        By eleven standard deviations in 784 dimensions.
        """
        data = show(CASES["ways_image"].choices).data
        middle = len(data["straight"]) // 2

        assert data["straight"][middle] < data["band"][0] - 5
        assert min(data["spherical"]) > data["band"][0] - 1
        assert texts(show(CASES["ways_image"].choices))["off the mean"].startswith("−1")

    def test_a_line_has_no_sphere_to_go_along(self):
        """
        Between two sides of the middle; the straight way leads through it.
        """
        found = [show(Choices(view="Between", d=1, draw=draw)) for draw in range(8)]
        opposite = [shown for shown in found if not shown.data["hasSphere"]]

        assert 0 < len(opposite) < 8
        for shown in opposite:
            assert "no way along it" in shown.verdict
            assert dict(shown.table.rows)["lowest radius, straight"] == "0.000"

    def test_decodes_both_ways_where_there_is_a_decoder(self):
        """
        They begin and end with the same images, and part between.
        """
        config = TrainConfig(dataset="digits", hidden=(8,), latent_dim=5)
        model = member(config, weights_of(config, np.random.default_rng(0)))
        shown = show(CASES["decoded"].choices, lesson.Decoder(config, model))
        straight, along = shown.data["tiles"]

        assert shown.data["d"] == 5
        assert lesson.is_flat(lesson.Decoder(config, model))
        assert len(straight) == len(along) == 11
        assert (straight[0], straight[-1]) == (along[0], along[-1])
        assert straight[5] != along[5]
        assert len(base64.b64decode(straight[0])) == 64

    def test_one_dimension_of_a_decoder_is_no_trouble(self):
        """
        Though on a line two draws may point opposite ways.
        """
        config = TrainConfig(dataset="digits", hidden=(8,), latent_dim=1)
        model = member(config, weights_of(config, np.random.default_rng(0)))
        for draw in range(6):
            choices = Choices(view="Between", source=lesson.SOURCES[1], draw=draw)
            assert show(choices, lesson.Decoder(config, model)).problems == ()


class TestImages:
    @pytest.mark.parametrize("passing", [1.0, 50.0, 99.0])
    def test_random_pixels_are_rarer_than_real_ones(self, passing):
        """
        By many powers of ten, and the more the stricter the distance.
        """
        shown = show(Choices(view="Haystack", passing=passing))
        logs = {name: float(row[1].replace("−", "-")) for name, row in cells(shown).items()}

        assert logs["held-out images"] == pytest.approx(math.log10(passing / 100), abs=0.01)
        assert logs["Gaussian pixels, bound"] < -5
        assert logs["uniform pixels, bound"] < logs["held-out images"]
        for line in shown.data["lines"]:
            assert (np.diff(line["y"]) >= -1e-6).all()

    def test_sprites_are_rarer_still(self):
        """
        784 pixels make the haystack hundreds of powers of ten larger.
        """
        row = cells(show(CASES["needle"].choices))["uniform pixels, bound"]

        assert float(row[1].replace("−", "-")) < -300

    def test_a_distance_that_is_no_test_is_said_to_be_none(self):
        """
        Where a bound on random pixels says next to nothing, nobody speaks of a needle.
        """
        verdict = show(Choices(view="Haystack", data="Digits", passing=99.0)).verdict

        assert "at most 12.7 %" in verdict
        assert "needle" not in verdict

    def test_gaussian_pixels_have_the_spread_that_pixels_have(self):
        """
        What is between the means of pixels is no spread of theirs.
        """
        images = np.tile([0.0, 1.0], (50, 1)) + np.random.default_rng(0).normal(0, 0.1, (50, 2))

        assert shells_images._common_scale(images) == pytest.approx(0.1, rel=0.2)

    def test_pairs_tell_more_than_pixels(self):
        """
        Of held-out images too; a coin for each pixel takes 64 log 2.
        """
        shown = show(CASES["digits_models"].choices)
        nats = [float(text.split()[0]) for text in texts(shown).values()]

        assert nats[0] == pytest.approx(64 * math.log(2), abs=0.05)
        assert nats[0] > nats[1] + 10 > nats[2] + 12

    def test_another_draw_is_another(self):
        """
        Of the models and of the real images.
        """
        first, second = (show(Choices(view="Pixel models", draw=draw)) for draw in (0, 1))

        for before, after in zip(first.data["rows"], second.data["rows"], strict=True):
            assert before["tiles"] != after["tiles"]

    def test_the_estimate_comes_down_to_what_is_known(self):
        """
        Sharp discs have three dimensions to a tenth; squares and triangles come nearer to four
        with every doubling.
        """
        shown = show(Choices(view="Dimension", edges="Sharp"))
        lines = {line["label"]: line for line in shown.data["lines"]}

        assert "rough" in shown.verdict

        assert lines["discs"]["y"][-1] == pytest.approx(3, abs=0.25)
        for shape in ("squares", "triangles"):
            away = [abs(value - 4) for value in lines[shape]["y"]]
            assert away[-1] < away[0] / 2
            assert away[-1] < 1
        assert 4 < lines["digits"]["y"][-1] < 12

    def test_the_blurred_estimate_is_nearly_what_is_known(self):
        """
        All shapes to a quarter; digits are the same as ever.
        """
        blurred, sharp = (
            {line["label"]: line["y"][-1] for line in show(choices).data["lines"]}
            for choices in (
                Choices(view="Dimension"),
                Choices(view="Dimension", edges="Sharp"),
            )
        )

        assert blurred["discs"] == pytest.approx(3, abs=0.25)
        assert blurred["squares"] == pytest.approx(4, abs=0.25)
        assert blurred["triangles"] == pytest.approx(4, abs=0.25)
        assert blurred["digits"] == sharp["digits"]


class TestHands:
    def test_dimensions_and_lengths_are_heard(self):
        """
        As the controls hold them.
        """
        assert heard({"d": 784}) == {"d": 784}
        assert heard({"d": 5.0, "radius": 1e-300}) == {"d": 5, "radius": "1e-300"}
        assert heard({"d": 5, "eps": 0.25}) == {"d": 5, "eps": "0.25"}
        assert heard({"place": 0.513}) == {"place": 0.5}

    @pytest.mark.parametrize(
        "what",
        [
            None,
            5,
            [],
            {},
            {"d": 0},
            {"d": 10_001},
            {"d": True},
            {"d": "7"},
            {"d": math.nan},
            {"radius": 0},
            {"radius": math.inf},
            {"view": 1},
            {"d": 5, "view": 1},
            {"place": 2},
        ],
    )
    def test_nonsense_is_not(self, what):
        """
        Whatever a browser may send.
        """
        assert heard(what) == {}
