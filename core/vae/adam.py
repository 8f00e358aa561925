"""Adam on one flat array, in one call.

`torch.optim.Adam` computes the same update (a test compares them), but its wrapper costs as much
as a quarter of a small model's whole step, and its first use imports the compiler: more than a
second and tens of megabytes that a worker never needs.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.reports import Tensors, require_alike

__all__ = ["Adam", "copied"]


class Adam:
    """First and second moments of a gradient, and the update they make.

    Args:
        flat: The weights to update.
        gradient: Where each call finds the gradient.
        betas: How fast the two moments forget.
        epsilon: Added to the root of the second moment.

    Attributes:
        learning_rate: Step size of the next call; filled by the caller.
        moments: The running means of the gradient and of its square.
        steps: Updates made so far, as a tensor.

    References:
        Kingma & Ba, Adam: A Method for Stochastic Optimization (2015).
    """

    def __init__(
        self,
        flat: Float[Tensor, " parameter"],
        gradient: Float[Tensor, " parameter"],
        *,
        betas: tuple[float, float],
        epsilon: float,
    ) -> None:
        self._flat, self._gradient = flat, gradient
        self._betas, self._epsilon = betas, epsilon
        self.moments = (torch.zeros_like(flat), torch.zeros_like(flat))
        self.steps = torch.zeros((), device=flat.device)
        self.learning_rate = torch.zeros((), device=flat.device)

    def checkpoint(self, step: int) -> Tensors:
        """Weights and moments as arrays of their own, from which training goes on exactly.

        Args:
            step: Steps that were taken until then.
        """
        first, second = self.moments
        return {
            "parameters": copied(self._flat),
            "first_moment": copied(first),
            "second_moment": copied(second),
            "step": np.array([step], dtype=np.int64),
        }

    def restore(self, checkpoint: Tensors) -> int:
        """Go back to where a checkpoint was taken, and say after how many steps that was.

        Raises:
            ValueError: If its arrays do not fit these weights.
        """
        require_alike(checkpoint, self.checkpoint(0))
        step = int(checkpoint["step"][0])
        self.steps.fill_(step)
        self._flat.copy_(torch.tensor(checkpoint["parameters"]))
        self.moments[0].copy_(torch.tensor(checkpoint["first_moment"]))
        self.moments[1].copy_(torch.tensor(checkpoint["second_moment"]))
        return step

    def __call__(self) -> None:
        """Move the weights by one step."""
        self.steps += 1
        torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
            [self._flat],
            [self._gradient],
            [self.moments[0]],
            [self.moments[1]],
            [],
            [self.steps],
            lr=self.learning_rate,
            beta1=self._betas[0],
            beta2=self._betas[1],
            weight_decay=0.0,
            eps=self._epsilon,
            amsgrad=False,
            maximize=False,
        )


def copied(values: Tensor) -> np.ndarray:
    """The values of a tensor on any device, as an array of its own."""
    return values.detach().cpu().numpy().copy()
