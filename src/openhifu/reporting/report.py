"""The treatment report: one PDF with its figures beside it, from a plan, its delivery and where both came from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from openhifu.base.errors import StorageError
from openhifu.base.files import write_whole
from openhifu.base.progress import Progress, silent
from openhifu.model.catalogue import transducer
from openhifu.reporting.cohort import FIBROIDS_2021
from openhifu.reporting.figures import beam, cohort, curves, pose, robust, style, window
from openhifu.reporting.figures.anatomy import Anatomy
from openhifu.reporting.inputs import TARGET, DrawnValue, ReportInput
from openhifu.reporting.numbers import Regions, regions, treatment_numbers
from openhifu.reporting.pages import pictures, provenance, sonications, summary
from openhifu.reporting.pages import robust as robust_page
from openhifu.reporting.pages.blocks import Block, plain
from openhifu.reporting.pages.material import Material
from openhifu.reporting.words import Words, english

__all__ = ["DrawnValue", "ReportInput", "report_content", "write_report"]


def write_report(given: ReportInput, out: Path, words: Words | None = None, progress: Progress = silent) -> Path:
    """Write ``report.pdf`` and ``figures/*.png`` into a folder.

    Everything is made before anything is written, and each file is put in place whole.

    Args:
        given: what to report.
        out: the folder; made if it does not exist, earlier files of these names are replaced.
        words: the catalogue of texts; English if left out.
        progress: told of every figure and of the typesetting.

    Returns:
        The PDF's path.

    Raises:
        UnknownName: if the plan's device is not in the catalogue.
        GeometryError: if the dose grids do not hold the whole target.
        StorageError: if the disk is full or the folder cannot be written; no file is then left half-written.
    """
    material = _material(given, words or english())
    figures: dict[str, bytes] = {}
    wanted = dict(_figures(material))
    for done, (name, draw) in enumerate(wanted.items()):
        progress(material.say("progress.figures"), done / (len(wanted) + 1))
        figures[f"figures/{name}.png"] = style.png(draw)
    progress(material.say("progress.pages"), len(wanted) / (len(wanted) + 1))
    pdf = _typeset(material, figures)
    for name, content in figures.items():
        write_whole(out / name, content)
    write_whole(out / "report.pdf", pdf)
    progress(material.say("progress.pages"), 1.0)
    return out / "report.pdf"


def _material(given: ReportInput, words: Words) -> Material:
    data, plan = given.data, given.plan
    masks = [regions(data, plan, given.planned.cem43.grid)]
    planned = treatment_numbers(data, plan, given.planned, masks=masks[0])
    delivered = None
    if given.delivered is not None:
        masks.append(_masks_again(given, masks[0]))
        delivered = treatment_numbers(data, plan, given.delivered, given.spots, masks[1])
    anatomy = Anatomy(data, plan.target, plan.organs, words)
    return Material(given, transducer(plan.device), planned, delivered, tuple(masks), anatomy, words)


def _masks_again(given: ReportInput, first: Regions) -> Regions:
    """Masks of the delivered dose's grid, which usually is the planned one's."""
    if given.delivered is None or given.delivered.cem43.grid.same_as(first.grid):
        return first
    return regions(given.data, given.plan, given.delivered.cem43.grid)


def _figures(m: Material) -> Iterator[tuple[str, Callable]]:
    """Every figure of the report: its file's stem and how it is drawn."""
    given, plan, words = m.given, m.given.plan, m.words
    stories = curves.told(given.planned, given.delivered)
    yield "cohort", lambda: cohort.strips(m.planned, m.delivered, FIBROIDS_2021, words)
    yield "pose", lambda: pose.overview(m.anatomy, plan, m.device)
    yield "spots", lambda: pose.close_up(m.anatomy, plan)
    if given.window is not None:
        found = given.window
        yield "window", lambda: window.window_map(found, words)
    yield "pressure", lambda: beam.pressure(m.anatomy, plan, given.planned)
    yield "temperature", lambda: beam.temperature(m.anatomy, plan, m.histories)
    yield "dose", lambda: beam.dose(m.anatomy, plan, m.histories)
    yield "temperatures", lambda: curves.temperatures(stories, TARGET, plan.organs, words)
    yield "dose_volume", lambda: curves.dose_volumes(stories, m.masks, plan.organs, words)
    if given.robustness is not None:
        study = given.robustness
        yield "robust", lambda: robust.bands(plan, study, words)


def _blocks(m: Material) -> Iterator[Block]:
    yield from summary.section(m)
    yield from pictures.pose(m)
    yield from pictures.window(m)
    yield from pictures.fields(m)
    yield from pictures.doses(m)
    yield from pictures.curves(m)
    yield from robust_page.section(m)
    yield from sonications.section(m)
    yield from provenance.section(m)


def report_content(given: ReportInput, words: Words | None = None) -> str:
    """Everything the report says, as the JSON that the page template sets; for tests and for other templates."""
    return _content(_material(given, words or english()))


def _content(m: Material) -> str:
    given = m.given
    when = given.generated_at.isoformat(sep=" ", timespec="minutes")
    content = {
        "language": m.words.language,
        "title": m.say("report.title"),
        "subtitle": m.say("report.subtitle", pseudonym=given.data.case.pseudonym, case=given.data.case.name, time=when),
        "program": given.plan.provenance.program,
        "running": m.say("report.running", pseudonym=given.data.case.pseudonym, case=given.data.case.name),
        "generated": m.say("report.generated", time=when),
        "research": m.say("report.research"),
        "plan": m.say("report.plan", hash=given.plan.content_hash[:12]),
        "page": m.say("report.page", page="{page}", pages="{pages}"),
        "blocks": [plain(b) for b in _blocks(m)],
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _typeset(m: Material, figures: dict[str, bytes]) -> bytes:
    """PDF bytes, set in a temporary folder that is gone afterwards; the content travels as data, never as markup."""
    import typst

    template = files("openhifu").joinpath("reporting/report.typ").read_bytes()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for part, content in {"report.typ": template, **figures}.items():
                (folder / part).parent.mkdir(exist_ok=True)
                (folder / part).write_bytes(content)
            return typst.compile(
                folder / "report.typ",
                root=folder,
                font_paths=[style.font_folder()],
                format="pdf",
                sys_inputs={"document": _content(m)},
                timestamp=m.given.generated_at,
            )
    except OSError as error:
        raise StorageError(
            f"cannot stage the report's figures: {error.strerror or error}; free some space in the temporary folder"
        ) from error
