"""Catches trainings that cannot be repeated or resumed exactly, and models that do not learn."""

import dataclasses
from typing import ClassVar

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from core.vae import datasets, likelihoods
from core.vae.config import TRAINER_VERSION, TrainConfig
from core.vae.training import calibrate, seen_by, train

SHORT = 33
"""Steps of most trainings here: three passes through the digits and three batches more."""

CASES = {
    "default": TrainConfig(steps=SHORT),
    "bf16": TrainConfig(steps=SHORT, precision="bf16"),
    "dynamic": TrainConfig(steps=SHORT, likelihood="bernoulli_dynamic"),
    "dynamic bf16": TrainConfig(steps=SHORT, likelihood="bernoulli_dynamic", precision="bf16"),
    "static, two layers": TrainConfig(
        steps=SHORT, likelihood="bernoulli_static", hidden=(32, 16), latent_dim=5
    ),
    "learned scale": TrainConfig(steps=SHORT, likelihood="gaussian_learned", learning_rate=5e-3),
    "linear, odd batches": TrainConfig(
        steps=SHORT, likelihood="gaussian_fixed", hidden=(), latent_dim=1, batch_size=101
    ),
    "three members": TrainConfig(steps=SHORT, betas=(0.0, 1.0, 4.0), beta_warmup=20),
    "endless": TrainConfig(steps=None, schedule="constant", beta_warmup=8),
}
STOPS = (0, 1, 5, 10, 16, 20, 32)
"""Steps to resume from: the first, within warm-up, and within and at the ends of epochs."""

GOLDEN = {
    "default": ((26.38072,), (26.29659,)),
    "three members": ((33.80469, 25.61787, 26.76075), (23.32131, 25.75464, 26.8948)),
    "learned scale": ((8.691126,), (9.489729,)),
}
"""Held-out negative ELBO and mini-batch objective at the last step."""


@pytest.fixture(scope="module")
def data():
    return datasets.load("digits")


@pytest.fixture(scope="module", params=CASES)
def config(request):
    return resolved(CASES[request.param])


@pytest.fixture(scope="module")
def whole(config, data):
    """
    An undisturbed training: its reports, and checkpoints as files by step.
    """
    return followed(config, data)


def resolved(config=None, **fields):
    config = dataclasses.replace(config or TrainConfig(), **fields)
    return config.resolved(device="cpu", precision="fp32")


def followed(config, data, *, resume=None, between=lambda: None):
    """
    The reports of a training for `SHORT` steps, and checkpoints at the stops and at the end.
    """
    reports, checkpoints = [], {}
    for report in train(config, data, resume=resume):
        reports.append(report)
        if report.step in (*STOPS, SHORT):
            checkpoints[report.step] = save(report.checkpoint())
        if report.step == SHORT:
            break
        between()
    return reports, checkpoints


def reports_of(config, data):
    return followed(config, data)[0]


def assert_same_pictures(found, expected):
    """
    Two lists of reports show the same pictures and weights, bit for bit.
    """
    for one, other in zip(found, expected, strict=True):
        assert (one.snapshot is None) == (other.snapshot is None)
        if one.snapshot and other.snapshot:
            assert_same_arrays(one.snapshot.pictures, other.snapshot.pictures)
            assert_same_arrays(one.snapshot.weights, other.snapshot.weights)


def assert_same_arrays(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name, strict=True)


class TestRepeating:
    def test_gives_equal_reports(self, config, whole, data):
        """
        Equal configs give equal numbers, pictures, weights and checkpoints, bit for bit.
        """
        reports, checkpoints = followed(config, data)

        assert reports == whole[0]
        assert_same_pictures(reports, whole[0])
        assert checkpoints == whole[1]

    def test_is_not_disturbed_by_neighbours(self, config, whole, data):
        """
        Other trainings and other users of random numbers in between change nothing.
        """
        neighbour = train(resolved(steps=10_000, seed=5), data)

        def disturb():
            torch.manual_seed(5)
            torch.randn(100)
            np.random.rand(7)  # noqa: NPY002
            next(neighbour)

        reports, checkpoints = followed(config, data, between=disturb)

        assert reports == whole[0]
        assert_same_pictures(reports, whole[0])
        assert checkpoints == whole[1]

    def test_leaves_no_trace(self, config, data, capfd):
        """
        Training prints nothing, and takes nothing from the generators that everybody shares.
        """
        torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002

        reports_of(config, data)

        assert torch.equal(torch.get_rng_state(), torch_before)
        assert (np.random.get_state()[1] == numpy_before).all()  # noqa: NPY002
        assert capfd.readouterr() == ("", "")

    def test_follows_the_seed(self, data):
        """
        Another seed starts elsewhere and goes elsewhere.
        """
        first, other = (reports_of(resolved(steps=3, seed=seed), data) for seed in (0, 1))

        assert all(a.held_out != b.held_out for a, b in zip(first, other, strict=True))

    def test_shuffles_every_epoch_anew(self, data):
        """
        Batches of one epoch hold other images than those of the next, and of another seed.

        A model that hardly moves gives each batch the distortion of its images. Were an order
        repeated, the distortions of two epochs would agree but for code noise, to 0.95.
        """
        epochs = []
        for seed in range(2):
            config = resolved(
                steps=120, batch_size=32, learning_rate=1e-7, betas=(0.0,), seed=seed
            )
            distortions = [r.training["distortion"][0] for r in train(config, data) if r.step]
            epochs += np.array(distortions).reshape(3, 40).tolist()

        likeness = np.abs(np.corrcoef(epochs) - np.eye(6))

        assert likeness.max() < 0.6

    @pytest.mark.parametrize("name", ["default", "three members", "learned scale"])
    def test_gives_the_numbers_it_gave(self, name, data):
        """
        A short training ends where it ended when this version of the trainer was made.

        Rounding moves these numbers by a part in a million at most. Changes of the algorithm
        that were tried (either constant of Adam, a little more warm-up) move some of them by a
        part in ten thousand or more. Should this fail, stored runs no longer stand for their
        configs: raise `TRAINER_VERSION` and renew the numbers.
        """
        *_, last = train(resolved(CASES[name]), data)

        assert TRAINER_VERSION == 1
        assert last.held_out["neg_elbo"] == pytest.approx(GOLDEN[name][0], rel=2e-5)
        assert last.training["objective"] == pytest.approx(GOLDEN[name][1], rel=2e-5)


class TestResuming:
    def test_ends_like_an_undisturbed_training(self, config, whole, data):
        """
        From a checkpoint of any step, through a file, the rest is the same, bit for bit.
        """
        reports, checkpoints = whole

        assert set(checkpoints) == {*STOPS, SHORT}
        for step in STOPS:
            rest, later = followed(config, data, resume=load(checkpoints[step]))
            expected = [report for report in reports if report.step > step]
            assert rest == expected
            assert_same_pictures(rest, expected)
            assert later == {at: checkpoints[at] for at in checkpoints if at > step}

    def test_survives_going_on(self, data):
        """
        A checkpoint is a copy: the training it was taken from may go on and not change it.
        """
        reports = train(resolved(CASES["default"]), data)
        checkpoint = next(reports).checkpoint()
        before = {name: values.copy() for name, values in checkpoint.items()}

        for _ in reports:
            pass

        assert_same_arrays(checkpoint, before)

    def test_ends_at_once_where_all_is_done(self, data):
        """
        From its last checkpoint a finished training has nothing to report.
        """
        *_, last = train(resolved(steps=3), data)

        assert list(train(resolved(steps=3), data, resume=last.checkpoint())) == []

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda checkpoint: checkpoint.clear(),
            lambda checkpoint: checkpoint.pop("step"),
            lambda checkpoint: checkpoint.pop("generator"),
            lambda checkpoint: checkpoint.update(parameters=checkpoint["parameters"][1:]),
            lambda checkpoint: checkpoint.update(first_moment=np.zeros((2, 2), np.float32)),
            lambda checkpoint: checkpoint.pop("second_moment"),
        ],
    )
    def test_refuses_what_does_not_fit(self, spoil, data):
        """
        A checkpoint of another model, or with an array missing, is refused in a sentence.
        """
        config = resolved(CASES["default"])
        checkpoint = next(train(config, data)).checkpoint()
        spoil(checkpoint)

        with pytest.raises(ValueError, match="`resume` must hold "):
            next(train(config, data, resume=checkpoint))


def steered(config, data, orders, *, resume=None):
    """All reports of a training that is sent another beta with the reports of some steps."""
    reports, found, order = train(config, data, resume=resume), [], None
    while True:
        try:
            report = reports.send(order)
        except StopIteration:
            return found
        order = orders.get(report.step)
        is_looked_at = order is None or report.measured is None
        found.append(report if is_looked_at else report.measured())


class TestSteering:
    ORDERS: ClassVar = {10: 4.0, 25: 0.0, 26: 0.5}

    @pytest.mark.parametrize("warmup", [0, 40])
    def test_is_what_its_config_says(self, warmup, data):
        """
        A training steered by hand and one whose config names the same changes are bit-equal.
        """
        config = resolved(steps=60, beta_warmup=warmup)
        named = dataclasses.replace(config, beta_changes=tuple(self.ORDERS.items()))
        by_hand = steered(config, data, self.ORDERS)

        assert by_hand == list(train(named, data))
        assert_same_arrays(
            by_hand[-1].snapshot.weights, list(train(named, data))[-1].snapshot.weights
        )

    def test_takes_effect_with_the_next_step(self, data):
        """
        The report that was answered still has the old beta, the one after it the new.
        """
        config = resolved(steps=60)
        beta = {
            r.step: r.training["beta"][0] for r in steered(config, data, self.ORDERS) if r.step
        }

        assert [beta[step] for step in (10, 11, 25, 26, 27, 60)] == [1, 4, 4, 0, 0.5, 0.5]

    def test_matters(self, data):
        """
        Before the change nothing differs, after it the weights go another way.
        """
        config = resolved(steps=30)
        plain, other = list(train(config, data)), steered(config, data, {10: 4.0})

        assert plain[:10] == other[:10]
        assert plain[10].training == other[10].training
        assert plain[12].training != other[12].training

    def test_to_the_beta_in_force_changes_nothing(self):
        """
        It is no event: a config does not name it.
        """
        once = resolved(steps=60).steered(10, 4.0)

        assert once.steered(20, 4.0) is once
        assert once.steered(20, 1.0).steered(30, 4.0).beta_changes == (
            (10, 4.0),
            (20, 1.0),
            (30, 4.0),
        )

    def test_is_looked_at_on_held_out_data(self, data):
        """
        Where beta changes, held-out data and pictures are there, though no look was due.
        """
        config = resolved(steps=60)
        plain = next(r for r in train(config, data) if r.step == 25)
        changed = next(r for r in train(config.steered(25, 2.0), data) if r.step == 25)

        assert plain.snapshot is None
        assert changed.snapshot is not None
        assert plain.measured is not None
        assert changed.measured is None
        assert set(changed.held_out) >= {"distortion", "rate", "neg_elbo_se"}

    def test_resumes_exactly(self, data):
        """
        From a checkpoint before, between and after the changes the rest is the same.
        """
        named = resolved(steps=60, beta_changes=tuple(self.ORDERS.items()))
        whole = list(train(named, data))
        for step in (5, 10, 25, 40):
            at = next(report for report in train(named, data) if report.step >= step)
            checkpoint = at.checkpoint()
            rest = list(train(named, data, resume=checkpoint))
            assert rest == [report for report in whole if report.step > at.step]


class TestGoingOn:
    def test_segments_follow_the_whole_first_stretch(self, data):
        """
        A training that goes on has the numbers of the one that ended, and then more.
        """
        first = resolved(steps=40)
        longer = first.continued(30, 0.01)
        whole = {report.step: report.training for report in train(longer, data)}
        *before, last = train(first, data)
        onwards = list(train(longer, data, resume=last.checkpoint()))

        assert longer.total_steps == 70
        assert all(whole[r.step] == r.training for r in [*before, last] if r.step in whole)
        assert [r.step for r in onwards] == [step for step in whole if step > 40]
        assert all(whole[r.step] == r.training for r in onwards)

    def test_starts_from_the_weights_of_another(self, data):
        """
        Step 0 is the other model as it was; the config alone leads to the same numbers.
        """
        other = resolved(steps=40)
        weights = {r.step: r.snapshot.weights for r in train(other, data) if r.snapshot}
        config = resolved(steps=20, seed=3, betas=(0.5,), start=other, start_step=40)
        given = list(train(config, data, start=weights[40]))

        assert_same_arrays(given[0].snapshot.weights, weights[40])
        assert list(train(config, data)) == given
        with pytest.raises(ValueError, match="`start` must hold "):
            next(train(config, data, start={}))


class TestMembers:
    @pytest.mark.parametrize("precision", ["fp32", "bf16"])
    def test_train_as_if_alone(self, precision, data):
        """
        A member of a stack goes the way of the single model with its beta, to within rounding.
        """
        fields = {"steps": 60, "beta_warmup": 10, "precision": precision, "schedule": "constant"}
        betas = (0.0, 0.5, 1.0, 4.0)
        together = list(train(resolved(betas=betas, **fields), data))

        for member, beta in enumerate(betas):
            alone = list(train(resolved(betas=(beta,), **fields), data))
            for stack, single in zip(together, alone, strict=True):
                for name, values in single.training.items():
                    assert stack.training[name][member] == pytest.approx(values[0], rel=1e-3)
            for name, weights in alone[-1].snapshot.weights.items():
                np.testing.assert_allclose(
                    together[-1].snapshot.weights[name][member], weights[0], atol=2e-3
                )

    def test_buy_less_rate_at_a_higher_price(self, data):
        """
        From beta 0.1 to beta 10 the rate falls, the distortion rises, and the code collapses.
        """
        betas = (0.1, 1.0, 10.0)
        *_, last = train(resolved(betas=betas, steps=300), data)
        rates, distortions = last.held_out["rate"], last.held_out["distortion"]

        assert list(rates) == sorted(rates, reverse=True)
        assert list(distortions) == sorted(distortions)
        assert rates[0] > 4
        assert rates[2] < 0.1


class TestReports:
    def test_begin_with_the_untrained_model(self, whole):
        """
        Step 0 has held-out values and pictures, and nothing of a mini-batch.
        """
        first = whole[0][0]

        assert (first.step, first.training) == (0, {})
        assert first.held_out
        assert first.snapshot
        assert first.snapshot.weights

    def test_have_an_entry_per_member(self, config, whole):
        """
        Every value has one finite float for each member, exactly a float32.
        """
        names = {"distortion", "rate", "objective", "beta"}
        if config.likelihood == "gaussian_learned":
            names |= {"scale"}

        for report in whole[0]:
            assert set(report.training) in (names, set())
            for values in (report.training | report.held_out).values():
                assert len(values) == config.members
                assert all(isinstance(value, float) for value in values)
                assert np.array_equal(np.float32(values), values)

    def test_add_up(self, whole):
        """
        The objective is D + beta R with the beta in force, and the negative ELBO is D + R.
        """
        for report in whole[0]:
            training, held_out = (
                {name: np.array(values) for name, values in part.items()}
                for part in (report.training, report.held_out)
            )
            if training:
                expected = training["distortion"] + training["beta"] * training["rate"]
                assert training["objective"] == pytest.approx(expected, rel=1e-5)
            if held_out:
                expected = held_out["distortion"] + held_out["rate"]
                assert held_out["neg_elbo"] == pytest.approx(expected, rel=1e-5)

    def test_warm_beta_up(self, data):
        """
        The beta in force rises by equal parts and stays at its value.
        """
        config = resolved(steps=8, beta_warmup=4, betas=(2.0, 0.0))
        found = [report.training["beta"] for report in train(config, data) if report.step]

        assert [first for first, _ in found] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0]
        assert {second for _, second in found} == {0.0}

    def test_have_standard_errors_of_the_mean(self, data):
        """
        Held-out errors are the spread over images divided by the root of their number.

        For the untrained model the distortion of an image hardly depends on its code, so the
        errors of D and of D + R agree to a few parts in a hundred with that of the average image.
        """
        config = resolved(steps=1)
        first = next(train(config, data))
        x = seen_by(config, data, "validation")
        output = likelihoods.average_output(
            config.likelihood, seen_by(config, data, "train").mean(0)
        )
        each = likelihoods.distortion(
            config.likelihood, x[None], output.expand(1, len(x), -1), torch.zeros(1, 1)
        )
        expected = float(each.std()) / len(x) ** 0.5

        assert first.held_out["distortion_se"][0] == pytest.approx(expected, rel=0.1)
        assert first.held_out["distortion"][0] == pytest.approx(float(each.mean()), rel=0.05)

    def test_show_pictures(self, config, whole, data):
        """
        Pictures have the sizes and types that pages count on, for every member.
        """
        members = config.members
        pictures = [r.snapshot.pictures for r in whole[0] if r.snapshot][-1]

        assert {name: (values.shape, values.dtype.name) for name, values in pictures.items()} == {
            "originals": ((10, 64), "uint8"),
            "reconstructions": ((members, 10, 64), "uint8"),
            "samples": ((members, 20, 64), "uint8"),
            "codes": ((members, 200, 2), "float32"),
            "code_dims": ((members, 2), "int32"),
            "labels": ((200,), "uint8"),
        }
        np.testing.assert_array_equal(pictures["labels"], data.validation.labels)
        dims = [0, -1] if config.latent_dim == 1 else range(config.latent_dim)
        assert set(pictures["code_dims"].ravel().tolist()) <= set(dims)

    def test_show_the_originals(self, data):
        """
        The first ten validation images stand above their reconstructions.
        """
        first = next(train(resolved(), data))
        expected = np.rint(data.validation.pixels[:10] / 16 * 255)

        np.testing.assert_array_equal(first.snapshot.pictures["originals"], expected)

    def test_draw_the_widest_dimensions(self, data):
        """
        Of a code with many dimensions the two whose means vary most are drawn, in order.
        """
        *_, last = train(resolved(latent_dim=6, betas=(3.0,), steps=200), data)
        weights, pictures = last.snapshot.weights, last.snapshot.pictures
        x = seen_by(resolved(), data, "validation").numpy()
        hidden = np.maximum(x @ weights["encoder.0.weight"][0] + weights["encoder.0.bias"][0], 0)
        means = (hidden @ weights["heads.weight"][0].T + weights["heads.bias"][0])[:, :6]
        widest = sorted(np.argsort(means.var(0))[-2:])

        assert pictures["code_dims"][0].tolist() == widest
        np.testing.assert_allclose(pictures["codes"][0], means[:, widest], atol=1e-4)

    def test_share_weights_and_pictures_with_nobody(self, data):
        """
        A snapshot is a copy: it stays what it was while the training goes on.
        """
        reports = train(resolved(steps=5), data)
        snapshot = next(reports).snapshot
        before = {name: v.copy() for name, v in (snapshot.weights | snapshot.pictures).items()}

        list(reports)

        assert_same_arrays(snapshot.weights | snapshot.pictures, before)


class TestLearning:
    def test_reaches_the_default_quality(self, data):
        """
        The default run ends at 25 nats on held-out digits, with half a nat to spare.
        """
        *_, last = train(resolved(), data)

        assert last.step == 800
        assert last.held_out["neg_elbo"][0] < 25.5

    @pytest.mark.parametrize("name", CASES)
    def test_goes_down(self, name, data):
        """
        Every kind of training makes the held-out objective better than that of no training.
        """
        config = resolved(CASES[name], steps=300, schedule="one_cycle")
        first, *_, last = (report for report in train(config, data) if report.held_out)

        def objective(report):
            return np.array(report.held_out["distortion"]) + np.array(config.betas) * np.array(
                report.held_out["rate"]
            )

        assert (objective(last) < objective(first) - 0.3).all()

    def test_learns_the_scale(self, data):
        """
        A learned scale comes to the root mean square of what the decoder misses.
        """
        config = resolved(likelihood="gaussian_learned", learning_rate=5e-3, steps=600)
        *_, last = train(config, data)
        scale = float(np.exp(last.snapshot.weights["log_scale"][0, 0]))
        best_constant = np.log(scale) + 0.5 * np.log(2 * np.pi) + 0.5

        # at the best scale the squared error is the variance: D = n (log sigma + log(2 pi e)/2)
        assert last.held_out["distortion"][0] / 64 == pytest.approx(best_constant, abs=0.1)
        assert scale < 0.25


class TestSeenBy:
    def test_scales_grey_pixels(self, data):
        """
        Grey and Gaussian models see brightness from 0 to 1.
        """
        for likelihood in ("bernoulli_grey", "gaussian_fixed", "gaussian_learned"):
            x = seen_by(resolved(likelihood=likelihood), data, "test")
            np.testing.assert_array_equal(x.numpy() * 16, data.test.pixels)

    def test_draws_static_pixels_once(self, data):
        """
        Statically binarised images are black and white, and the same at every look.
        """
        config = resolved(likelihood="bernoulli_static")
        for split in ("train", "validation", "test"):
            first, again = seen_by(config, data, split), seen_by(config, data, split)
            assert set(first.unique().tolist()) == {0, 1}
            assert torch.equal(first, again)

    def test_leaves_dynamic_training_images_grey(self, data):
        """
        Images that are drawn anew at each step wait as grey ones; held-out ones are drawn once.
        """
        config = resolved(likelihood="bernoulli_dynamic")
        static = resolved(likelihood="bernoulli_static")

        grey = seen_by(config, data, "train")

        np.testing.assert_array_equal(grey.numpy() * 16, data.train.pixels)
        for split in ("validation", "test"):
            assert torch.equal(seen_by(config, data, split), seen_by(static, data, split))


class TestManners:
    def test_wants_a_resolved_config(self, data):
        """
        A config that leaves the device open is refused before anything is computed.
        """
        with pytest.raises(ValueError, match="`config` must be resolved before training"):
            next(train(TrainConfig(), data))

    @pytest.mark.parametrize("likelihood", ["bernoulli_grey", "gaussian_learned"])
    def test_says_what_to_do_when_numbers_run_away(self, likelihood, data):
        """
        Far too large a step size ends in a sentence that names the step and the remedy.
        """
        config = resolved(
            likelihood=likelihood,
            hidden=(512, 512),
            learning_rate=1.0,
            schedule="constant",
            steps=200,
        )

        with pytest.raises(
            ArithmeticError,
            match=r"^The \w+ stopped being a finite number at step \d+: lower the peak learning "
            r"rate \(now 1\) and train again\.$",
        ):
            list(train(config, data))

    def test_closes_cleanly(self, data):
        """
        Closing the generator stops the training, and nothing comes after.
        """
        reports = train(resolved(CASES["endless"]), data)
        next(reports)

        reports.close()

        assert list(reports) == []

    def test_chooses_a_precision(self, data):
        """
        Timing both kinds of arithmetic ends in one of them, and touches nobody's random numbers.
        """
        before = torch.get_rng_state()

        assert calibrate(TrainConfig(), data) in ("fp32", "bf16")
        assert torch.equal(torch.get_rng_state(), before)
