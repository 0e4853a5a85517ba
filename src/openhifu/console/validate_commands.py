"""``openhifu validate``: every accuracy claim, re-run against its truth."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated

import typer

from openhifu.base.errors import UnknownName
from openhifu.base.validation import ValidationRow
from openhifu.console.terminal import EXIT_FAILED, guarded, say

ROOMS: dict[str, tuple[str, ...]] = {
    "acoustics": (
        "openhifu.acoustics.validation",
        "openhifu.acoustics.validation_nonlinear",
        "openhifu.acoustics.validation_timedomain",
        "openhifu.acoustics.validation_fullwave",
    ),
    "thermal": ("openhifu.thermal.validation",),
    "monitoring": ("openhifu.monitoring.validation",),
    "twin": ("openhifu.twin.validation",),
}
"""Modules with validation cases, by the room they belong to."""


def all_cases(room: str) -> dict[str, Callable[[], ValidationRow]]:
    """Cases of a room by name."""
    found: dict[str, Callable[[], ValidationRow]] = {}
    for module in ROOMS[room]:
        found |= import_module(module).CASES
    return found


def chosen(names: list[str]) -> list[tuple[str, Callable[[], ValidationRow]]]:
    """Cases of the named rooms, and named cases; all of them where nothing is named.

    Raises:
        UnknownName: with the nearest names.
    """
    every = {room: all_cases(room) for room in ROOMS}
    flat = {name: case for cases in every.values() for name, case in cases.items()}
    picked: dict[str, Callable[[], ValidationRow]] = {}
    for name in names or list(ROOMS):
        if name in every:
            picked |= every[name]
        elif name in flat:
            picked[name] = flat[name]
        else:
            raise UnknownName("validation room or case", name, [*every, *flat])
    return list(picked.items())


@guarded
def validate(
    names: Annotated[
        list[str] | None, typer.Argument(help="Rooms (acoustics, thermal, monitoring, twin) or single cases.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per case.")] = False,
) -> None:
    """Re-run every accuracy claim against its truth; exit 1 if one does not hold.

    Example: openhifu validate thermal
    """
    failed = 0
    for name, case in chosen(names or []):
        row = case()
        failed += not row.ok
        if as_json:
            sys.stdout.write(json.dumps(row.data(), ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            verdict = "ok  " if row.ok else "FAIL"
            sys.stdout.write(
                f"{verdict} {name}: {row.figure:.3g} {row.unit} (limit {row.limit:.3g}), against {row.truth}\n"
            )
            sys.stdout.flush()
    if failed:
        say(f"[bold red]{failed} claims do not hold[/]")
        raise typer.Exit(EXIT_FAILED)
