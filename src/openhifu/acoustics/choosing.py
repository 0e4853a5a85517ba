"""Which method fits a problem: decided by what lies along the beam, and said in a sentence."""

from __future__ import annotations

from enum import StrEnum

from openhifu.acoustics.axisymmetric import Axisymmetric
from openhifu.acoustics.fullwave_checks import require_cubes, require_points
from openhifu.acoustics.marching_harmonics import HarmonicMarching
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.rayleigh import RayleighIntegral
from openhifu.acoustics.slab import Slab, lit_by, slab_of
from openhifu.base.errors import CannotModel, GeometryError, UnknownName

_FEW_PAIRS = 4e9  # a Rayleigh integral of that many pairs takes some seconds; beyond, marching is cheaper
_THIN_BONE = 1e-3  # m; less than this the march crosses as an attenuating layer


class Method(StrEnum):
    """Ways to find a field."""

    AUTO = "auto"
    RAYLEIGH = "rayleigh"
    MARCHING = "marching"
    PHASESHIFT = "phaseshift"
    HYBRID = "hybrid"
    FULLWAVE = "fullwave"
    AXISYMMETRIC = "axisymmetric"
    TIMEDOMAIN = "timedomain"


def choose(problem: AcousticProblem, recording: Recording, method: Method | str) -> tuple[Method, str]:
    """The method and the reason for it; a method that is named is taken as it is.

    Raises:
        UnknownName: if there is no such method.
        CannotModel: if no method can take the problem as it stands, with the physics and what would help.
    """
    if method not in tuple(Method):
        raise UnknownName("acoustic method", str(method), [str(m) for m in Method])
    asked = Method(method)
    if asked is not Method.AUTO:
        return asked, "asked for"
    if problem.harmonics > 1:
        return _nonlinear(problem)
    if recording.energy:
        return Method.MARCHING, "an energy balance is asked for, which marching keeps"
    rayleigh = RayleighIntegral()
    if rayleigh.refuses(problem) is None:
        return _uniform(rayleigh.pairs(problem))
    return _heterogeneous(problem)


def _uniform(pairs: float) -> tuple[Method, str]:
    if pairs > _FEW_PAIRS:
        why = f"the medium is uniform, but {pairs:.1e} pairs of points make the Rayleigh integral slow"
        return Method.MARCHING, why
    return Method.RAYLEIGH, f"the medium is uniform and {pairs:.1e} pairs of points are few: exact"


def _nonlinear(problem: AcousticProblem) -> tuple[Method, str]:
    if (sentence := Axisymmetric().refuses(problem)) is None:
        return Method.AXISYMMETRIC, "harmonics are asked for in a round beam through flat layers"
    if (other := HarmonicMarching().refuses(problem)) is None:
        return Method.MARCHING, "harmonics are asked for in soft tissue that is not round: marched around the focus"
    raise CannotModel(f"{problem.harmonics} harmonics are asked for, and {sentence}; and {other}")


def _heterogeneous(problem: AcousticProblem) -> tuple[Method, str]:
    materials = Materials.of(problem.medium, problem.frequency)
    slab = slab_of(problem, materials)
    if slab is None:
        names = ", ".join(n for n, here in zip(materials.names, materials.present, strict=True) if here)
        return Method.MARCHING, f"soft tissue all along the beam ({names}): one-way marching"
    bone = f"{1e3 * slab.thickest:.1f} mm of bone in the beam"
    if slab.thickest <= _THIN_BONE:
        return Method.MARCHING, f"no more than {bone}: one-way marching"
    if _gas_near(problem, materials, slab):
        return Method.MARCHING, f"{bone}, but gas beside it, which only marching takes (as a release surface)"
    try:
        require_cubes(problem.medium.grid)
        require_points(problem.medium.grid, materials, problem.frequency)
    except GeometryError as error:
        raise CannotModel(
            f"{bone} needs the full wave across it, as marching is tens of per cent off behind bone, and {error}; or "
            "ask for method 'marching' if that will do"
        ) from error
    return Method.HYBRID, f"{bone}: full wave across it, marched before and behind"


def _gas_near(problem: AcousticProblem, materials: Materials, slab: Slab) -> bool:
    lit = lit_by(problem, materials.slowest / problem.frequency)[:, :, slab.first : slab.last + 1]
    inside = problem.medium.map.data[:, :, slab.first : slab.last + 1]
    return bool((materials.gas[inside] & lit).any())
