"""`sluicegate bench`: what is exchanged in the configuration, what is asked, what is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.amended import Amended
from adapters.sse import events
from adapters.types import Dialect, Json
from gateway.bench.errors import CannotMeasure
from gateway.bench.load import Ask, Tally, asked
from gateway.bench.pointed import lifted, native, pointed
from gateway.bench.report import Machine, Report, percentile
from gateway.bench.run import Figures, Measured, Work
from gateway.bench.source import Source, answers
from gateway.bench.subject import Subject, subject
from gateway.bench.talk import Used
from gateway.bench.words import EVENTS, LONE, SPOKEN, path
from gateway.config.build import World
from gateway.config.build import load as load_config
from gateway.config.settings import Settings
from gateway.ledger.models import Models
from routing.state.address import RedisAddress
from tests.bench_configs import SECRETS, rich, written

UPSTREAM = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def models() -> Models:
    return Models.load()


@pytest.fixture
def settings(tmp_path: Path, models: Models) -> Settings:
    return read(tmp_path, rich(), models)


def read(folder: Path, config: Json, models: Models) -> Settings:
    return load_config(written(folder, config), {}, world=World(reasons=models.reasons)).settings


# --- what is exchanged ------------------------------------------------------------------------


def test_no_secret_of_the_operators_is_left(settings: Settings) -> None:
    told = pointed(settings, UPSTREAM, "sk-bench", None)

    left = [value for d in told.deployments for value in _values(d.target)]
    assert not [s for s in SECRETS for value in (*left, told.master_key) if s in value]
    assert any(
        s in value for s in SECRETS for d in settings.deployments for value in _values(d.target)
    )
    assert told.redis is None


def _values(target: object) -> list[str]:
    parts = (getattr(target, name) for name in ("secrets", "headers", "params"))
    return [str(value) for part in parts for value in part.values()]


def test_headers_stay_as_long_as_they_were(settings: Settings) -> None:
    told = pointed(settings, UPSTREAM, "sk-bench", None)

    before, after = (
        [{n: len(v) for n, v in d.target.headers.items()} for d in s.deployments]
        for s in (settings, told)
    )
    assert before == after


def test_every_provider_leads_to_the_measured_one(settings: Settings) -> None:
    told = pointed(settings, UPSTREAM, "sk-bench", None)

    for deployment in told.deployments:
        provider = told.providers[deployment.target.provider]
        assert provider.settled
        assert provider.speaking
        place = provider.settled(deployment.target)
        (endpoint,) = provider.speaking(place, {}).values()
        assert place.base_url == UPSTREAM
        assert endpoint.path.encode() in answers()
        assert endpoint.stream_path.encode() in answers()
        assert (provider.login, provider.auth, provider.url) == (None, None, None)


def test_the_same_doors_are_given_each_time(settings: Settings) -> None:
    told = pointed(settings, UPSTREAM, "sk-bench", None)
    deployment = told.deployments[0]
    provider = told.providers[deployment.target.provider]
    assert provider.settled
    assert provider.speaking
    place = provider.settled(deployment.target)

    first, second = (provider.speaking(place, {}) for _ in range(2))

    assert first is second  # an adapter that sees others works everything out anew


def test_what_providers_need_of_us_is_kept(settings: Settings) -> None:
    told = pointed(settings, UPSTREAM, "sk-bench", None)

    assert told.providers["openai"].quirks == settings.providers["openai"].quirks
    assert isinstance(told.providers["azure"].transport, Amended)
    assert told.providers["mock"].transport is None  # it would answer by itself, and slowly


@pytest.mark.parametrize(
    ("alias", "dialect"),
    [
        ("gpt", Dialect.OPENAI_CHAT),
        ("claude", Dialect.ANTHROPIC_MESSAGES),
        ("gem", Dialect.GEMINI_GENERATE),
        ("rock", None),  # Converse
    ],
)
def test_a_provider_is_measured_in_its_own_dialect_where_that_is_spoken(
    settings: Settings, alias: str, dialect: Dialect | None
) -> None:
    target = next(d.target for d in settings.deployments if d.alias == alias)

    found = native(settings.providers[target.provider], target)

    assert (found[0] if found else None) == dialect


@pytest.mark.parametrize(
    ("limit", "expected"), [(None, None), (0, 0), (3, 3_000_000), (2**60, 2**53 - 1)]
)
def test_limits_are_counted_and_not_reached(limit: int | None, expected: int | None) -> None:
    assert lifted(limit) == expected


def test_limits_keep_their_proportion(settings: Settings) -> None:
    told = pointed(settings, UPSTREAM, "sk-bench", None)

    one, two = (d for d in told.deployments if d.alias == "gpt")
    assert (one.rpm, two.rpm) == (3_000_000, 5_000_000)
    assert one.max_parallel == 1_000_000
    assert two.budget
    assert two.budget.limit == 10**9


def test_where_no_key_is_asked_for_there_is_none() -> None:
    assert pointed(Settings(), UPSTREAM, "sk-bench", None).master_key == ""
    assert pointed(Settings(master_key="x"), UPSTREAM, "sk-bench", None).master_key == "sk-bench"


# --- what is measured -------------------------------------------------------------------------


def test_the_first_alias_for_chat_is_measured(settings: Settings, models: Models) -> None:
    assert subject(settings, models, "", with_state=False).alias == "gpt"


@pytest.mark.parametrize(
    ("alias", "part"),
    [
        ("clade", "did you mean claude?"),
        ("zzz", "there are: "),
        ("emb", "is a model for embedding"),
        ("keyless", "is off: no key"),
    ],
)
def test_what_cannot_be_measured_is_told(
    settings: Settings, models: Models, alias: str, part: str
) -> None:
    with pytest.raises(CannotMeasure, match=part.replace("?", r"\?")):
        subject(settings, models, alias, with_state=False)


def test_a_wildcard_gets_a_name_when_there_is_nothing_else(tmp_path: Path, models: Models) -> None:
    params = {"model": "openai/*", "api_key": "k"}
    only = {"model_list": [{"model_name": "team/*", "litellm_params": params}]}

    found = subject(read(tmp_path, only, models), models, "", with_state=False)

    assert found.alias == "team/bench"


@pytest.mark.parametrize(
    ("with_state", "part"), [(False, "is not touched"), (True, "State is shared through")]
)
def test_what_becomes_of_a_redis_is_told_without_its_password(
    models: Models, settings: Settings, with_state: bool, part: str
) -> None:
    assert isinstance(settings.redis, RedisAddress)

    notes = " ".join(subject(settings, models, "gpt", with_state=with_state).notes)

    assert part in notes
    assert "raised a million times" in notes
    assert settings.redis.password not in notes


# --- the measured provider --------------------------------------------------------------------


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    loop, known = asyncio.get_running_loop(), answers()
    server = await loop.create_server(lambda: Source(known), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize("dialect", SPOKEN)
def test_a_stream_has_as_many_events_with_content_as_it_says(dialect: Dialect) -> None:
    words = SPOKEN[dialect]

    said = events(words.opening + words.event * EVENTS + words.ending)

    assert sum(b" hello" in event.data for event in said) == EVENTS


async def test_clients_ask_until_their_time_is_up(port: int) -> None:
    ask = Ask(port, raw(path(Dialect.OPENAI_CHAT, stream=True)), stream=True)

    tally = await asyncio.to_thread(asked, ask, 2, 0.05)

    assert (tally.failed, tally.error) == (0, "")
    assert tally.events == (EVENTS + 3) * len(tally.times)  # with the role, the end and the usage
    assert len(tally.firsts) == len(tally.times) >= 2
    assert tally.seconds >= 0.05


async def test_a_first_event_may_come_alone(port: int) -> None:
    ask = Ask(port, raw(path(Dialect.OPENAI_CHAT, stream=True), LONE.decode()), stream=True)

    tally = await asyncio.to_thread(asked, ask, 1, 0.0)

    assert len(tally.times) == 1
    assert tally.times[0] > tally.firsts[0]


async def test_whoever_is_refused_stops_and_says_so(port: int) -> None:
    tally = await asyncio.to_thread(asked, Ask(port, raw("/nowhere"), stream=False), 1, 5.0)

    assert (tally.failed, tally.error) == (1, "404 Not Found")


async def test_an_address_where_nobody_is_is_a_failure(unused_tcp_port: int) -> None:
    ask = Ask(unused_tcp_port, raw("/"), stream=False)

    tally = await asyncio.to_thread(asked, ask, 1, 0.0)

    assert tally.failed == 1
    assert "cannot connect" in tally.error


def raw(where: str, body: str = "{}") -> bytes:
    return f"POST {where} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


# --- what is told -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([3.0], 99, 3.0), ([4.0, 1.0, 2.0, 3.0], 50, 2.0), ([*range(1, 101)], 99, 99)],
)
def test_percentiles(values: list[float], percent: float, expected: float | None) -> None:
    assert percentile(values, percent) == expected


def report(**tallies: Tally) -> Report:
    direct = Tally([0.001], [0.0005], events=100, seconds=1.0)
    through = Tally([0.003], [0.002], events=100, seconds=2.0)
    chat, first, load, burst = (
        Measured(Work(stream, 1, 0.1, 0.1), direct, tallies.get("through", through), cpu_s=0.0004)
        for stream in (False, True, False, True)
    )
    idle, after = Used(1.0, 50.0, "PSS"), Used(2.0, 60.0, "PSS")
    figures = Figures(chat, first, load, burst, idle, after)
    machine = Machine(2, "3.11", "Linux", {"sluicegate": "1"})
    return Report(Subject("gpt", ("openai/gpt",), ("a note",)), machine, "hypercorn", 4, figures)


def test_a_report_has_all_figures_with_their_units() -> None:
    rows = {
        (row.name.rpartition(", ")[2], row.unit): (row.direct, row.through, row.added)
        for row in report().rows
    }

    assert rows["4 clients", "requests/s"] == (1.0, 0.5, None)
    assert rows["4 clients", "events/s"] == (100.0, 50.0, None)
    assert rows["CPU of the gateway", "µs/request"][1] == pytest.approx(400)
    assert rows["CPU of the gateway", "µs/event"][1] == pytest.approx(4)
    assert rows["p50", "ms"] == (0.5, 2.0, 1.5)  # of the first token, the last of that name
    assert [row.through for row in report().rows if row.unit == "MB"] == [50.0, 60.0]


def test_a_report_is_a_table_and_says_how_to_read_it() -> None:
    text = report().text()

    assert "| chat 1 KB, 1 client, p50 | ms | 1.00 | 3.00 | 2.00 |" in text
    assert "own overhead" in text
    assert "- a note" in text
    assert "With so few cores" in text


def test_a_figure_that_was_not_measured_is_left_empty() -> None:
    text = report(through=Tally(failed=1, error="500: no")).text()

    assert "| chat 1 KB, 1 client, p50 | ms | 1.00 |  |  |" in text


def test_what_failed_is_told_to_programs() -> None:
    document = report(through=Tally(failed=1, error="500: no")).document()

    assert document["error"] == "500: no"
    assert document["failed"] == 4
