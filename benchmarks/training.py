"""How fast the trainer is: `python -m benchmarks.training [--json]`.

Ours is what a run does, reports and looks at held-out data included. The plain loop of
`benchmarks.plain_loop` reports nothing. All seconds are CPU seconds of one thread, medians of
ten unless the note says otherwise, and the two sides of a ratio take turns.
"""

import argparse
import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable, Iterator

import torch

from benchmarks import plain_loop
from benchmarks.figures import Figure, interleaved, show
from core.vae import datasets, evaluation, training
from core.vae.config import Precision, TrainConfig
from core.vae.datasets import Dataset

MLP = TrainConfig(dataset="mnist", hidden=(400,), latent_dim=20, learning_rate=1e-3)
"""The standard 784-400-20 network."""

QUALITY = dataclasses.replace(MLP, batch_size=256, learning_rate=1.4e-2, steps=None, epochs=4)
"""The recipe that reaches 105.57 nats, the last figure of the usual ten-epoch script."""

BETAS = tuple(0.125 * 2 ** (i / 2) for i in range(12))


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    torch.set_num_threads(1)
    figures = [*digits_figures(), *epoch_figures(), *mnist_figures()]
    show(figures, as_json=as_json)


def digits_figures() -> Iterator[Figure]:
    """The default run, eight of it side by side, and a whole rate-distortion curve."""
    data = datasets.load("digits")
    default = resolved(TrainConfig())
    x = training.seen_by(default, data, "train")
    list(training.train(default, data))  # the first run of a process pays for lazy imports
    plain = plain_loop.timed_epochs(x, hidden=default.hidden[0], latent_dim=default.latent_dim)
    next(plain)

    seeds = itertools.count()
    ends: list[float] = []

    def default_run() -> float:
        config = dataclasses.replace(default, seed=next(seeds))
        started = time.process_time()
        *_, last = training.train(config, data)
        seconds = time.process_time() - started
        weights = last.snapshot.weights if last.snapshot else None
        first_result = next(iter(evaluation.evaluate(config, weights or {}, data)))
        ends.append(test_neg_elbo(first_result))
        return seconds

    steps = 20 * default.steps_per_epoch
    stack = resolved(TrainConfig(betas=(1.0,) * 8, steps=100 * steps))
    curve = resolved(TrainConfig(betas=BETAS))

    def eight_plain() -> float:
        seconds = sum(next(plain) for _ in range(20))
        return 8 * seconds / (20 * len(x)) * default.batch_size

    one, plain_step, stack_step, twelve = interleaved(
        [default_run, eight_plain, per_step(stack, data, steps), seconds_of(curve, data)]
    )
    yield Figure("digits_seconds", one, "s", most=0.6, note="default run: 800 steps, digits")
    yield Figure(
        "digits_neg_elbo", max(ends), "nats", most=25.0, note="test digits, worst of ten seeds"
    )
    yield Figure(
        "stack8_ratio", plain_step / stack_step, least=6, note="eight plain models over a stack"
    )
    yield Figure(
        "curve12_seconds", twelve, "s", most=4, note="twelve betas, 800 steps, side by side"
    )


def epoch_figures() -> Iterator[Figure]:
    """One pass of 784-400-20 against the plain loop, and the share of bare matrix products."""
    data = images_like_mnist()
    config = dataclasses.replace(MLP, dataset=data.info.name)
    x = training.seen_by(config, data, "train")
    plain = plain_loop.timed_epochs(x, hidden=400, latent_dim=20)
    next(plain)
    fast: Precision = "bf16" if has_bf16() else "fp32"
    long = dataclasses.replace(config, steps=None, epochs=12)
    epoch, wide = long.steps_per_epoch, dataclasses.replace(long, batch_size=256)
    seconds = interleaved(
        [
            lambda: next(plain),
            per_step(resolved(long, "fp32"), data, epoch),
            per_step(resolved(long, fast), data, epoch),
            per_step(resolved(wide, fast), data, wide.steps_per_epoch),
            matrix_products(wide, fast),
            per_step(resolved(wide, "fp32"), data, wide.steps_per_epoch),
            matrix_products(wide, "fp32"),
        ]
    )
    plain_epoch, fp32, best, wide_step, products, wide_fp32, products_fp32 = seconds
    note = f"plain epoch of {data.info.title} over ours, batch 128"
    yield Figure("epoch_ratio_fp32", plain_epoch / (fp32 * epoch), least=1.5, note=note)
    least = 2.4 if fast == "bf16" else 1.5
    yield Figure(
        "epoch_ratio_best", plain_epoch / (best * epoch), least=least, note=f"the same in {fast}"
    )
    yield Figure(
        "gemm_share", products / wide_step, least=0.75, note=f"bare products, batch 256, {fast}"
    )
    yield Figure("gemm_share_fp32", products_fp32 / wide_fp32, least=0.75, note="the same in fp32")
    yield Figure("plain_epoch_seconds", plain_epoch, "s", note="for the record")
    yield Figure("epoch_seconds_best", best * epoch, "s", note="for the record")


def mnist_figures() -> Iterator[Figure]:
    """Time to the quality of the usual ten-epoch script, where MNIST is at hand."""
    keys = ("mnist_seconds_to_105_57", "mnist_time_ratio")
    if sentence := datasets.problem("mnist"):
        yield from (Figure(key, None, note=sentence) for key in keys)
        return
    data = datasets.load("mnist")
    fast: Precision = "bf16" if has_bf16() else "fp32"
    config = resolved(QUALITY, fast)
    plain = plain_loop.timed_epochs(
        training.seen_by(config, data, "train"), hidden=400, latent_dim=20
    )
    ours, ends, tens = [], [], []
    for seed in range(3):
        started = time.process_time()
        *_, last = training.train(dataclasses.replace(config, seed=seed), data)
        ours.append(time.process_time() - started)
        weights = last.snapshot.weights if last.snapshot else None
        ends.append(test_neg_elbo(next(iter(evaluation.evaluate(config, weights or {}, data)))))
        tens.append(10 * statistics.median(next(plain) for _ in range(3)))
    reached = max(ends) <= 105.57
    note = f"{QUALITY.epochs} epochs, worst of three seeds ends at {max(ends):.2f} nats, {fast}"
    seconds = statistics.median(ours)
    yield Figure(keys[0], seconds if reached else None, "s", note=note)
    yield Figure(
        keys[1],
        statistics.median(tens) / seconds if reached else None,
        least=6 if fast == "bf16" else 4,
        note="ten epochs of the plain loop over it",
    )


# -- Pieces -------------------------------------------------------------------------------


def resolved(config: TrainConfig, precision: Precision = "fp32") -> TrainConfig:
    """The config as a worker without an accelerator would run it."""
    return config.resolved(device="cpu", precision="bf16" if precision == "bf16" else "fp32")


def seconds_of(config: TrainConfig, data: Dataset) -> Callable[[], float]:
    """A measure of one whole training."""

    def measure() -> float:
        started = time.process_time()
        for _ in training.train(config, data):
            pass
        return time.process_time() - started

    return measure


def per_step(config: TrainConfig, data: Dataset, steps: int) -> Callable[[], float]:
    """A measure of the next `steps` steps of one training, in seconds a step."""
    reports = training.train(config, data)
    done = next(reports).step

    def measure() -> float:
        nonlocal reports, done
        started, before = time.process_time(), done
        for report in reports:
            done = report.step
            if done - before >= steps:
                return (time.process_time() - started) / (done - before)
        reports = training.train(config, data)  # used up: begin again
        done = next(reports).step
        return measure()

    return measure


def matrix_products(config: TrainConfig, precision: Precision) -> Callable[[], float]:
    """A measure of one step's matrix products alone, contiguous operands, in seconds a step."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    hidden, latent, batch = config.hidden[0], config.latent_dim, config.batch_size
    layers = [(config.data_dim, hidden), (hidden, 2 * latent), (latent, hidden)]
    layers.append((hidden, config.data_dim))
    shapes = []
    for number, (inputs, outputs) in enumerate(layers):
        shapes.append((batch, inputs, outputs))  # forward
        shapes.append((inputs, batch, outputs))  # by the weights
        if number:
            shapes.append((batch, outputs, inputs))  # by the layer below
    operands = [
        (
            torch.rand(m, k).to(dtype),
            torch.rand(k, n).to(dtype),
            torch.empty(m, n, dtype=dtype),
        )
        for m, k, n in shapes
    ]

    def measure(rounds: int = 40) -> float:
        started = time.process_time()
        for _ in range(rounds):
            for left, right, out in operands:
                torch.mm(left, right, out=out)
        return (time.process_time() - started) / rounds

    return measure


def images_like_mnist() -> Dataset:
    """MNIST where it is at hand, else sprites, which have the same size."""
    return datasets.load("sprites" if datasets.problem("mnist") else "mnist")


def has_bf16() -> bool:
    """Whether this processor multiplies bf16 numbers itself, so that it pays."""
    return training.calibrate(MLP_ON_SPRITES, datasets.load("sprites")) == "bf16"


MLP_ON_SPRITES = dataclasses.replace(MLP, dataset="sprites", device="cpu")


def test_neg_elbo(result: dict) -> float:
    """Negative ELBO of the first member on the test split, in nats."""
    return result["neg_elbo"]["value"][0]


if __name__ == "__main__":
    main()
