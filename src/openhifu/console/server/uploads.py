"""Files from outside, looked at before anything reads them: their kind, their size unpacked, the names inside."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from openhifu.base.errors import FileProblem, FormatError, OutOfRange

MOST_UNPACKED = 3_000_000_000
"""Bytes a file may unpack to: a whole-body CT has half of that."""

MOST_FILES = 20_000
"""Files an archive may hold."""

MOST_RATIO = 200
"""How many times its own size a file may unpack to, beyond ``RATIO_FROM`` bytes; images reach a tenth of that."""

RATIO_FROM = 50_000_000

_NIFTI_HEADS = (348, 540)
_PIECE = 1 << 20


def kind_of(name: str) -> str:
    """Extension under which an upload is kept.

    Raises:
        FormatError: if it is of no kind that is read.
    """
    for ending in (".nii.gz", ".nii", ".zip"):
        if name.lower().endswith(ending):
            return ending
    raise FormatError("this is no kind of file that is read here; give a .zip of DICOM images, or a .nii or .nii.gz")


def vet(path: Path) -> None:
    """Refuse a file that is not what its name says, or would unpack to more than anybody's scan.

    Raises:
        FormatError: if it is of another kind, or holds names that lead out of it.
        OutOfRange: if it is too large unpacked.
        FileProblem: if it is damaged.
    """
    if path.name.endswith(".zip"):
        _vet_zip(path)
    elif path.name.endswith(".gz"):
        _vet_gzip(path)
    else:
        with path.open("rb") as file:
            _require_nifti(file.read(4))


def _vet_zip(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        raise FormatError("this is no zip archive, whatever its name says; zip the folder of DICOM images")
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except Exception as error:  # a damaged archive makes zipfile raise any kind of error
        raise FileProblem("the archive is damaged; copy it anew") from error
    if len(infos) > MOST_FILES:
        raise OutOfRange(f"the archive holds {len(infos)} files, more than {MOST_FILES}; send one examination")
    for info in infos:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in info.filename:
            raise FormatError(f"the archive holds a name that leads out of it ({info.filename!r:.60}); zip it anew")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise FormatError(f"the archive holds a link ({info.filename!r:.60}); zip the files themselves")
    _require_modest(sum(info.file_size for info in infos), path.stat().st_size)


def _vet_gzip(path: Path) -> None:
    packed, unpacked = path.stat().st_size, 0
    try:
        with gzip.open(path) as file:
            head = file.read(4)
            _require_nifti(head)
            unpacked = len(head)
            while piece := file.read(_PIECE):
                unpacked += len(piece)
                _require_modest(unpacked, packed)
    except (OSError, EOFError, zlib.error) as error:
        raise FileProblem("the file is no whole gzip file; copy it anew") from error


def _require_nifti(head: bytes) -> None:
    if int.from_bytes(head, "little") not in _NIFTI_HEADS and int.from_bytes(head, "big") not in _NIFTI_HEADS:
        raise FormatError("this is no NIfTI file, whatever its name says; convert the scan to .nii.gz")


def _require_modest(unpacked: int, packed: int) -> None:
    if unpacked > MOST_UNPACKED:
        raise OutOfRange(f"it unpacks to more than {MOST_UNPACKED // 10**9} GB; send one examination")
    if unpacked > RATIO_FROM and unpacked > MOST_RATIO * packed:
        raise OutOfRange(
            f"it unpacks to more than {MOST_RATIO} times its size, which no scan does; send the scan itself"
        )
