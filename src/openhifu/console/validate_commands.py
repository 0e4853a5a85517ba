"""``openhifu validate``: every accuracy claim, re-run against its truth."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openhifu.base.errors import UnknownName
from openhifu.base.validation import ValidationRow
from openhifu.console.terminal import EXIT_FAILED, guarded, notes, say

if TYPE_CHECKING:
    from openhifu.reporting.claims_page import Claim

ROOMS: dict[str, tuple[str, ...]] = {
    "acoustics": (
        "openhifu.acoustics.validation",
        "openhifu.acoustics.validation_marching",
        "openhifu.acoustics.validation_nonlinear",
        "openhifu.acoustics.validation_timedomain",
        "openhifu.acoustics.validation_fullwave",
        "openhifu.acoustics.validation_hybrid",
        "openhifu.acoustics.validation_balance",
        "openhifu.acoustics.validation_sources",
        "openhifu.acoustics.validation_harmonics",
        "openhifu.acoustics.validation_orders",
        "openhifu.planning.validation_ribs",
    ),
    "planning": ("openhifu.planning.validation_mirror", "openhifu.planning.validation_plan"),
    "thermal": ("openhifu.thermal.validation",),
    "imaging": ("openhifu.imaging.validation",),
    "monitoring": ("openhifu.monitoring.validation",),
    "twin": ("openhifu.twin.validation",),
}
"""Modules with validation cases, by the room they belong to."""

Case = Callable[[], ValidationRow]


def all_cases(room: str) -> dict[str, Case]:
    """Cases of a room by name."""
    found: dict[str, Case] = {}
    for module in ROOMS[room]:
        found |= import_module(module).CASES
    return found


def chosen(names: list[str]) -> dict[str, dict[str, Case]]:
    """Cases by room and name: those of the named rooms, and named cases; all of them where nothing is named.

    Raises:
        UnknownName: with the nearest names.
    """
    every = {room: all_cases(room) for room in ROOMS}
    room_of = {name: room for room, cases in every.items() for name in cases}
    picked: dict[str, dict[str, Case]] = {}
    for name in names or list(ROOMS):
        if name in every:
            picked.setdefault(name, {}).update(every[name])
        elif name in room_of:
            picked.setdefault(room_of[name], {})[name] = every[room_of[name]][name]
        else:
            raise UnknownName("validation room or case", name, [*every, *room_of])
    return picked


@guarded
def validate(
    names: Annotated[list[str] | None, typer.Argument(help=f"Rooms ({', '.join(ROOMS)}) or single cases.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write a page and a picture of each claim to this folder.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Print the names of the cases and run none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per case.")] = False,
) -> None:
    """Re-run every accuracy claim against its truth; exit 1 if one does not hold.

    Example: openhifu validate thermal        openhifu validate acoustics --out docs/validation
    """
    picked = chosen(names or [])
    if listing:
        sys.stdout.write("".join(f"{room}: {name}\n" for room, cases in picked.items() for name in cases))
        return
    failed = 0
    for room, cases in picked.items():
        claims = [_run(name, case, as_json) for name, case in cases.items()]
        failed += sum(not c.row.ok for c in claims)
        if out is not None:
            from openhifu.reporting.claims_page import write_claims

            say(f"{write_claims(out, room, claims)}")
    if failed:
        say(f"[bold red]{failed} claims do not hold[/]")
        raise typer.Exit(EXIT_FAILED)


def _run(name: str, case: Case, as_json: bool) -> Claim:
    """Run a case and print its line."""
    from openhifu.reporting.claims_page import Claim

    begin = time.perf_counter()
    with notes().status(name):
        row = case()
    spent = time.perf_counter() - begin
    if as_json:
        line = json.dumps(row.data(), ensure_ascii=False)
    else:
        verdict = "ok  " if row.ok else "FAIL"
        line = (
            f"{verdict} {name}: {row.figure:.3g} {row.unit} (limit {row.limit:.3g}), against {row.truth}"
            f"   ({spent:.1f} s)"
        )
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return Claim(name, row, spent)
