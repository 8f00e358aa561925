"""The two commonest misunderstandings of a training, answered with the numbers of the page.

Lecture: "The VAE in practice" [0:55-1:05].
"""

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.vae.config import TrainConfig

__all__ = [
    "AVERAGED",
    "LEAST_RISE",
    "RISING",
    "Doubt",
    "Doubts",
    "Look",
    "Rise",
    "doubts",
    "hidden_beta",
    "looks",
    "rise",
]

RISING, AVERAGED = "rising", "averaged"
"""Names of the presets that show the two."""

LEAST_RISE = 0.1
"""Nats below which a rate is not called rising: two seeds differ by as much."""


# -- "My loss is averaged over pixels" --------------------------------------------------------


def hidden_beta(pixels: int, averaged_codes: int = 1) -> float:
    r"""The β that a loss hides which averages distortion over the pixels of an image.

    With $n$ pixels, and the rate averaged over $m$ code dimensions or summed ($m = 1$),

    $$\frac Dn + \frac Rm = \frac1n \Big(D + \frac nm R\Big).$$

    Args:
        pixels: Pixels of one image.
        averaged_codes: Code dimensions that the rate is averaged over; 1 if it is their sum.

    Example:
        >>> hidden_beta(64), hidden_beta(784), hidden_beta(784, averaged_codes=20)
        (64.0, 784.0, 39.2)
    """
    return pixels / averaged_codes


# -- "The KL goes up, is it broken?" ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at held-out images found.

    Attributes:
        step: When.
        distortion: D in nats per image.
        rate: R in nats per image.
        beta: The β in force.
    """

    step: int
    distortion: float
    rate: float
    beta: float

    @property
    def objective(self) -> float:
        """What training brings down: D + beta R."""
        return self.distortion + self.beta * self.rate


@dataclass(frozen=True, slots=True)
class Rise:
    """A stretch of a training over which the rate rose while the objective fell.

    Attributes:
        first: Step at which it began.
        last: Step at which it ended.
        rate: Nats by which R rose.
        objective: Nats by which D + beta R fell.
        beta: The β in force all the while.
    """

    first: int
    last: int
    rate: float
    objective: float
    beta: float

    @property
    def sentence(self) -> str:
        """The same in words."""
        return (
            f"In this run, from step {self.first:,} to step {self.last:,}, :green[R] rose by "
            f"{self.rate:.2f} nats while {_objective(self.beta)} fell by {self.objective:.2f} "
            "nats, on held-out images."
        )


def looks(batches: Iterable[str]) -> tuple[Look, ...]:
    """The looks at held-out images that the reports of a run hold, for its first model.

    The untrained model has no β in force yet; it is measured with the one of the first step.

    Args:
        batches: Reports as the store keeps them, in order.
    """
    measured: list[tuple[int, float, float]] = []
    betas: dict[int, float] = {}
    for batch in map(json.loads, batches):
        held_out, training = batch["held_out"], batch["training"]
        betas |= _first_members(training, "beta")
        rates = _first_members(held_out, "rate")
        distortions = _first_members(held_out, "distortion")
        measured += [
            (step, distortions[step], rates[step]) for step in distortions if step in rates
        ]
    if not betas:
        return ()
    first = next(iter(betas.values()))
    return tuple(Look(*entry, betas.get(entry[0], first)) for entry in measured)


def rise(looks: Sequence[Look]) -> Rise | None:
    """The largest rise of the rate over which the objective fell, or None below `LEAST_RISE`.

    Two looks are compared only if the same β was in force at both, and at all between them.
    """
    found, most = None, LEAST_RISE
    for beta, group in itertools.groupby(looks, key=lambda look: look.beta):
        rows = [(look.step, look.rate, look.objective) for look in group]
        for (first, low, dear), (last, high, cheap) in itertools.combinations(rows, 2):
            if high - low >= most and cheap < dear:
                found, most = Rise(first, last, high - low, dear - cheap, beta), high - low
    return found


def _first_members(table: dict[str, list[Any]], name: str) -> dict[int, float]:
    """A column of reports for the first model, by step, without what was not a number."""
    entries = zip(table["step"], table.get(name, ()), strict=False)
    return {step: float(row[0]) for step, row in entries if row and row[0] is not None}


def _objective(beta: float) -> str:
    if beta in (0.0, 1.0):
        return ":orange[D] + :green[R]" if beta else ":orange[D]"
    return f":orange[D] + {beta:g} :green[R]"


# -- What the page says -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question that readers ask, and its answer.

    Attributes:
        preset: Name of the preset that shows it.
        question: In their words.
        answer: In a few sentences.
    """

    preset: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Doubts:
    """What the page says to two doubts, for the settings and the run it shows.

    Attributes:
        folded: The questions with their answers.
        rise: How far the rate rose in the shown run while the objective fell, or None.
        beta_note: What the chosen β amounts to, where it is the one that a mean over pixels
            hides; else None.
    """

    folded: tuple[Doubt, ...]
    rise: Rise | None
    beta_note: str | None


def doubts(config: TrainConfig | None, batches: Iterable[str] = ()) -> Doubts:
    """The answers for the training that the controls describe, and for the run that is shown.

    Args:
        config: What the controls describe; None, where they describe nothing, reads as the
            default.
        batches: Reports of the shown run as the store keeps them.
    """
    config = config or TrainConfig()
    pixels, codes = config.data_dim, config.latent_dim
    beta = hidden_beta(pixels)
    averaged = (
        f"A mean over the {pixels} pixels of an image divides :orange[D] by {pixels} and leaves "
        f":green[R] as it is. What brings down D/{pixels} + R brings down D + {beta:g} R: a "
        f"hidden β of **{beta:g}**."
    )
    if codes > 1:
        averaged += (
            f" With :green[R] averaged over {codes} code dimensions as well it is "
            f"{pixels}/{codes} = **{hidden_beta(pixels, codes):.4g}**."
        )
    return Doubts(
        folded=(
            Doubt(RISING, "The KL goes up. Is it broken?", _RISING),
            Doubt(AVERAGED, "My loss is averaged over pixels.", f"{averaged} {_REMEDY}"),
        ),
        rise=rise(looks(batches)),
        beta_note=_beta_note(beta, pixels) if beta in config.betas else None,
    )


_RISING = (
    "No. The :green[rate] is that KL, and it has to rise from near zero: an untrained code says "
    "nothing of its image, and each nat that it learns to say is paid for by more than β nats of "
    ":orange[distortion]. Watch D + βR instead, the sum under the charts: while β stays as it is, "
    "that falls. Only where it climbs then, and does not just flicker, is there something to mend."
)
_REMEDY = "Sum over pixels and code dimensions, and average over images only."


def _beta_note(beta: float, pixels: int) -> str:
    return f"β {beta:g} is what a loss hides that averages :orange[D] over {pixels} pixels."
