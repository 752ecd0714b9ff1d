"""Options of `llm-generate`, and its key, which goes nowhere else."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from greensched.core.errors import ConfigError, UnknownNameError
from greensched.core.permute import permute
from greensched.core.registry import make_predictor
from greensched.predictors.generate.predictor import GeneratePredictor
from greensched.testing.worlds import random_observation
from tests.generate.asking import KEY, TWO, ask, predictor, seen
from tests.generate.speaking import hashed, prompt, speaking
from tests.signals.server import Answer, Asked


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
