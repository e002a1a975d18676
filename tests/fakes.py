"""Stand-ins that tests own: time, networks, and providers that play a script."""

import asyncio
from collections.abc import Mapping, Sequence

from adapters.provider import Upstream
from adapters.types import Body, Call, Receipt, Reply, Target, Timeouts


class FakeClock:
    """Time that moves only when somebody sleeps, or when a test moves it."""

    def __init__(self) -> None:
        self.t = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.t

    def wall(self) -> float:
        return 1_700_000_000.0 + self.t

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.t += seconds


class StillClock(FakeClock):
    """Time that stands still: who sleeps is woken by something else."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.Event().wait()


class FakeBody:
    """A stream that gives out what it was made of, and fails at the end if told to."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self._chunks = list(chunks)
        self._error = error
        self.closed = 0

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        if self._chunks:
            return self._chunks.pop(0)
        if self._error:
            raise self._error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed += 1


class FakeAdapter:
    """Plays a script: exceptions are raised, bodies are answered. The last step repeats."""

    def __init__(self, name: str, *script: bytes | FakeBody | BaseException) -> None:
        self.name = name
        self.script = list(script)
        self.calls: list[Call] = []
        self.targets: list[Target] = []

    @property
    def models(self) -> Sequence[str]:
        return [target.model for target in self.targets]

    async def send(self, call: Call, target: Target) -> Reply:
        self.calls.append(call)
        self.targets.append(target)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, BaseException):
            raise step
        return Reply(step, Receipt())


class FakeAnswer:
    """An answer that arrives in these pieces; an exception among them is raised. `stalls`: its end
    never comes.
    """

    def __init__(
        self,
        *pieces: bytes | Exception,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        stalls: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers or {}
        self.watched = 0
        self.reads = 0
        self.closed: list[bool] = []  # what each `close` said about `finished`
        self._pieces = list(pieces)
        self._stalls = stalls

    async def document(self) -> bytes:
        whole = b""
        while piece := await self.read():
            whole += piece
        return whole

    def watch(self) -> None:
        self.watched += 1

    async def read(self) -> bytes:
        self.reads += 1
        if not self._pieces:
            if self._stalls:
                await asyncio.Event().wait()
            return b""
        piece = self._pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def close(self, *, finished: bool) -> None:
        self.closed.append(finished)


class FakeTransport:
    """A network with one answer for each request; the last one repeats."""

    def __init__(self, *answers: FakeAnswer | Exception) -> None:
        self.requests: list[Upstream] = []
        self.credentials: list[str] = []
        self._answers = list(answers)

    async def post(self, request: Upstream, _timeouts: Timeouts, credential: str) -> FakeAnswer:
        self.requests.append(request)
        self.credentials.append(credential)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
