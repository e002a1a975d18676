"""What real clients send is understood. The captures lie beside the project, not in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.dialects.anthropic import FROM_CHAT, TO_CHAT
from adapters.types import Dialect
from gateway.call import read_call

CAPTURES = Path(__file__).parents[2].parent / "shared" / "captures"
DOORS = {
    "/chat/completions": (Dialect.OPENAI_CHAT, FROM_CHAT),
    "/messages": (Dialect.ANTHROPIC_MESSAGES, TO_CHAT),
}


def _requests(capture: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    document = json.loads(capture.read_text())
    for request in document.get("requests", []) if isinstance(document, dict) else []:
        path = (request.get("path") or request.get("url") or "").partition("?")[0]
        body = request.get("body")
        door = next((end for end in DOORS if path.endswith(end)), None)
        if door and isinstance(body, dict) and _is_whole(body):
            yield door, body


def _is_whole(body: dict[str, Any]) -> bool:
    """Some captures shorten a list that they have shown before."""
    return all(isinstance(tool, dict) for tool in body.get("tools") or [])


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no captures of clients beside the project")
def test_every_captured_request_is_read_and_can_be_translated() -> None:
    read = 0
    for capture in sorted(CAPTURES.glob("*.json")):
        for door, body in _requests(capture):
            dialect, translation = DOORS[door]
            path_model = None if body.get("model") else "gpt-4o"  # Azure's is in the path

            call, _ = read_call(
                dialect, json.dumps(body).encode(), {}, request_id="r", model=path_model
            )
            translation.request({**call.body, "model": "claude-sonnet-4-5"})
            read += 1

    assert read > 300
