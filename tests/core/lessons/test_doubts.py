"""Mirrors `core/lessons/doubts.py`: the answers hold, for the numbers that are shown with them."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.lessons.doubts import (
    AVERAGED,
    LEAST_RISE,
    RISING,
    Look,
    doubts,
    hidden_beta,
    looks,
    rise,
)
from core.lessons.train import BETAS, PRESETS, config_of
from core.runs.keeper import encode
from core.vae import datasets, training
from core.vae.config import TrainConfig
from core.vae.datasets import DATASETS
from core.vae.objective import objective

histories = st.lists(
    st.tuples(st.floats(-30, 30), st.floats(0, 30), st.sampled_from([0.5, 1.0])), max_size=12
).map(lambda rows: [Look(step, *row) for step, row in enumerate(rows)])


def batches_of(preset, size=7):
    """
    What the store keeps of a preset's training, in batches of a few reports.
    """
    config = config_of(PRESETS[preset].choices).resolved(device="cpu", precision="fp32")
    reports = list(training.train(config, datasets.load(config.dataset)))
    numbered = range(0, len(reports), size)
    batches = [
        encode(number + 1, [(0.0, report) for report in reports[start : start + size]]).body
        for number, start in enumerate(numbered)
    ]
    return reports, batches


class TestHiddenBeta:
    @pytest.mark.parametrize(("pixels", "codes"), [(64, 1), (784, 1), (64, 2), (784, 20)])
    def test_is_the_beta_that_an_average_minimises(self, pixels, codes):
        """
        The averaged loss has the slope of D + beta R by any weight, divided by the pixels.
        """
        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)

        def terms():
            # any two sums that depend on a weight: over pixels, and over code dimensions
            each_pixel = (weight - torch.arange(pixels).double() / pixels) ** 2
            each_code = (weight + torch.arange(codes).double()) ** 2
            return each_pixel, each_code

        each_pixel, each_code = terms()
        averaged = each_pixel.mean() + each_code.mean()
        expected = torch.autograd.grad(averaged, weight)[0] * pixels

        each_pixel, each_code = terms()
        beta = torch.tensor([hidden_beta(pixels, codes)], dtype=torch.float64)
        ours = objective(each_pixel.sum()[None, None], each_code.sum()[None, None], beta)
        found = torch.autograd.grad(ours.sum(), weight)[0]

        torch.testing.assert_close(found, expected)

    @pytest.mark.parametrize("info", DATASETS.values(), ids=lambda info: info.name)
    def test_can_be_chosen(self, info):
        """
        Whatever images are chosen, the slider has a mark at what their average hides.
        """
        assert hidden_beta(info.side**2) in BETAS
        assert list(BETAS) == sorted(BETAS)

    def test_is_the_beta_of_its_preset(self):
        """
        The preset asks for it on digits, which have 64 pixels.
        """
        assert config_of(PRESETS[AVERAGED].choices).betas == (64.0,)

    def test_is_named_for_the_chosen_images_and_code(self):
        """
        The answer computes with the data set and the code of the controls.
        """
        digits = doubts(TrainConfig(latent_dim=2)).folded[1].answer
        sprites = doubts(TrainConfig(dataset="sprites", latent_dim=20)).folded[1].answer
        single = doubts(TrainConfig(latent_dim=1)).folded[1].answer

        assert "**64**" in digits
        assert "64/2 = **32**" in digits
        assert "**784**" in sprites
        assert "784/20 = **39.2**" in sprites
        assert "code dimensions as well" not in single

    def test_is_recognised_when_it_is_chosen(self):
        """
        A reader who moves beta there is told what it amounts to, and nobody else is.
        """
        assert "β 64" in (doubts(TrainConfig(betas=(64.0,))).beta_note or "")
        assert doubts(TrainConfig(betas=(64.0,), dataset="sprites")).beta_note is None
        assert doubts(TrainConfig()).beta_note is None
        assert doubts(None).beta_note is None


class TestRise:
    @given(histories)
    def test_is_a_rise_of_the_rate_and_a_fall_of_the_objective(self, history):
        """
        Whatever is claimed is true of the two looks it names, under one beta all the while.
        """
        found = rise(history)
        if found is None:
            return
        before, after = history[found.first], history[found.last]

        assert before.step < after.step
        assert after.rate - before.rate == found.rate >= LEAST_RISE
        assert before.objective - after.objective == found.objective > 0
        assert {look.beta for look in history[found.first : found.last + 1]} == {found.beta}

    @given(histories)
    def test_is_the_largest(self, history):
        """
        No two neighbours under one beta show a larger one.
        """
        found = rise(history)
        for before, after in itertools.pairwise(history):
            gain, fall = after.rate - before.rate, before.objective - after.objective
            if before.beta == after.beta and gain >= LEAST_RISE and fall > 0:
                assert found is not None
                assert found.rate >= gain

    def test_compares_no_two_prices(self):
        """
        While beta is being raised the objective is another one at each look.
        """
        assert rise([Look(0, 20.0, 0.0, 0.5), Look(1, 10.0, 5.0, 1.0)]) is None

    @pytest.mark.parametrize(
        ("beta", "objective"),
        [
            (1.0, ":orange[D] + :green[R] fell by 2.00"),
            (0.5, ":orange[D] + 0.5 :green[R] fell by 3.50"),
            (0.0, ":orange[D] fell by 5.00"),
        ],
    )
    def test_is_told_with_the_objective_that_was_trained(self, beta, objective):
        """
        The sentence names steps, nats, and what beta makes of D and R.
        """
        found = rise([Look(5, 20.0, 0.0, beta), Look(1200, 15.0, 3.0, beta)])

        assert found is not None
        assert "from step 5 to step 1,200, :green[R] rose by 3.00 nats" in found.sentence
        assert objective in found.sentence

    def test_is_shown_by_its_preset(self):
        """
        In the preset's run R rises by nats while D + R falls by nats, told from what is stored.
        """
        reports, batches = batches_of(RISING)
        found = doubts(None, batches).rise
        held_out = {r.step: r.held_out for r in reports if r.held_out}

        assert found is not None
        assert found.rate > 2
        assert found.objective > 2
        assert found.beta == 1
        before, after = held_out[found.first], held_out[found.last]
        assert found.rate == pytest.approx(after["rate"][0] - before["rate"][0], abs=1e-5)
        assert found.objective == pytest.approx(
            before["neg_elbo"][0] - after["neg_elbo"][0], abs=1e-4
        )

    def test_is_not_seen_where_the_average_is_taken(self):
        """
        With the beta that a mean over pixels hides the code collapses: the rate goes to zero.
        """
        reports, batches = batches_of(AVERAGED)

        assert reports[-1].held_out["rate"][0] < 0.001
        assert doubts(None, batches).rise is None


class TestLooks:
    def test_reads_nothing_from_nothing(self):
        """
        A run without reports, or with the untrained model only, shows no stretch of training.
        """
        config = TrainConfig().resolved(device="cpu", precision="fp32")
        untrained = next(training.train(config, datasets.load("digits")))

        assert looks([]) == ()
        assert looks([encode(1, [(0.0, untrained)]).body]) == ()

    def test_leaves_out_what_is_no_number(self):
        """
        The store keeps null for what was not finite.
        """
        body = (
            '{"training":{"step":[1,2],"beta":[[1],[1]]},'
            '"held_out":{"step":[1,2],"rate":[[null],[2]],"distortion":[[9],[8]]}}'
        )

        assert looks([body]) == (Look(2, 8.0, 2.0, 1.0),)
