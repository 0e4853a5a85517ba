"""``openhifu bench``: every speed claim, re-run beside the machine's own limits and, where installed, peers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from openhifu.base.errors import CannotModel, FileProblem, UnknownName
from openhifu.base.measurement import Contest, Measurement
from openhifu.console.terminal import EXIT_FAILED, guarded, notes, say

ROOMS: dict[str, tuple[str, ...]] = {
    "acoustics": ("openhifu.acoustics.bench", "openhifu.acoustics.bench_peers"),
    "thermal": ("openhifu.thermal.bench", "openhifu.thermal.bench_peers"),
    "planning": ("openhifu.planning.bench",),
    "console": ("openhifu.console.server.bench",),
}
"""Modules with speed claims (``BENCHES``) and contests with peers (``CONTESTS``), by the room they belong to."""

Bench = Callable[[], tuple[Measurement, ...]]


def chosen(names: list[str]) -> tuple[dict[str, Bench], dict[str, Contest]]:
    """Speed claims and contests of the named rooms, and named ones; all of them where nothing is named.

    Raises:
        UnknownName: with the nearest names.
    """
    modules = {room: [import_module(m) for m in paths] for room, paths in ROOMS.items()}
    benches, contests = (
        {
            room: {name: one for module in found for name, one in getattr(module, kind, {}).items()}
            for room, found in modules.items()
        }
        for kind in ("BENCHES", "CONTESTS")
    )
    picked: tuple[dict[str, Bench], dict[str, Contest]] = ({}, {})
    for name in names or list(ROOMS):
        known = False
        for every, own in zip((benches, contests), picked, strict=True):
            for room, cases in every.items():
                taken = cases if name == room else {n: c for n, c in cases.items() if n == name}
                own.update(taken)
                known = known or name == room or bool(taken)
        if not known:
            every_name = [n for kind in (benches, contests) for cases in kind.values() for n in cases]
            raise UnknownName("bench", name, [*ROOMS, *every_name])
    return picked


@guarded
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Rooms or single measurements.")] = None,
    peers: Annotated[
        Path | None, typer.Option(help="Python of an environment with the peers, to run them in turn with ours.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Print the names and run none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per measurement.")] = False,
) -> None:
    """Re-run every speed claim, with --peers beside other programs and in turn with them; exit 1 if a goal is missed.

    Example: openhifu bench thermal        openhifu bench acoustics --peers peers-env/bin/python
    """
    benches, contests = chosen(names or [])
    if listing:
        kinds = ((benches, ""), (contests, " (with a peer)"))
        sys.stdout.write("".join(f"{name}{note}\n" for every, note in kinds for name in every))
        return
    missed = 0
    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; ratios are what to trust, single times are not")
    for name, act in benches.items():
        try:
            with notes().status(name):
                rows = act()
        except CannotModel as error:
            say(f"not run: {name}: {error}")
            continue
        for row in rows:
            missed += not _shown(row, as_json)
    for contest in contests.values():
        if peers is None:
            say(f"not run: {contest.name} beside {contest.peer} (give --peers)")
            continue
        try:
            from openhifu.console.peers import compete

            with notes().status(f"{contest.name} beside {contest.peer}"):
                row = compete(contest, peers)
            missed += not _shown(row, as_json)
        except FileProblem as error:
            say(f"not run: {contest.name} beside {contest.peer}: {error}")
    if missed:
        say(f"[bold red]{missed} goals were missed[/]")
        raise typer.Exit(EXIT_FAILED)


def _shown(row: Measurement, as_json: bool) -> bool:
    """Print a row; returns whether its goal is reached."""
    sys.stdout.write((json.dumps(row.data(), ensure_ascii=False) if as_json else _line(row)) + "\n")
    sys.stdout.flush()
    return row.reached


def _line(row: Measurement) -> str:
    parts = [f"{row.name}: {row.ours:.3g} {row.unit}"]
    if row.other is not None and row.ratio is not None:
        parts.append(f"{row.beside} {row.other:.3g}: {row.ratio:.3g} times better")
    if row.floor is not None:
        parts.append(f"machine's limit {row.floor:.3g}")
    if row.goal is not None:
        parts.append(f"goal {row.goal:.3g} {'reached' if row.reached else 'MISSED'}")
    return ", ".join(parts) + f"   (load {row.load:.1f})"
