"""What the decoder's output means: how pixels enter, how probable an image is, how it looks.

A Bernoulli decoder speaks of black and white pixels. Fed with grey ones its distortion is
still a fine objective, but no longer the negative logarithm of a density, and bounds that
need one do not hold for it.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from core.vae.config import Likelihood
from core.vae.pixels import binarised

__all__ = [
    "average_output",
    "binarised",
    "distortion",
    "initial_log_scale",
    "is_bernoulli",
    "mean_image",
]

_FURTHEST_LOGIT = 5.0


def is_bernoulli(likelihood: Likelihood) -> bool:
    """Whether the decoder's outputs are logits rather than means."""
    return likelihood.startswith("bernoulli")


def distortion(
    likelihood: Likelihood,
    x: Float[Tensor, "#member batch data"],
    output: Float[Tensor, "member batch data"],
    log_scale: Float[Tensor, "#member 1"],
) -> Float[Tensor, "member batch"]:
    r"""Nats still needed to send each image once its code is known: -log q(x|z).

    For a Bernoulli decoder with logits $l$ and for a Gaussian one with means $m$ this is

    $$\sum_i \log(1 + e^{l_i}) - x_i l_i, \qquad
      \sum_i \frac{(x_i - m_i)^2}{2\sigma^2} + \log\sigma + \tfrac12 \log 2\pi.$$

    Args:
        likelihood: Noise model of the decoder.
        x: Images as the likelihood sees them: binarised, grey or real-valued.
        output: The decoder's output for each image's code.
        log_scale: Log standard deviation of a Gaussian decoder; a Bernoulli one ignores it.

    Returns:
        A sum over pixels, constants included. It may be negative for a Gaussian decoder,
        whose q(x|z) is a density.

    References:
        Lecture, "Architecture" and "Training loop", step 3 [0:55-1:05].
    """
    if is_bernoulli(likelihood):
        return (functional.softplus(output) - x * output).sum(-1)
    squared_error = (x - output).square().sum(-1)
    normaliser = x.shape[-1] * (log_scale + 0.5 * math.log(2 * math.pi))
    return 0.5 * squared_error * torch.exp(-2 * log_scale) + normaliser


def mean_image(
    likelihood: Likelihood, output: Float[Tensor, "member batch data"]
) -> Float[Tensor, "member batch data"]:
    """The image the decoder expects, pixels from 0 to 1: the lecture's g(z)."""
    return torch.sigmoid(output) if is_bernoulli(likelihood) else output.clamp(0, 1)


def average_output(
    likelihood: Likelihood, average: Float[Tensor, " data"]
) -> Float[Tensor, " data"]:
    """The decoder output that stands for the average image.

    A pixel that is always dark would ask for a logit of minus infinity; it starts at -5.
    """
    if is_bernoulli(likelihood):
        return torch.logit(average).clamp(-_FURTHEST_LOGIT, _FURTHEST_LOGIT)
    return average


def initial_log_scale(pixels: Float[Tensor, "example data"]) -> float:
    """Where a learned scale starts: the spread of the pixels around the average image."""
    variance = pixels.var(0, unbiased=False).mean()
    return 0.5 * math.log(max(float(variance), 1e-6))
