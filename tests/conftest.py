"""Shared fixtures. Anything random is drawn from `rng`, so every failure repeats."""

import os
import shutil
import tempfile

# Before NumPy and torch look for it: two processes of tests share the cores (pyproject.toml).
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

# How long a case takes depends on what else the machine does.
settings.register_profile("companion", deadline=None)
settings.load_profile("companion")


def pytest_configure(config):
    """
    Tests never touch the runs of the person who runs them.
    """
    config.stash[_OWN_DATA] = os.environ["COMPANION_DATA_DIR"] = tempfile.mkdtemp(
        prefix="companion-tests-"
    )
    os.environ.pop("COMPANION_STORE_URL", None)
    os.environ.pop("COMPANION_ENGINE_ADDRESS", None)


def pytest_unconfigure(config):
    shutil.rmtree(config.stash[_OWN_DATA], ignore_errors=True)


def pytest_collection_modifyitems(items):
    """
    Files that take long begin first, so that no process is left with one at the end.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


_OWN_DATA = pytest.StashKey[str]()


@pytest.fixture
def rng() -> np.random.Generator:
    """
    A generator with a fixed seed.
    """
    return np.random.default_rng(0)
