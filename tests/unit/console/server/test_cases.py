"""Cases over HTTP: seen, changed into new versions, imported; what is refused leaves nothing behind."""

from __future__ import annotations

import gzip
import io
import stat
import time
import zipfile

import numpy as np
import pytest

from openhifu.console.server import uploads
from openhifu.console.server.people import Role
from openhifu.imaging.nifti import nifti_bytes
from openhifu.imaging.scan import read_ct
from tests.console_server import Served

CASE = "liver-in-water"
IMPORT = {"title": "A scan", "target": "sphere:0,0,0,8", "device": "jc200-like-256", "preset": "phantom"}


def finished(client, job: str) -> dict:
    until = time.monotonic() + 120
    while (found := client.get(f"/api/jobs/{job}").json())["state"] in {"waiting", "running"}:
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return found


def left_behind(server: Served) -> set[str]:
    data = server.console.settings.data
    return {
        str(p.relative_to(data))
        for p in data.rglob("*")
        if p.is_file() and p.parent.name != "turns" and p.parent != data
    }


def test_a_bundled_case_is_seen_with_its_voxels(server: Served) -> None:
    client = server.person(Role.OBSERVER)
    assert {"liver", CASE} <= {line["id"] for line in client.get("/api/cases").json()}
    assert [line["id"] for line in client.get("/api/cases?search=WATER").json()] == [CASE]
    case = client.get(f"/api/cases/{CASE}").json()
    data = server.console.library.case(CASE)
    assert case["device"] == "jc200-like"
    assert case["image"]["shape"] == list(data.ct.grid.shape)
    assert all(check["verdict"] != "error" for check in case["checks"])
    voxels = np.frombuffer(client.get(f"/api/cases/{CASE}/image/data").content, "<i2").reshape(data.ct.grid.shape)
    assert np.array_equal(voxels, data.ct.data)
    labels = np.frombuffer(client.get(f"/api/cases/{CASE}/labels/data").content, np.uint8)
    assert data.labels is not None and np.array_equal(labels, data.labels.data.ravel())
    assert {item["value"] for item in case["labels"]} == set(data.labels.names)


def test_a_case_that_does_not_exist_is_named(server: Served) -> None:
    answer = server.person(Role.OBSERVER).get("/api/cases/livver")
    assert answer.status_code == 404
    assert "liver" in answer.json()["remedy"]


def test_a_label_drawn_makes_a_new_version_and_leaves_the_old_one(server: Served) -> None:
    client, library = server.person(Role.PHYSICIST), server.console.library
    before = library.case(CASE)
    mask = np.zeros(before.ct.grid.shape, np.uint8)
    mask[20:30, 20:30, 20:30] = 1
    url = f"/api/cases/{CASE}/labels/vessel"
    refused = client.put(url, content=gzip.compress(mask.tobytes()))
    assert refused.status_code == 422 and "tissue" in refused.json()["what"]
    first = client.put(f"{url}?tissue=blood", content=gzip.compress(mask.tobytes()))
    assert first.status_code == 201, first.text
    made = first.json()["id"]
    second = client.put(f"/api/cases/{made}/labels/vessel", content=gzip.compress(mask[::-1].tobytes()))
    assert second.status_code == 201, second.text
    again = second.json()["id"]
    assert (made, again) == (f"{CASE}-v2", f"{CASE}-v3")
    new = library.case(made)
    assert new.labels is not None and np.array_equal(new.labels.mask("vessel"), mask > 0)
    assert library.case(again).labels.mask("vessel").sum() == mask.sum()  # pyright: ignore[reportOptionalMemberAccess]
    assert np.array_equal(library.case(CASE).ct.data, new.ct.data)
    assert "vessel" not in (library.case(CASE).labels.names.values())  # pyright: ignore[reportOptionalMemberAccess]
    shown = client.get(f"/api/cases/{made}").json()
    assert (shown["version_of"], shown["change"]) == (CASE, "label vessel")


@pytest.mark.parametrize(
    "body",
    [b"", b"no gzip", gzip.compress(b"1" * 10), gzip.compress(b"1" * 10_000_000), gzip.compress(b"1" * 216000)[:-9]],
    ids=["empty", "no gzip", "too few", "too many", "cut off"],  # packed bytes hold the time they were packed at
)
def test_a_mask_of_another_size_is_refused(server: Served, body: bytes) -> None:
    client = server.person(Role.PHYSICIST)
    answer = client.put(f"/api/cases/{CASE}/labels/vessel", content=body)
    assert answer.status_code == 422
    assert answer.json()["remedy"]
    assert not list(server.console.library.folder("cases").iterdir())


def test_a_target_moved_makes_a_new_version(server: Served) -> None:
    client = server.person(Role.PHYSICIST)
    target = {"kind": "ellipsoid", "centre": [0.0, 0.0, 0.0], "semi_axes": [4e-3, 5e-3, 6e-3]}
    made = client.put(f"/api/cases/{CASE}/target", json=target).json()["id"]
    assert client.get(f"/api/cases/{made}").json()["case"]["target"] == target
    for wrong in ({**target, "semi_axes": [0, 1, 1]}, {"kind": "label", "label": "nowhere"}, {"kind": "cube"}):
        assert client.put(f"/api/cases/{CASE}/target", json=wrong).status_code in {404, 422}


def test_a_scan_is_imported(server: Served) -> None:
    client, data = server.person(Role.PHYSICIST), server.console.library.case(CASE)
    scan = nifti_bytes(data.ct.data.astype(np.int16), data.ct.grid)
    answer = client.post("/api/cases/import", params=IMPORT, files={"file": ("ct.nii.gz", scan)})
    assert answer.status_code == 202, answer.text
    job = finished(client, answer.json()["id"])
    assert job["state"] == "done", job
    assert job["result"]["case"] == "a-scan"
    assert np.array_equal(read_ct(server.console.library.case_folder("a-scan") / "ct.nii.gz").data, data.ct.data)
    assert not [name for name in left_behind(server) if "upload" in name]


def zipped(**entries: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def linked() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        info = zipfile.ZipInfo("image.dcm")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return made.getvalue()


def many() -> bytes:
    return zipped(**{f"{n}.dcm": b"" for n in range(uploads.MOST_FILES + 1)})


BOMB = zipped(**{"image.dcm": bytes(uploads.RATIO_FROM + 1)})
WRONG = {
    "bomb": ("a.zip", BOMB),
    "gzip bomb": ("a.nii.gz", gzip.compress(b"\x5c\x01\x00\x00" + bytes(uploads.RATIO_FROM + 1))),
    "leads out": ("a.zip", zipped(**{"../../outside.dcm": b"x"})),
    "absolute": ("a.zip", zipped(**{"/etc/outside.dcm": b"x"})),
    "other slashes": ("a.zip", zipped(**{"..\\outside.dcm": b"x"})),
    "link": ("a.zip", linked()),
    "many": ("a.zip", many()),
    "no zip": ("a.zip", b"MZ an executable"),
    "cut zip": ("a.zip", zipped(**{"image.dcm": b"x" * 1000})[:-30]),
    "no nifti": ("a.nii", b"\x89PNG no image of ours"),
    "cut gzip": ("a.nii.gz", gzip.compress(b"\x5c\x01\x00\x00" + bytes(range(256)) * 100)[:-20]),
    "wrong kind": ("a.exe", b"MZ"),
    "no name": ("x", b""),
    "way out by its own name": ("../../../a.sh", b"#!/bin/sh"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_harmful_or_damaged_upload_is_refused_and_leaves_nothing(server: Served, what: str) -> None:
    client, before = server.person(Role.PHYSICIST), left_behind(server)
    answer = client.post("/api/cases/import", params=IMPORT, files={"file": WRONG[what]})
    assert answer.status_code == 422, answer.text
    assert len(answer.json()["what"]) > 10 and answer.json()["remedy"]
    assert left_behind(server) == before
    assert client.get("/api/jobs").json() == []


@pytest.mark.parametrize(
    "content", [zipped(**{"1.dcm": bytes(128) + b"DICM" + b"\x02\x00\x10\x00UI\xff\xff"}), zipped(readme=b"no images")]
)
def test_images_that_cannot_be_read_fail_in_one_sentence_and_leave_no_case(server: Served, content: bytes) -> None:
    client = server.person(Role.PHYSICIST)
    answer = client.post("/api/cases/import", params=IMPORT, files={"file": ("a.zip", content)})
    job = finished(client, answer.json()["id"])
    assert job["state"] == "failed"
    assert job["error"]["what"] and "error of the program" not in job["error"]["what"]
    assert not list(server.console.library.folder("cases").iterdir())
    assert not [name for name in left_behind(server) if "upload" in name]


def test_a_preset_device_or_target_that_does_not_exist_is_refused(server: Served) -> None:
    client = server.person(Role.PHYSICIST)
    for wrong in ({"device": "nothing"}, {"preset": "nothing"}, {"target": "cube:1"}):
        file = {"file": ("a.zip", zipped(a=b"1"))}
        assert client.post("/api/cases/import", params={**IMPORT, **wrong}, files=file).status_code in {404, 422}
    assert client.get("/api/jobs").json() == []
