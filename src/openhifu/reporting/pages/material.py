"""What every section of the report draws on: the input, its numbers, and the words."""

from __future__ import annotations

from dataclasses import dataclass

from openhifu.model.history import TreatmentHistory
from openhifu.model.transducer import Transducer
from openhifu.reporting.figures.anatomy import Anatomy
from openhifu.reporting.inputs import ReportInput
from openhifu.reporting.numbers import Regions, TreatmentNumbers
from openhifu.reporting.words import Words


@dataclass(frozen=True, eq=False)
class Material:
    """Everything the sections share, computed once.

    Attributes:
        given: what is reported.
        device: the plan's device.
        planned: numbers of the plan.
        delivered: numbers of the delivery; None where there is none.
        masks: target and organs on each history's dose grid, in the order of ``histories``.
        anatomy: what is drawn under the pictures.
        words: the catalogue.
    """

    given: ReportInput
    device: Transducer
    planned: TreatmentNumbers
    delivered: TreatmentNumbers | None
    masks: tuple[Regions, ...]
    anatomy: Anatomy
    words: Words

    @property
    def histories(self) -> tuple[TreatmentHistory, ...]:
        """Planned, and delivered where there is one."""
        given = self.given
        return (given.planned,) if given.delivered is None else (given.planned, given.delivered)

    def say(self, key: str, **fields: object) -> str:
        """A text of the catalogue."""
        return self.words.say(key, **fields)

    @property
    def none(self) -> str:
        """What stands where there is no value."""
        return self.words.say("word.none")


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def significant(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, large whole ones in full, and with a true minus sign."""
    size = abs(value)
    if value == 0 or 1e-4 <= size < 10**digits:
        text = f"{value:.{digits}g}"
    elif 1 <= size < 1e7:
        text = f"{value:.0f}"
    else:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "\u2212")


def unit_of(unit: str) -> str:
    """A unit as people read it, with raised exponents; nothing for a pure number."""
    return "" if unit == "1" else unit.replace("m3", "m³").replace("m2", "m²").replace("degC", "°C")


def as_title(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def as_sentence(text: str) -> str:
    """The text with a capital first letter and an end."""
    return as_title(text) if text.endswith((".", "!", "?")) else as_title(text) + "."
