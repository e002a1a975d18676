"""Named one-purpose edits of an outgoing chat body, for providers that are nearly OpenAI.

Each returns the body it was given if there is nothing to do, and never changes it: a retry starts
from the same one. They are written for OpenAI's chat format and meant for bodies in it only. A
quirk is for what would be refused, or would mean something else, although nobody asked for it.
"""

from collections.abc import Mapping

from adapters.provider import Quirk
from adapters.quirks import fields, messages, thinking
from adapters.types import Json

QUIRKS: Mapping[str, Quirk] = {
    quirk.__name__: quirk
    for quirk in (
        fields.fireworks_model_path,
        fields.max_completion_tokens_only,
        fields.max_tokens_only,
        fields.no_stream_options,
        fields.seed_as_random_seed,
        messages.begun_answer,
        messages.call_ids_up_to_40,
        messages.content_as_text,
        messages.developer_as_system,
        messages.no_cache_control,
        messages.no_names,
        messages.no_reasoning_content,
        messages.no_thinking_blocks,
        messages.plain_call_ids,
        messages.short_tool_ids,
        thinking.effort_as_enable_thinking,
        thinking.forced_tool_without_kimi_thinking,
        thinking.forced_tool_without_thinking,
        thinking.no_effort_as_no_thinking,
        thinking.reasoning_content_as_reasoning,
        thinking.reasoning_content_as_thinking,
        thinking.reasoning_in_tool_loops,
        thinking.thinking_blocks_as_reasoning_details,
    )
}

MARKS: Mapping[Quirk, tuple[bytes, ...]] = {
    messages.call_ids_up_to_40: (b"tool_call",),
    messages.developer_as_system: (b"developer",),
    messages.no_cache_control: (b"cache_control",),
    messages.no_reasoning_content: (b"reasoning_content", b"annotations"),
    messages.no_thinking_blocks: (b"thinking_blocks", b"provider_specific_fields", b"tool_call"),
    messages.plain_call_ids: (b"tool_call",),
    messages.short_tool_ids: (b"tool_call",),
    thinking.reasoning_content_as_reasoning: (b"reasoning_content",),
    thinking.reasoning_content_as_thinking: (b"reasoning_content",),
}
"""Words without which a history has nothing for a quirk to edit: to look for a word in a request's
bytes costs a fraction of a walk over its messages.
"""
_SPEAKERS = ("system", "user", "assistant")


def in_words(body: Json) -> bool:
    """Whether there is nothing in a chat body but who says what, in words, and no tools: then none
    of the quirks that have marks finds anything to edit, and nobody need look for their words.
    """
    messages = body.get("messages")
    if "tools" in body or not isinstance(messages, list):
        return False
    for message in messages:
        if not (isinstance(message, dict) and len(message) == 2):
            return False
        if not (isinstance(message.get("content"), str) and message.get("role") in _SPEAKERS):
            return False
    return True
