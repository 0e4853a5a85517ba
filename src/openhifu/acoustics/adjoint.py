"""Gradients of a marched field with respect to every element of an array: one march forwards, one transposed.

A field is linear in the elements' normal velocities u: on the first plane P0 = sum u_e E_e, and behind it Q = M P0,
with M the march. For a real objective J of the pressures P = D Q (D real, from the tissue), dJ = Re(g . dP) with
g = dJ/dRe P - i dJ/dIm P; so with the transposed march

    w = M^T D g,      dJ/du_e (as g) = sum over the first plane of E_e w,

whatever the number of elements. With u_e = a_e v exp(i phi_e): dJ/da_e = Re(v exp(i phi_e) c_e) and dJ/dphi_e =
Re(i u_e c_e), c_e the sum above. Time reversal through tissue is the phase that makes every u_e c_e real and positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.marching import Marching, Prepared, beam_of, edges_of, padded, quadrant_of, tables_of
from openhifu.acoustics.marching_transposed import march_back
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.source import element_velocities
from openhifu.acoustics.source_planes import element_planes
from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field
from openhifu.base.vectors import Vector

Complex = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Functional:
    """A real number made of a pressure field, with its derivative.

    Attributes:
        value: of a field of complex pressure.
        derivative: dJ/dRe P - i dJ/dIm P at every voxel, for that field.
    """

    value: Callable[[Field], float]
    derivative: Callable[[Field], NDArray[np.complex64]]


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """How an objective answers to every element.

    Attributes:
        value: the objective.
        velocity: normal velocity of every element now [m/s], complex.
        worth: c_e: dJ = Re(sum c_e du_e) for changes du_e of the normal velocities [1/(m/s) times J's unit].
        field: the field it was found from.
    """

    value: float
    velocity: Complex
    worth: Complex
    field: AcousticField

    @property
    def phase(self) -> NDArray[np.float64]:
        """DJ per radian of each element's phase; a greater phase is a wave that is sent earlier."""
        return np.real(1j * self.velocity * self.worth)

    @property
    def amplitude(self) -> NDArray[np.float64]:
        """DJ per relative change of each element's amplitude."""
        return np.real(self.velocity * self.worth)


def square_at(point: Vector) -> Functional:
    """|P|^2 [Pa2] at the voxel nearest to a point of the grid's frame [m].

    Raises (when used):
        GeometryError: if the point is off the grid.
    """

    def derivative(field: Field) -> NDArray[np.complex64]:
        out = np.zeros(field.grid.shape, np.complex64)
        at = field.grid.voxel(point)
        out[at] = 2 * np.conj(field.data[at])
        return out

    return Functional(lambda field: float(np.abs(field.data[field.grid.voxel(point)]) ** 2), derivative)


def weighted_square(weight: Field) -> Functional:
    """Sum of weight |P|^2 over all voxels, e.g. heat in an organ [W] with weight heat rate per Pa2 times volume."""

    def derivative(field: Field) -> NDArray[np.complex64]:
        field.grid.require_same(weight.grid, "the weight")
        return (2 * weight.data * np.conj(field.data)).astype(np.complex64)

    return Functional(lambda field: float(np.sum(weight.data * np.abs(field.data) ** 2.0)), derivative)


def sensitivities(problem: AcousticProblem, objective: Functional) -> Sensitivities:
    """March, and march back, and read off what every element is worth.

    Args:
        problem: linear, with a source whose elements are on (an element that is off has its worth all the same).
        objective: of the complex pressure on the medium's grid.

    Raises:
        CannotModel, GeometryError, MissingProperty: as for ``Marching.solve``.
        OutOfRange: if the objective's derivative is not finite.
    """
    solver = Marching()
    prepared = solver.prepare([problem])[0]
    field = solver.run(prepared, Recording(pressure=True, heat=False), "asked for, with its transpose")
    if field.pressure is None:
        raise GeometryError("the march kept no pressure")
    slope = objective.derivative(field.pressure)
    if not np.all(np.isfinite(slope)):
        raise OutOfRange("the derivative of the objective is not finite everywhere")
    weight = first_plane_worth(prepared, slope)
    planes = element_planes(prepared.source, problem, padded(problem))
    worth = np.array([complex(np.sum(plane * weight, dtype=np.complex128)) for plane in planes])
    return Sensitivities(
        objective.value(field.pressure), element_velocities(problem.drive, prepared.fluid), worth, field
    )


def first_plane_worth(prepared: Prepared, slope: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """dJ/dP0 on the padded first plane."""
    problem, tables = prepared.problem, tables_of(prepared.materials)
    labels = prepared.stack.labels
    carried = np.sqrt(tables.square)[labels]
    sources = np.ascontiguousarray(np.moveaxis(slope, 2, 0) * carried).astype(np.complex64)
    shape = padded(problem)
    weight = np.zeros(shape, np.complex64)
    march_back(weight, sources, labels, tables, beam_of(prepared), edges_of(prepared), quadrant_of(prepared))
    return weight
