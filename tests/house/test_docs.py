"""What the documents point at exists: links, documents named in passing, and the tests of the hazard table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.sources import ROOT, python_files, relative, repository_files

HAZARDS = ROOT / "docs" / "hazards.md"
PLANNED = "planned"


def documents() -> list[Path]:
    """Every Markdown file of the repository."""
    return [path for path in repository_files() if path.suffix == ".md"]


def test_links_lead_somewhere() -> None:
    broken = [
        f"{relative(document)} -> {target}"
        for document in documents()
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert not broken, "\n".join(broken)


def test_documents_named_in_passing_exist() -> None:
    known = {relative(path) for path in repository_files()}
    missing = [
        f"{relative(path)} names {name}"
        for path in [*documents(), *python_files()]
        for name in re.findall(r"\b[A-Za-z][\w/-]*\.md\b", path.read_text(encoding="utf-8"))
        if not any(f"/{file}".endswith(f"/{name}") for file in known)
    ]
    assert not missing, "\n".join(missing)


def hazard_rows() -> list[list[str]]:
    """Cells of the hazard table, one list a row, without its head."""
    lines = [line for line in HAZARDS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def existing_tests() -> set[str]:
    """``path::function`` of every test function."""
    return {
        f"{relative(path)}::{node.name}"
        for path in python_files()
        if path.name.startswith("test_")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_hazard_names_its_control_and_its_test() -> None:
    rows = hazard_rows()
    assert rows, "the hazard table is empty"
    assert all(len(row) == 4 and all(row) for row in rows), "a row of the hazard table has an empty cell"


def test_the_tests_of_the_hazard_table_exist() -> None:
    known = existing_tests()
    for number, _, _, tests in hazard_rows():
        named = re.findall(r"`([^`]+)`", tests)
        assert named or PLANNED in tests, f"{number} names neither a test nor '{PLANNED}'"
        assert set(named) <= known, f"{number} names tests that do not exist: {sorted(set(named) - known)}"
