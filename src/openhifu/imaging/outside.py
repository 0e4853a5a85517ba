"""Label maps that an outside segmentation program made: a folder of one mask a file, or a map that names its labels."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import numpy as np

from openhifu.base.errors import FileProblem, FormatError, GeometryError, UnknownName
from openhifu.base.grid import Grid
from openhifu.base.outcome import Outcome, Verdict
from openhifu.imaging.morphology import Mask
from openhifu.imaging.nifti import read_nifti
from openhifu.imaging.resampling import reoriented

_LABEL = re.compile(r'<Label\s+Key="(\d+)"[^>]*>\s*(?:<!\[CDATA\[)?([^<\]]+)')


def read_mask_folder(folder: Path, grid: Grid) -> tuple[dict[str, Mask], list[Outcome]]:
    """Masks of a folder such as TotalSegmentator writes: ``liver.nii.gz``, ``rib_left_1.nii.gz``, each 0 and 1.

    Args:
        folder: where they lie.
        grid: the scan's; masks may hold its voxels in another order of axes.

    Returns:
        Masks by the names of their files, and a remark on empty ones, which are left out.

    Raises:
        FileProblem: if there is no mask in the folder, or one cannot be read.
        FormatError: if a file holds anything but 0 and 1, or all are empty.
        GeometryError: if a mask is on another grid than the scan, naming the file.
    """
    names = sorted(f for f in folder.iterdir() if f.name.lower().endswith((".nii", ".nii.gz")))
    if not names:
        raise FileProblem(
            f"{folder} holds no mask (NAME.nii.gz, one structure a file); give the program's output folder"
        )
    masks: dict[str, Mask] = {}
    empty = []
    for file in names:
        data, own = read_nifti(file, "mask")
        turned = reoriented(data, own, grid)
        if turned is None:
            try:
                grid.require_same(own, f"the mask {file}")
            except GeometryError as error:
                raise GeometryError(f"{error} onto the scan's grid") from error
            turned = data
        mask = np.asarray(turned) != 0
        if not np.array_equal(mask, turned):
            raise FormatError(f"the mask {file} must hold 0 and 1 only; a map of several labels is given by itself")
        name = re.sub(r"\.nii(\.gz)?$", "", file.name, flags=re.IGNORECASE)
        if mask.any():
            masks[name] = mask
        else:
            empty.append(name)
    if not masks:
        raise FormatError(f"all {len(empty)} masks in {folder} are empty; was the right scan segmented?")
    if not empty:
        return masks, []
    said = f"{len(empty)} of {len(names)} masks are empty and left out: {', '.join(empty[:4])}"
    return masks, [Outcome(verdict=Verdict.OK, sentence=said + (" ..." if len(empty) > 4 else ""))]


def names_in_header(path: Path) -> dict[int, str]:
    """Label names that a NIfTI map carries in its header extension (TotalSegmentator, Workbench); or none."""
    import nibabel as nib

    try:
        header: object = nib.load(path).header  # pyright: ignore[reportPrivateImportUsage]
        found = [e.get_content() for e in getattr(header, "extensions", ())]
    except Exception:  # a damaged file is refused where its voxels are read
        return {}
    texts = [c.decode("utf-8", "replace") if isinstance(c, bytes) else str(c) for c in found]
    names = {int(key): name.strip() for text in texts for key, name in _LABEL.findall(text)}
    return {key: name for key, name in names.items() if key}


def label_table_names() -> tuple[str, ...]:
    """Names of the tables of label names that are shipped."""
    folder = files("openhifu").joinpath("data/label_names")
    return tuple(sorted(f.name.removesuffix(".csv") for f in folder.iterdir() if f.name.endswith(".csv")))


def label_table(given: Path) -> Path:
    """A table of label names: the file given, or one shipped with the program by its name.

    Raises:
        UnknownName: if it is neither.
    """
    if given.exists() or given.suffix:
        return given
    if given.name not in label_table_names():
        raise UnknownName("table of label names", given.name, label_table_names())
    return Path(str(files("openhifu").joinpath(f"data/label_names/{given.name}.csv")))
