"""Two streams that become one: what is read of the first, and what is left of the second."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.resume.skip import Diverged, Skip
from adapters.resume.told import Told, told
from adapters.sse import Cutter
from adapters.types import Dialect, Json, Usage
from tests.e2e import said

CHAT, MESSAGES = Dialect.OPENAI_CHAT, Dialect.ANTHROPIC_MESSAGES
BOTH = pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
NOTHING = Usage()
WORDS = ("Good", " day", ", dear", " reader", ".")
TEXTS = some.text(alphabet='ab "\\\n€😀', max_size=30)


def begun(dialect: Dialect, *words: str) -> bytes:
    """A stream that has got so far."""
    if dialect is CHAT:
        return b"".join(said.chat_words(*words))
    return b"".join(said.message_stream(*words)[:-2])


def whole(dialect: Dialect, *words: str) -> bytes:
    pieces = said.chat_stream(*words) if dialect is CHAT else said.message_stream(*words)
    return b"".join(pieces)


def reader(dialect: Dialect, *passed: bytes) -> Told:
    found = told(dialect)
    assert found
    for data in passed:
        found.see(data)
    return found


def joined(
    first: Told, second: bytes, expected: str | None = None, already: Usage = NOTHING
) -> bytes:
    return first.join(first.text if expected is None else expected, already).feed(second)


def documents(stream: bytes) -> list[Json]:
    return [orjson.loads(line[6:]) for line in stream.split(b"\n") if line.startswith(b"data: {")]


def text_of(stream: bytes) -> str:
    """What a client of either dialect reads."""
    text = ""
    for document in documents(stream):
        for choice in document.get("choices", ()):
            text += choice["delta"].get("content") or ""
        text += document.get("delta", {}).get("text", "")
        text += document.get("content_block", {}).get("text", "")
    return text


# --- what is skipped --------------------------------------------------------------------------


@given(TEXTS, TEXTS, some.lists(some.integers(1, 5)))
def test_exactly_what_was_expected_is_skipped(known: str, new: str, cuts: Sequence[int]) -> None:
    skip = Skip(known)
    assert "".join(skip.feed(piece) for piece in _cut(known + new, cuts)) == new
    assert skip.done


@given(TEXTS, TEXTS, some.lists(some.integers(1, 5)))
def test_another_text_is_noticed_before_a_word_of_it_is_given_out(
    known: str, other: str, cuts: Sequence[int]
) -> None:
    skip, given_out = Skip(known), ""
    try:
        for piece in _cut(other, cuts):
            given_out += skip.feed(piece)
        skip.must_be_done()
    except Diverged:
        assert given_out == ""
        assert not other.startswith(known)
    else:
        assert known + given_out == other


# --- what has been read -----------------------------------------------------------------------


@BOTH
def test_the_text_so_far_is_read(dialect: Dialect) -> None:
    found = reader(dialect, begun(dialect, *WORDS))

    assert (found.text, found.why_not) == ("".join(WORDS), "")


@BOTH
@given(some.lists(some.integers(1, 400), max_size=30))
def test_any_cut_of_the_bytes_is_read_the_same_way(dialect: Dialect, sizes: list[int]) -> None:
    cutter, found = Cutter(), reader(dialect)
    for piece in _cut(begun(dialect, *WORDS), sizes):
        found.see(cutter.feed(piece))

    assert (found.text, found.why_not) == ("".join(WORDS), "")


THOUGHTS = said.message_thinking_stream()
CALLS = said.message_tool_stream()
CITED = said.event(
    "content_block_delta", index=0, delta={"type": "citations_delta", "citation": {}}
)
WHY_NOT: dict[str, tuple[Dialect, list[bytes], str]] = {
    "a tool call of OpenAI's": (CHAT, said.chat_tool_stream()[:2], "it had begun tool_calls"),
    "text and then a call": (
        CHAT,
        [*said.chat_words("See:"), said.delta(tool_calls=[{"index": 0}])],
        "it had begun tool_calls",
    ),
    "an old function call": (
        CHAT,
        [said.delta(function_call={"name": "f"})],
        "it had begun function_call",
    ),
    "a refusal": (CHAT, [said.delta(refusal="No")], "it had begun refusal"),
    "sources": (
        CHAT,
        [*said.chat_words("a"), said.delta(annotations=[{"type": "url_citation"}])],
        "it had begun annotations",
    ),
    "parts instead of text": (
        CHAT,
        [said.delta(content=[{"type": "text", "text": "a"}])],
        "it had begun content",
    ),
    "thoughts after text": (
        CHAT,
        [*said.chat_words("a"), said.delta(reasoning_content="hm")],
        "it had thought after it had spoken",
    ),
    "a signature after text": (
        CHAT,
        [*said.chat_words("a"), said.delta(thinking_blocks=[{"signature": "c2ln"}])],
        "it had thought after it had spoken",
    ),
    "an end": (CHAT, [*said.chat_words("a"), said.delta("stop")], "it was finished"),
    "an empty list of log probabilities": (
        CHAT,
        [said._chunk([{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": []}}])],
        "",
    ),
    "log probabilities of something": (
        CHAT,
        [said._chunk([{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [1]}}])],
        "it told log probabilities",
    ),
    "a second choice": (
        CHAT,
        [said._chunk([{"index": 1, "delta": {"content": "a"}}])],
        "there was more than one choice",
    ),
    "no JSON": (CHAT, [b"data: {oops\n\n"], "it could not be read"),
    "an odd shape": (CHAT, [b'data: {"choices": [1]}\n\n'], "it could not be read"),
    "thoughts alone": (CHAT, [said.delta(reasoning_content="hm")], ""),
    "fields that hold nothing": (
        CHAT,
        [
            said.delta(
                content="a", refusal=None, tool_calls=[], provider_specific_fields={"b": None}
            )
        ],
        "",
    ),
    "a tool call of Anthropic's": (MESSAGES, CALLS[:4], "its text was complete"),
    "a call alone": (
        MESSAGES,
        [said.opening(), *CALLS[4:6]],
        "it had begun a block of tool_use",
    ),
    "a thought that is not finished": (MESSAGES, THOUGHTS[:3], "its text had not begun"),
    "text after a signed thought": (MESSAGES, THOUGHTS[:8], ""),
    "a thought after text": (
        MESSAGES,
        [begun(MESSAGES, "a"), said.block(1, {"type": "thinking", "thinking": ""})[0]],
        "it had begun a block of thinking",
    ),
    "a source": (MESSAGES, [begun(MESSAGES, "a"), CITED], "it had said a citations_delta"),
    "an end of Anthropic's": (
        MESSAGES,
        [begun(MESSAGES, "a"), said.closing()],
        "it was finished",
    ),
    "something unreadable": (MESSAGES, [b"data: what\n\n"], "it could not be read"),
    "events of the future": (MESSAGES, [begun(MESSAGES, "a"), said.event("new_event")], ""),
}


@pytest.mark.parametrize("case", WHY_NOT)
def test_what_may_not_go_on_elsewhere(case: str) -> None:
    dialect, passed, why_not = WHY_NOT[case]

    assert reader(dialect, *passed).why_not == why_not


def test_only_chats_are_joined() -> None:
    assert told(Dialect.OPENAI_EMBEDDINGS) is None
    assert told(Dialect.OPENAI_RESPONSES) is None


# --- what becomes of the second ---------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("so_far", range(1, 6))
@pytest.mark.parametrize("anew", [True, False])
def test_the_client_reads_the_whole_text_once(dialect: Dialect, so_far: int, anew: bool) -> None:
    first = begun(dialect, *WORDS[:so_far])
    found = reader(dialect, first)
    rest = "".join(WORDS).removeprefix(found.text)
    second = whole(dialect, *WORDS) if anew else whole(dialect, rest[:2], rest[2:], "")

    out = joined(found, second, None if anew else "")
    assert text_of(first + out) == "".join(WORDS)


@BOTH
@given(some.lists(some.integers(1, 400), max_size=30))
def test_any_cut_of_the_second_gives_the_same_result(dialect: Dialect, sizes: list[int]) -> None:
    found = reader(dialect, begun(dialect, *WORDS[:4]))
    second = whole(dialect, *WORDS)

    join, cutter = found.join(found.text, NOTHING), Cutter()
    pieces = [join.feed(cutter.feed(piece)) for piece in _cut(second, sizes)]
    assert b"".join(pieces) == joined(found, second)


@BOTH
@given(some.lists(TEXTS, min_size=1, max_size=4), some.lists(TEXTS, min_size=1, max_size=4))
def test_never_a_word_twice_or_a_wrong_one(
    dialect: Dialect, one: list[str], other: list[str]
) -> None:
    first = begun(dialect, "x", *one)
    found = reader(dialect, first)
    answer = "x" + "".join(other)
    try:
        out = joined(found, whole(dialect, "x", *other))
    except Diverged:
        assert not answer.startswith(found.text)
    else:
        assert text_of(first + out) == answer


def test_openai_s_chunks_have_one_head_one_role_one_finish_and_one_end() -> None:
    first = begun(CHAT, *WORDS[:3])
    second = whole(CHAT, *WORDS).replace(b"chatcmpl-1", b"other").replace(b"gpt-x", b"gpt-y")

    stream = first + joined(reader(CHAT, first), second.replace(b"1700000000", b"1"))
    chunks = documents(stream)
    assert {(c["id"], c["model"], c["created"]) for c in chunks} == {
        ("chatcmpl-1", "gpt-x-2026", 1_700_000_000)
    }
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert sum("role" in delta for delta in deltas) == 1
    assert stream.count(b'"finish_reason":"stop"') == 1
    assert stream.endswith(said.DONE)
    assert stream.count(b"[DONE]") == 1


def test_anthropic_s_events_have_one_start_and_indexes_that_go_on() -> None:
    first = b"".join(THOUGHTS[:8])
    call = said.block(2, {"type": "tool_use", "id": "t", "name": "f", "input": {}})
    second = [*said.message_thinking_stream()[:-1], *call, said.closing("tool_use")]

    stream = first + joined(reader(MESSAGES, first), b"".join(second))
    told_ = [(d["type"], d.get("index")) for d in documents(stream)]
    assert told_[len(documents(first)) :] == [
        ("content_block_stop", 1),
        ("content_block_start", 2),
        ("content_block_stop", 2),
        ("message_delta", None),
        ("message_stop", None),
    ]
    assert text_of(stream) == "It is 4."


def test_a_continuation_may_call_a_tool_at_once() -> None:
    first = begun(MESSAGES, "Let me see.")
    calls = said.block(0, {"type": "tool_use", "id": "t", "name": "f", "input": {}})
    second = b"".join([said.opening(), *calls, said.closing("tool_use")])

    told_ = documents(joined(reader(MESSAGES, first), second, expected=""))
    assert [(d["type"], d.get("index")) for d in told_] == [
        ("content_block_stop", 0),
        ("content_block_start", 1),
        ("content_block_stop", 1),
        ("message_delta", None),
        ("message_stop", None),
    ]


DIVERGING: dict[str, tuple[Dialect, list[bytes]]] = {
    "other words": (CHAT, said.chat_stream("Bad", " day")),
    "fewer words": (CHAT, said.chat_stream("Good")),
    "a call instead": (CHAT, said.chat_tool_stream()),
    "parts instead of text": (CHAT, [said.delta(content=[{"type": "text", "text": "Good day"}])]),
    "Anthropic's other words": (MESSAGES, said.message_stream("Bad", " day")),
    "Anthropic's fewer words": (MESSAGES, said.message_stream("Good")),
    "Anthropic's call instead": (MESSAGES, [said.opening(), *CALLS[4:], said.closing("tool_use")]),
    "nothing but an end": (MESSAGES, [said.opening(), said.closing()]),
}


@pytest.mark.parametrize("case", DIVERGING)
def test_what_does_not_fit_is_refused(case: str) -> None:
    dialect, second = DIVERGING[case]
    found = reader(dialect, begun(dialect, "Good", " day"))

    with pytest.raises(Diverged):
        joined(found, b"".join(second))


def test_thoughts_before_anything_new_are_left_out() -> None:
    found = reader(CHAT, begun(CHAT, "Good"))
    second = [said.delta(reasoning_content="Hm"), *said.chat_stream("Good", " day")]
    late = [said.delta(reasoning_content="now"), said.delta("stop")]

    out = joined(found, b"".join(second))
    assert (b"reasoning_content" in out, text_of(out)) == (False, " day")
    assert b"reasoning_content" in joined(found, b"".join([*said.chat_words("Good", "!"), *late]))


def test_openai_s_usage_is_that_of_both() -> None:
    found = reader(CHAT, begun(CHAT, "Good"))

    out = joined(found, whole(CHAT, "Good", "!"), already=Usage(input=100, output=20))
    assert documents(out)[-1]["usage"] == {
        "prompt_tokens": 111,
        "completion_tokens": 27,
        "total_tokens": 138,
    }


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ({"input_tokens": 5}, {"output_tokens": 7}, {"input_tokens": 16, "output_tokens": 27}),
        (
            {"input_tokens": 5, "cache_read_input_tokens": 3},
            {"input_tokens": 12, "output_tokens": 7},
            {"input_tokens": 17, "cache_read_input_tokens": 3, "output_tokens": 27},
        ),
        ({}, {"output_tokens": 7}, {"input_tokens": 111, "output_tokens": 27}),
    ],
    ids=["told at the start", "told twice", "estimated"],
)
def test_anthropic_s_usage_is_that_of_both(first: Json, last: Json, expected: Json) -> None:
    start: dict[str, Any] = {**said.message(), "content": [], "usage": first}
    found = reader(
        MESSAGES,
        said.event("message_start", message=start),
        *said.block(0, {"type": "text", "text": ""}, *said.text_deltas("Good"))[:-1],
    )
    end = said.event("message_delta", delta={"stop_reason": "end_turn"}, usage=last)
    second = [*said.message_stream("Good", "!")[:-1], end, said.event("message_stop")]

    out = joined(found, b"".join(second), already=Usage(input=100, output=20))
    assert documents(out)[-2]["usage"] == expected


def _cut(data: Any, sizes: Sequence[int]) -> list[Any]:
    """The same in pieces of these sizes; the last one holds what is left."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*(piece for piece in pieces if piece), data]
