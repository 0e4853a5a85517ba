"""Where the physics behind the plan is stretched: bone in the beam, high amplitudes, motion, assumed numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from openhifu.base.errors import CannotModel, GeometryError
from openhifu.base.outcome import Verdict
from openhifu.model.plan import Finding
from openhifu.planning.beam import USUAL
from openhifu.planning.checks.evidence import Evidence
from openhifu.planning.harmonics import added_heat, highest_nonlinearity

BONE_NOTED = 0.05
"""Share of the aperture through bone above which rib temperatures are called uncertain."""

NONLINEAR_PRESSURE = 8e6
"""Pa. Near 11 MPa in tissue (400 W of a 0.8 MHz, 43 degree source) an estimated shock parameter passes 1.

Only where no nonlinear beam can be marched."""

ADDED_HEAT = 0.1
"""Share of heat that harmonics may add before the linear field is called wrong."""

LEAST_READ = 0.9
"""Least share of a rise over voxels of 2 mm that titration may take a thermometer to read."""

_COOLER = "heating is underestimated; lower the power and lengthen the exposure"


def check(evidence: Evidence) -> Iterator[Finding]:
    """Warnings about the model, not about the patient."""
    yield _bone(evidence)
    yield _amplitude(evidence)
    yield from _coarse_heat(evidence)
    yield Finding(
        check="breathing",
        verdict=Verdict.WARNING,
        sentence=(
            "the plan takes the target to stand still, in one breathing phase, which 3 mm of motion undo: "
            f"{evidence.data.case.prescription.breath_hold}"
        ),
        value=0.0,
        limit=3.0,
        unit="mm",
        source="a spot is 2 mm wide; the liver moves 10 to 20 mm with breathing",
        remedy="breath-hold or gating, with the target's place confirmed before every exposure",
    )


def _coarse_heat(evidence: Evidence) -> Iterator[Finding]:
    """Only where heat is kept on wider voxels than usual."""
    voxel, usual = evidence.history.cem43.grid.spacing[0], USUAL.field * USUAL.blocks
    if voxel > 1.01 * usual:
        yield Finding(
            check="voxels of heat",
            verdict=Verdict.WARNING,
            sentence=(
                f"heat and dose are kept on voxels of {1e3 * voxel:.1f} mm: peaks of single exposures are flattened, "
                "and volumes and doses of thin organs are rougher"
            ),
            value=1e3 * voxel,
            limit=1e3 * usual,
            unit="mm",
            source="a focus is 1 to 2 mm wide; the heat of many spots on 1 mm does not fit into memory",
            remedy="treat a part of the target at a time, or set the spots further apart",
        )
        yield from _read_whole(evidence, voxel)


def _read_whole(evidence: Evidence, voxel: float) -> Iterator[Finding]:
    """Titration on such voxels: what is predicted is already the mean that a thermometer's voxel reads."""
    rule = evidence.data.case.prescription.titration
    if rule is not None and rule.reading_share < LEAST_READ:
        yield Finding(
            check="titration on these voxels",
            verdict=Verdict.ERROR,
            sentence=(
                f"titration expects a thermometer to read {100 * rule.reading_share:.0f} % of the predicted rise, but "
                f"that is a mean over {1e3 * voxel:.1f} mm, which it reads whole: the power would be lowered too far"
            ),
            value=100 * rule.reading_share,
            limit=100 * LEAST_READ,
            unit="%",
            source="thermometers of magnetic resonance have voxels of about 2 mm",
            remedy="set reading_share = 1 in [prescription.titration] of case.toml, or treat a part of the target",
        )


def _bone(evidence: Evidence) -> Finding:
    share = evidence.seen.bone
    return Finding(
        check="bone in the beam",
        verdict=Verdict.WARNING if share > BONE_NOTED else Verdict.OK,
        sentence=(
            f"{100 * share:.0f} % of the aperture is behind bone and {100 * evidence.seen.cartilage:.0f} % behind "
            "cartilage; the one-way field knows no shear, no critical angle and no reverberation in bone, so "
            "temperatures there are uncertain by about a factor of two"
        ),
        value=100 * share,
        limit=100 * BONE_NOTED,
        unit="%",
        source="comparison of one-way and full-wave fields behind bone layers (33 to 50 % apart)",
        remedy="watch the measured temperature of bone; the next exposure waits for it" if share > BONE_NOTED else "",
    )


def _amplitude(evidence: Evidence) -> Finding:
    """What the linear field leaves out, by a nonlinear beam where there is one for this source and these tissues."""
    strongest = max(evidence.sonications, key=lambda s: s.acoustic_power)
    shown = evidence.sonications[evidence.history.pressure_of]
    peak = float(abs(evidence.history.pressure.data).max())
    pressure = peak * math.sqrt(strongest.acoustic_power / shown.acoustic_power)
    said = f"the strongest exposure reaches {pressure / 1e6:.1f} MPa at its focus in the linear field"
    pose = evidence.pose.moved_to(strongest.focus)
    try:
        added = added_heat(evidence.data, evidence.device, pose, pressure)
    except (CannotModel, GeometryError) as reason:
        return _by_pressure(pressure, f"{said}; what harmonics add to the heat is not known: {reason}")
    over = added.share > ADDED_HEAT
    most, taken = "", ""
    if added.supposed:
        most = " at most"
        taken = f" (B/A {highest_nonlinearity():.1f}, the catalogue's highest, for {', '.join(added.supposed)})"
    return Finding(
        check="linear field",
        verdict=Verdict.WARNING if over else Verdict.OK,
        sentence=f"{said}; harmonics add{most} {100 * added.share:.1f} % to the heat there{taken}",
        value=100 * added.share,
        limit=100 * ADDED_HEAT,
        unit="%",
        source=(
            "nonlinear beam of a round source with 32 harmonics and this pressure, through the layers on its axis made "
            "flat and without bone; the limit is a standard deviation of power as it is usually calibrated"
        ),
        remedy=_COOLER if over else "",
    )


def _by_pressure(pressure: float, sentence: str) -> Finding:
    over = pressure > NONLINEAR_PRESSURE
    return Finding(
        check="linear field",
        verdict=Verdict.WARNING if over else Verdict.OK,
        sentence=sentence,
        value=pressure / 1e6,
        limit=NONLINEAR_PRESSURE / 1e6,
        unit="MPa",
        source="shock parameter estimate for a 0.8 MHz source of 43 degrees half-angle behind 5 cm of tissue",
        remedy=_COOLER if over else "",
    )
