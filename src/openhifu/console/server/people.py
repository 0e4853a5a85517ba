"""People with roles and passwords; a password is kept as its argon2 hash only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, insert, select, update

from openhifu.console.server.refusals import Refused
from openhifu.console.server.tables import PERSON, SESSION
from openhifu.records.database import READING


class Role(StrEnum):
    """What a person is here."""

    OBSERVER = "observer"
    OPERATOR = "operator"
    PHYSICIST = "physicist"
    PHYSICIAN = "physician"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Person:
    """A person who may log in, unless disabled."""

    name: str
    roles: frozenset[Role]
    disabled: bool = False

    @property
    def ordered(self) -> list[Role]:
        """The roles in the order of ``Role``."""
        return [role for role in Role if role in self.roles]


class People:
    """The people of a database.

    Args:
        engine: the console's database.
        hasher: makes and verifies hashes; argon2id with the library's parameters if not given.
    """

    def __init__(self, engine: Any, hasher: PasswordHasher | None = None) -> None:
        """Nobody is read yet."""
        self._engine, self._hasher = engine, hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")

    def is_empty(self) -> bool:
        """Whether there is nobody yet."""
        with self._engine.connect().execution_options(**{READING: True}) as line:
            return line.execute(select(func.count()).select_from(PERSON)).scalar_one() == 0

    def all(self) -> list[Person]:
        """Everybody, by name."""
        with self._engine.connect().execution_options(**{READING: True}) as line:
            return [_person(row) for row in line.execute(select(PERSON).order_by(PERSON.c.name))]

    def find(self, name: str) -> Person | None:
        """The person of a name."""
        row = self._row(name)
        return None if row is None else _person(row)

    def add(self, person: Person, password: str, first: bool = False) -> None:
        """Add a person.

        Args:
            person: who.
            password: at least as long as the interface demands.
            first: only if there is nobody yet.

        Raises:
            Refused: if the name is taken, or somebody was faster with ``first``.
        """
        hashed = self._hasher.hash(password)
        with self._engine.begin() as line:
            if first and line.execute(select(PERSON.c.name).limit(1)).first() is not None:
                raise Refused(409, "there is an administrator already", "log in, or ask the administrator")
            if line.execute(select(PERSON.c.name).where(PERSON.c.name == person.name)).first() is not None:
                raise Refused(409, f"there is somebody called {person.name} already", "choose another name")
            line.execute(insert(PERSON).values(**_columns(person), password=hashed))

    def change(
        self, name: str, roles: frozenset[Role] | None = None, disabled: bool | None = None, password: str | None = None
    ) -> Person:
        """Change what is given; the person's sessions end.

        Raises:
            Refused: if there is no such person, or nobody who administers would be left.
        """
        hashed = None if password is None else self._hasher.hash(password)
        with self._engine.begin() as line:
            everybody = {row.name: _person(row) for row in line.execute(select(PERSON))}
            if name not in everybody:
                raise Refused(404, f"there is nobody called {name}", "choose one of the list")
            old = everybody[name]
            new = Person(name, old.roles if roles is None else roles, old.disabled if disabled is None else disabled)
            everybody[name] = new
            if not any(Role.ADMINISTRATOR in p.roles and not p.disabled for p in everybody.values()):
                raise Refused(409, "nobody would be left who administers", "make somebody else administrator first")
            values = _columns(new) | ({} if hashed is None else {"password": hashed})
            line.execute(update(PERSON).where(PERSON.c.name == name).values(**values))
            line.execute(delete(SESSION).where(SESSION.c.person == name))
        return new

    def verified(self, name: str, password: str) -> Person | None:
        """The person if name and password are right and the person is not disabled; takes as long if they are not."""
        row = self._row(name)
        try:
            self._hasher.verify(self._nobody if row is None else row.password, password)
        except VerificationError:
            return None
        person = None if row is None else _person(row)
        return None if person is None or person.disabled else person

    def _row(self, name: str) -> Any:
        with self._engine.connect().execution_options(**{READING: True}) as line:
            return line.execute(select(PERSON).where(PERSON.c.name == name)).first()


def _person(row: Any) -> Person:
    return Person(row.name, frozenset(Role(r) for r in row.roles.split(",") if r), bool(row.disabled))


def _columns(person: Person) -> dict[str, Any]:
    return {"name": person.name, "roles": ",".join(person.ordered), "disabled": person.disabled}
