"""Where there is too much to do: how much is sent elsewhere, and to whom."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.errors import Failure, Kind
from adapters.types import Target
from routing.ask import Ask
from routing.deployment import Deployment
from routing.overload import MOST, SPAN_S, Overload, Place, Shunned, Tally, is_overload, place
from routing.policy import Policy, RestRules
from tests.fakes import FakeBody
from tests.routing.worlds import ANSWER, World, call, chain, failure, read

NOW = 1000.0
FULL = Failure(Kind.TRANSIENT, "overloaded", upstream_status=529)


def at(id: str, provider: str, where: str = "", *, model: str = "m", **facts: Any) -> Deployment:
    """A deployment at a place of its own."""
    target = Target(provider, model, base_url=where)
    return Deployment(id=id, alias=facts.pop("alias", "big"), target=target, **facts)


ONE, KEY, EU = at("one", "p"), at("another key", "p"), at("eu", "p", "https://eu")
MINI, OTHER = at("mini", "p", model="mini"), at("other", "q")
LATER = at("later", "q", order=1)


# What is an overload


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (Failure(Kind.TRANSIENT, "", upstream_status=529), True),
        (Failure(Kind.TRANSIENT, "", upstream_status=503), True),
        (Failure(Kind.TRANSIENT, "", overloaded=True), True),
        (Failure(Kind.RATE_LIMIT, "", upstream_status=429, overloaded=True), True),
        (Failure(Kind.RATE_LIMIT, "", upstream_status=429), False),
        (Failure(Kind.RATE_LIMIT, "throttled", upstream_status=503), False),
        (Failure(Kind.QUOTA, "", upstream_status=503), False),
        (Failure(Kind.TRANSIENT, "", upstream_status=500), False),
        (Failure(Kind.TRANSIENT, "refused the connection"), False),
        (Failure(Kind.TIMEOUT, "", upstream_status=504), False),
    ],
)
def test_what_is_an_overload(error: Failure, is_one: bool) -> None:
    assert is_overload(error) is is_one


def test_a_place_is_the_same_with_every_key_and_another_one_elsewhere() -> None:
    assert place(ONE) == place(KEY)
    assert len({place(d) for d in (ONE, EU, MINI, OTHER, at("r", "p", region="eu-1"))}) == 5


# How much is sent elsewhere


@pytest.mark.parametrize(
    ("before", "answered", "refused", "share"),
    [
        (0, 0, 1, 1 / 2),  # the first request that it ever had
        (1, 0, 1, 1 / 2),
        (2, 0, 1, 0.0),  # half are accepted
        (100, 0, 1, 0.0),
        (1, 1, 1, 0.0),
        (1, 1, 2, 1 / 4),
        (1, 0, 4, MOST),
        (1, 0, 1000, MOST),
        (100, 0, 100, MOST),
        (1, 10, 30, (40 - 2 * 10) / 41),
    ],
)
def test_the_share_that_a_place_is_spared(
    before: int, answered: int, refused: int, share: float
) -> None:
    tally = Tally(NOW, "one", before)
    tally.refused(NOW, "one", NOW - 1.0, counted=False)
    for _ in range(refused - 1):  # what began before it began to count was counted already
        began = NOW - 1.0 if before == 100 else NOW + 1.0
        tally.refused(NOW + 1.0, "one", began, counted=False)
    for _ in range(answered):
        tally.answered(NOW + 1.0, "one", NOW + 1.0)

    assert tally.spared(NOW + 1.0) == pytest.approx(share)


def test_a_stream_that_is_refused_half_way_was_no_second_request() -> None:
    tally = Tally(NOW, "one", 1)
    tally.refused(NOW, "one", NOW, counted=False)
    tally.answered(NOW + 2.0, "one", NOW + 1.0)
    tally.refused(NOW + 3.0, "one", NOW + 1.0, counted=True)

    assert tally.spared(NOW + 3.0) == pytest.approx(2 / 3)


def test_what_is_long_ago_counts_no_more() -> None:
    overload = Overload()
    refuse(overload, NOW, ONE)
    assert overload.spared(NOW + SPAN_S - 1.0, KEY) == 0.5

    assert overload.spared(NOW + SPAN_S, KEY) == 0.0
    assert not overload.places
    assert overload.shunned(NOW + SPAN_S, {"one": 0}, Random(1)) is None


@given(some.lists(some.tuples(some.booleans(), some.floats(0, 60)), max_size=60))
def test_the_share_is_always_one_and_never_all(events: list[tuple[bool, float]]) -> None:
    overload, now = Overload(), NOW
    for accepted, later in events:
        now += later
        if accepted:
            overload.answered(now, ONE, now)
        else:
            refuse(overload, now, ONE)

        assert 0.0 <= overload.spared(now, ONE) <= MOST


def test_there_are_never_more_places_than_so_many() -> None:
    overload = Overload()
    for number in range(250):
        refuse(overload, NOW, at(str(number), "p", model=str(number)))

    assert len(overload.places) == 200
    assert ("p", "", "249") in overload.places


def refuse(overload: Overload, now: float, *deployments: Deployment, before: int = 1) -> None:
    for deployment in deployments:
        overload.failed(now, deployment, FULL, now, before=before)


# Who has it instead


NONE: frozenset[Place] = frozenset()
HOT = frozenset({place(ONE)})
ELSEWHERE = frozenset({place(at("x", "q", model="of another alias"))})
INSTEAD: dict[str, tuple[Shunned, Sequence[Deployment], Sequence[Deployment]]] = {
    "somebody else": (Shunned(NONE, HOT), [ONE, OTHER], [OTHER]),
    "not with another key": (Shunned(NONE, HOT), [ONE, KEY, OTHER], [OTHER]),
    "another provider before another model or region": (
        Shunned(NONE, HOT),
        [ONE, MINI, EU, OTHER],
        [OTHER],
    ),
    "another model or region where no other provider is": (
        Shunned(NONE, HOT),
        [ONE, MINI, EU],
        [MINI, EU],
    ),
    "a higher order where nobody else is": (Shunned(NONE, HOT), [ONE, KEY, LATER], [LATER]),
    "but orders come before providers": (Shunned(NONE, HOT), [ONE, EU, LATER], [EU]),
    "nobody: it goes there all the same": (Shunned(NONE, HOT), [ONE, KEY], [ONE, KEY]),
    "rather who is spared than who has refused this call": (
        Shunned(frozenset({place(OTHER)}), HOT),
        [ONE, OTHER],
        [ONE],
    ),
    "if all have refused it, all": (
        Shunned(frozenset({place(OTHER), *HOT})),
        [ONE, OTHER],
        [ONE, OTHER],
    ),
    "what is spared of another alias says nothing here": (
        Shunned(NONE, ELSEWHERE),
        [ONE, OTHER],
        [ONE, OTHER],
    ),
    "who has refused at another alias does": (
        Shunned(ELSEWHERE),
        [ONE, OTHER],
        [ONE],
    ),
}


@pytest.mark.parametrize(("shunned", "candidates", "left"), INSTEAD.values(), ids=INSTEAD)
def test_who_has_it_instead(
    shunned: Shunned, candidates: Sequence[Deployment], left: Sequence[Deployment]
) -> None:
    assert shunned.others(candidates) == left


def test_who_has_refused_the_call_is_left_out_for_certain_and_others_by_chance() -> None:
    overload, rng = Overload(), Random(1)
    refuse(overload, NOW, ONE)

    again = [overload.shunned(NOW, {"one": 0}, rng) for _ in range(100)]
    fresh = [overload.shunned(NOW, {}, rng) for _ in range(1000)]

    assert set(again) == {Shunned(HOT)}
    assert Counter(fresh)[None] == pytest.approx(500, abs=60)
    assert set(fresh) == {None, Shunned(NONE, HOT)}


@pytest.mark.parametrize("error", [FULL, failure(Kind.RATE_LIMIT)])
def test_a_strained_provider_is_known_by_its_address(error: Failure) -> None:
    overload = Overload()
    assert not overload.strained(NOW, ONE)
    overload.failed(NOW, ONE, error, NOW, before=1)

    assert overload.strained(NOW + 119.0, MINI)
    assert not overload.strained(NOW + 119.0, EU)
    assert not overload.strained(NOW + SPAN_S, MINI)


# In a router


class Named(World):
    """A world whose providers are those of its deployments."""

    def __init__(self, *deployments: Deployment, **around: Any) -> None:
        super().__init__(*deployments, **around)
        for each in deployments:
            self.router.attempts.adapters[each.target.provider] = self.provider  # type: ignore[index]  # a dict

    @property
    def asked(self) -> Sequence[str]:
        return [f"{t.provider}/{t.model}" for t in self.provider.targets]


async def test_a_retry_after_an_overload_goes_to_another_provider() -> None:
    first, same, other = at("a", "p", model="a"), at("b", "p", model="a"), at("c", "q", model="c")
    world = Named(first, same, other, scripts={"a": [FULL]})

    await world.send()

    assert world.asked == ["p/a", "q/c"]


async def test_so_does_the_first_try_at_a_fallback() -> None:
    first = at("a", "p", model="a")
    same, other = at("s", "p", alias="small", model="s"), at("t", "q", alias="small", model="t")
    world = Named(first, same, other, scripts={"a": [FULL]})

    await world.send(policy=Policy(retries=0, fallbacks={"big": chain("small")}))

    assert world.asked == ["p/a", "q/t"]


async def test_where_nobody_else_is_left_it_goes_there_all_the_same() -> None:
    world = Named(at("a", "p", model="a"), scripts={"a": [FULL, FULL, FULL, ANSWER]})

    reply = await world.send(policy=Policy(retries=3, backoff=0.0))

    assert reply.body == ANSWER
    assert world.asked == ["p/a"] * 4


async def test_an_overloaded_place_gets_fewer_calls_until_it_accepts_them() -> None:
    sick, well = at("a", "p", model="a"), at("b", "q", model="b")
    scripts = {"a": [FULL] * 6 + [ANSWER]}
    world = Named(sick, well, scripts=scripts, rules=RestRules(enabled=False))
    overload, policy = world.router.chooser.overload, Policy(retries=1)
    shares = []
    for _ in range(200):
        await world.send(policy=policy)
        world.clock.t += 0.1
        shares.append(overload.spared(world.clock.t, sick))

    assert max(shares) > 0.7
    assert shares[-1] == 0.0
    assert world.asked.count("p/a") > 100


async def test_who_was_passed_over_for_a_higher_order_is_tried_when_that_fails() -> None:
    busy, later = at("a", "p", model="a", order=1), at("b", "q", model="b", order=2)
    world = Named(busy, later, scripts={"b": [failure(Kind.TRANSIENT)]})
    for _ in range(9):
        refuse(world.router.chooser.overload, world.clock.t, busy)

    reply = await world.send(policy=Policy(retries=0))

    assert reply.body == ANSWER
    assert world.asked == ["q/b", "p/a"]


async def test_where_nothing_is_overloaded_nothing_is_noted() -> None:
    world = Named(
        at("a", "p", model="a"), at("b", "q", model="b"), scripts={"a": [failure(Kind.TIMEOUT)]}
    )

    await world.send()

    assert not world.router.chooser.overload.places


async def test_a_stream_that_breaks_off_for_it_counts() -> None:
    broken = FakeBody(b"x", error=Failure(Kind.TRANSIENT, "Overloaded", overloaded=True))
    first = at("a", "p", model="a")
    world = Named(first, scripts={"a": [broken]})

    with pytest.raises(Failure):
        await read(await world.send(call(stream=True)))

    assert world.router.chooser.overload.spared(world.clock.t, first) == 0.5


def test_a_choice_among_overloaded_places_waits_for_nothing() -> None:
    first, other = at("a", "p", model="a"), at("b", "q", model="b")
    chooser = Named(first, other).router.chooser
    refuse(chooser.overload, chooser.clock.now(), first)

    choice = chooser.choose("big", [first, other], Ask(call()), {"a": 0})
    with pytest.raises(StopIteration) as done:
        choice.send(None)

    assert done.value.value.deployment is other
