"""Opening a database: SQLite with a write-ahead log that waits for the disk, or PostgreSQL by its address."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from openhifu.base.errors import FileProblem, FormatError

PATIENCE = 60.0
"""s a writer waits for the others."""

READING = "reading"
"""Option of a connection that will not write."""


def database(url: str, make: bool, command: str) -> Any:
    """An engine on a database.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql+psycopg://USER@HOST/NAME``.
        make: whether a file that does not exist may be made.
        command: what makes one, for the message.

    Raises:
        FormatError: if the address is of another kind.
        FileProblem: if there is no such file.
    """
    from sqlalchemy import create_engine, event, make_url
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.pool import NullPool

    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise FormatError(
            f"{url!r} is no database; give sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        ) from error
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise FormatError(f"{url!r} is no database; give sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
    file = Path(parsed.database)
    if make:
        file.parent.mkdir(parents=True, exist_ok=True)
    elif not file.exists():
        raise FileProblem(f"there is no database at {file}; make one with: {command}")
    engine = create_engine(parsed, poolclass=NullPool, connect_args={"timeout": PATIENCE, "isolation_level": None})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _take_turn)
    return engine


def _prepare(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA busy_timeout={int(1000 * PATIENCE)}")


def _take_turn(line: Any) -> None:
    """Writers take the lock at once: one that reads first and writes later could not wait for its turn."""
    reading = line.get_execution_options().get(READING, False)
    line.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def require_whole(engine: Any, url: str, remedy: str) -> None:
    """Look whether the database can be reached and is whole.

    Raises:
        FileProblem: if not, with the remedy.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.connect().execution_options(**{READING: True}) as line:
            if engine.dialect.name == "sqlite":
                answer = line.exec_driver_sql("PRAGMA quick_check").scalar()
                if answer != "ok":
                    raise FileProblem(
                        f"the database {url} is damaged ({' '.join(str(answer).split())[:100]}); {remedy}"
                    )
            else:
                line.exec_driver_sql("SELECT 1")
    except (SQLAlchemyError, sqlite3.DatabaseError) as error:
        what = "is damaged" if engine.dialect.name == "sqlite" else "cannot be reached"
        raise FileProblem(f"the database {url} {what} ({words_of(error)}); {remedy}") from error


def words_of(error: Exception) -> str:
    """What a database says of an error, in one short line."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:160]
