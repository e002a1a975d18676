"""What one request may cost, counted. That routing alone never waits stands in
`tests/routing/test_router.py`.
"""

from collections.abc import Callable

import orjson
import pytest

from adapters.provider import Upstream
from routing.hedge import LEAST_SAMPLES
from routing.policy import HedgeRules, Policy
from tests.counted.counters import json_counted, tasks_counted, timers_counted
from tests.counted.elsewhere import elsewhere
from tests.counted.house import Answering, Client, house
from tests.counted.talk import PASSING, TALKS, TRANSLATED, Talk, documents, reads, sick
from tests.fakes import FakeAnswer
from tests.upstream import document, events

each_pair = pytest.mark.parametrize("talk", TALKS, ids=str)
each_translation = pytest.mark.parametrize("talk", TRANSLATED, ids=str)

Asking = tuple[Answering, Callable[[], Client]]
ASKINGS: dict[str, Asking] = {
    **{f"document {talk}": (documents(talk), talk.asks) for talk in TALKS},
    **{
        f"stream {talk}": (reads(*talk.events(9)), lambda talk=talk: talk.asks(stream=True))
        for talk in TALKS
    },
    "fallback": (sick(documents(PASSING)), lambda: PASSING.asks(alias="sick")),
    "fallback, stream": (
        sick(reads(*PASSING.events(9))),
        lambda: PASSING.asks(stream=True, alias="sick"),
    ),
}
each_kind = pytest.mark.parametrize(("answering", "asks"), ASKINGS.values(), ids=ASKINGS)


# Writes


@each_pair
async def test_a_document_is_two_messages(talk: Talk) -> None:
    async with house(documents(talk)) as gateway:
        client = gateway.serve_at_once(talk.asks())

    start, body = client.sent
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert (body["type"], body["more_body"]) == ("http.response.body", False)


async def test_so_is_an_error() -> None:
    async with house(documents(PASSING)) as gateway:
        client = gateway.serve_at_once(PASSING.asks(alias="nobody"))

    assert (client.status, len(client.sent)) == (404, 2)


# JSON


@pytest.mark.parametrize("talk", [talk for talk in TALKS if talk not in TRANSLATED], ids=str)
async def test_a_document_that_passes_is_parsed_once_and_never_written_again(talk: Talk) -> None:
    raw, asked = orjson.dumps(talk.document), list[bytes]()

    def answer(request: Upstream) -> FakeAnswer:
        asked.append(request.body)
        return FakeAnswer(raw, headers={"content-type": "application/json"})

    client = talk.asks()
    async with house(answer) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    assert seen.read == [client.body, raw]
    assert seen.written == asked
    assert client.text == raw


@each_translation
async def test_a_document_that_is_translated_is_parsed_once_and_written_once(talk: Talk) -> None:
    client = talk.asks()
    async with house(documents(talk)) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    assert seen.read == [client.body, orjson.dumps(talk.document)]
    assert len(seen.written) == 2
    assert seen.written[1] == client.text


async def test_a_second_attempt_does_not_parse_the_request_again() -> None:
    client = PASSING.asks(alias="sick")
    async with house(sick(documents(PASSING))) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    assert client.status == 200
    assert seen.read.count(client.body) == 1


# Tasks, timers, waiting


@each_kind
async def test_nothing_waits_where_the_provider_does_not(
    answering: Answering, asks: Callable[[], Client]
) -> None:
    async with house(answering) as gateway:
        client = gateway.serve_at_once(asks())

    assert client.status == 200
    assert not client.sent[-1]["more_body"]


@each_kind
async def test_no_task_is_made_for_a_request(
    answering: Answering, asks: Callable[[], Client]
) -> None:
    async with house(answering) as gateway:
        with tasks_counted() as made:
            await gateway.serve(asks())

    assert made == []


async def test_but_for_one_that_is_hedged() -> None:
    policy = Policy(retries=0, hedge=HedgeRules(max_share=1.0))
    async with house(reads(*PASSING.events(1)), policy=policy) as gateway:
        with tasks_counted() as made:
            for _ in range(5 * LEAST_SAMPLES):
                await gateway.serve(PASSING.asks(stream=True, alias="pair"))

    assert "_Runner._run" in made


@pytest.mark.parametrize("stream", [False, True], ids=["document", "stream"])
async def test_nor_is_one_to_ask_a_provider_over_a_socket(stream: bool) -> None:
    script = events(PASSING.events(9)) if stream else document(PASSING.document)
    with elsewhere(script) as provider:
        async with house(base_url=provider.url) as gateway:
            await gateway.serve(PASSING.asks(stream=stream))
            with tasks_counted() as made:
                client = await gateway.serve(PASSING.asks(stream=stream))

    assert client.status == 200
    assert provider.connections == 1
    assert made == []


@each_pair
async def test_one_timer_is_set_for_all_documents_that_nobody_waits_to_read_or_write(
    talk: Talk,
) -> None:
    async with house(documents(talk)) as gateway:
        with timers_counted() as made:
            for _ in range(3):
                await gateway.serve(talk.asks())

    assert made == [pytest.approx(600, abs=1)]  # until the first must have an answer


async def test_over_a_connection_that_is_there_the_next_one_needs_none() -> None:
    with elsewhere(document(PASSING.document)) as provider:
        async with house(base_url=provider.url) as gateway:
            await gateway.serve(PASSING.asks())
            with timers_counted() as made:
                await gateway.serve(PASSING.asks())

    assert made == []


# The log


@each_kind
async def test_what_succeeds_at_once_is_one_record(
    answering: Answering, asks: Callable[[], Client]
) -> None:
    client = asks()
    async with house(answering) as gateway:
        await gateway.serve(client)

    names = [event for event, _ in gateway.log.taken]
    failed = ["attempt.failed"] if b'"sick"' in client.body else []
    assert names == [*failed, "request.finished"]


async def test_so_is_what_is_refused() -> None:
    async with house(documents(PASSING)) as gateway:
        await gateway.serve(PASSING.asks(alias="nobody"))

    assert [event for event, _ in gateway.log.taken] == ["request.finished"]


async def test_nothing_is_written_as_text_for_the_log_before_its_own_thread_does() -> None:
    async with house(documents(PASSING)) as gateway:
        await gateway.serve(PASSING.asks())

    ((_, facts),) = gateway.log.taken
    assert type(facts) is dict  # as it was put together: made once, and not copied for the queue
    assert {type(fact) for fact in facts.values()} <= {str, int, float, bool}
