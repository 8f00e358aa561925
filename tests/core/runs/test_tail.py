"""What viewers are told of a run, and what telling them costs.

The bugs these tests catch: a batch that a viewer never sees or sees twice, a viewer that fills
the memory, a look at the store for each viewer, a task that goes on when nobody watches.
"""

import asyncio
import json
import time
from contextlib import aclosing

import pytest
from fake_kind import FakeConfig
from run_site import request_for

from core.runs import tail
from core.runs.records import Batch, End
from core.runs.store import Store
from core.runs.tail import Tails


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite'}")
    yield store
    store.close()


class Worker:
    """Writes batches into a run of its own, as a worker would."""

    def __init__(self, store, *, claim=True):
        self.store, self.sequence = store, 0
        self.run = store.submit(**request_for(FakeConfig()) | {"shared": False})
        if claim:
            self.claim()

    @property
    def id(self):
        return self.run.id

    def claim(self):
        self.store.claim(self.id, 1, {"device": "cpu"})

    def write(self, count=None, **more):
        for _ in range((0 if more else 1) if count is None else count):
            self.sequence += 1
            body = json.dumps({"sequence": self.sequence})
            batch = Batch(
                sequence=self.sequence, first=self.sequence, last=self.sequence, body=body
            )
            self.store.write(self.id, 1, batch=batch)
        if more:
            self.store.write(self.id, 1, **more)

    def end(self, state="done"):
        self.store.write(self.id, 1, end=End(state=state))


def parsed(data):
    """
    The events in what a viewer got: kind, id and data.
    """
    events = []
    for block in data.decode().split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines()]
        fields = {name: value for name, _, value in lines if name}
        if "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            events.append((fields["event"], number, json.loads(fields["data"])))
    return events


def told(events):
    """
    Events in short: states by name, batches by number.
    """
    return [data["state"] if kind == "state" else number or kind for kind, number, data in events]


async def watched(tails, run_id, after=0, began=None):
    """What somebody hears until the end; `began` has one more when they have heard something."""
    found = []
    async with aclosing(tails.watch(run_id, after)) as events:
        async for data in events:
            if not found and began is not None:
                began.append(run_id)
            found.append(data)
    return parsed(b"".join(found))


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


def run(store, scenario, **options):
    """
    Plays a scenario with tails that are closed afterwards.
    """

    async def play():
        tails = Tails(store, **options)
        try:
            async with asyncio.timeout(20):
                return await scenario(tails)
        finally:
            tails.close()

    return asyncio.run(play())


class TestWatch:
    @pytest.mark.parametrize("after", [0, 3, 250, 999])
    def test_replays_a_finished_run(self, store, after):
        """
        First the state, then the batches that are missing, in order, then the end.
        """
        worker = Worker(store)
        worker.write(250)
        worker.end()
        events = run(store, lambda tails: watched(tails, worker.id, after))

        assert told(events) == ["done", *range(after + 1, 251), "end"]

    def test_tells_all_that_a_page_shows(self, store):
        """
        A state holds config, machine, evaluation, place in the queue and times.
        """
        worker = Worker(store)
        worker.write(evaluation={"known": 1}, end=End(state="failed", message="Why."))
        _, _, state = run(store, lambda tails: watched(tails, worker.id))[0]
        kept = store.run(worker.id)

        assert state == {
            "id": worker.id,
            "state": "failed",
            "attempt": 1,
            "step": None,
            "message": "Why.",
            "config": kept.config,
            "machine": {"device": "cpu"},
            "evaluation": {"known": 1},
            "queue": None,
            "created": kept.created,
            "started": kept.started,
            "finished": kept.finished,
        }

    def test_goes_along_with_a_run(self, store):
        """
        Each viewer gets each batch once and in order, whenever it came, and states in between.
        """
        worker = Worker(store, claim=False)

        async def scenario(tails):
            viewers = [asyncio.create_task(watched(tails, worker.id))]
            await asyncio.sleep(0.2)
            worker.claim()
            for _ in range(5):
                worker.write(7)
                viewers.append(asyncio.create_task(watched(tails, worker.id)))
                await asyncio.sleep(0.03)
            viewers.append(asyncio.create_task(watched(tails, worker.id, after=30)))
            await asyncio.sleep(0.1)
            worker.write(evaluation={"known": 1})
            await asyncio.sleep(0.1)
            worker.write(3)
            worker.end()
            return await asyncio.gather(*viewers)

        first, *later, last = run(store, scenario)

        assert told(first)[:2] == ["queued", "running"]
        assert first[0][2]["queue"] == 1
        for events in (first, *later):
            assert [number for _, number, _ in events if number] == list(range(1, 39))
            assert told(events)[-2:] == ["done", "end"]
            states = [data for kind, _, data in events if kind == "state"]
            # Once more with the evaluation, and perhaps with a later step to whoever came between.
            assert told(events).count("running") in (2, 3)
            assert [s["evaluation"] for s in states if s["state"] == "running"][-1] == {"known": 1}
        assert [number for _, number, _ in last if number] == list(range(31, 39))

    def test_is_prompt(self, store):
        """
        A batch reaches its viewers at the next look.
        """
        worker = Worker(store)

        async def scenario(tails):
            async with aclosing(tails.watch(worker.id, 0)) as events:
                await anext(events)
                await asyncio.sleep(0.3)
                worker.write()
                written = time.monotonic()
                await anext(events)
                return time.monotonic() - written

        assert run(store, scenario) < 0.5

    def test_tells_the_place_in_the_queue_anew(self, store):
        """
        Whoever waits sees the line get shorter.
        """
        first, second = Worker(store, claim=False), Worker(store, claim=False)

        async def scenario(tails):
            watching = asyncio.create_task(watched(tails, second.id))
            await asyncio.sleep(0.2)
            first.claim()
            await asyncio.sleep(0.2)
            store.request_stop(second.id)
            return await watching

        events = run(store, scenario)

        assert [(data["state"], data["queue"]) for kind, _, data in events if kind == "state"] == [
            ("queued", 2),
            ("queued", 1),
            ("stopped", None),
        ]

    def test_tells_what_holds_the_store_up_and_when_it_is_over(self, store):
        """
        What cannot be written into the run is told beside it.
        """
        worker, trouble = Worker(store), [None]

        async def scenario(tails):
            watching = asyncio.create_task(watched(tails, worker.id))
            await asyncio.sleep(0.2)
            for trouble[0] in ("The file is locked.", None):
                await asyncio.sleep(0.2)
            worker.end()
            return await watching

        events = run(store, scenario, trouble=lambda: trouble[0])

        assert [data["message"] for kind, _, data in events if kind == "state"] == [
            None,
            "The file is locked.",
            None,
            None,
        ]

    def test_of_nothing_ends_at_once(self, store):
        """
        Of a run that is not there the end is all there is to tell.
        """
        assert run(store, lambda tails: watched(tails, "a" * 12)) == [("end", None, {})]


class TestManyViewers:
    def test_look_at_the_store_once(self, store, monkeypatch):
        """
        Sixty viewers cost as many looks as one.
        """
        worker, looks = Worker(store), []
        seen = store.pulse
        monkeypatch.setattr(store, "pulse", lambda run_id: looks.append(1) or seen(run_id))

        async def scenario(tails):
            began = []
            viewers = [
                asyncio.create_task(watched(tails, worker.id, began=began)) for _ in range(60)
            ]
            await until(lambda: len(began) == 60)
            worker.write(3)
            worker.end()
            return tails.watched, await asyncio.gather(*viewers)

        followed, events = run(store, scenario)

        assert followed == 1
        assert all(told(viewer) == ["running", 1, 2, 3, "done", "end"] for viewer in events)
        assert len(looks) < 40

    def test_a_slow_one_is_hung_up_on_and_comes_back(self, store, monkeypatch):
        """
        Whoever does not keep up costs no memory, and on return gets exactly what was missed.
        """
        monkeypatch.setattr(tail, "MOST_WAITING", 4)
        worker = Worker(store)

        async def scenario(tails):
            quick = asyncio.create_task(watched(tails, worker.id))
            async with aclosing(tails.watch(worker.id, 0)) as events:
                seen = parsed(await anext(events))
                for _ in range(12):
                    worker.write()
                    await asyncio.sleep(0.06)
                seen += parsed(b"".join([data async for data in events]))
            worker.end()
            known = max(number or 0 for _, number, _ in seen)
            return seen, await watched(tails, worker.id, known), await quick

        seen, rest, quick = run(store, scenario)

        assert told(seen)[-1] != "end"
        numbers = [number for _, number, _ in seen + rest if number]
        assert numbers == list(range(1, 13))
        assert [number for _, number, _ in quick if number] == numbers

    def test_leave_nothing_behind(self, store):
        """
        When the last viewer has gone the run is not looked at any more.
        """
        worker = Worker(store)

        async def scenario(tails):
            tasks = len(asyncio.all_tasks())
            viewers = [asyncio.create_task(watched(tails, worker.id)) for _ in range(3)]
            await asyncio.sleep(0.2)
            assert tails.watched == 1
            for viewer in viewers:
                viewer.cancel()
            await asyncio.gather(*viewers, return_exceptions=True)
            await asyncio.sleep(0.2)
            return tails.watched, len(asyncio.all_tasks()) - tasks

        assert run(store, scenario) == (0, 0)

    def test_are_let_go_when_the_server_closes(self, store):
        """
        A server that is told to end is not kept by those who watch.
        """
        worker, closing = Worker(store), []

        async def scenario(tails):
            watching = asyncio.create_task(watched(tails, worker.id))
            await asyncio.sleep(0.2)
            closing.append(True)
            return await watching

        assert told(run(store, scenario, is_closing=lambda: bool(closing))) == ["running"]

    def test_get_a_sign_of_life(self, store, monkeypatch):
        """
        In a long silence a comment keeps the connection open.
        """
        monkeypatch.setattr(tail, "HEARTBEAT_S", 0.1)
        worker = Worker(store)

        async def scenario(tails):
            async with aclosing(tails.watch(worker.id, 0)) as events:
                await anext(events)
                return await anext(events)

        assert run(store, scenario) == b": still here\n\n"
