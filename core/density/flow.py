r"""A small normalising flow, and its training by descent of the cross-entropy.

The flow maps samples to noise: $\log q(x) = \log N(f(x); 0, I) + \log |\det f'(x)|$. It is a chain
of maps of one coordinate, each increasing, a line with smooth stairs,

$$ f(x) = e^a x + \sum_j e^{b_j} \tanh(e^{c_j} x + d_j) + t, $$

whose shape a network reads off the other coordinate; then the two change places. On a line there
is no other coordinate, and the network sees nothing but its own biases.

References:
    Lecture, "Warmup: density estimation" [0:25-0:30].
    Dinh et al., Density Estimation using Real NVP (2017); Huang et al., Neural Autoregressive
    Flows (2018).
"""

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.density.config import DensityConfig
from core.density.worlds import Nodes, divergence, entropy, nodes, samples, world
from core.reports import Report, Snapshot, Tensors
from core.vae.adam import Adam

__all__ = [
    "GRID",
    "HELD_OUT",
    "STAIRS",
    "Data",
    "Flow",
    "is_look",
    "load",
    "picture_axis",
    "train",
]

STAIRS = 4
"""Smooth steps in each map."""

HELD_OUT = 2000
"""Samples that the training never sees, from which it is measured."""

GRID = {1: 241, 2: 64}
"""Places along an axis at which the picture of a density is taken, by its dimensions."""

EDGE = 3.4
"""The picture reaches from minus this to this."""

_MEASURED = 1000
_ADAM = {"betas": (0.9, 0.99), "epsilon": 1e-8}


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What a training sees, and what it is measured by.

    Attributes:
        seen: The samples to train on.
        fresh: As many more as `HELD_OUT`, which training never sees.
        at: Where averages over the world are taken.
        entropy: That of the world, in nats.
    """

    seen: Float[np.ndarray, "sample data"]
    fresh: Float[np.ndarray, "fresh data"]
    at: Nodes
    entropy: float


def load(config: DensityConfig) -> Data:
    """The samples that a config names."""
    box = world(config.world, config.drawn)
    seen = samples(box, (config.draw, 0), config.samples)
    fresh = samples(box, (config.draw, 1), HELD_OUT)
    return Data(seen, fresh, nodes(box), entropy(box))


def picture_axis(dims: int) -> Float[np.ndarray, " place"]:
    """Places along an axis at which the picture of a density is taken."""
    return np.linspace(-EDGE, EDGE, GRID[dims])


def is_look(step: int, steps: int) -> bool:
    """Whether a training is measured and pictured at a step: often at first, then ever less so."""
    if step in (0, steps) or step < 8:
        return True
    return int(8 * math.log2(step)) > int(8 * math.log2(step - 1))


class Flow:
    """A chain of maps from samples to noise.

    Args:
        dims: One on a line, two in a plane.
        layers: How many maps.
        width: Width of each network.
        flat: All its weights, one after the other.
    """

    def __init__(self, dims: int, layers: int, width: int, flat: Float[Tensor, " weight"]) -> None:
        self.dims = dims
        outputs = 2 + 3 * STAIRS
        shapes = [(width,), (width,), (outputs, width), (outputs,)]
        sizes = [math.prod(shape) for shape in shapes]
        pieces = flat.split(sizes * layers)
        self.maps = [
            tuple(p.view(s) for p, s in zip(pieces[4 * i : 4 * i + 4], shapes, strict=True))
            for i in range(layers)
        ]

    @staticmethod
    def initial(config: DensityConfig) -> Float[Tensor, " weight"]:
        """Weights to begin with: maps close to the identity, with stairs in different places."""
        random = torch.Generator().manual_seed(_seed(config.seed, 0))
        stairs = torch.linspace(-2.0, 2.0, STAIRS)
        shape = torch.cat([torch.tensor([-0.5, 0.0]), torch.full((STAIRS,), -2.0)])
        shape = torch.cat([shape, torch.zeros(STAIRS), stairs])
        pieces = []
        for _ in range(config.layers):
            pieces.append(2 * torch.randn(config.width, generator=random))
            pieces.append(torch.randn(config.width, generator=random))
            drawn = torch.randn((len(shape), config.width), generator=random)
            pieces.append((0.1 / math.sqrt(config.width) * drawn).ravel())
            pieces.append(shape)
        return torch.cat(pieces)

    def log_density(self, x: Float[Tensor, "point data"]) -> Float[Tensor, " point"]:
        """Logarithm of the density of samples, in nats."""
        moved, other = x[:, 0], x[:, 1] if self.dims == 2 else torch.zeros_like(x[:, 0])
        log_det = torch.zeros_like(moved)
        for first, first_bias, second, second_bias in self.maps:
            hidden = torch.tanh(other[:, None] * first + first_bias)
            shape = torch.addmm(second_bias, hidden, second.T)
            moved, gained = _stairs(moved, shape)
            log_det = log_det + gained
            if self.dims == 2:
                moved, other = other, moved
        squares = moved**2 + (other**2 if self.dims == 2 else 0.0)
        return log_det - 0.5 * squares - 0.5 * self.dims * math.log(2 * math.pi)


def _stairs(
    x: Float[Tensor, " point"], shape: Float[Tensor, "point shape"]
) -> tuple[Float[Tensor, " point"], Float[Tensor, " point"]]:
    """An increasing map of a number, and the logarithm of its slope."""
    slope, shift, height, steep, place = shape.split([1, 1, STAIRS, STAIRS, STAIRS], dim=1)
    rise = torch.tanh(steep.exp() * x[:, None] + place)
    mapped = slope.exp()[:, 0] * x + (height.exp() * rise).sum(1) + shift[:, 0]
    grown = slope.exp()[:, 0] + ((height + steep).exp() * (1 - rise**2)).sum(1)
    return mapped, grown.log()


def train(
    config: DensityConfig, data: Data, *, resume: Tensors | None = None
) -> Generator[Report, float | None, None]:
    """Train a flow and report after every step.

    Equal configs give equal reports on one kind of processor, with `config.threads` threads, which
    the caller sets; a resumed training goes on as if it had never been interrupted.

    Args:
        config: All that varies between trainings.
        data: What the config names.
        resume: A checkpoint of an earlier training of the same config. The first report is then
            the one that follows it.

    Yields:
        The untrained flow as step 0, then every step.

    Raises:
        ValueError: If the checkpoint is of another config.
        ArithmeticError: If the cross-entropy stops being finite, with what to change.
    """
    trainer = _Trainer(config, data)
    if resume is not None:
        trainer.restore(resume)
    else:
        yield trainer.report({})
    while trainer.step < config.steps:
        loss = trainer.advance()
        yield trainer.report({"cross_entropy": (loss,)})


class _Trainer:
    """Weights and optimiser of one training, and how they take a step."""

    def __init__(self, config: DensityConfig, data: Data) -> None:
        self.step, self._config, self._data = 0, config, data
        self._seen, self._fresh = _tensor(data.seen), _tensor(data.fresh)
        self._nodes = _tensor(data.at.points)
        self._flat = Flow.initial(config).requires_grad_()
        dims = data.seen.shape[1]
        grid = np.meshgrid(*[picture_axis(dims)] * dims, indexing="ij")
        self._grid = _tensor(np.stack([values.ravel() for values in grid], axis=1))
        self._gradient = torch.zeros_like(self._flat)
        self._weights = self._flat.detach()  # the same numbers, without their history
        self._adam = Adam(self._weights, self._gradient, **_ADAM)

    @property
    def _flow(self) -> Flow:
        """The flow of the weights as they are now: each gradient needs a history of its own."""
        config = self._config
        return Flow(self._seen.shape[1], config.layers, config.width, self._flat)

    def advance(self) -> float:
        """Take one optimiser step; the cross-entropy of its samples before it, in nats."""
        self.step += 1
        loss = -self._flow.log_density(self._batch()).mean()
        (gradient,) = torch.autograd.grad(loss, self._flat)
        self._gradient.copy_(gradient)
        self._adam.learning_rate.fill_(self._config.learning_rate_at(self.step))
        self._adam()
        return self._finite(float(loss.detach()))

    def _batch(self) -> Tensor:
        count, size = len(self._seen), self._config.batch_size
        if count <= size:
            return self._seen
        random = torch.Generator().manual_seed(_seed(self._config.seed, self.step))
        return self._seen[torch.randint(count, (size,), generator=random)]

    def report(self, training: dict[str, tuple[float, ...]]) -> Report:
        """The report of this step, with what was measured and pictured if it is time for it."""
        looked = is_look(self.step, self._config.steps)
        return Report(
            step=self.step,
            training=training,
            held_out=self._measured() if looked else {},
            snapshot=self._pictured() if looked else None,
            checkpoint=self._checkpoint,
        )

    @torch.no_grad()
    def _measured(self) -> dict[str, tuple[float, ...]]:
        """Cross-entropies in nats, exact, of samples seen, of fresh ones; and the divergence."""
        data = self._data
        log_q = self._flow.log_density(self._nodes).double().numpy()
        kl = divergence(data.at, log_q)
        seen = float(self._flow.log_density(self._seen[:_MEASURED]).double().mean())
        fresh = float(self._flow.log_density(self._fresh).double().mean())
        found = {
            "cross_entropy": data.entropy + kl,
            "divergence": kl,
            "seen_cross_entropy": -seen,
            "fresh_cross_entropy": -fresh,
        }
        return {name: (self._finite(value),) for name, value in found.items()}

    @torch.no_grad()
    def _pictured(self) -> Snapshot:
        density = self._flow.log_density(self._grid).exp().numpy()
        keep = self.step == self._config.steps
        weights = {"flow": self._weights.numpy().copy()} if keep else None
        return Snapshot(pictures={"density": density}, weights=weights)

    def _finite(self, value: float) -> float:
        if not math.isfinite(value):
            raise ArithmeticError(
                f"The cross-entropy stopped being a finite number at step {self.step}: lower the "
                f"peak learning rate (now {self._config.learning_rate:g}) and train again."
            )
        return value

    # -- Stopping and going on ------------------------------------------------------------

    def _checkpoint(self) -> Tensors:
        return self._adam.checkpoint(self.step)

    def restore(self, checkpoint: Tensors) -> None:
        """Go back to the state a checkpoint was taken in.

        Raises:
            ValueError: If its arrays do not fit this config.
        """
        self.step = self._adam.restore(checkpoint)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _seed(seed: int, purpose: int) -> int:
    """A seed for one purpose. Torch's generator heeds only 32 bits, so they have to be mixed."""
    return int(np.random.SeedSequence([seed, purpose]).generate_state(1)[0])
