"""What a training will take, told from its config alone: memory and time, before it starts.

Both are rough on purpose. They are for a sentence that spares a reader an hour, or a machine its
memory, and they err towards too much memory and too little time.
"""

import itertools

from core.vae.config import TrainConfig
from core.vae.datasets import DATASETS

__all__ = ["memory_bytes", "seconds"]

PER_WEIGHT = 4 * 4 + 2
"""Bytes for a weight: itself, its gradient and two moments in fp32, and a bf16 copy."""

PER_ACTIVATION = 3 * 4
"""Bytes for a hidden value: itself, its derivative and a scratch copy, in fp32."""

SPEED = 4e10
"""Multiplications and additions a second of one processor core at matrix products."""

STEP_S = 4e-4
"""Seconds of a step besides its matrix products."""

HELD_OUT = 500
"""Images that one look at held-out data sends through the model at once."""


def memory_bytes(config: TrainConfig) -> int:
    """Bytes that a worker needs for a training, besides the libraries that it runs on.

    Args:
        config: The training.

    Example:
        >>> 1e6 < memory_bytes(TrainConfig()) < 1e7
        True
    """
    info = DATASETS[config.dataset]
    widths = 2 * (sum(config.hidden) + config.data_dim) + 6 * config.latent_dim
    rows = max(config.batch_size, min(HELD_OUT, info.validation))
    activations = config.members * rows * widths * PER_ACTIVATION
    weights = config.members * config.parameter_count * PER_WEIGHT
    images = (info.train + info.validation) * config.data_dim * 4
    return weights + activations + images


def seconds(config: TrainConfig, steps_done: int = 0) -> float | None:
    """Seconds that one core of a usual processor trains, or None for an open-ended training.

    Args:
        config: The training. One that starts with the weights of another has that trained first.
        steps_done: How many of its steps need not be taken again.

    Example:
        >>> seconds(TrainConfig(steps=None, schedule="constant")) is None
        True
        >>> 0.2 < seconds(TrainConfig()) < 2
        True
    """
    if config.total_steps is None:
        return None
    rest = (config.total_steps - steps_done) * _step_seconds(config)
    return rest if steps_done else rest + _start_seconds(config)


def _start_seconds(config: TrainConfig) -> float:
    """Seconds of training that lead to the weights that a training starts with."""
    if config.start is None or config.start_step is None:
        return 0.0
    return config.start_step * _step_seconds(config.start) + _start_seconds(config.start)


def _step_seconds(config: TrainConfig) -> float:
    widths = [config.data_dim, *config.hidden, 2 * config.latent_dim]
    back = [config.latent_dim, *reversed(config.hidden), config.data_dim]
    products = sum(a * b for path in (widths, back) for a, b in itertools.pairwise(path))
    work = 6 * products * config.batch_size * config.members
    return STEP_S + work / SPEED
