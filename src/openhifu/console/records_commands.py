"""``openhifu records``: what was done, kept over years."""

from __future__ import annotations

import csv
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from openhifu.base.errors import FormatError, UnknownName
from openhifu.base.files import write_whole
from openhifu.console.terminal import guarded, result

app = typer.Typer(
    no_args_is_help=True,
    help="Cases, plans, approvals, runs and follow-up in a database: SQLite in one file, or PostgreSQL by its address "
    "(--db, or the environment variable OPENHIFU_RECORDS). The files stay the truth; the database is an index of them.",
)

Db = Annotated[str, typer.Option("--db", help="sqlite:///FILE or postgresql://USER@HOST/NAME.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]
Roots = Annotated[list[Path], typer.Argument(help="Folders to look through.", show_default=False)]


@app.command("init")
@guarded
def init(db: Db = "") -> None:
    """Make the database, or bring one of an older version up to date.

    Example: openhifu records init --db sqlite:///clinic.db
    """
    from openhifu.console.archive import database
    from openhifu.records.store import RecordStore

    RecordStore(database(db), make=True).close()
    result({}, False, [f"{database(db)} is ready; record what there is with: openhifu records add FOLDER"])


@app.command("add")
@guarded
def add(roots: Roots, db: Db = "", as_json: AsJson = False) -> None:
    """Record every case, plan, run, follow-up and quality record found under some folders; what is known stays.

    This is also how a lost database is made again from the files.

    Example: openhifu records add cases runs follow-up quality
    """
    from openhifu.console.archive import database, entries_under
    from openhifu.records.store import RecordStore

    count = {"looked at": 0, "new": 0}
    with RecordStore(database(db)) as store:
        for root in roots:
            for _, entries in entries_under(root):
                count["looked at"] += 1
                count["new"] += store.put(*entries)
    result(
        count, as_json, [f"looked at {count['looked at']} cases, plans, runs and findings; {count['new']} new entries"]
    )


@app.command("rebuild")
@guarded
def rebuild(roots: Roots, db: Db = "", as_json: AsJson = False) -> None:
    """Make the database again from the files: like init and add in one. Move a damaged database away first.

    Example: mv clinic.db damaged.db; openhifu records rebuild archive --db sqlite:///clinic.db
    """
    from openhifu.console.archive import database
    from openhifu.records.store import RecordStore

    RecordStore(database(db), make=True).close()
    add(roots, db, as_json)


@app.command("list")
@guarded
def list_runs(db: Db = "", as_json: AsJson = False) -> None:
    """List every run with the first digits of its hash, which `follow-up` asks for, and what was found after it.

    Example: openhifu records list
    """
    from openhifu.console.archive import database
    from openhifu.records.entries import FollowUp, RunEntry
    from openhifu.records.store import RecordStore

    with RecordStore(database(db)) as store:
        runs = store.all(RunEntry)
        found = sorted(store.each(FollowUp), key=lambda f: f.day)
    lines = []
    for r in runs:
        lines.append(
            f"{r.run[:12]}  {r.started}  {'rehearsal' if r.rehearsal else 'treatment'}, {r.ending}, "
            f"{r.sonications} exposures, {r.energy / 1e3:.1f} kJ  {r.folder}"
        )
        lines += [f"    {f.day}  {f.sentence} ({f.person})" for f in found if f.run == r.run]
    payload = {"runs": [r.data() for r in runs], "follow_up": [f.model_dump(mode="json") for f in found]}
    result(payload, as_json, lines or ["nothing is on record"])


@app.command("follow-up")
@guarded
def follow_up(
    run: Annotated[str, typer.Argument(help="Journal hash of the treatment, or the first digits of it.")],
    person: Annotated[str, typer.Option("--as", help="Who says so.")],
    day: Annotated[str, typer.Option(help="When it was found: YYYY-MM-DD.")],
    npv_ml: Annotated[float | None, typer.Option(min=0, help="Non-perfused volume on imaging, mL.")] = None,
    imaged_by: Annotated[str, typer.Option(help="How it was imaged, e.g. contrast-enhanced MRI.")] = "",
    sir: Annotated[str, typer.Option(help="SIR class of an adverse event: A to F.")] = "",
    score: Annotated[float | None, typer.Option(help="Symptom score, in the questionnaire's points.")] = None,
    questionnaire: Annotated[str, typer.Option(help="Which one, e.g. 'UFS-QOL symptom severity'.")] = "",
    words: Annotated[str, typer.Option(help="In words.")] = "",
    files: Annotated[Path, typer.Option(help="Folder in which the finding is kept as a file, too.")] = Path("archive"),
    db: Db = "",
) -> None:
    """Record one finding after a treatment: non-perfused volume, adverse event or symptom score.

    Example: openhifu records follow-up 3fa9 --as "Dr Li" --day 2026-03-01 --npv-ml 82 --imaged-by "CE-MRI"
    """
    from openhifu.console.archive import database, filed
    from openhifu.records.entries import FollowUp, RunEntry
    from openhifu.records.store import RecordStore

    given = [npv_ml is not None, bool(sir), score is not None]
    if sum(given) != 1:
        raise FormatError("one finding at a time: give --npv-ml, or --sir, or --score")
    with RecordStore(database(db)) as store:
        hashes = [r.run for r in store.each(RunEntry)]
        found = [h for h in hashes if h.startswith(run)]
        if len(found) != 1:
            raise UnknownName("treatment on record", run, [h[:12] for h in hashes])
        data = {
            "what": "npv" if given[0] else "adverse event" if given[1] else "symptom score",
            "run": found[0],
            "day": _day(day),
            "person": person,
            "volume": None if npv_ml is None else npv_ml * 1e-6,
            "modality": imaged_by,
            "sir_class": sir or None,
            "score": score,
            "instrument": questionnaire,
            "words": words,
        }
        entry = FollowUp.from_data(data, "the finding")
        file = filed(entry, files)
        store.put(entry)
    result({}, False, [f"recorded {entry.what} of {entry.day}; kept in {file}"])


@app.command("verify")
@guarded
def verify(db: Db = "", as_json: AsJson = False) -> None:
    """Check the database and every entry in it; exit 2 if something was damaged or changed from outside.

    Example: openhifu records verify
    """
    from openhifu.console.archive import KINDS, database
    from openhifu.records.store import RecordStore

    with RecordStore(database(db)) as store:
        counts = store.verify(KINDS)
    result(counts, as_json, [f"{kind}: {count} entries, all as they were written" for kind, count in counts.items()])


@app.command("backup")
@guarded
def backup(file: Annotated[Path, typer.Argument(help="File to write; must be new.")], db: Db = "") -> None:
    """Write every entry to one file, whole or not at all.

    Example: openhifu records backup clinic-2026-03-01.jsonl
    """
    from openhifu.console.archive import KINDS, database
    from openhifu.records.backup import write_backup
    from openhifu.records.store import RecordStore

    with RecordStore(database(db)) as store:
        count = write_backup(store, KINDS, file)
    result({}, False, [f"wrote {count} entries to {file}"])


@app.command("restore")
@guarded
def restore(file: Annotated[Path, typer.Argument(help="A backup.")], db: Db = "") -> None:
    """Fill an empty database from a backup, of SQLite or PostgreSQL alike.

    Example: openhifu records restore clinic-2026-03-01.jsonl --db postgresql://hifu@localhost/clinic
    """
    from openhifu.console.archive import KINDS, database
    from openhifu.records.backup import restore_backup
    from openhifu.records.store import RecordStore

    with RecordStore(database(db), make=True) as store:
        count = restore_backup(store, KINDS, file)
    result({}, False, [f"restored {count} entries into {database(db)}"])


@app.command("cohort")
@guarded
def cohort(
    db: Db = "",
    rehearsals: Annotated[bool, typer.Option("--rehearsals", help="Count rehearsals, too.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder for cohort.csv and cohort.png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Treatments side by side: energy per volume, ablated share, time by target size, against published medians.

    Example: openhifu records cohort --rehearsals -o cohort
    """
    from openhifu.console.archive import database
    from openhifu.records.cohort import cohort as rows_of
    from openhifu.records.cohort import cohort_csv
    from openhifu.records.store import RecordStore
    from openhifu.reporting.cohort import FIBROIDS_2021
    from openhifu.reporting.follow_figures import CohortPoint, cohort_figure

    with RecordStore(database(db)) as store:
        rows = rows_of(store, rehearsals)
    table = cohort_csv(rows).decode()
    beside = FIBROIDS_2021
    low, high = beside.npv_ratio_range
    published = [
        "figure,median,lower_quartile,upper_quartile,treatments,source",
        f"published npv_ratio,{beside.npv_ratio:g},{low:g},{high:g},{beside.treatments},{beside.source}",
        f"published eef_j_per_mm3,{beside.eef * 1e-9:g},,,{beside.treatments},{beside.source}",
    ]
    lines = table.splitlines() if rows else ["no treatment with computed fields is on record"]
    if out is not None and rows:
        write_whole(out / "cohort.csv", table.encode())
        write_whole(out / "published.csv", "".join(f"{line}\n" for line in published).encode())
        points = [
            CohortPoint(
                1e6 * r.target_volume,
                None if r.eef is None else r.eef * 1e-9,
                r.npv_ratio if r.imaged_ratio is None else r.imaged_ratio,
                r.duration / 60,
                r.imaged_npv is not None,
            )
            for r in rows
        ]
        lines.append(f"wrote {out / 'cohort.csv'} and {cohort_figure(points, out / 'cohort.png')}")
    head, *body = csv.reader(table.splitlines())
    payload = {"treatments": [dict(zip(head, row, strict=True)) for row in body], "published": asdict(beside)}
    result(payload, as_json, [*lines, *published[1:]] if rows else lines)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FormatError(f"{text!r} is no day; give YYYY-MM-DD") from error
