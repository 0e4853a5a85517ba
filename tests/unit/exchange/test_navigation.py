"""OpenIGTLink: bytes as the protocol's own test has them, geometry kept to a micrometre, bad poses never passed on."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhifu.base.errors import DeviceFault, FormatError, GeometryError
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.console.navigation import pose_lines
from openhifu.exchange.navigation import NavigationServer, decoded, image_message, transform_message
from openhifu.exchange.navigation.checksum import crc64
from openhifu.exchange.navigation.messages import (
    HEADER,
    body_size,
    encoded,
    image_of,
    poses_of,
    status_message,
    tracking_message,
)
from tests.unit.exchange.test_orientation import GRIDS, MARKS, phantom, places, turned

REFERENCE = bytes.fromhex(
    "0001 5452414e53464f524d000000 4465766963654e616d6500000000000000000000 00000000499602d2 0000000000000030"
    "f6dd2b8eb4df6dd2 bf7473cd3e4959e6be63dd98be4959e63e12491b3f7852d63e63dd983f7852d6bdc830ae42383660419bc46742383660"
)
"""A TRANSFORM message as OpenIGTLink's own tests have it (openigtlink/OpenIGTLink, test data of the C library)."""


def test_the_reference_message_is_understood_and_made_again() -> None:
    header, body = REFERENCE[: HEADER.size], REFERENCE[HEADER.size :]
    message = decoded(header, body)
    assert (message.kind, message.name, message.time) == ("TRANSFORM", "DeviceName", 1234567890 / 2**32)
    assert crc64(body) == 0xF6DD2B8EB4DF6DD2
    pose = poses_of(message)["DeviceName"]
    assert pose[:3, 3] == pytest.approx([-46.0531e-3, -19.4709e-3, 46.0531e-3], abs=1e-6)  # RAS mm to LPS m
    made = transform_message("DeviceName", pose, 0.0)
    again = np.array(struct.unpack(">12f", made[HEADER.size :]))
    assert np.allclose(again, struct.unpack(">12f", body), atol=1e-4)


@pytest.mark.parametrize("where", GRIDS)
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
def test_an_image_keeps_its_place(where: str, dtype: type) -> None:
    field = phantom(GRIDS[where], Quantity.TEMPERATURE)
    if dtype is np.uint8:
        field = Field(field.grid, np.minimum(field.data, 255).astype(np.uint8), Quantity.TEMPERATURE)
    else:
        field = Field(field.grid, field.data.astype(dtype), Quantity.TEMPERATURE)
    sent = image_message("heat", field, 12.5)
    back = image_of(decoded(sent[: HEADER.size], sent[HEADER.size :]), Quantity.TEMPERATURE)
    assert np.array_equal(back.data, field.data)
    assert back.data.dtype == dtype
    if dtype is not np.uint8:
        found = places(back)
        assert all(np.linalg.norm(found[v] - field.grid.world(voxel)) < 1e-6 for v, voxel in MARKS.items())


def test_a_damaged_message_is_refused() -> None:
    sent = bytearray(image_message("heat", phantom(GRIDS["axial"]), 0.0))
    sent[-1] ^= 1
    with pytest.raises(FormatError, match="checksum does not fit"):
        decoded(bytes(sent[: HEADER.size]), bytes(sent[HEADER.size :]))
    with pytest.raises(FormatError, match="no OpenIGTLink header"):
        body_size(b"\xff" * HEADER.size)
    other = Field(Grid.box((0, 0, 0), (1, 1, 1), 0.5, Frame.TRANSDUCER), np.zeros((3, 3, 3)), Quantity.TEMPERATURE)
    with pytest.raises(GeometryError, match="transform first"):
        image_message("heat", other, 0.0)


@given(st.binary(max_size=200), st.sampled_from(["IMAGE", "TRANSFORM", "TDATA", "STATUS", "STRANGE"]))
def test_any_body_is_read_or_refused(body: bytes, kind: str) -> None:
    sent = encoded(kind, "x", body, 0.0)
    message = decoded(sent[: HEADER.size], sent[HEADER.size :])
    for read in (poses_of, lambda m: image_of(m, Quantity.TEMPERATURE)):
        try:
            read(message)
        except (FormatError, GeometryError):
            continue


@pytest.fixture
def server() -> Iterator[NavigationServer]:
    made = NavigationServer(0)
    yield made
    made.close()


def until(true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen within 4 s")


def receive(line: socket.socket):
    header = exactly(line, HEADER.size)
    return decoded(header, exactly(line, body_size(header)))


def exactly(line: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = line.recv(size - len(content))
        assert part
        content += part
    return content


def test_everybody_gets_images_and_latecomers_the_newest(server: NavigationServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as early:
        until(lambda: server.listeners == 1)
        server.send_image("plan", phantom(GRIDS["oblique"], Quantity.TEMPERATURE))
        assert receive(early).name == "plan"
        with socket.create_connection(("127.0.0.1", server.port)) as late:
            message = receive(late)
            assert np.count_nonzero(image_of(message, Quantity.TEMPERATURE).data) == len(MARKS)
            server.send_transform("source", np.eye(4))
            assert receive(late).kind == receive(early).kind == "TRANSFORM"


def test_tracked_poses_are_kept_while_fresh() -> None:
    moment = [100.0]
    server = NavigationServer(0, clock=lambda: moment[0])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turned((10, 20, 30)), [0.01, -0.02, 0.3]
    with socket.create_connection(("127.0.0.1", server.port)) as tracker:
        tracker.sendall(status_message("tracker", "all well", 0.0) + tracking_message("t", {"probe": pose}, 7.25))
        until(lambda: server.tracked == ("probe",))
        found = server.pose("probe", at_most=0.5)
        assert np.allclose(found.matrix, pose, atol=1e-6)
        assert found.sent == 7.25
        moment[0] += 1.0
        with pytest.raises(DeviceFault, match="is 1.0 s old, at most 0.5 s"):
            server.pose("probe", at_most=0.5)
        with pytest.raises(DeviceFault, match="no pose of 'needle' has arrived; tracked so far: probe"):
            server.pose("needle", at_most=0.5)
        bad = np.diag([2.0, 1, 1, 1])
        nothing = np.full((4, 4), np.nan)
        tracker.sendall(tracking_message("t", {"probe": bad}, 0.0) + tracking_message("t", {"probe": nothing}, 0.0))
        until(lambda: len(server.refused) == 2)
        assert "no rigid movement; it is not passed on" in server.refused[0]
        with pytest.raises(DeviceFault, match="1.0 s old"):
            server.pose("probe", at_most=0.5)
    server.close()


def test_a_message_with_a_second_header_is_understood(server: NavigationServer) -> None:
    """As tracking systems of protocol version 3 send it: extended header, pose, then metadata that nobody reads."""
    pose = np.eye(4)
    pose[:3, 3] = [0.01, -0.02, 0.3]
    content = transform_message("probe", pose, 0.0)[HEADER.size :]
    body = struct.pack(">HHII", 12, 10, 4, 7) + content + b"\0" * 10 + b"fact"
    header = HEADER.pack(2, b"TRANSFORM", b"probe", 0, len(body), crc64(body))
    short = struct.pack(">HHII", 12, 60000, 4, 7) + content
    wrong = HEADER.pack(2, b"TRANSFORM", b"probe", 0, len(short), crc64(short))
    with pytest.raises(FormatError, match="ends before it begins"):
        decoded(wrong, short)
    with socket.create_connection(("127.0.0.1", server.port)) as tracker:
        tracker.sendall(header + body)
        until(lambda: server.tracked == ("probe",))
        assert np.allclose(server.pose("probe", at_most=60.0).matrix, pose, atol=1e-6)
        assert pose_lines(server) == ["probe at (10.0, -20.0, 300.0) mm, patient LPS"]
    assert server.poses(at_most=-1.0) == ()


def test_nonsense_ends_one_connection_only(server: NavigationServer) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port)) as wild,
        socket.create_connection(("127.0.0.1", server.port)) as good,
    ):
        until(lambda: server.listeners == 2)
        wild.sendall(b"GET / HTTP/1.1\r\n" * 10)
        until(lambda: server.listeners == 1)
        server.send_transform("source", np.eye(4))
        assert receive(good).kind == "TRANSFORM"


def test_a_listener_that_does_not_read_holds_nobody_up(server: NavigationServer) -> None:
    big = Field(
        Grid.box((0, 0, 0), (0.095, 0.095, 0.095), 1e-3, Frame.PATIENT),
        np.zeros((96,) * 3, np.float32),
        Quantity.TEMPERATURE,
    )
    with (
        socket.create_connection(("127.0.0.1", server.port)),
        socket.create_connection(("127.0.0.1", server.port)) as good,
    ):
        until(lambda: server.listeners == 2)
        for _ in range(6):
            server.send_image("heat", big)
            assert receive(good).name == "heat"


def test_a_taken_port_is_named(server: NavigationServer) -> None:
    with pytest.raises(DeviceFault, match=f"cannot listen on port {server.port}"):
        NavigationServer(server.port)
