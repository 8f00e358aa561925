"""Weights of models that nobody has trained, for tests that only need some."""

import numpy as np

from core.vae.shapes import shapes


def weights_of(config, rng, size=0.3):
    """Random weights with the members along their first axis, as a run keeps them."""
    return {
        name: rng.normal(0, size / np.sqrt(max(1, shape[0])) ** (len(shape) > 1), shape)[None]
        .repeat(config.members, 0)
        .astype(np.float32)
        for name, shape in shapes(config).items()
    }
