"""Records a running console's answers, so that the page can be worked on without one (``npm run dev``).

    OPENHIFU_PASSWORD=... python web/mock/record.py http://127.0.0.1:8765 NAME

Nothing of a person's session is kept: only what the console says of its bundled case, its plans and its runs.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

RECORDED = Path(__file__).parent / "recorded"


def record(opener: OpenerDirector, server: str, path: str) -> Any:
    """Keeps the answer to one GET; what it says, or None if it is bytes or refused."""
    name = re.sub(r"[^\w.-]+", "_", path.removeprefix("/"))
    try:
        with opener.open(f"{server}/api{path}", timeout=120) as answer:
            body, kind = answer.read(), answer.headers.get_content_type()
            if answer.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
    except HTTPError as refused:
        print(f"{path}: {refused.code}")
        return None
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{name}.{'json' if kind == 'application/json' else 'bin'}").write_bytes(body)
    return json.loads(body) if kind == "application/json" else None


def log_in(server: str, name: str, password: str) -> OpenerDirector:
    """An opener that carries the session."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    body = json.dumps({"name": name, "password": password}).encode()
    opener.open(Request(f"{server}/api/log-in", body, {"Content-Type": "application/json"}), timeout=30).close()
    return opener


def main(server: str, name: str) -> None:
    """Records all that the screens ask for."""
    opener = log_in(server, name, os.environ["OPENHIFU_PASSWORD"])
    for path in ("/status", "/me", "/devices", "/presets", "/tissues", "/people", "/jobs", "/audit?offset=0&limit=100"):
        record(opener, server, path)
    for case in record(opener, server, "/cases?search="):
        for part in ("", "/image/data", "/labels/data"):
            record(opener, server, f"/cases/{case['id']}{part}")
        record(opener, server, f"/plan-form?case={case['id']}")
    for plan in record(opener, server, "/plans"):
        record(opener, server, f"/plans/{plan['hash']}")
        record(opener, server, f"/plans/{plan['hash']}/window")
        for kind in ("temperature", "dose", "pressure"):
            record(opener, server, f"/plans/{plan['hash']}/overlay/{kind}")
            record(opener, server, f"/plans/{plan['hash']}/overlay/{kind}/data")
    for run in record(opener, server, "/runs") or []:
        for part in ("", "/journal?after=-1", "/overlay/dose", "/overlay/dose/data"):
            record(opener, server, f"/runs/{run['id']}{part}")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2])
