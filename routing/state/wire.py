"""The connection to Redis. The only place that knows its client; foreign exceptions end here.

Whatever is asked while an answer is outstanding goes out together in the next write, so a hundred
decisions at once are one round trip and one connection, not a hundred.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from routing.state.address import RedisAddress
from routing.state.scripts import Command
from routing.state.store import StoreGone

_AT_ONCE = 256  # commands in one write
_LONGEST_S = 1.0  # for one write and its answers, a new connection included


class Wire:
    """Asks a server, as many at a time as there are questions. Raises `StoreGone`.

    Nobody is kept here: who does not want to wait any longer goes away.
    """

    def __init__(self, address: RedisAddress, scripts: Mapping[str, str]) -> None:
        self._client = Redis(
            host=address.host or "localhost",
            port=address.port,
            db=address.db,
            username=address.username or None,
            password=address.password or None,
            ssl=address.tls,
            unix_socket_path=address.path or None,
            socket_timeout=_LONGEST_S,
            socket_connect_timeout=_LONGEST_S,
            retry=Retry(NoBackoff(), 0),  # a script that was sent may have run
        )
        self._texts = scripts  # by hash
        self._waiting: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def ask(self, command: Command) -> Any:
        return await self._post(command)

    async def ask_all(self, commands: Sequence[Command]) -> Sequence[Any]:
        """The answers in the order of the questions; the first error if there is one."""
        return await asyncio.gather(*[self._post(command) for command in commands])

    async def close(self) -> None:
        if self._sending:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        for _, answer in self._waiting:
            answer.cancel()
        await self._client.aclose()

    def _post(self, command: Command) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        return answer

    async def _send(self) -> None:
        while self._waiting:
            several = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            asked = [(command, answer) for command, answer in several if not answer.done()]
            try:
                async with asyncio.timeout(_LONGEST_S):
                    said = await self._said([command for command, _ in asked])
            except Exception as error:  # whatever it is, there is no answer
                said = [StoreGone(_why(error))] * len(asked)
            for (_, answer), word in zip(asked, said, strict=True):
                if answer.done():  # whoever asked has gone
                    continue
                if isinstance(word, Exception):
                    answer.set_exception(StoreGone(_why(word)))
                else:
                    answer.set_result(word)

    async def _said(self, commands: Sequence[Command]) -> list[Any]:
        said = await self._execute(commands)
        unknown = [i for i, word in enumerate(said) if isinstance(word, NoScriptError)]
        if unknown:
            again = await self._execute([self._in_full(commands[i]) for i in unknown])
            for i, word in zip(unknown, again, strict=True):
                said[i] = word
        return said

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        if not commands:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return await pipeline.execute(raise_on_error=False)

    def _in_full(self, command: Command) -> Command:
        """The same call with the text of the script, which Redis keeps from then on."""
        return ("EVAL", self._texts[str(command[1])], *command[2:])


def _why(error: Exception) -> str:
    if isinstance(error, StoreGone):
        return str(error)
    return f"{type(error).__name__}: {error}".rstrip(": ")
