import orjson

from adapters.types import Receipt, Reply
from gateway.naming import renamed
from tests.fakes import FakeBody


def test_a_document_is_called_by_its_alias() -> None:
    reply = Reply(b'{"id": "1", "model": "gpt-4o-2024-08-06", "x": 1}', Receipt())

    assert orjson.loads(renamed(reply, "big").body) == {"id": "1", "model": "big", "x": 1}


async def test_a_stream_is_called_by_its_alias_and_its_text_is_left_alone() -> None:
    text = rb'data: {"model": "m.1", "text": "\"model\":\"m.1\"", "other": "m.1"}' + b"\n\n"
    body = FakeBody(text, text.replace(b": ", b":"))

    reply = renamed(Reply(body, Receipt(model="m.1")), 'a"b\\1')
    assert not isinstance(reply.body, bytes)
    first, second = [chunk async for chunk in reply.body]
    await reply.body.aclose()

    named = orjson.dumps('a"b\\1')
    assert first == text.replace(b'"m.1", "text"', named + b', "text"')
    assert orjson.loads(second.removeprefix(b"data:"))["model"] == 'a"b\\1'
    assert body.closed == 1
