"""What a beam meets from a direction that somebody drags: asked of a process of its own, the newest question first."""

from __future__ import annotations

import select
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from openhifu.base.errors import DeviceFault
from openhifu.base.record import Record
from openhifu.console.server.forms import Form
from openhifu.console.server.refusals import Refused

_GRACE = 2.0  # s for the process to end by itself
PATIENCE = 60.0
"""s that the process may take for an answer, opening a case included; then it is taken for hung and ended."""


class LookWish(Form):
    """From where: azimuth [rad] in the axial plane from L towards P, elevation [rad] towards S, target to source."""

    azimuth_rad: float = Field(ge=-7.0, le=7.0)
    elevation_rad: float = Field(ge=-1.5708, le=1.5708)


class LookAsked(Record):
    """A question as its process reads it, in one line."""

    plan: str
    azimuth: float
    elevation: float


class LookShown(Form):
    """What straight rays to the target's centre meet; shares are of the aperture's solid angle.

    Attributes:
        direction: unit vector from target to source (LPS).
        bone: share of rays through bone; likewise ``cartilage`` (and no bone), ``gas`` or lung, ``bowel``.
        cut: share of rays that leave the image while still in tissue.
        amplitude: mean amplitude that arrives; bone and gas let nothing through.
        stand_off_m: least water between source and skin.
        elements_off: elements that would be switched off at the target's centre.
        elements: of the device.
        refusal: the first rule it breaks, anywhere in the target; empty for none.
        took_ms: the rays took.
    """

    direction: tuple[float, float, float]
    bone: float
    cartilage: float
    gas: float
    bowel: float
    cut: float
    amplitude: float
    stand_off_m: float
    elements_off: int
    elements: int
    refusal: str
    took_ms: float


@dataclass(eq=False)
class Looks:
    """Asks the process, and starts it when it is first needed; it keeps the anatomies it has seen, and ends when idle.

    Attributes:
        data: the data folder.
    """

    data: Path
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _newest: dict[str, object] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None

    def seen(self, who: str, plan: str, wish: LookWish) -> LookShown:
        """The answer.

        Args:
            who: asks; of one who asks again only the newest question is answered.
            plan: whose case, device and target.
            wish: from where.

        Raises:
            Refused: if a newer question came meanwhile, or the case cannot be read.
            DeviceFault: if the process dies.
        """
        ticket = self._newest[who] = object()
        with self._turn:
            if self._newest.get(who) is not ticket:
                raise Refused(409, "a newer direction was asked for", "nothing: its answer is on its way")
            asked = LookAsked(plan=plan, azimuth=wish.azimuth_rad, elevation=wish.elevation_rad)
            said = self._said(asked.model_dump_json()) or self._said(asked.model_dump_json())
            if self._newest.get(who) is ticket:
                del self._newest[who]
        if not said:
            raise DeviceFault("the process that looks along beams ended without a word; try again")
        if said.startswith("refused: "):
            raise Refused(409, said.removeprefix("refused: ").strip(), "see the case's checks")
        return LookShown.model_validate_json(said)

    def close(self) -> None:
        """End the process: it reads no more."""
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _said(self, line: str) -> str:
        """What the process says; empty if it is gone, as after it was idle for long."""
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "openhifu.console.server.look_work", str(self.data)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        with suppress(OSError):
            if self._process.stdin and self._process.stdout:
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
                if select.select([self._process.stdout], [], [], PATIENCE)[0]:
                    return self._process.stdout.readline()
                self._process.kill()
                self.close()
        return ""
