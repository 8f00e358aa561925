r"""Images blurred by a Gaussian, all their light kept.

Each pixel's light is spread over its row and its column by weights that fall as
$\exp(-(i - j)^2 / 2\sigma^2)$ and sum to one within the image. That is a linear map which can be
undone: blurred images have as many degrees of freedom as they had before.

References:
    Gonzalez & Woods, Digital Image Processing (2018), section 3.5.
"""

import math

import numpy as np
from jaxtyping import Float

__all__ = ["blurred"]


def blurred(
    images: Float[np.ndarray, "image data"], width: float
) -> Float[np.ndarray, "image data"]:
    """Square images whose light is spread.

    Args:
        images: Images as rows of pixels.
        width: Standard deviation of the spread, in pixels; above 0.

    Raises:
        ValueError: If the width is none, or the images are not square.

    Example:
        >>> spread = blurred(np.eye(9)[4:5], 1.0).reshape(3, 3)
        >>> bool(spread[1, 1] == spread.max()), round(float(spread.sum()), 12)
        (True, 1.0)
    """
    side = math.isqrt(images.shape[1])
    if side * side != images.shape[1]:
        raise ValueError(f"`images` must be square, got {images.shape[1]} pixels.")
    if not 0 < width < math.inf:
        raise ValueError(f"`width` must be a number of pixels above 0, got {width}.")
    apart = np.arange(side)[:, None] - np.arange(side)
    spread = np.exp(-0.5 * (apart / width) ** 2)
    spread = (spread / spread.sum(axis=0)).astype(images.dtype)
    return (spread @ images.reshape(-1, side, side) @ spread.T).reshape(images.shape)
