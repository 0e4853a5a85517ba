"""The cases shipped with the program, found in an installed package and in a clone alike."""

from __future__ import annotations

from pathlib import Path

from openhifu.base.errors import UnknownName

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled_case_names() -> tuple[str, ...]:
    """Names of the cases shipped with the program."""
    return tuple(sorted(path.parent.name for path in _root().glob("*/case.toml")))


def bundled_case(name: str) -> Path:
    """Folder of a case shipped with the program.

    Raises:
        UnknownName: with the nearest names.
    """
    if name not in bundled_case_names():
        raise UnknownName("bundled case", name, bundled_case_names())
    return _root() / name


def _root() -> Path:
    """``openhifu/cases`` as installed; a clone has ``cases`` beside ``src`` instead."""
    installed = _PACKAGE / "cases"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "cases"
