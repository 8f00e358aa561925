r"""The objective that two worlds lead to: KL[P; Q] as a sum of named terms, constants marked.

$$\mathrm{KL}[P; Q] = \langle \log P \rangle_P - \langle \log Q \rangle_P,$$

and the logarithm of a product is a sum. What P and Q share cancels. A term of P is a constant if
its factor and every factor that its variables depend on are fixed: then no learning moves it, and
it is dropped. What is left of P joins the factor of Q over the same variables.

References:
    Lecture, "The universal recipe" [0:20-0:25].
    Alemi, KL is All You Need (2024).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.recipe.regrouping import Rewriting, borrowed, fewer, top_down
from core.recipe.terms import KINDS, Term
from core.recipe.worlds import Factor, Recipe, World, listed

__all__ = ["Objective", "derive"]


_LABELS, _PARAMETERS, _DATA = "yY", "θφ", "xXD"
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What the recipe gives for two worlds.

    Attributes:
        p: The augmented real world, over the variables that both worlds have.
        regrouped: The same distribution as the factors of the terms write it.
        q: The dream, over the same variables.
        rewritings: Exact steps from `p` to `regrouped`.
        shared: Factors that both worlds have, which cancel.
        terms: All terms; together with multipliers of one they are KL[P; Q].
        remarks: What to know of these worlds, as sentences.
    """

    p: World
    regrouped: World
    q: World
    rewritings: tuple[Rewriting, ...]
    shared: tuple[Factor, ...]
    terms: tuple[Term, ...]
    remarks: tuple[str, ...]

    @property
    def kept(self) -> tuple[Term, ...]:
        """The terms that make up the objective."""
        return tuple(term for term in self.terms if not term.is_dropped)

    @property
    def dropped(self) -> tuple[Term, ...]:
        """Constants of P."""
        return tuple(term for term in self.terms if term.is_dropped)

    @property
    def is_weighted(self) -> bool:
        """Whether a multiplier is not one: then the objective is no divergence less constants."""
        return any(term.multiplier != 1 for term in self.kept)


def derive(
    recipe: Recipe, multipliers: Mapping[str, float] | None = None, *, regroup: bool = True
) -> Objective:
    """The objective of two worlds, as the recipe has it: KL[P; Q], term by term.

    Args:
        recipe: The two worlds.
        multipliers: What terms are multiplied by, by their kinds; one for the others.
        regroup: Whether arrows between added variables are turned as the dream has them.

    Raises:
        ValueError: If the worlds cannot be compared: the dream needs a variable that P has not, or
            has none that P cannot do without.

    Example:
        >>> vae = derive(Recipe.read("p(x)", "p(z|x)*", "q(z) q(x|z)*"))
        >>> [(term.kind, term.is_dropped) for term in vae.terms]
        [('constant', True), ('distortion', False), ('rate', False)]
    """
    p, q, remarks = _over_the_same(recipe)
    split, steps = borrowed(p, q)
    added = [name for name in p.variables if name not in recipe.observed]
    turns: tuple[Rewriting, ...] = ()
    if regroup:
        split, turns = top_down(split, q, added)
    shared = tuple(
        own for own in split.factors if any(_cancels(own, other) for other in q.factors)
    )
    above = [factor for factor in split.factors if factor not in shared]
    below = [other for other in q.factors if not any(_cancels(own, other) for own in shared)]
    terms = _grouped(split, above, below, added)
    weights = multipliers or {}
    weighed = tuple(
        term if term.is_dropped else replace(term, multiplier=weights.get(term.kind, 1.0))
        for term in terms
    )
    return Objective(
        p=p,
        regrouped=split,
        q=q,
        rewritings=steps + turns,
        shared=shared,
        terms=weighed,
        remarks=(*remarks, *_remarks(p, q, weighed, shared)),
    )


def _cancels(own: Factor, other: Factor) -> bool:
    return other.letter == "p" and own.is_same(other)


# -- One set of variables ---------------------------------------------------------------------


def _over_the_same(recipe: Recipe) -> tuple[World, World, tuple[str, ...]]:
    """Both worlds without what only one of them has, and what was left out, in sentences."""
    p, q = recipe.p, recipe.q
    remarks = []
    for_q, stuck = fewer(q, p.variables)
    if stuck:
        needed = next((f for f in q.factors if stuck[0] in f.given), q.factor_of(stuck[0]))
        raise ValueError(
            f"`Dream world` must not need {stuck[0]}, which P does not have, got {needed.bare}. "
            f"Augment P with a factor such as p({stuck[0]}|{p.variables[0]})*: that is what the "
            "second step is for."
        )
    for_p, stuck = fewer(p, q.variables)
    if stuck:
        needed = next((f for f in p.factors if stuck[0] in f.given), p.factor_of(stuck[0]))
        raise ValueError(
            f"`Dream world` must have a factor for {stuck[0]}, on which P's {needed.bare} "
            f"depends, got {' '.join(f.bare for f in q.factors)}."
        )
    for kept, whole, other in ((for_q, q, "P"), (for_p, p, "the dream")):
        gone = [name for name in whole.variables if name not in kept.variables]
        if gone:
            remarks.append(
                f"{listed(gone)} {'is' if len(gone) == 1 else 'are'} not in {other}. Nothing "
                "depends on it, so it sums to one and goes: the two worlds are compared on "
                f"{listed(kept.variables)} alone."
            )
    return for_p, for_q, tuple(remarks)


# -- Terms ------------------------------------------------------------------------------------


def _grouped(
    p: World, above: Sequence[Factor], below: Sequence[Factor], added: Sequence[str]
) -> tuple[Term, ...]:
    """Factors that are not shared, as terms: constants, what is left of Q, ratios, in this order.

    A ratio is of factors of P and Q over one set of added variables, the smallest that both have.
    """
    names = set(added)
    own = [factor for factor in above if names.issuperset(factor.of)]
    other = [factor for factor in below if names.issuperset(factor.of)]
    ratios = [
        _ratio(p, up, down)
        for up, down in _blocks(own, other)
        if {v for f in up for v in f.of} == {v for f in down for v in f.of}
    ]
    paired = [factor for term in ratios for factor in term.above + term.below]
    alone = [_entropy(p, factor) for factor in above if factor not in paired]
    left = [_surprise(p, factor, names) for factor in below if factor not in paired]
    ratios.sort(key=lambda term: list(KINDS).index(term.kind))
    return (*alone, *left, *ratios)


def _blocks(
    above: Sequence[Factor], below: Sequence[Factor]
) -> list[tuple[tuple[Factor, ...], tuple[Factor, ...]]]:
    """Factors of P and Q that draw common variables, with all that draw those."""
    groups: list[set[str]] = []
    for factor in (*above, *below):
        touching = [group for group in groups if group & set(factor.of)]
        groups = [group for group in groups if group not in touching]
        groups.append(set(factor.of).union(*touching))
    return [
        (
            tuple(factor for factor in above if group >= set(factor.of)),
            tuple(factor for factor in below if group >= set(factor.of)),
        )
        for group in groups
    ]


def _is_fixed(p: World, factors: Sequence[Factor]) -> bool:
    """Whether nothing that is learned decides how the variables of these factors fall."""
    names = [name for factor in factors for name in factor.variables]
    return not any(factor.is_learned for factor in p.upstream(names))


def _entropy(p: World, factor: Factor) -> Term:
    is_constant = _is_fixed(p, [factor])
    kind = "constant" if is_constant else "entropy"
    return Term(kind, (factor,), (), is_dropped=is_constant, is_constant=is_constant)


def _surprise(p: World, factor: Factor, added: set[str]) -> Term:
    known = added & set(factor.given)
    if not known:
        kind = "surprise"
    elif all(name[0] in _LABELS for name in factor.of):
        kind = "classification"
    elif all(name[0] in _PARAMETERS for name in known):
        kind = "likelihood"
    else:
        kind = "distortion"
    is_constant = not factor.is_learned and _is_fixed(p, [factor])
    return Term(kind, (), (factor,), is_constant=is_constant)


def _ratio(p: World, above: tuple[Factor, ...], below: tuple[Factor, ...]) -> Term:
    of = [name for factor in above for name in factor.of]
    known = {name for factor in below for name in factor.given if name not in of}
    if any(name[0] in _PARAMETERS for name in of):
        kind = "parameters"
    elif any(name[0] in _DATA + _LABELS for name in of):
        kind = "prediction"
    else:
        kind = "step" if known else "rate"
    is_constant = _is_fixed(p, above + below) and not any(f.is_learned for f in below)
    # An average of divergences where all that either side knows is settled before P draws these.
    outside = {name for f in above + below for name in f.given if name not in of}
    is_kl = not any(p.is_downstream(name, of) for name in outside)
    return Term(kind, above, below, is_constant=is_constant, is_kl=is_kl)


# -- Remarks ----------------------------------------------------------------------------------


def _remarks(
    p: World, q: World, terms: Sequence[Term], shared: Sequence[Factor]
) -> tuple[str, ...]:
    """What a reader should know of these worlds."""
    found = []
    kept = [term for term in terms if not term.is_dropped]
    if not kept:
        found.append("Nothing is left to minimise: every factor cancels or is a constant.")
    elif all(term.is_constant for term in kept):
        found.append("Nothing is learned: there is an objective, and nothing that could move it.")
    else:
        found += _constants([term for term in kept if term.is_constant])
    for factor in shared:
        if factor.is_learned:
            found.append(
                f"{factor.bare} is learned and cancels: it has no term of its own"
                f"{', and moves the others by what it draws' if kept else ''}."
            )
    for term in kept:
        if term.kind == "entropy" and not any(f.is_learned for f in term.above):
            found.append(
                f"{term.above[0].bare} is fixed and no constant: it depends on what is learned."
            )
    found += _no_divergences([term for term in kept if term.is_ratio and not term.is_kl])
    for term in terms:
        cut = term.kind == "rate" and not any(factor.given for factor in term.above)
        if cut:
            found.append(
                f"Under P {listed(term.of)} knows nothing of the rest: as a code it says nothing."
            )
    learned_p = [f for f in p.factors if f.is_learned]
    if kept and learned_p and not any(f.is_learned for f in q.factors if f.letter == "q"):
        found.append("Nothing of the dream is learned: only the real world can give way.")
    return tuple(found)


def _constants(terms: Sequence[Term]) -> list[str]:
    """Which terms are constants and kept all the same, in sentences."""
    found = []
    for name in dict.fromkeys(term.name for term in terms):
        names = _shortened([listed(term.of) for term in terms if term.name == name])
        if len(names) == 1:
            found.append(
                f"Nothing learned enters the {name} of {names[0]}: it is a constant too, kept for "
                "its name."
            )
        else:
            found.append(
                f"Nothing learned enters the {name}s of {listed(names)}: they are constants too, "
                "kept for their name."
            )
    return found


def _shortened(names: Sequence[str]) -> list[str]:
    return [*names[:2], "…", names[-1]] if len(names) > _MOST_NAMED else list(names)


def _no_divergences(terms: Sequence[Term]) -> list[str]:
    """Which terms are averages of log ratios and no more, in a sentence."""
    if not terms:
        return []
    if len(terms) == 1:
        of, given = (listed(names) for names in (terms[0].of, terms[0].given))
        return [
            f"The term of {of} is no divergence: Q draws it once {given} is known, which P draws "
            "later. It may be negative."
        ]
    names = _shortened([listed(term.of) for term in terms])
    return [
        f"The terms of {listed(names)} are no divergences: Q draws each once something is known "
        "that P draws later. They may be negative."
    ]
