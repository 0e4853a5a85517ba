"""The repository as the house tests see it: its files, its modules, and what each module imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "openhifu"

#: The floors from the ground up; rooms of one floor are siblings.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"base"}),
    frozenset({"model"}),
    frozenset({"acoustics", "thermal", "imaging", "delivery"}),
    frozenset({"planning", "monitoring", "reporting", "exchange", "records"}),
    frozenset({"twin"}),
    frozenset({"console"}),
)
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}

#: Folders that hold no source, for a tree that is not a git checkout.
_NOT_SOURCE = {".git", "__pycache__", "build", "dist", "out", "runs"}


@dataclass(frozen=True)
class Module:
    """A Python file of the package.

    Attributes:
        name: dotted name, ``openhifu.base.grid``; a package has the name of its folder.
        is_package: whether the file is an ``__init__.py``.
        tree: its syntax tree.
    """

    name: str
    is_package: bool
    tree: ast.Module

    @property
    def room(self) -> str:
        """Folder directly under ``openhifu``; empty for the face (``openhifu`` itself and what lies beside it)."""
        return room_of(self.name)


@dataclass(frozen=True)
class Imported:
    """One name that a module imports, as a dotted path, and the line where it does."""

    target: str
    line: int


def room_of(dotted: str) -> str:
    """The room a dotted name belongs to; empty if it belongs to none."""
    root, _, rest = dotted.partition(".")
    room = rest.partition(".")[0]
    is_room = root == "openhifu" and room and (room in FLOOR_OF or (PACKAGE / room).is_dir())
    return room if is_room else ""


@cache
def repository_files() -> tuple[Path, ...]:
    """Every file that belongs to the repository: what git tracks or would track, or else a walk of the tree."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True, check=False) if (ROOT / ".git").exists() else None
    if listing is not None and listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not _is_left_over(path.relative_to(ROOT))]
    return tuple(sorted(path for path in paths if path.is_file()))


def _is_left_over(path: Path) -> bool:
    return any(part in _NOT_SOURCE or (part.startswith(".") and part != ".ci") for part in path.parts[:-1])


def python_files() -> list[Path]:
    """Every Python file of the repository, tests included."""
    return [path for path in repository_files() if path.suffix == ".py"]


def relative(path: Path) -> str:
    """The path as a person would type it in the repository's root."""
    return path.relative_to(ROOT).as_posix()


def dotted_name(path: Path) -> str:
    """``src/openhifu/base/grid.py`` -> ``openhifu.base.grid``."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def package_modules() -> tuple[Module, ...]:
    """Every module of the package, parsed."""
    return tuple(
        Module(dotted_name(path), path.name == "__init__.py", ast.parse(path.read_text(encoding="utf-8"), str(path)))
        for path in python_files()
        if path.is_relative_to(PACKAGE)
    )


def imports(module: Module) -> Iterator[Imported]:
    """Every import of a module, wherever it stands: at the top, in a function, under TYPE_CHECKING, by string."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Imported(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, module)
            yield from (Imported(f"{origin}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from _import_by_string(node)


def _origin(node: ast.ImportFrom, module: Module) -> str:
    """Absolute name of the module that a from-import reads."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, node.module] if node.module else base)


def _import_by_string(node: ast.Call) -> Iterator[Imported]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in {"import_module", "__import__"} and node.args and isinstance(node.args[0], ast.Constant):
        yield Imported(str(node.args[0].value), node.lineno)
