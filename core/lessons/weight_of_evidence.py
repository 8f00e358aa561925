"""What the page on weight of evidence shows: a belief, what moves it, two densities at a point.

What is typed stays as it is typed; here it is read, added up, and put into words.

Lecture: "Weight of evidence" [0:05-0:20].
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import notation
from core.densities import Density, Mixture, Normal, Student, Uniform
from core.divergence import bernoulli_kl
from core.evidence import (
    DECIBANS_PER_NAT,
    Observation,
    Unit,
    decibans,
    ledger,
    log_chance,
    posterior_log_odds,
)
from core.notation import Readings, readings
from core.quadrature import integrate

__all__ = [
    "APARTS",
    "CASES",
    "COPIES",
    "ENDLESS",
    "FAMILIES",
    "HEADINGS",
    "MEANS",
    "MIXTURE",
    "MOST_CHARACTERS",
    "MOST_LINES",
    "MOST_TIMES",
    "PLACES",
    "SCALES",
    "SHARES",
    "UNITS",
    "UNTOUCHED",
    "WAYS",
    "Account",
    "AtPoint",
    "Case",
    "Choices",
    "Figure",
    "Line",
    "account",
    "at_point",
    "heard",
    "once_more",
    "probability_of_half",
    "raised",
    "removed",
    "typed",
    "with_posterior",
    "with_weight",
]

UNITS: dict[str, Unit] = {"Decibans": "dB", "Bits": "bits", "Nats": "nats"}
"""Units of evidence by the words the page uses."""

HEADINGS = ("probability", "odds", "nats", "bits", "decibans")
"""The forms in which everything is read, as the fields of `Readings`."""

COPIES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
MOST_TIMES, MOST_LINES, MOST_CHARACTERS = 10_000_000, 20, 1000
WAYS = "Write it as you like: 7 %, 0.07, 7:93, 1 in 14, 1e-300, -11.2 dB, -3.7 bits or -2.6 nats."
"""How a chance may be typed."""

ENDLESS = 1e300
"""Stands for infinity in what a browser is sent, whose JSON has none."""

MEANS = tuple(i / 10 for i in range(-50, 51))
SCALES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
PLACES = tuple(i / 10 for i in range(-80, 81))

APARTS = tuple(i / 2 for i in range(17))
SHARES = tuple(i / 20 for i in range(1, 20))
MIXTURE = "Two normals"
"""The family that has a distance between its parts and a share of the left one as well."""


def _mixture(mean: float, scale: float, apart: float = 4.0, share: float = 0.5) -> Density:
    parts = Normal(mean - apart / 2, scale), Normal(mean + apart / 2, scale)
    return Mixture(parts, (share, 1 - share))


FAMILIES: dict[str, Callable[..., Density]] = {
    "Normal": lambda mean, scale, *_: Normal(mean, scale),
    "Student, 3 degrees": lambda mean, scale, *_: Student(mean, scale, 3.0),
    "Student, 1 degree": lambda mean, scale, *_: Student(mean, scale, 1.0),
    "Uniform": lambda mean, scale, *_: Uniform(mean - scale, mean + scale),
    MIXTURE: _mixture,
}
"""Densities by the words the page uses, each from a centre, a scale, a distance and a share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        prior: Chance of P before, as typed.
        name: What is observed.
        given_p: Chance of observing it if P is true, as typed.
        given_q: The same if Q is true.
        times: How often it is observed.
        earlier: What was observed before, one observation after another; see `_lines`.
        copies: Chance that an observation copies the one just before it.
        unit: Unit of evidence, in the page's words.
        p: Family of the density of P.
        p_mean: Its centre.
        p_scale: Its scale.
        p_apart: Distance of its two parts, if it is a mixture.
        p_share: Share of the left one.
        q: Family of the density of Q.
        q_mean: Its centre.
        q_scale: Its scale.
        q_apart: Distance of its two parts, if it is a mixture.
        q_share: Share of the left one.
        x: The point at which the two are compared.
    """

    prior: str = "7 %"
    name: str = "positive"
    given_p: str = "93.8 %"
    given_q: str = "4.4 %"
    times: int = 1
    earlier: str = ""
    copies: float = 0.0
    unit: str = "Decibans"
    p: str = "Normal"
    p_mean: float = 1.0
    p_scale: float = 1.0
    p_apart: float = 4.0
    p_share: float = 0.5
    q: str = "Normal"
    q_mean: float = -1.0
    q_scale: float = 1.5
    q_apart: float = 4.0
    q_share: float = 0.5
    x: float = 1.0

    def values(self) -> dict[str, Any]:
        """Each value by the key of its control."""
        return dataclasses.asdict(self)


UNTOUCHED = Choices()

# -- Ready cases ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that belongs to a case.

    Attributes:
        label: What it is.
        value: The number with its unit, in Markdown.
    """

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Case:
    """A ready case.

    Attributes:
        label: What its link says.
        choices: Where the controls stand.
        story: Which two hypotheses are compared.
        figures: Further numbers of the case.
    """

    label: str
    choices: Choices
    story: str
    figures: tuple[Figure, ...] = ()


BOYS, GIRLS = 251_527, 241_945
"""Births in Paris from 1745 to 1770, as Laplace had them."""


def probability_of_half(heads: int, tails: int) -> float:
    r"""Natural logarithm of the chance that a coin prefers tails, from a uniform start.

    $\log \Pr(\theta \le \tfrac12)$ under the Beta law with shapes heads + 1 and tails + 1, for
    more heads than tails, integrated down from one half, below which the density falls steeply.

    Example:
        >>> round(probability_of_half(251_527, 241_945) / math.log(10), 2)
        -41.94
    """
    if not heads > tails >= 0:
        raise ValueError(f"`heads` must be above `tails`, got {heads} and {tails}.")
    at_half = (
        math.lgamma(heads + tails + 2)
        - math.lgamma(heads + 1)
        - math.lgamma(tails + 1)
        - (heads + tails) * math.log(2)
    )

    def relative(x: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.exp(heads * np.log(2 * x) + tails * np.log(2 * (1 - x)))

    fall = min(0.5, 40 / (2 * (heads - tails) + math.sqrt(heads + tails)))
    breaks = sorted({0.0, 0.5 - fall, 0.5})
    return at_half + math.log(integrate(relative, breaks).value)


def _births() -> tuple[Figure, ...]:
    observed = BOYS * math.log(0.51 / 0.5) + GIRLS * math.log(0.49 / 0.5)
    rates = (
        ("as they were observed", decibans(observed) / (BOYS + GIRLS)),
        ("if the truth were exactly 51 %", decibans(bernoulli_kl(0.51, 0.5))),
    )
    half = probability_of_half(BOYS, GIRLS) / math.log(10)
    figures = [Figure("Evidence of all births", f"{decibans(observed):.1f} dB")]
    for words, rate in rates:
        figures += [
            Figure(f"Per birth, {words}", f"{_scientific(rate)} dB"),
            Figure(f"Births to 13 dB, {words}", f"{math.ceil(13 / rate):,}"),
        ]
    return (*figures, Figure("Chance that boys are no more likely", f"$10^{{{half:.2f}}}$"))


def _scientific(value: float) -> str:
    digits, power = f"{value:.2e}".split("e")
    return f"${digits} \\cdot 10^{{{int(power)}}}$"


CASES: dict[str, Case] = {
    "antibodies": Case(
        "An antibody test",
        UNTOUCHED,
        "**P** has had the disease, **Q** has not. 7 in 100 have had it. The test finds 93.8 % of "
        "those, and is wrong about 4.4 % of the others.",
    ),
    "coins": Case(
        "Five heads",
        Choices(prior="1:1", name="heads", given_p="1", given_q="1/2", times=5),
        "**P** is a double-headed coin, **Q** a fair one. Every head is one bit, 3.010 dB.",
        (
            Figure("Heads to pass 20:1", f"{math.ceil(math.log(20) / math.log(2))}"),
            Figure("20 heads, if the coin is fair", _scientific(2.0**-20)),
        ),
    ),
    "tails": Case(
        "Then tails",
        Choices(prior="1:1", name="tails", given_p="0", given_q="1/2", earlier="heads, 1, 1/2, 5"),
        "**P** is a double-headed coin, **Q** a fair one. A double-headed coin never shows tails.",
    ),
    "births": Case(
        "Laplace's births",
        Choices(
            prior="1:1",
            name="girls",
            given_p="49 %",
            given_q="50 %",
            times=GIRLS,
            earlier=f"boys, 51 %, 50 %, {BOYS}",
        ),
        "**P** says that 51 % of children are boys, **Q** says half of them. Paris, 1745 to 1770.",
        _births(),
    ),
    "quiz": Case(
        "A class quiz",
        Choices(
            prior="1:1",
            name="wrong",
            given_p="5 %",
            given_q="25 %",
            times=2,
            earlier="right, 95 %, 75 %, 8",
        ),
        "Two models of a student's ten answers: **P** is 95 % sure of each, **Q** 75 %. Eight "
        "turn out right. The cautious one described them better.",
        (
            Figure("Each right answer", f"{notation.signed(math.log(0.95 / 0.75), 'dB')} for P"),
            Figure("Each wrong answer", f"{notation.signed(math.log(0.05 / 0.25), 'dB')} for P"),
            Figure(
                "13 dB spread over 10,000 test images",
                f"{13 / DECIBANS_PER_NAT / 10_000:.4f} nats an image",
            ),
        ),
    ),
    "copies": Case(
        "The same blood twice",
        Choices(name="positive", earlier="positive, 93.8 %, 4.4 %", copies=0.9),
        "Tested again from the same sample, the result is most often only the first one again. "
        "It adds little.",
    ),
    "certain": Case(
        "One in 10³⁰⁰",
        Choices(prior="1e-300", name="X", given_p="1", given_q="0"),
        "However unlikely **P** was: what **Q** declares impossible has happened.",
    ),
}
"""Ready cases, by the name in their links."""


# -- The account ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One step from the prior to the posterior.

    Attributes:
        label: What was observed, and how often.
        weight: Nats for P that it adds, or None where it is not known.
        total: Log-odds after it in nats, or None where there are none.
        shown: Its weight in the unit of the page.
        total_shown: The log-odds after it in that unit, or an en dash.
    """

    label: str
    weight: float | None
    total: float | None
    shown: str
    total_shown: str


@dataclass(frozen=True, slots=True)
class Account:
    """A belief before and after, and every step between.

    Attributes:
        problems: What could not be read, as sentences.
        prior: Log-odds of P before, in nats; None if it could not be read.
        weight: Weight of the observation in hand, seen once; None if it could not be read.
        evidence: All weights together; None if they are not known, or contradict.
        posterior: Log-odds of P after; None if they are not known, or contradict.
        lines: The observations in their order, the one in hand last.
        rows: Prior, weight, evidence and posterior in every form, by name.
        verdict: What has happened, in words.
        order: What the order of the observations does, in words; None with fewer than two.
        case: The ready case that this is, or None.
    """

    problems: tuple[str, ...]
    prior: float | None
    weight: float | None
    evidence: float | None
    posterior: float | None
    lines: tuple[Line, ...]
    rows: Mapping[str, Readings | None]
    verdict: str
    order: str | None
    case: Case | None

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """The rows of the table: a name, then one cell for each of `HEADINGS`."""
        blank = ("–",) * len(HEADINGS)
        return tuple(
            (name, *(blank if row is None else dataclasses.astuple(row)))
            for name, row in self.rows.items()
        )

    def result(self, field: str, unit: Unit) -> str:
        """The weight or the posterior in the unit of the page; empty where it is not known."""
        value = {"weight": self.weight, "posterior": self.posterior}[field]
        return "" if value is None else notation.signed(value, unit)

    def for_browser(self, choices: Choices) -> dict[str, Any]:
        """What the gauge and the bars need, as JSON values."""
        return {
            # How often the bar of the observation in hand is its weight; not where copies count.
            "times": choices.times if choices.copies == 0 else None,
            "prior": _finite(self.prior),
            "posterior": _finite(self.posterior),
            "unit": UNITS[choices.unit],
            "lines": [
                {
                    "label": line.label,
                    "weight": _finite(line.weight),
                    "total": _finite(line.total),
                }
                for line in self.lines
            ],
        }


def account(choices: Choices) -> Account:
    """Read what the controls say and add it up."""
    unit = UNITS[choices.unit]
    problems: list[str] = []
    prior = _read(choices.prior, "Prior for P", problems)
    earlier = _earlier(choices.earlier, problems)
    in_hand = _observation(_in_hand(choices), "", problems)
    weight = None if in_hand is None else in_hand.weight()
    if prior is None or problems or in_hand is None:
        known = {"Prior": prior, "Weight of X": weight}
        rows = {name: None if x is None else readings(x) for name, x in known.items()}
        rows |= {"All evidence": None, "Posterior": None}
        return Account(
            tuple(problems), prior, weight, None, None, (), rows, "", None, _case_of(choices)
        )
    seen = [*earlier, in_hand]
    entries = [
        dataclasses.replace(entry, total=_settled(entry.total, prior))
        for entry in ledger(prior, seen, copies=choices.copies)
    ]
    posterior = entries[-1].total
    evidence = _sum(entry.weight for entry in entries)
    values = {
        "Prior": prior,
        "Weight of X": weight,
        "All evidence": evidence,
        "Posterior": posterior,
    }
    return Account(
        problems=(),
        prior=prior,
        weight=weight,
        evidence=evidence,
        posterior=posterior,
        lines=tuple(
            Line(
                _labelled(entry.observation),
                entry.weight,
                entry.total,
                notation.signed(entry.weight, unit),
                "–" if entry.total is None else notation.signed(entry.total, unit),
            )
            for entry in entries
        ),
        rows={name: None if x is None else readings(x) for name, x in values.items()},
        verdict=_verdict(prior, evidence, posterior),
        order=_order(prior, seen, choices, unit) if len(seen) > 1 or in_hand.times > 1 else None,
        case=_case_of(choices),
    )


def _verdict(prior: float, evidence: float | None, posterior: float | None) -> str:
    if posterior is None or evidence is None:
        return (
            "Certainty has met certainty: one thing here rules P out, another rules Q out. One of "
            "them is mistaken, and no arithmetic says which."
        )
    if math.isinf(prior):
        certain, other = ("P", "Q") if prior > 0 else ("Q", "P")
        return (
            f"The prior was certain of {certain} already. No evidence moves certainty: {other} "
            "was never a possibility."
        )
    if math.isinf(posterior):
        right, wrong = ("P", "Q") if posterior > 0 else ("Q", "P")
        return f"This rules {wrong} out: {wrong} said it could not happen. {right} is certain."
    if evidence == 0:
        return "This tells P from Q not at all: both expect it equally."
    favoured, factor = ("P", evidence) if evidence > 0 else ("Q", -evidence)
    return (
        f"Evidence for {favoured}: {notation.plain(factor)} times as likely if {favoured} is "
        f"true. The odds of P move from {_unbroken(prior)} to {_unbroken(posterior)}."
    )


def _unbroken(nats: float) -> str:
    """Odds that stay on one line."""
    return readings(nats).odds.replace(" ", "\N{NO-BREAK SPACE}")


def _order(prior: float, seen: list[Observation], choices: Choices, unit: Unit) -> str:
    independent = ledger(0.0, seen)
    alone = _sum(entry.weight for entry in independent)
    if choices.copies == 0:
        return (
            "The observations are taken as independent once P or Q is given: their sum is the "
            "same in any order."
        )
    together = _sum(entry.weight for entry in ledger(0.0, seen, copies=choices.copies))
    if alone is None or together is None:
        return "Where one observation rules out what another makes certain, no order helps."
    return (
        f"Each may be a copy of the same one just before it, with a chance of "
        f"{choices.copies:.0%}: in this order they come to "
        f"**{notation.signed(together, unit)}**, and would to {notation.signed(alone, unit)} "
        "were they independent. Now the order counts, for it decides what could be a copy."
    )


# -- Changes that a press or a drag makes -------------------------------------------------------


def once_more(choices: Choices) -> dict[str, Any]:
    """What to set so that the observation in hand is in the ledger and is seen once again.

    Nothing, where something cannot be read or the ledger is full.
    """
    problems: list[str] = []
    earlier = _earlier(choices.earlier, problems)
    *fields, times = _in_hand(choices)
    in_hand = _observation((*fields, times), "", problems)
    if problems or in_hand is None:
        return {}
    lines = _lines(choices.earlier)
    is_again = bool(lines) and list(lines[-1][:3]) == fields
    if is_again:
        times = earlier[-1].times + choices.times
        if times > MOST_TIMES:
            return {}
        lines[-1] = (*lines[-1][:3], str(times))
    elif len(lines) < MOST_LINES:
        lines.append((*fields, times))
    else:
        return {}
    return {"earlier": _joined(lines), "times": 1}


def removed(choices: Choices, number: int) -> dict[str, Any]:
    """What to set so that a line of the ledger is gone; the one in hand is the last.

    When that one goes, the last of the others is taken in hand again.
    """
    lines = _lines(choices.earlier)
    if 0 <= number < len(lines):
        del lines[number]
        return {"earlier": _joined(lines)}
    if number == len(lines) and lines:
        return {"earlier": _joined(lines[:-1]), **_taken(lines[-1])}
    return {}


def raised(choices: Choices, number: int) -> dict[str, Any]:
    """What to set so that a line of the ledger changes places with the one before it."""
    lines = _lines(choices.earlier)
    lines.append(_in_hand(choices))
    if not 1 <= number < len(lines):
        return {}
    lines[number - 1], lines[number] = lines[number], lines[number - 1]
    return {"earlier": _joined(lines[:-1]), **_taken(lines[-1])}


def with_weight(choices: Choices, weight: float) -> dict[str, Any]:
    """What to set so that the observation in hand has this weight, in nats.

    Pr(X|P) stays, if there is a chance for Q that goes with it; else Pr(X|Q) does.
    """
    if math.isinf(weight):
        right, wrong = ("given_p", "given_q") if weight > 0 else ("given_q", "given_p")
        other = _read(getattr(choices, right), "", [])
        return {wrong: "0"} | ({right: "1"} if other in (None, -math.inf) else {})
    chance = _read(choices.given_p, "", [])
    log_p = -math.inf if chance is None else log_chance(chance)
    if log_p == -math.inf:
        log_p = 0.0 if weight >= 0 else weight
        return {"given_p": _chance(log_p), "given_q": _chance(log_p - weight)}
    if log_p - weight <= 0:
        return {"given_q": _chance(log_p - weight)}
    return {"given_p": _chance(weight), "given_q": "1"}


def with_posterior(choices: Choices, posterior: float) -> dict[str, Any]:
    """What to set so that belief ends here, in nats: another prior, with the evidence as it is.

    Nothing, where the evidence is certain and so would the prior have to be.
    """
    evidence = account(choices).evidence
    if evidence is None or math.isinf(evidence):
        return {}
    return {"prior": notation.written(posterior - evidence, UNITS[choices.unit])}


def typed(choices: Choices, field: str, text: str) -> dict[str, Any]:
    """What to set so that a result is what was typed.

    Args:
        choices: Where the controls stand.
        field: "weight" or "posterior".
        text: The result, in any notation.

    Raises:
        ValueError: If it cannot be read, or cannot be brought about.
    """
    name = {"weight": "Weight of X", "posterior": "Posterior"}[field]
    nats = notation.read(text, name)
    values = (with_weight if field == "weight" else with_posterior)(choices, nats)
    if not values:
        raise ValueError(f"`{name}` must be within reach of the evidence, got {text!r}.")
    return values


def heard(choices: Choices, what: object) -> dict[str, Any]:
    """What to set so that the page stands as a hand has left a picture; nothing for nonsense.

    Args:
        choices: Where the controls stand.
        what: One entry, its name and its value: `prior` or `weight` in nats, `raise` or `remove`
            with the number of a line, `x`, `p_mean` or `q_mean`.
    """
    if not isinstance(what, Mapping) or len(what) != 1:
        return {}
    ((name, value),) = what.items()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return {}
    if name == "prior":
        return {"prior": notation.written(value, UNITS[choices.unit], 9)}
    if name == "weight":
        return with_weight(choices, value)
    if name in ("raise", "remove"):
        return (raised if name == "raise" else removed)(choices, int(value))
    if name in ("p_mean", "q_mean", "x"):
        return {name: min(PLACES if name == "x" else MEANS, key=lambda mark: abs(mark - value))}
    return {}


# -- Two densities ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AtPoint:
    """Two densities at one point.

    Attributes:
        log_p: Logarithm of the density of P there.
        log_q: The same of Q.
        weight: log p/q in nats, infinite where one of the two is zero; None where both are.
        shown: The weight in the unit of the page.
        verdict: What an observation there would mean, in words.
        laws: The two densities for the browser, as JSON values.
    """

    log_p: float
    log_q: float
    weight: float | None
    shown: str
    verdict: str
    laws: dict[str, dict[str, Any]]


def at_point(choices: Choices) -> AtPoint:
    """Weigh the point of the page by the two densities of the page."""
    p = (choices.p_mean, choices.p_scale, choices.p_apart, choices.p_share)
    q = (choices.q_mean, choices.q_scale, choices.q_apart, choices.q_share)
    place = np.array([choices.x])
    log_p, log_q = (
        float(FAMILIES[family](*shape).log_density(place)[0])
        for family, shape in ((choices.p, p), (choices.q, q))
    )
    laws = {"real": _law(choices.p, *p), "dream": _law(choices.q, *q)}
    if log_p == log_q == -math.inf:
        verdict = "Neither P nor Q ever falls here: an observation at this point refutes both."
        return AtPoint(log_p, log_q, None, "–", verdict, laws)
    weight = log_p - log_q
    if math.isinf(weight):
        verdict = f"Only {'P' if weight > 0 else 'Q'} falls here: this rules the other out."
    elif weight == 0:
        verdict = "Both are equally dense here: no evidence either way."
    else:
        favoured = "P" if weight > 0 else "Q"
        verdict = f"{favoured} is {notation.plain(abs(weight))} times as dense here."
    return AtPoint(
        log_p, log_q, weight, notation.signed(weight, UNITS[choices.unit]), verdict, laws
    )


def _law(family: str, mean: float, scale: float, apart: float, share: float) -> dict[str, Any]:
    return {"family": family, "mean": mean, "scale": scale, "apart": apart, "share": share}


# -- Reading ----------------------------------------------------------------------------------


def _read(text: str, name: str, problems: list[str]) -> float | None:
    try:
        return notation.read(text, name)
    except ValueError as error:
        problems.append(str(error))
        return None


def _lines(text: str) -> list[tuple[str, ...]]:
    """Observations as typed: name, Pr(X|P), Pr(X|Q), times; with semicolons between them."""
    pieces = [piece for piece in text.split(";") if piece.strip()]
    return [tuple(part.strip() for part in piece.split(",")) for piece in pieces]


def _in_hand(choices: Choices) -> tuple[str, ...]:
    """The observation in hand as a line; what parts lines and fields cannot be in a name."""
    name = " ".join(choices.name.replace(",", " ").replace(";", " ").split()) or "X"
    return name, choices.given_p.strip(), choices.given_q.strip(), str(choices.times)


def _joined(lines: Iterable[tuple[str, ...]]) -> str:
    return "; ".join(", ".join(line[:3] if line[3:] == ("1",) else line) for line in lines)


def _taken(line: tuple[str, ...]) -> dict[str, Any]:
    name, given_p, given_q, *times = line
    return {
        "name": name,
        "given_p": given_p,
        "given_q": given_q,
        "times": int(times[0]) if times else 1,
    }


def _earlier(text: str, problems: list[str]) -> list[Observation]:
    lines = _lines(text)
    if len(lines) > MOST_LINES:
        problems.append(f"`Ledger` must have at most {MOST_LINES} lines, got {len(lines)}.")
        return []
    found = []
    for number, line in enumerate(lines, start=1):
        observation = _observation(line, f"Line {number} of the ledger", problems)
        if observation is not None:
            found.append(observation)
    return found


def _observation(line: tuple[str, ...], place: str, problems: list[str]) -> Observation | None:
    """An observation as typed; what is wrong with it goes to `problems`."""
    where = f"{place}: " if place else ""
    if not 3 <= len(line) <= 4:
        problems.append(
            f"`{place}` must be a name, Pr(X|P), Pr(X|Q) and perhaps how often, with commas "
            f"between them, got {len(line)} parts."
        )
        return None
    name, given_p, given_q, times = (*line, "1")[:4]
    before = len(problems)
    if_p = _read(given_p, f"{where}Pr(X|P)", problems)
    if_q = _read(given_q, f"{where}Pr(X|Q)", problems)
    is_count = times.isascii() and times.isdigit() and len(times) <= 8
    if not is_count or not 1 <= int(times) <= MOST_TIMES:
        problems.append(
            f"`{where}times` must be a whole number from 1 to {MOST_TIMES:,}, got {times[:20]!r}."
        )
    if len(problems) > before or if_p is None or if_q is None:
        return None
    try:
        return Observation(name=name or "X", if_p=if_p, if_q=if_q, times=int(times))
    except ValueError:
        problems.append(
            f"`{where}Pr(X|P)` or `Pr(X|Q)` must be above 0: what both rule out is evidence "
            "against both, and weighs nothing between them."
        )
        return None


def _labelled(observation: Observation) -> str:
    if observation.times == 1:
        return observation.name
    return f"{observation.name} × {observation.times:,}"


def _case_of(choices: Choices) -> Case | None:
    """The ready case with these observations, whatever the prior and however often."""

    def outline(of: Choices) -> tuple[object, ...]:
        return (
            of.name,
            of.given_p,
            of.given_q,
            of.copies > 0,
            [x[:3] for x in _lines(of.earlier)],
        )

    matching = (case for case in CASES.values() if outline(case.choices) == outline(choices))
    return next(matching, None)


def _settled(total: float | None, prior: float) -> float | None:
    """Even odds where all that is left is the rounding of a prior that was made for them."""
    return 0.0 if total is not None and abs(total) <= 1e-13 * abs(prior) < math.inf else total


def _sum(weights: Iterable[float]) -> float | None:
    try:
        return posterior_log_odds(0.0, *weights)
    except ValueError:
        return None


def _chance(log_value: float) -> str:
    """A chance with this logarithm, as a text for a control."""
    if log_value == -math.inf:
        return "0"
    value = math.exp(log_value)
    if 1e-290 < value < 0.999:
        return f"{value:.9g}"
    rest = -math.expm1(log_value)
    odds = math.inf if rest == 0 else log_value - math.log(rest)
    return "1" if math.isinf(odds) else notation.written(odds, "nats")


def _finite(value: float | None) -> float | None:
    return None if value is None else max(-ENDLESS, min(ENDLESS, value))
