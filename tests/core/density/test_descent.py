"""Mirrors `core/density/descent.py`: what is measured on the way, and what overfits."""

import math

import numpy as np
import pytest

from core.density import descent
from core.density.models import FLOOR, Histogram
from core.density.worlds import WORLDS, divergence, entropy, nodes, world
from core.fits import covering_fit


@pytest.mark.parametrize("name", ["Plane: moons", "Line: skewed"])
@pytest.mark.parametrize("model", descent.MODELS)
class TestPath:
    def test_its_exact_number_is_the_mean_over_fresh_samples(self, name, model):
        """
        Within six standard errors, at the start and at the end.
        """
        way = descent.path(world(name), model, 6, 3, 200, 1.0)
        for frame in (way[0], way[-1]):
            assert abs(frame.exact - frame.fresh) < 6 * frame.fresh_error
            assert frame.exact == pytest.approx(entropy(world(name)) + frame.kl)
            assert frame.kl > 0

    def test_descends_the_cross_entropy_of_its_samples(self, name, model):
        """
        Which is the mean surprise at what fell out of the box.
        """
        way = descent.path(world(name), model, 6, 3, 200, 1.0)
        seen = descent.drawn(world(name), 3, 200).seen

        assert way[-1].seen == min(frame.seen for frame in way)
        assert way[-1].seen < way[0].seen - 0.1
        assert way[-1].seen == pytest.approx(-way[-1].model.log_density(seen).mean())
        assert [frame.step for frame in way] == sorted({frame.step for frame in way})

    def test_ends_where_the_fit_of_that_size_is(self, name, model):
        """
        One computation, two views.
        """
        size = FLOOR if model == descent.KERNELS else 6
        end = descent.path(world(name), model, 6, 3, 50, 1.0)[-1]
        alone = descent.fitted(world(name), model, size, 3, 50, 1.0)

        assert alone.seen == pytest.approx(end.seen, rel=1e-12)
        assert alone.kl == pytest.approx(end.kl, rel=1e-9)


class TestOverfitting:
    @pytest.mark.parametrize("name", WORLDS)
    def test_needles_fall_below_the_entropy_and_leave_a_gap(self, name):
        """
        What is matched is the empirical distribution.
        """
        box = world(name, "20,20 80,80")
        narrow = descent.fitted(box, descent.KERNELS, FLOOR, 1, 10, 1.0)
        wide = descent.fitted(box, descent.KERNELS, 0.5, 1, 10, 1.0)

        assert narrow.gap > max(1.0, wide.gap)
        if box.dims == 2:
            assert narrow.seen < entropy(box)

    def test_the_gap_closes_with_more_samples(self):
        """
        On average over ten boxes, a mixture of eight parts.
        """
        box = world("Plane: moons")
        few, many = (
            np.mean([descent.fitted(box, "Mixture", 8, d, n, 1.0).gap for d in range(10)])
            for n in (50, 500)
        )

        assert few > 0.3 > 0.2 > many > -0.05

    def test_a_histogram_with_nothing_behind_rules_out_fresh_samples(self):
        """
        Infinite, and not a number that is only large.
        """
        frame = descent.fitted(world("Plane: moons"), "Histogram", 30, 0, 20, 0.0)

        assert isinstance(frame.model, Histogram)
        assert frame.kl == frame.fresh == frame.gap == math.inf
        assert math.isfinite(frame.seen)

    def test_an_unknown_model_is_a_sentence(self):
        """
        With those there are.
        """
        with pytest.raises(ValueError, match=r"`Model` must be one of Gaussian, .* got 'Oracle'"):
            descent.path(world("Line: bell"), "Oracle", 1, 0, 5, 1.0)


class TestTwoWays:
    @pytest.mark.parametrize("name", ["Plane: rings", "Plane: mixture", "Line: two bumps"])
    def test_each_is_better_by_its_own_divergence(self, name):
        """
        Covering has the lower KL[p; q], seeking the lower KL[q; p].
        """
        box = world(name)
        found = descent.two_ways(box, 1, (1.0, 1.0)[: box.dims])
        (covers, seeks), (over, under) = found.forward, found.reverse

        assert covers[-1] < seeks[-1]
        assert under[-1] < over[-1] or name == "Line: two bumps"
        assert covers[-1] == min(covers)
        assert len(found.steps) == len(covers) == len(found.seeking)

    def test_one_gaussian_that_covers_has_mean_and_covariance_of_the_world(self):
        """
        As the closed form has it, on a line as the page on KL divergence does.
        """
        from core import densities

        box = world("Line: skewed")
        law = descent.two_ways(box, 1, (1.0,)).covering[-1]
        pairs = zip(box.law.means[:, 0], box.law.factors[:, 0, 0], strict=True)
        parts = tuple(densities.Normal(float(m), float(s)) for m, s in pairs)
        known = covering_fit(densities.Mixture(parts, tuple(box.law.shares)))

        assert law.means[0, 0] == pytest.approx(known.mean, abs=1e-4)
        assert law.factors[0, 0, 0] == pytest.approx(known.scale, abs=1e-4)

    def test_forward_is_the_average_over_the_world(self):
        """
        At every frame.
        """
        box = world("Plane: spiral")
        found = descent.two_ways(box, 2, (0.0, 0.0))
        at = nodes(box)
        expected = [divergence(at, law.log_density(at.points)) for law in found.seeking]

        assert found.forward[1] == pytest.approx(expected)

    def test_where_seeking_ends_its_start_decides(self):
        """
        Covering ends at one place from both.
        """
        ends = [descent.two_ways(world("Line: two bumps"), 1, (x,)) for x in (-1.0, 1.0)]
        covering, seeking = (
            [getattr(end, name)[-1].means[0, 0] for end in ends]
            for name in ("covering", "seeking")
        )

        assert covering[0] == pytest.approx(covering[1], abs=1e-4)
        assert seeking[0] < -1 < 1 < seeking[1]
