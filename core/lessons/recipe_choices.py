"""What the page on the universal recipe lets a reader choose, and the worlds that it means.

Lecture: "The universal recipe" [0:20-0:25].
"""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.recipe.objective import Objective, derive
from core.recipe.scenarios import SCENARIOS, Scenario, bayesian, diffusion
from core.recipe.terms import KINDS
from core.recipe.worlds import Recipe

__all__ = [
    "CHAINS",
    "LAST_DRAW",
    "MOST_DATA",
    "MOST_FLIPS",
    "MOST_SIZE",
    "MOST_STEPS",
    "MOST_TURNS",
    "OWN",
    "PRICED",
    "PRICES",
    "SCENARIO_NAMES",
    "SHAPES",
    "UNTOUCHED",
    "VIEWS",
    "Choices",
    "Price",
    "derived",
    "for_scenario",
    "prices",
    "scenario_of",
]

VIEWS = ("Four steps", "Tables", "Gaussians", "Beta coin")
"""The views of the page: the recipe written, and in numbers, in three kinds of worlds."""

OWN = "Your own"
SCENARIO_NAMES = (*SCENARIOS, OWN)
CHAINS = ("Regrouped", "As written")
PRICES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
SHAPES = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0)
MOST_STEPS, MOST_DATA, MOST_FLIPS, MOST_TURNS, LAST_DRAW = 100, 6, 50, 96, 999
MOST_SIZE = 4
PRICED = tuple(kind for kind in KINDS if kind not in ("constant", "entropy", "surprise"))
"""Kinds of terms that have a multiplier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The value of every control of the page, as it stands on the screen and in the address.

    Attributes:
        view: What is shown, one of `VIEWS`.
        scenario: Which worlds, one of `SCENARIO_NAMES`.
        steps: Steps of the diffusion, T.
        data: How many data Bayesian inference has.
        chains: Whether arrows between added variables are turned as the dream has them.
        real: Factors of the reader's own real world, as typed.
        added: What is added to it, as typed.
        dream: Factors of the dream, as typed.
        by_distortion: Multiplier of the distortion.
        by_likelihood: That of the negative log-likelihood.
        by_classification: That of the classification loss.
        by_rate: That of the rate.
        by_step: That of the step KLs.
        by_parameters: That of the information in parameters.
        by_prediction: That of the prediction.
        size: Outcomes, or dimensions, of what was there before anything was added.
        size_added: The same of what was added.
        draw: Which random numbers the worlds begin with.
        turn: Which turn of the minimisation is shown.
        heads: Tosses of the coin that were heads.
        tails: Tosses that were tails.
        prior_heads: First shape of the coin's prior.
        prior_tails: Its second shape.
    """

    view: str = "Four steps"
    scenario: str = "VAE"
    steps: int = 3
    data: int = 3
    chains: str = "Regrouped"
    real: str = "p(x)"
    added: str = "p(z|x)*"
    dream: str = "q(z) q(x|z)*"
    by_distortion: float = 1.0
    by_likelihood: float = 1.0
    by_classification: float = 1.0
    by_rate: float = 1.0
    by_step: float = 1.0
    by_parameters: float = 1.0
    by_prediction: float = 1.0
    size: int = 4
    size_added: int = 3
    draw: int = 88
    turn: int = 0
    heads: int = 7
    tails: int = 3
    prior_heads: float = 1.0
    prior_tails: float = 1.0

    def values(self) -> dict[str, Any]:
        """Each value by the key of its control."""
        return dataclasses.asdict(self)

    @property
    def multipliers(self) -> dict[str, float]:
        """Multipliers by kinds of terms."""
        return {kind: getattr(self, f"by_{kind}") for kind in PRICED}


UNTOUCHED = Choices()


@dataclass(frozen=True, slots=True)
class Price:
    """A multiplier that the chosen worlds have.

    Attributes:
        key: Key of its control.
        label: What it says.
    """

    key: str
    label: str


def scenario_of(choices: Choices) -> Scenario:
    """The worlds that the controls mean, as texts."""
    if choices.scenario == "Diffusion":
        return diffusion(choices.steps)
    if choices.scenario == "Bayesian inference":
        return bayesian(choices.data)
    if choices.scenario == OWN:
        return Scenario(
            real=choices.real, added=choices.added, dream=choices.dream, about="Worlds of yours."
        )
    return SCENARIOS[choices.scenario]


@lru_cache(maxsize=128)
def derived(choices: Choices) -> tuple[Objective, Recipe]:
    """The objective of the chosen worlds, and the worlds.

    Raises:
        ValueError: If they are no distributions, or cannot be compared.
    """
    recipe = scenario_of(choices).recipe
    is_regrouped = choices.chains == CHAINS[0]
    return derive(recipe, choices.multipliers, regroup=is_regrouped), recipe


def prices(choices: Choices) -> tuple[Price, ...]:
    """The multipliers that the chosen worlds have; none for worlds that are none."""
    scenario = scenario_of(choices)
    try:
        objective, _ = derived(choices)
    except ValueError:
        return ()
    names: dict[str, str] = {}
    for term in objective.kept:
        if term.kind in PRICED:
            names.setdefault(term.kind, term.name)
    return tuple(
        Price(
            f"by_{kind}",
            f"{scenario.letters.get(kind, KINDS[kind].letter)}, price of the {names[kind]}",
        )
        for kind in names
    )


def for_scenario(name: str) -> dict[str, Any]:
    """Where multipliers and chains stand when a scenario is opened, by the keys of controls."""
    scenario = SCENARIOS.get(name)
    multipliers = scenario.multipliers if scenario else {}
    is_regrouped = scenario is None or scenario.is_regrouped
    return {
        **{f"by_{kind}": multipliers.get(kind, 1.0) for kind in PRICED},
        "chains": CHAINS[0] if is_regrouped else CHAINS[1],
        "turn": 0,
    }
