r"""Two models of black-and-white images without latent variables, sampled and scored exactly.

`independent`: every pixel is a coin of its own. `tree`: every pixel but one depends on one other,
the tree of dependences with the most mutual information in all, which is the maximum-likelihood
tree. Both know nothing of what an image shows.

References:
    Chow & Liu, Approximating Discrete Probability Distributions with Dependence Trees (1968).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

__all__ = ["PixelModel", "independent", "mutual_information", "tree"]

Images = UInt8[np.ndarray, "example data"]

_PRIOR = 0.5
"""What each cell of a table counts before anything is seen: no chance is 0."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PixelModel:
    """A tree of dependences between pixels.

    Attributes:
        order: Pixels, each after the one it depends on.
        parent: The pixel that each depends on; its own number where it depends on none.
        chances: Chance of white for each pixel where its parent is black, and where it is white.
    """

    order: Int[np.ndarray, " data"]
    parent: Int[np.ndarray, " data"]
    chances: Float[np.ndarray, "data 2"]

    def sampled(self, count: int, rng: np.random.Generator) -> Images:
        """Draw images, pixel after pixel."""
        found = np.zeros((count, len(self.order)), np.uint8)
        draws = rng.random((len(self.order), count))
        for pixel in self.order:
            is_on = found[:, self.parent[pixel]]
            found[:, pixel] = draws[pixel] < self.chances[pixel, is_on]
        return found

    def nats(self, images: Images) -> Float[np.ndarray, " example"]:
        """Nats that each image takes: minus the logarithm of its probability."""
        given = np.where(self.parent == np.arange(len(self.parent)), 0, images[:, self.parent])
        chances = self.chances[np.arange(len(self.parent)), given]
        return -np.log(np.where(images == 1, chances, 1 - chances)).sum(axis=1)


def independent(images: Images) -> PixelModel:
    """Every pixel as likely to be white as in the images, whatever the others are.

    Args:
        images: Black is 0 and white is 1.
    """
    count, size = images.shape
    chances = (images.sum(axis=0) + _PRIOR) / (count + 2 * _PRIOR)
    pixels = np.arange(size)
    return PixelModel(order=pixels, parent=pixels, chances=np.stack([chances, chances], axis=1))


def tree(images: Images) -> PixelModel:
    """Every pixel given one other, chosen so that the images are as likely as can be.

    Args:
        images: Black is 0 and white is 1.

    Notes:
        All pairs are counted with the same half a count in each of their four cells, so the
        marginals of a pixel agree in all of its pairs.
    """
    both, alone = _chances(images)
    order, parent = _widest_tree(_information(both, alone))
    pixels = np.arange(len(alone))
    joint = both[pixels, parent]
    is_root = parent == pixels
    white = np.where(is_root, alone, joint / alone[parent])
    black = np.where(is_root, alone, (alone - joint) / (1 - alone[parent]))
    return PixelModel(order=order, parent=parent, chances=np.stack([black, white], axis=1))


def mutual_information(images: Images) -> Float[np.ndarray, "data data"]:
    """Nats that each pixel tells of each other one; zero of itself."""
    return _information(*_chances(images))


def _chances(images: Images) -> tuple[np.ndarray, np.ndarray]:
    """Chances that two pixels are both white, and that one is."""
    count = len(images)
    seen = images.astype(np.float32)
    total = count + 4 * _PRIOR
    both = ((seen.T @ seen).astype(np.float64) + _PRIOR) / total
    return both, (images.sum(axis=0) + 2 * _PRIOR) / total


def _information(both: np.ndarray, alone: np.ndarray) -> np.ndarray:
    a, b = alone[:, None], alone[None, :]
    cells = (
        (both, a * b),
        (a - both, a * (1 - b)),
        (b - both, (1 - a) * b),
        (1 - a - b + both, (1 - a) * (1 - b)),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        nats = sum(np.where(p > 0, p * np.log(p / q), 0.0) for p, q in cells)
    nats = np.maximum(nats, 0.0)
    np.fill_diagonal(nats, 0.0)
    return nats


def _widest_tree(worth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The spanning tree of the greatest total worth, from pixel 0 on, after Prim."""
    size = len(worth)
    parent = np.zeros(size, int)
    best, is_in = worth[0].copy(), np.zeros(size, bool)
    order, is_in[0] = [0], True
    for _ in range(size - 1):
        pixel = int(np.argmax(np.where(is_in, -1.0, best)))
        order.append(pixel)
        is_in[pixel] = True
        is_better = ~is_in & (worth[pixel] > best)
        best[is_better] = worth[pixel][is_better]
        parent[is_better] = pixel
    return np.array(order), parent
