"""Robustness: what the plan comes to over many possible patients, and which measurement would help."""

from __future__ import annotations

from collections.abc import Iterator

from openhifu.base.outcome import Verdict
from openhifu.base.units import read_in
from openhifu.model.band import band_findings, check_of
from openhifu.model.robustness import Band
from openhifu.reporting.pages.blocks import Block, Callout, Column, Heading, Picture, Row, Table, Text, Tone
from openhifu.reporting.pages.material import Material, as_sentence, as_title, significant, unit_of


def section(m: Material) -> Iterator[Block]:
    """Verdict, figure and table of the bands; one sentence where nobody studied the plan."""
    study, plan = m.given.robustness, m.given.plan
    yield Heading(m.say("robust.heading"), fresh=study is not None)
    if study is None:
        yield Text(m.say("robust.absent"))
        return
    over = [f for f in band_findings(plan, study) if f.verdict is Verdict.ERROR]
    title = m.say("robust.over" if over else "robust.kept", count=len(over))
    yield Callout("error" if over else "ok", title, tuple(as_sentence(f.sentence) for f in over))
    given = study.uncertainty
    yield Text(
        m.say(
            "robust.text",
            count=len(study.outcomes),
            seed=study.seed,
            position=f"{1e3 * given.position:g}",
            breathing=f"{1e3 * given.breathing:g}",
            power=f"{100 * given.power:g}",
            coverage=f"{100 * study.nominal.coverage:.1f}",
        )
    )
    yield Picture("figures/robust.png", m.say("robust.caption"), m.say("robust.heading"))
    heads = ("robust.figure", "robust.plan", "robust.low", "robust.median", "robust.high", "robust.unit")
    columns = tuple(Column(m.say(k), "left" if n in (0, 5) else "right", 2.4 if n == 0 else 1.0)
                    for n, k in enumerate(heads))  # fmt: skip
    bad = {f.check for f in over}
    yield Table(columns, tuple(_row(b, "error" if check_of(b.name) in bad else "plain") for b in study.bands))
    yield Text(f"{as_sentence(study.method)} {as_sentence(given.source)}", small=True)


def _row(band: Band, tone: Tone) -> Row:
    factor, unit = read_in(band.name, band.unit)
    numbers = (significant(factor * v) for v in (band.nominal, band.low, band.median, band.high))
    return Row((as_title(band.name), *numbers, unit_of(unit)), tone)
