"""The treatment as a Structured Report: what was planned and delivered, every exposure with its numbers and units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openhifu.base.vectors import Vector
from openhifu.exchange.parametric import SCHEME
from openhifu.exchange.study import MAKER, Study, program_version


@dataclass(frozen=True)
class Number:
    """One measured or computed number of a report.

    Attributes:
        word: short code, upper case.
        meaning: what it is, for people.
        value: in ``unit``.
        unit: UCUM code.
    """

    word: str
    meaning: str
    value: float
    unit: str


@dataclass(frozen=True)
class SpotLine:
    """One exposure of the spot table.

    Attributes:
        index: of the sonication, from 0.
        focus: m, patient LPS.
        numbers: power, time, energy, temperature.
        ending: how it ended, or "planned".
    """

    index: int
    focus: Vector
    numbers: tuple[Number, ...]
    ending: str


@dataclass(frozen=True)
class TreatmentText:
    """What the report says.

    Attributes:
        title: e.g. "rehearsal on the simulated device".
        lines: facts as (word, meaning, text): case, device, hashes, approval, ending.
        numbers: of the whole treatment.
        spots: the spot table.
        findings: sentences of warnings and errors of the plan.
    """

    title: str
    lines: tuple[tuple[str, str, str], ...]
    numbers: tuple[Number, ...]
    spots: tuple[SpotLine, ...]
    findings: tuple[str, ...]


def structured_report(text: TreatmentText, study: Study, evidence: list[Any], number: int) -> Any:
    """A Comprehensive SR of a treatment; older archives do not pass on the three-dimensional kind.

    Args:
        text: what it says.
        study: of the export.
        evidence: objects of the same study that it rests on: the planning CT, structures, maps.
        number: of the series.
    """
    import highdicom as hd

    root = _container(("28570-0", "LN", "Procedure note"), root=True)
    children = [_text("TITLE", "Title", text.title)]
    children += [_text(*line) for line in text.lines if line[2]]
    if text.findings:
        findings = _container(("FINDINGS", SCHEME, "Findings of the plan's checks"))
        findings.ContentSequence = hd.sr.ContentSequence([_text("FINDING", "Finding", f) for f in text.findings])
        children.append(findings)
    whole = _container(("TREATMENT", SCHEME, "Whole treatment"))
    whole.ContentSequence = hd.sr.ContentSequence([_number(n) for n in text.numbers])
    table = _container(("SPOTS", SCHEME, "Spot table"))
    table.ContentSequence = hd.sr.ContentSequence([_spot(spot) for spot in text.spots])
    root.ContentSequence = hd.sr.ContentSequence([*children, whole, table])
    return hd.sr.ComprehensiveSR(
        evidence=evidence,
        content=root,
        series_instance_uid=study.uid("report"),
        series_number=number,
        sop_instance_uid=study.uid("report", 0),
        instance_number=1,
        manufacturer=MAKER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        record_evidence=True,
        manufacturer_model_name=MAKER,
        software_versions=program_version(),
        device_serial_number="0",
        series_description="Treatment report",
    )


def _spot(spot: SpotLine) -> Any:
    import highdicom as hd

    item = _container(("SPOT", SCHEME, f"Exposure {spot.index + 1}"))
    axes = zip(("X", "Y", "Z"), ("left", "back", "head"), spot.focus, strict=True)
    place = [Number(f"FOCUS_{axis}", f"Focus towards the {side}, patient LPS", 1e3 * v, "mm") for axis, side, v in axes]
    numbers = [_number(n) for n in (*place, *spot.numbers)]
    item.ContentSequence = hd.sr.ContentSequence([*numbers, _text("ENDING", "Ending", spot.ending)])
    return item


def _code(word: str, meaning: str) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(word, SCHEME, meaning[:64])


def _container(code: tuple[str, str, str], root: bool = False) -> Any:
    import highdicom as hd

    return hd.sr.ContainerContentItem(
        name=hd.sr.CodedConcept(*code),
        is_content_continuous=False,
        relationship_type=None if root else hd.sr.RelationshipTypeValues.CONTAINS,
    )


def _text(word: str, meaning: str, value: str) -> Any:
    import highdicom as hd

    return hd.sr.TextContentItem(
        name=_code(word, meaning), value=value, relationship_type=hd.sr.RelationshipTypeValues.CONTAINS
    )


_UNIT_WORDS = {
    "mm": "millimeter",
    "W": "watt",
    "s": "second",
    "J": "joule",
    "kJ": "kilojoule",
    "min": "minute",
    "Cel": "degree Celsius",
    "mL": "milliliter",
    "%": "percent",
    "J/mm3": "joule per cubic millimeter",
    "1": "no units",
}


def _number(number: Number) -> Any:
    import highdicom as hd

    return hd.sr.NumContentItem(
        name=_code(number.word, number.meaning),
        value=float(f"{number.value:.10g}"),
        unit=hd.sr.CodedConcept(number.unit, "UCUM", _UNIT_WORDS[number.unit]),
        relationship_type=hd.sr.RelationshipTypeValues.CONTAINS,
    )
