"""Randomly damaged images read in a watched process: a result or one sentence each, no crash, no hang, bounded memory.

The suite runs a sample. All of it:

    python -m tests.mutations --count 2000
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing as mp
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from openhifu.base.errors import InputError
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.exchange.ct_series import ct_series
from openhifu.exchange.segmentation import segmentation
from openhifu.exchange.structure_set import structure_set
from openhifu.exchange.study import Study
from openhifu.imaging import nifti_bytes, read_scan
from openhifu.imaging.dicom.structures import read_structures
from tests.dicom_making import FRAME, enhanced_mr, one_sentence, pattern, save, series_of

LONGEST = 10.0
"""Seconds one file may take."""

MOST_MEMORY = 2 << 30
"""Bytes of address space that reading may claim beyond what the process has when it starts."""


@dataclass
class Tally:
    """What became of the damaged files.

    Attributes:
        kinds: how many ended as what: read, refused, or a fault.
        faults: a sentence for each crash, hang, stray exception or unreadable message.
        longest: s the slowest took.
        memory: highest resident size of a reading process [bytes].
    """

    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    longest: float = 0.0
    memory: int = 0


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed in one of six ways, more often near the start, where the headers are."""
    data = bytearray(content)
    head = min(len(data), 4096)
    where = int(rng.integers(head if rng.random() < 0.7 else len(data)))
    length = int(rng.integers(1, 64))
    way = int(rng.integers(6))
    if way == 0:
        for n in rng.integers(head if rng.random() < 0.5 else len(data), size=int(rng.integers(1, 20))):
            data[int(n)] = int(rng.integers(256))
    elif way == 1:
        del data[where:]
    elif way == 2:
        data[where:where] = rng.bytes(length)
    elif way == 3:
        data[where : where + length] = bytes(len(data[where : where + length]))
    elif way == 4:
        del data[where : where + length]
    else:
        data[where : where + 4] = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", rng.bytes(4))[
            int(rng.integers(4))
        ]
    return bytes(data)


def good_inputs(folder: Path) -> dict[str, tuple[Path, Path]]:
    """By name, what to read and which of its files to damage."""
    ct = save(folder / "ct", series_of())
    wide = np.kron(pattern(), np.ones((4, 4, 1), np.int16))
    compressed = save(folder / "j2k", series_of(stored=wide))
    for ds_file in compressed.iterdir():
        _compress(ds_file)
    mr = folder / "mr.dcm"
    enhanced_mr().save_as(mr, enforce_file_format=True)
    archive = folder / "ct.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(ct.iterdir()):
            out.write(file, file.name)
    nifti = folder / "ct.nii.gz"
    grid = Grid(pattern().shape, np.diag([1e-3, 1e-3, 2e-3, 1]), Frame.PATIENT)
    nifti.write_bytes(nifti_bytes(pattern(), grid))
    plain = folder / "plain.nii"
    plain.write_bytes(gzip.decompress(nifti.read_bytes()))
    return {
        "CT": (ct, sorted(ct.iterdir())[2]),
        "CT, JPEG 2000": (compressed, sorted(compressed.iterdir())[2]),
        "enhanced MR": (mr, mr),
        "zip": (archive, archive),
        "NIfTI": (plain, plain),
        "NIfTI, gzip": (nifti, nifti),
        **{made.stem: (made, made) for made in _structures(folder)},
    }


def _structures(folder: Path) -> list[Path]:
    """A structure set and a segmentation."""
    image = read_scan(folder / "ct").field
    study = Study("P1", "Test^Phantom", "1.2.3", FRAME, "mutations", datetime(2026, 1, 2, tzinfo=UTC))
    images = ct_series(image, study, None)
    masks = {"one": image.data > 0, "two": image.data < -900}
    written = []
    for make in (structure_set, segmentation):
        file = folder / f"{make.__name__}.structures"
        make(masks, image.grid, study, images).save_as(file, enforce_file_format=True)
        written.append(file)
    return written


def _read(path: Path) -> None:
    """Read a scan, or structures onto the grid of the undamaged CT beside them."""
    if path.suffix == ".structures":
        image = read_scan(path.parent / "ct")
        read_structures(path, image.field.grid, image.origin.frame_of_reference if image.origin else "")
    else:
        read_scan(path)


def _compress(file: Path) -> None:
    import gdcm

    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(file))
    reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEG2000Lossless))
    change.SetInput(reader.GetImage())
    change.Change()
    writer.SetFileName(str(file))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.Write()


def _serve(pipe: Any) -> None:
    """Read what is asked until told to stop; one answer a file: (kind, sentence, peak bytes)."""
    for name in ("gdcm", "nibabel", "pydicom.pixels", "highdicom"):  # loaded before the memory is bounded
        import_module(name)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_MEMORY, size + MOST_MEMORY))
    while (path := pipe.recv()) is not None:
        try:
            _read(path)
            answer = ("read", "")
        except InputError as error:
            answer = ("refused", str(error)) if one_sentence(error) else ("fault", f"no clear sentence: {error!r}")
        except Exception as error:  # the very thing looked for
            answer = ("fault", f"{type(error).__name__}: {error}")
        used = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        pipe.send((*answer, used * 1024))


class Watched:
    """A process that reads; killed and started anew when it crashes or hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = mp.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def read(self, path: Path, patience: float) -> tuple[str, str, int]:
        """Kind, sentence and peak memory of reading a path."""
        try:
            self.pipe.send(path)
            if self.pipe.poll(patience):
                return self.pipe.recv()
            self.process.kill()
            answer = ("fault", f"hung for more than {patience:.0f} s", 0)
        except (EOFError, ConnectionError):
            self.process.join()
            answer = ("fault", f"crashed with exit code {self.process.exitcode}", 0)
        self.close()
        self._start()
        return answer

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


def run(count: int, seed: int, said: Callable[[str], None] = lambda text: None) -> Tally:
    """Damage ``count`` files and read each."""
    rng = np.random.default_rng(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        inputs = list(good_inputs(Path(folder)).items())
        reader = Watched()
        for name, (path, _) in inputs:
            kind, sentence, _ = reader.read(path, 120.0)  # the first reading loads libraries
            assert kind == "read", f"the undamaged {name} is {kind}: {sentence}"
        for n in range(count):
            name, (path, victim) = inputs[n % len(inputs)]
            whole = victim.read_bytes()
            victim.write_bytes(damaged(whole, rng))
            started = time.monotonic()
            kind, sentence, memory = reader.read(path, LONGEST)
            tally.longest = max(tally.longest, time.monotonic() - started)
            tally.memory = max(tally.memory, memory)
            tally.kinds[kind] += 1
            if kind == "fault":
                tally.faults.append(f"{name}, number {n} of seed {seed}: {sentence}")
                said(tally.faults[-1])
            victim.write_bytes(whole)
        reader.close()
    return tally


def main() -> None:
    """Damage many files and say what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    tally = run(given.count, given.seed, lambda text: print(text, flush=True))
    print(
        f"{given.count} damaged files: {dict(tally.kinds)}; slowest {tally.longest:.2f} s, "
        f"largest process {tally.memory / 1e6:.0f} MB, {time.monotonic() - started:.0f} s in all"
    )
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
