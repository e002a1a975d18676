"""Who takes part: the floors, Sluicegate as it is by default, and other gateways if installed."""

import shutil
import sys
from collections.abc import Mapping

from tests.bench.contenders import KEY, MODEL, PLAIN, Ask, Contender, Launch, Place, Route
from tests.bench.peers import peers

SERVERS: Mapping[str, str] = {"hypercorn": "Hypercorn", "uvicorn": "Uvicorn"}
HYPERCORN_RELAY = "relay, Hypercorn"
UVICORN_RELAY = "relay, Uvicorn"

_CLAUDE = "claude-3-7-sonnet"
_GEMINI = "gemini-2.5-flash"
_SLUICEGATE = """
model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_base: "{upstream}/v1", api_key: k}}
  - model_name: {claude}
    litellm_params: {{model: anthropic/{claude}-20250219, api_base: "{upstream}", api_key: k}}
  - model_name: {gemini}
    litellm_params: {{model: gemini/{gemini}, api_base: "{upstream}", api_key: k}}
general_settings: {{master_key: {key}}}
"""
_NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile {descriptors};
events {{ worker_connections {descriptors}; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  client_body_buffer_size 256k; keepalive_requests 1000000;
  upstream provider {{ server {provider}; keepalive 1024; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 300;
    }}
  }}
}}
"""


def everybody() -> list[Contender]:
    return [*floors(), *(sluicegate(server) for server in SERVERS), *peers()]


def floors() -> list[Contender]:
    """They pass OpenAI's bytes on every route: the yardstick for those who translate."""
    return [nginx(), relay("aiohttp"), *(relay(server) for server in SERVERS)]


def relay(server: str) -> Contender:
    """Parse the body, set `model`, forward it, send back what comes; see `floor.py`."""

    def launch(place: Place) -> Launch:
        module = [sys.executable, "-m", "tests.bench.floor"]
        return Launch([*module, server, str(place.port), place.upstream])

    return Contender(
        f"relay, {SERVERS.get(server, server)}", launch, _ON_EVERY_ROUTE, ready="/health"
    )


def nginx() -> Contender:
    def launch(place: Place) -> Launch:
        provider = place.upstream.removeprefix("http://")
        config = place.folder / "nginx.conf"
        text = _NGINX.format(
            folder=place.folder, port=place.port, provider=provider, descriptors=20_000
        )
        config.write_text(text)
        return Launch([_found_nginx(), "-p", str(place.folder), "-c", str(config)])

    def missing() -> str:
        return "" if _found_nginx() else "nginx is not installed"

    return Contender("nginx", launch, _ON_EVERY_ROUTE, ready="/health", missing=missing)


def sluicegate(server: str, *, workers: int = 1) -> Contender:
    """Everything on that exists: master key, access log, metrics, usage tap, told limits."""

    def launch(place: Place) -> Launch:
        config = place.folder / "config.yaml"
        names = {"model": MODEL, "claude": _CLAUDE, "gemini": _GEMINI, "key": KEY}
        config.write_text(_SLUICEGATE.format(upstream=place.upstream, **names))
        command = [sys.executable, "-m", "gateway", "--config", str(config), "--server", server]
        command += ["--host", "127.0.0.1", "--port", str(place.port)]
        if workers > 1:
            command += ["--num_workers", str(workers)]
        return Launch(command)

    name = f"Sluicegate, {SERVERS[server]}"
    if workers > 1:
        name += f", {workers} workers"
    return Contender(name, launch, _SLUICEGATE_ROUTES, ready="/health/readiness")


def _found_nginx() -> str:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin") or ""


_ON_EVERY_ROUTE: Mapping[Route, Ask] = {
    **PLAIN,
    Route.FROM_ANTHROPIC: Ask(),
    Route.FROM_GEMINI: Ask(),
    Route.TO_ANTHROPIC: Ask(),
}
_SLUICEGATE_ROUTES: Mapping[Route, Ask] = {
    **PLAIN,
    Route.FROM_ANTHROPIC: Ask(model=_CLAUDE),
    Route.FROM_GEMINI: Ask(model=_GEMINI),
    Route.TO_ANTHROPIC: Ask("/v1/messages"),
}
