"""Steps from tables give the numbers of steps that are driven one by one, bit for bit.

On a card they are recorded as one graph (`test_cuda.py`); here the same program runs operation by
operation, so that all of it but the recording is tested without a card.
"""

import dataclasses

import numpy as np
import pytest
import torch

from core.vae import captured, datasets, training
from core.vae.config import TrainConfig
from core.vae.training import train

CASES = {
    "default": TrainConfig(steps=60),
    "bf16": TrainConfig(steps=30, precision="bf16"),
    "dynamic": TrainConfig(steps=60, likelihood="bernoulli_dynamic"),
    "odd sizes": TrainConfig(
        steps=40, likelihood="gaussian_learned", hidden=(), latent_dim=3, batch_size=101
    ),
    "three members": TrainConfig(steps=60, betas=(0.0, 1.0, 4.0), beta_warmup=20),
    "steered": TrainConfig(steps=60, beta_changes=((10, 4.0), (17, 0.5))),
    "two stretches": TrainConfig(steps=30, segments=((30, 0.01),)),
    "endless": TrainConfig(steps=None, schedule="constant", beta_warmup=8),
}
ROWS = 7
"""Steps prepared at once here, so that every training runs through several tables."""


@pytest.fixture(scope="module")
def data():
    return datasets.load("digits")


@pytest.fixture
def from_tables(monkeypatch):
    """
    From now on trainings take their steps from tables.
    """

    def switch(is_on=True):
        monkeypatch.setattr(captured, "MOST_ROWS", ROWS)
        monkeypatch.setattr(training, "_is_captured", lambda device: is_on)

    return switch


def resolved(name):
    return CASES[name].resolved(device="cpu", precision="fp32")


def followed(config, data, *, resume=None, orders=None, last=60):
    """
    Reports until a step with a checkpoint of each, steered by hand where there are orders.
    """
    reports, found, order = train(config, data, resume=resume), [], None
    while not found or found[-1][0].step < (config.total_steps or last):
        report = reports.send(order)
        order = (orders or {}).get(report.step)
        if order is not None and report.measured is not None:
            report = report.measured()
        found.append((report, report.checkpoint()))
    reports.close()
    return found


def assert_same(found, expected):
    """
    Reports, pictures, weights and checkpoints agree bit for bit.
    """
    assert [report for report, _ in found] == [report for report, _ in expected]
    for (one, saved), (other, kept) in zip(found, expected, strict=True):
        for name, values in kept.items():
            np.testing.assert_array_equal(saved[name], values, err_msg=name, strict=True)
        if other.snapshot is not None:
            for name, values in other.snapshot.pictures.items():
                np.testing.assert_array_equal(one.snapshot.pictures[name], values, err_msg=name)
            for name, values in (other.snapshot.weights or {}).items():
                np.testing.assert_array_equal(one.snapshot.weights[name], values, err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_gives_the_numbers_of_steps_one_by_one(name, data, from_tables):
    """
    Reports, pictures, weights and checkpoints are the same, those in mid-table included.
    """
    expected = followed(resolved(name), data)

    from_tables()

    assert_same(followed(resolved(name), data), expected)


@pytest.mark.parametrize("name", CASES)
def test_goes_on_from_a_checkpoint_of_either(name, data, from_tables):
    """
    A training that was lost in mid-table ends like an undisturbed one, and so does one that
    goes on without tables.
    """
    whole = followed(resolved(name), data)
    from_tables()
    halfway = next(entry for entry in followed(resolved(name), data) if entry[0].step >= 16)
    rest = [entry for entry in whole if entry[0].step > halfway[0].step]

    assert_same(followed(resolved(name), data, resume=halfway[1]), rest)
    from_tables(is_on=False)
    assert_same(followed(resolved(name), data, resume=halfway[1]), rest)


@pytest.mark.parametrize("warmup", [0, 40])
@pytest.mark.parametrize("name", ["default", "dynamic"])
def test_is_steered_from_the_next_step_on(name, warmup, data, from_tables):
    """
    What was prepared for the steps to come is thrown away, and its random numbers come again.
    """
    orders = {10: 4.0, 25: 0.0, 26: 0.5}
    config = dataclasses.replace(resolved(name), beta_warmup=warmup)
    expected = followed(config, data, orders=orders)

    from_tables()

    assert_same(followed(config, data, orders=orders), expected)


def test_prepares_fewer_steps_where_they_are_large(data, monkeypatch, from_tables):
    """
    The tables keep to their room, and a single step always has a place.
    """
    expected = followed(resolved("dynamic"), data)
    from_tables()
    monkeypatch.setattr(captured, "ROOM", 1)

    assert_same(followed(resolved("dynamic"), data), expected)


def test_reads_nothing_of_the_host_in_a_step(data, from_tables, monkeypatch):
    """
    Between two tables a step asks neither the schedule nor a generator: a graph could not.
    """

    class Asked(Exception):
        pass

    def ask(step):
        raise Asked

    from_tables()
    trainer = training._Trainer(resolved("three members"), data)
    trainer.advance()
    monkeypatch.setattr(trainer, "_inputs", ask)
    before = trainer._generator.get_state()

    for _ in range(ROWS - 1):
        trainer.advance()

    assert torch.equal(trainer._generator.get_state(), before)
    with pytest.raises(Asked):
        trainer.advance()


def test_a_warm_up_leaves_no_trace(data, from_tables, monkeypatch):
    """
    The steps taken on trial before one is recorded change neither weights nor random numbers,
    not even at the last row of a table.
    """
    expected = followed(resolved("dynamic"), data)
    from_tables()
    step, trials = captured.CapturedSteps._step, []

    def tried_first(steps):
        if len(trials) % ROWS in (0, ROWS - 1):
            monkeypatch.setattr(captured.CapturedSteps, "_step", step)
            steps._warm_up()
            monkeypatch.setattr(captured.CapturedSteps, "_step", tried_first)
        trials.append(steps)
        step(steps)

    monkeypatch.setattr(captured.CapturedSteps, "_step", tried_first)

    assert_same(followed(resolved("dynamic"), data), expected)
    assert len(trials) == 60
