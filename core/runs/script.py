"""Writes a short program that repeats a run away from the site, with `core` alone."""

import json
import string
from collections.abc import Mapping
from typing import Any

from core.runs.records import Run

__all__ = ["script"]

_TEMPLATE = string.Template('''\
"""Repeats run $run of the site on latent variable models and VAEs.

Put this file beside the folder `core` of the site's code and run it there:

    python script.py             # train, and print the last numbers
    python script.py --save      # and write reports.csv and weights.safetensors beside it
    python script.py --measure   # and measure the model on test images

On one kind of machine and with one version of torch, every number comes out the same.
"""

import argparse
import csv
import json
from pathlib import Path

import torch
from safetensors.numpy import save_file

from core.reports import column
from core.vae import datasets, evaluation, training
from core.vae.config import TrainConfig

# The run was trained $machine.
CONFIG = $config
LAST_STEP = $last
WEIGHTS_OF = $kept  # the step whose weights the site has kept

parser = argparse.ArgumentParser(description="Repeat run $run.")
parser.add_argument("--save", action="store_true", help="write reports and weights")
parser.add_argument("--measure", action="store_true", help="measure on test images")
wanted = parser.parse_args()

config = TrainConfig.from_json(CONFIG)
torch.set_num_threads(config.threads)
data = datasets.load(config.dataset)

rows, weights = [], {}
for report in training.train(config, data):
    for member, beta in enumerate(config.betas):
        row = {"step": report.step}
        if config.members > 1:
            row |= {"member": member, "beta": beta}
        for part, values in (("training", report.training), ("held_out", report.held_out)):
            row |= {column(part, name): f"{each[member]:.9g}" for name, each in values.items()}
        rows.append(row)
    if report.step == (config.total_steps if WEIGHTS_OF is None else WEIGHTS_OF):
        weights = report.look().weights
    if LAST_STEP is not None and report.step >= LAST_STEP:
        break

print(f"{'':10}{'step':>9}{'beta':>9}{'D, nats':>12}{'R, nats':>12}")
for part in ("training", "held_out"):
    distortion, rate = column(part, "distortion"), column(part, "rate")
    known = [row for row in rows if distortion in row][-config.members :]
    for row, beta in zip(known, (config.last_beta, *config.betas[1:]), strict=False):
        numbers = f"{float(row[distortion]):12.3f}{float(row[rate]):12.3f}"
        print(f"{part:10}{row['step']:9}{beta:9g}{numbers}")

if wanted.save:
    here = Path(__file__).parent
    save_file(weights, here / "weights.safetensors")
    names = dict.fromkeys(name for row in rows for name in row)
    with (here / "reports.csv").open("w", newline="", encoding="utf-8") as file:
        ordered = sorted(names, key=lambda name: name.startswith("held_out"))
        table = csv.DictWriter(file, ordered, lineterminator="\\n")
        table.writeheader()
        table.writerows(rows)

if wanted.measure:
    *_, measured = evaluation.evaluate(config, weights, data)
    print(json.dumps(measured, indent=2))
''')


def script(run: Run, kept: int | None = None) -> str:
    """A program that trains what a run has trained, up to its last report, and prints that.

    A run that has not begun is trained to the end of its config.

    Args:
        run: The run.
        kept: The step whose weights it writes, by default its last.

    Raises:
        ValueError: If it has neither begun nor an end of its own, or is of another kind.
    """
    if run.kind != "vae":
        raise ValueError(f"`run` must be a training of a VAE, got one of the kind {run.kind!r}.")
    if run.step is None and run.config.get("steps") is None:
        raise ValueError(
            "`run` must have an end of its own or have begun, got one that is to go on until "
            "it is stopped and waits for its first report."
        )
    return _TEMPLATE.substitute(
        run=run.id,
        machine=_machine(run.machine or {}),
        config=_literal(run.config),
        kept=run.step if kept is None else kept,
        last=run.step,  # None stands for all steps of the config
    )


def _literal(config: Mapping[str, Any]) -> str:
    """A config as Python writes it, one setting a line."""
    lines = (f"    {_quoted(key)}: {_quoted(value)}," for key, value in config.items())
    return "\n".join(["{", *lines, "}"])


def _quoted(value: object) -> str:
    """A value as a Python literal, a text in double quotes as the rest of the script has it."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _machine(machine: Mapping[str, Any]) -> str:
    """Where a run was trained, in one line: it stands in a comment."""
    words = f"with torch {machine.get('torch', '?')} on {machine.get('name', 'no machine yet')}"
    return " ".join(words.split())
