"""Files that exist whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from openhifu.base.errors import FileProblem, StorageError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file through a temporary neighbour, sync it, and put it in place in one step.

    Raises:
        StorageError: if the disk is full or the folder cannot be written; an older file of that name is then untouched.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = str(path.with_name(f".{path.name}.{secrets.token_hex(8)}"))
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # the user's own umask applies
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another folder, "
            "nothing was left half-written"
        ) from error


def read_text(path: Path, what: str) -> str:
    """Text of a file.

    Args:
        path: the file.
        what: what it should be, for the message, e.g. ``"plan"``.

    Raises:
        FileProblem: if it does not exist, is a folder, or is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FileProblem(f"there is no {what} at {path}; check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(f"cannot read {what} {path}: {error}") from error
