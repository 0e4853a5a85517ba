"""Live pictures: the heated box as bytes, taken between two steps of the run and packed beside it; only the newest."""

from __future__ import annotations

import threading
import time
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from openhifu.base.grid import Grid
from openhifu.base.vectors import Vector
from openhifu.console.server.treat.wire import picture_of
from openhifu.console.server.volumes import LEAST_DOSE, MOST_DOSE, Scale, steps

Kind = Literal["temperature", "dose"]

BOX = 96
"""Voxels of a live picture along each axis at most."""

TEMPERATURES = (20.0, 100.0)
"""degC of the lowest and highest step of a live temperature: the same in every picture, so that colours keep still."""


@dataclass(frozen=True, eq=False)
class Taken:
    """What was taken of the patient at one moment."""

    sequence: int
    time: float
    taken_at: float
    temperature: NDArray[np.floating]
    dose: NDArray[np.floating]


class Camera:
    """Takes a box of a grid around a point, and packs the newest one for whoever asks.

    Args:
        grid: of temperature and dose.
        centre: what the box is around (LPS, m).
    """

    def __init__(self, grid: Grid, centre: Vector) -> None:
        """Nothing taken yet."""
        middle = np.rint(grid.index(centre)).astype(int)
        low = np.clip(middle - BOX // 2, 0, np.maximum(np.array(grid.shape) - BOX, 0))
        high = np.minimum(low + BOX, grid.shape)
        self._box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        self.grid = grid.crop(low, high)
        self._newest: Taken | None = None
        self._count = 0
        self._news = threading.Condition()
        self._sent: dict[Kind, int] = {"temperature": 0, "dose": 0}

    def take(self, now: float, temperature: NDArray[np.floating], dose: NDArray[np.floating]) -> None:
        """Copy the box of two fields; nothing is packed here, the run goes on at once."""
        self._count += 1
        taken = Taken(self._count, now, time.time(), temperature[self._box].copy(), dose[self._box].copy())
        with self._news:
            self._newest = taken
            self._news.notify_all()

    def close(self) -> None:
        """Let whoever waits go."""
        with self._news:
            self._news.notify_all()

    def next(self, patience: float) -> bytes | None:
        """The newest picture that was not given yet, temperature before dose; None if none comes in time."""
        with self._news:
            self._news.wait_for(lambda: self._due() is not None, patience)
            kind, taken = self._due(), self._newest
        if kind is None or taken is None:
            return None
        self._sent[kind] = taken.sequence
        return self._packed(kind, taken)

    def _due(self) -> Kind | None:
        newest = 0 if self._newest is None else self._newest.sequence
        late: list[Kind] = [kind for kind, sent in self._sent.items() if sent < newest]
        late.sort(key=self._sent.__getitem__)
        return late[0] if late else None

    def _packed(self, kind: Kind, taken: Taken) -> bytes:
        ends = TEMPERATURES if kind == "temperature" else (float(np.log10(LEAST_DOSE)), float(np.log10(MOST_DOSE)))
        scale: Scale = "linear" if kind == "temperature" else "log10"
        data = steps(taken.temperature if kind == "temperature" else taken.dose, *ends, scale)
        header = {
            "kind": kind,
            "time_s": taken.time,
            "taken_at_s": taken.taken_at,
            "sequence": taken.sequence,
            "shape": self.grid.shape,
            "affine": self.grid.affine.tolist(),
            "lowest": ends[0],
            "highest": ends[1],
            "scale": scale,
            "unit": "degC" if kind == "temperature" else "min",
            "codec": "zlib",
        }
        return picture_of(header, zlib.compress(data.tobytes(), 1))
