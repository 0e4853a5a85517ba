"""The lock names every dependency with hashes and no place to fetch it from; the code uses only what is declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.sources import ROOT, Module, imports, package_modules, python_files

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD_BACKEND = ["editables"]


def locked() -> dict[str, tuple[Requirement, list[str]]]:
    """Each requirement that holds on this machine, with its hashes, by canonical name."""
    entries = {}
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        head, *hashes = [part.strip() for part in entry.replace("\\\n", "\n").splitlines()]
        requirement = Requirement(head)
        if requirement.marker is None or requirement.marker.evaluate():
            entries[canonicalize_name(requirement.name)] = (requirement, hashes)
    return entries


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for at run time, and for the extras named."""
    project = PROJECT["project"]
    extra = [line for name in extras for line in project["optional-dependencies"][name]]
    return [Requirement(line) for line in [*project["dependencies"], *extra]]


def test_every_entry_is_pinned_and_hashed() -> None:
    for name, (requirement, hashes) in locked().items():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), f"{name} is not pinned to one version"
        assert hashes, f"{name} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), f"{name}: {hashes}"


def test_no_place_is_named() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, re.MULTILINE), "an option in the lock"


def test_every_declared_dependency_is_locked_as_declared() -> None:
    entries = locked()
    wanted = declared("dev") + [Requirement(line) for line in PROJECT["build-system"]["requires"] + BUILD_BACKEND]
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        assert name in entries, f"{name} is declared but not locked: make lock"
        pin = next(iter(entries[name][0].specifier)).version
        assert requirement.specifier.contains(pin), f"{name}: locked {pin}, declared {requirement.specifier}: make lock"


def test_the_package_imports_only_what_it_declares() -> None:
    extras = [name for name in PROJECT["project"]["optional-dependencies"] if name != "dev"]
    undeclared = undeclared_imports(package_modules(), declared(*extras))
    assert not undeclared, f"imported by openhifu but not in pyproject's dependencies or extras: {undeclared}"


def test_the_tests_import_only_what_is_declared() -> None:
    tests = [path for path in python_files() if path.is_relative_to(ROOT / "tests")]
    modules = [Module(path.stem, False, ast.parse(path.read_text(encoding="utf-8"))) for path in tests]
    undeclared = undeclared_imports(modules, declared(*PROJECT["project"]["optional-dependencies"]))
    assert not undeclared, f"imported by tests but not in pyproject's dev extra: {undeclared}"


def undeclared_imports(modules: Iterable[Module], requirements: list[Requirement]) -> list[str]:
    """Top-level imports that neither the standard library, the project nor a declared distribution provides."""
    names = {canonicalize_name(requirement.name) for requirement in requirements}
    providers = packages_distributions()
    roots = {imported.target.partition(".")[0] for module in modules for imported in imports(module)}
    outside = roots - set(sys.stdlib_module_names) - {"openhifu", "tests"}
    return sorted(r for r in outside if names.isdisjoint(canonicalize_name(n) for n in providers.get(r, [r])))
