"""Edits about thinking: how it is asked for, and how it goes back to where it came from."""

import re
from collections.abc import Callable
from typing import Any

from adapters.dialects.signatures import is_anthropics
from adapters.quirks.edits import each, objects, renamed, without
from adapters.types import Json

_SWITCHABLE_KIMI = re.compile(r"(?:^|/)kimi-k2\.[56]")
_READS_REASONING = re.compile(r"gpt-oss|glm-")
_NO_EFFORT = (None, "none")


def no_effort_as_no_thinking(body: Json) -> Json:
    """Say `reasoning_effort: none` as `thinking: disabled`. DeepSeek, Z.ai and Moonshot think
    unless told not to; their efforts begin at `low`, and Moonshot refuses both fields together.

    Source: https://api-docs.deepseek.com/guides/thinking_mode,
    https://docs.z.ai/guides/develop/openai/python, https://platform.kimi.ai/docs/api/models-overview
    (read 2026-11), github.com/HKUDS/nanobot/issues/3939 (2026-05).
    """
    if body.get("reasoning_effort") != "none":
        return body
    rest = without(body, "reasoning_effort")
    return rest if "thinking" in rest else {**rest, "thinking": {"type": "disabled"}}


def effort_as_enable_thinking(body: Json) -> Json:
    """Say any `reasoning_effort` as DashScope's switch: some of its models think only when told to,
    others unless told not to.

    Source: https://help.aliyun.com/en/model-studio/deep-thinking (read 2026-11).
    """
    effort = body.get("reasoning_effort")
    if not isinstance(effort, str) or "enable_thinking" in body:
        return body
    rest = without(body, "reasoning_effort") if effort == "none" else body
    return {**rest, "enable_thinking": effort != "none"}


def forced_tool_without_thinking(body: Json) -> Json:
    """Turn off the thinking nobody asked for when a tool is demanded: DeepSeek answers "Thinking
    mode does not support this tool_choice" (recorded traffic, 2026), and thinks by itself.
    """
    choice = body.get("tool_choice")
    if choice != "required" and not isinstance(choice, dict):
        return body
    if {"thinking", "reasoning_effort"} & body.keys():
        return body
    return {**body, "thinking": {"type": "disabled"}}


def forced_tool_without_kimi_thinking(body: Json) -> Json:
    """The same for Moonshot, "tool_choice 'required' is incompatible with thinking enabled", but
    only where thinking can be turned off: the models after K2.6 refuse that.

    Source: github.com/can1357/oh-my-pi/issues/1077 (2026-05),
    github.com/UKGovernmentBEIS/inspect_ai/pull/5152 (2026-08).
    """
    if not _SWITCHABLE_KIMI.search(str(body.get("model"))):
        return body
    return forced_tool_without_thinking(body)


def reasoning_in_tool_loops(body: Json) -> Json:
    """Put a blank where thinking is missing from a history with tool calls. Another model may have
    made them, or a client lost it; DeepSeek ("The `reasoning_content` in the thinking mode must be
    passed back to the API") and Moonshot refuse such a history. A space is thinking to Moonshot, an
    empty text is not (github.com/theopenco/llmgateway/pull/2093, 2026-04).

    Source: https://api-docs.deepseek.com/guides/thinking_mode (read 2026-11).
    """
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and thinking.get("type") == "disabled":
        return body
    if not any(message.get("tool_calls") for message in objects(body, "messages")):
        return body
    return each(body, "messages", _with_reasoning)


def reasoning_content_as_reasoning(body: Json) -> Json:
    """Call thinking what Groq and Cerebras call it, for the models that read it again; leave it out
    for the others, which refuse the word.

    Source: the schemas in github.com/groq/groq-python (2026-08) and
    github.com/Cerebras/cerebras-cloud-sdk-python (2026-01); recorded traffic of gpt-oss.
    """
    edit: Callable[[Json], Json] = _unreasoned
    if _READS_REASONING.search(str(body.get("model"))):
        edit = _reasoned
    return each(body, "messages", edit)


def reasoning_content_as_thinking(body: Json) -> Json:
    """Give thinking back as the part of the content that it came as, to Mistral's models that
    reason: Magistral always does, others are asked for it by `reasoning_effort`.

    Source: https://docs.mistral.ai/capabilities/reasoning (read 2026-11), and recorded traffic.
    """
    asked = body.get("reasoning_effort") not in _NO_EFFORT
    if not asked and "magistral" not in str(body.get("model")):
        return body
    return each(body, "messages", _with_thinking)


def thinking_blocks_as_reasoning_details(body: Json) -> Json:
    """Give Claude's thinking back with its signature in OpenRouter's words. Gateways that speak as
    OpenRouter does hand it on; without it a tool loop of Claude's loses its thread. What others
    have signed stays out.

    Source: recorded traffic of OpenRouter's and Vercel's, both ways (2026).
    """
    return each(body, "messages", _with_details)


def _with_reasoning(message: Json) -> Json:
    if message.get("role") != "assistant" or message.get("reasoning_content"):
        return message
    return {**message, "reasoning_content": " "}


def _reasoned(message: Json) -> Json:
    return without(renamed(message, "reasoning_content", "reasoning"), "annotations")


def _unreasoned(message: Json) -> Json:
    return without(message, "reasoning_content", "annotations")


def _with_thinking(message: Json) -> Json:
    thought = message.get("reasoning_content")
    if message.get("role") != "assistant" or not isinstance(thought, str) or not thought.strip():
        return message
    part = {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}
    content = message.get("content")
    said = [{"type": "text", "text": content}] if isinstance(content, str) and content else content
    return {**without(message, "reasoning_content"), "content": [part, *(said or [])]}


def _with_details(message: Json) -> Json:
    blocks = objects(message, "thinking_blocks")
    if not blocks or "reasoning_details" in message:
        return message
    own = [b for b in blocks if not b.get("signature") or is_anthropics(b["signature"])]
    told = [_detail(block, index) for index, block in enumerate(own)]
    if not told:
        return without(message, "thinking_blocks")
    return {**without(message, "thinking_blocks"), "reasoning_details": told}


def _detail(block: Json, index: int) -> Json:
    detail: dict[str, Any] = {"format": "anthropic-claude-v1", "index": index}
    if block.get("type") == "redacted_thinking":
        return {"type": "reasoning.encrypted", "data": block.get("data"), **detail}
    text = {"type": "reasoning.text", "text": block.get("thinking"), **detail}
    return {**text, "signature": block["signature"]} if block.get("signature") else text
