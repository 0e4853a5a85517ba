"""Treatments side by side: size, energy, ablated share and time of each, with what imaging found afterwards."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from openhifu.records.entries import CaseEntry, FollowUp, PlanEntry, RunEntry
from openhifu.records.store import RecordStore

_CUBIC_MM = 1e-9  # m3


@dataclass(frozen=True)
class CohortRow:
    """One run.

    Attributes:
        patient: pseudonym; empty where the case is not recorded.
        case: its name.
        device: catalogue name.
        rehearsal: whether it was one.
        started: ISO 8601.
        ending: how it ended.
        target_volume: m3.
        ablated_volume: m3 over the prescribed CEM43, computed.
        npv_ratio: ablated share of the target, computed.
        imaged_npv: m3 on imaging, the newest finding; None where there is none.
        energy: J acoustic.
        beam_on: s.
        duration: s.
        worst_event: SIR class of the worst adverse event; empty where none was recorded.
        symptom_change: newest less oldest score of the questionnaire scored last; None for fewer than two.
    """

    patient: str
    case: str
    device: str
    rehearsal: bool
    started: str
    ending: str
    target_volume: float
    ablated_volume: float
    npv_ratio: float
    imaged_npv: float | None
    energy: float
    beam_on: float
    duration: float
    worst_event: str
    symptom_change: float | None = None

    @property
    def eef(self) -> float | None:
        """Energy per ablated volume [J/m3] with eta = 1 (Front Oncol 2021;11:725193).

        Over the imaged volume where there is one, over the computed one otherwise; None where nothing was ablated.
        """
        volume = self.ablated_volume if self.imaged_npv is None else self.imaged_npv
        return self.energy / volume if volume > 0 else None

    @property
    def imaged_ratio(self) -> float | None:
        """Imaged non-perfused volume over the target's volume."""
        return None if self.imaged_npv is None else self.imaged_npv / self.target_volume

    @property
    def diameter(self) -> float:
        """Diameter [m] of the sphere of the target's volume."""
        return float((6 * self.target_volume / 3.141592653589793) ** (1 / 3))


def cohort(store: RecordStore, rehearsals: bool = False) -> list[CohortRow]:
    """Every run whose fields were computed, oldest first.

    Args:
        store: the database.
        rehearsals: with rehearsals; treatments only otherwise.
    """
    plans = {p.plan: p for p in store.each(PlanEntry)}
    cases = {c.case: c for c in store.each(CaseEntry)}
    found: dict[str, list[FollowUp]] = {}
    for finding in store.each(FollowUp):
        found.setdefault(finding.run, []).append(finding)
    rows = []
    for run in store.each(RunEntry):
        if (run.rehearsal and not rehearsals) or run.target_volume is None or run.duration is None:
            continue
        plan = plans.get(run.plan)
        case = cases.get(plan.case) if plan is not None else None
        after = sorted(found.get(run.run, ()), key=lambda f: f.day)
        npv = [f.volume for f in after if f.what == "npv"]
        events = [f.sir_class.value for f in after if f.sir_class is not None]
        rows.append(
            CohortRow(
                patient=case.patient if case else "",
                case=case.name if case else "",
                device=plan.device if plan else "",
                rehearsal=run.rehearsal,
                started=run.started,
                ending=run.ending,
                target_volume=run.target_volume,
                ablated_volume=run.ablated_volume or 0.0,
                npv_ratio=(run.ablated_target_volume or 0.0) / run.target_volume,
                imaged_npv=npv[-1] if npv else None,
                energy=run.energy,
                beam_on=run.beam_on,
                duration=run.duration,
                worst_event=max(events, default=""),
                symptom_change=_symptoms(after),
            )
        )
    return sorted(rows, key=lambda row: row.started)


def _symptoms(findings: list[FollowUp]) -> float | None:
    """Change of the score of the questionnaire that was scored last, by findings in order of their days."""
    scores = [f for f in findings if f.score is not None]
    same = [f.score for f in scores if f.instrument == scores[-1].instrument and f.score is not None]
    return same[-1] - same[0] if len(same) > 1 else None


def cohort_csv(rows: list[CohortRow]) -> bytes:
    """The cohort in clinical units."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        "patient case device rehearsal started ending target_ml target_diameter_mm ablated_ml npv_ratio imaged_npv_ml "
        "imaged_npv_ratio energy_kj eef_j_per_mm3 beam_on_min duration_min worst_sir_class symptom_score_change".split()
    )
    for r in rows:
        writer.writerow(
            [r.patient, r.case, r.device, "yes" if r.rehearsal else "no", r.started, r.ending]
            + [_text(v) for v in (1e6 * r.target_volume, 1e3 * r.diameter, 1e6 * r.ablated_volume, r.npv_ratio)]
            + [_text(None if r.imaged_npv is None else 1e6 * r.imaged_npv), _text(r.imaged_ratio)]
            + [_text(r.energy / 1e3), _text(None if r.eef is None else r.eef * _CUBIC_MM)]
            + [_text(r.beam_on / 60), _text(r.duration / 60), r.worst_event]
            + [_text(r.symptom_change)]
        )
    return text.getvalue().encode()


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
