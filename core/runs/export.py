"""What a reader can take home of a run: files that need neither this site nor its database.

It knows what is stored of a run and nothing of models. Whatever is still missing, of a run that
has only begun, is said in a sentence; no number is made up for it.
"""

import csv
import io
import json
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from safetensors.numpy import load

from core.reports import column
from core.runs.contact_sheet import contact_sheet
from core.runs.records import Run
from core.runs.script import script
from core.runs.store import Store

__all__ = ["FILES", "File", "NotThere", "Taken", "config_json", "reports_csv", "take"]

MOST_SHEETS = 100
"""Contact sheets in one zip. Only a training without an end has more snapshots."""

_PAGE = 1000
"""Batches that are read at once."""


class NotThere(Exception):
    """A file that a run does not have, or not yet; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class File:
    """One kind of file that can be had of every run.

    Attributes:
        name: What addresses and the zip call it.
        label: What a page calls it.
        content: What is in it, with its units, as a sentence.
        media_type: What browsers call its format.
    """

    name: str
    label: str
    content: str
    media_type: str


FILES: dict[str, File] = {
    file.name: file
    for file in (
        File(
            "everything.zip",
            "Everything",
            "All of the following, the pictures of every snapshot, and a text that says what "
            "is what.",
            "application/zip",
        ),
        File(
            "reports.csv",
            "Reports",
            "One row for each report, with distortion and rate in nats per image.",
            "text/csv; charset=utf-8",
        ),
        File(
            "config.json",
            "Config",
            "Every setting of the training. This page opens it again.",
            "application/json",
        ),
        File(
            "weights.safetensors",
            "Weights",
            "The parameters at the last step that kept them, as float32.",
            "application/octet-stream",
        ),
        File(
            "pictures.png",
            "Pictures",
            "Originals over reconstructions, then samples, at the last snapshot.",
            "image/png",
        ),
        File(
            "script.py",
            "Script",
            "Trains the same again, with the folder core of this site's code and nothing else.",
            "text/x-python; charset=utf-8",
        ),
    )
}
"""What can be had of a run, in the order in which a page offers it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file, ready to be written down.

    Attributes:
        name: What to call it where files of many runs lie side by side.
        media_type: What browsers call its format.
        body: Its bytes.
    """

    name: str
    media_type: str
    body: bytes


def take(store: Store, run: Run, what: str, step: int | None = None) -> Taken:
    """One of `FILES` of a run.

    Args:
        store: Where the run is.
        run: The run.
        what: The name of the file.
        step: The snapshot that pictures are wanted of, or None for the last.

    Raises:
        NotThere: If there is no such file, or nothing yet to put into it.
    """
    if what not in FILES:
        raise NotThere(f"The files of a run are {', '.join(FILES)}.")
    name = _name(run, what)
    match what:
        case "everything.zip":
            body = _everything(store, run)
        case "reports.csv":
            body = reports_csv(run, _bodies(store, run)).encode()
        case "config.json":
            body = config_json(run).encode()
        case "weights.safetensors":
            body = _weights(store, run)[1]
        case "pictures.png":
            step = _last_snapshot(store, run) if step is None else step
            name, body = _name(run, f"pictures-step-{step}.png"), _pictures(store, run, step)
        case _:
            body = _script(store, run).encode()
    return Taken(name, FILES[what].media_type, body)


def config_json(run: Run) -> str:
    """The resolved config of a run, one setting a line."""
    return json.dumps(run.config, indent=2, ensure_ascii=False) + "\n"


# -- Reports ----------------------------------------------------------------------------------


def reports_csv(run: Run, bodies: Iterable[str]) -> str:
    """The reports of a run as a table: a row for each step, and for each member of several.

    Numbers have the digits they are stored with, from which a float32 can be told exactly. What
    was not measured at a step, or was no finite number, is an empty cell.

    Args:
        run: The run.
        bodies: Its batches, in order.
    """
    betas = run.config.get("betas", [None])
    rows: dict[int, list[dict[str, str]]] = {}
    headings = {"training": ["time"], "held_out": []}
    for body in bodies:
        # Numbers stay the text they are: there is nothing to compute.
        batch = json.loads(body, parse_float=str, parse_int=str)
        for part, known in headings.items():
            table = batch[part]
            names = {name: _heading(part, name) for name in table if name != "step"}
            known += [heading for heading in names.values() if heading not in known]
            for place, step in enumerate(table["step"]):
                of_step = rows.setdefault(int(step), [{"step": step} for _ in betas])
                for member, row in enumerate(of_step):
                    row |= {
                        heading: _cell(table[name][place], member)
                        for name, heading in names.items()
                    }
    several = ["member", "beta"] if len(betas) > 1 else []
    file = io.StringIO()
    columns = ["step", *several, *headings["training"], *headings["held_out"]]
    table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for step in sorted(rows):
        for member, row in enumerate(rows[step]):
            table.writerow(row | {"member": member, "beta": betas[member]})
    return file.getvalue()


def _heading(part: str, name: str) -> str:
    return name if name == "time" else column(part, name)


def _cell(values: str | Sequence[str | None] | None, member: int) -> str:
    """What stands for one member where a batch has one value for all, one each, or none."""
    value = values[member] if isinstance(values, list) else values
    return "" if value is None else str(value)


def _bodies(store: Store, run: Run) -> Iterator[str]:
    """The batches of a run as it stood when it was read: it may be growing."""
    after = 0
    while after < run.sequence:
        page = store.batches(run.id, after, min(_PAGE, run.sequence - after))
        if not page:
            return
        yield from (body for _, body in page)
        after = page[-1][0]


# -- What is stored as it is taken ------------------------------------------------------------


def _weights(store: Store, run: Run) -> tuple[int, bytes]:
    """Step and file of the weights that were kept last."""
    kept = store.weights(run.id)
    if kept is None:
        raise NotThere(f"Run {run.id} has kept no weights yet; wait for its first report.")
    return kept


def _last_snapshot(store: Store, run: Run) -> int:
    steps = store.snapshots(run.id)
    if not steps:
        raise NotThere(f"Run {run.id} has no pictures yet; wait for its first report.")
    return steps[-1]


def _pictures(store: Store, run: Run, step: int) -> bytes:
    """The contact sheet of one snapshot."""
    stored = store.pictures(run.id, step)
    if stored is None:
        raise NotThere(f"There are no pictures of run {run.id} at step {step}.")
    pictures = load(stored)
    if "density" in pictures:
        raise NotThere(f"Run {run.id} fits a density, and has no pictures of images.")
    notes = {"Title": f"Run {run.id}, step {step}", "Description": json.dumps(run.config)}
    return contact_sheet(pictures, notes)


def _script(store: Store, run: Run) -> str:
    steps = store.steps_with_weights(run.id)
    try:
        return script(run, steps[-1] if steps else None)
    except ValueError as error:
        raise NotThere(str(error)) from error


# -- Everything at once -----------------------------------------------------------------------


def _everything(store: Store, run: Run) -> bytes:
    """A zip of one folder with every file that there is by now."""
    files: dict[str, bytes | str] = {
        "reports.csv": reports_csv(run, _bodies(store, run)),
        "config.json": config_json(run),
    }
    notes = [_ABOUT["reports.csv"], _ABOUT["config.json"]]
    if run.evaluation is not None:
        files["measured.json"] = json.dumps(run.evaluation, indent=2) + "\n"
        notes.append(_ABOUT["measured.json"])
    if (kept := store.weights(run.id)) is not None:
        files["weights.safetensors"] = kept[1]
        notes.append(_ABOUT["weights.safetensors"].format(step=kept[0]))
    try:
        files["script.py"] = _script(store, run)
        notes.append(_ABOUT["script.py"])
    except NotThere as reason:
        notes.append(f"There is no script.py. {reason}")
    steps = _spread(store.snapshots(run.id), MOST_SHEETS) if run.kind != "density" else []
    for step in steps:
        files[f"pictures/step-{step:0{len(str(steps[-1]))}}.png"] = _pictures(store, run, step)
    if steps:
        notes.append(_ABOUT["pictures"])
    files["README.txt"] = "\n\n".join([_title(run), *notes]) + "\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in files.items():
            info = zipfile.ZipInfo(f"{run.kind}-{run.id}/{name}", time.gmtime(run.created)[:6])
            info.external_attr = 0o644 << 16
            is_text = isinstance(body, str)
            info.compress_type = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
            archive.writestr(info, body)
    return packed.getvalue()


def _spread(steps: Sequence[int], most: int) -> list[int]:
    """At most so many of some steps, evenly, with the first and the last.

    Example:
        >>> _spread([0, 1, 2, 3, 5, 8, 13], 3)
        [0, 3, 13]
    """
    if len(steps) <= most:
        return list(steps)
    return [steps[place * (len(steps) - 1) // (most - 1)] for place in range(most)]


def _title(run: Run) -> str:
    step = "before its first step" if run.step is None else f"at step {run.step}"
    trained = run.machine or {}
    where = f", with torch {trained['torch']} on {trained['name']}" if "torch" in trained else ""
    return (
        f"Run {run.id}: {run.state}, {step}{where}.\n"
        "From the site that goes with the lecture on latent variable models and VAEs."
    )


_ABOUT = {
    "reports.csv": """reports.csv
  One row for each report; with several members, one for each member of each.
  step                   optimiser steps taken; 0 is the untrained model
  member, beta           only with several members: the position along the first axis of every
                         array of weights, and the price of a nat of rate it is to reach
  time                   when the report was made, in seconds since 1970
  training_...           on the mini-batch of that step, before its update
  held_out_...           on held-out images, at the steps where they were looked at
  ..._distortion_nats    D: sum over pixels, mean over images, in nats per image
  ..._rate_nats          R: sum over code dimensions, mean over images, in nats per image
  ..._neg_elbo_nats      D + R, in nats per image
  ..._objective_nats     D + beta R, what training lowers, in nats per image
  ..._beta               beta at that step: nats of distortion for one nat of rate
  ..._scale              standard deviation of a Gaussian decoder, where pixels run from 0 to 1
  ..._standard_error_... how far the mean before it is off, typically, for the images drawn
  An empty cell is a value that was not measured at that step, or was no finite number.""",
    "config.json": """config.json
  Every setting of the training. The page that trains opens it again.""",
    "measured.json": """measured.json
  What was measured on test images after the training, in nats per image, one entry for each
  member. Without a density ("is_density" is false) the numbers compare models and bound no
  log-likelihood.""",
    "weights.safetensors": """weights.safetensors
  The parameters at step {step}, as float32, with the members along the first axis. Read it with
  the package safetensors: nothing in it can run.""",
    "script.py": """script.py
  Trains the same up to the last report, with the folder `core` of the site's code beside it.""",
    "pictures": """pictures/
  One sheet for each snapshot, or for a hundred of them: originals over reconstructions, then
  samples; member below member. Black is no ink and white is full ink.""",
}


def _name(run: Run, what: str) -> str:
    return f"{run.kind}-{run.id}-{what}"
