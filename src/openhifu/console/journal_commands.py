"""``openhifu journal``: what a run left behind, verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openhifu.base.errors import FileProblem
from openhifu.console.terminal import EXIT_FAILED, guarded, result

app = typer.Typer(no_args_is_help=True, help="Read and verify the journal of a run.")


@app.command("verify")
@guarded
def verify(
    run: Annotated[Path, typer.Argument(help="Run folder or journal file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Check that every line of a journal follows from the one before; exit 1 if it was cut or changed.

    Example: openhifu journal verify rehearsal
    """
    from openhifu.console.runs import JOURNAL
    from openhifu.delivery.folds import delivered_energy, delivered_spots
    from openhifu.delivery.journal import read_journal

    file = run / JOURNAL if run.is_dir() else run
    if not file.exists():
        raise FileProblem(f"there is no journal at {file}; give a run folder")
    found = read_journal(file)
    payload = {
        "journal": str(file),
        "intact": found.intact,
        "finished": found.finished,
        "events": len(found.events),
        "last_hash": found.last_hash,
        "sonications": len(delivered_spots(found.events)),
        "energy_j": delivered_energy(found.events),
        "sentence": found.sentence,
    }
    result(payload, as_json, [f"{key}: {value}" for key, value in payload.items()])
    if not found.intact:
        raise typer.Exit(EXIT_FAILED)
