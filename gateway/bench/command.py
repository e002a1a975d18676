"""`sluicegate bench`, from what the command line wants to what it prints."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import orjson

from adapters.types import Json
from gateway.bench.errors import CannotMeasure
from gateway.bench.report import Machine, Report
from gateway.bench.run import Wanted, figures
from gateway.bench.subject import subject
from gateway.choosing import strategies
from gateway.config.build import World, load
from gateway.ledger.models import Models
from gateway.version import VERSION

_EXTRAS = ("uvicorn", "httptools")


def measured(wanted: Wanted, *, as_json: bool) -> tuple[str, str, int]:
    """What to print, what to say is wrong, and the exit code.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    models = Models.load()
    settings = load(Path(wanted.config), os.environ, world=World(reasons=models.reasons)).settings
    strategies(settings, wanted.config)  # what is wrong with them is better said here
    try:
        what = subject(settings, models, wanted.alias, with_state=wanted.with_state)
        machine = _machine(wanted.server)
        found = figures(wanted, what.alias, settings)
    except CannotMeasure as error:
        return "", str(error), error.code
    report = Report(what, machine, wanted.server, wanted.clients, found)
    text = _json(report.document()) if as_json else report.text()
    if not found.failed:
        return text, "", 0
    return text, f"{found.failed} requests failed, the first with: {found.error}", 1


def _json(document: Json) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _machine(server: str) -> Machine:
    """Raises CannotMeasure if the server is not there."""
    if server == "uvicorn" and not all(map(find_spec, _EXTRAS)):
        raise CannotMeasure("--server uvicorn needs the extra: pip install 'sluicegate[uvicorn]'")
    names: Sequence[str] = ("hypercorn", "h11") if server == "hypercorn" else _EXTRAS
    found = {name: _version(name) for name in (*names, "uvloop", "aiohttp", "orjson")}
    system = f"{platform.system()} {platform.machine()}"
    return Machine(_cores(), platform.python_version(), system, {"sluicegate": VERSION, **found})


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "?"


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
