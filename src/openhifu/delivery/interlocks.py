"""Interlocks: conditions that trip, latch, switch the output off themselves, and are reset by a named person only."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from openhifu.base.errors import OutOfRange
from openhifu.delivery.monitor import Reading, Snapshot
from openhifu.delivery.rules import SafetyRules
from openhifu.model.events import InterlockTripped
from openhifu.model.limits import OrganAtRisk
from openhifu.model.plan import TreatmentPlan
from openhifu.model.transducer import Ceilings


@dataclass(frozen=True, slots=True)
class Condition:
    """One number and the level it must not pass; NaN (missing, stale, out of order) passes every level.

    Attributes:
        name: for journal and people.
        unit: of value and levels.
        value: from a snapshot.
        trip: trips above it.
        reset: may be reset at or below it.
        sentence: what it means and what to do.
        below: both the other way round: trips below, is reset at or above.
        armed_only: trips only while an exposure is armed or on; a latched one must clear all the same.
    """

    name: str
    unit: str
    value: Callable[[Snapshot], float]
    trip: float
    reset: float
    sentence: str
    below: bool = False
    armed_only: bool = False

    def __post_init__(self) -> None:
        """Refuse a reset level beyond the trip level."""
        if not (self.reset >= self.trip if self.below else self.reset <= self.trip):
            raise OutOfRange(f"interlock {self.name}: reset level {self.reset} is beyond the trip level {self.trip}")

    def trips(self, snapshot: Snapshot) -> bool:
        """Whether it must stop everything."""
        idle = self.armed_only and snapshot.focus is None
        return not idle and not self._within(snapshot, self.trip)

    def cleared(self, snapshot: Snapshot) -> bool:
        """Whether it may be reset."""
        return self._within(snapshot, self.reset)

    def event(self, snapshot: Snapshot) -> InterlockTripped:
        """As the journal has it."""
        value = self.value(snapshot)
        known = value if math.isfinite(value) else None
        return InterlockTripped(name=self.name, value=known, limit=self.trip, unit=self.unit, sentence=self.sentence)

    def _within(self, snapshot: Snapshot, level: float) -> bool:
        value = self.value(snapshot)
        return value >= level if self.below else value <= level


@dataclass
class Interlocks:
    """All conditions with their latches.

    Attributes:
        conditions: what is watched.
        off: switches the output off; called before anything else when one trips.
        latched: those that tripped and were not reset.
        times: how often each has tripped.
    """

    conditions: tuple[Condition, ...]
    off: Callable[[], None]
    latched: list[Condition] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)

    def check(self, snapshot: Snapshot) -> list[Condition]:
        """Those that trip now and had not yet; the output is off when this returns any."""
        new = [c for c in self.conditions if c.trips(snapshot) and c not in self.latched]
        if new:
            self.off()
            self.latched.extend(new)
            self.times.update(c.name for c in new)
        return new

    def cleared(self, snapshot: Snapshot) -> bool:
        """Whether every latched one may be reset."""
        return all(c.cleared(snapshot) for c in self.latched)

    def reset(self, person: str, snapshot: Snapshot) -> list[Condition]:
        """Release all latches.

        Raises:
            OutOfRange: if nobody is named, or a condition has not cleared.
        """
        if not person.strip():
            raise OutOfRange("an interlock is reset by a person with a name; none was given")
        still = [c.name for c in self.latched if not c.cleared(snapshot)]
        if still:
            raise OutOfRange(f"cannot reset {', '.join(still)}: the condition has not cleared; wait or stop")
        released, self.latched = self.latched, []
        return released


def standard_interlocks(
    plan: TreatmentPlan, device: Ceilings, rules: SafetyRules, listens: bool = False
) -> tuple[Condition, ...]:
    """Every interlock of a treatment; ceilings come from device and site, whichever is lower.

    Args:
        plan: with organs and the site's limits.
        device: ceilings of the device.
        rules: safety numbers.
        listens: whether the machine has ears for cavitation.
    """
    return (
        *_output(plan, device, rules),
        *_temperatures(plan, rules),
        *_machine(rules),
        *_ages(rules),
        *(_sound(plan, rules) if listens else ()),
    )


def _sound(plan: TreatmentPlan, rules: SafetyRules) -> tuple[Condition, ...]:
    """Collapsing bubbles trip where the program does not answer them itself (dose control lowers the power)."""
    answered, slow = plan.prescription.control is not None, rules.slow_stale

    def heard(s: Snapshot) -> float:
        if not math.isfinite(s.sound.broadband):
            return math.nan
        return 1.0 if s.sound.inertial and not answered else 0.0

    remedy = "bubbles collapse in the beam; wait, then go on with less power or end the treatment"
    stale = "the cavitation detector gives no fresh readings; check it"
    return (
        Condition("cavitation", "1", heard, 0.0, 0.0, remedy),
        Condition("cavitation detector stale", "s", lambda s: abs(s.now - s.sound.at), slow, slow, stale),
    )


def organ_trip(organ: OrganAtRisk, rules: SafetyRules) -> float:
    """Temperature [degC] that would use up an organ's CEM43 limit in ``rules.organ_time`` (R = 0.5 above 43 degC)."""
    level = 43.0 + math.log2(organ.limit.cem43_max * 60.0 / rules.organ_time)
    return max(level, organ.limit.resume_below + rules.organ_hysteresis)


def _output(plan: TreatmentPlan, device: Ceilings, rules: SafetyRules) -> tuple[Condition, ...]:
    excess, floor = 1 + rules.power_excess, rules.power_floor
    power = min(device.acoustic_power, plan.site.acoustic_power) * excess + floor
    on_time = min(device.on_time, plan.site.on_time) + 2 * rules.control_period
    spot = min(device.spot_energy, plan.site.spot_energy) * excess
    total = min(device.total_energy, plan.site.total_energy)
    period, reflected = plan.site.treatment_time, rules.reflected_share
    stop, end = "the output is off; have the generator checked", "end the treatment"
    chain = "close the door and release the emergency stop"
    return (
        Condition("door or emergency stop", "1", lambda s: 0.0 if s.generator.chain_closed else 1.0, 0.0, 0.0, chain),
        Condition("unasked output", "W", _unasked_power, floor, floor, stop),
        Condition("power ceiling", "W", lambda s: s.generator.forward_power, power, power, stop),
        Condition("power above request", "W", lambda s: _power_beyond(s, excess), floor, floor, stop),
        Condition("reflected power", "1", _reflected, reflected, 0.8 * reflected, stop),
        Condition("on-time", "s", lambda s: _while_on(s, s.generator.on_time), on_time, on_time, stop),
        Condition("spot energy", "J", lambda s: _while_on(s, s.generator.energy), spot, spot, stop),
        Condition("total energy", "J", lambda s: s.spent + _while_on(s, s.generator.energy), total, total, end),
        Condition("treatment time", "s", lambda s: s.elapsed, period, period, end),
    )


def _while_on(s: Snapshot, value: float) -> float:
    """A number of the present exposure; 0 between exposures, when the generator still shows the last one."""
    return value if s.generator.radiating or s.asked_power else 0.0


def _unasked_power(s: Snapshot) -> float:
    if s.asked_power:
        return 0.0
    return math.inf if s.generator.radiating else s.generator.forward_power


def _power_beyond(s: Snapshot, excess: float) -> float:
    return s.generator.forward_power - excess * s.asked_power


def _reflected(s: Snapshot) -> float:
    return s.generator.reflected_share if s.generator.radiating else 0.0


def _temperatures(plan: TreatmentPlan, rules: SafetyRules) -> tuple[Condition, ...]:
    def organ(of: OrganAtRisk) -> Condition:
        level = organ_trip(of, rules)
        reset = level - rules.organ_hysteresis
        name, remedy = f"{of.name} temperature", f"{of.name} is too hot; let it cool"
        return Condition(name, "degC", lambda s: s.temperature.organ(of.name), level, reset, remedy)

    high, remedy = plan.site.peak_temperature, "the focus is close to boiling; let it cool and lower the power"
    target = Condition("target temperature", "degC", lambda s: s.temperature.target, high, high - 10.0, remedy)
    return target, *(organ(o) for o in plan.organs)


def _machine(rules: SafetyRules) -> tuple[Condition, ...]:
    warm, cold, level, oxygen = rules.water_high, rules.water_low, rules.water_level, rules.dissolved_oxygen
    place, motion, disk, jump = rules.position_tolerance, rules.displacement, rules.disk_free, rules.clock_jump
    flow, contact, full = rules.water_flow, rules.contact, min(level + 0.02, 1.0)
    touch = "bring the coupling into contact and let out the air"
    return (
        Condition("warm water", "degC", lambda s: s.water.temperature, warm, warm - 2.0, "cool the water"),
        Condition("cold water", "degC", lambda s: s.water.temperature, cold, cold + 2.0, "warm the water", below=True),
        Condition("water level", "1", lambda s: s.water.level, level, full, "fill up the water", below=True),
        Condition("gas in water", "mg/L", lambda s: s.water.dissolved_oxygen, oxygen, oxygen - 0.5, "degas the water"),
        Condition("water flow", "L/min", lambda s: s.water.flow, flow, 1.1 * flow, "check pump and hoses", below=True),
        Condition("coupling contact", "1", lambda s: s.water.contact, contact, contact, touch, below=True),
        Condition("position", "m", _off_position, place, place, "check the axes and move again"),
        Condition("motion", "m", lambda s: s.image.displacement, motion, motion / 2, "register again", armed_only=True),
        Condition("breath", "1", _breathing, 0.0, 0.0, "wait for the breath hold", armed_only=True),
        Condition("disk", "byte", lambda s: s.disk_free, disk, 1.5 * disk, "free space for the journal", below=True),
        Condition("clock step", "s", lambda s: s.clock_error, jump, jump, "check the machine's clock and its load"),
    )


def _off_position(s: Snapshot) -> float:
    """Distance [m] of the focus from where it must be, once an exposure is armed."""
    return 0.0 if s.focus is None else math.dist(s.focus, s.position.focus)


def _breathing(s: Snapshot) -> float:
    return 0.0 if s.image.breath_held else 1.0


def _ages(rules: SafetyRules) -> tuple[Condition, ...]:
    def age(name: str, of: Callable[[Snapshot], Reading], limit: float) -> Condition:
        remedy = f"the {name} gives no fresh readings; check it"
        return Condition(f"{name} stale", "s", lambda s: abs(s.now - of(s).at), limit, limit, remedy)

    fast, slow = rules.fast_stale, rules.slow_stale
    return (
        age("generator", lambda s: s.generator, fast),
        age("patient button", lambda s: s.button, fast),
        age("thermometer", lambda s: s.temperature, slow),
        age("positioner", lambda s: s.position, slow),
        age("water sensor", lambda s: s.water, slow),
        age("imager", lambda s: s.image, slow),
    )
