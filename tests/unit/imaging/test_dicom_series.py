"""A DICOM series becomes a volume by its geometry, whatever its file names; what is no single series is refused."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from openhifu.base.errors import FileProblem, FormatError, GeometryError, InputError
from openhifu.base.field import Quantity
from openhifu.imaging import read_ct, read_scan
from openhifu.imaging.dicom import read_dicom, survey
from tests.dicom_making import (
    ACROSS,
    DOWN,
    OBLIQUE,
    ORIGIN,
    STEP,
    enhanced_mr,
    one_sentence,
    pattern,
    save,
    series_of,
    shuffled,
)


def test_slices_are_put_in_order_by_where_they_lie(tmp_path: Path) -> None:
    field = read_ct(save(tmp_path, shuffled(series_of())))
    assert field.grid.spacing == pytest.approx((1e-3 * ACROSS, 1e-3 * DOWN, 1e-3 * STEP))
    assert field.grid.world((0, 0, 0)) == pytest.approx(1e-3 * ORIGIN)
    assert np.array_equal(field.data, 2.0 * pattern() - 1024)
    assert field.quantity is Quantity.HOUNSFIELD


def test_an_oblique_series_keeps_its_directions(tmp_path: Path) -> None:
    field = read_dicom(save(tmp_path, shuffled(series_of("MR", axes=OBLIQUE)))).field
    expected = ORIGIN + 3 * ACROSS * OBLIQUE[0] + 4 * DOWN * OBLIQUE[1] + 5 * STEP * np.cross(*OBLIQUE)
    assert field.grid.world((3, 4, 5)) == pytest.approx(1e-3 * expected, abs=1e-6)
    assert np.array_equal(field.data, pattern())
    assert field.quantity is Quantity.MR_SIGNAL


def test_a_multi_frame_image_is_read_by_its_frames_positions(tmp_path: Path) -> None:
    enhanced_mr((3, 0, 5, 1, 4, 2)).save_as(tmp_path / "mr.dcm", enforce_file_format=True)
    field = read_dicom(tmp_path / "mr.dcm").field
    single = read_dicom(save(tmp_path / "single", series_of("MR", axes=OBLIQUE))).field
    assert np.array_equal(field.data, 3.0 * pattern() + 5)
    assert field.grid.same_as(single.grid)


def test_a_multi_frame_ct_is_read_in_hu(tmp_path: Path) -> None:
    ds = enhanced_mr((2, 1, 0, 5, 4, 3))
    ds.Modality, ds.SOPClassUID = "CT", EnhancedCTImageStorage
    ds.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    scaling = ds.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence[0]
    scaling.RescaleSlope, scaling.RescaleIntercept, scaling.RescaleType = 2, -1024, "HU"
    assert np.array_equal(read_ct(save(tmp_path, [ds])).data, 2.0 * pattern() - 1024)


def test_loss_by_compression_is_said(tmp_path: Path) -> None:
    slices = series_of()
    assert not read_scan(save(tmp_path / "whole", slices)).remarks
    slices[3].LossyImageCompression = "01"
    (remark,) = read_scan(save(tmp_path / "lossy", slices)).remarks
    assert "compressed with loss" in remark.sentence


@pytest.mark.parametrize("series", ["", None])
def test_an_empty_series_number_is_no_obstacle(tmp_path: Path, series: str | None) -> None:
    slices = series_of(series=None)
    if series is not None:
        for ds in slices:
            ds.SeriesInstanceUID = series
    assert read_ct(save(tmp_path, slices)).data.shape == pattern().shape


@pytest.mark.parametrize("lost", ["", None], ids=["empty", "missing"])
@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID", "SOPClassUID"])
def test_no_identifier_is_needed_to_read(tmp_path: Path, keyword: str, lost: str | None) -> None:
    slices = series_of()
    for ds in slices:
        if lost is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, lost)
    found = read_scan(save(tmp_path, slices))
    assert np.array_equal(found.field.data, 2.0 * pattern() - 1024)
    assert found.origin is not None and "" not in found.origin.instances


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian], ids=lambda s: s.name
)
def test_every_uncompressed_form_is_read(tmp_path: Path, syntax: UID) -> None:
    slices = series_of()
    for n, ds in enumerate(slices):
        ds.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            ds.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2").tobytes()
        implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
        fresh = Dataset(ds)
        fresh.file_meta = ds.file_meta
        fresh.save_as(
            tmp_path / f"{n}",
            enforce_file_format=True,
            implicit_vr=implicit,
            little_endian=little,
            force_encoding=False,
        )
    assert np.array_equal(read_ct(tmp_path).data, 2.0 * pattern() - 1024)


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1], ids=lambda s: s.name
)
def test_compressed_pixels_are_decoded(tmp_path: Path, syntax: UID) -> None:
    folder = save(tmp_path, series_of(stored=np.kron(pattern(), np.ones((4, 4, 1), np.int16))))
    for file in folder.iterdir():
        compress(file, syntax)
        assert pydicom.dcmread(file).file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(read_ct(folder).data[::4, ::4], 2.0 * pattern() - 1024)


def compress(file: Path, syntax: UID) -> None:
    """Rewrite a file in a compressed transfer syntax, with an encoder that is not the decoder under test's caller."""
    kinds = {
        RLELossless: gdcm.TransferSyntax.RLELossless,
        JPEGLSLossless: gdcm.TransferSyntax.JPEGLSLossless,
        JPEG2000Lossless: gdcm.TransferSyntax.JPEG2000Lossless,
        JPEGLosslessSV1: gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    }
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(file))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(kinds[syntax]))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(file))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def test_several_series_are_listed_and_one_can_be_chosen(tmp_path: Path) -> None:
    other = series_of("MR", axes=OBLIQUE)[:4]
    save(tmp_path / "ct", series_of())
    save(tmp_path / "mr", other)
    with pytest.raises(
        FormatError, match=r"several series: 1\) CT 'CT of a phantom': 6 of 12 x 10; 2\) MR .*choose one"
    ):
        read_dicom(tmp_path)
    assert read_dicom(tmp_path, "1").field.quantity is Quantity.HOUNSFIELD
    assert read_dicom(tmp_path, other[0].SeriesInstanceUID).field.data.shape[2] == 4
    with pytest.raises(FormatError, match="no single series '7'"):
        read_dicom(tmp_path, "7")
    assert [s.number for s in survey(tmp_path)[0]] == [1, 2]


def test_echoes_of_one_series_are_told_apart(tmp_path: Path) -> None:
    slices = []
    for echo in (10, 20):
        for ds in series_of("MR", generate_uid() if not slices else slices[0].SeriesInstanceUID):
            ds.EchoTime = echo
            ds.PixelData = np.frombuffer(ds.PixelData, np.int16).__mul__(echo // 10).tobytes()
            slices.append(ds)
    save(tmp_path, shuffled(slices))
    with pytest.raises(FormatError, match="EchoTime 10.*EchoTime 20"):
        read_dicom(tmp_path)
    assert np.array_equal(read_dicom(tmp_path, "2").field.data, 2.0 * pattern())


def test_slopes_may_differ_from_slice_to_slice(tmp_path: Path) -> None:
    slices = series_of()
    for k, ds in enumerate(slices):
        ds.RescaleSlope, ds.RescaleIntercept = 1 + k, -10 * k
    field = read_ct(save(tmp_path, slices))
    assert np.array_equal(field.data, pattern() * (1.0 + np.arange(6)) - 10 * np.arange(6))


@pytest.mark.parametrize("value", [7, -32768, 40000])
def test_padding_is_below_every_tissue(tmp_path: Path, value: int) -> None:
    stored = pattern()
    stored[0, 0] = np.uint16(value % 65536).astype(np.int16)
    slices = series_of(stored=stored)
    for ds in slices:
        ds.add_new("PixelPaddingValue", "US" if value > 32767 else "SS", value)
    field = read_ct(save(tmp_path, slices))
    assert np.all(field.data[0, 0] == -2048)
    assert np.count_nonzero(field.data == -2048) == np.count_nonzero(stored == stored[0, 0, 0])


def test_a_tilted_gantry_is_straightened_and_said(tmp_path: Path) -> None:
    """A wedge that is linear in the patient's coordinates stays so: value = 10 y, wherever the slices were shifted."""
    slices = series_of()
    for k, ds in enumerate(slices):
        y0 = -20 + 0.25 * STEP * k
        ds.ImagePositionPatient = [-10, y0, -30 + STEP * k]
        rows = y0 + DOWN * np.arange(ds.Rows)
        ds.RescaleSlope, ds.RescaleIntercept = 0.01, 0
        ds.PixelData = np.repeat(np.rint(1000 * rows).astype(np.int16)[:, None], ds.Columns, axis=1).tobytes()
    found = read_dicom(save(tmp_path, shuffled(slices)))
    assert "tilted by 14.0 degrees" in found.remarks[0].sentence
    inside = found.field.data > -2000
    y = 1e3 * found.field.grid.points()[..., 1]
    assert np.count_nonzero(inside) > 0.8 * pattern().size
    good = inside & (np.abs(found.field.data - 10 * y) < 0.02)
    # Linear interpolation is exact for the wedge; only the outermost row of a slice mixes with what lies outside.
    assert np.count_nonzero(good) >= np.count_nonzero(inside) - 2 * 6 * 12


def test_an_identical_copy_is_left_out_and_said(tmp_path: Path) -> None:
    slices = series_of()
    found = read_dicom(save(tmp_path, [*slices, slices[2]]))
    assert "is a copy of" in found.remarks[0].sentence
    assert np.array_equal(found.field.data, 2.0 * pattern() - 1024)


def shifted(slices: list[Dataset], k: int, dx: float, dz: float) -> list[Dataset]:
    x, y, z = (float(v) for v in slices[k].ImagePositionPatient)
    slices[k].ImagePositionPatient = [x + dx, y, z + dz]
    return slices


def changed(k: int, **values: object) -> Callable[[list[Dataset]], list[Dataset]]:
    def change(slices: list[Dataset]) -> list[Dataset]:
        for key, value in values.items():
            if value is None:
                delattr(slices[k], key)
            else:
                setattr(slices[k], key, value)
        return slices

    return change


TRAPS: dict[str, tuple[Callable[[list[Dataset]], list[Dataset]], type[InputError], str]] = {
    "doubled and different": (
        lambda s: [*s, *changed(0, PixelData=s[1].PixelData)([deepcopy(s[0])])],
        GeometryError,
        "lie at the same place and differ",
    ),
    "missing slice": (lambda s: s[:2] + s[3:], GeometryError, r"5.00 mm instead of 2.50 mm; 1 slice is missing"),
    "two missing": (lambda s: s[:1] + s[2:4] + s[5:], GeometryError, r"2 slices are missing|irregular"),
    "irregular": (lambda s: shifted(s, 3, 0, 0.7), GeometryError, r"instead of 2.50 mm; the spacing is irregular"),
    "wandering": (lambda s: shifted(s, 3, 1.5, 0), GeometryError, r"shifted sideways by 1.50 mm"),
    "all at one place": (
        lambda s: [changed(0, ImagePositionPatient=[0, 0, 0])([d])[0] for d in s],
        GeometryError,
        "all 6 slices lie at the same place",
    ),
    "single slice": (lambda s: s[:1], FormatError, "is a single image"),
    "mixed series": (changed(2, SeriesInstanceUID="1.2.3"), FormatError, "several series"),
    "mixed frames of reference": (changed(2, FrameOfReferenceUID="1.2.3"), FormatError, "several series"),
    "mixed sizes": (
        lambda s: changed(0, Rows=9, PixelData=s[0].PixelData[:216])(s),
        FormatError,
        "several series",
    ),
    "mixed orientation": (changed(1, ImageOrientationPatient=[0, 1, 0, 1, 0, 0]), FormatError, "several series"),
    "mixed modality": (changed(1, Modality="MR"), FormatError, "several series"),
    "no position": (changed(0, ImagePositionPatient=None), FileProblem, "lacks ImagePositionPatient"),
    "no orientation": (changed(0, ImageOrientationPatient=None), FileProblem, "lacks ImageOrientationPatient"),
    "no spacing": (changed(0, PixelSpacing=None), FileProblem, "lacks PixelSpacing"),
    "zero spacing": (changed(0, PixelSpacing=[0, 1]), GeometryError, "must be positive"),
    "far position": (changed(0, ImagePositionPatient=[1e9, 0, 0]), GeometryError, "sensible numbers"),
    "skew orientation": (changed(0, ImageOrientationPatient=[1, 0, 0, 0.5, 1, 0]), GeometryError, "no pair of unit"),
    "no rescale": (changed(0, RescaleSlope=None), FormatError, "does not say how its pixels become HU"),
    "zero slope": (changed(0, RescaleSlope=0), FormatError, "rescale slope 0"),
    "another unit": (changed(0, RescaleType="HU_MOD"), FormatError, "holds HU_MOD, not HU"),
    "colour": (changed(0, SamplesPerPixel=3), FormatError, "is a colour image"),
    "no pixels": (changed(0, PixelData=None), FileProblem, "holds no pixels"),
    "short pixels": (lambda s: changed(0, PixelData=s[0].PixelData[:100])(s), FileProblem, "cannot decode the pixels"),
    "huge rows": (changed(0, Rows=65535), FormatError, "65535 x 12 pixels"),
    "frames without places": (changed(0, NumberOfFrames=2), FileProblem, "holds 2 frames"),
    "secondary capture": (lambda s: [changed(0, Modality="OT")([d])[0] for d in s], FormatError, "no CT or MR"),
    "unknown transfer syntax": (
        lambda s: [_renamed(d, "1.2.840.10008.1.2.4.201") for d in s],
        FileProblem,
        "cannot decode the pixels",
    ),
}


def _renamed(ds: Dataset, syntax: str) -> Dataset:
    from pydicom.encaps import encapsulate

    ds.PixelData = encapsulate([ds.PixelData])
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    return ds


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_named_in_one_sentence(tmp_path: Path, name: str) -> None:
    spoil, kind, said = TRAPS[name]
    with pytest.raises(kind, match=said) as refusal:
        read_ct(save(tmp_path, spoil(series_of())))
    assert one_sentence(refusal.value)


def test_an_mr_is_no_ct(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds MR signal, not CT numbers"):
        read_ct(save(tmp_path, series_of("MR")))


@pytest.mark.parametrize(
    ("name", "content"), [("IM000001", b"hello"), ("x.dcm", b""), ("y.dcm", b"\0" * 132 + b"DICM")]
)
def test_a_file_that_is_no_image_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    save(tmp_path, series_of())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileProblem, match=f"{name} is not a DICOM file"):
        read_ct(tmp_path)


def test_empty_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="holds no DICOM file"):
        read_ct(tmp_path)
    with pytest.raises(FileProblem, match="there is no folder or file"):
        read_ct(tmp_path / "nowhere")
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 this is no archive")
    with pytest.raises(FileProblem, match=r"bad.zip is not a DICOM file"):
        read_ct(tmp_path / "bad.zip")
