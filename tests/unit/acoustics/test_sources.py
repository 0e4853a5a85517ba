"""Sources found from measurements: holograms in known units, sweeps, and planes as sources of every solver."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from openhifu.acoustics.adjoint import sensitivities, square_at
from openhifu.acoustics.equivalent import from_efficiency, from_hologram, from_sweep
from openhifu.acoustics.hologram import AngularCut, Hologram
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.validation_setups import LOSSLESS, bowl
from openhifu.acoustics.validation_sources import CASES
from openhifu.base.errors import CannotModel, FormatError, GeometryError, OutOfRange
from openhifu.base.grid import Grid
from openhifu.console.cli import app
from openhifu.model.catalogue import tissue, transducer
from openhifu.model.medium import Medium
from openhifu.model.transducer import Transducer, VelocityPlane

_WATER = Fluid.of(LOSSLESS, 1e6)
_DEVICE = bowl(0.0, 24e-3)


def scan(step: float = 0.7e-3, unit: str = "Pa", scale: float = 1.0, z: float = 15e-3) -> Hologram:
    """Pressure of a bowl of 24 mm at 10 W before its focus."""
    x = step * np.arange(-20, 21)
    points = np.stack(np.broadcast_arrays(x[:, None], x[None, :], z), axis=-1)
    found = pressure_at(_DEVICE.drive(10.0), points, _WATER) * scale
    return Hologram.measured(found, unit, (step, step), z, _WATER, 0.1)


@pytest.mark.parametrize("name", CASES)
def test_claim_holds(name: str) -> None:
    row = CASES[name]()
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, at most {row.limit} against {row.truth}"


@pytest.mark.parametrize("unit", ["", "V", "arb", "pa"])
def test_a_hologram_in_unknown_units_is_refused(unit: str) -> None:
    with pytest.raises(FormatError, match="no power follows"):
        scan(unit=unit)


def test_units_are_converted_and_velocity_is_as_good_as_pressure() -> None:
    one, other = from_hologram(_DEVICE, scan()), from_hologram(_DEVICE, scan(unit="kPa", scale=1e-3))
    moved = from_hologram(_DEVICE, scan().velocity())
    assert one.power == pytest.approx(other.power, rel=1e-9)
    assert one.power == pytest.approx(moved.power, rel=2e-3)
    assert one.power == pytest.approx(10.0, rel=0.03)


def test_samples_too_far_apart_and_other_frequencies_are_refused() -> None:
    with pytest.raises(GeometryError, match="half a wavelength"):
        scan(step=0.8e-3)
    slow = replace(scan(), fluid=replace(_WATER, frequency=0.9e6))
    with pytest.raises(GeometryError, match="runs at 1 MHz"):
        from_hologram(_DEVICE, slow)
    with pytest.raises(OutOfRange, match="evanescent"):
        AngularCut(1.2)


def test_a_plane_is_a_source_of_every_solver_and_survives_its_file() -> None:
    found = from_hologram(_DEVICE, scan())
    device = Transducer.from_document(found.device.to_document(), "here")
    assert isinstance(device.surface, VelocityPlane) and device == found.device
    grid = Grid.box((-21e-3, -21e-3, 5e-3), (21e-3, 21e-3, 8e-3), 0.4e-3)
    medium, keep = Medium.uniform(LOSSLESS, grid), Recording(pressure=True, heat=False)
    inner = np.s_[30:-30, 30:-30, :]
    truth = solve(AcousticProblem(device.drive(found.power), medium), keep, "rayleigh").pressure
    assert truth is not None
    for method in ("marching", "fullwave", "timedomain"):
        pressure = solve(AcousticProblem(device.drive(found.power), medium), keep, method).pressure
        assert pressure is not None
        off = np.linalg.norm((pressure.data - truth.data)[inner]) / np.linalg.norm(truth.data[inner])
        assert off < 0.03, method


def test_a_plane_has_no_elements_to_steer() -> None:
    device = from_hologram(_DEVICE, scan()).device
    grid = Grid.box((-21e-3, -21e-3, 5e-3), (21e-3, 21e-3, 8e-3), 0.4e-3)
    problem = AcousticProblem(device.drive(1.0), Medium.uniform(LOSSLESS, grid))
    with pytest.raises(CannotModel, match="nothing to be steered"):
        sensitivities(problem, square_at((0.0, 0.0, 8e-3)))
    turned = pressure_at(device.drive(1.0, phases=(0.5,)), [[0, 0, 20e-3]], _WATER)
    assert np.allclose(turned, np.exp(0.5j) * pressure_at(device.drive(1.0), [[0, 0, 20e-3]], _WATER))


def test_power_follows_the_square_of_the_drive_only_as_far_as_was_measured() -> None:
    drives = np.array([1.0, 2.0, 3.0, 4.0, 8.0])
    found = from_sweep(_DEVICE, drives, 1e5 * drives, 0.1, _WATER)
    assert found.power(2.0) == pytest.approx(4 * found.power(1.0))
    assert found.departure == pytest.approx(0.0, abs=1e-12)
    assert found.relative_uncertainty == pytest.approx(0.2)
    with pytest.raises(OutOfRange, match="measure there"):
        found.power(8.0)


def test_electrical_power_and_efficiency_give_power_within_the_ceiling() -> None:
    device = transducer("bowl-1mhz")
    found = from_efficiency(device, 80.0, 0.5, 0.1, Fluid.of(tissue("water"), device.frequency))
    assert found.power == pytest.approx(40.0) and found.device.calibration.relative_uncertainty == 0.1
    with pytest.raises(OutOfRange, match="efficiency at most 1"):
        from_efficiency(device, 80.0, 1.5, 0.1, _WATER)
    with pytest.raises(OutOfRange, match="may radiate"):
        from_efficiency(device, 1e6, 0.5, 0.1, _WATER)


def _table(path: Path, names: str) -> Path:
    plane = scan(z=20e-3)
    x = 0.7 * np.arange(-20, 21)
    rows = [names]
    for i, a in enumerate(x):
        for j, b in enumerate(x):
            p = np.conj(plane.values[i, j]) * 1e-3  # as exp(+i omega t)
            rows.append(f"{a:.4f},{b:.4f},{abs(p):.9g},{math.degrees(np.angle(p)):.9g}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_command_reads_a_scan_and_refuses_one_whose_column_names_no_unit(tmp_path: Path) -> None:
    options = ["--z-mm", "20", "--uncertainty", "0.1", "--sound-speed", "1500"]
    good = _table(tmp_path / "scan.csv", "x_mm,y_mm,pressure_kpa,phase_deg")
    out = tmp_path / "source.json"
    done = CliRunner().invoke(
        app, ["source", "hologram", "bowl-1mhz", str(good), *options, "--time-sign", "plus", "-o", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert "within 21.0 % (k = 2)" in done.stdout and out.is_file()
    bad = _table(tmp_path / "bad.csv", "x_mm,y_mm,amplitude,phase_deg")
    done = CliRunner().invoke(app, ["source", "hologram", "bowl-1mhz", str(bad), *options, "--time-sign", "plus"])
    assert done.exit_code == 2 and "none says quantity and unit" in done.output.replace("\n", " ")
    assert CliRunner().invoke(app, ["source", "hologram", "bowl-1mhz", str(good), *options]).exit_code == 2
