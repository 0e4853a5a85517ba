"""Interlocks: every condition trips, a missing number trips it too, a reset needs a name and a cleared condition."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from openhifu.base.errors import OutOfRange
from openhifu.delivery.interlocks import Condition, Interlocks, organ_trip, standard_interlocks
from openhifu.delivery.monitor import Snapshot
from openhifu.delivery.protocols import (
    ButtonReading,
    GeneratorReading,
    ImageReading,
    PositionReading,
    TemperatureReading,
    WaterReading,
)
from openhifu.delivery.rules import SafetyRules
from tests.unit.delivery.bench import device, plan

NAN = math.nan
CONDITIONS = {c.name: c for c in standard_interlocks(plan(), device().ceilings, SafetyRules())}


def good() -> Snapshot:
    """An exposure of 60 W that goes as it should."""
    return Snapshot(
        now=100.0,
        asked_power=60.0,
        focus=(0.0, 0.0, 0.0),
        spent=1000.0,
        elapsed=100.0,
        clock_error=0.0,
        disk_free=1e9,
        generator=GeneratorReading(100.0, False, True, 60.0, 0.03, 4.0, 240.0, chain_closed=True),
        button=ButtonReading(100.0, False),
        temperature=TemperatureReading(99.5, 60.0, (("ribs", 39.0),)),
        position=PositionReading(99.5, (0.0, 0.0, 0.0), False),
        water=WaterReading(99.5, 25.0, 1.0, 2.0, 2.0, 1.0),
        image=ImageReading(99.5, 0.0, True),
    )


def with_generator(**changed: object) -> Snapshot:
    s = good()
    s.generator = replace(s.generator, **changed)  # type: ignore[arg-type]
    return s


def with_(name: str, **changed: object) -> Snapshot:
    s = good()
    setattr(s, name, replace(getattr(s, name), **changed))
    return s


def set_to(**changed: object) -> Snapshot:
    s = good()
    for name, value in changed.items():
        setattr(s, name, value)
    return s


BAD: dict[str, list[Snapshot]] = {
    "door or emergency stop": [with_generator(chain_closed=False), set_to(generator=Snapshot(0.0).generator)],
    "water flow": [with_("water", flow=0.1), with_("water", flow=NAN)],
    "coupling contact": [with_("water", contact=0.9), with_("water", contact=NAN)],
    "unasked output": [set_to(asked_power=0.0), set_to(asked_power=0.0, generator=Snapshot(0.0).generator)],
    "power ceiling": [with_generator(forward_power=363.0), with_generator(forward_power=NAN)],
    "power above request": [with_generator(forward_power=74.5), with_generator(forward_power=NAN)],
    "reflected power": [with_generator(reflected_share=0.31), with_generator(reflected_share=NAN)],
    "on-time": [with_generator(on_time=40.3), with_generator(on_time=NAN)],
    "spot energy": [with_generator(energy=7201.0), with_generator(energy=NAN)],
    "total energy": [set_to(spent=99.8e3), with_generator(energy=NAN)],
    "treatment time": [set_to(elapsed=7201.0), set_to(elapsed=NAN)],
    "target temperature": [with_("temperature", target=98.5), with_("temperature", target=NAN)],
    "ribs temperature": [
        with_("temperature", organs=(("ribs", 54.6),)),
        with_("temperature", organs=(("ribs", NAN),)),
        with_("temperature", organs=()),
    ],
    "warm water": [with_("water", temperature=43.0), with_("water", temperature=NAN)],
    "cold water": [with_("water", temperature=4.0), with_("water", temperature=NAN)],
    "water level": [with_("water", level=0.5), with_("water", level=NAN)],
    "gas in water": [with_("water", dissolved_oxygen=5.0), with_("water", dissolved_oxygen=NAN)],
    "position": [with_("position", focus=(0.0, 1e-3, 0.0)), with_("position", focus=(NAN, 0.0, 0.0))],
    "motion": [with_("image", displacement=4e-3), with_("image", displacement=NAN)],
    "breath": [with_("image", breath_held=False)],
    "disk": [set_to(disk_free=1e6), set_to(disk_free=NAN)],
    "clock step": [set_to(clock_error=2.0), set_to(clock_error=NAN)],
    "generator stale": [with_generator(at=99.0), with_generator(at=101.0), with_generator(at=NAN)],
    "patient button stale": [with_("button", at=99.0), with_("button", at=NAN)],
    "thermometer stale": [with_("temperature", at=96.0), with_("temperature", at=NAN)],
    "positioner stale": [with_("position", at=96.0), with_("position", at=NAN)],
    "water sensor stale": [with_("water", at=96.0), with_("water", at=NAN)],
    "imager stale": [with_("image", at=96.0), with_("image", at=NAN)],
}


def test_every_condition_has_its_case() -> None:
    assert set(BAD) == set(CONDITIONS)


def test_a_good_moment_trips_nothing() -> None:
    assert [c.name for c in CONDITIONS.values() if c.trips(good())] == []


def test_a_moment_before_anything_was_read_trips() -> None:
    tripped = {c.name for c in CONDITIONS.values() if c.trips(Snapshot(0.0))}
    assert {name for name in CONDITIONS if name.endswith("stale")} <= tripped


@pytest.mark.parametrize(("name", "number"), [(n, i) for n, cases in BAD.items() for i in range(len(cases))])
def test_each_trips_on_its_own_case(name: str, number: int) -> None:
    condition = CONDITIONS[name]
    assert condition.trips(BAD[name][number])
    assert not condition.cleared(BAD[name][number])
    assert condition.event(BAD[name][number]).name == name


def test_trip_and_reset_levels_differ_where_a_reading_may_hover() -> None:
    for name in ("target temperature", "ribs temperature", "warm water", "cold water", "water level", "motion", "disk"):
        condition = CONDITIONS[name]
        assert condition.trip != condition.reset, name


def test_an_organ_trips_where_its_dose_would_be_used_up_in_five_seconds() -> None:
    organ = plan(cem43_max=16.0).organs[0]
    level = organ_trip(organ, SafetyRules())
    assert level == pytest.approx(43 + math.log2(16 * 60 / 5))
    assert 2 ** (level - 43) * 5 / 60 == pytest.approx(16.0)


def test_a_trip_switches_off_first_and_latches() -> None:
    offs: list[int] = []
    locks = Interlocks((CONDITIONS["motion"],), lambda: offs.append(1))
    assert locks.check(good()) == []
    bad, hovering = with_("image", displacement=4e-3), with_("image", displacement=2e-3)
    assert [c.name for c in locks.check(bad)] == ["motion"]
    assert offs == [1]
    assert locks.check(bad) == []  # latched already
    assert not locks.cleared(hovering)  # below the trip level, above the reset level
    with pytest.raises(OutOfRange, match="has not cleared"):
        locks.reset("Ada", hovering)
    with pytest.raises(OutOfRange, match="name"):
        locks.reset(" ", good())
    assert [c.name for c in locks.latched] == ["motion"]
    assert [c.name for c in locks.reset("Ada", good())] == ["motion"]
    assert locks.latched == []
    assert [c.name for c in locks.check(bad)] == ["motion"]


def test_motion_between_exposures_is_allowed_but_does_not_clear_a_trip() -> None:
    condition = CONDITIONS["motion"]
    moved = with_("image", displacement=4e-3)
    moved.focus = None
    assert not condition.trips(moved)
    assert not condition.cleared(moved)


def test_levels_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(OutOfRange, match="beyond"):
        Condition("x", "1", lambda s: 0.0, trip=1.0, reset=2.0, sentence="")
    with pytest.raises(OutOfRange, match="beyond"):
        Condition("x", "1", lambda s: 0.0, trip=1.0, reset=0.5, sentence="", below=True)


@pytest.mark.parametrize("changed", [{"lease": 0.3}, {"control_period": 0.2}, {"monitor_period": 2.0}, {"lease": 0.0}])
def test_a_site_may_be_stricter_never_looser(changed: dict[str, float]) -> None:
    from openhifu.base.errors import FormatError

    with pytest.raises(FormatError):
        SafetyRules.from_data(changed, "site rules")
