"""Learning is a trade: a nat of rate is spent where it saves more than beta nats of distortion.

Lecture: "The VAE in practice" [0:55-1:05].
"""

from typing import Any

import streamlit as st

from core.lessons import doubts as doubts_lesson
from core.lessons import train as lesson
from core.runs.records import Run
from core.vae.config import TrainConfig
from ui import components, controls, page, past_runs, take_home, watch


def described(shown: watch.Shown) -> tuple[lesson.Plan, lesson.View]:
    """What the controls come to, and what the page says of that and the shown run."""
    plan = lesson.plan(lesson.Choices(**controls.values(lesson.UNTOUCHED.values())))
    view = lesson.view(
        plan, shown.run, is_own=shown.is_own, place=shown.place, problem=shown.problem
    )
    return plan, view


def press(name: str) -> None:
    """Do what a button says. As a callback it needs one run of this script, not two."""
    shown = watch.shown("train")
    plan, view = described(shown)
    run, failure = shown.run, None
    if name == "again":
        controls.add_one("seed", lesson.LAST_SEED)
        plan, _ = described(shown)
    if name not in {action.name for action in (view.action, *view.others)}:
        pass  # the run has moved on since the button was drawn
    elif name in ("start", "again"):
        failure = watch.start(plan.config, "train") if plan.config else None
    elif name == "leave":
        watch.leave("train")
    elif run is not None and name == "own":
        failure = watch.go_on(run, lesson.as_it_is(run), "train")
    elif run is not None:
        failure = {"stop": watch.stop, "pause": watch.pause, "resume": watch.resume}[name](run)
    st.session_state["train_failure"] = failure


def steer() -> None:
    """Have the shown run go on with the beta of the slider, if it is the reader's own."""
    shown = watch.shown("train")
    _, view = described(shown)
    if shown.run is not None and view.steers:
        st.session_state["train_failure"] = watch.steer(shown.run, st.session_state["beta"])


def more() -> dict[str, Any]:
    """For how much longer the controls say that a run is to be trained on."""
    untouched = {"more": lesson.MORE_STEPS, "more_peak": lesson.MORE_PEAK}
    steps, peak = (st.session_state.get(name, value) for name, value in untouched.items())
    return {"steps": steps, "peak": peak}


def train_on() -> None:
    """Train the shown run for more steps, as one's own."""
    shown = watch.shown("train")
    _, view = described(shown)
    if shown.run is not None and view.can_go_on:
        longer = lesson.trained_on(shown.run, **more())
        failure = longer.problem
        if longer.config is not None and failure is None:
            failure = watch.go_on(shown.run, longer.config, "train")
        st.session_state["train_failure"] = failure


def begin_with_weights() -> None:
    """Train what the controls describe, starting with the weights of the shown run."""
    shown = watch.shown("train")
    plan, view = described(shown)
    run, config = shown.run, plan.config
    if run is not None and config is not None and view.can_lend:
        failure = watch.begin_with_weights(
            run, lambda step: lesson.from_weights(config, run, step), "train"
        )
        st.session_state["train_failure"] = failure


def train_opened(config: TrainConfig) -> None:
    """Train what a file describes, although the controls cannot show it."""
    failure = lesson.sized(config).problem or watch.start(config, "train")
    st.session_state["train_failure"] = failure


@st.fragment(run_every=0.25)
def await_run() -> None:
    """Run the page again once the run that it has asked for is there."""
    if watch.is_settled("train"):
        st.rerun()


@st.fragment(run_every=0.5)
def await_numbers(run: Run) -> None:
    """Run the page again once more is known of a run that was stopped, or no more will be."""
    now, _ = watch.read(lambda service: service.run(run.id))
    if now is None or now.revision != run.revision or not lesson.is_being_measured(now):
        st.rerun()


def follow(run: Run) -> None:
    """Set the controls as for the run of a link that names it and nothing else, once."""
    is_new = "train_followed" not in st.session_state
    st.session_state["train_followed"] = True
    names = lesson.UNTOUCHED.values()
    if is_new and not names.keys() & st.query_params.keys() and (choices := lesson.followed(run)):
        controls.set_all(choices.values(), names)


page.begin(__file__)
untouched, presets = lesson.UNTOUCHED, lesson.presets()
values = {name: preset.choices.values() for name, preset in presets.items()}
if controls.apply_preset(values, untouched.values()):
    watch.leave("train")
addresses = {
    name: controls.preset_address(name, choices, untouched.values())
    for name, choices in values.items()
}
left, right = page.bench()

# -- Watch -------------------------------------------------------------------
# First, so that the browser follows the run while the rest is still on its way.
shown = watch.shown("train")
beside, run = watch.beside("train", shown.run), shown.run
if run is not None:
    follow(run)
with right:
    steps_per_epoch, labels = lesson.images_of(run)
    components.run_view(
        data={
            "run": run and run.id,
            "attempt": run and run.attempt,
            "state": run and run.state,
            "step": run and run.step,
            "message": run and run.message,
            "pace": 10,
            "address": watch.named(),
            "steps_per_epoch": steps_per_epoch,
            "labels": labels,
            **past_runs.side_by_side(run, beside),
        },
        key="run_view",
    )

# -- Choose ------------------------------------------------------------------
with left:
    controls.choice("Images", lesson.DATASET_NAMES, untouched.data, key="data")
    with st.container(key="frame-main"):
        controls.marks(
            "β, nats of D that a nat of R must save",
            lesson.BETAS,
            untouched.beta,
            key="beta",
            on_change=steer,
        )
    button = st.container(key="train-button")
    page.try_these(
        __file__,
        {preset.label: addresses[name] for name, preset in presets.items() if preset.is_listed},
    )
    with st.expander("Advanced settings"):
        likelihood = controls.choice(
            "Likelihood", lesson.LIKELIHOODS, untouched.likelihood, key="likelihood"
        )
        st.caption(lesson.LIKELIHOODS[likelihood].sentence)
        if likelihood == lesson.WITH_SCALE:
            controls.marks("Scale of a pixel", lesson.SCALES, untouched.scale, key="scale")
        controls.number("Code dimensions", 1, 256, untouched.latent, key="latent")
        controls.words("Widths of hidden layers", untouched.hidden, key="hidden")
        length = controls.choice("Train for", lesson.LENGTHS, untouched.length, key="length")
        if length == "Steps":
            controls.number("Steps", 1, 10_000_000, untouched.steps, key="steps")
        elif length == "Epochs":
            controls.number("Epochs", 1, lesson.LAST_EPOCHS, untouched.epochs, key="epochs")
        controls.number("Batch, images", 1, 4096, untouched.batch, key="batch")
        controls.marks("Peak learning rate", lesson.PEAKS, untouched.peak, key="peak")
        if length != lesson.ENDLESS:
            controls.choice("Schedule", lesson.SCHEDULES, untouched.schedule, key="schedule")
        controls.number("Warm-up of β, steps", 0, 10_000_000, untouched.warmup, key="warmup")
        controls.number("Seed", 0, lesson.LAST_SEED, untouched.seed, key="seed")
        controls.choice("Device", lesson.DEVICES, untouched.device, key="device")
        below_device = st.container()
        controls.choice("Precision", lesson.PRECISIONS, untouched.precision, key="precision")

# -- Compute -----------------------------------------------------------------
plan, view = described(shown)

# -- Show --------------------------------------------------------------------
action = view.action
with button:
    st.button(
        action.label,
        key="press",
        type="primary",
        icon=action.icon,
        width="stretch",
        disabled=not view.is_ready or shown.is_starting,
        on_click=press,
        args=(action.name,),
    )
    if view.others:
        with st.container(horizontal=True, gap="small"):
            for other in view.others:
                st.button(
                    other.label,
                    key=f"press_{other.name}",
                    icon=other.icon,
                    width="stretch",
                    on_click=press,
                    args=(other.name,),
                )
    failure = st.session_state.pop("train_failure", None)
    if failure and failure not in view.errors:
        st.error(failure)
    if shown.is_starting:
        st.caption("The workers are being started, which takes a few seconds.")
        await_run()
    for error in (*view.errors, *controls.refused()):
        st.error(error)
    for note in view.notes:
        st.caption(note)
    if run is not None and view.can_lend:
        with st.expander("Go on from this run"):
            if view.can_go_on:
                controls.number("More steps", 1, 10_000_000, lesson.MORE_STEPS, key="more")
                controls.marks(
                    "Peak of their learning rate", lesson.PEAKS, lesson.MORE_PEAK, key="more_peak"
                )
                longer = lesson.trained_on(run, **more())
                if longer.problem or longer.note:
                    (st.error if longer.problem else st.caption)(longer.problem or longer.note)
                st.button(
                    "Train on",
                    key="train_on",
                    width="stretch",
                    on_click=train_on,
                    disabled=longer.problem is not None,
                )
            step, problem = watch.last_weights(run)
            st.caption("Train what the controls describe, but not from nothing:")
            st.button(
                "Start from its weights"
                if step is None
                else f"Start from the weights of step {step:,}",
                key="from_weights",
                width="stretch",
                on_click=begin_with_weights,
                disabled=step is None or plan.problem is not None,
            )
            if problem is not None:
                st.error(problem)

if run is not None and beside.runs:
    past_runs.table(run, beside)
numbers, words = st.columns([3, 2], gap="medium")
with numbers:
    if view.measured and not beside.runs:
        st.markdown("**Measured on test images**, once the training is over")
        rows = [(line.label, line.value, line.images) for line in view.measured]
        page.table(("measured", "mean ± standard error", "images"), rows)
        st.caption(view.caveat or "")
    if run is not None and lesson.is_being_measured(run):
        await_numbers(run)
    if run is not None and run.is_final and run.state != "failed":
        page.link_with("generate", "Generate with this model", {"run": run.id})
    take_home.show(run, untouched.values(), train=train_opened)
    past_runs.panel("train", beside)
with words:
    page.notice(__file__)
if view.device_note is not None:
    below_device.caption(view.device_note)

# Two doubts, answered where they arise.
doubts = doubts_lesson.doubts(plan.config, watch.reports(shown.run))
if doubts.beta_note is not None:
    button.caption(doubts.beta_note)
with words:
    if doubts.rise is not None:
        st.markdown(doubts.rise.sentence)
    with st.expander("Is it broken?"):
        for doubt in doubts.folded:
            st.markdown(f"**{doubt.question}** {doubt.answer}")
            page.shown_by(__file__, presets[doubt.preset].label, addresses[doubt.preset])

# -- Explain -----------------------------------------------------------------
page.end(
    __file__,
    code=(
        "core.vae.objective.rate",
        "core.vae.likelihoods.distortion",
        "core.vae.objective.distortion_and_rate",
        "core.vae.objective.objective",
        "core.vae.model.encode",
        "core.vae.model.sample",
        "core.vae.model.decode",
        "core.vae.training.train",
    ),
)
