"""Fields of spots that were solved before: fibroids that differ in perfusion alone have the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.base.record import canonical_json
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissue import Property
from openhifu.model.transducer import Transducer
from openhifu.planning.aim import Aim
from openhifu.planning.beam import BeamGrids
from openhifu.planning.fields import SpotFields, solve_spots

KEPT = 2
"""Media whose fields are kept: a plan's and a patient's."""

_THERMAL = frozenset({Property.CONDUCTIVITY, Property.HEAT_CAPACITY, Property.PERFUSION, Property.METABOLIC_HEAT})


@dataclass(frozen=True, eq=False)
class _Solved:
    heat: dict[Aim, Field]
    central: Aim
    found: SpotFields


class KeptFields:
    """Solves spots as ``solve_spots`` does, and those of the last ``KEPT`` media only once."""

    def __init__(self) -> None:
        self._solved: dict[str, _Solved] = {}

    def __call__(
        self,
        medium: Medium,
        device: Transducer,
        pose: Pose,
        aims: Sequence[Aim],
        grids: BeamGrids,
        progress: Progress = silent,
    ) -> SpotFields:
        """One field for every exposure, in their order."""
        key = _key(medium, device, pose, grids)
        known = self._solved.pop(key, None)
        if known is None or any(aim not in known.heat for aim in aims) or known.central not in aims:
            while len(self._solved) >= KEPT:
                self._solved.pop(next(iter(self._solved)))  # the one that was asked for longest ago
            found = solve_spots(medium, device, pose, aims, grids, progress)
            known = _Solved(dict(zip(aims, found.heat, strict=True)), aims[found.central_index], found)
        self._solved[key] = known
        share = dict(zip(known.heat, known.found.share_on, strict=True))
        return replace(
            known.found,
            heat=tuple(known.heat[aim] for aim in aims),
            central_index=aims.index(known.central),
            share_on=tuple(share[aim] for aim in aims),
        )


def _key(medium: Medium, device: Transducer, pose: Pose, grids: BeamGrids) -> str:
    """One hash over all that a field depends on, but for where it is aimed: no tissue's name, no thermal value."""
    acoustic = [
        {p.value: getattr(v, "nominal", None) for p, v in tissue.values.items() if p not in _THERMAL}
        for tissue in medium.tissues
    ]
    place = [pose.data(), grids.field.describe(), grids.heat.describe(), device.content_hash]
    found = hashlib.sha256(canonical_json([acoustic, place]).encode())
    found.update(medium.map.data.tobytes())
    return found.hexdigest()
