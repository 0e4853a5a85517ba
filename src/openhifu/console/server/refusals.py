"""What the server says when it does not do what was asked: a status, a sentence, a remedy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from openhifu.base import errors

STATUS: tuple[tuple[type[errors.HifuError], int], ...] = (
    (errors.UnknownName, 404),
    (errors.NotApproved, 409),
    (errors.Infeasible, 409),
    (errors.StorageError, 507),
    (errors.DeviceFault, 503),
    (errors.Tampered, 409),
    (errors.HifuError, 422),
)
"""Status of each deliberate error; the first that fits counts."""

SECRET = frozenset({"password", "token"})
"""Values that no answer repeats."""


class Refused(Exception):  # noqa: N818 - a refusal is no error of the program
    """The server refuses.

    Args:
        status: HTTP status.
        what: one sentence.
        remedy: what to do.
        wait: s after which it may be tried again.
    """

    def __init__(self, status: int, what: str, remedy: str = "", wait: float | None = None) -> None:
        """Keep the sentence and its remedy apart."""
        super().__init__(what)
        self.status, self.what, self.remedy, self.wait = status, what, remedy, wait


def sentences(error: errors.HifuError) -> tuple[str, str]:
    """What is wrong and what to do: house messages have the remedy behind the first semicolon."""
    what, _, remedy = str(error).partition("; ")
    reasons = getattr(error, "reasons", ())
    return ". ".join((what, *reasons)), remedy


def status_of(error: errors.HifuError) -> int:
    """HTTP status of a deliberate error."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def _answer(status: int, what: str, remedy: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"what": what, "remedy": remedy}, status, headers)


async def _refused(request: Request, error: Refused) -> JSONResponse:
    headers = None if error.wait is None else {"Retry-After": str(max(1, round(error.wait)))}
    return _answer(error.status, error.what, error.remedy, headers)


async def _house(request: Request, error: errors.HifuError) -> JSONResponse:
    return _answer(status_of(error), *sentences(error))


async def _values(request: Request, error: RequestValidationError) -> JSONResponse:
    parts = []
    for item in error.errors():
        where, given = ".".join(str(p) for p in item["loc"]), item.get("input")
        told = isinstance(given, str | int | float) and not SECRET & set(item["loc"])
        parts.append(f"{where}: {item['msg']}" + (f" (given: {given!r:.60})" if told else ""))
    what = "; ".join(parts).encode("utf-8", "backslashreplace").decode()
    return _answer(422, what, "send values of the form that the interface describes")


async def _http(request: Request, error: HTTPException) -> JSONResponse:
    return _answer(error.status_code, str(error.detail), "", dict(error.headers or {}))


def install(app: FastAPI) -> None:
    """Let an app answer errors with a sentence and a remedy."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[JSONResponse]]] = {
        Refused: _refused,
        errors.HifuError: _house,
        RequestValidationError: _values,
        HTTPException: _http,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)  # pyright: ignore[reportArgumentType]
