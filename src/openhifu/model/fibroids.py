"""What planning and rehearsing a parametric fibroid came to, and how energy per volume goes with size."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from openhifu.base.outcome import Ending
from openhifu.base.record import Record

_CUBIC_MM = 1e-9  # m3


class FibroidOutcome(Record):
    """One fibroid, planned and rehearsed on a simulated patient.

    Attributes:
        diameter: m.
        grade: of perfusion.
        device: catalogue name.
        seed: of the simulated patient and machine; None for the patient in the middle of all that could be drawn.
        refused: why it could not be planned; empty where it could, else all below is zero or empty.
        plan_hash: the plan that was rehearsed.
        voxel: edge of the voxels of heat and dose [m].
        exposures: delivered.
        planned_ratio: share of the fibroid that the plan expects over the goal.
        planned_eef: energy per ablated volume that the plan expects [J/mm3], eta = 1; None if it expects none.
        ratio: share that was over it in the rehearsal.
        ablated: m3 over the goal anywhere.
        energy: J acoustic.
        beam_on: s.
        time: s.
        ending: of the rehearsal; completed where there was none.
        exceeded: limits that the rehearsal exceeded, in words with both numbers.
    """

    diameter: float
    grade: str
    device: str
    seed: int | None
    refused: str = ""
    plan_hash: str = ""
    voxel: float = 0.0
    exposures: int = 0
    planned_ratio: float = 0.0
    planned_eef: float | None = None
    ratio: float = 0.0
    ablated: float = 0.0
    energy: float = 0.0
    beam_on: float = 0.0
    time: float = 0.0
    ending: Ending = Ending.COMPLETED
    exceeded: tuple[str, ...] = ()

    @property
    def eef(self) -> float | None:
        """Energy per ablated volume [J/mm3] with eta = 1; None where nothing was ablated."""
        return eef(self.energy, self.ablated)


def eef(energy: float, ablated: float) -> float | None:
    """Energy [J] per ablated volume [m3], in J/mm3; None where nothing was ablated."""
    return energy / ablated * _CUBIC_MM if ablated > 0 else None


def eef_ratio(found: Sequence[FibroidOutcome], grade: str, small: tuple[float, float], above: float) -> float | None:
    """Median EEF of fibroids of one grade of ``small`` diameters [m] over that of those larger than ``above`` [m].

    None where there is none of either.
    """
    own = [(o.diameter, o.eef) for o in found if o.grade == grade and o.eef is not None]
    few = [e for d, e in own if small[0] <= d <= small[1] and e is not None]
    many = [e for d, e in own if d > above and e is not None]
    return median(few) / median(many) if few and many else None
