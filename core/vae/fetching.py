"""Published files: where they are kept, what may be wrong with them, and how to get them.

Some datasets are published as four idx files. Here is what our copy of them in a directory may
go through; what the numbers in them mean is `datasets`' business.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from jaxtyping import UInt8

from core.vae import idx


class DatasetUnavailable(ValueError):
    """A dataset cannot be had; the text is one sentence that says which file, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Places that offer the same files.

    Attributes:
        mirrors: Addresses that, followed by a file's name, give the file; asked in this order.
        md5: The published checksum of each file.
    """

    mirrors: tuple[str, ...]
    md5: dict[str, str]


SOURCES: dict[str, Source] = {
    "mnist": Source(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
        ),
        md5={
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        },
    ),
    "fashion_mnist": Source(
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        md5={
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Our copy, perhaps incomplete or damaged, of one dataset's published files.

    Its errors are for a page that anyone may read, so they call files by their place in the
    dataset directory and do not say where on the machine that is.

    Attributes:
        name: What its folder is called, and the command that fetches it.
        title: What sentences call it.
        directory: The dataset directory. The files are in its folder `name`, or, for MNIST,
            in the directory itself; the names may lack their `.gz`.
        files: The name of each file and the length of each of its dimensions.
        kinds: How many labels there are: they run from 0 to one less.
    """

    name: str
    title: str
    directory: Path
    files: tuple[tuple[str, tuple[int, ...]], ...]
    kinds: int

    def paths(self) -> tuple[Path, ...]:
        """Where each of the files is.

        Raises:
            DatasetUnavailable: If one is not there.
        """
        found = {file: self._find(file) for file, _ in self.files}
        missing = ", ".join(f"`{file}`" for file, path in found.items() if path is None)
        if missing:
            raise DatasetUnavailable(
                f"{self.title} cannot be used because the dataset directory lacks {missing}: "
                f"{self._remedy}."
            )
        return tuple(path for path in found.values() if path is not None)

    def check(self) -> None:
        """Makes sure, quickly, that all files are there and begin as they should.

        Raises:
            DatasetUnavailable: If one does not.
        """
        for path, (_, lengths) in zip(self.paths(), self.files, strict=True):
            with self._explained(path):
                idx.check(path, lengths)

    def stamps(self) -> tuple[tuple[Path, int, int], ...]:
        """Each file, when it was written (in nanoseconds) and its bytes: new after any change.

        Raises:
            DatasetUnavailable: If one is not there.
        """
        stamps = []
        for path in self.paths():
            with self._explained(path):
                state = path.stat()
            stamps.append((path, state.st_mtime_ns, state.st_size))
        return tuple(stamps)

    def read(self) -> tuple[UInt8[np.ndarray, "..."], ...]:
        """What the files hold, in memory that cannot be written to.

        Raises:
            DatasetUnavailable: If one is missing, or anything in it is not as it should be.
        """
        arrays = []
        for path, (_, lengths) in zip(self.paths(), self.files, strict=True):
            with self._explained(path):
                arrays.append(self._values(path, lengths))
        return tuple(arrays)

    def fetch(self, source: Source, *, progress: bool) -> Iterator[str]:
        """Gets every file that is missing or damaged; sound ones stay as they are.

        Args:
            source: Who has the files.
            progress: Whether to show a bar on standard error.

        Yields:
            A line about each file, once it is there.

        Raises:
            DatasetUnavailable: If one could not be had. This sentence is for whoever runs the
                command: it says where on the machine the file belongs.
        """
        folder = self.directory / self.name
        for file, lengths in self.files:
            path = self._find(file)
            if path is not None and self._is_sound(path, lengths):
                yield f"{self.title}: {path} is already there."
                continue
            try:
                host = _download(file, folder, source, progress)
            except _FetchError as error:
                raise DatasetUnavailable(
                    f"`{file}` of {self.title} {error}: run {self._command} again later, or "
                    f"copy the file by hand into {folder}."
                ) from error
            yield f"{self.title}: {folder / file} came from {host}."

    @property
    def _command(self) -> str:
        return f"`python -m core.vae.datasets {self.name}`"

    @property
    def _remedy(self) -> str:
        return (
            f"run {self._command} where there is internet, or copy the four files by hand into "
            f"the folder `{self.name}` of the dataset directory (COMPANION_DATASETS_DIR)"
        )

    def _find(self, file: str) -> Path | None:
        # The datasets' files share their names: in the directory itself they can mean only one.
        folders = [self.directory / self.name] + [self.directory] * (self.name == "mnist")
        names = (file, file.removesuffix(".gz"))
        paths = (folder / name for folder in folders for name in names)
        return next((path for path in paths if _is_there(path)), None)

    def _values(self, path: Path, lengths: tuple[int, ...]) -> UInt8[np.ndarray, "..."]:
        values = idx.read(path, lengths)
        if len(lengths) == 1 and values.max() >= self.kinds:
            raise idx.IdxError(f"has the label {values.max()}, which should be under {self.kinds}")
        return values

    def _is_sound(self, path: Path, lengths: tuple[int, ...]) -> bool:
        try:
            self._values(path, lengths)
        except (idx.IdxError, OSError):
            return False
        return True

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        shown = path.relative_to(self.directory).as_posix()
        cannot = f"{self.title} cannot be used because `{shown}` in the dataset directory"
        try:
            yield
        except idx.IdxError as error:
            raise DatasetUnavailable(
                f"{cannot} {error}: remove it, then {self._remedy}."
            ) from error
        except OSError as error:
            raise DatasetUnavailable(
                f"{cannot} cannot be read ({error.strerror}): let the user who runs the site read "
                "it and the folders that it is in."
            ) from error


class _FetchError(ValueError):
    """A file could not be had; the text completes the sentence "this file ..."."""


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # for all we may know; reading it will say why not
    return True


def _download(file: str, folder: Path, source: Source, progress: bool) -> str:
    """Puts a file into a folder, complete and with the right sum or not at all; says its host."""
    import pooch
    import requests  # comes with pooch

    pooch.get_logger().setLevel("WARNING")
    checksum = f"md5:{source.md5[file]}"
    tried: list[str] = []
    for mirror in source.mirrors:
        host = urlsplit(mirror).netloc
        try:
            folder.mkdir(parents=True, exist_ok=True)
            pooch.retrieve(mirror + file, checksum, file, folder, progressbar=progress)
            (folder / file).chmod(0o644)  # fetched by one user of a machine, read by others
        except requests.HTTPError as error:
            status = "no" if error.response is None else error.response.status_code
            tried.append(f"{host} (it answered {status})")
        except requests.Timeout:
            tried.append(f"{host} (it fell silent)")
        except requests.RequestException:
            tried.append(f"{host} (no connection, or a broken one)")
        except ValueError:
            tried.append(f"{host} (it sent something else, by its checksum)")
        except OSError as error:
            reason = error.strerror or "permission denied"
            raise _FetchError(f"cannot be written ({reason})") from error
        else:
            return host
    raise _FetchError(f"could not be fetched from {', nor from '.join(tried)}")
