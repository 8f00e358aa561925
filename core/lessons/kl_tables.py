"""KL by formula: tables, coins, Poisson, exponential, Beta, Gaussians; and code lengths.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from core import divergence, notation, sequential
from core.densities import (
    Beta,
    Density,
    Exponential,
    integrand,
    kl_divergence,
    mean_weight,
)
from core.evidence import Unit, in_unit
from core.lessons.kl_choices import (
    DRAWS,
    Choices,
    Shown,
    chance,
    finite,
    headline,
    matrix,
    table_of,
    vector,
)
from core.lessons.panels import Table, number

__all__ = ["KINDS", "codes", "families"]


def families(choices: Choices) -> Shown:
    """Both divergences of two laws of one family, by formula and by sampling."""
    try:
        return _FAMILIES[choices.family](choices)
    except ValueError as error:
        return Shown(problems=(str(error),))


def _answer(
    choices: Choices,
    data: dict[str, Any],
    kls: tuple[float, float],
    weights: Callable[[bool], sequential.Weights],
    formula: str,
    why: tuple[str, str] = ("", ""),
    drawn: str = "",
) -> Shown:
    """What every family has in common.

    Args:
        choices: Where the controls stand.
        data: The picture.
        kls: KL[P; Q] and KL[Q; P] in nats.
        weights: Draws weights for P over Q, from P or else from Q.
        formula: KL[P; Q] in Markdown.
        why: Where each direction becomes infinite, in words.
        drawn: What the picture shows, in words.
    """
    unit = choices.evidence_unit
    rng = np.random.default_rng(choices.draw)
    rows, said = [], []
    for is_p, kl, (one, other), place in zip((True, False), kls, ("PQ", "QP"), why, strict=True):
        sampled = mean_weight((1 if is_p else -1) * weights(is_p)(rng, DRAWS))
        estimate = "a draw that is impossible"
        if math.isfinite(sampled.value):
            value = notation.signed(sampled.value, unit, 4).removeprefix("+")
            error = notation.amount(sampled.standard_error, unit).removesuffix(f" {unit}")
            estimate = f"{value.removesuffix(f' {unit}')} ± {error} {unit}"
        name = f"KL[{one}; {other}]"
        rows.append((name, f"**{notation.amount(kl, unit)}**", estimate))
        if math.isinf(kl):
            said.append(f"{name} is **infinite**: {place}.")
    texts = [notation.amount(kl, unit) for kl in kls]
    numbers = [headline("KL[P; Q]", texts[0], "real"), headline("KL[Q; P]", texts[1], "dream")]
    alt = f"{drawn} KL from P to Q is {texts[0]}, KL from Q to P {texts[1]}. {' '.join(said)}"
    return Shown(
        data={**data, "unit": unit, "numbers": numbers, "alt": alt.replace("**", "").strip()},
        verdict=" ".join([formula, *said]),
        table=Table(("", "by formula", f"by {DRAWS:,} draws"), tuple(rows)),
    )


# -- Outcomes that can be listed ----------------------------------------------------------------


def _listed(
    p: Float[np.ndarray, " outcome"],
    q: Float[np.ndarray, " outcome"],
    labels: list[str],
    name: str,
    unit: Unit,
) -> dict[str, Any]:
    """Bars of two tables, and each outcome's term of the two divergences."""
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0) * in_unit(1.0, unit)
        reverse = np.where(q > 0, q * (np.log(q) - np.log(p)), 0.0) * in_unit(1.0, unit)
    return {
        "kind": "bars",
        "labels": labels,
        "name": name,
        "p": p.tolist(),
        "q": q.tolist(),
        "terms": [[finite(float(x)) for x in terms] for terms in (forward, reverse)],
    }


def _forbidden(
    p: Float[np.ndarray, " outcome"], q: Float[np.ndarray, " outcome"], labels: Sequence[str]
) -> str:
    """The outcomes that P allows and Q does not."""
    return " and ".join(labels[int(i)] for i in np.flatnonzero((p > 0) & (q == 0)))


def _tables(choices: Choices) -> Shown:
    p, q = _two_tables(choices)
    labels = [str(i + 1) for i in range(len(p))]
    why = [
        f"outcome {_forbidden(own, rival, labels)} can happen under {one} and never under {other}"
        for one, other, own, rival in (("P", "Q", p, q), ("Q", "P", q, p))
    ]
    return _answer(
        choices,
        _listed(p, q, labels, "outcome", choices.evidence_unit),
        (divergence.table_kl(p, q), divergence.table_kl(q, p)),
        lambda is_p: sequential.table_weights(p if is_p else q, p, q),
        r"$\sum_i p_i \log p_i/q_i$.",
        (why[0], why[1]),
        f"Bars of {len(p)} outcomes under P and Q, and their terms.",
    )


def _coins(choices: Choices) -> Shown:
    heads = [
        chance(getattr(choices, f"heads_{world}"), f"Heads for {world.upper()}") for world in "pq"
    ]
    p, q = (np.array([x, 1 - x]) for x in heads)
    sides = ("heads", "tails")
    why = [
        f"{one} can show {_forbidden(own, rival, sides)}, {other} never does"
        for one, other, own, rival in (("P", "Q", p, q), ("Q", "P", q, p))
    ]
    return _answer(
        choices,
        _listed(p, q, ["heads", "tails"], "side", choices.evidence_unit),
        (divergence.bernoulli_kl(*heads), divergence.bernoulli_kl(*heads[::-1])),
        lambda is_p: sequential.table_weights(p if is_p else q, p, q),
        r"$p\log\frac{p}{q} + (1-p)\log\frac{1-p}{1-q}$.",
        (why[0], why[1]),
        f"Chances of heads {number(heads[0])} under P and {number(heads[1])} under Q.",
    )


def _poisson(choices: Choices) -> Shown:
    means = choices.poisson_p, choices.poisson_q
    counts = np.arange(math.ceil(max(means) + 4 * math.sqrt(max(means)) + 3))
    tables = []
    for mean in means:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(counts > 0, counts * np.log(mean), 0.0) - mean
        tables.append(np.exp(logs - np.array([math.lgamma(k + 1) for k in counts])))
    why = (
        "a count above 0 can happen under P and never under Q",
        "a count above 0 can happen under Q and never under P",
    )
    return _answer(
        choices,
        _listed(tables[0], tables[1], [str(k) for k in counts], "count", choices.evidence_unit),
        (divergence.poisson_kl(*means), divergence.poisson_kl(*means[::-1])),
        lambda is_p: sequential.poisson_weights(means[0] if is_p else means[1], *means),
        r"$\lambda_p \log\frac{\lambda_p}{\lambda_q} - \lambda_p + \lambda_q$.",
        why,
        f"Counts with the mean {number(means[0])} under P and {number(means[1])} under Q.",
    )


# -- Densities ----------------------------------------------------------------------------------


def _curves(
    choices: Choices, p: Density, q: Density, x: np.ndarray, formula: str, drawn: str
) -> Shown:
    """Two densities and the two integrands, on places that the lesson picks."""
    scale = in_unit(1.0, choices.evidence_unit)
    data = {
        "kind": "curves",
        "x": x.round(9).tolist(),
        "p": np.exp(p.log_density(x)).tolist(),
        "q": np.exp(q.log_density(x)).tolist(),
        "terms": [(scale * integrand(one, other, x)).tolist() for one, other in ((p, q), (q, p))],
        "name": "x",
        "across": "density",
    }
    return _answer(
        choices,
        data,
        (kl_divergence(p, q).value, kl_divergence(q, p).value),
        lambda is_p: sequential.density_weights(p if is_p else q, p, q),
        formula,
        drawn=drawn,
    )


def _exponentials(choices: Choices) -> Shown:
    p, q = Exponential(choices.rate_p), Exponential(choices.rate_q)
    x = np.linspace(0, 5 / min(p.rate, q.rate), 241)
    formula = r"$\lambda_q/\lambda_p - 1 - \log\lambda_q/\lambda_p$, of the rates."
    drawn = f"Exponential densities with the rates {p.rate:g} and {q.rate:g}."
    return _curves(choices, p, q, x, formula, drawn)


def _betas(choices: Choices) -> Shown:
    p = Beta(choices.alpha_p, choices.beta_p)
    q = Beta(choices.alpha_q, choices.beta_q)
    x = np.linspace(0.002, 0.998, 250)
    formula = (
        r"$\log\frac{B(a',b')}{B(a,b)} + (a-a')\psi(a) + (b-b')\psi(b) + (a'-a+b'-b)\psi(a+b)$, "
        "Q's shapes with a dash."
    )
    drawn = f"Beta densities with the shapes {p.alpha:g}, {p.beta:g} and {q.alpha:g}, {q.beta:g}."
    return _curves(choices, p, q, x, formula, drawn)


def _gaussians(choices: Choices) -> Shown:
    p_mean, q_mean = vector(choices.mean_p, "Mean of P"), vector(choices.mean_q, "Mean of Q")
    size = len(p_mean)
    if len(q_mean) != size:
        raise ValueError(
            f"`Mean of Q` must have as many numbers as that of P, {size}, got {len(q_mean)}."
        )
    p_cov = matrix(choices.cov_p, "Covariance of P", size)
    q_cov = matrix(choices.cov_q, "Covariance of Q", size)
    p, q = (p_mean, p_cov), (q_mean, q_cov)
    seen = slice(0, 2)
    ellipses = [
        {"mean": (*mean, 0.0)[seen], "covariance": _in_a_plane(covariance)}
        for mean, covariance in (p, q)
    ]
    data = {"kind": "ellipses", "p": ellipses[0], "q": ellipses[1], "size": size}
    return _answer(
        choices,
        data,
        (
            divergence.multivariate_gaussian_kl(*p, *q),
            divergence.multivariate_gaussian_kl(*q, *p),
        ),
        lambda is_p: sequential.gaussian_weights(is_p, *p, *q),
        r"$\tfrac12\bigl(\operatorname{tr}\Sigma_q^{-1}\Sigma_p - d - "
        r"\log\det\Sigma_q^{-1}\Sigma_p + \Delta^\top\Sigma_q^{-1}\Delta\bigr)$, "
        f"here with $d = {size}$.",
        drawn=f"Gaussians in {size} dimension{'s' if size > 1 else ''}, as ellipses of one and "
        "two standard deviations in the first two.",
    )


def _in_a_plane(covariance: Float[np.ndarray, "data data"]) -> list[list[float]]:
    """The first two coordinates; with one alone, a thin ellipse along it."""
    if len(covariance) > 1:
        return covariance[:2, :2].tolist()
    variance = float(covariance[0, 0])
    return [[variance, 0.0], [0.0, variance / 400]]


_FAMILIES: dict[str, Callable[[Choices], Shown]] = {
    "Table": _tables,
    "Coin": _coins,
    "Poisson": _poisson,
    "Exponential": _exponentials,
    "Beta": _betas,
    "Gaussian, any dimension": _gaussians,
}
KINDS = tuple(_FAMILIES)
"""Families by the words the page uses."""


# -- Codes --------------------------------------------------------------------------------------


def codes(choices: Choices) -> Shown:
    """What it costs to tell outcomes of P in the code that would be best for Q: KL more bits."""
    try:
        p, q = _two_tables(choices)
    except ValueError as error:
        return Shown(problems=(str(error),))
    code = divergence.code_lengths(p, q)
    spent, needed, excess = (_bits(x) for x in (code.spent, code.needed, code.excess))
    rows = [
        (
            str(i + 1),
            f"{p[i]:.4g}",
            f"{q[i]:.4g}",
            _bits(float(code.best_lengths[i])),
            _bits(float(code.lengths[i])),
        )
        for i in range(len(p))
    ]
    data = {
        "kind": "codes",
        "p": p.tolist(),
        "best": [finite(float(x)) for x in code.best_lengths],
        "lengths": [finite(float(x)) for x in code.lengths],
        "numbers": [
            headline("entropy", needed, "real"),
            headline("+ KL[P; Q]", excess),
            headline("= cross-entropy", spent, "dream"),
        ],
        "alt": f"Outcomes of P as columns, as wide as they are frequent and as tall as their code "
        f"words are long. In P's own code a word takes {needed} on average, in Q's {spent}: "
        f"{excess} more, which is KL from P to Q.",
    }
    reverse = _bits(divergence.code_lengths(q, p).excess)
    if math.isinf(code.excess):
        lost = _forbidden(p, q, [str(i + 1) for i in range(len(p))])
        verdict = (
            f"Q gives outcome {lost} no code word at all: what P can say, Q's code cannot, and "
            "KL[P; Q] is **infinite**."
        )
    else:
        verdict = (
            f"Told in Q's code, an outcome of P takes {spent} on average, {excess} more than in "
            f"its own. The other way round, Q in P's code, it is {reverse}."
        )
    headings = ("Outcome", "P", "Q", "length in P's code", "length in Q's code")
    return Shown(data=data, verdict=verdict, table=Table(headings, tuple(rows)))


def _bits(value: float) -> str:
    return f"{value:.4g} bits" if math.isfinite(value) else "infinite"


def _two_tables(
    choices: Choices,
) -> tuple[Float[np.ndarray, " outcome"], Float[np.ndarray, " outcome"]]:
    p, q = table_of(choices.table_p, "Table of P"), table_of(choices.table_q, "Table of Q")
    if len(p) != len(q):
        raise ValueError(
            f"`Table of Q` must have as many outcomes as that of P, {len(p)}, got {len(q)}."
        )
    return p, q
