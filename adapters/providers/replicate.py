"""Replicate. https://replicate.com/docs/reference/http (read 2026-11).

The model's name says which of three addresses serves it: `owner/name` an official model,
`owner/name:version` (or a version alone) anybody's, `deployments/owner/name` one of your own.
Where an answer takes longer than Replicate holds a request open, it is asked for again.
"""

from collections.abc import Mapping
from dataclasses import replace

from adapters.auth.keys import bearer_needed
from adapters.errors import Failure, Kind
from adapters.polled import Polled
from adapters.provider import Endpoint, Provider
from adapters.types import Call, Dialect, Json, Target

_KEY_ENV = ("REPLICATE_API_KEY", "REPLICATE_API_TOKEN")
_WAITS = {"prefer": "wait=30"}  # seconds until it answers with what it has; at most 60


def settled(target: Target) -> Target:
    """What the model's name says, as options: `owner` and `name`, or `version`."""
    path, _, version = target.model.partition(":")
    match path.split("/"):
        case [owner, name] if owner and name and not version:
            said = {"owner": owner, "name": name}
        case ["deployments", owner, name] if owner and name:
            said = {"owner": owner, "name": name, "deployment": "yes"}
        case [_, _] | [_] if version or "/" not in path:
            said = {"version": version or path}
        case _:
            text = f"{target.model!r} is no model at Replicate: expected owner/name[:version]"
            raise Failure(Kind.MODEL_GONE, text, provider=target.provider)
    return replace(target, options={**target.options, **said})


def wrapped(body: Json, _: Call, target: Target) -> Json:
    """The input of the model, and its version where the address does not say it."""
    version = target.options.get("version")
    return {**({"version": version} if version else {}), "input": body}


def speaking(target: Target, _asked: Json | None = None) -> Mapping[Dialect, Endpoint]:
    path = "/models/{owner}/{name}/predictions"
    if "version" in target.options:
        path = "/predictions"
    elif "deployment" in target.options:
        path = "/deployments/{owner}/{name}/predictions"
    endpoint = Endpoint(path, headers=_WAITS, mend=wrapped, streams=False)
    return {Dialect.REPLICATE_PREDICTIONS: endpoint}


PROVIDER = Provider(
    name="replicate",
    base_url="https://api.replicate.com/v1",
    key_env=_KEY_ENV,
    base_url_env=("REPLICATE_API_BASE",),
    speaks={
        Dialect.REPLICATE_PREDICTIONS: Endpoint(
            "/models/{owner}/{name}/predictions", headers=_WAITS, mend=wrapped, streams=False
        )
    },
    auth=bearer_needed(_KEY_ENV),
    settled=settled,
    speaking=speaking,
    transport=Polled,
    docs="https://replicate.com/docs/reference/http",
)
