from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console_server import Served, served


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    made = served(tmp_path / "data")
    yield made
    made.close()
