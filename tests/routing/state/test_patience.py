"""Who was busy itself does not blame others."""

import asyncio
import socket
import time

import pytest

from routing.state.patience import Patience


async def test_an_answer_that_came_while_the_loop_was_busy_is_an_answer() -> None:
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)
    asyncio.get_running_loop().call_soon(time.sleep, 0.1)
    there.sendall(b"answer")

    async with Patience(0.01):
        said = await reader.readexactly(6)

    writer.close()
    there.close()
    assert said == b"answer"


async def test_silence_ends_in_time() -> None:
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        async with Patience(0.02):
            await asyncio.Event().wait()

    assert 0.015 < time.monotonic() - began < 1.0


async def test_what_goes_wrong_inside_is_not_hidden() -> None:
    with pytest.raises(LookupError):
        async with Patience(0.02):
            raise LookupError


async def test_what_ended_early_is_not_cancelled_later() -> None:
    async with Patience(0.01):
        pass

    await asyncio.sleep(0.05)
