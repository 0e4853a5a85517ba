"""What holds before any route."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhifu.base.errors import FileProblem, FormatError, OutOfRange
from openhifu.console.server import routes_page
from openhifu.console.server.fence import HEADERS, SMALL
from openhifu.console.server.people import Role
from openhifu.console.server.settings import settings_of
from tests.console_server import PASSWORD, Served


@pytest.mark.parametrize("path", ["/", "/api/status", "/api/people", "/api/nowhere", "/assets/nothing.js"])
def test_every_answer_has_the_headers(server: Served, path: str) -> None:
    answer = server.client().get(path)
    assert HEADERS.items() <= {**dict(answer.headers), **{k: answer.headers.get(k) for k in HEADERS}}.items()
    assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]
    assert not path.startswith("/api") or answer.headers["Cache-Control"] == "no-store"


def test_another_host_or_origin_is_refused(server: Served) -> None:
    client = server.person(Role.ADMINISTRATOR)
    assert client.get("/api/status", headers={"Host": "evil.example"}).status_code == 421
    somebody = {"name": "Bo", "roles": ["observer"], "password": PASSWORD}
    answer = client.post("/api/people", json=somebody, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert client.get("/api/people").json()[0]["name"] == "a administrator"


def test_a_request_that_is_too_long_is_refused(server: Served) -> None:
    client = server.client()
    assert client.post("/api/log-in", content=b" " * (SMALL + 1)).status_code == 413
    pieces = (b" " * 100_000 for _ in range(SMALL // 100_000 + 2))  # its head promises nothing
    assert client.post("/api/log-in", content=pieces).status_code in {400, 413}


def test_no_part_of_the_page_leads_out_of_its_folder(server: Served, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "page" / "assets").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "page" / "index.html").write_text("<p>the page")
    (tmp_path / "page" / "assets" / "a.js").write_text("1")
    (tmp_path / "page" / "assets" / "link.js").symlink_to(tmp_path / "secret")
    monkeypatch.setattr(routes_page, "PAGE", tmp_path / "page")
    client = server.client()
    assert client.get("/").text == client.get("/cases/liver").text == "<p>the page"
    assert client.get("/assets/a.js").text == "1"
    for path in (
        "/assets/../../secret",
        "/assets/%2e%2e/%2e%2e/secret",
        "/assets/link.js",
        "/assets/%00",
        "/assets//etc",
    ):
        assert "secret" not in client.get(path).text


def test_without_a_built_page_one_sentence_says_how_to_build_it(server: Served, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(routes_page, "PAGE", tmp_path)
    assert "make page" in server.client().get("/").text


def test_only_this_machine_unless_something_encrypts(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"):
        assert not settings_of(tmp_path, host, 8470, None, None, "").secure
    for host in ("0.0.0.0", "::", "192.168.1.5", "hifu.example"):
        with pytest.raises(OutOfRange, match="TLS"):
            settings_of(tmp_path, host, 8470, None, None, "")
    proxied = settings_of(tmp_path, "0.0.0.0", 8470, None, None, "https://hifu.example")
    assert proxied.secure and proxied.hosts == {"hifu.example"}
    with pytest.raises(FormatError, match="https"):
        settings_of(tmp_path, "0.0.0.0", 8470, None, None, "hifu.example")
    with pytest.raises(FormatError, match="both"):
        settings_of(tmp_path, "0.0.0.0", 8470, tmp_path / "c.pem", None, "")
    with pytest.raises(FileProblem, match="TLS"):
        settings_of(tmp_path, "0.0.0.0", 8470, tmp_path / "c.pem", tmp_path / "k.pem", "")
