"""Pennes with properties that follow the temperature, and boiling: explicit finite volumes, one voxel at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property, Tissue
from openhifu.thermal import kernels, varying_kernel
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.checks import start_rise, within_water
from openhifu.thermal.dose import Dose
from openhifu.thermal.finite_volumes import FiniteVolumes, wrap_ghosts
from openhifu.thermal.laws import COLDEST, HOTTEST, LATENT_HEAT, Boiling, Follows, TemperatureLaw
from openhifu.thermal.padded import PaddedState
from openhifu.thermal.properties import thermal_table

_HEATING_SHARE = 0.5


class VaryingPennes(PaddedState):
    """A ``BioheatSolver`` whose conductivity, perfusion and absorption follow the temperature by given laws.

    The same finite volumes as ``Pennes``: a face conducts by the harmonic mean of what both voxels conduct at their
    temperatures of the moment, so that heat is conserved. With ``boiling``, tissue stays at 100 degC while its water
    evaporates, which is counted; beyond that it dries and warms on (``dried`` says where), and steam does not move.
    The stable step is that of the fastest values the laws reach. Several times slower than ``Pennes``, which without
    laws gives the same temperatures.

    Args:
        medium: tissues on the grid.
        blood: the tissue whose density and heat capacity perfusion carries.
        boundary: what the outer faces do.
        laws: what follows the temperature; at most one law per tissue and property.
        boiling: water of the tissues; None lets temperatures rise past 100 degC and flags it.
        held: tissues that something keeps at a temperature, e.g. large vessels by their blood.
        insulating: tissues that neither conduct nor warm.
        start: degC at time zero, one number or a field.
        arterial: degC of the blood that perfuses.
        metabolism: whether metabolic heat is a source.
        track_peak: whether to keep the highest temperature of every voxel.

    Raises:
        MissingProperty: if a tissue that is present lacks a thermal value.
        OutOfRange: if a property, a temperature or a law is impossible, or two laws are given for one thing.
        UnknownName: if a law is for a tissue that is not in the map.
        GeometryError: if a start field is on another grid.
    """

    def __init__(
        self,
        medium: Medium,
        blood: Tissue,
        boundary: Boundary,
        laws: Sequence[TemperatureLaw] = (),
        boiling: Boiling | None = None,
        held: Sequence[HeldTemperature] = (),
        insulating: Sequence[str] = (),
        start: float | Field = BODY_TEMPERATURE_C,
        arterial: float = BODY_TEMPERATURE_C,
        metabolism: bool = False,
        track_peak: bool = False,
    ) -> None:
        table = thermal_table(medium, blood, held, insulating, metabolism)
        volumes = FiniteVolumes.of(medium, table, boundary, metabolism)
        self._laws, self._boiling, self._given = _tables(medium, laws), boiling, tuple(laws)
        self._stable = volumes.stable_step / max(1.0, float(self._laws[0].max()), float(self._laws[1].max()))
        self._labels, self._metabolism, self._periodic = volumes.layout[0], metabolism, volumes.periodic
        halves = np.array([np.append(table.half_resistance(h), np.inf) for h in medium.grid.spacing])
        self._halves, self._spacing = halves.astype(np.float32), np.array(medium.grid.spacing, np.float32)
        self._capacity = np.append(table.heat_capacity, np.inf).astype(np.float32)
        self._loss = np.append(table.loss, 0.0).astype(np.float32)
        self._gain = np.append(table.metabolic, 0.0).astype(np.float32)
        self._latent = _latent(medium, boiling, self._capacity)
        base = within_water(arterial, "the arterial temperature")
        super().__init__(medium.grid, start_rise(start, medium, arterial, table.held), base, track_peak)

    def restart(self) -> None:
        """Back to the start: temperature, time, peak, and all water in place."""
        super().restart()
        self._store = np.zeros(self._grid.shape if self._boiling else (1, 1, 1), np.float32)

    @property
    def method(self) -> str:
        """The method and the physics it contains, in words."""
        extra = ", metabolic heat" if self._metabolism else ", no metabolic heat"
        for law in self._given:
            extra += f", {law.follows} of {law.tissue} follows the temperature ({law.source})"
        extra += f", boiling with {self._boiling.source}" if self._boiling else ", no boiling"
        return f"Pennes bioheat, explicit finite volumes of varying properties{extra}"

    @property
    def linear(self) -> bool:
        """Whether temperature rises add: properties constant, perfusion too."""
        return not self._given and self._boiling is None

    @property
    def stable_step(self) -> float:
        """Longest stable step [s]."""
        return self._stable

    @property
    def dried(self) -> Field:
        """Share of each voxel's water that is steam now; zero everywhere without boiling."""
        if self._boiling is None:
            return Field(self._grid, np.zeros(self._grid.shape, np.float32), Quantity.SHARE)
        full = self._latent[self._labels[1:-1, 1:-1, 1:-1]]
        return Field(self._grid, self._store / np.where(full > 0, full, 1.0), Quantity.SHARE)

    def advance(
        self,
        duration: float,
        heat: Field | None = None,
        scale: float = 1.0,
        dose: Dose | None = None,
        step: float | None = None,
    ) -> None:
        """Go on by exactly ``duration`` [s]; see ``BioheatSolver.advance`` for arguments and errors."""
        heating = heat is not None and scale > 0
        longest = self._stable * (_HEATING_SHARE if heating and step is None else 1.0)
        call = self._begun(duration, longest, step, heat, scale, dose)
        length, arterial = np.float32(call.dt), np.float32(self._arterial)
        for _ in range(call.steps):
            if self._periodic:
                wrap_ghosts(self._now)
            varying_kernel.step(
                self._now, self._next, self._labels, self._spacing, self._halves, self._capacity, self._loss,
                self._gain, self._laws, length, arterial, call.source, call.scale, self._latent, self._store,
            )  # fmt: skip
            if dose is not None:
                dose.accumulate(self._now, self._next, 1, self._arterial, call.dt)
            self._now, self._next = self._next, self._now
            kernels.note_peaks(self._now, self._peak, self._track_peak, self._top)
        self._time += duration


def _tables(medium: Medium, laws: Sequence[TemperatureLaw]) -> NDArray[np.float32]:
    """Factors (conductivity, perfusion, absorption; labels and one for beyond; degrees)."""
    tables = np.ones((3, len(medium.tissues) + 1, HOTTEST - COLDEST + 1), np.float32)
    seen: set[tuple[str, Follows]] = set()
    for law in laws:
        if (law.tissue, law.follows) in seen:
            raise OutOfRange(f"two laws are given for the {law.follows} of {law.tissue}; give one")
        seen.add((law.tissue, law.follows))
        tables[list(Follows).index(law.follows), medium.map.index_of(law.tissue)] = law.table()
    return tables


def _latent(medium: Medium, boiling: Boiling | None, capacity: NDArray[np.float32]) -> NDArray[np.float32]:
    """J/m3 that evaporate all water of each label; zero where nothing boils."""
    latent = np.zeros(len(medium.tissues) + 1, np.float32)
    if boiling is None:
        return latent
    for n, (tissue, here) in enumerate(zip(medium.tissues, medium.present(), strict=True)):
        if here and math.isfinite(capacity[n]):
            latent[n] = boiling.water_share * tissue.value(Property.DENSITY) * LATENT_HEAT
    return latent
