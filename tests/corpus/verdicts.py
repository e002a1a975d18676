"""Tries one recorded reply in every way and says what is wrong with what came of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adapters.errors import Kind
from adapters.http import Http
from adapters.types import Dialect, Operation
from tests.corpus import cuts, expected_errors, wire
from tests.corpus.checks import by_the_sdk, differences, heard, invalid, miscounted
from tests.corpus.journey import Arrived, travel
from tests.corpus.oracles.frames import server_sent
from tests.corpus.said import Said
from tests.corpus.server import ReplayServer
from tests.corpus.trials import Trial

PIVOTS = {
    Operation.CHAT: Dialect.OPENAI_CHAT,
    Operation.EMBEDDINGS: Dialect.OPENAI_EMBEDDINGS,
    Operation.RERANK: Dialect.COHERE_RERANK,
}
_UNTOUCHED = {  # dialects whose clients get the provider's own bytes
    Dialect.OPENAI_CHAT,
    Dialect.ANTHROPIC_MESSAGES,
    Dialect.OPENAI_RESPONSES,
    Dialect.OPENAI_EMBEDDINGS,
    Dialect.COHERE_RERANK,
}
_REWORDED = {  # other names for the limit; a temperature of 1, which reasoning models have anyway
    *("max_tokens", "max_completion_tokens", "temperature"),
    *("model", "stream", "stream_options"),  # in the path, or not wanted
}
_FRAME = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r|$)", re.DOTALL)
_DONE = re.compile(rb"^data: ?\[DONE\]", re.MULTILINE)
_USAGE_ONLY = re.compile(
    rb'"choices"\s*:\s*\[\s*\].*"usage"\s*:\s*\{|"usage"\s*:\s*\{.*"choices"\s*:\s*\[\s*\]'
)


@dataclass(slots=True)
class Verdict:
    """What is wrong, and what was seen on the way."""

    trial: Trial
    wrong: list[str] = field(default_factory=list)
    odd: str = ""  # passed on unchanged, as promised, and not what the SDK's types expect
    journeys: int = 0
    cut: int = 0  # of these, how many in pieces on purpose
    untouched: int = 0  # of these, how many came out byte for byte
    mended: int = 0  # of these, how many lacked nothing but their end
    own_door: bool = True

    def blame(self, what: str, found: Iterator[str] | list[str]) -> None:
        self.wrong += [f"{what}: {one}" for one in found]


async def judge(http: Http, server: ReplayServer, trial: Trial, *, cutting: bool = True) -> Verdict:
    """Every client that can be served, then the primary one with its bytes cut everywhere."""
    verdict = Verdict(trial)
    pieces = cuts.pieces(trial.body, trial.record.reads, trial.record.id)
    first: Arrived | None = None
    for ours in clients(trial):
        arrived = await travel(http, server, trial, ours, pieces)
        verdict.journeys += 1
        verdict.own_door = arrived.own_door
        _look(verdict, trial, ours, arrived)
        first = first or arrived
    if cutting and trial.stream and not trial.record.refused and first and not verdict.wrong:
        await _cut(http, server, verdict, first)
    return verdict


def clients(trial: Trial) -> list[Dialect]:
    """OpenAI's own first; then Anthropic's, and those who speak as the provider does."""
    operation = trial.theirs.operation
    found = [PIVOTS[operation]]
    if operation is Operation.CHAT and not trial.record.refused:
        if not (trial.said and trial.said.free):
            found.append(Dialect.ANTHROPIC_MESSAGES)
        if trial.theirs in _UNTOUCHED and trial.theirs not in found:
            found.append(trial.theirs)
    return found


async def _cut(http: Http, server: ReplayServer, verdict: Verdict, whole: Arrived) -> None:
    trial = verdict.trial
    ours = clients(trial)[0]
    for kind, pieces in cuts.kinds(trial.body, binary=wire.is_aws(trial.record)).items():
        arrived = await travel(http, server, trial, ours, pieces)
        verdict.journeys += 1
        verdict.cut += 1
        same = server_sent(arrived.body) == server_sent(whole.body)
        if arrived.crash or not same or _word(arrived) != _word(whole):
            verdict.wrong.append(f"cut {kind}: {arrived.crash or _word(arrived)}, or other events")


def _look(verdict: Verdict, trial: Trial, ours: Dialect, arrived: Arrived) -> None:
    client = f"{ours}"
    if arrived.crash:
        verdict.blame(client, [arrived.crash])
        return
    verdict.blame(client, _failed(trial, arrived))
    if arrived.failure or trial.said is None:
        return
    if ours is trial.theirs and not (arrived.amends and arrived.body != trial.body):
        _unchanged(verdict, trial, ours, arrived)
    else:
        _translated(verdict, _visible(trial, ours, arrived), ours, arrived)


def _failed(trial: Trial, arrived: Arrived) -> Iterator[str]:
    """Whether it failed as it had to."""
    kind, why = expectation(trial)
    found = arrived.failure and arrived.failure.kind
    if found is not kind:
        told = f" ({arrived.failure.message[:100]})" if arrived.failure else ""
        yield f"{found or 'no failure'}{told} instead of {kind or 'an answer'}{why}"
    elif arrived.failure and not (arrived.failure.message and arrived.failure.provider):
        yield "a failure that does not say what or whose it is"


def expectation(trial: Trial) -> tuple[Kind | str | None, str]:
    """The kind of failure that has to come of it, and why. None: an answer has to. A text: nobody
    has decided yet.
    """
    said = trial.said
    if trial.record.refused:
        return expected_errors.of_refusal(trial.record)
    if said is None:
        return Kind.BROKEN, ", for there is nothing in it"
    if said.fault:
        return expected_errors.of_fault(said.fault)
    kind = trial.record.headers.get("content-type", "")
    if "application/json" in kind and trial.record.body.startswith(b"data:"):
        return Kind.BROKEN, ", for its type says that it is a document"
    if not said.ended or (said.empty and trial.theirs.operation is Operation.CHAT):
        return Kind.BROKEN, ", for it breaks off"
    return None, ""


def _unchanged(verdict: Verdict, trial: Trial, ours: Dialect, arrived: Arrived) -> None:
    """The same dialect on both sides: the same bytes."""
    wanted = relayed(trial, arrived) if trial.stream else trial.body
    if arrived.body == wanted:
        verdict.untouched += 1
    elif trial.stream and _ended(wanted, ours) == _ended(arrived.body, ours):
        verdict.mended += 1
    else:
        verdict.blame(f"{ours}", ["the bytes are not those that were recorded"])
    if lost := _lost(arrived):
        verdict.blame(f"{ours}", [f"fields of the request that never arrived: {lost}"])
    if trial.said and (wrong := miscounted(trial.said, arrived.receipt.usage)):
        verdict.blame(f"{ours}", [wrong])
    if ours in {Dialect.OPENAI_RESPONSES, Dialect.COHERE_RERANK}:
        return
    verdict.odd = verdict.odd or invalid(arrived.body, ours, stream=trial.stream)


def _lost(arrived: Arrived) -> list[str]:
    """What the client has asked and the provider has not heard, but for what rows say in words of
    their own.
    """
    return sorted(arrived.asked.keys() - json.loads(arrived.sent).keys() - _REWORDED)


def _visible(trial: Trial, ours: Dialect, arrived: Arrived) -> Said:
    """What was said, as far as the client asked to see it: an amended stream of its own dialect
    shows no usage that it did not ask for.
    """
    assert trial.said
    options = arrived.asked.get("stream_options") or {}
    if ours is trial.theirs and trial.stream and not options.get("include_usage"):
        return replace(trial.said, tokens=None)
    return trial.said


def _translated(verdict: Verdict, said: Said, ours: Dialect, arrived: Arrived) -> None:
    stream = verdict.trial.stream
    if wrong := invalid(arrived.body, ours, stream=stream):
        verdict.blame(f"{ours}", [f"not valid for the SDK: {wrong}"])
        return
    verdict.blame(f"{ours}", differences(said, heard(arrived.body, ours, stream=stream), ours))
    if verdict.trial.said and (wrong := miscounted(verdict.trial.said, arrived.receipt.usage)):
        verdict.blame(f"{ours}", [wrong])
    if stream and ours is Dialect.OPENAI_CHAT:
        if b"data: [DONE]" not in arrived.body[-20:]:
            verdict.blame(f"{ours}", ["the stream does not end in [DONE]"])
        verdict.blame("the SDK's helper", differences(said, by_the_sdk(arrived.body), ours))


def relayed(trial: Trial, arrived: Arrived) -> bytes:
    """The recorded stream as a client of the same dialect shall get it: up to its last event, and
    without the usage that nobody asked for.
    """
    if wire.is_aws(trial.record):
        return wire.unframed(trial.body)
    if trial.theirs is not Dialect.OPENAI_CHAT:
        return trial.body
    options = arrived.asked.get("stream_options") or {}
    kept = []
    for frame in _FRAME.findall(trial.body):
        if not options.get("include_usage") and _USAGE_ONLY.search(frame):
            continue
        kept.append(frame)
        if _DONE.search(frame):
            break
    return b"".join(kept)


def _ended(body: bytes, ours: Dialect) -> bytes:
    """The body with the end that its dialect wants."""
    last = b"data: [DONE]" if ours is Dialect.OPENAI_CHAT else b"event: message_stop"
    body = body.rstrip()
    return body.partition(last)[0].rstrip() if last in body[-80:] else body


def _word(arrived: Arrived) -> str:
    failure = arrived.failure
    return f"{failure.kind}: {failure.message}" if failure else "an answer"
