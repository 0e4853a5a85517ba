"""The table of pseudonyms, kept apart from what is given away: who is who, by how many days, and the secret key."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openhifu.base.errors import FormatError
from openhifu.base.files import read_text, write_whole

_SCHEMA = 1
_MOST_DAYS = 3650
_LEAST_DAYS = 30


@dataclass(frozen=True)
class Pseudonym:
    """One patient's.

    Attributes:
        name: what the patient is called.
        days: how many days all dates are moved back.
    """

    name: str
    days: int


class PseudonymTable:
    """Pseudonyms of patients by their identifier, derived from a secret key; ``save`` writes what was added.

    Args:
        path: the table's file; made with a new key if it does not exist.
        prefix: of new pseudonyms.

    Raises:
        FormatError: if the file is no such table.
    """

    def __init__(self, path: Path, prefix: str = "HIFU") -> None:
        self.path, self._prefix = path, prefix
        data: dict[str, Any] = {"schema": _SCHEMA, "key": secrets.token_hex(32), "patients": {}}
        if path.exists():
            try:
                data = json.loads(read_text(path, "table of pseudonyms"))
                self._key = bytes.fromhex(data["key"])
                patients = {
                    who: (Pseudonym(p["pseudonym"], int(p["days"])), str(p["name"]))
                    for who, p in data["patients"].items()
                }
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise FormatError(
                    f"{path} is no table of pseudonyms; give the file that an earlier export wrote"
                ) from error
            if data.get("schema") != _SCHEMA:
                raise FormatError(f"{path} has schema {data.get('schema')!r}, this program knows {_SCHEMA}")
            self._patients = patients
        else:
            self._key, self._patients = bytes.fromhex(data["key"]), {}

    def pseudonym(self, patient_id: str, patient_name: str) -> Pseudonym:
        """The pseudonym of a patient, who is known by the identifier, or by the name where there is none."""
        who = patient_id or f"name {patient_name}"
        if who not in self._patients:
            digest = self._hash("patient", who)
            days = _LEAST_DAYS + int.from_bytes(digest[8:12], "big") % (_MOST_DAYS - _LEAST_DAYS)
            self._patients[who] = (Pseudonym(f"{self._prefix}-{digest[:5].hex().upper()}", days), patient_name)
        return self._patients[who][0]

    def uid(self, original: str) -> str:
        """The identifier that stands for another, always the same; without the key nobody can tell which it was."""
        digest = bytearray(self._hash("uid", original)[:16])
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(digest, 'big')}"

    def save(self) -> None:
        """Write the table, readable by its owner only.

        Raises:
            StorageError: if it cannot be written.
        """
        patients = {
            who: {"pseudonym": p.name, "days": p.days, "name": name}
            for who, (p, name) in sorted(self._patients.items())
        }
        data = {"schema": _SCHEMA, "key": self._key.hex(), "patients": patients}
        write_whole(self.path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
        os.chmod(self.path, 0o600)

    def _hash(self, *what: str) -> bytes:
        return hmac.new(self._key, "\x1f".join(what).encode(), hashlib.sha256).digest()
