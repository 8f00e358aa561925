"""What a reader is shown of past runs: their settings in words, a search, and runs side by side.

Lecture: "The VAE in practice" [0:55-1:05].
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from core.lessons.train import (
    DEVICES,
    FIELD_WORDS,
    LIKELIHOODS,
    PRECISIONS,
    SCHEDULES,
    error_text,
)
from core.runs.records import Listed, Run, is_run_id
from core.vae.config import TrainConfig
from core.vae.datasets import DATASETS

__all__ = [
    "LETTERS",
    "Choice",
    "Comparison",
    "PastRuns",
    "Row",
    "asked_for",
    "comparison",
    "found_by",
    "in_words",
    "past_runs",
    "title",
    "toggled",
]

LETTERS = "ABCD"
"""What runs side by side are called: the shown one, then those beside it."""

PAGE = 8
"""Runs that are listed at once."""

# -- Settings in words ------------------------------------------------------------------------


def in_words(config: TrainConfig) -> dict[str, str]:
    """Every setting of a training as the page would write it, those first that matter most.

    Example:
        >>> list(in_words(TrainConfig(betas=(4.0,))).items())[:2]
        [('data', 'Digits'), ('β', '4')]
    """
    told = {
        "data": DATASETS[config.dataset].title,
        "β": _betas(config),
        "code dimensions": str(config.latent_dim),
        "hidden widths": ", ".join(map(str, config.hidden)) or "none",
        "likelihood": next(w for w, m in LIKELIHOODS.items() if m.name == config.likelihood),
    }
    if config.likelihood == "gaussian_fixed":
        told["scale"] = f"{config.scale:g}"
    for field in dataclasses.fields(config):
        word = FIELD_WORDS.get(field.name, field.name)
        if word not in ("scale", *told, "epochs", "threads", *_BY_HAND):
            told[word] = _value(field.name, getattr(config, field.name))
    return told | _by_hand(config)


_BY_HAND = ("beta_changes", "segments", "start", "start_step")


def _by_hand(config: TrainConfig) -> dict[str, str]:
    """What a reader did to a training besides setting its controls; nothing where they did not."""
    told = {}
    if config.beta_changes:
        count, last = len(config.beta_changes), config.beta_changes[-1][0]
        told["steered"] = f"at {last:,}" if count == 1 else f"{count} times, last at {last:,}"
    if config.segments:
        told["continued"] = " and ".join(f"for {_steps(steps)}" for steps, _ in config.segments)
    if config.start is not None:
        told["begun"] = f"with the weights of seed {config.start.seed}, step {config.start_step:,}"
    return told


def _value(name: str, value: Any) -> str:  # noqa: ANN401 - a setting of any type
    if name == "steps":
        return "until stopped" if value is None else _steps(value)
    if name in _NAMED:
        return next(word for word, called in _NAMED[name].items() if called == value)
    return f"{value:g}" if isinstance(value, float) else f"{value:,}"


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"


_NAMED: Mapping[str, Mapping[str, str]] = {
    "schedule": SCHEDULES,
    "device": DEVICES,
    "precision": PRECISIONS,
}


def _betas(config: TrainConfig) -> str:
    betas = config.betas
    if len(betas) == 1:
        return f"{betas[0]:g}" + (f", then {config.last_beta:g}" if config.beta_changes else "")
    return f"{min(betas):g} to {max(betas):g}, {len(betas)} values"


def title(run: Run, name: str | None = None) -> str:
    """What a run is called: by its name, or by its images, its price and what else is unusual.

    It leaves out the settings that a reader finds when nothing has been touched.
    """
    if name:
        return name
    words = _words_of(run)
    if not words:
        return f"Run {run.id}, trained by another version of this site"
    usual = {w: v for w, v in _USUAL.items() if w not in ("data", "β")}
    unusual = [_phrase(w, v) for w, v in words.items() if v != usual.get(w) and w not in _QUIET]
    if run.parent is not None and "begun" not in words:
        unusual.append(f"my own from step {run.parent_step:,}")
    return ", ".join(unusual)


def _phrase(word: str, value: str) -> str:
    """A setting and its value, short.

    Example:
        >>> [_phrase("β", "4"), _phrase("data", "Digits"), _phrase("seed", "1")]
        ['β 4', 'Digits', 'seed 1']
    """
    if word == "schedule":
        return f"{value.casefold()} {word}"
    is_plain = word in ("data", "likelihood", "length", "device", "precision")
    return value if is_plain else f"{word} {value}"


_QUIET = ("device", "precision")
"""Settings that say where a run was trained and not what."""


def _config_of(run: Run) -> TrainConfig | None:
    try:
        return TrainConfig.from_json(run.config)
    except ValueError:
        return None


def _words_of(run: Run) -> dict[str, str]:
    """The settings of a run in words; none of one that this version of the site cannot read."""
    config = _config_of(run)
    return {} if config is None else in_words(config)


_USUAL: Mapping[str, str] = in_words(TrainConfig().resolved(device="cpu", precision="fp32"))


# -- The search -------------------------------------------------------------------------------

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "beta": ("betas",),
    "β": ("betas",),
    "latent": ("latent_dim",),
    "latents": ("latent_dim",),
    "code": ("latent_dim",),
    "codes": ("latent_dim",),
    "dimensions": ("latent_dim",),
    "hidden": ("hidden",),
    "width": ("hidden",),
    "widths": ("hidden",),
    "seed": ("seed",),
    "steps": ("steps",),
    "length": ("steps",),
    "batch": ("batch_size",),
    "size": ("batch_size",),
    "rate": ("learning_rate",),
    "peak": ("learning_rate",),
    "lr": ("learning_rate",),
    "warmup": ("beta_warmup",),
    "warm-up": ("beta_warmup",),
    "scale": ("scale",),
}
"""Words for the settings that are numbers."""

_NUMBER = re.compile(r"[+-]?(\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?")


def found_by(search: str, run: Run, name: str | None = None) -> bool:
    """Whether a run is meant by what a reader types: all of it must fit.

    A word for a setting with a number after it asks for just that number, and beta also for what
    the run was steered to. Every other word may stand anywhere in the name of the run, in its
    settings or in its state.
    """
    words = [word for word in re.split(r"[\s=:;]+", search.casefold()) if word]
    called = (name or "").casefold()
    text = " ".join((called, *_text(run)))
    config = _config_of(run)
    place = 0
    while place < len(words):
        word, following = words[place], words[place + 1 : place + 2]
        number = _number(following[0].rstrip(",")) if following else None
        if word in _ALIASES and number is not None:
            is_said = f"{word} {following[0]}" in called
            if not is_said and (config is None or not _has(config, _ALIASES[word], number)):
                return False
            place += 2
            continue
        if word.strip(",") not in text:
            return False
        place += 1
    return True


def _text(run: Run) -> list[str]:
    words = _words_of(run)
    phrases = [f"{word} {value}".casefold() for word, value in words.items()]
    return [*phrases, *(_ALIASES if words else ()), run.state, run.id]


def _has(config: TrainConfig, fields: Iterable[str], number: float) -> bool:
    for field in fields:
        value = getattr(config, field)
        if field == "betas":
            value = (*value, *(beta for _, beta in config.beta_changes))
        if field == "scale" and config.likelihood != "gaussian_fixed":
            continue
        if number in (value if isinstance(value, tuple) else (value,)):
            return True
    return False


def _number(text: str) -> float | None:
    return float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


# -- The list ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run of the list.

    Attributes:
        run: Its id.
        title: Its name, or its settings in words.
        name: Its name, or nothing.
        detail: When it came on the list, how it stands, its steps, and D + R once measured.
        is_shown: Whether it is the one on the page.
        is_beside: Whether it is on the charts beside that one.
        can_join: Whether there is room for it beside that one.
    """

    run: str
    title: str
    name: str
    detail: str
    is_shown: bool
    is_beside: bool
    can_join: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRuns:
    """What the list shows.

    Attributes:
        own: Runs that the reader started, the newest first.
        watched: Runs that somebody else started and the reader has looked at.
        deleted: Runs that can be brought back.
        more: How many more runs would be shown if asked for.
        sentence: What to say where there is nothing to list, or nothing.
    """

    own: tuple[Row, ...]
    watched: tuple[Row, ...]
    deleted: tuple[Row, ...]
    more: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What is on the charts.

    Attributes:
        shown: The run in front, or None.
        beside: The runs beside it, in the order of their letters.
    """

    shown: str | None
    beside: tuple[str, ...] = ()


def past_runs(
    listed: Sequence[Listed],
    deleted: Sequence[Listed],
    *,
    search: str,
    choice: Choice,
    limit: int = PAGE,
    now: float,
    zone: tzinfo,
) -> PastRuns:
    """The list of a reader's past runs, as far as a search finds them.

    Args:
        listed: All of the list.
        deleted: All that was deleted of it and can be brought back.
        search: What the reader looks for.
        choice: What is on the charts.
        limit: How many runs may be listed at once.
        now: The time, in Unix seconds.
        zone: The reader's time zone.
    """
    found = [entry for entry in listed if found_by(search, entry.run, entry.name)]
    gone = [entry for entry in deleted if found_by(search, entry.run, entry.name)]
    own = [entry for entry in found if entry.is_own]
    watched = [entry for entry in found if not entry.is_own]
    shown = [*own, *watched][:limit]

    def rows(entries: Sequence[Listed]) -> tuple[Row, ...]:
        return tuple(_row(entry, choice, now, zone) for entry in entries)

    sentence = ""
    if not listed and not gone:
        sentence = "Every run that you start, or look at, is kept here."
    elif not found:
        sentence = "No run on the list has that in its name or in its settings."
    return PastRuns(
        own=rows([entry for entry in shown if entry.is_own]),
        watched=rows([entry for entry in shown if not entry.is_own]),
        deleted=rows(gone[:limit]),
        more=len(found) - len(shown),
        sentence=sentence,
    )


def _row(entry: Listed, choice: Choice, now: float, zone: tzinfo) -> Row:
    run = entry.run
    is_shown, is_beside = run.id == choice.shown, run.id in choice.beside
    parts = [_when(entry.added, now, zone), run.state]
    if run.step is not None:
        parts.append(_steps(run.step))
    total = _measured(run, "neg_elbo")
    if total:
        parts.append(f"D + R {total} nats")
    return Row(
        run=run.id,
        title=title(run, entry.name),
        name=entry.name or "",
        detail=", ".join(parts),
        is_shown=is_shown,
        is_beside=is_beside,
        can_join=not is_shown
        and choice.shown is not None
        and len(choice.beside) < len(LETTERS) - 1,
    )


def _when(then: float, now: float, zone: tzinfo) -> str:
    """A time as one would say it.

    Example:
        >>> from datetime import UTC
        >>> [_when(then, 1_000_000.0, UTC) for then in (999_000.0, 900_000.0, 1.0)]
        ['today 13:30', 'yesterday 10:00', '1 Jan 00:00']
    """
    at, today = datetime.fromtimestamp(then, zone), datetime.fromtimestamp(now, zone).date()
    clock = f"{at:%H:%M}"
    if at.date() == today:
        return f"today {clock}"
    if at.date() == today - timedelta(days=1):
        return f"yesterday {clock}"
    year = "" if at.year == today.year else f" {at.year}"
    return f"{at.day} {at:%b}{year} {clock}"


# -- Side by side -----------------------------------------------------------------------------


def asked_for(text: str, shown: str | None) -> tuple[Choice, str | None]:
    """The runs that an address asks for beside the shown one, and what is wrong with it, if any.

    Example:
        >>> asked_for("bbbbbbbbbbbb,aaaaaaaaaaaa,bbbbbbbbbbbb", "aaaaaaaaaaaa")
        (Choice(shown='aaaaaaaaaaaa', beside=('bbbbbbbbbbbb',)), None)
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    ids = [word for word in dict.fromkeys(words) if is_run_id(word) and word != shown]
    most = len(LETTERS) - 1
    problem = None
    if not all(map(is_run_id, words)):
        problem = "The address names a run to compare of which part is missing; it is left out."
    elif len(ids) > most:
        problem = f"Up to {len(LETTERS)} runs fit on one chart; the rest is left out."
    return Choice(shown, tuple(ids[:most]) if shown else ()), problem


def toggled(choice: Choice, run: str) -> Choice:
    """What is on the charts after a run has been put beside the shown one, or taken away.

    Example:
        >>> toggled(Choice("a", ("b",)), "c").beside
        ('b', 'c')
        >>> toggled(Choice("a", ("b", "c")), "b").beside
        ('c',)
    """
    if run in choice.beside:
        return Choice(choice.shown, tuple(other for other in choice.beside if other != run))
    has_room = run != choice.shown and len(choice.beside) < len(LETTERS) - 1
    return Choice(choice.shown, (*choice.beside, run)) if has_room else choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side.

    Attributes:
        headings: What the columns are: letter and run, the settings in which the runs differ,
            those first that matter most, and after a few of them what was measured on test images.
        rows: A row for each run, as texts. What is not known yet is an empty one.
        labels: What tells each run from the others, in a few words.
        note: What the numbers cannot say, as a sentence, or None.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    note: str | None


_BEFORE = 6
"""Settings that stand before what was measured."""


def comparison(runs: Sequence[Run], names: Mapping[str, str]) -> Comparison:
    """Up to four runs side by side: what they were asked for, and what has come of it.

    Args:
        runs: The runs in the order of their letters.
        names: What the reader calls them, by id; those without a name are left out.
    """
    words = [_words_of(run) for run in runs]
    known = list(dict.fromkeys(word for each in words for word in each))
    differing = [word for word in known if len({each.get(word, "") for each in words}) > 1]
    draws = max((_bound(run)[0] for run in runs), default=0)
    measured = {
        "D": [_measured(run, "distortion") for run in runs],
        "R": [_measured(run, "rate") for run in runs],
        "D + R": [_measured(run, "neg_elbo") for run in runs],
    }
    if draws:
        heading = f"bound, {draws:,} codes"
        measured[heading] = [text if k == draws else "" for k, text in map(_bound, runs)]
    labels = [
        names.get(run.id) or _label(each, words[0], differing)
        for run, each in zip(runs, words, strict=True)
    ]
    # What came of it stands where it is seen, however many settings there are to tell.
    first, rest = differing[:_BEFORE], differing[_BEFORE:]
    rows = [
        (
            letter,
            names.get(run.id, ""),
            *(each.get(word, "") for word in first),
            *(column[i] for column in measured.values()),
            *(each.get(word, "") for word in rest),
        )
        for i, (letter, run, each) in enumerate(zip(LETTERS, runs, words, strict=False))
    ]
    headings = ("", "name", *first, *measured, *rest)
    if not any(row[1] for row in rows):
        headings, rows = ("", *headings[2:]), [(row[0], *row[2:]) for row in rows]
    return Comparison(
        headings=headings, rows=tuple(rows), labels=tuple(labels), note=_note(differing)
    )


def _label(words: Mapping[str, str], first: Mapping[str, str], differing: Sequence[str]) -> str:
    """What tells a run from the first one; of that one, the setting that matters most."""
    apart = [word for word in differing if word in words and words[word] != first.get(word)]
    if words is first:
        apart = [word for word in differing[:1] if word in words]
    phrases = [_phrase(word, words[word]) for word in apart[:_TOLD]]
    more = [f"{len(apart) - _TOLD} more"] if len(apart) > _TOLD else []
    return ", ".join(phrases + more)


_TOLD = 2
"""Settings that a label names; the table beside it has them all."""


def _note(differing: Sequence[str]) -> str | None:
    apart = [word for word in ("data", "likelihood", "scale") if word in differing]
    if not apart:
        return None
    what = {"data": "images", "likelihood": "likelihoods", "scale": "scales of a pixel"}[apart[0]]
    return f"The {what} differ, so distortions are measured in different ways: compare with care."


def _measured(run: Run, name: str) -> str:
    """A number of the evaluation of a run with one model, or nothing where there is none yet."""
    evaluation = run.evaluation or {}
    return _with_error(evaluation[name]) if name in evaluation else ""


def _bound(run: Run) -> tuple[int, str]:
    """The tightest importance-weighted bound there is: how many codes, and its value."""
    bounds = (run.evaluation or {}).get("bounds", {})
    known = list(zip(bounds.get("draws", ()), bounds.get("estimates", ()), strict=True))
    if not known:
        return 0, ""
    draws, estimate = max(known, key=lambda bound: bound[0])
    return draws, _with_error(estimate)


def _with_error(estimate: Mapping[str, Any]) -> str:
    values, errors = estimate["value"], estimate["standard_error"]
    if len(values) != 1:
        return ""  # several models in one run have no single number
    if values[0] is None:
        return "beyond all numbers"
    return f"{values[0]:.2f}" + ("" if errors[0] is None else f" ± {error_text(errors[0])}")
