"""Everything exported is stored in real archives, found, fetched back and equal; a broken line leaves nothing."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import (
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    ParametricMapStorage,
    SpatialRegistrationStorage,
    XRayRadiationDoseSRStorage,
    generate_uid,
)

from openhifu.base.errors import DeviceFault, FormatError, StorageError
from openhifu.exchange.pacs import Peer, WebArchive
from openhifu.exchange.pacs.client import echo, find, free_port, get, move, store
from openhifu.exchange.pacs.server import Inbox
from openhifu.exchange.pacs.staging import staged
from tests.archives import DCMQRSCP, ORTHANC, WEB_PLUGIN, dcmqrscp, orthanc
from tests.dicom_making import bare, save, series_of
from tests.unit.exchange.conftest import study

ASSOCIATIONS = Path(__file__).parents[3] / "docs" / "dcmtk-associations.cfg"
WITHOUT_ORTHANC = pytest.mark.skipif(ORTHANC is None, reason="Orthanc (Debian: orthanc) is not installed")
WITHOUT_WEB = pytest.mark.skipif(
    ORTHANC is None or not WEB_PLUGIN.exists(), reason="Orthanc's DICOMweb (Debian: orthanc-dicomweb) is not installed"
)
WITHOUT_DCMTK = pytest.mark.skipif(DCMQRSCP is None, reason="dcmqrscp (Debian: dcmtk) is not installed")


@pytest.fixture(scope="module")
def our_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def at_orthanc(tmp_path_factory: pytest.TempPathFactory, our_port: int) -> Iterator[tuple[Peer, str]]:
    with orthanc(tmp_path_factory.mktemp("orthanc"), our_port) as found:
        yield found


@pytest.fixture(scope="module")
def at_dcmtk(tmp_path_factory: pytest.TempPathFactory, our_port: int) -> Iterator[Peer]:
    with dcmqrscp(tmp_path_factory.mktemp("dcmtk"), our_port, ASSOCIATIONS) as found:
        yield found


def sent(exported: Path) -> list[Path]:
    return sorted(exported.rglob("*.dcm"))


def content(files: list[Path] | tuple[Path, ...]) -> dict[str, str]:
    """A hash of every element of every object by identifier; what an archive may change (file meta) is left out."""
    found = {}
    for file in files:
        ds = pydicom.dcmread(file)
        elements = "\n".join(
            f"{e.tag} {e.VR} {e.value!r}" for e in ds.iterall() if e.VR != "SQ" and e.value not in (None, "")
        )
        found[str(ds.SOPInstanceUID)] = hashlib.sha256(elements.encode()).hexdigest()
    return found


STUDY = {"StudyInstanceUID": study().study_uid}


def round_trip(peer: Peer, exported: Path, folder: Path, our_port: int) -> None:
    echo(peer)
    files = sent(exported)
    assert store(peer, files) == len(files)
    (match,) = find(peer, "STUDY", {"PatientID": "HIFU-7"})
    assert match["StudyInstanceUID"] == study().study_uid
    assert match["PatientName"] == "王^小东"
    series = find(peer, "SERIES", STUDY)
    assert {s["Modality"] for s in series} == {"CT", "SEG", "RTSTRUCT", "RTDOSE", "OT", "SR", "DOC"}
    assert content(get(peer, STUDY, folder / "got")) == content(files)
    moved = {}
    for n, uid in enumerate(sorted({kind(f)[0] for f in files})):
        moved |= content(move(peer, STUDY | {"SeriesInstanceUID": uid}, folder / f"{n}", our_port))
    assert moved == content(files)


def kind(file: Path) -> tuple[str, str]:
    """Series and SOP class of a file."""
    ds = pydicom.dcmread(file, stop_before_pixels=True)
    return str(ds.SeriesInstanceUID), str(ds.SOPClassUID)


@WITHOUT_ORTHANC
def test_a_treatment_goes_through_orthanc(
    at_orthanc: tuple[Peer, str], exported: Path, tmp_path: Path, our_port: int
) -> None:
    round_trip(at_orthanc[0], exported, tmp_path, our_port)


@WITHOUT_DCMTK
def test_a_treatment_goes_through_dcmtk(at_dcmtk: Peer, exported: Path, tmp_path: Path, our_port: int) -> None:
    """All of it: dcmqrscp is given the associations that the documentation gives."""
    round_trip(at_dcmtk, exported, tmp_path, our_port)


@WITHOUT_DCMTK
def test_what_dcmqrscp_does_not_move_by_itself(exported: Path, tmp_path: Path, our_port: int) -> None:
    """Without them, a Parametric Map is named by us as not sent and by it as not proposed; C-GET brings it."""
    file = next(f for f in sent(exported) if kind(f)[1] == ParametricMapStorage)
    one = STUDY | {"SeriesInstanceUID": kind(file)[0]}
    with dcmqrscp(tmp_path / "dcmtk", our_port) as peer:
        store(peer, [file])
        with pytest.raises(DeviceFault, match=r"failed to send 1 objects of a C-MOVE.*dcmtk-associations\.cfg"):
            move(peer, one, tmp_path / "map", our_port)
        assert not (tmp_path / "map").exists()
        assert content(get(peer, one, tmp_path / "got")) == content([file])
    said = (tmp_path / "dcmtk" / "log").read_text(encoding="utf-8")
    assert f"No presentation context for: (PM) {ParametricMapStorage}" in said


@WITHOUT_WEB
def test_a_treatment_goes_through_dicomweb(at_orthanc: tuple[Peer, str], exported: Path, tmp_path: Path) -> None:
    archive = WebArchive(at_orthanc[1])
    files = sent(exported)
    assert archive.store(files) == len(files)
    (match,) = archive.find("studies", {"PatientID": "HIFU-7"})
    assert match["StudyInstanceUID"] == study().study_uid
    assert match["PatientName"] == "王^小东"
    assert len(archive.find("series", STUDY)) == len(
        {pydicom.dcmread(f, stop_before_pixels=True).SeriesInstanceUID for f in files}
    )
    assert content(archive.fetch(study().study_uid, tmp_path / "got")) == content(files)
    with pytest.raises(DeviceFault, match="answered 404"):
        archive.fetch("1.2.3", tmp_path / "none")
    assert not list(tmp_path.glob("*none*"))


@WITHOUT_ORTHANC
def test_a_study_with_more_than_images_is_fetched(at_orthanc: tuple[Peer, str], tmp_path: Path) -> None:
    """A hospital's study: slices, a dose report, marked key images, how they were shown, a registration."""
    uid, slices = generate_uid(), series_of()
    kinds = (XRayRadiationDoseSRStorage, KeyObjectSelectionDocumentStorage, GrayscaleSoftcopyPresentationStateStorage)
    others = [bare(kind, "OT", generate_uid()) for kind in (*kinds, SpatialRegistrationStorage)]
    for ds in (*slices, *others):
        ds.StudyInstanceUID, ds.PatientID = uid, "HIFU-8"
        ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20260304", "102030", "1", ""
    files = sorted(save(tmp_path / "sent", [*slices, *others]).iterdir())
    store(at_orthanc[0], files)
    assert content(get(at_orthanc[0], {"StudyInstanceUID": uid}, tmp_path / "got")) == content(files)


@WITHOUT_DCMTK
def test_what_is_not_there_leaves_nothing(at_dcmtk: Peer, tmp_path: Path, our_port: int) -> None:
    with pytest.raises(DeviceFault, match="has nothing that matches"):
        get(at_dcmtk, {"StudyInstanceUID": "1.2.3"}, tmp_path / "none")
    with pytest.raises(DeviceFault, match="has nothing that matches"):
        move(at_dcmtk, {"StudyInstanceUID": "1.2.3"}, tmp_path / "none", our_port)
    assert not list(tmp_path.iterdir())


def test_an_unreachable_archive_is_named(tmp_path: Path) -> None:
    nobody = Peer("NOBODY", "127.0.0.1", free_port(), patience=2)
    for act in (lambda: echo(nobody), lambda: get(nobody, STUDY, tmp_path / "x"), lambda: find(nobody, "STUDY", {})):
        with pytest.raises(DeviceFault, match="NOBODY at 127.0.0.1:.* cannot be reached"):
            act()
    with pytest.raises(DeviceFault, match="cannot be reached or broke off"):
        WebArchive(f"http://127.0.0.1:{free_port()}", patience=2).find("studies", {})
    assert not list(tmp_path.iterdir())


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[tuple[Inbox, Peer]]:
    port = free_port()
    box = Inbox(tmp_path / "in", port, "INBOX", "127.0.0.1")
    yield box, Peer("INBOX", "127.0.0.1", port)
    box.close()


def until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 5 s")


def test_our_server_takes_what_is_sent(inbox: tuple[Inbox, Peer], exported: Path) -> None:
    box, peer = inbox
    echo(peer)
    files = sent(exported)
    store(peer, files)
    until(lambda: len(box.arrived) == len(files))
    assert content(tuple(box.arrived)) == content(files)


def test_an_association_broken_half_way_leaves_nothing(
    inbox: tuple[Inbox, Peer], exported: Path, tmp_path: Path
) -> None:
    """A line through a relay that is cut after 200 kB, as a pulled cable would."""
    box, peer = inbox
    cut = Relay(peer.port, 200_000)
    with pytest.raises(DeviceFault, match="did not take|does not take"):
        store(Peer("INBOX", "127.0.0.1", cut.port, patience=5), sent(exported))
    cut.close()
    until(lambda: not list((tmp_path / "in").glob(".*")))
    assert box.arrived == []
    assert not list((tmp_path / "in").iterdir())


@WITHOUT_DCMTK
def test_a_fetch_broken_half_way_leaves_nothing(at_dcmtk: Peer, exported: Path, tmp_path: Path) -> None:
    store(at_dcmtk, sent(exported))
    cut = Relay(at_dcmtk.port, 200_000)
    with pytest.raises(DeviceFault):
        get(Peer("DCMTK", "127.0.0.1", cut.port, patience=5), STUDY, tmp_path / "got")
    cut.close()
    assert not list(tmp_path.iterdir())


@WITHOUT_WEB
def test_a_web_answer_cut_short_leaves_nothing(at_orthanc: tuple[Peer, str], exported: Path, tmp_path: Path) -> None:
    WebArchive(at_orthanc[1]).store(sent(exported))
    cut = Relay(int(at_orthanc[1].split(":")[2].split("/")[0]), 200_000)
    with pytest.raises(DeviceFault, match="broke off"):
        WebArchive(f"http://127.0.0.1:{cut.port}/dicom-web", patience=5).fetch(study().study_uid, tmp_path / "got")
    cut.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("uid", ["../out", "", "1.2/3", "1" * 65])
def test_an_identifier_that_leads_elsewhere_is_refused(tmp_path: Path, uid: str) -> None:
    """It comes from the other side, and becomes the name of a file here."""
    with pytest.raises(FormatError, match="which is no UID"), staged(tmp_path / "in" / "study") as waiting:
        waiting.add_bytes(uid, b"x")
    assert not [f for f in tmp_path.rglob("*") if f.is_file()]


def test_words_that_name_no_peer_are_refused(tmp_path: Path) -> None:
    assert Peer.parse("ORTHANC@localhost:4242", "US") == Peer("ORTHANC", "localhost", 4242, "US")
    for text in ("localhost:4242", "A@b", "A@b:0", "A@b:99999", "A" * 17 + "@b:1"):
        with pytest.raises(FormatError, match="is no peer; give TITLE@HOST:PORT"):
            Peer.parse(text)
    with pytest.raises(FormatError, match="no web address"):
        WebArchive("ftp://x")
    (tmp_path / "x").mkdir()
    with pytest.raises(StorageError, match="exists already"):
        get(Peer("A", "b", 1), STUDY, tmp_path / "x")


class Relay:
    """Passes bytes on to a port of this machine, and cuts both lines after so many in either direction."""

    def __init__(self, port: int, most: int) -> None:
        self._target, self._most = port, most
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                near, _ = self._listener.accept()
                self._sockets.append(near)
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets.append(far)
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()
        except OSError:
            return

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        passed = 0
        try:
            while chunk := one.recv(16384):
                passed += len(chunk)
                if passed > self._most:
                    break
                other.sendall(chunk)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        for end in (self._listener, *self._sockets):
            end.close()
