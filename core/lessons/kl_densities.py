"""KL of two densities on a line: where it comes from, one Gaussian for two bumps, and other units.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import math
from typing import Any

import numpy as np

from core import notation
from core.densities import (
    Density,
    Divergence,
    Mixture,
    Normal,
    cross_entropy,
    entropy,
    kl_by_quadrature,
    kl_by_sampling,
    kl_divergence,
    unsupported,
    weight_variance,
)
from core.evidence import Unit
from core.fits import Fits, fit_both
from core.lessons.kl_choices import (
    DRAWS,
    MEASURES,
    SCALES,
    Choices,
    Shown,
    density,
    finite,
    headline,
    law,
)
from core.lessons.panels import Table, number

__all__ = ["fits", "integrand", "units", "where"]

RANGE = (-8.0, 8.0)
"""Places that the picture shows."""

FORWARD, REVERSE = "KL[P; Q]", "KL[Q; P]"


def integrand(choices: Choices) -> Shown:
    """Both divergences of two densities, with the place that makes one infinite, if one does."""
    p, q = density(choices, "p"), density(choices, "q")
    both = kl_divergence(p, q), kl_divergence(q, p)
    unit = choices.evidence_unit
    rng = np.random.default_rng(choices.draw)
    rows = [
        (name, *_found(one, other, divergence, rng, unit))
        for name, one, other, divergence in (
            (FORWARD, p, q, both[0]),
            (REVERSE, q, p, both[1]),
        )
    ]
    data = {
        "kind": "densities",
        "real": law(choices, "p"),
        "dream": law(choices, "q"),
        "handles": {"real": ["p_mean", "p_scale"], "dream": ["q_mean", "q_scale"]},
        "others": [],
        "strips": True,
        **_exact(both, unit),
    }
    return Shown(
        data=data,
        verdict=_said(p, q, both, unit),
        table=Table(("", "exact", "found by", f"by {DRAWS:,} draws"), tuple(rows)),
    )


def where(p: Density, q: Density, one: str, other: str) -> str:
    """Why KL[p; q] is infinite, with the exact place, in words.

    Args:
        p: The density that is averaged over.
        q: The other one.
        one: Name of the first.
        other: Name of the other.

    Example:
        >>> from core.densities import Uniform
        >>> where(Normal(), Uniform(-1.0, 1.0), "P", "Q")
        'P may fall below x = −1 and above x = 1, where Q never does'
    """
    forbidden = unsupported(p, q)
    if not forbidden:
        return f"the tails of {one} are too heavy for those of {other}"
    places = " and ".join(_interval(low, high) for low, high in forbidden)
    return f"{one} may fall {places}, where {other} never does"


def _interval(low: float, high: float) -> str:
    if math.isinf(low):
        return f"below x = {_place(high)}"
    if math.isinf(high):
        return f"above x = {_place(low)}"
    return f"between x = {_place(low)} and {_place(high)}"


def _said(p: Density, q: Density, both: tuple[Divergence, Divergence], unit: Unit) -> str:
    reasons = where(p, q, "P", "Q"), where(q, p, "Q", "P")
    infinite = [
        f"{name} is **infinite**: {why}."
        for name, found, why in zip((FORWARD, REVERSE), both, reasons, strict=True)
        if math.isinf(found.value)
    ]
    if infinite:
        return " ".join(infinite)
    forward, reverse = (found.value for found in both)
    if max(forward, reverse) == 0:
        return "P and Q are the same: no sample is evidence, and both divergences are 0."
    if math.isclose(forward, reverse, rel_tol=1e-9):
        return "Here the two directions agree, as they do not in general."
    return (
        f"Samples from P tell the two apart by {notation.amount(forward, unit)} each on average, "
        f"samples from Q by {notation.amount(reverse, unit)}."
    )


def _found(
    p: Density, q: Density, found: Divergence, rng: np.random.Generator, unit: Unit
) -> tuple[str, str, str]:
    sampled = kl_by_sampling(p, q, rng, DRAWS)
    if math.isinf(found.value):
        how = "no mean" if found.place is None else "support"
        drawn = (
            "a draw that is impossible" if math.isinf(sampled.value) else "finite, and misleading"
        )
        return f"**{notation.amount(found.value, unit)}**", how, drawn
    if found.method == "closed form":
        check = kl_by_quadrature(p, q)
        apart = abs(check.value - found.value)
        how = "closed form" if apart <= 1e-6 + check.error else "closed form, in doubt"
    else:
        error = notation.amount(found.error, unit)
        how = f"quadrature, to {error}"
    has_error = math.isfinite(weight_variance(p, q).value)
    error = notation.amount(sampled.standard_error, unit) if has_error else "no known error"
    value = notation.signed(sampled.value, unit, 4).removeprefix("+").removesuffix(f" {unit}")
    return f"**{notation.amount(found.value, unit)}**", how, f"{value} ± {error}"


def _exact(both: tuple[Divergence, Divergence], unit: Unit) -> dict[str, Any]:
    forward, reverse = both
    return {
        "unit": unit,
        "exact": [finite(forward.value), finite(reverse.value)],
        "scales": [SCALES[0], SCALES[-1]],
        "numbers": [
            headline(FORWARD, notation.amount(forward.value, unit), "real"),
            headline(REVERSE, notation.amount(reverse.value, unit), "dream"),
        ],
    }


# -- One Gaussian for a mixture -----------------------------------------------------------------


def fits(choices: Choices) -> Shown:
    """One Gaussian fitted to a mixture by either divergence, beside one that the reader moves."""
    unit = choices.evidence_unit
    half = choices.apart / 2
    parts = Normal(-half, choices.part), Normal(half, choices.part)
    mixture = Mixture(parts, (choices.share, 1 - choices.share))
    own = Normal(choices.own_mean, choices.own_scale)
    found = fit_both(mixture)
    both = kl_divergence(mixture, own), kl_divergence(own, mixture)
    named = (
        ("Least KL[P; Q]: covers", found.covering, found.forward[0], found.reverse[0]),
        ("Least KL[Q; P]: seeks", found.seeking, found.forward[1], found.reverse[1]),
        ("Yours", own, both[0].value, both[1].value),
    )
    rows = tuple(
        (
            name,
            number(fit.mean),
            number(fit.scale),
            notation.amount(forward, unit),
            notation.amount(reverse, unit),
        )
        for name, fit, forward, reverse in named
    )
    covering, seeking = (
        {"family": "Normal", "mean": fit.mean, "scale": fit.scale, "apart": 0.0, "share": 0.5}
        for fit in (found.covering, found.seeking)
    )
    dream = {"family": "Normal", "mean": own.mean, "scale": own.scale, "apart": 0.0, "share": 0.5}
    real = {"mean": 0.0, "scale": choices.part, "apart": choices.apart, "share": choices.share}
    data = {
        "kind": "densities",
        "real": {"family": "Two normals", **real},
        "dream": dream,
        "handles": {"dream": ["own_mean", "own_scale"]},
        "others": [{"label": "covers", **covering}, {"label": "seeks", **seeking}],
        "strips": False,
        **_exact(both, unit),
    }
    headings = ("Q", "mean", "sd", FORWARD, REVERSE)
    return Shown(data=data, verdict=_fits_said(choices, found), table=Table(headings, rows))


def _fits_said(choices: Choices, found: Fits) -> str:
    covering, seeking = found.covering, found.seeking
    if choices.apart == 0:
        return "This mixture is one Gaussian: both directions find it, and both KL are 0."
    if not found.local and abs(seeking.mean - covering.mean) < 0.5 * choices.part:
        return (
            "These bumps are so near that both fits lie over both. Pull them apart: one fit "
            "**covers** them, the other **seeks** one."
        )
    more = " It has another valley over the other bump." if found.local else ""
    return (
        "Under P, Q must be wherever P is: the fit **covers** both bumps. Under Q, it must not be "
        f"where P is not: the fit **seeks** one.{more}"
    )


# -- Another unit of length ---------------------------------------------------------------------


def units(choices: Choices) -> Shown:
    """Two laws of heights in a unit of length: entropies move with it, the divergence does not."""
    unit = choices.evidence_unit
    p_cm = Normal(choices.height_p, choices.spread_p)
    q_cm = Normal(choices.height_q, choices.spread_q)
    rows = []
    for name, (_, factor) in MEASURES.items():
        p, q = p_cm.rescaled(factor), q_cm.rescaled(factor)
        cells = [
            _plain(entropy(p).value, unit),
            _plain(cross_entropy(p, q).value, unit),
            notation.amount(kl_divergence(p, q).value, unit),
        ]
        is_shown = name == choices.measure
        rows.append((name, *(f"**{cell}**" if is_shown else cell for cell in cells)))
    written, factor = MEASURES[choices.measure]
    p, q = p_cm.rescaled(factor), q_cm.rescaled(factor)
    spread = max(p.scale, q.scale)
    low, high = min(p.mean, q.mean) - 4 * spread, max(p.mean, q.mean) + 4 * spread
    x = np.linspace(low, high, 241)
    h, kl = entropy(p).value, kl_divergence(p, q).value
    h_text, kl_text = _plain(h, unit), notation.amount(kl, unit)
    data = {
        "kind": "curves",
        "x": x.round(6).tolist(),
        "p": np.exp(p.log_density(x)).tolist(),
        "q": np.exp(q.log_density(x)).tolist(),
        "terms": None,
        "name": f"height in {written}",
        "across": f"density per {written}",
        "numbers": [
            headline(f"Entropy of P, in {written}", h_text, "real"),
            headline("KL[P; Q]", kl_text),
        ],
        "alt": f"Densities of heights in {written}: P around {number(p.mean)} with a standard "
        f"deviation of {number(p.scale)}, Q around {number(q.mean)} with {number(q.scale)}. The "
        f"differential entropy of P is {h_text}, KL from P to Q is {kl_text}.",
    }
    verdict = (
        f"In {choices.measure.lower()} the differential entropy of P is {h_text}"
        f"{', below zero' if h < 0 else ''}. KL compares two densities in one unit: the unit "
        "cancels."
    )
    headings = ("Unit of length", "entropy of P", "cross-entropy", FORWARD)
    return Shown(data=data, verdict=verdict, table=Table(headings, tuple(rows)))


def _plain(nats: float, unit: Unit) -> str:
    return notation.signed(nats, unit, 4).removeprefix("+")


def _place(x: float) -> str:
    return f"{x:.4g}".replace("-", "−")
