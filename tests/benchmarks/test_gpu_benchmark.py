"""Catches a benchmark that fails where there is nothing to measure."""

import json

import pytest
import torch

from benchmarks import gpu, plain_loop

PROMISED = {
    "epoch_ratio_eager",
    "epoch_ratio_compiled",
    "stack64_over_single",
    "steps_per_second",
    "mnist_seconds_to_105_57",
}


@pytest.fixture
def printed(monkeypatch, capsys):
    """
    What the command prints with these flags, where no card is found.
    """
    if torch.cuda.is_available():
        pytest.skip("What is said where no card is found cannot be seen here: there is one.")
    threads = torch.get_num_threads()

    def run(*flags):
        monkeypatch.setattr("sys.argv", ["gpu", *flags])
        gpu.main()
        return capsys.readouterr().out

    yield run
    torch.set_num_threads(threads)


def test_without_a_card_every_key_is_null(printed):
    """
    The object has all its keys, none of them measured, and says that there was no card.
    """
    found = json.loads(printed("--json"))
    machine = found.pop("machine")

    assert found == dict.fromkeys(PROMISED)
    assert machine["card"] == "none"
    assert machine["torch"] == torch.__version__


def test_without_a_card_the_table_says_why(printed):
    """
    Each line is not measured, for the reason that trainings run on the processor.
    """
    lines = [line for line in printed().splitlines() if line.startswith(tuple(PROMISED))]

    assert len(lines) == len(PROMISED)
    assert all("not measured" in line and "graphics card" in line for line in lines)


def test_the_plain_loop_learns():
    """
    What we are measured against is a training: its loss falls from pass to pass.
    """
    torch.manual_seed(0)
    x = (torch.rand(256, 64) > 0.7).float()
    model = plain_loop.PlainVAE(64, 16, 2)
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)

    first, *_, last = (plain_loop.epoch(model, adam, x) for _ in range(20))

    assert last < first - 1
