"""The state table: complete, and with one way only to firing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhifu.delivery.states import TABLE, Refusal, Refused, Signal, State, following

PAIRS = [(s, e) for s in State for e in Signal]


def transitions() -> list[tuple[State, Signal, State]]:
    return [(s, e, to) for (s, e), to in TABLE.items() if isinstance(to, State)]


def test_every_pair_is_in_the_table_exactly_once() -> None:
    assert sorted(TABLE) == sorted(PAIRS)


@pytest.mark.parametrize(("state", "signal"), PAIRS)
def test_a_pair_is_a_transition_or_a_refusal_that_names_both(state: State, signal: Signal) -> None:
    entry = TABLE[state, signal]
    if isinstance(entry, State):
        assert following(state, signal) is entry
        return
    assert isinstance(entry, Refusal)
    with pytest.raises(Refused) as refused:
        following(state, signal)
    assert str(state) in str(refused.value)
    assert str(signal) in str(refused.value)


def test_the_transitions_are_these() -> None:
    """Written out a second time, so that a slip of the table has to be made twice."""
    steps = {"move": "moving", "cool": "cooling", "measure": "measuring", "ask": "waiting for an answer"}
    expected = {("idle", "start", "checking"), ("checking", "checked", "ready"), ("tripped", "reset", "ready")}
    expected |= {("ready", signal, state) for signal, state in steps.items()}
    expected |= {(state, "done", "ready") for state in steps.values()}
    expected |= {("ready", "arm", "armed"), ("armed", "fire", "firing"), ("firing", "cease", "ready")}
    expected |= {(s.value, "trip", "tripped") for s in State if s not in (State.IDLE, State.ENDED)}
    expected |= {(s.value, "end", "ended") for s in State if s is not State.ENDED}
    assert {(a.value, e.value, b.value) for a, e, b in transitions()} == expected


def test_only_an_armed_engine_fires_and_only_a_ready_one_arms() -> None:
    assert {(a, e) for a, e, b in transitions() if b is State.FIRING} == {(State.ARMED, Signal.FIRE)}
    assert {(a, e) for a, e, b in transitions() if b is State.ARMED} == {(State.READY, Signal.ARM)}


@given(st.lists(st.sampled_from(list(Signal)), max_size=40))
def test_no_path_leads_to_firing_without_start_checks_and_arming(signals: list[Signal]) -> None:
    state, taken = State.IDLE, []
    for signal in signals:
        try:
            state = following(state, signal)
        except Refused:
            continue
        taken.append(signal)
        if state is State.FIRING:
            assert taken[0] is Signal.START
            assert Signal.CHECKED in taken or Signal.RESET in taken
            assert taken[-2:] == [Signal.ARM, Signal.FIRE]
        if signal is Signal.END:
            assert state is State.ENDED


def test_everything_stops_from_everywhere() -> None:
    assert all(TABLE[s, Signal.END] is State.ENDED for s in State if s is not State.ENDED)
