"""The first plane of a round nonlinear beam: the source's field, and how far it has steepened on its way there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.burgers import steepen
from openhifu.acoustics.hankel import HankelTransform
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.quadrature import depth, whole_cap
from openhifu.acoustics.source import element_velocities, is_axisymmetric
from openhifu.acoustics.wave_sums import pressure_of
from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.model.drive import Drive
from openhifu.model.transducer import Cap

_MARGIN = 8.0  # wavelengths beyond the rim of the source that the disc reaches
_SHARPEST_HARMONIC = 8  # harmonics are sampled at the aperture's full angle up to this one
_MOST_POINTS = 1600
_FEWEST_POINTS = 600


@dataclass(frozen=True)
class RadialResolution:
    """How finely a round beam is resolved.

    Attributes:
        harmonics: how many are carried; 1 for a linear field.
        points: radial points; 300 are too few for a strongly focused beam, 600 the least ``fitting`` takes.
    """

    harmonics: int
    points: int

    def __post_init__(self) -> None:
        """Refuse what cannot be marched."""
        if self.harmonics < 1 or self.points < 16:
            raise OutOfRange(
                f"a round beam needs 1 harmonic and 16 radial points or more, got {self.harmonics} and {self.points}"
            )

    @classmethod
    def fitting(cls, drive: Drive, wavelength: float, harmonics: int) -> RadialResolution:
        """A resolution for a source: the first harmonics at the aperture's full angle, within bounds of cost."""
        cap = round_cap(drive)
        order = min(harmonics, _SHARPEST_HARMONIC)
        sampled = 1.2 * 2 * disc_radius(cap, wavelength) / wavelength * order * math.sin(cap.half_angles[1])
        return cls(harmonics, min(max(_FEWEST_POINTS, math.ceil(sampled)), _MOST_POINTS))


def round_cap(drive: Drive) -> Cap:
    """The surface of a drive that is the same all around.

    Raises:
        CannotModel: if it is not.
    """
    surface = drive.transducer.surface
    if not isinstance(surface, Cap) or not is_axisymmetric(drive):
        raise CannotModel(
            "the axisymmetric method needs a spherical cap with every element on and in phase; ask for method "
            "'rayleigh' or 'marching' for arrays, switched or steered elements"
        )
    return surface


def disc_radius(cap: Cap, wavelength: float) -> float:
    """Radius of the disc on which the beam is marched [m]."""
    return cap.outer_diameter / 2 + _MARGIN * wavelength


def first_station(cap: Cap, wavelength: float) -> float:
    """Nearest plane to the source on which its field can be summed [m from the apex]."""
    return depth(cap) + wavelength


def first_waves(
    drive: Drive, fluid: NonlinearFluid, hankel: HankelTransform, z: float, harmonics: int
) -> NDArray[np.complex128]:
    """Harmonics [Pa] on a plane before the focus, shape (points, harmonics).

    The fundamental is the Rayleigh integral. Between surface and plane every ray of the converging wave, amplitude as
    1 / R towards the focus, steepens like a plane wave over the distance R ln(F / R), R the distance to the focus that
    is left; waves outside the cone of rays count as fresh.

    Raises:
        OutOfRange: if the plane lies at or behind the surface or beyond the focus.
    """
    cap = round_cap(drive)
    if not depth(cap) < z < cap.focal_length:
        raise OutOfRange(f"the first plane must lie between the source and its focus, got {1e3 * z:.1f} mm")
    targets = np.zeros((hankel.radii.size, 3))
    targets[:, 0], targets[:, 2] = hankel.radii, z
    velocity = element_velocities(drive, fluid.linear)[:1]
    waves = np.zeros((hankel.radii.size, harmonics), np.complex128)
    waves[:, 0] = pressure_of(targets, whole_cap(cap, fluid.linear.wavelength), velocity, fluid.linear)
    if harmonics > 1:
        left = np.hypot(hankel.radii, cap.focal_length - z)
        angle = np.arctan2(hankel.radii, cap.focal_length - z)
        inside = (angle >= cap.half_angles[0]) & (angle <= cap.half_angles[1])
        distance = np.where(inside, left * np.log(cap.focal_length / left), 0.0)
        steepen(waves, fluid.steepening * distance, np.zeros(hankel.radii.size))
    return waves
