"""What the page on the universal recipe shows: two worlds in, an objective out, and its numbers.

Lecture: "The universal recipe" [0:20-0:25].
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.lessons import recipe_descent, recipe_steps
from core.lessons.kl_choices import Shown
from core.lessons.recipe_choices import (
    CHAINS,
    LAST_DRAW,
    MOST_DATA,
    MOST_FLIPS,
    MOST_SIZE,
    MOST_STEPS,
    MOST_TURNS,
    OWN,
    PRICES,
    SCENARIO_NAMES,
    SHAPES,
    UNTOUCHED,
    VIEWS,
    Choices,
    derived,
    for_scenario,
    prices,
    scenario_of,
)
from core.recipe.scenarios import SCENARIOS
from core.recipe.writing import derivation, pretty, rewriting_latex

__all__ = [
    "CASES",
    "CHAINS",
    "LAST_DRAW",
    "MOST_DATA",
    "MOST_FLIPS",
    "MOST_SIZE",
    "MOST_STEPS",
    "MOST_TURNS",
    "OWN",
    "PRICES",
    "SCENARIO_NAMES",
    "SHAPES",
    "UNTOUCHED",
    "VIEWS",
    "Case",
    "Choices",
    "Written",
    "cases",
    "edited",
    "for_scenario",
    "heard",
    "prices",
    "scenario_of",
    "show",
    "turned",
    "written",
]


@dataclass(frozen=True, slots=True)
class Case:
    """A ready case.

    Attributes:
        label: What its link says.
        choices: Where the controls stand.
    """

    label: str
    choices: Choices


def _opened(name: str, **more: Any) -> Choices:  # noqa: ANN401
    """A scenario as it opens, with some controls elsewhere."""
    stands: dict[str, Any] = {"scenario": name, **for_scenario(name)} | more
    return replace(UNTOUCHED, **stands)


def _own(*, added: str = UNTOUCHED.added, dream: str = UNTOUCHED.dream) -> Choices:
    return replace(UNTOUCHED, scenario=OWN, added=added, dream=dream)


_SHORT = {
    "Density estimation": "Density",
    "Supervised learning": "Supervised",
    "Information bottleneck": "Bottleneck",
    "Semi-supervised VAE": "Semi-supervised",
    "Bayesian inference": "Bayes",
    "Bayesian neural network": "Bayesian net",
    "Variational prediction": "Prediction",
}
_MOST_REWRITTEN = 12
_COIN = _opened("Bayesian inference", view="Beta coin")

CASES: dict[str, Case] = {
    **{
        f"recipe{i}": Case(_SHORT.get(name, name), _opened(name))
        for i, name in enumerate(SCENARIOS, 1)
    },
    "fixed": Case("A fixed encoder", _own(added="p(z|x)")),
    "blind": Case("A blind encoder", _own(added="p(z)*")),
    "circle": Case("A circle", _own(dream="q(z|x)* q(x|z)*")),
    "twice": Case("A factor twice", _own(added="p(z|x)* p(z)")),
    "missing": Case("No prior", _own(dream="q(x|z)*")),
    "needed": Case("A new cause", _own(dream="q(z) q(w) q(x|z,w)*")),
    "leaf": Case("A new effect", _own(dream="q(z) q(x|z)* q(w|x)*")),
    "downstream": Case(
        "Noise on a code", _own(added="p(z|x)* p(w|z)", dream="q(w) q(z|w)* q(x|z)*")
    ),
    "tables_vae": Case("VAE", _opened("VAE", view="Tables")),
    "tables_bayes": Case("Bayes", _opened("Bayesian inference", view="Tables")),
    "tables_bottleneck": Case(
        "Bottleneck",
        _opened(
            "Information bottleneck", view="Tables", by_rate=0.25, size=3, size_added=2, draw=0
        ),
    ),
    "tables_diffusion": Case("Diffusion", _opened("Diffusion", view="Tables")),
    "tables_priced": Case("β = 16", _opened("β-VAE", view="Tables", by_rate=16.0)),
    "linear_vae": Case(
        "Linear VAE", _opened("VAE", view="Gaussians", size=3, size_added=1, draw=0)
    ),
    "linear_beta": Case("β = 4", _opened("β-VAE", view="Gaussians", size=3, size_added=2, draw=0)),
    "linear_diffusion": Case(
        "Diffusion, T = 6",
        _opened("Diffusion", view="Gaussians", steps=6, size=1, size_added=1, draw=0),
    ),
    "rises": Case(
        "The marginal rises",
        _opened("Diffusion", view="Gaussians", size=3, size_added=2, draw=23, turn=3),
    ),
    "linear_bayes": Case(
        "Bayes", _opened("Bayesian inference", view="Gaussians", size=1, size_added=1, draw=0)
    ),
    "coin": Case("7 of 10", _COIN),
    "coin_low": Case("β = 1/4", replace(_COIN, by_likelihood=0.25)),
    "coin_high": Case("β = 4", replace(_COIN, by_likelihood=4.0)),
    "coin_prior": Case("A strong prior", replace(_COIN, prior_heads=20.0, prior_tails=20.0)),
    "coin_none": Case("Nothing seen", replace(_COIN, heads=0, tails=0)),
}
"""Ready cases, by the name in their links."""


def cases(view: str, scenario: str) -> dict[str, Case]:
    """The ready cases of one view; of the recipe written, all scenarios, or edits of one's own."""
    return {
        name: case
        for name, case in CASES.items()
        if case.choices.view == view
        and (view != VIEWS[0] or (case.choices.scenario == OWN) == (scenario == OWN))
    }


def show(choices: Choices) -> Shown:
    """What the chosen view shows; what is wrong with the worlds comes as a sentence."""
    try:
        if choices.view == VIEWS[0]:
            return _steps(choices)
        if choices.view == VIEWS[3]:
            return recipe_descent.coin_view(choices)
        return recipe_descent.worlds_view(choices)
    except ValueError as error:
        sentence = pretty(str(error))
        picture = recipe_steps.refused(choices, sentence) if choices.view == VIEWS[0] else None
        return Shown(data=picture, problems=(sentence,))


def _steps(choices: Choices) -> Shown:
    objective, _ = derived(choices)
    scenario = scenario_of(choices)
    remarks = " ".join(pretty(remark) for remark in objective.remarks)
    if objective.is_weighted:
        remarks += " With a multiplier that is not 1 the objective is no divergence any more."
    return Shown(
        data=recipe_steps.picture(choices),
        verdict=" ".join(filter(None, (scenario.about, remarks, recipe_steps.check(choices)))),
        table=recipe_steps.table(objective, scenario.letters) if objective.terms else None,
    )


@dataclass(frozen=True, slots=True)
class Written:
    """The derivation in LaTeX.

    Attributes:
        derivation: From KL[P; Q] to the objective.
        steps: Exact rewritings of P, each a sentence; of many the first ones and the last.
    """

    derivation: str
    steps: tuple[str, ...]


def written(choices: Choices) -> Written | None:
    """The derivation as formulas, or None for worlds that are none."""
    try:
        objective, _ = derived(choices)
    except ValueError:
        return None
    steps = [f"By {step.rule}, ${rewriting_latex(step)}$." for step in objective.rewritings]
    if len(steps) > _MOST_REWRITTEN:
        left_out = len(steps) - _MOST_REWRITTEN + 1
        dots = f"… {left_out} more in the same way …"
        steps = [*steps[: _MOST_REWRITTEN - 2], dots, steps[-1]]
    return Written(derivation(objective, scenario_of(choices).letters), tuple(steps))


# -- What hands do ----------------------------------------------------------------------------


def edited(choices: Choices) -> dict[str, Any]:
    """What to set so that the factors of the scenario are the reader's own, to be edited."""
    scenario = scenario_of(choices)
    texts = {name: getattr(scenario, name) for name in ("real", "added", "dream")}
    return {"scenario": OWN, **texts}


def turned(choices: Choices, by: int) -> dict[str, int]:
    """What to set so that so many more turns are taken, and no more than there are."""
    try:
        most = recipe_descent.turns(choices)
    except ValueError:
        return {}
    return {"turn": max(0, min(most, choices.turn + by))}


def heard(what: object) -> dict[str, int]:
    """What to set so that the page stands as a hand has left the picture; nothing for nonsense.

    Args:
        what: The turn that is shown, by the key of its control.
    """
    turn = what.get("turn") if isinstance(what, Mapping) and set(what) == {"turn"} else None
    if not isinstance(turn, int) or isinstance(turn, bool):
        return {}
    return {"turn": turn} if 0 <= turn <= MOST_TURNS else {}
