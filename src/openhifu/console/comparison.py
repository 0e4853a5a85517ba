"""Plans side by side: the figures that several plans share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openhifu.base.units import read_in
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import COVERAGE, Robustness


@dataclass(frozen=True)
class Compared:
    """One figure of several plans: name, SI unit, a value a plan."""

    name: str
    unit: str
    values: tuple[float, ...]


_FIGURES: tuple[tuple[str, str, Callable[[TreatmentPlan], float]], ...] = (
    ("coverage", "1", lambda p: p.prediction.coverage),
    ("ablated volume", "m3", lambda p: p.prediction.ablated_volume),
    ("highest temperature", "degC", lambda p: p.prediction.peak_temperature),
    ("energy", "J", lambda p: p.energy),
    ("treatment time", "s", lambda p: p.prediction.treatment_time),
    ("spots", "1", lambda p: float(len(p.sonications))),
    ("highest power", "W", lambda p: max(s.acoustic_power for s in p.sonications)),
)


def figures_of(plans: Sequence[TreatmentPlan], studies: Sequence[Robustness | None] = ()) -> list[Compared]:
    """Figures of plans in their order; organs that all of them have, bands where all were studied.

    Args:
        plans: one or more.
        studies: of each plan, None where there is none.
    """
    rows = [Compared(name, unit, tuple(of(p) for p in plans)) for name, unit, of in _FIGURES]
    bands = [s.band(COVERAGE) for s in studies if s is not None]
    known = [b.low for b in bands if b is not None]
    if len(known) == len(plans):
        rows.insert(1, Compared("coverage, 5th percentile", "1", tuple(known)))
    for organ in (o.organ for o in plans[0].prediction.organs):
        doses = [[o.cem43_max for o in p.prediction.organs if o.organ == organ] for p in plans]
        if all(doses):
            rows.append(Compared(f"highest CEM43 of {organ}", "min", tuple(d[0] for d in doses)))
    return rows


def comparison_lines(names: Sequence[str], rows: Sequence[Compared]) -> list[str]:
    """The table: a line a figure, a column a plan, in clinical units."""
    width = max(12, *(len(n) + 2 for n in names))
    lines = [" " * 32 + "".join(f"{n:>{width}}" for n in names)]
    for row in rows:
        factor, unit = read_in(row.name, row.unit)
        lines.append(f"{row.name:<32}" + "".join(f"{factor * v:>{width}.4g}" for v in row.values) + f" {unit}")
    return lines
