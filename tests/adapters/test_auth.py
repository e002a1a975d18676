"""How a key is shown, and what is said when there is none."""

import pytest

from adapters.auth.keys import bearer, bearer_needed, header
from adapters.errors import Failure, Kind
from adapters.provider import Auth, Upstream
from adapters.types import Target

REQUEST = Upstream("https://x/v1", b"{}", {"accept": "application/json"})


def _target(**secrets: str) -> Target:
    return Target("acme", "m", secrets=secrets)


SHOWN: dict[str, tuple[Auth, dict[str, str]]] = {
    "a bearer": (bearer, {"authorization": "Bearer k"}),
    "a bearer that is needed": (bearer_needed(["A"]), {"authorization": "Bearer k"}),
    "a header of its own": (header("api-key", ["A"]), {"api-key": "k"}),
}


@pytest.mark.parametrize(("auth", "added"), SHOWN.values(), ids=SHOWN)
async def test_a_key_is_shown(auth: Auth, added: dict[str, str]) -> None:
    sent = await auth(REQUEST, _target(api_key=" k\n"))

    assert sent.headers == {"accept": "application/json", **added}
    assert (sent.url, sent.body) == (REQUEST.url, REQUEST.body)


async def test_no_key_is_needed_where_none_is_asked_for() -> None:
    assert await bearer(REQUEST, _target()) is REQUEST


@pytest.mark.parametrize(
    "auth", [bearer_needed(["A_KEY", "B_KEY"]), header("h", ["A_KEY", "B_KEY"])]
)
@pytest.mark.parametrize("secrets", [{}, {"api_key": ""}, {"api_key": "  "}, {"other": "hidden"}])
async def test_a_missing_key_is_reported_with_its_variables(
    auth: Auth, secrets: dict[str, str]
) -> None:
    with pytest.raises(
        Failure, match="no API key for acme: set api_key or A_KEY or B_KEY"
    ) as caught:
        await auth(REQUEST, _target(**secrets))

    assert caught.value.kind is Kind.CREDENTIAL
    assert "hidden" not in caught.value.message
