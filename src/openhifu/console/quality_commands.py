"""``openhifu quality``: what was measured of a device, its trends, and the calibration in force."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from openhifu.base.errors import FormatError, HifuError
from openhifu.console.terminal import EXIT_FAILED, guarded, result

app = typer.Typer(
    no_args_is_help=True,
    help="Quality records of devices: power, sweeps, hydrophone scans, field and targeting checks; trends against the "
    "site's limits; the calibration in force. Kept in the records' database and as files.",
)

Db = Annotated[str, typer.Option("--db", help="sqlite:///FILE or postgresql://USER@HOST/NAME.")]
Serial = Annotated[str, typer.Argument(help="Serial number of the device.", show_default=False)]
Device = Annotated[str, typer.Option(help="Catalogue name of the device.")]
Person = Annotated[str, typer.Option("--as", help="Who measured.")]
Time = Annotated[str, typer.Option(help="When: ISO 8601 with offset; now if left out.")]
Files = Annotated[Path, typer.Option(help="Folder in which the record is kept as a file, too.")]
Table = Annotated[Path, typer.Argument(help="File of measurements.", show_default=False)]
Limits = Annotated[Path | None, typer.Option(help="The site's limits: TOML with [[limits]] tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


@app.command("power")
@guarded
def power(
    serial: Serial,
    file: Table,
    device: Device,
    person: Person,
    method: Annotated[str, typer.Option(help="How, e.g. 'radiation force balance, absorbing target'.")],
    uncertainty: Annotated[float, typer.Option(help="Relative uncertainty of the instrument (k = 2), e.g. 0.07.")],
    sound_speed: Annotated[float | None, typer.Option(help="Of the water, m/s; needed with forces.")] = None,
    half_angle: Annotated[float | None, typer.Option(help="Of the beam, degrees; needed with forces.")] = None,
    time: Time = "",
    files: Files = Path("archive"),
    db: Db = "",
) -> None:
    """Record a power calibration: CSV with commanded_w and measured_w, or force_n of a radiation force balance.

    Example: openhifu quality power SN-7 rfb.csv --device jc200-like --as "Wu" --method "radiation force balance"
    --uncertainty 0.07
    """
    import math

    from openhifu.records.measurement_files import read_power

    angle = None if half_angle is None else math.radians(half_angle)
    found = read_power(file, method, uncertainty, sound_speed, angle)
    _record(serial, device, person, time, found, files, db)


@app.command("sweep")
@guarded
def sweep(
    serial: Serial,
    file: Table,
    device: Device,
    person: Person,
    frequency_khz: Annotated[float, typer.Option(help="kHz.")],
    drive_unit: Annotated[str, typer.Option(help="V or count.")] = "V",
    uncertainty: Annotated[float | None, typer.Option(help="Relative, of the hydrophone (k = 2).")] = None,
    source: Annotated[str, typer.Option(help="Where it was measured or published.")] = "",
    time: Time = "",
    files: Files = Path("archive"),
    db: Db = "",
) -> None:
    """Record focal pressure against drive: CSV with drive and pressure_pa, or a MATLAB file with Input... and Pressure.

    Example: openhifu quality sweep SN-1 sweep.mat --device h317-like --as "Wu" --frequency-khz 700 --drive-unit count
    """
    from openhifu.records.measurement_files import read_sweep

    if drive_unit not in ("V", "count"):
        raise FormatError(f"drive unit {drive_unit!r} is not known; it is V or count")
    found = read_sweep(file, 1e3 * frequency_khz, "V" if drive_unit == "V" else "count", uncertainty, source)
    _record(serial, device, person, time, found, files, db)


@app.command("scan")
@guarded
def scan(
    serial: Serial,
    file: Table,
    device: Device,
    person: Person,
    axis: Annotated[str, typer.Option(help="x, y or z of the transducer.")],
    deconvolved: Annotated[bool, typer.Option("--deconvolved/--one-number", help="How voltage became pressure.")],
    source: Annotated[str, typer.Option(help="Where it was measured.")] = "",
    time: Time = "",
    files: Files = Path("archive"),
    db: Db = "",
) -> None:
    """Record a hydrophone scan along an axis: CSV with position_mm and pressure_pa.

    Example: openhifu quality scan SN-1 z.csv --device h317-like --as "Wu" --axis z --deconvolved
    """
    from openhifu.records.measurement_files import read_scan_line

    _record(serial, device, person, time, read_scan_line(file, axis, deconvolved, source), files, db)


@app.command("deconvolve")
@guarded
def deconvolve(
    file: Table,
    hydrophone: Annotated[
        Path, typer.Option(help="CSV: frequency_mhz, sensitivity_v_pa, phase_rad, uncertainty (relative, k = 2).")
    ],
    cutoff_mhz: Annotated[float, typer.Option(help="Low-pass against noise, within the calibrated band.")],
    noise_v: Annotated[float, typer.Option(help="Standard deviation of the voltage's noise, V.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="CSV to write: time_us, pressure_pa, uncertainty_pa.")],
    drop_outside: Annotated[
        bool, typer.Option("--drop-outside", help="Leave out signal outside the calibrated band, and say how much.")
    ] = False,
) -> None:
    """Turn a measured voltage (CSV: time_us, voltage_v) into pressure by a hydrophone's complex sensitivity.

    Phases are for exp(+i omega t). The peaks go into a scan's table: openhifu quality scan --deconvolved.

    Example: openhifu quality deconvolve wave.csv --hydrophone cal.csv --cutoff-mhz 40 --noise-v 1e-4 -o pressure.csv
    """
    from numpy import argmax, argmin

    from openhifu.base.files import write_whole
    from openhifu.records.deconvolution import deconvolved, read_response, read_voltage

    voltage, step = read_voltage(file)
    found = deconvolved(
        voltage, step, read_response(hydrophone), 1e6 * cutoff_mhz, noise_v, "drop" if drop_outside else "refuse"
    )
    rows = zip(range(voltage.size), found.pressure, found.uncertainty, strict=True)
    text = "".join(f"{1e6 * n * step:.6f},{p:.6g},{u:.4g}\n" for n, p, u in rows)
    write_whole(out, f"time_us,pressure_pa,uncertainty_pa\n{text}".encode())
    peaks = [(int(f(found.pressure)), name) for f, name in ((argmax, "positive"), (argmin, "negative"))]
    lines = [
        f"peak {name} pressure: {found.pressure[n] / 1e6:.4g} MPa, uncertainty {found.uncertainty[n] / 1e6:.2g} (k = 2)"
        for n, name in peaks
    ]
    lines.append(f"noise {found.noise_gain:.3g} times that of a division by one number")
    if found.dropped:
        lines.append(f"left out, outside the calibrated band: {100 * found.dropped:.2g} % of the energy")
    result({}, False, [*lines, f"wrote {out}"])


@app.command("field")
@guarded
def field(
    serial: Serial,
    quantity: Annotated[str, typer.Option(help="What, e.g. 'focal pressure at 100 W'.")],
    measured: Annotated[float, typer.Option(help="As measured.")],
    expected: Annotated[float, typer.Option(help="As the model has it.")],
    unit: Annotated[str, typer.Option(help="Of both.")],
    device: Device,
    person: Person,
    method: Annotated[str, typer.Option(help="How it was measured.")],
    time: Time = "",
    files: Files = Path("archive"),
    db: Db = "",
) -> None:
    """Record a figure of the field beside what the model expects.

    Example: openhifu quality field SN-1 --quantity "focal pressure" --measured 5.1 --expected 5.3 --unit MPa
    --device h317-like --as Wu --method hydrophone
    """
    from openhifu.records.quality import FieldCheck

    data = {"quantity": quantity, "measured": measured, "expected": expected, "unit": unit, "method": method}
    _record(serial, device, person, time, FieldCheck.from_data(data, "the field check"), files, db)


@app.command("beam")
@guarded
def beam(
    serial: Serial,
    file: Table,
    device: Device,
    person: Person,
    axis: Annotated[str, typer.Option(help="x, y or z of the transducer, through the focus.")],
    deconvolved: Annotated[bool, typer.Option("--deconvolved/--one-number", help="How voltage became pressure.")],
    method: Annotated[str, typer.Option(help="How it was measured.")] = "hydrophone",
    frequency_khz: Annotated[float | None, typer.Option(help="kHz; the device's own if left out.")] = None,
    power: Annotated[float | None, typer.Option(min=0.001, help="Acoustic power during the scan, W.")] = None,
    sound_speed: Annotated[float | None, typer.Option(help="Of the water, m/s.")] = None,
    time: Time = "",
    files: Files = Path("archive"),
    db: Db = "",
) -> None:
    """Hold a hydrophone's scan against the device's model and record both: width, and pressure where power is known.

    Example: openhifu quality beam SN-1 x.csv --device h317-like --as Wu --axis x --deconvolved --power 20
    """
    from openhifu.console.field_check import checks_of_scan
    from openhifu.console.source_commands import water_of
    from openhifu.model.catalogue import transducer
    from openhifu.records.measurement_files import read_scan_line

    chosen = transducer(device)
    if frequency_khz is not None:
        chosen = chosen.model_copy(update={"frequency": 1e3 * frequency_khz})
    scanned = read_scan_line(file, axis, deconvolved, method)
    checks = checks_of_scan(scanned, chosen, water_of(chosen.frequency, sound_speed), method, power)
    for finding in (scanned, *checks):
        _record(serial, device, person, time, finding, files, db)
    result({}, False, [f"{c.quantity}: {c.measured:.4g} {c.unit}, the model has {c.expected:.4g}" for c in checks])


@app.command("targeting")
@guarded
def targeting(
    serial: Serial,
    offset_mm: Annotated[str, typer.Option(help="Found less aimed at, device axes: X,Y,Z in mm.")],
    device: Device,
    person: Person,
    method: Annotated[str, typer.Option(help="How it was found, e.g. 'gel phantom, MR'.")],
    time: Time = "",
    files: Files = Path("archive"),
    db: Db = "",
) -> None:
    """Record where a test shot went.

    Example: openhifu quality targeting SN-1 --offset-mm 0.4,-0.2,1.1 --device jc200-like --as Wu --method "gel, MR"
    """
    from openhifu.records.quality import TargetingCheck

    try:
        x, y, z = (1e-3 * float(v) for v in offset_mm.split(","))
    except ValueError as error:
        raise FormatError(f"offset {offset_mm!r} is of no known form; give X,Y,Z in mm") from error
    found = TargetingCheck.from_data({"offset": (x, y, z), "method": method}, "the targeting check")
    _record(serial, device, person, time, found, files, db)


@app.command("trend")
@guarded
def trend(
    serial: Serial,
    limits: Limits = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="PNG to write.")] = None,
    db: Db = "",
    as_json: AsJson = False,
) -> None:
    """Show every figure of a device over time against the site's limits; exit 1 if one is out, or too old.

    Example: openhifu quality trend SN-1 --limits limits.toml -o trend.png
    """
    from openhifu.console.archive import database
    from openhifu.records.quality import QualityEntry
    from openhifu.records.store import RecordStore
    from openhifu.records.trends import QualityLimits, trends
    from openhifu.reporting.follow_figures import TrendLine, trend_figure

    with RecordStore(database(db)) as store:
        entries = store.all(QualityEntry, serial=serial)
    if not entries:
        raise FormatError(f"device no. {serial} has no quality record; record one with: openhifu quality power ...")
    found = trends(entries, QualityLimits.read(limits) if limits else None)
    moment = datetime.now().astimezone()
    verdicts = [t.verdict(moment) for t in found]
    lines = []
    for t, verdict in zip(found, verdicts, strict=True):
        last = t.figures[-1]
        spread = "" if last.uncertainty is None else f" +- {last.uncertainty:.3g}"
        word = verdict or "no limit given"
        when = f"on {t.times[-1]:%Y-%m-%d} ({len(t.times)} values)"
        lines.append(f"{t.name}: {last.value:.4g}{spread} {last.unit} {when}: {word}")
    if out is not None:
        drawn = [
            TrendLine(
                t.name,
                t.figures[-1].unit,
                t.times,
                tuple(f.value for f in t.figures),
                tuple(f.uncertainty for f in t.figures),
                None if t.limit is None else t.limit.low,
                None if t.limit is None else t.limit.high,
            )
            for t in found
        ]
        lines.append(f"wrote {trend_figure(drawn, f'{entries[0].device} no. {serial}', out)}")
    payload = [
        {"figure": t.name, "value": t.figures[-1].value, "unit": t.figures[-1].unit, "verdict": v}
        for t, v in zip(found, verdicts, strict=True)
    ]
    result({"serial": serial, "figures": payload}, as_json, lines)
    if any(v not in ("", "ok") for v in verdicts):
        raise typer.Exit(EXIT_FAILED)


@app.command("in-force")
@guarded
def in_force(
    serial: Serial,
    limits: Annotated[Path, typer.Option(help="The site's limits.")],
    db: Db = "",
    as_json: AsJson = False,
) -> None:
    """Say which power calibration of a device is in force; exit 2 if none is.

    Example: openhifu quality in-force SN-1 --limits limits.toml
    """
    from openhifu.console.archive import database
    from openhifu.records.quality import QualityEntry
    from openhifu.records.store import RecordStore
    from openhifu.records.trends import QualityLimits, calibration_in_force

    with RecordStore(database(db)) as store:
        entries = store.all(QualityEntry, serial=serial)
    found = calibration_in_force(entries, serial, datetime.now().astimezone(), QualityLimits.read(limits))
    within = f"power within {100 * found.relative_uncertainty:.1f} % (k = 2)"
    line = f"device no. {serial}: calibration of {found.date}, {within}"
    result(found.data(), as_json, [line, found.source])


def _record(serial: str, device: str, person: str, time: str, finding: object, files: Path, db: str) -> None:
    from openhifu.console.archive import database, filed, now
    from openhifu.model.catalogue import transducer
    from openhifu.records.quality import QualityEntry
    from openhifu.records.store import RecordStore

    data = {"device": transducer(device).name, "serial": serial, "time": time or now(), "person": person}
    try:
        entry = QualityEntry.from_data(data | {"finding": finding}, "the quality record")
    except ValueError as error:
        if isinstance(error, HifuError):
            raise
        raise FormatError(f"the quality record: {error}") from error
    with RecordStore(database(db)) as store:
        file = filed(entry, files)
        store.put(entry)
    shown = [f"{f.name}: {f.value:.4g} {f.unit}" for f in entry.finding.figures()]
    result({}, False, [*shown, f"recorded; kept in {file}"])
