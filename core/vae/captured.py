"""Steps whose every input waits on the device, so that on a card one launch takes a whole step.

A step this small is all launch overhead: dozens of kernels of a few microseconds, each started
from Python. So the host writes down what the next steps need (which images, how much noise, which
beta and learning rate) in tables on the device, a few hundred steps at a time. The step itself
reads its row by a counter that it moves on, which is work for the device alone: it is recorded
once as a CUDA graph and then replayed.

All randomness is in the tables, drawn in the order in which a training without them draws it. No
generator takes part in the graph, so the numbers cannot depend on whether there is one.
"""

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.vae.adam import Adam
from core.vae.gradients import BatchGradient

__all__ = ["CapturedSteps", "StepInputs", "make_repeatable"]

MOST_ROWS = 256
"""Steps that are prepared at once."""

ROOM = 64_000_000
"""Bytes that the tables may take: several trainings may share a card."""

WARM_UPS = 3
"""Steps taken on trial before one is recorded, as libraries set themselves up at first use."""


@dataclass(frozen=True, slots=True)
class StepInputs:
    """What the host decides about one step.

    Attributes:
        chosen: Positions of the batch's images among the training images, on the processor.
        learning_rate: Adam's step size.
        beta: The beta in force, one per member, on the processor.
    """

    chosen: Int[Tensor, " batch"]
    learning_rate: float
    beta: Float[Tensor, " member"]


class CapturedSteps:
    """Takes optimiser steps from tables, as one CUDA graph where the tables are on a card.

    On a processor the same program runs operation by operation, which is how it is tested.

    Args:
        gradient: Computes the gradient; its images, noise and beta are filled in here.
        adam: Applies it; its learning rate is filled in here.
        state: All that a step changes for good: weights, moments, count of steps.
        images: The training images.
        generator: Draws the noise, and the pixels of images that are drawn anew at each step.
        is_drawn: Whether pixels are drawn black or white at each step.
    """

    def __init__(
        self,
        gradient: BatchGradient,
        adam: Adam,
        *,
        state: Sequence[Tensor],
        images: Float[Tensor, "example data"],
        generator: torch.Generator,
        is_drawn: bool,
    ) -> None:
        self._gradient, self._adam, self._state = gradient, adam, tuple(state)
        self._images, self._generator = images, generator
        self._graph: torch.cuda.CUDAGraph | None = None
        self._is_on_card = images.device.type == "cuda"
        if self._is_on_card:
            make_repeatable()
        _, batch, data = gradient.x.shape
        noise = gradient.noise
        row_bytes = 8 * batch + noise.nbytes + (4 * batch * data if is_drawn else 0)
        self._rows = rows = max(1, min(MOST_ROWS, ROOM // row_bytes))
        # One row for each of the next steps.
        self._order = torch.zeros((rows, batch), dtype=torch.int64, device=images.device)
        self._noise = noise.new_zeros((rows, *noise.shape[1:]))
        self._thresholds = noise.new_zeros((rows, batch, data)) if is_drawn else None
        self._betas = gradient.beta.new_zeros((rows, len(gradient.beta)))
        self._rates = adam.learning_rate.new_zeros(rows)
        # The row of the next step, and what is read from it.
        self._position = torch.zeros(1, dtype=torch.int64, device=images.device)
        self._chosen = self._order.new_zeros((1, batch))
        self._grey = images.new_zeros((batch, data)) if is_drawn else None
        self._threshold = noise.new_zeros((1, batch, data)) if is_drawn else None
        self._generator_states: list[Tensor] = []
        self._taken = self._loaded = 0

    def advance(self, steps_done: int, inputs: Callable[[int], StepInputs]) -> None:
        """Take the step that follows `steps_done` others.

        Args:
            steps_done: How many steps have been taken before.
            inputs: What the host decides about the step that leads to a given count of steps.
                Asked for many steps at once; `rewind` has it asked anew.
        """
        if self._taken == self._loaded:
            self._load([inputs(steps_done + 1 + row) for row in range(self._rows)])
        if self._is_on_card:
            self._replay()
        else:
            self._step()
        self._taken += 1

    @property
    def generator_state(self) -> Tensor:
        """The generator's state as it is for a training that draws nothing ahead."""
        if self._taken == self._loaded:
            return self._generator.get_state()
        return self._generator_states[self._taken]

    def rewind(self) -> None:
        """Give back what was drawn ahead, because the steps to come have changed."""
        self._generator.set_state(self.generator_state)
        self._taken = self._loaded = 0

    def _load(self, steps: Sequence[StepInputs]) -> None:
        """Write the tables for the next steps."""
        self._fill(self._order, torch.stack([step.chosen for step in steps]))
        self._fill(self._betas, torch.stack([step.beta for step in steps]))
        self._fill(self._rates, torch.tensor([step.learning_rate for step in steps]))
        self._generator_states = []
        for row in range(self._rows):
            self._generator_states.append(self._generator.get_state())
            self._noise[row].normal_(generator=self._generator)
            if self._thresholds is not None:
                self._thresholds[row].uniform_(generator=self._generator)
        self._position.zero_()
        self._taken, self._loaded = 0, self._rows

    def _fill(self, table: Tensor, values: Tensor) -> None:
        # From pinned memory the copy takes its turn in the stream, and nobody waits for it.
        table.copy_(values.pin_memory() if self._is_on_card else values, non_blocking=True)

    def _step(self) -> None:
        """One whole step. Everything it reads and writes is on the device, at a fixed place."""
        gradient, position = self._gradient, self._position
        torch.index_select(self._order, 0, position, out=self._chosen)
        torch.index_select(self._noise, 0, position, out=gradient.noise)
        torch.index_select(self._betas, 0, position, out=gradient.beta[None])
        torch.index_select(self._rates, 0, position, out=self._adam.learning_rate[None])
        if self._thresholds is None or self._threshold is None or self._grey is None:
            torch.index_select(self._images, 0, self._chosen[0], out=gradient.x[0])
        else:
            torch.index_select(self._images, 0, self._chosen[0], out=self._grey)
            torch.index_select(self._thresholds, 0, position, out=self._threshold)
            torch.lt(self._threshold[0], self._grey, out=gradient.x[0])
        position += 1
        gradient()
        self._adam()

    # -- On a card ------------------------------------------------------------------------

    def _replay(self) -> None:
        if self._graph is None:
            device = self._images.device
            here, side = torch.cuda.current_stream(device), _stream_beside(device)
            side.wait_stream(here)
            with torch.cuda.stream(side):
                self._warm_up()
            here.wait_stream(side)
            self._graph = torch.cuda.CUDAGraph()
            # Other threads of this process may use the card in the meantime.
            with torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local"):
                self._step()
        self._graph.replay()

    def _warm_up(self) -> None:
        """Take a few steps and undo them: while a step is recorded, nothing may be set up."""
        changed = (*self._state, self._position)
        kept = [values.clone() for values in changed]
        for _ in range(WARM_UPS):
            self._step()
            self._position.copy_(kept[-1])  # the row may be the table's last
        for values, before in zip(changed, kept, strict=True):
            values.copy_(before)


@functools.cache
def _stream_beside(device: torch.device) -> torch.cuda.Stream:
    """Where steps are recorded. One for all trainings: each has a workspace of its own."""
    return torch.cuda.Stream(device)


def make_repeatable() -> None:
    """Have cuBLAS give equal results for equal products: before the first product on a card.

    It does so with a workspace of fixed size, which PyTorch takes from the environment.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
