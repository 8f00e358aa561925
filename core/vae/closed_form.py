r"""The rate in closed form: what it says, what sampling says, and where its digits are lost.

For a diagonal Gaussian encoder and the prior N(0, I) each code dimension costs

$$\tfrac12 (\mu_j^2 + \sigma_j^2 - \log\sigma_j^2 - 1) \quad \text{nats}.$$

Near the prior $\sigma^2 - \log\sigma^2 - 1$ is a small difference of large numbers, and single
precision loses it. With $s = \log\sigma^2$ it is $\mathrm{expm1}(s) - s$, which keeps most of it.

Here p is the real world and the encoder, q the dream (prior and decoder): the reverse of most
papers.

References:
    Lecture, "Closed-form KL" [0:55-1:05].
"""

import decimal
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

__all__ = [
    "Running",
    "exact_rate",
    "log_ratio",
    "rate_by_dimension",
    "running",
    "textbook_rate_by_dimension",
]


def rate_by_dimension(
    mean: Float[np.ndarray, "*rows latent"], log_var: Float[np.ndarray, "*rows latent"]
) -> Float[np.ndarray, "*rows latent"]:
    """Nats that each code dimension costs a receiver who expects the prior N(0, I).

    Their sum is `core.vae.objective.rate`, computed in the precision of the arguments.

    Args:
        mean: Encoder means.
        log_var: Encoder log-variances.

    Returns:
        Never below zero, and zero exactly where the dimension ignores its input.

    Example:
        >>> rate_by_dimension(np.array([1.0, 0.0]), np.array([0.0, np.log(0.25)])).round(4)
        array([0.5   , 0.3181])
    """
    spread = np.maximum(np.expm1(log_var) - log_var, 0)
    return 0.5 * (np.square(mean) + spread)


def textbook_rate_by_dimension(
    mean: Float[np.ndarray, "*rows latent"], log_var: Float[np.ndarray, "*rows latent"]
) -> Float[np.ndarray, "*rows latent"]:
    """The same as it stands in the textbook, which near the prior subtracts equal numbers.

    Args:
        mean: Encoder means.
        log_var: Encoder log-variances.

    Returns:
        In single precision it may be zero, or negative, where the rate is neither.

    Example:
        >>> near = np.array([1e-4], dtype=np.float32)
        >>> float(textbook_rate_by_dimension(0 * near, near)[0]) < 0
        False
    """
    half = mean.dtype.type(0.5)
    return half * (np.square(mean) + np.exp(log_var) - log_var - 1)


def exact_rate(mean: float, log_var: float) -> float:
    """The rate of one code dimension, worked out with fifty digits and rounded at the end.

    Args:
        mean: The encoder's mean.
        log_var: Its log-variance.

    Example:
        >>> exact_rate(0.0, 1e-8)
        2.5000000083333333e-17
    """
    with decimal.localcontext(decimal.Context(prec=50)):
        m, s = decimal.Decimal(mean), decimal.Decimal(log_var)
        return float((m * m + s.exp() - s - 1) / 2)


def log_ratio(
    mean: Float[np.ndarray, " latent"],
    log_var: Float[np.ndarray, " latent"],
    noise: Float[np.ndarray, "sample latent"],
) -> Float[np.ndarray, " sample"]:
    r"""Weight of evidence that a code drawn by the encoder gives for it against the prior.

    $$\log \frac{p(z|x)}{q(z)} = \tfrac12 \sum_j (z_j^2 - \epsilon_j^2 - \log\sigma_j^2),
      \qquad z_j = \mu_j + \sigma_j \epsilon_j.$$

    Args:
        mean: Encoder means of one image.
        log_var: Its log-variances.
        noise: Standard normal draws, supplied by the caller.

    Returns:
        One number for each code, in nats. Their mean is an unbiased estimate of the rate.

    References:
        Lecture, "KL = expected weight of evidence" [0:05-0:20].
    """
    z = mean + np.exp(log_var / 2) * noise
    return 0.5 * (np.square(z) - np.square(noise) - log_var).sum(-1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Running:
    """An estimate as samples are added.

    Attributes:
        samples: How many have been used.
        estimate: The mean of those.
        standard_error: How far it is off, typically.
    """

    samples: Int[np.ndarray, " point"]
    estimate: Float[np.ndarray, " point"]
    standard_error: Float[np.ndarray, " point"]


def running(values: Float[np.ndarray, " sample"]) -> Running:
    """The mean of the first two, four, ... and of all values, each with its standard error.

    Args:
        values: At least two independent draws.

    Raises:
        ValueError: If there are fewer.

    Example:
        >>> running(np.array([1.0, 3.0, 2.0])).estimate
        array([2., 2.])
    """
    if len(values) < 2:
        raise ValueError(f"`values` must be at least two, got {len(values)}.")
    counts = np.unique([*(2**k for k in range(1, len(values).bit_length())), len(values)])
    counts = counts[counts <= len(values)]
    # A shift by the first value keeps the digits of a small spread around a large mean.
    shifted = values - values[0]
    first = np.cumsum(shifted)[counts - 1] / counts
    second = np.cumsum(np.square(shifted))[counts - 1] / counts
    variance = np.maximum(second - np.square(first), 0) * counts / (counts - 1)
    return Running(
        samples=counts,
        estimate=values[0] + first,
        standard_error=np.sqrt(variance / counts),
    )
