"""``openhifu faults``: treatments on bad days, with the counts that must be zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openhifu.base.errors import OutOfRange
from openhifu.console.terminal import EXIT_FAILED, guarded, progress_bar, result

if TYPE_CHECKING:
    from openhifu.twin.campaign import CampaignReport
    from openhifu.twin.kill_campaign import KillReport
    from openhifu.twin.stop_latency import StopReport

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]

MEANING = {
    "beyond_lease": "output for more than a lease after a fault, stop or crash",
    "unjournalled": "dose delivered and not in the journal",
    "repeated": "dose delivered twice",
    "wrong_ending": "runs that ended as something they were not",
    "journal_damaged": "journals that do not verify",
    "resume_wrong": "resumes that did not deliver exactly the rest",
    "raised": "exceptions that escaped",
}


@guarded
def faults(
    treatments: Annotated[int, typer.Option(min=0, help="Simulated treatments with random faults.")] = 1000,
    kills: Annotated[int, typer.Option(min=0, help="Live treatments killed with kill -9 (2 s each).")] = 0,
    stops: Annotated[int, typer.Option(min=0, help="Live stops under full load, timed (1 s each).")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="First seed; a failing one runs again with --treatments 1.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Deliver on bad days and count what must never happen; exit 1 if it did.

    Example: openhifu faults --treatments 10000 --kills 500 --stops 2000
    """
    if not treatments + kills + stops:
        raise OutOfRange("nothing to do: give a number of --treatments, --kills or --stops")
    payload: dict[str, object] = {}
    lines: list[str] = []
    ok = True
    with progress_bar(as_json) as progress:
        if treatments:
            from openhifu.twin.campaign import run_campaign

            campaign = run_campaign(range(seed, seed + treatments), workers, progress)
            payload["campaign"], ok = campaign.data(), ok and campaign.ok
            lines += _campaign_lines(campaign)
        if kills:
            from openhifu.twin.kill_campaign import run_kills

            killed = run_kills(kills, seed, progress=progress)
            payload["kills"], ok = killed.data(), ok and killed.ok
            lines += _kill_lines(killed)
        if stops:
            from openhifu.twin.stop_latency import measure_stops

            stopped = measure_stops(stops, seed=seed, progress=progress)
            payload["stops"], ok = stopped.data(), ok and stopped.ok
            lines += _stop_lines(stopped)
    result({**payload, "ok": ok}, as_json, lines)
    if not ok:
        raise typer.Exit(EXIT_FAILED)


def _campaign_lines(report: CampaignReport) -> list[str]:
    endings = ", ".join(f"{count} {name}" for name, count in report.endings.items())
    counts = [f"  {report.counts[name]:6d}  {meaning}" for name, meaning in MEANING.items()]
    failures = [f"  seed {f.seed}: {f.sentence} ({', '.join(f.kinds)})" for f in report.failures]
    return [
        f"{report.treatments} treatments from seed {report.first_seed} in {report.seconds:.0f} s: {endings}",
        f"  faults struck in {report.pairs_struck} of {report.pairs_known} pairs of engine state and device call; "
        f"{report.resumed} runs were resumed",
        f"  {report.hard_stops} welded power stages that only the hard stop ends, each reported as such",
        *counts,
        *failures,
    ]


def _kill_lines(report: KillReport) -> list[str]:
    return [
        f"{report.kills} kills of a live engine in {report.seconds:.0f} s, {report.while_firing} during output: silent "
        f"after {report.longest_output:.3f} s at most (lease {report.lease} s); "
        f"{len(report.wrong)} wrong, {report.extra_resumes} resumes cut short and resumed again",
        *(f"  {sentence}" for sentence in report.wrong),
    ]


def _stop_lines(report: StopReport) -> list[str]:
    head = (
        f"stop to silence, ms, with {report.load} busy processes on {report.cores} cores, the engine's thread "
        f"{report.precedence} ({report.seconds:.0f} s)"
    )
    rows = [
        f"  {w.way:10} {w.stops:5d} stops: median {1e3 * w.median:5.1f}, 99 % {1e3 * w.p99:5.1f}, "
        f"99.9 % {1e3 * w.p999:5.1f}, worst {1e3 * w.worst:5.1f}"
        for w in report.ways
    ]
    return [head, *rows, f"  {report.missed} not counted: {report.missed_because}"]
