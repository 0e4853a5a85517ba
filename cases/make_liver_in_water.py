"""Make ``cases/liver-in-water``: a cube of liver in a water tank, from nothing but numbers.

Run from the repository's root: ``python cases/make_liver_in_water.py``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging import NewCase, new_case, nifti_bytes, parse_target

SPACING = 2e-3
HALF_TANK, HALF_BLOCK = 60e-3, 40e-3
NOTES = (
    "Synthetic: a cube of liver, 80 mm a side, in a tank of water, 120 mm a side; no patient. "
    "The front of the block is at y = -40 mm (P), the target 30 mm behind it."
)


def tank() -> tuple[np.ndarray, np.ndarray, Grid]:
    """CT numbers (liver 60 HU, water 0 HU), labels (1 liver, 2 water), and their grid."""
    start = -HALF_TANK + SPACING / 2
    grid = Grid.box((start,) * 3, (-start,) * 3, SPACING, Frame.PATIENT)
    block = np.all(np.abs(grid.points()) < HALF_BLOCK, axis=-1)
    return np.where(block, 60, 0).astype(np.int16), np.where(block, 1, 2).astype(np.uint8), grid


def make(folder: Path) -> None:
    """Write the case."""
    hounsfield, labels, grid = tank()
    with tempfile.TemporaryDirectory() as name:
        source = Path(name)
        (source / "ct.nii.gz").write_bytes(nifti_bytes(hounsfield, grid))
        (source / "labels.nii.gz").write_bytes(nifti_bytes(labels, grid))
        (source / "labels.csv").write_text("structure,id\nliver,1\ntank_water,2\n", encoding="utf-8")
        wanted = NewCase(
            ct=source / "ct.nii.gz",
            labels=source / "labels.nii.gz",
            label_names=source / "labels.csv",
            target=parse_target("sphere:0,-10,0,6"),
            device="jc200-like",
            preset="phantom",
            pseudonym="phantom",
            notes=NOTES,
        )
        for outcome in new_case(folder, wanted):
            print(outcome.sentence)


if __name__ == "__main__":
    make(Path(__file__).parent / "liver-in-water")
