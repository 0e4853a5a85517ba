"""Where received objects wait until all of them are there: a folder that becomes visible whole, or vanishes."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openhifu.base.errors import FormatError, StorageError


class Staging:
    """Objects received so far, in a hidden folder beside their destination."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._waiting = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        except OSError as error:
            raise StorageError(f"cannot write beside {folder}: {error.strerror or error}") from error
        self.count = 0

    def add(self, ds: Any) -> None:
        """Keep an object under its identifier; one received twice is kept once.

        Raises:
            FormatError: if its identifier is none.
        """
        file = self._place(str(ds.get("SOPInstanceUID", "")))
        self.count += not file.exists()
        ds.save_as(file, enforce_file_format=True)

    def add_bytes(self, uid: str, content: bytes) -> None:
        """Keep a whole DICOM file.

        Raises:
            FormatError: if its identifier is none.
        """
        file = self._place(uid)
        self.count += not file.exists()
        file.write_bytes(content)

    def _place(self, uid: str) -> Path:
        """A file for an identifier, which comes from the other side: it must not lead out of the folder."""
        if not re.fullmatch(r"[0-9.]{1,64}", uid):
            raise FormatError(f"an object has the identifier {uid!r:.80}, which is no UID; nothing was kept")
        return self._waiting / f"{uid}.dcm"

    def add_beside(self, name: str, content: bytes) -> None:
        """Keep a file that is no object, such as a list of what was done."""
        (self._waiting / name).write_bytes(content)

    def keep(self) -> tuple[Path, ...]:
        """Put everything in place in one step; returns the files.

        Raises:
            StorageError: if the destination exists by now.
        """
        if self.folder.exists():
            self.drop()
            raise StorageError(f"{self.folder} exists already; remove it or choose another folder")
        self._waiting.chmod(0o755)
        self._waiting.rename(self.folder)
        return tuple(sorted(self.folder.iterdir()))

    def drop(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._waiting, ignore_errors=True)


@contextmanager
def staged(folder: Path) -> Iterator[Staging]:
    """A staging that vanishes unless ``keep`` was called.

    Raises:
        StorageError: if the destination exists or cannot be written.
    """
    if folder.exists():
        raise StorageError(f"{folder} exists already; remove it or choose another folder")
    waiting = Staging(folder)
    try:
        yield waiting
    finally:
        waiting.drop()
