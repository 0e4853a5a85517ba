"""What is allowed when: one table in which every pair of state and signal is a transition or a named refusal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from openhifu.base.errors import HifuError


class State(StrEnum):
    """Where the engine is."""

    IDLE = "idle"
    CHECKING = "checking"
    READY = "ready"
    MOVING = "moving"
    ARMED = "armed"
    FIRING = "firing"
    COOLING = "cooling"
    MEASURING = "measuring"
    WAITING = "waiting for an answer"
    TRIPPED = "tripped"
    ENDED = "ended"


class Signal(StrEnum):
    """What moves it."""

    START = "start"
    CHECKED = "checked"
    MOVE = "move"
    ARM = "arm"
    FIRE = "fire"
    CEASE = "cease"
    COOL = "cool"
    MEASURE = "measure"
    ASK = "ask"
    DONE = "done"
    TRIP = "trip"
    RESET = "reset"
    END = "end"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A pair that is not allowed, with the reason for people."""

    sentence: str


class Refused(HifuError):  # noqa: N818 - named for what it is, like the whole tree
    """A signal that the state does not allow."""


_ALLOWED: dict[State, dict[Signal, State]] = {
    State.IDLE: {Signal.START: State.CHECKING, Signal.END: State.ENDED},
    State.CHECKING: {Signal.CHECKED: State.READY, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.READY: {
        Signal.MOVE: State.MOVING,
        Signal.ARM: State.ARMED,
        Signal.COOL: State.COOLING,
        Signal.MEASURE: State.MEASURING,
        Signal.ASK: State.WAITING,
        Signal.TRIP: State.TRIPPED,
        Signal.END: State.ENDED,
    },
    State.MOVING: {Signal.DONE: State.READY, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.ARMED: {Signal.FIRE: State.FIRING, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.FIRING: {Signal.CEASE: State.READY, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.COOLING: {Signal.DONE: State.READY, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.MEASURING: {Signal.DONE: State.READY, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.WAITING: {Signal.DONE: State.READY, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.TRIPPED: {Signal.RESET: State.READY, Signal.TRIP: State.TRIPPED, Signal.END: State.ENDED},
    State.ENDED: {},
}

_WHY: dict[Signal, str] = {
    Signal.START: "an engine runs once; make a new one to resume",
    Signal.CHECKED: "only the checks at the start can be passed",
    Signal.MOVE: "the source moves only when nothing else is going on",
    Signal.ARM: "arming needs a ready engine: checked, still, and with no interlock latched",
    Signal.FIRE: "firing needs an armed exposure; arm first",
    Signal.CEASE: "nothing is being fired",
    Signal.COOL: "a pause begins only when nothing else is going on",
    Signal.MEASURE: "measuring begins only when nothing else is going on",
    Signal.ASK: "a question is asked only when nothing else is going on",
    Signal.DONE: "no step of that kind is going on",
    Signal.TRIP: "there is nothing to trip before the start or after the end",
    Signal.RESET: "nothing is tripped",
    Signal.END: "it has ended already",
}


def _entry(state: State, signal: Signal) -> State | Refusal:
    following = _ALLOWED[state].get(signal)
    return following or Refusal(f"cannot {signal} while {state}: {_WHY[signal]}")


TABLE: dict[tuple[State, Signal], State | Refusal] = {(s, e): _entry(s, e) for s in State for e in Signal}
"""Every pair; the tests walk all of it."""


def following(state: State, signal: Signal) -> State:
    """The state after a signal.

    Raises:
        Refused: with the table's sentence.
    """
    entry = TABLE[state, signal]
    if isinstance(entry, Refusal):
        raise Refused(entry.sentence)
    return entry
