"""From bytes to a call: what is taken out, what is passed on, what is refused."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import BadRequest, Kind
from adapters.types import Call, Dialect, Json
from gateway.call import Wishes, read_call
from gateway.hints import Hints
from routing.policy import Fallback, Policy

CHAT = Dialect.OPENAI_CHAT
MESSAGES = Dialect.ANTHROPIC_MESSAGES
SMALL: Json = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def read(
    more: Json | None = None,
    headers: dict[str, str] | None = None,
    dialect: Dialect = CHAT,
    model: str | None = None,
) -> tuple[Call, Wishes]:
    raw = orjson.dumps(SMALL | (more or {}))
    written = {name.encode(): value.encode() for name, value in (headers or {}).items()}
    return read_call(dialect, raw, written, request_id="r", model=model)


def test_a_small_request_becomes_a_call() -> None:
    call, wishes = read()

    assert call == Call(CHAT, "m", SMALL, id="r")
    assert wishes == Wishes()


@pytest.mark.parametrize("value", [True, False, None])
def test_it_is_a_stream_only_if_it_says_so(value: bool | None) -> None:
    call, _ = read({"stream": value})

    assert call.stream is (value is True)


def test_the_paths_model_counts_before_the_bodys() -> None:
    call, _ = read({"model": None}, model="from-the-path")

    assert call.model == call.body["model"] == "from-the-path"


OURS = {
    "tags": ["a"],
    "num_retries": 1,
    "timeout": 5,
    "fallbacks": ["x"],
    "disable_fallbacks": True,
    "cache": {"no-cache": True},
    "guardrails": ["g"],
    "litellm_trace_id": "t",
    "allowed_model_region": "eu",
    "mock_response": "x",
}


@pytest.mark.parametrize("field", OURS)
def test_what_is_meant_for_us_is_taken_out(field: str) -> None:
    call, _ = read({field: OURS[field]})

    assert call.body == SMALL


@given(
    st.dictionaries(
        st.text(min_size=1).map(lambda name: f"x_{name}"),
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    )
)
def test_whatever_we_do_not_know_is_passed_on(unknown: Json) -> None:
    call, _ = read(unknown)

    assert call.body == SMALL | unknown


@pytest.mark.parametrize(
    ("dialect", "more", "stays"),
    [
        (CHAT, {}, False),
        (CHAT, {"store": False}, False),
        (CHAT, {"store": True}, True),
        (MESSAGES, {}, True),
    ],
)
def test_metadata_stays_where_the_dialect_has_a_use_for_it(
    dialect: Dialect, more: Json, stays: bool
) -> None:
    call, _ = read({"metadata": {"user_id": "u"}, **more}, dialect=dialect)

    assert ("metadata" in call.body) is stays


def test_only_the_dialects_own_headers_are_forwarded() -> None:
    headers = {"anthropic-beta": "b", "openai-beta": "o", "authorization": "k", "cookie": "c"}

    call, _ = read(headers=headers)

    assert call.headers == {"anthropic-beta": "b", "openai-beta": "o"}


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/vnd.api+json", True),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("", False),
    ],
)
def test_it_must_be_sent_as_json(kind: str, good: bool) -> None:
    if good:
        assert read(headers={"content-type": kind})[0].model == "m"
    else:
        with pytest.raises(BadRequest, match="application/json"):
            read(headers={"content-type": kind})


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise_than_with_a_word(raw: bytes) -> None:
    with suppress(BadRequest):
        assert read_call(CHAT, raw, {}, request_id="r")[0].model


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("model", "messages", "stream", "tools", "temperature", "max_tokens", "stop", "n"),
                *("timeout", "num_retries", "fallbacks", "stream_options", "metadata", "thinking"),
            ]
        ),
        json_values,
    )
)
def test_no_document_makes_it_fail_otherwise_than_with_a_word(dialect: Dialect, body: Json) -> None:
    with suppress(BadRequest):
        assert read_call(dialect, orjson.dumps(body), {}, request_id="r")[0].body


def test_what_anthropic_would_refuse_in_metadata_is_read_and_taken_out() -> None:
    metadata = {"user_id": "u", "tags": ["a"], "session_id": "s"}

    call, wishes = read({"metadata": metadata}, dialect=MESSAGES)

    assert call.body["metadata"] == {"user_id": "u"}
    assert wishes.hints == Hints(tags=frozenset("a"), session="s")


def test_what_is_stored_keeps_its_metadata() -> None:
    metadata = {"tags": "a", "session_id": "s"}

    call, wishes = read({"metadata": metadata, "store": True})

    assert call.body["metadata"] == metadata
    assert wishes.hints == Hints(tags=frozenset("a"), session="s")


WISHES: dict[str, tuple[Json, dict[str, str], Wishes]] = {
    "retries": ({"num_retries": 3}, {}, Wishes(retries=3)),
    "retries in a header": ({}, {"x-litellm-num-retries": "3"}, Wishes(retries=3)),
    "a priority": ({"priority": 2}, {}, Wishes(priority=2)),
    "a priority in a header": ({}, {"x-litellm-priority": "1"}, Wishes(priority=1)),
    "no retries": ({"num_retries": 0}, {}, Wishes(retries=0)),
    "the body before the header": (
        {"num_retries": 1},
        {"x-litellm-num-retries": "3"},
        Wishes(retries=1),
    ),
    "a time-out": ({"timeout": 5.5}, {}, Wishes(deadline=5.5)),
    "a time-out in a header": ({}, {"x-litellm-timeout": "5"}, Wishes(deadline=5.0)),
    "one for streams": (
        {"stream": True, "stream_timeout": 2, "timeout": 9},
        {},
        Wishes(deadline=2.0),
    ),
    "one for streams only": ({"stream_timeout": 2, "timeout": 9}, {}, Wishes(deadline=9.0)),
    "no fallbacks": ({"disable_fallbacks": True}, {}, Wishes(no_fallbacks=True)),
    "fallbacks": (
        {"fallbacks": ["a", {"model": "b", "temperature": 0}]},
        {},
        Wishes(fallbacks=(Fallback("a"), Fallback("b", {"temperature": 0}))),
    ),
}


@pytest.mark.parametrize("case", WISHES)
def test_wishes_are_understood(case: str) -> None:
    more, headers, wanted = WISHES[case]

    assert read(more, headers)[1] == wanted


POLICY = Policy(
    retries=2,
    deadline=600,
    fallbacks={"*": (Fallback("spare"),)},
    fallbacks_by_kind={Kind.TOO_LONG: {"m": (Fallback("long"),)}},
)


def test_without_wishes_the_operators_policy_holds() -> None:
    assert Wishes().applied(POLICY, "m") is POLICY


def test_wishes_change_what_they_name() -> None:
    granted = Wishes(retries=5, deadline=7.0).applied(POLICY, "m")

    assert (granted.retries_asked, granted.deadline) == (5, 7.0)
    assert granted.fallbacks == POLICY.fallbacks


def test_own_fallbacks_replace_the_operators() -> None:
    granted = Wishes(fallbacks=(Fallback("mine"),)).applied(POLICY, "m")

    assert granted.fallbacks == {"m": (Fallback("mine"),)}
    assert not granted.fallbacks_by_kind


def test_fallbacks_may_be_declined() -> None:
    granted = Wishes(no_fallbacks=True, fallbacks=(Fallback("mine"),)).applied(POLICY, "m")

    assert not granted.fallbacks
    assert not granted.fallbacks_by_kind


def test_nobody_may_wait_for_longer_than_an_hour() -> None:
    assert Wishes(deadline=1e8).applied(POLICY, "m").deadline == 3600
