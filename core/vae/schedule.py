"""What happens at which step: learning rate, beta, reports and looks at held-out data.

A schedule is a function of the config and the step alone, never of the clock, so that two
trainings of one config report the same steps.
"""

import math

from core.vae.config import TrainConfig

__all__ = ["Schedule"]

RISE, START, END = 0.15, 1 / 20, 0.02
"""The one-cycle schedule: share of the steps it rises, first and last fraction of the peak."""

REPORTS, LOOKS = 400, 30
"""Reports and looks at held-out data in a finite training, besides the crowded early ones."""

ROOM = 50_000_000
"""Bytes that one run's pictures, and again its weights, may take."""

EARLY = frozenset(round(1.5**power) for power in range(40))
"""Steps at which models change fastest: 1, 2, 3, 5, 8, 11, 17 and so on."""


class Schedule:
    """When a training of this config does what.

    Args:
        config: The resolved config.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._config, self._total = config, config.total_steps
        # Roughly a tenth of a second of work, told from the arithmetic alone.
        operations = 6 * config.parameter_count * config.batch_size * config.members
        budget = 2e11 if config.device == "cuda" else 1e10
        self._reports = max(1, min(256, int(budget / operations)))
        self._looks = 8 * self._reports
        if self._total is not None:
            pictures = config.members * (30 * config.data_dim + 4_000) + 10 * config.data_dim
            self._looks = max(self._looks, self._total * pictures // ROOM)
            self._looks = max(1, min(self._looks, math.ceil(self._total / LOOKS)))
            self._reports = max(1, min(self._reports, self._total // REPORTS))
        self._weights = self._weight_steps()
        self._changes = frozenset(step for step, _ in config.beta_changes)

    def learning_rate(self, step: int) -> float:
        """Adam's step size for the update that leads to `step`."""
        start, length, peak = self._stretch(step)
        if self._config.schedule == "constant" or length is None:
            return peak
        done = (step - 1 - start) / max(1, length - 1)
        if done < RISE:
            return peak * (START + (1 - START) * done / RISE)
        fall = 0.5 * (1 + math.cos(math.pi * (done - RISE) / (1 - RISE)))
        return peak * (END + (1 - END) * fall)

    def _stretch(self, step: int) -> tuple[int, int | None, float]:
        """The stretch with the update that leads to `step`: its start, length and peak."""
        start, length, peak = 0, self._config.steps, self._config.learning_rate
        for steps, later in self._config.segments:
            if length is None or step <= start + length:
                break
            start, length, peak = start + length, steps, later
        return start, length, peak

    def steered_beta(self, step: int) -> float | None:
        """The beta that a reader has set for the update that leads to `step`, or None."""
        return self._config.beta_after(step - 1) if self._config.beta_changes else None

    def beta_factor(self, step: int) -> float:
        """The share of its final beta that the update leading to `step` uses."""
        warmup = self._config.beta_warmup
        return min(1.0, step / warmup) if warmup else 1.0

    def is_report(self, step: int) -> bool:
        """Whether the mini-batch of this step is reported: all of the first, fewer later."""
        most = min(self._reports, 1 << (step // 128).bit_length() >> 1)
        return step % max(1, most) == 0 or self.is_look(step)

    def is_look(self, step: int) -> bool:
        """Whether held-out data and pictures are looked at: crowded at first, then even.

        And where beta is changed by hand: what comes after is to be seen to start there.
        """
        early = step < self._looks and step in EARLY
        is_even = step % self._looks == 0
        return early or is_even or step == self._total or step in self._changes

    def keeps_weights(self, step: int) -> bool:
        """Whether a look also keeps the weights: all where there is room, else three."""
        return step in (0, self._total) or self._weights is None or step in self._weights

    def _weight_steps(self) -> frozenset[int] | None:
        """The steps that keep weights, besides the first and last. None stands for every look."""
        size = 4 * self._config.members * self._config.parameter_count
        if self._total is None:
            return EARLY if size * len(EARLY) <= ROOM else frozenset()
        looks = self._total // self._looks + sum(early < self._looks for early in EARLY)
        if size * looks <= ROOM:
            return None
        return frozenset({self._looks * round(self._total / 2 / self._looks)})
