"""Thermal dose of every organ at risk against its own limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from openhifu.model.plan import Finding
from openhifu.planning.checks.evidence import Evidence, Rule, above

_SWITCHED = (
    "longer pauses, a lower or shorter exposure, a smaller part of the target, "
    "or another pose with less of it in the beam"
)
_SINGLE = (
    "a source whose elements can be switched off in its shadow (such as jc200-like-256); with this one: "
    "shorter exposures, much longer pauses, a smaller part of the target, or another pose with less of it in the beam"
)


def check(evidence: Evidence) -> Iterator[Finding]:
    """Highest CEM43 of each organ; the sentence names the place, its temperature and its dose."""
    remedy = _SINGLE if evidence.device.elements == 1 else _SWITCHED
    for organ in evidence.data.case.organs:
        expected = next(o for o in evidence.prediction.organs if o.organ == organ.name)
        where = _hottest_label(evidence, organ.name)
        yield above(
            Rule(f"dose of {organ.name}", organ.limit.cem43_max, "min CEM43", organ.limit.source, warn=0.5),
            expected.cem43_max,
            f"{organ.name}{where}: hottest {expected.peak_temperature:.1f} degC, CEM43 {expected.cem43_max:.3g} min, "
            f"{1e9 * expected.volume_over_limit:.0f} mm3 over the limit",
            remedy,
        )


def _hottest_label(evidence: Evidence, organ: str) -> str:
    """Name of the anatomical label at the organ's most heated voxel, in brackets; empty where there is none."""
    labels, mask = evidence.data.labels, evidence.organs.get(organ)
    if labels is None or mask is None or not mask.any():
        return ""
    dose = np.where(mask, evidence.history.cem43.data, -1.0)
    at = evidence.history.cem43.grid.world(np.array(np.unravel_index(int(np.argmax(dose)), dose.shape)))
    idx = np.rint(labels.grid.index(at)).astype(int)
    if np.any(idx < 0) or np.any(idx >= labels.grid.shape):
        return ""
    name = labels.names.get(int(labels.data[tuple(idx)]), "")
    return f" ({name.replace('_', ' ')})" if name else ""
