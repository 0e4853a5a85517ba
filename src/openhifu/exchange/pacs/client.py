"""What this program asks of an archive: echo, find, store, get and move."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from openhifu.base.errors import DeviceFault, FileProblem, FormatError
from openhifu.base.progress import Progress, silent
from openhifu.exchange.pacs.peer import Peer, association, require_success
from openhifu.exchange.pacs.server import Server, storage_contexts
from openhifu.exchange.pacs.staging import staged
from openhifu.imaging.dicom.files import plain_text

_KEYS = {
    "STUDY": ("PatientID", "PatientName", "StudyDate", "StudyDescription", "ModalitiesInStudy", "StudyInstanceUID"),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "Modality", "SeriesDescription"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "InstanceNumber"),
}
"""What is asked back on each level."""


def echo(peer: Peer) -> None:
    """Ask whether the peer is there.

    Raises:
        DeviceFault: if it is not, or refuses.
    """
    from pynetdicom.presentation import build_context

    with association(peer, [build_context("1.2.840.10008.1.1")]) as open_:
        require_success(open_.send_c_echo(), peer, "an echo")


def find(peer: Peer, level: str, given: dict[str, str]) -> list[dict[str, str]]:
    """Ask what the archive has.

    Args:
        peer: the archive.
        level: STUDY, SERIES or IMAGE.
        given: DICOM keywords and what they must match; ``*`` matches any text.

    Returns:
        One mapping of keyword to value for each match.

    Raises:
        FormatError: if a keyword is unknown, or the level.
        DeviceFault: if the archive fails.
    """
    from pynetdicom.presentation import build_context

    query = _query(level, given)
    root = "1.2.840.10008.5.1.4.1.2.2.1"
    found = []
    with association(peer, [build_context(root)]) as open_:
        for status, answer in open_.send_c_find(query, root):
            if require_success(status, peer, "a query") != 0 and answer is not None:
                found.append({e.keyword: plain_text(e.value) for e in answer if e.keyword and e.VR != "SQ"})
    return found


def store(peer: Peer, files: Iterable[Path], progress: Progress = silent) -> int:
    """Send files; returns how many. All must be accepted.

    Raises:
        FileProblem: if a file is no DICOM file.
        DeviceFault: if the archive does not take one; the sentence says how many it has by then.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError
    from pynetdicom.presentation import build_context

    listed = list(files)
    kinds = set()
    for file in listed:
        try:
            meta = pydicom.dcmread(file, stop_before_pixels=True).file_meta
        except (InvalidDicomError, OSError) as error:
            raise FileProblem(f"{file} is no DICOM file; send only DICOM files") from error
        kinds.add((str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)))
    contexts = [build_context(sop, syntax) for sop, syntax in sorted(kinds)]
    with association(peer, contexts) as open_:
        for n, file in enumerate(listed):
            try:
                status = open_.send_c_store(file)
            except (ValueError, RuntimeError) as error:
                raise DeviceFault(
                    f"{peer.words} does not take {file.name}, after {n} of {len(listed)} files: {error}"
                ) from error
            code = status.get("Status")
            if code is None or int(code) not in (0x0000, 0xB000, 0xB006, 0xB007):
                why = "no answer" if code is None else f"status 0x{int(code):04X}"
                raise DeviceFault(f"{peer.words} did not take {file.name} ({why}), after {n} of {len(listed)} files")
            progress("sending to the archive", (n + 1) / len(listed))
    return len(listed)


def get(peer: Peer, given: dict[str, str], folder: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """Fetch objects over the same association (C-GET) into a new folder: all of them or nothing.

    Args:
        peer: the archive.
        given: identifiers, of a study or series.
        folder: must not exist.
        progress: told as objects arrive.

    Raises:
        DeviceFault: if the archive fails, or the association breaks; nothing is left then.
        StorageError: if the folder exists.
    """
    from pynetdicom import build_role, evt

    root = "1.2.840.10008.5.1.4.1.2.2.3"
    contexts = storage_contexts(fetching=True)
    roles = [build_role(c.abstract_syntax, scp_role=True) for c in contexts]
    from pynetdicom.presentation import build_context

    with staged(folder) as waiting:

        def received(event: Any) -> int:
            ds = event.dataset
            ds.file_meta = event.file_meta
            waiting.add(ds)
            return 0x0000

        handlers = [(evt.EVT_C_STORE, received)]
        with association(peer, [build_context(root), *contexts], handlers, roles) as open_:
            for status, _ in open_.send_c_get(_query(_level(given), given), root):
                _follow(status, peer, "a C-GET", progress)
        if not waiting.count:
            raise DeviceFault(f"{peer.words} has nothing that matches {given}")
        return waiting.keep()


def move(peer: Peer, given: dict[str, str], folder: Path, port: int, progress: Progress = silent) -> tuple[Path, ...]:
    """Have objects sent to ourselves (C-MOVE) into a new folder: all of them or nothing.

    The archive must know our title with this machine's address and ``port``.

    Raises:
        DeviceFault: if the archive fails, or does not know us; nothing is left then.
        StorageError: if the folder exists.
    """
    from pynetdicom.presentation import build_context

    root = "1.2.840.10008.5.1.4.1.2.2.2"
    with staged(folder) as waiting, closing(Server(peer.our_title, port, waiting.add)):
        with association(peer, [build_context(root)]) as open_:
            for status, _ in open_.send_c_move(_query(_level(given), given), peer.our_title, root):
                _follow(status, peer, "a C-MOVE", progress)
        if not waiting.count:
            raise DeviceFault(f"{peer.words} has nothing that matches {given}")
        return waiting.keep()


def free_port() -> int:
    """A TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _follow(status: Any, peer: Peer, what: str, progress: Progress) -> None:
    require_success(status, peer, what)
    left = int(status.get("NumberOfRemainingSuboperations", 0) or 0)
    done = int(status.get("NumberOfCompletedSuboperations", 0) or 0)
    failed = int(status.get("NumberOfFailedSuboperations", 0) or 0)
    if failed:
        raise DeviceFault(
            f"{peer.words} failed to send {failed} objects of {what}; nothing was kept: ask again or fetch with get, "
            "and see the archive's log for kinds it does not move (for DCMTK: docs/dcmtk-associations.cfg)"
        )
    progress("receiving from the archive", done / max(done + left, 1))


def _level(given: dict[str, str]) -> str:
    if "SOPInstanceUID" in given:
        return "IMAGE"
    return "SERIES" if "SeriesInstanceUID" in given else "STUDY"


def _query(level: str, given: dict[str, str]) -> Any:
    from pydicom.datadict import tag_for_keyword
    from pydicom.dataset import Dataset

    if level not in _KEYS:
        raise FormatError(f"level {level!r} is not known; it is one of {', '.join(_KEYS)}")
    query = Dataset()
    query.SpecificCharacterSet = "ISO_IR 192"
    query.QueryRetrieveLevel = level
    for keyword in _KEYS[level]:
        setattr(query, keyword, "")
    for keyword, value in given.items():
        if tag_for_keyword(keyword) is None:
            raise FormatError(f"{keyword!r} is no DICOM keyword; give one such as PatientID or StudyInstanceUID")
        setattr(query, keyword, value)
    return query
