"""From a file to frozen settings. Everything that is wrong with it is said at once."""

import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from adapters import catalog
from adapters.types import Json
from gateway.config import budgets, checks, keys, routing, schema, strategies, yamlfile
from gateway.config.catalogue import Catalogue
from gateway.config.deployments import Served, read_credentials, read_models
from gateway.config.findings import Findings, Where, WrongConfig
from gateway.config.secrets import extended, literal_secrets, refuse_misspelt, resolve
from gateway.config.settings import Alias, Loaded, Note, Settings
from gateway.config.sharing import read_redis
from gateway.config.target import Reasons, Surroundings

_MASTER_KEY = "LITELLM_MASTER_KEY"
_SECTIONS: Mapping[str, tuple[type[schema.Section], Mapping[str, str]]] = {
    "litellm_settings": (schema.LitellmSettings, keys.LITELLM_SETTINGS),
    "router_settings": (schema.RouterSettings, keys.ROUTER_SETTINGS),
    "general_settings": (schema.GeneralSettings, keys.GENERAL_SETTINGS),
}
S = TypeVar("S", bound=schema.Section)


def _never(provider: str, model: str) -> bool:  # noqa: ARG001 - the shape of `Reasons`
    return False


@dataclass(frozen=True, slots=True)
class World:
    """What a file is read against: providers, models that think, installed strategies."""

    catalogue: Catalogue = catalog
    reasons: Reasons = _never
    strategies: Callable[[], Collection[str]] = strategies.installed


WORLD = World()


@dataclass(frozen=True, slots=True)
class Read:
    """A configuration that can be used, and the deployments that are switched off in it."""

    loaded: Loaded
    off: tuple[Note, ...]


def load(
    path: Path, environ: Mapping[str, str], *, strict: bool = False, world: World = WORLD
) -> Loaded:
    """Read a file. A deployment without its key is switched off; if `strict`, that is an error.

    Raises:
        ConfigError: with every problem found.

    """
    read = read_file(path, environ, strict=strict, world=world)
    if strict and read.off:
        raise WrongConfig(str(path), read.off)
    return read.loaded


def read_file(
    path: Path, environ: Mapping[str, str], *, strict: bool = False, world: World = WORLD
) -> Read:
    """The same as `load`, but deployments that are off alone are no reason to refuse.

    Raises:
        ConfigError: with every problem found; if `strict`, with deployments that are off as well.

    """
    document = yamlfile.read(path)
    findings = Findings(document.places)
    findings.problems += document.problems
    settings = _build(document.data, environ, world, findings)
    _warn_of_readable_secrets(document, findings)
    return _finish(str(path), settings, findings, strict=strict)


def single(
    model: str,
    *,
    alias: str = "",
    api_base: str = "",
    api_version: str = "",
    environ: Mapping[str, str],
    world: World = WORLD,
) -> Loaded:
    """The configuration of `sluicegate --model provider/model`.

    It is asked for by `alias`; without one by the text given, and by the bare name as well.

    Raises:
        ConfigError: no such provider, or no key for it.

    """
    params = {"model": model, "api_base": api_base, "api_version": api_version}
    entry: Json = {
        "model_name": alias or model,
        "litellm_params": {key: value for key, value in params.items() if value},
    }
    data: Json = {"model_list": [entry]}
    bare = model.partition("/")[2]
    if bare and not alias and "*" not in model:
        data["router_settings"] = {"model_group_alias": {bare: {"model": model, "hidden": True}}}
    findings = Findings()
    settings = _build(data, environ, world, findings)
    read = _finish("--model", settings, findings, strict=True)
    if read.off:
        raise WrongConfig("--model", read.off)
    return read.loaded


def _finish(source: str, settings: Settings, findings: Findings, *, strict: bool) -> Read:
    if findings.problems:
        off = findings.off if strict else []
        raise WrongConfig(source, findings.in_order([*findings.problems, *off]))
    loaded = Loaded(
        settings=settings,
        warnings=findings.in_order([*findings.off, *findings.warnings]),
        served=tuple(findings.served),
        unserved=findings.in_order(findings.unserved),
    )
    return Read(loaded, tuple(findings.off))


def _build(data: Json, environ: Mapping[str, str], world: World, findings: Findings) -> Settings:
    _judge_top_level(data, findings)
    variables = _mapping(data, "environment_variables", findings)
    environ = extended(environ, variables, findings)
    layers = routing.Layers(
        _section(data, schema.RouterSettings, "router_settings", environ, findings),
        _section(data, schema.LitellmSettings, "litellm_settings", environ, findings),
    )
    general = _section(data, schema.GeneralSettings, "general_settings", environ, findings)
    around = Surroundings(
        environ=environ,
        catalogue=world.catalogue,
        reasons=world.reasons,
        defaults=routing.defaults(layers),
        credentials=read_credentials(data.get("credential_list"), findings),
    )
    models = read_models(data.get("model_list"), around, findings)
    aliases = routing.read_aliases(layers, findings)
    names = _names(data, models, aliases)
    infos = tuple(served.info for served in models)
    chosen = strategies.read(layers, infos, names, world.strategies, findings)
    names = replace(names, others=names.others | set(chosen.own))
    base = Settings(
        models=infos,
        aliases=routing.ends(aliases, layers, names, findings),
        providers={
            served.provider.name: served.provider
            for served in models
            if served.provider.name not in world.catalogue.LATER
        },
        strategies=chosen,
        policy=routing.policy(layers, names, findings),
        rest=routing.rest(layers, findings),
        checks=checks.check_rules(layers.router),
        affinity=checks.affinity_rules(layers.router, findings),
        budgets=budgets.of_providers(layers.router, infos, findings),
        region=layers.router.allowed_model_region or "",
        priority=layers.router.default_priority or 0,
        redis=read_redis(layers, environ, findings),
        master_key=general.master_key or environ.get(_MASTER_KEY, ""),
    )
    return _with_server(base, general, layers.litellm)


def _with_server(
    base: Settings, general: schema.GeneralSettings, litellm: schema.LitellmSettings
) -> Settings:
    """The settings of the server itself: header, sizes, pings, logs."""
    ping = litellm.sse_keepalive_ping_interval_seconds
    anthropic_ping = litellm.anthropic_sse_ping_interval_seconds
    megabytes = general.max_request_size_mb
    return replace(
        base,
        key_header=(general.litellm_key_header_name or "").lower(),
        max_body_bytes=int(megabytes * 2**20) if megabytes else base.max_body_bytes,
        keepalive=base.keepalive if ping is None else ping,
        anthropic_ping=base.anthropic_ping if anthropic_ping is None else anthropic_ping,
        early_commit=base.early_commit if ping is None else ping,
        response_model_alias=general.response_model == "alias",
        fetch_images=bool(general.fetch_images),
        json_logs=litellm.json_logs,
    )


def _section(
    data: Json, kind: type[S], name: str, environ: Mapping[str, str], findings: Findings
) -> S:
    """A section with its variables filled in; an empty one if anything in it is wrong."""
    written = _mapping(data, name, findings)
    given: Json = {}
    for key, value in written.items():
        if _judge_key(name, key, findings):
            given[key] = value
            findings.serve((name, key))
    resolved = resolve(given, environ, (name,))
    refuse_misspelt(given, (name,), findings)
    for missing in resolved.missing:
        findings.problem(missing.where, str(missing))
    if name == "general_settings" and not given.get("master_key", "absent"):
        said = "is empty; leave the key out to run without a master key"
        findings.problem((name, "master_key"), said)
        return kind.model_construct()
    return schema.parse(kind, resolved.value, (name,), findings) or kind.model_construct()


def _judge_key(section: str, key: str, findings: Findings) -> bool:
    """Whether a key of a section is served. What is said of the others depends on LiteLLM."""
    kind, unserved = _SECTIONS[section]
    where: Where = (section, key)
    if key in kind.model_fields:
        return True
    hint = _hint(key, section)
    if why := unserved.get(key):
        findings.unserved.append(findings.note(where, why))
    elif section == "litellm_settings" and not hint:
        # LiteLLM takes any of its module's globals there, hundreds of them.
        findings.unserved.append(findings.note(where, "not a key we know; it has no effect"))
    else:
        findings.problem(where, f"unknown key{hint}")
    return False


def _hint(key: str, section: str) -> str:
    for other, (kind, unserved) in _SECTIONS.items():
        if other != section and (key in kind.model_fields or key in unserved):
            return f" here; it belongs in {other}"
    if section:
        kind, unserved = _SECTIONS[section]
        return keys.nearest(key, {*kind.model_fields, *unserved})
    return keys.nearest(key, {*schema.File.model_fields, *keys.TOP})


def _judge_top_level(data: Json, findings: Findings) -> None:
    for key in data:
        if key in schema.File.model_fields:
            findings.serve((key,))
        elif why := keys.TOP.get(key):
            findings.unserved.append(findings.note((key,), why))
        elif not key.startswith(("x-", ".")):  # a place for YAML anchors
            findings.problem((key,), f"unknown key{_hint(key, '')}")


def _mapping(data: Json, key: str, findings: Findings) -> Mapping[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        findings.problem((key,), "expected a mapping")
        return {}
    return value


def _names(data: Json, models: list[Served], aliases: Mapping[str, Alias]) -> routing.Names:
    """Names of entries that are themselves wrong count, lest one mistake be reported twice."""
    deployments = [served.info.deployment for served in models]
    written = set(_written_names(data.get("model_list")))
    return routing.Names(
        groups=frozenset(written.union(d.alias for d in deployments)),
        others=frozenset(
            {
                *aliases,
                *(d.id for d in deployments),
                *(f"{d.target.provider}/{d.target.model}" for d in deployments),
            }
        ),
        aliases={name: alias.name for name, alias in aliases.items()},
    )


def _written_names(entries: Any) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("model_name"), str):
            yield entry["model_name"]


def _warn_of_readable_secrets(document: yamlfile.Document, findings: Findings) -> None:
    holding = {
        place.file
        for where in literal_secrets(document.data)
        if (place := findings.place(where)) is not None
    }
    for file in document.files:
        if str(file) in holding and os.name == "posix" and file.stat().st_mode & stat.S_IROTH:
            said = "holds secrets and everybody on this machine can read it; chmod 640 helps"
            findings.warnings.append(Note(str(file), said))
