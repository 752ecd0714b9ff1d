"""The mind's end of the wire: a py4j callback server on loopback.

py4j as it comes answers any attribute of an exported object, compares tokens with ``==``, and leaves Nagle's
algorithm on, which costs 40 ms per message. So its private factories are overridden here (``pyproject.toml`` pins the
version), with a command loop that knows two methods.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from py4j import protocol
from py4j.clientserver import ClientServer, ClientServerConnection, JavaParameters, PythonParameters, PythonServer

from greensched.core.errors import BridgeAuthError, BridgeProtocolError
from greensched_bridge.session import Session

_log = logging.getLogger("greensched.bridge")
_AUTH_TIMEOUT_S = 5.0
_LINE_LIMIT = 1 << 16  # bytes; hello is the longest line
# most worlds ask again within this time, and being woken takes longer than looking; with a single core, looking would
# keep the world from asking
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_WATCH_S = 0.001 if _CORES > 1 else 0.0
_yield_core = getattr(os, "sched_yield", lambda: None)  # not on macOS
_LOOPBACK = "127.0.0.1"


class _Connection(ClientServerConnection):  # type: ignore[misc]
    """One connection of a world; runs in a thread of its own."""

    session: Session
    token: str
    closing: threading.Lock
    _soon = True  # whether the last question came so soon that looking for it was worth it
    _free_s = 0.0  # since when this side has waited for the next one

    def call_truth(self, sequence: int, length: int) -> int:
        """Call the world back over this connection, inside the call that it is waiting for."""
        command = f"c\nt\ntruth\nL{sequence}\nL{length}\ne\n"
        return int(protocol.get_return_value(self.send_command(command), self.java_client))

    def wait_for_commands(self) -> None:
        """Authenticate, then serve calls until the world closes the connection."""
        reset = False
        try:
            self._authenticate()
            waiting, connected = select.poll(), self.socket
            if connected is None:  # this side has closed it meanwhile
                return
            waiting.register(connected, select.POLLIN)
            while self._serve_call():
                self._between(lambda: bool(waiting.poll(0)))
        except BridgeAuthError as error:
            reset = True
            _log.warning("refused a client: %s", error)
        except (OSError, ValueError, AttributeError) as error:
            # the world closed the connection, or this side is shutting down and has closed it meanwhile
            _log.debug("connection of the world ended: %s", error)
        except BridgeProtocolError as error:
            reset = True
            _log.warning("closed a connection: %s", error)
        self.close(reset)

    def _between(self, asked: Callable[[], bool]) -> None:
        """After an answer: the mind's own work, then a look-out for the next question before sleeping for it."""
        self.session.between(self, asked)
        self._free_s = time.perf_counter()
        until_s = self._free_s + (_WATCH_S if self._soon else 0.0)
        while not asked() and time.perf_counter() < until_s:
            _yield_core()  # whoever has something to do on this core goes first

    def _line(self) -> str:
        raw = self.stream.readline(_LINE_LIMIT)
        if raw and not raw.endswith(b"\n"):
            raise BridgeProtocolError(f"a line is longer than {_LINE_LIMIT} bytes or was cut off")
        return str(raw, "utf-8")[:-1]

    def close(self, reset: bool = False) -> None:
        """Close at once: py4j closes the stream first, and that waits for the thread that reads from it."""
        if not reset:
            self._cut(socket.SHUT_RDWR)
        with self.closing:  # the thread that reads closes, too
            super().close(reset)

    def _cut(self, how: int) -> None:
        """Shut the socket down under the thread that reads from it."""
        with contextlib.suppress(OSError, AttributeError):  # the client, or the other thread, was faster
            self.socket.shutdown(how)

    def _authenticate(self) -> None:
        # a deadline for all of it: a client that sends a byte now and then would outlast any timeout of the socket
        deadline = threading.Timer(_AUTH_TIMEOUT_S, self._cut, [socket.SHUT_RD])
        deadline.daemon = True
        deadline.start()
        try:
            self._check_token()
        finally:
            deadline.cancel()

    def _check_token(self) -> None:
        try:
            command, token, _ = self._line(), self._line(), self._line()
        except (OSError, UnicodeDecodeError, BridgeProtocolError) as error:
            raise BridgeAuthError("it sent no token") from error
        if command != protocol.AUTH_COMMAND_NAME:
            raise BridgeAuthError("it sent no token")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            self.socket.sendall(protocol.ERROR_RETURN_MESSAGE.encode())
            raise BridgeAuthError("wrong token")
        self.socket.sendall(protocol.OUTPUT_VOID_COMMAND.encode())

    def _serve_call(self) -> bool:
        command = self._line()
        self._soon = time.perf_counter() - self._free_s < _WATCH_S
        if not command:
            return False
        if command != protocol.CALL_PROXY_COMMAND_NAME:
            raise BridgeProtocolError(f"unknown py4j command {command!r}")
        target, method = self._line(), self._line()
        arguments: list[str] = []
        while (part := self._line()) != protocol.END:
            if not part:
                return False
            arguments.append(part)
        self.socket.sendall((protocol.RETURN_MESSAGE + self._result(target, method, arguments)).encode())
        return True

    def _result(self, target: str, method: str, parts: list[str]) -> str:
        try:
            if target != protocol.ENTRY_POINT_OBJECT_ID:
                raise BridgeProtocolError(f"no object {target!r}")
            match (method, [_plain(part) for part in parts]):
                case ("call", [str(kind), int(sequence), int(length)]):
                    value: str | int = self.session.call(self, kind, sequence, length)
                case ("hello", [str(text)]):
                    value = self.session.hello(self, text)
                case (_, values):
                    raise BridgeProtocolError(f"no method {method!r} with the arguments {values!r}")
            return str(protocol.SUCCESS + protocol.get_command_part(value))
        except Exception as error:
            _log.exception("call of %s failed", method)
            return str(protocol.ERROR + protocol.get_command_part(f"{type(error).__name__}: {error}"))


def _plain(part: str) -> str | int:
    """A string or a whole number; no other type crosses."""
    if part[0] == protocol.STRING_TYPE:
        return str(protocol.unescape_new_line(part[1:]))
    if part[0] in (protocol.INTEGER_TYPE, protocol.LONG_TYPE):
        return int(part[1:])
    raise BridgeProtocolError(f"argument of type {part[0]!r}; only strings and whole numbers cross")


class _Server(PythonServer):  # type: ignore[misc]
    session: Session
    token: str

    def start(self) -> None:
        """Listen before the port is told: py4j's own thread would listen a moment after this returns."""
        super().start()
        self.server_socket.listen()

    def _create_connection(self, socket_instance: socket.socket, stream: Any) -> _Connection:
        socket_instance.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(
            self.java_parameters, self.python_parameters, self.gateway_property, self.gateway_client, python_server=self
        )
        connection.session, connection.token, connection.closing = self.session, self.token, threading.Lock()
        connection.init_socket_from_python_server(socket_instance, stream)
        return connection


class MindServer(ClientServer):  # type: ignore[misc]
    """Listens on an ephemeral loopback port for the world of one run."""

    def __init__(self, session: Session, token: str) -> None:
        """Start to listen.

        Args:
            session: serves the calls.
            token: 64 hexadecimal digits; whoever connects must present it.
        """
        if len(token) != 64 or not set(token) <= set("0123456789abcdef"):
            raise BridgeAuthError("the token must be 64 hexadecimal digits; refusing to listen without one")
        self._session, self._token = session, token
        super().__init__(
            # nothing on this side connects to Java, and no handle of a Java object ever exists
            java_parameters=JavaParameters(address=_LOOPBACK, port=0, enable_memory_management=False),
            python_parameters=PythonParameters(
                address=_LOOPBACK,
                port=0,
                daemonize=True,
                daemonize_connections=True,
                accept_timeout=0.5,
                auth_token=token,
            ),
        )

    def _create_finalizer_worker(self) -> Any:
        """No worker: there are no Java objects to give back, and py4j's wakes up every second."""
        return deque()

    def _create_callback_server(self, callback_server_parameters: Any) -> _Server:
        server = _Server(self._gateway_client, self.java_parameters, self.python_parameters, self.gateway_property)
        server.session, server.token = self._session, self._token
        return server

    @property
    def port(self) -> int:
        """The port that was given by the operating system."""
        return int(self.get_callback_server().get_listening_port())

    def stop(self) -> None:
        """Close the port and all connections."""
        self.shutdown_callback_server()
