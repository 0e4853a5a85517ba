"""``openhifu export``: a treatment for the hospital's archive, for research, and as a bundle that plays again."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from openhifu.base.files import write_whole
from openhifu.console.terminal import EXIT_FAILED, guarded, progress_bar, result, say

app = typer.Typer(
    no_args_is_help=True,
    help="Give a treatment to the hospital (dicom), to research (research, bundle), and play a bundle again (replay).",
)

Source = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or plan file.", show_default=False)]
CaseOption = Annotated[Path | None, typer.Option(help="Case folder, where it has moved since planning.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


@app.command("dicom")
@guarded
def dicom(
    source: Source,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to; must be new.")],
    case: CaseOption = None,
    report: Annotated[Path | None, typer.Option(help="Folder of the report: report.pdf and figures/.")] = None,
    patient_id: Annotated[str, typer.Option(help="The hospital's patient identifier; the pseudonym if left out.")] = "",
    patient_name: Annotated[str, typer.Option(help="Family^Given; the pseudonym if left out.")] = "",
    birth_date: Annotated[str, typer.Option(help="YYYYMMDD.")] = "",
    sex: Annotated[str, typer.Option(help="M, F or O.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write a treatment as DICOM objects that any viewer reads, linked to the planning images.

    Planning CT, target and organs (SEG and RTSTRUCT), temperature, CEM43 and pressure (Parametric Maps with units),
    CEM43 as an RTDOSE marked as thermal dose, the spot table (Structured Report), the report (PDF) and its pictures.
    With --patient-id the objects join the study of the hospital's images; without, they are a study of their own under
    the case's pseudonym. Send them with: openhifu pacs store DIR

    Example: openhifu export dicom run -o out/dicom --report out --patient-id 4711 --patient-name "Wang^Xiaodong"
    """
    from openhifu.console.exports import Naming, gather, study_of, to_export
    from openhifu.exchange.treatment import write_treatment

    gathered = gather(source, case)
    pictures = tuple(sorted((report / "figures").glob("*.png"))) if report else ()
    given = to_export(gathered, report / "report.pdf" if report else None, pictures)
    study = study_of(gathered, Naming(patient_id, patient_name, birth_date, sex))
    with progress_bar(as_json) as progress:
        files = write_treatment(given, study, out, progress)
    payload = {"out": str(out), "files": len(files), "study": study.study_uid, "patient": study.patient_id}
    result(payload, as_json, [f"wrote {len(files)} objects of patient {study.patient_id} to {out}"])


@app.command("research")
@guarded
def research(
    source: Source,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")],
    case: CaseOption = None,
) -> None:
    """Write fields and structures as NIfTI, the spot table and figures as CSV.

    Example: openhifu export research run -o out/research
    """
    from openhifu.console.bundles import research_files
    from openhifu.console.exports import gather

    parts = research_files(gather(source, case))
    for part in parts:
        if isinstance(part.source, bytes):
            write_whole(out / part.name, part.source)
    result({}, False, [f"{out / part.name}: {part.words}" for part in parts])


@app.command("bundle")
@guarded
def bundle(
    source: Source,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to; must be new.")],
    licence: Annotated[str, typer.Option(help="Under which licence the data are given, e.g. CC-BY-4.0.")],
    case: CaseOption = None,
    report: Annotated[Path | None, typer.Option(help="The report, a PDF.")] = None,
    creator: Annotated[str, typer.Option(help="Who gives it.")] = "",
) -> None:
    """Write one folder with case, plan, journal, fields, checksums and metadata (RO-Crate), to keep or to publish.

    Check the files anywhere with: sha256sum -c checksums.sha256. Play it again with: openhifu export replay DIR

    Example: openhifu export bundle run -o liver-bundle --licence CC-BY-4.0 --creator "Li Hua"
    """
    from openhifu.console.bundles import write_run_bundle

    made = write_run_bundle(source, case, out, report, licence, creator)
    result({}, False, [f"wrote {made}; play it again with: openhifu export replay {made}"])


@app.command("replay")
@guarded
def replay(
    folder: Annotated[Path, typer.Argument(help="Bundle.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Check a bundle's files, plan its case again and run it again: the same plan and the same dose, or exit 1.

    Example: openhifu export replay liver-bundle
    """
    from openhifu.console.bundles import DOSE_TOLERANCE
    from openhifu.console.bundles import replay as play

    with tempfile.TemporaryDirectory() as work, progress_bar(as_json) as progress:
        played = play(folder, Path(work) / "run", progress)
    payload = {
        "files": played.files,
        "plan_hash": played.plan_hash,
        "replayed_hash": played.replayed_hash,
        "dose_difference": played.dose_difference,
        "tolerance": DOSE_TOLERANCE,
        "same": played.same,
    }
    dose = "no run recorded" if played.dose_difference is None else f"dose within {played.dose_difference:.1e}"
    same_plan = "the same" if played.plan_hash == played.replayed_hash else "ANOTHER"
    result(
        payload, as_json, [f"{played.files} files unchanged; plan {same_plan} ({played.replayed_hash[:12]}); {dose}"]
    )
    if not played.same:
        raise typer.Exit(EXIT_FAILED)


@app.command("navigate")
@guarded
def navigate(
    source: Source,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes any.")] = 18944,
    case: CaseOption = None,
    address: Annotated[
        str, typer.Option(help="Address to listen on; other machines need this machine's own.")
    ] = "127.0.0.1",
) -> None:
    """Give a treatment to 3D Slicer over OpenIGTLink, until Ctrl-C: planning CT, temperature, CEM43, the source's pose.

    In 3D Slicer: OpenIGTLinkIF, new connector, client, this host and port. Tracked tools are told when they move.

    Example: openhifu export navigate run
    """
    from openhifu.console.exports import gather
    from openhifu.console.navigation import pose_lines, serve

    gathered = gather(source, case)
    server = serve(gathered, port, address)
    say(f"serving {gathered.planned.plan.case} on {address}:{server.port}; stop with Ctrl-C")
    seen: list[str] = []
    try:
        while True:
            time.sleep(0.5)
            here = pose_lines(server)
            for line in here:
                if line not in seen:
                    say(line)
            seen = here
    finally:
        server.close()


@app.command("deidentify")
@guarded
def deidentify(
    source: Annotated[Path, typer.Argument(help="Folder, zip archive or DICOMDIR.", show_default=False)],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to; must be new.")],
    table: Annotated[Path, typer.Option(help="Table of pseudonyms: used if it exists, made otherwise. Keep it apart.")],
    keep_flagged: Annotated[
        bool, typer.Option("--keep-flagged", help="Write images that may show a name, too; look at them first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write DICOM files again without identity (the standard's basic profile), and list what was removed.

    Dates move back by a number of days of each patient's own; identifiers are replaced, always by the same. Images that
    may have a name burned in, and reports, are left out and listed in removed.csv.

    Example: openhifu export deidentify study -o research/study --table safe/pseudonyms.json
    """
    from openhifu.exchange.deidentified_folder import LISTING, deidentify_folder
    from openhifu.exchange.pseudonyms import PseudonymTable

    with progress_bar(as_json) as progress:
        removal = deidentify_folder(source, out, PseudonymTable(table), keep_flagged, progress)
    payload = {
        "out": str(out),
        "actions": [{"what": w, "action": a, "times": n} for (w, a), n in sorted(removal.actions.items())],
        "flagged": [{"file": f, "why": why} for f, why in removal.flagged],
        "left_out": [{"file": f, "why": why} for f, why in removal.left_out],
    }
    lines = [f"wrote {out}; {len(removal.actions)} kinds of element changed, listed in {out / LISTING}"]
    lines += [f"look at {name}: {why}" for name, why in removal.flagged]
    lines += [f"left out {name}: {why}" for name, why in removal.left_out]
    result(payload, as_json, lines)
