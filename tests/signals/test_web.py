"""The client against a server that times out, throttles, lies, redirects and hangs up; keys never show."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from greensched.core import http
from greensched.core.errors import ConfigError, DataError
from greensched.core.keys import Secret, secret
from greensched.signals.live.cache import Cache
from greensched.signals.live.web import Web
from tests.signals.server import Answer, Asked, Behaviour, Stand, serving

KEY = "s3cr3t-t0ken-77"
QUICK = http.Limits(connect_s=0.5, total_s=1.0, body_bytes=5000, tries=3, wait_s=30.0, requests=20)
URL = "https://api.example.org/v1/data"
HOSTS = frozenset({"api.example.org"})


def web(stand: Stand | None, tmp_path: Path, pauses: list[float] | None = None, **changes: object) -> Web:
    found = Web("test", "CC0", HOSTS, Cache(tmp_path / "cache"), limits=QUICK, test_server=stand and stand.url)
    found.pause = (pauses if pauses is not None else []).append
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def keys() -> dict[str, Secret]:
    return {"auth-token": Secret("GREENSCHED_TEST_TOKEN", KEY)}


def always(**answer: object) -> Behaviour:
    return lambda _asked, _n: Answer(**answer)  # type: ignore[arg-type]


def test_a_reply_is_kept_with_its_origin_and_found_offline(tmp_path: Path) -> None:
    with serving(always(body={"a": 1})) as stand:
        first = web(stand, tmp_path)
        document, place, reply = first.json(URL, {"zone": "DE"}, secrets=keys, secret_params=keys, final=True)
        assert document == {"a": 1}
        assert place == "test (https://api.example.org/v1/data?zone=DE)"
        assert (reply.source, reply.url, reply.licence) == ("test", f"{URL}?zone=DE", "CC0")
        assert abs((datetime.now(UTC) - datetime.fromisoformat(reply.fetched_at)).total_seconds()) < 30
        first.json(URL, {"zone": "DE"}, final=True)
        assert len(stand.asked) == 1
        assert stand.asked[0].headers["auth-token"] == KEY
        assert stand.asked[0].query == {"zone": "DE", "auth-token": KEY}
        assert stand.asked[0].headers["accept-encoding"] == "identity"
    offline = web(None, tmp_path, offline=True)
    assert offline.json(URL, {"zone": "DE"})[0] == {"a": 1}
    with pytest.raises(DataError, match=r"offline, and the cache has no reply to .*zone=FR; fetch it once without"):
        offline.json(URL, {"zone": "FR"})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert not any(KEY.encode() in path.read_bytes() or KEY in path.name for path in files)


def test_what_may_still_change_is_asked_again_after_an_hour(tmp_path: Path) -> None:
    with serving(lambda _asked, n: Answer({"n": n})) as stand:
        client = web(stand, tmp_path)
        assert client.json(URL)[0] == client.json(URL)[0] == {"n": 1}
        (about,) = (tmp_path / "cache").rglob("*.json")
        meta = json.loads(about.read_text())
        about.write_text(json.dumps(meta | {"fetched_at": "2020-01-01T00:00:00+00:00"}))
        assert client.json(URL, final=True)[0] == {"n": 1}
        assert client.json(URL)[0] == {"n": 2}


def test_a_damaged_entry_of_the_cache_is_named(tmp_path: Path) -> None:
    with serving(always(body={"a": 1})) as stand:
        web(stand, tmp_path).json(URL)
    (body,) = (tmp_path / "cache").rglob("*.body")
    body.write_bytes(b"{}")
    with pytest.raises(DataError, match=r"\.body: does not fit its checksum; remove it"):
        web(None, tmp_path, offline=True).json(URL)
    body.with_suffix(".json").write_text("{")
    with pytest.raises(DataError, match="damaged entry of the cache"):
        web(None, tmp_path, offline=True).json(URL)


def test_a_throttled_client_waits_as_it_is_told(tmp_path: Path) -> None:
    pauses: list[float] = []
    answers = [Answer(status=429, headers={"Retry-After": "7"}), Answer(status=503), Answer({"ok": True})]
    with serving(lambda _asked, n: answers[n - 1]) as stand:
        assert web(stand, tmp_path, pauses).json(URL)[0] == {"ok": True}
    assert pauses[0] == 7.0
    assert 1.0 <= pauses[1] <= 3.0  # 2 s, give or take half


def test_a_service_that_wants_more_patience_than_we_have_is_an_error(tmp_path: Path) -> None:
    with serving(always(status=429, headers={"Retry-After": "3600"})) as stand:
        with pytest.raises(DataError, match=r"busy \(HTTP 429\), asks for 3600 s of patience; try again then"):
            web(stand, tmp_path).json(URL)
        assert len(stand.asked) == 1


def test_a_service_that_stays_busy_is_left_alone_after_some_tries(tmp_path: Path) -> None:
    pauses: list[float] = []
    with serving(always(status=500, body="oops")) as stand:
        with pytest.raises(DataError, match=r"HTTP 500 for .*it says 'oops' \(tried 3 times\)"):
            web(stand, tmp_path, pauses).json(URL)
        assert len(stand.asked) == 3
    assert len(pauses) == 2
    assert not list(tmp_path.rglob("*.json")), "an error is no reply to keep"


def test_retry_after_as_number_as_date_and_as_nonsense() -> None:
    now = datetime(2022, 1, 1, tzinfo=UTC)
    assert http.retry_after_s("12", now.timestamp()) == 12.0
    assert http.retry_after_s(format_datetime(datetime(2022, 1, 1, 0, 1, tzinfo=UTC)), now.timestamp()) == 60.0
    assert [http.retry_after_s(text, now.timestamp()) for text in ("", "soon", "-5", "1e9", "٣")] == [0, 0, 0, 0, 3]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_and_never_shown(tmp_path: Path, status: int) -> None:
    with serving(always(status=status, body=f"bad token {KEY}\x1b[31m\n" + "x" * 9000)) as stand:
        with pytest.raises(ConfigError, match=r"refused \(HTTP \d+\) with GREENSCHED_TEST_TOKEN.*bad token \*\*\*"):
            web(stand, tmp_path, limits=http.Limits(tries=1)).json(URL, secrets=keys)
        with pytest.raises(ConfigError) as caught:
            web(stand, tmp_path, limits=http.Limits(tries=1)).json(URL, secret_params=keys)
    assert KEY not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_keys_are_in_no_log_no_repr_and_no_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import traceback

    caplog.set_level(logging.DEBUG)
    text = ""
    for behave in (always(status=500), always(body=b"x", promised=10), always(body="no json")):
        with serving(behave) as stand:
            try:
                web(stand, tmp_path).json(URL, secrets=keys, secret_params=keys)
            except DataError as error:
                text += "".join(traceback.format_exception(error))
    assert len(text) > 500
    assert KEY not in text + caplog.text + repr(keys()) + str(keys())


@pytest.mark.parametrize("location", ["https://evil.example/steal", "/v2/data", "http://127.0.0.1:1/x", ""])
def test_redirects_are_not_followed(tmp_path: Path, location: str) -> None:
    with serving(always(status=302, headers={"Location": location})) as stand:
        with pytest.raises(
            DataError, match=r"redirects to (evil.example|127.0.0.1|elsewhere on it), which is not follow"
        ):
            web(stand, tmp_path).json(URL, secrets=keys)
        assert len(stand.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.org/v1", "https://evil.example/v1", "https://api.example.org.evil.example/", "file:///etc/passwd",
        "https://user:pw@api.example.org/", "https://api.example.org:8443/", "ftp://api.example.org/", "https:///v1",
    ],
)  # fmt: skip
def test_other_hosts_and_schemes_are_never_asked(tmp_path: Path, url: str) -> None:
    with serving(always(body={})) as stand:
        with pytest.raises(ConfigError, match=r"not asked; this source may ask https of api\.example\.org"):
            web(stand, tmp_path).json(url, secrets=keys)
        assert stand.asked == []
    with pytest.raises(ConfigError, match=r"must be on this machine"):
        Web("test", "CC0", HOSTS, Cache(tmp_path), test_server="http://10.0.0.1")


def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        started = time.monotonic()
        with pytest.raises(DataError, match=r"127\.0\.0\.1: no answer in time \(tried 2 times\)"):
            web(None, tmp_path, limits=http.Limits(connect_s=0.2, total_s=1, tries=2)).json(address)
        assert time.monotonic() - started < 3


def test_a_server_that_drips_is_cut_off_as_a_whole(tmp_path: Path) -> None:
    """Each byte comes in time; all of them would take minutes."""
    limits = http.Limits(connect_s=5, total_s=0.5, tries=1)
    with serving(always(body=b" " * 2000, drip_s=0.1)) as stand:
        started = time.monotonic()
        with pytest.raises(DataError, match=r"no whole answer within 0\.5 s"):
            web(stand, tmp_path, limits=limits).json(URL)
        assert time.monotonic() - started < 5


def test_a_server_that_drips_its_headers_is_cut_off_too(tmp_path: Path) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                    while not stop.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(DataError, match=r"no whole answer within 0\.5 s"):
                web(None, tmp_path, limits=http.Limits(connect_s=5, total_s=0.5, tries=1)).json(
                    f"http://127.0.0.1:{server.getsockname()[1]}/"
                )
        finally:
            stop.set()
            thread.join()


def test_a_dropped_connection_is_tried_again(tmp_path: Path) -> None:
    def behave(_asked: Asked, n: int) -> Answer:
        return Answer(b'{"a"', promised=50) if n == 1 else Answer({"a": 2})

    with serving(behave) as stand:
        assert web(stand, tmp_path).json(URL)[0] == {"a": 2}
    with (
        serving(always(body=b"{", promised=50)) as stand,
        pytest.raises(DataError, match=r"connection .*tried 3 times"),
    ):
        web(stand, tmp_path / "other").json(URL)


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(DataError, match=r"127\.0\.0\.1: connection failed \(connection refused\)"):
        web(None, tmp_path).json(f"http://127.0.0.1:{port}/")


def test_a_body_without_end_is_refused(tmp_path: Path) -> None:
    with serving(always(body=b" " * 6000)) as stand:
        with pytest.raises(DataError, match="longer than 5,000 bytes, refused"):
            web(stand, tmp_path).json(URL)
        assert len(stand.asked) == 1


def test_requests_are_counted(tmp_path: Path) -> None:
    with serving(always(body={})) as stand:
        client = web(stand, tmp_path, limits=http.Limits(requests=3))
        for k in range(3):
            client.json(URL, {"k": str(k)})
        with pytest.raises(DataError, match="3 requests made, no more; ask for a shorter window"):
            client.json(URL, {"k": "3"})
        assert len(stand.asked) == 3


def test_keys_come_from_the_environment_only() -> None:
    assert secret("X", {"X": " abc "}).reveal() == "abc"
    with pytest.raises(ConfigError, match="set the environment variable X"):
        secret("X", {"X": " "})
    with pytest.raises(ConfigError, match="characters that a key cannot have") as caught:
        secret("X", {"X": "abc\r\nHost: evil"})
    assert "evil" not in str(caught.value)
