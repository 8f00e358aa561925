"""Mirrors `core/density/worlds.py`: averages over worlds, against SciPy and by sampling."""

import math

import numpy as np
import pytest
from scipy import integrate

from core import densities
from core.density.gaussians import Gaussians
from core.density.worlds import (
    DRAWN,
    MOST_POINTS,
    WORLDS,
    divergence,
    drawn_points,
    entropy,
    nodes,
    samples,
    world,
)

DRAWING = "10,20 50,50 52,50 90,15"
LINES = [name for name in WORLDS if name.startswith("Line")]


@pytest.mark.parametrize("name", WORLDS)
class TestEachWorld:
    def test_its_mass_is_one(self, name):
        """
        Nothing of it is missed by the nodes, or lies outside of them.
        """
        assert nodes(world(name, DRAWING)).masses.sum() == pytest.approx(1, abs=3e-5)

    def test_its_entropy_is_the_mean_surprise_of_samples(self, name):
        """
        Within six standard errors.
        """
        box = world(name, DRAWING)
        surprise = -box.law.log_density(samples(box, (7,), 40_000))

        error = surprise.std() / len(surprise) ** 0.5
        assert abs(surprise.mean() - entropy(box)) < 6 * error

    def test_a_divergence_is_the_mean_weight_of_samples(self, name):
        """
        Of a Gaussian beside it, within six standard errors; of itself it is nothing.
        """
        box = world(name, DRAWING)
        broad = Gaussians.round(np.full((1, box.dims), 0.3), 1.4)
        at, x = nodes(box), samples(box, (8,), 40_000)
        weight = box.law.log_density(x) - broad.log_density(x)

        error = weight.std() / len(weight) ** 0.5
        assert abs(weight.mean() - divergence(at, broad.log_density(at.points))) < 6 * error
        assert divergence(at, box.law.log_density(at.points)) == 0

    def test_more_samples_begin_with_the_fewer(self, name):
        """
        And another seed draws others.
        """
        box = world(name, DRAWING)
        many = samples(box, (1, 0), 50)

        np.testing.assert_array_equal(samples(box, (1, 0), 5), many[:5])
        assert (samples(box, (2, 0), 5) != many[:5]).all()


class TestOnALine:
    @pytest.mark.parametrize("name", LINES)
    def test_entropy_and_divergence_are_those_of_adaptive_quadrature(self, name):
        """
        By SciPy, and by the site's own integrals of densities on a line.
        """
        box = world(name)
        law = box.law
        parts = tuple(
            densities.Normal(float(mean), float(scale))
            for mean, scale in zip(law.means[:, 0], law.factors[:, 0, 0], strict=True)
        )
        known = parts[0] if len(parts) == 1 else densities.Mixture(parts, tuple(law.shares))

        def surprise(x: float) -> float:
            log_p = float(law.log_density(np.array([[x]]))[0])
            return -math.exp(log_p) * log_p

        expected, _ = integrate.quad(surprise, -6, 6, limit=400, points=list(law.means[:, 0]))
        assert entropy(box) == pytest.approx(expected, abs=2e-4)
        assert entropy(box) == pytest.approx(densities.entropy(known).value, abs=2e-4)
        broad = densities.Normal(0.2, 1.3)
        at = nodes(box)
        found = divergence(at, broad.log_density(at.points[:, 0]))
        assert found == pytest.approx(densities.kl_divergence(known, broad).value, abs=5e-4)


class TestDivergence:
    def test_is_infinite_where_a_model_rules_out_what_may_happen(self):
        """
        One node without a chance is enough.
        """
        at = nodes(world("Line: bell"))
        log_q = at.log_p.copy()
        log_q[3] = -math.inf

        assert divergence(at, log_q) == math.inf

    @pytest.mark.parametrize("seed", range(20))
    def test_is_never_negative(self, seed):
        """
        For whatever Gaussian beside whatever world.
        """
        rng = np.random.default_rng(seed)
        box = world(str(rng.choice(WORLDS)), DRAWING)
        law = Gaussians.round(rng.normal(size=(1, box.dims)), float(rng.uniform(0.3, 3)))
        at = nodes(box)

        assert divergence(at, law.log_density(at.points)) > 0

    def test_finer_cells_change_nothing(self):
        """
        To a ten-thousandth of a nat.
        """
        box = world("Plane: spiral")
        values = [
            divergence(at, Gaussians.round(np.zeros((1, 2)), 1.5).log_density(at.points))
            for at in (nodes(box), nodes(box, 45))
        ]

        assert values[0] == pytest.approx(values[1], abs=2e-4)


class TestADrawing:
    def test_is_a_world(self):
        """
        Equal Gaussians on the points, in the square from -3 to 3.
        """
        box = world(DRAWN, "0,100 50,50")

        np.testing.assert_allclose(box.law.means, [[-3, 3], [0, 0]])
        assert world(DRAWN, "0,100 50,50") is box
        assert world("Plane: rings", "0,100") is world("Plane: rings")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", f"1 to {MOST_POINTS} points"),
            ("1,1 " * (MOST_POINTS + 1), f"got {MOST_POINTS + 1}"),
            ("20;30", "got '20;30'"),
            ("101,3", "from 0 to 100"),
            ("1,2,3", "got '1,2,3'"),
            ("٣,٣", "whole numbers"),
        ],
    )
    def test_what_is_none_is_a_sentence(self, text, words):
        """
        It names the field, the rule and the value.
        """
        with pytest.raises(ValueError, match=r"^`Drawn` must be ") as error:
            drawn_points(text)
        assert words in str(error.value)

    def test_an_unknown_world_is_a_sentence(self):
        """
        With those there are.
        """
        with pytest.raises(ValueError, match=r"`World` must be one of Plane: rings.*'Atlantis'"):
            world("Atlantis")
