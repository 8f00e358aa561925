"""Catches a way to write a chance that is misread, and a reading that says something else."""

import math

import mpmath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.evidence import log_chance
from core.notation import amount, plain, read, readings, signed, written


def value_of(text):
    """
    The number that a text means, by Python's own reading.
    """
    digits, _, power = text.replace(",", "").partition("·10")
    return float(f"{digits}e{power.translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789')) or 0}")


class TestRead:
    @pytest.mark.parametrize(
        "text", ["0.07", "7 %", "7%", " .07", "7:93", "7 to 93", "7/100", "7 in 100", "7e-2"]
    )
    def test_knows_many_ways(self, text):
        """
        Seven in a hundred, however it is written.
        """
        assert read(text, "prior") == pytest.approx(math.log(7 / 93), rel=1e-15)

    @pytest.mark.parametrize(
        ("text", "nats"),
        [
            ("20:1", math.log(20)),
            ("13 dB", 1.3 * math.log(10)),
            ("−13 decibans", -1.3 * math.log(10)),
            ("+2 bits", 2 * math.log(2)),
            ("1 bit", math.log(2)),
            ("-0.5 nats", -0.5),
            ("0", -math.inf),
            ("0 %", -math.inf),
            ("1", math.inf),
            ("100 %", math.inf),
            ("1:0", math.inf),
            ("0:1", -math.inf),
            ("∞ dB", math.inf),
            ("-inf nats", -math.inf),
            ("1e-300", -300 * math.log(10)),
            ("1e-4000", -4000 * math.log(10)),
            ("1 - 1e-300", 300 * math.log(10)),
            ("100 % - 1e-298 %", 300 * math.log(10)),
            ("1e400 : 1", 400 * math.log(10)),
            ("10⁻³⁰⁰", -300 * math.log(10)),
            ("1 − 2.5·10⁻³⁰⁰", 300 * math.log(10) - math.log(2.5)),
            ("1 : 4 × 10^300", -300 * math.log(10) - math.log(4)),
            ("0.99999999999999999999", 20 * math.log(10)),
        ],
    )
    def test_knows_units_and_extremes(self, text, nats):
        """
        Nothing underflows, and only what is exactly certain is read so.
        """
        assert read(text, "prior") == pytest.approx(nats, rel=1e-13)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "abc", "2", "-0.1", "101 %", "0:0", "5/4", "13", "1e99999999", "nan", "nan dB"),
            *("0,5", "1:2:3", "1 - 2", "1" * 61, "٣:١", "inf", "1e", "%", "dB"),
            *("10³", "10²0", "1·10", "2*10^-", "10^1234567", "510⁻³", "5··10⁻³", "10⁻", "·10⁻³"),
        ],
    )
    def test_refuses_what_is_none(self, text):
        """
        The message names the field and what was written.
        """
        with pytest.raises(ValueError, match=r"`prior` must be a chance such as 7 %"):
            read(text, "prior")

    @given(st.floats(0, 1, exclude_min=True, exclude_max=True))
    def test_is_exact(self, chance):
        """
        The log-odds are those of the number as written, to rounding.
        """
        with mpmath.workdps(50):
            number = mpmath.mpf(repr(chance))
            true = mpmath.log(number / (1 - number))
            assert abs(read(repr(chance), "x") - true) <= 1e-15 * abs(true) + 1e-15

    @given(st.text(max_size=20))
    def test_never_fails_otherwise(self, text):
        """
        Whatever is typed is read or refused, and never NaN.
        """
        try:
            found = read(text, "x")
        except ValueError:
            return
        assert not math.isnan(found)


class TestWritten:
    @given(st.floats(-1e6, 1e6), st.sampled_from(["nats", "bits", "dB"]))
    def test_is_read_as_the_same(self, nats, unit):
        """
        What the site writes for itself loses nothing that shows.
        """
        assert read(written(nats, unit), "x") == pytest.approx(nats, rel=1e-14)

    @pytest.mark.parametrize(
        ("nats", "probability", "odds", "db"),
        [
            (0.0, "0.500", "1 : 1", "0.000 dB"),
            (math.log(0.616 / 0.384), "0.616", "1.604 : 1", "+2.052 dB"),
            (math.log(20), "0.952", "20 : 1", "+13.010 dB"),
            (-300 * math.log(10), "1.00·10⁻³⁰⁰", "1 : 1.00·10³⁰⁰", "−3,000.000 dB"),
            (300 * math.log(10), "1 − 1.00·10⁻³⁰⁰", "1.00·10³⁰⁰ : 1", "+3,000.000 dB"),
            (math.inf, "1, certain", "1 : 0", "+∞ dB"),
            (-math.inf, "0, impossible", "0 : 1", "−∞ dB"),
        ],
    )
    def test_says_it_in_every_form(self, nats, probability, odds, db):
        """
        Probability, odds and decibans of one belief, extremes in words.
        """
        found = readings(nats)

        assert (found.probability, found.odds, found.decibans) == (probability, odds, db)

    @given(st.floats(-700, 700))
    def test_plain_numbers_are_near(self, log_value):
        """
        Three digits are right, for numbers of any size.
        """
        assert value_of(plain(log_value)) == pytest.approx(math.exp(log_value), rel=6e-3)

    @example(5.0)
    @given(st.floats(-690, 690))
    def test_what_is_shown_can_be_typed(self, nats):
        """
        A probability that stands on the page is read as itself: in the middle to three decimals,
        near nothing and near certainty to three digits.
        """
        typed = read(readings(nats).probability, "x")

        if math.log(0.01) < nats < math.log(999):
            apart = math.exp(log_chance(typed)) - math.exp(log_chance(nats))
            assert abs(apart) < 0.000_501
        else:
            assert typed == pytest.approx(nats, rel=6e-3, abs=6e-3)

    @given(st.floats(allow_nan=False))
    def test_never_says_nan(self, nats):
        """
        Every log-odds have words.
        """
        found = readings(nats)
        assert "nan" not in f"{found} {signed(nats, 'dB')}"

    @given(st.floats(1e-300, 1e9), st.sampled_from(["nats", "bits", "dB"]))
    def test_amounts_keep_three_digits(self, nats, unit):
        """
        A divergence is read back as itself, to half of its last digit, however small it is.
        """
        text, _, found_unit = amount(nats, unit).partition(" ")
        slack = 0 if "·" in text else 5.1e-5

        assert found_unit == unit
        exact = nats * {"nats": 1, "bits": 1 / math.log(2), "dB": 10 / math.log(10)}[unit]
        assert value_of(text) == pytest.approx(exact, rel=5.1e-3, abs=slack)
