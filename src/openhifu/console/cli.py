"""``openhifu``: the five verbs on the command line, and what stands beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openhifu.console import (
    bench_commands,
    case_commands,
    cohort_commands,
    export_commands,
    fault_commands,
    import_commands,
    journal_commands,
    loop_commands,
    pacs_commands,
    quality_commands,
    records_commands,
    robust_commands,
    source_commands,
    steer_commands,
    treatment_commands,
    validate_commands,
)
from openhifu.console.server import command as console_command
from openhifu.console.terminal import EXIT_FAILED, guarded, progress_bar, result

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Focused ultrasound therapy, from a scan to a treatment report. Research software; not a medical device.",
)
app.add_typer(case_commands.app, name="case")
app.add_typer(import_commands.app, name="import")
app.add_typer(export_commands.app, name="export")
app.add_typer(pacs_commands.app, name="pacs")
app.add_typer(records_commands.app, name="records")
app.add_typer(quality_commands.app, name="quality")
app.add_typer(source_commands.app, name="source")
app.add_typer(journal_commands.app, name="journal")
app.add_typer(cohort_commands.app, name="cohort")
for command in (
    treatment_commands.plan,
    treatment_commands.check,
    robust_commands.robust,
    robust_commands.compare,
    treatment_commands.rehearse,
    loop_commands.closed_loop,
    treatment_commands.approve,
    treatment_commands.treat,
    treatment_commands.report,
    steer_commands.steer,
    validate_commands.validate,
    bench_commands.bench,
    fault_commands.faults,
    console_command.console,
):
    app.command()(command)


@app.command()
@guarded
def demo(
    case: Annotated[Path, typer.Option(help="Case folder, or the name of a bundled case.")] = Path("cases/liver"),
    device: Annotated[str, typer.Option(help="Another device of the catalogue than the case names.")] = "",
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated patient and machine.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """A real torso CT with a liver target behind the ribs, all the way to a PDF report on the simulated device.

    Example: openhifu demo --out demo        openhifu demo --device jc200-like   (one element: it ends with errors)
    """
    from openhifu.console.demo import demonstrate
    from openhifu.console.treatment_commands import finding_lines, plan_summary

    with progress_bar(as_json) as progress:
        made = demonstrate(case, device, out, seed, progress)
    numbers = made.numbers()
    plan = made.planned.plan
    lines = [*plan_summary(plan), *finding_lines(plan.findings)]
    if made.run is not None:
        lines.append(_delivered(numbers))
    lines.append(f"{made.report}   ({made.wall_seconds:.0f} s)")
    result(numbers, as_json, lines)
    if not made.succeeded:
        raise typer.Exit(EXIT_FAILED)


def _delivered(n: dict[str, float]) -> str:
    return (
        f"simulated patient: {n['npv_ml']:.1f} mL ablated, {100 * n['npv_ratio']:.1f} % of the target, "
        f"{n['energy_j'] / 1e3:.1f} kJ ({n['eef_j_per_mm3']:.1f} J/mm3) in {n['treatment_minutes']:.0f} min, "
        f"hottest {n['peak_temperature_c']:.0f} degC"
    )


def main() -> None:
    """Entry point of the ``openhifu`` command."""
    app()
