"""What the page on the two properties of KL shows: it is never negative, and only loses.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
from jaxtyping import Float

from core import divergence, notation, sequential
from core.densities import Normal
from core.evidence import Unit, in_unit
from core.lessons.kl_choices import Shown, chance, finite, headline, table_of
from core.lessons.panels import Table, number
from core.lessons.weight_of_evidence import UNITS, WAYS

__all__ = [
    "CASES",
    "CHANCES",
    "CORRELATIONS",
    "LAST_DRAW",
    "MEANS",
    "MIXES",
    "NOISES",
    "POISSON_MEANS",
    "SAMPLES",
    "SCALES",
    "SEEN",
    "SHIFTS",
    "SURFACES",
    "UNITS",
    "UNTOUCHED",
    "VIEWS",
    "WAYS",
    "WORLDS",
    "Case",
    "Choices",
    "cases",
    "heard",
    "joint_of",
    "show",
]

VIEWS = (
    "Never negative",
    "Surface",
    "Misled runs",
    "Joint table",
    "Gaussians",
    "Merged",
    "Noise",
    "The bound",
)
"""The views of the page: three on the first property, four on the second, one on their use."""

SURFACES = ("Two coins", "A Gaussian and N(0, 1)", "Two Poisson laws")
WORLDS = ("Gaussians", "Coins")
SEEN = ("Rows, x", "Columns, z")
CHANCES = tuple(i / 100 for i in range(1, 100))
MEANS = tuple(i / 20 for i in range(-60, 61))
SCALES = tuple(i / 20 for i in range(4, 61))
POISSON_MEANS = tuple(i / 10 for i in range(1, 101))
SHIFTS = tuple(i / 10 for i in range(-30, 31))
CORRELATIONS = tuple(i / 20 for i in range(-19, 20))
NOISES = MIXES = tuple(i / 20 for i in range(21))
SAMPLES = (1, 2, 5, 10, 20, 50, 100)
RUNS, LAST_DRAW = 10_000, 999
MOST_ROWS = 4
_DUST = 1e-30
"""Nats under which a divergence of tables with 15 decimals is their rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        view: What is shown, one of `VIEWS`.
        unit: Unit of evidence, in the page's words.
        draw: Which random draws: the same number draws the same samples.
        p: Chances of the outcomes under P, as typed or dragged.
        q: The same under Q.
        surface: Family whose divergence is drawn over two parameters.
        coin_p: Chance of heads of P's coin.
        coin_q: The same of Q's.
        mean: Mean of P's Gaussian, where Q is N(0, 1).
        scale: Its standard deviation.
        count_p: Mean of P's Poisson law.
        count_q: Mean of Q's.
        world: What the runs are drawn from.
        shift: Distance of the means of two Gaussians of variance one.
        heads_p: Chance of heads of P's coin, as typed.
        heads_q: The same of Q's.
        samples: Samples in each run.
        p_joint: Joint chances of x and z under P, as typed, row after row.
        q_joint: The same under Q.
        r_joint: The same under another Q, where the first one ends.
        seen: Which of the two is seen.
        shift_x: Mean of x under P; under Q it is 0, and all variances are 1.
        shift_z: Mean of z under P.
        rho_p: Correlation of x and z under P.
        rho_q: Correlation under Q.
        groups: The group of each outcome, as typed.
        noise: Chance that an outcome is replaced by any of them.
        mix: How far the first Q has gone on its way to the other.
    """

    view: str = "Never negative"
    unit: str = "Nats"
    draw: int = 0
    p: str = "0.4, 0.3, 0.2, 0.1"
    q: str = "0.1, 0.2, 0.3, 0.4"
    surface: str = "Two coins"
    coin_p: float = 0.7
    coin_q: float = 0.4
    mean: float = 1.0
    scale: float = 1.0
    count_p: float = 3.0
    count_q: float = 5.0
    world: str = "Gaussians"
    shift: float = 0.5
    heads_p: str = "60 %"
    heads_q: str = "40 %"
    samples: int = 10
    p_joint: str = ".45, .05; .05, .45"
    q_joint: str = ".05, .45; .45, .05"
    r_joint: str = ".525, .05; .05, .375"
    seen: str = "Rows, x"
    shift_x: float = 0.5
    shift_z: float = 0.0
    rho_p: float = 0.8
    rho_q: float = 0.0
    groups: str = "1, 1, 2, 2"
    noise: float = 0.3
    mix: float = 0.0

    def values(self) -> dict[str, Any]:
        """Each value by the key of its control."""
        return dataclasses.asdict(self)

    @property
    def evidence_unit(self) -> Unit:
        """The unit of evidence as core names it."""
        return UNITS[self.unit]


UNTOUCHED = Choices()


@dataclass(frozen=True, slots=True)
class Case:
    """A ready case.

    Attributes:
        label: What its link says.
        choices: Where the controls stand.
    """

    label: str
    choices: Choices


_COINS = Choices(view="Surface")
_GAUSSIAN = Choices(view="Surface", surface=SURFACES[1])
_RUNS = Choices(view="Misled runs")
_JOINT = Choices(view="Joint table")
_PLANE = Choices(view="Gaussians")
_MERGED = Choices(view="Merged")
_NOISE = Choices(view="Noise")
_BOUND = Choices(view="The bound")

CASES: dict[str, Case] = {
    "equal": Case("P = Q", Choices(p="0.4, 0.3, 0.2, 0.1", q="0.4, 0.3, 0.2, 0.1")),
    "near": Case("Almost equal", Choices(q="0.38, 0.31, 0.2, 0.11")),
    "rare": Case("Q forgets one", Choices(q="0.4, 0.3, 0.299, 0.001")),
    "never": Case("Q rules one out", Choices(q="0.4, 0.3, 0.3, 0")),
    "fair": Case("A fair coin, a bent one", replace(_COINS, coin_p=0.5, coin_q=0.9)),
    "sure": Case("Almost sure", replace(_COINS, coin_p=0.5, coin_q=0.99)),
    "unit": Case("N(1, 1)", _GAUSSIAN),
    "narrow": Case("N(0, 0.5²)", replace(_GAUSSIAN, mean=0.0, scale=0.5)),
    "same": Case("N(0, 1) itself", replace(_GAUSSIAN, mean=0.0)),
    "counts": Case("Counts", replace(_COINS, surface=SURFACES[2])),
    "early": Case("After one sample", replace(_RUNS, samples=1)),
    "late": Case("After a hundred", replace(_RUNS, samples=100)),
    "coins": Case("Two coins", replace(_RUNS, world="Coins")),
    "hidden": Case("x alone sees nothing", _JOINT),
    "close": Case("Nearly P", replace(_JOINT, q_joint=UNTOUCHED.r_joint)),
    "kept": Case(
        "x sees it all", replace(_JOINT, p_joint=".4, .4; .1, .1", q_joint=".1, .1; .4, .4")
    ),
    "correlation": Case("Only the correlation", replace(_PLANE, shift_x=0.0)),
    "moved": Case("Moved along x", replace(_PLANE, shift_x=1.0, shift_z=0.8, rho_q=0.8)),
    "apart": Case("Both", replace(_PLANE, shift_x=1.0, shift_z=-0.5)),
    "pairs": Case("Unlike ones merged", replace(_MERGED, groups="1, 2, 2, 1")),
    "alike": Case(
        "Nothing lost",
        replace(_MERGED, p="0.4, 0.2, 0.3, 0.1", q="0.2, 0.1, 0.525, 0.175"),
    ),
    "all": Case("All into one", replace(_MERGED, groups="1, 1, 1, 1")),
    "clear": Case("No noise", replace(_NOISE, noise=0.0)),
    "half": Case("Half of it noise", replace(_NOISE, noise=0.5)),
    "deaf": Case("Nothing but noise", replace(_NOISE, noise=1.0)),
    "start": Case("At the start", _BOUND),
    "way": Case("Half way", replace(_BOUND, mix=0.5)),
    "end": Case("At the end", replace(_BOUND, mix=1.0)),
}
"""Ready cases, by the name in their links."""


def cases(view: str) -> dict[str, Case]:
    """The ready cases of one view."""
    return {name: case for name, case in CASES.items() if case.choices.view == view}


def show(choices: Choices) -> Shown:
    """What the chosen view shows; what is wrong with the choices comes as sentences."""
    try:
        return _VIEWS[choices.view](choices)
    except ValueError as error:
        return Shown(problems=(str(error),))


# -- It is never negative ---------------------------------------------------------------------


def _two_tables(choices: Choices) -> tuple[np.ndarray, np.ndarray]:
    p, q = table_of(choices.p, "P"), table_of(choices.q, "Q")
    if len(p) != len(q):
        raise ValueError(
            f"`P` and `Q` must have the same outcomes, got {len(p)} and {len(q)} chances."
        )
    return p, q


def _gaps(p: Float[np.ndarray, " outcome"], q: Float[np.ndarray, " outcome"]) -> np.ndarray:
    """What each outcome adds: P's chance times the gap between x - 1 and log x at x = q/p."""
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = p * divergence.surplus((q - p) / p)
    return np.where(p == 0, q, np.where(gaps < _DUST, 0.0, gaps))


def _never_negative(choices: Choices) -> Shown:
    (p, q), unit = _two_tables(choices), choices.evidence_unit
    gaps, kl = _gaps(p, q), divergence.table_kl(p, q)
    text = notation.amount(kl, unit)
    rows = tuple(
        (f"outcome {i + 1}", number(a, 4), number(b, 4), _ratio(a, b), notation.amount(gap, unit))
        for i, (a, b, gap) in enumerate(zip(p, q, gaps, strict=True))
    )
    if math.isinf(kl):
        verdict = (
            f"KL is **infinite**: {_ruled_out(p, q)}. "
            "There x = q/p is 0, where the logarithm has no floor."
        )
    elif kl == 0:
        verdict = "P is Q: every ratio is 1, where the line touches the logarithm. **KL is 0.**"
    else:
        verdict = (
            "An outcome adds p times the gap between x − 1 and log x at its ratio x = q/p. **No "
            "gap is below zero**, and only x = 1 has none; what the line adds in all is "
            "Σ(q − p) = 0, so the gaps sum up to KL."
        )
    return Shown(
        data={
            "kind": "proof",
            "p": p.tolist(),
            "q": q.tolist(),
            "unit": unit,
            "numbers": [headline("KL[P; Q], the sum of the gaps", text, "real")],
        },
        verdict=verdict,
        table=Table(("", "p", "q", "x = q/p", "p × gap"), rows),
    )


def _ratio(p: float, q: float) -> str:
    if p == 0:
        return "∞" if q > 0 else "–"
    return number(q / p, 3)


def _ruled_out(p: Float[np.ndarray, "*outcome"], q: Float[np.ndarray, "*outcome"]) -> str:
    """Where P may fall and Q may not, in words: what makes KL[p; q] infinite."""
    places = np.argwhere((p > 0) & (q == 0)) + 1
    if p.ndim == 1:
        kind, names = "outcome", [str(place[0]) for place in places]
    else:
        kind, names = "cell", [f"({x}, {z})" for x, z in places]
    plural = "s" if len(names) > 1 else ""
    return f"{kind}{plural} {' and '.join(names)} can happen under P and never under Q"


@dataclass(frozen=True, slots=True)
class _Plane:
    """A family over two parameters.

    Attributes:
        keys: Keys of the two controls.
        names: What the axes are called.
        marks: Marks of the two.
        kl: The divergence in nats.
        only: Where it is zero, in words.
    """

    keys: tuple[str, str]
    names: tuple[str, str]
    marks: tuple[tuple[float, ...], tuple[float, ...]]
    kl: Callable[[float, float], float]
    only: str


_PLANES = {
    SURFACES[0]: _Plane(
        ("coin_p", "coin_q"),
        ("heads under P", "heads under Q"),
        (CHANCES, CHANCES),
        divergence.bernoulli_kl,
        "on the line where both coins are the same",
    ),
    SURFACES[1]: _Plane(
        ("mean", "scale"),
        ("mean of P", "standard deviation of P"),
        (MEANS, SCALES),
        lambda mean, scale: divergence.gaussian_kl(mean, scale, 0.0, 1.0),
        "at one point, where P is N(0, 1) as well",
    ),
    SURFACES[2]: _Plane(
        ("count_p", "count_q"),
        ("mean under P", "mean under Q"),
        (POISSON_MEANS, POISSON_MEANS),
        divergence.poisson_kl,
        "on the line where both means are the same",
    ),
}


def _surface(choices: Choices) -> Shown:
    plane, unit = _PLANES[choices.surface], choices.evidence_unit
    place = [getattr(choices, key) for key in plane.keys]
    text = notation.amount(plane.kl(*place), unit)
    return Shown(
        data={
            "kind": "surface",
            "family": SURFACES.index(choices.surface),
            "keys": list(plane.keys),
            "names": list(plane.names),
            "ranges": [[marks[0], marks[-1]] for marks in plane.marks],
            "steps": [round(marks[1] - marks[0], 6) for marks in plane.marks],
            "place": place,
            "unit": unit,
            "numbers": [headline("KL[P; Q]", text, "real")],
        },
        verdict=f"The surface rises on every side and touches zero only {plane.only}.",
    )


def _misled(choices: Choices) -> Shown:
    unit, rng = choices.evidence_unit, np.random.default_rng(choices.draw)
    if choices.world == "Coins":
        heads = chance(choices.heads_p, "Heads for P"), chance(choices.heads_q, "Heads for Q")
        p, q = (np.array([head, 1 - head]) for head in heads)
        weights = sequential.table_weights(p, p, q)
    else:
        p, q = Normal(choices.shift, 1.0), Normal(0.0, 1.0)
        weights = sequential.density_weights(p, p, q)
    totals = sequential.running_totals(weights, rng, runs=RUNS, samples=choices.samples)
    levels = np.linspace(0.0, math.log(RUNS), 47)
    level = math.log(20)
    *found, at = sequential.misled(totals, np.append(levels, level))
    evidence = notation.amount(level, unit)
    said = (
        f"{RUNS:,} runs of {choices.samples} {'sample' if choices.samples == 1 else 'samples'} "
        "from P. Evidence of 20:1 for Q, where P is true, stands at the end of "
        f"{_percent(at.at_the_end)} of them and was there at some time in {_percent(at.ever)}; "
        f"**the bound is {_percent(math.exp(-level))}**."
    )
    is_told = bool((totals[:, -1] != 0).any())
    return Shown(
        data={
            "kind": "tail",
            "levels": [in_unit(float(value), unit) for value in levels],
            "bound": np.exp(-levels).tolist(),
            "last": [each.at_the_end for each in found],
            "ever": [each.ever for each in found],
            "errors": [each.standard_error(each.ever) for each in found],
            "unit": unit,
            "lowest": 1 / RUNS,
            "numbers": [
                headline("20:1 for Q at the end", _percent(at.at_the_end), "real"),
                headline("ever", _percent(at.ever), "real"),
                headline("bound", _percent(math.exp(-level)), "bound"),
            ],
            "alt": f"Share of runs against evidence for Q. {said} {evidence} is 20:1.".replace(
                "**", ""
            ),
        },
        verdict=said
        + (
            " That samples of P speak much for Q is exponentially rare."
            if is_told
            else " Here P is Q: no sample tells them apart, and none misleads."
        ),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


# -- It only loses ----------------------------------------------------------------------------


def joint_of(text: str, name: str) -> Float[np.ndarray, "row column"]:
    """Joint chances as typed: commas between them, semicolons between rows.

    Raises:
        ValueError: If they are none: rows of unequal length, too many, or not with sum 1.

    Example:
        >>> joint_of(".45, .05; 1/20, 45 %", "P").tolist()
        [[0.45, 0.05], [0.05, 0.45]]
    """
    rows = [[c for c in row.split(",") if c.strip()] for row in text.split(";") if row.strip()]
    lengths = {len(row) for row in rows}
    if not 2 <= len(rows) <= MOST_ROWS or len(lengths) != 1 or not 2 <= lengths.pop() <= MOST_ROWS:
        shape = " and ".join(str(len(row)) for row in rows[:6]) or "nothing"
        raise ValueError(
            f"`{name}` must be 2 to {MOST_ROWS} rows of 2 to {MOST_ROWS} chances, with commas "
            f"between chances and semicolons between rows, got rows of {shape}."
        )
    found = np.array([[chance(piece.strip(), name) for piece in row] for row in rows])
    if abs(found.sum() - 1) > 1e-6:
        raise ValueError(f"`{name}` must sum to 1, got {found.sum():.6g}.")
    return found / found.sum()


def _same_shape(p: np.ndarray, q: np.ndarray, name: str = "Q") -> None:
    if p.shape != q.shape:
        shapes = " and ".join(f"{rows} by {columns}" for rows, columns in (p.shape, q.shape))
        raise ValueError(f"`P` and `{name}` must have tables of one shape, got {shapes}.")


def _split(
    parts: divergence.Decomposition,
    names: tuple[str, str, str],
    unit: Unit,
    picture: Mapping[str, Any],
    drawn: str,
    verdict: str,
) -> Shown:
    """A divergence as a bar of the two that it is the sum of."""
    values = parts.joint, parts.marginal, parts.conditional
    texts = [notation.amount(value, unit) for value in values]
    shown = [finite(value) for value in values]
    off = abs(parts.joint - parts.marginal - parts.conditional)
    rows = [(name, text) for name, text in zip(names, texts, strict=True)]
    if math.isfinite(off):
        rows.append(("first − second − third", f"{in_unit(off, unit):.1e} {unit}"))
    words = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    return Shown(
        data={
            "kind": "split",
            **picture,
            "names": list(names),
            "values": shown,
            "texts": texts,
            "unit": unit,
            "numbers": [
                headline(names[0], texts[0], "objective"),
                headline(f"= {names[1]}", texts[1], "real"),
                headline(f"+ {names[2]}", texts[2], "bound"),
            ],
            "alt": f"{drawn} {words}.",
        },
        verdict=verdict,
        table=Table(("", unit), tuple(rows)),
    )


def _joint_table(choices: Choices) -> Shown:
    p, q = joint_of(choices.p_joint, "P"), joint_of(choices.q_joint, "Q")
    _same_shape(p, q)
    is_x = choices.seen == SEEN[0]
    parts = divergence.table_decomposition(p, q) if is_x else _by_columns(p, q)
    seen, rest = ("x", "z") if is_x else ("z", "x")
    if parts.joint == 0:
        verdict = "P is Q: there is nothing to see, together or alone."
    elif math.isinf(parts.joint):
        is_seen = math.isinf(parts.marginal)
        verdict = f"KL of both is **infinite**: {_ruled_out(p, q)}. " + (
            f"Whoever sees {seen} alone may find out as well."
            if is_seen
            else f"Whoever sees {seen} alone **never finds out**: there Q rules nothing out."
        )
    elif parts.conditional <= 1e-12 * parts.joint:
        verdict = f"Once {seen} is known, {rest} tells no more: **{seen} alone sees it all.**"
    else:
        verdict = (
            f"Whoever sees {seen} alone gathers no more evidence than whoever sees both: what is "
            f"missing is what {rest} would tell once {seen} is known, and **that is a KL too, so "
            "never below zero.**"
        )
    return _split(
        parts,
        ("KL of both", f"KL of {seen}", f"KL of {rest} given {seen}"),
        choices.evidence_unit,
        {"tables": {"p": p.tolist(), "q": q.tolist(), "seen": 0 if is_x else 1}},
        "Two tables, of P and of Q, with x down and z across.",
        verdict,
    )


def _by_columns(p: np.ndarray, q: np.ndarray) -> divergence.Decomposition:
    return divergence.table_decomposition(p.T.copy(), q.T.copy())


def _gaussians(choices: Choices) -> Shown:
    p_mean, q_mean = np.array([choices.shift_x, choices.shift_z]), np.zeros(2)
    p, q = (np.array([[1.0, rho], [rho, 1.0]]) for rho in (choices.rho_p, choices.rho_q))
    parts = divergence.gaussian_decomposition(p_mean, p, q_mean, q)
    if parts.joint == 0:
        verdict = "P is Q: there is nothing to see, together or alone."
    elif parts.conditional <= 1e-12 * parts.joint:
        verdict = "Once x is known, z tells no more: **x alone sees it all.**"
    else:
        verdict = (
            "In x alone both have variance 1, so the correlation is **seen only by whoever sees "
            "both**; a shift of x is seen by either."
        )
    return _split(
        parts,
        ("KL of both", "KL of x", "KL of z given x"),
        choices.evidence_unit,
        {
            "ellipses": {
                "p": {"mean": p_mean.tolist(), "covariance": p.tolist()},
                "q": {"mean": q_mean.tolist(), "covariance": q.tolist()},
            }
        },
        "Ellipses of two Gaussians in the plane of x and z, at one and two standard deviations.",
        verdict,
    )


def _groups(text: str, outcomes: int) -> np.ndarray:
    pieces = [piece.strip() for piece in text.replace(";", ",").split(",") if piece.strip()]
    if len(pieces) != outcomes or not all(p.isascii() and p.isdigit() for p in pieces):
        raise ValueError(
            f"`Groups` must be {outcomes} whole numbers with commas between them, one for each "
            f"outcome, got {text[:40]!r}."
        )
    return np.unique([int(piece[:9]) for piece in pieces], return_inverse=True)[1]


def _lost(before: float, after: float) -> divergence.Decomposition:
    """What is left of a divergence, and what is lost; together they are what there was."""
    lost = 0.0 if math.isinf(after) else max(0.0, before - after)
    return divergence.Decomposition(before, after, lost)


def _merged(choices: Choices) -> Shown:
    p, q = _two_tables(choices)
    groups = _groups(choices.groups, len(p))
    left_p, left_q = (divergence.coarse_grained(table, groups) for table in (p, q))
    is_kept = divergence.loses_nothing(p, q, groups)
    whole = divergence.table_decomposition(_grouped(p, groups), _grouped(q, groups))
    left = whole.marginal if whole.marginal > _DUST else 0.0
    parts = divergence.Decomposition(whole.joint, left, 0.0 if is_kept else whole.conditional)
    if groups.max() + 1 == len(p):
        verdict = (
            "Every outcome is a group of its own: nothing is merged, and **nothing is lost.**"
        )
    elif is_kept:
        verdict = (
            "Within each group all ratios p/q are the same, so which of them it was tells "
            "nothing: **merging loses nothing.**"
        )
    else:
        verdict = (
            "Outcomes of one group are no longer told apart, and the evidence that lay between "
            "them is **lost; none is ever won**."
        )
    if math.isinf(parts.joint):
        verdict += f" Before, KL is infinite: {_ruled_out(p, q)}."
    return _split(
        parts,
        ("KL before", "KL of the groups", "lost within them"),
        choices.evidence_unit,
        {"bars": [_bars(p, q, groups), _bars(left_p, left_q, np.arange(len(left_p)))]},
        "Bars of P and Q, before and after merging.",
        verdict,
    )


def _grouped(table: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Chances by group, which is seen, and outcome, which is not."""
    return np.where(groups == np.arange(groups.max() + 1)[:, None], table, 0.0)


def _noise(choices: Choices) -> Shown:
    p, q = _two_tables(choices)
    count = len(p)
    channel = (1 - choices.noise) * np.eye(count) + choices.noise / count
    got_p, got_q = (divergence.through_channel(table, channel) for table in (p, q))
    before, after = divergence.table_kl(p, q), divergence.table_kl(got_p, got_q)
    if choices.noise == 0:
        verdict = "The channel is clear: **nothing is lost.**"
    elif choices.noise == 1:
        verdict = "What is received says nothing of what was sent: **all is lost.**"
    else:
        verdict = (
            f"With chance {choices.noise:g} an outcome is replaced by any of the {count}, under P "
            "and Q alike. **Noise loses evidence; no processing wins it back.**"
        )
    if before == 0:
        verdict = "P is Q: there was nothing to tell them apart, and noise adds nothing."
    elif math.isinf(before):
        verdict += f" As sent, KL is infinite: {_ruled_out(p, q)}."
    groups = np.arange(count)
    return _split(
        _lost(before, after),
        ("KL as sent", "KL as received", "lost on the way"),
        choices.evidence_unit,
        {"bars": [_bars(p, q, groups), _bars(got_p, got_q, groups)]},
        "Bars of P and Q, as sent and as received.",
        verdict,
    )


def _bars(p: np.ndarray, q: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    return {"p": p.tolist(), "q": q.tolist(), "groups": groups.tolist()}


# -- What it is good for ----------------------------------------------------------------------


def _bound(choices: Choices) -> Shown:
    unit = choices.evidence_unit
    p, start = joint_of(choices.p_joint, "P"), joint_of(choices.q_joint, "Q, start")
    end = joint_of(choices.r_joint, "Q, end")
    _same_shape(p, start, "Q, start")
    _same_shape(p, end, "Q, end")

    def at(mix: float) -> divergence.Decomposition:
        return divergence.table_decomposition(p, (1 - mix) * start + mix * end)

    path = [at(mix) for mix in MIXES]
    here, first, last = at(choices.mix), path[0], path[-1]
    joint, marginal = (notation.amount(kl, unit) for kl in (here.joint, here.marginal))
    has_fallen, has_risen = last.joint < first.joint, last.marginal > first.marginal
    way = (
        f"From start to end the KL of both goes from {notation.amount(first.joint, unit)} to "
        f"{notation.amount(last.joint, unit)}, that of x from "
        f"{notation.amount(first.marginal, unit)} to {notation.amount(last.marginal, unit)}"
    )
    if has_fallen and has_risen:
        way += (
            ": **the joint has fallen, and the marginal has risen.** What went down is the bound"
        )
    for name, table, parts in (("start", start, first), ("end", end, last)):
        if math.isinf(parts.joint):
            way += f". At the {name} that of both is infinite: {_ruled_out(p, table)}"
    values = [[finite(in_unit(kl, unit)) for kl in row] for row in _rows(path)]
    return Shown(
        data={
            "kind": "paths",
            "mixes": list(MIXES),
            "joint": values[0],
            "marginal": values[1],
            "mix": choices.mix,
            "unit": unit,
            "numbers": [
                headline("KL of x and z", joint, "objective"),
                headline("≥ KL of x", marginal, "real"),
            ],
            "alt": f"Both divergences while Q goes from start to end. {way}. At the mark: KL of "
            f"both {joint}, KL of x {marginal}.".replace("**", ""),
        },
        verdict=f"{way}.",
    )


def _rows(path: Sequence[divergence.Decomposition]) -> tuple[list[float], list[float]]:
    return [each.joint for each in path], [each.marginal for each in path]


_VIEWS: dict[str, Callable[[Choices], Shown]] = {
    "Never negative": _never_negative,
    "Surface": _surface,
    "Misled runs": _misled,
    "Joint table": _joint_table,
    "Gaussians": _gaussians,
    "Merged": _merged,
    "Noise": _noise,
    "The bound": _bound,
}


# -- What hands do ----------------------------------------------------------------------------


def heard(what: object) -> dict[str, Any]:
    """What to set so that the page stands as a hand has left the picture; nothing for nonsense.

    Args:
        what: Tables by the keys `p` and `q`, or two numbers by the keys of a surface.
    """
    if not isinstance(what, Mapping):
        return {}
    if set(what) == {"p", "q"}:
        tables = {key: _written(row) for key, row in what.items()}
        return {k: v for k, v in tables.items() if v} if all(tables.values()) else {}
    for plane in _PLANES.values():
        if set(what) == set(plane.keys):
            values = [what[key] for key in plane.keys]
            if not all(_is_number(value) for value in values):
                return {}
            nearest = [
                min(marks, key=lambda mark, value=value: abs(mark - value))
                for marks, value in zip(plane.marks, values, strict=True)
            ]
            return dict(zip(plane.keys, nearest, strict=True))
    return {}


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value)


def _written(row: object) -> str:
    """A dragged table as it would be typed, in thousandths that sum to one; "" for nonsense."""
    if not isinstance(row, list) or not 2 <= len(row) <= 12 or not all(map(_is_number, row)):
        return ""
    values = np.array(row, dtype=float)
    if (values < 0).any() or not 0.5 < values.sum() < 2:
        return ""
    whole = np.round(1000 * values / values.sum()).astype(int)
    whole[np.argmax(whole)] += 1000 - whole.sum()
    return ", ".join(f"{value / 1000:g}" for value in whole)
