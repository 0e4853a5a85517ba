"""People, passwords, sessions."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from openhifu.base.errors import Tampered
from openhifu.console.server.attempts import ALLOWED, WINDOW
from openhifu.console.server.people import Person, Role
from openhifu.console.server.sessions import COOKIE, IDLE, LONGEST
from openhifu.console.server.state import console_in, database_of
from tests.console_server import PASSWORD, QUICK, Served


def first(server: Served, token: str, name: str = "Ada"):
    return server.client().post("/api/first-administrator", json={"token": token, "name": name, "password": PASSWORD})


def test_the_link_makes_one_administrator_once(server: Served) -> None:
    assert server.client().get("/api/status").json()["first_start"] is True
    assert first(server, "another token").status_code == 403
    made = first(server, server.console.first.token)
    assert made.json()["roles"] == ["administrator"]
    assert first(server, server.console.first.token, "Bo").status_code == 409
    assert server.client().get("/api/status").json()["first_start"] is False
    assert [p.name for p in server.console.people.all()] == ["Ada"]


def test_the_status_says_whether_this_browser_is_logged_in(server: Served) -> None:
    assert server.client().get("/api/status").json()["logged_in"] is False
    ada = server.person(Role.OBSERVER)
    assert ada.get("/api/status").json()["logged_in"] is True
    ada.post("/api/log-out")
    assert ada.get("/api/status").json()["logged_in"] is False


def test_a_password_is_kept_as_an_argon2_hash_only(server: Served) -> None:
    server.person(Role.OPERATOR, name="Ada")
    folder = server.console.settings.data
    assert all(PASSWORD.encode() not in file.read_bytes() for file in folder.iterdir() if file.is_file())
    with database_of(folder).connect() as line:
        assert line.execute(text("select password from person")).scalar_one().startswith("$argon2id$")


def test_a_short_password_is_refused(server: Served) -> None:
    given = {"name": "Bo", "roles": ["observer"], "password": "short"}
    answer = server.person(Role.ADMINISTRATOR).post("/api/people", json=given)
    assert answer.status_code == 422
    assert "short" not in answer.text.replace("too_short", "")


def test_a_session_ends_when_nothing_is_done_and_after_a_day_in_any_case(server: Served) -> None:
    client, began = server.person(Role.OBSERVER), server.clock.at
    server.clock.at += IDLE - 1
    assert client.get("/api/me").status_code == 200
    server.clock.at += IDLE + 1
    assert client.get("/api/me").status_code == 401
    client = server.person(Role.OBSERVER)
    while server.clock.at < began + 2 * LONGEST and client.get("/api/me").status_code == 200:
        server.clock.at += IDLE / 2
    assert server.clock.at < began + LONGEST + 3 * IDLE


def test_a_session_outlives_the_server_and_not_the_log_out(server: Served) -> None:
    client = server.person(Role.OBSERVER)
    token = client.cookies[COOKIE]
    again = console_in(server.console.settings, QUICK, server.clock)
    assert again.sessions.find(token) is not None
    assert client.post("/api/log-out").status_code == 204
    assert again.sessions.find(token) is None


def test_wrong_passwords_have_to_wait(server: Served) -> None:
    server.person(Role.OBSERVER, name="Ada")
    client = server.client()
    for _ in range(ALLOWED):
        assert client.post("/api/log-in", json={"name": "Ada", "password": "wrong"}).status_code == 401
    refused = client.post("/api/log-in", json={"name": "Ada", "password": PASSWORD})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW
    server.clock.at += WINDOW + 1
    assert client.post("/api/log-in", json={"name": "Ada", "password": PASSWORD}).status_code == 200


def test_guessing_names_has_to_wait_too(server: Served) -> None:
    client = server.client()
    answers = [client.post("/api/log-in", json={"name": f"n{i}", "password": "x"}).status_code for i in range(25)]
    assert answers[-1] == 429


def test_a_person_locked_out_is_out_at_once(server: Served) -> None:
    bo, administrator = server.person(Role.OPERATOR, name="Bo"), server.person(Role.ADMINISTRATOR)
    assert bo.get("/api/me").status_code == 200
    assert administrator.patch("/api/people/Bo", json={"disabled": True}).json()["disabled"] is True
    assert bo.get("/api/me").status_code == 401
    assert bo.post("/api/log-in", json={"name": "Bo", "password": PASSWORD}).status_code == 401


def test_the_last_administrator_stays(server: Served) -> None:
    administrator = server.person(Role.ADMINISTRATOR, name="Ada")
    for change in ({"disabled": True}, {"roles": ["observer"]}):
        assert administrator.patch("/api/people/Ada", json=change).status_code == 409
    server.console.people.add(Person("Bo", frozenset({Role.ADMINISTRATOR})), PASSWORD)
    assert administrator.patch("/api/people/Ada", json={"roles": ["observer"]}).status_code == 200


def test_a_changed_line_of_the_log_is_found(server: Served) -> None:
    for number in range(5):
        server.console.audit.write("Ada", "act", str(number))
    assert server.console.audit.verify() == 5
    with database_of(server.console.settings.data).begin() as line:
        line.execute(text("update audit set person = 'Bo' where number = 3"))
    with pytest.raises(Tampered, match="line 3"):
        server.console.audit.verify()
