"""Catches a bound that is none, and a noncentral law that is not the one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core import haystack

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=30, deadline=None)


class TestGaussian:
    @given(st.integers(1, 60), seeds, st.floats(0.3, 2))
    @few
    def test_one_image_has_the_noncentral_chance(self, d, seed, share):
        """
        SciPy's noncentral chi-square law, where it has digits.
        """
        rng = np.random.default_rng(seed)
        image, mean = rng.random((1, d)), rng.random(d)
        scale = 0.5
        t = share * math.sqrt(d) * scale
        away = np.square((image - mean) / scale).sum()
        true = stats.ncx2.logcdf((t / scale) ** 2, d, away)
        found = haystack.gaussian_near(np.array([t]), image, mean, scale)[0]

        if true > -40:
            assert found == pytest.approx(true, rel=1e-6, abs=1e-9)

    def test_bounds_what_is_drawn(self):
        """
        In few dimensions some draws do come near: no more than the bound, and near to it where
        the balls hardly overlap.
        """
        rng = np.random.default_rng(0)
        images, mean, scale = rng.random((5, 3)), np.full(3, 0.5), 0.4
        pixels = mean + scale * rng.standard_normal((200_000, 3))
        gaps = np.linalg.norm(pixels[:, None] - images, axis=2)
        for t in (0.05, 0.1, 0.2):
            share = (gaps.min(axis=1) < t).mean()
            error = math.sqrt(share / len(pixels))
            bound = math.exp(haystack.gaussian_near(np.array([t]), images, mean, scale)[0])

            assert share < bound + 6 * error
            assert (gaps < t).sum() / len(pixels) > 0.8 * bound - 6 * error

    @given(seeds)
    @few
    def test_grows_with_the_distance_and_the_images(self, seed):
        """
        And never passes one.
        """
        rng = np.random.default_rng(seed)
        images, mean = rng.random((20, 8)), np.full(8, 0.5)
        t = np.linspace(0.05, 3, 12)
        few, many = (haystack.gaussian_near(t, part, mean, 0.4) for part in (images[:5], images))

        assert (np.diff(many) >= -1e-9).all()
        assert (many <= 0).all()
        assert (few[:3] <= many[:3] + math.log(2)).all()


class TestUniform:
    def test_bounds_what_is_drawn(self):
        """
        A ball wholly within the cube has just its volume.
        """
        rng = np.random.default_rng(1)
        share = (np.linalg.norm(rng.random((200_000, 3)) - 0.5, axis=1) < 0.3).mean()
        bound = math.exp(haystack.uniform_near(np.array([0.3]), 3, 1)[0])

        assert share == pytest.approx(bound, abs=6 * math.sqrt(bound / 200_000))
        assert bound == pytest.approx(4 / 3 * math.pi * 0.3**3)

    def test_many_images_have_as_many_balls(self):
        """
        And all together are never more than all.
        """
        t = np.array([0.01, 10.0])
        one, many = haystack.uniform_near(t, 4, 1), haystack.uniform_near(t, 4, 1000)

        assert many[0] - one[0] == pytest.approx(math.log(1000))
        assert many[1] == 0
