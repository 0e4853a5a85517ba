"""The skulls of the transcranial benchmarks BM7 and BM8 as labels, read from the masks that were published with them.

Source: Aubry et al., J. Acoust. Soc. Am. 152, 1003 (2022), for the benchmarks. The masks are not part of this program.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem, FormatError, OutOfRange, Tampered
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.tissuemap import TissueMap

WHERE = (
    "`pip download --no-deps neurotechdevkit==0.6.11` brings the masks (Apache-2.0), and that wheel, a zip file, holds "
    "them under neurotechdevkit/scenarios/built_in/data"
)
"""How to come by them."""

NAMES = ("water", "cortical", "brain")
"""What the labels 0, 1 and 2 stand for."""

_MASKS, _AXES = ("skull_mask", "brain_mask"), ("xi", "yi", "zi")


@dataclass(frozen=True)
class MaskFile:
    """A published file.

    Attributes:
        name: of the file.
        digest: its SHA-256.
    """

    name: str
    digest: str


SECTION = MaskFile("skull_mask_bm7_dx_0.5mm.mat", "8c3d2cc89459e580ba2278ab1fe4eac4465e2e2bb6f404fc1a0acee465a07bbc")
"""BM7, a section of a skull: 120 x 70 x 70 mm at 0.5 mm."""

WHOLE = MaskFile("skull_mask_bm8_dx_0.5mm.mat", "b3287f37ba1edbf53a5e0139cd091b1d63b9ca0e1742b503fffdb2665ddf287a")
"""BM8, the whole skull: 225 x 170 x 190 mm at 0.5 mm."""


def read_published(folder: Path | None, file: MaskFile) -> TissueMap:
    """One of the published masks; refuses as ``find_published`` does."""
    return read_mask(find_published(folder, file))


def find_published(folder: Path | None, file: MaskFile) -> Path:
    """Where a published mask lies.

    Args:
        folder: where to look; None if nobody has said.
        file: which.

    Raises:
        FileProblem: if no folder is given or the file is not in it, saying where it is to be had.
        Tampered: if the file is another one.
    """
    if folder is None:
        raise FileProblem(
            f"the skull of this case is not part of OpenHIFU: give the folder of {file.name} with --masks or in "
            f"OPENHIFU_SKULL_MASKS; {WHERE}"
        )
    path = folder / file.name
    if not path.is_file():
        raise FileProblem(f"there is no file {file.name} in the folder {folder} given for the skull masks; {WHERE}")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != file.digest:
        raise Tampered(
            f"{path} is not the mask that was published: its SHA-256 is {digest}, not {file.digest}; {WHERE}"
        )
    return path


def read_mask(path: Path) -> TissueMap:
    """A skull and the brain in it, in the frame of the transducer.

    The file's x runs along the beam from the apex; its y and z become x and y, its x becomes z. It holds ``skull_mask``
    and ``brain_mask`` of zeros and ones, axes in the order z, y, x, and centres ``xi``, ``yi``, ``zi`` of voxels [mm].

    Raises:
        FileProblem: if it cannot be read.
        FormatError: if something is missing in it or does not fit together.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            absent = [key for key in (*_MASKS, *_AXES) if key not in file]
            if absent:
                raise FormatError(f"{path} holds no {', '.join(absent)}: it is no skull mask of the benchmarks")
            skull, brain = (np.asarray(file[key], np.uint8) for key in _MASKS)
            axes = [1e-3 * np.asarray(file[key], float).ravel() for key in _AXES]
    except OSError as error:
        raise FileProblem(f"{path} cannot be read as HDF5: {error}") from error
    x, y, z = axes
    if skull.shape != (z.size, y.size, x.size) or brain.shape != skull.shape or min(skull.shape) < 2:
        raise FormatError(f"{path}: masks of {skull.shape} and {brain.shape} voxels do not fit its z, y and x axes")
    if max(int(skull.max()), int(brain.max())) > 1 or bool(np.any(skull & brain)):
        raise FormatError(f"{path}: masks must be of zeros and ones, and no voxel both skull and brain")
    step = float(x[1] - x[0])
    if any(not np.allclose(np.diff(axis), step, atol=1e-9) for axis in axes):
        raise FormatError(f"{path}: the voxels must be cubes of one size")
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = y[0], z[0], x[0]
    labels = np.ascontiguousarray(np.moveaxis(skull + 2 * brain, (1, 0, 2), (0, 1, 2)))
    return TissueMap(Grid((y.size, z.size, x.size), affine, Frame.TRANSDUCER), labels, NAMES)


def around_axis(mask: TissueMap, half_width: float, ends: tuple[float, float]) -> TissueMap:
    """The part of a mask around the beam; beside its sides the outermost voxels go on.

    Args:
        mask: in the frame of the transducer, one of its voxels on the axis.
        half_width: of the part, to either side of the axis [m].
        ends: first and last plane [m]; voxels must be there.

    Raises:
        OutOfRange: if the mask has no voxels at these planes.
    """
    grid, h = mask.grid, mask.grid.spacing[0]
    reach = round(half_width / h)
    middle = np.rint(grid.index((0.0, 0.0, ends[0]))).astype(int)
    first, last = int(middle[2]), round(float(grid.index((0.0, 0.0, ends[1]))[2]))
    if not 0 <= first < last < grid.shape[2]:
        raise OutOfRange(f"planes from {ends[0]} to {ends[1]} m are not all in the mask ({grid.describe()})")
    columns = [np.clip(np.arange(c - reach, c + reach + 1), 0, n - 1) for c, n in zip(middle, grid.shape, strict=False)]
    part: NDArray[np.uint8] = mask.data[columns[0]][:, columns[1], first : last + 1]
    affine = np.array(grid.affine)
    affine[:3, 3] = grid.world((middle[0] - reach, middle[1] - reach, first))
    side = 2 * reach + 1
    return TissueMap(Grid((side, side, last - first + 1), affine, grid.frame), np.ascontiguousarray(part), mask.tissues)
