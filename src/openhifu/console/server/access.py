"""Who may do what: one table of every route, and the guard that reads it; a route without a row is for nobody."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass

from fastapi import WebSocketException
from fastapi.requests import HTTPConnection
from starlette.concurrency import run_in_threadpool

from openhifu.console.server.people import Person, Role
from openhifu.console.server.refusals import Refused
from openhifu.console.server.sessions import COOKIE
from openhifu.console.server.state import console_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

URGENT = ("/stop", "/stop-line")
"""Ends of paths that nothing else may delay: they are looked at by threads of their own."""

CSRF_HEADER = "X-CSRF-Token"

_ALL = frozenset(Role)
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_OPERATOR = frozenset({Role.OPERATOR})
_PHYSICIST = frozenset({Role.PHYSICIST})
_PLANNING = frozenset({Role.PHYSICIST, Role.PHYSICIAN})
_WORKING = frozenset({Role.OPERATOR, Role.PHYSICIST, Role.PHYSICIAN})


@dataclass(frozen=True)
class Rule:
    """Who may use a route.

    Attributes:
        act: what it does, for the audit log; empty for what is not worth a line, like asking how a job goes.
        roles: who may; None for everybody, logged in or not.
    """

    act: str
    roles: frozenset[Role] | None = _ALL


RULES: dict[tuple[str, str], Rule] = {
    ("GET", "/"): Rule("", None),
    ("GET", "/assets/{name:path}"): Rule("", None),
    ("GET", "/api/status"): Rule("", None),
    ("POST", "/api/first-administrator"): Rule("make the first administrator", None),
    ("POST", "/api/log-in"): Rule("", None),
    ("POST", "/api/log-out"): Rule("log out"),
    ("GET", "/api/me"): Rule(""),
    ("GET", "/api/openapi.json"): Rule(""),
    ("GET", "/api/people"): Rule("see the people", _ADMINISTRATOR),
    ("POST", "/api/people"): Rule("add a person", _ADMINISTRATOR),
    ("PATCH", "/api/people/{name}"): Rule("change a person", _ADMINISTRATOR),
    ("GET", "/api/audit"): Rule("see the audit log", _ADMINISTRATOR),
    ("GET", "/api/devices"): Rule(""),
    ("GET", "/api/presets"): Rule(""),
    ("GET", "/api/tissues"): Rule(""),
    ("GET", "/api/cases"): Rule("see the cases"),
    ("GET", "/api/cases/{id}"): Rule("see a case"),
    ("GET", "/api/cases/{id}/image/data"): Rule("see a case's image"),
    ("GET", "/api/cases/{id}/labels/data"): Rule("see a case's labels"),
    ("POST", "/api/cases/import"): Rule("import a scan", _PHYSICIST),
    ("PUT", "/api/cases/{id}/labels/{name}"): Rule("change a label", _PHYSICIST),
    ("PUT", "/api/cases/{id}/target"): Rule("change the target", _PHYSICIST),
    ("GET", "/api/plan-form"): Rule(""),
    ("POST", "/api/cases/{id}/plans"): Rule("plan a case", _PLANNING),
    ("GET", "/api/plans"): Rule("see the plans"),
    ("GET", "/api/plans/{hash}"): Rule("see a plan"),
    ("GET", "/api/plans/{hash}/window"): Rule("see a plan's window"),
    ("GET", "/api/plans/{hash}/overlay/{what}"): Rule(""),
    ("GET", "/api/plans/{hash}/overlay/{what}/data"): Rule("see a plan's fields"),
    ("POST", "/api/plans/{hash}/rehearse"): Rule("rehearse a plan", _WORKING),
    ("POST", "/api/plans/{hash}/robustness"): Rule("study how far a plan's figures spread", _PLANNING),
    ("POST", "/api/plans/{hash}/look"): Rule(""),
    ("POST", "/api/plans/{hash}/approve"): Rule("approve a plan", frozenset({Role.PHYSICIAN})),
    ("GET", "/api/compare"): Rule("compare plans"),
    ("POST", "/api/plans/{hash}/treat"): Rule("treat", _OPERATOR),
    ("GET", "/api/runs"): Rule("see the runs"),
    ("GET", "/api/runs/{id}"): Rule("see a run"),
    ("GET", "/api/runs/{id}/journal"): Rule("see a journal"),
    ("GET", "/api/runs/{id}/overlay/{what}"): Rule(""),
    ("GET", "/api/runs/{id}/overlay/{what}/data"): Rule("see what a run delivered"),
    ("POST", "/api/runs/{id}/answer"): Rule("", _OPERATOR),
    ("POST", "/api/runs/{id}/acknowledge"): Rule("", _OPERATOR),
    ("POST", "/api/runs/{id}/stop"): Rule(""),
    ("POST", "/api/runs/{id}/report"): Rule("report on a run", _WORKING),
    ("GET", "/api/runs/{id}/report.pdf"): Rule("see a report"),
    ("WEBSOCKET", "/api/runs/{id}/stop-line"): Rule("open a stop line"),
    ("WEBSOCKET", "/api/runs/{id}/live"): Rule("watch a run"),
    ("GET", "/api/jobs"): Rule(""),
    ("GET", "/api/jobs/{id}"): Rule(""),
    ("POST", "/api/jobs/{id}/cancel"): Rule("cancel a job", _WORKING),
    ("GET", "/{rest:path}"): Rule("", None),
}
"""Method (``WEBSOCKET`` for those) and path of every route."""


async def guard(connection: HTTPConnection) -> None:
    """Let a request through to its route, or refuse it; what is worth a line is in the audit log before it is done.

    Raises:
        Refused: if nobody is logged in, the role may not, or an unsafe request carries no token.
        WebSocketException: likewise.
    """
    try:
        if connection.scope["path"].endswith(URGENT):
            urgent = console_of(connection).urgent
            await asyncio.get_running_loop().run_in_executor(urgent, _guard, connection)
        else:
            await run_in_threadpool(_guard, connection)
    except Refused as refusal:
        if connection.scope["type"] == "websocket":
            raise WebSocketException(code=1008, reason=refusal.what) from refusal
        raise


def person_of(connection: HTTPConnection) -> Person:
    """Who asks; only on routes that somebody must be logged in for."""
    return connection.state.person


def _guard(connection: HTTPConnection) -> None:
    method = "WEBSOCKET" if connection.scope["type"] == "websocket" else connection.scope["method"]
    path = connection.scope["route"].path
    rule = RULES.get((method, path))
    if rule is None:
        raise Refused(403, f"{method} {path} has no rule who may use it, so nobody may")
    if rule.roles is None:
        return
    console = console_of(connection)
    session = console.sessions.find(connection.cookies.get(COOKIE, ""))
    person = None if session is None else console.people.find(session.person)
    if session is None or person is None or person.disabled:
        raise Refused(401, "nobody is logged in here, or not any more", "log in")
    subject = " ".join(f"{name}={value}" for name, value in connection.path_params.items())
    if not person.roles & rule.roles:
        allowed = ", ".join(role for role in Role if role in rule.roles)
        console.audit.write(person.name, f"refused: {rule.act or path}", subject)
        raise Refused(403, f"this is for: {allowed}; you are {', '.join(person.ordered)}", "ask somebody who may")
    if method not in SAFE | {"WEBSOCKET"} and not _same(connection.headers.get(CSRF_HEADER, ""), session.csrf):
        raise Refused(403, f"the request lacks the header {CSRF_HEADER} of this log-in", "load the page again")
    if rule.act:
        console.audit.write(person.name, rule.act, subject)
    connection.state.person, connection.state.session = person, session


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
