"""``openhifu closed-loop``: what steering by measurements is worth, over many simulated patients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openhifu.console.terminal import EXIT_FAILED, EXIT_INTERRUPTED, guarded, progress_bar, result
from openhifu.console.treatment_commands import Thermometer


@guarded
def closed_loop(
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file.", show_default=False)],
    twins: Annotated[int, typer.Option(min=1, max=1000, help="Simulated patients.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Of the first patient; the next has the next.")] = 1,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for journals, outcomes, table, figure.")] = Path(
        "closed-loop"
    ),
    thermometer: Thermometer = "plain",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Deliver a plan to simulated patients twice, open loop and closed, and say what closing the loop is worth.

    Open loop gives powers and times as planned; closed loop steers both by what the thermometer reads. Patients differ
    from the plan by the published ranges of their tissue, machines by their errors; both loops meet the same ones.
    Ctrl-C keeps what is finished, and the same command goes on from there. Exit 1 unless the closed loop covers more of
    the target in the median and in the worst patient, with no limit exceeded in any.

    Example: openhifu closed-loop liver.json --twins 50 -o liver-loops
    """
    from openhifu.base.files import write_whole
    from openhifu.console.closed_loop import as_csv, better, study, table
    from openhifu.console.monitors import watched_by
    from openhifu.console.plan_files import load_plan
    from openhifu.reporting.figures.loops import loops
    from openhifu.reporting.figures.style import png
    from openhifu.reporting.words import english

    plan = load_plan(plan_file)
    watched = watched_by(thermometer)
    with progress_bar(as_json) as progress:
        found = study(plan, twins, out, seed, monitors=watched, progress=progress)
    write_whole(out / "loops.csv", as_csv(found).encode())
    write_whole(out / "loops.png", png(lambda: loops(found, english())))
    verdict, ok = better(found)
    lines = [*table(found), verdict, f"wrote {out / 'loops.csv'} and {out / 'loops.png'}"]
    payload = {"plan": str(plan_file), "outcomes": [o.data() for pair in found for o in pair], "ok": ok}
    result(payload, as_json, lines)
    if len(found) < twins:
        raise typer.Exit(EXIT_INTERRUPTED)
    if not ok:
        raise typer.Exit(EXIT_FAILED)
