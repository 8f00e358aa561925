"""A service without workers, for tests that decide themselves what state a run is in."""

import dataclasses
import time

from core.runs.records import Listed, Run, StoreUnavailable, checked_name, is_run_id

DOWN = "The store is locked by another program; try again in a moment."


class StandIn:
    """The service, without workers: a run does what the test says."""

    def __init__(self):
        self.known: dict[str, Run] = {}
        self.reports: dict[str, list[str]] = {}
        self.kept: dict[tuple[str, int], bytes] = {}
        self.lists: dict[tuple[str, str], Listed] = {}
        self.is_down = False
        self.store = self

    def submit(self, config, owner, shared=None):
        if self.is_down:
            raise StoreUnavailable(DOWN)
        config = config.resolved(device="cpu", precision="fp32")
        for run in self.known.values():
            if run.fingerprint == config.fingerprint:
                self.list(run, owner)
                return run
        run = self.put(config, owner=owner)
        self.list(run, owner)
        return run

    def put(self, config, **fields):
        """Let there be a run."""
        letters = "abcdefghijklmnopqrstuvwxyz"
        run = Run(
            **{
                "id": letters[len(self.known)] * 12,
                "kind": config.kind,
                "config": config.to_json(),
                "fingerprint": config.fingerprint,
                "shared": True,
                "owner": "somebody",
                "state": "running",
                "attempt": 1,
                "step": 10,
                "message": None,
                "machine": None,
                "evaluation": None,
                "created": time.time(),
                "started": None,
                "finished": None,
                "sequence": 1,
                "queued": time.time(),
                "lease": None,
                "stop_requested": False,
                "deaths": 0,
                "spent": 0.0,
                "revision": 1,
            }
            | fields
        )
        self.known[run.id] = run
        return run

    def become(self, run_id, **fields):
        """Let a run change."""
        self.known[run_id] = dataclasses.replace(self.known[run_id], **fields)

    def run(self, run_id):
        if self.is_down:
            raise StoreUnavailable(DOWN)
        if not is_run_id(run_id):
            raise ValueError(f"`run_id` must be twelve of a-z and 2-7, got {run_id!r}.")
        return None if self.was_deleted(run_id) else self.known.get(run_id)

    def batches(self, run_id, after, limit):
        bodies = self.reports.get(run_id, [])[after : after + limit]
        return list(enumerate(bodies, start=after + 1))

    def steps_with_weights(self, run_id):
        return sorted(step for kept, step in self.kept if kept == run_id)

    def weights(self, run_id, step=None):
        if self.is_down:
            raise StoreUnavailable(DOWN)
        if step is None:
            step = max(self.steps_with_weights(run_id), default=None)
        body = self.kept.get((run_id, step))
        return None if body is None else (step, body)

    def queue_position(self, run_id):
        run = self.known.get(run_id)
        return 3 if run is not None and run.state == "queued" else None

    def stop(self, run_id, owner):
        if self.known[run_id].owner != owner:
            return False
        self.become(run_id, state="stopped")
        return True

    def pause(self, run_id, owner):
        return self._moved(run_id, owner, "paused")

    def resume(self, run_id, owner):
        return self._moved(run_id, owner, "running")

    def steer(self, run_id, owner, beta):
        if self.known[run_id].owner == owner:
            self.become(run_id, steer=beta)
        return True

    def fork(self, run_id, owner, config, *, weights_of=None):
        parent = self.known[run_id]
        config = config.resolved(device="cpu", precision="fp32")
        return self.put(config, owner=owner, shared=False, parent=parent.id, parent_step=10)

    def last_weights(self, run_id):
        return self.known[run_id].step

    def _moved(self, run_id, owner, state):
        if self.known[run_id].owner != owner:
            return False
        self.become(run_id, state=state)
        return True

    def warm(self):
        pass

    # Lists of past runs, by (run, owner).

    def list(self, run, owner, name=None):
        """Let a run be on a reader's list."""
        before = self.lists.get((run.id, owner))
        added = before.added if before else time.time() + len(self.lists)
        self.lists[run.id, owner] = Listed(
            run=run, name=name, is_own=run.owner == owner, added=added, deleted=None
        )

    def change(self, run_id, owner, **fields):
        """Let an entry change; whether there is one."""
        if (run_id, owner) in self.lists:
            entry = self.lists[run_id, owner]
            self.lists[run_id, owner] = dataclasses.replace(entry, **fields)
        return (run_id, owner) in self.lists

    def look(self, run_id, owner):
        if (run_id, owner) not in self.lists:
            self.list(self.known[run_id], owner)

    def runs(self, owner, *, limit=200, deleted=False, kind=None):
        if self.is_down:
            raise StoreUnavailable(DOWN)
        mine = [entry for (_, reader), entry in self.lists.items() if reader == owner]
        found = [entry for entry in mine if (entry.deleted is not None) == deleted]
        found = [dataclasses.replace(entry, run=self.known[entry.run.id]) for entry in found]
        found = [entry for entry in found if kind in (None, entry.run.kind)]
        return sorted(found, key=lambda entry: -entry.added)[:limit]

    def names(self, owner, run_ids):
        entries = {run_id: self.lists.get((run_id, owner)) for run_id in run_ids}
        return {run_id: entry.name for run_id, entry in entries.items() if entry and entry.name}

    def was_deleted(self, run_id):
        entries = [entry for (listed, _), entry in self.lists.items() if listed == run_id]
        return bool(entries) and all(entry.deleted for entry in entries)

    def rename(self, run_id, owner, name):
        return self.change(run_id, owner, name=checked_name(name))

    def delete(self, run_id, owner):
        return self.change(run_id, owner, deleted=time.time())

    def restore(self, run_id, owner):
        return self.change(run_id, owner, deleted=None)
