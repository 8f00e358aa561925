"""Catches splits that drift, files that are believed too easily, and fetches that half succeed."""

import contextlib
import dataclasses
import gzip
import hashlib
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from core.vae import datasets, fetching, idx, sprites
from core.vae.datasets import DATASETS, DatasetUnavailable, fetch, load, problem

ROOT = Path(datasets.__file__).parents[2]
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = FILES

# sha256 of a split's pixels followed by its labels, and how often each label occurs in it.
GOLDEN = {
    "digits": {
        "train": "8a58f2c929ba691c2f5638f8d6ed2ba15be426fbf1a22c69453e967331bdfe15",
        "validation": "fe457c02130e308ea2795492704f3a05fc894dae6562d64ef98b68137ed175ca",
        "test": "9dc21c9f92c9c721970c58d74c8819a9e84bb9a7f5a189fb5b0ac10171ce71f1",
    },
    "sprites": {
        "train": "fca13670bbfb0c60c8feaa579f456adfe9c1a89f3669b1e5bc1825913327454c",
        "validation": "9cf8aa48b524f065f743444712e0128b8ed16cebd58bb17ccab1f56418d4f57c",
        "test": "3919cc0d4365de2100b063dc0dbe585538b3301d5000e362283b264cd6f890ff",
    },
    "mnist": {
        "train": "fc7abbdc60ed06e5cb5ee67fdea1d91c2c0dae926e4b1841370143e35cf45b06",
        "validation": "aa72999a43d4303fc32eeda474efa72930a3dd024aaa63b32bdad1da6eae006c",
        "test": "c3f9adf9c66efb572b1f9326c3a511b45910c7173b97be66ceceeeeaef6b802b",
    },
}
COUNTS = {
    "digits": {
        "train": [122, 125, 125, 132, 126, 138, 131, 130, 130, 138],
        "validation": [24, 21, 20, 25, 18, 18, 22, 16, 21, 15],
        "test": [32, 36, 32, 26, 37, 26, 28, 33, 23, 27],
    },
    "sprites": {
        "train": [3898, 4061, 4041],
        "validation": [344, 342, 314],
        "test": [642, 684, 674],
    },
    "mnist": {
        "train": [5434, 6212, 5465, 5622, 5343, 4963, 5436, 5702, 5357, 5466],
        "validation": [489, 530, 493, 509, 499, 458, 482, 563, 494, 483],
        "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    },
}


def splits_of(data):
    return {"train": data.train, "validation": data.validation, "test": data.test}


def checksum(split):
    return hashlib.sha256(split.pixels.tobytes() + split.labels.tobytes()).hexdigest()


def assert_as_ever(data):
    """The splits have the sizes that are promised and the bytes that they always had."""
    info = data.info
    for name, split in splits_of(data).items():
        assert split.pixels.shape == (getattr(info, name), info.side**2)
        assert split.labels.shape == (getattr(info, name),)
        assert split.pixels.max() == info.levels
        assert np.bincount(split.labels).tolist() == COUNTS[info.name][name]
        assert checksum(split) == GOLDEN[info.name][name]


def assert_sentence(text):
    """One sentence, on one line, that does not tell a visitor where things are."""
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text
    assert tempfile.gettempdir() not in text


# -- Small files in the format of the large ones -------------------------------------------------


def idx_bytes(array):
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.astype(np.uint8).tobytes()


def small_arrays(seed=0):
    rng = np.random.default_rng(seed)
    return {
        IMAGES: rng.integers(0, 256, (7, 28, 28), np.uint8),
        LABELS: rng.integers(0, 10, 7, np.uint8),
        TEST_IMAGES: rng.integers(0, 256, (3, 28, 28), np.uint8),
        TEST_LABELS: rng.integers(0, 10, 3, np.uint8),
    }


def write(folder, arrays, packed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in arrays.items():
        if packed:
            (folder / file).write_bytes(gzip.compress(idx_bytes(array)))
        else:
            (folder / file.removesuffix(".gz")).write_bytes(idx_bytes(array))


@pytest.fixture
def small(monkeypatch):
    """Both published datasets, said to have 5 training, 2 validation and 3 test images."""
    for name in ("mnist", "fashion_mnist"):
        info = dataclasses.replace(DATASETS[name], train=5, validation=2, test=3)
        monkeypatch.setitem(DATASETS, name, info)


@pytest.fixture
def in_place(small, tmp_path):
    """A dataset directory that holds a small MNIST."""
    write(tmp_path / "mnist", small_arrays())
    return tmp_path


DIGITS_FAULTS = {
    "missing": None,
    "empty": b"",
    "not packed": b"0,0,5\n",
    "empty when unpacked": gzip.compress(b""),
    "too few columns": gzip.compress(b"1,2,3\n"),
    "not numbers": gzip.compress(b"1,2,x\n"),
    "not bytes": gzip.compress(b"1,2,999\n"),
    "cut short": gzip.compress(b"0," * 64 + b"1\n")[:-9],
    "pixels too dark": gzip.compress((b"17," * 64 + b"1\n") * 1797),
    "labels too large": gzip.compress((b"16," * 64 + b"10\n") * 1797),
}


class TestDigits:
    def test_never_change(self):
        """
        Sizes, labels and bytes of the three splits are the ones that were published.
        """
        assert_as_ever(load("digits"))

    def test_are_scikit_learns(self):
        """
        The splits together are the images and labels that scikit-learn gives, each once.
        """
        from sklearn.datasets import load_digits

        theirs = load_digits()
        ours = splits_of(load("digits")).values()
        pixels = np.concatenate([split.pixels for split in ours])
        labels = np.concatenate([split.labels for split in ours])

        expected = np.column_stack([theirs.data, theirs.target]).astype(np.uint8)
        found = np.column_stack([pixels, labels])
        assert sorted(map(bytes, found)) == sorted(map(bytes, expected))

    def test_share_no_image(self):
        """
        No image is in two splits.
        """
        seen = [set(map(bytes, split.pixels)) for split in splits_of(load("digits")).values()]

        assert not seen[0] & seen[1]
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]

    def test_need_no_heavy_import(self):
        """
        Loading them, or asking after MNIST, imports no scikit-learn, torch, pooch or Streamlit.
        """
        code = (
            "import sys; from core.vae import datasets; datasets.load('digits'); "
            "datasets.problem('mnist', __import__('pathlib').Path('nowhere')); "
            "print({'sklearn', 'torch', 'pooch', 'requests', 'streamlit'} & set(sys.modules))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )

        assert result.stdout.strip() == "set()"

    @pytest.mark.parametrize("fault", DIGITS_FAULTS)
    def test_say_when_their_file_is_not_right(self, fault, tmp_path, monkeypatch):
        """
        A missing or damaged file of scikit-learn's is a sentence; the other datasets still load.
        """
        content = DIGITS_FAULTS[fault]
        folder = tmp_path / "sklearn" / "datasets" / "data"
        folder.mkdir(parents=True)
        (tmp_path / "sklearn" / "__init__.py").touch()
        if content is not None:
            (folder / "digits.csv.gz").write_bytes(content)
        monkeypatch.delitem(sys.modules, "sklearn", raising=False)
        monkeypatch.syspath_prepend(str(tmp_path))

        with pytest.raises(DatasetUnavailable, match=r"`digits.csv.gz`.+pip install") as error:
            load("digits")
        assert_sentence(str(error.value))
        if not content:
            assert problem("digits") == str(error.value)
        assert problem("sprites") is None


class TestSprites:
    def test_never_change(self):
        """
        Sizes, labels and bytes of the three splits are the ones that were published.
        """
        assert_as_ever(load("sprites"))

    def test_are_the_images_of_their_factors(self):
        """
        Every split is what its own factors draw, and its labels are its shapes.
        """
        for name, split in splits_of(load("sprites")).items():
            causes = datasets.sprite_factors(name)
            np.testing.assert_array_equal(sprites.draw(causes), split.pixels, strict=True)
            np.testing.assert_array_equal(causes.shape, split.labels, strict=True)

    def test_share_no_image(self):
        """
        All 15,000 images differ.
        """
        parts = splits_of(load("sprites")).values()
        images = {image.tobytes() for split in parts for image in split.pixels}

        assert len(images) == 15_000


class TestMnist:
    def test_never_changes(self):
        """
        The real MNIST, where it is at hand, has the bytes that were published, in their order.
        """
        directory = os.environ.get("COMPANION_DATASETS_DIR")
        missing = problem("mnist", Path(directory)) if directory else "no directory is set"
        if directory is None or missing:
            pytest.skip(f"Needs MNIST in COMPANION_DATASETS_DIR: {missing}")
        data = load("mnist", Path(directory))

        assert_as_ever(data)
        training = [data.train.pixels, data.validation.pixels]
        published = idx_bytes(np.concatenate(training).reshape(60_000, 28, 28))
        assert hashlib.md5(published).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"

    @pytest.mark.parametrize("packed", [True, False])
    @pytest.mark.parametrize(
        ("name", "folder"),
        [("mnist", "mnist"), ("mnist", "."), ("fashion_mnist", "fashion_mnist")],
    )
    def test_is_read_from_where_it_may_be(self, name, folder, packed, small, tmp_path):
        """
        In its own folder or (MNIST) in the directory, packed or plain, every value arrives.
        """
        arrays = small_arrays()
        write(tmp_path / folder, arrays, packed)
        data = load(name, tmp_path)

        assert problem(name, tmp_path) is None
        images = arrays[IMAGES].reshape(7, 784)
        np.testing.assert_array_equal(data.train.pixels, images[:5], strict=True)
        np.testing.assert_array_equal(data.validation.pixels, images[5:], strict=True)
        np.testing.assert_array_equal(data.train.labels, arrays[LABELS][:5], strict=True)
        np.testing.assert_array_equal(data.validation.labels, arrays[LABELS][5:], strict=True)
        np.testing.assert_array_equal(data.test.pixels, arrays[TEST_IMAGES].reshape(3, 784))
        np.testing.assert_array_equal(data.test.labels, arrays[TEST_LABELS], strict=True)

    def test_is_not_mistaken_for_fashion(self, small, tmp_path):
        """
        Files in the directory itself are MNIST's, and each dataset's own folder comes first.
        """
        write(tmp_path, small_arrays(0))
        assert "fashion_mnist" in (problem("fashion_mnist", tmp_path) or "")

        write(tmp_path / "fashion_mnist", small_arrays(1))
        write(tmp_path / "mnist", small_arrays(2))
        for name, seed in (("fashion_mnist", 1), ("mnist", 2)):
            expected = small_arrays(seed)[TEST_LABELS]
            np.testing.assert_array_equal(load(name, tmp_path).test.labels, expected)

    def test_may_be_plain_under_a_packed_name(self, in_place):
        """
        A file that a browser unpacked while saving is read for what it is.
        """
        (in_place / "mnist" / IMAGES).write_bytes(idx_bytes(small_arrays()[IMAGES]))

        assert problem("mnist", in_place) is None
        np.testing.assert_array_equal(
            load("mnist", in_place).train.pixels, small_arrays()[IMAGES].reshape(7, 784)[:5]
        )

    def test_may_be_in_the_directory_of_the_settings(self, in_place):
        """
        Without a directory, the one in COMPANION_DATASETS_DIR is meant.
        """
        code = "from core.vae.datasets import problem; print(problem('mnist'))"
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"COMPANION_DATASETS_DIR": str(in_place)},
            capture_output=True,
            text=True,
            check=True,
        )

        # The files are found there; that they are small is what is wrong with them.
        assert "holds 7 x 28 x 28 values, which should be 60,000 x 28 x 28" in result.stdout


PACKED = gzip.compress(idx_bytes(small_arrays()[IMAGES]))
PLAIN = idx_bytes(small_arrays()[IMAGES])
BAD_SUM = PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:]
BAD_BLOCK = PACKED[:10] + b"\xff" * 40 + PACKED[50:]

# file, its content, what the sentence says of it, and whether the quick look sees it.
FAULTS = {
    "empty": (IMAGES, b"", "is empty", True),
    "empty when unpacked": (IMAGES, gzip.compress(b""), "is cut short", True),
    "cut in the header": (IMAGES, PLAIN[:9], "is cut short", True),
    "cut in the packed header": (IMAGES, PACKED[:7], "is cut short", True),
    "cut": (IMAGES, PACKED[:-2000], "is cut short", False),
    "cut in the checksum": (IMAGES, PACKED[:-3], "is cut short", False),
    "cut before packing": (
        IMAGES,
        gzip.compress(PLAIN[:-1]),
        r"cut short \(5,487 of 5,488",
        False,
    ),
    "cut and plain": (IMAGES, PLAIN[:-1], r"is cut short \(5,487 of 5,488 values\)", True),
    "damaged": (IMAGES, BAD_BLOCK, "is damaged", True),
    "wrong checksum": (IMAGES, BAD_SUM, "is damaged", False),
    "too long": (IMAGES, gzip.compress(PLAIN + b"x"), "goes on after its 5,488 values", False),
    "too long and plain": (IMAGES, PLAIN + b"x", "goes on after its 5,488 values", True),
    "a page of a login": (IMAGES, b"<!doctype html>", "is of another kind", True),
    "labels for images": (IMAGES, idx_bytes(np.zeros(7)), "is of another kind", True),
    "other side": (IMAGES, idx_bytes(np.zeros((7, 27, 27))), "holds 7 x 27 x 27 values", True),
    "other count": (TEST_IMAGES, PACKED, "7 x 28 x 28 values, which should be 3 x", True),
    "labels too few": (LABELS, idx_bytes(np.zeros(6)), "holds 6 values, which should be 7", True),
    "labels too many": (TEST_LABELS, idx_bytes(np.zeros(4)), "holds 4 values", True),
    "label too large": (LABELS, idx_bytes(np.full(7, 10)), "has the label 10", False),
}


class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_are_a_sentence(self, fault, in_place):
        """
        It names the file, what is wrong and the command, and the others keep working.
        """
        file, content, said, quick = FAULTS[fault]
        (in_place / "mnist" / file).write_bytes(content)

        with pytest.raises(DatasetUnavailable, match=f"`mnist/{file}` .*{said}") as error:
            load("mnist", in_place)
        assert_sentence(str(error.value))
        assert "`python -m core.vae.datasets mnist`" in str(error.value)
        assert problem("mnist", in_place) == (str(error.value) if quick else None)
        assert load("digits").info.name == "digits"

    def test_include_files_that_are_missing(self, in_place):
        """
        The sentence names every file that is not there, and no other.
        """
        (in_place / "mnist" / LABELS).unlink()
        (in_place / "mnist" / TEST_IMAGES).unlink()
        said = problem("mnist", in_place) or ""

        assert_sentence(said)
        assert re.findall(r"`([^`]+ubyte.gz)`", said) == [LABELS, TEST_IMAGES]
        assert "python -m core.vae.datasets mnist" in said
        with pytest.raises(DatasetUnavailable, match=re.escape(said)):
            load("mnist", in_place)

    def test_include_a_directory_that_is_not_there(self, tmp_path):
        """
        A dataset directory that does not exist, or is a file, lacks all four files.
        """
        (tmp_path / "file").touch()

        for directory in (tmp_path / "nowhere", tmp_path / "file"):
            for name in ("mnist", "fashion_mnist"):
                said = problem(name, directory) or ""
                assert_sentence(said)
                assert all(file in said for file in FILES)

    def test_include_a_folder_where_a_file_should_be(self, in_place):
        """
        A folder with a file's name is said to be one.
        """
        (in_place / "mnist" / IMAGES).unlink()
        (in_place / "mnist" / IMAGES).mkdir()

        with pytest.raises(DatasetUnavailable, match=f"`mnist/{IMAGES}` .*is a folder") as error:
            load("mnist", in_place)
        assert problem("mnist", in_place) == str(error.value)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no named pipes.")
    def test_include_what_is_no_file_at_all(self, in_place):
        """
        A named pipe is refused rather than waited for.
        """
        (in_place / "mnist" / IMAGES).unlink()
        os.mkfifo(in_place / "mnist" / IMAGES)

        assert "is not a plain file" in (problem("mnist", in_place) or "")

    @pytest.mark.skipif(not hasattr(os, "geteuid"), reason="This system has no such permissions.")
    @pytest.mark.parametrize("locked", [".", "mnist", f"mnist/{IMAGES}"])
    def test_include_what_may_not_be_read(self, locked, small):
        """
        A file or folder that is closed to this user is a sentence that asks for permission.
        """
        with tempfile.TemporaryDirectory() as directory:
            Path(directory).chmod(0o755)
            write(Path(directory) / "mnist", small_arrays())
            usual = (Path(directory) / locked).stat().st_mode
            (Path(directory) / locked).chmod(0)
            with as_ordinary_user():
                said = problem("mnist", Path(directory)) or ""
                with pytest.raises(DatasetUnavailable, match=re.escape(said)):
                    load("mnist", Path(directory))
            (Path(directory) / locked).chmod(usual)

        assert_sentence(said)
        assert f"`mnist/{IMAGES}` in the dataset directory cannot be read (Permission" in said

    def test_include_names_that_do_not_exist(self):
        """
        The error lists the names there are; `problem` says the same and does not raise.
        """
        with pytest.raises(ValueError, match=r"`name` must be one of digits, .+, got 'emnist'"):
            load("emnist")
        with pytest.raises(ValueError, match="`name` must be one of"):
            fetch("emnist")
        assert "got 'emnist'" in (problem("emnist") or "")


@contextlib.contextmanager
def as_ordinary_user():
    """Gives up the right to read everything, where the tests run as root."""
    import pooch  # noqa: F401  as whoever this is may not read our packages
    import requests  # noqa: F401

    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestRemembering:
    def test_reads_once(self, in_place):
        """
        The same files give the same object.
        """
        assert load("mnist", in_place) is load("mnist", in_place)
        assert load("sprites") is load("sprites")
        assert load("digits") is load("digits")

    def test_notices_other_files(self, in_place):
        """
        A repaired or replaced file is read again, and so is another directory.
        """
        before = load("mnist", in_place)
        write(in_place / "mnist", small_arrays(1))
        os.utime(in_place / "mnist" / IMAGES, ns=(1, 1))
        after = load("mnist", in_place)

        assert not np.array_equal(before.train.pixels, after.train.pixels)

    def test_keeps_little(self, small, tmp_path):
        """
        However many directories are read, only two datasets from files stay in memory.
        """
        for seed in range(5):
            write(tmp_path / str(seed) / "mnist", small_arrays(seed))
            load("mnist", tmp_path / str(seed))

        assert datasets._from_files.cache_info().currsize <= 2

    @pytest.mark.parametrize("name", ["digits", "sprites", "mnist"])
    def test_cannot_be_written_to(self, name, in_place):
        """
        What one reader is given, no other can change.
        """
        for split in splits_of(load(name, in_place)).values():
            for array in (split.pixels, split.labels):
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 1


class TestDatasets:
    def test_are_described(self):
        """
        Names agree with their keys, every label has its name, and notes are a sentence.
        """
        assert list(DATASETS) == ["digits", "sprites", "mnist", "fashion_mnist"]
        for name, info in DATASETS.items():
            assert info.name == name
            assert info.note.endswith(".")
        for name in ("digits", "sprites"):
            assert load(name).train.labels.max() + 1 == len(DATASETS[name].labels)
        assert [len(info.labels) for info in DATASETS.values()] == [10, 3, 10, 10]


# -- Fetching, from mirrors on this machine -------------------------------------------------------


class Mirrors:
    """A server on the loopback interface, with what it offers and what it was asked for."""

    def __init__(self):
        self.offered = {}
        self.asked = []
        mirrors = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                mirrors.asked.append(self.path)
                content = mirrors.offered.get(self.path)
                self.send_response(404 if content is None else 200)
                promised = len(content or b"") + 1000 * self.path.startswith("/broken/")
                self.send_header("Content-Length", str(promised))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def mirrors(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    mirrors = Mirrors()
    thread = threading.Thread(target=mirrors.server.serve_forever, args=(0.01,))
    thread.start()
    yield mirrors
    mirrors.server.shutdown()
    mirrors.server.server_close()
    thread.join()


@pytest.fixture
def published(small, mirrors, monkeypatch):
    """A small MNIST on the last of four mirrors: absent, broken, false, right."""
    files = {file: gzip.compress(idx_bytes(array)) for file, array in small_arrays().items()}
    source = fetching.Source(
        mirrors=tuple(
            f"{mirrors.address}/{name}/" for name in ("absent", "broken", "false", "right")
        ),
        md5={file: hashlib.md5(content).hexdigest() for file, content in files.items()},
    )
    monkeypatch.setitem(fetching.SOURCES, "mnist", source)
    for file, content in files.items():
        mirrors.offered[f"/broken/{file}"] = content[:50]
        mirrors.offered[f"/false/{file}"] = content[:-1] + b"?"
        mirrors.offered[f"/right/{file}"] = content
    return files


class TestFetch:
    def test_asks_one_mirror_after_the_other(self, published, mirrors, tmp_path):
        """
        Not found, broken off, wrong checksum, right: the fourth mirror's files are kept.
        """
        directory = tmp_path / "made" / "here"
        fetch("mnist", directory, progress=False)

        order = ("absent", "broken", "false", "right")
        assert mirrors.asked == [f"/{name}/{file}" for file in FILES for name in order]
        assert sorted(path.name for path in (directory / "mnist").iterdir()) == sorted(FILES)
        for file, content in published.items():
            assert (directory / "mnist" / file).read_bytes() == content
        assert (
            load("mnist", directory).test.labels.tolist() == small_arrays()[TEST_LABELS].tolist()
        )

    def test_asks_for_nothing_that_is_there(self, published, mirrors, tmp_path):
        """
        Sound files stay as they are, wherever they may be and however they are packed.
        """
        arrays = small_arrays(seed=9)
        write(tmp_path, {IMAGES: arrays[IMAGES]}, packed=False)
        write(tmp_path / "mnist", {LABELS: arrays[LABELS]})
        fetch("mnist", tmp_path, progress=False)

        assert {path.split("/")[-1] for path in mirrors.asked} == {TEST_IMAGES, TEST_LABELS}
        assert load("mnist", tmp_path).train.labels.tolist() == arrays[LABELS][:5].tolist()

    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("folder", ["mnist", "."])
    def test_replaces_what_is_damaged(self, fault, folder, published, in_place):
        """
        Any fault in a file is cured by the command that its sentence names.
        """
        file, content, _, _ = FAULTS[fault]
        (in_place / "mnist" / file).unlink()
        (in_place / folder / file).write_bytes(content)
        fetch("mnist", in_place, progress=False)

        assert load("mnist", in_place).train.labels.tolist() == small_arrays()[LABELS][:5].tolist()

    @pytest.mark.skipif(os.name == "nt", reason="This system has no such permissions.")
    def test_lets_others_read(self, published, tmp_path):
        """
        Files fetched by an administrator can be read by the user who runs the site.
        """
        fetch("mnist", tmp_path, progress=False)

        for file in FILES:
            assert stat.S_IMODE((tmp_path / "mnist" / file).stat().st_mode) == 0o644

    def test_shows_its_progress_if_asked(self, published, tmp_path, capfd):
        """
        With `progress` a bar is drawn on standard error; without it nothing is printed.
        """
        fetch("mnist", tmp_path / "loud")
        assert "100%" in capfd.readouterr().err

        fetch("mnist", tmp_path / "quiet", progress=False)
        assert capfd.readouterr() == ("", "")

    def test_says_what_was_tried(self, published, mirrors, tmp_path):
        """
        When no mirror has a file, one sentence names it, the mirrors, the folder, the command.
        """
        mirrors.offered.pop(f"/right/{LABELS}")
        with pytest.raises(DatasetUnavailable) as error:
            fetch("mnist", tmp_path, progress=False)
        said = str(error.value)

        assert said.endswith(".")
        assert ". " not in said
        for words in (f"`{LABELS}`", "404", "checksum", "no connection", "again later"):
            assert words in said
        assert "python -m core.vae.datasets mnist" in said
        assert str(tmp_path / "mnist") in said
        assert [path.name for path in (tmp_path / "mnist").iterdir()] == [IMAGES]

    def test_says_when_there_is_no_internet(self, published, mirrors, monkeypatch, tmp_path):
        """
        Mirrors that do not answer are named, and nothing is left behind.
        """
        with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
            address = f"http://127.0.0.1:{closed.server_port}/"
        source = dataclasses.replace(fetching.SOURCES["mnist"], mirrors=(address,))
        monkeypatch.setitem(fetching.SOURCES, "mnist", source)

        with pytest.raises(DatasetUnavailable, match=r"127\.0\.0\.1:\d+ \(no connection"):
            fetch("mnist", tmp_path, progress=False)
        assert list((tmp_path / "mnist").iterdir()) == []

    @pytest.mark.parametrize("obstacle", ["a folder", "a file"])
    def test_says_when_it_cannot_write(self, obstacle, published, in_place):
        """
        What is in the way, or closed, is not the mirrors' fault, and no other is asked.
        """
        for file in FILES:
            (in_place / "mnist" / file).unlink()
        if obstacle == "a folder":
            (in_place / "mnist" / IMAGES).mkdir()
        else:
            (in_place / "mnist").rmdir()
            (in_place / "mnist").touch()

        with pytest.raises(DatasetUnavailable, match=f"`{IMAGES}` of MNIST cannot be written"):
            fetch("mnist", in_place, progress=False)

    @pytest.mark.skipif(not hasattr(os, "geteuid"), reason="This system has no such permissions.")
    def test_says_when_it_may_not_write(self, published, mirrors):
        """
        A directory that is closed to this user is said to be so.
        """
        with tempfile.TemporaryDirectory() as directory:
            (Path(directory) / "mnist").mkdir()
            (Path(directory) / "mnist").chmod(0o555)
            Path(directory).chmod(0o555)
            with as_ordinary_user():
                with pytest.raises(DatasetUnavailable, match=r"cannot be written \([Pp]ermission"):
                    fetch("mnist", Path(directory), progress=False)
                with pytest.raises(DatasetUnavailable, match=r"cannot be written \([Pp]ermission"):
                    fetch("mnist", Path(directory) / "new", progress=False)
            Path(directory).chmod(0o755)

        assert mirrors.asked == []

    @pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
    def test_knows_what_to_ask_for(self, name):
        """
        Each published dataset has several mirrors and a checksum for every file.
        """
        source = fetching.SOURCES[name]

        assert len(source.mirrors) >= 2
        assert all(re.fullmatch(r"https?://\S+/", mirror) for mirror in source.mirrors)
        assert tuple(source.md5) == FILES
        assert all(re.fullmatch(r"[0-9a-f]{32}", md5) for md5 in source.md5.values())

    def test_needs_nothing_for_the_others(self, mirrors, tmp_path):
        """
        Datasets without files are simply read.
        """
        fetch("digits", tmp_path)
        fetch("sprites", tmp_path)

        assert list(tmp_path.iterdir()) == []


class TestCommand:
    def test_says_what_it_did(self, published, mirrors, tmp_path, capsys):
        """
        A line for each file that came or was there, a last one that all is ready; status 0.
        """
        assert datasets.main(["mnist", "--directory", str(tmp_path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(" came from ")[0] for line in lines[:4]] == [
            f"MNIST: {tmp_path / 'mnist' / file}" for file in FILES
        ]
        assert lines[4] == "MNIST is ready: 5 + 2 + 3 images to train, validate and test."

        mirrors.asked.clear()
        assert datasets.main(["mnist", "--directory", str(tmp_path)]) == 0
        assert capsys.readouterr().out.count("is already there.") == 4
        assert mirrors.asked == []

    def test_goes_on_after_a_failure(self, published, mirrors, monkeypatch, tmp_path, capsys):
        """
        By default both are fetched; what cannot be had is a sentence, and the status is 1.
        """
        absent = fetching.Source(
            mirrors=(f"{mirrors.address}/absent/",), md5=fetching.SOURCES["mnist"].md5
        )
        monkeypatch.setitem(fetching.SOURCES, "fashion_mnist", absent)

        assert datasets.main(["--directory", str(tmp_path)]) == 1
        output = capsys.readouterr()
        assert "MNIST is ready" in output.out
        assert f"`{IMAGES}` of Fashion-MNIST could not be fetched" in output.err
        assert "Traceback" not in output.err

        assert datasets.main(["emnist", "mnist", "--directory", str(tmp_path)]) == 1
        output = capsys.readouterr()
        assert "MNIST is ready" in output.out
        assert "`name` must be one of" in output.err

    def test_is_a_module_to_run(self, tmp_path):
        """
        `python -m core.vae.datasets` is the command, and its status is the shell's.
        """
        command = [sys.executable, "-m", "core.vae.datasets", "--directory", str(tmp_path)]
        good = subprocess.run([*command, "digits"], cwd=ROOT, capture_output=True, text=True)
        bad = subprocess.run([*command, "emnist"], cwd=ROOT, capture_output=True, text=True)

        assert (good.returncode, good.stderr) == (0, "")
        assert (
            good.stdout
            == "Digits is ready: 1,297 + 200 + 300 images to train, validate and test.\n"
        )
        assert bad.returncode == 1
        assert bad.stderr.startswith("`name` must be one of")


class TestIdx:
    @pytest.mark.parametrize("packed", [True, False])
    @pytest.mark.parametrize("shape", [(1,), (300,), (2, 3), (2, 3, 5), (1, 1, 1, 7)])
    def test_gives_back_what_was_written(self, shape, packed, tmp_path):
        """
        Whatever the dimensions, values arrive in place, in memory that cannot be written to.
        """
        array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        content = idx_bytes(array)
        (tmp_path / "file").write_bytes(gzip.compress(content) if packed else content)

        idx.check(tmp_path / "file", shape)
        values = idx.read(tmp_path / "file", shape)
        np.testing.assert_array_equal(values, array, strict=True)
        assert not values.flags.writeable

    def test_does_not_unpack_more_than_it_wants(self, tmp_path):
        """
        A small file that unpacks to gigabytes is refused without filling the memory.
        """
        content = idx_bytes(np.zeros(10)) + bytes(50_000_000)
        (tmp_path / "file").write_bytes(gzip.compress(content, 1))

        with pytest.raises(idx.IdxError, match="goes on after its 10 values"):
            idx.read(tmp_path / "file", (10,))
