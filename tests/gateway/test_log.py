"""Log, Bridge and Scrubber."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bridge import Bridge
from gateway.log import Level, Log
from gateway.scrub import Scrubber

NOON = 1_795_221_566.1239  # 2026-11-21T00:39:26.123Z
SECRET = 'sk-proj/4+Zq7 wéird"key~99'


class StoppedClock:
    def now(self) -> float:
        return 0.0

    def wall(self) -> float:
        return NOON

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


class Gate(io.RawIOBase):
    """A pipe that nobody reads until `opened`."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.text = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.entered.set()
        self.opened.wait(30)
        self.text += bytes(data)
        return len(data)


class Gone(io.RawIOBase):
    """A pipe whose reader has left."""

    def __init__(self) -> None:
        self.tried = threading.Event()
        self.tries = 0

    def write(self, data: Any) -> int:
        self.tries += 1
        self.tried.set()
        raise BrokenPipeError


def written(*, as_json: bool = True, **settings: Any) -> tuple[Log, io.BytesIO]:
    stream = io.BytesIO()
    return Log(stream, json=as_json, clock=StoppedClock(), **settings), stream


def lines(log: Log, stream: io.BytesIO) -> list[dict[str, Any]]:
    log.close(30)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def line(log: Log, stream: io.BytesIO) -> str:
    log.close(30)
    return stream.getvalue().decode()


def test_a_json_line_opens_with_time_level_and_event() -> None:
    log, stream = written()
    log("request.finished", alias="gpt-4o", status=200, took_s=0.412)

    assert line(log, stream) == (
        '{"ts":"2026-11-21T00:39:26.123Z","level":"info","event":"request.finished",'
        '"alias":"gpt-4o","status":200,"took_s":0.412}\n'
    )


def test_a_fact_cannot_pose_as_the_event() -> None:
    log, stream = written()
    log("login", event="logout", ts="never")

    assert [(found["event"], found["ts"][:4]) for found in lines(log, stream)] == [
        ("login", "2026")
    ]


def test_a_line_for_people_has_local_time_and_plain_facts() -> None:
    log, stream = written(as_json=False)
    log("request.finished", alias="gpt-4o", status=200, ok=True, said="two words", none=None)

    local = f"{datetime.fromtimestamp(NOON):%H:%M:%S}.123"
    assert line(log, stream) == (
        f'{local} request.finished   alias=gpt-4o status=200 ok=true said="two words" none=null\n'
    )


def test_a_line_for_people_names_every_level_but_info() -> None:
    log, stream = written(as_json=False)
    log("a", Level.WARNING)
    log("b", Level.ERROR)

    assert [text[13:] for text in line(log, stream).splitlines()] == ["WARNING a", "ERROR b"]


def test_only_warnings_and_errors_are_coloured() -> None:
    log, stream = written(as_json=False, colour=True)
    log("fine")
    log("bad", Level.ERROR)

    fine, bad = line(log, stream).splitlines()
    assert "\x1b" not in fine
    assert bad.startswith("\x1b[31m")
    assert bad.endswith("\x1b[0m")


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "text",
    ["\x1b[2J", "a\nb", "a\rb", "\x00", "\x7f", "\x9b31m", "\u202eevil", "\u2028", "\ufeff"],
    ids=ascii,
)
def test_control_characters_are_escaped(text: str, as_json: bool) -> None:
    log, stream = written(as_json=as_json)
    log("seen", agent=text)
    log("next")

    found = line(log, stream)
    assert text not in found
    assert found.count("\n") == 2
    assert "".join(found.splitlines()).isprintable()


@pytest.mark.parametrize("text", ["\x9b31m", "\u202eevil", "back\\slash \x7f", "ünï😀"], ids=ascii)
def test_an_escaped_character_is_still_readable_from_json(text: str) -> None:
    log, stream = written()
    log("seen", agent=text)

    assert lines(log, stream)[0]["agent"] == text


class Sullen:
    def __str__(self) -> str:
        raise RuntimeError("no")


ODD_FACTS = {
    "a path": (Path("/etc/x"), "/etc/x"),
    "an exception": (ValueError("bad"), "bad"),
    "a big number": (2**70, str(2**70)),
    "a lone surrogate": ("\ud800", "\\ud800"),
    "bytes": (b"ab", "b'ab'"),
    "not a number": (float("nan"), None),
    "a set of one": ({1}, "{1}"),
    "an odd key": ({1: 2}, {"1": 2}),
}


@pytest.mark.parametrize(("value", "shown"), ODD_FACTS.values(), ids=ODD_FACTS)
def test_an_odd_fact_is_shown_as_well_as_can_be(value: object, shown: object) -> None:
    log, stream = written()
    log("odd", fact=value, other="ok")

    assert [(found["fact"], found["other"]) for found in lines(log, stream)] == [(shown, "ok")]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_value_that_cannot_be_shown_does_not_end_the_log(as_json: bool) -> None:
    log, stream = written(as_json=as_json)
    log("sullen", fact=Sullen())
    log("next")

    found = line(log, stream).splitlines()
    assert ["unprintable" in text for text in found] == [True, False]
    assert "next" in found[1]


def test_debug_is_written_only_when_verbose() -> None:
    quiet, quiet_stream = written()
    quiet("detail", Level.DEBUG)
    loud, loud_stream = written(verbose=True)
    loud("detail", Level.DEBUG)

    assert (quiet.enabled(Level.DEBUG), loud.enabled(Level.DEBUG)) == (False, True)
    assert quiet.enabled(Level.INFO)
    assert lines(quiet, quiet_stream) == []
    assert [found["level"] for found in lines(loud, loud_stream)] == ["debug"]


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def test_a_blocked_pipe_stalls_only_the_thread_and_what_is_lost_is_counted(gate: Gate) -> None:
    log = Log(gate, json=True, clock=StoppedClock(), capacity=10)
    log("first")
    assert gate.entered.wait(30)
    for number in range(25):
        log("later", number=number)
    dropped = log.dropped
    gate.opened.set()
    log.close(30)

    events = [json.loads(text) for text in gate.text.splitlines()]
    assert dropped == 15
    assert [found["number"] for found in events if found["event"] == "later"] == list(range(10))
    assert [(found["count"], found["level"]) for found in events if "count" in found] == [
        (15, "warning")
    ]


def test_closing_gives_up_on_a_blocked_pipe(gate: Gate) -> None:
    log = Log(gate, json=True, clock=StoppedClock())
    log("first")
    assert gate.entered.wait(30)
    log.close(0.01)

    assert gate.text == b""


def test_a_reader_that_left_ends_the_writing_silently() -> None:
    gone = Gone()
    log = Log(gone, json=True, clock=StoppedClock())
    log("first")
    assert gone.tried.wait(30)
    log("second")
    log.close(30)

    assert gone.tries == 1
    assert log.dropped == 2


def test_what_is_logged_after_closing_is_counted_as_dropped() -> None:
    log, stream = written()
    log.close(30)
    log("late")
    log.close(30)

    assert stream.getvalue() == b""
    assert log.dropped == 1


def test_a_text_stream_will_do() -> None:
    stream = io.StringIO()
    log = Log(stream, json=True, clock=StoppedClock())
    log("seen", text="ünï")
    log.close(30)

    assert json.loads(stream.getvalue())["text"] == "ünï"


def test_many_records_keep_their_order() -> None:
    log, stream = written()
    for number in range(5_000):
        log("seen", number=number)

    assert [found["number"] for found in lines(log, stream)] == list(range(5_000))


STUCK = """
import os, sys
from adapters.clock import SystemClock
from gateway.log import Log
log = Log(sys.stdout, json=True, clock=SystemClock())
for number in range(5_000):
    log("seen", text="x" * 100)
log.close(0.2)
sys.stderr.write("done")
"""


def test_a_process_whose_output_nobody_reads_ends_in_good_order() -> None:
    unread, stdout = os.pipe()
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.run(
        [sys.executable, "-c", STUCK],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=buffered,
        timeout=60,
        check=False,
    )
    os.close(unread)
    os.close(stdout)

    assert (process.returncode, process.stderr) == (0, b"done")


FORMS = {
    "as written": SECRET,
    "inside a text": f"Bearer {SECRET}, thanks",
    "URL-encoded": quote(SECRET, safe=""),
    "URL-encoded, slashes kept": quote(SECRET),
    "URL-encoded in small letters": re.sub("%..", lambda found: found[0].lower(), quote(SECRET)),
    "base64": b64encode(SECRET.encode()).decode(),
    "base64 for URLs": urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 after one byte": b64encode(b":" + SECRET.encode() + b"!").decode(),
    "base64 after two bytes": b64encode(b"u:" + SECRET.encode() + b"!!").decode(),
    "base64 after three bytes": b64encode(b"me:" + SECRET.encode()).decode(),
}


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_secret_is_scrubbed_in_every_form(text: str, as_json: bool) -> None:
    log, stream = written(as_json=as_json, secrets=[SECRET])
    log("seen", text=text, deep={"list": [text]}, error=ValueError(text))

    found = line(log, stream)
    middle = text.removeprefix("Bearer ").removesuffix(", thanks")[4:-4]
    assert found.count("***") == 3
    assert middle not in found
    assert json.dumps(middle, ensure_ascii=False)[1:-1] not in found


def test_a_secret_shorter_than_eight_characters_is_left_alone() -> None:
    log, stream = written(secrets=["request", "", "requests"])
    log("request", other="requests")

    assert [(found["event"], found["other"]) for found in lines(log, stream)] == [
        ("request", "***")
    ]


def test_of_two_secrets_the_longer_goes_first() -> None:
    scrub = Scrubber(["sk-12345678", "sk-12345678-and-more"])

    assert scrub(b"sk-12345678-and-more, sk-12345678") == b"***, ***"


@given(st.binary(max_size=60), st.integers(8, 40), st.binary(max_size=60))
def test_a_secret_is_found_wherever_it_stands(before: bytes, size: int, after: bytes) -> None:
    secret = "Kx9Qw7Zr5Tb3Nm1Lp8Vd6Hc4Js2Gf0YuEiOaXeRt"[:size]
    scrub = Scrubber([secret, "another-secret-of-some-length-1234567890"])

    assert scrub(before + secret.encode() + after) == before + b"***" + after


def bridged(**settings: Any) -> tuple[logging.Logger, Log, io.BytesIO]:
    log, stream = written(**settings)
    logger = logging.Logger("hypercorn.error")
    logger.addHandler(Bridge(log))
    return logger, log, stream


def test_what_libraries_log_comes_through_the_bridge() -> None:
    logger, log, stream = bridged()
    logger.warning("Running on %s", "http://x")
    logger.debug("not this")

    assert [
        (found["event"], found["level"], found["logger"], found["message"])
        for found in lines(log, stream)
    ] == [("log", "warning", "hypercorn.error", "Running on http://x")]


@pytest.mark.parametrize("verbose", [True, False])
def test_a_traceback_crosses_the_bridge_only_when_verbose(verbose: bool) -> None:
    logger, log, stream = bridged(verbose=verbose)
    try:
        int("seven")
    except ValueError:
        logger.exception("it failed")

    (found,) = lines(log, stream)
    assert (found["level"], found["error"]) == (
        "error",
        "ValueError: invalid literal for int() with base 10: 'seven'",
    )
    assert ("traceback" in found) is verbose


def test_a_bridge_survives_wrong_arguments_and_sullen_errors() -> None:
    logger, log, stream = bridged()
    logger.info("%d apples", "many")
    logger.error("no", exc_info=RuntimeError(Sullen()))

    assert [(found["message"], found.get("error")) for found in lines(log, stream)] == [
        ("%d apples", None),
        ("no", "RuntimeError"),
    ]


@pytest.mark.parametrize(
    ("number", "level"),
    [(5, "debug"), (10, "debug"), (25, "info"), (30, "warning"), (50, "error")],
)
def test_the_levels_of_logging_become_ours(number: int, level: str) -> None:
    logger, log, stream = bridged(verbose=True)
    logger.log(number, "x")

    assert [found["level"] for found in lines(log, stream)] == [level]
