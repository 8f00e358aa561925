"""Catches a likelihood that is not normalised, and pixels that are drawn with a bias."""

import hashlib
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.distributions import Bernoulli, Normal

from core.vae import datasets, likelihoods
from core.vae.config import Likelihood

LIKELIHOODS = Likelihood.__args__
BERNOULLI = [name for name in LIKELIHOODS if name.startswith("bernoulli")]
GAUSSIAN = [name for name in LIKELIHOODS if name.startswith("gaussian")]

unit = arrays(np.float64, (1, 3, 5), elements=st.floats(0, 1))
outputs = arrays(np.float64, (2, 3, 5), elements=st.floats(-30, 30))
on_a_busy_machine = settings(deadline=None, max_examples=30)


def no_scale(dtype=torch.float64):
    return torch.zeros(1, 1, dtype=dtype)


class TestDistortion:
    @pytest.mark.parametrize("likelihood", BERNOULLI)
    @on_a_busy_machine
    @given(unit, outputs)
    def test_agrees_with_torch_on_bits(self, likelihood, x, output):
        """
        For black and white pixels it is torch's negative log-probability, summed over pixels.
        """
        x, output = torch.tensor(x).round(), torch.tensor(output)
        expected = -Bernoulli(logits=output).log_prob(x.expand(2, -1, -1)).sum(-1)

        found = likelihoods.distortion(likelihood, x, output, no_scale())

        torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-7)

    @pytest.mark.parametrize("likelihood", GAUSSIAN)
    @on_a_busy_machine
    @given(unit, outputs, st.floats(-5, 3), st.floats(-5, 3))
    def test_agrees_with_torch_on_numbers(self, likelihood, x, output, first, second):
        """
        For a Gaussian it is torch's negative log-density, with a scale for each member.
        """
        x, output = torch.tensor(x), torch.tensor(output)
        log_scale = torch.tensor([[first], [second]], dtype=torch.float64)
        density = Normal(output, log_scale.exp()[..., None])

        found = likelihoods.distortion(likelihood, x, output, log_scale)

        torch.testing.assert_close(found, -density.log_prob(x.expand(2, -1, -1)).sum(-1))

    @pytest.mark.parametrize("likelihood", BERNOULLI)
    def test_leaves_nothing_out_on_bits(self, likelihood, rng):
        """
        The probabilities of all images of six black and white pixels add up to one.
        """
        images = torch.tensor(list(itertools.product((0.0, 1.0), repeat=6)), dtype=torch.float64)
        output = torch.tensor(rng.normal(scale=3, size=(2, 1, 6))).expand(2, len(images), 6)

        each = likelihoods.distortion(likelihood, images[None], output, no_scale())

        torch.testing.assert_close(torch.exp(-each).sum(-1), torch.ones(2, dtype=torch.float64))

    @pytest.mark.parametrize("likelihood", GAUSSIAN)
    def test_leaves_nothing_out_on_numbers(self, likelihood):
        """
        The density of one real-valued pixel integrates to one.
        """
        grid = torch.linspace(-9, 9, 20_001, dtype=torch.float64)[None, :, None]
        output = torch.full_like(grid, 0.7)
        log_scale = torch.full((1, 1), -0.3, dtype=torch.float64)

        each = likelihoods.distortion(likelihood, grid, output, log_scale)

        assert torch.trapezoid(torch.exp(-each[0]), grid[0, :, 0]).item() == pytest.approx(1)

    def test_is_no_density_on_grey(self):
        """
        On grey pixels a Bernoulli decoder's terms integrate to less than one.

        With logit 0 every grey costs log 2, so the whole range holds one half.
        """
        grey = torch.linspace(0, 1, 10_001, dtype=torch.float64)[None, :, None]
        for logit, mass in [(0.0, 0.5), (3.0, np.expm1(3) / 3 / (1 + np.exp(3)))]:
            output = torch.full_like(grey, logit)
            each = likelihoods.distortion("bernoulli_grey", grey, output, no_scale())
            total = torch.trapezoid(torch.exp(-each[0]), grey[0, :, 0]).item()
            assert total == pytest.approx(mass, rel=1e-6)

    @pytest.mark.parametrize("likelihood", LIKELIHOODS)
    @on_a_busy_machine
    @given(unit)
    def test_is_least_at_the_image_itself(self, likelihood, x):
        """
        No decoder output fits an image better than the one that expects just this image.
        """
        x = torch.tensor(x).clamp(0.01, 0.99)
        log_scale = torch.full((1, 1), -1.0, dtype=torch.float64)
        best = torch.logit(x) if likelihoods.is_bernoulli(likelihood) else x
        other = best + torch.linspace(-0.4, 0.5, 5, dtype=torch.float64)

        at_best = likelihoods.distortion(likelihood, x, best, log_scale)

        assert (likelihoods.distortion(likelihood, x, other, log_scale) >= at_best).all()

    def test_survives_extreme_logits(self):
        """
        A decoder that is sure, and wrong, costs what its logit says and nothing overflows.
        """
        output = torch.tensor([[[1e4, -1e4]]])

        wrong = likelihoods.distortion(
            "bernoulli_static", torch.tensor([[[0.0, 1.0]]]), output, no_scale(torch.float32)
        )
        right = likelihoods.distortion(
            "bernoulli_static", torch.tensor([[[1.0, 0.0]]]), output, no_scale(torch.float32)
        )

        assert (wrong.item(), right.item()) == (2e4, 0.0)


class TestAverageOutput:
    @pytest.mark.parametrize("likelihood", LIKELIHOODS)
    def test_shows_the_average_image(self, likelihood, rng):
        """
        The image that the untrained decoder expects is the average one.
        """
        average = torch.tensor(rng.uniform(0.01, 0.99, 64))

        output = likelihoods.average_output(likelihood, average)

        shown = likelihoods.mean_image(likelihood, output[None, None])[0, 0]
        torch.testing.assert_close(shown, average)

    @pytest.mark.parametrize("likelihood", LIKELIHOODS)
    def test_is_finite_for_pixels_that_never_change(self, likelihood):
        """
        Pixels that are always black or always white start close to that, with finite logits.
        """
        output = likelihoods.average_output(likelihood, torch.tensor([0.0, 1.0]))
        shown = likelihoods.mean_image(likelihood, output[None, None])[0, 0]

        assert torch.isfinite(output).all()
        torch.testing.assert_close(shown, torch.tensor([0.0, 1.0]), rtol=0, atol=0.01)

    @pytest.mark.parametrize("likelihood", LIKELIHOODS)
    @on_a_busy_machine
    @given(outputs)
    def test_images_have_pixels_from_zero_to_one(self, likelihood, output):
        """
        Whatever the decoder says, there is an image to show.
        """
        shown = likelihoods.mean_image(likelihood, torch.tensor(output))

        assert ((shown >= 0) & (shown <= 1)).all()


class TestInitialLogScale:
    def test_is_the_spread_around_the_average(self, rng):
        """
        It is the best scale for a decoder that always shows the average image.
        """
        pixels = torch.tensor(rng.uniform(size=(50, 8)))
        log_scale = likelihoods.initial_log_scale(pixels)
        average = pixels.mean(0).expand(1, 50, 8)

        def cost(log_scale):
            scale = torch.tensor([[log_scale]], dtype=torch.float64)
            return likelihoods.distortion("gaussian_learned", pixels[None], average, scale).mean()

        assert cost(log_scale) < min(cost(log_scale - 0.01), cost(log_scale + 0.01))

    def test_is_finite_for_equal_images(self):
        """
        Images that never differ ask for a scale of zero; it starts at a thousandth.
        """
        assert likelihoods.initial_log_scale(torch.ones(5, 3)) == pytest.approx(np.log(1e-3))


class TestBinarised:
    def test_gives_the_same_images_everywhere(self):
        """
        The test digits in black and white have the checksum they had when they were first drawn.
        """
        data = datasets.load("digits")
        drawn = likelihoods.binarised(data.test.pixels, data.info.levels, "test")

        assert hashlib.sha256(drawn.tobytes()).hexdigest() == GOLDEN

    @pytest.mark.parametrize("levels", [16, 255])
    def test_is_white_as_often_as_the_pixel_is_bright(self, levels):
        """
        Over many draws each grey has its chance of white, to within six standard errors.
        """
        count = 40_000
        greys = np.array([0, 1, levels // 2, levels - 1, levels], np.uint8)
        chance = greys / levels

        found = likelihoods.binarised(np.tile(greys, (count, 1)), levels, "train").mean(0)

        standard_error = np.sqrt(chance * (1 - chance) / count)
        assert (np.abs(found - chance) <= 6 * standard_error).all()

    def test_keeps_black_and_white(self):
        """
        Pixels without ink stay black and pixels full of it white, with no exception.
        """
        pixels = np.repeat(np.array([[0], [255]], np.uint8), 10_000, axis=1)

        drawn = likelihoods.binarised(pixels, 255, "train")

        assert (drawn == (pixels == 255)).all()

    def test_draws_each_split_for_itself(self):
        """
        The same grey images come out differently in two splits, and alike twice in one.
        """
        pixels = np.full((4, 50), 100, np.uint8)
        first, again, other = (
            likelihoods.binarised(pixels, 255, split) for split in ("train", "train", "test")
        )

        assert (first == again).all()
        assert (first != other).any()

    def test_leaves_other_random_numbers_alone(self):
        """
        Drawing takes nothing from the generator that everybody shares.
        """
        before = np.random.get_state()[1].copy()  # noqa: NPY002

        likelihoods.binarised(np.full((4, 50), 100, np.uint8), 255, "train")

        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


GOLDEN = "8b8ec6b5b5b44937bc8531326170e1eeeb7449674994010fd14e64664ad33dcb"
