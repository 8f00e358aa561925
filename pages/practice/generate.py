"""Discard the encoder: draw a code from the prior, decode it, and look for the holes.

Lecture: "The VAE in practice" [0:55-1:05].
"""

from typing import Any

import streamlit as st

from core.lessons import generate as lesson
from core.lessons.past_runs import title
from core.runs.records import Run, StoreUnavailable
from core.vae.config import TrainConfig
from ui import components, controls, models, page, past_runs, watch

INSTEAD = "The usual training is shown instead."


@st.fragment(run_every=0.25)
def await_run(name: str) -> None:
    """Run the page again once the run that it has asked for under this name is there."""
    if watch.is_settled(name):
        st.rerun()


def shown_run() -> watch.Shown:
    """The run in the address; the usual training where there is none, begun if need be."""
    shown = watch.shown("generate", INSTEAD)
    if shown.run is None and not shown.is_starting:
        failure = watch.start(lesson.plain(), "generate")
        problem, shown = failure or shown.problem, watch.shown("generate", INSTEAD)
        if problem is not None:
            st.error(problem)
    return shown


def keep(name: str, text: str | None) -> None:
    """Write into the address what the hand has left, once."""
    memory = f"generate_{name}"
    if text is not None and st.session_state.get(memory) != text:
        st.session_state[memory] = text
        st.query_params[name] = text


def forget_another_run(run: Run) -> None:
    """Take codes and images of the run shown before out of the address."""
    before = st.session_state.get("generate_of", run.id)
    st.session_state["generate_of"] = run.id
    if before != run.id:
        for name in ("z", "pair"):
            st.session_state.pop(f"generate_{name}", None)
            if name in st.query_params:
                del st.query_params[name]


def next_draw() -> None:
    """Take the next draw of noise."""
    controls.add_one("draw", lesson.LAST_DRAW)


def described(run: Run, found: lesson.Subject, step: int, member: int = 0) -> dict[str, Any]:
    """What the browser is told of a model."""
    assert found.config is not None
    return {"run": run.id, "step": step, **lesson.facts(found.config, member)}


def want_twin(name: str) -> None:
    """Have the run beside the shown one trained, though it takes a while."""
    st.session_state["generate_twin"] = name


def run_beside(config: TrainConfig, beside: watch.Beside) -> watch.Shown:
    """The run that stands beside the shown one: the reader's choice, or its twin."""
    if beside.runs:
        return watch.Shown(run=beside.runs[0])
    twin, name = lesson.twin(config), lesson.twin_name(config)
    if lesson.is_quick(twin) or st.session_state.get("generate_twin") == name:
        return watch.kept(twin, name)
    return watch.Shown()


page.begin(__file__)
untouched = lesson.UNTOUCHED
presets = {name: preset.choices.values() for name, preset in lesson.PRESETS.items()}
controls.apply_preset(presets, untouched.values())
shown = shown_run()
run = shown.run
beside = watch.beside("generate", run)
subject = None
if run is not None:
    forget_another_run(run)
    try:
        subject = lesson.subject(run, models.steps(run))
    except StoreUnavailable as error:
        st.error(str(error))
view = controls.pick("View", lesson.VIEWS, untouched.view, key="view")
left, right = page.bench()

# -- Choose ------------------------------------------------------------------
is_waiting = run is not None and lesson.is_awaited(run, subject)
step = member = 0
with left:
    if run is not None:
        st.caption(f"**{title(run, beside.names.get(run.id))}**")
    if subject is not None and subject.note and not is_waiting:
        st.caption(subject.note)
is_shown = subject is not None and bool(subject.steps) and not is_waiting
study, problem, dims = None, None, {}
if is_shown:
    assert run is not None
    assert subject is not None
    assert subject.config is not None
    config = subject.config
    with left:
        step = subject.last
        if len(subject.steps) > 1:
            controls.forget("snapshot", subject.steps)
            step = controls.marks(
                "Snapshot, after steps", subject.steps, subject.last, key="snapshot"
            )
        if config.members > 1:
            names = lesson.models(config)
            controls.forget("member", names)
            member = names.index(controls.choice("Model", names, names[0], key="member"))
    try:
        if view in ("Holes", "Unlikely") or config.latent_dim > 2:
            study = models.studied(run.id, int(step), member)
    except (LookupError, ValueError, StoreUnavailable) as error:
        problem = str(error)
    dims = {"across": 1, "up": 2}
    if study is not None:
        dims = dict(zip(dims, lesson.widest(study), strict=True))
    with left:
        if config.latent_dim > 2 and view in ("Explore", "Holes", "Draw"):
            for column, (key, first) in zip(st.columns(2), dims.items(), strict=True):
                controls.forget(key, range(1, config.latent_dim + 1))
                with column:
                    label = f"{key.capitalize()}, dimension"
                    dims[key] = controls.number(label, 1, config.latent_dim, first, key=key)
        if view in ("Explore", "Samples", "Draw"):
            controls.choice("Shown", lesson.LOOKS, untouched.shown, key="shown")
        if view == "Samples":
            controls.marks(
                "Temperature, sd of the draws",
                lesson.TEMPERATURES,
                untouched.temperature,
                key="temperature",
            )
        if view == "Samples" or st.session_state.get("shown", untouched.shown) != untouched.shown:
            with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
                controls.number("Draw", 0, lesson.LAST_DRAW, untouched.draw, key="draw")
                st.button("New draw", key="press", type="primary", on_click=next_draw)
        page.try_these(
            __file__,
            {
                preset.label: controls.preset_address(name, presets[name], untouched.values())
                | lesson.places(preset, config.latent_dim)
                for name, preset in lesson.PRESETS.items()
            },
        )
for error in controls.refused():
    left.error(error)

# -- Compute -----------------------------------------------------------------
choices = lesson.Choices(**controls.values(untouched.values()))
twin, found = watch.Shown(), None
other_study: lesson.Study | None = None
if is_shown and view == "Holes" and study is not None:
    assert subject is not None
    assert subject.config is not None
    twin = run_beside(subject.config, beside)
    try:
        if twin.run is not None:
            found = lesson.subject(twin.run, models.steps(twin.run))
            if found.steps and not lesson.is_awaited(twin.run, found):
                other_study = models.studied(twin.run.id, found.last)
    except (LookupError, ValueError, StoreUnavailable) as error:
        twin = watch.Shown(problem=str(error))

# -- Show --------------------------------------------------------------------
if shown.is_starting:
    right.caption("The workers are being started, which takes a few seconds.")
    with right:
        await_run("generate")
elif run is not None and is_waiting:
    with right:
        st.markdown("There is no trained model here yet, so one is trained first.")
        components.awaited(run.id, lesson.waiting(run, shown.place), key="awaited")
elif subject is not None and not is_shown:
    right.error(subject.problem or "This run has kept no weights.")
elif problem is not None:
    right.error(problem)
elif is_shown:
    assert run is not None
    assert subject is not None
    assert subject.config is not None
    config = subject.config
    left_behind = st.session_state.get("explorer") or {}
    keep("z", lesson.code_text(left_behind.get("z"), config.latent_dim))
    keep("pair", lesson.pair_text(left_behind.get("pair"), lesson.held_out(config)))
    place = lesson.place_of(st.query_params.get("z"), config.latent_dim)
    pair = lesson.pair_of(st.query_params.get("pair"), lesson.held_out(config))
    plane, wrong = lesson.plane(dims["across"], dims["up"], config.latent_dim)
    for sentence in (place.problem, pair.problem, wrong):
        if sentence is not None:
            left.error(sentence)
    second, second_plane = None, plane
    studies: dict[str, lesson.Study] = {}
    if study is not None and view == "Holes":
        studies[f"shown, {lesson.models(config)[member]}"] = study
    if other_study is not None and twin.run is not None and found is not None:
        second = described(twin.run, found, found.last)
        second_plane = lesson.plane_beside(plane, config.latent_dim, other_study)
        studies[f"beside, {second['name']}"] = other_study
    with right:
        components.explorer(
            data={
                "view": view,
                "model": described(run, subject, int(step), member),
                "beside": second,
                "z": list(place.z),
                "pair": list(pair.images),
                "dims": list(plane),
                "dims_beside": list(second_plane),
                "look": lesson.LOOKS[choices.shown],
                "seed": choices.draw,
                "temperature": choices.temperature,
                "gaps": [lesson.gaps_of(each) for each in studies.values()] or None,
                "cuts": [lesson.in_line(each.surgery) for each in studies.values()],
                "extremes": lesson.extremes_of(study) if view == "Unlikely" and study else None,
            },
            key="explorer",
        )
        if studies:
            with st.container(key="frame-wide"):
                page.table(*lesson.holes_table(studies))
            st.caption(lesson.holes_caption(study.surgery) if study else "")
    if view == "Holes":
        with left:
            if twin.problem or (found is not None and found.problem):
                st.error(twin.problem or (found and found.problem) or "")
            elif twin.is_starting:
                await_run(lesson.twin_name(config))
            elif twin.run is not None and other_study is None:
                components.awaited(
                    twin.run.id, lesson.waiting(twin.run, twin.place), key="awaited_twin"
                )
            elif twin.run is None:
                st.button(
                    f"Train it with {lesson.models(lesson.twin(config))[0]} as well",
                    key="want_twin",
                    on_click=want_twin,
                    args=(lesson.twin_name(config),),
                )

words, panel = st.columns([3, 2], gap="medium")
with words:
    page.prose(f"practice/generate.{view.lower()}")
with panel:
    past_runs.panel("generate", beside)

# -- Explain -----------------------------------------------------------------
page.end(
    __file__,
    code=(
        "core.vae.model.decode",
        "core.vae.likelihoods.mean_image",
        "core.vae.one_step.decode",
        "core.vae.aggregate.draw",
        "core.vae.aggregate.log_density",
        "core.vae.aggregate.surgery",
        "core.vae.aggregate.gaps",
    ),
)
