"""``import openhifu`` stays light: it loads none of the libraries that take long to import."""

from __future__ import annotations

import json
import subprocess
import sys

SLOW = {
    *("numba", "llvmlite", "scipy", "matplotlib", "nibabel", "typst", "h5py", "rocket_fft"),
    *("pydicom", "highdicom", "pynetdicom", "gdcm", "SimpleITK", "sqlalchemy", "alembic"),
    *("fastapi", "starlette", "uvicorn", "argon2", "websockets"),
}


def test_the_face_loads_nothing_slow() -> None:
    program = "import json, sys, openhifu; print(json.dumps([n for n in sys.modules if '.' not in n]))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loaded = SLOW.intersection(json.loads(run.stdout))
    assert not loaded, f"import openhifu loads {sorted(loaded)}; import them in the functions that need them"
