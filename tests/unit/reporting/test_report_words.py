"""Every word of the reports comes from the catalogue, and every word of the catalogue is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import openhifu.reporting
from openhifu.base.errors import FormatError, UnknownName
from openhifu.reporting.words import english, parse, read_words

ROOM = Path(openhifu.reporting.__file__).parent
PAGES_FOR_DEVELOPERS = {"claims_page.py"}
"""In English, like the documents they belong to."""

SOURCES = sorted(path for path in ROOM.rglob("*.py") if path.name not in PAGES_FOR_DEVELOPERS)
SETTINGS = {"loc", "xycoords", "textcoords"}  # arguments of the drawing library that are not read by people
NAMES = {"DejaVu Sans", "Front Oncol 2021;11:725193"}
COMPLAINTS = {"require_same", "read_text"}  # calls whose words end up in an error's message
LABELLING = {"set_title", "set_xlabel", "set_ylabel", "set_label", "text", "annotate", "suptitle", "supxlabel"}


def literals(tree: ast.AST) -> Iterator[ast.Constant]:
    """String constants that are not docstrings, messages of errors, or settings of the drawing library."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.keyword) and node.arg in SETTINGS):
            skipped |= {id(n) for n in ast.walk(node)}
        if (
            isinstance(node, ast.Call)
            and (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) in COMPLAINTS
        ):
            skipped |= {id(n) for n in ast.walk(node)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node


def all_literals() -> set[str]:
    return {str(node.value) for path in SOURCES for node in literals(ast.parse(path.read_text(encoding="utf-8")))}


def test_every_text_is_used() -> None:
    assert set(english().texts) - all_literals() == set()


def test_every_key_exists() -> None:
    texts = english().texts
    tables = {key.split(".")[0] for key in texts}
    files = {"report.pdf", "report.typ"}
    keys = {t for t in all_literals() if re.fullmatch(r"[a-z]+\.[a-z0-9_]+", t) and t.split(".")[0] in tables} - files
    settings = {t for t in keys if t in {"figure.scale", "legend.fontsize", "legend.frameon", "legend.handlelength"}}
    assert {k for k in keys - settings if k not in texts and not k.startswith(("axes.", "text."))} == set()


def test_no_sentence_stands_outside_the_catalogue() -> None:
    found = [
        f"{path.name}:{node.lineno}: {node.value!r}"
        for path in SOURCES
        for node in literals(ast.parse(path.read_text(encoding="utf-8")))
        if re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", str(node.value)) and node.value not in NAMES
    ]
    assert not found, "\n".join(found)


def test_no_label_of_a_figure_is_a_literal() -> None:
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LABELLING:
                said = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                found += [f"{path.name}:{node.lineno}: {text!r}" for text in said if re.search("[A-Za-z]", text)]
    assert not found, "\n".join(found)


def test_the_page_template_holds_no_words() -> None:
    code = re.sub(r"//.*", "", (ROOM / "report.typ").read_text(encoding="utf-8"))
    assert re.findall(r'\[[^\]]*[A-Za-z]{3,}|"[A-Za-z]+ [a-z]{3,}[^"]*"', code) == []


def test_say_fills_in_and_refuses() -> None:
    words = parse('language = "xx"\n[a]\nb = "{n} of {m}"\n', "a test")
    assert words.say("a.b", n=1, m=2) == "1 of 2"
    with pytest.raises(UnknownName, match="no text called 'a.c'"):
        words.say("a.c")
    with pytest.raises(FormatError, match="'m'"):
        words.say("a.b", n=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("language = [", "not valid TOML"),
        ('[a]\nb = "c"', "must state its language"),
        ('language = "en"\n[a]\nb = 3', "must be a table of texts"),
        ('language = "en"\nb = "c"', "must be a table of texts"),
    ],
)
def test_a_bad_catalogue_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse(text, "a test")


def test_an_incomplete_translation_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "xx.toml"
    file.write_text('language = "xx"\n[word]\nnone = "-"\n', encoding="utf-8")
    with pytest.raises(FormatError, match="lacks .* texts"):
        read_words(file)


def test_a_whole_translation_is_read(tmp_path: Path) -> None:
    file = tmp_path / "en.toml"
    file.write_text((ROOM / "words.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert read_words(file).texts == english().texts
