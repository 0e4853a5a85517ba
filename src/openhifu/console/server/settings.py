"""How the console is started: where it keeps things, where it listens, who may reach it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from openhifu.base.errors import FileProblem, FormatError, OutOfRange


@dataclass(frozen=True)
class Settings:
    """Settings of one server.

    Attributes:
        data: folder of people, cases, plans, jobs and runs.
        host: address to listen on.
        port: to listen on.
        origin: what browsers have in their address line, e.g. ``http://127.0.0.1:8470``.
        certificate: TLS certificate and key; None for none.
        second_look: share of the site's power ceiling above which a plan needs a second physician.
    """

    data: Path
    host: str
    port: int
    origin: str
    certificate: tuple[Path, Path] | None = None
    second_look: float = 0.8

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS, so that its cookie must travel over nothing else."""
        return self.origin.startswith("https:")

    @property
    def hosts(self) -> frozenset[str]:
        """What requests may name as host; anything else is somebody else's page that points here."""
        return frozenset(origin.partition("//")[2] for origin in self.origins)

    @property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may ask; on this machine's own addresses all of their names are one."""
        if not _is_loopback(self.host) or urlsplit(self.origin).hostname not in LOOPBACK_NAMES:
            return frozenset({self.origin})
        scheme = urlsplit(self.origin).scheme
        return frozenset(f"{scheme}://{_bracketed(name)}:{self.port}" for name in LOOPBACK_NAMES)


LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
"""Names of this machine to itself."""


def settings_of(
    data: Path,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    behind_proxy: str,
    second_look: float = 0.8,
) -> Settings:
    """Settings from what was asked for, held against each other.

    Args:
        data: folder; made if it does not exist.
        host: address to listen on.
        port: to listen on.
        certificate: PEM file.
        key: PEM file.
        behind_proxy: the address that people use, where something else terminates TLS; empty if nothing does.
        second_look: share of the site's power ceiling.

    Raises:
        OutOfRange: if other machines could reach it without TLS.
        FormatError: if the proxy's address is none.
        FileProblem: if a TLS file is missing.
    """
    if (certificate is None) != (key is None):
        raise FormatError("TLS needs a certificate and its key; give both --tls-cert and --tls-key")
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise FileProblem(f"there is no TLS file at {file}; check the path")
    if behind_proxy:
        return Settings(data, host, port, _proxy(behind_proxy), None, second_look)
    if certificate is None and not _is_loopback(host):
        raise OutOfRange(
            f"{host} can be reached by other machines, and passwords would travel readable; give --tls-cert and "
            "--tls-key, or --behind-proxy https://NAME if something before it terminates TLS, or listen on 127.0.0.1"
        )
    scheme = "http" if certificate is None else "https"
    pair = None if certificate is None or key is None else (certificate, key)
    return Settings(data, host, port, f"{scheme}://{_bracketed(host)}:{port}", pair, second_look)


def _proxy(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise FormatError(
            f"{address!r} is not what people type to reach a proxy; give https://NAME or https://NAME:PORT"
        )
    return f"https://{parts.netloc.lower()}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
