"""One shape for each dialect, and the whole table of statuses, types and codes: clients branch on
these, so a change here is a change of the API.
"""

from collections.abc import Iterator

import orjson
import pytest

from adapters import errors as tree
from adapters.dialects import WIRES
from adapters.errors import BadRequest, Failure, GatewayError, Kind
from adapters.plug import plug
from adapters.sse import events
from adapters.types import Dialect
from gateway import errors

CHAT = Dialect.OPENAI_CHAT
MESSAGES = Dialect.ANTHROPIC_MESSAGES

# name -> status, OpenAI's type, OpenAI's code, Anthropic's type
ERRORS: dict[str, tuple[int, str, str | None, str]] = {
    "GatewayError": (500, "server_error", None, "api_error"),
    "BadRequest": (400, "invalid_request_error", None, "invalid_request_error"),
    "TooLarge": (413, "invalid_request_error", None, "request_too_large"),
    "NotAuthorised": (401, "authentication_error", "invalid_api_key", "authentication_error"),
    "NotFound": (404, "invalid_request_error", "not_found", "not_found_error"),
    "WrongMethod": (405, "invalid_request_error", "method_not_allowed", "invalid_request_error"),
    "UnknownModel": (404, "invalid_request_error", "model_not_found", "not_found_error"),
    "Resting": (429, "rate_limit_error", "all_deployments_in_cooldown", "rate_limit_error"),
    "Full": (429, "rate_limit_error", "deployments_at_capacity", "rate_limit_error"),
    "OverBudget": (429, "budget_exceeded", "budget_exceeded", "rate_limit_error"),
    "NotPermitted": (403, "invalid_request_error", "not_allowed", "permission_error"),
    "NoDeployment": (503, "service_unavailable", "no_deployment", "overloaded_error"),
    "ShuttingDown": (503, "service_unavailable", "server_shutting_down", "overloaded_error"),
    "Internal": (500, "server_error", "internal_error", "api_error"),
}
KINDS: dict[Kind, tuple[int, str, str | None, str]] = {
    Kind.TRANSIENT: (502, "upstream_error", "upstream_unavailable", "api_error"),
    Kind.TIMEOUT: (504, "timeout_error", "upstream_timeout", "timeout_error"),
    Kind.RATE_LIMIT: (429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error"),
    Kind.QUOTA: (502, "upstream_error", "upstream_quota", "api_error"),
    Kind.CREDENTIAL: (502, "upstream_error", "upstream_credential", "api_error"),
    Kind.MODEL_GONE: (404, "invalid_request_error", "model_not_found", "not_found_error"),
    Kind.TOO_LONG: (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "invalid_request_error",
    ),
    Kind.BLOCKED: (
        400,
        "invalid_request_error",
        "content_policy_violation",
        "invalid_request_error",
    ),
    Kind.CALLER: (400, "invalid_request_error", None, "invalid_request_error"),
    Kind.BROKEN: (502, "upstream_error", "upstream_broken", "api_error"),
}


def every_class(root: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """The tree as `adapters/errors.py` has it."""
    if root.__module__ == tree.__name__:
        yield root
    for child in root.__subclasses__():
        yield from every_class(child)


SAMPLES: dict[str, GatewayError] = {
    **{found.__name__: found("What went wrong.") for found in every_class() if found != Failure},
    **{f"Failure {kind}": Failure(kind, "What went wrong.") for kind in Kind},
}
EXPECTED = {**ERRORS, **{f"Failure {kind}": row for kind, row in KINDS.items()}}


def test_every_error_is_in_the_table() -> None:
    assert SAMPLES.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_openai_clients_see_one_shape(name: str) -> None:
    error, (status, kind, code, _) = SAMPLES[name], EXPECTED[name]

    told = errors.document(error, CHAT, "r-1")

    param = "model" if name == "UnknownModel" else None
    assert error.status == status
    assert told == {
        "error": {"message": "What went wrong.", "type": kind, "param": param, "code": code}
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_anthropic_clients_see_another(name: str) -> None:
    error, (_, _, _, kind) = SAMPLES[name], EXPECTED[name]

    told = errors.document(error, MESSAGES, "r-1")

    assert told == {
        "type": "error",
        "error": {"type": kind, "message": "What went wrong."},
        "request_id": "r-1",
    }


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
@pytest.mark.parametrize("name", EXPECTED)
def test_in_a_stream_it_is_the_same_document_as_one_event(name: str, dialect: Dialect) -> None:
    error = SAMPLES[name]

    raw = errors.event(error, dialect, "r-1")

    (event,) = events(raw)
    assert raw.endswith(b"\n\n")
    assert event.name == ("error" if dialect is MESSAGES else "")
    assert orjson.loads(event.data) == errors.document(error, dialect, "r-1")


@pytest.mark.parametrize("dialect", list(WIRES))
@pytest.mark.parametrize("name", EXPECTED)
def test_a_gateway_behind_a_gateway_sees_that_it_is_an_error(name: str, dialect: Dialect) -> None:
    told = errors.document(SAMPLES[name], dialect, "r-1")

    assert plug(WIRES[dialect]).error(told)


def test_the_field_at_fault_is_named() -> None:
    error = BadRequest("Wrong.", param="messages[2].content", code="why")

    told = errors.document(error, CHAT, "r-1")["error"]

    assert (told["param"], told["code"]) == ("messages[2].content", "why")


@pytest.mark.parametrize("status", [404, 409, 413, 415, 422])
def test_the_callers_mistake_keeps_the_providers_status(status: int) -> None:
    assert Failure(Kind.CALLER, "x", upstream_status=status).status == status


@pytest.mark.parametrize("kind", Kind)
def test_the_providers_words_are_passed_on_only_where_clients_can_use_them(kind: Kind) -> None:
    told = errors.document(Failure(kind, "x", type="theirs", code="their_code"), CHAT, "r")["error"]

    passes = kind in {Kind.CALLER, Kind.BLOCKED, Kind.RATE_LIMIT}
    assert ((told["type"], told["code"]) == ("theirs", "their_code")) is passes


@pytest.mark.parametrize("kind", [Kind.CREDENTIAL, Kind.QUOTA])
def test_trouble_with_our_account_is_never_the_clients(kind: Kind) -> None:
    assert Failure(kind, "x", upstream_status=401).status == 502
