"""The form of what is sent and answered: frozen, unknown keys refused, texts that can be printed."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Form(BaseModel):
    """Base of every body and answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds characters that cannot be printed")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True), AfterValidator(_printable)]
"""What a person is called, or a thing."""

Line = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True), AfterValidator(_printable)]
"""A line of text."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""Name of a folder of ours: no path."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Content hash of a plan."""
