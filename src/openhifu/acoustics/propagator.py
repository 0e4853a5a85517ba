"""What every acoustic solver promises."""

from __future__ import annotations

from typing import Protocol

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.problem import AcousticProblem, Recording


class Propagator(Protocol):
    """Finds the continuous-wave field of a problem.

    The contract, held by every implementation:

    - Amplitudes follow exp(-i omega t), an outgoing wave is exp(+ikr), |P| is the peak amplitude in Pa.
    - Unless the problem asks for harmonics, the field is linear in the normal velocity of the elements; four times the
      power gives twice the pressure.
    - Heat rate is alpha_abs |P|^2 / (rho c) with the absorbed share of the attenuation.
    - What the solver does not contain it refuses (``refuses`` returns a sentence, ``solve`` raises ``CannotModel`` with
      it) or names in ``report.omits``; it never hands the problem to another solver.
    - The same problem gives the same numbers, bit for bit, on one machine.
    - Nothing of the problem is changed.
    """

    @property
    def name(self) -> str:
        """Name by which the solver is asked for."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """The physics it contains, each one phrase."""
        ...

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Why this solver cannot take the problem, a sentence naming the physics and the solver that can; else None."""
        ...

    def solve(self, problem: AcousticProblem, recording: Recording) -> AcousticField:
        """Find the field.

        Raises:
            CannotModel: if the solver refuses the physics.
            GeometryError: if grid and source do not fit together.
            MissingProperty: if a tissue of the medium lacks a value that is needed.
        """
        ...
