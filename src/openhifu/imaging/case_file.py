"""The file ``case.toml``: a case in clinical units, for people, and the ``Case`` record it stands for."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import Any, Self, TypeVar

from pydantic import ValidationError

from openhifu.base.errors import FormatError
from openhifu.base.record import explain
from openhifu.imaging.sections import (
    TARGET_SECTIONS,
    CalibrationSection,
    ImagesSection,
    OrganSection,
    PrescriptionSection,
    SiteSection,
    TargetSection,
    Text,
    ThresholdsSection,
    organ_of,
)
from openhifu.imaging.toml_text import toml_of
from openhifu.imaging.units_in_files import Section, decimals
from openhifu.model.case import Case

S = TypeVar("S", bound=Section)

SCHEMA = 1
"""Version of the file's form; raised whenever keys change their set or their meaning."""

HEADER = """\
# A case of OpenHIFU. Lengths in mm (patient LPS: x to the left, y to the back, z to the head), temperatures in degC,
# CEM43 in minutes, powers in W; each key ends in its unit. Check it after editing: openhifu case check FOLDER
"""


class CaseFile(Section):
    """A whole ``case.toml`` but for its schema number."""

    name: Text
    pseudonym: Text
    device: Text
    background: Text
    notes: Text = ""
    images: ImagesSection
    target: TargetSection
    prescription: PrescriptionSection
    site: SiteSection
    thresholds: ThresholdsSection
    label_tissues: dict[str, Text]
    organ: tuple[OrganSection, ...]
    ct_calibration: tuple[CalibrationSection, ...] | None = None

    @classmethod
    def of(cls, case: Case, images: ImagesSection) -> Self:
        """The file that says what the record says.

        Raises:
            FormatError: if the record says something the file has no words for.
        """
        if len(dict(case.label_tissues)) != len(case.label_tissues):
            raise FormatError("a label pattern stands twice in the case's label tissues; leave the later one out")
        if any(organ.limit.organ != organ.name for organ in case.organs):
            raise FormatError("an organ's limit must be named as the organ is")
        return cls(
            name=case.name,
            pseudonym=case.pseudonym,
            device=case.device,
            background=case.background,
            notes=case.notes,
            images=images,
            target=TARGET_SECTIONS[case.target.kind].from_si(case.target.data()),  # pyright: ignore[reportArgumentType]
            prescription=PrescriptionSection.from_si(case.prescription.data()),
            site=SiteSection.from_si(case.site.data()),
            thresholds=ThresholdsSection.from_si(case.thresholds.data()),
            label_tissues=dict(case.label_tissues),
            organ=tuple(OrganSection.from_organ(organ) for organ in case.organs),
            ct_calibration=tuple(CalibrationSection.from_si(c.data()) for c in case.ct_tissues) or None,
        )

    def case(self, origin: str) -> Case:
        """The record in SI units.

        Raises:
            FormatError: if a value is not allowed, naming ``origin``.
        """
        data = {
            "name": self.name,
            "pseudonym": self.pseudonym,
            "image": self.images.ct_sha256,
            "labels": self.images.labels_sha256,
            "target": self.target.to_si(),
            "organs": tuple(organ_of(section, origin) for section in self.organ),
            "device": self.device,
            "prescription": self.prescription.to_si(),
            "site": self.site.to_si(),
            "thresholds": self.thresholds.to_si(),
            "label_tissues": tuple(self.label_tissues.items()),
            "background": self.background,
            "notes": self.notes,
            "ct_tissues": tuple(section.to_si() for section in self.ct_calibration or ()),
        }
        return Case.from_data(data, origin)


def write_case_text(case: Case, images: ImagesSection) -> str:
    """Text of ``case.toml``; reading it gives back the very same record."""
    return f"{HEADER}\nschema = {SCHEMA}\n{toml_of(CaseFile.of(case, images))}"


def read_case_text(text: str, origin: str) -> CaseFile:
    """The file's content, with every key known and every value of the right kind.

    Raises:
        FormatError: one sentence naming ``origin``, also where the file is of a newer schema.
    """
    data = parse_toml(text, origin)
    schema = data.pop("schema", None)
    if not isinstance(schema, Decimal) or schema != int(schema) or schema < 1:
        raise FormatError(f"{origin} does not state its form; it needs the line: schema = {SCHEMA}")
    if schema > SCHEMA:
        raise FormatError(
            f"{origin} has schema {schema}, this program knows up to {SCHEMA}; open it with the newer OpenHIFU that "
            "wrote it"
        )
    return section_of(CaseFile, data, origin)


def parse_toml(text: str, origin: str) -> dict[str, Any]:
    """TOML as plain data with every number a Decimal.

    Raises:
        FormatError: if it is not valid TOML, naming ``origin``.
    """
    try:
        return decimals(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{origin} is not valid TOML: {error}") from error


def section_of(kind: type[S], data: dict[str, Any], origin: str) -> S:
    """A section from plain data.

    Raises:
        FormatError: naming ``origin``, the key and what is wrong.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise FormatError(f"{origin}: {explain(error)}") from error
