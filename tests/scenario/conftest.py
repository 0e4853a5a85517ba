"""A small treatment that scenarios share: planned and rehearsed once."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from openhifu.console.cli import app
from openhifu.imaging import bundled_case


@pytest.fixture(scope="session")
def small_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan file of the bundled block of liver in water."""
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    done = CliRunner().invoke(app, ["plan", str(bundled_case("liver-in-water")), "-o", str(path), "--json"])
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture(scope="session")
def small_rehearsal(small_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder of its rehearsal."""
    folder = tmp_path_factory.mktemp("run") / "rehearsal"
    done = CliRunner().invoke(app, ["rehearse", str(small_plan), "-o", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    return folder
