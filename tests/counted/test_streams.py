"""What a stream may cost by read and by event, counted."""

from collections.abc import Callable, Sequence

import pytest

from tests.counted.counters import json_counted, timers_counted
from tests.counted.elsewhere import elsewhere
from tests.counted.house import house
from tests.counted.talk import PASSING, TALKS, TRANSLATED, Talk, packed, reads, torn
from tests.upstream import events

each_pair = pytest.mark.parametrize("talk", TALKS, ids=str)
each_passing = pytest.mark.parametrize(
    "talk", [talk for talk in TALKS if talk not in TRANSLATED], ids=str
)
each_translation = pytest.mark.parametrize("talk", TRANSLATED, ids=str)

MANY = 300  # events of text
MOULDS = 3  # of the events that come often: written once for a stream, then only filled


# Writes


@each_pair
@pytest.mark.parametrize(
    "pieces",
    [
        lambda whole: packed(whole, 1),
        lambda whole: packed(whole, 7),
        lambda whole: packed(whole, 100),
        lambda whole: torn(whole, 50),
        lambda whole: torn(whole, 1000),
    ],
    ids=["event by event", "by 7", "by 100", "torn small", "torn"],
)
async def test_there_is_at_most_one_write_for_each_read(
    talk: Talk, pieces: Callable[[Sequence[bytes]], list[bytes]]
) -> None:
    async with house(reads(*pieces(talk.events(MANY)))) as gateway:
        client = gateway.serve_at_once(talk.asks(stream=True))

    assert client.status == 200
    assert client.text.count(b"Hi") >= MANY
    assert len(client.pieces) <= gateway.meter.reads


@each_pair
async def test_what_is_read_at_once_is_written_at_once(talk: Talk) -> None:
    async with house(reads(b"".join(talk.events(MANY)))) as gateway:
        client = gateway.serve_at_once(talk.asks(stream=True))

    closing = [] if talk.last_event else [client.pieces[-1]]  # the body's end is a read, too
    assert client.text.count(b"Hi") >= MANY
    assert client.pieces == [client.pieces[0], *closing]


@each_pair
async def test_the_head_and_the_first_words_are_two_messages(talk: Talk) -> None:
    async with house(reads(*talk.events(MANY))) as gateway:
        client = gateway.serve_at_once(talk.asks(stream=True))

    start, first = client.sent[:2]
    assert start["type"] == "http.response.start"
    assert b"Hi" in first["body"]  # what comes before the first word is held back for it


@each_pair
async def test_no_write_is_empty_and_the_last_one_says_that_it_is(talk: Talk) -> None:
    async with house(reads(*talk.events(MANY))) as gateway:
        client = gateway.serve_at_once(talk.asks(stream=True))

    assert all(client.pieces)
    assert [message["more_body"] for message in client.sent[-2:]] == [True, False]


@each_pair
async def test_so_it_is_over_a_socket(talk: Talk) -> None:
    with elsewhere(events(packed(talk.events(MANY), 20))) as provider:
        async with house(base_url=provider.url) as gateway:
            client = await gateway.serve(talk.asks(stream=True))

    assert client.text.count(b"Hi") >= MANY
    assert len(client.pieces) <= gateway.meter.reads


# JSON


@each_passing
async def test_of_a_stream_that_passes_no_text_is_parsed_after_its_first_word(talk: Talk) -> None:
    client, whole = talk.asks(stream=True), talk.events(MANY)
    async with house(reads(*whole)) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    opening = len(talk.opening) + 1
    assert seen.read[: opening + 1] == [client.body, *map(_data, whole[:opening])]
    assert all(b'"usage"' in text for text in seen.read[opening + 1 :])


@each_passing
async def test_nor_is_any_of_it_written_as_json(talk: Talk) -> None:
    client = talk.asks(stream=True)
    async with house(reads(*talk.events(MANY))) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    assert len(seen.written) == 1  # the request


@each_passing
async def test_an_error_is_parsed_and_what_only_speaks_of_one_is_not(talk: Talk) -> None:
    told = talk.text.replace(b'"Hi"', b'"the word \\"error\\": {"')
    client = talk.asks(stream=True)
    async with house(reads(*talk.opening, talk.text, told, told, *talk.ending)) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    assert client.text.count(b"the word") == 2
    assert not [text for text in seen.read if b"the word" in text]


@each_translation
@pytest.mark.parametrize("size", [1, 50, 1000])
async def test_an_event_that_is_translated_is_parsed_once(talk: Talk, size: int) -> None:
    client, whole = talk.asks(stream=True), talk.events(MANY)
    async with house(reads(*packed(whole, size))) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    told = [data for event in whole if (data := _data(event)).startswith(b"{")]
    assert len(seen.read) <= 1 + len(told)
    assert set(seen.read) == {client.body, *told}


@each_translation
async def test_an_event_that_is_said_is_written_once(talk: Talk) -> None:
    client = talk.asks(stream=True)
    async with house(reads(*talk.events(MANY))) as gateway:
        with json_counted() as seen:
            gateway.serve_at_once(client)

    said = client.text.count(b"data: {")
    assert said >= MANY
    assert len(seen.written) <= 1 + said + MOULDS


@each_translation
async def test_for_one_more_event_there_is_one_more_of_each(talk: Talk) -> None:
    counts = []
    for texts in (MANY, MANY + 1):
        client = talk.asks(stream=True)
        async with house(reads(*talk.events(texts))) as gateway:
            with json_counted() as seen:
                gateway.serve_at_once(client)
            counts.append((len(seen.read), len(seen.written)))

    (read, written), (read_more, written_more) = counts
    assert (read_more - read, written_more - written) == (1, 1)


# Timers


@each_pair
async def test_no_timer_is_set_for_an_event(talk: Talk) -> None:
    counts = []
    for texts in (3, MANY):
        async with house(reads(*talk.events(texts))) as gateway:
            with timers_counted() as made:
                await gateway.serve(talk.asks(stream=True))
            counts.append(len(made))

    assert counts == [2, 2]  # until the first word, and against silence to the client


async def test_nor_over_a_socket() -> None:
    with elsewhere(events(PASSING.events(MANY))) as provider:
        async with house(base_url=provider.url) as gateway:
            await gateway.serve(PASSING.asks(stream=True))
            with timers_counted() as made:
                await gateway.serve(PASSING.asks(stream=True))

    # Those two, the provider's silence, and where its end comes by itself the wait for that.
    assert len(made) <= 4


def _data(event: bytes) -> bytes:
    return event.partition(b"data: ")[2].strip()
