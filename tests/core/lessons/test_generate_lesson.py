"""Mirrors `core/lessons/generate.py`."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.lessons import generate as lesson
from core.vae import datasets, evaluation
from core.vae.config import TrainConfig
from tests.core.vae.untrained import weights_of
from tests.pages.stand_in import StandIn


@pytest.fixture(scope="module")
def weights():
    """
    An untrained model with two dimensions of code.
    """
    return weights_of(TrainConfig(), np.random.default_rng(0))


@pytest.fixture(scope="module")
def found(weights):
    """
    What it makes of held-out images.
    """
    return lesson.study(TrainConfig(), weights)


class TestStudy:
    def test_agrees_with_the_evaluation_of_a_run(self, found, weights):
        """
        Another pen: the terms that the worker measures on the same images with other draws.
        """
        config = TrainConfig().resolved(device="cpu", precision="fp32")
        measured = next(
            known
            for known in evaluation.evaluate(config, weights, datasets.load("digits"), images=2)
            if "active_units" in known
        )

        assert found.rate.mean() == pytest.approx(measured["rate"]["value"][0], rel=1e-5)
        error = measured["distortion"]["standard_error"][0]
        assert abs(found.distortion.mean() - measured["distortion"]["value"][0]) < 2 * error
        assert len(found.labels) == measured["images"] == lesson.held_out(config) == 300

    def test_takes_the_rate_apart(self, found):
        """
        The numbers of the holes are of the same images.
        """
        assert found.surgery.images == 300
        assert found.surgery.rate == pytest.approx(found.rate.mean())

    def test_sorts_images_by_their_neg_elbo(self, found):
        """
        First the least likely, then the likeliest.
        """
        largest, smallest = found.extremes()

        assert largest.neg_elbo[0] == found.neg_elbo.max()
        assert smallest.neg_elbo[0] == found.neg_elbo.min()
        assert list(largest.neg_elbo) == sorted(largest.neg_elbo, reverse=True)
        assert found.neg_elbo[largest.images[3]] == pytest.approx(largest.neg_elbo[3])

    def test_distances_are_those_of_torch(self, found):
        """
        Another pen: torch's table of distances.
        """
        x = torch.tensor(datasets.load("digits").test.pixels).double() / 16
        table = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
        table.fill_diagonal_(torch.inf)

        np.testing.assert_allclose(found.nearest, table.min(1).values.numpy(), rtol=1e-9)

    def test_is_the_same_again(self, found, weights):
        """
        A link shows the same numbers to everybody.
        """
        again = lesson.study(TrainConfig(), weights)

        np.testing.assert_array_equal(again.neg_elbo, found.neg_elbo)
        assert again.surgery == found.surgery

    @pytest.mark.parametrize("likelihood", ["bernoulli_static", "gaussian_learned"])
    def test_knows_every_likelihood(self, likelihood, rng):
        """
        Images are shown as the likelihood sees them.
        """
        config = TrainConfig(likelihood=likelihood)

        seen = lesson.study(config, weights_of(config, rng))

        levels = set(np.unique(seen.images))
        assert levels == {0, 255} if likelihood == "bernoulli_static" else len(levels) == 17
        assert np.isfinite(seen.neg_elbo).all()

    @pytest.mark.parametrize(
        ("spoil", "words"),
        [
            (lambda w: w.pop("heads.bias"), "must hold `heads.bias`"),
            (lambda w: w["decoder.1.bias"].fill(np.nan), "must hold finite numbers"),
        ],
    )
    def test_refuses_what_is_no_model_in_a_sentence(self, weights, spoil, words):
        """
        A missing weight and a number that is none are said.
        """
        broken = {name: each.copy() for name, each in weights.items()}
        spoil(broken)

        with pytest.raises(ValueError, match=f"This model cannot be shown: .*{words}"):
            lesson.study(TrainConfig(), broken)

    def test_refuses_a_member_that_is_not_there(self, weights):
        """
        Members are counted from zero.
        """
        with pytest.raises(ValueError, match="`member` must be from 0 to 0, got 1"):
            lesson.study(TrainConfig(), weights, 1)

    def test_says_when_the_numbers_are_none(self, weights):
        """
        A training that went astray is no broken page.
        """
        wild = {**weights, "heads.bias": np.full_like(weights["heads.bias"], 1e4)}

        with (
            np.errstate(over="ignore", invalid="ignore"),
            pytest.raises(ValueError, match="went astray"),
        ):
            lesson.study(TrainConfig(), wild)


class TestWhatTravels:
    def test_the_parts_are_the_model(self, weights, rng):
        """
        Encoder and decoder together are all weights, each once.
        """
        config = TrainConfig(likelihood="gaussian_learned")
        model = {name: each[0] for name, each in weights_of(config, rng).items()}

        decoder, encoder = (lesson.part_of(model, part) for part in lesson.PARTS)

        assert set(decoder) | set(encoder) == set(model)
        assert not set(decoder) & set(encoder)

    def test_large_models_are_refused_in_a_sentence(self):
        """
        The largest presets fit; a decoder may fit where its encoder does not.
        """
        widest = TrainConfig(dataset="mnist", hidden=(512,), latent_dim=64)
        deeper = dataclasses.replace(widest, hidden=(512, 512))
        huge = dataclasses.replace(widest, hidden=(2048,))

        assert [lesson.too_large(widest, part) for part in lesson.PARTS] == [None, None]
        assert lesson.too_large(deeper, "decoder") is None
        assert "at most 4 MB: it cannot encode a drawing" in (
            lesson.too_large(deeper, "encoder") or ""
        )
        assert "The decoder has 7.0 MB" in (lesson.too_large(huge, "decoder") or "")


class TestPlaces:
    @given(st.lists(st.floats(-900, 900), min_size=1, max_size=64))
    def test_the_address_brings_a_code_back(self, z):
        """
        What is written is read again, to a thousandth.
        """
        text = lesson.code_text(z, len(z))

        assert text is not None
        np.testing.assert_allclose(lesson.place_of(text, len(z)).z, z, atol=6e-4, rtol=1e-5)

    @pytest.mark.parametrize("text", ["1", "1,2,3", "a,b", "nan,0", "1e9,0", "inf,1", ",", "1,,2"])
    def test_nonsense_is_a_sentence_and_zero(self, text):
        """
        A wrong address loses nothing.
        """
        place = lesson.place_of(text, 2)

        assert place.z == (0, 0)
        assert place.problem

    @pytest.mark.parametrize(
        "sent", [None, "1,2", [1.0], [1.0, "2"], [1.0, float("nan")], [1e9, 0]]
    )
    def test_what_a_browser_forges_is_not_written(self, sent):
        """
        Only a code of the model goes into the address.
        """
        assert lesson.code_text(sent, 2) is None

    def test_pairs_go_to_the_address_and_back(self):
        """
        Positions of images, as far as there are any.
        """
        assert lesson.pair_of(lesson.pair_text([3, 299], 300), 300).images == (3, 299)
        assert lesson.pair_of("3-300", 300).problem
        assert lesson.pair_of("-", 300).problem
        assert lesson.pair_text([3, 300], 300) is None
        assert lesson.pair_text([True, {}], 300) is None


class TestSubject:
    @pytest.fixture
    def run(self):
        """
        A finished run.
        """
        config = TrainConfig().resolved(device="cpu", precision="fp32")
        return StandIn().put(config, state="done", step=800)

    def test_of_a_finished_run_is_its_steps(self, run):
        """
        Nothing stands in the way.
        """
        shown = lesson.subject(run, [0, 400, 800])

        assert shown.steps == (0, 400, 800)
        assert shown.problem is shown.note is None

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"state": "failed", "message": "It diverged."}, "This training failed. It diverged."),
            ({"config": {"who": "knows"}}, "another version of the site"),
            ({"state": "stopped"}, "has kept no weights"),
        ],
    )
    def test_says_why_there_is_none(self, run, fields, words):
        """
        A run without a model is a sentence.
        """
        assert words in lesson.subject(dataclasses.replace(run, **fields), []).problem

    def test_of_a_long_training_is_what_it_has_by_now(self, run):
        """
        A reader need not wait for hours; for a second they do.
        """
        going = dataclasses.replace(run, state="running")
        long = TrainConfig(steps=1_000_000).to_json()
        slow = dataclasses.replace(going, config=long)

        assert lesson.is_awaited(going, lesson.subject(going, [0]))
        assert not lesson.is_awaited(slow, lesson.subject(slow, [0]))
        assert "is running" in lesson.subject(slow, [0]).note


def test_the_table_of_holes_adds_up(found):
    """
    What is shown of R, I and KL adds up, digit by digit.
    """
    _, rows = lesson.holes_table({"shown": found})

    _, rate, information, kl, _ = rows[0]
    first = [float(cell.split()[0]) for cell in (rate, information, kl)]
    assert first[0] == pytest.approx(first[1] + first[2], abs=1e-9)


def test_a_rate_above_the_ceiling_is_explained(found):
    """
    With few images much of a KL is theirs and not the model's.
    """
    rich = dataclasses.replace(found.surgery, rate=20.0)

    assert "at least 14.3 of its nats" in lesson.holes_caption(rich)
    assert "at least" not in lesson.holes_caption(dataclasses.replace(found.surgery, rate=1.0))


def test_the_twin_is_at_the_other_end():
    """
    Without a price beside the ELBO's, and the other way round, whatever was done by hand.
    """
    steered = TrainConfig(beta_changes=((10, 3.0),), seed=4)

    assert lesson.twin(steered) == TrainConfig(betas=(0.0,), seed=4)
    assert lesson.twin(TrainConfig(betas=(0.0,))) == TrainConfig()
