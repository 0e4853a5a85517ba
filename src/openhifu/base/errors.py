"""Every error OpenHIFU raises on purpose, in one tree.

::

    HifuError
    |-- InputError            what was given cannot be used           (command line: exit 2)
    |   |-- FileProblem       a file is missing, unreadable or damaged
    |   |-- FormatError       a file's content breaks its schema, or is of a newer schema
    |   |-- UnknownName       no tissue, device, organ or case of that name
    |   |-- GeometryError     frames, grids or shapes that do not fit together
    |   |-- OutOfRange        a number that is negative, NaN or beyond what is allowed
    |   |-- MissingProperty   a tissue has no published value for what the calculation needs
    |   `-- Tampered          content no longer matches its hash
    |-- CannotModel           the solver asked does not contain the physics asked for
    |-- Infeasible            a well-posed question that has no answer: no pose, no spot, no power
    |-- NotApproved           a plan that may not be delivered (yet)
    |-- DeviceFault           a device failed, lied, or did not answer in time
    `-- StorageError          something could not be written, so nothing that depends on it was done

Every message says what was given, what is allowed, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HifuError(Exception):
    """Base of all deliberate errors."""


class InputError(HifuError):
    """Something given by the user cannot be used."""


class FileProblem(InputError):
    """A file is missing, unreadable or damaged."""


class FormatError(InputError):
    """A file's content does not follow its schema."""


class UnknownName(InputError):
    """A name that is not in a catalogue; the message lists the nearest ones.

    Args:
        kind: what the name stands for, e.g. ``"tissue"``.
        name: the name as given.
        known: every allowed name.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Compose the sentence with the nearest known names."""
        allowed = sorted(known)
        near = difflib.get_close_matches(name, allowed, n=3, cutoff=0.4)
        hint = f"nearest: {', '.join(near)}" if near else f"known: {', '.join(allowed)}"
        super().__init__(f"there is no {kind} called {name!r}; {hint}")
        self.kind, self.name, self.near = kind, name, tuple(near)


class GeometryError(InputError):
    """Frames, grids or shapes that do not fit together."""


class OutOfRange(InputError):
    """A number beyond what is allowed."""


class MissingProperty(InputError):
    """A tissue has no value for a property that a calculation needs.

    Args:
        tissue: name of the tissue.
        prop: name of the property.
        why: why it is missing, from the catalogue.
    """

    def __init__(self, tissue: str, prop: str, why: str) -> None:
        """Compose the sentence naming tissue and property."""
        super().__init__(
            f"tissue {tissue!r} has no {prop.replace('_', ' ')} ({why}); "
            f"give a value with its source in a tissue file, or relabel the region"
        )
        self.tissue, self.prop = tissue, prop


class Tampered(InputError):
    """Content that no longer matches the hash it was signed with."""


class CannotModel(HifuError):
    """A solver refuses physics that it does not contain."""


class Infeasible(HifuError):
    """A well-posed question without an answer.

    Args:
        message: one sentence.
        reasons: one sentence per candidate that was tried and lost.
    """

    def __init__(self, message: str, reasons: Iterable[str] = ()) -> None:
        """Keep the reasons beside the sentence."""
        super().__init__(message)
        self.reasons = tuple(reasons)


class NotApproved(HifuError):
    """A plan that may not be delivered."""


class DeviceFault(HifuError):
    """A device failed, lied or did not answer in time."""


class StorageError(HifuError):
    """Something could not be written."""
