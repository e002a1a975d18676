"""Secrets: `os.environ/X` references, and what may be shown of a configuration."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.types import Json
from gateway.config.findings import Findings, Where

_REFERENCE = "os.environ/"
_LOOKS_LIKE_ONE = re.compile(r"\s*os\.env", re.IGNORECASE)
_SECRET = re.compile(
    r"(^|[_-])(key|apikey|token|credentials?|authorization|auth|cookie)$|secret|passw"
    r"|^(database_url|redis_url|aws_access_key_id)$",
    re.IGNORECASE,
)
_HEADERS = frozenset({"headers", "extra_headers"})
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_MASK = "***"
_SHORTEST_SECRET = 8  # `none`, `EMPTY` and `sk-1234` stand where a local server wants something
_GONE = object()
_BLOCKED = frozenset({
    "PATH", "HOME", "SHELL", "USER", "IFS", "ENV", "BASH_ENV", "TMPDIR", "LD_PRELOAD",
    "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "PYTHONPATH",
    "PYTHONHOME", "PYTHONSTARTUP", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Missing:
    """A reference to a variable that is not there, or is empty."""

    where: Where
    variable: str
    empty: bool = False

    def __str__(self) -> str:
        return f"environment variable {self.variable} is {'empty' if self.empty else 'not set'}"


@dataclass(frozen=True, slots=True)
class Resolved:
    value: Any  # without what a missing variable should have said
    missing: tuple[Missing, ...] = ()


def resolve(value: Any, environ: Mapping[str, str], where: Where) -> Resolved:
    """Put the value of the variable in the place of every `os.environ/X`, however deep.

    Keys that end in `_ref` are pointers for somebody else and are left alone, as LiteLLM does.
    """
    missing: list[Missing] = []

    def walk(inner: Any, at: Where) -> Any:
        match inner:
            case str() if inner.startswith(_REFERENCE):
                variable = inner.removeprefix(_REFERENCE).strip()
                if found := environ.get(variable):
                    return found
                missing.append(Missing(at, variable, empty=variable in environ))
                return _GONE
            case dict():
                walked = {
                    key: item if key.endswith("_ref") else walk(item, (*at, key))
                    for key, item in inner.items()
                }
                return {key: item for key, item in walked.items() if item is not _GONE}
            case list():
                items = [walk(item, (*at, i)) for i, item in enumerate(inner)]
                return [item for item in items if item is not _GONE]
        return inner

    found = walk(value, where)
    return Resolved(None if found is _GONE else found, tuple(missing))


def refuse_misspelt(value: Any, where: Where, findings: Findings) -> None:
    """`os.environ.X` or `os.environ["X"]` would be sent to a provider as a key."""
    for at, text in _texts(value, where):
        if _LOOKS_LIKE_ONE.match(text) and not text.startswith(_REFERENCE):
            findings.problem(at, "looks like an environment variable; write os.environ/NAME")


def extended(
    environ: Mapping[str, str], variables: Mapping[str, Any], findings: Findings
) -> Mapping[str, str]:
    """The variables with those of `environment_variables:` put over them.

    The process's own environment is not changed, so nothing but this file sees them.
    """
    out = dict(environ)
    for name, value in variables.items():
        where: Where = ("environment_variables", name)
        if name.upper() in _BLOCKED:
            findings.problem(where, "this variable must not be set here")
            continue
        found = resolve(value, environ, where)
        for missing in found.missing:
            findings.problem(missing.where, str(missing))
        if isinstance(found.value, dict | list):
            findings.problem(where, "expected text")
        elif found.value is not None:
            if environ.get(name, text := _plain(found.value)) != text:
                findings.warn(where, "replaces the environment variable of that name")
            out[name] = text
    return out


def is_secret(name: str) -> bool:
    """Whether the value of a key of that name must not be shown."""
    return bool(_SECRET.search(name)) and "cost" not in name


def public(params: Mapping[str, Any]) -> Json:
    """What may be shown: without secrets, header values and passwords inside addresses.

    References to variables stay: they say where a secret is, not what it is.
    """
    out: Json = {}
    for key, value in params.items():
        if is_secret(key) and not _is_reference(value):
            continue
        out[key] = _masked(value) if key in _HEADERS else _public_value(value)
    return out


def literal_secrets(value: Any, where: Where = ()) -> Iterator[Where]:
    """Where a secret is written out instead of being taken from a variable."""
    for at, text in _texts(value, where):
        named = isinstance(at[-1], str) and is_secret(at[-1])
        if named and not _is_reference(text) and len(text) >= _SHORTEST_SECRET:
            yield at


def _public_value(value: Any) -> Any:
    match value:
        case dict():
            return public(value)
        case list():
            return [_public_value(item) for item in value]
        case str():
            return _USERINFO.sub(f"{_MASK}@", value)
    return value


def _masked(headers: Any) -> Any:
    if not isinstance(headers, dict):
        return _MASK
    return {name: text if _is_reference(text) else _MASK for name, text in headers.items()}


def _texts(value: Any, where: Where) -> Iterator[tuple[Where, str]]:
    match value:
        case str():
            yield where, value
        case dict():
            for key, item in value.items():
                yield from _texts(item, (*where, key))
        case list():
            for i, item in enumerate(value):
                yield from _texts(item, (*where, i))


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(_REFERENCE)


def _plain(value: Any) -> str:
    """`true` for True, because that is how it was written."""
    return str(value).lower() if isinstance(value, bool) else str(value)
