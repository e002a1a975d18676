"""Budgets of deployments and providers."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import count
from math import inf
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.errors import Failure, Kind, OverBudget
from adapters.types import Target, Usage
from routing.ask import Ask
from routing.budgets import Budgets
from routing.deployment import Budget, Deployment
from routing.state.address import RedisAddress
from routing.state.memory import MemoryStore
from routing.state.redis_store import RedisStore
from tests.fakes import FakeBody, FakeClock
from tests.routing.state.servers import eventually, server
from tests.routing.worlds import (
    DOWN,
    NO_RETRIES,
    TO_SMALL,
    A,
    B,
    World,
    call,
    deployment,
    read,
)

DAY_S = 86_400.0
POOR = replace(A, budget=Budget(100, DAY_S))
ASK = Ask(call())


def one_a_token(_: Deployment, usage: Usage) -> int:
    return usage.input + usage.output


def budgets(clock: FakeClock, **providers: Budget) -> Budgets:
    return Budgets(providers, one_a_token, MemoryStore(clock))


def solvent(kept: Budgets, *fit: Deployment) -> list[str]:
    return [d.id for d in kept.check.keep(fit, ASK)]


def test_who_has_spent_it_all_is_left_out_until_the_period_is_over() -> None:
    clock = FakeClock()
    kept = budgets(clock)
    kept.spent(POOR, Usage(60, 39), ASK)

    assert solvent(kept, POOR, B) == ["a", "b"]

    clock.t += 100
    kept.spent(POOR, Usage(1, 0), ASK)
    assert solvent(kept, POOR, B) == ["b"]
    assert kept.wait(POOR) == DAY_S - 100

    clock.t += DAY_S - 100
    assert solvent(kept, POOR, B) == ["a", "b"]


def test_a_provider_s_budget_is_one_for_all_its_deployments() -> None:
    kept = budgets(FakeClock(), fake=Budget(100, DAY_S))
    other = replace(B, target=Target("other", "b"))
    kept.spent(A, Usage(100, 0), ASK)

    assert solvent(kept, A, deployment("c"), other) == ["b"]


def test_both_budgets_hold() -> None:
    kept = budgets(FakeClock(), fake=Budget(1000, DAY_S))
    kept.spent(POOR, Usage(100, 0), ASK)

    assert solvent(kept, POOR, B) == ["b"]


def test_a_budget_of_nothing_is_used_up() -> None:
    kept = budgets(FakeClock())

    assert solvent(kept, replace(A, budget=Budget(0, DAY_S)), B) == ["b"]


def test_without_a_period_it_lasts_for_good() -> None:
    clock = FakeClock()
    kept = budgets(clock)
    poor = replace(A, budget=Budget(100, inf))
    kept.spent(poor, Usage(100, 0), ASK)
    clock.t += 1000 * DAY_S

    assert solvent(kept, poor) == []


def test_an_answer_that_nobody_counted_costs_its_prompt_at_least() -> None:
    kept = budgets(FakeClock())
    kept.spent(POOR, Usage(), Ask(call(messages=[{"role": "user", "content": "abcd" * 100}])))

    assert solvent(kept, POOR) == []


async def test_the_next_call_goes_elsewhere_and_the_last_one_is_told_when_to_come_back() -> None:
    clock = FakeClock()
    world = World(POOR, clock=clock, budgets=budgets(clock))
    long = call(messages=[{"role": "user", "content": "abcd" * 100}])
    await world.send(long, NO_RETRIES)
    clock.t += 400

    error = await world.refusal(long, NO_RETRIES)

    assert isinstance(error, OverBudget)
    assert (error.status, error.type, error.retry_after) == (429, "budget_exceeded", DAY_S - 400)
    assert world.tried == ["a"]


async def test_a_fallback_has_its_own_budget() -> None:
    clock = FakeClock()
    world = World(
        replace(A, budget=Budget(0, DAY_S)),
        deployment("s", "small"),
        clock=clock,
        budgets=budgets(clock),
    )

    await world.send(policy=TO_SMALL)

    assert world.tried == ["s"]


async def test_failures_cost_nothing() -> None:
    clock = FakeClock()
    kept = budgets(clock)
    world = World(POOR, clock=clock, budgets=kept, scripts={"a": [DOWN]})

    await world.refusal(call(messages=[{"role": "user", "content": "abcd" * 100}]), NO_RETRIES)

    assert solvent(kept, POOR) == ["a"]


async def test_a_stream_is_paid_for_even_if_it_breaks_off() -> None:
    clock = FakeClock()
    kept = budgets(clock)
    broken = FakeBody(b"x", error=Failure(Kind.BROKEN, "cut"))
    world = World(POOR, clock=clock, budgets=kept, scripts={"a": [broken]})
    asked = call(stream=True, messages=[{"role": "user", "content": "abcd" * 100}])
    reply = await world.send(asked, NO_RETRIES)

    assert solvent(kept, POOR) == ["a"]  # it has only begun

    with pytest.raises(Failure):
        await read(reply)
    assert solvent(kept, POOR) == []


# Several processes


Process = Callable[[], Budgets]


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    """Starts one more that shares a Redis with the others."""
    owners = count()
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(server(tmp_path))

        def one() -> Budgets:
            name, clock = f"p{next(owners)}-", SystemClock()
            store = RedisStore(redis.address, clock, name, patience_s=2.0)
            store.start()
            stack.push_async_callback(store.close)
            return Budgets({"fake": Budget(1000, DAY_S)}, one_a_token, store)

        yield one


async def test_what_one_process_has_spent_another_refuses_soon_after(process: Process) -> None:
    here, there = process(), process()
    await there.learn([POOR, B])
    here.spent(POOR, Usage(60, 0), ASK)
    there.spent(POOR, Usage(40, 0), ASK)

    await eventually(lambda: not solvent(here, POOR))
    await eventually(lambda: not solvent(there, POOR))

    assert solvent(here, POOR, B) == solvent(there, POOR, B) == ["b"]
    assert DAY_S - 60 < there.wait(POOR) <= DAY_S
    assert here.wait(POOR) == pytest.approx(there.wait(POOR), abs=5)

    here.spent(B, Usage(900, 0), ASK)
    await eventually(lambda: not solvent(there, B))  # the provider's is one for all


async def test_money_is_not_forgotten_when_a_process_is_started_anew(process: Process) -> None:
    before = process()
    before.spent(POOR, Usage(100, 0), ASK)
    await before.store.close()
    anew = process()

    await anew.learn([POOR, B])

    assert solvent(anew, POOR, B) == ["b"]


async def test_a_store_that_is_gone_keeps_nobody_from_starting() -> None:
    here = Budgets({}, one_a_token, RedisStore(RedisAddress(port=1), SystemClock(), "a"))
    await here.learn([POOR])
    here.spent(POOR, Usage(100, 0), ASK)

    assert solvent(here, POOR, B) == ["b"]
    await here.store.close()
