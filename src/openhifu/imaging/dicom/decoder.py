"""Compressed pixels decoded in a process of their own: a decoder that a damaged file brings down takes only itself.

``python -m openhifu.imaging.dicom.decoder`` is that process. It reads DICOM files from its standard input, each after
a mark and its length, and answers with a mark and the length of what follows: ``+`` and the array as ``.npy``, or
``-`` and a sentence.
"""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from io import BytesIO
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem

_HEAD = struct.Struct("<cQ")
_PATIENCE = 8.0
"""s for one file, and as much again for every ``_BYTES_A_TURN`` of it."""

_BYTES_A_TURN = 20 << 20
_MEMORY = 6 << 30
"""Bytes of address space the process may claim."""


class Decoder:
    """The other process, started when first needed; a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def decode(self, content: bytes, name: str) -> NDArray[Any]:
        """Pixels of one DICOM file, (frames, rows, columns) or (rows, columns).

        Raises:
            FileProblem: if they cannot be decoded, the decoder fails, or it takes too long; naming ``name``.
        """
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise FileProblem(f"cannot decode the pixels of {name}: no way to speak to the decoder")
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(_PATIENCE * (1 + len(content) // _BYTES_A_TURN), give_up)
        timer.start()
        try:
            process.stdin.write(_HEAD.pack(b"?", len(content)))
            process.stdin.write(content)
            process.stdin.flush()
            mark, length = _HEAD.unpack(_exactly(process.stdout, _HEAD.size))
            answer = _exactly(process.stdout, length)
        except (OSError, EOFError, struct.error) as error:
            self._end()
            why = "it takes too long" if late.is_set() else "the decoder broke down on it"
            raise FileProblem(f"cannot decode the pixels of {name}: {why}; export the series uncompressed") from error
        finally:
            timer.cancel()
        if mark == b"-":
            raise FileProblem(f"cannot decode the pixels of {name}: {answer.decode()}; export the series uncompressed")
        return np.load(BytesIO(answer), allow_pickle=False)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            command = [sys.executable, "-m", "openhifu.imaging.dicom.decoder"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        process.wait()


def _exactly(stream: BinaryIO | Any, length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def _serve() -> None:
    """Answer files until the input ends."""
    from openhifu.imaging.dicom.files import quiet_pydicom

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard), hard))
    given, out = sys.stdin.buffer, sys.stdout.buffer
    while head := given.read(_HEAD.size):
        _, length = _HEAD.unpack(head)
        content = _exactly(given, length)
        try:
            import pydicom

            with quiet_pydicom():
                pixels = np.asarray(pydicom.dcmread(BytesIO(content)).pixel_array)
            answer = BytesIO()
            np.save(answer, pixels, allow_pickle=False)
            mark, body = b"+", answer.getvalue()
        except Exception as error:  # decoders raise any kind of error; the other side makes a sentence of it
            mark, body = b"-", (" ".join(str(error).split())[:200] or type(error).__name__).encode()
        out.write(_HEAD.pack(mark, len(body)) + body)
        out.flush()


if __name__ == "__main__":
    _serve()
