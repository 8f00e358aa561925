"""Chances and evidence as people write them, and as the site writes them back.

`7 %`, `0.07`, `7:93`, `1 in 14`, `-11.23 dB`, `-2.59 nats`, `1e-300`, `10⁻³⁰⁰` and `1 - 1e-300`
are all chances; each is read as log-odds in nats, so that none of them is rounded to certainty.
"""

import math
import re
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation, Overflow, localcontext

from core.evidence import UNITS, Unit, log_chance

__all__ = [
    "MOST_CHARACTERS",
    "Readings",
    "amount",
    "plain",
    "raised",
    "read",
    "readings",
    "scientific",
    "signed",
    "written",
]

MOST_CHARACTERS = 60
"""The longest text that is read."""

_SIGNS = ("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_EXACT = Context(prec=60, Emax=10**6, Emin=-(10**6))
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{1,6})?"
_PLAIN = re.compile(rf"({_NUMBER})(%?)")
_NEAR_ONE = re.compile(rf"(1|100%)-({_NUMBER})(%?)")
_RATIO = re.compile(rf"({_NUMBER})(?::|to)({_NUMBER})")
_FRACTION = re.compile(rf"({_NUMBER})(?:/|in)({_NUMBER})")
_EVIDENCE = re.compile(rf"([+-]?)(?:({_NUMBER})|(inf|infinite|∞))(db|decibans?|nats?|bits?)")
_UNIT_WORDS: dict[str, Unit] = {"d": "dB", "n": "nats", "b": "bits"}


def read(text: str, name: str) -> float:
    """The log-odds in nats that a text means, which may be infinite.

    Args:
        text: A probability, odds, or log-odds with their unit.
        name: What the text is, for the message.

    Raises:
        ValueError: If it is none of these.

    Example:
        >>> read("20:1", "odds") == math.log(20), read("1e-300", "chance")
        (True, -690.7755278982137)
    """
    shown = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."
    compact = _POWER.sub(_exponent, re.sub(r"\s+", "", text.translate(_ALIKE)).lower())
    try:
        with localcontext(_EXACT):
            found = _read(compact) if len(text) <= MOST_CHARACTERS else None
    except (InvalidOperation, Overflow, OverflowError):
        found = None
    if found is None:
        raise ValueError(
            f"`{name}` must be a chance such as 7 %, 0.07, 7:93 or -11.2 dB, got {shown!r}."
        )
    return found


_ALIKE = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "∶": ":"})
_RAISED, _LOWERED = (str.maketrans(*pair) for pair in (_SIGNS, _SIGNS[::-1]))
_POWER = re.compile(
    r"(?:(?<=[0-9.])\*|(?<![0-9.*]))10(?:\^([+-]?[0-9]{1,6})|([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,7}))(?![0-9⁻⁰¹²³⁴⁵⁶⁷⁸⁹])"
)
"""Ten to some power, by itself or behind a number and a dot."""


def _exponent(match: re.Match[str]) -> str:
    power = match[1] or match[2].translate(_LOWERED)
    return f"{'' if match[0].startswith('*') else '1'}e{power}"


def _read(text: str) -> float | None:
    if match := _EVIDENCE.fullmatch(text):
        sign, number, _, unit = match.groups()
        size = math.inf if number is None else float(number)
        return (-size if sign == "-" else size) / UNITS[_UNIT_WORDS[unit[0]]]
    if match := _RATIO.fullmatch(text):
        return _log_ratio(Decimal(match[1]), Decimal(match[2]))
    if match := _FRACTION.fullmatch(text):
        above, below = Decimal(match[1]), Decimal(match[2])
        return _log_ratio(above, below - above) if above <= below else None
    if match := _NEAR_ONE.fullmatch(text):
        small = Decimal(match[2]) / (100 if match[3] else 1)
        return _log_ratio(1 - small, small) if small <= 1 else None
    if match := _PLAIN.fullmatch(text):
        chance = Decimal(match[1]) / (100 if match[2] else 1)
        return _log_ratio(chance, 1 - chance) if chance <= 1 else None
    return None


def _log_ratio(above: Decimal, below: Decimal) -> float | None:
    if above == below == 0:
        return None
    if above == 0 or below == 0:
        return -math.inf if above == 0 else math.inf
    ratio = above / below
    # Numbers of any size have a logarithm, though a float may not hold them.
    if Decimal("0.5") < ratio < 2:
        return math.log1p(float(ratio - 1))
    if Decimal("1e-300") < ratio < Decimal("1e300"):
        return math.log(float(ratio))
    return float(ratio.ln())


# -- Writing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Readings:
    """One belief, or one weight, in every form.

    Attributes:
        probability: As a probability.
        odds: As odds.
        nats: As log-odds in nats.
        bits: The same in bits.
        decibans: The same in decibans.
    """

    probability: str
    odds: str
    nats: str
    bits: str
    decibans: str


def readings(nats: float) -> Readings:
    """Log-odds in every form that the site writes.

    Example:
        >>> readings(math.log(7 / 93)).decibans, readings(math.inf).probability
        ('−11.234 dB', '1, certain')
    """
    return Readings(
        probability=_probability(nats),
        odds=_odds(nats),
        nats=signed(nats, "nats"),
        bits=signed(nats, "bits"),
        decibans=signed(nats, "dB"),
    )


def signed(nats: float, unit: Unit, decimals: int = 3) -> str:
    """Evidence with its sign and its unit.

    Example:
        >>> signed(math.log(2), "bits"), signed(-math.inf, "dB"), signed(-1e-9, "nats")
        ('+1.000 bits', '−∞ dB', '−1.0·10⁻⁹ nats')
    """
    amount = nats * UNITS[unit]
    if math.isinf(amount):
        return f"{'+' if amount > 0 else '−'}∞ {unit}"
    size = abs(amount)
    if size and size < 10**-decimals / 2:
        text = scientific(size, 1)
    else:
        text = f"{size:,.{decimals}f}" if size < 1e7 else scientific(size, 3)
    sign = "" if not amount else "+" if amount > 0 else "−"
    return f"{sign}{text} {unit}"


def amount(nats: float, unit: Unit) -> str:
    """A divergence with its unit: to four decimals, and three digits where those say too little.

    Args:
        nats: The divergence, which is not negative and may be infinite.
        unit: The unit to write it in.

    Example:
        >>> amount(0.5, "nats"), amount(0.00020011, "dB"), amount(math.inf, "bits")
        ('0.5000 nats', '8.69·10⁻⁴ dB', 'infinite')
    """
    size = nats * UNITS[unit]
    if math.isinf(size):
        return "infinite"
    if size == 0 or 1e-3 <= size < 1e5:
        return f"{size:,.4f} {unit}" if size else f"0 {unit}"
    return f"{scientific(size, 2)} {unit}"


def scientific(value: float, decimals: int) -> str:
    """A number as a product with a power of ten.

    Example:
        >>> scientific(-1.26e-17, 1), scientific(2.5e300, 2)
        ('−1.3·10⁻¹⁷', '2.50·10³⁰⁰')
    """
    digits, power = f"{value:.{decimals}e}".split("e")
    return f"{digits.replace('-', '−')}·{raised(int(power))}"


def raised(power: int) -> str:
    """Ten to a power.

    Example:
        >>> raised(-300)
        '10⁻³⁰⁰'
    """
    return f"10{str(power).translate(_RAISED)}"


def written(nats: float, unit: Unit, digits: int = 15) -> str:
    """Log-odds with all their digits: a text that `read` turns into the same number.

    Example:
        >>> written(1.5, "nats"), abs(read(written(0.1, "dB"), "x") - 0.1) < 1e-15
        ('1.5 nats', True)
    """
    return f"{nats * UNITS[unit]:.{digits}g} {unit}"


def plain(log_value: float) -> str:
    """A positive number of any size, by its natural logarithm.

    Example:
        >>> plain(math.log(0.0439)), plain(-1000.0), plain(-math.inf)
        ('0.0439', '5.08·10⁻⁴³⁵', '0')
    """
    if log_value == -math.inf:
        return "0"
    if log_value == math.inf:
        return "∞"
    if -math.log(1e3) < log_value < math.log(1e6):
        return f"{math.exp(log_value):,.4g}" if log_value < math.log(1e4) else _whole(log_value)
    power = log_value / math.log(10)
    exponent = math.floor(power)
    digits = f"{10 ** (power - exponent):.2f}"
    if digits == "10.00":
        digits, exponent = "1.00", exponent + 1
    return f"{digits}·{raised(exponent)}"


def _whole(log_value: float) -> str:
    return f"{math.exp(log_value):,.0f}"


def _probability(nats: float) -> str:
    if math.isinf(nats):
        return "1, certain" if nats > 0 else "0, impossible"
    if nats > math.log(999):
        return f"1 − {plain(log_chance(-nats))}"
    log_value = log_chance(nats)
    return f"{math.exp(log_value):.3f}" if log_value > math.log(0.01) else plain(log_value)


def _odds(nats: float) -> str:
    if math.isinf(nats):
        return "1 : 0" if nats > 0 else "0 : 1"
    return f"{plain(nats)} : 1" if nats >= 0 else f"1 : {plain(-nats)}"
