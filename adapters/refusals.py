"""Which of OpenAI's fields a provider that is nearly OpenAI refuses, by the model's name."""

import re
from collections.abc import Callable, Iterable, Mapping

from adapters.types import Json

# What OpenAI's chat knows, but for what no provider can do without. `drop_params` is about these
# alone: https://platform.openai.com/docs/api-reference/chat/create (read 2026-11).
FIELDS: frozenset[str] = frozenset(
    {
        *("audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs"),
        *("max_completion_tokens", "max_tokens", "metadata", "modalities", "n"),
        *("parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key"),
        *("prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier"),
        *("seed", "service_tier", "stop", "store", "stream_options", "temperature", "tool_choice"),
        *("tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options"),
    }
)


def refusing(rules: Mapping[str, Iterable[str]]) -> Callable[[Json], frozenset[str]]:
    """The fields of a body that will be refused. A rule is a regular expression, searched for in
    the model's name, and the fields that such models refuse.
    """
    compiled = [(re.compile(model), frozenset(fields)) for model, fields in rules.items()]

    def droppable(body: Json) -> frozenset[str]:
        model = str(body.get("model", ""))
        refused = [fields for pattern, fields in compiled if pattern.search(model)]
        return frozenset().union(*refused) & body.keys()

    return droppable
