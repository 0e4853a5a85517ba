"""A treatment as one folder that explains itself: every file with its checksum, and metadata other programs can read.

``checksums.sha256`` has the form ``sha256sum -c`` reads. ``ro-crate-metadata.json`` follows RO-Crate 1.1: what each
file is, who made it with which program, under which licence.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from openhifu.base.errors import FileProblem, FormatError, StorageError, Tampered
from openhifu.base.files import read_text
from openhifu.exchange.study import program_version

CHECKSUMS, METADATA = "checksums.sha256", "ro-crate-metadata.json"


@dataclass(frozen=True)
class Part:
    """One file of a bundle.

    Attributes:
        name: its path in the bundle, with forward slashes.
        source: the file it is copied from, or its content.
        words: what it is, for people and catalogues.
    """

    name: str
    source: Path | bytes
    words: str


@dataclass(frozen=True)
class About:
    """What a catalogue says of a bundle.

    Attributes:
        name: title.
        description: a few sentences.
        made: when.
        licence: of the data, as an SPDX word or a sentence.
        creator: person or institution; empty for none stated.
        identifiers: facts as (name, value): hashes of plan and journal, device, versions.
    """

    name: str
    description: str
    made: datetime
    licence: str
    creator: str
    identifiers: tuple[tuple[str, str], ...]


def write_bundle(folder: Path, parts: Iterable[Part], about: About) -> Path:
    """Write a bundle into a folder that must be new: the whole bundle or nothing.

    Raises:
        StorageError: if the folder exists or cannot be written.
        FileProblem: if a part cannot be read.
    """
    if folder.exists():
        raise StorageError(f"{folder} exists already; remove it or choose another folder")
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        listed = list(parts)
        for part in listed:
            _put(temporary, part)
        _put(temporary, Part(METADATA, _metadata(temporary, listed, about), ""))
        lines = [f"{_sha256(temporary / name)}  {name}\n" for name in sorted(_files(temporary))]
        (temporary / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
        temporary.chmod(0o755)
        temporary.rename(folder)
        temporary = None
    except OSError as error:
        raise StorageError(
            f"cannot write the bundle {folder}: {error.strerror or error}; nothing was left half-made"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def verify_bundle(folder: Path) -> int:
    """Check every file against its checksum; returns how many there are.

    Raises:
        FileProblem: if it is no bundle, or a file is missing.
        FormatError: if the list of checksums is damaged.
        Tampered: if a file was changed or added.
    """
    listed: dict[str, str] = {}
    for line in read_text(folder / CHECKSUMS, "list of checksums").splitlines():
        digest, gap, name = line.partition("  ")
        if len(digest) != 64 or not gap or not name or not _inside(name):
            raise FormatError(
                f"{folder / CHECKSUMS} has the line {line!r:.100}; the list is damaged: copy the bundle anew"
            )
        listed[name] = digest
    for name, digest in listed.items():
        if not (folder / name).is_file():
            raise FileProblem(f"{folder / name} is missing; copy the bundle anew")
        if _sha256(folder / name) != digest:
            raise Tampered(f"{folder / name} was changed after the bundle was made; copy the bundle anew")
    added = set(_files(folder)) - set(listed) - {CHECKSUMS}
    if added:
        raise Tampered(f"{folder} holds {sorted(added)[0]}, which is not on its list of checksums; take it away")
    return len(listed)


def _put(folder: Path, part: Part) -> None:
    target = folder / part.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(part.source, bytes):
        target.write_bytes(part.source)
    elif not part.source.is_file():
        raise FileProblem(f"{part.source} is missing; it is {part.words} and belongs into the bundle")
    else:
        shutil.copyfile(part.source, target)


def _metadata(folder: Path, parts: list[Part], about: About) -> bytes:
    files = [
        {
            "@id": part.name,
            "@type": "File",
            "name": part.words,
            "contentSize": (folder / part.name).stat().st_size,
            "sha256": _sha256(folder / part.name),
        }
        for part in parts
    ]
    root: dict[str, object] = {
        "@id": "./",
        "@type": "Dataset",
        "name": about.name,
        "description": about.description,
        "datePublished": about.made.isoformat(timespec="seconds"),
        "license": about.licence,
        "hasPart": [{"@id": part.name} for part in parts],
        "identifier": [{"@type": "PropertyValue", "name": n, "value": v} for n, v in about.identifiers],
    }
    if about.creator:
        root["creator"] = {"@type": "Person", "name": about.creator}
    graph = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root,
        {"@id": "#openhifu", "@type": "SoftwareApplication", "name": "OpenHIFU", "version": program_version()},
        *files,
    ]
    document = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _files(folder: Path) -> list[str]:
    return [f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()]


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
