"""What a reader takes home of a run, and which settings a file brings back.

A file may come from anybody: it is sized before it is read, and nothing of it is believed that
the config itself does not check.
"""

import json
from dataclasses import dataclass
from typing import Any

from core.lessons.train import (
    BETAS,
    LAST_EPOCHS,
    PEAKS,
    SCALES,
    Choices,
    choices_of,
    sized,
)
from core.runs.export import FILES, File
from core.runs.records import Run
from core.vae.config import TrainConfig

__all__ = ["MOST_BYTES", "Opened", "offers", "opened"]

MOST_BYTES = 65_536
"""Bytes of a config file: hundreds of times what one takes."""

_LONGEST = 400
"""Letters of a sentence that repeats something from a file."""


def offers(run: Run) -> tuple[File, ...]:
    """The files that a run has: before its first report, those that say what it is to be."""
    if run.step is not None or run.state == "running":
        return tuple(FILES.values())
    has_end = run.config.get("steps") is not None
    return tuple(FILES[name] for name in ("config.json", *["script.py"][:has_end]))


@dataclass(frozen=True, slots=True)
class Opened:
    """What has come of opening a config.

    Attributes:
        config: The training it describes, or None if it describes none.
        choices: Where the controls stand for it, or None if they cannot express it.
        problem: Why the controls stay as they are, as a sentence, or None.
        refusal: Why it cannot be trained here as it is, as a sentence, or None.
        note: How long that takes, where it is worth knowing before the press, or None.
    """

    config: TrainConfig | None
    choices: Choices | None
    problem: str | None
    refusal: str | None = None
    note: str | None = None


def opened(body: bytes) -> Opened:
    """The training that a file describes, trusting nothing.

    Args:
        body: The file, which is to hold a config as JSON.

    Example:
        >>> opened(b'{"steps": 0}').problem
        '`steps` must be a whole number from 1 to 10,000,000, got 0.'
        >>> opened(b'{"betas": [2.0]}').choices.beta
        2.0
    """
    try:
        config = TrainConfig.from_json(_read(body))
    except RecursionError:
        problem = "A config must hold numbers, words and lists, got lists within lists too deep."
        return Opened(config=None, choices=None, problem=problem)
    except ValueError as error:
        return Opened(config=None, choices=None, problem=_shortened(str(error)))
    choices = choices_of(config)
    if choices is None:
        plan = sized(config)
        problem = (
            "This config describes a training, but not one that the controls can show: "
            f"{_obstacle(config)}. They stay as they are"
            f"{'' if plan.problem else '; it can be trained as it is'}."
        )
        return Opened(config, None, problem, refusal=plan.problem, note=plan.note)
    return Opened(config=config, choices=choices, problem=None)


def _read(body: bytes) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        ValueError: If it is too large or holds none.
    """
    if len(body) > MOST_BYTES:
        raise ValueError(f"A config must have at most {MOST_BYTES:,} bytes, got a larger file.")
    try:
        found = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"A config must be text in UTF-8, got another byte at place {error.start:,}."
        ) from error
    except json.JSONDecodeError as error:
        raise ValueError(
            f"A config must be JSON, got something else in line {error.lineno:,}, column "
            f"{error.colno:,}."
        ) from error
    if not isinstance(found, dict):
        kinds = {list: "a list", str: "a word", bool: "true or false", type(None): "null"}
        raise ValueError(
            f"A config must be a JSON object, got {kinds.get(type(found), 'a number')}."
        )
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, which JSON would let repeat itself and contradict itself."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"`{twice[:40]}` must be there once, got it {names.count(twice)} times.")
    return found


def _whole(digits: str) -> int | float:
    """A whole number, or infinity for one with more digits than Python reads."""
    return int(digits) if len(digits) < 4000 else float(digits)


def _obstacle(config: TrainConfig) -> str:
    """The first setting that no control can show, as part of a sentence."""
    by_hand = (
        (config.members > 1, f"it trains {config.members} values of β side by side"),
        (config.beta_changes, "its β was changed while it trained"),
        (config.segments, "it was trained on after its end"),
        (config.start, "it starts with the weights of another training"),
    )
    for is_so, why in by_hand:
        if is_so:
            return why
    marks = (
        ("β", config.betas[0], BETAS),
        ("scale of a pixel", config.scale, SCALES),
        ("peak learning rate", config.learning_rate, PEAKS),
    )
    for name, value, known in marks:
        if value not in known:
            return f"its {name}, {value:g}, lies between two marks"
    if config.epochs is not None and config.epochs > LAST_EPOCHS:
        return f"its {config.epochs:,} epochs are more than {LAST_EPOCHS:,}"
    if config.threads != 1:
        return f"it uses {config.threads} processor threads"
    return "it has settings of another kind"


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST]}..."
