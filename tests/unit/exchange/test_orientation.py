"""A phantom with a known asymmetric shape, written and read through every path, comes back where it was to 1e-3 mm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.sequence import Sequence

from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.exchange.ct_series import ct_series
from openhifu.exchange.geometry import decimals, planes_of
from openhifu.exchange.parametric import parametric_map, read_parametric
from openhifu.exchange.rt_dose import read_rt_dose, rt_dose
from openhifu.exchange.segmentation import segmentation
from openhifu.exchange.structure_set import structure_set
from openhifu.exchange.study import Study, derived_uid
from openhifu.imaging import nifti_bytes, read_scan
from openhifu.imaging.dicom.structures import read_structures
from tests.dicom_making import enhanced_mr, save

STUDY = Study("P1", "Phantom^One", derived_uid("study"), derived_uid("frame"), "key", datetime(2026, 1, 2, tzinfo=UTC))
SHAPE = (13, 11, 7)
MARKS = {100: (2, 3, 1), 200: (9, 3, 1), 300: (2, 8, 1), 400: (2, 3, 5)}
"""Value and voxel of four marks that no turn or mirror image maps onto themselves."""


def turned(degrees: tuple[float, float, float]) -> NDArray[np.float64]:
    a, b, c = np.radians(degrees)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return x @ y @ z


def grid(directions: NDArray[np.float64]) -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array([0.7e-3, 0.9e-3, 2.3e-3])
    affine[:3, 3] = [-31.7e-3, 12.9e-3, 204.3e-3]
    return Grid(SHAPE, affine, Frame.PATIENT)


GRIDS = {
    "axial": grid(np.eye(3)),
    "oblique": grid(turned((17, -8, 31))),
    "left-handed": grid(np.diag([-1.0, -1.0, -1.0])),
    "oblique, left-handed": grid(turned((-40, 11, 5)) @ np.diag([1.0, -1.0, 1.0])),
    "sagittal": grid(np.array([[0, 0, 1.0], [1, 0, 0], [0, -1, 0]])),
}


def phantom(where: Grid, quantity: Quantity = Quantity.HOUNSFIELD) -> Field:
    data = np.zeros(SHAPE, np.float32)
    for value, voxel in MARKS.items():
        data[voxel] = value
    return Field(where, data, quantity)


def masks() -> dict[str, NDArray[np.bool_]]:
    return {str(value): phantom(GRIDS["axial"]).data == value for value in MARKS}


def places(field: Field) -> dict[int, NDArray[np.float64]]:
    """Where each mark lies [m]; each must be one voxel."""
    found = {value: np.argwhere(np.rint(field.data) == value) for value in MARKS}
    assert all(len(voxels) == 1 for voxels in found.values()), {v: len(n) for v, n in found.items()}
    return {value: field.grid.world(voxels[0]) for value, voxels in found.items()}


def through_ct(folder: Path, where: Grid) -> Field:
    return read_scan(save(folder, ct_series(phantom(where), STUDY, None))).field


def through_enhanced_mr(folder: Path, where: Grid) -> Field:
    planes = planes_of(phantom(where).data.astype(np.int16), where)
    ds = enhanced_mr(tuple(reversed(range(SHAPE[2]))), planes.pixels.transpose(2, 1, 0))
    shared = ds.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = decimals(planes.orientation)
    shared.PixelMeasuresSequence[0].PixelSpacing = decimals(planes.pixel_spacing)
    shared.PixelValueTransformationSequence = Sequence()
    for frame, position in zip(ds.PerFrameFunctionalGroupsSequence, planes.positions[::-1], strict=True):
        frame.PlanePositionSequence[0].ImagePositionPatient = decimals(position)
    return read_scan(save(folder, [ds])).field


def through_nifti(folder: Path, where: Grid) -> Field:
    (folder / "phantom.nii.gz").write_bytes(nifti_bytes(phantom(where).data, where))
    return read_scan(folder / "phantom.nii.gz").field


def through_parametric_map(folder: Path, where: Grid) -> Field:
    images = ct_series(phantom(where), STUDY, None)
    made = parametric_map(phantom(where, Quantity.TEMPERATURE), STUDY, images, 4, "phantom", "phantom")
    made.save_as(folder / "map.dcm")
    import pydicom

    return read_parametric(pydicom.dcmread(folder / "map.dcm"), "map")


def through_rt_dose(folder: Path, where: Grid) -> Field:
    images = ct_series(phantom(where), STUDY, None)
    made = rt_dose(phantom(where, Quantity.CEM43), STUDY, images, None, 5, "phantom", "continuous")
    save(folder, [made])
    import pydicom

    return read_rt_dose(pydicom.dcmread(next(folder.iterdir())), "dose")


def through_structures(make: Callable[..., object]) -> Callable[[Path, Grid], Field]:
    """Masks drawn on the CT as it is read back, so that image and structures are proved together."""

    def path(folder: Path, where: Grid) -> Field:
        images = ct_series(phantom(where), STUDY, None)
        made = make(masks(), where, STUDY, images)
        made.save_as(folder / "structures.dcm", enforce_file_format=True)  # type: ignore[attr-defined]
        image = read_scan(save(folder / "ct", images)).field
        found = read_structures(folder / "structures.dcm", image.grid, STUDY.frame_of_reference)
        data = np.zeros(image.grid.shape, np.float32)
        for name, mask in found.items():
            data[mask] = float(name)
        return Field(image.grid, data, Quantity.LABEL)

    return path


PATHS: dict[str, Callable[[Path, Grid], Field]] = {
    "DICOM CT": through_ct,
    "enhanced MR": through_enhanced_mr,
    "NIfTI": through_nifti,
    "SEG": through_structures(segmentation),
    "RTSTRUCT": through_structures(structure_set),
    "Parametric Map": through_parametric_map,
    "RTDOSE": through_rt_dose,
}


@pytest.mark.parametrize("where", GRIDS)
@pytest.mark.parametrize("path", PATHS)
def test_the_phantom_comes_back_where_it_was(tmp_path: Path, path: str, where: str) -> None:
    truth = {value: GRIDS[where].world(voxel) for value, voxel in MARKS.items()}
    found = places(PATHS[path](tmp_path, GRIDS[where]))
    for value, place in truth.items():
        assert np.linalg.norm(found[value] - place) < 1e-6, (value, found[value], place)
