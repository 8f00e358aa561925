"""The models of runs, as pages look into them and as browsers are sent them."""

import functools
import threading
from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core.lessons import generate as lesson
from core.runs.records import Run
from core.vae.config import TrainConfig
from core.vae.one_step import Model
from ui import runs

__all__ = ["last_model", "packed", "packed_study", "steps", "studied"]

_one_at_a_time = threading.Lock()


def steps(run: Run) -> tuple[int, ...]:
    """The steps of a run that have weights, in order.

    Raises:
        StoreUnavailable: If the store cannot be used.
    """
    return tuple(runs.service().store.steps_with_weights(run.id))


def studied(run_id: str, step: int, member: int = 0) -> lesson.Study:
    """A model seen through held-out images, worked out once for all readers.

    Raises:
        LookupError: If there is no such model; the text is a sentence.
        ValueError: If it cannot be shown; the text is a sentence.
        StoreUnavailable: If the store cannot be used.
    """
    with _one_at_a_time:  # of sixty readers who ask at once, one computes
        return _studied(run_id, step, member)


@functools.lru_cache(maxsize=32)
def _studied(run_id: str, step: int, member: int) -> lesson.Study:
    config, weights = _read(run_id, step)
    return lesson.study(config, weights, member)


def last_model(run: Run) -> tuple[TrainConfig, Model]:
    """What a run was to train, and the first of its models as it was in the end.

    Raises:
        LookupError: If it has kept no weights; the text is a sentence.
        ValueError: If the model cannot be shown; the text is a sentence.
        StoreUnavailable: If the store cannot be used.
    """
    kept = steps(run)
    if not kept:
        raise LookupError(f"Run {run.id} has kept no weights.")
    return _model(run.id, kept[-1])


@functools.lru_cache(maxsize=8)
def _model(run_id: str, step: int) -> tuple[TrainConfig, Model]:
    config, weights = _read(run_id, step)
    return config, lesson.model_of(config, weights)


def packed(run_id: str, step: int, member: int, part: str) -> bytes:
    """The encoder or the decoder of a model as a safetensors file.

    Args:
        run_id: The run.
        step: The step that its weights are of.
        member: Which of the models that trained side by side.
        part: One of `core.lessons.generate.PARTS`.

    Raises:
        LookupError: If there is no such model; the text is a sentence.
        ValueError: If it cannot be sent; the text is a sentence.
        StoreUnavailable: If the store cannot be used.
    """
    config, weights = _read(run_id, step)
    if (why := lesson.too_large(config, part)) is not None:
        raise ValueError(why)
    model = lesson.model_of(config, weights, member)
    return save(lesson.part_of(model.weights, part))


def packed_study(run_id: str, step: int, member: int) -> bytes:
    """The codes of held-out images, and the images, as a safetensors file.

    Raises:
        LookupError, ValueError, StoreUnavailable: As `studied` does.
    """
    return save(studied(run_id, step, member).tensors())


def _read(run_id: str, step: int) -> tuple[TrainConfig, Mapping[str, np.ndarray]]:
    store = runs.service().store
    run = store.run(run_id)
    kept = None if run is None else store.weights(run_id, step)
    if run is None or kept is None:
        raise LookupError(f"There are no weights of run {run_id} at step {step} here.")
    try:
        return TrainConfig.from_json(run.config), load(kept[1])
    except SafetensorError as error:
        raise ValueError(f"The weights of run {run_id} at step {step} are damaged.") from error
