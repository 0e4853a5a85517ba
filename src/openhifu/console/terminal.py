"""What the command line shows while it works, and how it ends: progress, one clear sentence, an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from openhifu.base.errors import HifuError, Infeasible
from openhifu.base.progress import Progress as Listener

EXIT_FAILED = 1
"""Work was done and did not turn out well: a check in error, a treatment that did not complete."""

EXIT_BAD_INPUT = 2
"""What was asked cannot be done with what was given; nothing was left half-written."""

EXIT_INTERRUPTED = 130
"""Stopped by Ctrl-C."""

P = ParamSpec("P")
R = TypeVar("R")


def notes() -> Console:
    """Where people read: standard error, so that standard output stays for results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Listener]:
    """A bar a stage; nothing where ``quiet``."""
    if quiet:
        yield lambda stage, fraction: None
        return
    columns = (TextColumn("{task.description:<38}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes(), transient=False) as bars:
        rows: dict[str, Any] = {}

        def listen(stage: str, fraction: float) -> None:
            if stage not in rows:
                for row in rows.values():
                    bars.update(row, completed=1.0)
                    bars.stop_task(row)
                rows[stage] = bars.add_task(stage, total=1.0)
            bars.update(rows[stage], completed=min(max(fraction, 0.0), 1.0))

        yield listen
        for row in rows.values():
            bars.update(row, completed=1.0)


def say(text: str) -> None:
    """One line for people."""
    notes().print(text)


def result(payload: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """The result of a command on standard output: JSON for programs, lines for people."""
    if as_json:
        sys.stdout.write(json.dumps(payload, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        sys.stdout.write("\n".join(lines) + "\n")


def fail(error: HifuError) -> NoReturn:
    """Print an error with its reasons and leave."""
    out = notes()
    out.print(f"[bold red]error:[/] {_plain(str(error))}")
    reasons = error.reasons if isinstance(error, Infeasible) else ()
    for reason in reasons:
        out.print(f"  - {_plain(reason)}")
    raise typer.Exit(EXIT_BAD_INPUT)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose deliberate errors become one sentence and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except HifuError as error:
            fail(error)
        except KeyboardInterrupt:
            say("[yellow]stopped by Ctrl-C; nothing half-made was left behind[/]")
            raise typer.Exit(EXIT_INTERRUPTED) from None

    return run
