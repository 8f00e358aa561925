"""The entry: `streamlit run app.py`.

Here is what happens once in a server process; `navigation.py` is what happens at every visit.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager
from threadpoolctl import threadpool_limits

from core.runs.records import StoreUnavailable
from core.settings import settings
from ui import page, runs
from ui.owner import OwnerCookie
from ui.streams import routes

try:
    settings()
except ValueError as error:
    raise SystemExit(str(error)) from None

# Streamlit takes a folder `pages` for its own kind of navigation until the first visit has run
# ours; a link to a page, opened on a fresh server, would be told that there is no such page.
PagesManager.uses_pages_directory = False

# Products of matrices are small here. A second thread gains them nothing, and makes them wait for
# whoever has the other core.
threadpool_limits(1, user_api="blas")

# Everything imported by now stays until the end. Frozen, it is never searched for garbage again,
# which is most of what a collection costs.
gc.collect()
gc.freeze()


@asynccontextmanager
async def started(_app: st.App) -> AsyncIterator[None]:
    """Runs that the last server left unfinished go on, whether or not anybody comes to see."""
    with suppress(StoreUnavailable):  # every visit tries again, and says why not
        await asyncio.to_thread(runs.service)
    yield


app = st.App(
    "navigation.py",
    lifespan=started,
    routes=routes(st.get_option("server.baseUrlPath")),
    middleware=[Middleware(OwnerCookie)],
    on_script_error=page.apologise,
)
