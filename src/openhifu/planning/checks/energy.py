"""Power, energy and time against the ceilings of device and site, which no plan can raise."""

from __future__ import annotations

from collections.abc import Iterator

from openhifu.model.plan import Finding
from openhifu.planning.checks.evidence import Evidence, Rule, above


def check(evidence: Evidence) -> Iterator[Finding]:
    """Highest power, energy of an exposure, on-time, total energy, treatment time."""
    device, site, shots = evidence.device.ceilings, evidence.data.case.site, evidence.sonications
    limits = (
        ("acoustic power", max(s.power_ceiling for s in shots), device.acoustic_power, site.acoustic_power, "W"),
        ("energy of an exposure", max(s.energy for s in shots), device.spot_energy, site.spot_energy, "J"),
        ("on-time of an exposure", max(s.on_time for s in shots), device.on_time, site.on_time, "s"),
        ("energy in all", sum(s.energy for s in shots), device.total_energy, site.total_energy, "J"),
    )
    for name, value, of_device, of_site, unit in limits:
        source = "device" if of_device <= of_site else "site"
        yield above(
            Rule(name, min(of_device, of_site), unit, f"ceiling of the {source}", warn=1.0),
            value,
            f"{name} {value:.4g} {unit}, the {source} allows {min(of_device, of_site):.4g} {unit}",
            "fewer or weaker exposures, or a smaller part of the target",
        )
    minutes = evidence.prediction.treatment_time / 60
    yield above(
        Rule("treatment time", site.treatment_time / 60, "min", "ceiling of the site", hard=False),
        minutes,
        f"the treatment is expected to take {minutes:.0f} min",
        "treat in two sessions, or a pose with less bone in the beam, which shortens the pauses",
    )
