"""Brings a database's tables up to date; where they are, sqlite-utils and its 8 MB are not even loaded."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from homeagent.domain.errors import StoreError

SCHEMA = Path(__file__).with_name("schema.py")


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply what is missing, and note in the file's header what was found whole: then the next start need not look.

    Raises:
        StoreError: a newer release has made the database.
    """
    if connection.execute("PRAGMA user_version").fetchone()[0] == _whole(connection):
        return
    _apply(connection, path)
    connection.execute(f"PRAGMA user_version = {_whole(connection) or 0}")


def _whole(connection: sqlite3.Connection) -> int | None:
    """Return a number for this program's migrations and those that were applied; None where it cannot be made."""
    try:
        applied = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY rowid").fetchall()
        return zlib.crc32(SCHEMA.read_bytes() + repr(applied).encode()) & 0x7FFFFFFF
    except (OSError, sqlite3.OperationalError):
        return None


def _apply(connection: sqlite3.Connection, path: Path) -> None:
    from sqlite_utils import Database  # noqa: PLC0415 - a running agent has no use for it

    from homeagent.store.schema import migrations  # noqa: PLC0415 - as above

    db = Database(connection)
    with closing(Database(memory=True)) as empty:
        ours = {migration.name for migration in migrations.pending(empty)}
    newer = {migration.name for migration in migrations.applied(db)} - ours
    if newer:
        raise StoreError(f"{path}: was made by a newer homeagent ({', '.join(sorted(newer))}); install that one")
    if migrations.pending(db):
        migrations.apply(db)
