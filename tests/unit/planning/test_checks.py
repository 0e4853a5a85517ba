"""Checks hold a number against a limit, and can fail: the mirror focus by geometry, limits by their verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.outcome import Verdict
from openhifu.model.history import Curves, TreatmentHistory
from openhifu.model.limits import Titration
from openhifu.model.plan import OrganPrediction, Prediction
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.anatomy import anatomy
from openhifu.planning.checks import run_checks
from openhifu.planning.checks.cavitation import threshold
from openhifu.planning.checks.evidence import Evidence, Rule, above, below
from openhifu.planning.checks.mirror_focus import WARMED, wall_along
from openhifu.planning.window import candidate
from tests.unit.planning.phantom import BONE, LIVER, array, block, case_data

STRAIGHT = (0.0, -1.0, 0.0)


def evidence(depth: float = 0.130, power: float = 60.0, cem43: float = 1.0, gas: bool = False) -> Evidence:
    data, device, focus = case_data(block(gas=gas), depth), array(), (0.0, depth, 0.0)
    grid = data.tissues.grid
    shot = Sonication(
        index=0,
        slice_index=0,
        line_index=0,
        focus=focus,
        acoustic_power=power,
        on_time=10.0,
        cooling_time=20.0,
        power_ceiling=power,
        predicted_peak=80.0,
    )
    cold = np.zeros(grid.shape, np.float32)
    history = TreatmentHistory(
        title="planned",
        plan_hash="",
        pressure=Field(grid, cold + 4e6, Quantity.PRESSURE),
        pressure_of=0,
        peak_temperature=Field(grid, cold + 37, Quantity.TEMPERATURE),
        cem43=Field(grid, cold, Quantity.CEM43),
        dose_form="test",
        curves=Curves(np.zeros(1), np.zeros(1), {}),
    )
    organs = tuple(
        OrganPrediction(organ=o.name, peak_temperature=44.0, cem43_max=cem43, volume_over_limit=0.0)
        for o in data.case.organs
    )
    prediction = Prediction(
        target_volume=1e-6,
        ablated_target_volume=0.95e-6,
        ablated_volume=1.2e-6,
        peak_temperature=85.0,
        treatment_time=1200.0,
        energy=shot.energy,
        organs=organs,
    )
    view = anatomy(data, device.frequency)
    return Evidence(
        data=data,
        device=device,
        view=view,
        pose=Pose(focus=focus, direction=STRAIGHT),
        seen=candidate(view, device, STRAIGHT, focus),
        sonications=(shot,),
        history=history,
        prediction=prediction,
        target=np.zeros(grid.shape, bool),
        organs={o.name: np.zeros(grid.shape, bool) for o in data.case.organs},
    )


def found(given: Evidence, check: str):
    return next(f for f in run_checks(given) if f.check == check)


@pytest.mark.parametrize(
    ("depth", "verdict", "place"),
    [(0.130, Verdict.OK, "water"), (0.1029, Verdict.WARNING, "skin"), (0.098, Verdict.WARNING, "fat")],
)
def test_the_mirror_focus_lies_as_far_before_the_interface_as_the_target_behind_it(depth, verdict, place):
    """Fat from 82 to 92 mm, skin 80 to 82: the mirror of a focus L behind 92 mm lies at 92 mm - L."""
    given = evidence(depth)
    wall = wall_along(given, (0.0, depth, 0.0))
    assert wall.muscle_to_focus == pytest.approx(depth - 0.092, abs=0.6e-3)
    assert wall.fat == pytest.approx(10e-3, abs=0.6e-3)
    assert wall.skin == pytest.approx(2e-3, abs=0.6e-3)
    finding = found(given, "mirror focus")
    assert finding.verdict is verdict
    assert finding.sentence.endswith(f"focuses again in {place}")


def test_a_mirror_focus_in_the_wall_is_told_with_its_heat_and_only_there():
    weak, strong = (found(evidence(0.098, power), "mirror heating") for power in (20.0, 400.0))
    assert weak.value == pytest.approx(strong.value / 20, rel=1e-6)
    assert (weak.verdict, strong.verdict) == (Verdict.OK, Verdict.WARNING) and strong.value > WARMED
    assert "W/cm2 to subcutaneous fat 6 mm outside the muscle" in strong.sentence
    assert not [f for f in run_checks(evidence(0.130, 400.0)) if f.check == "mirror heating"]


def test_the_cavitation_threshold_falls_with_temperature_and_flags_the_exposure_that_nears_it():
    assert threshold(10.0) == pytest.approx(29.8e6) and threshold(90.0) == pytest.approx(14.9e6)
    assert threshold(50.0) == pytest.approx(22.35e6) and threshold(120.0) == threshold(90.0)
    given = evidence()
    quiet = found(given, "cavitation")
    assert quiet.value == pytest.approx(4.0) and quiet.limit == pytest.approx(1e-6 * threshold(80.0))
    assert quiet.verdict is Verdict.OK
    louder = replace(given, history=replace(given.history, pressure=scaled(given.history.pressure, 4.5)))
    assert found(louder, "cavitation").verdict is Verdict.WARNING


def test_bone_behind_the_focus_is_told_by_distance_with_its_risk_and_by_dose():
    far = [f for f in run_checks(evidence()) if f.check.startswith("far-field")]
    assert not far
    given = evidence()
    data = given.data.tissues.data.copy()
    data[30:50, 75:80, 30:50] = BONE  # from 150 mm on, the focus is at 130
    bony = TissueMap(given.data.tissues.grid, data, given.data.tissues.tissues)
    given = replace(given, data=replace(given.data, tissues=bony))
    near = found(given, "far-field bone and nerve")
    assert near.value == pytest.approx(20.0, abs=2.0) and near.verdict is Verdict.WARNING and "34 %" in near.sentence
    assert found(given, "far-field dose").verdict is Verdict.OK
    hot = given.history.cem43.data.copy()
    hot[40, 76, 40] = 20.0
    burnt = replace(given.history, cem43=Field(given.history.cem43.grid, hot, Quantity.CEM43))
    assert found(replace(given, history=burnt), "far-field dose").value == pytest.approx(20.0)
    before = data.copy()
    before[data == BONE] = LIVER
    before[30:50, 52:54, 30:50] = BONE  # between skin and focus: no far field
    ribs = TissueMap(bony.grid, before, bony.tissues)
    assert not [
        f for f in run_checks(replace(given, data=replace(given.data, tissues=ribs))) if f.check.startswith("far-field")
    ]


def scaled(field: Field, factor: float) -> Field:
    return Field(field.grid, field.data * np.float32(factor), field.quantity)


def test_distance_rules_measure_to_the_organ():
    finding = found(evidence(gas=True), "distance to lung")
    assert finding.value == pytest.approx(160 + 1 - 130, abs=2)  # gas from 160 mm on
    assert finding.verdict is Verdict.OK
    assert found(evidence(depth=0.150, gas=True), "distance to lung").verdict is Verdict.WARNING


def test_an_organ_over_its_limit_is_an_error_with_a_remedy():
    assert found(evidence(cem43=1.0), "dose of skin").verdict is Verdict.OK
    worse = found(evidence(cem43=30.0), "dose of skin")
    assert worse.verdict is Verdict.ERROR
    assert worse.remedy and "44.0 degC" in worse.sentence and worse.source


def test_an_organ_without_a_voxel_in_the_heated_region_is_checked_all_the_same():
    given = evidence(cem43=0.0)
    elsewhere = replace(given, organs={name: mask for name, mask in given.organs.items() if name != "ribs"})
    assert found(elsewhere, "dose of ribs").verdict is Verdict.OK


def test_ceilings_of_site_and_device_hold_whichever_is_lower():
    finding = found(evidence(power=400.0), "acoustic power")
    assert finding.verdict is Verdict.OK
    assert found(evidence(power=390.0), "energy of an exposure").value == pytest.approx(3900.0)
    assert found(evidence(power=401.0), "acoustic power").verdict is Verdict.ERROR


def test_a_rule_warns_before_it_fails():
    rule = Rule("x", 10.0, "min", "test")
    assert [above(rule, v, "s", "r").verdict for v in (7.0, 9.0, 11.0)] == [Verdict.OK, Verdict.WARNING, Verdict.ERROR]
    soft = Rule("x", 10.0, "min", "test", hard=False)
    assert [below(soft, v, "s", "r").verdict for v in (9.0, 10.0)] == [Verdict.WARNING, Verdict.OK]
    assert above(rule, 7.0, "s", "r").remedy == "" and above(rule, 11.0, "s", "r").remedy == "r"


def on_voxels(given: Evidence, voxel: float) -> Evidence:
    """The same with the dose kept on voxels of this edge [m]."""
    grid = Grid.box((-10e-3, 90e-3, -10e-3), (10e-3, 110e-3, 10e-3), voxel)
    dose = Field(grid, np.zeros(grid.shape, np.float32), Quantity.CEM43)
    return replace(given, history=replace(given.history, cem43=dose))


@pytest.mark.parametrize(("voxel", "share", "said"), [(1e-3, 0.74, False), (2e-3, 0.74, True), (2e-3, 1.0, False)])
def test_titration_that_expects_less_than_coarse_voxels_give_is_an_error(
    voxel: float, share: float, said: bool
) -> None:
    given = on_voxels(evidence(), voxel)
    rule = Titration(
        test_share=0.35, test_on_time=8, growth_time=1.6, reading_share=share, lowest_scale=0.6, highest_scale=1.6,
        damping=0.5,
    )  # fmt: skip
    wish = given.data.case.prescription.model_copy(update={"titration": rule})
    case = given.data.case.model_copy(update={"prescription": wish})
    findings = run_checks(replace(given, data=replace(given.data, case=case)))
    errors = [f for f in findings if f.check == "titration on these voxels"]
    assert bool(errors) == said
    assert all(f.verdict is Verdict.ERROR and "reading_share = 1" in f.remedy for f in errors)


@pytest.mark.parametrize(("voxel", "said"), [(1e-3, False), (2e-3, True)])
def test_coarse_voxels_of_heat_are_said(voxel: float, said: bool) -> None:
    findings = run_checks(on_voxels(evidence(), voxel))
    coarse = [f for f in findings if f.check == "voxels of heat"]
    assert bool(coarse) == said
    assert all(f.verdict is Verdict.WARNING and "voxels of 2.0 mm" in f.sentence for f in coarse)
