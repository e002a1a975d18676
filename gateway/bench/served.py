"""The gateway that is measured: the real one, with settings that lead to the measured provider.

A process of its own. Its first line of standard input is an `Order`; for every further line it
says on standard output what it has used so far; where they end, it ends. Its log goes nowhere.
"""

import os
import signal
import sys
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from secrets import token_hex
from threading import Thread
from time import process_time

import orjson

from gateway.bench.pointed import pointed
from gateway.bench.talk import Order, Used
from gateway.choosing import strategies
from gateway.config.build import World, load
from gateway.config.settings import Loaded
from gateway.launch import Launch, run
from gateway.ledger.models import Models
from gateway.server import How

_SMAPS = Path("/proc/self/smaps_rollup")
_DRAIN_S = 1.0


def main() -> None:
    """Serve until the parent has enough, or is gone."""
    order = Order(**orjson.loads(sys.stdin.buffer.readline()))
    models = Models.load()
    loaded = load(Path(order.config), os.environ, world=World(reasons=models.reasons))
    strategy = strategies(loaded.settings, order.config)
    launch = Launch(
        _pointed(loaded, order),
        strategy,
        models,
        "127.0.0.1",
        0,
        How(server=order.server, predrain=0.0, drain=_DRAIN_S),  # type: ignore[arg-type]  # a Choice
    )
    Thread(target=_tell, daemon=True).start()
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        run(launch)


def _pointed(loaded: Loaded, order: Order) -> Loaded:
    redis = loaded.settings.redis if order.with_state else None
    if redis:
        apart = f"bench-{token_hex(4)}"
        namespace = f"{redis.namespace}:{apart}" if redis.namespace else apart
        redis = replace(redis, namespace=namespace)
    settings = pointed(loaded.settings, order.upstream, order.key, redis)
    return replace(loaded, settings=settings)


def _tell() -> None:
    """A thread that sleeps until somebody asks costs the event loop nothing."""
    for _ in sys.stdin.buffer:
        sys.stdout.write(f"{orjson.dumps(used()).decode()}\n")
        sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGINT)


def used() -> Used:
    """By this process. Memory with its part of shared pages where the kernel tells it; else the
    most that it has had.
    """
    try:
        told = _SMAPS.read_text().partition("\nPss:")[2].split()
        return Used(process_time(), int(told[0]) / 1024, "PSS")
    except (OSError, IndexError):
        peak = getrusage(RUSAGE_SELF).ru_maxrss
        bytes_each = 1 if sys.platform == "darwin" else 1024
        return Used(process_time(), peak * bytes_each / 2**20, "peak RSS")
