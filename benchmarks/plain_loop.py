"""The loop most people would write: one nn.Module, autograd, Adam, float batches in memory.

It is what our trainer is measured against, so it stays as plain as it is: the form in which
tutorials write a VAE (probabilities out of a sigmoid, binary cross-entropy, two linear heads,
the running loss read at each step), less their loading of one image at a time.
"""

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["PlainVAE", "epoch", "loss", "timed_epochs"]


class PlainVAE(nn.Module):
    """A Gaussian encoder and a Bernoulli decoder with one hidden layer each."""

    def __init__(self, data_dim: int = 784, hidden: int = 400, latent_dim: int = 20) -> None:
        super().__init__()
        self.into_hidden = nn.Linear(data_dim, hidden)
        self.mean = nn.Linear(hidden, latent_dim)
        self.log_var = nn.Linear(hidden, latent_dim)
        self.from_code = nn.Linear(latent_dim, hidden)
        self.out = nn.Linear(hidden, data_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Probability of each pixel, and the two heads of the encoder."""
        hidden = functional.relu(self.into_hidden(x))
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        return torch.sigmoid(self.out(functional.relu(self.from_code(z)))), mean, log_var


def loss(model: PlainVAE, images: Tensor) -> Tensor:
    """Negative ELBO, summed over a batch, in nats."""
    pixels, mean, log_var = model(images)
    distortion = functional.binary_cross_entropy(pixels, images, reduction="sum")
    rate = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return distortion + rate


def epoch(
    model: PlainVAE,
    adam: torch.optim.Optimizer,
    x: Tensor,
    batch_size: int = 128,
    loss: Callable[[PlainVAE, Tensor], Tensor] = loss,
) -> float:
    """One pass through the images; returns the mean loss in nats per image."""
    total = 0.0
    for batch in torch.randperm(len(x), device=x.device).split(batch_size):
        images = x[batch]
        adam.zero_grad()
        nats = loss(model, images)
        nats.backward()
        total += nats.item()
        adam.step()
    return total / len(x)


def timed_epochs(
    x: Tensor, *, hidden: int, latent_dim: int, batch_size: int = 128, is_compiled: bool = False
) -> Iterator[float]:
    """Seconds of one epoch after another, on the device where the images are.

    CPU seconds on a processor; on a card, where the processor waits, wall seconds.

    Args:
        x: The images.
        hidden: Width of both hidden layers.
        latent_dim: Dimensions of the code.
        batch_size: Images per step.
        is_compiled: Whether `torch.compile` is asked to speed it up; the first epoch pays.
    """
    model = PlainVAE(x.shape[1], hidden, latent_dim).to(x.device)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    used = torch.compile(loss) if is_compiled else loss
    clock = time.perf_counter if x.device.type == "cuda" else time.process_time
    while True:
        started = clock()
        epoch(model, adam, x, batch_size, used)
        if x.device.type == "cuda":
            torch.cuda.synchronize()
        yield clock() - started
