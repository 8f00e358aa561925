"""The tables of the store, how its database is opened, and what may be wrong with it."""

import sqlite3
import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc

from core.runs.records import LONGEST_NAME, STATES

__all__ = [
    "BATCHES",
    "CALIBRATIONS",
    "CHECKPOINTS",
    "LISTS",
    "META",
    "METADATA",
    "RUNS",
    "SCHEMA",
    "SNAPSHOTS",
    "TRANSITION_LOG",
    "called",
    "opened",
    "sentence",
]

SCHEMA = 2
"""Version of the tables below. A change of them raises it, and needs its steps in `migrations`."""

METADATA = sa.MetaData()
META = sa.Table(
    "meta",
    METADATA,
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.String(12), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("step", sa.BigInteger),
    sa.Column("message", sa.Text),
    sa.Column("machine", sa.Text),
    sa.Column("evaluation", sa.Text),
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("started", sa.Float(53)),
    sa.Column("finished", sa.Float(53)),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("queued", sa.Float(53), nullable=False),
    sa.Column("lease", sa.Float(53)),
    sa.Column("stop_requested", sa.Boolean, nullable=False),
    sa.Column("pause_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("steer", sa.Float(53)),
    sa.Column("parent", sa.String(12)),
    sa.Column("parent_step", sa.BigInteger),
    sa.Column("deaths", sa.Integer, nullable=False),
    sa.Column("spent", sa.Float(53), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.CheckConstraint(
        sa.column("state", sa.String).in_(STATES), name="runs_have_one_of_the_states"
    ),
)
sa.Index(
    "runs_shared_train_once",
    RUNS.c.fingerprint,
    unique=True,
    sqlite_where=RUNS.c.shared.is_(True),
    postgresql_where=RUNS.c.shared.is_(True),
)
sa.Index("runs_by_state", RUNS.c.state, RUNS.c.queued)
LISTS = sa.Table(
    "lists",
    METADATA,
    sa.Column("owner", sa.String(128), primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("name", sa.String(LONGEST_NAME)),
    sa.Column("added", sa.Float(53), nullable=False),
    sa.Column("deleted", sa.Float(53)),
)
TRANSITION_LOG = sa.Table(
    "transitions",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("time", sa.Float(53), nullable=False),
    sa.Column("before", sa.String(10)),
    sa.Column("after", sa.String(10), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("message", sa.Text),
)
BATCHES = sa.Table(
    "batches",
    METADATA,
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
SNAPSHOTS = sa.Table(
    "snapshots",
    METADATA,
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("pictures", sa.LargeBinary, nullable=False),
    sa.Column("weights", sa.LargeBinary),
)
CHECKPOINTS = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
CALIBRATIONS = sa.Table(
    "calibrations",
    METADATA,
    sa.Column("machine", sa.String(250), primary_key=True),
    sa.Column("shape", sa.String(250), primary_key=True),
    sa.Column("precision", sa.String(10), nullable=False),
)


def opened(url: str, patience_s: float) -> sa.Engine:
    """The database of an address. Nothing is read yet.

    Args:
        url: An SQLite file, which is made if it is not there, or a PostgreSQL database.
        patience_s: How long to wait for another process that is writing to the file.
    """
    path = _path(url)
    if path is None:
        return sa.create_engine(url, pool_pre_ping=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": patience_s}
    )

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin below, not by themselves
        _log_ahead(connection, patience_s)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        # A transaction that will write says so at once: it then waits for its turn, where one
        # that begins by reading would be refused.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _log_ahead(connection: sqlite3.Connection, patience_s: float) -> None:
    """Have a file write ahead of itself, so that readers and a writer do not wait for each other.

    Of several that ask a new file for it at once SQLite turns some away without any wait.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
        time.sleep(0.01)


def _path(url: str) -> Path | None:
    """The file of an SQLite address, or None for a server's."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def called(url: str) -> str:
    """What sentences call a database. They may be read by anyone, so folders are left out."""
    path = _path(url)
    return "The database of COMPANION_STORE_URL" if path is None else f"The file `{path.name}`"


_SENTENCES = {
    "SQLITE_FULL": "cannot grow because the disk is full: make room, then try again",
    "SQLITE_READONLY": "cannot be written to: let the user who runs the site write to it and to "
    "the folder that it is in",
    "SQLITE_BUSY": "is locked by another program: close whatever else has it open",
    "SQLITE_LOCKED": "is locked by another program: close whatever else has it open",
    "SQLITE_CORRUPT": "is damaged: move it away together with its `-wal` and `-shm` files (runs "
    "in it are lost), or put a backup in its place",
    "SQLITE_NOTADB": "is not a database: move it away, or let COMPANION_STORE_URL name another "
    "file",
    "SQLITE_CANTOPEN": "cannot be opened: let the user who runs the site read and write it and "
    "the folder that it is in",
    "SQLITE_IOERR": "cannot be read or written because the disk reports an error: make sure that "
    "the disk is there, sound and not full",
}


def sentence(called: str, error: Exception) -> str:
    """What is wrong with the database that is `called` so, and what to do about it."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    name = getattr(cause, "sqlite_errorname", "") or ""
    for prefix, text in _SENTENCES.items():
        if name.startswith(prefix):
            return f"{called} {text}."
    if isinstance(cause, sqlite3.Error):
        return f"{called} cannot be used ({cause})."
    if isinstance(cause, OSError):
        reason = cause.strerror or "no access"
        return f"{called} cannot be reached ({reason}): check COMPANION_DATA_DIR."
    return f"{called} does not answer: check that the server runs and that the address is right."
