"""``openhifu pacs``: speak to the hospital's archive."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openhifu.base.errors import FileProblem, FormatError
from openhifu.console.terminal import guarded, progress_bar, result, say

if TYPE_CHECKING:
    from openhifu.exchange.pacs.web import WebArchive

app = typer.Typer(
    no_args_is_help=True,
    help="Speak to the hospital's archive over DICOM (TITLE@HOST:PORT) or DICOMweb (http://...). "
    "A usual day: echo, find, get; then: openhifu import look DIR.",
)

PeerText = Annotated[
    str, typer.Argument(metavar="ARCHIVE", help="TITLE@HOST:PORT, or a DICOMweb address.", show_default=False)
]
OurTitle = Annotated[str, typer.Option("--as", help="Our application entity title.")]
Given = Annotated[list[str] | None, typer.Option("--with", help="KEYWORD=VALUE to match, such as PatientID=4711.")]
Out = Annotated[Path, typer.Option("-o", "--out", help="Folder to write to; must be new.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


@app.command("echo")
@guarded
def echo(archive: PeerText, our_title: OurTitle = "OPENHIFU") -> None:
    """Ask whether the archive is there and knows us.

    Example: openhifu pacs echo ORTHANC@localhost:4242
    """
    from openhifu.exchange.pacs.client import echo as send
    from openhifu.exchange.pacs.peer import Peer

    peer = Peer.parse(archive, our_title)
    send(peer)
    say(f"{peer.words} answers")


@app.command("find")
@guarded
def find(
    archive: PeerText,
    given: Given = None,
    level: Annotated[str, typer.Option(help="STUDY, SERIES or IMAGE; studies or series over DICOMweb.")] = "STUDY",
    our_title: OurTitle = "OPENHIFU",
    as_json: AsJson = False,
) -> None:
    """List what the archive has.

    Example: openhifu pacs find ORTHANC@localhost:4242 --with "PatientName=Wang*"
    """
    from openhifu.exchange.pacs.client import find as ask
    from openhifu.exchange.pacs.peer import Peer

    wanted = _matching(given)
    if _is_web(archive):
        names = {"STUDY": "studies", "SERIES": "series"}
        found = _web(archive).find(names.get(level, level), wanted)
    else:
        found = ask(Peer.parse(archive, our_title), level, wanted)
    lines = [" | ".join(f"{k}={v}" for k, v in sorted(m.items()) if v) for m in found] or ["nothing matches"]
    result({"matches": found}, as_json, lines)


@app.command("get")
@guarded
def get(archive: PeerText, out: Out, given: Given = None, our_title: OurTitle = "OPENHIFU") -> None:
    """Fetch a study or series into a new folder: all of it or nothing (C-GET, or WADO over DICOMweb).

    Example: openhifu pacs get ORTHANC@localhost:4242 --with StudyInstanceUID=1.2.3 -o study
    """
    from openhifu.exchange.pacs.client import get as fetch
    from openhifu.exchange.pacs.peer import Peer

    wanted = _matching(given)
    with progress_bar(quiet=False) as progress:
        if _is_web(archive):
            study, series = wanted.get("StudyInstanceUID", ""), wanted.get("SeriesInstanceUID", "")
            if not study:
                raise FormatError("DICOMweb fetches by study; give --with StudyInstanceUID=...")
            files = _web(archive).fetch(study, out, series)
        else:
            files = fetch(Peer.parse(archive, our_title), wanted, out, progress)
    say(f"fetched {len(files)} objects to {out}; look at them with: openhifu import look {out}")


@app.command("move")
@guarded
def move(
    archive: PeerText,
    out: Out,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Our port, as the archive knows it.")],
    given: Given = None,
    our_title: OurTitle = "OPENHIFU",
) -> None:
    """Have a study or series sent to us into a new folder (C-MOVE); the archive must know our title, host and port.

    Example: openhifu pacs move ORTHANC@localhost:4242 --with StudyInstanceUID=1.2.3 --port 11112 -o study
    """
    from openhifu.exchange.pacs.client import move as ask
    from openhifu.exchange.pacs.peer import Peer

    with progress_bar(quiet=False) as progress:
        files = ask(Peer.parse(archive, our_title), _matching(given), out, port, progress)
    say(f"received {len(files)} objects in {out}; look at them with: openhifu import look {out}")


@app.command("store")
@guarded
def store(
    archive: PeerText,
    folder: Annotated[Path, typer.Argument(help="Folder of DICOM files, or one file.", show_default=False)],
    our_title: OurTitle = "OPENHIFU",
) -> None:
    """Send DICOM files to the archive; every one must be accepted.

    Example: openhifu pacs store ORTHANC@localhost:4242 out/dicom
    """
    from openhifu.exchange.pacs.client import store as send
    from openhifu.exchange.pacs.peer import Peer

    files = sorted(f for f in folder.rglob("*") if f.is_file()) if folder.is_dir() else [folder]
    if not files:
        raise FileProblem(f"{folder} holds no file")
    with progress_bar(quiet=False) as progress:
        count = (
            _web(archive).store(files) if _is_web(archive) else send(Peer.parse(archive, our_title), files, progress)
        )
    say(f"{archive} took {count} objects")


@app.command("listen")
@guarded
def listen(
    folder: Annotated[Path, typer.Argument(help="Where received studies appear.", show_default=False)],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 11112,
    our_title: OurTitle = "OPENHIFU",
) -> None:
    """Take what others send, until Ctrl-C; an association that breaks leaves nothing behind.

    Example: openhifu pacs listen incoming --port 11112
    """
    from openhifu.exchange.pacs.server import Inbox

    inbox = Inbox(folder, port, our_title)
    say(f"listening as {our_title} on port {port}; received objects appear in {folder}; stop with Ctrl-C")
    seen = 0
    try:
        while True:
            time.sleep(0.5)
            if len(inbox.arrived) > seen:
                say(f"received {len(inbox.arrived) - seen} objects in {inbox.arrived[-1].parent}")
                seen = len(inbox.arrived)
    finally:
        inbox.close()


def _matching(given: list[str] | None) -> dict[str, str]:
    wanted = {}
    for text in given or ():
        keyword, equals, value = text.partition("=")
        if not equals or not keyword:
            raise FormatError(f"{text!r} is of no known form; give KEYWORD=VALUE, such as PatientID=4711")
        wanted[keyword] = value
    return wanted


def _is_web(archive: str) -> bool:
    return archive.startswith(("http://", "https://"))


def _web(archive: str) -> WebArchive:
    """The web archive; user and password come from the environment, so that no command line shows them."""
    from openhifu.exchange.pacs.web import WebArchive

    return WebArchive(archive, os.environ.get("OPENHIFU_WEB_USER", ""), os.environ.get("OPENHIFU_WEB_PASSWORD", ""))
