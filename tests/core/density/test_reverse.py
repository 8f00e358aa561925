"""Mirrors `core/density/reverse.py`: the other direction, against closed forms and other fits."""

import numpy as np
import pytest

from core import densities, fits
from core.density import reverse
from core.density.gaussians import Gaussians
from core.density.reverse import reverse_descent, reverse_kl, started_at
from core.density.worlds import world
from core.divergence import multivariate_gaussian_kl


def one(mean: list[float], factor: list[list[float]]) -> Gaussians:
    return Gaussians(np.ones(1), np.array([mean]), np.array([factor]))


class TestReverseKl:
    def test_of_two_gaussians_is_the_closed_form(self):
        """
        To five digits: what is further out than a model reaches is left out.
        """
        q, p = one([0.3, -0.2], [[0.7, 0], [0.2, 0.5]]), one([0, 0.4], [[1.1, 0], [-0.3, 0.9]])
        expected = multivariate_gaussian_kl(
            q.means[0], q.covariances[0], p.means[0], p.covariances[0]
        )

        assert reverse_kl(q, p) == pytest.approx(expected, rel=1e-5)

    def test_is_the_mean_of_draws_from_the_model(self):
        """
        Within six standard errors.
        """
        p, q = world("Plane: moons").law, started_at(np.array([0.5, 0.0]), 3)
        x = q.sample(np.random.default_rng(0), 40_000)
        gap = q.log_density(x) - p.log_density(x)

        assert abs(reverse_kl(q, p) - gap.mean()) < 6 * gap.std() / len(gap) ** 0.5

    def test_of_itself_is_nothing(self):
        """
        For whatever mixture.
        """
        law = world("Plane: mixture").law

        assert reverse_kl(law, law) == pytest.approx(0, abs=1e-12)


class TestSlope:
    @pytest.mark.parametrize(("parts", "dims"), [(1, 1), (3, 1), (1, 2), (3, 2)])
    def test_is_that_of_differences(self, parts, dims):
        """
        By every parameter; the score that is left out averages to nothing, on a fine grid.
        """
        p = world("Line: two bumps" if dims == 1 else "Plane: mixture").law
        q = started_at(np.array([0.4, -0.3])[:dims], parts, scale=0.9)
        noise, masses = reverse._standard(dims, 81)
        flat, slope = reverse._flat(q), reverse._slope(q, p, noise, masses)
        for i in range(len(flat)):
            ends = [
                reverse_kl(reverse._law(flat + sign * 1e-4 * np.eye(len(flat))[i], q), p)
                for sign in (1, -1)
            ]
            assert slope[i] == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=0.02, abs=6e-3)


class TestDescent:
    @pytest.mark.parametrize("start", [-1.0, 1.0])
    def test_on_a_line_ends_in_a_valley_that_newton_finds(self, start):
        """
        Which one, the start decides.
        """
        law = world("Line: two bumps").law
        parts = tuple(
            densities.Normal(float(m), float(s))
            for m, s in zip(law.means[:, 0], law.factors[:, 0, 0], strict=True)
        )
        valleys = fits.seeking_fits(densities.Mixture(parts, tuple(law.shares)))
        *_, found = reverse_descent(law, started_at(np.array([start]), 1), 120)

        nearest = min(valleys, key=lambda each: abs(each.mean - found.means[0, 0]))
        assert nearest.mean * start > 0
        assert found.means[0, 0] == pytest.approx(nearest.mean, abs=0.02)
        assert found.factors[0, 0, 0] == pytest.approx(nearest.scale, rel=0.03)

    @pytest.mark.parametrize("parts", [1, 4])
    def test_descends(self, parts):
        """
        In a plane, from far above; no part gets narrower than the floor.
        """
        law = world("Plane: moons").law
        way = list(reverse_descent(law, started_at(np.array([-1.0, 1.0]), parts), 40))
        costs = [reverse_kl(each, law) for each in way[::10]]

        assert costs[-1] < costs[0] - 0.8
        assert costs[-1] == pytest.approx(min(costs), abs=0.02)
        assert way[-1].shares.sum() == pytest.approx(1)

    def test_parts_begin_around_the_place(self):
        """
        On a line too.
        """
        np.testing.assert_allclose(started_at(np.array([1.0]), 2).means, [[1.5], [0.5]])
        np.testing.assert_allclose(started_at(np.array([1.0, 2.0]), 1).means, [[1, 2]])
