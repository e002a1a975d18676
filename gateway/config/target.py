"""Where one entry of `model_list` sends its calls: address, key, options, body, time-outs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import orjson

from adapters.paths import parse
from adapters.provider import Provider
from adapters.types import Json, Target, Timeouts
from gateway.config import keys, schema
from gateway.config.catalogue import Catalogue, Home
from gateway.config.findings import Findings, Where

Reasons: TypeAlias = Callable[[str, str], bool]
"""Whether a model of a provider thinks before it answers."""

_THINKING_S = 300.0  # how long a reasoning model may be silent at first
MOCK = "mock"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every deployment that does not say otherwise. Seconds."""

    total: float | None = None
    first: float | None = None
    drop_params: bool = False
    modify_params: bool = False
    max_parallel: int | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside an entry that reading it needs."""

    environ: Mapping[str, str]
    catalogue: Catalogue
    reasons: Reasons
    defaults: Defaults
    credentials: Mapping[str, Json] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry being read. `off` gathers reasons to switch its deployments off."""

    where: Where  # of its `litellm_params`
    around: Surroundings
    findings: Findings
    off: list[str]

    def target(
        self,
        params: schema.LitellmParams,
        info: schema.ModelInfo,
        home: Home,
        organization: str,
    ) -> Target:
        provider = home.provider
        drop = first(params.drop_params, self.around.defaults.drop_params)
        return Target(
            provider=provider.name,
            model=home.model,
            base_url=self._base_url(params, provider),
            secrets=self._secrets(params, provider),
            params=self._body(params, provider),
            headers=self._headers(params),
            options=self._options(params, info, provider, organization),
            timeouts=self._timeouts(params, info, home),
            drop_params=drop,
            keep_params=tuple(params.allowed_openai_params or ()),
            drop_fields=self._drop_fields(params),
            modify_params=first(params.modify_params, self.around.defaults.modify_params),
        )

    def _base_url(self, params: schema.LitellmParams, provider: Provider) -> str:
        key = "api_base" if params.api_base else "base_url"
        url = params.api_base or params.base_url or self._variable(provider.base_url_env)
        if url and not _is_address(url):
            got = "" if "@" in url else f", got {url!r}"  # there may be a password before the @
            said = f"expected an address that begins with https:// or http://{got}"
            self.findings.problem((*self.where, key), said)
        if not url and not provider.base_url and not self.off:
            ways = " or ".join(("litellm_params.api_base", *provider.base_url_env))
            self.off.append(f"no address: set {ways}")
        return url.rstrip("/")

    def _secrets(self, params: schema.LitellmParams, provider: Provider) -> dict[str, str]:
        if provider.name == MOCK:
            return {}
        written = params.model_extra or {}
        given = {name: _text(written.get(name)) for name in provider.secrets_env}
        given["api_key"] = params.api_key or ""
        if not any(given.values()):
            given["api_key"] = self._variable(provider.key_env)
        if not any(given.values()):
            given = {name: self._variable(names) for name, names in provider.secrets_env.items()}
        secrets = {name: text for name, text in given.items() if text}
        if not (secrets or provider.key_optional or self.off):
            ways = " or ".join(("litellm_params.api_key", *variables(provider)))
            self.off.append(f"no key: set {ways}")
        return secrets

    def _body(self, params: schema.LitellmParams, provider: Provider) -> Json:
        own = accounts(provider)
        defaults = {
            key: value
            for key, value in (params.model_extra or {}).items()
            if key not in own and not keys.is_price(key)
        }
        body = {**defaults, **(params.extra_body or {})}
        for key, value in body.items():
            try:
                orjson.dumps(value)
            except TypeError as error:
                where = (*self.where, key) if key in defaults else (*self.where, "extra_body", key)
                self.findings.problem(where, f"cannot be written as JSON: {error}")
        return body

    def _headers(self, params: schema.LitellmParams) -> dict[str, str]:
        both = {**(params.headers or {}), **(params.extra_headers or {})}
        for name, text in both.items():
            if "\n" in text or "\r" in text:
                key = "extra_headers" if name in (params.extra_headers or {}) else "headers"
                where = (*self.where, key, name)
                self.findings.problem(where, "a header must be one line")
        return {name.lower(): text for name, text in both.items()}

    def _options(
        self,
        params: schema.LitellmParams,
        info: schema.ModelInfo,
        provider: Provider,
        organization: str,
    ) -> dict[str, str]:
        extra = params.model_extra or {}
        found = {name: self._variable(names) for name, names in provider.options_env.items()}
        written = {
            **{name: _text(extra.get(name)) for name in provider.options_env},
            "base_model": info.base_model or "",
            "api_version": params.api_version or "",
            "organization": organization,
            "mock_response": params.mock_response if provider.name == MOCK else "",
        }
        layers: Sequence[Mapping[str, Any]] = (provider.options, found, written)
        return {name: text for layer in layers for name, text in layer.items() if text}

    def _timeouts(
        self, params: schema.LitellmParams, info: schema.ModelInfo, home: Home
    ) -> Timeouts:
        defaults = self.around.defaults
        thinks = first(
            info.supports_reasoning,
            self.around.reasons(home.provider.name, info.base_model or home.model),
        )
        total = first(params.timeout, params.request_timeout, defaults.total)
        opening = first(params.stream_timeout, defaults.first, total)
        times = Timeouts(first=_THINKING_S) if thinks else Timeouts()
        times = replace(
            times,
            connect=first(params.connect_timeout, times.connect),
            first=first(opening, times.first),
            idle=first(params.stream_idle_timeout, times.idle),
            total=first(total, times.total),
        )
        return replace(
            times,
            barren=max(times.barren, times.first, times.idle),
            stream=max(times.stream, times.total),
        )

    def _drop_fields(self, params: schema.LitellmParams) -> tuple[str, ...]:
        names = params.additional_drop_params or []
        for i, name in enumerate(names):
            try:
                parse(name)
            except ValueError as error:
                where = (*self.where, "additional_drop_params", i)
                self.findings.problem(where, str(error))
        return tuple(names)

    def _variable(self, names: Sequence[str]) -> str:
        """The first of these variables that says something."""
        environ = self.around.environ
        return next((environ[name] for name in names if environ.get(name)), "")


def accounts(provider: Provider) -> frozenset[str]:
    """The keys of `litellm_params` that this provider has beside everybody's."""
    return frozenset({*provider.options_env, *provider.secrets_env})


def variables(provider: Provider) -> tuple[str, ...]:
    """The environment variables that may let us in."""
    others = (name for names in provider.secrets_env.values() for name in names)
    return (*provider.key_env, *others)


def _text(value: Any) -> str:
    """An option as text; a service account may be written out as an object."""
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket too many
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def first(*values: Any) -> Any:
    """The first value that was given."""
    return next((value for value in values if value is not None), None)
