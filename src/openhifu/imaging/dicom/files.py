"""Where DICOM files come from: a folder with its subfolders, a zip archive, a DICOMDIR, or one file."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from openhifu.base.errors import FileProblem

_LARGEST_FILE = 4 << 30
"""Bytes; a larger member of an archive is refused rather than unpacked into memory."""

_BESIDE_IMAGES = frozenset(
    ".txt .pdf .exe .inf .ini .xml .html .htm .css .js .json .jpg .jpeg .png .gif .ico .dll .jar .zip .md .log .csv "
    ".bat .sh .app .nrrd .gz .nii".split()
)
"""Endings of what lies beside the images on a hospital's disc: viewers, their settings, notes."""

_BESIDE_NAMES = frozenset({"dicomdir", "lockfile", "version", "readme", "autorun", "thumbs.db"})


@dataclass(frozen=True)
class DicomFile:
    """One file, wherever it lies.

    Attributes:
        name: for people, with the archive's name before it.
        path: the file, or the archive it is in.
        member: name inside the archive; empty outside of one.
    """

    name: str
    path: Path
    member: str = ""

    def content(self) -> bytes:
        """All bytes.

        Raises:
            FileProblem: if it cannot be read.
        """
        try:
            if not self.member:
                return self.path.read_bytes()
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self.member)
        except Exception as error:  # a damaged archive makes zipfile raise any kind of error
            raise FileProblem(f"cannot read {self.name}: {_one_line(error)}; copy it anew") from error

    def dataset(self, pixels: bool) -> Any:
        """The data set, with or without its pixel data.

        Raises:
            FileProblem: if it is no readable DICOM file.
        """
        import pydicom
        from pydicom.errors import InvalidDicomError

        source = BytesIO(self.content()) if self.member else self.path
        try:
            with quiet_pydicom():
                return pydicom.dcmread(source, stop_before_pixels=not pixels)
        except InvalidDicomError as error:
            raise FileProblem(
                f"{self.name} is not a DICOM file; take it away from the images, or copy it anew"
            ) from error
        except Exception as error:  # a damaged byte makes pydicom raise any kind of error
            raise FileProblem(
                f"cannot read {self.name}: {_one_line(error)}; the file is damaged, copy it anew"
            ) from error


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Without pydicom's remarks on values that break their form: what matters is checked where it is used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def dicom_files(path: Path) -> tuple[tuple[DicomFile, ...], tuple[str, ...]]:
    """The DICOM files at a place, by name, and the names of the files beside them that were passed over.

    Args:
        path: a folder (read with its subfolders), a zip archive, a DICOMDIR, or one DICOM file.

    Raises:
        FileProblem: if there is nothing there, an archive is damaged, or a DICOMDIR names a file that is missing.
    """
    if path.is_dir():
        found = sorted(f for f in path.rglob("*") if f.is_file() and not f.name.startswith("."))
        files = [DicomFile(str(f), f) for f in found]
    elif not path.is_file():
        raise FileProblem(f"there is no folder or file of DICOM images at {path}; check the path")
    elif zipfile.is_zipfile(path):
        files = _members(path)
    elif path.name.upper() == "DICOMDIR":
        files = _listed(path)
    else:
        return (DicomFile(str(path), path),), ()
    images = tuple(f for f in files if not _lies_beside(f))
    return images, tuple(f.name for f in files if _lies_beside(f) and not f.name.upper().endswith("DICOMDIR"))


def plain_text(value: Any) -> str:
    """Text of an element as people write it.

    pydicom 3.0 leaves the escape sequence of Chinese text (ISO 2022 IR 58) in it. No other control character belongs
    into a name either, and a terminal would obey some of them.
    """
    text = re.sub(r"\x1b(\$?[()\-][A-Z@])", "", str(value or ""))
    return re.sub(r"[\x00-\x1f\x7f]", " ", text).strip()


def _lies_beside(file: DicomFile) -> bool:
    last = Path(file.member or file.path.name)
    return (
        last.suffix.lower() in _BESIDE_IMAGES or last.stem.lower() in _BESIDE_NAMES or last.name.lower() == "dicomdir"
    )


def _members(path: Path) -> list[DicomFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir() and not Path(i.filename).name.startswith(".")]
    except Exception as error:  # as above
        raise FileProblem(f"cannot read the archive {path}: {_one_line(error)}; copy it anew") from error
    for info in infos:
        if info.flag_bits & 1:
            raise FileProblem(f"{path}: {info.filename} is encrypted; unpack the archive with its password first")
        if info.file_size > _LARGEST_FILE:
            raise FileProblem(
                f"{path}: {info.filename} unpacks to {info.file_size >> 30} GB; no DICOM file is so large"
            )
    infos = [i for i in infos if "__MACOSX" not in i.filename]
    return [DicomFile(f"{path}: {i.filename}", path, i.filename) for i in sorted(infos, key=lambda i: i.filename)]


def _listed(path: Path) -> list[DicomFile]:
    """The image files a DICOMDIR names; they must exist below it."""
    ds = DicomFile(str(path), path).dataset(pixels=True)
    root = path.parent.resolve()
    files = []
    for record in ds.get("DirectoryRecordSequence") or ():
        parts = record.get("ReferencedFileID")
        if not parts:
            continue
        names = [parts] if isinstance(parts, str) else [str(p) for p in parts]
        file = _found(root, names)
        if not file.resolve().is_relative_to(root) or not file.is_file():
            raise FileProblem(f"{path} names the file {'/'.join(names)}, which is not below it; copy the whole disc")
        files.append(DicomFile(str(file), file))
    if not files:
        raise FileProblem(f"{path} names no file; copy the whole disc, or give the folder of images")
    return files


def _found(root: Path, names: list[str]) -> Path:
    """A file by its name on the disc, which is in capitals, while a mounted or copied disc often has small letters."""
    place = root
    for name in names:
        exact = place / name
        if not exact.exists() and place.is_dir():
            exact = next((f for f in place.iterdir() if f.name.lower() == name.lower()), exact)
        place = exact
    return place


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text if text.isprintable() and len(text) < 200 else "") or type(error).__name__
