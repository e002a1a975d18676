"""The bench measures what it says: one small workload for real, and its parts by themselves."""

import asyncio
import json
import math
import sys
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.client import Client
from tests.bench.contenders import PLAIN, Contender, Launch
from tests.bench.heard import Heard, quantile
from tests.bench.lineup import everybody, relay, sluicegate
from tests.bench.parts import costs
from tests.bench.report import Table
from tests.bench.script import Script, read
from tests.bench.stage import Bench
from tests.bench.workloads import BURSTS, CHAT_1K, WORKLOADS

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@needs_proc
def test_a_relay_and_sluicegate_are_measured_side_by_side() -> None:
    contenders = [relay("hypercorn"), sluicegate("hypercorn")]
    bench = Bench(contenders, [CHAT_1K, BURSTS], rounds=1, quick=True)

    requests, events, rig = costs.tables(bench)

    assert bench.notes == []
    for table in (requests, events):
        assert [row[1] for row in table.rows] == ["relay, Hypercorn", "Sluicegate, Hypercorn"]
        assert all(
            isinstance(cell, int | float) and cell > 0
            for _, _, *rest in table.rows
            for cell in rest[:2]
        )
    assert [row[0] for row in rig.rows] == [CHAT_1K.name, BURSTS.name]


@needs_proc
def test_who_does_not_start_is_left_out_with_its_last_words() -> None:
    broken = Contender("broken", lambda _: Launch([sys.executable, "-c", "exit('no')"]), PLAIN)
    bench = Bench([broken], [], rounds=1, quick=True)

    tables = list(costs.tables(bench))

    assert tables == []
    assert bench.notes == ["broken: left out, ended with 1: no"]


def test_names_tell_contenders_and_workloads_apart() -> None:
    for names in ([one.name for one in everybody()], [one.name for one in WORKLOADS]):
        assert len(names) == len(set(names))


def test_a_prompt_carries_its_script_through_any_gateway() -> None:
    script = Script(events=100, pace_ms=20, first_ms=5)
    prompt = script.prompt(800)

    assert len(prompt) == 800
    assert read(f'{{"contents": "{prompt}"}}'.encode()) == script
    assert read(b"anything else") == Script()


@pytest.mark.parametrize("cut", range(1, 30))
def test_events_are_counted_wherever_the_network_cuts(cut: int) -> None:
    ended: list[Client] = []
    client = _asking(ended)
    answer = _HEAD + b"8\r\n hello\n\n\r\n8\r\n hello\n\n\r\n0\r\n\r\n"

    client.data_received(answer[:-cut])
    client.data_received(answer[-cut:])

    assert len(client.times) == 2
    assert ended == [client]
    assert client.failure == ""


def test_a_refusal_is_a_failure_with_its_words() -> None:
    heard = Heard(Script())
    client = Client(heard.note)
    client.connection_made(_Wire())
    client.ask(b"")

    client.data_received(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno")

    assert heard.failure == "401: b'no' (1 times)"
    assert heard.answers == 0


def test_an_event_is_late_ten_paces_behind_its_own_time() -> None:
    heard = Heard(Script(events=3, pace_ms=20))
    client = Client(heard.note)
    client.asked_at = client.due = 100.0
    client.times = [100.0, 100.215, 100.3]  # 195 ms and 260 ms behind

    heard.note(client)

    assert heard.late == 1
    assert max(heard.lags) == pytest.approx(0.26)


def test_lost_events_are_a_failure() -> None:
    heard = Heard(Script(events=3))
    client = Client(heard.note)
    client.times = [1.0, 1.0]

    heard.note(client)

    assert heard.failure == "2 events of 3 (1 times)"


def test_quantiles_are_values_that_were_measured() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([float(n) for n in range(1, 101)], 0.99) == 99.0
    assert math.isnan(quantile([], 0.5))


def test_tables_are_rounded_for_people_and_exact_for_programs(tmp_path: Path) -> None:
    table = Table("t", ["who", "µs"], [["we", 1234.5678], ["they", None]])
    report.save(tmp_path / "new" / "bench.json", {"machine": "m"}, [table])
    saved = json.loads((tmp_path / "new" / "bench.json").read_text())

    assert table.markdown().split("\n")[2:] == [
        "| who | µs |",
        "| --- | --: |",
        "| we | 1 235 |",
        "| they | - |",
    ]
    assert saved["tables"][0]["rows"][0] == {"who": "we", "µs": 1234.5678}


class _Wire(asyncio.Transport):
    def write(self, data: object) -> None:
        """Nobody is there."""

    def abort(self) -> None:
        """Nor here."""


def _asking(ended: list[Client]) -> Client:
    client = Client(ended.append)
    client.connection_made(_Wire())
    client.ask(b"")
    return client
