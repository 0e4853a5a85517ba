"""Aberration corrected by time reversal: the elements answer a source at the focus, heard through the patient's tissue.

A wave sent from the focus through the tissue reaches the elements with the phases of their responses h_e (reciprocity);
conjugated and sent back, the shares h_e u_e of all elements add up in phase: of all drives of the same amplitudes none
gives a higher focal pressure. Sources: Fink, IEEE Trans. UFFC 39, 555 (1992); Aubry et al., J. Acoust. Soc. Am. 113, 84
(2003), who do the same through a CT-based model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.responses import responses_at
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.base.errors import CannotModel
from openhifu.base.vectors import Vector
from openhifu.model.drive import Drive
from openhifu.planning.arrays.geometric import require_array, wrapped


@dataclass(frozen=True, eq=False)
class Correction:
    """Phases through tissue beside those a drive had.

    Attributes:
        drive: the same power, amplitudes and elements, corrected phases.
        before: |P| at the focus with the phases the drive had [Pa].
        after: with the corrected ones [Pa].
        turned: how far each element's phase was turned, less the mean turn [rad], -pi to pi.
    """

    drive: Drive
    before: float
    after: float
    turned: NDArray[np.float64]

    @property
    def gain(self) -> float:
        """Focal pressure over what it was; one or more."""
        return self.after / self.before

    @property
    def coherence(self) -> float:
        """Share of the focal pressure that was reached before: 1 where all elements arrive in phase."""
        return self.before / self.after


def corrected(problem: AcousticProblem, focus: Vector, fluid: Fluid) -> Correction:
    """Turn the phases of a problem's drive so that all elements arrive at a point in phase.

    Args:
        problem: the drive as it is now, in the patient's tissue.
        focus: in the medium's frame [m]; the nearest voxel is taken.
        fluid: what lies between source and skin.

    Raises:
        CannotModel: if the device has one element, or nothing of any element arrives.
        GeometryError: if the point is off the grid.
    """
    require_array(problem.drive.transducer)
    return corrected_with(problem.drive, responses_at(problem, [focus])[0], fluid)


def corrected_with(drive: Drive, response: NDArray[np.complex128], fluid: Fluid) -> Correction:
    """The same from the responses at the focus, shape (elements,) [Pa per m/s]."""
    velocity = element_velocities(drive, fluid)
    shares = response * velocity
    after = float(np.abs(shares).sum())
    if not after > 0:
        raise CannotModel("no wave of any element that is on arrives at the focus: bone or gas in front of it?")
    total = complex(shares.sum())
    # The mean phase of the sum is kept, so that a corrected drive differs from the old one where it must.
    turned = np.where(shares == 0, 0.0, np.angle(total * np.conj(shares)))
    phases = (np.array(drive.phases) if drive.phases else np.zeros(drive.transducer.elements)) + turned
    changed = drive.model_copy(update={"phases": wrapped(phases)})
    return Correction(changed, abs(total), after, turned)
