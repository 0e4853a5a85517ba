"""Files and functions small enough to be read in one sitting, and no drawer for odds and ends."""

from __future__ import annotations

import ast

from tests.house.sources import python_files, relative

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
DRAWERS = {"utils", "util", "misc", "common"}


def test_files_are_short() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    long = {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE}
    assert not long, f"files over {MOST_LINES_OF_A_FILE} lines: {long}"


def test_functions_are_short() -> None:
    long = [
        f"{relative(path)}:{node.lineno} {node.name}: {length(node)} lines"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert not long, f"functions over {MOST_LINES_OF_A_FUNCTION} lines:\n" + "\n".join(long)


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the last statement, docstring included."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_a_drawer() -> None:
    drawers = [relative(path) for path in python_files() if DRAWERS.intersection({path.stem, path.parent.name})]
    assert not drawers, f"name these for what they do: {drawers}"
