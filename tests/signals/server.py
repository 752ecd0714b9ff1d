"""A server on this machine that stands in for every service, and can time out, throttle, lie, redirect and hang up."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """One request as it arrived."""

    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Answer:
    """What to answer; ``body`` may be text, bytes or a document."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    """Content-Length, where it shall not be the true one."""
    drip_s: float = 0.0
    """Seconds between two bytes."""
    stop: int | None = None
    """Bytes after which nothing more comes, though the connection stays."""


Behaviour = Callable[[Asked, int], Answer]


class Stand:
    """The running server: its address, and what it was asked."""

    def __init__(self, behave: Behaviour) -> None:
        self.asked: list[Asked] = []
        self.behave = behave
        self.closing = threading.Event()
        self.one_at_a_time = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                host, _, path = parts.path[1:].partition("/")
                query = {k: v[0] for k, v in parse_qs(parts.query).items()}
                asked = Asked(host, f"/{path}", query, {k.lower(): v for k, v in self.headers.items()})
                asked.body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                with stand.one_at_a_time:
                    stand.asked.append(asked)
                    count = len(stand.asked)
                stand.reply(self, stand.behave(asked, count))

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Silence."""

        return Handler

    def reply(self, to: BaseHTTPRequestHandler, answer: Answer) -> None:
        body = answer.body
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        try:
            to.send_response(answer.status)
            for name, value in answer.headers.items():
                to.send_header(name, value)
            to.send_header("Content-Length", str(len(data) if answer.promised is None else answer.promised))
            to.end_headers()
            if answer.stop is not None:
                to.wfile.write(data[: answer.stop])
                to.wfile.flush()
                self.closing.wait(30)
                return
            if not answer.drip_s:
                to.wfile.write(data)
                return
            for k in range(len(data)):
                to.wfile.write(data[k : k + 1])
                to.wfile.flush()
                if self.closing.wait(answer.drip_s):
                    return
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client had enough

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(behave: Behaviour) -> Iterator[Stand]:
    """A server for the length of a block."""
    stand = Stand(behave)
    try:
        yield stand
    finally:
        stand.close()
