"""Who is let in, and what the others are told."""

import pytest

from adapters.errors import BadRequest, NotAuthorised
from gateway.access.keys import Key, Keys

KEY = "sk-master-0123456789"
HEADERS = ("authorization", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key")


def identify(keys: Keys, headers: dict[str, str]) -> Key:
    return keys.identify({name.encode(): value.encode() for name, value in headers.items()})


@pytest.mark.parametrize("header", [*HEADERS, "x-litellm-api-key"])
@pytest.mark.parametrize("value", [KEY, f"Bearer {KEY}", f"bearer {KEY}", f"Bearer  {KEY} "])
def test_the_key_opens_wherever_a_client_puts_it(header: str, value: str) -> None:
    key = identify(Keys(KEY), {header: value})

    assert key.name == "master"


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("value", ["x", KEY[:-1], f"{KEY}x", KEY.upper(), "ключ", "Bearer x"])
def test_another_key_does_not(header: str, value: str) -> None:
    with pytest.raises(NotAuthorised, match="not valid"):
        identify(Keys(KEY), {header: value})


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"authorization": "Bearer "}])
def test_no_key_is_told_where_to_put_one(headers: dict[str, str]) -> None:
    with pytest.raises(NotAuthorised, match="No API key was given"):
        identify(Keys(KEY), headers)


def test_the_same_key_in_two_places_is_one_key() -> None:
    key = identify(Keys(KEY), {"authorization": f"Bearer {KEY}", "x-api-key": KEY})

    assert key.name == "master"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}", "x-api-key": "other"},
        {"authorization": f"Bearer {KEY}\nBearer other"},
        {"authorization": f"Bearer {KEY}\nBearer {KEY}"},
    ],
    ids=["two headers", "one header twice", "one header twice the same"],
)
def test_two_keys_are_one_too_many(headers: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as caught:
        identify(Keys(KEY), headers)

    assert caught.value.code == "ambiguous_credentials"


@pytest.mark.parametrize("chosen", ["", "x-company-key"])
def test_the_header_that_config_chose_counts_before_all_others(chosen: str) -> None:
    headers = {chosen or "x-litellm-api-key": KEY, "authorization": "Bearer of-the-provider"}

    key = identify(Keys(KEY, chosen), headers)

    assert key.name == "master"


def test_without_a_master_key_everybody_is_let_in() -> None:
    assert identify(Keys(""), {}).name == "anonymous"
    assert identify(Keys(""), {"authorization": "Bearer x"}).name == "anonymous"


def test_the_key_is_not_kept_in_words() -> None:
    keys = Keys(KEY)

    assert KEY not in repr(vars(keys))
    assert KEY.encode() not in vars(keys).values()
