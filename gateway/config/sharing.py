"""Which Redis, if any, the processes share their state in.

The first that names one counts, as a whole: `router_settings.redis_url` or `redis_host`, then
`litellm_settings.cache_params`, then the variables `REDIS_URL` or `REDIS_HOST`. What a host lacks
is taken from `REDIS_PORT`, `REDIS_PASSWORD`, `REDIS_USERNAME` and `REDIS_SSL`.

Source: https://docs.litellm.ai/docs/proxy/caching_redis (read 2026-11).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from gateway.config import schema
from gateway.config.findings import Findings, Where
from gateway.config.keys import LATER
from gateway.config.routing import Layers
from routing.state.address import RedisAddress

_PLAIN = frozenset({"redis", "valkey"})
_TLS = frozenset({"rediss", "valkeys"})
_CACHE: Where = ("litellm_settings", "cache_params")
_SEVERAL = frozenset({"redis_startup_nodes", "sentinel_nodes", "service_name"})
_YES = frozenset({"1", "true", "yes", "on"})
_PORT = 6379
_MISSING = "needs the Redis client: pip install 'sluicegate[redis]'"


@dataclass(frozen=True, slots=True)
class _Given:
    """What one place says of a server."""

    where: Where
    url: str = ""
    url_key: str = ""
    host: str = ""
    host_key: str = ""
    port: int | None = None
    password: str = ""
    username: str = ""
    db: int | None = None
    tls: bool | None = None

    @property
    def names_one(self) -> Where:
        """The key that does; empty: none."""
        if key := self.url_key if self.url else self.host_key if self.host else "":
            return (*self.where, key)
        return ()


def read_redis(
    layers: Layers, environ: Mapping[str, str], findings: Findings, *, installed: bool | None = None
) -> RedisAddress | None:
    """None: this process is alone. `installed`: whether the client is; None: look."""
    _warn_of_halves(layers, findings)
    cache = _cache(layers, findings)
    env = _of_environment(environ)
    given = next(
        (each for each in (_of_router(layers), _of_cache(cache), env) if each.names_one), None
    )
    if given is None:
        return None
    where = given.names_one
    if not (find_spec("redis") if installed is None else installed):
        # A variable may be there for somebody else; what the file says is meant for us.
        say = findings.warn if given is env else findings.problem
        say(where, _MISSING)
        return None
    namespace = (cache.namespace or "") if cache else ""
    address = _parsed(given, where, findings) if given.url else _put_together(given, env)
    source = ".".join(map(str, where))
    return address and replace(address, namespace=namespace, source=source)


def _warn_of_halves(layers: Layers, findings: Findings) -> None:
    router = layers.router
    if router.redis_host or router.redis_url:
        return
    for key in ("redis_port", "redis_password", "redis_db"):
        if getattr(router, key) is not None:
            findings.warn(("router_settings", key), "has no effect without redis_host")


def _cache(layers: Layers, findings: Findings) -> schema.CacheParams | None:
    """`cache_params` if they are of a Redis."""
    written = layers.litellm.cache_params
    if written is None:
        return None
    if written.get("type", "redis") != "redis":
        findings.unserved.append(findings.note(_CACHE, LATER))
        return None
    params = schema.parse(schema.CacheParams, written, _CACHE, findings)
    for key in (params and params.model_extra) or ():
        why = "only a single server is served" if key in _SEVERAL else LATER
        findings.unserved.append(findings.note((*_CACHE, key), why))
    return params


def _of_router(layers: Layers) -> _Given:
    router = layers.router
    return _Given(
        ("router_settings",),
        url=router.redis_url or "",
        url_key="redis_url",
        host=router.redis_host or "",
        host_key="redis_host",
        port=router.redis_port,
        password=router.redis_password or "",
        db=router.redis_db,
    )


def _of_cache(cache: schema.CacheParams | None) -> _Given:
    if cache is None:
        return _Given(_CACHE)
    return _Given(
        _CACHE,
        url=cache.url or "",
        url_key="url",
        host=cache.host or "",
        host_key="host",
        port=cache.port,
        password=cache.password or "",
        username=cache.username or "",
        db=cache.db,
        tls=cache.ssl,
    )


def _of_environment(environ: Mapping[str, str]) -> _Given:
    port, tls = environ.get("REDIS_PORT", ""), environ.get("REDIS_SSL", "")
    return _Given(
        (),
        url=environ.get("REDIS_URL", ""),
        url_key="REDIS_URL",
        host=environ.get("REDIS_HOST", ""),
        host_key="REDIS_HOST",
        port=int(port) if port.isdecimal() else None,
        password=environ.get("REDIS_PASSWORD", ""),
        username=environ.get("REDIS_USERNAME", ""),
        tls=tls.lower() in _YES if tls else None,
    )


def _put_together(given: _Given, env: _Given) -> RedisAddress:
    return RedisAddress(
        host=given.host,
        port=given.port or env.port or _PORT,
        db=given.db or 0,
        username=given.username or env.username,
        password=given.password or env.password,
        tls=bool(env.tls if given.tls is None else given.tls),
    )


def _parsed(given: _Given, where: Where, findings: Findings) -> RedisAddress | None:
    """`redis://user:password@host:port/db`, `rediss://…`, `unix:///path?db=1`."""
    try:
        url = urlsplit(given.url)
        port = url.port
        db = _database(url) if given.db is None else given.db
    except ValueError:
        findings.problem(where, "is no address; write redis://user:password@host:port/db")
        return None
    there = RedisAddress(
        db=db,
        username=unquote(url.username or "") or given.username,
        password=unquote(url.password or "") or given.password,
    )
    if url.scheme == "unix" and url.path:
        return replace(there, path=url.path)
    if url.scheme in _PLAIN | _TLS and url.hostname:
        tls = url.scheme in _TLS or bool(given.tls)
        return replace(there, host=url.hostname, port=port or _PORT, tls=tls)
    findings.problem(where, "is no address; write redis://user:password@host:port/db")
    return None


def _database(url: SplitResult) -> int:
    """Raises `ValueError`."""
    if given := parse_qs(url.query).get("db"):
        return int(given[0])
    path = "" if url.scheme == "unix" else url.path.strip("/")
    return int(path) if path else 0
