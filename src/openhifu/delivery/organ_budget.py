"""How cold each organ must be before the next exposure, so that its dose lasts for all exposures that are left.

Dose doubles with every kelvin above 43 degC, and an exposure adds its rise to whatever warmth it starts from: one that
started at T and used D minutes would have used D 2^(U - T) from U. The worst of the last exposures, so carried over to
the next start, must use no more than an equal share of what is left. Equal shares are close to the best there is, as
dose is convex in warmth.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from openhifu.delivery.steps import OrganState
from openhifu.model.limits import OrganAtRisk
from openhifu.model.plan import OrganPrediction

LOWEST = 38.5
"""degC; colder than this no pause brings a perfused organ within a treatment."""

CEASE_TIME = 10.0
"""s in which an exposure that goes on would use up all that is left to an organ; it ends then."""

LIGHTEST = 0.8
"""Share of the planned rise below which no exposure is made lighter to spare an organ."""

_LOOKS_BACK = 8  # exposures; spots differ in what they heat on the way
_CRUMBS = 0.1  # of what an organ may have: not enough for a useful exposure
_NOTHING = 1e-9  # min
_LEAST_RISE = 1.0  # K; less of an exposure in an organ is noise


class OrganBudget:
    """The measured dose of each organ against the share of its limit that the plan allows.

    Hottest readings add up to more than any place gets, as the hottest place moves: by the plan's own ratio at the end
    of all exposures, by nothing at the first, and in proportion in between.

    Args:
        organs: at risk, with their limits and the plan's own resume temperatures, which are never passed.
        share: of a limit that the measured dose may come to.
        exposures: how many the plan has.
        given: how many of them earlier runs began; the dose measured then counts, see ``OrganWatch``.
        expected: of each organ, with that ratio; none means 1.
    """

    def __init__(
        self,
        organs: Sequence[OrganAtRisk],
        share: float,
        exposures: int,
        given: int = 0,
        expected: Sequence[OrganPrediction] = (),
    ) -> None:
        """Nothing was used."""
        ratio = {e.organ: e.reading_ratio for e in expected}
        self._organs = {o.name: _Organ(o, share * o.limit.cem43_max, ratio.get(o.name, 1.0)) for o in organs}
        self._exposures, self._given, self._light = max(exposures, 1), given, 1.0

    def see(self, states: Sequence[OrganState]) -> None:
        """Take what was measured so far, at the end of any step."""
        for state in states:
            if state.organ in self._organs:
                self._organs[state.organ].measured(state.dose)

    def begin(self, states: Sequence[OrganState]) -> float:
        """An exposure begins: its rise adds to the warmth there is now.

        Returns:
            The share of the planned rise that it should give: less than 1 where no pause within the treatment's time
            made an organ as cold as it should be.
        """
        self.see(states)
        missing = [0.0]
        for state in states:
            organ = self._organs.get(state.organ)
            if organ is not None:
                organ.start = state.temperature
                if math.isfinite(organ.start):
                    missing.append((organ.start - organ.wish) / organ.rise)
        self._light = min(max(1.0 - max(missing), LIGHTEST), 1.0)
        return self._light

    def end(self, states: Sequence[OrganState], rest: int) -> None:
        """An exposure ended: set the levels for the next.

        Args:
            states: of the organs at its end.
            rest: exposures that are left.
        """
        self.see(states)
        self._given = max(self._given, self._exposures - rest)
        for state in states:
            if state.organ in self._organs:
                self._organs[state.organ].learn(state.temperature, self._light, rest)

    def left(self, name: str) -> float:
        """Minutes of dose that the readings of an organ may still add up to before the next exposure."""
        organ = self._organs[name]
        ratio = 1.0 + (organ.ratio - 1.0) * self._given / self._exposures
        return max(ratio * organ.allowed - organ.dose, 0.0)

    def used_up(self) -> tuple[str, ...]:
        """Organs that may have no more."""
        return tuple(name for name, o in self._organs.items() if self.left(name) <= _CRUMBS * o.allowed)

    def levels(self) -> tuple[tuple[str, float], ...]:
        """Temperature [degC] below which each organ should be before the next exposure."""
        return tuple((name, max(organ.wish, LOWEST)) for name, organ in self._organs.items())

    def cease_above(self) -> tuple[tuple[str, float], ...]:
        """Reading [degC] at which going on would use up what is left within ``CEASE_TIME``."""
        return tuple((n, 43.0 + math.log2(max(self.left(n), _NOTHING) * 60.0 / CEASE_TIME)) for n in self._organs)


class _Organ:
    """What is known of one organ.

    Attributes:
        allowed: min of dose at any one place.
        ratio: of what readings add up to.
        wish: degC it should be colder than at the next start.
        dose: min measured.
        start: degC at the last start.
        rise: K that a whole exposure added.
    """

    def __init__(self, organ: OrganAtRisk, allowed: float, ratio: float) -> None:
        self.allowed, self.ratio, self._highest = allowed, ratio, organ.limit.resume_below
        self.wish, self.dose, self.start, self.rise = self._highest, 0.0, math.inf, _LEAST_RISE
        self._before: float | None = None
        self._uses: deque[float] = deque(maxlen=_LOOKS_BACK)

    def measured(self, dose: float) -> None:
        """Dose so far; what there is when this run first looks was used by runs before it."""
        self.dose = dose
        if self._before is None:
            self._before = dose

    def learn(self, temperature: float, light: float, rest: int) -> None:
        """Carry what the last exposures used over to the next start."""
        used, self._before = self.dose - (self._before or 0.0), self.dose
        if not (math.isfinite(self.start) and math.isfinite(temperature)):
            return
        self.rise = max((temperature - self.start) / light, _LEAST_RISE)
        self._uses.append(math.log2(max(used, _NOTHING)) + (1.0 - light) * self.rise - self.start)
        share = max(self.ratio * self.allowed - self.dose, _NOTHING) / max(rest, 1)
        self.wish = min(math.log2(share) - max(self._uses), self._highest)
