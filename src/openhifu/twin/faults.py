"""Bad days on demand: wrappers that make device calls fail, refuse, hang, lie, freeze, jump, answer late or twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, cast

from openhifu.delivery.clock import Clock
from openhifu.delivery.protocols import Answer, Devices, Reply, Status


class Fault(StrEnum):
    """What goes wrong with a call.

    RAISE: not done, the driver raises. LOST: done, and the driver raises. REFUSE: done, and reported as failed. HANG:
    done late. LATE: done in time, answered late. TWICE: done twice. LIE: reported as done and not done; a reading shows
    something else. NOT_A_NUMBER, FREEZE, JUMP: readings. INTERRUPT: Ctrl-C comes during it.
    """

    RAISE = "raise"
    LOST = "answer lost"
    REFUSE = "refuse"
    HANG = "hang"
    LATE = "late"
    TWICE = "twice"
    LIE = "lie"
    NOT_A_NUMBER = "nan"
    FREEZE = "freeze"
    JUMP = "jump"
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
        hang: s that a hanging or late call takes.
        size: factor of a lie, relative size of a jump.
        seen: calls so far, as ``device.act``.
        times: clock [s] when every call that went wrong was over (hanging ones) or began (all others).
        wrong: the calls that went wrong.
    """

    fault: Fault
    first: int | None
    calls: float = 1
    device: str = ""
    hang: float = 5.0
    size: float = 0.5
    seen: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def due(self, device: str, act: str) -> bool:
        """Count a call; whether it is to go wrong."""
        if self.device not in ("", device):
            return False
        number = len(self.seen)
        self.seen.append(f"{device}.{act}")
        return self.first is not None and self.first <= number < self.first + self.calls


class _Faulty:
    """A device whose every call goes through a script."""

    def __init__(self, name: str, device: object, script: FaultScript, clock: Clock, true: Clock) -> None:
        self._name, self._device, self._script, self._clock, self._true = name, device, script, clock, true
        self._last: dict[str, Any] = {}

    def __getattr__(self, act: str) -> Callable[..., Any]:
        real = getattr(self._device, act)

        def call(*arguments: Any) -> Any:
            if not self._script.due(self._name, act):
                self._last[act] = answer = real(*arguments)
                return answer
            self._script.times.append(self._true.now())
            self._script.wrong.append(f"{self._name}.{act}")
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
                return self._last[act] if act in self._last else self._last.setdefault(act, real())
            case Fault.NOT_A_NUMBER:
                return _altered(real(), lambda value: math.nan)
            case Fault.JUMP:
                sign = 1 if len(self._script.times) % 2 else -1
                return _altered(real(), lambda value: value + sign * self._script.size * (1.0 + abs(value)))
            case Fault.LIE:
                return self._lie(act, real)
            case _:
                return self._done(act, real)

    def _done(self, act: str, real: Callable[[], Any]) -> Any:
        """What is done after all, and badly reported."""
        now, answer = self._clock.now(), real()
        match self._script.fault:
            case Fault.LOST:
                raise Broken(f"{self._name} did not answer to {act}")
            case Fault.LATE:
                self._clock.sleep(self._script.hang)
            case Fault.TWICE:
                return real()
            case _ if isinstance(answer, Status):
                return Status(Answer.FAILED, now, now, "broken on purpose")
            case _:
                return _altered(answer, lambda value: math.nan)
        return answer

    def _lie(self, act: str, real: Callable[[], Any]) -> Any:
        """An order is not carried out and said to be; a reading shows something else, every flag turned round."""
        now = self._clock.now()
        if act in ORDERS:
            return Status(Answer.OK, now, now + 0.02)
        answer = real()
        if isinstance(answer, Reply):
            return replace(answer, choice="neither")
        return _altered(answer, lambda value: value * self._script.size, flip=True)


ORDERS = frozenset({"load", "fire", "renew", "off", "move_to", "stop", "set_temperature"})
"""Acts that are answered with a status."""


def _altered(answer: Any, change: Callable[[float], float], flip: bool = False) -> Any:
    """The same answer with every number but its time changed, and every flag turned if asked; orders' answers stay."""
    if not is_dataclass(answer) or isinstance(answer, type | Status):
        return answer
    names = [f.name for f in fields(answer) if f.name != "at"]
    return replace(answer, **{name: _changed(getattr(answer, name), change, flip) for name in names})


def _changed(value: Any, change: Callable[[float], float], flip: bool) -> Any:
    if isinstance(value, bool):
        return not value if flip else value
    if isinstance(value, float):
        return change(value)
    return tuple(_changed(v, change, flip) for v in value) if isinstance(value, tuple) else value


def with_faults(devices: Devices, script: FaultScript, clock: Clock, true: Clock | None = None) -> Devices:
    """The same machine on a bad day: every call into every device goes through the script.

    Args:
        devices: the machine.
        script: what goes wrong.
        clock: the engine's, which hanging calls hold up.
        true: the machine's own, by which the script says when it struck; the engine's if that one never steps.
    """
    there = {f.name: getattr(devices, f.name) for f in fields(devices)}
    wrapped = {name: None if d is None else _Faulty(name, d, script, clock, true or clock) for name, d in there.items()}
    return Devices(**cast(dict[str, Any], wrapped))
