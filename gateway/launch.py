"""From a configuration to a serving process: the log, the loop, the graph, the socket."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

import click
import uvloop

from adapters.clock import SystemClock
from gateway.app import build
from gateway.bridge import Bridge
from gateway.config.settings import Loaded, Settings
from gateway.ledger.models import Models
from gateway.log import Level, Log, Stream
from gateway.say import Say
from gateway.server import CannotListen, How, listen, serve
from gateway.services import opened
from gateway.version import VERSION
from routing.strategies import Strategy

LOG_FLUSH_S = 2.0


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that the command line has decided."""

    loaded: Loaded
    strategy: Callable[[str], Strategy]  # of a model
    models: Models
    host: str
    port: int  # 0: any free one
    how: How
    debug: bool = False


def run(launch: Launch) -> None:
    """Serve until told to stop.

    Raises:
        SystemExit: 1, the address cannot be listened on; the log says why.
    """
    log = opened_log(launch, sys.stderr)
    try:
        run_loop(_serve(launch, log))
    finally:
        log.close(LOG_FLUSH_S)


def run_loop(serving: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def _serve(launch: Launch, log: Log) -> None:
    loaded, clock = launch.loaded, SystemClock()
    warn(loaded, log)
    sock = listening(launch, log)
    async with opened(
        loaded.settings, launch.strategy, log, launch.models, clock=clock, rng=SystemRandom()
    ) as services:
        announce(launch, sock, log)
        await serve(build(services), services.life, sock, launch.how, log)
    log("server.stopped")


def warn(loaded: Loaded, say: Say) -> None:
    """Of what is odd in the configuration."""
    for note in (*loaded.warnings, *loaded.unserved):
        say("config.warning", Level.WARNING, at=note.path, text=note.text)


def listening(launch: Launch, say: Say) -> socket.socket:
    """The socket. Raises SystemExit: 1, where there can be none; the log says why."""
    try:
        return listen(launch.host, launch.port)
    except CannotListen as error:
        say("server.failed", Level.ERROR, text=error.message)
        raise SystemExit(1) from error


def announce(launch: Launch, sock: socket.socket, say: Say, **facts: object) -> None:
    """Say to people and to the log where it is."""
    port, server = sock.getsockname()[1], launch.how.server
    click.echo(banner(launch.loaded.settings, launch.host, port))
    say(
        "server.started",
        Level.INFO,
        version=VERSION,
        host=launch.host,
        port=port,
        server=server,
        **facts,
    )


def opened_log(launch: Launch, stream: Stream, stamp: Mapping[str, object] | None = None) -> Log:
    """A log on `stream`, which is standard error in one way or another. Whatever libraries log
    goes there too.
    """
    settings = launch.loaded.settings
    json = not sys.stderr.isatty() if settings.json_logs is None else settings.json_logs
    log = Log(
        stream,
        json=json,
        clock=SystemClock(),
        secrets=secrets(settings),
        verbose=launch.debug,
        colour=not json and sys.stderr.isatty(),
        stamp=stamp,
    )
    logging.basicConfig(handlers=[Bridge(log)], level=logging.WARNING, force=True)
    return log


def secrets(settings: Settings) -> set[str]:
    """Every value that must never be seen in a log line."""
    found = {settings.master_key, settings.redis.password if settings.redis else ""}
    for deployment in settings.deployments:
        found |= {*deployment.target.secrets.values()}
        found |= {value.rpartition(" ")[2] for value in deployment.target.headers.values()}
    return found - {""}


def banner(settings: Settings, host: str, port: int) -> str:
    """Where it is, who may come, and a line to try."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)  # noqa: S104  # read only
    url = f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
    lines = [f"Sluicegate {VERSION} listens on {url}"]
    if not settings.master_key:
        lines.append("There is no master key: everybody who reaches this address is let in.")
    usable = (d.alias for d in settings.deployments if not d.off and "*" not in d.alias)
    if name := next(usable, ""):
        key = ' -H "Authorization: Bearer $LITELLM_MASTER_KEY"' if settings.master_key else ""
        messages = '[{"role": "user", "content": "Hello!"}]'
        body = f'{{"model": "{name}", "stream": true, "messages": {messages}}}'
        lines += [
            "Try it:",
            f"  curl -N {url}/v1/chat/completions{key}"
            f" -H 'content-type: application/json' -d '{body}'",
        ]
    return "\n".join(lines)
