"""The commands from plan to report: ``plan``, ``check``, ``rehearse``, ``approve``, ``treat``, ``report``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openhifu.base.outcome import Ending, Verdict
from openhifu.console.terminal import EXIT_FAILED, guarded, progress_bar, result, say
from openhifu.model.plan import Finding, TreatmentPlan

if TYPE_CHECKING:
    from openhifu.console.monitors import Monitors
    from openhifu.console.runs import Run
    from openhifu.model.plan import Approval
    from openhifu.planning.make import Planned

CasePath = Annotated[Path, typer.Argument(metavar="CASE", help="Case folder.", show_default=False)]
PlanPath = Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file.", show_default=False)]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the simulated patient and machine.")]
Operator = Annotated[
    str | None,
    typer.Option(help="Your name, to run it yourself: live status, stop by s, space or Esc, questions by number."),
]
Pace = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        max=1000.0,
        help="With --operator: simulated seconds per second at most (10 if not given); questions wait 10 real minutes.",
    ),
]
Thermometer = Annotated[
    str, typer.Option(help="plain (truth in 2 mm with noise), or mr (PRF thermometry of simulated phase images).")
]
Cavitation = Annotated[
    float | None,
    typer.Option(min=0.1, help="Listen for bubbles on simulated receive traces; they collapse at and above this [W]."),
]
Navigate = Annotated[
    str,
    typer.Option(metavar="[ADDRESS:]PORT", help="Where 3D Slicer sees plan and live temperature (OpenIGTLink)."),
]
_PACE = 10.0  # simulated seconds per second for a person, where none is asked
_MARKS = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.ERROR: "ERROR  "}


def finding_lines(findings: tuple[Finding, ...]) -> list[str]:
    """One line a check: verdict, what was found, limit and source, remedy."""
    lines = []
    for f in findings:
        lines.append(f"{_MARKS[f.verdict]} {f.check}: {f.sentence} [{_limit(f)}, {f.source}]")
        if f.remedy:
            lines.append(f"        what would help: {f.remedy}")
    return lines


def _limit(finding: Finding) -> str:
    """Limit and what is left of it."""
    left = f"{'margin' if finding.margin >= 0 else 'missed by'} {abs(finding.margin):.3g}"
    unit = "" if finding.unit == "1" else f" {finding.unit}"
    return f"limit {finding.limit:.4g}{unit}, {left}"


def _seconds(plan: TreatmentPlan) -> str:
    """How long exposures last, or between what."""
    least, most = (f"{of(s.on_time for s in plan.sonications):.0f}" for of in (min, max))
    return least if least == most else f"{least} to {most}"


def plan_summary(plan: TreatmentPlan) -> list[str]:
    """A plan in a few lines."""
    p = plan.prediction
    powers = [s.acoustic_power for s in plan.sonications]
    return [
        f"plan {plan.content_hash[:12]} of case {plan.case} for {plan.device} no. {plan.serial}",
        f"{len(powers)} sonications of {_seconds(plan)} s at {min(powers):.0f} to {max(powers):.0f} W",
        f"expected: {100 * p.coverage:.1f} % of {1e6 * p.target_volume:.2f} mL over CEM43 "
        f"{plan.prescription.goal_cem43:.0f} min, hottest {p.peak_temperature:.0f} degC, {p.energy / 1e3:.1f} kJ, "
        f"{p.treatment_time / 60:.0f} min",
        *(r.sentence for r in plan.certificate),
    ]


@guarded
def plan(
    case: CasePath,
    out: Annotated[Path, typer.Option("-o", "--out", help="Plan file to write.")] = Path("plan.json"),
    device: Annotated[str, typer.Option(help="Another device of the catalogue than the case names.")] = "",
    as_json: AsJson = False,
) -> None:
    """Plan a case: pose, spots, fields, powers, pauses, prediction, checks. Exit 1 if a check is in error.

    Example: openhifu plan cases/liver -o liver.json
    """
    from openhifu.console.plan_files import save_planned
    from openhifu.console.planning import plan_case

    with progress_bar(as_json) as progress:
        planned = plan_case(case, device, progress)
    save_planned(planned, out)
    made = planned.plan
    lines = [*plan_summary(made), *finding_lines(made.findings), f"wrote {out}"]
    result({"plan": str(out), "hash": made.content_hash, **made.data()}, as_json, lines)
    if made.errors:
        raise typer.Exit(EXIT_FAILED)


@guarded
def check(plan_file: PlanPath, as_json: AsJson = False) -> None:
    """Every limit of a plan: value, limit, margin, source, what would help; and its band. Exit 1 if one is in error.

    Example: openhifu check liver.json        (the band is there after: openhifu robust liver.json)
    """
    from openhifu.console.plan_files import load_plan
    from openhifu.console.robustness import band_lines, influence_lines, robustness_beside
    from openhifu.model.band import band_findings

    made = load_plan(plan_file)
    found = robustness_beside(plan_file, made)
    bands = () if found is None else band_findings(made, found)
    payload = {
        "plan": str(plan_file),
        "hash": made.content_hash,
        "findings": [{**f.data(), "margin": f.margin} for f in made.findings],
        "band": [{**f.data(), "margin": f.margin} for f in bands],
        "robustness": None if found is None else found.data(),
    }
    spread = [f"no band: how the figures spread is not studied; openhifu robust {plan_file}"]
    if found is not None:
        spread = [*band_lines(found), *influence_lines(found), *finding_lines(bands)]
    result(payload, as_json, [*plan_summary(made), *finding_lines(made.findings), *made.unmet, *spread])
    if made.errors or any(f.verdict is Verdict.ERROR for f in bands):
        raise typer.Exit(EXIT_FAILED)


def _run_lines(run: Any) -> list[str]:
    ending, sentence = run.ending
    spots = run.spots
    return [
        f"{ending}: {sentence}",
        f"{len(spots)} sonications, {sum(s.energy for s in spots) / 1e3:.1f} kJ; journal {run.journal.last_hash[:12]}",
        f"run folder {run.folder}",
    ]


def _finished(run: Any, as_json: bool) -> None:
    ending, sentence = run.ending
    payload = {
        "run": str(run.folder),
        "ending": ending.value,
        "sentence": sentence,
        "sonications": len(run.spots),
        "energy_j": sum(s.energy for s in run.spots),
        "journal_hash": run.journal.last_hash,
        "journal_intact": run.journal.intact,
    }
    result(payload, as_json, _run_lines(run))
    if ending is not Ending.COMPLETED:
        raise typer.Exit(EXIT_FAILED)


@guarded
def rehearse(
    plan_file: PlanPath,
    out: Annotated[Path, typer.Option("-o", "--out", help="Run folder to make.")] = Path("rehearsal"),
    seed: Seed = 1,
    operator: Operator = None,
    pace: Pace = None,
    thermometer: Thermometer = "plain",
    cavitation: Cavitation = None,
    navigate: Navigate = "",
    as_json: AsJson = False,
) -> None:
    """Run a plan on a simulated machine and a simulated patient with tissue of their own. Ctrl-C is the stop button.

    Example: openhifu rehearse liver.json -o rehearsal --seed 7        openhifu rehearse liver.json --operator Ada

    Seen in 3D Slicer while it runs: openhifu rehearse liver.json --navigate 18944
    """
    from openhifu.console.monitors import watched_by
    from openhifu.console.plan_files import load_planned

    watched = watched_by(thermometer, cavitation)
    _finished(_run(load_planned(plan_file), out, seed, None, operator, pace, as_json, watched, navigate), as_json)


def _run(
    planned: Planned,
    out: Path,
    seed: int,
    approval: Approval | None,
    operator: str | None,
    pace: float | None,
    as_json: bool,
    monitors: Monitors,
    navigate: str,
    in_force: Callable[[], None] = lambda: None,
) -> Run:
    """Rehearse or treat: by itself behind a bar, or with a person at the keys; shown to navigation if asked."""
    from contextlib import nullcontext
    from dataclasses import replace

    from openhifu.base.errors import OutOfRange
    from openhifu.console.exports import Gathered
    from openhifu.console.navigation import live_navigation
    from openhifu.console.rehearsal import rehearse as deliver

    if operator is None and pace is not None:
        raise OutOfRange(f"a pace of {pace:g} is for a person who watches; give --operator NAME too, or no --pace")
    shown = live_navigation(Gathered(planned, None), navigate, say) if navigate else nullcontext()
    if operator is None:
        with shown as imaged, progress_bar(as_json) as progress:
            watched = replace(monitors, imaged=imaged)
            return deliver(planned, out, seed, approval, progress=progress, monitors=watched, in_force=in_force)
    from openhifu.console.attended import attended_run

    exposures = len(planned.plan.sonications)
    with shown as imaged, attended_run(operator, exposures, pace or _PACE) as (attended, progress):
        watched = replace(monitors, imaged=imaged)
        return deliver(
            planned,
            out,
            seed,
            approval,
            progress=progress,
            attended=attended,
            monitors=watched,
            in_force=in_force,
        )


@guarded
def approve(
    plan_file: PlanPath,
    person: Annotated[str, typer.Option("--as", help="Who approves.")],
    rehearsal: Annotated[Path, typer.Option(help="Run folder of a completed rehearsal of exactly this plan.")],
    role: Annotated[str, typer.Option(help="In which role.")] = "physician",
    despite: Annotated[
        str, typer.Option(help="Why it is approved without a robustness study, or over a limit of its band.")
    ] = "",
) -> None:
    """Sign the hash of exactly this plan: free of errors, rehearsed, and its band (openhifu robust) within limits.

    Example: openhifu approve liver.json --as "Dr Chen" --rehearsal rehearsal
    """
    from openhifu.base.files import write_whole
    from openhifu.console.plan_files import load_plan
    from openhifu.console.robustness import robustness_beside
    from openhifu.console.runs import JOURNAL
    from openhifu.delivery.authorisation import ReasonWanted
    from openhifu.delivery.authorisation import approve as sign
    from openhifu.delivery.journal import read_journal

    made = load_plan(plan_file)
    now = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    meaning = f"I have read the plan, its {len(made.warnings)} warnings and the rehearsal, and approve this plan."
    studied = robustness_beside(plan_file, made)
    try:
        signed = sign(made, read_journal(rehearsal / JOURNAL), person, role, now, meaning, studied, despite)
    except ReasonWanted as error:
        raise ReasonWanted(f"{error} (--despite REASON)") from error
    target = approval_file(plan_file)
    write_whole(target, signed.to_document().encode())
    say(f"{person} approves plan {made.content_hash[:12]}; wrote {target}")
    if signed.despite:
        say(f"despite: {signed.despite}")


def approval_file(plan_file: Path) -> Path:
    """Where the approval of a plan file lies."""
    return plan_file.with_name(f"{plan_file.name.removesuffix('.json')}.approval.json")


@guarded
def treat(
    plan_file: PlanPath,
    out: Annotated[Path, typer.Option("-o", "--out", help="Run folder to make.")] = Path("treatment"),
    seed: Seed = 1,
    quality_limits: Annotated[
        Path | None,
        typer.Option(
            help="The site's limits: arm only while the calibration in force on record is the plan's.",
            envvar="OPENHIFU_QUALITY_LIMITS",
        ),
    ] = None,
    db: Annotated[str, typer.Option("--db", help="Database of the quality records, with --quality-limits.")] = "",
    operator: Operator = None,
    pace: Pace = None,
    thermometer: Thermometer = "plain",
    cavitation: Cavitation = None,
    navigate: Navigate = "",
    as_json: AsJson = False,
) -> None:
    """Deliver an approved plan on the simulated device, by itself or with you at the keys. Ctrl-C is the stop button.

    Example: openhifu treat liver.json -o treatment        openhifu treat liver.json --operator Ada --pace 1

    With quality records: openhifu treat liver.json --quality-limits limits.toml
    """
    from openhifu.base.errors import NotApproved
    from openhifu.base.files import read_text
    from openhifu.console.calibration import arming_check
    from openhifu.console.monitors import watched_by
    from openhifu.console.plan_files import load_planned
    from openhifu.model.plan import Approval

    file = approval_file(plan_file)
    if not file.exists():
        raise NotApproved(
            f"{plan_file} has no approval beside it; sign it with: openhifu approve {plan_file} --as NAME"
        )
    approval = Approval.from_document(read_text(file, "approval"), str(file))
    planned = load_planned(plan_file)
    if approval.plan_hash != planned.plan.content_hash:
        raise NotApproved(f"{file} approves plan {approval.plan_hash[:12]}, not this one; approve this plan")
    in_force = arming_check(planned.plan, quality_limits, db)
    in_force()  # now already, so that nobody lies down for nothing
    watched = watched_by(thermometer, cavitation)
    _finished(_run(planned, out, seed, approval, operator, pace, as_json, watched, navigate, in_force), as_json)


@guarded
def report(
    run_folder: RunPath,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder for the report; default: RUN.")] = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Plan file with its robustness study beside it, to report its band.")
    ] = None,
) -> None:
    """Write the PDF report of a run, whether it completed, was stopped or was cut off.

    Example: openhifu report rehearsal        openhifu report rehearsal --plan liver.json   (with the plan's band)
    """
    from openhifu.base.errors import FileProblem
    from openhifu.console.reports import report_of_run
    from openhifu.console.robustness import robustness_beside
    from openhifu.console.runs import load_run

    run = load_run(run_folder)
    study = None if plan_file is None else robustness_beside(plan_file, run.planned.plan)
    if plan_file is not None and study is None:
        raise FileProblem(f"{plan_file} has no robustness study beside it; make one with: openhifu robust {plan_file}")
    with progress_bar(False) as progress:
        written = report_of_run(run, out or run_folder, progress, study)
    say(f"wrote {written}")
