r"""A coin with a Beta prior: the recipe for Bayesian inference, solved.

The real world is the data, h heads and t tails, with parameters added: $p(\theta|D)$, a Beta law.
The dream draws $\theta$ from its prior and then each toss. The objective is

$$\beta\,\langle -\log q(D|\theta) \rangle + \mathrm{KL}[p(\theta|D); q(\theta)],$$

and least at $\mathrm{Beta}(a + \beta h,\, b + \beta t)$: at $\beta = 1$ that is Bayes' posterior.

References:
    Lecture, "The universal recipe" [0:20-0:25].
    Alemi, KL is All You Need (2024).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.divergence import beta_kl, digamma

__all__ = ["Coin", "Toss", "density"]


@dataclass(frozen=True, slots=True)
class Toss:
    """The objective for one law of the coin's heads. All in nats.

    Attributes:
        shapes: The two shapes of p(θ|D).
        likelihood: <-log q(D|θ)>, without its multiplier.
        parameters: KL[p(θ|D); q(θ)].
        objective: Their weighted sum.
        joint_kl: Their plain sum, KL[P; Q]: data that were seen have no entropy.
        from_posterior: KL to Bayes' posterior: by how much the joint exceeds the marginal.
    """

    shapes: tuple[float, float]
    likelihood: float
    parameters: float
    objective: float
    joint_kl: float
    from_posterior: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """Tosses that were seen, and a prior.

    Attributes:
        heads: How many were heads.
        tails: How many were tails.
        prior: The two shapes of the Beta prior q(θ).
        beta: The price of a nat of likelihood.
    """

    heads: int
    tails: int
    prior: tuple[float, float]
    beta: float

    def __post_init__(self) -> None:
        """Refuse what is no prior, and prices below zero."""
        if not min(self.prior) > 0:
            raise ValueError(f"`prior` must have shapes above 0, got {self.prior}.")
        if not (self.beta >= 0 and min(self.heads, self.tails) >= 0):
            raise ValueError(
                f"`beta` and counts must be at least 0, got {self.beta}, {self.heads} heads and "
                f"{self.tails} tails."
            )

    @property
    def posterior(self) -> tuple[float, float]:
        """Shapes of Bayes' posterior."""
        return self.prior[0] + self.heads, self.prior[1] + self.tails

    @property
    def best(self) -> tuple[float, float]:
        """Shapes where the objective is least."""
        return self.prior[0] + self.beta * self.heads, self.prior[1] + self.beta * self.tails

    @property
    def surprise(self) -> float:
        """-log q(D), the marginal KL of data that were seen: what the joint KL bounds."""
        return _log_beta(*self.prior) - _log_beta(*self.posterior)

    def at(self, shapes: tuple[float, float]) -> Toss:
        """The objective where p(θ|D) has these shapes.

        Example:
            >>> coin = Coin(heads=3, tails=1, prior=(1.0, 1.0), beta=1.0)
            >>> round(coin.at(coin.best).joint_kl - coin.surprise, 12)
            0.0
        """
        whole = digamma(sum(shapes))
        log_heads, log_tails = (digamma(shape) - whole for shape in shapes)
        likelihood = -(self.heads * log_heads + self.tails * log_tails)
        parameters = beta_kl(shapes, self.prior)
        return Toss(
            shapes=shapes,
            likelihood=likelihood,
            parameters=parameters,
            objective=self.beta * likelihood + parameters,
            joint_kl=likelihood + parameters,
            from_posterior=beta_kl(shapes, self.posterior),
        )

    def path(self, start: tuple[float, float], steps: int, share: float = 0.5) -> list[Toss]:
        """Steps from some law to the best: each a share of the way that is left, the last all.

        f exp(-size G) is again a Beta law, whose shapes lie on the line between the two, so the
        objective falls at every step.

        Args:
            start: Shapes to begin with.
            steps: How many steps.
            share: How much of the way a step before the last goes; 1 is all of it.
        """
        found, shapes = [self.at(start)], start
        for _ in range(steps - 1):
            shapes = (
                shapes[0] + share * (self.best[0] - shapes[0]),
                shapes[1] + share * (self.best[1] - shapes[1]),
            )
            found.append(self.at(shapes))
        if steps:
            found.append(self.at(self.best))
        return found


def density(
    shapes: tuple[float, float], heads: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " point"]:
    """Density of a Beta law at chances of heads between 0 and 1, those two left out.

    Example:
        >>> density((2.0, 1.0), np.array([0.25, 0.5])).round(12)
        array([0.5, 1. ])
    """
    a, b = shapes
    return np.exp((a - 1) * np.log(heads) + (b - 1) * np.log1p(-heads) - _log_beta(a, b))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
