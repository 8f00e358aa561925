"""Factors, terms and objectives as formulas: in LaTeX, and in plain letters for pictures."""

import re
from collections.abc import Mapping, Sequence

from core.recipe.objective import Objective
from core.recipe.regrouping import Rewriting
from core.recipe.terms import KINDS, Term
from core.recipe.worlds import Factor

__all__ = [
    "MOST_ALONE",
    "derivation",
    "factor_latex",
    "objective_latex",
    "pretty",
    "price_letter",
    "rewriting_latex",
    "symbol",
    "symbols",
    "term_latex",
    "term_text",
    "variable_latex",
]

MOST_ALONE = 3
"""Terms of one kind that are written one by one; more become a sum."""

_MOST_SUMMED, _IN_A_ROW = 5, 3

_BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_GREEK = {"θ": r"\theta", "φ": r"\phi"}
_LETTERS = {
    **{"β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "σ": r"\sigma"},
    **{"κ": r"\kappa", "π": r"\pi", "ε": r"\epsilon"},
}


def pretty(name: str) -> str:
    """A variable, or a formula in typed letters, with its numbers set low.

    Example:
        >>> pretty("p(z1|z0)")
        'p(z₁|z₀)'
    """
    return re.sub(r"(?<=[A-Za-zθφ])[0-9]+", lambda found: found[0].translate(_BELOW), name)


def variable_latex(name: str) -> str:
    r"""A variable in LaTeX.

    Example:
        >>> variable_latex("z10"), variable_latex("θ")
        ('z_{10}', '\\theta')
    """
    letter, number = _GREEK.get(name[0], name[0]), name[1:]
    return f"{letter}_{{{number}}}" if number else letter


def factor_latex(factor: Factor) -> str:
    r"""A factor in LaTeX.

    Example:
        >>> factor_latex(Factor("q", ("x",), ("z0",)))
        'q(x \\mid z_{0})'
    """
    of, given = (",".join(map(variable_latex, names)) for names in (factor.of, factor.given))
    return rf"{factor.letter}({of} \mid {given})" if given else f"{factor.letter}({of})"


def _product(factors: Sequence[Factor]) -> str:
    return r"\,".join(map(factor_latex, factors))


def term_latex(term: Term) -> str:
    r"""The average that a term is, in LaTeX.

    Example:
        >>> term_latex(Term("surprise", (), (Factor("q", ("x",)),)))
        '\\langle -\\log q(x) \\rangle'
    """
    above, below = _product(term.above), _product(term.below)
    if not below:
        body = rf"\log {above}"
    elif not above:
        body = rf"-\log {below}"
    else:
        body = rf"\log \tfrac{{{above}}}{{{below}}}"
    return rf"\langle {body} \rangle"


def term_text(term: Term) -> str:
    """The same in plain letters.

    Example:
        >>> term_text(Term("rate", (Factor("p", ("z",), ("x",)),), (Factor("q", ("z",)),)))
        '⟨log p(z|x)/q(z)⟩'
    """
    above, below = ("".join(pretty(f.bare) for f in side) for side in (term.above, term.below))
    if not below:
        return f"⟨log {above}⟩"
    if not above:
        return f"⟨−log {below}⟩"
    return f"⟨log {above}/{below}⟩"


def symbol(term: Term, all_of: Sequence[Term]) -> str:
    """The letter of a term, with its variables where another one has the same."""
    letter = KINDS[term.kind].symbol
    twins = [other for other in all_of if KINDS[other.kind].symbol == letter]
    return f"{letter}({','.join(map(pretty, term.of))})" if len(twins) > 1 else letter


def price_letter(term: Term, letters: Mapping[str, str]) -> str:
    """The letter of a term's multiplier; "" where it is one and the literature has none there.

    Args:
        term: The term.
        letters: The literature's own letters for this scenario, by kind of term.
    """
    if term.multiplier == 1 and term.kind not in letters:
        return ""
    return letters.get(term.kind, KINDS[term.kind].letter)


def symbols(objective: Objective, letters: Mapping[str, str]) -> str:
    """The whole objective in letters, as D + β R."""
    parts = []
    for kind, terms in _by_kind(objective.kept):
        mark = KINDS[kind].symbol
        if kind == "entropy":
            parts += [symbol(term, terms) for term in terms]
            continue
        price = price_letter(terms[0], letters)
        price = f"{price} " if price else ""
        if len(terms) <= MOST_ALONE:
            parts += [f"{price}{symbol(term, terms)}" for term in terms]
        else:
            parts.append(f"{price}Σ {mark}")
    return " + ".join(parts).replace("+ −", "− ") or "0"


def _named(objective: Objective, letters: Mapping[str, str]) -> list[str]:
    """The kept terms in LaTeX, each with its multiplier, and its name under it."""
    parts = []
    for _, terms in _by_kind(objective.kept):
        letter = price_letter(terms[0], letters)
        price = rf"{_LETTERS.get(letter, letter)}\," if letter else ""
        bodies, name = [term_latex(term) for term in terms], terms[0].name
        if len(terms) > MOST_ALONE:
            body = rf"{bodies[0]} + \dots + {bodies[-1]}"
            bodies, name = [rf"\bigl[{body}\bigr]" if price else body], f"{len(terms)} {name}s"
        parts += [rf"{price}\underbrace{{{body}}}_{{\text{{{name}}}}}" for body in bodies]
    return parts


def objective_latex(objective: Objective, letters: Mapping[str, str]) -> str:
    """The objective in LaTeX, each term with its name under it."""
    return " + ".join(_named(objective, letters)) or "0"


def derivation(objective: Objective, letters: Mapping[str, str]) -> str:
    """From KL[P; Q] to the objective, in LaTeX: the ratio, the terms, what is dropped."""
    shared = [factor_latex(factor) for factor in objective.shared]
    p, q = (_struck_out(world.in_order, shared) for world in (objective.regrouped, objective.q))
    lines = [rf"\mathrm{{KL}}[P; Q] &= \Bigl\langle \log \frac{{{p}}}{{{q}}} \Bigr\rangle_P"]
    if objective.dropped:
        gone = " + ".join(term_latex(term) for term in objective.dropped)
        kept = [term_latex(term) for term in objective.kept]
        if len(kept) > _MOST_SUMMED:
            kept = [*kept[:2], r"\dots", kept[-1]]
        lines += _rows("", [rf"\underbrace{{{gone}}}_{{\text{{constant}}}}", *kept])
    lines += _rows(r"\text{objective} ", _named(objective, letters) or ["0"])
    body = r" \\ ".join(lines)
    return rf"\begin{{aligned}} {body} \end{{aligned}}"


def _struck_out(factors: Sequence[Factor], shared: Sequence[str]) -> str:
    """A product in LaTeX, its middle left out where it is long, what is shared struck out."""
    texts = [factor_latex(factor) for factor in factors]
    struck = [rf"\cancel{{{text}}}" if text in shared else text for text in texts]
    if len(struck) > _MOST_SUMMED:
        struck = [*struck[:3], r"\cdots", *struck[-2:]]
    return r"\,".join(struck)


def _rows(head: str, parts: Sequence[str]) -> list[str]:
    """A sum in rows of a few terms."""
    rows = [" + ".join(parts[i : i + _IN_A_ROW]) for i in range(0, len(parts), _IN_A_ROW)]
    return [f"{head}&= {rows[0]}", *(rf"&\quad + {row}" for row in rows[1:])]


def rewriting_latex(step: Rewriting) -> str:
    """An exact step as an equation in LaTeX."""
    return f"{_product(step.before)} = {_product(step.after)}"


def _by_kind(terms: Sequence[Term]) -> list[tuple[str, list[Term]]]:
    kinds = dict.fromkeys(term.kind for term in terms)
    return [(kind, [term for term in terms if term.kind == kind]) for kind in kinds]
