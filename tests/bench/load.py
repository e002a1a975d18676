"""Four ways to ask: one after another, at a fixed rate, many paced streams, streams left open.

All on loopback, all bounded in time. Each opens its own connections and closes them.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from tests.bench.client import Client
from tests.bench.heard import Heard
from tests.bench.script import Script

_GRACE_S = 5.0  # for answers under way when a measurement ends
_AT_ONCE = 50  # connections being opened: more would overflow the backlog of a server
_TICK_S = 0.002  # how exactly a timer goes off
_MOST = 1000  # connections of an open loop; who needs more is overloaded


async def one_after_another(
    port: int,
    request: bytes,
    script: Script,
    *,
    clients: int,
    seconds: float = 60.0,
    answers: int = 10**9,
) -> Heard:
    """Each client asks again as soon as it has its answer, until time or number is reached."""
    heard, going = Heard(script), asyncio.Event()
    left = answers
    start, under_way = 0.0, 0

    def done(client: Client) -> None:
        nonlocal left, under_way
        heard.note(client)
        if client.open and left > 0 and client.ended_at - start < seconds:
            left -= 1
            client.ask(request)
            return
        under_way -= 1
        if not under_way:
            going.set()

    connected = await _connect(port, clients, done)
    start, under_way = time.perf_counter(), len(connected)
    left -= len(connected)
    for client in connected:
        client.ask(request)
    await _until(going, seconds + _GRACE_S)
    return _finish(heard, connected, start)


async def at_rate(
    port: int, request: bytes, script: Script, *, rate: float, seconds: float
) -> Heard:
    """So many requests a second, whether or not answers come.

    Latency counts from the time a request was due, so a slow answer hides no other. Timers are
    exact to two milliseconds; a request that leaves within them is due when it leaves.
    """
    heard, loop, going = Heard(script), asyncio.get_running_loop(), asyncio.Event()
    free: list[Client] = []
    under_way = 0

    def done(client: Client) -> None:
        nonlocal under_way
        under_way -= 1
        heard.note(client)
        if client.open:
            free.append(client)
        going.set()

    connected = await _connect(port, min(_MOST, max(32, int(rate / 20))), done)
    free += connected
    start = time.perf_counter()
    for number in range(round(rate * seconds)):
        due = start + number / rate
        if (wait_s := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait_s)
        if not free:
            if len(connected) >= _MOST:
                heard.failures[f"{_MOST} requests without an answer"] += 1
                break
            free += (more := await _connect(port, _AT_ONCE, done))
            connected += more
        under_way += 1
        late = time.perf_counter() - due > _TICK_S
        free.pop().ask(request, due if late else 0.0)
    ends = loop.time() + _GRACE_S
    while under_way and loop.time() < ends:
        going.clear()
        await _until(going, ends - loop.time())
    return _finish(heard, connected, start)


async def side_by_side(
    port: int, request: bytes, script: Script, *, streams: int, ramp_s: float
) -> Heard:
    """So many streams, begun one by one within `ramp_s`, heard until each has ended."""
    heard, going = Heard(script), asyncio.Event()
    under_way = streams

    def done(client: Client) -> None:
        nonlocal under_way
        under_way -= 1
        heard.note(client)
        if not under_way:
            going.set()

    connected = await _connect(port, streams, done)
    start = time.perf_counter()
    for number, client in enumerate(connected):
        wait_s = start + number * ramp_s / streams - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        client.ask(request)
    await _until(going, script.first_s + script.events * script.pace_s + _GRACE_S)
    return _finish(heard, connected, start)


async def left_open(
    port: int,
    request: bytes,
    counts: Iterable[int],
    look: Callable[[int], None],
    *,
    patience_s: float = 40.0,
) -> None:
    """Open streams until there are so many, let `look` see how many have begun, open more."""
    connected: list[Client] = []
    for wanted in counts:
        ends = time.perf_counter() + patience_s
        while len(connected) < wanted and time.perf_counter() < ends:
            more = await _connect(port, min(_AT_ONCE, wanted - len(connected)), lambda _: None)
            connected += more
            for client in more:
                client.ask(request)
            await _begun(more, ends)
        await asyncio.sleep(1.0)
        look(sum(bool(client.times) and client.busy for client in connected))
    for client in connected:
        client.leave()


async def _connect(port: int, number: int, done: Callable[[Client], None]) -> list[Client]:
    loop, clients = asyncio.get_running_loop(), list[Client]()
    while len(clients) < number:
        pairs = await asyncio.gather(
            *(
                loop.create_connection(lambda: Client(done), "127.0.0.1", port)
                for _ in range(min(_AT_ONCE, number - len(clients)))
            )
        )
        clients += [client for _, client in pairs]
    return clients


async def _begun(clients: list[Client], ends: float) -> None:
    """Wait until each has heard something, or it is too late."""
    for client in clients:
        while not client.times and client.busy and time.perf_counter() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # a client tells of the end of answers only


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _finish(heard: Heard, clients: list[Client], start: float) -> Heard:
    heard.wall_s = time.perf_counter() - start
    for client in clients:
        if client.busy:
            heard.unfinished += 1
            heard.note_events(client)
        client.leave()
    return heard
