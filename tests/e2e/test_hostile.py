"""Requests that are wrong on purpose: each gets a clear word, and leaves nothing behind."""

import asyncio
import select
import socket
from typing import Any

import orjson
import pytest

from adapters.types import Json
from tests.e2e import said
from tests.e2e.conftest import PROVIDER_KEYS
from tests.e2e.process import MASTER_KEY, Gateway, until
from tests.e2e.raw import BEARER, Whole, connected, exchange, get
from tests.upstream import Upstream, document

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
PATHS = (CHAT, MESSAGES)
WRONG = {"authorization": "Bearer sk-of-somebody-else"}


@pytest.fixture(scope="module")
def extra() -> Json:
    return {"general_settings": {"max_request_size_mb": 1}}


UNREADABLE: dict[str, bytes] = {
    "no JSON": b"hello",
    "nothing": b"",
    "half": b'{"model": "gpt", "messages": [',
    "100 000 deep": b'{"model":"gpt","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "invalid UTF-8": b'{"model":"gpt","messages":[{"role":"user","content":"\xff\xfe"}]}',
    "UTF-16": '{"model":"gpt"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"model":"gpt"}',
    "a lone surrogate": b'{"model":"gpt","messages":[{"role":"user","content":"\\ud800"}]}',
    "NaN": b'{"model":"gpt","temperature":NaN,"messages":[{"role":"user","content":"x"}]}',
    "Infinity": b'{"model":"gpt","temperature":Infinity,"messages":[]}',
    "1e999": b'{"model":"gpt","temperature":1e999,"messages":[{"role":"user","content":"x"}]}',
    "a list": b"[1, 2]",
    "a word": b'"gpt"',
    "null": b"null",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", UNREADABLE)
async def test_a_body_that_is_no_json_object_is_refused(
    gateway: Gateway, one: Upstream, path: str, body: str
) -> None:
    got = await exchange(gateway.port, path, UNREADABLE[body])

    assert_refused(got, 400, path)
    assert not one.requests


MISTAKES: dict[str, tuple[Json, str]] = {  # what is changed -> the field at fault
    "model is a number": ({"model": 5}, "model"),
    "model is empty": ({"model": ""}, "model"),
    "model is null": ({"model": None}, "model"),
    "messages is an object": ({"messages": {}}, "messages"),
    "messages is empty": ({"messages": []}, "messages"),
    "messages is text": ({"messages": "hello"}, "messages"),
    "a message is text": ({"messages": ["hello"]}, "messages[0]"),
    "a message without a role": ({"messages": [{"content": "x"}]}, "messages[0].role"),
    "a role that is a number": ({"messages": [{"role": 1}]}, "messages[0].role"),
    "content is a number": ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    "a part is text": (
        {"messages": [{"role": "user", "content": ["x"]}]},
        "messages[0].content[0]",
    ),
    "a part without a type": (
        {"messages": [*said.HELLO, {"role": "user", "content": [{"text": "x"}]}]},
        "messages[1].content[0]",
    ),
    "too many messages": ({"messages": said.HELLO * 10_001}, "messages"),
    "stream is text": ({"stream": "yes"}, "stream"),
    "stream is a number": ({"stream": 1}, "stream"),
    "max_tokens is negative": ({"max_tokens": -1}, "max_tokens"),
    "max_tokens is text": ({"max_tokens": "many"}, "max_tokens"),
    "max_tokens is true": ({"max_tokens": True}, "max_tokens"),
    "max_tokens is huge": ({"max_tokens": 2**40}, "max_tokens"),
    "temperature is text": ({"temperature": "hot"}, "temperature"),
    "tools is an object": ({"tools": {}}, "tools"),
    "a tool is text": ({"tools": ["weather"]}, "tools"),
    "too many tools": ({"tools": [{}] * 1_001}, "tools"),
    "timeout is text": ({"timeout": "soon"}, "timeout"),
    "num_retries is negative": ({"num_retries": -1}, "num_retries"),
    "fallbacks is a number": ({"fallbacks": 5}, "fallbacks[0]"),
    "a fallback with a key": (
        {"fallbacks": [{"model": "gpt", "api_key": "sk-mine"}]},
        "api_key",
    ),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_field_of_a_wrong_type_is_named(
    gateway: Gateway, one: Upstream, path: str, mistake: str
) -> None:
    change, field = MISTAKES[mistake]

    got = await exchange(gateway.port, path, said.asked("gpt") | change)

    assert_refused(got, 400, path)
    assert field.partition("[")[0].partition(".")[0] in _message(got)
    if path == CHAT:
        assert got.json["error"]["param"] == field
    assert not one.requests


CHAT_MISTAKES: dict[str, Any] = {
    "n": 10**10,
    "stop": 5,
    "stream_options": "usage",
    "response_format": "json",
    "max_completion_tokens": 0,
}


@pytest.mark.parametrize("field", CHAT_MISTAKES)
async def test_so_are_fields_that_only_openai_has(
    gateway: Gateway, one: Upstream, field: str
) -> None:
    got = await exchange(gateway.port, CHAT, said.asked("gpt", **{field: CHAT_MISTAKES[field]}))

    assert_refused(got, 400, CHAT)
    assert got.json["error"]["param"] == field
    assert not one.requests


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("field", ["model", "messages"])
async def test_a_missing_field_is_named(gateway: Gateway, path: str, field: str) -> None:
    asked = said.asked("gpt")
    del asked[field]

    got = await exchange(gateway.port, path, asked)

    assert_refused(got, 400, path)
    assert _message(got) == f"The field {field!r} is missing."


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "field",
    [
        *("api_key", "api_base", "base_url", "api_version", "extra_headers", "headers"),
        *("aws_access_key_id", "aws_region_name", "vertex_project", "azure_ad_token"),
        "mock_testing_fallbacks",
    ],
)
async def test_where_a_request_goes_is_not_for_clients_to_say(
    gateway: Gateway, one: Upstream, path: str, field: str
) -> None:
    got = await exchange(gateway.port, path, said.asked("gpt", **{field: "http://10.0.0.1"}))

    assert_refused(got, 400, path)
    assert field in _message(got)
    assert not one.requests


@pytest.mark.parametrize("path", PATHS)
async def test_an_unknown_model_is_not_found(gateway: Gateway, path: str) -> None:
    got = await exchange(gateway.port, path, said.asked("gpt-of-nobody"))

    assert_refused(got, 404, path)
    if path == CHAT:
        assert got.json["error"]["code"] == "model_not_found"
    else:
        assert got.json["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
async def test_a_form_is_no_request(gateway: Gateway, one: Upstream, path: str, kind: str) -> None:
    got = await exchange(gateway.port, path, said.asked("gpt"), {**BEARER, "content-type": kind})

    assert_refused(got, 400, path)
    assert not one.requests


# --- who is asking ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer "},
        WRONG,
        {"authorization": f"Basic {MASTER_KEY}"},
        {"authorization": f"Bearer {MASTER_KEY}x"},
        {"authorization": f"Bearer {MASTER_KEY[:-1]}"},
        {"x-api-key": "wrong"},
        {"api-key": "wrong"},
        {"x-goog-api-key": "wrong"},
    ],
)
async def test_who_has_no_key_is_not_let_in(
    gateway: Gateway, one: Upstream, path: str, headers: dict[str, str]
) -> None:
    got = await exchange(gateway.port, path, said.asked("gpt"), headers)

    assert_refused(got, 401, path)
    if path == CHAT:
        assert got.json["error"]["type"] == "authentication_error"
        assert got.json["error"]["code"] == "invalid_api_key"
    else:
        assert got.json["error"]["type"] == "authentication_error"
    assert not one.requests


@pytest.mark.parametrize(
    "header",
    ["authorization", "api-key", "x-api-key", "x-goog-api-key", "x-litellm-api-key"],
)
@pytest.mark.parametrize("path", PATHS)
async def test_every_family_of_clients_may_bring_its_key_in_its_own_way(
    gateway: Gateway, one: Upstream, path: str, header: str
) -> None:
    one.play(document(said.completion()))

    bare = await exchange(gateway.port, path, said.asked("gpt"), {header: MASTER_KEY})
    bearer = await exchange(gateway.port, path, said.asked("gpt"), {header: f"Bearer {MASTER_KEY}"})

    assert bare.status == bearer.status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_two_different_keys_are_one_too_many(gateway: Gateway, path: str) -> None:
    got = await exchange(gateway.port, path, said.asked("gpt"), {**BEARER, "x-api-key": "other"})

    assert_refused(got, 400, path)
    if path == CHAT:
        assert got.json["error"]["code"] == "ambiguous_credentials"


async def test_the_same_key_twice_is_fine(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.completion()))

    got = await exchange(gateway.port, CHAT, said.asked("gpt"), {**BEARER, "x-api-key": MASTER_KEY})

    assert got.status == 200


async def test_two_authorization_headers_are_one_too_many(gateway: Gateway) -> None:
    body = orjson.dumps(said.asked("gpt"))
    async with connected(gateway.port) as client:
        await client.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n"
            b"authorization: Bearer %b\r\nauthorization: Bearer other\r\n\r\n%b"
            % (len(body), MASTER_KEY.encode(), body)
        )
        got = await client.whole()

    assert_refused(got, 400, CHAT)


async def test_all_wrong_keys_get_the_same_answer(gateway: Gateway) -> None:
    keys = ["x", "sk-" + "y" * 200, MASTER_KEY[:-1], MASTER_KEY.upper()]

    got = [
        await exchange(gateway.port, CHAT, said.asked("gpt"), {"authorization": f"Bearer {key}"})
        for key in keys
    ]
    unknown = await exchange(gateway.port, CHAT, said.asked("gpt-of-nobody"), WRONG)

    assert len({each.body for each in (*got, unknown)}) == 1


@pytest.mark.parametrize("path", ["/v1/models", "/v1/model/info", "/metrics", "/health"])
async def test_pages_ask_for_the_key_as_well(gateway: Gateway, path: str) -> None:
    got = await get(gateway.port, path, {})

    assert_refused(got, 401, CHAT)


# --- bodies and heads -------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_announces_too_much_is_refused(gateway: Gateway, path: str) -> None:
    got = await exchange(gateway.port, path, b"x" * (2 * 2**20))

    assert_refused(got, 413, path)
    if path == CHAT:
        assert got.json["error"]["code"] == "request_too_large"
    else:
        assert got.json["error"]["type"] == "request_too_large"


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_grows_too_large_is_refused_where_it_does(
    gateway: Gateway, path: str
) -> None:
    async with connected(gateway.port) as client:
        await client.ask(path, b"", {**BEARER, "transfer-encoding": "chunked"})
        for _ in range(17):
            await client.send(b"10000\r\n%b\r\n" % (b"x" * 65_536))
        got = await client.whole()  # its end has not been sent

    assert_refused(got, 413, path)


async def test_a_chunked_body_is_read_like_any_other(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.completion()))
    body = orjson.dumps(said.asked("gpt"))

    async with connected(gateway.port) as client:
        await client.ask(CHAT, b"", {**BEARER, "transfer-encoding": "chunked"})
        for byte in range(0, len(body), 10):
            piece = body[byte : byte + 10]
            await client.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await client.send(b"0\r\n\r\n")
        got = await client.whole()

    assert got.status == 200


@pytest.mark.parametrize("headers", [WRONG, {}, BEARER], ids=["wrong key", "no key", "our key"])
async def test_large_bodies_that_nobody_reads_leave_no_descriptor_open(
    gateway: Gateway, headers: dict[str, str]
) -> None:
    await exchange(gateway.port, CHAT, said.asked("nobody"))
    before = gateway.open_files

    got = await asyncio.gather(
        *(exchange(gateway.port, CHAT, b"x" * (2 * 2**20), headers) for _ in range(20))
    )

    assert {each.status for each in got} == {413 if headers is BEARER else 401}
    await until(lambda: gateway.open_files <= before)


async def test_nor_do_large_bodies_for_a_path_that_is_not_ours(gateway: Gateway) -> None:
    await exchange(gateway.port, CHAT, said.asked("nobody"))
    before = gateway.open_files

    got = await asyncio.gather(
        *(exchange(gateway.port, "/v1/nothing", b"x" * (2 * 2**20)) for _ in range(20))
    )

    assert {each.status for each in got} == {404}
    await until(lambda: gateway.open_files <= before)


async def test_visitors_who_have_gone_leave_no_descriptor_open(gateway: Gateway) -> None:
    async with connected(gateway.port) as staying:
        await staying.ask("/health/liveliness", method="GET")
        await staying.whole()
        before = gateway.open_files
        for _ in range(20):
            await get(gateway.port, "/health/liveliness")
        await until(lambda: gateway.open_files <= before)

        await staying.ask("/health/liveliness", method="GET")
        again = await staying.whole()

    assert again.status == 200


async def test_two_ways_to_tell_the_length_are_refused_and_the_connection_closed(
    gateway: Gateway, one: Upstream
) -> None:
    smuggled = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"
    async with connected(gateway.port) as client:
        await client.ask(
            CHAT,
            b"0\r\n\r\n" + smuggled,
            {**BEARER, "transfer-encoding": "chunked", "content-length": "4"},
        )
        got = await client.whole()
        closed = await client.closed()

    assert got.status == 400
    assert got.headers["connection"] == "close"
    assert closed
    assert not one.requests


async def test_an_absurd_length_is_refused_at_once(gateway: Gateway) -> None:
    async with connected(gateway.port) as client:
        await client.ask(CHAT, b"{}", {**BEARER, "content-length": str(2**64 + 5)})
        got = await client.head()

    assert got.status in {400, 413}


@pytest.mark.parametrize(
    "path",
    [
        *("//v1/chat/completions", "/v1/../v1/chat/completions", "/v1/chat/completions/"),
        *("/V1/chat/completions", "/v1/chat/completions%00", "/v1/%2e%2e/metrics", "/etc/passwd"),
    ],
)
async def test_a_path_that_is_not_exactly_ours_is_not_found(
    gateway: Gateway, one: Upstream, path: str
) -> None:
    got = await exchange(gateway.port, path, said.asked("gpt"))

    assert got.status == 404
    assert got.json["error"]["code"] == "not_found"
    assert not one.requests


async def test_a_method_that_is_not_ours_is_refused(gateway: Gateway) -> None:
    got = await get(gateway.port, CHAT)

    assert got.status == 405
    assert got.json["error"]["code"] == "method_not_allowed"


# --- secrets ----------------------------------------------------------------------------------


async def test_no_secret_is_ever_said_or_written(
    gateway: Gateway, one: Upstream, two: Upstream
) -> None:
    """Every page and every kind of trouble; the providers say our keys aloud."""
    for provider, key in zip((one, two), PROVIDER_KEYS, strict=True):
        loud = f"Incorrect key {key}, see https://x?key={key} or 'Bearer {key}'"
        provider.play(
            document(said.openai_error(loud, code="invalid_api_key"), 401),
            document({"message": loud}, 403),
            document(loud.encode(), 500, {"content-type": "text/plain"}),
            document(said.anthropic_error("authentication_error", loud), 401),
            document(said.openai_error(loud), 400),
        )
    heard = b""
    for model in ("gpt", "claude", "pair", "duo", "plan-a") * 2:
        for path in PATHS:
            heard += (await exchange(gateway.port, path, said.asked(model))).body
    for page in ("/v1/models", "/v1/model/info", "/metrics", "/health", "/health/readiness", "/"):
        heard += (await get(gateway.port, page)).body
    for wrong in ({"messages": MASTER_KEY}, {"model": MASTER_KEY}):
        await exchange(gateway.port, CHAT, said.asked("gpt") | wrong)
    last = {**BEARER, "x-request-id": "canary-last"}
    await exchange(gateway.port, CHAT, said.asked("nobody"), last)
    await gateway.line("request.finished", request_id="canary-last")

    for secret in (MASTER_KEY, *PROVIDER_KEYS):
        assert secret.encode() not in heard
        assert secret not in gateway.log
        assert secret not in gateway.banner
    assert one.requests[0].headers["authorization"] == f"Bearer {PROVIDER_KEYS[0]}"


async def test_neither_prompts_nor_answers_are_written(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.completion("The answer is a canary.")))
    asked = said.asked("gpt", messages=[{"role": "user", "content": "The prompt is a canary."}])

    await exchange(gateway.port, CHAT, asked, {**BEARER, "x-request-id": "canary-words"})

    await gateway.line("request.finished", request_id="canary-words")
    assert "is a canary" not in gateway.log


async def test_the_clients_key_does_not_reach_the_provider(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.completion()))

    await exchange(
        gateway.port, CHAT, said.asked("gpt"), {"x-api-key": MASTER_KEY, "cookie": "a=secret"}
    )

    assert MASTER_KEY not in str(one.requests[0].headers)
    assert "cookie" not in one.requests[0].headers


async def test_an_odd_request_id_is_replaced(gateway: Gateway, one: Upstream) -> None:
    one.play(document(said.completion()))

    got = await exchange(
        gateway.port, CHAT, said.asked("gpt"), {**BEARER, "x-request-id": '<script>"'}
    )

    assert len(got.headers["x-request-id"]) == 32


async def test_a_name_made_of_header_lines_makes_no_header(gateway: Gateway) -> None:
    got = await exchange(gateway.port, CHAT, said.asked("any/x\r\nset-cookie: a=b\x00é"))

    assert got.status == 200
    assert got.headers["x-litellm-model-group"] == "any/x%0D%0Aset-cookie: a=b%00%C3%A9"
    assert "set-cookie" not in got.headers


def assert_refused(got: Whole, status: int, path: str) -> None:
    """An error of that status in the dialect of the path, on a connection in good order."""
    assert got.status == status
    assert got.clean
    assert got.headers["content-type"] == "application/json"
    if path == MESSAGES:
        assert got.json.keys() == {"type", "error", "request_id"}
        assert got.json["error"].keys() == {"type", "message"}
    else:
        assert got.json.keys() == {"error"}
        assert got.json["error"].keys() == {"message", "type", "param", "code"}


def _message(got: Whole) -> str:
    text: str = got.json["error"]["message"]
    return text


async def test_who_is_refused_while_still_sending_can_read_the_answer(gateway: Gateway) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % 2**20

    def visit() -> bytes:
        with socket.create_connection(("127.0.0.1", gateway.port), 10) as client:
            client.sendall(head)
            select.select([client], [], [], 10)  # the answer is there, unread
            for _ in range(16):
                client.sendall(b"x" * 65_536)
            return client.recv(65_536)

    assert (await asyncio.to_thread(visit)).startswith(b"HTTP/1.1 401")
