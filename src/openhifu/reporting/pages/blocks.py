"""The few kinds of blocks a report is made of; plain data for the page template, which holds no words of its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Align = Literal["left", "center", "right"]
Tone = Literal["error", "warning", "ok", "plain"]


@dataclass(frozen=True)
class Heading:
    """Title of a section; ``fresh`` starts it on a new page."""

    text: str
    fresh: bool = False
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Subheading:
    """Title within a section."""

    text: str
    kind: Literal["subheading"] = "subheading"


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    small: bool = False
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Facts:
    """Label and value pairs, in ``across`` columns of pairs.

    ``label`` is the width of the first labels [mm]; ``code`` sets values in fixed width, as hashes need.
    """

    rows: tuple[tuple[str, str], ...]
    across: int = 1
    label: float = 44.0
    code: bool = False
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Column:
    """A table's column: its head, its alignment, and its share of the width (0 for as wide as needed)."""

    head: str
    align: Align = "left"
    share: float = 0.0


@dataclass(frozen=True)
class Row:
    """A table's row; a row of one cell is a group's title over the whole width."""

    cells: tuple[str, ...]
    tone: Tone = "plain"


@dataclass(frozen=True)
class Table:
    """A table whose head repeats on every page; ``size`` is the type's size in points."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    size: float = 7.5
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Picture:
    """A figure with its caption, kept together."""

    path: str
    caption: str
    alt: str
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True)
class Callout:
    """A framed note: a title, and lines beneath it."""

    tone: Tone
    title: str
    lines: tuple[str, ...] = ()
    kind: Literal["callout"] = "callout"


@dataclass(frozen=True)
class Listing:
    """Numbered lines, as for sources."""

    lines: tuple[str, ...]
    kind: Literal["listing"] = "listing"


@dataclass(frozen=True)
class SideBySide:
    """Tables set in pairs, each kept whole."""

    tables: tuple[Table, ...]
    kind: Literal["pairs"] = "pairs"


Block = Heading | Subheading | Text | Facts | Table | Picture | Callout | Listing | SideBySide


def plain(block: Block) -> dict[str, Any]:
    """A block as JSON data."""
    return asdict(block)
