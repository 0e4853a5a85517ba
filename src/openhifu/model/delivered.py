"""What one exposure really delivered, as folded from the journal."""

from __future__ import annotations

from openhifu.base.outcome import Ending
from openhifu.base.record import Record


class DeliveredSpot(Record):
    """One exposure as it happened.

    Attributes:
        index: the sonication of the plan.
        acoustic_power: mean W while on.
        on_time: s.
        energy: J acoustic.
        ending: how it ended.
        measured_peak: highest measured temperature [degC] in the target during it; None without thermometry.
    """

    index: int
    acoustic_power: float
    on_time: float
    energy: float
    ending: Ending
    measured_peak: float | None
