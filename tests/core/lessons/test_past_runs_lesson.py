"""Mirrors `core/lessons/past_runs.py`."""

import dataclasses
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lessons.past_runs import (
    LETTERS,
    Choice,
    asked_for,
    comparison,
    found_by,
    in_words,
    past_runs,
    title,
    toggled,
)
from core.runs.records import Listed, Run, is_run_id
from core.vae.config import TrainConfig

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def a_run(config=None, **fields):
    """A run of a config that is resolved."""
    resolved = (config or TrainConfig()).resolved(device="cpu", precision="fp32")
    usual = {
        "id": "a" * 12,
        "kind": "vae",
        "config": resolved.to_json(),
        "fingerprint": resolved.fingerprint if resolved.is_resolved else "",
        "shared": True,
        "owner": "me",
        "state": "done",
        "attempt": 1,
        "step": None,
        "message": None,
        "machine": None,
        "evaluation": None,
        "created": 1000.0,
        "started": None,
        "finished": None,
        "sequence": 0,
        "queued": 1000.0,
        "lease": None,
        "stop_requested": False,
        "deaths": 0,
        "spent": 0.0,
        "revision": 1,
    }
    return Run(**usual | fields)


# What is drawn are plain values: the checks of types at run time would draw by themselves.
ids = st.text(ALPHABET, min_size=12, max_size=12)
configs = st.fixed_dictionaries(
    {
        "dataset": st.sampled_from(["digits", "sprites", "mnist"]),
        "likelihood": st.sampled_from(["bernoulli_grey", "gaussian_fixed"]),
        "scale": st.sampled_from([0.1, 0.25, 0.5]),
        "hidden": st.sampled_from([(), (128,), (400, 200)]),
        "latent_dim": st.integers(1, 20),
        "betas": st.sampled_from([(0.0,), (0.5,), (1.0,), (4.0,), (0.1, 1.0, 10.0)]),
        "beta_warmup": st.sampled_from([0, 100]),
        "learning_rate": st.sampled_from([1e-4, 0.02]),
        "batch_size": st.sampled_from([64, 128]),
        "steps": st.integers(1, 3000),
        "seed": st.integers(0, 50),
    }
)
states = st.sampled_from(["queued", "running", "stopped", "failed", "done"])
runs = st.fixed_dictionaries({"settings": configs, "id": ids, "state": states})


def run_of(drawn):
    return a_run(TrainConfig(**drawn["settings"]), id=drawn["id"], state=drawn["state"])


NUMBERS = {
    "beta": lambda c: c.betas,
    "β": lambda c: c.betas,
    "latent": lambda c: (c.latent_dim,),
    "hidden": lambda c: c.hidden,
    "seed": lambda c: (c.seed,),
    "steps": lambda c: (c.steps,),
    "batch": lambda c: (c.batch_size,),
    "rate": lambda c: (c.learning_rate,),
    "warmup": lambda c: (c.beta_warmup,),
}


class TestInWords:
    @given(configs, configs)
    def test_tells_different_trainings_apart(self, one, other):
        """
        Two runs read the same exactly if they were trained the same way.
        """
        one, other = (
            TrainConfig(**c).resolved(device="cpu", precision="fp32") for c in (one, other)
        )

        assert (in_words(one) == in_words(other)) == (one == other)

    def test_leaves_out_what_has_no_influence(self):
        """
        The scale of a Gaussian means nothing to a Bernoulli decoder.
        """
        assert "scale" not in in_words(TrainConfig())
        assert in_words(TrainConfig(likelihood="gaussian_fixed", scale=0.5))["scale"] == "0.5"

    def test_says_how_long(self):
        """
        A length has a unit, or none planned.
        """
        assert in_words(TrainConfig(steps=1200))["length"] == "1,200 steps"
        endless = TrainConfig(steps=None, schedule="constant")
        assert in_words(endless)["length"] == "until stopped"


class TestTitle:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, "Digits, β 1"),
            ({"betas": (4.0,), "latent_dim": 10}, "Digits, β 4, code dimensions 10"),
            ({"dataset": "mnist", "hidden": (400,)}, "MNIST, β 1, hidden widths 400"),
            ({"betas": (0.1, 1.0, 10.0)}, "Digits, β 0.1 to 10, 3 values"),
            ({"seed": 3, "steps": 40}, "Digits, β 1, 40 steps, seed 3"),
        ],
    )
    def test_says_what_is_unusual(self, changes, expected):
        """
        Images and price always, the rest only where it has been touched.
        """
        assert title(a_run(TrainConfig(**changes))) == expected

    def test_is_the_name_where_there_is_one(self):
        """
        What a reader has named is called that.
        """
        assert title(a_run(), "the baseline") == "the baseline"

    def test_of_what_cannot_be_read_is_a_sentence(self):
        """
        A run of another version is listed all the same.
        """
        assert "another version" in title(_unreadable())


def _unreadable():
    return dataclasses.replace(a_run(), config={"depth": 3})


class TestSearch:
    @given(runs, st.sampled_from(sorted(NUMBERS)), st.data())
    def test_finds_a_run_by_each_of_its_numbers(self, drawn, word, data):
        """
        A setting and its value mean that value and no other.
        """
        run = run_of(drawn)
        if values := NUMBERS[word](TrainConfig(**drawn["settings"])):
            value = data.draw(st.sampled_from(values))
            assert found_by(f"{word} {value}", run)
            assert found_by(f"digits, {word.upper()}={value}", run) == ("Digits" in title(run))
        assert not found_by(f"{word} 987654", run)

    @given(runs)
    def test_finds_a_run_by_all_that_is_read_of_it(self, drawn):
        """
        Whatever stands on the list can be typed into the search.
        """
        run = run_of(drawn)

        assert all(found_by(text, run) for text in (title(run), run.state, run.id, "", "   "))

    @given(runs, st.text(st.characters(categories=["L"]), min_size=1, max_size=8))
    def test_finds_a_run_by_its_name(self, drawn, word):
        """
        Any word of a name will do, in capitals or not.
        """
        name = f"Before {word} after"

        assert found_by(word, run_of(drawn), name)
        assert found_by("after BEFORE", run_of(drawn), name)

    @given(runs, st.text(max_size=20), st.text(max_size=20))
    def test_all_of_it_must_fit(self, drawn, one, other):
        """
        Whatever else is typed, a word that stands nowhere finds nothing.
        """
        assert not found_by(f"{one} zzqx {other}", run_of(drawn))

    def test_takes_a_number_for_that_number(self):
        """
        A part of a number is another number.
        """
        run = a_run(TrainConfig(latent_dim=10, betas=(0.5,), steps=1500))

        assert not found_by("latent 1", run)
        assert found_by("beta 0.50, latent 10", run)
        assert found_by("steps 1,500", run)
        assert found_by("digits beta", run)
        assert not found_by("mnist", run)

    def test_a_number_in_a_name_counts_too(self):
        """
        Whoever names a run after a setting finds it by that.
        """
        assert found_by("beta 9", a_run(), "once had beta 9")

    def test_a_run_that_cannot_be_read_is_found_by_its_name(self):
        """
        Its settings are of another version.
        """
        assert found_by("old", _unreadable(), "an old one")
        assert not found_by("beta 1", _unreadable(), "an old one")


def entry(run, *, name=None, is_own=True, added=1000.0, deleted=None):
    return Listed(run=run, name=name, is_own=is_own, added=added, deleted=deleted)


def listed(entries, deleted=(), **changes):
    asked = {"search": "", "choice": Choice(None), "now": 2000.0, "zone": UTC}
    return past_runs(entries, deleted, **asked | changes)


class TestPastRuns:
    @given(st.lists(st.tuples(runs, st.booleans()), max_size=12), st.integers(1, 12))
    def test_lists_all_in_their_order(self, drawn, limit):
        """
        Nothing is lost between what is shown and what is said to be more.
        """
        entries = [entry(run_of(each), is_own=is_own) for each, is_own in drawn]
        found = listed(entries, limit=limit)

        shown = [row.run for row in (*found.own, *found.watched)]
        order = [e.run.id for is_own in (True, False) for e in entries if e.is_own is is_own]
        assert shown == order[:limit]
        assert len(shown) + found.more == len(entries)
        assert bool(found.sentence) == (not entries)

    def test_a_row_says_how_a_run_stands(self):
        """
        When, in the reader's own zone, in what state, how far, and what it is worth.
        """
        measured = {"neg_elbo": {"value": [24.0], "standard_error": [0.3]}}
        run = a_run(step=800, evaluation=measured)
        zone = timezone(timedelta(hours=2))
        (row,) = listed([entry(run)], zone=zone).own

        assert row.detail == "today 02:16, done, 800 steps, D + R 24.00 ± 0.30 nats"
        (bare,) = listed([entry(a_run(state="queued"))]).own
        assert bare.detail == "today 00:16, queued"

    def test_rows_know_what_is_on_the_charts(self):
        """
        What is shown cannot be put beside itself, and four is all there is room for.
        """
        ids = [letter * 12 for letter in "abcde"]
        entries = [entry(a_run(id=run_id)) for run_id in ids]
        full = listed(entries, choice=Choice(ids[0], tuple(ids[1:4]))).own
        free = listed(entries, choice=Choice(ids[0], (ids[1],))).own
        none = listed(entries).own

        assert [row.is_shown for row in full] == [True] + [False] * 4
        assert [row.is_beside for row in full] == [False, True, True, True, False]
        assert not any(row.can_join for row in (*full, *none))
        assert [row.can_join for row in free] == [False, True, True, True, True]

    def test_says_where_nothing_was_found(self):
        """
        An empty list and an empty search are two things.
        """
        assert "No run on the list" in listed([entry(a_run())], search="zzqx").sentence
        assert "is kept here" in listed([]).sentence
        assert listed([], [entry(a_run(), deleted=1500.0)]).deleted[0].title == "Digits, β 1"


class TestAskedFor:
    @given(st.text(max_size=80), st.none() | ids)
    def test_trusts_nothing(self, text, shown):
        """
        Whatever stands in an address, up to three ids come of it, none twice, none the shown one.
        """
        choice, _ = asked_for(text, shown)

        assert choice.shown == shown
        assert all(map(is_run_id, choice.beside))
        assert len({*choice.beside, shown}) == len(choice.beside) + 1 <= len(LETTERS)

    @given(st.lists(ids, max_size=3, unique=True), ids)
    def test_takes_what_is_right(self, beside, shown):
        """
        A link that the page wrote is read without a complaint.
        """
        beside = [run for run in beside if run != shown]

        assert asked_for(",".join(beside), shown) == (Choice(shown, tuple(beside)), None)

    @given(st.lists(ids, max_size=3, unique=True), ids, ids)
    def test_toggling_twice_changes_nothing(self, beside, shown, run):
        """
        What is put on the charts last is taken away again.
        """
        choice = Choice(shown, tuple(other for other in beside if other not in (run, shown)))
        once = toggled(choice, run)

        assert len(once.beside) < len(LETTERS)
        assert toggled(once, run) == choice or len(choice.beside) == len(LETTERS) - 1


class TestComparison:
    EVALUATION = {  # noqa: RUF012 - only read
        "distortion": {"value": [21.504], "standard_error": [0.31]},
        "rate": {"value": [0.0], "standard_error": [0.0]},
        "neg_elbo": {"value": [24.104], "standard_error": [None]},
        "bounds": {
            "images": 300,
            "draws": [1, 1000],
            "estimates": [
                {"value": [24.1], "standard_error": [0.3]},
                {"value": [None], "standard_error": [None]},
            ],
        },
    }

    def test_shows_what_differs_and_nothing_else(self):
        """
        Settings that differ come first, then what was measured; unknown stays empty, not zero.
        """
        one = a_run(TrainConfig(betas=(1.0,)), id="a" * 12, evaluation=self.EVALUATION)
        two = a_run(TrainConfig(betas=(4.0,), seed=1), id="b" * 12)
        found = comparison([one, two], {"b" * 12: "dear"})

        assert found.headings == (
            *("", "name", "β", "seed"),
            *("D", "R", "D + R", "bound, 1,000 codes"),
        )
        assert found.rows == (
            *(("A", "", "1", "0", "21.50 ± 0.31", "0.00 ± 0.00", "24.10", "beyond all numbers"),),
            *(("B", "dear", "4", "1", "", "", "", ""),),
        )
        assert found.labels == ("β 1", "dear")
        assert found.note is None

    @given(st.lists(runs, min_size=1, max_size=4))
    def test_each_column_tells_runs_apart(self, drawn):
        """
        A setting that all share has no column, and rows are as long as the headings.
        """
        made = [run_of(each) for each in drawn]
        found = comparison(made, {})
        measured = ("D", "R", "D + R")
        settings = [i for i, each in enumerate(found.headings) if each and each not in measured]

        assert [row[0] for row in found.rows] == list(LETTERS[: len(made)])
        assert all(len(row) == len(found.headings) for row in found.rows)
        assert set(measured) <= set(found.headings)
        for place in settings:
            assert len({row[place] for row in found.rows}) > 1
        assert bool(settings) == any(run.config != made[0].config for run in made)

    def test_says_where_numbers_do_not_compare(self):
        """
        Nats of one likelihood are not those of another.
        """
        grey = a_run()
        drawn = a_run(TrainConfig(likelihood="bernoulli_dynamic"))
        mnist = a_run(TrainConfig(dataset="mnist"))

        assert "likelihoods differ" in comparison([grey, drawn], {}).note
        assert "images differ" in comparison([grey, mnist], {}).note

    def test_many_models_in_one_run_have_no_single_number(self):
        """
        A sweep beside a run leaves its numbers empty.
        """
        evaluation = {"neg_elbo": {"value": [24.0, 25.0], "standard_error": [0.1, 0.1]}}
        sweep = a_run(TrainConfig(betas=(0.5, 2.0)), evaluation=evaluation)
        found = comparison([a_run(), sweep], {})

        assert found.rows[1][-1] == ""
        assert found.rows[1][1] == "0.5 to 2, 2 values"

    def test_a_run_that_cannot_be_read_has_no_settings(self):
        """
        It is compared all the same.
        """
        found = comparison([a_run(), _unreadable()], {})

        assert found.rows[1][1:-3] == ("",) * len(found.rows[1][1:-3])
        assert found.labels[1] == ""
