"""Mirrors `core/density/config.py`: the same settings, the same training, and nothing else."""

import dataclasses
import json

import pytest

import core.density.config
from core.density.worlds import DRAWN
from core.runs.service import Config
from tests.core.vae.test_config import as_deployed

DensityConfig = as_deployed(core.density.config).DensityConfig


class TestValidation:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("samples", 1),
            ("samples", 2.5),
            ("steps", 0),
            ("layers", True),
            ("width", 257),
            ("seed", -1),
            ("batch_size", "256"),
            ("learning_rate", 0),
            ("learning_rate", "fast"),
            ("learning_rate", float("nan")),
            ("threads", 65),
            ("draw", None),
        ],
    )
    def test_a_wrong_value_is_a_sentence(self, name, value):
        """
        It names the setting, the rule and the value.
        """
        with pytest.raises(ValueError, match=f"^`{name}` must .* got ") as error:
            DensityConfig(**{name: value})
        assert repr(value) in str(error.value)

    def test_a_world_is_checked(self):
        """
        And so is a drawing.
        """
        with pytest.raises(ValueError, match="`World` must be one of"):
            DensityConfig(world="Atlantis")
        with pytest.raises(ValueError, match="`world` must be a text, got 3"):
            DensityConfig(world=3)
        with pytest.raises(ValueError, match="`Drawn` must be"):
            DensityConfig(world=DRAWN)

    def test_an_unknown_setting_is_a_sentence(self):
        """
        A config from elsewhere is trusted in nothing.
        """
        with pytest.raises(ValueError, match="`betas` is not a setting; choose from batch_size"):
            DensityConfig.from_json({"betas": [1.0]})


class TestIdentity:
    def test_a_config_comes_back_from_json(self):
        """
        As it was.
        """
        config = DensityConfig(world=DRAWN, drawn="1,2 3,4", learning_rate=1)
        back = DensityConfig.from_json(json.loads(json.dumps(config.to_json())))

        assert back == config
        assert back.fingerprint == config.fingerprint

    def test_every_setting_has_its_part_in_the_fingerprint(self):
        """
        Equal fingerprints mean equal results.
        """
        other = {"world": "Plane: rings", "learning_rate": 0.5}
        first = DensityConfig()
        prints = {first.fingerprint}
        for field in dataclasses.fields(DensityConfig):
            if field.name != "drawn":
                value = other.get(field.name, getattr(first, field.name))
                value = value + 1 if isinstance(value, int) else value
                prints.add(dataclasses.replace(first, **{field.name: value}).fingerprint)
        prints.add(DensityConfig(world=DRAWN, drawn="1,1").fingerprint)
        prints.add(DensityConfig(world=DRAWN, drawn="1,2").fingerprint)

        assert len(prints) == len(dataclasses.fields(DensityConfig)) + 2

    def test_what_has_no_influence_tells_nothing_apart(self):
        """
        A drawing beside a world that is not drawn.
        """
        assert DensityConfig(drawn="1,1").fingerprint == DensityConfig().fingerprint

    def test_is_what_the_service_asks_of_a_config(self):
        """
        With nothing to resolve, on any machine.
        """
        config = DensityConfig()

        assert isinstance(config, Config)
        assert config.is_resolved
        assert config.is_shareable
        assert config.resolved(device="cuda", precision="bf16") is config
        assert (config.kind, config.device, config.precision) == ("density", "cpu", "fp32")
        assert (config.members, config.total_steps) == (1, 600)

    def test_learning_rate_rises_and_falls(self):
        """
        To a fiftieth of its peak.
        """
        config = DensityConfig(steps=1000, learning_rate=0.01)
        rates = [config.learning_rate_at(step) for step in range(1, 1001)]

        assert max(rates) <= 0.01
        assert rates.index(max(rates)) == 99
        assert rates[-1] == pytest.approx(0.0002)
