"""What a worker process does: it claims one run, trains it, and writes down how it goes.

This is the only room that knows both runs and models. It imports models when it first needs
them, so that the site can name its functions without importing PyTorch.
"""

import functools
import gc
import json
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from core.reports import Report, Tensors
from core.runs.keeper import Keeper, finite
from core.runs.records import BEFORE, Claim, End, Fenced, Run, Steering, StoreUnavailable
from core.runs.store import Store

__all__ = [
    "KINDS",
    "Kind",
    "calibrate",
    "dask_setup",
    "execute",
    "machine",
    "settled_precision",
    "shape",
    "step_back",
]

CHECKPOINT_S, BIG_CHECKPOINT_S = 0.5, 2.0
"""Time between two checkpoints: what a lost worker's successor may have to repeat."""

SLICE_S, WAITING_S = 15.0, 3.0
"""Time that a run has its worker to itself; then it gives way to any that waits for so long."""

BIG_CHECKPOINT = 1_000_000
"""Bytes from which a checkpoint is big: writing it more often would wear on the disk."""

_NICENESS = 5
"""How far a worker steps back, as Unix counts: it has a third of the weight of the others."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of training is done.

    Attributes:
        read: Makes a config of its JSON, trusting nothing.
        load: The data that a config names.
        train: `train(config, data, resume=...)` yields reports, from the one after the
            checkpoint `resume` on; it is sent another beta where one is asked for. With `start`
            instead it begins with those weights.
        evaluate: `evaluate(config, weights, data)` yields what is known of the finished model,
            ever more of it. None where there is nothing to add.
        calibrate: `calibrate(config, data)` is the faster precision here. None where there is
            no choice.
        prepare: Sets this process up for a config.
        steer: `steer(config, step, beta)` is the config of a training that goes on with another
            beta after a step. None where beta has no meaning.
    """

    read: Callable[[Mapping[str, Any]], Any]
    load: Callable[[Any], Any]
    train: Callable[..., Generator[Report, float | None, None]]
    evaluate: Callable[[Any, Tensors, Any], Iterator[Mapping[str, Any]]] | None = None
    calibrate: Callable[[Any, Any], str] | None = None
    prepare: Callable[[Any], None] = lambda config: None
    steer: Callable[[Any, int, float], Any] | None = None


def _vae() -> Kind:
    import torch

    from core.vae import datasets, training
    from core.vae.config import TrainConfig
    from core.vae.evaluation import evaluate

    def prepare(config: TrainConfig) -> None:
        torch.set_num_threads(config.threads)
        if config.device == "cuda" and (why := machine()["why_cpu"]) is not None:
            raise _Explained(
                "This run was meant for a graphics card, but its worker trains on the processor. "
                f"{why} Choose the processor or the automatic device and train again."
            )

    return Kind(
        read=TrainConfig.from_json,
        load=lambda config: datasets.load(config.dataset),
        train=training.train,
        evaluate=evaluate,
        calibrate=training.calibrate,
        prepare=prepare,
        steer=TrainConfig.steered,
    )


def _density() -> Kind:
    import torch

    from core.density import flow
    from core.density.config import DensityConfig

    return Kind(
        read=DensityConfig.from_json,
        load=flow.load,
        train=flow.train,
        prepare=lambda config: torch.set_num_threads(config.threads),
    )


KINDS: dict[str, Callable[[], Kind]] = {"vae": _vae, "density": _density}
"""The kinds of training, each behind a function that imports what it needs."""


class _Explained(Exception):
    """A failure whose text is a sentence for the page."""


# -- Tasks ------------------------------------------------------------------------------------


def execute(run_id: str, attempt: int, store_url: str, limit_s: float) -> None:
    """Make one attempt at a run, from where the last one was lost to its end or a stop.

    Nothing is returned: all that comes of it is in the store. A run that is not waiting for
    this attempt is left alone, so the task may be run twice.

    Args:
        run_id: The run.
        attempt: The number of this attempt: one more than have been made.
        store_url: Where the run is.
        limit_s: Seconds that a run may take since it was put in the queue.
    """
    try:
        store = _store(store_url)
        run = store.run(run_id)
        if run is None:
            return
        claim = store.claim(run_id, attempt, _machine_for(run.config))
        overstayed = _end_process if _is_replaced else None
        with Keeper(store, claim, overstayed) as keeper:
            end = _outcome(store, claim, keeper, limit_s)
            keeper.finish(end)
        if end.state == "stopped":
            _measure_as_left(store, run_id)
    except (Fenced, StoreUnavailable) as error:
        _LOG.info("Run %s is left alone: %s", run_id, error)
    _let_go_of_card()


def machine() -> dict[str, Any]:
    """What this worker computes with, as far as it decides about numbers and speed.

    `why_cpu` says in a sentence why that is not a graphics card, or is None where it is;
    `has_failing_card` whether there is one that does not work.
    """
    with _looking:  # one thread at a time may try the card out
        return _machine()


_looking = threading.Lock()


@functools.lru_cache(maxsize=1)
def _machine() -> dict[str, Any]:
    import torch

    processor = _processor()
    why_cpu, is_failing = _why_cpu()
    if why_cpu is None:
        name, bf16 = torch.cuda.get_device_name(), torch.cuda.is_bf16_supported()
    else:
        name, bf16 = processor, _has_bf16()
    return {
        "device": "cuda" if why_cpu is None else "cpu",
        "why_cpu": why_cpu,
        "has_failing_card": is_failing,
        "name": name,
        "processor": processor,
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "bf16": bf16,
        "torch": str(torch.__version__),  # a type of torch's own; the site has none
    }


def calibrate(kind: str, fields: Mapping[str, Any]) -> str | None:
    """The faster precision for a config whose device is named, by timing it on this worker.

    None where that cannot be told. The run that follows will say why.
    """
    try:
        trainer = _kind(kind)
        if trainer.calibrate is None:
            return None
        config = trainer.read(fields)
        trainer.prepare(config)
        return str(trainer.calibrate(config, trainer.load(config)))
    except Exception as error:
        _LOG.info("The precision could not be timed.", exc_info=error)
        return None


def dask_setup(worker: object) -> None:
    """Called by dask in each new worker: steps back, and imports what the first run will need."""
    global _is_replaced
    _is_replaced = True
    step_back()
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


_is_replaced = False
"""Whether this process is started again by somebody when it ends."""


def _end_process() -> None:
    """End this process at once: the run is over, and only its training has not noticed."""
    _LOG.info("A training that was stopped has not finished its step; its process ends.")
    os._exit(0)


def step_back() -> None:
    """Let the site, and the browser on a laptop, go first where cores are few.

    Linux may divide a core among sessions before it looks at processes. Workers are in a session
    of their own, with the engine, and their own niceness would count only among themselves.
    """
    with suppress(psutil.AccessDenied):
        psutil.Process().nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", _NICENESS))
    with suppress(OSError):  # there is none elsewhere, nor where sessions are not divided by
        Path("/proc/self/autogroup").write_text(str(_NICENESS))


# -- What the service asks without a worker ---------------------------------------------------


def settled_precision(config: Any, described: Mapping[str, Any]) -> str | None:  # noqa: ANN401
    """The precision of a config on a machine, where that needs no timing; else None."""
    if not described.get("bf16") or getattr(config, "dataset", None) == "digits":
        return "fp32"
    return None


def shape(kind: str, fields: Mapping[str, Any]) -> str:
    """What of a config decides about its speed, as a short text.

    Args:
        kind: The config's kind.
        fields: The config as JSON.
    """
    speed = {name: value for name, value in fields.items() if name not in _NO_MATTER_OF_SPEED}
    members = len(fields.get("betas", ()))
    return json.dumps({**speed, "kind": kind, "members": members}, sort_keys=True)


_LENGTHS = {"epochs", "steps", "beta_warmup"}
_VALUES = {"betas", "learning_rate", "scale", "schedule", "seed"}
_NO_MATTER_OF_SPEED = _LENGTHS | _VALUES | {"precision"}


# -- How it is done ---------------------------------------------------------------------------


@functools.lru_cache(maxsize=4)
def _store(url: str) -> Store:
    return Store(url)


def _outcome(store: Store, claim: Claim, keeper: Keeper, limit_s: float) -> End:
    """Train, evaluate, and say how it ended."""
    try:
        return _train(store, claim, keeper, limit_s) or End(state="done")
    except (Fenced, StoreUnavailable):
        raise
    except Exception as error:
        sentence, is_expected = _sentence(error)
        _LOG.log(
            logging.INFO if is_expected else logging.ERROR,
            "Run %s failed.",
            claim.run.id,
            exc_info=error,
        )
        return End(state="failed", message=sentence)


def _train(store: Store, claim: Claim, keeper: Keeper, limit_s: float) -> End | None:
    """Train from the checkpoint on; the end, if it came before the training's own."""
    from safetensors.numpy import load

    run = claim.run
    began = saved = time.monotonic()
    pause_s = CHECKPOINT_S
    kind = _kind(run.kind)
    config = kind.read(run.config)
    kind.prepare(config)
    data = kind.load(config)
    begin: dict[str, Tensors] = {}
    if claim.checkpoint is not None:
        is_start = claim.checkpoint.step == BEFORE
        begin["start" if is_start else "resume"] = load(claim.checkpoint.body)
    seen = -1 if run.step is None else run.step
    weights: Tensors | None = None
    beta: float | None = None
    with closing(kind.train(config, data, **begin)) as reports:
        while (report := _next(reports, beta)) is not None:
            beta = None
            now = time.monotonic()
            end = _early_end(keeper, run, now - began, limit_s)
            steering = None
            if end is None and kind.steer is not None and report.step > seen:
                config, beta, steering = _steered(kind.steer, config, report.step, keeper)
            if beta is not None and report.measured is not None:
                report = report.measured()
            is_kept = report.snapshot is not None and report.snapshot.weights is not None
            if end and not is_kept and report.look is not None:  # the model as it is left
                report = replace(report, snapshot=report.look())
            if report.step > seen:
                keeper.report(report, steering)
            if report.snapshot is not None and report.snapshot.weights is not None:
                weights = report.snapshot.weights
            if end is None and now - saved >= pause_s:
                end = _way_given(store, run, has_had_its_turn=now - began >= SLICE_S)
            if end or now - saved >= pause_s or report.step == config.total_steps:
                tensors = report.checkpoint()
                keeper.checkpoint(report.step, tensors)
                is_big = sum(values.nbytes for values in tensors.values()) > BIG_CHECKPOINT
                saved, pause_s = now, BIG_CHECKPOINT_S if is_big else CHECKPOINT_S
            if end:
                return end
    if kind.evaluate is None:
        return None
    if weights is None:  # the last attempt was lost when there was nothing left to train
        kept = store.weights(run.id)
        weights = None if kept is None else load(kept[1])
    known: Mapping[str, Any] | None = None
    for values in () if weights is None else kind.evaluate(config, weights, data):
        if values != known:
            keeper.evaluation(values)
            known = values
        if state := keeper.leaves_as:
            return End(state=state)
    return None


def _measure_as_left(store: Store, run_id: str) -> None:
    """Measure the model that a stopped run has left, for as long as nobody waits for a worker."""
    from safetensors.numpy import load

    run, kept = store.run(run_id), store.weights(run_id)
    if run is None or kept is None or run.evaluation is not None or kept[0] != run.step:
        return
    kind = _kind(run.kind)
    if kind.evaluate is None:
        return
    try:
        config = kind.read(run.config)
        for values in kind.evaluate(config, load(kept[1]), kind.load(config)):
            if store.is_anyone_waiting(0.0) or not store.measured(run, finite(values)):
                return
    except (Fenced, StoreUnavailable):
        raise
    except Exception:
        _LOG.exception("What run %s has left could not be measured.", run_id)


def _next(reports: Generator[Report, float | None, None], beta: float | None) -> Report | None:
    """The next report of a training that goes on with this beta, or None after the last."""
    try:
        return reports.send(beta)
    except StopIteration:
        return None


def _steered(
    steer: Callable[[Any, int, float], Any],
    config: Any,  # noqa: ANN401 - a config of whatever kind, and the same back
    step: int,
    keeper: Keeper,
) -> tuple[Any, float | None, Steering | None]:
    """The config after a step, the beta to go on with if it is another, and the order carried out.

    An order is done with, too, where it changes nothing: a run is steered as often as can be.
    """
    asked = keeper.take_beta()
    if asked is None:
        return config, None, None
    try:
        steered = steer(config, step, asked)
    except ValueError:
        steered = config
    beta = None if steered is config else asked
    return steered, beta, Steering(config=steered.to_json(), beta=asked)


def _early_end(keeper: Keeper, run: Run, spent_s: float, limit_s: float) -> End | None:
    """The end of a training that is to stop at this report, or None."""
    if state := keeper.leaves_as:
        return End(state=state)
    if run.spent + spent_s > limit_s:
        limit = f"{limit_s / 60:.0f} minutes" if limit_s >= 120 else f"{limit_s:g} s"
        return End(
            state="stopped",
            message=f"Stopped after {limit}, the longest that a run may train here."
            " Go on takes it up again from this step.",
        )
    return None


def _way_given(store: Store, run: Run, *, has_had_its_turn: bool) -> End | None:
    """The end of an attempt whose run goes back into the queue, if others have waited in it.

    Whoever continues it as their own does not wait for its turn to be over, unless somebody else
    watches it.
    """
    with suppress(StoreUnavailable):  # the keeper says so, and waits
        is_late = has_had_its_turn and store.is_anyone_waiting(WAITING_S)
        if is_late or store.is_left_behind(run.id):
            return End(
                state="queued",
                message="Others were waiting, so this run has let them train. It goes on by "
                "itself when it is its turn.",
            )
    return None


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise _Explained(
            f"This worker does not know trainings of the kind {name!r}: it runs another version "
            "of the site; bring both to the same one."
        )
    return KINDS[name]()


def _sentence(error: Exception) -> tuple[str, bool]:
    """What a page says of a failure, and whether it was one to be expected."""
    from core.vae.datasets import DatasetUnavailable

    text = str(error).strip()
    if isinstance(error, DatasetUnavailable | _Explained) or type(error) is ArithmeticError:
        return text, True
    if _is_memory(error):
        is_card = "CUDA" in text or "CUBLAS" in text
        where = "the memory of the graphics card, which trainings share" if is_card else "memory"
        return (
            f"The training did not fit into {where}: choose narrower hidden layers, a smaller "
            "batch or fewer values of β, and train again.",
            True,
        )
    if isinstance(error, OSError):
        text = error.strerror or ""
    return f"The training failed. {type(error).__name__}: {_first_line(text)}.", False


def _first_line(text: str) -> str:
    return text.splitlines()[0][:200].rstrip(".") if text else "no more is known"


def _is_memory(error: Exception) -> bool:
    is_ours = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    allocators = ("DefaultCPUAllocator", "not enough memory", "out of memory", "ALLOC_FAILED")
    return is_ours or (
        isinstance(error, RuntimeError) and any(name in str(error) for name in allocators)
    )


def _machine_for(config: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept with a run about the machine that it ran on."""
    here = machine()
    is_card = config.get("device") == "cuda" and here["device"] == "cuda"
    device = {"device": "cuda" if is_card else "cpu", "name": here["name"]}
    if not is_card:
        device["name"] = here["processor"]
    told = ("processor", "instruction_set", "torch", "why_cpu", "has_failing_card")
    kept = {name: here[name] for name in told}
    asked = {name: config[name] for name in ("threads", "precision") if name in config}
    return device | kept | asked


def _why_cpu() -> tuple[str | None, bool]:
    """Why this worker trains on the processor, as a sentence, and whether a card fails it.

    A card that is listed may still fail: an old driver, a PyTorch that was not built for it,
    other programs that have filled it. So it has to do a short training first.
    """
    import torch

    from core.vae.datasets import DatasetUnavailable

    if not torch.backends.cuda.is_built():
        return "This PyTorch was built without support for graphics cards.", False
    if not torch.cuda.is_available():
        return "PyTorch finds no graphics card here.", False
    try:
        _train_briefly("vae", device="cuda", precision="fp32", steps=3)
    except DatasetUnavailable:
        pass  # whoever trains on it will be told; it says nothing of the card
    except Exception as error:
        _LOG.warning("The graphics card is not used.", exc_info=error)
        text = f"{type(error).__name__}: {_first_line(str(error))}"
        return f"The graphics card here failed a short trial ({text}).", True
    return None, False


def _train_briefly(name: str, **fields: object) -> None:
    """A short training, which loads what longer ones need."""
    kind = KINDS[name]()
    config = kind.read(fields)
    for _ in kind.train(config, kind.load(config)):
        pass


def _let_go_of_card() -> None:
    """Give back the card's memory, which other workers may need; end if the card is lost to us.

    After some errors a process can never use its card again. A worker that has ended is started
    anew, and what it has done is in the store.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return
    try:
        torch.cuda.synchronize()
        gc.collect()
        torch.cuda.empty_cache()
    except RuntimeError:
        _LOG.exception("The card is lost to this worker, which ends.")
        os._exit(1)


def _has_bf16() -> bool:
    import torch

    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):
        return False  # a build without that library; then there is nothing to gain


def _processor() -> str:
    """The name of this machine's processor, as far as its system tells it."""
    try:
        if sys.platform == "linux":
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _warm_up() -> None:
    from core.vae.datasets import DatasetUnavailable

    try:
        machine()
        _train_briefly("vae", device="cpu", precision="fp32", steps=3)
        _train_briefly("density", steps=2)
    except DatasetUnavailable:
        pass  # whoever trains on it will be told
    except Exception:
        _LOG.exception("A worker could not warm up.")
