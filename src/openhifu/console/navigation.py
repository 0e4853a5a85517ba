"""A treatment's volumes on a navigation server, and live temperature as monitoring reads it."""

from __future__ import annotations

import numpy as np

from openhifu.console.exports import Gathered
from openhifu.exchange.navigation import NavigationServer
from openhifu.model.catalogue import transducer


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
