"""A run with a person at the terminal: what is going on is drawn anew all the time, and the stop key is always read."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.base.progress import Progress
from openhifu.console.keyboard import HELP, KeyboardOperator
from openhifu.console.live_status import LiveStatus
from openhifu.twin.rehearse import Attended

_REDRAW = 0.2  # s between pictures of the screen
_BELL = "\a"
_BELL_EVERY = 2.0  # s between sounds of an alarm


@dataclass
class _Stage:
    """What is being computed, as a line of the screen."""

    sentence: str = "starting"

    def listen(self, stage: str, fraction: float) -> None:
        """Progress of a stage."""
        self.sentence = f"{stage} {100 * fraction:.0f} %"


@contextmanager
def attended_run(name: str, exposures: int, pace: float) -> Iterator[tuple[Attended, Progress]]:
    """A person at this terminal, and the listener for progress; the terminal is given back at the end.

    Args:
        name: of the person, under which stop, answers and acknowledgements are written down.
        exposures: of the plan.
        pace: simulated seconds per second at most.

    Raises:
        OutOfRange: if the name is empty.
        CannotModel: if standard input is no terminal whose keys can be read, or standard error none to draw on.
    """
    if not name.strip():
        raise OutOfRange("the operator's name is empty; give the name that the journal is to hold")
    console = Console(stderr=True, highlight=False)  # wraps: a question must be readable to its end
    if not console.is_terminal:
        raise CannotModel("the live status needs a terminal on standard error; do not redirect it with --operator")
    status, stage, over = LiveStatus(exposures, pace), _Stage(), threading.Event()
    with KeyboardOperator(name) as keys:
        screen = Live(console=console, auto_refresh=False, transient=False, vertical_overflow="visible")
        drawing = threading.Thread(target=_draw, args=(screen, status, stage, keys, over), name="screen", daemon=True)
        with screen:
            drawing.start()
            try:
                yield Attended(name, keys, status.told, pace), stage.listen
            finally:
                over.set()
                drawing.join()


def _draw(screen: Live, status: LiveStatus, stage: _Stage, keys: KeyboardOperator, over: threading.Event) -> None:
    """Draw until it is over, and once more; a screen that cannot be drawn stops the run."""
    looks, ring_every = 0, round(_BELL_EVERY / _REDRAW)
    ending = False
    try:
        while not ending:
            ending = over.wait(_REDRAW)
            screen.update(_screen(status, stage, keys), refresh=True)
            if status.bell and looks % ring_every == 0:
                sys.stderr.write(_BELL)
                sys.stderr.flush()
            looks += 1
    finally:
        if not ending:
            keys.stop()


def _screen(status: LiveStatus, stage: _Stage, keys: KeyboardOperator) -> Group:
    first, *rest = status.lines(keys.question)
    stopping = [Text("stop was asked for", style="bold red")] if keys.stop_requested() else []
    return Group(
        Text(first, style="bold"),
        *(Text(line, style=status.colour() if "ALARM" in line else "") for line in rest),
        *stopping,
        Text(stage.sentence, style="dim"),
        Text(HELP, style="dim"),
    )
