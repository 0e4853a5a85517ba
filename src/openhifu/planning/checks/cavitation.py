"""Cavitation: the predicted rarefactional pressure of each exposure against a threshold that falls as tissue warms.

The intrinsic threshold of bubble clouds falls from 29.8 MPa at 10 degC to 14.9 MPa at 90 degC (measured in water-based
media, single cycles; Vlaisavljevich et al., IEEE Trans. UFFC 2016, 10.1109/TUFFC.2016.2565612); between these it is
taken to be a straight line, beyond them not lower than at 90 degC. Long exposures cavitate at less where there are gas
bodies: hence a warning from half the threshold on. The linear |P| stands for the rarefactional pressure, which a
steepened wave does not exceed. One field is kept of a plan; the others' pressures are its own by the root of the power.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from openhifu.model.plan import Finding
from openhifu.planning.checks.evidence import Evidence, Rule, above

COLD, HOT = (10.0, 29.8e6), (90.0, 14.9e6)
"""Temperature [degC] and intrinsic threshold [Pa] of the two ends that were measured."""

_SOURCE = "intrinsic threshold 29.8 MPa at 10 degC to 14.9 MPa at 90 degC, IEEE Trans. UFFC 2016, 2565612"


def threshold(temperature: float) -> float:
    """Rarefactional pressure [Pa] at which clouds form by themselves in tissue of a temperature [degC]."""
    share = (min(max(temperature, COLD[0]), HOT[0]) - COLD[0]) / (HOT[0] - COLD[0])
    return COLD[1] + share * (HOT[1] - COLD[1])


def check(evidence: Evidence) -> Iterator[Finding]:
    """The exposure that comes nearest to the threshold of its own peak temperature."""
    shot = evidence.sonications[evidence.history.pressure_of]
    per_root_watt = float(abs(evidence.history.pressure.data).max()) / math.sqrt(shot.acoustic_power)
    nearest = max(
        evidence.sonications, key=lambda s: per_root_watt * math.sqrt(s.acoustic_power) / threshold(s.predicted_peak)
    )
    pressure, limit = per_root_watt * math.sqrt(nearest.acoustic_power), threshold(nearest.predicted_peak)
    yield above(
        Rule("cavitation", 1e-6 * limit, "MPa", _SOURCE, warn=0.5, hard=False),
        1e-6 * pressure,
        f"exposure {nearest.index + 1} reaches {1e-6 * pressure:.1f} MPa of rarefaction at "
        f"{nearest.predicted_peak:.0f} degC, where bubble clouds form by themselves at {1e-6 * limit:.1f} MPa",
        "less power and a longer exposure; listen for cavitation",
    )
