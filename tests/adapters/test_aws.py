"""Letting us in at AWS, and what the names of its models say. A provider on a real socket checks
the signatures by what AWS has written about them, not by botocore, which made them.
"""

import asyncio
import hashlib
import hmac
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import orjson
import pytest

from adapters.auth.aws import Identities, Identity, sign
from adapters.auth.aws import signed as signed_by
from adapters.clock import SystemClock
from adapters.errors import Failure, Kind
from adapters.http import Http
from adapters.provider import Provider, address
from adapters.provider import Upstream as Request
from adapters.providers import bedrock, bedrock_mantle, sagemaker
from adapters.send import RowAdapter
from adapters.types import Body, Call, Dialect, Json, Reply, Target
from tests.adapters.test_frames import chunk, event, exception, part
from tests.fakes import FakeClock
from tests.upstream import Seen, Upstream, document, events

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:eu-west-3:123456789012:application-inference-profile/mi1dadi0g15f"
KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # AWS's own example
KEYS = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
FRAMES = {"content-type": "application/vnd.amazon.eventstream"}
SAID: Json = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
}


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials but those of a test."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.fixture
async def provider() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http() as opened:
        yield opened


# Signatures


def signature(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """As AWS works it out from what has arrived.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    claim = dict(
        item.strip().split("=", 1)
        for item in headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(",")
    )
    day, region, service, ending = claim["Credential"].split("/")[1:]
    names = claim["SignedHeaders"].split(";")
    place, _, query = path.partition("?")
    canonical = "\n".join(
        (
            method,
            quote(place),  # once more, though it is quoted already
            "&".join(sorted(query.split("&"))),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        )
    )
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            headers["x-amz-date"],
            "/".join((day, region, service, ending)),
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"AWS4{SECRET}".encode()
    for step in (day, region, service, ending, text):
        key = hmac.digest(key, step.encode(), "sha256")
    return key.hex()


def checked(seen: Seen) -> dict[str, str]:
    """What a request claims about its signature, which is right."""
    shown = seen.headers["authorization"]
    assert shown.endswith(f"Signature={signature('POST', seen.path, seen.headers, seen.body)}")
    scope = shown.partition("Credential=")[2].partition(",")[0].split("/")
    return {"key": scope[0], "region": scope[2], "service": scope[3]}


def test_the_check_works_out_the_signature_that_aws_has_published() -> None:
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
        "authorization": "AWS4-HMAC-SHA256 "
        f"Credential={KEY_ID}/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, Signature=",
    }

    assert signature("GET", "/?Action=ListUsers&Version=2010-05-08", headers, b"") == (
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


async def _send(
    row: Provider,
    target: Target,
    http: Http,
    *,
    dialect: Dialect = Dialect.OPENAI_CHAT,
    stream: bool = False,
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Reply:
    body = {"model": "alias", "messages": [{"role": "user", "content": "Hi"}], **fields}
    if stream:
        body["stream"] = True
    asked = Call(dialect, "alias", body, stream=stream, headers=headers or {}, id="r-1")
    return await RowAdapter(row, http, SystemClock()).send(asked, target)


async def _whole(reply: Reply) -> bytes:
    assert not isinstance(reply.body, bytes)
    body: Body = reply.body
    whole = b"".join([write async for write in body])
    await body.aclose()
    return whole


SIGNED = {  # name of the model -> (path, region)
    CLAUDE: ("/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse", "us-west-2"),
    f"ap-south-1/{CLAUDE}": (f"/model/{CLAUDE}/converse", "ap-south-1"),
    ARN: (f"/model/{ARN}/converse", "eu-west-3"),
    "odd~!$&'()*+,;=@ name": ("/model/odd~!$&'()*+,;=@ name/converse", "us-west-2"),
}


@pytest.mark.parametrize("model", SIGNED)
async def test_a_request_bears_a_signature_that_aws_accepts(
    model: str, provider: Upstream, http: Http
) -> None:
    path, region = SIGNED[model]
    provider.play(document(SAID))
    secrets = {**KEYS, "aws_session_token": "tok/en=="}

    await _send(bedrock.PROVIDER, Target("bedrock", model, provider.url, secrets), http)

    [seen] = provider.requests
    assert unquote(seen.path) == path
    assert seen.path.count("/") == 3  # what is one name stays one
    assert checked(seen) == {"key": KEY_ID, "region": region, "service": "bedrock"}
    assert seen.headers["x-amz-security-token"] == "tok/en=="
    assert SECRET not in str(seen)


async def test_a_key_is_a_bearer_and_needs_no_botocore(
    provider: Upstream, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    provider.play(document(SAID))
    secrets = {**KEYS, "api_key": "ABSK-1"}

    await _send(bedrock.PROVIDER, Target("bedrock", CLAUDE, provider.url, secrets), http)

    [seen] = provider.requests
    assert seen.headers["authorization"] == "Bearer ABSK-1"
    assert "x-amz-date" not in seen.headers


async def test_without_botocore_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    auth = signed_by(FakeClock(), "bedrock")

    with pytest.raises(Failure) as caught:
        await auth(Request("https://x.test/", b"{}"), Target("bedrock", "m", secrets=KEYS))

    assert caught.value.kind is Kind.CREDENTIAL
    assert "sluicegate[bedrock]" in caught.value.message


def test_only_what_counts_is_signed() -> None:
    headers = {"content-type": "application/json", "x-request-id": "1", "x-amz-target": "T"}
    request = sign(
        Request("https://x.test/a", b"{}", headers),
        Identity(KEY_ID, SECRET),
        "bedrock",
        "us-east-1",
    )

    assert (
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target,"
        in (request.headers["authorization"])
    )
    assert headers.items() <= request.headers.items()


# Identities


STS = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result><Credentials>
<AccessKeyId>ASIA{1}</AccessKeyId><SecretAccessKey>secret{1}</SecretAccessKey>
<SessionToken>token{1}</SessionToken><Expiration>{2}</Expiration></Credentials></{0}Result>
</{0}Response>"""
XML = {"content-type": "text/xml"}
DENIED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>no such role for you</Message></Error>
</ErrorResponse>"""


def _sts(operation: str, number: int, lives: timedelta) -> Any:
    expires = (datetime.now(UTC) + lives).strftime("%Y-%m-%dT%H:%M:%SZ")
    return document(STS.format(operation, number, expires).encode(), headers=XML)


def _target(provider: Upstream, secrets: Mapping[str, str], **options: str) -> Target:
    told = {"aws_sts_endpoint": provider.url, "aws_role_name": "arn:aws:iam::1:role/r", **options}
    return Target("bedrock", "m", secrets=secrets, options=told)


async def test_keys_that_are_told_are_used_as_they_are() -> None:
    found = await Identities(FakeClock()).get(Target("bedrock", "m", secrets=KEYS))

    assert found == Identity(KEY_ID, SECRET)
    assert SECRET not in repr(found)


async def test_a_role_is_assumed_once_for_all_who_ask(provider: Upstream) -> None:
    provider.play(_sts("AssumeRole", 1, timedelta(hours=1)))
    identities = Identities(FakeClock())
    target = _target(provider, KEYS, aws_session_name="night", aws_external_id="ext")

    found = await asyncio.gather(*(identities.get(target) for _ in range(9)))
    later = await identities.get(target)

    [seen] = provider.requests
    form = parse_qs(seen.body.decode())
    assert {*found, later} == {Identity("ASIA1", "secret1", "token1")}
    assert form["RoleArn"] == ["arn:aws:iam::1:role/r"]
    assert form["RoleSessionName"] == ["night"]
    assert form["ExternalId"] == ["ext"]
    assert checked(seen)["service"] == "sts"


async def test_a_role_is_assumed_again_before_it_expires(provider: Upstream) -> None:
    provider.play(
        _sts("AssumeRole", 1, timedelta(minutes=9)), _sts("AssumeRole", 2, timedelta(hours=1))
    )
    identities = Identities(FakeClock())
    target = _target(provider, KEYS)

    found = [(await identities.get(target)).access_key for _ in range(3)]

    assert found == ["ASIA1", "ASIA2", "ASIA2"]


async def test_who_stops_waiting_does_not_stop_the_others(provider: Upstream) -> None:
    provider.play(_sts("AssumeRole", 1, timedelta(hours=1)))
    identities = Identities(FakeClock())
    target = _target(provider, KEYS)
    first = asyncio.create_task(identities.get(target))
    second = asyncio.create_task(identities.get(target))
    await asyncio.sleep(0)

    first.cancel()

    assert (await second).access_key == "ASIA1"
    assert len(provider.requests) == 1


async def test_other_roles_are_other_identities(provider: Upstream) -> None:
    provider.play(*(_sts("AssumeRole", i, timedelta(hours=1)) for i in (1, 2)))
    identities = Identities(FakeClock())

    one = await identities.get(_target(provider, KEYS))
    other = await identities.get(_target(provider, KEYS, aws_role_name="arn:aws:iam::1:role/s"))

    assert one != other


@pytest.mark.parametrize("in_file", [True, False])
async def test_a_role_is_assumed_with_a_web_identity(
    in_file: bool, provider: Upstream, tmp_path: Path
) -> None:
    provider.play(_sts("AssumeRoleWithWebIdentity", 1, timedelta(hours=1)))
    (tmp_path / "token").write_text("jwt-1\n")
    secrets = {"aws_web_identity_token": str(tmp_path / "token") if in_file else "jwt-1"}

    found = await Identities(FakeClock()).get(_target(provider, secrets))

    [seen] = provider.requests
    assert found.access_key == "ASIA1"
    assert parse_qs(seen.body.decode())["WebIdentityToken"] == ["jwt-1"]
    assert "authorization" not in seen.headers


async def test_a_named_profile_wins_over_keys(tmp_path: Path) -> None:
    shared = tmp_path / "credentials"
    shared.write_text("[night]\naws_access_key_id=AKIANIGHT\naws_secret_access_key=s\n")
    target = Target("bedrock", "m", secrets=KEYS, options={"aws_profile_name": "night"})

    assert (await Identities(FakeClock()).get(target)).access_key == "AKIANIGHT"


async def test_shared_files_are_looked_at_again_after_a_while(tmp_path: Path) -> None:
    shared, clock = tmp_path / "credentials", FakeClock()
    identities, target = Identities(clock), Target("bedrock", "m")
    found = []
    for number, pause_s in ((1, 0.0), (2, 60.0), (3, 900.0)):
        shared.write_text(f"[default]\naws_access_key_id=AKIA{number}\naws_secret_access_key=s\n")
        clock.t += pause_s
        found.append((await identities.get(target)).access_key)

    assert found == ["AKIA1", "AKIA1", "AKIA3"]


async def test_having_no_identity_is_our_failure_and_says_what_helps() -> None:
    with pytest.raises(Failure) as caught:
        await Identities(FakeClock()).get(Target("bedrock", "m"))

    assert caught.value.kind is Kind.CREDENTIAL
    assert "aws_role_name" in caught.value.message


async def test_a_profile_that_is_not_there_is_our_failure() -> None:
    target = Target("bedrock", "m", options={"aws_profile_name": "gone"})

    with pytest.raises(Failure) as caught:
        await Identities(FakeClock()).get(target)

    assert caught.value.kind is Kind.CREDENTIAL
    assert "gone" in caught.value.message


async def test_a_refusal_of_sts_is_our_failure_and_is_forgotten(provider: Upstream) -> None:
    provider.play(
        document(DENIED, status=403, headers=XML), _sts("AssumeRole", 1, timedelta(hours=1))
    )
    identities = Identities(FakeClock())
    target = _target(provider, KEYS)

    with pytest.raises(Failure) as caught:
        await identities.get(target)

    assert caught.value.kind is Kind.CREDENTIAL
    assert "no such role for you" in caught.value.message
    assert SECRET not in caught.value.message
    assert (await identities.get(target)).access_key == "ASIA1"


async def test_an_sts_out_of_reach_is_a_passing_failure() -> None:
    async with Upstream() as gone:
        target = _target(gone, KEYS)

    with pytest.raises(Failure) as caught:
        await Identities(FakeClock()).get(target)

    assert caught.value.kind is Kind.TRANSIENT


async def test_a_token_file_that_is_not_there_is_our_failure(provider: Upstream) -> None:
    secrets = {"aws_web_identity_token": "/nowhere/token"}

    with pytest.raises(Failure) as caught:
        await Identities(FakeClock()).get(_target(provider, secrets))

    assert caught.value.kind is Kind.CREDENTIAL


# Names of models


OTHER = Dialect.BEDROCK_CONVERSE
NATIVE = Dialect.ANTHROPIC_MESSAGES
CHAT = Dialect.OPENAI_CHAT
NAMES: dict[str, tuple[str, Dialect, Dialect, str]] = {
    # name -> (model, what a chat and what a client of Anthropic is asked in, the chat's address)
    CLAUDE: (CLAUDE, OTHER, NATIVE, f"us-west-2.amazonaws.com/model/{CLAUDE}/converse"),
    f"converse/{CLAUDE}": (
        *(CLAUDE, OTHER, OTHER),
        f"us-west-2.amazonaws.com/model/{CLAUDE}/converse",
    ),
    f"invoke/us-east-1/{CLAUDE}": (
        *(CLAUDE, NATIVE, NATIVE),
        f"us-east-1.amazonaws.com/model/{CLAUDE}/invoke",
    ),
    "us-gov-west-1/amazon.nova-pro-v1:0": (
        *("amazon.nova-pro-v1:0", OTHER, OTHER),
        "us-gov-west-1.amazonaws.com/model/amazon.nova-pro-v1:0/converse",
    ),
    "eu-west-1/1-month-commitment/cohere.command-r-v1:0": (
        *("cohere.command-r-v1:0", OTHER, OTHER),
        "eu-west-1.amazonaws.com/model/cohere.command-r-v1:0/converse",
    ),
    "invoke/meta.llama3-8b-instruct-v1:0": (
        *("meta.llama3-8b-instruct-v1:0", OTHER, OTHER),
        "us-west-2.amazonaws.com/model/meta.llama3-8b-instruct-v1:0/converse",
    ),
    ARN: (ARN, OTHER, OTHER, f"eu-west-3.amazonaws.com/model/{ARN}/converse"),
    "chat_completions/openai.gpt-5.6": (
        *("openai.gpt-5.6", CHAT, CHAT),
        "us-west-2.amazonaws.com/openai/v1/chat/completions",
    ),
    "openai/arn:aws:bedrock:us-east-1:1:imported-model/m": (
        *("arn:aws:bedrock:us-east-1:1:imported-model/m", CHAT, CHAT),
        "us-east-1.amazonaws.com/model/arn:aws:bedrock:us-east-1:1:imported-model/m/invoke",
    ),
}


def _spoken(target: Target, ours: Dialect) -> Dialect:
    assert bedrock.PROVIDER.speaking
    speaks = bedrock.PROVIDER.speaking(target)
    return ours if ours in speaks else next(iter(speaks))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_tells_model_region_and_way(name: str) -> None:
    model, for_chat, for_anthropic, where = NAMES[name]
    target = bedrock.settled(Target("bedrock", name))
    endpoint = bedrock.speaking(target)[_spoken(target, CHAT)]

    url = unquote(address(bedrock.PROVIDER, endpoint, target, stream=False))

    assert target.model == model
    assert (_spoken(target, CHAT), _spoken(target, NATIVE)) == (for_chat, for_anthropic)
    assert url == f"https://bedrock-runtime.{where}"


def test_what_is_settled_stays_settled() -> None:
    for name in NAMES:
        once = bedrock.settled(Target("bedrock", name))

        assert bedrock.settled(once) == once


def test_a_base_model_tells_what_an_arn_is_of() -> None:
    target = bedrock.settled(Target("bedrock", ARN, options={"base_model": CLAUDE}))

    assert (target.model, target.options["model_id"]) == (CLAUDE, ARN)
    assert NATIVE in bedrock.speaking(target)


def test_a_model_id_stands_in_the_path() -> None:
    target = bedrock.settled(Target("bedrock", CLAUDE, options={"model_id": ARN}))
    endpoint = bedrock.speaking(target)[OTHER]

    url = address(bedrock.PROVIDER, endpoint, target, stream=True)

    assert target.model == CLAUDE
    assert url.startswith("https://bedrock-runtime.eu-west-3.")
    assert url.endswith("mi1dadi0g15f/converse-stream")


def test_an_endpoint_of_ones_own_is_the_address() -> None:
    options = {"aws_bedrock_runtime_endpoint": "https://vpce.test"}

    assert bedrock.settled(Target("bedrock", CLAUDE, options=options)).base_url == (
        "https://vpce.test"
    )


def test_claudes_body_is_what_invoke_model_takes() -> None:
    headers = {"anthropic-beta": "context-1m-2025-08-07, claude-code-20250219,effort-2025-11-24"}
    asked = {"model": "m", "stream": True, "max_tokens": 9, "anthropic_beta": ["effort-2025-11-24"]}
    call = Call(NATIVE, "m", asked, headers=headers)

    assert bedrock.for_claude(asked, call, Target("bedrock", "m")) == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "anthropic_beta": ["effort-2025-11-24", "context-1m-2025-08-07"],
    }


# The whole way


async def test_a_chat_is_streamed_through_converse(provider: Upstream, http: Http) -> None:
    stream = b"".join(
        (
            event("messageStart", {"role": "assistant"}),
            event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}}),
            event("messageStop", {"stopReason": "end_turn"}),
            event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 4}}),
        )
    )
    provider.play(events([stream[:50], stream[50:]], headers=FRAMES))
    target = Target("bedrock", CLAUDE, provider.url, KEYS)

    reply = await _send(bedrock.PROVIDER, target, http, stream=True)
    said = await _whole(reply)

    [seen] = provider.requests
    assert seen.path.endswith("/converse-stream")
    assert seen.json == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    assert checked(seen)["service"] == "bedrock"
    assert b'"content":"Hi"' in said
    assert said.endswith(b"data: [DONE]\n\n")
    assert (reply.receipt.usage.input, reply.receipt.usage.output) == (3, 4)


async def test_a_client_of_anthropic_gets_claudes_own_stream(
    provider: Upstream, http: Http
) -> None:
    inner = (
        b'{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":3}}}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}',
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}',
        b'{"type":"message_stop","amazon-bedrock-invocationMetrics":{}}',
    )
    provider.play(events([chunk(data) for data in inner], headers=FRAMES))
    target = Target("bedrock", CLAUDE, provider.url, KEYS)

    reply = await _send(bedrock.PROVIDER, target, http, dialect=NATIVE, stream=True, max_tokens=9)
    said = await _whole(reply)

    [seen] = provider.requests
    assert seen.path.endswith("/invoke-with-response-stream")
    assert seen.json.keys() == {"anthropic_version", "messages", "max_tokens"}
    assert said == b"".join(
        b"event: %b\ndata: %b\n\n" % (orjson.loads(data)["type"].encode(), data) for data in inner
    )
    assert reply.receipt.complete


async def test_an_exception_before_content_is_a_failure(provider: Upstream, http: Http) -> None:
    refused = exception("throttlingException", {"message": "Too many requests"})
    provider.play(events([event("messageStart", {"role": "assistant"}), refused], headers=FRAMES))
    target = Target("bedrock", CLAUDE, provider.url, KEYS)

    with pytest.raises(Failure) as caught:
        await _send(bedrock.PROVIDER, target, http, stream=True)

    assert "Too many requests" in caught.value.message


async def test_a_stream_that_is_damaged_is_broken(provider: Upstream, http: Http) -> None:
    provider.play(events([b"<html>" * 9], headers=FRAMES))
    target = Target("bedrock", CLAUDE, provider.url, KEYS)

    with pytest.raises(Failure) as caught:
        await _send(bedrock.PROVIDER, target, http, stream=True)

    assert caught.value.kind is Kind.BROKEN


async def test_a_sagemaker_container_speaks_for_itself(provider: Upstream, http: Http) -> None:
    said = (
        b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        b"data: [DONE]\n\n"
    )
    parts = [part(said[i : i + 11]) for i in range(0, len(said), 11)]
    provider.play(events(parts, headers=FRAMES))
    target = Target("sagemaker_chat", "my-llm", provider.url, KEYS, options={"model_id": "c-1"})

    reply = await _send(sagemaker.PROVIDER, target, http, stream=True)

    assert await _whole(reply) == said
    [seen] = provider.requests
    assert seen.path == "/endpoints/my-llm/invocations-response-stream"
    assert seen.headers["x-amzn-sagemaker-inference-component"] == "c-1"
    assert checked(seen) == {"key": KEY_ID, "region": "us-west-2", "service": "sagemaker"}


MANTLE = {  # model -> (what a chat and what a client of Anthropic is asked in)
    "openai.gpt-oss-20b": ("/v1/chat/completions", "/v1/chat/completions"),
    "openai.gpt-5.5": ("/openai/v1/responses", "/openai/v1/responses"),
    "anthropic.claude-opus-4-8": ("/anthropic/v1/messages", "/anthropic/v1/messages"),
}


@pytest.mark.parametrize("model", MANTLE)
def test_mantle_asks_each_family_at_its_own_door(model: str) -> None:
    target = bedrock_mantle.PROVIDER.settled
    assert target
    speaks = bedrock_mantle.speaking(target(Target("bedrock_mantle", f"eu-west-1/{model}")))

    found = [speaks.get(ours, next(iter(speaks.values()))).path for ours in (CHAT, NATIVE)]

    assert tuple(found) == MANTLE[model]


@pytest.mark.parametrize("model", MANTLE)
@pytest.mark.parametrize("base", ["", "/v1", "/openai/v1"])
def test_mantles_address_may_end_in_v1(base: str, model: str) -> None:
    target = Target("bedrock_mantle", model, f"https://mantle.test{base}")
    endpoint = next(iter(bedrock_mantle.speaking(target).values()))

    url = address(bedrock_mantle.PROVIDER, endpoint, target, stream=False)

    assert url == f"https://mantle.test{MANTLE[model][0]}"


async def test_mantle_is_signed_by_its_own_name(provider: Upstream, http: Http) -> None:
    provider.play(document({"choices": [{"index": 0}]}))
    target = Target("bedrock_mantle", "openai.gpt-oss-20b", provider.url, KEYS)

    await _send(bedrock_mantle.PROVIDER, target, http)

    [seen] = provider.requests
    assert checked(seen) == {"key": KEY_ID, "region": "us-east-1", "service": "bedrock-mantle"}
