"""Which row of the catalogue serves what was recorded of a provider, and with what."""

from collections.abc import Mapping
from dataclasses import replace

from adapters.catalog import find
from adapters.framing import Framing
from adapters.provider import Endpoint, Provider
from adapters.types import Dialect, Target
from tests.corpus.records import Record

ANY = "openai_like"  # plays those that have no row: "any server that speaks OpenAI's chat"

ROWS: Mapping[str, str] = {  # a recording's word for a provider -> ours, where they differ
    "alibaba": "dashscope",
    "azure-ai-foundry": "azure_ai",
    "azure-openai": "azure",
    "bedrock-mantle": "bedrock_mantle",
    "copilot": "github_copilot",
    "litellm-proxy": "litellm_proxy",
    "llamacpp": "llamafile",
    "local-openai-compatible": "hosted_vllm",
    "openai-chatgpt": "openai",
    "together": "together_ai",
    "venice": "veniceai",
    "vercel-gateway": "vercel_ai_gateway",
    "vertex": "vertex_ai",
}
BY_DIALECT: Mapping[tuple[str, Dialect], str] = {
    ("ollama", Dialect.OLLAMA_CHAT): "ollama_chat",
}
_SECRETS: Mapping[str, Mapping[str, str]] = {  # row -> ours, made up
    "bedrock": {"aws_access_key_id": "AKIDCORPUS", "aws_secret_access_key": "corpus-000000"},
    "": {"api_key": "sk-corpus-000000"},
}
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "bedrock": {"aws_region_name": "us-east-1"},
    "cloudflare": {"account_id": "corpus"},
    "snowflake": {"account_id": "corpus"},
    "vertex_ai": {"vertex_project": "corpus"},
    "watsonx": {"project_id": "corpus"},
}
_MODELS: Mapping[tuple[str, Dialect], tuple[str, str]] = {
    # what a name must hold for the row to speak this dialect, and a name that does: recorders have
    # scrubbed some, and others tell in the path what ours tell in the name
    ("bedrock", Dialect.ANTHROPIC_MESSAGES): ("claude", "anthropic.claude-sonnet-4-5"),
    ("bedrock", Dialect.OPENAI_CHAT): ("chat_completions/", "chat_completions/openai.gpt-oss-20b"),
    ("vertex_ai", Dialect.ANTHROPIC_MESSAGES): ("claude", "claude-sonnet-4-5"),
    ("vertex_ai", Dialect.VERTEX_EMBED): ("embedding", "text-embedding-005"),
}


def row(record: Record, theirs: Dialect) -> str:
    """The row's name; `ANY` if the catalogue has none."""
    name = BY_DIALECT.get((record.provider, theirs)) or ROWS.get(record.provider, record.provider)
    return name if find(name) else ANY


def target(name: str, theirs: Dialect, address: str, model: str) -> Target:
    mark, stand_in = _MODELS.get((name, theirs), ("", ""))
    model = model if mark in model else stand_in
    if theirs is Dialect.OLLAMA_CHAT:
        address = address.removesuffix("/v1")  # which would mean its OpenAI door
    secrets = _SECRETS.get(name, _SECRETS[""])
    return Target(name, model, address, secrets, options=_OPTIONS.get(name, {}))


def provider(name: str, where: Target, theirs: Dialect, framing: Framing) -> tuple[Provider, bool]:
    """The row, made to speak this dialect only, and whether it does so by itself."""
    found = find(name)
    assert found
    settled = found.settled(where) if found.settled else where
    speaks = found.speaking(settled, {}) if found.speaking else found.speaks
    known = theirs in speaks
    door = speaks[theirs] if known else Endpoint("/any", framing=framing)
    return replace(found, speaks={theirs: door}, speaking=None), known
