"""DICOMweb: ask (QIDO-RS), fetch (WADO-RS) and store (STOW-RS) over HTTP."""

from __future__ import annotations

import base64
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from openhifu.base.errors import DeviceFault, FileProblem, FormatError
from openhifu.exchange.pacs.staging import staged

_DICOM = 'multipart/related; type="application/dicom"'


@dataclass(frozen=True)
class WebArchive:
    """A DICOMweb server.

    Attributes:
        url: its root, such as ``http://localhost:8042/dicom-web``.
        user: for basic authentication; empty for none.
        password: likewise; never written anywhere.
        patience: s to wait for an answer.

    Raises:
        FormatError: if the address is not http or https.
    """

    url: str
    user: str = ""
    password: str = ""
    patience: float = 60.0

    def __post_init__(self) -> None:
        """Refuse other kinds of address."""
        if urllib.parse.urlsplit(self.url).scheme not in ("http", "https"):
            raise FormatError(f"{self.url!r} is no web address; give one such as http://localhost:8042/dicom-web")

    def find(self, level: str, given: dict[str, str]) -> list[dict[str, str]]:
        """Ask what the archive has.

        Args:
            level: ``studies`` or ``series``.
            given: DICOM keywords and what they must match.

        Returns:
            One mapping of keyword to value for each match.

        Raises:
            FormatError: if the level is unknown.
            DeviceFault: if the server fails or answers something else.
        """
        if level not in ("studies", "series"):
            raise FormatError(f"level {level!r} is not known; it is studies or series")
        query = urllib.parse.urlencode(given)
        kind, body = self._ask(f"{level}?{query}", accept="application/dicom+json")
        if not body:
            return []
        try:
            return [_plain(item) for item in json.loads(body)]
        except (ValueError, AttributeError, TypeError) as error:
            raise DeviceFault(f"{self.url} answered a query with {kind} that is no DICOM JSON") from error

    def fetch(self, study: str, folder: Path, series: str = "") -> tuple[Path, ...]:
        """Fetch the objects of a study or series into a new folder: all of them or nothing.

        Raises:
            FormatError: if an identifier is no UID.
            DeviceFault: if the server fails or the answer is cut short.
            StorageError: if the folder exists.
        """
        import pydicom

        for uid in filter(None, (study, series)):
            if not re.fullmatch(r"[0-9.]{1,64}", uid):
                raise FormatError(f"{uid!r} is no identifier; it has digits and points only")
        where = f"studies/{study}" + (f"/series/{series}" if series else "")
        with staged(folder) as waiting:
            kind, body = self._ask(where, accept=f"{_DICOM}; transfer-syntax=*")
            for content in _parts(kind, body, self.url):
                try:
                    uid = str(pydicom.dcmread(BytesIO(content), stop_before_pixels=True).SOPInstanceUID)
                except Exception as error:  # a damaged answer makes pydicom raise any kind of error
                    raise DeviceFault(f"{self.url} sent an object that is no DICOM file; nothing was kept") from error
                waiting.add_bytes(uid, content)
            return waiting.keep()

    def store(self, files: Iterable[Path]) -> int:
        """Store files; returns how many. All must be accepted.

        Raises:
            FileProblem: if a file cannot be read.
            DeviceFault: if the server does not take one.
        """
        boundary = secrets.token_hex(16)
        body, count = BytesIO(), 0
        for file in files:
            try:
                content = file.read_bytes()
            except OSError as error:
                raise FileProblem(f"cannot read {file}: {error.strerror or error}") from error
            body.write(f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + content + b"\r\n")
            count += 1
        body.write(f"--{boundary}--\r\n".encode())
        _, answer = self._ask("studies", "application/dicom+json", body.getvalue(), f"{_DICOM}; boundary={boundary}")
        taken = len(_sequence(json.loads(answer or b"{}"), "00081199"))
        if taken != count:
            raise DeviceFault(f"{self.url} took {taken} of {count} objects; look at its log and send the rest again")
        return count

    def _ask(self, where: str, accept: str, body: bytes | None = None, kind: str = "") -> tuple[str, bytes]:
        """Content type and body of an answer."""
        request = urllib.request.Request(f"{self.url.rstrip('/')}/{where}", data=body, headers={"Accept": accept})
        if kind:
            request.add_header("Content-Type", kind)
        if self.user:
            word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {word}")
        try:
            with urllib.request.urlopen(request, timeout=self.patience) as answer:
                return str(answer.headers.get("Content-Type", "")), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise DeviceFault(
                    f"{self.url} answered {error.code} {error.reason} to {where.split('?')[0]}"
                ) from error
        except (OSError, ValueError) as error:
            raise DeviceFault(f"{self.url} cannot be reached or broke off: {error}; nothing was kept") from error


def _plain(item: dict[str, Any]) -> dict[str, str]:
    """Keywords and first values of one DICOM JSON object."""
    from pydicom.datadict import keyword_for_tag

    found = {}
    for tag, element in item.items():
        values = element.get("Value") or [""]
        first = values[0]
        keyword = keyword_for_tag(int(tag, 16))
        if keyword and not (isinstance(first, dict) and element.get("vr") == "SQ"):
            found[keyword] = str(first.get("Alphabetic", "")) if isinstance(first, dict) else str(first)
    return found


def _sequence(item: dict[str, Any], tag: str) -> list[Any]:
    return list((item.get(tag) or {}).get("Value") or ())


def _parts(kind: str, body: bytes, url: str) -> Iterator[bytes]:
    """Contents of the parts of a multipart answer.

    Raises:
        DeviceFault: if it is none, or was cut short.
    """
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if found is None:
        raise DeviceFault(f"{url} answered {kind or 'something without a type'} instead of DICOM objects")
    mark = b"--" + found[1].strip().encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise DeviceFault(f"{url} broke off in the middle of its answer; nothing was kept")
    for piece in pieces[1:-1]:
        _, gap, content = piece.partition(b"\r\n\r\n")
        if not gap:
            raise DeviceFault(f"{url} sent a part without a head; nothing was kept")
        yield content
