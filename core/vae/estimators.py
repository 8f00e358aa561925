r"""How much a gradient owes to the draw of the code: two ways to estimate it, and their spread.

Distortion is an average over codes drawn from p(z|x), and the encoder decides where they fall.
*Pathwise*, the draw is written as $z = \mu + \sigma\epsilon$ and differentiated through. The
*score function* leaves the draw alone and weighs each outcome by how much more probable the
encoder would make it. Both are right on average; they differ in how far one draw is off.

Here p is the real world and the encoder, q the dream (prior and decoder): the reverse of most
papers.

References:
    Lecture, "Training loop", step 2 [0:55-1:05].
    Kingma & Welling, Auto-Encoding Variational Bayes (2014), section 2.
    Williams, Simple Statistical Gradient-Following Algorithms (1992).
    Kool, van Hoof & Welling, Buy 4 REINFORCE Samples, Get a Baseline for Free! (2019).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from core.vae.one_step import (
    Code,
    Flow,
    Model,
    decode,
    encode,
    nats_by_pixel,
    slopes_of_decoder,
    slopes_of_encoder,
)

__all__ = ["Draws", "Spreads", "draw", "pathwise", "score_function", "spreads"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """Many codes for each of a few images, and what the decoder loses with each.

    Attributes:
        code: The code distributions of the images.
        noise: The standard normal draws.
        distortion: D with each code, in nats.
        z_slope: Slope of each by its code.
        flows: What the gradients of the decoder's layers are made of; the rows run through all
            codes of the first image, then of the next.
    """

    code: Code
    noise: Float[np.ndarray, "batch sample latent"]
    distortion: Float[np.ndarray, "batch sample"]
    z_slope: Float[np.ndarray, "batch sample latent"]
    flows: Mapping[str, Flow]


def draw(
    model: Model,
    x: Float[np.ndarray, "batch data"],
    noise: Float[np.ndarray, "batch sample latent"],
) -> Draws:
    """Draw many codes for each image, and decode them all.

    Args:
        model: The model.
        x: The images.
        noise: Standard normal draws, supplied by the caller.
    """
    code = encode(model.weights, x)
    z = code.mean[:, None] + code.std[:, None] * noise
    rows = z.reshape(-1, z.shape[-1])
    picture = decode(model.weights, rows)
    repeated = np.repeat(x, noise.shape[1], axis=0)
    pixels = nats_by_pixel(model.likelihood, repeated, picture.output, model.log_scale)
    flows, slope = slopes_of_decoder(model, repeated, picture)
    return Draws(
        code=code,
        noise=noise,
        distortion=pixels.sum(-1).reshape(noise.shape[:2]),
        z_slope=slope.reshape(noise.shape),
        flows=flows,
    )


# -- Two ways to the gradient of the encoder's heads ------------------------------------------


def pathwise(draws: Draws) -> Float[np.ndarray, "batch sample heads"]:
    r"""What one draw says of the slope of D by the two heads, differentiated through the draw.

    $$\frac{\partial D}{\partial \mu} = \frac{\partial D}{\partial z}, \qquad
      \frac{\partial D}{\partial \log\sigma^2}
        = \frac{\partial D}{\partial z} \cdot \tfrac12 \sigma\epsilon.$$

    Returns:
        Slopes by the means, then by the log-variances. Their average over draws is the gradient.
    """
    by_log_var = 0.5 * draws.z_slope * draws.code.std[:, None] * draws.noise
    return np.concatenate([draws.z_slope, by_log_var], axis=-1)


def score_function(
    draws: Draws, *, baseline: bool = False
) -> Float[np.ndarray, "batch sample heads"]:
    r"""What one draw says of the same slope where the draw is not differentiated.

    $$(D - b)\,\nabla \log p(z|x): \qquad
      \frac{\partial \log p}{\partial \mu} = \frac{\epsilon}{\sigma}, \qquad
      \frac{\partial \log p}{\partial \log\sigma^2} = \tfrac12 (\epsilon^2 - 1).$$

    Args:
        draws: Codes and their distortions.
        baseline: Whether $b$ is the mean distortion of the image's other draws, which changes
            nothing on average; otherwise it is zero.

    Returns:
        Slopes by the means, then by the log-variances. Their average over draws is the gradient.
    """
    distortion, count = draws.distortion, draws.distortion.shape[1]
    if baseline:
        others = (distortion.sum(1, keepdims=True) - distortion) / (count - 1)
        distortion = distortion - others
    by_mean = draws.noise / draws.code.std[:, None]
    by_log_var = 0.5 * (np.square(draws.noise) - 1)
    return distortion[..., None] * np.concatenate([by_mean, by_log_var], axis=-1)


# -- How many draws are enough ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spreads:
    """How far D and its gradient are off with so many codes for each image, typically.

    Attributes:
        samples: Codes for each image.
        distortion: Standard deviation of the batch's mean D over the draws, in nats per image.
        distortion_of_images: That of its mean over the choice of images, had every image all
            codes there are: what other images would have changed, in nats per image.
        gradient: Root of the summed variances of the gradient of D by all weights, over draws.
        gradient_of_images: The same over the choice of images.
        gradient_norm: Length of the gradient itself, averaged over all draws.
    """

    samples: Int[np.ndarray, " count"]
    distortion: Float[np.ndarray, " count"]
    distortion_of_images: float
    gradient: Float[np.ndarray, " count"]
    gradient_of_images: float
    gradient_norm: float


def spreads(model: Model, draws: Draws) -> Spreads:
    """How the spread over draws falls as more codes are drawn for each image of the batch.

    The draws of each image are dealt into groups of 1, 2, 4, ...; each group is one estimate,
    and their variance is what is measured. The draws of different images are independent.

    Args:
        model: The model.
        draws: Codes of the images of one batch: at least two images, and a power of two of
            draws, at least eight.

    Raises:
        ValueError: If there are fewer, or their number is no power of two.
    """
    batch, count = draws.distortion.shape
    if batch < 2 or count < 8 or count & (count - 1):
        raise ValueError(
            "`draws` must be of two images or more, and a power of two from 8 on of each, got "
            f"{count} of {batch}."
        )
    sizes = [2**k for k in range(count.bit_length()) if 2**k <= min(count // 8, _MOST_DRAWS)]
    flows = _by_image(model, draws)
    of_images = [_mean_gradient(*flow).reshape(batch, -1) for flow in flows.values()]
    lengths = np.sum([np.square(values).sum(1) for values in of_images], axis=0)
    whole = sum(float(np.square(values.mean(0)).sum()) for values in of_images)
    norms = [_squared_norms(*flow, sizes) for flow in flows.values()]
    of_distortion, of_gradient = [], []
    for k, size in enumerate(sizes):
        groups = count // size
        dealt = draws.distortion.reshape(batch, groups, size).mean(2)
        of_distortion.append(np.sqrt(dealt.var(1, ddof=1).sum()) / batch)
        squared = np.sum([by_size[k] for by_size in norms], axis=0)
        variance = (squared.mean(1) - lengths) * groups / (groups - 1)
        of_gradient.append(np.sqrt(np.maximum(variance, 0).sum()) / batch)
    between = (lengths.mean() - whole) * batch / (batch - 1)
    return Spreads(
        samples=np.array(sizes),
        distortion=np.array(of_distortion),
        distortion_of_images=float(draws.distortion.mean(1).std(ddof=1) / batch**0.5),
        gradient=np.array(of_gradient),
        gradient_of_images=float(np.sqrt(max(between, 0.0) / batch)),
        gradient_norm=float(np.sqrt(whole)),
    )


_MOST_DRAWS = 32
"""Draws for each image that a spread is measured for, at most."""


def _by_image(
    model: Model, draws: Draws
) -> dict[str, tuple[Float[np.ndarray, "batch _ _"], Float[np.ndarray, "batch sample _"]]]:
    """Input and slope of every layer, image by image, for the pathwise gradient of D.

    What flows into a layer of the encoder is the same for all draws of an image: it stands once.
    """
    batch, count = draws.distortion.shape
    heads = pathwise(draws).reshape(batch * count, -1)
    inputs = tuple(np.repeat(h, count, axis=0) for h in draws.code.inputs)
    encoder = slopes_of_encoder(model.weights, inputs, heads)
    found = {}
    for layer, flow in {**encoder, **draws.flows}.items():
        h = flow.input.reshape(batch, count, -1)
        found[layer] = (h[:, :1] if layer in encoder else h, flow.slope.reshape(batch, count, -1))
    return found


def _mean_gradient(
    h: Float[np.ndarray, "batch _ inputs"], slope: Float[np.ndarray, "batch sample outputs"]
) -> Float[np.ndarray, "batch _ outputs"]:
    """A layer's gradient for each image, averaged over all its draws: weights, then the bias."""
    mean = slope.mean(1, keepdims=True)
    if h.shape[1] == 1:
        weight = np.swapaxes(h, 1, 2) * mean
    else:
        weight = np.swapaxes(h, 1, 2) @ slope / slope.shape[1]
    return np.concatenate([weight, mean], axis=1)


def _squared_norms(
    h: Float[np.ndarray, "batch _ inputs"],
    slope: Float[np.ndarray, "batch sample outputs"],
    sizes: list[int],
) -> list[Float[np.ndarray, "batch _"]]:
    r"""Squared length of a layer's gradient, averaged over groups of draws of each of some sizes.

    The gradient $\tfrac1n\sum_i h_i \delta_i^\top$ need not be formed:

    $$\Big\|\tfrac1n\sum_i h_i \delta_i^\top\Big\|^2
        = \tfrac1{n^2} \sum_{i,j} (h_i \cdot h_j)(\delta_i \cdot \delta_j),$$

    and a bias adds one to each $h_i \cdot h_j$. The products within the largest groups hold
    those within all smaller ones.
    """
    batch, count = slope.shape[:2]
    if h.shape[1] == 1:
        means = [slope.reshape(batch, count // n, n, -1).mean(2) for n in sizes]
        alike = np.square(h).sum(2) + 1
        return [alike * np.square(mean).sum(2) for mean in means]
    most = sizes[-1]
    h, slope = (v.reshape(batch, count // most, most, -1) for v in (h, slope))
    alike = (h @ np.swapaxes(h, 2, 3) + 1) * (slope @ np.swapaxes(slope, 2, 3))
    found = []
    for n in sizes:
        blocks = alike.reshape(batch, count // most, most // n, n, most // n, n)
        within = np.einsum("bgkikj->bgk", blocks)
        found.append(within.reshape(batch, count // n) / n**2)
    return found
