"""How long work tells of its progress, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the state of long work; must return at once and never raise."""

    def __call__(self, stage: str, fraction: float) -> None:
        """Take note.

        Args:
            stage: what is being done, in a few words.
            fraction: how much of this stage is done, 0 to 1.
        """
        ...


def silent(stage: str, fraction: float) -> None:
    """Listen to nothing: the default of every ``progress`` argument."""
