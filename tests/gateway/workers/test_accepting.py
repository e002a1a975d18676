"""Who of several workers takes the next connection."""

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest

from gateway.workers.accepting import Acceptor, Seat, Seats


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as sock:
        sock.setblocking(False)
        yield sock


def seats(*loads: tuple[int, int]) -> list[Seat]:
    """Open connections of each, and how many were closed before."""
    made = Seats(len(loads))
    found = [Seat(made, number) for number in range(len(loads))]
    for seat in found:
        seat.take()
    for seat, (now, before) in zip(found, loads, strict=True):
        for _ in range(now + before):
            seat.came()
        for _ in range(before):
            seat.went()
    return found


@pytest.mark.parametrize(
    ("loads", "ahead"),
    [
        ([(0, 0), (0, 0)], [False, False]),
        ([(1, 0), (0, 0)], [True, False]),
        ([(1, 0), (0, 5)], [True, False]),  # open ones count first
        ([(0, 1), (0, 0)], [True, False]),  # then all there have been: they take turns
        ([(2, 0), (3, 0), (2, 0)], [False, True, False]),
        ([(7, 0)], [False]),
    ],
)
def test_whoever_has_more_leaves_the_next_to_another(
    loads: list[tuple[int, int]], ahead: list[bool]
) -> None:
    assert [seat.ahead for seat in seats(*loads)] == ahead


def test_nobody_waits_for_one_that_has_left() -> None:
    first, second = seats((3, 0), (0, 0))

    second.leave()
    second.went()  # a connection that ends after its worker has stopped accepting

    assert not first.ahead


def test_one_that_comes_back_has_nothing_to_make_up_for() -> None:
    first, second = seats((0, 9), (0, 9))

    second.leave()
    second.take()

    assert [first.ahead, second.ahead] == [False, False]


def test_forked_processes_see_each_others_numbers() -> None:
    first, second = seats((0, 0), (0, 0))

    pid = os.fork()
    if pid == 0:
        first.came()
        os._exit(0)
    os.waitpid(pid, 0)

    assert [first.ahead, second.ahead] == [True, False]


class Counting(asyncio.Protocol):
    def __init__(self, seat: Seat, made: list[Seat]) -> None:
        self._seat = seat
        made.append(seat)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._seat.went()


async def test_connections_that_come_at_once_are_dealt_out(listening: socket.socket) -> None:
    both = seats((0, 0), (0, 0))
    made: list[Seat] = []
    clients = [socket.create_connection(listening.getsockname()) for _ in range(20)]
    acceptors = [
        Acceptor(listening.dup(), lambda seat=seat: Counting(seat, made), seat)  # type: ignore[misc]
        for seat in both
    ]

    async with asyncio.timeout(10):
        while len(made) < len(clients):  # noqa: ASYNC110  # nobody sets an event
            await asyncio.sleep(0.001)
    for acceptor in acceptors:
        acceptor.close()
    for client in clients:
        client.close()

    assert [made.count(seat) for seat in both] == [10, 10]


async def test_what_another_does_not_take_is_taken_in_the_end(listening: socket.socket) -> None:
    busy, _hangs = seats((5, 0), (0, 0))
    made: list[Seat] = []
    busy.seats.count(busy.number, 5)
    acceptor = Acceptor(listening, lambda: Counting(busy, made), busy)
    busy.came()  # more than the one that hangs

    with socket.create_connection(listening.getsockname()):
        async with asyncio.timeout(10):
            while not made:  # noqa: ASYNC110  # nobody sets an event
                await asyncio.sleep(0.001)
    acceptor.close()

    assert made == [busy]
