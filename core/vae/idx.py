"""The file format of MNIST and its relatives: a short header, then plain bytes, often gzipped.

The header is two zero bytes, the type of the values (8: unsigned bytes), the number of
dimensions, and the length of each as a 32-bit integer, high byte first. The values follow with
the last dimension running fastest, and nothing comes after them.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTES = 8


class IdxError(ValueError):
    """A file is not what it should be; the text completes the sentence "this file ..."."""


def check(path: Path, lengths: tuple[int, ...]) -> None:
    """Makes sure that a file begins as it should, without reading on.

    Args:
        path: A file, gzipped or plain whatever its name says.
        lengths: The length of each dimension that its header must give.

    Raises:
        IdxError: If the file is empty, no file at all, or begins differently. Of a plain file
            the length is checked too; a gzipped one may still be damaged further on.
        OSError: If it cannot be read.
    """
    with _opened(path) as stream:
        _read_header(stream, lengths)
        if not isinstance(stream, gzip.GzipFile):
            _check_length(path.stat().st_size - _header_bytes(lengths), lengths)


def read(path: Path, lengths: tuple[int, ...]) -> UInt8[np.ndarray, "..."]:
    """The values in a file, in memory that cannot be written to.

    Args:
        path: A file, gzipped or plain whatever its name says.
        lengths: The length of each dimension that the file must have.

    Raises:
        IdxError: If the file differs in any way: its header, its length, or, where it is
            gzipped, its checksum.
        OSError: If it cannot be read.
    """
    with _opened(path) as stream:
        _read_header(stream, lengths)
        # One byte more than there should be: only at its end is a gzipped file's checksum read.
        values = stream.read(math.prod(lengths) + 1)
        _check_length(len(values), lengths)
    return np.frombuffer(values, np.uint8).reshape(lengths)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    """The bytes of a file, unpacked as they are read."""
    try:
        if not path.is_file() and path.exists():
            raise IdxError("is a folder" if path.is_dir() else "is not a plain file")
        with path.open("rb") as file:
            start = file.read(2)
            file.seek(0)
            if not start:
                raise IdxError("is empty")
            if start != _GZIP:
                yield file
            else:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
    except EOFError:
        raise IdxError("is cut short") from None
    except (gzip.BadGzipFile, zlib.error):
        raise IdxError("is damaged (it cannot be unpacked)") from None


def _read_header(stream: BufferedIOBase, lengths: tuple[int, ...]) -> None:
    header = stream.read(_header_bytes(lengths))
    kind = bytes([0, 0, _UNSIGNED_BYTES, len(lengths)])
    if not header.startswith(kind[: len(header)]):
        found, wanted = header[:4].hex(" "), kind.hex(" ")
        raise IdxError(f"is of another kind (it begins with {found}, which should be {wanted})")
    if len(header) < _header_bytes(lengths):
        raise IdxError("is cut short")
    found = tuple(int(length) for length in np.frombuffer(header, ">u4", offset=4))
    if found != lengths:
        raise IdxError(f"holds {_times(found)} values, which should be {_times(lengths)}")


def _check_length(found: int, lengths: tuple[int, ...]) -> None:
    if found < math.prod(lengths):
        raise IdxError(f"is cut short ({found:,} of {math.prod(lengths):,} values)")
    if found > math.prod(lengths):
        raise IdxError(f"goes on after its {math.prod(lengths):,} values")


def _header_bytes(lengths: tuple[int, ...]) -> int:
    return 4 + 4 * len(lengths)


def _times(lengths: tuple[int, ...]) -> str:
    return " x ".join(f"{length:,}" for length in lengths)
