"""The pictures of one snapshot on one sheet, for a report or a slide."""

import io
import math
from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import UInt8

from core.reports import Tensors

__all__ = ["contact_sheet"]

COLUMNS = 10
"""Images in a row."""

SIZE = 56
"""Pixels of an image on the sheet, at most: a multiple of 8 and of 28."""

Row = UInt8[np.ndarray, "_ height width"]


def contact_sheet(pictures: Tensors, notes: Mapping[str, str]) -> bytes:
    """One PNG: originals over reconstructions, then samples; member below member.

    Every pixel of an image is a square of whole pixels, black for no ink and white for full ink,
    so that the images can be read back from the sheet exactly.

    Args:
        pictures: `originals`, `reconstructions` and `samples`, as far as there are any: square
            images as rows of bytes, with a leading axis for the members where they differ.
        notes: What the file says of itself, by keyword.

    Raises:
        ValueError: If there is no picture among them.
    """
    from PIL import Image, PngImagePlugin  # here, so that a start of the site need not wait for it

    groups = [group for group in _groups(pictures) if group]
    if not groups:
        raise ValueError(f"`pictures` must hold images, got {', '.join(pictures) or 'none'}.")
    side = groups[0][0].shape[-1]
    gap = max(1, side // 14)
    pitch, between = side + gap, side // 2
    height = gap + pitch * sum(map(len, groups)) + between * (len(groups) - 1)
    sheet = np.full((height, gap + pitch * COLUMNS), 255, np.uint8)
    top = gap
    for group in groups:
        for row in group:
            for place, image in enumerate(row):
                left = gap + place * pitch
                sheet[top : top + side, left : left + side] = image
            top += pitch
        top += between
    scale = max(1, SIZE // side)
    said = PngImagePlugin.PngInfo()
    for keyword, text in notes.items():
        said.add_itxt(keyword, text)
    file = io.BytesIO()
    Image.fromarray(sheet.repeat(scale, 0).repeat(scale, 1)).save(file, "PNG", pnginfo=said)
    return file.getvalue()


def _groups(pictures: Tensors) -> Iterator[list[Row]]:
    """Rows that belong together: originals and reconstructions of a member, then its samples."""
    shown = {
        name: pictures[name] if pictures[name].ndim == 3 else pictures[name][None]
        for name in ("originals", "reconstructions", "samples")
        if name in pictures
    }
    for member in range(max(map(len, shown.values()), default=0)):
        rows = [
            row for images in shown.values() for row in _rows(images[min(member, len(images) - 1)])
        ]
        yield rows


def _rows(images: UInt8[np.ndarray, "image data"]) -> list[Row]:
    side = math.isqrt(images.shape[-1])
    square = images.reshape(-1, side, side)
    return [square[start : start + COLUMNS] for start in range(0, len(square), COLUMNS)]
