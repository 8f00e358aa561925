"""Catches a bound that bounds nothing, an error bar that is too small, and a result cut short."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal

from core.vae import datasets, evaluation, likelihoods, model
from core.vae.config import Likelihood, TrainConfig
from core.vae.evaluation import (
    DRAWS,
    Estimate,
    evaluate,
    importance_weighted_bound,
    log_weights,
    spread_of_codes,
)
from core.vae.training import seen_by, train

SETTINGS = {
    "bits": TrainConfig(likelihood="bernoulli_static", latent_dim=1, steps=150),
    "numbers": TrainConfig(
        likelihood="gaussian_learned", latent_dim=1, steps=150, learning_rate=5e-3
    ),
    "members": TrainConfig(betas=(0.2, 1.0, 30.0), hidden=(32, 16), latent_dim=4, steps=150),
}


@pytest.fixture(autouse=True)
def seeded():
    """
    Draws without a generator of their own are the same in every run of the tests.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture(scope="module")
def data():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def trained(data):
    """
    Resolved configs with the weights that they end at, by name.
    """
    found = {}
    for name, config in SETTINGS.items():
        config = config.resolved(device="cpu", precision="fp32")
        *_, last = train(config, data)
        found[name] = (config, last.snapshot.weights)
    return found


@pytest.fixture(scope="module")
def results(trained, data):
    """
    What evaluation says in the end of each.
    """
    return {
        name: list(evaluate(config, weights, data))[-1]
        for name, (config, weights) in trained.items()
    }


def in_float64(config, weights):
    """
    The weights as the readable model takes them, with a scale in any case.
    """
    parameters = {name: torch.tensor(values).double() for name, values in weights.items()}
    fixed = torch.full((config.members, 1), math.log(config.scale), dtype=torch.float64)
    return {"log_scale": fixed, **parameters}


def exact_surprise(config, parameters, x):
    """
    -log q(x) of each image for a code of one dimension, by integrating over the code.
    """
    grid = torch.linspace(-9, 9, 3001, dtype=torch.float64)[None, :, None]
    step = float(grid[0, 1, 0] - grid[0, 0, 0])
    output = model.decode(parameters, grid)
    log_prior = Normal(0.0, 1.0).log_prob(grid[0, :, 0])
    surprises = []
    for image in x:
        shown = image.expand(1, grid.shape[1], -1)
        each = likelihoods.distortion(config.likelihood, shown, output, parameters["log_scale"])
        surprises.append(-torch.logsumexp(log_prior - each[0], 0) - math.log(step))
    return torch.stack(surprises)


def bounds_of(result, member=0):
    """
    Value and standard error of each bound of one member.
    """
    estimates = result["bounds"]["estimates"]
    return [(e["value"][member], e["standard_error"][member]) for e in estimates]


class TestBounds:
    @pytest.mark.parametrize("name", ["bits", "numbers"])
    def test_come_down_to_the_integral(self, name, trained, results, data):
        """
        For a one-dimensional code the last bound is -log q(x), integrated numerically.

        Both are averages over the same images, so what is left is the luck of the draws: a
        thousand weights whose spread is measured here give each image's bound a variance of
        var(w) / 1000 and lift it by half as much.
        """
        config, weights = trained[name]
        parameters = in_float64(config, weights)
        x = seen_by(config, data, "test").double()
        exact = float(exact_surprise(config, parameters, x).mean())
        generator = torch.Generator().manual_seed(1)
        variances = []
        for image in x[:60]:
            noise = torch.randn((1, 1000, 1), generator=generator, dtype=torch.float64)
            ratios = log_weights(parameters, config.likelihood, image[None, None], noise)[0]
            variances.append(float(torch.exp(ratios - torch.logsumexp(ratios, 0)).var()) * 1e6)
        lift = np.mean(variances) / 2000
        luck = math.sqrt(np.mean(variances) / 1000 / len(x))

        found, _ = bounds_of(results[name])[-1]

        assert luck < 0.02
        assert exact - 6 * luck < found < exact + 3 * lift + 6 * luck

    @pytest.mark.parametrize("name", ["bits", "numbers"])
    def test_are_bounds_at_every_k(self, name, trained, results, data):
        """
        With few codes the bound lies above the exact value, never below it but by luck.
        """
        config, weights = trained[name]
        x = seen_by(config, data, "test").double()
        exact = float(exact_surprise(config, in_float64(config, weights), x).mean())

        for value, _ in bounds_of(results[name]):
            assert value > exact - 0.05
        assert bounds_of(results[name])[0][0] > exact + 0.02

    @pytest.mark.parametrize("name", SETTINGS)
    def test_tighten_with_more_codes(self, name, results):
        """
        From k = 1 to k = 1000 each bound lies below the last, up to a tenth of its error.

        They share their draws and their images, so their difference is known far better than
        either.
        """
        for member in range(len(results[name]["rate"]["value"])):
            for (loose, error), (tight, _) in itertools.pairwise(bounds_of(results[name], member)):
                assert tight < loose + 0.1 * error

    @pytest.mark.parametrize("name", SETTINGS)
    def test_begin_at_the_negative_elbo(self, name, results):
        """
        With one code the bound is the negative ELBO, whose rate is drawn rather than exact.
        """
        result = results[name]
        for member in range(len(result["rate"]["value"])):
            value, error = bounds_of(result, member)[0]
            assert abs(value - result["neg_elbo"]["value"][member]) < 3 * error

    def test_are_exact_once_the_code_is_the_posterior(self):
        """
        Where the encoder is the exact posterior every weight is q(x), whatever the draw.

        A linear decoder x = w z + noise has a Gaussian posterior that a linear encoder can give.
        """
        w, scale, x = 1.3, 0.6, 0.8
        variance = 1 / (1 + w**2 / scale**2)

        def weight(value):
            return torch.tensor([[[value]]], dtype=torch.float64)

        parameters = {
            "heads.weight": torch.tensor([[[variance * w / scale**2], [0.0]]]).double(),
            "heads.bias": torch.tensor([[0.0, math.log(variance)]]).double(),
            "decoder.0.weight": weight(w),
            "decoder.0.bias": weight(0.0)[0],
            "log_scale": weight(math.log(scale))[0],
        }
        noise = torch.randn(1, 50, 1, dtype=torch.float64)

        found = log_weights(parameters, "gaussian_fixed", weight(x), noise)[0]

        exact = Normal(0.0, math.hypot(w, scale)).log_prob(torch.tensor(x).double())
        torch.testing.assert_close(found, exact.expand(50))

    def test_weigh_what_torch_weighs(self, trained, data):
        """
        The log-weights are log q(x, z) - log p(z|x), written with torch's distributions.
        """
        config, weights = trained["members"]
        parameters = in_float64(config, weights)
        x = seen_by(config, data, "test").double()[None, :1].expand(3, 1, -1).round()
        noise = torch.randn(3, 40, 4, dtype=torch.float64)
        mean, log_var = model.encode(parameters, x)
        encoder = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
        prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
        z = mean + torch.exp(log_var / 2) * noise
        pixels = Independent(Bernoulli(logits=model.decode(parameters, z)), 1)

        found = log_weights(parameters, config.likelihood, x, noise)

        expected = pixels.log_prob(x) + prior.log_prob(z) - encoder.log_prob(z)
        torch.testing.assert_close(found, expected)

    def test_average_weights_not_their_logarithms(self):
        """
        The bound is minus the logarithm of the mean weight, without overflow.
        """
        weights = torch.tensor([0.0, math.log(3.0)])

        assert importance_weighted_bound(weights) == pytest.approx(-math.log(2))
        assert importance_weighted_bound(weights - 5000) == pytest.approx(5000 - math.log(2))
        assert importance_weighted_bound(weights[1:]) == pytest.approx(-math.log(3))

    def test_are_taken_over_the_images_asked_for(self, trained, data):
        """
        The first images are measured, as many as asked for and as there are; none changes another.
        """
        config, weights = trained["bits"]
        *_, few = evaluate(config, weights, data, images=20)
        *_, most = evaluate(config, weights, data, images=10_000)
        *_, all_of_them = evaluate(config, weights, data, images=None)

        assert (few["bounds"]["images"], few["bounds"]["of"]) == (20, 20)
        assert (few["images"], few["images_in_split"]) == (300, 300)
        assert most == all_of_them
        assert most["bounds"]["images"] == 300
        assert bounds_of(few) != bounds_of(most)


class TestTerms:
    @pytest.mark.parametrize("name", SETTINGS)
    def test_agree_with_torch(self, name, trained, results, data):
        """
        D and R over the test split are what torch's distributions say, with other codes drawn.
        """
        config, weights = trained[name]
        parameters = in_float64(config, weights)
        x = seen_by(config, data, "test").double()[None].expand(config.members, -1, -1)
        mean, log_var = model.encode(parameters, x)
        encoder = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
        prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
        rate = torch.distributions.kl_divergence(encoder, prior)
        output = model.decode(parameters, encoder.sample())
        if config.likelihood == "gaussian_learned":
            pixels = Normal(output, parameters["log_scale"].exp()[..., None])
            distortion = -pixels.log_prob(x).sum(-1)
        else:
            distortion = torch.nn.functional.binary_cross_entropy_with_logits(
                output, x, reduction="none"
            ).sum(-1)

        result = results[name]

        for member in range(config.members):
            assert result["rate"]["value"][member] == pytest.approx(
                float(rate[member].mean()), rel=1e-4
            )
            error = result["distortion"]["standard_error"][member]
            found = result["distortion"]["value"][member]
            assert abs(found - float(distortion[member].mean())) < 3 * error
            expected_error = float(distortion[member].std()) / math.sqrt(x.shape[1])
            assert error == pytest.approx(expected_error, rel=0.15)

    @pytest.mark.parametrize("name", SETTINGS)
    def test_add_up(self, name, results):
        """
        The negative ELBO is D + R, and its error is that of the sum, not the sum of the errors.
        """
        result = results[name]
        for d, r, total in zip(
            *(result[term]["value"] for term in ("distortion", "rate", "neg_elbo")), strict=True
        ):
            assert total == pytest.approx(d + r)
        for d, r, total in zip(
            *(result[term]["standard_error"] for term in ("distortion", "rate", "neg_elbo")),
            strict=True,
        ):
            assert abs(d - r) - 1e-9 <= total <= d + r + 1e-9

    @pytest.mark.parametrize("likelihood", Likelihood.__args__)
    def test_say_whether_they_are_about_a_density(self, likelihood, data):
        """
        Only grey pixels under a Bernoulli decoder have no density for D + R to bound.
        """
        config = TrainConfig(likelihood=likelihood).resolved(device="cpu", precision="fp32")
        weights = next(train(config, data)).snapshot.weights

        result = next(evaluate(config, weights, data))

        assert result["is_density"] == (likelihood != "bernoulli_grey")
        assert result["split"] == "test"


class TestActiveUnits:
    def test_tell_a_code_from_a_collapsed_one(self, results):
        """
        Cheap rate keeps units active, dear rate leaves none, and dead ones are known to be dead.
        """
        units = results["members"]["active_units"]

        assert units["value"][0] >= 2
        assert units["value"][2] == 0
        assert units["standard_error"][2] == 0
        for values, count in zip(units["variances"]["value"], units["value"], strict=True):
            assert sum(value > units["threshold"] for value in values) == count

    @pytest.mark.parametrize(
        "draw",
        [
            lambda rng, size: rng.normal(3, 1, size),
            lambda rng, size: rng.laplace(0, 1, size),
            lambda rng, size: rng.uniform(-1, 1, size),
        ],
        ids=["normal", "heavy tails", "no tails"],
    )
    def test_know_how_well_a_variance_is_known(self, draw, rng):
        """
        The standard error of a variance is what repetition shows, whatever the tails.
        """
        samples = [draw(rng, (300, 8)).astype(np.float32) for _ in range(150)]
        spreads = [spread_of_codes(sample) for sample in samples]
        variances = np.array([spread.variance for spread in spreads])
        claimed = np.sqrt(np.mean(np.array([s.standard_error for s in spreads]) ** 2))

        assert claimed == pytest.approx(variances.std(), rel=0.1)
        assert variances == pytest.approx(
            np.array([sample.var(0, ddof=1) for sample in samples]), rel=1e-5
        )

    def test_know_how_well_a_count_is_known(self, rng):
        """
        The bootstrap error of a count of units at the threshold is what repetition shows.

        At the threshold a unit is active as often as not. The bootstrap re-draws around what was
        drawn, so that its own average lies below the truth of one half by about a third.
        """
        samples = [rng.normal(0, 0.1, (300, 20)).astype(np.float32) for _ in range(100)]
        spreads = [spread_of_codes(sample) for sample in samples]
        shown = np.std([spread.active for spread in spreads])
        claimed = np.mean([spread.active_error for spread in spreads])

        assert shown == pytest.approx(math.sqrt(20) / 2, rel=0.25)
        assert 0.7 * shown < claimed < 1.1 * shown

    def test_are_sure_far_from_the_threshold(self, rng):
        """
        Units that are clearly active or clearly dead leave no doubt about their number.
        """
        means = rng.normal(size=(200, 5)) * np.array([1, 1, 1, 1e-3, 0])

        spread = spread_of_codes(means.astype(np.float32))

        assert (spread.active, spread.active_error) == (3, 0.0)
        assert spread.variance[-1] == 0

    def test_do_not_mind_where_the_codes_are(self, rng):
        """
        Moving all codes far away changes no variance but by rounding.
        """
        means = rng.normal(size=(200, 3)).astype(np.float32)

        near, far = spread_of_codes(means), spread_of_codes(means + np.float32(1000))

        assert far.variance == pytest.approx(near.variance, rel=1e-3)
        assert far.standard_error == pytest.approx(near.standard_error, rel=1e-2)


class TestResults:
    @pytest.mark.parametrize("name", SETTINGS)
    def test_repeat_exactly(self, name, trained, results, data):
        """
        Equal weights give equal numbers, and take random numbers from nobody.
        """
        before = torch.get_rng_state()

        *_, again = evaluate(*trained[name], data)

        assert again == results[name]
        assert torch.equal(torch.get_rng_state(), before)

    @pytest.mark.parametrize("name", SETTINGS)
    def test_are_json(self, name, results):
        """
        A result survives JSON text as it is, without NaN.
        """
        assert json.loads(json.dumps(results[name], allow_nan=False)) == results[name]

    def test_say_everything_once_all_is_measured(self, results):
        """
        The last result has every quantity, with an entry per member.
        """
        result = results["members"]

        assert list(result) == [
            *("split", "images", "images_in_split", "is_density"),
            *("distortion", "rate", "neg_elbo", "active_units", "bounds"),
        ]
        assert result["bounds"]["draws"] == list(DRAWS)
        estimates = [result[name] for name in ("distortion", "rate", "neg_elbo", "active_units")]
        for estimate in [*estimates, *result["bounds"]["estimates"]]:
            assert len(estimate["value"]) == len(estimate["standard_error"]) == 3
        variances = result["active_units"]["variances"]
        assert np.shape(variances["value"]) == np.shape(variances["standard_error"]) == (3, 4)

    def test_grow_without_changing_their_end(self, trained, results, data, monkeypatch):
        """
        However often results are asked for, each knows no less, and the last is the same.
        """
        monkeypatch.setattr(evaluation, "_PIECE", 1)
        config, weights = trained["members"]

        steps = list(evaluate(config, weights, data))

        assert len(steps) > 3 * 300
        assert steps[-1] == results["members"]
        for first, second in itertools.pairwise(steps):
            assert first["images"] <= second["images"]
            assert first.keys() <= second.keys()
            if "bounds" in first:
                assert first["bounds"]["images"] <= second["bounds"]["images"]

    def test_do_not_depend_on_the_room(self, trained, data, monkeypatch):
        """
        With room for fifty images at a time the numbers are the same, to within rounding.
        """
        config, weights = trained["members"]
        *_, expected = evaluate(config, weights, data, images=3)
        monkeypatch.setattr(evaluation, "_ROOM", 50 * 64 * 4)

        *_, found = evaluate(config, weights, data, images=3)

        for name in ("distortion", "rate", "neg_elbo"):
            assert found[name]["value"] == pytest.approx(expected[name]["value"])
        for member in range(3):
            for one, other in zip(
                bounds_of(found, member), bounds_of(expected, member), strict=True
            ):
                assert one == pytest.approx(other, rel=1e-5)

    def test_are_those_of_each_member_alone(self, trained, results, data):
        """
        A member of a stack is worth what its weights are worth alone.
        """
        config, weights = trained["members"]
        for member, beta in enumerate(config.betas):
            alone = dataclasses.replace(config, betas=(beta,))
            own = {name: values[member : member + 1] for name, values in weights.items()}
            *_, single = evaluate(alone, own, data)

            for name in ("distortion", "rate", "neg_elbo", "active_units"):
                for part in ("value", "standard_error"):
                    expected = results["members"][name][part][member]
                    assert single[name][part][0] == pytest.approx(expected, rel=1e-5)
            for found, expected in zip(
                bounds_of(single), bounds_of(results["members"], member), strict=True
            ):
                assert found == pytest.approx(expected, rel=1e-5)

    def test_come_first_with_all_terms(self, trained, data):
        """
        For a small model the first result already holds D, R and their sum over all images.
        """
        first = next(evaluate(*trained["bits"], data))

        assert first["images"] == first["images_in_split"] == 300
        assert "neg_elbo" in first
        assert "bounds" not in first

    def test_write_what_is_not_finite_as_nothing(self):
        """
        JSON has no infinity.
        """
        estimate = Estimate((math.inf, 1.0), (math.nan, 0.5))

        assert estimate.to_json() == {"value": [None, 1.0], "standard_error": [None, 0.5]}


class TestRefusals:
    @pytest.mark.parametrize("images", [0, 1, -5, True])
    def test_want_two_images_for_an_error(self, images, trained, data):
        """
        One image has no spread, so there is no standard error to give.
        """
        with pytest.raises(ValueError, match=f"`images` must be .* got {images!r}"):
            next(evaluate(*trained["bits"], data, images=images))

    def test_name_the_weight_that_does_not_fit(self, trained, data):
        """
        Weights of another model, or with one missing, are refused by name.
        """
        config, weights = trained["bits"]
        cut = weights | {"heads.weight": weights["heads.weight"][:, :, 1:]}
        without = {name: values for name, values in weights.items() if name != "decoder.0.bias"}

        with pytest.raises(ValueError, match=r"`weights` must hold `heads.weight` of shape \("):
            next(evaluate(config, cut, data))
        with pytest.raises(ValueError, match=r"`decoder.0.bias` of shape .*, got None"):
            next(evaluate(config, without, data))

    def test_take_weights_in_any_order(self, trained, results, data):
        """
        A file may list the weights in an order of its own.
        """
        config, weights = trained["members"]
        backwards = dict(reversed(weights.items()))

        *_, last = evaluate(config, backwards, data)

        assert last == results["members"]
