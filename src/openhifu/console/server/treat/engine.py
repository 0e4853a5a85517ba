"""The process of one treatment: ``python -m openhifu.console.server.treat.engine REQUEST STOP TALK PICTURES``."""

from __future__ import annotations

import fcntl
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path

from openhifu.base.errors import HifuError, NotApproved
from openhifu.base.files import read_text
from openhifu.console.calibration import arming_check
from openhifu.console.plan_files import load_planned
from openhifu.console.rehearsal import rehearse
from openhifu.console.runs import DELIVERED
from openhifu.console.server.approvals import Approvals
from openhifu.console.server.library import Library
from openhifu.console.server.run_index import RunIndex
from openhifu.console.server.treat.ear import CONSOLE, Ear
from openhifu.console.server.treat.engine_request import ENGINE_LOCK, TreatRequest
from openhifu.console.server.treat.following import Following
from openhifu.console.server.treat.person import PipedPerson
from openhifu.console.server.treat.pictures import Camera
from openhifu.console.server.treat.wire import NEXT, line_of, message_of, send_sized
from openhifu.delivery.folds import begun
from openhifu.delivery.precedence import be_ordinary
from openhifu.delivery.stop_switch import StopSwitch
from openhifu.imaging import read_history
from openhifu.model.events import Event, Reading
from openhifu.model.history import TreatmentHistory
from openhifu.thermal.dose import ThermalDose
from openhifu.twin.patient import SimulatedPatient
from openhifu.twin.rehearse import Attended

WAIT_FOR_LINE = 600.0
"""s a prepared run waits for a stop line before it is given up."""

OFF = "output ended at"
"""Stands in the process's log before the monotonic s of a stop's end of output: the server may not live to hear it."""

_STATUS_EVERY = 0.1  # s between two lines of status at least
_PATIENCE = 0.25  # s the picture thread waits for a new picture before it looks whether it is still wanted


class Process:
    """Everything of one treatment.

    Args:
        request: what to do.
        pipes: to the server: stop, talk, pictures.
    """

    def __init__(self, request: TreatRequest, pipes: tuple[socket.socket, socket.socket, socket.socket]) -> None:
        """Nothing begins yet."""
        self._request, (stop, self._talk, self._pictures) = request, pipes
        self._library = Library(Path(request.home))
        self._runs = RunIndex(self._library)
        self._switch: StopSwitch | None = None
        self._camera: Camera | None = None
        self._patient: SimulatedPatient | None = None
        self._over = threading.Event()
        self.ear = Ear(stop, self._end_output)
        self.person = PipedPerson(request.person, self.ear)
        self._plan = self._library.plan(request.plan)
        self._earlier = self._runs.chain(request.resume_of) if request.resume_of else []
        done = begun(event for run in self._earlier for event in run.journal.events)
        self.following = Following(request.run, self._plan, done)

    def run(self) -> None:
        """Deliver, with the server listening; returns when the run folder is whole."""
        threads = [
            threading.Thread(target=target, name=target.__name__, daemon=True)
            for target in (self._hear_words, self._tell_status, self._send_pictures)
        ]
        self.ear.start()
        for thread in threads:
            thread.start()
        try:
            self._deliver()
        except HifuError as error:
            self.following.stage("ended", f"it could not be done: {error}")
        finally:
            self._over.set()
            self.following.changed.set()
            threads[1].join(1.0)
            self.ear.close()

    def _deliver(self) -> None:
        request, plan = self._request, self._plan
        approval = Approvals(self._library, self._runs, request.second_look).complete(plan)
        if approval is None:
            raise NotApproved("the plan lacks an approval; have it approved first")
        in_force = arming_check(plan)
        in_force()
        planned = load_planned(self._library.plan_path(request.plan), self._library.case_folder(plan.case))
        attended = Attended(request.person, self.person, self._told, request.pace, self._take_switch)
        rehearse(
            planned,
            self._library.folder("runs") / request.run,
            request.seed,
            approval,
            progress=self._progress,
            attended=attended,
            earlier=tuple(run.journal for run in self._earlier),
            before=self._before(),
            ready=self._ready,
            in_force=in_force,
        )
        self.following.stage("ended", "the run folder is whole")

    def _before(self) -> TreatmentHistory | None:
        """What the patient had from the run before; None for a new patient, or if that engine died."""
        if not self._earlier:
            return None
        file = self._library.run_folder(self._earlier[-1].id) / DELIVERED
        return read_history(file) if file.is_file() else None

    def _ready(self, patient: SimulatedPatient) -> None:
        """The patient is made: wait until a stop line is open, then begin."""
        self._patient, self._camera = patient, Camera(patient.solver.grid, self._plan.pose.focus)
        self._take_picture(0.0)
        self.following.stage("waiting", "waiting for an operator's stop line")
        until = time.monotonic() + WAIT_FOR_LINE
        while not self.ear.open_lines and self.ear.stopped_by is None:
            if time.monotonic() > until:
                self.ear.stop(CONSOLE, "no stop line was opened")
            time.sleep(0.02)
        self.ear.begin()
        self.following.stage("running", "begins")

    def _take_switch(self, switch: StopSwitch) -> None:
        self._switch = switch
        if (stopped := self.ear.stopped) is not None:
            switch.throw(stopped)

    def _end_output(self, by: str) -> None:
        """From the ear's thread: the output ends now, whatever the engine is doing."""
        if self._switch is not None:
            self._switch.throw(by)
            print(f"{OFF} {self.following.off():.6f}", flush=True)

    def _progress(self, stage: str, fraction: float) -> None:
        if self._patient is None:
            self.following.stage("preparing", f"{stage} {100 * fraction:.0f} %")

    def _told(self, event: Event) -> None:
        """An event; a screen that cannot follow is a stop, for who cannot see must not go on."""
        try:
            self.following.told(event)
            if isinstance(event.what, Reading):
                self._take_picture(event.clock)
        except Exception as error:
            self.ear.stop(CONSOLE, f"the status failed: {type(error).__name__}: {error}")

    def _take_picture(self, now: float) -> None:
        patient, camera = self._patient, self._camera
        if patient is not None and camera is not None and isinstance(patient.dose, ThermalDose):
            camera.take(now, patient.solver.temperature.data, patient.dose.minutes)

    # ------------------------------------------------------------------ threads beside the run

    def _hear_words(self) -> None:
        with self._talk.makefile("rb") as lines:
            for line in lines:
                self.person.take(message_of(line))

    def _tell_status(self) -> None:
        """The newest status, as often as the server takes it; a server that does not take it waits for itself."""
        asked, last = None, False
        while not last:
            self.following.changed.wait(_STATUS_EVERY)
            last = self._over.is_set()
            question = self.person.question
            if not (self.following.changed.is_set() or question != asked or last):
                continue
            self.following.changed.clear()
            asked = question
            try:
                self._talk.sendall(line_of(**self.following.shown(question).model_dump()))
            except OSError:
                return
            time.sleep(_STATUS_EVERY)

    def _send_pictures(self) -> None:
        try:
            while self._pictures.recv(1) == NEXT:
                picture = None
                while picture is None and not self._over.is_set():
                    camera = self._camera
                    picture = time.sleep(_PATIENCE) if camera is None else camera.next(_PATIENCE)
                if picture is None:
                    return
                send_sized(self._pictures, picture)
        except OSError:
            return


def main(request_file: Path, descriptors: tuple[int, int, int]) -> int:
    """Treat."""
    be_ordinary()  # its twin computes; the ear alone goes before others
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C at the server's terminal reaches this process through the pipe
    request = TreatRequest.from_document(read_text(request_file, "request"), str(request_file))
    stop, talk, pictures = (socket.socket(fileno=number) for number in descriptors)
    with (Path(request.home) / ENGINE_LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another treatment is on", file=sys.stderr)
            return 2
        try:
            Process(request, (stop, talk, pictures)).run()
        except Exception:
            traceback.print_exc()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), (int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
