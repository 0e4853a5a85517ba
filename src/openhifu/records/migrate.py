"""The tables' versions: made, brought up to date step by step, and told apart when a database is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openhifu.base.errors import FormatError

OWN = Path(__file__).parent / "migrations"
"""Steps of the records' own tables."""


def versions(steps: Path = OWN) -> tuple[str, ...]:
    """Every version the tables have had, oldest first."""
    return tuple(reversed([script.revision for script in _scripts(steps).walk_revisions()]))


def migrated(engine: Any, version: str = "head", steps: Path = OWN) -> None:
    """Bring the tables to a version; all steps happen in one transaction, or none.

    Args:
        engine: the database.
        version: which; the newest if not given.
        steps: folder of the steps: those of the records, or of another room's tables in a database of its own.

    Raises:
        FormatError: if the database is of a newer program.
    """
    from alembic import command

    with engine.begin() as line:
        found = _found(line)
        known = versions(steps)
        if found is not None and found not in known:
            raise FormatError(
                f"the database has tables of version {found!r}, this program knows up to {known[-1]!r}; "
                "open it with the newer OpenHIFU that made it"
            )
        config = _config(steps)
        config.attributes["line"] = line
        command.upgrade(config, version)


def require_current(engine: Any, url: str) -> None:
    """Refuse tables of another version than this program's.

    Raises:
        FormatError: saying what to do.
    """
    with engine.connect().execution_options(reading=True) as line:
        found = _found(line)
    if found == versions()[-1]:
        return
    if found is None:
        raise FormatError(f"the database {url} has no tables yet; make them with: openhifu records init")
    if found in versions():
        raise FormatError(
            f"the database {url} has tables of version {found!r}, this program needs {versions()[-1]!r}; make a backup "
            "with the program that wrote it, then: openhifu records init"
        )
    raise FormatError(f"the database {url} is of a newer OpenHIFU (version {found!r}); open it with that one")


def _found(line: Any) -> str | None:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(line).get_current_revision()


def _config(steps: Path) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(steps))
    config.set_main_option("path_separator", "os")
    return config


def _scripts(steps: Path) -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(steps))
