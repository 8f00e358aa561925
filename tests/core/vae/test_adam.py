"""Catches an optimiser that is not Adam."""

import numpy as np
import pytest
import torch

from core.vae.adam import Adam

BETAS, EPSILON = (0.9, 0.99), 1e-6


def test_agrees_with_torch():
    """
    Over two hundred gradients of all sizes, at changing rates, it takes the steps of torch.
    """
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(40, generator=generator)
    flat, gradient = start.clone(), torch.zeros(40)
    ours = Adam(flat, gradient, betas=BETAS, epsilon=EPSILON)
    weights = torch.nn.Parameter(start.clone())
    theirs = torch.optim.Adam([weights], betas=BETAS, eps=EPSILON)
    sizes = torch.logspace(-8, 4, 40)

    for step in range(200):
        gradient.copy_(torch.randn(40, generator=generator) * sizes)
        ours.learning_rate.fill_(0.1 / (1 + step))
        ours()
        theirs.param_groups[0]["lr"] = 0.1 / (1 + step)
        weights.grad = gradient.clone()
        theirs.step()

    torch.testing.assert_close(flat, weights.detach(), rtol=1e-4, atol=1e-5)
    assert ours.steps.item() == 200


def test_follows_the_formula():
    """
    Written out in NumPy as in the paper, with bias corrections, three steps come out the same.
    """
    gradients = np.array([[0.5, -2.0, 1e-3], [0.1, 3.0, -1e-3], [-0.2, 0.0, 5e-4]])
    weights, first, second = np.array([1.0, 2.0, 3.0]), np.zeros(3), np.zeros(3)
    for step, g in enumerate(gradients, start=1):
        first = 0.9 * first + 0.1 * g
        second = 0.99 * second + 0.01 * g**2
        corrected = first / (1 - 0.9**step), second / (1 - 0.99**step)
        weights = weights - 0.01 * corrected[0] / (np.sqrt(corrected[1]) + EPSILON)

    flat, gradient = torch.tensor([1.0, 2.0, 3.0]), torch.zeros(3)
    adam = Adam(flat, gradient, betas=BETAS, epsilon=EPSILON)
    adam.learning_rate.fill_(0.01)
    for g in gradients:
        gradient.copy_(torch.tensor(g))
        adam()

    assert flat.numpy() == pytest.approx(weights, rel=1e-6)


def test_does_not_care_for_the_scale_of_gradients():
    """
    Gradients and epsilon multiplied by one factor make the same steps.

    This is why the gradient of a batch's sum serves as well as that of its mean.
    """
    ends = []
    for factor in (1.0, 128.0):
        flat, gradient = torch.ones(5), torch.zeros(5)
        adam = Adam(flat, gradient, betas=BETAS, epsilon=EPSILON * factor)
        adam.learning_rate.fill_(0.1)
        generator = torch.Generator().manual_seed(0)
        for _ in range(20):
            gradient.copy_(torch.randn(5, generator=generator) * factor)
            adam()
        ends.append(flat)

    torch.testing.assert_close(*ends)
