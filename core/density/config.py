"""Everything that varies between two trainings of a normalising flow, in one frozen record.

Equal configs give equal numbers, bit for bit, on one kind of processor.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.density.worlds import DRAWN, world

__all__ = ["TRAINER_VERSION", "DensityConfig"]

TRAINER_VERSION = 1
"""Raised by hand whenever equal configs would give other numbers than before."""

_WHOLE = {
    "samples": (2, 20_000),
    "draw": (0, 2**31),
    "layers": (1, 12),
    "width": (1, 256),
    "steps": (1, 20_000),
    "batch_size": (1, 4096),
    "seed": (0, 2**31),
    "threads": (1, 64),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityConfig:
    """One training of a normalising flow on samples of a world, complete enough to repeat it.

    It is small enough that a graphics card would only slow it down, so it is trained on the
    processor, in single precision, wherever it is asked for.

    Attributes:
        world: One of `core.density.worlds.WORLDS`.
        drawn: Where a reader has drawn, for the world that is drawn; else empty.
        samples: How often the button of the black box has been pushed for training.
        draw: Which samples fell out: the same number draws the same ones.
        layers: Maps that the flow is made of.
        width: Width of the network that steers each of them.
        learning_rate: Peak step size of Adam; it falls as a cosine.
        batch_size: Samples per step; all of them where there are fewer.
        steps: Optimiser steps.
        seed: Seeds the initial weights and the order of the samples.
        threads: Processor threads a worker uses.
    """

    world: str = "Plane: moons"
    drawn: str = ""
    samples: int = 1000
    draw: int = 0
    layers: int = 6
    width: int = 32
    learning_rate: float = 1e-2
    batch_size: int = 256
    steps: int = 600
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name, (low, high) in _WHOLE.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(
                    f"`{name}` must be a whole number from {low} to {high:,}, got {_shown(value)}."
                )
        rate = self.learning_rate
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 1e-6 <= rate <= 1:
            raise ValueError(
                f"`learning_rate` must be a number from 1e-06 to 1, got {_shown(rate)}."
            )
        for name in ("world", "drawn"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"`{name}` must be a text, got {_shown(getattr(self, name))}.")
        world(self.world, self.drawn)
        # What has no influence takes its default, so that it cannot tell equal trainings apart.
        object.__setattr__(self, "drawn", self.drawn if self.world == DRAWN else "")
        object.__setattr__(self, "learning_rate", float(rate))

    @property
    def kind(self) -> str:
        """Which trainer a run of this config needs."""
        return "density"

    @property
    def device(self) -> str:
        """Where it is trained."""
        return "cpu"

    @property
    def precision(self) -> str:
        """Arithmetic of the matrix products."""
        return "fp32"

    @property
    def members(self) -> int:
        """How many models train side by side."""
        return 1

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.steps

    @property
    def is_resolved(self) -> bool:
        """Whether nothing is left open; here nothing ever is."""
        return True

    @property
    def is_shareable(self) -> bool:
        """Whether two readers who ask for this training may watch the same one."""
        return True

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that stand for the result of this training."""
        fields = {"kind": self.kind, "trainer": TRAINER_VERSION, **self.to_json()}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]

    def resolved(self, *, device: str, precision: str) -> "DensityConfig":
        """The same: there is nothing to resolve, whatever the machine has."""
        return self

    def learning_rate_at(self, step: int) -> float:
        """Step size of the update that leads to a step: up over a tenth, then down as a cosine."""
        rise = min(1.0, step / max(1.0, 0.1 * self.steps))
        return self.learning_rate * rise * (0.51 + 0.49 * math.cos(math.pi * step / self.steps))

    def to_json(self) -> dict[str, Any]:
        """Every field, as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "DensityConfig":
        """Read a config back, trusting nothing.

        Raises:
            ValueError: If a field is unknown, of the wrong type or out of range.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for name in fields:
            if name not in known:
                raise ValueError(
                    f"`{name}` is not a setting; choose from {', '.join(sorted(known))}."
                )
        return cls(**fields)


def _shown(value: object) -> str:
    return repr(value)[:40]
