"""The VAE itself: a Gaussian encoder with two heads, a decoder, and K of each side by side.

K models of one architecture live along a leading axis of every array, so that training one
model and training twelve is the same code. A model is a dictionary of named weights; the
functions here say what it computes. Here p is the real world and the encoder, q the dream
world (prior and decoder): the reverse of most papers.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from core.vae.config import TrainConfig
from core.vae.shapes import shapes

__all__ = [
    "Parameters",
    "decode",
    "encode",
    "flat_size",
    "initial_parameters",
    "named",
    "sample",
    "shapes",
]

Parameters = dict[str, Tensor]
"""Weights by name, each with the members along its first axis."""


def encode(
    parameters: Parameters, x: Float[Tensor, "#member batch data"]
) -> tuple[Float[Tensor, "member batch latent"], Float[Tensor, "member batch latent"]]:
    """The code distribution p(z|x) of each image: a Gaussian, by its mean and log-variance.

    Args:
        parameters: Weights of K members.
        x: Images with pixels from 0 to 1, shared by all members or one set for each.

    Returns:
        Mean and log-variance of every code dimension: the encoder's two heads.
    """
    hidden = x
    for layer in _layers(parameters, "encoder"):
        hidden = _affine(hidden, *_layer(parameters, layer)).relu_()
    weight, bias = _layer(parameters, "heads")
    mean, log_var = _affine(hidden, weight.mT, bias).chunk(2, dim=-1)
    return mean, log_var


def sample(
    mean: Float[Tensor, "member batch latent"],
    log_var: Float[Tensor, "member batch latent"],
    noise: Float[Tensor, "#member batch latent"],
) -> Float[Tensor, "member batch latent"]:
    """A code drawn from p(z|x), as a smooth function of the encoder and of outside noise.

    References:
        Lecture, "Training loop", step 2 [0:55-1:05].
    """
    return mean + torch.exp(log_var / 2) * noise


def decode(
    parameters: Parameters, z: Float[Tensor, "#member batch latent"]
) -> Float[Tensor, "member batch data"]:
    """What the decoder says of each pixel: the logit of a Bernoulli, or the mean of a Gaussian.

    Args:
        parameters: Weights of K members.
        z: Codes, shared by all members or one set for each.

    Returns:
        One number per pixel; `core.vae.likelihoods` turns it into a probability of the image.
    """
    *hidden_layers, last = _layers(parameters, "decoder")
    hidden = z
    for layer in hidden_layers:
        hidden = _affine(hidden, *_layer(parameters, layer)).relu_()
    return _affine(hidden, *_layer(parameters, last))


def _affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.baddbmm(bias[:, None, :], x.expand(len(weight), -1, -1), weight)


def _layer(parameters: Parameters, name: str) -> tuple[Tensor, Tensor]:
    return parameters[f"{name}.weight"], parameters[f"{name}.bias"]


def _layers(parameters: Parameters, part: str) -> list[str]:
    return [
        name.removesuffix(".weight")
        for name in parameters
        if name.startswith(part) and name.endswith(".weight")
    ]


# -- The same weights as one flat array ---------------------------------------------------


def flat_size(config: TrainConfig) -> int:
    """Length of the flat array that holds the weights of all members."""
    return config.members * config.parameter_count


def named(config: TrainConfig, flat: Float[Tensor, " parameter"]) -> Parameters:
    """Views into one flat array, by weight name: what changes in one changes in the other.

    The optimiser sees a single array, so its update of a whole stack of models is one call.
    """
    parameters, start = {}, 0
    for name, shape in shapes(config).items():
        length = config.members * math.prod(shape)
        parameters[name] = flat[start : start + length].view(config.members, *shape)
        start += length
    return parameters


def initial_parameters(
    config: TrainConfig, output_bias: Float[Tensor, " data"], log_scale: float = 0.0
) -> Float[Tensor, " parameter"]:
    """Untrained weights on the CPU, the same for every member, drawn from the config's seed.

    Weights and biases are uniform within one over the square root of a layer's inputs. The
    decoder's last bias starts at the average image, so that no step is spent on learning it.

    Args:
        config: Names the architecture, the members and the seed.
        output_bias: The decoder's output for the average image: its logits or its means.
        log_scale: Initial log standard deviation of a Gaussian decoder that learns it.

    Returns:
        The flat array that `named` gives names to.
    """
    generator = torch.Generator().manual_seed(config.seed)
    flat = torch.empty(flat_size(config))
    fan_in = 1
    for name, weights in named(config, flat).items():
        if name.endswith(".weight"):
            fan_in = weights.shape[2 if name == "heads.weight" else 1]
        bound = 1 / math.sqrt(fan_in)
        weights.copy_(torch.empty(weights.shape[1:]).uniform_(-bound, bound, generator=generator))
    parameters = named(config, flat)
    parameters[f"{_layers(parameters, 'decoder')[-1]}.bias"].copy_(output_bias)
    if "log_scale" in parameters:
        parameters["log_scale"].fill_(log_scale)
    return flat
