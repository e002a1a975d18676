"""The command: `sluicegate --config F` serves, `sluicegate check --config F` only looks,
`sluicegate explain ALIAS` says where a request would go, `sluicegate bench` what we cost.

Flags and variables have LiteLLM's names. Everything heavy is imported by the command that needs
it, so `--help` and `--version` answer at once.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.version import VERSION

if TYPE_CHECKING:
    from adapters.types import Json
    from gateway.config.settings import Loaded
    from gateway.ledger.models import Models

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
@click.option(
    "--num_workers", envvar="NUM_WORKERS", type=click.IntRange(1), default=1, help="One per core."
)
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
    if num_workers > 1 and not hasattr(os, "fork"):
        raise click.UsageError("--num_workers above 1 is not available on Windows.")
    if bool(config) == bool(model):
        raise click.UsageError("Give either --config FILE or --model PROVIDER/MODEL.")

    from gateway.choosing import strategies  # noqa: PLC0415
    from gateway.launch import Launch, run  # noqa: PLC0415
    from gateway.ledger.models import Models  # noqa: PLC0415
    from gateway.server import How  # noqa: PLC0415

    models = Models.load()
    with _problems_told():
        loaded = _load(config, model, alias, api_base, api_version, models, strict=strict)
        strategy = strategies(loaded.settings, config)
    key = loaded.settings.master_key
    address = _address(host, key, no_auth=insecure_no_auth, weak_key=insecure_master_key)
    how = How(server=server, predrain=predrain, drain=drain)  # type: ignore[arg-type]  # a Choice
    launch = Launch(loaded, strategy, models, address, port, how, debug=debug)
    if num_workers == 1:
        run(launch)
    else:
        from gateway.workers.several import run_several  # noqa: PLC0415

        run_several(launch, num_workers)


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


@main.command()
@click.argument("alias")
@click.option("--body", default="", help="A file with a request as clients send it; -: stdin.")
@click.option("--config", "-c", envvar="CONFIG_FILE_PATH", help="LiteLLM's config.yaml.")
@click.option("--url", default="", help="Ask a running gateway, which knows limits and rests.")
@click.option("--key", envvar="LITELLM_MASTER_KEY", default="", help="With --url: its master key.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def explain(  # noqa: PLR0917  # one parameter per flag
    context: click.Context,
    alias: str,
    body: str,
    config: str | None,
    url: str,
    key: str,
    as_json: bool,
) -> None:
    """Say where a request for ALIAS would go, why, and where next if that failed.

    From the configuration alone, as if just started; with --url as things stand now.
    Exit codes: 0, 1: no such alias, 2: it cannot be told.
    """
    from adapters.errors import BadRequest, UnknownModel  # noqa: PLC0415
    from gateway.asking import Refused, Unreachable, asked, question  # noqa: PLC0415

    path = config or context.obj
    if not (url or path):
        raise click.UsageError("Give --config FILE, or --url of a running gateway.")
    try:
        wanted = question(alias, _read(body))
        document = asked(url, key, wanted) if url else _alone(path, wanted)
    except (UnknownModel, BadRequest, Refused, Unreachable) as error:
        click.echo(str(error), err=True)
        sys.exit(1 if getattr(error, "code", "") == UnknownModel.code else 2)
    click.echo(_shown(document, as_json=as_json))


@main.command()
@click.option("--config", "-c", envvar="CONFIG_FILE_PATH", help="LiteLLM's config.yaml.")
@click.option("--model", "-m", "alias", default="", help="The alias; else the first that works.")
@click.option("--seconds", type=click.FloatRange(2, 600), default=20.0, show_default=True)
@click.option("--clients", type=click.IntRange(1, 512), default=16, show_default=True)
@click.option("--server", type=click.Choice(["hypercorn", "uvicorn"]), default="hypercorn")
@click.option("--with-state", is_flag=True, help="Use the Redis that the configuration names.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def bench(context: click.Context, /, config: str | None, as_json: bool, **wanted: Any) -> None:
    """Measure what the gateway itself costs, with this configuration, on this machine.

    Providers are exchanged for one that answers at once; nothing leaves the loopback interface.
    Exit codes: 0, 1: a request failed, 2: nothing could be measured.
    """
    from gateway.bench.command import measured  # noqa: PLC0415
    from gateway.bench.run import Wanted  # noqa: PLC0415

    if not (path := config or context.obj):
        raise click.UsageError("Give --config FILE.")
    click.echo(f"Measuring for about {wanted['seconds']:g} s, on this machine alone.", err=True)
    with _problems_told(2):
        text, problem, code = measured(Wanted(path, **wanted), as_json=as_json)
    click.echo(text, nl=bool(text))
    click.echo(problem, nl=bool(problem), err=True)
    sys.exit(code)


def _read(file: str) -> bytes:
    """What is in it; nothing where no file is named."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes() if file else b""
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from error


def _alone(config: str, body: bytes) -> "Json":
    from asyncio import run  # noqa: PLC0415

    from gateway.asking import alone  # noqa: PLC0415
    from gateway.choosing import strategies  # noqa: PLC0415
    from gateway.ledger.models import Models  # noqa: PLC0415

    models = Models.load()
    with _problems_told(2):
        settings = _load(config, "", "", "", "", models, strict=False).settings
        strategy = strategies(settings, config)
    return run(alone(settings, strategy, models, body))


def _shown(document: "Json", *, as_json: bool) -> str:
    """Colours are for terminals only: click takes them out elsewhere."""
    import orjson  # noqa: PLC0415

    from gateway.explained import plain, told  # noqa: PLC0415

    if as_json:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    colours = not os.environ.get("NO_COLOR")
    return told(document, (lambda text, fg: click.style(text, fg=fg)) if colours else plain)


@contextmanager
def _problems_told(code: int = 1) -> Iterator[None]:
    """Everything that is wrong with a configuration is printed, and that is the end."""
    from gateway.config.settings import ConfigError  # noqa: PLC0415

    try:
        yield
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(code)


def _load(  # noqa: PLR0917  # as many as the flags it reads
    config: str | None,
    model: str,
    alias: str,
    api_base: str,
    api_version: str,
    models: "Models",
    *,
    strict: bool,
) -> "Loaded":
    from gateway.config.build import World, load, single  # noqa: PLC0415

    world = World(reasons=models.reasons)
    if config:
        return load(Path(config), os.environ, strict=strict, world=world)
    return single(
        model,
        alias=alias,
        api_base=api_base,
        api_version=api_version,
        environ=os.environ,
        world=world,
    )


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
