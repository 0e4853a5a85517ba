"""Time courses of a treatment, noted sample by sample."""

from __future__ import annotations

import numpy as np

from openhifu.base.errors import GeometryError
from openhifu.model.history import Curves
from openhifu.thermal.probe import Probe
from openhifu.thermal.solver import BioheatSolver


class Recorder:
    """Notes time, power and the hottest temperature of each probe.

    Args:
        solver: what is followed; times count from its present time.
        probes: the target first, then others, with different names.

    Raises:
        GeometryError: if two probes share a name.
    """

    def __init__(self, solver: BioheatSolver, probes: tuple[Probe, ...]) -> None:
        names = [p.name for p in probes]
        if len(set(names)) != len(names):
            raise GeometryError(f"regions that are followed must have different names, got {names}")
        self._solver, self._probes, self._begin = solver, probes, solver.time
        self._time: list[float] = []
        self._power: list[float] = []
        self._hottest: dict[str, list[float]] = {name: [] for name in names}

    @property
    def count(self) -> int:
        """Number of samples so far."""
        return len(self._time)

    def note(self, power: float) -> None:
        """Take a sample now; ``power`` [W] is what was on up to now."""
        self._time.append(self._solver.time - self._begin)
        self._power.append(power)
        for probe in self._probes:
            self._hottest[probe.name].append(self._solver.hottest(probe))

    def latest(self, probe: Probe) -> float:
        """Hottest temperature [degC] of a probe in the last sample."""
        return self._hottest[probe.name][-1]

    def peak_of_target(self, since: int) -> float:
        """Highest temperature [degC] of the first probe from a sample on; of the last sample if none came after."""
        course = self._hottest[self._probes[0].name]
        return max(course[since:], default=course[-1])

    def curves(self) -> Curves:
        """What was noted."""
        return Curves(
            np.array(self._time),
            np.array(self._power),
            {name: np.array(course) for name, course in self._hottest.items()},
        )
