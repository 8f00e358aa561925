"""The local engine: a program that serves us alone, and ends when we do.

The bugs these tests catch: a worker that anyone on the machine may send code to, a process or
a folder that stays behind, a web process that grows because an answer drags a library in.
"""

import asyncio
import gc
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from run_site import ROOT, are_gone, engine_processes, eventually, settings_in, worker_processes

from core.runs import local_engine, worker
from core.runs.engine import EngineUnavailable, LocalEngine, RemoteEngine, engine_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = LocalEngine(settings_in(tmp_path_factory.mktemp("engine")))
    engine.start()
    yield engine
    engine.close()


def without_certificate():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def with_certificate_of_its_own():
    from distributed.security import Security

    context = Security.temporary().get_connection_args("client")["ssl_context"]
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def is_turned_away(context, port):
    """
    Whether a server hangs up on whoever shows this certificate, before it says anything.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            with context.wrap_socket(connection) as secured:
                return secured.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            return True


AUTOGROUP = Path("/proc/self/autogroup")


def niceness():
    return psutil.Process().nice(), session_niceness()


def session_niceness():
    """
    None where cores are not divided among sessions: there is no such file, or it is empty.
    """
    words = AUTOGROUP.read_text().split() if AUTOGROUP.exists() else []
    return words[-1] if words else None


class TestLocalEngine:
    def test_calls_functions_in_its_workers(self, engine):
        """
        What a function returns or raises comes back.
        """
        assert engine.submit(os.getpid, key="one").result(20) != os.getpid()
        with pytest.raises(ValueError, match="invalid literal"):
            engine.submit(int, "no number", key="two").result(20)

    def test_says_nothing_of_a_call_that_was_taken_back(self, engine, caplog):
        """
        Whoever cancels a call wants no answer, and the log needs none either.
        """
        call = engine.submit(time.sleep, 2.0, key="taken back")
        assert call.cancel()
        engine.submit(os.getpid, key="after it").result(20)
        gc.collect()

        assert caplog.text == ""

    def test_says_what_it_computes_with(self, engine):
        """
        The answer is plain enough that the web process needs no torch to read it.
        """
        described = engine.submit(worker.machine, key="machine").result(30)

        assert described["device"] in ("cpu", "cuda")
        assert described["name"]
        assert {type(value) for value in described.values()} <= {str, bool}

    def test_its_workers_let_others_go_first(self, engine):
        """
        A training takes no core that the site, or a browser beside it, has use for.
        """
        own = niceness()

        eventually(lambda: engine.submit(niceness, key="niceness").result(20)[0] != own[0])
        assert niceness() == own

    @pytest.mark.skipif(
        session_niceness() is None, reason="Cores are not divided among sessions here."
    )
    def test_its_workers_let_other_sessions_go_first(self, engine):
        """
        Where a core is divided among sessions, a worker's own niceness would count for nothing.
        """
        eventually(lambda: engine.submit(niceness, key="session").result(20)[1] == "5")

    def test_listens_on_this_machine_only_and_behind_tls(self, engine):
        """
        No page of dask's is served, and whoever has no certificate of this engine is turned away.
        """
        processes = [*engine_processes(), *worker_processes()]
        sockets = [c for p in processes for c in p.net_connections() if c.status == "LISTEN"]

        assert len(sockets) == 3  # of the scheduler, the worker, and whoever restarts the worker
        assert {listener.laddr.ip for listener in sockets} == {"127.0.0.1"}
        own = engine._calls._client.security.get_connection_args("client")["ssl_context"]
        for listener in sockets:
            assert not is_turned_away(own, listener.laddr.port)
            for stranger in (without_certificate(), with_certificate_of_its_own()):
                assert is_turned_away(stranger, listener.laddr.port)

    def test_takes_little(self, engine):
        """
        Engine and worker together stay well below what a page may take, and do nothing idle.
        """
        engine.submit(worker.machine, key="machine again").result(30)
        processes = [*engine_processes(), *worker_processes()]

        assert sum(process.memory_full_info().pss for process in processes) < 400e6


class TestTheEnd:
    def test_leaves_nothing(self, tmp_path):
        """
        Closing an engine in the middle of a call ends its processes and removes its folder.
        """
        engine = LocalEngine(settings_in(tmp_path))
        engine.start()
        started = psutil.Process(engine.process_id).children(recursive=True)
        folder = Path(engine._folder)
        call = engine.submit(time.sleep, 60.0, key="slow")
        assert folder.is_dir()
        engine.close()
        is_over = are_gone(started)

        assert is_over
        assert not folder.exists()
        assert not engine.is_alive
        with pytest.raises(EngineUnavailable):
            call.result(1)

    def test_comes_when_whoever_started_it_is_killed(self, tmp_path):
        """
        A parent that has no time to say goodbye leaves no process and no folder behind.
        """
        code = (
            "import pathlib, sys, time\n"
            "from run_site import settings_in\n"
            "from core.runs.engine import LocalEngine\n"
            "engine = LocalEngine(settings_in(pathlib.Path(sys.argv[1])))\n"
            "engine.start()\n"
            "print(engine._folder, flush=True)\n"
            "time.sleep(60)\n"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        folder = Path(parent.stdout.readline().strip())
        below = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
        parent.communicate()
        is_over = are_gone(below)

        assert len(below) >= 1
        assert is_over
        eventually(lambda: not folder.exists(), 5)

    def test_of_a_killed_engine_is_noticed(self, tmp_path):
        """
        Calls to an engine that died fail, its worker ends, and nothing stays on disk.
        """
        engine = LocalEngine(settings_in(tmp_path))
        engine.start()
        folder = Path(engine._folder)
        below = psutil.Process(engine.process_id).children(recursive=True)
        psutil.Process(engine.process_id).kill()
        eventually(lambda: not engine.is_alive, 5)
        engine.close()
        is_over = are_gone(below)

        assert is_over
        assert not folder.exists()


class TestAWorkersParent:
    def test_that_gives_up_is_replaced(self, monkeypatch):
        """
        One that ended by itself, and one that could not start a worker, leave no gap.
        """
        parents = []

        class Parent:
            def __init__(self, *arguments, **options):
                parents.append(self)

            def __await__(self):
                if len(parents) == 2:
                    raise RuntimeError("no memory")
                yield from ()

            async def finished(self):
                if len(parents) == 3:
                    await asyncio.Event().wait()

        async def watched():
            held = {}
            keeping = asyncio.create_task(local_engine._keep_worker("tls://", 0, held, {}))
            while len(parents) < 3:
                await asyncio.sleep(0)
            keeping.cancel()
            return held

        monkeypatch.setattr(local_engine, "Nanny", Parent)
        monkeypatch.setattr(local_engine, "PAUSE_S", 0.0)
        assert asyncio.run(watched()) == {0: parents[-1]}


class TestRemoteEngine:
    def test_uses_a_cluster_that_others_have_started(self, engine, tmp_path):
        """
        With an address and a certificate the same calls go to another scheduler's workers.
        """
        security, files = engine._calls._client.security, {}
        for name, pem in (
            ("CA", security.tls_ca_file),
            ("CERT", security.tls_client_cert),
            ("KEY", security.tls_client_key),
        ):
            path = tmp_path / f"{name}.pem"
            path.write_text(pem)
            files[f"COMPANION_ENGINE_TLS_{name}"] = str(path)
        address = engine._calls._client.scheduler.address
        remote = engine_for(settings_in(tmp_path, COMPANION_ENGINE_ADDRESS=address, **files))
        remote.start()
        there = remote.submit(os.getpid, key="there").result(20)
        slots = remote.slots
        remote.close()

        assert isinstance(remote, RemoteEngine)
        assert there in {process.pid for process in worker_processes()}
        assert slots == 1
        assert not remote.is_alive
        assert engine.is_alive


class TestAnEngineThatCannotStart:
    def test_is_a_sentence(self, tmp_path, monkeypatch):
        """
        Where no process can be started, the page is told where to look.
        """
        monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
        engine = LocalEngine(settings_in(tmp_path))
        with pytest.raises(EngineUnavailable, match="could not be started on this machine"):
            engine.start()

        assert not engine.is_alive

    def test_is_one_for_a_cluster_too(self, tmp_path, monkeypatch):
        """
        A scheduler that does not answer is named by its setting.
        """
        settings = settings_in(tmp_path, COMPANION_ENGINE_ADDRESS="tcp://127.0.0.1:1")
        engine = engine_for(settings)
        monkeypatch.setattr("core.runs.engine.START_S", 0.5)
        assert isinstance(engine, RemoteEngine)
        with pytest.raises(EngineUnavailable, match="COMPANION_ENGINE_ADDRESS does not answer"):
            engine.start()
