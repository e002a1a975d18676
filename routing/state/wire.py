"""The connection to Redis. The only place that knows its client; foreign exceptions end here.

Whatever is asked while an answer is outstanding goes out together in the next write, so a hundred
decisions at once are one round trip and one connection, not a hundred.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from routing.state.address import RedisAddress
from routing.state.patience import Patience
from routing.state.scripts import Command
from routing.state.store import StoreGone

_AT_ONCE = 64  # commands in one write
_CONNECT_S = 1.0  # for a new connection and the first answers over it


_Asked: TypeAlias = tuple[Command, asyncio.Future[Any]]


class Wire:
    """Asks a server, as many at a time as there are questions. Raises `StoreGone`.

    If it does not answer within `patience_s`, all who wait hear so at once. A new connection may
    take longer; whoever asks for one thing does not wait for that.
    """

    def __init__(
        self, address: RedisAddress, scripts: Mapping[str, str], patience_s: float
    ) -> None:
        self._client = Redis(
            host=address.host or "localhost",
            port=address.port,
            db=address.db,
            username=address.username or None,
            password=address.password or None,
            ssl=address.tls,
            unix_socket_path=address.path or None,
            socket_timeout=None,  # we have our own
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),  # a script that was sent may have run
        )
        self._texts = scripts  # by hash
        self._patience_s = patience_s
        self._connected = False
        self._waiting: deque[_Asked] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def ask(self, command: Command) -> Any:
        if self._connected:
            return await self._post(command)
        try:
            async with Patience(self._patience_s):
                return await self._post(command)
        except TimeoutError as error:
            raise StoreGone("no connection in time") from error

    async def ask_all(self, commands: Sequence[Command]) -> Sequence[Any]:
        """The answers in the order of the questions, or the first error. Waits for a connection."""
        return await asyncio.gather(*[self._post(command) for command in commands])

    async def close(self) -> None:
        if self._sending:
            self._sending.cancel()
            await asyncio.wait([self._sending])
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
                async with Patience(self._patience_s if self._connected else _CONNECT_S):
                    said = await self._said([command for command, _ in asked])
            except asyncio.CancelledError:
                self._hang_up(asked, StoreGone("closed"))
                raise
            except Exception as error:  # whatever it is, there is no answer
                self._connected = False
                self._hang_up(asked, StoreGone(_why(error)))
                continue
            self._connected = True
            for (_, answer), word in zip(asked, said, strict=True):
                if answer.done():  # whoever asked has gone
                    continue
                if isinstance(word, Exception):
                    answer.set_exception(StoreGone(_why(word)))
                else:
                    answer.set_result(word)

    def _hang_up(self, asked: Sequence[_Asked], error: StoreGone) -> None:
        for _, answer in (*asked, *self._waiting):
            if not answer.done():
                answer.set_exception(error)
        self._waiting.clear()

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
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}".rstrip(": ")
