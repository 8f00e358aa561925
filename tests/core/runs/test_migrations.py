"""A database that an earlier version of the site has written, opened by this one.

The bugs these tests catch: runs that are lost with an update, a half-changed database, tables
that differ from new ones, two processes that change the same one.
"""

import threading

import pytest
import sqlalchemy as sa

from core.runs import migrations
from core.runs.records import SchemaMismatch, StoreUnavailable
from core.runs.store import Store
from core.runs.tables import METADATA, SCHEMA

VERSION_1 = """
CREATE TABLE meta (key VARCHAR(100) NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key));
CREATE TABLE calibrations (machine VARCHAR(250) NOT NULL, shape VARCHAR(250) NOT NULL,
    precision VARCHAR(10) NOT NULL, PRIMARY KEY (machine, shape));
CREATE TABLE runs (id VARCHAR(12) NOT NULL, kind VARCHAR(40) NOT NULL, config TEXT NOT NULL,
    fingerprint VARCHAR(64) NOT NULL, shared BOOLEAN NOT NULL, owner VARCHAR(128) NOT NULL,
    state VARCHAR(10) NOT NULL, attempt INTEGER NOT NULL, step BIGINT, message TEXT,
    machine TEXT, evaluation TEXT, created FLOAT(53) NOT NULL, started FLOAT(53),
    finished FLOAT(53), sequence INTEGER NOT NULL, queued FLOAT(53) NOT NULL, lease FLOAT(53),
    stop_requested BOOLEAN NOT NULL, deaths INTEGER NOT NULL, spent FLOAT(53) NOT NULL,
    revision INTEGER NOT NULL, PRIMARY KEY (id),
    CONSTRAINT runs_have_one_of_the_states CHECK (state IN ('queued', 'running', 'paused',
    'stopped', 'failed', 'done')));
CREATE UNIQUE INDEX runs_shared_train_once ON runs (fingerprint) WHERE shared IS TRUE;
CREATE INDEX runs_by_state ON runs (state, queued);
CREATE TABLE batches (run VARCHAR(12) NOT NULL, sequence INTEGER NOT NULL,
    first BIGINT NOT NULL, last BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, sequence),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE);
CREATE TABLE checkpoints (run VARCHAR(12) NOT NULL, step BIGINT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (run), FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE);
CREATE TABLE snapshots (run VARCHAR(12) NOT NULL, step BIGINT NOT NULL, pictures BLOB NOT NULL,
    weights BLOB, PRIMARY KEY (run, step),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE);
CREATE TABLE transitions (number SERIAL NOT NULL, run VARCHAR(12) NOT NULL,
    time FLOAT(53) NOT NULL, before VARCHAR(10), after VARCHAR(10) NOT NULL,
    attempt INTEGER NOT NULL, message TEXT, PRIMARY KEY (number),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE);
CREATE INDEX ix_transitions_run ON transitions (run);
INSERT INTO meta VALUES ('schema', '1');
INSERT INTO runs VALUES ('aaaabbbbcccc', 'fake', '{"steps": 3}', 'ffffffffffffffff', TRUE, 'me',
    'done', 1, 9, NULL, '{}', NULL, 1000.5, 1001, 1002, 1, 1000.5, NULL, FALSE, 0, 0, 3);
INSERT INTO runs VALUES ('ddddeeeeffff', 'fake', '{"steps": 4}', 'eeeeeeeeeeeeeeee', FALSE, 'you',
    'stopped', 0, NULL, NULL, NULL, NULL, 2000, NULL, 2001, 0, 2000, NULL, FALSE, 0, 0, 2);
INSERT INTO batches VALUES ('aaaabbbbcccc', 1, 0, 9, '{"n":1}');
"""
"""The tables as version 1 of the site made them, with two runs."""


@pytest.fixture
def old(url):
    """
    The address of a database that version 1 has written.
    """
    is_server = not url.startswith("sqlite:")
    own = {"BLOB": "BYTEA"} if is_server else {"SERIAL": "INTEGER"}
    script = VERSION_1
    for word, other in own.items():
        script = script.replace(word, other)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    return url


def shape(url):
    """Columns, keys and indexes of every table."""
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    found = {}
    for table in inspector.get_table_names():
        columns = {c["name"]: c["nullable"] for c in inspector.get_columns(table)}
        keys = inspector.get_pk_constraint(table)["constrained_columns"]
        foreign = [
            (key["constrained_columns"], key["referred_table"], key["options"])
            for key in inspector.get_foreign_keys(table)
        ]
        indexes = sorted((i["name"], i["column_names"]) for i in inspector.get_indexes(table))
        found[table] = (columns, keys, foreign, indexes)
    engine.dispose()
    return found


def test_every_run_is_there_and_on_the_list_of_who_started_it(old):
    """
    An update of the site loses nothing, and the lists of past runs begin full.
    """
    store = Store(old)
    (mine,), (yours,) = store.runs("me"), store.runs("you")
    batches = store.batches("aaaabbbbcccc", 0, 10)
    again = store.submit(
        kind="fake",
        config={"steps": 3},
        fingerprint="f" * 16,
        shared=True,
        owner="her",
    )
    store.close()

    assert (mine.run.id, mine.added, mine.name, mine.is_own) == (
        "aaaabbbbcccc",
        1000.5,
        None,
        True,
    )
    assert (mine.run.state, mine.run.config) == ("done", {"steps": 3})
    assert (yours.run.id, yours.added) == ("ddddeeeeffff", 2000)
    assert batches == [(1, '{"n":1}')]
    assert again.id == "aaaabbbbcccc"


def test_the_tables_are_then_those_of_a_new_database(old, tmp_path):
    """
    Whether a database is old or new makes no difference afterwards.
    """
    Store(old).close()
    migrated = shape(old)
    if old.startswith("sqlite:"):
        new = f"sqlite:///{tmp_path / 'new.sqlite'}"
    else:
        new = old
        engine = sa.create_engine(new)
        METADATA.drop_all(engine)
        engine.dispose()
    Store(new).close()

    assert migrated == shape(new)


def test_it_happens_once_however_many_open_it(old):
    """
    Processes that start together agree on who changes the tables.
    """
    stores, failures = [], []

    def open_it():
        try:
            stores.append(Store(old))
        except StoreUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        assert len(store.runs("me")) == 1
        store.close()

    assert failures == []


def test_it_happens_whole_or_not_at_all(old, monkeypatch):
    """
    A step that fails leaves the database as it was, for the version that wrote it.
    """
    before = shape(old)
    broken = {1: (*migrations.STEPS[1], "UPDATE runs SET nonsense = 1")}
    monkeypatch.setattr(migrations, "STEPS", broken)
    with pytest.raises(Exception, match="nonsense"):
        Store(old)

    assert shape(old) == before
    monkeypatch.undo()
    Store(old).close()


def test_every_version_has_its_steps():
    """
    From each version that was ever out there a way leads to this one.
    """
    assert sorted(migrations.STEPS) == list(range(1, SCHEMA))


def test_a_version_without_a_way_is_refused(old):
    """
    What nobody has written steps for is left alone.
    """
    engine = sa.create_engine(old)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '0' WHERE key = 'schema'")
    before = shape(old)
    with pytest.raises(SchemaMismatch, match=r"an older version of this site .schema 0"):
        Store(old)
    engine.dispose()

    assert shape(old) == before
