"""Worlds of a few outcomes each: all sums over all joint outcomes, nothing left out.

References:
    Lecture, "The universal recipe" [0:20-0:25].
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from core.divergence import table_kl
from core.recipe.objective import Objective
from core.recipe.terms import Term
from core.recipe.worlds import Factor, World

__all__ = ["MOST_STATES", "TableWorlds", "drawn"]

MOST_STATES = 16_384
"""The most joint outcomes that are summed over."""

_LEAST = 1e-300
"""Chances below this are taken for it: a logarithm stays finite, and weighs nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TableWorlds:
    """Two worlds whose factors are tables of chances.

    Attributes:
        p: The augmented real world.
        q: The dream.
        sizes: How many outcomes each variable has.
        p_tables: For each factor of P its table, an axis for each variable, those drawn first.
        q_tables: The same for each factor of Q that is not taken over from P.
    """

    p: World
    q: World
    sizes: Mapping[str, int]
    p_tables: Mapping[Factor, np.ndarray]
    q_tables: Mapping[Factor, np.ndarray]

    @cached_property
    def real(self) -> Float[np.ndarray, "*outcome"]:
        """Chance of every joint outcome under P, an axis for each variable."""
        return self._product(self.p_tables)

    @cached_property
    def dreamt(self) -> Float[np.ndarray, "*outcome"]:
        """The same under Q."""
        taken = {f: self.conditional(f) for f in self.q.factors if f not in self.q_tables}
        return self._product({**taken, **self.q_tables})

    def conditional(self, factor: Factor) -> Float[np.ndarray, "*outcome"]:
        """The table of any factor as P has it, whether or not P is written by it."""
        if factor not in self._known:
            both = self._summed(factor.variables)
            whole = both.sum(axis=tuple(range(len(factor.of))), keepdims=True)
            self._known[factor] = both / np.maximum(whole, _LEAST)
        return self._known[factor]

    @cached_property
    def _known(self) -> dict[Factor, np.ndarray]:
        return {}

    def rewritten(self, world: World) -> Float[np.ndarray, "*outcome"]:
        """Chance of every joint outcome under P, as the product that another world makes of it."""
        return self._product({factor: self.conditional(factor) for factor in world.factors})

    def term(self, term: Term) -> float:
        """The term in nats: the average under P of log above − log below."""
        above = [self._mean_log(factor, self.conditional(factor)) for factor in term.above]
        below = [-self._mean_log(factor, self.q_tables[factor]) for factor in term.below]
        return math.fsum(above + below)

    def joint_kl(self) -> float:
        """KL[P; Q] in nats, over all joint outcomes."""
        return table_kl(self.real, self.dreamt)

    def marginal_kl(self, seen: Sequence[str]) -> float:
        """KL[P; Q] in nats for whoever sees some variables alone."""
        hidden = tuple(i for i, name in enumerate(self.p.variables) if name not in seen)
        return table_kl(self.real.sum(axis=hidden), self.dreamt.sum(axis=hidden))

    def with_best_dream(self, factor: Factor) -> "TableWorlds":
        """The same with one factor of Q as P has it, where its cross-entropy is least."""
        best = replace(self, q_tables={**self.q_tables, factor: self.conditional(factor)})
        vars(best).update(real=self.real, _known=self._known)  # for P has not moved
        return best

    def with_real(self, factor: Factor, terms: Sequence[Term], size: float) -> "TableWorlds":
        """The same with one factor of P gone from f to f exp(-size G), normalised.

        Args:
            factor: A factor of P.
            terms: The terms of the objective.
            size: How far it goes; the inverse of the multiplier of its own term is all the way.
        """
        gain = sum(term.multiplier * self._log_ratio(term) for term in terms)
        weighed = self._summed(factor.variables, self.real * gain)
        average = weighed / np.maximum(self._summed(factor.variables), _LEAST)
        log = np.log(np.maximum(self.p_tables[factor], _LEAST)) - size * average
        axes = tuple(range(len(factor.of)))
        table = np.exp(log - log.max(axis=axes, keepdims=True))
        table /= table.sum(axis=axes, keepdims=True)
        return replace(self, p_tables={**self.p_tables, factor: table})

    def _mean_log(self, factor: Factor, table: np.ndarray) -> float:
        return float((self._summed(factor.variables) * _log(table)).sum())

    def _log_ratio(self, term: Term) -> np.ndarray:
        found = np.zeros([1] * len(self.p.variables))
        for factor in term.above:
            found = found + self._spread(factor, _log(self.conditional(factor)))
        for factor in term.below:
            found = found - self._spread(factor, _log(self.q_tables[factor]))
        return found

    def _product(self, tables: Mapping[Factor, np.ndarray]) -> np.ndarray:
        found = np.ones([self.sizes[name] for name in self.p.variables])
        for factor, table in tables.items():
            found = found * self._spread(factor, table)
        return found

    def _spread(self, factor: Factor, table: np.ndarray) -> np.ndarray:
        """A table with an axis for each variable of the world, of length one where it has none."""
        places = [self.p.variables.index(name) for name in factor.variables]
        order = np.argsort(places)
        shape = [1] * len(self.p.variables)
        for place, length in zip(places, table.shape, strict=True):
            shape[place] = length
        return table.transpose(order).reshape(shape)

    def _summed(self, names: Sequence[str], of: np.ndarray | None = None) -> np.ndarray:
        """A joint table summed over all but some variables, its axes in their order."""
        joint = self.real if of is None else of
        every = self.p.variables
        left = [name for name in every if name in names]
        table = joint.sum(axis=tuple(i for i, name in enumerate(every) if name not in names))
        return table.transpose([left.index(name) for name in names])


def _log(table: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(table, _LEAST))


def drawn(objective: Objective, sizes: Mapping[str, int], rng: np.random.Generator) -> TableWorlds:
    """Worlds drawn at random: every table uniform among all tables of chances.

    Args:
        objective: The worlds as products of factors.
        sizes: How many outcomes each variable has.
        rng: Where chance comes from.

    Raises:
        ValueError: If there are more joint outcomes than are summed over.
    """
    states = math.prod(sizes[name] for name in objective.p.variables)
    if states > MOST_STATES:
        raise ValueError(
            f"`Outcomes` must make at most {MOST_STATES:,} joint outcomes, got {_count(states)} "
            f"of {len(objective.p.variables)} variables. Take fewer outcomes, or fewer "
            "variables: a smaller T, fewer data."
        )
    p = {factor: _table(factor, sizes, rng) for factor in objective.p.factors}
    q = {f: _table(f, sizes, rng) for f in objective.q.factors if f.letter == "q"}
    return TableWorlds(p=objective.p, q=objective.q, sizes=sizes, p_tables=p, q_tables=q)


def _count(states: int) -> str:
    """A number of outcomes, which may be astronomical."""
    return f"{states:,}" if states < 10**9 else f"about 10^{round(math.log10(states))}"


def _table(factor: Factor, sizes: Mapping[str, int], rng: np.random.Generator) -> np.ndarray:
    own, given = ([sizes[name] for name in names] for names in (factor.of, factor.given))
    rows = rng.dirichlet(np.ones(math.prod(own)), size=math.prod(given))
    return rows.T.reshape([*own, *given])
