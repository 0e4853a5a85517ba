"""A small synthetic torso with everything that makes real scans hard: padding, table, lung, rib, contrast, gas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging import NewCase, nifti_bytes, parse_target

NAMES = {1: "liver", 2: "lung_lower_lobe_right", 3: "rib_right_8", 4: "colon"}
NAMES_CSV = "structure,id\n" + "".join(f"{name},{value}\n" for value, name in NAMES.items())
GRID = Grid(
    (80, 72, 12),
    np.array([[2e-3, 0, 0, -79e-3], [0, 2e-3, 0, -71e-3], [0, 0, 3e-3, -16.5e-3], [0, 0, 0, 1.0]]),
    Frame.PATIENT,
)


def torso() -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """CT numbers and labels on ``GRID``; the body is an ellipse of 130 x 110 mm, 10 mm of fat under its surface."""
    x, y, _ = np.moveaxis(GRID.points() * 1e3, -1, 0)
    radius = np.sqrt((x / 65) ** 2 + (y / 55) ** 2)
    hu = np.full(GRID.shape, -1000, np.int16)
    labels = np.zeros(GRID.shape, np.uint8)
    hu[radius < 1] = -100
    hu[radius < 0.83] = 50
    for value, number, where in (
        (1, 65, np.hypot(x + 15, y) < 22),
        (2, -820, np.hypot(x - 30, y) < 15),
        (3, 400, np.hypot(x + 46, y) < 4),
        (4, 20, np.hypot(x, y - 32) < 9),
    ):
        hu[where], labels[where] = number, value
    hu[np.hypot(x + 46, y) < 2] = 150
    hu[np.hypot(x, y - 32) < 4] = -900
    hu[np.hypot(x + 50, y - 3) < 2] = 350
    hu[np.hypot(x - 20, y + 30) < 3] = 350
    hu[(y > 62) & (y < 65) & (np.abs(x) < 50)] = 300
    hu[np.hypot(x, y) > 95] = -2048
    return hu, labels


def write_torso(folder: Path) -> NewCase:
    """Write scan, labels and names, and say how to make a case of them."""
    hounsfield, labels = torso()
    (folder / "scan.nii.gz").write_bytes(nifti_bytes(hounsfield, GRID))
    (folder / "labels.nii.gz").write_bytes(nifti_bytes(labels, GRID))
    (folder / "labels.csv").write_text(NAMES_CSV, encoding="utf-8")
    return NewCase(
        ct=folder / "scan.nii.gz",
        labels=folder / "labels.nii.gz",
        label_names=folder / "labels.csv",
        target=parse_target("sphere:-15,0,0,6"),
        device="jc200-like",
        preset="liver",
    )
