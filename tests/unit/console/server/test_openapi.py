"""Whatever is sent to the interface, it answers: schemathesis over its description finds no error of the program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok

from openhifu.console.server.jobs import Job, JobAsked, JobNote, Jobs
from openhifu.console.server.library import PLAN_FILE
from openhifu.console.server.people import Person, Role
from openhifu.twin import bench
from tests.console_server import ORIGIN, PASSWORD, Served, served

MEANT = {503, 507}
"""Refusals with a sentence: a device that does not answer, a disk that is full."""

EXAMPLES = 25
"""Requests a route: what a minute allows."""

PLAN = bench.plan()
"""A plan to be found; its device is in no catalogue and its fields are missing, as after a folder was copied badly."""

REAL = {"id": ["liver-in-water", "nothing"], "hash": [PLAN.content_hash], "name": ["target", "block"], "what": ["dose"]}
"""What stands in a path half of the time, so that more than 404 is tried."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = served(tmp_path_factory.mktemp("console") / "data")
    yield made
    made.close()


def operations(server: Served) -> list[Any]:
    schema = schemathesis.openapi.from_dict(server.app.openapi())
    found = list(schema.get_all_operations())
    assert all(isinstance(each, Ok) for each in found), f"operations that cannot be read: {found}"
    return [each.ok() for each in found if isinstance(each, Ok)]


def logged_in(server: Served) -> TestClient:
    """Somebody of every role, whatever the requests before did to that person."""
    name = f"tester {len(server.clients)}"
    server.console.people.add(Person(name, frozenset(Role)), PASSWORD)
    return server.person(*Role, name=name)


def sent(client: TestClient, case: Case) -> int:
    """Status of the answer to a made-up request."""
    wish = case.as_transport_kwargs(base_url=ORIGIN)
    headers = {k: v for k, v in wish.pop("headers").items() if k.lower() not in {"host", "origin", "content-length"}}
    wish.pop("cookies", None)
    if isinstance(wish.get("data"), bytes | str):
        wish["content"] = wish.pop("data")
    return client.request(wish.pop("method"), wish.pop("url"), headers=headers, **wish).status_code


def test_no_request_finds_an_error_of_the_program(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: Jobs, kind: str, subject: str, person: str, request: Any, folder: Path | None = None) -> Job:
        asked = JobAsked(
            kind=kind, subject=subject, person=person, created_at="", home="", request=request.to_document()
        )
        return Job("20260101-000000-0", asked, JobNote())  # the interface is tried here, not the work behind it

    monkeypatch.setattr(Jobs, "start", start)
    (server.console.library.folder("plans") / PLAN.content_hash).mkdir()
    (server.console.library.folder("plans") / PLAN.content_hash / PLAN_FILE).write_text(PLAN.to_document())
    statuses = {status for operation in operations(server) for status in tried(logged_in(server), operation)}
    assert {200, 201, 404, 422} <= statuses, f"the requests reached little: {sorted(statuses)}"


def tried(client: TestClient, operation: Any) -> set[int]:
    """Statuses of the answers to made-up requests of one kind; none of them is an error of the program."""
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(operation.as_strategy(), st.data())
    def one(case: Case, data: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            if name in REAL and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(REAL[name]))
        status = sent(client, case)
        seen.add(status)
        assert status < 500 or status in MEANT, f"{operation.method} {operation.path}: {status}, sent {case!r}"

    one()
    return seen
