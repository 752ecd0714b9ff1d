"""`llm-generate` against a server on this machine: what is asked, and what becomes of the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from greensched.core.types import Options
from greensched.testing.worlds import datacenter, host, observation, tasks, world
from tests.generate.asking import TWO, ask, here, physics, predictor, seen
from tests.generate.speaking import document, hashed, prompt, regions, rows, saying, speaking
from tests.signals.server import Answer, Asked


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
