"""Everything that varies between two trainings of a VAE, in one frozen, validated record.

Equal configs give equal numbers, bit for bit, on one kind of device. That is why the
fingerprint of a config can stand for its result.
"""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Optional, get_args

from core.vae.datasets import DATASETS

__all__ = ["TRAINER_VERSION", "Device", "Likelihood", "Precision", "Schedule", "TrainConfig"]

TRAINER_VERSION = 1
"""Raised by hand whenever equal configs would give other numbers than before."""

Likelihood = Literal[
    "bernoulli_dynamic", "bernoulli_static", "bernoulli_grey", "gaussian_fixed", "gaussian_learned"
]
Schedule = Literal["one_cycle", "constant"]
Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16"]

MOST_STEPS = 10_000_000
MOST_MEMBERS = 64
MOST_LAYERS = 4
MOST_CHANGES, MOST_SEGMENTS, MOST_STARTS = 1_000, 20, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training of K models side by side, complete enough to repeat it.

    Attributes:
        dataset: Name of a data set in `core.vae.datasets`.
        likelihood: Noise model of the decoder, which fixes the units of distortion.
        scale: Standard deviation of a `gaussian_fixed` decoder, where pixels run from 0 to 1.
        hidden: Widths of the encoder's hidden layers; the decoder mirrors them. Empty means
            a linear encoder and decoder.
        latent_dim: Dimensions of the code z.
        betas: Nats of distortion one nat of rate is worth, one entry per member. One gives
            the ELBO, zero an autoencoder.
        beta_warmup: Steps over which beta rises linearly from zero to its value.
        learning_rate: Peak step size of Adam.
        schedule: `one_cycle` rises over the first 15 % of the steps and falls as a cosine;
            `constant` stays at the peak.
        batch_size: Images per step.
        steps: Optimiser steps. None if `epochs` says it.
        epochs: Passes through the training images. None if `steps` says it. With both None
            the training is open-ended: it goes on until it is stopped.
        seed: Seeds the initial weights, the order of the images and the code noise.
        beta_changes: Where a reader has steered: after which step, to which beta, which then
            stays until the next change. One member only.
        segments: Further stretches of training after `steps`, each by its number of steps and
            its peak learning rate, on a schedule of its own.
        start: The training whose weights this one starts from, or None to start untrained.
        start_step: The step of `start` that the weights are taken from.
        device: Where to train. `auto` is the worker's accelerator if it has one.
        precision: Arithmetic of the matrix products. `auto` is the faster one there.
        threads: Processor threads a worker uses.
    """

    dataset: str = "digits"
    likelihood: Likelihood = "bernoulli_grey"
    scale: float = 0.25
    hidden: tuple[int, ...] = (128,)
    latent_dim: int = 2
    betas: tuple[float, ...] = (1.0,)
    beta_warmup: int = 0
    learning_rate: float = 2e-2
    schedule: Schedule = "one_cycle"
    batch_size: int = 128
    steps: int | None = 800
    epochs: int | None = None
    seed: int = 0
    beta_changes: tuple[tuple[int, float], ...] = ()
    segments: tuple[tuple[int, float], ...] = ()
    start: Optional["TrainConfig"] = None
    start_step: int | None = None
    device: Device = "auto"
    precision: Precision = "auto"
    threads: int = 1

    def __post_init__(self) -> None:
        _require_choice("dataset", self.dataset, tuple(DATASETS))
        _require_choice("likelihood", self.likelihood, get_args(Likelihood))
        _require_choice("schedule", self.schedule, get_args(Schedule))
        _require_choice("device", self.device, get_args(Device))
        _require_choice("precision", self.precision, get_args(Precision))
        _require_number("scale", self.scale, 1e-3, 10.0)
        _require_number("learning_rate", self.learning_rate, 1e-7, 1.0)
        _require_tuple("hidden", self.hidden, 0, MOST_LAYERS)
        for width in self.hidden:
            _require_whole("hidden", width, 1, 4096)
        _require_whole("latent_dim", self.latent_dim, 1, 256)
        _require_tuple("betas", self.betas, 1, MOST_MEMBERS)
        for beta in self.betas:
            _require_number("betas", beta, 0.0, 10_000.0)
        _require_whole("beta_warmup", self.beta_warmup, 0, MOST_STEPS)
        _require_whole("batch_size", self.batch_size, 1, min(4096, DATASETS[self.dataset].train))
        _require_whole("seed", self.seed, 0, 2**32 - 1)
        _require_whole("threads", self.threads, 1, 64)
        self._require_length()
        self._require_changes()
        self._require_segments()
        self._require_start()
        # Numbers that are equal must look equal, or equal configs would get two fingerprints.
        object.__setattr__(self, "betas", tuple(float(beta) + 0.0 for beta in self.betas))
        object.__setattr__(self, "scale", float(self.scale))
        object.__setattr__(self, "learning_rate", float(self.learning_rate))
        for name in ("beta_changes", "segments"):
            pairs = tuple((int(step), float(value) + 0.0) for step, value in getattr(self, name))
            object.__setattr__(self, name, pairs)

    def _require_length(self) -> None:
        if self.steps is not None and self.epochs is not None:
            raise ValueError(
                "`steps` and `epochs` must not both be set, "
                f"got steps={self.steps} and epochs={self.epochs}."
            )
        if self.steps is not None:
            _require_whole("steps", self.steps, 1, MOST_STEPS)
        elif self.epochs is not None:
            _require_whole("epochs", self.epochs, 1, max(1, MOST_STEPS // self.steps_per_epoch))
        elif self.schedule != "constant":
            raise ValueError(
                "`schedule` must be constant for a training without `steps` or `epochs`, "
                f"got {self.schedule!r}."
            )

    def _require_changes(self) -> None:
        _require_pairs("beta_changes", self.beta_changes, MOST_CHANGES)
        last = -1
        for step, beta in self.beta_changes:
            _require_whole("beta_changes", step, last + 1, MOST_STEPS)
            _require_number("beta_changes", beta, 0.0, 10_000.0)
            last = step
        if self.beta_changes and self.members != 1:
            raise ValueError(
                "`beta_changes` must be empty where several values of beta are trained side by "
                f"side, got {len(self.beta_changes)} changes and {self.members} members."
            )

    def _require_segments(self) -> None:
        _require_pairs("segments", self.segments, MOST_SEGMENTS)
        if self.segments and self.steps is None and self.epochs is None:
            raise ValueError(
                "`segments` must be empty where neither `steps` nor `epochs` ends the first "
                f"stretch, got {len(self.segments)}."
            )
        for steps, peak in self.segments:
            _require_whole("segments", steps, 1, MOST_STEPS)
            _require_number("segments", peak, 1e-7, 1.0)
        _require_whole("steps", self.total_steps or 1, 1, MOST_STEPS)

    def _require_start(self) -> None:
        if (self.start is None) != (self.start_step is None):
            raise ValueError(
                "`start` and `start_step` must be set together, got "
                f"start={'a config' if self.start else None} and start_step={self.start_step}."
            )
        if self.start is None:
            return
        if not isinstance(self.start, TrainConfig) or not self.start.is_resolved:
            raise ValueError(f"`start` must be a resolved config, got {_shown(self.start)}.")
        _require_whole("start_step", self.start_step, 0, self.start.total_steps or MOST_STEPS)
        if self.start.depth >= MOST_STARTS:
            raise ValueError(f"`start` must not lie more than {MOST_STARTS} trainings deep.")
        mine, other = self.architecture, self.start.architecture
        if mine != other:
            different = [name for name in mine if mine[name] != other[name]]
            raise ValueError(
                f"`start` must have the architecture of the training that goes on from it, got "
                f"another {' and '.join(different)}."
            )

    @property
    def architecture(self) -> dict[str, Any]:
        """What decides about the shapes of the weights, by name."""
        return {
            "image size": self.data_dim,
            "hidden": self.hidden,
            "latent_dim": self.latent_dim,
            "number of betas": self.members,
            "learned scale": self.likelihood == "gaussian_learned",
        }

    @property
    def depth(self) -> int:
        """How many trainings came before this one."""
        return 0 if self.start is None else 1 + self.start.depth

    @property
    def kind(self) -> str:
        """Which trainer a run of this config needs."""
        return "vae"

    @property
    def members(self) -> int:
        """How many models train side by side (K)."""
        return len(self.betas)

    @property
    def data_dim(self) -> int:
        """Pixels of one image."""
        return DATASETS[self.dataset].side ** 2

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in one pass; the few images left over wait for the next shuffle."""
        return DATASETS[self.dataset].train // self.batch_size

    @property
    def total_steps(self) -> int | None:
        """Optimiser steps of the whole training, or None if it is open-ended."""
        first = self.steps if self.epochs is None else self.epochs * self.steps_per_epoch
        return None if first is None else first + sum(steps for steps, _ in self.segments)

    def beta_after(self, step: int) -> float | None:
        """The beta that a reader has set last before the update that leaves `step`, or None."""
        before = [beta for at, beta in self.beta_changes if at <= step]
        return before[-1] if before else None

    @property
    def last_beta(self) -> float:
        """The beta that the first member ends with, as far as it is known."""
        return self.beta_changes[-1][1] if self.beta_changes else self.betas[0]

    def steered(self, step: int, beta: float) -> "TrainConfig":
        """The same training, with beta set to another value after a step.

        Where it has that value already, nothing is changed.

        Raises:
            ValueError: If beta is out of range, several members train, or it was changed later.
        """
        if self.beta_changes and self.beta_changes[-1][0] < step and self.last_beta == beta:
            return self
        earlier = tuple(change for change in self.beta_changes if change[0] != step)
        return dataclasses.replace(self, beta_changes=(*earlier, (step, beta)))

    def continued(self, steps: int, learning_rate: float) -> "TrainConfig":
        """The same training, going on for more steps on a learning-rate schedule of their own."""
        return dataclasses.replace(self, segments=(*self.segments, (steps, learning_rate)))

    @property
    def parameter_count(self) -> int:
        """Numbers that one member learns."""
        widths = [self.data_dim, *self.hidden]
        encoder = sum((a + 1) * b for a, b in itertools.pairwise(widths))
        heads = 2 * (widths[-1] + 1) * self.latent_dim
        widths = [self.latent_dim, *reversed(self.hidden), self.data_dim]
        decoder = sum((a + 1) * b for a, b in itertools.pairwise(widths))
        return encoder + heads + decoder + (self.likelihood == "gaussian_learned")

    @property
    def is_resolved(self) -> bool:
        """Whether device, precision and length are all named, as a fingerprint needs."""
        return self.device != "auto" and self.precision != "auto" and self.epochs is None

    @property
    def is_shareable(self) -> bool:
        """Whether two readers who ask for this training may watch the same one."""
        return self.total_steps is not None

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that stand for the result of this training.

        Raises:
            ValueError: If device, precision or length are left open.
        """
        if not self.is_resolved:
            raise ValueError(
                "`device`, `precision` and `epochs` must be resolved before a fingerprint, got "
                f"device={self.device!r}, precision={self.precision!r}, epochs={self.epochs}."
            )
        versions = {"trainer": TRAINER_VERSION, "data": DATASETS[self.dataset].version}
        # What a reader has not used is left out, so that a training keeps its fingerprint.
        fields = {
            k: v for k, v in self.to_json().items() if k not in _LATER or v not in ([], None)
        }
        canonical = json.dumps({"kind": self.kind, **versions, **fields}, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def resolved(
        self, *, device: Literal["cpu", "cuda"], precision: Literal["fp32", "bf16"]
    ) -> "TrainConfig":
        """The same training with `auto` and `epochs` replaced by what the worker will do.

        Settings that have no influence take their default, so that they cannot tell two equal
        trainings apart.
        """
        return dataclasses.replace(
            self,
            device=device if self.device == "auto" else self.device,
            precision=precision if self.precision == "auto" else self.precision,
            steps=self.steps if self.epochs is None else self.epochs * self.steps_per_epoch,
            epochs=None,
            scale=self.scale if self.likelihood == "gaussian_fixed" else _DEFAULT_SCALE,
        )

    def to_json(self) -> dict[str, Any]:
        """Every field, as plain JSON values."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: _plain(value) for name, value in fields.items()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], *, depth: int = 0) -> "TrainConfig":
        """Read a config back, trusting nothing.

        A file that counts in epochs need not say that it does not count in steps.

        Args:
            fields: The config as JSON values.
            depth: How many trainings have been read around this one.

        Raises:
            ValueError: If a field is unknown, of the wrong type or out of range.
        """
        if not isinstance(fields, Mapping):
            raise ValueError(f"A config must be a JSON object, got {type(fields).__name__}.")
        known = {field.name for field in dataclasses.fields(cls)}
        for name in fields:
            if name not in known:
                raise ValueError(
                    f"`{name}` is not a setting; choose from {', '.join(sorted(known))}."
                )
        values: dict[str, Any] = {name: _frozen(value) for name, value in fields.items()}
        if values.get("epochs") is not None:
            values.setdefault("steps", None)
        if isinstance(values.get("start"), Mapping):
            if depth > MOST_STARTS:
                raise ValueError(f"`start` must not lie more than {MOST_STARTS} trainings deep.")
            values["start"] = cls.from_json(values["start"], depth=depth + 1)
        return cls(**values)


_DEFAULT_SCALE = 0.25
_LATER = frozenset({"beta_changes", "segments", "start", "start_step"})


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can say
    if isinstance(value, TrainConfig):
        return value.to_json()
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _frozen(value: object) -> Any:  # noqa: ANN401 - whatever a config holds
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value


def _require_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(choices)}, got {_shown(value)}.")


def _require_whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(
            f"`{name}` must be a whole number from {low} to {high:,}, got {_shown(value)}."
        )


def _require_number(name: str, value: object, low: float, high: float) -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
        return
    raise ValueError(f"`{name}` must be a number from {low:g} to {high:g}, got {_shown(value)}.")


def _require_tuple(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, tuple) or not least <= len(value) <= most:
        length = f" of {len(value)}" if isinstance(value, tuple) and value else ""
        raise ValueError(
            f"`{name}` must be a list of {least} to {most} numbers, got {_shown(value)}{length}."
        )


def _require_pairs(name: str, value: object, most: int) -> None:
    _require_tuple(name, value, 0, most)
    for pair in value if isinstance(value, tuple) else ():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(f"`{name}` must be a list of pairs of numbers, got {_shown(pair)}.")


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not write whole numbers of more than 4,300 digits
        text = "a number too long to write"
    return text if len(text) <= 60 else text[:57] + "..."
