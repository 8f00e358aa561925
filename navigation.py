"""What happens at every visit: the browser tab, the navigation by parts, then the page."""

import streamlit as st

from ui import controls, page, registry
from ui.registry import PARTS

# First of all, or the tab would ask the internet for a picture of the page's symbol.
st.set_page_config(
    page_icon=str(registry.ROOT / "assets" / "images" / "icon.png"),
    layout="wide",
    # A projector has no room for what only the lecturer needs.
    initial_sidebar_state="collapsed" if controls.is_projected() else 280,
)
chosen = st.navigation(
    {
        part.section: [
            st.Page(part.script(info.slug), title=info.title, icon=info.icon, default=not place)
            for place, info in enumerate(part.pages, start=PARTS.index(part))
        ]
        for part in PARTS
        if part.pages
    }
)
st.set_page_config(page_title=f"{chosen.title} · Latent variable models and VAEs")
with st.sidebar:
    page.style(projector=controls.projector())
controls.turn_to(chosen.url_path)
chosen.run()
