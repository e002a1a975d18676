"""`model_list` and `credential_list`: what each entry means, and why one may be switched off."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.provider import Provider
from adapters.types import Json, Target
from gateway.config import checks, keys, policies, schema
from gateway.config.catalogue import Home, Homeless, home
from gateway.config.findings import Findings, Where
from gateway.config.secrets import public, refuse_misspelt, resolve
from gateway.config.settings import ModelInfo
from gateway.config.target import MOCK, Entry, Surroundings, accounts, first, variables
from routing.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Served:
    """A deployment that can be spoken of, and the row of its provider."""

    info: ModelInfo
    provider: Provider


def read_models(entries: Any, around: Surroundings, findings: Findings) -> list[Served]:
    """Every entry that is right; what is wrong with the others is in `findings`."""
    if not isinstance(entries, list) or not entries:
        findings.problem(("model_list",), "expected a list of models" if entries else "is missing")
        return []
    found = [
        served
        for i, entry in enumerate(entries)
        for served in _entry(entry, ("model_list", i), around, findings)
    ]
    return _with_unique_ids(found)


def read_credentials(entries: Any, findings: Findings) -> dict[str, Json]:
    """`credential_list` by name; references are resolved where a credential is used."""
    if not isinstance(entries, list | None):
        findings.problem(("credential_list",), "expected a list")
        return {}
    out: dict[str, Json] = {}
    for i, entry in enumerate(entries or []):
        where: Where = ("credential_list", i)
        if not isinstance(entry, dict):
            findings.problem(where, "expected a mapping")
        elif credential := schema.parse(schema.Credential, entry, where, findings):
            refuse_misspelt(entry, where, findings)
            for key in credential.model_extra or {}:
                guess = keys.nearest(key, schema.Credential.model_fields)
                findings.problem((*where, key), f"unknown key{guess}")
            findings.serve(where)
            out[credential.credential_name] = credential.credential_values
    return out


def _entry(entry: Any, where: Where, around: Surroundings, findings: Findings) -> Iterator[Served]:
    if not isinstance(entry, dict):
        findings.problem(where, "expected a mapping with model_name and litellm_params")
        return
    read = schema.parse(schema.ModelEntry, entry, where, findings)
    refuse_misspelt(entry, where, findings)
    if read is None:
        return
    _judge_entry_keys(read, where, findings)
    limits = {"rpm": read.rpm, "tpm": read.tpm}
    written = {name: n for name, n in limits.items() if n is not None} | read.litellm_params
    for alias, params in _spread(read.model_name, written, around):
        reading = _Reading(alias, params, where, around, findings)
        yield from reading.deployments(read.model_info)


def _spread(alias: str, params: Json, around: Surroundings) -> Iterator[tuple[str, Json]]:
    """`*` served by `*` is everything: `provider/*` too, for each provider that has a key.

    Names without a provider still go where the catalogue infers, if that has a key.
    """
    wild = alias == params.get("model") == "*"
    if not wild or params.get("custom_llm_provider") or params.get("api_key"):
        yield alias, params
        return
    keyed = [
        name
        for name in around.catalogue.names()
        if (provider := around.catalogue.find(name))
        and any(around.environ.get(variable) for variable in variables(provider))
    ]
    inferred = around.catalogue.infer("*")
    if not keyed or (inferred and inferred[0] in keyed):
        yield alias, params
    for name in keyed:
        yield f"{name}/*", {**params, "model": f"{name}/*"}


def _judge_entry_keys(entry: schema.ModelEntry, where: Where, findings: Findings) -> None:
    for key in type(entry).model_fields:
        if key in entry.model_fields_set:
            findings.serve((*where, key))
    for key in entry.model_extra or {}:
        inside = key in schema.LitellmParams.model_fields
        guess = keys.nearest(key, schema.ModelEntry.model_fields)
        hint = "; it belongs in litellm_params" if inside else guess
        findings.problem((*where, key), f"unknown key{hint}")


class _Reading:
    """The reading of one entry: what was written, and reasons to switch it off as they come."""

    def __init__(
        self, alias: str, written: Json, where: Where, around: Surroundings, findings: Findings
    ) -> None:
        self._alias = alias
        self._written = written
        self._where = (*where, "litellm_params")
        self._info_where = (*where, "model_info")
        self._around = around
        self._findings = findings
        self._off: list[str] = []

    def deployments(self, info_written: Json) -> Iterator[Served]:
        given = self._with_credential()
        params = self._params(given, self._accounts(given))
        info = self._info(info_written)
        if params is None or info is None:
            return
        for organization in params.organization or [""]:
            if served := self._served(params, info, organization):
                yield served

    def _params(self, given: Json, own: Collection[str]) -> schema.LitellmParams | None:
        for key in list(given):
            if why := _unserved(key, given[key], own):
                self._findings.unserved.append(self._findings.note((*self._where, key), why))
                del given[key]
            else:
                self._findings.serve((*self._where, key))
        resolved = resolve(given, self._around.environ, self._where)
        self._off += dict.fromkeys(str(missing) for missing in resolved.missing)
        for missing in resolved.missing:
            if missing.where == (*self._where, "model"):
                self._findings.problem(missing.where, str(missing))
                return None
        params = schema.parse(schema.LitellmParams, resolved.value, self._where, self._findings)
        if params is not None:
            self._judge_keys(params, own)
        return params

    def _accounts(self, given: Json) -> frozenset[str]:
        """The keys that the provider has of its own: regions, projects, ways to log in."""
        wanted = ("model", "custom_llm_provider", "api_base", "base_url")
        named = {key: given[key] for key in wanted if key in given}
        known = resolve(named, self._around.environ, self._where).value
        model, provider = known.get("model"), known.get("custom_llm_provider")
        address = known.get("api_base") or known.get("base_url") or ""
        if not isinstance(model, str) or not isinstance(provider, str | None):
            return frozenset()
        found = home(model, provider or "", self._around.catalogue, str(address))
        return frozenset() if isinstance(found, Homeless) else accounts(found.provider)

    def _with_credential(self) -> Json:
        given = dict(self._written)
        name = given.get("litellm_credential_name")
        if not isinstance(name, str):
            return given
        known = self._around.credentials
        if name not in known:
            where = (*self._where, "litellm_credential_name")
            guess = keys.nearest(name, known)
            self._findings.problem(where, f"credential_list has no {name!r}{guess}")
        return {**known.get(name, {}), **given}

    def _judge_keys(self, params: schema.LitellmParams, own: Collection[str]) -> None:
        known = {*type(params).model_fields, *keys.BODY, *keys.LITELLM_PARAMS, *own}
        for key in params.model_extra or {}:
            if key in keys.BODY or key in own or keys.is_price(key):
                continue
            if guess := keys.nearest(key, known, 0.8):
                said = f"not a key we know, so it is sent to the provider as it is{guess}"
                self._findings.warn((*self._where, key), said)

    def _info(self, written: Json) -> schema.ModelInfo | None:
        resolved = resolve(written, self._around.environ, self._info_where)
        for missing in resolved.missing:
            self._findings.problem(missing.where, str(missing))
        if resolved.missing:
            return None
        info = schema.parse(schema.ModelInfo, resolved.value, self._info_where, self._findings)
        known = {*schema.ModelInfo.model_fields, *keys.MODEL_INFO}
        for key in written:
            where = (*self._info_where, key)
            if why := keys.MODEL_INFO.get(key):
                self._findings.unserved.append(self._findings.note(where, why))
                continue
            self._findings.serve(where)
            if key not in known and (guess := keys.nearest(key, known, 0.85)):
                self._findings.warn(where, f"not a key we know; it is only shown{guess}")
        return info

    def _served(
        self, params: schema.LitellmParams, info: schema.ModelInfo, organization: str
    ) -> Served | None:
        provider, model = self._home_of(params)
        if provider is None:
            return None
        if "*" in model and "*" not in self._alias:
            said = f"a model with a * needs a model_name with one, not {self._alias!r}"
            self._findings.problem((*self._where, "model"), said)
        target = Entry(self._where, self._around, self._findings, self._off).target(
            params, info, Home(provider, model), organization
        )
        shown = public(self._written) | ({"organization": organization} if organization else {})
        prices = {k: v for k, v in (params.model_extra or {}).items() if keys.is_price(k)}
        blocked = ["blocked by model_info.blocked"] if info.blocked else []
        if self._off:
            said = f"deployment of {self._alias!r} is off: {'; '.join(self._off)}"
            self._findings.off.append(self._findings.note(self._where, said))
        deployment = Deployment(
            id=info.id or _fingerprint(self._alias, shown),
            alias=self._alias,
            target=target,
            weight=params.weight,
            order=first(params.order, info.order, 0),
            rpm=params.rpm,
            tpm=params.tpm,
            max_parallel=first(params.max_parallel_requests, self._around.defaults.max_parallel),
            quota=_allowance(target),
            cooldown_s=first(params.cooldown_time, info.cooldown_time),
            retries=first(params.num_retries, params.max_retries),
            allowed_fails=info.allowed_fails,
            allowed_fails_policy=policies.allowed_fails(
                info.allowed_fails_policy,
                (*self._info_where, "allowed_fails_policy"),
                self._findings,
            ),
            off="; ".join([*self._off, *blocked]),
        )
        deployment = checks.checked(deployment, params, info, self._where, self._findings)
        kept = info.model_dump(exclude_unset=True)
        return Served(
            ModelInfo(deployment, shown, {**prices, **kept}, info.base_model or ""), provider
        )

    def _home_of(self, params: schema.LitellmParams) -> tuple[Provider | None, str]:
        """The provider's row and the model's name there; None when it has to be an error."""
        address = params.api_base or params.base_url or ""
        named = params.custom_llm_provider or ""
        found = home(params.model, named, self._around.catalogue, address)
        mock = self._around.catalogue.find(MOCK)
        if mock and isinstance(params.mock_response, str):
            name = params.model if isinstance(found, Homeless) else found.model
            return mock, name
        if not isinstance(found, Homeless):
            return found.provider, found.model
        if not found.later:
            self._findings.problem((*self._where, "model"), found.why)
            return None, ""
        self._off.append(found.why)
        prefix, _, model = params.model.partition("/")
        name = params.custom_llm_provider or prefix
        return self._around.catalogue.find(name) or Provider(name=name, key_optional=True), model


def _unserved(key: str, value: Any, own: Collection[str]) -> str:
    if key == "mock_response" and not isinstance(value, str | None):
        return "only text is served here; it has no effect"
    return keys.unserved_param(key, own)


def _fingerprint(alias: str, shown: Json) -> str:
    """An id that changes when the entry does, but not when a key is rotated."""
    text = json.dumps([alias, shown], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _allowance(target: Target) -> str:
    """Names whose allowance a provider counts: deployments with the same credential share it."""
    said = [target.provider, target.base_url, *sorted(target.options.items())]
    digest = hashlib.sha256(json.dumps(said).encode())
    for name, secret in sorted(target.secrets.items()):
        digest.update(hashlib.sha256(f"{name}={secret}".encode()).digest())
    return digest.hexdigest()[:16]


def _with_unique_ids(models: Sequence[Served]) -> list[Served]:
    seen: dict[str, int] = {}
    out = []
    for served in models:
        deployment = served.info.deployment
        seen[deployment.id] = count = seen.get(deployment.id, 0) + 1
        if count > 1:
            deployment = replace(deployment, id=f"{deployment.id}-{count}")
        out.append(replace(served, info=replace(served.info, deployment=deployment)))
    return out
