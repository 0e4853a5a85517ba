"""``openhifu bench`` and the contests with peers: rows, ratios, refusals; not speeds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openhifu.base.errors import FileProblem
from openhifu.base.measurement import Contest, Measurement, in_turn
from openhifu.console import bench_commands, peers
from openhifu.console.cli import app
from openhifu.console.server import chromium

_PEER = """
import json, sys
work = json.loads(sys.argv[1])
print("some talk")
print("ready sleeper 1.2")
for line in sys.stdin:
    print("seconds", work["seconds"], flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sleeper.py").write_text(_PEER)
    (tmp_path / "broken.py").write_text("raise RuntimeError('no such module as jwave')")
    monkeypatch.setattr(peers, "peers_folder", lambda: tmp_path)
    return tmp_path


def contest(peer: str) -> Contest:
    return Contest("a nap", peer, {"seconds": 3600.0}, lambda: lambda: None, 1.0, 2.0, "s", repetitions=2, goal=10.0)


@pytest.mark.usefixtures("folder")
def test_a_peer_runs_in_turn_with_ours() -> None:
    row = peers.compete(contest("sleeper"), Path(sys.executable))
    assert row.other == 7200.0
    assert row.beside == "sleeper 1.2"
    assert row.ratio is not None
    assert row.ratio > 1e3
    assert row.reached


@pytest.mark.usefixtures("folder")
def test_a_peer_that_does_not_start_says_why() -> None:
    with pytest.raises(FileProblem, match="no such module as jwave"):
        peers.compete(contest("broken"), Path(sys.executable))
    with pytest.raises(FileProblem, match="cannot run"):
        peers.compete(contest("sleeper"), Path("/nowhere/python"))


@pytest.mark.parametrize(
    ("ours", "other", "rate", "ratio"), [(2.0, 6.0, False, 3.0), (6.0, 2.0, True, 3.0), (2.0, None, False, None)]
)
def test_a_ratio_says_how_many_times_better(ours: float, other: float | None, rate: bool, ratio: float | None) -> None:
    assert Measurement.of("x", ours, "s", other, more_is_better=rate).ratio == ratio


@pytest.mark.parametrize(("goal", "rate", "reached"), [(1.0, False, False), (3.0, False, True), (3.0, True, False)])
def test_a_goal_without_a_ratio_is_that_of_the_figure(goal: float, rate: bool, reached: bool) -> None:
    assert Measurement.of("x", 2.0, "s", goal=goal, more_is_better=rate).reached is reached


def test_acts_are_run_in_turn() -> None:
    order: list[str] = []
    times = in_turn(lambda: order.append("a"), lambda: order.append("b"), repetitions=3)
    assert order == ["a", "b"] * 3
    assert all(t >= 0 for t in times)


def test_a_missed_goal_is_told_by_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(names: list[str]) -> tuple[dict[str, bench_commands.Bench], dict[str, Contest]]:
        return {names[0]: lambda: (Measurement.of(names[0], 2.0, "s", goal=1.0),)}, {}

    monkeypatch.setattr(bench_commands, "chosen", chosen)
    run = CliRunner().invoke(app, ["bench", "slow", "--json"])
    assert run.exit_code == 1
    assert json.loads(run.stdout)["ours"] == 2.0


def test_an_unknown_measurement_is_refused() -> None:
    run = CliRunner().invoke(app, ["bench", "thermol"])
    assert run.exit_code == 2
    assert "thermal" in run.stderr


def test_names_are_listed_without_running_them() -> None:
    run = CliRunner().invoke(app, ["bench", "thermal", "--list"])
    assert run.exit_code == 0
    assert "bioheat-step" in run.stdout


def test_where_there_is_no_playwright_the_page_is_not_measured_and_it_is_said_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chromium, "find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["bench", "console-page", "console-stop", "console-live"])
    assert done.exit_code == 0
    for name in ("console-page", "console-stop", "console-live"):
        assert f"not run: {name}: Playwright for Python is not installed" in " ".join(done.output.split())
