"""A bench treatment: a few spots, a small device and a patient of one point, for faults, sockets and tests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from openhifu.delivery.clock import Clock
from openhifu.model.limits import DoseControl, OrganAtRisk, OrganLimit, Prescription, SiteLimits, Titration
from openhifu.model.plan import Prediction, Provenance, TreatmentPlan
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication
from openhifu.model.target import Sphere
from openhifu.model.transducer import Calibration, Cap, Ceilings, Transducer, Travel
from openhifu.twin.body import Beam
from openhifu.twin.machine import MachineModel, SimulatedMachine, simulated_machine

LIVELY = MachineModel(axis_speed=0.1, settling=0.05, idle_frame_time=0.5, frame_time=0.2)
"""A machine for live tests: fast axes, so that a treatment is mostly exposures."""

RISE_PER_WATT = 0.5
"""K per W at the end of an exposure of ``ON_TIME`` in the patient the plan expects."""

ON_TIME = 8.0
"""Seconds of an exposure, if not said otherwise."""

GROWTH_TIME = 1.0
"""Seconds; of the growth law of plan and patient."""


def device() -> Transducer:
    """A bowl that exists nowhere."""
    return Transducer(
        name="bench",
        title="a bowl for tests",
        frequency=1e6,
        surface=Cap(focal_length=0.12, outer_diameter=0.1, hole_diameter=0.0),
        ceilings=Ceilings(
            acoustic_power=400.0,
            on_time=60.0,
            spot_energy=8000.0,
            total_energy=200e3,
            travel=Travel(x=0.05, y=0.05, z=0.05, tilt=1.0),
            stand_off=0.01,
        ),
        calibration=Calibration(serial="T-1", date="2026-01-01", relative_uncertainty=0.1, source="radiation force"),
        assumptions=(),
        source="made for tests",
    )


def titration() -> Titration:
    """A titration that fits the patient of one point exactly."""
    return Titration(
        test_share=0.3,
        test_on_time=ON_TIME,
        growth_time=GROWTH_TIME,
        reading_share=1.0,
        lowest_scale=0.6,
        highest_scale=1.6,
        damping=0.5,
    )


def plan(
    spots: int = 2,
    power: float = 60.0,
    on_time: float = ON_TIME,
    cooling_time: float = 2.0,
    pre_cooling: float = 1.0,
    titrate: Titration | None = None,
    resume_below: float = 42.0,
    cem43_max: float = 240.0,
    site: SiteLimits | None = None,
    control: DoseControl | None = None,
) -> TreatmentPlan:
    """A plan of ``spots`` equal exposures in a row, 4 mm apart."""
    peak = 37.0 + RISE_PER_WATT * power
    return TreatmentPlan(
        case="bench",
        case_folder="nowhere",
        device="bench",
        serial="T-1",
        target=Sphere(centre=(0.0, 0.0, 0.0), radius=0.01),
        prescription=Prescription(
            goal_cem43=240.0,
            coverage=0.9,
            on_time=on_time,
            peak_low=56.0,
            peak_high=95.0,
            lateral_spacing=4e-3,
            axial_spacing=8e-3,
            water_temperature=25.0,
            pre_cooling=pre_cooling,
            cooling_time=cooling_time,
            breath_hold="none needed",
            titration=titrate,
            control=control,
        ),
        organs=(ribs(resume_below, cem43_max),),
        site=site or site_limits(),
        pose=Pose(focus=(0.0, 0.0, 0.0), direction=(0.0, -1.0, 0.0)),
        sonications=tuple(
            Sonication(
                index=i,
                slice_index=0,
                line_index=0,
                focus=(4e-3 * i, 0.0, 0.0),
                acoustic_power=power,
                on_time=on_time,
                cooling_time=cooling_time,
                power_ceiling=2 * power,
                predicted_peak=peak,
            )
            for i in range(spots)
        ),
        prediction=prediction(peak, spots * power * on_time),
        findings=(),
        unmet=(),
        provenance=provenance(),
    )


def ribs(resume_below: float, cem43_max: float) -> OrganAtRisk:
    """The organ at risk."""
    limit = OrganLimit(organ="ribs", cem43_max=cem43_max, resume_below=resume_below, source="for tests")
    return OrganAtRisk(name="ribs", tissues=("bone_cortical",), limit=limit)


def prediction(peak: float, energy: float) -> Prediction:
    """What a plan with this peak [degC] and energy [J] expects."""
    return Prediction(
        target_volume=4e-6,
        ablated_target_volume=4e-6,
        ablated_volume=4e-6,
        peak_temperature=peak,
        treatment_time=60.0,
        energy=energy,
        organs=(),
    )


def provenance() -> Provenance:
    """Of the bench device, and of nothing else."""
    return Provenance(
        case_hash="0" * 64,
        device_hash=device().content_hash,
        tissue_hash="0" * 64,
        program="test",
        field_method="none",
        field_physics=(),
        field_omits=(),
        heat_method="one point",
        dose_form="none",
        grid="one point",
    )


def site_limits(**changed: float) -> SiteLimits:
    """Ceilings of the site, some of them changed."""
    return SiteLimits.from_data(
        {
            "acoustic_power": 300.0,
            "spot_energy": 6000.0,
            "total_energy": 100e3,
            "on_time": 40.0,
            "peak_temperature": 98.0,
            "treatment_time": 7200.0,
            **changed,
        },
        "test",
    )


@dataclass
class PointPatient:
    """Every focus is the same point: T = 37 + sum of P k ln(1 + t / t0) over switchings, ribs at a share of it.

    The response to a step of power is the plan's growth law times ``factor``; switching off is a negative step.

    Attributes:
        factor: on the rise per watt that the plan expects.
        rib_share: of the rise, at the ribs.
        forgets: whether each exposure starts from body temperature.
        now: s lived.
        steps: ``(s, W)`` switchings.
        radiated: J in all.
        on: s of output in all.
        longest: s of the present exposure.
        peaks: degC reached by each exposure.
    """

    factor: float = 1.0
    rib_share: float = 0.1
    forgets: bool = True
    now: float = 0.0
    steps: list[tuple[float, float]] = field(default_factory=list)
    radiated: float = 0.0
    on: float = 0.0
    longest: float = 0.0
    peaks: list[float] = field(default_factory=list)

    def advance(self, duration: float, beam: Beam | None) -> None:
        """Let time go by."""
        power = beam.power if beam else 0.0
        before = sum(p for _, p in self.steps)
        if power != before:
            if before == 0:
                if self.forgets:
                    self.steps.clear()
                self.peaks.append(37.0)
                self.longest = 0.0
            self.steps.append((self.now, power - before))
        self.now += duration
        if power:
            self.radiated += power * duration
            self.on += duration
            self.longest += duration
            self.peaks[-1] = max(self.peaks[-1], self.hottest())

    def hottest(self) -> float:
        """Temperature of the point [degC]."""
        unit = self.factor * RISE_PER_WATT / math.log1p(ON_TIME / GROWTH_TIME)
        return 37.0 + sum(p * unit * math.log1p((self.now - t) / GROWTH_TIME) for t, p in self.steps)

    def temperatures(self) -> Mapping[str, float]:
        """Target and ribs [degC]."""
        rise = self.hottest() - 37.0
        return {"target": 37.0 + rise, "ribs": 37.0 + self.rib_share * rise}


def lively_machine(clock: Clock, model: MachineModel = LIVELY) -> SimulatedMachine:
    """The bench machine around a patient of one point."""
    return simulated_machine(clock, device(), (0.0, 0.0, 0.0), PointPatient(), 1, model)
