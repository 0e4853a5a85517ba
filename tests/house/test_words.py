"""Words that do not belong in a repository others read: hosts, private paths, notes to oneself.

Every pattern is written so that it does not match its own line here.
"""

from __future__ import annotations

import re

import pytest

from tests.house.sources import relative, repository_files

FORBIDDEN = {
    "a package registry's host": r"pypi[.]org|pythonhosted[.]org|npm[j]s[.](org|com)|yarnpkg[.]com|anaconda[.]",
    "a package index": r"--(extra-)?index-ur[l]|--find-link[s]",
    "a path of one machine": r"(?<![\w.])/wor[k]/|/hom[e]/\w|/roo[t]/|(?<![\w/])(\.\./)?share[d]/",
    "a note to oneself": r"\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b",
    "the tool that wrote it": (
        r"(?i)(?<!contrast )(?<!coupling )(?<!sclerosing )\b(sub)?agen[t]s?\b|\bassistan[t]s?\b"
        r"|\bclaud[e]\b|\banthropi[c]\b|\bcopilo[t]\b|\bchatgp[t]\b|\bopena[i]\b|\bll[m]s?\b"
    ),
}


def offences(text: str) -> list[str]:
    """What is wrong with a text: line number, kind and words of each forbidden phrase."""
    return [
        f"{text.count(chr(10), 0, match.start()) + 1}: {kind}: {match.group()!r}"
        for kind, pattern in FORBIDDEN.items()
        for match in re.finditer(pattern, text)
    ]


def readable_text(content: bytes) -> str:
    """The text of a file; nothing for a binary one."""
    try:
        return "" if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_file_holds_a_forbidden_word() -> None:
    found = [
        f"{relative(path)}:{offence}"
        for path in repository_files()
        for offence in offences(relative(path)) + offences(readable_text(path.read_bytes()))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("https://" + "pypi" + ".org/simple", False),
        ("--index" + "-url x", False),
        ("--no-emit-index" + "-url", True),
        ("see /wor" + "k/notes", False),
        ("the frame" + "work/house", True),
        ("# TO" + "DO later", False),
        ("a coding ag" + "ent", False),
        ("a contrast ag" + "ent", True),
        ("rea" + "gent", True),
    ],
)
def test_the_patterns_tell_right_from_wrong(text: str, allowed: bool) -> None:
    assert (not offences(text)) is allowed
