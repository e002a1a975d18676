"""What `sluicegate check` says of a configuration."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from gateway.config.build import WORLD, Read, World, read_file
from gateway.config.settings import ConfigError, Loaded, Note
from routing.state.address import RedisAddress


def check(path: Path, environ: Mapping[str, str], *, world: World = WORLD) -> tuple[str, int]:
    """The report on a file, and an exit code: 0 if everything in it can be used, else 1."""
    try:
        read = read_file(path, environ, strict=True, world=world)
    except ConfigError as error:
        return refusal(error), 1
    return report(read, str(path)), 1 if read.off else 0


def refusal(error: ConfigError) -> str:
    """Why a configuration cannot be used."""
    summary = f"{error.source}: {_count(error.problems, 'problem')}"
    return "\n".join([*_part("Problems", error.problems), summary])


def report(read: Read, source: str) -> str:
    """What a configuration does. Deployments that are off are problems here."""
    loaded = read.loaded
    warnings = [note for note in loaded.warnings if note not in read.off]
    return "\n".join(
        [
            *_part("Problems", read.off),
            *_part("Served", _served(loaded.served)),
            *_part("Shared state", _shared(loaded.settings.redis)),
            *_part("Accepted without effect", loaded.unserved),
            *_part("Warnings", warnings),
            f"{source}: {_size(loaded)}; {_count(read.off, 'problem')}, "
            f"{_count(warnings, 'warning')}, {_count(loaded.unserved, 'key')} without effect",
        ]
    )


def _part(title: str, lines: Iterable[object]) -> list[str]:
    shown = [f"  {line}" for line in lines]
    return [title, *shown, ""] if shown else []


def _served(paths: Iterable[str]) -> list[str]:
    """One line for each section, its keys after it."""
    sections: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        section, dot, key = path.rpartition(".")
        if dot:
            sections[section].append(key)
        else:
            sections[path] += []
    return [f"{section}: {', '.join(names)}" for section, names in sections.items() if names]


def _shared(redis: RedisAddress | None) -> Iterable[str]:
    return [f"{redis} (from {redis.source})"] if redis else []


def _size(loaded: Loaded) -> str:
    deployments = loaded.settings.deployments
    names = {deployment.alias for deployment in deployments}
    off = sum(1 for deployment in deployments if deployment.off)
    switched = f" ({off} off)" if off else ""
    return f"{_plural(len(names), 'model')}, {_plural(len(deployments), 'deployment')}{switched}"


def _count(notes: Iterable[Note], noun: str) -> str:
    return _plural(len(list(notes)), noun)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
