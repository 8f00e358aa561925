"""What the page on Gaussian shells shows of images: how few of all pixels look like data.

Lecture: "Why this is hard in practice" [0:25-0:30].
"""

import base64
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from core import haystack, neighbours, pixel_models
from core.lessons.kl_choices import Shown, headline
from core.lessons.panels import Table, number
from core.lessons.shells_choices import Choices
from core.notation import raised
from core.vae import datasets

__all__ = ["needle", "packed", "pixels_modelled"]

MOST_IMAGES, MOST_HELD_OUT, SHOWN = 3000, 300, 5
LN10 = math.log(10)
_WEAK = math.log(0.001)
"""Log of a bound from which on it is no needle that is looked for."""

_SAID_OF_DRAWS = {
    "sprites": "**still hardly a draw that you would take for real.**",
    "digits": "in 64 pixels of black and white even real digits are hard to read, but **the draws "
    "of both models fall apart**, and the nats tell them apart.",
}
"""What the eye says of draws from models of pixels."""


@lru_cache(maxsize=4)
def _grey(name: str, split: str) -> Float[np.ndarray, "image data"]:
    data = datasets.load(name)
    part, most = getattr(data, split), MOST_IMAGES if split == "train" else MOST_HELD_OUT
    return part.pixels[:most].astype(np.float32) / np.float32(data.info.levels)


def _title(name: str) -> str:
    return datasets.DATASETS[name].title.lower()


def packed(images: Float[np.ndarray, "image data"]) -> list[str]:
    """Images with pixels from 0 to 1 for the browser: a byte for each pixel, as base64."""
    grey = np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)
    return [base64.b64encode(image.tobytes()).decode() for image in grey]


# -- The needle in the haystack ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Haystack:
    """What is known of the images and of pixels drawn without them.

    Attributes:
        held_out: Distance of each held-out image to the nearest image, in order.
        near: Distances that count as near, in order.
        uniform: Bound of the log-chance that uniform pixels are as near.
        gaussian: The same of Gaussian pixels.
    """

    held_out: np.ndarray
    near: np.ndarray
    uniform: np.ndarray
    gaussian: np.ndarray


@lru_cache(maxsize=4)
def _searched(name: str) -> _Haystack:
    images, others = _grey(name, "train"), _grey(name, "test")
    held_out = np.sort(neighbours.nearest(images, others, 1)[:, 0]).astype(np.float64)
    near = np.linspace(max(held_out[0], held_out[-1] / 40), held_out[-1], 40)
    uniform = haystack.uniform_near(near, images.shape[1], len(images))
    return _Haystack(held_out, near, uniform, _gaussian(name, near))


def _gaussian(name: str, near: np.ndarray) -> np.ndarray:
    images = _grey(name, "train").astype(np.float64)
    return haystack.gaussian_near(near, images, images.mean(axis=0), _common_scale(images))


def _common_scale(images: Float[np.ndarray, "image data"]) -> float:
    """The spread that all Gaussian pixels have: the root of the mean of the pixels' variances."""
    return math.sqrt(float(images.var(axis=0, dtype=np.float64).mean()))


@lru_cache(maxsize=32)
def _at(name: str, passing: float) -> tuple[float, float, float]:
    """The distance that so many held-out images pass, and both bounds at it."""
    near = float(np.quantile(_searched(name).held_out, passing / 100))
    here, images = np.array([near]), _grey(name, "train")
    uniform = haystack.uniform_near(here, images.shape[1], len(images))
    return near, float(uniform[0]), float(_gaussian(name, here)[0])


def needle(choices: Choices) -> Shown:
    """What share of random pixels comes as near to an image as a real one does."""
    name = choices.dataset
    found = _searched(name)
    near, uniform, gaussian = _at(name, choices.passing)
    images = _grey(name, "train")
    rng = np.random.default_rng(choices.draw)
    d = images.shape[1]
    shape = (SHOWN, d)
    noise = images.mean(axis=0) + _common_scale(images) * rng.standard_normal(shape)
    shares = (np.arange(len(found.held_out)) + 1) / len(found.held_out)
    rows = [
        {"role": "real", "label": "held-out images", "x": found.held_out, "y": np.log10(shares)},
        {"role": "dream", "label": "Gaussian pixels", "x": found.near, "y": found.gaussian / LN10},
        {"role": "bound", "label": "uniform pixels", "x": found.near, "y": found.uniform / LN10},
    ]
    texts = [_power(value) for value in (uniform, gaussian)]
    return Shown(
        data={
            "kind": "haystack",
            "near": near,
            "lines": [
                {**row, "x": np.round(row["x"], 4).tolist(), "y": np.round(row["y"], 3).tolist()}
                for row in rows
            ],
            "rows": [
                {
                    "label": "held-out",
                    "role": "real",
                    "tiles": packed(_grey(name, "test")[:SHOWN]),
                },
                {"label": "Gaussian pixels", "role": "dream", "tiles": packed(noise)},
                {"label": "uniform pixels", "role": "bound", "tiles": packed(rng.random(shape))},
            ],
            "numbers": [
                headline("real ones that pass", f"{choices.passing:g} %", "real"),
                headline("Gaussian pixels, at most", texts[1], "dream"),
                headline("uniform, at most", texts[0], "bound"),
            ],
            "alt": f"Shares, on a logarithmic scale, that come as near to one of {len(images):,} "
            f"{_title(name)} as the distance across. At {number(near, 3)} it is "
            f"{choices.passing:g} % of held-out images, at most {texts[1]} of Gaussian pixels "
            f"and at most {texts[0]} of uniform ones. Beside it, {SHOWN} images of each.",
        },
        verdict=f"A distance of {number(near, 3)} to the nearest of {len(images):,} "
        f"{_title(name)} lets {choices.passing:g} % of held-out images pass. "
        f"{_said_of_random(max(uniform, gaussian), d)}",
        table=Table(
            ("near one of the images", "share", "log₁₀"),
            (
                ("held-out images", f"{choices.passing:g} %", number(_log_share(choices), 2)),
                ("Gaussian pixels, bound", texts[1], number(gaussian / LN10, 2)),
                ("uniform pixels, bound", texts[0], number(uniform / LN10, 2)),
            ),
        ),
    )


def _log_share(choices: Choices) -> float:
    return math.log10(choices.passing / 100)


def _power(log_value: float) -> str:
    """A small chance, to one digit above what it is at most."""
    if log_value > _WEAK:
        return f"{100 * math.exp(log_value):.3g} %"
    tens = log_value / LN10
    power = math.floor(tens)
    digits = math.ceil(10 ** (tens - power + 1)) / 10
    if digits >= 10:
        digits, power = 1.0, power + 1
    return f"{digits:g}·{raised(power)}"


def _said_of_random(log_bound: float, d: int) -> str:
    """What the larger of both bounds says of random pixels."""
    if log_bound > _WEAK:
        return (
            f"Of random pixels all that is known is that it lets pass at most "
            f"{_power(log_bound)}: a distance so long is no test any more."
        )
    return (
        f"Of random pixels it lets pass **fewer than one in {_one_in(log_bound)}**. That is the "
        f"needle, and {d} pixels are the haystack."
    )


def _one_in(log_value: float) -> str:
    """How many draws it takes for one, rounded down to a power of ten."""
    power = math.floor(-log_value / LN10)
    return raised(power) if power > 3 else f"{10 ** max(0, power):,}"


# -- Models of pixels -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Models:
    """Two models, and what they make of held-out images.

    Attributes:
        alone: Every pixel by itself.
        tree: Every pixel given one other.
        nats: Mean nats of a held-out image with a fair coin for each pixel, and by the two.
        errors: Standard errors of the two.
    """

    alone: pixel_models.PixelModel
    tree: pixel_models.PixelModel
    nats: tuple[float, float, float]
    errors: tuple[float, float]


def _black_and_white(name: str, split: str) -> np.ndarray:
    return (_grey(name, split) >= 0.5).astype(np.uint8)


@lru_cache(maxsize=4)
def _modelled(name: str) -> _Models:
    images, held_out = _black_and_white(name, "train"), _black_and_white(name, "test")
    alone, tree = pixel_models.independent(images), pixel_models.tree(images)
    nats = [model.nats(held_out) for model in (alone, tree)]
    errors = [float(each.std(ddof=1)) / math.sqrt(len(each)) for each in nats]
    means = images.shape[1] * math.log(2), float(nats[0].mean()), float(nats[1].mean())
    return _Models(alone, tree, means, (errors[0], errors[1]))


def pixels_modelled(choices: Choices) -> Shown:
    """Real images beside draws from two models without latent variables."""
    name = choices.dataset
    found = _modelled(name)
    rng = np.random.default_rng([choices.draw, 7])
    real = _black_and_white(name, "train")
    count = 2 * SHOWN
    picked = rng.choice(len(real), count, replace=False)
    rows = [
        ("real", "real", real[picked]),
        ("pixel by pixel", "dream", found.alone.sampled(count, rng)),
        ("pairs, a tree", "dream", found.tree.sampled(count, rng)),
    ]
    fair, alone, tree = (number(value, 1) for value in found.nats)
    used = found.tree.order[1:]
    return Shown(
        data={
            "kind": "gallery",
            "rows": [
                {"label": label, "role": role, "tiles": packed(images.astype(float))}
                for label, role, images in rows
            ],
            "numbers": [
                headline("coins", f"{fair} nats", "bound"),
                headline("pixel by pixel", f"{alone} nats", "dream"),
                headline("pairs", f"{tree} nats", "dream"),
            ],
            "alt": f"Three rows of {count} black-and-white images: real {_title(name)}, draws "
            "from a model of single pixels, which are specks without a form, and draws from a "
            "tree of pairs, which have strokes here and there and are not yet images. "
            f"A held-out image takes {fair} nats with coins, {alone} by pixels, {tree} by pairs.",
        },
        verdict="Each pixel right on its own, and each pair as right as a tree can have it: "
        f"{_SAID_OF_DRAWS[name]} Neither has anything that moves all pixels together; a latent "
        "variable would be that.",
        table=Table(
            ("mean of held-out images", "nats", "standard error"),
            (
                ("a fair coin for each pixel", fair, "0"),
                ("each pixel by itself", alone, number(found.errors[0], 1)),
                (
                    f"each pixel given one other, {len(used)} pairs",
                    tree,
                    number(found.errors[1], 1),
                ),
            ),
        ),
    )
