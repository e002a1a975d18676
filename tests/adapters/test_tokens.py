import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

import orjson
import pytest

from adapters.auth.tokens import Token, Tokens, exchange
from adapters.errors import Failure, Kind
from adapters.http import Http
from tests import upstream
from tests.fakes import FakeAnswer, FakeClock, FakeTransport

HOUR = 3600.0
URL = "https://login.example/oauth/token"
FORM = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s3cr3t-word"}


class Issuer:
    """Gives out a, b, c, ...; what is an exception is raised instead."""

    def __init__(self, *failures: int, lifetime_s: float = HOUR) -> None:
        self.asked = 0
        self._failures = failures
        self._lifetime_s = lifetime_s

    async def __call__(self) -> Token:
        self.asked += 1
        await asyncio.sleep(0)
        if self.asked in self._failures:
            raise Failure(Kind.TRANSIENT, "down")
        return Token("abcdefgh"[self.asked - 1], self._lifetime_s)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_token_is_fetched_once_and_kept() -> None:
    tokens, issuer = Tokens(FakeClock()), Issuer()

    assert [await tokens.get("k", issuer) for _ in range(3)] == ["a", "a", "a"]
    assert issuer.asked == 1


async def test_each_key_has_a_token_of_its_own() -> None:
    tokens, issuer = Tokens(FakeClock()), Issuer()

    assert (await tokens.get("k", issuer), await tokens.get("l", issuer)) == ("a", "b")
    assert await tokens.get("k", issuer) == "a"


async def test_who_asks_at_the_same_time_shares_one_fetch() -> None:
    tokens, issuer = Tokens(FakeClock()), Issuer()

    got = await asyncio.gather(*(tokens.get("k", issuer) for _ in range(20)))

    assert (set(got), issuer.asked) == ({"a"}, 1)


@pytest.mark.parametrize(
    ("lifetime_s", "early", "late"),
    [(HOUR, HOUR - 250, HOUR - 230), (100.0, 79.0, 81.0)],
    ids=["some minutes before the end", "at four fifths of a short life"],
)
async def test_a_token_is_renewed_before_its_end_and_serves_meanwhile(
    lifetime_s: float, early: float, late: float
) -> None:
    clock, issuer = FakeClock(), Issuer(lifetime_s=lifetime_s)
    tokens = Tokens(clock)
    start = clock.t
    await tokens.get("k", issuer)

    clock.t = start + early
    assert (await tokens.get("k", issuer), issuer.asked) == ("a", 1)
    clock.t = start + late
    assert await tokens.get("k", issuer) == "a"
    await settled()
    assert (await tokens.get("k", issuer), issuer.asked) == ("b", 2)


async def test_the_old_token_serves_while_renewal_fails_and_it_is_tried_again_after_a_pause() -> (
    None
):
    clock, issuer = FakeClock(), Issuer(2)
    tokens = Tokens(clock)
    await tokens.get("k", issuer)
    clock.t += HOUR - 200

    for _ in range(3):
        assert await tokens.get("k", issuer) == "a"
        await settled()
    assert issuer.asked == 2
    clock.t += 16
    assert await tokens.get("k", issuer) == "a"
    await settled()
    assert (await tokens.get("k", issuer), issuer.asked) == ("c", 3)


async def test_a_token_that_has_ended_does_not_serve() -> None:
    clock, issuer = FakeClock(), Issuer(2)
    tokens = Tokens(clock)
    await tokens.get("k", issuer)
    clock.t += HOUR - 1

    with pytest.raises(Failure, match="down"):
        await tokens.get("k", issuer)


async def test_a_failure_is_told_to_all_who_wait_and_then_forgotten() -> None:
    tokens, issuer = Tokens(FakeClock()), Issuer(1)

    told = await asyncio.gather(
        *(tokens.get("k", issuer) for _ in range(3)), return_exceptions=True
    )

    assert [isinstance(error, Failure) for error in told] == [True] * 3
    assert (await tokens.get("k", issuer), issuer.asked) == ("b", 2)


async def test_who_leaves_does_not_take_the_fetch_from_the_others() -> None:
    gate = asyncio.Event()

    async def fetch() -> Token:
        await gate.wait()
        return Token("a", HOUR)

    tokens = Tokens(FakeClock())
    first = asyncio.create_task(tokens.get("k", fetch))
    second = asyncio.create_task(tokens.get("k", fetch))
    await settled()
    first.cancel()
    await settled()
    gate.set()

    assert (await second, first.cancelled()) == ("a", True)


async def test_only_so_many_are_kept_and_the_longest_unused_goes() -> None:
    tokens = Tokens(FakeClock(), limit=2)
    issuers = {key: Issuer() for key in "klm"}

    for key in "klkmk":
        await tokens.get(key, issuers[key])
    await tokens.get("l", issuers["l"])

    assert {key: issuer.asked for key, issuer in issuers.items()} == {"k": 1, "l": 2, "m": 1}


async def test_what_was_learnt_with_a_token_is_kept_with_it() -> None:
    async def fetch() -> Token:
        return Token("a", HOUR, {"project": "p"})

    assert (await Tokens(FakeClock()).whole("k", fetch)).facts == {"project": "p"}


def test_a_token_does_not_show_itself() -> None:
    assert "s3cr3t" not in repr(Token("s3cr3t", 1.0))


# exchange


async def test_a_form_is_exchanged_for_a_token_on_a_real_socket() -> None:
    async with upstream.Upstream() as provider, Http() as http:
        provider.play(upstream.document({"access_token": "abc", "expires_in": "3599"}))
        token = await exchange(http, f"{provider.url}/token", FORM, headers={"x-more": "1"})
        seen = provider.requests[0]

    assert (token.text, token.lifetime_s) == ("abc", 3599.0)
    assert parse_qs(seen.body.decode()) == {name: [value] for name, value in FORM.items()}
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.headers["x-more"] == "1"


async def test_a_token_without_a_lifetime_gets_a_short_one() -> None:
    token = await exchange(FakeTransport(answer({"access_token": "abc"})), URL, FORM)

    assert token.lifetime_s == 300.0


def answer(document: object, status: int = 200) -> FakeAnswer:
    data = document if isinstance(document, bytes) else orjson.dumps(document)
    return FakeAnswer(data, status=status)


REFUSED = {
    "error": "invalid_client",
    "error_description": "AADSTS7000215: s3cr3t-word is wrong.\r\nTrace ID: 1",
}
FAILURES: dict[str, tuple[Callable[[], FakeAnswer | Exception], Kind, str]] = {
    "refused": (
        lambda: answer(REFUSED, 401),
        Kind.CREDENTIAL,
        "login.example gives no token: invalid_client: AADSTS7000215: *** is wrong.",
    ),
    "a wrong address": (lambda: answer(b"<html>", 404), Kind.CREDENTIAL, "HTTP status 404"),
    "ibm's words": (
        lambda: answer({"errorCode": "X", "errorMessage": "Provided API key not found"}, 400),
        Kind.CREDENTIAL,
        "Provided API key not found",
    ),
    "down": (lambda: answer(b"", 503), Kind.TRANSIENT, "HTTP status 503"),
    "overloaded": (lambda: answer({}, 429), Kind.TRANSIENT, "HTTP status 429"),
    "says it is down": (
        lambda: answer({"error": "temporarily_unavailable"}, 400),
        Kind.TRANSIENT,
        "temporarily_unavailable",
    ),
    "unreachable": (
        lambda: Failure(Kind.TRANSIENT, "the provider refused the connection"),
        Kind.TRANSIENT,
        "no token from login.example: the provider refused the connection",
    ),
    "a login page": (lambda: answer(b"<html>"), Kind.BROKEN, "without an access token"),
    "a list": (lambda: answer(b"[1]"), Kind.BROKEN, "without an access token"),
    "no text": (lambda: answer({"access_token": 5}), Kind.BROKEN, "without an access token"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failed_exchange_says_whose_fault_it_is_and_no_secret(name: str) -> None:
    made, kind, message = FAILURES[name]

    with pytest.raises(Failure) as caught:
        await exchange(FakeTransport(made()), URL, FORM)

    assert caught.value.kind is kind
    assert message in caught.value.message
    assert "s3cr3t" not in caught.value.message


async def test_an_identity_provider_that_is_silent_is_not_waited_for() -> None:
    with pytest.raises(Failure) as caught:
        await exchange(FakeTransport(FakeAnswer(stalls=True)), URL, FORM, limit_s=0.01)

    assert caught.value.kind is Kind.TIMEOUT


async def test_the_answer_is_let_go_of_whatever_it_is() -> None:
    answers = [answer({"access_token": "a"}), answer({}, 401), FakeAnswer(ValueError())]

    for one in answers:
        await asyncio.gather(exchange(FakeTransport(one), URL, FORM), return_exceptions=True)

    assert [one.closed for one in answers] == [[True], [True], [False]]


async def test_different_secrets_never_share_a_connection() -> None:
    transport = FakeTransport(answer({"access_token": "a"}), answer({"access_token": "b"}))

    await exchange(transport, URL, FORM)
    await exchange(transport, URL, {**FORM, "client_secret": "other"})

    assert len(set(transport.credentials)) == 2


async def test_an_assertion_that_differs_each_time_opens_no_pool_of_its_own() -> None:
    transport = FakeTransport(answer({"access_token": "a"}), answer({"access_token": "b"}))

    for proof in "xy":
        await exchange(transport, URL, {"client_id": "me", "client_assertion": proof})

    assert len(set(transport.credentials)) == 1
