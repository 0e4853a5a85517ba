"""The parts of a treatment's process: the ear, the person behind a pipe, the camera, the status."""

from __future__ import annotations

import json
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.console.server.treat.ear import Ear
from openhifu.console.server.treat.person import PipedPerson
from openhifu.console.server.treat.pictures import BOX, TEMPERATURES, Camera
from openhifu.console.server.treat.wire import CONSOLE_LEASE, LINE_GRACE, line_of
from openhifu.delivery.protocols import AlarmAct, Question


class Heard:
    """An ear with a server's end of its pipe, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.at, self.acted, self.done = 0.0, [], threading.Event()
        self.server, engine = socket.socketpair()
        self.engine = engine
        self.ear = Ear(engine, self.act, lambda: self.at)

    def act(self, by: str) -> None:
        self.acted.append(by)
        self.done.set()

    def beat(self, lines: int) -> None:
        self.server.sendall(line_of(lines=lines))
        waited = threading.Event()
        while self.ear.open_lines != lines and not self.done.is_set():
            waited.wait(0.005)

    def stopped(self) -> bool:
        return self.done.wait(10.0)


@contextmanager
def listening() -> Iterator[Heard]:
    heard = Heard()
    heard.ear.start()
    yield heard
    heard.ear.close()
    heard.server.close()
    heard.engine.close()


def test_a_stop_acts_at_once_and_has_its_name() -> None:
    with listening() as heard:
        heard.server.sendall(line_of(lines=1) + line_of(stop="Bo"))
        assert heard.stopped()
        assert (heard.ear.stopped_by, heard.acted) == ("Bo", ["Bo"])
        assert PipedPerson("Ada", heard.ear).stop_requested() == "Bo"


def test_a_pipe_that_is_closed_is_a_stop() -> None:
    with listening() as heard:
        heard.server.close()
        assert heard.stopped()
        assert PipedPerson("Ada", heard.ear).stop_requested() == "the console: its server is gone"


def test_silence_longer_than_the_lease_is_a_stop() -> None:
    with listening() as heard:
        heard.beat(1)
        heard.at += 0.9 * CONSOLE_LEASE
        heard.beat(2)
        heard.at += 0.9 * CONSOLE_LEASE
        assert not heard.done.wait(0.1)
        heard.at += 0.2 * CONSOLE_LEASE
        assert heard.stopped()
        assert "silent" in heard.ear.why


def test_a_running_treatment_whose_last_stop_line_is_closed_stops_and_one_that_waits_does_not() -> None:
    with listening() as heard:
        heard.beat(1)
        heard.beat(0)
        for _ in range(10):
            heard.at += 0.4 * CONSOLE_LEASE
            heard.server.sendall(line_of(lines=0))
            assert not heard.done.wait(0.05)
        heard.beat(1)
        heard.ear.begin()
        heard.beat(0)
        until = heard.at + 3 * LINE_GRACE
        while heard.at < until and not heard.done.is_set():
            heard.at += 0.2 * CONSOLE_LEASE
            heard.server.sendall(line_of(lines=0))
            heard.done.wait(0.05)
        assert heard.done.is_set() and "stop line" in heard.ear.why
        assert heard.at < until


def test_a_switch_that_fails_does_not_silence_the_ear() -> None:
    def fail(by: str) -> None:
        raise OSError("the cable is out")

    with socket.socket() as pipe:
        ear = Ear(pipe, fail)
        ear.stop("Ada")
    assert ear.stopped_by == "Ada" and "cable" in ear.why


def test_only_an_answer_to_what_is_asked_counts() -> None:
    with listening() as heard:
        person, first = PipedPerson("Ada", heard.ear), Question("first?", ("yes", "no"))
        person.take({"question": "first?", "answer": "yes", "by": "Bo"})
        assert person.answer(first) is None
        for wrong in ({"question": "second?", "answer": "yes"}, {"question": "first?", "answer": "maybe"}, {}):
            person.take({**wrong, "by": "Bo"})
            assert person.answer(first) is None
        person.take({"question": "first?", "answer": "no", "by": "Bo"})
        reply = person.answer(first)
        assert reply is not None and (reply.choice, reply.by) == ("no", "Bo")
        assert person.question is None
        person.take({"alarm": "pause audio", "by": "Bo"})
        done = person.alarm_reply()
        assert done is not None and (done.act, done.by) == (AlarmAct.PAUSE_AUDIO, "Bo")
        assert person.alarm_reply() is None


def opened(picture: bytes) -> tuple[dict, np.ndarray]:
    (size,) = struct.unpack_from("<I", picture)
    header = json.loads(picture[4 : 4 + size])
    return header, np.frombuffer(zlib.decompress(picture[4 + size :]), np.uint8).reshape(header["shape"])


def test_the_camera_gives_the_newest_picture_of_the_box_and_never_an_old_one() -> None:
    grid = Grid.box((0.0, 0.0, 0.0), (0.149, 0.119, 0.039), 1e-3, Frame.PATIENT)
    camera = Camera(grid, (0.07, 0.02, 0.02))
    assert camera.next(0.0) is None
    temperature, dose = np.full(grid.shape, 37.0, np.float32), np.zeros(grid.shape, np.float32)
    hot = tuple(int(v) for v in grid.index((0.07, 0.02, 0.02)).round())
    for second in (1, 2, 3):
        temperature[hot], dose[hot] = 40.0 + 5 * second, 10.0**second
        camera.take(float(second), temperature, dose)
    temperature[:] = 99.0  # what was taken is a copy
    first, second = camera.next(0.0), camera.next(0.0)
    assert first is not None and second is not None and camera.next(0.0) is None
    header, data = opened(first)
    assert (header["kind"], header["sequence"], header["time_s"]) == ("temperature", 3, 3.0)
    assert header["shape"] == [BOX, BOX, 40]
    here = np.unravel_index(int(data.argmax()), data.shape)
    affine = np.array(header["affine"])
    assert affine[:3, :3] @ here + affine[:3, 3] == pytest.approx((0.07, 0.02, 0.02), abs=1e-9)
    value = header["lowest"] + data.max() / 255 * (header["highest"] - header["lowest"])
    assert value == pytest.approx(55.0, abs=(TEMPERATURES[1] - TEMPERATURES[0]) / 255)
    header, data = opened(second)
    assert header["kind"] == "dose" and header["scale"] == "log10"
    decades = header["lowest"] + data.max() / 255 * (header["highest"] - header["lowest"])
    assert decades == pytest.approx(3.0, abs=6 / 255)
