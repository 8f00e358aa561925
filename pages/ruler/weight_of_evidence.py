"""Beliefs add: prior log-odds plus the weight of each observation are the posterior log-odds.

Lecture: "Weight of evidence" [0:05-0:20].
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.lessons import weight_of_evidence as lesson
from ui import components, controls, page

UNTOUCHED = lesson.UNTOUCHED.values()
FAILURE = "weight_of_evidence_failure"


def choices() -> lesson.Choices:
    """Where the controls stand."""
    return lesson.Choices(**controls.values(UNTOUCHED))


def change(answer: Callable[..., dict[str, Any]], *of: Any) -> None:  # noqa: ANN401 - passed on
    """Move controls as the lesson answers, in a callback: they are made afterwards."""
    try:
        st.session_state.update(answer(choices(), *of))
    except ValueError as error:
        st.session_state[FAILURE] = str(error)


def type_weight() -> None:
    """Have the observation weigh what was typed."""
    change(lesson.typed, "weight", st.session_state["typed_weight"])


def type_posterior() -> None:
    """Have the belief end where was typed."""
    change(lesson.typed, "posterior", st.session_state["typed_posterior"])


def hear(what: object) -> None:
    """Do what a hand has done in one of the pictures."""
    change(lesson.heard, what)


page.begin(__file__)
untouched = lesson.UNTOUCHED
cases = {name: case.choices.values() for name, case in lesson.CASES.items()}
controls.apply_preset(cases, UNTOUCHED)
left, right = page.bench()

# -- Choose ------------------------------------------------------------------
with left:
    controls.words("Prior for :blue[P]", untouched.prior, key="prior", help=lesson.WAYS)
    with st.container(horizontal=True, gap="small"):
        controls.words("Pr(X | :blue[P])", untouched.given_p, key="given_p", help=lesson.WAYS)
        controls.words("Pr(X | :violet[Q])", untouched.given_q, key="given_q", help=lesson.WAYS)
    results = st.container(horizontal=True, gap="small")
    st.button(
        "Observe X once more",
        key="again",
        type="primary",
        icon=":material/add:",
        width="stretch",
        on_click=change,
        args=(lesson.once_more,),
    )
    page.try_these(
        __file__,
        {
            lesson.CASES[name].label: controls.preset_address(name, values, UNTOUCHED)
            for name, values in cases.items()
        },
    )
    with st.expander("Name, repetitions, copies, unit"):
        controls.words("Name of X", untouched.name, key="name")
        controls.number("Times in a row", 1, lesson.MOST_TIMES, untouched.times, key="times")
        controls.marks(
            "Chance of a copy, of the same one just before",
            lesson.COPIES,
            untouched.copies,
            key="copies",
        )
        controls.choice("Unit of evidence", lesson.UNITS, untouched.unit, key="unit")
        controls.text(
            "Observed earlier: name, Pr(X | P), Pr(X | Q), times; and so on",
            untouched.earlier,
            lesson.MOST_CHARACTERS,
            key="earlier",
        )

# -- Compute -----------------------------------------------------------------
chosen = choices()
account, unit = lesson.account(chosen), lesson.UNITS[chosen.unit]

# -- Show --------------------------------------------------------------------
with results:
    controls.result(
        "Weight of X", account.result("weight", unit), key="typed_weight", on_change=type_weight
    )
    controls.result(
        "Posterior for :blue[P]",
        account.result("posterior", unit),
        key="typed_posterior",
        on_change=type_posterior,
    )
with right:
    components.belief_view(
        data=account.for_browser(chosen),
        key="belief",
        on_move=hear,
    )
    failures = [failure] if (failure := st.session_state.pop(FAILURE, None)) else []
    refused = controls.refused()
    for sentence in (*account.problems, *failures, *refused):
        st.error(page.plain(sentence))
    st.markdown(account.verdict)

numbers, words = st.columns([7, 3], gap="medium")
with numbers, st.container(key="frame-forms"):
    page.table(("for P", *lesson.HEADINGS), account.table, numbers=len(lesson.HEADINGS))
with words:
    if account.case is not None:
        st.markdown(account.case.story)
    if account.order is not None:
        st.markdown(account.order)
    page.notice(__file__)
if account.case is not None and account.case.figures:
    rows = [(figure.label, figure.value) for figure in account.case.figures]
    page.table(("of this case", "figure"), rows)

st.header("Two densities, one point", anchor=False)
page.prose("ruler/weight_of_evidence.densities")
left, right = page.bench("densities")
with left:
    for letter, key in ((":blue[P]", "p"), (":violet[Q]", "q")):
        family = controls.choice(letter, lesson.FAMILIES, UNTOUCHED[key], key=key)
        with st.container(horizontal=True, gap="medium"):
            mean, scale = f"{key}_mean", f"{key}_scale"
            controls.marks(f"Centre of {letter}", lesson.MEANS, UNTOUCHED[mean], key=mean)
            controls.marks(f"Scale of {letter}", lesson.SCALES, UNTOUCHED[scale], key=scale)
        if family == lesson.MIXTURE:
            with st.container(horizontal=True, gap="medium"):
                apart, share = f"{key}_apart", f"{key}_share"
                controls.marks("Distance of parts", lesson.APARTS, UNTOUCHED[apart], key=apart)
                controls.marks("Share of the left", lesson.SHARES, UNTOUCHED[share], key=share)
    controls.marks("Point x", lesson.PLACES, untouched.x, key="x")
beside = choices()
at_point = lesson.at_point(beside)
with right:
    components.densities_view(
        data={
            "x": beside.x,
            "unit": unit,
            **at_point.laws,
        },
        key="densities",
        on_move=hear,
    )
    for sentence in controls.refused():
        if sentence not in refused:
            st.error(page.plain(sentence))
    st.markdown(at_point.verdict)

# -- Explain -----------------------------------------------------------------
page.end(
    __file__,
    code=(
        "core.evidence.log_odds",
        "core.evidence.weight_of_evidence",
        "core.evidence.posterior_log_odds",
        "core.evidence.Observation",
        "core.evidence.ledger",
        "core.notation.read",
    ),
)
