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

from openhifu.base.errors import FileProblem, UnknownName
from openhifu.base.validation import ValidationRow
from openhifu.console.terminal import EXIT_FAILED, guarded, notes, say

if TYPE_CHECKING:
    from openhifu.reporting.claims_page import Claim

SKULLS = "openhifu.acoustics.validation_masks"
"""The module whose cases need masks that are no part of this program."""

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
        SKULLS,
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


def all_cases(room: str, masks: Path | None = None) -> dict[str, Case]:
    """Cases of a room by name.

    Args:
        room: its name.
        masks: folder of the skull masks.
    """
    found: dict[str, Case] = {}
    for module in ROOMS[room]:
        found |= import_module(module).cases(masks) if module == SKULLS else import_module(module).CASES
    return found


def chosen(names: list[str], masks: Path | None = None) -> dict[str, dict[str, Case]]:
    """Cases by room and name: those of the named rooms, and named cases; all of them where nothing is named.

    Args:
        names: of rooms and cases.
        masks: folder of the skull masks.

    Raises:
        UnknownName: with the nearest names.
    """
    every = {room: all_cases(room, masks) for room in ROOMS}
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
    masks: Annotated[
        Path | None,
        typer.Option("--masks", envvar="OPENHIFU_SKULL_MASKS", help="Folder of the skull masks of BM7 and BM8."),
    ] = None,
) -> None:
    """Re-run every accuracy claim against its truth; exit 1 if one does not hold.

    Example: openhifu validate thermal        openhifu validate acoustics --out docs/validation --masks FOLDER
    """
    picked = chosen(names or [], masks)
    if listing:
        sys.stdout.write("".join(f"{room}: {name}\n" for room, cases in picked.items() for name in cases))
        return
    picked = that_can_run(picked, names or [], masks, whole_page=out is not None)
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


def that_can_run(
    picked: dict[str, dict[str, Case]], names: list[str], masks: Path | None, whole_page: bool
) -> dict[str, dict[str, Case]]:
    """The cases without those of the skulls where nobody has said where the masks are, which it says.

    Args:
        picked: by room and name.
        names: as they were given.
        masks: folder of the skull masks.
        whole_page: whether a page is written, which must not lack claims.

    Raises:
        FileProblem: if a folder is given and the masks are not in it, or none is and a page or one of these cases is
            asked for by name.
        Tampered: if it holds other masks.
    """
    from openhifu.acoustics.skull_masks import SECTION, WHOLE, find_published
    from openhifu.acoustics.validation_masks import cases

    of_skulls = {name for room in picked.values() for name in room} & set(cases(masks))
    if not of_skulls:
        return picked
    try:
        for file in (SECTION, WHOLE):
            find_published(masks, file)
    except FileProblem as problem:
        if masks is not None or whole_page or of_skulls & set(names):
            raise
        say(f"[bold red]{len(of_skulls)} claims are not run[/]: {problem}")
    else:
        return picked
    return {room: {n: c for n, c in own.items() if n not in of_skulls} for room, own in picked.items()}


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
