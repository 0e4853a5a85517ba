"""Measurements of a device from the files instruments and laboratories write: CSV, and MATLAB files of sweeps."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem, FormatError
from openhifu.base.files import read_text
from openhifu.records.quality import DriveSweep, HydrophoneScan, PowerCalibration, PowerReading, power_from_force


def read_power(
    path: Path,
    method: str,
    instrument_uncertainty: float,
    sound_speed: float | None = None,
    half_angle: float | None = None,
) -> PowerCalibration:
    """A power calibration from CSV with ``commanded_w`` and ``measured_w``, or ``force_n`` of a force balance.

    Args:
        path: the file.
        method: how it was measured.
        instrument_uncertainty: relative, k = 2.
        sound_speed: of the water [m/s]; needed with forces.
        half_angle: of the beam [rad]; needed with forces.

    Raises:
        FileProblem: if there is no such file.
        FormatError: if a column is missing, a value no number, or forces lack what turns them into power.
    """
    columns = read_columns(path)
    commanded = _column(columns, "commanded_w", path)
    if "force_n" in columns:
        if sound_speed is None or half_angle is None:
            raise FormatError(
                f"{path} holds forces; the sound speed of the water and the half-angle of the beam are needed"
            )
        measured = [power_from_force(float(f), sound_speed, half_angle) for f in columns["force_n"]]
    else:
        measured = _column(columns, "measured_w", path).tolist()
    readings = tuple(
        PowerReading(commanded=float(c), measured=float(m)) for c, m in zip(commanded, measured, strict=True)
    )
    data = {"readings": readings, "method": method, "instrument_uncertainty": instrument_uncertainty}
    return PowerCalibration.from_data(data, str(path))


def read_sweep(
    path: Path, frequency: float, drive_unit: Literal["V", "count"], instrument_uncertainty: float | None, source: str
) -> DriveSweep:
    """A sweep from CSV with ``drive`` and ``pressure_pa``, or a MATLAB file with ``Input...`` and ``Pressure`` in MPa.

    Raises:
        FileProblem: if there is no such file, or it is damaged.
        FormatError: if a column is missing or a value no number.
    """
    if path.suffix.lower() == ".mat":
        drives, pressures = _matlab(path)
    else:
        columns = read_columns(path)
        drives, pressures = _column(columns, "drive", path), _column(columns, "pressure_pa", path)
    data = {
        "frequency": frequency,
        "drive_unit": drive_unit,
        "drives": tuple(float(v) for v in drives),
        "pressures": tuple(float(v) for v in pressures),
        "instrument_uncertainty": instrument_uncertainty,
        "source": source,
    }
    return DriveSweep.from_data(data, str(path))


def read_scan_line(path: Path, axis: str, deconvolved: bool, source: str) -> HydrophoneScan:
    """A hydrophone scan from CSV with ``position_mm`` and ``pressure_pa``.

    Raises:
        FileProblem: if there is no such file.
        FormatError: if a column is missing, a value no number, or positions do not rise.
    """
    columns = read_columns(path)
    data = {
        "axis": axis,
        "positions": tuple(float(v) * 1e-3 for v in _column(columns, "position_mm", path)),
        "pressures": tuple(float(v) for v in _column(columns, "pressure_pa", path)),
        "deconvolved": deconvolved,
        "source": source,
    }
    return HydrophoneScan.from_data(data, str(path))


def read_columns(path: Path) -> dict[str, NDArray[np.float64]]:
    """Columns of a CSV file of numbers, by their names in lower case.

    Raises:
        FileProblem: if there is no such file.
        FormatError: if it holds no line, or a value that is no finite number.
    """
    rows = list(csv.DictReader(io.StringIO(read_text(path, "table of measurements").removeprefix("\ufeff"))))
    if not rows:
        raise FormatError(f"{path} holds no measurement; it needs a line of column names and one line a reading")
    found = {}
    for name in rows[0]:
        try:
            found[str(name).strip().lower()] = np.array([float(row[name] or "nan") for row in rows])
        except (TypeError, ValueError) as error:
            raise FormatError(f"{path}, column {name!r}: {error}; every value must be a number") from error
        if not np.all(np.isfinite(found[str(name).strip().lower()])):
            raise FormatError(f"{path}, column {name!r} has an empty or endless value; every value must be a number")
    return found


def _column(columns: dict[str, NDArray[np.float64]], name: str, path: Path) -> NDArray[np.float64]:
    if name not in columns:
        raise FormatError(f"{path} has the columns {', '.join(columns)}; it needs {name}")
    return columns[name]


def _matlab(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Drives, and pressures [Pa] from MPa."""
    from scipy.io import loadmat

    if not path.is_file():
        raise FileProblem(f"there is no table of measurements at {path}; check the path")
    try:
        content: dict[str, Any] = loadmat(path)
    except Exception as error:  # a damaged file makes scipy raise any kind of error
        raise FileProblem(f"cannot read {path}: {' '.join(str(error).split())[:160]}; copy it anew") from error
    names = [n for n in content if n.startswith("Input")]
    if len(names) != 1 or "Pressure" not in content:
        held = ", ".join(n for n in content if not n.startswith("__"))
        raise FormatError(f"{path} holds {held or 'nothing'}; it needs one variable Input... and Pressure (MPa)")
    return np.ravel(content[names[0]]).astype(float), np.ravel(content["Pressure"]).astype(float) * 1e6
