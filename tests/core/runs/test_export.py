"""What can be taken home of a run, read back and held against what the store has.

The bugs these tests catch: a cell that says zero where nothing was measured, a digit lost on the
way, a script that repeats another training, a file that cannot be opened elsewhere.
"""

import csv
import dataclasses
import io
import json
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from fake_kind import FakeConfig
from PIL import Image
from run_site import ROOT, request_for
from safetensors.numpy import load, save

from core.runs import export, worker
from core.runs.contact_sheet import contact_sheet
from core.runs.records import Batch, Frames
from core.runs.script import script
from core.runs.store import Store
from core.vae.config import TrainConfig


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """
    One store for the trainings of this file.
    """
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('export') / 'runs.sqlite'}")
    yield store
    worker._store(store.url).close()
    worker._store.cache_clear()
    store.close()


def trained(store, config):
    run = store.submit(**request_for(config))
    worker.execute(run.id, 1, store.url, 60.0)
    return store.run(run.id)


def digits(**changes):
    return TrainConfig(**{"steps": 60} | changes).resolved(device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def one(store):
    """
    A training of one model.
    """
    return trained(store, digits())


@pytest.fixture(scope="module")
def two(store):
    """
    A training of two models side by side.
    """
    return trained(store, digits(betas=(0.5, 4.0)))


@pytest.fixture(scope="module")
def steered(store):
    """
    A training that starts with another one's weights, was steered, and trained on.
    """
    first = digits(steps=20)
    return trained(
        store,
        digits(
            steps=30,
            beta_changes=((10, 4.0), (35, 0.5)),
            segments=((10, 0.005),),
            start=first,
            start_step=12,
        ),
    )


def begun(store, config, *bodies):
    """
    A run whose worker has written some batches and is still at it.
    """
    run = store.submit(**request_for(config) | {"shared": False})
    store.claim(run.id, 1, {})
    for number, body in enumerate(bodies, 1):
        step = body["training"]["step"][-1]
        store.write(
            run.id, 1, batch=Batch(sequence=number, first=0, last=step, body=json.dumps(body))
        )
    return store.run(run.id)


def batch(training=None, held_out=None):
    return {
        "training": {"step": [], "time": []} | (training or {}),
        "held_out": {"step": []} | (held_out or {}),
    }


def table(store, run):
    body = export.take(store, run, "reports.csv").body.decode()
    return list(csv.DictReader(io.StringIO(body)))


def stored(store, run):
    """
    Every number of a run as the batches have it: by heading, step and member.
    """
    found = {}
    for _, body in store.batches(run.id, 0, 10_000):
        for part, columns in json.loads(body).items():
            if part not in ("training", "held_out"):
                continue
            for name in set(columns) - {"step", "time"}:
                for step, values in zip(columns["step"], columns[name], strict=True):
                    for member, value in enumerate(values or ()):
                        found[export.column(part, name), step, member] = value
    return found


def written(rows):
    """
    The same, as a table has it.
    """
    return {
        (heading, int(row["step"]), int(row.get("member", 0))): float(cell)
        for row in rows
        for heading, cell in row.items()
        if heading.startswith(("training", "held_out")) and cell
    }


class TestReports:
    @pytest.mark.parametrize("which", ["one", "two"])
    def test_are_the_numbers_of_the_store(self, store, which, request):
        """
        Every number comes back from the table as the float that the batches hold, and no other.
        """
        run = request.getfixturevalue(which)

        assert written(table(store, run)) == stored(store, run) != {}

    def test_have_a_row_for_each_step(self, store, one):
        """
        One model needs no column that says which; steps come in order and once.
        """
        rows = table(store, one)
        steps = [int(row["step"]) for row in rows]

        assert steps == sorted(set(steps))
        assert (steps[0], steps[-1]) == (0, 60)
        assert list(rows[0])[:4] == [
            "step",
            "time",
            "training_distortion_nats",
            "training_rate_nats",
        ]
        assert "held_out_rate_standard_error_nats" in rows[0]
        assert not {"member", "beta"} & set(rows[0])

    def test_have_a_row_for_each_member(self, store, two):
        """
        Several models stand below each other at each step, each with its price.
        """
        rows = table(store, two)

        assert len(rows) == 2 * len({row["step"] for row in rows})
        assert [(row["member"], row["beta"]) for row in rows[:4]] == [
            ("0", "0.5"),
            ("1", "4.0"),
        ] * 2
        assert rows[2]["time"] == rows[3]["time"] != ""

    def test_leave_empty_what_was_not_measured(self, store, one):
        """
        The untrained model has no mini-batch, and most steps no look at held-out images.
        """
        first, *later = table(store, one)
        unseen = [row for row in later if not row["held_out_rate_nats"]]

        assert first["time"] == first["training_rate_nats"] == ""
        assert first["held_out_rate_nats"] != ""
        assert unseen
        assert all(row["training_rate_nats"] for row in unseen)

    def test_leave_empty_what_was_no_number(self, store):
        """
        A null of one member, of a whole step and of a quantity that came later are empty, not 0.
        """
        run = begun(
            store,
            digits(betas=(1.0, 2.0)),
            batch({"step": [1, 2], "time": [0.5, 0.6], "rate": [[1.5, None], None]}),
            batch({"step": [3], "time": [0.7], "rate": [[0, 0.1]], "scale": [[2, 3]]}),
        )
        rows = table(store, run)

        assert [row["training_rate_nats"] for row in rows] == ["1.5", "", "", "", "0", "0.1"]
        assert [row["training_scale"] for row in rows] == ["", "", "", "", "2", "3"]

    def test_keep_every_digit(self, store):
        """
        The text of a number is not touched, so that nothing can be rounded.
        """
        body = batch({"step": [1], "time": [1.25], "rate": ["X"]})
        run = begun(store, digits())
        text = json.dumps(body).replace('"X"', "[0.10000000149]")
        made = export.reports_csv(run, [text])

        assert made.splitlines()[1] == "1,1.25,0.10000000149"

    def test_stop_where_the_run_was_read(self, store):
        """
        What arrives while a file is being made is left for the next one.
        """
        bodies = [batch({"step": [n], "time": [n], "rate": [[n]]}) for n in (1, 2, 3)]
        run = begun(store, digits(), *bodies)
        earlier = dataclasses.replace(run, sequence=2)

        assert [row["step"] for row in table(store, earlier)] == ["1", "2"]

    def test_of_a_run_that_waits_are_a_heading(self, store):
        """
        A table without rows is still a table.
        """
        run = store.submit(**request_for(digits(seed=99)))

        assert export.take(store, run, "reports.csv").body == b"step,time\n"


class TestConfig:
    def test_comes_back_as_it_was(self, store, two):
        """
        The file holds the config, one setting a line.
        """
        body = export.take(store, two, "config.json").body.decode()

        assert TrainConfig.from_json(json.loads(body)) == digits(betas=(0.5, 4.0))
        assert '  "dataset": "digits",\n' in body


class TestWeights:
    def test_are_the_last_that_were_kept(self, store, one):
        """
        The file is the one in the store, and opens as one array for each name.
        """
        taken = export.take(store, one, "weights.safetensors")

        assert taken.body == store.weights(one.id, 60)[1]
        assert load(taken.body)["heads.weight"].shape == (1, 4, 128)
        assert taken.name == f"vae-{one.id}-weights.safetensors"


class TestContactSheet:
    def shown(self, side, members=1):
        rng = np.random.default_rng(0)

        def images(*shape):
            return rng.integers(0, 256, (*shape, side * side), dtype=np.uint8)

        return {
            "originals": images(10),
            "reconstructions": images(members, 10),
            "samples": images(members, 20),
            "codes": np.zeros((members, 5, 2), np.float32),
        }

    @pytest.mark.parametrize(("side", "members"), [(8, 1), (28, 1), (28, 3)])
    def test_shows_every_pixel(self, side, members):
        """
        Each image can be read back from the sheet: originals over reconstructions over samples.
        """
        pictures = self.shown(side, members)
        sheet = Image.open(io.BytesIO(contact_sheet(pictures, {"Title": "Run β"})))
        scale, gap = 56 // side, side // 14 or 1
        pitch = side + gap
        rows = 4 * members
        small = np.asarray(sheet)[::scale, ::scale]

        assert sheet.mode == "L"
        assert sheet.text == {"Title": "Run β"}
        assert sheet.size == (
            scale * (10 * pitch + gap),
            scale * (rows * pitch + gap + (members - 1) * (side // 2)),
        )
        for member in range(members):
            expected = [
                pictures["originals"],
                pictures["reconstructions"][member],
                *pictures["samples"][member].reshape(2, 10, -1),
            ]
            for row, images in enumerate(expected):
                top = gap + (4 * member + row) * pitch + member * (side // 2)
                for place, image in enumerate(images):
                    left = gap + place * pitch
                    found = small[top : top + side, left : left + side]
                    assert (found.ravel() == image).all()

    def test_of_a_step_says_which(self, store, one):
        """
        Without a step it is the last one; the file names its step.
        """
        last = export.take(store, one, "pictures.png")
        first = export.take(store, one, "pictures.png", 0)

        assert last == export.take(store, one, "pictures.png", 60)
        assert last.name == f"vae-{one.id}-pictures-step-60.png"
        assert last.body != first.body
        assert Image.open(io.BytesIO(first.body)).text["Title"] == f"Run {one.id}, step 0"

    def test_needs_pictures(self):
        """
        A snapshot of codes alone makes no sheet.
        """
        with pytest.raises(ValueError, match="`pictures` must hold images, got codes"):
            contact_sheet({"codes": np.zeros((1, 5, 2), np.float32)}, {})


class TestWhatIsNotThere:
    @pytest.mark.parametrize("what", ["weights.safetensors", "pictures.png"])
    def test_of_a_run_that_waits_is_a_sentence(self, store, what):
        """
        A run without a report has nothing to draw and no parameters.
        """
        run = store.submit(**request_for(digits(seed=98)))

        with pytest.raises(export.NotThere, match=r"yet; wait for its first report\.$"):
            export.take(store, run, what)

    def test_of_a_run_is_a_sentence(self, store, one):
        """
        A step without pictures and a file of another name are refused.
        """
        with pytest.raises(export.NotThere, match=r"no pictures of run .* at step 59\."):
            export.take(store, one, "pictures.png", 59)
        with pytest.raises(export.NotThere, match=r"The files of a run are everything\.zip, "):
            export.take(store, one, "../runs.sqlite")

    def test_is_no_script_without_a_last_step(self, store):
        """
        A training without an end that has not begun has no step to go to.
        """
        endless = digits(steps=None, schedule="constant")
        run = store.submit(**request_for(endless) | {"shared": False})

        with pytest.raises(export.NotThere, match="must have an end of its own or have begun"):
            export.take(store, run, "script.py")

    def test_is_no_script_of_another_kind(self, store):
        """
        Only the training that a script knows how to repeat has one; the rest can be had.
        """
        run = trained(store, FakeConfig(step_s=0))
        with zipfile.ZipFile(io.BytesIO(export.take(store, run, "everything.zip").body)) as packed:
            names = packed.namelist()
            readme = packed.read(f"fake-{run.id}/README.txt").decode()

        assert f"fake-{run.id}/reports.csv" in names
        assert f"fake-{run.id}/script.py" not in names
        assert "There is no script.py. `run` must be a training of a VAE" in readme


class TestEverything:
    def test_holds_each_file_and_says_what_it_is(self, store, two):
        """
        The zip has what the single files have, a sheet for each snapshot, and a text about each.
        """
        body = export.take(store, two, "everything.zip").body
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            assert packed.testzip() is None
            files = {
                name.removeprefix(f"vae-{two.id}/"): packed.read(name)
                for name in packed.namelist()
            }
        readme = files.pop("README.txt").decode()
        sheets = [name for name in files if name.startswith("pictures/")]

        for name in ("reports.csv", "config.json", "weights.safetensors", "script.py"):
            assert files[name] == export.take(store, two, name).body
        assert json.loads(files["measured.json"]) == two.evaluation
        assert sheets == [f"pictures/step-{step:02}.png" for step in store.snapshots(two.id)]
        assert files["pictures/step-60.png"] == export.take(store, two, "pictures.png").body
        for name in {name.partition("/")[0] for name in files}:
            assert f"\n\n{name}" in readme
        assert f"Run {two.id}: done, at step 60, with torch" in readme
        assert "parameters at step 60" in readme
        assert "{" not in readme

    def test_of_a_run_that_waits_is_what_there_is(self, store):
        """
        Config and script can be had before the first step.
        """
        run = store.submit(**request_for(digits(seed=97)))
        body = export.take(store, run, "everything.zip").body
        names = zipfile.ZipFile(io.BytesIO(body)).namelist()

        assert [name.partition("/")[2] for name in names] == [
            "reports.csv",
            "config.json",
            "script.py",
            "README.txt",
        ]

    def test_thins_the_pictures_of_a_long_run(self, store, monkeypatch):
        """
        A training without an end does not make a zip without an end.
        """
        monkeypatch.setattr(export, "MOST_SHEETS", 3)
        run = begun(store, digits(steps=None, schedule="constant"))
        pictures = save({"samples": np.zeros((1, 20, 64), np.uint8)})
        frames = [Frames(step=step, pictures=pictures, weights=None) for step in range(10)]
        store.write(run.id, 1, frames=frames)
        run = dataclasses.replace(store.run(run.id), step=9)
        body = export.take(store, run, "everything.zip").body
        names = zipfile.ZipFile(io.BytesIO(body)).namelist()

        assert [name[-5] for name in names if name.endswith(".png")] == ["0", "4", "9"]


class TestScript:
    def run(self, folder, run, *arguments):
        """
        A script where a reader would put it: beside `core`.
        """
        (folder / "core").symlink_to(ROOT / "core", target_is_directory=True)
        (folder / "script.py").write_text(script(run), "utf-8")
        command = [sys.executable, "-W", "error", "script.py", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.stderr == ""
        assert done.returncode == 0
        return done.stdout

    @pytest.mark.slow
    @pytest.mark.parametrize("which", ["one", "two", "steered"])
    def test_repeats_the_run_bit_for_bit(self, store, which, request, tmp_path):
        """
        Every report, every parameter and every measurement comes out the same on one machine.
        """
        run = request.getfixturevalue(which)
        said = self.run(tmp_path, run, "--save", "--measure")
        rows = list(csv.DictReader((tmp_path / "reports.csv").read_text().splitlines()))
        theirs = table(store, run)
        kept = load(store.weights(run.id)[1])
        weights = load((tmp_path / "weights.safetensors").read_bytes())
        last = theirs[-len(run.config["betas"])]

        assert [list(row) for row in rows[:1]] == [[h for h in theirs[0] if h != "time"]]
        assert [np.float32(v) for v in written(rows).values()] == [
            np.float32(v) for v in written(theirs).values()
        ]
        assert written(rows).keys() == written(theirs).keys() == stored(store, run).keys()
        assert weights.keys() == kept.keys()
        assert all((weights[name] == kept[name]).all() for name in kept)
        assert json.loads(said[said.index("{") :]) == run.evaluation
        assert f"{float(last['held_out_distortion_nats']):12.3f}" in said

    @pytest.mark.slow
    def test_goes_no_further_than_the_run(self, store, tmp_path):
        """
        A training without an end, which was stopped, is repeated up to its last report.
        """
        config = digits(steps=None, schedule="constant", learning_rate=1e-3)
        run = store.submit(**request_for(config) | {"shared": False})
        worker.execute(run.id, 1, store.url, 0.3)
        run = store.run(run.id)
        said = self.run(tmp_path, run)

        assert run.state == "stopped"
        assert f"training{run.step:11}" in said
        assert [path.name for path in tmp_path.iterdir() if path.suffix == ".csv"] == []

    @pytest.mark.slow
    def test_weights_are_those_of_the_step_where_it_was_stopped(self, store, tmp_path):
        """
        Though its schedule has none there; and the script comes to the same.
        """
        config = digits(steps=None, schedule="constant", learning_rate=1e-3)
        run = store.submit(**request_for(config) | {"shared": False})
        worker.execute(run.id, 1, store.url, 0.3)
        run = store.run(run.id)
        step, body = store.weights(run.id)
        self.run(tmp_path, run, "--save")
        kept, weights = load(body), load((tmp_path / "weights.safetensors").read_bytes())

        assert step == run.step == store.snapshots(run.id)[-1]
        assert weights.keys() == kept.keys()
        assert all((weights[name] == kept[name]).all() for name in kept)

    def test_of_a_run_that_waits_goes_to_its_end(self, store):
        """
        Before the first report the config says how far, however many stretches it has.
        """
        run = store.submit(**request_for(digits(seed=96, segments=((5, 0.01),))))

        assert "LAST_STEP = None\n" in script(run)

    def test_can_hold_whatever_a_config_may_hold(self, one):
        """
        Later settings are lists of objects, and a machine may have any name.
        """
        machine = {"torch": "2", "name": 'A\nimport os\r"""\\'}
        config = one.config | {"later": [{"at": 3, "to": None, "by": "a\"'\\"}]}
        text = script(dataclasses.replace(one, config=config, machine=machine))
        begin, end = text.index("CONFIG = ") + 9, text.index("LAST_STEP")

        assert eval(text[begin:end], {"__builtins__": {}}) == config
        assert '# The run was trained with torch 2 on A import os """\\.\nCONFIG' in text
        compile(text, "script.py", "exec")

    def test_is_in_the_style_of_the_site(self, two, tmp_path):
        """
        What readers are given to read has passed the same checks as the rest.
        """
        ruff = shutil.which("ruff", path=str(ROOT / ".venv" / "bin")) or shutil.which("ruff")
        if ruff is None:
            pytest.skip("There is no ruff here; requirements-dev.txt brings one.")
        path = tmp_path / "script.py"
        path.write_text(script(two), "utf-8")
        settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", str(path)]
        for command in (["check"], ["format", "--check"]):
            done = subprocess.run([ruff, *command, *settings], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout
