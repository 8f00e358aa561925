"""The routes beside the pages, on a real server, and the real site when it is closed.

The bugs these tests catch: a stream that a proxy or a compressor holds back, an error that shows
the inside of the server, a file that should not be served, a site that cannot be closed or that
leaves its workers behind.
"""

import contextlib
import http.client
import json
import signal
import socket
import threading
import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import uvicorn
from safetensors.numpy import load, save
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from core.runs.records import Batch, End, Frames, StoreUnavailable
from core.runs.store import Store
from core.vae.config import TrainConfig
from tests.browser.site import running_site
from tests.core.runs.run_site import are_gone
from tests.core.vae.untrained import weights_of
from ui import runs, streams

UNKNOWN = "a" * 12


@pytest.fixture
def store(tmp_path, monkeypatch):
    """
    A store that the routes take for the site's.
    """
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite'}")
    monkeypatch.setattr(runs, "service", lambda: SimpleNamespace(store=store, trouble=None))
    yield store
    store.close()


@pytest.fixture
def port(store):
    """
    A server of the routes, with the compression that Streamlit puts in front of them.
    """
    app = Starlette(routes=streams.routes("/under/"), middleware=[Middleware(GZipMiddleware)])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()
    assert not thread.is_alive()


def claimed(store):
    run = store.submit(
        kind="fake", config={}, fingerprint=str(time.time()), shared=False, owner="me"
    )
    store.claim(run.id, 1, {})
    return run


def write(store, run, *numbers, **more):
    for number in numbers:
        body = json.dumps({"sequence": number})
        batch = Batch(sequence=number, first=number, last=number, body=body)
        store.write(run.id, 1, batch=batch)
    if more:
        store.write(run.id, 1, **more)


@contextlib.contextmanager
def asking(port, path, **headers):
    """
    An answer whose body may still be on its way.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip", **headers})
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()


def answered(port, path, **headers):
    with asking(port, path, **headers) as answer:
        return answer.status, answer.headers, answer.read()


def next_event(answer):
    """
    The next event of a stream: its fields by name.
    """
    fields = {}
    while line := answer.readline().decode().rstrip("\n"):
        name, _, value = line.partition(": ")
        fields[name] = value
    return fields


class TestEvents:
    def test_come_as_they_happen(self, store, port):
        """
        State and batches arrive at once, uncompressed, with numbers to come back by.
        """
        run = claimed(store)
        write(store, run, 1, 2)
        with asking(port, f"/api/runs/{run.id}/events") as answer:
            state, first, second = (next_event(answer) for _ in range(3))
            write(store, run, 3)
            began = time.monotonic()
            third = next_event(answer)
            took = time.monotonic() - began
            write(store, run, end=End(state="done"))
            done, end = next_event(answer), next_event(answer)
            rest = answer.read()

        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Content-Encoding"] is None
        assert (state["event"], state["retry"]) == ("state", "1000")
        assert [event["id"] for event in (first, second, third)] == ["1", "2", "3"]
        assert third == {"event": "batch", "id": "3", "data": '{"sequence": 3}'}
        assert took < 1
        assert json.loads(done["data"])["state"] == "done"
        assert end == {"event": "end", "data": "{}"}
        assert rest == b""

    @pytest.mark.parametrize(
        ("query", "headers", "expected"),
        [
            ("", {}, ["1", "2", "3"]),
            ("?after=1", {}, ["2", "3"]),
            ("?after=1", {"Last_Event_ID": "2"}, ["3"]),
            ("", {"Last_Event_ID": "3"}, []),
        ],
    )
    def test_go_on_where_a_viewer_left(self, store, port, query, headers, expected):
        """
        A browser that reconnects says what it has, in its own way or in the address.
        """
        run = claimed(store)
        write(store, run, 1, 2, 3, end=End(state="stopped"))
        _, _, body = answered(port, f"/api/runs/{run.id}/events{query}", **headers)
        ids = [line[4:] for line in body.decode().splitlines() if line.startswith("id: ")]

        assert ids == expected

    def test_stop_when_the_browser_is_gone(self, store, port):
        """
        A closed tab is noticed although nothing is being sent.
        """
        run = claimed(store)
        with asking(port, f"/api/runs/{run.id}/events") as answer:
            next_event(answer)
            followed = [tails.watched for tails in streams._tails_of_loops.values()]
        deadline = time.monotonic() + 2
        while any(tails.watched for tails in streams._tails_of_loops.values()):
            assert time.monotonic() < deadline
            time.sleep(0.01)

        assert sum(followed) == 1

    def test_can_be_asked_about(self, store, port):
        """
        A request for the headers alone is answered and over.
        """
        run = claimed(store)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("HEAD", f"/api/runs/{run.id}/events")
        answer = connection.getresponse()
        connection.close()

        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")

    def test_of_a_run_that_is_not_there_are_over(self, port):
        """
        A page whose run was deleted meanwhile is told the end rather than asks again for ever.
        """
        status, _, body = answered(port, f"/api/runs/{UNKNOWN}/events")

        assert status == 200
        assert body == b"event: end\ndata: {}\n\n"

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/api/runs/nonsense/events", 400),
            ("/api/runs/%2e%2e%2fruns.sqlite/events", 404),
            (f"/api/runs/{UNKNOWN}/events?after=-1", 400),
            (f"/api/runs/{UNKNOWN}/events?after=1e9", 400),
            (f"/api/runs/{UNKNOWN}/events?after={'9' * 5000}", 400),
            (f"/api/runs/{UNKNOWN}/snapshots/1", 404),
            (f"/api/runs/{UNKNOWN}/snapshots/x", 400),
            ("/api/runs/'; drop table runs/snapshots/1".replace(" ", "%20"), 400),
        ],
    )
    def test_that_cannot_be_had_are_a_sentence(self, port, path, status):
        """
        Whatever the address says, the answer is a status and words, and is not kept.
        """
        got, headers, body = answered(port, path)

        assert got == status
        assert headers["Cache-Control"] in ("no-store", None)
        if b"{" in body:
            assert json.loads(body)["error"].endswith(".")

    def test_from_a_store_that_fails_are_a_sentence(self, port, monkeypatch):
        """
        The site says what is wrong with its database, and not where it lies.
        """

        def service():
            raise StoreUnavailable("The file `runs.sqlite` is damaged.")

        monkeypatch.setattr(runs, "service", service)
        for what in ("events", "snapshots/1"):
            status, _, body = answered(port, f"/api/runs/{UNKNOWN}/{what}")

            assert status == 503
            assert json.loads(body) == {"error": "The file `runs.sqlite` is damaged."}


class TestPictures:
    def test_are_the_bytes_that_were_stored(self, store, port):
        """
        A snapshot comes as it is, and need never be asked for again.
        """
        run = claimed(store)
        pictures = {"samples": np.arange(4000, dtype=np.uint8).reshape(1, -1, 8)}
        frames = [Frames(step=5, pictures=save(pictures), weights=None)]
        write(store, run, frames=frames)
        status, headers, body = answered(port, f"/api/runs/{run.id}/snapshots/5")

        assert status == 200
        assert (load(body)["samples"] == pictures["samples"]).all()
        assert headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in headers["Cache-Control"]
        assert answered(port, f"/api/runs/{run.id}/snapshots/6")[0] == 404


class TestModels:
    CONFIG = TrainConfig(betas=(0.5, 1.0)).resolved(device="cpu", precision="fp32")

    @pytest.fixture
    def weights(self, rng):
        """
        Two untrained members.
        """
        return weights_of(self.CONFIG, rng)

    def kept(self, store, weights, config=CONFIG):
        run = store.submit(
            kind="vae", config=config.to_json(), fingerprint="f", shared=True, owner="me"
        )
        store.claim(run.id, 1, {})
        write(store, run, frames=[Frames(step=7, pictures=b"", weights=save(weights))])
        return run.id

    def test_are_sent_part_by_part_and_kept_forever(self, store, port, weights):
        """
        One member's decoder or encoder, number by number as it was trained.
        """
        run_id = self.kept(store, weights)
        weights["decoder.1.bias"][1] += 1
        parts = {}
        for part in ("decoder", "encoder"):
            path = f"/api/runs/{run_id}/weights/7/{part}?member=1"
            status, headers, body = answered(port, path)
            assert (status, "immutable" in headers["Cache-Control"]) == (200, True)
            parts |= load(body)

        assert set(parts) == set(weights)
        for name, sent in parts.items():
            shift = 1 if name == "decoder.1.bias" else 0
            np.testing.assert_array_equal(sent + np.float32(shift), weights[name][1])
            assert sent.dtype == np.float32

    def test_come_with_the_codes_of_held_out_images(self, store, port, weights):
        """
        The images, their labels, codes and terms.
        """
        run_id = self.kept(store, weights)

        _, _, body = answered(port, f"/api/runs/{run_id}/codes/7")

        found = load(body)
        assert found["images"].shape == (300, 64)
        assert found["mean"].shape == found["log_var"].shape == (300, 2)
        assert len(found["labels"]) == len(found["neg_elbo"]) == len(found["nearest"]) == 300

    @pytest.mark.parametrize(
        ("path", "status", "words"),
        [
            ("weights/8/decoder", 404, "There are no weights"),
            ("weights/7/prior", 404, "The parts of a model are"),
            ("weights/7/decoder?member=2", 422, "`member` must be from 0 to 1"),
            ("weights/7/decoder?member=x", 400, "`member` must be a whole number"),
            ("codes/7", 422, "must hold finite numbers"),
        ],
    )
    def test_that_cannot_be_had_are_a_sentence(self, store, port, weights, path, status, words):
        """
        No trace and no empty file.
        """
        if path == "codes/7":
            weights["heads.bias"][0] = np.nan
        run_id = self.kept(store, weights)

        answer = answered(port, f"/api/runs/{run_id}/{path}")

        assert answer[0] == status
        assert words in json.loads(answer[2])["error"]

    def test_that_are_too_large_are_a_sentence(self, store, port, rng):
        """
        A browser is sent at most four megabytes.
        """
        config = TrainConfig(dataset="sprites", hidden=(1500,))
        config = config.resolved(device="cpu", precision="fp32")
        run_id = self.kept(store, weights_of(config, rng), config)

        status, _, body = answered(port, f"/api/runs/{run_id}/weights/7/decoder")

        assert status == 422
        assert "at most 4 MB" in json.loads(body)["error"]


class TestFiles:
    @pytest.fixture
    def run(self, store):
        """
        A training of another kind, so that no model is needed, with one report.
        """
        run = claimed(store)
        body = '{"training":{"step":[5],"time":[1.5],"rate":[[2.25]]},"held_out":{"step":[]}}'
        looks = {"samples": np.arange(640, dtype=np.uint8).reshape(1, 10, 64)}
        frames = [Frames(step=5, pictures=save(looks), weights=save({"w": np.ones(3)}))]
        batch = Batch(sequence=1, first=5, last=5, body=body)
        store.write(run.id, 1, batch=batch, frames=frames)
        return run

    @pytest.mark.parametrize(
        ("what", "name", "media_type", "begin"),
        [
            ("reports.csv", "reports.csv", "text/csv; charset=utf-8", b"step,time,training_rate"),
            ("config.json", "config.json", "application/json", b"{}"),
            (
                "weights.safetensors",
                "weights.safetensors",
                "application/octet-stream",
                save({"w": np.ones(3)}),
            ),
            ("pictures.png", "pictures-step-5.png", "image/png", b"\x89PNG"),
            ("pictures.png?step=5", "pictures-step-5.png", "image/png", b"\x89PNG"),
            ("everything.zip", "everything.zip", "application/zip", b"PK"),
        ],
    )
    @pytest.mark.parametrize("base", ["", "/under"])
    def test_are_saved_under_a_name_of_their_own(
        self, port, run, base, what, name, media_type, begin
    ):
        """
        A browser saves a file of a run, and never shows or keeps it, also under a base path.
        """
        status, headers, body = answered(port, f"{base}/api/runs/{run.id}/export/{what}")

        assert status == 200
        assert headers["Content-Type"] == media_type
        assert headers["Content-Disposition"] == f'attachment; filename="fake-{run.id}-{name}"'
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert body.startswith(begin)

    @pytest.mark.parametrize(
        ("path", "status", "sentence"),
        [
            ("{unknown}/export/reports.csv", 404, "There is no run"),
            ("nonsense/export/reports.csv", 400, "A run is named by twelve characters"),
            ("{run}/export/runs.sqlite", 404, "The files of a run are everything.zip, "),
            ("{run}/export/pictures.png?step=6", 404, "There are no pictures of run"),
            ("{run}/export/pictures.png?step=-1", 400, "`step` must be a whole number"),
            ("{run}/export/script.py", 404, "`run` must be a training of a VAE"),
            ("{waits}/export/weights.safetensors", 404, "has kept no weights yet"),
            ("{waits}/export/pictures.png", 404, "has no pictures yet"),
        ],
    )
    def test_that_cannot_be_had_are_a_sentence(self, store, port, run, path, status, sentence):
        """
        What a run does not have, or not yet, is said in words that are not kept.
        """
        waits = claimed(store)
        path = path.format(unknown=UNKNOWN, run=run.id, waits=waits.id)
        got, headers, body = answered(port, f"/api/runs/{path}")

        assert got == status
        assert headers["Cache-Control"] == "no-store"
        assert sentence in json.loads(body)["error"]
        assert json.loads(body)["error"].endswith(".")


class TestComponents:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        """
        Modules of our own, and a secret beside them.
        """
        folder = tmp_path / "components"
        (folder / "run").mkdir(parents=True)
        (folder / "run" / "index.js").write_text("export default 1;\n")
        (folder / "notes.txt").write_text("not for browsers")
        (tmp_path / "secret.js").write_text("no")
        monkeypatch.setattr(streams, "_COMPONENTS", folder)
        return folder

    def test_are_served_as_modules_and_revalidated(self, port, folder):
        """
        A browser gets a type it will run, and is told when nothing has changed.
        """
        status, headers, body = answered(port, "/api/components/run/index.js")
        again, _, nothing = answered(
            port, "/api/components/run/index.js", If_None_Match=headers["ETag"]
        )
        (folder / "run" / "index.js").write_text("export default 2;\n")
        changed = answered(port, "/api/components/run/index.js", If_None_Match=headers["ETag"])

        assert (status, body) == (200, b"export default 1;\n")
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert headers["Cache-Control"] == "no-cache"
        assert (again, nothing) == (304, b"")
        assert (changed[0], changed[2]) == (200, b"export default 2;\n")

    @pytest.mark.parametrize(
        "path",
        ["", "run", "none.js", "notes.txt", "../secret.js", "%2e%2e/secret.js", "/etc/passwd"],
    )
    def test_are_nothing_but_modules(self, port, path):
        """
        Nothing outside the folder, and nothing else inside it, is served.
        """
        assert answered(port, f"/api/components/{path}")[0] == 404


@pytest.mark.slow
class TestTheSiteWhenItIsClosed:
    @pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "SIGKILL"])
    def test_leaves_no_process(self, tmp_path, way):
        """
        However the site is closed, in the middle of a training that is being watched, its
        engine and its workers end with it.
        """
        if not hasattr(signal, way):
            pytest.skip(f"This system has no {way}.")
        with running_site(tmp_path, "--server.enableAgentApi", "true") as site:
            site.visit(page="train")
            store = Store(f"sqlite:///{tmp_path / 'data' / 'runs.sqlite'}")
            config = TrainConfig(
                steps=None, schedule="constant", learning_rate=1e-3, device="cpu", precision="fp32"
            )
            run = store.submit(
                kind="vae",
                config=config.to_json(),
                fingerprint=config.fingerprint,
                shared=False,
                owner="me",
            )
            port = int(site.url.rpartition(":")[2])
            with asking(port, f"/api/runs/{run.id}/events") as answer:
                while next_event(answer).get("event") != "batch":
                    pass
                below = psutil.Process(site.process.pid).children(recursive=True)
                names = [" ".join(process.cmdline()) for process in below]
                site.process.send_signal(getattr(signal, way))
                site.process.wait(10)
                is_over = are_gone(below)
            log = site.log()
        store.close()

        assert any("core.runs.local_engine" in name for name in names)
        assert is_over
        assert "Traceback" not in log
