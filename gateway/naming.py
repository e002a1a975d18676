"""`response_model: alias`: replies call the model by the name that the client asked for.

Only where the operator has opted in: without it the reply's `model` is the provider's word.
"""

import re
from dataclasses import replace

import orjson

from adapters.types import Body, Reply


def renamed(reply: Reply, alias: str) -> Reply:
    """The same reply under the alias that was served."""
    body = reply.body
    if isinstance(body, bytes):
        document = orjson.loads(body)
        if "model" in document:
            body = orjson.dumps({**document, "model": alias})
        return replace(reply, body=body)
    return replace(reply, body=_Renamed(body, reply.receipt.model, alias))


class _Renamed:
    """A stream with another model name. A name inside a text is safe: its quotes are escaped."""

    def __init__(self, body: Body, model: str, alias: str) -> None:
        self._body = body
        self._named = re.compile(rb'("model"\s*:\s*)' + re.escape(orjson.dumps(model)))
        self._alias = rb"\g<1>" + orjson.dumps(alias).replace(b"\\", rb"\\")

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        return self._named.sub(self._alias, await self._body.__anext__())

    async def aclose(self) -> None:
        await self._body.aclose()
