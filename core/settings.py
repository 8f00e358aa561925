"""Where things are and how much they may take, read once from the environment.

Each field has a variable named after it: `data_dir` is `COMPANION_DATA_DIR`. Nothing needs to be
set: the defaults serve one reader on one machine.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import platformdirs

__all__ = ["Settings", "settings"]

_PREFIX = "COMPANION_"
_FOLDER = "latent-variable-companion"
_FILES = "sqlite:///"

MOST_WORKERS = 256
LONGEST_RUN_S = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one site, all absolute, so that its workers understand them the same.

    Attributes:
        data_dir: Folder for what the site writes.
        datasets_dir: Folder with the datasets that are files. Only read.
        store_url: The database of runs, an SQLite file or a PostgreSQL server.
        engine_address: The dask scheduler that trainings run on, or None for a local engine.
        engine_tls_ca: Certificate authority of that scheduler, a PEM file.
        engine_tls_cert: Our certificate for it, a PEM file.
        engine_tls_key: The key of that certificate, a PEM file.
        workers: Processes of the local engine. By default one core is left to the site.
        run_limit_s: Seconds that one run may train before it is stopped.
    """

    data_dir: Path
    datasets_dir: Path
    store_url: str = field(repr=False)
    engine_address: str | None = None
    engine_tls_ca: Path | None = None
    engine_tls_cert: Path | None = None
    engine_tls_key: Path | None = None
    workers: int = 1
    run_limit_s: float = 3600.0

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read and check the settings. An empty variable counts as one that is not set.

        Args:
            env: Names and values; by default the environment of this process.

        Raises:
            ValueError: If a value is of no use; the text names the variable, the rule and
                the value.
        """
        env = os.environ if env is None else env
        data_dir = _directory(env, "DATA_DIR", Path(platformdirs.user_data_dir(_FOLDER, False)))
        address = _text(env, "ENGINE_ADDRESS")
        tls = {name: _file(env, f"ENGINE_TLS_{name.upper()}") for name in ("ca", "cert", "key")}
        _check_engine(address, tls)
        return cls(
            data_dir=data_dir,
            datasets_dir=_directory(env, "DATASETS_DIR", data_dir / "datasets"),
            store_url=_store_url(_text(env, "STORE_URL"), data_dir / "runs.sqlite"),
            engine_address=address,
            engine_tls_ca=tls["ca"],
            engine_tls_cert=tls["cert"],
            engine_tls_key=tls["key"],
            workers=int(_number(env, "WORKERS", max(1, (os.cpu_count() or 1) - 1), MOST_WORKERS)),
            run_limit_s=float(_number(env, "RUN_LIMIT_S", 3600.0, LONGEST_RUN_S)),
        )

    def to_environment(self) -> dict[str, str]:
        """The variables from which a process that we start reads these same settings."""
        names = self.__dataclass_fields__
        values = {_PREFIX + name.upper(): getattr(self, name) for name in names}
        return {name: "" if value is None else str(value) for name, value in values.items()}


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read at the first call."""
    return Settings.from_environment()


def _text(env: Mapping[str, str], name: str) -> str | None:
    return env.get(_PREFIX + name, "").strip() or None


def _directory(env: Mapping[str, str], name: str, default: Path) -> Path:
    value = _text(env, name)
    path = (Path(value).expanduser() if value else default).absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"`{_PREFIX}{name}` must name a folder, got {value!r}, which is a file.")
    return path


def _file(env: Mapping[str, str], name: str) -> Path | None:
    value = _text(env, name)
    if value is None:
        return None
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise ValueError(f"`{_PREFIX}{name}` must name a file that is there, got {value!r}.")
    return path


def _number(
    env: Mapping[str, str], name: str, default: int | float, most: int | float
) -> int | float:
    value = _text(env, name)
    if value is None:
        return default
    whole = isinstance(default, int)
    try:
        number = int(value) if whole else float(value)
    except ValueError:
        number = float("nan")
    if not 1 <= number <= most:
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"`{_PREFIX}{name}` must be {kind} from 1 to {most:,.0f}, got {value!r}.")
    return number


def _store_url(value: str | None, default: Path) -> str:
    if value is None:
        return f"{_FILES}{default}"
    if value.startswith(("postgresql://", "postgresql+")) and "://" in value:
        return value
    path = value.removeprefix(_FILES)
    if not value.startswith(_FILES) or path in ("", ":memory:"):
        raise ValueError(
            f"`{_PREFIX}STORE_URL` must be {_FILES} and the path of a file, or a postgresql:// "
            f"address, got {_without_password(value)!r}."
        )
    return f"{_FILES}{Path(path).expanduser().absolute()}"


def _without_password(url: str) -> str:
    return re.sub(r"(?<=://)([^@/:]*):.*@", r"\1:***@", url)


def _check_engine(address: str | None, tls: Mapping[str, Path | None]) -> None:
    given = [path for path in tls.values() if path is not None]
    if given and len(given) < len(tls):
        absent = ", ".join(f"`{_PREFIX}ENGINE_TLS_{n.upper()}`" for n, p in tls.items() if not p)
        raise ValueError(f"{absent} must be set as well: a certificate needs all three files.")
    if address is None:
        return
    if not re.fullmatch(r"(tcp|tls)://[^\s/:]+:\d+", address):
        raise ValueError(
            f"`{_PREFIX}ENGINE_ADDRESS` must look like tls://host:8786 or tcp://host:8786, "
            f"got {address!r}."
        )
    if address.startswith("tls:") and not given:
        raise ValueError(
            f"`{_PREFIX}ENGINE_TLS_CA`, `_CERT` and `_KEY` must be set for an engine behind TLS, "
            f"got `{_PREFIX}ENGINE_ADDRESS`={address!r} alone."
        )
