"""What many runs of the page on KL divergence cost: `python -m benchmarks.kl_divergence [--json]`.

They are drawn in this process. `benchmarks.drags` drags the densities of the page, and
`benchmarks.pages` moves its controls. Take the figures on a machine that does nothing else.
"""

import argparse
import itertools
import time

from benchmarks.figures import Figure, show
from core.lessons import kl_divergence as lesson

TRIES = 5


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    show(drawn(), as_json=as_json)


def drawn() -> list[Figure]:
    """What many runs of every two families cost, the slowest two of them."""
    worst = {}
    for size, most in ((lesson.SMALL, 100), (lesson.LARGE, 1500)):
        times = {}
        for pair in itertools.product(lesson.FAMILIES, repeat=2):
            choices = lesson.Choices(view="Samples", p=pair[0], q=pair[1], p_scale=0.8)
            times[pair] = min(_seconds(choices, size) for _ in range(TRIES))
        slowest = max(times, key=lambda pair: times[pair])
        worst[size] = Figure(
            f"runs_{size.runs}_by_{size.samples}_ms",
            1e3 * times[slowest],
            "ms",
            most=most,
            note=f"best of {TRIES}, of the slowest two families: {' and '.join(slowest)}",
        )
    return list(worst.values())


def _seconds(choices: lesson.Choices, size: lesson.Size) -> float:
    began = time.perf_counter()
    lesson.show(choices, size)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
