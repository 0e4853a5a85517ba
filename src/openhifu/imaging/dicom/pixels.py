"""Pixels of planes decoded into one volume: rescaled plane by plane, padding told apart, never all files in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem, FormatError, GeometryError, HifuError
from openhifu.base.progress import Progress
from openhifu.imaging.dicom.decoder import Decoder
from openhifu.imaging.dicom.files import quiet_pydicom
from openhifu.imaging.dicom.planes import Plane
from openhifu.imaging.dicom.stack import Stack

PADDED_HU = -2048.0
"""What a CT holds where its file says that there is no value (``PixelPaddingValue``): below every tissue and air."""

_MOST_VOXELS = 1 << 30
"""A larger volume (4 GB in memory) is refused."""


def volume_of(stack: Stack, where: str, progress: Progress) -> tuple[NDArray[np.float32], list[str]]:
    """Values indexed (column, row, slice), and sentences about copies that were dropped.

    Raises:
        FileProblem: if pixels cannot be decoded.
        FormatError: if the volume is too large.
        GeometryError: if two different slices lie at the same place.
    """
    rows, columns = stack.planes[0].shape
    count = len(stack.planes)
    if rows * columns * count > _MOST_VOXELS:
        raise FormatError(
            f"{where} has {columns} x {rows} x {count} voxels; more than {_MOST_VOXELS} are not read: crop it"
        )
    volume = np.empty((count, rows, columns), np.float32)
    remarks = []
    with Decoder() as decoder:
        reader = _Reader(decoder)
        for n, plane in enumerate(stack.planes):
            volume[n] = reader.values(plane)
            for copy in stack.copies.get(n, ()):
                if not np.array_equal(reader.values(copy), volume[n]):
                    raise GeometryError(
                        f"{where}: {plane.name} and {copy.name} lie at the same place and differ; "
                        "remove the one that is wrong"
                    )
                remarks.append(f"{copy.name} is a copy of {plane.name} and was left out")
            progress("reading slices", (n + 1) / count)
    return volume.transpose(2, 1, 0), remarks


class _Reader:
    """Decodes planes, keeping the last multi-frame file open so that its frames are decoded once."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._file: Any = None
        self._frames: NDArray[Any] | None = None

    def values(self, plane: Plane) -> NDArray[np.float32]:
        """Rescaled values (row, column); padding is ``PADDED_HU`` in a CT and 0 elsewhere."""
        if plane.file is not self._file:
            self._frames = _decoded(plane, self._decoder)
            self._file = plane.file
        frames = self._frames
        if frames is None or plane.frame >= len(frames) or frames[plane.frame].shape != plane.shape:
            rows, columns = plane.shape
            raise FileProblem(f"{plane.name} does not hold the {columns} x {rows} pixels it announces; copy it anew")
        stored = frames[plane.frame]
        values = stored.astype(np.float32)
        values *= np.float32(plane.slope)
        values += np.float32(plane.intercept)
        if plane.padding is not None:
            low, high = plane.padding
            values[(stored >= low) & (stored <= high)] = PADDED_HU if plane.modality == "CT" else 0.0
        return values


def _decoded(plane: Plane, decoder: Decoder) -> NDArray[Any]:
    """All frames of a plane's file, shape (frames, rows, columns)."""
    ds = plane.file.dataset(pixels=True)
    try:
        if not any(keyword in ds for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
            raise FileProblem(f"{plane.file.name} holds no pixels; copy it anew")
        if ds.file_meta.TransferSyntaxUID.is_compressed:
            pixels = decoder.decode(plane.file.content(), plane.file.name)
        else:
            with quiet_pydicom():
                pixels = np.asarray(ds.pixel_array)
    except HifuError:
        raise
    except Exception as error:  # damaged pixel data makes pydicom and its decoders raise any kind of error
        sentence = " ".join(str(error).split())[:200]
        raise FileProblem(
            f"cannot decode the pixels of {plane.file.name}: {sentence}; export the series uncompressed"
        ) from error
    return pixels[None] if pixels.ndim == 2 else pixels
