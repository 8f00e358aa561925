"""Terms of an objective, and what the literature calls them.

References:
    Alemi & Fischer, TherML (2018), for the letters C, D, S and R.
    Ho, Jain & Abbeel, Denoising Diffusion Probabilistic Models (2020), for the steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.recipe.worlds import Factor, listed

__all__ = ["KINDS", "Kind", "Term"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What the literature calls a term.

    Attributes:
        name: Its name.
        symbol: The letter it is written by.
        letter: That of its multiplier, where a scenario has no other.
        role: What it looks like, a name of `core.figures.colours`.
        words: What it measures; `{of}` and `{given}` stand for its variables.
    """

    name: str
    symbol: str
    letter: str
    role: str
    words: str


KINDS: Mapping[str, Kind] = {
    "constant": Kind(
        "entropy, a constant", "−H", "", "bound", "the order in {of}, which no learning moves"
    ),
    "entropy": Kind(
        "entropy of what is learned", "−H", "ε", "rate", "the order in {of}, which learning moves"
    ),
    "surprise": Kind(
        "cross-entropy", "CE", "δ", "distortion", "how much {of} surprises the dream{given}"
    ),
    "distortion": Kind(
        "distortion", "D", "δ", "distortion", "how much {of} still surprises the dream{given}"
    ),
    "likelihood": Kind(
        "negative log-likelihood", "L", "δ", "distortion", "how badly {given_bare} explain {of}"
    ),
    "classification": Kind(
        "classification loss", "C", "γ", "distortion", "how much the label {of} surprises{given}"
    ),
    "rate": Kind("rate", "R", "β", "rate", "nats that the code {of} spends beyond the dream's"),
    "step": Kind(
        "step KL", "K", "κ", "rate", "how far one step to {of} is from the dream's, on average"
    ),
    "parameters": Kind(
        "information in parameters",
        "S",
        "σ",
        "rate",
        "nats that {of} spends beyond the dream's, no fewer than it knows of the data",
    ),
    "prediction": Kind(
        "prediction", "V", "π", "rate", "how far the prediction of {of} is from the dream's"
    ),
}
"""Kinds of terms, by the name that their multipliers have."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the objective: the average, under P, of log above − log below.

    Attributes:
        kind: What it is, a key of `KINDS`.
        above: Factors of P in it.
        below: Factors of Q in it.
        is_dropped: Whether it is a constant of P, and dropped.
        is_constant: Whether nothing that is learned enters it, dropped or not.
        is_kl: Whether it is an average of divergences, and so never negative.
        multiplier: What it is multiplied by.
    """

    kind: str
    above: tuple[Factor, ...]
    below: tuple[Factor, ...]
    is_dropped: bool = False
    is_constant: bool = False
    is_kl: bool = False
    multiplier: float = 1.0

    @property
    def of(self) -> tuple[str, ...]:
        """The variables it is about."""
        return tuple(dict.fromkeys(name for f in self.below or self.above for name in f.of))

    @property
    def given(self) -> tuple[str, ...]:
        """What is known of others."""
        names = dict.fromkeys(name for f in self.below or self.above for name in f.given)
        return tuple(name for name in names if name not in self.of)

    @property
    def name(self) -> str:
        """What the literature calls it; a ratio that is no divergence is called what it is."""
        return KINDS[self.kind].name if self.is_kl or not self.is_ratio else "log ratio"

    @property
    def is_ratio(self) -> bool:
        """Whether it has a factor of both worlds."""
        return bool(self.above and self.below)

    @property
    def words(self) -> str:
        """What it measures, in plain words."""
        if self.is_ratio and not self.is_kl:
            return f"log P less log Q for {listed(self.of)}, on average: it may be negative"
        given = listed(self.given)
        known = f" once {given} is known" if len(self.given) == 1 else f" once {given} are known"
        if not self.given:
            known = ""
        bare = given or "the dream"
        text = KINDS[self.kind].words.format(of=listed(self.of), given=known, given_bare=bare)
        return text.replace("explain ", "explains ") if len(self.given) < 2 else text
