"""What a request says of where it may go."""

from typing import Any

import pytest

from adapters.errors import BadRequest
from adapters.types import Json
from gateway.hints import Hints, read, stripped

HINTS: dict[str, tuple[Json, dict[str, str], Hints]] = {
    "nothing": ({}, {}, Hints()),
    "tags": ({"tags": ["a", "b"]}, {}, Hints(tags=frozenset("ab"))),
    "one tag": ({"tags": "a"}, {}, Hints(tags=frozenset("a"))),
    "tags in metadata": ({"metadata": {"tags": ["a"]}}, {}, Hints(tags=frozenset("a"))),
    "tags in LiteLLM's": ({"litellm_metadata": {"tags": ["a"]}}, {}, Hints(tags=frozenset("a"))),
    "tags in a header": ({}, {"x-litellm-tags": "a, b,"}, Hints(tags=frozenset("ab"))),
    "tags everywhere": (
        {"tags": ["a"], "metadata": {"tags": ["b"]}},
        {"x-litellm-tags": "c"},
        Hints(tags=frozenset("abc")),
    ),
    "metadata of another shape": ({"metadata": {"tags": {"a": 1}}}, {}, Hints()),
    "metadata that is none": ({"metadata": "tags"}, {}, Hints()),
    "a region": ({"allowed_model_region": "eu"}, {}, Hints(region="eu")),
    "a session": ({"litellm_session_id": "s"}, {}, Hints(session="s")),
    "a session in metadata": ({"metadata": {"session_id": "s"}}, {}, Hints(session="s")),
    "a session in a header": ({}, {"x-litellm-session-id": "s"}, Hints(session="s")),
    "a session in another header": ({}, {"x-session-id": "s"}, Hints(session="s")),
    "the body before the header": (
        {"metadata": {"session_id": "s"}},
        {"x-session-id": "t"},
        Hints(session="s"),
    ),
    "a session that is too long": ({"litellm_session_id": "s" * 300}, {}, Hints()),
    "a session that is no text": ({"litellm_session_id": 7}, {}, Hints()),
}


@pytest.mark.parametrize("case", HINTS)
def test_hints_are_read_from_wherever_they_stand(case: str) -> None:
    body, headers, hints = HINTS[case]

    written = {name.encode(): value.encode() for name, value in headers.items()}
    assert read(body, written) == hints


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tags": 1}, "tags"),
        ({"tags": ["a", 1]}, "tags"),
        ({"tags": {"a": "b"}}, "tags"),
        ({"tags": [str(i) for i in range(51)]}, "tags"),
        ({"metadata": {"tags": ["a" * 300]}}, "tags"),
        ({"allowed_model_region": ["eu"]}, "allowed_model_region"),
        ({"allowed_model_region": ""}, "allowed_model_region"),
    ],
)
def test_what_may_have_been_meant_as_a_limit_is_not_passed_over(body: Json, param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read(body, {})

    assert refused.value.param == param


@pytest.mark.parametrize(
    ("metadata", "left"),
    [
        ({"user_id": "u", "tags": ["a"], "session_id": "s"}, {"metadata": {"user_id": "u"}}),
        ({"tags": ["a"]}, {}),
        ({"user_id": "u"}, {"metadata": {"user_id": "u"}}),
        ({}, {"metadata": {}}),
        (None, {"metadata": None}),
    ],
)
def test_what_is_ours_is_taken_out_of_metadata(metadata: Any, left: Json) -> None:
    assert stripped({"model": "m", "metadata": metadata}) == {"model": "m", **left}
