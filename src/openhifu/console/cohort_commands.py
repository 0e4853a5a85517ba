"""``openhifu cohort``: many generated patients planned and rehearsed beside a published cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openhifu.console.terminal import EXIT_INTERRUPTED, guarded, progress_bar, result

app = typer.Typer(no_args_is_help=True, help="Generated patients, planned and rehearsed beside a published cohort.")


@app.callback()
def cohorts() -> None:
    """Generated patients, planned and rehearsed beside a published cohort."""


@app.command("fibroids")
@guarded
def fibroids(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for cases, plans, runs, table, figure.")] = Path(
        "fibroids"
    ),
    sizes: Annotated[str, typer.Option(help="Diameters, cm.")] = "3,5,7,9",
    grades: Annotated[str, typer.Option(help="Perfusion grades.")] = "none,uterus-like,high",
    device: Annotated[str, typer.Option(help="Device of the catalogue.")] = "jc200-like-185",
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Draws every patient's tissue; without it, each has the middle of what is drawn."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Fibroids of several sizes and perfusion grades in the parametric pelvis: energy per volume and ablated share.

    Each is made, planned and rehearsed; table and figure stand beside the published cohort of 1000 treatments. All
    keep heat on voxels of 2 mm, so that sizes can be compared; 3 cm takes minutes, 9 cm takes hours on two cores.
    Ctrl-C keeps what is finished, and the same command goes on from there.

    Example: openhifu cohort fibroids -o fibroids        openhifu cohort fibroids --sizes 3,5 --grades none
    """
    from openhifu.base.files import write_whole
    from openhifu.console.fibroids import as_csv, of_the_cohort, published, table
    from openhifu.console.fibroids import fibroids as study
    from openhifu.reporting.figures.fibroids import fibroids as drawn
    from openhifu.reporting.figures.style import png
    from openhifu.reporting.words import english

    kinds = [(d, g) for d in _metres(sizes) for g in grades.split(",")]
    wanted = [of_the_cohort(d, g) for d, g in kinds]
    with progress_bar(as_json) as progress:
        found = study(wanted, out, device, seed, progress)
    write_whole(out / "fibroids.csv", as_csv(found))
    write_whole(out / "fibroids.png", png(lambda: drawn(found, english())))
    lines = [*table(found), f"wrote {out / 'fibroids.csv'} and {out / 'fibroids.png'}"]
    result({"fibroids": [o.data() for o in found], "published": published()}, as_json, lines)
    if len(found) < len(wanted):
        raise typer.Exit(EXIT_INTERRUPTED)


def _metres(sizes: str) -> list[float]:
    """Diameters [m] from a list in cm."""
    from openhifu.base.errors import OutOfRange

    try:
        return [1e-2 * float(s) for s in sizes.split(",")]
    except ValueError:
        raise OutOfRange(f"sizes are diameters in cm with commas between them, got {sizes!r}; e.g. 3,5,7,9") from None
