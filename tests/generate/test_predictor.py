"""`llm-generate` against a server on this machine that behaves, and against one that does everything else."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
from typing import Any

import numpy as np
import pytest

from greensched.core.errors import ConfigError, UnknownNameError
from greensched.core.permute import permute
from greensched.core.registry import make_predictor
from greensched.core.types import Observation, Options, Predictions
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.generate.predictor import GeneratePredictor
from greensched.service.checks import CheckedPredictor
from greensched.testing.worlds import datacenter, host, observation, random_observation, tasks, world
from tests.generate.speaking import completion, document, hashed, prompt, regions, rows, saying, speaking
from tests.signals.server import Answer, Asked, Behaviour, Stand

KEY = "sk-s3cr3t-t0ken-77"
TWO = world([datacenter(0, "us-east", [host()]), datacenter(1, "us-west", [host()])])


def seen(n: int = 1, **columns: Any) -> Observation:
    """Two idle datacenters, and jobs with names of their own."""
    return observation(TWO, tasks(n, cores=4.0, **columns))


def predictor(stand: Stand, **options: Any) -> GeneratePredictor:
    quick = {"timeout_s": 0.6, "retries": 0, "structured": "none"}
    made = make_predictor("llm-generate", {"endpoint": f"{stand.url}/v1", "model": "m", **quick, **options})
    assert isinstance(made, GeneratePredictor)
    return made


def ask(made: GeneratePredictor, o: Observation) -> Predictions:
    checked = CheckedPredictor(made)
    checked.start(o.world)
    return checked.predict(o, o.tasks, here(o))


def here(o: Observation) -> Options:
    return Options.now_everywhere(o.world.n_datacenters, o.t_s)


def physics(o: Observation) -> Predictions:
    analytic = AnalyticPredictor()
    analytic.start(o.world)
    return analytic.predict(o, o.tasks, here(o))


def assert_analytic(got: Predictions, o: Observation) -> None:
    expected = physics(o)
    for field in ("energy_kwh", "service_time_s", "wait_s"):
        np.testing.assert_array_equal(getattr(got, field), getattr(expected, field))


def test_it_predicts_what_the_model_says(caplog: pytest.LogCaptureFixture) -> None:
    said = rows({"us-east": (0.025, 90), "us-west": (0.0125, 30.5)})
    with speaking(saying(said)) as stand:
        made = predictor(stand)
        got = ask(made, seen())
    np.testing.assert_array_equal(got.energy_kwh, [[0.025, 0.0125]])
    np.testing.assert_array_equal(got.service_time_s, [[5400.0, 1830.0]])
    # us-west is 20 ms away and nothing is queued: the wait is physics', or its share of a shorter time
    expected = physics(seen())
    share = expected.wait_s / expected.service_time_s
    np.testing.assert_allclose(got.wait_s, np.minimum(expected.wait_s, share * got.service_time_s))
    counts = made.metadata
    assert (counts["asked"], counts["answers"], counts["pairs"], counts["pairs_analytic"]) == (1, 1, 2, 0)
    assert caplog.records == []


def test_the_request_is_the_whole_prompt_and_asks_for_the_form() -> None:
    with speaking(hashed) as stand:
        ask(predictor(stand, structured="json_schema", seed=7, max_tokens=99, level="paper"), seen())
        (asked,) = stand.asked
    sent = document(asked)
    assert (asked.host, asked.path) == ("v1", "/chat/completions")
    assert {k: sent[k] for k in ("model", "temperature", "seed", "max_tokens", "stream")} == {
        "model": "m", "temperature": 0.0, "seed": 7, "max_tokens": 99, "stream": False,
    }  # fmt: skip
    assert prompt(asked).startswith("Time: 2022-06-06T00:00. Job: CPU=4 cores")
    assert prompt(asked).endswith("energy_kWh and service_time_min.")
    assert regions(asked) == ["us-east", "us-west"]
    form = sent["response_format"]
    assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)
    assert list(form["json_schema"]["schema"]["properties"]) == ["us-east", "us-west"]
    assert "authorization" not in asked.headers


def test_a_datacenter_that_cannot_hold_the_job_is_not_asked_about() -> None:
    small = world([datacenter(0, "big", [host()]), datacenter(1, "tiny", [host(cores=2.0)])])
    o = observation(small, tasks(2, cores=[4.0, 1.0]))
    with speaking(hashed) as stand:
        got = ask(predictor(stand), o)
        assert sorted(len(regions(a)) for a in stand.asked) == [1, 2]
    assert np.isnan(got.energy_kwh).tolist() == [[False, True], [False, False]]
    nowhere = observation(small, tasks(1, cores=9999.0))
    with speaking(hashed) as stand:
        assert np.isnan(ask(predictor(stand), nowhere).energy_kwh).all()
        assert stand.asked == []


def test_a_later_start_shortens_the_wait_and_not_the_run() -> None:
    o = observation(TWO, tasks(1, cores=4.0, data_gb=100.0))
    with speaking(saying(rows({"us-east": (0.025, 90), "us-west": (0.025, 90)}))) as stand:
        made = predictor(stand)
        made.start(o.world)
        now = made.predict(o, o.tasks, here(o))
        later = made.predict(o, o.tasks, Options(np.array([1, 1], np.int32), np.array([0.0, 3600.0]), np.ones(2)))
    np.testing.assert_allclose(later.service_time_s - later.wait_s, (now.service_time_s - now.wait_s)[:, [1, 1]])
    np.testing.assert_allclose(later.service_time_s[0, 0], now.service_time_s[0, 1])
    np.testing.assert_array_equal(later.energy_kwh, [[0.025, 0.025]])


def test_the_same_question_is_asked_once_in_a_process() -> None:
    with speaking(hashed) as stand:
        first = ask(predictor(stand), seen(3, name=["a", "b", "a"]))
        assert len(stand.asked) == 2
        again = predictor(stand)
        np.testing.assert_array_equal(ask(again, seen(3, name=["a", "b", "a"])).energy_kwh, first.energy_kwh)
        assert len(stand.asked) == 2
        assert (again.metadata["asked"], again.metadata["remembered"]) == (0, 2)
        ask(predictor(stand, seed=1), seen())
        ask(predictor(stand, model="other"), seen())
        assert len(stand.asked) == 4
    np.testing.assert_array_equal(first.energy_kwh[0], first.energy_kwh[2])


# --- what an endpoint can do wrong --------------------------------------------------------------------------------

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


# --- forms of asking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accepted", ["json_schema", "structured_outputs", "guided_json", "json_object", "none"])
def test_auto_finds_out_which_form_is_accepted_and_stays_with_it(accepted: str) -> None:
    def knows(sent: dict[str, Any]) -> str:
        if "response_format" in sent:
            return str(sent["response_format"]["type"])
        return next((form for form in ("structured_outputs", "guided_json") if form in sent), "none")

    def picky(asked: Asked, n: int) -> Answer:
        return hashed(asked, n) if knows(document(asked)) == accepted else Answer(status=400, body="what is that?")

    with speaking(picky) as stand:
        made = predictor(stand, structured="auto")
        made.start(TWO)
        for name in ("a", "b"):
            made.predict(seen(name=[name]), seen(name=[name]).tasks, here(seen()))
        forms = [knows(document(a)) for a in stand.asked]
    assert made.metadata["pairs_analytic"] == 0
    assert forms[-2:] == [accepted, accepted]
    assert len(forms) == len(set(forms)) + 1  # each is tried once
    assert made.metadata["backend"]["structured"] == accepted


def test_ollamas_own_chat() -> None:
    def ollama(asked: Asked, n: int) -> Answer:
        text = hashed(asked, n).body["choices"][0]["message"]
        return Answer({"message": text, "done": True, "done_reason": "stop"})

    with speaking(ollama) as stand:
        made = predictor(stand, structured="ollama", max_tokens=50)
        ask(made, seen())
        (asked,) = stand.asked
    assert (asked.host, asked.path) == ("api", "/chat")
    sent = document(asked)
    assert sent["format"]["required"] == ["us-east", "us-west"]
    assert sent["options"] == {"temperature": 0.0, "seed": 0, "num_predict": 50}
    assert made.metadata["pairs_analytic"] == 0


# --- keys and addresses -------------------------------------------------------------------------------------------


def test_a_key_goes_to_the_endpoint_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_LLM_KEY", KEY)

    def telltale(asked: Asked, _n: int) -> Answer:
        return Answer(f"wrong key: {asked.headers['authorization']}", status=401)

    with speaking(telltale) as stand:
        made = predictor(stand, api_key_env="TEST_LLM_KEY")
        ask(made, seen())
        assert stand.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert "it says 'wrong key: Bearer ***'; is the key in TEST_LLM_KEY right?" in caplog.text
    for text in (caplog.text, json.dumps(made.metadata), repr(made._backend), repr(made.options), made.version):
        assert KEY not in text


def test_a_missing_key_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_LLM_KEY", raising=False)
    made = make_predictor(
        "llm-generate", {"endpoint": "http://[::1]:1/v1", "model": "m", "api_key_env": "TEST_LLM_KEY"}
    )
    with pytest.raises(ConfigError, match=r"set the environment variable TEST_LLM_KEY \(docs/llm-generate\.md\)"):
        made.start(TWO)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"endpoint": "ftp://127.0.0.1/v1"}, "http or https"),
        ({"endpoint": "file:///etc/passwd"}, "http or https"),
        ({"endpoint": "127.0.0.1:8000"}, "http or https"),
        ({"endpoint": "http:///v1"}, "http or https"),
        ({"endpoint": "http://127.0.0.1:99999/v1"}, "is no address"),
        ({"endpoint": "http://127.0.0.1/v1\r\nX: y"}, "characters that no address has"),
        ({"endpoint": f"http://me:{KEY}@127.0.0.1/v1"}, "no user, password or query"),
        ({"endpoint": f"http://127.0.0.1/v1?key={KEY}"}, "no user, password or query"),
        ({"endpoint": "http://10.0.0.7:8000/v1"}, "set 'allow_remote: true'"),
        ({"endpoint": "https://api.example.org/v1"}, "set 'allow_remote: true'"),
        ({"endpoint": "http://127.0.0.1.example.org/v1"}, "set 'allow_remote: true'"),
        ({"endpoint": "http://gpu.lan/v1", "allow_remote": True, "api_key_env": "A_KEY"}, "over https only"),
        ({"api_key_env": KEY}, "expected the name of an environment variable"),
        ({"timeout_s": 0.0}, "at least 0.001"),
        ({"structured": "xml"}, "expected one of auto, json_schema"),
        ({"temperature": float("nan")}, "expected a finite number"),
        ({"most_off": 1.0}, "at least 2"),
    ],
)
def test_options_that_cannot_be_are_refused_without_a_secret(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        make_predictor("llm-generate", {"endpoint": "http://localhost:8000/v1", "model": "m"} | options)
    assert KEY not in str(error.value)


def test_unknown_options_and_levels_are_refused() -> None:
    given = {"endpoint": "http://localhost:8000/v1", "model": "m"}
    with pytest.raises(UnknownNameError, match="api_key"):
        make_predictor("llm-generate", {**given, "api_key": KEY})
    with pytest.raises(UnknownNameError, match="prompt level"):
        make_predictor("llm-generate", {**given, "level": "everything"})
    with pytest.raises(ConfigError, match="option 'model': missing"):
        make_predictor("llm-generate", {"endpoint": "http://localhost:8000/v1"})
    with pytest.raises(ConfigError, match="base model 'm': no such file"):  # without an endpoint, one in this process
        make_predictor("llm-generate", {"model": "m"})
    made = make_predictor("llm-generate", {**given, "endpoint": "https://gpu.lan:8443/v1", "allow_remote": True})
    assert made.name == "llm-generate"


def test_the_name_of_a_model_is_no_path(tmp_path: Any) -> None:
    given = {"endpoint": "http://localhost:8000/v1", "model": "meta-llama/Llama-2-7b"}
    made = make_predictor("llm-generate", given, tmp_path)
    assert isinstance(made, GeneratePredictor)
    assert made.options.model == "meta-llama/Llama-2-7b"


def test_it_never_looks_at_the_order_of_datacenters() -> None:
    o = random_observation(3, 2, 6)
    prompts = []
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]):
        with speaking(hashed) as stand:
            ask(predictor(stand), permute(o, order))
            prompts.append(sorted(map(prompt, stand.asked)))
    assert prompts[0] == prompts[1]
