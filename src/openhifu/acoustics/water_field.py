"""What a device does in water, power by power, under the names hydrophone laboratories report it by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.hankel import HankelTransform
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.radial_march import LayeredPath, RadialMarch, Station
from openhifu.acoustics.radial_source import RadialResolution, disc_radius, first_station, first_waves, round_cap
from openhifu.acoustics.radial_stations import focal_zone, stations_between
from openhifu.acoustics.waveform import half_width, shock_amplitude, waveforms
from openhifu.base.errors import OutOfRange
from openhifu.base.record import Record
from openhifu.model.tissue import Tissue
from openhifu.model.transducer import Transducer

_REPORTED = 8  # harmonics in the record
_BEYOND = 2.0  # focal zones past the focus to which the beam is followed


class FocalSize(Record):
    """Where a quantity peaks on the axis and how far it extends at -6 dB.

    Attributes:
        depth: of the peak, from the apex [m].
        length: along the axis [m]; zero where the beam does not fall so far between source and the end of the march.
        width: across it, at the depth of the peak [m].
    """

    depth: float
    length: float
    width: float


class WaterField(Record):
    """Free-field parameters of a continuous wave at one power (names after IEC TS 62556).

    Attributes:
        acoustic_power: W through the radiating surface.
        peak_compressional: p+, largest pressure of the field [Pa].
        peak_rarefactional: p-, depth of the lowest pressure of the field, positive [Pa].
        shock_amplitude: rise of the pressure across the shock where p+ is [Pa]; zero where there is none.
        pulse_average_intensity: I_SPPA, largest time average of p^2 / rho c [W/m2].
        spatial_average_intensity: I_SAL-like mean of the intensity over its -6 dB area at the depth of its peak [W/m2].
        harmonics: amplitude of the first harmonics where p+ is [Pa].
        harmonic_share: share of the intensity there that is not in the fundamental.
        heat_rate: largest heat rate on the axis [W/m3].
        compressional: focal size of p+.
        rarefactional: focal size of p-.
        intensity: focal size of the intensity.
    """

    acoustic_power: float
    peak_compressional: float
    peak_rarefactional: float
    shock_amplitude: float
    pulse_average_intensity: float
    spatial_average_intensity: float
    harmonics: tuple[float, ...]
    harmonic_share: float
    heat_rate: float
    compressional: FocalSize
    rarefactional: FocalSize
    intensity: FocalSize


class WaterCharacteristics(Record):
    """A device's fields in water against power.

    Attributes:
        device: its name.
        serial: of the individual device.
        frequency: Hz.
        carried: harmonics carried in the calculation.
        points: radial points of the calculation.
        fields: one per power, rising.
    """

    device: str
    serial: str
    frequency: float
    carried: int
    points: int
    fields: tuple[WaterField, ...]


def water_characteristics(
    transducer: Transducer, powers: Sequence[float], water: Tissue, harmonics: int = 48, threads: int = 2
) -> WaterCharacteristics:
    """March a device's beam through water at every power and read its free-field parameters.

    Args:
        transducer: a cap, whole.
        powers: acoustic powers [W].
        water: the water it was or will be measured in.
        harmonics: carried; 32 for moderate distortion, 64 and more for sharp shock fronts.
        threads: powers at a time.

    Raises:
        CannotModel: if the source is not a whole cap.
        MissingProperty: if the water lacks a value.
        OutOfRange: if no power is given or one is not positive or beyond the device's ceiling.
    """
    if not powers or min(powers) <= 0 or max(powers) > transducer.ceilings.acoustic_power:
        raise OutOfRange(
            f"powers must be positive and up to the {transducer.ceilings.acoustic_power} W of {transducer.name}, "
            f"got {list(powers)}"
        )
    drives = [transducer.drive(power) for power in sorted(powers)]
    cap, fluid = round_cap(drives[0]), NonlinearFluid.of(water, transducer.frequency)
    wavelength = fluid.linear.wavelength
    first = first_station(cap, wavelength)
    last = cap.focal_length + _BEYOND * focal_zone(cap, wavelength)
    z = np.concatenate([[first], stations_between(first, last, cap, wavelength, nonlinear=True), [last]])
    resolution = RadialResolution.fitting(drives[0], wavelength, harmonics)
    hankel = HankelTransform(disc_radius(cap, wavelength), resolution.points)
    path = LayeredPath((fluid,), z, np.zeros(z.size, np.intp))

    def one(n: int) -> WaterField:
        probe = _Probe(fluid, hankel)
        march = RadialMarch(path, hankel, harmonics)
        for station in march.stations(first_waves(drives[n], fluid, hankel, first, harmonics)):
            probe.look(station)
        return probe.field(drives[n].acoustic_power)

    with ThreadPoolExecutor(threads) as pool:
        fields = tuple(pool.map(one, range(len(drives))))
    serial = transducer.calibration.serial
    return WaterCharacteristics(
        device=transducer.name,
        serial=serial,
        frequency=transducer.frequency,
        carried=harmonics,
        points=resolution.points,
        fields=fields,
    )


def derated(characteristics: WaterCharacteristics, power: float, tissue: Tissue, depth: float) -> WaterField:
    """The field at the focus behind ``depth`` [m] of tissue: that of water at the power that is left there.

    Waves steepen mostly in the focal zone, so the tissue's attenuation before it acts like a weaker source: pressures,
    intensities, and harmonics are read at power exp(-2 alpha depth), alpha at the fundamental. Numbers between the
    tabulated powers are linear in the source's amplitude.

    Raises:
        OutOfRange: if the power left lies outside the tabulated powers, or the depth is negative.

    Source: O. V. Bessonova, V. A. Khokhlova, M. S. Canney, M. R. Bailey and L. A. Crum, Acoust. Phys. 56, 354 (2010).
    """
    if not depth >= 0:
        raise OutOfRange(f"a depth of tissue cannot be negative, got {depth} m")
    left = power * math.exp(-2 * tissue.attenuation.at(characteristics.frequency) * depth)
    known = [field.acoustic_power for field in characteristics.fields]
    if not known[0] <= left <= known[-1]:
        raise OutOfRange(
            f"{power} W leave {left:.3g} W behind {1e3 * depth:.0f} mm of {tissue.name}, and the characteristics reach "
            f"from {known[0]} to {known[-1]} W; make them for more powers"
        )
    above = max(1, int(np.searchsorted(known, left)))
    if len(known) == 1:
        return characteristics.fields[0]
    low, high = characteristics.fields[above - 1], characteristics.fields[above]
    share = (math.sqrt(left) - math.sqrt(known[above - 1])) / (math.sqrt(known[above]) - math.sqrt(known[above - 1]))
    mixed = _mix(low.data(), high.data(), share)
    return WaterField.from_data({**mixed, "acoustic_power": left}, "derated field")


def _mix(low: dict[str, object], high: dict[str, object], share: float) -> dict[str, object]:
    """Two records' numbers, the second with this share."""
    out: dict[str, object] = {}
    for key, a in low.items():
        b = high[key]
        if isinstance(a, dict) and isinstance(b, dict):
            out[key] = _mix(a, b, share)
        elif isinstance(a, list) and isinstance(b, list):
            out[key] = [(1 - share) * u + share * v for u, v in zip(a, b, strict=True)]
        elif isinstance(a, int | float) and isinstance(b, int | float):
            out[key] = (1 - share) * a + share * b
    return out


class _Probe:
    """A hydrophone on the axis, and across it where a quantity is largest so far."""

    def __init__(self, fluid: NonlinearFluid, hankel: HankelTransform) -> None:
        self._fluid, self._hankel = fluid, hankel
        square = hankel.radii[:3] ** 2
        # Weights of the parabola in r^2 through the three innermost radii, taken at r = 0.
        others = [[m for m in range(3) if m != n] for n in range(3)]
        self._axis = np.array([np.prod(square[o] / (square[o] - square[n])) for n, o in enumerate(others)])
        self._z: list[float] = []
        self._line: list[tuple[float, float, float]] = []
        self._heat = 0.0
        self._best: list[tuple[float, NDArray[np.float64], NDArray[np.complex128]]] = [
            (0.0, np.zeros(0), np.zeros(0, np.complex128))
        ] * 3

    def look(self, station: Station) -> None:
        """Note the waveform on the axis, and the profiles where one of them is the largest yet."""
        on_axis = self._axis @ station.waves[:3]
        p = waveforms(on_axis[None, :])[0]
        found = (float(p.max()), float(-p.min()), self._intensity(on_axis[None, :])[0])
        self._z.append(station.z)
        self._line.append(found)
        self._heat = max(self._heat, float(self._axis @ station.heat[:3]))
        for n, value in enumerate(found):
            if value > self._best[n][0]:
                whole = np.vstack([on_axis[None, :], station.waves])
                self._best[n] = (value, self._profile(whole, n), on_axis)

    def field(self, power: float) -> WaterField:
        """The parameters."""
        loudest = np.zeros(_REPORTED)
        on_axis = self._best[0][2]
        loudest[: min(_REPORTED, on_axis.size)] = np.abs(on_axis[:_REPORTED])
        squares = np.abs(on_axis) ** 2
        radii = np.append(0.0, self._hankel.radii)
        intensity = self._best[2][1]
        inside = radii <= 0.5 * self._size(2, 0.25).width
        mean = np.trapezoid((intensity * radii)[inside], radii[inside]) / np.trapezoid(radii[inside], radii[inside])
        return WaterField(
            acoustic_power=power,
            peak_compressional=self._best[0][0],
            peak_rarefactional=self._best[1][0],
            shock_amplitude=shock_amplitude(on_axis),
            pulse_average_intensity=self._best[2][0],
            spatial_average_intensity=float(mean),
            harmonics=tuple(float(a) for a in loudest),
            harmonic_share=float(1 - squares[0] / squares.sum()),
            heat_rate=self._heat,
            compressional=self._size(0, 0.5),
            rarefactional=self._size(1, 0.5),
            intensity=self._size(2, 0.25),
        )

    def _intensity(self, waves: NDArray[np.complex128]) -> NDArray[np.float64]:
        return np.sum(np.abs(waves) ** 2, axis=1) / (2 * self._fluid.linear.impedance)

    def _profile(self, waves: NDArray[np.complex128], n: int) -> NDArray[np.float64]:
        if n == 2:
            return self._intensity(waves)
        p = waveforms(waves)
        return p.max(axis=1) if n == 0 else -p.min(axis=1)

    def _size(self, n: int, level: float) -> FocalSize:
        line, z = np.array(self._line)[:, n], np.array(self._z)
        top = int(np.argmax(line))
        ahead = half_width(z[top:] - z[top], line[top:], level)
        behind = half_width(z[top] - z[top::-1], line[top::-1], level)
        across = half_width(np.append(0.0, self._hankel.radii), self._best[n][1], level)
        return FocalSize(depth=float(z[top]), length=ahead + behind if ahead * behind > 0 else 0.0, width=2 * across)
