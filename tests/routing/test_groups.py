from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import UnknownModel
from adapters.types import Target
from routing.deployment import Deployment
from routing.groups import Groups


def serving(id: str, alias: str, model: str, provider: str = "openai") -> Deployment:
    return Deployment(id=id, alias=alias, target=Target(provider, model))


BIG = serving("id-big", "big", "gpt-5")
BIG_TOO = serving("id-big-too", "big", "gpt-5", "azure")
SMALL = serving("id-small", "small", "gpt-5-mini")


def found(
    deployments: Sequence[Deployment], name: str, aliases: Mapping[str, str] | None = None
) -> list[str]:
    return [deployment.id for deployment in Groups(deployments, aliases or {}).find(name)]


def asked_of_provider(wild: Deployment, name: str) -> str:
    """The model name that a wildcard makes of what was asked for."""
    return Groups([wild], {}).find(name)[0].target.model


# Names that are written down


def test_an_alias_finds_all_that_share_it_in_their_order() -> None:
    assert found([BIG, SMALL, BIG_TOO], "big") == ["id-big", "id-big-too"]


def test_an_id_finds_one() -> None:
    assert found([BIG, SMALL, BIG_TOO], "id-big-too") == ["id-big-too"]


def test_the_providers_own_name_finds_those_who_serve_it() -> None:
    assert found([BIG, SMALL, BIG_TOO], "azure/gpt-5") == ["id-big-too"]


def test_a_group_alias_finds_the_group() -> None:
    assert found([BIG, SMALL, BIG_TOO], "gpt-4", {"gpt-4": "big"}) == ["id-big", "id-big-too"]


def test_a_group_alias_may_stand_for_what_a_wildcard_serves() -> None:
    groups = Groups([serving("wild", "openai/*", "*")], {"best": "openai/gpt-5"})

    assert groups.find("best")[0].target.model == "gpt-5"


def test_a_group_alias_takes_one_step_for_configuration_has_followed_the_others() -> None:
    groups = Groups([BIG], {"a": "b", "b": "big"})

    assert groups.find("b") == (BIG,)
    with pytest.raises(UnknownModel, match="'a'"):
        groups.find("a")


def test_group_aliases_in_a_circle_serve_nobody_and_end() -> None:
    with pytest.raises(UnknownModel, match="'a'"):
        Groups([BIG], {"a": "b", "b": "a"}).find("a")


PRECEDENCE = {
    "an id comes before a group alias": (
        [serving("name", "x", "m"), BIG],
        {"name": "big"},
        "name",
    ),
    "an id comes before a model_name": (
        [serving("name", "x", "m"), serving("id", "name", "m")],
        {},
        "name",
    ),
    "a group alias comes before a model_name": (
        [serving("name", "to", "m"), serving("id", "asked", "m")],
        {"asked": "to"},
        "asked",
    ),
    "a model_name comes before a wildcard": (
        [serving("wild", "openai/*", "*"), serving("name", "openai/gpt-5", "m")],
        {},
        "openai/gpt-5",
    ),
    "a model_name comes before another's provider and model": (
        [BIG, serving("name", "openai/gpt-5", "m")],
        {},
        "openai/gpt-5",
    ),
    "a wildcard comes before another's provider and model": (
        [BIG, serving("name", "openai/*", "*")],
        {},
        "openai/gpt-5",
    ),
}


@pytest.mark.parametrize(("deployments", "aliases", "asked"), PRECEDENCE.values(), ids=PRECEDENCE)
def test_which_name_counts_first(
    deployments: list[Deployment], aliases: dict[str, str], asked: str
) -> None:
    assert found(deployments, asked, aliases) == ["name"]


@pytest.mark.parametrize("name", ["nothing", "", "BIG", "big ", "gpt-5", "bi", "*", "openai/*"])
def test_an_unknown_name_is_refused_and_named(name: str) -> None:
    wild = serving("wild", "mistral/*", "*", "mistral")

    with pytest.raises(UnknownModel) as refused:
        Groups([BIG, SMALL, wild], {}).find(name)
    assert repr(name) in refused.value.message
    assert "/v1/models" in refused.value.message


def test_names_are_all_that_is_configured_but_wildcards() -> None:
    wild = serving("wild", "openai/*", "*")

    assert Groups([SMALL, wild], {"mini": "small"}).names == {"small", "mini", "id-small"}


# Wildcards


MATCHES = {
    "a star stands for anything": ("openai/*", "openai/gpt-5", True),
    "a star stands for slashes too": ("openai/*", "openai/ft:gpt-5/acme", True),
    "a star stands for nothing": ("openai/*", "openai/", True),
    "a star stands for lines too": ("openai/*", "openai/a\nb", True),
    "the beginning counts": ("openai/*", "my-openai/gpt-5", False),
    "the end counts": ("*-mini", "gpt-5-mini-2026", False),
    "the end counts before a line's end too": ("*-mini", "gpt-5-mini\n", False),
    "what is between the stars counts": ("*/gpt-*", "azure/gpt-5", True),
    "what is between the stars is not optional": ("*/gpt-*", "azure/o3", False),
    "a dot is a dot": ("gpt-5.*", "gpt-5x1", False),
    "case counts": ("openai/*", "OpenAI/gpt-5", False),
    "brackets are brackets": ("[a]*", "a", False),
}


@pytest.mark.parametrize(("pattern", "name", "matches"), MATCHES.values(), ids=MATCHES)
def test_what_a_wildcard_serves(pattern: str, name: str, matches: bool) -> None:
    groups = Groups([serving("wild", pattern, "*")], {})
    try:
        served = bool(groups.find(name))
    except UnknownModel:
        served = False

    assert served is matches


@pytest.mark.parametrize("turned", [False, True])
def test_the_most_specific_wildcard_serves(turned: bool) -> None:
    patterns = ["*", "openai/*", "openai/gpt-*", "*/gpt-5*"]
    wild = [serving(pattern, pattern, "*") for pattern in patterns]
    if turned:
        wild.reverse()

    assert found(wild, "openai/gpt-5") == ["openai/gpt-*"]
    assert found(wild, "openai/o3") == ["openai/*"]
    assert found(wild, "azure/gpt-5") == ["*/gpt-5*"]
    assert found(wild, "llama") == ["*"]


def test_of_two_as_long_the_one_with_fewer_stars_serves() -> None:
    assert found([serving("two", "a*b*", "*"), serving("one", "*ab", "*")], "ab") == ["one"]


FILLED = {
    "what the star stood for": ("openai/*", "*", "openai/gpt-5", "gpt-5"),
    "within a name": ("claude-*", "eu.claude-*-v1:0", "claude-opus", "eu.claude-opus-v1:0"),
    "each star its own": ("*/*", "*--*", "acme/gpt-5", "acme--gpt-5"),
    "the whole name if the stars do not pair": ("*/*", "*", "acme/gpt-5", "acme/gpt-5"),
    "nothing to fill": ("cheap-*", "gpt-5-mini", "cheap-anything", "gpt-5-mini"),
}


@pytest.mark.parametrize(("alias", "model", "name", "expected"), FILLED.values(), ids=FILLED)
def test_the_providers_name_is_completed(alias: str, model: str, name: str, expected: str) -> None:
    assert asked_of_provider(serving("wild", alias, model), name) == expected


@given(some.text(max_size=50))
def test_whatever_the_star_stands_for_reaches_the_provider(name: str) -> None:
    assert asked_of_provider(serving("wild", "openai/*", "*"), f"openai/{name}") == name


def test_all_who_share_a_wildcard_serve() -> None:
    wild = [serving("a", "openai/*", "*"), serving("b", "openai/*", "*", "azure")]

    assert found(wild, "openai/gpt-5") == ["a", "b"]


def test_a_wildcard_never_rests_for_one_bad_name_says_nothing_about_the_others() -> None:
    wild = replace(serving("wild", "openai/*", "*"), cooldown_s=30.0)

    assert Groups([wild], {}).find("openai/nonsense")[0].cooldown_s == 0.0


@pytest.mark.parametrize("name", ["wild", "openai/*"])
def test_a_wildcard_without_a_name_to_fill_it_cannot_be_asked(name: str) -> None:
    by_prefix = serving("wild", "custom-*", "*")

    with pytest.raises(UnknownModel):
        Groups([by_prefix], {}).find(name)


def test_a_wildcard_with_a_model_of_its_own_can_be_asked_by_id() -> None:
    assert found([serving("wild", "cheap-*", "gpt-5-mini")], "wild") == ["wild"]


def test_resolved_names_are_remembered_but_not_for_ever() -> None:
    groups = Groups([serving("wild", "openai/*", "*")], {})
    first = groups.find("openai/0")
    for i in range(1, 1000):
        groups.find(f"openai/{i}")

    assert groups.find("openai/0") is first  # not resolved again
    groups.find("openai/1000")
    assert groups.find("openai/0") is not first
    assert groups.find("openai/0") == first


def test_a_name_beyond_all_reason_is_not_matched() -> None:
    groups = Groups([serving("wild", "openai/*", "*")], {})

    assert groups.find("openai/" + "x" * 400)
    with pytest.raises(UnknownModel) as refused:
        groups.find("openai/" + "x" * 100_000)  # two stars would cost its square in time
    assert len(refused.value.message) < 1000


def test_a_deployment_may_have_several_names_and_is_served_once_by_each() -> None:
    again = replace(BIG, alias="all")
    groups = Groups([BIG, SMALL, again, replace(SMALL, alias="all", order=7)], {})

    assert [d.id for d in groups.find("all")] == [BIG.id, SMALL.id]
    assert [d.order for d in groups.find("all")] == [BIG.order, 7]
    assert groups.find(BIG.id) == (BIG,)
    assert groups.find(f"{BIG.target.provider}/{BIG.target.model}") == (BIG,)
