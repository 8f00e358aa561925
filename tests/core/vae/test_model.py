"""Catches weights that end up in the wrong layer, and members of a stack that are not alike."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.vae import model
from core.vae.config import TrainConfig

ARCHITECTURES = [(), (16,), (24, 12)]
LIKELIHOODS = ["bernoulli_grey", "gaussian_learned"]


@pytest.fixture(autouse=True)
def seeded():
    """
    Draws without a generator of their own are the same in every run of the tests.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def drawn(config, seed=1):
    """
    Weights that differ from member to member, in float64.
    """
    generator = torch.Generator().manual_seed(seed)
    flat = torch.randn(model.flat_size(config), generator=generator, dtype=torch.float64)
    return model.named(config, flat / 4)


def by_torch(parameters, part, member):
    """
    The same layers as torch's own modules: an independent encoder or decoder.
    """
    names = [name.removesuffix(".weight") for name in parameters if name.endswith("weight")]
    layers = []
    for name in (name for name in names if name.startswith(part)):
        weight = parameters[f"{name}.weight"][member]
        weight = weight if name == "heads" else weight.T
        layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(parameters[f"{name}.bias"][member])
        layers += [layer, nn.ReLU()]
    return layers


@pytest.mark.parametrize("hidden", ARCHITECTURES)
class TestEncodeAndDecode:
    def test_agree_with_torch(self, hidden):
        """
        Each member computes what torch's own layers compute with its weights.
        """
        config = TrainConfig(hidden=hidden, latent_dim=3, betas=(1.0, 1.0))
        parameters = drawn(config)
        x = torch.rand(1, 5, 64, dtype=torch.float64)
        z = torch.randn(1, 5, 3, dtype=torch.float64)

        mean, log_var = model.encode(parameters, x)
        output = model.decode(parameters, z)

        for member in range(2):
            encoder = by_torch(parameters, "encoder", member)
            heads = nn.Sequential(*encoder, *by_torch(parameters, "heads", member)[:-1])
            expected_mean, expected_log_var = heads(x[0]).chunk(2, dim=-1)
            torch.testing.assert_close(mean[member], expected_mean)
            torch.testing.assert_close(log_var[member], expected_log_var)
            decoder = nn.Sequential(*by_torch(parameters, "decoder", member)[:-1])
            torch.testing.assert_close(output[member], decoder(z[0]))

    def test_know_no_neighbours(self, hidden):
        """
        A member of a stack says what it would say alone, of images of its own or shared ones.
        """
        config = TrainConfig(hidden=hidden, betas=(1.0,) * 3)
        parameters = drawn(config)
        x = torch.rand(3, 4, 64, dtype=torch.float64)
        together = model.encode(parameters, x)
        decoded = model.decode(parameters, together[0])

        for member in range(3):
            own = slice(member, member + 1)
            alone = {name: weights[own] for name, weights in parameters.items()}
            for part, whole in zip(model.encode(alone, x[own]), together, strict=True):
                torch.testing.assert_close(part, whole[own])
            torch.testing.assert_close(model.decode(alone, together[0][own]), decoded[own])
            shared = model.encode(parameters, x[own])[0]
            torch.testing.assert_close(shared[own], together[0][own])


class TestSample:
    def test_agrees_with_torch(self, rng):
        """
        With the same noise, torch's Gaussian draws the same codes.
        """
        mean, log_var, noise = torch.tensor(rng.normal(size=(3, 2, 5, 4)))

        z = model.sample(mean, log_var, noise)

        expected = torch.distributions.AffineTransform(mean, log_var.exp().sqrt())(noise)
        torch.testing.assert_close(z, expected)

    def test_has_the_encoder_s_moments(self):
        """
        Many codes of one image have its mean and variance, to within six standard errors.
        """
        count = 200_000
        mean = torch.tensor([[[1.0, -2.0]]], dtype=torch.float64)
        log_var = torch.tensor([[[0.5, -3.0]]], dtype=torch.float64)
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn((1, count, 2), generator=generator, dtype=torch.float64)

        z = model.sample(mean.expand(1, count, 2), log_var.expand(1, count, 2), noise)

        variance = log_var[0, 0].exp()
        off_mean = (z.mean(1)[0] - mean[0, 0]).abs() / (variance / count).sqrt()
        off_variance = (z.var(1)[0] - variance).abs() / (variance * (2 / count) ** 0.5)
        assert (off_mean < 6).all()
        assert (off_variance < 6).all()


class TestNames:
    @settings(deadline=None, max_examples=30)
    @given(
        st.lists(st.integers(1, 9), max_size=4).map(tuple),
        st.integers(1, 5),
        st.integers(1, 3),
        st.sampled_from(LIKELIHOODS),
    )
    def test_cover_the_flat_array_once(self, hidden, latent, members, likelihood):
        """
        Every number of the flat array has exactly one name, and a config counts them right.
        """
        config = TrainConfig(
            hidden=hidden, latent_dim=latent, betas=(1.0,) * members, likelihood=likelihood
        )
        flat = torch.zeros(model.flat_size(config))

        for weights in model.named(config, flat).values():
            weights += 1

        assert len(flat) == members * config.parameter_count
        assert (flat == 1).all()

    def test_are_in_the_order_of_the_layers(self):
        """
        Data flow through the weights in the order in which they are listed.
        """
        assert list(model.shapes(TrainConfig(hidden=(8, 4), likelihood="gaussian_learned"))) == [
            f"{name}.{kind}"
            for name in ("encoder.0", "encoder.1", "heads", "decoder.0", "decoder.1", "decoder.2")
            for kind in ("weight", "bias")
        ] + ["log_scale"]


class TestInitialParameters:
    def test_are_alike_for_all_members(self):
        """
        Members start from the same weights, so that only their betas tell them apart.
        """
        config = TrainConfig(betas=(0.5, 1.0, 2.0), hidden=(8,))
        flat = model.initial_parameters(config, torch.zeros(64))

        for weights in model.named(config, flat).values():
            assert (weights == weights[:1]).all()

    def test_do_not_depend_on_the_company(self):
        """
        A single model starts where the members of a stack start.
        """
        single, stack = (TrainConfig(betas=(1.0,) * members) for members in (1, 3))
        alone, together = (
            model.named(config, model.initial_parameters(config, torch.zeros(64)))
            for config in (single, stack)
        )

        for name, weights in alone.items():
            assert torch.equal(weights, together[name][:1])

    def test_follow_the_seed(self):
        """
        One seed gives one model, another seed another one.
        """
        first, again, other = (
            model.initial_parameters(TrainConfig(seed=seed), torch.zeros(64)) for seed in (7, 7, 8)
        )

        assert torch.equal(first, again)
        assert not torch.equal(first, other)

    def test_leave_other_random_numbers_alone(self):
        """
        Drawing weights takes nothing from the generators that everybody shares.
        """
        torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002

        model.initial_parameters(TrainConfig(), torch.zeros(64))

        assert torch.equal(torch.get_rng_state(), torch_before)
        assert (np.random.get_state()[1] == numpy_before).all()  # noqa: NPY002

    @pytest.mark.parametrize("hidden", ARCHITECTURES)
    def test_fill_their_range(self, hidden):
        """
        Weights and biases are uniform between plus and minus one over the root of the inputs.
        """
        config = TrainConfig(hidden=hidden, latent_dim=4)
        parameters = model.named(config, model.initial_parameters(config, torch.zeros(64)))
        widths = [64, *hidden, 4, *reversed(hidden), 64]
        bounds = [width**-0.5 for width in widths[:-1]]
        kinds = [name for name in parameters if name.endswith("weight")]

        for name, bound in zip(kinds, bounds, strict=True):
            weights = parameters[name]
            assert weights.abs().max() <= bound
            assert weights.abs().max() > 0.9 * bound
            error = bound / 3**0.5 / weights.numel() ** 0.5
            assert abs(weights.mean()) < 6 * error

    def test_start_at_the_average_image(self):
        """
        The last bias and the scale are what the caller says, for every member.
        """
        config = TrainConfig(betas=(1.0, 1.0), likelihood="gaussian_learned", hidden=())
        average = torch.linspace(0, 1, 64)
        parameters = model.named(config, model.initial_parameters(config, average, -1.5))

        assert (parameters["decoder.0.bias"] == average).all()
        assert (parameters["log_scale"] == -1.5).all()


def test_weights_have_one_shape_per_name():
    """
    Shapes chain: what one layer puts out, the next one takes.
    """
    found = model.shapes(TrainConfig(hidden=(8, 6), latent_dim=3))
    encoder = [found["encoder.0.weight"], found["encoder.1.weight"], found["heads.weight"][::-1]]
    decoder = [found[f"decoder.{i}.weight"] for i in range(3)]

    for first, second in [*itertools.pairwise(encoder), *itertools.pairwise(decoder)]:
        assert first[1] == second[0]
    assert found["heads.weight"] == (6, 6)
    assert found["decoder.0.weight"][0] == 3
