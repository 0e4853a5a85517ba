"""A parametric pelvis with one fibroid: images and labels from dimensions, for teaching and sweeps; no patient.

Sources of the dimensions: fat, mean 17.5 mm of 71 women treated with focused ultrasound (Peiser et al., SAJOG 2021);
distance to the sacrum, 30 mm, the outermost published risk class (Diagn Interv Radiol 2023;29:195). Bladder, bowel,
nerve, sacrum, muscle, uterine wall and the shape of the skin are assumptions, as is the depth of the fibroid. Bowel
lies where a degassed-water balloon leaves it: above every beam from the front.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from openhifu.base.errors import OutOfRange
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.outcome import Outcome
from openhifu.imaging.labels import names_csv
from openhifu.imaging.making import NewCase, new_case
from openhifu.imaging.nifti import nifti_bytes
from openhifu.model.target import LabelTarget, Sphere

NAMES = {
    1: "uterus",
    2: "fibroid",
    3: "endometrium",
    4: "urinary_bladder",
    5: "small_bowel",
    6: "sacrum",
    7: "sciatic_nerve",
}
"""Labels of every pelvis."""

GRADES = {"none": "fibroid_unperfused", "uterus-like": "fibroid", "high": "fibroid_high_perfusion"}
"""Catalogue tissue of each perfusion grade: the lower bound, what the uterus has, and the highest published value."""

SPACING = 2e-3
"""m, edge of a voxel."""

_HU = {"outside": -1000, "fat": -100, "soft": 50, "watery": 5, "bone": 250}
_SKIN, _UTERUS_WALL, _BEHIND = 2e-3, 10e-3, 80e-3
_HALF_WIDTH = 170e-3
_LEAST_HALF_HEIGHT, _ABOVE = 90e-3, 25e-3  # m: of the piece of body; and beyond the widest beam at the skin
_BEAM = 1.0  # tangent of the angle about the front that is kept free of bowel: 45 degrees
_BUMP, _BUMP_WIDTH = 1e-3, 20e-3  # m: standard deviation of the fat thickness, and how far bumps reach


@dataclass(frozen=True)
class Pelvis:
    """Dimensions of a pelvis, all in metres; front to back: skin, fat, muscle, uterus with its fibroid, sacrum.

    Attributes:
        diameter: of the fibroid, a sphere.
        depth: from the skin to the fibroid's near edge, on the midline.
        fat: mean thickness of subcutaneous fat.
        muscle: thickness of the abdominal wall's muscle: how far behind the fat bladder, bowel and uterus may begin;
            what lies between organs is muscle too.
        to_sacrum: from the fibroid's far edge to the sacrum.
        to_endometrium: from the fibroid's lower edge to the endometrium.
        grade: perfusion grade, one of ``GRADES``.
        seed: of the bumps on the fat's inner side.
    """

    diameter: float
    depth: float = 50e-3
    fat: float = 17.5e-3
    muscle: float = 10e-3
    to_sacrum: float = 30e-3
    to_endometrium: float = 1e-3
    grade: str = "uterus-like"
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if self.grade not in GRADES:
            raise OutOfRange(f"perfusion grade {self.grade!r} is not known; choose one of {', '.join(GRADES)}")
        if not 20e-3 <= self.diameter <= 100e-3:
            raise OutOfRange(f"a fibroid of {1e3 * self.diameter:.0f} mm is not modelled; give 20 to 100 mm")
        if min(self.fat, self.muscle) < 2 * SPACING or self.to_sacrum < _UTERUS_WALL or self.seed < 0:
            raise OutOfRange("fat and muscle must be at least 4 mm, the sacrum 10 mm away, the seed not negative")
        if not 0 <= self.to_endometrium <= 20e-3:
            raise OutOfRange(
                f"an endometrium {1e3 * self.to_endometrium:.0f} mm from the fibroid is not modelled; give 0 to 20 mm"
            )
        least = _SKIN + self.fat + self.muscle + _UTERUS_WALL
        if self.depth < least + 3 * _BUMP:
            raise OutOfRange(
                f"a fibroid {1e3 * self.depth:.1f} mm deep meets the body wall; skin, fat, muscle and uterus take "
                f"{1e3 * least:.1f} mm and bumps 3 mm: give a greater depth or a thinner wall"
            )

    def images(self) -> tuple[NDArray[np.int16], NDArray[np.uint8], Grid]:
        """CT numbers [HU], labels by ``NAMES``, and their grid; the fibroid's centre is the origin."""
        half_depth = (self.depth + self.diameter + self.to_sacrum + _BEHIND) / 2
        half_height = max(_LEAST_HALF_HEIGHT, _BEAM * (self.depth + self.diameter) + _ABOVE)
        half_height = SPACING * round(half_height / SPACING)
        skin = -self.diameter / 2 - self.depth
        low = (-_HALF_WIDTH - 5 * SPACING, skin - 5 * SPACING, -half_height)
        high = (_HALF_WIDTH + 5 * SPACING, skin + 2 * half_depth + 5 * SPACING, half_height)
        grid = Grid.box(low, high, SPACING, Frame.PATIENT)
        x, y, z = np.moveaxis(grid.points(), -1, 0)
        hounsfield = self._layers(x, y - (skin + half_depth), half_depth)
        labels = self._organs(x, y, z)
        hounsfield[labels > 0] = _HU["soft"]
        hounsfield[labels == 4] = _HU["watery"]
        hounsfield[labels == 6] = _HU["bone"]
        return hounsfield, labels, grid

    def _layers(self, x: NDArray[np.float64], y: NDArray[np.float64], half: float) -> NDArray[np.int16]:
        """Fat under the skin, muscle inside it: shells of an ellipse, the fat's inner side bumpy."""
        noise = gaussian_filter(
            np.random.default_rng(self.seed).standard_normal((x.shape[0], x.shape[2])), _BUMP_WIDTH / SPACING
        )
        bump = _BUMP * np.clip(noise / noise.std(), -3, 3)[:, None, :]
        inner = _SKIN + self.fat + bump

        def within(depth: NDArray[np.float64] | float) -> NDArray[np.bool_]:
            return (x / (_HALF_WIDTH - depth)) ** 2 + (y / (half - depth)) ** 2 <= 1

        found = np.full(x.shape, _HU["outside"], np.int16)
        found[within(0.0)] = _HU["fat"]
        found[within(inner)] = _HU["soft"]
        return found

    def _organs(self, x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Labels; what comes later lies on top."""
        r = self.diameter / 2
        wall = -r - self.depth + _SKIN + self.fat + self.muscle + 3 * _BUMP
        sacrum = r + self.to_sacrum
        found = np.zeros(x.shape, np.uint8)

        def inside(centre: tuple[float, float, float], axes: tuple[float, float, float]) -> NDArray[np.bool_]:
            parts = [((v - c) / a) ** 2 for v, c, a in zip((x, y, z), centre, axes, strict=True)]
            return sum(parts[1:], parts[0]) <= 1

        pushed = r + 15e-3 + _BEAM * np.maximum(r - y, 0)  # by a water balloon, out of every beam from the front
        found[(np.abs(x) <= 60e-3) & (z >= pushed) & (y >= wall) & (y <= sacrum - 10e-3)] = 5
        found[inside((0, wall + 20e-3, -r - 30e-3), (35e-3, 20e-3, 20e-3))] = 4
        womb = (r + 15e-3, r + _UTERUS_WALL, r + 15e-3)
        found[inside((0, 0, 0), womb) & (z >= 0)] = 1
        found[inside((0, 0, 0), (*womb[:2], r + 14e-3 + self.to_endometrium)) & (z < 0)] = 1  # with the cavity in it
        found[inside((0, 0, -r - 6e-3 - self.to_endometrium), (15e-3, 4e-3, 6e-3))] = 3
        found[inside((0, 0, 0), (r, r, r))] = 2
        found[(np.abs(x) <= 50e-3) & (y >= sacrum) & (y <= sacrum + 30e-3)] = 6
        found[np.hypot(np.abs(x) - 65e-3, y - sacrum - 5e-3) <= 6e-3] = 7
        return found


_LEAST_PART = 8e-3


def new_pelvis(
    folder: str | Path,
    pelvis: Pelvis,
    device: str = "jc200-like",
    treat: float | None = None,
    reading_share: float | None = None,
) -> list[Outcome]:
    """Make a case folder of a pelvis, of the same form as one made from a scan.

    Args:
        folder: must not exist.
        pelvis: its dimensions.
        device: catalogue name.
        treat: diameter [m] of a sphere in the fibroid's middle to treat, with the preset for a part of a fibroid; None
            treats the whole of it.
        reading_share: of the rise that titration takes a thermometer to read; None for what the preset says.

    Raises:
        OutOfRange: if that sphere does not lie within the fibroid.
        InputError: any kind of it, as ``new_case``.
        StorageError: if the folder exists or cannot be written.
    """
    if treat is not None and not _LEAST_PART <= treat <= pelvis.diameter:
        raise OutOfRange(
            f"a part of {1e3 * treat:.0f} mm cannot be treated in a fibroid of {1e3 * pelvis.diameter:.0f} mm; "
            f"give {1e3 * _LEAST_PART:.0f} mm to its diameter"
        )
    hounsfield, labels, grid = pelvis.images()
    with tempfile.TemporaryDirectory() as name:
        source = Path(name)
        (source / "ct.nii.gz").write_bytes(nifti_bytes(hounsfield, grid))
        (source / "labels.nii.gz").write_bytes(nifti_bytes(labels, grid))
        (source / "labels.csv").write_bytes(names_csv(NAMES))
        wanted = NewCase(
            ct=source / "ct.nii.gz",
            labels=source / "labels.nii.gz",
            label_names=source / "labels.csv",
            label_tissues=(("fibroid", GRADES[pelvis.grade]),),
            target=LabelTarget(label="fibroid") if treat is None else Sphere(centre=(0, 0, 0), radius=treat / 2),
            device=device,
            preset="fibroid" if treat is None else "fibroid-part",
            reading_share=reading_share,
            pseudonym="parametric",
            notes=f"Parametric, no patient: {pelvis}. Metres; only fat and sacral distance are published.",
        )
        return new_case(folder, wanted)
