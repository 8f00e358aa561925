"""Two worlds, written as factors, and the objective follows: the recipe behind eleven methods.

Lecture: "The universal recipe" [0:20-0:25].
"""

import streamlit as st

from core.lessons import universal_recipe as lesson
from ui import components, controls, page

UNTOUCHED = lesson.UNTOUCHED.values()
GRAMMAR = "Factors such as p(x) p(z|x)\\*, with a star for what is learned. Also x, y; theta; z0."


def choices() -> lesson.Choices:
    """Where the controls stand."""
    return lesson.Choices(**controls.values(UNTOUCHED))


def hear(what: object) -> None:
    """Do what a hand has done in the picture."""
    st.session_state.update(lesson.heard(what))


def open_scenario() -> None:
    """Let multipliers stand as the scenario that was just chosen has them."""
    st.session_state.update(lesson.for_scenario(st.session_state["scenario"]))


def edit() -> None:
    """Make the factors of the scenario the reader's own."""
    controls.set_all(lesson.edited(choices()), UNTOUCHED)


def take_turns(by: int) -> None:
    """Go on by so many turns, or back."""
    st.session_state.update(lesson.turned(choices(), by))


def next_draw() -> None:
    """Begin with other random numbers."""
    controls.add_one("draw", lesson.LAST_DRAW)


def choose_worlds(view: str) -> None:
    """A scenario, and what may be chosen about it."""
    scenario = controls.choice(
        "Scenario",
        lesson.SCENARIO_NAMES,
        UNTOUCHED["scenario"],
        key="scenario",
        on_change=open_scenario,
    )
    if scenario == lesson.OWN:
        choose_factors()
    elif scenario == "Diffusion":
        controls.number("Steps, T", 1, lesson.MOST_STEPS, UNTOUCHED["steps"], key="steps")
    elif scenario == "Bayesian inference":
        controls.number("Data", 1, lesson.MOST_DATA, UNTOUCHED["data"], key="data")
    if view == lesson.VIEWS[0] and scenario != lesson.OWN:
        st.button("Edit these factors", key="edit", icon=":material/edit:", on_click=edit)


def choose_factors() -> None:
    """Both worlds, typed."""
    for label, key in (
        ("Real world :blue[P]", "real"),
        ("Added to :blue[P]", "added"),
        ("Dream world :violet[Q]", "dream"),
    ):
        controls.words(label, UNTOUCHED[key], key=key, help=GRAMMAR, most=2000)


def choose_prices() -> None:
    """A multiplier for each kind of term."""
    for price in lesson.prices(choices()):
        controls.marks(price.label, lesson.PRICES, UNTOUCHED[price.key], key=price.key)


def choose_chains() -> None:
    """Which way the arrows of a chain point."""
    controls.choice("Chains of codes", lesson.CHAINS, UNTOUCHED["chains"], key="chains")


def choose_turn(most: int) -> None:
    """How far the minimisation is."""
    with st.container(horizontal=True, gap="small"):
        st.button("Turn", key="one", type="primary", on_click=take_turns, args=(1,))
        st.button("All", key="all", on_click=take_turns, args=(most,))
        st.button("Back to start", key="again", on_click=take_turns, args=(-most,))


def choose_written() -> None:
    """Worlds, and the prices of terms."""
    choose_worlds(lesson.VIEWS[0])
    with st.expander("Multipliers, chains"):
        choose_prices()
        choose_chains()


def choose_numbers(view: str, what: str) -> None:
    """Worlds, a price, and how far the minimisation is."""
    choose_worlds(view)
    choose_turn(lesson.MOST_TURNS)
    with st.expander("Multipliers, chains"):
        choose_prices()
        choose_chains()
    with st.expander(f"Turn, {what}, draw"):
        controls.number("Turn", 0, lesson.MOST_TURNS, UNTOUCHED["turn"], key="turn")
        for label, key in (("real", "size"), ("added", "size_added")):
            of = f"{what.capitalize()} of the {label}"
            controls.number(of, 1, lesson.MOST_SIZE, UNTOUCHED[key], key=key)
        st.button("New draw", key="other", icon=":material/casino:", on_click=next_draw)
        controls.number("Draw", 0, lesson.LAST_DRAW, UNTOUCHED["draw"], key="draw")


def choose_coin() -> None:
    """Tosses, a prior, a price, and how far the minimisation is."""
    controls.marks("β, price of the likelihood", lesson.PRICES, 1.0, key="by_likelihood")
    choose_turn(lesson.MOST_TURNS)
    with st.container(horizontal=True, gap="small"):
        controls.number("Heads", 0, lesson.MOST_FLIPS, UNTOUCHED["heads"], key="heads")
        controls.number("Tails", 0, lesson.MOST_FLIPS, UNTOUCHED["tails"], key="tails")
    with st.expander("Turn, prior"):
        controls.number("Turn", 0, lesson.MOST_TURNS, UNTOUCHED["turn"], key="turn")
        controls.marks("Prior heads", lesson.SHAPES, 1.0, key="prior_heads")
        controls.marks("Prior tails", lesson.SHAPES, 1.0, key="prior_tails")


page.begin(__file__)
presets = {name: case.choices.values() for name, case in lesson.CASES.items()}
controls.apply_preset(presets, UNTOUCHED)
view = controls.pick("View", lesson.VIEWS, UNTOUCHED["view"], key="view")
left, right = page.bench()

# -- Choose ------------------------------------------------------------------
with left:
    if view == "Four steps":
        choose_written()
    elif view == "Beta coin":
        choose_coin()
    else:
        choose_numbers(view, "outcomes" if view == "Tables" else "dimensions")
    page.try_these(
        __file__,
        {
            case.label: controls.preset_address(name, presets[name], UNTOUCHED)
            for name, case in lesson.cases(view, choices().scenario).items()
        },
    )

# -- Compute -----------------------------------------------------------------
found = lesson.show(choices())

# -- Show --------------------------------------------------------------------
with right:
    if found.data is not None:
        components.recipe_view(data=found.data, key="recipe", on_move=hear)
    for sentence in (*found.problems, *controls.refused()):
        st.error(page.plain(sentence))
    st.markdown(found.verdict)
# Under both columns, so that on a phone the controls follow the picture.
formulas = lesson.written(choices()) if view == "Four steps" else None
if formulas is not None:
    with st.container(key="frame-forms"):
        st.latex(formulas.derivation)
    if formulas.steps:
        with st.expander("P, written anew in exact steps"):
            for step in formulas.steps:
                st.markdown(step)
if found.table is not None:
    with st.container(key="frame-wide"):
        headings = found.table.headings
        page.table(headings, found.table.rows, 0 if formulas else len(headings) - 1)

# -- Explain -----------------------------------------------------------------
page.prose(f"recipe/universal_recipe.{view.lower().replace(' ', '_')}")
page.end(
    __file__,
    code=(
        "core.recipe.objective.derive",
        "core.recipe.regrouping.turned",
        "core.recipe.regrouping.borrowed",
        "core.recipe.numbers.minimise",
        "core.recipe.tables.TableWorlds.with_real",
        "core.recipe.coin.Coin.at",
    ),
)
