"""Mirrors `core/blur.py`: light is spread and none is lost.

The bugs these tests catch: weights of another law, light that leaks over an edge, rows taken for
columns, a map that loses what it blurs.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from core.blur import blurred

WIDTHS = st.floats(0.3, 3.0)


def dots(rng, count=20, side=28, margin=13):
    """Images with light near their middle alone."""
    images = np.zeros((count, side, side))
    places = slice(margin, side - margin)
    images[:, places, places] = rng.random(images[:, places, places].shape)
    return images.reshape(count, -1)


class TestBlurred:
    def test_is_what_scipy_has(self, rng):
        """
        Away from the edges, which everybody treats in a way of their own.
        """
        images = dots(rng)
        found = blurred(images, 1.5).reshape(-1, 28, 28)
        expected = gaussian_filter(images.reshape(-1, 28, 28), (0, 1.5, 1.5), truncate=12)

        np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_is_where_light_falls_that_is_scattered(self, rng):
        """
        A dot whose light is thrown by normal steps lands as the blurred dot has it.
        """
        side, count, width = 15, 400_000, 1.2
        dot = np.zeros((side, side))
        dot[7, 6] = 1.0
        chances = np.exp(-0.5 * ((np.arange(side) - 7)[:, None] / width) ** 2)
        rows = rng.choice(side, count, p=chances[:, 0] / chances.sum())
        steps = np.exp(-0.5 * ((np.arange(side) - 6) / width) ** 2)
        columns = rng.choice(side, count, p=steps / steps.sum())
        thrown = np.bincount(side * rows + columns, minlength=side**2) / count
        expected = blurred(dot.reshape(1, -1), width)[0]
        error = np.sqrt(expected * (1 - expected) / count)

        assert (np.abs(thrown - expected) <= 6 * error + 1e-9).all()

    @given(st.integers(0, 999), WIDTHS)
    def test_keeps_all_light_and_adds_none(self, seed, width):
        """
        Up to the edges, in every image by itself; darkness stays dark.
        """
        images = np.random.default_rng(seed).random((3, 36))
        found = blurred(images, width)

        np.testing.assert_allclose(found.sum(axis=1), images.sum(axis=1), rtol=1e-12)
        assert (found >= 0).all()
        np.testing.assert_allclose(
            blurred(images[:1] + images[1:2], width), found[:1] + found[1:2]
        )

    def test_can_be_undone(self):
        """
        The map has full rank, so it takes no dimension away.
        """
        spread = blurred(np.eye(64), 1.0)

        assert np.linalg.matrix_rank(spread) == 64

    @pytest.mark.parametrize("width", [0.0, -1.0, np.nan, np.inf])
    def test_refuses_what_is_no_width(self, width):
        """
        With the rule and the value.
        """
        with pytest.raises(ValueError, match="`width` must be a number of pixels above 0"):
            blurred(np.zeros((1, 4)), width)

    def test_refuses_what_is_not_square(self):
        """
        Pixels of a square are a square number.
        """
        with pytest.raises(ValueError, match="`images` must be square, got 5 pixels"):
            blurred(np.zeros((1, 5)), 1.0)
