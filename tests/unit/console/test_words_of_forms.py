"""Every field that a form or the journal's timeline shows has words on the page, and no field that is gone has any."""

from __future__ import annotations

import re
from enum import EnumType
from pathlib import Path
from typing import get_args, get_origin

from openhifu.base.record import Record
from openhifu.model import events
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


def test_every_value_of_the_journal_has_a_name() -> None:
    """Numbers and words of any event; what is a sentence stands for itself, and the kind has words of its own."""
    kinds = [of for of in vars(events).values() if isinstance(of, type) and "kind" in getattr(of, "model_fields", {})]
    told = {
        name
        for of in kinds
        for name, field in of.model_fields.items()
        if get_origin(field.annotation) is not tuple
        and (
            {str, int, float} & {field.annotation, *get_args(field.annotation)}
            or isinstance(field.annotation, EnumType)
        )
    }
    said = set(re.findall(r'^msgid "journal\.(\w+)"$', ENGLISH.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(kinds) > 12
    assert told - {"sentence", "question", "measured_at"} <= said
    assert said - told <= {"readings", "more"}
