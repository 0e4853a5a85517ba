"""Which validation cases run where nobody has said where the skull masks are."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhifu.acoustics.validation_masks import CASES
from openhifu.base.errors import FileProblem
from openhifu.console.validate_commands import chosen, that_can_run


def test_a_room_runs_without_the_skulls_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    picked = chosen(["acoustics"])
    left = that_can_run(picked, ["acoustics"], None, whole_page=False)
    assert set(picked["acoustics"]) - set(left["acoustics"]) == set(CASES)
    assert f"{len(CASES)} claims are not run" in capsys.readouterr().err


def test_a_page_is_not_written_without_them() -> None:
    with pytest.raises(FileProblem, match="pip download"):
        that_can_run(chosen(["acoustics"]), ["acoustics"], None, whole_page=True)


def test_a_folder_without_them_is_refused_and_other_rooms_do_not_care(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no file skull_mask"):
        that_can_run(chosen([], tmp_path), [], tmp_path, whole_page=False)
    thermal = chosen(["thermal"], tmp_path)
    assert that_can_run(thermal, ["thermal"], tmp_path, whole_page=True) == thermal
