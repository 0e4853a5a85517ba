"""One acoustic question: a driven source, a medium, and what to keep of the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.drive import Drive
from openhifu.model.medium import Medium

_PARALLEL = 1e-6  # sine of the largest angle between grid and source axes that still counts as aligned
_ALIGNED = 1e-6  # of a voxel: how exactly a heat grid's blocks must coincide with voxels


@dataclass(frozen=True, eq=False)
class AcousticProblem:
    """A continuous-wave field to be found.

    Attributes:
        drive: the source, how it is driven and where it stands.
        medium: tissues on a grid whose axes are the source's axes: frame TRANSDUCER when ``drive.pose`` is None, frame
            PATIENT with axes along ``drive.pose.axes`` otherwise (``Grid.along`` makes such grids).
        harmonics: multiples of the frequency that are asked for; 1 asks for the linear field, more for nonlinear
            propagation, which only the methods that contain it take.

    Raises:
        GeometryError: if the grid is not aligned with the source.
        OutOfRange: if less than one harmonic is asked for.
    """

    drive: Drive
    medium: Medium
    harmonics: int = 1

    def __post_init__(self) -> None:
        """Refuse a grid that does not follow the beam."""
        if self.harmonics < 1:
            raise OutOfRange(f"a field has one harmonic or more, got {self.harmonics}; 1 asks for the linear field")
        pose, grid = self.drive.pose, self.medium.grid
        wanted = Frame.TRANSDUCER if pose is None else Frame.PATIENT
        if grid.frame is not wanted:
            raise GeometryError(
                f"the source {'has no pose' if pose is None else 'stands in the patient'}, so the medium must be in "
                f"{wanted}, not {grid.frame}: {'give the drive a pose' if pose is None else 'resample the medium'}"
            )
        axes = np.eye(3) if pose is None else np.array(pose.axes)
        steps = grid.affine[:3, :3] / np.array(grid.spacing)
        if np.max(np.abs(steps - axes.T)) > _PARALLEL:
            raise GeometryError(
                "the medium's grid is not parallel to the source's axes; make it with "
                "Grid.along(pose.axes, pose.focus, low, high, spacing, Frame.PATIENT) and resample the medium onto it"
            )

    @property
    def refused_as_nonlinear(self) -> str | None:
        """The sentence of a linear solver that is asked for harmonics; None if it is not."""
        if self.harmonics == 1:
            return None
        return (
            f"{self.harmonics} harmonics are asked for, and this solver contains no nonlinear propagation; ask for "
            "method 'axisymmetric' or 'marching', or for one harmonic"
        )

    @property
    def frequency(self) -> float:
        """Frequency of the source [Hz]."""
        return self.drive.transducer.frequency

    @property
    def omega(self) -> float:
        """Angular frequency [rad/s]."""
        return 2.0 * np.pi * self.frequency

    @property
    def first_voxel(self) -> tuple[float, float, float]:
        """Centre of the grid's first voxel in the source's own axes, from the apex [m]."""
        pose, origin = self.drive.pose, self.medium.grid.affine[:3, 3]
        if pose is None:
            x, y, z = origin
        else:
            apex = np.array(pose.apex(self.drive.transducer.focal_length))
            x, y, z = np.array(pose.axes) @ (origin - apex)
        return float(x), float(y), float(z)


@dataclass(frozen=True, eq=False)
class Recording:
    """What to keep of a field; peak, focus and beam widths are always kept.

    Attributes:
        pressure: the complex pressure on the whole grid.
        heat: the heat rate.
        heat_grid: where: a grid whose voxels are n x n x n whole voxels of the medium's grid, each holding their mean,
            so that heat is conserved; None for the medium's own grid.
        energy: the energy balance (marching only; costs about a third more time).
    """

    pressure: bool = False
    heat: bool = True
    heat_grid: Grid | None = None
    energy: bool = False


@dataclass(frozen=True)
class Blocks:
    """How a heat grid sits on a medium's grid.

    Attributes:
        size: n, voxels per block along each axis.
        first: index of the medium's voxel where the first block begins.
        shape: number of blocks along each axis; all zero where no heat is kept.
    """

    size: int
    first: tuple[int, int, int]
    shape: tuple[int, int, int]


def heat_blocks(grid: Grid, recording: Recording) -> Blocks:
    """Blocks of medium voxels that make up the voxels of the recording's heat grid.

    Raises:
        GeometryError: if they are not whole blocks inside the medium's grid.
    """
    if not recording.heat:
        return Blocks(1, (0, 0, 0), (0, 0, 0))
    heat = recording.heat_grid
    if heat is None:
        return Blocks(1, (0, 0, 0), grid.shape)
    ratio = np.linalg.inv(grid.affine[:3, :3]) @ heat.affine[:3, :3]
    n = round(float(ratio[0, 0]))
    corner = grid.index(heat.world((-0.5, -0.5, -0.5))) + 0.5
    first = np.rint(corner).astype(int)
    fits = (
        heat.frame is grid.frame
        and n >= 1
        and np.max(np.abs(ratio - n * np.eye(3))) < _ALIGNED * n
        and np.max(np.abs(corner - first)) < 1e-3
        and np.all(first >= 0)
        and np.all(first + n * np.array(heat.shape) <= np.array(grid.shape))
    )
    if not fits:
        raise GeometryError(
            f"the heat grid ({heat.describe()}) is not made of whole blocks of voxels inside the medium's grid "
            f"({grid.describe()}); make it with coarse_grid"
        )
    return Blocks(n, (int(first[0]), int(first[1]), int(first[2])), heat.shape)


def coarse_grid(grid: Grid, size: int, low: tuple[int, int, int], shape: tuple[int, int, int]) -> Grid:
    """A grid whose voxels are ``size``-cubed blocks of another's, starting at its voxel ``low``: a valid heat grid.

    Args:
        grid: the fine grid.
        size: voxels per block along each axis.
        low: first fine voxel.
        shape: blocks along each axis.

    Raises:
        GeometryError: if the blocks leave the grid.
    """
    affine = np.array(grid.affine)
    affine[:3, :3] *= size
    affine[:3, 3] = grid.world(np.array(low) + 0.5 * (size - 1))
    coarse = Grid(shape, affine, grid.frame)
    heat_blocks(grid, Recording(heat_grid=coarse))
    return coarse
