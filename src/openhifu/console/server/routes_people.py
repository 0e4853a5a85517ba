"""Logging in and out, the people, and the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, SecretStr

from openhifu.console.server.access import person_of
from openhifu.console.server.forms import Form, Name
from openhifu.console.server.people import Person, Role
from openhifu.console.server.refusals import Refused
from openhifu.console.server.sessions import COOKIE, LONGEST, Session
from openhifu.console.server.state import Console, console_of

router = APIRouter(prefix="/api", tags=["people"])

Password = Annotated[SecretStr, Field(min_length=12, max_length=200)]
Given = Annotated[SecretStr, Field(max_length=200)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]


class FirstAdministrator(Form):
    """Whoever holds the link that the first start printed."""

    token: str = Field(max_length=100)
    name: Name
    password: Password


class LogIn(Form):
    """Name and password."""

    name: Name
    password: Given


class NewPerson(Form):
    """Somebody new."""

    name: Name
    roles: Roles
    password: Password


class ChangedPerson(Form):
    """What is to be different; the rest stays."""

    roles: Roles | None = None
    disabled: bool | None = None
    password: Password | None = None


class Me(Form):
    """Who is logged in."""

    name: str
    roles: list[Role]
    csrf: str
    session_expires_at: str


class PersonLine(Form):
    """Somebody."""

    name: str
    roles: list[Role]
    disabled: bool


class AuditShown(Form):
    """A line of the audit log."""

    number: int
    time: str
    person: str
    act: str
    subject: str
    detail: str


class AuditPage(Form):
    """Some lines of the audit log, newest first, and how many there are in all."""

    total: int
    lines: list[AuditShown]


@router.post("/first-administrator")
def first_administrator(given: FirstAdministrator, request: Request, response: Response) -> Me:
    """Make the first administrator, once, with the token of the link."""
    console, address = console_of(request), _address(request)
    console.attempts.require_few("", address)
    if not console.first.matches(given.token):
        console.attempts.failed("", address)
        raise Refused(403, "this link is not the one that the server printed at its start", "use the newest one")
    person = Person(given.name, frozenset({Role.ADMINISTRATOR}))
    console.people.add(person, given.password.get_secret_value(), first=True)
    console.audit.write(person.name, "became the first administrator")
    return _enter(console, person, response)


@router.post("/log-in")
def log_in(given: LogIn, request: Request, response: Response) -> Me:
    """Begin a session."""
    console = console_of(request)
    person = checked_password(request, given.name, given.password)
    console.audit.write(person.name, "log in", detail=_address(request))
    return _enter(console, person, response)


@router.post("/log-out", status_code=204)
def log_out(request: Request, response: Response) -> None:
    """End the session."""
    console_of(request).sessions.close(request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE)


@router.get("/me")
def me(request: Request) -> Me:
    """Who is logged in, and the token that unsafe requests must carry."""
    return _me(person_of(request), request.state.session)


@router.get("/people")
def people(request: Request) -> list[PersonLine]:
    """Everybody."""
    return [_line(p) for p in console_of(request).people.all()]


@router.post("/people", status_code=201)
def add(given: NewPerson, request: Request) -> PersonLine:
    """Add somebody."""
    console, person = console_of(request), Person(given.name, frozenset(given.roles))
    console.people.add(person, given.password.get_secret_value())
    console.audit.write(person_of(request).name, "added a person", given.name, ", ".join(person.ordered))
    return _line(person)


@router.patch("/people/{name}")
def change(name: Name, given: ChangedPerson, request: Request) -> PersonLine:
    """Change somebody's roles or password, or lock them out; their sessions end."""
    console = console_of(request)
    roles = None if given.roles is None else frozenset(given.roles)
    password = None if given.password is None else given.password.get_secret_value()
    person = console.people.change(name, roles, given.disabled, password)
    changed = ", ".join(sorted(given.model_fields_set))
    console.audit.write(person_of(request).name, "changed a person", name, changed)
    return _line(person)


@router.get("/audit")
def audit(
    request: Request,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Who saw or changed what."""
    total, lines = console_of(request).audit.page(offset, limit)
    return AuditPage(total=total, lines=[AuditShown(**vars(line)) for line in lines])


def checked_password(request: Request, name: str, password: SecretStr) -> Person:
    """The person whose name and password these are.

    Raises:
        Refused: if they are not, or too many wrong ones were tried.
    """
    console, address = console_of(request), _address(request)
    console.attempts.require_few(name, address)
    person = console.people.verified(name, password.get_secret_value())
    if person is None:
        console.attempts.failed(name, address)
        console.audit.write(name, "wrong password", detail=address)
        raise Refused(401, "name and password do not belong together", "try again, or ask the administrator")
    console.attempts.succeeded(name, address)
    return person


def _enter(console: Console, person: Person, response: Response) -> Me:
    token, session = console.sessions.open(person.name)
    response.set_cookie(
        COOKIE, token, max_age=int(LONGEST), httponly=True, samesite="strict", secure=console.settings.secure
    )
    return _me(person, session)


def _me(person: Person, session: Session) -> Me:
    until = datetime.fromtimestamp(session.expires_at, UTC).isoformat(timespec="seconds")
    return Me(name=person.name, roles=person.ordered, csrf=session.csrf, session_expires_at=until)


def _line(person: Person) -> PersonLine:
    return PersonLine(name=person.name, roles=person.ordered, disabled=person.disabled)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
