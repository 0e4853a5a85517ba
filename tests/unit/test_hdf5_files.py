"""Histories and window maps come back from their files as they were, or not at all."""

from __future__ import annotations

import resource
from pathlib import Path

import h5py
import numpy as np
import pytest

from openhifu.base.errors import FileProblem, FormatError, StorageError
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging import read_history, read_window, write_history, write_window
from openhifu.model.history import Curves, TreatmentHistory
from openhifu.model.window import CandidatePose, WindowMap

AXES = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.0]])


def field(quantity: Quantity, spacing: float, seed: int) -> Field:
    grid = Grid.along(AXES, (0.01, 0.02, -0.3), (0, 0, 0), (9e-3, 8e-3, 7e-3), spacing, Frame.PATIENT)
    return Field(grid, np.random.default_rng(seed).normal(size=grid.shape).astype(np.float32), quantity)


def history() -> TreatmentHistory:
    time = np.linspace(0, 100, 51)
    return TreatmentHistory(
        title="planned",
        plan_hash="ab" * 32,
        pressure=field(Quantity.PRESSURE, 0.5e-3, 1),
        pressure_of=3,
        peak_temperature=field(Quantity.TEMPERATURE, 1e-3, 2),
        cem43=field(Quantity.CEM43, 1e-3, 3),
        dose_form="continuous",
        curves=Curves(time, 90 * np.ones(51), {"target": time + 37, "ribs": time, "bowel/colon": 2 * time}),
    )


def window() -> WindowMap:
    amplitude = np.random.default_rng(4).random((12, 7))
    amplitude[3] = np.nan
    pose = CandidatePose(
        direction=(-1.0, 0.0, 0.0),
        bone=0.2,
        cartilage=0.1,
        gas=0.0,
        bowel=0.0,
        amplitude=0.5,
        skin_angle=0.3,
        depth=0.048,
        stand_off=0.065,
        field_intensity=None,
        organ_heating=None,
        organ="",
        chosen=True,
        reason="the most heat per watt, ≥ all others",
    )
    return WindowMap(
        azimuth=np.linspace(-np.pi, np.pi, 12),
        elevation=np.linspace(-0.6, 0.6, 7),
        amplitude=amplitude,
        refusal=np.arange(84, dtype=np.uint8).reshape(12, 7) % 3,
        refusals=("", "gas in the path", "bone in the path"),
        candidates=(pose,),
    )


def test_a_history_comes_back(tmp_path: Path) -> None:
    before = history()
    write_history(tmp_path / "planned.h5", before)
    after = read_history(tmp_path / "planned.h5")
    assert (after.title, after.plan_hash, after.pressure_of, after.dose_form) == ("planned", "ab" * 32, 3, "continuous")
    for name in ("pressure", "peak_temperature", "cem43"):
        one, other = getattr(before, name), getattr(after, name)
        assert np.array_equal(one.data, other.data)
        assert one.quantity is other.quantity
        one.grid.require_same(other.grid, name)
    assert np.array_equal(after.curves.time, before.curves.time)
    assert np.array_equal(after.curves.power, before.curves.power)
    assert list(after.curves.hottest) == ["target", "ribs", "bowel/colon"]
    for name, values in before.curves.hottest.items():
        assert np.array_equal(after.curves.hottest[name], values)


def test_a_complex_pressure_stays_complex(tmp_path: Path) -> None:
    before = history()
    waves = Field(before.pressure.grid, before.pressure.data * np.complex64(1 + 2j), Quantity.PRESSURE)
    write_history(tmp_path / "p.h5", TreatmentHistory(**{**vars(before), "pressure": waves}))
    assert np.array_equal(read_history(tmp_path / "p.h5").pressure.data, waves.data)


def test_another_program_finds_units_and_place(tmp_path: Path) -> None:
    write_history(tmp_path / "planned.h5", history())
    with h5py.File(tmp_path / "planned.h5") as file:
        dose = file["cem43"]
        assert isinstance(dose, h5py.Dataset)
        assert dose.attrs["unit"] == "min"
        assert dose.attrs["frame"] == "PATIENT"
        assert dose.attrs["affine"].shape == (4, 4)
        assert (dose.compression, dose.shuffle) == ("gzip", True)


def test_a_window_map_comes_back(tmp_path: Path) -> None:
    before = window()
    write_window(tmp_path / "window.h5", before)
    after = read_window(tmp_path / "window.h5")
    for name in ("azimuth", "elevation", "amplitude", "refusal"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert after.refusals == before.refusals
    assert after.candidates == before.candidates


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_window(tmp_path / "window.h5", window())
    with pytest.raises(FormatError, match="is no TreatmentHistory file"):
        read_history(tmp_path / "window.h5")


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    write_window(tmp_path / "window.h5", window())
    with h5py.File(tmp_path / "window.h5", "a") as file:
        file.attrs["schema"] = 9
    with pytest.raises(FormatError, match="has schema 9, this program knows up to 1"):
        read_window(tmp_path / "window.h5")


def test_a_missing_or_cut_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no file"):
        read_history(tmp_path / "nothing.h5")
    write_history(tmp_path / "cut.h5", history())
    content = (tmp_path / "cut.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(FileProblem, match="cannot read"):
        read_history(tmp_path / "cut.h5")


def test_a_full_disk_keeps_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "planned.h5"
    path.write_bytes(b"older")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(StorageError, match="cannot write"):
            write_history(path, history())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"older"
    assert [f.name for f in tmp_path.iterdir()] == ["planned.h5"]
