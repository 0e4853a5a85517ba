"""``openhifu source``: how strongly a device radiates, from electrical power, a sweep of its drive, or a hologram."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from openhifu.base.errors import FormatError
from openhifu.console.terminal import guarded, result

if TYPE_CHECKING:
    from openhifu.acoustics.equivalent import SourceStrength
    from openhifu.acoustics.source import Fluid

app = typer.Typer(
    no_args_is_help=True,
    help="How strongly a device radiates, with its uncertainty (k = 2): from electrical power and efficiency, from a "
    "sweep of the drive, or from a hologram brought back to the device.",
)

Device = Annotated[str, typer.Argument(help="Catalogue name of the device.", show_default=False)]
SoundSpeed = Annotated[float | None, typer.Option(help="Of the water, m/s; the catalogue's water if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


@app.command("efficiency")
@guarded
def efficiency(
    device: Device,
    electrical_power: Annotated[float, typer.Option(help="Net power into the transducer, W.")],
    efficiency: Annotated[float, typer.Option(help="Acoustic over electrical power, 0 to 1.")],
    uncertainty: Annotated[float, typer.Option(help="Relative, of their product (k = 2).")],
    sound_speed: SoundSpeed = None,
    as_json: AsJson = False,
) -> None:
    """Find acoustic power and focal pressure from electrical power.

    Example: openhifu source efficiency bowl-1mhz --electrical-power 80 --efficiency 0.6 --uncertainty 0.15
    """
    from openhifu.acoustics.equivalent import from_efficiency
    from openhifu.model.catalogue import transducer

    chosen = transducer(device)
    fluid = water_of(chosen.frequency, sound_speed)
    _show(from_efficiency(chosen, electrical_power, efficiency, uncertainty, fluid), fluid, as_json)


@app.command("sweep")
@guarded
def sweep(
    device: Device,
    file: Annotated[Path, typer.Argument(help="CSV or MATLAB file of the sweep.", show_default=False)],
    frequency_khz: Annotated[float, typer.Option(help="kHz.")],
    uncertainty: Annotated[float, typer.Option(help="Relative, of the hydrophone (k = 2).")],
    drive_unit: Annotated[str, typer.Option(help="V or count.")] = "V",
    at: Annotated[float | None, typer.Option(help="A drive of which the power is wanted.")] = None,
    sound_speed: SoundSpeed = None,
    as_json: AsJson = False,
) -> None:
    """Find power against drive from the focal pressure: CSV with drive and pressure_pa, or Input... and Pressure (MPa).

    Example: openhifu source sweep h317-like sweep.mat --frequency-khz 700 --drive-unit count --uncertainty 0.2
    """
    from openhifu.acoustics.equivalent import from_sweep
    from openhifu.model.catalogue import transducer
    from openhifu.records.measurement_files import read_sweep

    if drive_unit not in ("V", "count"):
        raise FormatError(f"drive unit {drive_unit!r} is not known; it is V or count")
    unit: Literal["V", "count"] = "V" if drive_unit == "V" else "count"
    measured = read_sweep(file, 1e3 * frequency_khz, unit, uncertainty, "")
    chosen = transducer(device).model_copy(update={"frequency": measured.frequency})
    fluid = water_of(measured.frequency, sound_speed)
    found = from_sweep(chosen, measured.drives, measured.pressures, uncertainty, fluid)
    numbers = {
        "watts_per_square": found.power_per_square,
        "relative_uncertainty": found.relative_uncertainty,
        "linear_up_to": found.linear_up_to,
        "departure": found.departure,
        "measurements_used": found.used,
    }
    lines = [
        f"{found.power_per_square:.4g} W/{unit}2 within {100 * found.relative_uncertainty:.1f} % (k = 2), from "
        f"{found.used} measurements up to {found.linear_up_to:g} {unit}",
        f"at the highest drive the focal pressure leaves proportion by {100 * found.departure:+.1f} %",
        _said(fluid),
    ]
    if at is not None:
        numbers["power"] = found.power(at)
        lines.append(f"{found.power(at):.4g} W at {at:g} {unit}")
    result(numbers, as_json, lines)


@app.command("hologram")
@guarded
def hologram(
    device: Device,
    file: Annotated[Path, typer.Argument(help="CSV of the scan.", show_default=False)],
    z_mm: Annotated[float, typer.Option(help="Distance of the scanned plane from the apex, mm.")],
    time_sign: Annotated[str, typer.Option(help="Phases belong to exp(-iwt): minus; to exp(+iwt): plus.")],
    uncertainty: Annotated[float, typer.Option(help="Relative, of the amplitudes (k = 2).")],
    cut: Annotated[float, typer.Option(help="Sine of the steepest wave that is kept.")] = 0.98,
    sound_speed: SoundSpeed = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the source as a device to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a scanned plane back to the device: a source that radiates the measured beam, and its power.

    Columns: x_mm, y_mm from the beam's axis, and pressure_pa (kpa, mpa = MPa), velocity_m_s or velocity_mm_s with
    phase_rad or phase_deg; or re_... and im_... of these.

    Example: openhifu source hologram bowl-1mhz scan.csv --z-mm 60 --time-sign plus --uncertainty 0.1 -o source.json
    """
    from openhifu.acoustics.equivalent import from_hologram
    from openhifu.acoustics.hologram import AngularCut
    from openhifu.base.files import write_whole
    from openhifu.model.catalogue import transducer
    from openhifu.records.hologram_files import read_hologram

    if time_sign not in ("minus", "plus"):
        raise FormatError(f"time sign {time_sign!r} is not known; it is minus for exp(-iwt), plus for exp(+iwt)")
    chosen = transducer(device)
    fluid = water_of(chosen.frequency, sound_speed)
    plane = read_hologram(file, 1e-3 * z_mm, fluid, uncertainty, "minus" if time_sign == "minus" else "plus")
    found = from_hologram(chosen, plane, AngularCut(cut))
    more = []
    if out is not None:
        write_whole(out, found.device.to_document().encode())
        more.append(f"wrote {out}")
    _show(found, fluid, as_json, more)


def water_of(frequency: float, sound_speed: float | None) -> Fluid:
    """The catalogue's water at a frequency [Hz], with another sound speed [m/s] where one is given."""
    from openhifu.acoustics.source import Fluid
    from openhifu.model.catalogue import tissue
    from openhifu.model.tissue import Property

    water = tissue("water")
    if sound_speed is not None:
        water = water.replaced({Property.SOUND_SPEED: sound_speed}, "given on the command line")
    return Fluid.of(water, frequency)


def _said(fluid: Fluid) -> str:
    return f"in water of {fluid.sound_speed:g} m/s and {fluid.density:g} kg/m3"


def _show(found: SourceStrength, fluid: Fluid, as_json: bool, more: list[str] | None = None) -> None:
    numbers = {
        "power": found.power,
        "relative_uncertainty": found.relative_uncertainty,
        "focal_pressure": found.focal_pressure,
        "basis": found.basis,
    }
    lines = [
        f"acoustic power {found.power:.4g} W within {100 * found.relative_uncertainty:.1f} % (k = 2)",
        f"focal pressure {1e-6 * found.focal_pressure:.4g} MPa, linear, {_said(fluid)}",
        found.basis,
        *(more or []),
    ]
    result(numbers, as_json, lines)
