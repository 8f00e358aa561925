"""Train K VAEs side by side, one report at a time. The caller decides when to look and stop."""

import statistics
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from core.reports import Report, Snapshot, Tensors, require_alike
from core.vae import datasets, likelihoods, model
from core.vae.adam import Adam, copied
from core.vae.captured import CapturedSteps, StepInputs
from core.vae.config import TrainConfig
from core.vae.datasets import Dataset
from core.vae.gradients import BatchGradient
from core.vae.objective import rate
from core.vae.pixels import seen
from core.vae.schedule import Schedule

__all__ = ["calibrate", "seen_by", "train"]

ADAM_BETAS, ADAM_EPSILON = (0.9, 0.99), 1e-8
RECONSTRUCTIONS, SAMPLES = 10, 20
HELD_OUT = 500
"""Validation images that a look measures, at most: one forward pass serves values and pictures."""

_LOOK_SEED = 271_828
_NOISE = 2**32 - 1
"""Stands where an epoch stands in the seeds of the shuffles: no training has so many."""


def train(
    config: TrainConfig,
    data: Dataset,
    *,
    resume: Tensors | None = None,
    start: Tensors | None = None,
) -> Generator[Report, float | None, None]:
    """Train as the config says, and tell how it goes.

    Whoever takes a report may `send` another beta back: it holds from the next step on, exactly
    as if the config had named it with `beta_changes` at the step of that report. There the config
    also has held-out data looked at; `Report.measured` does so for whoever decides at that step.

    Nothing is printed, saved or remembered outside the generator, so the same call serves a
    test, a script and a worker. Closing it stops the training. Equal configs give bit-equal
    reports on one kind of device with `config.threads` threads, which the caller sets; a
    training resumed from any checkpoint ends bit-equal to an undisturbed one.

    Args:
        config: The resolved config: everything that varies between trainings.
        data: The data set that the config names.
        resume: A checkpoint of an earlier training of the same config. The first report is
            then the one that follows it.
        start: The weights that `config.start` leads to, by name, where they are known. Where
            they are not, that training is done first.

    Yields:
        The untrained model as step 0, then the steps of the report schedule.

    Raises:
        ValueError: If the config is not resolved, or the checkpoint is of another config.
        ArithmeticError: If the objective stops being finite, with what to change.
    """
    if not config.is_resolved:
        raise ValueError("`config` must be resolved before training: device and precision named.")
    trainer = _Trainer(config, data)
    if resume is not None:
        trainer.restore(resume)
    else:
        if config.start is not None:
            trainer.start_from(_weights_of(config) if start is None else start)
        trainer.steer((yield trainer.report({})))
    while trainer.step != config.total_steps:
        trainer.advance()
        if trainer.schedule.is_report(trainer.step):
            trainer.steer((yield trainer.report(trainer.mini_batch())))


def _weights_of(config: TrainConfig) -> Tensors:
    """The weights that a config starts from, by training up to them."""
    assert config.start is not None
    trainer = _Trainer(config.start, datasets.load(config.start.dataset))
    if config.start.start is not None:
        trainer.start_from(_weights_of(config.start))
    while trainer.step != config.start_step:
        trainer.advance()
    return trainer.weights()


def seen_by(
    config: TrainConfig, data: Dataset, split: Literal["train", "validation", "test"]
) -> Float[Tensor, "example data"]:
    """The images of a split as the likelihood sees them, pixels from 0 to 1.

    Dynamically binarised training images stay grey here: they are drawn anew at each step.
    Held-out images are binarised once, so that two looks at one model agree.
    """
    return torch.from_numpy(seen(config, data, split))


def calibrate(config: TrainConfig, data: Dataset) -> Literal["fp32", "bf16"]:
    """The faster precision for this config on this machine, by timing a few steps of both.

    The two take turns, so that another busy process slows both; bf16 has to win clearly.
    """
    device = "cuda" if config.device == "cuda" else "cpu"
    exact, rounded = (
        (_Trainer(config.resolved(device=device, precision=precision), data), [])
        for precision in ("fp32", "bf16")
    )
    for _ in range(10):
        for trainer, seconds in (exact, rounded):
            started = time.perf_counter()
            trainer.advance()
            trainer.wait()
            seconds.append(time.perf_counter() - started)
    return "bf16" if statistics.median(rounded[1]) < 0.9 * statistics.median(exact[1]) else "fp32"


class _Trainer:
    """Weights, optimiser and random state of one training, and how they take one step."""

    def __init__(self, config: TrainConfig, data: Dataset) -> None:
        self.step, self.schedule = 0, Schedule(config)
        self._config, self._labels = config, data.validation.labels[:HELD_OUT]
        self._device = torch.device(config.device)
        dynamic = config.likelihood == "bernoulli_dynamic"
        low = torch.bfloat16 if config.precision == "bf16" and not dynamic else torch.float32
        pixels = seen_by(config, data, "train")
        self._images = self._moved(pixels).to(low)
        self._held_out = self._moved(seen_by(config, data, "validation")[:HELD_OUT])[None]
        self._flat = self._moved(
            model.initial_parameters(
                config,
                likelihoods.average_output(config.likelihood, pixels.mean(0)),
                likelihoods.initial_log_scale(pixels[:10_000]),
            )
        )
        self._named = model.named(config, self._flat)
        self._gradient = gradient = BatchGradient(config, self._flat)
        self._uniform = self._flat.new_empty(gradient.x[0].shape) if dynamic else None
        # The gradient is of the batch's sum; Adam does not see the factor if epsilon has it too.
        self._adam = Adam(
            self._flat,
            self._gradient.gradient,
            betas=ADAM_BETAS,
            epsilon=ADAM_EPSILON * config.batch_size,
        )
        self._generator = torch.Generator(self._device).manual_seed(_seed(config.seed, _NOISE))
        self._betas = torch.tensor(config.betas)
        self._gradient.beta.copy_(self._betas)
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)
        look = torch.Generator().manual_seed(_LOOK_SEED)
        latent = config.latent_dim
        self._prior_draws = self._moved(torch.randn((1, SAMPLES, latent), generator=look))
        shape = (1, self._held_out.shape[1], latent)
        self._held_out_noise = self._moved(torch.randn(shape, generator=look))
        self._captured: CapturedSteps | None = None
        if _is_captured(self._device):
            self._captured = CapturedSteps(
                gradient,
                self._adam,
                state=(self._flat, *self._adam.moments, self._adam.steps),
                images=self._images,
                generator=self._generator,
                is_drawn=dynamic,
            )

    # -- One step -------------------------------------------------------------------------

    def advance(self) -> None:
        """Take one optimiser step."""
        config, gradient = self._config, self._gradient
        if self._captured is not None:
            self._captured.advance(self.step, self._inputs)
            self.step += 1
            return
        chosen = self._batch(self.step)
        self.step += 1
        gradient.noise.normal_(generator=self._generator)
        if self._uniform is None:
            torch.index_select(self._images, 0, chosen, out=gradient.x[0])
        else:
            self._uniform.uniform_(generator=self._generator)
            torch.lt(self._uniform, self._images.index_select(0, chosen), out=gradient.x[0])
        if config.beta_warmup or config.beta_changes:
            self._beta_at(self.step, out=gradient.beta)
        self._adam.learning_rate.fill_(self.schedule.learning_rate(self.step))
        gradient()
        self._adam()

    def steer(self, beta: float | None) -> None:
        """Use another beta from the next step on; None leaves it as it is."""
        if beta is not None:
            self._config = self._config.steered(self.step, beta)
            self.schedule = Schedule(self._config)
            if self._captured is not None:
                self._captured.rewind()

    def _inputs(self, step: int) -> StepInputs:
        """What the update that leads to `step` needs, where steps are prepared ahead."""
        beta = torch.empty_like(self._betas)
        self._beta_at(step, out=beta)
        return StepInputs(self._batch(step - 1), self.schedule.learning_rate(step), beta)

    def _beta_at(self, step: int, out: Float[Tensor, " member"]) -> None:
        """Write the betas in force in the update that leads to `step`."""
        steered = self.schedule.steered_beta(step)
        if steered is not None:
            out.fill_(steered)
        else:
            torch.mul(self._betas, self.schedule.beta_factor(step), out=out)

    def _batch(self, steps_done: int) -> Int[Tensor, " batch"]:
        epoch, position = divmod(steps_done, self._config.steps_per_epoch)
        if epoch != self._epoch:
            order = torch.Generator().manual_seed(_seed(self._config.seed, epoch))
            self._order = torch.randperm(len(self._images), generator=order)
            self._epoch = epoch
        start = position * self._config.batch_size
        return self._order[start : start + self._config.batch_size]

    def wait(self) -> None:
        """Return when the device has done all it was asked to do."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)

    # -- What is seen from outside --------------------------------------------------------

    def mini_batch(self) -> dict[str, tuple[float, ...]]:
        """The terms of the objective on the mini-batch of this step, before its update."""
        losses, beta = self._gradient.losses(), self._gradient.beta
        terms = {
            "distortion": losses.distortion,
            "rate": losses.rate,
            "objective": losses.distortion + beta * losses.rate,
            "beta": beta,
        }
        if "log_scale" in self._named:
            terms["scale"] = self._named["log_scale"][:, 0].exp()
        return self._read(terms)

    def report(self, training: dict[str, tuple[float, ...]]) -> Report:
        """The report of this step, with held-out values and pictures where it is time for them."""
        found = Report(
            step=self.step,
            training=training,
            held_out={},
            checkpoint=self._checkpoint,
            look=self._last_look,
        )
        if self.schedule.is_look(self.step):
            return self._measured(found)
        return replace(found, measured=lambda: self._measured(found))

    def _measured(self, report: Report) -> Report:
        held_out, snapshot = self._look()
        return replace(report, held_out=held_out, snapshot=snapshot)

    @torch.no_grad()
    def _last_look(self) -> Snapshot:
        mean, _ = model.encode(self._named, self._held_out)
        return replace(self._snapshot(mean), weights=self.weights())

    @torch.no_grad()
    def _look(self) -> tuple[dict[str, tuple[float, ...]], Snapshot]:
        mean, log_var = model.encode(self._named, self._held_out)
        output = model.decode(self._named, model.sample(mean, log_var, self._held_out_noise))
        each = {
            "distortion": likelihoods.distortion(
                self._config.likelihood, self._held_out, output, self._gradient.log_scale
            ),
            "rate": rate(mean, log_var),
        }
        each["neg_elbo"] = each["distortion"] + each["rate"]
        terms: dict[str, Tensor] = {}
        for name, values in each.items():
            terms[name] = values.mean(-1)
            terms[f"{name}_se"] = values.std(-1) / values.shape[-1] ** 0.5
        return self._read(terms), self._snapshot(mean)

    def _snapshot(self, mean: Float[Tensor, "member example latent"]) -> Snapshot:
        config = self._config
        spread = mean.var(1)  # of each code dimension over images; the widest two are drawn
        order = torch.argsort(spread, dim=-1, descending=True, stable=True)
        dims = order[:, : min(2, config.latent_dim)].sort(-1).values
        codes = mean.gather(-1, dims[:, None, :].expand(-1, mean.shape[1], -1))
        if config.latent_dim == 1:
            codes = torch.cat([codes, torch.zeros_like(codes)], dim=-1)
            dims = torch.cat([dims, torch.full_like(dims, -1)], dim=-1)
        pictures = {
            "originals": _as_bytes(self._held_out[0, :RECONSTRUCTIONS]),
            "reconstructions": self._decoded(mean[:, :RECONSTRUCTIONS]),
            "samples": self._decoded(self._prior_draws),
            "codes": codes.cpu().numpy(),
            "code_dims": dims.int().cpu().numpy(),
            "labels": np.asarray(self._labels),
        }
        keep = self.schedule.keeps_weights(self.step)
        return Snapshot(pictures=pictures, weights=self.weights() if keep else None)

    def weights(self) -> Tensors:
        """The weights as they are now, by name."""
        return {name: copied(values) for name, values in self._named.items()}

    def _decoded(self, z: Float[Tensor, "#member code latent"]) -> UInt8[np.ndarray, "..."]:
        output = model.decode(self._named, z)
        return _as_bytes(likelihoods.mean_image(self._config.likelihood, output))

    def _read(self, terms: dict[str, Tensor]) -> dict[str, tuple[float, ...]]:
        table = torch.stack([values.detach().float() for values in terms.values()]).tolist()
        values = {name: tuple(row) for name, row in zip(terms, table, strict=True)}
        for name, row in values.items():
            if not all(abs(value) < float("inf") for value in row):
                raise ArithmeticError(
                    f"The {name} stopped being a finite number at step {self.step}: lower the "
                    f"peak learning rate (now {self._config.learning_rate:g}) and train again."
                )
        return values

    # -- Stopping and going on ------------------------------------------------------------

    def _checkpoint(self) -> Tensors:
        ahead = self._captured
        random = self._generator.get_state() if ahead is None else ahead.generator_state
        return {**self._adam.checkpoint(self.step), "generator": random.numpy().copy()}

    def restore(self, checkpoint: Tensors) -> None:
        """Go back to the state a checkpoint was taken in.

        Raises:
            ValueError: If its arrays do not fit this config.
        """
        require_alike(checkpoint, self._checkpoint())
        self.step = self._adam.restore(checkpoint)
        if self._captured is not None:
            self._captured.rewind()
        self._generator.set_state(torch.tensor(checkpoint["generator"]))

    def start_from(self, weights: Tensors) -> None:
        """Begin with the weights of another training, and with an optimiser that is fresh.

        Raises:
            ValueError: If they do not fit this config.
        """
        for name, own in self._named.items():
            found = weights[name].shape if name in weights else None
            if found != tuple(own.shape):
                raise ValueError(
                    f"`start` must hold `{name}` of shape {tuple(own.shape)}, got {found}."
                )
            own.copy_(torch.tensor(weights[name]))

    def _moved(self, values: Tensor) -> Tensor:
        return values.to(self._device)


def _is_captured(device: torch.device) -> bool:
    """Whether steps are prepared ahead on the device: on a processor that would gain nothing."""
    return device.type == "cuda"


def _seed(seed: int, purpose: int) -> int:
    """A seed for one purpose. Torch's generator heeds only 32 bits, so they have to be mixed."""
    return int(np.random.SeedSequence([seed, purpose]).generate_state(1)[0])


def _as_bytes(images: Float[Tensor, "..."]) -> UInt8[np.ndarray, "..."]:
    return (images * 255).round_().to(torch.uint8).cpu().numpy()
