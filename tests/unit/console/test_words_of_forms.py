"""Every field that the form of a prescription shows has words on the page, and no field that is gone has any."""

from __future__ import annotations

import re
from pathlib import Path

from openhifu.base.record import Record
from openhifu.model.limits import DoseControl, Prescription, Titration

ENGLISH = Path(__file__).parents[3] / "web" / "words" / "en.po"
"""The other languages are held against it by the page's own tests."""

FORMS: dict[str, type[Record]] = {
    "prescription": Prescription,
    "prescription.titration": Titration,
    "prescription.control": DoseControl,
}


def test_every_field_has_words_and_nothing_else_has() -> None:
    said = set(re.findall(r'^msgid "(prescription\..+)"$', ENGLISH.read_text(encoding="utf-8"), re.MULTILINE))
    shown = {f"{form}.{field}" for form, model in FORMS.items() for field in model.model_fields}
    assert said == shown
