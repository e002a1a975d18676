"""What replies say that hold vectors or ranks instead of words."""

from typing import Any

from tests.corpus.said import Said, Tokens, count, record, records


def openai(raw: Any) -> Said:
    rows = sorted(records(raw.get("data")), key=lambda row: row.get("index") or 0)
    return Said(vectors=[row.get("embedding") for row in rows], tokens=_prompt(raw.get("usage")))


def cohere(raw: Any) -> Said:
    """Either a list of vectors, or such lists by type; OpenAI has a word for one of them only."""
    found = raw.get("embeddings")
    if isinstance(found, dict):
        found = found.get("float") or next(iter(found.values()))
    units = record(record(raw.get("meta")).get("billed_units"))
    told = count(units.get("input_tokens"))
    return Said(vectors=list(found or []), tokens=Tokens(told) if told else None)


def gemini(raw: Any) -> Said:
    rows = records(raw.get("embeddings")) or [record(raw.get("embedding"))]
    return Said(vectors=[row.get("values") for row in rows])


def vertex(raw: Any) -> Said:
    rows = [record(row.get("embeddings")) for row in records(raw.get("predictions"))]
    told = sum(count(record(row.get("statistics")).get("token_count")) for row in rows)
    return Said(vectors=[row.get("values") for row in rows], tokens=Tokens(told) if told else None)


def bedrock(raw: Any) -> Said:
    """Titan's one vector, or Cohere's and Nova's lists."""
    if "embedding" in raw:
        told = count(raw.get("inputTextTokenCount"))
        return Said(vectors=[raw["embedding"]], tokens=Tokens(told) if told else None)
    found = raw.get("embeddings")
    if isinstance(found, list) and found and isinstance(found[0], dict):
        found = [row.get("embedding") for row in found]
    return cohere({"embeddings": found})


def ranks(raw: Any) -> Said:
    """Cohere calls them results, Voyage data; the score has one name."""
    rows = records(raw.get("results")) or records(raw.get("data"))
    return Said(ranks=[(count(row.get("index")), row.get("relevance_score", -1.0)) for row in rows])


def _prompt(usage: Any) -> Tokens | None:
    told = count(record(usage).get("prompt_tokens")) or count(record(usage).get("total_tokens"))
    return Tokens(told) if told else None
