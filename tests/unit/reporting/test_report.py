"""The report: every section, with and without its optional parts, for any name, and whole or not at all."""

from __future__ import annotations

import errno
import io
import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typst
from matplotlib.image import imread

import openhifu.reporting
from openhifu.base.errors import InputError, OutOfRange, StorageError, Tampered
from openhifu.base.outcome import Ending, Verdict
from openhifu.model.plan import Finding
from openhifu.reporting.figures.style import font_folder
from openhifu.reporting.report import ReportInput, report_content, write_report
from openhifu.reporting.words import Words, english

FIGURES = {
    "cohort",
    "dose",
    "dose_volume",
    "pose",
    "pressure",
    "spots",
    "temperature",
    "temperatures",
    "window",
}
HEADINGS = (
    "summary.heading",
    "pose.heading",
    "window.heading",
    "fields.heading",
    "dose.heading",
    "curves.heading",
    "robust.heading",
    "sonications.heading",
    "provenance.heading",
)
PSEUDONYM = '#P$_{x}$ *0042* <b> \\ "q" @ref [y] $5 `c` = µ é'


@pytest.fixture(scope="module")
def written(given: ReportInput, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    told: list[float] = []
    path = write_report(given, folder, progress=lambda stage, fraction: told.append(fraction))
    assert told == sorted(told) and told[-1] == 1.0
    return path


@pytest.fixture(scope="module")
def content(given: ReportInput) -> dict[str, Any]:
    return json.loads(report_content(given))


def bare(given: ReportInput) -> ReportInput:
    """A plan that was never approved, rehearsed or delivered."""
    return replace(
        given,
        approval=None,
        delivered=None,
        spots=(),
        ending=None,
        ending_sentence="",
        window=None,
        drawn=(),
        seed=None,
        journal_hash="",
        warnings=(),
    )


def texts(node: Any) -> list[str]:
    """Every string of the content."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        return [t for value in node.values() for t in texts(value)]
    return [t for value in node for t in texts(value)] if isinstance(node, list) else []


def table(content: dict[str, Any], head: str) -> list[list[str]]:
    """Rows of the first table that has a column of that head."""
    for block in content["blocks"]:
        if block["kind"] == "table" and head in [c["head"] for c in block["columns"]]:
            return [row["cells"] for row in block["rows"]]
    raise AssertionError(head)


def test_the_report_and_its_figures_are_there(written: Path) -> None:
    assert written.name == "report.pdf"
    assert written.read_bytes().startswith(b"%PDF-")
    figures = list((written.parent / "figures").iterdir())
    assert {f.stem for f in figures} == FIGURES
    for file in figures:
        drawn = imread(io.BytesIO(file.read_bytes()))[..., :3]
        assert drawn.shape[1] > 1400, file.name
        assert drawn.std() > 0.08, file.name
        rim = np.concatenate([drawn[:2].ravel(), drawn[-2:].ravel(), drawn[:, :2].ravel(), drawn[:, -2:].ravel()])
        assert np.all(rim == 1.0), f"{file.name} reaches its edge: something is cut off"


def test_every_section_is_there_in_order(content: dict[str, Any]) -> None:
    headings = [b["text"] for b in content["blocks"] if b["kind"] == "heading"]
    assert headings == [english().say(key) for key in HEADINGS]
    assert content["research"] == english().say("report.research")
    assert {b["path"] for b in content["blocks"] if b["kind"] == "picture"} == {f"figures/{n}.png" for n in FIGURES}


def test_every_page_is_set_without_complaint(written: Path, given: ReportInput) -> None:
    template = Path(openhifu.reporting.__file__).parent / "report.typ"
    (written.parent / "report.typ").write_bytes(template.read_bytes())
    pages, warnings = typst.compile_with_warnings(
        written.parent / "report.typ",
        root=written.parent,
        font_paths=[font_folder()],
        ignore_system_fonts=True,
        format="png",
        ppi=40,
        sys_inputs={"document": report_content(given)},
    )
    assert warnings == []
    assert isinstance(pages, list) and 9 <= len(pages) <= 14
    for page in pages:
        assert isinstance(page, bytes)
        drawn = imread(io.BytesIO(page))[..., :3]
        assert drawn.std() > 0.02
        assert np.all(drawn[:, :20] == 1.0) and np.all(drawn[:, -20:] == 1.0), "something runs over the page's margin"


def test_numbers_are_told_as_computed(content: dict[str, Any], given: ReportInput) -> None:
    rows = {row[0]: row[1:] for row in table(content, english().say("head.quantity"))}
    assert rows[english().say("number.energy")][0] == f"{given.plan.energy / 1e3:.1f}"
    assert rows[english().say("number.energy")][1] == f"{sum(s.energy for s in given.spots) / 1e3:.1f}"
    assert rows[english().say("number.sonications")][:2] == ["39", "39"]
    organs = {row[0]: row for row in table(content, english().say("head.organ"))}
    assert organs["cartilage"][2:5] == ["–", "–", "–"]
    assert float(organs["ribs"][2]) > float(organs["ribs"][5]) > 0


def test_every_finding_is_told_in_full(content: dict[str, Any], given: ReportInput) -> None:
    said = " ".join(texts(content))
    for finding in given.plan.findings:
        assert finding.sentence[1:] in said
        assert finding.source in said
    assert "Watch" not in said and "watch the measured temperature of bone." in said
    assert given.plan.unmet[0][1:] in said
    assert given.warnings[0][1:] in said


def test_an_error_stands_first(given: ReportInput) -> None:
    burnt = Finding(
        check="rib dose",
        verdict=Verdict.ERROR,
        sentence="the ribs reach 68 degC",
        value=3162.0,
        limit=16.0,
        unit="min",
        source="a table",
        remedy="switch off the elements in the ribs' shadow",
    )
    plan = given.plan.model_copy(update={"findings": (*given.plan.findings, burnt)})
    planned = replace(given.planned, plan_hash=plan.content_hash)
    blocks = json.loads(report_content(replace(bare(given), plan=plan, planned=planned)))["blocks"]
    assert blocks[0]["tone"] == "error" and blocks[0]["title"] == english().say("verdict.errors")
    callouts = [b for b in blocks if b["kind"] == "callout"]
    assert callouts[1]["title"].endswith("rib dose") and "3162" in callouts[1]["lines"][1]


@pytest.mark.parametrize("ending", list(Ending))
def test_endings_are_told_apart(given: ReportInput, ending: Ending) -> None:
    first = json.loads(report_content(replace(given, ending=ending)))["blocks"][0]
    assert ending.value in first["title"]
    assert (first["tone"] == "ok") is (ending is Ending.COMPLETED)


def test_spots_are_told_beside_their_plan(content: dict[str, Any], given: ReportInput) -> None:
    rows = table(content, english().say("head.power_planned"))
    assert len(rows) == len(given.plan.sonications) + 1
    assert rows[7][-1] == "interlock" and rows[7][9] == "12.0"
    assert rows[3][11] == "–"
    assert rows[-1][6] == f"{given.plan.energy:.0f}"


def test_a_sonication_given_twice_takes_two_rows_and_one_not_given_says_so(given: ReportInput) -> None:
    spots = (given.spots[0], *given.spots[:5])
    content = json.loads(report_content(replace(given, spots=spots)))
    rows = table(content, english().say("head.power_planned"))
    assert rows[0][0] == "1" and rows[1][0] == "" and rows[1][8] == rows[0][8]
    assert rows[-2][-1] == english().say("sonications.not_delivered")


def test_tissue_values_have_their_sources(content: dict[str, Any]) -> None:
    tables = next(b for b in content["blocks"] if b["kind"] == "pairs")["tables"]
    sources = next(b for b in content["blocks"] if b["kind"] == "listing")["lines"]
    rows = {t["rows"][0]["cells"][0]: t["rows"][1:] for t in tables}
    assert "Liver" in rows and all(len(r) == 10 for r in rows.values())
    for row in (cells["cells"] for table in rows.values() for cells in table):
        assert 1 <= int(row[-1]) <= len(sources)
    perfusion = next(r["cells"] for r in rows["Liver"] if r["cells"][0] == english().say("property.perfusion"))
    assert perfusion[1] == "860" and perfusion[3] == "mL/min/kg"


def test_a_plan_alone_is_reported(given: ReportInput, tmp_path: Path) -> None:
    alone = bare(given)
    path = write_report(alone, tmp_path)
    assert path.read_bytes().startswith(b"%PDF-")
    assert {f.stem for f in (tmp_path / "figures").iterdir()} == FIGURES - {"window"}
    said = texts(json.loads(report_content(alone)))
    for key in ("verdict.not_delivered", "window.absent", "provenance.nothing_drawn", "fact.not_approved"):
        assert english().say(key) in said


def test_a_name_of_markup_is_only_a_name(given: ReportInput, tmp_path: Path) -> None:
    case = given.data.case.model_copy(update={"pseudonym": PSEUDONYM})
    named = replace(bare(given), data=replace(given.data, case=case))
    assert write_report(named, tmp_path).stat().st_size > 100_000
    assert PSEUDONYM in texts(json.loads(report_content(named)))


def test_another_language_replaces_every_text(given: ReportInput) -> None:
    """With every text of the catalogue marked, every heading, caption, label and column of the report is marked."""
    marked = Words("xx", {key: f"¤{text}" for key, text in english().texts.items()})
    content = json.loads(report_content(given, marked))
    assert content["language"] == "xx"
    shown = [content[key] for key in ("title", "research", "page", "plan", "generated")]
    for block in content["blocks"]:
        shown += [block[key] for key in ("caption", "title", "alt") if key in block]
        shown += [block["text"]] if block["kind"] in ("heading", "subheading") else []
        tables = block["tables"] if block["kind"] == "pairs" else [block]
        shown += [c["head"] for t in tables for c in t.get("columns", [])]
        shown += [row[0] for row in block["rows"] if not block["label"] == 24.0] if block["kind"] == "facts" else []
    assert len(shown) > 100
    assert [s for s in shown if "¤" not in s] == []


def test_a_full_disk_leaves_no_report(given: ReportInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_report(bare(given), tmp_path)
    assert [f for f in tmp_path.rglob("*") if f.is_file()] == []


def test_what_does_not_belong_together_is_refused(given: ReportInput) -> None:
    with pytest.raises(Tampered, match="planned belongs to plan"):
        replace(given, planned=replace(given.planned, plan_hash="0" * 64))
    with pytest.raises(Tampered, match="approval belongs to plan"):
        assert given.approval is not None
        replace(given, approval=given.approval.model_copy(update={"plan_hash": "0" * 64}))
    with pytest.raises(InputError, match="the plan is for case 'phantom'"):
        replace(given, data=replace(given.data, case=given.data.case.model_copy(update={"name": "other"})))
    with pytest.raises(OutOfRange, match="sonication 99"):
        replace(given, spots=(given.spots[0].model_copy(update={"index": 99}),))
    with pytest.raises(OutOfRange, match="offset"):
        replace(given, generated_at=datetime(2026, 11, 21))
    curves = replace(given.planned.curves, hottest={})
    with pytest.raises(InputError, match="no temperature curve"):
        replace(given, planned=replace(given.planned, curves=curves))
