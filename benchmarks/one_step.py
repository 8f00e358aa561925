"""How fast the page of one step answers: `python -m benchmarks.one_step [--json]`.

The real site, without a browser: each control of the page is moved in turn, and the time runs from
the request to the whole answer, with what the answer costs to read. The processor's share of it is
told beside. Take the figures on a machine that does nothing else.
"""

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.answers import answers
from benchmarks.figures import show
from core.lessons import one_step as lesson
from tests.browser.site import running_site

ROUNDS = 3


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder), "--server.enableAgentApi", "true") as site,
    ):
        figures = answers(site, "one_step", "of image 1 = ", moves())
    show(figures, as_json=as_json)


def moves() -> Iterator[dict[str, Any]]:
    """Every control of every step, at values that nothing has been kept of."""
    for turn in range(ROUNDS):
        place = 1 + turn % len(lesson.SAMPLES[:-1])
        for model, step in itertools.product(list(lesson.MODELS)[: 1 + turn % 3], lesson.STEPS):
            yield {"step": step}
            if step != "KL by hand":
                yield {"model": model}
                yield {"minibatch": 2 + 7 * turn}
                yield {"image": 1 + turn % lesson.BATCH}
            if step != "Encode":
                yield {"noise": 1 + 13 * turn}
            if step == "Sample":
                yield {"look": "Two gradients"}
                yield {"samples": lesson.SAMPLES[place]}
                yield {"look": "How many draws"}
                yield {"samples": lesson.SAMPLES[-1]}
                yield {"noise": 2 + 13 * turn}
                yield {"look": "One draw"}
            if step == "Decode":
                yield {"sigma": lesson.SIGMAS[turn]}
            if step in ("Loss", "Update"):
                yield {"beta": lesson.BETAS[turn]}
            if step == "Update":
                yield {"size": lesson.SIZES[turn]}
            if step == "KL by hand":
                yield {"mean_1": lesson.MEANS[turn]}
                yield {"log_var_2": lesson.LOG_VARS[turn]}
                yield {"draws": lesson.DRAWS[-1 - turn % 2]}


if __name__ == "__main__":
    main()
