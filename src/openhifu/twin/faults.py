"""Bad days on demand: wrappers that make a chosen device call fail, refuse, hang, lie or freeze."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, cast

from openhifu.delivery.clock import Clock
from openhifu.delivery.protocols import Answer, Devices, Status


class Fault(StrEnum):
    """What goes wrong."""

    RAISE = "raise"
    REFUSE = "refuse"
    HANG = "hang"
    NOT_A_NUMBER = "nan"
    FREEZE = "freeze"
    INTERRUPT = "ctrl-c"


class Broken(ConnectionError):  # noqa: N818 - what a driver's own exception may be called
    """What a broken device's driver raises."""


@dataclass
class FaultScript:
    """Which call goes wrong, counted over all devices together.

    Attributes:
        fault: what goes wrong.
        first: number of the first call that does, from 0; None for none.
        calls: how many calls do: 1, or ``math.inf`` for a device that stays broken.
        device: only calls into this device count; empty for all.
        hang: s that a hanging call takes.
        seen: calls so far, as ``device.act``.
        times: clock [s] of every call that went wrong.
    """

    fault: Fault
    first: int | None
    calls: float = 1
    device: str = ""
    hang: float = 5.0
    seen: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def due(self, device: str, act: str) -> bool:
        """Count a call; whether it is to go wrong."""
        if self.device not in ("", device):
            return False
        number = len(self.seen)
        self.seen.append(f"{device}.{act}")
        return self.first is not None and self.first <= number < self.first + self.calls


class _Faulty:
    """A device whose every call goes through a script."""

    def __init__(self, name: str, device: object, script: FaultScript, clock: Clock) -> None:
        self._name, self._device, self._script, self._clock = name, device, script, clock
        self._last: dict[str, Any] = {}

    def __getattr__(self, act: str) -> Callable[..., Any]:
        real = getattr(self._device, act)

        def call(*arguments: Any) -> Any:
            if not self._script.due(self._name, act):
                self._last[act] = answer = real(*arguments)
                return answer
            self._script.times.append(self._clock.now())
            return self._wrong(act, lambda: real(*arguments))

        return call

    def _wrong(self, act: str, real: Callable[[], Any]) -> Any:
        match self._script.fault:
            case Fault.RAISE:
                raise Broken(f"{self._name} does not answer to {act}")
            case Fault.INTERRUPT:
                raise KeyboardInterrupt
            case Fault.HANG:
                self._clock.sleep(self._script.hang)
                return real()
            case Fault.FREEZE:
                return self._last.get(act) or real()
            case Fault.REFUSE:
                return self._refused(real)
            case Fault.NOT_A_NUMBER:
                return _spoilt(real())

    def _refused(self, real: Callable[[], Any]) -> Any:
        now = self._clock.now()
        answer = real()
        return Status(Answer.FAILED, now, now, "broken on purpose") if isinstance(answer, Status) else _spoilt(answer)


def _spoilt(answer: Any) -> Any:
    """The same answer with every number but its time not a number; anything that has no number stays."""
    if not is_dataclass(answer) or isinstance(answer, type | Status):
        return answer
    numbers = {f.name: math.nan for f in fields(answer) if f.name != "at" and type(getattr(answer, f.name)) is float}
    return replace(answer, **numbers)


def with_faults(devices: Devices, script: FaultScript, clock: Clock) -> Devices:
    """The same machine on a bad day: every call into every device goes through the script."""
    wrapped = {f.name: _Faulty(f.name, getattr(devices, f.name), script, clock) for f in fields(devices)}
    return Devices(**cast(dict[str, Any], wrapped))
