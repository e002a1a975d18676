"""How to ask for the rest of an answer that broke off. Pure.

Where a model takes the beginning of its answer as the last turn, it goes on from there (prefill).
Elsewhere it is asked anew, and what it says again is skipped.

Who takes one (all read 2026-11):

- Claude, before 4.6, but not while it thinks; from 4.6 on it refuses ("This model does not support
  assistant message prefill"). The beginning must not end in white space.
  https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6
  https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response
- Mistral, with `prefix: true`, which the quirk `begun_answer` adds; its answer repeats the
  beginning. https://docs.mistral.ai/guides/prefix, https://github.com/vercel/ai/pull/3256
- DeepSeek, with `prefix: true`, below /beta only.
  https://api-docs.deepseek.com/guides/chat_prefix_completion
"""

from dataclasses import dataclass

from adapters.dialects.anthropic.models import claude
from adapters.merge import merged
from adapters.tokens import CHARACTERS_PER_TOKEN
from adapters.types import Dialect, Json, Target

_CLAUDES = frozenset({"anthropic", "azure_ai", "bedrock", "vertex_ai"})
_MISTRALS = frozenset({"codestral", "mistral"})
_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask for the rest; `expected` is what the answer says again before it goes on."""

    body: Json
    expected: str
    prefilled: bool = False


def unfit(asked: Json) -> str:
    """Why the answer to such a request must not be put together of two; empty: it may be."""
    output = asked.get("output_config")
    form = asked.get("response_format") or asked.get("output_format")
    form = form or (output.get("format") if isinstance(output, dict) else None)
    if form and not (isinstance(form, dict) and form.get("type") == "text"):
        return "its form was asked for"
    if (asked.get("n") or 1) != 1:
        return "several choices were asked for"
    if asked.get("logprobs") or asked.get("top_logprobs"):
        return "log probabilities were asked for"
    if asked.get("store") or asked.get("background"):
        return "it was to be stored"
    if "audio" in (asked.get("modalities") or ()):
        return "speech was asked for"
    return ""


def question(body: Json, dialect: Dialect, target: Target, text: str) -> Question:
    """How to ask `target` for the rest of an answer to `body` that has said `text`."""
    asked = merged(body, target)
    beginning = text.rstrip()
    mark = _prefills(asked, dialect, target) if beginning and not unfit(asked) else None
    if mark is None:
        return Question(body, text)
    turn = {"role": "assistant", "content": beginning, **mark}
    messages = [*body["messages"], turn]
    repeated = text if target.provider in _MISTRALS else text[len(beginning) :]
    return Question(_shortened({**body, "messages": messages}, asked, text), repeated, True)


def _prefills(asked: Json, dialect: Dialect, target: Target) -> Json | None:
    """What must be added to the last turn, where the model goes on from it; None: it does not."""
    last = asked["messages"][-1]
    if not isinstance(last, dict) or last.get("role") == "assistant" or _thinks(asked):
        return None
    model = target.model.lower()
    if target.provider in _CLAUDES:
        known = claude(model)
        return {} if known.family and known.version < (4, 6) else None
    if target.provider in _MISTRALS:
        return None if "magistral" in model else {}
    beta = target.provider == "deepseek" and "/beta" in target.base_url
    if beta and model.startswith("deepseek-chat") and dialect is Dialect.OPENAI_CHAT:
        return {"prefix": True}
    return None


def _thinks(asked: Json) -> bool:
    thinking = asked.get("thinking")
    off = thinking is None or (isinstance(thinking, dict) and thinking.get("type") == "disabled")
    return not off or asked.get("reasoning_effort") not in (None, "none")


def _shortened(body: Json, asked: Json, text: str) -> Json:
    """The client's limit counts for the whole answer; what has been said is estimated."""
    spent = int(len(text) / CHARACTERS_PER_TOKEN)
    limits = {n: asked[n] for n in _LIMITS if isinstance(asked.get(n), int)}
    return {**body, **{name: max(1, limit - spent) for name, limit in limits.items()}}
