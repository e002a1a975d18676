"""The provider that answers by itself: for demos, for tests, and for `mock_response` in config.

It is a transport, not an adapter: its answers are bytes in OpenAI's shape and take the same way
through tap, translation and routing as anybody's. Models:

======================  ===========================================================================
`mock/echo`             says what the last user message said
`mock/instant`          the canned text without the pauses
`mock/<anything else>`  the canned text, word by word, at the pace of a hosted model
======================  ===========================================================================

`mock_response` is the text to say, or the name of a LiteLLM exception to fail with.
"""

from collections.abc import Mapping
from itertools import count

import orjson

from adapters.clock import Clock
from adapters.dialects.chat import DONE
from adapters.provider import Provider, Transport, Upstream
from adapters.sse import Event, encode
from adapters.types import Json, Target, Timeouts

_SCRIPT = "x-mock-response"
_PACE_S = 0.03  # between two words
_TEXT = (
    "Hello from Sluicegate. This model needs no key: its words are made up here, one by one, so "
    "that you can watch a stream arrive before you connect a provider. Edit the configuration, "
    "name a real model and a key, and the same request will reach it."
)
_FAILURES: Mapping[str, tuple[int, str, str]] = {  # exception -> status, type, code
    "litellm.RateLimitError": (429, "rate_limit_error", "rate_limit_exceeded"),
    "litellm.ContextWindowExceededError": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
    ),
    "litellm.ContentPolicyViolationError": (400, "invalid_request_error", "content_filter"),
    "litellm.AuthenticationError": (401, "authentication_error", "invalid_api_key"),
    "litellm.InternalServerError": (500, "server_error", "internal_error"),
    "litellm.ServiceUnavailableError": (503, "server_error", "overloaded"),
}


async def _scripted(request: Upstream, target: Target) -> Upstream:
    script = target.options.get("mock_response")
    return request.with_headers({_SCRIPT: script}) if script else request


def _made_up(_network: Transport, clock: Clock) -> "MockTransport":
    return MockTransport(clock)


PROVIDER = Provider(
    name="mock",
    base_url="http://mock",
    auth=_scripted,
    transport=_made_up,
    key_optional=True,
)


class MockTransport:
    """Answers every request at once or word by word; nothing leaves the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)

    async def post(self, request: Upstream, _timeouts: Timeouts, _credential: str) -> "MockAnswer":
        asked: Json = orjson.loads(request.body)
        script = request.headers.get(_SCRIPT, "")
        head = {
            "id": f"chatcmpl-mock-{next(self._numbers)}",
            "created": int(self._clock.wall()),
            "model": asked["model"],
        }
        if script in _FAILURES:
            status, kind, code = _FAILURES[script]
            error = {"message": f"mock: {script}", "type": kind, "param": None, "code": code}
            return MockAnswer(status, [orjson.dumps({"error": error})], self._clock)
        text = script or (_last_words(asked) if asked["model"] == "echo" else _TEXT)
        if not asked.get("stream"):
            return MockAnswer(200, [orjson.dumps(_completion(head, asked, text))], self._clock)
        pace_s = 0.0 if asked["model"] == "instant" else _PACE_S
        return MockAnswer(200, _chunks(head, asked, text), self._clock, pace_s)


class MockAnswer:
    def __init__(self, status: int, pieces: list[bytes], clock: Clock, pace_s: float = 0.0) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {"x-mock": "1"}
        self._pieces = iter(pieces)
        self._clock = clock
        self._pace_s = pace_s

    async def document(self) -> bytes:
        return b"".join(self._pieces)

    def watch(self) -> None:
        """It is never silent for long."""

    async def read(self) -> bytes:
        if self._pace_s:
            await self._clock.sleep(self._pace_s)
        return next(self._pieces, b"")

    async def close(self, *, finished: bool) -> None:  # the contract's name
        """There is nothing to give back."""


def _completion(head: Json, asked: Json, text: str) -> Json:
    message = {"role": "assistant", "content": text}
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(asked, text),
    }


def _chunks(head: Json, asked: Json, text: str) -> list[bytes]:
    def chunk(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        document = {**head, "object": "chat.completion.chunk", "choices": [choice]}
        return encode(Event(orjson.dumps(document)))

    said = [chunk({"content": word}) for word in _words(text)]
    tail = [chunk({}, "stop")]
    if (asked.get("stream_options") or {}).get("include_usage"):
        document = {
            **head,
            "object": "chat.completion.chunk",
            "choices": [],
            "usage": _usage(asked, text),
        }
        tail.append(encode(Event(orjson.dumps(document))))
    opening = chunk({"role": "assistant", "content": ""})
    return [opening, *said, b"".join([*tail, encode(Event(DONE))])]


def _usage(asked: Json, text: str) -> Json:
    prompt = len(orjson.dumps(asked.get("messages", []))) // 4  # about four bytes to a token
    completion = len(_words(text))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _words(text: str) -> list[str]:
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def _last_words(asked: Json) -> str:
    for message in reversed(asked.get("messages", [])):
        content = message.get("content")
        if message.get("role") == "user":
            if isinstance(content, str):
                return content
            return " ".join(part.get("text", "") for part in content or ())
    return ""
