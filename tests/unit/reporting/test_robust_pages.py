"""The report tells a plan's band beside its limits, or that nobody studied it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import Tampered
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import Band, Influence, OrganOutcome, Robustness, ScenarioOutcome, Uncertainty
from openhifu.reporting.figures.robust import bands
from openhifu.reporting.figures.style import png
from openhifu.reporting.inputs import ReportInput
from openhifu.reporting.report import report_content, write_report
from openhifu.reporting.words import english


def study(plan: TreatmentPlan, coverage: float) -> Robustness:
    """Forty scenarios about a coverage."""
    rng = np.random.default_rng(1)
    covered = np.clip(coverage + 0.03 * rng.standard_normal(40), 0, 1)
    heated = {o.name: o.limit.cem43_max * 10 ** rng.uniform(-2, -0.2, 40) for o in plan.organs}
    outcomes = tuple(
        ScenarioOutcome(
            number=n,
            seed=n,
            coverage=float(covered[n]),
            peak_temperature=float(70 + 20 * covered[n]),
            treatment_time=1200.0,
            energy=2e4,
            scale=1.0,
            organs=tuple(
                OrganOutcome(organ=o.name, peak_temperature=42.0, cem43_max=float(heated[o.name][n]))
                for o in plan.organs
            ),
            inputs=(),
        )
        for n in range(40)
    )
    values = {"target coverage": ("1", covered), "peak temperature": ("degC", 70 + 20 * covered)} | {
        f"dose of {k}": ("min", v) for k, v in heated.items()
    }
    bands = tuple(
        Band(name=name, unit=unit, nominal=float(v.mean()), **dict(zip(("low", "median", "high"), map(
            float, np.percentile(v, [5, 50, 95])), strict=True)))
        for name, (unit, v) in values.items()
    )  # fmt: skip
    influences = tuple(
        Influence(
            figure="target coverage", input=name, unit="1", correlation=r, low=r - 0.2, high=r + 0.15, certain=sure
        )
        for name, r, sure in (("attenuation of liver", -0.7, True), ("position across the beam", -0.2, False))
    )
    return Robustness(
        plan_hash=plan.content_hash,
        seed=1,
        asked=40,
        uncertainty=Uncertainty(position=1e-3, breathing=1.4e-3, power=0.05, source="a test"),
        rule="triangular",
        method="by hand",
        inputs=(),
        nominal=outcomes[0],
        outcomes=outcomes,
        bands=bands,
        influences=influences,
    )


def test_a_band_is_shown_with_its_verdict_figure_and_table(given: ReportInput, tmp_path: Path) -> None:
    good = replace(given, robustness=study(given.plan, 0.99))
    text = report_content(good)
    assert "keeps every limit" in text and "figures/robust.png" in text
    bad = report_content(replace(given, robustness=study(given.plan, given.plan.prescription.coverage - 0.2)))
    assert "does not keep every limit" in bad
    tables = [b for b in json.loads(bad)["blocks"] if b["kind"] == "table"]
    rows = {row["cells"][0]: row for table in tables for row in table["rows"]}
    assert rows["Target coverage"]["tone"] == "error" and rows["Target coverage"]["cells"][-1] == "%"
    write_report(good, tmp_path)
    assert (tmp_path / "figures" / "robust.png").read_bytes().startswith(b"\x89PNG")


def test_a_plan_nobody_studied_says_so(given: ReportInput) -> None:
    assert "Nobody studied" in report_content(given)


def test_a_study_of_another_plan_is_refused(given: ReportInput) -> None:
    other = study(given.plan, 0.9).model_copy(update={"plan_hash": "0" * 64})
    with pytest.raises(Tampered, match="study belongs to plan"):
        replace(given, robustness=other)


def test_a_plan_without_organs_has_a_figure_too(given: ReportInput) -> None:
    bare = given.plan.model_copy(update={"organs": ()})
    drawn = png(lambda: bands(bare, study(bare, 0.9), english()))
    assert drawn.startswith(b"\x89PNG")
