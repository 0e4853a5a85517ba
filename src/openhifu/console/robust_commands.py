"""The commands ``robust`` and ``compare``: a plan over many possible patients, and plans side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openhifu.console.terminal import EXIT_FAILED, EXIT_INTERRUPTED, guarded, progress_bar, result
from openhifu.model.band import check_of
from openhifu.model.plan import Finding
from openhifu.model.robustness import BREATHING, COVERAGE, POSITION, SCENARIOS, dose_of


@guarded
def robust(
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file.", show_default=False)],
    scenarios: Annotated[int, typer.Option(min=1, max=4096, help="Possible patients.")] = SCENARIOS,
    seed: Annotated[int, typer.Option(min=0, help="Of all draws.")] = 1,
    position_mm: Annotated[float, typer.Option(min=0, max=20, help="Mean error of the source's place.")] = 1e3
    * POSITION,
    breathing_mm: Annotated[
        float, typer.Option(min=0, max=20, help="Mean of the largest displacement in a breath-hold.")
    ] = 1e3 * BREATHING,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Deliver a plan to many possible patients: bands of every figure, and what spreads them. Exit 1 if over a limit.

    Tissue values are drawn from their published ranges, with errors of place, breathing and power. The study is written
    beside the plan (PLAN.robust.json), where check, approve and report find it. Ctrl-C keeps what is finished.

    Example: openhifu robust liver.json --scenarios 64 --seed 1
    """
    from openhifu.base.outcome import Verdict
    from openhifu.console.plan_files import load_planned
    from openhifu.console.robustness import band_lines, influence_lines, robustness, save_robustness, uncertainty
    from openhifu.console.treatment_commands import finding_lines
    from openhifu.model.band import band_findings

    planned = load_planned(plan_file)
    given = uncertainty(planned.plan, 1e-3 * position_mm, 1e-3 * breathing_mm)
    with progress_bar(as_json) as progress:
        found = robustness(planned, scenarios, seed, given, progress)
    written = save_robustness(found, plan_file)
    findings = band_findings(planned.plan, found)
    figures = (COVERAGE, *(dose_of(o.name) for o in planned.plan.organs if _near(o.name, findings)))
    lines = [*band_lines(found), *influence_lines(found, figures), *finding_lines(findings), f"wrote {written}"]
    payload = {"plan": str(plan_file), "robustness": found.data(), "findings": [f.data() for f in findings]}
    result(payload, as_json, lines)
    if len(found.outcomes) < found.asked:
        raise typer.Exit(EXIT_INTERRUPTED)
    if any(f.verdict is Verdict.ERROR for f in findings):
        raise typer.Exit(EXIT_FAILED)


def _near(organ: str, findings: tuple[Finding, ...]) -> bool:
    """Whether an organ's band comes to at least half of its limit."""
    return any(f.check == check_of(dose_of(organ)) and f.value > 0.5 * f.limit for f in findings)


@guarded
def compare(
    plans: Annotated[list[Path], typer.Argument(metavar="PLAN...", help="Two or more plan files.", show_default=False)],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="PNG to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Plans side by side: other poses, devices or prescriptions of a case in one table and one figure.

    Where a robustness study lies beside every plan, the 5th percentile of coverage is compared too.

    Example: openhifu compare focused.json array.json -o side-by-side.png
    """
    from openhifu.base.errors import OutOfRange
    from openhifu.base.files import write_whole
    from openhifu.console.comparison import comparison_lines, figures_of
    from openhifu.console.plan_files import load_plan
    from openhifu.console.robustness import robustness_beside
    from openhifu.reporting.figures.comparison import side_by_side
    from openhifu.reporting.figures.style import png

    if len(plans) < 2:
        raise OutOfRange(f"{len(plans)} plan was named; name two or more to see them side by side")
    made = [load_plan(p) for p in plans]
    rows = figures_of(made, [robustness_beside(p, m) for p, m in zip(plans, made, strict=True)])
    names = [p.name.removesuffix(".json") for p in plans]
    lines = comparison_lines(names, rows)
    if out is not None:
        write_whole(out, png(lambda: side_by_side(names, [(r.name, r.unit, r.values) for r in rows])))
        lines.append(f"wrote {out}")
    payload = {"plans": [str(p) for p in plans], "rows": [vars(r) for r in rows]}
    result(payload, as_json, lines)
