"""Mirrors `core/density/flow.py`: a density, its determinant, and a training that goes on."""

import itertools

import numpy as np
import pytest
import torch

from core.density import flow
from core.density.config import DensityConfig
from core.density.flow import Flow
from core.density.worlds import entropy, world

SHORT = DensityConfig(steps=30, samples=400, layers=3, width=16, batch_size=64)
LINE = DensityConfig(world="Line: two bumps", steps=30, samples=200, layers=2, width=8)


@pytest.fixture(autouse=True)
def one_thread():
    """
    As workers train.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def some_flow(config: DensityConfig, seed: int = 0) -> tuple[Flow, int]:
    """A flow far from the identity."""
    dims = world(config.world).dims
    flat = Flow.initial(config)
    noise = torch.randn(flat.shape, generator=torch.Generator().manual_seed(seed))
    flat = (flat + 0.15 * noise).double()
    return Flow(dims, config.layers, config.width, flat), dims


class TestFlow:
    @pytest.mark.parametrize("config", [SHORT, LINE])
    def test_is_a_density(self, config):
        """
        Its integral is one, wherever its weights are.
        """
        model, dims = some_flow(config)
        axis = np.linspace(-25, 25, 20_001 if dims == 1 else 700)
        grid = np.stack(np.meshgrid(*[axis] * dims, indexing="ij"), -1).reshape(-1, dims)
        density = model.log_density(torch.tensor(grid)).exp()

        assert float(density.sum()) * (axis[1] - axis[0]) ** dims == pytest.approx(1, abs=5e-3)

    @pytest.mark.parametrize("config", [SHORT, LINE])
    def test_its_determinant_is_that_of_automatic_differentiation(self, config):
        """
        Of the map from samples to noise, found by its density of noise alone.
        """
        model, dims = some_flow(config, 1)
        x = torch.randn((1, dims), generator=torch.Generator().manual_seed(2)).double()

        def noise(point: torch.Tensor) -> torch.Tensor:
            moved, other = point[0], point[1] if dims == 2 else torch.zeros(()).double()
            for first, bias, second, second_bias in model.maps:
                hidden = torch.tanh(other * first + bias)
                shape = (second @ hidden + second_bias)[None]
                moved = flow._stairs(moved[None], shape)[0][0]
                moved, other = (other, moved) if dims == 2 else (moved, other)
            return torch.stack([moved, other]) if dims == 2 else moved[None]

        jacobian = torch.autograd.functional.jacobian(noise, x[0])
        z = noise(x[0])
        expected = torch.linalg.slogdet(jacobian)[1] - 0.5 * (z**2).sum()
        expected = expected - 0.5 * dims * np.log(2 * np.pi)
        assert float(model.log_density(x)[0]) == pytest.approx(float(expected), abs=1e-10)


class TestTrain:
    @pytest.mark.parametrize("config", [SHORT, LINE])
    def test_equal_configs_give_equal_reports(self, config):
        """
        Bit for bit, pictures too.
        """
        data = flow.load(config)
        first, second = (list(flow.train(config, data)) for _ in range(2))

        assert first == second
        for one, other in zip(first, second, strict=True):
            if one.snapshot is not None:
                pictures = [each.snapshot.pictures["density"] for each in (one, other)]
                np.testing.assert_array_equal(*pictures)

    @pytest.mark.parametrize("config", [SHORT, LINE])
    @pytest.mark.parametrize("at", [0, 1, 17])
    def test_a_resumed_one_ends_like_an_undisturbed_one(self, config, at):
        """
        Bit for bit, from wherever it was left.
        """
        data = flow.load(config)
        whole = list(flow.train(config, data))
        until = next(itertools.islice(flow.train(config, data), at, None))
        rest = list(flow.train(config, data, resume=until.checkpoint()))

        assert rest == whole[at + 1 :]
        np.testing.assert_array_equal(
            rest[-1].snapshot.weights["flow"], whole[-1].snapshot.weights["flow"]
        )

    def test_descends_towards_the_entropy_and_never_below(self):
        """
        The exact cross-entropy; the samples it has learnt may come to less.
        """
        config = DensityConfig(steps=150, samples=2000, layers=4)
        data = flow.load(config)
        looks = [report.held_out for report in flow.train(config, data) if report.held_out]
        costs = [look["cross_entropy"][0] for look in looks]

        assert costs[-1] < costs[0] - 1
        assert min(costs) > entropy(world(config.world)) == data.entropy
        assert looks[-1]["divergence"][0] == pytest.approx(costs[-1] - data.entropy)
        assert looks[-1]["fresh_cross_entropy"][0] == pytest.approx(costs[-1], abs=0.15)

    def test_reports_every_step_and_looks_often_at_first(self):
        """
        Step zero is the untrained flow, and pictures come with the looks.
        """
        reports = list(flow.train(LINE, flow.load(LINE)))

        assert [report.step for report in reports] == list(range(31))
        looks = [report.step for report in reports if report.held_out]
        assert looks == [report.step for report in reports if report.snapshot]
        assert looks[:8] == list(range(8))
        assert looks[-1] == 30
        assert reports[0].training == {}
        assert reports[5].training["cross_entropy"][0] > 0
        shapes = {r.snapshot.pictures["density"].shape for r in reports if r.snapshot}
        assert shapes == {(flow.GRID[1],)}
        assert [r.step for r in reports if r.snapshot and r.snapshot.weights] == [30]

    def test_a_picture_is_of_the_density(self):
        """
        Its cells sum to the mass that is in sight.
        """
        first = next(flow.train(SHORT, flow.load(SHORT)))
        axis = flow.picture_axis(2)
        density = first.snapshot.pictures["density"]

        assert density.shape == (flow.GRID[2] ** 2,)
        assert 0.5 < density.sum() * (axis[1] - axis[0]) ** 2 <= 1

    def test_a_training_that_breaks_says_what_to_change(self):
        """
        In a sentence for the page.
        """
        config = DensityConfig(steps=60, samples=50, learning_rate=1.0, layers=8, width=64)
        data = flow.load(config)
        data.seen[0] = np.inf
        with pytest.raises(ArithmeticError, match=r"lower the peak learning rate .now 1. and"):
            list(flow.train(config, data))

    def test_a_checkpoint_of_another_config_is_refused(self):
        """
        With the shapes.
        """
        checkpoint = next(flow.train(SHORT, flow.load(SHORT))).checkpoint()
        with pytest.raises(ValueError, match="`resume` must hold `parameters` of shape"):
            next(flow.train(LINE, flow.load(LINE), resume=checkpoint))


def test_looks_are_few():
    """
    About sixty in six hundred steps, and the last step is one.
    """
    looks = [step for step in range(601) if flow.is_look(step, 600)]

    assert len(looks) < 70
    assert looks[-1] == 600
    assert flow.is_look(599, 599)
