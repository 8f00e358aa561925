"""A step of training is a handful of sums, and every number of it can be checked.

Lecture: "The VAE in practice", training loop [0:55-1:05].
"""

import streamlit as st

from core.lessons import one_step as lesson
from ui import components, controls, page, watch


def go(by: object) -> None:
    """Walk to the step before or after this one."""
    if by in (-1, 1):
        st.session_state["step"] = lesson.neighbour(st.session_state["step"], by)


def pick(image: object) -> None:
    """Look closely at the image that was clicked."""
    if isinstance(image, int) and 1 <= image <= lesson.BATCH:
        st.session_state["image"] = image


@st.fragment(run_every=0.25)
def await_run() -> None:
    """Run the page again once the run that it has asked for is there."""
    if watch.is_settled("one_step"):
        st.rerun()


page.begin(__file__)
untouched = lesson.UNTOUCHED.values()
presets = {name: preset.choices.values() for name, preset in lesson.PRESETS.items()}
controls.apply_preset(presets, untouched)

# -- Choose ------------------------------------------------------------------
with st.container(horizontal=True, gap="small", vertical_alignment="center", key="one-step-walk"):
    place = st.container(width="content")
    step = controls.pick("Step", lesson.STEPS, lesson.UNTOUCHED.step, key="step")
    with place.container(horizontal=True, gap="small"):
        for name, shortcut, by, end in (("Back", "Left", -1, 0), ("Next", "Right", 1, -1)):
            st.button(
                name,
                key=name.lower(),
                type="primary" if by > 0 else "secondary",
                shortcut=shortcut,
                on_click=go,
                args=(by,),
                disabled=step == lesson.STEPS[end],
            )
left, right = page.bench()
with left:
    if step != "KL by hand":
        name = controls.choice("Model", lesson.MODELS, lesson.UNTOUCHED.model, key="model")
        st.caption(lesson.origin(name))
    if step == "Sample":
        look = controls.choice("Look at", lesson.LOOKS, lesson.UNTOUCHED.look, key="look")
        if look != "One draw":
            controls.marks(
                "Draws for each image", lesson.SAMPLES, lesson.UNTOUCHED.samples, key="samples"
            )
    if step == "Decode":
        controls.marks("**σ** of the Gaussian", lesson.SIGMAS, lesson.UNTOUCHED.sigma, key="sigma")
    if step in ("Loss", "Update"):
        controls.marks("**β**", lesson.BETAS, lesson.UNTOUCHED.beta, key="beta")
    if step == "Update":
        controls.marks("Learning rate", lesson.SIZES, lesson.UNTOUCHED.size, key="size")
    if step == "KL by hand":
        for j in (1, 2):
            for name, label, values in (
                ("mean", f"Mean of z{j}", lesson.MEANS),
                ("log_var", f"Log variance of z{j}", lesson.LOG_VARS),
            ):
                controls.marks(label, values, untouched[f"{name}_{j}"], key=f"{name}_{j}")
        controls.marks("Monte Carlo draws", lesson.DRAWS, lesson.UNTOUCHED.draws, key="draws")
    else:
        with st.container(horizontal=True):
            controls.number("Mini-batch", 1, lesson.LAST_BATCH, 1, key="minibatch")
            if step != "Update":  # which is of the whole mini-batch
                controls.number("Image", 1, lesson.BATCH, 1, key="image")
    if step != "Encode":
        with st.container(horizontal=True, vertical_alignment="bottom"):
            controls.number("Noise seed", 0, lesson.LAST_SEED, 0, key="noise")
            st.button(
                "Draw again",
                key="again",
                icon=":material/casino:",
                on_click=controls.add_one,
                args=("noise", lesson.LAST_SEED),
            )
    for sentence in controls.refused():
        st.error(sentence)

# -- Compute -----------------------------------------------------------------
choices = lesson.Choices(**controls.values(untouched))
shown = watch.kept(lesson.CONFIG, "one_step")
status, problem, model = lesson.status(shown.run), shown.problem, None
if shown.run is not None and status.is_ready:
    run_id = shown.run.id
    model, problem = watch.read(lambda service: lesson.model(service.store, run_id, choices.model))
view = lesson.view(model, choices)

# -- Show --------------------------------------------------------------------
with right:
    if view is None and shown.is_starting:
        st.caption(status.sentence)
        await_run()
    elif view is None and shown.run is not None and status.goes_on:
        components.awaited(shown.run.id, status.sentence, key="awaited")
    elif view is None:
        st.error(problem or status.sentence)
        st.button("Train it", key="train_it", on_click=watch.ask_again, args=("one_step",))
    if view is not None:
        components.step_view(
            data={
                "step": step,
                "panels": list(view.panels),
            },
            key="step_view",
            on_pick=pick,
            on_walk=go,
        )
        with st.container(key="one-step-equation"):
            st.markdown(view.equation)
if view is not None:
    numbers, words = st.columns([3, 2], gap="medium")
    with numbers, st.container(key="frame-wide"):
        if view.table is not None:
            page.table(view.table.headings, view.table.rows, len(view.table.headings) - 1)
    with words:
        for sentence in view.sentences:
            st.markdown(sentence)
page.try_these(
    __file__,
    {
        preset.label: controls.preset_address(name, preset.choices.values(), untouched)
        for name, preset in lesson.PRESETS.items()
    },
)

# -- Explain -----------------------------------------------------------------
page.end(
    __file__,
    code=(
        "core.vae.one_step.one_step",
        "core.vae.one_step.encode",
        "core.vae.one_step.sample",
        "core.vae.one_step.decode",
        "core.vae.one_step.nats_by_pixel",
        "core.vae.closed_form.rate_by_dimension",
        "core.vae.one_step.slopes_of_decoder",
        "core.vae.one_step.slopes_of_encoder",
        "core.vae.one_step.gradient",
        "core.vae.one_step.updated",
        "core.vae.estimators.pathwise",
        "core.vae.estimators.score_function",
        "core.vae.estimators.spreads",
        "core.vae.closed_form.log_ratio",
    ),
)
