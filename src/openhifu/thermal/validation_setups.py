"""What the accuracy cases of heat and dose share: substances, small grids, and pictures of their lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property, Tissue
from openhifu.model.tissuemap import TissueMap
from openhifu.thermal import exact

WHY = "a value chosen for validation"
LIVER, BLOOD = tissue("liver"), tissue("blood")
STILL = LIVER.replaced({Property.PERFUSION: 0.0}, WHY)


def uniform_of(substance: Tissue, blood: Tissue) -> exact.Uniform:
    """The numbers the closed forms need, of one tissue."""
    specific = substance.value(Property.HEAT_CAPACITY)
    capacity = substance.value(Property.DENSITY) * specific
    carried = blood.value(Property.DENSITY) * blood.value(Property.HEAT_CAPACITY)
    return exact.Uniform(
        substance.value(Property.CONDUCTIVITY) / capacity,
        capacity,
        substance.value(Property.PERFUSION) * carried / specific,
    )


def cube(half: float, spacing: float) -> Grid:
    """A cube around the origin, reaching ``half`` [m] in whole voxels."""
    reach = round(half / spacing) * spacing
    return Grid.box([-reach] * 3, [reach] * 3, spacing)


def gaussian_heat(grid: Grid, width: float, peak: float = 1.0) -> Field:
    """Means over the voxels of a Gaussian heat rate around the origin [W/m3]."""
    source = exact.GaussianSource(peak, (width, width, width))
    return Field(grid, source.mean_rate(grid.points(), grid.spacing[0]).astype(np.float32), Quantity.HEAT_RATE)


def line(length: float, spacing: float) -> tuple[Grid, NDArray[np.float64]]:
    """A row of voxels along z and their centres [m] from its first face."""
    count = round(length / spacing)
    grid = Grid.box((0, 0, 0), (spacing / 2, spacing / 2, (count - 1) * spacing), spacing)
    grid = grid.crop((0, 0, 0), (1, 1, count))
    return grid, (np.arange(count, dtype=np.float64) + 0.5) * spacing


def layers(names: tuple[str, ...], tissues: tuple[Tissue, ...], grid: Grid, edges: tuple[int, ...]) -> Medium:
    """Slabs along z that begin at voxels ``edges``."""
    index = np.digitize(np.arange(grid.shape[2]), edges).astype(np.uint8)
    renamed = tuple(t.model_copy(update={"name": n}) for n, t in zip(names, tissues, strict=True))
    data = np.ascontiguousarray(np.broadcast_to(index, grid.shape))
    return Medium(TissueMap(grid, data, names), renamed)


def pair() -> tuple[Tissue, Tissue]:
    """Two substances without perfusion whose conductivities differ by a factor of three."""
    first = tissue("muscle").replaced({Property.PERFUSION: 0.0, Property.CONDUCTIVITY: 0.2}, WHY)
    return first, first.replaced({Property.CONDUCTIVITY: 0.6}, WHY)


def along(x_label: str, x: ArrayLike, found: ArrayLike, truth: ArrayLike, y_label: str = "rise [K]") -> Picture:
    """Ours over the truth along a line."""
    return Picture(x_label, y_label, (Curve.of("ours", x, found), Curve.of("truth", x, truth, reference=True)))


def order_of(sizes: ArrayLike, errors: ArrayLike) -> float:
    """Exponent of a power law fitted to errors at sizes."""
    return float(np.polyfit(np.log(np.asarray(sizes, float)), np.log(np.asarray(errors, float)), 1)[0])


def order_picture(sizes: list[float], errors: list[float], x_label: str, order: float) -> Picture:
    """Errors against sizes with the slope of an order."""
    slope = [errors[0] * (s / sizes[0]) ** order for s in sizes]
    curves = (
        Curve.of("ours", sizes, errors, points=True),
        Curve.of(f"order {order:g}", sizes, slope, reference=True),
    )
    return Picture(x_label, "error, share of peak", curves, log_x=True, log_y=True)
