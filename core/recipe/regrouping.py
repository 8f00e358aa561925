"""One distribution written as other products of factors, by steps that are always exact.

Both steps are the product rule, read once in each direction: a factor of several variables is
split, and an arrow is turned round, which is Bayes' rule. What they give is the same distribution.

References:
    Shachter, Probabilistic inference and influence diagrams (1988): arc reversal.
    Alemi, A Path to the Variational Diffusion Loss (2022).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.recipe.worlds import Factor, World, listed

__all__ = ["Rewriting", "borrowed", "fewer", "top_down", "turned"]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """One exact step: the product of the first factors is that of the second.

    Attributes:
        rule: The name of the step.
        before: The factors that go.
        after: Those that stand for them.
    """

    rule: str
    before: tuple[Factor, ...]
    after: tuple[Factor, ...]


def turned(world: World, tail: str, head: str) -> tuple[World, Rewriting]:
    r"""The same world with one arrow the other way round.

    With $a$ and $b$ for what else tail and head depend on,

    $$p(u|a)\,p(v|u,b) = p(v|a,b)\,p(u|v,a,b).$$

    Args:
        world: A world with an arrow from `tail` to `head`, each with a factor of its own.
        tail: Where the arrow starts.
        head: Where it ends.

    Raises:
        ValueError: If there is no such arrow, or another path leads the same way, so that turning
            this one alone would close a circle.
    """
    u, v = world.factor_of(tail), world.factor_of(head)
    if tail not in v.given or len(u.of) > 1 or len(v.of) > 1:
        raise ValueError(f"`tail` must have an arrow of its own to {head}, got {tail}.")
    others = [name for name in v.given if name != tail]
    if any(world.is_downstream(name, [tail]) for name in others):
        raise ValueError(
            f"`tail` must lead to {head} by one arrow alone, got {tail}, which leads there by "
            f"way of {listed(others)} as well."
        )
    rest = tuple(dict.fromkeys((*others, *u.given)))
    is_learned = u.is_learned or v.is_learned
    first = Factor("p", (head,), rest, is_learned)
    second = Factor("p", (tail,), (head, *rest), is_learned)
    step = Rewriting("Bayes' rule", (u, v), (first, second))
    return _with(world, step), step


def top_down(
    world: World, dream: World, added: Iterable[str]
) -> tuple[World, tuple[Rewriting, ...]]:
    """The same world with every arrow between added variables as the dream has it.

    Where the dream draws the last of a chain first, the real world is regrouped so that it does
    too. Arrows from what was there before stay: they are the encoder.

    Args:
        world: The augmented real world.
        dream: The dream.
        added: Variables that were added to the real world.

    Returns:
        The regrouped world, and the steps that lead to it.
    """
    names, steps = set(added), []
    for tail in [name for name in world.variables if name in names]:
        for head in dream.factor_of(tail).given:
            if head not in names or tail not in world.factor_of(head).given:
                continue
            try:
                world, step = turned(world, tail, head)
            except ValueError:
                continue  # it stays as it is, which is exact as well
            steps.append(step)
    return world, tuple(steps)


def borrowed(world: World, dream: World) -> tuple[World, tuple[Rewriting, ...]]:
    """The real world, split so that what the dream takes over from it is a factor of its own.

    Raises:
        ValueError: If the dream takes over what the real world has not.

    Example:
        >>> from core.recipe.worlds import parse
        >>> p, q = parse("p(x,y)", "P"), parse("p(x) q(y|x)*", "Q")
        >>> [str(factor) for factor in borrowed(World("P", p), World("Q", q))[0].factors]
        ['p(x)', 'p(y|x)']
    """
    steps = []
    for factor in dream.factors:
        if factor.letter != "p" or any(factor.is_same(own) for own in world.factors):
            continue
        whole = next((own for own in world.factors if set(own.of) > set(factor.of)), None)
        if whole is None or set(whole.given) != set(factor.given):
            raise ValueError(
                f"`Dream world` must take over only what P has as a factor, or as part of one, "
                f"got {factor.bare}; P is {' '.join(own.bare for own in world.factors)}."
            )
        rest = tuple(name for name in whole.of if name not in factor.of)
        parts = (
            Factor("p", factor.of, whole.given, whole.is_learned),
            Factor("p", rest, (*factor.of, *whole.given), whole.is_learned),
        )
        step = Rewriting("the product rule", (whole,), parts)
        world = _with(world, step)
        steps.append(step)
    return world, tuple(steps)


def fewer(world: World, kept: Iterable[str]) -> tuple[World, tuple[str, ...]]:
    """The world of some of its variables, where nothing of them depends on the others.

    What nothing depends on sums to one, so its factor goes.

    Returns:
        The world, and which other variables could not go.
    """
    names = set(kept)
    factors = list(world.factors)
    for factor in reversed(world.in_order):
        needed = {name for other in factors if other is not factor for name in other.given}
        own = tuple(name for name in factor.of if name in names or name in needed)
        place = factors.index(factor)
        factors[place : place + 1] = (
            [Factor(factor.letter, own, factor.given, factor.is_learned)] if own else []
        )
    if not factors:
        return world, tuple(name for name in world.variables if name not in names)
    left = World(world.name, tuple(factors))
    return left, tuple(name for name in left.variables if name not in names)


def _with(world: World, step: Rewriting) -> World:
    """The world after a step; what was the first of the old factors becomes the new ones."""
    factors: list[Factor] = []
    for factor in world.factors:
        if factor == step.before[0]:
            factors.extend(step.after)
        elif factor not in step.before:
            factors.append(factor)
    return World(world.name, tuple(factors))
