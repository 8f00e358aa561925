"""Services whose workers know the fake training beside this file."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from run_site import Clock, eventually, serving

from core.runs.service import Service
from core.runs.store import Store
from core.runs.tables import METADATA


@pytest.fixture(scope="module", autouse=True)
def workers_know_the_fake_kind() -> Iterator[None]:
    """
    Worker processes import `fake_kind` when they start.
    """
    here = str(Path(__file__).parent)
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", "['fake_kind']")
        patch.setenv("PYTHONPATH", path)
        yield


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    """
    One service for the tests of a module, with one worker that is ready.
    """
    with serving(tmp_path_factory.mktemp("site")) as service:
        service.warm()
        eventually(lambda: service.machine)
        yield service


@pytest.fixture
def clock():
    return Clock()


SERVER = os.environ.get("COMPANION_TEST_POSTGRESQL")
"""Address of an empty PostgreSQL database, for whoever wants to test with one as well."""


@pytest.fixture(params=["file", "server"] if SERVER else ["file"])
def url(request, tmp_path):
    """
    An empty database.
    """
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'runs.sqlite'}"
    engine = sa.create_engine(SERVER)
    METADATA.drop_all(engine)
    engine.dispose()
    return SERVER


@pytest.fixture
def store(url, clock):
    store = Store(url, clock=clock)
    yield store
    store.close()
