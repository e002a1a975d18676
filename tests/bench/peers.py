"""Other gateways, as they come, in front of the same upstream.

Installed by whoever wants them, each in its own folder under `$SLUICEGATE_BENCH_PEERS` (README.md
has the commands); those that are a command of their own may also be on PATH:

    litellm/bin/litellm        vllm-router/bin/vllm-router        smg/bin/smg
    portkey/node_modules/.bin/gateway                             tensorzero/bin/python

Each has its default settings and only what it needs to forward to the upstream.
"""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from tests.bench.contenders import KEY, MODEL, PLAIN, Ask, Contender, Launch, Place, Route

FOLDER = "SLUICEGATE_BENCH_PEERS"

CLAUDE = "claude-3-7-sonnet-20250219"
GEMINI = "gemini-2.5-flash"

_LITELLM = """
model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_base: "{upstream}/v1", api_key: k}}
  - model_name: {claude}
    litellm_params: {{model: anthropic/{claude}, api_base: "{upstream}", api_key: k}}
  - model_name: {gemini}
    litellm_params: {{model: gemini/{gemini}, api_base: "{upstream}", api_key: k}}
litellm_settings: {{use_chat_completions_url_for_anthropic_messages: true}}
general_settings: {{master_key: {key}}}
"""

# No Gemini: its URL is fixed. Analytics off, for the bench talks to nobody but itself.
_TENSORZERO = """
[gateway]
disable_pseudonymous_usage_analytics = true
observability.enabled = false

[models."{model}"]
routing = ["bench"]

[models."{model}".providers.bench]
type = "openai"
model_name = "{model}"
api_base = "{upstream}/v1/"
api_key_location = "none"

[models."{claude}"]
routing = ["bench"]

[models."{claude}".providers.bench]
type = "anthropic"
model_name = "{claude}"
api_base = "{upstream}/v1/"
api_key_location = "env::TENSORZERO_BENCH_KEY"
"""


def peers() -> list[Contender]:
    return [_vllm_router(), _smg(), _tensorzero(), _portkey(), _litellm()]


def _litellm() -> Contender:
    def launch(place: Place) -> Launch:
        config = _written(place, "config.yaml", _LITELLM)
        at = ["--host", "127.0.0.1", "--port", str(place.port)]
        # Its prices come with it; otherwise it fetches them from GitHub before it starts.
        return Launch(
            [_found("litellm", "bin", "litellm"), "--config", config, *at],
            {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        )

    return Contender(
        "LiteLLM",
        launch,
        {
            Route.PLAIN: Ask(),
            Route.FROM_ANTHROPIC: Ask(model=CLAUDE),
            Route.FROM_GEMINI: Ask(model=GEMINI),
            Route.TO_ANTHROPIC: Ask("/v1/messages"),
        },
        ready="/health/readiness",
        patience_s=120,
        missing=_missing("litellm", "bin", "litellm"),
    )


def _portkey() -> Contender:
    def launch(place: Place) -> Launch:
        # Headless: without the console, which keeps every request for its page of logs.
        return Launch([_found(*where), f"--port={place.port}", "--headless"])

    def ask(provider: str, base: str, model: str) -> Ask:
        to = {"x-portkey-provider": provider, "x-portkey-custom-host": "{upstream}" + base}
        return Ask(model=model, headers=to)

    where = ("portkey", "node_modules", ".bin", "gateway")
    routes = {
        Route.PLAIN: ask("openai", "/v1", MODEL),
        Route.FROM_ANTHROPIC: ask("anthropic", "/v1", CLAUDE),
        Route.FROM_GEMINI: ask("google", "", GEMINI),
    }
    return Contender("Portkey", launch, routes, missing=_missing(*where))


def _tensorzero() -> Contender:
    def launch(place: Place) -> Launch:
        config = _written(place, "tensorzero.toml", _TENSORZERO)
        start = Path(__file__).with_name("tensorzero_gateway.py")
        port_file = place.folder / "port"
        return Launch(
            [_found(*where), "-I", str(start), config, str(port_file)],
            {"TENSORZERO_BENCH_KEY": "k"},
            port_file,
        )

    def ask(model: str) -> Ask:
        return Ask("/openai/v1/chat/completions", f"tensorzero::model_name::{model}")

    where = ("tensorzero", "bin", "python")
    routes = {Route.PLAIN: ask(MODEL), Route.FROM_ANTHROPIC: ask(CLAUDE)}
    return Contender("TensorZero", launch, routes, missing=_missing(*where))


def _vllm_router() -> Contender:
    def launch(place: Place) -> Launch:
        # Not its default, cache_aware: that has vLLM render every prompt first, and our upstream
        # would answer the question itself, so every stream would come twice.
        return _router(
            place, [_found("vllm-router", "bin", "vllm-router"), "--policy", "round_robin"]
        )

    missing = _missing("vllm-router", "bin", "vllm-router")
    return Contender("vllm-router", launch, PLAIN, ready="/readiness", missing=missing)


def _smg() -> Contender:
    def launch(place: Place) -> Launch:
        return _router(place, [_found("smg", "bin", "smg"), "launch", "--backend", "openai"])

    missing = _missing("smg", "bin", "smg")
    return Contender("SMG", launch, PLAIN, ready="/readiness", missing=missing)


def _router(place: Place, command: list[str]) -> Launch:
    """The two have one ancestor. Both would have their metrics on port 29000."""
    at = ["--host", "127.0.0.1", "--port", str(place.port)]
    with socket.create_server(("127.0.0.1", 0)) as free:
        at += ["--prometheus-host", "127.0.0.1", "--prometheus-port", str(free.getsockname()[1])]
    return Launch([*command, *at, "--worker-urls", place.upstream])


def _written(place: Place, name: str, text: str) -> str:
    path = place.folder / name
    path.write_text(
        text.format(upstream=place.upstream, model=MODEL, claude=CLAUDE, gemini=GEMINI, key=KEY)
    )
    return str(path)


def _missing(*where: str) -> Callable[[], str]:
    def missing() -> str:
        return "" if _found(*where) else f"not installed (no {'/'.join(where)} in ${FOLDER})"

    return missing


def _found(*where: str) -> str:
    """Where a peer's command is, in its folder or on PATH; "" if nowhere."""
    folder = os.environ.get(FOLDER)
    if folder and os.access(path := Path(folder).absolute().joinpath(*where), os.X_OK):
        return str(path)
    peer, *_, command = where
    return (shutil.which(command) or "") if command == peer else ""
