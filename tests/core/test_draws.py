"""Catches draws that are not of the law, an angle with the wrong law, and a way off its sphere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core import draws, shells

dimensions = st.integers(2, 400)
seeds = st.integers(0, 2**32 - 1)


class TestDrawn:
    @pytest.mark.parametrize("d", [1, 2, 10, 784, 3000])
    def test_radii_are_of_the_chi_law(self, d):
        """
        By Kolmogorov and Smirnov; so are distances, but for the root of two.
        """
        found = draws.drawn(d, 1000, np.random.default_rng(1))

        assert stats.kstest(found.radii, stats.chi(d).cdf).pvalue > 1e-4
        assert stats.kstest(found.distances / math.sqrt(2), stats.chi(d).cdf).pvalue > 1e-4
        assert found.plane.shape == (1000, 2)
        assert (np.linalg.norm(found.plane, axis=1) <= found.radii * (1 + 1e-6)).all()

    @pytest.mark.parametrize("d", [2, 3, 10, 784])
    def test_angles_are_of_their_law(self, d):
        """
        Half their cosine plus a half has a Beta law; and their mean is a right angle.
        """
        found = draws.drawn(d, 2000, np.random.default_rng(2)).angles
        halves = (1 + np.cos(np.radians(found))) / 2
        law = stats.beta((d - 1) / 2, (d - 1) / 2)

        assert stats.kstest(halves, law.cdf).pvalue > 1e-4
        assert abs(found.mean() - 90) < 6 * found.std() / math.sqrt(len(found))

    def test_says_what_is_measured(self):
        """
        Cosines, distances and radii of a pair are those of one triangle.
        """
        found = draws.drawn(30, 200, np.random.default_rng(3))
        a, b = found.radii[::2], found.radii[1::2]
        third = a * a + b * b - 2 * a * b * np.cos(np.radians(found.angles))

        np.testing.assert_allclose(found.distances**2, third, rtol=1e-6)

    def test_parts_in_memory_change_nothing_but_the_order_of_chance(self, monkeypatch):
        """
        Rows that are drawn a few at a time are the same rows.
        """
        whole = draws.drawn(7, 100, np.random.default_rng(4))
        monkeypatch.setattr(draws, "_AT_ONCE", 50)
        parts = draws.drawn(7, 100, np.random.default_rng(4))

        np.testing.assert_array_equal(whole.radii, parts.radii)

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_refuses_what_has_no_pairs(self, count):
        """
        In a sentence.
        """
        with pytest.raises(ValueError, match="`count` must be an even number of draws, got"):
            draws.drawn(3, count, np.random.default_rng(0))

    @pytest.mark.parametrize("d", [2, 3, 10, 784])
    def test_the_law_of_angles_sums_to_one(self, d):
        """
        Over all angles, by the middle of each hundredth of a degree.
        """
        at = np.arange(0.005, 180, 0.01)

        assert draws.cosine_law(at, d).sum() * 0.01 == pytest.approx(1, rel=1e-4)


class TestWays:
    @given(dimensions, seeds)
    def test_radii_are_those_of_the_points(self, d, seed):
        """
        On both ways, and each begins and ends at the draws.
        """
        ends = draws.pair_of_draws(d, np.random.default_rng(seed))
        t = np.linspace(0, 1, 11)
        for is_straight, radii in (
            (True, draws.straight_radii(ends, t)),
            (False, draws.spherical_radii(ends, t)),
        ):
            points = draws.way(ends, t, is_straight=is_straight)

            np.testing.assert_allclose(np.linalg.norm(points, axis=1), radii, rtol=1e-7)
            np.testing.assert_allclose(points[[0, -1]], ends, atol=1e-7)

    @given(dimensions, seeds)
    def test_only_the_straight_one_leaves_the_shell(self, d, seed):
        """
        Along the sphere the radius stays between those of the ends; straight it is never larger.
        """
        ends = draws.pair_of_draws(d, np.random.default_rng(seed))
        t = np.linspace(0, 1, 21)
        straight, along = draws.straight_radii(ends, t), draws.spherical_radii(ends, t)
        low, high = sorted(np.linalg.norm(ends, axis=1))

        assert (straight <= along * (1 + 1e-9)).all()
        assert low * (1 - 1e-9) <= along.min()
        assert along.max() <= high * (1 + 1e-9)

    def test_half_way_three_tenths_are_lost(self):
        """
        In many dimensions the radius half way is the root of a half.
        """
        ends = draws.pair_of_draws(10_000, np.random.default_rng(0))
        middle = draws.straight_radii(ends, np.array([0.5]))[0]

        assert middle / shells.mean(10_000) == pytest.approx(math.sqrt(0.5), abs=0.02)

    def test_directions_turn_evenly(self):
        """
        Equal parts of the way are equal angles.
        """
        ends = draws.pair_of_draws(20, np.random.default_rng(1))
        points = draws.way(ends, np.linspace(0, 1, 6), is_straight=False)
        points /= np.linalg.norm(points, axis=1)[:, None]
        angles = np.arccos((points[:-1] * points[1:]).sum(axis=1))

        np.testing.assert_allclose(angles, angles[0], rtol=1e-6)

    def test_refuses_opposite_ends(self):
        """
        There is no direction between them, and every one is.
        """
        with pytest.raises(ValueError, match="`ends` must not point opposite ways"):
            draws.way(np.array([[1.0, 0], [-2.0, 0]]), np.array([0.5]), is_straight=False)

    def test_parallel_ends_have_one_direction(self):
        """
        And no division by a sine of zero.
        """
        points = draws.way(np.array([[1.0, 0], [3.0, 0]]), np.array([0.5]), is_straight=False)

        np.testing.assert_allclose(points, [[2.0, 0]])

    @pytest.mark.parametrize("d", [1, 2, 3, 50])
    def test_the_least_radius_is_no_less_than_any_on_the_way(self, d, rng):
        """
        And is come as near to as the places are close; it may be at an end.
        """
        t = np.linspace(0, 1, 4001)
        for _ in range(20):
            ends = draws.pair_of_draws(d, rng)
            radii = draws.straight_radii(ends, t)
            least = draws.nearest_on_straight(ends)
            assert least <= radii.min() + 1e-12
            assert radii.min() - least <= np.linalg.norm(ends[1] - ends[0]) / 4000

    def test_a_sphere_lies_between_all_but_opposite_draws(self):
        """
        Which only a line has.
        """
        assert draws.has_sphere_between(np.array([[1.0], [2.0]]))
        assert not draws.has_sphere_between(np.array([[1.0], [-2.0]]))
        assert draws.has_sphere_between(np.array([[1.0, 0.0], [-1.0, 1e-3]]))
