"""Presets: what a new case of a kind starts from - prescription, limits, organs at risk, HU classes, label tissues."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from pydantic import Field

from openhifu.base.errors import UnknownName
from openhifu.imaging.case_file import parse_toml, section_of
from openhifu.imaging.sections import OrganSection, PrescriptionSection, SiteSection, Text, ThresholdsSection
from openhifu.imaging.units_in_files import Section


class Preset(Section):
    """A preset file: the tables of ``case.toml`` that are not about one patient.

    ``label_tissues_of`` names a preset whose label tissues it has too, after its own. A file may name another with
    ``rest_of``: it has the tables of that one which it does not give itself.
    """

    title: Text
    background: Text
    prescription: PrescriptionSection
    site: SiteSection
    thresholds: ThresholdsSection
    label_tissues_of: Text | None = None
    label_tissues: dict[str, Text] = Field(default_factory=dict)
    organ: tuple[OrganSection, ...]


def preset_names() -> tuple[str, ...]:
    """Names of all presets shipped with the program."""
    folder = files("openhifu").joinpath("data/presets")
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def preset(name: str) -> Preset:
    """A preset shipped with the program.

    Raises:
        UnknownName: with the nearest names.
        FormatError: if the file is damaged.
    """
    if name not in preset_names():
        raise UnknownName("preset", name, preset_names())
    found = section_of(Preset, _tables(name), f"preset {name!r}")
    if found.label_tissues_of is None:
        return found
    return found.model_copy(
        update={"label_tissues": {**found.label_tissues, **preset(found.label_tissues_of).label_tissues}}
    )


def _tables(name: str) -> dict[str, Any]:
    """The tables of a preset's file, with those of the preset that it takes the rest of."""
    text = files("openhifu").joinpath(f"data/presets/{name}.toml").read_text(encoding="utf-8")
    own = parse_toml(text, f"preset {name!r}")
    rest = own.pop("rest_of", None)
    return own if rest is None else {**_tables(rest), **own}
