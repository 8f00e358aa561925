"""The runs of this site: one service for all pages and streams of the process."""

import atexit
import threading

from core.runs.service import Service
from core.settings import settings

__all__ = ["service"]

_lock = threading.Lock()
_services: list[Service] = []


def service() -> Service:
    """The service of this process, made at the first call.

    Raises:
        ValueError: If a setting is of no use.
        StoreUnavailable: If the store cannot be used. The next call tries again.
    """
    with _lock:
        if not _services:
            _services.append(Service(settings()))
            atexit.register(_services[0].close)
        return _services[0]
