"""The body that is asked for: the client's, the deployment's defaults, and how it is written."""

import orjson

from adapters.errors import BadRequest
from adapters.paths import without
from adapters.types import Json, Target


def merged(body: Json, target: Target) -> Json:
    """The client's request with the deployment's defaults and the provider's model name.

    The client's fields win; only `tools` are joined, the deployment's before the client's.
    """
    asked = {**body, "model": target.model}
    for name, default in target.params.items():
        if name == "tools" and isinstance(tools := asked.get("tools"), list):
            asked["tools"] = [*default, *tools]
        else:
            asked.setdefault(name, default)
    return without(asked, target.drop_fields) if target.drop_fields else asked


def dumped(body: Json) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError as error:  # a lone surrogate cannot be written as UTF-8
        raise BadRequest(f"the request cannot be encoded as JSON: {error}") from error
