"""Worlds with numbers in them: every term exact, and the objective minimised factor by factor.

Each step solves for one learned factor while the others rest. A factor of the dream is best where
it is P's own conditional. A factor of the real world is best at a Boltzmann law: with c for the
multiplier of its own logarithm and G for what an outcome adds to the objective on average, it
goes from f to f exp(-G/c), normalised. Together these are the steps of Blahut and Arimoto, and of
expectation maximisation; no step raises the objective.

References:
    Lecture, "The universal recipe" [0:20-0:25].
    Csiszár & Tusnády, Information geometry and alternating minimization procedures (1984).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Protocol, runtime_checkable

from core.recipe.objective import Objective
from core.recipe.terms import Term
from core.recipe.worlds import Factor

__all__ = ["Numbers", "Turn", "Values", "minimise", "total", "values"]

_HALVINGS = 12
_DUST = 1e-9


@runtime_checkable
class Numbers(Protocol):
    """An augmented real world and a dream whose factors are numbers."""

    def term(self, term: Term) -> float:
        """The term in nats, without its multiplier."""
        ...

    def joint_kl(self) -> float:
        """KL[P; Q] over all variables in nats, without a look at any term."""
        ...

    def marginal_kl(self, seen: Sequence[str]) -> float:
        """KL[P; Q] in nats over some of the variables."""
        ...

    def with_best_dream(self, factor: Factor) -> "Numbers":
        """The same with one factor of Q as good as it may be."""
        ...

    def with_real(self, factor: Factor, terms: Sequence[Term], size: float) -> "Numbers":
        """The same with one factor of P gone from f to f exp(-size G), normalised."""
        ...


@dataclass(frozen=True, slots=True)
class Values:
    """What the objective is at one step. All in nats.

    Attributes:
        terms: Each term, without its multiplier, in the order of the objective's.
        objective: The kept terms, each with its multiplier.
        joint_kl: KL[P; Q] over all variables.
        marginal_kl: KL[P; Q] over what was there before anything was added; no more than that.
    """

    terms: tuple[float, ...]
    objective: float
    joint_kl: float
    marginal_kl: float


def values(worlds: Numbers, objective: Objective, seen: Sequence[str]) -> Values:
    """Every term of an objective, and the divergences that it is about."""
    terms = tuple(worlds.term(term) for term in objective.terms)
    weighed = math.fsum(
        term.multiplier * value
        for term, value in zip(objective.terms, terms, strict=True)
        if not term.is_dropped
    )
    return Values(terms, weighed, worlds.joint_kl(), worlds.marginal_kl(seen))


def total(worlds: Numbers, terms: Sequence[Term]) -> float:
    """Some terms with their multipliers, in nats."""
    return math.fsum(term.multiplier * worlds.term(term) for term in terms)


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of a minimisation.

    Attributes:
        worlds: The worlds after it.
        factor: The factor that had its turn, or None before the first.
    """

    worlds: Numbers
    factor: Factor | None = None


def minimise(start: Numbers, objective: Objective, most: int) -> list[Turn]:
    """The worlds at first, and after each learned factor's turn, P's before Q's, round and round.

    No turn raises the objective, with whatever multipliers above zero. It ends when no turn of a
    whole round has lowered it by a billionth.

    Args:
        start: The worlds to begin with.
        objective: What to bring down.
        most: The most turns.
    """
    learned = [factor for factor in objective.p.in_order if factor.is_learned]
    own = [f for f in objective.q.in_order if f.is_learned and f.letter == "q"]
    path, lowest, idle = [Turn(start)], total(start, objective.kept), 0
    for factor in islice(cycle([*learned, *own]), most):
        worlds = path[-1].worlds
        if factor in own:
            worlds = worlds.with_best_dream(factor)
        else:
            worlds = _with_better_real(worlds, factor, objective.kept)
        reached = total(worlds, objective.kept)
        idle = 0 if reached < lowest - _DUST * (1 + abs(lowest)) else idle + 1
        path.append(Turn(worlds if idle == 0 else path[-1].worlds, factor))
        lowest = min(lowest, reached)
        if idle == len(learned) + len(own):
            return path[: len(path) - idle]
    return path


def _with_better_real(worlds: Numbers, factor: Factor, terms: Sequence[Term]) -> Numbers:
    """One factor of P as good as it may be, or at least better, where its own term is not there.

    A regrouped factor is in no term by itself; a step that overshoots is halved until it does not.
    """
    own = next((term.multiplier for term in terms if factor in term.above), None)
    size = 1 / (own or max((term.multiplier for term in terms), default=1.0))
    before = total(worlds, terms)
    for _ in range(_HALVINGS):
        try:
            after = worlds.with_real(factor, terms, size)
        except ValueError:
            size /= 2
            continue
        if own is not None or total(after, terms) <= before:
            return after
        size /= 2
    return worlds
