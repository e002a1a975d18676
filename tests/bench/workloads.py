"""What clients ask for: how large, how often, how many at once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.contenders import KEY, Ask, Route
from tests.bench.script import Script

EVENTS = 100  # of a stream
BURST = Script(EVENTS)
PACED = Script(EVENTS, pace_ms=20)
LONGER = Script(2 * EVENTS, pace_ms=20)  # for many streams, which do not begin all at once
DOCUMENT = Script()


@dataclass(frozen=True, slots=True)
class Workload:
    name: str
    clients: int
    script: Script = DOCUMENT
    route: Route = Route.PLAIN
    stream: bool = False
    prompt_bytes: int = 800

    @property
    def paced(self) -> bool:
        return self.script.pace_ms > 0

    @property
    def part(self) -> str:
        """What its costs are counted for."""
        return "event" if self.stream else "request"

    def request(self, ask: Ask, upstream: str) -> bytes:
        """As it goes over the wire, for who is asked like that."""
        body: dict[str, object] = {
            "model": ask.model,
            "messages": [{"role": "user", "content": self.script.prompt(self.prompt_bytes)}],
        }
        if self.route == Route.TO_ANTHROPIC:
            body["max_tokens"] = 1000
        if self.stream:
            body["stream"] = True
        data = json.dumps(body, separators=(",", ":")).encode()
        headers = {
            "host": "localhost",
            "authorization": f"Bearer {KEY}",
            "content-type": "application/json",
            "content-length": str(len(data)),
            **{name: value.format(upstream=upstream) for name, value in ask.headers.items()},
        }
        lines = [f"POST {ask.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + data


CHAT_1K = Workload("chat 1 KB", 16)
CHAT_30K = Workload("chat 30 KB", 16, prompt_bytes=30_000)
CHAT_120K = Workload("chat 120 KB", 32, prompt_bytes=120_000)
ALONE = Workload("chat 1 KB", 1)
FIRST_TOKEN = Workload("stream of one event", 1, Script(1), stream=True)
LEFT_OPEN = Workload("stream left open", 1, Script(2, pace_ms=600_000), stream=True)
BURSTS = Workload("burst", 8, BURST, stream=True)
FEW_PACED = Workload("20 paced", 20, PACED, stream=True)

_TRANSLATED = (Route.FROM_ANTHROPIC, Route.FROM_GEMINI, Route.TO_ANTHROPIC)

DOCUMENTS: Sequence[Workload] = (CHAT_1K, CHAT_30K)
_ALL_TRANSLATED = [
    Workload(f"burst, {route}", 8, BURST, route, stream=True) for route in _TRANSLATED
]
TRANSLATED_BURSTS = _ALL_TRANSLATED[0]
IN_BURSTS: Sequence[Workload] = (BURSTS, *_ALL_TRANSLATED)
AT_PACE: Sequence[Workload] = (
    FEW_PACED,
    Workload("200 paced", 200, LONGER, stream=True),
    Workload("500 paced", 500, LONGER, stream=True),
    *(Workload(f"20 paced, {route}", 20, PACED, route, stream=True) for route in _TRANSLATED),
)
WORKLOADS: Sequence[Workload] = (*DOCUMENTS, *IN_BURSTS, *AT_PACE)
