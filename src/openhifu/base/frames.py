"""Named frames of reference and the rigid transforms between them; frames that do not meet refuse to be composed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange


class Frame(StrEnum):
    """The frames of a treatment.

    PATIENT is LPS in metres: x to the patient's left, y to the back, z to the head. TRANSDUCER has its origin at the
    apex of the
    radiating surface and z along the beam.
    """

    PATIENT = "patient LPS"
    SCANNER = "scanner"
    TRANSDUCER = "transducer"
    DEVICE = "device axes"


@dataclass(frozen=True, eq=False)
class Transform:
    """Rigid map of points from one frame into another.

    Attributes:
        source: frame of the points that go in.
        target: frame of the points that come out.
        matrix: 4 x 4, rotation and translation [m].

    Raises:
        OutOfRange: if the matrix is not finite or its rotation part is not orthonormal and right-handed.
    """

    source: Frame
    target: Frame
    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check that the matrix is rigid."""
        matrix = np.array(self.matrix, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)):
            raise OutOfRange(f"a transform needs a finite 4 x 4 matrix, got shape {matrix.shape}")
        rotation = matrix[:3, :3]
        if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9) or np.linalg.det(rotation) < 0:
            raise OutOfRange(f"{self.source} -> {self.target} is not a rigid, right-handed transform")
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    def apply(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 3) [m] of the source frame, in the target frame."""
        return points @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def inverse(self) -> Transform:
        """The map back."""
        return Transform(self.target, self.source, np.linalg.inv(self.matrix).astype(np.float64))

    def then(self, following: Transform) -> Transform:
        """First this, then ``following``.

        Raises:
            GeometryError: if ``following`` does not start where this ends.
        """
        if following.source is not self.target:
            raise GeometryError(
                f"cannot go {self.source} -> {self.target} and then {following.source} -> {following.target}: "
                "the frames do not meet"
            )
        return Transform(self.source, following.target, following.matrix @ self.matrix)
