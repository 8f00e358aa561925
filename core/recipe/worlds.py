"""Worlds as products of factors: what may be written, and which products are distributions.

A factor `p(z|x)*` says how z is drawn once x is known; the star says that it is learned. A product
of factors is a distribution if every variable has exactly one factor and no arrows run in a
circle.

References:
    Lecture, "The universal recipe" [0:20-0:25].
    Koller & Friedman, Probabilistic Graphical Models (2009), chapter 3.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

__all__ = [
    "MOST_FACTORS",
    "Factor",
    "Recipe",
    "Sketch",
    "World",
    "listed",
    "parse",
    "readable",
    "sketched",
]

MOST_FACTORS = 250
"""The most factors that are read from one text."""

_VARIABLE = r"(?:theta|phi|[A-Za-zθφ])[0-9]{0,3}"
_LIST = rf"{_VARIABLE}(?:,{_VARIABLE})*"
_FACTOR = re.compile(rf"([pq])\(({_LIST})(?:\|({_LIST}))?\)(\*?)")


@dataclass(frozen=True, slots=True)
class Factor:
    """How some variables are drawn once others are known.

    Attributes:
        letter: "p" if it belongs to the real world, "q" if to the dream.
        of: The variables that are drawn.
        given: Those that are known.
        is_learned: Whether it may be changed; else it is fixed.
    """

    letter: str
    of: tuple[str, ...]
    given: tuple[str, ...] = ()
    is_learned: bool = False

    def __str__(self) -> str:
        """The factor as it is typed."""
        given = f"|{','.join(self.given)}" if self.given else ""
        return f"{self.letter}({','.join(self.of)}{given}){'*' if self.is_learned else ''}"

    @property
    def bare(self) -> str:
        """The factor without its star."""
        return str(self).removesuffix("*")

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables in it, those that are drawn first."""
        return self.of + self.given

    def is_same(self, other: "Factor") -> bool:
        """Whether it draws the same from the same, whatever its letter, order and star."""
        return set(self.of) == set(other.of) and set(self.given) == set(other.given)


@dataclass(frozen=True)
class World:
    """A distribution over named variables, as a product of factors.

    Attributes:
        name: What it is called, in sentences that refuse it.
        factors: Its factors.

    Raises:
        ValueError: If the product is no distribution: a variable has no factor or several, or
            arrows run in a circle.

    Example:
        >>> World("Q", parse("q(z) q(x|z)*", "Dream")).layers
        (('z',), ('x',))
    """

    name: str
    factors: tuple[Factor, ...]

    def __post_init__(self) -> None:
        """Refuse what is no distribution."""
        if not self.factors:
            raise ValueError(f"`{self.name}` must have at least one factor, got none.")
        _require_single_factors(self)
        _require_no_circle(self)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """All variables, parents before children."""
        return tuple(name for layer in self.layers for name in layer)

    @property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """Variables by how many arrows lead to them at most."""
        depth = _depths(self.factors)
        return tuple(
            tuple(v for f in self.factors if depth[f] == level for v in f.of)
            for level in range(max(depth.values()) + 1)
        )

    @cached_property
    def in_order(self) -> tuple[Factor, ...]:
        """The factors, each after those that it depends on."""
        depth = _depths(self.factors)
        return tuple(sorted(self.factors, key=lambda factor: depth[factor]))

    def factor_of(self, variable: str) -> Factor:
        """The factor that draws a variable."""
        return self._owners[variable]

    @cached_property
    def _owners(self) -> dict[str, Factor]:
        return {name: factor for factor in self.factors for name in factor.of}

    def upstream(self, variables: Iterable[str]) -> tuple[Factor, ...]:
        """The factors that these variables depend on, their own among them."""
        found: set[Factor] = set()
        waiting = list(variables)
        while waiting:
            factor = self.factor_of(waiting.pop())
            if factor not in found:
                found.add(factor)
                waiting.extend(factor.given)
        return tuple(factor for factor in self.factors if factor in found)

    def is_downstream(self, variable: str, of: Iterable[str]) -> bool:
        """Whether a variable depends on some others, by arrows or by a factor that draws both."""
        own = self.factor_of(variable)
        return any(self.factor_of(other) in self.upstream(own.of) for other in of)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The first three steps of the recipe: the world we have, what we add, the world we want.

    Attributes:
        real: Factors of the real world as it occurs.
        added: Factors that augment it: representations, parameters, whatever helps.
        dream: Factors of the dream. One with the letter p is taken over from the real world.

    Raises:
        ValueError: If one of the worlds is no distribution.
    """

    real: tuple[Factor, ...]
    added: tuple[Factor, ...]
    dream: tuple[Factor, ...]

    def __post_init__(self) -> None:
        """Refuse worlds that are none."""
        World("Real world", self.real)
        _ = self.p, self.q

    @property
    def p(self) -> World:
        """The real world, augmented."""
        return World("Augmented world", self.real + self.added)

    @property
    def q(self) -> World:
        """The dream world."""
        return World("Dream world", self.dream)

    @property
    def observed(self) -> tuple[str, ...]:
        """Variables of the real world as it occurs."""
        return tuple(name for factor in self.real for name in factor.of)

    @classmethod
    def read(cls, real: str, added: str, dream: str) -> "Recipe":
        """The recipe that three texts mean.

        Raises:
            ValueError: If they cannot be read, or a world is no distribution.
        """
        dreamt = parse(dream, "Dream world")
        for name, text in (("Real world", real), ("Added", added)):
            wrong = [str(factor) for factor in parse(text, name) if factor.letter == "q"]
            if wrong:
                raise ValueError(
                    f"`{name}` must have factors with the letter p, for q is the dream, "
                    f"got {wrong[0]}."
                )
        return cls(parse(real, "Real world"), parse(added, "Added"), dreamt)


def parse(text: str, name: str) -> tuple[Factor, ...]:
    """The factors that a text means, such as "q(z) q(x|z)*" with a star for what is learned.

    Args:
        text: Factors, with or without spaces between them. `theta` and `phi` are Greek letters.
        name: What the text is, for the message.

    Raises:
        ValueError: If it is not that.

    Example:
        >>> [str(factor) for factor in parse("p(x, y) p(theta | x,y) *", "P")]
        ['p(x,y)', 'p(θ|x,y)*']
    """
    found, rest = readable(text)
    if rest:
        raise ValueError(_unreadable(name, rest, len(found)))
    return found


def readable(text: str) -> tuple[tuple[Factor, ...], str]:
    """The factors that a text begins with, and what follows them that means none.

    Example:
        >>> found, rest = readable("p(x) p(z|x")
        >>> [str(factor) for factor in found], rest
        (['p(x)'], 'p(z|x')
    """
    compact = re.sub(r"\s+", "", text.translate(_ALIKE))
    found: list[Factor] = []
    place = 0
    while place < len(compact) and len(found) < MOST_FACTORS:
        match = _FACTOR.match(compact, place)
        if match is None:
            break
        letter, of, given, star = match.groups()
        found.append(Factor(letter, _names(of), _names(given or ""), star == "*"))
        place = match.end()
    return tuple(found), compact[place:]


_ALIKE = str.maketrans({"∣": "|", "∗": "*", "★": "*", "×": " ", "·": " "})


def _unreadable(name: str, rest: str, count: int) -> str:
    if count == MOST_FACTORS:
        return f"`{name}` must have at most {MOST_FACTORS} factors, got more."
    return (
        f"`{name}` must be factors such as p(x) p(z|x)*, with a star for what is learned, and a "
        f"letter such as z or z2 for each variable, got {rest[:24]!r}."
    )


def _names(text: str) -> tuple[str, ...]:
    """Variables of a list with commas."""
    greek = text.replace("theta", "θ").replace("phi", "φ")
    return tuple(name for name in greek.split(",") if name)


def listed(words: Sequence[str]) -> str:
    """Words with commas and an "and".

    Example:
        >>> listed(["x"]), listed(["x", "y", "z"])
        ('x', 'x, y and z')
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


# -- What may be no distribution, drawn all the same ------------------------------------------


@dataclass(frozen=True, slots=True)
class Sketch:
    """A product of factors as far as it can be drawn, whether or not it is a distribution.

    Attributes:
        layers: Variables by how many arrows lead to them at most. Those on a circle follow each
            other as they are written.
        faults: Variables without a factor, with several, or on a circle.
    """

    layers: tuple[tuple[str, ...], ...]
    faults: frozenset[str]


def sketched(factors: Sequence[Factor]) -> Sketch:
    """Where the variables of some factors stand, and which of them are at fault.

    Example:
        >>> found = sketched(parse("q(z|x) q(x|z) q(y|w)", "Q"))
        >>> found.layers, sorted(found.faults)
        ((('w', 'z'), ('x', 'y')), ['w', 'x', 'z'])
    """
    drawn = [name for factor in factors for name in factor.of]
    missing = [n for n in dict.fromkeys(n for f in factors for n in f.given) if n not in drawn]
    faults = {*missing, *(name for name in drawn if drawn.count(name) > 1)}
    before = {name: set(factor.given) for factor in reversed(factors) for name in factor.of}
    depth = dict.fromkeys(missing, 0)
    while len(depth) < len(missing) + len(before):
        ready = {n: names for n, names in before.items() if n not in depth and names <= {*depth}}
        if not ready:
            stuck = next(name for name in drawn if name not in depth)
            faults |= {n for n in before if n not in depth and _leads_to(n, n, before)}
            ready = {stuck: before[stuck] & {*depth}}
        depth.update(
            {n: 1 + max((depth[m] for m in names), default=-1) for n, names in ready.items()}
        )
    layers = tuple(
        tuple(name for name in dict.fromkeys([*missing, *drawn]) if depth[name] == level)
        for level in range(max(depth.values(), default=-1) + 1)
    )
    return Sketch(layers, frozenset(faults))


def _leads_to(name: str, goal: str, before: Mapping[str, set[str]]) -> bool:
    """Whether a path of arrows leads from `goal` to a variable, by what each one is given."""
    seen: set[str] = set()
    waiting = [*before.get(name, ())]
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            waiting.extend(before.get(found, ()))
    return goal in seen


# -- What is no distribution ------------------------------------------------------------------


def _require_single_factors(world: World) -> None:
    owners: dict[str, Factor] = {}
    for factor in world.factors:
        for name in factor.of:
            if name in factor.given:
                raise ValueError(
                    f"`{world.name}` must not condition {name} on itself, got {factor}."
                )
            if factor.variables.count(name) > 1:
                raise ValueError(
                    f"`{world.name}` must name {name} once in a factor, got {factor}."
                )
            if name in owners:
                raise ValueError(
                    f"`{world.name}` must have one factor for {name}, "
                    f"got {owners[name]} and {factor}."
                )
            owners[name] = factor
    for factor in world.factors:
        for name in factor.given:
            if factor.given.count(name) > 1:
                raise ValueError(
                    f"`{world.name}` must name {name} once in a factor, got {factor}."
                )
            if name not in owners:
                raise ValueError(
                    f"`{world.name}` must have a factor for {name}, which {factor} needs, "
                    f"got {_product(world.factors)}."
                )


def _require_no_circle(world: World) -> None:
    depth = _depths(world.factors)
    if len(depth) < len(world.factors):
        circle = [factor for factor in world.factors if factor not in depth]
        raise ValueError(
            f"`{world.name}` must have no arrows that run in a circle, got {_product(circle)}: "
            "there is nothing to draw first."
        )


def _product(factors: Iterable[Factor]) -> str:
    return " ".join(map(str, factors))


def _depths(factors: Sequence[Factor]) -> dict[Factor, int]:
    """How many arrows lead to each factor at most; one on a circle, or behind it, has none."""
    depth: dict[str, int] = {}
    found: dict[Factor, int] = {}
    waiting = list(factors)
    while waiting:
        stuck = []
        for factor in waiting:
            if all(name in depth for name in factor.given):
                found[factor] = 1 + max((depth[name] for name in factor.given), default=-1)
                depth.update(dict.fromkeys(factor.of, found[factor]))
            else:
                stuck.append(factor)
        if len(stuck) == len(waiting):
            break
        waiting = stuck[::-1]  # a chain that is written from its end is found in two rounds
    return found
