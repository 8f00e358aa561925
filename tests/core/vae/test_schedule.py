"""Catches steps that nobody hears of, and a learning rate that misses its peak."""

import itertools
import math
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.vae.config import TrainConfig
from core.vae.schedule import EARLY, LOOKS, REPORTS, ROOM, Schedule

FAR = 20_000
on_a_busy_machine = settings(deadline=None, max_examples=40)

SMALL = TrainConfig()
LARGE = TrainConfig(dataset="mnist", hidden=(1024, 1024), latent_dim=64, steps=20_000)
STACK = TrainConfig(dataset="mnist", hidden=(64,), betas=(1.0,) * 64, steps=5_000)
ENDLESS = TrainConfig(steps=None, schedule="constant")
ALL = {"small": SMALL, "large": LARGE, "stack": STACK, "endless": ENDLESS}


def resolved(config, device="cpu"):
    return config.resolved(device=device, precision="fp32")


def of(**fields):
    return Schedule(resolved(TrainConfig(**fields)))


def steps_of(predicate, last):
    return [step for step in range(last + 1) if predicate(step)]


@dataclass
class Case:
    """
    A config, its schedule, and what that says of all steps, or of the first where there is no end.
    """

    config: TrainConfig
    schedule: Schedule
    looks: list[int]
    reports: list[int]

    @property
    def widest(self):
        return max(b - a for a, b in itertools.pairwise(self.looks))


@pytest.fixture(
    scope="module", params=[f"{name} {device}" for name in ALL for device in ("cpu", "cuda")]
)
def case(request):
    name, device = request.param.split()
    config = resolved(ALL[name], device)
    schedule, last = Schedule(config), min(FAR, config.total_steps or FAR)
    return Case(
        config, schedule, steps_of(schedule.is_look, last), steps_of(schedule.is_report, last)
    )


class TestLooks:
    @on_a_busy_machine
    @given(st.integers(1, 5_000))
    def test_include_both_ends(self, total):
        """
        The untrained and the finished model are looked at, however short the training.
        """
        schedule = of(steps=total)

        assert schedule.is_look(0)
        assert schedule.is_look(total)
        assert schedule.is_report(total)

    def test_are_all_reported(self, case):
        """
        There is no look without a report to carry it.
        """
        assert set(case.looks) <= set(case.reports)

    def test_crowd_at_the_start(self, case):
        """
        The first steps, at which models change fastest, are looked at about logarithmically.
        """
        assert case.looks[:4] == [0, 1, 2, 3]
        for first, second in itertools.pairwise(case.looks[1:]):
            if first < case.widest:
                assert second <= 2 * first

    def test_leave_no_long_gap(self, case):
        """
        A finite training is looked at thirty times at least, an endless one without end.
        """
        assert case.widest <= math.ceil((case.config.total_steps or 30 * 4096) / LOOKS)

    def test_fit_their_room(self, case):
        """
        The pictures of a finite training take fifty megabytes, or thirty looks if that is more.
        """
        config = case.config
        if config.total_steps is None:
            return
        one = config.members * (30 * config.data_dim + 4_000) + 10 * config.data_dim
        crowd = len([step for step in EARLY if step < config.total_steps])

        assert len(case.looks) * one <= max(ROOM, LOOKS * one) + (crowd + 2) * one


class TestReports:
    @on_a_busy_machine
    @given(st.integers(1, 3_000))
    def test_begin_with_every_step(self, total):
        """
        Each of the first 128 steps is reported.
        """
        schedule = of(steps=total)

        assert all(schedule.is_report(step) for step in range(1, min(total, 127) + 1))

    def test_leave_no_long_gap(self, case):
        """
        No more than 256 steps pass unreported, nor a four-hundredth of a finite training.
        """
        widest = max(b - a for a, b in itertools.pairwise(case.reports))

        assert widest <= 256
        if case.config.total_steps is not None:
            assert widest <= max(1, case.config.total_steps // REPORTS)

    def test_never_end_where_training_does_not(self):
        """
        An endless training is reported and looked at in its ten-millionth steps as in its first.
        """
        schedule = Schedule(resolved(ENDLESS))
        late = range(10_000_000, 10_010_000)

        assert sum(schedule.is_report(step) for step in late) >= 10_000 // 256
        assert sum(schedule.is_look(step) for step in late) >= 2

    def test_come_more_often_where_steps_are_slow(self):
        """
        A model whose step takes a hundred times as long is reported after fewer steps.
        """
        quick, slow = (
            Schedule(resolved(TrainConfig(hidden=hidden, schedule="constant", steps=None)))
            for hidden in ((16,), (2048, 2048))
        )

        assert len(steps_of(slow.is_report, FAR)) > 4 * len(steps_of(quick.is_report, FAR))


class TestWeights:
    def test_are_kept_at_every_look_where_there_is_room(self):
        """
        A small model's weights are all kept.
        """
        schedule = Schedule(resolved(SMALL))

        assert all(schedule.keeps_weights(step) for step in steps_of(schedule.is_look, 800))

    def test_are_kept_three_times_where_there_is_none(self):
        """
        Of a large model the first, a middle and the last are kept, each at a look.
        """
        config = resolved(LARGE)
        schedule = Schedule(config)
        total = config.total_steps
        looks = steps_of(schedule.is_look, total)

        kept = [step for step in looks if schedule.keeps_weights(step)]

        assert len(kept) == 3
        assert (kept[0], kept[-1]) == (0, total)
        assert kept[1] == pytest.approx(total / 2, rel=0.1)

    def test_fit_their_room(self, case):
        """
        What is kept takes fifty megabytes, or three times the model if that is more.
        """
        size = 4 * case.config.members * case.config.parameter_count
        kept = sum(case.schedule.keeps_weights(step) for step in case.looks)

        assert kept * size <= max(1.1 * ROOM, 3 * size)


class TestLearningRate:
    @on_a_busy_machine
    @given(st.integers(1, 5_000), st.floats(1e-5, 1))
    def test_never_leaves_its_range(self, total, peak):
        """
        It is positive and never above the peak, at every step.
        """
        schedule = of(steps=total, learning_rate=peak)
        rates = [schedule.learning_rate(step) for step in range(1, total + 1)]

        assert all(0 < rate <= peak * (1 + 1e-12) for rate in rates)

    @on_a_busy_machine
    @given(st.integers(100, 5_000))
    def test_rises_to_its_peak_and_falls(self, total):
        """
        It starts at a twentieth, comes to the peak after 15 % of the steps, and ends at 2 %.
        """
        schedule = of(steps=total, learning_rate=0.5)
        rates = [schedule.learning_rate(step) for step in range(1, total + 1)]
        top = rates.index(max(rates))

        assert rates[0] == pytest.approx(0.5 / 20)
        assert rates[-1] == pytest.approx(0.5 * 0.02)
        assert max(rates) == pytest.approx(0.5, rel=0.07)
        assert top == pytest.approx(0.15 * (total - 1), abs=1)
        assert rates[: top + 1] == sorted(rates[: top + 1])
        assert rates[top:] == sorted(rates[top:], reverse=True)

    @on_a_busy_machine
    @given(st.integers(1, 10_000_000), st.booleans())
    def test_stays_at_a_constant_peak(self, step, is_endless):
        """
        With a constant schedule every step has the peak rate.
        """
        steps = None if is_endless else 10_000_000
        schedule = of(steps=steps, schedule="constant", learning_rate=0.003)

        assert schedule.learning_rate(step) == 0.003


class TestBetaFactor:
    @on_a_busy_machine
    @given(st.integers(1, 1_000), st.integers(1, 5_000))
    def test_rises_linearly_to_one(self, warmup, step):
        """
        Beta grows in equal parts, has its full value at the last warm-up step, and keeps it.
        """
        factor = of(beta_warmup=warmup).beta_factor(step)

        assert factor == pytest.approx(min(step, warmup) / warmup)

    @on_a_busy_machine
    @given(st.integers(1, 5_000))
    def test_is_one_without_warm_up(self, step):
        """
        Without warm-up beta has its value from the first step.
        """
        assert of().beta_factor(step) == 1


@on_a_busy_machine
@given(st.integers(1, 4_000), st.integers(1, 1297), st.integers(1, 64), st.integers(0, 300))
def test_depends_on_config_and_step_alone(total, batch, members, width):
    """
    Two schedules of one config say the same of every step.
    """
    assume(total * members < 50_000)
    fields = {
        "steps": total,
        "batch_size": batch,
        "betas": (1.0,) * members,
        "hidden": (width,) if width else (),
    }
    one, other = of(**fields), of(**fields)

    for name in ("is_report", "is_look", "keeps_weights"):
        first, second = (steps_of(getattr(schedule, name), total) for schedule in (one, other))
        assert first == second
