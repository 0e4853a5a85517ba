"""A study of robustness over a real plan: carried-over fields against solved ones, the same on any executor."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from openhifu.base.errors import Tampered
from openhifu.console.cli import app
from openhifu.console.plan_files import load_planned
from openhifu.console.robustness import robustness, robustness_beside, robustness_file, uncertainty
from openhifu.planning.robust.basis import Basis, heats, prepare
from openhifu.planning.robust.outcome import run_scenario
from openhifu.planning.robust.scenario import draw, nominal
from openhifu.planning.robust.transfer import transferred


@pytest.fixture(scope="module")
def own_plan(small_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the plan, so that its study does not lie beside the one that others share."""
    folder = tmp_path_factory.mktemp("robust")
    for file in small_plan.parent.glob(f"{small_plan.stem}.*"):
        if "robust" not in file.name:
            shutil.copy(file, folder)
    return folder / small_plan.name


@pytest.fixture(scope="module")
def basis(own_plan: Path) -> Basis:
    planned = load_planned(own_plan)
    return prepare(planned.data, planned.plan)


@pytest.fixture(scope="module")
def studied(own_plan: Path) -> dict:
    done = CliRunner().invoke(app, ["robust", str(own_plan), "--scenarios", "2", "--seed", "5", "--json"])
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.output)


def test_nothing_drawn_is_the_plan(basis: Basis) -> None:
    found = run_scenario(basis, nominal(len(basis.plan.sonications)))
    expected = basis.plan.prediction
    assert abs(found.coverage - expected.coverage) < 0.01
    assert abs(found.peak_temperature - expected.peak_temperature) < 0.5
    assert abs(found.treatment_time / expected.treatment_time - 1) < 0.01
    assert found.energy == pytest.approx(expected.energy)


def test_heat_carried_over_is_the_heat_solved_anew(basis: Basis) -> None:
    given = uncertainty(basis.plan, position=2e-3, breathing=0.0)
    scenario = draw(basis.here.tissues, basis.plan.pose, len(basis.plan.sonications), given, seed=1, number=1)
    carried = transferred(basis, scenario, threads=2)
    others = [n for n in range(len(basis.plan.sonications)) if n not in basis.anchors][::6]
    medium = basis.medium.with_tissues(scenario.tissues)
    for n, field in zip(others, heats(basis.plan, basis.here, medium, others, scenario.offset, 2), strict=True):
        truth, ours = gaussian_filter(field.data[basis.cut], 2), gaussian_filter(carried.near(n), 2)
        before = gaussian_filter(basis.near[n], 2)
        assert abs(ours.max() / truth.max() - 1) < 0.04
        there = np.unravel_index(int(truth.argmax()), truth.shape)
        assert abs(ours[there] / truth[there] - 1) < 0.05
        assert abs(before[there] / truth[there] - 1) > 0.08  # leaving the nominal field would not do


def test_the_study_lies_beside_the_plan_and_is_bound_to_it(own_plan: Path, studied: dict, tmp_path: Path) -> None:
    plan = load_planned(own_plan).plan
    found = robustness_beside(own_plan, plan)
    assert found is not None and found.data() == studied["robustness"]
    assert [b.name for b in found.bands] == ["target coverage", "peak temperature", "treatment time", "energy"]
    moved = tmp_path / "other.json"
    robustness_file(moved).write_text(robustness_file(own_plan).read_text())
    other = plan.model_copy(update={"serial": "another"})
    with pytest.raises(Tampered, match="belongs to plan"):
        robustness_beside(moved, other)
    edited = robustness_file(moved).read_text().replace('"seed": 5', '"seed": 6', 1)
    robustness_file(moved).write_text(edited)
    with pytest.raises(Tampered, match="changed after"):
        robustness_beside(moved, plan)


def test_another_executor_gives_the_same_study(own_plan: Path, studied: dict) -> None:
    with ThreadPoolExecutor(1) as pool:
        again = robustness(load_planned(own_plan), scenarios=2, seed=5, executor=pool)
    assert json.loads(json.dumps(again.data())) == studied["robustness"]


def test_two_scenarios_are_too_few(studied: dict) -> None:
    first = studied["findings"][0]
    assert first["check"] == "scenarios" and first["verdict"] == "error"
