"""Stand-ins that tests own: time, and providers that play a script."""

from collections.abc import Sequence

from adapters.types import Body, Call, Receipt, Reply, Target


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

    def __init__(self, name: str, *script: bytes | FakeBody | Exception) -> None:
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
        if isinstance(step, Exception):
            raise step
        return Reply(step, Receipt())
