"""Section 1: what was done, for whom, with what, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from openhifu.base.outcome import Ending, Verdict
from openhifu.base.units import ml_from_m3
from openhifu.model.plan import Finding
from openhifu.model.target import Ellipsoid, Sphere
from openhifu.reporting.cohort import FIBROIDS_2021, FOCUSING_FACTOR
from openhifu.reporting.figures.anatomy import named
from openhifu.reporting.numbers import OrganNumbers, TreatmentNumbers
from openhifu.reporting.pages.blocks import (
    Block,
    Callout,
    Column,
    Facts,
    Heading,
    Picture,
    Row,
    Subheading,
    Table,
    Text,
    Tone,
)
from openhifu.reporting.pages.material import Material, as_sentence, as_title, significant, unit_of

_PER_CUBIC_MM = 1e-9
_LABEL = 32.0  # mm

ENDINGS = {
    Ending.COMPLETED: "ending.completed",
    Ending.OPERATOR_STOP: "ending.operator_stop",
    Ending.PATIENT_STOP: "ending.patient_stop",
    Ending.INTERLOCK: "ending.interlock",
    Ending.FAULT: "ending.fault",
}
"""Catalogue key of each ending."""


def section(m: Material) -> Iterator[Block]:
    """Verdict, facts, key numbers, organs, cohort, findings."""
    yield verdict(m)
    yield Heading(m.say("summary.heading"))
    yield Text(what(m))
    yield facts(m)
    yield Facts(
        (
            (m.say("fact.source"), m.device.title),
            (m.say("fact.breathing"), m.given.plan.prescription.breath_hold),
            (m.say("fact.run"), str(m.given.run_folder).replace("/", "/\u200b")),
        ),
        label=_LABEL,
    )
    yield Subheading(m.say("summary.numbers"))
    yield numbers(m)
    yield Subheading(m.say("summary.organs"))
    yield organs(m)
    yield Text(m.say("summary.organs_note"), small=True)
    yield from cohort(m)
    yield from findings(m)


def verdict(m: Material) -> Callout:
    """The frame at the top: errors, then the ending, then whether the plan may be delivered."""
    plan, ending = m.given.plan, m.given.ending
    counts = m.say(
        "verdict.counts", errors=len(plan.errors), warnings=len(plan.warnings) + len(plan.unmet) + len(m.given.warnings)
    )
    if plan.errors:
        return Callout("error", m.say("verdict.errors"), (counts, m.say("verdict.errors_mean")))
    if ending is None:
        tone: Tone = "plain"
        return Callout(tone, m.say("verdict.not_delivered"), (counts,))
    tone = "ok" if ending is Ending.COMPLETED else "error" if ending is Ending.FAULT else "warning"
    return Callout(tone, m.say("verdict.ended", ending=m.say(ENDINGS[ending])), (m.given.ending_sentence, counts))


def what(m: Material) -> str:
    """One sentence: target, device, prescription."""
    plan = m.given.plan
    goal = plan.prescription
    return m.say(
        "summary.what" if m.given.spots else "summary.what_planned",
        target=target_words(m),
        volume=f"{ml_from_m3(m.planned.target_volume):.2f}",
        device=m.device.name,
        frequency=f"{m.device.frequency * 1e-6:g}",
        goal=f"{goal.goal_cem43:g}",
        coverage=f"{100 * goal.coverage:g}",
        sonications=len(m.given.spots) or len(plan.sonications),
    )


def target_words(m: Material) -> str:
    """The target in words."""
    target = m.given.plan.target
    if isinstance(target, Sphere):
        return m.say("target.sphere", diameter=f"{2e3 * target.radius:g}")
    if isinstance(target, Ellipsoid):
        axes = "\u2009×\u2009".join(f"{2e3 * a:g}" for a in target.semi_axes)
        return m.say("target.ellipsoid", axes=axes)
    return m.say("target.label", label=named(target.label))


def facts(m: Material) -> Facts:
    """Whom, with what, by whom."""
    given = m.given
    approval = m.say("fact.not_approved")
    if given.approval is not None:
        a = given.approval
        approval = m.say("fact.approved", person=a.person, role=a.role, time=a.time)
    rows = [
        (m.say("fact.patient"), given.data.case.pseudonym),
        (m.say("fact.case"), given.data.case.name),
        (m.say("fact.device"), m.say("fact.device_value", name=given.plan.device, serial=given.plan.serial)),
        (m.say("fact.approval"), approval),
    ]
    return Facts(tuple(rows), across=2, label=_LABEL)


def _pair(m: Material, show: Callable[[TreatmentNumbers], str]) -> tuple[str, str]:
    return show(m.planned), m.none if m.delivered is None else show(m.delivered)


def _eef(m: Material, n: TreatmentNumbers, factor: float) -> str:
    value = n.eef(factor)
    return m.none if value is None else f"{value * _PER_CUBIC_MM:.2f}"


def numbers(m: Material) -> Table:
    """Planned beside delivered."""
    goal = f"{m.planned.goal_cem43:g}"
    rows: list[tuple[str, tuple[str, str], str]] = [
        (m.say("number.target"), _pair(m, lambda n: f"{ml_from_m3(n.target_volume):.2f}"), m.say("unit.ml")),
        (
            m.say("number.ablated_target", goal=goal),
            _pair(m, lambda n: f"{ml_from_m3(n.ablated_target_volume):.2f}"),
            m.say("unit.ml"),
        ),
        (m.say("number.npv_ratio"), _pair(m, lambda n: f"{100 * n.npv_ratio:.1f}"), m.say("unit.percent")),
        (m.say("number.npv"), _pair(m, lambda n: f"{ml_from_m3(n.ablated_volume):.2f}"), m.say("unit.ml")),
        (m.say("number.energy"), _pair(m, lambda n: f"{n.energy * 1e-3:.1f}"), m.say("unit.kj")),
        (m.say("number.eef"), _pair(m, lambda n: _eef(m, n, 1.0)), m.say("unit.j_per_mm3")),
        (
            m.say("number.eef_focused", eta=f"{FOCUSING_FACTOR:g}"),
            _pair(m, lambda n: _eef(m, n, FOCUSING_FACTOR)),
            m.say("unit.j_per_mm3"),
        ),
        (m.say("number.sonications"), _pair(m, lambda n: f"{n.sonications}"), ""),
        (m.say("number.beam_on"), _pair(m, lambda n: f"{n.beam_on / 60:.1f}"), m.say("unit.minutes")),
        (m.say("number.duration"), _pair(m, lambda n: f"{n.duration / 60:.1f}"), m.say("unit.minutes")),
        (m.say("number.peak"), _pair(m, lambda n: f"{n.peak_temperature:.1f}"), m.say("unit.celsius")),
    ]
    columns = (
        Column(m.say("head.quantity"), "left", 3.2),
        Column(m.say("head.planned"), "right", 1.0),
        Column(m.say("head.delivered"), "right", 1.0),
        Column(m.say("head.unit"), "left", 1.0),
    )
    return Table(columns, tuple(Row((label, *pair, unit)) for label, pair, unit in rows), 8.0)


def organs(m: Material) -> Table:
    """Limit, dose and margin of each organ at risk."""
    sources = {o.name: o.limit.source for o in m.given.plan.organs}
    rows = []
    for n, planned in enumerate(m.planned.organs):
        delivered = None if m.delivered is None else m.delivered.organs[n]
        worst = max(planned.share_of_limit or 0.0, 0.0 if delivered is None else delivered.share_of_limit or 0.0)
        tone: Tone = "error" if worst >= 1 else "plain"
        cells = (
            named(planned.organ),
            f"{planned.limit:g}",
            *_organ_cells(m, planned),
            *_organ_cells(m, delivered),
            sources[planned.organ],
        )
        rows.append(Row(cells, tone))
    planned_word, delivered_word = m.say("word.planned"), m.say("word.delivered")
    columns = (
        Column(m.say("head.organ"), "left", 1.5),
        Column(m.say("head.limit"), "right", 0.8),
        *(
            Column(m.say(key, which=which), "right", 1.0)
            for which in (planned_word, delivered_word)
            for key in ("head.cem43_of", "head.share_of", "head.peak_of")
        ),
        Column(m.say("head.limit_source"), "left", 3.6),
    )
    return Table(columns, tuple(rows), 7.0)


def _organ_cells(m: Material, organ: OrganNumbers | None) -> tuple[str, str, str]:
    if organ is None or organ.cem43_max is None or organ.peak_temperature is None:
        return m.none, m.none, m.none
    share = 100 * organ.cem43_max / organ.limit
    return (
        dose(organ.cem43_max),
        f"{share:.0f}" if share >= 1 else m.say("number.below_one"),
        f"{organ.peak_temperature:.1f}",
    )


def dose(cem43: float) -> str:
    """A CEM43 [min] as people read it: two decimals when small, three digits when large."""
    return f"{cem43:.2f}" if cem43 < 10 else significant(cem43)


def cohort(m: Material) -> Iterator[Block]:
    """Ours beside the published range, with what that cohort was."""
    series = FIBROIDS_2021
    low, high = series.npv_ratio_range
    yield Subheading(m.say("cohort.heading"))
    yield Picture("figures/cohort.png", m.say("cohort.caption", eta=f"{FOCUSING_FACTOR:g}"), m.say("cohort.heading"))
    yield Text(
        m.say(
            "cohort.text",
            n=series.treatments,
            ratio=f"{100 * series.npv_ratio:.1f}",
            low=f"{100 * low:.1f}",
            high=f"{100 * high:.1f}",
            eef=f"{series.eef * _PER_CUBIC_MM:.2f}",
            source=series.source,
        )
    )


def findings(m: Material) -> Iterator[Block]:
    """Errors, warnings and unmet wishes in full; what passed in a table."""
    plan = m.given.plan
    yield Subheading(m.say("findings.heading"))
    for f in plan.errors:
        yield _finding(m, f, "error", m.say("verdict.error"))
    for f in plan.warnings:
        yield _finding(m, f, "warning", m.say("verdict.warning"))
    for sentence in plan.unmet:
        yield Callout("warning", m.say("findings.unmet"), (as_sentence(sentence),))
    for sentence in m.given.warnings:
        yield Callout("warning", m.say("findings.run"), (as_sentence(sentence),))
    if not (plan.errors or plan.warnings or plan.unmet or m.given.warnings):
        yield Text(m.say("findings.none"))
    if plan.certificate:
        costs = tuple(as_sentence(r.sentence) for r in plan.certificate)
        yield Callout("plain", m.say("findings.certificate"), costs)
    passed = [f for f in plan.findings if f.verdict is Verdict.OK]
    if passed:
        yield Subheading(m.say("findings.passed"))
        yield _passed(m, passed)


def _finding(m: Material, f: Finding, tone: Tone, word: str) -> Callout:
    lines = [as_sentence(f.sentence)]
    lines.append(
        m.say(
            "findings.numbers",
            value=significant(f.value),
            limit=significant(f.limit),
            unit=unit_of(f.unit),
            source=f.source,
        )
    )
    if f.remedy:
        lines.append(m.say("findings.remedy", remedy=f.remedy.rstrip(".")))
    return Callout(tone, as_title(m.say("findings.title", verdict=word, check=f.check)), tuple(lines))


def _passed(m: Material, passed: list[Finding]) -> Table:
    columns = (
        Column(m.say("head.check"), "left", 1.3),
        Column(m.say("head.found"), "left", 3.4),
        Column(m.say("head.value"), "right", 0.8),
        Column(m.say("head.limit_value"), "right", 0.8),
        Column(m.say("head.unit"), "left", 0.7),
        Column(m.say("head.source"), "left", 2.0),
    )
    rows = tuple(
        Row((f.check, as_sentence(f.sentence), significant(f.value), significant(f.limit), unit_of(f.unit), f.source))
        for f in passed
    )
    return Table(columns, rows, 7.0)
