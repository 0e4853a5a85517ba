"""Jobs: found again whoever dies, cancelled with nothing half-made."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from openhifu.console.server.jobs import Job, Jobs, JobState
from openhifu.console.server.kinds import PlanRequest
from openhifu.console.server.library import Library


def started(folder: Path) -> tuple[Jobs, Job]:
    """A plan of the bundled liver, which takes long enough to be cut short."""
    jobs = Jobs(folder)
    job = jobs.start("plan", "liver", "Ada", PlanRequest(case="liver"))
    until = time.monotonic() + 60
    while jobs.find(job.id).note.state is JobState.WAITING and time.monotonic() < until:
        time.sleep(0.05)
    return jobs, jobs.find(job.id)


def test_a_job_is_found_by_a_server_that_started_later(tmp_path: Path) -> None:
    jobs, job = started(tmp_path)
    try:
        found = Jobs(tmp_path).find(job.id)
        assert found.note.state is JobState.RUNNING
        assert (found.asked.person, found.asked.subject) == ("Ada", "liver")
        assert [j.id for j in Jobs(tmp_path).all()] == [job.id]
    finally:
        jobs.cancel(job.id)


def test_a_cancelled_job_leaves_nothing_half_made(tmp_path: Path) -> None:
    jobs, job = started(tmp_path)
    assert jobs.cancel(job.id).note.state is JobState.CANCELLED
    assert Jobs(tmp_path).find(job.id).note.state is JobState.CANCELLED
    assert not list(Library(tmp_path).folder("plans").iterdir())
    assert jobs.cancel(job.id).note.state is JobState.CANCELLED


def test_a_job_whose_process_was_killed_has_failed(tmp_path: Path) -> None:
    jobs, job = started(tmp_path)
    os.killpg(job.note.pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while jobs.find(job.id).note.state is JobState.RUNNING and time.monotonic() < until:
        time.sleep(0.05)
    found = jobs.find(job.id).note
    assert found.state is JobState.FAILED
    assert "without a word" in found.what and found.remedy


def test_a_job_that_cannot_be_done_says_why(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    job = jobs.start("plan", "nothing", "Ada", PlanRequest(case="livver"))
    until = time.monotonic() + 60
    while jobs.find(job.id).note.state in {JobState.WAITING, JobState.RUNNING} and time.monotonic() < until:
        time.sleep(0.05)
    note = jobs.find(job.id).note
    assert note.state is JobState.FAILED
    assert "livver" in note.what and "liver" in note.remedy
