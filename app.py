"""The entry: `streamlit run app.py`.

Here is what happens once in a server process; `navigation.py` is what happens at every visit.
"""

import gc

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager
from threadpoolctl import threadpool_limits

from core.settings import settings
from ui import page
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

app = st.App(
    "navigation.py",
    routes=routes(st.get_option("server.baseUrlPath")),
    middleware=[Middleware(OwnerCookie)],
    on_script_error=page.apologise,
)
