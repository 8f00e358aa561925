"""The map of the lecture, and how to read the site.

Lecture: opening [0:00-0:05].
"""

import streamlit as st

from ui import page
from ui.registry import PARTS

page.begin(__file__)

# -- Show --------------------------------------------------------------------
text, door = st.columns([3, 2], gap="large")
with text:
    page.prose("opening/home")
with door, st.container(border=True, key="frame-door"):
    page.link("train")
    page.prose("opening/home.door")

st.header("Two worlds", anchor=False)
real, dream = st.columns(2, gap="medium")
with real.container(border=True, height="stretch"):
    page.prose("opening/home.real")
with dream.container(border=True, height="stretch"):
    page.prose("opening/home.dream")
page.prose("opening/home.colours")

st.header("The lecture", anchor=False)
for number, part in enumerate(PARTS[1:], start=1):
    time, claim = st.columns([1, 6], gap="small")
    time.markdown(part.time)
    with claim.container(gap=None):
        st.markdown(f"**{number}. {part.heading}**")
        st.markdown(part.claim)
        for info in part.pages:
            page.link(info.slug)

# -- Explain -----------------------------------------------------------------
page.end(__file__, code=())
