"""A layered block in water with a bone bar and a gas plate: small enough to know every answer by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.case import Case, Thresholds
from openhifu.model.case_data import CaseData
from openhifu.model.limits import OrganAtRisk, OrganLimit, Prescription, SiteLimits
from openhifu.model.target import Sphere
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Calibration, Cap, Ceilings, Transducer, Travel

TISSUES = ("water", "skin", "subcutaneous_fat", "muscle", "liver", "bone_cortical", "gas")
WATER, SKIN, FAT, MUSCLE, LIVER, BONE, GAS = range(7)


def block(bone: bool = False, gas: bool = False) -> TissueMap:
    """Layers along y in 2 mm voxels: skin 80-82 mm, fat 82-92, muscle 92-102, liver 102-180, water around."""
    grid = Grid((80, 120, 80), np.array([[2e-3, 0, 0, -79e-3], [0, 2e-3, 0, 1e-3], [0, 0, 2e-3, -79e-3], [0, 0, 0, 1]]),
                Frame.PATIENT)  # fmt: skip
    data = np.full(grid.shape, WATER, np.uint8)
    inner = (slice(10, 70), slice(None), slice(10, 70))
    layers = ((40, 41, SKIN), (41, 46, FAT), (46, 51, MUSCLE), (51, 90, LIVER))
    for low, high, tissue in layers:
        data[inner][:, low:high] = tissue
    if bone:
        data[10:40, 47:50, 10:70] = BONE
    if gas:
        data[10:70, 80:84, 10:70] = GAS
    return TissueMap(grid, data, TISSUES)


def organ(name: str, *tissues: str, cem43: float = 21.0, distance: float = 0.0) -> OrganAtRisk:
    """An organ at risk made of tissues."""
    limit = OrganLimit(organ=name, cem43_max=cem43, resume_below=42.0, source="test")
    return OrganAtRisk(name=name, tissues=tissues, limit=limit, distance_min=distance)


def case_data(tissues: TissueMap, depth: float = 0.130, radius: float = 5e-3) -> CaseData:
    """A case on such a block with its target on the axis at y = ``depth`` [m]."""
    case = Case(
        name="phantom",
        pseudonym="phantom",
        image="",
        labels="",
        target=Sphere(centre=(0.0, depth, 0.0), radius=radius),
        organs=(
            organ("skin", "skin"),
            organ("ribs", "bone_cortical", cem43=16.0),
            organ("lung", "gas", distance=20e-3),
        ),
        device="test-array",
        prescription=Prescription(
            goal_cem43=240,
            coverage=0.9,
            on_time=10,
            peak_low=56,
            peak_high=95,
            lateral_spacing=3e-3,
            axial_spacing=5e-3,
            water_temperature=25,
            pre_cooling=60,
            cooling_time=20,
            breath_hold="none needed: a block does not breathe",
        ),
        site=SiteLimits(
            acoustic_power=400, spot_energy=9000, total_energy=2e5, on_time=30, peak_temperature=95, treatment_time=9000
        ),
        thresholds=Thresholds(
            gas_below=-300, fat_below=-20, cortical_above=300, bone_above=250, bone_reach=4e-3, skin_thickness=2e-3
        ),
        label_tissues=(),
        background="water",
    )
    ct = Field(tissues.grid, np.zeros(tissues.grid.shape, np.int16), Quantity.HOUNSFIELD)
    return CaseData(case, Path("phantom"), ct, None, tissues)


def array(rings: int = 4, sectors: int = 16, tilt: float = np.pi) -> Transducer:
    """A 1 MHz cap, 100 mm wide, 100 mm focal length, cut into tiles."""
    return Transducer(
        name="test-array",
        title="test array",
        frequency=1e6,
        surface=Cap(focal_length=0.1, outer_diameter=0.1, hole_diameter=0.02, rings=rings, sectors=sectors),
        ceilings=Ceilings(
            acoustic_power=400,
            on_time=30,
            spot_energy=9000,
            total_energy=2e5,
            travel=Travel(x=0.05, y=0.05, z=0.05, tilt=tilt),
            stand_off=5e-3,
        ),
        calibration=Calibration(serial="T1", date="2026-01-01", relative_uncertainty=0.1, source="assumed"),
        assumptions=("a test",),
        source="tests",
    )
