"""How the tests of the mathematics compute."""

import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """
    On one thread, as a worker does: a second one gains small models nothing, and costs them much
    where another process has the core.
    """
    if "torch" in sys.modules:  # else no test here needs it, and its import takes over a second
        sys.modules["torch"].set_num_threads(1)
