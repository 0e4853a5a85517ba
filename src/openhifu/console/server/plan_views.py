"""Plans as people see them: figures, checks, dose-volume curves, who approved."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from openhifu.base.errors import InputError
from openhifu.base.vectors import Vector
from openhifu.console.plan_files import beside
from openhifu.console.planning import with_device
from openhifu.console.robustness import robustness_beside
from openhifu.console.server.approvals import Approvals
from openhifu.console.server.checks_shown import CheckShown, check_shown
from openhifu.console.server.forms import Form
from openhifu.console.server.library import Library
from openhifu.console.server.spots import SpotShown, spots
from openhifu.console.server.study_views import StudyShown, study_shown
from openhifu.imaging import read_history, read_window
from openhifu.model.catalogue import transducer
from openhifu.model.history import TreatmentHistory
from openhifu.model.plan import OrganPrediction, TreatmentPlan
from openhifu.model.robustness import CURVE_DOSES
from openhifu.reporting.numbers import regions
from openhifu.thermal.lesion import dose_volume

T = TypeVar("T")


class PlanLine(Form):
    """A plan in the list."""

    hash: str
    case: str
    device: str
    made_at: float
    spot_count: int
    energy_j: float
    coverage: float
    errors: int
    warnings: int
    rehearsed: bool
    approved: bool


class DoseVolume(Form):
    """Which share of a structure got at least which dose."""

    structure: str
    cem43_min: list[float]
    fraction: list[float]


class CurvesShown(Form):
    """Expected time courses."""

    time_s: list[float]
    power_w: list[float]
    hottest_c: dict[str, list[float]]


class OrganShown(Form):
    """What is expected of an organ."""

    organ: str
    peak_temperature_c: float
    cem43_max_min: float
    volume_over_limit_m3: float


class Metrics(Form):
    """What is expected of the whole treatment."""

    coverage: float
    target_volume_m3: float
    ablated_volume_m3: float
    peak_temperature_c: float
    treatment_time_s: float
    energy_j: float
    organs: list[OrganShown]


class PoseShown(Form):
    """Where the source looks: its focus, and the unit vector from the source to it."""

    focus_m: Vector
    direction: Vector


class ApprovalShown(Form):
    """Who approved, as what, when, saying what."""

    person: str
    role: str
    time: str
    statement: str


class PlanShown(Form):
    """A plan."""

    hash: str
    case: str
    device: str
    serial: str
    spots: list[SpotShown]
    checks: list[CheckShown]
    dose_volume: list[DoseVolume]
    curves: CurvesShown
    metrics: Metrics
    unmet: list[str]
    pose: PoseShown
    rehearsed: bool
    rehearsal: str | None
    approvals: list[ApprovalShown]
    approved: bool
    second_look_needed: bool
    second_look_above_w: float
    robustness: StudyShown | None


@dataclass(eq=False)
class PlanViews:
    """Views of the plans of a library; what takes long is kept for the plans looked at last.

    Attributes:
        library: where they lie.
        approvals: who approved them.
    """

    library: Library
    approvals: Approvals
    _kept: OrderedDict[tuple[str, str], object] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def line(self, plan: TreatmentPlan) -> PlanLine:
        """A plan in one line."""
        hashed = plan.content_hash
        return PlanLine(
            hash=hashed,
            case=plan.case,
            device=plan.device,
            made_at=self.library.plan_path(hashed).stat().st_mtime,
            spot_count=len(plan.sonications),
            energy_j=plan.energy,
            coverage=plan.prediction.coverage,
            errors=len(plan.errors),
            warnings=len(plan.warnings),
            rehearsed=self.approvals.runs.rehearsal_of(hashed) is not None,
            approved=self.approvals.is_approved(plan),
        )

    def history(self, plan: str) -> TreatmentHistory:
        """The predicted fields of a plan. Raises like ``read_history``."""
        return self._once("history", plan, lambda: read_history(beside(self.library.plan_path(plan), "planned")))

    def dose_volumes(self, plan: TreatmentPlan) -> list[DoseVolume]:
        """Curves of the target and every organ at risk that the computed box reaches."""
        return self._once("volumes", plan.content_hash, lambda: self._dose_volumes(plan))

    def shown(self, plan: TreatmentPlan) -> PlanShown:
        """A plan with everything there is to see."""
        hashed = plan.content_hash
        study = robustness_beside(self.library.plan_path(hashed), plan)
        rehearsal, curves = self.approvals.runs.rehearsal_of(hashed), self.history(hashed).curves
        return PlanShown(
            hash=hashed,
            case=plan.case,
            device=plan.device,
            serial=plan.serial,
            spots=spots(plan, transducer(plan.device)),
            checks=[check_shown(f) for f in plan.findings],
            dose_volume=self.dose_volumes(plan),
            curves=CurvesShown(
                time_s=curves.time.tolist(),
                power_w=curves.power.tolist(),
                hottest_c={name: values.tolist() for name, values in curves.hottest.items()},
            ),
            metrics=metrics(plan),
            unmet=list(plan.unmet),
            pose=PoseShown(focus_m=plan.pose.focus, direction=plan.pose.axes[2]),
            rehearsed=rehearsal is not None,
            rehearsal=None if rehearsal is None else rehearsal.id,
            approvals=[
                ApprovalShown(person=a.person, role=a.role, time=a.time, statement=a.statement)
                for a in self.approvals.of(hashed)
            ],
            approved=self.approvals.is_approved(plan),
            second_look_needed=self.approvals.second_look_needed(plan),
            second_look_above_w=self.approvals.above(plan),
            robustness=None if study is None else study_shown(plan, study),
        )

    def _dose_volumes(self, plan: TreatmentPlan) -> list[DoseVolume]:
        dose = self.history(plan.content_hash).cem43
        try:
            data = with_device(self.library.case(plan.case), plan.device)
        except InputError:  # the case is gone or was changed; the plan is still to be seen
            return []
        masks = regions(data, plan, dose.grid)
        named = {"target": masks.target, **masks.organs}
        return [
            DoseVolume(
                structure=name,
                cem43_min=list(CURVE_DOSES),
                fraction=[round(float(f), 6) for f in dose_volume(dose, mask, np.asarray(CURVE_DOSES))],
            )
            for name, mask in named.items()
            if mask.any()
        ]

    def _once(self, what: str, plan: str, make: Callable[[], T]) -> T:
        with self._lock:
            if (what, plan) in self._kept:
                self._kept.move_to_end((what, plan))
                return self._kept[what, plan]  # pyright: ignore[reportReturnType]
        made = make()
        with self._lock:
            self._kept[what, plan] = made
            while len(self._kept) > 8:
                self._kept.popitem(last=False)
        return made


def metrics(plan: TreatmentPlan) -> Metrics:
    """The figures of a plan's prediction."""
    p = plan.prediction
    return Metrics(
        coverage=p.coverage,
        target_volume_m3=p.target_volume,
        ablated_volume_m3=p.ablated_volume,
        peak_temperature_c=p.peak_temperature,
        treatment_time_s=p.treatment_time,
        energy_j=p.energy,
        organs=[_organ(o) for o in p.organs],
    )


def window_of(library: Library, plan: str) -> dict[str, object]:
    """All directions that were looked at for a plan; amplitudes are null where refused."""
    window = read_window(beside(library.plan_path(plan), "window"))
    amplitude = [[None if np.isnan(v) else round(float(v), 5) for v in row] for row in window.amplitude]
    return {
        "azimuth_rad": window.azimuth.tolist(),
        "elevation_rad": window.elevation.tolist(),
        "amplitude": amplitude,
        "refusal": window.refusal.tolist(),
        "refusals": list(window.refusals),
        "candidates": [c.data() for c in window.candidates],
    }


def _organ(o: OrganPrediction) -> OrganShown:
    return OrganShown(
        organ=o.organ,
        peak_temperature_c=o.peak_temperature,
        cem43_max_min=o.cem43_max,
        volume_over_limit_m3=o.volume_over_limit,
    )
