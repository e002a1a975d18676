"""What the other workers behind the same address know, asked when somebody wants to see it.

Each worker answers on a Unix socket of its own, in a folder that only this user may enter: the
question is one line, the answer is what comes until the end. Nobody is waited for longer than a
second, so a page is never missing because a worker hangs.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from gateway.metrics.figures import Figures
from gateway.workers.kept import Kept

_PATIENCE_S = 1.0
FIGURES = b"figures"
HEALTH = b"health"

Answers: TypeAlias = Mapping[bytes, Callable[[], bytes]]


class Colleagues:
    """`name`: of this worker; `answers`: what it tells, by question."""

    def __init__(self, folder: Path, name: str, answers: Answers) -> None:
        self._folder = folder
        self._name = name
        self._answers = answers
        self._kept = Kept(folder)
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Answer the others for as long as the block lasts. At its end this worker's figures are
        left behind.
        """
        path = socket_of(self._folder, self._name)
        server = await asyncio.start_unix_server(self._asked, path)
        try:
            yield
        finally:
            server.close()
            path.unlink(missing_ok=True)
            self._kept.keep(self._name, self._answers[FIGURES]())

    async def figures(self) -> Sequence[Figures]:
        """Of all, this worker and the dead included."""
        async with self._one_at_a_time:
            told = await self._ask(FIGURES)
            own = await asyncio.to_thread(self._answers[FIGURES])
            return await asyncio.to_thread(self._kept.all, {**told, self._name: own})

    async def health(self) -> Sequence[bytes]:
        """What the others that answer say of their deployments."""
        return [answer for answer in (await self._ask(HEALTH)).values() if answer]

    async def _ask(self, question: bytes) -> Mapping[str, bytes]:
        """What each of the others answers; nothing where one does not, in time."""
        names = [path.stem for path in self._folder.glob("*.sock") if path.stem != self._name]
        answers = await asyncio.gather(*(self._ask_one(name, question) for name in names))
        return dict(zip(names, answers, strict=True))

    async def _ask_one(self, name: str, question: bytes) -> bytes:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                path = socket_of(self._folder, name)
                reader, writer = await asyncio.open_unix_connection(path)
                try:
                    writer.write(question + b"\n")
                    return await reader.read()
                finally:
                    writer.close()
        return b""

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    question = (await reader.readline()).strip()
                    if answer := self._answers.get(question):
                        writer.write(await asyncio.to_thread(answer))
                        await writer.drain()
        finally:
            writer.close()


def socket_of(folder: Path, name: str) -> Path:
    return folder / f"{name}.sock"
