"""Treatment histories and window maps as HDF5 files: compressed, self-describing, whole or not at all."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from openhifu.base.errors import FileProblem, FormatError
from openhifu.base.field import Field, Quantity
from openhifu.base.files import write_whole
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.record import canonical_json
from openhifu.model.history import Curves, TreatmentHistory
from openhifu.model.window import CandidatePose, WindowMap

SCHEMA = 1
"""Version of the layout below; raised whenever it changes."""

_FIELDS = ("pressure", "peak_temperature", "cem43")


def write_history(path: Path, history: TreatmentHistory) -> None:
    """Write a history; fields as float32 with grid, quantity and unit beside them.

    Raises:
        StorageError: if it cannot be written; an older file is then untouched.
    """

    def fill(file: Any) -> None:
        file.attrs["title"] = history.title
        file.attrs["plan_hash"] = history.plan_hash
        file.attrs["pressure_of"] = history.pressure_of
        file.attrs["dose_form"] = history.dose_form
        for name in _FIELDS:
            _put_field(file, name, getattr(history, name))
        curves = file.create_group("curves")
        _put(curves, "time", history.curves.time, "s")
        _put(curves, "power", history.curves.power, "W")
        hottest = curves.create_group("hottest", track_order=True)
        for name, values in history.curves.hottest.items():
            _put(hottest, name, values, "degC")

    _write(path, "TreatmentHistory", fill)


def read_history(path: Path) -> TreatmentHistory:
    """Read what ``write_history`` wrote.

    Raises:
        FileProblem: if the file is missing or damaged.
        FormatError: if it is something else, or of a newer schema.
    """

    def take(file: Any) -> TreatmentHistory:
        curves = file["curves"]
        return TreatmentHistory(
            title=str(file.attrs["title"]),
            plan_hash=str(file.attrs["plan_hash"]),
            pressure_of=int(file.attrs["pressure_of"]),
            dose_form=str(file.attrs["dose_form"]),
            curves=Curves(
                time=curves["time"][()],
                power=curves["power"][()],
                hottest={_name_of(data): data[()] for data in curves["hottest"].values()},
            ),
            **{name: _take_field(file[name]) for name in _FIELDS},
        )

    return _read(path, "TreatmentHistory", take)


def write_window(path: Path, window: WindowMap) -> None:
    """Write a window map.

    Raises:
        StorageError: if it cannot be written; an older file is then untouched.
    """

    def fill(file: Any) -> None:
        _put(file, "azimuth", window.azimuth, "rad")
        _put(file, "elevation", window.elevation, "rad")
        _put(file, "amplitude", window.amplitude, "1")
        _put(file, "refusal", window.refusal, "1")
        file.attrs["refusals"] = json.dumps(window.refusals, ensure_ascii=False)
        file.attrs["candidates"] = canonical_json([c.data() for c in window.candidates])

    _write(path, "WindowMap", fill)


def read_window(path: Path) -> WindowMap:
    """Read what ``write_window`` wrote; raises like ``read_history``."""

    def take(file: Any) -> WindowMap:
        candidates = json.loads(file.attrs["candidates"])
        return WindowMap(
            azimuth=file["azimuth"][()],
            elevation=file["elevation"][()],
            amplitude=file["amplitude"][()],
            refusal=file["refusal"][()],
            refusals=tuple(json.loads(file.attrs["refusals"])),
            candidates=tuple(CandidatePose.from_data(c, str(path)) for c in candidates),
        )

    return _read(path, "WindowMap", take)


def _write(path: Path, kind: str, fill: Any) -> None:
    """Compose the file in memory, then put it in place in one step."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["record"] = kind
        file.attrs["schema"] = SCHEMA
        fill(file)
    write_whole(path, buffer.getvalue())


def _read(path: Path, kind: str, take: Any) -> Any:
    import h5py

    if not path.is_file():
        raise FileProblem(f"there is no file at {path}; check the path")
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("record") != kind:
                raise FormatError(f"{path} is no {kind} file written by OpenHIFU")
            schema = int(str(file.attrs["schema"]))
            if schema > SCHEMA:
                raise FormatError(
                    f"{path} has schema {schema}, this program knows up to {SCHEMA}; open it with the newer OpenHIFU "
                    "that wrote it"
                )
            return take(file)
    except (OSError, KeyError, ValueError) as error:
        raise FileProblem(f"cannot read {path}: {error}; the file is damaged, make it anew") from error


def _put(group: Any, name: str, values: Any, unit: str) -> None:
    """An array with its unit; names with a slash are stored under a number and keep the name as an attribute."""
    key = name if name and "/" not in name and name != "." else f"_{len(group)}"
    array = np.asarray(values)
    packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if array.size else {}
    data = group.create_dataset(key, data=array, **packed)
    data.attrs["unit"] = unit
    data.attrs["name"] = name


def _name_of(data: Any) -> str:
    return str(data.attrs["name"])


def _put_field(group: Any, name: str, field: Field) -> None:
    values = np.asarray(field.data)
    small = values.astype(np.complex64 if np.iscomplexobj(values) else np.float32)
    _put(group, name, small, field.quantity.unit)
    group[name].attrs["quantity"] = field.quantity.name
    group[name].attrs["frame"] = field.grid.frame.name
    group[name].attrs["affine"] = field.grid.affine


def _take_field(data: Any) -> Field:
    values = data[()]
    grid = Grid(values.shape, data.attrs["affine"], Frame[data.attrs["frame"]])
    return Field(grid, values, Quantity[data.attrs["quantity"]])
