"""A rehearsal steered by what images show: the simulated MR scanner's phase images, read by PRF thermometry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt

from openhifu.base.errors import CannotModel
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.record import Record
from openhifu.delivery.protocols import TemperatureReading
from openhifu.model.tissuemap import TissueMap
from openhifu.monitoring.mr_frames import GradientEcho, MrFrame
from openhifu.monitoring.prf import prf_map
from openhifu.monitoring.single_reference import SingleReference
from openhifu.monitoring.smooth_phase import SmoothPhase
from openhifu.monitoring.temperature_map import TemperatureMap
from openhifu.monitoring.thermometer import TARGET
from openhifu.thermal.solver import BioheatSolver
from openhifu.twin.mr_scanner import MrModel, MrScanner

UNHEATED_DISTANCE = 10e-3
"""m from whatever the beams heat, and from the coupling water, beyond which tissue counts as unheated for an hour."""

_REFERENCES = 16  # images before anything is heated
_HEATED_SHARE = 0.02  # of the strongest heating; less than this is no heating


class ScannerModel(Record):
    """The scanner of a rehearsal.

    Attributes:
        voxel: edge of an image voxel [m].
        snr: magnitude over noise in a voxel of muscle.
        drift: relative drift of the field in an hour.
        seed: of noise and texture.
    """

    voxel: float = 2e-3
    snr: float = 25.0
    drift: float = 0.1e-6
    seed: int = 1


class SeenInImages:
    """An ``Eye`` on a patient: images as they are taken, PRF against one reference, hottest voxel per region.

    Every exposure is given in the same breath-hold, so one reference does: the mean of sixteen images, as its noise
    stays the same in all that follows. The target's voxel is chosen in the image before and read in this one, so that
    noise cannot choose it: the hottest of many noisy voxels reads high by two deviations. Organs read their hottest
    voxel, which errs on the safe side. An organ that holds no voxel of which the phase tells the temperature (bone,
    fat, a thin layer) is read in the nearest voxels beside it. A region most of whose voxels are too noisy reads no
    number, which delivery takes as missing.

    Args:
        tissues: the patient's anatomy on the solver's grid.
        solver: the patient's own bioheat.
        regions: masks on that grid, ``"target"`` among them.
        heat: W/m3 at one watt of all beams together; tells what stays unheated.
        water: name of the coupling medium, which streams and is not read.
        model: scanner.

    Raises:
        CannotModel: if an organ, or unheated tissue to fit the field's drift, cannot be seen.
        GeometryError: if a tissue has no brightness in the simulated images.
    """

    def __init__(
        self,
        tissues: TissueMap,
        solver: BioheatSolver,
        regions: Mapping[str, NDArray[np.bool_]],
        heat: Field,
        water: str,
        model: ScannerModel,
    ) -> None:
        """Take the reference image."""
        self._solver, grid = solver, solver.grid
        a, b, c = (max(1, round(model.voxel / h)) for h in grid.spacing)
        self._scanner = MrScanner(tissues, (a, b, c), _scanner(model), model.seed)
        image = self._scanner.grid
        wet = tissues.data == tissues.tissues.index(water) if water in tissues.tissues else np.zeros(grid.shape, bool)
        streaming = _touched(wet, image, (a, b, c))
        coefficient = np.where(streaming, np.nan, prf_map(tissues, image))
        self._regions = {n: _visible(n, _touched(m, image, (a, b, c)), coefficient) for n, m in regions.items()}
        self._sensitive = np.isfinite(coefficient)
        heated = np.asarray(heat.data) >= _HEATED_SHARE * float(heat.data.max())
        distance = np.asarray(distance_transform_edt(~(heated | wet), sampling=grid.spacing), dtype=np.float64)
        far = distance >= UNHEATED_DISTANCE
        unheated = ~_touched(~far, image, (a, b, c))
        if int(unheated.sum()) < 30:
            raise CannotModel(
                "the images hold no tissue that stays unheated, so the drift of the field cannot be told from heat; "
                "use --thermometer plain"
            )
        reference = _mean([self._scanner.image(solver.temperature, solver.time) for _ in range(_REFERENCES)])
        self._thermometer = SingleReference(reference, coefficient, SmoothPhase(image, unheated, 1))
        self._before: TemperatureMap | None = None
        self.method = f"{self._thermometer.method}; voxels of {1e3 * model.voxel:.0f} mm, SNR {model.snr:.0f}"

    @property
    def newest(self) -> Field | None:
        """Temperatures [degC] of the newest image, NaN where it cannot be read; None before the first."""
        seen = self._before
        if seen is None:
            return None
        return Field(seen.temperature.grid, np.where(seen.valid, seen.temperature.data, np.nan), Quantity.TEMPERATURE)

    def __call__(self, at: float) -> TemperatureReading:
        """Image the patient as it is now, and read it."""
        frame = self._scanner.image(self._solver.temperature, at)
        seen = self._thermometer.read(frame)
        read = seen.reading(self._regions)
        target = read.target if self._before is None else _chosen(self._before, seen, self._regions[TARGET])
        self._before = seen
        blind = {name for name, mask in self._regions.items() if np.mean(seen.valid[mask & self._sensitive]) < 0.5}
        organs = tuple((name, math.nan if name in blind else value) for name, value in read.organs)
        return TemperatureReading(at, math.nan if TARGET in blind else target, organs)


def _mean(frames: Sequence[MrFrame]) -> MrFrame:
    """The mean of images of the same thing, with the noise that remains."""
    first = frames[0]
    signal = np.mean([f.signal for f in frames], axis=0).astype(np.complex64)
    return MrFrame(first.grid, signal, first.at, first.sequence, first.noise / math.sqrt(len(frames)))


def _chosen(before: TemperatureMap, now: TemperatureMap, region: NDArray[np.bool_]) -> float:
    """Temperature now [degC] of the voxel that was the hottest before; NaN if it or the region cannot be read."""
    known = np.where(region & before.valid, before.temperature.data, -np.inf)
    hottest = np.unravel_index(int(np.argmax(known)), known.shape)
    return float(now.temperature.data[hottest]) if np.isfinite(known[hottest]) else math.nan


def _visible(name: str, region: NDArray[np.bool_], coefficient: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The region, or where nothing in it can be read, what lies beside it."""
    seen = np.isfinite(coefficient)
    if not region.any() or np.any(region & seen):
        return region if region.any() else _anywhere(seen)
    beside: NDArray[np.bool_] = np.asarray(binary_dilation(region, iterations=2), dtype=bool)
    if name == TARGET or not np.any(beside & seen):
        raise CannotModel(
            f"MR thermometry cannot see {name!r} nor anything beside it: no tissue there tells its temperature by its "
            "phase; use --thermometer plain"
        )
    return beside


def _anywhere(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Some voxel that can be read: stands for a region outside what is heated, which has no voxel of its own."""
    one = np.zeros(seen.shape, bool)
    one[tuple(np.argwhere(seen)[0])] = True
    return one


def _touched(mask: NDArray[np.bool_], image: Grid, factors: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Image voxels that hold any voxel of a mask."""
    whole = mask[tuple(slice(0, n * f) for n, f in zip(image.shape, factors, strict=True))]
    blocks = whole.reshape([m for n, f in zip(image.shape, factors, strict=True) for m in (n, f)])
    return np.asarray(blocks.any((1, 3, 5)), dtype=bool)


def _scanner(model: ScannerModel) -> MrModel:
    """3 T, TE 10 ms, the drift spread unevenly by a quarter over 10 cm."""
    rate = model.drift / 3600.0
    return MrModel(
        sequence=GradientEcho(3.0, 10e-3),
        snr=model.snr,
        drift=rate,
        drift_slope=(2.5 * rate, 2.5 * rate, 2.5 * rate),
        shim=0.1e-6,
        bubble=0.0,
        bubble_at=(0.0, 0.0, 0.0),
        texture=0.15,
        fading=0.01,
    )
