"""Distance rules: how close the ablated region comes to organs that must stay far from it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import distance_transform_edt

from openhifu.model.plan import Finding
from openhifu.model.regions import organ_mask
from openhifu.planning.checks.evidence import Evidence, Rule, below


def check(evidence: Evidence) -> Iterator[Finding]:
    """Least distance from the region over the prescribed dose (or the spots) to each organ with a distance rule."""
    case, labels, tissues = evidence.data.case, evidence.data.labels, evidence.data.tissues
    dose = evidence.history.cem43
    hot = dose.grid.world(np.argwhere(dose.data >= case.prescription.goal_cem43))
    spots = evidence.places
    points = np.concatenate([hot, spots]) if len(hot) else spots
    for organ in case.organs:
        if organ.distance_min <= 0:
            continue
        mask = organ_mask(organ, tissues.grid, labels, tissues)
        if not mask.any():
            continue
        away = distance_transform_edt(~mask, sampling=tissues.grid.spacing)
        idx = np.rint(tissues.grid.index(points)).astype(int)
        idx = idx[np.all((idx >= 0) & (idx < tissues.grid.shape), axis=1)]
        distance = float(np.asarray(away)[tuple(idx.T)].min())
        yield below(
            Rule(f"distance to {organ.name}", 1e3 * organ.distance_min, "mm", "distance rule of the case", hard=False),
            1e3 * distance,
            f"the treated region comes within {1e3 * distance:.0f} mm of {organ.name}",
            f"leave out the part of the target nearest to {organ.name}, or treat from the other side",
        )
