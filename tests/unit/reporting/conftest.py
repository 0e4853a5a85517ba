"""A phantom patient with a plan, its histories and a window map: made up, but of real proportions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.outcome import Ending, Verdict
from openhifu.model.case import Case, Thresholds
from openhifu.model.case_data import CaseData
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.history import Curves, TreatmentHistory
from openhifu.model.limits import OrganAtRisk, OrganLimit, Prescription, SiteLimits
from openhifu.model.plan import (
    Approval,
    Finding,
    OrganPrediction,
    Prediction,
    Provenance,
    TreatmentPlan,
)
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication
from openhifu.model.target import Sphere
from openhifu.model.tissuemap import LabelMap, TissueMap
from openhifu.model.window import CandidatePose, WindowMap
from openhifu.reporting.report import DrawnValue, ReportInput

CENTRE = (-60e-3, -20e-3, 0.0)
RADIUS = 11e-3
TISSUES = ("water", "skin", "subcutaneous_fat", "muscle", "liver", "bone_cortical", "cartilage", "lung_inflated")
HU = np.array([-1000, 20, -100, 55, 70, 600, 120, -800], np.float32)
NAMES = {1: "liver", 2: "rib_right_8", 3: "rib_right_9", 4: "costal_cartilages"}
MINUTES = 62.0


def unit(v: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (float(c) for c in np.asarray(v) / np.linalg.norm(v))
    return x, y, z


POSE = Pose(focus=CENTRE, direction=unit((-0.82, -0.50, -0.28)))


def phantom() -> tuple[Grid, np.ndarray, np.ndarray]:
    """Grid, tissue indices and labels of an elliptic body with liver, lung, two ribs and their cartilage."""
    grid = Grid.box((-130e-3, -100e-3, -60e-3), (130e-3, 100e-3, 60e-3), 2e-3, Frame.PATIENT)
    x, y, z = np.moveaxis(grid.points(), -1, 0) * 1e3
    depth = (1 - np.hypot(x / 118, y / 88)) * 88
    tissue = np.zeros(grid.shape, np.uint8)
    for least, index in ((0, 1), (2, 2), (11, 3), (20, 4)):
        tissue[depth > least] = index
    tissue[(depth > 22) & ((x > 15) | (z > 42))] = 7
    tissue[(depth > 60) & (y > 20)] = 3
    labels = np.where((tissue == 4), 1, 0).astype(np.uint8)
    around = np.arctan2(-y / 88, -x / 118)  # 0 at the right side, 90 degrees at the front
    for label, height in ((2, 12.0), (3, -24.0)):
        tube = np.hypot(depth - 15, z - height - 12 * np.cos(around)) < 5
        bone, soft = tube & (around < 0.9) & (x < 0), tube & (around >= 0.9) & (around < 1.5)
        tissue[bone], labels[bone] = 5, label
        tissue[soft], labels[soft] = 6, 4
    return grid, tissue, labels


def organ(name: str, limit: float, **where: tuple[str, ...]) -> OrganAtRisk:
    rule = OrganLimit(organ=name, cem43_max=limit, resume_below=42, source="made up for a test")
    return OrganAtRisk(
        name=name, limit=rule, distance_min=0.0, labels=where.get("labels", ()), tissues=where.get("tissues", ())
    )


def make_case() -> Case:
    return Case(
        name="phantom",
        pseudonym="P-0042",
        image="a" * 64,
        labels="b" * 64,
        target=Sphere(centre=CENTRE, radius=RADIUS),
        organs=(
            organ("skin", 21.0, tissues=("skin",)),
            organ("ribs", 16.0, labels=("rib_*",)),
            organ("cartilage", 16.0, labels=("costal_cartilages",)),
            organ("subcutaneous_fat", 30.0, tissues=("subcutaneous_fat",)),
        ),
        device="jc200-like-256",
        prescription=Prescription(
            goal_cem43=240,
            coverage=0.9,
            on_time=20,
            peak_low=56,
            peak_high=95,
            lateral_spacing=4.2e-3,
            axial_spacing=6.5e-3,
            water_temperature=25,
            pre_cooling=180,
            cooling_time=20,
            breath_hold="breath held at the end of expiration",
        ),
        site=SiteLimits(
            acoustic_power=300,
            spot_energy=6000,
            total_energy=2e5,
            on_time=30,
            peak_temperature=95,
            treatment_time=3 * 3600,
        ),
        thresholds=Thresholds(
            gas_below=-400, fat_below=-20, bone_above=250, bone_reach=4e-3, cortical_above=400, skin_thickness=2e-3
        ),
        label_tissues=(("liver", "liver"), ("rib_*", "bone_cortical"), ("costal_cartilages", "cartilage")),
        background="water",
        notes="A phantom drawn by formulas; no person was imaged.",
    )


@pytest.fixture(scope="session")
def data() -> CaseData:
    grid, tissue, labels = phantom()
    noise = np.random.default_rng(3).normal(0, 12, grid.shape).astype(np.float32)
    hu = HU[tissue] + np.where(tissue > 0, noise, 0)
    return CaseData(
        case=make_case(),
        folder=Path("cases/phantom"),
        ct=Field(grid, hu, Quantity.HOUNSFIELD),
        labels=LabelMap(grid, labels, NAMES),
        tissues=TissueMap(grid, tissue, TISSUES),
    )


def foci() -> list[tuple[int, int, tuple[float, float, float]]]:
    """Slice, line and focus of every spot: a square lattice across the beam in slices along it, deep to shallow."""
    axes, spots = np.asarray(POSE.axes), []
    for s, z in enumerate((6.5, 0.0, -6.5)):
        for n, y in enumerate((-8.4, -4.2, 0.0, 4.2, 8.4)):
            for x in (-8.4, -4.2, 0.0, 4.2, 8.4):
                if np.linalg.norm([x, y, z]) < 10.6:
                    place = np.asarray(CENTRE) + np.array([x, y, z]) * 1e-3 @ axes
                    spots.append((s, n, (float(place[0]), float(place[1]), float(place[2]))))
    return spots


def make_sonications() -> tuple[Sonication, ...]:
    return tuple(
        Sonication(
            index=i,
            slice_index=s,
            line_index=n,
            focus=focus,
            acoustic_power=46.0 + 0.4 * i,
            on_time=20.0,
            cooling_time=40.0,
            elements_off=tuple(range(0, 100 + i)),
            power_ceiling=90.0,
            predicted_peak=84.0 + 0.1 * i,
        )
        for i, (s, n, focus) in enumerate(foci())
    )


def finding(check: str, verdict: Verdict, value: float, limit: float, unit: str, remedy: str = "") -> Finding:
    sentence = f"the {check} was found at {value:g} {unit}, and is held against {limit:g} {unit}"
    return Finding(
        check=check,
        verdict=verdict,
        sentence=sentence,
        value=value,
        limit=limit,
        unit=unit,
        source="made up for a test, 2021;11:1",
        remedy=remedy,
    )


@pytest.fixture(scope="session")
def plan(data: CaseData) -> TreatmentPlan:
    case, shots = data.case, make_sonications()
    return TreatmentPlan(
        case=case.name,
        case_folder="cases/phantom",
        device=case.device,
        serial="SIM-0001",
        target=case.target,
        prescription=case.prescription,
        organs=case.organs,
        site=case.site,
        pose=POSE,
        sonications=shots,
        prediction=Prediction(
            target_volume=5.6e-6,
            ablated_target_volume=5.2e-6,
            ablated_volume=7e-6,
            peak_temperature=88,
            treatment_time=MINUTES * 60,
            energy=sum(s.energy for s in shots),
            organs=(OrganPrediction(organ="ribs", peak_temperature=46, cem43_max=8, volume_over_limit=0),),
        ),
        findings=(
            finding("rib dose", Verdict.OK, 8.0, 16.0, "min"),
            finding("skin dose", Verdict.OK, 0.01, 21.0, "min"),
            finding("mirror focus", Verdict.OK, 31.0, 12.0, "mm"),
            finding("bone in the beam", Verdict.WARNING, 24.8, 5.0, "%", "watch the measured temperature of bone"),
        ),
        unmet=("the deepest slice reaches 88 % instead of 90 % because the ribs would pass their limit",),
        provenance=Provenance(
            case_hash="c" * 64,
            device_hash="d" * 64,
            tissue_hash="e" * 64,
            program="openhifu 0.1.0",
            field_method="Rayleigh integral onto a plane, then one-way marching",
            field_physics=("diffraction", "refraction", "power-law attenuation", "transmission at interfaces"),
            field_omits=("reflection", "shear waves in bone", "nonlinearity", "cavitation"),
            heat_method="Pennes, explicit finite differences",
            dose_form="continuous CEM43, R 0.5 above 43 degC and 0.25 below",
            grid="121x121x221 voxels of 0.5 mm",
        ),
    )


def history(title: str, plan: TreatmentPlan, gain: float) -> TreatmentHistory:
    """Gaussian blobs at the spots on an oblique grid along the beam."""
    grid = Grid.along(POSE.axes, CENTRE, (-27e-3, -27e-3, -52e-3), (27e-3, 27e-3, 24e-3), 1e-3, Frame.PATIENT)
    local = (grid.points() - np.asarray(CENTRE)) @ np.asarray(POSE.axes).T * 1e3
    rise = np.zeros(grid.shape)
    for s in plan.sonications:
        away = local - (np.asarray(s.focus) - np.asarray(CENTRE)) @ np.asarray(POSE.axes).T * 1e3
        blob = np.exp(-(away[..., 0] ** 2 + away[..., 1] ** 2) / 3.6**2 - away[..., 2] ** 2 / 7.5**2)
        rise = np.maximum(rise, gain * (s.predicted_peak - 37) * blob)
    near = 7 * gain * np.exp(-((local[..., 2] + 32) ** 2) / 90 - (local[..., 0] ** 2 + local[..., 1] ** 2) / 260)
    hot = 37 + np.maximum(rise, near)
    dose = np.minimum(1 / 3 * np.exp2(np.minimum(hot, 80) - 43), 1e8)
    spread = 1.1 + np.abs(local[..., 2]) * 0.55
    beam = (
        5.4e6
        * gain
        * np.exp(-(local[..., 0] ** 2 + local[..., 1] ** 2) / spread**2)
        / (1 + (local[..., 2] / 6) ** 2) ** 0.5
    )
    return TreatmentHistory(
        title=title,
        plan_hash=plan.content_hash,
        pressure=Field(grid, beam.astype(np.float32), Quantity.PRESSURE),
        pressure_of=len(plan.sonications) // 2,
        peak_temperature=Field(grid, hot.astype(np.float32), Quantity.TEMPERATURE),
        cem43=Field(grid, dose.astype(np.float32), Quantity.CEM43),
        dose_form=plan.provenance.dose_form,
        curves=time_courses(plan, gain),
    )


def time_courses(plan: TreatmentPlan, gain: float) -> Curves:
    time = np.arange(0, MINUTES * 60, 2.0)
    power, target = np.zeros_like(time), np.full_like(time, 37.0)
    slow = np.zeros_like(time)
    for n, s in enumerate(plan.sonications):
        start = 180 + n * (MINUTES * 60 - 240) / len(plan.sonications)
        since = time - start
        on = (since >= 0) & (since < s.on_time)
        power[on] = s.acoustic_power * gain
        peak = gain * (s.predicted_peak - 37)
        shape = np.where(
            on, np.sqrt(np.clip(since, 0, None) / s.on_time), np.exp(-np.clip(since - s.on_time, 0, None) / 14)
        )
        target = np.maximum(target, 37 + peak * np.where(since >= 0, shape, 0))
        slow += np.where(
            since >= 0,
            gain * 3.2 * (1 - np.exp(-np.clip(since, 0, 20) / 9)) * np.exp(-np.clip(since - 20, 0, None) / 90),
            0,
        )
    cool = 37 - 8 * (1 - np.exp(-time / 120))
    hottest = {
        "target": target,
        "skin": cool + 0.25 * slow,
        "ribs": 37 + 1.15 * slow,
        "cartilage": 37 + 0.8 * slow,
        "subcutaneous_fat": 36 + 0.6 * slow,
    }
    return Curves(time, power, hottest)


@pytest.fixture(scope="session")
def planned(plan: TreatmentPlan) -> TreatmentHistory:
    return history("planned", plan, 1.0)


@pytest.fixture(scope="session")
def delivered(plan: TreatmentPlan) -> TreatmentHistory:
    return history("delivered", plan, 0.93)


def make_window() -> WindowMap:
    azimuth, elevation = np.radians(np.arange(-180, 180, 4.0)), np.radians(np.arange(-72, 73, 4.0))
    a, e = np.meshgrid(azimuth, elevation, indexing="ij")
    refusal = np.zeros(a.shape, np.uint8)
    refusal[np.abs(np.degrees(e)) > 50] = 1
    refusal[(np.degrees(a) > -20) & (np.degrees(a) < 150)] = 2
    refusal[(np.degrees(e) > 22) & (refusal == 0)] = 3
    refusal[(np.degrees(a) < -60) & (np.degrees(a) > -100) & (refusal == 0)] = 4
    amplitude = 0.52 * np.exp(-((np.degrees(a) + 149) ** 2) / 3500 - (np.degrees(e) + 16) ** 2 / 1800)
    refusals = (
        "",
        "beyond the tilt of the positioner",
        "no water path: source inside the body",
        "lung in the beam",
        "bowel in the beam",
    )
    return WindowMap(
        azimuth,
        elevation,
        np.where(refusal == 0, amplitude, np.nan),
        refusal,
        refusals,
        (
            candidate(POSE.direction, True, 8.6e4, "highest focal intensity among the poses that every rule allows"),
            candidate(unit((-0.92, -0.33, -0.23)), False, 8.2e4, "focal intensity 5 % below the best"),
            candidate(
                unit((-0.66, -0.63, -0.41)),
                False,
                4.9e4,
                "fat and cartilage in front of the focus defocus the beam: half of what rays promise",
            ),
            candidate(unit((-0.90, 0.30, -0.31)), False, None, "0.9 % of the aperture meets lung, 0.4 % is allowed"),
        ),
    )


def candidate(
    direction: tuple[float, float, float], chosen: bool, intensity: float | None, reason: str
) -> CandidatePose:
    return CandidatePose(
        direction=direction,
        bone=0.248,
        cartilage=0.115,
        gas=0.0,
        bowel=0.001,
        amplitude=0.513,
        skin_angle=0.26,
        depth=0.0484,
        stand_off=0.065,
        field_intensity=intensity,
        organ_heating=None if intensity is None else 0.03,
        organ="" if intensity is None else "ribs",
        chosen=chosen,
        reason=reason,
    )


@pytest.fixture(scope="session")
def given(data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory, delivered: TreatmentHistory) -> ReportInput:
    """A whole rehearsal that went well, but for one exposure that an interlock cut short."""
    spots = tuple(
        DeliveredSpot(
            index=s.index,
            acoustic_power=0.97 * s.acoustic_power,
            on_time=12.0 if s.index == 7 else s.on_time,
            energy=0.97 * s.acoustic_power * (12.0 if s.index == 7 else s.on_time),
            ending=Ending.INTERLOCK if s.index == 7 else Ending.COMPLETED,
            measured_peak=None if s.index == 3 else s.predicted_peak - 2.5,
        )
        for s in plan.sonications
    )
    return ReportInput(
        data=data,
        plan=plan,
        approval=Approval(
            plan_hash=plan.content_hash,
            rehearsal_hash="f" * 64,
            person="R. Example",
            role="physicist",
            time="2026-11-21T10:00:00+00:00",
            statement="Rehearsed and checked.",
        ),
        planned=planned,
        delivered=delivered,
        spots=spots,
        ending=Ending.COMPLETED,
        ending_sentence="Every sonication of the plan was started; one was cut short by an interlock.",
        window=make_window(),
        drawn=(
            DrawnValue("liver", "attenuation", 5.54, 4.98, "Np/m at 1 MHz"),
            DrawnValue("liver", "perfusion", 1.43e-5, 1.61e-5, "m3/(kg s)"),
            DrawnValue("subcutaneous_fat", "sound_speed", 1440.0, 1452.0, "m/s"),
        ),
        seed=20261121,
        journal_hash="9" * 64,
        versions=(("openhifu", "0.1.0"), ("numpy", "2.4.0"), ("scipy", "1.17.0"), ("Python", "3.11.9")),
        run_folder=Path("runs/phantom-0001"),
        generated_at=datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
        warnings=("the thermometer was silent during sonication 4",),
    )
