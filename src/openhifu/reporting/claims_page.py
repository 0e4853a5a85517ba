"""A page of accuracy claims: a table of figures against limits, and a picture of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openhifu.base.files import write_whole
from openhifu.base.validation import ValidationRow
from openhifu.reporting.figures.claims import claim_png


@dataclass(frozen=True)
class Claim:
    """A claim as it was re-run.

    Attributes:
        name: by which ``openhifu validate`` runs it.
        row: what came out.
        seconds: how long it took.
    """

    name: str
    row: ValidationRow
    seconds: float


def write_claims(folder: Path, room: str, claims: Sequence[Claim]) -> Path:
    """Write a page named after the room, and in a folder of that name a picture of each claim that has one.

    Args:
        folder: where; made if it is not there.
        room: name of the room.
        claims: in the order of the page.

    Raises:
        StorageError: if the folder cannot be written to.
    """
    for claim in claims:
        if claim.row.picture is not None:
            write_whole(folder / room / f"{claim.name}.png", claim_png(claim.row.case, claim.row.picture))
    page = folder / f"{room}.md"
    write_whole(page, _page(room, claims).encode("utf-8"))
    return page


def _page(room: str, claims: Sequence[Claim]) -> str:
    head = (
        f"# Accuracy claims: {room}\n\n"
        f"Made by `openhifu validate {room} --out docs/validation`; every figure is measured by that command, none is "
        "typed.\nA claim holds where the figure is at most the limit.\n\n"
        "| case | figure | limit | unit | held against | holds |\n|---|---:|---:|---|---|---|\n"
    )
    return head + "".join(_line(room, c) for c in claims) + "".join(_picture(room, c) for c in claims)


def _line(room: str, claim: Claim) -> str:
    row = claim.row
    name = f"[{row.case}](#{_anchor(row.case)})" if row.picture is not None else row.case
    verdict = "yes" if row.ok else "**no**"
    cells = (name, f"{row.figure:.3g}", f"{row.limit:.3g}", row.unit, row.truth, verdict)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


def _picture(room: str, claim: Claim) -> str:
    if claim.row.picture is None:
        return ""
    return (
        f"\n## {claim.row.case}\n\n`openhifu validate {claim.name}`\n\n![{claim.row.case}]({room}/{claim.name}.png)\n"
    )


def _anchor(heading: str) -> str:
    """The anchor that Markdown viewers give a heading."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")
