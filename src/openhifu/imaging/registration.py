"""Two images of one patient brought into one place by a rigid movement, found by SimpleITK and accepted by a person.

The measure is Mattes' mutual information, which compares CT with MR as well as CT with CT; the search goes from coarse
to fine over three levels. Nothing is moved before a person has looked at the picture and accepted it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Limit

from openhifu.base.errors import GeometryError, NotApproved
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.progress import Progress, silent
from openhifu.base.record import Record
from openhifu.model.tissuemap import LabelMap

_AIR_HU = -1000.0
"""What a moved CT holds where it does not reach."""

_LEVELS = (4, 2, 1)
_BLUR_MM = (4.0, 2.0, 0.0)
_SHARE = 0.1
"""Share of voxels that are compared, drawn with a seed, so that the same images give the same answer."""


class Registration(Record):
    """How one image must be moved to lie on another.

    Attributes:
        fixed: content hash of the image that stays.
        moving: content hash of the image that is moved.
        matrix: rows of the 4 x 4 rigid map of points of the moving image onto the fixed one [m, patient LPS].
        information_before: mutual information [nats] as the images came.
        information_after: after the movement.
        iterations: of the last level.
        ending: why the search stopped, in SimpleITK's words.
        overlap: share of the fixed image that the moved one covers.
    """

    fixed: str
    moving: str
    matrix: tuple[tuple[float, float, float, float], ...]
    information_before: float
    information_after: float
    iterations: int
    ending: str
    overlap: float

    @property
    def transform(self) -> NDArray[np.float64]:
        """The matrix as an array."""
        return np.array(self.matrix)

    @property
    def shift_mm(self) -> float:
        """How far the origin of the patient's frame moves [mm]."""
        return float(1e3 * np.linalg.norm(self.transform[:3, 3]))

    @property
    def turn_degrees(self) -> float:
        """Angle of the rotation."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.transform[:3, :3]) - 1) / 2, -1, 1))))


class RegistrationAccepted(Record):
    """A person's acceptance of exactly one registration.

    Attributes:
        registration: its content hash.
        person: who looked at the picture.
        time: ISO 8601 with offset.
    """

    registration: str = Limit(min_length=64, max_length=64)
    person: str = Limit(min_length=1)
    time: str


def image_hash(field: Field) -> str:
    """SHA-256 over values and grid."""
    digest = hashlib.sha256(np.ascontiguousarray(field.data).tobytes())
    digest.update(np.round(field.grid.affine, 9).tobytes())
    return digest.hexdigest()


def registered(fixed: Field, moving: Field, seed: int = 1, progress: Progress = silent) -> Registration:
    """Find the rigid movement of one image onto another; it starts from where the scanners' coordinates put them.

    Args:
        fixed: the image that stays, usually the planning CT.
        moving: the other; both in the patient's frame.
        seed: of the voxels that are compared.
        progress: told level by level.

    Raises:
        GeometryError: if the images do not overlap, or the search fails.
    """
    import SimpleITK

    still, other = _image(fixed), _image(moving)
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SHARE, seed)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetNumberOfThreads(1)  # more would add up sums in another order, and another answer, each time
    start = SimpleITK.Euler3DTransform()
    start.SetCenter(still.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in still.GetSize()]))
    method.SetInitialTransform(start, inPlace=True)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 200, 0.5)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(list(_LEVELS))
    method.SetSmoothingSigmasPerLevel(list(_BLUR_MM))
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    level = iter(range(1, len(_LEVELS) + 1))
    method.AddCommand(
        SimpleITK.sitkMultiResolutionIterationEvent,
        lambda: progress("registering", next(level, 3) / (len(_LEVELS) + 1)),
    )
    try:
        before = -float(method.MetricEvaluate(still, other))
        method.Execute(still, other)
    except RuntimeError as error:
        raise GeometryError(
            f"the images could not be registered ({_last_line(error)}); they must overlap where the scanners put them"
        ) from error
    # ITK maps points of the fixed image into the moving one; the movement of the image is the way back.
    onto_moving = _matrix(start)
    overlap = _overlap(fixed.grid, moving.grid, onto_moving)
    return Registration(
        fixed=image_hash(fixed),
        moving=image_hash(moving),
        matrix=_rows(_inverse(onto_moving)),
        information_before=before,
        information_after=-float(method.GetMetricValue()),
        iterations=int(method.GetOptimizerIteration()),
        ending=str(method.GetOptimizerStopConditionDescription()).split(":", 1)[-1].strip(),
        overlap=overlap,
    )


def moved(moving: Field, fixed: Field, registration: Registration, accepted: RegistrationAccepted) -> Field:
    """The moving image on the fixed image's grid, after a person has accepted the registration.

    Args:
        moving: the image as it came.
        fixed: the image that stays.
        registration: how to move it.
        accepted: by whom.

    Raises:
        NotApproved: if another registration was accepted.
        GeometryError: if an image is not one of the two that were registered.
    """
    _require_accepted(moving, fixed, registration, accepted)
    return preview(moving, fixed.grid, registration)


def moved_labels(
    labels: LabelMap, moving: Field, fixed: Field, registration: Registration, accepted: RegistrationAccepted
) -> LabelMap:
    """Labels drawn on the moving image on the fixed image's grid, of the nearest voxel each; raises like ``moved``.

    Labels that the fixed image does not hold have no voxel there, and lose their name.
    """
    _require_accepted(moving, fixed, registration, accepted)
    drawn = _resampled(labels.data, labels.grid, fixed.grid, registration, order=0, outside=0)
    there = set(np.flatnonzero(np.bincount(drawn.ravel())).tolist())
    return LabelMap(fixed.grid, drawn, {n: name for n, name in labels.names.items() if n in there})


def _require_accepted(moving: Field, fixed: Field, registration: Registration, accepted: RegistrationAccepted) -> None:
    if accepted.registration != registration.content_hash:
        raise NotApproved(
            f"{accepted.person} accepted registration {accepted.registration[:12]}, this one is "
            f"{registration.content_hash[:12]}; look at its picture and accept it first"
        )
    for image, name, given in (("moving", registration.moving, moving), ("fixed", registration.fixed, fixed)):
        if image_hash(given) != name:
            raise GeometryError(f"this is not the {image} image that was registered; register it first")


def preview(moving: Field, grid: Grid, registration: Registration) -> Field:
    """The moving image on a grid as the registration would have it, to be looked at before anybody accepts it."""
    outside = max(_AIR_HU, float(moving.data.min()))  # an MR that came as NIfTI has no air below zero
    data = _resampled(moving.data, moving.grid, grid, registration, order=1, outside=outside)
    return Field(grid, data, moving.quantity)


def _resampled(
    data: NDArray[Any], own: Grid, grid: Grid, registration: Registration, order: int, outside: float
) -> NDArray[Any]:
    from scipy.ndimage import affine_transform

    back = np.linalg.inv(own.affine) @ np.linalg.inv(registration.transform) @ grid.affine
    resample: Any = affine_transform
    return resample(data, back[:3, :3], back[:3, 3], grid.shape, order=order, mode="constant", cval=outside)


def _image(field: Field) -> Any:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(field.data.transpose(2, 1, 0), dtype=np.float32))
    spacing = field.grid.spacing
    image.SetSpacing([1e3 * s for s in spacing])
    image.SetOrigin([1e3 * float(v) for v in field.grid.affine[:3, 3]])
    image.SetDirection((field.grid.affine[:3, :3] / np.array(spacing)).ravel().tolist())
    return image


def _matrix(transform: Any) -> NDArray[np.float64]:
    """4 x 4 in metres of an ITK transform in mm."""
    turn = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = 1e-3 * (shift + centre - turn @ centre)
    return matrix


def _inverse(rigid: NDArray[np.float64]) -> NDArray[np.float64]:
    back = np.eye(4)
    back[:3, :3] = rigid[:3, :3].T
    back[:3, 3] = -rigid[:3, :3].T @ rigid[:3, 3]
    return back


def _rows(matrix: NDArray[np.float64]) -> tuple[tuple[float, float, float, float], ...]:
    """Rounded to what is meaningful (a picometre), so that the last bits of a sum do not change the record."""
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in np.round(matrix, 12))


def _overlap(fixed: Grid, moving: Grid, onto_moving: NDArray[np.float64]) -> float:
    corners = [np.linspace(0, n - 1, min(n, 24)) for n in fixed.shape]
    index = np.stack(np.meshgrid(*corners, indexing="ij"), axis=-1)
    points = fixed.world(index) @ onto_moving[:3, :3].T + onto_moving[:3, 3]
    return float(np.mean(moving.contains(points)))


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:160] if lines else type(error).__name__
