"""Quality figures are right on numbers made for it, limits are judged, the newest good calibration is in force."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from openhifu.base.errors import FileProblem, FormatError, NotApproved
from openhifu.records.measurement_files import read_power, read_scan_line, read_sweep
from openhifu.records.quality import (
    DriveSweep,
    HydrophoneScan,
    PowerCalibration,
    PowerReading,
    QualityEntry,
    TargetingCheck,
    power_from_force,
)
from openhifu.records.trends import QualityLimit, QualityLimits, calibration_in_force, require_in_force, trends
from openhifu.reporting.follow_figures import CohortPoint, TrendLine, cohort_figure, trend_figure

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMITS = QualityLimits(
    limits=(
        QualityLimit(figure="power gain", low=0.9, high=1.1, days=180, source="a test"),
        QualityLimit(figure="targeting error", high=3.0, days=30, source="a test"),
    )
)


def power(day: str, gain: float) -> QualityEntry:
    readings = tuple(
        PowerReading(commanded=w, measured=gain * w * (1 + e)) for w, e in ((50, 0.02), (100, -0.02), (200, 0))
    )
    found = PowerCalibration(readings=readings, method="radiation force balance", instrument_uncertainty=0.06)
    return QualityEntry(device="jc200-like", serial="SN-1", time=f"{day}T10:00:00+00:00", person="Wu", finding=found)


def test_a_power_calibration_is_a_line_through_the_origin() -> None:
    found = power("2026-01-01", 0.95).finding
    assert isinstance(found, PowerCalibration)
    assert found.gain == pytest.approx(0.95, rel=0.004)
    scatter = 2 * np.std([0.02, -0.02, 0], ddof=1)
    assert found.relative_uncertainty == pytest.approx(np.hypot(scatter, 0.06), rel=0.02)


def test_a_force_becomes_a_power() -> None:
    assert power_from_force(0.1, 1482.0, 0.0) == pytest.approx(148.2)
    assert power_from_force(0.1, 1482.0, np.pi / 3) == pytest.approx(148.2 / 0.75)


def test_a_sweep_tells_slope_repeatability_and_saturation() -> None:
    drives = np.repeat([10.0, 20.0, 40.0], 3)
    spread = np.tile([0.98, 1.0, 1.02], 3)
    pressures = 5e4 * drives * spread * np.where(drives == 40, 0.9, 1.0)
    found = DriveSweep(frequency=1e6, drive_unit="V", drives=tuple(drives), pressures=tuple(pressures))
    assert found.repeatability == pytest.approx(0.02, rel=1e-6)
    assert found.curvature == pytest.approx(-0.1, abs=1e-9)
    assert found.slope == pytest.approx(5e4 * (500 + 0.9 * 1600) / 2100)


def test_a_scan_has_a_width_where_it_holds_one() -> None:
    x = np.linspace(-10e-3, 10e-3, 201)
    half = 3e-3
    y = 1e6 * np.exp2(-((x / half) ** 2))
    found = HydrophoneScan(axis="x", positions=tuple(x), pressures=tuple(y), deconvolved=True)
    assert found.width == pytest.approx(2 * half, rel=1e-3)
    cut = HydrophoneScan(axis="x", positions=tuple(x[90:]), pressures=tuple(y[90:]), deconvolved=True)
    assert cut.width == float("inf")
    assert [f.name for f in cut.figures()] == ["peak along x", "place of the peak along x"]


def test_trends_are_judged_by_value_and_age() -> None:
    entries = [power("2026-01-10", 1.2), power("2025-12-01", 1.0)]
    gain = next(t for t in trends(entries, LIMITS) if t.name == "power gain")
    assert [round(f.value, 1) for f in gain.figures] == [1.0, 1.2]  # by time, not as they came
    assert gain.verdict(NOW) == "above the limit of 1.1 1"
    old = next(t for t in trends([power("2025-01-10", 1.0)], LIMITS) if t.name == "power gain")
    assert old.verdict(NOW) == "415 days old, to be measured every 180"
    shot = TargetingCheck(offset=(2e-3, 2e-3, 1e-3), method="gel, MR")
    entry = QualityEntry(device="a", serial="b", time="2026-02-20T10:00:00+00:00", person="Wu", finding=shot)
    (error,) = trends([entry], LIMITS)
    assert (error.figures[0].value, error.verdict(NOW)) == (pytest.approx(3.0), "ok")


def test_the_calibration_in_force_is_the_newest_within_limits() -> None:
    entries = [power("2025-11-01", 1.05), power("2026-01-10", 0.97)]
    found = calibration_in_force(entries, "SN-1", NOW, LIMITS)
    assert (found.serial, found.date) == ("SN-1", "2026-01-10")
    require_in_force(entries, found, NOW, LIMITS)
    with pytest.raises(NotApproved, match="described by the calibration of 2025-11-01, on record that of 2026-01-10"):
        require_in_force(entries, found.model_copy(update={"date": "2025-11-01"}), NOW, LIMITS)
    for refused, said in (
        ([], "has no power calibration on record"),
        ([power("2025-01-10", 1.0)], "days old"),
        ([power("2025-11-01", 1.0), power("2026-02-10", 0.8)], "below the limit"),
    ):
        with pytest.raises(NotApproved, match=said):
            calibration_in_force(refused, "SN-1", NOW, LIMITS)
    with pytest.raises(NotApproved, match="limits say nothing of the power gain"):
        calibration_in_force(entries, "SN-1", NOW, QualityLimits(limits=()))


def test_files_of_measurements_are_read_or_refused(tmp_path: Path) -> None:
    table = tmp_path / "power.csv"
    table.write_text("commanded_w,force_n\n50,0.034\n100,0.067\n200,0.135\n", encoding="utf-8")
    with pytest.raises(FormatError, match="sound speed of the water and the half-angle"):
        read_power(table, "rfb", 0.07)
    assert read_power(table, "rfb", 0.07, 1482.0, 0.0).gain == pytest.approx(1.0, rel=0.01)
    savemat(tmp_path / "s.mat", {"InputVoltage": np.array([[1.0, 2, 3]]), "Pressure": np.array([[0.1, 0.2, 0.3]])})
    assert read_sweep(tmp_path / "s.mat", 7e5, "V", None, "").slope == pytest.approx(1e5)
    savemat(tmp_path / "t.mat", {"Something": np.array([1.0])})
    with pytest.raises(FormatError, match="holds Something; it needs"):
        read_sweep(tmp_path / "t.mat", 7e5, "V", None, "")
    (tmp_path / "u.mat").write_bytes(b"nonsense" * 40)
    with pytest.raises(FileProblem, match="cannot read"):
        read_sweep(tmp_path / "u.mat", 7e5, "V", None, "")
    (tmp_path / "z.csv").write_text("position_mm,pressure_pa\n1,2\n0,x\n", encoding="utf-8")
    with pytest.raises(FormatError, match="every value must be a number"):
        read_scan_line(tmp_path / "z.csv", "z", True, "")


def test_pictures_are_drawn(tmp_path: Path) -> None:
    points = [CohortPoint(50.0 * n, 9.0 / n, 0.8 + 0.02 * n, 40.0 * n, n % 2 == 0) for n in (1, 2, 3)]
    assert cohort_figure(points, tmp_path / "c.png").stat().st_size > 10_000
    line = TrendLine("power gain", "1", (NOW, NOW.replace(month=4)), (1.0, 1.2), (0.05, None), 0.9, 1.1)
    assert trend_figure([line], "SN-1", tmp_path / "t.png").stat().st_size > 10_000
