"""``openhifu steer``: phases and amplitudes of an array through a patient's wall, and what they buy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openhifu.base.errors import FormatError
from openhifu.console.terminal import guarded, progress_bar, result, say

if TYPE_CHECKING:
    from openhifu.base.vectors import Vector
    from openhifu.planning.arrays.ring import Ring
    from openhifu.planning.arrays.sparing import Spared
    from openhifu.planning.arrays.trial import BoneTrial, Heating


@guarded
def steer(
    case: Annotated[Path, typer.Argument(help="Case folder, or the name of a bundled case.", show_default=False)],
    device: Annotated[str, typer.Option(help="Array of the catalogue; the case's own if left out.")] = "",
    direction: Annotated[
        str, typer.Option(help="From the focus towards the array, LPS, as x,y,z; the planner's choice if left out.")
    ] = "",
    dose: Annotated[bool, typer.Option(help="Also heat bone and target with an exposure of each way.")] = True,
    peak: Annotated[float, typer.Option(help="degC that the target reaches in that exposure.")] = 70.0,
    foci: Annotated[int, typer.Option(min=0, help="Also make so many foci at once, on a ring about the target.")] = 0,
    radius_mm: Annotated[float | None, typer.Option(help="Of that ring; 4 if not given.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for drives and pictures.")] = Path("steer"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Correct an array's phases through the wall, spare the bone in front of the target, and say what each gains.

    Writes the corrected and the sparing drive, and pictures of the focus and of bone heating against power.

    Example: openhifu steer cases/liver --device h317-like --direction=-0.786,-0.554,-0.275 --foci 4 -o steer
    """
    from openhifu.base.errors import OutOfRange
    from openhifu.console.planning import open_case, with_device
    from openhifu.console.steering import report_steering, steered

    if radius_mm is not None and not foci:
        raise OutOfRange("a radius is that of a ring of foci; say how many with --foci, or leave it out")
    radius = 4e-3 if radius_mm is None else 1e-3 * radius_mm
    data = open_case(case)
    if device:
        data = with_device(data, device)
    with progress_bar(as_json) as progress:
        found = steered(data, _direction(direction), peak if dose else None, progress, foci, radius)
    written = report_steering(found, out)
    gain = found.correction
    numbers = {
        "device": found.here.device.name,
        "gain": gain.gain,
        "before_pa_per_root_watt": gain.before,
        "after_pa_per_root_watt": gain.after,
        "soft_wall_gain": found.soft.gain,
        "bone": [] if found.trial is None else [_numbers(w, found.trial) for w in _ways(found.trial)],
        "exposures": [vars(h) for h in found.heatings],
        "ring": None if found.ring is None else _ring_numbers(found.ring),
    }
    lines = [
        f"{found.here.device.name}: focal pressure {1e-6 * gain.before:.3g} MPa with geometric phases, "
        f"{1e-6 * gain.after:.3g} MPa corrected, at 1 W: {gain.gain:.2f} times; through the soft wall alone "
        f"{found.soft.gain:.2f} times",
        *([] if found.trial is None else _bone_lines(found.trial)),
        *(_heat_line(h, found.heatings[0]) for h in found.heatings),
        *([] if found.ring is None else [_ring_line(found.ring)]),
    ]
    result(numbers, as_json, lines)
    for path in written:
        say(f"wrote {path}")


def _ring_numbers(ring: Ring) -> dict[str, float | int | list[float]]:
    return {
        "foci": len(ring.points),
        "pressures_pa_per_root_watt": [float(p) for p in ring.pressures],
        "beside_pa_per_root_watt": ring.beside,
        "aperture_use": ring.made.efficiency,
    }


def _ring_line(ring: Ring) -> str:
    low, high = 1e-6 * ring.pressures.min(), 1e-6 * ring.pressures.max()
    return (
        f"{len(ring.points)} foci at once: {low:.3g} to {high:.3g} MPa at 1 W, at most {1e-6 * ring.beside:.3g} MPa "
        f"beside them in their plane; the array is used to {100 * ring.made.efficiency:.0f} % of its fastest element"
    )


def _direction(text: str) -> Vector | None:
    from openhifu.base.vectors import unit

    if not text:
        return None
    try:
        x, y, z = (float(part) for part in text.split(","))
        return unit((x, y, z))
    except (ValueError, ZeroDivisionError) as error:
        raise FormatError(f"--direction {text!r} is not three numbers x,y,z, not all zero") from error


def _ways(trial: BoneTrial) -> tuple[Spared, ...]:
    return (trial.plain, trial.corrected, *trial.switched, *trial.weighted)


def _numbers(way: Spared, trial: BoneTrial) -> dict[str, float | str]:
    return {
        "way": way.title,
        "watt_at_1_mpa": way.power,
        "bone_w_per_m3": way.highest,
        "times_less": trial.plain.highest / way.highest,
        "bone_absorbed_w": way.absorbed,
        "fastest_element_times_array_w": way.largest,
    }


def _bone_lines(trial: BoneTrial) -> list[str]:
    lines = [f"highest heat rate in bone at {1e-6 * trial.pressure:g} MPa in the focus:"]
    for way in _ways(trial):
        lines.append(
            f"  {way.title}: {1e-6 * way.highest:.3g} W/cm3 ({trial.plain.highest / way.highest:.1f} times less), "
            f"{way.absorbed:.3g} W in all ({trial.plain.absorbed / way.absorbed:.1f} times less), {way.power:.2f} W, "
            f"its fastest element as for {way.largest:.1f} W of the array"
        )
    return lines


def _heat_line(one: Heating, first: Heating) -> str:
    ratio = first.bone_dose / max(one.bone_dose, 1e-12)
    less = f"{ratio:.3g}" if ratio < 1e4 else "over 10,000"
    return (
        f"  one exposure, {one.title}, {one.power:.0f} W: target {one.focal_peak:.1f} degC, bone {one.bone_peak:.1f} "
        f"degC and CEM43 {one.bone_dose:.3g} min ({less} times less)"
    )
