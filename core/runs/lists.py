"""Who has which run on a list of past runs: what readers name, delete and bring back.

Deleting a run takes it off one's own list, for others may be looking at it. A run is gone, as if
it had never been, when somebody has deleted it and it is on nobody's list any more; for a day
whoever deleted it can still bring it back.
"""

import sqlalchemy as sa

from core.runs.records import KEPT_S
from core.runs.tables import LISTS, RUNS

__all__ = ["due", "entries", "is_gone", "is_there", "names", "put", "strike", "sweep"]

_MINE = LISTS.c.run == RUNS.c.id
_HAS_IT = sa.exists().where(_MINE, LISTS.c.deleted.is_(None))
_DELETED_IT = sa.exists().where(_MINE, LISTS.c.deleted.is_not(None))

is_gone = sa.and_(_DELETED_IT, sa.not_(_HAS_IT))
"""Whether a run of the table of runs is to be found no longer."""

is_there = sa.or_(_HAS_IT, sa.not_(_DELETED_IT))
"""The opposite, which holds as well for a run that has never been on a list."""


def put(connection: sa.Connection, run_id: str, owner: str, now: float) -> None:
    """See that a run is on a reader's list, whether or not it has been before."""
    mine = [LISTS.c.owner == owner, LISTS.c.run == run_id]
    query = sa.select(LISTS.c.deleted).where(*mine)
    found = connection.execute(query).one_or_none()
    if found is None:
        connection.execute(sa.insert(LISTS).values(owner=owner, run=run_id, added=now))
    elif found.deleted is not None:
        connection.execute(sa.update(LISTS).where(*mine).values(deleted=None))


def strike(connection: sa.Connection, run_id: str, owner: str, *, at: float | None) -> bool:
    """Take a run off a list at some time, or put it back where that is None; whether it moved."""
    is_to_move = LISTS.c.deleted.is_(None) if at is not None else LISTS.c.deleted.is_not(None)
    update = sa.update(LISTS).where(LISTS.c.owner == owner, LISTS.c.run == run_id, is_to_move)
    return connection.execute(update.values(deleted=at)).rowcount == 1


def entries(owner: str, limit: int, *, deleted: bool, kind: str | None = None) -> sa.Select:
    """The query for a reader's list, the newest entries first, or for what was deleted of it.

    Only runs of one kind are on it where that is named.
    """
    time = LISTS.c.deleted if deleted else LISTS.c.added
    is_asked_for = LISTS.c.deleted.is_not(None) if deleted else LISTS.c.deleted.is_(None)
    is_of_kind = RUNS.c.kind == kind
    own = [LISTS.c.name.label("own_name"), LISTS.c.added, LISTS.c.deleted]
    return (
        sa.select(RUNS, *own)
        .join(LISTS, _MINE)
        .where(LISTS.c.owner == owner, is_asked_for, sa.true() if kind is None else is_of_kind)
        .order_by(time.desc(), RUNS.c.id)
        .limit(limit)
    )


def names(owner: str, run_ids: tuple[str, ...]) -> sa.Select:
    """The query for the names that a reader has given to some runs."""
    return sa.select(LISTS.c.run, LISTS.c.name).where(
        LISTS.c.owner == owner, LISTS.c.run.in_(run_ids), LISTS.c.name.is_not(None)
    )


def due(now: float) -> sa.Select:
    """The query for the ids of runs that are gone, and that nobody can bring back any more."""
    is_recent = sa.exists().where(_MINE, LISTS.c.deleted >= now - KEPT_S)
    is_held = sa.and_(RUNS.c.lease.is_not(None), RUNS.c.lease >= now)
    return sa.select(RUNS.c.id).where(is_gone, sa.not_(is_recent), sa.not_(is_held))


def sweep(connection: sa.Connection, now: float) -> None:
    """Forget what readers have deleted long ago of runs that others have kept.

    If they ever come across such a run again, it is new to them.
    """
    kept = sa.select(LISTS.c.run).where(LISTS.c.deleted.is_(None))
    is_old = LISTS.c.deleted < now - KEPT_S
    connection.execute(sa.delete(LISTS).where(is_old, LISTS.c.run.in_(kept)))
