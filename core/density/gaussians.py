r"""Mixtures of Gaussians on a line or in a plane, which worlds, models and kernels are.

$q(x) = \sum_k \pi_k\, N(x; \mu_k, L_k L_k^\top)$, with $L_k$ lower triangular.

References:
    Lecture, "Warmup: density estimation" [0:25-0:30].
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["Gaussians", "log_sum_exp"]

_LOG_TWO_PI = math.log(2 * math.pi)


def log_sum_exp(terms: Float[np.ndarray, "point part"]) -> Float[np.ndarray, " point"]:
    """Logarithm of the sum over the last axis, without overflow; minus infinity where all are."""
    largest = terms.max(axis=-1)
    finite = np.where(np.isfinite(largest), largest, 0.0)
    above = terms - finite[:, None]
    with np.errstate(divide="ignore"):
        return finite + np.log(np.exp(above, out=above).sum(axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class Gaussians:
    """A mixture of Gaussians.

    Attributes:
        shares: Chance of each part; they sum to one.
        means: Where each part is.
        factors: Lower triangular, the covariance of a part is factor times its transpose.
    """

    shares: Float[np.ndarray, " part"]
    means: Float[np.ndarray, "part data"]
    factors: Float[np.ndarray, "part data data"]

    @staticmethod
    def round(
        means: Float[np.ndarray, "part data"],
        scale: float,
        shares: Float[np.ndarray, " part"] | None = None,
    ) -> "Gaussians":
        """Round parts of one standard deviation, equally likely unless shares are given."""
        count, dims = means.shape
        weights = np.full(count, 1 / count) if shares is None else shares / shares.sum()
        return Gaussians(weights, means, np.tile(scale * np.eye(dims), (count, 1, 1)))

    @property
    def dims(self) -> int:
        """One on a line, two in a plane."""
        return self.means.shape[1]

    @property
    def covariances(self) -> Float[np.ndarray, "part data data"]:
        """The covariance of each part."""
        return self.factors @ self.factors.transpose(0, 2, 1)

    @property
    def smallest_scale(self) -> float:
        """The least standard deviation of any part in any direction."""
        return float(np.sqrt(np.linalg.eigvalsh(self.covariances)[:, 0].min()))

    def log_terms(self, x: Float[np.ndarray, "point data"]) -> Float[np.ndarray, "point part"]:
        """Logarithm of what each part adds to the density."""
        whiten = np.linalg.inv(self.factors)  # one or two rows each
        volume = np.log(np.abs(np.einsum("kdd->kd", self.factors))).sum(-1)
        with np.errstate(divide="ignore"):
            constant = np.log(self.shares) - volume - 0.5 * self.dims * _LOG_TWO_PI
        # A row for each part while it is made: they are few, and whoever sums over them next goes
        # along the memory.
        terms = np.repeat(constant[:, None], len(x), axis=1)
        for row in range(self.dims):
            across = whiten[:, row, :] * math.sqrt(0.5)
            away = across @ x.T
            away -= np.einsum("kd,kd->k", across, self.means)[:, None]
            terms -= np.square(away, out=away)
        return terms.T

    def log_density(self, x: Float[np.ndarray, "point data"]) -> Float[np.ndarray, " point"]:
        """Logarithm of the density, in nats, for the page's unit of length."""
        return log_sum_exp(self.log_terms(x))

    def log_density_and_score(
        self, x: Float[np.ndarray, "point data"]
    ) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, "point data"]]:
        """Logarithm of the density, and its gradient with respect to x."""
        terms = self.log_terms(x)
        log_density = log_sum_exp(terms)
        belongs = np.exp(terms - log_density[:, None])
        precision = np.linalg.inv(self.covariances)
        pulled = belongs @ np.einsum("kde,ke->kd", precision, self.means)
        stiffness = (belongs @ precision.reshape(len(precision), -1)).reshape(-1, *[self.dims] * 2)
        return log_density, pulled - np.einsum("nde,ne->nd", stiffness, x)

    def sample(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, "point data"]:
        """Independent draws; those of a smaller count are the first of a larger one."""
        picking, noise = rng.spawn(2)
        edges = np.cumsum(self.shares)[:-1]
        part = np.searchsorted(edges, picking.random(count), side="right")
        steps = noise.standard_normal((count, self.dims))
        return self.means[part] + np.einsum("nde,ne->nd", self.factors[part], steps)
