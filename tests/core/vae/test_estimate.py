"""Catches an estimate that leaves something out, or that grows the wrong way."""

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.vae import estimate, model
from core.vae.config import TrainConfig

CONFIGS = [
    TrainConfig(),
    TrainConfig(hidden=(512, 256), latent_dim=10, betas=(1.0, 2.0, 4.0)),
    TrainConfig(dataset="sprites", hidden=(400,), latent_dim=20),
    TrainConfig(hidden=(), likelihood="gaussian_learned"),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_counts_the_weights_that_there_are(config):
    """
    Weights, gradient and moments of the real model are within what is expected of it.
    """
    resolved = config.resolved(device="cpu", precision="fp32")
    flat = model.initial_parameters(resolved, torch.zeros(resolved.data_dim))

    assert 16 * flat.numel() < estimate.memory_bytes(config)


@given(
    width=st.integers(1, 2048),
    batch=st.integers(1, 600),
    members=st.integers(1, 8),
    steps=st.integers(1, 10_000),
)
def test_grows_with_all_that_costs(width, batch, members, steps):
    """
    A wider, longer or more numerous training never needs less.
    """
    small = TrainConfig(hidden=(width,), batch_size=batch, betas=(1.0,) * members, steps=steps)
    for change in (
        {"hidden": (width + 1,)},
        {"batch_size": batch + 1},
        {"betas": (1.0,) * (members + 1)},
        {"steps": steps + 1},
    ):
        larger = dataclasses.replace(small, **change)
        assert estimate.memory_bytes(larger) >= estimate.memory_bytes(small)
        assert (estimate.seconds(larger) or 0) > (estimate.seconds(small) or 0)
