"""How a database that an earlier version of the site has written becomes one of today's.

A step is plain SQL that SQLite and PostgreSQL both understand, and it says what was meant when it
was written: it does not follow the tables as they are now.
"""

from collections.abc import Mapping

import sqlalchemy as sa

__all__ = ["STEPS", "migrate"]

_LISTS = (
    # Every run is on the list of whoever started it.
    "CREATE TABLE lists (owner VARCHAR(128) NOT NULL, run VARCHAR(12) NOT NULL, name VARCHAR(60), "
    "added FLOAT(53) NOT NULL, deleted FLOAT(53), PRIMARY KEY (owner, run), "
    "FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE)",
    "CREATE INDEX ix_lists_run ON lists (run)",
    "INSERT INTO lists (owner, run, added) SELECT owner, id, created FROM runs",
)

_ORDERS = (
    # A run may be paused, steered, and go on from another.
    "ALTER TABLE runs ADD COLUMN pause_requested BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE runs ADD COLUMN steer FLOAT(53)",
    "ALTER TABLE runs ADD COLUMN parent VARCHAR(12)",
    "ALTER TABLE runs ADD COLUMN parent_step BIGINT",
)

STEPS: Mapping[int, tuple[str, ...]] = {
    1: (*_LISTS, *_ORDERS),
}
"""For each version of the tables, what makes the next version of them."""


def migrate(connection: sa.Connection, found: int, wanted: int) -> bool:
    """Bring the tables from one version to another, in the transaction of the connection.

    Returns:
        Whether a way leads there; if none does, nothing has been changed.
    """
    versions = range(found, wanted)
    if found > wanted or not all(version in STEPS for version in versions):
        return False
    for version in versions:
        for statement in STEPS[version]:
            connection.exec_driver_sql(statement)
    connection.execute(
        sa.text("UPDATE meta SET value = :value WHERE key = 'schema'"), {"value": str(wanted)}
    )
    return True
