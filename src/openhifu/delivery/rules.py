"""The numbers of safety that belong to the program, not to a plan: periods, ages, tolerances, interlock levels."""

from __future__ import annotations

from pydantic import Field

from openhifu.base.record import Record
from openhifu.delivery.protocols import LEASE_LIMIT


class SafetyRules(Record):
    """Rule numbers, in force unless a site sets stricter ones; all of them are written into every journal.

    Attributes:
        control_period: s between looks at stop, button, generator and interlocks; stop acts within one.
        look_period: s between these looks while there is output: a fraction, so that a late look is still in time.
        lease: s of each lease on output.
        monitor_period: s between looks at temperatures, water, position and image.
        answer_within: s a device may take to answer.
        fast_stale: s of age at which a generator or button reading counts as missing.
        slow_stale: s of age at which any other reading counts as missing.
        clock_jump: s beyond the control period by which the clock may step.
        power_excess: share by which forward power may exceed what was asked.
        power_floor: W of meter error allowed besides.
        reflected_share: highest share of reflected power.
        position_tolerance: m between focus asked for and read.
        displacement: m the target may be from its place.
        organ_time: s; an organ trips at the temperature that would use up its whole CEM43 limit in this time.
        organ_hysteresis: K an organ must fall below its trip level before a reset.
        readings_to_resume: how many of the last readings, averaged, must be below an organ's resume temperature.
        water_low: degC.
        water_high: degC.
        water_level: least filling.
        dissolved_oxygen: mg/L at most; gas in the water scatters and cavitates.
        water_flow: L/min at least; water that stands does not cool the skin.
        contact: least share of the coupling surface on the skin; a gap reflects the beam into it.
        audio_pause: s for which a person may silence the alarms that are on.
        disk_free: bytes that must be left for the journal.
        most_resets: how often one interlock may be reset in a run; one that keeps tripping is not to be lived with.
        cooling_patience: s a pause may last before it counts as a fault of the plan.
        people_patience: s to wait for a person.
    """

    control_period: float = Field(default=0.1, gt=0, le=0.1)
    look_period: float = Field(default=0.05, gt=0, le=0.05)
    lease: float = Field(default=LEASE_LIMIT, gt=0, le=LEASE_LIMIT)
    monitor_period: float = Field(default=1.0, gt=0, le=1.0)
    answer_within: float = Field(default=0.1, gt=0, le=0.1)
    fast_stale: float = Field(default=0.3, gt=0, le=0.5)
    slow_stale: float = Field(default=3.0, gt=0, le=5.0)
    clock_jump: float = Field(default=0.5, gt=0, le=1.0)
    power_excess: float = Field(default=0.2, gt=0, le=0.3)
    power_floor: float = Field(default=2.0, ge=0, le=5.0)
    reflected_share: float = Field(default=0.3, gt=0, le=0.5)
    position_tolerance: float = Field(default=0.5e-3, gt=0, le=1e-3)
    displacement: float = Field(default=3e-3, gt=0, le=5e-3)
    organ_time: float = Field(default=5.0, gt=0, le=60.0)
    organ_hysteresis: float = Field(default=3.0, gt=0)
    readings_to_resume: int = Field(default=3, ge=1)
    water_low: float = Field(default=5.0, ge=0)
    water_high: float = Field(default=42.0, le=45.0)
    water_level: float = Field(default=0.9, gt=0)
    dissolved_oxygen: float = Field(default=4.0, gt=0, le=5.0)
    water_flow: float = Field(default=0.5, gt=0)
    contact: float = Field(default=0.98, gt=0.9, le=1.0)
    audio_pause: float = Field(default=120.0, gt=0, le=120.0)
    disk_free: float = Field(default=20e6, ge=1e6)
    most_resets: int = Field(default=10, ge=0, le=10)
    cooling_patience: float = Field(default=1800.0, gt=0)
    people_patience: float = Field(default=600.0, gt=0)
