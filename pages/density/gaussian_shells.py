"""Mass is not density: a Gaussian lives on a thin shell, and data on far less than that.

Lecture: "Warmup: density estimation" [0:25-0:30].
"""

import streamlit as st

from core.lessons import gaussian_shells as lesson
from core.lessons.past_runs import title
from core.runs.records import StoreUnavailable
from ui import components, controls, models, page, watch

UNTOUCHED = lesson.UNTOUCHED.values()
REFUSED = "gaussian_shells_refused"


def choices() -> lesson.Choices:
    """Where the controls stand."""
    return lesson.Choices(**controls.values(UNTOUCHED))


def hear(what: object) -> None:
    """Do what a hand has done in the picture."""
    st.session_state.update(lesson.heard(what))


def next_draw() -> None:
    """Take the next draws."""
    controls.add_one("draw", lesson.LAST_DRAW)


def take_mass() -> None:
    """Move the boundary so that the mass that was typed lies inside."""
    try:
        st.session_state.update(lesson.length_of_mass(choices(), st.session_state["mass"]))
    except ValueError as error:
        st.session_state[REFUSED] = str(error)


def pick_dimensions() -> None:
    """The dimensions, as the slider over the picture has them."""
    most = lesson.MOST_DIMENSIONS
    controls.number("Dimensions d", 1, most, UNTOUCHED["d"], key="d")


def pick_draw() -> None:
    """Which draws, and a press for the next."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        controls.number("Draw", 0, lesson.LAST_DRAW, UNTOUCHED["draw"], key="draw")
        st.button("New draws", key="again", type="primary", on_click=next_draw)


def pick_data() -> None:
    """Which images."""
    controls.choice("Images", lesson.DATA, UNTOUCHED["data"], key="data")


def choose_shell() -> None:
    """Dimensions, how heights are drawn, and how far the radius goes."""
    pick_dimensions()
    controls.choice("Heights", lesson.SCALES, UNTOUCHED["scale"], key="scale")
    controls.choice("Axis of the radius", lesson.AXES, UNTOUCHED["axis"], key="axis")


def choose_draws() -> None:
    """Dimensions, and which draws."""
    pick_dimensions()
    pick_draw()


def choose_within() -> None:
    """A boundary by its length, or by what lies inside."""
    pick_dimensions()
    region = controls.choice("Inside", lesson.REGIONS, UNTOUCHED["region"], key="region")
    with st.container(horizontal=True, gap="small"):
        if region == lesson.REGIONS[0]:
            controls.words("Radius r", UNTOUCHED["radius"], key="radius")
        else:
            controls.words("Half-width ε", UNTOUCHED["eps"], key="eps")
        text = lesson.mass_inside(choices())
        controls.result("Mass inside", text, key="mass", on_change=take_mass)


def choose_between() -> None:
    """What is gone between, and how far."""
    source = controls.choice("Between", lesson.SOURCES, UNTOUCHED["source"], key="source")
    if source == lesson.SOURCES[0]:
        pick_dimensions()
    controls.marks("Way t", lesson.PLACES, UNTOUCHED["place"], key="place")
    pick_draw()


def choose_needle() -> None:
    """Which images, and how many of the real ones a distance lets pass."""
    pick_data()
    label = "Held-out images that pass, %"
    controls.marks(label, lesson.PASSING, UNTOUCHED["passing"], key="passing")
    pick_draw()


def choose_models() -> None:
    """Which images, and which draws."""
    pick_data()
    pick_draw()


def choose_dimension() -> None:
    """How many nearest images an estimate looks at."""
    label = "Nearest images k"
    controls.marks(label, lesson.NEIGHBOURS, UNTOUCHED["neighbours"], key="neighbours")
    controls.choice("Edges of sprites", lesson.EDGES, UNTOUCHED["edges"], key="edges")


def trained() -> tuple[lesson.Decoder | None, str]:
    """The decoder of the run in the address, or of the reader's last one, and what was trained.

    Where there is none, what is wrong instead.
    """
    run, problem = watch.last_done()
    if run is None:
        return None, problem or lesson.NO_RUN
    try:
        return lesson.Decoder(*models.last_model(run)), title(run)
    except (LookupError, ValueError, StoreUnavailable) as error:
        return None, str(error)


CONTROLS = {
    "Shell": choose_shell,
    "Samples": choose_draws,
    "Pairs": choose_draws,
    "Within": choose_within,
    "Between": choose_between,
    "Haystack": choose_needle,
    "Pixel models": choose_models,
    "Dimension": choose_dimension,
}

page.begin(__file__)
presets = {name: case.choices.values() for name, case in lesson.CASES.items()}
controls.apply_preset(presets, UNTOUCHED)
view = controls.pick("View", lesson.VIEWS, UNTOUCHED["view"], key="view")
left, right = page.bench()

# -- Choose ------------------------------------------------------------------
with left:
    CONTROLS[view]()
    page.try_these(
        __file__,
        {
            case.label: controls.preset_address(name, presets[name], UNTOUCHED)
            for name, case in lesson.cases(view).items()
        },
    )

# -- Compute -----------------------------------------------------------------
chosen = choices()
needs_decoder = lesson.wants_decoder(chosen)
decoder, told = trained() if needs_decoder else (None, "")
is_missing = needs_decoder and decoder is None
if not is_missing:
    found = lesson.show(chosen, decoder)
elif told == lesson.NO_RUN:
    found = lesson.Shown(verdict=told)
else:
    found = lesson.Shown(problems=(told,))

# -- Show --------------------------------------------------------------------
with right:
    if found.data is not None:
        components.shells_view(data=found.data, key="shells", on_move=hear)
    refused = st.session_state.pop(REFUSED, None)
    for sentence in (*found.problems, *controls.refused(), *([refused] if refused else ())):
        st.error(page.plain(sentence))
    if decoder is not None:
        st.caption(page.plain(f"The decoder is that of a training: {told}."))
    if needs_decoder and lesson.is_flat(decoder):
        label = f"Train one with {lesson.MANY} code dimensions"
        page.link_with("train", label, {"latent": str(lesson.MANY)})
    st.markdown(found.verdict)
    if found.table is not None:
        with st.container(key="frame-forms"):
            page.table(found.table.headings, found.table.rows, len(found.table.headings) - 1)

# -- Explain -----------------------------------------------------------------
page.prose(f"density/gaussian_shells.{view.lower().replace(' ', '_')}")
page.end(
    __file__,
    code=(
        "core.shells.log_density",
        "core.shells.within_radius",
        "core.shells.within_shell",
        "core.shells.std",
        "core.draws.drawn",
        "core.draws.way",
        "core.haystack.gaussian_near",
        "core.pixel_models.tree",
        "core.neighbours.intrinsic_dimension",
        "core.blur.blurred",
    ),
)
