"""The mirror focus: a converging beam partly reflected at the fat-muscle interface focuses again on the source's side.

For a flat interface the mirror focus lies as far in front of it as the target lies behind it. Write L for the depth
of the focus behind the interface: the mirror focus is in fat when L is less than the fat's thickness, in skin when it
is less than fat and skin together, and harmless in water beyond (reported for a JC200 source by Chen et al., J. Applied
Acoustics 2025;44(1):55-62; the flat-interface geometry is elementary). Where it is in tissue, ``planning.mirror`` says
how much it heats there, for a flat wall across the beam: an upper bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.outcome import Verdict
from openhifu.base.vectors import Vector
from openhifu.model.plan import Finding
from openhifu.model.sonication import Sonication
from openhifu.model.tissuemap import base_name
from openhifu.planning.anatomy import BONES, GASES
from openhifu.planning.checks.evidence import Evidence, Rule, above
from openhifu.planning.mirror import FlatWall, Layer, MirrorFocus, mirror_focus, rise_bound

FATS = ("fat", "subcutaneous_fat")
WARMED = 6.0
"""K of one exposure above which the mirror focus is a finding: from 37 to 43 degC, where CEM43 counts full minutes."""

_STEP = 0.25e-3
_SOURCE = "Chen et al., J. Applied Acoustics 2025;44(1):55-62, and the geometry of a flat mirror"


@dataclass(frozen=True)
class Wall:
    """The body wall along a beam axis, all in metres from the focus outwards.

    Attributes:
        muscle_to_focus: L, depth of the focus behind the outermost fat-muscle interface; NaN where there is no such
            interface.
        fat: thickness of the fat outside that interface.
        skin: thickness of the skin.
        fat_tissue: name of that fat; empty where there is none.
        beyond: name of the tissue behind the interface; empty where there is none.
    """

    muscle_to_focus: float
    fat: float
    skin: float
    fat_tissue: str = ""
    beyond: str = ""


def wall_along(evidence: Evidence, focus: Vector) -> Wall:
    """Measure the wall along the beam axis through a focus."""
    names = evidence.data.tissues.tissues
    line = _tissues_along(evidence, focus)
    fat = np.isin(line, [i for i, n in enumerate(names) if n in FATS])
    skin = np.isin(line, [i for i, n in enumerate(names) if n == "skin"])
    if not fat.any():
        return Wall(float("nan"), 0.0, float(skin.sum()) * _STEP)
    outer = int(np.flatnonzero(fat)[-1])
    inner = outer
    while inner > 0 and fat[inner - 1]:
        inner -= 1
    beyond = names[line[inner - 1]] if inner else ""
    thick = (outer - inner + 1) * _STEP
    return Wall(inner * _STEP, thick, float(skin[outer:].sum()) * _STEP, names[line[outer]], beyond)


def _tissues_along(evidence: Evidence, focus: Vector) -> NDArray[np.uint8]:
    s = np.arange(0.0, evidence.device.focal_length, _STEP)
    grid = evidence.data.tissues.grid
    points = np.asarray(focus) + s[:, None] * np.asarray(evidence.pose.direction)
    idx = np.rint(grid.index(points)).astype(int)
    inside = np.all((idx >= 0) & (idx < grid.shape), axis=1)
    outside = evidence.data.tissues.index_of(evidence.data.case.background)
    line = np.full(len(s), outside, np.uint8)
    line[inside] = evidence.data.tissues.data[tuple(idx[inside].T)]
    return line


def check(evidence: Evidence) -> Iterator[Finding]:
    """The exposure whose mirror focus comes deepest into the body wall."""
    worst: tuple[float, Wall] | None = None
    for x, y, z in evidence.places:
        wall = wall_along(evidence, (float(x), float(y), float(z)))
        margin = wall.muscle_to_focus - (wall.fat + wall.skin)
        if not np.isnan(margin) and (worst is None or margin < worst[0]):
            worst = (margin, wall)
    if worst is None:
        return
    margin, wall = worst
    where = "water" if margin >= 0 else ("fat" if wall.muscle_to_focus < wall.fat else "skin")
    yield Finding(
        check="mirror focus",
        verdict=Verdict.OK if margin >= 0 else Verdict.WARNING,
        sentence=(
            f"the focus lies {1e3 * wall.muscle_to_focus:.0f} mm behind the fat-muscle interface, fat and skin are "
            f"{1e3 * (wall.fat + wall.skin):.0f} mm thick: the reflected beam focuses again in {where}"
        ),
        value=1e3 * wall.muscle_to_focus,
        limit=1e3 * (wall.fat + wall.skin),
        unit="mm",
        at_least=True,
        source=_SOURCE,
        remedy="" if margin >= 0 else "a tilted pose, or a deeper target; reflections are not in the one-way field",
    )
    yield from _heating(evidence)


def _heating(evidence: Evidence) -> Iterator[Finding]:
    """The exposure whose mirror focus warms the wall most, by the reflection of every ray."""
    found = [
        (rise, shot, mirror)
        for shot in evidence.sonications
        if (mirror := reflected(evidence, shot)) is not None
        if (rise := _rise(evidence, shot, mirror)) > 0
    ]
    if not found:
        return
    rise, shot, mirror = max(found, key=lambda f: f[0])
    yield above(
        Rule("mirror heating", WARMED, "K", f"{_SOURCE}; plane waves of a flat wall, an upper bound", hard=False),
        rise,
        f"exposure {shot.index + 1}: the reflected beam brings {1e-4 * mirror.intensity:.0f} W/cm2 to "
        f"{mirror.tissue.replace('_', ' ')} {1e3 * mirror.before:.0f} mm outside the muscle and warms it by at most "
        f"{rise:.1f} K",
        "less power or a shorter on_time there, or a tilted pose",
    )


def reflected(evidence: Evidence, shot: Sonication) -> MirrorFocus | None:
    """The mirror focus of an exposure; None where it lies in water or there is no fat-muscle interface.

    A steered focus is taken to stand still in its middle, with the whole power: more than any place gets.
    """
    wall = wall_along(evidence, shot.focus)
    inside = wall.muscle_to_focus < wall.fat + wall.skin + 2e-3
    if not inside or not wall.beyond or base_name(wall.beyond) in (*BONES, *GASES):
        return None
    names = evidence.data.tissues.tissues
    by_label = dict(zip(names, evidence.data.medium().tissues, strict=True))
    layers = [Layer(by_label[wall.fat_tissue], wall.fat)]
    if wall.skin > 0:
        layers.insert(0, Layer(by_label["skin"], wall.skin))
    flat = FlatWall(by_label[evidence.data.case.background], tuple(layers), by_label[wall.beyond], wall.muscle_to_focus)
    return mirror_focus(evidence.device.drive(shot.acoustic_power, shot.elements_off), flat)


def _rise(evidence: Evidence, shot: Sonication, mirror: MirrorFocus) -> float:
    if mirror.heat_rate == 0:
        return 0.0
    warmed = next(t for t in evidence.data.medium().tissues if t.name == mirror.tissue)
    return rise_bound(mirror, warmed, shot.on_time)
