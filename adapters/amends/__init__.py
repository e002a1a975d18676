"""Named one-purpose corrections of chat answers, for providers that are nearly OpenAI.

Quirks edit what goes out, these what comes back: to clients that read it with OpenAI's own types.
A row of the catalogue names them. Each leaves what is right as it came, byte by byte.
"""

from collections.abc import Mapping

from adapters.amended import Amendment
from adapters.amends import fields, thinking, words

AMENDS: Mapping[str, Amendment] = {
    "finish_reason_of_openai": words.FINISH_REASON,
    "message_of_filtered": fields.FILTERED,
    "no_missing_fields": fields.MISSING,
    "no_odd_logprobs": words.LOGPROBS,
    "object_of_chunks": words.OBJECT,
    "service_tier_of_openai": words.SERVICE_TIER,
    "thinking_out_of_content": thinking.OUT_OF_CONTENT,
    "whole_tool_calls": fields.TOOL_CALLS,
}
