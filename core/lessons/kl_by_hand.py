"""The calculator: the rate of a code distribution that is made by hand.

Lecture: "Closed-form KL" [0:55-1:05].
"""

import functools
import math

import numpy as np
from jaxtyping import Float

from core.lessons.panels import (
    Panel,
    Table,
    View,
    adding_up,
    code_name,
    density,
    number,
    significant,
)
from core.vae import closed_form

__all__ = ["calculator"]


def calculator(
    mean: Float[np.ndarray, " latent"],
    log_var: Float[np.ndarray, " latent"],
    draws: int,
    seed: int,
) -> View:
    """The rate in closed form, by sampling, and in single precision.

    Args:
        mean: Mean of each code dimension.
        log_var: Log-variance of each.
        draws: Samples of the Monte Carlo estimate.
        seed: Seeds them.
    """
    nats = closed_form.rate_by_dimension(mean, log_var)
    rate = float(nats.sum())
    pairs = zip(mean.tolist(), log_var.tolist(), strict=True)
    exact = sum(closed_form.exact_rate(m, s) for m, s in pairs)
    noise = np.random.default_rng([seed, draws]).standard_normal((draws, len(mean)))
    found = closed_form.running(closed_form.log_ratio(mean, log_var, noise))
    estimate, error = float(found.estimate[-1]), float(found.standard_error[-1])
    single = mean.astype(np.float32), log_var.astype(np.float32)
    ours = float(closed_form.rate_by_dimension(*single).sum())
    textbook = float(closed_form.textbook_rate_by_dimension(*single).sum())
    digits = 4 if rate == 0 else max(4, 3 - math.floor(math.log10(rate)))
    terms, total = adding_up(nats.tolist(), digits)
    off = f", {abs(estimate - rate) / error:.1f} standard errors off" if error else ""
    return View(
        panels=(
            *(
                density(
                    f"{code_name(j)}: {terms[j]} nats",
                    float(mean[j]),
                    float(np.exp(log_var[j] / 2)),
                    5.0,
                    f"Dimension {j + 1}: a Gaussian of mean {number(mean[j])} and log-variance "
                    f"{number(log_var[j], 3)} beside the prior; it costs {terms[j]} nats.",
                    short=True,
                )
                for j in range(len(mean))
            ),
            _closing_in(found, rate, digits),
            _cancellation(),
        ),
        equation=(
            f":green[R] = {' + '.join(terms)} = **{total} nats**; Monte Carlo "
            f"**{number(estimate, digits)} ± {number(error, digits)} nats** from {draws:,} "
            f"draws{off}"
        ),
        sentences=(
            "A draw gives log p(z|x) − log q(z), the weight of evidence that this code came from "
            "the encoder and not from the prior. Its mean closes in on the closed form, and its "
            "standard error falls with the square root of the number of draws.",
            "Near the prior σ² − log σ² − 1 is a small difference of large numbers. In single "
            "precision the textbook's form loses it early, and can even turn negative; "
            "expm1(s) − s, with s = log σ², keeps its digits longer and never falls below zero.",
        ),
        table=Table(
            ("R of this code", "nats"),
            (
                ("exact, 50 digits", significant(exact, 6)),
                ("ours, single precision", significant(ours, 6)),
                ("textbook's form, single precision", significant(textbook, 6)),
            ),
        ),
    )


def _closing_in(found: closed_form.Running, rate: float, digits: int) -> Panel:
    estimate, error = found.estimate, found.standard_error
    last = f"{number(float(estimate[-1]), digits)} ± {number(float(error[-1]), digits)}"
    return {
        "kind": "lines",
        "title": "Monte Carlo ± 1 standard error, nats",
        "name": "draws",
        "log_x": True,
        "x": found.samples.astype(float).tolist(),
        "series": [
            {
                "label": "Monte Carlo",
                "role": "real",
                "y": estimate.tolist(),
                "band": [(estimate - error).tolist(), (estimate + error).tolist()],
                "marked": True,
            },
            {"label": "closed form", "role": "rate", "y": [rate] * len(estimate)},
        ],
        "alt": f"After {found.samples[-1]:,} draws the estimate is {last} nats; the closed form "
        f"is {number(rate, digits)} nats.",
        "half": True,
    }


@functools.lru_cache(maxsize=1)
def _cancellation() -> Panel:
    """How far two forms of R are off in single precision, as the log-variance nears zero."""
    log_var = (10.0 ** np.arange(-8.0, -0.99, 0.25)).astype(np.float32)
    zero = np.zeros_like(log_var)
    exact = np.array([closed_form.exact_rate(0.0, float(s)) for s in log_var])
    forms = {
        "textbook": closed_form.textbook_rate_by_dimension(zero, log_var),
        "ours": closed_form.rate_by_dimension(zero, log_var),
    }
    # What is not off at all has no logarithm; it stands at the bottom.
    errors = {
        name: np.clip(np.abs(values - exact) / exact, 1e-8, 1e3) for name, values in forms.items()
    }
    told = "; ".join(
        f"{name} at {significant(float(log_var[values >= 0.5].max(initial=0)), 1)}"
        for name, values in errors.items()
    )
    return {
        "kind": "lines",
        "title": "Relative error in single precision",
        "name": "log variance",
        "log_x": True,
        "log_y": True,
        "x": log_var.astype(float).tolist(),
        "series": [
            {"label": name, "role": role, "y": errors[name].tolist(), "marked": True}
            for name, role in (("textbook", "bound"), ("ours", "rate"))
        ],
        "alt": f"Relative error of the rate as the log-variance nears zero. It first "
        f"reaches one half so: {told}.",
        "half": True,
    }
