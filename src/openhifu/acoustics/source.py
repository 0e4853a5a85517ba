"""The fluid a source radiates into, and how fast its elements move in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.model.drive import Drive
from openhifu.model.tissue import Property, Tissue
from openhifu.model.transducer import Cap, Surface, VelocityPlane

_ANGLES = 24  # samples of the aperture's angles


@dataclass(frozen=True)
class Fluid:
    """What lies between the source and the first tissue, at one frequency.

    Attributes:
        density: kg/m3.
        sound_speed: m/s.
        attenuation: Np/m at the frequency.
        frequency: Hz.
    """

    density: float
    sound_speed: float
    attenuation: float
    frequency: float

    @classmethod
    def of(cls, tissue: Tissue, frequency: float) -> Fluid:
        """The numbers of a tissue of the catalogue at a frequency [Hz].

        Raises:
            MissingProperty: if it has no density, sound speed or attenuation.
            OutOfRange: if one of them is not a positive, finite number.
        """
        fluid = cls(
            tissue.value(Property.DENSITY),
            tissue.value(Property.SOUND_SPEED),
            tissue.attenuation.at(frequency),
            frequency,
        )
        if not (fluid.density > 0 and fluid.sound_speed > 0 and math.isfinite(fluid.impedance + fluid.attenuation)):
            raise OutOfRange(
                f"{tissue.name} has density {fluid.density} kg/m3 and sound speed {fluid.sound_speed} m/s; "
                "both must be positive and finite"
            )
        return fluid

    @property
    def impedance(self) -> float:
        """Characteristic impedance rho c [Pa s/m]."""
        return self.density * self.sound_speed

    @property
    def omega(self) -> float:
        """Angular frequency [rad/s]."""
        return 2.0 * math.pi * self.frequency

    @property
    def wavenumber(self) -> float:
        """Real wavenumber [rad/m]."""
        return self.omega / self.sound_speed

    @property
    def wavelength(self) -> float:
        """Wavelength [m]."""
        return self.sound_speed / self.frequency


def element_velocities(drive: Drive, fluid: Fluid) -> NDArray[np.complex128]:
    """Complex normal velocity [m/s] of every element, zero where it is off; of every sample of a plane.

    W is the sum of rho c u^2 / 2 times the elements' areas, which are alike (plane-wave load). A plane's velocities are
    its own, scaled to the power.
    """
    surface = drive.transducer.surface
    if isinstance(surface, VelocityPlane):
        turn = np.exp(1j * drive.phases[0]) if drive.phases else 1.0
        scale = turn * math.sqrt(drive.acoustic_power / surface.power)
        return np.asarray(scale * (np.array(surface.real) + 1j * np.array(surface.imag)), dtype=np.complex128)
    on = np.array(drive.amplitudes) if drive.amplitudes else np.ones(surface.elements)
    on[list(drive.elements_off)] = 0.0
    area = surface.area * np.sum(on**2) / surface.elements
    speed = math.sqrt(2.0 * drive.acoustic_power / (fluid.impedance * area))
    phases = np.array(drive.phases) if drive.phases else np.zeros(surface.elements)
    return np.asarray(speed * on * np.exp(1j * phases), dtype=np.complex128)


def is_axisymmetric(drive: Drive) -> bool:
    """Whether the field is the same all around the axis: a cap with every element on, alike and in phase."""
    alike = all(not given or max(given) == min(given) for given in (drive.phases, drive.amplitudes))
    return isinstance(drive.transducer.surface, Cap) and not drive.elements_off and alike


def aperture_cosines(surface: Surface) -> NDArray[np.float64]:
    """Cosines of the angles at which equal shares of the power meet the axis at the focus.

    A cap's power is uniform in solid angle, so equal steps of the cosine, and a plane's is taken to be; an array has
    one per element.
    """
    if not isinstance(surface, Cap | VelocityPlane):
        lateral = np.array([math.hypot(x, y) for x, y, _ in surface.positions])
        return np.cos(np.arctan2(lateral, surface.focal_length - np.array([p[2] for p in surface.positions])))
    hole, rim = np.cos(surface.half_angles)
    return hole + (rim - hole) * (np.arange(_ANGLES) + 0.5) / _ANGLES


def beam_radius(surface: Surface, z: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Radius [m] of the geometric cone of rays at a distance ``z`` [m] from the apex, zero at the focus."""
    return np.abs(surface.focal_length - np.asarray(z)) * math.tan(surface.half_angles[1])
