"""Who is fit for a call."""

import re
from typing import Any

import pytest

from adapters.errors import BadRequest, Failure, GatewayError, Kind, NotPermitted
from adapters.types import Call, Dialect
from routing.ask import Ask
from routing.checks import ABILITIES, GROUPS, REGION, WINDOW, CheckRules, chosen, tag_check
from routing.deployment import Deployment
from routing.policy import Policy
from tests.routing.worlds import NO_RETRIES, World, call, chain, deployment

PICTURE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}
SEES, TALKS = frozenset({"vision", "function_calling"}), frozenset({"function_calling"})


def ids(fit: Any) -> list[str]:
    return [d.id for d in fit]


def text(tokens: int) -> list[dict[str, str]]:
    """A prompt that is estimated at about so many tokens."""
    return [{"role": "user", "content": "abcd" * (tokens - 12)}]


def ask(**facts: Any) -> Ask:
    return Ask(call(messages=facts.pop("messages", text(100))), **facts)


# Context window


WINDOWS: dict[str, tuple[int, list[int | None], list[int]]] = {  # tokens, windows -> who is left
    "everybody surely holds it": (100, [200, 400], [0, 1]),
    "one is surely too small": (100, [50, 400], [1]),
    "one may be too small": (100, [110, 400], [1]),
    "nobody surely holds it, one may": (100, [50, 90], [1]),
    "a window that is not known": (100, [50, None], [1]),
    "one holds it, one is not known": (100, [400, None], [0, 1]),
    "only unknown ones": (100, [None, None], [0, 1]),
    "all are too small": (100, [50, 60], []),
    "just above the window an estimate is no reason": (100, [90], [0]),
    "far above it is": (140, [100], []),
}


@pytest.mark.parametrize("case", WINDOWS)
def test_a_prompt_goes_where_its_window_is(case: str) -> None:
    tokens, windows, left = WINDOWS[case]
    fit = [deployment(str(i), window=window) for i, window in enumerate(windows)]

    assert ids(WINDOW.keep(fit, ask(messages=text(tokens)))) == [str(i) for i in left]


def test_attached_documents_have_no_size_that_could_be_told() -> None:
    part = {"type": "document", "source": {"type": "base64", "data": "x" * 9000}}
    asked = ask(messages=[{"role": "user", "content": [part]}])

    assert ids(WINDOW.keep([deployment("a", window=100)], asked)) == ["a"]


def test_many_inputs_to_embed_are_not_one_long_prompt() -> None:
    body = {"model": "big", "input": ["words " * 100] * 100}
    asked = Ask(Call(Dialect.OPENAI_EMBEDDINGS, "big", body))

    assert ids(WINDOW.keep([deployment("a", window=1000)], asked)) == ["a"]


async def test_a_prompt_that_fits_nowhere_goes_where_config_says_for_that() -> None:
    small, large = deployment("s", window=50), deployment("l", "large", window=5000)
    policy = Policy(retries=0, fallbacks_by_kind={Kind.TOO_LONG: {"big": chain("large")}})
    world = World(small, large, checks=chosen(CheckRules(window=True), [small, large]))

    await world.send(call(messages=text(200)), policy)

    assert world.tried == ["l"]


async def test_without_such_a_fallback_the_client_hears_that_it_is_too_long() -> None:
    small = deployment("s", window=50)
    world = World(small, checks=chosen(CheckRules(window=True), [small]))

    error = await world.refusal(call(messages=text(200)), NO_RETRIES)

    assert isinstance(error, Failure)
    assert (error.kind, error.status, error.code) == (Kind.TOO_LONG, 400, "context_length_exceeded")
    assert world.tried == []


# Abilities


ABLE: dict[str, tuple[list[dict[str, Any]], list[int]]] = {  # facts of deployments -> who is left
    "one is known to see": ([{"abilities": TALKS}, {"abilities": SEES}], [1]),
    "nobody is known to see": ([{"abilities": TALKS}, {"abilities": TALKS}], [0, 1]),
    "one may, nobody knows": ([{"abilities": None}, {"abilities": SEES}], [0, 1]),
    "config says that one does not": ([{"unable": {"vision"}}, {}], [1]),
    "config says that none does": ([{"unable": {"vision"}}, {"unable": {"vision"}}], []),
    "config says no and the catalogue doubts": (
        [{"unable": {"vision"}}, {"abilities": TALKS}],
        [1],
    ),
    "what is not needed does not matter": ([{"unable": {"audio_input"}}, {}], [0, 1]),
}


@pytest.mark.parametrize("case", ABLE)
def test_a_picture_goes_to_who_can_see(case: str) -> None:
    facts, left = ABLE[case]
    fit = [deployment(str(i), **fact) for i, fact in enumerate(facts)]

    assert ids(ABILITIES.keep(fit, ask(messages=[PICTURE]))) == [str(i) for i in left]


def test_a_schema_may_be_asked_for_in_other_words() -> None:
    unable = deployment("a", unable=frozenset({"response_schema"}))
    asked = Ask(call(response_format={"type": "json_schema"}))

    assert ids(ABILITIES.keep([unable], asked)) == ["a"]
    assert ids(ABILITIES.keep([unable, deployment("b")], asked)) == ["b"]


def test_what_nobody_can_do_is_named() -> None:
    error = ABILITIES.refusal("big", [], ask(messages=[PICTURE]))

    assert isinstance(error, BadRequest)
    assert "'big'" in error.message
    assert "vision" in error.message


def test_a_call_without_needs_goes_to_everybody() -> None:
    fit = [deployment("a", abilities=SEES), deployment("b", abilities=frozenset(), unable=SEES)]

    assert ABILITIES.keep(fit, ask()) is fit


# Region and access groups


def test_a_region_that_is_not_known_is_none_that_was_asked_for() -> None:
    fit = [
        deployment("ireland", region="eu-west-1"),
        deployment("iowa", region="us-central1"),
        deployment("somewhere"),
    ]

    assert ids(REGION.keep(fit, ask(region="eu"))) == ["ireland"]
    assert ids(REGION.keep(fit, ask(region="us-central1"))) == ["iowa"]
    assert REGION.keep(fit, ask()) is fit
    assert isinstance(REGION.refusal("big", fit, ask(region="eu")), NotPermitted)


def test_a_key_with_access_groups_reaches_what_these_open() -> None:
    fit = [deployment("a", access_groups=frozenset({"beta"})), deployment("b")]

    assert ids(GROUPS.keep(fit, ask(access_groups=frozenset({"beta", "x"})))) == ["a"]
    assert GROUPS.keep(fit, ask(access_groups=frozenset())) == []
    assert GROUPS.keep(fit, ask()) is fit


# Tags


def tagged(id: str, *tags: str, pattern: str = "") -> Deployment:
    patterns = (re.compile(pattern),) if pattern else ()
    return deployment(id, tags=frozenset(tags), tag_patterns=patterns)


TIERS = [tagged("f", "free", "eu"), tagged("p", "paid", "eu"), tagged("d", "default"), tagged("n")]
NO_DEFAULT = [TIERS[0], TIERS[1], TIERS[3]]
CLIENTS = [tagged("cc", pattern="^User-Agent: claude-code/"), tagged("d", "default")]
STRICT_CLIENTS = [tagged("cc", "x", pattern="^User-Agent: claude-code/"), tagged("d", "default")]
TAGS: dict[str, tuple[list[Deployment], dict[str, Any], str]] = {  # who is left, as letters
    "one tag": (TIERS, {"tags": {"free"}}, "f"),
    "any of several": (TIERS, {"tags": {"free", "paid"}}, "f p"),
    "all of several": (TIERS, {"tags": {"free", "eu"}, "any_tag": False}, "f"),
    "all of several that nobody has": (TIERS, {"tags": {"free", "paid"}, "any_tag": False}, ""),
    "no tags go to the default": (TIERS, {}, "d"),
    "no tags and no default go anywhere": (NO_DEFAULT, {}, "f p n"),
    "tags that mean nothing here go to the default": (TIERS, {"tags": {"team-a"}}, "d"),
    "tags that mean nothing here, without a default": (NO_DEFAULT, {"tags": {"team-a"}}, ""),
    "excluded": (NO_DEFAULT, {"tags": {"!free"}}, "p n"),
    "excluded, and still the default": (TIERS, {"tags": {"!free"}}, "d"),
    "the default itself excluded": (TIERS, {"tags": {"!default"}}, ""),
    "required": (TIERS, {"tags": {"&eu"}}, "f p"),
    "required and excluded": (TIERS, {"tags": {"&eu", "!free"}}, "p"),
    "required and wanted": (TIERS, {"tags": {"&eu", "paid"}}, "p"),
    "required, and nobody has it": (TIERS, {"tags": {"&mars"}}, ""),
    "wanted but excluded": (TIERS, {"tags": {"free", "!eu"}}, ""),
    "marks without a tag": (NO_DEFAULT, {"tags": {"!", "&"}}, "f p n"),
    "a client that is known by its name": (CLIENTS, {"agent": "claude-code/2.1"}, "cc"),
    "another client": (CLIENTS, {"agent": "curl/8"}, "d"),
    "a name is no way around tags that must all be there": (
        STRICT_CLIENTS,
        {"agent": "claude-code/2.1", "any_tag": False},
        "d",
    ),
}


@pytest.mark.parametrize("case", TAGS)
def test_tags_choose_deployments(case: str) -> None:
    fit, given, left = TAGS[case]
    asked = ask(tags=frozenset(given.get("tags", ())), agent=given.get("agent", ""))
    check = tag_check(any_tag=given.get("any_tag", True))

    assert ids(check.keep(fit, asked)) == left.split()


def test_whom_tags_leave_nobody_is_not_permitted() -> None:
    error: GatewayError = tag_check(any_tag=True).refusal(
        "big", [], ask(tags=frozenset({"b", "a"}))
    )

    assert isinstance(error, NotPermitted)
    assert error.message == "No deployment of 'big' may be used with these tags: a, b."


# All of them


def test_only_what_config_asks_for_is_checked() -> None:
    able = deployment("a", abilities=SEES)

    def names(rules: CheckRules, *deployments: Deployment) -> list[str]:
        return [check.name for check in chosen(rules, deployments)]

    assert names(CheckRules(), deployment("a")) == ["access groups", "region"]
    assert names(CheckRules(), able) == ["access groups", "region", "abilities"]
    assert names(CheckRules(window=True, tags=True), able) == [
        *("access groups", "region", "tags", "abilities", "context window"),
    ]
