"""Imports go down the house only, siblings do not import one another, and delivery stays free of numerics."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from tests.house.sources import FLOOR_OF, Module, imports, package_modules, room_of

#: What decides whether ultrasound is on may use these and the standard library, nothing else.
DELIVERY_MAY_USE = {"openhifu", "pydantic", "typing_extensions"}

NUMERICS = ("numpy", "scipy", "numba", "rocket_fft", "h5py", "matplotlib", "nibabel", "pydicom")


def offences(module: Module) -> list[str]:
    """Sentences naming each import of a room that its floor does not allow."""
    if not module.room:
        return []
    found = []
    for imported in imports(module):
        root, _, rest = imported.target.partition(".")
        where = f"{module.name}:{imported.line} imports {imported.target}"
        if root == "openhifu":
            found += _offences_inside(module.room, rest, where)
        elif module.room == "delivery" and root not in sys.stdlib_module_names | DELIVERY_MAY_USE:
            found.append(f"{where}: delivery may use only base, model, pydantic and the standard library")
    return found


def _offences_inside(room: str, target: str, where: str) -> list[str]:
    other = room_of(f"openhifu.{target}")
    if not other:
        return [f"{where}: a room may not import the face above it"]
    if other == room:
        return []
    if other not in FLOOR_OF:
        return [f"{where}: {other} is not a room of the house"]
    if FLOOR_OF[other] >= FLOOR_OF[room]:
        return [f"{where}: {other} does not lie below {room}"]
    if any(part.startswith("_") for part in target.split(".")[1:]):
        return [f"{where}: a name that starts with an underscore is private to {other}"]
    return []


def loaded_in_a_fresh_interpreter(*names: str) -> set[str]:
    """Top-level names in ``sys.modules`` after importing the given modules in a new process."""
    program = "\n".join(
        [f"import {name}" for name in names]
        + ["import json, sys", "print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"]
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout))


def test_every_room_is_a_room_of_the_house() -> None:
    unknown = {module.room for module in package_modules()} - set(FLOOR_OF) - {""}
    assert not unknown, f"folders of openhifu with code that are no room: {sorted(unknown)}"


def test_imports_go_down_only() -> None:
    found = [sentence for module in package_modules() for sentence in offences(module)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("room", "line", "allowed"),
    [
        ("model", "from openhifu.base.grid import Grid", True),
        ("model", "from .tissue import Tissue", True),
        ("model", "import numpy", True),
        ("base", "from openhifu.model import plan", False),
        ("base", "from ..model.plan import TreatmentPlan", False),
        ("base", "from openhifu import model", False),
        ("base", "def late():\n    from openhifu.model import plan", False),
        ("base", "import importlib\nimportlib.import_module('openhifu.model')", False),
        ("model", "import openhifu", False),
        ("model", "from openhifu import solve", False),
        ("model", "from openhifu.base._secret import thing", False),
        ("model", "from openhifu.base.grid import _hidden", False),
        ("delivery", "import json, pydantic", True),
        ("delivery", "import numpy as np", False),
        ("delivery", "from scipy.fft import fftn", False),
    ],
)
def test_the_rule_tells_right_from_wrong(room: str, line: str, allowed: bool) -> None:
    module = Module(f"openhifu.{room}.example", False, ast.parse(line))
    assert (not offences(module)) is allowed


def test_delivery_loads_no_numerics() -> None:
    names = [module.name for module in package_modules() if module.room == "delivery"]
    loaded = loaded_in_a_fresh_interpreter("openhifu", *names)
    assert loaded.isdisjoint(NUMERICS), sorted(loaded.intersection(NUMERICS))


def test_the_fresh_interpreter_tells_what_was_loaded() -> None:
    assert "numpy" in loaded_in_a_fresh_interpreter("numpy.linalg")
