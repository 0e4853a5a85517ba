"""Who may do what, on every route there is."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from openhifu.console.server.access import RULES
from openhifu.console.server.people import Role
from tests.console_server import PASSWORD, Served

STATED = "this is for:"


def routes(server: Served) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for context in iter_route_contexts(server.app.routes):
        assert isinstance(context.original_route, APIRoute | APIWebSocketRoute), f"{context.path} escapes the guard"
        methods = {"WEBSOCKET"} if isinstance(context.original_route, APIWebSocketRoute) else context.methods or set()
        found |= {(method, str(context.path)) for method in methods}
    return found


def asked(client, method: str, path: str) -> str:
    """What the server answers to a request with made-up names in its path: the status and the sentence."""
    path = re.sub(r"\{rest:path\}|\{name:path\}", "nowhere", path)
    path = re.sub(r"\{hash\}", "0" * 64, path)
    path = re.sub(r"\{\w+\}", "nothing", path)
    if method != "WEBSOCKET":
        answer = client.request(method, path)
        assert answer.status_code < 500, f"{method} {path}: {answer.text}"
        return f"{answer.status_code} {answer.text}"
    try:
        with client.websocket_connect(path, headers={"Origin": client.headers["Origin"]}) as line:
            line.close()
    except (WebSocketDisconnect, WebSocketDenialResponse) as refusal:
        return f"refused {getattr(refusal, 'reason', '') or refusal}"
    return "open"


def test_every_route_has_a_rule_and_every_rule_a_route(server: Served) -> None:
    assert routes(server) == set(RULES)


def test_a_route_without_a_rule_is_for_nobody(server: Served) -> None:
    server.app.router.routes.clear()

    @server.app.get("/api/new")
    def new() -> str:
        return "open to all"

    refused = server.client().get("/api/new")
    assert refused.status_code == 403
    assert "no rule" in refused.json()["what"]


@pytest.mark.parametrize("role", Role)
def test_each_role_on_each_route(server: Served, role: Role) -> None:
    for (method, path), rule in RULES.items():
        if rule.roles is None or path == "/api/log-out":
            continue
        said = asked(server.person(role), method, path)
        may = role in rule.roles
        assert (STATED not in said) == may, f"{role} at {method} {path}: {said}"
        assert "401" not in said[:3], said


def test_nobody_who_is_not_logged_in_gets_anywhere(server: Served) -> None:
    for (method, path), rule in RULES.items():
        if rule.roles is not None:
            said = asked(server.client(), method, path)
            assert said.startswith(("401", "refused")), f"{method} {path}: {said}"


def test_a_change_without_the_sessions_token_is_refused(server: Served) -> None:
    client = server.person(Role.ADMINISTRATOR)
    token = client.headers.pop("X-CSRF-Token")
    somebody = {"name": "Bo", "roles": ["observer"], "password": PASSWORD}
    for wrong in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": token[:-1]}):
        assert client.post("/api/people", json=somebody, headers=wrong).status_code == 403
    assert client.post("/api/people", json=somebody, headers={"X-CSRF-Token": token}).status_code == 201


def test_views_changes_and_refusals_are_in_the_log(server: Served) -> None:
    server.person(Role.OBSERVER).get("/api/people")
    administrator = server.person(Role.ADMINISTRATOR)
    administrator.get("/api/people")
    administrator.post("/api/people", json={"name": "Bo", "roles": ["observer"], "password": PASSWORD})
    lines = administrator.get("/api/audit").json()["lines"]
    acts = [(line["person"], line["act"], line["subject"]) for line in lines]
    assert ("a observer", "refused: see the people", "") in acts
    assert ("a administrator", "see the people", "") in acts
    assert ("a administrator", "added a person", "Bo") in acts
    assert PASSWORD not in str(lines)
