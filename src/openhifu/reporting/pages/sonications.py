"""Section 7: every sonication, planned against delivered."""

from __future__ import annotations

from collections.abc import Iterator

from openhifu.base.outcome import Ending
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.sonication import Sonication
from openhifu.reporting.pages.blocks import Align, Block, Column, Heading, Row, Table, Text, Tone
from openhifu.reporting.pages.material import Material
from openhifu.reporting.pages.pictures import point
from openhifu.reporting.pages.summary import ENDINGS


def section(m: Material) -> Iterator[Block]:
    """The table, in the order of the plan; a sonication with several exposures takes a row for each."""
    plan = m.given.plan
    yield Heading(m.say("sonications.heading"), fresh=True)
    yield Text(m.say("sonications.text", elements=m.device.elements))
    heads: tuple[tuple[str, Align, float], ...] = (
        ("head.number", "right", 0.5),
        ("head.slice_line", "center", 0.7),
        ("head.focus", "left", 2.6),
        ("head.elements_on", "right", 0.9),
        ("head.power_planned", "right", 0.9),
        ("head.time_planned", "right", 0.9),
        ("head.energy_planned", "right", 0.9),
        ("head.peak_planned", "right", 0.9),
        ("head.power_delivered", "right", 1.0),
        ("head.time_delivered", "right", 1.0),
        ("head.energy_delivered", "right", 1.0),
        ("head.peak_measured", "right", 1.0),
        ("head.ending", "left", 1.3),
    )
    columns = tuple(Column(m.say(key), align, share) for key, align, share in heads)
    rows = [row for s in plan.sonications for row in _rows(m, s)]
    yield Table(columns, (*rows, _total(m)), 6.6)


def _rows(m: Material, shot: Sonication) -> list[Row]:
    mine = [d for d in m.given.spots if d.index == shot.index]
    on = m.device.elements - len(shot.elements_off)
    planned = (
        f"{shot.index + 1}",
        f"{shot.slice_index + 1}/{shot.line_index + 1}",
        point(shot.focus),
        f"{on}",
        f"{shot.acoustic_power:.1f}",
        f"{shot.on_time:.1f}",
        f"{shot.energy:.0f}",
        f"{shot.predicted_peak:.1f}",
    )
    if not mine:
        return [Row((*planned, m.none, m.none, m.none, m.none, m.say("sonications.not_delivered")))]
    rows = []
    for n, spot in enumerate(mine):
        tone: Tone = "plain" if spot.ending is Ending.COMPLETED else "warning"
        rows.append(Row((*(planned if n == 0 else ("",) * len(planned)), *_delivered(m, spot)), tone))
    return rows


def _delivered(m: Material, spot: DeliveredSpot) -> tuple[str, ...]:
    peak = m.none if spot.measured_peak is None else f"{spot.measured_peak:.1f}"
    ending = m.say(ENDINGS[spot.ending])
    return f"{spot.acoustic_power:.1f}", f"{spot.on_time:.1f}", f"{spot.energy:.0f}", peak, ending


def _total(m: Material) -> Row:
    plan, spots = m.given.plan, m.given.spots
    planned = ("", "", m.say("sonications.total"), "", "", f"{sum(s.on_time for s in plan.sonications):.0f}")
    energy = (f"{plan.energy:.0f}", "", "")
    if not spots:
        return Row((*planned, *energy, m.none, m.none, "", ""))
    delivered = (f"{sum(s.on_time for s in spots):.0f}", f"{sum(s.energy for s in spots):.0f}", "", "")
    return Row((*planned, *energy, *delivered))
