"""`llm-generate` against a server that does everything but answer well."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from typing import Any

import numpy as np
import pytest

from greensched.predictors.generate.predictor import GeneratePredictor
from tests.generate.asking import TWO, ask, assert_analytic, here, physics, predictor, seen
from tests.generate.speaking import completion, hashed, prompt, rows, saying, speaking
from tests.signals.server import Answer, Asked, Behaviour

GOOD = completion(rows({"us-east": (0.025, 90), "us-west": (0.025, 90)}))
LONG = b'{"choices": [' + b" " * 10_000_000 + b"]}"
STREAM = b'data: {"choices": [{"delta": {"content": "{"}}]}\n\ndata: [DONE]\n\n'


def bad(**answer: Any) -> Behaviour:
    return lambda _asked, _n: Answer(**answer)


@pytest.mark.parametrize(
    ("behave", "told"),
    [
        (bad(body=GOOD, stop=40), r"no (whole answer within 0\.6 s|answer in time)"),  # hangs in the middle of the body
        (bad(body=GOOD, drip_s=0.05), r"no (whole answer within 0\.6 s|answer in time)"),
        (bad(body=GOOD, promised=5000), r"connection ended after \d+ of 5000 bytes"),
        (bad(body=LONG), "answer is longer than 1,048,576 bytes, refused"),
        (bad(status=429, headers={"Retry-After": "3600"}), "HTTP 429"),
        (bad(status=500, body="it broke"), "HTTP 500, it says 'it broke'"),
        (bad(status=404, body={"error": "model 'm' not found"}), "HTTP 404"),
        (bad(status=401), r"HTTP 401; is the key in None right\?"),
        (bad(status=302, headers={"Location": "http://evil.example/v1"}), "redirects to evil.example, which is not"),
        (bad(status=302, headers={"Location": "http://[evil"}), "redirects to nowhere"),
        (bad(status=204), "HTTP 204"),
        (bad(body=b"", headers={"Content-Type": "application/json"}), r"no JSON \(application/json\)"),
        (bad(body="<html>login</html>", headers={"Content-Type": "text/html"}), r"its reply is no JSON \(text/html\)"),
        (bad(body=b"\xff\xfe\x00garbage"), "its reply is no JSON"),
        (bad(body=b"[" * 100_000), "its reply is no JSON"),
        (bad(body=STREAM, headers={"Content-Type": "text/event-stream"}), "is a stream, though none was asked for"),
        (bad(body=[1]), "its reply is no JSON object"),
        (bad(body={"error": "no"}), "its reply has no choices"),
        (bad(body={"choices": []}), "its reply has no choices"),
        (bad(body={"choices": [{"message": None}]}), "has no message with text"),
        (bad(body=completion(None)), "has no message with text"),  # type: ignore[arg-type]
        (bad(body=completion("{", finish_reason="length")), "cut off; raise the option 'max_tokens'"),
    ],
)
def test_an_endpoint_that_fails_costs_time_and_nothing_else(
    behave: Behaviour, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with speaking(behave) as stand:
        made = predictor(stand)
        began = time.monotonic()
        got = ask(made, seen())
        assert time.monotonic() - began < 5.0  # on a busy machine
        assert_analytic(got, seen())
        made.predict(seen(name=["another"]), seen(name=["another"]).tasks, here(seen()))
    assert made.metadata["tasks_without_answer"] == 2
    assert made.metadata["pairs_analytic"] == made.metadata["pairs"] == 4
    # the second one is not told again, unless a busy machine makes it fail for another reason
    record, *others = [r for r in caplog.records if r.name == "greensched.llm-generate"]
    assert all(other.getMessage() != record.getMessage() for other in others)
    assert record.levelno == logging.WARNING
    assert re.search(told, record.getMessage()), record.getMessage()
    assert "analytic predicts instead" in record.getMessage()


def test_an_endpoint_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    with speaking(hashed) as stand:
        made = predictor(stand, retries=1)
    assert_analytic(ask(made, seen()), seen())
    assert "127.0.0.1: connection failed (connection refused)" in caplog.text


def test_an_endpoint_that_hangs_up_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        thread = threading.Thread(target=lambda: [rude.accept()[0].close() for _ in range(2)])
        thread.start()
        url = f"http://127.0.0.1:{rude.getsockname()[1]}/v1"
        made = GeneratePredictor(endpoint=url, model="m", retries=1, structured="none")
        assert_analytic(ask(made, seen()), seen())
        thread.join()
    assert made.metadata["backend"]["requests"] == 2
    assert "127.0.0.1: connection failed" in caplog.text


@pytest.mark.parametrize(
    ("content", "count", "told"),
    [
        ("I think us-east is best.", "answers_unreadable", "it is not JSON"),
        (
            rows({"us-east": (0.025, 90), "us-west": (0.025, 90)}) + " Also run rm -rf /",
            "answers_unreadable",
            "not JSON",
        ),
        (rows({"mars": (0.025, 90), "venus": (0.025, 90)}), "pairs_missing", "leaves out a region"),
        (rows({"us-east": ("0.25 kWh", 90), "us-west": (True, 90)}), "pairs_invalid", "something else than two"),
        (rows({"us-east": (0.25, 1e7), "us-west": (250.0, 90)}), "pairs_absurd", "more than 100 times off"),
        (rows({"us-east": (1e308, 1e306), "us-west": (0, 0)}), "pairs_absurd", "more than 100 times off"),
        (rows({"us-east": (1e308, 1e308), "us-west": (0, 0)}), "pairs_invalid", "something else than two"),
        ('{"us-east": {"energy_kWh": NaN, "service_time_min": 1}}', "answers_unreadable", "it is not JSON"),
    ],
)
def test_an_answer_that_is_none(content: str, count: str, told: str, caplog: pytest.LogCaptureFixture) -> None:
    with speaking(saying(content)) as stand:
        made = predictor(stand)
        assert_analytic(ask(made, seen()), seen())
    assert made.metadata[count] >= 1
    assert made.metadata["pairs_analytic"] == 2
    assert told in caplog.text


def test_pairs_fall_back_one_by_one() -> None:
    with speaking(saying(rows({"us-east": (0.025, 90), "us-west": (-1, 90)}))) as stand:
        made = predictor(stand)
        got = ask(made, seen())
    expected = physics(seen())
    assert got.energy_kwh.tolist() == [[0.025, expected.energy_kwh[0, 1]]]
    assert got.service_time_s.tolist() == [[5400.0, expected.service_time_s[0, 1]]]
    assert (made.metadata["pairs_invalid"], made.metadata["pairs_analytic"]) == (1, 1)


def test_energy_beyond_what_the_hardware_can_draw_is_absurd_too() -> None:
    o = seen(expected_s=36_000.0)
    prior = physics(o)
    # ten times the energy in a tenth of the time: each within its factor, together a hundred times the power
    said = rows({"us-east": (10 * prior.energy_kwh[0, 0], prior.service_time_s[0, 0] / 600), "us-west": (0.5, 600)})
    with speaking(saying(said)) as stand:
        made = predictor(stand)
        got = ask(made, o)
    assert got.energy_kwh[0, 0] == prior.energy_kwh[0, 0]
    assert made.metadata["pairs_absurd"] >= 1


# --- patience -----------------------------------------------------------------------------------------------------


def after(failures: int, **answer: Any) -> Behaviour:
    return lambda asked, n: Answer(**answer) if n <= failures else hashed(asked, n)


@pytest.mark.parametrize("answer", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "1"}}, {"promised": 9}])
def test_what_may_pass_is_tried_again(answer: dict[str, Any]) -> None:
    with speaking(after(1, **answer)) as stand:
        made = predictor(stand, retries=1)
        began = time.monotonic()
        ask(made, seen())
        waited_s = time.monotonic() - began
    assert made.metadata["pairs_analytic"] == 0
    assert made.metadata["backend"]["repeated"] == 1
    assert waited_s >= (1.0 if "headers" in answer else 0.25)


def test_a_budget_holds_for_all_requests_together() -> None:
    def slow(asked: Asked, n: int) -> Answer:
        time.sleep(0.25)
        return hashed(asked, n)

    with speaking(slow) as stand:
        o = seen(40, name=[f"job-{i}" for i in range(40)])
        made = predictor(stand, budget_s=1.0, timeout_s=5.0, concurrency=2)
        began = time.monotonic()
        got = ask(made, o)
        assert time.monotonic() - began < 4.0
        assert len(stand.asked) <= 10
    answered = made.metadata["answers"]
    assert 4 <= answered <= 8
    assert made.metadata["tasks_without_answer"] == 40 - answered
    np.testing.assert_array_equal(got.energy_kwh[answered + 2 :], physics(o).energy_kwh[answered + 2 :])


def test_an_endpoint_that_fails_in_a_row_is_left_alone_for_some_decisions() -> None:
    with speaking(after(4, status=500)) as stand:
        made = predictor(stand, breaker_failures=3, breaker_decisions=2, concurrency=1)
        made.start(TWO)
        asked = []
        for decision in range(7):
            o = seen(5, name=[f"{decision}-{i}" for i in range(5)])
            made.predict(o, o.tasks, here(o))
            asked.append(len(stand.asked))
    # three failures; two decisions without it; one try, which fails; two more; one try, which works, and the others
    assert asked == [3, 3, 3, 4, 4, 4, 9]
    assert made.metadata["backend"]["circuit_opened"] == 2


def test_how_many_are_under_way_does_not_change_what_is_asked() -> None:
    def every_third(asked: Asked, n: int) -> Answer:
        return Answer(status=500) if "job-1" in prompt(asked) else hashed(asked, n)

    counts = []
    for concurrency in (1, 4):
        with speaking(every_third) as stand:
            o = seen(12, name=[f"job-{i}" for i in range(12)])
            made = predictor(stand, concurrency=concurrency, breaker_failures=2)
            counts.append((ask(made, o).energy_kwh, made.metadata["backend"]["circuit_opened"]))
    assert counts[0][1] == counts[1][1] == 1
    np.testing.assert_array_equal(counts[0][0][:10], counts[1][0][:10])
