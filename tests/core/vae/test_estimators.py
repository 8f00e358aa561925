"""Two gradients of one average, and the spread of both: torch, the definition, and their laws."""

import dataclasses

import numpy as np
import pytest
import torch

from core.vae import estimators, likelihoods, model
from core.vae.one_step import gradient, one_step
from tests.core.vae.test_one_step import BATCH, config_of, drawn, log_scale_of

DRAWS = 64


@pytest.fixture(scope="module")
def draws():
    """
    Many draws for a small batch: few enough for a moment, enough for standard errors.
    """
    _, _, hand, x, _ = drawn(config_of())
    return short(hand, x, 20_000)


def short(hand, x, count=DRAWS):
    noise = np.random.default_rng(6).standard_normal((BATCH, count, 3))
    return estimators.draw(hand, x, noise)


def by_autograd(config, parameters, x, noise):
    """
    The slope of one image's D by its heads for one draw, by automatic differentiation.
    """
    mean, log_var = model.encode(parameters, torch.tensor(x)[None])
    heads = torch.cat([mean, log_var], -1).detach().requires_grad_()
    z = model.sample(*heads.chunk(2, -1), torch.tensor(noise)[None])
    d = likelihoods.distortion(
        config.likelihood,
        torch.tensor(x)[None],
        model.decode(parameters, z),
        log_scale_of(config, parameters),
    )
    return torch.autograd.grad(d.sum(), heads)[0][0], d[0].detach()


class TestEstimators:
    @pytest.mark.parametrize("likelihood", ["bernoulli_grey", "gaussian_fixed"])
    def test_the_pathwise_one_is_automatic_differentiation(self, likelihood):
        """
        Draw by draw it is the derivative of the readable model's distortion.
        """
        config = config_of(likelihood)
        _, parameters, hand, x, noise = drawn(config)
        draws = estimators.draw(hand, x, noise[:, None])

        slopes, distortion = by_autograd(config, parameters, x, noise)

        np.testing.assert_allclose(draws.distortion[:, 0], distortion, rtol=1e-11)
        np.testing.assert_allclose(estimators.pathwise(draws)[:, 0], slopes, atol=1e-11)

    def test_the_score_is_that_of_the_encoder(self):
        """
        What weighs D is the derivative of log p(z|x), taken by torch with z held still.
        """
        config = config_of()
        _, parameters, hand, x, noise = drawn(config)
        draws = estimators.draw(hand, x, noise[:, None])
        mean, log_var = model.encode(parameters, torch.tensor(x)[None])
        z = model.sample(mean, log_var, torch.tensor(noise)[None]).detach()
        heads = torch.cat([mean, log_var], -1).detach().requires_grad_()
        mean, log_var = heads.chunk(2, -1)
        log_p = torch.distributions.Normal(mean, torch.exp(log_var / 2)).log_prob(z).sum()

        (score,) = torch.autograd.grad(log_p, heads)

        expected = draws.distortion * score[0].numpy()
        np.testing.assert_allclose(
            estimators.score_function(draws)[:, 0], expected, rtol=1e-9, atol=1e-9
        )

    def test_all_are_right_on_average(self, draws):
        """
        Their means agree within standard errors of their difference, with and without a baseline.
        """
        pathwise = estimators.pathwise(draws)
        for other in (
            estimators.score_function(draws),
            estimators.score_function(draws, baseline=True),
        ):
            gap = other - pathwise
            error = gap.std(1, ddof=1) / np.sqrt(gap.shape[1])
            assert (np.abs(gap.mean(1)) < 5.5 * error).all()

    def test_the_path_scatters_least(self, draws):
        """
        For a decoder that is smooth, the score function is further off, and a baseline helps.
        """

        def spread(values):
            return float(values.var(1, ddof=1).sum())

        path = spread(estimators.pathwise(draws))
        score = spread(estimators.score_function(draws))
        less = spread(estimators.score_function(draws, baseline=True))
        assert path < less < score

    def test_the_baseline_is_that_of_the_other_draws(self):
        """
        A draw's own distortion plays no part in what is taken off it.
        """
        _, _, hand, x, _ = drawn(config_of())
        draws = short(hand, x)
        lifted = dataclasses.replace(draws, distortion=draws.distortion + 100)

        np.testing.assert_allclose(
            estimators.score_function(draws, baseline=True),
            estimators.score_function(lifted, baseline=True),
            atol=1e-7,
        )


class TestSpreads:
    def test_is_what_whole_gradients_say(self):
        """
        Formed one by one from steps of training, the gradients have the same mean and variances.
        """
        _, _, hand, x, _ = drawn(config_of())
        draws = short(hand, x)
        found = estimators.spreads(hand, draws)
        each = np.array(
            [
                [
                    np.concatenate(
                        [
                            v.ravel()
                            for v in gradient(
                                hand, one_step(hand, x[i : i + 1], draws.noise[i, s][None], 0.0)
                            ).values()
                        ]
                    )
                    for s in range(DRAWS)
                ]
                for i in range(BATCH)
            ]
        )

        assert found.samples.tolist() == [1, 2, 4, 8]
        norm = np.linalg.norm(each.mean((0, 1)))
        assert found.gradient_norm == pytest.approx(norm)
        for k, size in enumerate(found.samples):
            dealt = each.reshape(BATCH, DRAWS // size, size, -1).mean(2)
            total = dealt.var(1, ddof=1).sum() / BATCH**2
            assert found.gradient[k] == pytest.approx(np.sqrt(total))
            nats = draws.distortion.reshape(BATCH, DRAWS // size, size).mean(2)
            total = nats.var(1, ddof=1).sum() / BATCH**2
            assert found.distortion[k] == pytest.approx(np.sqrt(total))
        between = each.mean(1).var(0, ddof=1).sum() / BATCH
        assert found.gradient_of_images == pytest.approx(np.sqrt(between))
        between = draws.distortion.mean(1).var(ddof=1) / BATCH
        assert found.distortion_of_images == pytest.approx(np.sqrt(between))

    @pytest.mark.parametrize("count", [4, 12])
    def test_refuses_draws_that_cannot_be_dealt(self, count):
        """
        With the numbers that it got.
        """
        _, _, hand, x, _ = drawn(config_of())
        with pytest.raises(ValueError, match=f"a power of two from 8 on of each, got {count} of"):
            estimators.spreads(hand, short(hand, x, count))

    def test_falls_with_the_root_of_the_draws(self):
        """
        Sixteen times the draws, a quarter of the spread: for D and for its gradient.
        """
        _, _, hand, x, _ = drawn(config_of())
        found = estimators.spreads(hand, short(hand, x, 512))

        for values in (found.distortion, found.gradient):
            assert values[0] / values[4] == pytest.approx(4, rel=0.25)
