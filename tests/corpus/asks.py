"""What a client asks so that a recorded reply answers it: the parts that the answer hangs on."""

from collections.abc import Iterator
from typing import Any

from adapters.types import Dialect
from tests.corpus.records import Record
from tests.corpus.said import record as object_of
from tests.corpus.said import records, text

_HI = [{"role": "user", "content": "Hi"}]


def request(record: Record, ours: Dialect, theirs: Dialect, *, stream: bool) -> dict[str, Any]:
    """The recorded body where the client speaks the provider's dialect, else a small one."""
    if ours is theirs and record.asked:
        asked = {name: value for name, value in record.asked.items() if name != "stream"}
    else:
        asked = _SMALL[ours](record, theirs)
    if stream:
        asked["stream"] = True
        if ours is Dialect.OPENAI_CHAT and ours is not theirs:
            asked["stream_options"] = {"include_usage": True}
    return asked


def _chat(record: Record, theirs: Dialect) -> dict[str, Any]:
    asked: dict[str, Any] = {"messages": _HI}
    if tools := list(_tools(record)):
        asked["tools"] = [{"type": "function", "function": _function(name)} for name in tools]
    if object_of(record.asked.get("generationConfig")).get("responseLogprobs"):
        asked["logprobs"] = True
    return asked


def _messages(record: Record, theirs: Dialect) -> dict[str, Any]:
    asked: dict[str, Any] = {"messages": _HI, "max_tokens": 1000}
    if tools := list(_tools(record)):
        asked["tools"] = [{"name": n, "input_schema": _function(n)["parameters"]} for n in tools]
    return asked


def _embeddings(record: Record, theirs: Dialect) -> dict[str, Any]:
    return {"input": list(_inputs(record.asked)) or ["Hi"]}


def _rerank(record: Record, theirs: Dialect) -> dict[str, Any]:
    documents = record.asked.get("documents") or ["Hi", "Ho"]
    return {"query": record.asked.get("query") or "Hi", "documents": documents}


def _function(name: str) -> dict[str, Any]:
    return {"name": name, "parameters": {"type": "object", "properties": {}}}


def _tools(record: Record) -> Iterator[str]:
    """Names of the tools that were offered, wherever the dialect puts them."""
    seen = set()
    for tool in [
        *records(record.asked.get("tools")),
        *records(object_of(record.asked.get("toolConfig")).get("tools")),
    ]:
        declared = tool.get("functionDeclarations") or tool.get("function_declarations")
        for inner in records(declared) or [tool.get("function") or tool.get("toolSpec") or tool]:
            name = text(object_of(inner).get("name"))
            if name and name not in seen and tool.get("type") in _OURS:
                seen.add(name)
                yield name


_OURS = {None, "function", "custom"}  # not tools that the provider runs by itself


def _inputs(asked: dict[str, Any]) -> Iterator[str]:
    """The texts to embed, as Cohere, Gemini, Vertex, Titan, Nova and OpenAI name them."""
    for name in ("texts", "input", "inputs"):
        found = asked.get(name)
        yield from found if isinstance(found, list) else [found] if isinstance(found, str) else []
    if isinstance(asked.get("inputText"), str):
        yield asked["inputText"]
    for instance in records(asked.get("instances")):
        yield text(instance.get("content"))
    for one in records(asked.get("requests")) or [asked]:
        parts = records(object_of(one.get("content")).get("parts"))
        if parts:
            yield "".join(text(part.get("text")) for part in parts)


_SMALL = {
    Dialect.OPENAI_CHAT: _chat,
    Dialect.ANTHROPIC_MESSAGES: _messages,
    Dialect.OPENAI_RESPONSES: lambda record, theirs: {"input": "Hi"},
    Dialect.OPENAI_EMBEDDINGS: _embeddings,
    Dialect.COHERE_RERANK: _rerank,
}
