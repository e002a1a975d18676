"""From one dialect to another: no hop, one, or two over the pivot."""

from typing import Any

import orjson
import pytest

from adapters.dialects import TRANSLATIONS, Machine, Translation
from adapters.hops import Interpreter, dropped, hops
from adapters.plug import plug
from adapters.sse import Event
from adapters.types import Dialect, Json, Target
from tests.adapters.samples import ANTHROPIC, CHAT
from tests.decoder import Decoder

GEMINI = Dialect.GEMINI_GENERATE
NOW = 1_700_000_000


class Marking(Machine):
    """Adds its letter to whatever passes."""

    def __init__(self, letter: str) -> None:
        self.letter = letter

    def feed(self, event: Event) -> list[Event]:
        return [Event(event.data + self.letter.encode())] * (2 if self.letter == "x" else 1)

    def close(self) -> list[Event]:
        return [Event(b"end of " + self.letter.encode())]


def marking(letter: str, refuses: str = "") -> Translation:
    return Translation(
        request=lambda asked: {**asked, "way": asked.get("way", "") + letter},
        reply=lambda document, asked, now: {"said": document["said"] + letter, "for": asked},
        stream=lambda asked, now: Marking(letter),
        droppable=lambda asked: frozenset(refuses.split()),
    )


def through(*translations: Translation) -> Interpreter:
    return Interpreter(translations)


async def _as_it_is(body: Json) -> Json:
    return body


async def asked(spoken: Interpreter, body: Json, **target: Any) -> Json:
    return await spoken.request(body, Target("p", "m", **target), _as_it_is)


def test_who_speaks_the_clients_dialect_needs_no_hop() -> None:
    assert hops(CHAT, CHAT) == ()
    assert hops(GEMINI, GEMINI) == ()


def test_the_pivot_is_one_hop_away() -> None:
    assert hops(ANTHROPIC, CHAT) == (plug(TRANSLATIONS[ANTHROPIC, CHAT]),)


def test_two_others_meet_at_the_pivot() -> None:
    assert hops(ANTHROPIC, GEMINI) == (
        plug(TRANSLATIONS[ANTHROPIC, CHAT]),
        plug(TRANSLATIONS[CHAT, GEMINI]),
    )


def test_what_cannot_be_translated_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"openai\.responses"):
        hops(Dialect.OPENAI_RESPONSES, GEMINI)


async def test_a_request_goes_through_all_hops_in_order() -> None:
    assert await asked(through(marking("a"), marking("b")), {"x": 1}) == {"x": 1, "way": "ab"}


async def test_edits_are_done_to_the_pivots_body() -> None:
    async def edit(body: Json) -> Json:
        return {**body, "way": body["way"] + "!"}

    body = await through(marking("a"), marking("b")).request({}, Target("p", "m"), edit)

    assert body == {"way": "a!b"}


async def test_a_reply_goes_back_through_them_and_each_knows_what_it_was_asked() -> None:
    spoken = through(marking("a"), marking("b"))
    await asked(spoken, {"x": 1})

    reply = spoken.reply({"said": ""}, NOW)

    assert reply == {"said": "ba", "for": {"x": 1}}


async def test_a_stream_goes_back_through_them_and_ends_in_order() -> None:
    spoken = through(marking("a"), marking("x"))
    await asked(spoken, {})
    machine = spoken.machine(NOW)

    said = [event.data for event in [*machine.feed(Event(b".")), *machine.close()]]

    assert said == [b".xa", b".xa", b"end of xa", b"end of a"]


async def test_each_hop_drops_what_its_side_would_refuse() -> None:
    spoken = through(marking("a", refuses="seed"), marking("b", refuses="n logprobs"))
    body = {"seed": 1, "n": 2, "logprobs": True, "top_p": 1}

    assert (await asked(spoken, body)).keys() == {*body, "way"}

    kept = through(marking("a", refuses="seed"), marking("b", refuses="n logprobs"))
    dropping = await asked(kept, body, drop_params=True, keep_params=("logprobs",))

    assert dropping.keys() == {"logprobs", "top_p", "way"}


async def test_where_the_provider_speaks_the_pivot_edits_come_after_the_hop() -> None:
    async def edit(body: Json) -> Json:
        return {**body, "way": body["way"] + "!"}

    spoken = Interpreter([marking("a")], pivot=True)

    assert await spoken.request({}, Target("p", "m"), edit) == {"way": "a!"}


async def test_without_a_hop_the_clients_own_body_is_edited() -> None:
    async def edit(body: Json) -> Json:
        return {**body, "way": "!"}

    assert await through().request({}, Target("p", "m"), edit) == {"way": "!"}


def test_nothing_refused_is_no_new_body() -> None:
    body = {"n": 1}

    assert dropped(body, frozenset({"seed"}), Target("p", "m")) is body


COMPLETION = {
    "id": "c1",
    "created": NOW,
    "model": "m",
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi"},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}


async def test_a_document_is_cut_into_a_stream_of_the_clients_dialect() -> None:
    whole = Translation(
        request=lambda chat: chat,
        reply=lambda document, asked, now: document,
        stream=lambda asked, now: Marking("never"),
        droppable=lambda asked: frozenset(),
    )
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    for_chat, for_anthropic = through(whole), through(*hops(ANTHROPIC, CHAT), whole)
    await asked(for_chat, body)
    await asked(for_anthropic, {**body, "stream": True})

    chat = Decoder().feed(for_chat.cut(COMPLETION, NOW))
    anthropic = Decoder().feed(for_anthropic.cut(COMPLETION, NOW))

    assert orjson.loads(chat[0].data)["choices"][0]["delta"]["content"] == "Hi"
    assert [event.data for event in chat[2:]] == [b"[DONE]"]
    assert [event.name for event in anthropic] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert orjson.loads(anthropic[-2].data)["usage"]["output_tokens"] == 3
