"""Behind the focus: bone and nerve in the beam that goes on, by distance with its published risk, and by dose.

Of 406 patients 34.2 % had an injured sacrum on MRI where the fibroid lay within 30 mm of it; at 0 to 10 mm the risk was
1.85 times that at 11 to 20 mm and 3.03 times that at 21 to 30 mm (Diagn Interv Radiol 2022, 22407). Doses of organs at
risk have limits of their own (``organ_dose``); here the far side of bone and nerve is looked at whether or not the case
names it as an organ.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from openhifu.base.outcome import Verdict
from openhifu.model.plan import Finding
from openhifu.model.tissuemap import base_name
from openhifu.planning.anatomy import BONES
from openhifu.planning.checks.evidence import Evidence, Rule, above

NERVES = ("nerve", "spinal_cord")
CLOSE = 30e-3
"""m; within it sacral injury has a published rate."""

STRICTEST = 16.0
"""CEM43 of bone [min]; the same for nerve, by assumption."""

_RISKS = ((10.5e-3, "3.03 times that at 21 to 30 mm"), (20.5e-3, "1.64 times that at 21 to 30 mm"), (CLOSE, "lowest"))
_SOURCE = "sacral injury on MRI in 34.2 % of 406 within 30 mm, Diagn Interv Radiol 2022 (22407)"
_DOSE_SOURCE = "ISO 14708-3:2017 table 101, bone 16 min; the same for nerve, by assumption"


def check(evidence: Evidence) -> Iterator[Finding]:
    """Distance from target and spots, and dose, of bone and nerve that the beam goes on to."""
    behind = _behind(evidence)
    if not behind.any():
        return
    grid = evidence.data.tissues.grid
    away = np.asarray(distance_transform_edt(~behind, sampling=grid.spacing))
    treated = evidence.history.cem43.grid.world(np.argwhere(evidence.target))
    places = np.concatenate([evidence.places, treated])
    idx = np.clip(np.rint(grid.index(places)).astype(int), 0, np.array(grid.shape) - 1)
    distance = float(away[tuple(idx.T)].min())
    if distance <= CLOSE:
        words = next(w for limit, w in _RISKS if distance <= limit)
        yield Finding(
            check="far-field bone and nerve",
            verdict=Verdict.WARNING,
            sentence=(
                f"the beam goes on to bone or nerve {1e3 * distance:.0f} mm from the target; within 30 mm of the "
                f"sacrum injuries were seen in 34 %, and the risk at this distance was {words}"
            ),
            value=1e3 * distance,
            limit=1e3 * CLOSE,
            unit="mm",
            source=_SOURCE,
            remedy="leave out the deepest spots, use less power there with longer pauses, or tilt the beam past it",
        )
    dose = _dose(evidence, behind)
    yield above(
        Rule("far-field dose", STRICTEST, "min CEM43", _DOSE_SOURCE, warn=0.5, hard=False),
        dose,
        f"bone and nerve behind the focus are expected to reach CEM43 {dose:.3g} min",
        "less power in the deepest spots, longer pauses, or a direction in which the beam misses them",
    )


def _behind(evidence: Evidence) -> NDArray[np.bool_]:
    """Bone and nerve of the image in the cone of rays that spreads behind the shallowest spot."""
    tissues = evidence.data.tissues
    hard = np.array([base_name(t) in (*BONES, *NERVES) for t in tissues.tissues])[tissues.data]
    places = np.argwhere(hard)
    mask = np.zeros(hard.shape, bool)
    if not len(places):
        return mask
    along = -np.asarray(evidence.pose.direction)
    points = tissues.grid.world(places)
    tan = np.tan(evidence.device.surface.half_angles[1])
    hit = np.zeros(len(points), bool)
    for place in evidence.places:
        offset = points - place
        depth = offset @ along
        hit |= (depth > 0) & (np.sum(offset**2, axis=1) - depth**2 <= (depth * tan) ** 2)
    mask[tuple(places[hit].T)] = True
    return mask


def _dose(evidence: Evidence, behind: NDArray[np.bool_]) -> float:
    """Highest CEM43 [min] of the marked voxels; zero where they lie off the heated region."""
    dose = evidence.history.cem43
    idx = np.rint(dose.grid.index(evidence.data.tissues.grid.world(np.argwhere(behind)))).astype(int)
    idx = idx[np.all((idx >= 0) & (idx < np.array(dose.grid.shape)), axis=1)]
    return float(dose.data[tuple(idx.T)].max()) if len(idx) else 0.0
