"""A simulated patient: the bioheat solver beside a treatment, with its dose, its peaks and its temperature curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import Infeasible
from openhifu.base.field import Field
from openhifu.model.history import Curves
from openhifu.model.sonication import Sonication
from openhifu.monitoring.thermometer import RegionThermometer
from openhifu.thermal.dose import Dose
from openhifu.thermal.probe import Probe
from openhifu.thermal.solver import BioheatSolver
from openhifu.twin.body import Beam

LONGEST_PIECE = {True: 1.0, False: 5.0}
"""Longest stretch [s] between two points of the temperature curves, with and without a beam."""

HeatFor = Callable[[Sonication], Field]
"""Heat rate [W/m3] in this patient at 1 W acoustic, of a sonication of the plan."""


class SimulatedPatient:
    """Heated by what the simulated generator really radiates, whatever the engine believes.

    Args:
        solver: bioheat of this patient's own tissue, made with ``track_peak=True`` if ``peak`` is wanted.
        dose: running dose on the solver's grid.
        sonications: those of the plan; a beam is known by its focus, its elements and its steering.
        heat_for: heat rate at 1 W of each of them in this patient's tissue.
        regions: masks on the solver's grid: ``"target"`` and every organ at risk.
        voxel: edge of the thermometer's voxel [m].
    """

    def __init__(
        self,
        solver: BioheatSolver,
        dose: Dose,
        sonications: Sequence[Sonication],
        heat_for: HeatFor,
        regions: Mapping[str, NDArray[np.bool_]],
        voxel: float = 2e-3,
    ) -> None:
        """Nothing is heated yet."""
        self.solver, self.dose = solver, dose
        self._heat_for = heat_for
        self._sonications = {(s.focus, s.elements_off, s.steered): s for s in sonications}
        self._thermometer = RegionThermometer(solver.grid, regions, voxel)
        self._probes = {name: Probe(name, solver.grid, mask) for name, mask in regions.items() if mask.any()}
        self._heat: tuple[Sonication, Field] | None = None
        self._time, self._power = [solver.time], [0.0]
        self._hottest = {name: [solver.hottest(probe)] for name, probe in self._probes.items()}

    def advance(self, duration: float, beam: Beam | None) -> None:
        """Let time go by [s] in pieces that give the curves their points.

        Raises:
            Infeasible: if the beam is none of the plan's.
        """
        if duration <= 0:
            return
        heat = self._heat_of(beam) if beam is not None else None
        power = beam.power if beam is not None else 0.0
        count = math.ceil(duration / LONGEST_PIECE[beam is not None] - 1e-9)  # points of the curves, not time steps
        for _ in range(count):
            self.solver.advance(duration / count, heat, power, self.dose)
            self._note(power)

    def temperatures(self) -> dict[str, float]:
        """Hottest instrument voxel of target and organs now [degC], without noise."""
        return self._thermometer.read(self.solver.temperature)

    @property
    def peak(self) -> Field:
        """Highest temperature ever reached per voxel [degC]."""
        return self.solver.peak

    @property
    def cem43(self) -> Field:
        """Thermal dose so far [min]."""
        return self.dose.field

    @property
    def curves(self) -> Curves:
        """True power [W] and hottest voxel [degC] of target and organs over time; organs off the grid have no curve."""
        hottest = {name: np.array(values) for name, values in self._hottest.items()}
        return Curves(np.array(self._time), np.array(self._power), hottest)

    def _heat_of(self, beam: Beam) -> Field:
        """Heat rate at 1 W; the last one asked for is kept, as one exposure asks many times."""
        sonication = self._sonications.get((beam.focus, beam.elements_off, beam.steered))
        if sonication is None:
            raise Infeasible(
                f"there is no heat field for a beam at {beam.focus} with {len(beam.elements_off)} elements off, "
                f"steered to {len(beam.steered)} places; this patient was made for another plan"
            )
        if self._heat is None or self._heat[0] is not sonication:
            self._heat = (sonication, self._heat_for(sonication))
        return self._heat[1]

    def _note(self, power: float) -> None:
        self._time.append(self.solver.time)
        self._power.append(power)
        for name, probe in self._probes.items():
            self._hottest[name].append(self.solver.hottest(probe))
