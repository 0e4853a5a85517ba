"""Drivers for a machine in another process: the delivery protocols over one connection, every answer numbered."""

from __future__ import annotations

import math
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from openhifu.base.errors import DeviceFault
from openhifu.base.vectors import Vector
from openhifu.delivery.clock import Clock
from openhifu.delivery.protocols import (
    ButtonReading,
    Devices,
    GeneratorReading,
    Identity,
    ImageReading,
    Lease,
    Operator,
    PositionReading,
    Status,
    TemperatureReading,
    WaterReading,
)
from openhifu.twin import wire

ANSWER_WITHIN = 0.09
"""Seconds after which a driver gives a call up; less than the engine allows, so that the driver says why."""

CLOCKS_APART = 0.05
"""Seconds by which the two clocks may drift from each other before every answer counts as a fault."""


class RemoteMachine:
    """A connection to a machine.

    The two clocks are compared at connection; times of the machine come as times of the engine's clock. Answers to
    calls that were given up are thrown away by their number when they come after all.

    Args:
        address: where it listens.
        clock: the engine's.

    Raises:
        DeviceFault: if nobody answers there.
    """

    def __init__(self, address: wire.Address, clock: Clock) -> None:
        """Connect and compare clocks."""
        self._clock, self._number, self._offset = clock, 0, 0.0
        try:
            self._connection = wire.connected(address, 2.0)
            self._connection.settimeout(ANSWER_WITHIN)
        except OSError as error:
            raise DeviceFault(f"no machine answers at {address}: {error}; start it") from error
        self._lines = wire.LineReader(self._connection)
        self._offset = self._compared()

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Hang up; what radiates ends with its lease."""
        self._connection.close()

    def devices(self, operator: Operator) -> Devices:
        """The machine's devices, with the person who sits at this side."""
        return Devices(
            generator=RemoteGenerator(self),
            positioner=RemotePositioner(self),
            thermometer=RemoteThermometer(self),
            imager=RemoteImager(self),
            cooler=RemoteCooler(self),
            button=RemoteButton(self),
            operator=operator,
        )

    def ask(self, device: str, act: str, *arguments: Any) -> Any:
        """One call.

        Raises:
            DeviceFault: if the connection is gone, no answer comes in time, the machine says that it failed, or the
                clocks have parted.
        """
        self._number += 1
        request = {"id": self._number, "device": device, "act": act, "arguments": [wire.plain(a) for a in arguments]}
        sent = self._clock.now()
        try:
            self._connection.sendall(wire.line(request))
            answer = self._answer()
        except OSError as error:
            raise DeviceFault(f"the machine does not answer: {error or type(error).__name__}") from error
        if "error" in answer:
            raise DeviceFault(f"the machine says: {answer['error']}")
        self._require_one_time(float(answer["now"]) + self._offset, sent)
        return self._translated(wire.typed(wire.ACTS[device, act][1], answer["answer"]))

    def there(self, lease: Lease) -> Lease:
        """A lease with the moment it was sent as the machine's clock shows it."""
        return replace(lease, sent=lease.sent - self._offset)

    def _answer(self) -> dict[str, Any]:
        """The answer to the newest call; older ones that were given up are passed over."""
        while True:
            text = self._lines.next()
            if text is None:
                raise ConnectionError("it closed the connection")
            answer = wire.message(text)
            if answer["id"] == self._number:
                return answer

    def _compared(self) -> float:
        """Seconds to add to the machine's clock; 0 where the round trip cannot tell the two apart."""
        best, offset = math.inf, 0.0
        for _ in range(5):
            sent = self._clock.now()
            self._offset = math.nan  # nothing to hold answers against yet: comparisons with it are false
            there = self.ask("clock", "now")
            took = self._clock.now() - sent
            if took < best:
                best, offset = took, sent + took / 2 - there
        return 0.0 if abs(offset) <= best else offset

    def _require_one_time(self, there: float, sent: float) -> None:
        """Refuse an answer whose time stamp lies outside the call, once the clocks were compared."""
        if there < sent - CLOCKS_APART or there > self._clock.now() + CLOCKS_APART:
            raise DeviceFault(f"the machine's clock has parted from the engine's by {there - sent:.3f} s; connect anew")

    def _translated(self, answer: Any) -> Any:
        if not self._offset or isinstance(answer, float):
            return answer
        moved = {"at": answer.at + self._offset}
        if isinstance(answer, Status):
            moved["deadline"] = answer.deadline + self._offset
        return replace(answer, **moved)


class _Device:
    def __init__(self, machine: RemoteMachine) -> None:
        self._machine = machine


class RemoteGenerator(_Device):
    """See ``Generator``."""

    def identity(self) -> Identity:
        """Which device it is."""
        return self._machine.ask("generator", "identity")

    def load(
        self, power: float, on_time: float, elements_off: tuple[int, ...], steered: tuple[Vector, ...] = ()
    ) -> Status:
        """Prepare an exposure."""
        return self._machine.ask("generator", "load", power, on_time, elements_off, steered)

    def fire(self, lease: Lease) -> Status:
        """Radiate."""
        return self._machine.ask("generator", "fire", self._machine.there(lease))

    def renew(self, lease: Lease) -> Status:
        """Hold on."""
        return self._machine.ask("generator", "renew", self._machine.there(lease))

    def off(self) -> Status:
        """End output."""
        return self._machine.ask("generator", "off")

    def reading(self) -> GeneratorReading:
        """State now."""
        return self._machine.ask("generator", "reading")


class RemotePositioner(_Device):
    """See ``Positioner``."""

    def move_to(self, focus: Vector) -> Status:
        """Start to move."""
        return self._machine.ask("positioner", "move_to", focus)

    def stop(self) -> Status:
        """Stand still."""
        return self._machine.ask("positioner", "stop")

    def reading(self) -> PositionReading:
        """Where it is."""
        return self._machine.ask("positioner", "reading")


class RemoteThermometer(_Device):
    """See ``Thermometer``."""

    def reading(self) -> TemperatureReading:
        """The newest temperatures."""
        return self._machine.ask("thermometer", "reading")


class RemoteImager(_Device):
    """See ``Imager``."""

    def reading(self) -> ImageReading:
        """The newest image's verdict."""
        return self._machine.ask("imager", "reading")


class RemoteCooler(_Device):
    """See ``Cooler``."""

    def set_temperature(self, temperature: float) -> Status:
        """Bring the water to a temperature."""
        return self._machine.ask("cooler", "set_temperature", temperature)

    def reading(self) -> WaterReading:
        """State now."""
        return self._machine.ask("cooler", "reading")


class RemoteButton(_Device):
    """See ``PatientButton``."""

    def reading(self) -> ButtonReading:
        """State now."""
        return self._machine.ask("button", "reading")
