"""A provider on a real socket in an event loop of its own, so that nothing of it is counted."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.upstream import Script, Upstream


@contextmanager
def elsewhere(*scripts: Script) -> Iterator[Upstream]:
    """It plays these; the last one repeats."""
    loop, provider = asyncio.new_event_loop(), Upstream()
    loop.set_exception_handler(lambda *_: None)  # connections that are cut off at the end
    provider.play(*scripts)
    thread = threading.Thread(target=loop.run_forever, name="a provider", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(provider.__aenter__(), loop).result(10)
        yield provider
        asyncio.run_coroutine_threadsafe(provider.__aexit__(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
