from typing import Any

import pytest

from routing.deployment import Stats
from routing.strategies import find
from tests.routing.strategies.draws import drawn
from tests.routing.worlds import A, B, C


def whole(*samples: float, **facts: Any) -> Stats:
    return Stats(latencies=samples, **facts)


def streamed(*samples: float, whole: float = 1.0) -> Stats:
    return Stats(first_tokens=samples, latencies=(whole,) * len(samples))


CASES: dict[str, tuple[tuple[Stats, Stats, Stats], dict[str, Any], set[str]]] = {
    "the lowest mean": ((whole(0.1, 0.5), whole(0.2, 0.2), whole(0.3)), {}, {"b"}),
    "by lot among equals": ((whole(0.1, 0.3), whole(0.2), whole(0.3)), {}, {"a", "b"}),
    "who is not measured comes first": ((whole(0.1), Stats(), whole(0.2)), {}, {"b"}),
    "by lot among these": ((whole(0.1), Stats(), Stats()), {}, {"b", "c"}),
    "but one at a time": ((whole(0.1), Stats(in_flight=1), whole(0.2)), {}, {"a"}),
    "and if nobody is measured by lot": (
        (Stats(in_flight=1), Stats(in_flight=2), Stats(in_flight=1)),
        {},
        {"a", "b", "c"},
    ),
    "a time-out is very slow": ((whole(0.1, 1000.0), whole(20.0), whole(30.0)), {}, {"b"}),
    "within the buffer all are as good": (
        (whole(0.10), whole(0.14), whole(0.16)),
        {"lowest_latency_buffer": 0.5},
        {"a", "b"},
    ),
    "the buffer is not for those who are not measured": (
        (whole(0.10), Stats(), whole(0.10)),
        {"lowest_latency_buffer": 0.5},
        {"b"},
    ),
    "only the newest samples count": (
        (whole(0.1, 0.1, 9.0), whole(9.0, 9.0, 0.1), whole(9.0)),
        {"max_latency_list_size": 1},
        {"b"},
    ),
    "ten if nothing is said": ((whole(*[0.1] * 5, *[1.0] * 10), whole(0.9), whole(2)), {}, {"b"}),
    "samples that are too old do not count": (
        (whole(0.1, 9.0, latency_ages=(90.0, 5.0)), whole(1.0, latency_ages=(8.0,)), whole(2.0)),
        {"ttl": 60},
        {"b"},
    ),
    "streams are compared by their first token": (
        (streamed(0.5, whole=1), streamed(0.4, whole=9), streamed(0.6, whole=1)),
        {},
        {"b"},
    ),
    "but only if all have streamed": (
        (streamed(0.5, whole=1), streamed(0.4, whole=9), whole(2.0)),
        {},
        {"a"},
    ),
    "by a percentile if asked": (
        (streamed(0.1, 0.1, 0.9), streamed(0.5, 0.5, 0.5), streamed(2.0)),
        {"ttft_percentile": 95},
        {"b"},
    ),
    "the middle one": (
        (streamed(0.1, 0.1, 9.0), streamed(0.5, 0.5, 0.5), streamed(2.0)),
        {"ttft_percentile": 50},
        {"a"},
    ),
}


@pytest.mark.parametrize(("stats", "options", "chosen"), CASES.values(), ids=CASES)
def test_who_was_fastest_is_chosen(
    stats: tuple[Stats, Stats, Stats], options: dict[str, Any], chosen: set[str]
) -> None:
    # Ages that a case does not give are those of samples noted just now.
    known = {
        id: seen if seen.latency_ages else _aged(seen)
        for id, seen in zip("abc", stats, strict=True)
    }
    strategy = find("latency-based-routing", options)

    assert drawn(strategy, [A, B, C], known, times=200).keys() == chosen


def _aged(seen: Stats) -> Stats:
    return Stats(
        in_flight=seen.in_flight,
        latencies=seen.latencies,
        latency_ages=(0.0,) * len(seen.latencies),
        first_tokens=seen.first_tokens,
        first_token_ages=(0.0,) * len(seen.first_tokens),
    )
