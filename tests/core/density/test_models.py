"""Mirrors `core/density/models.py`: the fits, against other pens, and that none ever climbs."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.mixture import GaussianMixture

from core.density import models
from core.density.gaussians import Gaussians
from core.density.worlds import REACH, nodes, samples, world

seeds = st.integers(0, 10**6)


def drawn(seed: int, count: int = 60, name: str = "Plane: mixture") -> np.ndarray:
    return samples(world(name), (seed,), count)


def way(points: np.ndarray, parts: int, seed: int = 0, **more):
    start = models.first_guess(points, parts, np.random.default_rng(seed))
    return models.em_descent(points, np.full(len(points), 1 / len(points)), start, **more)


class TestEM:
    @settings(deadline=None, max_examples=25)
    @given(seeds, st.integers(1, 5), st.floats(0.05, 1))
    def test_never_raises_the_cross_entropy(self, seed, parts, part):
        """
        Whatever part of the way a step goes, while no part is held at the narrowest.
        """
        points = drawn(seed)
        laws = list(itertools.islice(way(points, parts, seed, part=part), 12))
        free = [law for law in laws if law.smallest_scale > 1.001 * models.FLOOR]
        costs = [-law.log_density(points).mean() for law in free]

        assert (np.diff(costs) <= 1e-12).all()

    def test_a_whole_step_is_that_of_scikit_learn(self):
        """
        Shares, means and covariances.
        """
        points = drawn(1, 200)
        start = models.first_guess(points, 3, np.random.default_rng(2))
        mine = next(itertools.islice(way(points, 3, 2, part=1.0), 1, None))
        theirs = GaussianMixture(
            3,
            max_iter=1,
            reg_covar=0,
            weights_init=start.shares,
            means_init=start.means,
            precisions_init=np.linalg.inv(start.covariances),
        )
        with pytest.warns(match="converge"):
            theirs.fit(points)

        np.testing.assert_allclose(mine.shares, theirs.weights_, rtol=1e-9)
        np.testing.assert_allclose(mine.means, theirs.means_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(mine.covariances, theirs.covariances_, rtol=1e-8, atol=1e-10)

    def test_one_gaussian_ends_at_mean_and_covariance(self):
        """
        The maximum of the likelihood, in closed form.
        """
        points = drawn(5, 300)
        *_, law = itertools.islice(way(points, 1), 120)

        np.testing.assert_allclose(law.means[0], points.mean(0), atol=1e-10)
        np.testing.assert_allclose(law.covariances[0], np.cov(points.T, bias=True), atol=1e-10)

    def test_no_part_is_narrower_than_the_floor(self):
        """
        Not even one on a single sample.
        """
        points = np.array([[0.0, 0.0], [1.0, 1.0], [1.2, 0.9]])
        *_, law = itertools.islice(way(points, 2), 200)

        assert law.smallest_scale == pytest.approx(models.FLOOR, rel=1e-6)

    def test_samples_that_coincide_are_no_obstacle(self):
        """
        Parts begin on the same place then.
        """
        points = np.zeros((4, 2))
        *_, law = itertools.islice(way(points, 3), 20)

        assert np.isfinite(law.log_density(points)).all()


class TestHistogram:
    @settings(deadline=None, max_examples=20)
    @given(seeds, st.integers(2, 20))
    def test_never_raises_the_cross_entropy(self, seed, bins):
        """
        Towards the frequencies, with nothing behind it.
        """
        points = drawn(seed)
        fits = itertools.islice(models.histogram_descent(points, bins, 0.0), 40)
        costs = [-fit.log_density(points).mean() for fit in fits]

        assert (np.diff(costs) <= 1e-12).all()

    def test_ends_at_the_frequencies_of_numpy(self):
        """
        Over the area of a cell.
        """
        points = drawn(3, 500)
        *_, fit = itertools.islice(models.histogram_descent(points, 12, 0.0), 90)
        edges = np.linspace(-REACH, REACH, 13)
        high, _, _ = np.histogram2d(*points.T, bins=[edges, edges], density=True)

        middles = (edges[:-1] + edges[1:]) / 2
        grid = np.stack(np.meshgrid(middles, middles, indexing="ij"), -1).reshape(-1, 2)
        with np.errstate(divide="ignore"):
            expected = np.log(high.ravel())
        np.testing.assert_allclose(fit.log_density(grid), expected, atol=1e-9)

    def test_is_a_density(self):
        """
        With the broad Gaussian behind it, which reaches a little further.
        """
        *_, fit = itertools.islice(models.histogram_descent(drawn(1, 50), 10, 5.0), 9)
        axis = -REACH + (np.arange(400) + 0.5) * 2 * REACH / 400
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
        mass = np.exp(fit.log_density(grid)).sum() * (2 * REACH / 400) ** 2

        assert mass == pytest.approx(1, abs=1e-3)

    def test_rules_out_what_it_has_not_seen(self):
        """
        Unless something is behind it; outside of its cells as well.
        """
        far = np.array([[4.9, 4.9], [7.0, 0.0]])
        for imagined, is_ruled_out in ((0.0, True), (1.0, False)):
            *_, fit = itertools.islice(models.histogram_descent(drawn(1), 10, imagined), 200)
            log_q = fit.log_density(far)
            assert np.isneginf(log_q).all() == is_ruled_out
        assert fit.log_density(far)[1] == pytest.approx(
            math.log(1 / 61) + stats.multivariate_normal([0, 0], 1.6**2).logpdf([7, 0])
        )


class TestKernels:
    def test_many_points_are_taken_a_few_at_a_time(self):
        """
        And far from all samples, where every kernel vanishes, the nearest counts.
        """
        points = drawn(0, 300)
        x = np.concatenate([drawn(1, 400), [[90.0, 0.0]]])
        kernels = models.Kernels(points, models.FLOOR)

        np.testing.assert_allclose(kernels.log_density(x), kernels.law.log_density(x), rtol=1e-9)

    @pytest.mark.parametrize("name", ["Plane: moons", "Line: comb"])
    def test_is_that_of_scipy(self, name):
        """
        Which widens the kernels by the covariance of the samples, so it is given a factor.
        """
        points = drawn(2, 40, name)
        points = points / points.std(0)
        width, x = 0.3, drawn(3, 9, name)
        if points.shape[1] == 1:
            factor = width / points.std(0, ddof=1)[0]
            expected = stats.gaussian_kde(points.T, factor).logpdf(x.T)
        else:
            each = [stats.multivariate_normal(point, width**2).pdf(x) for point in points]
            expected = np.log(np.mean(each, axis=0))

        np.testing.assert_allclose(
            models.Kernels(points, width).log_density(x), expected, rtol=1e-9
        )
        np.testing.assert_allclose(
            models.Kernels(points, width).law.log_density(x), expected, rtol=1e-9
        )

    @pytest.mark.parametrize("name", ["Plane: moons", "Plane: rings", "Line: comb"])
    @pytest.mark.parametrize("width", [models.FLOOR, 0.5])
    def test_by_a_product_of_matrices(self, name, width):
        """
        The same at the nodes of a world, where kernels vanish from the numbers as well.
        """
        at = nodes(world(name))
        kernels = models.Kernels(drawn(4, 5, name), width)

        np.testing.assert_allclose(
            kernels.log_density_at(at), kernels.log_density(at.points), rtol=1e-7, atol=1e-7
        )

    @settings(deadline=None, max_examples=20)
    @given(seeds)
    def test_narrowing_always_lowers_the_cost_of_their_own_samples_in_the_end(self, seed):
        """
        Down to needles, far below any entropy.
        """
        points = drawn(seed, 12)
        costs = [-k.log_density(points).mean() for k in models.kernel_descent(points, 14)]

        assert costs[-1] == min(costs)
        assert costs[-1] < costs[0] - 1


def test_a_first_guess_spreads_over_the_samples():
    """
    One part is broad and in the middle, several stand on samples.
    """
    points = drawn(1)
    one = models.first_guess(points, 1, np.random.default_rng(0))
    four = models.first_guess(points, 4, np.random.default_rng(0))

    assert (one.means == 0).all()
    assert isinstance(four, Gaussians)
    assert all((points == mean).all(1).any() for mean in four.means)
    assert len(np.unique(four.means, axis=0)) == 4
