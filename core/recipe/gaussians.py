"""Worlds of linear-Gaussian factors: every average is a trace, nothing is sampled.

Each factor is $N(Cg, S)$ in what it draws, once $g$ is known, and all means are zero. A linear
VAE is one of these worlds, and so is diffusion with Gaussian data.

References:
    Lecture, "The ELBO from KL" [0:40-0:55].
    Tipping & Bishop, Probabilistic Principal Component Analysis (1999): the steps for a VAE.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from core.divergence import multivariate_gaussian_kl
from core.recipe.objective import Objective
from core.recipe.terms import Term
from core.recipe.worlds import Factor, World

__all__ = ["GaussianWorlds", "Law", "drawn"]

KEPT = 0.5
"""Share of the variance that a fixed step keeps."""


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """One linear-Gaussian factor.

    Attributes:
        slope: C, which makes the mean from what is known.
        noise: S, the covariance around it.
    """

    slope: Float[np.ndarray, "of given"]
    noise: Float[np.ndarray, "of of"]

    @property
    def precision(self) -> Float[np.ndarray, "all all"]:
        """The quadratic form of minus twice its logarithm, in what it draws and what it knows."""
        lever = np.hstack([np.eye(len(self.noise)), -self.slope])
        return lever.T @ np.linalg.solve(self.noise, lever)

    @property
    def log_volume(self) -> float:
        """Twice the constant of minus its logarithm."""
        return float(np.linalg.slogdet(2 * math.pi * self.noise)[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class GaussianWorlds:
    """Two worlds whose factors are linear and Gaussian.

    Attributes:
        p: The augmented real world.
        q: The dream.
        sizes: How many dimensions each variable has.
        p_laws: The law of each factor of P.
        q_laws: The law of each factor of Q that is not taken over from P.
    """

    p: World
    q: World
    sizes: Mapping[str, int]
    p_laws: Mapping[Factor, Law]
    q_laws: Mapping[Factor, Law]

    @cached_property
    def real(self) -> Float[np.ndarray, "all all"]:
        """Covariance of all variables under P."""
        return self._covariance(self.p, self.p_laws)

    @cached_property
    def dreamt(self) -> Float[np.ndarray, "all all"]:
        """Covariance of all variables under Q."""
        taken = {f: self.conditional(f) for f in self.q.factors if f not in self.q_laws}
        return self._covariance(self.q, {**taken, **self.q_laws})

    def conditional(self, factor: Factor) -> Law:
        """The law of any factor as P has it, whether or not P is written by it."""
        if factor not in self._known:
            self._known[factor] = self._conditional(factor)
        return self._known[factor]

    @cached_property
    def _known(self) -> dict[Factor, Law]:
        return {}

    def _conditional(self, factor: Factor) -> Law:
        of, given = self._places(factor.of), self._places(factor.given)
        cross = self.real[np.ix_(of, given)]
        slope = np.linalg.solve(self.real[np.ix_(given, given)], cross.T).T
        noise = self.real[np.ix_(of, of)] - slope @ cross.T
        return Law(slope, (noise + noise.T) / 2)

    def rewritten(self, world: World) -> Float[np.ndarray, "all all"]:
        """Covariance under P, as the product that another world makes of it."""
        return self._covariance(world, {f: self.conditional(f) for f in world.factors})

    def term(self, term: Term) -> float:
        """The term in nats: the average under P of log above − log below."""
        above = sum(self._mean_log(f, self.conditional(f)) for f in term.above)
        return above - sum(self._mean_log(f, self.q_laws[f]) for f in term.below)

    def joint_kl(self) -> float:
        """KL[P; Q] in nats, from the two covariances of everything."""
        return self.marginal_kl(self.p.variables)

    def marginal_kl(self, seen: Sequence[str]) -> float:
        """KL[P; Q] in nats for whoever sees some variables alone."""
        places = self._places([name for name in self.p.variables if name in seen])
        if not places:
            return 0.0
        mean, block = np.zeros(len(places)), np.ix_(places, places)
        return multivariate_gaussian_kl(mean, self.real[block], mean, self.dreamt[block])

    def with_best_dream(self, factor: Factor) -> "GaussianWorlds":
        """The same with one factor of Q as good as it may be, with one variance all around."""
        best = self.conditional(factor)
        noise = np.trace(best.noise) / len(best.noise) * np.eye(len(best.noise))
        found = replace(self, q_laws={**self.q_laws, factor: Law(best.slope, noise)})
        # For P has not moved.
        vars(found).update(real=self.real, _known=self._known, _mean_logs=self._mean_logs)
        return found

    def with_real(self, factor: Factor, terms: Sequence[Term], size: float) -> "GaussianWorlds":
        """The same with one factor of P gone from f to f exp(-size G), normalised.

        Args:
            factor: A factor of P.
            terms: The terms of the objective.
            size: How far it goes; the inverse of the multiplier of its own term is all the way.

        Raises:
            ValueError: If that leads to no Gaussian.
        """
        places = self._places(factor.variables)
        pull = self._regressed(places)
        form = self.p_laws[factor].precision + size * (pull.T @ self._gain(terms) @ pull)
        count = len(self._places(factor.of))
        own = (form[:count, :count] + form[:count, :count].T) / 2
        if np.linalg.eigvalsh(own)[0] <= 0:
            raise ValueError(f"`size` must leave a Gaussian, got {size}.")
        law = Law(-np.linalg.solve(own, form[:count, count:]), np.linalg.inv(own))
        return replace(self, p_laws={**self.p_laws, factor: law})

    def _gain(self, terms: Sequence[Term]) -> np.ndarray:
        """The quadratic form of minus twice the terms' logarithms, turned: of Q less of P."""
        form = np.zeros_like(self.real)
        for term in terms:
            for sign, factors in ((-1, term.above), (1, term.below)):
                for factor in factors:
                    law = self.conditional(factor) if sign < 0 else self.q_laws[factor]
                    places = self._places(factor.variables)
                    form[np.ix_(places, places)] += sign * term.multiplier * law.precision
        return form

    def _regressed(self, places: Sequence[int]) -> np.ndarray:
        """What everything is on average once some coordinates are known, as a matrix."""
        return np.linalg.solve(self.real[np.ix_(places, places)], self.real[places]).T

    def _mean_log(self, factor: Factor, law: Law) -> float:
        if (factor, law) not in self._mean_logs:
            self._mean_logs[factor, law] = self._mean_log_anew(factor, law)
        return self._mean_logs[factor, law]

    @cached_property
    def _mean_logs(self) -> dict[tuple[Factor, Law], float]:
        return {}

    def _mean_log_anew(self, factor: Factor, law: Law) -> float:
        places = self._places(factor.variables)
        spread = np.sum(law.precision * self.real[np.ix_(places, places)])
        return -0.5 * (float(spread) + law.log_volume)

    def _covariance(self, world: World, laws: Mapping[Factor, Law]) -> np.ndarray:
        found = np.zeros([sum(self.sizes[name] for name in self.p.variables)] * 2)
        done: list[int] = []
        for factor in world.in_order:
            of, given, law = self._places(factor.of), self._places(factor.given), laws[factor]
            cross = law.slope @ found[np.ix_(given, done)]
            found[np.ix_(of, done)], found[np.ix_(done, of)] = cross, cross.T
            around = law.slope @ found[np.ix_(given, given)] @ law.slope.T + law.noise
            found[np.ix_(of, of)] = around
            done += of
        return found

    @cached_property
    def _rooms(self) -> dict[str, range]:
        """Coordinates of each variable."""
        start, found = 0, {}
        for name in self.p.variables:
            found[name] = range(start, start + self.sizes[name])
            start += self.sizes[name]
        return found

    def _places(self, names: Sequence[str]) -> list[int]:
        return [place for name in names for place in self._rooms[name]]


def drawn(
    objective: Objective, sizes: Mapping[str, int], rng: np.random.Generator
) -> GaussianWorlds:
    """Worlds drawn at random: data of any shape, fixed steps that keep half of the variance.

    What is fixed in the dream is plain: a standard normal prior, and a likelihood around what it
    knows. What is learned begins nearly independent of what it knows.

    Args:
        objective: The worlds as products of factors.
        sizes: How many dimensions each variable has.
        rng: Where chance comes from.
    """
    p = {factor: _real_law(factor, sizes, rng) for factor in objective.p.factors}
    q = {f: _dream_law(f, sizes, rng) for f in objective.q.factors if f.letter == "q"}
    return GaussianWorlds(p=objective.p, q=objective.q, sizes=sizes, p_laws=p, q_laws=q)


def _real_law(factor: Factor, sizes: Mapping[str, int], rng: np.random.Generator) -> Law:
    of, given = (sum(sizes[name] for name in names) for names in (factor.of, factor.given))
    if not given:
        root = rng.standard_normal((of, of))
        return Law(np.zeros((of, 0)), root @ root.T + 0.1 * np.eye(of))
    if factor.is_learned:
        return Law(0.3 * rng.standard_normal((of, given)), KEPT * np.eye(of))
    if of == given:
        return Law(math.sqrt(KEPT) * np.eye(of), (1 - KEPT) * np.eye(of))
    slope = rng.standard_normal((of, given)) * math.sqrt(KEPT / given)
    return Law(slope, (1 - KEPT) * np.eye(of))


def _dream_law(factor: Factor, sizes: Mapping[str, int], rng: np.random.Generator) -> Law:
    of, given = (sum(sizes[name] for name in names) for names in (factor.of, factor.given))
    if factor.is_learned:
        return Law(0.3 * rng.standard_normal((of, given)), np.eye(of))
    return Law(np.eye(of, given), np.eye(of))
