"""Settings: sensible without any, strict with wrong ones.

The bug these tests catch is a site that starts with a setting it did not understand.
"""

import os
from pathlib import Path

import pytest

from core.settings import Settings


class TestFromEnvironment:
    def test_needs_nothing(self):
        """
        Without a variable everything is in one folder of the user, and one core is left free.
        """
        found = Settings.from_environment({})

        assert found.data_dir.is_absolute()
        assert found.datasets_dir == found.data_dir / "datasets"
        assert found.store_url == f"sqlite:///{found.data_dir / 'runs.sqlite'}"
        assert found.engine_address is None
        assert 1 <= found.workers == max(1, (os.cpu_count() or 1) - 1)
        assert found.run_limit_s == 3600

    def test_reads_every_field(self, tmp_path):
        """
        Each field has its variable.
        """
        files = {}
        for name in ("ca", "cert", "key"):
            files[name] = tmp_path / f"{name}.pem"
            files[name].touch()
        found = Settings.from_environment(
            {
                "COMPANION_DATA_DIR": str(tmp_path),
                "COMPANION_DATASETS_DIR": str(tmp_path / "images"),
                "COMPANION_STORE_URL": "postgresql+psycopg://me:secret@db/runs",
                "COMPANION_ENGINE_ADDRESS": "tls://scheduler:8786",
                "COMPANION_ENGINE_TLS_CA": str(files["ca"]),
                "COMPANION_ENGINE_TLS_CERT": str(files["cert"]),
                "COMPANION_ENGINE_TLS_KEY": str(files["key"]),
                "COMPANION_WORKERS": "3",
                "COMPANION_RUN_LIMIT_S": "60.5",
            }
        )

        assert found == Settings(
            data_dir=tmp_path,
            datasets_dir=tmp_path / "images",
            store_url="postgresql+psycopg://me:secret@db/runs",
            engine_address="tls://scheduler:8786",
            engine_tls_ca=files["ca"],
            engine_tls_cert=files["cert"],
            engine_tls_key=files["key"],
            workers=3,
            run_limit_s=60.5,
        )

    def test_makes_paths_absolute(self, tmp_path, monkeypatch):
        """
        A worker that starts in another folder finds the same files.
        """
        monkeypatch.chdir(tmp_path)
        found = Settings.from_environment(
            {"COMPANION_DATA_DIR": "here", "COMPANION_STORE_URL": "sqlite:///my.sqlite"}
        )

        assert found.data_dir == tmp_path / "here"
        assert found.store_url == f"sqlite:///{tmp_path / 'my.sqlite'}"

    def test_takes_an_empty_variable_for_none(self):
        """
        A variable that is set to nothing, as containers do, is not a setting.
        """
        empty = {f"COMPANION_{name.upper()}": " " for name in Settings.__dataclass_fields__}

        assert Settings.from_environment(empty) == Settings.from_environment({})

    @pytest.mark.parametrize(
        ("name", "value", "rule"),
        [
            ("DATA_DIR", __file__, "must name a folder"),
            ("DATASETS_DIR", __file__, "must name a folder"),
            ("STORE_URL", "mysql://db/runs", "must be sqlite:/// and the path of a file"),
            ("STORE_URL", "sqlite://", "must be sqlite:/// and the path of a file"),
            ("STORE_URL", "sqlite:///:memory:", "must be sqlite:/// and the path of a file"),
            ("ENGINE_ADDRESS", "scheduler:8786", "must look like tls://host:8786"),
            ("ENGINE_ADDRESS", "tls://scheduler:8786", "must be set for an engine behind TLS"),
            ("ENGINE_TLS_CA", "/not/there.pem", "must name a file that is there"),
            ("ENGINE_TLS_KEY", __file__, "must be set as well"),
            ("WORKERS", "0", "must be a whole number from 1 to 256"),
            ("WORKERS", "2.5", "must be a whole number"),
            ("WORKERS", "many", "must be a whole number"),
            ("RUN_LIMIT_S", "nan", "must be a number from 1"),
            ("RUN_LIMIT_S", "-1", "must be a number from 1"),
        ],
    )
    def test_refuses_what_is_of_no_use(self, name, value, rule):
        """
        The error names the variable and the rule.
        """
        with pytest.raises(ValueError, match=rule) as raised:
            Settings.from_environment({f"COMPANION_{name}": value})

        assert "COMPANION_" in str(raised.value)

    def test_keeps_passwords_to_itself(self):
        """
        Neither an error nor a printed record shows the password of the database.
        """
        with pytest.raises(ValueError, match=r"//me:\*\*\*@") as raised:
            Settings.from_environment({"COMPANION_STORE_URL": "mysql://me:se:cr@et@db/runs"})
        found = Settings.from_environment({"COMPANION_STORE_URL": "postgresql://me:secret@db/r"})

        assert "se:cr@et" not in str(raised.value)
        assert "secret" not in repr(found)


class TestToEnvironment:
    @pytest.mark.parametrize("given", [{}, {"WORKERS": "7", "RUN_LIMIT_S": "2.5"}])
    def test_is_read_back_the_same(self, given, tmp_path):
        """
        A process that we start has our settings, whatever its own surroundings.
        """
        folder = {"COMPANION_DATA_DIR": str(tmp_path)}
        ours = Settings.from_environment(
            folder | {f"COMPANION_{name}": value for name, value in given.items()}
        )

        assert Settings.from_environment(ours.to_environment()) == ours
        assert all(isinstance(value, str) for value in ours.to_environment().values())
        assert Path(ours.to_environment()["COMPANION_DATA_DIR"]) == tmp_path
