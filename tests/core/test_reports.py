"""Catches reports that compare equal although their numbers differ, or the other way round."""

import dataclasses

import numpy as np
import pytest

from core.reports import Report, Snapshot


def report(**changes):
    fields = {
        "step": 3,
        "training": {"rate": (1.0, 2.0)},
        "held_out": {"neg_elbo": (25.0, 26.0)},
        "checkpoint": dict,
    }
    return Report(**fields | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"step": 4},
        {"training": {"rate": (1.0, 2.0000001)}},
        {"training": {}},
        {"held_out": {"neg_elbo": (25.0,)}},
        {"held_out": {"rate": (25.0, 26.0)}},
    ],
)
def test_differ_when_a_number_does(changes):
    """
    Reports are equal only if step, names and every number are.
    """
    assert report() == report()
    assert report(**changes) != report()


def test_do_not_compare_pictures():
    """
    Arrays and the way to a checkpoint take no part: two trainings are compared by their numbers.
    """
    snapshot = Snapshot(pictures={"codes": np.zeros(3)}, weights=None)

    assert report(snapshot=snapshot, checkpoint=lambda: {}) == report()
    assert "codes" not in repr(report(snapshot=snapshot))


def test_cannot_be_changed():
    """
    What was reported stays reported.
    """
    with pytest.raises(dataclasses.FrozenInstanceError):
        report().step = 5
