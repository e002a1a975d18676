from dataclasses import replace

import pytest

from adapters.errors import Failure, Kind, Resting
from adapters.types import Target
from routing.deployment import Deployment
from routing.policy import Policy
from routing.retry_budget import Balance, RetryBudget, cost
from tests.fakes import FakeClock
from tests.routing.worlds import DOWN, SMALL, A, World, chain, deployment, failure

ONCE = failure(Kind.RATE_LIMIT)  # costs 1


def at(secret: str, provider: str = "fake") -> Deployment:
    target = Target(provider, "m", secrets={"api_key": secret})
    return replace(deployment(f"{provider}-{secret}"), target=target)


def spent(budget: RetryBudget, account: Deployment) -> int:
    """How many more retries it affords."""
    count = 0
    while budget.affords(account, ONCE):
        budget.spend(account, ONCE)
        count += 1
    return count


COSTS = {
    "a rate limit": (ONCE, 5),
    "a connection that was refused": (DOWN, 5),
    "a time-out": (failure(Kind.TIMEOUT), 10),
    "an answer that broke off": (failure(Kind.BROKEN), 10),
    "a server error": (Failure(Kind.TRANSIENT, "", upstream_status=503), 10),
    "a conflict": (Failure(Kind.TRANSIENT, "", upstream_status=409), 5),
    "a rest": (Resting("all rest"), 5),
}


@pytest.mark.parametrize(("error", "expected"), COSTS.values(), ids=COSTS)
def test_what_may_have_been_billed_costs_twice(error: Failure, expected: int) -> None:
    assert cost(error) == expected


def test_ten_retries_in_ten_seconds_are_always_allowed() -> None:
    assert spent(RetryBudget(FakeClock()), at("k")) == 10


def test_five_calls_earn_one_more() -> None:
    budget = RetryBudget(FakeClock())
    for _ in range(50):
        budget.called(at("k"))

    assert spent(budget, at("k")) == 20


def test_what_was_spent_and_earned_is_forgotten_after_ten_seconds() -> None:
    clock = FakeClock()
    budget = RetryBudget(clock)
    budget.called(at("k"))
    spent(budget, at("k"))

    clock.t += 9.0
    assert not budget.affords(at("k"), ONCE)
    clock.t += 1.0
    assert spent(budget, at("k")) == 10


def test_a_balance_keeps_one_number_for_each_second() -> None:
    balance = Balance()
    for i in range(10_000):
        balance.add(1000 + i / 100, 1)

    assert balance.left(1099.99) == 50 + 1000
    assert len(balance._parts) == 10


def test_each_credential_at_each_provider_has_its_own() -> None:
    budget = RetryBudget(FakeClock())
    spent(budget, at("one"))

    assert not budget.affords(at("one"), ONCE)
    assert budget.affords(at("two"), ONCE)
    assert budget.affords(at("one", "other"), ONCE)


def test_models_of_the_same_credential_share_one() -> None:
    budget = RetryBudget(FakeClock())
    spent(budget, at("one"))
    sibling = replace(at("one"), id="sibling", target=replace(at("one").target, model="n"))

    assert not budget.affords(sibling, ONCE)


async def test_an_outage_does_not_multiply_the_load() -> None:
    world = World(A, scripts={"a": [DOWN]})
    policy = Policy(retries=2, backoff=0.0)
    for _ in range(100):
        await world.refusal(policy=policy)

    assert len(world.tried) == 100 + 10 + 100 // 5


async def test_where_it_is_switched_off_every_call_has_its_retries() -> None:
    world = World(A, scripts={"a": [DOWN]})
    for _ in range(100):
        await world.refusal(policy=Policy(retries=2, backoff=0.0, retry_budget=False))

    assert len(world.tried) == 300


async def test_who_cannot_try_again_goes_to_the_fallback() -> None:
    world = World(A, SMALL, scripts={"a": [DOWN]})
    policy = Policy(retries=9, backoff=0.0, fallbacks={"big": chain("small")})
    for _ in range(3):
        await world.send(policy=policy)

    assert world.tried.count("s") == 3
    assert world.tried.count("a") <= 3 + 10


async def test_a_retry_is_paid_for_before_the_pause() -> None:
    world = World(A, scripts={"a": [DOWN]})

    await world.refusal(policy=Policy(retries=1))

    assert spent(world.router.budget, A) == 9
