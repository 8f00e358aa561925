"""How fast the trainer is on a graphics card: `python -m benchmarks.gpu [--json]`.

Ours is what a run does, reports and looks at held-out data included, in the precision that is
timed to be faster. The plain loop of `benchmarks.plain_loop` has its data on the card and reports
nothing but its loss. All seconds are wall seconds, medians of ten unless the note says otherwise,
and the two sides of a ratio take turns. Without a card nothing is measured, and nothing fails.
"""

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Literal

import torch

from benchmarks import plain_loop
from benchmarks.figures import Figure, interleaved, show
from benchmarks.training import MLP, QUALITY, images_like_mnist, test_neg_elbo
from core.runs import worker
from core.vae import captured, datasets, evaluation, training
from core.vae.config import MOST_MEMBERS, TrainConfig
from core.vae.datasets import Dataset

Computing = Literal["cpu", "cuda"]

KEYS = (
    "epoch_ratio_eager",
    "epoch_ratio_compiled",
    "stack64_over_single",
    "steps_per_second",
    "mnist_seconds_to_105_57",
)


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    captured.make_repeatable()
    torch.set_num_threads(1)
    described = worker.machine()
    if why := described["why_cpu"]:
        show([Figure(key, None, note=why) for key in KEYS], as_json=as_json, card="none")
        return
    figures = [*epoch_figures("cuda"), *stack_figures("cuda"), *mnist_figures("cuda")]
    show(figures, as_json=as_json, card=described["name"])


def epoch_figures(device: Computing) -> Iterator[Figure]:
    """One pass of 784-400-20 against the plain loop, as it is and compiled."""
    data = images_like_mnist()
    config = dataclasses.replace(MLP, dataset=data.info.name, steps=None, epochs=40)
    config = resolved(config, data, device)
    x = training.seen_by(config, data, "train").to(device)
    eager = plain_loop.timed_epochs(x, hidden=400, latent_dim=20)
    compiled = plain_loop.timed_epochs(x, hidden=400, latent_dim=20, is_compiled=True)
    next(eager)
    next(compiled)
    epoch = config.steps_per_epoch
    ours = per_step(config, data, epoch)
    ours()  # records its graph
    plain, fast, step = interleaved([lambda: next(eager), lambda: next(compiled), ours])
    note = f"plain epoch of {data.info.title} over ours, batch 128, ours in {config.precision}"
    yield Figure("epoch_ratio_eager", plain / (step * epoch), least=10, note=note)
    yield Figure("epoch_ratio_compiled", fast / (step * epoch), least=2, note="by torch.compile")
    yield Figure("epoch_seconds", step * epoch, "s", note="for the record")


def stack_figures(device: Computing) -> Iterator[Figure]:
    """Many models side by side against one, on digits."""
    data = datasets.load("digits")
    steps = 2_000
    single = dataclasses.replace(TrainConfig(), steps=20 * steps)
    betas = tuple(0.05 * 1.1**i for i in range(MOST_MEMBERS))
    measures = [
        per_step(resolved(config, data, device), data, steps)
        for config in (single, dataclasses.replace(single, betas=betas))
    ]
    for measure in measures:
        measure()
    one, stack = interleaved(measures)
    note = f"a step of {MOST_MEMBERS} members over a step of one, digits 64-128-2"
    yield Figure("stack64_over_single", stack / one, most=2, note=note)
    yield Figure("steps_per_second", 1 / one, "1/s", note="of one member, digits 64-128-2")


def mnist_figures(device: Computing) -> Iterator[Figure]:
    """Time to the quality of the usual ten-epoch script, where MNIST is at hand."""
    key = "mnist_seconds_to_105_57"
    if sentence := datasets.problem("mnist"):
        yield Figure(key, None, note=sentence)
        return
    data = datasets.load("mnist")
    config = resolved(QUALITY, data, device)
    seconds, ends = [], []
    for seed in range(3):
        started = time.perf_counter()
        *_, last = training.train(dataclasses.replace(config, seed=seed), data)
        seconds.append(time.perf_counter() - started)
        weights = last.snapshot.weights if last.snapshot else None
        ends.append(test_neg_elbo(next(iter(evaluation.evaluate(config, weights or {}, data)))))
    reached = max(ends) <= 105.57
    note = (
        f"{QUALITY.epochs} epochs, median of three seeds, of which the worst ends at "
        f"{max(ends):.2f} nats, {config.precision}"
    )
    yield Figure(key, statistics.median(seconds) if reached else None, "s", note=note)


# -- Pieces -------------------------------------------------------------------------------


def resolved(config: TrainConfig, data: Dataset, device: Computing) -> TrainConfig:
    """The config as a worker with that device would run it."""
    there = dataclasses.replace(config, device=device)
    is_settled = worker.settled_precision(there, worker.machine()) is not None
    precision = "fp32" if is_settled else training.calibrate(there, data)
    return there.resolved(device=device, precision=precision)


def per_step(config: TrainConfig, data: Dataset, steps: int) -> Callable[[], float]:
    """A measure of the next `steps` steps of one training, in wall seconds a step.

    A report waits for the card, so the clock is read when all that was asked is done.
    """
    reports = training.train(config, data)
    done = next(reports).step

    def measure() -> float:
        nonlocal reports, done
        started, before = time.perf_counter(), done
        for report in reports:
            done = report.step
            if done - before >= steps:
                return (time.perf_counter() - started) / (done - before)
        reports = training.train(config, data)  # used up: begin again
        done = next(reports).step
        return measure()

    return measure


if __name__ == "__main__":
    main()
