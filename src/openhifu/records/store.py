"""A database of records: SQLite in one file by default, PostgreSQL by its address; nothing committed is ever lost.

SQLite runs with a write-ahead log and waits for the disk at every commit. Writers take turns. The database is checked
when it is opened, and every entry when it is read: one that was changed from outside is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self, TypeVar

from openhifu.base.errors import FileProblem, FormatError, StorageError, Tampered
from openhifu.records.database import READING, database, require_whole, words_of
from openhifu.records.entries import Entry
from openhifu.records.migrate import migrated, require_current

E = TypeVar("E", bound=Entry)

_REMEDY = "restore a backup with: openhifu records restore, or rebuild it from the files with: openhifu records rebuild"


class RecordStore:
    """An open database; a context manager.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql+psycopg://USER@HOST/NAME``.
        make: make the tables if there are none, and bring older ones up to date.

    Raises:
        FileProblem: if the database is damaged or cannot be reached.
        FormatError: if the address is of another kind, or the tables are of another version and ``make`` is false.
    """

    def __init__(self, url: str, make: bool = False) -> None:
        self.engine = database(url, make, "openhifu records init")
        try:
            require_whole(self.engine, url, _REMEDY)
            if make:
                migrated(self.engine)
            else:
                require_current(self.engine, url)
        except BaseException:
            self.engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def put(self, *entries: Entry) -> int:
        """Write entries, all of them or none; returns how many were new. One that is there already stays as it is.

        Raises:
            Tampered: if an entry of the same key says something else: entries are never changed.
            StorageError: if the database cannot be written.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self.engine.begin() as line:
                return sum(_put(line, entry) for entry in entries)
        except SQLAlchemyError as error:
            raise StorageError(f"cannot write to the database: {words_of(error)}") from error

    def all(self, kind: type[E], **given: Any) -> list[E]:
        """Entries of a kind, oldest first, whose columns have the given values.

        Raises:
            Tampered: if one was changed from outside.
            FileProblem: if the database cannot be read.
        """
        return list(self.each(kind, **given))

    def each(self, kind: type[E], **given: Any) -> Iterator[E]:
        """As ``all``, one by one."""
        from sqlalchemy import select
        from sqlalchemy.exc import SQLAlchemyError

        from openhifu.records.tables import TABLES

        table = TABLES[kind.kind]
        query = select(table.c.id, table.c.document).order_by(table.c.id)
        for name, value in given.items():
            query = query.where(table.c[name] == value)
        try:
            with self.engine.connect().execution_options(**{READING: True}) as line:
                rows = line.execute(query).all()
        except SQLAlchemyError as error:
            raise FileProblem(f"cannot read the database: {words_of(error)}; restore it from a backup") from error
        for number, document in rows:
            yield _entry(kind, str(document), f"entry {number} of table {kind.kind!r}")

    def verify(self, kinds: Iterable[type[Entry]]) -> dict[str, int]:
        """Read every entry of these kinds and check its hash; returns how many there are of each.

        Raises:
            Tampered: naming the entry that was changed.
        """
        return {kind.kind: len(self.all(kind)) for kind in kinds}


def _put(line: Any, entry: Entry) -> int:
    from sqlalchemy import select
    from sqlalchemy.dialects import postgresql, sqlite

    from openhifu.records.tables import TABLES

    table = TABLES[entry.kind]
    columns = {c.name for c in table.columns} - {"id", "key", "document"}
    row = {name: _plain(getattr(entry, name)) for name in columns}
    row |= {"key": entry.key, "document": entry.to_document()}
    insert = (sqlite if line.dialect.name == "sqlite" else postgresql).insert(table).values(**row)
    if line.execute(insert.on_conflict_do_nothing(index_elements=["key"]).returning(table.c.id)).first() is not None:
        return 1
    found = line.execute(select(table.c.document).where(table.c.key == entry.key)).scalar_one()
    there = _entry(type(entry), str(found), f"{entry.kind} {entry.key[:12]}")
    if there.content_hash != entry.content_hash and not _moved(there, entry):
        raise Tampered(
            f"{entry.kind} {entry.key[:12]} is recorded already and says something else; entries are never changed, "
            "record what was put right as a new one"
        )
    return 0


def _moved(there: Entry, entry: Entry) -> bool:
    """Whether two entries differ only in where their files lay."""
    where = {"folder", "file"}
    return there.model_dump(exclude=where) == entry.model_dump(exclude=where)


def _entry(kind: type[E], document: str, where: str) -> E:
    try:
        return kind.from_document(document, where)
    except FormatError as error:
        raise Tampered(f"{where} of the database was changed from outside: {error}; restore a backup") from error


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | None) else str(value)
