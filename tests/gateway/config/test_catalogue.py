"""Which provider a deployment's model belongs to, and what is said where none can be named."""

import pytest

from adapters import catalog
from gateway.config.catalogue import Home, Homeless, home

GROQ = "https://api.groq.com/openai/v1"
FOUND = {  # model, custom_llm_provider, api_base -> provider, and the model's name there
    "a prefix": (("groq/llama", "", ""), ("groq", "llama")),
    "a prefix, wherever it is": (("openai/gpt-4o", "", GROQ), ("openai", "gpt-4o")),
    "a provider of config's own choice": (
        ("openai/gpt-oss-120b", "groq", ""),
        ("groq", "openai/gpt-oss-120b"),
    ),
    "both": (("groq/llama", "groq", ""), ("groq", "llama")),
    "an address that is known": (("llama-3", "", GROQ), ("groq", "llama-3")),
    "one in other letters": (("llama-3", "", "https://API.groq.com/"), ("groq", "llama-3")),
    "a house's other address": (
        ("meta-llama/Llama-3", "", "https://api.together.xyz/v1"),
        ("together_ai", "meta-llama/Llama-3"),
    ),
    "an address that is in a file": (("o9", "", "https://api.openai.com/v1"), ("openai", "o9")),
    "an address before a name": (("gpt-4o", "", GROQ), ("groq", "gpt-4o")),
    "a name that everybody knows": (("gpt-4o", "", ""), ("openai", "gpt-4o")),
    "and with a proxy": (("gpt-4o", "", "https://proxy.test/v1"), ("openai", "gpt-4o")),
    "what is retired, somewhere else": (
        ("github/gpt-4o", "", "https://models.acme.test"),
        ("github", "gpt-4o"),
    ),
}


@pytest.mark.parametrize(("asked", "found"), FOUND.values(), ids=FOUND)
def test_a_model_finds_its_provider_by(asked: tuple[str, str, str], found: tuple[str, str]) -> None:
    model, named, address = asked

    at = home(model, named, catalog, address)

    assert isinstance(at, Home)
    assert (at.provider.name, at.model) == found


SERVER = "or a server that speaks OpenAI's format write openai/"
LOST = {
    "a name that looks like a provider's": (
        ("opnai/gpt-4o", "", ""),
        f"unknown provider 'opnai'; did you mean openai? F{SERVER}opnai/gpt-4o and api_base",
    ),
    "one that looks like none": (
        ("meta-llama/Llama-3", "", "http://10.0.0.1:8000/v1"),
        f"unknown provider 'meta-llama'; did you mean meta_llama? F{SERVER}meta-llama/Llama-3, "
        "or custom_llm_provider: openai",
    ),
    "one like nothing at all": (
        ("xyzzy/Llama-3", "", ""),
        f"unknown provider 'xyzzy'; f{SERVER}xyzzy/Llama-3 and api_base",
    ),
    "a bare name": (("qwen", "", ""), "which provider serves 'qwen'? Write provider/qwen, as "),
    "a bare name at somebody's server": (
        ("qwen", "", "http://localhost:1234/v1"),
        f"which provider serves 'qwen'? F{SERVER}qwen, or custom_llm_provider: openai",
    ),
    "a misspelt custom provider": (
        ("acme/x", "opnai", ""),
        f"unknown provider 'opnai'; did you mean openai? F{SERVER}acme/x and api_base",
    ),
}


@pytest.mark.parametrize(("asked", "why"), LOST.values(), ids=LOST)
def test_it_is_said_what_to_write_instead_of(asked: tuple[str, str, str], why: str) -> None:
    model, named, address = asked

    at = home(model, named, catalog, address)

    assert isinstance(at, Homeless)
    assert at.why.startswith(why)
    assert not at.later


@pytest.mark.parametrize("model", ["nace/x", "github/gpt-4o"])
def test_what_cannot_be_served_is_no_mistake_of_the_file(model: str) -> None:
    at = home(model, "", catalog)

    assert isinstance(at, Homeless)
    assert at.later


def test_the_truth_is_told_of_what_is_retired() -> None:
    at = home("github/gpt-4o", "", catalog)

    assert isinstance(at, Homeless)
    assert "switched off for good on 2026-07-30" in at.why
    assert "azure_ai/" in at.why


@pytest.mark.parametrize(
    "url", ["", "http://localhost:1234/v1", "http://127.0.0.1:9997", "no url", "http://["]
)
def test_an_address_of_anybodys_names_nobody(url: str) -> None:
    assert catalog.at(url) == ""
