"""BabelViscoFDTD (compiled for the CPU, float32): time steps of a lossy heterogeneous box, without shear."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
from acoustic_box import WATER, Box, serve

_PACKAGE = find_spec("BabelViscoFDTD")
if _PACKAGE is not None and _PACKAGE.submodule_search_locations:
    # It looks for its compiled parts beside itself by a name without its package.
    sys.path.append(_PACKAGE.submodule_search_locations[0])

from BabelViscoFDTD.PropagationModel import PropagationModel  # noqa: E402


def main() -> None:
    """Prepare the box and serve."""
    box = Box.given()
    where = np.zeros(box.shape, np.uint32)
    where[box.inside] = 1
    rows = np.array([[m[1], m[0], 0.0, m[2], 0.0] for m in (WATER, box.layer)])
    source, sensor = np.zeros(box.shape, np.uint32), np.zeros(box.shape, np.uint32)
    source[14] = 1
    sensor[-15, box.shape[1] // 2, box.shape[2] // 2] = 1
    one = np.ones(1)
    model = PropagationModel()
    _, step = model.StaggeredFDTD_3D_with_relaxation(
        where, rows, box.frequency, source, np.zeros((1, 1)), box.spacing, 1e-6, sensor,
        TypeSource=2, CheckOnlyParams=True,
    )  # fmt: skip
    tone = np.sin(2 * np.pi * box.frequency * step * np.arange(box.steps))[None, :]

    def run() -> None:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            model.StaggeredFDTD_3D_with_relaxation(
                where, rows, box.frequency, source, tone, box.spacing, (box.steps - 0.5) * step, sensor,
                Ox=one, Oy=one, Oz=one, COMPUTING_BACKEND=0, USE_SINGLE=True, TypeSource=2, SILENT=1,
            )  # fmt: skip

    serve(f"BabelViscoFDTD {version('BabelViscoFDTD')} CPU float32", run)


if __name__ == "__main__":
    main()
