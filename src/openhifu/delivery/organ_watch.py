"""What the readings say of the organs at risk: how warm they are, and the dose that each was measured to have had."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

from openhifu.delivery.measured_dose import dose_between
from openhifu.delivery.steps import OrganState
from openhifu.model.events import Event, Reading


class OrganWatch:
    """Mean of the last readings against noise, and CEM43 of that mean over the whole treatment.

    Dose is of the mean, not of single readings: it is exponential in temperature, and a kelvin of noise makes it read
    high by 27 % above 43 degC and by 160 % below. Organs warm and cool slowly enough for the mean to follow.
    The hottest reading moves about in an organ, so its dose is that of no single place: it errs on the safe side, but
    for what a voxel of the thermometer averages away.

    Args:
        readings: how many of the last are averaged.
        earlier: events of the interrupted runs of this plan; their dose counts.
    """

    def __init__(self, readings: int, earlier: Iterable[Event] = ()) -> None:
        """Add up what earlier runs measured; each run has a clock of its own."""
        self._recent: deque[dict[str, float]] = deque(maxlen=readings)
        self._dose: dict[str, float] = {}
        self._last: tuple[float, dict[str, float]] | None = None
        self._names: tuple[str, ...] = ()
        for what in (event.what for event in earlier):
            if isinstance(what, Reading):
                self.add(what.measured_at, [(o.region, o.hottest) for o in what.organs])
        self._recent.clear()
        self._last = None

    def add(self, at: float, organs: Sequence[tuple[str, float]]) -> None:
        """Take a reading.

        Args:
            at: s on the clock; earlier than the last reading's begins anew, as a clock of another run does.
            organs: hottest reading of each [degC]; one that is no number adds no dose, an interlock sees to it.
        """
        if self._last is not None and at < self._last[0]:
            self._recent.clear()
        self._recent.append(dict(organs))
        self._names = tuple(name for name, _ in organs)
        now = {name: self._mean(name) for name in self._names}
        if self._last is not None and at > self._last[0]:
            lasted, before = at - self._last[0], self._last[1]
            for name, value in now.items():
                first = before.get(name, math.inf)
                if math.isfinite(value) and math.isfinite(first):
                    self._dose[name] = self._dose.get(name, 0.0) + dose_between(lasted, first, value)
        self._last = (at, now)

    def warmer(self, levels: Sequence[tuple[str, float]]) -> tuple[str, ...]:
        """Organs whose averaged readings are not below their level [degC]; all as long as there are too few readings.

        Args:
            levels: organ and level.
        """
        return tuple(name for name, level in levels if not self._mean(name) < level)

    def states(self) -> tuple[OrganState, ...]:
        """Every organ that was read: averaged reading now, and dose so far."""
        return tuple(OrganState(organ=n, temperature=self._mean(n), dose=self._dose.get(n, 0.0)) for n in self._names)

    def _mean(self, name: str) -> float:
        """Infinite as long as nothing can be said."""
        if len(self._recent) < (self._recent.maxlen or 0):
            return math.inf
        mean = sum(r.get(name, math.nan) for r in self._recent) / len(self._recent)
        return mean if math.isfinite(mean) else math.inf
