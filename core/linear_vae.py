r"""The VAE that can be solved: a linear encoder, a linear decoder, Gaussian data.

Data with covariance eigenvalues $\lambda_i$ are sent through $k$ code dimensions to a decoder
$q(x|z) = N(Wz + c, \sigma^2 I)$. The best encoder and decoder at a given beta serve each principal
direction by itself and fill water up to the level $\beta\sigma^2$: a direction whose variance
does not stand out of the water is left to the noise, the others are sent so precisely that what
is lost of them is just the water. Everything is in nats per example.

Here p is the real world and the encoder, q the dream world (prior and decoder): the reverse of
most papers.

References:
    Lecture, "Splitting into terms" [0:40-0:55] and "The beta-VAE and the rate-distortion
    tradeoff" [1:05-1:10].
    Lucas, Tucker, Grosse & Norouzi, Don't Blame the ELBO! (2019).
    Cover & Thomas, Elements of Information Theory, section 10.3.3 (reverse water-filling).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from core.divergence import multivariate_gaussian_kl

__all__ = [
    "LinearVAE",
    "active_latents",
    "best_scale",
    "distortion",
    "entropy",
    "gaussian_kl",
    "rate",
]


# -- The optimum in numbers ---------------------------------------------------------------


def active_latents(
    eigenvalues: Float[np.ndarray, " data"], *, beta: float, scale: float, latent_dim: int
) -> Bool[np.ndarray, " data"]:
    r"""Which principal directions of the data the best code carries: $\lambda_i > \beta\sigma^2$.

    Args:
        eigenvalues: Variances of the data along their principal directions, largest first.
        beta: Nats of distortion one nat of rate is worth; positive.
        scale: Standard deviation of the decoder's noise.
        latent_dim: Code dimensions. Only as many directions can be carried.
    """
    _require_spectrum(eigenvalues, latent_dim)
    above = eigenvalues > _level(beta, scale)
    return above & (np.arange(len(eigenvalues)) < latent_dim)


def rate(
    eigenvalues: Float[np.ndarray, " data"], *, beta: float, scale: float, latent_dim: int
) -> float:
    r"""Nats that the best linear VAE spends on each code.

    $$R(\beta) = \sum_{\text{active } i} \tfrac12 \log \frac{\lambda_i}{\beta\sigma^2}.$$

    The arguments are those of `active_latents`.

    Example:
        >>> spectrum = np.array([4, 2, 1, 0.5, 0.2, 0.1])
        >>> round(rate(spectrum, beta=2.0, scale=0.3**0.5, latent_dim=4), 5)
        1.80596
    """
    active = active_latents(eigenvalues, beta=beta, scale=scale, latent_dim=latent_dim)
    return 0.5 * float(np.log(eigenvalues[active] / _level(beta, scale)).sum())


def distortion(
    eigenvalues: Float[np.ndarray, " data"], *, beta: float, scale: float, latent_dim: int
) -> float:
    r"""Nats that the best linear VAE still needs for an example once its code is known.

    $$D(\beta) = \frac1{2\sigma^2} \Bigl[\sum_{i \le k} \min(\lambda_i, \beta\sigma^2)
        + \sum_{i > k} \lambda_i\Bigr] + \frac n2 \log 2\pi\sigma^2.$$

    Along the curve $dD/dR = -\beta$. The arguments are those of `active_latents`.

    Example:
        >>> spectrum = np.array([4, 2, 1, 0.5, 0.2, 0.1])
        >>> round(distortion(spectrum, beta=2.0, scale=0.3**0.5, latent_dim=4), 5)
        6.23505
    """
    active = active_latents(eigenvalues, beta=beta, scale=scale, latent_dim=latent_dim)
    lost = np.where(active, _level(beta, scale), eigenvalues)
    return float(lost.sum()) / (2 * scale**2) + _normaliser(len(eigenvalues), scale)


def best_scale(eigenvalues: Float[np.ndarray, " data"], *, beta: float, latent_dim: int) -> float:
    r"""The decoder noise at which the optimum of $D + \beta R$ is lowest.

    $$\sigma^2 = \frac{\sum_{\text{inactive } i} \lambda_i}{n - \beta \cdot |\text{active}|}.$$

    At beta one with all latents active it is the mean of the eigenvalues left out. Which latents
    are active depends on the scale in turn. Letting latents in one by one, while the next still
    stands out of the water, finds the only scale for which both hold: each step lowers the water,
    and the optimum is convex in $\log\sigma$.

    Args:
        eigenvalues: Variances of the data along their principal directions, largest first.
        beta: Nats of distortion one nat of rate is worth; positive.
        latent_dim: Code dimensions.

    Raises:
        ValueError: If no scale is best, because nothing is left for the noise to explain.

    Example:
        >>> spectrum = np.array([4, 2, 1, 0.5, 0.2, 0.1])
        >>> round(best_scale(spectrum, beta=1.0, latent_dim=4) ** 2, 5)
        0.15
    """
    _require_spectrum(eigenvalues, latent_dim)
    _level(beta, 1.0)
    count = len(eigenvalues)
    variance = eigenvalues.mean()
    for active in range(1, latent_dim + 1):
        if eigenvalues[active - 1] <= beta * variance:
            break
        inactive = eigenvalues[active:].sum()
        if inactive <= 0:
            raise ValueError(
                "`latent_dim` must leave some variance to the noise, got "
                f"{latent_dim} for {np.count_nonzero(eigenvalues)} directions that vary."
            )
        variance = inactive / (count - beta * active)
    return math.sqrt(variance)


# -- Any linear VAE -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearVAE:
    r"""A linear VAE for data that are centred, with every term of its objective exact.

    The encoder is $p(z|x) = N(Ax, \mathrm{diag}(v))$, the decoder $q(x|z) = N(Wz, \sigma^2 I)$.

    Attributes:
        encoder: A, which makes the code's mean from an example.
        code_variance: v, the same for all examples.
        decoder: W, which makes the example's mean from a code.
        scale: Standard deviation of the decoder's noise.
    """

    encoder: Float[np.ndarray, "latent data"]
    code_variance: Float[np.ndarray, " latent"]
    decoder: Float[np.ndarray, "data latent"]
    scale: float

    @classmethod
    def optimal(
        cls,
        covariance: Float[np.ndarray, "data data"],
        *,
        beta: float,
        scale: float,
        latent_dim: int,
    ) -> "LinearVAE":
        r"""The best linear VAE for data of this covariance, one latent for each direction $u_i$.

        $$W_i = \sqrt{\lambda_i - \beta\sigma^2}\, u_i, \qquad
          A_i = \frac{W_i^\top}{\lambda_i}, \qquad v_i = \frac{\beta\sigma^2}{\lambda_i}.$$

        A latent that does not stand out of the water ignores its example: $W_i = A_i = 0$ and
        $v_i = 1$. The order and the signs of the latents are free.

        Args:
            covariance: Covariance of the data.
            beta: Nats of distortion one nat of rate is worth; positive.
            scale: Standard deviation of the decoder's noise.
            latent_dim: Code dimensions.
        """
        eigenvalues, directions = np.linalg.eigh(covariance)
        eigenvalues = eigenvalues[::-1].clip(min=0)
        active = active_latents(eigenvalues, beta=beta, scale=scale, latent_dim=latent_dim)
        kept = np.where(active, eigenvalues, _level(beta, scale))[:latent_dim]
        decoder = directions[:, ::-1][:, :latent_dim] * np.sqrt(kept - _level(beta, scale))
        return cls(
            encoder=decoder.T / kept[:, None],
            code_variance=_level(beta, scale) / kept,
            decoder=decoder,
            scale=scale,
        )

    def rate(self, covariance: Float[np.ndarray, "data data"]) -> float:
        r"""Nats spent on codes, $\langle\mathrm{KL}[p(z|x); N(0, I)]\rangle_{p(x)}$."""
        second_moment = np.einsum("ld,de,le->l", self.encoder, covariance, self.encoder)
        v = self.code_variance
        return 0.5 * float((second_moment + v - np.log(v) - 1).sum())

    def distortion(self, covariance: Float[np.ndarray, "data data"]) -> float:
        r"""Nats still needed once the code is known, $\langle-\log q(x|z)\rangle_{p(x,z)}$."""
        missed = np.eye(len(covariance)) - self.decoder @ self.encoder
        error = np.trace(missed @ covariance @ missed.T)
        blur = (self.code_variance * self.decoder**2).sum()
        return float(error + blur) / (2 * self.scale**2) + _normaliser(len(covariance), self.scale)

    def joint_kl(self, covariance: Float[np.ndarray, "data data"]) -> float:
        """KL[p(x,z); q(x,z)], which training brings down at beta one: -H + D + R."""
        return self.distortion(covariance) + self.rate(covariance) - entropy(covariance)

    def marginal_kl(self, covariance: Float[np.ndarray, "data data"]) -> float:
        """KL[p(x); q(x)], which the joint divergence holds down: how good a world the dream is."""
        return gaussian_kl(covariance, self.dreamt_covariance())

    def negative_log_likelihood(self, covariance: Float[np.ndarray, "data data"]) -> float:
        r"""Nats that the dream needs for an example of the real world, $\langle-\log q(x)\rangle$.

        At beta one and at the optimum it equals D + R: the encoder is then the exact posterior.
        """
        dreamt = self.dreamt_covariance()
        surprise = np.trace(np.linalg.solve(dreamt, covariance))
        _, log_det = np.linalg.slogdet(2 * math.pi * dreamt)
        return 0.5 * float(surprise + log_det)

    def dreamt_covariance(self) -> Float[np.ndarray, "data data"]:
        r"""Covariance of what the dream shows: $WW^\top + \sigma^2 I$."""
        return self.decoder @ self.decoder.T + self.scale**2 * np.eye(len(self.decoder))


# -- Gaussian worlds ----------------------------------------------------------------------


def entropy(covariance: Float[np.ndarray, "data data"]) -> float:
    r"""Differential entropy of a Gaussian, $\tfrac12 \log\det 2\pi e\Sigma$.

    It may be negative, and is minus infinity where a direction does not vary at all.
    """
    sign, log_det = np.linalg.slogdet(2 * math.pi * math.e * covariance)
    return 0.5 * float(log_det) if sign > 0 else -math.inf


def gaussian_kl(p: Float[np.ndarray, "data data"], q: Float[np.ndarray, "data data"]) -> float:
    r"""KL[p; q] of two Gaussians with one mean, by their covariances.

    $$\tfrac12 \sum_i (\nu_i - 1 - \log\nu_i),$$

    where $\nu_i$ are the eigenvalues of $q^{-1}p$. No term is negative, so neither is the sum.
    """
    mean = np.zeros(len(p))
    return multivariate_gaussian_kl(mean, p, mean, q)


def _level(beta: float, scale: float) -> float:
    if not 0 < beta < math.inf:
        raise ValueError(f"`beta` must be positive and finite, got {beta}.")
    if not 0 < scale < math.inf:
        raise ValueError(f"`scale` must be positive and finite, got {scale}.")
    return beta * scale**2


def _normaliser(count: int, scale: float) -> float:
    return 0.5 * count * math.log(2 * math.pi * scale**2)


def _require_spectrum(eigenvalues: Float[np.ndarray, " data"], latent_dim: int) -> None:
    if (eigenvalues < 0).any() or (np.diff(eigenvalues) > 0).any():
        raise ValueError("`eigenvalues` must be non-negative and fall, largest first.")
    if not 1 <= latent_dim <= len(eigenvalues):
        raise ValueError(f"`latent_dim` must be from 1 to {len(eigenvalues)}, got {latent_dim}.")
