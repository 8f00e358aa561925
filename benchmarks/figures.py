"""What every benchmark prints: a table to read, one JSON object to keep, and the machine."""

import json
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

__all__ = ["Figure", "interleaved", "machine", "show"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, with the limit it is held against.

    Attributes:
        key: Its name in the JSON object.
        value: What was measured, or None where this machine cannot measure it.
        unit: Seconds, nats, ratio, percent or megabytes.
        least: The value it should reach, if more is better.
        most: The value it should not pass, if less is better.
        note: What was measured, in a few words.
    """

    key: str
    value: float | None
    unit: str = ""
    _: KW_ONLY
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def limit(self) -> str:
        """The limit in words."""
        if self.least is not None:
            return f">= {self.least:g}"
        return f"<= {self.most:g}" if self.most is not None else ""

    @property
    def verdict(self) -> str:
        """Whether the value is on the right side of its limit."""
        if self.value is None:
            return "not measured"
        is_short = self.least is not None and self.value < self.least
        is_over = self.most is not None and self.value > self.most
        if self.limit == "":
            return ""
        return "MISSED" if is_short or is_over else "ok"


def interleaved(measures: Sequence[Callable[[], float]], rounds: int = 10) -> list[float]:
    """The median of each measure, taken in turns so that a noisy spell hits all alike."""
    rows = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def machine() -> dict[str, str]:
    """The processor and the versions that a figure depends on."""
    from importlib.metadata import version

    packages = {name: version(name) for name in ("torch", "numpy", "streamlit")}
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **packages,
    }


def show(figures: Sequence[Figure], *, as_json: bool, **more: str) -> None:
    """Print the figures as a table, or as one JSON object with their keys.

    Args:
        figures: What was measured.
        as_json: Whether as an object.
        more: What else is to be known of the machine, by name.
    """
    described = machine() | more
    if as_json:
        values = {figure.key: figure.value for figure in figures}
        print(json.dumps({**values, "machine": described}, indent=1))
        return
    for name, value in described.items():
        print(f"{name:10} {value}")
    print()
    width = max(30, *(len(figure.key) for figure in figures))
    for figure in figures:
        value = "-" if figure.value is None else f"{figure.value:.3g}"
        print(
            f"{figure.key:{width}} {value:>8} {figure.unit:8} {figure.limit:>9}  "
            f"{figure.verdict:12} {figure.note}"
        )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.machine()
