"""Edits of a chat body's own fields: words that a provider spells in another way."""

import re

from adapters.quirks.edits import renamed, without
from adapters.types import Json

_REASONING_MODEL = re.compile(r"(?:^|/)(?:o[1-9](?:-|$)|gpt-(?:[5-9]|\d\d)(?!.*-chat\b))")


def max_tokens_only(body: Json) -> Json:
    """Say the limit as `max_tokens`, for providers that do not know the newer word."""
    return renamed(body, "max_completion_tokens", "max_tokens")


def max_completion_tokens_only(body: Json) -> Json:
    """Say the limit as `max_completion_tokens` to OpenAI's reasoning models, which refuse the old
    word. The model is known by name only: an Azure deployment called `prod` is not recognised.
    """
    if "max_tokens" not in body or not _REASONING_MODEL.search(str(body.get("model", ""))):
        return body
    return renamed(body, "max_tokens", "max_completion_tokens")


def no_stream_options(body: Json) -> Json:
    """Leave out `stream_options`, for providers that report usage without being asked."""
    return without(body, "stream_options")


def seed_as_random_seed(body: Json) -> Json:
    """Say `seed` as Mistral does, which refuses the other word: 422 extra_forbidden.

    Source: the request's schema in github.com/mistralai/client-python (2026-06).
    """
    return renamed(body, "seed", "random_seed")


def fireworks_model_path(body: Json) -> Json:
    """Complete a short model name to the path that Fireworks wants.

    Source: https://docs.fireworks.ai/getting-started/concepts (read 2026-11).
    """
    model = body.get("model")
    if not isinstance(model, str) or model.startswith("accounts/") or "#" in model:
        return body
    return {**body, "model": f"accounts/fireworks/models/{model}"}
