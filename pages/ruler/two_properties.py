"""KL is never negative, and whoever sees less gathers no more of it.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import streamlit as st

from core.lessons import two_properties as lesson
from ui import components, controls, page

UNTOUCHED = lesson.UNTOUCHED.values()
TABLE = "2 to 12 chances with commas between them, which sum to 1."
JOINT = "Row after row, x down and z across: .45, .05; .05, .45"


def hear(what: object) -> None:
    """Do what a hand has done in the picture."""
    st.session_state.update(lesson.heard(what))


def next_draw() -> None:
    """Take the next draws."""
    controls.add_one("draw", lesson.LAST_DRAW)


def mark(label: str, values: tuple[float, ...], key: str) -> None:
    """A slider whose default is that of the page."""
    controls.marks(label, values, UNTOUCHED[key], key=key)


def typed(label: str, key: str, help: str | None = None) -> None:
    """A text whose default is that of the page."""
    controls.words(label, UNTOUCHED[key], key=key, help=help)


def choose_tables() -> None:
    """Chances of the same outcomes in both worlds."""
    typed("Table of :blue[P]", "p", TABLE)
    typed("Table of :violet[Q]", "q", TABLE)


def choose_surface() -> None:
    """A family, and two of its laws."""
    family = controls.choice("Family", lesson.SURFACES, UNTOUCHED["surface"], key="surface")
    if family == lesson.SURFACES[0]:
        mark("Heads under :blue[P]", lesson.CHANCES, "coin_p")
        mark("Heads under :violet[Q]", lesson.CHANCES, "coin_q")
    elif family == lesson.SURFACES[1]:
        mark("Mean of :blue[P]", lesson.MEANS, "mean")
        mark("Standard deviation of :blue[P]", lesson.SCALES, "scale")
    else:
        mark("Mean under :blue[P]", lesson.POISSON_MEANS, "count_p")
        mark("Mean under :violet[Q]", lesson.POISSON_MEANS, "count_q")


def choose_runs() -> None:
    """What runs are drawn from, and how long they are."""
    world = controls.choice("Two worlds", lesson.WORLDS, UNTOUCHED["world"], key="world")
    if world == lesson.WORLDS[0]:
        mark("Distance of the means, in standard deviations", lesson.SHIFTS[30:], "shift")
    else:
        with st.container(horizontal=True, gap="small"):
            typed("Heads for :blue[P]", "heads_p", lesson.WAYS)
            typed("Heads for :violet[Q]", "heads_q", lesson.WAYS)
    controls.marks("Samples in a run", lesson.SAMPLES, UNTOUCHED["samples"], key="samples")
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        controls.number("Draw", 0, lesson.LAST_DRAW, UNTOUCHED["draw"], key="draw")
        st.button("New draws", key="again", type="primary", on_click=next_draw)


def choose_joint() -> None:
    """Two joint tables, and which of the two is seen."""
    typed("Table of :blue[P]", "p_joint", JOINT)
    typed("Table of :violet[Q]", "q_joint", JOINT)
    controls.choice("Seen", lesson.SEEN, UNTOUCHED["seen"], key="seen")


def choose_gaussians() -> None:
    """Shift and correlations of two Gaussians in a plane."""
    with st.container(horizontal=True, gap="medium"):
        mark("Shift of x", lesson.SHIFTS, "shift_x")
        mark("Shift of z", lesson.SHIFTS, "shift_z")
    mark("Correlation under :blue[P]", lesson.CORRELATIONS, "rho_p")
    mark("Correlation under :violet[Q]", lesson.CORRELATIONS, "rho_q")


def choose_merged() -> None:
    """Two tables, and which outcomes are no longer told apart."""
    choose_tables()
    typed("Groups", "groups", "One number for each outcome; equal numbers are merged.")


def choose_noise() -> None:
    """Two tables, and how noisy the channel is."""
    choose_tables()
    mark("Noise, chance that an outcome is replaced", lesson.NOISES, "noise")


def choose_bound() -> None:
    """How far Q has gone, and the tables it goes between."""
    mark("Way of :violet[Q], from start to end", lesson.MIXES, "mix")
    with st.expander("The three tables"):
        typed("Table of :blue[P]", "p_joint", JOINT)
        typed("Table of :violet[Q], start", "q_joint", JOINT)
        typed("Table of :violet[Q], end", "r_joint", JOINT)


CONTROLS = {
    "Never negative": choose_tables,
    "Surface": choose_surface,
    "Misled runs": choose_runs,
    "Joint table": choose_joint,
    "Gaussians": choose_gaussians,
    "Merged": choose_merged,
    "Noise": choose_noise,
    "The bound": choose_bound,
}

page.begin(__file__)
presets = {name: case.choices.values() for name, case in lesson.CASES.items()}
controls.apply_preset(presets, UNTOUCHED)
view = controls.pick("View", lesson.VIEWS, UNTOUCHED["view"], key="view")
left, right = page.bench()

# -- Choose ------------------------------------------------------------------
with left:
    CONTROLS[view]()
    with st.expander("Unit"):
        controls.choice("Unit of evidence", lesson.UNITS, UNTOUCHED["unit"], key="unit")
    page.try_these(
        __file__,
        {
            case.label: controls.preset_address(name, presets[name], UNTOUCHED)
            for name, case in lesson.cases(view).items()
        },
    )

# -- Compute -----------------------------------------------------------------
found = lesson.show(lesson.Choices(**controls.values(UNTOUCHED)))

# -- Show --------------------------------------------------------------------
with right:
    if found.data is not None:
        components.properties_view(data=found.data, key="properties", on_move=hear)
    for sentence in (*found.problems, *controls.refused()):
        st.error(page.plain(sentence))
    st.markdown(found.verdict)
    if found.table is not None:
        with st.container(key="frame-forms"):
            page.table(found.table.headings, found.table.rows, len(found.table.headings) - 1)

# -- Explain -----------------------------------------------------------------
page.prose(f"ruler/two_properties.{view.lower().replace(' ', '_')}")
page.end(
    __file__,
    code=(
        "core.divergence.surplus",
        "core.divergence.table_kl",
        "core.sequential.misled",
        "core.divergence.table_decomposition",
        "core.divergence.gaussian_decomposition",
        "core.divergence.coarse_grained",
        "core.divergence.loses_nothing",
        "core.divergence.through_channel",
    ),
)
