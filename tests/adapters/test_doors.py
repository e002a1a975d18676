"""A second door stands at the provider's own address, not at a company's proxy."""

import pytest

from adapters.catalog import find
from adapters.provider import best_dialect
from adapters.types import Dialect, Target

CHAT, ANTHROPIC = Dialect.OPENAI_CHAT, Dialect.ANTHROPIC_MESSAGES
SPOKEN = {
    ("deepseek", ""): ANTHROPIC,
    ("deepseek", "https://api.deepseek.com/beta"): ANTHROPIC,
    ("deepseek", "https://API.DeepSeek.com"): ANTHROPIC,
    ("deepseek", "https://proxy.acme.test/deepseek"): CHAT,
    ("deepseek", "https://api.deepseek.com.acme.test"): CHAT,
    ("deepseek", "http://["): CHAT,
    ("moonshot", "https://api.moonshot.cn/v1"): ANTHROPIC,
    ("minimax", "https://api.minimaxi.com/v1"): ANTHROPIC,
    ("zai", "https://api.z.ai/api/coding/paas/v4"): ANTHROPIC,
    ("openrouter", "http://localhost:4000"): CHAT,
    ("groq", ""): CHAT,
    ("groq", "https://proxy.acme.test"): CHAT,
}


@pytest.mark.parametrize(("where", "spoken"), SPOKEN.items(), ids=str)
def test_an_anthropic_client_is_served_in(where: tuple[str, str], spoken: Dialect) -> None:
    name, base = where
    row = find(name)
    assert row
    target = Target(name, "m", base)

    speaks = row.speaking(target, {}) if row.speaking else row.speaks

    assert best_dialect(ANTHROPIC, speaks) is spoken


def test_what_every_server_has_is_asked_for_anywhere() -> None:
    row = find("openrouter")
    assert row
    assert row.speaking

    speaks = row.speaking(Target("openrouter", "m", "https://proxy.acme.test"), {})

    assert set(speaks) == {CHAT, Dialect.OPENAI_EMBEDDINGS, Dialect.COHERE_RERANK}
