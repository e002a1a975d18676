"""The command: `sluicegate --config F` serves, `sluicegate check --config F` only looks.

Flags and variables have LiteLLM's names. Everything heavy is imported by the command that needs
it, so `--help` and `--version` answer at once.
"""

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.version import VERSION

if TYPE_CHECKING:
    from gateway.config.settings import Loaded, Settings
    from gateway.log import Log
    from gateway.server import How

_ANYWHERE = "0.0.0.0"  # noqa: S104  # only with a key worth the name
_LOOPBACK = "127.0.0.1"
_SHORTEST_KEY = 16  # characters of a master key that may face a network


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100})
@click.option("--config", "-c", envvar="CONFIG_FILE_PATH", help="LiteLLM's config.yaml.")
@click.option("--model", "-m", default="", help="Serve this one model, without a file.")
@click.option("--alias", default="", help="With --model: the name clients ask for.")
@click.option("--api_base", default="", help="With --model: the provider's address.")
@click.option("--api_version", default="", help="With --model: the provider's API version.")
@click.option("--host", envvar="HOST", default="", help="Address to listen on.")
@click.option("--port", envvar="PORT", default=4000, show_default=True, help="Port; 0: any.")
@click.option("--num_workers", envvar="NUM_WORKERS", default=1, help="Only 1 for now.")
@click.option(
    "--server",
    type=click.Choice(["hypercorn", "uvicorn"]),
    default="hypercorn",
    show_default=True,
    help="uvicorn needs the extra of that name.",
)
@click.option("--strict", is_flag=True, help="Refuse to start while a deployment is off.")
@click.option("--predrain", default=5.0, help="Seconds to go on accepting after SIGTERM.")
@click.option("--drain", default=600.0, help="Seconds for streams to finish after that.")
@click.option("--insecure-no-auth", is_flag=True, help="Face a network without a master key.")
@click.option("--insecure-master-key", is_flag=True, help="Face a network with a weak one.")
@click.option("--debug", "--detailed_debug", is_flag=True, help="Log more.")
@click.version_option(VERSION, "--version", "-v", prog_name="sluicegate")
@click.pass_context
def main(  # noqa: PLR0917  # one parameter per flag
    context: click.Context,
    config: str | None,
    model: str,
    alias: str,
    api_base: str,
    api_version: str,
    host: str,
    port: int,
    num_workers: int,
    server: str,
    strict: bool,
    predrain: float,
    drain: float,
    insecure_no_auth: bool,
    insecure_master_key: bool,
    debug: bool,
) -> None:
    """Serve many LLM providers at one OpenAI- and Anthropic-compatible address."""
    if context.invoked_subcommand:
        context.obj = config
        return
    if num_workers != 1:
        raise click.UsageError(
            "--num_workers above 1 is not there yet; start several gateways behind nginx instead."
        )
    if bool(config) == bool(model):
        raise click.UsageError("Give either --config FILE or --model PROVIDER/MODEL.")

    from gateway.server import How  # noqa: PLC0415

    loaded = _load(config, model, alias, api_base, api_version, strict=strict)
    address = _address(
        host,
        loaded.settings.master_key,
        no_auth=insecure_no_auth,
        weak_key=insecure_master_key,
    )
    how = How(server=server, predrain=predrain, drain=drain)  # type: ignore[arg-type]  # a Choice
    _run(loaded, address, port, how, debug=debug)


@main.command()
@click.option("--config", "-c", envvar="CONFIG_FILE_PATH", help="LiteLLM's config.yaml.")
@click.pass_context
def check(context: click.Context, config: str | None) -> None:
    """Read a configuration and say everything that is wrong with it, without starting."""
    from gateway.config.report import check as look  # noqa: PLC0415

    path = config or context.obj
    if not path:
        raise click.UsageError("Give --config FILE.")
    text, code = look(Path(path), os.environ)
    click.echo(text)
    sys.exit(code)


def _load(
    config: str | None, model: str, alias: str, api_base: str, api_version: str, *, strict: bool
) -> "Loaded":
    """The configuration, or the end of the program with everything that is wrong in it."""
    from gateway.config.build import load, single  # noqa: PLC0415
    from gateway.config.settings import ConfigError  # noqa: PLC0415

    try:
        if config:
            return load(Path(config), os.environ, strict=strict)
        return single(
            model, alias=alias, api_base=api_base, api_version=api_version, environ=os.environ
        )
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _address(host: str, master_key: str, *, no_auth: bool, weak_key: bool) -> str:
    """Where to listen. Without a key worth the name it is the loopback address, unless the
    operator insists.
    """
    known = master_key in {"sk-1234", "sk-12345"}
    weak = bool(master_key) and (known or len(master_key) < _SHORTEST_KEY)
    if not host:
        return _ANYWHERE if master_key and not weak else _LOOPBACK
    if _is_loopback(host):
        return host
    if not master_key and not no_auth:
        raise click.UsageError(
            f"--host {host} faces a network, and there is no master key. Set LITELLM_MASTER_KEY or "
            "general_settings.master_key, or insist with --insecure-no-auth."
        )
    if weak and not weak_key:
        raise click.UsageError(
            f"--host {host} faces a network, and the master key is a sample or shorter than "
            f"{_SHORTEST_KEY} characters. Choose a longer one, or insist with "
            "--insecure-master-key."
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(loaded: "Loaded", host: str, port: int, how: "How", *, debug: bool) -> None:
    import asyncio  # noqa: PLC0415
    import logging  # noqa: PLC0415

    import uvloop  # noqa: PLC0415

    from adapters.clock import SystemClock  # noqa: PLC0415
    from gateway.log import Bridge, Log  # noqa: PLC0415

    settings = loaded.settings
    piped = not sys.stderr.isatty() if settings.json_logs is None else settings.json_logs
    log = Log(
        sys.stderr,
        json=piped,
        clock=SystemClock(),
        secrets=_secrets(settings),
        verbose=debug,
        colour=not piped,
    )
    logging.basicConfig(handlers=[Bridge(log)], level=logging.WARNING, force=True)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(loaded, host, port, how, log))
    except KeyboardInterrupt:
        pass
    finally:
        log.close(2.0)


async def _serve(loaded: "Loaded", host: str, port: int, how: "How", log: "Log") -> None:
    from random import SystemRandom  # noqa: PLC0415

    from adapters.clock import SystemClock  # noqa: PLC0415
    from gateway.app import build  # noqa: PLC0415
    from gateway.ledger.models import Models  # noqa: PLC0415
    from gateway.log import Level  # noqa: PLC0415
    from gateway.server import CannotListen, listen, serve  # noqa: PLC0415
    from gateway.services import opened  # noqa: PLC0415

    for note in (*loaded.warnings, *loaded.unserved):
        log("config.warning", Level.WARNING, at=note.path, text=note.text)
    try:
        sock = listen(host, port)
    except CannotListen as error:
        log("server.failed", Level.ERROR, text=error.message)
        raise SystemExit(1) from error
    settings = loaded.settings
    port = sock.getsockname()[1]
    async with opened(settings, log, Models.load(), SystemClock(), SystemRandom()) as services:
        click.echo(_banner(settings, host, port))
        log("server.started", version=VERSION, host=host, port=port, server=how.server)
        await serve(build(services), services.life, sock, how, log)
    log("server.stopped")


def _banner(settings: "Settings", host: str, port: int) -> str:
    """Where it is, who may come, and a line to try."""
    name = next((d.alias for d in settings.deployments if not d.off and "*" not in d.alias), "")
    shown = _LOOPBACK if host in {_ANYWHERE, "::"} else f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    key = ' -H "Authorization: Bearer $LITELLM_MASTER_KEY"' if settings.master_key else ""
    lines = [f"Sluicegate {VERSION} listens on {url}"]
    if not settings.master_key:
        lines.append("There is no master key: everybody who reaches this address is let in.")
    if name:
        body = f'{{"model": "{name}", "stream": true, "messages": [{{"role": "user", '
        body += '"content": "Hello!"}]}'
        lines += [
            "Try it:",
            f"  curl -N {url}/v1/chat/completions{key} -H 'content-type: application/json' "
            f"-d '{body}'",
        ]
    return "\n".join(lines)


def _secrets(settings: "Settings") -> set[str]:
    """Every value that must never be seen in a log line."""
    found = {settings.master_key}
    for deployment in settings.deployments:
        found |= {*deployment.target.secrets.values()}
        found |= {value.partition(" ")[2] or value for value in deployment.target.headers.values()}
    return found - {""}
