"""Maximum likelihood makes the dream hard to tell from a black box that can only be sampled.

Lecture: "Warmup: density estimation" [0:25-0:30].
"""

import streamlit as st

from core.lessons import density_choices as options
from core.lessons import density_estimation as lesson
from core.lessons import density_flow as flow
from core.lessons.past_runs import Choice
from core.runs.records import Run, StoreUnavailable
from ui import components, controls, page, runs, watch
from ui.owner import owner

SLUG = "density_estimation"
UNTOUCHED = options.UNTOUCHED.values()
POINTS = "Drawn in the picture, or typed: 20,50 30,60, from 0,0 at the lower left to 100,100."


def choices() -> options.Choices:
    """What the controls stand at."""
    return options.Choices(**controls.values(UNTOUCHED))


def hear(what: object) -> None:
    """Do what a hand has done in the picture."""
    st.session_state.update(lesson.heard(what))


def push() -> None:
    """Push the button of the black box."""
    st.session_state["samples"] = lesson.after_a_push(st.session_state["samples"])


def next_draw() -> None:
    """Let other samples fall."""
    controls.add_one("draw", options.LAST_DRAW)


def wipe() -> None:
    """Take away what was drawn."""
    st.session_state["drawn"] = ""


def press(name: str) -> None:
    """Do what the button of the flow says."""
    shown = watch.shown(SLUG, kind=flow.KIND)
    if name == "stop" and shown.run is not None:
        failure = watch.stop(shown.run)
    else:
        if name == "again":
            controls.add_one("flow_seed", options.LAST_SEED)
        failure = watch.start(flow.config_of(choices()), SLUG)
    st.session_state["density_failure"] = failure


@st.fragment(run_every=0.25)
def await_run() -> None:
    """Run the page again once the run that it has asked for is there."""
    if watch.is_settled(SLUG):
        st.rerun()


def follow(run: Run) -> None:
    """Set the controls as for the run of a link that names it and nothing else, once."""
    is_new = "density_followed" not in st.session_state
    st.session_state["density_followed"] = True
    if is_new and not UNTOUCHED.keys() & st.query_params.keys() and (found := flow.followed(run)):
        controls.set_all(found.values(), UNTOUCHED)


def show_again(run: Run) -> None:
    """Show a training of before, with the controls as they stood."""
    watch.choose(Choice(run.id), SLUG)
    if found := flow.followed(run):
        controls.set_all(found.values(), UNTOUCHED)


def offer_past(run: Run | None) -> None:
    """The reader's flows of before, folded: they are asked for when they are unfolded."""
    with st.expander("Trained before", key="density-past", on_change="rerun") as folded:
        if not folded.open:
            return
        try:
            listed = runs.service().runs(owner(), kind=flow.KIND)
        except StoreUnavailable as error:
            st.error(page.plain(str(error)))
            return
        found = flow.past(listed, run)
        if not found:
            st.caption("Every flow that you train, or look at, is kept here.")
        for each in found:
            st.button(
                each.label,
                key=f"density_past_{each.run.id}",
                type="tertiary",
                disabled=each.is_shown,
                on_click=show_again,
                args=(each.run,),
            )


def mark(label: str, values: tuple[float, ...], key: str) -> None:
    """A slider whose default is that of the page."""
    controls.marks(label, values, UNTOUCHED[key], key=key)


def choose_world() -> str:
    """What is in the box."""
    name = controls.choice("Black box", options.WORLDS, UNTOUCHED["world"], key="world")
    if name == options.DRAWN:
        controls.text("Drawn", UNTOUCHED["drawn"], 700, key="drawn", help=POINTS)
    return name


def choose_draw(curtain: str = "box") -> None:
    """Which samples fall, and whether the box is opened."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        controls.number("Draw", 0, options.LAST_DRAW, UNTOUCHED["draw"], key="draw")
        st.button("Other samples", key="again", on_click=next_draw)
    controls.choice("Curtain", options.BOXES, UNTOUCHED[curtain], key=curtain)


def choose_size(model: str) -> None:
    """How large a model is."""
    if model == "Mixture":
        mark("Parts of the mixture", options.PARTS, "parts")
    if model == "Histogram":
        mark("Cells along an axis", options.BINS, "bins")
        mark("Imagined samples behind it", options.IMAGINED, "imagined")


def choose_box() -> None:
    """The button, and what is in the box."""
    buttons = st.container(horizontal=True, gap="small")
    mark("Samples so far", options.SAMPLES, "samples")
    world = choose_world()
    choose_draw("curtain")
    with buttons:
        st.button("Push the button", key="push", type="primary", on_click=push)
        if world == options.DRAWN:
            st.button("Wipe", key="wipe", on_click=wipe)


def choose_descent() -> None:
    """A model, and what it is fitted to."""
    model = controls.choice("Model :violet[q]", options.MODELS, UNTOUCHED["model"], key="model")
    choose_size(model)
    choose_world()
    mark("Samples", options.SAMPLES, "samples")
    choose_draw()


def choose_few() -> None:
    """A model whose size is varied, and how few samples it sees."""
    mark("Samples", options.SAMPLES, "samples")
    model = controls.choice("Model :violet[q]", options.SIZED, UNTOUCHED["sized"], key="sized")
    choose_size(model)
    if model == "Kernels":
        mark("Width of a kernel", options.WIDTHS, "width")
    choose_world()
    choose_draw()


def choose_ways() -> None:
    """A known world, and where the two descents begin."""
    name = choose_world()
    mark("Gaussians in the model", options.WAY_PARTS, "way_parts")
    mark("Start across", options.PLACES, "start_x")
    if lesson.dims_of(name) == 2:
        mark("Start up", options.PLACES, "start_y")


def choose_flow() -> None:
    """A flow, and what it is trained on."""
    choose_world()
    mark("Samples to train on", options.FLOW_SAMPLES, "flow_samples")
    mark("Maps in the chain", options.FLOW_LAYERS, "flow_layers")
    mark("Steps", options.FLOW_STEPS, "flow_steps")
    with st.expander("Seeds"):
        controls.number("Draw", 0, options.LAST_DRAW, UNTOUCHED["draw"], key="draw")
        controls.number(
            "Start of the flow", 0, options.LAST_SEED, UNTOUCHED["flow_seed"], key="flow_seed"
        )


CONTROLS = dict(
    zip(
        options.VIEWS,
        (choose_box, choose_descent, choose_few, choose_ways, choose_flow),
        strict=True,
    )
)

page.begin(__file__)
presets = {name: case.choices.values() for name, case in options.CASES.items()}
if controls.apply_preset(presets, UNTOUCHED):
    watch.leave(SLUG)
shown = watch.shown(SLUG, kind=flow.KIND)
if shown.run is not None:
    follow(shown.run)
view = controls.pick("View", options.VIEWS, UNTOUCHED["view"], key="view")
left, right = page.bench()

# -- Choose ------------------------------------------------------------------
with left:
    is_live = view == options.FLOW
    button = st.container(key="density-button") if is_live else None
    CONTROLS[view]()
    if is_live:
        offer_past(shown.run)
    page.try_these(
        __file__,
        {
            case.label: controls.preset_address(name, presets[name], UNTOUCHED)
            for name, case in options.cases(view).items()
        },
    )

# -- Compute -----------------------------------------------------------------
if is_live:
    reports = watch.reports(shown.run)
    found = flow.live(
        choices(), shown.run, is_own=shown.is_own, batches=reports, problem=shown.problem
    )
else:
    found = lesson.show(choices())

# -- Show --------------------------------------------------------------------
if isinstance(found, flow.Live) and button is not None:
    with button:
        st.button(
            found.action.label,
            key="press",
            type="primary",
            width="stretch",
            disabled=not found.action.is_ready or shown.is_starting,
            on_click=press,
            args=(found.action.name,),
        )
        if failure := st.session_state.pop("density_failure", None):
            st.error(page.plain(failure))
        if shown.is_starting:
            st.caption("The workers are being started, which takes a few seconds.")
            await_run()
with right:
    if found.data is not None:
        components.density_view(data=found.data, key="density", on_move=hear)
    for sentence in (*found.problems, *controls.refused()):
        st.error(page.plain(sentence))
    st.markdown(found.verdict)
    if found.table is not None:
        with st.container(key="frame-forms"):
            page.table(found.table.headings, found.table.rows, len(found.table.headings) - 1)

# -- Explain -----------------------------------------------------------------
page.prose(f"density/{SLUG}.{options.PROSE[view]}")
page.end(
    __file__,
    code=(
        "core.density.worlds.samples",
        "core.density.worlds.entropy",
        "core.density.worlds.divergence",
        "core.density.models.em_descent",
        "core.density.models.histogram_descent",
        "core.density.models.Kernels",
        "core.density.reverse.reverse_descent",
        "core.density.flow.Flow",
        "core.density.flow.train",
    ),
)
