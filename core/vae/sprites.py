"""Images drawn from known factors: a shape, where it is, how large it is, how it is turned.

What is unknown about other images is known here exactly. Squares and triangles of one kind form
a surface of four dimensions (x, y, size, orientation), discs one of three, since a disc looks the
same however it is turned.

The arithmetic is kept to steps that every machine rounds alike (no library sine, no sum of
floats), and chance is taken from the raw bits of PCG64, so equal factors give equal bytes
everywhere.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Float64, Int, UInt8

SIDE = 28
"""Width and height of the frame, in pixels."""

SHAPES = ("square", "disc", "triangle")
"""What the values 0, 1 and 2 of the factor `shape` stand for."""

PERIODS = (math.pi / 2, 0.0, 2 * math.pi / 3)
"""Smallest turn, in radians, that gives each shape back; zero where every turn does."""

POSITIONS = (10.0, 18.0)
"""Range of `x` and of `y`, in pixels. Nothing within it reaches the outermost pixels."""

SIZES = (3.0, 5.4)
"""Range of `size`, in pixels."""

Grid = Float64[np.ndarray, "example row column"]
Each = Float64[np.ndarray, "example 1 1"]

_HALF_SIDE = math.sqrt(math.pi) / 2
"""Half the side of a square, over the radius of a disc of equal area."""

_INRADIUS = math.sqrt(math.pi / math.sqrt(27))
"""Centre to edge of an equilateral triangle, over the radius of a disc of equal area."""

_AT_ONCE = 256
"""Images drawn together: few enough for the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factors:
    """The causes of some images, one entry per image.

    Every array may be indexed together by a slice or by rows: `factors[:100]`.

    Attributes:
        shape: 0 for a square, 1 for a disc, 2 for an equilateral triangle.
        x: Centre, in pixels from the left edge of the frame.
        y: Centre, in pixels from the top edge of the frame.
        size: Radius of the disc of equal area, in pixels: one size is one amount of ink,
            pi size^2 to within four percent, whatever the shape.
        orientation: Turn against the clock, in radians. At zero a square is level and a
            triangle points up. Any number within a million of zero will do, but images repeat: a
            square's after a quarter turn, a triangle's after a third, and a disc's never change
            at all.

    Raises:
        ValueError: If a factor leaves its range (`SHAPES`, `POSITIONS`, `SIZES`), so that
            every image lies wholly inside its frame.
    """

    shape: UInt8[np.ndarray, " example"]
    x: Float64[np.ndarray, " example"]
    y: Float64[np.ndarray, " example"]
    size: Float64[np.ndarray, " example"]
    orientation: Float64[np.ndarray, " example"]

    def __post_init__(self) -> None:
        ranges = {
            "shape": (0, len(SHAPES) - 1),
            "x": POSITIONS,
            "y": POSITIONS,
            "size": SIZES,
            "orientation": (-1e6, 1e6),
        }
        for name, (low, high) in ranges.items():
            values = getattr(self, name)
            outside = values[~((low <= values) & (values <= high))]
            if outside.size:
                raise ValueError(f"`{name}` must be from {low} to {high}, got {outside[0]}.")

    def __len__(self) -> int:
        return len(self.shape)

    def __getitem__(self, rows: slice | Int[np.ndarray, " row"]) -> "Factors":
        names = (field.name for field in fields(self))
        return type(self)(**{name: getattr(self, name)[rows] for name in names})


def sample_factors(count: int, *, seed: int) -> Factors:
    """Independent factors, each uniform on its range.

    Orientations are uniform on one period of the shape, and zero for a disc, so that no two
    different draws look the same. A smaller count with the same seed gives the first of them.

    Args:
        count: How many images to describe.
        seed: Where the bits come from; equal seeds give equal factors on every machine.

    Returns:
        One entry per image.

    Example:
        >>> factors = sample_factors(5, seed=0)
        >>> [SHAPES[shape] for shape in factors.shape]
        ['disc', 'triangle', 'triangle', 'square', 'square']
    """
    bits = np.random.PCG64(seed).random_raw(5 * count).reshape(count, 5)
    chance = (bits >> np.uint64(11)) * 2.0**-53  # uniform on [0, 1)
    shape = np.floor(len(SHAPES) * chance[:, 0]).astype(np.uint8)
    return Factors(
        shape=shape,
        x=_between(POSITIONS, chance[:, 1]),
        y=_between(POSITIONS, chance[:, 2]),
        size=_between(SIZES, chance[:, 3]),
        orientation=np.asarray(PERIODS)[shape] * chance[:, 4],
    )


def draw(factors: Factors) -> UInt8[np.ndarray, "example data"]:
    """The images that the factors cause, as 0 (no ink) to 255 (full ink), top row first."""
    images = np.empty((len(factors), SIDE * SIDE), np.uint8)
    for start in range(0, len(factors), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        images[part] = np.rint(255 * coverage(factors[part]))
    return images


def coverage(factors: Factors) -> Float64[np.ndarray, "example data"]:
    r"""How much of each pixel is inked, from 0 to 1, before it is rounded to a byte.

    With d the distance of the pixel's centre from the shape's edge, in pixels and negative
    inside, a pixel holds $\min(1, \max(0, \tfrac12 - d))$ of ink. That is continuous in every
    factor but `shape`: moving the centre or changing the size by some pixels changes no pixel
    by more than that number, and a turn changes none by more than 9 per radian.

    Args:
        factors: What to draw.

    Returns:
        One image a row, top row first.
    """
    ink = np.empty((len(factors), SIDE, SIDE))
    for shape, distance in enumerate((_to_square, _to_disc, _to_triangle)):
        rows = np.flatnonzero(factors.shape == shape)
        right, up = _seen_from_the_shape(factors[rows])
        ink[rows] = 0.5 - distance(right, up, factors.size[rows, None, None])
    return np.clip(ink, 0, 1, out=ink).reshape(len(factors), SIDE * SIDE)


def _to_square(right: Grid, up: Grid, size: Each) -> Grid:
    return np.maximum(np.abs(right), np.abs(up)) - _HALF_SIDE * size


def _to_disc(right: Grid, up: Grid, size: Each) -> Grid:
    return np.sqrt(right * right + up * up) - size


def _to_triangle(right: Grid, up: Grid, size: Each) -> Grid:
    sloping = math.sqrt(0.75) * np.abs(right) + 0.5 * up
    return np.maximum(sloping, -up) - _INRADIUS * size


def _seen_from_the_shape(factors: Factors) -> tuple[Grid, Grid]:
    """Places of the pixels' centres along two axes that move and turn with the shape."""
    centres = np.arange(SIDE) + 0.5
    right = (centres - factors.x[:, None])[:, None, :]
    up = (factors.y[:, None] - centres)[:, :, None]
    cosine, sine = (part[:, None, None] for part in _cosine_and_sine(factors.orientation))
    return cosine * right + sine * up, cosine * up - sine * right


def _cosine_and_sine(
    angle: Float64[np.ndarray, " example"],
) -> tuple[Float64[np.ndarray, " example"], Float64[np.ndarray, " example"]]:
    """The Taylor series to 26 and 27 terms, exact to 1e-14, and rounded alike everywhere."""
    angle = angle - 2 * math.pi * np.rint(angle / (2 * math.pi))
    square = angle * angle
    cosine, sine = np.ones_like(angle), np.ones_like(angle)
    for n in range(13, 0, -1):
        cosine = 1 - square * cosine / ((2 * n - 1) * (2 * n))
        sine = 1 - square * sine / ((2 * n) * (2 * n + 1))
    return cosine, angle * sine


def _between(
    ends: tuple[float, float], chance: Float[np.ndarray, " example"]
) -> Float64[np.ndarray, " example"]:
    low, high = ends
    return low + (high - low) * chance
