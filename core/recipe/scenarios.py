"""Eleven scenarios of machine learning as worlds: what they have, what they add, what they want.

Only the worlds are written here. Every objective is derived.

References:
    Alemi, KL is All You Need (2024).
    Alemi & Fischer, TherML (2018).
    Ho, Jain & Abbeel, Denoising Diffusion Probabilistic Models (2020).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.recipe.worlds import Recipe

__all__ = ["SCENARIOS", "Scenario", "bayesian", "diffusion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way of learning, as worlds.

    Attributes:
        real: The real world, as typed.
        added: What is added to it, as typed.
        dream: The dream world, as typed.
        about: What it is, in a sentence.
        letters: Letters of the multipliers that the literature writes, by kind of term.
        multipliers: Where they stand at first, by kind of term.
        is_regrouped: Whether chains are turned round as the dream has them, at first.
    """

    real: str
    added: str = ""
    dream: str
    about: str
    letters: Mapping[str, str] = field(default_factory=dict)
    multipliers: Mapping[str, float] = field(default_factory=dict)
    is_regrouped: bool = True

    @property
    def recipe(self) -> Recipe:
        """Both worlds, read."""
        return Recipe.read(self.real, self.added, self.dream)


def diffusion(steps: int) -> Scenario:
    """Images that are made noisy step by step, and a dream that runs the other way.

    Args:
        steps: Steps from the first noisy image to the last, T; at least one.

    Raises:
        ValueError: If there is no step.

    Example:
        >>> diffusion(2).added, diffusion(2).dream
        ('p(z0|x) p(z1|z0) p(z2|z1)', 'q(z2) q(z1|z2)* q(z0|z1)* q(x|z0)*')
    """
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}.")
    forward = " ".join(f"p(z{i}|z{i - 1})" for i in range(1, steps + 1))
    backward = " ".join(f"q(z{i - 1}|z{i})*" for i in range(steps, 0, -1))
    return Scenario(
        real="p(x)",
        added=f"p(z0|x) {forward}",
        dream=f"q(z{steps}) {backward} q(x|z0)*",
        about="Add noise in steps that are fixed, and wish that images grew out of noise.",
    )


def bayesian(count: int) -> Scenario:
    """Data that were seen, and a dream in which parameters came first and drew each of them.

    Args:
        count: How many data there are; at least one.

    Raises:
        ValueError: If there are none.

    Example:
        >>> bayesian(2).dream
        'q(theta) q(x1|theta) q(x2|theta)'
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}.")
    data = ",".join(f"x{i}" for i in range(1, count + 1))
    drawn = " ".join(f"q(x{i}|theta)" for i in range(1, count + 1))
    return Scenario(
        real=f"p({data})",
        added=f"p(theta|{data})*",
        dream=f"q(theta) {drawn}",
        about="Give the data parameters, and wish that the parameters had drawn them.",
        letters={"likelihood": "β"},
    )


_VAE = Scenario(
    real="p(x)",
    added="p(z|x)*",
    dream="q(z) q(x|z)*",
    about="Give each image a code, and wish that the codes had drawn the images.",
)

SCENARIOS: dict[str, Scenario] = {
    "Density estimation": Scenario(
        real="p(x)", dream="q(x)*", about="Wish that what you see had come from a model."
    ),
    "Supervised learning": Scenario(
        real="p(x) p(y|x)",
        dream="p(x) q(y|x)*",
        about="Take the inputs as they come, and wish that a model had drawn the labels.",
    ),
    "VAE": _VAE,
    "β-VAE": replace(
        _VAE,
        about="The same worlds, with a price on the rate.",
        letters={"rate": "β"},
        multipliers={"rate": 4.0},
    ),
    "Information bottleneck": Scenario(
        real="p(x,y)",
        added="p(z|x)*",
        dream="p(x) q(z) q(y|z)*",
        about="Keep of the input only what the label needs.",
    ),
    "Semi-supervised VAE": Scenario(
        real="p(x,y)",
        added="p(z|x)*",
        dream="q(z) q(x|z)* q(y|z)*",
        about="Wish that one code had drawn both the image and its label.",
        letters={"distortion": "β", "classification": "γ"},
    ),
    "Diffusion": diffusion(3),
    "Bayesian inference": bayesian(3),
    "Bayesian neural network": Scenario(
        real="p(X,Y)",
        added="p(theta|X,Y)*",
        dream="p(X) q(theta) q(Y|X,theta)",
        about="The whole data set at once: wish that weights, drawn first, had made its labels.",
        letters={"classification": "β"},
    ),
    "TherML": Scenario(
        real="p(X,Y)",
        added="p(theta|X,Y)* p(Z|X,theta)*",
        dream="q(theta) q(Z) q(X|Z)* q(Y|Z)*",
        about="Codes and parameters together: four terms, as in thermodynamics.",
        letters={"classification": "γ", "distortion": "δ", "parameters": "σ"},
    ),
    "Variational prediction": Scenario(
        real="p(D)",
        added="p(x|D)* p(theta|x,D)*",
        dream="q(theta) q(D|theta) q(x|theta)",
        about="Learn the prediction itself, and drop the parameters afterwards.",
        is_regrouped=False,
    ),
}
"""The scenarios, by their names, in the order of the lecture's sources."""
