"""The simulated machine in a process of its own: it answers engines over a socket, and outlives them.

Time is the real one. Lease and timer are kept here, so that they end the output whatever becomes of the engine. Over a
pipe, whoever started the process presses the patient's button, spoils a meter, and asks what was truly radiated.
"""

from __future__ import annotations

import multiprocessing
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from openhifu.base.errors import DeviceFault, HifuError
from openhifu.delivery.clock import Clock, RealClock
from openhifu.delivery.precedence import take_precedence
from openhifu.delivery.protocols import ButtonReading, GeneratorReading, TemperatureReading
from openhifu.twin import wire
from openhifu.twin.generator import Radiated
from openhifu.twin.machine import SimulatedMachine

MakeMachine = Callable[[Clock], SimulatedMachine]
"""Builds the machine in its own process; a function of a module, so that it can be sent there."""

_IMAGE_CHECK = 0.02


class LiveMachine:
    """A simulated machine that answers calls by name, with a button to press and a meter to spoil.

    Temperatures are brought up to date beside the calls: a patient that takes long to compute makes old images, never
    a late answer.

    Args:
        machine: what answers.
        clock: its time.
    """

    def __init__(self, machine: SimulatedMachine, clock: Clock) -> None:
        """Quiet, and the first image taken."""
        self.machine, self._clock = machine, clock
        self.pressed, self.reflected = False, None
        self._image = machine.devices.thermometer.reading()
        self._over = threading.Event()
        self._imaging = threading.Thread(target=self._take_images, daemon=True)
        self._imaging.start()

    def do(self, device: str, act: str, arguments: list[Any]) -> Any:
        """One act of the protocols.

        Raises:
            DeviceFault: if there is no such act, or the arguments are not what it takes.
        """
        if (device, act) not in wire.ACTS:
            raise DeviceFault(f"there is no act {device}.{act}")
        if (device, act) == ("clock", "now"):
            return self._clock.now()
        kinds = wire.ACTS[device, act][0]
        if len(arguments) != len(kinds):
            raise DeviceFault(f"{device}.{act} takes {len(kinds)} arguments, {len(arguments)} came")
        given = [wire.typed(kind, value) for kind, value in zip(kinds, arguments, strict=True)]
        return self._shown(device, getattr(getattr(self.machine.devices, device), act)(*given))

    def close(self) -> None:
        """No more images."""
        self._over.set()
        self._imaging.join()

    def _shown(self, device: str, answer: Any) -> Any:
        """The answer with what was pressed and spoilt, and the newest whole image."""
        match answer:
            case GeneratorReading() if self.reflected is not None:
                return replace(answer, reflected_share=self.reflected)
            case ButtonReading():
                return replace(answer, pressed=answer.pressed or self.pressed)
            case _:
                return answer

    def _take_images(self) -> None:
        while not self._over.wait(_IMAGE_CHECK):
            self._image = self.machine.devices.thermometer.reading()

    def image(self) -> TemperatureReading:
        """The newest whole image."""
        return self._image


def answer_engines(live: LiveMachine, clock: Clock, listener: socket.socket) -> None:
    """Serve one engine after another until the listener is closed; a new one meets a silent machine."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if connection.family != getattr(socket, "AF_UNIX", None):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        live.machine.generator.new_session()
        with connection:
            _answer_one(live, clock, connection)


def _answer_one(live: LiveMachine, clock: Clock, connection: socket.socket) -> None:
    """Answer until the engine is gone; how it went is of no interest to a machine."""
    try:
        lines = wire.LineReader(connection)
        while (text := lines.next()) is not None:
            connection.sendall(wire.line(_answered(live, clock, text)))
    except (OSError, HifuError):
        return


def _answered(live: LiveMachine, clock: Clock, text: bytes) -> dict[str, Any]:
    request = wire.message(text)
    device, act, arguments = (request.get(key) for key in ("device", "act", "arguments"))
    try:
        if device == "thermometer":
            answer: Any = live.image()
        else:
            answer = live.do(str(device), str(act), list(arguments or []))
        return {"id": request["id"], "now": clock.now(), "answer": wire.plain(answer)}
    except HifuError as error:
        return {"id": request["id"], "now": clock.now(), "error": str(error)}


def _process(make: MakeMachine, address: wire.Address, pipe: Connection) -> None:
    """The machine's process: engines over the socket, its owner over the pipe.

    It stands for a device with a processor of its own, so it does not share the engine's wait for one.
    """
    take_precedence()
    clock = RealClock()
    live, listener = LiveMachine(make(clock), clock), wire.listening(address)
    threading.Thread(target=answer_engines, args=(live, clock, listener), daemon=True).start()
    pipe.send(wire.address_of(listener))
    try:
        while True:
            what, value = pipe.recv()
            at = clock.now()
            match what:
                case "press":
                    live.pressed = value
                    pipe.send(at)
                case "reflect":
                    live.reflected = value
                    pipe.send(at)
                case "hard stop":
                    live.machine.generator.hard_stop()
                    pipe.send(at)
                case "radiated":
                    pipe.send(live.machine.generator.radiated)
                case _:
                    return
    except (EOFError, KeyboardInterrupt):
        return
    finally:
        live.close()


class MachineProcess:
    """Starts a machine in a process of its own, and ends it; use as a context.

    Args:
        make: builds the machine there.
        address: where it listens; port 0 takes any free one.
    """

    def __init__(self, make: MakeMachine, address: wire.Address = "127.0.0.1:0") -> None:
        """Nothing is started yet."""
        self._make, self._wanted = make, address
        self.address = ""

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_process, args=(self._make, self._wanted, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(60.0):
            raise DeviceFault("the machine's process did not start within a minute")
        self.address = self._pipe.recv()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""
        self._pipe.send(("end", None))
        self._process.join(10.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def press(self, pressed: bool = True) -> float:
        """Press or release the patient's button; when [s of the monotonic clock] it was done."""
        return self._told("press", pressed)

    def reflect(self, share: float | None) -> float:
        """Make the generator show this share of reflected power, or the true one again; when it was done."""
        return self._told("reflect", share)

    def hard_stop(self) -> float:
        """Cut the supply of the power stage; when it was done."""
        return self._told("hard stop", None)

    def radiated(self) -> list[Radiated]:
        """Every exposure so far, as it truly was."""
        return self._told("radiated", None)

    def _told(self, what: str, value: Any) -> Any:
        self._pipe.send((what, value))
        return self._pipe.recv()
