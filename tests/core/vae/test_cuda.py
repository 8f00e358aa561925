"""The trainer on a card: the same promises as on a processor. Skipped where there is none."""

import itertools

import numpy as np
import pytest
import torch

from core.vae import captured, datasets, training
from core.vae.config import TrainConfig
from core.vae.training import train

captured.make_repeatable()  # before any other test has a product computed on the card

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device; none is visible here"
)

CONFIGS = {
    "default": TrainConfig(steps=120),
    "bf16": TrainConfig(steps=120),
    "dynamic": TrainConfig(steps=120, likelihood="bernoulli_dynamic"),
    "learned scale": TrainConfig(steps=120, likelihood="gaussian_learned", learning_rate=5e-3),
    "stack": TrainConfig(steps=120, betas=(0.5, 1.0, 4.0), beta_warmup=50),
    "two layers": TrainConfig(steps=120, hidden=(64, 32), likelihood="bernoulli_static"),
}


def resolved(name):
    return CONFIGS[name].resolved(device="cuda", precision="bf16" if name == "bf16" else "fp32")


@pytest.mark.parametrize("name", CONFIGS)
def test_repeats_exactly(name):
    """
    Two trainings of one config on one card give identical reports and weights.
    """
    data = datasets.load("digits")

    first, second = list(train(resolved(name), data)), list(train(resolved(name), data))

    assert first == second
    for key, values in first[-1].snapshot.weights.items():
        assert np.array_equal(values, second[-1].snapshot.weights[key])


@pytest.mark.parametrize("name", CONFIGS)
def test_resumes_exactly(name):
    """
    A training resumed on the card from a checkpoint ends with the same numbers.
    """
    config, data = resolved(name), datasets.load("digits")
    whole = list(train(config, data))
    halfway = next(r for r in train(config, data) if r.step == 57)
    resumed = list(train(config, data, resume=halfway.checkpoint()))

    assert resumed == [report for report in whole if report.step > 57]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_graph_changes_no_number(name, monkeypatch):
    """
    Recorded and replayed, or launched one by one: the same reports, weights and checkpoints.
    """
    config, data = resolved(name), datasets.load("digits")
    replayed = [(r, r.checkpoint()) for r in train(config, data)]
    monkeypatch.setattr(captured.CapturedSteps, "_replay", captured.CapturedSteps._step)
    launched = [(r, r.checkpoint()) for r in train(config, data)]

    for (one, saved), (other, kept) in zip(replayed, launched, strict=True):
        assert one == other
        for key, values in kept.items():
            assert np.array_equal(saved[key], values)


def test_takes_its_steps_from_a_graph():
    """
    From the first step on, and with the same graph from table to table.
    """
    trainer = training._Trainer(resolved("stack"), datasets.load("digits"))
    trainer.advance()
    graph = trainer._captured._graph
    for _ in range(captured.MOST_ROWS + 1):
        trainer.advance()

    assert isinstance(graph, torch.cuda.CUDAGraph)
    assert trainer._captured._graph is graph


def test_is_steered_as_its_config_says():
    """
    Another beta sent in the middle of a table gives the numbers of a config that names it.
    """
    config, data = resolved("default"), datasets.load("digits")
    reports, found, order = train(config, data), [], None
    while not found or found[-1].step < 120:
        report = reports.send(order)
        order = {10: 4.0, 57: 0.5}.get(report.step)
        is_looked_at = order is None or report.measured is None
        found.append(report if is_looked_at else report.measured())

    assert found == list(train(config.steered(10, 4.0).steered(57, 0.5), data))


def test_learns_what_a_processor_learns():
    """
    The first steps agree with those on a processor to within rounding, given one random stream.
    """
    data = datasets.load("digits")
    ends = {}
    for device in ("cpu", "cuda"):
        config = TrainConfig().resolved(device=device, precision="fp32")
        *_, last = train(config, data)
        ends[device] = last.held_out["neg_elbo"][0]

    assert abs(ends["cpu"] - ends["cuda"]) < 0.5


def test_untrained_models_agree_with_a_processor():
    """
    Before any step both devices hold the same model and measure the same held-out values.
    """
    data = datasets.load("digits")
    first = {
        device: next(
            itertools.islice(
                train(TrainConfig().resolved(device=device, precision="fp32"), data), 1
            )
        )
        for device in ("cpu", "cuda")
    }

    for name, values in first["cpu"].held_out.items():
        assert values == pytest.approx(first["cuda"].held_out[name], rel=1e-4)
