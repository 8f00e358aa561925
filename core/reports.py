"""What a training tells the outside world while it runs, whatever kind of model it trains."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Report", "Snapshot", "Tensors", "column", "require_alike"]

Tensors = dict[str, np.ndarray]
"""Named arrays, as they are written to safetensors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How the models look at one step.

    Attributes:
        pictures: Everything a page draws: images as bytes, codes as float32.
        weights: The parameters at this step, or None where they were thinned away to save room.
    """

    pictures: Tensors
    weights: Tensors | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where a training stands after `step` optimiser steps.

    Two reports are equal when their numbers are: pictures and the checkpoint do not take part.

    Attributes:
        step: Optimiser steps taken so far. Zero is the untrained model.
        training: Values on the mini-batch of this step, one float per member. Empty at step 0.
        held_out: Values on held-out data, with standard errors under names ending in `_se`.
            Empty at steps where nothing was measured.
        snapshot: Pictures and weights, at the steps of the snapshot schedule.
        checkpoint: Makes the arrays from which training goes on exactly. It reads the live
            model, so it is valid until the next report is asked for.
        look: Makes a snapshot with the weights of this step, for a training that ends here though
            its schedule has none. Valid as long as `checkpoint`; None for models without one.
        measured: Makes of this report what it is where held-out data are looked at, for a step
            at which somebody changes the training. Likewise.
    """

    step: int
    training: dict[str, tuple[float, ...]]
    held_out: dict[str, tuple[float, ...]]
    snapshot: Snapshot | None = field(default=None, compare=False, repr=False)
    checkpoint: Callable[[], Tensors] = field(compare=False, repr=False)
    look: Callable[[], Snapshot] | None = field(default=None, compare=False, repr=False)
    measured: Callable[[], "Report"] | None = field(default=None, compare=False, repr=False)


def require_alike(checkpoint: Tensors, own: Tensors) -> None:
    """Refuse a checkpoint that is of another config.

    Raises:
        ValueError: If an array is missing, or has another shape than ours.
    """
    for name, ours in own.items():
        found = checkpoint[name].shape if name in checkpoint else None
        if found != ours.shape:
            raise ValueError(
                f"`resume` must hold `{name}` of shape {ours.shape} for this config, got {found}."
            )


_IN_NATS = frozenset(
    {
        *("distortion", "rate", "objective", "neg_elbo"),
        *("cross_entropy", "seen_cross_entropy", "fresh_cross_entropy", "divergence"),
    }
)


def column(part: str, name: str) -> str:
    """What a table calls a reported quantity, with its unit.

    Args:
        part: Which of a report's values: `training` or `held_out`.
        name: The name it has there.

    Example:
        >>> column("training", "beta"), column("held_out", "rate_se")
        ('training_beta', 'held_out_rate_standard_error_nats')
    """
    quantity = name.removesuffix("_se")
    error = "_standard_error" if quantity != name else ""
    unit = "_nats" if quantity in _IN_NATS else ""
    return f"{part}_{quantity}{error}{unit}"
