"""Cases: seen, imported, and changed into new versions."""

from __future__ import annotations

import colorsys
import gzip
import math
import shutil
import zlib
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from openhifu.base.errors import FormatError, Infeasible, InputError, OutOfRange, StorageError
from openhifu.base.files import write_whole
from openhifu.base.outcome import Outcome, Verdict
from openhifu.base.vectors import Vector
from openhifu.console.server.access import person_of
from openhifu.console.server.forms import Form, Identifier, Line, Name
from openhifu.console.server.kinds import ImportRequest
from openhifu.console.server.library import Library
from openhifu.console.server.refusals import Refused
from openhifu.console.server.routes_jobs import JobShown, shown
from openhifu.console.server.state import console_of
from openhifu.console.server.uploads import kind_of, vet
from openhifu.console.server.versions import with_label, with_target
from openhifu.imaging import parse_target, preset, preset_names
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import device_names, tissue_names, transducer
from openhifu.model.target import Target
from openhifu.model.transducer import Transducer
from openhifu.planning.scene import target_centre

router = APIRouter(prefix="/api", tags=["cases"])


class DeviceShown(Form):
    """A device of the catalogue; its aperture is the diameter of the cone of rays at the rim."""

    name: str
    title: str
    serial: str
    element_count: int
    frequency_hz: float
    focal_length_m: float
    aperture_m: float
    highest_power_w: float
    longest_on_s: float
    calibration_date: str


class CaseLine(Form):
    """A case in the list; whether it has problems is known once it is opened."""

    id: str
    title: str
    pseudonym: str
    target: str
    device: str
    bundled: bool
    version_of: str | None
    has_problems: bool | None = None


class LabelShown(Form):
    """A label with the colour it is drawn in."""

    value: int
    name: str
    colour: str


class ImageShown(Form):
    """Where the voxels of an image lie."""

    shape: tuple[int, int, int]
    affine: list[list[float]]
    dtype: str
    unit: str


class CaseShown(Form):
    """A case; one that cannot be read has no image and says why among its checks."""

    id: str
    title: str
    pseudonym: str
    device: str
    bundled: bool
    version_of: str | None
    change: str
    case: dict[str, Any] | None
    target_m: Vector | None
    labels: list[LabelShown]
    image: ImageShown | None
    checks: list[Outcome]


class NewVersion(Form):
    """Name of a new case."""

    id: str


@router.get("/devices", tags=["devices"])
def devices() -> list[DeviceShown]:
    """Devices of the catalogue."""
    return [_device(transducer(name)) for name in device_names()]


@router.get("/presets")
def presets() -> list[str]:
    """What a new case can start from."""
    return list(preset_names())


@router.get("/tissues")
def tissues() -> list[str]:
    """Tissues of the catalogue."""
    return list(tissue_names())


@router.get("/cases")
def cases(request: Request, search: Line = "") -> list[CaseLine]:
    """Every case whose name, pseudonym or device holds the text."""
    library, found = console_of(request).library, []
    for name in library.case_names():
        line = _line(library, name)
        if search.lower() in f"{line.id} {line.title} {line.pseudonym} {line.device}".lower():
            found.append(line)
    return found


@router.get("/cases/{id}")
def case(id: Identifier, request: Request) -> CaseShown:
    """A case with what is to be said about it."""
    library = console_of(request).library
    line, version = _line(library, id), library.version(id)
    known = {"version_of": line.version_of, "change": "" if version is None else version.change}
    known |= {"id": id, "title": line.title, "pseudonym": line.pseudonym, "device": line.device}
    known |= {"bundled": line.bundled}
    try:
        opened = library.opened(id)
    except InputError as error:
        checks = [Outcome(verdict=Verdict.ERROR, sentence=str(error), remedy="mend this first")]
        return CaseShown(**known, case=None, target_m=None, labels=[], image=None, checks=checks)
    data, grid = opened.data, opened.data.ct.grid
    image = ImageShown(shape=grid.shape, affine=grid.affine.tolist(), dtype="int16", unit="HU")
    return CaseShown(
        **known,
        case=data.case.data(),
        target_m=_centre(data),
        labels=[LabelShown(value=v, name=n, colour=colour(v)) for v, n in sorted(_names(data).items())],
        image=image,
        checks=opened.findings,
    )


@router.get("/cases/{id}/image/data")
def image_data(id: Identifier, request: Request) -> Response:
    """CT numbers: int16, little-endian, C order."""
    library = console_of(request).library
    data = library.case(id)
    return _packed(library, data.case.image, lambda: np.rint(data.ct.data).astype("<i2"))


@router.get("/cases/{id}/labels/data")
def labels_data(id: Identifier, request: Request) -> Response:
    """Labels: uint8, C order."""
    library = console_of(request).library
    labels = library.case(id).labels
    if labels is None:
        raise Refused(404, "this case has no labels")
    if labels.data.max(initial=0) > 255:
        raise Refused(409, "this case has labels above 255, which the page cannot show", "number its labels anew")
    return _packed(library, library.case(id).case.labels, lambda: labels.data.astype(np.uint8))


@router.post("/cases/import", status_code=202)
async def import_case(
    file: UploadFile,
    request: Request,
    title: Name,
    target: Line,
    device: Line,
    preset_name: Annotated[Line, Query(alias="preset")] = "liver",
    pseudonym: Name = "anonymous",
    series: Line = "",
) -> JobShown:
    """Make a case from a scan: a zip of DICOM images, or a NIfTI file."""
    wanted = {"title": title, "target": target, "device": device, "preset": preset_name}
    return await run_in_threadpool(_import, request, file, {**wanted, "pseudonym": pseudonym, "series": series})


@router.put("/cases/{id}/labels/{name}", status_code=201)
async def put_label(id: Identifier, name: Name, request: Request, tissue: Line = "") -> NewVersion:
    """A new version of a case in which a label covers exactly the mask of the body: gzip of uint8, C order.

    ``tissue`` says what a label that is new to the case is made of.
    """
    console, by = console_of(request), person_of(request).name
    body = await request.body()

    def change() -> str:
        shape = console.library.case(id).ct.grid.shape
        mask = np.frombuffer(_unpacked(body, int(np.prod(shape))), np.uint8).reshape(shape) > 0
        return with_label(console.library, id, name, mask, by, tissue)

    made = await run_in_threadpool(change)
    await run_in_threadpool(console.audit.write, by, "changed a label", f"{id} {name}", made)
    return NewVersion(id=made)


@router.put("/cases/{id}/target", status_code=201)
def put_target(id: Identifier, target: Target, request: Request) -> NewVersion:
    """A new version of a case with another target."""
    console, by = console_of(request), person_of(request).name
    made = with_target(console.library, id, target, by)
    console.audit.write(by, "changed the target", id, made)
    return NewVersion(id=made)


def colour(value: int) -> str:
    """Colour of a label: golden-angle hues, so that neighbours differ."""
    red, green, blue = colorsys.hsv_to_rgb(value * 0.6180339887 % 1.0, 0.55 + 0.15 * (value % 3), 0.95)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def _import(request: Request, file: UploadFile, wanted: dict[str, str]) -> JobShown:
    console, by = console_of(request), person_of(request).name
    upload = f"upload{kind_of(file.filename or '')}"
    transducer(wanted["device"])
    preset(wanted["preset"])
    asked = ImportRequest(file=upload, **{**wanted, "target": parse_target(wanted["target"])})
    folder = console.jobs.prepare()
    try:
        with (folder / upload).open("wb") as copy:
            shutil.copyfileobj(file.file, copy, 1 << 20)
        vet(folder / upload)
        job = console.jobs.start("import", wanted["title"], by, asked, folder)
    except OSError as error:
        raise StorageError(f"cannot keep the upload: {error.strerror or error}; free some space") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a folder that became a job has another name by now
    console.audit.write(by, "imported a scan", wanted["title"], job.id)
    return shown(job)


def _unpacked(body: bytes, size: int) -> bytes:
    """What a gzip body unpacks to, never more than what is expected."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        found = unpack.decompress(body, size + 1)
    except zlib.error as error:
        raise FormatError("the mask is no gzip of bytes; send it compressed") from error
    if len(found) != size or not unpack.eof:
        raise OutOfRange(
            f"the mask must unpack to exactly {size} bytes, one for each voxel; send it on the image's grid"
        )
    return found


def _packed(library: Library, content_hash: str, make: Any) -> Response:
    """Voxels, compressed once and kept."""
    kept = library.folder("cache") / f"{content_hash}.gz"
    if not kept.is_file():
        write_whole(kept, gzip.compress(np.ascontiguousarray(make()).tobytes(), 1, mtime=0))
    head = {"Content-Encoding": "gzip", "Cache-Control": "private, max-age=3600"}
    return Response(kept.read_bytes(), media_type="application/octet-stream", headers=head)


def _line(library: Library, name: str) -> CaseLine:
    version, bundled = library.version(name), library.is_bundled(name)
    known = {"id": name, "bundled": bundled, "version_of": None if version is None else version.of}
    try:
        file = library.case_file(name)
    except InputError:
        return CaseLine(**known, title=name, pseudonym="", target="", device="", has_problems=True)
    label = getattr(file.target, "label", "")
    target = f"{file.target.kind} {label}".strip()
    return CaseLine(**known, title=file.name, pseudonym=file.pseudonym, target=target, device=file.device)


def _names(data: CaseData) -> dict[int, str]:
    return {} if data.labels is None else data.labels.names


def _centre(data: CaseData) -> Vector | None:
    try:
        return target_centre(data)
    except Infeasible:
        return None


def _device(device: Transducer) -> DeviceShown:
    return DeviceShown(
        name=device.name,
        title=device.title,
        serial=device.calibration.serial,
        element_count=device.elements,
        frequency_hz=device.frequency,
        focal_length_m=device.focal_length,
        aperture_m=2 * device.focal_length * math.sin(device.surface.half_angles[1]),
        highest_power_w=device.ceilings.acoustic_power,
        longest_on_s=device.ceilings.on_time,
        calibration_date=device.calibration.date,
    )
