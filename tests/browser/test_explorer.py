"""The latent explorer in Chromium: its mathematics against PyTorch and SciPy, and its sentences.

The bugs these tests catch: a decoder that is not the one that was trained, a way between codes
that leaves the sphere, a drawing that is prepared otherwise than the data set.
"""

import base64

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from scipy import stats
from scipy.spatial.transform import Rotation, Slerp

from core.vae import datasets, likelihoods, model, objective
from core.vae.config import Likelihood, TrainConfig
from tests.browser.component import call, served
from tests.core.vae.untrained import weights_of

pytestmark = pytest.mark.browser

LIKELIHOODS = Likelihood.__args__
PARSED = """
  const { parse } = await import("/api/components/run/safetensors.js");
  const bytes = Uint8Array.from(atob(a.weights), (letter) => letter.charCodeAt(0));
  const tensors = parse(bytes);
"""


@pytest.fixture(scope="module")
def bench(browser):
    """
    A page with nothing on it.
    """
    page = browser.new_page()
    with served() as address:
        page.goto(address)
        yield page
    page.close()


def sent(weights, member=0):
    """The weights of a member as they travel."""
    return base64.b64encode(
        save({name: np.ascontiguousarray(each[member]) for name, each in weights.items()})
    ).decode()


def told(config):
    """What the browser is told of a model."""
    return {
        "latent": config.latent_dim,
        "hidden": list(config.hidden),
        "data": config.data_dim,
        "likelihood": config.likelihood,
        "scale": config.scale,
    }


SIZES = [
    ("digits", (), 1),
    ("digits", (128,), 2),
    ("sprites", (400,), 20),
    ("sprites", (512, 512), 64),
]


@pytest.mark.parametrize(
    ("likelihood", "dataset", "hidden", "latent"),
    [
        *(("bernoulli_grey", *size) for size in SIZES[:-1]),
        *((name, *SIZES[-1]) for name in LIKELIHOODS),
    ],
)
def test_the_decoder_agrees_with_torch(bench, rng, likelihood, dataset, hidden, latent):
    """
    Every output, image and distortion is PyTorch's, to 1e-5 of the larger of one and the value.
    """
    config = TrainConfig(
        dataset=dataset, hidden=hidden, latent_dim=latent, likelihood=likelihood, scale=0.2
    )
    weights = weights_of(config, rng, size=2.0)
    z = rng.normal(size=(6, latent)).astype(np.float32)
    x = rng.uniform(0, 1, (6, config.data_dim)).astype(np.float32)
    parameters = {name: torch.tensor(values) for name, values in weights.items()}
    parameters.setdefault("log_scale", torch.tensor([[config.scale]]).log())
    output = model.decode(parameters, torch.tensor(z)[None])
    expected = {
        "output": output[0],
        "image": likelihoods.mean_image(likelihood, output)[0],
        "distortion": likelihoods.distortion(
            likelihood, torch.tensor(x)[None], output, parameters["log_scale"]
        )[0],
    }

    found = call(
        bench,
        "explorer/network.js",
        f"""{PARSED}
        const decoder = new m.Decoder(a.model, tensors);
        return a.z.map((z, i) => {{
          const image = [...decoder.mean(z)];
          return {{ output: [...decoder.output], image, distortion: decoder.distortion(a.x[i]) }};
        }});""",
        {"weights": sent(weights), "model": told(config), "z": z.tolist(), "x": x.tolist()},
    )

    for name, values in expected.items():
        wanted = values.numpy()
        got = np.array([each[name] for each in found])
        assert np.ptp(wanted) > 0.1
        assert (np.abs(got - wanted) <= 1e-5 * np.maximum(1, np.abs(wanted))).all(), name


@pytest.mark.parametrize(("dataset", "hidden", "latent"), SIZES)
def test_the_encoder_agrees_with_torch(bench, rng, dataset, hidden, latent):
    """
    A drawing gets the code, and the rate, that the trained encoder gives it.
    """
    config = TrainConfig(dataset=dataset, hidden=hidden, latent_dim=latent)
    weights = weights_of(config, rng)
    x = (rng.uniform(0, 1, (4, config.data_dim)) * rng.integers(0, 2, (4, 1))).astype(np.float32)
    parameters = {name: torch.tensor(values) for name, values in weights.items()}
    mean, log_var = model.encode(parameters, torch.tensor(x)[None])

    found = call(
        bench,
        "explorer/network.js",
        f"""{PARSED}
        const encoder = new m.Encoder(a.model, tensors);
        return a.x.map((x) => {{
          const code = encoder.encode(x);
          return {{ mean: [...code.mean], logVar: [...code.logVar], rate: m.rate(code) }};
        }});""",
        {"weights": sent(weights), "model": told(config), "x": x.tolist()},
    )

    wanted = {"mean": mean, "logVar": log_var, "rate": objective.rate(mean, log_var)}
    for name, values in wanted.items():
        got = np.array([each[name] for each in found])
        np.testing.assert_allclose(got, values[0].numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda w: w["decoder.0.weight"].fill(np.nan), "hold a value that is no number"),
        (lambda w: w.update({"decoder.1.bias": np.zeros((1, 63), np.float32)}), "64, got 63"),
        (lambda w: w.pop("decoder.1.weight"), "128 x 64, got nothing"),
        (
            lambda w: w.update({"decoder.0.bias": np.zeros((1, 128), np.int32)}),
            "must have the size",
        ),
    ],
)
def test_weights_that_are_none_are_a_sentence(bench, rng, spoil, words):
    """
    NaN, a wrong size or a missing layer is said, not drawn.
    """
    weights = weights_of(TrainConfig(), rng)
    spoil(weights)

    said = call(
        bench,
        "explorer/network.js",
        f"""{PARSED}
        try {{ new m.Decoder(a.model, tensors); return "drawn"; }}
        catch (error) {{ return error instanceof m.Unfit ? error.message : "thrown"; }}""",
        {"weights": sent(weights), "model": told(TrainConfig())},
    )

    assert words in said


class TestNoise:
    DRAW = """
      const noise = new m.Noise(a.seed, 2);
      return Array.from({ length: a.count }, () => noise[a.kind]());
    """

    def test_is_standard_normal_and_uniform(self, bench):
        """
        Another pen: the Kolmogorov-Smirnov test of SciPy.
        """
        for kind, law in (("normal", "norm"), ("uniform", "uniform")):
            drawn = call(
                bench, "explorer/noise.js", self.DRAW, {"seed": 3, "count": 20_000, "kind": kind}
            )
            assert stats.kstest(drawn, law).pvalue > 1e-3

    def test_is_the_same_for_a_seed_and_another_for_the_next(self, bench):
        """
        A link shows the same draw; a new draw is a new one.
        """
        a, b, c = (
            call(
                bench, "explorer/noise.js", self.DRAW, {"seed": s, "count": 500, "kind": "normal"}
            )
            for s in (5, 5, 6)
        )

        assert a == b
        assert abs(np.corrcoef(a, c)[0, 1]) < 0.15


class TestLines:
    def test_the_arc_is_scipys(self, bench):
        """
        Another pen: spherical interpolation of rotations in the plane they share.
        """
        a, b = [2.0, 0.0, 0.0], [0.0, 1.2 * np.cos(0.3), 1.2 * np.sin(0.3)]
        turn = np.cross(a, b) / np.linalg.norm(np.cross(a, b)) * np.pi / 2
        way = Slerp([0, 1], Rotation.from_rotvec([[0, 0, 0], turn]))

        found = call(
            bench,
            "explorer/lines.js",
            "return [0, 0.25, 0.5, 1].map((t) => m.along(a[0], a[1], t));",
            [a, b],
        )

        for t, z in zip((0, 0.25, 0.5, 1), found, strict=True):
            radius = (1 - t) * 2.0 + t * 1.2
            np.testing.assert_allclose(z, way(t).apply([radius, 0, 0]), atol=1e-9)

    def test_ends_where_it_should_even_through_zero(self, bench):
        """
        Opposite codes, equal ones and zero have no arc, and the straight way is left.
        """
        script = "return a.map(([p, q]) => [0, 0.5, 1].map((t) => m.along(p, q, t)));"
        ends = [[[1, 0], [-1, 0]], [[0.5, 1], [0.5, 1]], [[0, 0], [1, 2]]]

        for (a, b), way in zip(ends, call(bench, "explorer/lines.js", script, ends), strict=True):
            np.testing.assert_allclose(way, [a, np.add(a, b) / 2, b], atol=1e-9)

    @pytest.mark.parametrize("latent", [1, 2, 3, 10, 64])
    def test_the_priors_radius_follows_the_chi_law(self, bench, latent):
        """
        Another pen: SciPy's chi distribution.
        """
        found = call(bench, "explorer/lines.js", "return m.priorRadius(a);", latent)

        assert found["mean"] == pytest.approx(stats.chi(latent).mean())
        assert found["spread"] == pytest.approx(stats.chi(latent).std())


class TestDensity:
    def test_is_the_mass_of_each_cell(self, bench, rng):
        """
        Another pen: SciPy's distribution function, for wide codes and for needles.
        """
        mean = rng.normal(size=(9, 3)).astype(np.float32)
        log_var = rng.choice([-20.0, -3.0, 0.0], size=(9, 3)).astype(np.float32)
        edges = np.linspace(-4, 4, 17)
        cdf = stats.norm.cdf(edges[:, None, None], mean, np.exp(log_var / 2))
        across, up = np.diff(cdf, axis=0)[..., 2], np.diff(cdf, axis=0)[..., 0]
        expected = np.einsum("ri,ci->rc", up[::-1], across) / 9 / 0.25

        found = call(
            bench,
            "explorer/density.js",
            "return [...m.gridDensity(a.codes, a)];",
            {
                "codes": {"mean": mean.ravel().tolist(), "logVar": log_var.ravel().tolist()},
                "latent": 3,
                "dims": [2, 0],
                "half": 4,
                "cells": 16,
            },
        )

        np.testing.assert_allclose(np.reshape(found, (16, 16)), expected, atol=2e-6)

    def test_of_the_prior_has_its_peak(self, bench):
        """
        One over two pi, in the middle.
        """
        grid = call(
            bench, "explorer/density.js", "return [...m.priorDensity({ half: 3, cells: 61 })];"
        )

        assert max(grid) == pytest.approx(1 / (2 * np.pi), rel=2e-3)


class TestDrawing:
    THREE = (
        (0.3, 0.2),
        (0.6, 0.15),
        (0.65, 0.35),
        (0.45, 0.5),
        (0.68, 0.65),
        (0.6, 0.85),
        (0.3, 0.8),
    )
    PREPARE = "const image = m.prepared(a.strokes, a.dataset, a.side); return image && [...image];"

    def prepared(self, bench, dataset, strokes=(THREE,)):
        side = datasets.DATASETS[dataset].side
        strokes = [[list(point) for point in stroke] for stroke in strokes]
        found = call(
            bench,
            "explorer/strokes.js",
            self.PREPARE,
            {"strokes": strokes, "dataset": dataset, "side": side},
        )
        return None if found is None else np.reshape(found, (side, side))

    def test_becomes_a_digit_like_the_data_set(self, bench):
        """
        Levels, ink, height and place are those of the digits, measured in the data.
        """
        data = datasets.load("digits").train.pixels.reshape(-1, 8, 8) / 16
        image = self.prepared(bench, "digits")

        assert set(np.unique(image * 16)) <= set(range(17))
        assert image.sum() == pytest.approx(data.sum((1, 2)).mean(), rel=0.01)
        assert image.max(1).min() > 0
        ink = data.mean(0).sum(0)
        assert abs(image.sum(0) @ np.arange(8) / image.sum() - ink @ np.arange(8) / ink.sum()) < 1

    def test_is_the_same_wherever_and_however_large_it_was_drawn(self, bench):
        """
        Digits are stretched into their box; MNIST's are scaled and centred.
        """
        small = [[(0.1 + 0.4 * x, 0.5 + 0.4 * y) for x, y in self.THREE]]

        digits = [self.prepared(bench, "digits", strokes) for strokes in ((self.THREE,), small)]
        mnist = self.prepared(bench, "mnist", small)

        np.testing.assert_allclose(*digits, atol=0.13)
        rows = np.arange(28) + 0.5
        assert mnist.sum(0) @ rows / mnist.sum() == pytest.approx(14, abs=0.3)
        assert mnist.sum(1) @ rows / mnist.sum() == pytest.approx(14, abs=0.3)
        inked = np.flatnonzero(mnist.max(1) > 0.5)
        assert 18 <= inked[-1] - inked[0] + 1 <= 21

    def test_agrees_with_numpy_where_nothing_is_moved(self, bench):
        """
        Another pen: a soft line by distances in NumPy.
        """
        image = self.prepared(bench, "sprites", [[(0.25, 0.5), (0.75, 0.5)]])

        y, x = np.mgrid[:28, :28] + 0.5
        gap = np.hypot(np.maximum(np.abs(x - 14) - 7, 0), y - 14)
        np.testing.assert_allclose(image, np.clip(0.09 * 14 + 0.5 - gap, 0, 1), atol=1e-6)

    def test_of_nothing_is_nothing_and_of_a_dot_is_an_image(self, bench):
        """
        Neither breaks.
        """
        assert self.prepared(bench, "digits", []) is None
        for dataset in ("digits", "mnist", "sprites", "fashion_mnist"):
            dot = self.prepared(bench, dataset, [[(0.5, 0.5)]])
            assert np.isfinite(dot).all()
            assert dot.sum() > 0
