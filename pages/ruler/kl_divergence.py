"""KL divergence is the expected weight of evidence: how fast samples tell two worlds apart.

Lecture: "KL divergence: the right ruler" [0:05-0:20].
"""

import streamlit as st

from core.lessons import kl_divergence as lesson
from ui import components, controls, page

UNTOUCHED = lesson.UNTOUCHED.values()
MANY = "kl_divergence_many"
WORLDS = {"p": ":blue[P]", "q": ":violet[Q]"}


def choices() -> lesson.Choices:
    """Where the controls stand."""
    return lesson.Choices(**controls.values(UNTOUCHED))


def hear(what: object) -> None:
    """Do what a hand has done in the picture."""
    st.session_state.update(lesson.heard(what))


def flip(times: int) -> None:
    """Flip the coin so many times more."""
    st.session_state.update(lesson.flipped(choices(), times))


def start_over() -> None:
    """Flip another coin of the same kind, from the first toss on."""
    st.session_state["flips"] = 0
    next_draw()


def next_draw() -> None:
    """Take the next draws."""
    controls.add_one("draw", lesson.LAST_DRAW)


def draw_many() -> None:
    """Draw more and longer runs, which are shown until a control moves."""
    chosen = choices()
    st.session_state[MANY] = chosen, lesson.show(chosen, lesson.LARGE)


def shown(chosen: lesson.Choices) -> lesson.Shown:
    """What the view shows: of more and longer runs, where those have just been drawn."""
    of, many = st.session_state.get(MANY, (None, None))
    return many if of == chosen and many is not None else lesson.show(chosen)


def mark(label: str, values: tuple[float, ...], key: str) -> None:
    """A slider whose default is that of the page."""
    controls.marks(label, values, UNTOUCHED[key], key=key)


def pair(*sliders: tuple[str, tuple[float, ...], str]) -> None:
    """Two sliders side by side, as short as they may be."""
    for column, slider in zip(st.columns(len(sliders), gap="small"), sliders, strict=True):
        with column:
            mark(*slider)


def typed(label: str, key: str, help: str | None = None) -> None:
    """A text whose default is that of the page."""
    controls.words(label, UNTOUCHED[key], key=key, help=help)


def pick_density(which: str) -> None:
    """Controls of the density of P or of Q."""
    family = controls.choice(WORLDS[which], lesson.FAMILIES, UNTOUCHED[which], key=which)
    pair(
        (f"Centre of {WORLDS[which]}", lesson.MEANS, f"{which}_mean"),
        (f"Scale of {WORLDS[which]}", lesson.SCALES, f"{which}_scale"),
    )
    if family == lesson.MIXTURE:
        pair(
            ("Distance of parts", lesson.APARTS, f"{which}_apart"),
            ("Share of the left", lesson.SHARES, f"{which}_share"),
        )


def pick_coins() -> None:
    """Chances of heads of both coins."""
    with st.container(horizontal=True, gap="small"):
        typed("Heads for :blue[P]", "heads_p", lesson.WAYS)
        typed("Heads for :violet[Q]", "heads_q", lesson.WAYS)


def pick_unit() -> None:
    """The unit of evidence."""
    controls.choice("Unit of evidence", lesson.UNITS, UNTOUCHED["unit"], key="unit")


def pick_draw() -> None:
    """Which draws, and a press for the next."""
    st.button("New draws", key="again", icon=":material/casino:", on_click=next_draw)
    controls.number("Draw", 0, lesson.LAST_DRAW, UNTOUCHED["draw"], key="draw")


def choose_integrand() -> None:
    """Two densities."""
    pick_density("p")
    pick_density("q")
    with st.expander("Unit, draws"):
        pick_unit()
        pick_draw()


def choose_runs(view: str) -> None:
    """What is drawn from, and what ends a race."""
    with st.container(horizontal=True, gap="small"):
        controls.choice("Samples from", lesson.WORLDS, UNTOUCHED["source"], key="source")
        of = controls.choice("Sampled", lesson.PAIRS, UNTOUCHED["of"], key="of")
    if view == "Samples":
        controls.marks("Samples in view", lesson.HORIZONS, UNTOUCHED["horizon"], key="horizon")
    else:
        with st.container(horizontal=True, gap="small"):
            typed("Threshold", "threshold", lesson.WAYS)
            ends = "One for the true world; or as much evidence for the other ends a run as well."
            controls.choice("Thresholds", lesson.ENDS, UNTOUCHED["ends"], key="ends", help=ends)
    with st.container(horizontal=True, gap="small"):
        st.button("New draws", key="again", type="primary", width="stretch", on_click=next_draw)
        st.button("10,000 runs of 1,000", key="many", width="stretch", on_click=draw_many)
    with st.expander("The two coins" if of == lesson.PAIRS[1] else "The two densities"):
        if of == lesson.PAIRS[1]:
            pick_coins()
        else:
            pick_density("p")
            pick_density("q")
    with st.expander("Unit, draw"):
        pick_unit()
        controls.number("Draw", 0, lesson.LAST_DRAW, UNTOUCHED["draw"], key="draw")


def choose_coins() -> None:
    """Two coins, one of which is flipped."""
    pick_coins()
    with st.container(horizontal=True, gap="small"):
        controls.choice("Coin that is flipped", lesson.WORLDS, UNTOUCHED["source"], key="source")
        controls.number("Flips so far", 0, lesson.MOST_FLIPS, UNTOUCHED["flips"], key="flips")
    with st.container(horizontal=True, gap="small"):
        st.button("Flip", key="flip", type="primary", width="stretch", on_click=flip, args=(1,))
        st.button("Flip 10", key="flip_ten", width="stretch", on_click=flip, args=(10,))
        st.button("Start over", key="again", width="stretch", on_click=start_over)
    with st.expander("Threshold, unit, draw"):
        typed("Threshold", "threshold", lesson.WAYS)
        pick_unit()
        controls.number("Draw", 0, lesson.LAST_DRAW, UNTOUCHED["draw"], key="draw")


def choose_fits() -> None:
    """A mixture of two Gaussians, and one Gaussian of the reader's own."""
    st.markdown("The mixture :blue[P]")
    pair(
        ("Distance of bumps", lesson.APARTS, "apart"),
        ("Share of the left", lesson.SHARES, "share"),
    )
    mark("Scale of each", lesson.PARTS, "part")
    st.markdown("Your Gaussian :violet[Q]")
    pair(
        ("Mean", lesson.MEANS, "own_mean"),
        ("Standard deviation", lesson.SCALES, "own_scale"),
    )
    with st.expander("Unit"):
        pick_unit()


def choose_families() -> None:
    """A family, and the shapes of two of its laws."""
    family = controls.choice("Family", lesson.KINDS, UNTOUCHED["family"], key="family")
    if family == "Table":
        pick_tables()
    elif family == "Coin":
        pick_coins()
    elif family == "Poisson":
        mark("Mean of :blue[P]", lesson.POISSON_MEANS, "poisson_p")
        mark("Mean of :violet[Q]", lesson.POISSON_MEANS, "poisson_q")
    elif family == "Exponential":
        mark("Rate of :blue[P]", lesson.RATES, "rate_p")
        mark("Rate of :violet[Q]", lesson.RATES, "rate_q")
    elif family == "Beta":
        for which, name in WORLDS.items():
            pair(
                (f"First shape of {name}", lesson.SHAPES, f"alpha_{which}"),
                (f"Second shape of {name}", lesson.SHAPES, f"beta_{which}"),
            )
    else:
        for which, name in WORLDS.items():
            typed(f"Mean of {name}", f"mean_{which}", "Up to 8 numbers: 0, 1.5")
            typed(f"Covariance of {name}", f"cov_{which}", "Row after row: 1, 0.5; 0.5, 1")
    with st.expander("Unit, draws"):
        pick_unit()
        pick_draw()


def pick_tables() -> None:
    """Two tables of chances."""
    help = "2 to 12 chances with commas between them, which sum to 1."
    typed("Table of :blue[P]", "table_p", help)
    typed("Table of :violet[Q]", "table_q", help)


def choose_units() -> None:
    """Two laws of heights, and the unit they are measured in."""
    measures = list(lesson.MEASURES)
    controls.choice("Unit of length", measures, UNTOUCHED["measure"], key="measure")
    for which, name in WORLDS.items():
        pair(
            (f"Mean of {name}, cm", lesson.HEIGHTS, f"height_{which}"),
            (f"Sd of {name}, cm", lesson.SPREADS, f"spread_{which}"),
        )
    with st.expander("Unit of evidence"):
        pick_unit()


page.begin(__file__)
presets = {name: case.choices.values() for name, case in lesson.CASES.items()}
controls.apply_preset(presets, UNTOUCHED)
view = controls.pick("View", lesson.VIEWS, UNTOUCHED["view"], key="view")
left, right = page.bench()

# -- Choose ------------------------------------------------------------------
CONTROLS = {
    "Integrand": choose_integrand,
    "Coins": choose_coins,
    "Two fits": choose_fits,
    "Families": choose_families,
    "Units": choose_units,
    "Codes": pick_tables,
}
with left:
    if view in lesson.SAMPLED:
        choose_runs(view)
    else:
        CONTROLS[view]()
    page.try_these(
        __file__,
        {
            case.label: controls.preset_address(name, presets[name], UNTOUCHED)
            for name, case in lesson.cases(view).items()
        },
    )

# -- Compute -----------------------------------------------------------------
found = shown(choices())

# -- Show --------------------------------------------------------------------
with right:
    if found.data is not None:
        components.divergence_view(data=found.data, key="divergence", on_move=hear)
    for sentence in (*found.problems, *controls.refused()):
        st.error(page.plain(sentence))
    st.markdown(found.verdict)
    if found.table is not None:
        with st.container(key="frame-forms"):
            page.table(found.table.headings, found.table.rows, len(found.table.headings) - 1)

# -- Explain -----------------------------------------------------------------
page.prose(f"ruler/kl_divergence.{view.lower().replace(' ', '_')}")
page.end(
    __file__,
    code=(
        "core.divergence.surplus",
        "core.divergence.table_kl",
        "core.divergence.gaussian_kl",
        "core.divergence.multivariate_gaussian_kl",
        "core.densities.kl_by_quadrature",
        "core.densities.kl_by_sampling",
        "core.sequential.running_totals",
        "core.sequential.race",
        "core.sequential.Wald",
        "core.fits.fit_both",
    ),
)
