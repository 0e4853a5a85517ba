"""Section 8: what everything was made from, so that it can be made again and doubted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from openhifu.base.units import db_per_cm_from_np_per_m
from openhifu.model.catalogue import tissue as catalogue_tissue
from openhifu.model.ct_calibration import ct_calibration
from openhifu.model.medium import Medium
from openhifu.model.tissue import UNITS, Known, Property, Tissue
from openhifu.reporting.pages.blocks import (
    Block,
    Column,
    Facts,
    Heading,
    Listing,
    Row,
    SideBySide,
    Subheading,
    Table,
    Text,
)
from openhifu.reporting.pages.material import Material, as_sentence, significant, unit_of

_NAMES = {
    Property.DENSITY: "property.density",
    Property.SOUND_SPEED: "property.sound_speed",
    Property.ATTENUATION: "property.attenuation",
    Property.EXPONENT: "property.exponent",
    Property.ABSORBED_SHARE: "property.absorbed_share",
    Property.NONLINEARITY: "property.nonlinearity",
    Property.CONDUCTIVITY: "property.conductivity",
    Property.HEAT_CAPACITY: "property.heat_capacity",
    Property.PERFUSION: "property.perfusion",
    Property.METABOLIC_HEAT: "property.metabolic_heat",
}


def _ml_min_kg(perfusion: float) -> float:
    return perfusion * 60e6


_CLINICAL: dict[Property, tuple[str, Callable[[float], float]]] = {
    Property.ATTENUATION: ("unit.db_per_cm", db_per_cm_from_np_per_m),
    Property.PERFUSION: ("unit.ml_min_kg", _ml_min_kg),
}
"""Properties that people read in another unit than SI, with the conversion."""


def section(m: Material) -> Iterator[Block]:
    """Hashes, methods, versions, draws, tissue values."""
    yield Heading(m.say("provenance.heading"), fresh=True)
    yield Subheading(m.say("provenance.hashes"))
    yield hashes(m)
    yield Subheading(m.say("provenance.methods"))
    yield methods(m)
    yield Subheading(m.say("provenance.versions"))
    yield Facts(m.given.versions, across=3, label=24.0)
    yield from drawn(m)
    yield from tissues(m)
    notes = m.given.data.case.notes
    if notes:
        yield Subheading(m.say("provenance.notes"))
        yield Text(as_sentence(notes))


def hashes(m: Material) -> Facts:
    """What identifies every part."""
    given, made = m.given, m.given.plan.provenance
    rows = [
        (m.say("hash.plan"), given.plan.content_hash),
        (m.say("hash.case"), made.case_hash),
        (m.say("hash.image"), given.data.case.image),
        (m.say("hash.labels"), given.data.case.labels or m.none),
        (m.say("hash.device"), made.device_hash),
        (m.say("hash.tissues"), made.tissue_hash),
        (m.say("hash.rehearsal"), given.approval.rehearsal_hash if given.approval else m.none),
        (m.say("hash.journal"), given.journal_hash or m.none),
    ]
    return Facts(tuple(rows), code=True)


def methods(m: Material) -> Facts:
    """How field, heat and dose were computed, and what that leaves out."""
    made, device = m.given.plan.provenance, m.device
    calibration = device.calibration
    rows = [
        (m.say("method.program"), made.program),
        (m.say("method.field"), made.field_method),
        (m.say("method.models"), "; ".join(made.field_physics)),
        (m.say("method.omits"), "; ".join(made.field_omits) or m.none),
        (m.say("method.heat"), made.heat_method),
        (m.say("method.dose"), made.dose_form),
        (m.say("method.grid"), made.grid),
        (m.say("method.dose_grid"), m.given.planned.cem43.grid.describe()),
        (m.say("method.device_source"), device.source),
        (m.say("method.device_assumptions"), "; ".join(device.assumptions) or m.none),
        (
            m.say("method.calibration"),
            m.say(
                "method.calibration_value",
                date=calibration.date,
                uncertainty=f"{100 * calibration.relative_uncertainty:g}",
                source=calibration.source,
            ),
        ),
    ]
    return Facts(tuple(rows))


def drawn(m: Material) -> Iterator[Block]:
    """How the simulated patient differs from the plan's."""
    given = m.given
    yield Subheading(m.say("provenance.drawn"))
    if not given.drawn:
        yield Text(m.say("provenance.nothing_drawn"))
        return
    middle = given.seed is None
    yield Text(m.say("provenance.drawn_middle") if middle else m.say("provenance.drawn_text", seed=given.seed))
    columns = (
        Column(m.say("head.tissue"), "left", 1.6),
        Column(m.say("head.property"), "left", 2.0),
        Column(m.say("head.planned"), "right", 1.0),
        Column(m.say("head.drawn"), "right", 1.0),
        Column(m.say("head.change"), "right", 0.8),
        Column(m.say("head.unit"), "left", 1.3),
    )
    rows = []
    for d in given.drawn:
        change = m.none if d.planned == 0 else f"{100 * (d.drawn / d.planned - 1):+.1f}".replace("-", "\u2212")
        cells = (
            _plain(d.tissue),
            _plain(d.property),
            significant(d.planned, 4),
            significant(d.drawn, 4),
            change,
            unit_of(d.unit),
        )
        rows.append(Row(cells))
    yield Table(columns, tuple(rows), 7.0)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def tissues(m: Material) -> Iterator[Block]:
    """Values, ranges and sources of every tissue in the case."""
    medium = Medium.from_map(m.given.data.tissues)
    present = [t for t, here in zip(medium.tissues, medium.present(), strict=True) if here]
    sources: list[str] = []
    tables: list[Table] = []
    cautions = [m.say("provenance.caution", tissue=t.title, caution=t.caution) for t in present if t.caution]
    for tissue in present:
        rows = [Row((tissue.title,)), *(_property(m, tissue, prop, sources) for prop in Property)]
        tables.append(Table(_property_columns(m), tuple(rows), 6.4))
    yield Subheading(m.say("provenance.tissues"))
    yield Text(m.say("provenance.tissues_text"))
    for item in m.given.data.case.ct_tissues:
        named = filter(None, (item.density, item.sound_speed, item.attenuation))
        what = "; ".join(f"{name} ({ct_calibration(name).source}; {ct_calibration(name).caution})" for name in named)
        titles = ", ".join(catalogue_tissue(name).title for name in item.tissues)
        yield Text(m.say("provenance.from_ct", tissues=titles, step=f"{item.step:g}", calibrations=what))
    yield SideBySide(tuple(tables))
    yield Subheading(m.say("provenance.sources"))
    yield Listing(tuple(sources))
    if cautions:
        yield Subheading(m.say("provenance.cautions"))
        for caution in cautions:
            yield Text(caution, small=True)


def _property_columns(m: Material) -> tuple[Column, ...]:
    return (
        Column(m.say("head.property"), "left", 2.1),
        Column(m.say("head.value"), "right", 1.0),
        Column(m.say("head.range"), "right", 1.9),
        Column(m.say("head.unit"), "left", 1.3),
        Column(m.say("head.source_number"), "right", 0.5),
    )


def _property(m: Material, tissue: Tissue, prop: Property, sources: list[str]) -> Row:
    """A row; the source is added to the list where it is new and told by its number there."""
    value = tissue.values[prop]
    text = value.source if isinstance(value, Known) else m.say("provenance.missing", reason=value.reason)
    if text not in sources:
        sources.append(text)
    number = f"{sources.index(text) + 1}"
    unit, convert = unit_of(UNITS[prop]), float
    if prop in _CLINICAL:
        key, convert = _CLINICAL[prop]
        unit = m.say(key)
    name = m.say(_NAMES[prop])
    if not isinstance(value, Known):
        return Row((name, m.none, m.none, unit, number))
    low, high = significant(convert(value.low), 4), significant(convert(value.high), 4)
    span = low if low == high else m.say("number.range", low=low, high=high)
    return Row((name, significant(convert(value.nominal), 4), span, unit, number))
