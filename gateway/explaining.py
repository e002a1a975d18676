"""From a request body to the document that explains where it would go. Nothing is sent.

No secret is in it: deployments are named by id, provider and model, limits are shown, addresses and
keys are not, and of a fallback's fields that differ only their names.
"""

from asyncio import sleep
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import orjson

from adapters.errors import GatewayError, Kind, UnknownModel
from adapters.tokens import CHARACTERS_PER_TOKEN
from adapters.types import Dialect, Json
from gateway.call import read_call
from gateway.config.keys import nearest
from gateway.config.settings import Settings
from gateway.inference import ask_of
from gateway.services import Services
from routing.ask import Ask
from routing.deployment import Deployment
from routing.explain import Candidate, Choice, look
from routing.foresee import Stop, Story, foresee
from routing.plan import Plan

SUPPOSED = (Kind.TRANSIENT, Kind.TOO_LONG, Kind.BLOCKED)
"""The failures whose consequences are told; most others lead where the first does."""

_ANTHROPICS = ("system", "thinking", "stop_sequences")  # fields that OpenAI's chat does not have
_LIMITS = ("rpm", "tpm", "max_parallel_requests")


async def explained(
    services: Services, key: str, raw: bytes, headers: Mapping[bytes, bytes], request_id: str = ""
) -> Json:
    """Where the request would go now, why, and where next if that failed.

    Raises:
        UnknownModel: nothing is configured under that name; the message has the nearest one.
        BadRequest: it is no request of ours.
    """
    dialect, raw = _whole(raw, headers)
    call, wishes = read_call(dialect, raw, headers, request_id=request_id)
    settings, router = services.settings, services.router
    ask = ask_of(settings, headers, key, call, wishes)
    policy = wishes.applied(settings.policy, call.model)
    try:
        group = router.groups.find(call.model)
    except UnknownModel as error:
        names = {d.alias for d in router.groups.deployments} | settings.aliases.keys()
        said = error.message.rstrip(".") + nearest(call.model, names)
        raise UnknownModel(said) from error
    stories = []
    for kind in SUPPOSED:
        stories.append(await foresee(router, ask, policy, settings.rest, kind))
        await sleep(0)  # others have their turn: with a thousand deployments it takes a while
    last = Plan(call.model, policy, router.rng).last
    shown = await look(router.chooser, call.model, group, ask, last=last)
    return {
        "model": call.model,
        "call": _call(ask),
        "strategy": _strategy(settings, group[0].alias, shown.choice),
        "bound_to": shown.choice.bound or None,
        "chosen": next((c.deployment.id for c in shown.candidates if c.share), None),
        "error": _error(shown.refusal) if shown.refusal else None,
        "candidates": [_candidate(candidate) for candidate in shown.candidates],
        "if_it_fails": [_story(story) for story in stories],
    }


def _whole(raw: bytes, headers: Mapping[bytes, bytes]) -> tuple[Dialect, bytes]:
    """The body in the dialect that it seems to be in; a model's name alone stands for a chat."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return Dialect.OPENAI_CHAT, raw  # whoever reads it says what is wrong
    if "input" in body:
        return Dialect.OPENAI_EMBEDDINGS, raw
    if "documents" in body or "query" in body:
        return Dialect.COHERE_RERANK, raw
    if b"anthropic-version" in headers or any(name in body for name in _ANTHROPICS):
        return Dialect.ANTHROPIC_MESSAGES, raw
    if "messages" not in body:
        body["messages"] = [{"role": "user", "content": ""}]
    return Dialect.OPENAI_CHAT, orjson.dumps(body)


def _call(ask: Ask) -> Json:
    return {
        "dialect": ask.call.dialect,
        "stream": ask.call.stream,
        "prompt_tokens": ask.prompt_tokens(CHARACTERS_PER_TOKEN),  # about
        "needs": sorted(ask.needs),
        "tags": sorted(ask.tags),
        "region": ask.region or None,
        "priority": ask.priority,
        "session": bool(ask.session),
    }


def _strategy(settings: Settings, alias: str, choice: Choice) -> Json:
    """By the name that config has for it. `reads`: what it goes by, nothing if it was not asked."""
    named = settings.strategies.own.get(alias, settings.strategies.usual)
    return {
        "name": named.name,
        "asked": bool(choice.strategy),
        "reads": list(choice.read),
        "trouble": choice.trouble or None,
    }


def _candidate(candidate: Candidate) -> Json:
    out = candidate.out
    wait = None if out is None else out.wait_s
    return {
        **_named(candidate.deployment),
        "order": candidate.deployment.order,
        "weight": candidate.deployment.weight,
        "share": round(candidate.share, 3),
        "score": candidate.score,
        "reads": {name: _number(value) for name, value in candidate.reads.items()},
        "out": {"by": out.by, "why": out.why, "wait_s": _number(wait)} if out else None,
        "in_flight": candidate.stats.in_flight,
        "failures": candidate.stats.failures,
        "warmth": round(candidate.stats.warmth, 2),
        "limits": dict(_limits(candidate)),
        "provider_left": round(candidate.room.left, 3),
    }


def _limits(candidate: Candidate) -> Iterable[tuple[str, Json]]:
    """Those that config sets, and how much of them is used."""
    deployment, room = candidate.deployment, candidate.room
    limits = (deployment.rpm, deployment.tpm, deployment.max_parallel)
    used = (room.requests, room.tokens, room.slots)
    for name, now, limit in zip(_LIMITS, used, limits, strict=True):
        if limit is not None:
            yield name, {"used": now, "limit": limit}


def _story(story: Story) -> Json:
    return {
        "kind": story.kind,
        "steps": [_stop(stop) for stop in story.stops],
        "error": _error(story.error),
    }


def _stop(stop: Stop) -> Json:
    told: Json = {"alias": stop.alias, "pause_s": round(stop.pause, 3)}
    if stop.deployment:
        told |= {**_named(stop.deployment), "share": round(stop.share, 3)}
    else:
        told |= {"id": None, "error": _error(stop.error)}
    if stop.queued:
        told["queued_s"] = round(stop.queued, 3)
    if stop.override:
        told["override"] = sorted(stop.override)
    return told


def _named(deployment: Deployment) -> Json:
    target = deployment.target
    return {"id": deployment.id, "model": f"{target.provider}/{target.model}"}


def _error(error: GatewayError) -> Json:
    """What the client would be told; of a failure that is only supposed there are no words."""
    told: Json = {"status": error.status, "code": error.code}
    if error.message:
        told["message"] = error.message
    if error.retry_after is not None:
        told["retry_after_s"] = _number(error.retry_after)
    return told


def _number(value: Any) -> Any:
    """Rounded to what means something; infinity is null, as JSON has none."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if isfinite(value) else None
