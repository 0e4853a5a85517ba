"""How far the phases of an array can carry its focus across the beam before its elements no longer look there."""

from __future__ import annotations

import math

from openhifu.model.catalogue import tissue
from openhifu.model.tissue import Property
from openhifu.model.transducer import Cap, PistonArray, RectangleArray, Transducer

HALF_POWER = 0.443
"""Where sinc(x)^2 has fallen to one half: an element of width w sends half its intensity to the angle x lambda / w."""


def element_width(device: Transducer) -> float:
    """Widest extent [m] of an element across its own direction; the whole aperture for a source of one element."""
    match device.surface:
        case Cap() as cap:
            inner, outer = cap.half_angles
            # rings of equal area have equal steps of cos(theta); the innermost is the widest from edge to edge
            first = math.acos(math.cos(inner) - (math.cos(inner) - math.cos(outer)) / cap.rings)
            around = 2 * math.pi * cap.focal_length * math.sin(outer) / cap.sectors
            across = cap.focal_length * (first - inner)
            return cap.outer_diameter if cap.elements == 1 else max(around, across)
        case PistonArray() as array:
            return array.element_diameter
        case RectangleArray() as array:
            return max(array.element_size)
        case plane:
            return 2 * plane.reach


def steering_reach(device: Transducer) -> float:
    """Distance [m] across the beam to which the focus can be steered; zero for a source of one element.

    There the widest element still sends half of its axial intensity, by Fraunhofer diffraction of a rectangle
    (Goodman, Introduction to Fourier Optics, 3rd ed., 4.4.1). Wavelength in water at the catalogue's sound speed.
    """
    if device.elements == 1:
        return 0.0
    wavelength = tissue("water").value(Property.SOUND_SPEED) / device.frequency
    return HALF_POWER * wavelength * device.focal_length / element_width(device)
