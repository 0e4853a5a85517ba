"""3D Slicer's place is taken by a socket: while a rehearsal runs, plan and live temperature come out of it."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from openhifu.base.field import Quantity
from openhifu.console.cli import app
from openhifu.console.runs import DELIVERED
from openhifu.exchange.navigation.messages import HEADER, body_size, decoded, image_of
from openhifu.exchange.pacs.client import free_port
from openhifu.imaging.hdf5 import read_history


class Listener(threading.Thread):
    """Connects as soon as somebody listens, and keeps what it is sent until the other side parts."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.hottest: dict[str, list[float]] = {}

    def _connected(self) -> socket.socket:
        for _ in range(600):
            try:
                return socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                time.sleep(0.05)
        raise AssertionError("nobody listened within 30 s")

    def run(self) -> None:
        line = self._connected()
        with line, line.makefile("rb") as stream:
            while len(header := stream.read(HEADER.size)) == HEADER.size:
                message = decoded(header, stream.read(body_size(header)))
                if message.kind == "IMAGE":
                    image = image_of(message, Quantity.TEMPERATURE)
                    self.hottest.setdefault(message.name, []).append(float(np.nanmax(image.data)))


@pytest.mark.parametrize("thermometer", ["plain", "mr"])
def test_live_temperature_leaves_while_a_rehearsal_runs(
    small_plan: Path, small_rehearsal: Path, tmp_path: Path, thermometer: str
) -> None:
    listener = Listener(free_port())
    listener.start()
    words = ["rehearse", str(small_plan), "-o", str(tmp_path / "run"), "--thermometer", thermometer, "--json"]
    done = CliRunner().invoke(app, [*words, "--navigate", str(listener.port)])
    assert done.exit_code == 0, done.output
    listener.join(10)
    assert not listener.is_alive()
    assert {"planning CT", "planned temp", "planned CEM43", "temperature"} <= set(listener.hottest)
    live = listener.hottest["temperature"]
    assert len(live) > 2, "more than the last image came"
    assert max(live) > live[0] + 5
    if thermometer == "plain":  # being watched changes nothing
        seen, unseen = (read_history(run / DELIVERED).cem43.data for run in (tmp_path / "run", small_rehearsal))
        assert np.array_equal(seen, unseen)


def test_a_place_that_is_none_is_refused(small_plan: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["rehearse", str(small_plan), "-o", str(tmp_path / "run"), "--navigate", "slicer"])
    assert done.exit_code == 2
    assert "is no place to listen on" in " ".join(done.stderr.split())
    assert not (tmp_path / "run").exists()
