"""The catalogue of everything the reports say, so that another language is another file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from openhifu.base.errors import FormatError, UnknownName
from openhifu.base.files import read_text


@dataclass(frozen=True, eq=False)
class Words:
    """Texts by key, such as ``"summary.title"``, with named fields in braces.

    Attributes:
        language: BCP 47 tag, e.g. ``"en"``.
        texts: key to text.
    """

    language: str
    texts: dict[str, str]

    def say(self, key: str, **fields: object) -> str:
        """The text of a key with its fields filled in.

        Raises:
            UnknownName: if the catalogue has no such key.
            FormatError: if a field of the text was not given.
        """
        if key not in self.texts:
            raise UnknownName("text", key, self.texts)
        try:
            return self.texts[key].format(**fields)
        except (KeyError, IndexError, ValueError) as error:
            raise FormatError(
                f"text {key!r} of language {self.language!r} cannot be filled in: {error}; given: {sorted(fields)}"
            ) from error


def parse(text: str, origin: str) -> Words:
    """A catalogue of its TOML text: ``language`` and tables of texts.

    Raises:
        FormatError: if it is not TOML, or holds anything but tables of texts.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{origin} is not valid TOML: {error}") from error
    language = tables.pop("language", None)
    texts: dict[str, str] = {}
    for table, entries in tables.items():
        if not isinstance(entries, dict) or not all(isinstance(v, str) for v in entries.values()):
            raise FormatError(f"{origin}: [{table}] must be a table of texts")
        texts.update({f"{table}.{key}": value for key, value in entries.items()})
    if not isinstance(language, str):
        raise FormatError(f'{origin} must state its language, e.g. language = "en"')
    return Words(language, texts)


def read_words(path: Path) -> Words:
    """A catalogue in another language; it must have every key of the English one.

    Raises:
        FormatError: naming the keys that are missing.
    """
    words = parse(read_text(path, "catalogue of texts"), str(path))
    absent = sorted(set(english().texts) - set(words.texts))
    if absent:
        raise FormatError(f"{path} lacks {len(absent)} texts: {', '.join(absent[:5])}; copy and translate them")
    return words


def english() -> Words:
    """The English catalogue shipped with the program."""
    text = files("openhifu").joinpath("reporting/words.toml").read_text(encoding="utf-8")
    return parse(text, "words.toml")
