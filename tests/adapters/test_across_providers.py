"""A conversation that one provider began goes on with another: after a fallback, or because
somebody chose another model. What the first one wrote for itself must not be the second's trouble.

The beginnings are made by our own translators out of what each provider says.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import pytest

from adapters.catalog import find
from adapters.dialects import TRANSLATIONS, Translation
from adapters.dialects.signatures import OPENAI_MARK, is_anthropics, is_googles
from adapters.plug import plug
from adapters.types import Dialect, Json

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
GOOGLES = base64.b64encode(b"\x12\xf0\x03\x0a\xed\x03\x01" + bytes(range(250))).decode()
ANTHROPICS = base64.b64encode(b"\x12\xe8\x02\x0a\x48\x08\x07\x10\x02" + bytes(range(60))).decode()
OPENAIS = "gAAAAABo" + "Qx-_" * 60
SECRETS = (GOOGLES, GOOGLES[:40], "__thought__", ANTHROPICS, OPENAIS, OPENAI_MARK)
CITIES = ("Köln", "Trier")
ARGUMENTS = [orjson.dumps({"city": city}).decode() for city in CITIES]

GEMINI: Json = {
    "responseId": "r1",
    "modelVersion": "gemini-3-pro",
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "Two calls.", "thought": True},
                    {
                        "functionCall": {"id": "g1", "name": "weather", "args": {"city": "Köln"}},
                        "thoughtSignature": GOOGLES,
                    },
                    {"functionCall": {"id": "g2", "name": "weather", "args": {"city": "Trier"}}},
                ],
            },
            "finishReason": "STOP",
        }
    ],
}
ANTHROPIC: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [
        {"type": "thinking", "thinking": "Two calls.", "signature": ANTHROPICS},
        {"type": "tool_use", "id": "toolu_01A", "name": "weather", "input": {"city": "Köln"}},
        {"type": "tool_use", "id": "toolu_01B", "name": "weather", "input": {"city": "Trier"}},
    ],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
RESPONSES: Json = {
    "id": "resp_1",
    "object": "response",
    "model": "gpt-6.1",
    "status": "completed",
    "output": [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Two calls."}],
            "encrypted_content": OPENAIS,
        },
        *(
            {
                "type": "function_call",
                "id": f"fc_{i}",
                "call_id": f"call_{'x' * 62}{i}",  # longer than others take it
                "name": "weather",
                "arguments": ARGUMENTS[i],
            }
            for i in range(2)
        ),
    ],
}
BEDROCK: Json = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {
                    "reasoningContent": {
                        "reasoningText": {"text": "Two calls.", "signature": ANTHROPICS}
                    }
                },
                *(
                    {
                        "toolUse": {
                            "toolUseId": f"tooluse_{i}",
                            "name": "weather",
                            "input": {"city": city},
                        }
                    }
                    for i, city in enumerate(CITIES)
                ),
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
}
CALLS = [
    {
        "id": f"weather:{i}",  # as Kimi's are
        "type": "function",
        "function": {"name": "weather", "arguments": arguments},
    }
    for i, arguments in enumerate(ARGUMENTS)
]
COHERE: Json = {
    "id": "c1",
    "finish_reason": "TOOL_CALL",
    "message": {"role": "assistant", "tool_plan": "Two calls.", "tool_calls": CALLS},
}
DEEPSEEK: Json = {
    "role": "assistant",
    "content": "",
    "reasoning_content": "Two calls.",
    "tool_calls": CALLS,
}
GOOGLES_OWN_DOOR: Json = {
    "role": "assistant",
    "tool_calls": [
        {**CALLS[0], "extra_content": {"google": {"thought_signature": GOOGLES}}},
        CALLS[1],
    ],
}

TOOL: Json = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
QUESTION: Json = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What is the weather there?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ],
}


def _translation(theirs: Dialect) -> Translation:
    found: Translation = plug(TRANSLATIONS[Dialect.OPENAI_CHAT, theirs])
    return found


def _said(theirs: Dialect, document: Json) -> Json:
    asked = {"model": "gemini-3-pro", "messages": [QUESTION], "tools": [TOOL]}
    completion = _translation(theirs).reply(document, asked, 0)
    message: Json = completion["choices"][0]["message"]
    return message


BEGUN: Mapping[str, Json] = {
    "gemini": _said(Dialect.GEMINI_GENERATE, GEMINI),
    "anthropic": _said(Dialect.ANTHROPIC_MESSAGES, ANTHROPIC),
    "responses": _said(Dialect.OPENAI_RESPONSES, RESPONSES),
    "bedrock": _said(Dialect.BEDROCK_CONVERSE, BEDROCK),
    "cohere": _said(Dialect.COHERE_CHAT, COHERE),
    "deepseek": DEEPSEEK,
    "google's door for OpenAI's clients": GOOGLES_OWN_DOOR,
}


def _history(begun: Json, *, bare: bool) -> list[Json]:
    """The conversation as a client sends it: with all it got, or with what OpenAI's SDK knows."""
    calls = begun["tool_calls"]
    answer = begun
    if bare:
        known = ("id", "type", "function")
        answer = {
            "role": "assistant",
            "content": begun.get("content"),
            "tool_calls": [{name: call[name] for name in known} for call in calls],
        }
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"{10 + i} °C"}
        for i, call in enumerate(calls)
    ]
    return [QUESTION, answer, *results, {"role": "user", "content": "Which is warmer?"}]


def _through(theirs: Dialect) -> Callable[[Json], Json]:
    return _translation(theirs).request


def _row(name: str) -> Callable[[Json], Json]:
    """What a provider of OpenAI's dialect is sent."""
    provider = find(name)
    assert provider

    def request(asked: Json) -> Json:
        for quirk in provider.quirks:
            asked = quirk(asked)
        return asked

    return request


Told = list[tuple[str, str]]
"""Calls with their ids, or results with the ids of the calls that they belong to."""


def _of_chat(body: Json) -> tuple[Told, Told]:
    messages = body["messages"]
    calls = [call for m in messages for call in m.get("tool_calls") or ()]
    results = [m for m in messages if m["role"] == "tool"]
    return (
        [(c["id"], c["function"]["arguments"]) for c in calls],
        [(m["tool_call_id"], m["content"]) for m in results],
    )


def _of_gemini(body: Json) -> tuple[Told, Told]:
    parts = [part for content in body["contents"] for part in content["parts"]]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    return (
        [(call["id"], orjson.dumps(call["args"]).decode()) for call in calls],
        [(result["id"], str(result["response"])) for result in results],
    )


def _of_anthropic(body: Json) -> tuple[Told, Told]:
    blocks = [
        block for m in body["messages"] if isinstance(m["content"], list) for block in m["content"]
    ]
    return (
        [(b["id"], orjson.dumps(b["input"]).decode()) for b in blocks if b["type"] == "tool_use"],
        [(b["tool_use_id"], str(b["content"])) for b in blocks if b["type"] == "tool_result"],
    )


def _of_responses(body: Json) -> tuple[Told, Told]:
    kinds = ("function_call", "function_call_output")
    calls, results = ([i for i in body["input"] if i.get("type") == kind] for kind in kinds)
    return (
        [(call["call_id"], call["arguments"]) for call in calls],
        [(result["call_id"], str(result["output"])) for result in results],
    )


def _of_bedrock(body: Json) -> tuple[Told, Told]:
    blocks = [block for m in body["messages"] for block in m["content"]]
    calls = [b["toolUse"] for b in blocks if "toolUse" in b]
    results = [b["toolResult"] for b in blocks if "toolResult" in b]
    return (
        [(call["toolUseId"], orjson.dumps(call["input"]).decode()) for call in calls],
        [(result["toolUseId"], str(result["content"])) for result in results],
    )


def _of_ollama(body: Json) -> tuple[Told, Told]:
    calls = [call for m in body["messages"] for call in m.get("tool_calls") or ()]
    results = [m for m in body["messages"] if m["role"] == "tool"]
    return (
        [(c["id"], orjson.dumps(c["function"]["arguments"]).decode()) for c in calls],
        [(m["tool_call_id"], m["content"]) for m in results],
    )


Reader = Callable[[Json], tuple[Told, Told]]
GOES_ON: Mapping[str, tuple[str, Callable[[Json], Json], Reader, str]] = {
    # model, how it is asked, how to read that, what an id may be
    "gemini": ("gemini-3-pro", _through(Dialect.GEMINI_GENERATE), _of_gemini, r"[^_]+(_[^_]+)*"),
    "anthropic": (
        "claude-opus-5",
        _through(Dialect.ANTHROPIC_MESSAGES),
        _of_anthropic,
        r"[a-zA-Z0-9_-]+",
    ),
    "responses": ("gpt-6.1", _through(Dialect.OPENAI_RESPONSES), _of_responses, r".{1,64}"),
    "bedrock": (
        "anthropic.claude-opus-5",
        _through(Dialect.BEDROCK_CONVERSE),
        _of_bedrock,
        r"[a-zA-Z0-9_.:-]{1,64}",
    ),
    "bedrock's nova": (
        "amazon.nova-pro-v1:0",
        _through(Dialect.BEDROCK_CONVERSE),
        _of_bedrock,
        r"[a-zA-Z0-9_.:-]{1,64}",
    ),
    "cohere": ("command-a-03-2025", _through(Dialect.COHERE_CHAT), _of_chat, r".{1,80}"),
    "ollama": ("qwen3", _through(Dialect.OLLAMA_CHAT), _of_ollama, r".{1,80}"),
    "openai": ("gpt-4o", _row("openai"), _of_chat, r".{1,40}"),
    "azure": ("gpt-4o", _row("azure"), _of_chat, r".{1,40}"),
    "mistral": ("mistral-large", _row("mistral"), _of_chat, r"[a-zA-Z0-9]{9}"),
    "magistral": ("magistral-medium", _row("mistral"), _of_chat, r"[a-zA-Z0-9]{9}"),
    "groq": ("openai/gpt-oss-120b", _row("groq"), _of_chat, r".{1,80}"),
    "cerebras": ("gpt-oss-120b", _row("cerebras"), _of_chat, r".{1,80}"),
    "deepseek": ("deepseek-chat", _row("deepseek"), _of_chat, r".{1,80}"),
    "fireworks_ai": ("kimi-k3", _row("fireworks_ai"), _of_chat, r".{1,80}"),
    "openrouter": ("openai/gpt-5", _row("openrouter"), _of_chat, r".{1,80}"),
    "huggingface": ("moonshotai/Kimi-K3", _row("huggingface"), _of_chat, r".{1,80}"),
    "watsonx": ("ibm/granite-4", _row("watsonx"), _of_chat, r".{1,80}"),
}
OWN = {  # whose signatures they read again
    "gemini": is_googles,
    "anthropic": is_anthropics,
    "bedrock": is_anthropics,
    "responses": lambda signature: signature == OPENAIS,
    "openrouter": is_anthropics,  # which may hand it on to Claude
}
STRICT = ("mistral", "magistral", "groq", "cerebras", "openai", "azure", "fireworks_ai")
UNKNOWN = {"thinking_blocks", "provider_specific_fields", "extra_content", "annotations"}


def _texts(within: Any) -> Iterator[str]:
    match within:
        case str():
            yield within
        case dict():
            for value in within.values():
                yield from _texts(value)
        case list():
            for value in within:
                yield from _texts(value)


def _names(within: Any) -> Iterator[str]:
    match within:
        case dict():
            for name, value in within.items():
                yield name
                yield from _names(value)
        case list():
            for value in within:
                yield from _names(value)


every_pair = pytest.mark.parametrize("begun", BEGUN)
every_end = pytest.mark.parametrize("goes_on", GOES_ON)
as_clients_do = pytest.mark.parametrize("bare", [False, True], ids=["all of it", "what SDKs know"])


def _asked(begun: str, goes_on: str, *, bare: bool) -> Json:
    model, request, _, _ = GOES_ON[goes_on]
    messages = _history(BEGUN[begun], bare=bare)
    return request({"model": model, "messages": messages, "tools": [TOOL], "max_tokens": 100})


@every_pair
@every_end
@as_clients_do
def test_every_call_is_answered_under_an_id_that_is_taken(
    begun: str, goes_on: str, bare: bool
) -> None:
    _, _, read, form = GOES_ON[goes_on]

    calls, results = read(_asked(begun, goes_on, bare=bare))

    assert [orjson.loads(arguments)["city"] for _, arguments in calls] == list(CITIES)
    assert [id_ for id_, _ in calls] == [id_ for id_, _ in results]
    assert len({id_ for id_, _ in calls}) == 2
    assert all(re.fullmatch(form, id_) for id_, _ in calls)
    assert [f"{10 + i} °C" in said for i, (_, said) in enumerate(results)] == [True, True]


@every_pair
@every_end
@as_clients_do
def test_nobody_is_sent_what_another_has_signed(begun: str, goes_on: str, bare: bool) -> None:
    mine = OWN.get(goes_on, lambda _: False)

    body = _asked(begun, goes_on, bare=bare)

    found = {s for s in SECRETS for text in _texts(body) if s in text}
    assert {
        s for s in found if not mine(s) and not any(s in own for own in found if mine(own))
    } == set()


@every_pair
@pytest.mark.parametrize("goes_on", STRICT)
def test_who_refuses_unknown_fields_is_not_sent_any(begun: str, goes_on: str) -> None:
    body = _asked(begun, goes_on, bare=False)

    assert set(_names(body["messages"])) & UNKNOWN == set()


@every_pair
@every_end
def test_the_picture_is_still_there(begun: str, goes_on: str) -> None:
    body = _asked(begun, goes_on, bare=False)

    assert any(PNG in text for text in _texts(body))


@pytest.mark.parametrize("name", ["gemini", "anthropic", "bedrock", "responses"])
def test_who_began_it_gets_its_own_signature_back(name: str) -> None:
    body = _asked(name, name, bare=False)

    assert any(OWN[name](text) for text in _texts(body))


def test_geminis_signature_comes_back_in_the_id_alone() -> None:
    [_, answer, *_] = _asked("gemini", "gemini", bare=True)["contents"]

    signatures = [part.get("thoughtSignature") for part in answer["parts"]]
    assert is_googles(signatures[0])


def test_googles_own_door_gets_what_it_asks_for() -> None:
    _, request, _, _ = GOES_ON["openai"]
    history = _history(GOOGLES_OWN_DOOR, bare=False)

    body = request({"model": "gemini-3-flash", "messages": history})

    assert body["messages"][1]["tool_calls"][0]["extra_content"]["google"]
