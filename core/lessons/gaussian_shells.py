"""What the page on Gaussian shells shows: mass is not where the density is, and data are rare.

Lecture: "Warmup: density estimation" [0:25-0:30].
"""

import threading
from collections.abc import Callable

from core.lessons import shells_dimension, shells_draws, shells_images, shells_law
from core.lessons.kl_choices import Shown
from core.lessons.shells_choices import (
    AXES,
    CASES,
    DATA,
    EDGES,
    LAST_DRAW,
    NEIGHBOURS,
    PASSING,
    PLACES,
    REGIONS,
    SCALES,
    SOURCES,
    UNTOUCHED,
    VIEWS,
    WITH_DIMENSIONS,
    Case,
    Choices,
    cases,
    heard,
)
from core.lessons.shells_draws import Decoder
from core.lessons.shells_law import length_of_mass, mass_inside
from core.shells import MOST_DIMENSIONS

__all__ = [
    "AXES",
    "CASES",
    "DATA",
    "EDGES",
    "LAST_DRAW",
    "MANY",
    "MOST_DIMENSIONS",
    "NEIGHBOURS",
    "NO_RUN",
    "PASSING",
    "PLACES",
    "REGIONS",
    "SCALES",
    "SOURCES",
    "UNTOUCHED",
    "VIEWS",
    "WITH_DIMENSIONS",
    "Case",
    "Choices",
    "Decoder",
    "Shown",
    "cases",
    "heard",
    "is_flat",
    "length_of_mass",
    "mass_inside",
    "show",
    "wants_decoder",
]


NO_RUN = (
    "There is no finished training on your list yet. Train one on the page below and come back, "
    "or open this page with the address of one."
)

MANY = 20
"""Dimensions of a code in which the straight way leaves the shell for all to see."""


_one_at_a_time = threading.Lock()


def is_flat(decoder: Decoder | None) -> bool:
    """Whether a decoder is missing, or has so few dimensions that there is little to see."""
    return decoder is None or decoder.config.latent_dim < MANY // 2


def wants_decoder(choices: Choices) -> bool:
    """Whether the chosen view goes between codes of a trained decoder."""
    return choices.view == "Between" and choices.source == SOURCES[1]


def show(choices: Choices, decoder: Decoder | None = None) -> Shown:
    """What the chosen view shows; what is wrong with the choices comes as sentences.

    Args:
        choices: Where the controls stand.
        decoder: A trained decoder, where one is gone through.
    """
    try:
        if choices.view == "Between":
            return shells_draws.between(choices, decoder)
        if choices.view in ("Shell", "Within"):
            return _VIEWS[choices.view](choices)
        with _one_at_a_time:  # of sixty readers who ask at once, one computes
            return _VIEWS[choices.view](choices)
    except ValueError as error:
        return Shown(problems=(str(error),))


_VIEWS: dict[str, Callable[[Choices], Shown]] = {
    "Shell": shells_law.shell,
    "Samples": shells_draws.samples,
    "Pairs": shells_draws.pairs,
    "Within": shells_law.within,
    "Haystack": shells_images.needle,
    "Pixel models": shells_images.pixels_modelled,
    "Dimension": shells_dimension.dimension,
}
