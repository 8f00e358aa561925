"""Catches neighbours that are not the nearest, and a dimension that is not that of the cloud."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from core.neighbours import intrinsic_dimension, nearest

seeds = st.integers(0, 2**32 - 1)


class TestNearest:
    @given(seeds, st.integers(1, 10), st.integers(2, 12))
    def test_agrees_with_a_tree(self, seed, k, d):
        """
        SciPy's, in any dimension; nearest first.
        """
        rng = np.random.default_rng(seed)
        points, queries = rng.random((50, d)), rng.random((7, d))
        found, true = nearest(points, queries, k), cKDTree(points).query(queries, k)[0]

        np.testing.assert_allclose(found, np.reshape(true, (7, k)), rtol=1e-9)

    def test_sees_a_point_as_its_own_neighbour(self):
        """
        At no distance at all, however far from zero it is.
        """
        points = 1e6 + np.random.default_rng(0).random((20, 3))

        assert (nearest(points, points, 1) == 0).all()

    @pytest.mark.parametrize("k", [0, 6])
    def test_refuses_more_than_there_are(self, k):
        """
        In a sentence.
        """
        with pytest.raises(ValueError, match="`k` must be from 1 to 5 neighbours, got"):
            nearest(np.zeros((5, 2)), np.zeros((1, 2)), k)


class TestDimension:
    @pytest.mark.parametrize("m", [1, 2, 4])
    def test_finds_that_of_a_flat_cloud_in_many(self, m):
        """
        Uniform points of few dimensions, turned into fifty; of those in the middle, which no edge
        cuts off.
        """
        rng = np.random.default_rng(m)
        inner = rng.uniform(-1, 1, (6000, m))
        turned = inner @ np.linalg.qr(rng.standard_normal((50, m)))[0].T
        queries = turned[(np.abs(inner) < 0.5).all(axis=1)][:800]
        found = intrinsic_dimension(nearest(turned, queries, 11)[:, 1:])

        assert abs(found.dimension - m) < 6 * found.error + 0.03 * m
        assert found.points == len(queries)

    @given(st.integers(1, 30), seeds)
    def test_is_right_for_distances_of_the_law_itself(self, m, seed):
        """
        In m dimensions the m-th powers of distances are arrivals of a Poisson process.
        """
        arrivals = np.random.default_rng(seed).exponential(size=(3000, 8)).cumsum(axis=1)
        found = intrinsic_dimension(arrivals ** (1 / m))

        assert abs(found.dimension - m) < 6 * found.error

    @given(st.floats(0.01, 100), seeds)
    def test_does_not_depend_on_the_unit(self, unit, seed):
        """
        Of length.
        """
        distances = np.sort(np.random.default_rng(seed).random((10, 5)) + 0.1, axis=1)

        assert intrinsic_dimension(unit * distances).dimension == pytest.approx(
            intrinsic_dimension(distances).dimension
        )

    def test_leaves_out_copies(self):
        """
        A point with a copy of itself has a neighbour at no distance, and says nothing.
        """
        distances = np.array([[0.0, 1, 2], [1, 2, 3], [1, 2, 4]])

        assert intrinsic_dimension(distances).points == 2

    @pytest.mark.parametrize(
        ("distances", "sentence"),
        [(np.ones((5, 2)), "3 neighbours or more, got 2"), (np.zeros((5, 4)), "two points")],
    )
    def test_refuses_too_little(self, distances, sentence):
        """
        In a sentence.
        """
        with pytest.raises(ValueError, match=f"`distances` must be (to|of) {sentence}"):
            intrinsic_dimension(distances)
