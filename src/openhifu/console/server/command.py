"""``openhifu console``: the server, started."""

from __future__ import annotations

import os
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openhifu.base.errors import OutOfRange
from openhifu.console.terminal import guarded, say

if TYPE_CHECKING:
    from openhifu.console.server.settings import Settings

PORT = 8470
"""Where the console listens if nothing else is asked for."""

LATER = ("nibabel", "h5py", "openhifu.model.nearest_kernel")
"""Loaded before anybody is served: loading holds the interpreter, and opening a case would do it during a treatment."""

SWITCH = 0.5e-3
"""s for which a computing thread may keep the interpreter from the event loop, which loses it at every message it
sends: with Python's own 5 ms, a few dozen messages make a beat late while another thread verifies a journal."""


def default_data() -> Path:
    """Where a person's data lie on this system."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "openhifu"


@guarded
def console(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = PORT,
    data: Annotated[
        Path | None, typer.Option(help="Folder of people, cases, plans and runs; ~/.local/share/openhifu if not given.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    tls_cert: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    behind_proxy: Annotated[
        str, typer.Option(help="https://NAME that people use, where something before this server terminates TLS.")
    ] = "",
    second_look: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the site's power ceiling above which two physicians must approve."),
    ] = 0.8,
) -> None:
    """Serve the console: cases, plans, rehearsal, treatment and reports in a browser, on this machine.

    Example: openhifu console        openhifu console --data /srv/hifu --host 0.0.0.0 --tls-cert c.pem --tls-key k.pem
    """
    from openhifu.console.server.settings import settings_of

    settings = settings_of(data or default_data(), host, port, tls_cert, tls_key, behind_proxy, second_look)
    with _listening(host, port) as line:
        _serve(settings, line)


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        OutOfRange: if the port is taken or the address is not this machine's.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        line = socket.socket(family, kind)
    except OSError as error:
        raise OutOfRange(
            f"{host} is no address to listen on: {error.strerror or error}; give another --host"
        ) from error
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind(address)
    except OSError as error:
        line.close()
        raise OutOfRange(
            f"cannot listen on port {port} of {host}: {error.strerror or error}; close what uses it, or give another "
            "--port"
        ) from error
    return line


def _serve(settings: Settings, line: socket.socket) -> None:
    import uvicorn

    from openhifu.console.server.app import app_of
    from openhifu.console.server.state import console_in
    from openhifu.delivery.precedence import prefer_this_process

    prefer_this_process()  # before any thread is there: a treatment ends when its server is late with a beat
    sys.setswitchinterval(SWITCH)
    for name in LATER:
        import_module(name)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = console_in(settings)
    if made.people.is_empty():
        say(f"no administrator yet; open this once to become it: {settings.origin}/#first={made.first.token}")
    else:
        say(f"the console is at {settings.origin}")
    certificate, key = settings.certificate or (None, None)
    config = uvicorn.Config(
        app_of(made),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=65536,
        ws_per_message_deflate=False,  # pictures come packed from the engine's process
        ssl_certfile=certificate,
        ssl_keyfile=key,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[line])
    made.looks.close()
