"""Words that OpenAI's types do not allow, put into those that mean the same there.

Which words there are: `finish_reason` and `service_tier` in the types of openai 3.52 (2026-11).
"""

import re
from collections.abc import Mapping

from adapters.amended import Rewords

_TIERS: Mapping[bytes, bytes] = {
    b'"on_demand"': b'"default"',  # Groq: https://console.groq.com/docs/service-tiers
    b'"performance"': b'"priority"',  # the same page
    b'"provisioned"': b'"scale"',  # Google's, by OpenRouter: capacity bought beforehand
}
_REASONS: Mapping[bytes, bytes] = {
    b'"eos"': b'"stop"',  # Together's older models
    b'"eos_token"': b'"stop"',  # older servers of Text Generation Inference
    b'"sensitive"': b'"content_filter"',  # Z.ai: https://docs.z.ai/api-reference/llm/chat-completion
    b'"model_context_window_exceeded"': b'"length"',  # the same page
    b'"network_error"': b'"length"',  # the same page: it broke off
    # DeepSeek broke off: https://api-docs.deepseek.com/api/create-chat-completion
    b'"insufficient_system_resource"': b'"length"',
}
_OBJECTS: Mapping[bytes, bytes] = {
    b'""': b'"chat.completion.chunk"',  # Azure's first event, which tells of filters
    b'"chat.completion"': b'"chat.completion.chunk"',  # Perplexity's, in 2025
    b'"chat.completion.done"': b'"chat.completion.chunk"',  # its last, in 2026
}

SERVICE_TIER = Rewords(
    re.compile(rb'"service_tier"\s*:\s*("(?:on_demand|performance|provisioned)")'), _TIERS
)
FINISH_REASON = Rewords(
    re.compile(
        rb'"finish_reason"\s*:\s*("(?:eos|eos_token|sensitive|model_context_window_exceeded'
        rb'|network_error|insufficient_system_resource)")'
    ),
    _REASONS,
)
OBJECT = Rewords(
    re.compile(rb'"object"\s*:\s*(""|"chat\.completion(?:\.done)?")'), _OBJECTS, documents=False
)
# A number where the chances of the tokens belong, from one house behind OpenRouter (2025-10).
LOGPROBS = Rewords(re.compile(rb'"logprobs"\s*:\s*(-?[0-9][-+.eE0-9]*)'), {})
