"""Peers in an interpreter of their own: a script that prepares the same work and runs it when told to.

A peer's script takes its work as one JSON argument, prints ``ready`` and its version when it can begin, and for every
line ``run`` does the work once and prints the seconds it took. Peers are never dependencies: whoever wants them in the
table gives the interpreter of an environment that has them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from openhifu.base.errors import FileProblem
from openhifu.base.measurement import Contest, Measurement, seconds

_PACKAGE = Path(__file__).resolve().parents[1]


def peers_folder() -> Path:
    """Where the peers' scripts lie: beside the package in a wheel, at the repository's root in a clone.

    Raises:
        FileProblem: if there are none.
    """
    for folder in (_PACKAGE / "peers", _PACKAGE.parents[1] / "peers"):
        if folder.is_dir():
            return folder
    raise FileProblem(f"the peers' scripts are neither beside {_PACKAGE} nor at the root of a clone; install again")


class Peer:
    """A peer at work in its own process.

    Args:
        python: interpreter of an environment that has it.
        contest: what it is to do.

    Raises:
        FileProblem: if it does not start; with the end of what it said.
    """

    def __init__(self, python: Path, contest: Contest) -> None:
        script = peers_folder() / f"{contest.peer}.py"
        command = [str(python), str(script), json.dumps(contest.work)]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        except OSError as error:
            raise FileProblem(
                f"cannot run {python}: {error.strerror}; give the Python of the peers' environment"
            ) from error
        self.version = self._answer("ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self) -> float:
        """Have the work done once; returns the seconds that the peer took for it."""
        if self._process.stdin is None:
            raise FileProblem("the peer has no input")
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return float(self._answer("seconds"))

    def _answer(self, word: str) -> str:
        """What follows a word at the start of a line; other lines are the peer's own talk."""
        out = self._process.stdout
        if out is None:
            raise FileProblem("the peer has no output")
        for line in out:
            if line.startswith(word):
                return line.removeprefix(word).strip()
        said = self._process.communicate()[1].strip().splitlines()
        raise FileProblem(f"the peer ended early: {said[-1] if said else 'it said nothing'}")


def compete(contest: Contest, python: Path) -> Measurement:
    """Run a contest: ours and the peer's in turn, medians.

    Raises:
        FileProblem: if the peer does not run.
    """
    act = contest.prepare()
    act()
    ours, theirs = [], []
    with Peer(python, contest) as peer:
        peer.run()
        for _ in range(contest.repetitions):
            ours.append(seconds(act))
            theirs.append(peer.run())
        version = peer.version
    mine, other = contest.scale * statistics.median(ours), contest.peer_scale * statistics.median(theirs)
    return Measurement.of(contest.name, mine, contest.unit, other, version, goal=contest.goal)
