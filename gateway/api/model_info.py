"""What `GET /v1/models` and `GET /v1/model/info` answer. Pure; called once per settings snapshot.

Two kinds of client read these documents. `/v1/models` is a list of names to choose from: each name
stands in it once, with limits that every deployment behind it keeps. `/v1/model/info` is a list of
deployments: Roo Code and Cline take limits, prices and abilities from it and, of several entries
of one name, keep the last, so every entry is complete. Roo Code silently calls another model if
its own is not among the names there; so group aliases (hidden ones too) and whatever a wildcard is
known to reach have entries of their own, each name by the deployments that routing would choose.

A deployment that is switched off is no choice, so `/v1/models` leaves it out. `/v1/model/info`
shows it, with the reason in `model_info.off`: that is where an operator looks.

Shapes after LiteLLM's proxy: https://docs.litellm.ai/docs/proxy/model_management (read 2026-11);
`display_name` and `type` as in https://platform.claude.com/docs/en/api/models-list (read 2026-11).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.types import Json
from gateway.api.hidden import secrets_of, shown
from gateway.config.settings import Alias, ModelInfo
from gateway.ledger.models import NANO, ModelFacts, Models, Prices

ABILITIES = (
    "audio_input",
    "function_calling",
    "parallel_function_calling",
    "pdf_input",
    "prompt_caching",
    "reasoning",
    "response_schema",
    "system_messages",
    "tool_choice",
    "video_input",
    "vision",
    "web_search",
)
CREATED = 1677610602  # LiteLLM's constant: nobody knows when a deployment was made
CREATED_AT = "2023-02-28T18:56:42Z"  # the same moment, for Anthropic's SDKs


def models_document(
    models: Sequence[ModelInfo],
    aliases: Mapping[str, Alias],
    facts: Models,
    *,
    wildcard_routes: bool = False,
) -> Json:
    """`GET /v1/models`. With `wildcard_routes` the patterns themselves are listed as well."""
    names = {model.deployment.alias for model in models}
    hidden = {name for name, alias in aliases.items() if alias.hidden} - names
    listed = [
        _listed(name, usable)
        for name, entries in _groups(models, aliases, facts).items()
        if name not in hidden
        and (wildcard_routes or "*" not in name)
        and (usable := _usable(entries))
    ]
    return {"object": "list", "data": listed}


def model_document(
    name: str, models: Sequence[ModelInfo], aliases: Mapping[str, Alias], facts: Models
) -> Json | None:
    """`GET /v1/models/{name}`: whatever can be called, listed or not; None if nothing can."""
    entries = _groups(models, aliases, facts).get(name) or _by_pattern(name, models, facts)
    usable = _usable(entries)
    return _listed(name, usable) if usable and "*" not in name else None


def model_info_document(
    models: Sequence[ModelInfo],
    aliases: Mapping[str, Alias],
    facts: Models,
    *,
    litellm_model_id: str = "",
) -> Json:
    """`GET /v1/model/info`: every deployment under each of its names, or those of one id."""
    entries = [*_own(models, facts), *_aliased(models, aliases, facts)]
    return {
        "data": [
            {
                "model_name": entry.name,
                "litellm_params": _params(entry),
                "model_info": _info(entry),
            }
            for entry in entries
            if litellm_model_id in {"", entry.model.deployment.id}
        ]
    }


@dataclass(frozen=True, slots=True)
class _Entry:
    """One name under which one deployment answers, and what it then asks its provider for."""

    name: str
    model: ModelInfo
    upstream: str  # the provider's word for the model
    written: str  # as config would write it, `provider/model`
    facts: ModelFacts | None = None


def _groups(
    models: Sequence[ModelInfo], aliases: Mapping[str, Alias], facts: Models
) -> dict[str, list[_Entry]]:
    """What answers to each name, in config's order. An alias goes before a group of its name."""
    groups: dict[str, list[_Entry]] = {}
    for entry in _own(models, facts):
        groups.setdefault(entry.name, []).append(entry)
    aliased: dict[str, list[_Entry]] = {}
    for entry in _aliased(models, aliases, facts):
        aliased.setdefault(entry.name, []).append(entry)
    return groups | aliased


def _own(models: Sequence[ModelInfo], facts: Models) -> list[_Entry]:
    """Every deployment by its `model_name`; a wildcard also by each name it is known to reach."""
    names = {model.deployment.alias for model in models}
    entries = []
    for model in models:
        alias = model.deployment.alias
        entries.append(_entry(alias, model, model.deployment.target.model, (), facts))
        if "*" in alias:
            reached = _reached(model, facts)
            entries += [entry for entry in reached if _winner(entry.name, names) == alias]
    return entries


def _aliased(
    models: Sequence[ModelInfo], aliases: Mapping[str, Alias], facts: Models
) -> Iterator[_Entry]:
    own = _own(models, facts)
    for name, alias in aliases.items():
        exact = [entry for entry in own if entry.name == alias.name]
        for entry in exact or _by_pattern(alias.name, models, facts):
            yield replace(entry, name=name)


def _reached(model: ModelInfo, facts: Models) -> Iterator[_Entry]:
    """The names of known models that a wildcard deployment would pass on."""
    target = model.deployment.target
    for known in facts.of(target.provider):
        captured = _captured(target.model, known.id)
        if captured is None:
            continue
        if name := _filled(model.deployment.alias, captured):
            yield _entry(name, model, known.id, captured, facts)


def _by_pattern(name: str, models: Sequence[ModelInfo], facts: Models) -> list[_Entry]:
    """What the best fitting wildcard makes of a name that nothing else answers to."""
    winner = _winner(name, {model.deployment.alias for model in models})
    entries = []
    for model in models:
        if winner and winner == model.deployment.alias:
            captured = _captured(winner, name) or ()
            target = model.deployment.target.model
            upstream = _filled(target, captured) or (name if "*" in target else target)
            entries.append(_entry(name, model, upstream, captured, facts))
    return entries


def _entry(
    name: str, model: ModelInfo, upstream: str, captured: tuple[str, ...], facts: Models
) -> _Entry:
    target = model.deployment.target
    written = str(model.litellm_params.get("model") or f"{target.provider}/{target.model}")
    if captured:
        written = _filled(written, captured) or f"{target.provider}/{upstream}"
    base = model.base_model or str(model.model_info.get("base_model") or "")
    known = (
        facts.find(target.provider, base) or facts.named(base)
        if base
        else facts.find(target.provider, upstream)
    )
    return _Entry(name, model, upstream, written, known)


def _winner(name: str, names: Iterable[str]) -> str | None:
    """Which `model_name` routing would take for a name: the same one, else the longest pattern."""
    fitting = [n for n in names if n == name or ("*" in n and _captured(n, name) is not None)]
    return max(fitting, key=lambda n: (n == name, len(n), n), default=None)


def _captured(pattern: str, name: str) -> tuple[str, ...] | None:
    """What the stars of a pattern stand for in a name; None if it does not fit."""
    found = re.fullmatch(re.escape(pattern).replace(r"\*", "(.*)"), name)
    return found.groups() if found else None


def _filled(pattern: str, captured: tuple[str, ...]) -> str | None:
    """A pattern with its stars replaced; None unless there is one text for each star."""
    pieces = pattern.split("*")
    if len(pieces) != len(captured) + 1:
        return None
    return pieces[0] + "".join(
        text + piece for text, piece in zip(captured, pieces[1:], strict=True)
    )


def _usable(entries: Iterable[_Entry]) -> list[_Entry]:
    return [entry for entry in entries if not entry.model.deployment.off]


def _listed(name: str, entries: Sequence[_Entry]) -> Json:
    infos = [_info(entry) for entry in entries]
    shown = next((info["display_name"] for info in infos if info.get("display_name")), name)
    listed: Json = {
        "id": name,
        "object": "model",
        "created": CREATED,
        "owned_by": "openai",
        "type": "model",
        "display_name": shown,
        "created_at": CREATED_AT,
    }
    if mode := infos[0]["mode"]:
        listed["mode"] = mode
    for limit in ("max_input_tokens", "max_output_tokens"):
        known = [info[limit] for info in infos if isinstance(info[limit], int)]
        if known:
            listed[limit] = min(known)
    return listed


def _params(entry: _Entry) -> Json:
    """`litellm_params` with `model` in any case: clients drop an entry without it."""
    return shown(entry.model.litellm_params, secrets_of(entry.model)) | {"model": entry.written}


def _info(entry: _Entry) -> Json:
    """The catalogue's figures, under the operator's own."""
    model, deployment = entry.model, entry.model.deployment
    costs = {key: value for key, value in model.litellm_params.items() if "cost" in key}
    given = shown({**costs, **model.model_info}, secrets_of(model))
    operators = {key: value for key, value in given.items() if value is not None}
    info = {
        "key": entry.facts.id if entry.facts else entry.upstream,
        "litellm_provider": deployment.target.provider,
        "base_model": model.base_model or None,
        **_figures(entry.facts or ModelFacts("", "", mode="")),
        "tpm": deployment.tpm,
        "rpm": deployment.rpm,
        **operators,
        "id": deployment.id,
        "db_model": False,
    }
    if "max_tokens" in operators and "max_output_tokens" not in operators:
        info["max_output_tokens"] = operators["max_tokens"]
    info["max_tokens"] = operators.get("max_tokens", info["max_output_tokens"])
    return info | ({"off": deployment.off} if deployment.off else {})


def _figures(facts: ModelFacts) -> Json:
    """What the catalogue knows, in LiteLLM's words; None for what it does not know."""
    figures: Json = {
        "mode": facts.mode or None,
        "max_input_tokens": facts.max_input_tokens,
        "max_output_tokens": facts.max_output_tokens,
        **_costs(facts.prices),
    }
    for tier in facts.tiers:
        costs = _costs(tier.prices, f"_above_{tier.above // 1000}k_tokens")
        figures |= {key: cost for key, cost in costs.items() if cost is not None}
    figures |= {f"supports_{name}": name in facts.abilities or None for name in ABILITIES}
    return figures | ({"deprecation_date": facts.retired.isoformat()} if facts.retired else {})


def _costs(prices: Prices, suffix: str = "") -> Json:
    return {
        f"input_cost_per_token{suffix}": _dollars_per_token(prices.input),
        f"output_cost_per_token{suffix}": _dollars_per_token(prices.output),
        f"cache_creation_input_token_cost{suffix}": _dollars_per_token(prices.cache_write),
        f"cache_creation_input_token_cost_above_1hr{suffix}": _dollars_per_token(
            prices.cache_write_1h
        ),
        f"cache_read_input_token_cost{suffix}": _dollars_per_token(prices.cache_read),
    }


def _dollars_per_token(nano_per_million: int | None) -> float | None:
    """The nearest float: dividing two integers rounds only once, so $3 a million is 3e-06."""
    return None if nano_per_million is None else nano_per_million / (NANO * 10**6)
