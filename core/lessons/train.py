"""What the train page decides: presets, the config behind the controls, what a press will do.

Lecture: "The VAE in practice" [0:55-1:05].
"""

import dataclasses
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import psutil

from core.lessons.doubts import AVERAGED, RISING, hidden_beta
from core.runs.records import Run
from core.settings import settings
from core.vae import datasets, estimate
from core.vae.config import Likelihood, Precision, TrainConfig
from core.vae.datasets import DATASETS

__all__ = [
    "BETAS",
    "DATASET_NAMES",
    "DEVICES",
    "ENDLESS",
    "FIELD_WORDS",
    "LABELS",
    "LAST_EPOCHS",
    "LAST_SEED",
    "LENGTHS",
    "LIKELIHOODS",
    "MORE_PEAK",
    "MORE_STEPS",
    "PEAKS",
    "PRECISIONS",
    "PRESETS",
    "SCALES",
    "SCHEDULES",
    "UNTOUCHED",
    "WITH_SCALE",
    "Action",
    "Choices",
    "Meaning",
    "Measured",
    "Plan",
    "Preset",
    "View",
    "actions",
    "as_it_is",
    "choices_of",
    "config_of",
    "differences",
    "error_text",
    "followed",
    "from_weights",
    "images_of",
    "is_being_measured",
    "measured",
    "plan",
    "presets",
    "sized",
    "trained_on",
    "view",
]

T = TypeVar("T")

# -- What the controls offer ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meaning:
    """A likelihood as the page explains it.

    Attributes:
        name: What a config calls it.
        sentence: What it says of an image, and whether D + R bounds a log-likelihood.
    """

    name: Likelihood
    sentence: str


DATASET_NAMES: dict[str, str] = {info.title: info.name for info in DATASETS.values()}
"""Data sets by title."""

LIKELIHOODS: dict[str, Meaning] = {
    "Bernoulli, grey": Meaning(
        "bernoulli_grey",
        "Grey pixels are read as chances of white. A fine objective, but not a density: "
        "D + R bounds no log-likelihood.",
    ),
    "Bernoulli, redrawn": Meaning(
        "bernoulli_dynamic",
        "At each visit every pixel is drawn black or white anew, with its grey as the chance of "
        "white. D + R bounds -log q(x).",
    ),
    "Bernoulli, drawn once": Meaning(
        "bernoulli_static",
        "Every pixel is drawn black or white once, with a seed of this site's own. "
        "D + R bounds -log q(x), for this draw.",
    ),
    "Gaussian, fixed scale": Meaning(
        "gaussian_fixed",
        "A density on grey pixels. The scale weighs the squared error by 1/(2 scale²), so it "
        "prices distortion as β prices rate.",
    ),
    "Gaussian, learned scale": Meaning(
        "gaussian_learned",
        "A density on grey pixels with one scale for all of them, learned with the rest. "
        "Distortion may fall below zero.",
    ),
}
"""Likelihoods by the words the page uses."""

WITH_SCALE = "Gaussian, fixed scale"
"""The likelihood whose scale the reader chooses."""

LAST_SEED, LAST_EPOCHS = 2**32 - 1, 10_000
ENDLESS = "Until stopped"
"""The length of a training that somebody has to end; its learning rate stays where it is."""

LENGTHS = ("Steps", "Epochs", ENDLESS)
SCHEDULES = {"One cycle": "one_cycle", "Constant": "constant"}
DEVICES = {"Automatic": "auto", "Processor": "cpu", "GPU": "cuda"}
PRECISIONS = {"Automatic": "auto", "32 bit": "fp32", "16 bit (bf16)": "bf16"}

BETAS = (
    *(0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    *(1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 50.0),
    *(64.0, 100.0, 784.0),  # a mean over 8 x 8 pixels hides the first, over 28 x 28 the last
)
SCALES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0)
PEAKS = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.014, 0.02, 0.03, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        data: Title of the data set.
        beta: Nats of distortion one nat of rate is worth.
        likelihood: Noise model of the decoder, in the page's words.
        scale: Standard deviation of a Gaussian decoder of fixed scale.
        hidden: Widths of the hidden layers, separated by commas.
        latent: Dimensions of the code.
        peak: Peak learning rate.
        schedule: How the learning rate runs, in the page's words.
        batch: Images per step.
        length: What ends the training, in the page's words.
        steps: Steps, where they end it.
        epochs: Passes through the data, where they end it.
        warmup: Steps over which beta rises to its value.
        seed: Seeds everything random.
        device: Where to train, in the page's words.
        precision: Arithmetic of the matrix products, in the page's words.
    """

    data: str = "Digits"
    beta: float = 1.0
    likelihood: str = "Bernoulli, grey"
    scale: float = 0.25
    hidden: str = "128"
    latent: int = 2
    peak: float = 0.02
    schedule: str = "One cycle"
    batch: int = 128
    length: str = "Steps"
    steps: int = 800
    epochs: int = 20
    warmup: int = 0
    seed: int = 0
    device: str = "Automatic"
    precision: str = "Automatic"

    def values(self) -> dict[str, Any]:
        """The value of each control, by its key."""
        return dataclasses.asdict(self)


UNTOUCHED = Choices()
"""The controls as they stand when the page is opened."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A view worth a link.

    Attributes:
        label: What the link says.
        choices: Where it sets the controls.
        is_listed: Whether it stands among the links to try, not only beside what it answers.
    """

    label: str
    choices: Choices
    is_listed: bool = True


PRESETS: dict[str, Preset] = {
    "lecture": Preset("The lecture's VAE", Choices(latent=10)),
    "plane": Preset("A two-dimensional code", UNTOUCHED),
    "autoencoder": Preset("An autoencoder, β 0", Choices(beta=0.0)),
    # β rises slowly enough that a rate is there to collapse.
    "collapse": Preset("A collapse, β up to 4", Choices(beta=4.0, warmup=600)),
    RISING: Preset("A rate that rises", Choices(latent=10, steps=200), is_listed=False),
    AVERAGED: Preset(
        "A mean over pixels",
        Choices(beta=hidden_beta(DATASETS["digits"].side ** 2)),
        is_listed=False,
    ),
    "endless": Preset(
        "Until you stop it", Choices(length="Until stopped", schedule="Constant", peak=0.002)
    ),
    "mnist": Preset(
        "MNIST",
        Choices(
            data="MNIST", hidden="400", latent=20, batch=256, peak=0.014, length="Epochs", epochs=3
        ),
    ),
}


# -- From controls to a config and back -------------------------------------------------------


def config_of(choices: Choices) -> TrainConfig:
    """The training that the controls describe.

    Raises:
        ValueError: If they describe none. The message names the setting.

    Example:
        >>> config_of(Choices(hidden="64, 32", beta=0.5)).hidden
        (64, 32)
    """
    return TrainConfig(
        dataset=_word("data", DATASET_NAMES, choices.data),
        betas=(choices.beta,),
        likelihood=_word("likelihood", LIKELIHOODS, choices.likelihood).name,
        scale=choices.scale,
        hidden=_widths(choices.hidden),
        latent_dim=choices.latent,
        learning_rate=choices.peak,
        schedule=_schedule(choices),
        batch_size=choices.batch,
        beta_warmup=choices.warmup,
        seed=choices.seed,
        device=cast(Literal["auto", "cpu", "cuda"], _word("device", DEVICES, choices.device)),
        precision=cast(Precision, _word("precision", PRECISIONS, choices.precision)),
        steps=choices.steps if choices.length == "Steps" else None,
        epochs=choices.epochs if choices.length == "Epochs" else None,
    )


def _schedule(choices: Choices) -> Literal["one_cycle", "constant"]:
    known = _word("schedule", SCHEDULES, choices.schedule)
    is_endless = choices.length == ENDLESS
    return "constant" if is_endless else cast(Literal["one_cycle", "constant"], known)


def choices_of(config: TrainConfig) -> Choices | None:
    """Where the controls stand for a training, or None if they cannot express it.

    Example:
        >>> choices_of(config_of(Choices(beta=5.0))) == Choices(beta=5.0)
        True
    """
    if config.epochs is not None:
        length = "Epochs"
    else:
        length = "Steps" if config.steps is not None else "Until stopped"
    choices = Choices(
        data=DATASETS[config.dataset].title,
        beta=config.betas[0],
        likelihood=next(word for word, m in LIKELIHOODS.items() if m.name == config.likelihood),
        scale=config.scale,
        hidden=", ".join(str(width) for width in config.hidden),
        latent=config.latent_dim,
        peak=config.learning_rate,
        schedule=_key(SCHEDULES, config.schedule),
        batch=config.batch_size,
        length=length,
        steps=config.steps or UNTOUCHED.steps,
        epochs=config.epochs or UNTOUCHED.epochs,
        warmup=config.beta_warmup,
        seed=config.seed,
        device=_key(DEVICES, config.device),
        precision=_key(PRECISIONS, config.precision),
    )
    on_marks = choices.beta in BETAS and choices.scale in SCALES and choices.peak in PEAKS
    by_hand = config.beta_changes or config.segments or config.start
    is_plain = config.members == 1 and config.threads == 1 and not by_hand
    is_expressed = on_marks and choices.epochs <= LAST_EPOCHS
    return choices if is_expressed and is_plain else None


def followed(run: Run) -> Choices | None:
    """Where the controls stand for whoever follows a link that names a run and nothing else.

    They describe its training, with the beta that it was steered to last, on whatever is the
    faster way on this machine; None if they cannot.
    """
    config = _config_of(run)
    choices = choices_of(_plain(config, run.steer)) if config is not None else None
    if choices is None:
        return None
    return dataclasses.replace(choices, device=UNTOUCHED.device, precision=UNTOUCHED.precision)


def differences(
    chosen: TrainConfig, run: TrainConfig, steer: float | None = None
) -> tuple[str, ...]:
    """The settings in which the controls ask for another training than the one shown.

    Args:
        chosen: What the controls describe.
        run: What the run trains.
        steer: The beta that the run has been asked to go on with, if it has.

    Example:
        >>> differences(config_of(Choices(beta=2.0)), config_of(Choices()))
        ('β',)
    """
    asked = chosen.resolved(
        device="cuda" if run.device == "cuda" else "cpu",
        precision="bf16" if run.precision == "bf16" else "fp32",
    )
    shown = _plain(run.resolved(device="cpu", precision="fp32"), steer)
    return tuple(
        FIELD_WORDS.get(field.name, field.name)
        for field in dataclasses.fields(TrainConfig)
        if getattr(asked, field.name) != getattr(shown, field.name)
    )


def _plain(config: TrainConfig, steer: float | None = None) -> TrainConfig:
    """A training without what was done to it by hand, at the beta that it has come to by that."""
    plain = dataclasses.replace(config, beta_changes=(), segments=(), start=None, start_step=None)
    if config.members > 1:
        return plain
    return dataclasses.replace(plain, betas=(config.last_beta if steer is None else steer,))


FIELD_WORDS = {
    "dataset": "data",
    "betas": "β",
    "beta_warmup": "warm-up",
    "hidden": "hidden widths",
    "latent_dim": "code dimensions",
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "steps": "length",
}
"""Settings as the page calls them, where a config uses another word."""


def _widths(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not all(word.isdecimal() and len(word) <= 6 for word in words):
        raise ValueError(f"`hidden` must be widths such as 128 or 400, 200, got {text!r}.")
    return tuple(int(word) for word in words)


def _word(name: str, known: Mapping[str, T], word: str) -> T:
    if word not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(known)}, got {word!r}.")
    return known[word]


def _key(known: Mapping[str, str], name: str) -> str:
    return next(word for word, value in known.items() if value == name)


# -- What can be trained ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What the controls come to.

    Attributes:
        config: The training they describe, or None if they describe none.
        problem: Why it cannot be trained, as a sentence that says what to do, or None.
        note: How long it will take, where that is worth knowing before the press, or None.
    """

    config: TrainConfig | None
    problem: str | None
    note: str | None = None


def plan(choices: Choices) -> Plan:
    """The training that the controls describe, if it can be trained here and now.

    Example:
        >>> plan(Choices(hidden="wide")).problem
        "*Widths of hidden layers* must be widths such as 128 or 400, 200, got 'wide'."
    """
    try:
        config = config_of(choices)
    except ValueError as error:
        return Plan(config=None, problem=_as_on_the_page(str(error)))
    return sized(config)


def sized(config: TrainConfig, steps_done: int = 0) -> Plan:
    """A training that is described already, if it can be trained here and now.

    Args:
        config: The training.
        steps_done: How many of its steps need not be taken again.
    """
    problem = datasets.problem(config.dataset) or _too_large(config)
    return Plan(config=config, problem=problem, note=_long_time(config, steps_done))


LONG_S = 120.0
"""Seconds of training from which the page says how long it takes before it is started."""


def _too_large(config: TrainConfig) -> str | None:
    """Why a training does not fit into the memory of this machine, if it trains here."""
    if settings().engine_address is not None:
        return None
    needed, there = estimate.memory_bytes(config), psutil.virtual_memory().total
    if needed < 0.8 * there:
        return None
    return (
        f"This training needs about {needed / 1e9:,.0f} GB of memory, and this machine has "
        f"{there / 1e9:,.0f} GB: choose narrower hidden layers, a smaller batch or another data "
        "set."
    )


def _long_time(config: TrainConfig, steps_done: int) -> str | None:
    """How long a training takes on a processor, if it is long."""
    seconds, limit = estimate.seconds(config, steps_done), settings().run_limit_s
    if seconds is None or seconds < LONG_S or config.device == "cuda":
        return None
    told = f"On a processor this training takes roughly {_duration(seconds)}."
    if seconds <= limit:
        return told
    return f"{told} It is stopped after {_duration(limit)}; Go on takes it up again."


def _duration(seconds: float) -> str:
    """A rough length of time.

    Example:
        >>> [_duration(200.0), _duration(9e3), _duration(4e5)]
        ['3 minutes', '2.5 hours', '4.6 days']
    """
    if seconds < 5_400:
        return f"{seconds / 60:.0f} minutes"
    if seconds < 2 * 86_400:
        return f"{seconds / 3_600:.1f} hours"
    return f"{seconds / 86_400:.1f} days"


def _as_on_the_page(sentence: str) -> str:
    """A sentence about a config, with the names of settings that stand beside the controls."""
    return re.sub(r"`(\w+)`", lambda name: f"*{LABELS.get(name[1], name[1])}*", sentence)


LABELS = {
    "hidden": "Widths of hidden layers",
    "batch_size": "Batch, images",
    "latent_dim": "Code dimensions",
    "learning_rate": "Peak learning rate",
    "beta_warmup": "Warm-up of β, steps",
    "device": "Device",
    "precision": "Precision",
    "schedule": "Schedule",
    "steps": "Steps",
    "epochs": "Epochs",
    "seed": "Seed",
    "betas": "β",
}
"""What the controls of the page call the settings of a config."""


def presets() -> dict[str, Preset]:
    """The presets whose images are there."""
    there = {info.title for info in DATASETS.values() if datasets.problem(info.name) is None}
    return {name: preset for name, preset in PRESETS.items() if preset.choices.data in there}


# -- What the page shows of a run -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Action:
    """What a button will do when it is pressed, which is also what the run's state allows.

    Attributes:
        name: Train what the controls describe; train it with the next seed; stop, pause or
            resume the shown run; look away from it; continue it as one's own.
        label: What the button says.
        icon: Material symbol on it.
    """

    name: Literal["start", "again", "stop", "pause", "resume", "leave", "own"]
    label: str
    icon: str


_TRAIN = Action("start", "Train", ":material/play_arrow:")
_GO_ON = Action("resume", "Go on", ":material/play_arrow:")
_GO_ON_ALL = Action("start", "Go on", ":material/play_arrow:")
_TRY_AGAIN = Action("start", "Try again", ":material/refresh:")
_AGAIN = Action("again", "Train again, next seed", ":material/refresh:")
_STOP = Action("stop", "Stop", ":material/stop:")
_PAUSE = Action("pause", "Pause training", ":material/pause:")
_LEAVE = Action("leave", "Stop watching", ":material/visibility_off:")
_OWN = Action("own", "Continue as my own", ":material/fork_right:")


@dataclass(frozen=True, slots=True)
class View:
    """What the page says beside the picture of a run.

    Attributes:
        action: What the large button does next.
        others: What else can be done with the shown run.
        is_ready: Whether the large button can be pressed.
        steers: Whether moving beta acts on the shown run.
        can_go_on: Whether the shown run is finished, so that it can be trained on.
        can_lend: Whether it has weights that another training can start with.
        errors: What is wrong, as sentences that say what to do.
        notes: What is worth knowing, as sentences.
        measured: The table of a finished run, or as much of it as there is.
        caveat: What the table does not say, as a sentence, or None.
        device_note: Why the run was trained on the processor, as a sentence, or None.
    """

    action: Action
    others: tuple[Action, ...]
    is_ready: bool
    steers: bool
    can_go_on: bool
    can_lend: bool
    errors: tuple[str, ...]
    notes: tuple[str, ...]
    measured: tuple["Measured", ...]
    caveat: str | None
    device_note: str | None


def images_of(run: Run | None) -> tuple[int | None, list[str] | None]:
    """How many steps of a run are one pass through its images, and the names of what they show.

    Both are None where there is no run, or none that we know how to read.
    """
    config = None if run is None else _config_of(run)
    if config is None:
        return None, None
    labels = DATASETS[config.dataset].labels
    return config.steps_per_epoch, None if labels is None else list(labels)


def view(
    plan: Plan, run: Run | None, *, is_own: bool, place: int | None, problem: str | None
) -> View:
    """What the page says of a run and of the controls beside it.

    Args:
        plan: What the controls come to.
        run: The shown run, or None if there is none.
        is_own: Whether the reader started it.
        place: Its place in the queue, where 1 starts next, or None if it does not wait.
        problem: Why the run that was asked for is not shown, or None.
    """
    config = None if run is None else _config_of(run)
    other: tuple[str, ...] = ()
    if run is not None and plan.config is not None:
        other = ("all settings",)
        if config is not None:
            other = differences(plan.config, config, run.steer)
    is_mine = run is not None and is_own and not run.shared
    goes_on = run is not None and not run.is_final
    steers = False
    if is_mine and goes_on and config is not None and config.members == 1:
        # What no control can show, all of them together do not describe: only β can be meant.
        steers = set(other) <= {"β"} or choices_of(_plain(config)) is None
    action, *others = actions(
        run and run.state,
        is_own=is_own,
        is_chosen=not other,
        is_shared=run is None or run.shared,
    )
    evaluation = {} if run is None else run.evaluation or {}
    machine = {} if run is None else run.machine or {}
    errors, notes = [], []
    if problem is not None:
        errors.append(problem)
    if plan.problem is not None:
        errors.append(plan.problem)
    if plan.note is not None and action in (_TRAIN, _TRY_AGAIN):
        notes.append(plan.note)
    if run is not None:
        if run.message is not None:
            (errors if run.state == "failed" else notes).append(run.message)
        if run.state == "queued":
            notes.append(
                f"Waiting for a worker: number {place or 1} in the queue. Where others wait, a "
                "training lets them go first after a quarter of a minute."
            )
        if action is _LEAVE:
            notes.append("Somebody else started this training; you are watching it.")
        if _OWN in others and is_own:
            notes.append("Whoever asks for this training watches it. On your own you can steer β.")
        if machine.get("has_failing_card"):
            notes.append(f"Trained on the processor. {machine.get('why_cpu')}")
        if steers:
            when = "once it goes on" if run.state == "paused" else "while it trains"
            notes.append(f"This run is yours alone: moving β acts on it {when}.")
        elif other:
            verb = "differs" if len(other) == 1 else "differ"
            notes.append(f"The controls describe another training: {_list(other)} {verb}.")
    return View(
        action=action,
        others=tuple(others),
        is_ready=plan.problem is None or action.name not in ("start", "again"),
        steers=steers,
        can_go_on=run is not None and run.state == "done" and config is not None,
        can_lend=run is not None and run.state in ("done", "stopped") and config is not None,
        errors=tuple(errors),
        notes=tuple(notes),
        measured=measured(evaluation),
        caveat=None if evaluation.get("is_density", True) else _NO_DENSITY,
        device_note=_device_note(machine),
    )


_NO_DENSITY = (
    "Grey pixels under a Bernoulli decoder: no density, so these numbers compare models of this "
    "kind and bound no log-likelihood."
)


def _device_note(machine: Mapping[str, Any]) -> str | None:
    why = machine.get("why_cpu")
    return None if why is None else f"Automatic is the processor here. {why}"


def actions(
    state: str | None, *, is_own: bool, is_chosen: bool, is_shared: bool = True
) -> tuple[Action, ...]:
    """What can be done next: the large button first, then what else there is.

    Args:
        state: State of the shown run, or None if there is none.
        is_own: Whether the reader started it.
        is_chosen: Whether the controls still describe it.
        is_shared: Whether whoever asks for the same training watches this run.
    """
    if state in ("queued", "running"):
        pause = (_PAUSE,) if state == "running" else ()
        own = (_OWN,) if state == "running" and is_shared else ()
        return (_STOP, *pause, *own) if is_own else (_LEAVE, *own)
    if state == "paused" and is_own:
        return (_GO_ON, _STOP)
    if state == "paused" and not is_shared:
        return (_LEAVE,)
    if state is None or not is_chosen:
        return (_TRAIN, _GO_ON) if state == "stopped" and is_own else (_TRAIN,)
    if state == "failed":
        return (_TRY_AGAIN,)
    if state == "done" or not (is_own or is_shared):
        return (_AGAIN,)
    return (_GO_ON, _AGAIN) if is_own else (_GO_ON_ALL, _AGAIN)


def _config_of(run: Run) -> TrainConfig | None:
    """The settings of a run; None for one of another kind, or of another version of the site."""
    try:
        return TrainConfig.from_json(run.config)
    except ValueError:
        return None


def _list(words: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


# -- Going on from a run ----------------------------------------------------------------------

MORE_STEPS, MORE_PEAK = 400, 0.005
"""What is offered to whoever trains a finished run on."""


def trained_on(run: Run, steps: int, peak: float) -> Plan:
    """The training of a finished run, going on for more steps, if it can."""
    config = TrainConfig.from_json(run.config)
    try:
        return sized(config.continued(steps, peak), steps_done=config.total_steps or 0)
    except ValueError as error:
        return Plan(config=None, problem=_as_on_the_page(str(error)))


def from_weights(chosen: TrainConfig, run: Run, step: int) -> TrainConfig:
    """What the controls describe, starting with the weights of a run.

    Raises:
        ValueError: If the run's models have another architecture.
    """
    return dataclasses.replace(chosen, start=TrainConfig.from_json(run.config), start_step=step)


def as_it_is(run: Run) -> TrainConfig:
    """The training of a run, to go on with it as one's own."""
    return TrainConfig.from_json(run.config)


# -- What a finished run has measured ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table of a finished run.

    Attributes:
        label: What was measured.
        value: The number and its standard error, with their unit.
        images: On how many test images.
    """

    label: str
    value: str
    images: str


MEASURED_S = 30.0
"""Seconds after a stop in which the model that is left may still be measured."""


def is_being_measured(run: Run) -> bool:
    """Whether more may be known soon of the model that a stopped run has left."""
    bounds = (run.evaluation or {}).get("bounds", {"images": 0, "of": None})
    is_through = bounds["images"] == bounds["of"]
    stopped = run.finished if run.state == "stopped" else None
    return stopped is not None and not is_through and time.time() - stopped < MEASURED_S


def measured(evaluation: Mapping[str, Any]) -> tuple[Measured, ...]:
    """What is known of a finished model, on test images that neither training nor page has used.

    Args:
        evaluation: The evaluation of a run as the store keeps it: all of it, or the part that
            has been measured so far.

    Returns:
        One line for each number. None is made up for one that is not there yet.

    Example:
        >>> half = {"images": 2, "distortion": {"value": [21.5], "standard_error": [0.25]}}
        >>> [(line.label, line.value) for line in measured(half)]
        [(':orange[D], distortion', '21.50 ± 0.25 nats')]
    """
    seen = f"{evaluation.get('images', 0):,}"
    found = [
        Measured(label, _with_error(evaluation[name], "nats"), seen)
        for name, label in _TERMS.items()
        if name in evaluation
    ]
    bounds = evaluation.get("bounds", {})
    for draws, bound in zip(bounds.get("draws", ()), bounds.get("estimates", ()), strict=True):
        label = f"importance-weighted bound, k = {draws:,}"
        found.append(Measured(label, _with_error(bound, "nats"), f"{bounds['images']:,}"))
    if "active_units" in evaluation:
        found.append(Measured("active code dimensions", _count(evaluation["active_units"]), seen))
    return tuple(found)


_TERMS = {
    "distortion": ":orange[D], distortion",
    "rate": ":green[R], rate",
    "neg_elbo": "**D + R**, negative ELBO",
}


def _count(estimate: Mapping[str, Any]) -> str:
    """A number of dimensions; its standard error only where it is in any doubt."""
    value, error = estimate["value"][0], estimate["standard_error"][0]
    if value is None:
        return "beyond all numbers"
    return f"{value:g}" if not error or error < 0.05 else f"{value:g} ± {error:.1f}"


def _with_error(estimate: Mapping[str, Any], unit: str, digits: int = 2) -> str:
    value, error = estimate["value"][0], estimate["standard_error"][0]
    if value is None:
        return "beyond all numbers"
    shown = f"{value:.{digits}f}"
    return f"{shown} {unit}" if error is None else f"{shown} ± {error_text(error, digits)} {unit}"


def error_text(error: float, digits: int = 2) -> str:
    """A standard error with so many decimals; one that is not zero is not written as zero.

    Example:
        >>> error_text(0.25), error_text(0.001), error_text(0.0)
        ('0.25', '<0.01', '0.00')
    """
    least = 10.0**-digits
    return f"<{least:.{digits}f}" if 0 < error < least / 2 else f"{error:.{digits}f}"
