"""The component that shows a run: its modules one by one, then all of it before a played stream.

What the server would send is made up here, number by number, so that what must be on screen is
known. The modules themselves are the ones that the site serves.
"""

import asyncio
import functools
import json
import re
import socket
import threading
import tomllib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from core.figures.colours import for_browser
from ui.registry import ROOT

pytestmark = pytest.mark.browser

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
RUN = "aaaabbbbcccc"
SIDE = 8
PATIENCE_MS = 20_000

# -- A run that is made up ----------------------------------------------------------------------


def look_steps(steps: int) -> list[int]:
    """Where held-out images were looked at: often at first, then every ten steps."""
    early = (0, 1, 2, 3, 5, 8)
    return sorted({*(s for s in early if s < steps), *range(0, steps + 1, 10), steps})


@dataclass
class Played:
    """A run as the server would tell it, and what a test lets through.

    Attributes:
        steps: How many there are.
        betas: One per member.
        total: What the config says of the length; None is open-ended.
        state: What the next state event says, and whether the stream ends there.
        released: Batches that may be sent.
        above: Nats by which its curves lie above those of another run.
        step: The last step that the next state event names.
        heard: Every request for events: the number it asked to go on from, and by which means.
        open: Streams that are being read.
    """

    steps: int = 120
    betas: tuple[float, ...] = (1.0,)
    total: int | None = 120
    state: str = "done"
    released: int = 10_000
    cut: int = 0
    latent: int = 2
    above: float = 0.0
    step: int | None = None
    heard: list[tuple[int, str]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    open: int = 0

    def terms(self, step: int, member: int = 0) -> tuple[float, float]:
        """Distortion and rate: smooth curves that differ between members."""
        share = step / (step + 15)
        lift = self.above * share
        return 27.0 + lift - (7.3 + member) * share, (2.618 + 0.4 * lift + 2 * member) * share

    @functools.cached_property
    def batches(self) -> list[dict[str, Any]]:
        """Twelve steps each, numbered from one."""
        batches, looks = [], set(look_steps(self.steps))
        for first in range(0, self.steps + 1, 12):
            covered = range(first, min(first + 12, self.steps + 1))
            trained, measured = [s for s in covered if s], [s for s in covered if s in looks]
            each = {s: [self.terms(s, k) for k in range(len(self.betas))] for s in covered}
            training = {
                "step": trained,
                "time": [1.7e9 + 0.004 * s for s in trained],
                "distortion": [[d + 0.2 for d, _ in each[s]] for s in trained],
                "rate": [[r for _, r in each[s]] for s in trained],
                "beta": [list(self.betas) for _ in trained],
            }
            held_out: dict[str, Any] = {"step": measured}
            for i, name in enumerate(("distortion", "rate")):
                held_out[name] = [[terms[i] for terms in each[s]] for s in measured]
                held_out[f"{name}_se"] = [[0.3 - 0.2 * i] * len(self.betas) for _ in measured]
            held_out["neg_elbo"] = [[d + r for d, r in each[s]] for s in measured]
            held_out["neg_elbo_se"] = [[0.35] * len(self.betas) for _ in measured]
            batches.append(
                {
                    "sequence": len(batches) + 1,
                    "first": first,
                    "last": covered[-1],
                    "training": training,
                    "held_out": held_out,
                    "snapshots": measured,
                }
            )
        return batches

    def record(self) -> dict[str, Any]:
        config = {
            "dataset": "digits",
            "betas": list(self.betas),
            "beta_warmup": 0,
            "batch_size": 128,
            "steps": self.total,
            "device": "cpu",
            "precision": "fp32",
        }
        known = {"id": RUN, "state": self.state, "attempt": 1, "step": self.step}
        return known | {"config": config, "queue": None}

    def pictures(self, step: int) -> bytes:
        """Images whose pixels are all one grey, which tells row, column and step apart."""
        members = len(self.betas)
        grey = np.arange(10, dtype=np.uint8)[:, None] * np.ones(SIDE**2, np.uint8)
        codes = np.random.default_rng(step).normal(size=(members, 40, 2)).astype(np.float32)
        dims = [0, 1] if self.latent > 1 else [0, -1]
        return safetensors.numpy.save(
            {
                "originals": 20 * grey,
                "reconstructions": np.stack([20 * grey + 5 + k for k in range(members)]),
                "samples": np.full((members, 20, SIDE**2), min(255, step), np.uint8),
                "codes": codes,
                "code_dims": np.array([dims] * members, np.int32),
                "labels": (np.arange(40) % 10).astype(np.uint8),
            }
        )


class Server:
    """Serves the modules of the component, a page to mount it on, and played runs.

    Every id names the one played run, but for those that a test has given a run of their own.
    """

    def __init__(self) -> None:
        self.run = Played()
        self.others: dict[str, Played] = {}
        routes = [
            Route("/", self.blank),
            Route("/favicon.ico", lambda _: Response(status_code=204)),
            Route("/api/components/{path:path}", self.module),
            Route("/api/runs/{run}/events", self.events),
            Route("/api/runs/{run}/snapshots/{step:int}", self.snapshot),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off")
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, args=([self.socket],), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.uvicorn.should_exit = self.uvicorn.force_exit = True
        self.thread.join(5)
        self.socket.close()

    def blank(self, _: Request) -> Response:
        return HTMLResponse("<!doctype html><meta charset=utf-8><title>A page</title>")

    def module(self, request: Request) -> Response:
        path = ROOT / "assets" / "components" / request.path_params["path"]
        kind = {".js": "text/javascript", ".css": "text/css"}[path.suffix]
        headers = {"Cache-Control": "max-age=600"}
        return Response(path.read_bytes(), media_type=kind, headers=headers)

    async def events(self, request: Request) -> Response:
        run = self.others.get(request.path_params["run"], self.run)
        last = request.headers.get("last-event-id")
        after = int(last or request.query_params.get("after", 0))
        run.heard.append((after, "Last-Event-ID" if last else "after"))
        return StreamingResponse(self.tell(run, after), media_type="text/event-stream")

    async def tell(self, run: Played, after: int):
        """All batches that are released, as they are; then the end once the state is final."""
        run.open += 1
        cut, state = run.cut, None
        try:
            yield "retry: 100\n\n"
            while True:
                if run.cut != cut:
                    return
                if run.state != state:
                    state = run.state
                    yield f"event: state\ndata: {json.dumps(run.record())}\n\n"
                for batch in run.batches[after : run.released]:
                    after = batch["sequence"]
                    yield f"id: {after}\nevent: batch\ndata: {json.dumps(batch)}\n\n"
                if run.state == state and state in ("done", "stopped", "failed"):
                    yield "event: end\ndata: {}\n\n"
                    return
                await asyncio.sleep(0.01)
        finally:
            run.open -= 1

    def snapshot(self, request: Request) -> Response:
        step = request.path_params["step"]
        self.run.asked.append(step)
        return Response(self.run.pictures(step))


@pytest.fixture(scope="module")
def server():
    """The server, for all tests of this file."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def context(browser):
    """
    One context for all pages of this file, so that the modules are fetched once.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    yield context
    context.close()


@pytest.fixture
def page(context):
    """
    A page of its own for each test.
    """
    page = context.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def bench(server, context):
    """
    A page without anything on it, where the modules are tried out.
    """
    page = context.new_page()
    page.goto(server.url)
    yield page
    page.close()


def call(page, module: str, script: str, argument=None):
    """What a function of the browser, given the module `m` and an argument `a`, gives."""
    return page.evaluate(
        f"async (a) => {{ const m = await import('/api/components/run/{module}'); {script} }}",
        argument,
    )


# -- The modules --------------------------------------------------------------------------------


class TestSafetensors:
    READ = """
      const bytes = new Uint8Array(a.bytes.length + a.offset);
      bytes.set(a.bytes, a.offset);
      const tensors = m.parse(bytes.subarray(a.offset));
      return Object.fromEntries(Object.entries(tensors).map(
        ([name, { shape, values }]) => [name, { shape, values: [...values] }]));
    """

    @pytest.mark.parametrize("offset", [0, 1, 3, 6])
    def test_reads_what_the_library_writes(self, bench, rng, offset):
        """
        Every number comes back exactly, wherever in a buffer the bytes begin.
        """
        tensors = {
            "odd": rng.integers(0, 256, 7, dtype=np.uint8),
            "codes": rng.normal(size=(2, 3, 2)).astype(np.float32),
            "whole": rng.integers(-(2**31), 2**31, (3, 2), dtype=np.int32),
            "double": rng.normal(size=5),
            "none": np.zeros((0, 4), np.float32),
        }
        data = safetensors.numpy.save(tensors, metadata={"by": "a test"})

        read = call(bench, "safetensors.js", self.READ, {"bytes": list(data), "offset": offset})

        assert set(read) == set(tensors)
        for name, values in tensors.items():
            assert read[name]["shape"] == list(values.shape)
            assert read[name]["values"] == values.ravel().tolist()

    @pytest.mark.parametrize("kept", [3, 20, -1])
    def test_refuses_what_was_cut_off(self, bench, kept):
        """
        Half a file is an error, not half the pictures.
        """
        data = safetensors.numpy.save({"pixels": np.arange(16, dtype=np.uint8)})[:kept]
        script = (
            """try { m.parse(new Uint8Array(a)); return "read"; } catch { return "refused"; }"""
        )

        assert call(bench, "safetensors.js", script, list(data)) == "refused"


class TestHistory:
    MERGE = """
      const history = new m.History(a.members ?? 1);
      const answers = a.batches.map((batch) => history.add(batch));
      const { training, heldOut, snapshots, sequence, lastStep } = history;
      return { answers, snapshots, sequence, lastStep, rests: history.restingSteps(),
        steps: [...training.steps.subarray(0, training.length)],
        rate: Array.from(training.steps.subarray(0, training.length),
          (_, i) => training.value("rate", i, a.member ?? 0)),
        looks: [...heldOut.steps.subarray(0, heldOut.length)] };
    """

    def test_keeps_everything_in_order(self, bench):
        """
        Whatever arrives in sequence is there afterwards, to the last float32 digit.
        """
        run = Played(steps=900, betas=(1.0, 2.0))

        merged = call(
            bench, "history.js", self.MERGE, {"batches": run.batches, "members": 2, "member": 1}
        )

        assert set(merged["answers"]) == {"added"}
        assert merged["steps"] == list(range(1, 901))
        assert merged["looks"] == merged["snapshots"] == merged["rests"] == look_steps(900)
        rates = np.array([run.terms(step, 1)[1] for step in range(1, 901)], np.float32)
        assert merged["rate"] == rates.tolist()

    def test_tells_what_it_knows_and_what_is_missing(self, bench):
        """
        A batch heard twice counts once; one that skips a number is not taken.
        """
        one, two, three, four = Played().batches[:4]

        merged = call(bench, "history.js", self.MERGE, {"batches": [one, one, three, two, four]})

        assert merged["answers"] == ["added", "known", "gap", "added", "gap"]
        assert (merged["sequence"], merged["lastStep"]) == (2, 23)

    def test_a_resumed_worker_tells_again_what_followed_its_checkpoint(self, bench):
        """
        Steps that come a second time replace those of the first.
        """
        batches = Played().batches[:4]
        again = [{**batch, "sequence": batch["sequence"] + 2} for batch in batches[2:]]

        merged = call(bench, "history.js", self.MERGE, {"batches": batches + again})

        assert merged["steps"] == list(range(1, 48))
        assert merged["looks"] == [s for s in look_steps(120) if s < 48]

    def test_finds_rows_by_step(self, bench, rng):
        """
        Rows are found as NumPy finds them.
        """
        steps = np.unique(rng.integers(0, 5000, 700))
        asked = rng.uniform(-10, 5010, 200)
        script = """
          const table = new m.Table();
          table.append(a.steps, { rate: a.steps.map((step) => [step]) });
          return a.asked.map((step) =>
            [table.lowerBound(step), table.rowAt(step), table.nearest(step)]);
        """

        found = call(
            bench, "history.js", script, {"steps": steps.tolist(), "asked": asked.tolist()}
        )

        rows = np.array(found)
        assert rows[:, 0].tolist() == np.searchsorted(steps, asked).tolist()
        assert rows[:, 1].tolist() == (np.searchsorted(steps, asked, "right") - 1).tolist()
        distance = np.abs(steps[None] - asked[:, None])
        assert (distance[np.arange(200), rows[:, 2]] == distance.min(1)).all()


OVER = {"known": 800, "isFinal": True, "isOver": True}


class TestPlayer:
    PLAY = """
      const player = new m.Player({ pace: a.pace ?? 10, isStill: a.isStill ?? false });
      const seen = [];
      let time = 0;
      for (const [until, facts, act] of a.script) {
        const { total = null, rests } = a;
        player.inform({ total, rests, isFinal: false, isOver: false, ...facts });
        if (act) player[act[0]](...act.slice(1));
        while (time < until) {
          const seconds = Math.min(1 / 60, until - time);
          player.advance(seconds);
          time += seconds;
          seen.push([time, player.step, player.known, player.mode]);
        }
      }
      return seen;
    """

    def play(self, page, **script):
        seen = call(page, "player.js", self.PLAY, {"rests": [0, 5, 10, 400, 800], **script})
        return [{"time": t, "step": s, "known": k, "mode": m} for t, s, k, m in seen]

    @pytest.mark.parametrize("pace", [3, 10])
    def test_a_whole_run_takes_its_pace(self, bench, pace):
        """
        All steps take `pace` seconds, and half of that goes to the first quarter of them.
        """
        seen = self.play(bench, total=800, pace=pace, script=[(pace + 1, OVER, ["play"])])

        ended = next(frame["time"] for frame in seen if frame["step"] == 800)
        half = next(frame for frame in seen if frame["time"] >= pace / 2)
        assert ended == pytest.approx(pace, rel=0.02)
        assert half["step"] == pytest.approx(200, rel=0.03)
        assert [frame["step"] for frame in seen] == sorted(frame["step"] for frame in seen)
        assert seen[-1]["mode"] == "pause"

    def test_it_waits_for_a_slow_run_and_loses_nothing(self, bench):
        """
        It never passes what is known, and stays close behind a run slower than the pace.
        """
        script = [(t / 10, {"known": 4 * t}, ["play"] if t == 1 else None) for t in range(1, 200)]

        seen = self.play(bench, total=800, pace=5, script=script)

        assert all(frame["step"] <= frame["known"] for frame in seen)
        assert all(frame["known"] - frame["step"] <= 8 for frame in seen if frame["time"] > 12)

    def test_live_follows_within_a_tenth_of_a_second(self, bench):
        """
        Without a pace of its own it is where the run is, also where no end is planned.
        """
        script = [(t / 10, {"known": 50 * t}, None) for t in range(1, 40)]

        seen = self.play(bench, script=script)

        assert all(frame["known"] - frame["step"] <= 60 for frame in seen if frame["time"] > 0.5)

    def test_a_finished_run_is_shown_at_its_end(self, bench):
        """
        Nobody waits for a run that was over before they came.
        """
        seen = self.play(bench, total=800, script=[(0.1, OVER, None)])

        assert {frame["step"] for frame in seen} == {800}

    def test_it_rests_where_everything_was_measured(self, bench):
        """
        Paused, sought or stepped, the playhead stands at a step with pictures and values.
        """
        acts = [["pause"], ["seek", 7.9], ["hop", -1], ["hop", 2], ["hop", 9], ["drag", 7.9]]
        script = [(4, OVER, ["play"])]
        script += [(5 + i, OVER, act) for i, act in enumerate(acts)]

        seen = self.play(bench, total=800, script=script)

        before, *steps = [
            [frame["step"] for frame in seen if frame["time"] <= until + 1e-6][-1]
            for until, *_ in script
        ]
        assert before == pytest.approx(0.4**2 * 800, rel=0.02)
        assert steps == [10, 10, 5, 400, 800, 7.9]

    def test_without_motion_it_is_at_the_end_at_once(self, bench):
        """
        Whoever asked for reduced motion sees the newest step, and jumps if they press play.
        """
        live = self.play(bench, total=800, isStill=True, script=[(0.1, {"known": 300}, None)])
        played = self.play(bench, total=800, isStill=True, pace=3, script=[(5, OVER, ["play"])])

        assert {frame["step"] for frame in live} == {300}
        assert {frame["step"] for frame in played} <= {0, 5, 10, 400, 800}
        assert played[-1]["step"] == 800


class TestManners:
    def test_let_the_page_answer_first(self, bench):
        """
        After a key elsewhere on the page a live picture waits; after one of its own, and once it
        is closed, it does not.
        """
        found = call(
            bench,
            "manners.js",
            """
            const own = document.body.appendChild(document.createElement("div"));
            const other = document.body.appendChild(document.createElement("input"));
            const key = { bubbles: true, composed: true };
            const press = (element) => element.dispatchEvent(new KeyboardEvent("keydown", key));
            const manners = new m.Manners(own);
            const pauses = [manners.pause(33)];
            press(own);
            pauses.push(manners.pause(33));
            press(other);
            pauses.push(manners.pause(33));
            const later = new m.Manners(own);
            later.close();
            press(other);
            pauses.push(later.pause(33));
            return pauses;
            """,
        )

        assert found[:2] + found[3:] == [33, 33, 33]
        assert found[2] > 33


class TestFormat:
    def test_a_sum_adds_up_as_it_is_shown(self, bench, rng):
        """
        In the digits on screen, of which there are no more than it takes.
        """
        cases = [rng.normal(0, 40, size).tolist() for size in rng.integers(2, 4, 500)]

        shown = call(bench, "format.js", "return a.map((parts) => m.addingUp(parts, 1));", cases)

        for parts, texts in zip(cases, shown, strict=True):
            *each, total = (round(float(text.replace("−", "-")), 5) for text in texts)
            decimals = len(texts[0].partition(".")[2])
            assert sum(each) == pytest.approx(total, abs=1e-9)
            assert each == [round(part, decimals) for part in parts]
            if decimals > 1:
                fewer = [round(part, decimals - 1) for part in (*parts, sum(parts))]
                assert abs(sum(fewer[:-1]) - fewer[-1]) > 0.4 * 10 ** (1 - decimals)

    def test_the_equation_adds_up_as_it_is_shown(self, bench, rng):
        """
        D + beta × R makes the total in the digits on screen, and each is right to its last digit.
        """
        betas = [0, 0.05, 0.3, 1, 1.2, 2.5, 5, 20, 100, 0.3333, 10000]
        cases = [
            (float(d), float(r), float(rng.choice(betas)))
            for d, r in zip(rng.normal(60, 80, 4000), rng.exponential(12, 4000), strict=True)
        ]

        shown = call(bench, "format.js", "return a.map((case_) => m.equation(...case_));", cases)

        for (distortion, rate, beta), texts in zip(cases, shown, strict=True):
            d, b, r, t = (
                float(texts[name].replace("−", "-"))
                for name in ("distortion", "beta", "rate", "total")
            )
            assert abs(d + b * r - t) <= 0.05 + 1e-6
            assert abs(t - (distortion + beta * rate)) <= 0.05 + 1e-9
            assert abs(d - distortion) <= 0.16
            assert abs(r - rate) <= 0.16
            assert b == pytest.approx(beta, rel=1e-3)
            if beta == 1:
                assert abs(d - distortion) < 0.1
                assert abs(r - rate) < 0.1

    def test_nothing_unknown_is_shown_as_a_number(self, bench):
        """
        What is not known is an en dash, and zero has no sign.
        """
        script = """return [m.fixed(NaN), m.fixed(undefined), m.whole(Infinity), m.setting(NaN),
          m.duration(-1), m.throughput(NaN), m.fixed(-0.01), m.fixed(-2.25), m.whole(31200),
          m.equation(NaN, 1, 1).total, m.uncertainty(NaN)];"""

        shown = call(bench, "format.js", script)

        assert shown == ["–"] * 6 + ["0.0", "−2.3", "31,200", "–", "–"]

    @pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
    def test_the_error_of_the_weighted_sum_follows_from_three_others(self, bench, rng, beta):
        """
        The standard error of D + beta R is that of the sum, computed image by image.
        """
        common = rng.normal(size=500)
        d, r = 3 * rng.normal(size=500) + common, rng.normal(size=500) - common
        errors = [float(v.std() / len(v) ** 0.5) for v in (d, r, d + r, d + beta * r)]

        error = call(bench, "format.js", "return m.totalError(...a);", [*errors[:3], beta])

        assert error == pytest.approx(errors[3], rel=1e-6)


class TestScales:
    def test_ticks_are_round_and_few(self, bench, rng):
        """
        Ticks ascend within the range, evenly, at one, two or five times a power of ten.
        """
        ranges = [(float(a), float(a + b)) for a, b in rng.uniform(0.01, 900, (300, 2))]

        found = call(
            bench, "scales.js", "return a.map(([l, h]) => m.linearTicks(l, h, 6));", ranges
        )

        for (low, high), ticks in zip(ranges, found, strict=True):
            assert 1 <= len(ticks) <= 6
            assert low - 1e-9 <= ticks[0] <= ticks[-1] <= high + 1e-9
            if len(ticks) > 1:
                gap = ticks[1] - ticks[0]
                assert np.allclose(np.diff(ticks), gap)
                assert float(f"{gap:.0e}"[0]) in (1, 2, 5)

    def test_steps_have_powers_of_ten_and_a_zero(self, bench):
        """
        The logarithmic axis has a place for step 0, and even ticks where few powers fit.
        """
        found = call(
            bench,
            "scales.js",
            "return a.map(([low, high, most]) => m.stepTicks(low, high, most));",
            [(0, 800, 6), (0, 1e6, 4), (300, 420, 5)],
        )

        assert found[0] == [0, 1, 10, 100]
        assert found[1] == [0, 10, 1000, 100000]
        assert len(found[2]) >= 3
        assert all(300 <= tick <= 420 for tick in found[2])

    @pytest.mark.parametrize("scale", ["linear", "logarithmic"])
    def test_an_axis_goes_there_and_back(self, bench, scale):
        """
        The step at the pixel of a step is that step.
        """
        script = f"const axis = m.axis(0, 800, 40, 500, m.{scale});"
        script += "return a.map((step) => axis.value(axis.at(step)));"
        steps = [0, 1, 17, 799.5, 800]

        assert call(bench, "scales.js", script, steps) == pytest.approx(steps)

    def test_labels_never_overlap(self, bench, rng):
        """
        Labels keep their order, their distance and their limits, and move only if they must.
        """
        cases = [list(rng.uniform(-40, 340, rng.integers(1, 7))) for _ in range(400)]
        cases += [[100, 100, 100], [0, 300], [50, 200]]

        found = call(
            bench, "scales.js", "return a.map((wanted) => m.spread(wanted, 24, 0, 300));", cases
        )

        for wanted, places in zip(cases, found, strict=True):
            order = np.argsort(wanted, kind="stable")
            assert (np.diff(np.array(places)[order]) >= 24 - 1e-6).all()
            assert min(places) >= 12 - 1e-6
            assert max(places) <= 288 + 1e-6
        assert found[-1] == [50, 200]

    def test_a_thinned_curve_keeps_every_extreme(self, bench, rng):
        """
        However many reports there are, each column of pixels shows its lowest and highest value.
        """
        values = rng.normal(size=50_000)
        script = """
          const { axis } = await import("/api/components/run/scales.js");
          const steps = Float64Array.from(a, (_, i) => i);
          return m.polyline(steps, a.length, (row) => a[row], axis(0, a.length, 0, 400), 400);
        """

        points = np.array(call(bench, "polyline.js", script, values.tolist())).reshape(-1, 2)

        assert len(points) <= 4 * 401
        columns = np.floor(np.arange(50_000) * 400 / 50_000)
        for column in (0, 137, 399):
            mine, theirs = points[np.floor(points[:, 0]) == column, 1], values[columns == column]
            assert (mine.min(), mine.max()) == (theirs.min(), theirs.max())

    def test_pictures_are_fetched_from_the_playhead_outwards(self, bench):
        """
        This one and the next few come first, then those on either side.
        """
        steps = list(range(0, 300, 10))

        order = call(bench, "gallery.js", "return m.bySoonness(a, 100);", steps)

        assert order[:7] == [100, 110, 120, 130, 140, 150, 90]
        assert sorted(order) == steps


# -- All of it ----------------------------------------------------------------------------------

MOUNT = """
async ({ variables, data }) => {
  const host = document.createElement("div");
  host.id = "host";
  document.body.append(host);
  for (const [name, value] of Object.entries(variables)) host.style.setProperty(name, value);
  const shadow = host.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = await (await fetch("/api/components/run/index.css")).text();
  shadow.append(style);
  const { default: mount } = await import("/api/components/run/index.js");
  window.told = [];
  window.bubbled = [];
  document.addEventListener("keydown", (event) => bubbled.push(event.key));
  window.show = (change) => {
    data = { ...data, ...change };
    return mount({ data, parentElement: shadow, setStateValue: (...all) => told.push(all) });
  };
  window.cleanUp = show({});
}
"""


def variables(theme: str) -> dict[str, str]:
    """The variables that Streamlit sets for a component, as far as they are used."""
    names = {
        "--st-text-color": "textColor",
        "--st-background-color": "backgroundColor",
        "--st-primary-color": "primaryColor",
        "--st-border-color": "borderColor",
    }
    return {name: THEME[theme][key] for name, key in names.items()} | {"--st-font": "sans-serif"}


class Stage:
    """The component on a page of its own, before a played run."""

    def __init__(self, page, server, complaints):
        self.page, self.server, self.complaints = page, server, complaints
        page.set_default_timeout(PATIENCE_MS)
        self.root = page.locator(".run")
        self.slider = page.get_by_role("slider", name="Step of the training")
        self.curves = page.locator(".curvesCanvas")

    def open(self, *, theme="light", width=820, rem=20, address="/", **data):
        self.page.goto(self.server.url + address)
        self.page.evaluate(
            "([w, r]) => { document.documentElement.style.fontSize = `${r}px`; "
            "document.body.style.margin = '0'; document.body.style.width = `${w}px`; }",
            [width, rem],
        )
        known = {"run": None, "attempt": 1, "base": "", "colours": for_browser(), "pace": 0}
        self.page.evaluate(
            MOUNT, {"variables": variables(theme), "data": {**known, "steps_per_epoch": 8, **data}}
        )
        return self

    def show(self, **change):
        self.page.evaluate("(change) => { window.cleanUp = show(change); }", change)

    def shows(self, **attributes):
        """Wait until the root element says so."""
        self.page.wait_for_function(
            """(wanted) => {
              const { dataset } = document.querySelector("#host").shadowRoot.querySelector(".run");
              return Object.entries(wanted).every(([name, value]) => dataset[name] === value);
            }""",
            arg={name: str(value) for name, value in attributes.items()},
        )

    def settled(self):
        """Wait until nothing is drawn any more."""
        self.page.evaluate(
            """() => new Promise((done) => {
              const root = document.querySelector("#host").shadowRoot.querySelector(".run");
              const state = () => JSON.stringify(root.dataset) + root.textContent;
              let last = state(), still = performance.now();
              const look = (now) => {
                if (state() !== last) still = now;
                last = state();
                if (now - still > 250) done(); else requestAnimationFrame(look);
              };
              requestAnimationFrame(look);
            })"""
        )

    def attribute(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}") or ""

    def text(self, selector: str) -> str:
        return re.sub(r"\s+", " ", self.page.locator(selector).inner_text()).strip()

    def value(self, term: str) -> float:
        return float(self.text(f".term.{term} .value").replace("−", "-"))

    @property
    def told(self):
        return self.page.evaluate("told")

    def until(self, condition, what="it"):
        """Wait for something on the server's side."""
        for _ in range(PATIENCE_MS // 20):
            if condition():
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{what} did not happen")


@pytest.fixture
def stage(page, server, complaints):
    """
    A stage whose console must be empty at the end of the test, and whose texts are never "NaN".
    """
    server.run, server.others = Played(), {}
    stage = Stage(page, server, complaints)
    yield stage
    texts = page.evaluate(
        """() => {
          const root = document.querySelector("#host")?.shadowRoot.querySelector(".run");
          const labels = [...(root?.querySelectorAll("[aria-label]") ?? [])];
          return [root?.innerText ?? "", ...labels.map((e) => e.getAttribute("aria-label"))];
        }"""
    )
    assert not any(re.search(r"NaN|undefined|Infinity|null", text) for text in texts)
    assert complaints == []


class TestEmpty:
    def test_says_what_to_do_and_asks_for_nothing(self, stage):
        """
        Without a run there are axes, one sentence and dashes, and no request for a run.
        """
        stage.open()

        stage.until(lambda: stage.text(".note").startswith("Press Train"), "the sentence")
        assert stage.text(".term.total .value") == "–"
        assert stage.attribute("state") == "none"
        assert stage.page.get_by_role("button", name="Play").is_disabled()
        assert stage.server.run.heard == []


class TestWatching:
    def test_draws_the_first_report_as_soon_as_it_comes(self, stage):
        """
        The first point is there with the first batch, while the rest is still to come.
        """
        run = stage.server.run
        run.state, run.released = "queued", 0
        stage.open()
        stage.show(run=RUN)
        stage.shows(state="queued")
        assert stage.text(".fact.state") == "Queued"

        run.state, run.released = "running", 1
        stage.shows(state="running", lastStep=11)

        told = [float(stage.attribute(name)) for name in ("first-report-at", "drawn-at")]
        assert 0 <= told[1] - told[0] < 1000
        assert "of 120" in stage.text(".fact.step")
        assert stage.text(".fact.speed") == "32,000 images/s"
        assert stage.text(".fact.time").endswith("left")

    def test_a_run_that_starts_is_played_at_the_pace(self, stage):
        """
        All of it is known at once, and still it takes its seconds, numbers and pictures with it.
        """
        stage.open(pace=2)
        stage.show(run=RUN)
        stage.shows(lastStep=120, mode="play")
        early = float(stage.attribute("step"))

        stage.shows(step=120, mode="pause")
        stage.shows(pictures=120)
        assert early < 60
        assert stage.page.get_by_role("button", name="Replay").is_enabled()

    def test_a_finished_run_is_shown_whole(self, stage):
        """
        Whoever comes later sees the end at once, can replay it, and the sum adds up.
        """
        stage.open(run=RUN, pace=3)
        stage.shows(step=120, lastStep=120, pictures=120, state="done")
        stage.settled()

        distortion, rate = stage.server.run.terms(120)
        assert stage.value("distortion") == pytest.approx(distortion, abs=0.1)
        assert stage.value("rate") == pytest.approx(rate, abs=0.1)
        total = stage.value("distortion") + stage.value("beta") * stage.value("rate")
        assert stage.value("total") == pytest.approx(total, abs=1e-9)
        assert stage.text(".term.total .error") in ("± 0.3", "± 0.4")
        stage.until(lambda: "step 120:" in stage.curves.get_attribute("aria-label"), "the label")

        stage.page.get_by_role("button", name="Replay").click()
        stage.shows(mode="play")
        assert float(stage.attribute("step")) < 60

    def test_tells_each_state_once(self, stage):
        """
        Python hears of a change of state when it happens, once, and not of what it knew.
        """
        run = stage.server.run
        run.state, run.released = "running", 2
        stage.open(run=RUN, state="queued")
        stage.shows(state="running", lastStep=23)
        stage.show(state="running")
        run.released = 3
        stage.shows(lastStep=35)
        run.state = "stopped"
        stage.shows(state="stopped")
        stage.show(state="stopped")
        stage.settled()

        assert stage.told == [["state", "running"], ["state", "stopped"]]

        stage.open(run=RUN, state="stopped")
        stage.shows(state="stopped")
        stage.settled()
        assert stage.told == []

    def test_shows_the_pixels_that_were_sent(self, stage):
        """
        Originals over reconstructions in their order, unsmoothed, dreams below.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        stage.settled()

        greys = stage.page.evaluate(
            """() => ["realCanvas", "dreamCanvas"].map((name) => {
              const canvas = document.querySelector("#host").shadowRoot.querySelector(`.${name}`);
              const context = new OffscreenCanvas(canvas.width, canvas.height)
                .getContext("2d", { willReadFrequently: true });
              context.drawImage(canvas, 0, 0);
              return [0.25, 0.75].map((y) => Array.from({ length: 10 }, (_, i) => {
                const x = ((i + 0.45) / 10) * canvas.width;
                return context.getImageData(x, y * canvas.height, 1, 1).data[0];
              }));
            })"""
        )

        (originals, reconstructions), dreams = greys
        assert originals == [20 * i for i in range(10)]
        assert reconstructions == [20 * i + 5 for i in range(10)]
        assert dreams == [[120] * 10] * 2

    def test_fetches_pictures_as_they_are_needed(self, stage):
        """
        The pictures on screen are asked for first, and none twice.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        stage.until(lambda: len(stage.server.run.asked) == len(look_steps(120)), "fetching all")

        asked = stage.server.run.asked
        assert len(set(asked)) == len(asked)

    def test_an_open_ended_run_is_followed(self, stage):
        """
        Where no end is planned the newest step is shown, and nothing is said of a total.
        """
        run = stage.server.run
        run.total, run.state, run.released = None, "running", 3
        stage.open(pace=10)
        stage.show(run=RUN)
        stage.shows(step=35, lastStep=35, mode="live")

        run.released = 9
        stage.shows(step=107)
        assert stage.text(".fact.step") == "step 107"

    def test_reduced_motion_shows_the_newest_step(self, stage):
        """
        Nothing glides for those who asked for stillness, also when a run starts before their eyes.
        """
        stage.page.emulate_media(reduced_motion="reduce")
        stage.open(pace=10)
        stage.show(run=RUN)

        stage.shows(lastStep=120, step=120)

    def test_several_members_can_be_looked_at(self, stage):
        """
        Each member has its beta, its values and its pictures.
        """
        stage.server.run = Played(betas=(0.25, 1.0, 4.0))
        stage.open(run=RUN)
        stage.shows(pictures=120)
        first = stage.value("distortion")

        stage.page.get_by_role("combobox", name="Model").select_option(label="β 4")
        stage.settled()

        assert stage.value("beta") == 4
        assert stage.value("distortion") < first
        plane = stage.page.locator(".planeCanvas")
        stage.until(lambda: "D + 4 R =" in plane.get_attribute("aria-label"), "the label")


class TestConnection:
    def test_goes_on_where_it_was_cut_off(self, stage):
        """
        After a lost connection the stream goes on behind the last batch, by Last-Event-ID.
        """
        run = stage.server.run
        run.state, run.released = "running", 4
        stage.open(run=RUN)
        stage.shows(lastStep=47)

        run.cut += 1
        run.released = 7
        stage.shows(lastStep=83)

        assert run.heard == [(0, "after"), (4, "Last-Event-ID")]
        assert stage.text(".fact.connection") == ""
        assert stage.told == [["state", "running"]]
        # What Chromium itself says of a connection that broke.
        stage.complaints[:] = [c for c in stage.complaints if "net::ERR" not in c]

    def test_says_that_the_connection_is_lost(self, stage):
        """
        A server that stays away is mentioned in one line, which goes when the server is back.
        """
        run = stage.server.run
        run.state, run.released = "running", 2
        stage.open(run=RUN)
        stage.shows(lastStep=23)
        stage.page.route("**/events*", lambda route: route.abort())
        run.cut += 1
        lost = stage.page.get_by_text("connection lost, trying again")
        lost.wait_for()

        stage.page.unroute("**/events*")
        run.released = 5
        stage.shows(lastStep=59)

        assert lost.count() == 0
        assert run.heard[-1][0] == 2
        stage.complaints.clear()

    def test_asks_again_where_a_batch_is_missing(self, stage):
        """
        A hole in the numbers is filled before anything behind it is drawn.
        """
        run = stage.server.run
        run.state, run.released = "running", 2
        whole = run.batches
        stage.open(run=RUN)
        stage.shows(lastStep=23)

        run.batches = [*whole[:2], *whole[3:]]
        run.released = 3
        stage.until(lambda: len(run.heard) > 1, "asking again")
        assert run.heard[1] == (2, "after")
        assert stage.attribute("last-step") == "23"
        run.batches = whole
        stage.shows(lastStep=35)

    def test_another_run_closes_the_stream_of_the_first(self, stage):
        """
        One stream at a time, none after the component has left the page.
        """
        run = stage.server.run
        run.state, run.released = "running", 2
        stage.open(run=RUN)
        stage.shows(lastStep=23)

        stage.show(run="ddddeeeeffff")
        stage.shows(lastStep=23)
        stage.until(lambda: run.open == 1, "closing the first stream")
        stage.page.evaluate("cleanUp()")
        stage.until(lambda: run.open == 0, "closing the last stream")
        assert stage.root.count() == 0

    def test_a_late_clean_up_of_an_earlier_call_does_no_harm(self, stage):
        """
        Streamlit may clean up after an earlier call when a later one has already been made.
        """
        stage.open(run=RUN)
        stage.page.evaluate(
            "() => { const early = show({}); window.cleanUp = show({}); early(); }"
        )
        stage.shows(lastStep=120)

        assert stage.root.count() == 1
        assert len(stage.server.run.heard) == 1

    def test_a_run_that_goes_on_is_heard_again(self, stage):
        """
        A stopped run that is resumed continues on the same chart.
        """
        run = stage.server.run
        run.state, run.released = "stopped", 3
        stage.open(run=RUN, state="stopped")
        stage.shows(lastStep=35, state="stopped")

        run.state, run.released = "running", 6
        stage.show(state="queued", attempt=2)
        stage.shows(lastStep=71, step=71)

        assert run.heard[-1] == (3, "after")

    def test_a_run_that_another_tab_takes_up_is_heard_again(self, stage):
        """
        Without a word from the page: a stopped run is looked at every few seconds.
        """
        run = stage.server.run
        run.state, run.released = "stopped", 3
        stage.open(run=RUN, state="stopped")
        stage.shows(lastStep=35, state="stopped")

        run.state, run.released = "running", 6
        stage.shows(lastStep=71, state="running")

    def test_a_report_that_comes_after_the_stop_is_heard(self, stage):
        """
        A slow training adds how it leaves its model when the stop has been told already.
        """
        run = stage.server.run
        run.state, run.released, run.step = "stopped", 3, 35
        stage.open(run=RUN, state="stopped", step=35)
        stage.shows(lastStep=35, state="stopped")
        stage.show(state="stopped", step=35)

        run.released, run.step = 4, 47
        stage.show(state="stopped", step=47)
        stage.shows(lastStep=47, state="stopped")

        assert [after for after, _ in run.heard] == [0, 3]


class TestHands:
    def test_a_zoom_stays_while_reports_arrive(self, stage):
        """
        New data redraw the curves within the range that the reader has chosen.
        """
        run = stage.server.run
        run.state, run.released = "running", 6
        stage.open(run=RUN)
        stage.shows(step=71)
        box = stage.curves.bounding_box()
        mouse, y = stage.page.mouse, box["y"] + 60

        mouse.move(box["x"] + 120, y)
        mouse.down()
        mouse.move(box["x"] + 220, y, steps=3)
        mouse.move(box["x"] + 240, box["y"] - 30)  # released outside
        mouse.up()
        stage.until(lambda: stage.attribute("zoom"), "the zoom")
        low, high = map(float, stage.attribute("zoom").split())
        run.released = 9
        stage.shows(lastStep=107, step=107)

        assert 0 < low < high < 120
        assert stage.attribute("zoom") == f"{low:.1f} {high:.1f}"

        mouse.move(box["x"] + 180, y)
        mouse.wheel(0, -200)  # the chart was pressed, left and is entered again: the page scrolls
        stage.page.keyboard.down("Control")
        mouse.wheel(0, -200)
        stage.page.keyboard.up("Control")
        stage.until(lambda: stage.attribute("zoom") != f"{low:.1f} {high:.1f}", "the closer zoom")
        closer = [float(step) for step in stage.attribute("zoom").split()]
        assert low < closer[0] < closer[1] < high

        mouse.dblclick(box["x"] + 180, y)
        stage.shows(zoom="")

    def test_a_click_on_the_curves_goes_there(self, stage):
        """
        Curves, numbers and pictures go to the measured step nearest to the click.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        box = stage.curves.bounding_box()

        stage.page.mouse.click(box["x"] + 200, box["y"] + 80)
        stage.shows(mode="pause")
        stage.until(lambda: stage.attribute("step") != "120", "going there")

        step = int(stage.attribute("step"))
        assert step in look_steps(120)
        stage.shows(pictures=step)
        assert stage.value("distortion") == pytest.approx(stage.server.run.terms(step)[0], abs=0.1)

    def test_arrow_keys_step_through_snapshots(self, stage):
        """
        On the slider, arrows go from one measured step to the next; the page does not hear them.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)

        stage.slider.press("ArrowLeft")
        stage.shows(step=110, pictures=110, mode="pause")
        stage.slider.press("Home")
        stage.shows(step=0, pictures=0)
        stage.slider.press("ArrowRight")
        stage.shows(step=1, pictures=1)
        stage.slider.press("End")
        stage.shows(step=120)

        assert stage.slider.get_attribute("aria-valuetext") == "step 120 of 120"
        assert stage.page.evaluate("bubbled") == []

    def test_the_slider_moves_everything_together(self, stage):
        """
        Dragging the thumb takes curves, numbers and pictures along.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        box = stage.slider.bounding_box()

        stage.page.mouse.move(box["x"] + box["width"] - 13, box["y"] + box["height"] / 2)
        stage.page.mouse.down()
        stage.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=6)
        stage.shows(step=30, pictures=30)
        stage.page.mouse.up()

        assert stage.text(".when") == "step 30"
        assert "step 30" in stage.text(".fact.step")

    def test_under_a_hand_it_is_where_the_hand_is(self, stage):
        """
        Between two measured steps while the slider is held, at the nearer one when it is let go.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        box = stage.slider.bounding_box()
        y = box["y"] + box["height"] / 2
        stage.page.mouse.move(box["x"] + box["width"] - 13, y)
        stage.page.mouse.down()
        stage.page.mouse.move(box["x"] + 0.53 * box["width"], y, steps=6)
        stage.page.wait_for_timeout(200)
        held = int(stage.root.get_attribute("data-step"))
        stage.page.mouse.up()
        stage.shows(step=30)

        assert 30 < held < 40

    def test_the_curves_are_read_by_keyboard(self, stage):
        """
        A focused chart reads out the values of one step after another, zooms, and goes there.
        """
        stage.open(run=RUN)
        stage.shows(step=120)
        stage.curves.focus()
        reading = stage.page.locator(".curves .unseen")
        for key in ("Home", "ArrowRight", "ArrowRight"):
            stage.page.keyboard.press(key)

        distortion, rate = stage.server.run.terms(2)
        stage.until(lambda: reading.text_content().startswith("Step 2:"), "the reading")
        numbers = [float(n) for n in re.findall(r"\d+\.\d", reading.text_content())]
        assert numbers == pytest.approx([distortion, rate, distortion + rate], abs=0.1)

        stage.page.keyboard.press("+")
        stage.until(lambda: stage.attribute("zoom"), "the zoom")
        stage.page.keyboard.press("0")
        stage.shows(zoom="")
        stage.page.keyboard.press("Enter")
        stage.shows(step=2, pictures=2)
        assert stage.page.evaluate("bubbled") == []
        stage.page.keyboard.press("q")
        assert stage.page.evaluate("bubbled") == ["q"]

    def test_steps_can_be_spaced_by_their_logarithm(self, stage):
        """
        The pressed button says which axis is shown.
        """
        stage.open(run=RUN)
        stage.shows(step=120)
        button = stage.page.get_by_role("button", name="log")

        button.click()

        assert button.get_attribute("aria-pressed") == "true"
        stage.settled()

    def test_a_label_can_stand_out(self, stage):
        """
        The legend names every label that occurs; pressing one keeps it in front.
        """
        stage.open(run=RUN, labels=[f"shape {i}" for i in range(10)])
        stage.shows(pictures=120)
        legend = stage.page.get_by_role("group", name="Labels").get_by_role("button")

        legend.nth(3).click()

        assert legend.all_inner_texts() == [f"shape {i}" for i in range(10)]
        assert [b.get_attribute("aria-pressed") for b in legend.all()].count("true") == 1


SECOND, THIRD, FOURTH = "ddddeeeeffff", "gggghhhhiiii", "jjjjkkkkllll"


def beside(run_id, label="β 4", state="done", attempt=1):
    return {"run": run_id, "attempt": attempt, "state": state, "label": label}


class TestCompany:
    def test_four_runs_share_the_charts(self, stage):
        """
        Each is named by its letter with its D + R, and described with its own numbers.
        """
        runs = {SECOND: Played(above=4), THIRD: Played(above=8), FOURTH: Played(above=12)}
        stage.server.others = runs
        stage.open(run=RUN, label="β 1", others=[beside(i, f"β {i[0]}") for i in runs])
        stage.shows(step=120, beside="B120 C120 D120")
        stage.settled()

        items = stage.page.locator(".company li").all_inner_texts()
        totals = [sum(run.terms(120)) for run in (stage.server.run, *runs.values())]
        assert [item.split()[0] for item in items] == ["A", "B", "C", "D"]
        assert [float(item.split()[-1]) for item in items] == pytest.approx(totals, abs=0.1)
        d, r = runs[THIRD].terms(120)
        words = f"C, β g, at step 120: D {d:.1f}, R {r:.1f}"
        stage.until(lambda: words in stage.curves.get_attribute("aria-label"), "the label")

    def test_the_playhead_moves_them_all(self, stage):
        """
        At one step of the slider every run stands at that step.
        """
        stage.server.others = {SECOND: Played(above=4)}
        stage.open(run=RUN, label="β 1", others=[beside(SECOND)])
        stage.shows(step=120, beside="B120")
        stage.slider.press("Home")
        for _ in range(3):
            stage.slider.press("ArrowRight")
        stage.shows(step=3)
        stage.settled()

        shown = stage.page.locator(".company .value").all_inner_texts()
        totals = [sum(run.terms(3)) for run in (stage.server.run, stage.server.others[SECOND])]
        assert [float(text) for text in shown] == pytest.approx(totals, abs=0.1)

    def test_a_longer_run_is_followed_to_its_end(self, stage):
        """
        The one in front rests at its end while the playhead goes on.
        """
        stage.server.others = {SECOND: Played(steps=240, total=240)}
        stage.open(run=RUN, others=[beside(SECOND)])
        stage.shows(step=240, pictures=120, beside="B240")
        stage.slider.press("ArrowLeft")
        stage.shows(step=230)

        assert stage.text(".fact.step") == "step 120 of 120"

    def test_the_playhead_stays_with_a_run_that_goes_on(self, stage):
        """
        It never passes what is known of the one in front.
        """
        run = stage.server.run
        run.state, run.released = "running", 3
        stage.server.others = {SECOND: Played(steps=240, total=240)}
        stage.open(run=RUN, others=[beside(SECOND)])
        stage.shows(step=35, lastStep=35, beside="B240")

        run.released = 10_000
        stage.shows(step=120)
        run.state = "done"
        stage.shows(step=240)

    def test_four_that_go_on_are_all_heard(self, stage):
        """
        A browser has connections enough for four streams and the pictures.
        """
        run = stage.server.run
        others = {i: Played(state="running", released=2) for i in (SECOND, THIRD, FOURTH)}
        run.state, run.released = "running", 2
        stage.server.others = others
        stage.open(run=RUN, state="running", others=[beside(i, state="running") for i in others])
        stage.shows(lastStep=23, beside="B23 C23 D23", pictures=20)

        for each in (run, *others.values()):
            each.released = 5
        stage.shows(lastStep=59, beside="B59 C59 D59", pictures=50)

    def test_python_hears_when_one_of_them_ends(self, stage):
        """
        Once for each change, so that what it has measured can be written.
        """
        other = Played(state="running", released=2)
        stage.server.others = {SECOND: other}
        stage.open(run=RUN, state="done", others=[beside(SECOND, state="running")])
        stage.shows(beside="B23")
        other.released, other.state = 10_000, "done"
        stage.shows(beside="B120")
        stage.settled()

        assert stage.told == [["beside", "done"]]

    def test_runs_come_and_go(self, stage):
        """
        One that is taken away closes its stream; the others are not asked for again.
        """
        others = {i: Played(state="running", released=2) for i in (SECOND, THIRD)}
        stage.server.others = others
        stage.open(run=RUN, others=[beside(SECOND, state="running")])
        stage.shows(beside="B23")
        stage.show(others=[beside(THIRD, state="running"), beside(SECOND, state="running")])
        stage.shows(beside="B23 C23")
        stage.show(others=[beside(SECOND, state="running")])
        stage.until(lambda: others[THIRD].open == 0, "closing the stream")
        stage.shows(beside="B23")

        assert len(others[SECOND].heard) == 1
        stage.show(others=[])
        stage.shows(beside="")
        assert stage.page.locator(".company").is_hidden()
        stage.until(lambda: others[SECOND].open == 0, "closing the stream")


class TestAddress:
    def at(self, stage):
        return stage.page.evaluate("new URLSearchParams(location.search).get('at')")

    def says(self, stage, step):
        stage.until(lambda: self.at(stage) == step, f"{step} in the address")

    def test_says_where_the_reader_rests(self, stage):
        """
        Keys, clicks and a pause write the step, without a way back for each; play takes it out.
        """
        stage.open(run=RUN, pace=3, address="/?beta=4")
        stage.shows(pictures=120)
        stage.page.wait_for_timeout(400)
        assert self.at(stage) is None
        before = stage.page.evaluate("history.length")

        stage.slider.press("ArrowLeft")
        self.says(stage, "110")
        box = stage.curves.bounding_box()
        stage.page.mouse.click(box["x"] + 200, box["y"] + 80)
        stage.until(lambda: self.at(stage) not in (None, "110"), "the click in the address")
        assert self.at(stage) == stage.attribute("step")

        stage.page.get_by_role("button", name="Play").click()
        self.says(stage, None)
        stage.page.get_by_role("button", name="Pause").click()
        stage.until(lambda: self.at(stage) == stage.attribute("step"), "the pause in the address")
        assert "beta=4" in stage.page.url
        assert stage.page.evaluate("history.length") == before
        assert stage.told == [["state", "done"]]

    def test_says_how_steps_and_time_are_laid_out(self, stage):
        """
        A link keeps the axis and the pace that were picked; what is usual, or unknown, leaves it.
        """
        stage.open(run=RUN, pace=10, address="/?axis=log&pace=3")
        stage.shows(pictures=120)
        pressed = stage.page.locator(".run button[aria-pressed=true]")
        assert pressed.all_inner_texts() == ["log", "3 s"]
        stage.page.get_by_role("button", name="linear").click()
        stage.page.get_by_role("button", name="10 s").click()
        stage.until(lambda: "axis" not in stage.page.url, "no axis in the address")
        assert "pace" not in stage.page.url
        stage.page.get_by_role("button", name="log", exact=True).click()
        stage.until(lambda: "axis=log" in stage.page.url, "the axis in the address")

        stage.open(run=RUN, pace=10, address="/?axis=cubic&pace=7")
        stage.shows(pictures=120)
        assert pressed.all_inner_texts() == ["linear", "10 s"]

    def test_waits_until_the_slider_is_let_go(self, stage):
        """
        A hand that stands still in the middle of a drag has not come to rest.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        box = stage.slider.bounding_box()
        y = box["y"] + box["height"] / 2
        stage.page.mouse.move(box["x"] + box["width"] - 13, y)
        stage.page.mouse.down()
        stage.page.mouse.move(box["x"] + box["width"] / 2, y, steps=6)
        stage.shows(step=30)
        stage.page.wait_for_timeout(500)
        assert self.at(stage) is None

        stage.page.mouse.up()
        self.says(stage, "30")

    def test_opens_where_it_says(self, stage):
        """
        A link shows the run resting at the step, whether all of it is there or comes bit by bit.
        """
        stage.open(run=RUN, address="/?at=50", pace=3)
        stage.shows(step=50, pictures=50, mode="pause")

        run = stage.server.run = Played(state="running", released=2)
        stage.open(run=RUN, address="/?at=50")
        stage.shows(lastStep=23, step=23, mode="pause")
        run.released = 6
        stage.shows(lastStep=71, step=50, mode="pause")
        assert self.at(stage) == "50"

    @pytest.mark.parametrize("text", ["x", "-1", "1e3", "", "9" * 10])
    def test_that_says_nonsense_is_put_right(self, stage, text):
        """
        What is no step is as good as none.
        """
        stage.open(run=RUN, address=f"/?at={text}")
        stage.shows(step=120, mode="live")
        self.says(stage, None)

    def test_beyond_the_end_is_the_end(self, stage):
        """
        A link to a step that never came rests at the last one.
        """
        stage.open(run=RUN, address="/?at=5000")
        stage.shows(step=120, mode="pause")

    def test_says_nothing_of_another_run(self, stage):
        """
        Where the reader rested in one run means nothing in the next.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        stage.slider.press("ArrowLeft")
        self.says(stage, "110")

        stage.show(run="ddddeeeeffff")
        self.says(stage, None)
        stage.shows(step=120, mode="live")

    def test_is_said_again_where_the_page_has_forgotten_it(self, stage):
        """
        Streamlit writes the address as it knows it, and does not know this.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120)
        stage.slider.press("ArrowLeft")
        self.says(stage, "110")
        stage.page.evaluate("history.pushState({}, '', '/?compare=x')")
        stage.show(label="β 1")

        self.says(stage, "110")
        assert "compare=x" in stage.page.url


class TestLooks:
    SIZES = ((820, 20, 720), (700, 20, 720), (760, 17, 800), (512, 17, 800), (356, 17, 844))

    @pytest.mark.parametrize(("width", "rem", "height"), SIZES)
    def test_fits_its_width_and_stays_readable(self, stage, width, rem, height):
        """
        Nothing runs over the side, no text is under 12 pixels, and every canvas has words.
        """
        stage.page.set_viewport_size({"width": width, "height": height})
        stage.open(run=RUN, width=width, rem=rem)
        stage.shows(pictures=120)
        stage.settled()

        found = stage.page.evaluate(
            """() => {
              const root = document.querySelector("#host").shadowRoot.querySelector(".run");
              const all = [...root.querySelectorAll("*")].filter((e) => e.getClientRects().length);
              const outer = root.getBoundingClientRect();
              const over = all.filter((e) => e.getBoundingClientRect().right > outer.right + 1);
              const texts = all.filter((e) => [...e.childNodes].some((n) => n.nodeType === 3));
              const sizes = texts.map((e) => parseFloat(getComputedStyle(e).fontSize));
              const canvases = [...root.querySelectorAll("canvas")];
              return {
                over: over.map((e) => e.outerHTML.slice(0, 80)),
                scroll: document.documentElement.scrollWidth,
                smallest: Math.min(...sizes),
                roles: canvases.map((c) => c.getAttribute("role")),
                words: canvases.map((c) => c.getAttribute("aria-label").length),
                bottom: root.querySelector(".numbers").getBoundingClientRect().bottom - outer.top,
              };
            }"""
        )

        assert found["over"] == []
        assert found["scroll"] <= width
        assert found["smallest"] >= 12
        assert found["roles"] == ["img"] * 5
        assert min(found["words"]) > 30
        if rem == 20:
            assert found["bottom"] <= 430

    def test_is_sharp_on_a_fine_screen(self, browser, server):
        """
        A canvas has a pixel of its own for every pixel of the screen.
        """
        page = browser.new_page(device_scale_factor=2, viewport={"width": 760, "height": 800})
        server.run = Played()
        stage = Stage(page, server, []).open(run=RUN, width=760, rem=17)
        stage.shows(pictures=120)
        sizes = page.evaluate(
            """() => [...document.querySelector("#host").shadowRoot.querySelectorAll("canvas")]
              .map((canvas) => canvas.width / canvas.getBoundingClientRect().width)"""
        )
        page.close()

        assert sizes == pytest.approx([2] * 5, rel=0.01)

    def test_follows_the_theme_and_the_size_of_type(self, stage):
        """
        A change of theme or of the root's size is seen at once, without a call from Python.
        """
        stage.open(run=RUN)
        stage.shows(pictures=120, theme="light")
        before = stage.page.locator(".curves header").bounding_box()["height"]

        stage.page.evaluate(
            """(variables) => {
              const host = document.querySelector("#host");
              for (const [name, value] of Object.entries(variables)) {
                host.style.setProperty(name, value);
              }
              document.documentElement.style.fontSize = "30px";
            }""",
            variables("dark"),
        )
        stage.shows(theme="dark")

        assert stage.page.locator(".curves header").bounding_box()["height"] > before
        is_dark = stage.page.locator(".term.rate").evaluate(
            """(term, colour) => {
              const other = document.body.appendChild(document.createElement("i"));
              other.style.color = colour;
              return getComputedStyle(other).color === getComputedStyle(term).color;
            }""",
            for_browser()["dark"]["rate"]["text"],
        )
        assert is_dark
