from dataclasses import fields
from random import Random

from adapters.errors import Kind
from routing.deployment import Stats
from routing.health import Health
from routing.known import Seen, known
from routing.limits import Limits
from routing.policy import RestRules
from routing.state.memory import MemoryStore
from tests.fakes import FakeClock
from tests.routing.worlds import A, B, World, call, failure


def test_a_view_has_all_that_stats_have() -> None:
    assert {field.name for field in fields(Stats)} <= set(dir(Seen))


def test_a_view_says_what_stats_say() -> None:
    clock = FakeClock()
    health = Health(RestRules(allowed_fails=1), clock, Random(1))
    limits = Limits(MemoryStore(clock), clock, "me")
    views = known((A, B), health, limits, clock)
    health.started(A)
    health.timed(A, 0.5, 2.5, 21)
    health.failed(A, failure(Kind.TRANSIENT), lone=False)
    health.failed(A, failure(Kind.TRANSIENT), lone=False)
    stats = health.stats((A, B))

    assert stats["a"].cooling
    for field in fields(Stats):
        for name in ("a", "b"):
            assert getattr(views[name], field.name) == getattr(stats[name], field.name), field.name


async def test_a_view_tells_what_was_used() -> None:
    world = World(A, B)
    await world.send(call())

    seen = world.router.chooser.known["a"]
    limits = world.router.chooser.limits
    assert (seen.requests, seen.tokens, seen.left) == (*limits.used(A), 1.0)
    assert seen.requests == 1
    assert world.router.chooser.known["b"].requests == 0


def test_who_rests_or_is_on_probation_is_unwell_and_nobody_else() -> None:
    clock = FakeClock()
    health = Health(RestRules(allowed_fails=0), clock, Random(1))
    before = dict(health.unwell())
    health.failed(A, failure(Kind.TRANSIENT), lone=False)
    health.failed(B, failure(Kind.RATE_LIMIT, retry_after=3.0), lone=False)
    both = {id: bool(seen.cooling) for id, seen in health.unwell().items()}
    clock.t += 400
    on_probation = {id: seen.ejected for id, seen in health.unwell().items()}
    health.started(A)
    health.succeeded(A)

    assert before == {}
    assert both == {"a": True, "b": True}
    assert on_probation == {"a": True}
    assert health.unwell() == {}
