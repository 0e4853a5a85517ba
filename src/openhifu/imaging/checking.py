"""What is wrong with a case folder, said instead of raised."""

from __future__ import annotations

from pathlib import Path

from openhifu.base.errors import InputError
from openhifu.base.outcome import Outcome, Verdict
from openhifu.imaging.findings import describe
from openhifu.imaging.reading import load_case


def check_case(folder: str | Path) -> list[Outcome]:
    """Everything there is to say about a case folder, errors first; an error means it cannot be planned."""
    try:
        data = load_case(Path(folder))
    except InputError as error:
        return [Outcome(verdict=Verdict.ERROR, sentence=str(error), remedy="mend this first; the rest was not checked")]
    return describe(data)
