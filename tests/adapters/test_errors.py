"""The tree of errors: statuses and words that clients act on."""

from collections.abc import Iterator

import pytest

from adapters import errors
from adapters.errors import STATUS, Failure, GatewayError, Kind, TooLarge


def _tree(error: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _tree(child)


def test_the_drawing_names_every_error_with_its_status() -> None:
    drawing = errors.__doc__ or ""
    drawn = {
        line.partition("── ")[2].split()[0]: line for line in drawing.splitlines() if "── " in line
    }

    assert set(drawn) == {error.__name__ for error in _tree()}
    for error in _tree():
        assert error is Failure or f" {error.status} " in drawn[error.__name__]


def test_every_kind_has_a_status_and_words() -> None:
    assert set(STATUS) == set(Kind)
    for kind in Kind:
        failure = Failure(kind, "x")
        assert failure.status == STATUS[kind]
        assert failure.type


def test_a_failure_of_ours_never_blames_the_clients_key() -> None:
    for kind in Kind:
        assert Failure(kind, "x", upstream_status=401).status not in {401, 402, 403}


def test_our_account_is_not_the_clients_to_pay_or_wait_for() -> None:
    quota = Failure(Kind.QUOTA, "x", upstream_status=429, type="t", code="insufficient_quota")

    assert (quota.status, quota.type, quota.code) == (502, "upstream_error", "upstream_quota")


@pytest.mark.parametrize(
    ("upstream", "status"),
    [
        *((status, status) for status in (400, 404, 409, 413, 415, 422)),
        *((status, 400) for status in (401, 418, 500, None)),
    ],
)
def test_a_callers_mistake_keeps_the_providers_status(upstream: int | None, status: int) -> None:
    assert Failure(Kind.CALLER, "x", upstream_status=upstream).status == status


@pytest.mark.parametrize("kind", [Kind.CALLER, Kind.BLOCKED, Kind.RATE_LIMIT])
def test_programs_find_the_providers_words(kind: Kind) -> None:
    failure = Failure(kind, "x", type="their_type", code="their_code", param="messages[0]")

    assert (failure.type, failure.code, failure.param) == (
        "their_type",
        "their_code",
        "messages[0]",
    )


@pytest.mark.parametrize("kind", sorted({*Kind} - {Kind.CALLER, Kind.BLOCKED, Kind.RATE_LIMIT}))
def test_where_the_gateway_must_act_the_words_are_its_own(kind: Kind) -> None:
    failure = Failure(kind, "x", type="their_type", code="their_code")

    assert "their_type" not in {failure.type, failure.code}
    assert "their_code" not in {failure.type, failure.code}


def test_what_the_client_reads_is_the_message() -> None:
    error = TooLarge("over 4 MB", param="request_body", code="c")

    assert (str(error), error.message, error.param, error.code) == (
        "over 4 MB",
        "over 4 MB",
        "request_body",
        "c",
    )


def test_one_errors_words_are_not_anothers() -> None:
    Failure(Kind.CALLER, "x", code="their_code")

    assert Failure(Kind.CALLER, "x").code is None
    assert GatewayError("x").code is None
