r"""One step of training with every number kept, so that it can be walked through by hand.

The five steps of the lecture's loop: encode, sample, decode, loss, update. This is the arithmetic
of `core.vae.model`, `likelihoods`, `objective`, `gradients` and `adam`, for one model, in float64
and NumPy: it needs no torch, so that whoever only shows a step need not load it. Tests compare
every number with those modules.

Notation: $h$ the input of a layer, $\delta_a$ the slope of the objective of each image by its
output $a$. A layer $a = hW + b$ gives

$$\delta_W = h^\top \delta_a, \qquad \delta_b = \textstyle\sum_{batch} \delta_a, \qquad
  \delta_h = \delta_a W^\top, \qquad \delta_{relu} = \delta_h \cdot [h > 0].$$

Here p is the real world and the encoder, q the dream (prior and decoder): the reverse of most
papers.

References:
    Lecture, "Training loop" [0:55-1:05].
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from core.vae.closed_form import rate_by_dimension
from core.vae.config import Likelihood, TrainConfig
from core.vae.shapes import shapes

__all__ = [
    "ADAM_EPSILON",
    "Code",
    "Flow",
    "Model",
    "Picture",
    "Step",
    "decode",
    "encode",
    "gradient",
    "layers",
    "mean_image",
    "member",
    "nats_by_pixel",
    "one_step",
    "sample",
    "slopes_of_decoder",
    "slopes_of_encoder",
    "updated",
]

ADAM_EPSILON = 1e-8
"""What Adam adds to the root of the second moment, as in training."""

Weights = Mapping[str, np.ndarray]
"""Weights of one model by name, or their gradients, laid out as `core.vae.model` does."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """One model as a step of training meets it.

    Attributes:
        weights: Its weights by name, in float64, without the axis of members.
        likelihood: Noise model of the decoder.
        log_scale: Log standard deviation of a Gaussian decoder; a Bernoulli one ignores it.
    """

    weights: Weights
    likelihood: Likelihood
    log_scale: float


def member(config: TrainConfig, tensors: Weights, k: int = 0) -> Model:
    """One of the models that a training keeps, from the arrays of a snapshot.

    Args:
        config: What was trained.
        tensors: The weights of all members by name, as a snapshot holds them.
        k: Which of them.

    Raises:
        ValueError: If the arrays do not fit the config, or a number is not finite.
    """
    weights = {}
    for name, shape in shapes(config).items():
        found = tensors[name].shape[1:] if name in tensors else None
        if found != shape:
            raise ValueError(f"`tensors` must hold `{name}` of shape {shape}, got {found}.")
        weights[name] = tensors[name][k].astype(np.float64)
        if not np.isfinite(weights[name]).all():
            raise ValueError(f"`tensors` must hold finite numbers, got others in `{name}`.")
    fixed = math.log(config.scale)
    log_scale = float(weights["log_scale"][0]) if "log_scale" in weights else fixed
    return Model(weights=weights, likelihood=config.likelihood, log_scale=log_scale)


def layers(weights: Weights, part: str = "") -> list[str]:
    """Names of the layers of a part, or of all, in the order in which data flow through them."""
    order = {"encoder": 0, "heads": 1, "decoder": 2}
    found = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    found.sort(key=lambda name: (order[name.partition(".")[0]], name))
    return [name for name in found if name.startswith(part)]


# -- 1. Encode --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Code:
    """The code distributions p(z|x) of some images, and how the encoder came to them.

    Attributes:
        mean: Mean of each code dimension.
        log_var: Log-variance of each.
        inputs: What flowed into each layer of the encoder, and last into the two heads.
    """

    mean: Float[np.ndarray, "row latent"]
    log_var: Float[np.ndarray, "row latent"]
    inputs: tuple[Float[np.ndarray, "row _"], ...]

    @property
    def std(self) -> Float[np.ndarray, "row latent"]:
        """Standard deviation of each code dimension."""
        return np.exp(self.log_var / 2)


def encode(weights: Weights, x: Float[np.ndarray, "row data"]) -> Code:
    """The Gaussian p(z|x) of each image: the encoder's two heads.

    Args:
        weights: Weights of one model.
        x: Images with pixels from 0 to 1.
    """
    inputs = [x]
    for layer in layers(weights, "encoder"):
        inputs.append(np.maximum(_affine(weights, layer, inputs[-1]), 0))
    both = inputs[-1] @ weights["heads.weight"].T + weights["heads.bias"]
    mean, log_var = np.split(both, 2, axis=1)
    return Code(mean=mean, log_var=log_var, inputs=tuple(inputs))


# -- 2. Sample --------------------------------------------------------------------------------


def sample(code: Code, noise: Float[np.ndarray, "row latent"]) -> Float[np.ndarray, "row latent"]:
    """A code drawn for each image: mean + standard deviation x noise.

    Args:
        code: The code distributions.
        noise: Standard normal draws, supplied by the caller.
    """
    return code.mean + code.std * noise


# -- 3. Decode --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """What the decoder makes of some codes, and how.

    Attributes:
        output: Of each pixel the logit of a Bernoulli, or the mean of a Gaussian.
        inputs: What flowed into each layer of the decoder.
    """

    output: Float[np.ndarray, "row data"]
    inputs: tuple[Float[np.ndarray, "row _"], ...]


def decode(weights: Weights, z: Float[np.ndarray, "row latent"]) -> Picture:
    """What the decoder says of each pixel, given a code.

    Args:
        weights: Weights of one model.
        z: One code a row.
    """
    *hidden, last = layers(weights, "decoder")
    inputs = [z]
    for layer in hidden:
        inputs.append(np.maximum(_affine(weights, layer, inputs[-1]), 0))
    return Picture(output=_affine(weights, last, inputs[-1]), inputs=tuple(inputs))


def mean_image(
    likelihood: Likelihood, output: Float[np.ndarray, "row data"]
) -> Float[np.ndarray, "row data"]:
    """The image the decoder expects, pixels from 0 to 1: the lecture's g(z)."""
    return _sigmoid(output) if _is_bernoulli(likelihood) else np.clip(output, 0, 1)


def nats_by_pixel(
    likelihood: Likelihood,
    x: Float[np.ndarray, "row data"],
    output: Float[np.ndarray, "row data"],
    log_scale: float,
) -> Float[np.ndarray, "row data"]:
    r"""Nats still needed to send each pixel once the code is known: $-\log q(x_i|z)$.

    The sum over the pixels of an image is its distortion, `core.vae.likelihoods.distortion`.

    Args:
        likelihood: Noise model of the decoder.
        x: Images as the likelihood sees them.
        output: The decoder's output for the code of each.
        log_scale: Log standard deviation of a Gaussian decoder.
    """
    if _is_bernoulli(likelihood):
        softplus = np.maximum(output, 0) + np.log1p(np.exp(-np.abs(output)))
        return softplus - x * output
    squared = np.square(x - output) / (2 * math.exp(2 * log_scale))
    return squared + log_scale + 0.5 * math.log(2 * math.pi)


# -- 4. Loss, and its slopes ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    r"""What the gradient of one layer is made of: $h$ and $\delta_a$, row by row.

    Attributes:
        input: What flowed into the layer.
        slope: Slope of a row's own loss by what flowed out.
    """

    input: Float[np.ndarray, "row inputs"]
    slope: Float[np.ndarray, "row outputs"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """Everything that one step computes before it touches the weights.

    Attributes:
        x: The images.
        noise: The standard normal draws.
        code: The code distributions of the images.
        z: The codes drawn from them.
        picture: What the decoder makes of the codes.
        pixels: Nats of each pixel, -log q(x|z).
        dimensions: Nats of each code dimension, in closed form.
        beta: Nats of distortion one nat of rate is worth.
        flows: What the gradients of all layers are made of, by layer.
        log_scale_slope: Slope of each image's loss by a learned log scale.
    """

    x: Float[np.ndarray, "batch data"]
    noise: Float[np.ndarray, "batch latent"]
    code: Code
    z: Float[np.ndarray, "batch latent"]
    picture: Picture
    pixels: Float[np.ndarray, "batch data"]
    dimensions: Float[np.ndarray, "batch latent"]
    beta: float
    flows: Mapping[str, Flow]
    log_scale_slope: Float[np.ndarray, " batch"]

    @property
    def distortion(self) -> Float[np.ndarray, " batch"]:
        """D of each image, in nats."""
        return self.pixels.sum(-1)

    @property
    def rate(self) -> Float[np.ndarray, " batch"]:
        """R of each image, in nats."""
        return self.dimensions.sum(-1)

    @property
    def objective(self) -> float:
        """What the step brings down: D + beta R, averaged over the images, in nats per image."""
        return float(self.distortion.mean() + self.beta * self.rate.mean())


def one_step(
    model: Model,
    x: Float[np.ndarray, "batch data"],
    noise: Float[np.ndarray, "batch latent"],
    beta: float,
) -> Step:
    """Encode, sample, decode, and the loss with its slopes: a step but for the update.

    Args:
        model: The model.
        x: Images as the likelihood sees them.
        noise: Standard normal draws, one for each code dimension of each image.
        beta: Nats of distortion one nat of rate is worth.
    """
    code = encode(model.weights, x)
    z = sample(code, noise)
    picture = decode(model.weights, z)
    flows, z_slope = slopes_of_decoder(model, x, picture)
    # dz/dmean = 1 and dR/dmean = mean;
    # dz/dlog sigma^2 = sigma noise / 2 and dR/dlog sigma^2 = (sigma^2 - 1) / 2
    mean_slope = z_slope + beta * code.mean
    log_var_slope = 0.5 * (z_slope * code.std * noise + beta * np.expm1(code.log_var))
    heads_slope = np.concatenate([mean_slope, log_var_slope], axis=1)
    error = np.square(x - picture.output).sum(-1) * math.exp(-2 * model.log_scale)
    return Step(
        x=x,
        noise=noise,
        code=code,
        z=z,
        picture=picture,
        pixels=nats_by_pixel(model.likelihood, x, picture.output, model.log_scale),
        dimensions=rate_by_dimension(code.mean, code.log_var),
        beta=beta,
        flows=slopes_of_encoder(model.weights, code.inputs, heads_slope) | flows,
        log_scale_slope=x.shape[1] - error,
    )


def slopes_of_decoder(
    model: Model, x: Float[np.ndarray, "row data"], picture: Picture
) -> tuple[dict[str, Flow], Float[np.ndarray, "row latent"]]:
    """How each row's distortion would change with the decoder's layers, and with its code.

    Args:
        model: The model.
        x: The image of each row.
        picture: What the decoder made of the code of each row.
    """
    if _is_bernoulli(model.likelihood):
        slope = _sigmoid(picture.output) - x  # dD/dl
    else:
        slope = (picture.output - x) * math.exp(-2 * model.log_scale)  # dD/dm
    flows = {}
    for layer, h in zip(
        reversed(layers(model.weights, "decoder")), reversed(picture.inputs), strict=True
    ):
        flows[layer] = Flow(input=h, slope=slope)
        slope = slope @ model.weights[f"{layer}.weight"].T
        if h is not picture.inputs[0]:  # the code itself passed no relu
            slope = slope * (h > 0)
    return flows, slope


def slopes_of_encoder(
    weights: Weights,
    inputs: Sequence[Float[np.ndarray, "row _"]],
    heads_slope: Float[np.ndarray, "row heads"],
) -> dict[str, Flow]:
    """How each row's loss would change with the encoder's layers.

    Args:
        weights: Weights of one model.
        inputs: What flowed into each layer of the encoder, and last into the heads.
        heads_slope: Slope of each row's loss by the two heads, means first.
    """
    *_, hidden = inputs
    flows = {"heads": Flow(input=hidden, slope=heads_slope)}
    slope = heads_slope @ weights["heads.weight"]
    for place in reversed(range(len(inputs) - 1)):
        slope = slope * (inputs[place + 1] > 0)
        layer = f"encoder.{place}"
        flows[layer] = Flow(input=inputs[place], slope=slope)
        slope = slope @ weights[f"{layer}.weight"].T
    return flows


def gradient(model: Model, step: Step) -> dict[str, np.ndarray]:
    """The gradient of the objective, a mean over the images, by weight name.

    Args:
        model: The model.
        step: Its step.
    """
    batch = len(step.x)
    found = {}
    for layer in layers(model.weights):
        h, slope = step.flows[layer].input, step.flows[layer].slope
        product = slope.T @ h if layer == "heads" else h.T @ slope
        found[f"{layer}.weight"] = product / batch
        found[f"{layer}.bias"] = slope.sum(0) / batch
    if "log_scale" in model.weights:
        found["log_scale"] = np.array([step.log_scale_slope.mean()])
    return found


# -- 5. Update --------------------------------------------------------------------------------


def updated(model: Model, gradient: Weights, learning_rate: float) -> Model:
    r"""The model after one step of an Adam that has seen no gradient before.

    With both moments empty their corrections cancel, and each weight moves by

    $$-\eta \, \frac{g}{|g| + \epsilon},$$

    the learning rate itself, wherever its gradient is not tiny.

    Args:
        model: The model before.
        gradient: The gradient by weight name.
        learning_rate: The step size.

    References:
        Kingma & Ba, Adam: A Method for Stochastic Optimization (2015).
    """
    weights = {
        name: values - learning_rate * gradient[name] / (np.abs(gradient[name]) + ADAM_EPSILON)
        for name, values in model.weights.items()
    }
    log_scale = float(weights["log_scale"][0]) if "log_scale" in weights else model.log_scale
    return Model(weights=weights, likelihood=model.likelihood, log_scale=log_scale)


def _affine(weights: Weights, layer: str, h: np.ndarray) -> np.ndarray:
    return h @ weights[f"{layer}.weight"] + weights[f"{layer}.bias"]


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * logits)  # which cannot overflow


def _is_bernoulli(likelihood: Likelihood) -> bool:
    return likelihood.startswith("bernoulli")
