"""A hydrophone's scan held against what the model expects of the device: width of the beam, and pressure at a power."""

from __future__ import annotations

import numpy as np

from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import OutOfRange
from openhifu.model.transducer import Transducer
from openhifu.records.quality import FieldCheck, HydrophoneScan

_POINTS = 2001
_REACH = 3.0
"""Widths of the scan over which the model is looked at, so that a wider beam than measured has its width there, too."""


def checks_of_scan(
    scan: HydrophoneScan, device: Transducer, fluid: Fluid, method: str, power: float | None = None
) -> tuple[FieldCheck, ...]:
    """Width of the beam along the axis as measured and as modelled, and its peak pressure where the power is known.

    The model is the Rayleigh integral of the device with all elements in phase, through its geometric focus; where the
    scan has its zero does not matter. Linear: scan at a power at which water is.

    Args:
        scan: through the focus.
        device: whose geometry holds.
        fluid: the water.
        method: how it was measured.
        power: acoustic W during the scan; None where nobody knows.

    Raises:
        OutOfRange: if the scan ends before half its peak on either side.
    """
    if not np.isfinite(scan.width):
        raise OutOfRange("the scan ends before the pressure has fallen to half of its peak; measure farther out")
    modelled = _along(scan, device, fluid, power or 1.0)
    found = [_check(f"width along {scan.axis}", 1e3 * scan.width, 1e3 * modelled.width, "mm", method)]
    if power is not None:
        measured, expected = max(scan.pressures) / 1e6, max(modelled.pressures) / 1e6
        found.append(_check(f"peak pressure along {scan.axis} at {power:g} W", measured, expected, "MPa", method))
    return tuple(found)


def _along(scan: HydrophoneScan, device: Transducer, fluid: Fluid, power: float) -> HydrophoneScan:
    """What the model has along the scan's axis through the focus."""
    half = _REACH * scan.width
    if scan.axis == "z":
        half = min(half, 0.9 * device.focal_length)
    places = np.linspace(-half, half, _POINTS)
    points = np.zeros((_POINTS, 3))
    points[:, 2] = device.focal_length
    points[:, "xyz".index(scan.axis)] += places
    pressures = np.abs(pressure_at(device.drive(acoustic_power=power), points, fluid))
    data = {"axis": scan.axis, "positions": tuple(places.tolist()), "pressures": tuple(pressures.tolist())}
    return HydrophoneScan.from_data(data | {"deconvolved": True}, "the model's line")


def _check(quantity: str, measured: float, expected: float, unit: str, method: str) -> FieldCheck:
    data = {"quantity": quantity, "measured": measured, "expected": expected, "unit": unit, "method": method}
    return FieldCheck.from_data(data, "the field check")
