"""What is to be measured, and the stage for it: an upstream, and contenders in front of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.bench.contenders import PLAIN, Ask, Contender, Launch, Place, Route
from tests.bench.host import BESIDE, on_cores
from tests.bench.processes import NotStarted, Running, running, upstream
from tests.bench.report import Table
from tests.bench.workloads import Workload


@dataclass(frozen=True, slots=True)
class Bench:
    """What the command line asks for. `notes` tells what was left out, and why."""

    contenders: Sequence[Contender]
    workloads: Sequence[Workload]
    rounds: int
    quick: bool
    notes: list[str] = field(default_factory=list)

    @property
    def window_s(self) -> float:
        return 0.4 if self.quick else 1.0

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


Part: TypeAlias = Callable[[Bench], Iterator[Table]]


@dataclass(frozen=True, slots=True)
class Stage:
    direct: Running  # the upstream itself, asked without anybody between
    runners: Sequence[Running]

    @property
    def upstream(self) -> str:
        return f"http://127.0.0.1:{self.direct.port}"

    def request(self, runner: Running, workload: Workload) -> bytes:
        return workload.request(self.asked(runner, workload), self.upstream)

    def asked(self, runner: Running, workload: Workload) -> Ask:
        return runner.contender.routes[workload.route]


@contextmanager
def stage(bench: Bench, contenders: Sequence[Contender] | None = None) -> Iterator[Stage]:
    """Contenders on one core, the upstream and we on another; who does not start is noted."""
    with ExitStack() as stack:
        pid, port = stack.enter_context(upstream())
        stack.enter_context(on_cores(BESIDE))
        runners = []
        for contender in bench.contenders if contenders is None else contenders:
            try:
                runners.append(stack.enter_context(running(contender, port)))
            except NotStarted as failure:
                bench.note(f"{contender.name}: left out, {failure}")
        yield Stage(Running(_DIRECT, pid, port, 0.0), runners)


def each(bench: Bench) -> Iterator[tuple[Stage, Running]]:
    """One contender after another, alone, freshly started."""
    for contender in bench.contenders:
        with stage(bench, [contender]) as here:
            for runner in here.runners:
                yield here, runner


def _no_launch(_: Place) -> Launch:
    raise NotImplementedError("the upstream is there already")


_EVERY: Mapping[Route, Ask] = {
    **PLAIN,
    Route.FROM_ANTHROPIC: Ask("/v1/messages"),
    Route.FROM_GEMINI: Ask("/v1beta/models/gemini:streamGenerateContent"),
    Route.TO_ANTHROPIC: Ask(),
}
_DIRECT = Contender("direct", _no_launch, _EVERY)
