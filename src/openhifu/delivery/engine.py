"""The treatment engine: one handler per step, under the state table, with the output made safe on every way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from openhifu.base.errors import DeviceFault, NotApproved
from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.delivery import words
from openhifu.delivery.authorisation import Authorisation, require_allowed, require_authorised
from openhifu.delivery.clock import Clock
from openhifu.delivery.endings import Exposure, Halt, RunResult, Tripped, ending_of, most_energy
from openhifu.delivery.folds import energy_at_most, fired
from openhifu.delivery.interlocks import Interlocks, standard_interlocks
from openhifu.delivery.journal import Journal
from openhifu.delivery.monitor import Asking, Monitor, Snapshot
from openhifu.delivery.organ_watch import OrganWatch
from openhifu.delivery.output import Output
from openhifu.delivery.program import history, program
from openhifu.delivery.protocols import AlarmAct, Devices, Question, Reply
from openhifu.delivery.rules import SafetyRules
from openhifu.delivery.states import Signal, State, following
from openhifu.delivery.steps import Arm, Ask, Cool, Measure, Move, Sonicate, Step, StepResult
from openhifu.delivery.words import RunInfo
from openhifu.model import events as ev
from openhifu.model.transducer import Transducer

T = TypeVar("T")
TIDY_ATTEMPTS = 10
"""How often an act after the end is tried while Ctrl-C keeps coming."""

_TOLERANCE = 1e-6  # s: moments closer than this are the same


class TreatmentEngine:
    """Delivers one authorised plan once.

    Args:
        authorisation: approved plan, or rehearsal.
        source: description of the device in force: its ceilings and calibration.
        devices: the machine.
        journal: a new journal.
        clock: time.
        rules: safety numbers.
        info: for the journal's first line, and what earlier runs did.
        progress: told after every exposure.
    """

    def __init__(
        self,
        authorisation: Authorisation,
        source: Transducer,
        devices: Devices,
        journal: Journal,
        clock: Clock,
        rules: SafetyRules,
        info: RunInfo,
        progress: Progress = silent,
    ) -> None:
        """Join the parts; nothing is asked or done before ``run``."""
        self._authorisation, self._source, self._devices = authorisation, source, devices
        self._journal, self._clock, self._rules, self._info, self._progress = journal, clock, rules, info, progress
        self._plan = authorisation.plan
        self._state = State.IDLE
        self._ask = Asking(clock, rules.answer_within)
        self._seen = Snapshot(clock.now(), spent=energy_at_most(info.earlier))
        self._monitor = Monitor(devices, self._ask, rules, journal.disk_free, self._seen)
        self._output = Output(devices.generator, self._ask, rules.lease, self._seen)
        conditions = standard_interlocks(self._plan, source.ceilings, rules, devices.listener is not None)
        self._interlocks = Interlocks(conditions, self._output.off)
        self._organs = OrganWatch(rules.readings_to_resume, info.earlier)
        self._exposure: Exposure | None = None
        self._fired = fired(info.earlier)
        self._again: frozenset[int] = frozenset()

    @property
    def state(self) -> State:
        """Where the engine is."""
        return self._state

    def run(self) -> RunResult:
        """Deliver; however it goes, the output is off before anything else is done about it."""
        self._to(Signal.START)
        ending, sentence = Ending.COMPLETED, "every step was done"
        try:
            try:
                self._deliver()
            finally:
                self._output.off()
        except (Exception, KeyboardInterrupt) as error:
            ending, sentence = ending_of(error)
        return self._end(ending, sentence)

    def _end(self, ending: Ending, sentence: str) -> RunResult:
        """Tidy, then tell; the output is off already, or its lease lapses."""
        if self._output.problem:
            self._tidied(lambda: self._clock.sleep(self._rules.lease))
        problem = self._tidied(self._output.still_on)
        if problem:
            ending, sentence = Ending.FAULT, f"{problem}; press the hard stop if there is output (before: {sentence})"
        elif self._output.interrupted and ending is Ending.COMPLETED:
            ending, sentence = ending_of(KeyboardInterrupt())
        self._to(Signal.END)
        self._tidied(lambda: self._ask("positioner stop", self._devices.positioner.stop))
        last = ev.RunEnded(ending=ending, sentence=sentence)
        lost = self._tidied(lambda: self._journal.append(last))
        self._journal.close()
        if isinstance(lost, str):
            sentence = f"{sentence}; the ending could not be written: {lost}"
        return RunResult(ending, sentence, self._journal.last_hash, written=not isinstance(lost, str))

    def _tidied(self, act: Callable[[], T]) -> T | str:
        """Result of an act after the end, or what went wrong with it; a Ctrl-C is noted and the act tried again."""
        for _ in range(TIDY_ATTEMPTS):
            try:
                return act()
            except KeyboardInterrupt:
                self._output.interrupted = True
            except Exception as error:
                return str(error)
        return "interrupted at the keyboard again and again"

    # ------------------------------------------------------------------ the run

    def _deliver(self) -> None:
        identity = self._output.identity()
        self._journal.append(words.run_started(self._authorisation, self._source, identity, self._rules, self._info))
        require_authorised(self._authorisation, self._source, identity)
        try:
            self._look()
            self._to(Signal.CHECKED)
        except Tripped:
            self._wait_for_reset()
        steps = program(self._plan, history(self._plan, self._info.earlier))
        result: StepResult | None = None
        while True:
            try:
                step = next(steps) if result is None else steps.send(result)
            except StopIteration:
                return
            done = self._perform(step)
            result = done.model_copy(update={"elapsed": self._seen.elapsed, "organs": self._organs.states()})

    def _perform(self, step: Step) -> StepResult:
        """One step; again after a person reset an interlock - but never an exposure."""
        while True:
            self._journal.append(ev.StepStarted(step=step.kind, index=step.index, sentence=words.of(step)))
            try:
                result, sentence = self._handle(step), ""
            except Tripped as trip:
                self._interlocks.off()
                result, sentence = StepResult(ending=Ending.INTERLOCK), str(trip)
            self._journal.note(ev.StepEnded(step=step.kind, index=step.index, ending=result.ending, sentence=sentence))
            if result.ending is Ending.COMPLETED:
                return result
            self._wait_for_reset()
            if isinstance(step, Sonicate):
                return self._exposure.result() if self._exposure else result

    def _handle(self, step: Step) -> StepResult:
        match step:
            case Move():
                return self._move(step)
            case Arm():
                return self._arm(step)
            case Sonicate():
                return self._sonicate(step)
            case Cool():
                return self._cool(step)
            case Measure():
                return self._measure(step)
            case Ask():
                return self._put(step)

    # ------------------------------------------------------------------ one handler per step

    def _move(self, step: Move) -> StepResult:
        self._to(Signal.MOVE)
        positioner = self._devices.positioner
        deadline = self._ask("move", lambda: positioner.move_to(step.focus)).deadline
        while self._ask("positioner reading", positioner.reading).moving:
            if self._clock.now() > deadline + self._rules.answer_within:
                raise DeviceFault("the axes still move although they should have arrived; check the positioner")
            self._pass(self._rules.control_period)
        return self._done()

    def _arm(self, step: Arm) -> StepResult:
        """Plan, approval, device, calibration, place and limits are held against each other at the last moment."""
        require_authorised(self._authorisation, self._source, self._output.identity())
        before = self._fired[step.index, step.purpose]
        require_allowed(self._plan, self._source, step, self._seen.spent, before, self._again)
        self._seen.focus = step.focus
        self._monitor.due()
        self._look()
        self._output.arm(step)
        self._to(Signal.ARM)
        return StepResult()

    def _sonicate(self, step: Sonicate) -> StepResult:
        armed = self._output.armed
        asked = (step.index, step.purpose, step.power, step.on_time)
        if armed is None or (armed.index, armed.purpose, armed.power, armed.on_time) != asked:
            raise NotApproved(f"exposure {step.index + 1} is not what is armed; arm it first")
        exposure = self._exposure = Exposure(step)
        self._fired[step.index, step.purpose] += 1
        most = most_energy(step, self._source.ceilings.acoustic_power, self._rules.lease)
        self._journal.append(words.sonication_started(step, most))
        self._to(Signal.FIRE)
        try:
            self._fire(exposure)
            exposure.ending = Ending.COMPLETED
        except (Exception, KeyboardInterrupt) as error:
            self._output.off()
            exposure.ending, exposure.sentence = ending_of(error)
            raise
        finally:
            self._output.off()
            self._close(exposure)
        if exposure.ending is not Ending.COMPLETED:
            raise DeviceFault(exposure.sentence)
        self._to(Signal.CEASE)
        return exposure.result()

    def _fire(self, exposure: Exposure) -> None:
        """Hold the lease as long as all is as it should be; returns when the exposure is complete."""
        step, period = exposure.step, self._rules.look_period
        self._output.fire(step.power)
        while True:
            self._pass(min(period, max(step.on_time - exposure.on_time, 1e-3)))
            generator = self._seen.generator
            exposure.learn(generator, self._output.elapsed())
            enough = exposure.enough(self._seen.temperature, self._seen.sound)
            if enough:
                exposure.sentence = enough
                return
            if generator.on_time > step.on_time + period:
                raise DeviceFault(f"the generator's timer did not end the output after {step.on_time:.2f} s")
            if not generator.radiating:
                if generator.on_time < step.on_time - period / 2:
                    raise DeviceFault(f"the generator stopped by itself after {generator.on_time:.2f} s")
                exposure.sentence = "as long as asked for"
                return
            self._output.renew()

    def _close(self, exposure: Exposure) -> None:
        """Journal what was delivered; the output is off already."""
        try:
            self._seen.generator = self._output.last_reading()
            exposure.learn(self._seen.generator, self._output.elapsed())
        except DeviceFault as error:
            exposure.assume(self._output.elapsed(), self._seen.generator.energy)
            exposure.ending, exposure.sentence = Ending.FAULT, f"{exposure.sentence}; {error}"
        self._seen.spent += exposure.energy
        self._journal.append(words.sonication_ended(exposure))
        self._progress("exposures", (exposure.step.index + 1) / len(self._plan.sonications))
        if self._output.problem:
            raise DeviceFault(self._output.problem)

    def _cool(self, step: Cool) -> StepResult:
        self._to(Signal.COOL)
        self._ask("water temperature", lambda: self._devices.cooler.set_temperature(step.water_temperature))
        began, period = self._clock.now(), self._rules.control_period
        waited: dict[str, None] = {}
        while True:
            lasted = self._clock.now() - began
            missing = step.duration - lasted
            over = missing <= _TOLERANCE
            hot = self._organs.warmer(step.resume_below) if over else ()
            if over and not hot and lasted < step.wished_for:
                hot = self._organs.warmer(step.wished_below)
            if over and not hot:
                break
            waited.update(dict.fromkeys(hot))
            if -missing > self._rules.cooling_patience:
                raise Halt(Ending.INTERLOCK, f"{', '.join(hot)} did not cool down within {lasted:.0f} s")
            self._pass(min(period, missing) if missing > _TOLERANCE else period)
        self._journal.note(ev.Cooling(least=step.duration, lasted=lasted, waited_for=tuple(waited)))
        return self._done()

    def _measure(self, step: Measure) -> StepResult:
        self._to(Signal.MEASURE)
        began, images, values = self._clock.now(), self._seen.images, []
        while self._clock.now() - began < step.duration - _TOLERANCE:
            self._pass(self._rules.control_period)
            if self._seen.images != images:
                images = self._seen.images
                values.append((0.0, self._seen.temperature.target))
        self._to(Signal.DONE)
        return StepResult(target=tuple(values))

    def _put(self, step: Ask) -> StepResult:
        self._to(Signal.ASK)
        reply = self._wait_for_answer(step.question, self._look)
        if reply.choice == step.choices[0]:
            self._again |= frozenset(step.again)
        elif not step.again:
            raise Halt(Ending.OPERATOR_STOP, f"{reply.by} answered {reply.choice!r} to: {step.text}")
        self._to(Signal.DONE)
        return StepResult(answer=reply.choice)

    # ------------------------------------------------------------------ looking, people, interlocks

    def _to(self, signal: Signal) -> None:
        self._state = following(self._state, signal)

    def _done(self) -> StepResult:
        self._to(Signal.DONE)
        return StepResult()

    def _pass(self, duration: float) -> None:
        """Let a control period go by, then look."""
        self._clock.sleep(duration)
        self._look()

    def _look(self) -> None:
        """People first, then readings, then interlocks; whatever stops, stops the output before it is written down.

        Raises:
            Halt: if operator or patient want to stop.
            Tripped: if an interlock tripped.
        """
        person = self._ask("operator", self._devices.operator.stop_requested)
        if person or self._output.interrupted:
            self._output.off()
            self._journal.append(ev.OperatorCommand(command="stop", by=person or "keyboard"))
            raise Halt(Ending.OPERATOR_STOP, f"stopped by {person or 'the keyboard'}")
        images = self._seen.images
        self._monitor.look()
        if self._seen.images != images and self._seen.asked_power and self._exposure:
            self._exposure.read(self._seen.generator.on_time, self._seen.temperature.target)
        if self._seen.button.pressed:
            self._output.off()
            self._journal.append(ev.PatientPressed())
            raise Halt(Ending.PATIENT_STOP, "the patient pressed the button")
        tripped = self._interlocks.check(self._seen)
        if tripped:
            self._to(Signal.TRIP)
            for condition in tripped:
                self._journal.append(condition.event(self._seen))
            raise Tripped("; ".join(f"{c.name}: {c.sentence}" for c in tripped))
        if self._seen.images != images:
            self._organs.add(self._seen.temperature.at, self._seen.temperature.organs)
            self._journal.note(words.reading(self._seen, self._exposure if self._seen.asked_power else None))

    def _wait_for_answer(self, question: Question, look: Callable[[], None]) -> Reply:
        self._journal.append(ev.Asked(question=question.text, choices=question.choices))
        until = self._clock.now() + self._rules.people_patience
        while self._clock.now() <= until:
            reply = self._ask("operator", lambda: self._devices.operator.answer(question))
            if reply is not None and reply.choice in question.choices and reply.by.strip():
                self._journal.append(ev.Answered(question=question.text, choice=reply.choice, by=reply.by))
                return reply
            self._clock.sleep(self._rules.control_period)
            look()
        raise Halt(Ending.OPERATOR_STOP, f"nobody answered: {question.text}")

    def _look_tripped(self) -> None:
        """Look while something is latched: more may trip, people may stop, acknowledge, or pause the sound."""
        done = self._ask("operator", self._devices.operator.alarm_reply)
        if done is not None:
            names, pause = tuple(c.name for c in self._interlocks.latched), done.act is AlarmAct.PAUSE_AUDIO
            lasts = self._rules.audio_pause if pause else 0.0
            self._journal.note(ev.AlarmSilenced(act=done.act, alarms=names, by=done.by, lasts=lasts))
        try:
            self._look()
        except Tripped:
            return

    def _wait_for_reset(self) -> None:
        """Until every latched condition has cleared and a person with a name says that it goes on."""
        until = self._clock.now() + self._rules.people_patience
        while self._interlocks.latched:
            names = ", ".join(c.name for c in self._interlocks.latched)
            if any(self._interlocks.times[c.name] > self._rules.most_resets for c in self._interlocks.latched):
                raise Halt(Ending.INTERLOCK, f"{names} trips again and again: find out why before going on")
            if self._clock.now() > until:
                raise Halt(Ending.INTERLOCK, f"{names} did not clear within {self._rules.people_patience:.0f} s")
            self._clock.sleep(self._rules.control_period)
            self._look_tripped()
            if not self._interlocks.cleared(self._seen):
                continue
            question = Question(f"{names} tripped and has cleared: reset and go on?", ("reset", "stop"))
            reply = self._wait_for_answer(question, self._look_tripped)
            if reply.choice != "reset":
                raise Halt(Ending.INTERLOCK, f"{names} tripped; {reply.by} ended the run")
            if self._interlocks.cleared(self._seen):
                for condition in self._interlocks.reset(reply.by, self._seen):
                    self._journal.append(ev.InterlockReset(name=condition.name, by=reply.by))
        self._to(Signal.RESET)
