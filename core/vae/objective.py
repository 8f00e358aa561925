"""The objective D + beta R, written as the lecture writes it.

This is the readable form: the gradients that train the models are derived by hand in
`core.vae.gradients` and checked against automatic differentiation of these functions.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from core.vae import likelihoods, model
from core.vae.config import Likelihood

__all__ = ["distortion_and_rate", "objective", "rate"]


def rate(
    mean: Float[Tensor, "member batch latent"], log_var: Float[Tensor, "member batch latent"]
) -> Float[Tensor, "member batch"]:
    r"""Nats spent to send each code to a receiver who expects the prior N(0, I).

    $$\mathrm{KL}[p(z|x); q(z)] = \tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - \log\sigma_j^2 - 1)$$

    Args:
        mean: Encoder means.
        log_var: Encoder log-variances.

    Returns:
        A sum over code dimensions. Zero exactly where the code ignores its input, and never
        negative: `expm1(s) - s` keeps the digits that `exp(s) - 1 - s` loses near the prior.

    References:
        Lecture, "Closed-form KL" [0:55-1:05].
        Kingma & Welling, Auto-Encoding Variational Bayes (2014), appendix B.
    """
    spread = (torch.expm1(log_var) - log_var).clamp(min=0)
    return 0.5 * (mean.square() + spread).sum(-1)


def distortion_and_rate(
    parameters: model.Parameters,
    likelihood: Likelihood,
    x: Float[Tensor, "#member batch data"],
    noise: Float[Tensor, "#member batch latent"],
    log_scale: Float[Tensor, "#member 1"],
) -> tuple[Float[Tensor, "member batch"], Float[Tensor, "member batch"]]:
    """The two terms of the negative ELBO for each image, with one code drawn for each.

    Args:
        parameters: Weights of K members.
        likelihood: Noise model of the decoder.
        x: Images as the likelihood sees them.
        noise: Standard normal draws, supplied by the caller.
        log_scale: Log standard deviation of a Gaussian decoder.

    Returns:
        Distortion and rate, in nats. Their sum averages to an upper bound on -log q(x)
        wherever q(x|z) is a density or a probability.

    References:
        Lecture, "Splitting into terms" [0:40-0:55] and "Training loop" [0:55-1:05].
    """
    mean, log_var = model.encode(parameters, x)
    z = model.sample(mean, log_var, noise)
    output = model.decode(parameters, z)
    return likelihoods.distortion(likelihood, x, output, log_scale), rate(mean, log_var)


def objective(
    distortion: Float[Tensor, "member batch"],
    rate: Float[Tensor, "member batch"],
    beta: Float[Tensor, " member"],
) -> Float[Tensor, " member"]:
    """What training brings down: D + beta R, averaged over images.

    References:
        Lecture, "The beta-VAE and the rate-distortion tradeoff" [1:05-1:10].
    """
    return distortion.mean(-1) + beta * rate.mean(-1)
