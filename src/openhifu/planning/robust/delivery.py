"""A plan delivered to one possible patient: titration and the stop at the ceiling as the engine's program does them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from openhifu.base.field import Field, Quantity
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.delivery.program import treatment_power
from openhifu.delivery.steps import StepResult
from openhifu.delivery.titration import clamped, heating_ratio, next_scale, reading_of
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.robustness import CURVE_DOSES
from openhifu.model.sonication import Sonication
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.predict import LONGEST_REST, LOOK, heat_solver, held_and_insulating, target_zone, watched_part
from openhifu.planning.robust.basis import Basis
from openhifu.planning.robust.transfer import ScenarioHeat
from openhifu.planning.scene import TARGET_NAME
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.lesion import dose_volume
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.probe import Probe
from openhifu.thermal.treatment import Exposure, ExposureResult, RestRule, Treatment, Watch, run_treatment

_READING = 1.0  # s between readings of the thermometer during an exposure


@dataclass(frozen=True, eq=False)
class NearTarget:
    """What the target went through.

    Attributes:
        coverage: share of the target over the prescribed dose.
        peak: degC.
        scale: power factor at the end.
        curve: share of the target that got at least each of ``CURVE_DOSES``.
    """

    coverage: float
    peak: float
    scale: float
    curve: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Delivered:
    """A whole delivery: the target in its box, the organs on the coarse grid."""

    near: NearTarget
    far: Treatment


def deliver(basis: Basis, heat: ScenarioHeat) -> Delivered:
    """Deliver the plan in a scenario: target and powers in the box, organs and pauses on the coarse grid, in step."""
    plan, run = basis.plan, _BoxRun(basis, heat)
    rule = plan.prescription.titration
    scale = run.test(plan.sonications[0]) if rule is not None else 1.0
    course = _Course(basis, heat, run, scale)

    def rested(result: ExposureResult) -> bool:
        run.solver.advance(result.rest, dose=run.dose)
        return True

    far = _organs(basis, heat, course, rested)
    target, dose = basis.here.target[basis.cut], run.dose.field
    reached = dose.data[target] >= plan.prescription.goal_cem43
    curve = tuple(round(float(share), 6) for share in dose_volume(dose, target, CURVE_DOSES))
    near = NearTarget(float(reached.mean()), run.solver.highest, course.scale, curve)
    return Delivered(near, far)


class _Course(Sequence[Exposure]):
    """The exposures on the coarse grid; asked for one, the box gives it first and says with what power and how long."""

    def __init__(self, basis: Basis, heat: ScenarioHeat, run: _BoxRun, scale: float) -> None:
        self._basis, self._heat, self._run, self.scale = basis, heat, run, scale

    def __len__(self) -> int:
        return len(self._basis.plan.sonications)

    def __getitem__(self, place: int) -> Exposure:  # pyright: ignore[reportIncompatibleMethodOverride]  no slices
        plan = self._basis.plan
        shot, rule, high = plan.sonications[place], plan.prescription.titration, plan.prescription.peak_high
        power = treatment_power(plan, shot, self.scale)
        told = self._run.expose(place, power, shot.on_time, high if rule is None else reading_of(high, rule))
        if rule is not None:
            ratio = heating_ratio(told, shot, rule, BODY_TEMPERATURE_C)
            self.scale = next_scale(self.scale, ratio, rule, rule.damping)
        field = Field(self._basis.coarse.grids.heat, self._heat.far(place), Quantity.HEAT_RATE)
        return Exposure(field, power * self._heat.scenario.power, told.on_time, shot.cooling_time)


class _BoxRun:
    """The box about the target while it is treated."""

    def __init__(self, basis: Basis, heat: ScenarioHeat) -> None:
        tissues = basis.here.tissues.with_tissues(heat.scenario.tissues)
        part = TissueMap(basis.box, np.ascontiguousarray(tissues.map.data[basis.cut]), tissues.map.tissues)
        self._basis, self._heat = basis, heat
        medium = Medium(part, tissues.tissues)
        held, gases = held_and_insulating(basis.here, medium)
        self.solver = Pennes(medium, tissue("blood"), Boundary.HELD_AT_START, held=held, insulating=gases)
        self.dose = ThermalDose(basis.box)
        self._zone = Probe(TARGET_NAME, basis.box, target_zone(basis.here)[basis.cut])

    def expose(self, place: int, power: float, on_time: float, stop_at: float) -> StepResult:
        """One exposure, ended early where the thermometer reads ``stop_at`` [degC]."""
        field = Field(self._basis.box, self._heat.near(place), Quantity.HEAT_RATE)
        rule = self._basis.plan.prescription.titration
        looks = max(1, round(on_time / _READING))
        read: list[tuple[float, float]] = []
        for n in range(1, looks + 1):
            self.solver.advance(on_time / looks, field, power * self._heat.scenario.power, self.dose)
            hottest = self.solver.hottest(self._zone)
            read.append((n * on_time / looks, hottest if rule is None else reading_of(hottest, rule)))
            if read[-1][1] >= stop_at:
                break
        return StepResult(power=power, on_time=read[-1][0], target=tuple(read))

    def test(self, shot: Sonication) -> float:
        """The sub-ablative exposure before the first one, and the factor it asks for."""
        plan = self._basis.plan
        rule = plan.prescription.titration
        if rule is None:
            return 1.0
        power = rule.test_share * treatment_power(plan, shot, 1.0)
        told = self.expose(0, power, rule.test_on_time, reading_of(plan.prescription.peak_low, rule))
        self.solver.advance(shot.cooling_time, dose=self.dose)
        whole = told.on_time >= rule.test_on_time * (1 - 1e-9)
        ratio = heating_ratio(told, shot, rule, BODY_TEMPERATURE_C) if whole else None
        return next_scale(clamped(1.0, rule), ratio, rule, damping=1.0)


def _organs(basis: Basis, heat: ScenarioHeat, course: _Course, rested: Callable[[ExposureResult], bool]) -> Treatment:
    """The whole treatment on the coarse grid; each exposure waits for the organs, and never less than planned."""
    here, plan = basis.coarse, basis.plan
    grid = here.grids.heat
    solver = heat_solver(here, here.tissues.with_tissues(heat.scenario.tissues))
    together = [Field(grid, basis.far.sum(axis=0), Quantity.HEAT_RATE)]
    watches = tuple(
        Watch(Probe(o.name, grid, watched_part(here.organs[o.name], together)), o.limit.resume_below)
        for o in plan.organs
        if o.name in here.organs
    )
    looks = solver.stable_step * max(1, round(LOOK / solver.stable_step))
    longest = max(LONGEST_REST, *(s.cooling_time for s in plan.sonications))
    rule = RestRule(0.0, longest, watches, looks)
    target = Probe(TARGET_NAME, grid, target_zone(here))
    cooling = plan.prescription.pre_cooling
    return run_treatment(solver, course, rule, target, ThermalDose(grid), cooling, proceed=rested)
