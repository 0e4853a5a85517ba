"""``openhifu case``: make, check and draw case folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openhifu.base.errors import FormatError
from openhifu.base.outcome import Outcome, Verdict
from openhifu.console.terminal import EXIT_BAD_INPUT, guarded, progress_bar, result, say

app = typer.Typer(no_args_is_help=True, help="Make, check and draw cases: folders a person can read.")

TARGET_HELP = "sphere:X,Y,Z,R or ellipsoid:X,Y,Z,A,B,C (mm, patient LPS) or label:NAME"

ORGAN_HELP = "Further organ at risk: name=..;labels=..;tissues=..;cem43=..;resume=..;distance=..;source=.."
CALIBRATION_HELP = "Values from CT numbers: tissues=..;density=..;sound_speed=..;attenuation=..;step=.. (HU)"

Folder = Annotated[Path, typer.Argument(help="Case folder.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


def _lines(outcomes: list[Outcome]) -> list[str]:
    marks = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.ERROR: "error  "}
    return [f"{marks[o.verdict]} {o.sentence}" + (f" - {o.remedy}" if o.remedy else "") for o in outcomes]


@app.command("new")
@guarded
def new(
    folder: Folder,
    ct: Annotated[Path, typer.Option(help="CT: a NIfTI file, or DICOM images (folder, zip archive, DICOMDIR).")],
    target: Annotated[str, typer.Option(help=f"What to treat: {TARGET_HELP}.")],
    device: Annotated[str, typer.Option(help="Device of the catalogue.")],
    preset: Annotated[str, typer.Option(help="Prescription, limits and organs to start from.")] = "liver",
    series: Annotated[str, typer.Option(help="Which DICOM series, where there are several: number or UID.")] = "",
    labels: Annotated[Path | None, typer.Option(help="Labels: NIfTI on the CT's grid, RTSTRUCT or DICOM SEG.")] = None,
    label_names: Annotated[Path | None, typer.Option(help="CSV with columns structure,id (NIfTI only).")] = None,
    label_tissues: Annotated[Path | None, typer.Option(help="CSV with columns name,tissue; * matches.")] = None,
    segment: Annotated[
        str, typer.Option(help="Without labels: classical finds body, skin, fat, muscle, bone, gas and lung.")
    ] = "",
    organ: Annotated[list[str] | None, typer.Option(help=ORGAN_HELP)] = None,
    ct_calibration: Annotated[list[str] | None, typer.Option(help=CALIBRATION_HELP)] = None,
    crop: Annotated[str, typer.Option(help="Voxels to keep: I0:I1,J0:J1,K0:K1.")] = "",
    spacing: Annotated[str, typer.Option(help="Resample to this voxel size, mm: A,B,C.")] = "",
    pseudonym: Annotated[str, typer.Option(help="Name for the patient; never the real one.")] = "anonymous",
    notes: Annotated[str, typer.Option(help="Origin, licence, what a reader should know.")] = "",
) -> None:
    """Make a case folder from a CT, labels and a target.

    Example: openhifu case new mycase --ct ct.nii.gz --labels seg.nii.gz --label-names names.csv
    --target sphere:-71.8,-29,-250,11 --device jc200-like-256   (without labels: --segment classical)
    """
    from openhifu.imaging import NewCase, new_case, options
    from openhifu.imaging.tissue_table import read_tissue_table

    with progress_bar(quiet=False) as progress:
        outcomes = new_case(
            folder,
            NewCase(
                ct=ct,
                target=options.parse_target(target),
                device=device,
                preset=preset,
                series=series,
                labels=labels,
                label_names=label_names,
                label_tissues=read_tissue_table(label_tissues) if label_tissues else (),
                organs=tuple(options.parse_organ(o) for o in organ or ()),
                crop=options.parse_crop(crop) if crop else None,
                spacing=options.parse_spacing(spacing) if spacing else None,
                pseudonym=pseudonym,
                notes=notes,
                ct_tissues=tuple(options.parse_calibration(c) for c in ct_calibration or ()),
                segment=segment,
            ),
            progress,
        )
    result({}, False, [*_lines(outcomes), *(_judged(folder) if segment else ()), _made(folder)])


def _made(folder: Path) -> str:
    return f"made {folder}; look at it with: openhifu case show {folder}"


def _judged(folder: Path) -> tuple[str]:
    """Draw the classes of a new case, as they will be planned on, and ask for a look at them."""
    from openhifu.imaging.reading import read_case
    from openhifu.reporting.segmentation_figure import segmentation_figure

    data = read_case(folder)
    if data.labels is None:
        raise FormatError(f"{folder} has no labels to draw")
    drawn = segmentation_figure(data.ct, data.labels, data.case.name, folder / "segmentation.png")
    return (f"look at {drawn} before you plan: classes were found, not outlined",)


@app.command("calibrations")
@guarded
def calibrations(as_json: AsJson = False) -> None:
    """List the published calibrations from CT numbers to density, sound speed and attenuation.

    Example: openhifu case calibrations        then: openhifu case new ... --ct-calibration
    "tissues=bone_cortical;density=schneider-2000;sound_speed=webb-2018-ge-120-bone;step=50"
    """
    from openhifu.model.ct_calibration import ct_calibration, ct_calibration_names

    every = [ct_calibration(name) for name in ct_calibration_names()]
    lines = []
    for c in every:
        unit = "HU" if c.of == "hu" else "kg/m3"
        tube = f", {c.kvp:g} kVp" if c.kvp else ""
        lines.append(f"{c.name}: {c.gives} of {c.tissues}, {c.range[0]:g} to {c.range[1]:g} {unit}{tube}")
        lines.append(f"    {c.source}. {c.caution}")
    result({"calibrations": [c.data() for c in every]}, as_json, lines)


@app.command("pelvis")
@guarded
def pelvis(
    folder: Folder,
    diameter: Annotated[float, typer.Option(help="Of the fibroid, mm.")],
    depth: Annotated[float, typer.Option(help="Skin to the fibroid's near edge, mm.")] = 50.0,
    fat: Annotated[float, typer.Option(help="Mean thickness of subcutaneous fat, mm.")] = 17.5,
    muscle: Annotated[float, typer.Option(help="Thickness of the wall's muscle, mm.")] = 10.0,
    to_sacrum: Annotated[float, typer.Option(help="Fibroid's far edge to the sacrum, mm.")] = 30.0,
    to_endometrium: Annotated[float, typer.Option(help="Fibroid's lower edge to the endometrium, mm.")] = 1.0,
    perfusion: Annotated[str, typer.Option(help="Grade: none, uterus-like or high.")] = "uterus-like",
    treat: Annotated[
        float | None, typer.Option(help="Treat a sphere of this diameter, mm, in its middle; else all of it.")
    ] = None,
    device: Annotated[str, typer.Option(help="Device of the catalogue.")] = "jc200-like",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bumps under the fat.")] = 1,
) -> None:
    """Make a case folder of a parametric pelvis with one fibroid; no patient.

    Example: openhifu case pelvis fibroid-5cm --diameter 50 --depth 50 --perfusion high
    """
    from openhifu.imaging.pelvis import Pelvis, new_pelvis

    made_of = Pelvis(
        diameter=1e-3 * diameter,
        depth=1e-3 * depth,
        fat=1e-3 * fat,
        muscle=1e-3 * muscle,
        to_sacrum=1e-3 * to_sacrum,
        to_endometrium=1e-3 * to_endometrium,
        grade=perfusion,
        seed=seed,
    )
    outcomes = new_pelvis(folder, made_of, device, None if treat is None else 1e-3 * treat)
    result({}, False, [*_lines(outcomes), _made(folder)])


@app.command("check")
@guarded
def check(folder: Folder, as_json: AsJson = False) -> None:
    """Say what is wrong with a case, or worth knowing about it; exit 2 if it cannot be planned.

    Example: openhifu case check cases/liver
    """
    from openhifu.imaging.checking import check_case

    outcomes = check_case(folder)
    result({"case": str(folder), "findings": [o.data() for o in outcomes]}, as_json, _lines(outcomes))
    if any(o.verdict is Verdict.ERROR for o in outcomes):
        raise typer.Exit(EXIT_BAD_INPUT)


@app.command("show")
@guarded
def show(
    folder: Folder,
    out: Annotated[Path, typer.Option("-o", "--out", help="PNG to write.")] = Path("case.png"),
) -> None:
    """Draw three planes through the target with organs at risk.

    Example: openhifu case show cases/liver -o liver.png
    """
    from openhifu.imaging.reading import read_case
    from openhifu.reporting.case_figure import case_figure

    say(f"wrote {case_figure(read_case(folder), out)}")
