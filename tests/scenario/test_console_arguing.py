"""A plan argued with over HTTP: other directions looked along, and how far its figures spread."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from openhifu.base.errors import Infeasible
from openhifu.console.plan_files import load_planned
from openhifu.console.server.people import Role
from openhifu.model.catalogue import transducer
from openhifu.planning.anatomy import anatomy
from openhifu.planning.ranking import choose_pose
from openhifu.planning.scene import target_centre, target_half_size
from openhifu.planning.window import PoseRules
from tests.console_server import PASSWORD, Served, served, with_plan

PATIENCE = 500.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    made = served(tmp_path / "data")
    yield made
    made.close()


def finished(client: TestClient, job: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while (found := client.get(f"/api/jobs/{job}").json())["state"] in {"waiting", "running"}:
        assert time.monotonic() < until, found
        time.sleep(0.2)
    return found


def test_another_direction_is_looked_along(server: Served, small_plan: Path) -> None:
    plan = load_planned(small_plan).plan
    url = f"/api/plans/{with_plan(server, small_plan)}/look"
    x, y, z = plan.pose.direction
    own = {"azimuth_rad": math.atan2(y, x), "elevation_rad": math.asin(z)}
    pia = server.person(Role.OBSERVER)
    seen = pia.post(url, json=own).json()
    assert seen["direction"] == pytest.approx([x, y, z], abs=1e-9)
    assert (seen["refusal"], seen["bone"], seen["elements_off"]) == ("", 0.0, 0)
    assert seen["elements"] == transducer(plan.device).elements
    window = pia.get(url.replace("/look", "/window")).json()
    turned = pia.post(
        url, json={"azimuth_rad": window["azimuth_rad"][40], "elevation_rad": window["elevation_rad"][30]}
    )
    assert turned.json()["amplitude"] == pytest.approx(window["amplitude"][40][30], abs=0.02)
    assert pia.post(url, json={"azimuth_rad": 0.0, "elevation_rad": 2.0}).status_code == 422


def test_a_direction_that_a_person_chose_is_kept_or_refused(small_plan: Path) -> None:
    planned = load_planned(small_plan)
    data, device = planned.data, transducer(planned.plan.device)
    view, centre, half = anatomy(data, device.frequency), target_centre(data), target_half_size(data)
    x, y, z = planned.plan.pose.direction
    turned = math.radians(5.0)
    wished = (x * math.cos(turned) - y * math.sin(turned), x * math.sin(turned) + y * math.cos(turned), z)
    chosen = choose_pose(data, device, view, centre, half, wished=wished)
    assert chosen.pose.direction == wished
    assert [c.reason for c in chosen.window.candidates if c.chosen] == ["chosen by a person"]
    strict = PoseRules(amplitude=0.999)
    with pytest.raises(Infeasible, match="refused: too little of the beam reaches the target"):
        choose_pose(data, device, view, centre, half, strict, wished=wished)


def test_a_study_is_a_job_whose_bands_stand_beside_the_plan_and_are_asked_for_at_approval(
    server: Served, small_plan: Path, small_rehearsal: Path
) -> None:
    hashed = with_plan(server, small_plan, small_rehearsal)
    url, pia = f"/api/plans/{hashed}", server.person(Role.PHYSICIST)
    assert pia.get(url).json()["robustness"] is None
    assert server.person(Role.OPERATOR).post(f"{url}/robustness").status_code == 403
    job = pia.post(f"{url}/robustness", json={"scenarios": 3}).json()
    assert job["kind"] == "robustness"
    assert finished(pia, job["id"])["result"] == {"plan": hashed}
    found = pia.get(url).json()["robustness"]
    assert (found["scenarios"], found["asked"]) == (3, 3)
    covered = next(b for b in found["bands"] if b["name"] == "target coverage")
    assert 0 < covered["low"] <= covered["median"] <= covered["high"] <= 1
    target = found["target"]
    at_goal = min(range(51), key=lambda n: abs(math.log(target["cem43_min"][n] / 240.0)))
    assert target["low"][at_goal] == pytest.approx(covered["low"], abs=0.05)
    assert all(low <= high for low, high in zip(target["low"], target["high"], strict=True))
    chen = server.person(Role.PHYSICIAN, name="Dr Chen")
    signature = {"name": "Dr Chen", "password": PASSWORD, "statement": "I approve it."}
    refused = chen.post(f"{url}/approve", json=signature)
    assert refused.status_code == 409 and "scenarios" in refused.json()["what"]
    assert chen.post(f"{url}/approve", json={**signature, "despite": "three are enough here"}).status_code == 200
    again = pia.post(f"{url}/robustness", json={"scenarios": 3})
    assert again.status_code == 409 and "signed" in again.json()["what"]


def test_a_study_that_is_cancelled_leaves_none(server: Served, small_plan: Path) -> None:
    hashed = with_plan(server, small_plan)
    pia = server.person(Role.PHYSICIST)
    job = pia.post(f"/api/plans/{hashed}/robustness", json={"scenarios": 512}).json()["id"]
    until = time.monotonic() + PATIENCE
    while pia.get(f"/api/jobs/{job}").json()["state"] == "waiting" and time.monotonic() < until:
        time.sleep(0.1)
    assert pia.post(f"/api/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert pia.get(f"/api/plans/{hashed}").json()["robustness"] is None
