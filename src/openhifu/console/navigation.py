"""A treatment's volumes on a navigation server, and live temperature as monitoring reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import numpy as np

from openhifu.base.errors import FormatError
from openhifu.base.field import Field
from openhifu.console.exports import Gathered
from openhifu.exchange.navigation import NavigationServer, TrackedPose
from openhifu.model.catalogue import transducer

LIVE = "temperature"
"""Name of the live image."""

_OLD = 2.0
"""s after which a pose is not shown as where a tool is."""


def serve(gathered: Gathered, port: int, address: str) -> NavigationServer:
    """A server that holds planning CT, peak temperature, CEM43 and the pose of the source.

    Whoever has a live temperature field sends it with ``send_image("temperature", field)`` on the same server.

    Raises:
        DeviceFault: if the port is taken.
    """
    planned, run = gathered.planned, gathered.run
    history = run.delivered if run is not None and run.delivered is not None else planned.history
    server = NavigationServer(port, address)
    server.send_image("planning CT", planned.data.ct)
    server.send_image(f"{history.title} temp", history.peak_temperature)
    server.send_image(f"{history.title} CEM43", history.cem43)
    pose = planned.plan.pose
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(pose.axes).T
    matrix[:3, 3] = pose.apex(transducer(planned.plan.device).focal_length)
    server.send_transform("source", matrix)
    return server


@contextmanager
def live_navigation(gathered: Gathered, where: str, told: Callable[[str], None]) -> Iterator[Callable[[Field], None]]:
    """A server as long as a run lasts; gives what is to hear every image's temperatures.

    An image is copied at once and sent by a thread of its own, the newest only: the run waits for nobody.

    Args:
        gathered: the plan.
        where: ``PORT`` on this machine only, or ``ADDRESS:PORT``.
        told: hears on which port it is.

    Raises:
        FormatError: if ``where`` is of no such form.
        DeviceFault: if the port is taken.
    """
    address, port = _address(where)
    with closing(serve(gathered, port, address)) as server:
        told(f"serving {gathered.planned.plan.case} and its live temperature on {address}:{server.port}")
        sender = _Sender(server)
        try:
            yield sender.imaged
        finally:
            sender.close()


def _address(where: str) -> tuple[str, int]:
    address, _, port = where.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise FormatError(f"{where!r} is no place to listen on; give PORT, or ADDRESS:PORT, such as 18944")
    return address or "127.0.0.1", int(port)


class _Sender:
    """Sends the newest image from a thread of its own."""

    def __init__(self, server: NavigationServer) -> None:
        self._server, self._newest, self._over = server, None, False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._send, name="navigation", daemon=True)
        self._thread.start()

    def imaged(self, temperature: Field) -> None:
        """Keep a copy of an image until its turn."""
        copy = replace(temperature, data=np.array(temperature.data, np.float32))
        with self._news:
            self._newest = copy
            self._news.notify()

    def close(self) -> None:
        """Send what waits, and end."""
        with self._news:
            self._over = True
            self._news.notify()
        self._thread.join()

    def _send(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._newest is not None or self._over)
                image, self._newest = self._newest, None
            if image is None:
                return
            self._server.send_image(LIVE, image)


def pose_lines(server: NavigationServer) -> list[str]:
    """Where each tracked tool is, one line a tool."""
    return [_pose_line(pose) for pose in server.poses(at_most=_OLD)]


def _pose_line(pose: TrackedPose) -> str:
    x, y, z = (float(v) for v in 1e3 * pose.matrix[:3, 3])
    return f"{pose.name} at ({x:.1f}, {y:.1f}, {z:.1f}) mm, patient LPS"
