"""Mirrors the lessons on density estimation: every number on the page is one of core."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from core.density import descent
from core.density.config import DensityConfig
from core.density.worlds import DRAWN, WORLDS, entropy, world
from core.lessons import density_choices as options
from core.lessons import density_estimation as lesson
from core.lessons import density_flow as flow
from core.lessons.density_choices import CASES, UNTOUCHED, VIEWS, Choices
from core.runs.keeper import encode
from core.runs.records import Listed, Run

STILL = VIEWS[:-1]


def listed(run: Run) -> Listed:
    return Listed(run=run, name=None, is_own=True, added=0.0, deleted=None)


def run_of(config: DensityConfig, **fields) -> Run:
    return Run(
        **{
            **dict.fromkeys(("step", "message", "machine", "evaluation", "started", "finished")),
            **{"id": "a" * 12, "kind": "density", "config": config.to_json()},
            **{"fingerprint": config.fingerprint, "shared": True, "owner": "me"},
            **{"state": "done", "attempt": 1, "created": 0.0, "sequence": 1, "queued": 0.0},
            **{"lease": None, "stop_requested": False, "deaths": 0, "spent": 0.0, "revision": 1},
            **fields,
        }
    )


def batch(**values: float) -> str:
    return json.dumps({"held_out": {"step": [600], **{k: [[v]] for k, v in values.items()}}})


MEASURED = batch(
    cross_entropy=2.0, divergence=0.05, seen_cross_entropy=1.9, fresh_cross_entropy=2.04
)


class TestShow:
    @pytest.mark.parametrize("name", CASES)
    def test_a_ready_case_has_a_picture_in_words_and_no_problem(self, name):
        """
        All of it is JSON, without a number that is none.
        """
        choices = CASES[name].choices
        found = flow.live(choices, None) if choices.view == options.FLOW else lesson.show(choices)

        assert found.problems == ()
        assert found.verdict
        assert len(found.data["alt"]) > 20
        json.dumps(found.data, allow_nan=False)

    @pytest.mark.parametrize("view", STILL)
    @pytest.mark.parametrize("name", WORLDS)
    def test_every_world_is_shown_in_every_view(self, view, name):
        """
        On a line and in a plane.
        """
        found = lesson.show(replace(UNTOUCHED, view=view, world=name, samples=20))

        assert found.problems == ()
        assert found.data["dims"] == (1 if name.startswith("Line") else 2)
        json.dumps(found.data, allow_nan=False)

    @pytest.mark.parametrize("view", STILL)
    def test_a_closed_box_gives_nothing_away(self, view):
        """
        Neither p nor its entropy, nor what follows from them; a known world is always open.
        """
        found = lesson.show(replace(UNTOUCHED, view=view, box="Closed"))
        text = json.dumps(found.data)
        is_closed = view != options.WAYS

        assert (found.data["real"] is None) == is_closed
        assert (found.data["entropy"] is None) == is_closed
        if is_closed:
            assert found.data.get("exact") is None
            assert f"{entropy(world(UNTOUCHED.world)):.5f}" not in text
            assert "H[p]" not in json.dumps(found.table and found.table.rows)

    def test_a_drawing_that_is_none_is_a_sentence_over_a_plane_to_draw_in(self):
        """
        What was drawn is not lost.
        """
        empty, wrong = (
            lesson.show(replace(UNTOUCHED, world=DRAWN, drawn=text)) for text in ("", "nonsense")
        )
        assert wrong.problems[0].startswith("`Drawn` must be")
        assert (empty.problems, empty.verdict) == ((), lesson.EMPTY)
        assert empty.data["strokes"] == wrong.data["strokes"] == ""
        elsewhere = lesson.show(replace(UNTOUCHED, world=DRAWN, drawn="", view=options.DESCENT))
        assert (elsewhere.data, elsewhere.verdict) == (None, lesson.EMPTY)

    def test_an_unknown_world_is_a_sentence(self):
        """
        However it came here.
        """
        assert "`World` must be" in lesson.show(replace(UNTOUCHED, world="Atlantis")).problems[0]


class TestDescent:
    @pytest.mark.parametrize("model", options.MODELS)
    def test_numbers_are_those_of_the_path(self, model):
        """
        Frame by frame, and the table is of the last.
        """
        choices = replace(UNTOUCHED, view=options.DESCENT, model=model, samples=50)
        found = lesson.show(choices)
        size = {"Mixture": choices.parts, "Histogram": choices.bins}.get(model, 1)
        frames = descent.path(world(choices.world), model, size, 0, 50, 1.0)

        assert found.data["seen"] == [round(frame.seen, 6) for frame in frames]
        assert found.data["exact"] == [round(frame.exact, 6) for frame in frames]
        assert len(found.data["models"]) == len(found.data["labels"]) == len(frames)
        rows = dict(found.table.rows)
        assert rows["training cross-entropy, on the samples"] == lesson.cell(frames[-1].seen)
        assert rows["gap, held-out less training"] == lesson.cell(frames[-1].gap)

    def test_what_the_table_adds_up_adds_up(self):
        """
        Entropy and divergence are the cross-entropy, digit by digit.
        """
        for draw in range(15):
            choices = replace(UNTOUCHED, view=options.DESCENT, draw=draw, samples=20, parts=3)
            rows = dict(lesson.show(choices).table.rows)
            least, above, total = (
                float(rows[name].split()[0].replace("−", "-"))
                for name in (
                    "entropy H[p]",
                    "**KL[p; q]**, what the model adds",
                    "cross-entropy, exact: their sum",
                )
            )
            assert least + above == pytest.approx(total, abs=1e-9)

    def test_a_rise_on_fresh_samples_is_told(self):
        """
        With the step or the width from which on.
        """
        kernels = replace(UNTOUCHED, view=options.DESCENT, model="Kernels")

        assert "*rises*" in lesson.show(kernels).verdict
        assert "a width of" in lesson.show(kernels).verdict
        right = replace(CASES["itself"].choices, samples=500)
        assert "H[p] stays where it is" in lesson.show(right).verdict

    @pytest.mark.parametrize("name", ["Line: bell", "Plane: spiral", "Plane: moons"])
    @pytest.mark.parametrize("samples", [50, 500])
    def test_what_is_said_of_the_divergence_is_so(self, name, samples):
        """
        That it descends to the end only where it does, to three decimals.
        """
        choices = replace(UNTOUCHED, view=options.DESCENT, world=name, samples=samples)
        frames = descent.path(world(name), "Mixture", choices.parts, 0, samples, choices.imagined)
        rise = frames[-1].kl - min(frame.kl for frame in frames)
        said = lesson.show(choices).verdict

        assert ("all that descends" in said) == (rise <= 0.0005)
        assert ("*rises*" in said) == (rise > 0.0005)
        assert "above" not in lesson.show(replace(choices, box="Closed")).verdict

    def test_what_is_ruled_out_is_infinite_and_said(self):
        """
        And null for the browser.
        """
        found = lesson.show(CASES["forbidden"].choices)

        assert found.data["fresh"][-1] is None
        assert "*no chance*" in found.verdict
        assert dict(found.table.rows)["**KL[p; q]**"] == "infinite"


class TestFewSamples:
    @pytest.mark.parametrize(
        ("sized", "key", "sizes"),
        [
            ("Mixture", "parts", options.PARTS),
            ("Histogram", "bins", options.BINS),
            ("Kernels", "width", options.WIDTHS),
        ],
    )
    def test_the_gap_has_its_own_number(self, sized, key, sizes):
        """
        That of the size that is picked, and a curve over all sizes.
        """
        choices = replace(UNTOUCHED, view=options.FEW, sized=sized, samples=20)
        found = lesson.show(choices)
        frame = descent.fitted(world(choices.world), sized, choices.size, 0, 20, 1.0)

        assert found.data["key"] == key
        assert found.data["sizes"] == list(sizes)
        assert found.data["sizes"][found.data["picked"]] == choices.size
        assert f"**{lesson.nats(frame.gap)}**" in found.verdict

    def test_below_the_entropy_the_samples_are_what_is_matched(self):
        """
        And it is only said where the entropy is known.
        """
        needles = CASES["needles"].choices

        assert "*below H[p]*" in lesson.show(needles).verdict
        lucky = replace(needles, world="Line: bell", sized="Mixture", parts=1, samples=500)
        assert "by the luck of these samples" in lesson.show(lucky).verdict
        assert "H[p]" not in lesson.show(replace(needles, box="Closed")).verdict
        never = replace(CASES["cells"].choices, imagined=0.0)
        assert "**infinite**" in lesson.show(never).verdict


class TestCoverOrSeek:
    def test_numbers_are_those_of_both_descents(self):
        """
        Each fit by both divergences.
        """
        found = lesson.show(CASES["bumps"].choices)
        ways = descent.two_ways(world("Line: two bumps"), 1, (1.0,))

        assert found.data["start"] == [1.0]
        assert found.data["forward"][1] == [round(value, 6) for value in ways.forward[1]]
        assert found.table.rows[0][1:] == tuple(
            lesson.cell(row[0][-1]) for row in (ways.forward, ways.reverse)
        )

    def test_a_start_between_the_bumps_seeks_nothing(self):
        """
        The second fit ends across both, and is not said to seek.
        """
        between = replace(CASES["bumps"].choices, start_x=0.0)

        assert "ends across" in lesson.show(between).verdict
        assert "*seeks*" in lesson.show(replace(between, start_x=1.0)).verdict

    def test_nothing_is_sought_where_both_arrive(self):
        """
        One Gaussian for a Gaussian; what is sought of other worlds is a part, or several.
        """
        bumps = CASES["bumps"].choices
        said = [
            lesson.show(replace(bumps, world=name, way_parts=parts)).verdict
            for name, parts in (("Line: bell", 1), ("Line: comb", 1), ("Line: comb", 3))
        ]

        assert [verdict.count("seeks") for verdict in said] == [0, 1, 1]
        assert "which parts" in said[2]


class TestHeard:
    @pytest.mark.parametrize(
        ("what", "said"),
        [
            ({"drawn": "1,2 3,4"}, {"drawn": "1,2 3,4"}),
            ({"drawn": ""}, {"drawn": ""}),
            ({"start": [0.52, -9]}, {"start_x": 0.5, "start_y": -3.0}),
            ({"start": [1]}, {"start_x": 1.0}),
            ({"parts": 8}, {"parts": 8}),
            ({"width": 0.25}, {"width": 0.25}),
        ],
    )
    def test_a_hand_sets_controls(self, what, said):
        """
        To the nearest mark.
        """
        assert lesson.heard(what) == said

    @pytest.mark.parametrize(
        "what",
        [
            None,
            [],
            {},
            {"drawn": "<b>"},
            {"drawn": 3},
            {"start": [math.nan]},
            {"start": "1"},
            {"start": [1, 2, 3]},
            {"parts": 7},
            {"parts": [8]},
            {"view": "Descent"},
            {"parts": 8, "bins": 20},
        ],
    )
    def test_nonsense_sets_nothing(self, what):
        """
        Whoever sends it.
        """
        assert lesson.heard(what) == {}

    def test_a_push_adds_until_there_are_enough(self):
        """
        From mark to mark.
        """
        count, counts = options.SAMPLES[0], []
        for _ in range(8):
            counts.append(count)
            count = lesson.after_a_push(count)

        assert counts[:7] == list(options.SAMPLES)
        assert counts[7] == options.SAMPLES[-1]


class TestFlow:
    CHOICES = replace(UNTOUCHED, view=options.FLOW)
    CONFIG = flow.config_of(CHOICES)

    def live(self, run: Run | None, **more) -> flow.Live:
        return flow.live(more.pop("choices", self.CHOICES), run, **more)

    @pytest.mark.parametrize(
        ("state", "is_own", "name"),
        [
            ("queued", True, "stop"),
            ("running", True, "stop"),
            ("stopped", True, "start"),
            ("failed", False, "start"),
            ("paused", True, "start"),
            ("done", False, "again"),
        ],
    )
    def test_what_can_be_done(self, state, is_own, name):
        """
        With the training that the controls describe.
        """
        found = self.live(run_of(self.CONFIG, state=state), is_own=is_own)

        assert (found.action.name, found.action.is_ready) == (name, True)
        assert found.data["run"] == "a" * 12

    def test_somebody_elses_training_goes_on(self):
        """
        It cannot be stopped from here.
        """
        found = self.live(run_of(self.CONFIG, state="running", owner="you"))

        assert not found.action.is_ready

    def test_a_training_with_other_settings_is_shown_as_such(self):
        """
        With its own samples, and another one can be begun.
        """
        other = replace(self.CHOICES, world="Line: comb", flow_samples=50)
        found = self.live(run_of(flow.config_of(other)))

        assert found.data["dims"] == 1
        assert len(found.data["samples"]) == 50
        assert found.action.name == "start"
        assert "*other settings*" in found.verdict

    def test_what_was_measured_in_the_end(self):
        """
        As a table that adds up, and in words.
        """
        found = self.live(run_of(self.CONFIG), batches=[MEASURED])
        rows = dict(found.table.rows)

        assert rows["gap, held-out less training"] == "0.140"
        assert "0.050 nats" in found.verdict
        few = replace(self.CHOICES, flow_samples=20)
        learnt = self.live(run_of(flow.config_of(few)), choices=few, batches=[MEASURED])
        assert "*by heart*" in learnt.verdict

    def test_reads_the_batches_that_workers_write(self):
        """
        The format is theirs.
        """
        from core.density import flow as training

        config = DensityConfig(steps=3, samples=20, layers=1, width=4)
        reports = list(training.train(config, training.load(config)))
        body = encode(1, [(0.0, report) for report in reports]).body
        expected = reports[-1].held_out["divergence"][0]

        assert flow._last([body])["divergence"] == pytest.approx(expected, rel=1e-8)

    def test_messages_and_problems_are_told(self):
        """
        Those of the run and those of the address.
        """
        failed = run_of(self.CONFIG, state="failed", message="It broke.")

        assert self.live(failed, problem="Not known.").problems == ("Not known.", "It broke.")
        drawing = replace(self.CHOICES, world=DRAWN, drawn="nonsense")
        assert self.live(None, choices=drawing).problems[0].startswith("`Drawn` must")
        empty = self.live(None, choices=replace(drawing, drawn=""))
        assert (empty.verdict, empty.action.is_ready) == (lesson.EMPTY, False)
        assert not self.live(None, choices=drawing).action.is_ready

    def test_a_link_to_a_run_sets_the_controls(self):
        """
        Unless they have no such mark, or the run is of another version.
        """
        for name in ("live", "spiral", "starved", "bell"):
            choices = CASES[name].choices
            assert flow.followed(run_of(flow.config_of(choices))) == choices
        assert flow.followed(run_of(DensityConfig(samples=77))) is None
        assert flow.followed(run_of(DensityConfig(width=8))) is None
        old = replace(run_of(self.CONFIG), config={"flavour": 1})
        assert flow.followed(old) is None
        assert self.live(old).data["run"] == "a" * 12

    def test_samples_are_those_that_are_trained_on(self):
        """
        As many as can be drawn.
        """
        found = self.live(None)
        seen = descent.drawn(world(UNTOUCHED.world), 0, 1000).seen

        np.testing.assert_allclose(found.data["samples"], seen, atol=6e-4)


class TestPast:
    CONFIG = flow.config_of(replace(UNTOUCHED, view=options.FLOW))

    def test_flows_of_before_are_said_in_words(self):
        """
        The newest few, with what tells them apart, and the one on the page is known.
        """
        other = replace(self.CONFIG, world="Line: comb", layers=1, draw=2, seed=3)
        runs = [run_of(self.CONFIG), replace(run_of(other, state="stopped"), id="b" * 12)]
        first, second = flow.past([listed(run) for run in runs], runs[1])

        assert first.label == "Moons, 1,000 samples, 6 maps, 600 steps"
        assert second.label == "Comb, 1,000 samples, 1 map, 600 steps, draw 2, start 3, stopped"
        assert (first.is_shown, second.is_shown) == (False, True)

    def test_what_cannot_be_read_is_left_out(self):
        """
        As a run of another version of the site; and of many only the newest are listed.
        """
        strange = replace(run_of(self.CONFIG), config={"world": "Atlantis"})
        many = [listed(run_of(self.CONFIG)) for _ in range(30)]

        assert flow.past([listed(strange)], None) == ()
        assert 5 <= len(flow.past(many, None)) <= 10


def test_cases_are_few_for_each_view():
    """
    Three to six links each, and each sets its own view.
    """
    assert all(3 <= len(options.cases(view)) <= 6 for view in VIEWS)
    assert sum(len(options.cases(view)) for view in VIEWS) == len(CASES)
    assert Choices().values().keys() == UNTOUCHED.values().keys()
