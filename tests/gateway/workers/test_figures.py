"""What several workers have counted, as one; and what stays of those that are gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from prometheus_client import parser

from gateway.metrics.counting import Metrics
from gateway.metrics.figures import Figures, read, summed, written
from gateway.workers.colleagues import FIGURES, HEALTH, Colleagues, socket_of
from gateway.workers.kept import Kept
from tests.gateway.test_metrics import SERVED, busy


def counted(requests: int, **settings: Any) -> Figures:
    metrics = Metrics(known=lambda _: True, **settings)
    for _ in range(requests):
        metrics.request_finished(**SERVED)
    return metrics.figures()


def total(figures: list[Figures]) -> float:
    return sum(row.count for each in figures for _, row in each.requests)


def test_figures_are_read_as_they_were_written() -> None:
    figures = busy().figures()

    again = read(written(figures))

    assert written(again) == written(figures)
    assert again.requests[0][1] == figures.requests[0][1]


def test_of_two_the_page_shows_the_sum() -> None:
    alone = parsed(busy().render(None)[0])

    metrics = busy()
    text, _ = metrics.render(None, [busy().figures(), read(written(busy().figures()))])
    both = parsed(text)

    for key, value in both.items():
        name = str(key[0])
        if name == "sluicegate_workers":
            assert value == 2
        elif name == "litellm_deployment_state" or name.startswith(("python_", "process_start")):
            assert value == alone[key], key
        elif name.startswith(("litellm_", "sluicegate_")):
            assert value == 2 * alone[key], key
    assert both.keys() == alone.keys()


def parsed(text: bytes) -> dict[tuple[object, ...], float]:
    families = parser.text_string_to_metric_families(text.decode())
    return {(s.name, *s.labels.items()): s.value for family in families for s in family.samples}


def test_of_several_opinions_the_worst_is_shown() -> None:
    spot = ("gpt-4o", "gpt-4o/azure-eu", "azure")
    figures = [Figures(states=[(spot, 0)]), Figures(states=[(spot, 2)], shared_up=False)]
    shared = type("Shared", (), {"up": True, "alone": 0})()
    metrics = Metrics(known=lambda _: True, shared=shared)

    samples = parsed(metrics.render(None, figures)[0])

    assert [v for k, v in samples.items() if k[0] == "litellm_deployment_state"] == [2]
    assert samples["sluicegate_shared_state_up",] == 0


def test_of_the_past_only_stays_what_grows() -> None:
    spot = ("gpt-4o", "gpt-4o/azure-eu", "azure")
    one = counted(2, in_flight=lambda: 7, log_dropped=lambda: 3)
    one = Figures(**{**{f: getattr(one, f) for f in Figures.__slots__}, "states": [(spot, 2)]})

    past = summed([one, counted(3)])

    assert (past.workers, past.in_flight, past.states) == (0, 0, ())
    assert past.log_dropped == 3
    assert [row.count for _, row in past.requests] == [5]
    assert past.requests[0][1].input == 5 * 100
    assert sum(past.requests[0][1].took.counts) == 5
    assert past.process.keys() <= {"process_cpu_seconds_total"}


def test_summing_changes_nobodys_rows() -> None:
    one = counted(2)

    summed([one, one])

    assert [row.count for _, row in one.requests] == [2]


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b"[]", b'{"requests":[]}'])
def test_an_answer_that_broke_off_is_none(tmp_path: Path, text: bytes) -> None:
    assert Kept(tmp_path).keep("0-1", text) is None
    assert list(tmp_path.iterdir()) == []


def test_who_says_nothing_counts_with_what_was_told_last(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.all({"0-1": written(counted(2)), "1-2": written(counted(3))})

    after = kept.all({"0-1": written(counted(4)), "1-2": b""})

    assert total(after) == 7
    assert sum(figures.workers for figures in after) == 1


def test_the_dead_count_once_whoever_still_has_their_answer(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.all({"0-1": written(counted(2)), "1-2": written(counted(3))})

    for name in ("0-1", "1-2", "1-3"):
        kept.bury(name)
    after = kept.all({"1-2": written(counted(3)), "0-4": written(counted(1))})

    assert total(after) == 6
    assert sum(figures.workers for figures in after) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-4.told", "1-2.told", "dead"]


# --- asking each other --------------------------------------------------------------------------


@asynccontextmanager
async def answering(folder: Path, **told: Figures) -> AsyncIterator[dict[str, Colleagues]]:
    async with AsyncExitStack() as stack:
        made = {}
        for name, figures in told.items():
            answers = {FIGURES: lambda f=figures: written(f), HEALTH: name.encode}
            made[name] = Colleagues(folder, name, answers)
            await stack.enter_async_context(made[name].answering())
        yield made


async def test_each_hears_all() -> None:
    with TemporaryDirectory() as folder:
        async with answering(Path(folder), a=counted(1), b=counted(2), c=counted(4)) as team:
            heard = [total([*(await each.figures())]) for each in team.values()]
            health = sorted(await team["a"].health())

    assert heard == [7, 7, 7]
    assert health == [b"b", b"c"]


async def test_who_has_gone_leaves_the_figures_behind() -> None:
    with TemporaryDirectory() as folder:
        async with answering(Path(folder), a=counted(1)) as team:
            async with answering(Path(folder), b=counted(2)):
                pass
            Kept(Path(folder)).bury("b")
            heard = await team["a"].figures()

    assert total([*heard]) == 3


async def test_who_hangs_is_not_waited_for() -> None:
    silent = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    with TemporaryDirectory() as folder:
        path = socket_of(Path(folder), "b")
        async with answering(Path(folder), a=counted(1)) as team:
            server = await asyncio.start_unix_server(hang, path)
            heard = await team["a"].figures()
            server.close()
            silent.set()

    assert total([*heard]) == 1
