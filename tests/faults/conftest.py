"""Moments that are drawn, and can be drawn again."""

import os
import random
import secrets

import pytest
import torch

from core.runs import worker
from core.runs.store import Store


@pytest.fixture
def moments() -> random.Random:
    """
    Draws moments. Its seed is shown where a test fails, and can be given to repeat them.
    """
    seed = int(os.environ.get("COMPANION_FAULTS_SEED") or secrets.randbelow(2**32))
    print(f"The moments were drawn with COMPANION_FAULTS_SEED={seed}.")
    return random.Random(seed)


@pytest.fixture(autouse=True)
def one_thread():
    """
    Trainings here use as many threads as those of workers, on which their last bits depend.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def url(tmp_path):
    """
    An empty file, which workers in this process may open too.
    """
    yield f"sqlite:///{tmp_path / 'runs.sqlite'}"
    worker._store.cache_clear()


@pytest.fixture
def store(url):
    store = Store(url)
    yield store
    store.close()
