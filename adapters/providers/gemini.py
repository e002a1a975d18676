"""Google's Gemini on AI Studio. https://ai.google.dev/api (read 2026-11).

The key goes into a header, never into the address, where it would end up in logs. A model may be
named with what stands before it in Google's own lists: `models/…`, `tunedModels/…`.
"""

import re
from typing import Any

from adapters.auth.keys import header
from adapters.dialects.gemini.models import gemini
from adapters.provider import Endpoint, Provider
from adapters.types import Call, Dialect, Json, Target

_KEY_ENV = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_MODEL = "/v1beta/models/{model}"
_VERSION_TWICE = re.compile(r"/v1(?:alpha|beta)?(?:/models)?(?=/v1beta/models/)")
_KIND_TWICE = re.compile(r"/models/(models|tunedModels)%2F")
_DECLARATIONS = frozenset({"functionDeclarations", "function_declarations"})


def tidy(url: str) -> str:
    """The address meant, if `api_base` ended in a version, or the model's name says its kind."""
    return _KIND_TWICE.sub(r"/\1/", _VERSION_TWICE.sub("", url))


def mend(body: Json, _call: Call, target: Target) -> Json:
    """Google's own tools beside the client's functions must be asked for by one more word, which
    models before Gemini 3 refuse, as they do the mixture.

    Source: https://ai.google.dev/gemini-api/docs/tool-combination (read 2026-11).
    """
    tools: Any = body.get("tools")
    kinds = {name for tool in tools or () if isinstance(tool, dict) for name in tool}
    mixed = kinds & _DECLARATIONS and kinds - _DECLARATIONS
    if not mixed or not gemini(target.model).has_levels:
        return body
    config = {"includeServerSideToolInvocations": True, **body.get("toolConfig", {})}
    return {**body, "toolConfig": config}


PROVIDER = Provider(
    name="gemini",
    base_url="https://generativelanguage.googleapis.com",
    key_env=_KEY_ENV,
    base_url_env=("GEMINI_API_BASE",),
    speaks={
        Dialect.GEMINI_GENERATE: Endpoint(
            f"{_MODEL}:generateContent",
            stream_path=f"{_MODEL}:streamGenerateContent?alt=sse",
            mend=mend,
        ),
        Dialect.GEMINI_EMBED: Endpoint(f"{_MODEL}:batchEmbedContents"),
    },
    auth=header("x-goog-api-key", _KEY_ENV),
    url=tidy,
    docs="https://ai.google.dev/api/generate-content",
)
