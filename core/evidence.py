r"""Weight of evidence: what an observation adds to the log-odds of P over Q.

Log-odds are kept in nats, as floats that may be infinite: minus infinity is a probability of
exactly 0, plus infinity of exactly 1. In this form a probability of 1e-300 and one that is as
close to 1 are numbers like any other, and certainty is not lost to rounding.

Here P is the real world and Q the dream: positive evidence is for P.

References:
    Lecture, "Weight of evidence" [0:05-0:20].
    Good, Probability and the Weighing of Evidence (1950): decibans.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

__all__ = [
    "BITS_PER_NAT",
    "DECIBANS_PER_NAT",
    "UNITS",
    "Entry",
    "Observation",
    "Unit",
    "bits",
    "decibans",
    "from_unit",
    "in_unit",
    "ledger",
    "log_chance",
    "log_odds",
    "misleading_bound",
    "posterior_log_odds",
    "probability",
    "weight_of_evidence",
    "weights",
]

# -- Units ----------------------------------------------------------------------------------

BITS_PER_NAT = 1 / math.log(2)
DECIBANS_PER_NAT = 10 / math.log(10)

Unit = Literal["nats", "bits", "dB"]
UNITS: dict[Unit, float] = {"nats": 1.0, "bits": BITS_PER_NAT, "dB": DECIBANS_PER_NAT}
"""How many of each unit make one nat."""


def bits(nats: float) -> float:
    """The same evidence in bits: one for each factor of two.

    Example:
        >>> bits(math.log(24 / 12)), round(bits(math.log(24 / 5)), 3)
        (1.0, 2.263)
    """
    return nats / math.log(2)


def decibans(nats: float) -> float:
    """The same evidence in decibans, written dB: ten for each factor of ten.

    Example:
        >>> round(decibans(math.log(20)), 2)
        13.01
    """
    return 10 * nats / math.log(10)


def in_unit(nats: float, unit: Unit) -> float:
    """The same evidence in another unit."""
    return nats * UNITS[unit]


def from_unit(amount: float, unit: Unit) -> float:
    """The same evidence in nats."""
    return amount / UNITS[unit]


# -- Odds -----------------------------------------------------------------------------------


def log_odds(chance: float) -> float:
    """Log-odds of a probability, in nats: zero at one half, infinite at certainty.

    Args:
        chance: A probability.

    Raises:
        ValueError: If it is not one.

    Example:
        >>> log_odds(0.5), log_odds(0.0), round(decibans(log_odds(0.07)), 3)
        (0.0, -inf, -11.234)
    """
    _require_probability("chance", chance)
    if chance in (0.0, 1.0):
        return math.inf if chance else -math.inf
    if (
        0.25 < chance < 0.75
    ):  # near even odds the ratio is near one, and what differs from it counts
        return math.log1p((2 * chance - 1) / (1 - chance))
    return math.log(chance) - math.log1p(-chance)


def probability(log_odds: float) -> float:
    """The probability with these log-odds.

    Example:
        >>> round(probability(2.054 / DECIBANS_PER_NAT), 3), probability(math.inf)
        (0.616, 1.0)
    """
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))


def log_chance(log_odds: float) -> float:
    """Logarithm of the probability with these log-odds. The one of the opposite is of `-log_odds`.

    Example:
        >>> log_chance(0.0) == -math.log(2), log_chance(-800.0), log_chance(-math.inf)
        (True, -800.0, -inf)
    """
    if log_odds >= 0:
        return -math.log1p(math.exp(-log_odds))
    return log_odds - math.log1p(math.exp(log_odds))


# -- The weight of an observation -------------------------------------------------------------


def weight_of_evidence(log_p: float, log_q: float) -> float:
    r"""Nats that an observation adds to the log-odds of P, $\log \Pr(X|P)/\Pr(X|Q)$.

    Infinite where one of the two rules the observation out, for it then rules out that one.

    Args:
        log_p: Logarithm of the probability, or density, that P gives to the observation.
        log_q: The same for Q.

    Raises:
        ValueError: If both rule the observation out, which leaves nothing to compare.

    References:
        Lecture, "Weight of evidence" [0:05-0:20].

    Example:
        >>> round(decibans(weight_of_evidence(math.log(0.938), math.log(0.044))), 3)
        13.288
    """
    if math.isnan(log_p) or math.isnan(log_q):
        raise ValueError(f"`log_p` and `log_q` must be numbers, got {log_p} and {log_q}.")
    if log_p == log_q == -math.inf:
        raise ValueError("`log_p` or `log_q` must be finite, got an observation both rule out.")
    return log_p - log_q


def weights(
    log_p: Float[np.ndarray, "*shape"], log_q: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    r"""Weight of evidence at each of many points, $\log p(x)/q(x)$ in nats.

    NaN where both densities are zero: no observation falls there.
    """
    with np.errstate(invalid="ignore"):
        return log_p - log_q


def posterior_log_odds(prior: float, *evidence: float) -> float:
    """What is believed after the evidence: prior log-odds plus each weight, in nats.

    The sum does not care for the order, here to the last digit.

    Args:
        prior: Log-odds of P before.
        evidence: Weight of each observation, given those before it.

    Raises:
        ValueError: If one term makes P certain and another makes Q certain.

    Example:
        >>> round(posterior_log_odds(log_odds(0.07), math.log(0.938 / 0.044)), 4)
        0.4729
    """
    terms = (prior, *evidence)
    if math.inf in terms and -math.inf in terms:
        raise ValueError("`evidence` must not rule out what else makes certain, got both.")
    if infinite := [term for term in terms if math.isinf(term)]:
        return infinite[0]
    return math.fsum(terms)


def misleading_bound(threshold: float) -> float:
    r"""How often evidence can mislead at most: $\Pr_P(\text{total} \le -t) \le e^{-t}$.

    It holds for any P and Q, after any number of observations, and even for the chance that the
    total is *ever* so low.

    Args:
        threshold: t in nats.

    References:
        Lecture, "Two properties we need" [0:05-0:20]. Ville, Étude critique de la notion de
        collectif (1939).

    Example:
        >>> round(misleading_bound(math.log(20)), 3)
        0.05
    """
    return math.exp(-max(0.0, threshold))


# -- Many observations ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something that was seen, perhaps many times, and what P and Q say of it.

    Attributes:
        name: What it is called; observations of one name are the same outcome again.
        if_p: Log-odds of seeing it if P is true.
        if_q: Log-odds of seeing it if Q is true.
        times: How often it was seen in a row.
    """

    name: str
    if_p: float
    if_q: float
    times: int = 1

    def __post_init__(self) -> None:
        if self.times < 1:
            raise ValueError(f"`times` must be at least 1, got {self.times}.")
        for name in ("if_p", "if_q"):
            if math.isnan(getattr(self, name)):
                raise ValueError(f"`{name}` must be a number, got nan.")
        if self.if_p == self.if_q == -math.inf:
            raise ValueError(
                "`if_p` or `if_q` must be above zero, got an observation that both rule out."
            )

    def weight(self, copies: float = 0.0) -> float:
        r"""Nats for P in one such observation, if it may be a copy of the same one before it.

        With the chance c of a copy, whichever hypothesis is true, what P says is
        $c + (1 - c)\Pr(X|P)$, and the same for Q. A sure copy says nothing.
        """
        if copies == 0:
            return weight_of_evidence(log_chance(self.if_p), log_chance(self.if_q))
        p, q = (_with_copies(odds, copies) for odds in (self.if_p, self.if_q))
        return weight_of_evidence(p, q)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a ledger.

    Attributes:
        observation: What was seen.
        weight: Nats that all its repetitions add together.
        total: Log-odds after it, or None once certainty has met certainty.
    """

    observation: Observation
    weight: float
    total: float | None


def ledger(
    prior: float, observations: Sequence[Observation], *, copies: float = 0.0
) -> tuple[Entry, ...]:
    """The account of a belief: each observation, its weight, and the log-odds after it.

    Independent observations add up in any order. Where an observation may be a copy of the one
    just before it, the order decides what could have been copied, and so decides the sum.

    Args:
        prior: Log-odds of P before.
        observations: In the order in which they came.
        copies: Chance that an observation copies the one before it, whichever of P and Q is true;
            below one.

    Example:
        >>> heads = Observation(name="heads", if_p=math.inf, if_q=0.0, times=5)
        >>> round(decibans(ledger(0.0, [heads])[-1].total), 2)
        15.05
    """
    if not 0 <= copies < 1:
        raise ValueError(f"`copies` must be from 0 to below 1, got {copies}.")
    entries: list[Entry] = []
    evidence: list[float] = []
    before = None
    for seen in observations:
        is_again = before is not None and before.name == seen.name
        again = seen.weight(copies)
        first = again if is_again else seen.weight()
        repeats = again * (seen.times - 1) if seen.times > 1 else 0.0
        evidence.append(first + repeats)
        try:
            total = posterior_log_odds(prior, *evidence)
        except ValueError:
            total = None
        entries.append(Entry(seen, evidence[-1], total))
        before = seen
    return tuple(entries)


def _with_copies(odds: float, copies: float) -> float:
    """Logarithm of the chance of an observation that may be a copy: one minus that of a change."""
    return math.log1p(-(1 - copies) * math.exp(log_chance(-odds)))


def _require_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be from 0 to 1, got {value}.")
