"""One request, carefully: HTTPS only, named hosts only, no redirect, bounded time and size. Standard library.

Why not a larger client: docs/decisions/0010-own-small-clients.md.
"""

from __future__ import annotations

import email.utils
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from greensched import __version__
from greensched.core.errors import ConfigError, GreenSchedError

BUSY = (408, 429, 500, 502, 503, 504)
"""Statuses after which another try may help."""


class HttpError(GreenSchedError):
    """No usable reply; ``again`` says whether another try may help, ``offline`` whether the name was not found."""

    def __init__(self, message: str, *, again: bool, offline: bool = False) -> None:
        super().__init__(message)
        self.again = again
        self.offline = offline


@dataclass(frozen=True)
class Limits:
    """Bounds of one request, and of one fetch.

    Attributes:
        connect_s: to connect, and for every wait for more bytes.
        total_s: from start to the last byte.
        body_bytes: longest body.
        tries: of one request, the first included.
        wait_s: longest pause that is sat out; a service that asks for more is an error.
        requests: of one fetch (pages, windows).
    """

    connect_s: float = 15.0
    total_s: float = 300.0
    body_bytes: int = 64 << 20
    tries: int = 4
    wait_s: float = 60.0
    requests: int = 500


@dataclass(frozen=True)
class Answer:
    """Status, headers with names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by name or address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(url: str, hosts: frozenset[str]) -> SplitResult:
    """The parts of an address that a source may ask.

    Raises:
        ConfigError: no HTTPS (except on this machine), a host that is not on the list, a user or a fragment in it.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) and parts.scheme in ("http", "https"):
        return parts
    if (
        parts.scheme != "https"
        or host not in hosts
        or parts.username
        or parts.fragment
        or parts.port not in (None, 443)
    ):
        raise ConfigError(
            f"{parts.scheme}://{host}: not asked; this source may ask https of {', '.join(sorted(hosts))}"
        )
    return parts


def get(url: str, headers: Mapping[str, str], hosts: frozenset[str], limits: Limits) -> Answer:
    """One GET without a second try.

    Args:
        url: whole address, secrets included.
        headers: to send, secrets included.
        hosts: hosts that may be asked; this machine always may.
        limits: see :class:`Limits`.

    Raises:
        ConfigError: the address may not be asked.
        HttpError: as for :func:`send`.
    """
    return send("GET", check(url, hosts), headers, None, limits)


def send(method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes | None, limits: Limits) -> Answer:
    """One request without a second try; whoever calls has checked that the address may be asked.

    Args:
        method: GET or POST.
        parts: the address, secrets included.
        headers: to send, secrets included.
        body: to send.
        limits: see :class:`Limits`; ``total_s`` holds for all of it, the look-up of the name excepted.

    Raises:
        HttpError: no connection, no answer in time, cut off, too long. Names the host, never the address.
    """
    host = parts.hostname or ""
    connection = _connection(parts, limits)
    late, held = threading.Event(), list[socket.socket]()
    watch = threading.Timer(limits.total_s, _end, (held, late))
    watch.daemon = True
    watch.start()
    try:
        connection.connect()
        held.append(connection.sock)  # the connection forgets it as soon as the answer begins
        if late.is_set():  # it was too late to end what was not held yet
            raise TimeoutError
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        ours = {"User-Agent": f"greensched/{__version__}", "Accept-Encoding": "identity", "Connection": "close"}
        connection.request(method, target, body, headers=ours | dict(headers))
        response = connection.getresponse()
        content = _body(response, host, limits)
        if late.is_set():  # the end that we made looks like the end of the answer
            raise TimeoutError
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
    except (OSError, HTTPException, ValueError, HttpError) as error:
        if late.is_set():
            raise HttpError(f"{host}: no whole answer within {limits.total_s:g} s", again=True) from None
        if isinstance(error, HttpError):
            raise
        raise HttpError(
            f"{host}: {_words(error)}",
            again=not isinstance(error, ssl.SSLCertVerificationError),
            offline=isinstance(error, socket.gaierror),
        ) from None
    finally:
        watch.cancel()
        connection.close()


def _connection(parts: SplitResult, limits: Limits) -> HTTPConnection:
    host, timeout = parts.hostname or "", limits.connect_s
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port, timeout=timeout)
    context = ssl.create_default_context()
    proxy = None if is_loopback(host) or proxy_bypass(host) else getproxies().get("https")
    if proxy is None:
        return HTTPSConnection(host, parts.port, timeout=timeout, context=context)
    through = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    connection = HTTPSConnection(through.hostname or "", through.port, timeout=timeout, context=context)
    connection.set_tunnel(host, parts.port)
    return connection


def _end(held: list[socket.socket], late: threading.Event) -> None:
    """Time is up: whatever blocks on the socket ends."""
    late.set()
    for sock in held:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed in the meantime


def _body(response: object, host: str, limits: Limits) -> bytes:
    from http.client import HTTPResponse

    assert isinstance(response, HTTPResponse)
    parts: list[bytes] = []
    size = 0
    while chunk := response.read(1 << 16):
        size += len(chunk)
        if size > limits.body_bytes:
            raise HttpError(f"{host}: answer is longer than {limits.body_bytes:,} bytes, refused", again=False)
        parts.append(chunk)
    expected = response.getheader("Content-Length", "")
    if expected.isdecimal() and int(expected) != size:
        raise HttpError(f"{host}: connection ended after {size:,} of {expected} bytes", again=True)
    return b"".join(parts)


def _words(error: Exception) -> str:
    """What failed, without the address: exceptions may repeat the path, and keys stand there."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused ({error.verify_message})"
    if isinstance(error, socket.gaierror):
        return "no such host, or no network"
    if isinstance(error, OSError):
        return f"connection failed ({(error.strerror or type(error).__name__).lower()})"
    return f"connection failed ({type(error).__name__})"


def retry_after_s(text: str, now_s: float) -> float:
    """Seconds that a ``Retry-After`` header asks for, as number or as date; 0 where it asks for nothing readable."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now_s)
    except (TypeError, ValueError, OverflowError):
        return 0.0
