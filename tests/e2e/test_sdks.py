"""The official SDKs of OpenAI and Anthropic against the gateway, whoever answers behind it."""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
import pytest_asyncio

from adapters.types import Json
from tests.e2e import said
from tests.e2e.process import MASTER_KEY, Gateway
from tests.e2e.raw import exchange
from tests.upstream import Script, Upstream, document, events

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)
BOTH = pytest.mark.parametrize("model", ["gpt", "claude"])
OPENAI_TOOLS: Any = [{"type": "function", "function": said.WEATHER}]
ANTHROPIC_TOOLS: Any = [
    {
        "name": "weather",
        "description": "The weather in a city",
        "input_schema": said.WEATHER["parameters"],
    }
]
OPENAI_CALLS: list[Json] = [
    {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": "weather", "arguments": f'{{"city": "{city}"}}'},
    }
    for number, city in ((1, "Paris"), (2, "Rome"))
]
ANTHROPIC_CALLS: list[Json] = [
    {"type": "tool_use", "id": f"toolu_{number}", "name": "weather", "input": {"city": city}}
    for number, city in ((1, "Paris"), (2, "Rome"))
]


@pytest_asyncio.fixture(loop_scope="module")
async def chat(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=0, timeout=10
    ) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def claude(gateway: Gateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=gateway.url, api_key=MASTER_KEY, max_retries=0, timeout=10
    ) as client:
        yield client


def answer(model: str, text: str = "Good day.") -> Script:
    """A document in the dialect of the provider behind the alias."""
    if model == "gpt":
        return document(said.completion(text))
    return document(said.message({"type": "text", "text": text}))


def stream(model: str, *words: str) -> Script:
    return events(said.chat_stream(*words) if model == "gpt" else said.message_stream(*words))


# --- OpenAI's ---------------------------------------------------------------------------------


@BOTH
async def test_openai_gets_a_document(chat: openai.AsyncOpenAI, one: Upstream, model: str) -> None:
    one.play(answer(model))

    got = await chat.chat.completions.create(**said.asked(model))

    assert got.choices[0].message.content == "Good day."
    assert got.choices[0].message.role == "assistant"
    assert got.choices[0].finish_reason == "stop"
    assert got.usage
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (11, 7)
    assert one.requests[0].path == ("/v1/chat/completions" if model == "gpt" else "/v1/messages")


@BOTH
@pytest.mark.parametrize("wants_usage", [True, False, None])
async def test_openai_gets_a_stream_with_usage_only_if_it_asked(
    chat: openai.AsyncOpenAI, one: Upstream, model: str, wants_usage: bool | None
) -> None:
    one.play(stream(model, "Good", " day", "."))
    options: Any = {} if wants_usage is None else {"stream_options": {"include_usage": wants_usage}}

    chunks = [
        chunk
        async for chunk in await chat.chat.completions.create(
            **said.asked(model), stream=True, **options
        )
    ]

    words = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    used = [chunk.usage for chunk in chunks if chunk.usage]
    assert "".join(word or "" for word in words) == "Good day."
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    if wants_usage:
        assert chunks[-1].choices == []
        assert (used[0].prompt_tokens, used[0].completion_tokens) == (11, 7)
        assert len(used) == 1
    else:
        assert not used
        assert all(chunk.choices for chunk in chunks)
    if model == "gpt":
        assert one.requests[0].json["stream_options"]["include_usage"] is True


@BOTH
async def test_openai_gets_parallel_tool_calls(
    chat: openai.AsyncOpenAI, one: Upstream, model: str
) -> None:
    one.play(
        document(
            said.completion("", tool_calls=OPENAI_CALLS)
            if model == "gpt"
            else said.message(*ANTHROPIC_CALLS, stop="tool_use")
        )
    )

    got = await chat.chat.completions.create(
        **said.asked(model), tools=OPENAI_TOOLS, parallel_tool_calls=True
    )

    calls: Any = got.choices[0].message.tool_calls
    assert got.choices[0].finish_reason == "tool_calls"
    assert [(call.function.name, call.function.arguments.replace(" ", "")) for call in calls] == [
        ("weather", '{"city":"Paris"}'),
        ("weather", '{"city":"Rome"}'),
    ]
    sent = one.requests[0].json["tools"]
    assert sent == (OPENAI_TOOLS if model == "gpt" else ANTHROPIC_TOOLS)


@BOTH
async def test_openai_gets_parallel_tool_calls_in_a_stream(
    chat: openai.AsyncOpenAI, one: Upstream, model: str
) -> None:
    one.play(events(said.chat_tool_stream() if model == "gpt" else said.message_tool_stream()))

    calls: dict[int, list[str]] = {}
    finish = None
    async for chunk in await chat.chat.completions.create(
        **said.asked(model), tools=OPENAI_TOOLS, stream=True
    ):
        choice = chunk.choices[0]
        finish = choice.finish_reason or finish
        for call in choice.delta.tool_calls or ():
            known = calls.setdefault(call.index, ["", "", ""])
            assert call.function
            known[0] += call.id or ""
            known[1] += call.function.name or ""
            known[2] += call.function.arguments or ""

    ids = ["call_1", "call_2"] if model == "gpt" else ["toolu_1", "toolu_2"]
    assert finish == "tool_calls"
    assert list(calls.values()) == [
        [ids[0], "weather", '{"city": "Paris"}'],
        [ids[1], "weather", '{"city": "Rome"}'],
    ]


@BOTH
async def test_openai_sends_tool_results_back(
    chat: openai.AsyncOpenAI, one: Upstream, model: str
) -> None:
    one.play(answer(model))
    messages: Any = [
        *said.HELLO,
        {"role": "assistant", "content": None, "tool_calls": OPENAI_CALLS},
        {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
        {"role": "tool", "tool_call_id": "call_2", "content": "rain"},
    ]

    await chat.chat.completions.create(
        model=model, messages=messages, tools=OPENAI_TOOLS, max_tokens=9
    )

    sent = one.requests[0].json["messages"]
    if model == "gpt":
        assert sent == messages
    else:
        results = [(block["tool_use_id"], block["content"]) for block in sent[2]["content"]]
        assert [message["role"] for message in sent] == ["user", "assistant", "user"]
        assert results == [("call_1", "sun"), ("call_2", "rain")]


@BOTH
async def test_openai_sends_an_image(chat: openai.AsyncOpenAI, one: Upstream, model: str) -> None:
    one.play(answer(model, "A pixel."))
    url = f"data:image/png;base64,{PIXEL}"
    parts: Any = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]

    got = await chat.chat.completions.create(
        model=model, messages=[{"role": "user", "content": parts}], max_tokens=9
    )

    sent = one.requests[0].json["messages"][0]["content"]
    assert got.choices[0].message.content == "A pixel."
    if model == "gpt":
        assert sent == parts
    else:
        assert sent[1] == {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
        }


@BOTH
async def test_openai_asks_for_a_json_schema(
    chat: openai.AsyncOpenAI, one: Upstream, model: str
) -> None:
    one.play(answer(model, '{"n": 4}'))
    schema: Json = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    wanted: Any = {
        "type": "json_schema",
        "json_schema": {"name": "number", "strict": True, "schema": schema},
    }

    got = await chat.chat.completions.create(**said.asked(model), response_format=wanted)

    sent = one.requests[0].json
    assert got.choices[0].message.content == '{"n": 4}'
    if model == "gpt":
        assert sent["response_format"] == wanted
    else:
        assert "response_format" not in sent
        assert '"n"' in str(sent).replace("'", '"')


async def test_openai_sees_thinking_in_litellms_fields(
    chat: openai.AsyncOpenAI, one: Upstream
) -> None:
    one.play(events(said.message_thinking_stream()))

    thoughts, words = "", ""
    async for chunk in await chat.chat.completions.create(**said.asked("claude"), stream=True):
        delta: Any = chunk.choices[0].delta
        thoughts += getattr(delta, "reasoning_content", None) or ""
        words += delta.content or ""

    assert thoughts == "Let me think about it."
    assert words == "It is 4."


OPENAI_ERRORS: dict[str, tuple[Script, type[openai.APIStatusError], str | None]] = {
    "400": (document(said.openai_error("Bad.", code="x"), 400), openai.BadRequestError, "x"),
    "404": (
        document(said.openai_error("Gone.", code="model_not_found"), 404),
        openai.NotFoundError,
        "model_not_found",
    ),
    "429": (
        document(said.openai_error("Slow down."), 429, {"retry-after": "7"}),
        openai.RateLimitError,
        "rate_limit_exceeded",
    ),
    "500": (
        document(said.openai_error("Oops."), 500),
        openai.InternalServerError,
        "upstream_unavailable",
    ),
}


@pytest.mark.parametrize("case", OPENAI_ERRORS)
async def test_openai_raises_what_it_should(
    chat: openai.AsyncOpenAI, one: Upstream, case: str
) -> None:
    script, kind, code = OPENAI_ERRORS[case]
    one.play(script)

    with pytest.raises(kind) as caught:
        await chat.chat.completions.create(**said.asked("gpt"))

    assert caught.value.code == code
    assert caught.value.request_id
    if case == "429":
        assert caught.value.response.headers["retry-after"] == "7"
    if case == "500":
        assert caught.value.status_code == 502


async def test_openai_raises_for_an_unknown_model(chat: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="nobody") as caught:
        await chat.chat.completions.create(**said.asked("nobody"))

    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"


async def test_openai_raises_for_a_wrong_key(gateway: Gateway) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key="sk-wrong", max_retries=0
    ) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(**said.asked("gpt"))


async def test_openai_comes_back_when_told_so(gateway: Gateway, one: Upstream) -> None:
    one.play(
        document(said.openai_error("Slow down."), 429, {"retry-after-ms": "10"}), answer("gpt")
    )

    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=1, timeout=10
    ) as client:
        got = await client.chat.completions.create(**said.asked("gpt"))

    assert got.choices[0].message.content == "Good day."
    assert len(one.requests) == 2


@BOTH
async def test_openai_raises_when_a_stream_breaks_off(
    chat: openai.AsyncOpenAI, one: Upstream, model: str
) -> None:
    pieces = said.chat_words("Good") if model == "gpt" else said.message_stream("Good")[:1]
    one.play(events(pieces, end="cut"))

    got = await chat.chat.completions.create(**said.asked(model), stream=True)
    words: list[str | None] = []

    async def read() -> None:
        async for chunk in got:
            words.extend(choice.delta.content for choice in chunk.choices)

    with pytest.raises(openai.APIError) as caught:
        await read()

    assert "Good" in words
    assert caught.value.code == "upstream_broken"


async def test_openai_never_notices_a_fallback(
    chat: openai.AsyncOpenAI, one: Upstream, two: Upstream
) -> None:
    one.play(document(said.openai_error("Oops."), 500))
    two.play(answer("gpt", "From the second."), stream("gpt", "From", " the second."))

    whole = await chat.chat.completions.create(**said.asked("plan-a"))
    pieces = [
        chunk.choices[0].delta.content or ""
        async for chunk in await chat.chat.completions.create(**said.asked("plan-a"), stream=True)
    ]

    assert whole.choices[0].message.content == "".join(pieces) == "From the second."


async def test_openai_may_send_what_its_sdk_does_not_know(
    chat: openai.AsyncOpenAI, one: Upstream
) -> None:
    one.play(answer("gpt"))

    await chat.chat.completions.create(
        **said.asked("gpt"), extra_body={"future_field": {"a": 1}, "tags": ["for us"]}
    )

    assert one.requests[0].json["future_field"] == {"a": 1}
    assert "tags" not in one.requests[0].json


async def test_openai_lists_models(chat: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in chat.models.list()]

    assert {"gpt", "claude", "pair", "plan-a"} <= set(names)
    assert (await chat.models.retrieve("gpt")).id == "gpt"


async def test_azures_sdk_says_the_model_in_the_path(gateway: Gateway, one: Upstream) -> None:
    one.play(answer("gpt"))

    async with openai.AsyncAzureOpenAI(
        azure_endpoint=gateway.url,
        api_key=MASTER_KEY,
        api_version="2024-10-21",
        max_retries=0,
        timeout=10,
    ) as client:
        got = await client.chat.completions.create(**said.asked("gpt"))

    line = await gateway.line("request.finished", request_id=got._request_id)
    assert got.choices[0].message.content == "Good day."
    assert line["route"] == "/openai/deployments/{model:path}/chat/completions"


async def test_azures_path_counts_where_the_body_names_no_model(
    gateway: Gateway, one: Upstream
) -> None:
    one.play(answer("gpt"))

    path = "/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
    got = await exchange(gateway.port, path, {"model": None, "messages": said.HELLO})

    assert got.status == 200
    assert one.requests[0].json["model"] == "gpt-x"


async def test_clients_of_litellm_leave_v1_out(gateway: Gateway, one: Upstream) -> None:
    one.play(answer("gpt"))

    async with openai.AsyncOpenAI(
        base_url=gateway.url, api_key=MASTER_KEY, max_retries=0, timeout=10
    ) as client:
        got = await client.chat.completions.create(**said.asked("gpt"))

    assert got.choices[0].message.content == "Good day."


# --- Anthropic's ------------------------------------------------------------------------------


@BOTH
async def test_anthropic_gets_a_document(
    claude: anthropic.AsyncAnthropic, one: Upstream, model: str
) -> None:
    one.play(answer(model))

    got: Any = await claude.messages.create(**said.asked(model), system="Be brief.")

    assert got.content[0].text == "Good day."
    assert got.role == "assistant"
    assert got.stop_reason == "end_turn"
    assert (got.usage.input_tokens, got.usage.output_tokens) == (11, 7)
    if model == "gpt":
        assert one.requests[0].json["messages"][0] == {"role": "system", "content": "Be brief."}


async def test_anthropics_headers_pass_and_its_key_does_not(
    claude: anthropic.AsyncAnthropic, one: Upstream
) -> None:
    one.play(answer("claude"))

    await claude.messages.create(
        **said.asked("claude"), extra_headers={"anthropic-beta": "context-1m-2025-08-07"}
    )

    sent = one.requests[0].headers
    assert sent["anthropic-beta"] == "context-1m-2025-08-07"
    assert sent["anthropic-version"] >= "2023-06-01"
    assert sent["x-api-key"].startswith("sk-first-provider")
    assert "authorization" not in sent


async def test_anthropic_may_bring_its_key_as_x_api_key(gateway: Gateway, one: Upstream) -> None:
    one.play(answer("claude"))

    headers: Any = {"authorization": anthropic.omit, "x-api-key": MASTER_KEY}
    async with anthropic.AsyncAnthropic(
        base_url=gateway.url,
        api_key=MASTER_KEY,
        default_headers=headers,
        max_retries=0,
        timeout=10,
    ) as client:
        got: Any = await client.messages.create(**said.asked("claude"))

    assert got.content[0].text == "Good day."


@BOTH
async def test_anthropic_gets_a_stream(
    claude: anthropic.AsyncAnthropic, one: Upstream, model: str
) -> None:
    one.play(stream(model, "Good", " day", "."))

    async with claude.messages.stream(**said.asked(model)) as got:
        words = [word async for word in got.text_stream]
        whole: Any = await got.get_final_message()

    assert words == ["Good", " day", "."]
    assert whole.content[0].text == "Good day."
    assert whole.stop_reason == "end_turn"
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (11, 7)


@BOTH
async def test_anthropic_gets_tool_calls(
    claude: anthropic.AsyncAnthropic, one: Upstream, model: str
) -> None:
    one.play(
        document(
            said.completion("", tool_calls=OPENAI_CALLS)
            if model == "gpt"
            else said.message(*ANTHROPIC_CALLS, stop="tool_use")
        )
    )

    got: Any = await claude.messages.create(**said.asked(model), tools=ANTHROPIC_TOOLS)

    calls = [block for block in got.content if block.type == "tool_use"]
    assert got.stop_reason == "tool_use"
    assert [call.input for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert one.requests[0].json["tools"] == (OPENAI_TOOLS if model == "gpt" else ANTHROPIC_TOOLS)


@BOTH
async def test_anthropic_gets_tool_calls_in_a_stream(
    claude: anthropic.AsyncAnthropic, one: Upstream, model: str
) -> None:
    one.play(events(said.chat_tool_stream() if model == "gpt" else said.message_tool_stream()))

    async with claude.messages.stream(**said.asked(model), tools=ANTHROPIC_TOOLS) as got:
        whole: Any = await got.get_final_message()

    calls = [block for block in whole.content if block.type == "tool_use"]
    assert whole.stop_reason == "tool_use"
    assert [call.input for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert [call.id for call in calls] == (
        ["call_1", "call_2"] if model == "gpt" else ["toolu_1", "toolu_2"]
    )


@BOTH
async def test_anthropic_sends_tool_results_back(
    claude: anthropic.AsyncAnthropic, one: Upstream, model: str
) -> None:
    one.play(answer(model))
    messages: Any = [
        *said.HELLO,
        {"role": "assistant", "content": ANTHROPIC_CALLS},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sun"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "rain"},
            ],
        },
    ]

    await claude.messages.create(
        model=model, max_tokens=9, messages=messages, tools=ANTHROPIC_TOOLS
    )

    sent = one.requests[0].json["messages"]
    if model == "claude":
        assert sent == messages
    else:
        assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool"]
        assert [(m["tool_call_id"], m["content"]) for m in sent[2:]] == [
            ("toolu_1", "sun"),
            ("toolu_2", "rain"),
        ]


@BOTH
async def test_anthropic_sends_an_image(
    claude: anthropic.AsyncAnthropic, one: Upstream, model: str
) -> None:
    one.play(answer(model, "A pixel."))
    image: Json = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
    }
    messages: Any = [{"role": "user", "content": [image, {"type": "text", "text": "What?"}]}]

    got: Any = await claude.messages.create(model=model, max_tokens=9, messages=messages)

    sent = one.requests[0].json["messages"][0]["content"][0]
    assert got.content[0].text == "A pixel."
    if model == "claude":
        assert sent == image
    else:
        assert sent == {
            "type": "image_url",
            "image_url": {"url": f"data:image/png;base64,{PIXEL}"},
        }


async def test_anthropic_gets_thinking_with_its_signature(
    claude: anthropic.AsyncAnthropic, one: Upstream
) -> None:
    one.play(events(said.message_thinking_stream()))

    async with claude.messages.stream(
        **said.asked("claude") | {"max_tokens": 4096},
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as got:
        whole: Any = await got.get_final_message()

    thought, text = whole.content
    assert (thought.type, thought.thinking) == ("thinking", "Let me think about it.")
    assert thought.signature == "c2lnbmVk"
    assert text.text == "It is 4."
    assert one.requests[0].json["thinking"] == {"type": "enabled", "budget_tokens": 1024}


async def test_anthropic_sends_its_thoughts_back_unchanged(
    claude: anthropic.AsyncAnthropic, one: Upstream
) -> None:
    one.play(answer("claude"))
    thought: Json = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}
    messages: Any = [
        *said.HELLO,
        {"role": "assistant", "content": [thought, {"type": "text", "text": "4"}]},
        {"role": "user", "content": "And 5?"},
    ]

    await claude.messages.create(model="claude", max_tokens=9, messages=messages)

    assert one.requests[0].json["messages"] == messages


ANTHROPIC_ERRORS: dict[str, tuple[Json, int, type[anthropic.APIStatusError], str]] = {
    "400": (
        said.anthropic_error("invalid_request_error", "Bad."),
        400,
        anthropic.BadRequestError,
        "invalid_request_error",
    ),
    "401": (
        said.anthropic_error("authentication_error", "Our key is wrong."),
        401,
        anthropic.InternalServerError,
        "api_error",
    ),
    "404": (
        said.anthropic_error("not_found_error", "model: claude-x"),
        404,
        anthropic.NotFoundError,
        "not_found_error",
    ),
    "429": (
        said.anthropic_error("rate_limit_error", "Slow down."),
        429,
        anthropic.RateLimitError,
        "rate_limit_error",
    ),
    "529": (
        said.anthropic_error("overloaded_error", "Overloaded"),
        529,
        anthropic.InternalServerError,
        "api_error",
    ),
}


@pytest.mark.parametrize("case", ANTHROPIC_ERRORS)
async def test_anthropic_raises_what_it_should(
    claude: anthropic.AsyncAnthropic, one: Upstream, case: str
) -> None:
    body, status, kind, word = ANTHROPIC_ERRORS[case]
    one.play(document(body, status))

    with pytest.raises(kind) as caught:
        await claude.messages.create(**said.asked("claude"))

    told: Any = caught.value.body
    assert told["error"]["type"] == word
    assert told["error"]["message"] == body["error"]["message"]


@BOTH
async def test_anthropic_raises_when_a_stream_breaks_off(
    claude: anthropic.AsyncAnthropic, one: Upstream, model: str
) -> None:
    pieces = said.chat_words("Good") if model == "gpt" else said.message_stream("Good")[:1]
    one.play(events(pieces, end="cut"))

    async def read() -> None:
        async with claude.messages.stream(**said.asked(model)) as got:
            await got.until_done()

    with pytest.raises(anthropic.APIStatusError) as caught:
        await read()

    told: Any = caught.value.body
    assert told["error"]["type"] == "api_error"


@BOTH
async def test_anthropic_never_notices_that_a_deployment_was_replaced(
    claude: anthropic.AsyncAnthropic, one: Upstream, two: Upstream, model: str
) -> None:
    alias = "pair" if model == "gpt" else "duo"
    one.play(document(said.openai_error("Oops."), 503))
    two.play(stream(model, "From", " the second."))

    async with claude.messages.stream(**said.asked(alias)) as got:
        words = [word async for word in got.text_stream]

    assert words == ["From", " the second."]


async def test_anthropic_lists_models(claude: anthropic.AsyncAnthropic) -> None:
    names = {model.id async for model in claude.models.list()}

    assert {"gpt", "claude"} <= names
