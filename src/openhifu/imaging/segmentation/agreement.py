"""How far two label maps of one scan agree, class by class: overlap, distance between surfaces, what is mistaken."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from openhifu.base.errors import FormatError
from openhifu.imaging.morphology import Mask
from openhifu.imaging.segmentation.filters import Spacing, distance_to, surface_of
from openhifu.model.tissuemap import LabelMap

BONES = (
    *("rib_*", "sternum", "vertebra*", "sacrum", "hip_*", "femur_*", "humerus_*", "scapula_*", "clavicula_*", "skull"),
    *("bone", "bone_*"),
)
MUSCLES = ("autochthon_*", "iliopsoas_*", "gluteus_*")
"""Muscles that label maps name. They are some of many, so that only how much of them is found can be said."""

REFERENCE = {
    "skin": ("skin",),
    "fat": ("fat",),
    "muscle": ("muscle",),
    "bone": BONES,
    "gas": ("gas",),
    "lung_air": ("lung_*",),
}
"""Names of labels that stand for a class; ``*`` matches."""

CONFUSERS = (
    *("aorta", "heart*", "atrial_*", "*_vein*", "*_vena_*", "*_artery_*", "brachiocephalic_*", "kidney_*", "spleen"),
    *("liver", "stomach", "small_bowel", "colon", "duodenum", "urinary_bladder"),
)
"""Labels of what contrast agent fills, which a threshold takes for bone."""


@dataclass(frozen=True)
class Agreement:
    """A class found beside the reference.

    Attributes:
        name: of the class.
        dice: twice the common volume over the sum of both; 1 for the very same.
        found: share of the reference that was found.
        true: share of what was found that the reference has.
        surface: mean distance [m] between the two surfaces, both ways.
        surface_most: m; 95 of 100 surface voxels lie closer.
        near: share of both surfaces that lies within ``tolerance`` of the other.
        tolerance: m: the largest step of the grid, 2 mm at least.
    """

    name: str
    dice: float
    found: float
    true: float
    surface: float
    surface_most: float
    near: float
    tolerance: float

    def describe(self) -> str:
        """One line for people."""
        return (
            f"{self.name}: Dice {self.dice:.3f}; {100 * self.found:.0f} % of the reference found, "
            f"{100 * self.true:.0f} % of what was found is in it; surfaces {1e3 * self.surface:.2f} mm apart on "
            f"average, {100 * self.near:.0f} % within {1e3 * self.tolerance:.1f} mm, 95 % within "
            f"{1e3 * self.surface_most:.1f} mm"
        )


def agreement(name: str, found: Mask, reference: Mask, spacing: Spacing) -> Agreement:
    """How far two masks agree; both must hold something.

    Raises:
        FormatError: if one is empty.
    """
    if not found.any() or not reference.any():
        which = "found" if not found.any() else "reference"
        raise FormatError(f"there is no {name} in the {which} map; compare classes that both have")
    common = float(np.count_nonzero(found & reference))
    sizes = float(np.count_nonzero(found)), float(np.count_nonzero(reference))
    mine, other = surface_of(found), surface_of(reference)
    away = np.concatenate([distance_to(other, spacing)[mine], distance_to(mine, spacing)[other]])
    tolerance = max(2e-3, *spacing)
    return Agreement(
        name=name,
        dice=2 * common / sum(sizes),
        found=common / sizes[1],
        true=common / sizes[0],
        surface=float(away.mean()),
        surface_most=float(np.percentile(away, 95)),
        near=float(np.mean(away <= tolerance * (1 + 1e-6))),
        tolerance=tolerance,
    )


def agreements(found: LabelMap, reference: LabelMap) -> tuple[Agreement, ...]:
    """Every class that both maps have, compared where the reference covers it: in planes in which it has the class.

    Raises:
        GeometryError: if the maps lie on different grids.
        FormatError: if they have no class in common.
    """
    found.grid.require_same(reference.grid, "the reference")
    rows = []
    for name, patterns in REFERENCE.items():
        truth = labelled(reference, patterns)
        covered = truth.any(axis=(0, 1))
        mine = labelled(found, (name,)) & covered
        if mine.any() and truth.any():
            low, high = np.flatnonzero(covered)[[0, -1]]
            part = (slice(None), slice(None), slice(int(low), int(high) + 1))
            rows.append(agreement(name, mine[part], truth[part], found.grid.spacing))
    if not rows:
        raise FormatError(f"the reference has none of the classes {', '.join(REFERENCE)}; its names are not known")
    return tuple(rows)


def described(found: LabelMap, reference: LabelMap) -> tuple[str, ...]:
    """Agreement of the classes both maps have, and what can be said of labels that stand for part of a class only."""
    lines = [row.describe() for row in agreements(found, reference)]
    taken = share_taken(found, "bone", reference, CONFUSERS)
    if taken is not None:
        lines.append(f"taken for bone: {100 * taken:.2f} % of vessels, heart, kidneys, spleen, liver and gut")
    muscle = share_taken(found, "muscle", reference, MUSCLES)
    if muscle is not None:
        lines.append(f"taken for muscle: {100 * muscle:.0f} % of the muscles the reference names (some of many)")
    return tuple(lines)


def share_taken(found: LabelMap, name: str, reference: LabelMap, patterns: tuple[str, ...]) -> float | None:
    """Share of the reference's labels of these names that the class ``name`` covers; None where it has none."""
    truth = labelled(reference, patterns)
    if not truth.any():
        return None
    return float(np.count_nonzero(truth & labelled(found, (name,))) / np.count_nonzero(truth))


def labelled(labels: LabelMap, patterns: tuple[str, ...]) -> Mask:
    """Voxels whose label's name matches one of the patterns, letter case aside."""
    chosen = [n for n, name in labels.names.items() if any(fnmatchcase(name.lower(), p) for p in patterns)]
    return np.isin(labels.data, chosen)
