"""AI Studio: where it is, how it lets us in."""

from typing import Any

import pytest

from adapters.errors import Failure, Kind
from adapters.provider import Upstream, address
from adapters.providers.gemini import PROVIDER
from adapters.types import Call, Dialect, Json, Target

GENERATE = PROVIDER.speaks[Dialect.GEMINI_GENERATE]
HOST = "https://generativelanguage.googleapis.com"
SEARCH: Json = {"googleSearch": {}}
OWN: Json = {"functionDeclarations": [{"name": "f"}]}

MODELS = {
    "a name": ("gemini-2.5-flash", "", f"{HOST}/v1beta/models/gemini-2.5-flash"),
    "a name with its kind": ("models/gemini-x", "", f"{HOST}/v1beta/models/gemini-x"),
    "a tuned model": ("tunedModels/mine-1", "", f"{HOST}/v1beta/tunedModels/mine-1"),
    "a base that ends in the version": (
        "gemini-x",
        "https://proxy.test/g/v1beta/",
        "https://proxy.test/g/v1beta/models/gemini-x",
    ),
    "a name that would leave its place": (
        "../x?y",
        "",
        f"{HOST}/v1beta/models/..%2Fx%3Fy",
    ),
}


@pytest.mark.parametrize(("model", "base", "url"), MODELS.values(), ids=MODELS)
def test_the_model_stands_in_the_address(model: str, base: str, url: str) -> None:
    target = Target("gemini", model, base)

    assert address(PROVIDER, GENERATE, target, stream=False) == f"{url}:generateContent"
    streamed = address(PROVIDER, GENERATE, target, stream=True)
    assert streamed == f"{url}:streamGenerateContent?alt=sse"


async def test_the_key_goes_into_a_header() -> None:
    assert PROVIDER.auth
    bare = Upstream("https://x.test", b"{}")

    dressed = await PROVIDER.auth(bare, Target("gemini", "m", secrets={"api_key": "k"}))

    assert dressed == Upstream("https://x.test", b"{}", {"x-goog-api-key": "k"})


async def test_without_a_key_nothing_is_sent() -> None:
    assert PROVIDER.auth
    with pytest.raises(Failure, match="GEMINI_API_KEY") as failed:
        await PROVIDER.auth(Upstream("https://x.test", b"{}"), Target("gemini", "m"))

    assert failed.value.kind is Kind.CREDENTIAL


MIXED: dict[str, tuple[str, list[Json], bool]] = {
    "functions and a tool of Google's": ("gemini-3.5-flash", [OWN, SEARCH], True),
    "both in one": ("gemini-3.5-flash", [{**OWN, **SEARCH}], True),
    "an older model, which refuses the word": ("gemini-2.5-flash", [OWN, SEARCH], False),
    "functions alone": ("gemini-3.5-flash", [OWN], False),
    "Google's alone": ("gemini-3.5-flash", [SEARCH, {"urlContext": {}}], False),
}


@pytest.mark.parametrize(("model", "tools", "asks"), MIXED.values(), ids=MIXED)
def test_a_mixture_of_tools_is_asked_for(model: str, tools: list[Json], asks: bool) -> None:
    body: Json = {"tools": tools, "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}

    assert _mended(body, model)["toolConfig"] == {
        **({"includeServerSideToolInvocations": True} if asks else {}),
        "functionCallingConfig": {"mode": "AUTO"},
    }


@pytest.mark.parametrize("tools", [None, "x", [7]])
def test_tools_of_no_shape_pass(tools: Any) -> None:
    assert _mended({"tools": tools}, "gemini-3.5-flash") == {"tools": tools}


def _mended(body: Json, model: str) -> Json:
    assert GENERATE.mend
    return GENERATE.mend(body, Call(Dialect.OPENAI_CHAT, "alias", {}), Target("gemini", model))
