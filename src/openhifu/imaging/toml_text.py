"""Sections as TOML text a person can read and edit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from openhifu.imaging.units_in_files import Section


def toml_of(section: Section, path: str = "") -> str:
    """A section's own values first, then its tables, then its arrays of tables, in the order of the fields.

    Args:
        section: what to write; fields that are None are left out.
        path: dotted name of the table it is, with a dot at the end; empty for the whole file.
    """
    plain, tables = [], []
    for key in type(section).model_fields:
        value = getattr(section, key)
        if isinstance(value, Section):
            tables.append(f"\n[{path}{key}]\n{toml_of(value, f'{path}{key}.')}")
        elif isinstance(value, dict):
            tables.append(
                "\n".join([f"\n[{path}{key}]", *(f"{_quoted(k)} = {_quoted(v)}" for k, v in value.items())]) + "\n"
            )
        elif isinstance(value, tuple) and value and isinstance(value[0], Section):
            tables += [f"\n[[{path}{key}]]\n{toml_of(item, f'{path}{key}.')}" for item in value]
        elif value is not None:
            plain.append(f"{key} = {_scalar(value)}")
    return "\n".join(plain) + "\n" + "".join(tables)


def _scalar(value: Any) -> str:
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    return _text(value) if isinstance(value, str) else str(value)


def _number(value: Decimal) -> str:
    """Shortest plain form; a negative zero keeps its sign, which only a float can carry."""
    if value == 0:
        return "-0.0" if value.is_signed() else "0"
    short = value.normalize()
    return format(short, "f") if -7 < short.adjusted() < 15 else str(short)


def _text(value: str) -> str:
    if "\n" in value and '"' not in value and all(c.isprintable() or c == "\n" for c in value):
        return '"""\n' + value.replace("\\", "\\\\") + '"""'
    return _quoted(value)


def _quoted(value: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
