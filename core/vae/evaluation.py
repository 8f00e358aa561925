"""What a trained model is worth on images that nothing was chosen by: the test split.

Three kinds of numbers, each with its standard error over images. Distortion, rate and their sum
(the negative ELBO) say what the model was trained for. The importance-weighted bounds come closer
to -log q(x), the marginal that training was really about. Active units say how many dimensions
of the code are in use. All are in nats per image, but for the units, which are a count.

Here p is the real world and the encoder, q the dream world (prior and decoder): the reverse of
most papers.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.reports import Tensors
from core.vae import likelihoods, model
from core.vae.config import Likelihood, TrainConfig
from core.vae.datasets import Dataset
from core.vae.objective import rate
from core.vae.training import seen_by

__all__ = [
    "ACTIVE_VARIANCE",
    "DRAWS",
    "Estimate",
    "Spread",
    "evaluate",
    "importance_weighted_bound",
    "log_weights",
    "spread_of_codes",
]

DRAWS = (1, 10, 100, 1000)
"""Codes drawn for each image (k) in the importance-weighted bounds."""

ACTIVE_VARIANCE = 0.01
"""A code dimension is active if its mean varies by more than this over images."""

_RESAMPLES = 200
_NOISE_SEED, _RESAMPLE_SEED = 314_159, 141_421

_PIECE = 15_000_000_000
"""Operations between two results: about a fifth of a second of one core."""

_POINTWISE = 150
"""Multiplications in a matrix product that take as long as one pixel's share of distortion."""

_CALLS = 20_000_000
"""Operations in the time that it takes to call for one piece of work, however small it is."""

_ROOM = 1 << 22
"""Bytes of the widest layer's output that are worked on at once: what stays close to a core."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Means over images, one entry per member.

    Attributes:
        value: The means.
        standard_error: How far each is off, typically, for the images that happened to be drawn.
    """

    value: tuple[float, ...]
    standard_error: tuple[float, ...]

    def to_json(self) -> dict[str, list[float | None]]:
        """The two lists; a number that is not finite becomes None.

        Example:
            >>> Estimate((24.5,), (0.25,)).to_json()
            {'value': [24.5], 'standard_error': [0.25]}
        """
        return {"value": _finite(self.value), "standard_error": _finite(self.standard_error)}


@dataclass(frozen=True, slots=True)
class Spread:
    """How much the mean of one member's code varies over images.

    Attributes:
        variance: Unbiased variance of each code dimension.
        standard_error: The standard errors of the variances.
        active: How many variances are above the threshold.
        active_error: The standard error of that count.
    """

    variance: tuple[float, ...]
    standard_error: tuple[float, ...]
    active: int
    active_error: float


def evaluate(
    config: TrainConfig, weights: Tensors, data: Dataset, *, images: int | None = 500
) -> Iterator[dict[str, Any]]:
    """Measure trained models on the test split; say again and again what is known so far.

    Equal weights give equal numbers: all draws have fixed seeds, and all members share them.

    Args:
        config: The config that the weights were trained with.
        weights: The weights of a snapshot, by name.
        data: The data set that the config names.
        images: How many of the test images the importance-weighted bounds are measured on, the
            first ones. None stands for all, which takes minutes on MNIST.

    Yields:
        JSON-able dictionaries, each with everything known by then. They come about five times a
        second on one core, so that the caller can stop in between; with large models a result
        may repeat the one before, and the first may hold no number yet. Each `value` and
        `standard_error` is a list with one entry per member.

        `split` is "test", `images` how many of `images_in_split` have been measured.
        `is_density` says whether q(x|z) is a density or a probability of the images, so that
        the negative ELBO and the bounds are upper bounds on -log q(x). Grey pixels under a
        Bernoulli decoder have none: there they only compare models.

        `distortion`, `rate`, `neg_elbo` are `{"value", "standard_error"}`, with one code drawn
        for each image. `active_units` is the same for a count, with its `threshold` and the
        `variances` behind it; it is there once all images have been measured.

        `bounds` holds `images` and `of`, how many have been measured of those asked for, `draws`,
        the k of each bound, and `estimates`, one for each k. They tighten as k grows.

    Raises:
        ValueError: If the weights are not of this config, or `images` is no number of images.
    """
    if images is not None and (not isinstance(images, int) or images < 2):
        raise ValueError(f"`images` must be a whole number from 2 on or None, got {images!r}.")
    device = torch.device("cuda" if config.device == "cuda" else "cpu")
    members = _members(config, weights, device)
    x = seen_by(config, data, "test").to(device)
    result: dict[str, Any] = {
        "split": "test",
        "images": 0,
        "images_in_split": len(x),
        "is_density": config.likelihood != "bernoulli_grey",
    }
    effort = _Effort(config)
    for known in itertools.chain(
        _terms(config, members, x, effort), _bounds(config, members, x[:images], effort)
    ):
        result |= known
        yield dict(result)


# -- Distortion, rate and the use of the code ---------------------------------------------


def _terms(
    config: TrainConfig,
    members: Sequence[model.Parameters],
    x: Float[Tensor, "example data"],
    effort: "_Effort",
) -> Iterator[dict[str, Any]]:
    noise = torch.randn((len(x), config.latent_dim), generator=_seeded(_NOISE_SEED)).to(x.device)
    values = np.zeros((3, len(members), len(x)))
    means = np.empty((len(members), len(x), config.latent_dim), dtype=np.float32)

    def known(done: int) -> dict[str, Any]:
        if done < 2:
            return {}
        names = ("distortion", "rate", "neg_elbo")
        estimates = (_over_images(v[:, :done]).to_json() for v in values)
        return {"images": done, **dict(zip(names, estimates, strict=True))}

    for part in _parts(len(x), effort.rows):
        for member, parameters in enumerate(members):
            mean, log_var = model.encode(parameters, x[None, part])
            z = model.sample(mean, log_var, noise[None, part])
            output = model.decode(parameters, z)
            distortion = likelihoods.distortion(
                config.likelihood, x[None, part], output, parameters["log_scale"]
            )
            values[0, member, part] = distortion[0].cpu()
            values[1, member, part] = rate(mean, log_var)[0].cpu()
            means[member, part] = mean[0].cpu()
            if effort.is_due(len(mean[0]) * (effort.encoder + effort.decoder)):
                yield known(part.start)
        values[2, :, part] = values[:2, :, part].sum(0)

    spreads = []
    for member in range(len(members)):
        spreads.append(spread_of_codes(means[member]))
        if effort.is_due(2 * _RESAMPLES * means[member].size):
            yield known(len(x))
    yield known(len(x)) | {"active_units": _active_units(spreads)}


def spread_of_codes(means: Float[np.ndarray, "example latent"]) -> Spread:
    r"""How much the code means of images vary, dimension by dimension, and how many are active.

    A unit is active if the variance over images of its mean is above 0.01. The variance $s^2$ of
    $n$ images with fourth central moment $m_4$ has the squared standard error

    $$\frac1n \Bigl(m_4 - \frac{n-3}{n-1} s^4\Bigr).$$

    The count's standard error comes from 200 bootstrap samples of the images, drawn with a fixed
    seed. It is zero where no variance comes near the threshold.

    Args:
        means: The mean of each image's code.

    References:
        Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders (2016), section 5.1.
    """
    count = len(means)
    around = means.astype(np.float64) - means.mean(0)
    variance = around.var(0, ddof=1)
    fourth = (around**4).mean(0)
    squared_error = (fourth - (count - 3) / (count - 1) * variance**2) / count
    # Each bootstrap sample is how often it holds each image.
    rng = np.random.default_rng(_RESAMPLE_SEED)
    drawn = rng.integers(0, count, size=(_RESAMPLES, count))
    times = np.stack([np.bincount(row, minlength=count) for row in drawn]).astype(np.float64)
    resampled = (times @ around**2 - (times @ around) ** 2 / count) / (count - 1)
    counts = (resampled > ACTIVE_VARIANCE).sum(-1)
    return Spread(
        variance=tuple(variance.tolist()),
        standard_error=tuple(np.sqrt(squared_error.clip(min=0)).tolist()),
        active=int((variance > ACTIVE_VARIANCE).sum()),
        active_error=float(counts.std(ddof=1)),
    )


def _active_units(spreads: Sequence[Spread]) -> dict[str, Any]:
    count = Estimate(
        tuple(float(spread.active) for spread in spreads),
        tuple(spread.active_error for spread in spreads),
    )
    variances = {
        "value": [_finite(spread.variance) for spread in spreads],
        "standard_error": [_finite(spread.standard_error) for spread in spreads],
    }
    return {**count.to_json(), "threshold": ACTIVE_VARIANCE, "variances": variances}


# -- Bounds on the marginal ---------------------------------------------------------------


def _bounds(
    config: TrainConfig,
    members: Sequence[model.Parameters],
    x: Float[Tensor, "example data"],
    effort: "_Effort",
) -> Iterator[dict[str, Any]]:
    generator = _seeded(_NOISE_SEED + 1)
    values = np.empty((len(DRAWS), len(members), len(x)))
    weights = x.new_empty(max(DRAWS))

    def known(done: int) -> dict[str, Any]:
        if done < 2:
            return {}
        estimates = [_over_images(v[:, :done]).to_json() for v in values]
        of = {"images": done, "of": len(x), "draws": list(DRAWS)}
        return {"bounds": {**of, "estimates": estimates}}

    for image in range(len(x)):
        noise = torch.randn((max(DRAWS), config.latent_dim), generator=generator).to(x.device)
        shown = x[None, image : image + 1]
        for member, parameters in enumerate(members):
            for part in _parts(len(noise), effort.rows):
                weights[part] = log_weights(
                    parameters, config.likelihood, shown, noise[None, part]
                )[0]
                if effort.is_due((part.stop - part.start) * effort.decoder):
                    yield known(image)
            for row, draws in enumerate(DRAWS):
                values[row, member, image] = importance_weighted_bound(weights[:draws])
    yield known(len(x))


def log_weights(
    parameters: model.Parameters,
    likelihood: Likelihood,
    x: Float[Tensor, "member 1 data"],
    noise: Float[Tensor, "member sample latent"],
) -> Float[Tensor, "member sample"]:
    r"""How much more often the dream produces an image with a code than the encoder, in nats.

    For codes $z = \mu + \sigma\varepsilon$ drawn from p(z|x) these are the log-ratios

    $$\log \frac{q(x|z)\, q(z)}{p(z|x)}
      = \log q(x|z) - \tfrac12 \sum_j (z_j^2 - \varepsilon_j^2 - \log\sigma_j^2).$$

    Their mean over codes is the ELBO, and the mean of their exponentials is q(x).

    Args:
        parameters: Weights, with a `log_scale` even where the decoder does not learn one.
        likelihood: Noise model of the decoder.
        x: One image, as the likelihood sees it.
        noise: Standard normal draws, one row for each code.
    """
    mean, log_var = model.encode(parameters, x)
    samples = noise.shape[1]
    z = model.sample(mean.expand(-1, samples, -1), log_var.expand(-1, samples, -1), noise)
    output = model.decode(parameters, z)
    distortion = likelihoods.distortion(
        likelihood, x.expand(-1, samples, -1), output, parameters["log_scale"]
    )
    return -distortion - 0.5 * (z.square() - noise.square() - log_var).sum(-1)


def importance_weighted_bound(weights: Float[Tensor, " sample"]) -> float:
    r"""An upper bound on -log q(x), up to the luck of the draw, that tightens with more codes.

    $$-\log \frac1k \sum_{i=1}^k w_i$$

    averages to more than -log q(x), by Jensen's inequality, and to less for every further code.
    With one code it averages to the negative ELBO.

    Args:
        weights: Log-weights of k codes drawn for the same image.

    References:
        Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders (2016), theorem 1.

    Example:
        >>> importance_weighted_bound(torch.tensor([-1000.0, -1000.0]))
        1000.0
    """
    return math.log(len(weights)) - float(torch.logsumexp(weights.double(), 0))


# -- Pieces -------------------------------------------------------------------------------


class _Effort:
    """How much work there is to one image or code, and when it is time for a result.

    Attributes:
        rows: Images or codes to work on at once, so that little memory is needed.
        encoder: Operations to encode one image.
        decoder: Operations to decode one code and measure its distortion.
    """

    def __init__(self, config: TrainConfig) -> None:
        sizes = {name: math.prod(shape) for name, shape in model.shapes(config).items()}
        decoder = sum(size for name, size in sizes.items() if name.startswith("decoder"))
        self.encoder = 2 * (sum(sizes.values()) - decoder)
        self.decoder = 2 * decoder + _POINTWISE * config.data_dim
        room = _ROOM * (64 if config.device == "cuda" else 1)
        self.rows = max(1, room // (4 * max(config.data_dim, *config.hidden)))
        self._spent = 0

    def is_due(self, operations: int) -> bool:
        """Whether the work since the last result, with this, is enough for another."""
        self._spent += operations + _CALLS
        if self._spent < _PIECE:
            return False
        self._spent = 0
        return True


def _members(
    config: TrainConfig, weights: Mapping[str, np.ndarray], device: torch.device
) -> list[model.Parameters]:
    """The weights of each member by itself, so that memory does not grow with their number."""
    shapes = {n: (config.members, *shape) for n, shape in model.shapes(config).items()}
    for name, shape in shapes.items():
        found = weights[name].shape if name in weights else None
        if found != shape:
            raise ValueError(f"`weights` must hold `{name}` of shape {shape}, got {found}.")
    everything = {name: torch.tensor(weights[name], device=device) for name in shapes}
    fixed = torch.full((config.members, 1), config.scale, device=device).log()
    everything.setdefault("log_scale", fixed)
    return [
        {name: values[member : member + 1] for name, values in everything.items()}
        for member in range(config.members)
    ]


def _over_images(values: Float[np.ndarray, "member example"]) -> Estimate:
    error = values.std(-1, ddof=1) / math.sqrt(values.shape[-1])
    return Estimate(tuple(values.mean(-1).tolist()), tuple(error.tolist()))


def _parts(count: int, rows: int) -> Iterator[slice]:
    for start in range(0, count, rows):
        yield slice(start, min(start + rows, count))


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _finite(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
