"""Real archives on loopback for tests: Orthanc and DCMTK's dcmqrscp, from Debian, started and stopped by the tests."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openhifu.exchange.pacs import Peer
from openhifu.exchange.pacs.client import free_port

ORTHANC, DCMQRSCP = shutil.which("Orthanc"), shutil.which("dcmqrscp")
WEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@contextmanager
def orthanc(folder: Path, our_port: int) -> Iterator[tuple[Peer, str]]:
    """A running Orthanc that knows us at ``our_port``: as a DICOM peer, and the address of its DICOMweb."""
    port, http = free_port(), free_port()
    plugins = folder / "plugins"
    plugins.mkdir(parents=True)
    if WEB_PLUGIN.exists():
        (plugins / WEB_PLUGIN.name).symlink_to(WEB_PLUGIN)
    settings = {
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "Plugins": [str(plugins)],
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomModalities": {"us": ["OPENHIFU", "127.0.0.1", our_port]},
        "StableAge": 1,
        "OverwriteInstances": True,
        "DefaultEncoding": "Utf8",
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with _running([str(ORTHANC), str(folder / "orthanc.json")], folder, port, http):
        yield Peer("ORTHANC", "127.0.0.1", port), f"http://127.0.0.1:{http}/dicom-web"


@contextmanager
def dcmqrscp(folder: Path, our_port: int, associations: Path | None = None) -> Iterator[Peer]:
    """A running dcmqrscp that knows us at ``our_port``, by itself or with associations from a file; it writes a log."""
    port = free_port()
    (folder / "db").mkdir(parents=True)
    (folder / "dcmqrscp.cfg").write_text(
        f"""
NetworkTCPPort = {port}
MaxPDUSize = 131072
MaxAssociations = 16
HostTable BEGIN
us = (OPENHIFU, localhost, {our_port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
DCMTK {folder / "db"} RW (200, 1024mb) ANY
AETable END
""",
        encoding="utf-8",
    )
    chosen = [] if associations is None else ["-xf", str(associations), "Archive", "Moving"]
    command = [str(DCMQRSCP), "-v", "-c", str(folder / "dcmqrscp.cfg"), "--allow-shutdown", *chosen]
    with _running(command, folder, port):
        yield Peer("DCMTK", "127.0.0.1", port)


@contextmanager
def _running(command: list[str], folder: Path, *ports: int) -> Iterator[None]:
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            for port in ports:
                _wait_for(port, process, folder / "log")
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")
