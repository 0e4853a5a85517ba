"""Quality records of devices: what was measured on a day, by whom, and the figures that are followed over time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from openhifu.base.record import Record
from openhifu.records.entries import Entry


class Figure(Record):
    """One number that is followed over time.

    Attributes:
        name: what it is.
        value: in ``unit``.
        unit: its unit.
        uncertainty: half-width at a coverage factor of 2, same unit; None where it is not known.
    """

    name: str
    value: float
    unit: str
    uncertainty: float | None = None


class PowerReading(Record):
    """One reading of acoustic power: W commanded, W measured."""

    commanded: float = Field(gt=0)
    measured: float = Field(ge=0)


class PowerCalibration(Record):
    """Acoustic power measured against what was commanded, in water.

    Attributes:
        readings: of which there are three or more.
        method: e.g. radiation force balance, absorbing target.
        instrument_uncertainty: relative, coverage factor 2, of the instrument itself, from its certificate.
    """

    kind: Literal["power calibration"] = "power calibration"
    readings: tuple[PowerReading, ...] = Field(min_length=3)
    method: str = Field(min_length=1)
    instrument_uncertainty: float = Field(gt=0, lt=1)

    @property
    def gain(self) -> float:
        """Measured power over commanded power: least squares through the origin."""
        x, y = (np.array([getattr(r, n) for r in self.readings]) for n in ("commanded", "measured"))
        return float(x @ y / (x @ x))

    @property
    def relative_uncertainty(self) -> float:
        """Relative uncertainty (k = 2) of a power that is delivered: scatter around the line and instrument, added.

        Squares are added, as the two are independent (GUM, JCGM 100:2008, 5.1.2).
        """
        ratio = np.array([r.measured / r.commanded for r in self.readings]) / self.gain
        scatter = 2 * float(np.std(ratio - 1, ddof=1))
        return float(np.hypot(scatter, self.instrument_uncertainty))

    def figures(self) -> tuple[Figure, ...]:
        """Gain and its uncertainty."""
        gain, share = self.gain, self.relative_uncertainty
        return (
            Figure(name="power gain", value=gain, unit="1", uncertainty=gain * share),
            Figure(name="power uncertainty", value=100 * share, unit="%"),
        )


def power_from_force(force: float, sound_speed: float, half_angle: float) -> float:
    """Acoustic power [W] of a focused source from the force [N] on an absorbing target: 2 F c / (1 + cos beta).

    Source: IEC 61161, radiation force balance with an absorbing target in a converging beam.

    Args:
        force: along the beam axis.
        sound_speed: of the water [m/s].
        half_angle: beta, of the converging beam [rad]; 0 for a plane wave, which gives F c.
    """
    return 2 * force * sound_speed / (1 + float(np.cos(half_angle)))


class DriveSweep(Record):
    """Peak pressure at the focus against drive.

    Attributes:
        frequency: Hz.
        drive_unit: V, or counts of the amplifier.
        drives: settings, repeats included.
        pressures: Pa, one per setting.
        instrument_uncertainty: relative, k = 2, of the hydrophone; None where it was not given.
        source: where it was measured or published.
    """

    kind: Literal["drive sweep"] = "drive sweep"
    frequency: float = Field(gt=0)
    drive_unit: Literal["V", "count"]
    drives: tuple[float, ...] = Field(min_length=3)
    pressures: tuple[float, ...] = Field(min_length=3)
    instrument_uncertainty: float | None = Field(default=None, gt=0, lt=1)
    source: str = ""

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.drives) != len(self.pressures):
            raise ValueError(f"{len(self.drives)} drives but {len(self.pressures)} pressures")
        if min(self.drives) <= 0 or min(self.pressures) < 0 or len(set(self.drives)) < 2:
            raise ValueError("drives must be positive and of two settings or more, pressures not negative")
        return self

    @property
    def slope(self) -> float:
        """Pa per unit of drive: least squares through the origin."""
        x, y = np.array(self.drives), np.array(self.pressures)
        return float(x @ y / (x @ x))

    @property
    def curvature(self) -> float:
        """Share by which the pressure at the highest drive leaves the proportion of the lower half of the drives.

        Negative where the amplifier or the water saturates.
        """
        x, y = np.array(self.drives), np.array(self.pressures)
        low = x <= 0.5 * x.max()
        if low.sum() < 2:
            low = x <= np.median(x)
        slope = x[low] @ y[low] / (x[low] @ x[low])
        top = x == x.max()
        return float(np.mean(y[top]) / (slope * x.max()) - 1)

    @property
    def repeatability(self) -> float:
        """Relative standard deviation among repeats of one setting, over all that were repeated; 0 for none."""
        x, y = np.array(self.drives), np.array(self.pressures)
        squares, freedom = 0.0, 0
        for setting in np.unique(x):
            values = y[x == setting]
            if len(values) > 1:
                squares += float(np.sum((values / values.mean() - 1) ** 2))
                freedom += len(values) - 1
        return float(np.sqrt(squares / freedom)) if freedom else 0.0

    def figures(self) -> tuple[Figure, ...]:
        """Slope, repeatability and curvature."""
        x, y = np.array(self.drives), np.array(self.pressures)
        residual = y - self.slope * x
        spread = 2 * float(np.sqrt(residual @ residual / (len(x) - 1) / (x @ x)))
        share = self.instrument_uncertainty
        total = None if share is None else float(np.hypot(spread, share * self.slope))
        which = f"{self.frequency / 1e3:g} kHz by {self.drive_unit}"
        return (
            Figure(
                name=f"pressure at {which}",
                value=self.slope / 1e3,
                unit=f"kPa/{self.drive_unit}",
                uncertainty=None if total is None else total / 1e3,
            ),
            Figure(name=f"repeatability at {which}", value=100 * self.repeatability, unit="%"),
            Figure(name=f"curvature at {which}", value=100 * self.curvature, unit="%"),
        )


class HydrophoneScan(Record):
    """Peak pressure along a line through the focus.

    Attributes:
        axis: of the transducer's frame.
        positions: m along it, rising.
        pressures: Pa.
        deconvolved: whether the waveform was divided by the hydrophone's complex sensitivity, or by one number.
        source: where it was measured.
    """

    kind: Literal["hydrophone scan"] = "hydrophone scan"
    axis: Literal["x", "y", "z"]
    positions: tuple[float, ...] = Field(min_length=5)
    pressures: tuple[float, ...] = Field(min_length=5)
    deconvolved: bool
    source: str = ""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.positions) != len(self.pressures) or np.any(np.diff(self.positions) <= 0):
            raise ValueError("a scan needs rising positions with one pressure each")
        return self

    @property
    def width(self) -> float:
        """Distance [m] between the points at half the peak pressure (-6 dB); infinite where the scan ends before."""
        x, y = np.array(self.positions), np.array(self.pressures)
        peak = int(np.argmax(y))
        half = y[peak] / 2
        left = [n for n in range(peak) if y[n] <= half < y[n + 1]]
        right = [n for n in range(peak, len(y) - 1) if y[n] > half >= y[n + 1]]
        if not left or not right:
            return float("inf")
        ends = [x[n] + (half - y[n]) * (x[n + 1] - x[n]) / (y[n + 1] - y[n]) for n in (left[-1], right[0])]
        return float(ends[1] - ends[0])

    def figures(self) -> tuple[Figure, ...]:
        """Peak, its place, and the width where the scan holds it."""
        x, y = np.array(self.positions), np.array(self.pressures)
        found = [
            Figure(name=f"peak along {self.axis}", value=float(y.max()), unit="Pa"),
            Figure(name=f"place of the peak along {self.axis}", value=1e3 * float(x[int(np.argmax(y))]), unit="mm"),
        ]
        if np.isfinite(self.width):
            found.append(Figure(name=f"width along {self.axis}", value=1e3 * self.width, unit="mm"))
        return tuple(found)


class FieldCheck(Record):
    """A measured figure of the field beside what the model expects of this device."""

    kind: Literal["field check"] = "field check"
    quantity: str = Field(min_length=1)
    measured: float
    expected: float = Field(gt=0)
    unit: str
    method: str = Field(min_length=1)

    def figures(self) -> tuple[Figure, ...]:
        """How far the measurement is from the model."""
        return (Figure(name=f"{self.quantity} off model", value=100 * (self.measured / self.expected - 1), unit="%"),)


class TargetingCheck(Record):
    """Where the focus was found in a phantom, less where it was aimed at [m, device axes]."""

    kind: Literal["targeting check"] = "targeting check"
    offset: tuple[float, float, float]
    method: str = Field(min_length=1)

    def figures(self) -> tuple[Figure, ...]:
        """The distance."""
        return (Figure(name="targeting error", value=1e3 * float(np.linalg.norm(self.offset)), unit="mm"),)


Finding = Annotated[
    PowerCalibration | DriveSweep | HydrophoneScan | FieldCheck | TargetingCheck, Field(discriminator="kind")
]


class QualityEntry(Entry):
    """One quality record.

    Attributes:
        device: catalogue name.
        serial: of the device that was measured.
        time: ISO 8601 with offset.
        person: who measured.
        finding: what was measured.
    """

    kind: ClassVar[str] = "quality"
    device: str
    serial: str = Field(min_length=1)
    time: str
    person: str = Field(min_length=1)
    finding: Finding

    @model_validator(mode="after")
    def _has_offset(self) -> Self:
        if datetime.fromisoformat(self.time).tzinfo is None:
            raise ValueError(f"the time {self.time} needs its offset from UTC, such as 2026-01-02T10:00:00+08:00")
        return self

    @property
    def what(self) -> str:
        """Kind of the finding."""
        return self.finding.kind
