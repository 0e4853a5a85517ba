"""The spots of a plan with their traffic lights and the reasons in words."""

from __future__ import annotations

from typing import Literal

from openhifu.base.vectors import Vector
from openhifu.console.server.forms import Form
from openhifu.model.plan import TreatmentPlan
from openhifu.model.sonication import Sonication
from openhifu.model.transducer import Transducer

Light = Literal["green", "amber", "red"]

NEAR_CEILING = 0.98
"""Share of its own ceiling above which a spot has no power in reserve for titration."""

MANY_OFF = 0.25
"""Share of elements off from which the shadow is worth a person's look."""


class SpotShown(Form):
    """One exposure of a plan."""

    index: int
    position_m: Vector
    power_w: float
    on_s: float
    off_s: float
    elements_off: int
    places: int
    power_ceiling_w: float
    predicted_peak_c: float
    light: Light
    reasons: list[str]


def spots(plan: TreatmentPlan, device: Transducer) -> list[SpotShown]:
    """Every spot in order of delivery."""
    return [_shown(plan, device, s) for s in plan.sonications]


def _shown(plan: TreatmentPlan, device: Transducer, s: Sonication) -> SpotShown:
    red, amber = _forbidden(plan, device, s), _doubtful(plan, device, s)
    return SpotShown(
        index=s.index,
        position_m=s.focus,
        power_w=s.acoustic_power,
        on_s=s.on_time,
        off_s=s.cooling_time,
        elements_off=len(s.elements_off),
        places=max(1, len(s.steered)),
        power_ceiling_w=s.power_ceiling,
        predicted_peak_c=s.predicted_peak,
        light="red" if red else "amber" if amber else "green",
        reasons=[*red, *amber],
    )


def _forbidden(plan: TreatmentPlan, device: Transducer, s: Sonication) -> list[str]:
    site, ceilings = plan.site, device.ceilings
    limits = (
        ("power", s.acoustic_power, min(site.acoustic_power, ceilings.acoustic_power), "W"),
        ("time on", s.on_time, min(site.on_time, ceilings.on_time), "s"),
        ("energy", s.energy, min(site.spot_energy, ceilings.spot_energy), "J"),
        ("expected temperature", s.predicted_peak, site.peak_temperature, "degC"),
    )
    return [
        f"{name} {value:.0f} {unit} is above the limit of {limit:.0f} {unit}"
        for name, value, limit, unit in limits
        if value > limit * (1 + 1e-9)
    ]


def _doubtful(plan: TreatmentPlan, device: Transducer, s: Sonication) -> list[str]:
    wanted, found = plan.prescription, []
    if s.predicted_peak < wanted.peak_low:
        found.append(f"expected {s.predicted_peak:.0f} degC stays below the {wanted.peak_low:.0f} degC prescribed")
    if s.predicted_peak > wanted.peak_high:
        found.append(f"expected {s.predicted_peak:.0f} degC goes beyond the {wanted.peak_high:.0f} degC prescribed")
    if wanted.titration is not None and s.acoustic_power > NEAR_CEILING * s.power_ceiling:
        found.append(f"power {s.acoustic_power:.0f} W is at its ceiling: titration cannot raise it")
    if len(s.elements_off) > MANY_OFF * device.elements:
        found.append(f"{len(s.elements_off)} of {device.elements} elements are off, in the shadow of bone or gas")
    return found
