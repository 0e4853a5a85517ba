"""Measured sweeps of a real array are read as published, and a scan is held against the model of its device."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import OutOfRange
from openhifu.console.cli import app
from openhifu.console.field_check import checks_of_scan
from openhifu.model.catalogue import tissue, transducer
from openhifu.records.measurement_files import read_sweep
from openhifu.records.quality import HydrophoneScan

H317 = Path(__file__).parents[2] / "data" / "h317"


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("name", "points", "highest", "per_unit"),
    [("250khz", 15, 2.42e6, 13.65e3), ("700khz", 24, 1.55e6, 6.475e3), ("voltage", 53, 3.54e6, 81.09e3)],
)
def test_the_published_sweeps_of_an_h317(name: str, points: int, highest: float, per_unit: float) -> None:
    found = read_sweep(H317 / f"sweep-{name}.mat", 700e3, "count", 0.2, "TUSApp")
    assert len(found.drives) == points
    assert max(found.pressures) == pytest.approx(highest, rel=0.005)
    assert found.slope == pytest.approx(per_unit, rel=1e-3)
    x, y = np.array(found.drives), np.array(found.pressures)
    assert np.sum(x * (y - found.slope * x)) == pytest.approx(0, abs=1e-6 * np.sum(x * y))


@pytest.mark.parametrize("axis", ["x", "z"])
def test_a_beam_as_the_model_has_it_is_no_deviation_and_a_wider_one_is(axis: str) -> None:
    device, fluid = transducer("h317-like"), Fluid.of(tissue("water"), 700e3)
    reach = 6e-3 if axis == "x" else 25e-3
    places = np.linspace(-reach, reach, 241)
    points = np.zeros((241, 3))
    points[:, 2] = device.focal_length
    points[:, "xyz".index(axis)] += places
    pressures = tuple(np.abs(pressure_at(device.drive(acoustic_power=20.0), points, fluid)).tolist())

    def scan(stretched: float) -> HydrophoneScan:
        along = tuple((0.07 + stretched * places).tolist())
        return HydrophoneScan(axis=axis, positions=along, pressures=pressures, deconvolved=True)  # type: ignore[arg-type]

    width, peak = checks_of_scan(scan(1.0), device, fluid, "hydrophone", power=20.0)
    assert [f.value for f in (*width.figures(), *peak.figures())] == pytest.approx([0, 0], abs=0.1)  # %
    (wider,) = checks_of_scan(scan(1.1), device, fluid, "hydrophone")
    assert wider.figures()[0].value == pytest.approx(10.0, abs=0.1)
    (width, peak) = checks_of_scan(scan(1.0), device, fluid, "hydrophone", power=80.0)
    assert peak.figures()[0].value == pytest.approx(-50.0, abs=0.1)  # half the pressure of four times the power
    cut = HydrophoneScan(axis="x", positions=(0, 1, 2, 3, 4), pressures=(5, 4.9, 4.8, 4.7, 4.6), deconvolved=True)
    with pytest.raises(OutOfRange, match="measure farther out"):
        checks_of_scan(cut, device, fluid, "hydrophone")


def test_sweeps_scans_and_checks_are_recorded_and_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENHIFU_RECORDS", f"sqlite:///{tmp_path}/clinic.db")
    run("records", "init")
    who = ("--device", "h317-like", "--as", "Wu")
    sweep = ("--frequency-khz", 700, "--drive-unit", "count", "--uncertainty", 0.2)
    run("quality", "sweep", "SN-1", H317 / "sweep-700khz.mat", *who, *sweep)
    places = np.linspace(-6, 6, 61)
    rows = "".join(f"{x:.3f},{1e6 * np.exp2(-((x / 1.5) ** 2)):.1f}\n" for x in places)
    Path("x.csv").write_text(f"position_mm,pressure_pa\n{rows}", encoding="utf-8")
    said = run("quality", "beam", "SN-1", "x.csv", *who, "--axis", "x", "--deconvolved")
    assert "width along x: 3.003 mm, the model has 2.474" in said
    run("quality", "targeting", "SN-1", "--offset-mm", "0.4,-0.2,1.1", *who, "--method", "gel, MR")
    Path("rfb.csv").write_text("commanded_w,force_n\n50,0.0325\n100,0.065\n150,0.0975\n", encoding="utf-8")
    balance = ("--method", "radiation force balance", "--uncertainty", 0.07, "--sound-speed", 1482, "--half-angle", 30)
    run("quality", "power", "SN-1", "rfb.csv", *who, *balance)
    Path("limits.toml").write_text(
        '[[limits]]\nfigure = "targeting error"\nhigh = 1.0\ndays = 30\nsource = "a test"\n', encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["quality", "trend", "SN-1", "--limits", "limits.toml", "-o", "t.png", "--json"])
    assert done.exit_code == 1, "the targeting error of 1.19 mm is above the limit"
    figures = {f["figure"]: f for f in json.loads(done.stdout)["figures"]}
    assert figures["targeting error"]["verdict"] == "above the limit of 1 mm"
    assert figures["power gain"]["value"] == pytest.approx(2 * 0.65e-3 * 1482 / (1 + np.cos(np.radians(30))), rel=1e-6)
    assert {"pressure at 700 kHz by count", "width along x", "width along x off model"} <= set(figures)
    assert Path("t.png").stat().st_size > 10_000
