"""Catches a model that does not sum to one, a tree that is not the best, and wrong samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree

from core import pixel_models
from core.divergence import table_kl

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)
MODELS = (pixel_models.independent, pixel_models.tree)


def some(seed, count=60, size=6):
    """
    Images whose pixels depend on each other somehow.
    """
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((count, 2)) @ rng.standard_normal((2, size))
    return (hidden + rng.standard_normal((count, size)) > 0).astype(np.uint8)


def every(size):
    return np.array(list(itertools.product((0, 1), repeat=size)), np.uint8)


@pytest.mark.parametrize("model", MODELS)
class TestBoth:
    @given(seed=seeds)
    @few
    def test_all_images_sum_to_one(self, model, seed):
        """
        And none of them is impossible.
        """
        nats = model(some(seed)).nats(every(6))

        assert np.exp(-nats).sum() == pytest.approx(1, rel=1e-12)
        assert np.isfinite(nats).all()

    def test_samples_are_of_the_model(self, model):
        """
        Each of the 64 images comes as often as its nats say, within six standard errors.
        """
        made = model(some(3))
        drawn = made.sampled(40_000, np.random.default_rng(0))
        counts = np.bincount(drawn @ (1 << np.arange(6)[::-1]), minlength=64)
        chances = np.exp(-made.nats(every(6)))
        errors = np.sqrt(chances * (1 - chances) * 40_000)

        assert (np.abs(counts - 40_000 * chances) < 6 * errors + 1).all()

    def test_a_pixel_that_never_changes_is_no_trouble(self, model):
        """
        As the corners of digits are.
        """
        images = some(5)
        images[:, 0] = 0
        nats = model(images).nats(images)

        assert np.isfinite(nats).all()


class TestTree:
    @given(seeds)
    @few
    def test_has_the_most_information_of_all_trees(self, seed):
        """
        SciPy's spanning tree is worth as much.
        """
        images = some(seed)
        worth = pixel_models.mutual_information(images)
        made = pixel_models.tree(images)
        total = worth[made.order[1:], made.parent[made.order[1:]]].sum()
        best = -minimum_spanning_tree(-(worth + 1e-9)).sum() - 5e-9

        assert total == pytest.approx(best, abs=1e-8)

    @given(seeds)
    @few
    def test_fits_better_than_pixels_alone(self, seed):
        """
        By about the information in its pairs: on the images themselves, with many of them.
        """
        images = some(seed, count=2000)
        alone, tree = (model(images).nats(images).mean() for model in MODELS)
        made = pixel_models.tree(images)
        pairs = pixel_models.mutual_information(images)[made.order, made.parent[made.order]].sum()

        assert tree <= alone + 1e-9
        assert alone - tree == pytest.approx(pairs, abs=0.02)

    def test_every_pixel_comes_after_its_parent(self):
        """
        So that images can be drawn in one go.
        """
        made = pixel_models.tree(some(7))
        place = {int(pixel): i for i, pixel in enumerate(made.order)}

        assert sorted(made.order) == list(range(6))
        assert all(place[int(made.parent[p])] <= place[p] for p in range(6))

    @given(seeds)
    @few
    def test_information_is_a_divergence(self, seed):
        """
        Of the table of two pixels from the product of its margins, with half a count in each cell.
        """
        images = some(seed)
        a, b = images[:, 1], images[:, 4]
        table = np.array([[((a == i) & (b == j)).sum() + 0.5 for j in (0, 1)] for i in (0, 1)])
        table /= table.sum()
        product = np.outer(table.sum(axis=1), table.sum(axis=0))
        found = pixel_models.mutual_information(images)

        assert found[1, 4] == pytest.approx(table_kl(table, product), abs=1e-7)
        np.testing.assert_allclose(found, found.T, atol=1e-12)
