"""A folder of DICOM files written again without identity: all of it or nothing, with a list of what was removed."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

from openhifu.base.errors import FileProblem, StorageError
from openhifu.base.progress import Progress, silent
from openhifu.exchange.deidentify import Removal, burned_in, deidentified, rules
from openhifu.exchange.pacs.staging import staged
from openhifu.exchange.pseudonyms import PseudonymTable
from openhifu.exchange.study import derived_uid
from openhifu.imaging.dicom.files import DicomFile, dicom_files, quiet_pydicom

LISTING = "removed.csv"
"""What was done to which element, how often; flagged files and files left out."""


def deidentify_folder(
    source: Path, out: Path, table: PseudonymTable, keep_flagged: bool = False, progress: Progress = silent
) -> Removal:
    """Write every DICOM file of a place without identity into a new folder, with ``removed.csv`` beside them.

    Args:
        source: folder, zip archive or DICOMDIR.
        out: must not exist, and must not hold the table.
        table: pseudonyms; saved when all files are written.
        keep_flagged: write images whose pixels may show a name, too; a person must have looked at them.
        progress: told file by file.

    Raises:
        StorageError: if ``out`` exists, or the table would lie in it.
        FileProblem: if a file is damaged, there is none, or two that differ have one identifier.
    """
    if table.path.resolve().is_relative_to(out.resolve()):
        raise StorageError(f"the table {table.path} must not lie in {out}: it names the patients; keep it elsewhere")
    files, _ = dicom_files(source)
    if not files:
        raise FileProblem(f"{source} holds no DICOM file; check the path")
    removal, seen = Removal(), dict[str, tuple[str, str]]()
    with staged(out) as waiting, quiet_pydicom():
        for n, file in enumerate(files):
            ds = file.dataset(pixels=True)
            if _known_already(ds, file, seen):
                continue
            modality, why = str(ds.get("Modality", "") or ""), burned_in(ds)
            new_name = f"{table.uid(str(ds.get('SOPInstanceUID', '')))}.dcm"
            if modality in rules().modalities_left_out:
                removal.left_out.append((new_name, f"a {modality} object is made of words, which cannot be cleaned"))
            elif why and not keep_flagged:
                removal.left_out.append((new_name, f"its pixels may show a name: {why}"))
            else:
                if why:
                    removal.flagged.append((new_name, why))
                try:
                    waiting.add(deidentified(ds, table, removal))
                except Exception as error:  # damaged elements make pydicom raise any kind of error when looked at
                    sentence = " ".join(str(error).split())[:200]
                    raise FileProblem(f"{file.name} has a damaged element: {sentence}; nothing was written") from error
            progress("removing identity", (n + 1) / len(files))
        if not waiting.count:
            raise FileProblem(f"{source}: nothing is left to write; {removal.left_out[0][1]}")
        waiting.add_beside(LISTING, listing(removal))
        table.save()
        waiting.keep()
    return removal


def _known_already(ds: Any, file: DicomFile, seen: dict[str, tuple[str, str]]) -> bool:
    """Whether the very same file came before; a file without an identifier gets one made from its content.

    Raises:
        FileProblem: if another file has its identifier: one of the two would be lost.
    """
    digest = hashlib.sha256(file.content()).hexdigest()
    uid = str(ds.get("SOPInstanceUID", "") or "") or derived_uid(digest)
    ds.SOPInstanceUID = uid
    name, before = seen.setdefault(uid, (file.name, digest))
    if before != digest:
        raise FileProblem(f"{name} and {file.name} differ and have one identifier; take away the one that is wrong")
    return name != file.name


def listing(removal: Removal) -> bytes:
    """The list of what was done, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("what", "action", "times"))
    writer.writerows((word, action, times) for (word, action), times in sorted(removal.actions.items()))
    writer.writerows((name, f"written, but {why}", 1) for name, why in removal.flagged)
    writer.writerows((name, f"left out: {why}", 1) for name, why in removal.left_out)
    return text.getvalue().encode()
