"""A source's strength from measurements: electrical power, a sweep of the drive, or a hologram; each with its error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.acoustics.hologram import AngularCut, Hologram
from openhifu.acoustics.quadrature import depth
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.model.transducer import Transducer, VelocityPlane

_HELD = 0.99  # share of a plane's |u|^2 within the cone that counts as its beam
_FINEST = 1 / 3  # of a wavelength: how close the samples of an equivalent source are
_NEAR = 8.0  # wavelengths around the geometric focus in which the largest pressure is looked for


@dataclass(frozen=True)
class SourceStrength:
    """How strongly a device radiates.

    Attributes:
        device: the device, its calibration that of this measurement.
        power: acoustic power [W].
        relative_uncertainty: of the power (k = 2).
        focal_pressure: largest |P| on the axis near the focus in the fluid, linear acoustics [Pa].
        basis: how it was found, one sentence.
    """

    device: Transducer
    power: float
    relative_uncertainty: float
    focal_pressure: float
    basis: str


@dataclass(frozen=True)
class SweepStrength:
    """How a device's power follows its drive.

    Attributes:
        power_per_square: W per drive squared.
        relative_uncertainty: of every power that follows from it (k = 2).
        linear_up_to: largest drive that was used; beyond, ``departure`` says how far the pressure leaves proportion.
        departure: mean relative departure of the focal pressure at the highest drive.
        used: measurements that were used.
    """

    power_per_square: float
    relative_uncertainty: float
    linear_up_to: float
    departure: float
    used: int

    def power(self, drive: float) -> float:
        """Acoustic power [W] at a drive in the sweep's unit.

        Raises:
            OutOfRange: beyond the drives at which power was seen to follow the square.
        """
        if not 0 < drive <= self.linear_up_to:
            raise OutOfRange(
                f"the sweep says what happens up to a drive of {self.linear_up_to:g}, not at {drive:g}; measure there"
            )
        return self.power_per_square * drive**2


def from_efficiency(
    device: Transducer, electrical_power: float, efficiency: float, relative_uncertainty: float, fluid: Fluid
) -> SourceStrength:
    """Strength from forward electrical power and a known efficiency.

    Args:
        device: of the catalogue.
        electrical_power: net into the transducer [W].
        efficiency: acoustic over electrical power, 0 to 1.
        relative_uncertainty: of their product (k = 2).
        fluid: what it radiates into.

    Raises:
        OutOfRange: if a number is out of its range, or the power above the device's ceiling.
    """
    if not (electrical_power > 0 and 0 < efficiency <= 1 and 0 < relative_uncertainty < 1):
        raise OutOfRange(
            f"electrical power must be positive, efficiency at most 1 and the uncertainty between 0 and 1; got "
            f"{electrical_power} W, {efficiency}, {relative_uncertainty}"
        )
    power = electrical_power * efficiency
    if power > device.ceilings.acoustic_power:
        raise OutOfRange(
            f"{power:g} W is above the {device.ceilings.acoustic_power:g} W that {device.name} may radiate; check the "
            "electrical power and the efficiency"
        )
    basis = f"{electrical_power:g} W electrical at an efficiency of {100 * efficiency:g} %"
    return _strength(device, power, relative_uncertainty, fluid, basis)


def from_sweep(
    device: Transducer, drives: ArrayLike, pressures: ArrayLike, instrument_uncertainty: float, fluid: Fluid
) -> SweepStrength:
    """Strength from the peak pressure at the focus against the drive, with all elements on and in phase.

    The pressure per drive is fitted through the origin over the lower half of the drives, where water is linear; the
    power follows from the Rayleigh integral of the device. Uncertainty: scatter of the fit's ratios and the
    instrument's, added as squares and doubled, as power goes with the square (GUM, JCGM 100:2008, 5.1.2).

    Args:
        device: whose geometry holds.
        drives: settings, repeats included.
        pressures: Pa, one per setting.
        instrument_uncertainty: relative, k = 2, of the hydrophone.
        fluid: what it was measured in, at the frequency of the sweep.

    Raises:
        OutOfRange: if there are fewer than three settings, a number is not positive, or frequencies differ.
    """
    x, y = np.asarray(drives, np.float64), np.asarray(pressures, np.float64)
    if x.size < 3 or x.shape != y.shape or x.min() <= 0 or y.min() <= 0 or not 0 < instrument_uncertainty < 1:
        raise OutOfRange(
            f"a sweep needs three positive drives or more with a positive pressure each and an uncertainty between 0 "
            f"and 1, got {x.size} drives, {y.size} pressures, {instrument_uncertainty}"
        )
    low = x <= max(0.5 * float(x.max()), float(np.sort(x)[2]))
    slope = float(x[low] @ y[low] / (x[low] @ x[low]))
    ratios = y[low] / (slope * x[low])
    weights = x[low] ** 2 / np.sum(x[low] ** 2)
    scatter = 2 * math.sqrt(float(np.sum(weights * (ratios - 1) ** 2)))
    per_root_watt = _focal_pressure(device, 1.0, fluid)
    return SweepStrength(
        power_per_square=(slope / per_root_watt) ** 2,
        relative_uncertainty=2 * math.hypot(scatter, instrument_uncertainty),
        linear_up_to=float(x[low].max()),
        departure=float(np.mean(y[x == x.max()]) / (slope * x.max()) - 1),
        used=int(low.sum()),
    )


def from_hologram(
    device: Transducer, hologram: Hologram, cut: AngularCut | None = None, z: float | None = None
) -> SourceStrength:
    """The plane that radiates a measured beam, in place of a device's surface; the device keeps its limits.

    The hologram is brought back to a plane as ``Hologram.at`` does, and its normal velocity there is the source: its
    Rayleigh integral is the measured beam, exactly, but for the waves that were cut and what passed beside the scan.
    Uncertainty of the power: (1 + u)^2 - 1 for amplitudes within u, and twice the noise's share of it, as squares.

    Args:
        device: whose focus and ceilings hold.
        hologram: measured in front of it.
        cut: waves that are kept.
        z: of the plane [m]; the rim of the device if left out.

    Raises:
        GeometryError: if the plane lies beyond the focus, or frequencies differ.
        OutOfRange: if the amplitudes are so uncertain that nothing is known of the power.
    """
    cut = cut or AngularCut()
    plane = depth(device.surface) if z is None else z
    if not 0 <= plane < device.focal_length:
        raise GeometryError(
            f"the plane of the source must lie between the apex and the focus at {1e3 * device.focal_length:.1f} mm, "
            f"got {1e3 * plane:.1f} mm"
        )
    if abs(hologram.fluid.frequency / device.frequency - 1) > 1e-3:
        raise GeometryError(
            f"the hologram was measured at {hologram.fluid.frequency / 1e6:g} MHz, the device runs at "
            f"{device.frequency / 1e6:g} MHz; measure at its frequency"
        )
    source = hologram.at(plane, cut).velocity(cut)
    values, spacing = _finer(source)
    power, noise = hologram.power(cut), hologram.noise
    known = not math.isnan(noise)
    uncertainty = math.hypot((1 + hologram.relative_uncertainty) ** 2 - 1, 2 * noise**2 if known else 0.0)
    if uncertainty >= 1:
        raise OutOfRange(
            f"amplitudes within {100 * hologram.relative_uncertainty:.0f} % leave the power uncertain by "
            f"{100 * uncertainty:.0f} %, which is no calibration; measure with a better hydrophone"
        )
    surface = VelocityPlane(
        focal_length=device.focal_length,
        z=plane,
        spacing=spacing,
        shape=(values.shape[0], values.shape[1]),
        real=tuple(float(v) for v in values.real.ravel()),
        imag=tuple(float(v) for v in values.imag.ravel()),
        power=source.power(cut),
        half_angle=_half_angle(values, spacing, device.focal_length - plane),
    )
    basis = (
        f"hologram of {hologram.quantity} at {1e3 * hologram.z:.1f} mm, waves up to a sine of {cut.sine:g}, brought "
        f"back to {1e3 * plane:.1f} mm; noise {f'{100 * noise:.2g} %' if known else 'not known: no sample of it'}"
    )
    assumptions = (*device.assumptions, "nothing radiates beside the scanned plane")
    made = device.model_copy(update={"surface": surface, "assumptions": assumptions})
    return _strength(made, power, uncertainty, hologram.fluid, basis)


def _strength(
    device: Transducer, power: float, relative_uncertainty: float, fluid: Fluid, basis: str
) -> SourceStrength:
    calibration = device.calibration.model_copy(update={"relative_uncertainty": relative_uncertainty, "source": basis})
    made = device.model_copy(update={"calibration": calibration})
    return SourceStrength(made, power, relative_uncertainty, _focal_pressure(made, power, fluid), basis)


def _focal_pressure(device: Transducer, power: float, fluid: Fluid) -> float:
    """Largest |P| on the axis near the focus at a power [W], linear."""
    reach = min(_NEAR * fluid.wavelength, 0.5 * (device.focal_length - depth(device.surface)))
    z = np.linspace(device.focal_length - reach, device.focal_length + reach, 161)
    unit = pressure_at(device.drive(min(1.0, device.ceilings.acoustic_power)), np.stack([0 * z, 0 * z, z], 1), fluid)
    return float(np.abs(unit).max()) * math.sqrt(power / min(1.0, device.ceilings.acoustic_power))


def _finer(plane: Hologram) -> tuple[NDArray[np.complex128], tuple[float, float]]:
    """A plane's samples close enough for sums of waves to be integrals, filled in by its own spectrum."""
    most = _FINEST * plane.fluid.wavelength
    factor = max(1, *(math.ceil(h / most - 1e-9) for h in plane.spacing))
    if factor == 1:
        return plane.values, plane.spacing
    n, m = plane.values.shape
    spectrum = np.fft.fft2(np.pad(plane.values, ((0, n), (0, m))))
    wide = np.zeros((2 * n * factor, 2 * m * factor), np.complex128)
    for rows in (slice(0, n), slice(-n, None)):
        for columns in (slice(0, m), slice(-m, None)):
            wide[rows, columns] = spectrum[rows, columns]
    fine = np.fft.ifft2(wide)[: (n - 1) * factor + 1, : (m - 1) * factor + 1] * factor**2
    return fine, (plane.spacing[0] / factor, plane.spacing[1] / factor)


def _half_angle(values: NDArray[np.complex128], spacing: tuple[float, float], distance: float) -> float:
    """Half-angle seen from the focus of the circle on the plane that holds nearly all of |u|^2."""
    x, y = (h * (np.arange(n) - 0.5 * (n - 1)) for n, h in zip(values.shape, spacing, strict=True))
    radius = np.hypot(x[:, None], y[None, :]).ravel()
    order = np.argsort(radius)
    held = np.cumsum((np.abs(values) ** 2).ravel()[order])
    return math.atan2(float(radius[order][int(np.searchsorted(held, _HELD * held[-1]))]), distance)
