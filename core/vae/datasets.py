"""The images a model may learn from, each with fixed training, validation and test splits.

`digits` comes with scikit-learn and `sprites` are drawn by our own code, so both are always
there. `mnist` and `fashion_mnist` are files in the dataset directory, which the setting
`COMPANION_DATASETS_DIR` names. Each has four, with the names that both publish:

    train-images-idx3-ubyte.gz   train-labels-idx1-ubyte.gz
    t10k-images-idx3-ubyte.gz    t10k-labels-idx1-ubyte.gz

They are looked for in the folder `mnist` or `fashion_mnist`, then (MNIST only) in the directory
itself; gzipped, then plain. Files that are there are used as they are, and nothing is fetched
unless asked for:

    python -m core.vae.datasets

Splits never change while `version` does not. `digits`: the 1,797 images in an order drawn once
(seed 0), the first 1,297 to train, the next 200 to validate, the last 300 to test; every writer
may occur in all three. `sprites`: 15,000 independent draws (seed 0), the first 12,000, the next
1,000, the last 2,000. `mnist`, `fashion_mnist`: the first 55,000 training images, the last 5,000
training images, the 10,000 test images.
"""

import argparse
import gzip
import importlib.util
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from core.settings import settings
from core.vae import sprites
from core.vae.fetching import SOURCES, DatasetUnavailable, Published

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetInfo",
    "DatasetUnavailable",
    "Split",
    "fetch",
    "load",
    "problem",
    "sprite_factors",
]

_TEN_DIGITS = tuple("0123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInfo:
    """What is known of a dataset before any of it is read.

    Attributes:
        name: What settings, addresses and folders call it.
        title: What a page calls it.
        side: Width and height of every image, in pixels.
        levels: The pixel value that means full ink, 1.0; the value 0 means none.
        train: Number of training images.
        validation: Number of held-out images to choose by.
        test: Number of held-out images to report on.
        version: Goes up whenever the pixels, the labels or the splits change.
        labels: What each label stands for.
        note: Source, size and licence, in one sentence for the page.
    """

    name: str
    title: str
    side: int
    levels: int
    train: int
    validation: int
    test: int
    version: int
    labels: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Images that serve one purpose, row by row, with their labels; neither can be written to.

    Attributes:
        pixels: One image a row, from 0 to the dataset's `levels`, top row first.
        labels: What each image shows, as a position in the dataset's `labels`.
    """

    pixels: UInt8[np.ndarray, "example data"]
    labels: UInt8[np.ndarray, " example"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """A dataset in memory.

    Attributes:
        info: What it is.
        train: The images to learn from.
        validation: Held-out images to choose by.
        test: Held-out images to report on, once.
    """

    info: DatasetInfo
    train: Split
    validation: Split
    test: Split


DATASETS: dict[str, DatasetInfo] = {
    info.name: info
    for info in (
        DatasetInfo(
            name="digits",
            title="Digits",
            side=8,
            levels=16,
            train=1297,
            validation=200,
            test=300,
            version=1,
            labels=_TEN_DIGITS,
            note="1,797 handwritten digits of 8x8 pixels with 17 levels of grey, the test part "
            "of the UCI Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998, CC BY "
            "4.0) in the copy that scikit-learn carries.",
        ),
        DatasetInfo(
            name="sprites",
            title="Sprites",
            side=28,
            levels=255,
            train=12_000,
            validation=1_000,
            test=2_000,
            version=1,
            labels=sprites.SHAPES,
            note="15,000 squares, discs and triangles of 28x28 pixels, drawn by this site's own "
            "code from a known position, size and orientation, and free to use like the code.",
        ),
        DatasetInfo(
            name="mnist",
            title="MNIST",
            side=28,
            levels=255,
            train=55_000,
            validation=5_000,
            test=10_000,
            version=1,
            labels=_TEN_DIGITS,
            note="70,000 handwritten digits of 28x28 grey pixels, collected by NIST and prepared "
            "by LeCun, Cortes & Burges (1998), commonly stated to be under CC BY-SA 3.0.",
        ),
        DatasetInfo(
            name="fashion_mnist",
            title="Fashion-MNIST",
            side=28,
            levels=255,
            train=55_000,
            validation=5_000,
            test=10_000,
            version=1,
            labels=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            note="70,000 pictures of clothes, shoes and bags of 28x28 grey pixels, from Zalando "
            "Research (Xiao, Rasul & Vollgraf 2017), under the MIT licence.",
        ),
    )
}


def load(name: str, directory: Path | None = None) -> Dataset:
    """A dataset, read once and then remembered for as long as its files stay as they are.

    Args:
        name: One of `DATASETS`.
        directory: Where fetched datasets are; by default where the settings say.

    Returns:
        The dataset, in arrays that cannot be written to. Nothing is fetched.

    Raises:
        ValueError: If there is no dataset of that name.
        DatasetUnavailable: If a file is missing, unreadable or not what it should be. All of
            every file is read, so damage anywhere is found.

    Example:
        >>> digits = load("digits")
        >>> digits.train.pixels.shape, digits.info.levels
        ((1297, 64), 16)
    """
    info = _info(name)
    if name == "sprites":
        return _sprites(info)
    if name == "digits":
        return _digits(info, *_stamp_of_digits())
    published = _published(info, directory)
    return _from_files(info, published, published.stamps())


def problem(name: str, directory: Path | None = None) -> str | None:
    """Why a dataset cannot be used, as a sentence that says what to do; None if all seems well.

    It looks whether the files are there and how they begin, which is cheap enough for every
    visit of a page. What is wrong further on in a file, `load` finds. It never raises.

    Args:
        name: One of `DATASETS`.
        directory: Where fetched datasets are; by default where the settings say.
    """
    try:
        info = _info(name)
        if name in SOURCES:
            _published(info, directory).check()
        if name == "digits":
            _stamp_of_digits()
    except ValueError as error:
        return str(error)
    return None


def fetch(name: str, directory: Path | None = None, progress: bool = True) -> None:
    """Makes sure that a dataset is there, asking the internet for what is missing or damaged.

    Args:
        name: One of `DATASETS`; for those that need no files this only reads them.
        directory: Where to put it; by default where the settings say. Sound files that are
            there stay as they are, new ones go into a folder called like the dataset.
        progress: Whether to show a bar on standard error.

    Raises:
        ValueError: If there is no dataset of that name.
        DatasetUnavailable: If a file could not be had from any of its mirrors, or not written.
    """
    for _ in _fetching(name, directory, progress):
        pass


def sprite_factors(split: Literal["train", "validation", "test"]) -> sprites.Factors:
    """What caused each image in a split of `sprites`, row by row.

    Example:
        >>> causes = sprite_factors("test")
        >>> bool((sprites.draw(causes) == load("sprites").test.pixels).all())
        True
    """
    info = DATASETS["sprites"]
    parts = _parts(info.train, info.validation, info.test)
    order = ("train", "validation", "test")
    return _causes(info)[parts[order.index(split)]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetches what the arguments name and says what it did; the result is the exit status."""
    fetchable = list(SOURCES)
    parser = argparse.ArgumentParser(
        prog="python -m core.vae.datasets",
        description="Fetches datasets into the dataset directory, so that no page has to wait.",
    )
    parser.add_argument(
        "names", nargs="*", default=fetchable, help=f"by default {' '.join(fetchable)}"
    )
    parser.add_argument(
        "--directory", type=Path, help="by default the setting COMPANION_DATASETS_DIR"
    )
    chosen = parser.parse_args(arguments)
    status = 0
    for name in chosen.names:
        try:
            for line in _fetching(name, chosen.directory, sys.stderr.isatty()):
                print(line, flush=True)
        except ValueError as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def _info(name: str) -> DatasetInfo:
    if name not in DATASETS:
        raise ValueError(f"`name` must be one of {', '.join(DATASETS)}, got {name!r}.")
    return DATASETS[name]


def _fetching(name: str, directory: Path | None, progress: bool) -> Iterator[str]:
    info = _info(name)
    if name in SOURCES:
        yield from _published(info, directory).fetch(SOURCES[name], progress=progress)
    data = load(name, directory)
    sizes = (f"{len(split.labels):,}" for split in (data.train, data.validation, data.test))
    yield f"{info.title} is ready: {' + '.join(sizes)} images to train, validate and test."


def _parts(*sizes: int) -> list[slice]:
    """Consecutive stretches of the given lengths."""
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _cut(
    pixels: UInt8[np.ndarray, "example data"], labels: UInt8[np.ndarray, " example"], *sizes: int
) -> list[Split]:
    pixels.setflags(write=False)
    labels.setflags(write=False)
    return [Split(pixels=pixels[part], labels=labels[part]) for part in _parts(*sizes)]


# -- sprites: drawn -----------------------------------------------------------------------------


def _causes(info: DatasetInfo) -> sprites.Factors:
    return sprites.sample_factors(info.train + info.validation + info.test, seed=0)


@lru_cache(maxsize=1)
def _sprites(info: DatasetInfo) -> Dataset:
    causes = _causes(info)
    pixels = sprites.draw(causes)
    train, validation, test = _cut(pixels, causes.shape, info.train, info.validation, info.test)
    return Dataset(info=info, train=train, validation=validation, test=test)


# -- digits: in a file that scikit-learn carries ------------------------------------------------

_NO_DIGITS = (
    "Digits cannot be used because `digits.csv.gz`, a file of scikit-learn's, is missing or "
    "damaged: run `pip install --force-reinstall --no-deps scikit-learn`."
)


def _stamp_of_digits() -> tuple[Path, int, int]:
    package = importlib.util.find_spec("sklearn")  # only looks: the import takes over a second
    if package is None or package.origin is None:
        raise DatasetUnavailable(_NO_DIGITS)
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        state = path.stat()
    except OSError as error:
        raise DatasetUnavailable(_NO_DIGITS) from error
    if not state.st_size:
        raise DatasetUnavailable(_NO_DIGITS)
    return path, state.st_mtime_ns, state.st_size


@lru_cache(maxsize=1)
def _digits(info: DatasetInfo, path: Path, written_ns: int, length: int) -> Dataset:
    try:
        with gzip.open(path, "rt") as file:
            lines = file.readlines()
        if not lines:
            raise EOFError
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DatasetUnavailable(_NO_DIGITS) from error
    pixels, labels = table[:, :-1], table[:, -1]
    count = info.train + info.validation + info.test
    if pixels.shape != (count, info.side**2) or pixels.max() > info.levels or labels.max() > 9:
        raise DatasetUnavailable(_NO_DIGITS)
    order = np.argsort(np.random.PCG64(0).random_raw(count), kind="stable")
    train, validation, test = _cut(
        pixels[order], labels[order], info.train, info.validation, info.test
    )
    return Dataset(info=info, train=train, validation=validation, test=test)


# -- mnist and fashion_mnist: in files that are fetched -----------------------------------------


def _published(info: DatasetInfo, directory: Path | None) -> Published:
    training, image = info.train + info.validation, (info.side, info.side)
    return Published(
        name=info.name,
        title=info.title,
        directory=directory or settings().datasets_dir,
        files=(
            ("train-images-idx3-ubyte.gz", (training, *image)),
            ("train-labels-idx1-ubyte.gz", (training,)),
            ("t10k-images-idx3-ubyte.gz", (info.test, *image)),
            ("t10k-labels-idx1-ubyte.gz", (info.test,)),
        ),
        kinds=len(info.labels),
    )


@lru_cache(maxsize=2)
def _from_files(
    info: DatasetInfo, published: Published, stamps: tuple[tuple[Path, int, int], ...]
) -> Dataset:
    images, labels, test_images, test_labels = published.read()
    train, validation = _cut(images.reshape(len(images), -1), labels, info.train, info.validation)
    (test,) = _cut(test_images.reshape(len(test_images), -1), test_labels, info.test)
    return Dataset(info=info, train=train, validation=validation, test=test)


if __name__ == "__main__":
    sys.exit(main())
