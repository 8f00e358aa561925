"""The real site in a process of its own, as `streamlit run app.py` starts it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ui.registry import ROOT

__all__ = ["Site", "running_site"]

START_S = 60
STOP_S = 20


@dataclass(frozen=True)
class Site:
    """A site that is being served.

    Attributes:
        url: Where, without a slash at the end.
        process: The web process.
        log_file: What it has printed.
    """

    url: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def get(self, path: str) -> bytes:
        """The body of one answer."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return answer.read()

    def visit(self, **request: Any) -> dict[str, Any]:
        """Run a page without a browser and return what it shows; needs the agent API."""
        question = urllib.request.Request(
            f"{self.url}/_stcore/agent/interact",
            data=json.dumps(request).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(question, timeout=30) as answer:
            return json.load(answer)

    def log(self) -> str:
        """What the web process has printed so far, without the greeting."""
        lines = self.log_file.read_text("utf-8", "replace").splitlines()
        greeting = ("You can now view your Streamlit app", "URL:", "Stopping...")
        kept = (line for line in lines if line.strip())
        return "\n".join(line for line in kept if not line.strip().startswith(greeting))


@contextlib.contextmanager
def running_site(folder: Path, *flags: str, **environment: str) -> Iterator[Site]:
    """Serve the site from a fresh data directory in `folder` until the block ends."""
    port = _free_port()
    own = {
        "COMPANION_DATA_DIR": str(folder / "data"),
        "PYTHONUNBUFFERED": "1",
        # A reader's own settings of Streamlit play no part.
        "HOME": str(folder),
        "USERPROFILE": str(folder),
    }
    log_file = folder / "site.log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--server.port", str(port), *flags],
            cwd=ROOT,
            env=os.environ | own | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        site = Site(f"http://localhost:{port}", process, log_file)
        try:
            _wait_until_served(site)
            yield site
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def _wait_until_served(site: Site) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if site.get("/_stcore/health") == b"ok":
                return
        if site.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The site did not start:\n{site.log_file.read_text()}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
