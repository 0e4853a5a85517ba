"""The mirror focus: a converging beam partly reflected at the fat-muscle interface focuses again on the source's side.

For a flat interface the mirror focus lies as far in front of it as the target lies behind it. Write L for the depth
of the
focus behind the interface: the mirror focus is in fat when L is less than the fat's thickness, in skin when it is
less than
fat and skin together, and harmless in water beyond (reported for a JC200 source by Chen et al., J. Applied Acoustics
2025;44(1):55-62; the flat-interface geometry is elementary).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.outcome import Verdict
from openhifu.base.vectors import Vector
from openhifu.model.plan import Finding
from openhifu.planning.checks.evidence import Evidence

FATS = ("fat", "subcutaneous_fat")
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
    """

    muscle_to_focus: float
    fat: float
    skin: float


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
    return Wall(inner * _STEP, (outer - inner + 1) * _STEP, float(skin[outer:].sum()) * _STEP)


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
    for shot in evidence.sonications:
        wall = wall_along(evidence, shot.focus)
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
        source=_SOURCE,
        remedy="" if margin >= 0 else "a tilted pose, or a deeper target; reflections are not in the one-way field",
    )
