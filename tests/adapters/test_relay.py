"""From the provider's stream to the client's: the same bytes, or a translation of them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialects import Machine, Translation, Wire
from adapters.dialects.anthropic import FROM_CHAT as FROM_ANTHROPIC
from adapters.dialects.anthropic import TO_CHAT
from adapters.dialects.anthropic.wire import WIRE as ANTHROPIC
from adapters.dialects.chat import WIRE as CHAT
from adapters.dialects.gemini import FROM_CHAT as FROM_GEMINI
from adapters.dialects.gemini.wire import WIRE as GEMINI
from adapters.errors import Failure, Kind
from adapters.relay import Relay, as_it_comes, interpreted, without_usage
from adapters.sse import EVENT_LIMIT, Event
from adapters.types import Receipt, Usage
from tests.adapters.samples import (
    BYE,
    DONE,
    END_TURN,
    ERROR,
    HELLO,
    HI,
    MESSAGE_STREAM,
    OVERLOADED,
    ROLE,
    STOP,
    STREAM,
    TEXT,
    THERE,
    USAGE,
    chunk,
    event,
    tokens,
)


def _passage(
    wire: Wire = CHAT, receipt: Receipt | None = None, *, strip_usage: bool = False
) -> Relay:
    receipt = receipt or Receipt()
    rewrite = without_usage if strip_usage else as_it_comes
    return Relay(wire, receipt, "acme", rewrite)


def _told(relay: Relay, reads: Iterable[bytes]) -> bytes:
    """Everything a relay says, the end included."""
    return b"".join(relay.feed(read) for read in reads) + relay.close()


def _cut(whole: bytes, places: Iterable[int]) -> list[bytes]:
    edges = sorted({0, *(place for place in places if place < len(whole)), len(whole)})
    return [whole[a:b] for a, b in pairwise(edges)]


_PLACES = st.lists(st.integers(0, 1200), max_size=12)
_LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(_PLACES, _LINE_ENDS, st.sampled_from([(CHAT, STREAM), (ANTHROPIC, MESSAGE_STREAM)]))
def test_a_passage_changes_no_byte(
    places: list[int], line_end: bytes, talk: tuple[Wire, tuple[bytes, ...]]
) -> None:
    wire, pieces = talk
    whole = b"".join((b": hello\n\n", *pieces)).replace(b"\n", line_end)
    receipt = Receipt()

    told = _told(_passage(wire, receipt), _cut(whole, places))

    # The last blank line may be cut inside its CRLF: the stream is over by then.
    assert told in {whole, whole.removesuffix(b"\n")}
    assert receipt.usage == Usage(input=7, output=3)
    assert receipt.complete


STRIPPED: dict[str, tuple[tuple[bytes, ...], bytes]] = {
    "a chunk of its own": (STREAM, ROLE + HI + THERE + STOP + DONE),
    "it may be spelt with spaces": (
        (HI, STOP, b'data: {"choices": [ ], "usage": {"prompt_tokens": 1}}\n\n', DONE),
        HI + STOP + DONE,
    ),
    "it may come before the finish": ((HI, USAGE, STOP, DONE), HI + STOP + DONE),
    "it may come last of all": ((HI, STOP, USAGE), HI + STOP + DONE),
    "its last blank line may be missing": ((HI, STOP, USAGE[:-2]), HI + STOP + DONE),
}
KEPT: dict[str, tuple[bytes, ...]] = {
    "usage on a chunk that says something": (
        chunk({"content": "Hi"}, usage=tokens(1, 1)),
        chunk({}, "stop", usage=tokens(1, 2)),
        DONE,
    ),
    "usage that is null": (chunk({"content": "Hi"}, usage=None), STOP, DONE),
    "Azure's verdict on the prompt": (
        event({"choices": [], "prompt_filter_results": [], "id": "", "model": ""}),
        HI,
        STOP,
        DONE,
    ),
    "Groq's own place": (HI, chunk({}, "stop", x_groq={"usage": tokens(1, 2)}), DONE),
    "comments": (b": ping\n\n", HI, b": ping\n\n", STOP, DONE),
    "a text about usage": (
        chunk({"content": '{"choices":[],"usage":{"prompt_tokens":1}}'}),
        STOP,
        DONE,
    ),
}


@pytest.mark.parametrize("together", [True, False], ids=["one read", "a read each"])
@pytest.mark.parametrize("case", STRIPPED)
def test_usage_that_we_asked_for_is_taken_out_again(case: str, *, together: bool) -> None:
    pieces, expected = STRIPPED[case]
    receipt = Receipt()

    told = _told(
        _passage(CHAT, receipt, strip_usage=True), [b"".join(pieces)] if together else pieces
    )

    assert told == expected
    assert receipt.usage.input > 0


@pytest.mark.parametrize("together", [True, False], ids=["one read", "a read each"])
@pytest.mark.parametrize("case", KEPT)
def test_nothing_else_is_taken_out(case: str, *, together: bool) -> None:
    whole = b"".join(KEPT[case])

    told = _told(_passage(strip_usage=True), [whole] if together else KEPT[case])

    assert told == whole


def test_a_client_that_asks_for_usage_gets_it() -> None:
    assert _told(_passage(), STREAM) == b"".join(STREAM)


ENDS: dict[str, tuple[Wire, tuple[bytes, ...], bytes]] = {
    "the end is supplied": (CHAT, (ROLE, HI, STOP), ROLE + HI + STOP + DONE),
    "after usage too": (CHAT, (HI, STOP, USAGE), HI + STOP + USAGE + DONE),
    "an event without its blank line is completed": (
        CHAT,
        (HI, STOP[:-2]),
        HI + STOP + DONE,
    ),
    "so is the end itself": (CHAT, (HI, STOP, DONE[:-2]), HI + STOP + DONE),
    "Anthropic's is supplied as well": (
        ANTHROPIC,
        (HELLO, TEXT, END_TURN),
        HELLO + TEXT + END_TURN + BYE,
    ),
    "what follows the end is dropped": (CHAT, (HI, STOP, DONE + HI, HI), HI + STOP + DONE),
    "half an event after the end, too": (CHAT, (HI, STOP, DONE, HI[:9]), HI + STOP + DONE),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_stream_ends(case: str) -> None:
    wire, pieces, expected = ENDS[case]
    receipt = Receipt()

    assert _told(_passage(wire, receipt), pieces) == expected
    assert receipt.complete


def _ended(relay: Relay) -> None:
    relay.close()
    if relay.failure:
        raise relay.failure


CUT_OFF: dict[str, tuple[Wire, tuple[bytes, ...]]] = {
    "between events": (CHAT, (ROLE, HI)),
    "within an event": (CHAT, (ROLE, HI[:-9])),
    "before the first": (CHAT, ()),
    "after a comment": (CHAT, (b": ping\n\n",)),
    "in Anthropic's words": (ANTHROPIC, (HELLO, TEXT)),
}


@pytest.mark.parametrize("case", CUT_OFF)
def test_an_answer_that_stops_before_it_is_finished_is_broken(case: str) -> None:
    wire, pieces = CUT_OFF[case]
    passage = _passage(wire)
    for piece in pieces:
        passage.feed(piece)

    with pytest.raises(Failure) as caught:
        _ended(passage)

    assert caught.value.kind is Kind.BROKEN


@pytest.mark.parametrize(
    ("wire", "before", "error"), [(CHAT, ROLE + HI, ERROR), (ANTHROPIC, HELLO + TEXT, OVERLOADED)]
)
def test_what_came_before_an_error_is_passed_on(wire: Wire, before: bytes, error: bytes) -> None:
    passage = _passage(wire)

    told = _told(passage, [before + error + before])

    assert told == before
    assert passage.failure
    assert passage.failure.provider == "acme"


def test_an_event_without_end_is_broken() -> None:
    passage = _passage()
    passage.feed(b"data: " + b"x" * (EVENT_LIMIT - 6))

    with pytest.raises(Failure, match="larger than") as caught:
        passage.feed(b"x")

    assert caught.value.kind is Kind.BROKEN


def test_a_passage_says_when_content_has_come() -> None:
    passage = _passage()

    passage.feed(ROLE)
    before = passage.content
    passage.feed(HI[:-1])
    within = passage.content
    passage.feed(HI[-1:])

    assert (before, within, passage.content) == (False, False, True)


@dataclass
class Shout(Machine):
    """A machine that says everything twice, and goodbye."""

    heard: list[Event] = field(default_factory=list)

    def feed(self, event: Event) -> list[Event]:
        self.heard.append(event)
        return [Event(event.data, "one"), Event(event.data, "two")]

    def close(self) -> list[Event]:
        return [Event(b"bye")]


def _twice(frame: bytes) -> bytes:
    return b"event: one\n" + frame + b"event: two\n" + frame


def _interpreter(machine: Shout, receipt: Receipt | None = None) -> Relay:
    receipt = receipt or Receipt()
    return Relay(CHAT, receipt, "acme", interpreted(machine))


def test_an_interpreter_writes_once_for_each_read() -> None:
    interpreter = _interpreter(Shout())

    assert interpreter.feed(ROLE + HI[:5]) == _twice(ROLE)
    assert interpreter.feed(HI[5:20]) == b""
    assert interpreter.feed(HI[20:] + THERE) == _twice(HI) + _twice(THERE)


@given(_PLACES)
def test_any_cut_is_interpreted_alike(places: list[int]) -> None:
    receipt = Receipt()

    told = _told(_interpreter(Shout(), receipt), _cut(b"".join(STREAM), places))

    assert told == b"".join(map(_twice, STREAM)) + b"data: bye\n\n"
    assert receipt == Receipt(Usage(7, 3), "m-1", finish=True, complete=True)


def test_a_machine_is_closed_once_whoever_made_the_end() -> None:
    machine = Shout()

    told = _told(_interpreter(machine), [HI, STOP])

    assert told == _twice(HI) + _twice(STOP) + _twice(DONE) + b"data: bye\n\n"


def test_a_machine_never_hears_of_an_error_nor_of_what_follows() -> None:
    machine = Shout()
    interpreter = _interpreter(machine)

    told = _told(interpreter, [HI + ERROR + THERE])

    assert told == _twice(HI)
    assert len(machine.heard) == 1
    assert interpreter.failure
    assert interpreter.failure.kind is Kind.RATE_LIMIT


def test_a_cut_off_stream_is_not_translated_into_a_finished_one() -> None:
    interpreter = _interpreter(Shout())
    interpreter.feed(HI)

    with pytest.raises(Failure) as caught:
        interpreter.close()

    assert caught.value.kind is Kind.BROKEN


SAID = {"role": "model", "parts": [{"text": "Hi"}]}
GEMINI_TEXT = event(
    {
        "candidates": [{"content": SAID, "index": 0}],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3},
        "modelVersion": "gemini-1",
        "responseId": "r1",
    }
)
WORDS: dict[str, tuple[Wire, Translation, bytes, bytes]] = {
    "Anthropic's to an OpenAI client": (ANTHROPIC, FROM_ANTHROPIC, HELLO + TEXT, TEXT),
    "Gemini's to an OpenAI client": (GEMINI, FROM_GEMINI, GEMINI_TEXT, GEMINI_TEXT),
    "OpenAI's to an Anthropic client": (CHAT, TO_CHAT, HI, THERE),
}


@pytest.mark.parametrize("case", WORDS)
def test_each_event_is_parsed_once_and_each_text_written_once(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, translation, begin, text = WORDS[case]
    receipt = Receipt()
    machine = translation.stream({"model": "m"}, 0)
    relay = Relay(wire, receipt, "acme", interpreted(machine))
    relay.feed(begin + text)
    counts: Counter[str] = Counter()
    for name in ("loads", "dumps"):
        monkeypatch.setattr(orjson, name, _counting(getattr(orjson, name), counts, name))

    told = relay.feed(text * 10)

    assert told.count(b"data: ") == 10
    assert counts == {"loads": 10, "dumps": 10}


def _counting(function: Callable[..., Any], counts: Counter[str], name: str) -> Callable[..., Any]:
    def counted(*args: Any, **options: Any) -> Any:
        counts[name] += 1
        return function(*args, **options)

    return counted
