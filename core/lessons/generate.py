"""What the page on generating shows: a trained decoder, its codes, and where they leave holes.

Lecture: "The VAE in practice" [0:55-1:05].
"""

import dataclasses
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from core.runs.records import Run
from core.vae import aggregate, datasets, estimate, one_step
from core.vae.aggregate import Surgery
from core.vae.closed_form import rate_by_dimension
from core.vae.config import TrainConfig
from core.vae.datasets import DATASETS
from core.vae.one_step import Model
from core.vae.pixels import seen
from core.vae.shapes import shapes

__all__ = [
    "FURTHEST",
    "LAST_DRAW",
    "LOOKS",
    "MOST_BYTES",
    "PARTS",
    "PRESETS",
    "TEMPERATURES",
    "UNTOUCHED",
    "VIEWS",
    "Choices",
    "Extreme",
    "Pair",
    "Place",
    "Preset",
    "Study",
    "Subject",
    "code_text",
    "extremes_of",
    "facts",
    "gaps_of",
    "held_out",
    "holes_caption",
    "holes_table",
    "in_line",
    "is_awaited",
    "is_quick",
    "model_of",
    "models",
    "pair_of",
    "pair_text",
    "part_of",
    "place_of",
    "places",
    "plain",
    "plane",
    "plane_beside",
    "study",
    "subject",
    "too_large",
    "twin",
    "twin_name",
    "waiting",
    "widest",
]

# -- What the controls offer ------------------------------------------------------------------

VIEWS = ("Explore", "Samples", "Holes", "Draw", "Unlikely")
LOOKS = {"The decoder's mean": "mean", "A draw from the decoder": "draw"}
TEMPERATURES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
LAST_DRAW = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        view: Which part of the page is shown.
        shown: Whether an image is the decoder's mean or a draw from the decoder.
        draw: Which draw of noise is shown.
        temperature: Standard deviation of the draws of the prior, which has one.
    """

    view: str = "Explore"
    shown: str = "The decoder's mean"
    draw: int = 0
    temperature: float = 1.0

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
        far: Distance of the code that is shown from the middle of the prior.
        pair: Two images to go between, if any.
    """

    label: str
    choices: Choices = UNTOUCHED
    far: float = 0.0
    pair: tuple[int, ...] = ()


PRESETS: dict[str, Preset] = {
    "ways": Preset("From one image to another", pair=(1, 7)),
    "far": Preset("Far from the prior", far=4.5),
    "hot": Preset("A prior twice as wide", Choices(view="Samples", temperature=2.0)),
    "draws": Preset("Draws, not means", Choices(view="Samples", shown="A draw from the decoder")),
    "holes": Preset("The holes", Choices(view="Holes")),
}


def places(preset: Preset, latent: int) -> dict[str, str]:
    """Code and images of a preset, as they stand in the address.

    Args:
        preset: The preset.
        latent: Dimensions of the code; the code lies on the diagonal of the first two.

    Example:
        >>> places(PRESETS["far"], 3)
        {'z': '3.182,-3.182,0'}
    """
    side = preset.far / math.sqrt(min(2, latent))
    z = [side, -side, *[0.0] * latent][:latent]
    said = {
        "z": code_text(z, latent) if preset.far else None,
        "pair": pair_text(list(preset.pair), sys.maxsize) if preset.pair else None,
    }
    return {name: text for name, text in said.items() if text is not None}


def plain() -> TrainConfig:
    """The training that the page shows where nobody has chosen one."""
    return TrainConfig()


def twin(config: TrainConfig) -> TrainConfig:
    """The same training at the other end: without a price on rate, or at the price of the ELBO.

    Args:
        config: The shown training. What was done to it by hand is left out.

    Example:
        >>> twin(plain()).betas, twin(twin(plain())) == plain()
        ((0.0,), True)
    """
    beta = 1.0 if config.last_beta == 0 else 0.0
    changed = dataclasses.replace(
        config, beta_changes=(), segments=(), start=None, start_step=None
    )
    return dataclasses.replace(changed, betas=(beta,))


def twin_name(config: TrainConfig) -> str:
    """Under which name a reader's session asks for the twin of a resolved training.

    Args:
        config: The shown training.
    """
    return f"generate_{twin(config).fingerprint}"


# -- Which model ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subject:
    """The model of a run that the page shows.

    Attributes:
        config: What was trained, or None for a run that this page cannot read.
        steps: The steps that have weights, in order.
        problem: Why no model can be shown, as a sentence, or None.
        note: What is worth knowing of the run, as a sentence, or None.
    """

    config: TrainConfig | None
    steps: tuple[int, ...]
    problem: str | None = None
    note: str | None = None

    @property
    def last(self) -> int:
        """The last step that has weights."""
        return self.steps[-1]


def subject(run: Run, steps: Sequence[int]) -> Subject:
    """What there is to show of a run.

    Args:
        run: The run.
        steps: The steps that have weights.
    """
    try:
        config = TrainConfig.from_json(run.config)
    except ValueError:
        return Subject(
            None,
            (),
            "This run was trained by another version of the site, whose models this page cannot "
            "read. Choose another among the past runs.",
        )
    if run.state == "failed":
        return Subject(config, (), f"This training failed. {run.message or ''}".rstrip())
    if (why := datasets.problem(config.dataset)) is not None:
        return Subject(config, (), why)
    if run.state != "done" and steps:
        return Subject(config, tuple(steps), note=_UNDONE.format(state=run.state, at=steps[-1]))
    if not steps and run.state in ("stopped", "paused"):
        return Subject(config, (), f"This run is {run.state} and has kept no weights yet.")
    return Subject(config, tuple(steps))


_UNDONE = "This run is {state}: what is shown is its model at step {at:,}."


def waiting(run: Run, place: int | None) -> str:
    """What the page says of a training before its first report.

    Args:
        run: The run.
        place: Its place in the queue, or None.
    """
    if run.state == "queued":
        return f"Waiting for a worker: number {place or 1} in the queue."
    return "The first report is on its way."


def plane_beside(plane: tuple[int, int], latent: int, other: "Study") -> tuple[int, int]:
    """The plane of a model beside another one: the same where it has as many dimensions.

    Args:
        plane: Dimensions across and up of the shown model, from zero.
        latent: How many dimensions its codes have.
        other: The model beside it, seen through held-out images.
    """
    if other.mean.shape[1] == latent:
        return plane
    across, up = widest(other)
    return (across - 1, up - 1) if other.mean.shape[1] > 1 else (0, -1)


QUICK_S = 20.0
"""Seconds of training that a reader waits for before anything is shown."""


def is_quick(config: TrainConfig) -> bool:
    """Whether a training is over so soon that a page waits for its end.

    Args:
        config: What is trained.
    """
    seconds = estimate.seconds(config)
    return seconds is not None and seconds <= QUICK_S


def is_awaited(run: Run, found: "Subject | None") -> bool:
    """Whether a run goes on and is not looked into before its end.

    Args:
        run: The run.
        found: What there is to show of it.
    """
    if run.state not in ("queued", "running"):
        return False
    config = None if found is None else found.config
    return found is None or config is None or not found.steps or is_quick(config)


def held_out(config: TrainConfig) -> int:
    """How many held-out images are encoded.

    Args:
        config: What was trained.
    """
    return min(HELD_OUT, DATASETS[config.dataset].test)


def facts(config: TrainConfig, member: int) -> dict[str, Any]:
    """What the browser has to know of a model to run it, as JSON values.

    Args:
        config: What was trained.
        member: Which of the models that trained side by side.
    """
    return {
        "member": member,
        "name": models(config)[member],
        "dataset": config.dataset,
        "likelihood": config.likelihood,
        "scale": config.scale,
        "latent": config.latent_dim,
        "hidden": list(config.hidden),
        "data": config.data_dim,
        "labels": list(DATASETS[config.dataset].labels),
        "problem": too_large(config, "decoder"),
        "encoder_problem": too_large(config, "encoder"),
    }


def models(config: TrainConfig) -> tuple[str, ...]:
    """Names of the models that trained side by side, by their betas."""
    return tuple(f"β {beta:g}" for beta in config.betas)


def widest(study: "Study") -> tuple[int, int]:
    """The two code dimensions whose means vary most over images, counted from one, in order.

    Args:
        study: The model, seen through held-out images.
    """
    order = np.argsort(-study.mean.var(0), kind="stable")[:2] + 1
    across, up = sorted(int(dim) for dim in order) if len(order) == 2 else (1, 2)
    return across, up


def plane(across: int, up: int, latent: int) -> tuple[tuple[int, int], str | None]:
    """The code dimensions across and up, from zero, and what is wrong with the choice, if so.

    Args:
        across: The dimension across, counted from one.
        up: The dimension that points up, counted from one.
        latent: Dimensions of the code. Of one there is no second, which is -1.

    Example:
        >>> plane(3, 1, 5)
        ((2, 0), None)
        >>> plane(2, 2, 5)
        ((1, 2), 'A plane has two dimensions: z3 points up instead.')
    """
    if latent == 1:
        return (0, -1), None
    if across != up:
        return (across - 1, up - 1), None
    other = across % latent
    return (across - 1, other), f"A plane has two dimensions: z{other + 1} points up instead."


# -- What travels to the browser --------------------------------------------------------------

MOST_BYTES = 4_000_000
"""Bytes of weights that one model may send to a browser."""

PARTS = ("decoder", "encoder")


def part_of(weights: Mapping[str, np.ndarray], part: str) -> dict[str, np.ndarray]:
    """The weights of the encoder or the decoder alone, by name, as 32-bit floats.

    Half as many bits would halve what travels, and miss the decoder of the training by up to a
    thousandth; so large models are refused instead.

    Args:
        weights: One member's weights.
        part: One of `PARTS`.
    """
    wanted = ("decoder", "log_scale") if part == "decoder" else ("encoder", "heads")
    return {
        name: array.astype(np.float32)
        for name, array in weights.items()
        if name.startswith(wanted)
    }


def too_large(config: TrainConfig, part: str) -> str | None:
    """Why a part of a model is not sent to the browser, as a sentence, or None.

    The decoder goes first; the encoder follows where both are small enough together.

    Args:
        config: What was trained.
        part: One of `PARTS`.

    Example:
        >>> too_large(TrainConfig(dataset="mnist", hidden=(512,), latent_dim=64), "encoder")
    """
    sizes = {name: 4 * math.prod(shape) for name, shape in shapes(config).items()}
    decoder = sum(size for name, size in sizes.items() if name.startswith("decoder"))
    needed = decoder if part == "decoder" else sum(sizes.values())
    if needed <= MOST_BYTES:
        return None
    what = "The decoder" if part == "decoder" else "This model"
    lost = "be dragged" if part == "decoder" else "encode a drawing"
    return (
        f"{what} has {needed / 1e6:,.1f} MB of weights, and a browser is sent at most "
        f"{MOST_BYTES / 1e6:g} MB: it cannot {lost} here. Train one with narrower hidden layers."
    )


# -- Where in the code ------------------------------------------------------------------------

FURTHEST = 1000.0
"""Standard deviations of the prior that a code may lie away from zero."""


@dataclass(frozen=True, slots=True)
class Place:
    """A code that the address names.

    Attributes:
        z: Its values, one for each dimension; zero where nothing sensible was named.
        problem: What was wrong with the address, as a sentence, or None.
    """

    z: tuple[float, ...]
    problem: str | None = None


def place_of(text: str | None, latent: int) -> Place:
    """The code that the address names.

    Args:
        text: What it says, values with commas between them, or None.
        latent: Dimensions of the code.

    Example:
        >>> place_of("0.5,-1", 2).z
        (0.5, -1.0)
        >>> place_of("0.5", 2).problem
        'The address names a code of 1 dimension, and this model has 2; zero is shown.'
    """
    middle = (0.0,) * latent
    if not text:
        return Place(middle)
    values = text[:5000].split(",")
    if len(values) != latent:
        count = "1 dimension" if len(values) == 1 else f"{len(values)} dimensions"
        return Place(
            middle,
            f"The address names a code of {count}, and this model has {latent}; zero is shown.",
        )
    try:
        z = tuple(float(value) for value in values)
    except ValueError:
        z = (math.nan,)
    if not all(abs(value) <= FURTHEST for value in z):
        return Place(
            middle,
            f"The code in the address must be numbers from -{FURTHEST:g} to {FURTHEST:g}; zero "
            "is shown.",
        )
    return Place(tuple(value + 0.0 for value in z))


def code_text(z: object, latent: int) -> str | None:
    """A code as it stands in the address, or None where a browser has sent no code.

    Args:
        z: What the browser has sent.
        latent: Dimensions of the code.

    Example:
        >>> code_text([0.5, -1.23456], 2)
        '0.5,-1.235'
    """
    if not isinstance(z, list) or len(z) != latent:
        return None
    if not all(isinstance(v, int | float) and abs(v) <= FURTHEST for v in z):
        return None
    return ",".join(f"{round(value, 3) + 0.0:g}" for value in z)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two held-out images to go between.

    Attributes:
        images: Their positions, none, one or two.
        problem: What was wrong with the address, as a sentence, or None.
    """

    images: tuple[int, ...]
    problem: str | None = None


def pair_of(text: str | None, images: int) -> Pair:
    """The images that the address names to go between.

    Args:
        text: Their positions with a hyphen between them, or None.
        images: How many there are.

    Example:
        >>> pair_of("3-12", 300).images
        (3, 12)
    """
    if not text:
        return Pair(())
    found = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", text)
    chosen = tuple(int(place) for place in found.groups() if place) if found else ()
    if not chosen or max(chosen) >= images:
        return Pair((), f"The address names no two of the {images} held-out images.")
    return Pair(chosen)


def pair_text(pair: object, images: int) -> str | None:
    """Two images as they stand in the address, or None where a browser has sent none.

    Args:
        pair: What the browser has sent.
        images: How many images there are.

    Example:
        >>> pair_text([3, 12], 300)
        '3-12'
    """
    if not isinstance(pair, list) or not 1 <= len(pair) <= 2:
        return None
    if not all(isinstance(place, int) and 0 <= place < images for place in pair):
        return None
    return "-".join(map(str, pair))


# -- What is measured -------------------------------------------------------------------------

HELD_OUT, DRAWS = 500, 4
"""Test images that are encoded, at most, and codes that are drawn for each."""

PRIOR_DRAWS, GAPS, APART = 1000, 10, 0.5
"""Draws of the prior that are searched for places without codes, how many of them are shown, and
how many standard deviations of the prior these lie apart."""

EXTREMES = 10
_SEED = 577_215


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A model seen through held-out images.

    Attributes:
        images: The images as the likelihood sees them, white as 255.
        labels: What they show.
        mean: Means of their codes.
        log_var: Log-variances of their codes.
        distortion: D of each, over the codes drawn for it, in nats.
        rate: R of each, in nats.
        nearest: Distance of each to the nearest other one: the root of the summed squared
            differences of pixels from 0 to 1.
        surgery: Their rate, taken apart.
        gaps: Draws of the prior that their codes leave emptiest.
        missing: Nats by which the prior is denser there.
    """

    images: UInt8[np.ndarray, "example data"]
    labels: UInt8[np.ndarray, " example"]
    mean: Float[np.ndarray, "example latent"]
    log_var: Float[np.ndarray, "example latent"]
    distortion: Float[np.ndarray, " example"]
    rate: Float[np.ndarray, " example"]
    nearest: Float[np.ndarray, " example"]
    surgery: Surgery
    gaps: Float[np.ndarray, "kept latent"]
    missing: Float[np.ndarray, " kept"]

    @property
    def neg_elbo(self) -> Float[np.ndarray, " example"]:
        """D + R of each image, in nats."""
        return self.distortion + self.rate

    def extremes(self) -> tuple["Extreme", "Extreme"]:
        """The images with the largest neg_elbo, and those with the smallest."""
        order = np.argsort(-self.neg_elbo, kind="stable")
        return self._extreme(order[:EXTREMES]), self._extreme(order[::-1][:EXTREMES])

    def _extreme(self, places: np.ndarray) -> "Extreme":
        return Extreme(
            tuple(int(place) for place in places),
            tuple(float(value) for value in self.distortion[places]),
            tuple(float(value) for value in self.rate[places]),
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """What the browser needs of it, by name."""
        return {
            "images": self.images,
            "labels": self.labels,
            "mean": self.mean.astype(np.float32),
            "log_var": self.log_var.astype(np.float32),
            "neg_elbo": self.neg_elbo.astype(np.float32),
            "nearest": self.nearest.astype(np.float32),
        }


@dataclass(frozen=True, slots=True)
class Extreme:
    """Some held-out images with their terms.

    Attributes:
        images: Their positions.
        distortion: D of each, in nats.
        rate: R of each, in nats.
    """

    images: tuple[int, ...]
    distortion: tuple[float, ...]
    rate: tuple[float, ...]

    @property
    def neg_elbo(self) -> tuple[float, ...]:
        """D + R of each, in nats."""
        return tuple(d + r for d, r in zip(self.distortion, self.rate, strict=True))


def gaps_of(found: Study) -> dict[str, Any]:
    """The places that codes leave empty, as JSON values.

    Args:
        found: What was measured of a model.
    """
    z = np.round(found.gaps, 4).tolist()
    return {"z": z, "missing": np.round(found.missing, 2).tolist()}


def extremes_of(found: Study) -> list[dict[str, Any]]:
    """The least likely images and the likeliest, as JSON values.

    Args:
        found: What was measured of a model.
    """
    return [dataclasses.asdict(extreme) for extreme in found.extremes()]


def holes_caption(found: Surgery) -> str:
    """What the numbers of the holes are of, and what they do not say.

    Args:
        found: The numbers.
    """
    told = (
        f"Nats per image, on the same {found.images} held-out test images. R is exact; I and KL "
        f"are measured with {DRAWS} codes for each image, ± the standard error of that draw."
    )
    if found.rate <= found.ceiling:
        return told
    return (
        f"{told} R is above ln {found.images}, so at least {found.rate - found.ceiling:.1f} of "
        "its nats show as KL, wherever the codes lie: so few images cannot tell more apart."
    )


def model_of(config: TrainConfig, weights: Mapping[str, np.ndarray], member: int = 0) -> Model:
    """One model of a run, once its weights have been checked.

    Args:
        config: What was trained.
        weights: The weights of a snapshot, by name.
        member: Which of the models that trained side by side.

    Raises:
        ValueError: If the weights are not of this config, or hold what is no number.
    """
    if not 0 <= member < config.members:
        raise ValueError(f"`member` must be from 0 to {config.members - 1}, got {member}.")
    try:
        return one_step.member(config, weights, member)
    except ValueError as error:
        raise ValueError(
            "This model cannot be shown: its file is damaged, or its training went astray. "
            f"Choose another run or an earlier step. {error}"
        ) from error


def study(config: TrainConfig, weights: Mapping[str, np.ndarray], member: int = 0) -> Study:
    """Send held-out test images through a model, and look at their codes all together.

    Equal weights give equal numbers: all draws have fixed seeds.

    Args:
        config: What was trained.
        weights: The weights of a snapshot, by name.
        member: Which of the models that trained side by side.

    Raises:
        ValueError: If the weights are not of this config, hold what is no number, or lead to
            what is no number.
        DatasetUnavailable: If the images are not there.
    """
    model = model_of(config, weights, member)
    data = datasets.load(config.dataset)
    x = seen(config, data, "test")[:HELD_OUT]
    code = one_step.encode(model.weights, x)
    mean, log_var = code.mean, code.log_var
    z = aggregate.draw(mean, log_var, DRAWS, _SEED)
    distortion = np.mean([_distortion(model, x, codes) for codes in z], axis=0)
    rate = rate_by_dimension(mean, log_var).sum(-1)
    if not (np.isfinite(distortion) & np.isfinite(rate)).all():
        raise ValueError(
            "This model gives distortions or rates that are no numbers: its training went astray. "
            "Choose another run or an earlier step."
        )
    places, missing = aggregate.gaps(
        mean, log_var, draws=PRIOR_DRAWS, keep=GAPS, apart=APART, seed=_SEED
    )
    return Study(
        images=np.round(x * 255).astype(np.uint8),
        labels=data.test.labels[:HELD_OUT],
        mean=mean,
        log_var=log_var,
        distortion=distortion,
        rate=rate,
        nearest=nearest_others(x),
        surgery=aggregate.surgery(mean, log_var, z),
        gaps=places,
        missing=missing,
    )


def _distortion(
    model: Model, x: Float[np.ndarray, "example data"], z: Float[np.ndarray, "example latent"]
) -> Float[np.ndarray, " example"]:
    """D of each image with one code."""
    output = one_step.decode(model.weights, z).output
    return one_step.nats_by_pixel(model.likelihood, x, output, model.log_scale).sum(-1)


def nearest_others(x: Float[np.ndarray, "example data"]) -> Float[np.ndarray, " example"]:
    """Distance of each image to the nearest other one, pixels from 0 to 1.

    Args:
        x: The images.

    Example:
        >>> nearest_others(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 3.0]]))
        array([4.24264069, 1.        , 1.        ])
    """
    x = x.astype(np.float64)
    squares = (x**2).sum(-1)
    distances = squares[:, None] + squares - 2 * x @ x.T
    np.fill_diagonal(distances, np.inf)
    return np.sqrt(np.maximum(distances.min(-1), 0))


def in_line(found: Surgery) -> str:
    """The rate of a model taken apart, in one line that adds up.

    Args:
        found: The numbers.
    """
    total, information = round(found.rate, 2), round(found.information, 2)
    error = _error(found)
    return f"R {total:.2f} = I {information:.2f} + KL {total - information:.2f} {error} nats"


def _error(found: Surgery) -> str:
    return f"± {found.standard_error:.2f}" if found.standard_error >= 0.005 else "± <0.01"


def holes_table(studies: Mapping[str, Study]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The rate of each model taken apart, as the headings and rows of a table.

    Args:
        studies: What was measured of each model, by what it is called.
    """
    rows = []
    for name, found in studies.items():
        cut = found.surgery
        error = _error(cut)
        rows.append(
            (
                name,
                f"{cut.rate:.2f}",
                f"{cut.information:.2f} {error}",
                f"{round(cut.rate, 2) - round(cut.information, 2):.2f} {error}",  # adds up
                f"{cut.ceiling:.2f}",
            )
        )
    headings = ("model", ":green[R]", "I(x; z)", "KL[codes; prior]", "ln N, the most I can be")
    return headings, rows
