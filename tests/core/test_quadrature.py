"""Catches an integral that is wrong, or that says so of itself too late."""

import math

import numpy as np
import pytest
from scipy import integrate as other_pen

from core.quadrature import integrate

CASES = {
    "polynomial": (lambda x: x**20, [0.0, 1.0], 1 / 21),
    "root": (np.sqrt, [0.0, 1.0], 2 / 3),
    "pole of a root": (lambda x: 1 / np.sqrt(x), [0.0, 1.0], 2.0),
    "narrow": (lambda x: np.exp(-0.5 * ((x - 0.3) / 1e-3) ** 2), [0.0, 0.3, 1.0], None),
    "Gaussian": (lambda x: np.exp(-x * x), [-math.inf, 0.0, math.inf], math.sqrt(math.pi)),
    "heavy tails": (lambda x: 1 / (1 + x * x), [-math.inf, 0.0, math.inf], math.pi),
    "one-sided": (lambda x: np.exp(-x), [0.0, math.inf], 1.0),
    "kink": (np.abs, [-1.0, 2.0], 2.5),
    "far away": (
        lambda x: np.exp(-((x - 1e6) ** 2)),
        [-math.inf, 1e6, math.inf],
        math.sqrt(math.pi),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_integrals_are_right_and_know_their_error(name):
    """
    To 1e-8, and no further off than they say.
    """
    function, breaks, true = CASES[name]
    if true is None:
        true = 1e-3 * math.sqrt(2 * math.pi)

    found = integrate(function, breaks)

    assert abs(found.value - true) <= max(found.error, 1e-14 * true)
    assert found.error <= 1e-8 * true


def test_agrees_with_quadpack():
    """
    Another implementation, on a function without a closed form.
    """

    def function(x):
        return np.exp(np.sin(5 * x)) / (1 + x * x)

    found = integrate(function, [-3.0, 0.0, 4.0])

    assert found.value == pytest.approx(other_pen.quad(function, -3, 4, limit=200)[0], rel=1e-9)


@pytest.mark.parametrize("breaks", [[], [1.0, 0.0], [0.0, 0.0], [-math.inf, math.inf]])
def test_refuses_breaks_that_do_not_rise(breaks):
    """
    An interval has a lower and a higher end.
    """
    with pytest.raises(ValueError, match="`breaks` must rise"):
        integrate(np.exp, breaks)
