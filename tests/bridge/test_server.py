"""The mind's server against clients that a world would never be."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from greensched.core.errors import BridgeAuthError
from greensched.core.frames import Frame, decode, encode
from greensched_bridge import server as server_module
from greensched_bridge.server import MindServer
from greensched_bridge.session import Session
from tests.bridge.rawclient import TOKEN, EchoMind, Files, RawClient

GOLDEN = Path(__file__).resolve().parents[2] / "bridge" / "golden"


@pytest.fixture
def mind() -> EchoMind:
    return EchoMind()


@pytest.fixture
def server(mind: EchoMind) -> Iterator[MindServer]:
    running = MindServer(Session(mind, "golden-s1"), TOKEN)
    yield running
    running.stop()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def ask(client: RawClient, files: Files, kind: str, sequence: int, message: bytes) -> Frame:
    answer = client.call(kind, sequence, files.put(message))
    return decode(files.reply(answer), "reply")[0]


def test_a_whole_session(server: MindServer, mind: EchoMind, files: Files) -> None:
    with RawClient(server.port) as world:
        assert world.authenticate() == "!yv"
        answer = world.hello(**files.paths)
        assert (answer["protocol"], answer["pid"]) == (1, os.getpid())
        assert ask(world, files, "start", 0, (GOLDEN / "start.gsf").read_bytes()).kind == "ready"
        decisions = ask(world, files, "observe", 7, (GOLDEN / "observe.gsf").read_bytes())
        assert decisions.meta == {"seq": 7, "policy": "echo", "predictor": None, "model": None}
        assert decisions.table("decisions")["task"].tolist() == [11, 12, 9]
        assert ask(world, files, "finish", 8, (GOLDEN / "finish.gsf").read_bytes()).kind == "bye"
    assert [d.seq for d in mind.deltas] == [7, 8]


def test_refuses_to_listen_without_a_token() -> None:
    for token in ("", "secret", "A" * 64):
        with pytest.raises(BridgeAuthError, match="64 hexadecimal digits"):
            MindServer(Session(EchoMind()), token)


def test_listens_on_loopback_only(server: MindServer) -> None:
    assert server.get_callback_server().get_listening_address() == "127.0.0.1"
    table = Path("/proc/net/tcp").read_text().splitlines()[1:]
    bound = [line.split()[1] for line in table if line.split()[1].endswith(f":{server.port:04X}")]
    listening = [line.split()[1] for line in table if line.split()[3] == "0A" and line.split()[1] in bound]
    assert listening == [f"0100007F:{server.port:04X}"]


@pytest.mark.parametrize("lines", [("A", "f" * 64, "e"), ("A", "", "e"), ("c", "t", "hello"), ("A", TOKEN[:-1], "e")])
def test_a_wrong_token_is_refused_and_the_session_goes_on(
    server: MindServer, files: Files, caplog: pytest.LogCaptureFixture, lines: tuple[str, ...]
) -> None:
    with RawClient(server.port) as world, RawClient(server.port) as stranger:
        world.authenticate()
        world.hello(**files.paths)
        with caplog.at_level(logging.WARNING, logger="greensched.bridge"):
            assert stranger.send(*lines) in ("!xn", "")
            assert stranger.send("c", "t", "hello", "s{}", "e") == "", "the connection is closed"
        assert "refused a client" in caplog.text
        assert TOKEN not in caplog.text
        assert ask(world, files, "start", 0, (GOLDEN / "start.gsf").read_bytes()).kind == "ready"


def test_a_silent_client_is_dropped(
    server: MindServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "_AUTH_TIMEOUT_S", 0.2)
    with RawClient(server.port) as silent, caplog.at_level(logging.WARNING, logger="greensched.bridge"):
        with pytest.raises(ConnectionResetError):
            silent.socket.recv(1)
    assert "it sent no token" in caplog.text


def test_a_second_client_is_refused_and_the_session_goes_on(
    server: MindServer, tmp_path: Path, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    other = Files(tmp_path)
    with RawClient(server.port) as world, RawClient(server.port) as second:
        world.authenticate()
        world.hello(**files.paths)
        assert second.authenticate() == "!yv"
        with caplog.at_level(logging.WARNING, logger="greensched.bridge"):
            refusal = second.hello(session="s-2", **other.paths)
        assert refusal["error"]["code"] == "second_client"
        assert "another world is connected" in caplog.text
        assert "say hello first" in second.call("start", 0, 100)
        assert ask(world, files, "start", 0, (GOLDEN / "start.gsf").read_bytes()).kind == "ready"


def test_the_same_world_may_come_back(server: MindServer, tmp_path: Path, files: Files) -> None:
    with RawClient(server.port) as world:
        world.authenticate()
        world.hello(**files.paths)
        ask(world, files, "start", 0, (GOLDEN / "start.gsf").read_bytes())
        again = Files(tmp_path)
        with RawClient(server.port) as back:
            back.authenticate()
            assert "error" not in back.hello(**again.paths)
            assert ask(back, again, "observe", 7, (GOLDEN / "observe.gsf").read_bytes()).kind == "decisions"
            assert "say hello first" in world.call("observe", 7, 100), "the old connection is stale"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"protocol": 2}, "protocol"), ({"run_id": "other"}, "auth"), ({"request": "/nowhere"}, "protocol")],
)
def test_a_hello_that_does_not_fit_is_refused(
    server: MindServer, files: Files, changes: dict[str, object], code: str
) -> None:
    with RawClient(server.port) as client:
        client.authenticate()
        assert client.hello(**(files.paths | changes))["error"]["code"] == code
        assert "error" not in client.hello(**files.paths), "and may be corrected"


def test_files_that_others_can_read_are_refused(server: MindServer, tmp_path: Path, files: Files) -> None:
    with RawClient(server.port) as client:
        client.authenticate()
        os.chmod(files.paths["request"], 0o644)
        assert "mode 0600" in client.hello(**files.paths)["error"]["message"]
        link = tmp_path / "link"
        link.symlink_to(files.paths["reply"])
        assert "error" in client.hello(request=str(link), reply=files.paths["reply"])


@pytest.mark.parametrize(
    "lines",
    [
        ("c", "t", "__class__", "e"),
        ("c", "t", "__setattr__", "shello", "sx", "e"),
        ("c", "t", "_admit", "e"),
        ("c", "p0", "hello", "s{}", "e"),
        ("c", "t", "call", "sstart", "i0", "d0.5", "e"),
        ("c", "t", "call", "sstart", "i0", "e"),
    ],
)
def test_nothing_but_hello_and_call_can_be_called(server: MindServer, lines: tuple[str, ...]) -> None:
    with RawClient(server.port) as client:
        client.authenticate()
        assert client.send(*lines).startswith("!xs")


def test_other_py4j_commands_close_the_connection(server: MindServer) -> None:
    for command in ("g", "m", "r", "s", "z"):
        with RawClient(server.port) as client:
            client.authenticate()
            assert client.send(command, "t", "e") == ""


def test_an_endless_line_is_cut_off(server: MindServer) -> None:
    with RawClient(server.port) as client:
        client.authenticate()
        assert client.send("c" * 200_000) == ""


def test_garbage_from_the_world_is_an_error_reply_and_the_session_goes_on(server: MindServer, files: Files) -> None:
    start = (GOLDEN / "start.gsf").read_bytes()
    with RawClient(server.port) as world:
        world.authenticate()
        world.hello(**files.paths)
        for garbage in (b"garbage" * 20, start[:-16], start[:30] + b"XX" + start[32:]):
            assert ask(world, files, "start", 0, garbage).meta["code"] == "mind_error"
        assert "carries seq 0" in ask(world, files, "start", 5, start).meta["message"]
        assert (
            "before 'start'" in ask(world, files, "observe", 7, (GOLDEN / "observe.gsf").read_bytes()).meta["message"]
        )
        assert "was announced" in world.call("start", 0, 1 << 40)
        assert ask(world, files, "start", 0, start).kind == "ready"


def test_an_unknown_protocol_version_in_start_is_an_error(server: MindServer, files: Files) -> None:
    frame, _ = decode((GOLDEN / "start.gsf").read_bytes())
    newer = encode("start", frame.meta | {"protocol": 2}, {})
    with RawClient(server.port) as world:
        world.authenticate()
        world.hello(**files.paths)
        reply = ask(world, files, "start", 0, newer)
    assert reply.kind == "error"
    assert reply.meta["code"] == "protocol"


def test_the_reply_file_grows(server: MindServer, mind: EchoMind, files: Files) -> None:
    import numpy as np

    frame, _ = decode((GOLDEN / "observe.gsf").read_bytes())
    many = {"ask": {"task": np.arange(2000)}, "datacenters": frame.tables["datacenters"]}
    message = encode("observe", {"seq": 9, "t_us": 1, "ack": 7}, many)
    with RawClient(server.port) as world:
        world.authenticate()
        world.hello(**files.paths)
        ask(world, files, "start", 0, (GOLDEN / "start.gsf").read_bytes())
        reply = ask(world, files, "observe", 9, message)
    assert len(reply.table("decisions")["task"]) == 2000
    assert len(mind.deltas[0].ask) == 2000


def test_nagle_is_off_on_the_mind_s_side(server: MindServer) -> None:
    with RawClient(server.port) as client:
        client.authenticate()
        deadline = time.monotonic() + 5
        while not server.get_callback_server().connections and time.monotonic() < deadline:
            time.sleep(0.01)
        (connection,) = server.get_callback_server().connections
        assert connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_the_prefix_of_a_frame_is_what_the_contract_says() -> None:
    raw = (GOLDEN / "bye.gsf").read_bytes()
    magic, header_bytes, _, frame_bytes = struct.unpack_from("<8sIIQ", raw)
    assert (magic, frame_bytes) == (b"GSFRAME1", len(raw))
    assert raw[24 : 24 + header_bytes] == b'{"kind":"bye","meta":{"seq":8},"tables":[]}'


def drip(client: socket.socket) -> None:
    """Send a byte now and then until the server has had enough."""
    with contextlib.suppress(OSError):
        while True:
            client.sendall(b"A")
            time.sleep(0.1)


@pytest.mark.parametrize("kind", ["silent", "dripping", "authenticated"])
def test_stops_within_a_second_whatever_its_clients_do(server: MindServer, kind: str) -> None:
    with RawClient(server.port) as client:
        if kind == "authenticated":
            assert client.authenticate() == "!yv"
        elif kind == "dripping":
            threading.Thread(target=drip, args=(client.socket,), daemon=True).start()
        time.sleep(0.3)
        stopping = threading.Thread(target=server.stop, daemon=True)
        began = time.monotonic()
        stopping.start()
        stopping.join(1.0)
        assert not stopping.is_alive(), f"still stopping after {time.monotonic() - began:.1f} s"


def test_a_dripping_client_has_one_deadline(server: MindServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_AUTH_TIMEOUT_S", 0.5)
    with RawClient(server.port) as client:
        threading.Thread(target=drip, args=(client.socket,), daemon=True).start()
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            assert client.socket.recv(1) == b""
        assert time.monotonic() - began < 2.0
