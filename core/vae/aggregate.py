r"""All codes of all images together, against the prior that samples are drawn from.

The aggregate posterior of N images is the even mixture of their code distributions,

$$p(z) = \frac1N \sum_i p(z|x_i),$$

and the rate of those images falls into two parts,

$$R = I(x; z) + \mathrm{KL}[p(z); q(z)], \qquad I(x; z) \le \ln N.$$

Training brings R down, and with it the sum of the two; it does not say which of them. Here p is
the real world and the encoder, q the dream world: the reverse of most papers.

References:
    Hoffman & Johnson, ELBO surgery (2016).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.vae.closed_form import rate_by_dimension

__all__ = ["Surgery", "draw", "gaps", "log_density", "log_prior", "surgery"]


@dataclass(frozen=True, slots=True)
class Surgery:
    """The rate of some images, taken apart. All in nats per image.

    Attributes:
        images: How many images (N).
        rate: Their rate R, in closed form.
        information: I(x; z), how much a code says of which of the N images it belongs to.
        kl: KL of the aggregate posterior from the prior, R - I.
        standard_error: Of `information` and of `kl`, for the codes that happened to be drawn;
            the images are taken as they are.
        ceiling: ln N, which `information` cannot pass.
    """

    images: int
    rate: float
    information: float
    kl: float
    standard_error: float
    ceiling: float


def draw(
    mean: Float[np.ndarray, "example latent"],
    log_var: Float[np.ndarray, "example latent"],
    draws: int,
    seed: int,
) -> Float[np.ndarray, "draw example latent"]:
    """Codes of every image, drawn from its p(z|x).

    Args:
        mean: Encoder means.
        log_var: Encoder log-variances.
        draws: How many codes for each image.
        seed: Of the noise.
    """
    noise = np.random.default_rng(seed).standard_normal((draws, *mean.shape))
    return mean + np.exp(0.5 * log_var.astype(np.float64)) * noise


def log_density(
    mean: Float[np.ndarray, "example latent"],
    log_var: Float[np.ndarray, "example latent"],
    z: Float[np.ndarray, "code latent"],
) -> Float[np.ndarray, " code"]:
    """Log of the aggregate posterior's density at some codes, in nats.

    Args:
        mean: Encoder means of the images.
        log_var: Their log-variances.
        z: Where.

    Example:
        >>> one = np.zeros((1, 1))
        >>> log_density(one, one, one).round(4)  # a single standard Gaussian at its mode
        array([-0.9189])
    """
    mean, log_var = mean.astype(np.float64), log_var.astype(np.float64)
    normaliser = 0.5 * (log_var + math.log(2 * math.pi)).sum(-1)
    precision = np.exp(-0.5 * log_var)
    found = np.empty(len(z))
    rows = max(1, _ROOM // max(1, len(mean)))
    for start in range(0, len(z), rows):
        part = z[start : start + rows].astype(np.float64)
        exponent = np.zeros((len(part), len(mean)))
        for dim in range(mean.shape[1]):  # differences first: what is far apart stays exact
            exponent += np.square((part[:, dim, None] - mean[:, dim]) * precision[:, dim])
        log_each = -0.5 * exponent - normaliser
        most = log_each.max(-1)
        total = np.exp(log_each - most[:, None]).sum(-1)
        found[start : start + rows] = most + np.log(total) - math.log(len(mean))
    return found


_ROOM = 1 << 18
"""Pairs of a code and an image that are worked on at once: what stays close to a core."""


def log_prior(z: Float[np.ndarray, "code latent"]) -> Float[np.ndarray, " code"]:
    """Log of the prior's density N(0, I) at some codes, in nats.

    Args:
        z: Where.
    """
    return -0.5 * (z.astype(np.float64) ** 2 + math.log(2 * math.pi)).sum(-1)


def surgery(
    mean: Float[np.ndarray, "example latent"],
    log_var: Float[np.ndarray, "example latent"],
    z: Float[np.ndarray, "draw example latent"],
) -> Surgery:
    r"""Take the rate of some images apart: information about them, and a mismatch of the codes.

    Of every code $z$ of an image $x_i$ the term $\log p(z|x_i) - \log p(z)$ is measured. It never
    passes $\ln N$, for $p(z) \ge p(z|x_i) / N$, and its mean is $I(x; z)$. What is left of the
    rate, which has a closed form, is the KL. The standard error is that of a mean over draws,
    image by image.

    Args:
        mean: Encoder means.
        log_var: Encoder log-variances.
        z: Codes drawn from p(z|x) of each image, at least two for each.

    Raises:
        ValueError: If there are fewer than two draws.
    """
    draws, images, latent = z.shape
    if draws < 2:
        raise ValueError(f"`z` must hold at least two draws for each image, got {draws}.")
    mean, log_var = mean.astype(np.float64), log_var.astype(np.float64)
    own = -0.5 * ((z - mean) ** 2 * np.exp(-log_var) + log_var + math.log(2 * math.pi)).sum(-1)
    all_codes = log_density(mean, log_var, z.reshape(-1, latent)).reshape(draws, images)
    terms = own - all_codes
    error = math.sqrt(float((terms.var(0, ddof=1) / draws).mean()) / images)
    total, information = (
        float(rate_by_dimension(mean, log_var).sum(-1).mean()),
        float(terms.mean()),
    )
    return Surgery(images, total, information, total - information, error, math.log(images))


def gaps(
    mean: Float[np.ndarray, "example latent"],
    log_var: Float[np.ndarray, "example latent"],
    *,
    draws: int,
    keep: int,
    apart: float,
    seed: int,
) -> tuple[Float[np.ndarray, "kept latent"], Float[np.ndarray, " kept"]]:
    """Draws of the prior that the codes of images leave emptiest, the emptiest first.

    Args:
        mean: Encoder means of the images.
        log_var: Their log-variances.
        draws: How many codes are drawn from the prior.
        keep: How many of them to give back, at most.
        apart: How far each of these lies from the others, at least, so that they are not all
            from one hole.
        seed: Of the draws.

    Returns:
        The codes, and for each log q(z) - log p(z): nats by which the prior is denser there
        than the aggregate posterior.
    """
    z = np.random.default_rng(seed).standard_normal((draws, mean.shape[1]))
    missing = log_prior(z) - log_density(mean, log_var, z)
    emptiest: list[int] = []
    for place in np.argsort(-missing, kind="stable"):
        if len(emptiest) == keep:
            break
        if not emptiest or np.linalg.norm(z[emptiest] - z[place], axis=-1).min() >= apart:
            emptiest.append(int(place))
    return z[emptiest], missing[emptiest]
