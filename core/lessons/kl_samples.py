"""Evidence from samples: a fan of running totals, a race to a threshold, a bench for two coins.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core import notation, sequential
from core.densities import kl_divergence, weight_variance
from core.divergence import table_kl, table_weight_variance
from core.evidence import in_unit
from core.lessons.kl_choices import (
    ENDS,
    MOST_FLIPS,
    Choices,
    Shown,
    both_chances,
    density,
    finite,
    headline,
    threshold,
)
from core.lessons.panels import Table, number

__all__ = ["LARGE", "SMALL", "Size", "bench", "fan", "race"]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is drawn.

    Attributes:
        runs: Independent runs.
        samples: Samples in each.
    """

    runs: int
    samples: int

    def __str__(self) -> str:
        """In words."""
        return f"{self.runs:,} runs of {self.samples:,} samples"


SMALL, LARGE = Size(2000, 200), Size(10_000, 1000)
"""What answers at once, and what a press asks for."""

SIDES = ("heads", "tails")

SINGLE_RUNS = 6
"""Runs that are drawn one by one over the bands of the fan."""


@dataclass(frozen=True, slots=True)
class _World:
    """The true world and the other one, as what they say of one sample."""

    weights: sequential.Weights
    kl: float
    variance: float
    true: str
    other: str
    role: str


def fan(choices: Choices, size: Size) -> Shown:
    """Running totals of evidence of many runs, as quantile bands around the mean slope."""
    try:
        world = _world(choices)
    except ValueError as error:
        return Shown(problems=(str(error),))
    unit = choices.evidence_unit
    shown = min(choices.horizon, size.samples) if size == SMALL else size.samples
    totals = _totals(choices, world, size)[:, :shown]
    found = sequential.fan(totals, points=60)
    sign = 1 if world.true == "P" else -1
    bands = sign * found.quantiles
    bands = bands if sign > 0 else bands[::-1]
    misled = float((totals[:, min(shown, 5) - 1] < 0).mean())
    at_end = float((totals[:, -1] < 0).mean())
    refuted = float(np.isinf(totals[:, -1]).mean())
    slope = notation.amount(world.kl, unit)
    if math.isfinite(world.kl):
        slope += " a sample"
    name = f"KL[{world.true}; {world.other}]"
    data = {
        "kind": "fan",
        "unit": unit,
        "role": world.role,
        "samples": found.samples.tolist(),
        "bands": [[finite(x) for x in row] for row in _scaled(bands, choices)],
        "mean": None if math.isinf(world.kl) else sign * in_unit(world.kl, unit),
        "runs": [
            [finite(x) for x in row] for row in _scaled(sign * totals[:SINGLE_RUNS], choices)
        ],
        "numbers": [
            headline(name, slope, world.role),
            headline(f"misled after {min(shown, 5)} samples", f"{misled:.1%}"),
        ],
        "alt": f"Running totals of the evidence for P in {size} from {world.true}, with bands "
        f"for the middle half and nine tenths of the runs. {name} is {slope}. "
        f"After {min(shown, 5)} samples {misled:.1%} of the runs speak for "
        f"{world.other}, after {shown} {at_end:.1%}.",
    }
    if math.isinf(world.kl):
        verdict = (
            f"{size} from {world.true}. {name} is **infinite**: {refuted:.1%} of the runs have "
            f"met a sample that {world.other} forbids, and nothing undoes that."
            if refuted
            else f"{size} from {world.true}. {name} is **infinite**, though no sample rules "
            f"{world.other} out: rare samples from far out move the totals, and there is no slope "
            "to settle to."
        )
    else:
        mean = notation.signed(sign * float(found.mean[-1]), unit)
        line = notation.signed(sign * shown * world.kl, unit)
        verdict = (
            f"{size} from {world.true}. After {shown:,} the mean total is {mean}; the line of "
            f"slope {name} is at {line}. Single runs may mislead: {at_end:.1%} still speak for "
            f"{world.other}."
        )
    return Shown(data=data, verdict=verdict)


def race(choices: Choices, size: Size) -> Shown:
    """When the evidence of each run reaches a threshold, beside threshold/KL and Wald's law."""
    try:
        world = _world(choices)
        goal = threshold(choices.threshold)
    except ValueError as error:
        return Shown(problems=(str(error),))
    unit = choices.evidence_unit
    is_two_sided = choices.ends == ENDS[1]
    totals = _totals(choices, world, size)
    found = sequential.race(totals, goal, is_two_sided=is_two_sided)
    stopped = found.times[found.times > 0]
    name = f"KL[{world.true}; {world.other}]"
    is_usual = 0 < world.kl < math.inf and 0 < world.variance < math.inf
    wald = sequential.wald(goal, world.kl, world.variance) if is_usual else None
    reach = max(int(np.quantile(stopped, 0.995)) if len(stopped) else 0, 8)
    if wald is not None and len(stopped) < len(found.times) / 2:
        reach = size.samples
    width = max(1, math.ceil(reach / 40))
    edges = np.arange(0, width * math.ceil(reach / width) + 1, width)
    counts = np.bincount((stopped - 1) // width, minlength=len(edges) - 1)[: len(edges) - 1]
    expected = None
    if wald is not None and not is_two_sided:
        reached = [wald.reached(float(edge)) for edge in edges]
        expected = [size.runs * (b - a) for a, b in itertools.pairwise(reached)]
    error = float(stopped.std(ddof=1)) / math.sqrt(len(stopped)) if len(stopped) > 1 else 0.0
    ideal = goal / world.kl if world.kl else math.inf
    mean = f"{number(found.mean)} ± {number(error)}" if len(stopped) else "–"
    rows = [
        ("Mean of the runs that ended", f"{mean} samples" if len(stopped) else "–"),
        (f"Threshold / {name}", _samples(ideal, world.kl)),
        ("Runs that ended", f"{found.finished:.1%}"),
    ]
    if wald is not None and not is_two_sided:
        by_then = wald.reached(float(size.samples))
        if found.finished > 0.99:
            rows.append(
                ("Standard deviation of the runs", f"{number(float(stopped.std()))} samples")
            )
            rows.append(("The same by Wald", f"{number(wald.standard_deviation)} samples"))
        else:
            rows.append((f"Ended within {size.samples:,}, by Wald", f"{by_then:.1%}"))
    if is_two_sided:
        rows.append(("Ended for the wrong one", f"{found.wrong:.2%}"))
        if is_usual:
            wrong, both = sequential.wald_two_sided(goal, world.kl)
            rows.append(("The same by Wald, without overshoot", f"{wrong:.2%}"))
            rows.append(("Mean by Wald, without overshoot", f"{number(both)} samples"))
    goal_text = notation.signed(goal, unit).removeprefix("+")
    data = {
        "kind": "race",
        "role": world.role,
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "expected": expected,
        "mean": found.mean if len(stopped) else None,
        "ideal": ideal if math.isfinite(ideal) and world.kl else None,
        "numbers": [
            headline("mean stop", f"{mean} samples" if len(stopped) else "none ended", world.role),
            headline(f"threshold / {name}", _samples(ideal, world.kl)),
        ],
        "alt": f"How many of {size.runs:,} runs from {world.true} came to {goal_text} after how "
        f"many samples: on average after {mean}. Threshold over KL: {_samples(ideal, world.kl)}.",
    }
    return Shown(
        data=data,
        verdict=_race_said(
            found,
            world,
            goal_text,
            size,
            ideal,
            is_two_sided=is_two_sided,
            is_ruled_out=bool(np.isinf(totals[:, -1]).any()),
        ),
        table=Table(("The race", "figure"), tuple(rows)),
    )


def _race_said(
    found: sequential.Race,
    world: _World,
    goal: str,
    size: Size,
    ideal: float,
    *,
    is_two_sided: bool,
    is_ruled_out: bool,
) -> str:
    name = f"KL[{world.true}; {world.other}]"
    if world.kl == 0:
        return f"{size}: P and Q are the same, so no run ever comes to {goal}."
    if math.isinf(world.kl):
        why = (
            f"one sample that {world.other} forbids ends a race at once"
            if is_ruled_out
            else f"no sample rules {world.other} out, but a rare one from far out ends a race"
        )
        return f"{size} to {goal}. {name} is **infinite**: {why}. {found.finished:.1%} ended."
    if found.finished < 0.99:
        share = f"only {found.finished:.1%}" if found.finished else "none"
        mean = ", and their mean is that of the fast ones" if found.finished else ""
        return (
            f"{size}. Threshold / {name} is {_samples(ideal, world.kl)}: {share} "
            f"of the runs came to {goal} in {size.samples:,}{mean}."
        )
    if is_two_sided:
        return (
            f"{size} to {goal} for either one: {found.wrong:.1%} end for {world.other}, which is "
            "wrong. Those end early, and so bring the mean down."
        )
    said = (
        f"{size} to {goal}. The mean is above threshold / {name}, for the last sample overshoots"
    )
    if world.variance == 0:
        return f"{said}. Every sample weighs the same, so all runs end at once."
    return f"{said}; the line is Wald's law, which neglects that."


def _samples(value: float, kl: float) -> str:
    if kl == 0:
        return "never"
    if math.isinf(kl):
        return "0 samples: KL is infinite"
    return f"{number(value, 1)} samples" if value < 1000 else f"{math.ceil(value):,} samples"


def _scaled(rows: Float[np.ndarray, "row step"], choices: Choices) -> list[list[float]]:
    """Totals in the unit of the page, to six digits: a picture shows no more."""
    scaled = in_unit(1.0, choices.evidence_unit) * rows
    return [[float(f"{x:.6g}") for x in row] for row in scaled]


def _world(choices: Choices) -> _World:
    """What is drawn from, as weights of evidence for the true one.

    Raises:
        ValueError: If a chance of heads cannot be read.
    """
    is_p = choices.source == "P"
    true, other, role = ("P", "Q", "real") if is_p else ("Q", "P", "dream")
    if choices.of == "Coins":
        tables = [_coin(choices.heads_p, "P"), _coin(choices.heads_q, "Q")]
        own, rest = tables if is_p else tables[::-1]
        weights = sequential.table_weights(own, own, rest)
        return _World(
            weights, table_kl(own, rest), table_weight_variance(own, rest), true, other, role
        )
    pair = [density(choices, "p"), density(choices, "q")]
    law, rival = pair if is_p else pair[::-1]
    return _World(
        sequential.density_weights(law, law, rival),
        kl_divergence(law, rival).value,
        weight_variance(law, rival).value,
        true,
        other,
        role,
    )


def _totals(choices: Choices, world: _World, size: Size) -> Float[np.ndarray, "run sample"]:
    rng = np.random.default_rng(choices.draw)
    return sequential.running_totals(world.weights, rng, runs=size.runs, samples=size.samples)


def _coin(text: str, world: str) -> Float[np.ndarray, " outcome"]:
    return np.array(both_chances(text, f"Heads for {world}"))


# -- The coin bench -----------------------------------------------------------------------------


def bench(choices: Choices) -> Shown:
    """Two coins: what heads and tails weigh, and the total after the flips so far."""
    try:
        p, q = _coin(choices.heads_p, "P"), _coin(choices.heads_q, "Q")
        goal = threshold(choices.threshold)
    except ValueError as error:
        return Shown(problems=(str(error),))
    unit = choices.evidence_unit
    source = p if choices.source == "P" else q
    flips = min(choices.flips, MOST_FLIPS)
    is_heads = np.random.default_rng(choices.draw).random(MOST_FLIPS)[:flips] < source[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.log(p) - np.log(q)
        totals = np.cumsum(np.where(is_heads, weights[0], weights[1]))
    heads = int(is_heads.sum())
    total = float(totals[-1]) if flips else 0.0
    heads_text, tails_text = (
        "–" if math.isnan(weight) else notation.signed(float(weight), unit, 4)
        for weight in weights
    )
    both = table_kl(p, q), table_kl(q, p)
    rows = [
        (name, *_per_toss(value, goal, choices, own, rival))
        for name, value, own, rival in (("KL[P; Q]", both[0], p, q), ("KL[Q; P]", both[1], q, p))
    ]
    total_text = notation.signed(total, unit)
    tally = f"{heads} heads, {flips - heads} tails"
    data = {
        "kind": "flips",
        "unit": unit,
        "heads": is_heads.tolist(),
        "totals": [finite(x) for x in in_unit(1.0, unit) * totals],
        "weights": [heads_text, tails_text],
        "numbers": [
            headline("evidence for P", total_text if flips else f"0 {unit}"),
            headline("heads", heads_text, "bound"),
            headline("tails", tails_text, "bound"),
        ],
        "alt": f"The total evidence for P after each flip of {choices.source}'s coin. So far "
        f"{tally}: {total_text}. Heads weigh {heads_text}, tails {tails_text}. For "
        f"each toss KL from P to Q is {notation.amount(both[0], unit)}, from Q "
        f"to P {notation.amount(both[1], unit)}.",
    }
    goal_text = notation.signed(goal, unit).removeprefix("+")
    headings = ("", "a toss", f"tosses to {goal_text}")
    return Shown(
        data=data,
        verdict=_bench_said(choices, tally, total, flips, both, (p, q)),
        table=Table(headings, tuple(rows)),
    )


def _per_toss(
    kl: float,
    goal: float,
    choices: Choices,
    own: Float[np.ndarray, " outcome"],
    rival: Float[np.ndarray, " outcome"],
) -> tuple[str, str]:
    text = f"**{notation.amount(kl, choices.evidence_unit)}**"
    if kl == 0:
        return text, "never"
    if math.isinf(kl):
        return text, f"until the first {_betraying(own, rival)}"
    return text, f"{math.ceil(goal / kl):,}"


def _betraying(own: Float[np.ndarray, " outcome"], rival: Float[np.ndarray, " outcome"]) -> str:
    """The side that one coin shows and the other never does."""
    return " or ".join(
        side for side, a, b in zip(SIDES, own, rival, strict=True) if a > 0 and b == 0
    )


def _bench_said(
    choices: Choices,
    tally: str,
    total: float,
    flips: int,
    both: tuple[float, float],
    coins: tuple[np.ndarray, np.ndarray],
) -> str:
    infinite = [
        f"KL[{one}; {other}] is **infinite**: {one}'s coin can show {_betraying(own, rival)}, "
        f"{other}'s never does."
        for kl, one, other, own, rival in zip(both, "PQ", "QP", coins, coins[::-1], strict=True)
        if math.isinf(kl)
    ]
    if not flips:
        return " ".join(["Flip the coin.", *_sides_said(coins), *infinite])
    if math.isinf(total):
        loser = "Q" if total > 0 else "P"
        said = f"{tally}: **{loser} is ruled out**, for good."
    else:
        said = f"{tally}, from {choices.source}'s coin."
    return " ".join([said, *_sides_said(coins), *infinite])


def _sides_said(coins: tuple[np.ndarray, np.ndarray]) -> list[str]:
    """What each side says for which coin, in bits and decibans, where that is finite."""
    said = []
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.log(coins[0]) - np.log(coins[1])
    for side, weight in zip(SIDES, weights.tolist(), strict=True):
        if math.isfinite(weight) and weight:
            winner, size = "P" if weight > 0 else "Q", abs(weight)
            bits = notation.amount(size, "bits")
            decibans = notation.amount(size, "dB")
            said.append(f"{side.capitalize()}: {bits} ({decibans}) for {winner}.")
    return said
