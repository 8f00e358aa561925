"""Processes that are killed in the middle of trainings.

The bugs these tests catch: a run that is lost with its worker, an engine or a site that does not
come back, a report that was shown and is gone or shown twice, a number that depends on what
happened to the processes.
"""

import time

import pytest

from core.runs.records import FINAL
from core.runs.store import Store
from tests.core.runs.run_site import (
    engine_processes,
    eventually,
    settings_in,
    worker_processes,
)
from tests.faults.programs import site
from tests.faults.undisturbed import EVERY, assert_is_undisturbed, config_of

pytestmark = pytest.mark.slow

KILLS = {"worker": 12, "engine": 4, "server": 4}
AT_ONCE = 4
"""Kills in a row, before two runs have to have got on again."""

UNFINISHED, STEPS, LONG_S = 3, 100, 60.0


class Witness:
    """Sees what is committed of every run, and that it stays.

    Args:
        store: Where the runs are.
        running: The site that is asked for them.
    """

    def __init__(self, store, running):
        self.store, self.running, self.ids = store, running, []
        self._seen = {}

    @property
    def runs(self):
        return [self.store.run(run_id) for run_id in self.ids]

    @property
    def unfinished(self):
        return [run for run in self.runs if run.state not in FINAL]

    def look(self):
        """
        No batch that was there before is gone or changed, and none has come in between.
        """
        for run_id in self.ids:
            now, before = self.store.batches(run_id, 0, EVERY), self._seen.get(run_id, [])
            assert now[: len(before)] == before
            self._seen[run_id] = now

    def wait_for_reports(self):
        """
        Two runs have got on. Where some end meanwhile, others begin.
        """
        before = {run.id: run.sequence for run in self.runs}

        def have_got_on():
            while len(self.unfinished) < UNFINISHED:
                self.ids.append(self.running.submit(config_of(len(self.ids), STEPS)))
            return sum(run.sequence > before.get(run.id, 0) for run in self.runs) >= 2

        patiently(have_got_on)

    def wait_for_survivors(self):
        """
        None that goes on was lost without a report since: after three such losses a run is
        given up. One that has ended says nothing more.
        """
        patiently(lambda: not any(run.deaths for run in self.unfinished))

    def wait_for_ends(self):
        """
        Every run has ended by itself. It takes as long as it takes, while anything goes on.
        """
        while unfinished := self.unfinished:
            stood = [(run.id, run.state, run.attempt, run.step) for run in unfinished]

            def has_moved(stood=stood):
                now = [self.store.run(run_id) for run_id, *_ in stood]
                return stood != [(run.id, run.state, run.attempt, run.step) for run in now]

            patiently(has_moved)


def patiently(is_so):
    """
    Wait without taking time from those that are waited for.
    """

    def is_so_now():
        time.sleep(0.05)
        return is_so()

    eventually(is_so_now, LONG_S)


def kill_one(what, running, moments):
    if what == "server":
        running.kill()
        running.start()
        return
    find = {"worker": worker_processes, "engine": engine_processes}[what]
    patiently(find)
    moments.choice(sorted(find(), key=lambda process: process.pid)).kill()


def test_all_runs_end_as_if_nothing_had_happened(tmp_path, moments):
    """
    Several runs at once, while workers, engines and servers are killed at moments that are
    drawn: each run ends by itself, no report that was committed is lost, and all numbers,
    pictures and the last weights are those of an undisturbed training.
    """
    victims = [what for what, times in KILLS.items() for _ in range(times)]
    moments.shuffle(victims)
    store = Store(settings_in(tmp_path).store_url)
    with site(tmp_path, workers=2) as running:
        witness = Witness(store, running)
        for first in range(0, len(victims), AT_ONCE):
            witness.wait_for_reports()
            # A server takes its engine along, and an engine its workers: they come last.
            for what in sorted(victims[first : first + AT_ONCE], key=list(KILLS).index):
                time.sleep(moments.uniform(0.0, 0.6))
                witness.wait_for_survivors()
                witness.look()
                kill_one(what, running, moments)
        witness.wait_for_ends()
        witness.look()
    for run in witness.runs:
        assert_is_undisturbed(store, run)
    attempts = [run.attempt for run in witness.runs]
    print(f"Runs were attempted {attempts} times.")
    assert sum(attempts) >= len(attempts) + len(victims) // AT_ONCE
    store.close()
