"""What a database of records promises, kept by SQLite and by PostgreSQL alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, make_url, text

from openhifu.base.errors import FileProblem, FormatError, StorageError, Tampered
from openhifu.records.backup import restore_backup, write_backup
from openhifu.records.entries import CaseEntry, Entry, FollowUp, PatientEntry, RunEntry, SirClass
from openhifu.records.migrate import migrated, versions
from openhifu.records.store import RecordStore
from openhifu.records.tables import METADATA
from tests.databases import missing_postgres, postgres

KINDS: tuple[type[Entry], ...] = (PatientEntry, CaseEntry, RunEntry, FollowUp)
NewUrl = Callable[[], str]


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    if missing_postgres():
        pytest.skip(missing_postgres())
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Gives the address of an empty database, another one each time it is called."""
    number = iter(range(100))
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path}/records-{next(number)}.db"
    address = str(request.getfixturevalue("cluster"))

    def fresh() -> str:
        name = f"t{os.getpid()}_{abs(hash(str(tmp_path)))}_{next(number)}"
        engine = create_engine(make_url(address).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as line:
            line.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return address.replace("/postgres", f"/{name}")

    return fresh


def finding(n: int, run: str = "ab" * 32) -> FollowUp:
    return FollowUp(
        what="npv", run=run, day=date(2026, 1, 2), person="Dr Li", volume=n * 1e-9, modality="MRI with contrast"
    )


def test_what_was_put_is_there_once(new_url: NewUrl) -> None:
    url = new_url()
    case = CaseEntry(case="cd" * 32, patient="P1", name="肝", device="jc200-like", folder="/a")
    with RecordStore(url, make=True) as store:
        assert store.put(PatientEntry(pseudonym="P1"), case, finding(1)) == 3
        assert store.put(finding(1), finding(2)) == 1
        assert store.put(case.model_copy(update={"folder": "/b"})) == 0  # the same case, moved
        with pytest.raises(Tampered, match="says something else; entries are never changed"):
            store.put(finding(3), case.model_copy(update={"device": "another"}))
        assert store.all(FollowUp) == [finding(1), finding(2)]  # the failed put left nothing
    with RecordStore(url) as store:
        assert store.all(CaseEntry, patient="P1") == [case]
        assert store.all(CaseEntry, patient="P2") == []
        assert store.verify(KINDS) == {"patient": 1, "case": 1, "run": 0, "follow_up": 2}


def test_fifty_writers_lose_nothing(new_url: NewUrl) -> None:
    url = new_url()
    RecordStore(url, make=True).close()

    def write(writer: int) -> None:
        with RecordStore(url) as store:
            for n in range(4):
                assert store.put(finding(100 * writer + n)) == 1

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(write, range(50)))
    with RecordStore(url) as store:
        found = {round(1e9 * (f.volume or 0)) for f in store.all(FollowUp)}
    assert found == {100 * writer + n for writer in range(50) for n in range(4)}


WRITER = """
import sys
from tests.contract.test_record_stores import finding
from openhifu.records.store import RecordStore
with RecordStore(sys.argv[1]) as store:
    n = 0
    while True:
        store.put(*(finding(10 * n + k) for k in range(10)))
        print(n, flush=True)
        n += 1
"""


def test_a_killed_writer_leaves_whole_entries_only(new_url: NewUrl) -> None:
    url = new_url()
    RecordStore(url, make=True).close()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(12)]
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    told += [int(line) for line in writer.stdout.read().splitlines()]
    writer.stdout.close()
    with RecordStore(url) as store:
        found = {round(1e9 * (f.volume or 0)) for f in store.all(FollowUp)}
    assert found >= {10 * n + k for n in told for k in range(10)}  # what was acknowledged is there
    assert all({10 * (v // 10) + k for k in range(10)} <= found for v in found)  # what is there is whole


def test_an_entry_changed_from_outside_is_noticed(new_url: NewUrl, tmp_path: Path) -> None:
    url = new_url()
    with RecordStore(url, make=True) as store:
        store.put(finding(1), finding(2))
        with store.engine.begin() as line:
            line.execute(text("UPDATE follow_up SET document = replace(document, 'Dr Li', 'Dr No') WHERE id = 2"))
        with pytest.raises(Tampered, match="entry 2 of table 'follow_up'"):
            store.verify(KINDS)
        with pytest.raises(Tampered, match="entry 2"):
            write_backup(store, KINDS, tmp_path / "backup.jsonl")
    assert not (tmp_path / "backup.jsonl").exists()


def test_a_backup_fills_another_database(new_url: NewUrl, tmp_path: Path) -> None:
    event = FollowUp(
        what="adverse event", run="ab" * 32, day=date(2026, 1, 3), person="护士", sir_class=SirClass.B, words="皮肤发红"
    )
    with RecordStore(new_url(), make=True) as store:
        store.put(PatientEntry(pseudonym="P1"), finding(1), event)
        assert write_backup(store, KINDS, tmp_path / "b") == 3
        with pytest.raises(StorageError, match="exists already"):
            write_backup(store, KINDS, tmp_path / "b")
        with pytest.raises(StorageError, match="holds entries already"):
            restore_backup(store, KINDS, tmp_path / "b")
    with RecordStore(new_url(), make=True) as store:
        assert restore_backup(store, KINDS, tmp_path / "b") == 3
        assert store.all(FollowUp) == [finding(1), event]
    (tmp_path / "cut").write_bytes((tmp_path / "b").read_bytes()[:-30])
    with RecordStore(new_url(), make=True) as store:
        with pytest.raises(Tampered, match="changed or cut short"):
            restore_backup(store, KINDS, tmp_path / "cut")
        assert store.verify(KINDS)["patient"] == 0


def test_a_backup_of_one_kind_of_database_fills_the_other(new_url: NewUrl, cluster: str, tmp_path: Path) -> None:
    """From SQLite to PostgreSQL, and from PostgreSQL to SQLite."""
    url = new_url()
    other = f"sqlite:///{tmp_path}/other.db"
    if "sqlite" in url:
        other = cluster.replace("/postgres", f"/other_{os.getpid()}")
        engine = create_engine(make_url(cluster).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as line:
            line.execute(text(f"CREATE DATABASE other_{os.getpid()}"))
        engine.dispose()
    case = CaseEntry(case="cd" * 32, patient="P1", name="肝", device="jc200-like", folder="/a")
    with RecordStore(url, make=True) as store:
        store.put(PatientEntry(pseudonym="P1"), case, finding(1))
        assert write_backup(store, KINDS, tmp_path / "b") == 3
    with RecordStore(other, make=True) as store:
        assert store.engine.dialect.name != ("sqlite" if "sqlite" in url else "postgresql")
        assert restore_backup(store, KINDS, tmp_path / "b") == 3
        assert (store.all(CaseEntry), store.all(FollowUp)) == ([case], [finding(1)])


INSERT = "INSERT INTO follow_up (key, run, what, day, document) VALUES (:key, :run, 'npv', '2026-01-02', :document)"


@pytest.mark.parametrize("version", versions())
def test_every_version_comes_up_to_date_with_its_content(new_url: NewUrl, version: str) -> None:
    url = new_url()
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg") if "postgres" in url else url)
    migrated(engine, version)
    document = finding(7).to_document()
    with engine.begin() as line:
        line.execute(text(INSERT), {"key": finding(7).key, "run": "ab" * 32, "document": document})
    if version != versions()[-1]:
        with pytest.raises(FormatError, match=f"version '{version}', this program needs '{versions()[-1]}'"):
            RecordStore(url)
    with RecordStore(url, make=True) as store:
        assert store.all(FollowUp) == [finding(7)]
        assert not differences(store.engine)
    engine.dispose()


RELEASED = Path(__file__).parent / "released"
"""Statements that made the tables of each version that was released: the databases that lie in hospitals."""


@pytest.mark.parametrize("version", versions())
def test_a_released_schema_is_never_changed_and_comes_up_to_date(new_url: NewUrl, version: str) -> None:
    """Today's steps still make what was released; and what was released, made by the stored statements, is read."""
    url = new_url()
    driven = make_url(url).set(drivername="postgresql+psycopg") if "postgres" in url else make_url(url)
    engine = create_engine(driven)
    stored = (RELEASED / f"{version}-{engine.dialect.name}.sql").read_text(encoding="utf-8")
    assert made_by_today(create_engine(make_url(new_url()).set(drivername=driven.drivername)), version) == stored
    document = finding(7).to_document()
    with engine.begin() as line:
        for statement in stored.split(";\n"):
            if statement.strip():
                line.exec_driver_sql(statement)
        line.execute(text(INSERT), {"key": finding(7).key, "run": "ab" * 32, "document": document})
    engine.dispose()
    with RecordStore(url, make=True) as store:
        assert store.all(FollowUp) == [finding(7)]
        assert not differences(store.engine)


def made_by_today(engine: Engine, version: str) -> str:
    """Every statement with which today's steps make the tables of a version."""
    said: list[str] = []

    def note(_line: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("CREATE", "ALTER", "INSERT", "UPDATE", "DROP")):
            said.append(" ".join(statement.split()).partition(" RETURNING ")[0])

    event.listen(engine, "before_cursor_execute", note)
    migrated(engine, version)
    engine.dispose()
    return "".join(f"{statement};\n" for statement in said)


def differences(engine) -> list[object]:
    """How the tables differ from what the program expects."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as line:
        return list(compare_metadata(MigrationContext.configure(line), METADATA))


def test_a_newer_database_is_refused(new_url: NewUrl) -> None:
    url = new_url()
    with RecordStore(url, make=True) as store, store.engine.begin() as line:
        line.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for make in (False, True):
        with pytest.raises(FormatError, match="newer OpenHIFU"):
            RecordStore(url, make=make)


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "r.db"
    with RecordStore(f"sqlite:///{file}", make=True) as store:
        for n in range(300):
            store.put(finding(n))
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = os.urandom(3000)
    file.write_bytes(content)
    with pytest.raises((FileProblem, Tampered), match="damaged|changed from outside"):
        RecordStore(f"sqlite:///{file}").verify(KINDS)
    file.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(FileProblem, match="is damaged .*openhifu records restore"):
        RecordStore(f"sqlite:///{file}")


def test_addresses_that_are_no_database_are_refused(tmp_path: Path) -> None:
    for url in ("nonsense", "mysql://x/y", "sqlite://"):
        with pytest.raises(FormatError, match="is no database; give sqlite:///FILE"):
            RecordStore(url)
    with pytest.raises(FileProblem, match="there is no database at .*openhifu records init"):
        RecordStore(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(FileProblem, match="cannot be reached"):
        RecordStore("postgresql://nobody@127.0.0.1:1/none")
