"""How close the stations of a round beam must lie: half a wavelength apart, much closer where harmonics focus."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from openhifu.model.transducer import Cap

STEP = 0.5
"""Wavelengths between stations outside the focal zone, and in it for a linear beam."""

FOCAL_STEP = 0.0625
"""Wavelengths between stations in the focal zone of a nonlinear beam: strong shocks there are first order in it."""

_FOCAL_ZONE = 4.0  # wavelengths times the square of the f-number: half its length


def focal_zone(cap: Cap, wavelength: float) -> float:
    """Half the length [m] of the zone around the focus where a nonlinear beam changes fast."""
    return _FOCAL_ZONE * (cap.focal_length / cap.outer_diameter) ** 2 * wavelength


def stations_between(low: float, high: float, cap: Cap, wavelength: float, nonlinear: bool) -> NDArray[np.float64]:
    """Stations inside an interval, as close as its place needs, in an odd number of equal steps.

    So no station lies midway, where an interface may be. Only intervals longer than a wavelength, which lie in one
    fluid, are cut at the ends of the focal zone.
    """
    half = focal_zone(cap, wavelength)
    edges = np.clip([cap.focal_length - half, cap.focal_length + half], low, high)
    if nonlinear and high - low > wavelength and (low < edges[0] < high or low < edges[1] < high):
        marks = np.unique(np.concatenate([[low], edges, [high]]))
        parts = [
            np.append(stations_between(float(a), float(b), cap, wavelength, nonlinear), b)
            for a, b in zip(marks, marks[1:], strict=False)
        ]
        return np.concatenate(parts)[:-1]
    inside = nonlinear and edges[0] < edges[1]
    steps = math.ceil((high - low) / ((FOCAL_STEP if inside else STEP) * wavelength) - 1e-9)
    return np.linspace(low, high, steps + 1 + (steps % 2 == 0))[1:-1]
