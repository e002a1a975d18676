"""What is counted: JSON read and written, tasks made, timers set. Only in this thread."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest


@dataclass(slots=True)
class Json:
    """Texts that were parsed, and texts that were made."""

    read: list[bytes] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)


@contextmanager
def json_counted() -> Iterator[Json]:
    """All code says `orjson.loads` and `orjson.dumps`, so there they are caught."""
    seen, here = Json(), threading.get_ident()
    loads, dumps = orjson.loads, orjson.dumps

    def counted_loads(text: Any) -> Any:
        if threading.get_ident() == here:
            seen.read.append(text.encode() if isinstance(text, str) else bytes(text))
        return loads(text)

    def counted_dumps(*given: Any, **options: Any) -> bytes:
        text = dumps(*given, **options)
        if threading.get_ident() == here:
            seen.written.append(text)
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orjson, "loads", counted_loads)
        patch.setattr(orjson, "dumps", counted_dumps)
        yield seen


@contextmanager
def tasks_counted() -> Iterator[list[str]]:
    """The names of the coroutines that tasks are made for in this event loop."""
    loop, made = asyncio.get_running_loop(), list[str]()

    def make(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any
    ) -> "asyncio.Task[Any]":
        made.append(work.__qualname__)
        return asyncio.Task(work, loop=loop, **more)

    before = loop.get_task_factory()
    loop.set_task_factory(make)
    try:
        yield made
    finally:
        loop.set_task_factory(before)


@contextmanager
def timers_counted() -> Iterator[list[float]]:
    """The timers that are set in this event loop, and for how many seconds."""
    loop, made = asyncio.get_running_loop(), list[float]()
    call_at = loop.call_at

    def counted(when: float, *given: Any, **more: Any) -> asyncio.TimerHandle:
        made.append(when - loop.time())
        return call_at(when, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "call_at", counted)  # `call_later` comes here too
        yield made
