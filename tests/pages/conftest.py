"""Page tests start no worker: the service is a stand-in."""

import pytest

from tests.pages.stand_in import StandIn
from ui import runs


@pytest.fixture(autouse=True)
def service(monkeypatch):
    """
    The stand-in, in the place of the service.
    """
    service = StandIn()
    monkeypatch.setattr(runs, "service", lambda: service)
    return service
