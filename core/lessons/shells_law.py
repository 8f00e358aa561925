"""What the page on Gaussian shells shows of the law of the radius: the shell, and mass within.

Lecture: "Why this is hard in practice" [0:25-0:30].
"""

import math
from dataclasses import replace
from typing import Any

from core import notation, shells
from core.lessons.kl_choices import Shown, headline
from core.lessons.panels import Table, number, significant
from core.lessons.shells_choices import (
    AXES,
    REGIONS,
    UNTOUCHED,
    Choices,
    length,
    share,
    typed_length,
)

__all__ = ["law_table", "length_of_mass", "mass_inside", "mass_text", "shell", "within"]


def shell(choices: Choices) -> Shown:
    """Density, room and mass along a radius."""
    d = choices.d
    mean, std, ends = shells.mean(d), shells.std(d), shells.central_interval(d)
    texts = {
        "radius": f"{number(mean, 3)} ± {number(std, 3)}",
        "interval": f"{number(ends[0], 2)} to {number(ends[1], 2)}",
        "denser": f"+{_nats(shells.advantage(d))}",
    }
    return Shown(
        data={
            "kind": "shell",
            "d": d,
            "isLog": choices.scale != "Linear",
            "reach": AXES[choices.axis],
            "numbers": [
                headline("radius", texts["radius"]),
                headline("95 % in", texts["interval"]),
                headline("middle", texts["denser"], "dream"),
            ],
        },
        verdict=_shell_words(d),
        table=law_table(d),
    )


def _shell_words(d: int) -> str:
    if d == 1:
        return (
            "On a line there is no room to win: **density and mass are one**, highest in the "
            "middle."
        )
    core = mass_text(shells.within_radius(1.0, d))
    return (
        f"The density is highest at **0**, the mass at **√(d − 1) = {number(shells.mode(d), 2)}**."
        f" The middle is denser by {_nats(shells.advantage(d))} than a point at √d, and all that "
        f"lies within a radius of 1 is a share of {core}."
    )


def _nats(value: float) -> str:
    return f"{value:g} {'nat' if value == 1 else 'nats'}"


def law_table(d: int) -> Table:
    """The law of the radius in figures."""
    low, high = shells.central_interval(d)
    rows = (
        ("most mass at √(d − 1)", number(shells.mode(d), 4)),
        ("mean of the radius", number(shells.mean(d), 4)),
        ("√d", number(math.sqrt(d), 4)),
        ("standard deviation", number(shells.std(d), 4)),
        ("95 % of draws between", f"{number(low, 4)} and {number(high, 4)}"),
        ("density at 0 over density at √d", _nats(shells.advantage(d))),
    )
    return Table(("of N(0, I) in these dimensions", f"d = {d:,}"), rows)


# -- Mass within ------------------------------------------------------------------------------


def within(choices: Choices) -> Shown:
    """How much lies within a radius, or within a shell; of no length, within the one at first."""
    try:
        key, reach = _chosen(choices)
    except ValueError as error:
        at_first = replace(choices, radius=UNTOUCHED.radius, eps=UNTOUCHED.eps)
        drawn = f"{_chosen(at_first)[1]:g}"
        return replace(within(at_first), problems=(f"{error} The picture is that of {drawn}.",))
    is_ball, d = choices.region == REGIONS[0], choices.d
    mass = _mass(choices, reach)
    text = mass_text(mass)
    symbol, what = ("r", "within r of the middle") if is_ball else ("ε", "within ε of √d")
    outside = mass_text(shells.Mass(mass.log_outside, mass.log_inside))
    rows = (
        (f"mass {what}", text),
        ("mass outside", outside),
        ("log of the mass, nats", _log_text(mass, 1.0)),
        ("log₁₀ of the mass", _log_text(mass, math.log(10))),
    )
    return Shown(
        data={
            "kind": "within",
            "d": d,
            "key": key,
            "reach": reach,
            "numbers": [
                headline(symbol, _length(reach), "bound"),
                headline("mass inside", text),
                headline("outside", outside, "bound"),
            ],
        },
        verdict=_within_words(choices, reach, mass, is_ball=is_ball),
        table=Table((f"d = {d:,}, √d = {number(math.sqrt(d), 3)}", "value"), rows),
    )


def _length(reach: float) -> str:
    """A length with six digits at most."""
    if reach >= 1e-4:
        return f"{reach:.6g}"
    digits, power = f"{reach:.5e}".split("e")
    return f"{float(digits):g}·{notation.raised(int(power))}"


_LITTLE = 0.01
"""A share of the mass that is called next to nothing."""


def _within_words(choices: Choices, reach: float, mass: shells.Mass, *, is_ball: bool) -> str:
    text = mass_text(mass)
    if not is_ball:
        return (
            f"Within {significant(reach)} of √d lies {text} of the mass, in {choices.d:,} "
            f"dimension{'' if choices.d == 1 else 's'}; where d is large it is "
            f"erf(ε) = {significant(math.erf(reach), 4)}, "
            "**however large d is: the shell does not get thicker.**"
        )
    middle = math.sqrt(choices.d)
    said = f"The ball reaches to {significant(reach / middle)} of √d and holds {text} of the mass."
    if reach > middle:
        return said + " **What is outside is all that lies beyond the shell.**"
    said += " Its volume shrinks as r to the power of d"
    if mass.log_inside > math.log(_LITTLE):
        return f"{said}: the ball would have to be smaller to lose its mass, or d larger."
    return f"{said}: **the densest place holds next to nothing.**"


def _chosen(choices: Choices) -> tuple[str, float]:
    if choices.region == REGIONS[0]:
        return "radius", length(choices.radius, "Radius r")
    return "eps", length(choices.eps, "Half-width ε")


def _mass(choices: Choices, reach: float) -> shells.Mass:
    is_ball = choices.region == REGIONS[0]
    return (shells.within_radius if is_ball else shells.within_shell)(reach, choices.d)


def mass_inside(choices: Choices) -> str:
    """The mass within the boundary that is chosen; nothing where what was typed is no length."""
    try:
        return mass_text(_mass(choices, _chosen(choices)[1]))
    except ValueError:
        return ""


def length_of_mass(choices: Choices, text: str) -> dict[str, Any]:
    """What to set so that a share of the mass that was typed lies inside.

    Args:
        choices: Where the controls stand.
        text: The share, as 50 %, 1e-300 or 1 - 1e-300.

    Raises:
        ValueError: If it is no share, or none that a length we can show holds.
    """
    log_odds = share(text, "Mass inside")
    is_ball = choices.region == REGIONS[0]
    key, inverse = ("radius", shells.radius_of_mass) if is_ball else ("eps", shells.width_of_mass)
    found = inverse(log_odds, choices.d)
    typed = typed_length(found)
    length(typed, "Mass inside")
    return {key: typed}


def mass_text(mass: shells.Mass) -> str:
    """A share of the mass, never rounded to nothing or to all."""
    return notation.readings(mass.log_odds).probability


def _log_text(mass: shells.Mass, unit: float) -> str:
    """The logarithm of the mass, in so many nats: near zero it is minus what lies outside."""
    value = mass.log_inside / unit
    if value == 0:
        return f"−{notation.plain(mass.log_outside - math.log(unit))}"
    if abs(value) < 1e-3:
        return notation.scientific(value, 3)
    return number(value, 4)
