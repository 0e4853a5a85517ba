"""A PostgreSQL cluster of Debian's for tests, made and started by the tests themselves."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openhifu.exchange.pacs.client import free_port


def postgres_folder() -> Path | None:
    """Where Debian keeps initdb, newest version first; None if it is not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: -float(p.split("/")[4]))
    return Path(found[0]).parent if found else None


def missing_postgres() -> str:
    """Why there is no PostgreSQL for tests; empty if there is."""
    if postgres_folder() is None:
        return "PostgreSQL (Debian: postgresql) is not installed"
    if os.geteuid() == 0 and not _has_user("postgres"):
        return "PostgreSQL refuses to run as root, and there is no user postgres"
    return ""


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a fresh PostgreSQL on loopback; it keeps its promises (fsync on), as in earnest."""
    binaries = postgres_folder()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="openhifu-pg-"))
    as_root = os.geteuid() == 0
    if as_root:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if as_root else []
    port = free_port()
    data = folder / "data"
    try:
        _run(
            [*who, str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "hifu", "-E", "UTF8", "--no-locale"],
            folder,
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=120"
        start = [
            *who,
            str(binaries / "pg_ctl"),
            "-D",
            str(data),
            "-l",
            str(folder / "log"),
            "-w",
            "-o",
            options,
            "start",
        ]
        _run(start, folder)
        try:
            yield f"postgresql://hifu@127.0.0.1:{port}/postgres"
        finally:
            _run([*who, str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
