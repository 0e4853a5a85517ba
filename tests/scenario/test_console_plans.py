"""A plan over HTTP: seen, compared, and approved by those who may, after its rehearsal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from openhifu.console.plan_files import beside, load_plan
from openhifu.console.server.people import Role
from openhifu.imaging import read_history
from tests.console_server import PASSWORD, Served, served, with_plan

Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    made: list[Served] = []

    def begin(second_look: float = 0.8) -> Served:
        made.append(served(tmp_path / f"data{len(made)}", second_look))
        return made[-1]

    yield begin
    for server in made:
        server.close()


def signature(name: str, **other: str) -> dict[str, str]:
    said = {"statement": "I have read it and approve it.", "despite": "a block of tissue in water"}
    return {"name": name, "password": PASSWORD, **said, **other}


def test_a_plan_is_seen_with_its_figures_and_fields(serve: Serve, small_plan: Path) -> None:
    server = serve()
    hashed, plan = with_plan(server, small_plan), load_plan(small_plan)
    client = server.person(Role.OBSERVER)
    assert [line["hash"] for line in client.get("/api/plans").json()] == [hashed]
    assert client.get("/api/plans?case=liver").json() == []
    seen = client.get(f"/api/plans/{hashed}").json()
    assert [s["power_w"] for s in seen["spots"]] == [s.acoustic_power for s in plan.sonications]
    assert {s["light"] for s in seen["spots"]} <= {"green", "amber"}
    assert seen["metrics"]["coverage"] == plan.prediction.coverage
    assert (seen["rehearsed"], seen["approved"]) == (False, False)
    target = next(d for d in seen["dose_volume"] if d["structure"] == "target")
    shares = dict(zip(target["cem43_min"], target["fraction"], strict=True))
    goal = min(shares, key=lambda dose: abs(dose - 240.0))
    assert shares[goal] == pytest.approx(plan.prediction.coverage, abs=0.02)
    history = read_history(beside(small_plan, "planned"))
    for what, field in (("temperature", history.peak_temperature), ("dose", history.cem43)):
        means = client.get(f"/api/plans/{hashed}/overlay/{what}").json()
        sent = np.frombuffer(client.get(f"/api/plans/{hashed}/overlay/{what}/data").content, np.uint8)
        values = means["lowest"] + sent.reshape(means["grid"]["shape"]) / 255 * (means["highest"] - means["lowest"])
        truth = field.data if what == "temperature" else np.log10(np.clip(field.data, 1e-2, 1e4))
        assert np.abs(values - truth).max() <= 0.51 * (means["highest"] - means["lowest"]) / 255


def test_plans_side_by_side(serve: Serve, small_plan: Path) -> None:
    server = serve()
    hashed = with_plan(server, small_plan)
    client = server.person(Role.OBSERVER)
    compared = client.get(f"/api/compare?plans={hashed},{hashed}").json()
    assert [plan["dose_volume"] for plan in compared["plans"]] == [
        client.get(f"/api/plans/{hashed}").json()["dose_volume"]
    ] * 2
    rows = {row["name"]: row["values"] for row in compared["rows"]}
    assert rows["spots"] == [len(load_plan(small_plan).sonications)] * 2
    assert client.get("/api/compare?plans=").status_code == 422
    assert client.get(f"/api/compare?plans={'0' * 64}").status_code == 404


def test_only_a_physician_with_the_password_approves_and_only_what_was_rehearsed(
    serve: Serve, small_plan: Path, small_rehearsal: Path
) -> None:
    unrehearsed = serve()
    url = f"/api/plans/{with_plan(unrehearsed, small_plan)}/approve"
    refused = unrehearsed.person(Role.PHYSICIAN, name="Dr Chen").post(url, json=signature("Dr Chen"))
    assert refused.status_code == 409 and "rehears" in refused.json()["what"]

    server = serve()
    with_plan(server, small_plan, small_rehearsal)
    for role in set(Role) - {Role.PHYSICIAN}:
        assert server.person(role).post(url, json=signature(f"a {role}")).status_code == 403
    chen = server.person(Role.PHYSICIAN, name="Dr Chen")
    assert chen.post(url, json=signature("Dr Chen", password="another password")).status_code == 401
    assert chen.post(url, json=signature("Dr Wu")).status_code == 403
    assert chen.get("/api/plans").json()[0]["approved"] is False
    unstudied = chen.post(url, json=signature("Dr Chen", despite=""))
    assert unstudied.status_code == 409 and "openhifu robust" in unstudied.json()["what"]
    assert chen.post(url, json=signature("Dr Chen")).json() == {"approved": True, "second_look_needed": False}
    assert chen.post(url, json=signature("Dr Chen")).status_code == 409
    [approval] = chen.get(url.removesuffix("/approve")).json()["approvals"]
    assert (approval["person"], approval["role"]) == ("Dr Chen", "physician")


def test_above_the_sites_power_limit_a_second_physician_must_look(
    serve: Serve, small_plan: Path, small_rehearsal: Path
) -> None:
    server = serve(second_look=0.0)
    url = f"/api/plans/{with_plan(server, small_plan, small_rehearsal)}/approve"
    answer = server.person(Role.PHYSICIAN, name="Dr Chen").post(url, json=signature("Dr Chen"))
    assert answer.json() == {"approved": False, "second_look_needed": True}
    answer = server.person(Role.PHYSICIAN, name="Dr Wu").post(url, json=signature("Dr Wu"))
    assert answer.json()["approved"] is True


def test_an_edited_plan_is_neither_shown_nor_approved(serve: Serve, small_plan: Path, small_rehearsal: Path) -> None:
    server = serve()
    hashed = with_plan(server, small_plan, small_rehearsal)
    path = server.console.library.plan_path(hashed)
    document = json.loads(path.read_text())
    document["data"]["sonications"][0]["on_time"] += 1.0
    path.write_text(json.dumps(document))
    chen = server.person(Role.PHYSICIAN, name="Dr Chen")
    for answer in (
        chen.get(f"/api/plans/{hashed}"),
        chen.post(f"/api/plans/{hashed}/approve", json=signature("Dr Chen")),
    ):
        assert answer.status_code == 409 and "changed after" in answer.json()["what"]
