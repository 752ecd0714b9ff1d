"""How servers are asked for an answer in a fixed form: each knows another word for it.

* ``json_schema``: ``response_format`` of the OpenAI protocol; vLLM, llama.cpp's server, Ollama since 0.5 and LM Studio.
* ``structured_outputs``: vLLM's own, since 0.11 (the only one of its own since 0.12).
* ``guided_json``: vLLM's own, before that.
* ``json_object``: some JSON, of no fixed form.
* ``ollama``: Ollama's native chat, with ``format``.
* ``none``: the system message alone asks for it.

``auto`` tries those of the OpenAI protocol in this order until one is accepted. Some servers accept a form and do not
keep to it, so that an answer is read as strictly whatever was promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from greensched.predictors.generate.backend import Question
from greensched.predictors.generate.form import schema

Dialect = Literal["json_schema", "structured_outputs", "guided_json", "json_object", "none", "ollama"]
Structured = Literal["auto", "json_schema", "structured_outputs", "guided_json", "json_object", "none", "ollama"]
TRIED: Final[tuple[Dialect, ...]] = get_args(Dialect)[:-1]
REFUSALS: Final = (400, 422, 501)
"""Statuses by which servers refuse a request that they do not understand."""


def path(dialect: Dialect, base: str) -> str:
    """The path that is asked, for a base such as ``/v1``."""
    if dialect == "ollama":
        return base.removesuffix("/v1") + "/api/chat"
    return base + "/chat/completions"


def body(
    dialect: Dialect, question: Question, *, model: str, temperature: float, seed: int, max_tokens: int
) -> dict[str, Any]:
    """The request, as a JSON document."""
    form = schema(question.form.regions)
    messages = [{"role": "system", "content": question.system}, {"role": "user", "content": question.prompt}]
    common: dict[str, Any] = {"model": model, "messages": messages, "stream": False}
    if dialect == "ollama":
        options = {"temperature": temperature, "seed": seed, "num_predict": max_tokens}
        return common | {"format": form, "options": options}
    more: dict[Dialect, dict[str, Any]] = {
        "json_schema": {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "prediction", "strict": True, "schema": form},
            }
        },
        "structured_outputs": {"structured_outputs": {"json": form}},
        "guided_json": {"guided_json": form},
        "json_object": {"response_format": {"type": "json_object"}},
        "none": {},
    }
    return common | {"temperature": temperature, "seed": seed, "max_tokens": max_tokens} | more[dialect]


def content(dialect: Dialect, document: Any) -> str:
    """The text of the answer in a reply.

    Raises:
        ValueError: the reply is none of this protocol, or was cut off; says what it is instead.
    """
    if not isinstance(document, Mapping):
        raise ValueError("its reply is no JSON object")
    if dialect == "ollama":
        choice, ended = document, document.get("done_reason")
    else:
        choices = document.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
            raise ValueError("its reply has no choices: it is no chat completion")
        choice, ended = choices[0], choices[0].get("finish_reason")
    message = choice.get("message")
    text = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(text, str):
        raise ValueError("its reply has no message with text")
    if ended == "length":
        raise ValueError("its answer was cut off; raise the option 'max_tokens'")
    return text
