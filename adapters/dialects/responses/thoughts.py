"""Reasoning items as thinking blocks and back.

The Responses API keeps nothing for us (`store` is false), so what a model has thought must travel
with the conversation: encrypted, as `signature` of a thinking block, which clients of OpenAI's and
of Anthropic's dialect send back untouched. LiteLLM's place for it, `reasoning_items`, is read too.

Source: https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items (read 2026-11).
"""

from adapters.dialects.lenient import records, string
from adapters.dialects.signatures import OPENAI_MARK, is_openais
from adapters.types import Json

BREAK = "\n\n"  # between two summaries


def text_of(item: Json) -> str:
    """What a reasoning item says: summaries, or the thoughts where a server shows them."""
    parts = [*records(item.get("summary")), *records(item.get("content"))]
    return BREAK.join(text for part in parts if (text := string(part.get("text"))))


def block(item: Json) -> Json | None:
    """A reasoning item as a signed thinking block; None if it cannot be sent back."""
    secret = string(item.get("encrypted_content"))
    if not secret:
        return None
    return {"type": "thinking", "thinking": text_of(item), "signature": f"{OPENAI_MARK}{secret}"}


def items(message: Json, known: list[Json]) -> list[Json]:
    """The reasoning items that a message of the assistant has brought back, but for `known` ones.

    They go without their ids: OpenAI insists on the neighbours of what has one.
    """
    kept = records(message.get("reasoning_items"))
    found = [_said_again(item) for item in kept if item.get("type") == "reasoning"]
    if not kept:
        blocks = records(message.get("thinking_blocks"))
        found = [item for block in blocks if (item := _item(block))]
    secrets = {secret for item in known if (secret := string(item.get("encrypted_content")))}
    return [item for item in found if string(item.get("encrypted_content")) not in secrets]


def _item(block: Json) -> Json | None:
    signature = string(block.get("signature"))
    secret = signature.removeprefix(OPENAI_MARK)
    if not is_openais(signature) or not secret:
        return None
    thought = string(block.get("thinking"))
    summary = [{"type": "summary_text", "text": thought}] if thought else []
    return {"type": "reasoning", "summary": summary, "encrypted_content": secret}


def _said_again(item: Json) -> Json:
    needless = {"index", "id"} if item.get("encrypted_content") else {"index"}
    return {"summary": [], **{n: value for n, value in item.items() if n not in needless}}
