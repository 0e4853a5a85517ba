"""What a journal adds up to: delivered spots, energy, time, and what is left to do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from openhifu.base.outcome import Ending
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.events import Event, Purpose, Reading, RunEnded, SonicationEnded, SonicationStarted
from openhifu.model.plan import TreatmentPlan
from openhifu.model.sonication import Sonication


def exposures(events: Iterable[Event], *purposes: Purpose) -> list[DeliveredSpot]:
    """Every exposure of these purposes that was begun, in order, with what it got.

    One that was begun but has no end in the journal (the engine died) counts as a fault, with what the last reading in
    it showed.
    """
    found: list[DeliveredSpot] = []
    begun: SonicationStarted | None = None
    last: Reading | None = None
    for what in (event.what for event in events):
        if isinstance(what, SonicationStarted):
            if begun is not None:
                found += _cut_off(begun, last, purposes)
            begun, last = what, None
        elif isinstance(what, Reading) and begun is not None and what.index == begun.index:
            last = what
        elif isinstance(what, SonicationEnded):
            begun = None
            if what.purpose in purposes:
                found.append(_spot(what))
    return found if begun is None else found + _cut_off(begun, last, purposes)


def _spot(what: SonicationEnded) -> DeliveredSpot:
    return DeliveredSpot(
        index=what.index,
        acoustic_power=what.mean_power,
        on_time=what.on_time,
        energy=what.energy,
        ending=what.ending,
        measured_peak=what.measured_peak,
    )


def _cut_off(begun: SonicationStarted, last: Reading | None, purposes: tuple[Purpose, ...]) -> list[DeliveredSpot]:
    if begun.purpose not in purposes:
        return []
    on_time, energy = (last.on_time, last.energy) if last else (0.0, 0.0)
    return [
        DeliveredSpot(
            index=begun.index,
            acoustic_power=energy / on_time if on_time > 0 else 0.0,
            on_time=on_time,
            energy=energy,
            ending=Ending.FAULT,
            measured_peak=last.target if last else None,
        )
    ]


def delivered_spots(events: Iterable[Event]) -> list[DeliveredSpot]:
    """Treatment exposures, top-ups and second passes as they happened, partial ones included, test exposures not."""
    return exposures(events, Purpose.TREAT, Purpose.TOP_UP, Purpose.AGAIN)


def delivered_energy(events: Sequence[Event]) -> float:
    """Acoustic energy [J] of all exposures, tests included."""
    return sum(s.energy for s in exposures(events, *Purpose))


def beam_on_time(events: Sequence[Event]) -> float:
    """Seconds of output of all exposures, tests included."""
    return sum(s.on_time for s in exposures(events, *Purpose))


def energy_at_most(events: Iterable[Event]) -> float:
    """Energy [J] that may have been delivered: an exposure without an end counts with the most it can have come to."""
    total, open_energy = 0.0, 0.0
    for what in (event.what for event in events):
        if isinstance(what, SonicationStarted):
            total, open_energy = total + open_energy, most_of(what)
        elif isinstance(what, SonicationEnded):
            total, open_energy = total + what.energy, 0.0
    return total + open_energy


def most_of(started: SonicationStarted) -> float:
    """Energy [J] that an exposure without an end in the journal can have come to; old journals say what was asked."""
    asked = started.power * started.on_time
    return asked if started.most_energy is None else started.most_energy


def fired(events: Iterable[Event]) -> Counter[tuple[int, Purpose]]:
    """How often each sonication was begun for each purpose."""
    begun = (e.what for e in events if isinstance(e.what, SonicationStarted))
    return Counter((what.index, what.purpose) for what in begun)


def begun(events: Iterable[Event]) -> frozenset[int]:
    """Sonications whose treatment exposure was begun, however it ended: never to be repeated."""
    return frozenset(
        e.what.index for e in events if isinstance(e.what, SonicationStarted) and e.what.purpose is Purpose.TREAT
    )


def remaining(plan: TreatmentPlan, events: Iterable[Event]) -> tuple[Sonication, ...]:
    """Sonications of the plan that were never begun."""
    done = begun(events)
    return tuple(s for s in plan.sonications if s.index not in done)


def last_scale(events: Iterable[Event]) -> float | None:
    """Power factor of the last treatment exposure; None if there was none."""
    found = None
    for event in events:
        if isinstance(event.what, SonicationStarted) and event.what.purpose is Purpose.TREAT:
            found = event.what.scale
    return found


def quiet_power(events: Iterable[Event], step: float) -> float:
    """Power [W] that no exposure may exceed since bubbles collapsed: ``step`` times the least that made them do so."""
    loud = (e.what.mean_power for e in events if isinstance(e.what, SonicationEnded) and e.what.cavitated)
    return step * min(loud, default=math.inf)


def ending(events: Sequence[Event]) -> Ending | None:
    """How the run ended; None if no ending was written."""
    last = events[-1].what if events else None
    return last.ending if isinstance(last, RunEnded) else None
