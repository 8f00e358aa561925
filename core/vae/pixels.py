"""How the pixels of a data set enter a model: grey, or black and white."""

from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8

from core.vae.config import TrainConfig
from core.vae.datasets import Dataset

__all__ = ["binarised", "seen"]

_STATIC_SEED = 20_140_501


def seen(
    config: TrainConfig, data: Dataset, split: Literal["train", "validation", "test"]
) -> Float[np.ndarray, "example data"]:
    """The images of a split as the likelihood sees them, pixels from 0 to 1.

    Dynamically binarised training images stay grey here: they are drawn anew at each step.
    Held-out images are binarised once, so that two looks at one model agree.
    """
    pixels, levels = getattr(data, split).pixels, data.info.levels
    dynamic = config.likelihood == "bernoulli_dynamic"
    if config.likelihood == "bernoulli_static" or (dynamic and split != "train"):
        pixels, levels = binarised(pixels, levels, split), 1
    return pixels.astype(np.float32) / np.float32(levels)


def binarised(
    pixels: UInt8[np.ndarray, "example data"], levels: int, split: str
) -> UInt8[np.ndarray, "example data"]:
    """Black and white images, drawn once from the grey ones with a seed of our own.

    Each pixel is white with a probability equal to its brightness. This is not the file of
    binarised MNIST that some papers use: numbers may differ by a few tenths of a nat.

    Args:
        pixels: Grey images.
        levels: The pixel value that means white.
        split: Name of the split, so that each has a draw of its own.
    """
    rng = np.random.Generator(np.random.PCG64([_STATIC_SEED, *split.encode()]))
    draws = rng.integers(0, levels, size=pixels.shape, dtype=np.uint8)
    return (draws < pixels).astype(np.uint8)
