"""The skull masks of the benchmarks: which way they lie, what is refused, and the three methods behind a small one."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from openhifu.acoustics.skull_masks import SECTION, WHOLE, MaskFile, around_axis, find_published, read_mask
from openhifu.acoustics.validation_masks import CASES, Behind, cases
from openhifu.base.errors import FileProblem, FormatError, OutOfRange, Tampered
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.tissuemap import TissueMap

H = 0.5


def written(folder: Path, changed: dict[str, np.ndarray] | None = None, both: bool = False) -> Path:
    """A file as the published ones are: 9 voxels along its x, 5 along y, 7 along z, one of skull and one of brain."""
    skull, brain = np.zeros((7, 5, 9), np.uint8), np.zeros((7, 5, 9), np.uint8)
    skull[1, 2, 3] = 1
    brain[5, 4, 6] = 1
    brain[1, 2, 3] = both
    parts = {"skull_mask": skull, "brain_mask": brain}
    parts |= {axis: H * (np.arange(n)[:, None] - at) for axis, n, at in (("xi", 9, 0), ("yi", 5, 2), ("zi", 7, 3))}
    path = folder / "mask.mat"
    with h5py.File(path, "w") as file:
        for key, value in (parts | (changed or {})).items():
            file[key] = value
    return path


def test_the_beam_runs_along_the_files_x(tmp_path: Path) -> None:
    mask = read_mask(written(tmp_path))
    assert mask.grid.shape == (5, 7, 9) and mask.grid.frame is Frame.TRANSDUCER
    assert mask.grid.spacing == pytest.approx((0.5e-3,) * 3)
    np.testing.assert_allclose(mask.grid.world((0, 0, 0)), [-1e-3, -1.5e-3, 0.0])
    assert mask.data[2, 1, 3] == mask.tissues.index("cortical")
    assert mask.data[4, 5, 6] == mask.tissues.index("brain")
    assert int((mask.data == mask.tissues.index("water")).sum()) == mask.data.size - 2


def test_the_part_around_the_axis_goes_on_beside_the_mask(tmp_path: Path) -> None:
    mask = read_mask(written(tmp_path))
    part = around_axis(mask, 2e-3, (1e-3, 3e-3))
    assert part.grid.shape == (9, 9, 5)
    np.testing.assert_allclose(part.grid.world((4, 4, 0)), [0.0, 0.0, 1e-3], atol=1e-12)
    brain = part.tissues.index("brain")
    # the file's outermost voxel along y is brain, and goes on for two voxels beside the mask
    assert set(map(tuple, np.argwhere(part.data == brain))) == {(6, 6, 4), (7, 6, 4), (8, 6, 4)}
    with pytest.raises(OutOfRange, match="not all in the mask"):
        around_axis(mask, 2e-3, (1e-3, 9e-3))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"skull_mask": np.full((7, 5, 9), 2, np.uint8)}, "zeros and ones"),
        ({"skull_mask": np.zeros((7, 5, 8), np.uint8)}, "do not fit"),
        ({"yi": np.arange(5.0)[:, None]}, "cubes"),
    ],
)
def test_a_mask_that_does_not_fit_together_is_refused(
    tmp_path: Path, changed: dict[str, np.ndarray], says: str
) -> None:
    with pytest.raises(FormatError, match=says):
        read_mask(written(tmp_path, changed))


def test_a_voxel_of_both_and_what_is_no_mask_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no voxel both"):
        read_mask(written(tmp_path, both=True))
    other = tmp_path / "other.mat"
    other.write_bytes(b"no HDF5")
    with pytest.raises(FileProblem, match="HDF5"):
        read_mask(other)
    with h5py.File(other, "w") as file:
        file["skull_mask"] = np.zeros((2, 2, 2), np.uint8)
    with pytest.raises(FormatError, match="holds no brain_mask, xi"):
        read_mask(other)


@pytest.mark.parametrize("file", [SECTION, WHOLE])
def test_only_the_published_file_is_taken(tmp_path: Path, file: MaskFile) -> None:
    with pytest.raises(FileProblem, match="neurotechdevkit"):
        find_published(None, file)
    with pytest.raises(FileProblem, match=f"no file {file.name}"):
        find_published(tmp_path, file)
    written(tmp_path).rename(tmp_path / file.name)
    with pytest.raises(Tampered, match="SHA-256"):
        find_published(tmp_path, file)


def test_every_case_refuses_without_its_mask(tmp_path: Path) -> None:
    assert len(CASES) == 26
    for case in [*CASES.values(), *cases(tmp_path).values()]:
        with pytest.raises(FileProblem, match="pip download"):
            case()


def test_the_peak_is_that_in_the_brain_behind_the_skull() -> None:
    """Of a field on a larger grid, without what is louder in the bone, before the plane, and at the march's edges."""
    h = 0.5e-3
    whole = Grid.box((-14e-3, -13e-3, 30e-3), (14e-3, 13e-3, 45e-3), h)
    grid = whole.crop((4, 2, 4), (53, 51, 31))
    labels = np.full(grid.shape, 2, np.uint8)
    labels[20, 20, 20] = 1
    x, y, z = (whole.affine[n, 3] + whole.axis(n) for n in range(3))
    place = (-1.2e-3, 2.1e-3, 41.3e-3)
    away = ((x - place[0])[:, None, None], (y - place[1])[:, None], z - place[2])
    data = (2e5 * np.exp(-sum(d**2 for d in away) / (2 * 1.5e-3**2))).astype(np.complex64)
    for index in ((20, 20, 20), (24, 24, 3), (24, 2, 20)):
        data[4 + index[0], 2 + index[1], 4 + index[2]] = 1e6
    found = Behind.of(Field(whole, data, Quantity.PRESSURE), TissueMap(grid, labels, ("water", "cortical", "brain")))
    assert found.size.shape == (13, 13, 17)
    assert found.peak == pytest.approx(2e5, rel=5e-3)
    np.testing.assert_allclose(found.place, place, atol=0.05e-3)
