"""What the page of one step shows: a real mini-batch on its way through encoder and decoder.

Lecture: "The VAE in practice" [0:55-1:05].
"""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from safetensors.numpy import load

from core.lessons.kl_by_hand import calculator
from core.lessons.panels import (
    Panel,
    Table,
    View,
    adding_up,
    code_name,
    density,
    number,
    pictures,
    signed,
    significant,
    stacked_bars,
    tile,
    two_terms,
)
from core.runs.records import Run
from core.vae import datasets, estimators, pixels
from core.vae import one_step as by_hand
from core.vae.config import TrainConfig
from core.vae.one_step import Model, Step
from core.vae.schedule import Schedule

__all__ = [
    "BATCH",
    "BETAS",
    "CONFIG",
    "DRAWS",
    "LAST_BATCH",
    "LAST_SEED",
    "LOG_VARS",
    "LOOKS",
    "MEANS",
    "MODELS",
    "PRESETS",
    "SAMPLES",
    "SIGMAS",
    "SIZES",
    "STEPS",
    "UNTOUCHED",
    "Choices",
    "Preset",
    "Status",
    "batch",
    "model",
    "neighbour",
    "origin",
    "snapshot_step",
    "status",
    "step_of",
    "view",
]

CONFIG = TrainConfig()
"""What is trained for this page: the training that the train page opens with."""

BATCH = 8
"""Images of the mini-batch."""

LAST_BATCH = datasets.DATASETS[CONFIG.dataset].train // BATCH
LAST_SEED = 9_999

# -- What the controls offer ------------------------------------------------------------------

STEPS = ("Encode", "Sample", "Decode", "Loss", "Update", "KL by hand")
"""The five steps of the loop, and the calculator."""

MODELS = {"Untrained": 0.0, "Half-trained": 1 / 16, "Trained": 1.0}
"""Which model, by the share of the steps it has behind it.

Most is learned early: after a sixteenth of the steps D + R has come down half of its way.
"""

LOOKS = ("One draw", "Two gradients", "How many draws")
BETAS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
SIGMAS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7071, 1.0)
SIZES = (1e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05)
SAMPLES = (16, 32, 64, 128)
MEANS = tuple(k / 4 for k in range(-12, 13))
_APART = (0.001, 0.01, 0.1, 0.5, 1.0, 1.5, 2.0)
LOG_VARS = (-6.0, -5.0, -4.0, -3.0, -2.5, *(-s for s in reversed(_APART)), 0.0, *_APART)
DRAWS = (10, 100, 1_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        step: Which step of the loop is shown.
        model: Which snapshot, in the page's words.
        minibatch: Which eight training images, counted from 1.
        image: Which of them is looked at closely, counted from 1.
        noise: Seeds the draws of codes.
        look: What is shown of sampling, in the page's words.
        samples: Codes drawn for each image where spreads are measured.
        sigma: Standard deviation of the Gaussian decoder beside the Bernoulli one.
        beta: Nats of distortion one nat of rate is worth.
        size: Learning rate of the update.
        mean_1: Mean of the calculator's first dimension.
        log_var_1: Its log-variance.
        mean_2: Mean of the second.
        log_var_2: Its log-variance.
        draws: Samples of the calculator's Monte Carlo estimate.
    """

    step: str = "Encode"
    model: str = "Trained"
    minibatch: int = 1
    image: int = 1
    noise: int = 0
    look: str = "One draw"
    samples: int = 128
    sigma: float = 0.25
    beta: float = 1.0
    size: float = 1e-3
    mean_1: float = 1.0
    log_var_1: float = -1.0
    mean_2: float = 0.0
    log_var_2: float = 0.0
    draws: int = 1_000

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
    """

    label: str
    choices: Choices


PRESETS: dict[str, Preset] = {
    "untrained": Preset("Before training", Choices(model="Untrained")),
    "score": Preset(
        "Without the reparameterisation", Choices(step="Sample", look="Two gradients")
    ),
    "enough": Preset("Is one draw enough?", Choices(step="Sample", look="How many draws")),
    "hidden": Preset("A hidden β", Choices(step="Decode", sigma=0.1)),
    "first": Preset("The first step", Choices(step="Update", model="Untrained")),
    "near": Preset("Near the prior", Choices(step="KL by hand", mean_1=0.0, log_var_1=-0.001)),
}


def neighbour(step: str, by: int) -> str:
    """The step before or after one; at either end the step itself.

    Example:
        >>> neighbour("Encode", 1), neighbour("Encode", -1)
        ('Sample', 'Encode')
    """
    place = STEPS.index(step) + by
    return STEPS[max(0, min(len(STEPS) - 1, place))]


# -- The model, the images, the noise ---------------------------------------------------------


def snapshot_step(share: float, config: TrainConfig = CONFIG) -> int:
    """The step with kept weights that lies nearest to a share of the training.

    Example:
        >>> snapshot_step(0.0), snapshot_step(1.0)
        (0, 800)
    """
    total, schedule = config.total_steps, Schedule(config)
    assert total is not None
    kept = [s for s in range(total + 1) if schedule.is_look(s) and schedule.keeps_weights(s)]
    return min(kept, key=lambda s: abs(s - share * total))


def origin(name: str) -> str:
    """How far a model's training was, in words.

    Example:
        >>> origin("Trained")
        'After 800 of 800 steps.'
    """
    return f"After {snapshot_step(MODELS[name]):,} of {CONFIG.total_steps:,} steps."


@dataclass(frozen=True, slots=True)
class Status:
    """How far the training is that the page needs its models of.

    Attributes:
        is_ready: Whether it is done.
        goes_on: Whether it will be without anybody's doing.
        sentence: How it stands.
    """

    is_ready: bool
    goes_on: bool
    sentence: str


def status(run: Run | None) -> Status:
    """How far the training is.

    Args:
        run: The run of `CONFIG`, or None as long as it is only asked for.
    """
    if run is None:
        return Status(False, True, "The workers are being started, which takes a few seconds.")
    if run.state == "done":
        return Status(True, False, "The training is done.")
    if run.state in ("queued", "running"):
        told = "There is no trained model here yet, so one is trained first."
        return Status(False, True, told)
    why = run.message or f"It is {run.state} at step {run.step or 0:,}."
    return Status(False, False, f"The training that this page needs has not ended. {why}")


@runtime_checkable
class Weights(Protocol):
    """Where the weights of runs are kept."""

    def weights(self, run_id: str, step: int | None = None) -> tuple[int, bytes] | None:
        """The weights kept at a step, as safetensors."""
        ...


@functools.lru_cache(maxsize=32)
def model(store: Weights, run_id: str, name: str) -> Model:
    """A model of a run of `CONFIG`, read from the store once.

    Args:
        store: Where the run is.
        run_id: The run.
        name: Which model, one of `MODELS`.

    Raises:
        ValueError: If the run has not kept it. The text is a sentence for the page.
        StoreUnavailable: If the store cannot be used.
    """
    if name not in MODELS:
        raise ValueError(f"`name` must be one of {', '.join(MODELS)}, got {name!r}.")
    step = snapshot_step(MODELS[name])
    kept = store.weights(run_id, step)
    if kept is None:
        raise ValueError(f"Run {run_id} has kept no weights at step {step:,}.")
    return by_hand.member(CONFIG, load(kept[1]))


@functools.lru_cache(maxsize=1)
def _images() -> Float[np.ndarray, "image data"]:
    return pixels.seen(CONFIG, datasets.load(CONFIG.dataset), "train").astype(np.float64)


def batch(number: int) -> Float[np.ndarray, "batch data"]:
    """Eight training images, as the likelihood sees them.

    Args:
        number: Which eight, counted from 1.

    Raises:
        ValueError: If there are not so many.
    """
    if not 1 <= number <= LAST_BATCH:
        raise ValueError(f"`number` must be from 1 to {LAST_BATCH}, got {number}.")
    return _images()[(number - 1) * BATCH : number * BATCH]


def _noise(choices: Choices, *shape: int) -> np.ndarray:
    seed = [choices.noise, choices.minibatch, len(shape)]
    return np.random.default_rng(seed).standard_normal(shape)


def step_of(model: Model, choices: Choices) -> Step:
    """The step that the page walks through."""
    noise = _noise(choices, BATCH, CONFIG.latent_dim)
    return by_hand.one_step(model, batch(choices.minibatch), noise, choices.beta)


# -- What the page shows ----------------------------------------------------------------------


def view(model: Model | None, choices: Choices) -> View | None:
    """What the page shows for these controls; None while there is no model that it needs.

    Raises:
        ValueError: If a control has a value that is not offered.
    """
    if choices.step not in STEPS:
        raise ValueError(f"`step` must be one of {', '.join(STEPS)}, got {choices.step!r}.")
    if choices.step == "KL by hand":
        mean = np.array([choices.mean_1, choices.mean_2])
        log_var = np.array([choices.log_var_1, choices.log_var_2])
        return calculator(mean, log_var, choices.draws, choices.noise)
    if model is None:
        return None
    shown = {
        "Encode": _encode,
        "Sample": _SAMPLING.get(choices.look, _one_draw),
        "Decode": _decode,
        "Loss": _loss,
        "Update": _update,
    }
    return shown[choices.step](model, step_of(model, choices), choices)


def _batch_panel(step: Step, choices: Choices) -> Panel:
    """The images of the batch, one of which can be picked."""
    tiles = [tile(x, f"{i + 1}", label=f"Image {i + 1}") for i, x in enumerate(step.x)]
    return pictures(
        f"Mini-batch {choices.minibatch}: {BATCH} training images",
        tiles,
        f"The images of mini-batch {choices.minibatch}; image {choices.image} is picked.",
        role="real",
        columns=BATCH,
        picked=choices.image - 1,
        small=True,
    )


# 1. Encode


def _encode(model: Model, step: Step, choices: Choices) -> View:
    i, code = choices.image - 1, step.code
    nats, total = adding_up(step.dimensions[i].tolist(), 3)
    panels = [_batch_panel(step, choices)]
    rows = []
    for j, cost in enumerate(nats):
        mean, std = code.mean[i, j], code.std[i, j]
        panels.append(_density(step, i, j))
        rows.append(
            (code_name(j), number(mean, 3), number(std, 3), number(code.log_var[i, j], 3), cost)
        )
    terms = " + ".join(nats)
    return View(
        panels=tuple(panels),
        equation=f":green[R] of image {choices.image} = {terms} = **{total} nats**",
        sentences=(
            "The encoder answers an image with a :blue[Gaussian] for each code dimension, by two "
            "heads: its mean and its log-variance. Where it is narrow and off centre, compared "
            "with the :violet[prior], the code tells something of the image, and costs rate.",
        ),
        table=Table(
            ("image " + str(choices.image), "mean", "std", "log variance", "R, nats"), tuple(rows)
        ),
    )


def _density(step: Step, i: int, j: int, *, is_drawn: bool = False) -> Panel:
    code = step.code
    mean, std = float(code.mean[i, j]), float(code.std[i, j])
    reach = 3.0 * max(1.0, float(np.abs(code.mean[:, j]).max()) / 2.6)
    drawn = {}
    alt = (
        f"Code dimension {j + 1} of image {i + 1}: a Gaussian of mean {number(mean)} and "
        f"standard deviation {number(std)}, beside the prior of mean 0 and deviation 1."
    )
    if is_drawn:
        z = float(step.z[i, j])
        drawn = {"arrow": [mean, z], "mark_label": f"z = {number(z)}"}
        alt += f" The drawn code is {number(z)}."
    others = [k for k in range(len(code.mean)) if k != i]
    return density(
        f"{code_name(j)}: mean {number(mean)}, std {number(std)}",
        mean,
        std,
        reach,
        alt,
        others=[[float(code.mean[k, j]), float(code.std[k, j])] for k in others],
        **drawn,
    )


# 2. Sample


def _one_draw(model: Model, step: Step, choices: Choices) -> View:
    i, code = choices.image - 1, step.code
    rows, equations = [], []
    for j in range(CONFIG.latent_dim):
        product = code.std[i, j] * step.noise[i, j]
        (mean, moved), z = adding_up([code.mean[i, j], product], 3)
        std, noise = number(code.std[i, j], 3), number(step.noise[i, j], 3)
        rows.append((code_name(j), mean, std, noise, moved, z))
        equations.append(f"{code_name(j)} = {mean} + {std} × {noise} = **{z}**")
    decoded = by_hand.mean_image(model.likelihood, step.picture.output)
    panels = (
        *(_density(step, i, j, is_drawn=True) for j in range(CONFIG.latent_dim)),
        pictures(
            f"Image {choices.image}, and what its code decodes to",
            [tile(step.x[i], "x", role="real"), tile(decoded[i], "g(z)", role="dream")],
            f"Image {choices.image} beside the image decoded from its drawn code.",
            columns=8,
            small=True,
        ),
    )
    return View(
        panels=panels,
        equation="  \n".join(equations),
        sentences=(
            "The draw is a smooth function of the two heads: the noise comes from outside. So the "
            "slope of what follows passes through it, by mean with factor 1 and by std with "
            "factor ε.",
        ),
        table=Table(("", "mean", "std", "noise ε", "std × ε", "z"), tuple(rows)),
    )


_ESTIMATORS = ("Pathwise", "Score function", "Less a baseline")


def _two_gradients(model: Model, step: Step, choices: Choices) -> View:
    i = choices.image - 1
    draws = _draws(model, choices)
    found = [
        values[i]
        for values in (
            estimators.pathwise(draws),
            estimators.score_function(draws),
            estimators.score_function(draws, baseline=True),
        )
    ]
    count = choices.samples
    spread = [math.sqrt(float(values.var(0, ddof=1).sum())) for values in found]
    rows = []
    for name, values, off in zip(_ESTIMATORS, found, spread, strict=True):
        means, errors = values.mean(0), values.std(0, ddof=1) / math.sqrt(count)
        slopes = [
            f"{significant(m)} ± {significant(e, 2)}" for m, e in zip(means, errors, strict=True)
        ]
        rows.append((name, *slopes, significant(off)))
    latent = CONFIG.latent_dim
    headings = (
        "",
        *(f"by the mean of {code_name(j)}" for j in range(latent)),
        *(f"by the log variance of {code_name(j)}" for j in range(latent)),
        "spread of one draw",
    )
    ratio = spread[1] / spread[0] if spread[0] > 0 else math.inf
    return View(
        panels=(_histograms(found, i),),
        equation=(
            f"One draw's slope is off by **{significant(spread[0])}** pathwise, by "
            f"**{significant(spread[1])}** with the score function (nats per unit)"
        ),
        sentences=(
            "Without the reparameterisation the noise is not differentiated: each drawn code is "
            "weighed by its whole distortion, and made more or less probable. Both are right on "
            "average, as the mathematics below says. Of these draws the two means differ by up to "
            f"{significant(_apart(found[0], found[1]), 2)} standard errors of their difference.",
            f"The score function is off {significant(ratio, 2)} times as far, so it needs about "
            f"{significant(ratio**2, 2)} draws for one pathwise draw. A baseline, here "
            "the mean distortion of the other draws, "
            f"brings that to {significant((spread[2] / spread[0]) ** 2, 2)}.",
        ),
        table=Table(headings, tuple(rows)),
    )


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """The largest distance of two means over the same draws, in its standard errors."""
    gaps = other - one
    errors = gaps.std(0, ddof=1) / math.sqrt(len(gaps))
    return float(np.max(np.abs(gaps.mean(0)) / np.maximum(errors, 1e-300)))


def _histograms(found: Sequence[np.ndarray], i: int) -> Panel:
    """How the slope by the mean of the first code dimension scatters over draws."""
    low, high = np.quantile(np.concatenate([v[:, 0] for v in found]), [0.005, 0.995])
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    if high - low < 1e-9:
        low, high = low - 1.0, high + 1.0
    edges = np.linspace(low, high, 61)
    rows = []
    for name, values in zip(_ESTIMATORS, found, strict=True):
        # what lies outside is counted in the outermost bars
        counts = np.histogram(np.clip(values[:, 0], low, high), edges)[0]
        mean, off = float(values[:, 0].mean()), float(values[:, 0].std(ddof=1))
        text = f"mean {significant(mean)}, spread {significant(off)}"
        rows.append({"label": name, "counts": counts.tolist(), "mean": mean, "text": text})
    told = "; ".join(f"{row['label']}: {row['text']}" for row in rows)
    return {
        "kind": "histograms",
        "title": f"Slope of D of image {i + 1} by the mean of {code_name(0)}, draw by draw",
        "unit": "nats per unit of z",
        "low": low,
        "high": high,
        "rows": rows,
        "alt": f"Histograms of single-draw slopes. {told}.",
    }


def _many_draws(model: Model, step: Step, choices: Choices) -> View:
    found = _spreads(model, choices.minibatch, choices.noise, choices.samples)
    norm = found.gradient_norm
    share = found.gradient / norm
    of_images = found.gradient_of_images / norm
    rows = [
        (f"{count}", number(off, 3), f"{100 * part:,.1f} %")
        for count, off, part in zip(
            found.samples.tolist(), found.distortion.tolist(), share.tolist(), strict=True
        )
    ]
    rows.append(
        (
            "other images instead",
            number(found.distortion_of_images, 3),
            f"{100 * of_images:,.1f} %",
        )
    )
    nats = found.distortion[0], found.distortion_of_images
    lengths = share[0], of_images
    wide = [math.hypot(*parts) for parts in (nats, lengths)]
    deep = [math.hypot(draws, math.sqrt(2) * images) for draws, images in (nats, lengths)]
    return View(
        panels=(
            _falling(
                "Spread of the batch's D, nats per image",
                found.samples,
                found.distortion,
                found.distortion_of_images,
            ),
            _falling("Spread of D's gradient, in lengths of it", found.samples, share, of_images),
        ),
        equation=(
            f"One draw for each image leaves D of the batch off by **{number(nats[0])} nats**; "
            f"other images would move it by **{number(nats[1])} nats**"
        ),
        sentences=(
            "More draws bring down what the draws add, like one over the square root of their "
            "number. What the choice of images adds stays. Which is larger depends on the model.",
            f"**Why one suffices.** For the same work, {BATCH} decoded codes: {BATCH} images with "
            f"one draw each leave D off by {number(wide[0])} nats and its gradient by "
            f"{number(wide[1])} of its length; {BATCH // 2} images with two draws each by "
            f"{number(deep[0])} nats and {number(deep[1])}. More images bring down both parts of "
            "the spread, more draws only one.",
        ),
        table=Table(("draws for each image", "D, nats per image", "gradient of D"), tuple(rows)),
    )


def _falling(title: str, counts: np.ndarray, values: np.ndarray, level: float) -> Panel:
    xs = counts.astype(float).tolist()
    told = ", ".join(f"{significant(v)} at {c}" for c, v in zip(counts, values, strict=True))
    return {
        "kind": "lines",
        "title": title,
        "name": "draws for each image",
        "log_x": True,
        "log_y": True,
        "x": xs,
        "ticks": xs,
        "series": [
            {"label": "over draws", "role": "real", "y": values.tolist(), "marked": True},
            {
                "label": "1/√draws",
                "role": "bound",
                "y": (values[0] / np.sqrt(counts)).tolist(),
            },
            {"label": "over images", "role": "objective", "y": [level] * len(xs)},
        ],
        "alt": f"{title}: {told}; over the choice of images {significant(level)}.",
        "half": True,
    }


def _draws(model: Model, choices: Choices) -> estimators.Draws:
    shape = (BATCH, choices.samples, CONFIG.latent_dim)
    return estimators.draw(model, batch(choices.minibatch), _noise(choices, *shape))


@functools.lru_cache(maxsize=256)
def _spreads(model: Model, minibatch: int, noise: int, samples: int) -> estimators.Spreads:
    choices = Choices(minibatch=minibatch, noise=noise, samples=samples)
    return estimators.spreads(model, _draws(model, choices))


_SAMPLING = {
    "One draw": _one_draw,
    "Two gradients": _two_gradients,
    "How many draws": _many_draws,
}


# 3. Decode


def _decode(model: Model, step: Step, choices: Choices) -> View:
    i, sigma = choices.image - 1, choices.sigma
    x = step.x[i]
    expected = by_hand.mean_image(model.likelihood, step.picture.output)[i]
    bernoulli = step.pixels[i]
    price = 1 / (2 * sigma**2)
    squared = np.square(x - expected)
    gaussian = by_hand.nats_by_pixel(
        "gaussian_fixed", x[None], expected[None], math.log(sigma)
    ).sum()
    constant = float(gaussian - price * squared.sum())
    (weighed, rest), total = adding_up([price * float(squared.sum()), constant], 2)
    most = max(float(bernoulli.max()), float(price * squared.max()))
    entropy = number(float(bernoulli.sum()))
    told = f"squared error / 2σ²: {weighed} nats, and {rest}"
    panels = (
        pictures(
            f"Nats of each pixel; full colour is {number(most)} nats",
            [
                tile(x, f"x, image {choices.image}", role="real"),
                tile(expected, "g(z), decoded", role="dream"),
                tile(bernoulli, f"cross-entropy: {entropy} nats", nats=most),
                tile(price * squared, told, nats=most),
            ],
            f"Image {choices.image}, the image decoded from its code, and the nats of each pixel: "
            f"cross-entropy {entropy} in all, squared error over 2σ² {weighed}. The brightest "
            f"pixel of the last two stands for {number(most)} nats.",
            columns=4,
        ),
        _one_pixel(sigma),
    )
    rows = (
        (
            "sum over pixels",
            f"cross-entropy {entropy}",
            f"squared error {number(squared.sum(), 3)}",
        ),
        ("price of one", "1", f"1/(2σ²) = {significant(price)}"),
        ("what it comes to", entropy, weighed),
        ("constants", "0.00", f"{len(x)} (log σ + ½ log 2π) = {rest}"),
        ("D, nats", f"**{entropy}**", f"**{total}**"),
    )
    return View(
        panels=panels,
        equation=(
            f":orange[D] = **{entropy} nats** as Bernoulli; as Gaussian "
            f"{number(squared.sum(), 3)} × {significant(price)} + ({rest}) = **{total} nats**"
        ),
        sentences=(
            "Both read the same decoded image. A Bernoulli pixel of chance m costs "
            "−x log m − (1−x) log(1−m): cross-entropy. A Gaussian pixel of mean m costs "
            "(x−m)²/(2σ²) and a constant: squared error, at a price.",
            f"**The hidden β.** Whoever writes squared error + :green[R] and leaves out "
            f"1/(2σ²) = {significant(price)} has not chosen β = 1 for this decoder, but "
            f"**β = {significant(price)}**; and with the mean over {len(x)} pixels instead of "
            f"their sum, β = {significant(len(x) * price)}.",
        ),
        table=Table(("", "Bernoulli", f"Gaussian, σ = {sigma:g}"), rows),
    )


def _one_pixel(sigma: float) -> Panel:
    """What a white pixel costs, whatever the decoder says of it."""
    said = np.linspace(0.02, 0.98, 97)
    white = np.ones_like(said)[None]
    logits = (np.log(said) - np.log1p(-said))[None]
    entropy = by_hand.nats_by_pixel("bernoulli_grey", white, logits, 0.0)[0]
    squared = by_hand.nats_by_pixel("gaussian_fixed", white, said[None], math.log(sigma))[0]
    squared = squared - (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    return {
        "kind": "lines",
        "title": "Nats of a white pixel, by what the decoder says of it",
        "name": "g(z) of the pixel",
        "x": said.tolist(),
        "most": 4.0,
        "series": [
            {"label": "cross-entropy", "role": "distortion", "y": entropy.tolist()},
            {
                "label": "squared error / 2σ²",
                "role": "objective",
                "dashed": True,
                "y": squared.tolist(),
            },
        ],
        "alt": "Cross-entropy −log m grows without bound as the decoder rules a white pixel out; "
        f"squared error over 2σ² ends at {significant(1 / (2 * sigma**2))} nats.",
        "low": True,
    }


# 4. Loss

_TERMS = [["distortion", "D"], ["rate", "βR"]]
"""What the two parts of a bar are, by their meaning."""


def _loss(model: Model, step: Step, choices: Choices) -> View:
    i, beta = choices.image - 1, step.beta
    rows, bars = [], []
    for k, (d, r) in enumerate(zip(step.distortion, step.rate, strict=True)):
        (distortion, rate), total = adding_up([d, beta * r], 2)
        rows.append((f"image {k + 1}", distortion, number(r, _decimals(rate)), rate, total))
        bars.append(two_terms(f"{k + 1}", d, beta * r, number(d + beta * r), strong=k == i))
    d, r = float(step.distortion.mean()), float(step.rate.mean())
    (distortion, rate), total = adding_up([d, beta * r], 2)
    rows.append(("**mean**", distortion, number(r, _decimals(rate)), rate, f"**{total}**"))
    bars.append(two_terms("mean", d, beta * r, number(d + beta * r), strong=True))
    return View(
        panels=(
            stacked_bars(
                "D + βR of each image, nats",
                bars,
                f"Stacked bars. On average D is {distortion}, βR {rate}, and their sum {total} "
                "nats per image.",
                legend=_TERMS,
                wide=True,
            ),
            _rates(step, i),
        ),
        equation=(
            f":orange[D {distortion}] + β × :green[R] = {distortion} + {beta:g} × {number(r, 4)} "
            f"= {distortion} + :green[{rate}] = **{total} nats per image**"
        ),
        sentences=(
            "This mean over the mini-batch is the number that the trainer lowers. :orange[D] is "
            "one draw's estimate; :green[R] needs no draw, for two Gaussians have their "
            "divergence in closed form, dimension by dimension.",
        ),
        table=Table(("", "D, nats", "R, nats", "βR, nats", "D + βR, nats"), tuple(rows)),
    )


def _decimals(text: str) -> int:
    """How many a number is written with."""
    return len(text.partition(".")[2])


def _rates(step: Step, i: int) -> Panel:
    """R by code dimension, of the picked image and of the batch."""
    rows = []
    for j in range(step.dimensions.shape[1]):
        for label, value in (
            (f"{code_name(j)}, image {i + 1}", float(step.dimensions[i, j])),
            (f"{code_name(j)}, mean", float(step.dimensions[:, j].mean())),
        ):
            parts = [{"role": "rate", "value": value}]
            rows.append({"label": label, "parts": parts, "text": number(value)})
    told = "; ".join(f"{row['label']}: {row['text']}" for row in rows)
    told = f"Rates by code dimension. {told}."
    return stacked_bars("R by code dimension, nats", rows, told, narrow=True)


# 5. Update


def _update(model: Model, step: Step, choices: Choices) -> View:
    slopes = by_hand.gradient(model, step)
    after = by_hand.updated(model, slopes, choices.size)
    again = by_hand.one_step(after, step.x, step.noise, step.beta)
    promised = sum(
        float((slopes[name] * (after.weights[name] - model.weights[name])).sum())
        for name in slopes
    )
    rows, bars = [], []
    for label, each in (("before", step), ("after", again)):
        d, r = float(each.distortion.mean()), float(each.rate.mean())
        (distortion, rate), total = adding_up([d, step.beta * r], 3)
        rows.append((label, distortion, number(r, _decimals(rate)), rate, total))
        bars.append(two_terms(label, d, step.beta * r, total))
    change = again.objective - step.objective
    decoded = [by_hand.mean_image(model.likelihood, s.picture.output) for s in (step, again)]
    tiles = [tile(image, "", role="dream") for images in decoded for image in images]
    return View(
        panels=(
            _norms(model, slopes),
            stacked_bars(
                "Nats per image, same noise",
                bars,
                f"D + βR before the step is {rows[0][4]} and after it {rows[1][4]} nats.",
                legend=_TERMS,
                half=True,
            ),
            pictures(
                "Decoded before the step, and below after it",
                tiles,
                f"The {BATCH} decoded images of the mini-batch before and after the step.",
                columns=BATCH,
                small=True,
            ),
        ),
        equation=(
            f"{rows[0][4]} → **{rows[1][4]} nats per image**: **{signed(change)}**, where the "
            f"slope promised {signed(promised)}"
        ),
        sentences=(
            "The gradient of D + βR by every weight, a mean over the mini-batch. Then one step of "
            "Adam that has seen nothing yet: every weight moves by the learning rate, against the "
            "sign of its slope. The promise of the slope holds for small steps; long ones "
            "overshoot.",
        ),
        table=Table(("", "D, nats", "R, nats", "βR, nats", "D + βR, nats"), tuple(rows)),
    )


def _norms(model: Model, slopes: Mapping[str, np.ndarray]) -> Panel:
    """Length of the gradient, layer by layer."""
    rows = []
    for layer in by_hand.layers(model.weights):
        both = (slopes[f"{layer}.weight"], slopes[f"{layer}.bias"])
        norm = math.sqrt(sum(float(np.square(values).sum()) for values in both))
        part, _, place = layer.partition(".")
        label = part if not place else f"{part} {int(place) + 1}"
        role = "dream" if part == "decoder" else "real"
        parts = [{"role": role, "value": norm}]
        rows.append({"label": label, "parts": parts, "text": significant(norm)})
    told = "; ".join(f"{row['label']}: {row['text']}" for row in rows)
    told = f"Gradient norms by layer. {told}."
    return stacked_bars("Length of the gradient, by layer", rows, told, half=True)
