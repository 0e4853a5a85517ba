"""``openhifu import``: look at what came from the hospital, and turn it into files a case can be made of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openhifu.base.errors import FileProblem, StorageError
from openhifu.base.files import read_text, write_whole
from openhifu.console.terminal import guarded, progress_bar, result, say

if TYPE_CHECKING:
    from openhifu.base.field import Field
    from openhifu.model.tissuemap import LabelMap

app = typer.Typer(
    no_args_is_help=True,
    help="Look at images and structures from the hospital, and turn them into what a case is made of. "
    "A usual day: look, scan, labels, tissues, then: openhifu case new.",
)

Source = Annotated[Path, typer.Argument(help="Folder, zip archive, DICOMDIR or file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]
SeriesOption = Annotated[str, typer.Option(help="Which series, by its number in `look` or its UID.")]

REGISTRATION, ACCEPTED, PICTURE = "registration.json", "accepted.json", "registration.png"


@app.command("look")
@guarded
def look(source: Source, as_json: AsJson = False) -> None:
    """List the series of images at a place: what each is, how many slices, where it lies.

    Example: openhifu import look /media/cdrom        openhifu import look images.zip
    """
    from openhifu.imaging.dicom import survey

    with progress_bar(as_json) as progress:
        found, passed = survey(source, progress)
    lines = [s.describe() for s in found] or [f"{source} holds no image"]
    lines += [f"passed over: {name}" for name in passed]
    payload = {
        "series": [
            {
                "number": s.number,
                "uid": s.uid,
                "modality": s.planes[0].modality,
                "slices": len(s.planes),
                "line": s.describe(),
            }
            for s in found
        ],
        "passed_over": list(passed),
    }
    result(payload, as_json, lines)


@app.command("scan")
@guarded
def scan(
    source: Source,
    out: Annotated[Path, typer.Option("-o", "--out", help="NIfTI file to write (.nii.gz).")],
    series: SeriesOption = "",
    as_json: AsJson = False,
) -> None:
    """Turn one CT or MR series into a NIfTI file, with a word on everything that was mended or noticed.

    Beside it lies OUT.origin.json with the identifiers of the images (no name of the patient).

    Example: openhifu import scan /media/cdrom --series 2 -o ct.nii.gz
    """
    from openhifu.imaging import read_scan
    from openhifu.imaging.nifti import nifti_bytes, smallest_type

    _require_new(out)
    with progress_bar(as_json) as progress:
        found = read_scan(source, series, progress)
    write_whole(out, nifti_bytes(smallest_type(found.field.data), found.field.grid, level=1))
    if found.origin is not None:
        write_whole(out.with_name(f"{out.name}.origin.json"), found.origin.to_document().encode())
    remarks = [r.sentence for r in found.remarks]
    payload = {
        "out": str(out),
        "grid": found.field.grid.describe(),
        "quantity": found.field.quantity.words,
        "remarks": remarks,
    }
    result(
        payload, as_json, [f"wrote {out}: {payload['quantity']}, {payload['grid']}", *(f"warning {r}" for r in remarks)]
    )


@app.command("labels")
@guarded
def labels(
    source: Annotated[
        Path, typer.Argument(help="RTSTRUCT, DICOM SEG, NIfTI label map, or folder of NIfTI masks.", show_default=False)
    ],
    scan: Annotated[Path, typer.Option(help="The scan they were drawn on: NIfTI file or DICOM images.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="NIfTI label map to write (.nii.gz); names go beside it.")],
    series: SeriesOption = "",
    names: Annotated[
        Path | None, typer.Option(help="CSV with structure,id, or totalsegmentator-total-v2: for a NIfTI map.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Structure to leave out, such as BODY; * matches.")
    ] = None,
    preset: Annotated[str, typer.Option(help="Preset whose known labels propose a tissue for each name.")] = "liver",
) -> None:
    """Turn drawn structures into a label map on the scan's grid, with a table of tissues to look over.

    Writes OUT, OUT.csv (names) and OUT.tissues.csv: one line a structure, its tissue proposed where the name is known.
    Fill in the empty ones, then give all three to `openhifu case new`.

    Example: openhifu import labels rtstruct.dcm --scan dicom/ -o labels.nii.gz --leave-out BODY
    openhifu import labels segmentations/ --scan ct.nii.gz -o labels.nii.gz   (one mask a file)
    openhifu import labels seg.nii.gz --names totalsegmentator-total-v2 --scan ct.nii.gz -o labels.nii.gz
    """
    from openhifu.imaging import nifti_bytes, read_scan
    from openhifu.imaging import preset as read_preset
    from openhifu.imaging.labels import labels_on, names_csv
    from openhifu.imaging.tissue_table import proposed_table

    start = read_preset(preset)
    table, tissues = out.with_name(f"{out.name}.csv"), out.with_name(f"{out.name}.tissues.csv")
    for file in (out, table, tissues):
        _require_new(file)
    with progress_bar(quiet=False) as progress:
        image = read_scan(scan, series, progress)
        found, remarks = labels_on(source, names, image, tuple(leave_out or ()))
    if found is None:
        raise FileProblem(f"{source} holds no labels")
    text = proposed_table(found.names.values(), start.label_tissues.items())
    write_whole(table, names_csv(found.names))
    write_whole(tissues, text.encode())
    write_whole(out, nifti_bytes(found.data, found.grid))
    empty = [line[:-1] for line in text.splitlines()[1:] if line.endswith(",")]
    lines = [f"wrote {out}: {len(found.names)} labels; names in {table}, tissues in {tissues}"]
    lines += [f"warning {r.sentence}" for r in remarks]
    lines += [f"write a tissue for {name} in {tissues}" for name in empty]
    result({}, False, lines)


@app.command("segment")
@guarded
def segment(
    scan: Annotated[Path, typer.Argument(help="The CT: NIfTI file or DICOM images.", show_default=False)],
    out: Annotated[Path, typer.Option("-o", "--out", help="NIfTI label map to write (.nii.gz); names go beside it.")],
    series: SeriesOption = "",
    preset: Annotated[str, typer.Option(help="Preset whose HU thresholds and skin are used.")] = "liver",
    against: Annotated[Path | None, typer.Option(help="Labels of the same scan to compare with.")] = None,
    names: Annotated[Path | None, typer.Option(help="CSV with structure,id of a NIfTI map to compare with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find body, skin, fat, muscle, bone, gas and lung in a CT by classical methods, and draw them to be judged.

    Writes OUT, OUT.csv (names), OUT.tissues.csv and OUT.png. Correct the map in any editor of label maps, then give it
    to `openhifu case new`. With --against, the agreement of each class that both maps have is printed.

    Example: openhifu import segment ct.nii.gz -o classes.nii.gz --against seg.nii.gz --names names.csv
    """
    from dataclasses import asdict

    from openhifu.imaging import preset as read_preset
    from openhifu.imaging import read_scan
    from openhifu.imaging.labels import labels_on
    from openhifu.imaging.segmentation import segmented
    from openhifu.imaging.segmentation.agreement import agreements, described

    limits = read_preset(preset).thresholds.to_thresholds()
    _require_new(out)
    with progress_bar(as_json) as progress:
        image = read_scan(scan, series, progress)
        reference, _ = labels_on(against, names, image)
        found = segmented(image.field, limits, progress)
    lines = [f"{name}: {1e6 * volume:.0f} mL" for name, volume in found.volumes().items()]
    lines += described(found.labels, reference) if reference is not None else ()
    lines += [r.sentence for r in found.remarks]
    picture = _write_classes(out, found.labels, image.field, scan.name)
    payload = {
        "out": str(out),
        "volumes_m3": found.volumes(),
        "blood_hu": found.contrast_level,
        "agreement": [asdict(r) for r in agreements(found.labels, reference)] if reference is not None else [],
    }
    result(payload, as_json, [*lines, f"look at {picture}; wrote {out}"])


def _write_classes(out: Path, labels: LabelMap, scan: Field, name: str) -> Path:
    """Label map, its names, their tissues and its picture side by side; the path of the picture."""
    from openhifu.imaging import nifti_bytes
    from openhifu.imaging.labels import names_csv
    from openhifu.imaging.segmentation import CLASS_TISSUES
    from openhifu.imaging.tissue_table import proposed_table
    from openhifu.reporting.segmentation_figure import segmentation_figure

    table, tissues, picture = (out.with_name(f"{out.name}.{end}") for end in ("csv", "tissues.csv", "png"))
    for file in (table, tissues, picture):
        _require_new(file)
    write_whole(table, names_csv(labels.names))
    write_whole(tissues, proposed_table(labels.names.values(), CLASS_TISSUES).encode())
    segmentation_figure(scan, labels, name, picture)
    write_whole(out, nifti_bytes(labels.data, labels.grid))
    return picture


@app.command("register")
@guarded
def register(
    fixed: Annotated[Path, typer.Argument(help="Image that stays, usually the planning CT.", show_default=False)],
    moving: Annotated[Path, typer.Argument(help="Image to move.", show_default=False)],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the voxels that are compared.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Find the rigid movement of one image onto another, and draw it for a person to judge.

    Writes registration.json and registration.png. Nothing is moved before the picture was accepted with `accept`.

    Example: openhifu import register ct.nii.gz mr/ -o registration
    """
    from openhifu.imaging import read_scan
    from openhifu.imaging.registration import registered
    from openhifu.reporting.registration_figure import registration_figure

    _require_new(out / REGISTRATION)
    with progress_bar(as_json) as progress:
        one, two = read_scan(fixed).field, read_scan(moving).field
        found = registered(one, two, seed, progress)
    picture = registration_figure(one, two, found, out / PICTURE)
    write_whole(out / REGISTRATION, found.to_document().encode())
    lines = [
        f"moved by {found.shift_mm:.1f} mm and {found.turn_degrees:.1f} degrees; mutual information "
        f"{found.information_before:.2f} to {found.information_after:.2f}",
        f"look at {picture}; if the edges run on from square to square: openhifu import accept {out} --as NAME",
    ]
    result({**found.data(), "hash": found.content_hash, "picture": str(picture)}, as_json, lines)


@app.command("accept")
@guarded
def accept(
    folder: Annotated[Path, typer.Argument(help="Folder of a registration.", show_default=False)],
    person: Annotated[str, typer.Option("--as", help="Who has looked at the picture.")],
) -> None:
    """Accept exactly this registration, after looking at its picture.

    Example: openhifu import accept registration --as "Dr Li"
    """
    from openhifu.imaging.registration import Registration, RegistrationAccepted

    found = Registration.from_document(read_text(folder / REGISTRATION, "registration"), str(folder / REGISTRATION))
    now = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    given = {"registration": found.content_hash, "person": person.strip(), "time": now}
    accepted = RegistrationAccepted.from_data(given, "the acceptance")
    write_whole(folder / ACCEPTED, accepted.to_document().encode())
    say(f"{person} accepted registration {found.content_hash[:12]}")


@app.command("moved")
@guarded
def move(
    folder: Annotated[Path, typer.Argument(help="Folder of an accepted registration.", show_default=False)],
    fixed: Annotated[Path, typer.Argument(help="The image that stays.", show_default=False)],
    moving: Annotated[Path, typer.Argument(help="The image that was registered.", show_default=False)],
    out: Annotated[Path, typer.Option("-o", "--out", help="NIfTI file to write (.nii.gz).")],
    drawn: Annotated[
        Path | None, typer.Option("--labels", help="Move these structures, drawn on the moving image, instead of it.")
    ] = None,
    names: Annotated[Path | None, typer.Option(help="CSV with structure,id of a NIfTI label map.")] = None,
) -> None:
    """Write the moved image on the fixed image's grid; refused unless the registration was accepted.

    With --labels what was drawn on the moving image (RTSTRUCT, SEG, NIfTI) is written instead, with its table of names.

    Example: openhifu import moved registration ct.nii.gz mr/ -o mr-on-ct.nii.gz
    openhifu import moved registration ct.nii.gz mr/ --labels fibroid.dcm -o fibroid-on-ct.nii.gz
    """
    from openhifu.imaging import nifti_bytes, read_scan
    from openhifu.imaging.labels import labels_on, names_csv
    from openhifu.imaging.registration import Registration, RegistrationAccepted, moved, moved_labels

    _require_new(out)
    found = Registration.from_document(read_text(folder / REGISTRATION, "registration"), str(folder / REGISTRATION))
    if not (folder / ACCEPTED).exists():
        raise FileProblem(
            f"nobody has accepted {folder}; look at its picture, then: openhifu import accept {folder} --as NAME"
        )
    accepted = RegistrationAccepted.from_document(read_text(folder / ACCEPTED, "acceptance"), str(folder / ACCEPTED))
    scan, still = read_scan(moving), read_scan(fixed).field
    structures, remarks = labels_on(drawn, names, scan)
    if structures is None:
        field = moved(scan.field, still, found, accepted)
        write_whole(out, nifti_bytes(field.data, field.grid))
    else:
        table = out.with_name(f"{out.name}.csv")
        _require_new(table)
        labels = moved_labels(structures, scan.field, still, found, accepted)
        write_whole(table, names_csv(labels.names))
        write_whole(out, nifti_bytes(labels.data, labels.grid))
        remarks = [r.sentence for r in remarks] + [
            f"{name} lies outside the fixed image and is left out"
            for name in structures.names.values()
            if name not in labels.names.values()
        ]
        result({}, False, [f"warning {r}" for r in remarks])
    say(f"wrote {out}, moved as {accepted.person} accepted on {accepted.time}")


def _require_new(file: Path) -> None:
    if file.exists():
        raise StorageError(f"{file} exists already; remove it or choose another name")
