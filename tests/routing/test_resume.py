"""Streams that go on at another deployment when they break off."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import Failure, Kind
from adapters.types import Call, Dialect, Json, Receipt, Reply, Target, Timeouts, Usage
from routing.ask import Ask
from routing.journey import Resumption
from routing.policy import HedgeRules, Policy
from tests.adapters.test_resume import documents, text_of
from tests.e2e import said
from tests.fakes import FakeBody
from tests.routing.worlds import SMALL, STRICT, A, B, World, chain, deployment, failure, read

RESUMED = Policy(retries=0, resume=True)
TO_SMALL = Policy(retries=0, resume=True, fallbacks={"big": chain("small")})
WORDS = ("Good", " day", ", dear", " reader", ".")
HELLO: list[Json] = [{"role": "user", "content": "Hello"}]
CUT = failure(Kind.BROKEN, "cut off")


def call(dialect: Dialect = Dialect.OPENAI_CHAT, **body: Any) -> Call:
    return Call(dialect, "big", {"model": "big", "messages": HELLO, **body}, stream=True)


def broken(*words: str, error: Exception = CUT) -> FakeBody:
    """A stream that breaks off after these words."""
    return FakeBody(*said.chat_words(*words), error=error)


def whole(*words: str) -> FakeBody:
    return FakeBody(*said.chat_stream(*words))


async def told(reply: Reply) -> bytes:
    """What the client is sent before the stream fails, or all of it."""
    assert not isinstance(reply.body, bytes)
    got = b""
    try:
        async for chunk in reply.body:
            got += chunk
    except Failure as error:
        # The client hears of what broke off, not of our attempts.
        got += b"FAILED" if error is CUT else b"FAILED OTHERWISE"
    finally:
        await reply.body.aclose()
    return got


async def test_a_stream_that_breaks_goes_on_at_a_sibling() -> None:
    bodies = [broken(*WORDS[:3]), whole(*WORDS)]
    world = World(A, B, scripts={"a": [bodies[0]], "b": [bodies[1]]}, rules=STRICT)

    got = await told(await world.send(call(), RESUMED))
    assert text_of(got) == "".join(WORDS)
    assert got.endswith(said.DONE)

    assert world.tried == ["a", "b"]
    assert world.provider.calls[1].body == call().body
    assert (world.stats("a").failures, world.stats("b").failures) == (1, 0)
    assert world.in_flight == 0
    assert [body.closed for body in bodies] == [1, 1]


async def test_the_continuation_is_announced_before_its_first_word() -> None:
    world = World(A, B, scripts={"a": [broken("Good")], "b": [whole("Good", " day")]})
    heard: list[Resumption] = []
    world.journey.resumed = heard.append

    got = await told(await world.send(call(), RESUMED))
    head, comment, rest = got.partition(b": resumed on b\n\n")
    assert (text_of(head), text_of(rest)) == ("Good", " day")
    assert comment

    assert heard == [Resumption("big", A, B, CUT, characters=4, prefilled=False)]
    assert world.journey.resumption == heard[0]
    assert world.journey.answered
    assert world.journey.answered.deployment == A
    assert world.journey.retries == 0


async def test_without_a_sibling_the_fallback_goes_on() -> None:
    world = World(A, SMALL, scripts={"a": [broken("Good")], "s": [whole("Good", " day")]})

    assert text_of(await told(await world.send(call(), TO_SMALL))) == "Good day"
    assert world.tried == ["a", "s"]


async def test_who_has_failed_for_this_call_is_not_asked_for_the_rest() -> None:
    tiny = deployment("s2", "small")
    world = World(
        A,
        SMALL,
        tiny,
        scripts={
            "a": [failure(Kind.TRANSIENT), whole("never")],
            "s": [broken("Good")],
            "s2": [whole("Good", " day")],
        },
    )

    assert text_of(await told(await world.send(call(), TO_SMALL))) == "Good day"
    assert world.tried == ["a", "s", "s2"]


async def test_where_the_model_can_it_goes_on_from_what_was_said() -> None:
    claude = replace(B, target=Target("anthropic", "claude-sonnet-4-5"))
    rest = FakeBody(*said.chat_stream(" reader."))
    world = World(A, claude, scripts={"a": [broken("Good", " day ")], "claude-sonnet-4-5": [rest]})
    world.router.attempts.adapters["anthropic"] = world.provider  # type: ignore[index]

    assert text_of(await told(await world.send(call(), RESUMED))) == "Good day reader."
    beginning = {"role": "assistant", "content": "Good day"}
    assert world.provider.calls[1].body["messages"] == [*HELLO, beginning]
    assert world.journey.resumption
    assert world.journey.resumption.prefilled


async def test_a_continuation_that_says_something_else_ends_in_the_error() -> None:
    second = whole("Good", " night", ".")
    world = World(A, B, scripts={"a": [broken("Good", " day")], "b": [second]})

    got = await told(await world.send(call(), RESUMED))
    assert text_of(got) == "Good day"
    assert got.endswith(b"FAILED")
    assert b"resumed" not in got

    assert world.journey.not_resumed == "the continuation does not fit: it says something else"
    assert world.in_flight == 0
    assert second.closed == 1


async def test_there_is_one_resume_in_a_request() -> None:
    again = failure(Kind.BROKEN, "cut off again")
    world = World(
        A,
        B,
        deployment("c"),
        scripts={"a": [broken("Good")], "b": [broken("Good", " day", error=again)]},
    )

    reply = await world.send(call(), RESUMED)
    with pytest.raises(Failure, match="cut off again"):
        await read(reply)
    assert world.tried == ["a", "b"]
    assert world.in_flight == 0


async def test_the_rest_may_take_several_attempts_before_it_begins() -> None:
    world = World(
        A,
        B,
        SMALL,
        scripts={
            "a": [broken("Good")],
            "b": [failure(Kind.TRANSIENT)],
            "s": [whole("Good", " day")],
        },
    )

    assert text_of(await told(await world.send(call(), TO_SMALL))) == "Good day"
    assert world.tried == ["a", "b", "s"]


async def test_where_nobody_is_left_the_client_gets_the_error() -> None:
    world = World(A, B, scripts={"a": [broken("Good")], "b": [failure(Kind.TRANSIENT)]})

    assert (await told(await world.send(call(), RESUMED))).endswith(b"FAILED")
    assert world.journey.not_resumed == "nobody was there to go on"
    assert world.in_flight == 0


async def test_an_only_deployment_is_not_asked_again() -> None:
    world = World(A, scripts={"a": [broken("Good"), whole("Good", " day")]})

    assert (await told(await world.send(call(), RESUMED))).endswith(b"FAILED")
    assert world.tried == ["a"]


NOT: dict[str, tuple[Call, FakeBody, Policy]] = {
    "nobody has opted in": (call(), broken("Good"), Policy(retries=0)),
    "the client wants JSON": (
        call(response_format={"type": "json_object"}),
        broken("Good"),
        RESUMED,
    ),
    "a tool call had begun": (
        call(),
        FakeBody(*said.chat_tool_stream()[:2], error=CUT),
        RESUMED,
    ),
    "it was finished": (
        call(),
        FakeBody(*said.chat_words("Good"), said.delta("stop"), error=CUT),
        RESUMED,
    ),
    "another dialect": (call(Dialect.OPENAI_RESPONSES), broken("Good"), RESUMED),
}


@pytest.mark.parametrize("case", NOT)
async def test_when_the_error_is_all_there_is(case: str) -> None:
    asked, body, policy = NOT[case]
    world = World(A, B, scripts={"a": [body]})

    assert (await told(await world.send(asked, policy))).endswith(b"FAILED")
    assert world.tried == ["a"]
    assert world.in_flight == 0


@pytest.mark.parametrize("kind", Kind)
async def test_only_what_another_may_do_better_is_resumed(kind: Kind) -> None:
    body = broken("Good", error=failure(kind))
    world = World(A, B, scripts={"a": [body], "b": [whole("Good", " day")]})

    reply = await world.send(call(), RESUMED)
    if kind in {Kind.CALLER, Kind.BLOCKED, Kind.TOO_LONG}:
        with pytest.raises(Failure, match=kind.value):
            await read(reply)
        assert world.tried == ["a"]
    else:
        assert text_of(await read(reply)) == "Good day"


async def test_the_whole_lasts_no_longer_than_one_stream_may() -> None:
    short = deployment("a")
    short = replace(short, target=replace(short.target, timeouts=Timeouts(stream=100.0)))
    world = World(short, B, scripts={"a": [broken("Good")], "b": [whole("Good", " day")]})

    reply = await world.send(call(), RESUMED)
    world.clock.t += 60.0
    await read(reply)
    assert world.provider.targets[1].timeouts.stream == 40.0
    assert world.provider.targets[1].timeouts.first == 40.0


async def test_after_its_time_a_stream_is_not_resumed() -> None:
    short = deployment("a")
    short = replace(short, target=replace(short.target, timeouts=Timeouts(stream=100.0)))
    world = World(short, B, scripts={"a": [broken("Good")]})

    reply = await world.send(call(), RESUMED)
    world.clock.t += 100.0
    assert (await told(reply)).endswith(b"FAILED")
    assert world.tried == ["a"]


async def test_a_client_that_leaves_while_somebody_is_looked_for_leaves_nothing_behind() -> None:
    asked = asyncio.Event()

    class Slow:
        name = "slow"

        async def send(self, _: Call, __: Target) -> Reply:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

    slow = deployment("b")
    slow = replace(slow, target=replace(slow.target, provider="slow"))
    first = broken("Good")
    world = World(A, slow, scripts={"a": [first]})
    world.router.attempts.adapters["slow"] = Slow()  # type: ignore[index]

    reply = await world.send(call(), RESUMED)
    task = asyncio.create_task(read(reply))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert world.in_flight == 0
    assert first.closed == 1


async def test_a_resumed_stream_is_not_hedged_and_counts_one_attempt() -> None:
    policy = replace(RESUMED, hedge=HedgeRules(max_share=1.0))
    world = World(A, B, scripts={"a": [broken("Good")], "b": [whole("Good", " day")]})

    await told(await world.send(call(), policy))
    assert not world.journey.hedged
    assert len(world.journey.attempts) == 1


async def test_usage_is_that_of_both_and_what_nobody_told_is_estimated() -> None:
    receipts = [Receipt(), Receipt()]
    bodies = [broken("x" * 40), whole("x" * 40, "!")]

    class Counting:
        name = "counting"

        async def send(self, _: Call, target: Target) -> Reply:
            at = "ab".index(target.model)
            if at:
                receipts[1].usage = Usage(input=11, output=7, cache_read=3)
                receipts[1].finish = receipts[1].complete = True
            return Reply(bodies[at], receipts[at])

    world = World(A, B)
    world.router.attempts.adapters["fake"] = Counting()  # type: ignore[index]

    reply = await world.send(call(), RESUMED)
    got = await told(reply)
    prompt = Ask(call()).prompt_tokens(4.0)
    assert reply.receipt.complete
    assert reply.receipt.usage == Usage(input=11 + prompt, output=7 + 10, cache_read=3)
    assert documents(got)[-1]["usage"]["prompt_tokens"] == 11 + prompt
    assert documents(got)[-1]["usage"]["completion_tokens"] == 17


@given(some.integers(1, 5), some.lists(some.integers(1, 300), max_size=20))
async def test_wherever_it_breaks_and_however_it_is_cut_the_text_is_there_once(
    so_far: int, sizes: list[int]
) -> None:
    stream, pieces = b"".join(said.chat_stream(*WORDS)), []
    for size in sizes:
        end = stream.find(b"\n\n", size) + 2  # whole events, as they are relayed
        if end < 2:
            break
        pieces.append(stream[:end])
        stream = stream[end:]
    pieces += [stream] if stream else []
    world = World(A, B, scripts={"a": [broken(*WORDS[:so_far])], "b": [FakeBody(*pieces)]})

    got = await told(await world.send(call(), RESUMED))
    assert text_of(got) == "".join(WORDS)
    assert got.count(b"[DONE]") == 1
    assert got.count(b": resumed on b\n\n") == 1
    assert world.in_flight == 0
