"""Frozen records with canonical JSON and a content hash.

Canonical JSON: keys sorted, no spaces, UTF-8 unescaped, floats in Python's shortest round-trip form, NaN and
infinity refused.
The hash is SHA-256 over ``{"data": ..., "record": NAME, "schema": VERSION}`` in that form, so two records of
different kinds never share one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from openhifu.base.errors import FormatError, Tampered


def canonical_json(value: Any) -> str:
    """Canonical JSON text of plain JSON data.

    Raises:
        FormatError: if a number is NaN or infinite, or a value is not JSON.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise FormatError(f"this cannot be written as canonical JSON: {error}; every number must be finite") from error


def sha256_hex(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def explain(error: ValidationError) -> str:
    """One sentence per field that pydantic refused: where, what is wrong, what was given."""
    parts = []
    for item in error.errors():
        where = ".".join(str(p) for p in item["loc"]) or "the record"
        given = "" if item["type"] == "missing" else f" (given: {item['input']!r:.80})"
        parts.append(f"{where}: {item['msg'].removeprefix('Value error, ')}{given}")
    return "; ".join(parts)


class Record(BaseModel):
    """Base of every noun that is stored, signed or sent: frozen, unknown keys refused, hashable by content."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: ClassVar[int] = 1
    """Raised whenever the meaning or set of fields changes; older files are migrated, newer ones refused."""

    def data(self) -> dict[str, Any]:
        """Plain JSON data of the fields."""
        return self.model_dump(mode="json")

    @property
    def content_hash(self) -> str:
        """SHA-256 over kind, schema and content."""
        return sha256_hex(
            canonical_json({"record": type(self).__name__, "schema": self.schema_version, "data": self.data()})
        )

    def to_document(self) -> str:
        """Text of a file: kind, schema, hash and data, indented for people."""
        body = {
            "record": type(self).__name__,
            "schema": self.schema_version,
            "hash": self.content_hash,
            "data": self.data(),
        }
        return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_data(cls, data: Any, origin: str) -> Self:
        """Build from plain data.

        Args:
            data: JSON-like data.
            origin: the file or place it came from, for the message.

        Raises:
            FormatError: naming every field that is wrong.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise FormatError(f"{origin}: {explain(error)}") from error

    @classmethod
    def from_document(cls, text: str, origin: str) -> Self:
        """Read back what ``to_document`` wrote.

        Raises:
            FormatError: if it is not such a document, or of a newer schema.
            Tampered: if the content does not match the hash it carries.
        """
        try:
            body = json.loads(text)
        except json.JSONDecodeError as error:
            raise FormatError(f"{origin} is not valid JSON: {error}") from error
        kind = cls.__name__
        if not isinstance(body, dict) or set(body) != {"record", "schema", "hash", "data"} or body["record"] != kind:
            raise FormatError(f"{origin} is not a {kind} document; a file written by OpenHIFU is needed")
        if not isinstance(body["schema"], int) or body["schema"] > cls.schema_version:
            raise FormatError(
                f"{origin} has schema {body['schema']!r}, this program knows up to {cls.schema_version}; "
                "open it with the newer OpenHIFU that wrote it"
            )
        record = cls.from_data(body["data"], origin)
        if record.content_hash != body["hash"]:
            raise Tampered(
                f"{origin} was changed after it was signed: its content hashes to {record.content_hash[:12]}, "
                f"it carries {str(body['hash'])[:12]}; make it anew instead of editing it"
            )
        return record
