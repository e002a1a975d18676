"""Thought signatures: what Gemini wants back with the history, and how chat clients carry it.

OpenAI's clients return nothing of a tool call but its id, name and arguments; so the signature
rides in the id, as it does with LiteLLM, besides the fields that LiteLLM and Google's own
OpenAI-compatible address use. Sources, read 2026-11:
https://ai.google.dev/gemini-api/docs/thought-signatures and
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures.
"""

from adapters.dialects.lenient import record, string
from adapters.dialects.signatures import CALL_MARK
from adapters.types import Json

NOBODYS = "skip_thought_signature_validator"
"""Google's own stand-in for calls of the history that another model has made; both AI Studio and
Vertex AI take it."""


def signed_id(id_: str, signature: str) -> str:
    """The id that a client will bring back, signature and all. It holds only what Anthropic's ids
    may hold; Google reads either kind of base64.
    """
    safe = signature.replace("+", "-").replace("/", "_").rstrip("=")
    return f"{id_}{CALL_MARK}{safe}" if signature else id_


def call_fields(signature: str) -> Json:
    """What a tool call bears beside its id: LiteLLM's spelling, and Google's."""
    if not signature:
        return {}
    named = {"thought_signature": signature}
    return {"provider_specific_fields": named, "extra_content": {"google": named}}


def signature_of(call: Json) -> str:
    """A tool call's signature, wherever the client has kept it; empty if it has none."""
    function = record(call.get("function"))
    for holder in (
        record(call.get("provider_specific_fields")),
        record(record(call.get("extra_content")).get("google")),
        record(function.get("provider_specific_fields")),
    ):
        if found := string(holder.get("thought_signature")):
            return found
    return string(call.get("id")).partition(CALL_MARK)[2]
