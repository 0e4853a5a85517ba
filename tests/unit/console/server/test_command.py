"""``openhifu console`` as it is typed."""

from __future__ import annotations

import socket
from pathlib import Path

from typer.testing import CliRunner

from openhifu.console.cli import app


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = CliRunner().invoke(app, ["console", "--port", str(port), "--data", str(tmp_path / "data")])
    assert ran.exit_code == 2
    assert ran.output.strip().count("\n") == 0 and f"port {port}" in ran.output
    assert not (tmp_path / "data").exists()


def test_other_machines_are_refused_without_tls(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["console", "--host", "0.0.0.0", "--data", str(tmp_path)])
    assert ran.exit_code == 2
    assert "--behind-proxy" in ran.output
