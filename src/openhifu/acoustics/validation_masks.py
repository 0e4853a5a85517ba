"""Accuracy behind real skulls, where no truth is exact: full wave, time domain and hybrid against each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.hybrid import Hybrid
from openhifu.acoustics.interfaces import Voxels
from openhifu.acoustics.metrics import focus_on_grid
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.propagator import Propagator
from openhifu.acoustics.skull_masks import NAMES, SECTION, WHOLE, around_axis, read_published
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.timedomain import TimeDomain
from openhifu.acoustics.validation_fullwave import BOWL, FREQUENCY, MATERIALS, SPEED
from openhifu.acoustics.validation_pictures import side_by_side
from openhifu.acoustics.validation_setups import device
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.measurement import highest_memory
from openhifu.base.picture import Picture
from openhifu.base.validation import ValidationRow
from openhifu.base.workers import workers
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_DISC = Cap(focal_length=10.0, outer_diameter=20e-3, hole_diameter=0.0)
"""SC2, a flat disc: 5 micrometres of sag, a hundredth of a radian."""

_SOURCES = {"SC1": BOWL, "SC2": _DISC}
_HALF_WIDTH = 44e-3  # of the part around the beam, the march's absorbing edges included [m]
_ENDS = (20e-3, 120e-3)  # its first plane, just before the skull, and its last, the end of the benchmarks' box [m]
_BEHIND = 37e-3  # m: what is compared, on the axis 4.5 mm behind the skull
_EDGE = 18  # voxels at each side that are not compared: the march absorbs in the outer 16
_KEEP = Recording(pressure=True, heat=False)
_SOLVERS = {"fullwave": "full wave", "timedomain": "time domain", "hybrid": "hybrid"}
_MOST = 4e9  # bytes


@dataclass(frozen=True)
class Behind:
    """|P| in the brain behind a skull, on the part of the grid that is compared.

    Attributes:
        grid: of that part.
        size: |P| there, zero outside the brain [Pa].
        peak: the largest, between the voxels [Pa].
        place: where it is [m].
    """

    grid: Grid
    size: NDArray[np.float32]
    peak: float
    place: tuple[float, float, float]

    @classmethod
    def of(cls, pressure: Field | None, brain: TissueMap) -> Behind:
        """The part of a field that lies on a map's voxels, within the compared part of these.

        Args:
            pressure: on the map's grid or one that holds it.
            brain: the mask around the beam.
        """
        if pressure is None:
            raise TypeError("the case must record pressure")
        grid = brain.grid
        low = (_EDGE, _EDGE, math.ceil((_BEHIND - grid.affine[2, 3]) / grid.spacing[2] - 1e-6))
        part = grid.crop(low, (grid.shape[0] - _EDGE, grid.shape[1] - _EDGE, grid.shape[2]))
        size = np.abs(_on(pressure.data, pressure.grid, part))
        size *= _on(brain.data, grid, part) == NAMES.index("brain")
        i, j, k = (int(n) for n in np.unravel_index(int(np.argmax(size)), size.shape))
        focus = focus_on_grid(part, (i, j, k), (size[:, j, k], size[i, :, k], size[i, j, :]))
        x, y, z = focus.point
        return cls(part, size, focus.gain * float(size[i, j, k]), (x, y, z))


def _on(data: NDArray, grid: Grid, part: Grid) -> NDArray:
    """Values at the voxels of a part of a grid."""
    low = np.rint(grid.index(part.affine[:3, 3])).astype(int)
    a, b, c = (slice(n, n + m) for n, m in zip(low, part.shape, strict=True))
    return data[a, b, c]


def question(mask: TissueMap, source: Cap) -> AcousticProblem:
    """A benchmark's source in front of a skull of cortical bone, brain in it and water around it."""
    medium = Medium(mask, tuple(MATERIALS[name] for name in mask.tissues))
    power = 0.5 * Fluid.of(MATERIALS["water"], FREQUENCY).impedance * SPEED**2 * source.area
    return AcousticProblem(device(source, FREQUENCY).drive(power), medium)


@cache
def _part(folder: Path | None, benchmark: str) -> TissueMap:
    """The mask around the beam."""
    return around_axis(read_published(folder, {"BM7": SECTION, "BM8": WHOLE}[benchmark]), _HALF_WIDTH, _ENDS)


def _whole_skull(folder: Path | None, source: str) -> tuple[Behind, float]:
    """Full wave of the whole skull, and the highest memory of the process it is run in [bytes]."""
    mask = read_published(folder, WHOLE)
    grid = mask.grid
    first = round(float(grid.index((0.0, 0.0, _ENDS[0]))[2]))
    behind = grid.crop((0, 0, first), grid.shape)
    mask = TissueMap(behind, np.ascontiguousarray(mask.data[:, :, first:]), NAMES)
    field = FullWave(memory=_MOST).solve(question(mask, _SOURCES[source]), _KEEP)
    return Behind.of(field.pressure, _part(folder, "BM8")), highest_memory()


@cache
def _apart(folder: Path | None, source: str) -> tuple[Behind, float]:
    """The same in a process of its own, so that its memory is that of this solve alone."""
    _part(folder, "BM8")  # a folder that will not do is refused here
    with workers(1) as pool:
        return pool.submit(_whole_skull, folder, source).result()


@cache
def _found(folder: Path | None, benchmark: str, source: str, solver: str) -> Behind:
    if benchmark == "BM8" and solver == "fullwave":
        return _apart(folder, source)[0]
    part = _part(folder, benchmark)
    made: dict[str, Callable[[], Propagator]] = {
        "fullwave": FullWave,
        "timedomain": lambda: TimeDomain(2, Voxels()),  # the low-passed maps that the full wave takes
        "hybrid": Hybrid,
    }
    return Behind.of(made[solver]().solve(question(part, _SOURCES[source]), _KEEP).pressure, part)


def _picture(found: Behind, truth: Behind, of: str) -> Picture:
    """Both on the plane of y = 0."""
    grid, n = found.grid, found.size.shape[1] // 2
    x, z = (grid.affine[axis, 3] + grid.axis(axis) for axis in (0, 2))
    a, b = (np.where(truth.size[:, n] > 0, p.size[:, n], np.nan).T for p in (found, truth))
    return side_by_side(x, z, a, b, of)


def _peak(folder: Path | None, benchmark: str, source: str, ours: str, other: str) -> ValidationRow:
    found, truth = (_found(folder, benchmark, source, s) for s in (ours, other))
    figure = 100 * abs(found.peak / truth.peak - 1)
    case = f"{_SOLVERS[ours]} and {_SOLVERS[other]}, {benchmark} {source}: peak behind"
    words = _SOLVERS[other]
    return ValidationRow.of(case, figure, 5.0, "%", _against(benchmark, other), _picture(found, truth, words))


def _place(folder: Path | None, benchmark: str, source: str, ours: str, other: str) -> ValidationRow:
    found, truth = (_found(folder, benchmark, source, s) for s in (ours, other))
    moved = 1e3 * math.dist(found.place, truth.place)
    case = f"{_SOLVERS[ours]} and {_SOLVERS[other]}, {benchmark} {source}: place of the peak"
    return ValidationRow.of(case, moved, 1.0, "mm", _against(benchmark, other))


def _against(benchmark: str, other: str) -> str:
    return f"{_SOLVERS[other]}{' of the whole skull' if benchmark == 'BM8' and other == 'fullwave' else ''}"


def _memory(folder: Path | None, source: str) -> ValidationRow:
    figure = 1e-9 * _apart(folder, source)[1]
    words = "highest memory of its process"
    return ValidationRow.of(f"full wave, BM8 {source}, whole skull: memory", figure, 1e-9 * _MOST, "GB", words)


def cases(folder: Path | None) -> dict[str, Callable[[], ValidationRow]]:
    """Every case by its name.

    Args:
        folder: of the masks; without it every case refuses to run and says where they are to be had.
    """
    found: dict[str, Callable[[], ValidationRow]] = {}
    for benchmark in ("BM7", "BM8"):
        for source in _SOURCES:
            for other, ours in combinations(_SOLVERS, 2):
                name, about = f"{benchmark}-{source}-{ours}-{other}", (folder, benchmark, source, ours, other)
                found[f"{name}-peak"] = lambda about=about: _peak(*about)
                found[f"{name}-place"] = lambda about=about: _place(*about)
    return found | {f"BM8-{source}-memory": lambda s=source: _memory(folder, s) for source in _SOURCES}


CASES = cases(None)
"""Every case by its name; of one core BM7 takes twenty minutes a source, BM8 three quarters of an hour."""
