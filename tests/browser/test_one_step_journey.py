"""A walk through one step of training in a browser, each number worked out once more in the test.

The weights are taken from the site's own store; the arithmetic here is plain torch in float64 with
automatic differentiation, and shares nothing with the site's.
"""

import json
import math
import re

import numpy as np
import pytest
import safetensors.numpy
import torch

from core.runs.store import Store
from core.vae import datasets
from tests.browser.reader import Reader
from tests.browser.site import running_site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
STEPS = ("Encode", "Sample", "Decode", "Loss", "Update", "KL by hand")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("one_step")


@pytest.fixture(scope="module")
def site(folder):
    """The site on an empty store: the first visit trains the model."""
    with running_site(folder) as site:
        yield site
        assert site.log() == ""


def wait_for(reader, step):
    reader.page.wait_for_selector(f'.step[data-step="{step}"]', timeout=PATIENCE_MS)
    reader.settle()


def numbers(text):
    plain = text.replace("−", "-").replace(",", "")
    return [float(found) for found in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", plain)]


def equation(reader):
    return reader.page.locator(".st-key-one-step-equation").inner_text()


def cells(reader):
    rows = reader.page.locator("table").first.locator("tbody tr").all()
    found = [row.locator("td").all_inner_texts() for row in rows]
    return {row[0]: [numbers(cell) for cell in row[1:]] for row in found}


class Once:
    """The step for mini-batch 2 and noise 3, worked out anew."""

    def __init__(self, folder):
        store, run = kept(folder)
        _, body = store.weights(run, 800)
        store.close()
        loaded = safetensors.numpy.load(body)
        self.w = {k: torch.tensor(v[0]).double().requires_grad_() for k, v in loaded.items()}
        pixels = datasets.load("digits").train.pixels[8:16]
        self.x = torch.tensor(pixels / 16.0)
        draws = np.random.default_rng([3, 2, 2]).standard_normal((8, 2))
        self.noise = torch.tensor(draws)

    def run(self):
        """D + 2 R, with its way back to the weights; all else is noted on the way."""
        w, x = self.w, self.x
        h = torch.relu(x @ w["encoder.0.weight"] + w["encoder.0.bias"])
        heads = torch.nn.functional.linear(h, w["heads.weight"], w["heads.bias"])
        mean, log_var = heads[:, :2], heads[:, 2:]
        std = torch.exp(log_var / 2)
        z = mean + std * self.noise
        h = torch.relu(z @ w["decoder.0.weight"] + w["decoder.0.bias"])
        m = torch.sigmoid(h @ w["decoder.1.weight"] + w["decoder.1.bias"])
        distortion = -(x * m.log() + (1 - x) * (1 - m).log()).sum(-1)
        nats = (mean**2 + std**2 - log_var - 1) / 2
        found = (mean, std, log_var, nats, z, m, distortion, nats.sum(-1))
        (
            self.mean,
            self.std,
            self.log_var,
            self.nats,
            self.z,
            self.m,
            self.distortion,
            self.rate,
        ) = (values.detach() for values in found)
        return distortion.mean() + 2.0 * nats.sum(-1).mean()


def kept(folder):
    """The store of the site, and the id of the one run in it."""
    store = Store(f"sqlite:///{folder}/data/runs.sqlite")
    with store._reading() as connection:
        ((run,),) = connection.exec_driver_sql("select id from runs")
    return store, run


def test_half_trained_is_half_way_down(reader, folder):
    """
    Between the first and the last look at held-out images, D + R has fallen about half its way.
    """
    reader.open("/one_step?model=Half-trained")
    wait_for(reader, "Encode")
    store, run = kept(folder)
    looks = [json.loads(body)["held_out"] for _, body in store.batches(run, 0, 1000)]
    store.close()
    found = {
        step: nats[0]
        for table in looks
        for step, nats in zip(table.get("step", ()), table.get("neg_elbo", ()), strict=True)
    }
    text = reader.page.get_by_text("of 800 steps").inner_text()
    fall = (found[0] - found[numbers(text)[0]]) / (found[0] - found[800])

    assert 0.35 < fall < 0.65


def test_every_number_of_the_walk(reader, folder):
    """
    Encode, sample, decode, loss, update: what stands on the page is what the test computes.
    """
    reader.open("/one_step?minibatch=2&image=4&noise=3")
    wait_for(reader, "Encode")
    once = Once(folder)
    loss, i = once.run(), 3
    total = loss.item()
    close = {"abs": 2e-3}

    for j, row in enumerate(cells(reader).values()):
        expected = [once.mean[i, j], once.std[i, j], once.log_var[i, j], once.nats[i, j]]
        for found, right in zip(row, expected, strict=True):
            assert found[0] == pytest.approx(float(right), **close)

    press(reader, "Next")
    wait_for(reader, "Sample")
    for j, row in enumerate(cells(reader).values()):
        assert row[2][0] == pytest.approx(float(once.noise[i, j]), **close)
        assert row[4][0] == pytest.approx(float(once.z[i, j]), **close)

    reader.page.keyboard.press("ArrowRight")
    wait_for(reader, "Decode")
    squared = float(((once.x[i] - once.m[i]) ** 2).sum())
    gaussian = squared / (2 * 0.25**2) + 64 * (math.log(0.25) + 0.5 * math.log(2 * math.pi))
    d = cells(reader)["D, nats"]
    assert d[0][0] == pytest.approx(float(once.distortion[i]), abs=6e-3)
    assert d[1][0] == pytest.approx(gaussian, abs=6e-3)

    press(reader, "Next")
    wait_for(reader, "Loss")
    slide(reader, "beta", "2")
    rows = cells(reader)
    for k in range(8):
        distortion, rate, weighed, both = (cell[0] for cell in rows[f"image {k + 1}"])
        assert distortion == pytest.approx(float(once.distortion[k]), abs=0.011)
        assert rate == pytest.approx(float(once.rate[k]), abs=6e-3)
        assert distortion + weighed == pytest.approx(both, abs=1e-9)
    assert rows["mean"][3][0] == pytest.approx(total, abs=6e-3)

    press(reader, "Next")
    wait_for(reader, "Update")
    loss.backward()
    lengths = bar_values(reader, 0)
    layers = ("encoder.0", "heads", "decoder.0", "decoder.1")
    for found, layer in zip(lengths, layers, strict=True):
        both = (once.w[f"{layer}.weight"].grad, once.w[f"{layer}.bias"].grad)
        assert found == pytest.approx(math.sqrt(sum(float((g**2).sum()) for g in both)), rel=1e-6)
    with torch.no_grad():
        for weights in once.w.values():
            weights -= 1e-3 * weights.grad / (weights.grad.abs() + 1e-8)
    assert cells(reader)["before"][3][0] == pytest.approx(total, abs=6e-4)
    assert cells(reader)["after"][3][0] == pytest.approx(once.run().item(), abs=6e-4)

    press(reader, "Next")
    wait_for(reader, "KL by hand")
    found = numbers(equation(reader))
    assert found[2] == pytest.approx((1 + math.exp(-1) + 1 - 1) / 2, abs=6e-5)
    assert abs(found[3] - found[2]) < 6 * found[4]


def press(reader, label):
    reader.page.get_by_role("button", name=re.compile(f"^{label}")).first.click()


def slide(reader, key, label):
    """Move a slider until it says so."""
    slider = reader.page.locator(f".st-key-{key} input[type=range]")
    slider.focus()
    for _ in range(20):
        text = reader.page.locator(f".st-key-{key} [data-testid=stSliderThumbValue]").inner_text()
        if text.strip() == label:
            reader.settle()
            return
        slider.press("ArrowRight")
        reader.page.wait_for_timeout(50)
    raise AssertionError(f"{key} never says {label}")


def bar_values(reader, panel):
    """The numbers that the bars of a panel are drawn from."""
    bars = reader.page.locator(".step .picture").nth(panel).locator("rect.bar")
    return [float(bar.get_attribute("data-value")) for bar in bars.all()]


def test_arrow_keys_walk_but_not_from_a_slider(reader):
    """
    Left and right go back and on; on a slider they move the slider alone.
    """
    reader.open("/one_step?step=Decode")
    wait_for(reader, "Decode")
    reader.page.locator("h1").click()
    reader.page.keyboard.press("ArrowLeft")
    wait_for(reader, "Sample")
    reader.page.keyboard.press("ArrowRight")
    wait_for(reader, "Decode")

    reader.page.get_by_role("radio", name="Sample").click()
    wait_for(reader, "Sample")
    reader.page.keyboard.press("ArrowRight")
    wait_for(reader, "Decode")

    reader.page.locator(".st-key-sigma input[type=range]").press("ArrowRight")
    reader.page.wait_for_url(re.compile("sigma=0.3"))
    reader.settle()
    assert "step=Decode" in reader.page.url
    assert reader.page.locator('.step[data-step="Decode"]').count() == 1


def test_a_reload_lands_on_the_same_numbers(reader):
    """
    Step, batch, image, noise and model are in the address.
    """
    reader.open("/one_step")
    wait_for(reader, "Encode")
    press(reader, "Next")
    wait_for(reader, "Sample")
    before = equation(reader)
    press(reader, "Draw again")
    reader.page.wait_for_url(re.compile("noise=1"))
    reader.settle()
    drawn = equation(reader)
    assert drawn != before

    reader.page.reload()
    wait_for(reader, "Sample")
    assert equation(reader) == drawn


def test_an_image_is_picked_with_a_finger_on_a_phone(browser, site):
    """
    At 390 px nothing overflows sideways, and a tap on an image looks at that one.
    """
    reader = Reader(browser, site, viewport={"width": 390, "height": 844}, has_touch=True)
    reader.open("/one_step")
    wait_for(reader, "Encode")
    reader.page.locator(".step button.tile").nth(5).tap()
    reader.page.wait_for_url(re.compile("image=6"))
    reader.settle()
    assert equation(reader).startswith("R of image 6")
    for step in STEPS:
        wait_for(reader, step)
        wide, room = reader.page.eval_on_selector(
            '[data-testid="stMain"]', "main => [main.scrollWidth, main.clientWidth]"
        )
        assert wide <= room <= 390, step
        if step != STEPS[-1]:
            press(reader, "Next")
    assert reader.complaints == []
    reader.context.close()
