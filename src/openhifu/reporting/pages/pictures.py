"""Sections 2 to 6: patient and pose, window, fields, dose, curves; each a picture with what it shows."""

from __future__ import annotations

import math
from collections.abc import Iterator

from openhifu.model.window import CandidatePose
from openhifu.reporting.pages.blocks import Align, Block, Column, Heading, Picture, Row, Table, Text, Tone
from openhifu.reporting.pages.material import Material, significant

_MM = 1e3


def point(v: tuple[float, float, float]) -> str:
    """A point [m] in millimetres."""
    return ", ".join(f"{_MM * c:.1f}" for c in v).replace("-", "\u2212")


def direction(v: tuple[float, float, float]) -> str:
    """A unit vector."""
    return ", ".join(f"{c:.3f}" for c in v).replace("-", "\u2212")


def pose(m: Material) -> Iterator[Block]:
    """Where the source stands and where the spots are."""
    plan = m.given.plan
    yield Heading(m.say("pose.heading"), fresh=True)
    yield Text(
        m.say(
            "pose.text",
            focus=point(plan.pose.focus),
            direction=direction(plan.pose.direction),
            apex=point(plan.pose.apex(m.device.focal_length)),
            roll=f"{math.degrees(plan.pose.roll):.0f}",
            focal=f"{_MM * m.device.focal_length:g}",
        )
    )
    yield Picture("figures/pose.png", m.say("pose.caption"), m.say("pose.heading"))
    yield Picture("figures/spots.png", m.say("pose.spots_caption", spots=len(plan.sonications)), m.say("pose.heading"))


def window(m: Material) -> Iterator[Block]:
    """Which directions reach the target, and why the others do not."""
    found = m.given.window
    yield Heading(m.say("window.heading"), fresh=found is not None)
    if found is None:
        yield Text(m.say("window.absent"))
        return
    yield Text(m.say("window.text"))
    yield Picture("figures/window.png", m.say("window.caption"), m.say("window.heading"))
    heads: tuple[tuple[str, Align, float], ...] = (
        ("head.number", "right", 0.4),
        ("head.direction", "left", 2.9),
        ("head.bone", "right", 0.8),
        ("head.cartilage", "right", 1.0),
        ("head.gas", "right", 0.7),
        ("head.bowel", "right", 0.8),
        ("head.amplitude", "right", 0.9),
        ("head.skin_angle", "right", 0.8),
        ("head.depth", "right", 0.8),
        ("head.stand_off", "right", 0.8),
        ("head.field_intensity", "right", 1.1),
        ("head.reason", "left", 3.6),
    )
    columns = tuple(Column(m.say(key), align, share) for key, align, share in heads)
    rows = tuple(_candidate(m, n, c) for n, c in enumerate(found.candidates, start=1))
    yield Table(columns, rows, 6.5)


def _candidate(m: Material, number: int, c: CandidatePose) -> Row:
    intensity = m.none if c.field_intensity is None else f"{c.field_intensity * 1e-4:.2f}"
    tone: Tone = "ok" if c.chosen else "plain"
    cells = (
        f"{number}",
        direction(c.direction),
        f"{100 * c.bone:.1f}",
        f"{100 * c.cartilage:.1f}",
        f"{100 * c.gas:.1f}",
        f"{100 * c.bowel:.1f}",
        f"{c.amplitude:.3f}",
        f"{math.degrees(c.skin_angle):.0f}",
        f"{_MM * c.depth:.0f}",
        f"{_MM * c.stand_off:.0f}",
        intensity,
        c.reason,
    )
    return Row(cells, tone)


def fields(m: Material) -> Iterator[Block]:
    """Pressure and peak temperature on anatomy."""
    given = m.given
    shot = given.plan.sonications[given.planned.pressure_of]
    top = float(abs(given.planned.pressure.data).max())
    yield Heading(m.say("fields.heading"), fresh=given.window is not None)
    yield Picture(
        "figures/pressure.png",
        m.say(
            "fields.pressure_caption",
            number=shot.index + 1,
            power=significant(shot.acoustic_power),
            peak=significant(top * 1e-6),
        ),
        m.say("fields.heading"),
    )
    yield Picture("figures/temperature.png", m.say("fields.temperature_caption"), m.say("fields.heading"))


def doses(m: Material) -> Iterator[Block]:
    """Where the tissue dies, and where it may be harmed."""
    yield Heading(m.say("dose.heading"), fresh=True)
    yield Picture("figures/dose.png", m.say("dose.caption", form=m.given.planned.dose_form), m.say("dose.heading"))


def curves(m: Material) -> Iterator[Block]:
    """Over time, and over volume."""
    yield Heading(m.say("curves.heading"), fresh=True)
    yield Picture("figures/temperatures.png", m.say("curves.caption"), m.say("curves.heading"))
    yield Picture("figures/dose_volume.png", m.say("curves.dose_caption"), m.say("curves.heading"))
