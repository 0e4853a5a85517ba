"""The answer to an acoustic question: pressure, heat, the figures of the focus, and how they were found."""

from __future__ import annotations

from dataclasses import dataclass

from openhifu.base.field import Field
from openhifu.base.vectors import Vector
from openhifu.model.drive import Drive


@dataclass(frozen=True)
class EnergyBalance:
    """Where the power of a marched beam went [W].

    Attributes:
        emitted: through the first plane.
        attenuated: lost to attenuation between first and last plane (absorbed and scattered).
        absorbed: the part of it that became heat.
        reflected: turned back at interfaces, which a one-way march does not follow.
        lateral: swallowed by the absorbing edges.
        leaving: through the last plane.
    """

    emitted: float
    attenuated: float
    absorbed: float
    reflected: float
    lateral: float
    leaving: float

    @property
    def closure(self) -> float:
        """Power that is not accounted for, relative to the emitted power; 0 for a perfect balance."""
        found = self.attenuated + self.reflected + self.lateral + self.leaving
        return (self.emitted - found) / self.emitted


@dataclass(frozen=True)
class Convergence:
    """How an iteration went.

    Attributes:
        residuals: after every iteration, what the equation asks for less the field, relative to the field.
        tolerance: the residual at which it was to stop.
    """

    residuals: tuple[float, ...]
    tolerance: float

    @property
    def iterations(self) -> int:
        """How many there were."""
        return len(self.residuals)

    @property
    def reached(self) -> bool:
        """Whether the last residual is within the tolerance."""
        return bool(self.residuals) and self.residuals[-1] <= self.tolerance


@dataclass(frozen=True)
class SolveReport:
    """How a field was found and what that covers.

    Attributes:
        method: name of the propagator.
        why: why this one, one sentence.
        models: the physics it contains.
        omits: the physics it leaves out, each one phrase.
        notes: what was special about this solve.
        wall_seconds: time of this solve, s.
        planes: planes of the grid that were computed.
        compiled: whether code was compiled during it (only ever the first time on a machine).
        convergence: how the iteration went; None for solvers that do not iterate.
    """

    method: str
    why: str
    models: tuple[str, ...]
    omits: tuple[str, ...]
    notes: tuple[str, ...]
    wall_seconds: float
    planes: int
    compiled: bool
    convergence: Convergence | None = None


@dataclass(frozen=True, eq=False)
class AcousticField:
    """A continuous-wave field.

    Attributes:
        drive: what made it.
        frequency: Hz.
        pressure: complex amplitude [Pa], exp(-i omega t); None if it was not asked for.
        heat_rate: W/m3 on the grid asked for; None if it was not asked for.
        peak_pressure: largest |P| of the grid, between its voxels [Pa]; voxels as wide as a third of a wavelength can
            miss the peak of a sharp focus by a tenth.
        focus: where that is, in the grid's frame [m].
        beam_widths: -6 dB (half-amplitude) full widths of |P| through the peak along the source's x, y and z [m]; NaN
            along an axis where the beam does not fall to half inside the grid.
        focal_intensity: |P|^2 / (2 rho c) at the peak [W/m2].
        energy: power balance; None if it was not asked for.
        report: how it was found.
        harmonics: complex amplitudes of the second harmonic and up [Pa]; empty for a linear field, or if pressure was
            not asked for. ``pressure`` and the figures of the focus are those of the fundamental, heat is that of all.
    """

    drive: Drive
    frequency: float
    pressure: Field | None
    heat_rate: Field | None
    peak_pressure: float
    focus: Vector
    beam_widths: Vector
    focal_intensity: float
    energy: EnergyBalance | None
    report: SolveReport
    harmonics: tuple[Field, ...] = ()
